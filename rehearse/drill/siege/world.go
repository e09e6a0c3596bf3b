// Package siege is one installation while it is attacked: the program in a process of its own, its database beside it as the attacker has it, a sink that
// it delivers to, and what was seen until now.
package siege

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"letterhead/rehearse"
	"letterhead/rehearse/drill/result"
	"letterhead/rehearse/drill/serving"
	"letterhead/rehearse/drill/stage"
	"letterhead/store"
	"letterhead/testkit/sink"
)

// World is one installation being attacked.
type World struct {
	*stage.Stage
	stage.Site
	Run       []string // runs the program: its path, and nothing else
	Relay     *sink.SMTP
	Elsewhere *sink.SMTP // the attacker's own, where there is one
	Open      rehearse.Opened
	DB        *store.DB // as the attacker has it
	Serving   *serving.Process
	Bound     int // what was signed lets so many go
	Began     time.Time
	Seconds   float64
	Expected  int // the other practice's reminders that have to arrive
	Fell      bool
	Answers   result.Tally
	Problems  []string // what was answered as it should not be
	spared    bool     // the victim's own reminders are not the attacker's
}

// Begin makes one of a site, and starts its program.
func Begin(ctx context.Context, of *stage.Stage, at stage.Site, run []string) (w *World, err error) {
	w = &World{Stage: of, Site: at, Run: run}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.Close())
		}
	}()
	if w.Relay, err = sink.ListenSMTP(sink.SMTPOptions{MaxMessages: 200_000, MaxBytes: 256 << 20}); err != nil {
		return w, err
	}
	if err = stage.Configure(w.Folder, w.Database, w.Relay.Address()); err != nil {
		return w, err
	}
	if err = w.Join(ctx); err != nil {
		return w, err
	}
	return w, w.Start()
}

// Close ends everything of it and removes its folder.
func (w *World) Close() error {
	var err error
	if w.Serving != nil {
		err = w.Stop()
	}
	for _, s := range []*sink.SMTP{w.Relay, w.Elsewhere} {
		if s != nil {
			err = errors.Join(err, s.Close())
		}
	}
	return errors.Join(err, w.Leave(), os.RemoveAll(w.Home()))
}

// IsOther tells of addresses of the other practice's clients.
func IsOther(to string) bool { return strings.HasSuffix(to, "@lee.example") }

// SettlesIn bounds every wait for something that is to happen.
const SettlesIn = 20 * time.Second

// Join opens the database beside the program.
func (w *World) Join(ctx context.Context) (err error) {
	if w.Open, err = w.Program.Open(ctx, w.Home(), nil); err == nil {
		w.DB = w.Open.Database()
	}
	return err
}

// Home is the installation's folder.
func (w *World) Home() string { return w.Site.Folder }

// Leave closes it.
func (w *World) Leave() error {
	if w.Open == nil {
		return nil
	}
	err := w.Open.Close()
	w.Open, w.DB = nil, nil
	return err
}

// Command runs a command of the program to its end.
func (w *World) Command(ctx context.Context, args ...string) (string, error) {
	out, err := w.process(ctx, args...).CombinedOutput()
	return string(out), err
}

func (w *World) process(ctx context.Context, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, w.Run[0], append(w.Run[1:len(w.Run):len(w.Run)], args...)...)
	c.Env = append(os.Environ(), "LETTERHEAD_DATA="+w.Home(), "LETTERHEAD_DATABASE=", "LETTERHEAD_KEY_FILE=", "LETTERHEAD_LISTEN=", "LETTERHEAD_PUBLIC_URL=", "LETTERHEAD_SIGN_ADDRESS=", "LETTERHEAD_SIGN_URL=")
	return c
}

// Start starts the program and waits until it says where it answers.
func (w *World) Start() (err error) {
	w.Serving, err = serving.Start(w.process(context.Background(), "serve"))
	return err
}

// Stop asks the program to end and waits until it has.
func (w *World) Stop() error {
	p := w.Serving
	w.Serving = nil
	return p.Stop()
}

