package message_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"letterhead/fault"
	"letterhead/message"
	"letterhead/store"
	"letterhead/testkit"
	"letterhead/vault"
	"pgregory.net/rapid"
)

var digest = strings.Repeat("ab", 32)

// practices writes practice rows; two practices carry messages with the same ids.
func practices(t testing.TB, db *store.DB, ids ...store.PracticeID) {
	t.Helper()
	err := db.Whole(context.Background(), "test", func(w *store.Wide) error {
		for _, id := range ids {
			_, err := w.Exec(context.Background(), `INSERT INTO practice (practice, name, country, zone, language, phone, email, website, address, accent, sender_local, domain,
				label, default_channel, sms_services, quiet_from, quiet_to, client_word, created_at, closed_at)
				VALUES ($1, 'P', 'AU', 'Australia/Melbourne', 'en', '', '', '', '', '', 'hello', '', $1, 'email', $2, 0, 0, 'client', 1, 0)`, string(id), false)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func intent(id message.ID, turn time.Time) message.Intent {
	return message.Intent{ID: id, Kind: message.Rule, Channel: message.Email, Purpose: message.Appointments, Rule: "reminder-7-days", Version: "v1", Digest: digest,
		Language: "en", Appointment: "a1", Attendee: "t1", Client: "c1", Recipient: "c1", Turn: turn, NotAfter: turn.Add(24 * time.Hour)}
}

func change(t testing.TB, db *store.DB, p store.PracticeID, fn func(*store.Tx) error) {
	t.Helper()
	if err := db.Change(context.Background(), store.Actor{Practice: p, Agent: "test"}, fn); err != nil {
		t.Fatal(err)
	}
}

func whole(t testing.TB, db *store.DB, fn func(*store.Wide) error) {
	t.Helper()
	if err := db.Whole(context.Background(), "test", fn); err != nil {
		t.Fatal(err)
	}
}

func queue(t testing.TB, db *store.DB, p store.PracticeID, intents ...message.Intent) {
	t.Helper()
	change(t, db, p, func(tx *store.Tx) error {
		_, err := message.Queue(t.Context(), tx, intents)
		return err
	})
}

func find(t testing.TB, db *store.DB, p store.PracticeID, id message.ID) message.Message {
	t.Helper()
	var m message.Message
	change(t, db, p, func(tx *store.Tx) (err error) {
		m, err = message.Find(t.Context(), tx, id)
		return err
	})
	return m
}

func steps(t testing.TB, db *store.DB, p store.PracticeID, id message.ID) string {
	t.Helper()
	var out []string
	change(t, db, p, func(tx *store.Tx) error {
		all, err := message.Steps(t.Context(), tx, id)
		out = nil
		for _, s := range all[id] {
			out = append(out, strings.TrimRight(s.Step+"/"+s.Reason+"/"+s.Detail, "/"))
		}
		return err
	})
	return strings.Join(out, " ")
}

func TestQueueSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	db := testkit.Open(t, testkit.SQLite, nil)
	practices(t, db, "p")
	now := db.Now()
	for field, spoil := range map[string]func(*message.Intent){
		"kind":      func(i *message.Intent) { i.Kind = "blast" },
		"channel":   func(i *message.Intent) { i.Channel = "fax" },
		"purpose":   func(i *message.Intent) { i.Purpose = "" },
		"rule":      func(i *message.Intent) { i.Rule = "" },
		"subject":   func(i *message.Intent) { i.Kind, i.Rule = message.Letter, "" },
		"client":    func(i *message.Intent) { i.Kind, i.Rule = message.Test, "" },
		"version":   func(i *message.Intent) { i.Version = "" },
		"digest":    func(i *message.Intent) { i.Digest = strings.Repeat("AB", 32) },
		"recipient": func(i *message.Intent) { i.Recipient = "" },
		"turn":      func(i *message.Intent) { i.Turn = time.Time{} },
		"not_after": func(i *message.Intent) { i.NotAfter = i.Turn.Add(-time.Second) },
	} {
		in := intent("m", now)
		spoil(&in)
		err := db.Change(t.Context(), store.Actor{Practice: "p"}, func(tx *store.Tx) error {
			_, err := message.Queue(t.Context(), tx, []message.Intent{in})
			return err
		})
		if f := fault.As(err); f == nil || f.Kind != fault.Invalid || f.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func TestWayOfAMessage(t *testing.T) {
	testkit.Each(t, func(t *testing.T, db *store.DB) {
		practices(t, db, "p", "q", "r")
		now := db.Now()
		for _, p := range []store.PracticeID{"p", "q"} {
			queue(t, db, p, intent("m1", now.Add(-2*time.Second)), intent("m2", now.Add(-time.Hour)), intent("m3", now.Add(time.Hour)))
		}
		one, two := message.NewLine(db, "one", time.Minute), message.NewLine(db, "two", time.Minute)
		if order := take(t, one, now, 3); order != "p/m2 q/m2 p/m1 " {
			t.Fatalf("took %s", order)
		}
		queue(t, db, "r", intent("m1", now.Add(-time.Minute)))
		if order := take(t, two, now, 10); order != "r/m1 " {
			t.Errorf("the second courier took %s", order)
		}
		// p's m1 is taken back while the courier has it.
		change(t, db, "p", func(tx *store.Tx) error {
			n, err := message.Withdraw(t.Context(), tx, message.ReasonWithdrawn, "m1", "m9")
			if n != 1 {
				t.Errorf("%d withdrawn", n)
			}
			return err
		})
		whole(t, db, func(w *store.Wide) error {
			gone, err := message.Leave(t.Context(), w, "one", []message.Departure{
				{Practice: "p", ID: "m2", MessageID: "m2@p", AddressIndex: "x", Relay: "r", Sealed: []byte{0, 1, 255}},
				{Practice: "p", ID: "m1", MessageID: "m1@p", Sealed: []byte("s")},
				{Practice: "q", ID: "m2", MessageID: "m2@q", AddressIndex: "y", Relay: "r", Sealed: []byte("s")},
			})
			if fmt.Sprint(gone) != "[1]" {
				t.Errorf("gone %v", gone)
			}
			return err
		})
		if m := find(t, db, "p", "m2"); m.State != message.Leaving || m.Attempts != 1 || m.MessageID != "m2@p" || m.AddressIndex != "x" || m.Relay != "r" {
			t.Errorf("leaving: %+v", m)
		}
		change(t, db, "p", func(tx *store.Tx) error {
			sealed, err := message.Sealed(t.Context(), tx, "m2")
			if string(sealed) != string([]byte{0, 1, 255}) {
				t.Errorf("sealed %v", sealed)
			}
			return err
		})
		whole(t, db, func(w *store.Wide) error {
			return message.Mark(t.Context(), w, "one", []message.Outcome{
				{Practice: "p", ID: "m2", State: message.Sent, Detail: "250 ok\nqueued", LeftAt: now.Add(time.Second), OutsideID: "o1"},
				{Practice: "q", ID: "m2", State: message.Queued, Step: message.Deferred, Reason: message.ReasonRelay, Detail: "450 later", Turn: now.Add(time.Hour), LeftAt: now.Add(time.Second)},
				{Practice: "r", ID: "m1", State: message.Sent}, // another courier's
			})
		})
		if m := find(t, db, "p", "m2"); m.State != message.Sent || !m.LeftAt.Equal(now.Add(time.Second)) || m.OutsideID != "o1" {
			t.Errorf("sent: %+v", m)
		}
		if m := find(t, db, "q", "m2"); m.State != message.Queued || !m.Turn.Equal(now.Add(time.Hour)) || m.Reason != message.ReasonRelay {
			t.Errorf("deferred: %+v", m)
		}
		if m := find(t, db, "r", "m1"); m.State != message.Queued {
			t.Errorf("another courier's: %+v", m)
		}
		for key, want := range map[[2]string]string{
			{"p", "m2"}: "queued sent//250 ok queued leaving",
			{"q", "m2"}: "queued deferred/relay/450 later leaving",
			{"p", "m1"}: "queued dropped/withdrawn",
			{"r", "m1"}: "queued",
		} {
			if got := steps(t, db, store.PracticeID(key[0]), message.ID(key[1])); got != want {
				t.Errorf("%v: %s, want %s", key, got, want)
			}
		}
		// Final is final.
		whole(t, db, func(w *store.Wide) error {
			return message.Mark(t.Context(), w, "one", []message.Outcome{{Practice: "p", ID: "m2", State: message.Queued}})
		})
		if m := find(t, db, "p", "m2"); m.State != message.Sent {
			t.Errorf("a sent message became %s", m.State)
		}
		change(t, db, "p", func(tx *store.Tx) error {
			for range 2 {
				if err := message.Learn(t.Context(), tx, "m2", message.Bounced, "5.1.1", "no such user"); err != nil {
					return err
				}
			}
			return nil
		})
		if got := steps(t, db, "p", "m2"); strings.Count(got, "bounced") != 1 {
			t.Errorf("a repeated report: %s", got)
		}
		whole(t, db, func(w *store.Wide) error {
			p, id, err := message.ByOutsideID(t.Context(), w, "r", "o1")
			if p != "p" || id != "m2" {
				t.Errorf("by outside id: %s %s", p, id)
			}
			_, _, other := message.ByOutsideID(t.Context(), w, "other", "o1")
			if !errors.Is(other, store.ErrNone) {
				t.Errorf("another gateway's receipt: %v", other)
			}
			return err
		})
	})
}

// take takes and names what it got.
func take(t testing.TB, l *message.Line, now time.Time, limit int) (order string) {
	t.Helper()
	taken, _, err := l.Take(t.Context(), now, limit)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range taken {
		order += fmt.Sprint(m.Practice, "/", m.ID, " ")
	}
	return order
}

func TestLeasesRunOut(t *testing.T) {
	for _, engine := range testkit.Engines() {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			clock := testkit.NewClock(t, "2026-12-01T10:00:00Z")
			db := testkit.Open(t, engine, clock)
			practices(t, db, "p")
			queue(t, db, "p", intent("m1", db.Now().Add(-time.Minute)), intent("m2", db.Now().Add(-time.Minute)))
			dead, two := message.NewLine(db, "dead", time.Minute), message.NewLine(db, "two", time.Minute)
			if got := take(t, dead, db.Now(), 10); got != "p/m1 p/m2 " {
				t.Fatalf("took %s", got)
			}
			clock.Pass(30 * time.Second)
			if got := take(t, two, db.Now(), 10); got != "" {
				t.Errorf("%s were taken from a living courier", got)
			}
			whole(t, db, func(w *store.Wide) error {
				got, err := message.Lease(t.Context(), w, "two", []store.PracticeID{"p"}, w.Now.Add(time.Hour))
				if len(got) != 0 {
					t.Errorf("%v was let to a second courier", got)
				}
				return err
			})
			leave := func(by string, id message.ID) (gone []int) {
				whole(t, db, func(w *store.Wide) (err error) {
					gone, err = message.Leave(t.Context(), w, by, []message.Departure{{Practice: "p", ID: id, MessageID: "m@p", Sealed: []byte("s")}})
					return err
				})
				return gone
			}
			if gone := leave("two", "m1"); len(gone) != 1 {
				t.Error("a message left in the hands of a courier that does not have its practice")
			}
			if gone := leave("dead", "m1"); len(gone) != 0 {
				t.Error("a message may not leave in the hands of who has it")
			}
			clock.Pass(time.Minute)
			if got := take(t, two, db.Now(), 10); got != "p/m2 " {
				t.Errorf("%s came back; the one that was leaving must not", got)
			}
			if gone := leave("dead", "m2"); len(gone) != 1 {
				t.Error("a message left in the hands of a courier whose lease ran out, and which another has")
			}
			whole(t, db, func(w *store.Wide) error {
				by, err := message.Claimers(t.Context(), w)
				if len(by) != 1 || by["dead"].IsZero() {
					t.Errorf("claimers %v", by)
				}
				if n, err := message.Expire(t.Context(), w, w.Now); n != 0 || err != nil {
					t.Errorf("forgot %d leases that last, %v", n, err)
				}
				if n, err := message.Release(t.Context(), w, "two"); n != 1 || err != nil {
					t.Errorf("released %d %v", n, err)
				}
				return err
			})
		})
	}
}

// What is in hand is not taken again, however often it is looked; what comes in before it is found; what was given back comes again.
func TestALineIsReadOnAndFromItsHead(t *testing.T) {
	for _, engine := range testkit.Engines() {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			clock := testkit.NewClock(t, "2026-12-01T10:00:00Z")
			db := testkit.Open(t, engine, clock)
			practices(t, db, "p", "q")
			now := db.Now()
			for i := range 6 {
				queue(t, db, "p", intent(message.ID(fmt.Sprint("m", i)), now.Add(-time.Minute)))
				queue(t, db, "q", intent(message.ID(fmt.Sprint("m", i)), now.Add(-time.Minute)))
			}
			l := message.NewLine(db, "one", time.Minute)
			for _, want := range []string{"p/m0 p/m1 p/m2 p/m3 p/m4 ", "p/m5 q/m0 q/m1 q/m2 q/m3 "} {
				if got := take(t, l, now, 5); got != want {
					t.Fatalf("took %s, want %s", got, want)
				}
			}
			queue(t, db, "p", intent("early", now.Add(-time.Hour)))
			clock.Pass(time.Minute)
			if got := take(t, l, now, 2); got != "p/early q/m4 " {
				t.Errorf("took %s", got)
			}
			if got := take(t, l, now, 5); got != "q/m5 " {
				t.Errorf("took %s", got)
			}
			if got := take(t, l, now, 5); got != "" {
				t.Errorf("took %s again", got)
			}
			l.Done("p", "m3")
			l.Done("q", "m3")
			l.Done("q", "none")
			if got := take(t, l, now, 5); got != "p/m3 q/m3 " {
				t.Errorf("took %s of what came back", got)
			}
			if err := l.Release(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := take(t, message.NewLine(db, "two", time.Minute), now, 5); got != "" {
				t.Errorf("%s were taken though the first has them in hand", got)
			}
		})
	}
}

// Nothing waits whose turn has come; the next turn is told.
func TestALineSaysWhenTheNextTurnComes(t *testing.T) {
	testkit.Each(t, func(t *testing.T, db *store.DB) {
		practices(t, db, "p")
		now := db.Now().Truncate(time.Second)
		l := message.NewLine(db, "one", time.Minute)
		for _, at := range []time.Duration{2 * time.Hour, time.Hour} {
			in := intent(message.ID(at.String()), now.Add(at))
			if at == time.Hour {
				in.Kind, in.Rule, in.Subject = message.Order, "", "order"
			}
			queue(t, db, "p", in)
			taken, next, err := l.Take(t.Context(), now, 5)
			if err != nil || len(taken) != 0 || !next.Equal(now.Add(at)) {
				t.Errorf("%d taken, the next turn is %v %v", len(taken), next, err)
			}
		}
	})
}

// What two processes have in hand, because the first one's lease ran out, or one twice, leaves once.
func TestWhatIsInHandTwiceLeavesOnce(t *testing.T) {
	for _, engine := range testkit.Engines() {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			clock := testkit.NewClock(t, "2026-12-01T10:00:00Z")
			db := testkit.Open(t, engine, clock)
			practices(t, db, "p")
			queue(t, db, "p", intent("m1", db.Now().Add(-time.Minute)))
			for range 2 {
				if got := take(t, message.NewLine(db, "one", time.Minute), db.Now(), 10); got != "p/m1 " {
					t.Errorf("took %s", got)
				}
				clock.Pass(2 * time.Minute)
			}
			for try, want := range []int{0, 1} {
				whole(t, db, func(w *store.Wide) error {
					gone, err := message.Leave(t.Context(), w, "one", []message.Departure{{Practice: "p", ID: "m1", MessageID: "m1@p", Sealed: []byte("s")}})
					if len(gone) != want {
						t.Errorf("departure %d: %v may not leave", try+1, gone)
					}
					return err
				})
				clock.Pass(time.Microsecond)
			}
		})
	}
}

