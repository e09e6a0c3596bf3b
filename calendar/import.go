package calendar

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"letterhead/client"
	"letterhead/fault"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/vault"
	"letterhead/zone"
)

// An import stages rows here, batch by batch, and makes them visible by Flip in one transaction; package transfer leads. The constraint against double
// booking binds new bookings: what another system had booked over something else is recorded as overbooked and stays.

// Staged is a row of an export on its way in, or of an undo on its way out.
type Staged struct {
	Line         int
	Action       string // "create", "change", "same", "kept", "restore", "remove"
	ID           ID
	External     string
	Base         int64
	Client       client.ID
	Practitioner string // names; of a restore, ids
	Service      string
	Location     string // "" is the practice's first
	Mode         practice.Mode
	Wall         zone.Wall
	Zone         string
	Starts, Ends int64
	Minutes      int
	Booking      Booking
	Confirmation Confirmation
	Attendance   Attendance
	Late         bool
	Overbooked   bool
	Sum          string
	Before       []byte
}

// ImportSum is the keyed sum of everything that an import takes over of a row.
func ImportSum(keys *vault.Keys, s Staged) string {
	parts := []string{"1", s.External, string(s.Client), s.Practitioner, s.Service, s.Location, string(s.Mode), s.Wall.String(), s.Zone,
		fmt.Sprint(s.Minutes), string(s.Booking), string(s.Confirmation), string(s.Attendance), fmt.Sprint(s.Late)}
	return keys.Index("import", strings.Join(parts, "\x1f"))
}

// Imported is what an import needs to know of an appointment that is there already.
type Imported struct {
	ID            ID
	Version       int64
	ImportVersion int64
	Sum           string
	Overbooked    bool
}

// ImportedAs finds appointments by their ids in the other system.
func ImportedAs(ctx context.Context, tx *store.Tx, externals []string) (map[string]Imported, error) {
	out := make(map[string]Imported, len(externals))
	err := store.Chunks(externals, 2, func(list string, args []any) error {
		rows, err := tx.Query(ctx, `SELECT external, id, version, import_version, import_sum, overbooked FROM appointment
		WHERE practice = $1 AND external <> '' AND external IN (`+list+`)`, args...)
		_, err = store.Collect(rows, err, func(r *store.Rows) (struct{}, error) {
			var external string
			var i Imported
			err := r.Scan(&external, &i.ID, &i.Version, &i.ImportVersion, &i.Sum, &i.Overbooked)
			out[external] = i
			return struct{}{}, err
		})
		return err
	})
	return out, err
}

const stagedColumns = `practice, batch, line, action, external, id, base, attendee, client, practitioner, service, location, mode, wall, zone, starts, ends, minutes,
	booking, confirmation, attendance, cancel_late, overbooked, import_sum, before`

// Stage writes rows to the staging table.
func Stage(ctx context.Context, tx *store.Tx, batch string, staged []Staged) error {
	rows := make([][]any, len(staged))
	for i, s := range staged {
		before, attendee, external := s.Before, AttendeeID(""), s.External
		if before == nil {
			before = []byte{}
		}
		if s.Action == "create" || s.Action == "change" || s.Action == "restore" {
			attendee = store.NewID[AttendeeID]()
		}
		if external == "" {
			external = string(s.ID)
		}
		rows[i] = []any{batch, s.Line, s.Action, external, s.ID, s.Base, attendee, s.Client, s.Practitioner, s.Service, s.Location, string(s.Mode), s.Wall.String(), s.Zone,
			s.Starts, s.Ends, s.Minutes, string(s.Booking), string(s.Confirmation), string(s.Attendance), s.Late, s.Overbooked, s.Sum, before}
	}
	_, err := tx.Bulk(ctx, `INSERT INTO staged_appointment (`+stagedColumns+`) VALUES`, "", rows)
	return err
}

func beforePlace(id ID, version int64) vault.Place {
	return vault.Place{Table: "import_change", Row: string(id), Column: "before", Version: version}
}

