package calendar

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"letterhead/client"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/zone"
)

const columns = `a.id, a.external, a.practitioner, a.service, a.location, a.room, a.series, a.mode, a.wall, a.zone, a.starts, a.ends, a.minutes, a.booking, a.overbooked, a.overbooked_by,
	a.generation, a.last_generation, a.booked_at, a.booked_by, a.moved_at, a.cancelled_at, a.cancelled_by, a.cancel_reason, a.cancel_late,
	a.version, a.created_at, a.changed_at, a.changed_by, a.undo`

const attendeeColumns = `t.id, t.appointment, t.client, t.confirmation, t.attendance, t.confirmed_at, t.answered_by`

// raw is a row of appointment as it is stored, for what has no type of its own in a database.
type raw struct {
	Appointment
	wall, undo                                               string
	starts, ends, booked, moved, cancelled, created, changed int64
}

func (r *raw) fields() []any {
	return []any{&r.ID, &r.External, &r.Practitioner, &r.Service, &r.Location, &r.Room, &r.Series, &r.Mode, &r.wall, &r.Zone, &r.starts, &r.ends, &r.Minutes, &r.Booking, &r.Overbooked, &r.OverbookedBy,
		&r.Generation, &r.LastGeneration, &r.booked, &r.BookedBy, &r.moved, &r.cancelled, &r.CancelledBy, &r.CancelReason, &r.CancelLate,
		&r.Version, &r.created, &r.changed, &r.ChangedBy, &r.undo}
}

func (r *raw) done(now time.Time) (Appointment, error) {
	wall, err := zone.ParseWall(r.wall)
	if err != nil {
		return Appointment{}, fmt.Errorf("appointment %s: its wall time is %q", r.ID, r.wall)
	}
	a := r.Appointment
	a.Wall = wall
	a.Starts, a.Ends, a.BookedAt, a.MovedAt, a.CancelledAt = store.Instant(r.starts), store.Instant(r.ends), store.Instant(r.booked), store.Instant(r.moved), store.Instant(r.cancelled)
	a.CreatedAt, a.ChangedAt = store.Instant(r.created), store.Instant(r.changed)
	a.LastGeneration = max(a.LastGeneration, a.Generation) // imported rows do not say
	a.Undoable = r.undo != "" && now.Sub(a.ChangedAt) <= UndoDelay
	return a, nil
}

type person struct {
	Attendee
	confirmed int64
}

func (p *person) fields() []any {
	return []any{&p.ID, &p.Appointment, &p.Client, &p.Confirmation, &p.Attendance, &p.confirmed, &p.AnsweredBy}
}

func (p *person) done() Attendee {
	p.ConfirmedAt = store.Instant(p.confirmed)
	return p.Attendee
}

// Find returns one appointment with its attendees.
func Find(ctx context.Context, tx *store.Tx, id ID) (Appointment, error) {
	all, err := FindAll(ctx, tx, []ID{id})
	if err != nil {
		return Appointment{}, err
	}
	a, ok := all[id]
	if !ok {
		return Appointment{}, ErrNotFound
	}
	who := make([]client.ID, 0, len(a.Attendees))
	for _, t := range a.Attendees {
		who = append(who, t.Client)
	}
	hidden, err := client.Hidden(ctx, tx, who)
	if err == nil && len(who) > 0 && !slices.ContainsFunc(who, func(c client.ID) bool { return !hidden[c] }) {
		return Appointment{}, ErrNotFound
	}
	return a, err
}

// FindAll returns appointments with their attendees, in two statements for each 128. Ids that the practice does not have are absent.
func FindAll(ctx context.Context, tx *store.Tx, ids []ID) (map[ID]Appointment, error) {
	out := make(map[ID]Appointment, len(ids))
	err := store.Chunks(ids, 2, func(list string, args []any) error {
		rows, err := tx.Query(ctx, `SELECT `+columns+` FROM appointment a WHERE a.practice = $1 AND a.id IN (`+list+`)`, args...)
		all, err := store.Collect(rows, err, func(rows *store.Rows) (Appointment, error) {
			var r raw
			if err := rows.Scan(r.fields()...); err != nil {
				return Appointment{}, err
			}
			return r.done(tx.Now)
		})
		if err != nil {
			return err
		}
		for _, a := range all {
			out[a.ID] = a
		}
		rows, err = tx.Query(ctx, attendeesQuery(list), args...)
		people, err := store.Collect(rows, err, func(rows *store.Rows) (Attendee, error) {
			var p person
			err := rows.Scan(p.fields()...)
			return p.done(), err
		})
		for _, p := range people {
			a := out[p.Appointment]
			a.Attendees = append(a.Attendees, p)
			out[p.Appointment] = a
		}
		return err
	})
	for _, a := range out {
		slices.SortFunc(a.Attendees, func(x, y Attendee) int { return strings.Compare(string(x.ID), string(y.ID)) })
	}
	return out, err
}

