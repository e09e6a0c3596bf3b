package order

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"letterhead/approval"
	"letterhead/message"
	"letterhead/store"
)

// Open names an order that there may be something to do for.
type Open struct {
	Practice store.PracticeID
	ID       ID
}

// MostLooked bounds one answer of NextOpen.
const MostLooked = 1000

// NextOpen returns orders that are asked, signed, going, or stopped with something left to take back, from one on, in the order of practice and id.
func NextOpen(ctx context.Context, w *store.Wide, after Open) ([]Open, error) {
	rows, err := w.Query(ctx, `SELECT practice, id FROM bulk_order WHERE (state = 'asked' OR state = 'signed' OR state = 'going' OR state = 'stopped' AND ended_at = 0)
		AND (practice, id) > ($1, $2) ORDER BY practice, id LIMIT $3`, string(after.Practice), string(after.ID), MostLooked)
	found, err := store.Collect(rows, err, func(r *store.Rows) (o Open, err error) { return o, r.Scan(&o.Practice, &o.ID) })
	return found, wrapped("look for bulk messages", err)
}

const (
	batch      = 500              // recipients that one turn queues
	setAtOnce  = 5000             // rows that one turn changes as a set
	sampleEach = 10 * time.Second // how often it is counted what has gone
)

// Turned is what a turn did.
type Turned struct {
	Queued  int
	LeftOut int
	More    bool // there is more to do now
}

// Turn takes one order one step further in this transaction: it goes on by what the practice's chain says of it, and is queued a batch at a time.
// Two processes may take turns at once: a recipient's row becomes one message.
func Turn(ctx context.Context, tx *store.Tx, s *approval.State, id ID) (out Turned, err error) {
	o, err := Find(ctx, tx, id)
	if err != nil {
		return out, err
	}
	t := turn{ctx: ctx, tx: tx, o: &o}
	switch o.State {
	case Asked, Signed:
		err = t.sign(s)
	case Going:
		err = t.going(s)
	case Stopped:
		err = t.takeBack()
	case Draft, Fixing, Done, Expired:
	}
	return t.did, err
}

type turn struct {
	ctx context.Context
	tx  *store.Tx
	o   *Order
	did Turned
}

// standing asks the chain for this very order: its version, window, cap and audience. Rows that say something else are not what was signed.
func (t *turn) standing(s *approval.State) (approval.Reason, time.Time) {
	o := t.o
	digest, err := approval.ParseDigest(o.Digest)
	if err != nil {
		return approval.Unsigned, time.Time{}
	}
	standing, err := s.Allows(approval.KindOrder, string(o.ID), digest, t.tx.Now)
	if refused := refusal(err); refused != nil {
		return refused.Reason, refused.Until
	}
	b, x := standing.Statement.Body.Order, standing.Statement
	if b == nil || b.Root != o.Root || b.Count != o.Recipients || b.Channel != string(o.Channel) || b.Purpose != string(o.Purpose) || b.Wording != string(o.Wording) {
		return approval.Unsigned, time.Time{}
	}
	// The chain may have made it smaller since it was asked for.
	o.From, o.Until, o.Most = x.Window.From.Time(), x.Window.Until.Time(), x.Limits.Total
	return "", time.Time{}
}

// sign: asked or signed, until its signatures count.
func (t *turn) sign(s *approval.State) error {
	why, until := t.standing(s)
	switch {
	case why == "":
		t.did.More = true
		return t.state(Going, `, began_at = $4, counts_at = 0`, store.Micro(t.tx.Now))
	case why == approval.Withdrawn || why == approval.Void:
		return t.state(Stopped, `, ended_at = $4, ended_by = 'signing desk'`, store.Micro(t.tx.Now))
	case why == approval.Expired || !t.tx.Now.Before(t.o.Until):
		return t.state(Expired, `, ended_at = $4`, store.Micro(t.tx.Now))
	case why == approval.Waiting || why == approval.KeyYoung:
		if at := store.Micro(until); t.o.State != Signed || store.Micro(t.o.CountsAt) != at {
			return t.state(Signed, `, counts_at = $4`, at)
		}
	case t.o.State != Asked:
		return t.state(Asked, `, counts_at = $4`, 0)
	}
	return nil
}

