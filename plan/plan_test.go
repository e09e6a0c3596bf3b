package plan

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"letterhead/zone"
)

func location(t testing.TB, name string) *time.Location {
	t.Helper()
	l, err := zone.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func instant(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// facts are those of a client who prefers e-mail and has an appointment in Melbourne on Thursday 17 December 2026 at 10:30, booked on 1 December.
func facts(t testing.TB, changes ...func(*Facts)) Facts {
	t.Helper()
	f := Facts{
		Practice: &Practice{Default: Email, Quiet: Quiet{From: 20 * 60, To: 8 * 60}, Rules: Starter()},
		Appointment: Appointment{ID: "a", External: "50000", Practitioner: "p", Service: "s", Location: "l", Booking: "booked", Generation: 1,
			Zone: location(t, "Australia/Melbourne"), BookedAt: instant(t, "2026-12-01T11:00:00+11:00"), KnownAt: instant(t, "2026-12-01T11:00:00+11:00")},
		Attendees: []Attendee{{ID: "t", Confirmation: "not asked", Attendance: "expected",
			Client: Client{External: "1000", Recipient: Recipient{ID: "c", Wants: "email", EmailState: "good", MobileState: "good"}}}},
	}
	at(t, "2026-12-17T10:30")(&f)
	for _, change := range changes {
		change(&f)
	}
	return f
}

func at(t testing.TB, wall string) func(*Facts) {
	w, err := zone.ParseWall(wall)
	if err != nil {
		t.Fatal(err)
	}
	return func(f *Facts) {
		f.Appointment.Wall, f.Appointment.Starts = w, zone.At(w, f.Appointment.Zone)
	}
}

// show writes lines as "rule channel recipient due verdict reason", without those that begin with a word of hide.
func show(lines []Line) string {
	var out []string
	for _, l := range lines {
		due := "-"
		if !l.Due.IsZero() {
			due = l.Due.Format("2006-01-02T15:04Z07:00")
		}
		out = append(out, fmt.Sprintf("%s %s %s %s %s %s", l.Rule, l.Channel, l.Recipient, due, l.Verdict, l.Reason))
	}
	return strings.Join(out, "\n")
}

func only(lines []Line, rule string) []Line {
	var out []Line
	for _, l := range lines {
		if l.Rule == rule {
			out = append(out, l)
		}
	}
	return out
}

const beforeAll = "2026-12-01T11:00:00+11:00"

func TestTheStarterRules(t *testing.T) {
	t.Parallel()
	got := show(Plan(facts(t), instant(t, beforeAll)))
	want := strings.Join([]string{
		"booked email c 2026-12-01T11:03+11:00 send planned",
		"reminder-7-days email c 2026-12-10T10:00+11:00 send planned",
		"reminder-2-days email c 2026-12-15T10:00+11:00 send planned",
	}, "\n")
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func person(change func(*Client)) func(*Facts) {
	return func(f *Facts) { change(&f.Attendees[0].Client) }
}

func wants(what string) func(*Facts) { return person(func(c *Client) { c.Wants = what }) }

func byDefault(c Channel) func(*Facts) {
	return func(f *Facts) {
		p := *f.Practice
		p.Default = c
		f.Practice = &p
	}
}

func rules(t testing.TB, contents ...string) func(*Facts) {
	t.Helper()
	var list []Rule
	for i, text := range contents {
		c, err := ParseContent([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, Rule{Key: fmt.Sprintf("r%d", i), Content: c})
	}
	return func(f *Facts) {
		p := *f.Practice
		p.Rules = list
		f.Practice = &p
	}
}

func TestPreferenceConsentAndAddress(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name           string
		change         []func(*Facts)
		seven, two     string
		sevenB, twoSMS string
	}{
		{"email", nil, "email send planned", "email send planned", "", ""},
		{"empty means the default, e-mail", []func(*Facts){wants("")}, "email send planned", "email send planned", "", ""},
		{"empty, default SMS", []func(*Facts){wants(""), byDefault(SMS)}, "email skip prefers-sms", "sms send planned", "", ""},
		{"empty, no default", []func(*Facts){wants(""), byDefault("")}, "email skip prefers-none", "email skip prefers-none", "", ""},
		{"sms", []func(*Facts){wants("sms")}, "email skip prefers-sms", "sms send planned", "", ""},
		{"both", []func(*Facts){wants("both")}, "email send planned", "email send planned", "", "sms send planned"},
		{"none", []func(*Facts){wants("none")}, "email skip prefers-none", "email skip prefers-none", "", ""},
		{"none, default SMS", []func(*Facts){wants("none"), byDefault(SMS)}, "email skip prefers-none", "sms skip prefers-none", "", ""},
		{"no e-mail", []func(*Facts){person(func(c *Client) { c.EmailState = "none" })}, "email skip no-email-address", "email skip no-email-address", "", ""},
		{"bad e-mail", []func(*Facts){person(func(c *Client) { c.EmailState = "bad" })}, "email skip bad-email-address", "email skip bad-email-address", "", ""},
		{"no mobile", []func(*Facts){wants("both"), person(func(c *Client) { c.MobileState = "none" })}, "email send planned", "email send planned", "", "sms skip no-mobile-number"},
		{"bad mobile", []func(*Facts){wants("sms"), person(func(c *Client) { c.MobileState = "bad" })}, "email skip prefers-sms", "sms skip bad-mobile-number", "", ""},
		{"archived", []func(*Facts){person(func(c *Client) { c.Archived = true })}, "email skip client-archived", "email skip client-archived", "", ""},
		{"e-mail withdrawn", []func(*Facts){wants("both"), person(func(c *Client) { c.NoEmail = true })}, "email skip consent-withdrawn", "email skip consent-withdrawn", "", "sms send planned"},
		{"SMS withdrawn", []func(*Facts){wants("both"), person(func(c *Client) { c.NoSMS = true })}, "email send planned", "email send planned", "", "sms skip consent-withdrawn"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			lines := Plan(facts(t, c.change...), instant(t, beforeAll))
			compare := func(rule string, want ...string) {
				var got, wanted []string
				for _, l := range only(lines, rule) {
					got = append(got, fmt.Sprintf("%s %s %s", l.Channel, l.Verdict, l.Reason))
				}
				for _, w := range want {
					if w != "" {
						wanted = append(wanted, w)
					}
				}
				if strings.Join(got, "; ") != strings.Join(wanted, "; ") {
					t.Errorf("%s: %s, want %s", rule, got, wanted)
				}
			}
			compare("reminder-7-days", c.seven, c.sevenB)
			compare("reminder-2-days", c.two, c.twoSMS)
		})
	}
}

func TestFallBackOnlyWhereTheRuleSaysSo(t *testing.T) {
	t.Parallel()
	rule := rules(t, `{"trigger":{"kind":"days before","days":2,"at":"10:00"},"channel":"preference","fall_back":true}`)
	for name, c := range map[string]struct {
		change func(*Client)
		want   string
	}{
		"address there":       {func(*Client) {}, "email send planned"},
		"other channel":       {func(c *Client) { c.EmailState = "bad" }, "sms send other-channel"},
		"neither":             {func(c *Client) { c.EmailState, c.MobileState = "bad", "none" }, "email skip bad-email-address"},
		"other one withdrawn": {func(c *Client) { c.EmailState, c.NoSMS = "none", true }, "email skip no-email-address"},
		"withdrawn stays so":  {func(c *Client) { c.NoEmail = true }, "email skip consent-withdrawn"},
		"both: one is enough": {func(c *Client) { c.Wants, c.EmailState = "both", "none" }, "email skip no-email-address sms send planned"},
		"none stays none":     {func(c *Client) { c.Wants, c.EmailState = "none", "none" }, "email skip prefers-none"},
	} {
		var got []string
		for _, l := range Plan(facts(t, rule, person(c.change)), instant(t, beforeAll)) {
			got = append(got, fmt.Sprintf("%s %s %s", l.Channel, l.Verdict, l.Reason))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, want %s", name, got, c.want)
		}
	}
}

func TestStatus(t *testing.T) {
	t.Parallel()
	cancelled := func(f *Facts) {
		f.Appointment.Booking, f.Appointment.CancelledAt = "cancelled", instant(t, "2026-12-05T12:00:00+11:00")
	}
	attendance := func(what string) func(*Facts) { return func(f *Facts) { f.Attendees[0].Attendance = what } }
	for _, c := range []struct {
		name     string
		now      string
		change   []func(*Facts)
		reminder string
		cancel   string
	}{
		{"booked", beforeAll, nil, "send planned", ""},
		{"confirmed", beforeAll, []func(*Facts){func(f *Facts) { f.Attendees[0].Confirmation = "confirmed" }}, "send planned", ""},
		{"declined", beforeAll, []func(*Facts){func(f *Facts) { f.Attendees[0].Confirmation = "declined" }}, "skip declined", ""},
		{"answer to be read", beforeAll, []func(*Facts){func(f *Facts) { f.Attendees[0].Confirmation = "check reply" }}, "send planned", ""},
		{"arrived", beforeAll, []func(*Facts){attendance("arrived")}, "skip arrived", ""},
		{"attended", beforeAll, []func(*Facts){attendance("attended")}, "skip arrived", ""},
		{"no show", beforeAll, []func(*Facts){attendance("no show")}, "skip no-show", ""},
		{"rescheduled", beforeAll, []func(*Facts){func(f *Facts) { f.Appointment.Booking = "rescheduled" }}, "skip appointment-rescheduled", ""},
		{"in error", beforeAll, []func(*Facts){func(f *Facts) { f.Appointment.Booking = "entered in error" }}, "skip entered-in-error", ""},
		{"past", "2026-12-17T10:30:00+11:00", nil, "skip appointment-past", ""},
		{"cancelled", "2026-12-05T12:00:00+11:00", []func(*Facts){cancelled}, "skip appointment-cancelled", "2026-12-05T12:03+11:00 send planned"},
		{"cancelled elsewhere", beforeAll, []func(*Facts){func(f *Facts) { f.Appointment.Booking = "cancelled" }}, "skip appointment-cancelled", "- skip imported"},
		{"cancelled before anybody was told", beforeAll, []func(*Facts){cancelled, func(f *Facts) { f.Appointment.CancelledAt = f.Appointment.BookedAt.Add(2 * time.Minute) }},
			"skip appointment-cancelled", "2026-12-01T11:05+11:00 skip never-announced"},
		{"cancelled because the client has died", beforeAll, []func(*Facts){cancelled, func(f *Facts) { f.Appointment.CancelReason = "died" }}, "skip appointment-cancelled", "2026-12-05T12:03+11:00 skip client-died"},
		{"cancelled after it began", "2026-12-17T11:00:00+11:00", []func(*Facts){cancelled, func(f *Facts) { f.Appointment.CancelledAt = f.Appointment.Starts.Add(time.Minute) }},
			"skip appointment-cancelled", "2026-12-17T10:34+11:00 skip appointment-past"},
	} {
		lines := Plan(facts(t, c.change...), instant(t, c.now))
		two := only(lines, "reminder-2-days")[0]
		if got := fmt.Sprintf("%s %s", two.Verdict, two.Reason); got != c.reminder {
			t.Errorf("%s: reminder %s, want %s", c.name, got, c.reminder)
		}
		if got := strings.TrimPrefix(show(only(lines, "cancelled")), "cancelled email c "); got != c.cancel {
			t.Errorf("%s: cancelled %q, want %q", c.name, got, c.cancel)
		}
	}
}

func TestFilters(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]string{
		`"services":["s"],"locations":["x","l"],"practitioners":["p"]`: "send planned",
		`"services":["other"]`:                    "skip rule-service",
		`"locations":["other"]`:                   "skip rule-location",
		`"practitioners":["other"]`:               "skip rule-practitioner",
		`"statuses":["booked","arrived"]`:         "skip rule-status",
		`"statuses":["booked","confirmed"]`:       "send planned",
		`"only_unconfirmed":true`:                 "skip already-confirmed",
		`"quiet_from":"09:00","quiet_to":"12:00"`: "send earlier-for-quiet-hours",
	} {
		rule := rules(t, `{"trigger":{"kind":"days before","days":2,"at":"10:00"},"channel":"email",`+content+`}`)
		f := facts(t, rule, func(f *Facts) { f.Attendees[0].Confirmation = "confirmed" })
		l := Plan(f, instant(t, beforeAll))[0]
		if got := fmt.Sprintf("%s %s", l.Verdict, l.Reason); got != want {
			t.Errorf("%s: %s, want %s", content, got, want)
		}
	}
}

func TestContactsReceiveToo(t *testing.T) {
	t.Parallel()
	f := facts(t, func(f *Facts) {
		f.Attendees[0].Contacts = []Recipient{
			{ID: "mother", Wants: "both", EmailState: "good", MobileState: "good", Zone: location(t, "Europe/London")},
			{ID: "carer", Wants: "sms", EmailState: "good", MobileState: "none"},
		}
		f.Attendees[0].Client.NoEmail = true // the client's own choice, not the contacts'
	})
	want := strings.Join([]string{
		"reminder-2-days email c 2026-12-15T10:00+11:00 skip consent-withdrawn",
		"reminder-2-days email mother 2026-12-15T06:59+11:00 send earlier-for-quiet-hours",
		"reminder-2-days sms mother 2026-12-15T06:59+11:00 send earlier-for-quiet-hours",
		"reminder-2-days sms carer 2026-12-15T10:00+11:00 skip no-mobile-number",
	}, "\n")
	if got := show(only(Plan(f, instant(t, beforeAll)), "reminder-2-days")); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// The clock changes on 4 April 2027 in Melbourne (back), 28 March in Dublin and 14 March in New York (forward), 30 April in Cairo at midnight.
func TestDaysAreCalendarDays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		zone, wall, trigger, due string
	}{
		{"Australia/Melbourne", "2027-04-05T09:00", `"kind":"days before","days":2,"at":"10:00"`, "2027-04-03T10:00+11:00"},
		{"Australia/Melbourne", "2027-04-06T09:00", `"kind":"days before","days":2,"at":"10:00"`, "2027-04-04T10:00+10:00"},
		{"Australia/Melbourne", "2027-04-05T09:00", `"kind":"days before","days":1,"at":"02:30"`, "2027-04-04T02:30+11:00"}, // occurs twice: the first
		{"Europe/Dublin", "2027-03-30T14:00", `"kind":"days before","days":2,"at":"10:00"`, "2027-03-28T10:00+01:00"},
		{"Europe/Dublin", "2027-03-29T14:00", `"kind":"days before","days":1,"at":"01:30"`, "2027-03-28T02:00+01:00"}, // does not occur
		{"America/New_York", "2027-03-15T08:00", `"kind":"days before","days":1,"at":"02:30"`, "2027-03-14T03:00-04:00"},
		{"America/New_York", "2027-03-15T08:00", `"kind":"hours before","hours":48`, "2027-03-13T07:00-05:00"}, // true hours
		{"Africa/Cairo", "2027-05-01T08:00", `"kind":"days before","days":1,"at":"00:30"`, "2027-04-30T01:00+03:00"},
		{"Africa/Cairo", "2027-05-02T08:00", `"kind":"days before","days":2,"at":"10:00"`, "2027-04-30T10:00+03:00"},
		{"Australia/Melbourne", "2027-03-01T09:00", `"kind":"days before","days":2,"at":"10:00"`, "2027-02-27T10:00+11:00"},
		{"Australia/Melbourne", "2027-04-03T09:00", `"kind":"days after","days":1,"at":"10:00"`, "2027-04-04T10:00+10:00"},
		{"Australia/Lord_Howe", "2026-10-05T09:00", `"kind":"days before","days":1,"at":"02:15"`, "2026-10-04T02:30+11:00"},
	} {
		f := facts(t, rules(t, `{"trigger":{`+c.trigger+`},"channel":"email","quiet_from":"00:00","quiet_to":"00:00"}`), func(f *Facts) {
			f.Appointment.Zone = location(t, c.zone)
			at(t, c.wall)(f)
			f.Appointment.BookedAt = instant(t, "2026-01-01T00:00:00Z")
		})
		if got := Plan(f, instant(t, "2026-01-02T00:00:00Z"))[0].Due.Format("2006-01-02T15:04Z07:00"); got != c.due {
			t.Errorf("%s %s %s: %s, want %s", c.zone, c.wall, c.trigger, got, c.due)
		}
	}
}

