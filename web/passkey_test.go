package web

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"letterhead/guard"
	"letterhead/store"
	"letterhead/testkit"
	"letterhead/testkit/browser"
)

// authenticator gives the tab a passkey authenticator of its own, as a laptop with a fingerprint reader has one. verifies says whether the finger is the right one.
func authenticator(t *testing.T, tab context.Context, verifies bool) {
	t.Helper()
	err := chromedp.Do(tab, chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		if _, err := cdp.Call(ctx, target, webauthn.Enable, webauthn.EnableParams{}); err != nil {
			return err
		}
		_, err := cdp.Call(ctx, target, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
			Protocol: webauthn.AuthenticatorProtocolCtap2, Ctap2version: webauthn.Ctap2versionCtap21, Transport: webauthn.AuthenticatorTransportInternal,
			HasResidentKey: true, HasUserVerification: true, IsUserVerified: verifies, AutomaticPresenceSimulation: true,
		}})
		return err
	}))
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) invitation(h home, email string, role guard.Role) string {
	w.Helper()
	var token string
	w.change(h, func(ctx context.Context, tx *store.Tx) error {
		m, err := guard.AddMember(ctx, tx, guard.Member{Email: email, Name: "Liam Nguyen", Role: role})
		if err != nil {
			return err
		}
		token, err = w.door.Invite(ctx, tx, m.ID)
		return err
	})
	return "/invitation/" + token
}

// Somebody is invited, makes a passkey, signs out, signs in with it, and looks at their sign-in: in Chromium, with its own authenticator.
func TestAPasskeyInABrowser(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	site := w.site()
	link := w.invitation(w.one, "liam@example.org", guard.Manager)
	tab := browser.Open(t)
	authenticator(t, tab, true)
	do := func(what string, steps ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(tab, steps...); err != nil {
			where, _ := chromedp.Run(tab, chromedp.Text("body"))
			t.Fatalf("%s: %v: %s", what, err, where)
		}
	}
	shows := func(what, heading string) {
		t.Helper()
		for range 100 {
			if said, err := chromedp.Run(tab, chromedp.Evaluate[string](`document.querySelector("h1")?.innerText ?? ""`)); err == nil && strings.Contains(said, heading) {
				if found := browser.Violations(t, tab); len(found) > 0 {
					t.Errorf("%s: against the policy: %s", what, strings.Join(found, "; "))
				}
				return
			}
			time.Sleep(50 * time.Millisecond) // a browser's own clock
		}
		where, _ := chromedp.Run(tab, chromedp.Text("body"))
		t.Fatalf("%s does not show %q: %s", what, heading, where)
	}
	press := func(form string) chromedp.Action[chromedp.Void] { return chromedp.Click(form + " button") }
	do("invitation", chromedp.Navigate(site+link))
	shows("invitation", "Join Wattle Street Physiotherapy")
	do("accept", press("form[data-passkey=create]"))
	shows("the day", "Tuesday 1 December")
	do("sign-out", chromedp.EmulateViewport(1280, 900), chromedp.Click(".rail footer form button"))
	shows("sign-in", "Sign in")
	// Chromium may offer the passkey by itself, and be on its way while this is asked; otherwise the button is pressed. The last line sees which page it became.
	for range 5 {
		if _, err := chromedp.Run(tab, chromedp.Navigate(site+"/messages")); err == nil {
			break
		}
	}
	_, _ = chromedp.Run(tab, chromedp.Evaluate[bool](`(() => { const b = document.querySelector("form[data-passkey=get] button"); b?.click(); return Boolean(b); })()`))
	shows("where they wanted to go", "Messages")
	do("their sign-in", chromedp.Navigate(site+"/security"))
	shows("their sign-in", "Your sign-in")
	if said, err := chromedp.Run(tab, chromedp.Text("main")); err != nil || !strings.Contains(said, "last used") || !strings.Contains(said, "liam@example.org") || !strings.Contains(said, "Chrome · Linux") {
		t.Errorf("their sign-in: %s (%v)", said, err)
	}
	// The same authenticator makes no second one.
	do("another passkey", chromedp.Navigate(site+"/security/passkeys/new"), press("form[data-passkey=create]"), chromedp.WaitVisible("[data-failed]"))
	// An old proof asks for the finger once more and leads back to the form.
	w.clock.Pass(guard.Fresh)
	do("team", chromedp.Navigate(site+"/team/new"))
	shows("a proof", "Show that it is you")
	do("prove", press("form[data-passkey=get]"))
	shows("the form", "Invite somebody")
	do("invite", chromedp.SendKeys("#f-name", "Aoife Kelly"), chromedp.SendKeys("#f-email", "aoife@example.org"), chromedp.Click(`form[action="/team/new"] button`))
	shows("the link", "The invitation")
	if said, err := chromedp.Run(tab, chromedp.Text(".secret")); err != nil || !strings.HasPrefix(said, site+"/invitation/") {
		t.Errorf("the link: %q (%v)", said, err)
	}
}

// A finger that is not the right one signs nobody in.
func TestAPasskeyOfSomebodyElsesFinger(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	site := w.site()
	link := w.invitation(w.one, "liam@example.org", guard.FrontDesk)
	tab := browser.Open(t)
	authenticator(t, tab, false)
	if err := chromedp.Do(tab, chromedp.Navigate(site+link), chromedp.Click("form[data-passkey=create] button"), chromedp.WaitVisible("[data-failed]")); err != nil {
		t.Fatal(err)
	}
	if said, err := chromedp.Run(tab, chromedp.Text("h1")); err != nil || !strings.Contains(said, "Join") {
		t.Errorf("%q %v", said, err)
	}
}
