package plan

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"letterhead/calendar"
	"letterhead/client"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/zone"
)

// Facts are read a page at a time: four statements for the page, and two for the practice.

// PageSize is how many appointments are planned at a time.
const PageSize = 500

// loader reads facts for one practice. It keeps what all appointments share.
type loader struct {
	practice *Practice
	of       practice.Practice
	zones    map[string]*time.Location
	sum      uint64 // of what the practice chose: another number after every change of it
}

func newLoader(ctx context.Context, tx *store.Tx) (*loader, error) {
	p, err := practice.Find(ctx, tx)
	if err != nil {
		return nil, fmt.Errorf("read the practice: %w", err)
	}
	rules, err := Rules(ctx, tx)
	if err != nil {
		return nil, err
	}
	on := make([]Rule, 0, len(rules))
	for _, r := range rules {
		if r.Enabled {
			on = append(on, r)
		}
	}
	chosen := &Practice{Default: Channel(p.DefaultChannel), Quiet: Quiet{From: p.QuietFrom, To: p.QuietTo}, Rules: on}
	if p.DefaultChannel == practice.NoChannel {
		chosen.Default = ""
	}
	return &loader{practice: chosen, of: p, zones: map[string]*time.Location{}, sum: sum(p, rules)}, nil
}

// zone resolves a name once. A zone that the embedded database does not have cannot be stored; if it is there nevertheless, say so.
func (l *loader) zone(name string) (*time.Location, error) {
	if found, ok := l.zones[name]; ok {
		return found, nil
	}
	found, err := zone.Load(name)
	if err != nil {
		return nil, fmt.Errorf("plan in the zone %q: %w", name, err)
	}
	l.zones[name] = found
	return found, nil
}

const appointmentColumns = `a.id, a.external, a.practitioner, a.service, a.location, a.mode, a.wall, a.zone, a.starts, a.booking, a.generation, a.booked_at, a.moved_at, a.cancelled_at, a.cancel_reason, a.created_at, a.version`

func (l *loader) scan(r *store.Rows) (Facts, error) {
	var a Appointment
	var wall, zoneName string
	var starts, booked, moved, cancelled, created int64
	if err := r.Scan(&a.ID, &a.External, &a.Practitioner, &a.Service, &a.Location, &a.Mode, &wall, &zoneName, &starts, &a.Booking, &a.Generation,
		&booked, &moved, &cancelled, &a.CancelReason, &created, &a.Version); err != nil {
		return Facts{}, err
	}
	var err error
	if a.Wall, err = zone.ParseWall(wall); err != nil {
		return Facts{}, fmt.Errorf("appointment %s: %w", a.ID, err)
	}
	if a.Zone, err = l.zone(zoneName); err != nil {
		return Facts{}, err
	}
	a.Starts, a.BookedAt, a.MovedAt = store.Instant(starts), store.Instant(booked), store.Instant(moved)
	a.CancelledAt, a.KnownAt = store.Instant(cancelled), store.Instant(created)
	return Facts{Practice: l.practice, Appointment: a}, nil
}

