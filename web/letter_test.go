package web

import (
	"context"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"letterhead/client"
	"letterhead/guard"
	"letterhead/letter"
	"letterhead/message"
	"letterhead/store"
	"letterhead/template"
	"letterhead/testkit"
	"letterhead/testkit/browser"
)

var letterAddress = regexp.MustCompile(`^/letters/[0-9a-f-]+`)

// Somebody at a desk writes to a client, looks at it, asks for approval and withdraws; nobody else's practice finds any of it.
func TestWritingToOneClient(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	to := "/clients/" + string(w.one.clients["Costa"])
	desk := w.as(w.one, "front@example.org", guard.FrontDesk)
	w.hasAll(w.askAs(desk, "GET", to+"/letters/new", nil).Body.String(), "Write a message", "Hello João", "Ask for approval")
	save := func(address string, fields url.Values) (string, string) {
		answer := w.askAs(desk, "POST", address, fields)
		return letterAddress.FindString(answer.Header().Get("Location")), answer.Body.String()
	}
	_, page := save(to+"/letters/new", url.Values{"recipient": {string(w.one.clients["Costa"])}, "channel": {"email"}, "text": {"Look at https://evil.example/win"}, "do": {"ask"}})
	w.hasAll(page, "evil.example", "summary")
	at, _ := save(to+"/letters/new", url.Values{"recipient": {string(w.one.clients["Costa"])}, "channel": {"email"}, "text": {"Hello João,\n\nyour insoles are here.\n\nPetra"}, "do": {"save"}})
	if at == "" {
		t.Fatal("not kept")
	}
	w.hasAll(w.askAs(desk, "GET", at, nil).Body.String(), "your insoles are here", "As it is sent", "A message from Wattle Street Physiotherapy", "Draft")
	w.hasAll(w.askAs(desk, "GET", at+"/html", nil).Body.String(), "your insoles are here")
	if again, page := save(at, url.Values{"version": {"7"}, "recipient": {string(w.one.clients["Costa"])}, "channel": {"email"}, "text": {"mine"}, "do": {"save"}}); again != "" || !strings.Contains(page, "mine") {
		t.Errorf("saved on an old reading: %q", again)
	}
	again, _ := save(at, url.Values{"version": {"1"}, "recipient": {string(w.one.clients["Costa"])}, "channel": {"email"}, "text": {"Your insoles are here."}, "do": {"ask"}})
	if again != at {
		t.Fatalf("asked: %q", again)
	}
	w.hasAll(w.askAs(desk, "GET", at, nil).Body.String(), "Waits for a signature", "Withdraw")
	w.hasAll(w.askAs(desk, "GET", to+"/messages", nil).Body.String(), "Your insoles are here.", "Waits for a signature")
	theirs := w.as(w.two, "mere@example.org", guard.Owner)
	for _, path := range []string{at, at + "/html", to + "/messages", to + "/letters/new"} {
		if code := w.askAs(theirs, "GET", path, nil).Code; code != 404 {
			t.Errorf("another practice: GET %s: %d", path, code)
		}
	}
	for _, path := range []string{at, at + "/withdraw", to + "/letters/new"} {
		if code := w.askAs(theirs, "POST", path, url.Values{"recipient": {"x"}, "channel": {"email"}, "text": {"x"}, "version": {"2"}}).Code; code != 404 {
			t.Errorf("another practice: POST %s: %d", path, code)
		}
	}
	if code := w.askAs(desk, "POST", at+"/withdraw", url.Values{"do": {"withdraw"}}).Code; code != 303 {
		t.Errorf("withdrawn: %d", code)
	}
	w.hasAll(w.askAs(desk, "GET", at, nil).Body.String(), "Withdrawn")
	if strings.Contains(w.log.String(), "insoles") {
		t.Error("what was written stands in the log")
	}
}

func (w *world) hasAll(page string, wanted ...string) {
	w.Helper()
	for _, want := range wanted {
		if !strings.Contains(page, want) {
			w.Errorf("the page lacks %q", want)
		}
	}
}

// spoken gives a client a text message from us, two that came back, and a draft; it returns the draft's address.
func (w *world) spoken(h home, name string) string {
	w.Helper()
	var at letter.ID
	w.change(h, func(ctx context.Context, tx *store.Tx) error {
		keys, err := w.keeper.Keys(ctx, tx)
		if err != nil {
			return err
		}
		c, err := client.Find(ctx, tx, keys, h.clients[name])
		if err != nil {
			return err
		}
		if c.Mobile.Written = "0491 570 006"; c.Mobile.State != client.Good {
			if c, err = client.Change(ctx, tx, keys, c); err != nil {
				return err
			}
		}
		m := message.Message{}
		m.ID, m.Client = "none", string(c.ID)
		for event, said := range map[string]string{"1": "Thanks! Is Friday at 3 fine as well?", "2": "شكرا"} {
			if err := (letter.Texts{Keeper: w.keeper}).Keep(ctx, tx, m, event, c.Mobile.Normal, said); err != nil {
				return err
			}
		}
		l, err := letter.Save(ctx, tx, keys, letter.Letter{Client: c.ID, Recipient: string(c.ID), Channel: message.Email, Text: "Hello,\n\nyour insoles have arrived. Come by any day before five.\n\nKind regards,\nPetra"})
		at = l.ID
		return err
	})
	return "/letters/" + string(at)
}

// The pages of letters have no barrier, on a desk and on a phone. LETTERHEAD_PICTURES names a folder that gets pictures of them.
func TestLettersHaveNoBarrier(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	draft := w.spoken(w.one, "Haddad")
	site, tab := w.site(), browser.Open(t)
	if err := chromedp.Do(tab, chromedp.Navigate(site+"/enter")); err != nil {
		t.Fatal(err)
	}
	who := "/clients/" + string(w.one.clients["Haddad"])
	for name, path := range map[string]string{"thread": who + "/messages", "new": who + "/letters/new", "draft": draft} {
		for _, wide := range []int64{1280, 390} {
			if err := chromedp.Do(tab, chromedp.EmulateViewport(wide, 900), chromedp.Navigate(site+path)); err != nil {
				t.Fatal(err)
			}
			for _, barrier := range browser.Barriers(t, tab) {
				t.Errorf("%s, %d wide: %s", name, wide, barrier)
			}
			if folder := os.Getenv("LETTERHEAD_PICTURES"); folder != "" {
				shot, err := chromedp.Run(tab, chromedp.FullScreenshot(100))
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(folder+"/"+name+map[int64]string{1280: "-desk", 390: "-phone"}[wide]+".png", shot, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// Where nobody knows what is signed, a sample is refused with what to do; it is nobody else's template.
func TestASampleNeedsASignedAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	var id, other string
	for h, into := range map[store.PracticeID]*string{w.one.id: &id, w.two.id: &other} {
		w.change(home{id: h}, func(ctx context.Context, tx *store.Tx) error {
			all, err := template.ByKey(ctx, tx)
			*into = string(all["booked"])
			return err
		})
	}
	w.hasAll(w.ask("GET", "/settings/messages", nil).Body.String(), "Send a sample to me", "/samples/"+id)
	answer := w.ask("POST", "/samples/"+id, url.Values{"do": {"send"}})
	if answer.Code != 409 {
		t.Errorf("without a signed address: %d", answer.Code)
	}
	w.hasAll(answer.Body.String(), "not signed yet", "signing desk")
	if code := w.ask("POST", "/samples/"+other, url.Values{"do": {"send"}}).Code; code != 404 {
		t.Errorf("another practice's: %d", code)
	}
}
