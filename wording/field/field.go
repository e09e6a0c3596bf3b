// Package field is what may merge into a wording: an enumerated, typed set, where each value comes from, and its text. It writes no value that does not keep to its
// type, and says why instead.
package field

import (
	"letterhead/fault"
	"letterhead/wording/clean"
)

// Name is the name of something that merges into a wording. There are no others.
type Name string

// Source says who wrote a value, and so how far it is trusted.
type Source string

const (
	TypedByPerson Source = "person"    // a client, or staff for them: anything may be in it
	FromDirectory Source = "directory" // the practice's own texts
	FromCalendar  Source = "calendar"  // computed from the appointment
	FromBranding  Source = "branding"  // part of the version itself
)

// Info describes a field.
type Info struct {
	Field   Name
	Type    clean.Type
	Max     int  // runes
	Health  bool // says something about somebody's health: kept out of SMS unless the practice allows it
	Source  Source
	Example string
}

// Index is a field's place in the table, in a rendered message and in the presence bits.
type Index uint8

const (
	RecipientFirst Index = iota
	RecipientGreeting
	AttendeeFirst
	AttendeeGreeting
	AppointmentDay
	AppointmentDayShort
	AppointmentDate
	AppointmentWeekday
	AppointmentStart
	AppointmentEnd
	AppointmentZone
	AppointmentDuration
	AppointmentService
	AppointmentPractitioner
	AppointmentMode
	LocationName
	LocationAddress
	LocationPhone
	LocationDirections
	Unsubscribe // not a field of the table: the recipient's own link
	Confirm     // nor are these: where this recipient says that they come,
	Decline     // or asks to cancel
	Code        // nor is this: the mail's own code, in our layout
	Merged      // what follows is known when compiling
	PracticeName
	PracticePhone
	PracticeEmail
	PracticeWebsite
	PracticeAddress
)

var table = [...]Info{
	RecipientFirst:          {"recipient.first_name", clean.GivenValue, 40, false, TypedByPerson, "Fatima"},
	RecipientGreeting:       {"recipient.greeting_name", clean.GivenValue, 40, false, TypedByPerson, "Fatima"},
	AttendeeFirst:           {"attendee.first_name", clean.GivenValue, 40, false, TypedByPerson, "Omar"},
	AttendeeGreeting:        {"attendee.greeting_name", clean.GivenValue, 40, false, TypedByPerson, "Omar"},
	AppointmentDay:          {"appointment.day", clean.DateValue, 40, false, FromCalendar, "Tuesday 1 December"},
	AppointmentDayShort:     {"appointment.day_short", clean.DateValue, 40, false, FromCalendar, "Tue 1 Dec"},
	AppointmentDate:         {"appointment.date", clean.DateValue, 40, false, FromCalendar, "1 December 2026"},
	AppointmentWeekday:      {"appointment.weekday", clean.DateValue, 20, false, FromCalendar, "Tuesday"},
	AppointmentStart:        {"appointment.start", clean.TimeValue, 12, false, FromCalendar, "10:00 am"},
	AppointmentEnd:          {"appointment.end", clean.TimeValue, 12, false, FromCalendar, "10:45 am"},
	AppointmentZone:         {"appointment.zone", clean.ChoiceValue, 48, false, FromCalendar, "Melbourne time"},
	AppointmentDuration:     {"appointment.duration", clean.NumberValue, 32, false, FromCalendar, "45 minutes"},
	AppointmentService:      {"appointment.service", clean.LineValue, 80, true, FromDirectory, "Initial consultation"},
	AppointmentPractitioner: {"appointment.practitioner", clean.NameValue, 60, false, FromDirectory, "Petra Schäfer"},
	AppointmentMode:         {"appointment.mode", clean.ChoiceValue, 24, false, FromCalendar, "in person"},
	LocationName:            {"location.name", clean.LineValue, 60, false, FromDirectory, "Main rooms"},
	LocationAddress:         {"location.address", clean.AddressValue, 160, false, FromDirectory, "12 Wattle Street, Ballarat"},
	LocationPhone:           {"location.phone", clean.PhoneValue, 24, false, FromDirectory, "(03) 5550 0142"},
	LocationDirections:      {"location.directions", clean.LineValue, 300, false, FromDirectory, "Ring the bell at the side door."},
	Unsubscribe:             {},
	Confirm:                 {},
	Decline:                 {},
	Code:                    {Max: 12},
	Merged:                  {},
	PracticeName:            {"practice.name", clean.LineValue, 80, false, FromBranding, "Wattle Street Physiotherapy"},
	PracticePhone:           {"practice.phone", clean.PhoneValue, 24, false, FromBranding, "(03) 5550 0142"},
	PracticeEmail:           {"practice.email", clean.EmailValue, 254, false, FromBranding, "hello@wattlestreet.example"},
	PracticeWebsite:         {"practice.website", clean.SiteValue, 200, false, FromBranding, "https://wattlestreet.example/"},
	PracticeAddress:         {"practice.address", clean.AddressValue, 200, false, FromBranding, "12 Wattle Street, Ballarat"},
}

var indexes = indexFields()

func indexFields() map[Name]Index {
	m := make(map[Name]Index, len(table))
	for i, info := range table {
		if info.Field != "" {
			m[info.Field] = Index(i)
		}
	}
	return m
}

// Fields lists every field, in the order an editor shows them.
func Fields() []Info {
	out := make([]Info, 0, len(table))
	for _, info := range table {
		if info.Field != "" {
			out = append(out, info)
		}
	}
	return out
}

// Lookup describes one field.
func Lookup(f Name) (Info, bool) {
	i, ok := indexes[f]
	if !ok {
		return Info{}, false
	}
	return table[i], true
}

// OfAppointment tells the fields that exist only where there is an appointment.
func (i Index) OfAppointment() bool { return i >= AttendeeFirst && i <= AppointmentMode }

// Info describes the field.
func (i Index) Info() *Info { return &table[i] }

// Of finds a field by its name.
func Of(name Name) (Index, bool) {
	i, ok := indexes[name]
	return i, ok
}

// Name is the name of the field; the recipient's way out and the mail's code have names of their own.
func (i Index) Name() Name {
	switch i {
	case Unsubscribe:
		return "link.unsubscribe"
	case Confirm:
		return "link.confirm"
	case Decline:
		return "link.decline"
	case Code:
		return "mail.code"
	}
	return table[i].Field
}

// Check refuses a value that may not merge into that field.
func Check(field Name, value string) error {
	i, ok := indexes[field]
	if !ok {
		return fault.Field("field", "wording.field_unknown", "there is no field %q; choose one of the list", clean.Clip(string(field)))
	}
	reason := clean.Check(table[i].Type, table[i].Max, value)
	if reason == "" {
		return nil
	}
	return fault.Field(string(field), "wording.value_"+string(reason), "%s", reason.Say(table[i].Max))
}
