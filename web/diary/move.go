package diary

import (
	"context"
	"strconv"

	"letterhead/calendar"
	"letterhead/calendar/room"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/web/page"
	"letterhead/web/ui"
	"letterhead/zone"
)

// moving is the form that moves an appointment: all that dragging does.
type moving struct {
	frame ui.Frame
	slot
	entry   calendar.Entry
	version string
	back    string

	scope     string // how many of a series
	conflicts []conflict
}

// ShowMove is the form with where the appointment is now.
func ShowMove(v *page.Visit) (page.Answer, error) {
	m := moving{}
	m.visit = v
	err := v.View(func(ctx context.Context, tx *store.Tx) error {
		var err error
		if m.entry, err = find(ctx, tx, calendar.ID(v.Path("id"))); err != nil {
			return err
		}
		m.date, m.clock = m.entry.Wall.Date.String(), page.InputClock(m.entry.Wall)
		m.practitioner, m.service, m.location = string(m.entry.Practitioner), string(m.entry.Service), string(m.entry.Location)
		m.back = from(v, m.date, string(m.entry.Practitioner))
		m.scope, m.room = string(calendar.This), string(m.entry.Room)
		m.turn = string(m.entry.Turn())
		m.minutes, m.version = strconv.Itoa(m.entry.Minutes), strconv.FormatInt(m.entry.Version, 10)
		return m.lists(ctx, tx)
	})
	if err != nil {
		return page.Answer{}, err
	}
	if m.entry.Booking != calendar.Booked {
		return page.Answer{}, calendar.ErrNotBooked
	}
	m.frame = v.Frame(v.Say("move.title"), "/")
	return page.Show(move(m))
}

// Move moves, or shows the form again with what to mend.
func Move(v *page.Visit) (page.Answer, error) {
	m := moving{version: v.Form("version"), back: back(v), scope: string(scope(v))}
	m.visit = v
	m.typed(v)
	id := calendar.ID(v.Path("id"))
	request := calendar.MoveRequest{ID: id, Version: version(v), Wall: m.wall(), Turn: calendar.Turn(m.turn), Minutes: m.length(), Practitioner: practice.PractitionerID(m.practitioner),
		Service: practice.ServiceID(m.service), Location: practice.LocationID(m.location), Overbook: m.anyway, AnyHours: m.anyHours, Room: room.ID(m.room)}
	if len(m.problems) > 0 {
		return m.again(errForm)
	}
	var leave []calendar.ID
	for _, value := range left(v) {
		leave = append(leave, calendar.ID(value))
	}
	a, err := changeAll(v, id, func(ctx context.Context, tx *store.Tx) ([]calendar.Appointment, error) {
		return calendar.MoveSeries(ctx, tx, request, scope(v), leave)
	})
	if err == nil && a.ID == "" {
		a.ID = id // all of them were left where they are
	}
	if err != nil {
		if !m.refused(err, id) {
			return page.Answer{}, err
		}
		m.conflicts, _ = noted(v, err, left(v))
		return m.again(err)
	}
	return went(v, a.ID, "moved")
}

func (m *moving) again(err error) (page.Answer, error) {
	viewErr := m.visit.View(func(ctx context.Context, tx *store.Tx) error {
		var err error
		if m.entry, err = find(ctx, tx, calendar.ID(m.visit.Path("id"))); err != nil {
			return err
		}
		if m.visit.Form("dragged") == "yes" { // what was dragged said when and with whom alone
			m.room = string(m.entry.Room)
			m.service, m.location, m.minutes = string(m.entry.Service), string(m.entry.Location), strconv.Itoa(m.entry.Minutes)
			if m.practitioner == "" {
				m.practitioner = string(m.entry.Practitioner)
			}
		}
		return m.lists(ctx, tx)
	})
	if viewErr != nil {
		return page.Answer{}, viewErr
	}
	m.frame = m.visit.Frame(m.visit.Say("move.title"), "/")
	return page.Again(move(*m), refusal(err))
}

// cancelling is the form that cancels.
type cancelling struct {
	frame    ui.Frame
	visit    *page.Visit
	entry    calendar.Entry
	version  string
	back     string
	by, why  string
	scope    string // how many of a series
	late     bool
	reasons  []ui.Option
	problems []ui.Problem
}

// ShowCancel asks who cancels and why.
func ShowCancel(v *page.Visit) (page.Answer, error) {
	c := cancelling{visit: v}
	if err := c.read(); err != nil {
		return page.Answer{}, err
	}
	c.scope = string(calendar.This)
	c.version = strconv.FormatInt(c.entry.Version, 10)
	c.back = from(v, c.entry.Wall.Date.String(), string(c.entry.Practitioner))
	if c.entry.Booking != calendar.Booked {
		return page.Answer{}, calendar.ErrNotBooked
	}
	return page.Show(cancel(c))
}

// Cancel cancels, or shows the form again with what to mend.
func Cancel(v *page.Visit) (page.Answer, error) {
	c := cancelling{visit: v, by: v.Form("by"), why: v.Form("reason"), version: v.Form("version"), back: back(v), scope: string(scope(v))}
	request := calendar.CancelRequest{ID: calendar.ID(v.Path("id")), Version: version(v), By: calendar.By(c.by), Reason: c.why}
	if request.By == calendar.BySystem {
		request.By = "" // people cancel here
	}
	a, err := changeAll(v, request.ID, func(ctx context.Context, tx *store.Tx) ([]calendar.Appointment, error) {
		return calendar.CancelSeries(ctx, tx, request, scope(v))
	})
	if err != nil {
		problem := page.Problem(v.Text, err)
		if problem == nil {
			return page.Answer{}, err
		}
		c.problems = []ui.Problem{*problem}
		if err := c.read(); err != nil {
			return page.Answer{}, err
		}
		return page.Again(cancel(c), err)
	}
	return went(v, a.ID, "cancelled")
}

func (c *cancelling) read() error {
	err := c.visit.View(func(ctx context.Context, tx *store.Tx) error {
		var err error
		c.entry, err = find(ctx, tx, calendar.ID(c.visit.Path("id")))
		return err
	})
	for _, reason := range calendar.Reasons {
		say := c.visit.Say("why." + reason)
		if reason == "" {
			say = c.visit.Say("why.none")
		}
		c.reasons = append(c.reasons, ui.Option{Value: reason, Say: say})
	}
	c.late = c.entry.Starts.Sub(c.visit.Now) < calendar.LateCancel
	c.frame = c.visit.Frame(c.visit.Say("cancel.title"), "/")
	return err
}

func (c cancelling) errorOf(field string) string {
	for _, problem := range c.problems {
		if problem.Field == field {
			return problem.Say
		}
	}
	return ""
}

// free is the next free time as the button posts it.
func (s slot) free() string { return s.next.String() }

func (s slot) freeSay() string {
	if s.next.Date.String() == s.date {
		return s.visit.Say("taken.take", page.Clock(s.next))
	}
	return s.visit.Say("taken.take-day", s.visit.Text.ShortDay(noon(s.next.Date), s.visit.Now), page.Clock(s.next))
}

func (s slot) offers() bool { return (s.taken || s.outside) && s.next != zone.Wall{} }

func (c cancelling) sides() []ui.Option {
	late := ""
	if c.late {
		late = c.visit.Say("cancel.late")
	}
	return []ui.Option{{Value: string(calendar.ByClient), Say: c.visit.Say("cancel.client"), Help: late}, {Value: string(calendar.ByPractice), Say: c.visit.Say("cancel.practice")}}
}
