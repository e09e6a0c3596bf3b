package text

import (
	"strings"
	"testing"
	"time"
)

func TestDates(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 9, 5, 0, 0, time.UTC)
	first := time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC)
	next := time.Date(2027, 1, 3, 14, 6, 0, 0, time.UTC)
	c := For("en")
	for _, line := range []struct{ have, want string }{
		{c.LongDay(first, now), "Tuesday 1 December"},
		{c.LongDay(next, now), "Sunday 3 January 2027"},
		{c.ShortDay(first, now), "Tue 1 Dec"},
		{c.Moment(next, now), "Sun 3 Jan 2027, 14:06"},
		{c.Clock(now), "9:05"},
		{c.Clock(first), "10:00"},
		{c.Minutes(45), "45 min"},
		{c.Minutes(60), "1 h"},
		{c.Minutes(90), "1 h 30 min"},
		{c.Place("America/Argentina/Buenos_Aires"), "Buenos Aires"},
		{c.Place("UTC"), "UTC"},
		{c.Number(0), "0"},
		{c.Number(999), "999"},
		{c.Number(1204), "1,204"},
		{c.Number(-1234567), "-1,234,567"},
		{c.Count("form.mend", 1), "One thing to mend"},
		{c.Count("form.mend", 1200), "1,200 things to mend"},
		{c.Say("no.such"), "no.such"},
	} {
		if line.have != line.want {
			t.Errorf("have %q, want %q", line.have, line.want)
		}
	}
}

// LOOK.md: no exclamation marks, no "oops", nothing empty.
func TestTone(t *testing.T) {
	t.Parallel()
	for key, sentence := range english.sentences {
		if strings.TrimSpace(sentence) == "" || strings.Contains(sentence, "!") || strings.Contains(strings.ToLower(sentence), "oops") {
			t.Errorf("%s: %q", key, sentence)
		}
	}
}
