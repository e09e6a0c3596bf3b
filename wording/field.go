package wording

import (
	"letterhead/wording/clean"
)

// Field is the name of something that merges into a wording. There are no others.
type Field string

const (
	RecipientFirstName    Field = "recipient.first_name"
	RecipientGreetingName Field = "recipient.greeting_name" // the preferred name, else the first name
	AttendeeFirstName     Field = "attendee.first_name"
	AttendeeGreetingName  Field = "attendee.greeting_name"

	AppointmentDay          Field = "appointment.day"       // weekday, day and month
	AppointmentDayShort     Field = "appointment.day_short" // the same, abbreviated
	AppointmentDate         Field = "appointment.date"      // day, month and year
	AppointmentWeekday      Field = "appointment.weekday"
	AppointmentStart        Field = "appointment.start"
	AppointmentEnd          Field = "appointment.end"
	AppointmentZone         Field = "appointment.zone"
	AppointmentDuration     Field = "appointment.duration"
	AppointmentService      Field = "appointment.service"
	AppointmentPractitioner Field = "appointment.practitioner"
	AppointmentMode         Field = "appointment.mode"

	LocationName       Field = "location.name"
	LocationAddress    Field = "location.address"
	LocationPhone      Field = "location.phone"
	LocationDirections Field = "location.directions"

	PracticeName    Field = "practice.name"
	PracticePhone   Field = "practice.phone"
	PracticeEmail   Field = "practice.email"
	PracticeWebsite Field = "practice.website"
	PracticeAddress Field = "practice.address"
)

// Source says who wrote a value, and so how far it is trusted.
type Source string

const (
	TypedByPerson Source = "person"    // a client, or staff for them: anything may be in it
	FromDirectory Source = "directory" // the practice's own texts
	FromCalendar  Source = "calendar"  // computed from the appointment
	FromBranding  Source = "branding"  // part of the version itself
)

// FieldInfo describes a field.
type FieldInfo struct {
	Field   Field
	Type    clean.Type
	Max     int  // runes
	Health  bool // says something about somebody's health: kept out of SMS unless the practice allows it
	Source  Source
	Example string
}

// fieldIndex is a field's encode.Place in the table, in Rendered and in the presence bits.
type fieldIndex uint8

const (
	recipientFirst fieldIndex = iota
	recipientGreeting
	attendeeFirst
	attendeeGreeting
	appointmentDay
	appointmentDayShort
	appointmentDate
	appointmentWeekday
	appointmentStart
	appointmentEnd
	appointmentZone
	appointmentDuration
	appointmentService
	appointmentPractitioner
	appointmentMode
	locationName
	locationAddress
	locationPhone
	locationDirections
	unsubscribeURL // not a field of the table: the recipient's own link
	mergedCount    // what follows is known when compiling
	practiceName
	practicePhone
	practiceEmail
	practiceWebsite
	practiceAddress
)

