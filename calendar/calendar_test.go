package calendar_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"letterhead/calendar"
	"letterhead/client"
	"letterhead/fault"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/testkit"
	"letterhead/vault"
	"letterhead/zone"
)

var ctx = context.Background()

// clinic is a practice with a practitioner, a service, two locations and two clients. Its clock stands.
type clinic struct {
	t     testing.TB
	db    *store.DB
	clock *testkit.Clock
	actor store.Actor
	hana  practice.PractitionerID
	visit practice.ServiceID // 45 minutes, in person
	rooms practice.LocationID
	perth practice.LocationID
	ann   client.ID
	ben   client.ID
}

// now is a Saturday evening in Melbourne.
const now = "2026-11-21T10:00:00Z"

func each(t *testing.T, test func(t *testing.T, c *clinic)) {
	t.Helper()
	for _, engine := range testkit.Engines() {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			clock := testkit.NewClock(t, now)
			test(t, open(t, testkit.Open(t, engine, clock), clock, "a"))
		})
	}
}

func open(t testing.TB, db *store.DB, clock *testkit.Clock, id store.PracticeID) *clinic {
	t.Helper()
	keeper, err := vault.NewKeeper(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	c := &clinic{t: t, db: db, clock: clock, actor: store.Actor{Practice: id, Member: "m1"}}
	c.must(func(tx *store.Tx) error {
		keys, err := keeper.Keys(ctx, tx)
		if err != nil {
			return err
		}
		if _, err := practice.Add(ctx, tx, practice.New("Wattle Street "+string(id), "AU", "Australia/Melbourne")); err != nil {
			return err
		}
		places, err := practice.Locations(ctx, tx)
		if err != nil {
			return err
		}
		perth, err := practice.AddLocation(ctx, tx, practice.Location{Name: "Perth", Zone: "Australia/Perth"})
		if err != nil {
			return err
		}
		visit, err := practice.AddService(ctx, tx, practice.Service{Name: "Visit", Minutes: 45, Mode: practice.InPerson})
		if err != nil {
			return err
		}
		hana, err := practice.AddPractitioner(ctx, tx, practice.Practitioner{Name: "Hana Becker"})
		if err != nil {
			return err
		}
		ann, err := client.Add(ctx, tx, keys, client.Client{FirstName: "Ann", LastName: "White", PreferredName: "Annie", Born: "1980-12-31"})
		if err != nil {
			return err
		}
		ben, err := client.Add(ctx, tx, keys, client.Client{FirstName: "Ben", LastName: "White"})
		c.rooms, c.perth, c.visit, c.hana, c.ann, c.ben = places[0].ID, perth.ID, visit.ID, hana.ID, ann.ID, ben.ID
		return err
	})
	return c
}

func (c *clinic) do(fn func(tx *store.Tx) error) error { return c.db.Change(ctx, c.actor, fn) }

func (c *clinic) must(fn func(tx *store.Tx) error) {
	c.t.Helper()
	if err := c.do(fn); err != nil {
		c.t.Fatal(err)
	}
}

// one runs something that answers with an appointment.
func (c *clinic) one(fn func(tx *store.Tx) (calendar.Appointment, error)) (calendar.Appointment, error) {
	var a calendar.Appointment
	err := c.do(func(tx *store.Tx) (err error) {
		a, err = fn(tx)
		return err
	})
	return a, err
}

func (c *clinic) request(wall string) calendar.BookRequest {
	c.t.Helper()
	return calendar.BookRequest{Clients: []client.ID{c.ann}, Practitioner: c.hana, Service: c.visit, Wall: at(c.t, wall)}
}

func (c *clinic) try(r calendar.BookRequest) (calendar.Appointment, error) {
	return c.one(func(tx *store.Tx) (calendar.Appointment, error) { return calendar.Book(ctx, tx, r) })
}

func (c *clinic) book(wall string) calendar.Appointment {
	c.t.Helper()
	a, err := c.try(c.request(wall))
	if err != nil {
		c.t.Fatal(err)
	}
	return a
}

func (c *clinic) move(r calendar.MoveRequest) (calendar.Appointment, error) {
	return c.one(func(tx *store.Tx) (calendar.Appointment, error) { return calendar.Move(ctx, tx, r) })
}

func (c *clinic) cancel(a calendar.Appointment, by calendar.By) (calendar.Appointment, error) {
	return c.one(func(tx *store.Tx) (calendar.Appointment, error) {
		return calendar.Cancel(ctx, tx, calendar.CancelRequest{ID: a.ID, Version: a.Version, By: by, Reason: "sick"})
	})
}

func (c *clinic) undo(a calendar.Appointment) (calendar.Appointment, error) {
	return c.one(func(tx *store.Tx) (calendar.Appointment, error) { return calendar.Undo(ctx, tx, a.ID, a.Version) })
}

func (c *clinic) uncancel(a calendar.Appointment, overbook bool) (calendar.Appointment, error) {
	return c.one(func(tx *store.Tx) (calendar.Appointment, error) {
		return calendar.Uncancel(ctx, tx, a.ID, a.Version, overbook)
	})
}

func (c *clinic) confirm(a calendar.Appointment) (calendar.Appointment, error) {
	return c.one(func(tx *store.Tx) (calendar.Appointment, error) {
		return calendar.Confirm(ctx, tx, calendar.Mark{ID: a.ID})
	})
}

func (c *clinic) find(id calendar.ID) calendar.Appointment {
	c.t.Helper()
	a, err := c.one(func(tx *store.Tx) (calendar.Appointment, error) { return calendar.Find(ctx, tx, id) })
	if err != nil {
		c.t.Fatal(err)
	}
	return a
}

func at(t testing.TB, wall string) zone.Wall {
	t.Helper()
	w, err := zone.ParseWall(wall)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func instant(t testing.TB, text string) time.Time {
	t.Helper()
	i, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return i.UTC()
}

func TestBookKeepsWallZoneAndInstant(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, c *clinic) {
		a := c.book("2026-12-01T10:00")
		if !a.Starts.Equal(instant(t, "2026-12-01T10:00:00+11:00")) || !a.Ends.Equal(a.Starts.Add(45*time.Minute)) || a.Zone != "Australia/Melbourne" || a.Location != c.rooms ||
			a.Mode != practice.InPerson || a.Booking != calendar.Booked || a.Generation != 1 || a.Version != 1 || a.BookedBy != "m1" || !a.BookedAt.Equal(c.clock.Now()) || a.Overbooked {
			t.Errorf("booked %+v", a)
		}
		if got := c.find(a.ID); len(got.Attendees) != 1 || got.Attendees[0].Client != c.ann || got.Attendees[0].Confirmation != calendar.NotAsked ||
			got.Wall != a.Wall || !got.Starts.Equal(a.Starts) || !got.Ends.Equal(a.Ends) || got.Version != 1 || got.Undoable {
			t.Errorf("found %+v\nbooked %+v", got, a)
		}
		// A video appointment has a location too, whose zone counts; both clients attend once.
		r := c.request("2026-12-01T10:00")
		r.Location, r.Mode, r.Minutes, r.Clients = c.perth, practice.Video, 20, []client.ID{c.ben, c.ann, c.ben}
		b, err := c.try(r)
		if err != nil || !b.Starts.Equal(instant(t, "2026-12-01T10:00:00+08:00")) || b.Mode != practice.Video || b.Minutes != 20 || len(b.Attendees) != 2 {
			t.Errorf("video %+v, %v", b, err)
		}
		// What has been may be recorded.
		if past := c.book("2026-01-05T09:00"); past.Starts.After(c.clock.Now()) {
			t.Errorf("past %+v", past)
		}
	})
}

