// Package august plays August 2024 to its end, against the running program, on this machine alone: somebody has a session of one owner and
// the signing keys of twenty, and signs one prize-draw text in all their practices. It is stopped, measured, told, corrected and written down; what was honestly held goes on.
//
// Promises: every step is done through the program itself, its pages, its desk and its commands, and is timed; the record that is printed is the one that
// `letterhead incident export` writes, beside the public register's record of that day, field by field. A step that does not come to its end is an error.
//
// Never: a hand-off beyond loopback; a folder that was there before.
package august

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"letterhead/incident"
	"letterhead/incident/book"
	"letterhead/incident/form"
	"letterhead/rehearse"
	"letterhead/rehearse/drill/caller"
	"letterhead/rehearse/drill/siege"
	"letterhead/rehearse/drill/stage"
	"letterhead/store"
	"letterhead/testkit/sink"

	_ "embed"
)

//go:embed seed.md
var seed []byte // the public register's record of that day

// Options say how it is played.
type Options struct {
	Program  rehearse.Program
	Database string // of PostgreSQL; SQLite files when empty
	Out      io.Writer
}

const (
	mostTime = 10 * time.Minute
	waitMost = 60 * time.Second
	lookEach = 50 * time.Millisecond
)

// step is one line of the timeline.
type step struct {
	what string
	took time.Duration
	at   time.Duration // since the first message could leave
}

// play is one run.
type play struct {
	Options
	*siege.World
	began time.Time
	last  time.Time
	steps []step
	id    string
}

// Result is what came of it.
type Result struct {
	Record  incident.Incident
	Seconds map[string]float64 // of each step, since the first message could leave
	Left    int                // bad messages at the sink
	Told    int                // notices at the sink
}

// Run plays it and prints the timeline and the two records.
func Run(ctx context.Context, o Options) error {
	_, err := Play(ctx, o)
	return err
}

// Play plays it.
func Play(ctx context.Context, o Options) (r Result, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, mostTime, errors.New("the rehearsal took too long"))
	defer cancel()
	run, err := rehearse.Itself()
	if err != nil {
		return r, err
	}
	folder, err := os.MkdirTemp("", "letterhead-august-")
	if err != nil {
		return r, fmt.Errorf("make a folder for the rehearsal: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	s := &stage.Stage{Options: stage.Options{Program: o.Program, Database: o.Database}}
	if err := s.Prepare(ctx, folder); err != nil {
		return r, err
	}
	at, err := s.Place(ctx, true)
	if err != nil {
		return r, err
	}
	w, err := siege.Begin(ctx, s, at, []string{run})
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	w.Aside()
	p := &play{Options: o, World: w}
	for _, part := range []func(context.Context) error{p.attack, p.alarm, p.contain, p.measure, p.tell, p.correct, p.release, p.write} {
		if err := part(ctx); err != nil {
			p.say()
			return r, err
		}
	}
	p.say()
	return p.result(ctx)
}

func (p *play) done(what string) {
	now := time.Now()
	p.steps = append(p.steps, step{what, now.Sub(p.last), now.Sub(p.began)})
	p.last = now
}

// until asks again and again until something is so.
func (p *play) until(ctx context.Context, what string, is func() (bool, error)) error {
	for end := time.Now().Add(waitMost); time.Now().Before(end); {
		if yes, err := is(); yes || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(lookEach):
		}
	}
	return fmt.Errorf("within %s this did not come: %s", waitMost, what)
}

// command runs a command of the program.
func (p *play) command(ctx context.Context, args ...string) (string, error) {
	out, err := p.Command(ctx, args...)
	if err != nil {
		return out, fmt.Errorf("letterhead %s: %w: %s", args[0]+" "+args[1], err, strings.TrimSpace(out))
	}
	return strings.TrimSpace(out), nil
}

// attack: a stolen session tries to send; stolen keys sign the text at the desk; then the reminders fall due.
func (p *play) attack(ctx context.Context) error {
	first, err := p.OwnerOf(ctx, p.Site.Herd[0])
	if err != nil {
		return err
	}
	b, err := p.Browser(ctx, p.Site.Herd[0], first.ID)
	if err != nil {
		return err
	}
	if err := p.tries(ctx, b); err != nil {
		return err
	}
	for _, id := range append(slices.Clone(p.Site.Herd[1:]), p.Other) { // their owners have come in too; nobody comes in twenty times from one address in a minute
		if err := p.Exec(ctx, `UPDATE member SET person = id WHERE practice = $1 AND role = 'owner'`, string(id)); err != nil {
			return err
		}
	}
	for _, id := range p.Site.Herd {
		if err := p.sign(ctx, id); err != nil {
			return err
		}
	}
	p.began = time.Now()
	p.last = p.began
	return p.Release(ctx, p.Site.Herd...)
}

