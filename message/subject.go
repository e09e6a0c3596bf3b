package message

import (
	"context"
	"fmt"
	"time"

	"letterhead/store"
)

// Messages by what they are of: an order, a letter or a grant. The index message_subject holds them by state.

// CountOf counts the messages of one subject by state.
func CountOf(ctx context.Context, tx *store.Tx, subject string) (map[State]int64, error) {
	out := map[State]int64{}
	rows, err := tx.Query(ctx, `SELECT state, count(*) FROM message WHERE practice = $1 AND subject = $2 AND kind <> 'rule' GROUP BY state`, subject)
	_, err = store.Collect(rows, err, func(r *store.Rows) (none struct{}, err error) {
		var s State
		var n int64
		err = r.Scan(&s, &n)
		out[s] = n
		return none, err
	})
	if err != nil {
		return nil, fmt.Errorf("count messages of a subject: %w", err)
	}
	return out, nil
}

// WhyOf counts one subject's messages in a state by reason.
func WhyOf(ctx context.Context, tx *store.Tx, subject string, state State) (map[string]int64, error) {
	out := map[string]int64{}
	rows, err := tx.Query(ctx, `SELECT reason, count(*) FROM message WHERE practice = $1 AND subject = $2 AND kind <> 'rule' AND state = $3 GROUP BY reason`, subject, string(state))
	_, err = store.Collect(rows, err, func(r *store.Rows) (none struct{}, err error) {
		var why string
		var n int64
		err = r.Scan(&why, &n)
		out[why] = n
		return none, err
	})
	if err != nil {
		return nil, fmt.Errorf("count messages of a subject by reason: %w", err)
	}
	return out, nil
}

// NextOf is when the next of one subject's queued messages may leave; zero: none waits.
func NextOf(ctx context.Context, tx *store.Tx, subject string) (next time.Time, err error) {
	var turn *int64
	err = tx.Row(ctx, `SELECT min(turn) FROM message WHERE practice = $1 AND subject = $2 AND kind <> 'rule' AND state = 'queued'`, subject).Scan(&turn)
	if err == nil && turn != nil {
		next = store.Instant(*turn)
	}
	return next, err
}

// TakeBack drops up to limit messages of one subject that have not left, those whose turn comes first first, for a reason of the practice's. A
// courier that has one finds it gone before its first byte.
func TakeBack(ctx context.Context, tx *store.Tx, reason, subject string, limit int) (int64, error) {
	const these = `(SELECT f.id FROM message f WHERE f.practice = $1 AND f.subject = $2 AND f.kind <> 'rule' AND (f.state = 'queued' OR f.state = 'held') ORDER BY f.turn, f.id LIMIT $3)`
	args := []any{subject, limit, store.Micro(tx.Now), reason}
	_, err := tx.Exec(ctx, `INSERT INTO message_step (practice, message, number, at, step, reason, detail)
		SELECT v.practice, v.id, `+nextNumber+`, $4, 'dropped', $5, '' FROM message v WHERE v.practice = $1 AND v.id IN `+these, args...)
	if err != nil {
		return 0, fmt.Errorf("take messages back: %w", err)
	}
	return tx.Exec(ctx, `UPDATE message SET state = 'dropped', reason = $5, changed_at = $4, claimed_by = '', claimed_until = 0 WHERE practice = $1 AND id IN `+these, args...)
}
