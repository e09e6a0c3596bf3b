package client

import (
	"context"
	"errors"

	"letterhead/practice"
	"letterhead/store"
	"letterhead/vault"
)

const contactColumns = `id, client, name, relation, receives, language, zone, sealed, version, created_at, ended_at`

func scanContact(tx *store.Tx, keys *vault.Keys, row scanner) (Contact, error) {
	var c Contact
	var sealed []byte
	var created, ended int64
	if err := row.Scan(&c.ID, &c.Client, &c.Name, &c.Relation, &c.Receives, &c.Language, &c.Zone, &sealed, &c.Version, &created, &ended); err != nil {
		return Contact{}, err
	}
	d, err := openAt(tx, keys, vault.Of{Client: string(c.Client), Fields: contactFields}, contactPlace(c.ID, c.Version), sealed)
	c.Email, c.Mobile = d.Email, d.Mobile
	c.CreatedAt, c.EndedAt = store.Instant(created), store.Instant(ended)
	return c, err
}

// Contacts are those linked to a client now, in the order in which they were added.
func Contacts(ctx context.Context, tx *store.Tx, keys *vault.Keys, id ID) ([]Contact, error) {
	if err := see(ctx, tx, id); err != nil {
		return nil, err
	}
	rows, err := tx.Query(ctx, `SELECT `+contactColumns+` FROM contact WHERE practice = $1 AND client = $2 AND ended_at = 0 ORDER BY id`, id)
	return store.Collect(rows, err, func(r *store.Rows) (Contact, error) { return scanContact(tx, keys, r) })
}

// AddContact links somebody to a client.
func AddContact(ctx context.Context, tx *store.Tx, keys *vault.Keys, c Contact) (Contact, error) {
	c.ID = ""
	if err := seeContact(ctx, tx, c); err != nil {
		return Contact{}, err
	}
	p, err := practice.Find(ctx, tx)
	if err != nil {
		return Contact{}, err
	}
	if c, err = checkedContact(c, Contact{}, p.Country); err != nil {
		return Contact{}, err
	}
	var n int
	if err := tx.Row(ctx, `SELECT count(*) FROM contact WHERE practice = $1 AND client = $2 AND ended_at = 0`, c.Client).Scan(&n); err != nil {
		return Contact{}, err
	}
	if n >= MaxContacts {
		return Contact{}, ErrManyPeople
	}
	c.ID, c.Version, c.CreatedAt, c.EndedAt = store.NewID[ContactID](), 1, tx.Now, store.Instant(0)
	_, err = tx.Exec(ctx, `INSERT INTO contact (practice, id, client, name, relation, receives, language, zone, email_state, mobile_state, sealed, version, created_at, ended_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0)`,
		c.ID, c.Client, c.Name, c.Relation, c.Receives, c.Language, c.Zone, c.Email.State, c.Mobile.State, c.seal(keys), c.Version, store.Micro(tx.Now))
	if errors.Is(err, store.ErrForeign) {
		err = ErrNotFound
	}
	if err != nil {
		return c, err
	}
	return c, touch(ctx, tx, c.Client)
}

// ChangeContact writes everything of a contact, if Version is what is stored.
func ChangeContact(ctx context.Context, tx *store.Tx, keys *vault.Keys, c Contact) (Contact, error) {
	if err := seeContact(ctx, tx, c); err != nil {
		return Contact{}, err
	}
	p, err := practice.Find(ctx, tx)
	if err != nil {
		return Contact{}, err
	}
	old, err := scanContact(tx, keys, tx.Row(ctx, `SELECT `+contactColumns+` FROM contact WHERE practice = $1 AND id = $2 AND ended_at = 0`, c.ID))
	if errors.Is(err, store.ErrNone) {
		return Contact{}, ErrNoContact
	}
	if err != nil {
		return Contact{}, err
	}
	if old.Version != c.Version {
		return Contact{}, ErrChanged
	}
	if c, err = checkedContact(c, old, p.Country); err != nil {
		return Contact{}, err
	}
	c.Client, c.Version, c.CreatedAt, c.EndedAt = old.Client, old.Version+1, old.CreatedAt, old.EndedAt
	_, err = tx.Exec(ctx, `UPDATE contact SET name = $3, relation = $4, receives = $5, language = $6, zone = $7, email_state = $8, mobile_state = $9, sealed = $10, version = $11
		WHERE practice = $1 AND id = $2`, c.ID, c.Name, c.Relation, c.Receives, c.Language, c.Zone, c.Email.State, c.Mobile.State, c.seal(keys), c.Version)
	if err != nil {
		return c, err
	}
	return c, touch(ctx, tx, c.Client)
}

// EndContact unlinks somebody; the row stays, for messages refer to it.
func EndContact(ctx context.Context, tx *store.Tx, id ContactID) error {
	if err := seeContact(ctx, tx, Contact{ID: id}); err != nil {
		return err
	}
	n, err := tx.Exec(ctx, `UPDATE contact SET ended_at = $3 WHERE practice = $1 AND id = $2 AND ended_at = 0`, id, store.Micro(tx.Now))
	if err == nil && n == 0 {
		err = ErrNoContact
	}
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE client SET touched = touched + 1 WHERE practice = $1 AND id = (SELECT client FROM contact WHERE practice = $1 AND id = $2)`, id)
	return err
}

func (c Contact) seal(keys *vault.Keys) []byte {
	return sealAt(keys, contactPlace(c.ID, c.Version), Details{Email: c.Email, Mobile: c.Mobile})
}

// seeContact is ErrNotFound for a client, or a contact of one, whom the actor does not see. Whose contact it is, is said by its row.
func seeContact(ctx context.Context, tx *store.Tx, c Contact) error {
	if c.ID != "" {
		err := tx.Row(ctx, `SELECT client FROM contact WHERE practice = $1 AND id = $2`, c.ID).Scan(&c.Client)
		if errors.Is(err, store.ErrNone) {
			return ErrNoContact
		}
		if err != nil {
			return err
		}
	}
	return see(ctx, tx, c.Client)
}
