package repeat

import (
	"testing"
	"time"

	"letterhead/fault"
	"letterhead/zone"
	"pgregory.net/rapid"
)

func TestDays(t *testing.T) {
	t.Parallel()
	first := zone.Date{Year: 2027, Month: 1, Day: 31}
	for _, c := range []struct {
		rule Rule
		want []string
	}{
		{Rule{1, Days, 3}, []string{"2027-01-31", "2027-02-01", "2027-02-02"}},
		{Rule{2, Weeks, 3}, []string{"2027-01-31", "2027-02-14", "2027-02-28"}},
		{Rule{1, Months, 5}, []string{"2027-01-31", "2027-02-28", "2027-03-31", "2027-04-30", "2027-05-31"}}, // the number comes back after a short month
		{Rule{13, Months, 3}, []string{"2027-01-31", "2028-02-29", "2029-03-31"}},
	} {
		if err := c.rule.Check(); err != nil {
			t.Errorf("%+v: %v", c.rule, err)
		}
		days := c.rule.Days(first)
		if len(days) != len(c.want) {
			t.Fatalf("%+v: %v", c.rule, days)
		}
		for i, day := range days {
			if day.String() != c.want[i] {
				t.Errorf("%+v: %v is not %s", c.rule, day, c.want[i])
			}
		}
	}
	for _, rule := range []Rule{{0, Days, 3}, {53, Weeks, 3}, {1, "years", 3}, {1, Weeks, 1}, {1, Weeks, Most + 1}, {1, "", 2}, {-1, Months, 2}} {
		if err := rule.Check(); fault.KindOf(err) != fault.Invalid || fault.As(err).Field == "" {
			t.Errorf("%+v: %v", rule, err)
		}
	}
}

// Whatever repeats: as many days as were wanted, in order, each in the calendar, weeks on the same weekday, months on the same number or the last.
func TestWhateverRepeats(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rule := Rule{rapid.IntRange(1, 52).Draw(t, "every"), rapid.SampledFrom([]Unit{Days, Weeks, Months}).Draw(t, "unit"), rapid.IntRange(2, Most).Draw(t, "times")}
		at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, rapid.IntRange(0, 3000).Draw(t, "first"))
		first := zone.DateOf(at)
		days := rule.Days(first)
		if len(days) != rule.Times || days[0] != first {
			t.Fatalf("%v", days)
		}
		for i, day := range days {
			if read, err := zone.ParseDate(day.String()); err != nil || read != day {
				t.Fatalf("%v is no day", day)
			}
			if i > 0 && !days[i-1].Before(day) {
				t.Fatalf("%v comes before %v", day, days[i-1])
			}
			last := zone.DateOf(time.Date(day.Year, day.Month+1, 0, 0, 0, 0, 0, time.UTC)).Day
			switch rule.Unit {
			case Weeks:
				if day.Weekday() != first.Weekday() {
					t.Fatalf("%v is a %v", day, day.Weekday())
				}
			case Months:
				if day.Day != first.Day && (day.Day != last || last > first.Day) {
					t.Fatalf("%v for %v", day, first)
				}
			}
		}
	})
}
