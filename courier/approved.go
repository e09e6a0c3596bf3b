package courier

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"letterhead/approval"
	"letterhead/courier/budget"
	"letterhead/message"
	"letterhead/store"
	"letterhead/wording"
)

// What the practice's people signed, asked for each batch: the chain is verified and held against the journal by package chain, and what it says
// of one version and rule is worked out once for all messages of a batch that name them.

// approved is what signatures say of a parcel. Its zero value is what a parcel has that nobody asked for: nothing.
type approved struct {
	ok        bool
	reason    string // why not, in package approval's words, for the step's detail
	book      *wording.Book
	directory string // digest of book, hex
	sender    approval.SenderBody
	by        []budget.Approval // the statements that it is charged to
	limits    *budget.Budgets   // of the practice, shared by a batch

	// By what it can be stopped; the last four are of what members or programs let go, never of rules.
	wording    string // its id
	subject    string // the order's or letter's id
	grant      string
	credential string
	members    []store.MemberID
}

// path is all that a message's approval depends on.
type path struct {
	kind    message.Kind
	channel message.Channel
	purpose message.Purpose
	rule    string
	content [32]byte
	digest  string
}

// authorise works out what is approved for the parcels of one practice, in its View. An error means that it could not be read: nothing of the
// practice leaves.
func (c *Courier) authorise(ctx context.Context, tx *store.Tx, parcels []*parcel) error {
	known := map[path]*approved{}
	err := c.chains.Read(ctx, tx, func(s *approval.State) error {
		limits := budgetsOf(s, tx.Now)
		for _, p := range parcels {
			if p.settled || p.version == nil {
				continue
			}
			at := path{p.Kind, p.Channel, p.Purpose, p.Rule, p.facts.Rule, p.Digest}
			a := known[at]
			if a == nil {
				var err error
				if a, err = c.approvedFor(ctx, tx, s, at, p.version); err != nil {
					return err
				}
				known[at], a.limits = a, limits
			}
			p.approved = a
		}
		return nil
	})
	if refused := new(approval.Refused); errors.As(err, &refused) { // of the whole chain: it is behind, or holds a wrong entry
		c.Log.Error("the approvals of a practice do not hold", slog.String("practice", string(tx.Practice)), slog.String("reason", string(refused.Reason)), slog.Int64("position", refused.Position))
		for _, p := range parcels {
			p.approved = &approved{reason: string(refused.Reason)}
		}
		return nil
	}
	return err
}

// approvedFor asks for everything that a message of a path carries. An error is one of reading; what is not signed is an answer.
func (c *Courier) approvedFor(ctx context.Context, tx *store.Tx, s *approval.State, at path, v *version) (*approved, error) {
	a, now := &approved{}, tx.Now
	no := func(what string, err error) (*approved, error) {
		return &approved{reason: what + " " + string(approval.ReasonOf(err))}, nil
	}
	subject, standing, err := c.wordingOf(s, at, now)
	if err != nil {
		return no(string(at.kind), err)
	}
	a.by, a.wording = append(a.by, charge(standing)), subject
	digest, err := approval.ParseDigest(at.digest)
	if err != nil {
		return no("wording", err)
	}
	words, err := s.Allows(approval.KindWording, subject, digest, now)
	if err != nil {
		return no("wording", err)
	}
	if words.Statement.Body.Wording.Purpose != string(at.purpose) {
		return &approved{reason: "wording signed for another purpose"}, nil
	}
	a.by = append(a.by, charge(words))
	sender, err := s.Current(approval.KindSender, string(at.channel), now)
	if err != nil {
		return no("sender", err)
	}
	a.sender = *sender.Statement.Body.Sender
	if from := v.sender.Local + "@" + v.sender.Domain; at.channel == message.Email && (a.sender.Address != from || a.sender.Name != v.sender.Name) {
		return &approved{reason: "sender unsigned"}, nil
	}
	if at.channel == message.SMS && len(c.gateways) > 0 && a.sender.Address != c.gateways[0].gateway.senderOf(tx.Practice) {
		return &approved{reason: "sender unsigned"}, nil
	}
	for _, host := range v.compiled.Hosts() {
		if err := s.Host(host, now); err != nil {
			return no("host", err)
		}
	}
	directory, err := s.Current(approval.KindDirectory, "directory", now)
	if err != nil {
		return no("directory", err)
	}
	if a.book, err = c.book(ctx, tx, directory.Statement.Digest); err != nil {
		return no("directory", err)
	}
	a.directory, a.ok = hex.EncodeToString(directory.Statement.Digest[:]), a.book != nil
	return a, nil
}

