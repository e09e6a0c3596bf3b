package calendar_test

import (
	"errors"
	"strconv"
	"testing"

	"letterhead/calendar"
	hours "letterhead/calendar/open"
	"letterhead/calendar/repeat"
	"letterhead/calendar/room"
	"letterhead/fault"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/testkit"
	"letterhead/zone"
	"pgregory.net/rapid"
)

func (c *clinic) many(fn func(tx *store.Tx) ([]calendar.Appointment, error)) ([]calendar.Appointment, error) {
	var all []calendar.Appointment
	err := c.do(func(tx *store.Tx) (err error) {
		all, err = fn(tx)
		return err
	})
	return all, err
}

func (c *clinic) series(at string, rule repeat.Rule, leave ...zone.Date) ([]calendar.Appointment, error) {
	return c.many(func(tx *store.Tx) ([]calendar.Appointment, error) {
		return calendar.BookSeries(ctx, tx, c.request(at), rule, leave)
	})
}

var weekly = repeat.Rule{Every: 1, Unit: repeat.Weeks, Times: 4}

// Each of a series is an appointment of its own; what has no place is said, and nothing is booked until it is left out.
func TestASeries(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, c *clinic) {
		c.book("2026-12-15T10:15")
		_, err := c.series("2026-12-01T10:00", weekly)
		var conflicts calendar.Conflicts
		if !errors.Is(err, calendar.ErrConflicts) || !errors.As(err, &conflicts) || len(conflicts) != 1 || conflicts[0].Wall != at(t, "2026-12-15T10:00") || !errors.Is(conflicts[0].Err, calendar.ErrTaken) {
			t.Fatalf("%v", err)
		}
		c.must(func(tx *store.Tx) error {
			var n int
			err := tx.Row(ctx, `SELECT count(*) FROM appointment WHERE practice = $1`).Scan(&n)
			if n != 1 {
				t.Errorf("%d appointments although nothing was booked", n)
			}
			return err
		})
		all, err := c.series("2026-12-01T10:00", weekly, at(t, "2026-12-15T10:00").Date)
		if err != nil || len(all) != 3 || all[0].Series == "" || all[2].Series != all[0].Series || len(all[1].Attendees) != 1 || all[2].Wall != at(t, "2026-12-22T10:00") {
			t.Fatalf("%+v, %v", all, err)
		}

		// The second and what follows go two days on and to another time; the first stays, and a conflict is said.
		c.book("2026-12-10T14:00")
		move := calendar.MoveRequest{ID: all[1].ID, Version: 1, Wall: at(t, "2026-12-10T14:00")}
		_, err = c.many(func(tx *store.Tx) ([]calendar.Appointment, error) {
			return calendar.MoveSeries(ctx, tx, move, calendar.Following, nil)
		})
		if !errors.As(err, &conflicts) || len(conflicts) != 1 || conflicts[0].ID != all[1].ID {
			t.Fatalf("%v", err)
		}
		moved, err := c.many(func(tx *store.Tx) ([]calendar.Appointment, error) {
			return calendar.MoveSeries(ctx, tx, move, calendar.Following, []calendar.ID{all[1].ID})
		})
		if err != nil || len(moved) != 1 || moved[0].Wall != at(t, "2026-12-24T14:00") || c.find(all[0].ID).Version != 1 || c.find(all[1].ID).Version != 1 {
			t.Fatalf("%+v, %v", moved, err)
		}
		undone, err := c.many(func(tx *store.Tx) ([]calendar.Appointment, error) {
			return calendar.UndoSeries(ctx, tx, moved[0].ID, moved[0].Version)
		})
		if err != nil || len(undone) != 1 || undone[0].Wall != at(t, "2026-12-22T10:00") || undone[0].Generation != 1 {
			t.Fatalf("%+v, %v", undone, err)
		}

		// All of a series go a week on, onto each other's days, and back with one undo.
		moved, err = c.many(func(tx *store.Tx) ([]calendar.Appointment, error) {
			return calendar.MoveSeries(ctx, tx, calendar.MoveRequest{ID: all[0].ID, Version: 1, Wall: at(t, "2026-12-08T10:00")}, calendar.All, nil)
		})
		if !errors.Is(err, calendar.ErrConflicts) { // the 15th is somebody else's
			t.Fatalf("%+v, %v", moved, err)
		}
		moved, err = c.many(func(tx *store.Tx) ([]calendar.Appointment, error) {
			return calendar.MoveSeries(ctx, tx, calendar.MoveRequest{ID: all[0].ID, Version: 1, Wall: at(t, "2026-12-15T09:30")}, calendar.All, nil)
		})
		if err != nil || len(moved) != 3 {
			t.Fatalf("%+v, %v", moved, err)
		}
		first := c.find(all[0].ID)
		undone, err = c.many(func(tx *store.Tx) ([]calendar.Appointment, error) {
			return calendar.UndoSeries(ctx, tx, first.ID, first.Version)
		})
		if err != nil || len(undone) != 3 || c.find(all[2].ID).Wall != at(t, "2026-12-22T10:00") {
			t.Fatalf("%+v, %v", undone, err)
		}

		// Cancelling this and the following leaves the first.
		second := c.find(all[1].ID)
		gone, err := c.many(func(tx *store.Tx) ([]calendar.Appointment, error) {
			return calendar.CancelSeries(ctx, tx, calendar.CancelRequest{ID: second.ID, Version: second.Version, By: calendar.ByPractice}, calendar.Following)
		})
		if err != nil || len(gone) != 2 || c.find(all[0].ID).Booking != calendar.Booked || c.find(all[2].ID).Booking != calendar.Cancelled {
			t.Fatalf("%+v, %v", gone, err)
		}
		if _, err := c.many(func(tx *store.Tx) ([]calendar.Appointment, error) {
			return calendar.CancelSeries(ctx, tx, calendar.CancelRequest{ID: second.ID, Version: second.Version, By: calendar.ByPractice}, calendar.All)
		}); !errors.Is(err, calendar.ErrChanged) {
			t.Errorf("an old reading: %v", err)
		}
		first = c.find(all[0].ID)
		if _, err := c.many(func(tx *store.Tx) ([]calendar.Appointment, error) {
			return calendar.CancelSeries(ctx, tx, calendar.CancelRequest{ID: first.ID, Version: first.Version, By: calendar.ByPractice}, "everything")
		}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("no such scope: %v", err)
		}
	})
}