func TestListsPageByKeyset(t *testing.T) {
	testkit.Each(t, func(t *testing.T, db *store.DB) {
		practices(t, db, "p", "q")
		now := db.Now()
		var all []message.Intent
		for i := range 7 {
			in := intent(message.ID(fmt.Sprintf("m%d", i)), now)
			if i%2 == 1 {
				in.Channel, in.Client = message.SMS, "c2"
			}
			all = append(all, in)
		}
		queue(t, db, "p", all...)
		queue(t, db, "q", all...)
		var got []string
		change(t, db, "p", func(tx *store.Tx) error {
			got = nil
			after := ""
			for range 10 {
				page, next, err := message.List(t.Context(), tx, message.Filter{Channel: message.Email, States: []message.State{message.Queued, message.Held}, From: now.Add(-time.Hour), To: now.Add(time.Hour)},
					message.Page{After: after, Limit: 3})
				if err != nil {
					return err
				}
				for _, m := range page {
					got = append(got, string(m.ID))
				}
				if after = next; after == "" {
					break
				}
			}
			one, _, err := message.List(t.Context(), tx, message.Filter{Client: "c2", Appointment: "a1", Kind: message.Rule, Rule: "reminder-7-days", Purpose: message.Appointments}, message.Page{})
			if len(one) != 3 {
				t.Errorf("%d of client c2", len(one))
			}
			_, _, bad := message.List(t.Context(), tx, message.Filter{}, message.Page{After: "!"})
			if fault.KindOf(bad) != fault.Invalid {
				t.Errorf("a bad cursor: %v", bad)
			}
			return err
		})
		if strings.Join(got, " ") != "m6 m4 m2 m0" {
			t.Errorf("listed %v", got)
		}
		whole(t, db, func(w *store.Wide) error {
			if _, err := message.Lease(t.Context(), w, "one", []store.PracticeID{"p"}, now.Add(time.Minute)); err != nil {
				return err
			}
			return message.Mark(t.Context(), w, "one", []message.Outcome{{Practice: "p", ID: "m0", State: message.Held, Reason: message.ReasonFrozen}, {Practice: "p", ID: "m1", State: message.Dropped, Reason: message.ReasonLate}})
		})
		change(t, db, "p", func(tx *store.Tx) error {
			count, err := message.CountFailed(t.Context(), tx, now.Add(-time.Hour))
			if count != 1 {
				t.Errorf("%d failed", count)
			}
			_, missing := message.Find(t.Context(), tx, "m99")
			if !errors.Is(missing, message.ErrNone) {
				t.Errorf("missing: %v", missing)
			}
			return err
		})
		whole(t, db, func(w *store.Wide) error {
			held, err := message.HeldPractices(t.Context(), w, message.ReasonFrozen)
			if len(held) != 1 || held[0] != "p" {
				t.Errorf("held %v", held)
			}
			n, err2 := message.Requeue(t.Context(), w, "p", message.ReasonFrozen, 10)
			if n != 1 {
				t.Errorf("requeued %d", n)
			}
			return errors.Join(err, err2)
		})
		if got := steps(t, db, "p", "m0"); got != "queued held/frozen queued/frozen" {
			t.Errorf("timeline %s", got)
		}
	})
}

