package rehearse

import (
	"context"
	"fmt"
	"slices"
	"time"

	"letterhead/plan"
	"letterhead/store"
	"letterhead/testkit"
)

const (
	lookupRounds = 3   // each with other rows
	lookupDue    = 100 // practices with one thing due
	lookupGrowth = 2.0 // how much longer it may take with a hundred times as much stored
)

// lookup takes the same hundred due reminders out of ever more stored appointments.
func (b *bench) lookup(ctx context.Context, engine testkit.Engine) (err error) {
	booked, err := b.booked(ctx, engine, true)
	if err != nil {
		return err
	}
	w, err := booked.copy()
	if err != nil {
		return err
	}
	defer closing(&err, w.remove)
	each := b.stored[0] / b.practices
	if err := b.fewDue(ctx, w, each); err != nil {
		return err
	}
	var first, looked float64
	for round, stored := range b.stored {
		if round > 0 {
			if err := w.grow(ctx, b.stored[round-1]/b.stored[0], stored/b.stored[0]); err != nil {
				return err
			}
		}
		fresh, err := w.copy()
		if err != nil {
			return err
		}
		look, turn, err := b.looking(ctx, fresh)
		if err := closeAfter(err, fresh.remove); err != nil {
			return err
		}
		name := fmt.Sprintf("%d due of %d stored", min(lookupDue, b.practices), stored)
		b.say(name+": who is next", engine, look, "ms", "median")
		b.say(name+": planned and queued", engine, turn, "ms", fmt.Sprintf("median of %d; a transaction for each practice", lookupRounds))
		if round == 0 {
			first, looked = turn, look
		} else if round == len(b.stored)-1 {
			b.atMost(fmt.Sprintf("%d times as much stored: who is next", stored/b.stored[0]), engine, look/looked, "times as long", lookupGrowth, "")
			b.atMost(fmt.Sprintf("%d times as much stored: planned and queued", stored/b.stored[0]), engine, turn/first, "times as long", lookupGrowth, "")
		}
	}
	return nil
}

func closeAfter(err error, close func() error) error {
	closing(&err, close)
	return err
}

// fewDue leaves each practice its first appointments, and one thing due in each of a hundred practices: one at ten, one an hour later, one two.
func (b *bench) fewDue(ctx context.Context, w *world, each int) error {
	last := w.practices[min(lookupDue, len(w.practices))-1]
	return w.whole(ctx, func(wide *store.Wide) error {
		beyond := `SELECT 1 FROM appointment a WHERE a.practice = %[1]s.practice AND a.id = %[1]s.appointment AND a.external >= $1`
		keep := fmt.Sprintf("%06d", each)
		for _, statement := range []string{
			`DELETE FROM due WHERE EXISTS (` + fmt.Sprintf(beyond, "due") + `)`, `DELETE FROM attendee WHERE EXISTS (` + fmt.Sprintf(beyond, "attendee") + `)`,
			`DELETE FROM import_change WHERE id IN (SELECT id FROM appointment WHERE external >= $1)`, `DELETE FROM appointment WHERE external >= $1`,
		} {
			if _, err := wide.Exec(ctx, statement, keep); err != nil {
				return err
			}
		}
		if _, err := wide.Exec(ctx, `UPDATE due SET due_at = due_at + $1`, (240 * time.Hour).Microseconds()); err != nil {
			return err
		}
		for n := range lookupRounds {
			_, err := wide.Exec(ctx, `UPDATE due SET due_at = $1 WHERE practice <= $2 AND EXISTS
				(SELECT 1 FROM appointment a WHERE a.practice = due.practice AND a.id = due.appointment AND a.external = $3)`,
				store.Micro(b.noon.ten.Add(time.Duration(n)*time.Hour)), string(last), fmt.Sprintf("%06d", n))
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// grow copies the first appointments of every practice, each time some hours later, from one multiple to another.
func (w *world) grow(ctx context.Context, from, to int) error {
	for n := from; n < to; n++ {
		err := w.whole(ctx, func(wide *store.Wide) error { return double(ctx, wide, fmt.Sprintf("a%03x", n), 10*24+n, "") })
		if err != nil {
			return err
		}
	}
	return w.open(ctx, time.Now(), func(o Opened) error { return o.Database().Analyze(ctx, "appointment", "attendee", "due", "client") })
}

// looking is how long it takes to know who is next, and to plan and queue what is due, in ms.
func (b *bench) looking(ctx context.Context, w *world) (look, turn float64, err error) {
	var looks, turns []float64
	for n := range lookupRounds {
		at := b.noon.ten.Add(time.Duration(n) * time.Hour)
		err := w.open(ctx, at, func(o Opened) error {
			for range 5 {
				start := time.Now()
				var found []store.PracticeID
				err := o.Database().WholeView(ctx, "find practices with something due", func(wide *store.Wide) (err error) {
					found, err = plan.NextPractices(ctx, wide, at, "")
					return err
				})
				if err != nil {
					return err
				}
				if len(found) != min(lookupDue, b.practices) {
					return fmt.Errorf("%d practices have something due instead of %d", len(found), lookupDue)
				}
				looks = append(looks, micro(time.Since(start), 1)/1000)
			}
			start := time.Now()
			queued, err := o.Plan(ctx)
			if err == nil && queued != min(lookupDue, b.practices) {
				err = fmt.Errorf("%d were queued", queued)
			}
			turns = append(turns, micro(time.Since(start), 1)/1000)
			return err
		})
		if err != nil {
			return 0, 0, err
		}
	}
	slices.Sort(looks)
	slices.Sort(turns)
	return looks[len(looks)/2], turns[len(turns)/2], nil
}