// tries: a session alone sends nothing, and what it asks for is on the log of requests.
func (p *play) tries(ctx context.Context, b *caller.Member) error {
	status, _, _, err := p.Ask(ctx, caller.Ask{Method: http.MethodPost, To: p.Serving.Pages + "/orders/new", Body: "name=prize+draw", Kind: caller.Form, Cookies: b.Cookies,
		Header: map[string]string{"Sec-Fetch-Site": "same-origin", "Origin": p.Serving.Pages}})
	if err == nil && status < 400 {
		err = fmt.Errorf("a session alone made a bulk message (%d)", status)
	}
	return err
}

// sign puts the text into the reminder and has it signed at the desk with the stolen key.
func (p *play) sign(ctx context.Context, id store.PracticeID) error {
	content, digest, subject, err := p.Forge(ctx, id, id, nil)
	if err != nil {
		return err
	}
	before, _, _, err := p.SignedReminder(ctx, id)
	if err != nil {
		return err
	}
	if err := p.Plant(ctx, id, subject, content, digest); err != nil {
		return err
	}
	if err := p.Exec(ctx, `UPDATE wording SET signed = $3 WHERE practice = $1 AND id = $2`, string(id), subject, before); err != nil {
		return err
	}
	o, err := p.Signer(ctx, id)
	if err != nil {
		return err
	}
	d := &caller.Desk{Home: p.Serving.Desk + "/p/" + string(id), Key: o.Key}
	if err := d.Unlock(ctx); err != nil {
		return err
	}
	items, err := d.Waits(ctx)
	if err != nil {
		return err
	}
	if len(items) == 0 {
		return errors.New("nothing waits at the desk: the attack would show nothing")
	}
	return d.Sign(ctx, items...)
}

// alarm: the breaker stops the text, and the incident is opened by itself.
func (p *play) alarm(ctx context.Context) error {
	err := p.until(ctx, "a stop of the breaker", func() (is bool, err error) {
		err = p.Rows(ctx, func(x *store.Wide) error {
			var n int
			err := x.Row(ctx, `SELECT count(*) FROM freeze_entry WHERE who = 'the breaker' AND lifted_at = 0`).Scan(&n)
			is = n > 0
			return err
		})
		return is, err
	})
	if err != nil {
		return err
	}
	p.done("the breaker stopped the text")
	err = p.until(ctx, "the incident", func() (is bool, err error) {
		err = p.Rows(ctx, func(x *store.Wide) error {
			all, err := book.List(ctx, x, "", 1)
			if is = len(all) > 0; is {
				p.id = all[0].ID
			}
			return err
		})
		return is, err
	})
	if err == nil {
		p.done("the incident was opened by the alarm")
	}
	return err
}

// contain: in doubt the operator stops another practice whole, which holds its honest reminders.
func (p *play) contain(ctx context.Context) error {
	if _, err := p.command(ctx, "incident", "contain", p.id, "--practice", string(p.Other), "--reason", "in doubt: it shares nothing with the others, but who knows"); err != nil {
		return err
	}
	if err := p.StopSeen(ctx); err != nil {
		return err
	}
	p.done("in doubt another practice was stopped")
	if err := p.Release(ctx, p.Other); err != nil {
		return err
	}
	err := p.until(ctx, "its honest reminders are held", func() (is bool, err error) {
		err = p.Rows(ctx, func(x *store.Wide) error {
			var n int
			err := x.Row(ctx, `SELECT count(*) FROM message WHERE practice = $1 AND state = 'held'`, string(p.Other)).Scan(&n)
			is = n >= stage.Neighbour
			return err
		})
		return is, err
	})
	if err == nil {
		err = p.Quiet(ctx)
	}
	p.done("its honest reminders were held")
	return err
}

func (p *play) measure(ctx context.Context) error {
	_, err := p.command(ctx, "incident", "measure", p.id)
	p.done("measured")
	return err
}

