package grant_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"letterhead/approval"
	"letterhead/calendar"
	"letterhead/client"
	"letterhead/courier"
	"letterhead/courier/journal"
	"letterhead/courier/sender"
	"letterhead/courier/trust"
	"letterhead/grant"
	"letterhead/guard"
	"letterhead/message"
	"letterhead/plan"
	"letterhead/practice"
	"letterhead/sign/proposal"
	"letterhead/store"
	"letterhead/template"
	"letterhead/testkit"
	"letterhead/testkit/owner"
	"letterhead/testkit/sink"
	"letterhead/testkit/visitor"
	"letterhead/vault"
	"letterhead/zone"
)

// world is two practices with the same names in them, a courier's folder, and people who sign.
type world struct {
	testing.TB
	db     *store.DB
	clock  *testkit.Clock
	keeper *vault.Keeper
	door   *guard.Door
	folder string
	sink   *sink.SMTP
	one    *home
	two    *home
}

// home is a practice with a program, a client, an appointment and a grant that is signed.
type home struct {
	id          store.PracticeID
	credential  string
	client      client.ID
	appointment calendar.ID
	wordings    map[string]template.ID
	grant       grant.Grant
}

const start = "2026-11-30T21:00:00Z" // 8:00 on Tuesday 1 December in Melbourne

var ctx = context.Background()

func each(t *testing.T, test func(w *world)) {
	t.Helper()
	for _, engine := range testkit.Engines() {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			test(newWorld(t, engine))
		})
	}
}

func newWorld(t testing.TB, engine testkit.Engine) *world {
	t.Helper()
	w := &world{TB: t, clock: testkit.NewClock(t, start), folder: t.TempDir()}
	w.db = testkit.Open(t, engine, w.clock)
	var err error
	if w.keeper, err = vault.NewKeeper(make([]byte, 32)); err != nil {
		t.Fatal(err)
	}
	w.door = visitor.Door(t, w.db, w.keeper)
	root, err := trust.Create(w.folder, trust.Test)
	if err != nil {
		t.Fatal(err)
	}
	if err := journal.Create(courier.JournalFolder(w.folder), root.Installation, 1); err != nil {
		t.Fatal(err)
	}
	if w.sink, err = sink.ListenSMTP(sink.SMTPOptions{MaxMessages: 1000}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.sink.Close() })
	w.one, w.two = w.home("practice-a"), w.home("practice-b")
	return w
}

func (w *world) change(h *home, fn func(tx *store.Tx) error) {
	w.Helper()
	if err := w.db.Change(ctx, store.Actor{Practice: h.id, Member: "ana"}, fn); err != nil {
		w.Fatal(err)
	}
}

func (w *world) exec(h *home, statement string, args ...any) {
	w.Helper()
	w.change(h, func(tx *store.Tx) error {
		n, err := tx.Exec(ctx, statement, args...)
		if err == nil && n == 0 {
			w.Fatalf("nothing is changed by %s", statement)
		}
		return err
	})
}

func (w *world) home(id store.PracticeID) *home {
	w.Helper()
	h := &home{id: id}
	domain := string(id) + ".example"
	w.change(h, func(tx *store.Tx) error {
		p := practice.New("Wattle Street Physiotherapy", "AU", "Australia/Melbourne")
		p.ID, p.Domain, p.SenderLocal = id, domain, "hello"
		if _, err := practice.Add(ctx, tx, p); err != nil {
			return err
		}
		if err := template.AddStarter(ctx, tx, "mail.example"); err != nil {
			return err
		}
		var err error
		if h.wordings, err = template.ByKey(ctx, tx); err != nil {
			return err
		}
		m, err := guard.AddMember(ctx, tx, guard.Member{Email: "ana@example.org", Name: "Ana", Role: guard.Owner})
		if err != nil {
			return err
		}
		return w.people(tx, h, m)
	})
	raw, err := json.Marshal(sender.Domain{Name: domain, Practice: id})
	if err == nil {
		err = os.MkdirAll(filepath.Join(w.folder, "domains", domain), 0o700)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(w.folder, "domains", domain, "domain.json"), raw, 0o600)
	}
	if err != nil {
		w.Fatal(err)
	}
	h.grant = w.prepare(h, 2)
	w.sign(h)
	return h
}

