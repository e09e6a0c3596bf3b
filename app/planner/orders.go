package planner

import (
	"context"
	"log/slog"

	"letterhead/approval"
	"letterhead/courier"
	"letterhead/courier/chain"
	"letterhead/courier/journal"
	"letterhead/courier/trust"
	"letterhead/order"
	"letterhead/store"
	"letterhead/vault"
)

// Chains are the practices' approvals, as package courier/chain keeps them.
type Chains interface {
	Read(ctx context.Context, tx *store.Tx, do func(*approval.State) error) error
}

// turnsOfOrder bounds how many batches of one order are queued in a row, so that others come to their turn.
const turnsOfOrder = 2

// New plans for an installation with a courier's folder; the chains are opened for as long as bulk messages are taken further.
func New(db *store.DB, keeper *vault.Keeper, folder string, t trust.File, config courier.Config) Of {
	return Of{DB: db, Keeper: keeper, Config: config, Chains: func() (Chains, func(), error) {
		noted, err := journal.Open(courier.JournalFolder(folder), t.Installation, t.Epoch)
		if err != nil {
			return nil, nil, err
		}
		return chain.Open(folder, noted), func() { _ = noted.Close() }, nil
	}}
}

// With uses chains that are open anyway.
func (o Of) With(chains Chains) Of {
	o.Chains = func() (Chains, func(), error) { return chains, func() {}, nil }
	return o
}

// orders takes each bulk message that there is something to do for some batches further. One that fails is left for the next run, and the others go
// on. The chains are opened only when there is one.
func (o Of) orders(ctx context.Context, log *slog.Logger, total *Turned, failed map[order.Open]bool) (more bool, err error) {
	err = o.eachOpen(ctx, func(chains Chains, at order.Open) error {
		if failed[at] {
			return nil
		}
		did, err := o.order(ctx, chains, at)
		total.Queued += did.Queued
		total.Dropped += did.LeftOut
		more = more || did.More
		if err == nil || ctx.Err() != nil {
			return err
		}
		failed[at] = true
		total.Failed++
		log.Error("a bulk message's turn failed", slog.String("practice", string(at.Practice)), slog.String("order", string(at.ID)), slog.Any("error", err))
		return nil
	})
	return more, err
}

// eachOpen calls do for every order with something to do, in pages.
func (o Of) eachOpen(ctx context.Context, do func(Chains, order.Open) error) error {
	var chains Chains
	for after := (order.Open{}); ; {
		var next []order.Open
		err := o.DB.WholeView(ctx, "find bulk messages with something to do", func(w *store.Wide) (err error) {
			next, err = order.NextOpen(ctx, w, after)
			return err
		})
		if err != nil || len(next) == 0 {
			return err
		}
		if chains == nil {
			opened, done, err := o.Chains()
			if err != nil {
				return err
			}
			defer done()
			chains = opened
		}
		for _, after = range next {
			if err := do(chains, after); err != nil {
				return err
			}
		}
		if len(next) < order.MostLooked {
			return nil
		}
	}
}

func (o Of) order(ctx context.Context, chains Chains, at order.Open) (total order.Turned, err error) {
	for range turnsOfOrder {
		var did order.Turned
		err := o.DB.Change(ctx, store.Actor{Practice: at.Practice, Agent: "tick"}, func(tx *store.Tx) error {
			return chains.Read(ctx, tx, func(s *approval.State) (err error) {
				did, err = order.Turn(ctx, tx, s, at.ID)
				return err
			})
		})
		if err != nil {
			return total, err
		}
		total.Queued, total.LeftOut, total.More = total.Queued+did.Queued, total.LeftOut+did.LeftOut, did.More
		if !did.More {
			break
		}
	}
	return total, nil
}
