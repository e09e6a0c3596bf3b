// Package erase takes a person out of a practice's data, where the law lets or makes the practice do so (Regulation (EU) 2016/679, article 17).
//
// What says who somebody is goes: the file, its contacts, letters and answers, text messages from its numbers alone, what was merged into messages, what
// imports and merged files kept. What stays says nothing of the person: that there was an appointment, that a message went (its leaf in the ledger is
// valid and silent without its salt), who looked, what was refused.
//
// Promises: all or nothing; only who is out of use and has nothing to come; files that were made one with this one go with it. Never: what backups
// hold, which end by the operator's rules; keyed indexes of addresses, by which a refusal goes on to hold.
package erase

import (
	"context"
	"slices"

	"letterhead/calendar"
	"letterhead/client"
	"letterhead/fault"
	"letterhead/letter"
	"letterhead/message"
	"letterhead/plan"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/transfer"
	"letterhead/vault"
)

// The errors of this package.
var (
	ErrComing  = fault.New(fault.Conflict, "erase.coming", "an appointment is to come; cancel it first")
	ErrWaiting = fault.New(fault.Conflict, "erase.waiting", "a message to this client is on its way; try again in a minute")
	ErrPart    = fault.New(fault.Conflict, "erase.part", "this file is part of another; erase that one, or take them apart first")
)

// Do erases a client, and the files that were made one with theirs.
func Do(ctx context.Context, tx *store.Tx, keys *vault.Keys, id client.ID, version int64) error {
	merged, err := client.MergedWith(ctx, tx, id)
	if err != nil {
		return err
	}
	for _, m := range merged {
		if m.Gone == id {
			return ErrPart
		}
		other, err := client.Find(ctx, tx, keys, m.Gone)
		if err != nil {
			return err
		}
		if err := one(ctx, tx, keys, m.Gone, other.Version); err != nil {
			return err
		}
	}
	return one(ctx, tx, keys, id, version)
}

func one(ctx context.Context, tx *store.Tx, keys *vault.Keys, id client.ID, version int64) error {
	entries, err := calendar.OfClient(ctx, tx, id, tx.Now.AddDate(calendar.MaxYears+1, 0, 0), 200)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Booking == calendar.Booked && !e.Starts.Before(tx.Now) {
			return ErrComing
		}
	}
	numbers, err := numbersOf(ctx, tx, keys, id)
	if err != nil {
		return err
	}
	if err := client.Erase(ctx, tx, keys, id, version); err != nil {
		return err
	}
	if err := messages(ctx, tx, string(id)); err != nil {
		return err
	}
	if err := letter.Erase(ctx, tx, id, numbers); err != nil {
		return err
	}
	return transfer.Erase(ctx, tx, id)
}

// numbersOf are the indexes of the numbers by which the client and their contacts wrote, but those that another client on file has.
func numbersOf(ctx context.Context, tx *store.Tx, keys *vault.Keys, id client.ID) (out []string, err error) {
	c, err := client.Find(ctx, tx, keys, id)
	if err != nil {
		return nil, err
	}
	contacts, err := client.Contacts(ctx, tx, keys, id)
	if err != nil {
		return nil, err
	}
	addresses := []client.Address{c.Mobile}
	for _, k := range contacts {
		addresses = append(addresses, k.Mobile)
	}
	for _, a := range addresses {
		if a.State != client.Good {
			continue
		}
		found, err := client.Search(ctx, tx, keys, client.Query{Text: a.Normal, Archived: true}, 2)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(found.Clients, func(o client.Client) bool { return o.ID != id && o.Mobile.Normal == a.Normal }) {
			out = append(out, client.AddressIndex(keys, practice.SMS, a))
		}
	}
	theirs, err := client.HiddenNumbers(ctx, tx, out)
	return slices.DeleteFunc(out, func(index string) bool { return theirs[index] }), err
}

// mostWaiting bounds the messages that are taken back: somebody out of use has none, or the few of the last days.
const mostWaiting = 500

// messages takes back what waits and erases what went. What is leaving at this moment is waited for.
func messages(ctx context.Context, tx *store.Tx, id string) error {
	waiting, _, err := message.List(ctx, tx, message.Filter{Client: id, States: []message.State{message.Queued, message.Held}}, message.Page{Limit: mostWaiting})
	if err != nil {
		return err
	}
	ids := make([]message.ID, 0, len(waiting))
	for _, m := range waiting {
		ids = append(ids, m.ID)
	}
	if _, err := message.Withdraw(ctx, tx, string(plan.Archived), ids...); err != nil {
		return err
	}
	open, err := message.Erase(ctx, tx, id)
	if err == nil && open > 0 {
		err = ErrWaiting
	}
	return err
}
