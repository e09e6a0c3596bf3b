package field

import (
	"letterhead/wording/clean"
	"letterhead/wording/directory"
	"letterhead/wording/locale"
)

// Wall is a time as a clock on the location's wall shows it.
type Wall = locale.Wall

// Mode is how an appointment is held.
type Mode = locale.Mode

const (
	NoMode         = locale.NoMode
	ModeInPerson   = locale.ModeInPerson
	ModeTelehealth = locale.ModeTelehealth
	ModePhone      = locale.ModePhone
	ModeHomeVisit  = locale.ModeHomeVisit
)

// Person is a name as somebody typed it.
type Person struct {
	First, Preferred string
}

// Place is a location of the practice, from its directory.
type Place struct {
	Name, Address, Phone, Directions string
}

// Values is all that merges into one message. What is empty is not there; a value that fails its check counts as not there.
type Values struct {
	Recipient      Person
	Attendee       Person // empty when it is the recipient
	ForOther       bool   // the attendee is not the recipient
	Start, End     Wall   // zero when the message is about no appointment
	Minutes        int
	Zone           string // IANA name of the location's zone
	ZoneDiffers    bool   // the recipient lives by another clock
	Mode           Mode
	ServiceID      string `json:",omitempty"` // in the practice's signed directory, as the next two
	PractitionerID string `json:",omitempty"`
	PlaceID        string `json:",omitempty"`
	FirstVisit     bool
	Confirmed      bool
	Unsubscribe    string // the recipient's own link: https on one of the version's hosts, or a page of the portal
	Confirm        string `json:",omitempty"` // the pages of the portal where the recipient says that they come,
	Decline        string `json:",omitempty"` // or asks to cancel
	Code           string `json:",omitempty"` // by which the mail can be asked for; "": it has none

	// The same as texts of their own, for messages that are rendered without a directory.
	Service      string
	Practitioner string
	Location     Place
}

// Setting is what texts are written for.
type Setting struct {
	Locale *locale.Locale
	RTL    bool
	Book   *directory.Book // nil: the texts come with the values
}

// Append writes the text of one merged field, checked, or says why there is none. The recipient's way out and the mail's code are not among them.
func (s *Setting) Append(dst []byte, i Index, v *Values) ([]byte, clean.Reason) {
	switch i {
	case RecipientFirst:
		return appendText(dst, i, v.Recipient.First)
	case RecipientGreeting:
		return appendGreeting(dst, i, v.Recipient)
	case AttendeeFirst:
		return appendText(dst, i, attendee(v).First)
	case AttendeeGreeting:
		return appendGreeting(dst, i, attendee(v))
	case AppointmentDay, AppointmentDayShort, AppointmentDate, AppointmentWeekday, AppointmentStart, AppointmentEnd:
		return s.appendWall(dst, i, v)
	case AppointmentZone:
		if !locale.ValidZone(v.Zone) {
			return dst, shapeOrMissing(v.Zone == "")
		}
		return s.Locale.AppendZone(dst, v.Zone, s.RTL), ""
	case AppointmentDuration:
		if v.Minutes < 1 || v.Minutes > 24*60 {
			return dst, shapeOrMissing(v.Minutes == 0)
		}
		return s.Locale.AppendDuration(dst, v.Minutes), ""
	case AppointmentMode:
		mode := s.Locale.Mode(v.Mode)
		if mode == "" {
			return dst, clean.ReasonMissing
		}
		return append(dst, mode...), ""
	case AppointmentService, AppointmentPractitioner, LocationName, LocationAddress, LocationPhone, LocationDirections:
		if s.Book == nil {
			return appendText(dst, i, carried(i, v))
		}
		text, reason := Signed(s.Book, i, v)
		return append(dst, text...), reason
	}
	return dst, clean.ReasonMissing
}

// Signed is the text of a field that comes from the directory: what was signed, as it was signed.
func Signed(book *directory.Book, i Index, v *Values) (string, clean.Reason) {
	var id, text string
	var known bool
	switch i {
	case AppointmentService:
		id = v.ServiceID
		text, known = book.Service(id)
	case AppointmentPractitioner:
		id = v.PractitionerID
		text, known = book.Practitioner(id)
	case LocationName, LocationAddress, LocationPhone, LocationDirections:
		id = v.PlaceID
		var place directory.Place
		place, known = book.Place(id)
		text = [...]string{place.Name, place.Address, place.Phone, place.Directions}[i-LocationName]
	}
	switch {
	case id == "" || known && text == "":
		return "", clean.ReasonMissing
	case !known:
		return "", clean.ReasonUnsigned
	}
	return text, ""
}

// carried is the text that came with the values.
func carried(i Index, v *Values) string {
	switch i {
	case AppointmentService:
		return v.Service
	case AppointmentPractitioner:
		return v.Practitioner
	}
	return [...]string{v.Location.Name, v.Location.Address, v.Location.Phone, v.Location.Directions}[i-LocationName]
}

func shapeOrMissing(missing bool) clean.Reason {
	if missing {
		return clean.ReasonMissing
	}
	return clean.ReasonShape
}

// attendee is who the appointment is for; without one named it is the recipient.
func attendee(v *Values) Person {
	if !v.ForOther && v.Attendee == (Person{}) {
		return v.Recipient
	}
	return v.Attendee
}

func appendText(dst []byte, i Index, value string) ([]byte, clean.Reason) {
	value = clean.Tidy(value)
	if reason := clean.Check(table[i].Type, table[i].Max, value); reason != "" {
		return dst, reason
	}
	return append(dst, value...), ""
}

// appendGreeting takes the preferred name; when there is none that is fit, the first name.
func appendGreeting(dst []byte, i Index, p Person) ([]byte, clean.Reason) {
	if p.Preferred != "" {
		if out, reason := appendText(dst, i, p.Preferred); reason == "" {
			return out, ""
		}
	}
	return appendText(dst, i, p.First)
}

func (s *Setting) appendWall(dst []byte, i Index, v *Values) ([]byte, clean.Reason) {
	at := v.Start
	if i == AppointmentEnd {
		at = v.End
	}
	if !at.Valid() {
		return dst, shapeOrMissing(at.Zero())
	}
	l := s.Locale
	switch i {
	case AppointmentDay:
		return l.AppendDay(dst, at), ""
	case AppointmentDayShort:
		return l.AppendDayShort(dst, at), ""
	case AppointmentDate:
		return l.AppendDate(dst, at), ""
	case AppointmentWeekday:
		return append(dst, l.Weekday(at)...), ""
	}
	return l.AppendTime(dst, at), ""
}
