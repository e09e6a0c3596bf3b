package public_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"letterhead/client"
	"letterhead/courier"
	"letterhead/courier/inbound"
	"letterhead/courier/sender"
	"letterhead/courier/sms"
	"letterhead/courier/token"
	"letterhead/ledger"
	"letterhead/message"
	"letterhead/practice"
	"letterhead/public"
	"letterhead/store"
	"letterhead/testkit"
	"letterhead/vault"
)

const (
	mobile = "+61491570006"
	email  = "jo.lindqvist@home.example"
)

var secret = []byte("a secret of the gateway and of the relay")

// world is two practices with messages of the same ids, behind the public handler.
type world struct {
	testing.TB
	db      *store.DB
	clock   *testkit.Clock
	keeper  *vault.Keeper
	in      *inbound.Inbound
	handler http.Handler
	logs    bytes.Buffer
	clients map[store.PracticeID]client.ID
}

func each(t *testing.T, test func(w *world)) {
	t.Helper()
	for _, engine := range testkit.Engines() {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			test(newWorld(t, engine))
		})
	}
}

func newWorld(t testing.TB, engine testkit.Engine) *world {
	t.Helper()
	keeper, err := vault.NewKeeper(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	clock := testkit.NewClock(t, "2026-12-01T10:00:00+11:00")
	w := &world{TB: t, db: testkit.Open(t, engine, clock), clock: clock, keeper: keeper, clients: map[store.PracticeID]client.ID{}}
	w.in = &inbound.Inbound{DB: w.db, Keeper: keeper, Domains: sender.New(t.TempDir(), "mail.example"), Tokens: token.New(keeper.Derive("courier tokens")),
		Choices: public.Choices{}, Gateways: []courier.Gateway{{Name: "main", Senders: map[string]string{"a": "+61400000001", "b": "+61400000002"}}}}
	w.handler, err = public.New(public.Parts{DB: w.db, Inbound: w.in, Gateways: map[string][]byte{"main": secret}, Relays: map[string][]byte{"main": secret},
		Log: w.log(), Record: ledger.Origin(house, 1)})
	if err != nil {
		t.Fatal(err)
	}
	w.practice("a", practice.New("Wattle Street <Physiotherapy> & Co", "AU", "Australia/Melbourne"))
	w.practice("b", practice.New("عيادة النيل", "EG", "Africa/Cairo"))
	return w
}

func (w *world) log() *slog.Logger { return slog.New(slog.NewTextHandler(&w.logs, nil)) }

func (w *world) practice(id store.PracticeID, p practice.Practice) {
	w.Helper()
	ctx := context.Background()
	if _, err := w.in.Domains.Add(string(id)+".mail.example", id, w.clock.Now()); err != nil {
		w.Fatal(err)
	}
	w.change(id, func(tx *store.Tx) error {
		if id == "a" {
			p.Phone = "+61355500142"
		}
		if _, err := practice.Add(ctx, tx, p); err != nil {
			return err
		}
		keys, err := w.keeper.Keys(ctx, tx)
		if err != nil {
			return err
		}
		who, err := client.Add(ctx, tx, keys, client.Client{FirstName: "Jo", LastName: "Lindqvist", Email: client.Address{Written: email}, Mobile: client.Address{Written: mobile}})
		if err != nil {
			return err
		}
		w.clients[id] = who.ID
		var intents []message.Intent
		for id, channel := range map[message.ID]message.Channel{"mail": message.Email, "text": message.SMS} {
			intents = append(intents, message.Intent{ID: id, Kind: message.Order, Subject: "order", Channel: channel, Purpose: message.Marketing, Version: "v", Digest: strings.Repeat("0", 64),
				Client: string(who.ID), Recipient: string(who.ID), Turn: tx.Now.Add(-time.Minute), NotAfter: tx.Now.Add(time.Hour)})
		}
		if _, err := message.Queue(ctx, tx, intents); err != nil {
			return err
		}
		for id, index := range map[string]string{"mail": client.AddressIndex(keys, practice.Email, who.Email), "text": client.AddressIndex(keys, practice.SMS, who.Mobile)} {
			if _, err := tx.Exec(ctx, `UPDATE message SET state = 'sent', address_index = $3, relay = 'main', outside_id = $4 WHERE practice = $1 AND id = $2`, id, index, string(tx.Practice)+"-"+id); err != nil {
				return err
			}
		}
		return nil
	})
}

func (w *world) change(p store.PracticeID, fn func(*store.Tx) error) {
	w.Helper()
	if err := w.db.Change(context.Background(), store.Actor{Practice: p, Agent: "test"}, fn); err != nil {
		w.Fatal(err)
	}
}

// state is what the practice knows: consents, steps, suppressions.
func (w *world) state(p store.PracticeID) string {
	w.Helper()
	var out []string
	w.change(p, func(tx *store.Tx) error {
		history, err := client.ConsentHistory(context.Background(), tx, w.clients[p])
		for _, c := range history {
			out = append(out, fmt.Sprintf("consent %s %s %v %s", c.Category, c.Channel, c.Given, c.Source))
		}
		return err
	})
	for _, query := range []string{`SELECT message || ' ' || step || ' ' || reason FROM message_step WHERE practice = $1 ORDER BY message, number`,
		`SELECT 'suppressed ' || channel || ' ' || purpose || ' ' || reason FROM suppression WHERE practice = $1 ORDER BY 1`} {
		w.change(p, func(tx *store.Tx) error {
			rows, err := tx.Query(context.Background(), query)
			found, err := store.Collect(rows, err, func(r *store.Rows) (s string, err error) { return s, r.Scan(&s) })
			out = append(out, found...)
			return err
		})
	}
	return strings.Join(out, "\n")
}

func (w *world) do(method, path, kind string, body io.Reader, header ...string) *httptest.ResponseRecorder {
	w.Helper()
	r := httptest.NewRequest(method, path, body)
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer := httptest.NewRecorder()
	w.handler.ServeHTTP(answer, r)
	return answer
}

const form = "application/x-www-form-urlencoded"

func oneClick() io.Reader { return strings.NewReader("List-Unsubscribe=One-Click") }

func TestEveryRouteSaysWhyItIsPublic(t *testing.T) {
	t.Parallel()
	lines := public.Table()
	if len(lines) != 16 {
		t.Errorf("%d routes", len(lines))
	}
	for _, line := range lines {
		if !regexp.MustCompile(`^(GET|POST) /\S+ +public: \S.{20,}$`).MatchString(line) {
			t.Errorf("line %q", line)
		}
		ours := false
		for _, prefix := range public.Prefixes() {
			ours = ours || strings.Contains(line, " "+prefix)
		}
		if !ours {
			t.Errorf("%q is under no prefix", line)
		}
	}
}

// The reason is an argument: leaving it out is an error of the compiler.
func TestARouteWithoutAReasonDoesNotCompile(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("public.go")
	if err != nil {
		t.Fatal(err)
	}
	bare := regexp.MustCompile(`(open\("GET /unsubscribe/\{token\}"), "[^"]+"`).ReplaceAll(source, []byte("$1"))
	if bytes.Equal(bare, source) {
		t.Fatal("the line is not there")
	}
	folder := t.TempDir()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(folder+"/public.go", bare, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(folder+"/overlay.json", fmt.Appendf(nil, `{"Replace":{%q:%q}}`, here+"/public.go", folder+"/public.go"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("go", "vet", "-overlay", folder+"/overlay.json", ".").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "not enough arguments in call to open") {
		t.Errorf("%v: %s", err, out)
	}
}

func TestEveryAnswerCarriesThePolicy(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		good := "/unsubscribe/" + w.in.Tokens.Unsubscribe("a", "mail")
		style := regexp.MustCompile(`/public/[0-9a-f]+\.css`).FindString(w.do("GET", good, "", nil).Body.String())
		for _, a := range []*httptest.ResponseRecorder{
			w.do("GET", good, "", nil), w.do("POST", good, form, oneClick()), w.do("GET", "/unsubscribe/x", "", nil), w.do("POST", "/hooks/sms/main", "", nil),
			w.do("POST", "/hooks/mail/main", "", nil), w.do("GET", "/elsewhere", "", nil), w.do("PUT", good, "", nil), w.do("GET", style, "", nil), w.do("HEAD", good, "", nil),
		} {
			h := a.Header()
			policy := h.Get("Content-Security-Policy")
			for _, part := range []string{"default-src 'none'", "style-src 'self'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"} {
				if !strings.Contains(policy, part) {
					t := policy
					w.Errorf("policy %q lacks %s", t, part)
				}
			}
			if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "no-referrer" || len(h.Values("Set-Cookie")) > 0 || h.Get("Content-Type") == "" {
				w.Errorf("headers %v", h)
			}
			if kept := h.Get("Cache-Control") != "no-store"; kept != strings.HasPrefix(h.Get("Content-Type"), "text/css") {
				w.Errorf("cache of %s: %s", h.Get("Content-Type"), h.Get("Cache-Control"))
			}
			if text := a.Body.String(); strings.Contains(text, "<script") || strings.Contains(text, " style=") || strings.Contains(text, "http://") || strings.Contains(text, "https://") {
				w.Errorf("a page with something from elsewhere: %s", text)
			}
		}
		if a := w.do("GET", style, "", nil); a.Code != 200 || !strings.Contains(a.Body.String(), "--paper") {
			w.Errorf("style: %d", a.Code)
		}
	})
}

func TestLookingChangesNothing(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		for _, method := range []string{"GET", "HEAD"} {
			a := w.do(method, "/unsubscribe/"+w.in.Tokens.Unsubscribe("a", "mail"), "", nil)
			if a.Code != 200 {
				w.Errorf("%s: %d", method, a.Code)
			}
			if text := a.Body.String(); method == "GET" && (!strings.Contains(text, "Wattle Street &lt;Physiotherapy&gt; &amp; Co") || !strings.Contains(text, "<button") || strings.Contains(text, "Lindqvist") || strings.Contains(text, "home.example")) {
				w.Errorf("page %s", text)
			}
		}
		if got := w.state("a"); got != "" {
			w.Errorf("something changed: %s", got)
		}
	})
}

