package site_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"letterhead/register/site"
	"letterhead/testkit/browser"
)

func written(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	for name, content := range files(t, site.Options{Title: "Register of incidents", Built: options.Built}, entries(t)) {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// In Chromium, from a server and from the folder itself: no barrier that axe knows of, nothing against the policy, nothing wider than the screen.
func TestThePagesInABrowser(t *testing.T) {
	t.Parallel()
	folder := written(t)
	server := httptest.NewServer(http.FileServer(http.Dir(folder)))
	t.Cleanup(server.Close)
	tab := browser.Open(t)
	for _, name := range []string{"index.html", "records.html", "sector.html", "incident/2024-08-25-power-diary.html", "incident/2021-11-11-tail.html", "incident/2020-02-29-told-in-time.html"} {
		for _, screen := range []struct {
			wide   int64
			scheme string
			from   string
		}{{1280, "light", server.URL}, {390, "dark", "file://" + folder}, {320, "light", server.URL}} {
			if err := chromedp.Do(tab, chromedp.EmulateViewport(screen.wide, 900), chromedp.Navigate(screen.from+"/"+name), chromedp.Evaluate[chromedp.Void](`document.documentElement.style.colorScheme="`+screen.scheme+`"; undefined`)); err != nil {
				t.Fatal(err)
			}
			for _, v := range browser.Violations(t, tab) {
				if !strings.Contains(v, "style-src-attr") { // the scheme that this test sets
					t.Errorf("%s, %d wide: %s", name, screen.wide, v)
				}
			}
			wide, err := chromedp.Run(tab, chromedp.Evaluate[int64](`document.documentElement.scrollWidth`))
			if err != nil || wide > screen.wide {
				t.Errorf("%s is %d wide on a screen of %d (%v)", name, wide, screen.wide, err)
			}
			if screen.wide == 320 {
				continue
			}
			for _, b := range browser.Barriers(t, tab) {
				t.Errorf("%s, %d wide: %s", name, screen.wide, b)
			}
		}
	}
}

// The list is filtered by words in any part of a record and by what one chooses, from the folder without a server, and its state can be sent as a link.
func TestTheListIsSearched(t *testing.T) {
	t.Parallel()
	folder := written(t)
	tab := browser.Open(t)
	shown := `[...document.querySelectorAll("#all > li:not([hidden]) > a")].map((a) => a.textContent).join("|") + " " + document.getElementById("found").textContent`
	for _, c := range []struct{ hash, want string }{
		{"", "Power Diary|Circuit Courts|River Casino|Coast Radiology \"North\"|Hill Council|Leap Dental|Harbour Valuations|Minimal 8 incidents of 8"},
		{"#q=cryptocurrency", "Power Diary 1 incident of 8"},
		{"#q=KRYPTO", " 0 incidents of 8"},
		{"#q=dísc+posted", " 0 incidents of 8"},
		{"#q=dísc+clinic", "Coast Radiology \"North\" 1 incident of 8"},
		{"#sector=health&year=2024", "Power Diary 1 incident of 8"},
		{"#vector=ransomware", "Circuit Courts|Leap Dental 2 incidents of 8"},
		{"#q=%3Cscript%3E&nothing=1", "Hill Council 1 incident of 8"},
	} {
		if err := chromedp.Do(tab, chromedp.Navigate("about:blank"), chromedp.Navigate("file://"+folder+"/records.html"+c.hash), chromedp.WaitVisible("#filter")); err != nil {
			t.Fatal(err)
		}
		if got, err := chromedp.Run(tab, chromedp.Evaluate[string](shown)); err != nil || got != c.want {
			t.Errorf("%s shows %q, expected %q (%v)", c.hash, got, c.want, err)
		}
	}
	typed, err := chromedp.Run(tab, chromedp.Evaluate[string](`(() => { const q = document.getElementById("q"); q.value = "moth"; q.dispatchEvent(new Event("input", {bubbles: true})); return `+shown+` + location.hash; })()`))
	if err != nil || typed != "River Casino 1 incident of 8#q=moth" {
		t.Errorf("typed: %q %v", typed, err)
	}
}
