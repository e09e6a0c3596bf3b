package zone_test

import (
	"errors"
	"testing"
	"time"

	"letterhead/zone"
)

func load(t *testing.T, name string) *time.Location {
	t.Helper()
	l, err := zone.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestLoadRefusesWhatIsNotInTheDatabase(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "Local", "Mars/Base", "../etc/passwd", "Australia", "Australia/"} {
		if _, err := zone.Load(name); !errors.Is(err, zone.ErrUnknown) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestResolve(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		zone, wall, at string
		fit            zone.Fit
		from, to       string
	}{
		{"Australia/Melbourne", "2026-12-01T10:00", "2026-11-30T23:00:00Z", zone.Once, "", ""},
		{"Australia/Melbourne", "2026-10-04T02:00", "2026-10-03T16:00:00Z", zone.Never, "2026-10-04T02:00", "2026-10-04T03:00"},
		{"Australia/Melbourne", "2026-10-04T02:59", "2026-10-03T16:00:00Z", zone.Never, "2026-10-04T02:00", "2026-10-04T03:00"},
		{"Australia/Melbourne", "2026-10-04T03:00", "2026-10-03T16:00:00Z", zone.Once, "", ""},
		{"Australia/Melbourne", "2027-04-04T02:30", "2027-04-03T15:30:00Z", zone.Twice, "", ""},
		{"Australia/Lord_Howe", "2026-10-04T02:15", "2026-10-03T15:30:00Z", zone.Never, "2026-10-04T02:00", "2026-10-04T02:30"},
		{"America/New_York", "2027-03-14T02:00", "2027-03-14T07:00:00Z", zone.Never, "2027-03-14T02:00", "2027-03-14T03:00"},
		{"America/New_York", "2026-11-01T01:30", "2026-11-01T05:30:00Z", zone.Twice, "", ""},
		{"Europe/Dublin", "2027-03-28T01:00", "2027-03-28T01:00:00Z", zone.Never, "2027-03-28T01:00", "2027-03-28T02:00"},
		{"Europe/Dublin", "2026-10-25T01:00", "2026-10-25T00:00:00Z", zone.Twice, "", ""},
		{"Africa/Cairo", "2027-04-30T00:00", "2027-04-29T22:00:00Z", zone.Never, "2027-04-30T00:00", "2027-04-30T01:00"},
		{"Africa/Cairo", "2026-10-29T23:00", "2026-10-29T20:00:00Z", zone.Twice, "", ""},
		{"Asia/Kolkata", "2027-01-01T00:00", "2026-12-31T18:30:00Z", zone.Once, "", ""},
		{"Pacific/Apia", "2011-12-30T10:00", "2011-12-30T10:00:00Z", zone.Never, "2011-12-30T00:00", "2011-12-31T00:00"},
	} {
		w, err := zone.ParseWall(c.wall)
		if err != nil {
			t.Fatal(err)
		}
		at, fit, from, to := zone.Resolve(w, load(t, c.zone))
		if got := at.UTC().Format(time.RFC3339); got != c.at || fit != c.fit {
			t.Errorf("%s %s: %s fit %d, want %s fit %d", c.zone, c.wall, got, fit, c.at, c.fit)
		}
		if fit == zone.Never && (from.String() != c.from || to.String() != c.to) {
			t.Errorf("%s %s: gap %s to %s, want %s to %s", c.zone, c.wall, from, to, c.from, c.to)
		}
	}
}

// Every minute of two days around each change: resolving the wall time of an instant gives the instant back, or its earlier twin.
func TestResolveInvertsTheClock(t *testing.T) {
	t.Parallel()
	for name, day := range map[string]string{
		"Australia/Melbourne": "2027-04-03", "Africa/Cairo": "2027-04-29", "America/New_York": "2027-03-13",
		"Australia/Lord_Howe": "2027-04-03", "America/St_Johns": "2026-10-31", "Pacific/Chatham": "2026-09-26",
	} {
		l := load(t, name)
		start, err := time.Parse("2006-01-02", day)
		if err != nil {
			t.Fatal(err)
		}
		for m := range 3 * 24 * 60 {
			at := start.Add(time.Duration(m) * time.Minute)
			back, fit, _, _ := zone.Resolve(zone.WallOf(at.In(l)), l)
			if fit == zone.Never {
				t.Fatalf("%s %s: a time that is shown never occurs", name, at)
			}
			if !back.Equal(at) && !(fit == zone.Twice && back.Before(at)) {
				t.Fatalf("%s: %s came back as %s (fit %d)", name, at, back, fit)
			}
		}
	}
}

func TestDates(t *testing.T) {
	t.Parallel()
	d, err := zone.ParseDate("2027-02-27")
	if err != nil {
		t.Fatal(err)
	}
	if got := d.Add(2).String(); got != "2027-03-01" {
		t.Error(got)
	}
	for _, bad := range []string{"2027-02-29", "31/12/2026", "", "2027-2-9"} {
		if _, err := zone.ParseDate(bad); err == nil {
			t.Errorf("%q was read as a day", bad)
		}
	}
}
