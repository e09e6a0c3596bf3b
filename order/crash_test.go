package order_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"letterhead/approval"
	"letterhead/courier"
	"letterhead/courier/chain"
	"letterhead/courier/journal"
	"letterhead/courier/trust"
	"letterhead/order"
	"letterhead/store"
)

// killed runs work under a context that ends after so many statements: a death at one of its steps. What was committed before stays.
func killed(after int, work func(ctx context.Context) error) error {
	under, cancel := context.WithCancel(context.Background())
	defer cancel()
	return work(&mortal{Context: under, cancel: cancel, left: after})
}

// mortal counts what is asked of it: the database looks at it with each statement.
type mortal struct {
	context.Context //nolint:containedctx // it is one
	cancel          func()
	mu              sync.Mutex
	left            int
}

func (m *mortal) Value(key any) any {
	m.mu.Lock()
	if m.left--; m.left < 0 {
		m.cancel()
	}
	m.mu.Unlock()
	return m.Context.Value(key)
}

// Fixing an audience is killed at each of its steps and run again, also twice at once: in the end it is the same audience, whole, and proved.
func TestFixingIsKilledAnywhere(t *testing.T) {
	t.Parallel()
	eachWorld(t, 2500, func(t *testing.T, w *world) {
		id := w.draft(one, w.request(one, "closed"))
		w.Change(one, func(tx *store.Tx) error { return order.Ask(ctx, tx, id, 1) })
		deaths := 0
		for step := 0; step < 400 && w.find(one, id).State == order.Fixing; step += 1 + step/4 {
			if err := killed(step, func(ctx context.Context) error { return order.Fix(ctx, w.DB, one, id) }); err != nil {
				deaths++
			}
		}
		var both sync.WaitGroup
		for range 2 {
			both.Go(func() {
				if err := order.Fix(ctx, w.DB, one, id); err != nil {
					t.Error(err)
				}
			})
		}
		both.Wait()
		o := w.find(one, id)
		if n := w.count(one, `SELECT count(*) FROM order_recipient WHERE practice = $1`); deaths < 5 || o.State != order.Asked || o.Recipients != 2500 || n != 2500 {
			t.Fatalf("%d deaths: %+v, %d rows", deaths, o, n)
		}
		w.approve(one, id)
		w.turns(one, id)
		if o := w.find(one, id); o.Queued != 2500 {
			t.Errorf("%+v", o)
		}
	})
}

// A run that stood still while it cleared up, as a machine that sleeps does, takes nothing of what another has written since.
func TestFixingThatWasOvertakenTakesNothing(t *testing.T) {
	t.Parallel()
	eachWorld(t, 300, func(t *testing.T, w *world) {
		id := w.draft(one, w.request(one, "closed"))
		w.Change(one, func(tx *store.Tx) error { return order.Ask(ctx, tx, id, 1) })
		job := store.Actor{Practice: one, Agent: "job"}
		slow, err := order.Begin(ctx, w.DB, job, id, "the slow run")
		if err != nil {
			t.Fatal(err)
		}
		if err := order.Fix(ctx, w.DB, one, id); err != nil {
			t.Fatal(err)
		}
		if err := order.Clear(ctx, w.DB, job, &slow); err == nil {
			t.Error("it went on")
		}
		if n := w.count(one, `SELECT count(*) FROM order_recipient WHERE practice = $1`); n != 300 || w.find(one, id).State != order.Asked {
			t.Errorf("%d recipients are left", n)
		}
	})
}

// Queueing is killed at any of its steps, and two processes queue at once: nobody is lost and nobody is there twice.
func TestQueueingIsKilledAnywhere(t *testing.T) {
	t.Parallel()
	eachWorld(t, 1700, func(t *testing.T, w *world) {
		id := w.draft(one, w.request(one, "closed"))
		w.asked(one, id)
		w.approve(one, id)
		root, err := trust.Read(w.Folder)
		if err != nil {
			t.Fatal(err)
		}
		j, err := journal.Open(courier.JournalFolder(w.Folder), root.Installation, root.Epoch)
		if err != nil {
			t.Fatal(err)
		}
		defer j.Close()
		chains := chain.Open(w.Folder, j)
		turn := func(ctx context.Context) error {
			return w.DB.Change(ctx, store.Actor{Practice: one, Agent: "tick"}, func(tx *store.Tx) error {
				return chains.Read(ctx, tx, func(s *approval.State) error {
					_, err := order.Turn(ctx, tx, s, id)
					return err
				})
			})
		}
		deaths := 0
		var mu sync.Mutex
		var both sync.WaitGroup
		for worker := range 2 {
			random := rand.New(rand.NewPCG(uint64(worker), 11))
			both.Go(func() {
				for range 40 {
					if err := killed(random.IntN(60), turn); err != nil {
						mu.Lock()
						deaths++
						mu.Unlock()
					}
				}
			})
		}
		both.Wait()
		w.turns(one, id)
		messages := w.count(one, `SELECT count(*) FROM message WHERE practice = $1 AND kind = 'order'`)
		clients := w.count(one, `SELECT count(DISTINCT client) FROM message WHERE practice = $1 AND kind = 'order'`)
		tied := w.count(one, `SELECT count(*) FROM order_recipient r WHERE r.practice = $1 AND EXISTS (SELECT 1 FROM message m WHERE m.practice = $1 AND m.id = r.message AND m.client = r.client)`)
		if o := w.find(one, id); deaths < 5 || fmt.Sprint(messages, clients, tied, o.Queued) != "1700 1700 1700 1700" {
			t.Errorf("%d deaths: %d messages to %d clients, %d tied, %+v", deaths, messages, clients, tied, o)
		}
	})
}
