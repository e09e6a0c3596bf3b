package logbook

import (
	"fmt"
	"testing"

	"letterhead/courier/journal"
	"letterhead/ledger"
	"letterhead/ledger/leaf"
	"letterhead/store"
	"letterhead/testkit"
)

// With more practices than a courier keeps in mind, what becomes of the messages that it let go is put on record all the same.
func TestAForgottenPracticeIsKnownAgain(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, db *store.DB) {
		ctx, folder := t.Context(), t.TempDir()
		if err := journal.Create(folder, "installation", 1); err != nil {
			t.Fatal(err)
		}
		j, err := journal.Open(folder, "installation", 1)
		if err != nil {
			t.Fatal(err)
		}
		defer j.Close()
		l, err := Open(Where{DB: db, Journal: j, Folder: t.TempDir(), Installation: "installation", Epoch: 1})
		if err != nil {
			t.Fatal(err)
		}
		label := ledger.Hash{1}
		err = db.Whole(ctx, "test", func(w *store.Wide) error {
			_, err := w.Exec(ctx, `INSERT INTO ledger_practice (practice, label, count, head, chain, entry) VALUES ('a', $1, 1, $2, 1, $3)`, label[:], label[:], label[:])
			return err
		})
		if err == nil {
			err = l.Look(ctx, []store.PracticeID{"a"})
		}
		if err != nil || l.Label("a") != label {
			t.Fatal(l.Label("a"), err)
		}
		for i := range mostKnown {
			l.known[store.PracticeID(fmt.Sprint(i))] = known{}
		}
		if err := l.Look(ctx, []store.PracticeID{"one more"}); err != nil || l.Label("a") == label {
			t.Fatal("nothing was forgotten", err)
		}
		if err := l.change(ctx, "test", l.Outcomes([]Left{{Practice: "a", Sequence: 1, Fate: leaf.Sent}})); err != nil {
			t.Error(err)
		}
	})
}
