package practice

import (
	"context"
	"errors"
	"strings"

	"letterhead/store"
	"letterhead/wording/directory"
)

// Locations are the ones in use, in their order.
func Locations(ctx context.Context, tx *store.Tx) ([]Location, error) {
	all, err := EveryLocation(ctx, tx)
	return current(all, func(l Location) bool { return l.ArchivedAt.IsZero() }), err
}

// EveryLocation also returns what is archived, for old appointments refer to it.
func EveryLocation(ctx context.Context, tx *store.Tx) ([]Location, error) {
	rows, err := tx.Query(ctx, `SELECT id, name, zone, address, phone, directions, reply_to, mode, hours, position, archived_at FROM location
		WHERE practice = $1 ORDER BY position, id`)
	return store.Collect(rows, err, func(r *store.Rows) (Location, error) {
		var l Location
		var hours string
		var archived int64
		err := r.Scan(&l.ID, &l.Name, &l.Zone, &l.Address, &l.Phone, &l.Directions, &l.ReplyTo, &l.Mode, &hours, &l.Position, &archived)
		l.ArchivedAt, l.Hours = store.Instant(archived), readWeek(hours)
		return l, err
	})
}

// Services are the ones in use, by name.
func Services(ctx context.Context, tx *store.Tx) ([]Service, error) {
	all, err := EveryService(ctx, tx)
	return current(all, func(s Service) bool { return s.ArchivedAt.IsZero() }), err
}

// EveryService also returns what is archived.
func EveryService(ctx context.Context, tx *store.Tx) ([]Service, error) {
	rows, err := tx.Query(ctx, `SELECT `+serviceColumns+` FROM service WHERE practice = $1 ORDER BY name, id`)
	return store.Collect(rows, err, func(r *store.Rows) (Service, error) { return scanService(r) })
}

const serviceColumns = `id, name, minutes, mode, price, colour, bookable, sensitive, archived_at`

func scanService(r scanner) (Service, error) {
	var s Service
	var archived int64
	err := r.Scan(&s.ID, &s.Name, &s.Minutes, &s.Mode, &s.Price, &s.Colour, &s.Bookable, &s.Sensitive, &archived)
	s.ArchivedAt = store.Instant(archived)
	return s, err
}

// Practitioners are the ones in use, in their order.
func Practitioners(ctx context.Context, tx *store.Tx) ([]Practitioner, error) {
	all, err := EveryPractitioner(ctx, tx)
	return current(all, func(p Practitioner) bool { return p.ArchivedAt.IsZero() }), err
}

// EveryPractitioner also returns who is archived.
func EveryPractitioner(ctx context.Context, tx *store.Tx) ([]Practitioner, error) {
	rows, err := tx.Query(ctx, `SELECT `+practitionerColumns+` FROM practitioner WHERE practice = $1 ORDER BY position, id`)
	return store.Collect(rows, err, func(r *store.Rows) (Practitioner, error) { return scanPractitioner(r) })
}

const practitionerColumns = `id, name, title, member, services, locations, position, archived_at`

func scanPractitioner(r scanner) (Practitioner, error) {
	var p Practitioner
	var services, locations string
	var archived int64
	err := r.Scan(&p.ID, &p.Name, &p.Title, &p.Member, &services, &locations, &p.Position, &archived)
	p.Services, p.Locations, p.ArchivedAt = split[ServiceID](services), split[LocationID](locations), store.Instant(archived)
	return p, err
}

func split[I ~string](list string) (out []I) {
	for id := range strings.SplitSeq(list, ",") {
		if id != "" {
			out = append(out, I(id))
		}
	}
	return out
}

func joined[I ~string](ids []I) string {
	parts := make([]string, len(ids))
	for i, id := range ids {
		parts[i] = string(id)
	}
	return strings.Join(parts, ",")
}

func current[T any](all []T, keep func(T) bool) []T {
	var out []T
	for _, v := range all {
		if keep(v) {
			out = append(out, v)
		}
	}
	return out
}

// AddLocation appends a location. An empty zone is the practice's.
func AddLocation(ctx context.Context, tx *store.Tx, l Location) (Location, error) {
	if l.Zone == "" {
		p, err := Find(ctx, tx)
		if err != nil {
			return Location{}, err
		}
		l.Zone = p.Zone
	}
	l, err := checkedLocation(l)
	if err != nil {
		return Location{}, err
	}
	if err := typedPlace(ctx, tx, l, Location{}); err != nil {
		return Location{}, err
	}
	return appendLocation(ctx, tx, l)
}

func appendLocation(ctx context.Context, tx *store.Tx, l Location) (_ Location, err error) {
	if l.Position, err = room(ctx, tx, `SELECT count(*), COALESCE(max(position), -1) FROM location WHERE practice = $1`); err != nil {
		return Location{}, err
	}
	l.ID, l.ArchivedAt = store.NewID[LocationID](), store.Instant(0)
	_, err = tx.Bulk(ctx, insertLocation, "", [][]any{l.row()})
	return l, named(err)
}

