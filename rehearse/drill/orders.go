package drill

import (
	"context"
	"fmt"
	"time"

	"letterhead/client"
	"letterhead/order"
	"letterhead/rehearse"
	"letterhead/rehearse/drill/forged"
	"letterhead/rehearse/drill/path"
	"letterhead/rehearse/drill/people"
	"letterhead/rehearse/drill/siege"
	"letterhead/rehearse/drill/stage"
	"letterhead/store"
)

// onOrders are attacks by whoever writes the rows of a bulk message that people signed. The reminders of the practice stay put off: all that its clients
// get is the bulk message.
func onOrders() []attack {
	return []attack{
		{name: "order-recipient-added", class: "A13", only: "@stranger.example", do: orderRecipientAdded, tries: "strangers in the rows of a signed bulk message's recipients, before those who were signed for"},
		{name: "order-count-raised", class: "A13", only: "@stranger.example", do: orderCountRaised, tries: "the same, behind those who were signed for, with the order's count raised, and a message queued for each"},
		{name: "order-cap-raised", class: "A13", needs: []string{"budget"}, do: orderCapRaised, tries: "a bulk message that was signed for 5 at most, its row changed to all, and a message queued for each"},
		{name: "order-moved", class: "A13", do: orderMoved, tries: "the other practice's signed bulk message, with its template, as ours, to our clients"},
		{name: "order-window-extended", class: "A13", do: orderWindowExtended, tries: "a bulk message whose time was over yesterday, its row changed to a week, and a message queued for each"},
		{name: "order-set-going-again", class: "A7", do: orderSetGoingAgain, tries: "a bulk message is stopped after its first few, and its rows say that it goes on"},
	}
}

// people is what a practice sends beside reminders.
func (w *world) people(of store.PracticeID) path.Of {
	return path.Of{Opened: w.Open, Folder: w.Home(), Practice: of}
}

// ordered has a practice sign a bulk message to all its clients, and changes its rows before anything of it goes; then an hour passes.
func (w *world) ordered(ctx context.Context, most int64, attack func(o order.Order) error) error {
	err := w.Offline(func() error {
		o, err := w.people(w.Victim).Order(ctx, most, 6*time.Hour)
		if err != nil {
			return err
		}
		if err := attack(o); err != nil {
			return err
		}
		return w.Release(ctx, w.Other)
	})
	if err != nil {
		return err
	}
	return w.After(ctx, siege.AnHour, func() error { return nil })
}

// strangersOf brings in clients whom nobody signed for: anybody who may add clients can.
func (w *world) strangersOf(ctx context.Context, count int) ([]client.ID, error) {
	all := make([]people.Person, count)
	for i := range all {
		all[i] = people.Person{First: "Jo", Last: "Stranger " + people.Letters(i), Email: fmt.Sprintf("s%d@stranger.example", i)}
	}
	if _, err := w.yesterday(ctx, 800_000, all); err != nil {
		return nil, err
	}
	if err := w.Park(ctx, w.Home()); err != nil { // their reminders are not what is looked at
		return nil, err
	}
	var ids []client.ID
	err := w.Rows(ctx, func(x *store.Wide) error {
		rows, err := x.Query(ctx, `SELECT id FROM client WHERE practice = $1 AND last_name LIKE 'Stranger%' ORDER BY id`, string(w.Victim))
		ids, err = store.Collect(rows, err, func(r *store.Rows) (id client.ID, err error) { return id, r.Scan(&id) })
		return err
	})
	if err == nil && len(ids) != count {
		err = fmt.Errorf("%d strangers were brought in", len(ids))
	}
	return ids, err
}

func orderRecipientAdded(ctx context.Context, w *world) error {
	return w.ordered(ctx, 0, func(o order.Order) error {
		ids, err := w.strangersOf(ctx, 10)
		if err != nil {
			return err
		}
		return forged.Recipients(ctx, w.DB, w.Victim, o, ids, -len(ids)) // they take others' places below the cap
	})
}

func orderCountRaised(ctx context.Context, w *world) error {
	return w.ordered(ctx, 0, func(o order.Order) error {
		ids, err := w.strangersOf(ctx, 10)
		if err != nil {
			return err
		}
		if err := forged.Recipients(ctx, w.DB, w.Victim, o, ids, stage.Clients); err != nil {
			return err
		}
		if err := w.Exec(ctx, `UPDATE bulk_order SET recipients = recipients + 10, active = active + 10, state = 'going' WHERE practice = $1`, string(w.Victim)); err != nil {
			return err
		}
		return forged.Order(ctx, w.DB, w.Victim, o)
	})
}

