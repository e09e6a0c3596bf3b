package courier

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"time"

	"letterhead/approval"
	"letterhead/courier/journal"
	"letterhead/courier/logbook"
	"letterhead/ledger/proof"
	"letterhead/message"
	"letterhead/store"
)

// sweep does what is to be done now and then: it takes over from couriers that died, gives back claims that ran out, and queues again what
// was held for a reason that no longer holds.
func (c *Courier) sweep(ctx context.Context, now time.Time) {
	for _, step := range []struct {
		name string
		do   func(context.Context, time.Time) error
	}{{"recover", c.recover}, {"suppressions", c.suppressions}, {"expire", c.expire}, {"stops", func(ctx context.Context, _ time.Time) error { return c.stops.Settle(ctx) }},
		{"requeue", c.requeue}, {"late", c.endHeld}, {"checkpoint", c.checkpoint}} {
		if err := step.do(ctx, now); err != nil && ctx.Err() == nil {
			c.trouble(step.name, err)
		}
	}
	for _, r := range c.relays {
		r.pool.Tidy()
	}
}

// checkpoint puts on record what no message did, and signs how long the ledger is, now and then.
func (c *Courier) checkpoint(ctx context.Context, now time.Time) error {
	if c.journal.Healthy() != nil || c.logbook.Check(ctx) != nil {
		return nil //nolint:nilerr // claim says so
	}
	return errors.Join(c.logbook.Checkpoint(ctx, c.chains, now), c.logbook.Watch(ctx, c.watched))
}

func (c *Courier) expire(ctx context.Context, _ time.Time) error {
	return c.DB.Whole(ctx, "claims that ran out", func(w *store.Wide) error {
		_, err := message.Expire(ctx, w, w.Now)
		return err
	})
}

// recover settles what dead couriers left: by their journal, each message that was leaving had not begun (queued again), was answered (that
// answer counts), or had begun without answer (maybe sent).
func (c *Courier) recover(ctx context.Context, _ time.Time) error {
	if err := c.journal.Healthy(); err != nil {
		return err
	}
	dead, alive, err := c.journal.Dead()
	if err != nil {
		return err
	}
	for _, r := range dead {
		if err := c.takeOver(ctx, r); err != nil {
			return err
		}
		if r.Torn > 0 || r.Damaged {
			c.torn.Add(1)
			c.Log.Warn("a dead courier's journal has a bad end", slog.String("process", r.Process), slog.Any("bytes", r.Torn), slog.Any("damaged", r.Damaged))
		}
		if err := c.budget.Dead(c.DB.Now(), &r); err != nil {
			return err
		}
		if err := c.journal.Bury(r); err != nil {
			return err
		}
	}
	return c.unknown(ctx, dead, alive)
}

func (c *Courier) takeOver(ctx context.Context, r journal.Remains) error {
	settled, err := c.end(ctx, "take over from a dead courier", r.Process, func(m message.Message) (message.Outcome, bool) {
		out := logbook.Fate(m, r)
		return out, !out.LeftAt.IsZero()
	})
	if err != nil {
		return err
	}
	for i := range settled {
		c.count.note(&settled[i])
	}
	if len(settled) > 0 {
		c.Log.Warn("took over from a dead courier", slog.String("process", r.Process), slog.Int("leaving", len(settled)))
	}
	return nil
}

// end settles what a process that is no more was letting go, in rows and ledger as one, and gives its claims back.
func (c *Courier) end(ctx context.Context, what, process string, fate func(message.Message) (out message.Outcome, begun bool)) (settled []message.Outcome, err error) {
	var left []message.Message
	if err := c.DB.WholeView(ctx, what, func(w *store.Wide) (err error) { left, err = message.LeavingOf(ctx, w, process); return err }); err != nil {
		return nil, err
	}
	leaves, err := c.logbook.Unfinished(ctx, c.Keeper, left)
	if err != nil {
		return nil, err
	}
	var head proof.Head
	err = c.DB.Whole(ctx, what, func(w *store.Wide) error {
		left, err := message.LeavingOf(ctx, w, process) // as it is now: it may not have been dead
		if err != nil {
			return err
		}
		var told []logbook.Left
		settled = settled[:0]
		for i := range left {
			m := &left[i]
			out, begun := fate(*m)
			settled = append(settled, out)
			if sequence := leaves[logbook.Try{Practice: m.Practice, ID: m.ID, Attempt: m.Attempts}]; sequence > 0 {
				told = append(told, logbook.Fated(m, sequence, out.State, begun))
			}
		}
		if err := message.Mark(ctx, w, process, settled); err != nil {
			return err
		}
		if _, err = message.Release(ctx, w, process); err != nil {
			return err
		}
		head, _, err = c.logbook.Append(ctx, w, c.logbook.Outcomes(told))
		return err
	})
	if err != nil {
		return nil, err
	}
	return settled, c.logbook.Note(head)
}

