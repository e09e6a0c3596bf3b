package api

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"letterhead/api/call"
	"letterhead/fault"
	"letterhead/guard"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/testkit"
)

var update = flag.Bool("update", false, "write golden files")

func TestARouteWithoutScopeDoesNotStart(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	nothing := func(*call.Call, call.Nothing) (call.Nothing, error) { return call.Nothing{}, nil }
	plain := http.NotFoundHandler()
	for name, route := range map[string]call.Route{
		"empty": {}, "no scope": call.For("GET /api/v1/x", "", "says x", nothing), "approving": call.For("GET /api/v1/x", guard.Approve, "approves", nothing),
		"the team": call.For("POST /api/v1/x", guard.TeamChange, "invites", nothing), "made up": call.For("GET /api/v1/x", "everything", "says x", nothing),
		"no reason": call.Public("GET /api/v1/x", "", plain), "no words": call.For("GET /api/v1/x", guard.CalendarRead, "", nothing),
		"no handler": call.For[call.Nothing, call.Nothing]("GET /api/v1/x", guard.CalendarRead, "says x", nil), "no method": call.For("/api/v1/x", guard.CalendarRead, "says x", nothing),
		"elsewhere": call.For("GET /x", guard.CalendarRead, "says x", nothing), "twice": call.For("GET /api/v1/stops", guard.SendingStop, "says x", nothing),
	} {
		_, err := New(Config{DB: w.db, Keeper: w.keeper, Door: w.door, Hosts: []string{host}, Log: slog.New(slog.DiscardHandler), Routes: []call.Route{route}})
		if fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if text := strings.Join(Table(), "\n"); len(Table()) != len(table()) || !strings.Contains(text, "program with sending.stop") || !strings.Contains(text, "public: describes") {
		t.Error(text)
	}
}

// filled puts a practice's ids into a route's path.
func (w *world) filled(h home, r call.Route) string {
	path := r.Path()
	for prefix, id := range map[string]string{"/api/v1/clients/{id}": string(h.client), "/api/v1/appointments/{id}": string(h.appointment), "/api/v1/messages/{id}": string(w.queue(h))} {
		if strings.HasPrefix(path, prefix) {
			path = strings.Replace(path, "{id}", id, 1)
		}
	}
	return path
}

// bodies are what each route takes that takes something, so that a walk reaches what it does.
func bodies(h home) map[string]string {
	return map[string]string{
		"POST /api/v1/clients/search": `{"text":"Costa"}`, "POST /api/v1/clients": `{"first_name":"Ann","last_name":"Lee"}`, "PATCH /api/v1/clients/{id}": `{"first_name":"Ann"}`,
		"POST /api/v1/appointments": booking(h, "16:00"), "POST /api/v1/appointments/{id}/move": `{"date":"2026-12-04","time":"15:00"}`,
		"POST /api/v1/appointments/{id}/cancel": `{"by":"client"}`, "POST /api/v1/appointments/{id}/confirm": `{}`, "GET /api/v1/appointments": "?from=2026-12-01&to=2026-12-05",
		"POST /api/v1/suppressions": `{"channel":"email","address":"a@example.org","reason":"stop"}`, "POST /api/v1/stops": `{"scope":"rule","subject":"x","reason":"x"}`, "POST /api/v1/messages": sending(h),
		"POST /api/v1/incidents": `{"title":"Prize-draw mails","scope":"rule","subject":"y"}`,
	}
}

// walk asks a route as a key's holder would, with another practice's or our own ids.
func (w *world) walk(key string, ids home, r call.Route, header ...string) said {
	w.Helper()
	body, path := bodies(w.one)[r.Pattern()], w.filled(ids, r)
	if r.Method() == "GET" {
		path, body = path+body, ""
	}
	return w.ask(key, r.Method(), path, body, append([]string{"If-Match", `"1"`, "Idempotency-Key", store.NewID[string]()}, header...)...)
}

// Every route: without a key, with each wrong one, with each single scope, and with the other practice's real ids.
func TestTheRouteTableIsWalked(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		keys := map[guard.Permission]string{}
		for _, s := range guard.Scopes() {
			keys[guard.Permission(s.String())], _ = w.program(w.one, s)
		}
		ended, id := w.program(w.one, guard.Scopes()...)
		w.change(w.one, func(ctx context.Context, tx *store.Tx) error { return guard.EndCredential(ctx, tx, id) })
		for _, r := range programs() {
			for name, key := range map[string]string{"none": "", "withdrawn": ended, "made up": "lh_" + strings.Repeat("A", 43), "no key at all": "x", "longer": w.one.key + "A"} {
				w.clock.Pass(15 * time.Second) // tries from one address are limited
				if s := w.walk(key, w.one, r); s.Code != 401 || s.Header().Get("WWW-Authenticate") == "" || s.word("key") != "guard.credential" {
					w.Errorf("%s, %s: %d %s", r.Pattern(), name, s.Code, s.text)
				}
			}
			for p, key := range keys {
				if p != r.Scope() {
					w.is(w.walk(key, w.one, r), 403, "api.scope")
				}
			}
			if strings.Contains(r.Pattern(), "{id}") {
				s := w.walk(w.one.key, w.two, r)
				if s.Code != 404 || strings.Contains(s.text, "Costa") || strings.Contains(s.text, "joao") {
					w.Errorf("%s with another practice's id: %d %s", r.Pattern(), s.Code, s.text)
				}
			}
			key := keys[r.Scope()]
			if r.Makes() && r.Scope() == guard.MessageSend {
				key = w.one.key // whose grant it is
			}
			if s := w.walk(key, w.one, r); s.Code != r.Status() && s.Code != 412 { // another route of the walk changed it
				w.Errorf("%s: %d %s", r.Pattern(), s.Code, s.text)
			}
		}
		w.clock.Pass(100 * 24 * time.Hour)
		w.is(w.get("/api/v1/practice"), 401, "guard.credential") // expired
		var n int
		w.change(w.two, func(ctx context.Context, tx *store.Tx) error {
			return tx.Row(ctx, `SELECT (SELECT count(*) FROM client WHERE practice = $1 AND version > 1) + (SELECT count(*) FROM appointment WHERE practice = $1 AND version > 1)`).Scan(&n)
		})
		if n != 0 {
			w.Error("something of the other practice was changed")
		}
	})
}

