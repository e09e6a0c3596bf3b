package order_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"letterhead/approval"
	"letterhead/client"
	"letterhead/courier/chain"
	"letterhead/courier/trust"
	"letterhead/message"
	"letterhead/order"
	"letterhead/plan"
	"letterhead/practice"
	"letterhead/sign/proposal"
	"letterhead/store"
	"letterhead/template"
	"letterhead/testkit"
	"letterhead/testkit/house"
	"letterhead/testkit/key"
	"letterhead/testkit/owner"
	"letterhead/testkit/sink"
	"letterhead/vault"
	"letterhead/wording"
)

// The world of these tests: two practices whose rows have the same ids, a courier's folder, and the people who sign.
type world struct {
	*house.House
	second map[store.PracticeID]*owner.Owner
}

const (
	one = store.PracticeID("practice-a")
	two = store.PracticeID("practice-b")

	start = "2026-11-30T23:00:00Z" // 10:00 on Tuesday 1 December in Melbourne
)

var ctx = context.Background()

func eachWorld(t *testing.T, clients int, test func(t *testing.T, w *world)) {
	t.Helper()
	for _, engine := range testkit.Engines() {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			test(t, newWorld(t, engine, clients))
		})
	}
}

func newWorld(t testing.TB, engine testkit.Engine, clients int) *world {
	t.Helper()
	w := &world{House: house.New(t, engine, start), second: map[store.PracticeID]*owner.Owner{}}
	for _, p := range []store.PracticeID{one, two} {
		w.practice(p, clients)
	}
	return w
}

func clientID(i int) string { return fmt.Sprintf("client-%06d", i) }

// news is a wording that is about no appointment.
func news(domain string, purpose wording.Purpose) *wording.Version {
	v := &wording.Version{Format: wording.Format, Purpose: purpose, Sender: wording.Sender{Name: "Wattle Street Physiotherapy", Local: "hello", Domain: domain},
		Branding: wording.Branding{Name: "Wattle Street Physiotherapy", Accent: "#1f4e79", Address: []string{"12 Wattle Street"}}, Hosts: []string{domain}, DefaultLanguage: "en"}
	foot := wording.Footer(wording.Say("You get this message because you come to us."))
	if purpose == wording.Marketing {
		foot = wording.Footer(wording.Link("No more of these", wording.Target{Kind: wording.ToUnsubscribe}))
	}
	v.Languages = []wording.Language{{Tag: "en", Subject: wording.Say("We are closed on Saturday"),
		Blocks: []wording.Block{wording.Text("Hello {recipient.greeting_name},", "we are closed this weekend."), foot}, SMS: wording.SMS("{practice.name}: we are closed this weekend.")}}
	return v
}

func (w *world) practice(p store.PracticeID, clients int) {
	w.Helper()
	domain := string(p) + ".example"
	w.Change(p, func(tx *store.Tx) error {
		made := practice.New("Wattle Street Physiotherapy", "AU", "Australia/Melbourne")
		made.ID, made.Domain, made.SenderLocal = p, domain, "hello"
		if _, err := practice.Add(ctx, tx, made); err != nil {
			return err
		}
		keys, err := w.Keeper.Keys(ctx, tx)
		if err != nil {
			return err
		}
		for id, purpose := range map[string]wording.Purpose{"closed": wording.Transactional, "news": wording.Marketing} {
			made, _, err := template.New(ctx, tx, id, news(domain, purpose))
			if err == nil {
				_, err = tx.Exec(ctx, `UPDATE wording SET key = $3 WHERE practice = $1 AND id = $2`, string(made.ID), id)
			}
			if err != nil {
				return err
			}
		}
		return w.people(tx, keys, clients)
	})
	house.Domain(w, w.Folder, domain, p)
	w.found(p, domain)
}

