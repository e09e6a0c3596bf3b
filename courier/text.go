package courier

import (
	"context"
	"sync"
	"time"

	"letterhead/message"
)

// TextSender hands text messages to a gateway.
type TextSender interface {
	// Text sends one text message; key is the same for every try of the same message, so that a gateway can tell a repetition.
	Text(ctx context.Context, gateway string, t Text) TextResult
}

// Text is one text message.
type Text struct {
	From string // sender id
	To   string // E.164
	Body string
	Key  string
}

// TextResult is what the gateway said.
type TextResult struct {
	Class     TextClass
	ID        string        // the gateway's
	Detail    string        // without numbers
	Temporary bool          // of TextRefused
	After     time.Duration // how long the gateway asked to wait; 0: it did not say
}

// TextClass is the fate of a text message.
type TextClass int

// The fates.
const (
	TextNotBegun TextClass = iota + 1
	TextAccepted
	TextRefused
	TextMaybeSent
)

const (
	textsAtOnce = 8               // requests at the same time, of all batches; fewer than the connections that package sms may have open
	textGrace   = 3 * time.Second // for those under way when the courier ends, within drainWithin
)

func (c *Courier) textAll(ctx context.Context, b *batch, parcels []*parcel) {
	var wait sync.WaitGroup
	next := make(chan int)
	for range min(textsAtOnce, len(parcels)) {
		wait.Go(func() {
			for i := range next {
				c.text(ctx, b, parcels, i)
			}
		})
	}
	for i := range parcels {
		next <- i
	}
	close(next)
	wait.Wait()
}

func (c *Courier) text(ctx context.Context, b *batch, parcels []*parcel, i int) {
	p := parcels[i]
	c.texting <- struct{}{} // before the stops are asked: a text that had begun must not wait for its turn
	defer func() { <-c.texting }()
	if ctx.Err() != nil {
		p.back(p.Turn)
		return
	}
	if stopped, err := c.begin(ctx, parcels, []int{i}); err != nil {
		if stopped != nil {
			p.stopped(stopped)
		}
		p.back(p.Turn)
		if p.begun {
			c.answered(p)
		}
		return
	}
	under, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(textGrace, cancel) })()
	r := c.Texts.Text(under, p.route.name, Text{From: p.route.gateway.SenderOf(p.Practice), To: p.facts.Address, Body: p.text, Key: p.MessageID})
	switch {
	case r.Class == TextAccepted:
		p.end(message.Sent, "", r.Detail)
		p.out.OutsideID = r.ID
	case r.Class == TextMaybeSent:
		p.end(message.MaybeSent, message.ReasonNoAnswer, r.Detail)
	case r.Class == TextRefused && !r.Temporary:
		p.end(message.Refused, message.ReasonRelay, r.Detail)
	case r.Class == TextRefused:
		c.later(b, p, message.ReasonRelay, r.Detail)
		if asked := b.now.Add(r.After); p.out.State == message.Queued && p.out.Turn.Before(asked) {
			p.out.Turn = asked
		}
	default:
		c.later(b, p, message.ReasonUnreachable, r.Detail)
	}
	if r.Class != TextNotBegun {
		p.out.LeftAt = p.at
	}
	c.answered(p)
}
