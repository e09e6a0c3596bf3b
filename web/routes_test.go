package web

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"letterhead/calendar"
	"letterhead/fault"
	"letterhead/guard"
	"letterhead/store"
	"letterhead/testkit"
	"letterhead/web/page"
)

// filled puts ids into a route's path: kind by what stands before it.
func filled(w *world, h home, pattern string) (method, path string) {
	method, path, _ = strings.Cut(pattern, " ")
	path = strings.TrimSuffix(path, "{$}")
	id := map[string]string{"/appointments/{id}": string(h.appointments["Costa"]), "/clients/{id}": string(h.clients["Costa"]), "/messages/{id}": messageOf(w, h), "/orders/{id}": string(h.order), "/incidents/{id}": w.incident(h), "/templates/{id}": w.wording(h, "booked"),
		"/settings/import/{id}": h.imported, "/settings/locations/{id}": string(h.location), "/settings/services/{id}": string(h.service), "/settings/practitioners/{id}": string(h.practitioners["Liam Nguyen"])}
	for prefix, value := range id {
		if value != "" && strings.HasPrefix(path, prefix) {
			path = strings.Replace(path, "{id}", value, 1)
		}
	}
	return method, strings.NewReplacer("{contact}", string(h.contact), "{other}", string(h.clients["Haddad"])).Replace(path)
}

func messageOf(w *world, h home) string {
	var found string
	w.view(h, func(ctx context.Context, tx *store.Tx) error {
		return tx.Row(ctx, `SELECT min(id) FROM message WHERE practice = $1`).Scan(&found)
	})
	return found
}

// Every route with an id, asked with the other practice's real ids: not found, and nothing of it is shown or changed.
func TestAnotherPracticesThingsAreNotFound(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		clients, appointments, details := sample(w, "wharf")
		hand := func(who []*http.Cookie) string {
			in := w.handIn(who, "clients", clients, "appointments", appointments, "practice", details)
			return strings.TrimPrefix(in.Header().Get("Location"), "/settings/import/")
		}
		w.one.imported, w.two.imported = hand(w.mine), hand(w.as(w.two, "mere@example.org", guard.Owner))
		before := w.appointment(w.two, w.two.appointments["Costa"])
		walked := 0
		for _, route := range (&server{}).routes() {
			if !strings.Contains(route.Pattern(), "{id}") {
				continue
			}
			walked++
			method, path := filled(w, w.two, route.Pattern())
			answer := w.ask(method, path, url.Values{"version": {"1"}, "by": {"client"}, "what": {"confirm"}, "date": {"2026-12-01"}, "time": {"10:00"}, "reminders": {"email"}})
			if method == "GET" {
				answer = w.get(path)
			}
			w.says(answer, 404, "There is nothing here")
			w.silent(answer, "Costa", "joao@", "Rimu")
			// And our own: the same route with our id is found.
			method, path = filled(w, w.one, route.Pattern())
			if method == "GET" && !strings.HasSuffix(path, "/source") { // what has not left has no source: TestAMessageIsHeldAgainstTheRecord reads one that has
				if own := w.get(path); own.Code != 200 {
					w.Errorf("%s: %d", path, own.Code)
				}
			}
		}
		if walked < 10 {
			w.Errorf("%d routes walked", walked)
		}
		if after := w.appointment(w.two, w.two.appointments["Costa"]); after.Version != before.Version {
			w.Error("another practice's appointment was changed")
		}
	})
}

func TestEveryRouteSaysWhoMay(t *testing.T) {
	t.Parallel()
	for _, route := range (&server{}).routes() {
		if err := route.Check(); err != nil {
			t.Error(err)
		}
		if strings.HasPrefix(route.Pattern(), "POST ") && route.Permission() == guard.CalendarRead {
			t.Errorf("%s changes with a permission to read", route.Pattern())
		}
	}
	if len(Routes()) != len((&server{}).routes()) || !strings.Contains(strings.Join(Routes(), "\n"), "public: files of the program") {
		t.Error("the printed table is not the table")
	}
}