// state changes the order's state, and what more says with $4.
func (t *turn) state(to State, more string, value int64) error {
	t.o.State = to
	_, err := t.tx.Exec(t.ctx, `UPDATE bulk_order SET state = $3`+more+` WHERE practice = $1 AND id = $2`, string(t.o.ID), string(to), value)
	return wrapped("change the state of a bulk message", err)
}

// going: queues what is not queued yet, and sees whether all of it has come to an end.
func (t *turn) going(s *approval.State) error {
	switch why, _ := t.standing(s); {
	case why == approval.Withdrawn || why == approval.Void:
		t.did.More = true
		return t.state(Stopped, `, ended_at = $4, ended_by = 'signing desk'`, 0)
	case why == approval.Expired || !t.tx.Now.Before(t.o.Until):
		return t.rest(TooLate)
	case why != "":
		return nil // behind, damaged, superseded: nothing is queued until the chain allows it again
	}
	if t.o.Queued >= t.o.Cap() {
		return t.rest(OverCap)
	}
	if held, err := t.held(); err != nil || held {
		return err
	}
	rows, err := t.open(min(batch, int(t.o.Cap()-t.o.Queued)))
	if err != nil {
		return err
	}
	if len(rows) == 0 {
		return t.finish()
	}
	t.did.More = true
	return t.queue(rows)
}

// held tells whether the practice, or this order, is stopped: what would be queued now would only be held and looked at again.
func (t *turn) held() (bool, error) {
	open, err := message.Frozen(t.ctx, t.tx)
	for _, s := range open {
		if s.Whole() || s.Scope == message.StopOrder && s.Subject == string(t.o.ID) || s.Scope == message.StopWording && s.Subject == string(t.o.Wording) {
			return true, err
		}
	}
	return false, err
}

// recipient is a row of the fixed audience.
type recipient struct {
	place         int64
	client, index string
}

func (t *turn) open(limit int) ([]recipient, error) {
	rows, err := t.tx.Query(t.ctx, `SELECT place, client, address_index FROM order_recipient WHERE practice = $1 AND bulk_order = $2 AND message = '' AND reason = ''
		ORDER BY place LIMIT $3`+t.tx.SkipLocked(), string(t.o.ID), limit)
	found, err := store.Collect(rows, err, func(r *store.Rows) (v recipient, err error) { return v, r.Scan(&v.place, &v.client, &v.index) })
	return found, wrapped("read whom a bulk message still goes to", err)
}

// queue plans a batch from today's facts: a message for each, or why not.
func (t *turn) queue(rows []recipient) error {
	ids := make([]string, len(rows))
	for i := range rows {
		ids[i] = rows[i].client
	}
	now, err := today(t.ctx, t.tx, t.o, ids)
	if err != nil {
		return err
	}
	w, err := whereOf(t.ctx, t.tx)
	if err != nil {
		return err
	}
	at := t.tx.Now
	if t.o.From.After(at) {
		at = t.o.From
	}
	var intents []message.Intent
	changes := make([][]any, 0, len(rows))
	var whose []int
	for i, r := range rows {
		why := now.why(r.client, r.index)
		changes = append(changes, []any{string(t.o.ID), strconv.FormatInt(r.place, 10), "", why})
		if why != "" {
			continue
		}
		whose = append(whose, i)
		intents = append(intents, message.Intent{Kind: message.Order, Channel: t.o.Channel, Purpose: t.o.Purpose, Subject: string(t.o.ID), Version: string(t.o.Version), Digest: t.o.Digest,
			Language: w.practice.Language, Client: r.client, Recipient: r.client, Turn: at, NotAfter: t.o.Until})
	}
	made, err := message.Queue(t.ctx, t.tx, intents)
	if err != nil {
		return err
	}
	for i, id := range made {
		changes[whose[i]][2] = string(id)
	}
	n, err := t.tx.Bulk(t.ctx, markHead, markTail, changes)
	if err == nil && int(n) != len(rows) {
		// A row that somebody else queued meanwhile: engines that serialise never let this happen, and if one does nobody may be written to twice.
		err = fmt.Errorf("marked %d of %d recipients", n, len(rows))
	}
	if err != nil {
		return wrapped("mark whom a bulk message was queued for", err)
	}
	t.did.Queued, t.did.LeftOut = len(made), len(rows)-len(made)
	return t.counted(int64(t.did.Queued), int64(t.did.LeftOut))
}

