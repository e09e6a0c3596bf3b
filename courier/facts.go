package courier

import (
	"context"
	"errors"
	"fmt"
	"letterhead/message"
	"letterhead/store"
	"letterhead/vault"
	"slices"
	"time"
)

// facts reads what the product knows, one View for each practice of the batch. A practice whose facts cannot be read waits; the others go on.
func (c *Courier) facts(ctx context.Context, b *batch) error {
	practices := make([]store.PracticeID, 0, 8)
	for _, p := range b.parcels {
		practices = append(practices, p.Practice)
	}
	if err := c.logbook.Look(ctx, slices.Compact(practices)); err != nil {
		return err
	}
	for start := 0; start < len(b.parcels); {
		end := start + 1
		for end < len(b.parcels) && b.parcels[end].Practice == b.parcels[start].Practice {
			end++
		}
		if err := c.factsOf(ctx, b.parcels[start:end]); err != nil {
			if ctx.Err() != nil {
				return err
			}
			c.trouble("facts", err)
			for _, p := range b.parcels[start:end] {
				if !b.now.Before(p.NotAfter) { // it never comes to the gate
					p.end(message.Dropped, message.ReasonLate, "")
				}
				p.back(b.now.Add(time.Minute))
			}
		}
		start = end
	}
	return c.logbook.Write(ctx)
}

func (c *Courier) factsOf(ctx context.Context, parcels []*parcel) error {
	practice := parcels[0].Practice
	return c.DB.View(ctx, store.Actor{Practice: practice, Agent: "courier"}, func(tx *store.Tx) error {
		// Before the facts, which need them too: what cannot be opened is held, not asked for again every minute.
		keys, err := c.Keeper.Keys(ctx, tx)
		if errors.Is(err, vault.ErrNoKeys) || errors.Is(err, vault.ErrWrongKEK) {
			for _, p := range parcels {
				p.end(message.Held, message.ReasonKeys, "")
			}
			return nil
		}
		if err != nil {
			return err
		}
		messages := make([]message.Message, len(parcels))
		for i, p := range parcels {
			messages[i] = p.Message
		}
		facts, err := c.Source.Facts(ctx, tx, messages)
		if err != nil {
			return err
		}
		if len(facts) != len(parcels) {
			return fmt.Errorf("%d facts for %d messages", len(facts), len(parcels))
		}
		for i, p := range parcels {
			p.facts, p.keys = facts[i], keys
		}
		if err := c.load(ctx, tx, parcels); err != nil {
			return err
		}
		return c.authorise(ctx, tx, parcels)
	})
}
