package calendar

import (
	"context"
	"errors"
	"slices"

	"letterhead/calendar/repeat"
	"letterhead/fault"
	"letterhead/store"
	"letterhead/zone"
)

// What repeats is booked together, as an appointment of its own for each day: each is moved, cancelled, confirmed and planned by itself, and
// knows by Series with which others it was booked.

// Scope says how many of a series are meant.
type Scope string

// The scopes. Following and All leave out what is over, was cancelled, or somebody has come to.
const (
	This      Scope = "this"
	Following Scope = "following" // this one and those after it
	All       Scope = "all"
)

// Conflict is one of a series for which there is no place.
type Conflict struct {
	ID   ID // "" where it is to be booked
	Wall zone.Wall
	Err  error
}

// Conflicts is the cause within an ErrConflicts: for each, somebody says whether to leave it out.
type Conflicts []Conflict

// Error says it for the log.
func (c Conflicts) Error() string { return c[0].Wall.String() + ": " + c[0].Err.Error() }

// ErrConflicts is what a series answers where some of it have no place; nothing of it was done.
var ErrConflicts = &fault.Error{Kind: fault.Conflict, Key: "calendar.conflicts", Field: "series", Say: "some of them have no place; leave those out, or choose another time"}

// BookSeries books a request's time on each day of a rule but those of leave.
func BookSeries(ctx context.Context, tx *store.Tx, r BookRequest, rule repeat.Rule, leave []zone.Date) ([]Appointment, error) {
	if err := rule.Check(); err != nil {
		return nil, err
	}
	r.series = store.NewID[string]()
	var out []Appointment
	var conflicts Conflicts
	for i, day := range rule.Days(r.Wall.Date) {
		if slices.Contains(leave, day) {
			continue
		}
		one := r
		if one.Wall.Date = day; i > 0 && one.Turn == "" {
			one.Turn = First // somebody is asked about the first alone
		}
		a, err := Book(ctx, tx, one)
		if placeless(err) && !(i == 0 && errors.Is(err, ErrTwice)) {
			conflicts = append(conflicts, Conflict{Wall: one.Wall, Err: err})
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, a)
	}
	switch {
	case len(conflicts) > 0:
		return nil, ErrConflicts.With(conflicts)
	case len(out) == 0:
		return nil, fault.Field("series", "calendar.series_empty", "all of them are left out; choose another time")
	}
	return out, nil
}

// placeless says whether an error is about when, and another day may do.
func placeless(err error) bool {
	return errors.Is(err, ErrTaken) || errors.Is(err, ErrGap) || errors.Is(err, ErrOutside) || errors.Is(err, ErrRoom) || errors.Is(err, ErrStarted) || errors.Is(err, ErrTwice)
}

const seriesQuery = `SELECT a.id FROM appointment a WHERE a.practice = $1 AND a.series = $2 AND a.series <> '' ORDER BY a.starts LIMIT 200`

// OfSeries lists what was booked together with an appointment, itself included, in the order of time; it alone where it was booked alone.
func OfSeries(ctx context.Context, tx *store.Tx, a Appointment) ([]Appointment, error) {
	if a.Series == "" {
		return []Appointment{a}, nil
	}
	rows, err := tx.Query(ctx, seriesQuery, a.Series)
	ids, err := store.Collect(rows, err, func(r *store.Rows) (id ID, err error) { return id, r.Scan(&id) })
	if err != nil {
		return nil, err
	}
	all, err := FindAll(ctx, tx, ids)
	out := make([]Appointment, 0, len(all))
	for _, id := range ids {
		out = append(out, all[id])
	}
	return out, err
}

// meant are those that a scope means, the appointment itself at the version that was read.
func meant(ctx context.Context, tx *store.Tx, id ID, version int64, scope Scope) (Appointment, []Appointment, error) {
	base, err := asRead(ctx, tx, id, version)
	if err != nil {
		return base, nil, err
	}
	if scope != This && scope != Following && scope != All {
		return base, nil, fault.Field("scope", "calendar.scope", "choose this one, this and the following, or all")
	}
	if scope == This {
		return base, []Appointment{base}, nil
	}
	all, err := OfSeries(ctx, tx, base)
	all = slices.DeleteFunc(all, func(a Appointment) bool {
		return a.ID != base.ID && (untouched(a) != nil || a.Ends.Before(tx.Now) || scope == Following && a.Starts.Before(base.Starts))
	})
	return base, all, err
}

