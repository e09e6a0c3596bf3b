package web

import (
	"net/http"
	"regexp"
	"testing"

	"letterhead/testkit"
)

const (
	heaviestFirst = 150_000 // bytes over the wire: the page, its styles, script and fonts
	heaviestLater = 30_000
)

// The first page that somebody opens weighs no more than 150 kB with all that it loads, fonts included; each later one 30 kB: what it loads is kept by the
// browser for ever. A day of sixty appointments with twelve practitioners is none of the small ones.
func TestPagesAreLight(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	w.crowd(&w.one, 60)
	weigh := func(path string) (int, string, string) {
		a := w.ask("GET", path, nil, "Accept-Encoding", "gzip")
		if a.Code != http.StatusOK {
			t.Fatalf("%s: %d", path, a.Code)
		}
		return a.Body.Len(), a.body, a.Header().Get("Cache-Control")
	}
	first, body, _ := weigh("/")
	loaded := map[string]bool{}
	for _, found := range regexp.MustCompile(`"(/asset/[^"]+)"`).FindAllStringSubmatch(body, -1) {
		loaded[found[1]] = true
	}
	for path := range loaded {
		size, _, kept := weigh(path)
		if kept == "no-store" || kept == "" {
			t.Errorf("%s is not kept: %q", path, kept)
		}
		t.Logf("%7d %s", size, path)
		first += size
	}
	if len(loaded) < 4 {
		t.Errorf("%d files are loaded: styles, script and two fonts were wanted", len(loaded))
	}
	t.Logf("%7d the first page in all", first)
	if first > heaviestFirst {
		t.Errorf("the first page weighs %d bytes with all that it loads", first)
	}
	costa := "/appointments/" + string(w.one.appointments["Costa"])
	for _, path := range []string{"/", "/?view=list", "/calendar?who=all", "/calendar?view=day&date=2026-12-01", "/calendar/list", costa, costa + "/move", "/appointments/new", "/clients", "/clients/" + string(w.one.clients["Costa"]),
		"/messages", "/settings", "/settings/messages", "/settings/import", "/settings/practice", "/templates", "/orders", "/team", "/stop", "/looked"} {
		if size, _, _ := weigh(path); size > heaviestLater {
			t.Errorf("%s weighs %d bytes", path, size)
		} else {
			t.Logf("%7d %s", size, path)
		}
	}
}
