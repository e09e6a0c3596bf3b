package drill

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"letterhead/courier"
	"letterhead/rehearse"
	"letterhead/rehearse/drill/caller"
	"letterhead/rehearse/drill/result"
	"letterhead/rehearse/drill/serving"
	"letterhead/rehearse/drill/stage"
	"letterhead/store"
	"letterhead/testkit/sink"
)

// world is one installation being attacked.
type world struct {
	*runner
	stage.Site
	relay    *sink.SMTP
	second   *sink.SMTP // the attacker's own, where there is one
	opened   rehearse.Opened
	db       *store.DB // as the attacker has it
	serving  *serving.Process
	gate     []string
	bound    int // what was signed lets so many go
	began    time.Time
	seconds  float64
	others   int // the other practice's reminders that have to arrive
	let      bool
	answers  result.Tally
	problems []string // what was answered as it should not be
	spared   bool     // the victim's own reminders are not the attacker's
}

// settlesIn bounds every wait for something that is to happen.
const settlesIn = 20 * time.Second

func (s *runner) open(ctx context.Context, a *attack) (w *world, err error) {
	p, err := s.Place(ctx, a.herd)
	if err != nil {
		return nil, err
	}
	w = &world{runner: s, Site: p, gate: courier.GateNames()}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.close())
		}
	}()
	if w.relay, err = sink.ListenSMTP(sink.SMTPOptions{MaxMessages: 200_000, MaxBytes: 256 << 20}); err != nil {
		return w, err
	}
	if err = stage.Configure(p.Folder, s.Database, w.relay.Address()); err != nil {
		return w, err
	}
	if err = w.join(ctx); err != nil {
		return w, err
	}
	return w, w.start()
}

// join opens the database beside the program.
func (w *world) join(ctx context.Context) (err error) {
	if w.opened, err = w.Program.Open(ctx, w.folder(), nil); err == nil {
		w.db = w.opened.Database()
	}
	return err
}

func (w *world) folder() string { return w.Site.Folder }

// leave closes it.
func (w *world) leave() error {
	if w.opened == nil {
		return nil
	}
	err := w.opened.Close()
	w.opened, w.db = nil, nil
	return err
}

func (w *world) close() error {
	var err error
	if w.serving != nil {
		err = w.stop()
	}
	for _, s := range []*sink.SMTP{w.relay, w.second} {
		if s != nil {
			err = errors.Join(err, s.Close())
		}
	}
	return errors.Join(err, w.leave(), os.RemoveAll(w.folder()))
}

// run runs a command of the program to its end.
func (w *world) run(ctx context.Context, args ...string) (string, error) {
	out, err := w.process(ctx, args...).CombinedOutput()
	return string(out), err
}

func (w *world) process(ctx context.Context, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, w.Command[0], append(w.Command[1:len(w.Command):len(w.Command)], args...)...)
	c.Env = append(os.Environ(), "LETTERHEAD_DATA="+w.folder(), "LETTERHEAD_DATABASE=", "LETTERHEAD_KEY_FILE=", "LETTERHEAD_LISTEN=", "LETTERHEAD_PUBLIC_URL=", "LETTERHEAD_SIGN_ADDRESS=", "LETTERHEAD_SIGN_URL=")
	return c
}

// start starts the program and waits until it says where it answers.
func (w *world) start() (err error) {
	w.serving, err = serving.Start(w.process(context.Background(), "serve"))
	return err
}

// stop asks the program to end and waits until it has.
func (w *world) stop() error {
	p := w.serving
	w.serving = nil
	return p.Stop()
}

// rows writes rows, as whoever has the database can.
func (w *world) rows(ctx context.Context, do func(*store.Wide) error) error {
	return w.db.Whole(ctx, "drill: an attack", do)
}

// exec writes rows with one statement, which has to touch some.
func (w *world) exec(ctx context.Context, statement string, args ...any) error {
	return w.rows(ctx, func(x *store.Wide) error { return touch(ctx, x, statement, args...) })
}

func touch(ctx context.Context, x *store.Wide, statement string, args ...any) error {
	n, err := x.Exec(ctx, statement, args...)
	if err == nil && n == 0 {
		err = fmt.Errorf("no row was touched: %.60s", statement)
	}
	return err
}

// fall lets reminders fall due: of the practice that is attacked and, to be seen beside it, of the other.
func (w *world) fall(ctx context.Context, practices ...store.PracticeID) error {
	w.let = true
	return w.rows(ctx, func(x *store.Wide) error {
		for _, p := range append(practices, w.Victim, w.Other) {
			if _, err := x.Exec(ctx, `UPDATE due SET due_at = $2 WHERE practice = $1 AND state = 'open'`, string(p), store.Micro(w.Noon.Ten)); err != nil {
				return err
			}
		}
		return nil
	})
}

