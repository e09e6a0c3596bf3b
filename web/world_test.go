package web

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"letterhead/approval"
	"letterhead/calendar"
	"letterhead/client"
	"letterhead/guard"
	"letterhead/message"
	"letterhead/order"
	"letterhead/plan"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/template"
	"letterhead/testkit"
	"letterhead/testkit/visitor"
	"letterhead/transfer/upload"
	"letterhead/vault"
	"letterhead/web/page"
	"letterhead/zone"
)

const (
	host         = "localhost:8080"
	platformName = "mail.letterhead.example"
)

// world is one installation with two practices, and the pages of the first.
type world struct {
	record page.Record // nil: nothing can be said of it
	signed func(context.Context, *store.Tx, func(*approval.State) error) error

	testing.TB
	db      *store.DB
	keeper  *vault.Keeper
	clock   *testkit.Clock
	pages   http.Handler
	door    *guard.Door
	mine    []*http.Cookie // of the first practice's owner
	owners  map[store.PracticeID]string
	log     *bytes.Buffer
	uploads *upload.Desk
	one     home
	two     home
}

// home is what one practice has.
type home struct {
	id            store.PracticeID
	practitioners map[string]practice.PractitionerID
	service       practice.ServiceID
	location      practice.LocationID
	clients       map[string]client.ID
	contact       client.ContactID // of Costa
	appointments  map[string]calendar.ID
	order         order.ID // a draft
	imported      string   // an import that was handed in; "" before one is
}

// Tuesday 1 December 2026, 10:38 in Melbourne.
const morning = "2026-11-30T23:38:00Z"

func newWorld(t *testing.T, engine testkit.Engine, routes ...page.Route) *world {
	t.Helper()
	w := &world{TB: t, owners: map[store.PracticeID]string{}, clock: testkit.NewClock(t, "2026-11-17T03:00:00Z"), log: &bytes.Buffer{}}
	w.db = testkit.Open(t, engine, w.clock)
	var err error
	if w.keeper, err = vault.NewKeeper(bytes.Repeat([]byte{7}, 32)); err != nil {
		t.Fatal(err)
	}
	w.one, w.two = w.home("Wattle Street Physiotherapy", "petra@example.org"), w.home("Rimu Road Podiatry", "mere@example.org")
	w.fill(&w.one)
	w.fill(&w.two)
	at, err := time.Parse(time.RFC3339, morning)
	if err != nil {
		t.Fatal(err)
	}
	w.clock.Set(at)
	w.door = visitor.Door(t, w.db, w.keeper)
	w.uploads = upload.New(w.db, w.keeper, t.TempDir(), func(context.Context, store.Actor) error { return nil })
	w.pages, err = New(Config{DB: w.db, Keeper: w.keeper, Door: w.door, Hosts: []string{host}, Log: slog.New(slog.NewTextHandler(w.log, nil)), Routes: routes, Uploads: w.uploads, Platform: platformName, Incidents: w.incidents()})
	if err != nil {
		t.Fatal(err)
	}
	w.mine = w.as(w.one, "petra@example.org", guard.Owner)
	return w
}

// as signs somebody in at a practice, who joins its team if need be. Everybody's address is their own: a person may be at both.
func (w *world) as(h home, email string, role guard.Role) []*http.Cookie {
	w.Helper()
	var id store.MemberID
	w.change(h, func(ctx context.Context, tx *store.Tx) error {
		members, err := guard.Members(ctx, tx)
		for _, m := range members {
			if m.Email == email {
				id = m.ID
			}
		}
		if err == nil && id == "" {
			var m guard.Member
			m, err = guard.AddMember(ctx, tx, guard.Member{Email: email, Name: email, Role: role})
			id = m.ID
		}
		return err
	})
	return visitor.Cookies(w.TB, w.door, h.id, id)
}

func (w *world) change(h home, fn func(ctx context.Context, tx *store.Tx) error) {
	w.Helper()
	ctx := context.Background()
	if err := w.db.Change(ctx, store.Actor{Practice: h.id, Agent: "test"}, func(tx *store.Tx) error { return fn(ctx, tx) }); err != nil {
		w.Fatal(err)
	}
}

func (w *world) view(h home, fn func(ctx context.Context, tx *store.Tx) error) {
	w.Helper()
	ctx := context.Background()
	if err := w.db.View(ctx, store.Actor{Practice: h.id, Agent: "test"}, func(tx *store.Tx) error { return fn(ctx, tx) }); err != nil {
		w.Fatal(err)
	}
}

