package public

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"letterhead/testkit"
	"letterhead/testkit/browser"
)

// Typed on a narrow phone, a phone and a desk, in light and dark: the form, a code that is none, and each answer have no barrier and do not scroll sideways, and
// what stands behind "compare" opens and takes a file.
func TestTheCheckInABrowser(t *testing.T) {
	t.Parallel()
	asked := 0
	h, err := New(Parts{DB: testkit.Open(t, testkit.SQLite, nil), Evenly: time.Millisecond,
		Address: func(*http.Request) string { asked++; return "192.0.2." + strconv.Itoa(asked%200) },
		Checks: known{
			"K7QF3M9PXD": {Verdict: Compare, Name: "Wattle Street Physiotherapy and Hydrotherapy", Phone: "(03) 5550 0142", Accent: "#1f4e79", At: time.Unix(1_790_000_000, 0),
				Hosts: []string{"wattle.example", "a-very-long-name-of-a-host-that-nobody-would-choose-but-somebody-has.wattle-street.example"}},
			"K7QF3M9PXX": {Verdict: Withdrawn, Name: "Wattle"}, "K7QF3M9PXY": {Verdict: Genuine, WordsOnly: true, Name: "Wattle", Accent: "#1f4e79", At: time.Unix(1_790_000_000, 0)},
			"K7QF3M9PYX": {Verdict: Compare, Older: true, Name: "Wattle", Accent: "#1f4e79", At: time.Unix(1_790_000_000, 0)},
		}})
	if err != nil {
		t.Fatal(err)
	}
	site := httptest.NewServer(h)
	t.Cleanup(site.Close)
	tab := browser.Open(t)
	mail := filepath.Join(t.TempDir(), "mail.eml")
	if err := os.WriteFile(mail, []byte("From: a@wattle.example\r\n\r\nHello\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	look := func(name string, wide int64, wants string) {
		t.Helper()
		if said, err := chromedp.Run(tab, chromedp.Text("main")); err != nil || !strings.Contains(said, wants) {
			t.Fatalf("%s, %d wide: %q, %v", name, wide, said, err)
		}
		for _, barrier := range browser.Barriers(t, tab) {
			t.Errorf("%s, %d wide: %s", name, wide, barrier)
		}
		if sideways, err := chromedp.Run(tab, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > document.documentElement.clientWidth`)); err != nil || sideways {
			t.Errorf("%s, %d wide: it scrolls sideways (%v)", name, wide, err)
		}
		if found := browser.Violations(t, tab); len(found) > 0 {
			t.Errorf("%s: against the policy: %q", name, found)
		}
		if folder := os.Getenv("LETTERHEAD_SHOTS"); folder != "" {
			shot, err := chromedp.Run(tab, chromedp.FullScreenshot(100))
			if err == nil {
				err = os.WriteFile(filepath.Join(folder, "check-"+name+"-"+strconv.FormatInt(wide, 10)+".png"), shot, 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, c := range []struct {
		wide   int64
		scheme string
	}{{320, "dark"}, {390, "light"}, {1280, "light"}} {
		for _, answer := range []struct{ name, path, typed, says string }{
			{"none", checkPath, "hello", "That is not a code"}, {"compare", checkPath, "k7qf-3m9p-xd", "We sent a message with this code"}, {"withdrawn", checkPath, "K7QF3M9PXX", "Do not act"},
			{"genuine", checkPath, "K7QF3M9PXY", "These are the words"}, {"older", checkPath, "K7QF3M9PYX", "an earlier version"}, {"unknown", checkPath + "/wattle", "K7QF3M9PZZ", "This code is not ours"},
		} {
			open := []chromedp.Action[chromedp.Void]{chromedp.EmulateViewport(c.wide, 800), chromedp.Navigate(site.URL + answer.path),
				chromedp.Evaluate[chromedp.Void](`document.documentElement.style.colorScheme="` + c.scheme + `"; undefined`), chromedp.Click("summary"), chromedp.WaitVisible("#mail")}
			if err := chromedp.Do(tab, open...); err != nil {
				t.Fatal(err)
			}
			look("form", c.wide, "Is this message real?")
			if err := chromedp.Do(tab, chromedp.SendKeys("#code", answer.typed), chromedp.SetUploadFiles("#mail", []string{mail}), chromedp.Click("button"), chromedp.WaitVisible("[role=status],[role=alert]")); err != nil {
				t.Fatal(answer.name, err)
			}
			if err := chromedp.Do(tab, chromedp.Evaluate[chromedp.Void](`document.documentElement.style.colorScheme="`+c.scheme+`"; undefined`)); err != nil {
				t.Fatal(err)
			}
			look(answer.name, c.wide, answer.says)
		}
	}
}
