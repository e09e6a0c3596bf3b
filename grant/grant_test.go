package grant_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"letterhead/approval"
	"letterhead/client"
	"letterhead/fault"
	"letterhead/grant"
	"letterhead/guard"
	"letterhead/message"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/template"
	"letterhead/wording"
)

// What a grant allows leaves, in the words that were signed and with our own names, and no more a day than was signed.
func TestAGrantSendsWhatWasSigned(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		first, second := w.sent(w.one), w.sent(w.one)
		if _, err := w.send(w.one, nil); !errors.Is(err, grant.ErrSpent) {
			w.Errorf("the third of two: %v", err)
		}
		other := w.sent(w.two)
		for range 3 { // the first use is paced
			w.drain()
			w.Clock.Pass(20 * time.Minute)
		}
		for h, ids := range map[*home][]message.ID{w.one: {first, second}, w.two: {other}} {
			for _, id := range ids {
				if state, why := w.fate(h, id); state != message.Sent {
					w.Errorf("%s: %s %s", h.id, state, why)
				}
			}
		}
		if w.sink.Count() != 3 {
			w.Errorf("%d left", w.sink.Count())
		}
		for _, m := range w.sink.List() {
			if !strings.Contains(string(m.Raw), "Fatima") || m.To != "fatima@client.example" {
				w.Errorf("%s: %s", m.To, m.Raw)
			}
		}
		// The row says that it may be more; the chain does not.
		w.Exec(w.one.id, `UPDATE program_grant SET day = 1000 WHERE practice = $1`)
		third := w.sent(w.one)
		w.drain()
		if state, why := w.fate(w.one, third); state != message.Queued || !strings.HasPrefix(why, "approval limit") || w.sink.Count() != 3 {
			w.Errorf("%s %s", state, why)
		}
	})
}

func TestWhatAProgramMayNotAskFor(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		unsigned := w.prepare(w.one, 5)
		for name, c := range map[string]struct {
			edit func(r *grant.Request)
			want error
		}{
			"a grant that nobody signed":          {func(r *grant.Request) { r.Grant = unsigned.ID }, grant.ErrUnsigned},
			"another program's":                   {func(r *grant.Request) { r.Credential = "another" }, grant.ErrNone},
			"another practice's":                  {func(r *grant.Request) { r.Grant = w.two.grant.ID }, grant.ErrNone},
			"another version":                     {func(r *grant.Request) { r.Version = strings.Repeat("ab", 32) }, grant.ErrVersion},
			"another practice's client":           {func(r *grant.Request) { r.Client = w.two.client }, client.ErrNotFound},
			"an appointment of another":           {func(r *grant.Request) { r.Appointment = w.two.appointment }, nil},
			"no appointment, of which it speaks":  {func(r *grant.Request) { r.Appointment = "" }, fault.Field("", "grant.appointment_missing", "")},
			"no way that there is":                {func(r *grant.Request) { r.Channel = "pigeon" }, nil},
			"a message that is of use for a year": {func(r *grant.Request) { r.Within = 366 * 24 * time.Hour }, nil},
		} {
			_, err := w.send(w.one, c.edit)
			if err == nil || fault.KindOf(err) == fault.Internal || c.want != nil && !errors.Is(err, c.want) {
				w.Errorf("%s: %v", name, err)
			}
		}
		var stranger client.ID // of the same practice, without a place in the appointment
		w.Change(w.one.id, func(tx *store.Tx) error {
			keys, err := w.Keeper.Keys(ctx, tx)
			if err != nil {
				return err
			}
			c, err := client.Add(ctx, tx, keys, client.Client{FirstName: "Ann", LastName: "Lee", Email: client.Address{Written: "ann@client.example"}})
			stranger = c.ID
			return err
		})
		if _, err := w.send(w.one, func(r *grant.Request) { r.Client = stranger }); fault.KindOf(err) != fault.Invalid {
			w.Errorf("somebody else's appointment: %v", err)
		}
		kept := func(who ...store.MemberID) {
			w.Change(w.one.id, func(tx *store.Tx) error { return client.KeepTo(ctx, tx, w.one.client, who) })
		}
		members := func() (out []guard.Member) {
			w.Change(w.one.id, func(tx *store.Tx) (err error) { out, err = guard.Members(ctx, tx); return err })
			return out
		}()
		kept(members[0].ID)
		if _, err := w.send(w.one, nil); !errors.Is(err, client.ErrNotFound) {
			w.Errorf("a client who is kept to some: %v", err)
		}
		w.Clock.Pass(40 * 24 * time.Hour)
		if _, err := w.send(w.two, nil); !errors.Is(err, grant.ErrNone) {
			w.Errorf("expired: %v", err)
		}
	})
}