func (w *world) home(name, owner string) home {
	h := home{id: store.NewID[store.PracticeID](), practitioners: map[string]practice.PractitionerID{}, clients: map[string]client.ID{}, appointments: map[string]calendar.ID{}}
	w.change(h, func(ctx context.Context, tx *store.Tx) error {
		p := practice.New(name, "AU", "Australia/Melbourne")
		p.ID = h.id
		if _, err := practice.Add(ctx, tx, p); err != nil {
			return err
		}
		m, err := guard.AddMember(ctx, tx, guard.Member{Email: owner, Name: "Petra Schäfer", Role: guard.Owner})
		if err != nil {
			return err
		}
		w.owners[h.id] = string(m.ID)
		if _, err := w.keeper.Keys(ctx, tx); err != nil {
			return err
		}
		if err := template.AddStarter(ctx, tx, platformName); err != nil {
			return err
		}
		if err := plan.AddStarter(ctx, tx); err != nil {
			return err
		}
		places, err := practice.Locations(ctx, tx)
		if err != nil {
			return err
		}
		service, err := practice.AddService(ctx, tx, practice.Service{Name: "Standard", Minutes: 45, Mode: practice.InPerson})
		h.location, h.service = places[0].ID, service.ID
		return err
	})
	return h
}

// fill gives a practice people and a day: confirmed, not reached, moved, cancelled.
func (w *world) fill(h *home) {
	w.change(*h, func(ctx context.Context, tx *store.Tx) error {
		keys, err := w.keeper.Keys(ctx, tx)
		if err != nil {
			return err
		}
		for _, name := range []string{"Petra Schäfer", "Liam Nguyen", "Hēmi Ngata"} {
			p, err := practice.AddPractitioner(ctx, tx, practice.Practitioner{Name: name})
			if err != nil {
				return err
			}
			h.practitioners[name] = p.ID
		}
		for _, c := range []client.Client{
			{FirstName: "Aoife", LastName: "Brennan", Email: client.Address{Written: "aoife@example.org"}},
			{FirstName: "Fatima", LastName: "Haddad", Email: client.Address{Written: "fatima@example.org"}},
			{FirstName: "João", LastName: "Costa", Email: client.Address{Written: "joao@example.org"}, Mobile: client.Address{Written: "0491 570 156"}},
			{FirstName: "Elif", LastName: "Öztürk", Born: "1980-05-04"},
			{FirstName: "Oscar", LastName: "Reid", Email: client.Address{Written: "oscar@example.org"}},
		} {
			added, err := client.Add(ctx, tx, keys, c)
			if err != nil {
				return err
			}
			h.clients[c.LastName] = added.ID
		}
		mother, err := client.AddContact(ctx, tx, keys, client.Contact{Client: h.clients["Costa"], Name: "Inês Costa", Relation: "mother", Receives: client.NoReminders})
		h.contact = mother.ID
		return err
	})
	w.book(h, "Brennan", "Petra Schäfer", "2026-12-01T09:00")
	w.book(h, "Haddad", "Petra Schäfer", "2026-12-01T11:00")
	w.book(h, "Costa", "Petra Schäfer", "2026-12-01T13:00")
	w.book(h, "Öztürk", "Hēmi Ngata", "2026-12-01T12:00")
	w.book(h, "Reid", "Liam Nguyen", "2026-12-01T10:00")
	w.change(*h, func(ctx context.Context, tx *store.Tx) error {
		if _, err := calendar.Confirm(ctx, tx, calendar.Mark{ID: h.appointments["Brennan"], Version: 1}); err != nil {
			return err
		}
		_, err := calendar.Cancel(ctx, tx, calendar.CancelRequest{ID: h.appointments["Reid"], Version: 1, By: calendar.ByClient, Reason: "sick"})
		return err
	})
	w.send(h, "Haddad")
	h.order = w.draft(*h)
}

func (w *world) book(h *home, who, practitioner, at string) {
	w.Helper()
	wall, err := zone.ParseWall(at)
	if err != nil {
		w.Fatal(err)
	}
	w.change(*h, func(ctx context.Context, tx *store.Tx) error {
		a, err := calendar.Book(ctx, tx, calendar.BookRequest{Clients: []client.ID{h.clients[who]}, Practitioner: h.practitioners[practitioner], Service: h.service, Location: h.location, Wall: wall})
		if err != nil {
			return err
		}
		h.appointments[who] = a.ID
		return plan.Refresh(ctx, tx, a.ID)
	})
}