// Before returns imported appointments as they are, sealed, by id: what an undo puts back. Imported ones that nobody changed have one attendee.
func Before(ctx context.Context, tx *store.Tx, keys *vault.Keys, ids []ID) (map[ID][]byte, error) {
	out := make(map[ID][]byte, len(ids))
	err := store.Chunks(ids, 2, func(list string, args []any) error {
		rows, err := tx.Query(ctx, `SELECT a.id, a.external, a.version, t.client, a.practitioner, a.service, a.location, a.mode, a.wall, a.zone, a.starts, a.ends, a.minutes,
			a.booking, t.confirmation, t.attendance, a.cancel_late, a.overbooked, a.import_sum
		FROM appointment a JOIN attendee t ON t.practice = $1 AND t.appointment = a.id WHERE a.practice = $1 AND a.id IN (`+list+`)`, args...)
		_, err = store.Collect(rows, err, func(r *store.Rows) (struct{}, error) {
			var s Staged
			var wall string
			if err := r.Scan(&s.ID, &s.External, &s.Base, &s.Client, &s.Practitioner, &s.Service, &s.Location, &s.Mode, &wall, &s.Zone, &s.Starts, &s.Ends, &s.Minutes,
				&s.Booking, &s.Confirmation, &s.Attendance, &s.Late, &s.Overbooked, &s.Sum); err != nil {
				return struct{}{}, err
			}
			var err error
			if s.Wall, err = zone.ParseWall(wall); err != nil {
				return struct{}{}, err
			}
			plain, err := json.Marshal(s)
			if err != nil {
				return struct{}{}, err
			}
			out[s.ID] = keys.Seal(beforePlace(s.ID, s.Base), plain)
			return struct{}{}, nil
		})
		return err
	})
	return out, err
}

// Restoring turns what Before sealed into a row to stage: the appointment as it was, to replace version now.
func Restoring(tx *store.Tx, keys *vault.Keys, line int, id ID, now int64, before []byte) (Staged, error) {
	plain, err := keys.Open(tx, vault.Of{Fields: "appointment"}, beforePlace(id, now-1), before)
	if err != nil {
		return Staged{}, fmt.Errorf("open what appointment %s was: %w", id, err)
	}
	var was Staged
	if err := json.Unmarshal(plain, &was); err != nil {
		return Staged{}, fmt.Errorf("read what appointment %s was: %w", id, err)
	}
	was.Line, was.Action, was.Base = line, "restore", now
	return was, nil
}

// Names says what the names in staged rows mean.
type Names struct {
	Practitioners map[string]practice.PractitionerID
	Services      map[string]practice.ServiceID
	Locations     map[string]practice.LocationID // "" is the first
}

// MarkOverlaps records as overbooked the staged appointments that overlap another booked one of the same practitioner, staged or here, and returns
// how many do. Touching is not overlapping; cancelled and rescheduled ones take nobody's time. The database sorts, one pass here compares: as one
// statement PostgreSQL, which has no statistics of rows staged a moment ago, takes the square of their number.
func MarkOverlaps(ctx context.Context, tx *store.Tx, batch string) (int, error) {
	rows, err := tx.Query(ctx, `SELECT s.line, s.practitioner AS who, s.starts AS starts, s.ends FROM staged_appointment s
			WHERE s.practice = $1 AND s.batch = $2 AND s.action IN ('create', 'change') AND s.booking = 'booked'
		UNION ALL
		SELECT 0, p.name, a.starts, a.ends FROM appointment a JOIN practitioner p ON p.practice = $1 AND p.id = a.practitioner AND p.archived_at = 0
			WHERE a.practice = $1 AND a.booking = 'booked'
			AND NOT EXISTS (SELECT 1 FROM staged_appointment s WHERE s.practice = $1 AND s.batch = $2 AND s.external = a.external AND s.action = 'change')
		ORDER BY who, starts`, batch)
	if err != nil {
		return 0, err
	}
	lines, err := overlapping(rows)
	if err != nil {
		return 0, err
	}
	return len(lines), store.Chunks(lines, 3, func(list string, args []any) error {
		_, err := tx.Exec(ctx, `UPDATE staged_appointment SET overbooked = true WHERE practice = $1 AND batch = $2 AND line IN (`+list+`)`, append([]any{batch}, args...)...)
		return err
	})
}

