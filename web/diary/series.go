package diary

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"letterhead/calendar"
	"letterhead/calendar/repeat"
	"letterhead/plan"
	"letterhead/store"
	"letterhead/web/page"
	"letterhead/web/story"
	"letterhead/web/ui"
	"letterhead/zone"
)

// conflict is one of a series for which there is no place: what is posted to leave it out, which it is, and why.
type conflict struct{ value, say, why string }

// mostLeft bounds what a form leaves out.
const mostLeft = repeat.Most

// left are what a form leaves out.
func left(v *page.Visit) []string {
	values := v.Request.PostForm["leave"]
	return values[:min(len(values), mostLeft)]
}

// noted lists what has no place; false where an error says nothing about it. What was left out before stays so.
func noted(v *page.Visit, err error, before []string) ([]conflict, bool) {
	var conflicts calendar.Conflicts
	if !errors.Is(err, calendar.ErrConflicts) || !errors.As(err, &conflicts) {
		return nil, false
	}
	var out []conflict
	for _, c := range conflicts {
		value := string(c.ID)
		if value == "" {
			value = c.Wall.Date.String()
		}
		out = append(out, conflict{value: value, say: v.Text.ShortDay(noon(c.Wall.Date), v.Now.In(v.Location)) + ", " + page.Clock(c.Wall), why: v.Say(why(c.Err))})
	}
	for _, value := range before {
		left := conflict{value: value, say: v.Say("series.stays"), why: v.Say("series.left")}
		if date, err := zone.ParseDate(value); err == nil {
			left.say = v.Text.ShortDay(noon(date), v.Now.In(v.Location))
		}
		out = append(out, left)
	}
	return out, true
}

func why(err error) string {
	for _, c := range []struct {
		is  error
		key string
	}{{calendar.ErrTaken, "series.taken"}, {calendar.ErrGap, "series.gap"}, {calendar.ErrOutside, "series.outside"}, {calendar.ErrRoom, "series.room"}} {
		if errors.Is(err, c.is) {
			return c.key
		}
	}
	return "series.other"
}

// rule reads how something repeats; false when it does not.
func (b *booking) rule() (repeat.Rule, bool) {
	if b.unit == "" {
		return repeat.Rule{}, false
	}
	every, _ := strconv.Atoi(b.every) // what is no number is refused as 0
	if b.every == "" {
		every = 1
	}
	times, _ := strconv.Atoi(b.times)
	return repeat.Rule{Every: every, Unit: repeat.Unit(b.unit), Times: times}, true
}

// write books once, or again and again.
func (b *booking) write(ctx context.Context, tx *store.Tx, r calendar.BookRequest) ([]calendar.Appointment, error) {
	rule, repeats := b.rule()
	if !repeats {
		a, err := calendar.Book(ctx, tx, r)
		return []calendar.Appointment{a}, err
	}
	var leave []zone.Date
	for _, value := range left(b.visit) {
		if date, err := zone.ParseDate(value); err == nil {
			leave = append(leave, date)
		}
	}
	return calendar.BookSeries(ctx, tx, r, rule, leave)
}

// changeAll runs one change of some appointments and plans them again, in one transaction. It returns the one with an id, or the first.
func changeAll(v *page.Visit, id calendar.ID, fn func(ctx context.Context, tx *store.Tx) ([]calendar.Appointment, error)) (calendar.Appointment, error) {
	var changed calendar.Appointment
	err := v.Change(func(ctx context.Context, tx *store.Tx) error {
		all, err := fn(ctx, tx)
		if err != nil {
			return err
		}
		ids := make([]calendar.ID, len(all))
		for i, a := range all {
			if ids[i] = a.ID; i == 0 || a.ID == id {
				changed = a
			}
		}
		return plan.Refresh(ctx, tx, ids...)
	})
	return changed, story.Named(v, "appointment", err)
}

// scope reads how many of a series are meant; nothing said is the one alone.
func scope(v *page.Visit) calendar.Scope {
	if s := v.Form("scope"); s != "" {
		return calendar.Scope(s)
	}
	return calendar.This
}

func scopes(v *page.Visit) []ui.Option {
	return []ui.Option{{Value: string(calendar.This), Say: v.Say("series.this")}, {Value: string(calendar.Following), Say: v.Say("series.following")},
		{Value: string(calendar.All), Say: v.Say("series.all"), Help: v.Say("series.all-help")}}
}

func units(v *page.Visit) []ui.Option {
	return []ui.Option{{Say: v.Say("series.never")}, {Value: string(repeat.Days), Say: v.Say("series.days")}, {Value: string(repeat.Weeks), Say: v.Say("series.weeks")}, {Value: string(repeat.Months), Say: v.Say("series.months")}}
}

func ticked(is bool) string {
	if is {
		return "yes"
	}
	return ""
}

// placeIn says which of its series an appointment is, "" where it stands alone.
func placeIn(v *page.Visit, series []calendar.Appointment, id calendar.ID) string {
	at := slices.IndexFunc(series, func(a calendar.Appointment) bool { return a.ID == id })
	if at < 0 || len(series) < 2 {
		return ""
	}
	return v.Say("series.place", at+1, len(series), v.Text.ShortDay(noon(series[len(series)-1].Wall.Date), v.Now.In(v.Location)))
}