// settle waits until the other practice's reminders are through and nothing of the others moves any more.
func (w *world) settle(ctx context.Context, a *attack) error {
	if !w.let {
		if err := w.fall(ctx); err != nil {
			return err
		}
	}
	if !a.halts {
		w.others = stage.Neighbour
	}
	var moved time.Time
	before, limit := "", settlesIn
	if w.Full {
		limit = 5 * time.Minute
	}
	for end := time.Now().Add(limit); time.Now().Before(end); {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(50 * time.Millisecond):
		}
		now, open, err := w.movement(ctx)
		if err != nil {
			return err
		}
		if now != before {
			before, moved = now, time.Now()
			w.seconds = moved.Sub(w.began).Seconds()
		}
		quiet := 300 * time.Millisecond
		if open > 0 || a.halts { // it waits, or is tried again: it has had its chance
			quiet = 2500 * time.Millisecond
		}
		if w.delivered() >= w.others && !moved.IsZero() && time.Since(moved) > quiet {
			return nil
		}
	}
	return nil
}

// movement is what has become of messages until now, and how much of it is open.
func (w *world) movement(ctx context.Context) (now string, open int, err error) {
	if w.db == nil {
		return fmt.Sprint(w.relay.Count()), 0, nil
	}
	var steps, queued, due int
	err = w.db.WholeView(ctx, "drill: watch", func(x *store.Wide) error {
		if err := x.Row(ctx, `SELECT count(*) FROM message_step`).Scan(&steps); err != nil {
			return err
		}
		if err := x.Row(ctx, `SELECT count(*) FROM message WHERE state = 'leaving' OR state = 'queued' AND turn <= $1`, store.Micro(x.Now)).Scan(&queued); err != nil {
			return err
		}
		return x.Row(ctx, `SELECT count(*) FROM due WHERE state = 'open' AND due_at <= $1`, store.Micro(x.Now)).Scan(&due)
	})
	return fmt.Sprint(steps, due, w.relay.Count()), queued + due, err
}

// delivered counts the other practice's reminders.
func (w *world) delivered() (n int) {
	for _, m := range w.relay.List() {
		if isOther(m.To) {
			n++
		}
	}
	return n
}

// elsewhere counts what arrived at a relay of the attacker's.
func (w *world) elsewhere() int {
	if w.second == nil {
		return 0
	}
	return w.second.Count()
}

// stopped says in the program's own words what became of the attack: steps of its messages, answers, and what its log has of them.
func (w *world) stopped(ctx context.Context, a *attack) (string, error) {
	steps, said := result.Tally{}, w.answers
	if w.db != nil {
		err := w.db.WholeView(ctx, "drill: look", func(x *store.Wide) error {
			rows, err := x.Query(ctx, `SELECT step, reason, detail, count(*) FROM message_step WHERE practice <> $1 AND at >= $2
				AND step IN ('held', 'dropped', 'refused', 'maybe sent', 'deferred') GROUP BY step, reason, detail ORDER BY 4 DESC`, string(w.Other), store.Micro(w.began))
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
			rows, err = x.Query(ctx, `SELECT reason, count(*) FROM due WHERE practice <> $1 AND state = 'dropped' AND decided_at >= $2 GROUP BY reason`, string(w.Other), store.Micro(w.began))
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
	if a.halts && w.serving != nil {
		_, text, _, err := w.ask(ctx, caller.Ask{Method: http.MethodGet, To: w.serving.Pages + "/healthz"})
		if err != nil {
			return "", err
		}
		said.Add(strings.TrimSpace(text), 1)
	}
	if a.silent && steps.Len() == 0 {
		said.Add(fmt.Sprintf("approved words alone in %d messages", w.relay.Count()-w.delivered()), 1)
	}
	parts := slices.DeleteFunc([]string{steps.String(), said.String()}, func(s string) bool { return s == "" })
	if steps.Len() == 0 {
		if line := w.logged(); line != "" {
			parts = append(parts, line)
		}
	}
	return strings.Join(parts, "; "), nil
}

// logged is the latest error of the program's log in a line.
func (w *world) logged() string {
	if w.serving == nil {
		return ""
	}
	out := ""
	for _, line := range w.serving.Log() {
		var e struct {
			Level, Msg, Reason, Error string
			Time                      time.Time
		}
		if json.Unmarshal([]byte(line), &e) == nil && (e.Level == "ERROR" || e.Level == "WARN") && !e.Time.Before(w.began) {
			out = strings.TrimSuffix(e.Msg+": "+e.Reason+e.Error, ": ")
		}
	}
	return out
}

// wrong notes an answer that must not be.
func (w *world) wrong(format string, args ...any) {
	if len(w.problems) < 5 {
		w.problems = append(w.problems, fmt.Sprintf(format, args...))
	}
}

// aside has the victim's own reminders go on: they are not the attacker's.
func (w *world) aside() { w.spared = true }
