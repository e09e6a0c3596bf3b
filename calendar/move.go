package calendar

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"letterhead/calendar/room"
	"letterhead/fault"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/zone"
)

// Move changes when, where, how or with whom. It begins another generation and forgets what was confirmed, for that was about the old time; the
// attendee rows stay the same ones. Moving to where it is already changes nothing.
func Move(ctx context.Context, tx *store.Tx, r MoveRequest) (Appointment, error) {
	old, err := asRead(ctx, tx, r.ID, r.Version)
	if err != nil {
		return Appointment{}, err
	}
	if err := untouched(old); err != nil {
		return Appointment{}, err
	}
	a, err := placed(ctx, tx, old, r)
	if err != nil {
		return Appointment{}, err
	}
	if sameSlot(a, old) {
		return inRoom(ctx, tx, old, r.Room)
	}
	if a, err = fitted(ctx, tx, a, r.Overbook, r.AnyHours); err != nil {
		return Appointment{}, err
	}
	if a, err = roomed(ctx, tx, a, r.Room); err != nil {
		return Appointment{}, err
	}
	a.LastGeneration++
	a.Generation, a.MovedAt = a.LastGeneration, tx.Now
	a.Attendees = unanswered(old.Attendees)
	if err := writeAttendees(ctx, tx, a.Attendees); err != nil {
		return Appointment{}, err
	}
	return write(ctx, tx, a, remember(old))
}

// inRoom puts an appointment that stays where it is into another room: nobody is told, and what was confirmed still counts.
func inRoom(ctx context.Context, tx *store.Tx, old Appointment, wanted room.ID) (Appointment, error) {
	a, err := roomed(ctx, tx, old, wanted)
	if err != nil || a.Room == old.Room {
		return old, err
	}
	return write(ctx, tx, a, nil)
}

// untouched refuses what is not booked, or what somebody has come to already.
func untouched(a Appointment) error {
	if a.Booking != Booked {
		return ErrNotBooked
	}
	for _, t := range a.Attendees {
		if t.Attendance != Expected {
			return ErrStarted
		}
	}
	return nil
}

func sameSlot(a, b Appointment) bool {
	return a.Practitioner == b.Practitioner && a.Service == b.Service && a.Location == b.Location && a.Mode == b.Mode &&
		a.Wall == b.Wall && a.Zone == b.Zone && a.Starts.Equal(b.Starts) && a.Minutes == b.Minutes
}

func unanswered(people []Attendee) []Attendee {
	people = slices.Clone(people)
	for i := range people {
		people[i].Confirmation, people[i].ConfirmedAt, people[i].AnsweredBy = NotAsked, time.Time{}, ""
	}
	return people
}

// Cancel ends a booking. Late is computed: a cancellation by the client less than LateCancel before the start.
func Cancel(ctx context.Context, tx *store.Tx, r CancelRequest) (Appointment, error) {
	if r.By != ByClient && r.By != ByPractice && r.By != BySystem {
		return Appointment{}, fault.Field("by", "calendar.by", "say who cancelled: client, practice or system")
	}
	if !slices.Contains(Reasons[:], r.Reason) {
		return Appointment{}, fault.Field("reason", "calendar.reason", "choose one of the listed reasons, or none")
	}
	old, err := asRead(ctx, tx, r.ID, r.Version)
	if err != nil {
		return Appointment{}, err
	}
	if err := untouched(old); err != nil {
		return Appointment{}, err
	}
	a := old
	a.Booking, a.CancelledAt, a.CancelledBy, a.CancelReason = Cancelled, tx.Now, r.By, r.Reason
	a.CancelLate = r.By == ByClient && a.Starts.Sub(tx.Now) < LateCancel
	return write(ctx, tx, a, remember(old))
}

// Uncancel books a cancelled appointment again, at the same time if it is still free. Within UndoDelay it is as if it had never been cancelled;
// later the client may have been told, so that another generation begins and nothing counts as confirmed.
func Uncancel(ctx context.Context, tx *store.Tx, id ID, version int64, overbook bool) (Appointment, error) {
	a, err := asRead(ctx, tx, id, version)
	switch {
	case err != nil:
		return Appointment{}, err
	case a.Booking == Booked:
		return Appointment{}, ErrBooked
	case a.Booking != Cancelled:
		return Appointment{}, ErrNotBooked
	}
	undoable := a.Undoable
	wasOverbooked, by := a.Overbooked, a.OverbookedBy
	if a, err = fitted(ctx, tx, a, overbook || wasOverbooked, true); err != nil {
		return Appointment{}, err
	}
	if err := roomFree(ctx, tx, a); err != nil {
		return Appointment{}, err
	}
	if a.Overbooked && wasOverbooked {
		a.OverbookedBy = by
	}
	a.Booking, a.CancelledAt, a.CancelledBy, a.CancelReason, a.CancelLate = Booked, time.Time{}, "", "", false
	if !undoable {
		a.LastGeneration++
		a.Generation, a.MovedAt = a.LastGeneration, tx.Now
		a.Attendees = unanswered(a.Attendees)
		if err := writeAttendees(ctx, tx, a.Attendees); err != nil {
			return Appointment{}, err
		}
	}
	return write(ctx, tx, a, nil)
}

