package message

import (
	"context"
	"fmt"
	"time"

	"letterhead/store"
)

// Tally is how many messages of one kind, subject, version and language wait, and how many left.
type Tally struct {
	Kind     Kind
	Subject  string // the rule's key; the id of the order, letter or grant
	Version  string
	Language string
	Waits    int
	Left     int // or may have
}

// Tallies counts the practice's messages that were made since an instant: what a stop would hold, and what it comes too late for. Letterhead's own
// messages, which no stop of a practice holds, are left out.
func Tallies(ctx context.Context, tx *store.Tx, since time.Time) ([]Tally, error) {
	rows, err := tx.Query(ctx, `SELECT kind, subject, wording_version, language, SUM(CASE WHEN state = 'queued' OR state = 'held' THEN 1 ELSE 0 END),
		SUM(CASE WHEN state = 'sent' OR state = 'leaving' OR state = 'maybe sent' THEN 1 ELSE 0 END)
		FROM message WHERE practice = $1 AND created_at >= $2 AND kind <> 'system' AND state <> 'dropped' GROUP BY kind, subject, wording_version, language`, store.Micro(since))
	found, err := store.Collect(rows, err, func(r *store.Rows) (t Tally, err error) {
		return t, r.Scan(&t.Kind, &t.Subject, &t.Version, &t.Language, &t.Waits, &t.Left)
	})
	if err != nil {
		return nil, fmt.Errorf("count messages by what they say: %w", err)
	}
	return found, nil
}
