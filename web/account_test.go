package web

import (
	"encoding/base32"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"letterhead/guard"
	"letterhead/guard/secret"
	"letterhead/testkit"
	"letterhead/testkit/softkey"
	"letterhead/testkit/visitor"
	"letterhead/web/account"
)

// open serves the pages to clients that keep cookies.
func (w *world) open() string {
	w.Helper()
	server := httptest.NewUnstartedServer(nil)
	address := server.Listener.Addr().String()
	host := "localhost" + address[strings.LastIndex(address, ":"):]
	door := visitor.Door(w.TB, w.db, w.keeper, "http://"+host)
	pages, err := New(Config{DB: w.db, Keeper: w.keeper, Door: door, Hosts: []string{host}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		w.Fatal(err)
	}
	server.Config.Handler = pages
	server.Start()
	w.Cleanup(server.Close)
	return "http://" + host
}

// At a shared computer the next person signs in on top: they stay on the page, and who was there before is signed out.
func TestASharedComputer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	site := w.open()
	desk := visitor.New(t, site)
	desk.Accept(w.invitation(w.one, "liam@example.org", guard.FrontDesk))
	liam := desk.Key
	desk.Key = softkey.New(t, site)
	desk.Accept(w.invitation(w.one, "aoife@example.org", guard.FrontDesk)) // she makes hers at the same desk
	aoife := desk.Key
	where := "/appointments/" + string(w.one.appointments["Costa"])
	who := func() string {
		t.Helper()
		_, body := desk.Ask("/security")
		_, after, _ := strings.Cut(body, "You sign in as ")
		name, _, _ := strings.Cut(after, ".org")
		return name
	}
	for i, key := range []*softkey.Key{liam, aoife, liam} {
		before, err := url.Parse(site)
		if err != nil {
			t.Fatal(err)
		}
		old := desk.Jar.Cookies(before)
		_, page := desk.Ask("/sign-in?next=" + url.QueryEscape(where))
		if !strings.Contains(page, "is signed in here") {
			t.Errorf("%d: it does not say who is there", i)
		}
		answer := key.Get(t, visitor.Part(t, page, "options"))
		status, body := desk.Send("/sign-in/passkey", "next", where, "state", visitor.Part(t, page, "state"), "answer", string(answer))
		if status != 200 || !strings.Contains(body, "João Costa") {
			t.Fatalf("%d: %d, not on the page any more", i, status)
		}
		if want := map[*softkey.Key]string{liam: "liam@example", aoife: "aoife@example"}[key]; who() != want {
			t.Errorf("%d: %s, want %s", i, who(), want)
		}
		if kept := w.askAs(old, "GET", "/", nil); kept.Code != http.StatusSeeOther {
			t.Errorf("%d: the session before is open: %d", i, kept.Code)
		}
	}
}

// Somebody at two practices chooses one, goes to the other, and to no third.
func TestSomebodyAtTwoPractices(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	three := w.home("Lee Valley Psychology", "una@example.org")
	person := visitor.New(t, w.open())
	person.Accept(w.invitation(w.one, "liam@example.org", guard.FrontDesk))
	link := w.invitation(w.two, "liam@elsewhere.example", guard.Manager)
	if status, body := person.Ask(link); status != 200 || !strings.Contains(body, "Join as liam@example.org") {
		t.Fatalf("%d %s", status, body)
	}
	if status, body := person.Send(link+"/accept", "x", "y"); status != 200 || !strings.Contains(body, "Rimu Road Podiatry") {
		t.Fatalf("%d %s", status, body)
	}
	person.Send("/sign-out")
	status, body := person.SignIn()
	if status != 200 || !strings.Contains(body, "Which practice?") || strings.Contains(body, "Lee Valley") {
		t.Fatalf("%d %s", status, body)
	}
	choice, _, _ := strings.Cut(body[strings.Index(body, `name="choice" value="`)+len(`name="choice" value="`):], `"`)
	for name, c := range map[string]struct{ practice, choice string }{"another's": {string(three.id), choice}, "no": {"", choice}, "forged": {string(w.one.id), choice + "A"}} {
		if status, body := person.Send("/sign-in/practice", "practice", c.practice, "choice", c.choice); status < 400 || strings.Contains(body, "Today") {
			t.Errorf("%s: %d", name, status)
		}
	}
	if status, body = person.Send("/sign-in/practice", "practice", string(w.two.id), "choice", choice); status != 200 || !strings.Contains(body, "Rimu Road") || strings.Contains(body, "Wattle Street") {
		t.Fatalf("%d %s", status, body)
	}
	// Another practice's rows are not found from here, though the person works there as well.
	if status, _ := person.Ask("/appointments/" + string(w.one.appointments["Costa"])); status != 404 {
		t.Errorf("the other practice's appointment: %d", status)
	}
	if status, _ := person.Send("/practices", "practice", string(three.id)); status != 404 {
		t.Errorf("a third practice: %d", status)
	}
	if status, body := person.Send("/practices", "practice", string(w.one.id)); status != 200 || !strings.Contains(body, "Wattle Street") {
		t.Errorf("the other: %d", status)
	}
}

