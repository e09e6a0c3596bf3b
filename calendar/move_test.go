package calendar_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"letterhead/calendar"
	"letterhead/client"
	"letterhead/fault"
	"letterhead/practice"
	"letterhead/store"
)

func TestMoveBeginsAnotherGeneration(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, c *clinic) {
		a := c.book("2026-12-01T10:00")
		confirmed, err := c.confirm(a)
		if err != nil || confirmed.Version != 2 {
			t.Fatal(confirmed, err)
		}
		c.clock.Pass(time.Hour)
		b, err := c.move(calendar.MoveRequest{ID: a.ID, Version: 2, Wall: at(t, "2026-12-01T10:30")}) // over its own old time
		if err != nil || b.Generation != 2 || b.Version != 3 || !b.MovedAt.Equal(c.clock.Now()) || !b.Undoable {
			t.Fatalf("moved %+v, %v", b, err)
		}
		if got := c.find(a.ID); len(got.Attendees) != 1 || got.Attendees[0].ID != a.Attendees[0].ID || got.Attendees[0].Confirmation != calendar.NotAsked || !got.Attendees[0].ConfirmedAt.IsZero() ||
			!got.Starts.Equal(instant(t, "2026-12-01T10:30:00+11:00")) || got.Generation != 2 {
			t.Errorf("found %+v", got)
		}
		// To where it is already: nothing changes, and nothing is to be sent.
		same, err := c.move(calendar.MoveRequest{ID: a.ID, Version: 3, Wall: at(t, "2026-12-01T10:30"), Practitioner: c.hana})
		if err != nil || same.Generation != 2 || same.Version != 3 {
			t.Errorf("moved to the same time %+v, %v", same, err)
		}
		// Another location: the wall stays, in that location's zone.
		far, err := c.move(calendar.MoveRequest{ID: a.ID, Version: 3, Location: c.perth, Mode: practice.Video, Minutes: 30})
		if err != nil || far.Zone != "Australia/Perth" || far.Wall != b.Wall || !far.Starts.Equal(instant(t, "2026-12-01T10:30:00+08:00")) || far.Mode != practice.Video || far.Ends.Sub(far.Starts) != 30*time.Minute {
			t.Errorf("elsewhere %+v, %v", far, err)
		}
		_, err = c.move(calendar.MoveRequest{ID: a.ID, Version: 3, Wall: at(t, "2026-12-03T10:30")})
		var since practice.Changed
		if !errors.Is(err, calendar.ErrChanged) || !errors.As(err, &since) || since.Who != "m1" || !since.At.Equal(c.clock.Now()) || !strings.Contains(fault.As(err).Say, "you, in another window") {
			t.Errorf("on an old reading: %v", err)
		}
	})
}

func TestMoveRefuses(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, c *clinic) {
		first, second := c.book("2026-12-01T10:00"), c.book("2026-12-01T11:00")
		into := calendar.MoveRequest{ID: second.ID, Version: 1, Wall: at(t, "2026-12-01T10:30")}
		if _, err := c.move(into); !errors.Is(err, calendar.ErrTaken) {
			t.Errorf("into a taken time: %v", err)
		}
		into.Overbook = true
		over, err := c.move(into)
		if err != nil || !over.Overbooked || over.OverbookedBy != "m1" {
			t.Errorf("overbooked %+v, %v", over, err)
		}
		out, err := c.move(calendar.MoveRequest{ID: second.ID, Version: over.Version, Wall: at(t, "2026-12-01T15:00")})
		if err != nil || out.Overbooked || out.OverbookedBy != "" {
			t.Errorf("moved away from the overlap %+v, %v", out, err)
		}
		if _, err := c.move(calendar.MoveRequest{ID: first.ID, Version: 1, Wall: at(t, "2027-10-03T02:15")}); !errors.Is(err, calendar.ErrGap) {
			t.Errorf("into a gap: %v", err)
		}
		gone, err := c.cancel(first, calendar.ByPractice)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.move(calendar.MoveRequest{ID: first.ID, Version: gone.Version, Wall: at(t, "2026-12-03T10:00")}); !errors.Is(err, calendar.ErrNotBooked) {
			t.Errorf("a cancelled one: %v", err)
		}
		c.clock.Set(out.Starts)
		here, err := c.one(func(tx *store.Tx) (calendar.Appointment, error) {
			return calendar.Arrive(ctx, tx, calendar.Mark{ID: out.ID})
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.move(calendar.MoveRequest{ID: out.ID, Version: here.Version, Wall: at(t, "2026-12-03T10:00")}); !errors.Is(err, calendar.ErrStarted) {
			t.Errorf("one that has begun: %v", err)
		}
		if _, err := c.cancel(here, calendar.ByClient); !errors.Is(err, calendar.ErrStarted) {
			t.Errorf("cancelled one that has begun: %v", err)
		}
	})
}

