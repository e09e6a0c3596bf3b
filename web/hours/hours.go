// Package hours is the pages on which a practice says when it can be booked: weekly hours of practitioners, time that is blocked and hours beside
// the usual ones, public holidays, rooms.
//
// What is refused keeps what was typed and names the field. Everybody who books may block time; the rest is for those who change settings.
package hours

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"letterhead/calendar/open"
	"letterhead/calendar/room"
	"letterhead/guard"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/web/page"
	"letterhead/web/ui"
	"letterhead/zone"
)

// The pages.
const (
	weekly   = "/hours"
	blocked  = "/hours/blocked"
	holidays = "/hours/holidays"
	rooms    = "/hours/rooms"
)

// ahead is how many days of exceptions and holidays are listed.
const ahead = 800

// view is one of the pages.
type view struct {
	frame    ui.Frame
	visit    *page.Visit
	at       string
	schedule open.Schedule
	people   []practice.Practitioner
	places   []practice.Location
	rooms    []room.Room
	problems []ui.Problem
	may      bool
}

// Weekly is the hours of each practitioner.
func Weekly(v *page.Visit) (page.Answer, error) { return show(v, weekly) }

// Blocked is what is otherwise once.
func Blocked(v *page.Visit) (page.Answer, error) { return show(v, blocked) }

// Holidays is the practice's list of them.
func Holidays(v *page.Visit) (page.Answer, error) { return show(v, holidays) }

// Rooms are those of its locations.
func Rooms(v *page.Visit) (page.Answer, error) { return show(v, rooms) }

func show(v *page.Visit, at string) (page.Answer, error) {
	s, err := read(v, at)
	if err != nil {
		return page.Answer{}, err
	}
	if v.Query("did") == "saved" {
		s.frame.Flash = &ui.Flash{Kind: ui.Good, Say: v.Say("hours.saved")}
	}
	return page.Show(s.page())
}

func read(v *page.Visit, at string) (*view, error) {
	s := &view{visit: v, at: at, may: v.May(guard.SettingsChange)}
	if at == blocked {
		s.may = v.May(guard.CalendarChange)
	}
	today := zone.DateOf(v.Now.In(v.Location))
	err := v.View(func(ctx context.Context, tx *store.Tx) (err error) {
		if s.schedule, err = open.Load(ctx, tx, "", today, today.Add(ahead)); err != nil {
			return err
		}
		if s.people, err = practice.EveryPractitioner(ctx, tx); err != nil {
			return err
		}
		if s.places, err = practice.Locations(ctx, tx); err != nil {
			return err
		}
		s.rooms, err = room.Every(ctx, tx)
		return err
	})
	s.people = slices.DeleteFunc(s.people, func(p practice.Practitioner) bool { return !p.ArchivedAt.IsZero() })
	s.frame = v.Frame(v.Say("hours.title"), "/calendar")
	return s, err
}

// save runs a change, and shows the page again with what to mend.
func save(v *page.Visit, at string, problems []ui.Problem, fn func(ctx context.Context, tx *store.Tx) error) (page.Answer, error) {
	var err error = errForm
	if len(problems) == 0 {
		if err = v.Change(fn); err == nil {
			return page.Go(at + "?did=saved")
		}
		problem := page.Problem(v.Text, err)
		if problem == nil {
			return page.Answer{}, err
		}
		problems = append(problems, *problem)
	}
	s, readErr := read(v, at)
	if readErr != nil {
		return page.Answer{}, readErr
	}
	s.problems = problems
	return page.Again(s.page(), err)
}

// AddHours writes hours of a practitioner.
func AddHours(v *page.Visit) (page.Answer, error) {
	var f form
	o := open.Opening{Practitioner: practice.PractitionerID(v.Form("practitioner")), Location: practice.LocationID(v.Form("location")),
		Begins: f.clock(v, "begins"), Ends: f.clock(v, "ends"), First: f.date(v, "first", false), Last: f.date(v, "last", true)}
	o.Weeks, _ = strconv.Atoi(v.Form("weeks")) // what is no number is refused as 0
	var days []int
	for _, value := range v.Request.PostForm["weekday"] {
		if day, err := strconv.Atoi(value); err == nil && len(days) < 8 {
			days = append(days, day)
		}
	}
	return save(v, weekly, f.problems, func(ctx context.Context, tx *store.Tx) error { return open.AddOpenings(ctx, tx, o, days) })
}

