package settings

import (
	"context"
	"strconv"
	"time"

	"letterhead/calendar"
	"letterhead/plan/trial"
	"letterhead/store"
	"letterhead/web/page"
	"letterhead/web/story"
	"letterhead/web/ui"
)

// named reads who the samples are for, by their appointments: those that the visitor sees.
func (f *form) named(ctx context.Context, tx *store.Tx, all []trial.Sample) (map[string]string, error) {
	var ids []calendar.ID
	for i := range all {
		ids = append(ids, calendar.ID(all[i].Line().Appointment))
	}
	found, err := calendar.Entries(ctx, tx, ids)
	out := map[string]string{}
	for id, e := range found {
		out[string(id)] = page.Names(f.visit.Text, e)
	}
	return out, err
}

// who is a sample's client, or that the visitor may not read names.
func (f form) who(s trial.Sample) string {
	if name := f.people[s.Line().Appointment]; name != "" {
		return name
	}
	return f.visit.Say("automatic.somebody")
}

// becomes says what becomes of a sample.
func (f form) becomes(s trial.Sample) string {
	v := f.visit
	at := func(t time.Time) string { return v.Text.Moment(t.In(v.Location), v.Now.In(v.Location)) }
	switch {
	case s.Op == trial.Appears:
		return v.Say("automatic.sample-appears", at(s.Now.Next))
	case s.Op == trial.Changes && s.Was.Next.Equal(s.Now.Next):
		return v.Say("automatic.sample-says", at(s.Now.Next))
	case s.Op == trial.Changes:
		return v.Say("automatic.sample-changes", at(s.Was.Next), at(s.Now.Next))
	case s.Now.Reason == "":
		return v.Say("automatic.sample-vanishes", at(s.Was.Next))
	}
	return v.Say("automatic.sample-because", at(s.Was.Next), story.Teller{Text: v.Text}.Reason(string(s.Now.Reason)))
}

var opKinds = map[trial.Op]ui.Kind{trial.Appears: ui.Good, trial.Vanishes: ui.Bad, trial.Changes: ui.Wait}

// The plot's measures, in its own units.
const (
	plotHigh = 120
	barWide  = 18
	dayWide  = 22
)

// highest is the most messages that a day has, at least one.
func highest(r *trial.Result) int {
	most := 1
	for _, d := range r.Days {
		most = max(most, d.Before, d.After)
	}
	return most
}

// bar is how high n messages are drawn.
func bar(r *trial.Result, n int) int { return n * plotHigh / highest(r) }

func box(r *trial.Result) string {
	return "0 0 " + strconv.Itoa(len(r.Days)*dayWide) + " " + strconv.Itoa(plotHigh+24)
}

// day writes a day of the trial.
func (f form) day(d trial.Day) string {
	at, err := time.ParseInLocation(time.DateOnly, d.Date, f.visit.Location)
	if err != nil {
		return d.Date
	}
	return f.visit.Text.ShortDay(at, f.visit.Now.In(f.visit.Location))
}

// stirred are the days on which something is otherwise.
func stirred(r *trial.Result) []trial.Day {
	var out []trial.Day
	for _, d := range r.Days {
		if d.Appear+d.Vanish+d.Changed > 0 || d.Before != d.After {
			out = append(out, d)
		}
	}
	return out
}
