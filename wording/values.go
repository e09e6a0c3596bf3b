package wording

import (
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

// facts are the conditions that hold for v.
func (v *Values) facts() facts {
	pick := func(cond bool, yes, no facts) facts {
		if cond {
			return yes
		}
		return no
	}
	f := pick(v.ForOther, factForOther, factForSelf)
	if !v.Start.Zero() {
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
