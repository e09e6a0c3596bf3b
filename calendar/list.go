package calendar

import (
	"context"
	"slices"
	"strconv"
	"time"

	"letterhead/client"
	"letterhead/fault"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/vault"
	"letterhead/zone"
)

// picked begins a list with its appointments, and joined adds the names: one row for each attendee. The parts are joined in the order in which they
// stand, by keys: without statistics (a database that was filled a minute ago) both engines would rather begin with all clients of the practice.
const (
	picked = `WITH picked AS MATERIALIZED (SELECT * FROM appointment WHERE practice = $1 AND `
	joined = `) SELECT ` + columns + `, p.name, s.name, l.name, ` + attendeeColumns + `, c.first_name, c.last_name, c.preferred_name, c.born, c.archived_at <> 0
	FROM picked a CROSS JOIN attendee t CROSS JOIN client c CROSS JOIN practitioner p CROSS JOIN service s CROSS JOIN location l
	WHERE t.practice = $1 AND t.appointment = a.id AND c.practice = $1 AND c.id = t.client
	AND p.practice = $1 AND p.id = a.practitioner AND s.practice = $1 AND s.id = a.service AND l.practice = $1 AND l.id = a.location `

	dayQuery  = picked + `starts >= $2 AND starts < $3` + inOrder
	wallQuery = picked + `starts >= $2 AND starts < $3 AND wall >= $5 AND wall < $6 AND ($7 = '' OR practitioner = $7)` + inOrder
	inOrder   = ` ORDER BY starts, id LIMIT $4` + joined + `ORDER BY a.starts, a.id, t.id LIMIT $4`
)

func entriesQuery(list string) string {
	return picked + `id IN (` + list + `)` + joined + `ORDER BY a.id, t.id`
}

// MaxDays is how many days, and MaxRows how many attendees, one list has at most.
const (
	MaxDays = 45
	MaxRows = 10_000
)

// Day lists what begins from one instant (included) to another (not included), in order of time, whatever became of it; of that, what shown wants
// (nil: all). Who stands in what is listed is on the access log: ask for no more than is shown.
func Day(ctx context.Context, tx *store.Tx, from, to time.Time, shown func(Entry) bool) ([]Entry, error) {
	if !from.Before(to) || to.Sub(from) > MaxDays*24*time.Hour {
		return nil, fault.Field("to", "calendar.days", "ask for 1 to %d days", MaxDays)
	}
	rows, err := tx.Query(ctx, dayQuery, store.Micro(from), store.Micro(to), MaxRows+1)
	return listed(ctx, tx, rows, err, shown)
}

// Walls lists what begins on these days, both included, by its own location's wall, with one practitioner or ("") with anybody: in order of time,
// whatever became of it; of that, what shown wants. The zone is the practice's.
func Walls(ctx context.Context, tx *store.Tx, first, last zone.Date, l *time.Location, with practice.PractitionerID, shown func(Entry) bool) ([]Entry, error) {
	if last.Before(first) || first.Add(MaxDays).Before(last) {
		return nil, fault.Field("to", "calendar.days", "ask for 1 to %d days", MaxDays)
	}
	from, until := Around(first, last, l)
	rows, err := tx.Query(ctx, wallQuery, store.Micro(from), store.Micro(until), MaxRows+1, first.String(), last.Add(1).String(), string(with))
	return listed(ctx, tx, rows, err, shown)
}

// Around are two instants between which everything begins that any wall has on these days: a wall is at most 14 hours from UTC.
func Around(first, last zone.Date, l *time.Location) (from, until time.Time) {
	at := func(d zone.Date) time.Time { return zone.At(zone.Wall{Date: d, Minute: 12 * 60}, l) }
	return at(first).Add(-40 * time.Hour), at(last).Add(40 * time.Hour)
}

func listed(ctx context.Context, tx *store.Tx, rows *store.Rows, err error, shown func(Entry) bool) ([]Entry, error) {
	out, n, err := collect(rows, err, tx.Now)
	if n > MaxRows {
		return nil, fault.Field("to", "calendar.days", "there are more than %d appointments in this time; ask for fewer days", MaxRows)
	}
	if err != nil {
		return nil, err
	}
	if shown != nil {
		out = slices.DeleteFunc(out, func(e Entry) bool { return !shown(e) })
	}
	if err := blank(ctx, tx, out); err != nil {
		return nil, err
	}
	return out, firstVisits(ctx, tx, out)
}

