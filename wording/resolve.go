package wording

// appendField writes the text of one merged field, checked, or says why there is none.
func (c *Compiled) appendField(dst []byte, i fieldIndex, v *Values) ([]byte, Reason) {
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
		if !validZone(v.Zone) {
			return dst, shapeOrMissing(v.Zone == "")
		}
		return c.locale.appendZone(dst, v.Zone, c.rtl), ""
	case appointmentDuration:
		if v.Minutes < 1 || v.Minutes > 24*60 {
			return dst, shapeOrMissing(v.Minutes == 0)
		}
		return c.locale.appendDuration(dst, v.Minutes), ""
	case appointmentService:
		return appendText(dst, i, v.Service)
	case appointmentPractitioner:
		return appendText(dst, i, v.Practitioner)
	case appointmentMode:
		mode := c.locale.mode(v.Mode)
		if mode == "" {
			return dst, ReasonMissing
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
			return dst, ReasonMissing
		}
		if checkURL("unsubscribe", v.Unsubscribe, c.directory.Hosts) != nil {
			return dst, ReasonLink
		}
		return append(dst, v.Unsubscribe...), ""
	}
	return dst, ReasonMissing
}

func shapeOrMissing(missing bool) Reason {
	if missing {
		return ReasonMissing
	}
	return ReasonShape
}

// attendee is who the appointment is for; without one named it is the recipient.
func (v *Values) attendee() Person {
	if !v.ForOther && v.Attendee == (Person{}) {
		return v.Recipient
	}
	return v.Attendee
}

func appendText(dst []byte, i fieldIndex, value string) ([]byte, Reason) {
	value = Tidy(value)
	if reason := checkValue(fieldTable[i].Type, fieldTable[i].Max, value); reason != "" {
		return dst, reason
	}
	return append(dst, value...), ""
}

// appendGreeting takes the preferred name; when there is none that is fit, the first name.
func appendGreeting(dst []byte, i fieldIndex, p Person) ([]byte, Reason) {
	if p.Preferred != "" {
		if out, reason := appendText(dst, i, p.Preferred); reason == "" {
			return out, ""
		}
	}
	return appendText(dst, i, p.First)
}

func (c *Compiled) appendWall(dst []byte, i fieldIndex, v *Values) ([]byte, Reason) {
	at := v.Start
	if i == appointmentEnd {
		at = v.End
	}
	if !at.valid() {
		return dst, shapeOrMissing(at.zero())
	}
	l := c.locale
	switch i {
	case appointmentDay:
		return l.appendDay(dst, l.pattern.day, false, at), ""
	case appointmentDayShort:
		return l.appendDay(dst, l.pattern.short, true, at), ""
	case appointmentDate:
		return l.appendDay(dst, l.pattern.date, false, at), ""
	case appointmentWeekday:
		return append(dst, l.days[at.weekday()]...), ""
	}
	return l.appendTime(dst, at), ""
}
