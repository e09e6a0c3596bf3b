// Package job runs background work that must survive a crash: small steps with a cursor, in the table job.
//
// A job is at most one open row for each practice, kind and subject. A step does its work in its own transactions and returns where to go on;
// what it returned is saved before the next step, so a step may run twice after a crash and must not mind. A step that errs is tried again
// with growing waits, ten times; then the job is failed and kept, with a reason that holds no personal data.
//
// Jobs take turns, a step each. States: open → done | failed. A claim lasts ten minutes: a killed process's jobs come back, and what a process that
// was slower than that has reached counts no more.
package job

import (
	"context"
	"errors"
	"fmt"
	"time"

	"letterhead/fault"
	"letterhead/store"
)

// ID names a job.
type ID string

// Job is one piece of background work and how far it is.
type Job struct {
	Practice  store.PracticeID // empty for work of the whole installation
	ID        ID
	Kind      string
	Subject   string
	State     string
	Cursor    string // where the next step goes on
	Done      int64  // progress, of Total; Total is 0 while it is not known
	Total     int64
	Attempts  int // steps that erred since the last one that did not
	Error     string
	CreatedAt time.Time
	Finished  time.Time

	claim int64 // until when it is claimed, by which the claim is known
}

// Progress is what a step reached.
type Progress struct {
	Cursor string
	Done   int64
	Total  int64
	Ended  bool
}

// Handler does one bounded step of a job.
type Handler func(ctx context.Context, j Job) (Progress, error)

const (
	claimFor    = 10 * time.Minute
	maxAttempts = 10
	maxStepsRun = 1_000_000 // bounds one RunDue
)

