// Package open says when practitioners can be booked: their weekly hours at each location, in every week or in alternating ones, what is otherwise
// once (time that is blocked, hours beside the usual ones), and public holidays.
//
// All of it is in times of the location's wall: hours from 9 to 5 are those of the clock on either side of a clock change. A practitioner without
// hours can be booked at any time that is not blocked and on any day that is no holiday: a practice that has said nothing is not asked about it.
//
// It promises: what a Schedule says of a time depends on its rows alone; holidays are copied from the list of a region and belong to the practice
// from then on, so that a newer list never changes what somebody edited.
//
// It never refuses a booking and knows no appointments: package calendar asks it, and people decide.
package open

import (
	"slices"

	"letterhead/practice"
	"letterhead/zone"
)

// Opening is a span of a weekday on which a practitioner works at a location.
type Opening struct {
	ID           string
	Practitioner practice.PractitionerID
	Location     practice.LocationID
	Weekday      int // 0 is Sunday
	Begins, Ends int // minutes since midnight
	Weeks        int // every so many, counted from the week (from Monday) of First
	First        zone.Date
	Last         zone.Date // the zero date goes on
}

// Exception is otherwise than the hours say, once.
type Exception struct {
	ID           string
	Practitioner practice.PractitionerID // "" is everybody
	Location     practice.LocationID     // "" is everywhere
	Open         bool                    // hours beside the usual ones; else nobody is to be booked
	Begins, Ends zone.Wall
	Note         string
}

// Holiday is a day on which nobody works, unless Works.
type Holiday struct {
	ID       string
	Location practice.LocationID // "" is everywhere
	Day      zone.Date
	Name     string
	Region   string // whose list it came from; "" was added by the practice
	Works    bool
}

// Span is part of a day, in minutes since its midnight.
type Span struct{ From, To int }

// Schedule is what is known of some practitioners in some days.
type Schedule struct {
	Openings   []Opening
	Exceptions []Exception
	Holidays   []Holiday
}

// Reason is why a time is none of a practitioner's.
type Reason string

// The reasons; the zero value fits.
const (
	Fits    Reason = ""
	Outside Reason = "outside" // of their hours there
	Blocked Reason = "blocked"
	Closed  Reason = "holiday"
)

// Answer is what a Schedule says of a time. Note is the exception's, or the holiday's name.
type Answer struct {
	Reason Reason
	Note   string
}

// Known says whether a practitioner has hours at all.
func (s Schedule) Known(who practice.PractitionerID) bool {
	return slices.ContainsFunc(s.Openings, func(o Opening) bool { return o.Practitioner == who })
}

// Day returns when a practitioner can be booked at a location on a day, in order and without overlap.
func (s Schedule) Day(who practice.PractitionerID, place practice.LocationID, day zone.Date) []Span {
	var spans []Span
	if _, closed := s.holiday(place, day); !closed {
		if !s.Known(who) {
			spans = []Span{{0, 24 * 60}}
		}
		for _, o := range s.Openings {
			if o.Practitioner == who && o.Location == place && o.on(day) {
				spans = append(spans, Span{o.Begins, o.Ends})
			}
		}
	}
	for _, e := range s.Exceptions {
		if part, touches := e.on(who, place, day); touches && e.Open {
			spans = append(spans, part)
		}
	}
	spans = joined(spans)
	for _, e := range s.Exceptions {
		if part, touches := e.on(who, place, day); touches && !e.Open {
			spans = without(spans, part)
		}
	}
	return spans
}

// Anywhere returns when a practitioner can be booked on a day at one or another of some locations.
func (s Schedule) Anywhere(who practice.PractitionerID, places []practice.LocationID, day zone.Date) []Span {
	var spans []Span
	for _, place := range places {
		spans = append(spans, s.Day(who, place, day)...)
	}
	return joined(spans)
}

