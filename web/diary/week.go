package diary

import (
	"context"
	"slices"
	"time"

	"letterhead/calendar"
	"letterhead/guard"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/web/page"
	"letterhead/web/ui"
	"letterhead/zone"
)

// The hours that a week's grid shows even when nobody is booked, and its days.
const (
	opens  = 9 * 60
	closes = 17 * 60
	days   = 7
)

type week struct {
	frame  ui.Frame
	visit  *page.Visit
	monday zone.Date
	who    practice.PractitionerID // "" is everybody
	people []practice.Practitioner
	booked []calendar.Entry
	grid   ui.Day
	list   bool
	may    bool
}

// Week is seven days in columns, of everybody or of ?who=. ?date= is a day in it, ?view=list shows them one under the other.
func Week(v *page.Visit) (page.Answer, error) {
	today := zone.DateOf(v.Now.In(v.Location))
	date := today
	if wanted, err := zone.ParseDate(v.Query("date")); err == nil {
		date = wanted
	}
	w := &week{visit: v, monday: mondayOf(date), who: practice.PractitionerID(v.Query("who")), list: v.Query("view") == "list", may: v.May(guard.CalendarChange)}
	err := v.View(func(ctx context.Context, tx *store.Tx) (err error) {
		if w.people, err = practice.EveryPractitioner(ctx, tx); err != nil {
			return err
		}
		w.people = slices.DeleteFunc(w.people, func(p practice.Practitioner) bool { return !p.ArchivedAt.IsZero() && p.ID != w.who })
		w.choose()
		w.booked, err = w.read(ctx, tx)
		return err
	})
	if err != nil {
		return page.Answer{}, err
	}
	w.fill(date, today)
	w.frame = v.Frame(v.Say("place.calendar"), "/calendar")
	return page.Show(showWeek(w))
}

// everybody is the choice that is no practitioner's id.
const everybody = "all"

// choose shows one practitioner's week where nobody was asked for: their own, who looks, or the first.
func (w *week) choose() {
	switch {
	case w.who == everybody:
		w.who = ""
	case w.who == "" && len(w.people) > 0:
		w.who = w.people[0].ID
		for _, p := range w.people {
			if p.Member == w.visit.Member.ID {
				w.who = p.ID
			}
		}
	}
}

func mondayOf(d zone.Date) zone.Date {
	since := (int(d.Weekday()) + 6) % 7 // Sunday is the last day
	return d.Add(-since)
}

// read takes what an appointment's own wall has in these days: a wall is at most 14 hours from UTC.
func (w *week) read(ctx context.Context, tx *store.Tx) ([]calendar.Entry, error) {
	from := zone.At(zone.Wall{Date: w.monday, Minute: 12 * 60}, w.visit.Location)
	last := w.monday.Add(days - 1)
	return calendar.Day(ctx, tx, from.Add(-40*time.Hour), from.Add((days-1)*24*time.Hour+40*time.Hour), func(e calendar.Entry) bool {
		return !e.Wall.Date.Before(w.monday) && !last.Before(e.Wall.Date) && e.Booking != calendar.EnteredInError && e.Booking != calendar.Rescheduled && (w.who == "" || e.Practitioner == w.who)
	})
}

func (w *week) fill(chosen, today zone.Date) {
	v := w.visit
	items := map[zone.Date][]ui.Item{}
	for _, e := range w.booked {
		items[e.Wall.Date] = append(items[e.Wall.Date], w.item(e))
	}
	w.grid = ui.Day{Start: opens, End: closes, List: w.list, Label: v.Say("week.grid")}
	for i := range days {
		d := w.monday.Add(i)
		name := v.Text.ShortDay(noon(d), v.Now.In(v.Location))
		w.grid.Columns = append(w.grid.Columns, ui.Column{Name: name, Link: w.link(d), All: "/?date=" + d.String() + "&view=list", Items: items[d], Chosen: d == chosen})
		if d == today {
			w.grid.Columns[i].Name = v.Say("week.today", d.Day)
		}
	}
}

func (w *week) item(e calendar.Entry) ui.Item {
	state := page.StateOf(e)
	item := ui.Item{From: e.Wall.Minute, Until: e.Wall.Minute + e.Minutes, Kind: state.Kind, Off: e.Booking == calendar.Cancelled, Title: page.Names(w.visit.Text, e), To: "/appointments/" + string(e.ID)}
	item.Detail, item.More = page.Clock(e.Wall)+" "+w.visit.Say(state.Key), e.ServiceName
	if w.who == "" { // whose time it is comes before what it is for
		item.Detail, item.More = page.Clock(e.Wall)+" "+e.PractitionerName, w.visit.Say(state.Key)
	}
	return item
}

// chosen is the value of the choice that is marked.
func (w *week) chosen() string {
	if w.who == "" {
		return everybody
	}
	return string(w.who)
}

// link is this view of another day's week.
func (w *week) link(d zone.Date) string {
	to := "/calendar?date=" + d.String() + "&who=" + w.chosen()
	if w.list {
		to += "&view=list"
	}
	return to
}

func (w *week) line() string {
	v := w.visit
	n := 0
	for _, e := range w.booked {
		if e.Booking == calendar.Booked {
			n++
		}
	}
	now := v.Now.In(v.Location)
	return v.Say("week.line", v.Text.ShortDay(noon(w.monday), now), v.Text.ShortDay(noon(w.monday.Add(days-1)), now)) + " · " + v.Count("week.booked", n) + " · " + v.Say("frame.times-in", v.Text.Place(v.Practice.Zone))
}

func (w *week) options() []ui.Option {
	options := []ui.Option{{Value: everybody, Say: w.visit.Say("week.everybody")}}
	for _, p := range w.people {
		options = append(options, ui.Option{Value: string(p.ID), Say: p.Name})
	}
	return options
}