func TestSuppressionAndFreezeBelongToOnePractice(t *testing.T) {
	testkit.Each(t, func(t *testing.T, db *store.DB) {
		practices(t, db, "p", "q")
		change(t, db, "p", func(tx *store.Tx) error {
			for range 2 {
				if err := message.Suppress(t.Context(), tx, message.Suppression{Channel: message.Email, AddressIndex: "x", Reason: "bounce"},
					message.Suppression{Channel: message.Email, AddressIndex: "y", Purpose: message.Marketing, Reason: "unsubscribe"}); err != nil {
					return err
				}
			}
			return nil
		})
		suppressed := func() (out string) {
			whole(t, db, func(w *store.Wide) error {
				found, err := message.Suppressed(t.Context(), w, []message.Address{{"p", message.Email, "x"}, {"p", message.Email, "y"}, {"p", message.SMS, "x"}, {"q", message.Email, "x"}, {"p", message.Email, "z"}})
				out = ""
				for _, s := range found {
					out += fmt.Sprintf("%s/%s/%s/%s ", s.Practice, s.AddressIndex, s.Purpose, s.Reason)
				}
				return err
			})
			return out
		}
		if got := suppressed(); got != "p/x//bounce p/y/marketing/unsubscribe " && got != "p/y/marketing/unsubscribe p/x//bounce " {
			t.Errorf("suppressed %s", got)
		}
		change(t, db, "p", func(tx *store.Tx) error {
			keeper, err := vault.NewKeeper(make([]byte, 32))
			if err != nil {
				return err
			}
			keys, err := keeper.Keys(t.Context(), tx)
			if err != nil {
				return err
			}
			return message.Allow(t.Context(), tx, keys, message.Suppression{Channel: message.Email, AddressIndex: "y", Purpose: message.Marketing})
		})
		if got := suppressed(); got != "p/x//bounce " {
			t.Errorf("after allowing %s", got)
		}
		var stop message.Stop
		change(t, db, "p", func(tx *store.Tx) (err error) {
			stop, err = message.FreezeOnly(t.Context(), tx, message.StopPractice, "", "phishing")
			return err
		})
		change(t, db, "q", func(tx *store.Tx) error {
			open, err := message.Frozen(t.Context(), tx)
			n, err2 := message.Lift(t.Context(), tx)
			if len(open) != 0 || n != 0 {
				t.Errorf("q sees or lifts p's freeze: %v %d", open, n)
			}
			return errors.Join(err, err2)
		})
		whole(t, db, func(w *store.Wide) error {
			err := message.PutStops(t.Context(), w, message.Stop{ID: "everything", Scope: message.StopPlatform, Reason: "drill", Who: "operator", At: w.Now})
			open, err2 := message.Stops(t.Context(), w)
			if len(open) != 2 {
				t.Errorf("open %v", open)
			}
			n, err3 := message.LiftPlatform(t.Context(), w, "operator")
			if n != 1 {
				t.Errorf("%d lifted", n)
			}
			return errors.Join(err, err2, err3)
		})
		change(t, db, "p", func(tx *store.Tx) error {
			open, err := message.Frozen(t.Context(), tx)
			if len(open) != 1 || open[0].Reason != "phishing" || open[0].Who != "test" {
				t.Errorf("p's freeze: %+v", open)
			}
			n, err2 := message.Lift(t.Context(), tx)
			if n != 1 {
				t.Errorf("%d lifted", n)
			}
			return errors.Join(err, err2)
		})
		whole(t, db, func(w *store.Wide) error {
			known, err := message.Stops(t.Context(), w, stop.ID)
			if len(known) != 1 || known[0].LiftedAt.IsZero() || known[0].LiftedBy != "test" {
				t.Errorf("the lifted freeze: %+v", known)
			}
			return err
		})
	})
}

