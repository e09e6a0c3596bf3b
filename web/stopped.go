package web

import (
	"context"
	"slices"
	"sync"
	"time"

	"letterhead/guard"
	"letterhead/message"
	"letterhead/store"
	"letterhead/web/page"
	"letterhead/web/ui"
)

// platform remembers for a moment whether everything is stopped for everybody: every page says it, and no practice's transaction sees it.
type platform struct {
	mu    sync.Mutex
	asked time.Time
	since time.Time
}

const platformGood = time.Second

// stopped returns since when; zero: it is not.
func (p *platform) stopped(ctx context.Context, db *store.DB) (time.Time, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if time.Since(p.asked) < platformGood {
		return p.since, nil
	}
	since, err := message.PlatformStopped(ctx, db)
	if err == nil {
		p.since, p.asked = since, time.Now()
	}
	return since, err
}

// warn says on a page since when sending is stopped, or a part of it; nil when nothing is.
func (s *server) warn(v *page.Visit, stops []message.Stop) (*ui.Flash, error) {
	since, err := s.platform.stopped(v.Context(), s.DB)
	if err != nil {
		return nil, err
	}
	when := func() string { return v.Text.Moment(since.In(v.Location), v.Now.In(v.Location)) }
	switch {
	case !since.IsZero():
		return &ui.Flash{Kind: ui.Bad, Say: v.Say("frame.stopped-all", when())}, nil
	case len(stops) == 0:
		return nil, nil
	}
	say, at := "frame.stopped", slices.IndexFunc(stops, message.Stop.Whole)
	if at < 0 {
		say, at = "frame.stopped-part", 0
	}
	since = stops[at].At
	out := &ui.Flash{Kind: ui.Bad, Say: v.Say(say, when())}
	if v.May(guard.SendingStop) {
		out.Link, out.Action = "/stop", v.Say("frame.stopped-look")
	}
	return out, nil
}