// send leaves a message that was sent and one that was refused, as the courier would.
func (w *world) send(h *home, who string) {
	w.Helper()
	var ids []message.ID
	w.change(*h, func(ctx context.Context, tx *store.Tx) error {
		entries, err := calendar.Entries(ctx, tx, []calendar.ID{h.appointments[who]})
		if err != nil {
			return err
		}
		person := entries[h.appointments[who]].People[0]
		intent := func(rule string) message.Intent {
			return message.Intent{Kind: message.Rule, Channel: message.Email, Purpose: message.Appointments, Rule: rule, Version: "v", Digest: strings.Repeat("ab", 32), Language: "en",
				Appointment: string(h.appointments[who]), Attendee: string(person.ID), Generation: 1, Client: string(h.clients[who]), Recipient: string(h.clients[who]),
				Turn: tx.Now, NotAfter: tx.Now.Add(24 * time.Hour)}
		}
		ids, err = message.Queue(ctx, tx, []message.Intent{intent("booked"), intent("reminder-2-days")})
		return err
	})
	ctx := context.Background()
	err := w.db.Whole(ctx, "test", func(wide *store.Wide) error {
		if _, err := message.Lease(ctx, wide, "courier", []store.PracticeID{h.id}, wide.Now.Add(time.Hour)); err != nil {
			return err
		}
		return message.Mark(ctx, wide, "courier", []message.Outcome{
			{Practice: h.id, ID: ids[0], State: message.Sent, LeftAt: wide.Now},
			{Practice: h.id, ID: ids[1], State: message.Refused, Reason: message.ReasonRelay, Detail: "552 mailbox full"},
		})
	})
	if err != nil {
		w.Fatal(err)
	}
}

// answer is what a page said.
type answer struct {
	*httptest.ResponseRecorder
	body string
}

func (w *world) ask(method, path string, form url.Values, header ...string) answer {
	w.Helper()
	return w.askAs(w.mine, method, path, form, header...)
}

func (w *world) askAs(who []*http.Cookie, method, path string, form url.Values, header ...string) answer {
	w.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	request := httptest.NewRequest(method, "http://"+host+path, body)
	request.Host = host
	if form != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
		if header[i] == "Host" {
			request.Host = header[i+1]
		}
	}
	for _, cookie := range who {
		request.AddCookie(cookie)
	}
	recorder := httptest.NewRecorder()
	w.pages.ServeHTTP(recorder, request)
	return answer{recorder, unpack(w.TB, recorder)}
}

func unpack(t testing.TB, r *httptest.ResponseRecorder) string {
	if r.Header().Get("Content-Encoding") != "gzip" {
		return r.Body.String()
	}
	reader, err := gzip.NewReader(bytes.NewReader(r.Body.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func (w *world) get(path string) answer { w.Helper(); return w.ask("GET", path, nil) }

func (w *world) post(path string, pairs ...string) answer {
	w.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return w.ask("POST", path, form)
}

var tags = regexp.MustCompile(`<[^>]*>`)

// words are what a person reads.
func (a answer) words() string {
	text := tags.ReplaceAllString(a.body, " ")
	for entity, plain := range map[string]string{"&#39;": "'", "&#34;": `"`, "&amp;": "&", "&lt;": "<"} {
		text = strings.ReplaceAll(text, entity, plain)
	}
	return strings.Join(strings.Fields(text), " ")
}

func (w *world) says(a answer, status int, sentences ...string) {
	w.Helper()
	if a.Code != status {
		w.Errorf("status %d, want %d: %s", a.Code, status, shortened(a.words()))
	}
	for _, sentence := range sentences {
		if !strings.Contains(a.words(), sentence) {
			w.Errorf("it does not say %q: %s", sentence, shortened(a.words()))
		}
	}
}

func (w *world) silent(a answer, sentences ...string) {
	w.Helper()
	for _, sentence := range sentences {
		if strings.Contains(a.body, sentence) {
			w.Errorf("it says %q", sentence)
		}
	}
}

func shortened(text string) string {
	if len(text) > 2500 {
		return text[:2500] + " …"
	}
	return text
}

// goes follows a redirect and returns the page it leads to.
func (w *world) goes(a answer, prefix string) answer {
	w.Helper()
	to := a.Header().Get("Location")
	if a.Code != http.StatusSeeOther || !strings.HasPrefix(to, prefix) {
		w.Fatalf("status %d to %q, want 303 to %s: %s", a.Code, to, prefix, shortened(a.words()))
	}
	return w.get(to)
}

func (w *world) appointment(h home, id calendar.ID) calendar.Entry {
	w.Helper()
	var entry calendar.Entry
	w.view(h, func(ctx context.Context, tx *store.Tx) error {
		found, err := calendar.Entries(ctx, tx, []calendar.ID{id})
		if err == nil && len(found) != 1 {
			err = fmt.Errorf("%d appointments", len(found))
		}
		entry = found[id]
		return err
	})
	return entry
}
