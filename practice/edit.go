package practice

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"letterhead/fault"
	"letterhead/store"
)

// EditID names one change of the practice's details.
type EditID string

// Edit is one change of the practice, a location, a service or a practitioner: what it was and what it became.
type Edit struct {
	ID      EditID
	Thing   string // practice, location, service or practitioner
	Subject string // its id; of the practice, ""
	Fields  []string
	Who     string
	At      time.Time

	before, after string // JSON
}

// The errors of undoing.
var (
	ErrNoEdit   = fault.New(fault.NotFound, "practice.no_edit", "there is no such change")
	ErrEditPast = fault.New(fault.Conflict, "practice.edit_past", "this was changed again since; undo the later change first, or type what you want")
)

// note keeps what was changed; a change that changes nothing is none.
func note(ctx context.Context, tx *store.Tx, thing, subject string, before, after any) error {
	was, err := json.Marshal(before)
	if err != nil {
		return err
	}
	is, err := json.Marshal(after)
	if err != nil || string(was) == string(is) {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO practice_edit (practice, id, thing, subject, before, after, who, made_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		store.NewID[EditID](), thing, subject, string(was), string(is), tx.Actor.Who(), store.Micro(tx.Now))
	if err != nil {
		return fmt.Errorf("note what was changed: %w", err)
	}
	return nil
}

const editColumns = `id, thing, subject, before, after, who, made_at`

func scanEdit(r scanner) (Edit, error) {
	var e Edit
	var at int64
	if err := r.Scan(&e.ID, &e.Thing, &e.Subject, &e.before, &e.after, &e.Who, &at); err != nil {
		return e, err
	}
	e.At = store.Instant(at)
	var was, is map[string]json.RawMessage
	if err := errors.Join(json.Unmarshal([]byte(e.before), &was), json.Unmarshal([]byte(e.after), &is)); err != nil {
		return e, fmt.Errorf("a kept change: %w", err)
	}
	for _, name := range editable {
		if string(was[name]) != string(is[name]) {
			e.Fields = append(e.Fields, name)
		}
	}
	return e, nil
}

// editable are the fields that a change may be of, in the order in which pages name them.
var editable = []string{"Name", "Title", "Country", "Zone", "Language", "Phone", "Email", "Website", "Address", "Directions", "ReplyTo", "Mode", "Hours", "Minutes", "Price", "Colour",
	"Bookable", "Sensitive", "Member", "Services", "Locations", "Position", "Accent", "SenderLocal", "Domain", "DefaultChannel", "SMSServices", "SMSPrice", "QuietFrom", "QuietTo", "ClientWord"}

// Edits are the latest changes of a thing, the newest first.
func Edits(ctx context.Context, tx *store.Tx, thing, subject string, limit int) ([]Edit, error) {
	rows, err := tx.Query(ctx, `SELECT `+editColumns+` FROM practice_edit WHERE practice = $1 AND thing = $2 AND subject = $3 ORDER BY id DESC LIMIT $4`, thing, subject, limit)
	return store.Collect(rows, err, func(r *store.Rows) (Edit, error) { return scanEdit(r) })
}

// UndoEdit makes a thing what it was before a change. It is refused when the thing was changed again since.
func UndoEdit(ctx context.Context, tx *store.Tx, id EditID) (Edit, error) {
	e, err := scanEdit(tx.Row(ctx, `SELECT `+editColumns+` FROM practice_edit WHERE practice = $1 AND id = $2`, id))
	if errors.Is(err, store.ErrNone) {
		return e, ErrNoEdit
	}
	if err != nil {
		return e, err
	}
	latest, err := Edits(ctx, tx, e.Thing, e.Subject, 1)
	if err != nil {
		return e, err
	}
	if latest[0].ID != id {
		return e, ErrEditPast
	}
	switch e.Thing {
	case "practice":
		return e, again(e, func(p Practice) error { _, err := Change(ctx, tx, p); return err })
	case "location":
		return e, again(e, func(l Location) error { return ChangeLocation(ctx, tx, l) })
	case "service":
		return e, again(e, func(s Service) error { return ChangeService(ctx, tx, s) })
	}
	return e, again(e, func(p Practitioner) error { return ChangePractitioner(ctx, tx, p) })
}

// again writes what a thing was.
func again[T any](e Edit, write func(T) error) error {
	var was T
	if err := json.Unmarshal([]byte(e.before), &was); err != nil {
		return fmt.Errorf("a kept change: %w", err)
	}
	return write(was)
}
