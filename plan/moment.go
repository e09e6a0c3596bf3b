package plan

import (
	"time"

	"letterhead/zone"
)

// holds reports whether a wall minute is quiet.
func (q Quiet) holds(minute int) bool {
	if q.From <= q.To {
		return q.From <= minute && minute < q.To
	}
	return minute >= q.From || minute < q.To
}

func minuteOf(t time.Time) int { return t.Hour()*60 + t.Minute() }

// quietAt reports whether an instant is quiet on the recipient's wall.
func (q Quiet) quietAt(at time.Time, l *time.Location) bool {
	return q.From != q.To && q.holds(minuteOf(at.In(l)))
}

// before returns the last allowed minute before an instant that is quiet: 19:59 of that evening.
func (q Quiet) before(at time.Time, l *time.Location) time.Time {
	local := at.In(l)
	day := zone.DateOf(local)
	if q.From > q.To && minuteOf(local) < q.To {
		day = day.Add(-1)
	}
	last := q.From - 1
	if last < 0 {
		day, last = day.Add(-1), minutesOfADay-1
	}
	found, fit, _, _ := zone.Resolve(zone.Wall{Date: day, Minute: last}, l)
	if fit == zone.Never { // the clock jumped over it: the minute before the jump
		found = found.Add(-time.Minute)
	}
	// A clock change within the night can leave what was found quiet, or not before: then look minute by minute, a day at most.
	for range minutesOfADay {
		if found.Before(at) && !q.quietAt(found, l) {
			return found
		}
		found = found.Add(-time.Minute)
	}
	return found
}

// Morning returns the first allowed minute at or after an instant.
func (q Quiet) Morning(at time.Time, l *time.Location) time.Time {
	if !q.quietAt(at, l) {
		return at
	}
	local := at.In(l)
	day := zone.DateOf(local)
	if q.From > q.To && minuteOf(local) >= q.From {
		day = day.Add(1)
	}
	found := zone.At(zone.Wall{Date: day, Minute: q.To}, l)
	if found.Before(at) { // the hour occurs twice and this was its first time
		found = at.Truncate(time.Minute).Add(time.Minute)
	}
	for range minutesOfADay {
		if !q.quietAt(found, l) {
			return found
		}
		found = found.Add(time.Minute)
	}
	return found
}

// planned returns the instant a reminder or an after-care rule names for an appointment.
func (t *Trigger) planned(a *Appointment) time.Time {
	switch t.Kind {
	case DaysBefore:
		return zone.At(zone.Wall{Date: a.Wall.Date.Add(-t.Days), Minute: t.minute}, a.Zone)
	case DaysAfter:
		return zone.At(zone.Wall{Date: a.Wall.Date.Add(t.Days), Minute: t.minute}, a.Zone)
	case HoursBefore:
		return a.Starts.Add(-time.Duration(t.Hours) * time.Hour)
	case OnBooked, OnChanged, OnCancelled:
	}
	return time.Time{}
}

func (t *Trigger) delay() time.Duration { return time.Duration(t.Minutes) * time.Minute }

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
