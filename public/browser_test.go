package public_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"letterhead/courier/token"
	"letterhead/testkit"
	"letterhead/testkit/browser"
)

// On a phone, in a browser that keeps to the policy: the style sheet counts, nothing scrolls sideways, the button works.
func TestThePageInABrowser(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	site := httptest.NewServer(w.handler)
	t.Cleanup(site.Close)
	tab := browser.Open(t)
	look := func(wants string) {
		t.Helper()
		said, err := chromedp.Run(tab, chromedp.Text("main"))
		if err != nil || !strings.Contains(said, wants) {
			t.Fatalf("the page says %q, %v", said, err)
		}
		if found := browser.Violations(t, tab); len(found) > 0 {
			t.Errorf("against the policy: %q", found)
		}
		fits, err := chromedp.Run(tab, chromedp.Evaluate[bool](`document.documentElement.scrollWidth <= document.documentElement.clientWidth &&
			getComputedStyle(document.querySelector("h1")).fontSize === "26px"`))
		if err != nil || !fits {
			t.Errorf("it scrolls sideways or is not styled: %v", err)
		}
	}
	if err := chromedp.Do(tab, chromedp.EmulateViewport(320, 600), chromedp.Navigate(site.URL+"/unsubscribe/"+w.in.Tokens.Unsubscribe("a", "mail"))); err != nil {
		t.Fatal(err)
	}
	look("Stop news and offers")
	tall, err := chromedp.Run(tab, chromedp.Evaluate[bool](`document.querySelector("button").getBoundingClientRect().height >= 44`))
	if err != nil || !tall {
		t.Errorf("the button is too small: %v", err)
	}
	if got := w.state("a"); got != "" {
		t.Errorf("looking changed something: %s", got)
	}
	if err := chromedp.Do(tab, chromedp.Click("button"), chromedp.WaitVisible("[role=status]")); err != nil {
		t.Fatal(err)
	}
	look("News and offers are stopped")
	if got := w.state("a"); got != "consent marketing email false unsubscribe\nmail replied unsubscribe\nsuppressed email marketing unsubscribe" {
		t.Errorf("after pressing: %s", got)
	}
}

// The page of a mail's link on three screens: nothing against the policy, nothing that scrolls sideways, no barrier that axe knows of; it is asked, pressed and
// answered without a script.
func TestAnsweringInABrowser(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	b := w.reminded("a")
	site := httptest.NewServer(w.handler)
	t.Cleanup(site.Close)
	tab := browser.Open(t)
	look := func(wants string) {
		t.Helper()
		for _, width := range []int64{1280, 390, 320} {
			if err := chromedp.Do(tab, chromedp.EmulateViewport(width, 720)); err != nil {
				t.Fatal(err)
			}
			fits, err := chromedp.Run(tab, chromedp.Evaluate[bool](`document.documentElement.scrollWidth <= document.documentElement.clientWidth`))
			if err != nil || !fits {
				t.Errorf("it scrolls sideways at %d: %v", width, err)
			}
		}
		if said, err := chromedp.Run(tab, chromedp.Evaluate[string](`document.querySelector("main").innerText`)); err != nil || !strings.Contains(said, wants) || !strings.Contains(said, "Tuesday 8 December") {
			t.Errorf("it says %q, %v", said, err)
		}
		if found := browser.Violations(t, tab); len(found) > 0 {
			t.Errorf("against the policy: %q", found)
		}
	}
	visit := chromedp.Navigate(site.URL + w.link(b, token.Decline))
	if err := chromedp.Do(tab, visit); err != nil {
		t.Fatal(err)
	}
	look("Ask to cancel the appointment?")
	if found := browser.Barriers(t, tab); len(found) > 0 {
		t.Errorf("asking: %q", found)
	}
	if err := chromedp.Do(tab, visit, chromedp.Click("form > button"), chromedp.WaitVisible("[role=status]")); err != nil {
		t.Fatal(err)
	}
	look("The practice knows")
	if found := browser.Barriers(t, tab); len(found) > 0 {
		t.Errorf("pressed: %q", found)
	}
	if w.stands(b) != "booked, check reply link, 1" {
		t.Error(w.stands(b))
	}
}
