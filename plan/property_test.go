package plan

import (
	"fmt"
	"testing"
	"time"

	"letterhead/zone"
	"pgregory.net/rapid"
)

var someZones = []string{"Australia/Melbourne", "Australia/Lord_Howe", "Europe/London", "Europe/Dublin", "Asia/Kolkata", "Pacific/Auckland", "America/New_York", "Africa/Cairo", "Pacific/Apia", "America/St_Johns"}

func anyOf[T any](r *rapid.T, name string, from ...T) T { return rapid.SampledFrom(from).Draw(r, name) }

// anyFacts draws facts in the year around which clocks change in all these zones.
func anyFacts(t *testing.T, r *rapid.T) Facts {
	home := location(t, anyOf(r, "zone", someZones...))
	wall := zone.Wall{Date: zone.Date{Year: 2026, Month: 9, Day: 1}.Add(rapid.IntRange(0, 300).Draw(r, "day")), Minute: rapid.IntRange(0, 1439).Draw(r, "minute")}
	starts := zone.At(wall, home)
	ago := func(name string) time.Time {
		if rapid.IntRange(0, 2).Draw(r, name+"?") == 0 {
			return time.Time{}
		}
		return starts.Add(-time.Duration(rapid.IntRange(0, 20*24*60).Draw(r, name)) * time.Minute)
	}
	f := Facts{Appointment: Appointment{ID: "a", Practitioner: "p", Service: "s", Location: "l", Wall: wall, Zone: home, Starts: starts, Generation: 3,
		Booking: anyOf(r, "booking", "booked", "booked", "booked", "cancelled", "rescheduled"), BookedAt: ago("booked")}}
	f.Appointment.KnownAt = later(f.Appointment.BookedAt, starts.Add(-30*24*time.Hour))
	if moved := ago("moved"); !moved.IsZero() {
		f.Appointment.MovedAt = later(moved, f.Appointment.BookedAt)
	}
	if f.Appointment.Booking == "cancelled" {
		f.Appointment.CancelledAt = ago("cancelled")
	}
	quiet := Quiet{From: rapid.IntRange(0, 1439).Draw(r, "from"), To: rapid.IntRange(0, 1439).Draw(r, "to")}
	if rapid.Bool().Draw(r, "usual night") {
		quiet = Quiet{From: 20 * 60, To: 8 * 60}
	}
	f.Practice = &Practice{Default: anyOf(r, "default", Email, SMS, ""), Quiet: quiet, Rules: append(Starter(), moreRules(t)...)}
	person := func(id string) Recipient {
		p := Recipient{ID: id, Wants: anyOf(r, id+" wants", "", "email", "sms", "both", "none"), EmailState: anyOf(r, id+" email", "good", "good", "bad", "none"), MobileState: anyOf(r, id+" mobile", "good", "good", "bad")}
		if name := anyOf(r, id+" zone", append(someZones, "")...); name != "" {
			p.Zone = location(t, name)
		}
		return p
	}
	for i := range rapid.IntRange(1, 2).Draw(r, "attendees") {
		a := Attendee{ID: fmt.Sprint("t", i), Confirmation: anyOf(r, "confirmation", "not asked", "confirmed", "declined"), Attendance: anyOf(r, "attendance", "expected", "expected", "arrived", "no show"),
			Client: Client{Recipient: person(fmt.Sprint("c", i)), Archived: rapid.IntRange(0, 9).Draw(r, "archived") == 0, NoSMS: rapid.Bool().Draw(r, "no sms")}}
		if rapid.Bool().Draw(r, "contact") {
			a.Contacts = []Recipient{person("mother")}
		}
		f.Attendees = append(f.Attendees, a)
	}
	return f
}

