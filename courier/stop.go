package courier

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"letterhead/courier/journal"
	"letterhead/message"
	"letterhead/store"
)

// stops knows what is frozen: the open freezes of the database, and those that the journal saw open and the database does not have any more.
// What it knows is never older than freezeStale when a first byte leaves.
type stops struct {
	db      *store.DB
	journal *journal.Journal

	mu    sync.Mutex // held by who reads
	known atomic.Pointer[frozen]
}

type frozen struct {
	read      time.Time // on the monotonic clock, before the database was asked
	platform  bool
	practices map[store.PracticeID]bool
}

func (f *frozen) holds(practice store.PracticeID) bool { return f.platform || f.practices[practice] }

// fresh returns the stops as they are, asking again when what is known is older than age.
func (s *stops) fresh(ctx context.Context, age time.Duration) (*frozen, error) {
	if known := s.known.Load(); known != nil && time.Since(known.read) < age {
		return known, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if known := s.known.Load(); known != nil && time.Since(known.read) < age { // another goroutine read it meanwhile
		return known, nil
	}
	next, err := s.read(ctx)
	if err != nil {
		s.known.Store(nil)
		return nil, fmt.Errorf("read what is stopped: %w", err)
	}
	s.known.Store(next)
	return next, nil
}

func (s *stops) read(ctx context.Context) (*frozen, error) {
	began := time.Now()
	noted, err := s.journal.Stops()
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(noted))
	for i, n := range noted {
		ids[i] = n.ID
	}
	var rows []message.Stop
	err = s.db.WholeView(ctx, "what is stopped", func(w *store.Wide) (err error) {
		rows, err = message.Stops(ctx, w, ids...)
		return err
	})
	if err != nil {
		return nil, err
	}
	f := &frozen{read: began, practices: map[store.PracticeID]bool{}}
	stop := func(p store.PracticeID) {
		if p == "" {
			f.platform = true
		}
		f.practices[p] = true
	}
	var news []journal.Stop
	var lifted []string
	for _, r := range rows {
		seen := slices.Contains(ids, r.ID)
		switch {
		case r.LiftedAt.IsZero():
			stop(r.Practice)
			if !seen {
				news = append(news, journal.Stop{Practice: r.Practice, ID: r.ID})
			}
		case seen:
			lifted = append(lifted, r.ID)
		}
	}
	for _, n := range noted {
		// A stop whose row is gone was not lifted: rows are lifted, never deleted.
		if !slices.ContainsFunc(rows, func(r message.Stop) bool { return r.ID == n.ID }) {
			stop(n.Practice)
		}
	}
	if len(news)+len(lifted) > 0 {
		if err := s.journal.NoteStops(news, lifted); err != nil {
			return nil, err
		}
	}
	return f, nil
}
