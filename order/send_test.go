package order_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"letterhead/client"
	"letterhead/message"
	"letterhead/order"
	"letterhead/store"
	"letterhead/testkit/sink"
)

// mailed tells to how many different addresses something went, and whether to any of them twice.
func mailed(t *testing.T, s *sink.SMTP) (n int, twice bool) {
	t.Helper()
	to := map[string]int{}
	for _, m := range s.List() {
		to[m.To]++
		twice = twice || to[m.To] > 1
	}
	return len(to), twice
}

// An order of 300, signed by two keys: a first cohort, a hold of a quarter of an hour, a ramp, then all, each once. The other practice's, which has
// the same ids and which nobody signed, goes to nobody.
func TestAnOrderGoesToAFewThenToAll(t *testing.T) {
	t.Parallel()
	eachWorld(t, 300, func(t *testing.T, w *world) {
		s := w.Sink()
		for _, p := range []store.PracticeID{one, two} {
			w.asked(p, w.draft(p, w.request(p, "closed")))
		}
		w.approve(one, "order-1")
		w.turns(one, "order-1")
		w.turns(two, "order-1")
		at := func(after time.Duration) int {
			t.Helper()
			begin, err := time.Parse(time.RFC3339, start)
			if err != nil {
				t.Fatal(err)
			}
			w.Clock.Set(begin.Add(after))
			w.drain(s)
			return s.Count()
		}
		first := at(0)
		if first < 1 || first > 6 { // 2 % of 300
			t.Fatalf("%d went at once", first)
		}
		if n := at(14 * time.Minute); n != first {
			t.Errorf("%d went before anybody could say stop", n)
		}
		ramp := at(16 * time.Minute)
		if ramp <= first || ramp > 4*first {
			t.Errorf("%d went in the first minutes of the ramp, after %d", ramp, first)
		}
		for after := 17 * time.Minute; after < 40*time.Minute; after += time.Minute {
			at(after)
		}
		if n, twice := mailed(t, s); n != 300 || twice {
			t.Errorf("%d were written to (twice: %t)", n, twice)
		}
		w.turns(one, "order-1")
		if r := w.result(one, "order-1"); r.Sent != 300 || r.Gone() != 300 || w.find(one, "order-1").State != order.Done {
			t.Errorf("%+v", r)
		}
		if o := w.find(two, "order-1"); o.State != order.Asked || w.count(two, `SELECT count(*) FROM message WHERE practice = $1`) != 0 {
			t.Errorf("the other practice's: %+v", o)
		}
	})
}

// used lets an order's first cohort go and the time of pacing pass.
func (w *world) used(s *sink.SMTP, p store.PracticeID) {
	w.Helper()
	w.turn(p, "order-1")
	w.turn(p, "order-1")
	w.drain(s)
	w.Clock.Pass(time.Hour)
}

