package ledger

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"letterhead/approval"
	"letterhead/ledger/leaf"
	"letterhead/ledger/proof"
	"letterhead/store"
)

func sumOf(raw []byte) Hash { return leaf.Sum(raw) }

// startLeaves is how many of the last leaves Check reads again.
const startLeaves = 10_000

// Check is asked before a courier begins: whether this is the ledger that its journal knows (the zero Head: none yet), grown. It compares the
// tree at the journal's size, the right edge, the lists of the practices, and reads the last leaves again. An error means: send nothing. What
// it does not read again, Audit does, and every evidence file of the practice concerned. Others may append meanwhile: it looks at one snapshot.
func Check(ctx context.Context, db *store.DB, known proof.Head) error {
	return db.WholeView(ctx, "check the ledger before anything is appended", func(w *store.Wide) error { return check(ctx, w, known) })
}

func check(ctx context.Context, w *store.Wide, known proof.Head) error {
	head, err := headHolds(ctx, w)
	if err != nil {
		return err
	}
	size := head.tree.Size()
	if known.Size > size {
		return damaged("the journal has seen %d leaves, the ledger has %d", known.Size, size)
	}
	at, err := edgeAt(newReader(ctx, w), known.Size)
	if err != nil {
		return err
	}
	if known.Size > 0 && at.Root() != known.Root {
		return damaged("the first %d leaves are not those that the journal has seen", known.Size)
	}
	if _, err := listOf(ctx, w, size); err != nil {
		return err
	}
	if err := practicesHold(ctx, w, size); err != nil {
		return err
	}
	from, err := runBegin(ctx, w, max(0, size-startLeaves))
	if err != nil {
		return err
	}
	return again(ctx, w, from, head, func(store.PracticeID, *leaf.Leaf) {})
}

// Audited is a ledger that was read again, whole.
type Audited struct {
	proof.Head
	Messages map[store.PracticeID]int64 // leaves of messages, by practice; "" is the installation itself
}

// Audit reads every leaf again, from the first on.
func Audit(ctx context.Context, w *store.Wide) (out Audited, err error) {
	head, err := headHolds(ctx, w)
	if err != nil {
		return out, err
	}
	out = Audited{head.tree.Head(), map[store.PracticeID]int64{}}
	err = again(ctx, w, 0, head, func(p store.PracticeID, l *leaf.Leaf) {
		if _, is := l.Body.(*leaf.Message); is {
			out.Messages[p]++
		}
	})
	return out, errors.Join(err, practicesHold(ctx, w, head.tree.Size()))
}

// headHolds compares the head's edge with the hashes that are stored.
func headHolds(ctx context.Context, w *store.Wide) (*held, error) {
	rows, err := w.Query(ctx, `SELECT size, edge, at FROM ledger_head WHERE one = 1`)
	head, err := oneHead(rows, err)
	if err != nil {
		return nil, err
	}
	stored, err := edgeAt(newReader(ctx, w), head.tree.Size())
	if err != nil {
		return nil, err
	}
	if stored.Root() != head.tree.Root() {
		return nil, damaged("the head is not that of the hashes")
	}
	rows, err = w.Query(ctx, `SELECT coalesce(max(place), -1), coalesce(sum(length(hashes)), 0) FROM ledger_hash`)
	var last, bytes int64
	_, err = store.Collect(rows, err, func(r *store.Rows) (struct{}, error) { return struct{}{}, r.Scan(&last, &bytes) })
	if err != nil {
		return nil, fmt.Errorf("count the ledger's hashes: %w", err)
	}
	if bytes != storedCount(head.tree.Size())*int64(len(Hash{})) || last >= storedCount(head.tree.Size()) {
		return nil, damaged("there are hashes of more or fewer leaves than %d", head.tree.Size())
	}
	return head, nil
}

// edgeAt is the tree of a size by the stored hashes.
func edgeAt(r *reader, size int64) (*proof.Range, error) {
	indexes := proof.EdgeIndexes(size)
	read, err := r.ReadHashes(indexes)
	if err != nil {
		return nil, err
	}
	edge := make([]Hash, len(read))
	for i, h := range read {
		edge[i] = Hash(h)
	}
	return proof.NewRange(size, edge)
}

