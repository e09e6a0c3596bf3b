package courier

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"letterhead/approval"
	"letterhead/courier/budget"
	"letterhead/courier/signed"
	"letterhead/message"
	"letterhead/store"
	"letterhead/wording"
)

// What the practice's people signed, asked for each batch: the chain is verified and held against the journal by package chain, and what it says
// of one version and rule is worked out once for all messages of a batch that name them.

// approved is what signatures say of a parcel. Its zero value is what a parcel has that nobody asked for: nothing.
type approved struct {
	*signed.Answer
	book   *wording.Book   // the practice's own texts, as signed
	limits *budget.Budgets // of the practice, shared by a batch
}

// directory is the digest of the practice's own texts, hex; "" where there are none.
func (a *approved) directory() string {
	if a.Directory == (approval.Digest{}) {
		return ""
	}
	return hex.EncodeToString(a.Directory[:])
}

// authorise works out what is approved for the parcels of one practice, in its View. An error means that it could not be read: nothing of the
// practice leaves.
func (c *Courier) authorise(ctx context.Context, tx *store.Tx, parcels []*parcel) error {
	err := c.chains.Read(ctx, tx, func(s *approval.State) error {
		if err := c.logbook.Gather(ctx, tx, c.chains, s); err != nil {
			return err
		}
		return c.ask(ctx, tx, s, parcels)
	})
	if refused := new(approval.Refused); errors.As(err, &refused) { // of the whole chain: it is behind, or holds a wrong entry
		c.Log.Error("the approvals of a practice do not hold", slog.String("practice", string(tx.Practice)), slog.String("reason", string(refused.Reason)), slog.Int64("position", refused.Position))
		var own []*parcel
		for _, p := range parcels {
			if p.approved = (approved{Answer: &signed.Answer{Reason: string(refused.Reason)}}); p.Kind == message.System {
				own = append(own, p)
			}
		}
		return c.ask(ctx, tx, nil, own)
	}
	return err
}

func (c *Courier) ask(ctx context.Context, tx *store.Tx, s *approval.State, parcels []*parcel) error {
	known := map[signed.Path]approved{}
	limits := &budget.Budgets{}
	if s != nil {
		limits = signed.Budgets(s, tx.Now)
	}
	for _, p := range parcels {
		if p.settled || p.version == nil {
			continue
		}
		at := signed.Path{Kind: p.Kind, Channel: p.Channel, Purpose: p.Purpose, Subject: p.Rule + p.Subject, Content: p.facts.Rule, Digest: p.Digest, From: p.version.sender}
		if p.Kind == message.Test || p.Kind == message.System {
			at.Subject = p.Recipient
		}
		a, is := known[at]
		if !is {
			carried := signed.Carried{Hosts: p.version.hosts, System: p.Kind == message.System && c.System != nil && c.System(p.Digest)}
			if len(c.gateways) > 0 {
				carried.SMSSender = c.gateways[0].gateway.SenderOf(tx.Practice)
			}
			a = approved{Answer: signed.Ask(s, at, carried, tx.Now), limits: limits, book: new(wording.Book)}
			var err error
			if a.Directory != (approval.Digest{}) {
				if a.book, err = c.book(ctx, tx, a.Directory); err != nil {
					c.Log.Warn("a practice's details cannot be read", slog.String("practice", string(tx.Practice)), slog.Any("error", err))
					a.Answer = &signed.Answer{Reason: "directory unreadable"}
				}
			}
			known[at] = a
		}
		p.approved = a
	}
	return nil
}

// checkBudget: there is room for it in what was signed, and its first use is paced. What may go is counted from now on; settle says what did not
// leave after all.
func checkBudget(_ context.Context, c *Courier, b *batch) error {
	parcels := b.rest()
	if len(parcels) == 0 {
		return nil
	}
	waiting := map[approval.Digest]int64{}
	for _, p := range parcels {
		for _, a := range p.approved.By {
			waiting[a.Digest]++
		}
	}
	uses := make([]budget.Use, len(parcels))
	for i, p := range parcels {
		use := p.approved.Use(budget.Use{Practice: p.Practice, Message: string(p.ID), Attempt: p.Attempts + 1, Address: string(p.Channel) + " " + p.facts.AddressIndex, Budget: p.approved.limits})
		for j := range use.Approvals {
			use.Approvals[j].Waiting = max(use.Approvals[j].Waiting, waiting[use.Approvals[j].Digest])
		}
		uses[i] = use
	}
	verdicts, err := c.budget.Ask(b.now, uses)
	if err != nil {
		return err
	}
	for i, p := range parcels {
		switch v := verdicts[i]; {
		case v.Go:
			p.ticket, p.since = v.Ticket, v.Since
		case v.Until.IsZero():
			p.end(message.Held, message.ReasonUnsigned, string(v.Reason)) // until more is signed
		default:
			p.end(message.Queued, string(v.Reason), "")
			p.out.Step, p.out.Turn = message.Deferred, v.Until
			if p.NotAfter.Before(v.Until) { // it is over then; and a day that was counted while the clock was wrong may end in years
				p.out.Turn = p.NotAfter
			}
		}
	}
	return nil
}

// settle gives back what was counted and did not leave.
func (c *Courier) settle(b *batch) {
	var ends []budget.End
	for _, p := range b.parcels {
		if p.ticket != 0 {
			ends = append(ends, budget.End{Ticket: p.ticket, Back: !p.begun || p.out.State == message.Queued})
		}
	}
	if err := c.budget.Settle(b.now, ends); err != nil {
		c.trouble("budget", err) // it counts as spent
	}
}

// books keeps what practices call their own by the digest that was signed.
type books struct {
	mu    sync.Mutex
	known map[approval.Digest]*wording.Book
}

const mostBooks = 256

// book reads the directory that was signed. Content that is not there, or is not what its digest says, is an error: nothing is sent with it.
func (c *Courier) book(ctx context.Context, tx *store.Tx, digest approval.Digest) (*wording.Book, error) {
	c.books.mu.Lock()
	known := c.books.known[digest]
	c.books.mu.Unlock()
	if known != nil {
		return known, nil
	}
	raw, err := c.Source.Directory(ctx, tx, hex.EncodeToString(digest[:]))
	if err != nil {
		return nil, fmt.Errorf("read the practice's details: %w", err)
	}
	book, sum, err := wording.ParseDirectory(raw)
	if err != nil {
		return nil, err
	}
	if approval.Digest(sum) != digest {
		return nil, errDigest
	}
	c.books.mu.Lock()
	defer c.books.mu.Unlock()
	if len(c.books.known) >= mostBooks || c.books.known == nil {
		c.books.known = map[approval.Digest]*wording.Book{}
	}
	c.books.known[digest] = book
	return book, nil
}

// checkApproval: people of the practice signed the words, who may send them, their sender and links, the practice's own texts and, where they go to
// somebody by name, to whom; and all of it counts now.
func checkApproval(_ context.Context, _ *Courier, b *batch) error {
	for p := range b.open() {
		a := p.approved.Answer
		switch {
		case a == nil:
			p.end(message.Held, message.ReasonUnsigned, "not asked")
		case !a.OK:
			p.end(message.Held, message.ReasonUnsigned, a.Reason)
		default:
			to := signed.Recipient{Client: p.Client, ID: p.Recipient, Address: p.facts.Address, Index: p.facts.AddressIndex, Place: p.facts.Place, Proof: p.facts.Proof}
			if reason := a.Fits(to); reason != "" {
				p.end(message.Held, message.ReasonUnsigned, reason)
			}
		}
	}
	return nil
}