func TestClockChanges(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, c *clinic) {
		_, err := c.try(c.request("2027-10-03T02:30"))
		if f := fault.As(err); !errors.Is(err, calendar.ErrGap) || f.Field != "time" || !strings.Contains(f.Say, "02:30") || !strings.Contains(f.Say, "from 02:00 to 03:00 on 2027-10-03") {
			t.Errorf("a time in the gap: %v", err)
		}
		request := c.request("2027-04-04T02:30")
		var two calendar.Doubled
		if _, err := c.try(request); !errors.Is(err, calendar.ErrTwice) || !errors.As(err, &two) || fault.As(err).Field != "turn" || !strings.Contains(fault.As(err).Say, "02:30 AEDT") {
			t.Errorf("a time that occurs twice is not asked about: %v", err)
		}
		request.Turn = calendar.Second
		second, err := c.try(request)
		if err != nil || !second.Starts.Equal(instant(t, "2027-04-04T02:30:00+10:00")) || !second.Starts.Equal(two.Second) {
			t.Errorf("the second: %v, %v", second.Starts, err)
		}
		request.Turn = calendar.First
		twice, err := c.try(request)
		if err != nil || !twice.Starts.Equal(instant(t, "2027-04-04T02:30:00+11:00")) {
			t.Errorf("the first: %v, %v", twice.Starts, err)
		}
		longer, err := c.move(calendar.MoveRequest{ID: second.ID, Version: second.Version, Minutes: 60})
		if err != nil || !longer.Starts.Equal(second.Starts) {
			t.Errorf("a longer one is at %v: %v", longer.Starts, err)
		}
		c.must(func(tx *store.Tx) error {
			drifted, err := calendar.Drifted(ctx, tx, 10)
			if len(drifted) != 0 {
				t.Errorf("the second of two counts as drifted: %+v", drifted)
			}
			return err
		})
		// 45 minutes on the clock of the body, not of the wall: it ends before the wall says 02:15 again.
		if twice.Ends.Sub(twice.Starts) != 45*time.Minute {
			t.Errorf("ends %v", twice.Ends)
		}
	})
}

