package client

import (
	"context"
	"errors"

	"letterhead/practice"
	"letterhead/store"
	"letterhead/vault"
)

const columns = `c.id, c.external, c.title, c.first_name, c.last_name, c.preferred_name, c.born, c.language, c.zone, c.reminders, c.sealed,
	c.version, c.created_at, c.changed_at, c.changed_by, c.archived_at, c.merged_into, c.erased_at`

type scanner interface{ Scan(...any) error }

// scan reads columns and opens what is sealed. purpose is "" where the transaction says what it is for.
func scan(tx *store.Tx, keys *vault.Keys, purpose vault.Purpose, row scanner) (Client, error) {
	var c Client
	var sealed []byte
	var created, changed, archived, erased int64
	if err := row.Scan(&c.ID, &c.External, &c.Title, &c.FirstName, &c.LastName, &c.PreferredName, &c.Born, &c.Language, &c.Zone, &c.Reminders, &sealed,
		&c.Version, &created, &changed, &c.ChangedBy, &archived, &c.MergedInto, &erased); err != nil {
		return Client{}, err
	}
	d, err := open(tx, keys, vault.Of{Client: string(c.ID), Fields: clientFields, Purpose: purpose}, c.ID, c.Version, sealed)
	if err != nil {
		return Client{}, err
	}
	c.Email, c.Mobile, c.Alert = d.Email, d.Mobile, d.Alert
	c.CreatedAt, c.ChangedAt, c.ArchivedAt, c.ErasedAt = store.Instant(created), store.Instant(changed), store.Instant(archived), store.Instant(erased)
	return c, nil
}

// Add writes a new client. Email.Written and Mobile.Written are what was typed; an address that is none is refused here.
func Add(ctx context.Context, tx *store.Tx, keys *vault.Keys, c Client) (Client, error) {
	p, err := practice.Find(ctx, tx)
	if err != nil {
		return Client{}, err
	}
	if c, err = checked(c, Client{}, p.Country, tx.Now); err != nil {
		return Client{}, err
	}
	c.ID, c.Version, c.CreatedAt, c.ChangedAt, c.ChangedBy, c.ArchivedAt = store.NewID[ID](), 1, tx.Now, tx.Now, tx.Actor.Who(), store.Instant(0)
	d, x := c.sealing(keys)
	_, err = tx.Exec(ctx, `INSERT INTO client (practice, id, external, title, first_name, last_name, preferred_name, folded, born, language, zone, reminders,
		email_state, mobile_state, sealed, email_index, local_index, mobile_index, tail4_index, tail5_index, tail6_index,
		import_sum, import_version, batch, version, created_at, changed_at, changed_by, archived_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, '', 0, '', $22, $23, $23, $24, 0)`,
		c.ID, c.External, c.Title, c.FirstName, c.LastName, c.PreferredName, FoldNames(c.FirstName, c.LastName, c.PreferredName), c.Born, c.Language, c.Zone, c.Reminders,
		c.Email.State, c.Mobile.State, d, x.Email, x.Local, x.Mobile, x.Tail4, x.Tail5, x.Tail6, c.Version, store.Micro(tx.Now), c.ChangedBy)
	if errors.Is(err, store.ErrUnique) {
		err = ErrExternal.With(err)
	}
	return c, err
}

func (c Client) sealing(keys *vault.Keys) ([]byte, Indexes) {
	d := Details{Email: c.Email, Mobile: c.Mobile, Alert: c.Alert}
	return Seal(keys, c.ID, c.Version, d), IndexesOf(keys, d)
}

// Find returns one client with its details opened, archived ones too.
func Find(ctx context.Context, tx *store.Tx, keys *vault.Keys, id ID) (Client, error) {
	if err := see(ctx, tx, id); err != nil {
		return Client{}, err
	}
	c, err := scan(tx, keys, "", tx.Row(ctx, `SELECT `+columns+` FROM client c WHERE c.practice = $1 AND c.id = $2`, id))
	if errors.Is(err, store.ErrNone) {
		err = ErrNotFound
	}
	if err != nil {
		return Client{}, err
	}
	return c, nil
}