// The other practice's things are not found inside a body either.
func TestAnotherPracticesIdsInABody(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		for _, swap := range [][2]string{{string(w.one.client), string(w.two.client)}, {string(w.one.practitioner), string(w.two.practitioner)}, {string(w.one.service), string(w.two.service)}} {
			s := w.post("/api/v1/appointments", strings.Replace(booking(w.one, "16:00"), swap[0], swap[1], 1))
			w.is(s, 404, "")
		}
		place := "/api/v1/appointments/" + string(w.one.appointment)
		w.is(w.post(place+"/move", `{"practitioner":"`+string(w.two.practitioner)+`"}`, "If-Match", `"1"`), 404, "")
		w.is(w.post(place+"/confirm", `{"attendee":"`+store.NewID[string]()+`"}`, "If-Match", `"1"`), 404, "")
	})
}

func TestWhatStandsBeforeARoute(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	key, client := w.one.key, `{"first_name":"Ann","last_name":"Lee"}`
	deep := strings.Repeat(`{"first_name":`, 8) + `1` + strings.Repeat(`}`, 8)
	idem := []string{"Idempotency-Key", "the-same-key"}
	for _, c := range []struct {
		name   string
		said   said
		status int
		key    string
	}{
		{"another host", w.ask(key, "GET", "/api/v1/practice", "", "Host", "evil.example"), 421, ""},
		{"a page of another site", w.ask(key, "POST", "/api/v1/clients", client, "Sec-Fetch-Site", "cross-site"), 403, "api.browser"},
		{"a page of ours", w.ask(key, "GET", "/api/v1/practice", "", "Sec-Fetch-Site", "same-origin"), 403, "api.browser"},
		{"an origin", w.ask(key, "POST", "/api/v1/clients", client, "Origin", "http://"+host), 403, "api.browser"},
		{"a preflight", w.ask("", "OPTIONS", "/api/v1/clients", "", "Origin", "https://evil.example", "Access-Control-Request-Method", "POST"), 403, "api.browser"},
		{"a form somebody opened", w.ask(key, "POST", "/api/v1/clients", client, "Sec-Fetch-Site", "none"), 403, "api.browser"},
		{"a key in the address", w.ask("", "GET", "/api/v1/practice?access_token="+key, ""), 401, "guard.credential"},
		{"a key in a cookie", w.ask("", "GET", "/api/v1/practice", "", "Cookie", "letterhead="+key+"; __Host-letterhead="+key), 401, "guard.credential"},
		{"basic", w.ask("", "GET", "/api/v1/practice", "", "Authorization", "Basic "+key), 401, "guard.credential"},
		{"wrong method", w.ask(key, "DELETE", "/api/v1/clients", ""), 405, "api.method"},
		{"wrong method", w.ask(key, "POST", "/api/v1/practice", `{}`), 405, "api.method"},
		{"nothing there", w.ask(key, "GET", "/api/v1/nothing", ""), 404, "api.nothing"},
		{"nothing there", w.ask(key, "GET", "/api/v2/practice", ""), 404, "api.nothing"},
		{"a roundabout way", w.ask(key, "GET", "/api/v1//practice", ""), 404, "api.nothing"},
		{"an id that is none", w.ask(key, "GET", "/api/v1/clients/'%20OR%201=1", ""), 404, "client.not_found"},
		{"a long id", w.ask(key, "GET", "/api/v1/clients/"+strings.Repeat("a", 5000), ""), 404, "client.not_found"},
		{"not JSON", w.ask(key, "POST", "/api/v1/clients", client, append(idem, "Content-Type", "application/x-www-form-urlencoded")...), 415, "api.content_type"},
		{"too large", w.ask(key, "POST", "/api/v1/clients", `{"first_name":"`+strings.Repeat("a", call.MaxBody)+`"}`, idem...), 413, "api.too_large"},
		{"broken", w.ask(key, "POST", "/api/v1/clients", `{"first_name":"Ann`, idem...), 400, "api.json"},
		{"two", w.ask(key, "POST", "/api/v1/clients", client+client, idem...), 400, "api.json"},
		{"a list", w.ask(key, "POST", "/api/v1/clients", `[`+client+`]`, idem...), 400, "api.json"},
		{"nothing", w.ask(key, "POST", "/api/v1/clients", "", idem...), 415, "api.content_type"},
		{"no text", w.ask(key, "POST", "/api/v1/clients", "{\"first_name\":\"\xff\"}", idem...), 400, "api.json"},
		{"a NUL", w.ask(key, "POST", "/api/v1/clients", `{"first_name":"A\u0000","last_name":"Lee"}`, idem...), 422, "api.text"},
		{"deep", w.ask(key, "POST", "/api/v1/clients", deep, idem...), 400, "api.deep"},
		{"deeper", w.ask(key, "POST", "/api/v1/clients", strings.Repeat(`{"a":[`, 9000), idem...), 400, "api.deep"},
		{"unknown member", w.ask(key, "POST", "/api/v1/clients", `{"first_name":"Ann","last_name":"Lee","html":"<b>"}`, idem...), 422, "api.unknown_field"},
		{"in other letters", w.ask(key, "POST", "/api/v1/clients", `{"First_Name":"Ann","last_name":"Lee"}`, idem...), 422, "api.unknown_field"},
		{"twice", w.ask(key, "POST", "/api/v1/clients", `{"first_name":"Ann","first_name":"Bob","last_name":"Lee"}`, idem...), 400, "api.member_twice"},
		{"another type", w.ask(key, "POST", "/api/v1/clients", `{"first_name":["Ann"],"last_name":"Lee"}`, idem...), 422, "api.type"},
		{"parameters of a POST", w.ask(key, "POST", "/api/v1/clients?dry=1", client, idem...), 400, "api.query"},
		{"unknown parameter", w.ask(key, "GET", "/api/v1/clients?search=Costa", ""), 400, "api.query"},
		{"a parameter twice", w.ask(key, "GET", "/api/v1/clients?limit=1&limit=2", ""), 400, "api.query"},
		{"a parameter that is no number", w.ask(key, "GET", "/api/v1/clients?limit=x", ""), 422, "api.type"},
		{"broken parameters", w.ask(key, "GET", "/api/v1/clients?limit=%zz", ""), 400, "api.query"},
	} {
		if c.said.Code != c.status || c.key != "" && c.said.word("key") != c.key {
			t.Errorf("%s: %d %s, want %d %s", c.name, c.said.Code, c.said.text, c.status, c.key)
		}
		for name, want := range map[string]string{"Content-Security-Policy": strictlyNobody, "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"} {
			if c.said.Header().Get(name) != want {
				t.Errorf("%s: %s is %q", c.name, name, c.said.Header().Get(name))
			}
		}
		for name := range c.said.Header() {
			if strings.HasPrefix(name, "Access-Control-") || name == "Set-Cookie" {
				t.Errorf("%s: %s", c.name, name)
			}
		}
		if c.status != 421 && c.said.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %s", c.name, c.said.Header().Get("Content-Type"))
		}
	}
	if s := w.get("/api/v1/clients"); strings.Contains(s.text, "Lee") {
		t.Error("one of them was carried out")
	}
}

