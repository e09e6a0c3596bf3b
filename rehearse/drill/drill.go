// Package drill plays attacks against the running program, on this machine alone, and says what of each got out.
//
// Each attack has a data folder of its own: an installation with two practices that have sent reminders for three days, so that nothing is new,
// served by the program itself in a process of its own (pages, planning, courier and signing desk) that delivers to a sink. The attacker has what the
// attack says: the pages, somebody's session, a key, or the whole database with the right to write any row. Wattle Street is attacked. Lee Valley's
// own approved reminders fall due at the same instant and must arrive: where nothing left, the program was not simply standing still.
//
// Promises: a verdict is what was seen, at the sink and in the program's own records, never what was expected; what stopped an attack is read from
// the program's steps, answers and log. An attack whose bound rests on a control that is not in the gate is "not yet bounded", never passed.
//
// Never: a hand-off beyond loopback (the roots are marked as a test); a folder that was there before; a database that it did not make.
package drill

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"letterhead/fault"
	"letterhead/rehearse"
	"letterhead/rehearse/drill/result"
	"letterhead/rehearse/drill/siege"
	"letterhead/rehearse/drill/stage"
	"letterhead/testkit/sink"
)

// Options say what is played.
type Options struct {
	Program  rehearse.Program
	Command  []string // runs the program: its path, and nothing else
	Database string   // the address of an empty PostgreSQL database, for the one attack of Only; SQLite files when empty
	Only     string   // names, separated by commas; all when empty
	Full     bool     // 50,000 strangers, 200 practices
	JSON     bool
	Out      io.Writer
	Log      io.Writer // what is going on
}

// Flags declares what the command line may say.
func (o *Options) Flags(f *flag.FlagSet) {
	f.StringVar(&o.Only, "only", "", "`names` of attacks, separated by commas; all when empty")
	f.StringVar(&o.Database, "database", "", "the `address` of an empty PostgreSQL database for the one attack of --only; SQLite files in the drill's folder when empty")
	f.BoolVar(&o.Full, "full", false, "50,000 strangers and 200 practices instead of 2,000 and 20")
	f.BoolVar(&o.JSON, "json", false, "print JSON")
}

// Result is what was seen of an attack.
type Result = result.Result

// runner plays attacks.
type runner struct {
	Options
	*stage.Stage
}

// atOnce is how many attacks are played side by side: they mostly wait.
const atOnce = 4

// mostTime bounds the whole.
const mostTime = 15 * time.Minute

// ErrBroken is returned when a bound did not hold.
var ErrBroken = errors.New("a bound is broken")

// Names lists the attacks in the order in which they are played.
func Names() []string {
	out := make([]string, len(attacks()))
	for i, a := range attacks() {
		out[i] = a.name
	}
	return out
}

// Run plays the attacks, prints what was seen, and returns ErrBroken when a bound did not hold.
func Run(ctx context.Context, o Options) error {
	results, err := Play(ctx, o)
	if err != nil {
		return err
	}
	if err := result.Print(o.Out, results, o.JSON); err != nil {
		return err
	}
	if slices.ContainsFunc(results, func(r Result) bool { return r.Verdict == result.Broken }) {
		return ErrBroken
	}
	return nil
}

// Play plays the attacks and returns what was seen of each.
func Play(ctx context.Context, o Options) (results []Result, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, mostTime, errors.New("the drill took too long"))
	defer cancel()
	chosen, err := choose(o.Only)
	if err != nil {
		return nil, err
	}
	program, err := rehearse.Itself()
	if err != nil {
		return nil, err
	}
	o.Command = []string{program}
	if o.Database != "" && len(chosen) != 1 {
		return nil, fault.Field("--database", "drill.database", "one database is for one attack; name it with --only")
	}
	folder, err := os.MkdirTemp("", "letterhead-drill-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for the drill: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	s := &runner{Options: o, Stage: &stage.Stage{Options: stage.Options{Program: o.Program, Database: o.Database, Full: o.Full}}}
	if err := s.Prepare(ctx, folder); err != nil {
		return nil, fmt.Errorf("prepare the drill: %w", err)
	}
	results = make([]Result, len(chosen))
	var wait sync.WaitGroup
	places := make(chan struct{}, atOnce)
	for i, a := range chosen {
		wait.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			var err error
			if results[i], err = s.play(ctx, &a); err != nil { // what could not be played shows nothing, and passes for nothing
				results[i] = Result{Name: a.name, Class: a.class, Tries: a.tries, Bound: a.bound, Verdict: result.Broken, Why: "it could not be played: " + err.Error()}
			}
			o.say("%-24s %s\n", a.name, results[i].Verdict)
		})
	}
	wait.Wait()
	return results, context.Cause(ctx)
}

func (o *Options) say(format string, args ...any) {
	if o.Log != nil {
		fmt.Fprintf(o.Log, format, args...)
	}
}

func choose(only string) ([]attack, error) {
	all := attacks()
	if only == "" {
		return all, nil
	}
	var out []attack
	for name := range strings.SplitSeq(only, ",") {
		i := slices.IndexFunc(all, func(a attack) bool { return a.name == strings.TrimSpace(name) })
		if i < 0 {
			return nil, fault.Field("--only", "drill.name", "there is no attack %q; there are %s", name, strings.Join(Names(), ", "))
		}
		out = append(out, all[i])
	}
	return out, nil
}

// play plays one attack in a world of its own.
func (s *runner) play(ctx context.Context, a *attack) (r Result, err error) {
	w, err := s.open(ctx, a)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	w.Began = time.Now()
	if err := a.do(ctx, w); err != nil {
		return r, err
	}
	if err := w.settle(ctx, a); err != nil {
		return r, err
	}
	return w.judged(ctx, a, w.Relay.List())
}

// judged holds what arrived against the bound.
func (w *world) judged(ctx context.Context, a *attack, list []sink.Mail) (Result, error) {
	r := Result{Name: a.name, Class: a.class, Tries: a.tries, Keyed: a.keyed, Bound: max(a.bound, w.Bound), Seconds: w.Seconds}
	mails, err := w.arrived(list)
	if err != nil {
		return r, err
	}
	for _, m := range mails {
		if m.Unapproved() {
			r.Words++
		}
		if siege.IsOther(m.To) && !m.Unapproved() {
			r.Others++
		}
		if a.counts(m) {
			r.Left++
		}
	}
	r.Left += w.CameElsewhere()
	if r.Stopped, err = w.stopped(ctx, a); err != nil {
		return r, err
	}
	r.Verdict = result.Kept
	why := func(format string, args ...any) {
		r.Verdict, r.Why = result.Broken, strings.TrimPrefix(r.Why+"; "+fmt.Sprintf(format, args...), "; ")
	}
	if r.Left > r.Bound {
		why("%d messages left, %d may", r.Left, r.Bound)
	}
	if r.Words > 0 && !a.keyed {
		why("%d messages had words that nobody approved", r.Words)
	}
	if r.Others < w.Expected {
		why("%d of the other practice's %d approved reminders arrived", r.Others, w.Expected)
	}
	for _, p := range w.Problems {
		why("%s", p)
	}
	if r.Stopped == "" && r.Verdict == result.Kept && r.Left == 0 && !a.silent {
		why("nothing says what stopped it")
	}
	if missing := a.rests(w.gate); missing != "" && r.Verdict == result.Broken && len(w.Problems) == 0 && r.Others >= w.Expected {
		r.Verdict, r.Why = result.Unbounded, missing+"; "+r.Why
	}
	return r, nil
}
