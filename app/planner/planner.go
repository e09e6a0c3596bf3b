// Package planner turns what is due, and bulk messages that are signed, into messages and runs the jobs of planning, in tick and in the processes that stay.
package planner

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"letterhead/courier"
	"letterhead/job"
	"letterhead/order"
	"letterhead/plan"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/vault"
)

const (
	jobsKept    = 48 * time.Hour // after they were done
	lookEvery   = time.Second    // between two looks for what is due
	jobsEvery   = time.Second    // between two looks for jobs
	sweepEvery  = 6 * time.Hour  // between two sweeps for gaps
	maxRounds   = 100_000        // bounds one run through what is due
	turnsInLook = 20             // shared by the practices that have something due
	// Practices that share a transaction: at ten o'clock a thousand have a few each, and a commit takes as long as the turns of several. Few, for others wait
	// meanwhile to write.
	practicesTogether = 10
	replanStep        = 500 // appointments in a step of plan.ReplanJob
)

// Of is the installation that is meant.
type Of struct {
	DB     *store.DB
	Keeper *vault.Keeper
	Config courier.Config                                 // for notices: where they come from and lead to
	Chains func() (chains Chains, done func(), err error) // for bulk messages; done gives back what was opened

	LooksKept time.Duration // how long the access log is kept; 0: for ever
}

// Turned is what a run through what is due did.
type Turned struct{ Queued, Dropped, Waiting, Failed int }

// TurnDue turns due rows into messages until nothing is due, and takes bulk messages further, some batches between two looks for what is due.
func (o Of) TurnDue(ctx context.Context, log *slog.Logger) (total Turned, err error) {
	failed := map[order.Open]bool{}
	for range maxRounds {
		if err := o.due(ctx, log, &total); err != nil {
			return total, err
		}
		more, err := o.orders(ctx, log, &total, failed)
		if err != nil || !more {
			return total, err
		}
	}
	return total, nil
}

