package order

import (
	"context"
	"time"

	"letterhead/message"
	"letterhead/store"
)

// Result says exactly how far an order is: every recipient is in one of the counts. Of one that is over it is what it came to.
type Result struct {
	Recipients int64
	Unqueued   int64 // no message yet, or never
	Queued     int64 // waits for its turn
	Held       int64 // must be looked at, signed or lifted
	Leaving    int64
	Sent       int64
	MaybeSent  int64
	Refused    int64
	Dropped    int64 // were queued, and did not go
	LeftOut    int64 // were never queued

	Why   map[string]int64 // of Dropped and LeftOut, by reason
	Waits map[string]int64 // of Held, by reason

	Rate float64       // messages a minute that came to an end lately; 0: not known
	Next time.Time     // when the next that is queued may leave; zero: none waits
	Left time.Duration // until the last has gone, at this rate; 0: not known
}

// Gone is how many recipients nothing more will happen for.
func (r Result) Gone() int64 { return r.Sent + r.MaybeSent + r.Refused + r.Dropped + r.LeftOut }

// ResultOf counts, by indexes alone.
func ResultOf(ctx context.Context, tx *store.Tx, o *Order) (Result, error) {
	out := Result{Recipients: o.Recipients, LeftOut: o.LeftOut, Why: map[string]int64{}}
	states, err := message.CountOf(ctx, tx, string(o.ID))
	if err != nil {
		return out, err
	}
	out.Queued, out.Held, out.Leaving = states[message.Queued], states[message.Held], states[message.Leaving]
	out.Sent, out.MaybeSent, out.Refused, out.Dropped = states[message.Sent], states[message.MaybeSent], states[message.Refused], states[message.Dropped]
	out.Unqueued = max(0, o.Recipients-o.LeftOut-o.Queued)
	if out.Why, err = message.WhyOf(ctx, tx, string(o.ID), message.Dropped); err != nil {
		return out, err
	}
	rows, err := tx.Query(ctx, `SELECT reason, count(*) FROM order_recipient WHERE practice = $1 AND bulk_order = $2 AND reason <> '' GROUP BY reason`, string(o.ID))
	_, err = store.Collect(rows, err, func(r *store.Rows) (none struct{}, err error) {
		var why string
		var n int64
		err = r.Scan(&why, &n)
		out.Why[why] += n
		return none, err
	})
	if err != nil {
		return out, wrapped("count whom a bulk message left out", err)
	}
	if out.Held > 0 {
		if out.Waits, err = message.WhyOf(ctx, tx, string(o.ID), message.Held); err != nil {
			return out, err
		}
	}
	if out.Queued > 0 {
		if out.Next, err = message.NextOf(ctx, tx, string(o.ID)); err != nil {
			return out, err
		}
	}
	out.pace(o, tx.Now)
	return out, nil
}

// rateOver is the longest time over which a rate is counted: an older sample says nothing of now.
const rateOver = 5 * time.Minute

// pace says how quickly messages come to an end, from the sample before the last, and how long the rest takes.
func (r *Result) pace(o *Order, now time.Time) {
	since, before := o.beforeAt, o.before
	if since.IsZero() {
		since, before = o.BeganAt, 0
	}
	passed := now.Sub(since)
	if since.IsZero() || passed <= 0 || passed > rateOver || o.State != Going {
		return
	}
	ended := r.Sent + r.MaybeSent + r.Refused + r.Dropped - before
	if ended <= 0 {
		return
	}
	r.Rate = float64(ended) / passed.Minutes()
	left := r.Queued + r.Leaving + min(r.Unqueued, max(0, o.Cap()-o.Queued))
	r.Left = time.Duration(float64(left) / r.Rate * float64(time.Minute))
}