// people are clients who are reached by e-mail and text message, with the same ids and addresses in each practice.
func (w *world) people(tx *store.Tx, keys *vault.Keys, n int) error {
	now := store.Micro(tx.Now)
	rows := make([][]any, n)
	for i := range rows {
		id := clientID(i)
		d := client.Details{Email: client.Address{Written: id + "@client.example", Normal: id + "@client.example", State: client.Good},
			Mobile: client.Address{Written: fmt.Sprintf("+614%08d", i), Normal: fmt.Sprintf("+614%08d", i), State: client.Good}}
		x := client.IndexesOf(keys, d)
		rows[i] = []any{id, "", "", "Fatima", "Haddad", "", " haddad fatima ", "", "", "", "", "good", "good", client.Seal(keys, client.ID(id), 1, d), x.Email, x.Local, x.Mobile, x.Tail4, x.Tail5, x.Tail6, "", 0, "", 1, now, now, 0}
	}
	_, err := tx.Bulk(ctx, `INSERT INTO client (practice, id, external, title, first_name, last_name, preferred_name, folded, born, language, zone, reminders, email_state, mobile_state, sealed,
		email_index, local_index, mobile_index, tail4_index, tail5_index, tail6_index, import_sum, import_version, batch, version, created_at, changed_at, archived_at) VALUES`, "", rows)
	return err
}

// found signs all that an order needs, and enrols a second member's key, some days ago.
func (w *world) found(p store.PracticeID, domain string) {
	w.Helper()
	first := w.Owner(p, "ana")
	at, err := trust.Desk(w.Folder)
	if err != nil {
		w.Fatal(err)
	}
	other := *first
	other.Key, other.Member, other.Fresh = key.New(at), "ben", true
	w.second[p] = &other
	w.signed(first, func(tx *store.Tx, s *approval.State) ([]*approval.Statement, error) {
		from := s.Draft(approval.KindSender, "email", "ana")
		from.Body.Sender = &approval.SenderBody{Address: "hello@" + domain, Channel: "email", Name: "Wattle Street Physiotherapy"}
		hosts := s.Draft(approval.KindHosts, "hosts", "ana")
		hosts.Body.Hosts = &approval.HostsBody{Hosts: []string{domain}}
		details, content, err := practice.KeepDirectory(ctx, tx)
		if err != nil {
			return nil, err
		}
		_ = details
		directory := s.Draft(approval.KindDirectory, "directory", "ana")
		directory.Digest = sha256.Sum256(content)
		limits := s.Draft(approval.KindLimits, "limits", "ana")
		limits.Limits = &approval.Limits{Day: 100_000, NewDay: 100_000, RecipientDay: 100, MemberDay: 100_000, Total: 10_000_000}
		role := s.Draft(approval.KindMember, "ben", "ana")
		role.Body.Member = &approval.MemberBody{Role: approval.Manager}
		enrol := s.Draft(approval.KindKey, other.Key.Subject(), "ana")
		enrol.Body.Key = &approval.KeyBody{Action: approval.Enrol, Member: "ben", PublicKey: other.Key.COSE, Proof: approval.Bytes{}}
		out := []*approval.Statement{from, hosts, directory, limits, role, enrol}
		versions, err := template.CurrentVersions(ctx, tx)
		for id, v := range versions {
			x := s.Draft(approval.KindWording, string(id), "ana")
			if x.Digest, err = approval.ParseDigest(v.Digest); err != nil {
				return nil, err
			}
			read, err := template.Read(ctx, tx, v.ID)
			if err != nil {
				return nil, err
			}
			x.Body.Wording = &approval.WordingBody{Purpose: map[wording.Purpose]string{wording.Transactional: "appointments", wording.Marketing: "marketing"}[read.Purpose]}
			out = append(out, x)
		}
		return out, err
	})
}

// signed has somebody sign, seen 100 hours ago.
func (w *world) signed(who *owner.Owner, draft func(tx *store.Tx, s *approval.State) ([]*approval.Statement, error)) {
	w.Helper()
	_, err := who.Sign(ctx, w.DB, w.Clock.Now().Add(-100*time.Hour), func(_ context.Context, tx *store.Tx, s *approval.State) ([]*approval.Statement, error) {
		return draft(tx, s)
	})
	if err != nil {
		w.Fatal(err)
	}
}

// approve has ana sign an order as the desk proposes it, and then ben where there must be two.
func (w *world) approve(p store.PracticeID, id order.ID) {
	w.Helper()
	first := w.Owner(p, "ana")
	first.Fresh = true
	w.signed(first, func(tx *store.Tx, s *approval.State) (out []*approval.Statement, _ error) {
		all, err := proposal.List(ctx, tx, s, proposal.Setting{})
		for i := range all {
			if p := &all[i]; p.Kind == approval.KindOrder && p.Subject == string(id) {
				out = append(out, p.Statement(s, "ana"))
			}
		}
		if len(out) != 1 {
			w.Errorf("the desk has %d of it to sign", len(out))
		}
		return out, err
	})
	w.signed(w.second[p], func(tx *store.Tx, s *approval.State) (out []*approval.Statement, _ error) {
		for _, waits := range s.Waiting(tx.Now) {
			if waits.Reason == approval.NeedsSecond && waits.Statement.Kind == approval.KindOrder {
				out = append(out, waits.Statement)
			}
		}
		return out, nil
	})
}

