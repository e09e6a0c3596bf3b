package planner

import (
	"context"
	"log/slog"
	"time"

	"letterhead/app/source"
	"letterhead/guard"
	"letterhead/notice"
	"letterhead/practice"
	"letterhead/store"
)

const (
	tellEvery = 10 * time.Second
	changedIn = 24 * time.Hour // how far back changed ways to sign in are news
)

// Tell tells the members of every open practice what is new, once, and returns how many messages were queued. A practice that fails is left for the
// next run, and the others go on.
func (o Of) Tell(ctx context.Context, log *slog.Logger) (given int, err error) {
	words, err := source.Words(o.Config)
	if err != nil {
		return 0, err
	}
	t := notice.Teller{Words: words, Keeper: o.Keeper, DB: o.DB}
	var changed map[store.PracticeID][]guard.Happened
	err = o.DB.WholeView(ctx, "changed ways to sign in", func(w *store.Wide) (err error) {
		changed, err = guard.Changed(ctx, w, w.Now.Add(-changedIn))
		return err
	})
	if err != nil {
		return 0, err
	}
	chains, done, err := o.Chains()
	if err != nil {
		return 0, err
	}
	defer done()
	err = practice.Each(ctx, o.DB, false, func(p practice.Practice) error {
		n, err := t.Look(ctx, p.ID, chains, changed[p.ID])
		given += n
		if err != nil && ctx.Err() == nil {
			log.Error("notices of a practice failed", slog.String("practice", string(p.ID)), slog.Any("error", err))
			return nil
		}
		return err
	})
	return given, err
}

// KeepTelling tells until the context ends.
func (o Of) KeepTelling(ctx context.Context, log *slog.Logger) {
	look := time.NewTicker(tellEvery)
	defer look.Stop()
	for {
		if _, err := o.Tell(ctx, log); err != nil && ctx.Err() == nil {
			log.Error("notices", slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		}
	}
}