// Change writes what a person may change of a client, if Version is what is stored. The id it was imported under stays.
func Change(ctx context.Context, tx *store.Tx, keys *vault.Keys, c Client) (Client, error) {
	old, p, err := current(ctx, tx, keys, c.ID, c.Version)
	if err != nil {
		return Client{}, err
	}
	if !old.ArchivedAt.IsZero() {
		return Client{}, ErrArchived
	}
	c.External, c.CreatedAt, c.ArchivedAt, c.MergedInto = old.External, old.CreatedAt, old.ArchivedAt, old.MergedInto
	if c, err = checked(c, old, p.Country, tx.Now); err != nil {
		return Client{}, err
	}
	return write(ctx, tx, keys, c)
}

// Archive takes a client out of use: lists leave them out and nothing is sent to them.
func Archive(ctx context.Context, tx *store.Tx, keys *vault.Keys, id ID, version int64) (Client, error) {
	c, _, err := current(ctx, tx, keys, id, version)
	if err != nil || !c.ArchivedAt.IsZero() {
		return c, err
	}
	c.ArchivedAt = tx.Now
	return write(ctx, tx, keys, c)
}

// Restore brings an archived client back.
func Restore(ctx context.Context, tx *store.Tx, keys *vault.Keys, id ID, version int64) (Client, error) {
	c, _, err := current(ctx, tx, keys, id, version)
	if err != nil || c.ArchivedAt.IsZero() {
		return c, err
	}
	switch {
	case c.MergedInto != "":
		return c, ErrMerged
	case !c.ErasedAt.IsZero():
		return c, ErrErased
	}
	c.ArchivedAt = store.Instant(0)
	return write(ctx, tx, keys, c)
}

// current reads the client that a change is about and refuses when it is not the version that the caller has read.
func current(ctx context.Context, tx *store.Tx, keys *vault.Keys, id ID, version int64) (Client, practice.Practice, error) {
	p, err := practice.Find(ctx, tx)
	if err != nil {
		return Client{}, p, err
	}
	c, err := Find(ctx, tx, keys, id)
	if err == nil && c.Version != version {
		err = practice.Since(tx, ErrChanged, "this client", p.Zone, c.ChangedBy, c.ChangedAt)
	}
	return c, p, err
}

// write stores c as the next version, sealed for it.
func write(ctx context.Context, tx *store.Tx, keys *vault.Keys, c Client) (Client, error) {
	read := c.Version
	c.Version, c.ChangedAt, c.ChangedBy = read+1, tx.Now, tx.Actor.Who()
	d, x := c.sealing(keys)
	n, err := tx.Exec(ctx, `UPDATE client SET title = $3, first_name = $4, last_name = $5, preferred_name = $6, folded = $7, born = $8, language = $9, zone = $10,
		reminders = $11, email_state = $12, mobile_state = $13, sealed = $14, email_index = $15, local_index = $16, mobile_index = $17, tail4_index = $18,
		tail5_index = $19, tail6_index = $20, version = $21, changed_at = $22, changed_by = $23, archived_at = $24, merged_into = $25
		WHERE practice = $1 AND id = $2 AND version = $26`,
		c.ID, c.Title, c.FirstName, c.LastName, c.PreferredName, FoldNames(c.FirstName, c.LastName, c.PreferredName), c.Born, c.Language, c.Zone,
		c.Reminders, c.Email.State, c.Mobile.State, d, x.Email, x.Local, x.Mobile, x.Tail4, x.Tail5, x.Tail6, c.Version, store.Micro(tx.Now), c.ChangedBy,
		store.Micro(c.ArchivedAt), c.MergedInto, read)
	if err == nil && n == 0 {
		err = ErrChanged
	}
	return c, err
}