// bookedPulse is bounded by an index; hours are a practice's few.
const bookedPulse = `SELECT count(*) AS n, COALESCE(max(changed_at), 0) AS last FROM appointment WHERE practice = $1 AND starts >= $2 AND starts < $3`

const pulseQuery = `SELECT booked.n, booked.last, (SELECT count(*) + COALESCE(sum(changed_at % 1000003), 0) FROM opening WHERE practice = $1)
	+ (SELECT count(*) + COALESCE(sum(changed_at % 1000003), 0) FROM exception WHERE practice = $1) + (SELECT count(*) + COALESCE(sum(changed_at % 1000003), 0) FROM holiday WHERE practice = $1)
	FROM (` + bookedPulse + `) booked`

// Pulse is another text whenever something that begins between two instants was booked, changed or taken away, or hours were: what a page that is
// looked at asks every few seconds. It opens nothing and names nobody.
func Pulse(ctx context.Context, tx *store.Tx, from, to time.Time) (string, error) {
	var n, last, hours int64
	err := tx.Row(ctx, pulseQuery, store.Micro(from), store.Micro(to)).Scan(&n, &last, &hours)
	return strconv.FormatInt(n, 36) + "." + strconv.FormatInt(last, 36) + "." + strconv.FormatInt(hours, 36), err
}

// blank takes away who is meant where the actor does not see them (package client says whom): the time is taken all the same. Whom it leaves is on the
// access log.
func blank(ctx context.Context, tx *store.Tx, list []Entry) error {
	var who []client.ID
	for _, e := range list {
		for _, p := range e.People {
			who = append(who, p.Client)
		}
	}
	hidden, err := client.Hidden(ctx, tx, who)
	if err != nil {
		return err
	}
	for _, id := range who {
		if !hidden[id] {
			if err := vault.Saw(tx, vault.Of{Client: string(id), Fields: "name,born,appointment"}); err != nil {
				return err
			}
		}
	}
	for i, e := range list {
		left := 0
		for j, p := range e.People {
			if !hidden[p.Client] {
				left++
				continue
			}
			e.People[j] = Person{Attendee: Attendee{ID: p.ID, Appointment: p.Appointment}, Hidden: true}
			e.Attendees[j] = e.People[j].Attendee
		}
		if list[i].Hidden = left == 0 && len(e.People) > 0; list[i].Hidden {
			list[i].CancelReason = ""
		}
	}
	return nil
}

// firstVisits marks who has no earlier visit, in one statement for each 128 clients: it reads each client's own appointments once, however often
// the client is on the list.
func firstVisits(ctx context.Context, tx *store.Tx, list []Entry) error {
	first := map[client.ID]time.Time{}
	var who []client.ID
	for _, e := range list {
		for _, p := range e.People {
			if p.Hidden {
				continue
			}
			if _, known := first[p.Client]; !known {
				first[p.Client] = time.Time{}
				who = append(who, p.Client)
			}
		}
	}
	err := store.Chunks(who, 2, func(in string, args []any) error {
		rows, err := tx.Query(ctx, firstQuery(in), args...)
		_, err = store.Collect(rows, err, func(r *store.Rows) (struct{}, error) {
			var id client.ID
			var starts int64
			err := r.Scan(&id, &starts)
			first[id] = store.Instant(starts)
			return struct{}{}, err
		})
		return err
	})
	for _, e := range list {
		for i, p := range e.People {
			if p.Hidden {
				continue
			}
			began := first[p.Client]
			e.People[i].FirstVisit = began.IsZero() || !began.Before(e.Starts)
		}
	}
	return err
}

func firstQuery(in string) string {
	return mine(`IN (`+in+`) AND attendance <> 'no show'`) + `SELECT mine.client, min(a.starts) FROM mine CROSS JOIN appointment a
		WHERE a.practice = $1 AND a.id = mine.appointment AND a.booking = 'booked' GROUP BY mine.client`
}