// byID reads the facts of these appointments, in the order of their ids. Ids that the practice does not have are absent.
func (l *loader) byID(ctx context.Context, tx *store.Tx, ids []string) ([]Facts, error) {
	var all []Facts
	err := store.Chunks(ids, 2, func(list string, args []any) error {
		rows, err := tx.Query(ctx, `SELECT `+appointmentColumns+` FROM appointment a WHERE a.practice = $1 AND a.id IN (`+list+`) ORDER BY a.id`, args...)
		page, err := store.Collect(rows, err, l.scan)
		if err != nil {
			return fmt.Errorf("read appointments: %w", err)
		}
		all = append(all, page...)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return all, l.fill(ctx, tx, all, these(all))
}

// page reads the facts of appointments in the order of their start, from a cursor on.
func (l *loader) page(ctx context.Context, tx *store.Tx, after place, limit int) ([]Facts, error) {
	rows, err := tx.Query(ctx, `SELECT `+appointmentColumns+` FROM appointment a
		WHERE a.practice = $1 AND a.starts >= $2 AND (a.starts > $2 OR a.id > $3) ORDER BY a.starts, a.id LIMIT $4`, after.starts, after.id, limit)
	all, err := store.Collect(rows, err, l.scan)
	if err != nil || len(all) == 0 {
		return nil, wrapped("read appointments", err)
	}
	return all, l.fill(ctx, tx, all, between(all[0].Appointment.Starts, all[len(all)-1].Appointment.Starts))
}

// named reads the facts of one client's or one appointment's, found by our id or by the one it was imported under.
func (l *loader) named(ctx context.Context, tx *store.Tx, f Filter, after place, limit int) ([]Facts, error) {
	rows, err := tx.Query(ctx, `SELECT `+appointmentColumns+` FROM appointment a
		WHERE a.practice = $1 AND ($5 = '' OR a.id = $5 OR a.external = $5)
		AND ($6 = '' OR EXISTS (SELECT 1 FROM attendee t JOIN client c ON c.practice = $1 AND c.id = t.client
			WHERE t.practice = $1 AND t.appointment = a.id AND (c.id = $6 OR c.external = $6)))
		AND a.starts >= $2 AND (a.starts > $2 OR a.id > $3) ORDER BY a.starts, a.id LIMIT $4`,
		after.starts, after.id, limit, f.Appointment, f.Client)
	all, err := store.Collect(rows, err, l.scan)
	if err != nil {
		return nil, fmt.Errorf("read appointments: %w", err)
	}
	return all, l.fill(ctx, tx, all, these(all))
}

func wrapped(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// scope says which appointments (a) the rows of a join belong to: a condition and its values from $2 on, as often as needed.
type scope func(read func(where string, args []any) error) error

// these names appointments one by one: for a few.
func these(all []Facts) scope {
	ids := make([]string, len(all))
	for i := range all {
		ids[i] = all[i].Appointment.ID
	}
	return func(read func(string, []any) error) error {
		return store.Chunks(ids, 2, func(list string, args []any) error { return read(`a.id IN (`+list+`)`, args) })
	}
}

// between takes all that start from one instant to another: for pages. Rows of appointments beyond the page's end are left aside.
func between(first, last time.Time) scope {
	return func(read func(string, []any) error) error {
		return read(`a.starts >= $2 AND a.starts <= $3`, []any{store.Micro(first), store.Micro(last)})
	}
}

// fill adds attendees with their clients and contacts, and the due rows.
func (l *loader) fill(ctx context.Context, tx *store.Tx, all []Facts, of scope) error {
	if len(all) == 0 {
		return nil
	}
	at := make(map[string]int, len(all))
	for i := range all {
		at[all[i].Appointment.ID] = i
	}
	clients := make([]client.ID, 0, len(all))
	err := of(func(where string, args []any) error {
		rows, err := tx.Query(ctx, `SELECT t.id, t.appointment, t.client, t.confirmation, t.attendance FROM appointment a
			JOIN attendee t ON t.practice = $1 AND t.appointment = a.id WHERE a.practice = $1 AND `+where, args...)
		_, err = store.Collect(rows, err, func(r *store.Rows) (none struct{}, err error) {
			var t Attendee
			var appointment string
			err = r.Scan(&t.ID, &appointment, &t.Client.ID, &t.Confirmation, &t.Attendance)
			if i, known := at[appointment]; known && err == nil {
				all[i].Attendees = append(all[i].Attendees, t)
				clients = append(clients, client.ID(t.Client.ID))
			}
			return none, err
		})
		return err
	})
	if err != nil {
		return fmt.Errorf("read attendees: %w", err)
	}
	reached, err := client.Reached(ctx, tx, clients)
	if err != nil {
		return fmt.Errorf("read clients: %w", err)
	}
	for i := range all {
		// Sorted here: asked for it, SQLite walks all attendees of the practice in this order for the few of one appointment.
		slices.SortFunc(all[i].Attendees, func(x, y Attendee) int { return strings.Compare(x.ID, y.ID) })
		for j := range all[i].Attendees {
			attendee := &all[i].Attendees[j]
			if err := l.reach(attendee, reached[client.ID(attendee.Client.ID)]); err != nil {
				return err
			}
		}
	}
	return pastOf(ctx, tx, all, at, of)
}

func (l *loader) reach(attendee *Attendee, r client.Reach) error {
	c := &attendee.Client
	c.External, c.Archived, c.Version, c.Touched = r.External, r.Archived, r.Version, r.Touched
	c.Wants, c.EmailState, c.MobileState, c.Language = string(r.Reminders), string(r.Email), string(r.Mobile), r.Language
	refused := func(channel practice.Channel) bool {
		given, asked := r.Consent[client.Topic{Category: client.Appointments, Channel: channel}]
		return asked && !given
	}
	c.NoEmail, c.NoSMS = refused(practice.Email), refused(practice.SMS)
	var err error
	if r.Zone != "" {
		if c.Zone, err = l.zone(r.Zone); err != nil {
			return err
		}
	}
	for _, k := range r.Contacts {
		contact := Recipient{ID: string(k.ID), Wants: string(k.Receives), EmailState: string(k.Email), MobileState: string(k.Mobile), Language: k.Language}
		if k.Zone != "" {
			if contact.Zone, err = l.zone(k.Zone); err != nil {
				return err
			}
		}
		attendee.Contacts = append(attendee.Contacts, contact)
	}
	return nil
}

func pastOf(ctx context.Context, tx *store.Tx, all []Facts, at map[string]int, of scope) error {
	err := of(func(where string, args []any) error {
		rows, err := tx.Query(ctx, `SELECT d.appointment, d.attendee, d.recipient, d.channel, d.rule, d.generation, d.mark, d.due_at, d.state, d.reason, d.decided_at
			FROM appointment a JOIN due d ON d.practice = $1 AND d.appointment = a.id WHERE a.practice = $1 AND `+where, args...)
		_, err = store.Collect(rows, err, func(r *store.Rows) (none struct{}, err error) {
			var p Past
			var appointment string
			var due, decided int64
			err = r.Scan(&appointment, &p.Attendee, &p.Recipient, &p.Channel, &p.Rule, &p.Generation, &p.Mark, &due, &p.State, &p.Reason, &decided)
			p.DueAt, p.DecidedAt = store.Instant(due), store.Instant(decided)
			if i, known := at[appointment]; known {
				all[i].Past = append(all[i].Past, p)
			}
			return none, err
		})
		return err
	})
	return wrapped("read due rows", err)
}

// place is where a walk over a practice's appointments stands.
type place struct {
	starts int64
	id     string
}

func placeOf(f *Facts) place { return place{store.Micro(f.Appointment.Starts), f.Appointment.ID} }

// Load reads the facts of these appointments, for whoever wants to plan them.
func Load(ctx context.Context, tx *store.Tx, ids ...calendar.ID) ([]Facts, error) {
	l, err := newLoader(ctx, tx)
	if err != nil {
		return nil, err
	}
	return l.byID(ctx, tx, texts(ids))
}

func texts[T ~string](ids []T) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = string(id)
	}
	return out
}