// Add opens a job to run from an instant on; an open one of the same practice, kind and subject is left as it is.
func Add(ctx context.Context, tx *store.Tx, kind, subject string, at time.Time) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO job (practice, id, kind, subject, state, run_at, attempts, claimed_until, cursor, done, total, error, created_at, finished_at)
		VALUES ($1, $2, $3, $4, 'open', $5, 0, 0, '', 0, 0, '', $6, 0)
		ON CONFLICT DO NOTHING`,
		string(store.NewID[ID]()), kind, subject, store.Micro(at), store.Micro(tx.Now))
	return err
}

// List returns a practice's newest jobs, at most 100.
func List(ctx context.Context, tx *store.Tx) ([]Job, error) {
	rows, err := tx.Query(ctx, `SELECT `+columns+` FROM job WHERE practice = $1 ORDER BY created_at DESC, id LIMIT 100`)
	return store.Collect(rows, err, scan)
}

// Since returns the practices for which a job of a kind was opened since an instant.
func Since(ctx context.Context, w *store.Wide, kind string, since time.Time) (map[store.PracticeID]bool, error) {
	rows, err := w.Query(ctx, `SELECT DISTINCT practice FROM job WHERE kind = $1 AND created_at >= $2`, kind, store.Micro(since))
	found, err := store.Collect(rows, err, func(r *store.Rows) (id store.PracticeID, err error) { return id, r.Scan(&id) })
	out := make(map[store.PracticeID]bool, len(found))
	for _, id := range found {
		out[id] = true
	}
	return out, err
}

// Clear deletes jobs that were done before an instant. Failed ones stay for a person to see.
func Clear(ctx context.Context, w *store.Wide, before time.Time) (int64, error) {
	return w.Exec(ctx, `DELETE FROM job WHERE state = 'done' AND finished_at < $1`, store.Micro(before))
}

const columns = `practice, id, kind, subject, state, cursor, done, total, attempts, error, created_at, finished_at`

func scan(r *store.Rows) (Job, error) {
	var j Job
	var created, finished int64
	err := r.Scan(&j.Practice, &j.ID, &j.Kind, &j.Subject, &j.State, &j.Cursor, &j.Done, &j.Total, &j.Attempts, &j.Error, &created, &finished)
	j.CreatedAt, j.Finished = store.Instant(created), store.Instant(finished)
	return j, err
}

// Runner runs the jobs whose kinds it knows.
type Runner struct {
	db       *store.DB
	handlers map[string]Handler
}

// NewRunner returns a runner for these kinds.
func NewRunner(db *store.DB, handlers map[string]Handler) *Runner {
	return &Runner{db: db, handlers: handlers}
}

// RunDue runs every job that is due, to its end, and returns how many ended.
func (r *Runner) RunDue(ctx context.Context) (ended int, err error) {
	for range maxStepsRun {
		j, found, err := r.claim(ctx)
		if err != nil || !found {
			return ended, err
		}
		done, err := r.step(ctx, j)
		if err != nil {
			return ended, err
		}
		if done {
			ended++
		}
	}
	return ended, nil
}

// Run runs due jobs until the context ends, looking every interval.
func (r *Runner) Run(ctx context.Context, interval time.Duration, report func(error)) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		if _, err := r.RunDue(ctx); err != nil && ctx.Err() == nil {
			report(err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func (r *Runner) claim(ctx context.Context) (j Job, found bool, err error) {
	err = r.db.Whole(ctx, "claim a job", func(w *store.Wide) error {
		found = false
		now := store.Micro(w.Now)
		rows, err := w.Query(ctx, `
			SELECT `+columns+` FROM job WHERE state = 'open' AND run_at <= $1 AND claimed_until <= $1
			ORDER BY run_at LIMIT 1`+w.SkipLocked(), now)
		jobs, err := store.Collect(rows, err, scan)
		if err != nil || len(jobs) == 0 {
			return err
		}
		j, found = jobs[0], true
		j.claim = store.Micro(w.Now.Add(claimFor))
		_, err = w.Exec(ctx, `UPDATE job SET claimed_until = $3 WHERE practice = $1 AND id = $2`, string(j.Practice), string(j.ID), j.claim)
		return err
	})
	return j, found, err
}

func (r *Runner) step(ctx context.Context, j Job) (ended bool, err error) {
	handler, known := r.handlers[j.Kind]
	var progress Progress
	stepErr := fmt.Errorf("no handler for %s in this version", j.Kind)
	if known {
		progress, stepErr = handler(ctx, j)
	}
	if ctx.Err() != nil {
		return false, ctx.Err() // the claim runs out and the step runs again
	}
	ended = stepErr == nil && progress.Ended
	err = r.db.Whole(ctx, "save a job's step", func(w *store.Wide) error {
		const mine = ` WHERE practice = $1 AND id = $2 AND claimed_until = $3`
		now := store.Micro(w.Now)
		key := []any{string(j.Practice), string(j.ID), j.claim}
		var err error
		switch {
		case stepErr != nil && j.Attempts+1 >= maxAttempts:
			_, err = w.Exec(ctx, `UPDATE job SET state = 'failed', error = $4, finished_at = $5, claimed_until = 0`+mine, append(key, reason(stepErr), now)...)
		case stepErr != nil:
			wait := time.Second << j.Attempts
			_, err = w.Exec(ctx, `UPDATE job SET attempts = attempts + 1, error = $4, run_at = $5, claimed_until = 0`+mine,
				append(key, reason(stepErr), store.Micro(w.Now.Add(wait)))...)
		case progress.Ended:
			_, err = w.Exec(ctx, `UPDATE job SET state = 'done', error = '', done = $4, total = $5, finished_at = $6, claimed_until = 0`+mine,
				append(key, progress.Done, progress.Total, now)...)
		default:
			_, err = w.Exec(ctx, `UPDATE job SET attempts = 0, error = '', cursor = $4, done = $5, total = $6, run_at = $7, claimed_until = 0`+mine,
				append(key, progress.Cursor, progress.Done, progress.Total, now)...)
		}
		return err
	})
	return err == nil && ended, err
}

// reason is what may be kept of an error: a fault's sentence was written for people; any other text could hold anything.
func reason(err error) string {
	if f := fault.As(err); f != nil {
		return f.Key
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "took too long"
	}
	return "internal error; see the log"
}

// Count is how many jobs of a kind are in a state.
type Count struct {
	Kind, State string
	Count       int64
	Oldest      time.Time // when the oldest was opened
}

// Counted are the open and failed jobs of every practice, by kind.
func Counted(ctx context.Context, w *store.Wide) ([]Count, error) {
	rows, err := w.Query(ctx, `SELECT kind, state, COUNT(*), MIN(created_at) FROM job WHERE state <> 'done' GROUP BY kind, state ORDER BY state, kind LIMIT 100`)
	return store.Collect(rows, err, func(r *store.Rows) (c Count, err error) {
		var at int64
		err = r.Scan(&c.Kind, &c.State, &c.Count, &at)
		c.Oldest = store.Instant(at)
		return c, err
	})
}