// Of says whether a time, from one wall time to another, is one at which a practitioner can be booked at a location, and if not, why.
func (s Schedule) Of(who practice.PractitionerID, place practice.LocationID, from, to zone.Wall) Answer {
	for day := from.Date; !to.Date.Before(day); day = day.Add(1) {
		part, touches := dayPart(from, to, day)
		if !touches || slices.ContainsFunc(s.Day(who, place, day), func(free Span) bool { return free.From <= part.From && part.To <= free.To }) {
			continue
		}
		for _, e := range s.Exceptions {
			if in, touches := e.on(who, place, day); touches && !e.Open && in.From < part.To && part.From < in.To {
				return Answer{Blocked, e.Note}
			}
		}
		if name, closed := s.holiday(place, day); closed {
			return Answer{Closed, name}
		}
		return Answer{Reason: Outside}
	}
	return Answer{}
}

// mostAhead bounds the search for a time.
const mostAhead = 62

// Next returns the first wall time from at on at which a practitioner can be booked for so many minutes; false when there is none in two months.
func (s Schedule) Next(who practice.PractitionerID, place practice.LocationID, at zone.Wall, minutes int) (zone.Wall, bool) {
	for range mostAhead {
		for _, free := range s.Day(who, place, at.Date) {
			if from := max(free.From, at.Minute); from+minutes <= free.To {
				return zone.Wall{Date: at.Date, Minute: from}, true
			}
		}
		at = zone.Wall{Date: at.Date.Add(1)}
	}
	return zone.Wall{}, false
}

func (s Schedule) holiday(place practice.LocationID, day zone.Date) (string, bool) {
	for _, h := range s.Holidays {
		if h.Day == day && !h.Works && (h.Location == "" || h.Location == place) {
			return h.Name, true
		}
	}
	return "", false
}

// on says whether the hours are those of a day.
func (o Opening) on(day zone.Date) bool {
	if int(day.Weekday()) != o.Weekday || day.Before(o.First) || o.Last != (zone.Date{}) && o.Last.Before(day) {
		return false
	}
	return weeksBetween(o.First, day)%max(o.Weeks, 1) == 0
}

// weeksBetween counts from the week of one day to that of a later one; weeks begin on Monday.
func weeksBetween(first, day zone.Date) int {
	return (number(monday(day)) - number(monday(first))) / 7
}

func monday(d zone.Date) zone.Date { return d.Add(-((int(d.Weekday()) + 6) % 7)) }

// number counts days from the first of March of the year 0 (Howard Hinnant's days from civil).
func number(d zone.Date) int {
	y, m := d.Year, int(d.Month)
	if m <= 2 {
		y--
	}
	return 365*y + y/4 - y/100 + y/400 + (153*((m+9)%12)+2)/5 + d.Day - 1
}

// on is the part of a day that an exception covers, if it is about this practitioner and place.
func (e Exception) on(who practice.PractitionerID, place practice.LocationID, day zone.Date) (Span, bool) {
	if e.Practitioner != "" && e.Practitioner != who || e.Location != "" && e.Location != place {
		return Span{}, false
	}
	return dayPart(e.Begins, e.Ends, day)
}

// dayPart is the part of a day between two wall times.
func dayPart(from, to zone.Wall, day zone.Date) (Span, bool) {
	part := Span{0, 24 * 60}
	if day.Before(from.Date) || to.Date.Before(day) {
		return Span{}, false
	}
	if from.Date == day {
		part.From = from.Minute
	}
	if to.Date == day {
		part.To = to.Minute
	}
	return part, part.From < part.To
}

// joined puts spans in order and overlapping ones together.
func joined(spans []Span) []Span {
	slices.SortFunc(spans, func(a, b Span) int { return a.From - b.From })
	var out []Span
	for _, span := range spans {
		if last := len(out) - 1; last >= 0 && span.From <= out[last].To {
			out[last].To = max(out[last].To, span.To)
			continue
		}
		out = append(out, span)
	}
	return out
}

// without takes a span out of others.
func without(spans []Span, cut Span) []Span {
	var out []Span
	for _, span := range spans {
		for _, rest := range []Span{{span.From, min(span.To, cut.From)}, {max(span.From, cut.To), span.To}} {
			if rest.From < rest.To {
				out = append(out, rest)
			}
		}
	}
	return out
}