// Whatever is sent, in whichever member of whichever route: a refusal does not repeat it, and the log has nothing of it.
func TestARefusalRepeatsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	const marked = "Zzyzx-0491570156-<script>"
	for _, r := range programs() {
		in, _ := r.Types()
		for i := range in.NumField() {
			f := in.Field(i)
			name, _, _ := strings.Cut(f.Tag.Get("json")+f.Tag.Get("query"), ",")
			for _, value := range []string{`"x","zzyzx0491570156":"x"`, `"` + marked + `"`, `["` + marked + `"]`, `{"` + marked + `":"` + marked + `"}`} {
				path, body := w.filled(w.one, r), `{"`+name+`":`+value+`}`
				if r.Method() == "GET" {
					path, body = path+"?"+name+"="+"Zzyzx-0491570156", ""
				}
				s := w.ask(w.one.key, r.Method(), path, body, "If-Match", `"1"`, "Idempotency-Key", store.NewID[string]())
				if s.Code >= 500 || strings.Contains(strings.ToLower(s.text), "zzyzx") && s.Code >= 400 {
					t.Errorf("%s, %s: %d %s", r.Pattern(), name, s.Code, s.text)
				}
				if s.Code >= 400 && (s.word("key") == "" || s.word("detail") == "" || s.word("fix") == "") {
					t.Errorf("%s, %s: %s", r.Pattern(), name, s.text)
				}
			}
		}
	}
	if found := regexp.MustCompile(`Zzyzx|Costa|joao|lh_|search=|client=`).FindString(w.log.String()); found != "" || !strings.Contains(w.log.String(), `route="GET /api/v1/clients" credential=`) {
		t.Errorf("the log says %q", found)
	}
}