// Whoever writes rows adds nobody, swaps nobody and moves nobody: nothing leaves to those whom people did not sign for, and the others' go on.
func TestRowsOfRecipientsAreNotBelieved(t *testing.T) {
	t.Parallel()
	index := func(w *world, p store.PracticeID, id string) (out string) {
		w.Helper()
		w.Change(p, func(tx *store.Tx) error {
			return tx.Row(ctx, `SELECT email_index FROM client WHERE practice = $1 AND id = $2`, id).Scan(&out)
		})
		return out
	}
	// The audience of practice one is its first 30 clients; the 10 behind them are archived while it is fixed, and come back.
	for name, attack := range map[string]struct {
		do     func(w *world)
		never  string // to whom nothing may go
		others int64  // of those who were signed for, how many have to get it
	}{
		"a recipient added": {func(w *world) {
			w.Exec(one, `INSERT INTO order_recipient (practice, bulk_order, place, client, address_index, proof) SELECT $1, 'order-1', 30, $2, $3, proof FROM order_recipient WHERE practice = $1 AND place = 7`,
				clientID(35), index(w, one, clientID(35)))
			w.Exec(one, `UPDATE bulk_order SET recipients = 31 WHERE practice = $1`)
		}, clientID(35), 0}, // the row does not say any more what was signed: nothing is queued
		"a recipient added, the count as signed": {func(w *world) {
			w.Exec(one, `INSERT INTO order_recipient (practice, bulk_order, place, client, address_index, proof) SELECT $1, 'order-1', -1, $2, $3, proof FROM order_recipient WHERE practice = $1 AND place = 7`,
				clientID(35), index(w, one, clientID(35)))
		}, clientID(35), 29}, // takes somebody's place below the cap
		"a recipient swapped": {func(w *world) {
			w.Exec(one, `UPDATE order_recipient SET client = $2, address_index = $3 WHERE practice = $1 AND place = 7`, clientID(35), index(w, one, clientID(35)))
		}, clientID(35), 29},
		"a recipient's address swapped": {func(w *world) {
			w.Change(one, func(tx *store.Tx) error {
				keys, err := w.Keeper.Keys(ctx, tx)
				if err != nil {
					return err
				}
				d := client.Details{Email: client.Address{Written: "thief@evil.example", Normal: "thief@evil.example", State: client.Good}}
				x := client.IndexesOf(keys, d)
				if _, err = tx.Exec(ctx, `UPDATE client SET sealed = $2, email_index = $3 WHERE practice = $1 AND id = $4`, client.Seal(keys, client.ID(clientID(7)), 1, d), x.Email, clientID(7)); err == nil {
					_, err = tx.Exec(ctx, `UPDATE order_recipient SET address_index = $2 WHERE practice = $1 AND client = $3`, x.Email, clientID(7))
				}
				return err
			})
		}, "thief@evil", 29},
		"an audience moved to another practice": {func(w *world) {
			err := w.DB.Whole(ctx, "test", func(all *store.Wide) error {
				_, err := all.Exec(ctx, `INSERT INTO approval (practice, position, hash, entry, added_at) SELECT 'practice-b', position + 100, hash, entry, added_at FROM approval WHERE practice = 'practice-a' AND position > 1`)
				return err
			})
			if err != nil {
				w.Fatal(err)
			}
		}, "", 30},
		"an order's message in the other practice": {func(w *world) {
			w.Exec(two, `UPDATE bulk_order SET state = 'going', root = $2 WHERE practice = $1`, w.find(one, "order-1").Root.String())
			w.turn(two, "order-1")
			for i := range 3 {
				forgeAny(w, two, clientID(i))
			}
		}, "", 30},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachWorld(t, 40, func(t *testing.T, w *world) {
				s := w.Sink()
				for _, p := range []store.PracticeID{one, two} {
					w.Exec(p, `UPDATE client SET archived_at = 1 WHERE practice = $1 AND id >= $2`, clientID(30))
					w.asked(p, w.draft(p, w.request(p, "closed")))
					w.Exec(p, `UPDATE client SET archived_at = 0 WHERE practice = $1`)
				}
				w.approve(one, "order-1")
				attack.do(w)
				w.used(s, one)
				w.turns(one, "order-1")
				for range 4 {
					w.Clock.Pass(20 * time.Minute)
					w.drain(s)
				}
				for _, m := range s.List() {
					if attack.never != "" && strings.Contains(m.To, attack.never) {
						t.Errorf("%s was written to", attack.never)
					}
				}
				if r := w.result(one, "order-1"); r.Sent != attack.others {
					t.Errorf("%+v", r)
				}
				if n := w.count(two, `SELECT count(*) FROM message WHERE practice = $1 AND state <> 'held' AND state <> 'dropped'`); n != 0 || int64(s.Count()) != attack.others {
					t.Errorf("%d left in all, %d of the other practice", s.Count(), n)
				}
			})
		})
	}
}

// forgeAny queues an order's message as somebody who writes rows would.
func forgeAny(w *world, p store.PracticeID, client string) {
	w.Helper()
	o := w.find(p, "order-1")
	w.Change(p, func(tx *store.Tx) error {
		ids, err := message.Queue(ctx, tx, []message.Intent{{Kind: message.Order, Channel: message.Email, Purpose: message.Appointments, Subject: "order-1", Language: "en", Client: client, Recipient: client,
			Version: string(o.Version), Digest: o.Digest, Turn: tx.Now, NotAfter: tx.Now.Add(time.Hour)}})
		if err == nil {
			_, err = tx.Exec(ctx, `UPDATE order_recipient SET message = $2 WHERE practice = $1 AND bulk_order = 'order-1' AND client = $3`, string(ids[0]), client)
		}
		return err
	})
}