// Block writes time that is blocked, or hours beside the usual ones.
func Block(v *page.Visit) (page.Answer, error) {
	var f form
	e := open.Exception{Practitioner: practice.PractitionerID(v.Form("practitioner")), Location: practice.LocationID(v.Form("location")), Open: v.Form("kind") == "open", Note: v.Form("note"),
		Begins: zone.Wall{Date: f.date(v, "date", false)}}
	until := f.date(v, "until", true)
	if until == (zone.Date{}) {
		until = e.Begins.Date
	}
	if v.Form("begins") != "" {
		e.Begins.Minute = f.clock(v, "begins")
	}
	e.Ends = zone.Wall{Date: until.Add(1)} // the whole day
	if v.Form("ends") != "" {
		e.Ends = zone.Wall{Date: until, Minute: f.clock(v, "ends")}
	}
	return save(v, blocked, f.problems, func(ctx context.Context, tx *store.Tx) error { return open.AddException(ctx, tx, e) })
}

// AddHoliday writes one of the practice's own, or copies those of a region.
func AddHoliday(v *page.Visit) (page.Answer, error) {
	var f form
	place := practice.LocationID(v.Form("location"))
	if v.Form("do") == "copy" {
		return save(v, holidays, nil, func(ctx context.Context, tx *store.Tx) error {
			_, err := open.Copy(ctx, tx, v.Form("region"), place, zone.DateOf(tx.Now.In(v.Location)))
			return err
		})
	}
	h := open.Holiday{Location: place, Day: f.date(v, "day", false), Name: v.Form("name")}
	return save(v, holidays, f.problems, func(ctx context.Context, tx *store.Tx) error {
		n, err := open.AddHolidays(ctx, tx, h)
		if err == nil && n == 0 {
			err = open.ErrTwice
		}
		return err
	})
}

// Work says of a holiday whether the practice works.
func Work(v *page.Visit) (page.Answer, error) {
	return save(v, holidays, nil, func(ctx context.Context, tx *store.Tx) error {
		return open.Work(ctx, tx, v.Form("entry"), v.Form("works") == "yes")
	})
}

// Remove takes away hours or a holiday, Unblock an exception.
func Remove(v *page.Visit) (page.Answer, error) {
	kind, at := "hours", weekly
	if v.Form("kind") == "holiday" {
		kind, at = "holiday", holidays
	}
	return save(v, at, nil, func(ctx context.Context, tx *store.Tx) error { return open.Remove(ctx, tx, kind, v.Form("entry")) })
}

// Unblock takes away an exception.
func Unblock(v *page.Visit) (page.Answer, error) {
	return save(v, blocked, nil, func(ctx context.Context, tx *store.Tx) error {
		return open.Remove(ctx, tx, "exception", v.Form("entry"))
	})
}

// AddRoom writes a room, or takes one out of use.
func AddRoom(v *page.Visit) (page.Answer, error) {
	return save(v, rooms, nil, func(ctx context.Context, tx *store.Tx) error {
		if v.Form("do") == "archive" {
			return room.Archive(ctx, tx, room.ID(v.Form("entry")))
		}
		_, err := room.Add(ctx, tx, practice.LocationID(v.Form("location")), v.Form("name"))
		return err
	})
}

func (s *view) tabs() []ui.Tab {
	var tabs []ui.Tab
	for _, t := range []struct{ to, key string }{{weekly, "hours.weekly"}, {blocked, "hours.blocked"}, {holidays, "hours.holidays"}, {rooms, "hours.rooms"}} {
		tabs = append(tabs, ui.Tab{To: t.to, Say: s.visit.Say(t.key), Current: t.to == s.at})
	}
	return tabs
}

// field is a field of the page's form with what was typed, or what it begins with.
func (s *view) field(name, key, begins string) ui.Field {
	f := ui.Field{Name: name, Label: s.visit.Say(key), Value: begins}
	if s.visit.Request.PostForm.Has(name) && len(s.problems) > 0 {
		f.Value = s.visit.Form(name)
	}
	for _, problem := range s.problems {
		if problem.Field == name {
			f.Error = problem.Say
		}
	}
	return f
}

func (s *view) optional(name, key string) ui.Field {
	f := s.field(name, key, "")
	f.Optional = true
	return f
}