func TestErrorsTellAProgramNothing(t *testing.T) {
	t.Parallel()
	secret := errors.New("dial tcp 10.0.0.1: password wrong for joao@example.org")
	broken := func(with func() error) func(*call.Call, call.Nothing) (call.Nothing, error) {
		return func(*call.Call, call.Nothing) (call.Nothing, error) { return call.Nothing{}, with() }
	}
	w := newWorld(t, testkit.SQLite,
		call.For("GET /api/v1/broken", guard.CalendarRead, "breaks", broken(func() error { return secret })),
		call.For("GET /api/v1/told", guard.CalendarRead, "breaks", broken(func() error { return fault.New(fault.Internal, "x.y", "joao@example.org") })),
		call.For("GET /api/v1/wreck", guard.CalendarRead, "breaks", broken(func() error { panic("index out of range") })),
		call.For("GET /api/v1/busy", guard.CalendarRead, "is busy", broken(func() error { return store.ErrBusy.With(secret) })),
		call.For("GET /api/v1/slow", guard.CalendarRead, "is slow", broken(func() error { return fmt.Errorf("x: %w", context.DeadlineExceeded) })))
	for path, want := range map[string]string{"broken": "500 api.internal", "told": "500 api.internal", "wreck": "500 api.internal", "busy": "503 store.busy", "slow": "503 api.slow"} {
		s := w.get("/api/v1/" + path)
		if fmt.Sprint(s.Code, " ", s.word("key")) != want || strings.Contains(s.text, "10.0.0.1") || strings.Contains(s.text, "range") || strings.Contains(s.text, "joao") {
			t.Errorf("%s: %d %s", path, s.Code, s.text)
		}
	}
	if w.get("/api/v1/busy").Header().Get("Retry-After") == "" || !strings.Contains(w.log.String(), "10.0.0.1") {
		t.Error("no Retry-After, or no cause in the log")
	}
}

