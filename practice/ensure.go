package practice

import (
	"context"

	"letterhead/store"
)

// EnsureLocation finds locations in use by name and makes those that are missing, in the practice's zone.
func EnsureLocation(ctx context.Context, tx *store.Tx, names ...string) (map[string]LocationID, error) {
	p, err := Find(ctx, tx)
	if err != nil {
		return nil, err
	}
	wanted := make([]Location, len(names))
	for i, name := range names {
		wanted[i] = Location{Name: name, Zone: p.Zone}
	}
	return ensure(ctx, tx, wanted, ensuring[Location, LocationID]{
		check: checkedLocation, list: EveryLocation, insert: insertLocation, row: Location.row,
		name: func(l Location) string { return l.Name }, id: func(l Location) LocationID { return l.ID }, open: func(l Location) bool { return l.ArchivedAt.IsZero() },
		place: func(l *Location, id LocationID, position int) { l.ID, l.Position = id, position },
	})
}

// EnsureService finds services in use by name and makes those that are missing: 30 minutes and in person where the wanted one does not say.
// A service that is there keeps its minutes and mode.
func EnsureService(ctx context.Context, tx *store.Tx, wanted ...Service) (map[string]ServiceID, error) {
	wanted = append([]Service(nil), wanted...)
	for i := range wanted {
		if wanted[i].Minutes == 0 {
			wanted[i].Minutes = 30
		}
		if wanted[i].Mode == "" {
			wanted[i].Mode = InPerson
		}
	}
	return ensure(ctx, tx, wanted, ensuring[Service, ServiceID]{
		check: checkedService, list: EveryService, insert: insertService, row: Service.row,
		name: func(s Service) string { return s.Name }, id: func(s Service) ServiceID { return s.ID }, open: func(s Service) bool { return s.ArchivedAt.IsZero() },
		place: func(s *Service, id ServiceID, _ int) { s.ID = id },
	})
}

// EnsurePractitioner finds practitioners in use by name and makes those that are missing.
func EnsurePractitioner(ctx context.Context, tx *store.Tx, names ...string) (map[string]PractitionerID, error) {
	wanted := make([]Practitioner, len(names))
	for i, name := range names {
		wanted[i] = Practitioner{Name: name}
	}
	return ensure(ctx, tx, wanted, ensuring[Practitioner, PractitionerID]{
		check: checkedPractitioner, list: EveryPractitioner, insert: insertPractitioner, row: Practitioner.row,
		name: func(p Practitioner) string { return p.Name }, id: func(p Practitioner) PractitionerID { return p.ID }, open: func(p Practitioner) bool { return p.ArchivedAt.IsZero() },
		place: func(p *Practitioner, id PractitionerID, position int) { p.ID, p.Position = id, position },
	})
}

// ensuring is what one kind of thing needs to be found or made by name.
type ensuring[T any, I ~string] struct {
	check  func(T) (T, error)
	list   func(context.Context, *store.Tx) ([]T, error)
	insert string
	row    func(T) []any
	name   func(T) string
	id     func(T) I
	open   func(T) bool
	place  func(thing *T, id I, position int)
}

// ensure answers by the names as they were given; two that differ in blanks or composition are one thing.
func ensure[T any, I ~string](ctx context.Context, tx *store.Tx, wanted []T, k ensuring[T, I]) (map[string]I, error) {
	all, err := k.list(ctx, tx)
	if err != nil {
		return nil, err
	}
	known := make(map[string]I, len(all))
	for _, thing := range all {
		if k.open(thing) {
			known[k.name(thing)] = k.id(thing)
		}
	}
	out := make(map[string]I, len(wanted))
	var rows [][]any
	for _, given := range wanted {
		thing, err := k.check(given)
		if err != nil {
			return nil, err
		}
		id, ok := known[k.name(thing)]
		if !ok {
			id = store.NewID[I]()
			k.place(&thing, id, len(all)+len(rows))
			rows = append(rows, k.row(thing))
			known[k.name(thing)] = id
		}
		out[k.name(given)] = id
	}
	if len(all)+len(rows) > MaxThings {
		return nil, ErrFull
	}
	_, err = tx.Bulk(ctx, k.insert, "", rows)
	return out, err
}
