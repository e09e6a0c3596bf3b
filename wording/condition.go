package wording

import (
	"letterhead/wording/clean"
	"letterhead/wording/field"
)

// Condition is a fact about a message that a block may depend on.
type Condition string

const (
	InPerson    Condition = "in_person"
	Telehealth  Condition = "telehealth"
	ByPhone     Condition = "by_phone"
	HomeVisit   Condition = "home_visit"
	FirstVisit  Condition = "first_visit"
	Returning   Condition = "returning"
	ForSelf     Condition = "for_recipient"  // the recipient is the attendee
	ForOther    Condition = "for_other"      // the attendee is somebody else: a child, a person cared for
	Unconfirmed Condition = "unconfirmed"    // the appointment is booked and not confirmed yet
	Confirmed   Condition = "confirmed"      //
	ZoneDiffers Condition = "zone_differs"   // the recipient lives in another time zone than the location
	SameZone    Condition = "same_time_zone" //
)

// facts is a set of conditions, and above them which merged values are there (bit of a field: fieldBit).
type facts uint64

const (
	factInPerson facts = 1 << iota
	factTelehealth
	factByPhone
	factHomeVisit
	factFirstVisit
	factReturning
	factForSelf
	factForOther
	factUnconfirmed
	factConfirmed
	factZoneDiffers
	factSameZone

	fieldShift = 16
)

var conditionBits = map[Condition]facts{
	InPerson: factInPerson, Telehealth: factTelehealth, ByPhone: factByPhone, HomeVisit: factHomeVisit,
	FirstVisit: factFirstVisit, Returning: factReturning, ForSelf: factForSelf, ForOther: factForOther,
	Unconfirmed: factUnconfirmed, Confirmed: factConfirmed, ZoneDiffers: factZoneDiffers, SameZone: factSameZone,
}

// Conditions of which at most one holds: two of a group on one block would never show it.
var exclusive = []facts{
	factInPerson | factTelehealth | factByPhone | factHomeVisit,
	factFirstVisit | factReturning,
	factForSelf | factForOther,
	factUnconfirmed | factConfirmed,
	factZoneDiffers | factSameZone,
}

// Conditions lists every condition, in the order an editor shows them.
func Conditions() []Condition {
	return []Condition{InPerson, Telehealth, ByPhone, HomeVisit, FirstVisit, Returning, ForSelf, ForOther, Unconfirmed, Confirmed, ZoneDiffers, SameZone}
}

// maskOf turns a block's conditions into bits; it refuses unknown ones, repeats and sets that can never hold.
func maskOf(field string, when []Condition) (facts, error) {
	var mask facts
	for _, c := range when {
		bit, ok := conditionBits[c]
		if !ok {
			return 0, refuse(field, "wording.condition_unknown", "there is no condition %q; choose one of the list", clean.Clip(string(c)))
		}
		if mask&bit != 0 {
			return 0, refuse(field, "wording.condition_twice", "the condition %q is there twice; remove one", string(c))
		}
		mask |= bit
	}
	for _, group := range exclusive {
		if both := mask & group; both&(both-1) != 0 {
			return 0, refuse(field, "wording.condition_never", "these conditions can never hold together, so this would never be shown; remove one")
		}
	}
	return mask, nil
}

// factsOf are the conditions that hold for v.
func factsOf(v *Values) facts {
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

// present is the bit that tells that a merged value is there.
func present(i field.Index) facts { return 1 << (fieldShift + uint(i)) }