// attendeesQuery leaves the order to Go: asked for it by id, SQLite would walk all attendees of the practice.
func attendeesQuery(list string) string {
	return `SELECT ` + attendeeColumns + ` FROM attendee t WHERE t.practice = $1 AND t.appointment IN (` + list + `)`
}

// asRead returns the appointment if it is at the version that the caller has read.
func asRead(ctx context.Context, tx *store.Tx, id ID, version int64) (Appointment, error) {
	a, err := Find(ctx, tx, id)
	if err == nil && a.Version != version {
		err = practice.Since(tx, ErrChanged, "this appointment", a.Zone, a.ChangedBy, a.ChangedAt)
	}
	return a, err
}

func insert(ctx context.Context, tx *store.Tx, a Appointment) error {
	_, err := tx.Exec(ctx, `INSERT INTO appointment (practice, id, external, practitioner, service, location, room, series, mode, wall, zone, starts, ends, minutes, booking,
		overbooked, overbooked_by, generation, last_generation, booked_at, booked_by, moved_at, cancelled_at, cancelled_by, cancel_reason, cancel_late, undo,
		import_sum, import_version, batch, version, created_at, changed_at, changed_by)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, 0, 0, '', '', FALSE, '', '', 0, '', $22, $23, $23, $24)`,
		a.ID, a.External, a.Practitioner, a.Service, a.Location, a.Room, a.Series, a.Mode, a.Wall.String(), a.Zone, store.Micro(a.Starts), store.Micro(a.Ends), a.Minutes, a.Booking,
		a.Overbooked, a.OverbookedBy, a.Generation, a.LastGeneration, store.Micro(a.BookedAt), a.BookedBy, a.Version, store.Micro(a.CreatedAt), a.ChangedBy)
	if err != nil {
		return err
	}
	rows := make([][]any, len(a.Attendees))
	for i, t := range a.Attendees {
		rows[i] = []any{t.ID, a.ID, t.Client, t.Confirmation, t.Attendance, store.Micro(t.ConfirmedAt), t.AnsweredBy}
	}
	_, err = tx.Bulk(ctx, `INSERT INTO attendee (practice, id, appointment, client, confirmation, attendance, confirmed_at, answered_by) VALUES`, "", rows)
	if errors.Is(err, store.ErrForeign) {
		err = ErrNoClient
	}
	return err
}

// write stores a as the next version, with what undo needs ("" for nothing).
func write(ctx context.Context, tx *store.Tx, a Appointment, undo *before) (Appointment, error) {
	text := ""
	if undo != nil {
		raw, err := json.Marshal(undo)
		if err != nil {
			return Appointment{}, fmt.Errorf("write what undo needs: %w", err)
		}
		text = string(raw)
	}
	read := a.Version
	a.Version, a.ChangedAt, a.ChangedBy, a.Undoable = read+1, tx.Now, tx.Actor.Who(), undo != nil
	n, err := tx.Exec(ctx, `UPDATE appointment SET practitioner = $3, service = $4, location = $5, mode = $6, wall = $7, zone = $8, starts = $9, ends = $10, minutes = $11,
		booking = $12, overbooked = $13, overbooked_by = $14, generation = $15, last_generation = $16, moved_at = $17,
		cancelled_at = $18, cancelled_by = $19, cancel_reason = $20, cancel_late = $21, undo = $22, version = $23, changed_at = $24, changed_by = $25, room = $27
		WHERE practice = $1 AND id = $2 AND version = $26`,
		a.ID, a.Practitioner, a.Service, a.Location, a.Mode, a.Wall.String(), a.Zone, store.Micro(a.Starts), store.Micro(a.Ends), a.Minutes,
		a.Booking, a.Overbooked, a.OverbookedBy, a.Generation, a.LastGeneration, store.Micro(a.MovedAt),
		store.Micro(a.CancelledAt), a.CancelledBy, a.CancelReason, a.CancelLate, text, a.Version, store.Micro(a.ChangedAt), a.ChangedBy, read, a.Room)
	if err == nil && n == 0 {
		err = ErrChanged
	}
	return a, err
}

// writeAttendees stores what was answered for attendees: at most MaxAttendees rows.
func writeAttendees(ctx context.Context, tx *store.Tx, people []Attendee) error {
	if len(people) == 0 {
		return nil
	}
	rows := make([][]any, len(people))
	for i, t := range people {
		rows[i] = []any{t.ID, t.Appointment, t.Client, t.Confirmation, t.Attendance, store.Micro(t.ConfirmedAt), t.AnsweredBy}
	}
	_, err := tx.Bulk(ctx, `INSERT INTO attendee (practice, id, appointment, client, confirmation, attendance, confirmed_at, answered_by) VALUES`,
		`ON CONFLICT (practice, id) DO UPDATE SET confirmation = EXCLUDED.confirmation, attendance = EXCLUDED.attendance, confirmed_at = EXCLUDED.confirmed_at, answered_by = EXCLUDED.answered_by`, rows)
	return err
}
