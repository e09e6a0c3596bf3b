package courier

import (
	"context"
	"fmt"
	"time"

	"letterhead/message"
	"letterhead/store"
)

// A check is one named condition that every message must meet before anything is merged. It ends the parcels that fail, each with its
// reason, and never sees one that has ended. An error means that it could not be asked: then nothing of the batch leaves.
type check struct {
	name string
	run  func(ctx context.Context, c *Courier, b *batch) error
}

// gate is what stands between the queue and the world, in order. Every path goes through it: there is no other way to a relay.
var gate = []check{
	{"journal", checkJournal},
	{"stop", checkStops},
	{"time", checkTime},
	{"wanted", checkWanted},
	{"address", checkAddress},
	{"suppression", checkSuppression},
	{"purpose", checkPurpose},
	{"sender", checkSender},
	{"route", checkRoute},
	{"witness", checkWitness},
	{"approval", checkApproval},
	{"budget", checkBudget},
}

func (c *Courier) pass(ctx context.Context, b *batch, checks []check) error {
	for _, check := range checks {
		if err := check.run(ctx, c, b); err != nil {
			return fmt.Errorf("gate, %s: %w", check.name, err)
		}
	}
	return nil
}

// checkJournal: the journal is there, ours, and could be written so far.
func checkJournal(_ context.Context, c *Courier, _ *batch) error { return c.journal.Healthy() }

// checkStops: nothing is stopped. What a practice's stop or one of a part holds is queued again when it is lifted; a stopped platform's go back.
func checkStops(ctx context.Context, c *Courier, b *batch) error {
	stopped, err := c.stops.Fresh(ctx, freezeStale)
	if err != nil {
		return err
	}
	for p := range b.open() {
		p.stopped(stopped)
	}
	return nil
}

// checkTime: it is still of use.
func checkTime(_ context.Context, c *Courier, b *batch) error {
	// Drain's now stands still; what the clock says meanwhile counts too, or what came back as too late would come again.
	now := b.now
	if clock := c.DB.Now(); clock.After(now) {
		now = clock
	}
	for p := range b.open() {
		if !now.Before(p.NotAfter) {
			p.end(message.Dropped, message.ReasonLate, "")
		}
	}
	return nil
}

// checkWanted: today's facts do not speak against it. A reminder whose recipient's night began while it was queued waits for the morning.
func checkWanted(_ context.Context, _ *Courier, b *batch) error {
	for p := range b.open() {
		switch {
		case p.facts.Stop != "":
			p.end(message.Dropped, p.facts.Stop, "")
		case p.facts.Hold != "":
			p.end(message.Held, p.facts.Hold, "")
		case p.facts.Wait.After(b.now):
			p.back(p.facts.Wait)
		}
	}
	return nil
}

// checkAddress: there is somebody to send it to, known by an index, so that suppression can be asked.
func checkAddress(_ context.Context, _ *Courier, b *batch) error {
	for p := range b.open() {
		if p.facts.Address == "" || p.facts.AddressIndex == "" {
			p.end(message.Dropped, message.ReasonNoAddress, "")
		}
	}
	return nil
}

// checkSuppression: the address did not bounce, complain or opt out, by the journal, and by what the journal may not have yet.
func checkSuppression(ctx context.Context, c *Courier, b *batch) error {
	parcels := b.rest()
	if len(parcels) == 0 {
		return nil
	}
	addresses := make([]message.Address, len(parcels))
	asked := make([]message.Suppression, 0, 2*len(parcels)) // of each parcel for everything, and for marketing
	for i, p := range parcels {
		addresses[i] = message.Address{Practice: p.Practice, Channel: p.Channel, Index: p.facts.AddressIndex}
		all := message.Suppression{Practice: p.Practice, Channel: p.Channel, AddressIndex: p.facts.AddressIndex}
		news := all
		news.Purpose = message.Marketing
		asked = append(asked, all, news)
	}
	kept, err := c.suppressed.Ask(b.now, asked)
	if err != nil {
		return err
	}
	var found []message.Suppression
	err = c.DB.WholeView(ctx, "suppressed addresses of a batch", func(w *store.Wide) (err error) {
		found, err = message.Suppressed(ctx, w, addresses)
		return err
	})
	if err != nil {
		return err
	}
	against := make(map[message.Suppression]string, len(found)) // without reason and time
	for _, s := range found {
		against[message.Suppression{Practice: s.Practice, Channel: s.Channel, AddressIndex: s.AddressIndex, Purpose: s.Purpose}] = s.Reason
	}
	for i, p := range parcels {
		for j, of := range asked[2*i : 2*i+2] {
			if of.Purpose != "" && of.Purpose != p.Purpose {
				continue
			}
			if why, is := against[of]; is || kept[2*i+j] {
				p.end(message.Dropped, message.ReasonSuppressed, why)
			}
		}
	}
	return nil
}

// checkPurpose: a wording made for marketing goes as marketing and no other does, so that no order passes for a reminder.
func checkPurpose(_ context.Context, _ *Courier, b *batch) error {
	for p := range b.open() {
		if (p.version.compiled.Purpose() == "marketing") != (p.Purpose == message.Marketing) {
			p.end(message.Held, message.ReasonWording, "its purpose is not the message's")
		}
	}
	return nil
}

// checkSender: the version's From domain is the practice's, by the courier's own files. Where these cannot be read its messages wait, and no others.
func checkSender(_ context.Context, c *Courier, b *batch) error {
	type key struct {
		practice store.PracticeID
		domain   string
	}
	type answer struct {
		signer signer
		ours   bool
		err    error
	}
	known := map[key]answer{}
	for p := range b.open() {
		if p.Channel != message.Email {
			continue
		}
		k := key{p.Practice, p.version.sender.Domain}
		if p.Kind == message.System {
			k.practice = "" // the platform's own domain, which no practice may write from
		}
		a, asked := known[k]
		if !asked {
			signs, ours, err := c.Domains.Belongs(k.practice, k.domain)
			if a.ours, a.err = ours, err; err != nil {
				c.trouble("sender", err)
			}
			if signs != nil {
				a.signer = signs
			}
			known[k] = a
		}
		if a.err != nil {
			p.back(b.now.Add(time.Minute))
		}
		if !a.ours {
			p.end(message.Held, message.ReasonSender, "")
		}
		p.signer = a.signer
	}
	return nil
}

// checkRoute: there is a relay or gateway that may be used: in a root marked demo or test, one on this machine.
func checkRoute(_ context.Context, c *Courier, b *batch) error {
	relay := c.relay()
	for p := range b.open() {
		if p.route = relay; p.Channel == message.SMS {
			p.route = c.gateway(p.Practice)
		}
		if p.route == nil || c.marked && !p.route.loopback {
			p.end(message.Held, message.ReasonRoute, "")
		}
	}
	return nil
}

// checkWitness: whoever watches the ledger from outside does so. Without it messages go on that people wait for, but nothing is sent to many.
func checkWitness(_ context.Context, c *Courier, b *batch) error {
	if !c.watched.Waits(c.DB.Now()) {
		return nil
	}
	for p := range b.open() {
		if p.Kind == message.Order {
			p.end(message.Queued, message.ReasonUnwitnessed, "")
			p.out.Step, p.out.Turn = message.Deferred, b.now.Add(unwitnessed)
		}
	}
	return nil
}
