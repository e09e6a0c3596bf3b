package transfer

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"letterhead/calendar"
	"letterhead/client"
	"letterhead/job"
	"letterhead/plan"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/vault"
)

// flip makes the batch visible, or of a dry run only finds the overlaps. Everything it does is one transaction; what it learns is kept apart until
// that is committed, for it may run again.
func (r *run) flip(ctx context.Context) error {
	if err := r.db.Analyze(ctx, "staged_client", "staged_appointment"); err != nil {
		return err
	}
	var after Report
	var remarks []Remark
	err := r.db.Change(ctx, r.actor, func(tx *store.Tx) error {
		after, remarks = Report{Clients: r.report.Clients, Appointments: r.report.Appointments, Practice: Practice{Filled: []string{}}}, nil
		if err := r.alive(ctx, tx); err != nil {
			return err
		}
		overlapping, err := calendar.MarkOverlaps(ctx, tx, string(r.batch))
		if err != nil {
			return fmt.Errorf("find overlaps: %w", err)
		}
		after.Overlapping = overlapping
		state := "done"
		if r.options.DryRun {
			state = "abandoned"
			r.foresee(&after)
		} else if remarks, err = r.show(ctx, tx, &after); err != nil {
			return err
		}
		if err := r.outcomes(ctx, tx, &after); err != nil {
			return err
		}
		after.Batch, after.DryRun = r.batch, r.options.DryRun
		_, err = tx.Exec(ctx, `UPDATE import_batch SET state = $3, report = $4, finished_at = $5 WHERE practice = $1 AND id = $2`,
			r.batch, state, encode(map[string]Counts{"clients": after.Clients, "appointments": after.Appointments}), store.Micro(tx.Now))
		return err
	})
	if err != nil {
		return fmt.Errorf("take the import over: %w", err)
	}
	r.report.Clients, r.report.Appointments, r.report.Overlapping, r.report.Practice = after.Clients, after.Appointments, after.Overlapping, after.Practice
	for _, m := range remarks {
		r.out.add(m)
	}
	r.progress("flip", r.report.Clients.Rows+r.report.Appointments.Rows)
	return nil
}

// named are the distinct names of staged rows.
type named struct {
	practitioners, locations []string
	services                 []practice.Service
	first                    bool // some appointment is at the first location
}

func (r *run) names(ctx context.Context, tx *store.Tx) (n named, err error) {
	rows, err := tx.Query(ctx, `SELECT DISTINCT 'p', practitioner FROM staged_appointment WHERE practice = $1 AND batch = $2 AND action IN ('create', 'change')
		UNION ALL SELECT DISTINCT 's', service FROM staged_appointment WHERE practice = $1 AND batch = $2 AND action IN ('create', 'change')
		UNION ALL SELECT DISTINCT 'l', location FROM staged_appointment WHERE practice = $1 AND batch = $2 AND action IN ('create', 'change')
		ORDER BY 1, 2`, r.batch)
	_, err = store.Collect(rows, err, func(rows *store.Rows) (struct{}, error) {
		var kind, name string
		err := rows.Scan(&kind, &name)
		switch {
		case kind == "p":
			n.practitioners = append(n.practitioners, name)
		case kind == "s":
			n.services = append(n.services, practice.Service{Name: name, Minutes: r.reader.minutes[name]})
		case name != "":
			n.locations = append(n.locations, name)
		default:
			n.first = true
		}
		return struct{}{}, err
	})
	return n, err
}

// foresee counts what a dry run would make.
func (r *run) foresee(after *Report) {
	after.Practice.Practitioners, after.Practice.Services, after.Practice.Locations = r.reader.met["practitioner"], r.reader.met["service"], r.reader.met["location"]
	for _, f := range []struct{ name, here, there string }{{"name", r.open.Name, r.details.Name}, {"phone", r.open.Phone, r.details.Phone}, {"website", r.open.Website, r.details.Host}} {
		if f.here == "" && f.there != "" {
			after.Practice.Filled = append(after.Practice.Filled, f.name)
		}
	}
}

