package diary

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"letterhead/calendar"
	"letterhead/calendar/room"
	"letterhead/fault"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/web/page"
	"letterhead/web/ui"
	"letterhead/zone"
)

// refusal is how a form is answered: what was not found was a choice in it, not its address.
func refusal(err error) error {
	if fault.KindOf(err) == fault.NotFound {
		return errForm
	}
	return err
}

// errForm is the refusal of a form whose problems are listed already.
var errForm = fault.Field("form", "diary.form", "mend the form")

var errWhat = fault.Field("what", "diary.what", "choose what to record: confirmed, not confirmed, arrived, did not come, or expected again")

var errNothing = fault.New(fault.Conflict, "diary.nothing", "there is nothing to take back: nobody is marked so; choose what to record")

// slot is the part of a form that says when, where and with whom; booking and moving share it.
type slot struct {
	date, clock, practitioner, service, location, minutes string
	turn                                                  string
	room                                                  string
	anyway                                                bool // book although the time is taken
	anyHours                                              bool // or nobody works then
	outside                                               bool // the time was refused as one at which nobody works
	taken                                                 bool // the time was refused as taken
	next                                                  zone.Wall

	practitioners, services, locations []ui.Option
	rooms                              []ui.Option // none where the practice has none
	turns                              []ui.Option // the two instants of a time that occurs twice
	problems                           []ui.Problem
	visit                              *page.Visit
}

// typed reads what was posted.
func (s *slot) typed(v *page.Visit) {
	s.date, s.clock = v.Form("date"), v.Form("time")
	s.practitioner, s.service, s.location, s.minutes = v.Form("practitioner"), v.Form("service"), v.Form("location"), v.Form("minutes")
	s.turn, s.anyway, s.anyHours, s.room = v.Form("turn"), v.Form("anyway") == "yes", v.Form("hours") == "yes", v.Form("room")
	if free := v.Form("free"); free != "" { // the button that takes the next free time
		if wall, err := zone.ParseWall(free); err == nil {
			s.date, s.clock, s.turn = wall.Date.String(), page.InputClock(wall), ""
		}
	}
}

// lists reads what can be chosen. What is chosen already stays in its list even when it is archived.
func (s *slot) lists(ctx context.Context, tx *store.Tx) error {
	people, err := practice.EveryPractitioner(ctx, tx)
	if err != nil {
		return err
	}
	services, err := practice.EveryService(ctx, tx)
	if err != nil {
		return err
	}
	places, err := practice.EveryLocation(ctx, tx)
	if err != nil {
		return err
	}
	if s.rooms, err = s.listRooms(ctx, tx, places); err != nil {
		return err
	}
	s.practitioners, s.services, s.locations = nil, nil, nil
	for _, p := range people {
		if p.ArchivedAt.IsZero() || string(p.ID) == s.practitioner {
			s.practitioners = append(s.practitioners, ui.Option{Value: string(p.ID), Say: p.Name})
		}
	}
	for _, e := range services {
		if e.ArchivedAt.IsZero() || string(e.ID) == s.service {
			s.services = append(s.services, ui.Option{Value: string(e.ID), Say: fmt.Sprintf("%s · %s", e.Name, s.visit.Text.Minutes(e.Minutes))})
		}
	}
	for _, l := range places {
		if l.ArchivedAt.IsZero() || string(l.ID) == s.location {
			say := l.Name
			if l.Zone != s.visit.Practice.Zone {
				say += " · " + s.visit.Say("frame.times-in", s.visit.Text.Place(l.Zone))
			}
			s.locations = append(s.locations, ui.Option{Value: string(l.ID), Say: say})
		}
	}
	s.practitioners = s.first("practitioner", &s.practitioner, s.practitioners)
	s.services = s.first("service", &s.service, s.services)
	s.locations = s.first("location", &s.location, s.locations)
	for _, l := range places {
		if string(l.ID) == s.location {
			s.turns = s.ask(l.Zone)
		}
	}
	return nil
}

// listRooms are the rooms in use, with their location where there are several.
func (s *slot) listRooms(ctx context.Context, tx *store.Tx, places []practice.Location) ([]ui.Option, error) {
	all, err := room.Every(ctx, tx)
	if err != nil {
		return nil, err
	}
	var options []ui.Option
	for _, place := range places {
		for _, r := range all {
			if r.Location != place.ID || r.Archived && string(r.ID) != s.room {
				continue
			}
			say := r.Name
			if len(places) > 1 {
				say += " · " + place.Name
			}
			options = append(options, ui.Option{Value: string(r.ID), Say: say})
		}
	}
	if len(options) > 0 {
		options = append([]ui.Option{{Value: string(calendar.NoRoom), Say: s.visit.Say("form.no-room")}}, options...)
	}
	return options, nil
}

// first chooses the first of a list where nothing is chosen. Where a choice was refused nothing is chosen for the person.
func (s *slot) first(field string, value *string, options []ui.Option) []ui.Option {
	if *value != "" || len(options) == 0 {
		return options
	}
	if s.errorOf(field) != "" {
		return append([]ui.Option{{Say: s.visit.Say("form.choose")}}, options...)
	}
	*value = options[0].Value
	return options
}

