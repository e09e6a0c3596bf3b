package locale

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

// Zero tells that there is no time.
func (w Wall) Zero() bool { return w == Wall{} }

// Valid tells whether the day exists; 24:00 and leap seconds do not.
func (w Wall) Valid() bool {
	if w.Year < 1900 || w.Year > 2199 || w.Month < 1 || w.Month > 12 || w.Day < 1 || w.Day > 31 ||
		w.Hour < 0 || w.Hour > 23 || w.Minute < 0 || w.Minute > 59 {
		return false
	}
	return w.Day <= 28 || time.Date(w.Year, time.Month(w.Month), w.Day, 0, 0, 0, 0, time.UTC).Day() == w.Day
}

// Weekday counts from Sunday. (Sakamoto's method, Gregorian calendar.)
func (w Wall) Weekday() int {
	offsets := [...]int{0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4}
	y := w.Year
	if w.Month < 3 {
		y--
	}
	return (y + y/4 - y/100 + y/400 + offsets[w.Month-1] + w.Day) % 7
}
