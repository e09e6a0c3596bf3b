package story

import (
	"context"
	"errors"

	"letterhead/fault"
	"letterhead/guard"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/web/page"
)

// Named completes an error that refuses a change made on an old reading: who has changed the thing since, by name, and when. Every other error,
// and one whose who is no member, stays as it is.
func Named(v *page.Visit, thing string, err error) error {
	var since practice.Changed
	f := fault.As(err)
	if f == nil || !errors.As(err, &since) || since.Who == v.Actor.Who() {
		return err
	}
	name := ""
	readErr := v.View(func(ctx context.Context, tx *store.Tx) error {
		members, err := guard.Members(ctx, tx)
		for _, m := range members {
			if string(m.ID) == since.Who {
				name = m.Name
			}
		}
		return err
	})
	if readErr != nil || name == "" {
		return err
	}
	return f.Saying("%s", v.Say("changed.by", v.Say("changed."+thing), name, v.Text.Moment(since.At.In(v.Location), v.Now.In(v.Location))))
}
