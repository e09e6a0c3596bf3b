package incidents_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"letterhead/app/incidents"
	"letterhead/incident/book"
	"letterhead/message"
	"letterhead/practice"
	"letterhead/public"
	"letterhead/register"
	"letterhead/store"
	"letterhead/testkit"
	"letterhead/testkit/house"
)

// host is an installation with two practices, and its log.
type host struct {
	*house.House
	incidents.Host
	log bytes.Buffer
}

func newHost(t *testing.T, engine testkit.Engine) *host {
	t.Helper()
	h := &host{House: house.New(t, engine, "2026-11-30T21:00:00Z")}
	h.Host = incidents.Host{DB: h.House.DB, Keeper: h.House.Keeper, Folder: h.House.Folder, Trust: h.Root}
	for _, id := range []store.PracticeID{"p", "q"} {
		h.Change(id, func(tx *store.Tx) error {
			_, err := practice.Add(t.Context(), tx, practice.New("Practice "+string(id), "AU", "Australia/Melbourne"))
			return err
		})
	}
	return h
}

func (h *host) whole(fn func(x *store.Wide) error) {
	h.Helper()
	h.Must(h.House.DB.Whole(h.Context(), "test", fn))
}

func each(t *testing.T, test func(h *host)) {
	t.Helper()
	t.Parallel()
	for _, engine := range testkit.Engines() {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			test(newHost(t, engine))
		})
	}
}

const eve = "01a2f0a1-0000-7000-8000-00000000000e"

// closed is an incident of p that is measured and closed.
func (h *host) closed() (id string) {
	ctx := h.Context()
	h.whole(func(x *store.Wide) error {
		stop := message.Stop{Practice: "p", ID: "s1", Scope: message.StopMember, Subject: eve, Reason: "a stolen key", Who: "ana", At: x.Now}
		c, _, err := book.Raise(ctx, x, book.Opening{Kind: book.Person, By: "ana", Facts: book.Facts{Title: "Prize-draw mails", Sectors: []string{"Health"}, Vector: "Stolen credentials", Severity: "Minor"}, Stops: []message.Stop{stop}})
		id = c.ID
		return errors.Join(err, book.Measured(ctx, x, id, map[store.PracticeID][]book.Figure{"": {
			{Name: "clients", State: register.Exact, Number: 7, Evidence: []string{"rows: message, practice p"}},
			{Name: "members", State: register.Exact, Number: 1, Items: []string{eve}, Note: "who prepared it", Evidence: []string{"rows: bulk_order"}},
			{Name: "personal_data_clients", State: register.None, Note: "none, by our own access log"}, {Name: "link_hosts", State: register.Unknown, Note: "it is sealed"}}}),
			book.Note(ctx, x, id, "p", book.Entry{Kind: book.Decision, What: "a decision of p alone", Who: "ana"}), book.Note(ctx, x, id, "", book.Entry{Kind: book.Lesson, What: "the link was seen first", Who: "ana"}))
	})
	return id
}

// The register holds the records of a folder and the closed incidents, says nothing of an open one or of people's ids, and follows what changes.
func TestThePublicRegister(t *testing.T) {
	each(t, func(h *host) {
		from := h.TempDir()
		of := &incidents.Published{Host: h.Host, From: filepath.Join(from, "register"), Address: "https://clinic.example/register/", Log: slog.New(slog.NewTextHandler(&h.log, nil))}
		site, err := public.New(public.Parts{DB: h.House.DB, Register: of, Log: slog.New(slog.DiscardHandler)})
		h.Must(err)
		get := func(path string, status int, says ...string) *httptest.ResponseRecorder {
			h.Helper()
			w := httptest.NewRecorder()
			site.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
			if w.Code != status {
				h.Fatalf("%s: %d, want %d: %s", path, w.Code, status, w.Body)
			}
			for _, s := range says {
				if !strings.Contains(w.Body.String(), s) {
					h.Errorf("%s does not say %q", path, s)
				}
			}
			return w
		}
		get("/register/", 200, "Register of incidents") // of nothing yet
		id := h.closed()
		page := "/register/incident/" + id + ".html"
		h.Clock.Pass(time.Minute)
		get(page, 404)
		h.whole(func(x *store.Wide) error { return book.Close(h.Context(), x, id, "ana") })
		h.Must(os.MkdirAll(of.From, 0o700))
		seed, err := os.ReadFile("../../rehearse/drill/august/seed.md")
		h.Must(err)
		h.Must(os.WriteFile(filepath.Join(of.From, "2024-08-25-power-diary.md"), seed, 0o600))
		h.Must(os.WriteFile(filepath.Join(of.From, "broken.md"), []byte("+++\ntitle = \"x\n+++\n"), 0o600))
		get("/register/", 200) // looked at less than five seconds ago
		h.Clock.Pass(time.Minute)

		if w := get("/register", 301); w.Header().Get("Location") != "/register/" {
			h.Errorf("to %s", w.Header().Get("Location"))
		}
		front := get("/register/", 200, "Prize-draw mails", "Power Diary")
		if p := front.Header().Get("Content-Security-Policy"); !strings.Contains(p, "script-src 'self'") || front.Header().Get("X-Robots-Tag") != "" {
			h.Errorf("policy %q, robots %q", p, front.Header().Get("X-Robots-Tag"))
		}
		get(page, 200, "the link was seen first", "7", "Stolen credentials")
		for _, secret := range []string{eve, "a decision of p alone", "message, practice p", "stop s1"} {
			for _, file := range []string{page, "/register/incident/" + id + ".md", "/register/register.json", "/register/records.html"} {
				if strings.Contains(get(file, 200).Body.String(), secret) {
					h.Errorf("%s says %q", file, secret)
				}
			}
		}
		get("/register/incident/2024-08-25-power-diary.html", 200, "Misconfiguration")
		get("/register/vector/stolen-credentials.html", 200, "Prize-draw mails")
		if w := get("/register/feed.xml", 200, "https://clinic.example/register/incident/"+id+".html"); w.Header().Get("Content-Type") != "application/atom+xml; charset=utf-8" || xml.Unmarshal(w.Body.Bytes(), new(struct{})) != nil {
			h.Errorf("the feed: %s", w.Body)
		}
		for _, path := range []string{"/register/../letterhead.db", "/register/incident/", "/register/broken.md", "/register/.letterhead-register", "/register/%2e%2e/register/seed.md"} {
			w := httptest.NewRecorder()
			site.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
			if w.Code == 200 {
				h.Errorf("%s is there", path)
			}
		}
		if !strings.Contains(h.log.String(), "broken.md:2:") {
			h.Errorf("nobody is told of the broken record: %s", h.log.String())
		}
		h.Must(os.Remove(filepath.Join(of.From, "2024-08-25-power-diary.md")))
		h.Clock.Pass(time.Minute)
		get("/register/incident/2024-08-25-power-diary.html", 404)
	})
}
