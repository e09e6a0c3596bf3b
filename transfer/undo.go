package transfer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"letterhead/calendar"
	"letterhead/client"
	"letterhead/job"
	"letterhead/plan"
	"letterhead/plan/forget"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/transfer/words"
	"letterhead/vault"
)

// Latest is the newest import of the practice that is not taken back.
func Latest(ctx context.Context, tx *store.Tx) (BatchID, error) {
	var id BatchID
	// One that changed nothing is no import that anybody would want to take back.
	err := tx.Row(ctx, `SELECT id FROM import_batch b WHERE practice = $1 AND kind = 'import' AND state = 'done'
		AND EXISTS (SELECT 1 FROM import_change c WHERE c.practice = $1 AND c.batch = b.id) ORDER BY id DESC LIMIT 1`).Scan(&id)
	if errors.Is(err, store.ErrNone) {
		return "", ErrNothing
	}
	return id, err
}

// Undo takes an import back: it deletes what the batch created and restores what it changed. What was changed here since, or has messages, stays and
// is remarked on; so does a client with an appointment that stays. An empty batch is the latest.
func Undo(ctx context.Context, db *store.DB, keeper Keeper, id store.PracticeID, batch BatchID, options Options) (*Report, error) {
	options.DryRun, options.Mapping = false, nil
	r := newRun(db, keeper, id, options)
	err := db.View(ctx, r.actor, func(tx *store.Tx) (err error) {
		if batch == "" {
			batch, err = Latest(ctx, tx)
			return err
		}
		var state, kind string
		err = tx.Row(ctx, `SELECT state, kind FROM import_batch WHERE practice = $1 AND id = $2`, batch).Scan(&state, &kind)
		switch {
		case errors.Is(err, store.ErrNone), err == nil && (kind != "import" || state == "abandoned" || state == "staging"):
			return ErrNoBatch
		case err == nil && state == "undone":
			return ErrUndone
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	r.report.Undoes = batch
	if err := r.begin(ctx); err != nil {
		return nil, err
	}
	if err := r.stageUndo(ctx); err != nil {
		return r.report, errors.Join(err, r.giveUp(ctx))
	}
	if err := r.flipUndo(ctx); err != nil {
		return r.report, errors.Join(err, r.giveUp(ctx))
	}
	if err := r.tellUndo(ctx); err != nil {
		return r.report, err
	}
	if err := r.replan(ctx); err != nil {
		return r.report, err
	}
	return r.report, r.clear(ctx, "")
}

// change is a row of import_change.
type change struct {
	id      string
	action  string
	version int64
	before  []byte
}

// stageUndo stages what the batch did, reversed.
func (r *run) stageUndo(ctx context.Context) error {
	for _, kind := range []string{"client", "appointment"} {
		after, line := "", 0
		for {
			var last string
			var n int
			err := r.db.Change(ctx, r.actor, func(tx *store.Tx) error {
				if err := r.alive(ctx, tx); err != nil {
					return err
				}
				changes, err := r.changes(ctx, tx, kind, after)
				if err != nil || len(changes) == 0 {
					n = 0
					return err
				}
				n, last = len(changes), changes[len(changes)-1].id
				return r.stageReversed(ctx, tx, kind, line, changes)
			})
			if err != nil {
				return fmt.Errorf("stage the undo of each %s: %w", kind, err)
			}
			if n == 0 {
				break
			}
			after, line = last, line+n
			r.progress("undo", line)
		}
	}
	return nil
}

func (r *run) changes(ctx context.Context, tx *store.Tx, kind, after string) ([]change, error) {
	rows, err := tx.Query(ctx, `SELECT id, action, version, before FROM import_change WHERE practice = $1 AND batch = $2 AND kind = $3 AND id > $4 ORDER BY id LIMIT $5`,
		r.report.Undoes, kind, after, chunk)
	return store.Collect(rows, err, func(rows *store.Rows) (c change, err error) {
		err = rows.Scan(&c.id, &c.action, &c.version, &c.before)
		return c, err
	})
}

func (r *run) stageReversed(ctx context.Context, tx *store.Tx, kind string, line int, changes []change) error {
	keys, err := r.keys(ctx, tx)
	if err != nil {
		return err
	}
	clients := make([]client.Staged, 0, len(changes))
	appointments := make([]calendar.Staged, 0, len(changes))
	for i, c := range changes {
		at := line + i + 1
		switch {
		case kind == "client" && c.action == "created":
			clients = append(clients, client.Staged{Line: at, Action: "remove", ID: client.ID(c.id), Base: c.version, Client: client.Client{External: c.id}})
		case kind == "client":
			s, err := client.Restoring(tx, keys, at, client.ID(c.id), c.version, c.before)
			if err != nil {
				return err
			}
			clients = append(clients, s)
		case c.action == "created":
			appointments = append(appointments, calendar.Staged{Line: at, Action: "remove", ID: calendar.ID(c.id), Base: c.version})
		default:
			s, err := calendar.Restoring(tx, keys, at, calendar.ID(c.id), c.version, c.before)
			if err != nil {
				return err
			}
			appointments = append(appointments, s)
		}
	}
	if err := client.Stage(ctx, tx, keys, string(r.batch), clients); err != nil {
		return err
	}
	return calendar.Stage(ctx, tx, string(r.batch), appointments)
}

func (r *run) flipUndo(ctx context.Context) error {
	if err := r.db.Analyze(ctx, "staged_client", "staged_appointment"); err != nil {
		return err
	}
	var after Report
	err := r.db.Change(ctx, r.actor, func(tx *store.Tx) error {
		after = Report{Practice: Practice{Filled: []string{}}}
		if err := r.alive(ctx, tx); err != nil {
			return err
		}
		// As in an import: should this process end before the due rows of what comes back are written, the sweep writes them.
		if err := job.Add(ctx, tx, plan.SweepJob, string(r.batch), tx.Now); err != nil {
			return err
		}
		if err := r.takeBackAppointments(ctx, tx); err != nil {
			return err
		}
		if err := r.takeBackClients(ctx, tx); err != nil {
			return err
		}
		if err := r.takeBackThings(ctx, tx, &after); err != nil {
			return err
		}
		if err := r.outcomes(ctx, tx, &after); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `UPDATE import_batch SET state = 'done', report = $3, finished_at = $4 WHERE practice = $1 AND id = $2`,
			r.batch, encode(map[string]Counts{"clients": after.Clients, "appointments": after.Appointments}), store.Micro(tx.Now))
		if err == nil {
			_, err = tx.Exec(ctx, `UPDATE import_batch SET state = 'undone' WHERE practice = $1 AND id = $2`, r.report.Undoes)
		}
		if err == nil {
			_, err = tx.Exec(ctx, `DELETE FROM import_change WHERE practice = $1 AND batch = $2`, r.report.Undoes)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("take the import back: %w", err)
	}
	for _, c := range []*Counts{&after.Clients, &after.Appointments} {
		c.Rows = c.Removed + c.Restored + c.Kept
		c.Reasons = map[string]int{}
	}
	r.report.Clients, r.report.Appointments, r.report.Practice = after.Clients, after.Appointments, after.Practice
	r.progress("flip", after.Clients.Rows+after.Appointments.Rows)
	return nil
}

func (r *run) takeBackAppointments(ctx context.Context, tx *store.Tx) error {
	// What a message was about stays: the practice's list of messages must not point at nothing. One that never left and never will does not count.
	mentioned, err := columnOf[calendar.ID](ctx, tx, `SELECT DISTINCT s.id FROM staged_appointment s JOIN message m ON m.practice = $1 AND m.appointment = s.id
		WHERE s.practice = $1 AND s.batch = $2 AND s.action = 'remove' AND (m.state <> 'dropped' OR m.left_at > 0)`, r.batch)
	if err != nil {
		return err
	}
	if err := calendar.KeepStaged(ctx, tx, string(r.batch), mentioned); err != nil {
		return err
	}
	if err := calendar.KeepChanged(ctx, tx, string(r.batch)); err != nil {
		return err
	}
	removed, err := columnOf[calendar.ID](ctx, tx, `SELECT id FROM staged_appointment WHERE practice = $1 AND batch = $2 AND action = 'remove' ORDER BY id`, r.batch)
	if err != nil {
		return err
	}
	if err := forget.Due(ctx, tx, removed...); err != nil {
		return fmt.Errorf("forget what was planned: %w", err)
	}
	if _, err := calendar.Withdraw(ctx, tx, string(r.batch)); err != nil {
		return err
	}
	_, err = calendar.Restore(ctx, tx, string(r.batch))
	return err
}

func (r *run) takeBackClients(ctx context.Context, tx *store.Tx) error {
	mentioned, err := columnOf[client.ID](ctx, tx, `SELECT DISTINCT s.id FROM staged_client s JOIN message m ON m.practice = $1 AND m.client = s.id
		WHERE s.practice = $1 AND s.batch = $2 AND s.action = 'remove' AND (m.state <> 'dropped' OR m.left_at > 0)`, r.batch)
	if err != nil {
		return err
	}
	if err := client.KeepStaged(ctx, tx, string(r.batch), mentioned); err != nil {
		return err
	}
	if _, err := client.Flip(ctx, tx, string(r.batch)); err != nil {
		return err
	}
	_, err = client.Withdraw(ctx, tx, string(r.batch), string(r.report.Undoes))
	return err
}

// takeBackThings archives what the batch made and nothing refers to any more, and empties the practice's fields that it filled and nobody changed.
func (r *run) takeBackThings(ctx context.Context, tx *store.Tx, after *Report) error {
	rows, err := tx.Query(ctx, `SELECT kind, id FROM import_change c WHERE practice = $1 AND batch = $2 AND (
		kind = 'practitioner' AND NOT EXISTS (SELECT 1 FROM appointment a WHERE a.practice = $1 AND a.practitioner = c.id)
		OR kind = 'service' AND NOT EXISTS (SELECT 1 FROM appointment a WHERE a.practice = $1 AND a.service = c.id)
		OR kind = 'location' AND NOT EXISTS (SELECT 1 FROM appointment a WHERE a.practice = $1 AND a.location = c.id))`, r.report.Undoes)
	things, err := store.Collect(rows, err, func(rows *store.Rows) (t [2]string, err error) {
		err = rows.Scan(&t[0], &t[1])
		return t, err
	})
	if err != nil {
		return err
	}
	for _, t := range things { // at most 1,500: see reader.room
		switch t[0] {
		case "practitioner":
			err = practice.ArchivePractitioner(ctx, tx, practice.PractitionerID(t[1]))
		case "service":
			err = practice.ArchiveService(ctx, tx, practice.ServiceID(t[1]))
		case "location":
			err = practice.ArchiveLocation(ctx, tx, practice.LocationID(t[1]))
		}
		// Archived here since, or the last location: it stays as it is.
		if err != nil && !errors.Is(err, practice.ErrLast) && !errors.Is(err, practice.ErrNoPerson) && !errors.Is(err, practice.ErrNoService) && !errors.Is(err, practice.ErrNoLocation) {
			return err
		}
	}
	keys, err := r.keys(ctx, tx)
	if err != nil {
		return err
	}
	return r.unfill(ctx, tx, keys, after)
}

func (r *run) unfill(ctx context.Context, tx *store.Tx, keys *vault.Keys, after *Report) error {
	var before []byte
	err := tx.Row(ctx, `SELECT before FROM import_change WHERE practice = $1 AND batch = $2 AND kind = 'practice'`, r.report.Undoes).Scan(&before)
	if errors.Is(err, store.ErrNone) {
		return nil
	}
	if err != nil {
		return err
	}
	plain, err := keys.Open(tx, vault.Of{Fields: "practice"}, filledPlace(r.report.Undoes), before)
	if err != nil {
		return err
	}
	var filled map[string]string
	if err := json.Unmarshal(plain, &filled); err != nil {
		return err
	}
	p, err := practice.Find(ctx, tx)
	if err != nil {
		return err
	}
	for _, f := range []struct {
		name  string
		field *string
	}{{"phone", &p.Phone}, {"website", &p.Website}} {
		if value, ok := filled[f.name]; ok && *f.field == value {
			*f.field = ""
			after.Practice.Filled = append(after.Practice.Filled, f.name)
		}
	}
	_, err = practice.Change(ctx, tx, p)
	return err
}

// tellUndo names what stays.
func (r *run) tellUndo(ctx context.Context) error {
	return r.db.View(ctx, r.actor, func(tx *store.Tx) error {
		for _, t := range []struct{ file, query string }{
			{clientsFile, `SELECT s.line, c.external, c.id FROM staged_client s JOIN client c ON c.practice = $1 AND c.id = s.id
				WHERE s.practice = $1 AND s.batch = $2 AND s.action = 'kept' ORDER BY s.line`},
			{appointmentsFile, `SELECT s.line, a.external, a.id FROM staged_appointment s JOIN appointment a ON a.practice = $1 AND a.id = s.id
				WHERE s.practice = $1 AND s.batch = $2 AND s.action = 'kept' ORDER BY s.line`},
		} {
			rows, err := tx.Query(ctx, t.query, r.batch)
			if err != nil {
				return err
			}
			counts := r.out.counts(t.file)
			err = func() error {
				defer rows.Close()
				for rows.Next() {
					var line int
					var external, id string
					if err := rows.Scan(&line, &external, &id); err != nil {
						return err
					}
					counts.Remarked++
					r.out.add(Remark{File: t.file, Row: words.Cut(external, 40), Other: id, Reason: "kept",
						Say: "it was changed here since the import, has messages, or something that stays belongs to it; it was kept"})
				}
				return rows.Err()
			}()
			if err != nil {
				return err
			}
		}
		return r.out.err
	})
}

// columnOf reads a query of one column for the batch.
func columnOf[T ~string](ctx context.Context, tx *store.Tx, query string, batch BatchID) ([]T, error) {
	rows, err := tx.Query(ctx, query, batch)
	return store.Collect(rows, err, func(rows *store.Rows) (v T, err error) {
		err = rows.Scan(&v)
		return v, err
	})
}