func TestUnsubscribing(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		path := "/unsubscribe/" + w.in.Tokens.Unsubscribe("a", "mail")
		for _, body := range []string{"", "List-Unsubscribe=No", "x=List-Unsubscribe%3DOne-Click"} {
			if a := w.do("POST", path, form, strings.NewReader(body)); a.Code != http.StatusUnprocessableEntity {
				w.Errorf("%q: %d", body, a.Code)
			}
		}
		if a := w.do("POST", path+"?List-Unsubscribe=One-Click", form, nil); a.Code != http.StatusUnprocessableEntity {
			w.Errorf("in the address: %d", a.Code)
		}
		if got := w.state("a"); got != "" {
			w.Errorf("something changed: %s", got)
		}
		var parts bytes.Buffer
		m := multipart.NewWriter(&parts)
		_ = m.WriteField("List-Unsubscribe", "One-Click")
		_ = m.Close()
		for _, request := range []struct {
			kind string
			body io.Reader
		}{{form, oneClick()}, {m.FormDataContentType(), &parts}, {form, oneClick()}} {
			a := w.do("POST", path, request.kind, request.body)
			if a.Code != 200 || !strings.Contains(a.Body.String(), "News and offers are stopped") {
				w.Errorf("%d %s", a.Code, a.Body)
			}
			if got := w.state("a"); got != "consent marketing email false unsubscribe\nmail replied unsubscribe\nsuppressed email marketing unsubscribe" {
				w.Errorf("state:\n%s", got)
			}
		}
		if got := w.state("b"); got != "" {
			w.Errorf("the other practice: %s", got)
		}
	})
}

