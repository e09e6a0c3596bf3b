package calendar_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"letterhead/calendar"
	"letterhead/client"
	"letterhead/fault"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/testkit"
	"letterhead/zone"
)

func TestDayShowsNamesAndFirstVisits(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, c *clinic) {
		before := c.book("2026-10-01T10:00") // Ann did not come
		c.must(func(tx *store.Tx) error { _, err := calendar.Miss(ctx, tx, calendar.Mark{ID: before.ID}); return err })
		r := c.request("2026-12-01T11:00")
		r.Clients = []client.ID{c.ann, c.ben}
		if _, err := c.try(r); err != nil {
			t.Fatal(err)
		}
		early := c.book("2026-12-01T09:00")
		gone := c.book("2026-12-01T08:00")
		if _, err := c.cancel(gone, calendar.ByClient); err != nil {
			t.Fatal(err)
		}
		c.book("2026-12-02T00:00") // the next day begins here and is not included
		c.must(func(tx *store.Tx) error {
			day, err := calendar.Day(ctx, tx, instant(t, "2026-12-01T00:00:00+11:00"), instant(t, "2026-12-02T00:00:00+11:00"), nil)
			if err != nil || len(day) != 3 {
				t.Fatalf("%d entries, %v", len(day), err)
			}
			if day[0].ID != gone.ID || day[0].Booking != calendar.Cancelled || day[1].ID != early.ID || len(day[2].People) != 2 || len(day[2].Attendees) != 2 {
				t.Errorf("order %+v", day)
			}
			e := day[1]
			if e.PractitionerName != "Hana Becker" || e.ServiceName != "Visit" || !strings.HasPrefix(e.LocationName, "Wattle Street") || e.People[0].PreferredName != "Annie" || e.People[0].Born != "1980-12-31" {
				t.Errorf("names %+v", e)
			}
			// Neither what she missed nor what was cancelled was a visit; the appointment at nine comes before the one at eleven.
			if !day[1].People[0].FirstVisit || day[2].People[0].FirstVisit || !day[2].People[1].FirstVisit {
				t.Errorf("first visits: %v %v %v", day[1].People[0].FirstVisit, day[2].People[0].FirstVisit, day[2].People[1].FirstVisit)
			}
			some, err := calendar.Entries(ctx, tx, []calendar.ID{early.ID, "nobody"})
			if err != nil || len(some) != 1 || some[early.ID].PractitionerName != "Hana Becker" {
				t.Errorf("entries %+v, %v", some, err)
			}
			hers, err := calendar.OfClient(ctx, tx, c.ann, instant(t, "2026-12-01T11:00:00+11:00"), 2)
			if err != nil || len(hers) != 2 || hers[0].ID != early.ID || hers[1].ID != gone.ID {
				t.Errorf("hers %+v, %v", hers, err)
			}
			for _, err := range []error{
				second(calendar.Day(ctx, tx, instant(t, now), instant(t, now), nil)), second(calendar.Day(ctx, tx, instant(t, now), instant(t, now).AddDate(0, 2, 0), nil)),
				second(calendar.OfClient(ctx, tx, c.ann, instant(t, now), 0)),
			} {
				if fault.KindOf(err) != fault.Invalid {
					t.Errorf("unbounded: %v", err)
				}
			}
			return nil
		})
	})
}

func second[T any](_ T, err error) error { return err }

func TestDriftedNamesWhatTheRulesMoved(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, c *clinic) {
		kept, drifted, gone := c.book("2026-12-01T10:00"), c.book("2026-12-01T11:00"), c.book("2026-12-01T12:00")
		if _, err := c.cancel(gone, calendar.ByPractice); err != nil {
			t.Fatal(err)
		}
		c.must(func(tx *store.Tx) error {
			// As if they had been written by rules without daylight saving.
			_, err := tx.Exec(ctx, `UPDATE appointment SET starts = starts + 3600000000, ends = ends + 3600000000 WHERE practice = $1 AND id <> $2`, kept.ID)
			return err
		})
		c.must(func(tx *store.Tx) error {
			list, err := calendar.Drifted(ctx, tx, 10)
			if err != nil || len(list) != 1 || list[0].ID != drifted.ID || !list[0].Now.Equal(drifted.Starts) || !list[0].Written.Equal(drifted.Starts.Add(time.Hour)) || list[0].Wall != drifted.Wall {
				t.Errorf("%+v, %v", list, err)
			}
			return nil
		})
	})
}

