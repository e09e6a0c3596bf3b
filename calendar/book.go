package calendar

import (
	"context"
	"slices"
	"time"

	"letterhead/client"
	"letterhead/fault"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/zone"
)

// Book writes a new appointment. A time in the past is taken: practices record what has been. A time at which the practitioner is booked is
// ErrTaken, unless Overbook; then it is recorded as overbooked, with the actor.
func Book(ctx context.Context, tx *store.Tx, r BookRequest) (Appointment, error) {
	clients, err := bookable(ctx, tx, r.Clients)
	if err != nil {
		return Appointment{}, err
	}
	a := Appointment{
		ID: store.NewID[ID](), Booking: Booked, Generation: 1, LastGeneration: 1, Version: 1,
		BookedAt: tx.Now, BookedBy: tx.Actor.Who(), CreatedAt: tx.Now, ChangedAt: tx.Now, ChangedBy: tx.Actor.Who(), Series: r.series,
	}
	a, err = placed(ctx, tx, a, MoveRequest{
		Wall: r.Wall, Turn: r.Turn, Practitioner: r.Practitioner, Service: r.Service, Location: r.Location, Mode: r.Mode, Minutes: r.Minutes,
	})
	if err != nil {
		return Appointment{}, err
	}
	if a, err = fitted(ctx, tx, a, r.Overbook, r.AnyHours); err != nil {
		return Appointment{}, err
	}
	if a, err = roomed(ctx, tx, a, r.Room); err != nil {
		return Appointment{}, err
	}
	for _, id := range clients {
		a.Attendees = append(a.Attendees, Attendee{
			ID: store.NewID[AttendeeID](), Appointment: a.ID, Client: id, Confirmation: NotAsked, Attendance: Expected,
		})
	}
	return a, insert(ctx, tx, a)
}

// bookable checks who is to come: clients of this practice, not archived, each once.
func bookable(ctx context.Context, tx *store.Tx, ids []client.ID) ([]client.ID, error) {
	if len(ids) == 0 {
		return nil, fault.Field("client", "calendar.no_clients", "choose who the appointment is for")
	}
	if len(ids) > MaxAttendees {
		return nil, fault.Field("client", "calendar.too_many_clients", "an appointment can be for at most %d clients", MaxAttendees)
	}
	reached, err := client.Reached(ctx, tx, ids)
	if err != nil {
		return nil, err
	}
	hidden, err := client.Hidden(ctx, tx, ids)
	if err != nil {
		return nil, err
	}
	var out []client.ID
	for _, id := range ids {
		switch c, ok := reached[id]; {
		case !ok, hidden[id]:
			return nil, ErrNoClient
		case c.Archived:
			return nil, client.ErrArchived
		case !slices.Contains(out, id):
			out = append(out, id)
		}
	}
	return out, nil
}