// Whatever couriers do, in whatever order, a message is in one courier's hands at most, and final stays final.
func TestMachineOfStates(t *testing.T) {
	t.Parallel()
	db := testkit.Open(t, testkit.SQLite, nil)
	run := 0
	rapid.Check(t, func(r *rapid.T) {
		run++
		p := store.PracticeID(fmt.Sprintf("p%d", run))
		practices(t, db, p)
		start := db.Now().Add(-time.Hour)
		queue(t, db, p, intent("m", start))
		state, has, holder, attempts := message.Queued, "", "", int64(0) // who has the practice, and in whose hands it is leaving
		for range rapid.IntRange(1, 12).Draw(r, "moves") {
			by := rapid.SampledFrom([]string{"one", "two"}).Draw(r, "by")
			whole(t, db, func(w *store.Wide) error {
				switch rapid.SampledFrom([]string{"claim", "leave", "mark", "expire", "release"}).Draw(r, "move") {
				case "claim":
					got, err := message.Lease(t.Context(), w, by, []store.PracticeID{p}, w.Now.Add(time.Minute))
					if (len(got) == 1) != (has == "" || has == by) {
						r.Fatalf("has %v of what %q has", got, has)
					}
					if len(got) == 1 {
						has = by
					}
					return err
				case "leave":
					gone, err := message.Leave(t.Context(), w, by, []message.Departure{{Practice: p, ID: "m", MessageID: "x", Sealed: []byte("s")}})
					if err == nil && (len(gone) == 0) != (state == message.Queued && has == by) {
						r.Fatalf("gone %v in state %s, %q has it", gone, state, has)
					}
					if state == message.Queued && has == by {
						state, holder = message.Leaving, by
						attempts++
					}
					return err
				case "mark":
					to := rapid.SampledFrom([]message.State{message.Sent, message.Refused, message.MaybeSent, message.Dropped, message.Held, message.Queued}).Draw(r, "to")
					err := message.Mark(t.Context(), w, by, []message.Outcome{{Practice: p, ID: "m", State: to}})
					if state == message.Queued && has == by || state == message.Leaving && holder == by {
						state, holder = to, ""
					}
					return err
				case "expire":
					_, err := message.Expire(t.Context(), w, w.Now.Add(time.Hour))
					has = ""
					return err
				default:
					_, err := message.Release(t.Context(), w, by)
					if has == by {
						has = ""
					}
					return err
				}
			})
			if m := find(t, db, p, "m"); m.State != state || m.Attempts != attempts {
				r.Fatalf("state %s attempts %d, want %s %d", m.State, m.Attempts, state, attempts)
			}
		}
		whole(t, db, func(w *store.Wide) error { // out of the way of the next run
			_, err := w.Exec(t.Context(), `UPDATE message SET state = 'dropped', claimed_by = '' WHERE practice = $1`, string(p))
			return err
		})
	})
}