// Offline does something while the program does not run, and starts it again.
func (w *World) Offline(do func() error) error {
	if err := w.Stop(); err != nil {
		return err
	}
	if err := do(); err != nil {
		return err
	}
	w.Began = time.Now()
	return w.Start()
}

// Rows writes rows, as whoever has the database can.
func (w *World) Rows(ctx context.Context, do func(*store.Wide) error) error {
	return w.DB.Whole(ctx, "drill: an attack", do)
}

// Exec writes rows with one statement, which has to touch some.
func (w *World) Exec(ctx context.Context, statement string, args ...any) error {
	return w.Rows(ctx, func(x *store.Wide) error { return Touch(ctx, x, statement, args...) })
}

// Touch runs a statement, which has to touch some rows.
func Touch(ctx context.Context, x *store.Wide, statement string, args ...any) error {
	n, err := x.Exec(ctx, statement, args...)
	if err == nil && n == 0 {
		err = fmt.Errorf("no row was touched: %.60s", statement)
	}
	return err
}

// Fall lets reminders fall due: of the practice that is attacked and, to be seen beside it, of the other.
func (w *World) Fall(ctx context.Context, practices ...store.PracticeID) error {
	return w.Release(ctx, append(practices, w.Victim, w.Other)...)
}

// Release lets the reminders of practices fall due, and nobody else's.
func (w *World) Release(ctx context.Context, practices ...store.PracticeID) error {
	w.Fell = true
	return w.Rows(ctx, func(x *store.Wide) error {
		for _, p := range practices {
			if _, err := x.Exec(ctx, `UPDATE due SET due_at = $2 WHERE practice = $1 AND state = 'open'`, string(p), store.Micro(w.Noon.Ten)); err != nil {
				return err
			}
		}
		return nil
	})
}

// Movement is what has become of messages until now, and how much of it is open.
func (w *World) Movement(ctx context.Context) (now string, open int, err error) {
	if w.DB == nil {
		return fmt.Sprint(w.Relay.Count()), 0, nil
	}
	var steps, queued, due int
	err = w.DB.WholeView(ctx, "drill: watch", func(x *store.Wide) error {
		if err := x.Row(ctx, `SELECT count(*) FROM message_step`).Scan(&steps); err != nil {
			return err
		}
		if err := x.Row(ctx, `SELECT count(*) FROM message WHERE state = 'leaving' OR state = 'queued' AND turn <= $1`, store.Micro(x.Now)).Scan(&queued); err != nil {
			return err
		}
		return x.Row(ctx, `SELECT count(*) FROM due WHERE state = 'open' AND due_at <= $1`, store.Micro(x.Now)).Scan(&due)
	})
	return fmt.Sprint(steps, due, w.Relay.Count()), queued + due, err
}

// Delivered counts the other practice's reminders.
func (w *World) Delivered() (n int) {
	for _, m := range w.Relay.List() {
		if IsOther(m.To) {
			n++
		}
	}
	return n
}

// CameElsewhere counts what arrived at a relay of the attacker's.
func (w *World) CameElsewhere() int {
	if w.Elsewhere == nil {
		return 0
	}
	return w.Elsewhere.Count()
}

// Logged is the latest error of the program's log in a line.
func (w *World) Logged() string {
	if w.Serving == nil {
		return ""
	}
	out := ""
	for _, line := range w.Serving.Log() {
		var e struct {
			Level, Msg, Reason, Error string
			Time                      time.Time
		}
		if json.Unmarshal([]byte(line), &e) == nil && (e.Level == "ERROR" || e.Level == "WARN") && !e.Time.Before(w.Began) {
			out = strings.TrimSuffix(e.Msg+": "+e.Reason+e.Error, ": ")
		}
	}
	return out
}

// Wrong notes an answer that must not be.
func (w *World) Wrong(format string, args ...any) {
	if len(w.Problems) < 5 {
		w.Problems = append(w.Problems, fmt.Sprintf(format, args...))
	}
}

// Aside has the victim's own reminders go on: they are not the attacker's.
func (w *World) Aside() { w.spared = true }

// Own tells of the victim's reminders where they go on by right.
func (w *World) Own(to string) bool { return w.spared && strings.HasSuffix(to, "@wattle.example") }