// placed returns a with the wanted changes and the instants that they mean. Whatever is newly chosen must be in use.
func placed(ctx context.Context, tx *store.Tx, a Appointment, r MoveRequest) (Appointment, error) {
	person, err := practice.FindPractitioner(ctx, tx, either(r.Practitioner, a.Practitioner))
	if err != nil {
		return a, err
	}
	if !person.ArchivedAt.IsZero() && person.ID != a.Practitioner {
		return a, fault.Field("practitioner", "calendar.archived", "this practitioner is archived; choose another")
	}
	service, err := practice.FindService(ctx, tx, either(r.Service, a.Service))
	if err != nil {
		return a, err
	}
	if !service.ArchivedAt.IsZero() && service.ID != a.Service {
		return a, fault.Field("service", "calendar.archived", "this service is archived; choose another")
	}
	location, err := practice.FindLocation(ctx, tx, either(r.Location, a.Location))
	if err != nil {
		return a, err
	}
	if !location.ArchivedAt.IsZero() && location.ID != a.Location {
		return a, fault.Field("location", "calendar.archived", "this location is archived; choose another")
	}
	was, newService := a, service.ID != a.Service // what is not said then comes from the service
	newPerson := person.ID != a.Practitioner
	if (newPerson || newService) && !person.Does(service.ID) {
		return a, fault.Field("service", "calendar.not_done", "this practitioner does not do this service; choose another of the two")
	}
	if (newPerson || location.ID != a.Location) && !person.WorksAt(location.ID) {
		return a, fault.Field("location", "calendar.not_there", "this practitioner does not work at this location; choose another of the two")
	}
	a.Practitioner, a.Service, a.Location, a.Zone = person.ID, service.ID, location.ID, location.Zone
	if a.Mode = either(r.Mode, a.Mode); a.Mode == "" || newService && r.Mode == "" {
		a.Mode = either(location.Mode, service.Mode)
	}
	if !a.Mode.Valid() {
		return a, fault.Field("mode", "calendar.mode", "choose in person, video, phone or home")
	}
	if a.Minutes = either(r.Minutes, a.Minutes); a.Minutes == 0 || newService && r.Minutes == 0 {
		a.Minutes = service.Minutes
	}
	if a.Minutes < 1 || a.Minutes > MaxMinutes {
		return a, fault.Field("minutes", "calendar.minutes", "an appointment takes 1 to %d minutes", MaxMinutes)
	}
	if a.Wall = either(r.Wall, a.Wall); a.Wall == was.Wall && a.Zone == was.Zone && r.Turn == "" && !a.Starts.IsZero() {
		r.Turn = a.Turn()
	}
	a.Starts, err = instant(a.Wall, a.Zone, r.Turn, tx.Now)
	a.Ends = a.Starts.Add(time.Duration(a.Minutes) * time.Minute)
	return a, err
}

func either[T comparable](wanted, is T) T {
	var zero T
	if wanted != zero {
		return wanted
	}
	return is
}

// Turn says which of two instants the appointment has; First where there is one alone.
func (a Appointment) Turn() Turn {
	l, err := zone.Load(a.Zone)
	if err != nil {
		return First
	}
	if at := zone.Instants(a.Wall, l); len(at) == 2 && a.Starts.Equal(at[1]) {
		return Second
	}
	return First
}

// instant is what a wall time means. One that the clocks skip is refused, naming the gap; one that occurs twice, until it is said which.
func instant(w zone.Wall, zoneName string, turn Turn, now time.Time) (time.Time, error) {
	d := w.Date
	if zone.DateOf(time.Date(d.Year, d.Month, d.Day, 12, 0, 0, 0, time.UTC)) != d || w.Minute < 0 || w.Minute >= 24*60 {
		return time.Time{}, fault.Field("time", "calendar.time", "there is no such day or time; write it as 2026-12-01T10:00")
	}
	if d.Year < 1900 || d.Year > now.Year()+MaxYears {
		return time.Time{}, fault.Field("time", "calendar.far", "choose a day between 1900 and %d", now.Year()+MaxYears)
	}
	l, err := zone.Load(zoneName)
	if err != nil {
		return time.Time{}, err
	}
	at, fit, from, to := zone.Resolve(w, l)
	if fit == zone.Never {
		return time.Time{}, ErrGap.Saying("%s does not exist in %s: the clocks go from %s to %s on %s; choose a time before or after",
			clock(w), zoneName, clock(from), clock(to), w.Date)
	}
	if fit != zone.Twice {
		return at, nil
	}
	both := zone.Instants(w, l)
	switch turn {
	case First:
		return both[0], nil
	case Second:
		return both[1], nil
	}
	return time.Time{}, ErrTwice.Saying("%s occurs twice on %s in %s, because the clocks go back; choose the first (%s) or the second (%s)",
		clock(w), w.Date, zoneName, both[0].In(l).Format("15:04 MST"), both[1].In(l).Format("15:04 MST")).With(Doubled{both[0], both[1], zoneName})
}

func clock(w zone.Wall) string { return w.String()[len("2026-12-01T"):] }

// Strike marks an appointment as entered in error: it takes nobody's time and nothing is sent for it.
func Strike(ctx context.Context, tx *store.Tx, id ID, version int64) (Appointment, error) {
	a, err := asRead(ctx, tx, id, version)
	if err != nil || a.Booking == EnteredInError {
		return a, err
	}
	a.Booking = EnteredInError
	return write(ctx, tx, a, nil)
}