// show makes everything visible and writes down what the batch did, for the undo.
func (r *run) show(ctx context.Context, tx *store.Tx, after *Report) ([]Remark, error) {
	keys, err := r.keys(ctx, tx)
	if err != nil {
		return nil, err
	}
	n, err := r.names(ctx, tx)
	if err != nil {
		return nil, fmt.Errorf("list names: %w", err)
	}
	p, err := practice.Find(ctx, tx)
	if err != nil {
		return nil, err
	}
	filled, remarks, err := r.details.fill(ctx, tx, p)
	if err != nil {
		return nil, fmt.Errorf("fill in the practice: %w", err)
	}
	after.Practice.Filled = append(after.Practice.Filled, filled...)
	if err := r.noteFilled(ctx, tx, keys, filled); err != nil {
		return nil, err
	}
	names, err := r.make(ctx, tx, n, p, &after.Practice)
	if err != nil {
		return nil, err
	}
	// Due rows follow in transactions of their own; should this process end before, the sweep writes them.
	// It is this batch's own: one that is under way may have passed by what the batch brings.
	if err := job.Add(ctx, tx, plan.SweepJob, string(r.batch), tx.Now); err != nil {
		return nil, err
	}
	if _, err := client.Flip(ctx, tx, string(r.batch)); err != nil {
		return nil, err
	}
	if _, err := calendar.Flip(ctx, tx, string(r.batch), names); err != nil {
		return nil, err
	}
	for _, query := range []string{
		`INSERT INTO import_change (practice, batch, kind, id, action, version, before)
			SELECT practice, batch, 'client', id, CASE WHEN action = 'create' THEN 'created' ELSE 'changed' END, base + 1, before
			FROM staged_client WHERE practice = $1 AND batch = $2 AND action IN ('create', 'change')`,
		`INSERT INTO import_change (practice, batch, kind, id, action, version, before)
			SELECT practice, batch, 'appointment', id, CASE WHEN action = 'create' THEN 'created' ELSE 'changed' END, base + 1, before
			FROM staged_appointment WHERE practice = $1 AND batch = $2 AND action IN ('create', 'change')`,
	} {
		if _, err := tx.Exec(ctx, query, r.batch); err != nil {
			return nil, fmt.Errorf("write down what was done: %w", err)
		}
	}
	return remarks, nil
}

// nameFirst gives the one location that a new practice was made with, and that still bears the practice's name, the name that the file uses most: it
// is the same place, and its address belongs to it. A practice in which anything was ever booked is left as it is.
func (r *run) nameFirst(ctx context.Context, tx *store.Tx, named []string, p practice.Practice, made *Practice) error {
	here, err := practice.Locations(ctx, tx)
	if err != nil || len(named) == 0 || len(here) != 1 || here[0].Name != p.Name || slices.Contains(named, p.Name) {
		return err
	}
	var booked int
	if err := tx.Row(ctx, `SELECT COUNT(*) FROM (SELECT 1 FROM appointment WHERE practice = $1 LIMIT 1) AS one`).Scan(&booked); err != nil || booked > 0 {
		return err
	}
	err = tx.Row(ctx, `SELECT location FROM staged_appointment WHERE practice = $1 AND batch = $2 AND location <> ''
		GROUP BY location ORDER BY COUNT(*) DESC, location LIMIT 1`, r.batch).Scan(&here[0].Name)
	if errors.Is(err, store.ErrNone) {
		return nil
	}
	if err != nil {
		return err
	}
	made.Locations++
	return practice.ChangeLocation(ctx, tx, here[0])
}

