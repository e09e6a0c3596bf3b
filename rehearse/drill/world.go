package drill

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"letterhead/courier"
	"letterhead/rehearse/drill/caller"
	"letterhead/rehearse/drill/result"
	"letterhead/rehearse/drill/siege"
	"letterhead/rehearse/drill/stage"
	"letterhead/store"
)

// world is one installation being attacked.
type world struct {
	*siege.World
	gate []string
}

func (s *runner) open(ctx context.Context, a *attack) (*world, error) {
	at, err := s.Place(ctx, a.herd)
	if err != nil {
		return nil, err
	}
	w, err := siege.Begin(ctx, s.Stage, at, s.Command)
	return &world{w, courier.GateNames()}, err
}

// settle waits until the other practice's reminders are through and nothing of the others moves any more.
func (w *world) settle(ctx context.Context, a *attack) error {
	if !w.Fell {
		if err := w.Fall(ctx); err != nil {
			return err
		}
	}
	if !a.halts {
		w.Expected = stage.Neighbour
	}
	var moved time.Time
	before, limit := "", siege.SettlesIn
	if w.Full {
		limit = 5 * time.Minute
	}
	for end := time.Now().Add(limit); time.Now().Before(end); {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(50 * time.Millisecond):
		}
		now, open, err := w.Movement(ctx)
		if err != nil {
			return err
		}
		if now != before {
			before, moved = now, time.Now()
			w.Seconds = moved.Sub(w.Began).Seconds()
		}
		quiet := 300 * time.Millisecond
		if open > 0 || a.halts { // it waits, or is tried again: it has had its chance
			quiet = 2500 * time.Millisecond
		}
		if w.Delivered() >= w.Expected && !moved.IsZero() && time.Since(moved) > quiet {
			return nil
		}
	}
	return nil
}

// stopped says in the program's own words what became of the attack: steps of its messages, answers, and what its log has of them.
func (w *world) stopped(ctx context.Context, a *attack) (string, error) {
	steps, said := result.Tally{}, w.Answers
	if w.DB != nil {
		err := w.DB.WholeView(ctx, "drill: look", func(x *store.Wide) error {
			rows, err := x.Query(ctx, `SELECT step, reason, detail, count(*) FROM message_step WHERE practice <> $1 AND at >= $2
				AND step IN ('held', 'dropped', 'refused', 'maybe sent', 'deferred') GROUP BY step, reason, detail ORDER BY 4 DESC`, string(w.Other), store.Micro(w.Began))
			_, err = store.Collect(rows, err, func(r *store.Rows) (n int, err error) {
				var step, reason, detail string
				if err = r.Scan(&step, &reason, &detail, &n); err == nil {
					steps.Add(strings.TrimSuffix(step+": "+reason+", "+detail, ", "), n)
				}
				return n, err
			})
			if err != nil {
				return err
			}
			rows, err = x.Query(ctx, `SELECT reason, count(*) FROM due WHERE practice <> $1 AND state = 'dropped' AND decided_at >= $2 GROUP BY reason`, string(w.Other), store.Micro(w.Began))
			_, err = store.Collect(rows, err, func(r *store.Rows) (n int, err error) {
				var reason string
				if err = r.Scan(&reason, &n); err == nil {
					steps.Add("not planned: "+reason, n)
				}
				return n, err
			})
			return err
		})
		if err != nil {
			return "", err
		}
	}
	if a.halts && w.Serving != nil {
		_, text, _, err := w.Ask(ctx, caller.Ask{Method: http.MethodGet, To: w.Serving.Pages + "/healthz"})
		if err != nil {
			return "", err
		}
		said.Add(strings.TrimSpace(text), 1)
	}
	if a.silent && steps.Len() == 0 {
		said.Add(fmt.Sprintf("approved words alone in %d messages", w.Relay.Count()-w.Delivered()), 1)
	}
	parts := slices.DeleteFunc([]string{steps.String(), said.String()}, func(s string) bool { return s == "" })
	if steps.Len() == 0 {
		if line := w.Logged(); line != "" {
			parts = append(parts, line)
		}
	}
	return strings.Join(parts, "; "), nil
}
