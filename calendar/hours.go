package calendar

import (
	"context"
	"time"

	"letterhead/calendar/open"
	"letterhead/calendar/room"
	"letterhead/fault"
	"letterhead/store"
	"letterhead/zone"
)

// ErrOutside asks about a time at which the practitioner does not work there, or that is blocked: staff may book it all the same (AnyHours).
var ErrOutside = &fault.Error{Kind: fault.Conflict, Key: "calendar.outside", Field: "time", Say: "this time is outside the practitioner's hours"}

// ErrRoom is a room that is taken: nothing puts two appointments into one room.
var ErrRoom = &fault.Error{Kind: fault.Conflict, Key: "calendar.room", Field: "room", Say: "this room is taken at that time; choose another"}

// OutOfHours is the cause within an ErrOutside.
type OutOfHours struct {
	open.Answer
	Next time.Time // the next time within hours that is free for as long; zero when none was found
	Zone string
}

// Error says it for the log.
func (o OutOfHours) Error() string { return string(o.Reason) }

// within returns ErrOutside for a time at which nobody is to be booked.
func within(ctx context.Context, tx *store.Tx, a Appointment) error {
	l, err := zone.Load(a.Zone)
	if err != nil {
		return err
	}
	until := zone.WallOf(a.Ends.In(l))
	schedule, err := open.Load(ctx, tx, a.Practitioner, a.Wall.Date, until.Date.Add(int(lookAhead/(24*time.Hour))))
	if err != nil {
		return err
	}
	answer := schedule.Of(a.Practitioner, a.Location, a.Wall, until)
	if answer.Reason == open.Fits {
		return nil
	}
	next, err := nextWithin(ctx, tx, schedule, a, l)
	if err != nil {
		return err
	}
	say := "%s on %s is outside the hours of this practitioner at this location"
	switch answer.Reason {
	case open.Blocked:
		say = "%s on %s is blocked"
	case open.Closed:
		say = "%s on %s is on a holiday"
	}
	return ErrOutside.Saying(say, clock(a.Wall), a.Wall.Date).With(OutOfHours{answer, next, a.Zone})
}

// nextWithin looks for a time within hours that nobody has: from one free time of the calendar to the next of the hours.
func nextWithin(ctx context.Context, tx *store.Tx, s open.Schedule, a Appointment, l *time.Location) (time.Time, error) {
	at := a.Starts
	for range 60 {
		wall, found := s.Next(a.Practitioner, a.Location, zone.WallOf(at.In(l)), a.Minutes)
		if !found {
			return time.Time{}, nil
		}
		if in := zone.At(wall, l); in.After(at) {
			at = in
		}
		next, _, err := free(ctx, tx, a.Practitioner, a.ID, at, a.Minutes)
		if err != nil || next.Equal(at) || next.IsZero() {
			return next, err
		}
		at = next
	}
	return time.Time{}, nil
}

const roomQuery = `SELECT count(*) FROM appointment a WHERE a.practice = $1 AND a.room = $2 AND a.room <> '' AND a.starts > $3 AND a.starts < $4 AND a.ends > $5 AND a.booking = 'booked' AND a.id <> $6`

// NoRoom in a MoveRequest takes the room away.
const NoRoom room.ID = "-"

// roomed returns a with the room that is wanted, if it is free and where the appointment is.
func roomed(ctx context.Context, tx *store.Tx, a Appointment, wanted room.ID) (Appointment, error) {
	if wanted == NoRoom {
		a.Room = ""
		return a, nil
	}
	was := a.Room
	if a.Room = either(wanted, a.Room); a.Room == "" {
		return a, nil
	}
	r, err := room.Find(ctx, tx, a.Room)
	if err != nil {
		return a, err
	}
	switch {
	case r.Location != a.Location && wanted == "": // it stays behind when the appointment goes to another location
		a.Room = ""
		return a, nil
	case r.Location != a.Location:
		return a, fault.Field("room", "calendar.room_elsewhere", "this room is at another location; choose one of this location")
	case r.Archived && a.Room != was:
		return a, fault.Field("room", "calendar.archived", "this room is archived; choose another")
	}
	return a, roomFree(ctx, tx, a)
}

func roomFree(ctx context.Context, tx *store.Tx, a Appointment) error {
	if a.Room == "" {
		return nil
	}
	var n int
	err := tx.Row(ctx, roomQuery, a.Room, store.Micro(a.Starts.Add(-longest)), store.Micro(a.Ends), store.Micro(a.Starts), a.ID).Scan(&n)
	if err == nil && n > 0 {
		err = ErrRoom
	}
	return err
}

// Fresh says whether a booking can be taken back as if it had never been: nothing else was done to it, and its confirmation still waits.
func Fresh(a Appointment, now time.Time) bool {
	return a.Version == 1 && a.Booking == Booked && !a.BookedAt.IsZero() && now.Sub(a.BookedAt) <= UndoDelay
}