// overlapping reads appointments by practitioner and start. One overlaps an earlier one exactly when it begins before the latest end so far, and then
// the one with that end overlaps it.
func overlapping(rows *store.Rows) ([]int64, error) {
	defer rows.Close()
	type place struct{ line, ends int64 }
	var out []int64
	var latest place // of the practitioner's appointments so far, the one that ends last
	var who string
	marked := false // latest is in out
	mark := func(line int64) {
		if line > 0 {
			out = append(out, line)
		}
	}
	for rows.Next() {
		var p place
		var next string
		var starts int64
		if err := rows.Scan(&p.line, &next, &starts, &p.ends); err != nil {
			return nil, err
		}
		overlaps := next == who && starts < latest.ends
		if overlaps {
			mark(p.line)
			if !marked {
				mark(latest.line)
				marked = true
			}
		}
		if next != who || p.ends > latest.ends {
			who, latest, marked = next, p, overlaps
		}
	}
	return out, rows.Err()
}

// Flipped counts what a flip did.
type Flipped struct{ Created, Changed int64 }

var errNames = fault.New(fault.Internal, "calendar.import_names", "a staged appointment names what was not made")

// Flip makes a batch's staged appointments visible. What was changed here since it was staged becomes "kept" in the staging table. They have no
// booking instant, and a change that comes by import is no move: it makes a new generation, but nobody is told.
func Flip(ctx context.Context, tx *store.Tx, batch string, names Names) (Flipped, error) {
	var f Flipped
	if _, err := tx.Exec(ctx, `UPDATE staged_appointment SET action = 'kept' WHERE practice = $1 AND batch = $2 AND action IN ('change', 'restore') AND NOT EXISTS
		(SELECT 1 FROM appointment a WHERE a.practice = $1 AND a.id = staged_appointment.id AND a.version = staged_appointment.base)`, batch); err != nil {
		return f, fmt.Errorf("find appointments changed since: %w", err)
	}
	created, changed, err := stagedFor(ctx, tx, batch)
	if err != nil || created+changed == 0 {
		return f, err
	}
	with, args := names.with(4)
	args = append([]any{batch, store.Micro(tx.Now)}, args...)
	joined := ` FROM staged_appointment s JOIN made_practitioner p ON p.name = s.practitioner JOIN made_service v ON v.name = s.service JOIN made_location l ON l.name = s.location
		WHERE s.practice = $1 AND s.batch = $2 AND s.action = `
	f.Created, err = tx.Exec(ctx, with+` INSERT INTO appointment (practice, id, external, practitioner, service, location, mode, wall, zone, starts, ends, minutes,
			booking, overbooked, overbooked_by, generation, last_generation, booked_at, booked_by, moved_at, cancelled_at, cancelled_by, cancel_reason, cancel_late, undo,
			import_sum, import_version, batch, version, created_at, changed_at, changed_by)
		SELECT s.practice, s.id, s.external, p.id, v.id, l.id, s.mode, s.wall, s.zone, s.starts, s.ends, s.minutes,
			s.booking, s.overbooked, CASE WHEN s.overbooked THEN 'import' ELSE '' END, 1, 1, 0, 'import', 0, 0, '', '', s.cancel_late, '',
			s.import_sum, 1, s.batch, 1, CAST($3 AS BIGINT), CAST($3 AS BIGINT), 'import'`+joined+`'create'`, args...)
	if err != nil {
		return f, fmt.Errorf("create appointments: %w", err)
	}
	if changed > 0 { // a join with nothing in it is the one that a planner gets most wrong
		f.Changed, err = tx.Exec(ctx, with+` UPDATE appointment SET practitioner = s.practitioner_id, service = s.service_id, location = s.location_id, `+takeStaged+`
		FROM (SELECT s.*, p.id AS practitioner_id, v.id AS service_id, l.id AS location_id,
			(SELECT count(*) FROM attendee t WHERE t.practice = $1 AND t.appointment = s.id AND t.client = s.client) AS same_client`+joined+`'change') s
		WHERE appointment.practice = $1 AND appointment.id = s.id AND appointment.version = s.base`, args...)
		if err != nil {
			return f, fmt.Errorf("change appointments: %w", err)
		}
	}
	if f.Created != created || f.Changed != changed {
		return f, errNames
	}
	return f, flipAttendees(ctx, tx, batch)
}