func (w *world) people(tx *store.Tx, h *home, m guard.Member) error {
	send, err := guard.ScopeOf(guard.MessageSend)
	if err != nil {
		return err
	}
	_, c, err := w.door.AddCredential(ctx, tx, m, "Website", []guard.Scope{send}, tx.Now.AddDate(0, 3, 0))
	if err != nil {
		return err
	}
	h.credential = c.ID
	keys, err := w.keeper.Keys(ctx, tx)
	if err != nil {
		return err
	}
	made, err := client.Add(ctx, tx, keys, client.Client{FirstName: "Fatima", LastName: "Haddad", Email: client.Address{Written: "fatima@client.example"}, Mobile: client.Address{Written: "0491 570 156"}})
	if err != nil {
		return err
	}
	h.client = made.ID
	service, err := practice.AddService(ctx, tx, practice.Service{Name: "Standard", Minutes: 45, Mode: practice.InPerson})
	if err != nil {
		return err
	}
	who, err := practice.AddPractitioner(ctx, tx, practice.Practitioner{Name: "Petra Schäfer"})
	if err != nil {
		return err
	}
	wall, err := zone.ParseWall("2026-12-20T13:00")
	if err != nil {
		return err
	}
	a, err := calendar.Book(ctx, tx, calendar.BookRequest{Clients: []client.ID{h.client}, Practitioner: who.ID, Service: service.ID, Wall: wall})
	h.appointment = a.ID
	return err
}

// reader is a program that may read, and not send.
func (w *world) reader(h *home) (id string) {
	w.Helper()
	w.change(h, func(tx *store.Tx) error {
		members, err := guard.Members(ctx, tx)
		if err != nil {
			return err
		}
		read, err := guard.ScopeOf(guard.MessageRead)
		if err != nil {
			return err
		}
		_, c, err := w.door.AddCredential(ctx, tx, members[0], "Reader", []guard.Scope{read}, tx.Now.AddDate(0, 3, 0))
		id = c.ID
		return err
	})
	return id
}

// prepare prepares a grant of the booking confirmation.
func (w *world) prepare(h *home, day int64) (g grant.Grant) {
	w.Helper()
	w.change(h, func(tx *store.Tx) (err error) {
		g, err = grant.Prepare(ctx, tx, grant.Grant{Credential: h.credential, Wording: h.wordings["booked"], Day: day, ExpiresAt: tx.Now.AddDate(0, 1, 0)})
		return err
	})
	return g
}

// sign signs all that the desk would show, as the desk does; or what draft says.
func (w *world) sign(h *home, draft ...func(s *approval.State) *approval.Statement) {
	w.Helper()
	ana, err := owner.Of(w.folder, courier.JournalFolder(w.folder), h.id, "ana", w.clock.Now())
	if err != nil {
		w.Fatal(err)
	}
	ana.Fresh = len(draft) > 0
	ana.Signed = proposal.Signed
	_, err = ana.Sign(ctx, w.db, w.clock.Now().Add(-100*time.Hour), func(_ context.Context, tx *store.Tx, s *approval.State) (out []*approval.Statement, err error) {
		for _, each := range draft {
			out = append(out, each(s))
		}
		if len(draft) > 0 {
			return out, nil
		}
		all, err := proposal.List(ctx, tx, s, proposal.Setting{})
		for _, p := range all {
			out = append(out, p.Statement(s, "ana"))
		}
		return out, err
	})
	if err != nil {
		w.Fatal(err)
	}
}

// send asks for a message as the program does.
func (w *world) send(h *home, edit func(r *grant.Request)) (id message.ID, err error) {
	w.Helper()
	r := grant.Request{Grant: h.grant.ID, Credential: h.credential, Client: h.client, Channel: message.Email, Appointment: h.appointment}
	if edit != nil {
		edit(&r)
	}
	err = w.db.Change(ctx, store.Actor{Practice: h.id, Agent: "program " + h.credential}, func(tx *store.Tx) (err error) {
		id, err = grant.Send(ctx, tx, r)
		return err
	})
	return id, err
}

func (w *world) sent(h *home) message.ID {
	w.Helper()
	id, err := w.send(h, nil)
	if err != nil {
		w.Fatal(err)
	}
	return id
}

// drain lets everything go that is due.
func (w *world) drain() {
	w.Helper()
	root, err := trust.Read(w.folder)
	if err != nil {
		w.Fatal(err)
	}
	c, err := courier.New(courier.Options{DB: w.db, Keeper: w.keeper, Source: grant.NewSource(plan.NewSource(w.keeper)), Folder: w.folder, Installation: root.Installation, Epoch: 1,
		Log:    slog.New(slog.DiscardHandler),
		Config: courier.Config{HostName: "localhost", PublicURL: "https://portal.example", Relays: []courier.Relay{{Name: "main", Address: w.sink.Address(), TLS: "none"}}}})
	if err != nil {
		w.Fatal(err)
	}
	if err := c.Drain(ctx, w.clock.Now()); err != nil {
		w.Fatal(err)
	}
	if err := c.Close(); err != nil {
		w.Fatal(err)
	}
}

// fate is a message's state, reason, and the detail of its last step.
func (w *world) fate(h *home, id message.ID) (state message.State, why string) {
	w.Helper()
	w.change(h, func(tx *store.Tx) error {
		m, err := message.Find(ctx, tx, id)
		if err != nil {
			return err
		}
		steps, err := message.Steps(ctx, tx, id)
		state, why = m.State, m.Reason
		if list := steps[id]; len(list) > 0 {
			if last := list[len(list)-1]; last.Detail != "" {
				why += ": " + last.Detail
			}
		}
		return err
	})
	return state, why
}