// Two practices whose rows carry the same ids: each function sees and changes its own alone.
func TestAnotherPracticesAppointmentIsNotFound(t *testing.T) {
	t.Parallel()
	for _, engine := range testkit.Engines() {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			clock := testkit.NewClock(t, now)
			db := testkit.Open(t, engine, clock)
			c, other := open(t, db, clock, "a"), open(t, db, clock, "b")
			a := c.book("2026-12-01T10:00")
			for name, fn := range map[string]func(tx *store.Tx) error{
				"find": func(tx *store.Tx) error { return second(calendar.Find(ctx, tx, a.ID)) },
				"move": func(tx *store.Tx) error {
					return second(calendar.Move(ctx, tx, calendar.MoveRequest{ID: a.ID, Version: 1}))
				},
				"cancel": func(tx *store.Tx) error {
					return second(calendar.Cancel(ctx, tx, calendar.CancelRequest{ID: a.ID, Version: 1, By: calendar.ByClient}))
				},
				"uncancel": func(tx *store.Tx) error { return second(calendar.Uncancel(ctx, tx, a.ID, 1, true)) },
				"undo":     func(tx *store.Tx) error { return second(calendar.Undo(ctx, tx, a.ID, 1)) },
				"strike":   func(tx *store.Tx) error { return second(calendar.Strike(ctx, tx, a.ID, 1)) },
				"confirm": func(tx *store.Tx) error {
					return second(calendar.Confirm(ctx, tx, calendar.Mark{ID: a.ID, Attendee: a.Attendees[0].ID}))
				},
				"decline": func(tx *store.Tx) error { return second(calendar.Decline(ctx, tx, calendar.Mark{ID: a.ID})) },
				"arrive":  func(tx *store.Tx) error { return second(calendar.Arrive(ctx, tx, calendar.Mark{ID: a.ID})) },
				"book for their client": func(tx *store.Tx) error {
					r := other.request("2026-12-01T10:00")
					r.Clients = []client.ID{c.ann}
					return second(calendar.Book(ctx, tx, r))
				},
				"book their practitioner": func(tx *store.Tx) error {
					r := other.request("2026-12-01T10:00")
					r.Practitioner = c.hana
					return second(calendar.Book(ctx, tx, r))
				},
				"next free": func(tx *store.Tx) error { return second(calendar.NextFree(ctx, tx, c.hana, a.Starts, 10)) },
			} {
				if err := other.do(fn); fault.KindOf(err) != fault.NotFound {
					t.Errorf("%s from the other practice: %v", name, err)
				}
			}
			// Now b gets rows with the very same ids, at the same time, of its own people.
			other.must(func(tx *store.Tx) error {
				for _, statement := range []string{
					`INSERT INTO practitioner (practice, id, name, member, position, archived_at) VALUES ($1, $2, 'Other', '', 0, 0)`,
				} {
					if _, err := tx.Exec(ctx, statement, c.hana); err != nil {
						return err
					}
				}
				if _, err := tx.Exec(ctx, `INSERT INTO appointment (practice, id, external, practitioner, service, location, mode, wall, zone, starts, ends, minutes, booking, overbooked, generation,
					booked_at, booked_by, moved_at, cancelled_at, cancelled_by, cancel_reason, cancel_late, import_sum, import_version, batch, version, created_at, changed_at)
					VALUES ($1, $2, '', $3, $4, $5, 'phone', '2026-12-01T10:00', 'Australia/Melbourne', $6, $7, 45, 'booked', FALSE, 1, 0, '', 0, 0, '', '', FALSE, '', 0, '', 1, 1, 1)`,
					a.ID, c.hana, other.visit, other.rooms, store.Micro(a.Starts), store.Micro(a.Ends)); err != nil {
					return err
				}
				_, err := tx.Bulk(ctx, `INSERT INTO attendee (practice, id, appointment, client, confirmation, attendance, confirmed_at) VALUES`, "",
					[][]any{{a.Attendees[0].ID, a.ID, other.ben, "not asked", "expected", 0}})
				return err
			})
			if _, err := c.confirm(a); err != nil {
				t.Fatal(err)
			}
			if got := other.find(a.ID); got.Attendees[0].Confirmation != calendar.NotAsked || got.Attendees[0].Client != other.ben || got.Version != 1 {
				t.Errorf("a confirmation reached the other practice: %+v", got)
			}
			moved, err := c.move(calendar.MoveRequest{ID: a.ID, Version: 2, Wall: at(t, "2026-12-05T10:00")})
			if err != nil {
				t.Fatal(err)
			}
			if got := other.find(a.ID); got.Wall == moved.Wall || got.Version != 1 {
				t.Errorf("a move reached the other practice: %+v", got)
			}
			// In a, the old time is free although the same practitioner id is booked then in b.
			c.book("2026-12-01T10:00")
			other.must(func(tx *store.Tx) error {
				day, err := calendar.Day(ctx, tx, a.Starts.Add(-time.Hour), a.Starts.Add(time.Hour), nil)
				if err != nil || len(day) != 1 || day[0].PractitionerName != "Other" || day[0].People[0].FirstName != "Ben" || !day[0].People[0].FirstVisit {
					t.Errorf("%+v, %v", day, err)
				}
				return nil
			})
		})
	}
}

