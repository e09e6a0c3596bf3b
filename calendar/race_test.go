package calendar_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"letterhead/calendar"
	"letterhead/practice"
	"letterhead/store"
)

// race books from 24 goroutines at once and returns how it went for each.
func race(c *clinic, request func(i int) calendar.BookRequest) []error {
	var wait sync.WaitGroup
	start := make(chan struct{})
	errs := make([]error, 24)
	for i := range errs {
		r := request(i)
		wait.Go(func() {
			<-start
			_, errs[i] = c.try(r)
		})
	}
	close(start)
	wait.Wait()
	return errs
}

func TestOf24RacingBookingsOneWins(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, c *clinic) {
		for round := range 4 {
			// They overlap without being the same: from 10:00 to 10:23, 45 minutes each.
			errs := race(c, func(i int) calendar.BookRequest { return c.request(fmt.Sprintf("2026-12-0%dT10:%02d", round+1, i)) })
			won := 0
			for _, err := range errs {
				switch {
				case err == nil:
					won++
				case !errors.Is(err, calendar.ErrTaken):
					t.Errorf("lost for another reason: %v", err)
				}
			}
			if won != 1 {
				t.Errorf("round %d: %d bookings won", round, won)
			}
		}
		c.must(func(tx *store.Tx) error {
			var n int
			err := tx.Row(ctx, `SELECT count(*) FROM appointment WHERE practice = $1`).Scan(&n)
			if n != 4 {
				t.Errorf("%d appointments after 4 rounds", n)
			}
			return err
		})
	})
}

// Whoever does not compete loses nothing: 24 practitioners are booked at the same time at once.
func TestOf24BookingsOf24PractitionersAllWin(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, c *clinic) {
		names := make([]string, 24)
		for i := range names {
			names[i] = fmt.Sprintf("Practitioner %d", i)
		}
		var ids map[string]practice.PractitionerID
		c.must(func(tx *store.Tx) (err error) {
			ids, err = practice.EnsurePractitioner(ctx, tx, names...)
			return err
		})
		for _, err := range race(c, func(i int) calendar.BookRequest {
			r := c.request("2026-12-01T10:00")
			r.Practitioner = ids[names[i]]
			return r
		}) {
			if err != nil {
				t.Error(err)
			}
		}
	})
}

// Two moves into one gap, and a move against a booking: one wins.
func TestRacingMovesIntoOneGap(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, c *clinic) {
		var all []calendar.Appointment
		for hour := range 8 {
			all = append(all, c.book(fmt.Sprintf("2026-12-01T%02d:00", 8+hour)))
		}
		var wait sync.WaitGroup
		errs := make([]error, len(all))
		for i, a := range all {
			wait.Go(func() {
				_, errs[i] = c.move(calendar.MoveRequest{ID: a.ID, Version: a.Version, Wall: at(t, "2026-12-02T10:00")})
			})
		}
		wait.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			} else if !errors.Is(err, calendar.ErrTaken) {
				t.Error(err)
			}
		}
		if won != 1 {
			t.Errorf("%d moves won", won)
		}
	})
}
