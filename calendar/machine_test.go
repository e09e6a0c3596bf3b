package calendar_test

import (
	"fmt"
	"testing"
	"time"

	"letterhead/calendar"
	"letterhead/fault"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/testkit"
	"letterhead/zone"
	"pgregory.net/rapid"
)

// machine does what people at a desk do, in any order, and looks after each step at what must always hold.
type machine struct {
	*clinic
	round int
	ids   []calendar.ID
	given map[calendar.ID]map[int64]string // generation → the slot that it stands for
}

func (m *machine) wall(r *rapid.T) zone.Wall {
	// Few times, so that they meet: the day on which the clocks go forward is among them.
	day := rapid.SampledFrom([]zone.Date{{Year: 2027, Month: 10, Day: 3}, {Year: 2027, Month: 4, Day: 4}, {Year: 2026, Month: 12, Day: 1}}).Draw(r, "day")
	return zone.Wall{Date: day, Minute: rapid.IntRange(1, 12).Draw(r, "half hour") * 30}
}

func (m *machine) pick(r *rapid.T) calendar.Appointment {
	if len(m.ids) == 0 {
		r.Skip("nothing is booked")
	}
	a := m.find(rapid.SampledFrom(m.ids).Draw(r, "appointment"))
	if rapid.IntRange(0, 9).Draw(r, "old reading") == 0 {
		a.Version--
	}
	return a
}

// step runs something and takes a refusal for an answer, but no failure.
func (m *machine) step(r *rapid.T, fn func(tx *store.Tx) (calendar.Appointment, error)) {
	a, err := m.one(fn)
	switch kind := fault.KindOf(err); {
	case err == nil:
		if a.ID != "" && a.Version == 1 {
			m.ids = append(m.ids, a.ID)
		}
	case kind == fault.Internal:
		r.Fatalf("an error that says nothing: %v", err)
	}
}

func (m *machine) check(r *rapid.T) {
	m.must(func(tx *store.Tx) error {
		all, err := calendar.FindAll(ctx, tx, m.ids)
		if err != nil {
			return err
		}
		for _, a := range all {
			if !a.Ends.Equal(a.Starts.Add(time.Duration(a.Minutes)*time.Minute)) || len(a.Attendees) != 1 {
				r.Fatalf("torn: %+v", a)
			}
			if (a.Booking == calendar.Cancelled) != !a.CancelledAt.IsZero() || a.Overbooked != (a.OverbookedBy != "") || a.Generation > a.LastGeneration {
				r.Fatalf("its parts do not agree: %+v", a)
			}
			l, err := zone.Load(a.Zone)
			if err != nil {
				return err
			}
			if at, fit, _, _ := zone.Resolve(a.Wall, l); fit == zone.Never || !at.Equal(a.Starts) {
				r.Fatalf("wall %v is not %v", a.Wall, a.Starts)
			}
			slot := fmt.Sprint(a.Wall, a.Zone, a.Practitioner, a.Location, a.Minutes)
			if m.given[a.ID] == nil {
				m.given[a.ID] = map[int64]string{}
			}
			if was, ok := m.given[a.ID][a.Generation]; ok && was != slot {
				r.Fatalf("generation %d of %s stood for %s and now for %s", a.Generation, a.ID, was, slot)
			}
			m.given[a.ID][a.Generation] = slot
			for _, b := range all {
				if a.ID < b.ID && a.Booking == calendar.Booked && b.Booking == calendar.Booked && a.Practitioner == b.Practitioner && a.Starts.Before(b.Ends) && b.Starts.Before(a.Ends) &&
					!a.Overbooked && !b.Overbooked {
					r.Fatalf("booked twice without anybody's choice:\n%+v\n%+v", a, b)
				}
			}
		}
		return nil
	})
}

func TestWhateverPeopleDo(t *testing.T) {
	t.Parallel()
	clock := testkit.NewClock(t, now)
	c := open(t, testkit.Open(t, testkit.SQLite, clock), clock, "a")
	round := 0
	rapid.Check(t, func(r *rapid.T) {
		round++
		m := &machine{clinic: c, round: round, given: map[calendar.ID]map[int64]string{}}
		c.clock.Set(instant(t, now))
		m.must(func(tx *store.Tx) error { // a practitioner of its own for each round
			ids, err := practice.EnsurePractitioner(ctx, tx, fmt.Sprintf("Round %d", round))
			c.hana = ids[fmt.Sprintf("Round %d", round)]
			return err
		})
		r.Repeat(map[string]func(*rapid.T){
			"": m.check,
			"book": func(r *rapid.T) {
				q := c.request("2026-12-01T10:00")
				q.Wall, q.Minutes, q.Overbook = m.wall(r), rapid.SampledFrom([]int{0, 30, 90}).Draw(r, "minutes"), rapid.IntRange(0, 4).Draw(r, "overbook") == 0
				m.step(r, func(tx *store.Tx) (calendar.Appointment, error) { return calendar.Book(ctx, tx, q) })
			},
			"move": func(r *rapid.T) {
				a := m.pick(r)
				q := calendar.MoveRequest{ID: a.ID, Version: a.Version, Wall: m.wall(r), Overbook: rapid.IntRange(0, 4).Draw(r, "overbook") == 0}
				if rapid.Bool().Draw(r, "elsewhere") {
					q.Location = rapid.SampledFrom([]practice.LocationID{c.rooms, c.perth}).Draw(r, "location")
				}
				m.step(r, func(tx *store.Tx) (calendar.Appointment, error) { return calendar.Move(ctx, tx, q) })
			},
			"cancel": func(r *rapid.T) {
				a := m.pick(r)
				m.step(r, func(tx *store.Tx) (calendar.Appointment, error) {
					return calendar.Cancel(ctx, tx, calendar.CancelRequest{ID: a.ID, Version: a.Version, By: calendar.ByClient})
				})
			},
			"uncancel": func(r *rapid.T) {
				a := m.pick(r)
				over := rapid.Bool().Draw(r, "overbook")
				m.step(r, func(tx *store.Tx) (calendar.Appointment, error) {
					return calendar.Uncancel(ctx, tx, a.ID, a.Version, over)
				})
			},
			"undo": func(r *rapid.T) {
				a := m.pick(r)
				m.step(r, func(tx *store.Tx) (calendar.Appointment, error) { return calendar.Undo(ctx, tx, a.ID, a.Version) })
			},
			"confirm": func(r *rapid.T) {
				a := m.pick(r)
				m.step(r, func(tx *store.Tx) (calendar.Appointment, error) {
					return calendar.Confirm(ctx, tx, calendar.Mark{ID: a.ID, Version: a.Version})
				})
			},
			"wait": func(r *rapid.T) { c.clock.Pass(time.Duration(rapid.IntRange(1, 200).Draw(r, "seconds")) * time.Second) },
		})
	})
}
