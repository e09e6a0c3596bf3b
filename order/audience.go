package order

import (
	"context"
	"errors"
	"fmt"

	"letterhead/approval"
	"letterhead/approval/audience"
	"letterhead/client"
	"letterhead/job"
	"letterhead/store"
)

// FixJob fixes an order's audience; its subject is the order's id.
const FixJob = "order.fix"

// Audience is how many an order would reach now, and why not the others that its filter finds.
type Audience struct {
	Found   int64            // by the filter
	Reached int64            // less those below
	Why     map[string]int64 // by reason
}

// Count counts by the condition that fixes the audience. The actor's sight counts: who is not seen is not found.
func Count(ctx context.Context, tx *store.Tx, o *Order) (Audience, error) {
	out := Audience{Why: map[string]int64{}}
	q, err := audienceQuery(ctx, tx, o)
	if err != nil {
		return out, err
	}
	rows, err := tx.Query(ctx, `SELECT why, COUNT(*), COUNT(DISTINCT ix) FROM (`+q.text.String()+`) AS found GROUP BY why`, q.args...)
	_, err = store.Collect(rows, err, func(r *store.Rows) (none struct{}, err error) {
		var why string
		var n, distinct int64
		if err := r.Scan(&why, &n, &distinct); err != nil {
			return none, err
		}
		out.Found += n
		if why != "" {
			out.Why[why] = n
			return none, nil
		}
		if out.Reached = distinct; n > distinct {
			out.Why[Shared] = n - distinct
		}
		return none, nil
	})
	return out, wrapped("count whom a bulk message reaches", err)
}

func audienceQuery(ctx context.Context, tx *store.Tx, o *Order) (*query, error) {
	w, err := whereOf(ctx, tx)
	if err != nil {
		return nil, err
	}
	seen, err := client.SightOf(ctx, tx)
	q := &query{}
	q.candidates(w, o, &seen)
	return q, err
}

// pageOfClients is how many clients are read at a time.
const pageOfClients = 2000

// reached reads whom the order reaches, each address once: the first client, in the order of ids, has it.
func reached(ctx context.Context, tx *store.Tx, o *Order) ([]audience.Recipient, error) {
	q, err := audienceQuery(ctx, tx, o)
	if err != nil {
		return nil, err
	}
	var out []audience.Recipient
	known := map[string]struct{}{}
	text := q.text.String() + fmt.Sprintf(` AND c.id > $%d ORDER BY c.id LIMIT $%d`, len(q.args)+2, len(q.args)+3)
	for after := ""; ; {
		n := 0
		rows, err := tx.Query(ctx, text, append(q.args[:len(q.args):len(q.args)], after, pageOfClients)...)
		_, err = store.Collect(rows, err, func(r *store.Rows) (none struct{}, err error) {
			var index, why string
			if err := r.Scan(&after, &index, &why); err != nil {
				return none, err
			}
			n++
			if _, twice := known[index]; why == "" && !twice {
				known[index] = struct{}{}
				out = append(out, audience.Recipient{Client: after, Channel: string(o.Channel), Index: index})
			}
			return none, nil
		})
		switch {
		case err != nil:
			return nil, fmt.Errorf("read whom a bulk message reaches: %w", err)
		case len(out) > MostRecipients:
			return nil, ErrLarge
		case n < pageOfClients:
			return out, nil
		}
	}
}

// Ask has a draft's recipients fixed, for people to sign; the job that does so is opened here.
func Ask(ctx context.Context, tx *store.Tx, id ID, edition int64) error {
	o, err := editable(ctx, tx, id, edition)
	if err != nil {
		return err
	}
	if !o.Until.After(tx.Now) {
		return bad("until", "until_past", "this is over already; choose a later end")
	}
	reach, err := Count(ctx, tx, &o)
	switch {
	case err != nil:
		return err
	case reach.Reached == 0:
		return ErrEmpty
	case reach.Reached > MostRecipients:
		return ErrLarge
	}
	_, err = tx.Exec(ctx, `UPDATE bulk_order SET state = 'fixing', run = '', asked_by = $3, asked_at = $4, edition = edition + 1 WHERE practice = $1 AND id = $2`,
		string(id), tx.Actor.Who(), store.Micro(tx.Now))
	if err != nil {
		return err
	}
	return job.Add(ctx, tx, FixJob, string(id), tx.Now)
}

// rowsAtOnce bounds what one transaction writes of an audience.
const rowsAtOnce = 1000

// errOvertaken says that another process fixes the audience, or somebody stopped the order meanwhile.
var errOvertaken = errors.New("order: the audience is fixed by another, or not wanted any more")

