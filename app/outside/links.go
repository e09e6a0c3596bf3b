package outside

import (
	"context"

	"letterhead/approval"
	"letterhead/courier/chain"
	"letterhead/public"
	"letterhead/store"
	"letterhead/template"
	"letterhead/wording"
)

// links lead where signed versions say. What was signed once and replaced since still leads: mails with it were delivered. What was withdrawn, or
// signed by a stolen key, does not.
func (o Of) links(chains *chain.Chains) public.Links {
	return public.StoredLinks{
		DB: o.DB,
		Approved: func(ctx context.Context, practice store.PracticeID, digest wording.Digest) (signed bool, err error) {
			err = o.asking(ctx, chains, practice, func(tx *store.Tx, s *approval.State) error {
				wordings, err := template.OfDigest(ctx, tx, digest.String())
				for _, id := range wordings {
					_, why := s.Allows(approval.KindWording, string(id), approval.Digest(digest), tx.Now)
					signed = signed || why == nil || approval.ReasonOf(why) == approval.Superseded || approval.ReasonOf(why) == approval.Expired
				}
				return err
			})
			return signed, err
		},
		Stopped: func(ctx context.Context, practice store.PracticeID, digest wording.Digest, address, host string) (bool, error) {
			return o.off(ctx, chains, practice, digest, address, host)
		},
	}
}

func (o Of) asking(ctx context.Context, chains *chain.Chains, practice store.PracticeID, ask func(*store.Tx, *approval.State) error) error {
	return o.DB.View(ctx, store.Actor{Practice: practice, Agent: "redirect"}, func(tx *store.Tx) error {
		return chains.Read(ctx, tx, func(s *approval.State) error { return ask(tx, s) })
	})
}