// wordingOf finds which wording a path may send, and the statement that says so.
func (c *Courier) wordingOf(s *approval.State, at path, now time.Time) (subject string, by *approval.Standing, err error) {
	if at.kind != message.Rule {
		// What orders, letters, replies and tests need of a signature comes with their packages: until then nothing of theirs is signed.
		return "", nil, &approval.Refused{Reason: approval.Unsigned}
	}
	rule, err := s.Allows(approval.KindRule, at.rule, approval.Digest(at.content), now)
	if err != nil {
		return "", nil, err
	}
	b := rule.Statement.Body.Rule
	if b.Purpose != string(at.purpose) || b.Channel != string(at.channel) && b.Channel != "preference" {
		return "", nil, &approval.Refused{Reason: approval.Unsigned, Kind: approval.KindRule, Subject: at.rule}
	}
	return b.Wording, rule, nil
}

// charge is a statement as the budgets count it.
func charge(s *approval.Standing) budget.Approval {
	return budget.Approval{Digest: s.Digest, Limits: s.Statement.Limits, Once: s.Statement.Kind == approval.KindLetter, Until: s.Until, Waiting: 1}
}

// budgetsOf is what the practice signed about quantities.
func budgetsOf(s *approval.State, now time.Time) *budget.Budgets {
	out := &budget.Budgets{}
	if limits, err := s.Current(approval.KindLimits, "limits", now); err == nil {
		out.Limits, out.Digest = limits.Statement.Limits, limits.Digest
	}
	permit := func(p *approval.Standing) budget.Permit {
		out := budget.Permit{Digest: p.Digest, Limits: *p.Statement.Limits, From: p.From, Until: p.Until}
		if w := p.Statement.Window; w != nil && w.From.Time().After(out.From) {
			out.From = w.From.Time()
		}
		return out
	}
	for _, p := range s.All(approval.KindSurge, now) {
		out.Surges = append(out.Surges, permit(p))
	}
	for _, p := range s.All(approval.KindImport, now) {
		allowance := permit(p)
		allowance.Limits.Total = p.Statement.Body.Import.Addresses
		out.Import = append(out.Import, allowance)
	}
	return out
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
		for _, a := range p.approved.by {
			waiting[a.Digest]++
		}
	}
	uses := make([]budget.Use, len(parcels))
	for i, p := range parcels {
		by := make([]budget.Approval, len(p.approved.by))
		for j, a := range p.approved.by {
			by[j], by[j].Waiting = a, waiting[a.Digest]
		}
		uses[i] = budget.Use{Practice: p.Practice, Message: string(p.ID), Attempt: p.Attempts + 1, Address: string(p.Channel) + " " + p.facts.AddressIndex, Budget: p.approved.limits, Approvals: by}
	}
	verdicts, err := c.budget.Ask(b.now, uses)
	if err != nil {
		return err
	}
	for i, p := range parcels {
		switch v := verdicts[i]; {
		case v.Go:
			p.ticket = v.Ticket
		case v.Until.IsZero():
			p.end(message.Held, message.ReasonUnsigned, string(v.Reason)) // until more is signed
		default:
			p.end(message.Queued, string(v.Reason), "")
			p.out.Step, p.out.Turn = message.Deferred, v.Until
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

// checkApproval: people of the practice signed the rule, the wording, its sender and links, and the practice's own texts, and all of it counts now.
func checkApproval(_ context.Context, _ *Courier, b *batch) error {
	for p := range b.open() {
		switch {
		case p.approved == nil:
			p.end(message.Held, message.ReasonUnsigned, "not asked")
		case !p.approved.ok:
			p.end(message.Held, message.ReasonUnsigned, p.approved.reason)
		}
	}
	return nil
}