// stagedFor counts what a flip will create and change.
func stagedFor(ctx context.Context, tx *store.Tx, batch string) (created, changed int64, err error) {
	err = tx.Row(ctx, `SELECT COALESCE(SUM(CASE WHEN action = 'create' THEN 1 ELSE 0 END), 0), COALESCE(SUM(CASE WHEN action = 'change' THEN 1 ELSE 0 END), 0)
		FROM staged_appointment WHERE practice = $1 AND batch = $2`, batch).Scan(&created, &changed)
	return created, changed, err
}

// takeStaged sets what a change and a restore both set. Another generation follows what a move would change.
const takeStaged = `mode = s.mode, wall = s.wall, zone = s.zone, starts = s.starts, ends = s.ends, minutes = s.minutes, booking = s.booking,
	overbooked = s.overbooked, overbooked_by = CASE WHEN s.overbooked THEN 'import' ELSE '' END, cancel_late = s.cancel_late, undo = '', moved_at = 0,
	generation = CASE WHEN appointment.starts <> s.starts OR appointment.practitioner <> s.practitioner_id OR appointment.location <> s.location_id OR s.same_client = 0
		THEN appointment.last_generation + 1 ELSE appointment.generation END,
	last_generation = CASE WHEN appointment.starts <> s.starts OR appointment.practitioner <> s.practitioner_id OR appointment.location <> s.location_id OR s.same_client = 0
		THEN appointment.last_generation + 1 ELSE appointment.last_generation END,
	import_sum = s.import_sum, import_version = s.base + 1, version = s.base + 1, changed_at = $3, changed_by = 'import'`

func flipAttendees(ctx context.Context, tx *store.Tx, batch string) error {
	for _, query := range []string{
		`DELETE FROM attendee WHERE practice = $1 AND EXISTS (SELECT 1 FROM staged_appointment s
			WHERE s.practice = $1 AND s.batch = $2 AND s.action IN ('change', 'restore') AND s.id = attendee.appointment AND s.client <> attendee.client)`,
		`UPDATE attendee SET confirmation = s.confirmation, attendance = s.attendance, confirmed_at = 0, answered_by = '' FROM staged_appointment s
			WHERE attendee.practice = $1 AND s.practice = $1 AND s.batch = $2 AND s.action IN ('change', 'restore') AND s.id = attendee.appointment AND s.client = attendee.client`,
		`INSERT INTO attendee (practice, id, appointment, client, confirmation, attendance, confirmed_at)
			SELECT s.practice, s.attendee, s.id, s.client, s.confirmation, s.attendance, 0 FROM staged_appointment s
			WHERE s.practice = $1 AND s.batch = $2 AND (s.action = 'create' OR s.action IN ('change', 'restore') AND NOT EXISTS
				(SELECT 1 FROM attendee t WHERE t.practice = $1 AND t.appointment = s.id AND t.client = s.client))`,
	} {
		if _, err := tx.Exec(ctx, query, batch); err != nil {
			return fmt.Errorf("attendees: %w", err)
		}
	}
	return nil
}

// with writes the names as lists that a statement can join.
func (n Names) with(first int) (string, []any) {
	var text []string
	var args []any
	list := func(name string, pairs [][2]string) {
		rows := make([]string, len(pairs))
		for i, p := range pairs {
			rows[i] = fmt.Sprintf("($%d, $%d)", first+len(args), first+len(args)+1)
			args = append(args, p[0], p[1])
		}
		text = append(text, name+" (name, id) AS (VALUES "+strings.Join(rows, ", ")+")")
	}
	list("made_practitioner", pairs(n.Practitioners))
	list("made_service", pairs(n.Services))
	list("made_location", pairs(n.Locations))
	return "WITH " + strings.Join(text, ", "), args
}

