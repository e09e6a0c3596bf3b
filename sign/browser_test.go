package sign_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"letterhead/approval"
	"letterhead/approval/assertion"
	"letterhead/qr"
	"letterhead/testkit"
	"letterhead/testkit/browser"
)

// tab is a person's browser with a passkey built in.
type tab struct {
	*world
	context.Context
	desk string
}

// served is the world with its desk on a port of this machine.
func served(t *testing.T) (w *world, origin string) {
	t.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.desk.ServeHTTP(rw, r)
		if strings.Contains(r.URL.Path, "/preview/") && strings.Contains(rw.Header().Get("Content-Security-Policy"), "sandbox;") && r.Header.Get("Sec-Fetch-Dest") == "iframe" {
			w.previews.Add(1)
		}
	}))
	address := server.Listener.Addr().String()
	origin = "http://localhost" + address[strings.LastIndex(address, ":"):]
	w = newWorldAt(t, testkit.SQLite, assertion.Party{Origin: origin, RPID: "localhost"})
	server.Start()
	t.Cleanup(server.Close)
	return w, origin
}

func (w *world) tab(t *testing.T, origin string, width, height int64) *tab {
	t.Helper()
	b := &tab{world: w, Context: browser.Open(t), desk: origin + "/p/" + string(w.one.id)}
	b.do(chromedp.EmulateViewport(width, height), chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		if _, err := cdp.Call(ctx, target, webauthn.Enable, webauthn.EnableParams{}); err != nil {
			return err
		}
		_, err := cdp.Call(ctx, target, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
			Protocol: webauthn.AuthenticatorProtocolCtap2, Ctap2version: webauthn.Ctap2versionCtap21, Transport: webauthn.AuthenticatorTransportInternal,
			HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
		}})
		return err
	}))
	return b
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	if err := chromedp.Do(b.Context, steps...); err != nil {
		b.Fatal(err)
	}
}

