package sign_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"letterhead/approval"
	"letterhead/approval/assertion"
	"letterhead/courier/chain"
	"letterhead/courier/journal"
	"letterhead/courier/trust"
	"letterhead/guard"
	"letterhead/plan"
	"letterhead/practice"
	"letterhead/sign"
	"letterhead/sign/proposal"
	"letterhead/store"
	"letterhead/template"
	"letterhead/testkit"
	"letterhead/testkit/key"
)

// world is two practices with the same member ids, and a desk.
type world struct {
	testing.TB
	db      *store.DB
	clock   *testkit.Clock
	folder  string
	party   assertion.Party
	chains  *chain.Chains
	desk    http.Handler
	one     house
	two     house
	order   *approval.OrderBody // proposed for the first practice when there
	signed  int                 // how often the hook was called
	woken   int
	options sign.Options

	damaged  bool         // the first wording's content is not what its digest names
	crooked  bool         // something that is not well made is proposed too
	swapped  bool         // the first wording is proposed under another digest than its content's
	previews atomic.Int64 // messages that came into frames, in a browser
}

type house struct {
	id      store.PracticeID
	petra   store.MemberID // owner
	liam    store.MemberID // manager
	jo      store.MemberID // front desk
	secret  string
	starter map[string]template.ID
}

func newWorld(t testing.TB, engine testkit.Engine) *world {
	t.Helper()
	return newWorldAt(t, engine, key.Desk)
}

func newWorldAt(t testing.TB, engine testkit.Engine, party assertion.Party) *world {
	t.Helper()
	w := &world{TB: t, clock: testkit.NewClock(t, "2026-11-02T09:00:00Z"), folder: filepath.Join(t.TempDir(), "courier"), party: party}
	w.db = testkit.Open(t, engine, w.clock)
	file, err := trust.Create(w.folder, trust.Test)
	w.check(err)
	w.check(trust.SetDesk(w.folder, party))
	records := filepath.Join(w.folder, "journal")
	w.check(journal.Create(records, file.Installation, file.Epoch))
	j, err := journal.Open(records, file.Installation, file.Epoch)
	w.check(err)
	t.Cleanup(func() { _ = j.Close() })
	w.chains = chain.Open(w.folder, j)
	w.one, w.two = w.addPractice("Wattle Street Physiotherapy"), w.addPractice("Lee Valley Psychology")
	w.options = sign.Options{
		DB: w.db, Chains: w.chains, Folder: w.folder, Proposals: w.proposals, Log: slog.New(slog.DiscardHandler),
		Signed: func(_ context.Context, _ *store.Tx, practice store.PracticeID) error { w.signed++; return nil }, Wake: func() { w.woken++ },
	}
	w.desk, err = sign.New(w.options)
	w.check(err)
	return w
}

func (w *world) check(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) addPractice(name string) house {
	w.Helper()
	p := practice.New(name, "AU", "Australia/Melbourne")
	p.ID = store.NewID[store.PracticeID]()
	p.Label = strings.ToLower(strings.Fields(name)[0])
	h := house{id: p.ID}
	w.check(w.db.Change(context.Background(), store.Actor{Practice: p.ID, Agent: "test"}, func(tx *store.Tx) error {
		if _, err := practice.Add(context.Background(), tx, p); err != nil {
			return err
		}
		for _, m := range []struct {
			into  *store.MemberID
			email string
			name  string
			role  guard.Role
		}{{&h.petra, "petra@example.com", "Petra Schäfer", guard.Owner}, {&h.liam, "liam@example.com", "Liam Nguyen", guard.Manager}, {&h.jo, "jo@example.com", "Jo Costa", guard.FrontDesk}} {
			added, err := guard.AddMember(context.Background(), tx, guard.Member{Email: m.email, Name: m.name, Role: m.role})
			if err != nil {
				return err
			}
			*m.into = added.ID
		}
		if err := template.AddStarter(context.Background(), tx, "mail.letterhead.test"); err != nil {
			return err
		}
		if err := plan.AddStarter(context.Background(), tx); err != nil {
			return err
		}
		var err error
		h.starter, err = template.ByKey(context.Background(), tx)
		return err
	}))
	var err error
	h.secret, err = trust.Expect(w.folder, h.id, w.clock.Now().Add(7*24*time.Hour))
	w.check(err)
	return h
}