func pairs[T ~string](m map[string]T) [][2]string {
	out := make([][2]string, 0, len(m))
	for name, id := range m {
		out = append(out, [2]string{name, string(id)})
	}
	return out
}

// KeepStaged takes appointments out of an undo.
func KeepStaged(ctx context.Context, tx *store.Tx, batch string, ids []ID) error {
	return store.Chunks(ids, 3, func(list string, args []any) error {
		_, err := tx.Exec(ctx, `UPDATE staged_appointment SET action = 'kept' WHERE practice = $1 AND batch = $2 AND id IN (`+list+`)`, append([]any{batch}, args...)...)
		return err
	})
}

// KeepChanged takes appointments out of an undo that were changed here since the import.
func KeepChanged(ctx context.Context, tx *store.Tx, undo string) error {
	_, err := tx.Exec(ctx, `UPDATE staged_appointment SET action = 'kept' WHERE practice = $1 AND batch = $2 AND NOT EXISTS
		(SELECT 1 FROM appointment a WHERE a.practice = $1 AND a.id = staged_appointment.id AND a.version = staged_appointment.base)`, undo)
	return err
}

// Restore puts back what a batch changed, as staged by its undo.
func Restore(ctx context.Context, tx *store.Tx, undo string) (int64, error) {
	n, err := tx.Exec(ctx, `UPDATE appointment SET practitioner = s.practitioner_id, service = s.service, location = s.location_id, `+takeStaged+`
		FROM (SELECT s.*, s.practitioner AS practitioner_id, s.location AS location_id,
			(SELECT count(*) FROM attendee t WHERE t.practice = $1 AND t.appointment = s.id AND t.client = s.client) AS same_client
			FROM staged_appointment s WHERE s.practice = $1 AND s.batch = $2 AND s.action = 'restore') s
		WHERE appointment.practice = $1 AND appointment.id = s.id AND appointment.version = s.base`, undo, store.Micro(tx.Now))
	if err != nil {
		return n, fmt.Errorf("restore appointments: %w", err)
	}
	return n, flipAttendees(ctx, tx, undo)
}

// Withdraw deletes the appointments that a batch created, as staged by its undo. Their due rows are gone by then.
func Withdraw(ctx context.Context, tx *store.Tx, undo string) (int64, error) {
	if _, err := tx.Exec(ctx, `DELETE FROM attendee WHERE practice = $1 AND appointment IN
		(SELECT s.id FROM staged_appointment s WHERE s.practice = $1 AND s.batch = $2 AND s.action = 'remove')`, undo); err != nil {
		return 0, fmt.Errorf("delete attendees: %w", err)
	}
	n, err := tx.Exec(ctx, `DELETE FROM appointment WHERE practice = $1 AND id IN
		(SELECT s.id FROM staged_appointment s WHERE s.practice = $1 AND s.batch = $2 AND s.action = 'remove')`, undo)
	if err != nil {
		return n, fmt.Errorf("delete appointments: %w", err)
	}
	return n, nil
}

// ClearStaged deletes staged rows of one batch other than keep, at most limit of them, and says whether there were any.
func ClearStaged(ctx context.Context, tx *store.Tx, keep string, limit int) (bool, error) {
	var batch string
	var line int64
	err := tx.Row(ctx, `SELECT batch, line FROM staged_appointment WHERE practice = $1 AND batch <> $2 ORDER BY batch, line LIMIT 1`, keep).Scan(&batch, &line)
	if errors.Is(err, store.ErrNone) {
		return false, nil
	}
	if err == nil {
		_, err = tx.Exec(ctx, `DELETE FROM staged_appointment WHERE practice = $1 AND batch = $2 AND line < $3`, batch, line+int64(limit))
	}
	return true, err
}