// A series that was booked a moment ago is taken back whole.
func TestASeriesIsTakenBack(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, c *clinic) {
		all, err := c.series("2026-12-01T10:00", repeat.Rule{Every: 1, Unit: repeat.Months, Times: repeat.Most})
		if err != nil || len(all) != repeat.Most {
			t.Fatalf("%d, %v", len(all), err)
		}
		struck, err := c.many(func(tx *store.Tx) ([]calendar.Appointment, error) {
			return calendar.UndoSeries(ctx, tx, all[7].ID, 1)
		})
		if err != nil || len(struck) != repeat.Most || c.find(all[50].ID).Booking != calendar.EnteredInError {
			t.Errorf("%d, %v", len(struck), err)
		}
	})
}

// The time on the wall is the same on each day, on either side of a clock change and in it.
func TestASeriesKeepsItsTime(t *testing.T) {
	t.Parallel()
	clock := testkit.NewClock(t, now)
	c := open(t, testkit.Open(t, testkit.SQLite, clock), clock, "a")
	round := 0
	rapid.Check(t, func(r *rapid.T) {
		round++
		place := rapid.SampledFrom([]string{"Australia/Melbourne", "Australia/Lord_Howe", "America/St_Johns", "Europe/Berlin", "Africa/Casablanca"}).Draw(r, "zone")
		l, err := zone.Load(place)
		if err != nil {
			t.Fatal(err)
		}
		rule := repeat.Rule{Every: rapid.IntRange(1, 3).Draw(r, "every"), Unit: rapid.SampledFrom([]repeat.Unit{repeat.Days, repeat.Weeks, repeat.Months}).Draw(r, "unit"), Times: rapid.IntRange(2, 12).Draw(r, "times")}
		first := zone.Date{Year: 2027, Month: 3, Day: 1}.Add(rapid.IntRange(0, 250).Draw(r, "first"))
		wall := zone.Wall{Date: first, Minute: rapid.IntRange(0, 7).Draw(r, "half hour") * 30}
		var all []calendar.Appointment
		err = c.do(func(tx *store.Tx) error {
			there, err := practice.AddLocation(ctx, tx, practice.Location{Name: "Place " + strconv.Itoa(round), Zone: place})
			if err != nil {
				return err
			}
			q := c.request("2026-12-01T10:00")
			q.Wall, q.Location, q.Turn, q.Overbook = wall, there.ID, calendar.First, true
			all, err = calendar.BookSeries(ctx, tx, q, rule, nil)
			return err
		})
		var conflicts calendar.Conflicts
		if errors.As(err, &conflicts) {
			for _, x := range conflicts { // only what the clocks skip has no place
				if _, fit, _, _ := zone.Resolve(x.Wall, l); fit != zone.Never {
					r.Fatalf("%v: %v", x.Wall, x.Err)
				}
			}
			return
		}
		if err != nil || len(all) != rule.Times {
			r.Fatalf("%d of %d: %v", len(all), rule.Times, err)
		}
		for _, a := range all {
			if back := zone.WallOf(a.Starts.In(l)); back != a.Wall || a.Wall.Minute != wall.Minute {
				r.Fatalf("%v begins at %v", a.Wall, back)
			}
		}
	})
}

