package order

import (
	"context"

	"letterhead/client"
	"letterhead/store"
	"letterhead/template"
	"letterhead/wording"
)

// MostSamples bounds how many recipients a page shows a message of.
const MostSamples = 3

// Samples are some of an order's recipients, spread over its audience, as they are called: those whom the actor sees. No address is opened.
func Samples(ctx context.Context, tx *store.Tx, o *Order) ([]client.Client, error) {
	var ids []client.ID
	read := func(r *store.Rows) (none struct{}, err error) {
		var id client.ID
		err = r.Scan(&id)
		ids = append(ids, id)
		return none, err
	}
	if o.Recipients > 0 {
		rows, err := tx.Query(ctx, `SELECT client FROM order_recipient WHERE practice = $1 AND bulk_order = $2 AND place IN ($3, $4, $5) ORDER BY place`,
			string(o.ID), 0, o.Recipients/2, o.Recipients-1)
		if _, err = store.Collect(rows, err, read); err != nil {
			return nil, wrapped("read some recipients", err)
		}
	} else {
		q, err := audienceQuery(ctx, tx, o)
		if err != nil {
			return nil, err
		}
		rows, err := tx.Query(ctx, `SELECT id FROM (`+q.text.String()+`) AS found WHERE why = '' ORDER BY id LIMIT `+q.at(MostSamples), q.args...)
		if _, err = store.Collect(rows, err, read); err != nil {
			return nil, wrapped("read some recipients", err)
		}
	}
	called, err := client.Called(ctx, tx, ids)
	var out []client.Client
	for _, id := range ids {
		if c, seen := called[id]; seen {
			out = append(out, c)
		}
	}
	return out, err
}

// Fitting are the practice's wordings that can be sent as orders by e-mail.
func Fitting(ctx context.Context, tx *store.Tx) ([]template.Wording, error) {
	all, err := template.List(ctx, tx)
	if err != nil {
		return nil, err
	}
	sent, err := template.SentVersions(ctx, tx)
	if err != nil {
		return nil, err
	}
	ids := make([]template.VersionID, 0, len(all))
	for _, w := range all {
		ids = append(ids, sent[w.ID].ID)
	}
	contents, err := template.Content(ctx, tx, ids)
	if err != nil {
		return nil, err
	}
	var out []template.Wording
	for _, w := range all {
		v, _, err := wording.DecodeCanonical(contents[sent[w.ID].ID])
		if err == nil && Fit(v, "email") == nil {
			out = append(out, w)
		}
	}
	return out, nil
}
