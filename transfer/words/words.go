package words

import (
	"letterhead/calendar"
	"letterhead/client"
	"letterhead/practice"
)

// Status is a status word on the axes of an appointment.
type Status struct {
	Booking      calendar.Booking
	Confirmation calendar.Confirmation
	Attendance   calendar.Attendance
	Late         bool
}

// statusWords are the words that exports use. One that is not here is refused: guessing would send a reminder for what is not booked, or none for
// what is.
var statusWords = map[string]Status{
	"booked":            {calendar.Booked, calendar.NotAsked, calendar.Expected, false},
	"unconfirmed":       {calendar.Booked, calendar.NotAsked, calendar.Expected, false},
	"confirmed":         {calendar.Booked, calendar.Confirmed, calendar.Expected, false},
	"arrived":           {calendar.Booked, calendar.NotAsked, calendar.Arrived, false},
	"attended":          {calendar.Booked, calendar.NotAsked, calendar.Attended, false},
	"completed":         {calendar.Booked, calendar.NotAsked, calendar.Attended, false},
	"no show":           {calendar.Booked, calendar.NotAsked, calendar.NoShow, false},
	"did not attend":    {calendar.Booked, calendar.NotAsked, calendar.NoShow, false},
	"cancelled":         {calendar.Cancelled, calendar.NotAsked, calendar.Expected, false},
	"canceled":          {calendar.Cancelled, calendar.NotAsked, calendar.Expected, false},
	"late cancellation": {calendar.Cancelled, calendar.NotAsked, calendar.Expected, true},
	"rescheduled":       {calendar.Rescheduled, calendar.NotAsked, calendar.Expected, false},
}

var reminderWords = map[string]client.Reminders{
	"": client.Unset, "email": client.ByEmail, "e-mail": client.ByEmail, "sms": client.BySMS, "text": client.BySMS,
	"sms & email": client.ByBoth, "email & sms": client.ByBoth, "sms and email": client.ByBoth, "email and sms": client.ByBoth, "both": client.ByBoth, "none": client.NoReminders,
}

// reminderTargets are what a mapping may say on its right.
var reminderTargets = map[string]client.Reminders{
	"default": client.Unset, "email": client.ByEmail, "sms": client.BySMS, "both": client.ByBoth, "none": client.NoReminders,
}

// YesNo are words for yes and no.
var YesNo = map[string]bool{"yes": true, "y": true, "true": true, "1": true, "no": false, "n": false, "false": false, "0": false}

// videoWords are locations that are none.
var videoWords = map[string]practice.Mode{
	"telehealth": practice.Video, "tele-health": practice.Video, "video": practice.Video, "video call": practice.Video, "video consultation": practice.Video,
	"online": practice.Video, "virtual": practice.Video, "zoom": practice.Video,
}

// Words are the file's words with those of a mapping.
type Words struct {
	Statuses  map[string]Status
	Reminders map[string]client.Reminders
	Places    map[string]practice.Mode
}

// New returns the known words and those of a mapping.
func New(m *Mapping) Words {
	w := Words{map[string]Status{}, map[string]client.Reminders{}, map[string]practice.Mode{}}
	for k, v := range statusWords {
		w.Statuses[k] = v
	}
	for k, v := range reminderWords {
		w.Reminders[k] = v
	}
	for k, v := range videoWords {
		w.Places[k] = v
	}
	if m == nil {
		return w
	}
	for k, v := range m.Statuses {
		w.Statuses[Fold(k)] = statusWords[Fold(v)]
	}
	for k, v := range m.Reminders {
		w.Reminders[Fold(k)] = reminderTargets[Fold(v)]
	}
	for k, v := range m.Locations {
		w.Places[Fold(k)] = practice.Mode(Fold(v))
	}
	return w
}