// MoveSeries moves an appointment, and with it those of its series that scope means: by as many days, and to the same time where the time changes.
// Those of leave stay where they are.
func MoveSeries(ctx context.Context, tx *store.Tx, r MoveRequest, scope Scope, leave []ID) ([]Appointment, error) {
	base, all, err := meant(ctx, tx, r.ID, r.Version, scope)
	if err != nil {
		return nil, err
	}
	r.Wall = either(r.Wall, base.Wall)
	days := between(base.Wall.Date, r.Wall.Date)
	if days > 0 { // the last makes room for the one before it
		slices.Reverse(all)
	}
	var out []Appointment
	var conflicts Conflicts
	for _, a := range all {
		if slices.Contains(leave, a.ID) {
			continue
		}
		one := r
		one.ID, one.Version = a.ID, a.Version
		if a.ID != base.ID {
			one = r.like(base, a, days)
		}
		moved, err := Move(ctx, tx, one)
		switch {
		case err == nil:
			out = append(out, moved)
		case len(all) > 1 && placeless(err):
			conflicts = append(conflicts, Conflict{ID: a.ID, Wall: one.Wall, Err: err})
		default:
			return nil, err
		}
	}
	if len(conflicts) > 0 {
		slices.SortFunc(conflicts, func(x, y Conflict) int { return between(y.Wall.Date, x.Wall.Date) })
		return nil, ErrConflicts.With(conflicts)
	}
	return out, nil
}

// like is for a what r is for base: what r leaves as it is stays a's own.
func (r MoveRequest) like(base, a Appointment, days int) MoveRequest {
	one := MoveRequest{ID: a.ID, Version: a.Version, Wall: zone.Wall{Date: a.Wall.Date.Add(days), Minute: a.Wall.Minute}, Overbook: r.Overbook, AnyHours: r.AnyHours}
	if r.Wall.Minute != base.Wall.Minute {
		one.Wall.Minute = r.Wall.Minute
	}
	if one.Wall != a.Wall {
		one.Turn = First
	}
	one.Practitioner, one.Service, one.Location = changed(r.Practitioner, base.Practitioner), changed(r.Service, base.Service), changed(r.Location, base.Location)
	one.Mode, one.Minutes, one.Room = changed(r.Mode, base.Mode), changed(r.Minutes, base.Minutes), r.Room
	return one
}

// changed is what was wanted where it is something else than what is, else nothing.
func changed[T comparable](wanted, is T) T {
	var zero T
	if wanted == is {
		return zero
	}
	return wanted
}

// between counts the days from one day to another; negative backwards.
func between(from, to zone.Date) int {
	n := 0
	step := 1
	if to.Before(from) {
		step = -1
	}
	for ; from != to && n*step < MaxYears*366; n += step {
		from = from.Add(step)
	}
	return n
}

// CancelSeries cancels an appointment, and with it those of its series that scope means.
func CancelSeries(ctx context.Context, tx *store.Tx, r CancelRequest, scope Scope) ([]Appointment, error) {
	_, all, err := meant(ctx, tx, r.ID, r.Version, scope)
	if err != nil {
		return nil, err
	}
	var out []Appointment
	for _, a := range all {
		one := r
		one.ID, one.Version = a.ID, a.Version
		cancelled, err := Cancel(ctx, tx, one)
		if err != nil {
			return nil, err
		}
		out = append(out, cancelled)
	}
	return out, nil
}

// UndoSeries is Undo for all that were moved or cancelled with one stroke, and Strike for all that were booked with one and are untouched since.
func UndoSeries(ctx context.Context, tx *store.Tx, id ID, version int64) ([]Appointment, error) {
	base, err := asRead(ctx, tx, id, version)
	if err != nil {
		return nil, err
	}
	all, err := OfSeries(ctx, tx, base)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(a Appointment) bool {
		return a.ID != base.ID && (!a.ChangedAt.Equal(base.ChangedAt) || a.ChangedBy != base.ChangedBy || a.Undoable != base.Undoable || a.Booking != base.Booking)
	})
	if base.Undoable {
		was, err := recall(ctx, tx, id)
		if err != nil {
			return nil, err
		}
		if store.Instant(was.Starts).After(base.Starts) { // it goes back to later: the last first
			slices.Reverse(all)
		}
	}
	var out []Appointment
	for _, a := range all {
		undone, err := Undo, error(nil)
		if !a.Undoable && Fresh(a, tx.Now) {
			undone = Strike
		}
		if a, err = undone(ctx, tx, a.ID, a.Version); err != nil {
			return nil, err
		}
		out = append(out, a)
	}
	return out, nil
}