func moreRules(t *testing.T) []Rule {
	var out []Rule
	for i, text := range []string{
		`{"trigger":{"kind":"hours before","hours":3},"channel":"sms","fall_back":true}`,
		`{"trigger":{"kind":"days before","days":0,"at":"07:30"},"channel":"preference","only_unconfirmed":true}`,
		`{"trigger":{"kind":"days before","days":1,"at":"02:30"},"channel":"preference"}`,
		`{"trigger":{"kind":"days after","days":1,"at":"21:00"},"channel":"email"}`,
	} {
		c, err := ParseContent([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, Rule{Key: fmt.Sprint("more-", i), Content: c})
	}
	return out
}

func TestWhateverTheFacts(t *testing.T) {
	t.Parallel()
	kinds := map[string]Kind{}
	for _, r := range append(Starter(), moreRules(t)...) {
		kinds[r.Key] = r.Trigger.Kind
	}
	rapid.Check(t, func(r *rapid.T) {
		f := anyFacts(t, r)
		a := &f.Appointment
		now := a.Starts.Add(time.Duration(rapid.IntRange(-25*24*60, 5*24*60).Draw(r, "now")) * time.Minute)
		seen := map[string]bool{}
		home := map[string]*time.Location{}
		for _, attendee := range f.Attendees {
			for _, p := range append([]Recipient{attendee.Client.Recipient}, attendee.Contacts...) {
				home[attendee.ID+p.ID] = a.Zone
				if p.Zone != nil {
					home[attendee.ID+p.ID] = p.Zone
				}
			}
		}
		for _, l := range Plan(f, now) {
			key := l.Attendee + "|" + l.Recipient + "|" + string(l.Channel) + "|" + l.Rule
			if seen[key] {
				r.Fatalf("two lines of %s", key)
			}
			seen[key] = true
			if l.Reason == "" || l.Verdict != Send && l.Verdict != Skip {
				r.Fatalf("%+v", l)
			}
			if l.Verdict != Send {
				continue
			}
			kind := kinds[l.Rule]
			theirs := home[l.Attendee+l.Recipient]
			switch {
			case l.Next.Before(now) && l.Next.Before(l.Due):
				r.Fatalf("%s goes at %s, before it is due", l.Rule, l.Next)
			case !l.Next.Before(l.Until):
				r.Fatalf("%s goes at %s and is of use until %s", l.Rule, l.Next, l.Until)
			case !kind.event() && (f.Practice.Quiet.quietAt(l.Due, theirs) || f.Practice.Quiet.quietAt(l.Next, theirs)):
				r.Fatalf("%s goes to %s at night: due %s, goes %s", l.Rule, l.Recipient, l.Due.In(theirs), l.Next.In(theirs))
			case kind.reminder() && (!l.Next.Before(a.Starts) || l.Until.After(a.Starts)):
				r.Fatalf("%s goes after the start", l.Rule)
			case kind.reminder() && (l.Due.Before(a.BookedAt) || l.Due.Before(a.MovedAt)):
				r.Fatalf("%s is due before the booking or the move", l.Rule)
			case kind != OnCancelled && a.Booking != "booked":
				r.Fatalf("%s for an appointment that is %s", l.Rule, a.Booking)
			case kind == OnCancelled && a.Booking != "cancelled":
				r.Fatalf("told of a cancellation that is none")
			case kind.reminder() && !now.Before(a.Starts):
				r.Fatalf("a reminder of what has begun")
			}
		}
	})
}

// Planned at booking and planned again at its instant: the answer stays the same while the facts do.
func TestThePlanIsKeptWhenItsInstantComes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		f := anyFacts(t, r)
		a := &f.Appointment
		first := later(a.KnownAt, later(a.MovedAt, a.CancelledAt))
		for _, l := range Plan(f, first) {
			if l.Verdict != Send {
				continue
			}
			again := f
			again.Past = []Past{{Attendee: l.Attendee, Recipient: l.Recipient, Channel: l.Channel, Rule: l.Rule, Generation: l.Generation, DueAt: l.Due, State: "open"}}
			then := find(Plan(again, l.Next), &again.Past[0])
			if then == nil || then.Verdict != Send || then.Next.After(l.Next) {
				r.Fatalf("%s to %s was to go at %s; then: %+v", l.Rule, l.Recipient, l.Next, then)
			}
		}
	})
}

func TestQuietHoursMoveToAnAllowedMinute(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		q := Quiet{From: rapid.IntRange(0, 1439).Draw(r, "from"), To: rapid.IntRange(0, 1439).Draw(r, "to")}
		l := location(t, anyOf(r, "zone", someZones...))
		at := instant(t, "2026-09-01T00:00:00Z").Add(time.Duration(rapid.IntRange(0, 300*24*60).Draw(r, "minute")) * time.Minute)
		if !q.quietAt(at, l) {
			if !q.Morning(at, l).Equal(at) {
				r.Fatal("moved what was allowed")
			}
			return
		}
		if b := q.before(at, l); !b.Before(at) || q.quietAt(b, l) || at.Sub(b) > 26*time.Hour {
			r.Fatalf("before %s: %s", at.In(l), b.In(l))
		}
		if n := q.Morning(at, l); !n.After(at) || q.quietAt(n, l) || n.Sub(at) > 26*time.Hour {
			r.Fatalf("after %s: %s", at.In(l), n.In(l))
		}
	})
}
