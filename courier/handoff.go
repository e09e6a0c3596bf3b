package courier

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"letterhead/courier/buffer"
	"letterhead/courier/journal"
	"letterhead/courier/logbook"
	"letterhead/courier/smtp"
	"letterhead/courier/stops"
	"letterhead/ledger"
	"letterhead/ledger/proof"
	"letterhead/message"
	"letterhead/store"
	"letterhead/vault"
	"letterhead/wording/code"
)

// sign makes the DKIM signatures of a batch, on every core: with RSA it is what takes longest.
func (c *Courier) sign(ctx context.Context, b *batch) error {
	var todo []*parcel
	for p := range b.open() {
		if p.signer != nil && p.Channel == message.Email {
			todo = append(todo, p)
		}
	}
	if len(todo) == 0 {
		return nil
	}
	var wait sync.WaitGroup
	var next atomic.Int64
	for range min(cap(c.signing), len(todo)) {
		wait.Go(func() {
			c.signing <- struct{}{}
			defer func() { <-c.signing }()
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(todo) {
					return
				}
				c.signOne(todo[i])
			}
		})
	}
	wait.Wait()
	return ctx.Err()
}

func (c *Courier) signOne(p *parcel) {
	// t= is when it was signed by the machine's clock, also where a test root lives at another time.
	began := time.Now()
	var err error
	if p.signature, err = p.signer.Sign(p.signature[:0], began, p.header[:len(p.header)-2], p.body); err != nil {
		c.Log.Error("a message cannot be signed", slog.String("practice", string(p.Practice)), slog.String("message", string(p.ID)), slog.Any("error", err))
		p.end(message.Held, message.ReasonSender, "it cannot be signed")
	}
	c.count.signing.Add(int64(time.Since(began)))
}

// record writes, in one transaction, that the batch is leaving, and what with. Whatever was taken back in the meantime stays.
func (c *Courier) record(ctx context.Context, b *batch) error {
	parcels := b.rest()
	if len(parcels) == 0 {
		return nil
	}
	departures := make([]message.Departure, len(parcels))
	for i, p := range parcels {
		departures[i] = message.Departure{Practice: p.Practice, ID: p.ID, MessageID: p.MessageID, AddressIndex: p.facts.AddressIndex, Relay: p.route.name, Sealed: p.keys.Seal(vault.Place{Table: "message", Row: string(p.ID), Column: "sealed", Version: p.Attempts + 1}, append(p.kept, p.signature...)), Code: code.Code(p.facts.Values.Code)}
	}
	leaves, err := c.leaves(parcels)
	if err != nil {
		return err
	}
	var gone []int
	var head proof.Head
	var places []ledger.Place
	err = c.DB.Whole(ctx, "record what leaves", func(w *store.Wide) (err error) {
		if gone, err = c.codes.Leave(ctx, w, c.journal.Process(), departures); err != nil {
			return err
		}
		head, places, err = c.logbook.Append(ctx, w, without(leaves, gone))
		return err
	})
	if err != nil {
		// A commit may have been done though its answer was lost: these may be marked as leaving now. Nothing of them has begun, so they
		// go back to the queue as they are.
		return err
	}
	for _, i := range gone {
		parcels[i].settled = true // not ours any more: no outcome
		c.line.Done(parcels[i].Practice, parcels[i].ID)
		c.count.inHand.Add(-1)
	}
	next := 0
	for i, p := range parcels {
		if p.Attempts++; !slices.Contains(gone, i) {
			p.leaf = places[next].Sequence
			next++
		}
	}
	if err := c.logbook.Note(head); err != nil {
		return err
	}
	return c.logbook.Sync()
}