func TestBadInputIsNamedByItsField(t *testing.T) {
	t.Parallel()
	clock := testkit.NewClock(t, now)
	c := open(t, testkit.Open(t, testkit.SQLite, clock), clock, "a")
	for _, bad := range []struct {
		field string
		spoil func(r *calendar.BookRequest)
	}{
		{"client", func(r *calendar.BookRequest) { r.Clients = nil }},
		{"client", func(r *calendar.BookRequest) { r.Clients = make([]client.ID, 51) }},
		{"minutes", func(r *calendar.BookRequest) { r.Minutes = -15 }},
		{"minutes", func(r *calendar.BookRequest) { r.Minutes = 1441 }},
		{"mode", func(r *calendar.BookRequest) { r.Mode = "hologram" }},
		{"time", func(r *calendar.BookRequest) { r.Wall = zone.Wall{} }},
		{"time", func(r *calendar.BookRequest) { r.Wall = zone.Wall{Date: zone.Date{Year: 2027, Month: 2, Day: 30}} }},
		{"time", func(r *calendar.BookRequest) { r.Wall.Minute = 1440 }},
		{"time", func(r *calendar.BookRequest) { r.Wall.Date.Year = 2037 }},
	} {
		r := c.request("2026-12-01T10:00")
		bad.spoil(&r)
		_, err := c.try(r)
		if f := fault.As(err); f == nil || f.Kind != fault.Invalid || f.Field != bad.field || f.Say == "" {
			t.Errorf("%s of %+v: %v", bad.field, r, err)
		}
	}
	for name, spoil := range map[string]func(r *calendar.BookRequest){
		"client": func(r *calendar.BookRequest) { r.Clients = []client.ID{"nobody"} }, "practitioner": func(r *calendar.BookRequest) { r.Practitioner = "nobody" },
		"service": func(r *calendar.BookRequest) { r.Service = "" }, "location": func(r *calendar.BookRequest) { r.Location = "nowhere" },
	} {
		r := c.request("2026-12-01T10:00")
		spoil(&r)
		if _, err := c.try(r); fault.KindOf(err) != fault.NotFound {
			t.Errorf("unknown %s: %v", name, err)
		}
	}
	c.must(func(tx *store.Tx) error { return practice.ArchivePractitioner(ctx, tx, c.hana) })
	if _, err := c.try(c.request("2026-12-01T10:00")); fault.As(err) == nil || fault.As(err).Field != "practitioner" {
		t.Errorf("an archived practitioner: %v", err)
	}
}

