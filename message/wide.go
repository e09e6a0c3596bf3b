package message

import (
	"context"
	"time"

	"letterhead/store"
)

// Load is how a practice's messages stand: what waits, and what became of those that were made since an instant.
type Load struct{ Queued, Held, Sent, Failed int64 }

// Loads are those of every practice that has any.
func Loads(ctx context.Context, w *store.Wide, since time.Time) (map[store.PracticeID]Load, error) {
	rows, err := w.Query(ctx, `SELECT practice, state, COUNT(*) FROM message WHERE state = 'queued' OR state = 'held' GROUP BY practice, state
		UNION ALL SELECT practice, state, COUNT(*) FROM message WHERE created_at >= $1 AND state <> 'queued' AND state <> 'held' GROUP BY practice, state`, store.Micro(since))
	all := map[store.PracticeID]Load{}
	_, err = store.Collect(rows, err, func(r *store.Rows) (struct{}, error) {
		var id store.PracticeID
		var state State
		var n int64
		err := r.Scan(&id, &state, &n)
		q := all[id]
		switch state {
		case Queued:
			q.Queued = n
		case Held:
			q.Held = n
		case Sent:
			q.Sent = n
		case Refused, MaybeSent:
			q.Failed += n
		}
		all[id] = q
		return struct{}{}, err
	})
	return all, err
}

// Open is a stop that holds, without what somebody said of it.
type Open struct {
	Practice store.PracticeID // "" of one that holds everywhere
	Part     string           // "" is everything
	At       time.Time
}

// OpenStops are the stops that hold, the newest first, at most so many.
func OpenStops(ctx context.Context, w *store.Wide, most int) ([]Open, error) {
	rows, err := w.Query(ctx, `SELECT practice, part, at FROM freeze_entry WHERE lifted_at = 0 ORDER BY at DESC LIMIT $1`, most)
	return store.Collect(rows, err, func(r *store.Rows) (o Open, err error) {
		var at int64
		err = r.Scan(&o.Practice, &o.Part, &at)
		o.At = store.Instant(at)
		return o, err
	})
}
