package web

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"letterhead/testkit"
	"letterhead/testkit/browser"
)

// drawing makes the guides' pictures anew: go test ./web -run TestTheGuides -pictures ../docs/guides
var drawing = flag.String("pictures", "", "write the guides' pictures into this folder")

// largest bounds a picture of a guide.
const largest = 100_000

// Every picture that a guide or the README shows is there, small, and of a page that still answers; and every page of them is made by this test.
func TestTheGuides(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	for _, at := range [][2]string{{"Brennan", "2026-12-01T14:30"}, {"Haddad", "2026-12-03T10:00"}, {"Reid", "2026-12-04T15:00"}} {
		w.book(&w.one, at[0], "Liam Nguyen", at[1])
	}
	shots := []struct {
		name, path string
		wide, high int64
	}{
		{"start", "/start", 1280, 860}, {"today", "/", 1280, 860}, {"today-phone", "/", 390, 780}, {"calendar", "/calendar?date=2026-12-01", 1280, 800}, {"book", "/appointments/new?date=2026-12-03&time=09:00", 1280, 800},
		{"appointment", "/appointments/" + string(w.one.appointments["Costa"]), 1280, 800}, {"messages", "/messages", 1280, 700}, {"client", "/clients/" + string(w.one.clients["Costa"]), 1280, 800},
		{"template", "/templates/" + w.wording(w.one, "reminder-2-days") + "/edit", 1280, 900}, {"settings", "/settings", 1280, 760}, {"stop", "/stop", 1280, 800},
	}
	shown := map[string]bool{}
	for _, file := range []string{"../docs/guides/front-desk.md", "../docs/guides/owners.md", "../README.md"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range regexp.MustCompile(`!\[[^\]]+\]\(([^)]+)\)`).FindAllSubmatch(text, -1) {
			picture := filepath.Join(filepath.Dir(file), string(found[1]))
			shown[filepath.Base(picture)] = true
			if info, err := os.Stat(picture); *drawing == "" && (err != nil || info.Size() > largest) {
				t.Errorf("%s shows %s: %v, %v", file, found[1], info, err)
			}
		}
	}
	for name := range shown {
		if !slices.ContainsFunc(shots, func(s struct {
			name, path string
			wide, high int64
		}) bool {
			return s.name+".webp" == name
		}) {
			t.Errorf("nobody makes %s", name)
		}
	}
	for _, s := range shots {
		if answer := w.get(s.path); answer.Code != 200 {
			t.Errorf("%s: %d", s.path, answer.Code)
		}
		if !shown[s.name+".webp"] {
			t.Errorf("no guide shows %s", s.name)
		}
	}
	if *drawing == "" {
		return
	}
	site, tab := w.site(), browser.Open(t)
	if err := chromedp.Do(tab, chromedp.Navigate(site+"/enter")); err != nil {
		t.Fatal(err)
	}
	for _, s := range shots {
		var taken page.CaptureScreenshotResult
		err := chromedp.Do(tab, chromedp.EmulateViewport(s.wide, s.high), chromedp.Navigate(site+s.path), chromedp.WaitVisible("main h1"), chromedp.Func(func(ctx context.Context, target *chromedp.Target) (err error) {
			taken, err = cdp.Call(ctx, target, page.CaptureScreenshot, page.CaptureScreenshotParams{Format: page.CaptureScreenshotFormatWebp, Quality: new(int64(80))})
			return err
		}))
		if err != nil {
			t.Fatal(err)
		}
		if s.name == "start" { // the other pictures are of a practice that has done it
			w.settled()
		}
		if err := os.WriteFile(filepath.Join(*drawing, s.name+".webp"), taken.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// settled says of the first practice what Getting started asks for.
func (w *world) settled() {
	w.Helper()
	w.goes(w.ask("POST", "/settings/practice", with(typedIn(w.get("/settings/practice")), "address", "12 Wattle Street", "phone", "(03) 5550 0142", "email", "hello@wattle.example")), "/settings/practice")
	place := "/settings/locations/" + string(w.one.location)
	w.goes(w.ask("POST", place, with(typedIn(w.get(place)), "from_0", "09:00", "to_0", "17:00")), place)
}
