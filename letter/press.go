package letter

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"letterhead/calendar"
	"letterhead/courier/token"
	"letterhead/message"
	"letterhead/plan"
	"letterhead/store"
	"letterhead/zone"
)

// A link of a mail says one thing for one place in one appointment, at the time that the mail told: its recipient comes, or asks to cancel. Asking cancels
// nothing; it waits for a person as a text message does. Whoever has the mail may press it, and learns nothing by it but the day, which the mail says.

// Finding is what a link finds.
type Finding string

// The findings. Only an open link changes something.
const (
	Gone      Finding = "gone"      // the message, or the place in the appointment, is not there any more
	Open      Finding = "open"      // it may be pressed
	Past      Finding = "past"      // what it was about has begun
	Moved     Finding = "moved"     // it is about another time of the appointment
	Ended     Finding = "cancelled" // the appointment is cancelled
	Comes     Finding = "confirmed" // they had said so
	AskedOnce Finding = "asked"     // they had asked, and it waits for somebody
)

// Pressed is a link of a mail, as it finds the appointment.
type Pressed struct {
	Finding
	Day zone.Date // that the mail told, on the appointment's own wall
	on  calendar.Mark
	of  message.Message
}

// Look tells what a link finds and changes nothing. The link's token was verified.
func Look(ctx context.Context, tx *store.Tx, a token.Answer) (Pressed, error) {
	m, err := message.Find(ctx, tx, a.Message)
	if errors.Is(err, message.ErrNone) || err == nil && (m.Attendee != a.Attendee || m.Generation != a.Generation) {
		return Pressed{Finding: Gone}, nil
	}
	if err != nil {
		return Pressed{}, err
	}
	all, err := calendar.FindAll(ctx, tx, []calendar.ID{calendar.ID(m.Appointment)})
	if err != nil {
		return Pressed{}, err
	}
	of := all[calendar.ID(m.Appointment)]
	i := slices.IndexFunc(of.Attendees, func(t calendar.Attendee) bool { return string(t.ID) == a.Attendee })
	if i < 0 {
		return Pressed{Finding: Gone}, nil
	}
	home, err := zone.Load(of.Zone)
	if err != nil {
		return Pressed{}, err
	}
	p := Pressed{Finding: Open, Day: zone.DateOf(a.Until.In(home)), on: calendar.Mark{ID: of.ID, Attendee: of.Attendees[i].ID}, of: m}
	switch {
	case !tx.Now.Before(a.Until):
		p.Finding = Past
	case of.Booking != calendar.Booked:
		p.Finding = Ended
	case of.Generation != a.Generation:
		p.Finding = Moved
	case a.Wish == token.Confirm && of.Attendees[i].Confirmation == calendar.Confirmed:
		p.Finding = Comes
	case a.Wish == token.Decline && of.Attendees[i].Confirmation == calendar.CheckReply:
		waiting, err := asks(ctx, tx, p.on)
		if err != nil {
			return Pressed{}, err
		}
		if len(waiting) > 0 {
			p.Finding = AskedOnce
		}
	}
	return p, nil
}

// Press does what a link says, where it is open, and returns what it found before. Pressing again changes nothing.
func Press(ctx context.Context, tx *store.Tx, a token.Answer) (Pressed, error) {
	p, err := Look(ctx, tx, a)
	if err != nil || p.Finding != Open {
		return p, err
	}
	if a.Wish == token.Confirm {
		err = confirm(ctx, tx, p)
	} else {
		err = ask(ctx, tx, p)
	}
	if err != nil {
		return Pressed{}, err
	}
	return p, plan.Refresh(ctx, tx, p.on.ID)
}

// confirm notes that they come; what they asked before by a link is taken back.
func confirm(ctx context.Context, tx *store.Tx, p Pressed) error {
	if _, err := calendar.Confirm(ctx, tx, p.on); err != nil {
		return err
	}
	waiting, err := asks(ctx, tx, p.on)
	if err != nil {
		return err
	}
	for _, id := range waiting {
		if _, err := tx.Exec(ctx, `UPDATE answer SET seen_at = $3, seen_by = $4 WHERE practice = $1 AND id = $2`, string(id), store.Micro(tx.Now), Confirmed); err != nil {
			return err
		}
	}
	return message.Learn(ctx, tx, p.of.ID, message.Replied, message.ReasonConfirmed, "")
}

// ask puts the wish among what waits for somebody.
func ask(ctx context.Context, tx *store.Tx, p Pressed) error {
	if _, err := calendar.Query(ctx, tx, p.on); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `INSERT INTO answer (practice, id, message, client, address_index, sealed, at, seen_at, seen_by, appointment, attendee)
		VALUES ($1, $2, $3, $4, '', $5, $6, 0, '', $7, $8)`,
		store.NewID[AnswerID](), p.of.ID, p.of.Client, []byte{}, store.Micro(tx.Now), p.on.ID, p.on.Attendee); err != nil {
		return fmt.Errorf("keep what a link asks: %w", err)
	}
	return message.Learn(ctx, tx, p.of.ID, message.Replied, message.ReasonAsked, "")
}

// asks are what was asked by links for one place in an appointment, and waits.
func asks(ctx context.Context, tx *store.Tx, of calendar.Mark) ([]AnswerID, error) {
	rows, err := tx.Query(ctx, `SELECT id FROM answer WHERE practice = $1 AND seen_at = 0 AND appointment = $2 AND attendee = $3`, of.ID, of.Attendee)
	return store.Collect(rows, err, func(r *store.Rows) (id AnswerID, err error) { return id, r.Scan(&id) })
}