func TestCancelAndUncancel(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, c *clinic) {
		for _, of := range []struct {
			wall string
			by   calendar.By
			late bool
		}{
			{"2026-11-22T20:00", calendar.ByClient, true}, // 23 hours before
			{"2026-11-22T21:00", calendar.ByClient, false},
			{"2026-11-22T22:00", calendar.ByPractice, false},
			{"2026-11-22T08:00", calendar.BySystem, false},
		} {
			a := c.book(of.wall)
			gone, err := c.cancel(a, of.by)
			if err != nil || gone.Booking != calendar.Cancelled || gone.CancelLate != of.late || gone.CancelledBy != of.by || gone.CancelReason != "sick" || !gone.CancelledAt.Equal(c.clock.Now()) || gone.Generation != 1 {
				t.Errorf("%s by the %s: %+v, %v", of.wall, of.by, gone, err)
			}
			if _, err := c.cancel(gone, of.by); !errors.Is(err, calendar.ErrNotBooked) {
				t.Errorf("cancelled twice: %v", err)
			}
		}
		for field, r := range map[string]calendar.CancelRequest{"by": {By: "cat"}, "reason": {By: calendar.ByClient, Reason: "the dog ate it"}} {
			_, err := c.one(func(tx *store.Tx) (calendar.Appointment, error) { return calendar.Cancel(ctx, tx, r) })
			if fault.As(err) == nil || fault.As(err).Field != field {
				t.Errorf("%s: %v", field, err)
			}
		}

		a := c.book("2026-12-01T10:00")
		a, _ = c.confirm(a)
		gone, _ := c.cancel(a, calendar.ByClient)
		back, err := c.uncancel(gone, false)
		if err != nil || back.Booking != calendar.Booked || back.Generation != 1 || back.CancelledBy != "" || back.Attendees[0].Confirmation != calendar.Confirmed || !back.MovedAt.IsZero() {
			t.Errorf("within the delay %+v, %v", back, err)
		}
		if _, err := c.uncancel(back, false); !errors.Is(err, calendar.ErrBooked) {
			t.Errorf("a booked one: %v", err)
		}
		gone, _ = c.cancel(back, calendar.ByClient)
		c.clock.Pass(calendar.UndoDelay + time.Second)
		back, err = c.uncancel(gone, false)
		if err != nil || back.Generation != 2 || back.Attendees[0].Confirmation != calendar.NotAsked || !back.MovedAt.Equal(c.clock.Now()) {
			t.Errorf("later %+v, %v", back, err)
		}
		if got := c.find(a.ID); got.CancelLate || !got.CancelledAt.IsZero() || got.CancelReason != "" || got.Booking != calendar.Booked {
			t.Errorf("stored %+v", got)
		}
		gone, _ = c.cancel(back, calendar.ByClient)
		c.book("2026-12-01T10:15")
		if _, err := c.uncancel(gone, false); !errors.Is(err, calendar.ErrTaken) {
			t.Errorf("its time is taken: %v", err)
		}
		if over, err := c.uncancel(gone, true); err != nil || !over.Overbooked {
			t.Errorf("overbooked %+v, %v", over, err)
		}
	})
}

