package web

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"letterhead/client"
	"letterhead/guard"
	"letterhead/order"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/template"
	"letterhead/testkit"
	"letterhead/testkit/browser"
	"letterhead/web/mail"
	"letterhead/wording"
)

// request is an order of the practice's news to everybody.
func (w *world) request(h home) order.Request {
	w.Helper()
	var id template.ID
	w.view(h, func(ctx context.Context, tx *store.Tx) error {
		known, err := template.ByKey(ctx, tx)
		id = known["news"]
		return err
	})
	return order.Request{Name: "Closed at the weekend", Wording: id, Channel: "email", From: w.clock.Now(), Until: w.clock.Now().Add(20 * 24 * time.Hour)}
}

// draft makes an order; of the clients two have agreed to marketing.
func (w *world) draft(h home) (id order.ID) {
	w.Helper()
	r := w.request(h)
	w.change(h, func(ctx context.Context, tx *store.Tx) error {
		made, err := order.New(ctx, tx, r)
		if err != nil {
			return err
		}
		id = made[0].ID
		for _, who := range []string{"Haddad", "Costa"} {
			err := client.SetConsent(ctx, tx, client.Consent{Client: h.clients[who], Topic: client.Topic{Category: client.Marketing, Channel: practice.Email}, Given: true, Source: "desk"})
			if err != nil {
				return err
			}
		}
		return nil
	})
	return id
}

// formOf is what the form of a new order posts.
func (w *world) formOf(pairs ...string) url.Values {
	form := url.Values{"name": {"Weekend"}, "wording": {string(w.request(w.one).Wording)}, "channel": {"email"}, "from": {"2026-12-01T12:00"}, "until": {"2026-12-05T20:00"}}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return form
}

// A bulk message from the empty form to the stop: counted, sampled, asked for, fixed, paused and stopped.
func TestABulkMessageIsMade(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		w.says(w.get("/messages"), 200, "Bulk messages")
		w.says(w.get("/orders"), 200, "Closed at the weekend", "Draft")
		w.says(w.get("/orders/new"), 200, "Practice news", "Choose a template", "Petra Schäfer")
		w.silent(w.get("/orders/new"), "Reminder 2 days before")
		w.says(w.ask("POST", "/orders/new", w.formOf("do", "count", "name", "")), 200, "It reaches 2 clients. Your choice finds 5.", "they never agreed to marketing this way")
		w.says(w.get("/orders/count?channel=email&wording="+string(w.request(w.one).Wording)+"&practitioner="+string(w.one.practitioners["Hēmi Ngata"])), 200, "Your choice finds one.")
		w.says(w.get("/orders/count?channel=email"), 200, "Choose a template and a way")
		for field, bad := range map[string]struct{ value, say string }{
			"name": {" ", "Give it a name"}, "wording": {"nothing", "Choose a template"}, "channel": {"pigeon", "Choose e-mail, text message"}, "most": {"-3", "Give a number"},
			"until": {"2026-12-01T11:00", "after it begins"}, "from": {"soon", "Give a day and a time"}, "booked_to": {"2026-12-05", "from which day on"}, "seen_since": {"x", "Give a day, such as"},
		} {
			answer := w.ask("POST", "/orders/new", w.formOf(field, bad.value, "location", string(w.one.location)))
			w.says(answer, 422, bad.say)
			if !strings.Contains(answer.body, `value="`+string(w.one.location)+`" selected`) || field != "booked_to" && !strings.Contains(answer.body, `id="f-`+field) {
				w.Errorf("%s: what was typed is lost", field)
			}
		}
		made := w.ask("POST", "/orders/new", w.formOf("booked_from", "2026-12-01", "booked_to", "2026-12-01"))
		path, _, _ := strings.Cut(made.Header().Get("Location"), "?")
		shown := w.get(path)
		w.says(shown, 200, "It reaches 2 clients. Your choice finds 3.", "booked from Tue 1 Dec to Tue 1 Dec", "As Fatima Haddad gets it", "Ask for approval", "Marketing: only to those who agreed")
		w.silent(shown, "fatima@example.org")
		framed := w.get(path + "/sample?n=0")
		w.says(framed, 200, "Fatima")
		if framed.Header().Get("Content-Security-Policy") != mail.FramePolicy {
			w.Error("the sample's frame has another policy")
		}
		w.says(w.get(path+"/sample?n=9"), 404)
		w.says(w.post(path+"/ask", "edition", "7"), 409, "Somebody changed this bulk message meanwhile")
		w.says(w.goes(w.post(path+"/ask", "edition", "1"), path+"?did=asked"), 200, "Is made ready")
		id := order.ID(strings.TrimPrefix(path, "/orders/"))
		if err := order.Fix(context.Background(), w.db, w.one.id, id); err != nil {
			w.Fatal(err)
		}
		w.says(w.get(path), 200, "Its 2 recipients are fixed", "Waits for a signature", "Approval asked for by")
		w.says(w.ask("POST", path+"/edit", w.formOf("edition", "2")), 409, "Make a copy")
		w.says(w.post(path+"/pause", "reason", " "), 422, "Say why, in one line")
		w.says(w.goes(w.post(path+"/pause", "reason", "the wrong day"), path+"?did=paused"), 200, "Paused since")
		w.says(w.goes(w.post(path+"/stop"), path+"?did=halted"), 200, "Stopped. What had not left was taken back.", "Never queued", "Stopped by")
		w.says(w.post(path+"/pause", "reason", "x"), 409, "is over")
		copied := w.post(path + "/copy")
		w.says(w.get(copied.Header().Get("Location")), 200, "Change", "It reaches 2 clients.")
		reader := w.as(w.one, "read@example.org", guard.Bookkeeper)
		seen := w.askAs(reader, "GET", path, nil)
		w.says(seen, 200, "As an example gets it")
		w.silent(seen, "Haddad", "Stop for good", "Make a copy")
	})
}

