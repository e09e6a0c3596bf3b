package stops

import (
	"context"
	"time"

	"letterhead/approval"
	"letterhead/courier/journal"
	"letterhead/message"
	"letterhead/store"
)

const (
	askEvery = time.Hour      // whether what a stop holds is over
	overFor  = 24 * time.Hour // it has to have run out, before the stop ends: by clocks that are put back too
)

// lets is what lets go what a stop of one thing holds.
var lets = map[message.Scope]approval.Kind{message.StopOrder: approval.KindOrder, message.StopLetter: approval.KindLetter, message.StopGrant: approval.KindGrant}

// over tells whether what a stop holds can never go again: all that was signed for it has run out or was withdrawn, and is on record as that. It is
// asked now and then.
func (s *Stops) over(ctx context.Context, n journal.Stop) (last approval.Digest, over bool, err error) {
	kind, is := lets[message.Scope(n.Scope)]
	if !is || n.Practice == "" || !s.due(n.Key()) {
		return last, false, nil
	}
	err = s.chain(ctx, n.Practice, func(tx *store.Tx, state *approval.State) error {
		last = state.Draft(kind, n.Subject, "").Supersedes
		over = last != approval.Digest{}
		for digest := last; over && digest != (approval.Digest{}); {
			x, _ := state.Signed(digest)
			_, err := state.Statement(digest, tx.Now)
			over = approval.ReasonOf(err) == approval.Withdrawn || ranOut(x, approval.At(tx.Now.Add(-overFor)))
			digest = x.Supersedes
		}
		return nil
	})
	return last, over, err
}

// ranOut tells whether a statement has ended by its own words, which is what whoever reads the record sees.
func ranOut(x *approval.Statement, now approval.Instant) bool {
	return x.Expires > 0 && x.Expires <= now || x.Window != nil && x.Window.Until <= now
}

// due tells whether it is time to ask of a stop.
func (s *Stops) due(key journal.StopKey) bool {
	s.overMu.Lock()
	defer s.overMu.Unlock()
	now := s.db.Now()
	if last, asked := s.asked[key]; asked && now.Sub(last) < askEvery && !now.Before(last) {
		return false
	}
	if len(s.asked) > message.MostStops { // of stops that are gone
		clear(s.asked)
	}
	s.asked[key] = now
	return true
}
