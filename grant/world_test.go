package grant_test

import (
	"context"
	"testing"
	"time"

	"letterhead/approval"
	"letterhead/calendar"
	"letterhead/client"
	"letterhead/grant"
	"letterhead/guard"
	"letterhead/message"
	"letterhead/plan"
	"letterhead/practice"
	"letterhead/sign/proposal"
	"letterhead/store"
	"letterhead/template"
	"letterhead/testkit"
	"letterhead/testkit/house"
	"letterhead/testkit/sink"
	"letterhead/testkit/visitor"
	"letterhead/zone"
)

// world is two practices with the same names in them, a courier's folder, and people who sign.
type world struct {
	*house.House
	door *guard.Door
	sink *sink.SMTP
	one  *home
	two  *home
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
	w := &world{House: house.New(t, engine, start)}
	w.door, w.sink = visitor.Door(t, w.DB, w.Keeper), w.Sink()
	w.one, w.two = w.home("practice-a"), w.home("practice-b")
	return w
}

func (w *world) home(id store.PracticeID) *home {
	w.Helper()
	h := &home{id: id}
	domain := string(id) + ".example"
	w.Change(h.id, func(tx *store.Tx) error {
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
	house.Domain(w, w.Folder, domain, id)
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
	keys, err := w.Keeper.Keys(ctx, tx)
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
	w.Change(h.id, func(tx *store.Tx) error {
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
	w.Change(h.id, func(tx *store.Tx) (err error) {
		g, err = grant.Prepare(ctx, tx, grant.Grant{Credential: h.credential, Wording: h.wordings["booked"], Day: day, ExpiresAt: tx.Now.AddDate(0, 1, 0)})
		return err
	})
	return g
}

// sign signs all that the desk would show, as the desk does; or what draft says.
func (w *world) sign(h *home, draft ...func(s *approval.State) *approval.Statement) {
	w.Helper()
	ana := w.Owner(h.id, "ana")
	ana.Fresh = len(draft) > 0
	ana.Signed = proposal.Signed
	_, err := ana.Sign(ctx, w.DB, w.Clock.Now().Add(-100*time.Hour), func(_ context.Context, tx *store.Tx, s *approval.State) (out []*approval.Statement, err error) {
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
	err = w.DB.Change(ctx, store.Actor{Practice: h.id, Agent: "program " + h.credential}, func(tx *store.Tx) (err error) {
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
	w.Drain(w.Options(grant.NewSource(plan.NewSource(w.Keeper)), w.sink))
}

// fate is a message's state, and its reason with the last step's detail.
func (w *world) fate(h *home, id message.ID) (message.State, string) {
	w.Helper()
	state, why, detail := w.Fate(h.id, id)
	if detail != "" {
		why += ": " + detail
	}
	return state, why
}
