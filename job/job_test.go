package job_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"letterhead/fault"
	"letterhead/job"
	"letterhead/store"
	"letterhead/testkit"
)

var ctx = context.Background()

func add(t *testing.T, db *store.DB, practice store.PracticeID, kind, subject string) {
	t.Helper()
	if err := db.Change(ctx, store.Actor{Practice: practice, Agent: "test"}, func(tx *store.Tx) error {
		return job.Add(ctx, tx, kind, subject, tx.Now)
	}); err != nil {
		t.Fatal(err)
	}
}

func list(t *testing.T, db *store.DB, practice store.PracticeID) (jobs []job.Job) {
	t.Helper()
	if err := db.View(ctx, store.Actor{Practice: practice}, func(tx *store.Tx) (err error) {
		jobs, err = job.List(ctx, tx)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return jobs
}

func TestAJobGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	for _, engine := range testkit.Engines() {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			clock := testkit.NewClock(t, "2026-12-01T10:00:00Z")
			db := testkit.Open(t, engine, clock)
			add(t, db, "a", "count", "x")
			add(t, db, "a", "count", "x") // one open job for each subject
			add(t, db, "b", "count", "x")
			var cursors []string
			fail := true
			runner := job.NewRunner(db, map[string]job.Handler{"count": func(_ context.Context, j job.Job) (job.Progress, error) {
				if j.Practice == "b" {
					return job.Progress{Ended: true, Done: 1, Total: 1}, nil
				}
				cursors = append(cursors, j.Cursor)
				if j.Cursor == "second" && fail {
					fail = false
					return job.Progress{}, fault.New(fault.Unavailable, "relay.away", "")
				}
				return map[string]job.Progress{
					"": {Cursor: "second", Done: 1, Total: 3}, "second": {Cursor: "third", Done: 2, Total: 3}, "third": {Done: 3, Total: 3, Ended: true},
				}[j.Cursor], nil
			}})
			if n, err := runner.RunDue(ctx); err != nil || n != 1 {
				t.Fatalf("%d ended: %v", n, err)
			}
			if j := list(t, db, "a")[0]; j.Done != 1 || j.Total != 3 || j.Error != "relay.away" || j.State != "open" {
				t.Errorf("after the error: %+v", j)
			}
			clock.Pass(time.Minute)
			if n, err := runner.RunDue(ctx); err != nil || n != 1 {
				t.Fatalf("%d ended: %v", n, err)
			}
			jobs := list(t, db, "a")
			if len(jobs) != 1 || jobs[0].State != "done" || jobs[0].Done != 3 || jobs[0].Finished.IsZero() {
				t.Errorf("%+v", jobs)
			}
			if want := []string{"", "second", "second", "third"}; len(cursors) != 4 || cursors[2] != want[2] || cursors[3] != want[3] {
				t.Errorf("cursors %q", cursors)
			}
		})
	}
}

func TestDoneJobsAreForgottenAndRecentOnesKnown(t *testing.T) {
	t.Parallel()
	for _, engine := range testkit.Engines() {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			clock := testkit.NewClock(t, "2026-12-01T10:00:00Z")
			db := testkit.Open(t, engine, clock)
			add(t, db, "a", "sweep", "")
			add(t, db, "b", "other", "")
			if n, err := job.NewRunner(db, map[string]job.Handler{"sweep": func(context.Context, job.Job) (job.Progress, error) { return job.Progress{Ended: true}, nil }}).RunDue(ctx); err != nil || n != 1 {
				t.Fatal(n, err)
			}
			clock.Pass(time.Hour)
			if err := db.Whole(ctx, "test", func(w *store.Wide) error {
				for hours, want := range map[int]bool{2: true, 0: false} {
					recent, err := job.Since(ctx, w, "sweep", w.Now.Add(-time.Duration(hours)*time.Hour))
					if err != nil || recent["a"] != want || recent["b"] {
						t.Errorf("%d hours: %v %v", hours, recent, err)
					}
				}
				if n, err := job.Clear(ctx, w, w.Now.Add(-2*time.Hour)); err != nil || n != 0 {
					t.Errorf("%d too young ones were cleared: %v", n, err)
				}
				n, err := job.Clear(ctx, w, w.Now)
				if n != 1 {
					t.Errorf("%d were cleared", n)
				}
				return err
			}); err != nil {
				t.Fatal(err)
			}
			if left := list(t, db, "b"); len(left) != 1 || left[0].State != "open" {
				t.Errorf("%+v", left)
			}
		})
	}
}