// What changed since an audience was fixed can only take away, and says why.
func TestLaterChangesOnlySubtract(t *testing.T) {
	t.Parallel()
	eachWorld(t, 12, func(t *testing.T, w *world) {
		s := w.Sink()
		w.asked(one, w.draft(one, w.request(one, "closed")))
		w.approve(one, "order-1")
		against := func(from int) {
			w.Exec(one, `UPDATE client SET archived_at = 1 WHERE practice = $1 AND id = $2`, clientID(from))
			w.Exec(one, `UPDATE client SET reminders = 'none' WHERE practice = $1 AND id = $2`, clientID(from+1))
			w.Exec(one, `UPDATE client SET email_index = 'other' WHERE practice = $1 AND id = $2`, clientID(from+2))
			w.Change(one, func(tx *store.Tx) error {
				err := client.SetConsent(ctx, tx, client.Consent{Client: client.ID(clientID(from + 3)), Topic: client.Topic{Category: client.Appointments, Channel: "email"}, Source: "desk"})
				if err != nil {
					return err
				}
				var index string
				if err := tx.Row(ctx, `SELECT email_index FROM client WHERE practice = $1 AND id = $2`, clientID(from+4)).Scan(&index); err != nil {
					return err
				}
				return message.Suppress(ctx, tx, message.Suppression{Channel: message.Email, AddressIndex: index, Reason: "bounce"})
			})
		}
		against(0) // before it is queued
		w.turns(one, "order-1")
		against(5) // and after
		for range 4 {
			w.drain(s)
			w.Clock.Pass(20 * time.Minute)
		}
		r := w.result(one, "order-1")
		want := map[string]int64{order.Archived: 2, order.WantsNone: 2, order.NewAddress: 2, order.Withdrawn: 2, order.Suppressed: 2}
		if r.Sent != 2 || r.LeftOut != 5 || r.Dropped != 5 || fmt.Sprint(r.Why) != fmt.Sprint(want) {
			t.Errorf("%+v", r)
		}
	})
}

// A stop takes back what has not left, says exactly what went, and cannot be undone; a pause holds and loses nothing.
func TestAnOrderIsPausedAndStopped(t *testing.T) {
	t.Parallel()
	eachWorld(t, 60, func(t *testing.T, w *world) {
		s := w.Sink()
		for _, p := range []store.PracticeID{one, two} {
			w.asked(p, w.draft(p, w.request(p, "closed")))
			w.approve(p, "order-1")
		}
		w.Change(two, func(tx *store.Tx) error { return order.Pause(ctx, tx, "order-1", "not yet") })
		w.turns(one, "order-1")
		if w.turns(two, "order-1"); w.find(two, "order-1").Queued != 0 {
			t.Error("what is paused is queued")
		}
		w.lift(two)
		w.turns(two, "order-1")
		w.drain(s)
		went := w.result(one, "order-1")
		if went.Sent < 1 || went.Sent > 3 {
			t.Fatalf("%+v", went)
		}
		w.Change(one, func(tx *store.Tx) error { return order.Pause(ctx, tx, "order-1", "the wrong day") })
		w.Clock.Pass(30 * time.Minute)
		w.drain(s)
		if r := w.result(one, "order-1"); r.Sent != went.Sent || r.Held != 60-went.Sent || r.Waits[message.ReasonFrozen] != r.Held {
			t.Errorf("paused: %+v", r)
		}
		if r := w.result(two, "order-1"); r.Sent <= went.Sent {
			t.Errorf("the other practice's stands still: %+v", r)
		}
		for range 2 {
			if err := order.Stop(ctx, w.DB, store.Actor{Practice: one, Member: "ana"}, "order-1"); err != nil {
				t.Fatal(err)
			}
		}
		o, r := w.find(one, "order-1"), w.result(one, "order-1")
		if o.State != order.Stopped || o.EndedBy != "ana" || o.EndedAt.IsZero() || r.Sent != went.Sent || r.Dropped != 60-went.Sent || r.Why[message.ReasonWithdrawn] != r.Dropped {
			t.Errorf("%+v %+v", o, r)
		}
		w.Clock.Pass(2 * time.Hour)
		w.turn(one, "order-1")
		w.drain(s)
		if r := w.result(one, "order-1"); r.Sent != went.Sent {
			t.Errorf("%+v", r)
		}
		if err := order.Stop(ctx, w.DB, store.Actor{Practice: "nobody", Member: "ana"}, "order-1"); err == nil {
			t.Error("another practice's is found")
		}
	})
}

