package public_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

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