// The places come as texts: PostgreSQL takes all that a list of values holds for text.
const (
	markHead = `WITH v (practice, bulk_order, place, message, reason) AS (VALUES`
	markTail = `) UPDATE order_recipient SET message = v.message, reason = v.reason FROM v WHERE order_recipient.practice = v.practice AND order_recipient.bulk_order = v.bulk_order
		AND order_recipient.place = CAST(v.place AS BIGINT) AND order_recipient.message = '' AND order_recipient.reason = ''`
)

func (t *turn) counted(queued, left int64) error {
	_, err := t.tx.Exec(t.ctx, `UPDATE bulk_order SET queued = queued + $3, left_out = left_out + $4 WHERE practice = $1 AND id = $2`, string(t.o.ID), queued, left)
	return err
}

// rest leaves out all who were not queued, for one reason, and then ends the order when nothing of it is under way.
func (t *turn) rest(why string) error {
	n, err := t.tx.Exec(t.ctx, `UPDATE order_recipient SET reason = $3 WHERE practice = $1 AND bulk_order = $2 AND place IN
		(SELECT place FROM order_recipient WHERE practice = $1 AND bulk_order = $2 AND message = '' AND reason = '' ORDER BY place LIMIT $4)`, string(t.o.ID), why, setAtOnce)
	if err != nil {
		return wrapped("leave recipients out", err)
	}
	if n > 0 {
		t.did.LeftOut, t.did.More = int(n), true
		return t.counted(0, n)
	}
	return t.finish()
}

// finish counts, now and then, how many messages are gone, and ends the order with the last.
func (t *turn) finish() error {
	if now := t.tx.Now; now.Sub(t.o.seenAt) < sampleEach && !now.Before(t.o.seenAt) {
		return nil
	}
	states, err := message.CountOf(t.ctx, t.tx, string(t.o.ID))
	if err != nil {
		return err
	}
	gone, now := goneOf(states), store.Micro(t.tx.Now)
	if states[message.Queued]+states[message.Held]+states[message.Leaving] > 0 {
		_, err = t.tx.Exec(t.ctx, `UPDATE bulk_order SET before_at = seen_at, before = seen, seen_at = $3, seen = $4 WHERE practice = $1 AND id = $2`, string(t.o.ID), now, gone)
		return err
	}
	to := Done
	if t.o.Queued == 0 {
		to = Expired
	}
	return t.state(to, `, ended_at = $4`, now)
}

// goneOf is how many messages of a count have come to an end.
func goneOf(states map[message.State]int64) int64 {
	return states[message.Sent] + states[message.Refused] + states[message.MaybeSent] + states[message.Dropped]
}

// facts are what stands against clients today.
type facts map[string]fact

type fact struct{ index, why string }

func (f facts) why(id, index string) string {
	c, there := f[id]
	switch {
	case !there:
		return Archived
	case c.why != "":
		return c.why
	case c.index != index:
		return NewAddress
	}
	return ""
}

// today reads what stands against clients of an order's audience by the condition that fixed it, without its filter: who cancelled an appointment
// since still gets the message that was signed for them.
func today(ctx context.Context, tx *store.Tx, o *Order, ids []string) (facts, error) {
	w, err := whereOf(ctx, tx)
	if err != nil {
		return nil, err
	}
	q := &query{}
	q.candidates(w, o, nil)
	out := make(facts, len(ids))
	err = store.Chunks(ids, len(q.args)+2, func(list string, args []any) error {
		rows, err := tx.Query(ctx, q.text.String()+` AND c.id IN (`+list+`)`, append(q.args[:len(q.args):len(q.args)], args...)...)
		_, err = store.Collect(rows, err, func(r *store.Rows) (none struct{}, err error) {
			var id string
			var c fact
			err = r.Scan(&id, &c.index, &c.why)
			out[id] = c
			return none, err
		})
		return err
	})
	return out, wrapped("read what stands against recipients", err)
}
