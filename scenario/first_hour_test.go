package scenario

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"letterhead/testkit/browser"
	"letterhead/testkit/sink"
	"letterhead/zone"
)

// owner is somebody at a browser with a passkey built in.
type owner struct {
	*testing.T
	tab   context.Context
	pages string
}

func (o owner) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	o.Helper()
	if err := chromedp.Do(o.tab, steps...); err != nil {
		where, _ := chromedp.Run(o.tab, chromedp.Text("body"))
		o.Fatalf("%s: %v: %s", what, err, where)
	}
}

// sees waits until the page says something, and holds it to its policy.
func (o owner) sees(what string, wanted ...string) {
	o.Helper()
	said := ""
	for range 200 {
		var err error
		if said, err = chromedp.Run(o.tab, chromedp.Evaluate[string](`document.body ? document.body.innerText : ""`)); err == nil &&
			!slices.ContainsFunc(wanted, func(each string) bool { return !strings.Contains(said, each) }) {
			if found := browser.Violations(o.T, o.tab); len(found) > 0 {
				o.Errorf("%s: against the policy: %s", what, strings.Join(found, "; "))
			}
			return
		}
		time.Sleep(50 * time.Millisecond) // a browser's own clock
	}
	o.Fatalf("%s does not say %q: %s", what, wanted, said)
}

func (o owner) opens(path string) {
	o.Helper()
	o.do(path, chromedp.Navigate(o.pages+path))
}

// fills types into the fields of a form, by their names.
func (o owner) fills(what string, pairs ...string) {
	o.Helper()
	for i := 0; i+1 < len(pairs); i += 2 {
		o.do(what, chromedp.SetValue("#f-"+pairs[i], pairs[i+1]))
	}
	o.do(what, chromedp.Click("main form.form button.primary"))
}

// ports finds two free ports beside each other: of the pages and of the desk.
func ports(t *testing.T) int {
	t.Helper()
	for range 50 {
		one, err := net.Listen("tcp", "localhost:0")
		if err != nil {
			t.Fatal(err)
		}
		port := one.Addr().(*net.TCPAddr).Port
		two, err := net.Listen("tcp", fmt.Sprintf("localhost:%d", port+1))
		_ = one.Close()
		if err == nil {
			_ = two.Close()
			return port
		}
	}
	t.Fatal("no two ports are free")
	return 0
}

// From the invitation to the first reminder: an owner signs in by passkey, says who they are, makes a signing key, edits a template, asks for approval, signs at the desk and books; two days
// before the appointment the reminder with their own words is in the sink.
func TestTheOwnersFirstHour(t *testing.T) {
	t.Parallel()
	mail, err := sink.ListenSMTP(sink.SMTPOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = mail.Close() })
	folder := filepath.Join(t.TempDir(), "data")
	config := fmt.Sprintf("listen = \"localhost:%d\"\n[courier]\nplatform_domain = \"mail.letterhead.example\"\n[[courier.relay]]\nname = \"sink\"\naddress = %q\ntls = \"none\"\n", ports(t), mail.Address())
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "letterhead.toml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	p := person{t, []string{"LETTERHEAD_DATA=" + folder}}
	var made struct {
		Practice, Invitation string
		FirstKey             string `json:"first_key"`
	}
	if err := json.Unmarshal([]byte(p.runs("init", "--test", "--sign-by-hand", "--name", "Wattle Street Physiotherapy", "--country", "AU", "--zone", "Australia/Melbourne", "--owner", "petra@wattle.example", "--owner-name", "Petra Schäfer", "--json")), &made); err != nil {
		t.Fatal(err)
	}
	serving := start(t, p.env, true, "serve")
	o := owner{t, browser.Open(t), strings.TrimSuffix(serving.address, "/")}
	o.do("passkeys", chromedp.EmulateViewport(1280, 900), chromedp.Func(authenticator))

	o.do("invitation", chromedp.Navigate(made.Invitation))
	o.sees("invitation", "Join Wattle Street Physiotherapy")
	o.do("accept", chromedp.Click("form[data-passkey=create] button"))
	o.sees("today", "6 steps left until you are set up")
	o.settles()
	o.do("first key", chromedp.Navigate(made.FirstKey))
	o.sees("first key", "This makes the first one")
	o.do("ceremony", chromedp.Click("button.sign"))
	o.sees("recovery sheet", "Recovery sheet", "Fingerprint of the first key")
	o.edits()
	o.signs(made.Practice)
	o.opens("/start")
	o.sees("getting started", "You are set up")
	day := zone.DateOf(time.Now()).Add(6)
	o.books(day)
	serving.stop(t)

	before := mail.Count()
	p.runs("tick", "--at", fmt.Sprintf("%sT10:01:00+11:00", day.Add(-2)))
	found := slices.ContainsFunc(mail.List(), func(m sink.Mail) bool {
		return m.To == "aoife@example.org" && strings.Contains(m.Header.Get("Subject"), "See you on Wattle Street")
	})
	if !found {
		for _, m := range mail.List() {
			t.Logf("%s: %s", m.To, m.Header.Get("Subject"))
		}
		t.Fatalf("no reminder came; %d mails before, %d now", before, mail.Count())
	}
}

