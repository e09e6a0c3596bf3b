// Package today is the page that a practice opens in the morning: who comes, who confirmed, who could not be reached and why.
//
// It reads one calendar day by the walls of the appointments' own locations and changes nothing.
package today

import (
	"context"
	"slices"
	"time"

	"letterhead/calendar"
	"letterhead/client"
	"letterhead/guard"
	"letterhead/letter"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/web/page"
	"letterhead/web/signed"
	"letterhead/web/start"
	"letterhead/web/story"
	"letterhead/web/ui"
	"letterhead/zone"
)

// The hours that a day's grid shows even when nobody is booked.
const (
	opens  = 9 * 60
	closes = 17 * 60
)

// young is how long a practice is reminded of what its beginning lacks.
const young = 90 * 24 * time.Hour

// maxShown bounds the list of those who could not be reached.
const maxShown = 50

// maxNext bounds the list beside the calendar; the whole day is a list of its own.
const maxNext = 12

// view is what the page shows.
type view struct {
	frame     ui.Frame
	visit     *page.Visit
	title     string
	line      string
	place     string // the location's name where the day is at one alone
	day       ui.Day
	date      zone.Date
	today     bool
	expected  []calendar.Entry // in the order of the day
	unreached []row
	texts     int              // that came in, and wait for somebody
	asking    []calendar.Entry // what links of mails ask to cancel
	left      int              // steps until the first reminder can leave
	unsigned  []string         // what waits for a signature, in words
	selected  *calendar.Entry
	timeline  []ui.Entry
	may       bool // book
	list      bool // the day as a list
}

type row struct {
	clock, name, to string
	story.Unreached
}

// Show is the page. ?date= is another day, ?view=list shows it as a list, ?who= the practitioner on phones, ?at= the appointment beside the grid.
func Show(v *page.Visit) (page.Answer, error) {
	now := v.Now.In(v.Location)
	date := zone.DateOf(now)
	if wanted, err := zone.ParseDate(v.Query("date")); err == nil {
		date = wanted
	}
	s := view{visit: v, date: date, list: v.Query("view") == "list", today: date == zone.DateOf(now), may: v.May(guard.CalendarChange)}
	var people []practice.Practitioner
	var told map[calendar.ID]story.Told
	err := v.View(func(ctx context.Context, tx *store.Tx) error {
		var err error
		if s.expected, err = onDay(ctx, tx, date, v.Location); err != nil {
			return err
		}
		if people, err = practice.EveryPractitioner(ctx, tx); err != nil {
			return err
		}
		if v.May(guard.ClientRead) && s.today {
			if err := s.waits(ctx, tx); err != nil {
				return err
			}
		}
		if s.today {
			if err := s.begun(ctx, tx); err != nil {
				return err
			}
		}
		told, err = story.Of(ctx, tx, ids(s.expected)...)
		return err
	})
	if err != nil {
		return page.Answer{}, err
	}
	s.place = alone(s.expected)
	s.unreached = s.lost(told)
	s.choose(v.Query("at"), told)
	s.day = s.grid(people, v.Query("who"))
	s.words()
	return page.Show(show(s))
}

// alone is the name of the one location where the day's appointments are; "" when there are several, or none.
func alone(entries []calendar.Entry) (name string) {
	for _, e := range entries {
		if name != "" && e.LocationName != name {
			return ""
		}
		name = e.LocationName
	}
	return name
}

// begun reads what waits for a signature, and what a young practice has still to do, for those who can do something about it.
func (s *view) begun(ctx context.Context, tx *store.Tx) error {
	v := s.visit
	settles := v.May(guard.SettingsChange) && v.Now.Sub(v.Practice.CreatedAt) < young
	if !settles && !v.May(guard.Approve) {
		return nil
	}
	state, err := signed.Read(ctx, tx, v)
	if err != nil {
		return err
	}
	if v.May(guard.Approve) {
		s.waiting(state)
	}
	if settles {
		steps, err := start.Read(ctx, tx, v, state)
		if err != nil {
			return err
		}
		s.left = steps.Left()
	}
	return nil
}

