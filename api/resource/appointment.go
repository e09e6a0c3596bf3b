package resource

import (
	"context"
	"strconv"
	"strings"
	"time"

	"letterhead/api/call"
	"letterhead/calendar"
	"letterhead/client"
	"letterhead/fault"
	"letterhead/guard"
	"letterhead/plan"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/zone"
)

// AppointmentOut is a time with a practitioner.
type AppointmentOut struct {
	ID           string        `json:"id"`
	External     string        `json:"external,omitempty" doc:"The id in the system that it was imported from."`
	Date         string        `json:"date" doc:"By the location's clock: 2026-12-01."`
	Time         string        `json:"time" doc:"By the location's clock: 09:30."`
	Zone         string        `json:"zone"`
	Starts       time.Time     `json:"starts"`
	Ends         time.Time     `json:"ends"`
	Minutes      int           `json:"minutes"`
	Practitioner string        `json:"practitioner"`
	Service      string        `json:"service"`
	Location     string        `json:"location"`
	Mode         string        `json:"mode" enum:"in person,video,phone,home"`
	Booking      string        `json:"booking" enum:"booked,cancelled,rescheduled,entered in error"`
	CancelledBy  string        `json:"cancelled_by,omitempty" enum:"client,practice,system"`
	CancelReason string        `json:"cancel_reason,omitempty"`
	Attendees    []AttendeeOut `json:"attendees"`
	Version      int64         `json:"version"`
	ChangedAt    time.Time     `json:"changed_at"`
}

// AttendeeOut is a client's place in an appointment.
type AttendeeOut struct {
	ID           string `json:"id"`
	Client       string `json:"client,omitempty" doc:"Not there for a client who is kept to some team members."`
	Name         string `json:"name,omitempty" doc:"With the scope client.read."`
	Confirmation string `json:"confirmation,omitempty" enum:"not asked,awaiting,confirmed,declined,check reply"`
	Attendance   string `json:"attendance,omitempty" enum:"expected,arrived,in session,attended,no show,left"`
}

func appointmentOut(c *call.Call, e calendar.Entry) AppointmentOut {
	out := AppointmentOut{ID: string(e.ID), External: e.External, Date: e.Wall.Date.String(), Time: clock(e.Wall), Zone: e.Zone, Starts: e.Starts, Ends: e.Ends, Minutes: e.Minutes,
		Practitioner: string(e.Practitioner), Service: string(e.Service), Location: string(e.Location), Mode: string(e.Mode), Booking: string(e.Booking),
		CancelledBy: string(e.CancelledBy), CancelReason: e.CancelReason, Attendees: []AttendeeOut{}, Version: e.Version, ChangedAt: e.ChangedAt}
	for _, p := range e.People {
		a := AttendeeOut{ID: string(p.ID), Client: string(p.Client), Confirmation: string(p.Confirmation), Attendance: string(p.Attendance)} // of a hidden one calendar says the id alone
		if c.May(guard.ClientRead) {
			a.Name = client.FullName(p.FirstName, p.LastName, p.PreferredName)
		}
		out.Attendees = append(out.Attendees, a)
	}
	return out
}

func clock(w zone.Wall) string { _, at, _ := strings.Cut(w.String(), "T"); return at }

// Days are the days of a list, and its page.
type Days struct {
	From  string `query:"from" doc:"The first day, by the practice's clock: 2026-12-01."`
	To    string `query:"to" doc:"The last day; at most 31 days."`
	After string `query:"after" doc:"The next of the page before; empty for the first."`
	Limit int    `query:"limit" doc:"How many at most: 1 to 100; 50 when it is not there."`
}

const mostDays = 31

// AppointmentList is a page of appointments.
type AppointmentList struct {
	Appointments []AppointmentOut `json:"appointments"`
	Next         string           `json:"next,omitempty" doc:"Give it as after to get the next page; not there at the end."`
}