func TestUndoIsAsIfItHadNeverBeen(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, c *clinic) {
		a, err := c.confirm(c.book("2026-12-01T10:00"))
		if err != nil {
			t.Fatal(err)
		}
		same := func(name string, got calendar.Appointment) {
			t.Helper()
			stored := c.find(a.ID)
			for _, x := range []calendar.Appointment{got, stored} {
				if x.Wall != a.Wall || !x.Starts.Equal(a.Starts) || !x.Ends.Equal(a.Ends) || x.Generation != a.Generation || !x.MovedAt.Equal(a.MovedAt) || x.Booking != a.Booking || x.Location != a.Location ||
					x.Zone != a.Zone || x.Mode != a.Mode || x.CancelledBy != "" || x.Attendees[0] != a.Attendees[0] || x.Undoable {
					t.Errorf("%s: %+v\nwas %+v", name, x, a)
				}
			}
		}
		moved, err := c.move(calendar.MoveRequest{ID: a.ID, Version: a.Version, Wall: at(t, "2026-12-02T09:00"), Location: c.perth, Mode: practice.Phone, Minutes: 15})
		if err != nil {
			t.Fatal(err)
		}
		c.clock.Pass(calendar.UndoDelay)
		back, err := c.undo(moved)
		if err != nil {
			t.Fatal(err)
		}
		same("a move", back)
		if _, err := c.undo(back); !errors.Is(err, calendar.ErrNoUndo) {
			t.Errorf("undone twice: %v", err)
		}
		gone, _ := c.cancel(back, calendar.ByClient)
		back, err = c.undo(gone)
		if err != nil {
			t.Fatal(err)
		}
		same("a cancellation", back)
		// No number is given twice: the generation of the undone move is not that of the next one.
		again, _ := c.move(calendar.MoveRequest{ID: a.ID, Version: back.Version, Wall: at(t, "2026-12-03T09:00")})
		if again.Generation != 3 {
			t.Errorf("generation %d", again.Generation)
		}
		c.clock.Pass(calendar.UndoDelay + time.Microsecond)
		if _, err := c.undo(again); !errors.Is(err, calendar.ErrNoUndo) {
			t.Errorf("too late: %v", err)
		}
	})
}

func TestUndoIsRefusedWhenTheWorldHasMovedOn(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, c *clinic) {
		a := c.book("2026-12-01T10:00")
		moved, _ := c.move(calendar.MoveRequest{ID: a.ID, Version: 1, Wall: at(t, "2026-12-02T09:00")})
		answered, _ := c.confirm(moved)
		if _, err := c.undo(answered); !errors.Is(err, calendar.ErrNoUndo) {
			t.Errorf("after an answer: %v", err)
		}
		if _, err := c.undo(moved); !errors.Is(err, calendar.ErrChanged) {
			t.Errorf("on an old reading: %v", err)
		}
		again, _ := c.move(calendar.MoveRequest{ID: a.ID, Version: answered.Version, Wall: at(t, "2026-12-03T09:00")})
		c.book("2026-12-02T09:30")
		if _, err := c.undo(again); !errors.Is(err, calendar.ErrTaken) {
			t.Errorf("into a time that was taken since: %v", err)
		}
	})
}

