package client

import (
	"context"
	"slices"
	"strings"

	"letterhead/fault"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/vault"
)

// Reached reads what planning needs of many clients, in three statements for each 128 of them. Ids that the practice does not have are absent.
func Reached(ctx context.Context, tx *store.Tx, ids []ID) (map[ID]Reach, error) {
	ids, err := distinct(ids)
	if err != nil {
		return nil, err
	}
	answers, err := answersOf(ctx, tx, ids)
	if err != nil {
		return nil, err
	}
	contacts, err := contactsOf(ctx, tx, ids)
	if err != nil {
		return nil, err
	}
	out := make(map[ID]Reach, len(ids))
	err = store.Chunks(ids, 2, func(list string, args []any) error {
		rows, err := tx.Query(ctx, `SELECT id, external, reminders, email_state, mobile_state, language, zone, archived_at <> 0, version, touched FROM client
			WHERE practice = $1 AND id IN (`+list+`)`, args...)
		all, err := store.Collect(rows, err, func(r *store.Rows) (Reach, error) {
			var c Reach
			return c, r.Scan(&c.Client, &c.External, &c.Reminders, &c.Email, &c.Mobile, &c.Language, &c.Zone, &c.Archived, &c.Version, &c.Touched)
		})
		for _, c := range all {
			c.Contacts = contacts[c.Client]
			c.Consent = make(map[Topic]bool, len(answers[c.Client]))
			for topic, answer := range answers[c.Client] {
				c.Consent[topic] = answer.Given
			}
			out[c.Client] = c
		}
		return err
	})
	return out, err
}

func contactsOf(ctx context.Context, tx *store.Tx, ids []ID) (map[ID][]ContactReach, error) {
	type linked struct {
		ContactReach
		client ID
	}
	out := map[ID][]ContactReach{}
	err := store.Chunks(ids, 2, func(list string, args []any) error {
		rows, err := tx.Query(ctx, contactsQuery(list), args...)
		all, err := store.Collect(rows, err, func(r *store.Rows) (linked, error) {
			var c linked
			return c, r.Scan(&c.ID, &c.client, &c.Receives, &c.Email, &c.Mobile, &c.Language, &c.Zone)
		})
		for _, c := range all {
			out[c.client] = append(out[c.client], c.ContactReach)
		}
		return err
	})
	for _, contacts := range out { // here, for SQLite would walk all contacts of the practice to return them in this order
		slices.SortFunc(contacts, func(x, y ContactReach) int { return strings.Compare(string(x.ID), string(y.ID)) })
	}
	return out, err
}

func contactsQuery(list string) string {
	return `SELECT id, client, receives, email_state, mobile_state, language, zone FROM contact
		WHERE practice = $1 AND client IN (` + list + `) AND ended_at = 0 AND receives <> 'none'`
}

// Addresses opens where messages to these recipients go: ids of clients or of contacts, in two statements for each 128. Ids that the practice
// does not have are absent. Only the courier's source calls it.
func Addresses(ctx context.Context, tx *store.Tx, keys *vault.Keys, ids []string) (map[string]Recipient, error) {
	ids, err := distinct(ids)
	if err != nil {
		return nil, err
	}
	out := make(map[string]Recipient, len(ids))
	err = store.Chunks(ids, 2, func(list string, args []any) error {
		rows, err := tx.Query(ctx, `SELECT id, title, first_name, last_name, preferred_name, language, zone, sealed, version, touched, archived_at <> 0
			FROM client WHERE practice = $1 AND id IN (`+list+`)`, args...)
		_, err = store.Collect(rows, err, func(r *store.Rows) (struct{}, error) {
			var c Recipient
			var sealed []byte
			err := r.Scan(&c.Client, &c.Title, &c.FirstName, &c.LastName, &c.PreferredName, &c.Language, &c.Zone, &sealed, &c.Version, &c.Touched, &c.Ended)
			c.Name = Client{Title: c.Title, FirstName: c.FirstName, LastName: c.LastName, PreferredName: c.PreferredName}.Name()
			c.open(tx, keys, vault.Of{Client: string(c.Client), Fields: clientFields}, vault.Place{Table: "client", Row: string(c.Client), Column: "sealed", Version: c.Version}, sealed)
			out[string(c.Client)] = c
			return struct{}{}, err
		})
		if err != nil || !slices.ContainsFunc(args, func(id any) bool { _, is := out[id.(string)]; return !is }) {
			return err
		}
		rows, err = tx.Query(ctx, `SELECT id, client, name, language, zone, sealed, version, ended_at <> 0 FROM contact WHERE practice = $1 AND id IN (`+list+`)`, args...)
		_, err = store.Collect(rows, err, func(r *store.Rows) (struct{}, error) {
			var c Recipient
			var sealed []byte
			var version int64
			err := r.Scan(&c.Contact, &c.Client, &c.Name, &c.Language, &c.Zone, &sealed, &version, &c.Ended)
			c.open(tx, keys, vault.Of{Client: string(c.Client), Fields: contactFields}, contactPlace(c.Contact, version), sealed)
			out[string(c.Contact)] = c
			return struct{}{}, err
		})
		return err
	})
	return out, err
}