// A time at which a practitioner does not work is asked about, with the reason and what is free next; staff may book it.
func TestHoursAreAskedAbout(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, c *clinic) {
		c.must(func(tx *store.Tx) error {
			if err := hours.AddOpenings(ctx, tx, hours.Opening{Practitioner: c.hana, Location: c.rooms, Begins: 540, Ends: 1020, Weeks: 1, First: zone.Date{Year: 2026, Month: 11, Day: 1}}, []int{1, 2, 3, 4, 5}); err != nil {
				return err
			}
			return hours.AddException(ctx, tx, hours.Exception{Practitioner: c.hana, Begins: at(t, "2026-12-02T09:00"), Ends: at(t, "2026-12-02T12:00"), Note: "Dentist"})
		})
		c.book("2026-12-02T12:00")
		for _, x := range []struct {
			at   string
			want hours.Answer
			next string
		}{
			{"2026-12-01T17:00", hours.Answer{Reason: hours.Outside}, "2026-12-02T12:45"},
			{"2026-12-02T09:00", hours.Answer{Reason: hours.Blocked, Note: "Dentist"}, "2026-12-02T12:45"},
			{"2026-12-05T10:00", hours.Answer{Reason: hours.Outside}, "2026-12-07T09:00"},
		} {
			_, err := c.try(c.request(x.at))
			var cause calendar.OutOfHours
			if !errors.Is(err, calendar.ErrOutside) || !errors.As(err, &cause) || cause.Answer != x.want {
				t.Fatalf("%s: %v", x.at, err)
			}
			l, err := zone.Load("Australia/Melbourne")
			if err != nil {
				t.Fatal(err)
			}
			if have := zone.WallOf(cause.Next.In(l)).String(); have != x.next {
				t.Errorf("%s: next is %s, want %s", x.at, have, x.next)
			}
		}
		q := c.request("2026-12-01T17:00")
		q.AnyHours = true
		a, err := c.try(q)
		if err != nil || a.Overbooked {
			t.Fatalf("%+v, %v", a, err)
		}
		if _, err := c.move(calendar.MoveRequest{ID: a.ID, Version: 1, Wall: at(t, "2026-12-01T18:00")}); !errors.Is(err, calendar.ErrOutside) {
			t.Errorf("moved: %v", err)
		}
		perth := c.request("2026-12-01T10:00")
		perth.Location = c.perth
		if _, err := c.try(perth); !errors.Is(err, calendar.ErrOutside) {
			t.Errorf("at another location: %v", err)
		}
	})
}

// A room holds one appointment at a time, whoever is booked in it, also by overbooking, by moving, by restoring and by undoing.
func TestARoomHoldsOne(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, c *clinic) {
		var here, there room.Room
		var liam practice.Practitioner
		c.must(func(tx *store.Tx) (err error) {
			if here, err = room.Add(ctx, tx, c.rooms, "Room 1"); err != nil {
				return err
			}
			if there, err = room.Add(ctx, tx, c.perth, "Room 1"); err != nil {
				return err
			}
			liam, err = practice.AddPractitioner(ctx, tx, practice.Practitioner{Name: "Liam"})
			return err
		})
		q := c.request("2026-12-01T10:00")
		q.Room = here.ID
		a, err := c.try(q)
		if err != nil || a.Room != here.ID {
			t.Fatal(a, err)
		}
		other := c.request("2026-12-01T10:30")
		other.Practitioner, other.Room, other.Overbook, other.AnyHours = liam.ID, here.ID, true, true
		if _, err := c.try(other); !errors.Is(err, calendar.ErrRoom) {
			t.Fatalf("doubled: %v", err)
		}
		other.Room = there.ID
		if _, err := c.try(other); fault.KindOf(err) != fault.Invalid {
			t.Errorf("a room of another location: %v", err)
		}
		other.Room = ""
		b, err := c.try(other)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.move(calendar.MoveRequest{ID: b.ID, Version: 1, Room: here.ID}); !errors.Is(err, calendar.ErrRoom) {
			t.Errorf("moved into it: %v", err)
		}
		if a, err = c.cancel(a, calendar.ByPractice); err != nil {
			t.Fatal(err)
		}
		if b, err = c.move(calendar.MoveRequest{ID: b.ID, Version: 1, Room: here.ID}); err != nil || b.Room != here.ID || b.Generation != 1 {
			t.Fatalf("into a room that is free again: %+v, %v", b, err)
		}
		if _, err := c.one(func(tx *store.Tx) (calendar.Appointment, error) {
			return calendar.Uncancel(ctx, tx, a.ID, a.Version, true)
		}); !errors.Is(err, calendar.ErrRoom) {
			t.Errorf("restored: %v", err)
		}
		if _, err := c.one(func(tx *store.Tx) (calendar.Appointment, error) { return calendar.Undo(ctx, tx, a.ID, a.Version) }); !errors.Is(err, calendar.ErrRoom) {
			t.Errorf("undone: %v", err)
		}
		if b, err = c.move(calendar.MoveRequest{ID: b.ID, Version: b.Version, Location: c.perth, Wall: at(t, "2026-12-03T10:00")}); err != nil || b.Room != "" {
			t.Errorf("the room stays behind: %+v, %v", b, err)
		}
	})
}