// Each of these is tried on practice one after it was asked for a message; nothing of it leaves, and that of practice two does.
var attacks = map[string]struct {
	do    func(w *world, id message.ID)
	state message.State
	why   string
}{
	"a grant that rows alone say is signed": {func(w *world, id message.ID) {
		g := w.prepare(w.one, 5)
		w.Exec(w.one.id, `UPDATE program_grant SET signed_at = 1 WHERE practice = $1 AND id = $2`, string(g.ID))
		w.Exec(w.one.id, `UPDATE message SET subject = $2 WHERE practice = $1 AND id = $3`, string(g.ID), string(id))
	}, message.Held, "unsigned: grant unsigned"},
	"another version, signed for a rule": {func(w *world, id message.ID) {
		w.Exec(w.one.id, `UPDATE message SET wording_version = (SELECT current FROM wording WHERE practice = $1 AND key = 'changed'), digest = (SELECT v.digest FROM wording_version v JOIN wording w ON w.practice = $1 AND v.practice = $1 AND v.id = w.current WHERE w.key = 'changed') WHERE practice = $1 AND id = $2`, string(id))
	}, message.Held, "unsigned: grant unsigned"},
	"another practice's grant": {func(w *world, id message.ID) {
		w.Exec(w.one.id, `UPDATE message SET subject = $2 WHERE practice = $1 AND id = $3`, string(w.two.grant.ID), string(id))
	}, message.Dropped, grant.Ended},
	"another practice's grant, copied": {func(w *world, id message.ID) {
		w.Exec(w.one.id, `UPDATE program_grant SET id = $2 WHERE practice = $1`, string(w.two.grant.ID))
		w.Exec(w.one.id, `UPDATE message SET subject = $2 WHERE practice = $1 AND id = $3`, string(w.two.grant.ID), string(id))
	}, message.Held, "unsigned: grant unsigned"},
	"another purpose": {func(w *world, id message.ID) {
		w.Change(w.one.id, func(tx *store.Tx) error {
			return client.SetConsent(ctx, tx, client.Consent{Client: w.one.client, Topic: client.Topic{Category: client.Marketing, Channel: practice.Email}, Given: true, Source: "desk"})
		})
		w.Exec(w.one.id, `UPDATE message SET purpose = 'marketing' WHERE practice = $1 AND id = $2`, string(id))
	}, message.Held, "wording: its purpose is not the message's"},
	"another purpose, that the client never agreed to": {func(w *world, id message.ID) {
		w.Exec(w.one.id, `UPDATE message SET purpose = 'marketing' WHERE practice = $1 AND id = $2`, string(id))
	}, message.Dropped, grant.NotAgreed},
	"a rule's message as a grant's": {func(w *world, id message.ID) {
		w.Exec(w.one.id, `UPDATE message SET subject = 'booked' WHERE practice = $1 AND id = $2`, string(id))
	}, message.Dropped, grant.Ended},
	"withdrawn at the desk": {func(w *world, _ message.ID) { w.withdraw(w.one) }, message.Dropped, grant.Ended},
	"withdrawn at the desk, and the row says otherwise": {func(w *world, _ message.ID) {
		w.withdraw(w.one)
		w.Exec(w.one.id, `UPDATE program_grant SET ended_at = 0 WHERE practice = $1`)
	}, message.Held, "unsigned: grant withdrawn"},
	"taken back": {func(w *world, _ message.ID) {
		w.Change(w.one.id, func(tx *store.Tx) error { return grant.End(ctx, tx, w.one.grant.ID) })
	}, message.Held, "frozen"},
	"its credential ended": {func(w *world, _ message.ID) {
		w.Change(w.one.id, func(tx *store.Tx) error { return guard.EndCredential(ctx, tx, w.one.credential) })
	}, message.Dropped, grant.ProgramEnded},
	"its credential stopped, and the row says it did not end": {func(w *world, _ message.ID) {
		w.Change(w.one.id, func(tx *store.Tx) error {
			_, err := message.FreezeOnly(ctx, tx, message.StopCredential, w.one.credential, "stolen")
			return err
		})
	}, message.Held, "frozen"},
	"the client asked for none": {func(w *world, _ message.ID) {
		w.Change(w.one.id, func(tx *store.Tx) error {
			return client.SetConsent(ctx, tx, client.Consent{Client: w.one.client, Topic: client.Topic{Category: client.Appointments, Channel: practice.Email}, Given: false, Source: "desk"})
		})
	}, message.Dropped, "consent-withdrawn"},
	"the client wants text messages": {func(w *world, _ message.ID) {
		w.Exec(w.one.id, `UPDATE client SET reminders = 'sms' WHERE practice = $1`)
	}, message.Dropped, "prefers-sms"},
	"a later version of the wording": {func(w *world, _ message.ID) {
		w.Change(w.one.id, func(tx *store.Tx) error {
			all, err := template.CurrentVersions(ctx, tx)
			if err != nil {
				return err
			}
			id := w.one.wordings["booked"]
			v, err := template.Read(ctx, tx, all[id].ID)
			if err != nil {
				return err
			}
			v.Languages[0].Subject = wording.Say("Your appointment, once more")
			_, err = template.NewVersion(ctx, tx, id, all[id].ID, v)
			return err
		})
		w.sign(w.one) // the new one is in force, and the grant is not for it
	}, message.Held, "unsigned: wording superseded"},
}