// Entries returns appointments with what a list shows, in two statements for each 128. Ids that the practice does not have are absent.
func Entries(ctx context.Context, tx *store.Tx, ids []ID) (map[ID]Entry, error) {
	out := make(map[ID]Entry, len(ids))
	err := store.Chunks(ids, 2, func(list string, args []any) error {
		rows, err := tx.Query(ctx, entriesQuery(list), args...)
		all, _, err := collect(rows, err, tx.Now)
		if err != nil {
			return err
		}
		if err := blank(ctx, tx, all); err != nil {
			return err
		}
		for _, e := range all {
			if !e.Hidden {
				out[e.ID] = e
			}
		}
		return firstVisits(ctx, tx, all)
	})
	return out, err
}

// mine begins a query with the attendances of clients, whatever a planner without statistics would rather do; CROSS JOIN keeps SQLite in that order.
func mine(who string) string {
	return `WITH mine AS MATERIALIZED (SELECT client, appointment FROM attendee WHERE practice = $1 AND client ` + who + `) `
}

var clientQuery = mine(`= $2`) + `SELECT a.id FROM mine CROSS JOIN appointment a
	WHERE a.practice = $1 AND a.id = mine.appointment AND a.starts < $3 ORDER BY a.starts DESC, a.id DESC LIMIT $4`

// OfClient lists a client's appointments that begin before an instant, the latest first: at most limit (1 to 200). Another client's attendance of
// the same appointment is shown as well.
func OfClient(ctx context.Context, tx *store.Tx, who client.ID, before time.Time, limit int) ([]Entry, error) {
	if limit < 1 || limit > 200 {
		return nil, fault.Field("limit", "calendar.limit", "ask for 1 to 200 appointments at a time")
	}
	if hidden, err := client.Hidden(ctx, tx, []client.ID{who}); err != nil || hidden[who] {
		return nil, err
	}
	rows, err := tx.Query(ctx, clientQuery, who, store.Micro(before), limit)
	ids, err := store.Collect(rows, err, func(r *store.Rows) (ID, error) {
		var id ID
		return id, r.Scan(&id)
	})
	if err != nil {
		return nil, err
	}
	found, err := Entries(ctx, tx, ids)
	if err != nil {
		return nil, err
	}
	out := make([]Entry, 0, len(ids))
	for _, id := range ids {
		if e, seen := found[id]; seen {
			out = append(out, e)
		}
	}
	return out, nil
}

// collect folds rows, which come appointment by appointment, into entries; n is how many rows there were.
func collect(rows *store.Rows, err error, now time.Time) (out []Entry, n int, _ error) {
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	for rows.Next() {
		n++
		var r raw
		var t person
		var e Entry
		var p Person
		into := append(r.fields(), &e.PractitionerName, &e.ServiceName, &e.LocationName)
		into = append(into, t.fields()...)
		into = append(into, &p.FirstName, &p.LastName, &p.PreferredName, &p.Born, &p.Archived)
		if err := rows.Scan(into...); err != nil {
			return nil, n, err
		}
		p.Attendee = t.done()
		if last := len(out) - 1; last < 0 || out[last].ID != r.ID {
			if e.Appointment, err = r.done(now); err != nil {
				return nil, n, err
			}
			out = append(out, e)
		}
		last := &out[len(out)-1]
		last.Attendees, last.People = append(last.Attendees, p.Attendee), append(last.People, p)
	}
	return slices.Clip(out), n, rows.Err()
}

// Drifted lists booked appointments to come whose wall time means another instant by today's rules than by those of the day they were written:
// at most limit. Rows are looked at one by one and not kept.
func Drifted(ctx context.Context, tx *store.Tx, limit int) ([]Drift, error) {
	rows, err := tx.Query(ctx, `SELECT a.id, a.wall, a.zone, a.starts FROM appointment a
		WHERE a.practice = $1 AND a.starts > $2 AND a.booking = 'booked' ORDER BY a.starts, a.id`, store.Micro(tx.Now))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Drift
	for rows.Next() && len(out) < limit {
		var d Drift
		var wall string
		var starts int64
		if err := rows.Scan(&d.ID, &wall, &d.Zone, &starts); err != nil {
			return nil, err
		}
		if d.Wall, err = zone.ParseWall(wall); err != nil {
			return nil, err
		}
		l, err := zone.Load(d.Zone)
		if err != nil {
			return nil, err
		}
		d.Written, d.Now = store.Instant(starts), zone.At(d.Wall, l)
		if !d.Written.Equal(d.Now) && !slices.ContainsFunc(zone.Instants(d.Wall, l), d.Written.Equal) {
			out = append(out, d)
		}
	}
	return out, rows.Err()
}
