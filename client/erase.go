package client

import (
	"context"
	"fmt"

	"letterhead/fault"
	"letterhead/store"
	"letterhead/vault"
)

// ErasedName is what stands in place of a name that was erased.
const ErasedName = "Erased"

// The errors of erasing.
var (
	ErrErased = fault.New(fault.Conflict, "client.erased", "this file was erased; nothing is left to change")
	ErrInUse  = fault.New(fault.Conflict, "client.in_use", "this client is in use; take them out of use first")
)

// Erase takes everything out of a file that says who it is, and out of those of the contacts: names, date of birth, addresses, the alert, the id of an
// import, what was kept for taking merged files apart. What stays is the row, that appointments and consents had it, and who looked. It cannot be
// undone. Only who is out of use is erased. Package erase leads.
func Erase(ctx context.Context, tx *store.Tx, keys *vault.Keys, id ID, version int64) error {
	c, _, err := current(ctx, tx, keys, id, version)
	switch {
	case err != nil:
		return err
	case !c.ErasedAt.IsZero():
		return ErrErased
	case c.ArchivedAt.IsZero():
		return ErrInUse
	}
	gone := Client{ID: id, LastName: ErasedName, Version: c.Version, ArchivedAt: c.ArchivedAt, MergedInto: c.MergedInto, Reminders: NoReminders, Email: Address{State: None}, Mobile: Address{State: None}}
	if _, err = write(ctx, tx, keys, gone); err != nil {
		return err
	}
	for _, s := range []struct {
		query string
		args  []any
	}{
		{`UPDATE client SET erased_at = $3, external = '', import_sum = '', batch = '' WHERE practice = $1 AND id = $2`, []any{id, store.Micro(tx.Now)}},
		{`DELETE FROM client_merge WHERE practice = $1 AND (kept = $2 OR gone = $2)`, []any{id}},
		{`DELETE FROM staged_client WHERE practice = $1 AND id = $2`, []any{id}},
	} {
		if _, err := tx.Exec(ctx, s.query, s.args...); err != nil {
			return fmt.Errorf("erase a client: %w", err)
		}
	}
	return eraseContacts(ctx, tx, keys, id)
}

func eraseContacts(ctx context.Context, tx *store.Tx, keys *vault.Keys, id ID) error {
	rows, err := tx.Query(ctx, `SELECT id, version FROM contact WHERE practice = $1 AND client = $2 LIMIT 1000`, id)
	all, err := store.Collect(rows, err, func(r *store.Rows) (c Contact, err error) { return c, r.Scan(&c.ID, &c.Version) })
	if err != nil {
		return err
	}
	for _, c := range all {
		c.Version++
		_, err := tx.Exec(ctx, `UPDATE contact SET name = $3, relation = '', receives = 'none', language = '', zone = '', email_state = 'none', mobile_state = 'none', sealed = $4, version = $5,
			ended_at = CASE WHEN ended_at = 0 THEN $6 ELSE ended_at END WHERE practice = $1 AND id = $2`, c.ID, ErasedName, c.seal(keys), c.Version, store.Micro(tx.Now))
		if err != nil {
			return fmt.Errorf("erase a contact: %w", err)
		}
	}
	return nil
}
