package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"letterhead/guard"
	"letterhead/testkit"
	"letterhead/web/page"
)

// address puts real ids of a practice into a route's path.
func (w *world) address(h home, pattern string) (method, path string) {
	method, path = filled(w, h, pattern)
	for name, id := range map[string]string{"{member}": w.memberOf(h), "{key}": "0190", "{token}": strings.Repeat("A", 43), "{id}": "0190", "{letter}": "0190", "{answer}": "0190"} {
		path = strings.ReplaceAll(path, name, id)
	}
	return method, path
}

func (w *world) members(visit func(method, path string, route page.Route)) {
	w.Helper()
	n := 0
	for _, route := range (&server{}).routes() {
		if route.Permission() == "" {
			continue
		}
		n++
		method, path := w.address(w.one, route.Pattern())
		visit(method, path, route)
	}
	if n < 35 {
		w.Errorf("%d routes walked", n)
	}
}

var anyForm = url.Values{"version": {"1"}, "by": {"client"}, "what": {"confirm"}, "role": {"owner"}, "email": {"x@example.org"}}

func bodyOf(method string) url.Values {
	if method == "POST" {
		return anyForm
	}
	return nil
}

// Without a session, with a forged one, with one whose cookie was carried to another device: nobody comes past the sign-in.
func TestNoRouteWithoutASession(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	stolen := []*http.Cookie{w.mine[0]} // the device's cookie is not with it
	forged := []*http.Cookie{{Name: "letterhead", Value: strings.Repeat("A", 43)}, w.mine[1]}
	for name, who := range map[string][]*http.Cookie{"nobody": nil, "forged": forged} {
		w.clock.Pass(time.Hour) // allowances fill again
		w.mine = w.as(w.one, "petra@example.org", guard.Owner)
		w.members(func(method, path string, route page.Route) {
			w.clock.Pass(2 * time.Second) // a stranger's allowance lasts for all of them
			answer := w.askAs(who, method, path, bodyOf(method))
			switch {
			case method == "GET" && (answer.Code != 303 || !strings.HasPrefix(answer.Header().Get("Location"), "/sign-in?next=")):
				t.Errorf("%s: GET %s: %d", name, path, answer.Code)
			case method == "POST" && answer.Code != 401:
				t.Errorf("%s: POST %s: %d", name, path, answer.Code)
			}
			w.silent(answer, "Costa", "Brennan", "Wattle Street")
		})
	}
	if answer := w.askAs(stolen, "GET", "/", nil); answer.Code != 303 {
		t.Errorf("a stolen cookie: %d", answer.Code)
	}
	old := []*http.Cookie{stolen[0], w.mine[1]}
	if answer := w.askAs(old, "GET", "/", nil); answer.Code != 303 {
		t.Errorf("a cookie that was seen elsewhere: %d", answer.Code)
	}
	if answer := w.askAs(nil, "GET", "/messages", nil, "HX-Request", "true"); answer.Code != 401 {
		t.Errorf("a part of a page: %d", answer.Code)
	}
}

// Each role, on every route: what it lacks is refused, what it has is not.
func TestEachRoleOnEveryRoute(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	for _, role := range guard.Roles() {
		who := w.as(w.one, strings.ReplaceAll(string(role), " ", "")+"@example.org", role)
		refused := 0
		w.members(func(method, path string, route page.Route) {
			w.clock.Pass(time.Second)
			if role.May(route.Permission()) {
				if method == "GET" {
					if answer := w.askAs(who, method, path, nil); answer.Code == 401 || answer.Code == 403 || answer.Code >= 500 {
						t.Errorf("%s: %s: %d", role, path, answer.Code)
					}
				}
				return
			}
			refused++
			answer := w.askAs(who, method, path, bodyOf(method))
			if answer.Code != 403 {
				t.Errorf("%s: %s %s: %d", role, method, path, answer.Code)
			}
			w.silent(answer, "Costa", "Brennan")
		})
		if (role == guard.Owner) != (refused == 0) && role != guard.Manager {
			t.Errorf("%s is refused on %d routes", role, refused)
		}
	}
}

