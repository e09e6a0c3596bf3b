package approval

import (
	"context"
	"errors"
	"fmt"

	"letterhead/fault"
	"letterhead/store"
)

// ErrMoved is returned when the chain went on since the entry was made: make it again behind the new head (Signing.Entry), and try again.
var ErrMoved = fault.New(fault.Conflict, "approval.moved", "somebody else signed meanwhile; try again")

// Append puts an entry behind the head of its practice's chain, if that is still the entry that it names as the one before. The caller has
// asked State.Try. It is the only way into the table: rows are never changed and never deleted.
func Append(ctx context.Context, tx *store.Tx, e *Entry) error {
	if e.Sheet.Practice != tx.Practice {
		return at(refuse(OtherPractice, "the entry is of another practice"), e)
	}
	head, err := LastHead(ctx, tx)
	if err != nil {
		return err
	}
	if head != (Head{Position: e.Head.Position - 1, Hash: e.Previous}) {
		return ErrMoved
	}
	_, err = tx.Exec(ctx, `INSERT INTO approval (practice, position, hash, entry, added_at) VALUES ($1, $2, $3, $4, $5)`,
		e.Head.Position, e.Head.Hash.String(), string(e.Text), store.Micro(tx.Now))
	if errors.Is(err, store.ErrUnique) {
		return ErrMoved
	}
	if err != nil {
		return fmt.Errorf("append an approval: %w", err)
	}
	return nil
}

// LastHead is what the table says the head of the chain is; zero where there is none. A courier that has it folded needs to read nothing more.
func LastHead(ctx context.Context, tx *store.Tx) (Head, error) {
	rows, err := tx.Query(ctx, `SELECT position, hash FROM approval WHERE practice = $1 ORDER BY position DESC LIMIT 1`)
	heads, err := store.Collect(rows, err, scanHead)
	if err != nil {
		return Head{}, fmt.Errorf("read the head of the approvals: %w", err)
	}
	if len(heads) == 0 {
		return Head{}, nil
	}
	return heads[0], nil
}

// Lengths are how many entries the chains of all practices have.
func Lengths(ctx context.Context, w *store.Wide) (map[store.PracticeID]int64, error) {
	out := map[store.PracticeID]int64{}
	rows, err := w.Query(ctx, `SELECT practice, max(position) FROM approval GROUP BY practice`)
	_, err = store.Collect(rows, err, func(r *store.Rows) (none struct{}, err error) {
		var practice store.PracticeID
		var length int64
		err = r.Scan(&practice, &length)
		out[practice] = length
		return none, err
	})
	return out, err
}

func scanHead(rows *store.Rows) (h Head, err error) {
	var hash string
	if err = rows.Scan(&h.Position, &hash); err == nil {
		h.Hash, err = ParseDigest(hash)
	}
	return h, err
}

// page bounds one reading: entries, and with MaxEntry the memory.
const page = 200

// List reads entries behind a position, at most a page of them, and tells whether there are more. They are parsed and chained to each other, not verified.
func List(ctx context.Context, tx *store.Tx, behind int64) (entries []*Entry, more bool, err error) {
	rows, err := tx.Query(ctx, `SELECT position, entry FROM approval WHERE practice = $1 AND position > $2 ORDER BY position LIMIT $3`, behind, page+1)
	if err != nil {
		return nil, false, fmt.Errorf("list approvals: %w", err)
	}
	defer rows.Close()
	var total int
	for rows.Next() {
		var position int64
		var raw string
		if err := rows.Scan(&position, &raw); err != nil {
			return nil, false, fmt.Errorf("list approvals: %w", err)
		}
		if len(entries) == page || total > 4*MaxEntry {
			return entries, true, nil
		}
		total += len(raw)
		e, err := ParseEntry([]byte(raw))
		if err != nil {
			var r *Refused
			if errors.As(err, &r) {
				r.Position = position
			}
			return nil, false, err
		}
		if e.Head.Position != position {
			return nil, false, at(refuse(WrongPlace, "it stands at position %d", position), e)
		}
		entries = append(entries, e)
	}
	return entries, false, rows.Err()
}

// ListAll reads a whole chain, page by page.
func ListAll(ctx context.Context, tx *store.Tx, behind int64) ([]*Entry, error) {
	var all []*Entry
	for {
		entries, more, err := List(ctx, tx, behind)
		if err != nil {
			return nil, err
		}
		all = append(all, entries...)
		if !more || len(all) > MaxEntries {
			return all, nil
		}
		behind = entries[len(entries)-1].Head.Position
	}
}
