package rehearse

import (
	"context"
	"time"

	"letterhead/approval"
	"letterhead/guard"
	"letterhead/message"
	"letterhead/store"
	"letterhead/testkit/owner"
)

// Lift has the owner's key in software lift every stop of a practice, as the owner would at the desk, and returns how many there were. It is refused
// where the root is not marked.
func Lift(ctx context.Context, s Signing, epoch int64) (int, error) {
	var who guard.Member
	var stops []message.Stop
	err := s.DB.View(ctx, store.Actor{Practice: s.Practice, Agent: "rehearsal"}, func(tx *store.Tx) (err error) {
		if who, err = guard.OwnerOf(ctx, tx); err != nil {
			return err
		}
		stops, err = message.Frozen(ctx, tx)
		return err
	})
	if err != nil || len(stops) == 0 {
		return 0, err
	}
	now := s.DB.Now()
	o, err := owner.Of(s.Folder, s.Journal, s.Practice, who.ID, now)
	if err != nil {
		return 0, err
	}
	o.Signed = func(ctx context.Context, tx *store.Tx, _ []*approval.Statement) error {
		ids := make([]string, len(stops))
		for i, stop := range stops {
			ids[i] = stop.ID
		}
		_, err := message.Lift(ctx, tx, ids...)
		return err
	}
	_, err = o.Sign(ctx, s.DB, now.Add(-time.Hour), func(_ context.Context, _ *store.Tx, state *approval.State) ([]*approval.Statement, error) {
		out := make([]*approval.Statement, len(stops))
		for i, stop := range stops {
			out[i] = state.Draft(approval.KindLift, stop.ID, who.ID)
			out[i].Body.Lift = &approval.LiftBody{Epoch: epoch, Scope: stop.Words()}
		}
		return out, nil
	})
	return len(stops), err
}