// before is what undoing a move or a cancellation needs to know of the appointment as it was.
type before struct {
	Booking      Booking                 `json:"booking"`
	Practitioner practice.PractitionerID `json:"practitioner"`
	Service      practice.ServiceID      `json:"service"`
	Location     practice.LocationID     `json:"location"`
	Room         room.ID                 `json:"room"`
	Mode         practice.Mode           `json:"mode"`
	Wall         string                  `json:"wall"`
	Zone         string                  `json:"zone"`
	Starts       int64                   `json:"starts"`
	Minutes      int                     `json:"minutes"`
	Overbooked   bool                    `json:"overbooked"`
	OverbookedBy string                  `json:"overbooked_by"`
	Generation   int64                   `json:"generation"`
	MovedAt      int64                   `json:"moved_at"`
	Answers      []answer                `json:"answers"`
}

type answer struct {
	Attendee     AttendeeID   `json:"attendee"`
	Confirmation Confirmation `json:"confirmation"`
	ConfirmedAt  int64        `json:"confirmed_at"`
	By           string       `json:"by"`
}

func remember(a Appointment) *before {
	b := &before{
		Booking: a.Booking, Practitioner: a.Practitioner, Service: a.Service, Location: a.Location, Room: a.Room, Mode: a.Mode, Wall: a.Wall.String(), Zone: a.Zone,
		Starts: store.Micro(a.Starts), Minutes: a.Minutes, Overbooked: a.Overbooked, OverbookedBy: a.OverbookedBy,
		Generation: a.Generation, MovedAt: store.Micro(a.MovedAt),
	}
	for _, t := range a.Attendees {
		b.Answers = append(b.Answers, answer{t.ID, t.Confirmation, store.Micro(t.ConfirmedAt), t.AnsweredBy})
	}
	return b
}

// Undo takes the last move or cancellation back within UndoDelay, as if it had never been: the old generation counts again, and what was
// confirmed. Any other change in between ends the chance. The old time must still be free.
func Undo(ctx context.Context, tx *store.Tx, id ID, version int64) (Appointment, error) {
	a, err := asRead(ctx, tx, id, version)
	if err != nil {
		return Appointment{}, err
	}
	if !a.Undoable {
		return Appointment{}, ErrNoUndo
	}
	b, err := recall(ctx, tx, id)
	if err != nil {
		return Appointment{}, err
	}
	wall, err := zone.ParseWall(b.Wall)
	if err != nil {
		return Appointment{}, fmt.Errorf("appointment %s: what undo needs: %w", id, err)
	}
	a.Booking, a.Practitioner, a.Service, a.Location, a.Room, a.Mode = b.Booking, b.Practitioner, b.Service, b.Location, b.Room, b.Mode
	a.Wall, a.Zone, a.Starts, a.Minutes = wall, b.Zone, store.Instant(b.Starts), b.Minutes
	a.Ends = a.Starts.Add(time.Duration(b.Minutes) * time.Minute)
	a.CancelledAt, a.CancelledBy, a.CancelReason, a.CancelLate = time.Time{}, "", "", false
	if a, err = fitted(ctx, tx, a, b.Overbooked, true); err != nil {
		return Appointment{}, err
	}
	if err := roomFree(ctx, tx, a); err != nil {
		return Appointment{}, err
	}
	a.Overbooked, a.OverbookedBy, a.Generation, a.MovedAt = b.Overbooked, b.OverbookedBy, b.Generation, store.Instant(b.MovedAt)
	for i := range a.Attendees {
		for _, was := range b.Answers {
			if was.Attendee == a.Attendees[i].ID {
				a.Attendees[i].Confirmation, a.Attendees[i].ConfirmedAt, a.Attendees[i].AnsweredBy = was.Confirmation, store.Instant(was.ConfirmedAt), was.By
			}
		}
	}
	if err := writeAttendees(ctx, tx, a.Attendees); err != nil {
		return Appointment{}, err
	}
	return write(ctx, tx, a, nil)
}

func recall(ctx context.Context, tx *store.Tx, id ID) (before, error) {
	var text string
	var b before
	if err := tx.Row(ctx, `SELECT undo FROM appointment WHERE practice = $1 AND id = $2`, id).Scan(&text); err != nil {
		return b, err
	}
	if err := json.Unmarshal([]byte(text), &b); err != nil {
		return b, fmt.Errorf("appointment %s: what undo needs: %w", id, err)
	}
	return b, nil
}
