package transfer

import (
	"letterhead/calendar"
	"letterhead/client"
	"letterhead/practice"
)

// status is a status word on the axes of an appointment.
type status struct {
	booking      calendar.Booking
	confirmation calendar.Confirmation
	attendance   calendar.Attendance
	late         bool
}

// statusWords are the words that exports use. One that is not here is refused: guessing would send a reminder for what is not booked, or none for
// what is.
var statusWords = map[string]status{
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

var yesWords = map[string]bool{"yes": true, "y": true, "true": true, "1": true, "no": false, "n": false, "false": false, "0": false}

// videoWords are locations that are none.
var videoWords = map[string]practice.Mode{
	"telehealth": practice.Video, "tele-health": practice.Video, "video": practice.Video, "video call": practice.Video, "video consultation": practice.Video,
	"online": practice.Video, "virtual": practice.Video, "zoom": practice.Video,
}

// words are the file's words with those of a mapping.
type words struct {
	statuses  map[string]status
	reminders map[string]client.Reminders
	places    map[string]practice.Mode
}

func newWords(m *Mapping) words {
	w := words{map[string]status{}, map[string]client.Reminders{}, map[string]practice.Mode{}}
	for k, v := range statusWords {
		w.statuses[k] = v
	}
	for k, v := range reminderWords {
		w.reminders[k] = v
	}
	for k, v := range videoWords {
		w.places[k] = v
	}
	if m == nil {
		return w
	}
	for k, v := range m.Statuses {
		w.statuses[word(k)] = statusWords[word(v)]
	}
	for k, v := range m.Reminders {
		w.reminders[word(k)] = reminderTargets[word(v)]
	}
	for k, v := range m.Locations {
		w.places[word(k)] = practice.Mode(word(v))
	}
	return w
}
