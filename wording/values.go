package wording

import "time"

// Mode is how an appointment is held.
type Mode uint8

const (
	NoMode Mode = iota
	ModeInPerson
	ModeTelehealth
	ModePhone
	ModeHomeVisit
)

// Wall is a time as a clock on the location's wall shows it. Which instant that is, is the calendar's matter.
type Wall struct {
	Year, Month, Day, Hour, Minute int
}

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
	Recipient    Person
	Attendee     Person // empty when it is the recipient
	ForOther     bool   // the attendee is not the recipient
	Start, End   Wall   // zero when the message is about no appointment
	Minutes      int
	Zone         string // IANA name of the location's zone
	ZoneDiffers  bool   // the recipient lives by another clock
	Mode         Mode
	Service      string
	Practitioner string
	FirstVisit   bool
	Confirmed    bool
	Location     Place
	Unsubscribe  string // https address on one of the version's hosts
}

func (w Wall) zero() bool { return w == Wall{} }

// valid tells whether the day exists; 24:00 and leap seconds do not.
func (w Wall) valid() bool {
	if w.Year < 1900 || w.Year > 2199 || w.Month < 1 || w.Month > 12 || w.Day < 1 || w.Day > 31 ||
		w.Hour < 0 || w.Hour > 23 || w.Minute < 0 || w.Minute > 59 {
		return false
	}
	return w.Day <= 28 || time.Date(w.Year, time.Month(w.Month), w.Day, 0, 0, 0, 0, time.UTC).Day() == w.Day
}

// weekday counts from Sunday. (Sakamoto's method, Gregorian calendar.)
func (w Wall) weekday() int {
	offsets := [...]int{0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4}
	y := w.Year
	if w.Month < 3 {
		y--
	}
	return (y + y/4 - y/100 + y/400 + offsets[w.Month-1] + w.Day) % 7
}

// facts are the conditions that hold for v.
func (v *Values) facts() facts {
	pick := func(cond bool, yes, no facts) facts {
		if cond {
			return yes
		}
		return no
	}
	f := pick(v.ForOther, factForOther, factForSelf)
	if !v.Start.zero() {
		f |= pick(v.FirstVisit, factFirstVisit, factReturning) |
			pick(v.Confirmed, factConfirmed, factUnconfirmed) |
			pick(v.ZoneDiffers, factZoneDiffers, factSameZone)
	}
	switch v.Mode {
	case ModeInPerson:
		f |= factInPerson
	case ModeTelehealth:
		f |= factTelehealth
	case ModePhone:
		f |= factByPhone
	case ModeHomeVisit:
		f |= factHomeVisit
	case NoMode:
	}
	return f
}