// The other way in, over its forms: wrong words, then right ones, then a code that is used once.
func TestThePasswordForms(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	person := visitor.New(t, w.open())
	link := w.invitation(w.one, "liam@example.org", guard.FrontDesk)
	_, page := person.Ask(link)
	hidden := func(page, name string) string {
		_, after, found := strings.Cut(page, `name="`+name+`" value="`)
		if !found {
			t.Fatalf("no %s: %s", name, page)
		}
		value, _, _ := strings.Cut(after, `"`)
		return value
	}
	key := func(page string) []byte {
		_, after, _ := strings.Cut(page, `<code class="secret" dir="ltr">`)
		text, _, _ := strings.Cut(after, "<")
		return plain32(t, text)
	}
	code, words := key(page), "four words at random"
	status, body := person.Send(link+"/password", "setup", hidden(page, "setup"), "password", "short", "code", secret.Code(code, w.clock.Now()))
	if status != 422 || !strings.Contains(body, "at least 12 characters") || string(key(body)) != string(code) {
		t.Fatalf("a short password: %d", status)
	}
	status, body = person.Send(link+"/password", "setup", hidden(body, "setup"), "password", words, "code", secret.Code(code, w.clock.Now()))
	if status != 200 || strings.Count(body, "<li><code>") != secret.Recoveries {
		t.Fatalf("%d %s", status, body)
	}
	person.Send("/sign-out")
	w.clock.Pass(time.Minute)
	wrong, unknown := "", ""
	if status, wrong = person.Send("/sign-in/password", "email", "liam@example.org", "password", "wrong words entirely"); status != 422 {
		t.Errorf("a wrong password: %d", status)
	}
	if status, unknown = person.Send("/sign-in/password", "email", "nobody@example.org", "password", "wrong words entirely"); status != 422 {
		t.Errorf("an unknown address: %d", status)
	}
	said := func(page string) string {
		_, after, _ := strings.Cut(page, `<div class="summary"`)
		part, _, _ := strings.Cut(after, "</div>")
		return part
	}
	if said(wrong) != said(unknown) || said(wrong) == "" {
		t.Errorf("%q and %q", said(wrong), said(unknown))
	}
	if status, body = person.Send("/sign-in/password", "email", "liam@example.org", "password", words, "next", "//evil.example/"); status != 200 || !strings.Contains(body, `autocomplete="one-time-code"`) {
		t.Fatalf("%d %s", status, body)
	}
	half := hidden(body, "half")
	if status, _ := person.Send("/sign-in/code", "half", half, "code", "000000"); status != 422 {
		t.Errorf("a wrong code: %d", status)
	}
	status, body = person.Send("/sign-in/code", "half", half, "code", secret.Code(code, w.clock.Now()), "next", hidden(body, "next"))
	if status != 200 || !strings.Contains(body, "Wattle Street") {
		t.Fatalf("%d %s", status, body)
	}
}

func plain32(t *testing.T, text string) []byte {
	t.Helper()
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// Where to go after a sign-in is a path of ours.
func TestNextIsOurs(t *testing.T) {
	t.Parallel()
	for wanted, want := range map[string]string{
		"/messages": "/messages", "/?date=2026-12-01": "/?date=2026-12-01", "/appointments/1/move": "/appointments/1/move", "": "/", "//evil.example": "/", "https://evil.example/": "/",
		"/\\evil.example": "/", "\\\\evil.example": "/", "/\t/evil.example": "/", "javascript:alert(1)": "/", "evil": "/", "/sign-in": "/", "/sign-out": "/", "/prove?next=/": "/", "/" + strings.Repeat("a", 600): "/",
	} {
		if got := account.Next(wanted); got != want {
			t.Errorf("%q leads to %q", wanted, got)
		}
	}
}

// Whoever asks from more addresses than are counted leaves the way in to those who have used it.
func TestAFloodLeavesTheWayInToKnownDevices(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	for i := range mostVisitors + 100 {
		r := httptest.NewRequest("GET", "http://"+host+"/", nil)
		r.RemoteAddr = fmt.Sprintf("[2001:db8:%x:%x::1]:443", i>>16, i&0xffff)
		w.pages.ServeHTTP(httptest.NewRecorder(), r)
	}
	if a := w.askAs(nil, "GET", "/sign-in", nil); a.Code != http.StatusTooManyRequests {
		t.Fatalf("a stranger: %d: this was no flood", a.Code)
	}
	w.says(w.askAs(w.mine[1:], "GET", "/sign-in", nil), http.StatusOK)
	w.says(w.get("/"), http.StatusOK)
}
