// Package room holds the rooms of a practice's locations, as appointments use them.
//
// It promises that two rooms in use at a location have different names. Whether a room is free is for package calendar to say.
package room

import (
	"context"
	"errors"

	"letterhead/fault"
	"letterhead/practice"
	"letterhead/store"
)

// ID names a room.
type ID string

// Room is a place for one appointment at a time.
type Room struct {
	ID       ID
	Location practice.LocationID
	Name     string
	Archived bool
}

const (
	mostName  = 60
	mostRooms = 500
)

// The errors of this package.
var (
	ErrNotFound = fault.New(fault.NotFound, "room.not_found", "no such room")
	ErrName     = fault.Field("name", "room.name", "there is a room of this name at this location; give another name")
	errFull     = fault.Field("name", "room.full", "a practice has at most %d rooms; archive some", mostRooms)
)

// Every lists all rooms, archived ones too.
func Every(ctx context.Context, tx *store.Tx) ([]Room, error) {
	rows, err := tx.Query(ctx, `SELECT id, location, name, archived_at <> 0 FROM room WHERE practice = $1 ORDER BY location, name, id`)
	return store.Collect(rows, err, func(r *store.Rows) (m Room, err error) { return m, r.Scan(&m.ID, &m.Location, &m.Name, &m.Archived) })
}

// Find returns one room.
func Find(ctx context.Context, tx *store.Tx, id ID) (Room, error) {
	m := Room{ID: id}
	err := tx.Row(ctx, `SELECT location, name, archived_at <> 0 FROM room WHERE practice = $1 AND id = $2`, id).Scan(&m.Location, &m.Name, &m.Archived)
	if errors.Is(err, store.ErrNone) {
		err = ErrNotFound
	}
	return m, err
}

// Add writes a new room.
func Add(ctx context.Context, tx *store.Tx, place practice.LocationID, name string) (Room, error) {
	name, err := practice.Text("name", name, mostName)
	if err == nil && name == "" {
		err = fault.Field("name", "room.needed", "give the room a name")
	}
	if err != nil {
		return Room{}, err
	}
	if _, err := practice.FindLocation(ctx, tx, place); err != nil {
		return Room{}, err
	}
	all, err := Every(ctx, tx)
	if err != nil {
		return Room{}, err
	}
	if len(all) >= mostRooms {
		return Room{}, errFull
	}
	m := Room{ID: store.NewID[ID](), Location: place, Name: name}
	_, err = tx.Exec(ctx, `INSERT INTO room (practice, id, location, name, archived_at) VALUES ($1, $2, $3, $4, 0)`, m.ID, m.Location, m.Name)
	if errors.Is(err, store.ErrUnique) {
		err = ErrName
	}
	return m, err
}

// Archive takes a room out of use; appointments keep it.
func Archive(ctx context.Context, tx *store.Tx, id ID) error {
	n, err := tx.Exec(ctx, `UPDATE room SET archived_at = $3 WHERE practice = $1 AND id = $2 AND archived_at = 0`, id, store.Micro(tx.Now))
	if err == nil && n == 0 {
		err = ErrNotFound
	}
	return err
}
