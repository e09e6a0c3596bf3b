// Package path is what the people of a practice send beside reminders: a bulk message, a letter, what a program may send; each made, asked for and
// signed by its owner's key as it would be, so that an attack finds it in its rows.
package path

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"letterhead/client"
	"letterhead/courier"
	"letterhead/grant"
	"letterhead/guard"
	"letterhead/letter"
	"letterhead/message"
	"letterhead/order"
	"letterhead/rehearse"
	"letterhead/sign/proposal"
	"letterhead/store"
	"letterhead/template"
)

// Of is a practice in an installation that is open.
type Of struct {
	Opened   rehearse.Opened
	Folder   string // the installation's
	Practice store.PracticeID
}

func (o Of) change(ctx context.Context, do func(*store.Tx) error) error {
	return o.Opened.Database().Change(ctx, store.Actor{Practice: o.Practice, Agent: "drill"}, do)
}

// sign has the owner sign all that waits, as they would have an hour before.
func (o Of) sign(ctx context.Context) error {
	in := filepath.Join(o.Folder, "courier")
	return rehearse.SignAll(ctx, rehearse.Signing{DB: o.Opened.Database(), Folder: in, Journal: courier.JournalFolder(in), Practice: o.Practice, Setting: proposal.Setting{Keeper: o.Opened.Keeper()}})
}

// Order is a bulk message to everybody that is signed, most messages at most, from an hour ago until so long from now.
func (o Of) Order(ctx context.Context, most int64, until time.Duration) (made order.Order, err error) {
	err = o.change(ctx, func(tx *store.Tx) error {
		id, err := rehearse.ClosedNotice(ctx, tx)
		if err != nil {
			return err
		}
		all, err := order.New(ctx, tx, order.Request{Name: "Closed on Friday", Wording: id, Channel: string(message.Email), Most: most, From: tx.Now.Add(-time.Hour), Until: tx.Now.Add(until)})
		if err != nil {
			return err
		}
		made = all[0]
		return order.Ask(ctx, tx, made.ID, made.Edition)
	})
	if err != nil {
		return made, err
	}
	if err := order.Fix(ctx, o.Opened.Database(), o.Practice, made.ID); err != nil {
		return made, err
	}
	if err := o.sign(ctx); err != nil {
		return made, err
	}
	err = o.change(ctx, func(tx *store.Tx) (err error) {
		made, err = order.Find(ctx, tx, made.ID)
		return err
	})
	return made, err
}

// Letter is one to a client, asked for; signed where it is to be.
func (o Of) Letter(ctx context.Context, to client.ID, text string, signed bool) (l letter.Letter, err error) {
	err = o.change(ctx, func(tx *store.Tx) error {
		keys, err := o.Opened.Keeper().Keys(ctx, tx)
		if err != nil {
			return err
		}
		l, err = letter.Save(ctx, tx, keys, letter.Letter{Client: to, Recipient: string(to), Channel: message.Email, Text: text})
		if err == nil {
			l, err = letter.Ask(ctx, tx, keys, l.ID, l.Version)
		}
		return err
	})
	if err == nil && signed {
		err = o.sign(ctx)
	}
	return l, err
}

// Program is a program's key.
type Program struct{ ID, Key string }

// Program makes one that may send.
func (o Of) Program(ctx context.Context, door *guard.Door, name string) (made Program, err error) {
	err = o.change(ctx, func(tx *store.Tx) error {
		owner, err := guard.OwnerOf(ctx, tx)
		if err != nil {
			return err
		}
		key, c, err := door.AddCredential(ctx, tx, owner, name, guard.Scopes(), tx.Now.Add(24*time.Hour))
		made = Program{c.ID, key}
		return err
	})
	return made, err
}

// Grant lets a program send a notice, so many a day, and is signed.
func (o Of) Grant(ctx context.Context, to Program, day int64) (g grant.Grant, err error) {
	err = o.change(ctx, func(tx *store.Tx) error {
		var id template.ID
		if id, err = rehearse.ClosedNotice(ctx, tx); err != nil {
			return err
		}
		g, err = grant.Prepare(ctx, tx, grant.Grant{Credential: to.ID, Wording: id, Day: day, ExpiresAt: tx.Now.Add(30 * 24 * time.Hour)})
		return err
	})
	if err != nil {
		return g, err
	}
	if err := o.sign(ctx); err != nil {
		return g, err
	}
	err = o.change(ctx, func(tx *store.Tx) (err error) {
		g, err = grant.Find(ctx, tx, g.ID)
		return err
	})
	if err == nil && g.SignedAt.IsZero() {
		err = errors.New("the grant is not signed: an attack on it would show nothing")
	}
	return g, err
}

// Clients are the ids of a practice's clients, the earliest first.
func (o Of) Clients(ctx context.Context) (out []client.ID, err error) {
	err = o.Opened.Database().WholeView(ctx, "drill: clients", func(x *store.Wide) error {
		rows, err := x.Query(ctx, `SELECT id FROM client WHERE practice = $1 AND archived_at = 0 ORDER BY created_at, id`, string(o.Practice))
		out, err = store.Collect(rows, err, func(r *store.Rows) (id client.ID, err error) { return id, r.Scan(&id) })
		return err
	})
	return out, err
}