// waiting says what waits for a signature, once there is somebody who can give one.
func (s *view) waiting(waits signed.State) {
	if !waits.Known || waits.Keys == 0 {
		return
	}
	if !waits.Details {
		s.unsigned = append(s.unsigned, s.visit.Say("today.unsigned-details"))
	}
	for _, kind := range []struct {
		key string
		n   int
	}{{"templates", waits.Templates}, {"rules", waits.Rules}, {"orders", waits.Orders}, {"letters", waits.Letters}} {
		if kind.n > 0 {
			s.unsigned = append(s.unsigned, s.visit.Count("today.unsigned-"+kind.key, kind.n))
		}
	}
}

// onDay returns the appointments whose own wall shows this day.
func onDay(ctx context.Context, tx *store.Tx, date zone.Date, l *time.Location) ([]calendar.Entry, error) {
	return calendar.Walls(ctx, tx, date, date, l, "", func(e calendar.Entry) bool {
		return e.Booking != calendar.EnteredInError && e.Booking != calendar.Rescheduled
	})
}

// mostAsking bounds those who stand by name among what waits.
const mostAsking = 10

// waits reads what waits for an answer, and which appointments the links of mails ask to cancel.
func (s *view) waits(ctx context.Context, tx *store.Tx) error {
	n, asked, err := letter.Unanswered(ctx, tx)
	if s.texts = n; err != nil || len(asked) == 0 {
		return err
	}
	asked = asked[:min(len(asked), mostAsking)]
	found, err := calendar.Entries(ctx, tx, asked)
	for _, id := range asked {
		if e, is := found[id]; is && !e.Hidden {
			s.asking = append(s.asking, e)
		}
	}
	return err
}

func ids(entries []calendar.Entry) []calendar.ID {
	out := make([]calendar.ID, len(entries))
	for i, e := range entries {
		out[i] = e.ID
	}
	return out
}

func (s *view) teller() story.Teller {
	return story.Teller{Text: s.visit.Text, Now: s.visit.Now, Location: s.visit.Location, Clients: s.visit.May(guard.ClientChange)}
}

// lost lists who of the day could not be reached, as long as it matters: booked, to come, not yet confirmed or here.
func (s *view) lost(told map[calendar.ID]story.Told) []row {
	var rows []row
	teller := s.teller()
	for _, e := range s.expected {
		if e.Booking != calendar.Booked || e.Ends.Before(s.visit.Now) {
			continue
		}
		var open []string
		for _, p := range e.People {
			if p.Confirmation != calendar.Confirmed && p.Attendance == calendar.Expected {
				open = append(open, string(p.ID))
			}
		}
		for _, u := range teller.Reached(told[e.ID], open) {
			rows = append(rows, row{clock: page.Clock(e.Wall), name: personName(e, u.Person), to: "/appointments/" + string(e.ID), Unreached: u})
		}
	}
	return rows
}

func personName(e calendar.Entry, attendee string) string {
	for _, p := range e.People {
		if string(p.ID) == attendee {
			return client.FullName(p.FirstName, p.LastName, p.PreferredName)
		}
	}
	return ""
}

// choose takes the appointment that stands beside the grid: the one asked for, else the first that needs somebody, else the next; none of which the
// visitor sees nobody.
func (s *view) choose(at string, told map[calendar.ID]story.Told) {
	pick := func(fits func(calendar.Entry) bool) bool {
		if i := slices.IndexFunc(s.expected, func(e calendar.Entry) bool { return !e.Hidden && fits(e) }); i >= 0 {
			s.selected = &s.expected[i]
		}
		return s.selected != nil
	}
	switch {
	case at != "" && pick(func(e calendar.Entry) bool { return string(e.ID) == at }):
	case len(s.unreached) > 0 && pick(func(e calendar.Entry) bool { return "/appointments/"+string(e.ID) == s.unreached[0].to }):
	default:
		pick(func(e calendar.Entry) bool { return e.Booking == calendar.Booked && e.Ends.After(s.visit.Now) })
	}
	if s.selected == nil {
		return
	}
	teller := s.teller()
	teller.People = page.Attendees(*s.selected)
	if l, err := zone.Load(s.selected.Zone); err == nil {
		teller.Location = l
	}
	s.timeline = teller.Timeline(told[s.selected.ID])
}