// ListAppointments lists what begins on some days, whatever became of it.
func ListAppointments(c *call.Call, in Days) (AppointmentList, error) {
	out := AppointmentList{Appointments: []AppointmentOut{}}
	limit, err := Page{in.After, in.Limit}.limit()
	if err != nil {
		return out, err
	}
	from, to, err := days(c, in)
	if err != nil {
		return out, err
	}
	last := ""
	if in.After != "" {
		at, id, cut := strings.Cut(in.After, "_")
		micro, err := strconv.ParseInt(at, 36, 64)
		if !cut || err != nil || store.Instant(micro).Before(from) || !store.Instant(micro).Before(to) {
			return out, errCursor
		}
		from, last = store.Instant(micro), id
	}
	err = c.View(func(ctx context.Context, tx *store.Tx) error {
		wanted, more := 0, false
		all, err := calendar.Day(ctx, tx, from, to, func(e calendar.Entry) bool { // in order of time and id
			if e.Starts.Equal(from) && string(e.ID) <= last {
				return false
			}
			wanted++
			more = wanted > limit
			return !more
		})
		if err != nil {
			return err
		}
		if more {
			end := all[limit-1]
			out.Next = strconv.FormatInt(store.Micro(end.Starts), 36) + "_" + string(end.ID)
		}
		for _, e := range all {
			out.Appointments = append(out.Appointments, appointmentOut(c, e))
		}
		return nil
	})
	return out, err
}

func days(c *call.Call, in Days) (from, to time.Time, err error) {
	first, err := zone.ParseDate(in.From)
	if err != nil {
		return from, to, errDay("from")
	}
	last, err := zone.ParseDate(in.To)
	if err != nil {
		return from, to, errDay("to")
	}
	if last.Before(first) || !last.Before(first.Add(mostDays)) {
		return from, to, fault.Field("to", "api.days", "ask for 1 to %d days", mostDays)
	}
	return zone.At(zone.Wall{Date: first}, c.Location), zone.At(zone.Wall{Date: last.Add(1)}, c.Location), nil
}

func errDay(field string) error {
	return fault.Field(field, "api.date", "write the day as 2026-12-01")
}

// found is an appointment of which the program may know more than that the time is taken.
func found(c *call.Call, ctx context.Context, tx *store.Tx) (calendar.Entry, error) {
	id := calendar.ID(c.Path("id"))
	all, err := calendar.Entries(ctx, tx, []calendar.ID{id})
	if err != nil {
		return calendar.Entry{}, err
	}
	e, there := all[id]
	if !there { // nor is one of whom the program sees nobody
		return calendar.Entry{}, calendar.ErrNotFound
	}
	return e, nil
}

// FindAppointment is one appointment.
func FindAppointment(c *call.Call, _ call.Nothing) (AppointmentOut, error) {
	var e calendar.Entry
	err := c.View(func(ctx context.Context, tx *store.Tx) (err error) {
		e, err = found(c, ctx, tx)
		return err
	})
	if err != nil {
		return AppointmentOut{}, err
	}
	c.Made("", e.Version)
	return appointmentOut(c, e), nil
}

// Booking is an appointment to be made.
type Booking struct {
	Clients      []string `json:"clients" doc:"Ids; at least one."`
	Practitioner string   `json:"practitioner"`
	Service      string   `json:"service"`
	Location     string   `json:"location,omitempty" doc:"Not there: the first."`
	Mode         string   `json:"mode,omitempty" enum:",in person,video,phone,home" doc:"Not there: the service's."`
	Date         string   `json:"date" doc:"By the location's clock: 2026-12-01."`
	Time         string   `json:"time" doc:"By the location's clock: 09:30."`
	Turn         string   `json:"turn,omitempty" enum:",first,second" doc:"Which of the two, where the clocks go back and the time occurs twice."`
	Minutes      int      `json:"minutes,omitempty" doc:"Not there: the service's."`
}

// Book books. A program never books over somebody else.
func Book(c *call.Call, in Booking) (Made, error) {
	wall, err := wallOf(in.Date, in.Time)
	if err != nil {
		return Made{}, err
	}
	r := calendar.BookRequest{Practitioner: practice.PractitionerID(in.Practitioner), Service: practice.ServiceID(in.Service), Location: practice.LocationID(in.Location),
		Mode: practice.Mode(in.Mode), Wall: wall, Turn: calendar.Turn(in.Turn), Minutes: in.Minutes}
	for _, id := range in.Clients {
		r.Clients = append(r.Clients, client.ID(id))
	}
	return changed(c, in, func(ctx context.Context, tx *store.Tx) (calendar.Appointment, error) {
		return calendar.Book(ctx, tx, r)
	})
}