// leaves are what the ledger will say of a batch.
func (c *Courier) leaves(parcels []*parcel) ([]ledger.Entry, error) {
	out := make([]ledger.Entry, len(parcels))
	for i, p := range parcels {
		d := logbook.Departure{Practice: p.Practice, Kind: p.Kind, Channel: p.Channel, Version: p.Digest, Hosts: p.version.compiled.Hosts(), Salt: p.salt, Address: p.facts.Address,
			Parts: [3][]byte{p.signature, p.header, p.body}}
		if p.Channel == message.SMS {
			d.Parts, d.Text = [3][]byte{[]byte(p.text)}, true
		}
		d.Approval, d.Wording = p.approved.Statements()
		var err error
		if out[i], err = c.logbook.Entry(&d); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// without are the leaves of those that leave.
func without(leaves []ledger.Entry, gone []int) []ledger.Entry {
	if len(gone) == 0 {
		return leaves
	}
	out := make([]ledger.Entry, 0, len(leaves))
	for i := range leaves {
		if !slices.Contains(gone, i) {
			out = append(out, leaves[i])
		}
	}
	return out
}

// errStopped ends a hand-off that met a stop.
var errStopped = errors.New("sending was stopped")

// errStale ends one whose messages were looked at too long ago, or are of no use by now.
var errStale = errors.New("looked at too long ago")

// handOff gives the batch to its relays and gateways and returns when every parcel has an end.
func (c *Courier) handOff(ctx context.Context, b *batch) {
	parcels := b.rest()
	if len(parcels) == 0 {
		return
	}
	var wait sync.WaitGroup
	mails := make([]*parcel, 0, len(parcels))
	var texts []*parcel
	for _, p := range parcels {
		if p.Channel == message.SMS {
			texts = append(texts, p)
		} else {
			mails = append(mails, p)
		}
	}
	// Slices of a batch go over several connections at once; long ones keep a far relay busy, short ones keep all connections busy.
	for size := max(1, min(50, (len(mails)+3)/4)); len(mails) > 0; {
		slice := mails[:min(size, len(mails))]
		mails = mails[len(slice):]
		wait.Go(func() { c.mail(ctx, b, slice) })
	}
	if len(texts) > 0 {
		wait.Go(func() { c.textAll(ctx, b, texts) })
	}
	wait.Wait()
	c.journal.Flush()
}

// mail hands a slice to its relay over one connection at a time.
func (c *Courier) mail(ctx context.Context, b *batch, parcels []*parcel) {
	messages := make([]smtp.Message, len(parcels))
	segments := make([][3][]byte, len(parcels))
	for i, p := range parcels {
		segments[i] = [3][]byte{p.signature, p.header, p.body}
		messages[i] = smtp.Message{From: p.from, To: p.to, Data: net.Buffers(segments[i][:])}
	}
	var stopped *stops.Known
	begin := func(places []int) (err error) { stopped, err = c.begin(ctx, parcels, places); return err }
	still := func(place int) (err error) { stopped, err = c.unstopped(ctx, parcels, []int{place}); return err }
	done := func(place int, r smtp.Result) {
		p := parcels[place]
		c.judge(ctx, b, p, r)
		if p.begun {
			c.answered(p)
		}
	}
	err := parcels[0].route.pool.Send(ctx, messages, smtp.Hooks{Begin: begin, Still: still, Done: done})
	if errors.Is(err, errStopped) && stopped != nil {
		for _, p := range parcels {
			if p.settled && p.out.Silent { // given back a moment ago: say why
				p.settled = false
				p.stopped(stopped)
				p.back(time.Time{})
			}
		}
	}
}

// begin is called right before first bytes leave: nothing is stopped, and the journal has it.
func (c *Courier) begin(ctx context.Context, parcels []*parcel, places []int) (*stops.Known, error) {
	if stopped, err := c.unstopped(ctx, parcels, places); err != nil {
		return stopped, err
	}
	now := c.DB.Now()
	entries := make([]journal.Entry, len(places))
	for n, i := range places {
		p := parcels[i]
		entries[n] = p.entry(now)
	}
	segment, err := c.journal.Begun(entries...)
	if err != nil {
		return nil, err
	}
	for _, i := range places {
		p := parcels[i]
		if p.begun { // a second connection tries what the first did not begin after all
			c.journal.Settled(p.segment, 1)
		}
		p.begun, p.segment, p.at = true, segment, now
	}
	c.count.begun.Add(int64(len(places)))
	return c.unstopped(ctx, parcels, places) // the disk may have taken its time
}

// unstopped returns the stops as they are known, and an error when they hold one of the messages or were read too long ago, or when a message is
// of no use by now or was looked at too long ago: a slow relay must not carry it into the night.
func (c *Courier) unstopped(ctx context.Context, parcels []*parcel, places []int) (*stops.Known, error) {
	stopped, err := c.stops.Fresh(ctx, freezeStale)
	if err != nil {
		return nil, err
	}
	if stopped.Age() >= freezeLate { // reading took so long
		return nil, errors.New("what is stopped was read too slowly")
	}
	now := c.DB.Now()
	for _, i := range places {
		p := parcels[i]
		if _, is := p.held(stopped); is {
			return stopped, errStopped
		}
		if !now.Before(p.good) {
			return nil, errStale
		}
	}
	return stopped, nil
}

func (p *parcel) entry(at time.Time) journal.Entry {
	return journal.Entry{Practice: p.Practice, ID: string(p.ID), Attempt: p.Attempts, At: at}
}

// answered notes an outcome in the journal, until the database has it.
func (c *Courier) answered(p *parcel) {
	c.journal.Answered(p.entry(p.at), journal.Answer{State: string(p.out.State), Reason: p.out.Reason, Detail: p.out.Detail, OutsideID: p.out.OutsideID, Turn: p.out.Turn})
}

// judge turns what the relay did into what becomes of the message.
func (c *Courier) judge(ctx context.Context, b *batch, p *parcel, r smtp.Result) {
	p.settled = false
	switch r.Class {
	case smtp.Accepted:
		p.end(message.Sent, "", r.Reply.String())
	case smtp.MaybeSent:
		p.end(message.MaybeSent, message.ReasonNoAnswer, "")
	case smtp.Refused:
		switch {
		case r.Stage == smtp.StageLocal:
			p.end(message.Refused, message.ReasonNoAddress, "our own rules")
		case r.Temporary:
			c.later(b, p, message.ReasonRelay, string(r.Stage)+" "+r.Reply.String())
		default:
			p.end(message.Refused, message.ReasonRelay, string(r.Stage)+" "+r.Reply.String())
		}
	case smtp.Incomplete: // the relay must not deliver what has no end (RFC 5321 §4.1.1.4)
		c.later(b, p, message.ReasonUnreachable, string(r.Stage))
	default:
		c.notBegun(ctx, b, p, r.Err)
	}
	if !p.at.IsZero() && r.Class != smtp.NotBegun {
		p.out.LeftAt = p.at
	}
}

// notBegun gives a message back of which nothing left.
func (c *Courier) notBegun(ctx context.Context, b *batch, p *parcel, err error) {
	var refused *smtp.Error
	var backoff *smtp.BackoffError
	switch {
	case ctx.Err() != nil: // the courier ends
		p.back(time.Time{})
	case errors.As(err, &backoff):
		p.back(b.now.Add(max(time.Second, time.Until(backoff.Until)))) // the relay is left alone, and its messages with it
	case errors.As(err, &refused):
		detail := string(refused.Stage)
		if refused.Reply.Code != 0 {
			detail += " " + refused.Reply.String()
		}
		c.later(b, p, message.ReasonUnreachable, detail)
	default: // stopped
		p.back(time.Time{})
	}
}

// later defers a message: doubled waits with jitter, until it is of no use any more.
func (c *Courier) later(b *batch, p *parcel, reason, detail string) {
	wait := deferMost
	if shift := max(0, p.Attempts-1); shift < 10 {
		wait = min(wait, deferFirst<<shift)
	}
	turn := b.now.Add(wait/2 + rand.N(wait/2))
	if !turn.Before(p.NotAfter) {
		p.end(message.Refused, message.ReasonGivenUp, detail)
		return
	}
	p.end(message.Queued, reason, detail)
	p.out.Step, p.out.Turn = message.Deferred, turn
}

// recycle gives a batch's buffers back.
func (c *Courier) recycle(b *batch) {
	for _, p := range b.parcels {
		c.buffers.Return(buffer.Buffers{Body: p.buffer, Header: p.header, Signature: p.signature})
		p.buffer, p.header, p.signature, p.body = nil, nil, nil, nil
	}
}
