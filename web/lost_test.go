package web

import (
	"net/url"
	"strings"
	"testing"

	"letterhead/testkit"
)

// What somebody typed is not lost because it is long: it is kept where it may be so long, and shown again with what is wrong where not.
func TestLongWordsAreNotLost(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	path := "/clients/" + string(w.one.clients["Reid"])
	long := strings.Repeat("信", 5900) // characters of three bytes: within the 6000 that a letter may have
	a := w.post(path+"/letters/new", "recipient", string(w.one.clients["Reid"]), "channel", "email", "text", long)
	if a.Code != 303 {
		t.Fatalf("%d %s", a.Code, a.words())
	}
	to, _ := url.Parse(a.Header().Get("Location"))
	if shown := w.get(to.Path); !strings.Contains(shown.body, long) {
		t.Error("a letter of 5900 characters was kept without its words")
	}
	note := strings.Repeat("Walks with a stick. ", 120)
	a = w.post(path+"/change", "version", "1", "first_name", "Oscar", "last_name", "Reid", "email", "oscar@example.org", "alert", note)
	if a.Code != 422 || !strings.Contains(a.body, "too long") || !strings.Contains(a.body, "Walks with a stick.") {
		t.Errorf("an alert of %d characters: %d", len(note), a.Code)
	}
}

// A program's form that is refused keeps what was chosen.
func TestAProgramsFormKeepsWhatWasChosen(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	a := w.ask("POST", "/programs/new", url.Values{"name": {""}, "scope": {"calendar.read", "client.read"}, "months": {"12"}})
	w.says(a, 422)
	for _, want := range []string{`value="calendar.read" checked`, `value="client.read" checked`, `value="12" selected`} {
		if !strings.Contains(a.body, want) {
			t.Errorf("%s is lost", want)
		}
	}
}