// AddService adds a service.
func AddService(ctx context.Context, tx *store.Tx, s Service) (Service, error) {
	s, err := checkedService(s)
	if err != nil {
		return Service{}, err
	}
	if err := typed(ofService(s.Name), directory.Directory{}); err != nil {
		return Service{}, err
	}
	if _, err = room(ctx, tx, `SELECT count(*), 0 FROM service WHERE practice = $1`); err != nil {
		return Service{}, err
	}
	s.ID, s.ArchivedAt = store.NewID[ServiceID](), store.Instant(0)
	_, err = tx.Bulk(ctx, insertService, "", [][]any{s.row()})
	return s, named(err)
}

// AddPractitioner appends a practitioner.
func AddPractitioner(ctx context.Context, tx *store.Tx, p Practitioner) (Practitioner, error) {
	p, err := checkedPractitioner(p)
	if err != nil {
		return Practitioner{}, err
	}
	if err := typed(ofPractitioner(p), directory.Directory{}); err != nil {
		return Practitioner{}, err
	}
	if p.Position, err = room(ctx, tx, `SELECT count(*), COALESCE(max(position), -1) FROM practitioner WHERE practice = $1`); err != nil {
		return Practitioner{}, err
	}
	p.ID, p.ArchivedAt = store.NewID[PractitionerID](), store.Instant(0)
	_, err = tx.Bulk(ctx, insertPractitioner, "", [][]any{p.row()})
	return p, named(err)
}

const (
	insertLocation     = `INSERT INTO location (practice, id, name, zone, address, phone, directions, reply_to, mode, hours, position, archived_at) VALUES`
	insertService      = `INSERT INTO service (practice, ` + serviceColumns + `) VALUES`
	insertPractitioner = `INSERT INTO practitioner (practice, ` + practitionerColumns + `) VALUES`
)

func (l Location) row() []any {
	return []any{l.ID, l.Name, l.Zone, l.Address, l.Phone, l.Directions, l.ReplyTo, l.Mode, l.Hours.String(), l.Position, store.Micro(l.ArchivedAt)}
}
func (s Service) row() []any {
	return []any{s.ID, s.Name, s.Minutes, s.Mode, s.Price, s.Colour, s.Bookable, s.Sensitive, store.Micro(s.ArchivedAt)}
}
func (p Practitioner) row() []any {
	return []any{p.ID, p.Name, p.Title, p.Member, joined(p.Services), joined(p.Locations), p.Position, store.Micro(p.ArchivedAt)}
}

// room returns the next position, or ErrFull.
func room(ctx context.Context, tx *store.Tx, query string) (next int, err error) {
	var n int
	if err := tx.Row(ctx, query).Scan(&n, &next); err != nil {
		return 0, err
	}
	if n >= MaxThings {
		return 0, ErrFull
	}
	return next + 1, nil
}

// named says which field a unique index was about.
func named(err error) error {
	if errors.Is(err, store.ErrUnique) {
		return ErrNameTaken.With(err)
	}
	return err
}

// ChangeLocation writes everything of a location. Appointments that are booked keep the zone they were written in.
func ChangeLocation(ctx context.Context, tx *store.Tx, l Location) error {
	l, err := checkedLocation(l)
	if err != nil {
		return err
	}
	old, err := FindLocation(ctx, tx, l.ID)
	if err != nil {
		return err
	}
	if err := typedPlace(ctx, tx, l, old); err != nil {
		return err
	}
	n, err := tx.Exec(ctx, `UPDATE location SET name = $3, zone = $4, address = $5, phone = $6, directions = $7, reply_to = $8, position = $9, mode = $10, hours = $11
		WHERE practice = $1 AND id = $2 AND archived_at = 0`, l.ID, l.Name, l.Zone, l.Address, l.Phone, l.Directions, l.ReplyTo, l.Position, l.Mode, l.Hours.String())
	if err := touched(n, named(err), ErrNoLocation); err != nil {
		return err
	}
	return note(ctx, tx, "location", string(l.ID), old, l)
}

// ChangeService writes everything of a service.
func ChangeService(ctx context.Context, tx *store.Tx, s Service) error {
	s, err := checkedService(s)
	if err != nil {
		return err
	}
	old, err := FindService(ctx, tx, s.ID)
	if err != nil {
		return err
	}
	if err := typed(ofService(s.Name), ofService(old.Name)); err != nil {
		return err
	}
	n, err := tx.Exec(ctx, `UPDATE service SET name = $3, minutes = $4, mode = $5, price = $6, colour = $7, bookable = $8, sensitive = $9
		WHERE practice = $1 AND id = $2 AND archived_at = 0`, s.ID, s.Name, s.Minutes, s.Mode, s.Price, s.Colour, s.Bookable, s.Sensitive)
	if err := touched(n, named(err), ErrNoService); err != nil {
		return err
	}
	return note(ctx, tx, "service", string(s.ID), old, s)
}

