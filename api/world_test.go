package api

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"letterhead/api/call"
	"letterhead/app/incidents"
	"letterhead/calendar"
	"letterhead/client"
	"letterhead/grant"
	"letterhead/guard"
	"letterhead/plan"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/template"
	"letterhead/testkit"
	"letterhead/testkit/visitor"
	"letterhead/vault"
	"letterhead/zone"
)

const host = "localhost:8080"

// world is one installation with two practices, and the API of both.
type world struct {
	*testing.T
	db     *store.DB
	keeper *vault.Keeper
	clock  *testkit.Clock
	door   *guard.Door
	api    http.Handler
	log    *bytes.Buffer
	one    home
	two    home
}

// home is what one practice has. Both have the same names in them.
type home struct {
	id           store.PracticeID
	owner        guard.Member
	practitioner practice.PractitionerID
	service      practice.ServiceID
	client       client.ID
	appointment  calendar.ID
	key          string // of a program with every scope
	credential   string
	grant        grant.Grant
}

// Tuesday 1 December 2026, 10:38 in Melbourne.
const morning = "2026-11-30T23:38:00Z"

func newWorld(t *testing.T, engine testkit.Engine, routes ...call.Route) *world {
	t.Helper()
	w := &world{T: t, clock: testkit.NewClock(t, morning), log: &bytes.Buffer{}}
	w.db = testkit.Open(t, engine, w.clock)
	var err error
	if w.keeper, err = vault.NewKeeper(bytes.Repeat([]byte{7}, 32)); err != nil {
		t.Fatal(err)
	}
	w.door = visitor.Door(t, w.db, w.keeper)
	w.one, w.two = w.home("Wattle Street Physiotherapy"), w.home("Rimu Road Podiatry")
	w.api, err = New(Config{DB: w.db, Keeper: w.keeper, Door: w.door, Hosts: []string{host}, Log: slog.New(slog.NewTextHandler(w.log, nil)), Routes: routes, Incidents: incidents.Programs{Host: incidents.Host{DB: w.db, Keeper: w.keeper}}})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func each(t *testing.T, test func(w *world)) {
	t.Helper()
	for _, engine := range testkit.Engines() {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			test(newWorld(t, engine))
		})
	}
}

func (w *world) change(h home, fn func(ctx context.Context, tx *store.Tx) error) {
	w.Helper()
	ctx := context.Background()
	if err := w.db.Change(ctx, store.Actor{Practice: h.id, Agent: "test"}, func(tx *store.Tx) error { return fn(ctx, tx) }); err != nil {
		w.Fatal(err)
	}
}

func (w *world) home(name string) home {
	h := home{id: store.NewID[store.PracticeID]()}
	w.change(h, func(ctx context.Context, tx *store.Tx) error {
		p := practice.New(name, "AU", "Australia/Melbourne")
		p.ID = h.id
		if _, err := practice.Add(ctx, tx, p); err != nil {
			return err
		}
		var err error
		if h.owner, err = guard.AddMember(ctx, tx, guard.Member{Email: "petra@example.org", Name: "Petra Schäfer", Role: guard.Owner}); err != nil {
			return err
		}
		if err := template.AddStarter(ctx, tx, "mail.letterhead.example"); err != nil {
			return err
		}
		if err := plan.AddStarter(ctx, tx); err != nil {
			return err
		}
		service, err := practice.AddService(ctx, tx, practice.Service{Name: "Standard", Minutes: 45, Mode: practice.InPerson})
		if err != nil {
			return err
		}
		who, err := practice.AddPractitioner(ctx, tx, practice.Practitioner{Name: "Petra Schäfer"})
		h.service, h.practitioner = service.ID, who.ID
		return err
	})
	w.change(h, func(ctx context.Context, tx *store.Tx) error {
		keys, err := w.keeper.Keys(ctx, tx)
		if err != nil {
			return err
		}
		c, err := client.Add(ctx, tx, keys, client.Client{FirstName: "João", LastName: "Costa", Email: client.Address{Written: "joao@example.org"}, Mobile: client.Address{Written: "0491 570 156"}})
		if err != nil {
			return err
		}
		wall, err := zone.ParseWall("2026-12-03T13:00")
		if err != nil {
			return err
		}
		a, err := calendar.Book(ctx, tx, calendar.BookRequest{Clients: []client.ID{c.ID}, Practitioner: h.practitioner, Service: h.service, Wall: wall})
		if err != nil {
			return err
		}
		h.client, h.appointment = c.ID, a.ID
		return plan.Refresh(ctx, tx, a.ID)
	})
	h.key, h.credential = w.program(h, guard.Scopes()...)
	h.grant = w.granted(h, h.credential)
	return h
}