// A program that asks too often waits; another does not.
func TestAProgramHasAnAllowance(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	other, _ := w.program(w.one, guard.Scopes()...)
	still := func(key string) said {
		s := w.ask(key, "GET", "/api/v1/practice", "")
		w.clock.Pass(-time.Second)
		return s
	}
	refused := 0
	for range allowances["read"].Burst + 10 {
		if s := still(w.one.key); s.Code == 429 {
			refused++
			if s.Header().Get("Retry-After") != "1" || s.word("fix") != call.Wait {
				t.Error(s.text)
			}
		}
	}
	if refused != 10 || still(other).Code != 200 {
		t.Errorf("%d refused", refused)
	}
	// Guessing keys from one address runs out too, and locks nobody out who has one.
	codes := map[int]int{}
	for i := range 60 {
		codes[still(fmt.Sprintf("lh_%043d", i)).Code]++
	}
	if codes[429] == 0 || still(other).Code != 200 {
		t.Errorf("%v", codes)
	}
}

func TestAClosedPracticeHasNoPrograms(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	w.change(w.one, func(ctx context.Context, tx *store.Tx) error { return practice.Close(ctx, tx) })
	w.is(w.get("/api/v1/practice"), 401, "guard.credential")
	if s := w.ask(w.two.key, "GET", "/api/v1/practice", ""); s.Code != 200 || s.word("name") != "Rimu Road Podiatry" {
		t.Error(s.text)
	}
}

func TestTheDescription(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	s := w.ask("", "GET", "/api/v1/openapi.json", "", "Sec-Fetch-Site", "none")
	w.is(s, 200, "")
	const golden = "testdata/openapi.json"
	if *update {
		if err := os.WriteFile(golden, []byte(s.text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, []byte(s.text)) {
		t.Error("the description has changed; look at it, then go test ./api -update")
	}
	paths := s.json["paths"].(map[string]any)
	for _, r := range programs() {
		if paths[r.Path()].(map[string]any)[strings.ToLower(r.Method())] == nil {
			t.Errorf("%s is not described", r.Pattern())
		}
	}
	// Every type that is referred to is described, and only by one shape: two types of a name would hide each other.
	names := map[string]reflect.Type{}
	for _, r := range programs() {
		in, out := r.Types()
		for _, kind := range []reflect.Type{in, out} {
			if names[kind.Name()] != nil && names[kind.Name()] != kind {
				t.Errorf("two types are named %s", kind.Name())
			}
			names[kind.Name()] = kind
		}
	}
}