// grid puts the day into columns: everybody who works here, and whoever else is booked that day.
func (s *view) grid(people []practice.Practitioner, who string) ui.Day {
	t := s.visit.Text
	day := ui.Day{Start: opens, End: closes, List: s.list, Label: s.visit.Say("today.day")}
	if s.today {
		now := s.visit.Now.In(s.visit.Location)
		day.Now, day.NowSay = ui.Minute(now), s.visit.Say("day.now", t.Clock(now))
	}
	items := map[practice.PractitionerID][]ui.Item{}
	for _, e := range s.expected {
		items[e.Practitioner] = append(items[e.Practitioner], s.item(e))
	}
	chosen := false
	for _, p := range people {
		if len(items[p.ID]) == 0 && !p.ArchivedAt.IsZero() {
			continue
		}
		column := ui.Column{Name: p.Name, Link: s.link("who", string(p.ID)), All: s.link("view", "list"), Items: items[p.ID], Chosen: string(p.ID) == who}
		chosen = chosen || column.Chosen
		day.Columns = append(day.Columns, column)
	}
	if !chosen && len(day.Columns) > 0 {
		day.Columns[0].Chosen = true
	}
	return day
}

func (s view) link(name, value string) string {
	link := "/?date=" + s.date.String() + "&" + name + "=" + value
	if s.list && name != "view" {
		link += "&view=list"
	}
	return link
}

// other is the link to the other view of the day: the list, or the calendar.
func (s view) other() ui.Link {
	if s.list {
		return ui.Link{To: "/?date=" + s.date.String(), Say: s.visit.Say("today.calendar")}
	}
	return ui.Link{To: s.link("view", "list"), Say: s.visit.Say("today.list")}
}

func (s *view) item(e calendar.Entry) ui.Item {
	state := page.StateOf(e)
	item := ui.Item{From: e.Wall.Minute, Until: e.Wall.Minute + e.Minutes, Kind: state.Kind, Off: e.Booking == calendar.Cancelled,
		Title: page.Names(s.visit.Text, e), To: s.link("at", string(e.ID)), Current: s.selected != nil && s.selected.ID == e.ID}
	item.Detail = page.Clock(e.Wall) + " " + s.visit.Say(state.Key) + " · " + e.ServiceName // what is cut off in a narrow column comes last
	if slices.ContainsFunc(e.People, func(p calendar.Person) bool { return p.FirstVisit }) {
		item.More = s.visit.Say("today.first-visit")
	}
	if e.Mode != practice.InPerson {
		item.Detail += " · " + s.visit.Say("mode."+string(e.Mode))
	}
	return item
}

// coming is whoever is still expected that day and has not cancelled: the next ones, and how many more there are.
func (s view) coming() (next []calendar.Entry, more int) {
	next = slices.DeleteFunc(slices.Clone(s.expected), func(e calendar.Entry) bool {
		return e.Booking == calendar.Cancelled || s.today && e.Ends.Before(s.visit.Now)
	})
	if len(next) > maxNext {
		next, more = next[:maxNext], len(next)-maxNext
	}
	return next, more
}

// words are the title and the line under it.
func (s *view) words() {
	v := s.visit
	at := zone.At(zone.Wall{Date: s.date, Minute: 12 * 60}, v.Location)
	s.title = v.Text.LongDay(at, v.Now.In(v.Location))
	coming, confirmed := 0, 0
	for _, e := range s.expected {
		if e.Booking != calendar.Booked {
			continue
		}
		for _, p := range e.People {
			coming++
			if p.Confirmation == calendar.Confirmed || p.Attendance == calendar.Arrived || p.Attendance == calendar.InSession || p.Attendance == calendar.Attended {
				confirmed++
			}
		}
	}
	s.line = v.Count("today.people", coming)
	if s.today {
		s.line = v.Count("today.people-today", coming)
	}
	if coming > 0 {
		s.line += " · " + v.Count("today.confirmed", confirmed)
	}
	if len(s.unreached) > 0 {
		s.line += " · " + v.Count("today.unreached", len(s.unreached))
	}
	s.line += " · " + v.Say("frame.times-in", v.Text.Place(v.Practice.Zone))
	s.frame = v.Frame(s.title, "/")
}

// sheet is the heading of the grid: the location's name when there is one alone.
func (s view) sheet() string {
	if s.place != "" {
		return s.place
	}
	return s.visit.Say("today.day")
}
