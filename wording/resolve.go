package wording

import (
	"letterhead/wording/clean"
	"letterhead/wording/locale"
)

// appendField writes the text of one merged field, checked, or says why there is none.
func (c *Compiled) appendField(dst []byte, i fieldIndex, v *Values) ([]byte, clean.Reason) {
	switch i {
	case recipientFirst:
		return appendText(dst, i, v.Recipient.First)
	case recipientGreeting:
		return appendGreeting(dst, i, v.Recipient)
	case attendeeFirst:
		return appendText(dst, i, v.attendee().First)
	case attendeeGreeting:
		return appendGreeting(dst, i, v.attendee())
	case appointmentDay, appointmentDayShort, appointmentDate, appointmentWeekday, appointmentStart, appointmentEnd:
		return c.appendWall(dst, i, v)
	case appointmentZone:
		if !locale.ValidZone(v.Zone) {
			return dst, shapeOrMissing(v.Zone == "")
		}
		return c.locale.AppendZone(dst, v.Zone, c.rtl), ""
	case appointmentDuration:
		if v.Minutes < 1 || v.Minutes > 24*60 {
			return dst, shapeOrMissing(v.Minutes == 0)
		}
		return c.locale.AppendDuration(dst, v.Minutes), ""
	case appointmentService:
		return appendText(dst, i, v.Service)
	case appointmentPractitioner:
		return appendText(dst, i, v.Practitioner)
	case appointmentMode:
		mode := c.locale.Mode(v.Mode)
		if mode == "" {
			return dst, clean.ReasonMissing
		}
		return append(dst, mode...), ""
	case locationName:
		return appendText(dst, i, v.Location.Name)
	case locationAddress:
		return appendText(dst, i, v.Location.Address)
	case locationPhone:
		return appendText(dst, i, v.Location.Phone)
	case locationDirections:
		return appendText(dst, i, v.Location.Directions)
	case unsubscribeURL:
		if v.Unsubscribe == "" {
			return dst, clean.ReasonMissing
		}
		if clean.URL("unsubscribe", v.Unsubscribe, c.directory.Hosts) != nil {
			return dst, clean.ReasonLink
		}
		return append(dst, v.Unsubscribe...), ""
	}
	return dst, clean.ReasonMissing
}

func shapeOrMissing(missing bool) clean.Reason {
	if missing {
		return clean.ReasonMissing
	}
	return clean.ReasonShape
}

// attendee is who the appointment is for; without one named it is the recipient.
func (v *Values) attendee() Person {
	if !v.ForOther && v.Attendee == (Person{}) {
		return v.Recipient
	}
	return v.Attendee
}

func appendText(dst []byte, i fieldIndex, value string) ([]byte, clean.Reason) {
	value = clean.Tidy(value)
	if reason := clean.Check(fieldTable[i].Type, fieldTable[i].Max, value); reason != "" {
		return dst, reason
	}
	return append(dst, value...), ""
}

// appendGreeting takes the preferred name; when there is none that is fit, the first name.
func appendGreeting(dst []byte, i fieldIndex, p Person) ([]byte, clean.Reason) {
	if p.Preferred != "" {
		if out, reason := appendText(dst, i, p.Preferred); reason == "" {
			return out, ""
		}
	}
	return appendText(dst, i, p.First)
}

func (c *Compiled) appendWall(dst []byte, i fieldIndex, v *Values) ([]byte, clean.Reason) {
	at := v.Start
	if i == appointmentEnd {
		at = v.End
	}
	if !at.Valid() {
		return dst, shapeOrMissing(at.Zero())
	}
	l := c.locale
	switch i {
	case appointmentDay:
		return l.AppendDay(dst, at), ""
	case appointmentDayShort:
		return l.AppendDayShort(dst, at), ""
	case appointmentDate:
		return l.AppendDate(dst, at), ""
	case appointmentWeekday:
		return append(dst, l.Weekday(at)...), ""
	}
	return l.AppendTime(dst, at), ""
}
