package client

import (
	"context"
	"errors"
	"slices"

	"letterhead/fault"
	"letterhead/practice"
	"letterhead/store"
)

// Sources are where an answer can come from.
var sources = []string{"import", "desk", "unsubscribe", "stop", "start"}

// SetConsent records answers, at the transaction's instant and by its actor. An answer that is the latest one already is not written again:
// pressing unsubscribe a thousand times makes one row. Somebody's own answer is written over an import's even when it is the same: the next import
// must find that they gave it.
func SetConsent(ctx context.Context, tx *store.Tx, answers ...Consent) error {
	ids := make([]ID, 0, len(answers))
	for _, a := range answers {
		if err := a.check(); err != nil {
			return err
		}
		ids = append(ids, a.Client)
	}
	hidden, err := Hidden(ctx, tx, ids)
	if err != nil {
		return err
	}
	if len(hidden) > 0 {
		return ErrNotFound
	}
	latest, err := answersOf(ctx, tx, ids)
	if err != nil {
		return err
	}
	var rows [][]any
	for _, a := range answers {
		if before, asked := latest[a.Client][a.Topic]; asked && before.Given == a.Given && (before.Source != "import" || a.Source == "import") {
			continue
		}
		if latest[a.Client] == nil {
			latest[a.Client] = map[Topic]Consent{}
		}
		latest[a.Client][a.Topic] = a
		rows = append(rows, []any{store.NewID[string](), a.Client, a.Category, a.Channel, a.Given, a.Source, tx.Actor.Who(), store.Micro(tx.Now)})
	}
	_, err = tx.Bulk(ctx, `INSERT INTO consent (practice, id, client, category, channel, given, source, who, at) VALUES`, "", rows)
	if errors.Is(err, store.ErrForeign) {
		err = ErrNotFound
	}
	if err != nil {
		return err
	}
	return touch(ctx, tx, ids...)
}

func (c Consent) check() error {
	switch {
	case c.Category != Appointments && c.Category != Marketing:
		return fault.Field("category", "client.category", "choose appointments or marketing")
	case c.Channel != practice.Email && c.Channel != practice.SMS:
		return fault.Field("channel", "client.channel", "choose email or sms")
	case !slices.Contains(sources, c.Source):
		return fault.Field("source", "client.source", "say where the answer comes from: import, desk, unsubscribe, stop or start")
	}
	return nil
}

// Consents are a client's latest answers. A topic that is absent was never asked.
func Consents(ctx context.Context, tx *store.Tx, id ID) (map[Topic]Consent, error) {
	if err := see(ctx, tx, id); err != nil {
		return nil, err
	}
	latest, err := answersOf(ctx, tx, []ID{id})
	return latest[id], err
}

// ConsentHistory is every answer of a client, the latest first: at most 1000.
func ConsentHistory(ctx context.Context, tx *store.Tx, id ID) ([]Consent, error) {
	if err := see(ctx, tx, id); err != nil {
		return nil, err
	}
	rows, err := tx.Query(ctx, `SELECT client, category, channel, given, source, who, at FROM consent WHERE practice = $1 AND client = $2 ORDER BY at DESC, id DESC LIMIT 1000`, id)
	return store.Collect(rows, err, scanConsent)
}

func scanConsent(r *store.Rows) (Consent, error) {
	var c Consent
	var at int64
	err := r.Scan(&c.Client, &c.Category, &c.Channel, &c.Given, &c.Source, &c.Who, &at)
	c.At = store.Instant(at)
	return c, err
}

// answersOf reads the latest answers of many clients.
func answersOf(ctx context.Context, tx *store.Tx, ids []ID) (map[ID]map[Topic]Consent, error) {
	out := map[ID]map[Topic]Consent{}
	err := store.Chunks(ids, 2, func(list string, args []any) error {
		rows, err := tx.Query(ctx, `SELECT client, category, channel, given, source, who, at FROM consent
			WHERE practice = $1 AND client IN (`+list+`) ORDER BY client, category, channel, at, id`, args...)
		all, err := store.Collect(rows, err, scanConsent)
		for _, c := range all {
			if out[c.Client] == nil {
				out[c.Client] = map[Topic]Consent{}
			}
			out[c.Client][c.Topic] = c
		}
		return err
	})
	return out, err
}

// touch notes that something of these clients changed that stands in another table, so that what was planned from it is planned again.
func touch(ctx context.Context, tx *store.Tx, ids ...ID) error {
	return store.Chunks(ids, 2, func(list string, args []any) error {
		_, err := tx.Exec(ctx, `UPDATE client SET touched = touched + 1 WHERE practice = $1 AND id IN (`+list+`)`, args...)
		return err
	})
}