func orderCapRaised(ctx context.Context, w *world) error {
	w.Bound = 5
	return w.ordered(ctx, int64(w.Bound), func(o order.Order) error {
		if err := w.Exec(ctx, `UPDATE bulk_order SET most = 0, state = 'going' WHERE practice = $1`, string(w.Victim)); err != nil {
			return err
		}
		return forged.Order(ctx, w.DB, w.Victim, o)
	})
}

// orderMoved carries everything of it over but its approval, which is what approvals-moved does.
func orderMoved(ctx context.Context, w *world) error {
	err := w.Offline(func() error {
		o, err := w.people(w.Other).Order(ctx, 0, 6*time.Hour)
		if err != nil {
			return err
		}
		err = w.Rows(ctx, func(x *store.Wide) error {
			if err := forged.Move(ctx, x, w.Other, w.Victim, string(o.Wording)); err != nil {
				return err
			}
			err := siege.Touch(ctx, x, `INSERT INTO bulk_order (practice, id, name, wording, wording_version, digest, channel, purpose, filter, most, window_from, window_until, state, edition, root, recipients, active, made_by, made_at)
				SELECT $2, id, name, wording, wording_version, digest, channel, purpose, filter, most, window_from, window_until, 'going', edition, root, recipients, active, made_by, made_at
				FROM bulk_order WHERE practice = $1 AND id = $3`, string(w.Other), string(w.Victim), string(o.ID))
			if err != nil {
				return err
			}
			return siege.Touch(ctx, x, `INSERT INTO order_recipient (practice, bulk_order, place, client, address_index, proof)
				SELECT c.practice, r.bulk_order, r.place, c.id, c.email_index, r.proof FROM order_recipient r JOIN client c ON c.practice = $2 AND c.email_index <> ''
				WHERE r.practice = $1 AND r.bulk_order = $3 AND (SELECT count(*) FROM client b WHERE b.practice = $2 AND b.email_index <> '' AND b.id < c.id) = r.place`,
				string(w.Other), string(w.Victim), string(o.ID))
		})
		if err != nil {
			return err
		}
		if err := forged.Order(ctx, w.DB, w.Victim, o); err != nil {
			return err
		}
		return w.Release(ctx, w.Other)
	})
	if err != nil {
		return err
	}
	return w.After(ctx, siege.AnHour, func() error { return nil })
}

func orderWindowExtended(ctx context.Context, w *world) error {
	var o order.Order
	err := w.Offline(func() error {
		err := w.At(ctx, w.Home(), time.Now().AddDate(0, 0, -1), func(opened rehearse.Opened) (err error) {
			o, err = path.Of{Opened: opened, Folder: w.Home(), Practice: w.Victim}.Order(ctx, 0, 2*time.Hour)
			return err
		})
		if err != nil {
			return err
		}
		later := store.Micro(w.DB.Now().AddDate(0, 0, 7))
		if err := w.Exec(ctx, `UPDATE bulk_order SET state = 'going', window_until = $2, ended_at = 0 WHERE practice = $1`, string(w.Victim), later); err != nil {
			return err
		}
		if err := forged.Order(ctx, w.DB, w.Victim, o); err != nil {
			return err
		}
		return w.Release(ctx, w.Other)
	})
	if err != nil {
		return err
	}
	return w.After(ctx, siege.AnHour, func() error { return nil })
}

func orderSetGoingAgain(ctx context.Context, w *world) error {
	var o order.Order
	err := w.Offline(func() (err error) {
		if o, err = w.people(w.Victim).Order(ctx, 0, 6*time.Hour); err != nil {
			return err
		}
		return w.Release(ctx, w.Other)
	})
	if err != nil {
		return err
	}
	if err := w.Quiet(ctx); err != nil {
		return err
	}
	if err := order.Stop(ctx, w.DB, store.Actor{Practice: w.Victim, Agent: "drill"}, o.ID); err != nil {
		return err
	}
	if w.Bound = w.SentTo(); w.Bound == 0 || w.Bound == stage.Clients {
		return fmt.Errorf("%d of %d had gone when it was stopped: the attack would show nothing", w.Bound, stage.Clients)
	}
	if err := w.Exec(ctx, `UPDATE bulk_order SET state = 'going', ended_at = 0, ended_by = '' WHERE practice = $1`, string(w.Victim)); err != nil {
		return err
	}
	err = w.Exec(ctx, `UPDATE message SET state = 'queued', reason = '', claimed_by = '', claimed_until = 0 WHERE practice = $1 AND kind = 'order' AND state <> 'sent'`, string(w.Victim))
	if err != nil {
		return err
	}
	return w.After(ctx, siege.AnHour, func() error { return nil })
}