func TestAJobThatKeepsFailingEndsAndTellsNothingPrivate(t *testing.T) {
	t.Parallel()
	clock := testkit.NewClock(t, "2026-12-01T10:00:00Z")
	db := testkit.Open(t, testkit.SQLite, clock)
	add(t, db, "a", "bad", "")
	runs := 0
	runner := job.NewRunner(db, map[string]job.Handler{"bad": func(context.Context, job.Job) (job.Progress, error) {
		runs++
		return job.Progress{}, errors.New("mail to mei@example.com")
	}})
	for range 20 {
		if _, err := runner.RunDue(ctx); err != nil {
			t.Fatal(err)
		}
		clock.Pass(time.Hour)
	}
	if j := list(t, db, "a")[0]; runs != 10 || j.State != "failed" || j.Error != "internal error; see the log" {
		t.Errorf("%d runs, %+v", runs, j)
	}
}

func TestAKilledProcessesJobComesBack(t *testing.T) {
	t.Parallel()
	clock := testkit.NewClock(t, "2026-12-01T10:00:00Z")
	db := testkit.Open(t, testkit.SQLite, clock)
	add(t, db, "a", "slow", "")
	gone, stop := context.WithCancel(ctx)
	dying := job.NewRunner(db, map[string]job.Handler{"slow": func(context.Context, job.Job) (job.Progress, error) {
		stop() // the process ends in the middle of the step
		return job.Progress{Ended: true}, nil
	}})
	if _, err := dying.RunDue(gone); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	done := job.NewRunner(db, map[string]job.Handler{"slow": func(context.Context, job.Job) (job.Progress, error) { return job.Progress{Ended: true}, nil }})
	if n, err := done.RunDue(ctx); err != nil || n != 0 {
		t.Fatalf("a claimed job was taken: %d %v", n, err)
	}
	clock.Pass(11 * time.Minute)
	if n, err := done.RunDue(ctx); err != nil || n != 1 {
		t.Fatalf("it did not come back: %d %v", n, err)
	}
}

// A process that was slower than its claim lasts does not write over what another has reached since.
func TestALateStepCountsNoMore(t *testing.T) {
	t.Parallel()
	for _, engine := range testkit.Engines() {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			clock := testkit.NewClock(t, "2026-12-01T10:00:00Z")
			db := testkit.Open(t, engine, clock)
			add(t, db, "a", "slow", "")
			stop := errors.New("killed")
			quick := func(_ context.Context, j job.Job) (job.Progress, error) {
				if j.Cursor == "second" {
					return job.Progress{}, stop
				}
				return job.Progress{Cursor: "second", Done: 1, Total: 2}, nil
			}
			slow := func(context.Context, job.Job) (job.Progress, error) {
				clock.Pass(11 * time.Minute) // the machine sleeps, and another process takes the job
				if _, err := job.NewRunner(db, map[string]job.Handler{"slow": quick}).RunDue(ctx); err != nil {
					t.Error(err)
				}
				return job.Progress{Ended: true}, nil
			}
			if _, err := job.NewRunner(db, map[string]job.Handler{"slow": slow}).RunDue(ctx); err != nil {
				t.Fatal(err)
			}
			if j := list(t, db, "a")[0]; j.State != "open" || j.Cursor != "second" || j.Done != 1 {
				t.Errorf("%+v", j)
			}
		})
	}
}

// A job of many steps keeps nobody else's waiting for its end.
func TestJobsTakeTurns(t *testing.T) {
	t.Parallel()
	clock := testkit.NewClock(t, "2026-12-01T10:00:00Z")
	db := testkit.Open(t, testkit.SQLite, clock)
	add(t, db, "a", "long", "")
	clock.Pass(time.Millisecond)
	add(t, db, "b", "long", "")
	order := ""
	runner := job.NewRunner(db, map[string]job.Handler{"long": func(_ context.Context, j job.Job) (job.Progress, error) {
		clock.Pass(time.Millisecond)
		order += string(j.Practice)
		return job.Progress{Done: j.Done + 1, Ended: j.Done == 2}, nil
	}})
	if n, err := runner.RunDue(ctx); err != nil || n != 2 || order != "ababab" {
		t.Errorf("%d ended, in the order %s: %v", n, order, err)
	}
}