// says waits until a page says something, and holds it to what every page keeps: the policy, and no scrolling sideways.
func (b *tab) says(name string, wanted ...string) {
	b.Helper()
	said := ""
	for range 100 {
		var err error
		said, err = chromedp.Run(b.Context, chromedp.Evaluate[string](`document.body ? document.body.innerText : ""`))
		if err != nil {
			b.Fatal(err)
		}
		if !slices.ContainsFunc(wanted, func(each string) bool { return !strings.Contains(said, each) }) {
			break
		}
		b.do(chromedp.Sleep(50 * time.Millisecond))
	}
	for _, each := range wanted {
		if !strings.Contains(said, each) {
			b.Errorf("%s lacks %q: %s", name, each, said)
		}
	}
	b.picture(name)
	if found := browser.Violations(b.TB, b.Context); len(found) > 0 {
		b.Errorf("%s: against the policy: %s", name, strings.Join(found, "; "))
	}
	if sideways, err := chromedp.Run(b.Context, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > document.documentElement.clientWidth`)); err != nil || sideways {
		b.Errorf("%s scrolls sideways (%v)", name, err)
	}
	if b.Failed() {
		b.FailNow()
	}
}

// picture writes what the page looks like into the folder that LETTERHEAD_PICTURES names.
func (b *tab) picture(name string) {
	b.Helper()
	folder := os.Getenv("LETTERHEAD_PICTURES")
	if folder == "" {
		return
	}
	raw, err := chromedp.Run(b.Context, chromedp.FullScreenshot(100))
	b.check(err)
	b.check(os.WriteFile(filepath.Join(folder, name+".png"), raw, 0o600))
}

// frame looks whether the message in the first frame came.
func (b *tab) frame(name string) {
	b.Helper()
	b.do(chromedp.ScrollIntoView("iframe"))
	for range 100 {
		if b.previews.Load() > 0 {
			break
		}
		b.do(chromedp.Sleep(50 * time.Millisecond))
	}
	if b.previews.Load() == 0 {
		b.Error("no message came into a frame")
	}
	b.picture(name)
}

func (b *tab) open(path string) { b.Helper(); b.do(chromedp.Navigate(b.desk + path)) }

func (b *tab) press(selector string) { b.Helper(); b.do(chromedp.Click(selector)) }

func (b *tab) unlock() {
	b.Helper()
	b.open("")
	b.says("unlock", "Your signing key opens the desk")
	b.press("button.sign")
}

// From the first key to an order that needs two, as people do it: at a desk, and on a phone.
func TestTheDeskInABrowser(t *testing.T) {
	t.Parallel()
	w, origin := served(t)
	petra := w.tab(t, origin, 1280, 900)
	petra.open("/first#" + w.one.secret)
	petra.says("first", "This makes the first one")
	petra.press("button.sign")
	petra.says("keep", "Recovery sheet", "Fingerprint of the first key")
	petra.press("a.sign")
	petra.says("starter", "Your first signature", "Signing key of Petra Schäfer", "counts after 30 minutes")
	petra.press("button.sign")
	petra.says("signed", "In force", "Counts from Mon 2 Nov 2026, 20:30")

	petra.open("/keys")
	petra.says("keys", "a practice of one", "Liam Nguyen")
	invite := "#invite-" + string(w.one.liam)
	petra.press(invite + " summary")
	petra.do(chromedp.SetValue(invite+" select", "manager"))
	petra.press(invite + " button")
	petra.says("invited", "Give this link to Liam Nguyen")
	link, err := chromedp.Run(petra.Context, chromedp.Text("p.address"))
	w.check(err)

	liam := w.tab(t, origin, 390, 844)
	liam.do(chromedp.Navigate(link))
	liam.says("join-phone", "invited you to sign")
	liam.press("button.sign")
	liam.says("joined-phone", "Read this fingerprint")
	fingerprint, err := chromedp.Run(liam.Context, chromedp.Text("p.fingerprint"))
	w.check(err)
	petra.open("")
	petra.says("candidate", "Signing key of Liam Nguyen", fingerprint)
	petra.press("[data-all]")
	petra.press("button.sign")
	petra.says("candidate-signed", "In force")

	w.clock.Pass(80 * time.Hour)
	w.order = &approval.OrderBody{Active: 100, Count: 60, Channel: "email", Purpose: "marketing", Root: approval.Digest{1}}
	liam.pass(w.reception(t, origin))
	liam.says("unlock-phone", "Your signing key opens the desk")
	liam.press("button.sign")
	liam.says("order-phone", "1 thing waits for your signature", "to 60 recipients", "then a second member")
	liam.frame("order-frame")
	liam.press("[name=item]")
	liam.press("button.sign")
	liam.says("order-signed-phone", "Waits for the signature of a second member")
	petra.unlock()
	petra.says("order-second", "Liam Nguyen signed")
	petra.press("[name=item]")
	petra.press("button.sign")
	petra.says("order-done", "Counts from Sat 7 Nov 2026, 11:00")
	for _, path := range []string{"", "/keys", "/recover"} {
		petra.do(chromedp.EmulateViewport(390, 844))
		petra.open(path)
		petra.says("petra-phone"+strings.ReplaceAll(path, "/", "-"), "Signing desk")
	}
}

// reception is a computer without anybody's key: somebody there asks for an approval, and has the desk's address on the screen for a phone's camera.
func (w *world) reception(t *testing.T, origin string) (address string) {
	t.Helper()
	desk := w.tab(t, origin, 1280, 900)
	desk.open("")
	desk.press("details.elsewhere summary")
	desk.says("reception", "Sign on another device", desk.desk)
	address, err := chromedp.Run(desk.Context, chromedp.Text("p.address"))
	w.check(err)
	path, err := chromedp.Run(desk.Context, chromedp.Evaluate[string](`document.querySelector("svg.code path").getAttribute("d")`))
	w.check(err)
	if want, err := qr.Of(address); err != nil || path != want.Path {
		t.Errorf("the code is not that of %s: %v", address, err)
	}
	return address
}

// pass opens an address that was shown somewhere else.
func (b *tab) pass(address string) { b.Helper(); b.do(chromedp.Navigate(address)) }

// A page of another origin, as cross-site scripting on the members' pages would be: it can neither read nor press nor frame.
func TestAPageOfAnotherOriginReachesNothing(t *testing.T) {
	t.Parallel()
	w, origin := served(t)
	petra := w.tab(t, origin, 1280, 900)
	petra.open("/first#" + w.one.secret)
	petra.says("first", "This makes the first one")
	petra.press("button.sign")
	petra.says("keep", "Recovery sheet")

	page := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = rw.Write([]byte(`<!doctype html><title>app</title><body><p>the members' pages</p>`))
	}))
	t.Cleanup(page.Close)
	address := page.Listener.Addr().String()
	petra.do(chromedp.Navigate("http://localhost" + address[strings.LastIndex(address, ":"):] + "/")) // the same host, another port
	desk := "'" + petra.desk + "'"
	for _, each := range [][2]string{ // the window last: a tab behind another one waits for ever
		{"reads the list", `fetch(` + desk + `, {credentials: "include"}).then((r) => r.text())`},
		{"asks for a sheet", `fetch(` + desk + ` + "/sheet", {method: "POST", credentials: "include", headers: {"Content-Type": "application/json"}, body: '{"items":[]}'}).then((r) => r.text())`},
		{"presses without asking", `fetch(` + desk + ` + "/lock", {method: "POST", mode: "no-cors", credentials: "include", headers: {"Content-Type": "application/x-www-form-urlencoded"}}).then((r) => r.status === 0 ? Promise.reject(new Error("opaque")) : r.text())`},
		{"frames it", `new Promise((done, fail) => { const f = document.createElement("iframe"); f.src = ` + desk + `; f.onload = () => { try { done(f.contentDocument.body.innerText) } catch (e) { fail(e) } }; document.body.append(f); })`},
		{"loads it as a script", `new Promise((done, fail) => { const f = document.createElement("script"); f.src = ` + desk + `; f.onload = () => done("loaded"); f.onerror = () => fail(new Error("refused")); document.body.append(f); })`},
		{"has the passkey answer it here", `navigator.credentials.get({publicKey: {challenge: new Uint8Array(32), rpId: "sign.example.com", userVerification: "required"}}).then(() => "answered")`},
		{"holds on to a window", `new Promise((done, fail) => { const o = window.open(` + desk + `); const look = (times) => { try { const text = o.document.body.innerText; text || !times ? done(text) : setTimeout(look, 100, times - 1) } catch (e) { fail(e) } }; look(100); })`},
	} {
		got, err := chromedp.Run(petra.Context, chromedp.Evaluate[string](`Promise.resolve(`+each[1]+`).then((t) => "got in: " + t, (e) => "refused " + e.name)`, chromedp.EvalAwaitPromise))
		if err != nil || !strings.HasPrefix(got, "refused") {
			t.Errorf("%s: %s %v", each[0], got, err)
		}
	}
	petra.open("") // the visit is still there: nobody locked it
	petra.says("still unlocked", "Your first signature")
	if w.signed != 0 {
		t.Error("something was signed")
	}
}