func TestStrangersGetTheSamePage(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		good := w.in.Tokens.Unsubscribe("a", "mail")
		first := ""
		for _, path := range []string{"/unsubscribe/x", "/unsubscribe/" + good[:len(good)-1], "/unsubscribe/" + w.in.Tokens.Unsubscribe("a", "gone"), "/unsubscribe/" + w.in.Tokens.Unsubscribe("c", "mail"),
			"/unsubscribe/" + token.New(make([]byte, 32)).Unsubscribe("a", "mail"), "/unsubscribe/", "/hooks/sms/none", "/hooks/sms/main", "/hooks/mail/none", "/hooks/mail/main", "/other"} {
			a := w.do("POST", path, form, oneClick())
			if a.Code != http.StatusNotFound {
				w.Errorf("%s: %d", path, a.Code)
			}
			if first == "" {
				first = a.Body.String()
			} else if a.Body.String() != first {
				w.Errorf("%s answers differently", path)
			}
		}
		if w.state("a")+w.state("b") != "" {
			w.Error("something changed")
		}
	})
}

func (w *world) hook(path, body string, key []byte, at time.Time) *httptest.ResponseRecorder {
	return w.do("POST", path, "", strings.NewReader(body), sms.SignatureHeader, sms.SignHook(key, []byte(body), at))
}

