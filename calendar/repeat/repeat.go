// Package repeat says on which days something repeats: every so many days, weeks or months.
//
// It promises: days are days of the calendar, so that the time on the wall stays what it is over a clock change; a month that is too short for
// the first day's number has its last day instead, and the next long one has the number again; no rule gives more than Most days.
//
// It is pure: it knows no appointment, no zone and no clock.
package repeat

import (
	"time"

	"letterhead/fault"
	"letterhead/zone"
)

// Unit is what is counted.
type Unit string

// The units.
const (
	Days   Unit = "days"
	Weeks  Unit = "weeks"
	Months Unit = "months"
)

// Most is how many days a rule gives at most, the first included: two years of every week.
const Most = 104

// mostEvery is how many units may lie between two.
const mostEvery = 52

// Rule is every so many units, so many times with the first.
type Rule struct {
	Every int
	Unit  Unit
	Times int
}

// Check says what is wrong with a rule.
func (r Rule) Check() error {
	switch {
	case r.Unit != Days && r.Unit != Weeks && r.Unit != Months:
		return fault.Field("unit", "repeat.unit", "choose days, weeks or months")
	case r.Every < 1 || r.Every > mostEvery:
		return fault.Field("every", "repeat.every", "repeat every 1 to %d days, weeks or months", mostEvery)
	case r.Times < 2 || r.Times > Most:
		return fault.Field("times", "repeat.times", "repeat 2 to %d times in all", Most)
	}
	return nil
}

// Days returns the days of a sound rule, from the first on.
func (r Rule) Days(first zone.Date) []zone.Date {
	days := make([]zone.Date, 0, r.Times)
	for i := range min(r.Times, Most) {
		switch n := i * r.Every; r.Unit {
		case Days:
			days = append(days, first.Add(n))
		case Weeks:
			days = append(days, first.Add(7*n))
		case Months:
			days = append(days, months(first, n))
		}
	}
	return days
}

// months is the same day so many months later, or the last of a month that is too short.
func months(first zone.Date, n int) zone.Date {
	month := time.Date(first.Year, first.Month+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
	last := month.AddDate(0, 1, -1).Day()
	return zone.Date{Year: month.Year(), Month: month.Month(), Day: min(first.Day, last)}
}
