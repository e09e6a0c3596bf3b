package web

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"letterhead/calendar"
	"letterhead/guard"
	"letterhead/store"
	"letterhead/testkit"
	"letterhead/testkit/browser"
	"letterhead/testkit/visitor"
	"letterhead/web/page"
)

// site serves the world's pages on a port of this machine.
func (w *world) site() string {
	server := httptest.NewUnstartedServer(nil)
	address := server.Listener.Addr().String()
	address = "localhost" + address[strings.LastIndex(address, ":"):]
	door := visitor.Door(w.TB, w.db, w.keeper, "http://"+address)
	// As the demonstration does: a link signs the owner in.
	enter := page.Open("GET /enter", "for this test", func(v *page.Visit) (page.Answer, error) {
		var owner guard.Member
		w.view(w.one, func(ctx context.Context, tx *store.Tx) (err error) { owner, err = guard.OwnerOf(ctx, tx); return err })
		proof, err := v.Door.Vouch(v.Context(), w.one.id, owner.ID)
		if err != nil {
			return page.Answer{}, err
		}
		token, err := v.Door.Enter(v.Context(), proof, w.one.id, v.Browser, v.Token)
		known := v.Door.Remembered(v.Browser, proof.Email)
		return page.Answer{Status: http.StatusSeeOther, To: "/", Enter: token, Known: &known}, err
	})
	pages, err := New(Config{DB: w.db, Keeper: w.keeper, Door: door, Hosts: []string{address}, Log: slog.New(slog.DiscardHandler), Routes: []page.Route{enter}, Record: w.record, Signed: w.signed, Uploads: w.uploads, Platform: platformName, Incidents: w.incidents()})
	if err != nil {
		w.Fatal(err)
	}
	server.Config.Handler = pages
	server.Start()
	w.Cleanup(server.Close)
	return "http://" + address
}

// A booking as somebody at a desk does it: the client is found while typing, the dialog moves, undo takes back; no policy is broken.
func TestBookingInABrowser(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	site := w.site()
	tab := browser.Open(t)
	do := func(steps ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(tab, steps...); err != nil {
			t.Fatal(err)
		}
	}
	text := func() string {
		t.Helper()
		said, err := chromedp.Run(tab, chromedp.Text("main"))
		if err != nil {
			t.Fatal(err)
		}
		return said
	}
	clean := func(where string) {
		t.Helper()
		if found := browser.Violations(t, tab); len(found) > 0 {
			t.Errorf("%s: against the policy: %s", where, strings.Join(found, "; "))
		}
		if sideways, err := chromedp.Run(tab, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > document.documentElement.clientWidth`)); err != nil || sideways {
			t.Errorf("%s scrolls sideways (%v)", where, err)
		}
	}
	do(chromedp.EmulateViewport(1280, 1000), chromedp.Navigate(site+"/enter"), chromedp.Navigate(site+"/appointments/new?date=2026-12-03"), chromedp.SendKeys("#f-find", "costa"), chromedp.WaitVisible("#found input[type=radio]"))
	clean("book")
	do(chromedp.Click("#found label.choice"), chromedp.SetValue("#f-time", "09:00"), chromedp.Click("button.primary"), chromedp.WaitVisible(".notice form"))
	if said := text(); !strings.Contains(said, "João Costa") || !strings.Contains(said, "Thursday 3 December, 9:00") {
		t.Errorf("booked: %s", said)
	}
	clean("appointment")
	do(chromedp.Click("a[href$='/move']"), chromedp.WaitVisible("#dialog form"), chromedp.SetValue("#dialog #f-time", "11:30"), chromedp.Click("#dialog button.primary"), chromedp.WaitNotPresent("dialog[open]"), chromedp.WaitVisible(".notice form"))
	if said := text(); !strings.Contains(said, "11:30") || !strings.Contains(said, "Moved.") {
		t.Errorf("moved: %s", said)
	}
	do(chromedp.Click(".notice form button"), chromedp.WaitNotPresent(".notice form"))
	if said := text(); !strings.Contains(said, "9:00") || !strings.Contains(said, "Undone.") {
		t.Errorf("undone: %s", said)
	}
	for _, path := range []string{"/", "/messages", "/appointments/" + string(w.one.appointments["Haddad"]), "/appointments/new", "/clients/" + string(w.one.clients["Costa"]) + "/reach"} {
		do(chromedp.EmulateViewport(390, 844), chromedp.Navigate(site+path))
		clean(path + " on a phone")
	}
	if e := w.appointment(w.one, w.one.appointments["Costa"]); e.Booking != calendar.Booked {
		t.Error("another appointment was touched")
	}
}
