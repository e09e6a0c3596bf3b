package forged

import (
	"context"
	"errors"
	"time"

	"letterhead/client"
	"letterhead/message"
	"letterhead/order"
	"letterhead/store"
)

// Useful is how long forged messages say that they are of use.
const Useful = 12 * time.Hour

var errNothing = errors.New("no row was touched: the attack would show nothing")

// Recipients puts clients into a bulk message's rows, from a place on, with the proof of somebody who was signed for.
func Recipients(ctx context.Context, db *store.DB, practice store.PracticeID, o order.Order, ids []client.ID, place int) error {
	return db.Whole(ctx, "drill: an attack", func(x *store.Wide) error {
		for i, id := range ids {
			n, err := x.Exec(ctx, `INSERT INTO order_recipient (practice, bulk_order, place, client, address_index, proof)
				SELECT c.practice, $3, $4, c.id, c.email_index, r.proof FROM client c JOIN order_recipient r ON r.practice = c.practice AND r.bulk_order = $3 AND r.place = 7
				WHERE c.practice = $1 AND c.id = $2`, string(practice), string(id), string(o.ID), place+i)
			if err == nil && n == 0 {
				err = errNothing
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// Order queues a message of a bulk message for each recipient in its rows who has none, as the program would.
func Order(ctx context.Context, db *store.DB, practice store.PracticeID, o order.Order) error {
	return db.Change(ctx, store.Actor{Practice: practice, Agent: "drill"}, func(tx *store.Tx) error {
		rows, err := tx.Query(ctx, `SELECT client FROM order_recipient WHERE practice = $1 AND bulk_order = $2 AND message = ''`, string(o.ID))
		ids, err := store.Collect(rows, err, func(r *store.Rows) (id string, err error) { return id, r.Scan(&id) })
		if err != nil {
			return err
		}
		if len(ids) == 0 {
			return errNothing
		}
		intents := make([]message.Intent, len(ids))
		for i, id := range ids {
			intents[i] = message.Intent{Kind: message.Order, Subject: string(o.ID), Version: string(o.Version), Digest: o.Digest, Language: "en", Client: id, Recipient: id}
		}
		made, err := queue(ctx, tx, intents)
		for i, id := range made {
			if err != nil {
				return err
			}
			_, err = tx.Exec(ctx, `UPDATE order_recipient SET message = $4, reason = '' WHERE practice = $1 AND bulk_order = $2 AND client = $3`, string(o.ID), ids[i], string(id))
		}
		return err
	})
}

// Copies queues an e-mail so many times, under ids of its own.
func Copies(ctx context.Context, db *store.DB, practice store.PracticeID, count int, of message.Intent) error {
	return db.Change(ctx, store.Actor{Practice: practice, Agent: "drill"}, func(tx *store.Tx) error {
		all := make([]message.Intent, count)
		for i := range all {
			all[i] = of
		}
		_, err := queue(ctx, tx, all)
		return err
	})
}

func queue(ctx context.Context, tx *store.Tx, all []message.Intent) ([]message.ID, error) {
	for i := range all {
		all[i].Channel, all[i].Purpose, all[i].Turn, all[i].NotAfter = message.Email, message.Appointments, tx.Now, tx.Now.Add(Useful)
	}
	return message.Queue(ctx, tx, all)
}

// Move carries a template over to another practice, under its id.
func Move(ctx context.Context, x *store.Wide, from, to store.PracticeID, wording string) error {
	for _, statement := range []string{
		`INSERT INTO wording (practice, id, key, name, current, archived_at, signed) SELECT $2, id, key, name, current, archived_at, signed FROM wording WHERE practice = $1 AND id = $3`,
		`INSERT INTO wording_version (practice, id, wording, number, digest, content, made_by, made_at)
			SELECT $2, id, wording, number, digest, content, made_by, made_at FROM wording_version WHERE practice = $1 AND wording = $3`,
	} {
		n, err := x.Exec(ctx, statement, string(from), string(to), wording)
		if err == nil && n == 0 {
			err = errNothing
		}
		if err != nil {
			return err
		}
	}
	return nil
}
