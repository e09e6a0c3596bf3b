package open

import (
	"context"
	"time"

	"letterhead/fault"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/zone"
)

// The bounds of what a practice keeps.
const (
	mostOpenings   = 2_000
	mostExceptions = 5_000
	mostHolidays   = 2_000
	mostNote       = 120
	mostDays       = 400 // of one exception
)

// The errors of this package.
var (
	ErrNotFound = fault.New(fault.NotFound, "open.not_found", "there is no such entry any more")
	ErrTwice    = fault.Field("day", "open.twice", "this holiday is on the list already")
	errFull     = fault.New(fault.Invalid, "open.full", "there are too many entries; remove some that are over")
)

const (
	openingQuery   = `SELECT id, practitioner, location, weekday, begins, ends, weeks, first_day, last_day FROM opening WHERE practice = $1 AND ($2 = '' OR practitioner = $2) ORDER BY practitioner, weekday, begins, id LIMIT 2000`
	exceptionQuery = `SELECT id, practitioner, location, open, begins, ends, note FROM exception WHERE practice = $1 AND ends > $2 AND begins < $3 ORDER BY begins, id LIMIT 5000`
	holidayQuery   = `SELECT id, location, day, name, region, works FROM holiday WHERE practice = $1 AND day >= $2 AND day <= $3 ORDER BY day, location, name LIMIT 2000`
)

// Load reads what is known of a practitioner ("" is everybody) from one day to another, both included.
func Load(ctx context.Context, tx *store.Tx, who practice.PractitionerID, from, to zone.Date) (s Schedule, err error) {
	rows, err := tx.Query(ctx, openingQuery, who)
	if s.Openings, err = store.Collect(rows, err, scanOpening); err != nil {
		return s, err
	}
	rows, err = tx.Query(ctx, exceptionQuery, zone.Wall{Date: from}.String(), zone.Wall{Date: to.Add(1)}.String())
	if s.Exceptions, err = store.Collect(rows, err, scanException); err != nil {
		return s, err
	}
	rows, err = tx.Query(ctx, holidayQuery, from.String(), to.String())
	s.Holidays, err = store.Collect(rows, err, scanHoliday)
	return s, err
}

func scanOpening(r *store.Rows) (o Opening, err error) {
	var first, last string
	if err = r.Scan(&o.ID, &o.Practitioner, &o.Location, &o.Weekday, &o.Begins, &o.Ends, &o.Weeks, &first, &last); err != nil {
		return o, err
	}
	if o.First, err = zone.ParseDate(first); err == nil && last != "" {
		o.Last, err = zone.ParseDate(last)
	}
	return o, err
}

func scanException(r *store.Rows) (e Exception, err error) {
	var begins, ends string
	if err = r.Scan(&e.ID, &e.Practitioner, &e.Location, &e.Open, &begins, &ends, &e.Note); err != nil {
		return e, err
	}
	if e.Begins, err = zone.ParseWall(begins); err == nil {
		e.Ends, err = zone.ParseWall(ends)
	}
	return e, err
}

func scanHoliday(r *store.Rows) (h Holiday, err error) {
	var day string
	if err = r.Scan(&h.ID, &h.Location, &day, &h.Name, &h.Region, &h.Works); err == nil {
		h.Day, err = zone.ParseDate(day)
	}
	return h, err
}

// AddOpenings writes a practitioner's hours: one row for each weekday.
func AddOpenings(ctx context.Context, tx *store.Tx, o Opening, weekdays []int) error {
	if _, err := practice.FindPractitioner(ctx, tx, o.Practitioner); err != nil {
		return err
	}
	if _, err := practice.FindLocation(ctx, tx, o.Location); err != nil {
		return err
	}
	last := ""
	switch {
	case len(weekdays) == 0 || len(weekdays) > 7:
		return fault.Field("weekday", "open.weekday", "choose at least one day of the week")
	case o.Begins < 0 || o.Ends > 24*60 || o.Begins >= o.Ends:
		return fault.Field("ends", "open.hours", "the hours end before they begin; give a later end")
	case o.Weeks < 1 || o.Weeks > 4:
		return fault.Field("weeks", "open.weeks", "choose every week, or every 2, 3 or 4 weeks")
	case !sound(o.First, tx.Now):
		return fault.Field("first", "open.day", "give a day such as 2026-12-01")
	case o.Last != zone.Date{}:
		if !sound(o.Last, tx.Now) || o.Last.Before(o.First) {
			return fault.Field("last", "open.last", "the last day comes before the first; give a later one, or none")
		}
		last = o.Last.String()
	}
	if err := room(ctx, tx, `SELECT count(*) FROM opening WHERE practice = $1`, mostOpenings-7); err != nil {
		return err
	}
	var rows [][]any
	for _, day := range weekdays {
		if day < 0 || day > 6 {
			return fault.Field("weekday", "open.weekday", "choose at least one day of the week")
		}
		rows = append(rows, []any{store.NewID[string](), o.Practitioner, o.Location, day, o.Begins, o.Ends, o.Weeks, o.First.String(), last, store.Micro(tx.Now), tx.Actor.Who()})
	}
	_, err := tx.Bulk(ctx, `INSERT INTO opening (practice, id, practitioner, location, weekday, begins, ends, weeks, first_day, last_day, changed_at, changed_by) VALUES`, "", rows)
	return err
}