var fieldTable = [...]FieldInfo{
	recipientFirst:          {RecipientFirstName, clean.NameValue, 40, false, TypedByPerson, "Fatima"},
	recipientGreeting:       {RecipientGreetingName, clean.NameValue, 40, false, TypedByPerson, "Fatima"},
	attendeeFirst:           {AttendeeFirstName, clean.NameValue, 40, false, TypedByPerson, "Omar"},
	attendeeGreeting:        {AttendeeGreetingName, clean.NameValue, 40, false, TypedByPerson, "Omar"},
	appointmentDay:          {AppointmentDay, clean.DateValue, 40, false, FromCalendar, "Tuesday 1 December"},
	appointmentDayShort:     {AppointmentDayShort, clean.DateValue, 40, false, FromCalendar, "Tue 1 Dec"},
	appointmentDate:         {AppointmentDate, clean.DateValue, 40, false, FromCalendar, "1 December 2026"},
	appointmentWeekday:      {AppointmentWeekday, clean.DateValue, 20, false, FromCalendar, "Tuesday"},
	appointmentStart:        {AppointmentStart, clean.TimeValue, 12, false, FromCalendar, "10:00 am"},
	appointmentEnd:          {AppointmentEnd, clean.TimeValue, 12, false, FromCalendar, "10:45 am"},
	appointmentZone:         {AppointmentZone, clean.ChoiceValue, 48, false, FromCalendar, "Melbourne time"},
	appointmentDuration:     {AppointmentDuration, clean.NumberValue, 32, false, FromCalendar, "45 minutes"},
	appointmentService:      {AppointmentService, clean.LineValue, 80, true, FromDirectory, "Initial consultation"},
	appointmentPractitioner: {AppointmentPractitioner, clean.NameValue, 60, false, FromDirectory, "Petra Schäfer"},
	appointmentMode:         {AppointmentMode, clean.ChoiceValue, 24, false, FromCalendar, "in person"},
	locationName:            {LocationName, clean.LineValue, 60, false, FromDirectory, "Main rooms"},
	locationAddress:         {LocationAddress, clean.AddressValue, 160, false, FromDirectory, "12 Wattle Street, Ballarat"},
	locationPhone:           {LocationPhone, clean.PhoneValue, 24, false, FromDirectory, "(03) 5550 0142"},
	locationDirections:      {LocationDirections, clean.LineValue, 300, false, FromDirectory, "Ring the bell at the side door."},
	unsubscribeURL:          {},
	mergedCount:             {},
	practiceName:            {PracticeName, clean.LineValue, 80, false, FromBranding, "Wattle Street Physiotherapy"},
	practicePhone:           {PracticePhone, clean.PhoneValue, 24, false, FromBranding, "(03) 5550 0142"},
	practiceEmail:           {PracticeEmail, clean.EmailValue, 254, false, FromBranding, "hello@wattlestreet.example"},
	practiceWebsite:         {PracticeWebsite, clean.SiteValue, 200, false, FromBranding, "https://wattlestreet.example/"},
	practiceAddress:         {PracticeAddress, clean.AddressValue, 200, false, FromBranding, "12 Wattle Street, Ballarat"},
}

var fieldIndexes = indexFields()

func indexFields() map[Field]fieldIndex {
	m := make(map[Field]fieldIndex, len(fieldTable))
	for i, info := range fieldTable {
		if info.Field != "" {
			m[info.Field] = fieldIndex(i)
		}
	}
	return m
}

// Fields lists every field, in the order an editor shows them.
func Fields() []FieldInfo {
	out := make([]FieldInfo, 0, len(fieldTable))
	for _, info := range fieldTable {
		if info.Field != "" {
			out = append(out, info)
		}
	}
	return out
}

// Lookup describes one field.
func Lookup(f Field) (FieldInfo, bool) {
	i, ok := fieldIndexes[f]
	if !ok {
		return FieldInfo{}, false
	}
	return fieldTable[i], true
}

// ofAppointment tells the fields that exist only where there is an appointment.
func (i fieldIndex) ofAppointment() bool { return i >= attendeeFirst && i <= appointmentMode }

// present is the bit that tells that a merged value is there.
func (i fieldIndex) present() facts { return 1 << (fieldShift + uint(i)) }

func (i fieldIndex) name() Field {
	if i == unsubscribeURL {
		return "link.unsubscribe"
	}
	return fieldTable[i].Field
}

// Check refuses a value that may not merge into that field.
func Check(field Field, value string) error {
	i, ok := fieldIndexes[field]
	if !ok {
		return refuse("field", "wording.field_unknown", "there is no field %q; choose one of the list", clean.Clip(string(field)))
	}
	reason := clean.Check(fieldTable[i].Type, fieldTable[i].Max, value)
	if reason == "" {
		return nil
	}
	return refuse(string(field), "wording.value_"+string(reason), "%s", reason.Say(fieldTable[i].Max))
}
