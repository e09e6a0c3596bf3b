package ledger_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"testing"

	"letterhead/ledger"
	"letterhead/ledger/leaf"
	"letterhead/ledger/proof"
	"letterhead/store"
	"letterhead/testkit"
)

func hash(text string, n ...int) leaf.Hash { return sha256.Sum256([]byte(fmt.Sprint(text, n))) }

func label(practice store.PracticeID) leaf.Hash {
	if practice == "" {
		return leaf.Hash{}
	}
	return hash("root of " + string(practice))
}

func root(practice store.PracticeID) ledger.Entry {
	return ledger.Entry{Practice: practice, Label: label(practice), Body: &leaf.Statement{Position: 1, Seen: 1, Digest: label(practice), Entry: hash("entry")}}
}

func message(practice store.PracticeID, n int) ledger.Entry {
	return ledger.Entry{Practice: practice, Label: label(practice), Body: &leaf.Message{
		Class: leaf.ClassRule, Channel: leaf.Email, Version: hash("version"), Approval: hash("approval"), Wording: hash("wording"), Links: leaf.Links(nil),
		Recipient: hash("recipient", n), Text: hash("text", n), Words: hash("words", n),
	}}
}

func appendAll(t testing.TB, db *store.DB, entries ...ledger.Entry) (head proof.Head, places []ledger.Place) {
	t.Helper()
	err := db.Whole(t.Context(), "test", func(w *store.Wide) (err error) {
		head, places, err = ledger.Append(t.Context(), w, entries)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return head, places
}

func whole(t testing.TB, db *store.DB, do func(ctx context.Context, w *store.Wide) error) error {
	t.Helper()
	return db.Whole(t.Context(), "test", func(w *store.Wide) error { return do(t.Context(), w) })
}

func TestAppend(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, db *store.DB) {
		head, _ := appendAll(t, db)
		if head.Size != 0 {
			t.Fatal(head)
		}
		entries := []ledger.Entry{root("b"), root("a"), message("b", 1), message("a", 1), message("b", 2)}
		head, places := appendAll(t, db, entries...)
		if head.Size != 5 || places[1].Index != 0 || places[3].Index != 1 || places[0].Index != 2 || places[4].Sequence != 3 {
			t.Fatal(head, places)
		}
		older := head
		// What is there already is passed over; a platform's leaf needs no root.
		head, places = appendAll(t, db, root("b"), message("b", 3), ledger.Entry{Body: &leaf.Event{Of: leaf.KindIncident, ID: "i", Word: leaf.Opened, Epoch: 1, Digest: leaf.Hash{1}}})
		if head.Size != 7 || places[0].Sequence != 0 || places[1].Sequence != 4 || places[2].Sequence != 1 {
			t.Fatal(head, places)
		}
		if err := ledger.Check(t.Context(), db, older); err != nil {
			t.Error(err)
		}
		if audited := audit(t, db); audited.Head != head || audited.Messages["b"] == 0 {
			t.Error(audited)
		}
		err := whole(t, db, func(ctx context.Context, w *store.Wide) error {
			for i := range head.Size {
				p, err := ledger.Prove(ctx, w, head.Size, i)
				if err != nil {
					return err
				}
				err = ledger.AllLeaves(ctx, w, 0, head.Size, func(_ store.PracticeID, s ledger.Stored) error {
					if holds := proof.CheckLeaf(p, head, i, leaf.Sum(s.Raw)) == nil; holds != (s.Index == i) {
						t.Errorf("leaf %d by the proof of %d: %t", s.Index, i, holds)
					}
					return nil
				})
				if err != nil {
					return err
				}
			}
			p, err := ledger.ProveGrowth(ctx, w, head.Size, older.Size)
			if err != nil {
				return err
			}
			if err := proof.CheckGrowth(p, head, older); err != nil {
				t.Error(err)
			}
			found, err := ledger.Find(ctx, w, "b", 0, 100, func(l *leaf.Leaf) bool {
				m, is := l.Body.(*leaf.Message)
				return is && m.Recipient == hash("recipient", 3)
			})
			if err != nil || found.Sequence != 4 {
				t.Error(found, err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestWhatIsNotAppended(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, db *store.DB) {
		appendAll(t, db, root("a"))
		other := message("a", 1)
		other.Label = hash("another")
		later := root("a")
		later.Body = &leaf.Statement{Position: 3, Seen: 1, Digest: hash("x"), Entry: hash("y")}
		wrong := root("b")
		wrong.Body = &leaf.Statement{Position: 1, Seen: 1, Digest: hash("x"), Entry: hash("y")}
		unlabelled := message("", 1)
		unlabelled.Label = hash("x")
		for name, e := range map[string]ledger.Entry{
			"of another label": other, "with entries left out": later, "before the root": message("b", 1), "another root": wrong, "no label": {Practice: "c", Body: message("c", 1).Body},
			"a platform with a label": unlabelled, "no form": {Practice: "a", Label: label("a"), Body: &leaf.Message{}},
		} {
			err := whole(t, db, func(ctx context.Context, w *store.Wide) error {
				_, _, err := ledger.Append(ctx, w, []ledger.Entry{message("a", 1), e})
				return err
			})
			if err == nil {
				t.Errorf("%s: it was appended", name)
			}
		}
		if err := whole(t, db, func(ctx context.Context, w *store.Wide) error {
			_, _, err := ledger.Append(ctx, w, make([]ledger.Entry, ledger.MaxBatch+1))
			return err
		}); err == nil {
			t.Error("a batch without end")
		}
		if head, _ := appendAll(t, db); head.Size != 1 {
			t.Error("something of a refused batch stayed: ", head)
		}
	})
}

func TestAJournalThatKnowsMoreOrOther(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, db *store.DB) {
		head, _ := appendAll(t, db, root("a"), message("a", 1))
		for name, known := range map[string]proof.Head{"more": {Size: 3, Root: head.Root}, "other": {Size: 2, Root: hash("x")}, "other before": {Size: 1, Root: hash("x")}} {
			err := ledger.Check(t.Context(), db, known)
			if !errors.Is(err, ledger.ErrDamaged) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
