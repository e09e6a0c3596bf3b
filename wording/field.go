package wording

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

// ValueType decides which characters a value may have.
type ValueType string

const (
	NameValue    ValueType = "name"    // of a person: letters, spaces, hyphen, apostrophe, a dot after an abbreviation
	LineValue    ValueType = "line"    // a short text of the practice's own
	AddressValue ValueType = "address" // a postal address in one line
	PhoneValue   ValueType = "phone"   // digits and what separates them
	EmailValue   ValueType = "email"
	SiteValue    ValueType = "website"
	DateValue    ValueType = "date" // made here from a wall time
	TimeValue    ValueType = "time" // made here from a wall time
	NumberValue  ValueType = "number"
	ChoiceValue  ValueType = "choice" // one of our own words
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
	Type    ValueType
	Max     int  // runes
	Health  bool // says something about somebody's health: kept out of SMS unless the practice allows it
	Source  Source
	Example string
}

// fieldIndex is a field's place in the table, in Rendered and in the presence bits.
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
	recipientFirst:          {RecipientFirstName, NameValue, 40, false, TypedByPerson, "Fatima"},
	recipientGreeting:       {RecipientGreetingName, NameValue, 40, false, TypedByPerson, "Fatima"},
	attendeeFirst:           {AttendeeFirstName, NameValue, 40, false, TypedByPerson, "Omar"},
	attendeeGreeting:        {AttendeeGreetingName, NameValue, 40, false, TypedByPerson, "Omar"},
	appointmentDay:          {AppointmentDay, DateValue, 40, false, FromCalendar, "Tuesday 1 December"},
	appointmentDayShort:     {AppointmentDayShort, DateValue, 40, false, FromCalendar, "Tue 1 Dec"},
	appointmentDate:         {AppointmentDate, DateValue, 40, false, FromCalendar, "1 December 2026"},
	appointmentWeekday:      {AppointmentWeekday, DateValue, 20, false, FromCalendar, "Tuesday"},
	appointmentStart:        {AppointmentStart, TimeValue, 12, false, FromCalendar, "10:00 am"},
	appointmentEnd:          {AppointmentEnd, TimeValue, 12, false, FromCalendar, "10:45 am"},
	appointmentZone:         {AppointmentZone, ChoiceValue, 48, false, FromCalendar, "Melbourne time"},
	appointmentDuration:     {AppointmentDuration, NumberValue, 32, false, FromCalendar, "45 minutes"},
	appointmentService:      {AppointmentService, LineValue, 80, true, FromDirectory, "Initial consultation"},
	appointmentPractitioner: {AppointmentPractitioner, NameValue, 60, false, FromDirectory, "Petra Schäfer"},
	appointmentMode:         {AppointmentMode, ChoiceValue, 24, false, FromCalendar, "in person"},
	locationName:            {LocationName, LineValue, 60, false, FromDirectory, "Main rooms"},
	locationAddress:         {LocationAddress, AddressValue, 160, false, FromDirectory, "12 Wattle Street, Ballarat"},
	locationPhone:           {LocationPhone, PhoneValue, 24, false, FromDirectory, "(03) 5550 0142"},
	locationDirections:      {LocationDirections, LineValue, 300, false, FromDirectory, "Ring the bell at the side door."},
	unsubscribeURL:          {},
	mergedCount:             {},
	practiceName:            {PracticeName, LineValue, 80, false, FromBranding, "Wattle Street Physiotherapy"},
	practicePhone:           {PracticePhone, PhoneValue, 24, false, FromBranding, "(03) 5550 0142"},
	practiceEmail:           {PracticeEmail, EmailValue, 254, false, FromBranding, "hello@wattlestreet.example"},
	practiceWebsite:         {PracticeWebsite, SiteValue, 200, false, FromBranding, "https://wattlestreet.example/"},
	practiceAddress:         {PracticeAddress, AddressValue, 200, false, FromBranding, "12 Wattle Street, Ballarat"},
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
