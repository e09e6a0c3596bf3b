package calendar

import (
	"context"
	"fmt"

	"letterhead/client"
	"letterhead/fault"
	"letterhead/store"
)

// MostReattended bounds the appointments of one client that go over to another at once.
const MostReattended = 5000

// Reattend gives one client's places in appointments to another and returns them. Where both attend, each keeps their own.
func Reattend(ctx context.Context, tx *store.Tx, from, to client.ID) ([]string, error) {
	rows, err := tx.Query(ctx, `SELECT id FROM attendee t WHERE practice = $1 AND client = $2
		AND NOT EXISTS (SELECT 1 FROM attendee o WHERE o.practice = $1 AND o.appointment = t.appointment AND o.client = $3) ORDER BY id LIMIT $4`, from, to, MostReattended+1)
	ids, err := store.Collect(rows, err, func(r *store.Rows) (string, error) {
		var id string
		return id, r.Scan(&id)
	})
	if err == nil && len(ids) > MostReattended {
		err = fault.New(fault.TooMany, "calendar.reattend", fmt.Sprintf("more than %d appointments would have to change; ask the operator", MostReattended))
	}
	if err != nil {
		return nil, err
	}
	return ids, GiveBack(ctx, tx, ids, from, to)
}

// GiveBack gives these places of one client to another, so far as they are still theirs.
func GiveBack(ctx context.Context, tx *store.Tx, ids []string, from, to client.ID) error {
	return store.Chunks(ids, 4, func(list string, args []any) error {
		_, err := tx.Exec(ctx, `UPDATE attendee SET client = $3 WHERE practice = $1 AND client = $2 AND id IN (`+list+`)
			AND NOT EXISTS (SELECT 1 FROM attendee o WHERE o.practice = $1 AND o.appointment = attendee.appointment AND o.client = $3)`, append([]any{from, to}, args...)...)
		return err
	})
}