func TestATimeThatIsTaken(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, c *clinic) {
		c.book("2026-12-01T10:00") // to 10:45
		c.book("2026-12-01T10:45") // to 11:30: they touch and do not overlap
		c.book("2026-12-01T12:00") // to 12:45
		for wall, say := range map[string]string{
			"2026-12-01T10:00": "10:00 on 2026-12-01 is taken until 11:30; the next free time for 45 minutes is 12:45",
			"2026-12-01T09:16": "09:16 on 2026-12-01 is taken until 11:30; the next free time for 45 minutes is 12:45",
			"2026-12-01T11:29": "11:29 on 2026-12-01 is taken until 11:30; the next free time for 45 minutes is 12:45",
			"2026-12-01T11:30": "11:30 on 2026-12-01 is taken until 12:45; the next free time for 45 minutes is 12:45",
		} {
			_, err := c.try(c.request(wall))
			var taken calendar.Taken
			if f := fault.As(err); !errors.Is(err, calendar.ErrTaken) || f.Say != say || f.Field != "time" || !errors.As(err, &taken) || !taken.Next.Equal(instant(t, "2026-12-01T12:45:00+11:00")) {
				t.Errorf("%s: %v", wall, err)
			}
		}
		r := c.request("2026-12-01T11:30")
		r.Minutes = 30
		if _, err := c.try(r); err != nil {
			t.Errorf("half an hour between two: %v", err)
		}
		// Another practitioner's time is their own, and a cancelled appointment takes none.
		c.must(func(tx *store.Tx) error {
			ids, err := practice.EnsurePractitioner(ctx, tx, "Lachlan White")
			if err != nil {
				return err
			}
			r := c.request("2026-12-01T10:00")
			r.Practitioner = ids["Lachlan White"]
			a, err := calendar.Book(ctx, tx, r)
			if err != nil {
				return err
			}
			if _, err := calendar.Cancel(ctx, tx, calendar.CancelRequest{ID: a.ID, Version: 1, By: calendar.ByPractice}); err != nil {
				return err
			}
			_, err = calendar.Book(ctx, tx, r)
			return err
		})
		over := c.request("2026-12-01T10:15")
		over.Overbook = true
		a, err := c.try(over)
		if err != nil || !a.Overbooked || a.OverbookedBy != "m1" {
			t.Errorf("overbooked %+v, %v", a, err)
		}
		// Overbook where it is free records nothing.
		over = c.request("2026-12-01T15:00")
		over.Overbook = true
		if a, err := c.try(over); err != nil || a.Overbooked || a.OverbookedBy != "" {
			t.Errorf("free %+v, %v", a, err)
		}
	})
}

func TestNextFree(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, c *clinic) {
		long := c.request("2026-12-01T22:00")
		long.Minutes = calendar.MaxMinutes
		if _, err := c.try(long); err != nil {
			t.Fatal(err)
		}
		c.must(func(tx *store.Tx) error {
			for from, want := range map[string]string{
				"2026-12-01T10:00:00+11:00": "2026-12-01T10:00:00+11:00", "2026-12-01T21:30:00+11:00": "2026-12-02T22:00:00+11:00",
				"2026-12-02T21:59:00+11:00": "2026-12-02T22:00:00+11:00", "2026-12-02T22:00:00+11:00": "2026-12-02T22:00:00+11:00",
			} {
				got, err := calendar.NextFree(ctx, tx, c.hana, instant(t, from), 45)
				if err != nil || !got.Equal(instant(t, want)) {
					t.Errorf("from %s: %v, %v", from, got, err)
				}
			}
			if _, err := calendar.NextFree(ctx, tx, c.hana, c.clock.Now(), 0); fault.KindOf(err) != fault.Invalid {
				t.Errorf("no minutes: %v", err)
			}
			if _, err := calendar.NextFree(ctx, tx, "nobody", c.clock.Now(), 10); fault.KindOf(err) != fault.NotFound {
				t.Errorf("nobody: %v", err)
			}
			return nil
		})
		// A month without a gap: said, not searched for ever.
		for day := range 33 {
			r := c.request("2027-01-01T00:00")
			r.Wall.Date, r.Minutes = r.Wall.Date.Add(day), calendar.MaxMinutes
			if _, err := c.try(r); err != nil {
				t.Fatal(err)
			}
		}
		_, err := c.try(c.request("2027-01-01T10:00"))
		var taken calendar.Taken
		if !errors.As(err, &taken) || !taken.Next.IsZero() || !strings.Contains(fault.As(err).Say, "within a month") {
			t.Errorf("a full month: %v", err)
		}
	})
}
