// Package when reads instants as people write them on the command line, and makes clocks of them.
package when

import (
	"time"

	"letterhead/fault"
	"letterhead/plan"
	"letterhead/zone"
)

// Instant reads a flag's point in time: RFC 3339, or a day (its first instant in the zone); the zero time of none.
func Instant(name, text string, zone *time.Location) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, nil
	}
	if day, err := time.ParseInLocation("2006-01-02", text, zone); err == nil {
		return day, nil
	}
	return time.Time{}, fault.Field("--"+name, "flag.instant", "write it as 2026-12-01 or 2026-12-01T10:00:00+11:00")
}

// Range reads the flags of a plan in the practice's zone; a day given as the end is meant to its last instant.
func Range(f *plan.Filter, zoneName, from, to, at string) error {
	local, err := zone.Load(zoneName)
	if err != nil {
		return err
	}
	if f.From, err = Instant("from", from, local); err != nil {
		return err
	}
	if f.To, err = Instant("to", to, local); err != nil {
		return err
	}
	if day, err := zone.ParseDate(to); err == nil {
		f.To = zone.At(zone.Wall{Date: day.Add(1)}, local)
	}
	if !f.From.IsZero() && !f.To.IsZero() && f.To.Before(f.From) {
		return fault.Field("--to", "plan.range", "it is before --from")
	}
	f.At, err = Instant("at", at, local)
	return err
}

// Clock starts at an instant and goes on from there.
func Clock(at time.Time) func() time.Time {
	started := time.Now()
	return func() time.Time { return at.Add(time.Since(started)) }
}