func TestQuietHoursInTheRecipientsZone(t *testing.T) {
	t.Parallel()
	lives := func(name string) func(*Facts) {
		return person(func(c *Client) { c.Zone = location(t, name) })
	}
	for _, c := range []struct {
		name   string
		rule   string
		change []func(*Facts)
		now    string
		want   string
	}{
		{"at home", `"kind":"days before","days":2,"at":"10:00"`, nil, beforeAll, "2026-12-15T10:00+11:00 send planned"},
		{"London: 23:00 the evening before", `"kind":"days before","days":2,"at":"10:00"`, []func(*Facts){lives("Europe/London")}, beforeAll, "2026-12-15T06:59+11:00 send earlier-for-quiet-hours"},
		{"Kolkata: 4:30 in the morning", `"kind":"days before","days":2,"at":"10:00"`, []func(*Facts){lives("Asia/Kolkata")}, beforeAll, "2026-12-15T01:29+11:00 send earlier-for-quiet-hours"},
		{"Auckland: noon", `"kind":"days before","days":2,"at":"10:00"`, []func(*Facts){lives("Pacific/Auckland")}, beforeAll, "2026-12-15T10:00+11:00 send planned"},
		{"8:00 is allowed", `"kind":"days before","days":2,"at":"08:00"`, nil, beforeAll, "2026-12-15T08:00+11:00 send planned"},
		{"7:59 is not", `"kind":"days before","days":2,"at":"07:59"`, nil, beforeAll, "2026-12-14T19:59+11:00 send earlier-for-quiet-hours"},
		{"20:00 is not", `"kind":"days before","days":2,"at":"20:00"`, nil, beforeAll, "2026-12-15T19:59+11:00 send earlier-for-quiet-hours"},
		{"3 hours before 10:30", `"kind":"hours before","hours":3`, nil, beforeAll, "2026-12-16T19:59+11:00 send earlier-for-quiet-hours"},
		{"booked that night", `"kind":"hours before","hours":3`, []func(*Facts){booked(t, "2026-12-16T21:00:00+11:00")}, "2026-12-16T21:00:00+11:00", "2026-12-16T19:59+11:00 skip quiet-hours-before-booking"},
		{"planned only now", `"kind":"hours before","hours":3`, nil, "2026-12-16T21:00:00+11:00", "2026-12-16T19:59+11:00 skip quiet-hours-past"},
		{"planned before, server down: in the morning", `"kind":"hours before","hours":3`, []func(*Facts){stands("2026-12-16T19:59:00+11:00", t)}, "2026-12-16T21:00:00+11:00", "2026-12-16T19:59+11:00 send late"},
		{"morning too late", `"kind":"hours before","hours":3`, []func(*Facts){at(t, "2026-12-17T08:10"), stands("2026-12-16T19:59:00+11:00", t)}, "2026-12-16T21:00:00+11:00", "2026-12-16T19:59+11:00 skip quiet-hours-too-late"},
	} {
		f := facts(t, append([]func(*Facts){rules(t, `{"trigger":{`+c.rule+`},"channel":"email"}`)}, c.change...)...)
		l := Plan(f, instant(t, c.now))[0]
		if got := strings.TrimPrefix(show([]Line{l}), "r0 email c "); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func booked(t testing.TB, when string) func(*Facts) {
	return func(f *Facts) { f.Appointment.BookedAt, f.Appointment.KnownAt = instant(t, when), instant(t, when) }
}

// stands puts an open due row of the first rule there.
func stands(due string, t testing.TB) func(*Facts) {
	return func(f *Facts) {
		f.Past = append(f.Past, Past{Attendee: "t", Recipient: "c", Channel: Email, Rule: "r0", Generation: 1, DueAt: instant(t, due), State: "open"})
	}
}

func TestTimeOfBooking(t *testing.T) {
	t.Parallel()
	imported := func(known string) func(*Facts) {
		return func(f *Facts) { f.Appointment.BookedAt, f.Appointment.KnownAt = time.Time{}, instant(t, known) }
	}
	for _, c := range []struct {
		name, now string
		change    func(*Facts)
		seven     string
	}{
		{"booked a minute too late", "2026-12-10T10:01:00+11:00", booked(t, "2026-12-10T10:01:00+11:00"), "skip booked-later"},
		{"booked at that instant", "2026-12-10T10:00:00+11:00", booked(t, "2026-12-10T10:00:00+11:00"), "send planned"},
		{"moved after it", "2026-12-11T09:00:00+11:00", func(f *Facts) { f.Appointment.MovedAt = instant(t, "2026-12-11T09:00:00+11:00") }, "skip moved-later"},
		{"imported before", beforeAll, imported("2026-11-21T19:00:00+11:00"), "send planned"},
		{"imported after", "2026-12-12T09:00:00+11:00", imported("2026-12-11T19:00:00+11:00"), "skip imported-later"},
		{"asked about a time before the import", "2026-12-10T10:00:00+11:00", imported("2027-01-11T19:00:00+11:00"), "send planned"},
		{"rule made after", "2026-12-12T09:00:00+11:00", func(f *Facts) {
			p := *f.Practice
			p.Rules = Starter()
			p.Rules[3].Changed = instant(t, "2026-12-12T08:00:00+11:00")
			f.Practice = &p
		}, "skip rule-later"},
	} {
		l := only(Plan(facts(t, c.change), instant(t, c.now)), "reminder-7-days")[0]
		if got := fmt.Sprintf("%s %s", l.Verdict, l.Reason); got != c.seven {
			t.Errorf("%s: %s, want %s", c.name, got, c.seven)
		}
	}
	lines := Plan(facts(t, imported(beforeAll)), instant(t, beforeAll))
	if got := show(only(lines, "booked")); got != "booked email c - skip imported" {
		t.Errorf("an imported appointment's confirmation: %s", got)
	}
}

func TestBacklog(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		now, seven, two, next string
	}{
		{"2026-12-10T10:05:00+11:00", "send planned", "send planned", "2026-12-10T10:05+11:00"},
		{"2026-12-12T12:00:00+11:00", "send late", "send planned", "2026-12-12T12:00+11:00"},
		{"2026-12-12T03:00:00+11:00", "send late", "send planned", "2026-12-12T08:00+11:00"}, // the morning
		{"2026-12-14T21:00:00+11:00", "send late", "send planned", "2026-12-15T08:00+11:00"},
		{"2026-12-15T10:00:00+11:00", "skip next-reminder", "send planned", ""},
		{"2026-12-16T22:00:00+11:00", "skip next-reminder", "send late", ""},
		{"2026-12-17T10:14:59+11:00", "skip next-reminder", "send late", ""},
		{"2026-12-17T10:15:00+11:00", "skip too-late", "skip too-late", ""},
		{"2026-12-17T10:30:00+11:00", "skip appointment-past", "skip appointment-past", ""},
	} {
		lines := Plan(facts(t), instant(t, c.now))
		seven, two := only(lines, "reminder-7-days")[0], only(lines, "reminder-2-days")[0]
		if got := fmt.Sprintf("%s %s", seven.Verdict, seven.Reason); got != c.seven {
			t.Errorf("%s: seven days: %s, want %s", c.now, got, c.seven)
		}
		if got := fmt.Sprintf("%s %s", two.Verdict, two.Reason); got != c.two {
			t.Errorf("%s: two days: %s, want %s", c.now, got, c.two)
		}
		if got := seven.Next.In(seven.Due.Location()).Format("2006-01-02T15:04Z07:00"); c.next != "" && got != c.next {
			t.Errorf("%s: goes at %s, want %s", c.now, got, c.next)
		}
	}
}

func TestChangesAndConfirmations(t *testing.T) {
	t.Parallel()
	moved := func(when string) func(*Facts) {
		return func(f *Facts) { f.Appointment.MovedAt, f.Appointment.Generation = instant(t, when), 2 }
	}
	told := func(generation int64) func(*Facts) {
		return func(f *Facts) {
			f.Past = append(f.Past, Past{Attendee: "t", Recipient: "c", Channel: Email, Rule: "booked", Generation: generation, State: "sent", DueAt: instant(t, "2026-12-01T11:03:00+11:00")})
		}
	}
	for _, c := range []struct {
		name, now       string
		change          []func(*Facts)
		booked, changed string
	}{
		{"moved within the three minutes: one message with the new time", "2026-12-01T11:01:00+11:00", []func(*Facts){moved("2026-12-01T11:01:00+11:00")},
			"2026-12-01T11:04+11:00 send planned", "2026-12-01T11:04+11:00 skip part-of-booking"},
		{"moved again after that one was sent", "2026-12-01T11:30:00+11:00", []func(*Facts){moved("2026-12-01T11:30:00+11:00"), told(1)},
			"2026-12-01T11:03+11:00 skip already-sent", "2026-12-01T11:33+11:00 send planned"},
		{"sent with the new time", "2026-12-01T11:05:00+11:00", []func(*Facts){moved("2026-12-01T11:01:00+11:00"), told(2)},
			"2026-12-01T11:03+11:00 send already-sent", "2026-12-01T11:04+11:00 skip part-of-booking"},
		{"confirmation never went, moved a week later", "2026-12-08T09:00:00+11:00", []func(*Facts){moved("2026-12-08T09:00:00+11:00")},
			"2026-12-01T11:03+11:00 skip too-late", "2026-12-08T09:03+11:00 send planned"},
		{"e-mail goes at night", "2026-12-03T23:00:00+11:00", []func(*Facts){booked(t, "2026-12-03T23:00:00+11:00")}, "2026-12-03T23:03+11:00 send planned", ""},
	} {
		lines := Plan(facts(t, c.change...), instant(t, c.now))
		if got := strings.TrimPrefix(show(only(lines, "booked")), "booked email c "); got != c.booked {
			t.Errorf("%s: booked %s, want %s", c.name, got, c.booked)
		}
		if got := strings.TrimPrefix(show(only(lines, "changed")), "changed email c "); got != c.changed {
			t.Errorf("%s: changed %s, want %s", c.name, got, c.changed)
		}
	}
}

func TestTextMessagesAtNightWaitUnlessTheyWouldBeTooLate(t *testing.T) {
	t.Parallel()
	const night = "2026-12-16T22:00:00+11:00"
	early := at(t, "2026-12-17T07:30")
	for _, c := range []struct {
		name   string
		change []func(*Facts)
		rule   string
		want   string
	}{
		{"booked, tomorrow at 10:30", []func(*Facts){booked(t, night)}, "booked", "2026-12-17T08:00+11:00 send morning-after-quiet-hours"},
		{"booked, tomorrow at 7:30", []func(*Facts){booked(t, night), early}, "booked", "2026-12-16T22:03+11:00 skip quiet-hours-too-late"},
		{"changed to 10:30", []func(*Facts){func(f *Facts) { f.Appointment.MovedAt = instant(t, night) }}, "changed", "2026-12-17T08:00+11:00 send morning-after-quiet-hours"},
		{"changed to 7:30", []func(*Facts){func(f *Facts) { f.Appointment.MovedAt = instant(t, night) }, early}, "changed", "2026-12-16T22:03+11:00 send planned"},
		{"cancelled, it was at 7:30", []func(*Facts){func(f *Facts) { f.Appointment.Booking, f.Appointment.CancelledAt = "cancelled", instant(t, night) }, early}, "cancelled", "2026-12-16T22:03+11:00 send planned"},
	} {
		f := facts(t, append([]func(*Facts){wants("sms")}, c.change...)...)
		got := strings.TrimPrefix(show(only(Plan(f, instant(t, night)), c.rule)), c.rule+" sms c ")
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func BenchmarkPlan(b *testing.B) {
	f := facts(b)
	now := instant(b, beforeAll)
	b.ReportAllocs()
	for b.Loop() {
		Plan(f, now)
	}
}

func BenchmarkPlanMoved(b *testing.B) {
	f := facts(b, wants("both"), person(func(c *Client) { c.Zone = location(b, "Europe/London") }), func(f *Facts) {
		f.Appointment.MovedAt = f.Appointment.BookedAt.Add(48 * time.Hour)
	})
	now := instant(b, beforeAll)
	b.ReportAllocs()
	for b.Loop() {
		Plan(f, now)
	}
}