// Fix does FixJob's work. It may be killed at any instant and run again, and be run twice at once: each run begins anew, and one of them ends it.
func Fix(ctx context.Context, db *store.DB, p store.PracticeID, id ID) error {
	house := store.Actor{Practice: p, Agent: "job"}
	run := store.NewID[string]()
	o, err := begin(ctx, db, house, id, run)
	if errors.Is(err, errOvertaken) {
		return nil
	}
	if err != nil || o.State != Fixing {
		return err
	}
	// As the member who asked sees the clients.
	var list []audience.Recipient
	var active int64
	err = db.View(ctx, store.Actor{Practice: p, Member: store.MemberID(o.AskedBy)}, func(tx *store.Tx) (err error) {
		if active, err = client.CountActive(ctx, tx); err == nil {
			list, err = reached(ctx, tx, &o)
		}
		return err
	})
	if err == nil && len(list) == 0 {
		err = ErrEmpty
	}
	if errors.Is(err, ErrEmpty) || errors.Is(err, ErrLarge) { // since it was counted: back to whoever asked
		return db.Change(ctx, house, func(tx *store.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE bulk_order SET state = 'draft', run = '', edition = edition + 1 WHERE practice = $1 AND id = $2 AND run = $3`, string(id), run)
			return err
		})
	}
	if err == nil {
		err = write(ctx, db, house, &o, list, active)
	}
	if errors.Is(err, errOvertaken) {
		return nil
	}
	return err
}

// begin names this run in the order's row and clears what an earlier one has written.
func begin(ctx context.Context, db *store.DB, house store.Actor, id ID, run string) (o Order, err error) {
	err = db.Change(ctx, house, func(tx *store.Tx) (err error) {
		if o, err = Find(ctx, tx, id); err != nil || o.State != Fixing {
			return err
		}
		o.run = run
		_, err = tx.Exec(ctx, `UPDATE bulk_order SET run = $3 WHERE practice = $1 AND id = $2`, string(id), run)
		return err
	})
	if err == nil && o.State == Fixing {
		err = clear(ctx, db, house, &o)
	}
	return o, err
}

// clear deletes what an earlier run has written, while this one is not overtaken itself: what is there then is the other's.
func clear(ctx context.Context, db *store.DB, house store.Actor, o *Order) error {
	for n := int64(1); n > 0; {
		err := db.Change(ctx, house, func(tx *store.Tx) (err error) {
			if err = o.mine(ctx, tx); err != nil {
				return err
			}
			n, err = tx.Exec(ctx, `DELETE FROM order_recipient WHERE practice = $1 AND bulk_order = $2 AND place IN
				(SELECT place FROM order_recipient WHERE practice = $1 AND bulk_order = $2 ORDER BY place LIMIT $3)`, string(o.ID), 5*rowsAtOnce)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// mine is errOvertaken where the order is not fixed by this run.
func (o *Order) mine(ctx context.Context, tx *store.Tx) error {
	n, err := tx.Exec(ctx, `UPDATE bulk_order SET run = run WHERE practice = $1 AND id = $2 AND run = $3 AND state = 'fixing'`, string(o.ID), o.run)
	if err == nil && n == 0 {
		err = errOvertaken
	}
	return err
}

// write puts the tree's recipients down in the order of their places, and then its root.
func write(ctx context.Context, db *store.DB, house store.Actor, o *Order, list []audience.Recipient, active int64) error {
	tree, err := audience.New(list)
	if err != nil {
		return err
	}
	for place := 0; place < tree.Len(); place += rowsAtOnce {
		rows := make([][]any, 0, rowsAtOnce)
		for i := place; i < min(place+rowsAtOnce, tree.Len()); i++ {
			r := tree.Recipient(i)
			_, proof, _ := tree.Prove(r)
			rows = append(rows, []any{string(o.ID), i, r.Client, r.Index, flat(proof)})
		}
		err := db.Change(ctx, house, func(tx *store.Tx) error {
			if err := o.mine(ctx, tx); err != nil {
				return err
			}
			_, err := tx.Bulk(ctx, `INSERT INTO order_recipient (practice, bulk_order, place, client, address_index, proof) VALUES`, "", rows)
			return err
		})
		if err != nil {
			return wrapped("write the recipients of a bulk message", err)
		}
	}
	return db.Change(ctx, house, func(tx *store.Tx) error {
		if err := o.mine(ctx, tx); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `UPDATE bulk_order SET state = 'asked', run = '', root = $3, recipients = $4, active = $5 WHERE practice = $1 AND id = $2`,
			string(o.ID), approval.Digest(tree.Root()).String(), tree.Len(), active)
		return err
	})
}

// flat and proofOf write a proof as bytes and read it.
func flat(proof []audience.Hash) []byte {
	out := make([]byte, 0, len(proof)*len(audience.Hash{}))
	for i := range proof {
		out = append(out, proof[i][:]...)
	}
	return out
}

func proofOf(raw []byte) []audience.Hash {
	const size = len(audience.Hash{})
	var out []audience.Hash
	for ; len(raw) >= size && len(out) < 64; raw = raw[size:] {
		out = append(out, audience.Hash(raw[:size]))
	}
	return out
}
