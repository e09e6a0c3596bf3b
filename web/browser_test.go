package web

import (
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"letterhead/calendar"
	"letterhead/testkit"
	"letterhead/testkit/browser"
)

// site serves the world's pages on a port of this machine.
func (w *world) site() string {
	server := httptest.NewUnstartedServer(nil)
	address := server.Listener.Addr().String()
	pages, err := New(Config{DB: w.db, Keeper: w.keeper, Practice: w.one.id, Hosts: []string{address}, Log: slog.New(slog.DiscardHandler)})
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
	do(chromedp.EmulateViewport(1280, 1000), chromedp.Navigate(site+"/appointments/new?date=2026-12-03"), chromedp.SendKeys("#f-find", "costa"), chromedp.WaitVisible("#found input[type=radio]"))
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
