package web

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"letterhead/testkit"
	"letterhead/testkit/browser"
)

// What left each day is drawn, and stands in a table as well: two of the world's messages were sent or refused on 17 November, none lately.
func TestWhatLeftEachDayIsDrawn(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		w.send(&w.one, "Costa") // now, on 1 December
		a := w.get("/stop")
		w.says(a, 200, "What left each day", "Tue 1 Dec 1 1 0", "Wed 25 Nov 0 0 0")
		if strings.Count(a.body, "<rect") != 7 || strings.Contains(a.body, "Tue 17 Nov") {
			t.Errorf("%d bars", strings.Count(a.body, "<rect"))
		}
	})
}

func TestThePlotInChromium(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	w.send(&w.one, "Costa")
	site, tab := w.site(), browser.Open(t)
	if err := chromedp.Do(tab, chromedp.Navigate(site+"/enter"), chromedp.Navigate(site+"/stop")); err != nil {
		t.Fatal(err)
	}
	for _, wide := range []int64{1280, 390} {
		w.picture(tab, "stop", wide)
		for _, barrier := range browser.Barriers(t, tab) {
			t.Errorf("%d: %s", wide, barrier)
		}
	}
}