// AddException writes what is otherwise once.
func AddException(ctx context.Context, tx *store.Tx, e Exception) error {
	note, err := practice.Text("note", e.Note, mostNote)
	if err != nil {
		return err
	}
	if e.Practitioner != "" {
		if _, err := practice.FindPractitioner(ctx, tx, e.Practitioner); err != nil {
			return err
		}
	}
	if e.Location != "" {
		if _, err := practice.FindLocation(ctx, tx, e.Location); err != nil {
			return err
		}
	}
	switch {
	case !sound(e.Begins.Date, tx.Now):
		return fault.Field("date", "open.day", "give a day such as 2026-12-01")
	case !sound(e.Ends.Date, tx.Now) || e.Ends.String() <= e.Begins.String():
		return fault.Field("until", "open.until", "it ends before it begins; give a later end")
	case number(e.Ends.Date)-number(e.Begins.Date) > mostDays:
		return fault.Field("until", "open.long", "it is longer than %d days; give a nearer end", mostDays)
	}
	if err := room(ctx, tx, `SELECT count(*) FROM exception WHERE practice = $1`, mostExceptions); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO exception (practice, id, practitioner, location, open, begins, ends, note, changed_at, changed_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		store.NewID[string](), e.Practitioner, e.Location, e.Open, e.Begins.String(), e.Ends.String(), note, store.Micro(tx.Now), tx.Actor.Who())
	return err
}

// AddHolidays writes holidays; those that are there already stay as somebody left them. It returns how many were new.
func AddHolidays(ctx context.Context, tx *store.Tx, list ...Holiday) (int64, error) {
	if err := room(ctx, tx, `SELECT count(*) FROM holiday WHERE practice = $1`, mostHolidays-len(list)); err != nil {
		return 0, err
	}
	var rows [][]any
	for _, h := range list {
		name, err := practice.Text("name", h.Name, mostNote)
		if err == nil && name == "" {
			err = fault.Field("name", "open.name", "say which holiday it is")
		}
		if err != nil {
			return 0, err
		}
		if !sound(h.Day, tx.Now) {
			return 0, fault.Field("day", "open.day", "give a day such as 2026-12-01")
		}
		if h.Location != "" {
			if _, err := practice.FindLocation(ctx, tx, h.Location); err != nil {
				return 0, err
			}
		}
		rows = append(rows, []any{store.NewID[string](), h.Location, h.Day.String(), name, h.Region, h.Works, store.Micro(tx.Now), tx.Actor.Who()})
	}
	return tx.Bulk(ctx, `INSERT INTO holiday (practice, id, location, day, name, region, works, changed_at, changed_by) VALUES`, `ON CONFLICT (practice, day, location, name) DO NOTHING`, rows)
}

// Work says of a holiday whether the practice works all the same.
func Work(ctx context.Context, tx *store.Tx, id string, works bool) error {
	return touched(tx.Exec(ctx, `UPDATE holiday SET works = $3, changed_at = $4, changed_by = $5 WHERE practice = $1 AND id = $2`, id, works, store.Micro(tx.Now), tx.Actor.Who()))
}

// What can be removed.
var removals = map[string]string{
	"hours":     `DELETE FROM opening WHERE practice = $1 AND id = $2`,
	"exception": `DELETE FROM exception WHERE practice = $1 AND id = $2`,
	"holiday":   `DELETE FROM holiday WHERE practice = $1 AND id = $2`,
}

// Remove takes away an entry of a kind: hours, exception or holiday.
func Remove(ctx context.Context, tx *store.Tx, kind, id string) error {
	query, known := removals[kind]
	if !known {
		return ErrNotFound
	}
	return touched(tx.Exec(ctx, query, id))
}

func touched(n int64, err error) error {
	if err == nil && n == 0 {
		err = ErrNotFound
	}
	return err
}

func room(ctx context.Context, tx *store.Tx, query string, most int) error {
	var n int
	err := tx.Row(ctx, query).Scan(&n)
	if err == nil && n > most {
		err = errFull
	}
	return err
}

// sound says whether a day is one that a calendar holds.
func sound(d zone.Date, now time.Time) bool {
	read, err := zone.ParseDate(d.String())
	return err == nil && read == d && d.Year >= 2000 && d.Year <= now.Year()+10
}

var errRegion = fault.Field("region", "open.region", "there is no list of this region; choose one, or add days one by one")

// Copy adds the holidays of a region from a day on to a location's ("" is everywhere).
func Copy(ctx context.Context, tx *store.Tx, region string, place practice.LocationID, from zone.Date) (int64, error) {
	list, err := Listed(region)
	if err != nil {
		return 0, err
	}
	var wanted []Holiday
	for _, h := range list {
		if !h.Day.Before(from) {
			h.Location = place
			wanted = append(wanted, h)
		}
	}
	if len(wanted) == 0 {
		return 0, errRegion
	}
	return AddHolidays(ctx, tx, wanted...)
}
