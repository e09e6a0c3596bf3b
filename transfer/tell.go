package transfer

import (
	"context"
	"fmt"

	"letterhead/calendar"
	"letterhead/plan"
	"letterhead/store"
	"letterhead/transfer/words"
)

// tell adds the remarks that only the staging tables as a whole can give: rows that were kept, people who may be one person, overlaps.
func (r *run) tell(ctx context.Context) error {
	headings := func(columns []words.Column, mapped map[string]string, i int) string {
		if h := mapped[columns[i].Field]; h != "" && h != "-" {
			return h
		}
		return columns[i].Heading
	}
	var clients, appointments map[string]string
	if m := r.options.Mapping; m != nil {
		clients, appointments = m.Clients, m.Appointments
	}
	lastName, id := headings(words.ClientColumns, clients, words.ClientLast), headings(words.ClientColumns, clients, words.ClientID)
	bookingID, start := headings(words.AppointmentColumns, appointments, words.AppointmentID), headings(words.AppointmentColumns, appointments, words.AppointmentTime)
	const sayKept = "it was changed here since it was imported; ours was kept"
	return r.db.View(ctx, r.actor, func(tx *store.Tx) error {
		for _, t := range []struct {
			file, column, reason string
			say                  func(other string) string
			query                string
		}{
			{clientsFile, id, "changed_here", func(string) string { return sayKept },
				`SELECT line, external, '' FROM staged_client WHERE practice = $1 AND batch = $2 AND action = 'kept' ORDER BY line`},
			{clientsFile, lastName, "same_person", func(other string) string {
				return "this may be the same person as " + other + " in this file; both were kept"
			},
				`SELECT line, external, earlier FROM (SELECT line, external, FIRST_VALUE(external) OVER (PARTITION BY person ORDER BY line) AS earlier,
					ROW_NUMBER() OVER (PARTITION BY person ORDER BY line) AS nth FROM staged_client WHERE practice = $1 AND batch = $2 AND person <> '') AS same
					WHERE nth > 1 ORDER BY line`},
			// By name, never by an index of dates of birth: some systems export 1 January 1900 for everybody whose date they do not know.
			{clientsFile, lastName, "same_person_here", func(other string) string {
				return "this may be the same person as client " + other + " here; both were kept"
			},
				`SELECT s.line, s.external, MIN(c.id) FROM staged_client s JOIN client c ON c.practice = $1 AND c.folded = s.folded AND c.born || '' = s.born
					WHERE s.practice = $1 AND s.batch = $2 AND s.action IN ('create', 'change') AND s.born <> '' AND s.folded <> '' AND c.id <> s.id
					AND NOT EXISTS (SELECT 1 FROM staged_client o WHERE o.practice = $1 AND o.batch = $2 AND o.external = c.external)
					GROUP BY s.line, s.external ORDER BY s.line`},
			{appointmentsFile, bookingID, "changed_here", func(string) string { return sayKept },
				`SELECT line, external, '' FROM staged_appointment WHERE practice = $1 AND batch = $2 AND action = 'kept' ORDER BY line`},
			{appointmentsFile, start, "overlap", func(string) string {
				return "it overlaps another of the same practitioner and was kept as a recorded overbooking"
			},
				`SELECT line, external, '' FROM staged_appointment WHERE practice = $1 AND batch = $2 AND overbooked = true AND action <> 'kept' ORDER BY line`},
		} {
			marked := r.kept[t.file]
			rows, err := tx.Query(ctx, t.query, r.batch)
			if err == nil {
				err = r.tellRows(rows, t.file, t.column, t.reason, t.say, &marked)
			}
			if err != nil {
				return fmt.Errorf("look for %s: %w", t.reason, err)
			}
			r.kept[t.file] = marked
		}
		return r.out.err
	})
}

func (r *run) tellRows(rows *store.Rows, file, column, reason string, say func(string) string, marked *lines) error {
	defer rows.Close()
	for rows.Next() {
		var line int
		var external, other string
		if err := rows.Scan(&line, &external, &other); err != nil {
			return err
		}
		if marked.add(line) {
			r.out.counts(file).Remarked++
		}
		r.out.add(Remark{File: file, Line: line, Column: column, Row: words.Cut(external, 40), Reason: reason, Say: say(other), Other: other})
	}
	return rows.Err()
}

// planning is how many appointments are planned in one transaction.
const planning = 1000

// replan writes the due rows of the appointments that are new or other and still to come. A crash here loses nothing for good: the planner's own
// sweep finds appointments without due rows.
func (r *run) replan(ctx context.Context) error {
	if r.options.DryRun {
		return nil
	}
	if err := r.db.Analyze(ctx, "client", "appointment", "attendee", "consent"); err != nil {
		return err
	}
	for line, done, chunks := 0, 0, 0; ; {
		var ids []calendar.ID
		var last int
		err := r.db.Change(ctx, r.actor, func(tx *store.Tx) error {
			rows, err := tx.Query(ctx, `SELECT id, line FROM staged_appointment WHERE practice = $1 AND batch = $2 AND line > $3
				AND action IN ('create', 'change', 'restore') AND starts > $4 ORDER BY line LIMIT $5`, r.batch, line, store.Micro(tx.Now), planning)
			ids, err = store.Collect(rows, err, func(rows *store.Rows) (id calendar.ID, err error) {
				err = rows.Scan(&id, &last)
				return id, err
			})
			if err != nil {
				return err
			}
			return plan.Refresh(ctx, tx, ids...)
		})
		if err != nil {
			return fmt.Errorf("plan the imported appointments: %w", err)
		}
		if len(ids) == 0 {
			return nil
		}
		line = last
		done += len(ids)
		if chunks++; chunks&(chunks-1) == 0 { // 1, 2, 4, 8 …
			if err := r.db.Analyze(ctx, "due"); err != nil {
				return err
			}
		}
		r.progress("plan", done)
	}
}