func wallOf(date, at string) (zone.Wall, error) {
	if _, err := zone.ParseDate(date); err != nil {
		return zone.Wall{}, errDay("date")
	}
	wall, err := zone.ParseWall(date + "T" + at)
	if err != nil {
		return zone.Wall{}, fault.Field("time", "api.time", "write the time as 09:30")
	}
	return wall, nil
}

// changed runs a change of an appointment and plans it again, in one transaction.
func changed(c *call.Call, in any, fn func(ctx context.Context, tx *store.Tx) (calendar.Appointment, error)) (Made, error) {
	var version int64
	id, err := c.Once(in, func(ctx context.Context, tx *store.Tx) (string, error) {
		a, err := fn(ctx, tx)
		if err != nil {
			return "", err
		}
		version = a.Version
		return string(a.ID), plan.Refresh(ctx, tx, a.ID)
	})
	return made(c, "appointments", id, version, err)
}

// of is changed for an appointment that is there and seen.
func of(c *call.Call, in any, fn func(ctx context.Context, tx *store.Tx, id calendar.ID) (calendar.Appointment, error)) (Made, error) {
	return changed(c, in, func(ctx context.Context, tx *store.Tx) (calendar.Appointment, error) {
		e, err := found(c, ctx, tx)
		if err != nil {
			return calendar.Appointment{}, err
		}
		return fn(ctx, tx, e.ID)
	})
}

// Moving is what is to change of when, where, how or with whom: what is not there stays.
type Moving struct {
	Date         string `json:"date,omitempty" doc:"With the time, by the location's clock: 2026-12-01."`
	Time         string `json:"time,omitempty" doc:"With the date: 09:30."`
	Turn         string `json:"turn,omitempty" enum:",first,second"`
	Practitioner string `json:"practitioner,omitempty"`
	Service      string `json:"service,omitempty"`
	Location     string `json:"location,omitempty"`
	Mode         string `json:"mode,omitempty" enum:",in person,video,phone,home"`
	Minutes      int    `json:"minutes,omitempty"`
}

// Move moves.
func Move(c *call.Call, in Moving) (Made, error) {
	r := calendar.MoveRequest{Version: c.Version(), Turn: calendar.Turn(in.Turn), Practitioner: practice.PractitionerID(in.Practitioner), Service: practice.ServiceID(in.Service),
		Location: practice.LocationID(in.Location), Mode: practice.Mode(in.Mode), Minutes: in.Minutes}
	if in.Date != "" || in.Time != "" {
		var err error
		if r.Wall, err = wallOf(in.Date, in.Time); err != nil {
			return Made{}, err
		}
	}
	return of(c, in, func(ctx context.Context, tx *store.Tx, id calendar.ID) (calendar.Appointment, error) {
		r.ID = id
		return calendar.Move(ctx, tx, r)
	})
}

// Cancelling is who cancels and why.
type Cancelling struct {
	By     string `json:"by" enum:"client,practice"`
	Reason string `json:"reason,omitempty" enum:",better,worse,sick,away,work,family,transport,weather,cost,practitioner away,double,moved elsewhere,died,other"`
}

// Cancel cancels.
func Cancel(c *call.Call, in Cancelling) (Made, error) {
	return of(c, in, func(ctx context.Context, tx *store.Tx, id calendar.ID) (calendar.Appointment, error) {
		return calendar.Cancel(ctx, tx, calendar.CancelRequest{ID: id, Version: c.Version(), By: calendar.By(in.By), Reason: in.Reason})
	})
}

// Confirming is who will come.
type Confirming struct {
	Attendee string `json:"attendee,omitempty" doc:"Not there: all of the appointment."`
}

// Confirm confirms.
func Confirm(c *call.Call, in Confirming) (Made, error) {
	return of(c, in, func(ctx context.Context, tx *store.Tx, id calendar.ID) (calendar.Appointment, error) {
		return calendar.Confirm(ctx, tx, calendar.Mark{ID: id, Attendee: calendar.AttendeeID(in.Attendee), Version: c.Version()})
	})
}
