package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"letterhead/app/desk"
	"letterhead/courier"
	"letterhead/courier/trust"
	"letterhead/practice"
	"letterhead/rehearse"
	"letterhead/store"
)

// openDesk opens the signing desk beside a courier. wake may be nil.
func (i *installation) openDesk(log *slog.Logger, c *courier.Courier, fallback bool) (*desk.Desk, error) {
	return desk.Open(desk.Of{DB: i.db, Keeper: i.keeper, Folder: courierFolder(i.folder), Trust: i.trust, Config: i.config, Log: log, Wake: c.Wake}, fallback)
}

// firstKey makes the link to the ceremony of a practice's first key.
func (i *installation) firstKey(id store.PracticeID) (string, error) {
	link, err := desk.Invite(courierFolder(i.folder), id, i.db.Now())
	if errors.Is(err, trust.ErrPinned) && rehearse.Signs(courierFolder(i.folder), id) {
		return "", nil // its first key is the rehearsal's
	}
	return link, err
}

const firstKeySays = "The link to the practice's first signing key, for its owner; it works once, within 7 days, while letterhead serve runs (letterhead practice key makes another):\n\n  %s\n\n"

// practiceKey makes a new link to the ceremony; it is refused where the first key was made.
func practiceKey(ctx context.Context, c *call, i *installation, id string) error {
	actor, err := i.practice(ctx, id)
	if err != nil {
		return err
	}
	err = i.db.View(ctx, actor, func(tx *store.Tx) error {
		_, err := practice.Find(ctx, tx)
		return err
	})
	if err != nil {
		return err
	}
	link, err := i.firstKey(actor.Practice)
	if err != nil {
		return err
	}
	if c.json {
		return printJSON(c, map[string]string{"practice": id, "first_key": link})
	}
	fmt.Fprintf(c.out, firstKeySays, link)
	return nil
}
