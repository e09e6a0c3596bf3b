package calendar

import (
	"context"
	"time"

	"letterhead/fault"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/zone"
)

// No appointment is longer than MaxMinutes, so one that runs into a time began at most that long before: both ends of the index range are known.
const longest = MaxMinutes * time.Minute

// lookAhead bounds the search for a free time.
const lookAhead = 31 * 24 * time.Hour

// busyQuery asks for what a practitioner is booked for within [$5, $4): $3 is $5 less the longest appointment, $6 the one that is being moved.
const busyQuery = `SELECT a.starts, a.ends FROM appointment a
	WHERE a.practice = $1 AND a.practitioner = $2 AND a.starts > $3 AND a.starts < $4 AND a.ends > $5 AND a.booking = 'booked' AND a.id <> $6
	ORDER BY a.starts LIMIT 10000`

// fitted returns a with its mark of overbooking, or ErrTaken, or ErrOutside unless any hours will do.
func fitted(ctx context.Context, tx *store.Tx, a Appointment, overbook, anyHours bool) (Appointment, error) {
	next, until, err := free(ctx, tx, a.Practitioner, a.ID, a.Starts, a.Minutes)
	if err != nil {
		return a, err
	}
	a.Overbooked, a.OverbookedBy = false, ""
	switch {
	case next.Equal(a.Starts):
	case overbook:
		a.Overbooked, a.OverbookedBy = true, tx.Actor.Who()
	default:
		return a, taken(a, until, next)
	}
	if anyHours {
		return a, nil
	}
	return a, within(ctx, tx, a)
}

// free returns the first time from at on that is free for minutes (zero when there is none within lookAhead), and until when the block lasts that
// is in the way of at, if one is.
//
// Two transactions that look at the same time and then both book it do not both commit: a Change is serialisable on both engines.
func free(ctx context.Context, tx *store.Tx, who practice.PractitionerID, but ID, at time.Time, minutes int) (next, until time.Time, err error) {
	rows, err := tx.Query(ctx, busyQuery, who, store.Micro(at.Add(-longest)), store.Micro(at.Add(lookAhead)), store.Micro(at), but)
	if err != nil {
		return next, until, err
	}
	defer rows.Close()
	next = at
	for rows.Next() {
		var starts, ends int64
		if err := rows.Scan(&starts, &ends); err != nil {
			return next, until, err
		}
		if !store.Instant(starts).Before(next.Add(time.Duration(minutes) * time.Minute)) {
			return next, until, rows.Err()
		}
		if end := store.Instant(ends); end.After(next) {
			if until.IsZero() || !store.Instant(starts).After(until) {
				until = end
			}
			next = end
		}
	}
	if next.After(at.Add(lookAhead)) {
		next = time.Time{}
	}
	return next, until, rows.Err()
}

// NextFree returns the first time from at on at which a practitioner is free for so many minutes; zero when there is none within a month. It
// knows appointments alone, no opening hours.
func NextFree(ctx context.Context, tx *store.Tx, who practice.PractitionerID, at time.Time, minutes int) (time.Time, error) {
	if minutes < 1 || minutes > MaxMinutes {
		return time.Time{}, fault.Field("minutes", "calendar.minutes", "an appointment takes 1 to %d minutes", MaxMinutes)
	}
	if _, err := practice.FindPractitioner(ctx, tx, who); err != nil {
		return time.Time{}, err
	}
	next, _, err := free(ctx, tx, who, "", at, minutes)
	return next, err
}

// taken says until when it is taken and what is free next, on the location's wall.
func taken(a Appointment, until, next time.Time) error {
	cause := Taken{Until: until, Next: next, Zone: a.Zone}
	l, err := zone.Load(a.Zone)
	if err != nil {
		return ErrTaken.With(cause)
	}
	say := func(t time.Time) string {
		w := zone.WallOf(t.In(l))
		if w.Date == a.Wall.Date {
			return clock(w)
		}
		return w.Date.String() + " " + clock(w)
	}
	if next.IsZero() {
		return ErrTaken.Saying("%s on %s is taken until %s, and nothing is free for %d minutes within a month; choose another practitioner",
			clock(a.Wall), a.Wall.Date, say(until), a.Minutes).With(cause)
	}
	return ErrTaken.Saying("%s on %s is taken until %s; the next free time for %d minutes is %s", clock(a.Wall), a.Wall.Date, say(until), a.Minutes, say(next)).With(cause)
}