func authenticator(ctx context.Context, target *chromedp.Target) error {
	if _, err := cdp.Call(ctx, target, webauthn.Enable, webauthn.EnableParams{}); err != nil {
		return err
	}
	_, err := cdp.Call(ctx, target, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Ctap2version: webauthn.Ctap2versionCtap21, Transport: webauthn.AuthenticatorTransportInternal,
		HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
	}})
	return err
}

// settles says who the practice is, when it is open, what can be booked and with whom.
func (o owner) settles() {
	o.Helper()
	o.opens("/settings/practice")
	o.fills("details", "address", "12 Wattle Street\nBallarat VIC 3350", "phone", "(03) 5550 0142", "email", "hello@wattle.example")
	o.sees("details", "Saved.")
	o.opens("/start")
	o.do("hours", chromedp.Click(`main a[href^="/settings/locations/"]`), chromedp.WaitVisible("#f-from_0"))
	o.fills("hours", "from_0", "09:00", "to_0", "17:00", "from_1", "09:00", "to_1", "17:00")
	o.sees("hours", "Saved.")
	o.opens("/settings/services/new")
	o.fills("service", "name", "First visit", "minutes", "45")
	o.sees("service", "Added.")
	o.opens("/settings/practitioners/new")
	o.fills("practitioner", "name", "Petra Schäfer", "title", "Dr")
	o.sees("practitioner", "Added.", "Dr Petra Schäfer")
}

// edits changes the subject of a reminder and asks for approval.
func (o owner) edits() {
	o.Helper()
	o.opens("/templates")
	at, err := chromedp.Run(o.tab, chromedp.Evaluate[string](`[...document.querySelectorAll("main td a")].find((a) => a.innerText.includes("2 days before")).getAttribute("href")`))
	if err != nil {
		o.Fatal(err)
	}
	o.opens(at + "/edit?open=head")
	o.do("subject", chromedp.WaitVisible("#f-subject"), chromedp.SetValue("#f-subject", "See you on Wattle Street"), chromedp.Click("form[data-preview] button.primary"), chromedp.WaitVisible(`form[action$="/ask"] button`))
	o.do("ask", chromedp.Click(`form[action$="/ask"] button`))
	o.sees("asked", "It waits at the signing desk")
}

// signs signs everything that waits at the desk.
func (o owner) signs(practice string) {
	o.Helper()
	o.opens("/start")
	o.do("desk", chromedp.Click(`main a[href$="/p/`+practice+`"]`))
	o.sees("desk", "Your first signature")
	o.do("sign", chromedp.Click("button.sign"))
	o.sees("signed", "In force")
}

// books books somebody new.
func (o owner) books(day zone.Date) {
	o.Helper()
	o.opens("/appointments/new?date=" + day.String())
	o.do("book", chromedp.WaitVisible("#f-time"))
	if err := chromedp.Do(o.tab, chromedp.Evaluate[chromedp.Void](`for (const d of document.querySelectorAll("main details")) d.open = true; undefined`)); err != nil {
		o.Fatal(err)
	}
	o.do("book", chromedp.SetValue("#f-time", "10:00"), chromedp.SetValue("#f-first_name", "Aoife"), chromedp.SetValue("#f-last_name", "Brennan"), chromedp.SetValue("#f-email", "aoife@example.org"), chromedp.Click("main button.primary"))
	o.sees("booked", "Aoife Brennan", "Will be sent")
}
