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
	overFor  = 24 * time.Hour // it has to be, before the stop ends: by clocks that are put back too
)

// lets is what lets go what a stop of one thing holds.
var lets = map[message.Scope]approval.Kind{message.StopOrder: approval.KindOrder, message.StopLetter: approval.KindLetter, message.StopGrant: approval.KindGrant}

// over tells whether what a stop holds can never go again: what was signed for it has expired or was withdrawn. It is asked now and then.
func (s *Stops) over(ctx context.Context, n journal.Stop) (over bool, err error) {
	kind, is := lets[message.Scope(n.Scope)]
	if !is || n.Practice == "" || !s.due(n.Key()) {
		return false, nil
	}
	err = s.db.View(ctx, store.Actor{Practice: n.Practice, Agent: "courier"}, func(tx *store.Tx) error {
		return s.chains.Read(ctx, tx, func(state *approval.State) error {
			_, err := state.Current(kind, n.Subject, tx.Now.Add(-overFor))
			why := approval.ReasonOf(err)
			over = err != nil && (why == approval.Expired || why == approval.Withdrawn)
			return nil
		})
	})
	return over, err
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