// ask offers both instants of a time that occurs twice where the clocks go back; nothing for any other time.
func (s *slot) ask(zoneName string) []ui.Option {
	date, err := zone.ParseDate(s.date)
	minute, ok := clock(s.clock)
	l, zoneErr := zone.Load(zoneName)
	if err != nil || !ok || zoneErr != nil {
		return nil
	}
	at := zone.Instants(zone.Wall{Date: date, Minute: minute}, l)
	if len(at) != 2 {
		return nil
	}
	say := func(key string, at time.Time) string {
		return s.visit.Say(key, page.Clock(zone.WallOf(at.In(l)))+" "+at.In(l).Format("MST"))
	}
	return []ui.Option{{Value: string(calendar.First), Say: say("turn.first", at[0])}, {Value: string(calendar.Second), Say: say("turn.second", at[1])}}
}

// wall reads the day and time, and notes what is wrong with them.
func (s *slot) wall() zone.Wall {
	date, err := zone.ParseDate(s.date)
	if err != nil {
		s.wrong("date", s.visit.Say("form.date-wrong"))
	}
	minute, ok := clock(s.clock)
	if !ok {
		s.wrong("time", s.visit.Say("form.time-wrong"))
	}
	return zone.Wall{Date: date, Minute: minute}
}

// clock reads what people type for a time: 9:05, 09:05, 0905, 9.05, 14h30.
func clock(typed string) (minute int, ok bool) {
	digits := strings.NewReplacer(":", "", ".", "", "h", "").Replace(typed)
	if len(digits) < 3 || len(digits) > 4 {
		return 0, false
	}
	number := 0
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false
		}
		number = number*10 + int(c-'0')
	}
	if number/100 > 23 || number%100 > 59 {
		return 0, false
	}
	return number/100*60 + number%100, true
}

// length reads the minutes; "" means the service's.
func (s *slot) length() int {
	if s.minutes == "" {
		return 0
	}
	n := 0
	for _, c := range s.minutes {
		if c < '0' || c > '9' || n > calendar.MaxMinutes {
			n = 0
			break
		}
		n = n*10 + int(c-'0')
	}
	if n < 1 || n > calendar.MaxMinutes {
		s.wrong("minutes", s.visit.Say("form.minutes-wrong"))
	}
	return n
}

func (s *slot) wrong(field, say string) {
	s.problems = append(s.problems, ui.Problem{Field: field, Say: say})
}

func (s *slot) errorOf(field string) string {
	for _, problem := range s.problems {
		if problem.Field == field {
			return problem.Say
		}
	}
	return ""
}

// refused turns a refusal into what the form shows; false means that the person cannot mend it here.
func (s *slot) refused(err error, but calendar.ID) bool {
	problem := page.Problem(s.visit.Text, err)
	if problem == nil {
		problem = s.gone(err)
	}
	if problem == nil {
		return false
	}
	if errors.Is(err, calendar.ErrTaken) {
		s.taken = true
		at := wanted{wall: s.wall(), turn: calendar.Turn(s.turn), practitioner: s.practitioner, but: but}
		viewErr := s.visit.View(func(ctx context.Context, tx *store.Tx) error {
			if say, next := explain(ctx, tx, s.visit.Text, err, at); say != "" {
				problem.Say, s.next = say, next
			}
			return nil
		})
		if viewErr != nil {
			return false
		}
	}
	s.unhoused(err, problem)
	s.problems = append(s.problems, *problem)
	return true
}

// unhoused makes of a time at which nobody works a sentence that says why, and what is free next.
func (s *slot) unhoused(err error, problem *ui.Problem) {
	var cause calendar.OutOfHours
	if !errors.Is(err, calendar.ErrOutside) || !errors.As(err, &cause) {
		return
	}
	s.outside = true
	problem.Say = s.visit.Say("outside." + string(cause.Reason))
	if cause.Note != "" {
		problem.Say = s.visit.Say("outside."+string(cause.Reason)+"-note", cause.Note)
	}
	l, zoneErr := zone.Load(cause.Zone)
	if cause.Next.IsZero() || zoneErr != nil {
		return
	}
	s.next = zone.WallOf(cause.Next.In(l))
	problem.Say += " " + s.visit.Say("outside.next", s.visit.Text.ShortDay(noon(s.next.Date), s.visit.Now), page.Clock(s.next))
}

// gone says that what was chosen from a list is not there, and lets the choice go, so that another can be made.
func (s *slot) gone(err error) *ui.Problem {
	for _, c := range []struct {
		none  error
		field string
		value *string
	}{{practice.ErrNoPerson, "practitioner", &s.practitioner}, {practice.ErrNoService, "service", &s.service}, {practice.ErrNoLocation, "location", &s.location}, {room.ErrNotFound, "room", &s.room}} {
		if errors.Is(err, c.none) {
			*c.value = ""
			return &ui.Problem{Field: c.field, Say: s.visit.Say("form.gone-" + c.field)}
		}
	}
	return nil
}

// reload reads the lists again for a form that is shown once more.
func (s *slot) reload() error { return s.visit.View(s.lists) }