// granted is a grant of 5 a day that its row says is signed: the API takes messages for it, and the courier asks the chain (package grant tries that).
func (w *world) granted(h home, credential string) (g grant.Grant) {
	w.Helper()
	w.change(h, func(ctx context.Context, tx *store.Tx) error {
		wordings, err := template.ByKey(ctx, tx)
		if err != nil {
			return err
		}
		if g, err = grant.Prepare(ctx, tx, grant.Grant{Credential: credential, Wording: wordings["booked"], Day: 5, ExpiresAt: tx.Now.AddDate(0, 3, 0)}); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE program_grant SET signed_at = 1 WHERE practice = $1 AND id = $2`, string(g.ID))
		return err
	})
	return g
}

// program makes a key.
func (w *world) program(h home, scopes ...guard.Scope) (key, id string) {
	w.Helper()
	w.change(h, func(ctx context.Context, tx *store.Tx) error {
		made, c, err := w.door.AddCredential(ctx, tx, h.owner, "Website", scopes, tx.Now.AddDate(0, 3, 0))
		key, id = made, c.ID
		return err
	})
	return key, id
}

func scope(p guard.Permission) guard.Scope {
	s, err := guard.ScopeOf(p)
	if err != nil {
		panic(err)
	}
	return s
}

// said is what the API answered.
type said struct {
	*httptest.ResponseRecorder
	text string
	json map[string]any
}

func (w *world) ask(key, method, path, body string, header ...string) said {
	w.Helper()
	var in io.Reader
	if body != "" {
		in = strings.NewReader(body)
	}
	request := httptest.NewRequest(method, "http://"+host+path, in)
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		request.Header.Set("Authorization", "Bearer "+key)
	}
	for i := 0; i+1 < len(header); i += 2 {
		if header[i] == "Host" {
			request.Host = header[i+1]
			continue
		}
		request.Header.Set(header[i], header[i+1])
	}
	recorder := httptest.NewRecorder()
	w.api.ServeHTTP(recorder, request)
	out := said{ResponseRecorder: recorder, text: recorder.Body.String(), json: map[string]any{}}
	if strings.Contains(recorder.Header().Get("Content-Type"), "json") {
		if err := json.Unmarshal(recorder.Body.Bytes(), &out.json); err != nil {
			w.Fatalf("%s %s: %v: %s", method, path, err, out.text)
		}
	}
	w.clock.Pass(time.Second) // allowances are tried elsewhere
	return out
}

func (w *world) get(path string) said { w.Helper(); return w.ask(w.one.key, "GET", path, "") }

func (w *world) post(path, body string, header ...string) said {
	w.Helper()
	return w.ask(w.one.key, "POST", path, body, append([]string{"Idempotency-Key", store.NewID[string]()}, header...)...)
}

func (w *world) is(s said, status int, key string) {
	w.Helper()
	if s.Code != status || key != "" && s.json["key"] != key {
		w.Errorf("%d %v, want %d %s: %s", s.Code, s.json["key"], status, key, s.text)
	}
}

func (s said) word(name string) string { word, _ := s.json[name].(string); return word }