func dsn(to, status string) string {
	return "To: " + to + "\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; boundary=x\r\n\r\n--x\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; relay.example\r\n\r\n" +
		"Final-Recipient: rfc822; " + email + "\r\nAction: failed\r\nStatus: " + status + "\r\n\r\n--x--\r\n"
}

func TestHooks(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		now := w.clock.Now()
		bounce := dsn(w.in.Tokens.ReturnPath("a", "mail", "bounce.a.mail.example"), "5.1.1")
		forged := dsn("b-aaaa@bounce.a.mail.example", "5.1.1")
		receipt := `{"event":"1","type":"receipt","id":"b-text","status":"undelivered","code":"30003","at":"2026-12-01T10:00:00+11:00"}`
		stop := `{"event":"2","type":"reply","from":"` + mobile + `","to":"+61400000002","text":"STOP","at":"2026-12-01T10:00:00+11:00"}`
		for name, test := range map[string]struct {
			answer *httptest.ResponseRecorder
			code   int
			did    string
		}{
			"another secret":       {w.hook("/hooks/mail/main", bounce, []byte("another secret of sixteen and more"), now), 404, ""},
			"too old":              {w.hook("/hooks/mail/main", bounce, secret, now.Add(-6*time.Minute)), 404, ""},
			"unknown relay":        {w.hook("/hooks/mail/other", bounce, secret, now), 404, ""},
			"signed for less":      {w.do("POST", "/hooks/mail/main", "", strings.NewReader(bounce), sms.SignatureHeader, sms.SignHook(secret, []byte(bounce[1:]), now)), 404, ""},
			"too long":             {w.hook("/hooks/mail/main", strings.Repeat("x", 65<<10), secret, now), 413, ""},
			"no report":            {w.hook("/hooks/mail/main", "Subject: away\r\n\r\n", secret, now), 200, "nothing"},
			"a token that is none": {w.hook("/hooks/mail/main", forged, secret, now), 200, "nothing"},
			"no hook":              {w.hook("/hooks/sms/main", "{", secret, now), 422, ""},
		} {
			if test.answer.Code != test.code || test.did != "" && test.answer.Body.String() != `{"did":"`+test.did+"\"}\n" {
				w.Errorf("%s: %d %s", name, test.answer.Code, test.answer.Body)
			}
		}
		if got := w.state("a") + w.state("b"); got != "" {
			w.Fatalf("something changed: %s", got)
		}
		for range 2 {
			for _, test := range []struct{ path, body, did string }{{"/hooks/mail/main", bounce, "bounced"}, {"/hooks/sms/main", receipt, "bounced"}, {"/hooks/sms/main", stop, "replied"}} {
				if a := w.hook(test.path, test.body, secret, now); a.Code != 200 || a.Body.String() != `{"did":"`+test.did+"\"}\n" {
					w.Errorf("%s: %d %s", test.path, a.Code, a.Body)
				}
			}
			if got := w.state("a"); got != "mail bounced no such mailbox\nsuppressed email all bounce" {
				w.Errorf("a:\n%s", got)
			}
			got := w.state("b")
			for _, want := range []string{"consent marketing sms false stop", "consent appointments sms false stop", "text bounced not delivered", "text replied stop", "suppressed sms all stop"} {
				if !strings.Contains(got, want) || strings.Count(got, "\n") != 4 {
					w.Errorf("b:\n%s", got)
				}
			}
		}
	})
}

func TestTheLogHoldsNoTokenAndNobody(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		token := w.in.Tokens.Unsubscribe("a", "mail")
		path := w.in.Tokens.ReturnPath("a", "mail", "bounce.a.mail.example")
		w.do("GET", "/unsubscribe/"+token, "", nil)
		w.do("POST", "/unsubscribe/"+token, form, oneClick())
		w.do("POST", "/unsubscribe/"+token+"x", form, oneClick())
		w.hook("/hooks/mail/main", dsn(path, "5.1.1"), secret, w.clock.Now())
		w.hook("/hooks/sms/main", `{"event":"2","type":"reply","from":"`+mobile+`","to":"+61400000002","text":"please STOP Jo","at":"2026-12-01T10:00:00+11:00"}`, secret, w.clock.Now())
		w.hook("/hooks/sms/main", `{"event":"2","type":"reply","from":"`+mobile+`x"}`, secret, w.clock.Now())
		log := w.logs.String()
		if strings.Count(log, "\n") != 6 || !strings.Contains(log, "did=unsubscribed") || !strings.Contains(log, "did=bounced") || !strings.Contains(log, "practice=a") {
			w.Errorf("log:\n%s", log)
		}
		local, _, _ := strings.Cut(path, "@")
		for _, never := range []string{token, local, email, "lindqvist", "Lindqvist", mobile, "491570006", "please STOP", "192.0.2.1"} {
			if strings.Contains(log, never) {
				w.Errorf("the log has %q:\n%s", never, log)
			}
		}
	})
}

func TestNobodyIsLockedOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	path := "/unsubscribe/" + w.in.Tokens.Unsubscribe("a", "mail")
	limited := 0
	for range 200 {
		if w.do("POST", "/unsubscribe/x", form, oneClick()).Code == http.StatusTooManyRequests {
			limited++
		}
	}
	if limited != 170 {
		t.Errorf("%d of 200 strangers were limited, want 170", limited)
	}
	// The same address, with a token that verifies and a hook that is signed.
	if a := w.do("POST", path, form, oneClick()); a.Code != 200 {
		t.Errorf("a good token: %d", a.Code)
	}
	if a := w.hook("/hooks/mail/main", "Subject: away\r\n\r\n", secret, w.clock.Now()); a.Code != 200 {
		t.Errorf("a signed hook: %d", a.Code)
	}
	// One token again and again ends with itself.
	last := 0
	for range 40 {
		last = w.do("POST", path, form, oneClick()).Code
	}
	if last != http.StatusTooManyRequests {
		t.Errorf("the fortieth press: %d", last)
	}
	if a := w.do("POST", "/unsubscribe/"+w.in.Tokens.Unsubscribe("b", "mail"), form, oneClick()); a.Code != 200 {
		t.Errorf("another token: %d", a.Code)
	}
	w.clock.Pass(time.Minute)
	if a := w.do("POST", "/unsubscribe/x", form, oneClick()); a.Code != http.StatusNotFound {
		t.Errorf("a minute later: %d", a.Code)
	}
	if a := w.do("POST", path, form, oneClick()); a.Code != 200 {
		t.Errorf("the token a minute later: %d", a.Code)
	}
}

func TestAnErrorOfOursCanBeTriedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	handler, err := public.New(public.Parts{DB: w.db, Relays: map[string][]byte{"main": secret}, Log: slog.New(slog.DiscardHandler),
		Inbound: &inbound.Inbound{DB: w.db, Keeper: w.keeper, Domains: w.in.Domains, Tokens: w.in.Tokens, Choices: broken{}}})
	if err != nil {
		t.Fatal(err)
	}
	w.handler = handler
	a := w.do("POST", "/unsubscribe/"+w.in.Tokens.Unsubscribe("a", "mail"), form, oneClick())
	if a.Code != 500 || !strings.Contains(a.Body.String(), "Nothing was changed") || strings.Contains(a.Body.String(), "broken") {
		t.Errorf("%d %s", a.Code, a.Body)
	}
	if got := w.state("a"); got != "" {
		t.Errorf("half of it stayed: %s", got)
	}
}

type broken struct{}

func (broken) Withdraw(context.Context, *store.Tx, string, message.Channel, message.Purpose, string) error {
	return errors.New("broken disk")
}

func (b broken) Give(ctx context.Context, tx *store.Tx, client string, channel message.Channel, purpose message.Purpose, source string) error {
	return b.Withdraw(ctx, tx, client, channel, purpose, source)
}

func TestAWeakSecretIsRefused(t *testing.T) {
	t.Parallel()
	if _, err := public.New(public.Parts{Relays: map[string][]byte{"main": []byte("short")}}); err == nil || !strings.Contains(err.Error(), "relay main") {
		t.Errorf("error %v", err)
	}
}

func TestTheFormOfThePageIsWhatThePageTakes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	path := "/unsubscribe/" + w.in.Tokens.Unsubscribe("b", "text")
	text := w.do("GET", path, "", nil).Body.String()
	field := regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]+)"`).FindStringSubmatch(text)
	if field == nil || !strings.Contains(text, `<form method="post">`) || !strings.Contains(text, "text message") || !strings.Contains(text, "عيادة النيل") {
		t.Fatalf("page %s", text)
	}
	a := w.do("POST", path, form, strings.NewReader(url.Values{field[1]: {field[2]}}.Encode()))
	if a.Code != 200 || w.state("b") != "consent marketing sms false unsubscribe\ntext replied unsubscribe\nsuppressed sms marketing unsubscribe" {
		t.Errorf("%d %s", a.Code, w.state("b"))
	}
}
