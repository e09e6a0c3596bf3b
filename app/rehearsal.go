package app

import (
	"context"
	"log/slog"
	"time"

	"letterhead/courier/trust"
	"letterhead/rehearse"
	"letterhead/sign/proposal"
	"letterhead/store"
)

// rehearsed has what a practice's rows say now signed again by its owner's key in software, where it has one. In a real root nobody signs but
// people, at the desk, and this does nothing.
func (i *installation) rehearsed(ctx context.Context, practice store.PracticeID) error {
	if i.trust.Mark == trust.Real || !rehearse.Signs(courierFolder(i.folder), practice) {
		return nil
	}
	return i.rehearse(ctx, practice)
}

// rehearse gives a practice its first key in software when it has none, and signs with it. It is refused in a real root; a marked one hands off to
// this machine alone.
func (i *installation) rehearse(ctx context.Context, practice store.PracticeID) error {
	return rehearse.SignAll(ctx, rehearse.Signing{DB: i.db, Folder: courierFolder(i.folder), Journal: journalFolder(i.folder), Practice: practice, Setting: i.signing()})
}

// signing is what proposals need to know of the courier's configuration.
func (i *installation) signing() proposal.Setting {
	return proposal.Setting{SMSSender: i.config.Courier.SMSSender, Keeper: i.keeper}
}

const rehearseEvery = 3 * time.Second

// keepRehearsing signs what is changed in a demonstration, a moment later.
func (i *installation) keepRehearsing(ctx context.Context, practice store.PracticeID, log *slog.Logger) {
	tick := time.NewTicker(rehearseEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := i.rehearsed(ctx, practice); err != nil && ctx.Err() == nil {
				log.Error("sign in the rehearsal", slog.Any("error", err))
			}
		}
	}
}