// due gives practices turns of at most plan.TurnLimit rows, so that a large one delays nobody. A practice whose turn fails is left for the next run,
// and the others go on.
func (o Of) due(ctx context.Context, log *slog.Logger, total *Turned) error {
	failed := map[store.PracticeID]bool{}
	var after store.PracticeID
	for range maxRounds {
		var next []store.PracticeID
		err := o.DB.WholeView(ctx, "find practices with something due", func(w *store.Wide) (err error) {
			next, err = plan.NextPractices(ctx, w, w.Now, after)
			return err
		})
		if err != nil {
			return err
		}
		if len(next) > 0 {
			after = next[len(next)-1]
		}
		full := len(next) == plan.MaxPractices
		next = slices.DeleteFunc(next, func(id store.PracticeID) bool { return failed[id] })
		moved := false
		for together := range slices.Chunk(next, practicesTogether) {
			did, err := o.turnEach(ctx, together, max(1, turnsInLook/len(next)))
			for id, why := range err {
				failed[id] = true
				total.Failed++
				log.Error("a turn failed", slog.String("practice", string(id)), slog.Any("error", why))
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
			total.Queued += did.Queued
			total.Dropped += did.Dropped
			total.Waiting += did.Waiting
			moved = moved || did.Queued+did.Dropped+did.Waiting > 0
		}
		if !full {
			if after = ""; !moved {
				return nil
			}
		}
	}
	return nil
}

// turnEach gives several practices a turn each in one transaction, or, where that fails or there are few, each its own. It says whose failed.
func (o Of) turnEach(ctx context.Context, practices []store.PracticeID, most int) (total plan.Turned, failed map[store.PracticeID]error) {
	if len(practices) > 1 && most == 1 {
		err := o.DB.ChangeEach(ctx, "tick", practices, func(tx *store.Tx) error {
			if tx.Practice == practices[0] { // it may run again
				total = plan.Turned{}
			}
			did, err := plan.Turn(ctx, tx, plan.TurnLimit)
			total.Queued, total.Dropped, total.Waiting = total.Queued+did.Queued, total.Dropped+did.Dropped, total.Waiting+did.Waiting
			return err
		})
		if err == nil {
			return total, nil
		}
		if total = (plan.Turned{}); ctx.Err() != nil {
			return total, nil
		}
	}
	failed = map[store.PracticeID]error{}
	for _, id := range practices {
		did, err := o.turns(ctx, id, most)
		if err != nil {
			failed[id] = err
			continue
		}
		total.Queued, total.Dropped, total.Waiting = total.Queued+did.Queued, total.Dropped+did.Dropped, total.Waiting+did.Waiting
	}
	return total, failed
}

// turns gives a practice some turns after each other, each in a transaction of its own. Looking who has something due reads all that is due: where
// few practices share a look, each gets more turns of it.
func (o Of) turns(ctx context.Context, id store.PracticeID, most int) (total plan.Turned, err error) {
	for range most {
		var did plan.Turned
		err := o.DB.Change(ctx, store.Actor{Practice: id, Agent: "tick"}, func(tx *store.Tx) (err error) {
			did, err = plan.Turn(ctx, tx, plan.TurnLimit)
			return err
		})
		if err != nil {
			return total, err
		}
		total.Queued, total.Dropped, total.Waiting = total.Queued+did.Queued, total.Dropped+did.Dropped, total.Waiting+did.Waiting
		if !did.More {
			break
		}
	}
	return total, nil
}

// Loop runs until the context ends.
func (o Of) Loop(ctx context.Context, log *slog.Logger) {
	sweep := time.NewTicker(sweepEvery)
	defer sweep.Stop()
	if err := o.openSweeps(ctx); err != nil && ctx.Err() == nil {
		log.Error("sweep", slog.Any("error", err))
	}
	for {
		if _, err := o.TurnDue(ctx, log); err != nil && ctx.Err() == nil {
			log.Error("plan what is due", slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(o.nextLook()):
		case <-sweep.C:
			if err := o.openSweeps(ctx); err != nil && ctx.Err() == nil {
				log.Error("sweep", slog.Any("error", err))
			}
		}
	}
}

// nextLook is how long it is until the next whole second: what is due is due at one.
func (o Of) nextLook() time.Duration {
	now := o.DB.Now()
	return now.Truncate(lookEvery).Add(lookEvery).Sub(now)
}

// Work does the jobs of planning until the context ends.
func (o Of) Work(ctx context.Context, log *slog.Logger) {
	o.Jobs().Run(ctx, jobsEvery, func(err error) { log.Error("jobs", slog.Any("error", err)) })
}

// openSweeps opens a sweep for each open practice that had none for some hours, and forgets jobs that were done long ago.
func (o Of) openSweeps(ctx context.Context) error {
	var recent map[store.PracticeID]bool
	err := o.DB.Whole(ctx, "clear old jobs, and see which practices were swept", func(w *store.Wide) (err error) {
		if _, err = job.Clear(ctx, w, w.Now.Add(-jobsKept)); err == nil {
			recent, err = job.Since(ctx, w, plan.SweepJob, w.Now.Add(-sweepEvery))
		}
		return err
	})
	if err != nil {
		return err
	}
	return practice.Each(ctx, o.DB, false, func(p practice.Practice) error {
		if recent[p.ID] {
			return nil
		}
		return o.DB.Change(ctx, store.Actor{Practice: p.ID, Agent: "tick"}, func(tx *store.Tx) error {
			if err := job.Add(ctx, tx, ForgetJob, "", tx.Now); err != nil {
				return err
			}
			return job.Add(ctx, tx, plan.SweepJob, "", tx.Now)
		})
	})
}

// DoJobs opens the sweeps that it is time for and runs every job that is due, to its end.
func (o Of) DoJobs(ctx context.Context) (int, error) {
	if err := o.openSweeps(ctx); err != nil {
		return 0, err
	}
	return o.Jobs().RunDue(ctx)
}

// Jobs runs the jobs of planning.
func (o Of) Jobs() *job.Runner {
	return job.NewRunner(o.DB, map[string]job.Handler{
		plan.SweepJob: o.planJob(plan.Sweep),
		plan.ReplanJob: o.planJob(func(ctx context.Context, tx *store.Tx, cursor string) (plan.Replanned, error) {
			return plan.Replan(ctx, tx, cursor, replanStep)
		}),
		ForgetJob: o.forget,
		order.FixJob: func(ctx context.Context, j job.Job) (job.Progress, error) {
			return job.Progress{Ended: true}, order.Fix(ctx, o.DB, j.Practice, order.ID(j.Subject))
		},
	})
}

func (o Of) planJob(step func(context.Context, *store.Tx, string) (plan.Replanned, error)) job.Handler {
	return func(ctx context.Context, j job.Job) (job.Progress, error) {
		var done plan.Replanned
		err := o.DB.Change(ctx, store.Actor{Practice: j.Practice, Agent: "job"}, func(tx *store.Tx) (err error) {
			done, err = step(ctx, tx, j.Cursor)
			return err
		})
		if err != nil {
			return job.Progress{}, fmt.Errorf("%s: %w", j.Kind, err)
		}
		return job.Progress{Cursor: done.Next, Done: j.Done + int64(done.Done), Total: max(j.Total, int64(done.Total)), Ended: done.Next == ""}, nil
	}
}
