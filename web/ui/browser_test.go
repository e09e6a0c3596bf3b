package ui

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"letterhead/testkit/browser"
)

// In a real browser: the policy is kept, htmx works under Trusted Types, and what carries no nonce is inert.
func TestInABrowser(t *testing.T) {
	t.Parallel()
	server := designServer(t)
	tab := browser.Open(t)
	if err := chromedp.Do(tab, chromedp.EmulateViewport(1280, 1000), chromedp.Navigate(server.URL+"/design"), chromedp.Click("[hx-get]"), chromedp.WaitVisible("#loaded")); err != nil {
		t.Fatal(err)
	}
	for question, want := range map[string]any{
		`document.querySelector("#injected").hasAttribute("hx-get")`: false, // stripped: no nonce
		`typeof window.htmx`: "undefined",
		`document.documentElement.classList.contains("scripted")`:           true,
		`document.querySelectorAll("[data-notice]").length`:                 1.0,
		`getComputedStyle(document.querySelector(".rail")).position`:        "sticky",
		`document.fonts.check("16px 'Atkinson Hyperlegible Next'")`:         true,
		`document.querySelector(".day .r-12.s-9").offsetHeight > 40`:        true, // placed by class: 45 minutes
		`document.documentElement.scrollWidth <= document.body.clientWidth`: true,
	} {
		have, err := chromedp.Run(tab, chromedp.Evaluate[any](question))
		if err != nil || have != want {
			t.Errorf("%s: %v, want %v (%v)", question, have, want, err)
		}
	}
	if found := browser.Violations(t, tab); len(found) > 0 {
		t.Errorf("against the policy: %s", strings.Join(found, "; "))
	}
	// The same question finds a violation when there is one.
	if err := chromedp.Do(tab, chromedp.Evaluate[chromedp.Void](`document.body.setAttribute("style", "color:red")`)); err != nil {
		t.Fatal(err)
	}
	if found := browser.Violations(t, tab); len(found) == 0 {
		t.Error("an inline style was not noticed")
	}
	if err := chromedp.Do(tab, chromedp.KeyEvent("?"), chromedp.WaitVisible("#keys")); err != nil {
		t.Errorf("? opens no list of keys: %v", err)
	}
	if err := chromedp.Do(tab, chromedp.EmulateViewport(390, 844), chromedp.Navigate(server.URL+"/design")); err != nil {
		t.Fatal(err)
	}
	sideways, err := chromedp.Run(tab, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > 390`))
	if err != nil || sideways {
		t.Errorf("the page scrolls sideways at 390 px (%v)", err)
	}
}
