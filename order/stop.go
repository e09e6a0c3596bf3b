package order

import (
	"context"
	"errors"

	"letterhead/approval"
	"letterhead/message"
	"letterhead/store"
)

// refusal is why a chain does not allow something; nil where it does. What is no answer of a chain counts as unsigned.
func refusal(err error) *approval.Refused {
	if err == nil {
		return nil
	}
	refused := new(approval.Refused)
	if !errors.As(err, &refused) {
		return &approval.Refused{Reason: approval.Unsigned}
	}
	return refused
}

// Pause stops an order by a freeze: nothing of it begins to leave from a second after this on, whatever the rows say. It ends with a signature.
func Pause(ctx context.Context, tx *store.Tx, id ID, reason string) error {
	o, err := Find(ctx, tx, id)
	if err != nil {
		return err
	}
	if o.State.Ended() {
		return ErrEnded
	}
	_, err = message.FreezeOnly(ctx, tx, message.StopOrder, string(id), reason)
	return err
}

// Paused is the stop that holds an order; nil when none does.
func Paused(ctx context.Context, tx *store.Tx, id ID) (*message.Stop, error) {
	open, err := message.Frozen(ctx, tx)
	for i := range open {
		if s := &open[i]; s.Scope == message.StopOrder && s.Subject == string(id) {
			return s, err
		}
	}
	return nil, err
}

// Stop ends an order for good and takes back what has not left, in transactions of its own: the first says so, and no courier's facts let
// anything go from then on. Of what was signed the courier's journal keeps the stop, which outlasts the rows. Somebody else's end of it stays as it is.
func Stop(ctx context.Context, db *store.DB, actor store.Actor, id ID) error {
	err := db.Change(ctx, actor, func(tx *store.Tx) error {
		o, err := Find(ctx, tx, id)
		switch {
		case err != nil:
			return err
		case o.State == Stopped:
			return nil
		case o.State.Ended():
			return ErrEnded
		}
		t := turn{ctx: ctx, tx: tx, o: &o}
		if o.State == Signed || o.State == Going {
			if err := message.End(ctx, tx, message.StopOrder, string(id)); err != nil {
				return err
			}
		}
		if _, err = tx.Exec(ctx, `UPDATE bulk_order SET ended_by = $3 WHERE practice = $1 AND id = $2`, string(id), actor.Who()); err != nil {
			return err
		}
		if err = t.state(Stopped, `, ended_at = $4`, 0); err == nil {
			err = t.takeBack()
		}
		return err
	})
	for more := true; err == nil && more; {
		err = db.Change(ctx, actor, func(tx *store.Tx) error {
			did, err := Turn(ctx, tx, nil, id)
			more = did.More
			return err
		})
	}
	return err
}

// takeBack drops what has not left, as many at a time as one transaction may, and notes when that was the last.
func (t *turn) takeBack() error {
	if !t.o.EndedAt.IsZero() {
		return nil
	}
	n, err := message.TakeBack(t.ctx, t.tx, message.ReasonWithdrawn, string(t.o.ID), setAtOnce)
	if err != nil {
		return err
	}
	if n == setAtOnce {
		t.did.More = true
		return nil
	}
	_, err = t.tx.Exec(t.ctx, `UPDATE bulk_order SET ended_at = $3 WHERE practice = $1 AND id = $2`, string(t.o.ID), store.Micro(t.tx.Now))
	return err
}

// Body, Limits and Window are what people sign of an order whose audience is fixed.
func (o *Order) Body() *approval.OrderBody {
	return &approval.OrderBody{Active: o.Active, Channel: string(o.Channel), Count: o.Recipients, Purpose: string(o.Purpose), Root: o.Root, Wording: string(o.Wording)}
}

// Limits is its cap.
func (o *Order) Limits() *approval.Limits { return &approval.Limits{Total: o.Cap()} }

// Window is from when until when it leaves.
func (o *Order) Window() *approval.Window {
	return &approval.Window{From: approval.At(o.From), Until: approval.At(o.Until)}
}
