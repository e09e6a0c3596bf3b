// Package trial says what a change of an automatic message would do, before it is saved: which messages of the next days appear, vanish or go at another time.
//
// It asks plan.Plan twice about the same facts, with the rules as they are and as they would be, so that what it says is what saving does. It is bounded
// (Most appointments), reads no name and no address, and writes nothing.
package trial

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"letterhead/plan"
	"letterhead/store"
	"letterhead/zone"
)

// Days is how far ahead a trial looks, Most how many appointments it reads, and samples how many of each kind it keeps.
const (
	Days    = 30
	Most    = 50_000
	samples = 5
)

// Op is what would become of a message.
type Op string

// The ops.
const (
	Appears  Op = "appears"
	Vanishes Op = "vanishes"
	Changes  Op = "changes" // goes at another time, or says something else
)

// Day is how many messages go on a day, on the practice's calendar.
type Day struct {
	Date                    string // 2026-12-01
	Before, After           int
	Appear, Vanish, Changed int
}

// Sample is a message of one kind.
type Sample struct {
	Op       Op
	Was, Now plan.Line // Was is empty where it appears, Now where it vanishes; its reason says why
}

// Line is the message as it would go, or as it goes today where it vanishes.
func (s *Sample) Line() *plan.Line {
	if s.Op == Vanishes {
		return &s.Was
	}
	return &s.Now
}

// Result is what a change would do.
type Result struct {
	Days                          []Day
	Before, After                 int
	Appear, Vanish, Changed, Same int
	Samples                       []Sample
	Looked                        int
	Cut                           bool // there are more appointments than it reads: it says what the first of them would get
}

var errEnough = errors.New("enough")

// Run tries a rule: a new one, or another state of one of the same key. where is the practice's zone, by whose calendar days count.
func Run(ctx context.Context, tx *store.Tx, rule plan.Rule, where *time.Location) (Result, error) {
	content, err := plan.ParseContent([]byte(rule.JSON()))
	if err != nil {
		return Result{}, err
	}
	rule.Content, rule.Changed = content, tx.Now
	r := run{rule: rule, now: tx.Now, until: tx.Now.AddDate(0, 0, Days), where: where, at: map[string]int{}}
	for i := range Days + 1 {
		date := zone.DateOf(tx.Now.In(where)).Add(i).String()
		r.at[date] = len(r.Days)
		r.Days = append(r.Days, Day{Date: date})
	}
	from := tx.Now
	if rule.Trigger.Kind == plan.DaysAfter {
		from = from.AddDate(0, 0, -rule.Trigger.Days)
	}
	err = plan.Walk(ctx, tx, plan.Filter{From: from}, func(f *plan.Facts) error {
		if r.Looked == Most {
			r.Cut = true
			return errEnough
		}
		r.Looked++
		return r.look(f)
	})
	if err != nil && !errors.Is(err, errEnough) {
		return Result{}, fmt.Errorf("try a rule: %w", err)
	}
	return r.Result, nil
}

type run struct {
	Result
	rule  plan.Rule
	was   string // the wording that a rule of this key sends now
	tried *plan.Practice
	now   time.Time
	until time.Time
	where *time.Location
	at    map[string]int
}

// look compares one appointment's lines.
func (r *run) look(f *plan.Facts) error {
	if r.tried == nil {
		r.tried = r.with(f.Practice)
	}
	before := r.sent(plan.Plan(*f, r.now))
	other := *f
	other.Practice = r.tried
	all := plan.Plan(other, r.now)
	after := r.sent(all)
	for i := range before {
		was := &before[i]
		now := find(after, was)
		switch {
		case now == nil:
			why := find(all, was)
			if why == nil {
				why = &plan.Line{}
			}
			r.count(Vanishes, was, nil, Sample{Vanishes, *was, *why})
		case !now.Next.Equal(was.Next) || now.Rule == r.rule.Key && r.was != r.rule.Wording:
			r.count(Changes, was, now, Sample{Changes, *was, *now})
		default:
			r.count("", was, now, Sample{})
		}
	}
	for i := range after {
		if now := &after[i]; find(before, now) == nil {
			r.count(Appears, nil, now, Sample{Op: Appears, Now: *now})
		}
	}
	return nil
}

// with is what the practice chose, with the rule as it is tried.
func (r *run) with(p *plan.Practice) *plan.Practice {
	tried := *p
	tried.Rules = slices.Clone(p.Rules)
	i := slices.IndexFunc(tried.Rules, func(other plan.Rule) bool { return other.Key == r.rule.Key })
	if i >= 0 {
		r.was = tried.Rules[i].Wording
	}
	switch {
	case i >= 0 && r.rule.Enabled:
		tried.Rules[i] = r.rule
	case i >= 0:
		tried.Rules = slices.Delete(tried.Rules, i, i+1)
	case r.rule.Enabled:
		tried.Rules = append(tried.Rules, r.rule)
	}
	return &tried
}

// sent are the lines that would be sent in the time that is looked at.
func (r *run) sent(all []plan.Line) []plan.Line {
	var out []plan.Line
	for _, l := range all {
		if l.Verdict == plan.Send && l.Reason != plan.AlreadySent && !l.Next.Before(r.now) && l.Next.Before(r.until) {
			out = append(out, l)
		}
	}
	return out
}

func find(all []plan.Line, of *plan.Line) *plan.Line {
	for i := range all {
		if l := &all[i]; l.Attendee == of.Attendee && l.Recipient == of.Recipient && l.Channel == of.Channel && l.Rule == of.Rule {
			return l
		}
	}
	return nil
}

// count puts a message into its day.
func (r *run) count(op Op, was, now *plan.Line, s Sample) {
	var spare Day
	day := func(l *plan.Line) *Day {
		if i, ok := r.at[zone.DateOf(l.Next.In(r.where)).String()]; ok {
			return &r.Days[i]
		}
		return &spare
	}
	if was != nil {
		r.Before++
		day(was).Before++
	}
	if now != nil {
		r.After++
		day(now).After++
	}
	switch op {
	case Appears:
		r.Appear++
		day(now).Appear++
	case Vanishes:
		r.Vanish++
		day(was).Vanish++
	case Changes:
		r.Changed++
		day(now).Changed++
	default:
		r.Same++
		return
	}
	n := 0
	for _, other := range r.Samples {
		if other.Op == op {
			n++
		}
	}
	if n < samples {
		r.Samples = append(r.Samples, s)
	}
}