func TestARouteWithoutPermissionDoesNotStart(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	nothing := func(*page.Visit) (page.Answer, error) { return page.Go("/") }
	plain := http.NotFoundHandler()
	for name, route := range map[string]page.Route{
		"empty": {}, "no permission": page.For("GET /x", "", nothing), "no reason": page.Public("GET /x", "", plain), "no handler": page.For("GET /x", guard.CalendarRead, nil),
		"no method": page.For("/x", guard.CalendarRead, nothing), "other method": page.For("PUT /x", guard.CalendarRead, nothing), "twice": page.For("GET /messages", guard.MessageRead, nothing),
	} {
		_, err := New(Config{DB: w.db, Keeper: w.keeper, Door: w.door, Hosts: []string{host}, Log: slog.New(slog.DiscardHandler), Routes: []page.Route{route}})
		if fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhatStandsBeforeAPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	path := "/appointments/" + string(w.one.appointments["Costa"])
	form := url.Values{"version": {"1"}, "by": {"client"}}
	for _, c := range []struct {
		name   string
		answer answer
		status int
	}{
		{"another host", w.ask("GET", "/", nil, "Host", "evil.example"), 421},
		{"cross-site", w.ask("POST", path+"/cancel", form, "Sec-Fetch-Site", "cross-site"), 403},
		{"same-site", w.ask("POST", path+"/cancel", form, "Sec-Fetch-Site", "same-site"), 403},
		{"another origin", w.ask("POST", path+"/cancel", form, "Origin", "https://evil.example"), 403},
		{"not a form", w.ask("POST", path+"/cancel", form, "Content-Type", "application/json"), 415},
		{"multipart", w.ask("POST", path+"/cancel", form, "Content-Type", "multipart/form-data; boundary=x"), 415},
		{"too large", w.ask("POST", path+"/cancel", url.Values{"reason": {strings.Repeat("a", maxBody+1)}}), 413},
		{"wrong method", w.ask("POST", "/messages", form), 405},
		{"wrong method", w.ask("DELETE", path, nil), 405},
		{"nothing there", w.get("/no/such/page"), 404},
		{"an id that is none", w.get("/appointments/'%20OR%201=1"), 404},
		{"a long id", w.get("/appointments/" + strings.Repeat("a", 5000)), 404},
		{"broken encoding", w.ask("POST", path+"/mark", url.Values{"what": {"\xff\xfe"}, "version": {"1"}}), 422},
	} {
		if c.answer.Code != c.status {
			t.Errorf("%s: %d, want %d: %s", c.name, c.answer.Code, c.status, shortened(c.answer.words()))
		}
		if c.answer.Header().Get("Content-Security-Policy") == "" || c.answer.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: without headers", c.name)
		}
	}
	if w.appointment(w.one, w.one.appointments["Costa"]).Booking != calendar.Booked {
		t.Error("one of them was carried out")
	}
	ours := w.ask("POST", path+"/cancel", form, "Sec-Fetch-Site", "same-origin")
	if ours.Code != http.StatusSeeOther {
		t.Errorf("our own form: %d", ours.Code)
	}
}

func TestErrorsTellAStrangerNothing(t *testing.T) {
	t.Parallel()
	secret := errors.New("dial tcp 10.0.0.1: password wrong for joao@example.org")
	w := newWorld(t, testkit.SQLite, page.For("GET /broken", guard.CalendarRead, func(*page.Visit) (page.Answer, error) { return page.Answer{}, secret }),
		page.For("GET /wreck", guard.CalendarRead, func(*page.Visit) (page.Answer, error) { panic("index out of range") }),
		page.For("GET /busy", guard.CalendarRead, func(*page.Visit) (page.Answer, error) { return page.Answer{}, store.ErrBusy.With(secret) }))
	w.says(w.get("/broken"), 500, "Something broke here")
	w.says(w.get("/wreck"), 500, "Something broke here")
	busy := w.get("/busy")
	w.says(busy, 503, "Not now")
	if busy.Header().Get("Retry-After") == "" {
		t.Error("it does not say when to come back")
	}
	for _, path := range []string{"/broken", "/wreck", "/busy"} {
		w.silent(w.get(path), "10.0.0.1", "password", "out of range", "joao")
	}
	if !strings.Contains(w.log.String(), `route="GET /broken"`) {
		t.Error("nothing is logged")
	}
}

// The log has patterns and ids of nobody: no name, no address, no search.
func TestTheLogNamesNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	w.post("/appointments/find", "find", "Haddad")
	w.get("/appointments/" + string(w.one.appointments["Haddad"]))
	w.post("/appointments/new", "last_name", "Okafor", "email", "okafor@example.org", "date", "2026-12-03", "time", "10:00")
	if found := regexp.MustCompile(`(?i)haddad|okafor|example\.org|[0-9a-f]{8}-[0-9a-f]{4}`).FindString(w.log.String()); found != "" {
		t.Errorf("the log says %q", found)
	}
	if !bytes.Contains(w.log.Bytes(), []byte(`route="GET /appointments/{id}"`)) {
		t.Error("the log lacks the route")
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	pages, err := New(Config{DB: w.db, Keeper: w.keeper, Door: w.door, Hosts: []string{host}, Secure: true, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if w.get("/").Header().Get("Strict-Transport-Security") != "" {
		t.Error("HSTS over http")
	}
	w.pages = pages
	for _, c := range w.mine { // https has cookies of its own name
		c.Name = "__Host-" + c.Name
	}
	header := w.get("/").Header()
	for name, want := range map[string]string{"Strict-Transport-Security": "max-age=63072000; includeSubDomains", "Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin", "Cache-Control": "no-store"} {
		if header.Get(name) != want {
			t.Errorf("%s: %q", name, header.Get(name))
		}
	}
	w.mine = nil // a new browser: it is given a cookie to be known by
	given := w.get("/sign-in").Result().Cookies()
	if len(given) == 0 {
		t.Error("no cookie is given")
	}
	for _, c := range given {
		if !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || !strings.HasPrefix(c.Name, "__Host-") {
			t.Errorf("a cookie that scripts or other hosts can reach: %v", c)
		}
	}
	if asset := w.get("/asset/source-serif-4.OFL.txt"); asset.Code != 200 || asset.Header().Get("Cache-Control") == "no-store" {
		t.Errorf("asset: %d, %s", asset.Code, asset.Header().Get("Cache-Control"))
	}
}
