// Package zone holds the one time zone database that Letterhead uses, and turns wall times into instants.
//
// The database is embedded and never read from the machine, so that every process of an installation has the same rules: a machine with
// older rules would send reminders at another hour than the calendar shows. Version names it; a change of it can move future
// appointments, whose wall time stays (package calendar keeps wall time, zone and instant, and doctor lists what moved).
//
// Days are calendar days: nothing here adds 24 hours.
package zone

import (
	"archive/zip"
	"bytes"
	_ "embed"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"letterhead/fault"
)

//go:embed zoneinfo.zip
var data []byte

// Version names the release of the IANA database that zoneinfo.zip holds. It changes with that file and with nothing else.
func Version() string { return "tzdata 2025c" }

var (
	openOnce sync.Once
	files    map[string]*zip.File
	loaded   sync.Map // name → *time.Location
)

// ErrUnknown is returned for a name that the embedded database does not have.
var ErrUnknown = fault.New(fault.Invalid, "zone.unknown", "no such time zone; write it as Region/City, for example Australia/Melbourne")

// Load returns the zone of an IANA name from the embedded database. "" and "Local" are refused: nothing here depends on the machine.
func Load(name string) (*time.Location, error) {
	if l, ok := loaded.Load(name); ok {
		return l.(*time.Location), nil
	}
	openOnce.Do(func() {
		reader, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			panic("zone: the embedded database is damaged: " + err.Error())
		}
		files = make(map[string]*zip.File, len(reader.File))
		for _, f := range reader.File {
			files[f.Name] = f
		}
	})
	file, ok := files[name]
	if !ok || strings.HasSuffix(name, "/") {
		return nil, ErrUnknown
	}
	opened, err := file.Open()
	if err != nil {
		return nil, fmt.Errorf("zone %s: %w", name, err)
	}
	defer opened.Close()
	raw, err := io.ReadAll(io.LimitReader(opened, 1<<20))
	if err != nil {
		return nil, fmt.Errorf("zone %s: %w", name, err)
	}
	location, err := time.LoadLocationFromTZData(name, raw)
	if err != nil {
		return nil, fmt.Errorf("zone %s: %w", name, err)
	}
	loaded.Store(name, location)
	return location, nil
}

// Date is a calendar day without a zone.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// DateOf is the day of an instant as its location has it.
func DateOf(t time.Time) Date { y, m, d := t.Date(); return Date{y, m, d} }

// Add returns the day n calendar days later.
func (d Date) Add(n int) Date {
	return DateOf(time.Date(d.Year, d.Month, d.Day+n, 12, 0, 0, 0, time.UTC))
}

// Weekday is the day of the week.
func (d Date) Weekday() time.Weekday {
	return time.Date(d.Year, d.Month, d.Day, 12, 0, 0, 0, time.UTC).Weekday()
}

// Before reports whether d comes before other.
func (d Date) Before(other Date) bool { return d.String() < other.String() }

// String is the day as 2026-12-01.
func (d Date) String() string { return fmt.Sprintf("%04d-%02d-%02d", d.Year, int(d.Month), d.Day) }

// ParseDate reads 2026-12-01 and refuses a day that is not in the calendar.
func ParseDate(text string) (Date, error) {
	t, err := time.Parse("2006-01-02", text)
	if err != nil {
		return Date{}, fault.Field("date", "zone.date", "write the day as 2026-12-01")
	}
	return DateOf(t), nil
}

// Wall is what a clock on the wall shows: a day and the minutes since its midnight, without a zone.
type Wall struct {
	Date   Date
	Minute int // 0 to 1439
}

// WallOf is the wall time of an instant as its location has it.
func WallOf(t time.Time) Wall { return Wall{DateOf(t), t.Hour()*60 + t.Minute()} }

// String is the wall time as 2026-12-01T10:00.
func (w Wall) String() string { return fmt.Sprintf("%sT%02d:%02d", w.Date, w.Minute/60, w.Minute%60) }

// ParseWall reads 2026-12-01T10:00.
func ParseWall(text string) (Wall, error) {
	t, err := time.Parse("2006-01-02T15:04", text)
	if err != nil {
		return Wall{}, fault.Field("time", "zone.wall", "write the time as 2026-12-01T10:00")
	}
	return WallOf(t), nil
}

// Fit says how a wall time meets the zone's clock changes.
type Fit int

// A wall time occurs once, twice (the clock went back), or never (it went forward).
const (
	Once Fit = iota
	Twice
	Never
)

// Resolve returns the instant of a wall time. Twice: the first of the two. Never: the first instant after the gap, and the gap's edges as wall
// times (from is the first missing minute, to the first that exists again).
func Resolve(w Wall, l *time.Location) (at time.Time, fit Fit, from, to Wall) {
	hits := Instants(w, l)
	switch len(hits) {
	case 1:
		return hits[0], Once, Wall{}, Wall{}
	case 0:
		edge := gap(unzoned(w), l)
		return edge, Never, WallOf(edge.Add(-time.Minute).In(l)).next(), WallOf(edge.In(l))
	}
	return hits[0], Twice, Wall{}, Wall{}
}

// Instants returns every instant at which the wall shows this time, the earliest first: one, two or none.
func Instants(w Wall, l *time.Location) []time.Time {
	base := unzoned(w)
	var hits []time.Time
	seen := map[int]bool{}
	for _, probe := range []time.Duration{-26 * time.Hour, 0, 26 * time.Hour} {
		_, offset := base.Add(probe).In(l).Zone()
		if seen[offset] {
			continue
		}
		seen[offset] = true
		if t := base.Add(-time.Duration(offset) * time.Second); WallOf(t.In(l)) == w {
			hits = append(hits, t)
		}
	}
	slices.SortFunc(hits, time.Time.Compare)
	return hits
}

// unzoned reads a wall time as if it were UTC: a point near which the true instant must lie, for no zone is over 26 hours off.
func unzoned(w Wall) time.Time {
	return time.Date(w.Date.Year, w.Date.Month, w.Date.Day, w.Minute/60, w.Minute%60, 0, 0, time.UTC)
}

func (w Wall) next() Wall {
	if w.Minute == 24*60-1 {
		return Wall{w.Date.Add(1), 0}
	}
	return Wall{w.Date, w.Minute + 1}
}

// gap finds the clock change that swallowed the wall time whose UTC reading is base: the first instant after it.
func gap(base time.Time, l *time.Location) time.Time {
	low, high := base.Add(-26*time.Hour), base.Add(26*time.Hour)
	wall := func(t time.Time) time.Time {
		_, offset := t.In(l).Zone()
		return t.Add(time.Duration(offset) * time.Second)
	}
	// The wall clock jumps over base between low and high: the jump is where wall(t) passes it.
	for high.Sub(low) > time.Second {
		middle := low.Add(high.Sub(low) / 2).Truncate(time.Second)
		if !middle.After(low) {
			break
		}
		if wall(middle).After(base) {
			high = middle
		} else {
			low = middle
		}
	}
	return high
}

// At is Resolve for whoever takes what comes: the first of two, or the first instant after a gap.
func At(w Wall, l *time.Location) time.Time {
	at, _, _, _ := Resolve(w, l)
	return at
}
