package ledger

import (
	"context"
	"fmt"
	"slices"
	"time"

	"letterhead/approval"
	"letterhead/ledger/leaf"
	"letterhead/store"
)

// Branch are the entries of a practice's approvals as they are on record: the last one at each position, and so up to the one that is on record last.
// It reads every leaf of the practice, and is asked when a chain has gone on from an earlier entry.
func Branch(ctx context.Context, tx *store.Tx) ([]approval.Head, error) {
	var out []approval.Head
	err := own(ctx, tx, 0, func(s Stored) error {
		l, err := leaf.Parse(s.Raw)
		if err != nil {
			return damaged("leaf %d: %w", s.Index, err)
		}
		b, is := l.Body.(*leaf.Statement)
		if !is || b.Index > 0 {
			return nil
		}
		if b.Position > uint64(len(out))+1 {
			return damaged("leaf %d: an entry is missing before it", s.Index)
		}
		out = append(out[:b.Position-1], approval.Head{Position: int64(b.Position), Hash: approval.Digest(b.Entry)})
		return nil
	})
	return out, err
}

// own calls do with the leaves of the transaction's practice behind a sequence, in order.
func own(ctx context.Context, tx *store.Tx, last int64, do func(Stored) error) error {
	for {
		rows, err := tx.Query(ctx, `SELECT `+runColumns+` FROM ledger_leaf WHERE practice = $1 AND sequence > $2 ORDER BY sequence LIMIT $3`, last, pageRows)
		runs, err := store.Collect(rows, err, scanRun)
		if err != nil {
			return fmt.Errorf("read a practice's leaves: %w", err)
		}
		for _, x := range runs {
			if err := x.each(do); err != nil {
				return err
			}
			last = x.sequence
		}
		if len(runs) < pageRows {
			return nil
		}
	}
}

// Own is a message's leaf and what became of it, for its practice.
type Own struct {
	Sequence uint64
	At       time.Time
	*leaf.Message
	Fate leaf.Fate // 0: nothing is on record of it yet
}

// mostAhead is how many leaves behind a message are looked at for what became of it.
const mostAhead = 3000

// OwnMessages returns the transaction's practice's message leaves before a sequence (0: from the last on), the latest first: at most most of them, and of leaves that
// are not older than since. more tells whether there are others before them.
func OwnMessages(ctx context.Context, tx *store.Tx, before uint64, most int, since time.Time) (out []Own, more bool, err error) {
	fates := map[uint64]leaf.Fate{}
	next := int64(1 << 62)
	if before > 0 {
		next = int64(before) + mostAhead
	}
	for {
		rows, err := tx.Query(ctx, `SELECT `+runColumns+` FROM ledger_leaf WHERE practice = $1 AND sequence < $2 ORDER BY sequence DESC LIMIT $3`, next, pageRows)
		runs, err := store.Collect(rows, err, scanRun)
		if err != nil {
			return nil, false, fmt.Errorf("read a practice's leaves: %w", err)
		}
		for _, x := range runs {
			part, young, err := x.own(before, fates, since)
			if err != nil {
				return nil, false, err
			}
			for _, o := range part {
				if len(out) == most {
					return out, true, nil
				}
				out = append(out, o)
			}
			if !young {
				return out, true, nil
			}
			next = x.sequence
		}
		if len(runs) < pageRows {
			return out, false, nil
		}
	}
}

// own are the messages of a row, the latest first; young tells that it is not older than since.
func (x runRow) own(before uint64, fates map[uint64]leaf.Fate, since time.Time) (out []Own, young bool, err error) {
	young = true
	told := map[uint64]leaf.Fate{} // in this row, where the last counts
	err = x.each(func(s Stored) error {
		l, err := leaf.Parse(s.Raw)
		if err != nil {
			return damaged("leaf %d: %w", s.Index, err)
		}
		if young = !store.Instant(l.At).Before(since); !young {
			return nil
		}
		switch b := l.Body.(type) {
		case *leaf.Outcome:
			for _, r := range b.Results {
				told[r.Sequence] = r.Fate
			}
		case *leaf.Message:
			if before == 0 || s.Sequence < before {
				out = append(out, Own{Sequence: s.Sequence, At: store.Instant(l.At), Message: b})
			}
		}
		return nil
	})
	for sequence, fate := range told {
		if _, later := fates[sequence]; !later { // rows are read from the last on
			fates[sequence] = fate
		}
	}
	for i := range out {
		out[i].Fate = fates[out[i].Sequence]
	}
	slices.Reverse(out)
	return out, young, err
}

// OwnCount is how many leaves the transaction's practice has.
func OwnCount(ctx context.Context, tx *store.Tx) (n int64, err error) {
	err = tx.Row(ctx, `SELECT coalesce(max(count), 0) FROM ledger_practice WHERE practice = $1`).Scan(&n)
	return n, err
}

// Point is the last checkpoint of a log: its size, and when it was made; 0 for none.
func Point(ctx context.Context, w *store.Wide, origin string) (size int64, at time.Time, err error) {
	rows, err := w.Query(ctx, `SELECT size, at FROM ledger_checkpoint WHERE origin = $1 ORDER BY size DESC LIMIT 1`, origin)
	_, err = store.Collect(rows, err, func(r *store.Rows) (none struct{}, err error) {
		var micro int64
		err = r.Scan(&size, &micro)
		at = store.Instant(micro)
		return none, err
	})
	return size, at, err
}