// As each client prefers: two drafts, and nobody in both.
func TestABulkMessageByPreference(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		w.says(w.ask("POST", "/orders/new", w.formOf("channel", "preference")), 422, "no text message in each of its languages")
		var id template.ID
		w.change(w.one, func(ctx context.Context, tx *store.Tx) error {
			current, err := template.CurrentVersions(ctx, tx)
			if err != nil {
				return err
			}
			v, err := template.Read(ctx, tx, current[w.request(w.one).Wording].ID)
			if err != nil {
				return err
			}
			v.Purpose = wording.Transactional
			for i := range v.Languages {
				v.Languages[i].Blocks = []wording.Block{wording.Text("We are closed on Saturday."), wording.Footer(wording.Say("You get this because you come to us."))}
				v.Languages[i].SMS = wording.SMS("{practice.name}: we are closed on Saturday.")
			}
			made, _, err := template.New(ctx, tx, "Closed", v)
			id = made.ID
			return err
		})
		answer := w.ask("POST", "/orders/new", w.formOf("channel", "preference", "wording", string(id)))
		w.says(w.goes(answer, "/orders/"), 200, "Saved as two", "E-mail, to those who prefer it")
		w.says(w.get("/orders"), 200, "Text message")
	})
}

// The pages at both widths, for somebody to look at: LETTERHEAD_PICTURES names a folder.
func TestBulkMessagesInChromium(t *testing.T) {
	folder := os.Getenv("LETTERHEAD_PICTURES")
	if folder == "" {
		folder = t.TempDir()
	}
	w := newWorld(t, testkit.SQLite)
	site := w.site()
	tab := browser.Open(t)
	if err := chromedp.Do(tab, chromedp.Navigate(site+"/enter")); err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{"list": "/orders", "new": "/orders/new", "draft": "/orders/" + string(w.one.order)} {
		for _, wide := range []int64{1280, 390} {
			if err := chromedp.Do(tab, chromedp.EmulateViewport(wide, 900), chromedp.Navigate(site+path)); err != nil {
				t.Fatal(err)
			}
			picture, err := chromedp.Run(tab, chromedp.FullScreenshot(100))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(folder, name+"-"+map[int64]string{1280: "wide", 390: "phone"}[wide]+".png"), picture, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}
