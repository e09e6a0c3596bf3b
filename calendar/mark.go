package calendar

import (
	"context"
	"slices"
	"time"

	"letterhead/fault"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/zone"
)

// Confirm records that a client will come. Confirming twice is fine; after the end it is ErrOver.
func Confirm(ctx context.Context, tx *store.Tx, m Mark) (Appointment, error) {
	return confirmation(ctx, tx, m, Confirmed)
}

// Decline records that a client will not come. The appointment stays booked: whether to cancel or move it is for the practice to say.
func Decline(ctx context.Context, tx *store.Tx, m Mark) (Appointment, error) {
	return confirmation(ctx, tx, m, Declined)
}

// Query records that a client answered, and that somebody has to find out what was meant: they may want to cancel.
func Query(ctx context.Context, tx *store.Tx, m Mark) (Appointment, error) {
	return confirmation(ctx, tx, m, CheckReply)
}

// Unconfirm takes an answer back, whichever it was: nobody has answered. What asks only those who have not confirmed asks again.
func Unconfirm(ctx context.Context, tx *store.Tx, m Mark) (Appointment, error) {
	return confirmation(ctx, tx, m, NotAsked)
}

func confirmation(ctx context.Context, tx *store.Tx, m Mark, c Confirmation) (Appointment, error) {
	return mark(ctx, tx, m, func(a Appointment, t *Attendee) error {
		if !tx.Now.Before(a.Ends) {
			return ErrOver
		}
		if t.Confirmation == c {
			return nil
		}
		t.Confirmation, t.ConfirmedAt, t.AnsweredBy = c, time.Time{}, tx.Actor.Who()
		switch c {
		case Confirmed:
			t.ConfirmedAt = tx.Now
		case NotAsked:
			t.AnsweredBy = ""
		}
		return nil
	})
}

// Arrive records that a client has come.
func Arrive(ctx context.Context, tx *store.Tx, m Mark) (Appointment, error) {
	return Attend(ctx, tx, m, Arrived)
}

// Miss records that a client did not come.
func Miss(ctx context.Context, tx *store.Tx, m Mark) (Appointment, error) {
	return Attend(ctx, tx, m, NoShow)
}

// Attend records what became of a client's coming; Expected takes it back. Nobody is a no show before the start, and nobody arrives before the
// day.
func Attend(ctx context.Context, tx *store.Tx, m Mark, what Attendance) (Appointment, error) {
	if !slices.Contains([]Attendance{Expected, Arrived, InSession, Attended, NoShow, Left}, what) {
		return Appointment{}, fault.Field("attendance", "calendar.attendance", "choose expected, arrived, in session, attended, no show or left")
	}
	return mark(ctx, tx, m, func(a Appointment, t *Attendee) error {
		l, err := zone.Load(a.Zone)
		if err != nil {
			return err
		}
		early := zone.DateOf(tx.Now.In(l)).Before(a.Wall.Date)
		if what == NoShow && tx.Now.Before(a.Starts) || what != Expected && early {
			return ErrNotYet
		}
		t.Attendance = what
		return nil
	})
}

// mark changes attendees of a booked appointment, and nothing when nothing differs.
func mark(ctx context.Context, tx *store.Tx, m Mark, change func(Appointment, *Attendee) error) (Appointment, error) {
	a, err := Find(ctx, tx, m.ID)
	if err != nil {
		return Appointment{}, err
	}
	if m.Version != 0 && m.Version != a.Version {
		return Appointment{}, practice.Since(tx, ErrChanged, "this appointment", a.Zone, a.ChangedBy, a.ChangedAt)
	}
	if m.Attendee != "" && !slices.ContainsFunc(a.Attendees, func(t Attendee) bool { return t.ID == m.Attendee }) {
		return Appointment{}, ErrNoAttendee
	}
	if a.Booking != Booked {
		return Appointment{}, ErrNotBooked
	}
	var changed []Attendee
	for i := range a.Attendees {
		was := a.Attendees[i]
		if m.Attendee != "" && was.ID != m.Attendee {
			continue
		}
		if err := change(a, &a.Attendees[i]); err != nil {
			return Appointment{}, err
		}
		if a.Attendees[i] != was {
			changed = append(changed, a.Attendees[i])
		}
	}
	if len(changed) == 0 {
		return a, nil
	}
	if err := writeAttendees(ctx, tx, changed); err != nil {
		return Appointment{}, err
	}
	return write(ctx, tx, a, nil)
}