// The same walk with another practice's real ids, from another site, and with too much.
func TestEveryRouteAgainstStrangeRequests(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	large := url.Values{"reason": {strings.Repeat("a", maxBody+1)}}
	for _, route := range (&server{}).routes() {
		if route.Handler() == nil {
			continue
		}
		w.clock.Pass(20 * time.Second)
		w.mine = w.as(w.one, "petra@example.org", guard.Owner)
		if strings.Contains(route.Pattern(), "{member}") {
			method, path := w.address(w.two, route.Pattern())
			if answer := w.ask(method, path, bodyOf(method)); answer.Code != 404 {
				t.Errorf("%s with the other practice's member: %d", route.Pattern(), answer.Code)
			}
		}
		method, path := w.address(w.one, route.Pattern())
		if answer := w.ask("DELETE", path, nil); answer.Code != 405 {
			t.Errorf("DELETE %s: %d", path, answer.Code)
		}
		if method != "POST" {
			continue
		}
		for _, header := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}, {"Origin", "null"}} {
			if answer := w.ask("POST", path, anyForm, header...); answer.Code != 403 {
				t.Errorf("%s from another site (%s): %d", path, header[1], answer.Code)
			}
		}
		body := large
		if route.Uploads() {
			body = url.Values{"kept": {strings.Repeat("a", page.MaxUpload+1)}}
		}
		if answer := w.ask("POST", path, body); answer.Code != 413 && !(route.IsStream() && route.Uploads() && answer.Code == 415) { // of that one, the form is asked before it is read
			t.Errorf("%s with a large body: %d", path, answer.Code)
		}
		if answer := w.ask("POST", path, anyForm, "Content-Type", "text/plain"); answer.Code != 415 {
			t.Errorf("%s with another content type: %d", path, answer.Code)
		}
	}
	if answer := w.get("/"); answer.Code != 200 {
		t.Errorf("after it all: %d", answer.Code)
	}
}

// What asks for a fresh proof does so on each of its routes, and leads back.
func TestAnOldProofIsNotEnough(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	w.clock.Pass(guard.Fresh)
	walked := 0
	w.members(func(method, path string, route page.Route) {
		if route.Back() == "" {
			return
		}
		walked++
		answer := w.ask(method, path, bodyOf(method))
		if to := answer.Header().Get("Location"); answer.Code != 303 || !strings.HasPrefix(to, "/prove?next=") || strings.Contains(to, "{") {
			t.Errorf("%s: %d to %q", path, answer.Code, to)
		}
	})
	if walked < 12 {
		t.Errorf("%d routes", walked)
	}
}

func TestHowOftenIsLimited(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	count := func(who []*http.Cookie, method, path string, n int) (limited int) {
		for range n {
			if answer := w.askAs(who, method, path, bodyOf(method)); answer.Code == 429 {
				limited++
				if answer.Header().Get("Retry-After") == "" {
					t.Error("it does not say when to come back")
				}
			}
		}
		return limited
	}
	if n := count(nil, "GET", "/sign-in", 80); n != 20 {
		t.Errorf("a stranger: %d of 80 limited", n)
	}
	// One stranger's flood is not a member's, even from the same address.
	if n := count(w.mine, "GET", "/design", 50); n != 0 {
		t.Errorf("a member: %d of 50 limited", n)
	}
	// Nor is it a known device's: who works here signs in although somebody behind the same address floods.
	if n := count(w.mine[1:], "GET", "/sign-in", 30); n != 0 {
		t.Errorf("a known device without a session: %d of 30 limited", n)
	}
	if n := count(w.mine, "POST", "/practices", 80); n < 10 {
		t.Errorf("changes: %d of 80 limited", n)
	}
	w.clock.Pass(time.Minute)
	if n := count(nil, "GET", "/sign-in", 50); n != 0 {
		t.Errorf("a minute later: %d limited", n)
	}
}

func (w *world) memberOf(h home) string {
	w.Helper()
	return w.owners[h.id]
}