func TestMarks(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, c *clinic) {
		r := c.request("2026-12-01T10:00")
		r.Clients = []client.ID{c.ann, c.ben}
		a, err := c.try(r)
		if err != nil {
			t.Fatal(err)
		}
		mark := func(fn func(tx *store.Tx, m calendar.Mark) error, m calendar.Mark) error {
			return c.do(func(tx *store.Tx) error { return fn(tx, m) })
		}
		attend := func(what calendar.Attendance) func(tx *store.Tx, m calendar.Mark) error {
			return func(tx *store.Tx, m calendar.Mark) error { _, err := calendar.Attend(ctx, tx, m, what); return err }
		}
		confirm := func(tx *store.Tx, m calendar.Mark) error { _, err := calendar.Confirm(ctx, tx, m); return err }
		decline := func(tx *store.Tx, m calendar.Mark) error { _, err := calendar.Decline(ctx, tx, m); return err }
		miss := func(tx *store.Tx, m calendar.Mark) error { _, err := calendar.Miss(ctx, tx, m); return err }
		first, second := a.Attendees[0].ID, a.Attendees[1].ID
		for _, step := range []struct {
			name string
			fn   func(tx *store.Tx, m calendar.Mark) error
			m    calendar.Mark
			want error
		}{
			{"confirm one", confirm, calendar.Mark{ID: a.ID, Attendee: first, Version: 1}, nil},
			{"confirm again", confirm, calendar.Mark{ID: a.ID, Attendee: first}, nil},
			{"an old reading", confirm, calendar.Mark{ID: a.ID, Attendee: second, Version: 1}, calendar.ErrChanged},
			{"decline the other", decline, calendar.Mark{ID: a.ID, Attendee: second, Version: 2}, nil},
			{"no such attendee", confirm, calendar.Mark{ID: a.ID, Attendee: "x"}, calendar.ErrNoAttendee},
			{"no such appointment", confirm, calendar.Mark{ID: "x"}, calendar.ErrNotFound},
			{"missed before it begins", miss, calendar.Mark{ID: a.ID}, calendar.ErrNotYet},
			{"arrived days before", attend(calendar.Arrived), calendar.Mark{ID: a.ID}, calendar.ErrNotYet},
		} {
			if err := mark(step.fn, step.m); !errors.Is(err, step.want) {
				t.Errorf("%s: %v", step.name, err)
			}
		}
		got := c.find(a.ID)
		if got.Version != 3 || got.Attendees[0].Confirmation != calendar.Confirmed || got.Attendees[0].ConfirmedAt.IsZero() || got.Attendees[1].Confirmation != calendar.Declined || !got.Attendees[1].ConfirmedAt.IsZero() {
			t.Errorf("answers %+v", got)
		}
		c.clock.Set(a.Starts.Add(-time.Hour))
		if err := mark(attend(calendar.Arrived), calendar.Mark{ID: a.ID, Attendee: first}); err != nil {
			t.Errorf("arrived an hour early: %v", err)
		}
		c.clock.Set(a.Ends)
		for _, step := range []struct {
			fn   func(tx *store.Tx, m calendar.Mark) error
			m    calendar.Mark
			want error
		}{
			{confirm, calendar.Mark{ID: a.ID}, calendar.ErrOver}, {miss, calendar.Mark{ID: a.ID, Attendee: second}, nil}, {attend(calendar.Attended), calendar.Mark{ID: a.ID, Attendee: first}, nil},
		} {
			if err := mark(step.fn, step.m); !errors.Is(err, step.want) {
				t.Error(err)
			}
		}
		got = c.find(a.ID)
		if got.Attendees[0].Attendance != calendar.Attended || got.Attendees[1].Attendance != calendar.NoShow {
			t.Errorf("attendance %+v", got.Attendees)
		}
		if err := mark(attend("asleep"), calendar.Mark{ID: a.ID}); fault.KindOf(err) != fault.Invalid {
			t.Error(err)
		}
		wrong, err := c.one(func(tx *store.Tx) (calendar.Appointment, error) { return calendar.Strike(ctx, tx, a.ID, got.Version) })
		if err != nil || wrong.Booking != calendar.EnteredInError {
			t.Errorf("struck %+v, %v", wrong, err)
		}
		if err := mark(attend(calendar.Expected), calendar.Mark{ID: a.ID}); !errors.Is(err, calendar.ErrNotBooked) {
			t.Error(err)
		}
	})
}