// tell: all owners have their notice, at the sink.
func (p *play) tell(ctx context.Context) error {
	if _, err := p.command(ctx, "incident", "tell", p.id); err != nil {
		return err
	}
	err := p.until(ctx, "a notice to each owner", func() (bool, error) { return p.notices() >= len(p.Site.Herd)+1, nil })
	p.done(fmt.Sprintf("owners of %d practices had their notice", p.notices()))
	return err
}

// notices counts the incident's notices at the sink, one an owner.
func (p *play) notices() int {
	to := map[string]bool{}
	for _, m := range p.Relay.List() {
		if about(m) {
			to[m.To] = true
		}
	}
	return len(to)
}

func about(m sink.Mail) bool {
	return strings.Contains(m.Header.Get("Subject"), "incident concerns your practice")
}

// correct: each practice publishes its correction.
func (p *play) correct(ctx context.Context) error {
	for _, id := range p.Site.Herd {
		owner, err := p.OwnerOf(ctx, id)
		if err != nil {
			return err
		}
		err = p.Rows(ctx, func(x *store.Wide) error {
			return errors.Join(book.Read(ctx, x, id, p.id, string(owner.ID)), book.Correct(ctx, x, id, p.id, string(owner.ID), "We did not write this message. Please do not follow its links."))
		})
		if err != nil {
			return err
		}
	}
	p.done("each practice published its correction")
	return nil
}

// release: the stop made in doubt is lifted by the practice's own signature, and its honest reminders arrive.
func (p *play) release(ctx context.Context) error {
	if _, err := p.command(ctx, "lift", "--practice", string(p.Other), "--reason", "compared with its evidence file: nothing of it is bad"); err != nil {
		return err
	}
	err := p.until(ctx, "the honest reminders arrive", func() (bool, error) { return p.Delivered() >= stage.Neighbour, nil })
	p.done("its honest reminders went on")
	return err
}

// write measures again and closes the record.
func (p *play) write(ctx context.Context) error {
	for _, args := range [][]string{
		{"measure", p.id},
		{"decide", p.id, "--what", "No notice to a regulator by the operator", "--who", "the rehearsal's operator", "--why", "each practice decides for itself; its page says what it needs"},
		{"lesson", p.id, "--what", "One text signed in twenty practices within minutes is no ordinary day, whoever signed it"},
		{"action", p.id, "--what", "Revoke the stolen keys and end the stolen sessions", "--owner", "each practice's owner", "--due", time.Now().AddDate(0, 0, 1).Format(time.DateOnly)},
		{"describe", p.id, "--title", "Prize-draw mails in twenty practices' names", "--severity", "Minor", "--vector", "Stolen Credentials", "--status", "Remediation Complete", "--sector", "Health",
			"--description", "Stolen sessions and signing keys put a prize-draw text into the reminders of twenty practices."},
		{"tell", p.id},
		{"close", p.id},
	} {
		if _, err := p.command(ctx, append([]string{"incident"}, args...)...); err != nil {
			return err
		}
	}
	p.done("measured again, decided, written and closed")
	return nil
}

func (p *play) say() {
	table := tabwriter.NewWriter(p.Out, 2, 0, 2, ' ', 0)
	fmt.Fprintln(table, "seconds\tsince the first could leave\tstep")
	for _, s := range p.steps {
		fmt.Fprintf(table, "%.1f\t%.1f\t%s\n", s.took.Seconds(), s.at.Seconds(), s.what)
	}
	_ = table.Flush()
}

// result reads the record as the program writes it, and prints it beside the register's.
func (p *play) result(ctx context.Context) (Result, error) {
	r := Result{Seconds: map[string]float64{}, Told: p.notices()}
	for _, s := range p.steps {
		r.Seconds[s.what] = s.at.Seconds()
	}
	for _, m := range p.Relay.List() {
		if strings.Contains(m.To, "@herd") && strings.HasPrefix(m.To, "c") {
			r.Left++
		}
	}
	text, err := p.command(ctx, "incident", "export", p.id, "--format", "register")
	if err != nil {
		return r, err
	}
	if r.Record, err = form.Read(p.id, []byte(text+"\n")); err != nil {
		return r, err
	}
	theirs, err := form.Read("2024-08-25-power-diary", seed)
	if err != nil {
		return r, err
	}
	beside(p.Out, theirs, r.Record)
	return r, nil
}
