package open

import (
	"strings"
	"testing"
	"time"

	"letterhead/practice"
	"letterhead/zone"
	"pgregory.net/rapid"
)

func day(t testing.TB, text string) zone.Date {
	t.Helper()
	d, err := zone.ParseDate(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func wall(t testing.TB, text string) zone.Wall {
	t.Helper()
	w, err := zone.ParseWall(text)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// Hana works on Mondays at two places in turn, and on Tuesdays; she is away for an hour once, comes on a Sunday once, and there is a holiday.
func sample(t testing.TB) Schedule {
	first := day(t, "2026-11-30") // a Monday
	return Schedule{
		Openings: []Opening{
			{Practitioner: "hana", Location: "city", Weekday: 1, Begins: 540, Ends: 1020, Weeks: 2, First: first},
			{Practitioner: "hana", Location: "coast", Weekday: 1, Begins: 600, Ends: 900, Weeks: 2, First: first.Add(7)},
			{Practitioner: "hana", Location: "city", Weekday: 2, Begins: 540, Ends: 720, Weeks: 1, First: first.Add(3), Last: day(t, "2026-12-29")},
			{Practitioner: "hana", Location: "city", Weekday: 2, Begins: 720, Ends: 1020, Weeks: 1, First: first.Add(3)},
		},
		Exceptions: []Exception{
			{Practitioner: "hana", Begins: wall(t, "2026-12-14T12:00"), Ends: wall(t, "2026-12-14T13:00"), Note: "Lunch"},
			{Practitioner: "hana", Location: "city", Open: true, Begins: wall(t, "2026-12-20T10:00"), Ends: wall(t, "2026-12-20T12:00")},
			{Begins: wall(t, "2026-12-24T12:00"), Ends: wall(t, "2026-12-27T00:00"), Note: "Closed for Christmas"},
		},
		Holidays: []Holiday{{Day: day(t, "2026-12-28"), Name: "Boxing Day"}, {Day: day(t, "2026-12-29"), Name: "Works", Works: true}, {Location: "coast", Day: day(t, "2026-12-15"), Name: "Coast Day"}},
	}
}

func TestOf(t *testing.T) {
	t.Parallel()
	s := sample(t)
	for _, c := range []struct {
		who         practice.PractitionerID
		place       practice.LocationID
		from, until string
		want        Answer
	}{
		{"hana", "city", "2026-11-30T09:00", "2026-11-30T17:00", Answer{}},
		{"hana", "city", "2026-11-30T08:55", "2026-11-30T09:30", Answer{Reason: Outside}},
		{"hana", "city", "2026-11-30T16:30", "2026-11-30T17:05", Answer{Reason: Outside}},
		{"hana", "city", "2026-12-07T10:00", "2026-12-07T11:00", Answer{Reason: Outside}}, // the other week
		{"hana", "coast", "2026-12-07T10:00", "2026-12-07T11:00", Answer{}},
		{"hana", "city", "2026-12-01T10:00", "2026-12-01T11:00", Answer{Reason: Outside}}, // before the first day
		{"hana", "city", "2026-12-08T11:30", "2026-12-08T12:30", Answer{}},                // over the edge of two that touch
		{"hana", "city", "2026-12-29T10:00", "2026-12-29T11:00", Answer{}},                // the last day, a holiday on which they work
		{"hana", "city", "2027-01-05T10:00", "2027-01-05T11:00", Answer{Reason: Outside}},
		{"hana", "city", "2026-12-14T12:30", "2026-12-14T13:30", Answer{Blocked, "Lunch"}},
		{"hana", "city", "2026-12-14T13:00", "2026-12-14T13:30", Answer{}},
		{"hana", "city", "2026-12-20T10:00", "2026-12-20T12:00", Answer{}},
		{"hana", "coast", "2026-12-20T10:00", "2026-12-20T12:00", Answer{Reason: Outside}},
		{"hana", "city", "2026-12-28T10:00", "2026-12-28T11:00", Answer{Closed, "Boxing Day"}},
		{"liam", "city", "2026-12-02T03:00", "2026-12-02T04:00", Answer{}}, // without hours: any time
		{"liam", "city", "2026-12-24T12:00", "2026-12-24T12:30", Answer{Blocked, "Closed for Christmas"}},
		{"liam", "city", "2026-12-26T23:00", "2026-12-27T01:00", Answer{Blocked, "Closed for Christmas"}},
		{"liam", "city", "2026-12-27T00:00", "2026-12-27T01:00", Answer{}},
		{"liam", "coast", "2026-12-15T00:00", "2026-12-15T01:00", Answer{Closed, "Coast Day"}},
		{"liam", "city", "2026-12-15T23:00", "2026-12-16T01:00", Answer{}},
	} {
		if have := s.Of(c.who, c.place, wall(t, c.from), wall(t, c.until)); have != c.want {
			t.Errorf("%s at %s, %s to %s: %+v, want %+v", c.who, c.place, c.from, c.until, have, c.want)
		}
	}
	if next, found := s.Next("hana", "city", wall(t, "2026-12-14T11:30"), 45); !found || next.String() != "2026-12-14T13:00" {
		t.Errorf("next: %v", next)
	}
	if next, found := s.Next("hana", "city", wall(t, "2026-12-14T16:30"), 45); !found || next.String() != "2026-12-15T09:00" {
		t.Errorf("next: %v", next)
	}
	if _, found := s.Next("hana", "nowhere", wall(t, "2026-12-14T16:30"), 45); found {
		t.Error("she works nowhere")
	}
}

// Whatever the hours: a time fits exactly where every minute of it lies in a span of its day, spans never touch one another, and the next time fits.
func TestWhateverTheHours(t *testing.T) {
	t.Parallel()
	base := day(t, "2027-03-29") // the week in which Melbourne's clocks go back
	rapid.Check(t, func(t *rapid.T) {
		date := func(name string) zone.Date { return base.Add(rapid.IntRange(0, 20).Draw(t, name)) }
		at := func(name string) zone.Wall {
			return zone.Wall{Date: date(name), Minute: rapid.IntRange(0, 95).Draw(t, name+" quarter") * 15}
		}
		var s Schedule
		for range rapid.IntRange(0, 6).Draw(t, "openings") {
			from := rapid.IntRange(0, 90).Draw(t, "from") * 15
			s.Openings = append(s.Openings, Opening{Practitioner: "hana", Location: "city", Weekday: rapid.IntRange(0, 6).Draw(t, "weekday"), Begins: from, Ends: rapid.IntRange(from/15+1, 96).Draw(t, "to") * 15,
				Weeks: rapid.IntRange(1, 4).Draw(t, "weeks"), First: date("first")})
		}
		for range rapid.IntRange(0, 4).Draw(t, "exceptions") {
			e := Exception{Begins: at("begins"), Ends: at("ends"), Open: rapid.Bool().Draw(t, "open")}
			if e.Begins.String() < e.Ends.String() {
				s.Exceptions = append(s.Exceptions, e)
			}
		}
		if rapid.Bool().Draw(t, "holiday") {
			s.Holidays = append(s.Holidays, Holiday{Day: date("holiday"), Name: "Day"})
		}
		for i := range 21 {
			spans := s.Day("hana", "city", base.Add(i))
			for j, span := range spans {
				if span.From >= span.To || span.From < 0 || span.To > 1440 || j > 0 && spans[j-1].To >= span.From && spans[j-1].To != span.From {
					t.Fatalf("%v", spans)
				}
			}
		}
		from, minutes := at("asked"), rapid.IntRange(1, 20).Draw(t, "length")*15
		if from.Minute+minutes < 1440 {
			inside := true
			for minute := from.Minute; minute < from.Minute+minutes; minute += 15 {
				in := false
				for _, span := range s.Day("hana", "city", from.Date) {
					in = in || span.From <= minute && minute+15 <= span.To
				}
				inside = inside && in
			}
			fits := s.Of("hana", "city", from, zone.Wall{Date: from.Date, Minute: from.Minute + minutes}).Reason == Fits
			if fits && !inside {
				t.Fatalf("%v for %d minutes fits and lies outside", from, minutes)
			}
		}
		if next, found := s.Next("hana", "city", from, minutes); found {
			end := zone.WallOf(time.Date(next.Date.Year, next.Date.Month, next.Date.Day, 0, next.Minute+minutes, 0, 0, time.UTC))
			if next.String() < from.String() || s.Of("hana", "city", next, end).Reason != Fits {
				t.Fatalf("the next after %v is %v", from, next)
			}
		}
	})
}

// Every line of the list of holidays is a day, regions and a name; each region has its fixed days; Easter is where it is computed to be.
func TestHolidays(t *testing.T) {
	t.Parallel()
	regions := Regions()
	if len(regions) != 8+3+1+16+1+1 {
		t.Errorf("%d regions: %v", len(regions), regions)
	}
	for _, region := range regions {
		list, err := Listed(region)
		if err != nil {
			t.Fatal(err)
		}
		years := map[int]int{}
		days := map[string]bool{}
		for i, h := range list {
			days[h.Day.String()] = true
			years[h.Day.Year]++
			if i > 0 && h.Day.Before(list[i-1].Day) || h.Name == "" || strings.Contains(h.Name, ",AU") || h.Region != region {
				t.Errorf("%s: %+v", region, h)
			}
			if strings.HasSuffix(h.Name, "Monday") && h.Day.Weekday() != time.Monday || h.Name == "Good Friday" && h.Day.Weekday() != time.Friday || h.Name == "Labour Day" && h.Day.Weekday() != time.Monday {
				t.Errorf("%s: %s on a %v", region, h.Name, h.Day.Weekday())
			}
		}
		if years[2027] < 8 || years[2028] < 8 {
			t.Errorf("%s: %v", region, years)
		}
		if region != "US" && (!days["2027-03-26"] || !days["2028-04-14"]) { // Easter Sunday is 28 March 2027 and 16 April 2028
			t.Errorf("%s has no Good Friday", region)
		}
	}
	// By hand, from the published lists.
	for region, want := range map[string][]string{
		"AU-VIC": {"2027-03-08 Labour Day", "2027-11-02 Melbourne Cup Day", "2027-12-28 Boxing Day, additional day"},
		"AU-QLD": {"2027-05-03 Labour Day", "2027-10-04 King’s Birthday"},
		"GB-ENG": {"2027-05-03 Early May bank holiday", "2027-08-30 Summer bank holiday", "2027-12-27 Christmas Day", "2028-01-03 New Year’s Day"},
		"GB-SCT": {"2026-11-30 St Andrew’s Day", "2027-01-04 2nd January", "2028-08-07 Summer bank holiday"},
		"NZ":     {"2027-02-08 Waitangi Day", "2027-06-25 Matariki", "2028-07-14 Matariki"},
		"US":     {"2026-11-26 Thanksgiving Day", "2027-06-18 Juneteenth National Independence Day", "2027-12-31 New Year’s Day"},
		"DE-SN":  {"2027-11-17 Buß- und Bettag", "2028-06-05 Pfingstmontag"},
		"CA":     {"2027-05-24 Victoria Day", "2028-05-22 Victoria Day"},
	} {
		list, err := Listed(region)
		if err != nil {
			t.Fatal(err)
		}
		have := map[string]bool{}
		for _, h := range list {
			have[h.Day.String()+" "+h.Name] = true
		}
		for _, line := range want {
			if !have[line] {
				t.Errorf("%s lacks %s", region, line)
			}
		}
	}
	if _, err := Listed("AU"); err == nil {
		t.Error("a country without its state has a list")
	}
	if _, err := Listed(""); err == nil {
		t.Error("no region has a list")
	}
}
