package letter

import (
	"context"
	"strings"
	"time"
	"unicode"

	"letterhead/calendar"
	"letterhead/client"
	"letterhead/message"
	"letterhead/plan"
	"letterhead/store"
)

// A text message that says yes and nothing else confirms the one appointment that it can be about; one that says no asks the practice. Everything else
// waits for a person, and so does a yes from a number that was told of two people's appointments: nobody on a family's phone is guessed.

// wish is what a short answer says, as a whole: "yes, but later?" is none.
type wish int

const (
	unclear wish = iota
	comes
	stays
)

var wishes = map[string]wish{
	"y": comes, "yes": comes, "yes please": comes, "yes thanks": comes, "yes thank you": comes, "yes confirmed": comes, "confirm": comes, "confirmed": comes, "i confirm": comes, "i will be there": comes,
	"n": stays, "no": stays, "no sorry": stays, "cancel": stays, "cancel please": stays, "please cancel": stays, "cant come": stays, "can t come": stays, "cannot come": stays, "i can t come": stays,
}

func wishOf(text string) wish {
	if len(text) > 100 {
		return unclear
	}
	return wishes[strings.Join(strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }), " ")]
}

const (
	family = 60 * 24 * time.Hour // two people told of by one number within this time make it a family's
	fresh  = 72 * time.Hour      // what was told within this time is what a short answer is about
)

// Confirmed is in an answer's SeenBy when nobody had to deal with it.
const Confirmed = "confirmed"

// reply does what a short answer asks for, and says whether nobody has to look at it.
func reply(ctx context.Context, tx *store.Tx, index, text string) (dealt bool, err error) {
	what := wishOf(text)
	if what == unclear {
		return false, nil
	}
	told, err := message.Told(ctx, tx, index, tx.Now.Add(-family))
	if err != nil {
		return false, err
	}
	about, err := only(ctx, tx, told)
	if err != nil || about.ID == "" {
		return false, err
	}
	do := calendar.Confirm
	if what == stays {
		do = calendar.Query
	}
	if _, err := do(ctx, tx, about); err != nil {
		return false, err
	}
	return what == comes, plan.Refresh(ctx, tx, about.ID)
}

// only is the one place in the one appointment that an answer to these messages can be about; an empty Mark when there is none, or more than one.
func only(ctx context.Context, tx *store.Tx, told []message.Message) (calendar.Mark, error) {
	var none calendar.Mark
	var latest []message.Message
	seen := map[string]bool{}
	for _, m := range told {
		if m.Client != told[0].Client {
			return none, nil
		}
		if m.CreatedAt.After(tx.Now.Add(-fresh)) && !seen[m.Attendee] {
			seen[m.Attendee] = true
			latest = append(latest, m)
		}
	}
	var found calendar.Mark
	for _, m := range latest {
		a, err := calendar.Find(ctx, tx, calendar.ID(m.Appointment))
		if err != nil {
			return none, err
		}
		switch {
		case a.Booking != calendar.Booked || !tx.Now.Before(a.Starts):
			continue
		case a.Generation != m.Generation || found.ID != "" || !attends(a, m):
			return none, nil // told of another time, or of two appointments
		}
		found = calendar.Mark{ID: a.ID, Attendee: calendar.AttendeeID(m.Attendee)}
	}
	return found, nil
}

func attends(a calendar.Appointment, m message.Message) bool {
	for _, t := range a.Attendees {
		if string(t.ID) == m.Attendee && t.Client == client.ID(m.Client) {
			return true
		}
	}
	return false
}