func typed(f ui.Field, kind string) ui.Field {
	f.Type = kind
	return f
}

// ticked says whether a weekday is marked: as it was posted, else Monday to Friday.
func (s *view) ticked(day int) bool {
	if len(s.problems) > 0 {
		return slices.Contains(s.visit.Request.PostForm["weekday"], strconv.Itoa(day))
	}
	return day >= 1 && day <= 5
}

func (s *view) today() string { return zone.DateOf(s.visit.Now.In(s.visit.Location)).String() }

func (s *view) practitioners(everybody bool) []ui.Option {
	var options []ui.Option
	if everybody {
		options = append(options, ui.Option{Say: s.visit.Say("week.everybody")})
	}
	for _, p := range s.people {
		options = append(options, ui.Option{Value: string(p.ID), Say: p.Name})
	}
	return options
}

func (s *view) locations(everywhere bool) []ui.Option {
	var options []ui.Option
	if everywhere {
		options = append(options, ui.Option{Say: s.visit.Say("board.everywhere")})
	}
	for _, l := range s.places {
		options = append(options, ui.Option{Value: string(l.ID), Say: l.Name})
	}
	return options
}

func (s *view) weeks() []ui.Option {
	options := []ui.Option{{Value: "1", Say: s.visit.Say("hours.every")}}
	for n := 2; n <= 4; n++ {
		options = append(options, ui.Option{Value: strconv.Itoa(n), Say: s.visit.Say("hours.every-n", n)})
	}
	return options
}

func (s *view) regions() []ui.Option {
	options := []ui.Option{{Say: s.visit.Say("form.choose")}}
	for _, region := range open.Regions() {
		options = append(options, ui.Option{Value: region, Say: s.visit.Say("region." + region)})
	}
	return options
}

// ofPerson are a practitioner's hours in the order of the week, which begins on Monday.
func (s *view) ofPerson(id practice.PractitionerID) []open.Opening {
	var list []open.Opening
	for _, o := range s.schedule.Openings {
		if o.Practitioner == id {
			list = append(list, o)
		}
	}
	slices.SortStableFunc(list, func(a, b open.Opening) int { return ((a.Weekday+6)%7 - (b.Weekday+6)%7) })
	return list
}

func clock(minute int) string { return fmt.Sprintf("%d:%02d", minute/60, minute%60) }

func (s *view) weekday(day int) string { return s.visit.Text.Weekday(day) }

// spell says where and in which weeks hours count.
func (s *view) spell(o open.Opening) string {
	var words []string
	if len(s.places) > 1 {
		words = append(words, s.placeName(o.Location))
	}
	if o.Weeks > 1 {
		words = append(words, s.visit.Say("hours.every-n", o.Weeks)+", "+s.visit.Say("hours.from", s.visit.Text.Date(o.First)))
	} else if o.First.String() > s.today() {
		words = append(words, s.visit.Say("hours.from", s.visit.Text.Date(o.First)))
	}
	if o.Last != (zone.Date{}) {
		words = append(words, s.visit.Say("hours.until", s.visit.Text.Date(o.Last)))
	}
	return strings.Join(words, " · ")
}

func (s *view) placeName(id practice.LocationID) string {
	for _, l := range s.places {
		if l.ID == id {
			return l.Name
		}
	}
	return s.visit.Say("board.everywhere")
}

func (s *view) whoName(id practice.PractitionerID) string {
	for _, p := range s.people {
		if p.ID == id {
			return p.Name
		}
	}
	return s.visit.Say("week.everybody")
}

// span says from when to when an exception is: whole days without their midnights.
func (s *view) span(e open.Exception) string {
	t := s.visit.Text
	if e.Begins.Minute == 0 && e.Ends.Minute == 0 {
		if last := e.Ends.Date.Add(-1); last != e.Begins.Date {
			return t.Date(e.Begins.Date) + " – " + t.Date(last)
		}
		return t.Date(e.Begins.Date)
	}
	if e.Begins.Date == e.Ends.Date {
		return t.Date(e.Begins.Date) + ", " + clock(e.Begins.Minute) + "–" + clock(e.Ends.Minute)
	}
	return t.Date(e.Begins.Date) + ", " + clock(e.Begins.Minute) + " – " + t.Date(e.Ends.Date) + ", " + clock(e.Ends.Minute)
}
