package transfer

import (
	"context"
	"encoding/json"
	"time"

	"letterhead/store"
)

// Batch is an import that ran, or its undoing.
type Batch struct {
	ID           BatchID
	Kind         string // import, trial, undo
	State        string // staging, done, undone, abandoned
	Undoes       BatchID
	Who          string
	At, Ended    time.Time
	Clients      Counts
	Appointments Counts
}

// Batches are the practice's imports and their undoing, the newest first, at most so many. Dry runs are not among them.
func Batches(ctx context.Context, tx *store.Tx, most int) ([]Batch, error) {
	rows, err := tx.Query(ctx, `SELECT id, kind, state, undoes, who, created_at, finished_at, report FROM import_batch
		WHERE practice = $1 AND kind <> 'trial' AND state IN ('done', 'undone') ORDER BY id DESC LIMIT $2`, most)
	return store.Collect(rows, err, scanBatch)
}

// Find returns one of the practice's.
func Find(ctx context.Context, tx *store.Tx, id BatchID) (Batch, error) {
	rows, err := tx.Query(ctx, `SELECT id, kind, state, undoes, who, created_at, finished_at, report FROM import_batch WHERE practice = $1 AND id = $2`, id)
	return only(store.Collect(rows, err, scanBatch))
}

// UndoneBy returns what took an import back.
func UndoneBy(ctx context.Context, tx *store.Tx, id BatchID) (Batch, error) {
	rows, err := tx.Query(ctx, `SELECT id, kind, state, undoes, who, created_at, finished_at, report FROM import_batch
		WHERE practice = $1 AND kind = 'undo' AND undoes = $2 AND state = 'done'`, id)
	return only(store.Collect(rows, err, scanBatch))
}

func only(found []Batch, err error) (Batch, error) {
	if err == nil && len(found) == 0 {
		err = ErrNoBatch
	}
	if err != nil {
		return Batch{}, err
	}
	return found[0], nil
}

func scanBatch(rows *store.Rows) (b Batch, err error) {
	var at, ended int64
	var report string
	if err := rows.Scan(&b.ID, &b.Kind, &b.State, &b.Undoes, &b.Who, &at, &ended, &report); err != nil {
		return b, err
	}
	b.At, b.Ended = store.Instant(at), store.Instant(ended)
	if report == "" {
		return b, nil
	}
	counts := struct{ Clients, Appointments *Counts }{&b.Clients, &b.Appointments}
	return b, json.Unmarshal([]byte(report), &counts)
}