// runBegin is the place of the run that holds a leaf.
func runBegin(ctx context.Context, w *store.Wide, place int64) (int64, error) {
	rows, err := w.Query(ctx, `SELECT coalesce(max(place), 0) FROM ledger_leaf WHERE place <= $1`, place)
	begin := int64(0)
	_, err = store.Collect(rows, err, func(r *store.Rows) (struct{}, error) { return struct{}{}, r.Scan(&begin) })
	if err != nil {
		return 0, fmt.Errorf("read leaves: %w", err)
	}
	return begin, nil
}

// again reads the leaves from a place on and makes the tree of them anew: it must be the head, and each leaf must follow its practice's one before.
func again(ctx context.Context, w *store.Wide, from int64, head *held, met func(store.PracticeID, *leaf.Leaf)) error {
	tree, err := edgeAt(newReader(ctx, w), from)
	if err != nil {
		return err
	}
	last := map[store.PracticeID]*leaf.Leaf{}
	sums := map[store.PracticeID]Hash{}
	chains := map[store.PracticeID]approval.Head{} // entry of the last statement that was met
	at := int64(0)
	err = AllLeaves(ctx, w, from, head.tree.Size(), func(practice store.PracticeID, s Stored) error {
		l, err := leaf.Parse(s.Raw)
		if err != nil {
			return damaged("leaf %d: %w", s.Index, err)
		}
		before := last[practice]
		switch {
		case s.Index != tree.Size():
			return damaged("leaf %d is missing", tree.Size())
		case l.Sequence != s.Sequence || l.At < at:
			return damaged("leaf %d stands in another's place", s.Index)
		case before != nil && (l.Previous != sums[practice] || l.Sequence != before.Sequence+1 || l.Label != before.Label):
			return damaged("leaf %d does not follow the one before it", s.Index)
		}
		sum := leaf.Sum(s.Raw)
		tree.Leaf(sum, nil)
		last[practice], sums[practice], at = l, sum, l.At
		met(practice, l)
		if b, is := l.Body.(*leaf.Statement); is {
			chains[practice] = approval.Head{Position: int64(b.Position), Hash: approval.Digest(b.Entry)}
		}
		return nil
	})
	if err != nil {
		return err
	}
	known, err := KnownOf(ctx, w, slices.Collect(maps.Keys(chains)))
	if err != nil {
		return err
	}
	for practice, entry := range chains {
		if k := known[practice]; k == nil || k.Chain != entry.Position || k.Entry != Hash(entry.Hash) && k.Entry != (Hash{}) {
			return damaged("the line of a practice is not that of its last statement")
		}
	}
	if tree.Head() != head.tree.Head() || at != head.at {
		return damaged("the leaves from %d on are not those of the head", from)
	}
	return nil
}

// practicesHold compares each practice's line with its last leaf.
func practicesHold(ctx context.Context, w *store.Wide, size int64) error {
	rows, err := w.Query(ctx, `SELECT p.practice, p.label, p.count, p.head, p.chain, coalesce(l.sequence, 0), coalesce(l.count, 0), coalesce(l.place, 0), l.leaves
		FROM ledger_practice p LEFT JOIN ledger_leaf l ON l.practice = p.practice AND l.sequence = (SELECT max(m.sequence) FROM ledger_leaf m WHERE m.practice = p.practice)`)
	_, err = store.Collect(rows, err, func(r *store.Rows) (struct{}, error) {
		var x runRow
		var label, head []byte
		var count, chain int64
		if err := r.Scan(&x.practice, &label, &count, &head, &chain, &x.sequence, &x.count, &x.place, &x.leaves); err != nil {
			return struct{}{}, err
		}
		if len(label) != len(Hash{}) || len(head) != len(Hash{}) || x.place >= size {
			return struct{}{}, damaged("the line of a practice")
		}
		end, err := x.end(Hash(label))
		if err == nil && (end.Count != uint64(count) || end.Head != Hash(head)) {
			err = damaged("the line of a practice is not that of its last leaf")
		}
		if err == nil {
			err = x.labelled(Hash(label))
		}
		return struct{}{}, err
	})
	return wrap("read the lines of the practices", err)
}

func (x runRow) labelled(label Hash) error {
	return x.each(func(s Stored) error {
		l, err := leaf.Parse(s.Raw)
		if err != nil || l.Label != label {
			return damaged("leaf %d: %w", s.Index, errors.Join(err, errors.New("its label")))
		}
		return nil
	})
}