// lift has ana lift the practice's stops, as at the desk.
func (w *world) lift(p store.PracticeID) {
	w.Helper()
	who := w.Owner(p, "ana")
	w.signed(who, func(tx *store.Tx, s *approval.State) (out []*approval.Statement, _ error) {
		open, err := message.Frozen(ctx, tx)
		for _, stop := range open {
			x := s.Draft(approval.KindLift, stop.ID, "ana")
			x.Body.Lift = &approval.LiftBody{Epoch: 1, Scope: stop.Words()}
			out = append(out, x)
		}
		return out, err
	})
	w.Change(p, func(tx *store.Tx) error {
		_, err := message.Lift(ctx, tx)
		return err
	})
}

// request is an order by e-mail to everybody, for a week.
func (w *world) request(p store.PracticeID, key string) order.Request {
	w.Helper()
	var id template.ID
	w.Change(p, func(tx *store.Tx) error {
		known, err := template.ByKey(ctx, tx)
		id = known[key]
		return err
	})
	return order.Request{Name: "Closed at the weekend", Wording: id, Channel: "email", From: w.Clock.Now(), Until: w.Clock.Now().Add(7 * 24 * time.Hour)}
}

// draft makes an order of a request, with an id that is the same in each practice.
func (w *world) draft(p store.PracticeID, r order.Request) order.ID {
	w.Helper()
	const id = "order-1"
	w.Change(p, func(tx *store.Tx) error {
		made, err := order.New(ctx, tx, r)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE bulk_order SET id = $2 WHERE practice = $1 AND id = $3`, id, string(made[0].ID))
		return err
	})
	return id
}

// asked fixes an order's audience.
func (w *world) asked(p store.PracticeID, id order.ID) {
	w.Helper()
	w.Change(p, func(tx *store.Tx) error {
		o, err := order.Find(ctx, tx, id)
		if err != nil {
			return err
		}
		return order.Ask(ctx, tx, id, o.Edition)
	})
	if err := order.Fix(ctx, w.DB, p, id); err != nil {
		w.Fatal(err)
	}
}

func (w *world) find(p store.PracticeID, id order.ID) (o order.Order) {
	w.Helper()
	w.Change(p, func(tx *store.Tx) (err error) {
		o, err = order.Find(ctx, tx, id)
		return err
	})
	return o
}

func (w *world) result(p store.PracticeID, id order.ID) (r order.Result) {
	w.Helper()
	o := w.find(p, id)
	w.Change(p, func(tx *store.Tx) (err error) {
		r, err = order.ResultOf(ctx, tx, &o)
		return err
	})
	return r
}

// turn takes an order one step further, as the tick does.
func (w *world) turn(p store.PracticeID, id order.ID) (did order.Turned) {
	w.Helper()
	j := w.Journal()
	defer j.Close()
	chains := chain.Open(w.Folder, j)
	w.Change(p, func(tx *store.Tx) error {
		return chains.Read(ctx, tx, func(s *approval.State) (err error) {
			did, err = order.Turn(ctx, tx, s, id)
			return err
		})
	})
	return did
}

// turns goes on until there is nothing to do now.
func (w *world) turns(p store.PracticeID, id order.ID) {
	w.Helper()
	for range 1000 {
		if !w.turn(p, id).More {
			return
		}
	}
	w.Fatal("it never ends")
}

func (w *world) source() *order.Source { return order.NewSource(plan.NewSource(w.Keeper)) }

// drain lets everything go that is due, with a courier of its own.
func (w *world) drain(s *sink.SMTP) {
	w.Helper()
	w.Drain(w.Options(w.source(), s))
}

func (w *world) count(p store.PracticeID, query string, args ...any) (n int64) {
	w.Helper()
	w.Change(p, func(tx *store.Tx) error { return tx.Row(ctx, query, args...).Scan(&n) })
	return n
}
