package rehearse

import (
	"context"
	"time"

	"letterhead/approval"
	"letterhead/guard"
	"letterhead/sign/proposal"
	"letterhead/store"
	"letterhead/testkit/owner"
)

// Signing is where the owner of a practice in a root marked demo or test signs.
type Signing struct {
	DB       *store.DB
	Folder   string // the courier's
	Journal  string
	Practice store.PracticeID
	proposal.Setting
}

// SignAll has the owner's key in software sign what a practice's rows propose, as it would have an hour ago: nobody waits in a rehearsal. It is
// refused where the root is not marked.
func SignAll(ctx context.Context, s Signing) error {
	var who guard.Member
	err := s.DB.View(ctx, store.Actor{Practice: s.Practice, Agent: "rehearsal"}, func(tx *store.Tx) (err error) {
		who, err = guard.OwnerOf(ctx, tx)
		return err
	})
	if err != nil {
		return err
	}
	now := s.DB.Now()
	o, err := owner.Of(s.Folder, s.Journal, s.Practice, who.ID, now)
	if err != nil {
		return err
	}
	o.Signed = proposal.Signed
	_, err = o.Sign(ctx, s.DB, now.Add(-time.Hour), func(ctx context.Context, tx *store.Tx, state *approval.State) ([]*approval.Statement, error) {
		proposals, err := proposal.List(ctx, tx, state, s.Setting)
		out := make([]*approval.Statement, len(proposals))
		for i := range proposals {
			out[i] = proposals[i].Statement(state, who.ID)
		}
		return out, err
	})
	return err
}

// Signs tells whether a practice's owner has a key in software.
func Signs(folder string, practice store.PracticeID) bool { return owner.Has(folder, practice) }

// BenchLimits are what the owners of the figures' practices sign: more than any figure sends.
func BenchLimits(int64) approval.Limits {
	return approval.Limits{Day: 5_000_000, NewDay: 5_000_000, RecipientDay: 10_000, MemberDay: 5_000_000, CredentialDay: 1000, Total: 10_000_000}
}