// proposals are what the rows want, and an order where the test wants one.
func (w *world) proposals(ctx context.Context, tx *store.Tx, s *approval.State) ([]proposal.Proposal, error) {
	out, err := proposal.List(ctx, tx, s, proposal.Setting{})
	if err != nil {
		return nil, err
	}
	if w.swapped {
		for i := range out {
			if out[i].Kind == approval.KindWording {
				out[i].Digest[0]++
				break
			}
		}
	}
	if w.damaged {
		for i := range out {
			if out[i].Kind == approval.KindWording {
				out[i].Content = append([]byte{}, out[i].Content[1:]...)
				break
			}
		}
	}
	if w.crooked {
		out = append(out, proposal.Proposal{Kind: approval.KindMember, Subject: string(w.one.jo), Body: approval.Body{Member: &approval.MemberBody{}}})
	}
	if w.order == nil || tx.Practice != w.one.id {
		return out, nil
	}
	id := w.one.starter["booked"]
	current, err := template.CurrentVersions(ctx, tx)
	if err != nil {
		return nil, err
	}
	content, err := template.Content(ctx, tx, []template.VersionID{current[id].ID})
	if err != nil {
		return nil, err
	}
	body := *w.order
	body.Wording = string(id)
	day := tx.Now.Truncate(24 * time.Hour)
	return append(out, proposal.Proposal{Kind: approval.KindOrder, Subject: "order-1", Content: content[current[id].ID], Digest: sha256.Sum256(content[current[id].ID]),
		Body: approval.Body{Order: &body}, Limits: &approval.Limits{Total: body.Count},
		Window: &approval.Window{From: approval.At(day.Add(48 * time.Hour)), Until: approval.At(day.Add(72 * time.Hour))}}), nil
}

// caller is a browser without a screen.
type caller struct {
	w      *world
	house  house
	cookie string
	key    *key.Key
}

func (w *world) caller(h house) *caller { return &caller{w: w, house: h} }

func (c *caller) request(method, path, kind string, body io.Reader) *http.Request {
	r := httptest.NewRequest(method, c.w.party.Origin+path, body)
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	if c.cookie != "" {
		name, value, _ := strings.Cut(c.cookie, "=")
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	return r
}

func (c *caller) do(r *http.Request) (int, string) {
	recorder := httptest.NewRecorder()
	c.w.desk.ServeHTTP(recorder, r)
	for _, set := range recorder.Result().Cookies() {
		c.cookie = set.Name + "=" + set.Value
	}
	return recorder.Code, recorder.Body.String()
}

func (c *caller) get(rest string) (int, string) {
	return c.do(c.request(http.MethodGet, "/p/"+string(c.house.id)+rest, "", nil))
}

// page gets a page that must be there.
func (c *caller) page(rest string) string {
	c.w.Helper()
	status, body := c.get(rest)
	if status != http.StatusOK {
		c.w.Fatalf("%s: %d %s", rest, status, body)
	}
	return body
}

func (c *caller) form(rest string, pairs ...string) (int, string) {
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return c.do(c.request(http.MethodPost, "/p/"+string(c.house.id)+rest, "application/x-www-form-urlencoded", strings.NewReader(form.Encode())))
}

func (c *caller) post(path string, body any) (int, map[string]any) {
	raw, err := json.Marshal(body)
	c.w.check(err)
	status, text := c.do(c.request(http.MethodPost, path, "application/json", bytes.NewReader(raw)))
	var out map[string]any
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		c.w.Fatalf("%s: %d %s", path, status, text)
	}
	return status, out
}

type object = map[string]any

// ask begins a touch and returns its challenge and where the answer goes.
func (c *caller) ask(purpose, secret string) (challenge [32]byte, to string) {
	c.w.Helper()
	status, said := c.post("/p/"+string(c.house.id)+"/ask", object{"for": purpose, "secret": secret})
	if status != http.StatusOK {
		c.w.Fatalf("ask %s: %v", purpose, said)
	}
	return challengeIn(c.w, said), said["to"].(string)
}

func challengeIn(w *world, said object) (challenge [32]byte) {
	raw, err := base64.RawURLEncoding.DecodeString(said["options"].(object)["challenge"].(string))
	w.check(err)
	copy(challenge[:], raw)
	return challenge
}

func encode(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }

func answerOf(s approval.Signature) object {
	return object{"key": s.Key, "authenticator_data": encode(s.AuthenticatorData), "client_data": encode(s.ClientData), "signature": encode(s.Signature)}
}

// make makes a key for a purpose.
func (c *caller) make(purpose string, k *key.Key, secret, seed string) (int, object) {
	c.w.Helper()
	challenge, to := c.ask(purpose, secret)
	object1, client := k.Create(challenge[:])
	body := object{"attestation_object": encode(object1), "client_data": encode(client)}
	if secret != "" {
		raw, err := base64.RawURLEncoding.DecodeString(secret)
		c.w.check(err)
		mac := hmac.New(sha256.New, raw)
		mac.Write(k.COSE)
		body["secret"], body["proof"] = secret, encode(mac.Sum(nil))
	}
	if seed != "" {
		body["seed"] = seed
	}
	return c.post(to, body)
}

func (c *caller) unlock(k *key.Key) (int, object) {
	c.w.Helper()
	c.key = k
	challenge, to := c.ask("unlock", "")
	return c.post(to, answerOf(k.Sign(challenge)))
}

func (c *caller) mustUnlock(k *key.Key) {
	c.w.Helper()
	if status, said := c.unlock(k); status != http.StatusOK {
		c.w.Fatalf("unlock: %v", said)
	}
}

var boxes = regexp.MustCompile(`name="item" value="([0-9a-f]+)"( checked)?( disabled)?`)

// items are the boxes of the list that stand before or at a title.
func (c *caller) items(titles ...string) []string {
	c.w.Helper()
	page := c.page("")
	var out []string
	for _, part := range strings.Split(page, `<article class="item">`)[1:] {
		box := boxes.FindStringSubmatch(part)
		if box == nil || strings.Contains(box[0], "disabled") {
			continue
		}
		wanted := len(titles) == 0
		for _, title := range titles {
			wanted = wanted || strings.Contains(part, title)
		}
		if wanted {
			out = append(out, box[1])
		}
	}
	return out
}

// sign signs what is listed under titles, all of it without any, and returns the result page.
func (c *caller) sign(titles ...string) string {
	c.w.Helper()
	status, said := c.trySign(c.items(titles...))
	if status != http.StatusOK {
		c.w.Fatalf("sign: %v", said)
	}
	return c.page(strings.TrimPrefix(said["go"].(string), "/p/"+string(c.house.id)))
}

func (c *caller) trySign(items []string) (int, object) {
	c.w.Helper()
	status, said := c.post("/p/"+string(c.house.id)+"/sheet", object{"items": items})
	if status != http.StatusOK {
		return status, said
	}
	return c.post(said["to"].(string), answerOf(c.key.Sign(challengeIn(c.w, said))))
}

// found does the ceremony and signs everything.
func (w *world) found(h house) (*caller, *key.Key) {
	w.Helper()
	c, k := w.caller(h), key.New(w.party)
	if status, said := c.make("first", k, h.secret, ""); status != http.StatusOK {
		w.Fatalf("ceremony: %v", said)
	}
	c.key = k
	c.sign()
	return c, k
}

// enrol has a key signed without its member's role, past the desk.
func (w *world) enrol(by, k *key.Key, member store.MemberID) {
	w.Helper()
	ctx := context.Background()
	var entry *approval.Entry
	w.state(w.one, func(s *approval.State, now time.Time) {
		x := s.Draft(approval.KindKey, k.Subject(), w.one.petra)
		x.Body.Key = &approval.KeyBody{Action: approval.Enrol, Member: member, PublicKey: k.COSE, Proof: approval.Bytes{}}
		signing, err := s.Prepare(now, x)
		w.check(err)
		entry, err = signing.Entry(s.Head(), by.Sign(signing.Challenge))
		w.check(err)
	})
	w.check(w.db.Change(ctx, store.Actor{Practice: w.one.id, Agent: "test"}, func(tx *store.Tx) error { return w.chains.Append(ctx, tx, entry) }))
}

// state reads a practice's chain as the courier would.
func (w *world) state(h house, do func(s *approval.State, now time.Time)) {
	w.Helper()
	ctx := context.Background()
	w.check(w.db.View(ctx, store.Actor{Practice: h.id, Agent: "test"}, func(tx *store.Tx) error {
		return w.chains.Read(ctx, tx, func(s *approval.State) error { do(s, tx.Now); return nil })
	}))
}