func (w *world) withdraw(h *home) {
	w.sign(h, func(s *approval.State) *approval.Statement {
		digest, err := approval.ParseDigest(h.grant.Digest)
		if err != nil {
			w.Fatal(err)
		}
		standing, err := s.Allows(approval.KindGrant, string(h.grant.ID), digest, w.Clock.Now())
		if err != nil {
			w.Fatal(err)
		}
		return s.Draft(approval.KindWithdraw, standing.Digest.String(), "ana")
	})
}

func TestNothingElseLeavesByAGrant(t *testing.T) {
	t.Parallel()
	for name, a := range attacks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(w *world) {
				id, other := w.sent(w.one), w.sent(w.two)
				a.do(w, id)
				w.drain()
				if state, why := w.fate(w.one, id); state != a.state || !strings.HasPrefix(why, a.why) {
					w.Errorf("%s %s, want %s %s", state, why, a.state, a.why)
				}
				if state, why := w.fate(w.two, other); state != message.Sent || w.sink.Count() != 1 {
					w.Errorf("the other practice's: %s %s; %d left", state, why, w.sink.Count())
				}
			})
		})
	}
}

func TestPreparing(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		reads := w.reader(w.one)
		for name, edit := range map[string]func(g *grant.Grant){
			"none a day": func(g *grant.Grant) { g.Day = 0 }, "too many": func(g *grant.Grant) { g.Day = grant.MostDay + 1 }, "for ever": func(g *grant.Grant) { g.ExpiresAt = g.ExpiresAt.AddDate(2, 0, 0) },
			"over already": func(g *grant.Grant) { g.ExpiresAt = w.Clock.Now() }, "a program that may not send": func(g *grant.Grant) { g.Credential = reads },
			"another practice's program": func(g *grant.Grant) { g.Credential = w.two.credential },
			"another practice's wording": func(g *grant.Grant) { g.Wording = w.two.wordings["booked"] },
		} {
			g := grant.Grant{Credential: w.one.credential, Wording: w.one.wordings["booked"], Day: 5, ExpiresAt: w.Clock.Now().AddDate(0, 1, 0)}
			edit(&g)
			err := w.DB.Change(ctx, store.Actor{Practice: w.one.id, Member: "ana"}, func(tx *store.Tx) error { _, err := grant.Prepare(ctx, tx, g); return err })
			if kind := fault.KindOf(err); kind != fault.Invalid && kind != fault.NotFound {
				w.Errorf("%s: %v", name, err)
			}
		}
		// One that was never signed ends without a stop; another practice's is not found.
		g := w.prepare(w.one, 5)
		end := func(h *home) error {
			return w.DB.Change(ctx, store.Actor{Practice: h.id, Member: "ana"}, func(tx *store.Tx) error { return grant.End(ctx, tx, g.ID) })
		}
		if err := end(w.two); !errors.Is(err, grant.ErrNone) {
			w.Error(err)
		}
		if err := end(w.one); err != nil {
			w.Error(err)
		}
		w.Change(w.one.id, func(tx *store.Tx) error {
			stops, err := message.Frozen(ctx, tx)
			if len(stops) != 0 {
				w.Errorf("%v", stops)
			}
			return err
		})
	})
}
