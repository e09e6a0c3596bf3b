package ledger_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"letterhead/ledger"
	"letterhead/ledger/leaf"
	"letterhead/store"
	"letterhead/testkit"
)

func (w *world) want(p store.PracticeID, id, word string, keep bool) error {
	w.t.Helper()
	dropped := context.Canceled
	err := w.db.Whole(w.t.Context(), "test", func(x *store.Wide) error {
		err := ledger.Want(w.t.Context(), x, ledger.Incident{Practice: p, ID: id, Word: word, At: x.Now, Digest: hash(id + word)})
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

// own are the states of an incident that are on record, in order.
func (w *world) own(p store.PracticeID, id string) (words string) {
	w.t.Helper()
	err := w.db.WholeView(w.t.Context(), "test", func(x *store.Wide) error {
		return ledger.Since(w.t.Context(), x, p, 0, 1000, func(_ ledger.Stored, l *leaf.Leaf) error {
			e, is := l.Body.(*leaf.Event)
			if !is || e.Of != leaf.KindIncident || e.ID != id {
				return nil
			}
			if e.Digest != hash(id+e.Word) {
				w.t.Errorf("%s %s: another digest", id, e.Word)
			}
			words += e.Word + " "
			return nil
		})
	})
	if err != nil && !errors.Is(err, store.ErrNone) {
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
				err := whole(t, w.db, func(ctx context.Context, x *store.Wide) error { return ledger.Want(ctx, x, bad) })
				if err == nil {
					t.Errorf("%+v is taken", bad)
				}
			}
			err := whole(t, w.db, func(ctx context.Context, x *store.Wide) error {
				if _, err := x.Exec(ctx, `INSERT INTO ledger_wanted (practice, id, at, word, digest) VALUES ('a', 'forged', 1, 'prize', $1)`, []byte("short")); err != nil {
					return err
				}
				return ledger.Want(ctx, x, ledger.Incident{ID: "all", Word: leaf.Opened, At: x.Now, Digest: hash("allopened")})
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
			if all := audit(t, w.db); all.Size != 3+6 {
				t.Errorf("%d leaves", all.Size)
			}
		})
	}
}