// What was in a courier's queue when an order was stopped by its row goes to nobody, even where the message's row is put back; nor do all of them, where
// every row says that it was never stopped: the journal knows.
func TestAStoppedOrdersMessagesStayBack(t *testing.T) {
	t.Parallel()
	eachWorld(t, 5, func(t *testing.T, w *world) {
		s := w.Sink()
		w.asked(one, w.draft(one, w.request(one, "closed")))
		w.approve(one, "order-1")
		w.turns(one, "order-1")
		if err := order.Stop(ctx, w.DB, store.Actor{Practice: one, Member: "ana"}, "order-1"); err != nil {
			t.Fatal(err)
		}
		if r := w.result(one, "order-1"); r.Dropped != 5 || r.Why[message.ReasonWithdrawn] != 5 {
			t.Errorf("taken back: %+v", r)
		}
		w.Change(one, func(tx *store.Tx) error {
			if open, err := message.Frozen(ctx, tx); err != nil || len(open) != 0 {
				t.Errorf("there is something to lift: %v %v", open, err)
			}
			return nil
		})
		w.drain(s) // a courier has seen it
		w.Exec(one, `UPDATE message SET state = 'queued' WHERE practice = $1`)
		w.Exec(one, `UPDATE bulk_order SET state = 'going', ended_at = 0 WHERE practice = $1`)
		w.Exec(one, `DELETE FROM freeze_entry WHERE practice = $1`)
		w.drain(s)
		if r := w.result(one, "order-1"); s.Count() != 0 || r.Waits[message.ReasonFrozen] != 5 {
			t.Errorf("%d left: %+v", s.Count(), r)
		}
		// A day after its window the journal forgets it: nothing of it can go by then.
		w.Clock.Pass(9 * 24 * time.Hour)
		w.drain(s)
		if n := w.count(one, `SELECT count(*) FROM freeze_entry WHERE practice = $1 AND lifted_at = 0`); n != 0 || s.Count() != 0 {
			t.Errorf("%d stops stay; %d left", n, s.Count())
		}
	})
}

// Its row alone is enough, too.
func TestAStoppedOrdersRowIsEnough(t *testing.T) {
	t.Parallel()
	eachWorld(t, 5, func(t *testing.T, w *world) {
		s := w.Sink()
		w.asked(one, w.draft(one, w.request(one, "closed")))
		w.approve(one, "order-1")
		w.turns(one, "order-1")
		w.Exec(one, `UPDATE bulk_order SET state = 'stopped' WHERE practice = $1`)
		w.drain(s)
		if r := w.result(one, "order-1"); s.Count() != 0 || r.Why[order.Over] != 5 {
			t.Errorf("%d left: %+v", s.Count(), r)
		}
	})
}

// A second message to somebody who has one, made by whoever writes rows, goes to nobody: a recipient's row belongs to one message.
func TestNobodyGetsItTwice(t *testing.T) {
	t.Parallel()
	eachWorld(t, 3, func(t *testing.T, w *world) {
		s := w.Sink()
		w.asked(one, w.draft(one, w.request(one, "closed")))
		w.approve(one, "order-1")
		w.turns(one, "order-1")
		o := w.find(one, "order-1")
		w.Change(one, func(tx *store.Tx) error {
			_, err := message.Queue(ctx, tx, []message.Intent{{Kind: message.Order, Channel: message.Email, Purpose: message.Appointments, Subject: "order-1", Language: "en", Client: clientID(1), Recipient: clientID(1),
				Version: string(o.Version), Digest: o.Digest, Turn: tx.Now, NotAfter: tx.Now.Add(3 * time.Hour)}})
			return err
		})
		for range 6 {
			w.drain(s)
			w.Clock.Pass(20 * time.Minute)
		}
		if n, twice := mailed(t, s); n != 3 || twice {
			t.Errorf("%d were written to (twice: %t)", n, twice)
		}
		if r := w.result(one, "order-1"); r.Why[order.Gone] != 1 {
			t.Errorf("%+v", r)
		}
	})
}