// What runs all day, on every claim and every page, reads an index and not the table.
func TestHotQueriesUseTheirIndexes(t *testing.T) {
	testkit.Each(t, func(t *testing.T, db *store.DB) {
		whole(t, db, func(w *store.Wide) error {
			for index, query := range map[string]string{
				"message_next":       message.LaneQueries()[0],
				"message_next_order": message.LaneQueries()[1],
				"message_code_code":  message.NoCode,
				"message_leaving":    `SELECT id FROM message WHERE practice = 'p' AND state = 'leaving' ORDER BY id LIMIT 500`,
				"message_failed":     `SELECT count(*) FROM message WHERE practice = 'p' AND changed_at >= 1 AND (state = 'refused' OR state = 'maybe sent' OR state = 'held')`,
			} {
				var args []any
				if strings.Contains(query, "$7") {
					args = []any{1, 1, "p", "m", "one", 1, 200}
				}
				plan, err := w.Plan(t.Context(), query, args...)
				if err != nil {
					return err
				}
				if !strings.Contains(plan, index) {
					t.Errorf("%s is not used: %s", index, plan)
				}
			}
			return nil
		})
	})
}

// An order of any size stands behind what others have for their clients, whatever its turn, and leaves room while they have something.
func TestOrdersWaitBehindTheOthers(t *testing.T) {
	for _, engine := range testkit.Engines() {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			clock := testkit.NewClock(t, "2026-12-01T10:00:00Z")
			db := testkit.Open(t, engine, clock)
			practices(t, db, "a", "b")
			now := db.Now()
			for i := range 8 {
				in := intent(message.ID(fmt.Sprint("order", i)), now.Add(-time.Hour))
				in.Kind, in.Rule, in.Subject = message.Order, "", "order"
				queue(t, db, "a", in)
			}
			rule := func(id message.ID) { queue(t, db, "b", intent(id, now.Add(-time.Second))) }
			l := message.NewLine(db, "me", time.Minute)
			want := func(what, want string) {
				t.Helper()
				if got := take(t, l, now, 2); got != want {
					t.Fatalf("%s: took %s", what, got)
				}
			}
			rule("rule1")
			want("alone, though there was room", "b/rule1 ")
			want("one batch of orders", "a/order0 a/order1 ")
			want("no second one beside others", "")
			rule("rule2")
			want("what comes in goes first", "b/rule2 ")
			l.Done("a", "order0")
			want("half a batch is in hand", "")
			l.Done("a", "order1")
			l.Done("a", "order1")
			want("the next batch", "a/order2 a/order3 ")
			clock.Pass(2 * time.Second)
			want("nobody else has anything, and these did not leave", "a/order0 a/order1 ")
			want("as many as there is room for", "a/order4 a/order5 ")
		})
	}
}
