package ledger

import (
	"context"
	"fmt"

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
