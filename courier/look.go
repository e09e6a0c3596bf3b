package courier

import (
	"context"
	"time"

	"letterhead/courier/breaker"
	"letterhead/courier/suppressed"
	"letterhead/message"
)

// rendered is what stands between the finished message and the world, as the gate stood before it was made.
var rendered = []check{
	{"breaker", checkBreaker},
}

// checkBreaker: an ordinary day explains it. What the breaker stops is in the journal when it answers, and holds its messages as any stop does.
func checkBreaker(ctx context.Context, c *Courier, b *batch) error {
	parcels := b.rest()
	if len(parcels) == 0 {
		return nil
	}
	sights := make([]breaker.Sight, len(parcels))
	for i, p := range parcels {
		sights[i] = c.sight(p, b.now)
	}
	found, err := c.lookout.Look(b.now, sights)
	if err != nil {
		return err
	}
	stopped := false
	for _, f := range found {
		stopped = stopped || f != nil
	}
	if !stopped {
		return nil
	}
	if err := c.stops.Settle(ctx); err != nil { // the stop holds by the journal; its row, for pages and notices, comes with the next look
		c.trouble("stops", err)
	}
	c.stops.Forget()
	known, err := c.stops.Fresh(ctx, freezeEvery)
	if err != nil {
		return err
	}
	for i, p := range parcels {
		p.stopped(known)
		if found[i] != nil {
			p.back(b.now.Add(time.Minute)) // its stop was lifted in this very moment: it is looked at anew
		}
	}
	return nil
}

const longAgo = 48 * time.Hour

// sight is what there is to see of a parcel.
func (c *Courier) sight(p *parcel, now time.Time) breaker.Sight {
	a := p.approved
	if p.Kind == message.System { // the house's own words, bounded for a day
		return breaker.Sight{Practice: p.Practice, Message: string(p.ID), Attempt: p.Attempts + 1, Version: p.Version, Text: p.version.text, Starter: true, Since: now.Add(-longAgo)}
	}
	s := breaker.Sight{Practice: p.Practice, Message: string(p.ID), Attempt: p.Attempts + 1, Version: p.Version, Rule: p.Rule, Grant: a.Grant, Text: p.version.text, Hosts: p.version.hosts,
		Starter: c.Starter != nil && c.Starter(p.version.text), Signers: a.Signers, HostSigners: a.HostSigners, Since: p.since}
	if a.limits != nil {
		s.Zone = a.limits.Zone
		for _, permit := range a.limits.Surges {
			s.Permit = s.Permit || !now.Before(permit.From) && (permit.Until.IsZero() || now.Before(permit.Until))
		}
	}
	switch p.Kind { //nolint:exhaustive // the others are seen by their rule, grant or version
	case message.Order:
		s.Order = a.Subject
	case message.Letter, message.Reply:
		s.Letter = a.Subject
	}
	return s
}

// suppressions takes what was learnt elsewhere over into the journal: at most as many as leave time to look at stops.
func (c *Courier) suppressions(ctx context.Context, _ time.Time) error {
	taker := suppressed.Taker{DB: c.DB, Keeper: c.Keeper, Set: c.suppressed}
	_, err := taker.Take(ctx, looksAtOnce)
	return err
}

const looksAtOnce = 4
