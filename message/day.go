package message

import (
	"context"
	"time"

	"letterhead/store"
)

// Day is what became of the messages that were made on a day.
type Day struct {
	Begins             time.Time
	Sent, Failed, Held int
}

// Days counts the transaction's practice's messages of the days that begin at these instants, the last of which goes on until now.
func Days(ctx context.Context, tx *store.Tx, begins []time.Time) ([]Day, error) {
	out := make([]Day, len(begins))
	for i := range out {
		out[i].Begins = begins[i]
	}
	// By quarters of an hour: a day begins with one in every zone.
	rows, err := tx.Query(ctx, `SELECT state, created_at / 900000000, COUNT(*) FROM message WHERE practice = $1 AND created_at >= $2 GROUP BY 1, 2`, store.Micro(begins[0]))
	_, err = store.Collect(rows, err, func(r *store.Rows) (struct{}, error) {
		var state State
		var quarter int64
		var n int
		err := r.Scan(&state, &quarter, &n)
		d := &out[0]
		for i := range out {
			if !store.Instant(quarter * 900_000_000).Before(out[i].Begins) {
				d = &out[i]
			}
		}
		switch state {
		case Sent:
			d.Sent += n
		case Refused, MaybeSent:
			d.Failed += n
		case Queued, Held:
			d.Held += n
		}
		return struct{}{}, err
	})
	return out, err
}
