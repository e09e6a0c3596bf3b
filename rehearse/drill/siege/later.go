package siege

import (
	"context"
	"fmt"
	"time"
)

// A day of an attack takes a minute: the program itself runs until nothing moves; then its planning and its courier go on in this process, as of
// later and later. (The program has no switch for its clock.)

// DayLong is when it is looked: before the hold of first uses ends, while what follows grows, and until a day is over.
var DayLong = []time.Duration{14 * time.Minute, 16 * time.Minute, 17 * time.Minute, 18 * time.Minute, 20 * time.Minute, 25 * time.Minute, 35 * time.Minute, time.Hour, 4 * time.Hour, 12 * time.Hour, 24 * time.Hour}

// AnHour is long enough for all that was signed to go, where no more is looked for.
var AnHour = []time.Duration{16 * time.Minute, 18 * time.Minute, 20 * time.Minute, 35 * time.Minute, time.Hour}

// After waits until nothing moves, has somebody react, and lets time pass.
func (w *World) After(ctx context.Context, steps []time.Duration, react func() error) error {
	if err := w.Quiet(ctx); err != nil {
		return err
	}
	said := fmt.Sprintf("%d at once", w.SentTo())
	if err := react(); err != nil {
		return err
	}
	if err := w.Stop(); err != nil {
		return err
	}
	began := time.Now()
	for _, step := range steps {
		if err := w.Live(ctx, w.Home(), began.Add(step)); err != nil {
			return err
		}
		switch step {
		case 14 * time.Minute, 20 * time.Minute, time.Hour, 24 * time.Hour:
			said += fmt.Sprintf(", %d after %s", w.SentTo(), words(step))
		}
	}
	w.Answers.Add(said, 1)
	return nil
}

func words(d time.Duration) string {
	if d < time.Hour {
		return fmt.Sprintf("%d minutes", d/time.Minute)
	}
	return fmt.Sprintf("%d hours", d/time.Hour)
}

// SentTo counts what nobody but the attacked get.
func (w *World) SentTo() (n int) {
	for _, m := range w.Relay.List() {
		if !IsOther(m.To) && !w.Own(m.To) {
			n++
		}
	}
	return n
}

// Quiet waits until nothing has moved for a while.
func (w *World) Quiet(ctx context.Context) error {
	before, moved := "", time.Now()
	for end := moved.Add(SettlesIn); time.Now().Before(end) && time.Since(moved) < time.Second; {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(50 * time.Millisecond):
		}
		now, _, err := w.Movement(ctx)
		if err != nil {
			return err
		}
		if now != before {
			before, moved = now, time.Now()
		}
	}
	return nil
}
