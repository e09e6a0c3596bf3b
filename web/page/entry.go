package page

import (
	"fmt"

	"letterhead/calendar"
	"letterhead/client"
	"letterhead/web/ui"
	"letterhead/web/ui/text"
	"letterhead/zone"
)

// State is an appointment's state in a word, with its colour.
type State struct {
	Kind ui.Kind
	Key  string
}

// StateOf puts the four questions about an appointment into the one word that a list shows: the strongest of them.
func StateOf(e calendar.Entry) State {
	switch e.Booking {
	case calendar.Cancelled:
		return State{ui.Plain, "state.cancelled"}
	case calendar.Rescheduled:
		return State{ui.Plain, "state.rescheduled"}
	case calendar.EnteredInError:
		return State{ui.Plain, "state.in-error"}
	}
	all := func(fits func(calendar.Attendee) bool) bool {
		for _, p := range e.People {
			if !fits(p.Attendee) {
				return false
			}
		}
		return len(e.People) > 0
	}
	for _, c := range []struct {
		attendance calendar.Attendance
		state      State
	}{{calendar.NoShow, State{ui.Bad, "state.no-show"}}, {calendar.Attended, State{ui.Good, "state.attended"}}, {calendar.Left, State{ui.Plain, "state.left"}},
		{calendar.InSession, State{ui.Good, "state.in-session"}}, {calendar.Arrived, State{ui.Good, "state.arrived"}}} {
		if all(func(a calendar.Attendee) bool { return a.Attendance == c.attendance }) {
			return c.state
		}
	}
	if all(func(a calendar.Attendee) bool { return a.Confirmation == calendar.Confirmed }) {
		return State{ui.Good, "state.confirmed"}
	}
	if all(func(a calendar.Attendee) bool { return a.Confirmation == calendar.Declined }) {
		return State{ui.Bad, "state.declined"}
	}
	for _, p := range e.People {
		if p.Confirmation == calendar.CheckReply {
			return State{ui.Bad, "state.check-reply"}
		}
	}
	return State{ui.Wait, "state.unconfirmed"}
}

// hidden stands for somebody whom the visitor does not see.
const hidden = "···"

// Name is how an attendee is listed.
func Name(p calendar.Person) string {
	if p.Hidden {
		return hidden
	}
	return client.FullName(p.FirstName, p.LastName, p.PreferredName)
}

// Names is who an appointment is for: the one name, or the first and how many more.
func Names(t *text.Catalogue, e calendar.Entry) string {
	switch len(e.People) {
	case 0:
		return t.Say("people.none")
	case 1:
		if e.Hidden {
			return t.Say("people.hidden")
		}
		return Name(e.People[0])
	}
	return t.Say("people.more", Name(e.People[0]), len(e.People)-1)
}

// Attendees are the names of an appointment's attendees by the attendee's id.
func Attendees(e calendar.Entry) map[string]string {
	names := make(map[string]string, len(e.People))
	for _, p := range e.People {
		names[string(p.ID)] = Name(p)
	}
	return names
}

// Clock writes a wall time as 9:05.
func Clock(w zone.Wall) string { return fmt.Sprintf("%d:%02d", w.Minute/60, w.Minute%60) }

// InputClock writes a wall time as a time field wants it: 09:05.
func InputClock(w zone.Wall) string { return fmt.Sprintf("%02d:%02d", w.Minute/60, w.Minute%60) }