// ChangePractitioner writes everything of a practitioner.
func ChangePractitioner(ctx context.Context, tx *store.Tx, p Practitioner) error {
	p, err := checkedPractitioner(p)
	if err != nil {
		return err
	}
	old, err := FindPractitioner(ctx, tx, p.ID)
	if err != nil {
		return err
	}
	if err := typed(ofPractitioner(p), ofPractitioner(old)); err != nil {
		return err
	}
	n, err := tx.Exec(ctx, `UPDATE practitioner SET name = $3, member = $4, position = $5, title = $6, services = $7, locations = $8
		WHERE practice = $1 AND id = $2 AND archived_at = 0`, p.ID, p.Name, p.Member, p.Position, p.Title, joined(p.Services), joined(p.Locations))
	if err := touched(n, named(err), ErrNoPerson); err != nil {
		return err
	}
	return note(ctx, tx, "practitioner", string(p.ID), old, p)
}

// ArchiveLocation takes a location out of use; the last one stays.
func ArchiveLocation(ctx context.Context, tx *store.Tx, id LocationID) error {
	open, err := Locations(ctx, tx)
	if err != nil {
		return err
	}
	if len(open) == 1 && open[0].ID == id {
		return ErrLast
	}
	n, err := tx.Exec(ctx, `UPDATE location SET archived_at = $3 WHERE practice = $1 AND id = $2 AND archived_at = 0`, id, store.Micro(tx.Now))
	return touched(n, err, ErrNoLocation)
}

// ArchiveService takes a service out of use.
func ArchiveService(ctx context.Context, tx *store.Tx, id ServiceID) error {
	n, err := tx.Exec(ctx, `UPDATE service SET archived_at = $3 WHERE practice = $1 AND id = $2 AND archived_at = 0`, id, store.Micro(tx.Now))
	return touched(n, err, ErrNoService)
}

// ArchivePractitioner takes a practitioner out of use. Booked appointments stay.
func ArchivePractitioner(ctx context.Context, tx *store.Tx, id PractitionerID) error {
	n, err := tx.Exec(ctx, `UPDATE practitioner SET archived_at = $3 WHERE practice = $1 AND id = $2 AND archived_at = 0`, id, store.Micro(tx.Now))
	return touched(n, err, ErrNoPerson)
}

// RestoreLocation takes a location into use again. Another of its name may be in use by now: ErrNameTaken.
func RestoreLocation(ctx context.Context, tx *store.Tx, id LocationID) error {
	n, err := tx.Exec(ctx, `UPDATE location SET archived_at = 0 WHERE practice = $1 AND id = $2 AND archived_at > 0`, id)
	return touched(n, named(err), ErrNoLocation)
}

// RestoreService takes a service into use again.
func RestoreService(ctx context.Context, tx *store.Tx, id ServiceID) error {
	n, err := tx.Exec(ctx, `UPDATE service SET archived_at = 0 WHERE practice = $1 AND id = $2 AND archived_at > 0`, id)
	return touched(n, named(err), ErrNoService)
}

// RestorePractitioner takes a practitioner into use again.
func RestorePractitioner(ctx context.Context, tx *store.Tx, id PractitionerID) error {
	n, err := tx.Exec(ctx, `UPDATE practitioner SET archived_at = 0 WHERE practice = $1 AND id = $2 AND archived_at > 0`, id)
	return touched(n, named(err), ErrNoPerson)
}

func touched(n int64, err, none error) error {
	if err == nil && n == 0 {
		return none
	}
	return err
}

// FindLocation returns a location, archived or not; "" is the first one in use.
func FindLocation(ctx context.Context, tx *store.Tx, id LocationID) (Location, error) {
	all, err := EveryLocation(ctx, tx)
	if err != nil {
		return Location{}, err
	}
	for _, l := range all {
		if l.ID == id || id == "" && l.ArchivedAt.IsZero() {
			return l, nil
		}
	}
	return Location{}, ErrNoLocation
}

// FindService returns a service, archived or not.
func FindService(ctx context.Context, tx *store.Tx, id ServiceID) (Service, error) {
	s, err := scanService(tx.Row(ctx, `SELECT `+serviceColumns+` FROM service WHERE practice = $1 AND id = $2`, id))
	return s, found(err, ErrNoService)
}

// FindPractitioner returns a practitioner, archived or not.
func FindPractitioner(ctx context.Context, tx *store.Tx, id PractitionerID) (Practitioner, error) {
	p, err := scanPractitioner(tx.Row(ctx, `SELECT `+practitionerColumns+` FROM practitioner WHERE practice = $1 AND id = $2`, id))
	return p, found(err, ErrNoPerson)
}

func found(err, none error) error {
	if errors.Is(err, store.ErrNone) {
		return none
	}
	return err
}
