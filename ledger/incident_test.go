package ledger_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"letterhead/ledger"
	"letterhead/ledger/leaf"
	"letterhead/ledger/proof"
	"letterhead/store"
	"letterhead/testkit"
)

func (w *world) want(p store.PracticeID, id, word string, keep bool) error {
	w.t.Helper()
	dropped := context.Canceled
	err := w.db.Change(w.t.Context(), store.Actor{Practice: p, Agent: "test"}, func(tx *store.Tx) error {
		err := ledger.Want(w.t.Context(), tx, ledger.Incident{ID: id, Word: word, At: tx.Now, Digest: hash(id + word)})
		if err == nil && !keep {
			return dropped
		}
		return err
	})
	if err == dropped { //nolint:errorlint // it is the same one
		return nil
	}
	return err
}

// put is what the courier does with what is wanted.
func (w *world) put() (n int) {
	w.t.Helper()
	err := w.db.Whole(context.Background(), "test", func(x *store.Wide) (err error) {
		_, n, err = ledger.Record(context.Background(), x)
		return err
	})
	if err != nil {
		w.t.Error(err)
	}
	return n
}

func (w *world) own(p store.PracticeID, id string) (words string) {
	w.t.Helper()
	err := w.db.View(w.t.Context(), store.Actor{Practice: p, Agent: "test"}, func(tx *store.Tx) error {
		list, err := ledger.OwnIncident(w.t.Context(), tx, id, w.clock.Now().Add(-time.Hour))
		for _, r := range list {
			if r.Digest != hash(id+r.Word) {
				w.t.Errorf("%s %s: another digest", id, r.Word)
			}
			words += r.Word + " "
		}
		return err
	})
	if err != nil {
		w.t.Error(err)
	}
	return words
}

// An incident's states are on record once, in order, whoever else puts them there at the same time; what was not kept is not.
func TestIncidentsAreOnRecord(t *testing.T) {
	t.Parallel()
	for _, engine := range testkit.Engines() {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, engine)
			w.record(w.a)
			w.record(w.b)
			say := func(p store.PracticeID, id, word string) {
				t.Helper()
				if err := w.want(p, id, word, true); err != nil {
					t.Fatal(err)
				}
				w.clock.Pass(time.Second)
			}
			say("a", "i1", leaf.Opened)
			say("a", "i1", leaf.Changed)
			say("b", "i1", leaf.Opened) // another one of the same id
			say("c", "i1", leaf.Opened) // of a practice without a root
			if err := w.want("a", "i2", leaf.Opened, false); err != nil {
				t.Fatal(err)
			}
			for _, bad := range []ledger.Incident{{ID: "", Word: leaf.Opened, At: w.clock.Now(), Digest: hash("x")}, {ID: "i", Word: "forged", At: w.clock.Now(), Digest: hash("x")},
				{ID: "i", Word: leaf.Opened, At: w.clock.Now().Add(time.Hour), Digest: hash("x")}, {ID: "i", Word: leaf.Opened, At: w.clock.Now()}} {
				err := whole(t, w.db, func(ctx context.Context, x *store.Wide) error { return ledger.WantAll(ctx, x, bad) })
				if err == nil {
					t.Errorf("%+v is taken", bad)
				}
			}
			err := whole(t, w.db, func(ctx context.Context, x *store.Wide) error {
				if _, err := x.Exec(ctx, `INSERT INTO ledger_wanted (practice, id, at, word, digest) VALUES ('a', 'forged', 1, 'prize', $1)`, []byte("short")); err != nil {
					return err
				}
				return ledger.WantAll(ctx, x, ledger.Incident{ID: "all", Word: leaf.Opened, At: x.Now, Digest: hash("allopened")})
			})
			if err != nil {
				t.Fatal(err)
			}
			var wait sync.WaitGroup
			counts := make([]int, 4)
			for i := range counts {
				wait.Go(func() { counts[i] = w.put() })
			}
			wait.Wait()
			if counts[0]+counts[1]+counts[2]+counts[3] != 4 || w.put() != 0 {
				t.Errorf("%v were put on record, of 4", counts)
			}
			say("a", "i1", leaf.Closed)
			w.put()
			if a, b := w.own("a", "i1"), w.own("b", "i1"); a != "opened changed closed " || b != "opened " || w.own("a", "i2")+w.own("a", "forged")+w.own("c", "i1") != "" {
				t.Errorf("a: %s, b: %s", a, b)
			}
			c := w.clinic("c", w.a.root)
			w.record(c)
			w.put()
			if got := w.own("c", "i1"); got != "opened " {
				t.Errorf("once it has a root: %q", got)
			}
			var head proof.Head
			if head, err = ledger.Audit(t.Context(), w.db); err != nil || head.Size != 3+6 {
				t.Errorf("%d leaves, %v", head.Size, err)
			}
		})
	}
}