// make finds or makes the practitioners, services and locations that rows name.
func (r *run) make(ctx context.Context, tx *store.Tx, n named, p practice.Practice, made *Practice) (calendar.Names, error) {
	var names calendar.Names
	if n.first && len(n.locations) == 0 {
		here, err := practice.Locations(ctx, tx)
		if err != nil {
			return names, err
		}
		if len(here) == 0 {
			n.locations = []string{p.Name}
		}
	}
	if err := r.nameFirst(ctx, tx, n.locations, p, made); err != nil {
		return names, fmt.Errorf("name the first location: %w", err)
	}
	before, err := things(ctx, tx)
	if err != nil {
		return names, err
	}
	if names.Practitioners, err = practice.EnsurePractitioner(ctx, tx, n.practitioners...); err != nil {
		return names, fmt.Errorf("make practitioners: %w", err)
	}
	if names.Services, err = practice.EnsureService(ctx, tx, n.services...); err != nil {
		return names, fmt.Errorf("make services: %w", err)
	}
	if names.Locations, err = practice.EnsureLocation(ctx, tx, n.locations...); err != nil {
		return names, fmt.Errorf("make locations: %w", err)
	}
	here, err := practice.Locations(ctx, tx)
	if err != nil {
		return names, err
	}
	if n.first && len(here) > 0 {
		names.Locations[""] = here[0].ID
	}
	var rows [][]any
	note := func(kind, id string, count *int) {
		if !before[kind+id] {
			rows = append(rows, []any{r.batch, kind, id, "created", 0, []byte{}})
			before[kind+id] = true
			*count++
		}
	}
	for _, id := range names.Practitioners {
		note("practitioner", string(id), &made.Practitioners)
	}
	for _, id := range names.Services {
		note("service", string(id), &made.Services)
	}
	for _, id := range names.Locations {
		note("location", string(id), &made.Locations)
	}
	_, err = tx.Bulk(ctx, `INSERT INTO import_change (practice, batch, kind, id, action, version, before) VALUES`, "", rows)
	return names, err
}

// things are the ids of everything that a practice offers, by kind and id.
func things(ctx context.Context, tx *store.Tx) (map[string]bool, error) {
	out := map[string]bool{}
	locations, err := practice.EveryLocation(ctx, tx)
	if err != nil {
		return nil, err
	}
	for _, l := range locations {
		out["location"+string(l.ID)] = true
	}
	services, err := practice.EveryService(ctx, tx)
	if err != nil {
		return nil, err
	}
	for _, s := range services {
		out["service"+string(s.ID)] = true
	}
	practitioners, err := practice.EveryPractitioner(ctx, tx)
	for _, p := range practitioners {
		out["practitioner"+string(p.ID)] = true
	}
	return out, err
}

func filledPlace(batch BatchID) vault.Place {
	return vault.Place{Table: "import_change", Row: string(batch), Column: "before", Version: 0}
}

// noteFilled writes down which fields of the practice were filled, and with what.
func (r *run) noteFilled(ctx context.Context, tx *store.Tx, keys *vault.Keys, filled []string) error {
	if len(filled) == 0 {
		return nil
	}
	p, err := practice.Find(ctx, tx)
	if err != nil {
		return err
	}
	values := map[string]string{}
	for _, field := range filled {
		values[field] = map[string]string{"phone": p.Phone, "website": p.Website, "name": p.Name}[field]
	}
	_, err = tx.Exec(ctx, `INSERT INTO import_change (practice, batch, kind, id, action, version, before) VALUES ($1, $2, 'practice', $1, 'changed', 0, $3)`,
		r.batch, keys.Seal(filledPlace(r.batch), []byte(encode(values))))
	return err
}

// outcomes counts how staged rows ended; those that were refused are counted already.
func (r *run) outcomes(ctx context.Context, tx *store.Tx, after *Report) error {
	rows, err := tx.Query(ctx, `SELECT 1, action, count(*) FROM staged_client WHERE practice = $1 AND batch = $2 GROUP BY action
		UNION ALL SELECT 2, action, count(*) FROM staged_appointment WHERE practice = $1 AND batch = $2 GROUP BY action`, r.batch)
	_, err = store.Collect(rows, err, func(rows *store.Rows) (struct{}, error) {
		var which, n int
		var action string
		err := rows.Scan(&which, &action, &n)
		counts := &after.Clients
		if which == 2 {
			counts = &after.Appointments
		}
		counts.count(map[string]Outcome{"create": Created, "change": Changed, "same": Unchanged, "kept": Kept, "remove": Removed, "restore": Restored}[action], n)
		return struct{}{}, err
	})
	return err
}