// A long list costs few statements and is cut off with a word, not silently.
// A day is the one on the wall of the location, wherever it is; another practitioner's appointments are left out where one is asked for.
func TestDaysAreThoseOfTheWall(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, c *clinic) {
		monday, date := at(t, "2026-11-30T00:00").Date, at(t, "2026-12-01T00:00").Date
		c.book("2026-11-30T23:00")
		first, last := c.book("2026-12-01T00:00"), c.book("2026-12-01T23:00")
		late := c.request("2026-12-01T22:30") // 01:30 of the next day in Melbourne
		late.Location, late.Overbook = c.perth, true
		perth, err := c.try(late)
		if err != nil {
			t.Fatal(err)
		}
		c.book("2026-12-02T00:15")
		c.must(func(tx *store.Tx) error {
			ids := func(from, until zone.Date, with practice.PractitionerID) (out []calendar.ID) {
				all, err := calendar.Walls(ctx, tx, from, until, time.UTC, with, nil)
				if err != nil {
					t.Error(err)
				}
				for _, e := range all {
					out = append(out, e.ID)
				}
				return out
			}
			if got := ids(date, date, ""); !slices.Equal(got, []calendar.ID{first.ID, last.ID, perth.ID}) {
				t.Errorf("the day: %v", got)
			}
			if got := ids(date, date, c.hana); len(got) != 3 {
				t.Errorf("hers: %v", got)
			}
			if got := ids(date, date, "somebody else"); len(got) != 0 {
				t.Errorf("nobody's: %v", got)
			}
			if got := ids(monday, date, ""); len(got) != 4 {
				t.Errorf("two days: %v", got)
			}
			for _, until := range []zone.Date{monday, date.Add(calendar.MaxDays + 1)} {
				if _, err := calendar.Walls(ctx, tx, date, until, time.UTC, "", nil); fault.KindOf(err) != fault.Invalid {
					t.Errorf("until %s: %v", until, err)
				}
			}
			return nil
		})
	})
}

func TestDayIsBounded(t *testing.T) {
	t.Parallel()
	clock := testkit.NewClock(t, now)
	c := open(t, testkit.Open(t, testkit.SQLite, clock), clock, "a")
	fill(t, c, calendar.MaxRows+1, func(i int) time.Time { return instant(t, "2026-12-01T00:00:00Z").Add(time.Duration(i) * time.Second) })
	c.must(func(tx *store.Tx) error {
		_, err := calendar.Day(ctx, tx, instant(t, "2026-12-01T00:00:00Z"), instant(t, "2026-12-02T00:00:00Z"), nil)
		if f := fault.As(err); f == nil || f.Field != "to" || !strings.Contains(f.Say, "fewer days") {
			t.Errorf("more rows than a list holds: %v", err)
		}
		day, err := calendar.Day(ctx, tx, instant(t, "2026-12-01T00:00:00Z"), instant(t, "2026-12-01T00:10:00Z"), nil)
		if len(day) != 600 {
			t.Errorf("%d entries", len(day))
		}
		return err
	})
}

// fill writes n appointments of one minute as rows.
func fill(t testing.TB, c *clinic, n int, when func(i int) time.Time) {
	t.Helper()
	c.must(func(tx *store.Tx) error {
		appointments, attendees := make([][]any, n), make([][]any, n)
		for i := range n {
			id, starts := fmt.Sprintf("x%07d", i), when(i)
			who := c.ann
			if i%2 == 1 {
				who = c.ben
			}
			appointments[i] = []any{id, "", c.hana, c.visit, c.rooms, "in person", "2026-12-01T10:00", "Australia/Melbourne", store.Micro(starts), store.Micro(starts.Add(time.Minute)), 1, "booked", true, 1,
				0, "", 0, 0, "", "", false, "", 0, "", 1, 1, 1}
			attendees[i] = []any{id, id, who, "not asked", "no show", 0}
		}
		if _, err := tx.Bulk(ctx, `INSERT INTO appointment (practice, id, external, practitioner, service, location, mode, wall, zone, starts, ends, minutes, booking, overbooked, generation,
			booked_at, booked_by, moved_at, cancelled_at, cancelled_by, cancel_reason, cancel_late, import_sum, import_version, batch, version, created_at, changed_at) VALUES`, "", appointments); err != nil {
			return err
		}
		_, err := tx.Bulk(ctx, `INSERT INTO attendee (practice, id, appointment, client, confirmation, attendance, confirmed_at) VALUES`, "", attendees)
		return err
	})
}