// open sets the addresses. What does not open is one person's trouble, not that of everybody read together.
func (c *Recipient) open(tx *store.Tx, keys *vault.Keys, of vault.Of, at vault.Place, sealed []byte) {
	d, err := openAt(tx, keys, of, at, sealed)
	c.Email, c.Mobile, c.Unreadable = d.Email, d.Mobile, err != nil
}

// AddressIndex is the keyed index of an address by a channel: by it the courier knows who is suppressed and who was written to before.
func AddressIndex(keys *vault.Keys, channel practice.Channel, a Address) string {
	switch {
	case a.State != Good:
	case channel == practice.Email:
		return emailIndex(keys, a)
	case channel == practice.SMS:
		return mobileIndex(keys, a)
	}
	return ""
}

func distinct[T ~string](ids []T) ([]T, error) {
	if len(ids) > MaxReachable {
		return nil, fault.Field("clients", "client.too_many", "ask for at most %d clients at a time", MaxReachable)
	}
	ids = slices.Clone(ids)
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// CountActive counts the practice's clients that are not archived.
func CountActive(ctx context.Context, tx *store.Tx) (n int64, err error) {
	err = tx.Row(ctx, `SELECT COUNT(*) FROM client WHERE practice = $1 AND archived_at = 0`).Scan(&n)
	return n, err
}

// Called reads what clients are called and which language they read; nothing sealed is opened. Ids that the practice does not have, and clients whom
// the actor does not see, are absent.
func Called(ctx context.Context, tx *store.Tx, ids []ID) (map[ID]Client, error) {
	hidden, err := Hidden(ctx, tx, ids)
	if err != nil {
		return nil, err
	}
	out := make(map[ID]Client, len(ids))
	err = store.Chunks(ids, 2, func(list string, args []any) error {
		rows, err := tx.Query(ctx, `SELECT id, first_name, last_name, preferred_name, language FROM client WHERE practice = $1 AND id IN (`+list+`)`, args...)
		all, err := store.Collect(rows, err, func(r *store.Rows) (c Client, err error) {
			return c, r.Scan(&c.ID, &c.FirstName, &c.LastName, &c.PreferredName, &c.Language)
		})
		for _, c := range all {
			if hidden[c.ID] {
				continue
			}
			if err := vault.Saw(tx, vault.Of{Client: string(c.ID), Fields: "name"}); err != nil {
				return err
			}
			out[c.ID] = c
		}
		return err
	})
	return out, err
}

// Alerts opens what stands in the way of forgetting something about a client. Clients without one, and clients whom the actor does not see, are absent.
func Alerts(ctx context.Context, tx *store.Tx, keys *vault.Keys, ids []ID) (map[ID]string, error) {
	hidden, err := Hidden(ctx, tx, ids)
	if err != nil {
		return nil, err
	}
	out := map[ID]string{}
	err = store.Chunks(ids, 2, func(list string, args []any) error {
		type row struct {
			id      ID
			sealed  []byte
			version int64
		}
		rows, err := tx.Query(ctx, `SELECT id, sealed, version FROM client WHERE practice = $1 AND id IN (`+list+`)`, args...)
		all, err := store.Collect(rows, err, func(r *store.Rows) (c row, err error) { return c, r.Scan(&c.id, &c.sealed, &c.version) })
		for _, c := range all {
			if hidden[c.id] {
				continue
			}
			d, err := open(tx, keys, vault.Of{Client: string(c.id), Fields: "alert"}, c.id, c.version, c.sealed)
			if err != nil {
				return err
			}
			if d.Alert != "" {
				out[c.id] = d.Alert
			}
		}
		return err
	})
	return out, err
}

// Languages are those that the practice's clients read, beside its own; at most 50.
func Languages(ctx context.Context, tx *store.Tx) ([]string, error) {
	rows, err := tx.Query(ctx, `SELECT DISTINCT language FROM client WHERE practice = $1 AND language <> '' ORDER BY language LIMIT 50`)
	return store.Collect(rows, err, func(r *store.Rows) (l string, err error) { return l, r.Scan(&l) })
}
