package web

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"letterhead/message"
	"letterhead/testkit"
	"letterhead/testkit/browser"
)

// No page has a barrier that axe-core knows of, on a desk in light and on a phone in dark, with a refused form and an empty list.
func TestNoPageHasABarrier(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	for _, who := range []string{"Brennan", "Haddad", "Reid"} { // a day on which four overlap
		w.overbook(&w.one, who, "Petra Schäfer", "2026-12-01T13:15")
	}
	site := w.site()
	tab := browser.Open(t)
	if err := chromedp.Do(tab, chromedp.Navigate(site+"/enter")); err != nil {
		t.Fatal(err)
	}
	appointment := "/appointments/" + string(w.one.appointments["Costa"])
	w.granted(w.one)
	mail, text := "/messages/"+string(w.left(w.one, "Haddad", message.Email, "www.evil.example")), "/messages/"+string(w.left(w.one, "Haddad", message.SMS, "Fatima"))
	for path, heading := range map[string]string{
		"/": "Tuesday 1 December", "/?view=list": "Tuesday 1 December", "/?date=2026-12-02": "Wednesday 2 December", appointment: "João Costa", appointment + "/move": "Move João Costa", appointment + "/cancel": "Cancel João Costa",
		"/appointments/" + string(w.one.appointments["Reid"]): "Oscar Reid", "/appointments/new?date=2027-04-04&time=02:30": "Book an appointment", "/messages": "Messages", "/messages?channel=sms&state=failed": "Messages",
		mail: "Reminder 2 days before", mail + "?view=text": "Reminder 2 days before", text: "Reminder 2 days before", "/clients/" + string(w.one.clients["Öztürk"]) + "/reach": "Elif Öztürk", "/nothing": "There is nothing here",
		"/calendar": "Calendar", "/calendar?view=day&date=2026-12-01": "Calendar", "/calendar/list?date=2026-12-01": "Tuesday 1 December", "/hours": "Hours and rooms", "/hours/blocked": "Hours and rooms", "/hours/holidays": "Hours and rooms", "/hours/rooms": "Hours and rooms", "/calendar?who=all": "Calendar", "/clients": "Clients", "/clients/new": "New client", "/clients/" + string(w.one.clients["Costa"]): "João Costa", "/clients/" + string(w.one.clients["Costa"]) + "/archive": "Take João Costa out of use",
		"/clients/" + string(w.one.clients["Costa"]) + "/change": "Change details", "/clients/" + string(w.one.clients["Costa"]) + "/contacts/" + string(w.one.contact): "Contact",
		"/clients/duplicates": "On file twice", "/clients/" + string(w.one.clients["Costa"]) + "/merge": "On file twice?", "/clients/" + string(w.one.clients["Costa"]) + "/merge/" + string(w.one.clients["Öztürk"]): "Make one file of two",
		"/programs": "Programs", "/team/told": "What Letterhead told the team", "/programs/grants/new": "Let a program send", "/settings/messages": "Automatic messages", "/settings/messages/rules/reminder-2-days": "Reminder 2 days before",
		"/orders": "Bulk messages", "/orders/new": "New bulk message", "/orders/" + string(w.one.order): "Closed at the weekend", "/orders/" + string(w.one.order) + "/edit": "Change",
		"/messages/code": "Is this message from us?", "/incidents": "Incidents", "/incidents/" + w.measured(w.one): "Messages that nobody here wrote",
	} {
		for _, c := range []struct {
			wide   int64
			scheme string
		}{{1280, "light"}, {390, "dark"}} {
			if c.wide == 390 && strings.Contains(path, "?") {
				continue // the same page, as another view of it: looked at once
			}
			if err := chromedp.Do(tab, chromedp.EmulateViewport(c.wide, 900), chromedp.Navigate(site+path), chromedp.Evaluate[chromedp.Void](`document.documentElement.style.colorScheme="`+c.scheme+`"; undefined`)); err != nil {
				t.Fatal(err)
			}
			said, err := chromedp.Run(tab, chromedp.Text("h1"))
			if err != nil || !strings.Contains(said, heading) {
				t.Fatalf("%s shows %q, not %q (%v)", path, said, heading, err)
			}
			for _, barrier := range browser.Barriers(t, tab) {
				t.Errorf("%s, %d wide, %s: %s", path, c.wide, c.scheme, barrier)
			}
		}
	}
	refused := []chromedp.Action[chromedp.Void]{chromedp.Navigate(site + "/appointments/new"), chromedp.Click("button.primary"), chromedp.WaitVisible(".summary")}
	if err := chromedp.Do(tab, refused...); err != nil {
		t.Fatal(err)
	}
	for _, barrier := range browser.Barriers(t, tab) {
		t.Errorf("a refused form: %s", barrier)
	}
}