// unknown settles messages that were leaving in the hands of a courier of which no journal here knows anything, once its claim has run out:
// nobody can say that they were not sent.
func (c *Courier) unknown(ctx context.Context, dead []journal.Remains, alive map[string]bool) error {
	var claimers map[string]time.Time
	err := c.DB.WholeView(ctx, "messages of unknown couriers", func(w *store.Wide) (err error) {
		claimers, err = message.Claimers(ctx, w)
		return err
	})
	for process, until := range claimers {
		if alive[process] || c.DB.Now().Before(until) || slices.ContainsFunc(dead, func(r journal.Remains) bool { return r.Process == process }) {
			continue
		}
		_, err := c.end(ctx, "messages of an unknown courier", process, func(m message.Message) (message.Outcome, bool) {
			return message.Outcome{Practice: m.Practice, ID: m.ID, State: message.MaybeSent, Reason: message.ReasonNotRecorded}, true
		})
		if err != nil {
			return err
		}
	}
	return err
}

// requeue queues again what was held by a stop that was lifted, and, when the process starts, for want of a route, sender, keyset or picture that
// may be there now: the gate looks at it anew. A part at a time, so that other practices' messages are not kept waiting.
func (c *Courier) requeue(ctx context.Context, _ time.Time) error {
	stopped, err := c.stops.Fresh(ctx, freezeStale)
	if err != nil {
		return err
	}
	more := false
	reasons := []string{message.ReasonFrozen}
	if !c.swept {
		reasons = append(reasons, message.ReasonRoute, message.ReasonSender, message.ReasonKeys, message.ReasonPicture)
	}
	signed, err := c.newlySigned(ctx)
	if err != nil {
		return err
	}
	if len(signed) > 0 {
		reasons = append(reasons, message.ReasonUnsigned)
	}
	err = c.DB.Whole(ctx, "held messages that may go on", func(w *store.Wide) error {
		more = false
		for _, reason := range reasons {
			practices, err := message.HeldPractices(ctx, w, reason)
			if err != nil {
				return err
			}
			for _, p := range practices {
				if stopped.All(p) || reason == message.ReasonUnsigned && signed[p] == (standing{}) {
					continue
				}
				var n int64
				if reason == message.ReasonFrozen {
					n, err = message.RequeueBut(ctx, w, p, stopped.Open(p), requeued)
				} else {
					n, err = message.Requeue(ctx, w, p, reason, requeued)
				}
				if err != nil {
					return err
				}
				more = more || n == requeued
			}
		}
		return nil
	})
	if err == nil && !more {
		c.swept = true
		maps.Copy(c.signed, signed)
	}
	return err
}

// standing is how far a practice's approvals are: another one may mean that what was held as unsigned is signed by now.
type standing struct {
	head    approval.Head
	waiting int // statements that do not count yet
}

// newlySigned returns the practices with messages held as unsigned whose approvals have changed since they were last looked at.
func (c *Courier) newlySigned(ctx context.Context) (map[store.PracticeID]standing, error) {
	var practices []store.PracticeID
	err := c.DB.WholeView(ctx, "practices with unsigned messages", func(w *store.Wide) (err error) {
		practices, err = message.HeldPractices(ctx, w, message.ReasonUnsigned)
		return err
	})
	out := map[store.PracticeID]standing{}
	for _, p := range practices {
		err := c.DB.View(ctx, store.Actor{Practice: p, Agent: "courier"}, func(tx *store.Tx) error {
			return c.chains.Read(ctx, tx, func(s *approval.State) error {
				if now := (standing{s.Head(), len(s.Waiting(tx.Now))}); now != c.signed[p] && now.head.Position > 0 {
					out[p] = now
				}
				return nil
			})
		})
		if err != nil && ctx.Err() != nil {
			return nil, err
		}
	}
	return out, err
}

// endHeld drops what was held until it was of no use any more.
func (c *Courier) endHeld(ctx context.Context, now time.Time) error {
	return c.DB.Whole(ctx, "held messages of no use any more", func(w *store.Wide) error {
		_, err := message.EndHeld(ctx, w, now, requeued)
		return err
	})
}
