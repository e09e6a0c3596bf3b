// Package inbound acts on what comes back after a message left: delivery and abuse reports, a gateway's receipts and replies, and
// unsubscribing. public/ hands it what came by HTTP, the command `letterhead bounce` what came by a pipe.
//
// Nothing of it is believed by itself. A report counts when it names a return path whose token verifies, an unsubscribing when its token
// does; receipts and replies come from a gateway whose signature the caller has checked. What is not authenticated changes nothing and is
// counted. (Who received a mail can read its return path, and so report a bounce of that one mail: it stops messages to himself.)
//
// What follows from what:
//
//	hard bounce         a step "bounced"; nothing is sent to that address of that practice any more
//	other bounce        a step "bounced"
//	delay, delivery     a step "deferred", "delivered"
//	complaint           a step "complained"; nothing is sent to that address any more
//	STOP by text        a step "replied"; nothing is sent to that number; the client's consents for text messages are withdrawn
//	another reply       a step "replied", without its words
//	any text message    its words are kept with Texts, sealed, under the number that it came from
//	START by text       a step "replied"; what a STOP ended begins again: the consent for appointments, and the number
//	unsubscribing       a step "replied"; consent to marketing by that channel is withdrawn; no marketing to that address
//
// Promises: the same thing twice changes nothing the second time; a practice is reached only through its own token, domain or sender id.
//
// Never: an address, a number, a name or what a person wrote in a result, an error or a step.
package inbound

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"time"

	"letterhead/courier"
	"letterhead/courier/report"
	"letterhead/courier/sender"
	"letterhead/courier/token"
	"letterhead/message"
	"letterhead/store"
	"letterhead/vault"
)

// Choices is what a client chose about messages; app fills it with the product's consents.
type Choices interface {
	// Withdraw notes that a client wants no more messages of a purpose by a channel. source is "unsubscribe" or "stop". Where it is
	// withdrawn already, nothing changes.
	Withdraw(ctx context.Context, tx *store.Tx, client string, channel message.Channel, purpose message.Purpose, source string) error
	// Give notes that a client wants them again. source is "start".
	Give(ctx context.Context, tx *store.Tx, client string, channel message.Channel, purpose message.Purpose, source string) error
}

// Texts keeps what people write by text message; app fills it with the product's.
type Texts interface {
	// Keep keeps one, sealed. event is the gateway's name of it: the same again changes nothing.
	Keep(ctx context.Context, tx *store.Tx, answers message.Message, event, from, text string) error
}

// Inbound is what takes things in. Its fields are set once, before it is used; then it is safe for concurrent use.
type Inbound struct {
	DB       *store.DB
	Keeper   *vault.Keeper
	Domains  *sender.Domains
	Tokens   token.Tokens
	Gateways []courier.Gateway // for the sender ids that replies are sent to
	Choices  Choices
	Texts    Texts // nil: what people write is not kept
	// Note keeps suppressions in the courier's journal; they are on disk when it returns. nil where this process does not reach it: the courier takes
	// the rows over within a second.
	Note func(now time.Time, list ...message.Suppression) error

	counts counts
}

// counts is since the start.
type counts struct{ acted, unauthenticated, unknown atomic.Int64 }

// Counts is how many things came in since the start, by what they led to.
type Counts struct {
	Acted           int64 // authenticated; a repetition counts again
	Unauthenticated int64 // no token or a wrong one: nothing was done
	Unknown         int64 // authenticated, but there is no such message any more, or nothing to act on
}

// Counts returns the counts since the start.
func (in *Inbound) Counts() Counts {
	return Counts{in.counts.acted.Load(), in.counts.unauthenticated.Load(), in.counts.unknown.Load()}
}

// Done says what was done, without personal data.
type Done struct {
	Did        string           `json:"did"`                  // a step of message, "unsubscribed", or "nothing"
	Why        string           `json:"why,omitempty"`        // the reason, or why nothing was done
	Status     string           `json:"status,omitempty"`     // enhanced status code
	Suppressed bool             `json:"suppressed,omitempty"` // the address will not be written to
	Practice   store.PracticeID `json:"practice,omitempty"`
	Message    message.ID       `json:"message,omitempty"`

	learnt *message.Suppression // to be kept in the journal before it is acknowledged
}

func (d *Done) suppress(ctx context.Context, tx *store.Tx, s message.Suppression) error {
	s.Practice, s.At = tx.Practice, tx.Now
	d.Suppressed, d.learnt = true, &s
	return message.Suppress(ctx, tx, s)
}

// Why nothing was done.
const (
	Unauthenticated = "unauthenticated" // no token, or one that is not ours
	NoMessage       = "no message"      // the token is ours; the message is gone, or did not leave yet
	NoReport        = "no report"       // not a mail that Parse takes
)

func (in *Inbound) nothing(why string) Done {
	if why == Unauthenticated {
		in.counts.unauthenticated.Add(1)
	} else {
		in.counts.unknown.Add(1)
	}
	return Done{Did: "nothing", Why: why}
}

func (in *Inbound) acted(d Done) Done {
	in.counts.acted.Add(1)
	return d
}

// maxReport bounds a mail that is piped in, in bytes.
const maxReport = 1 << 20

// Piped takes one mail as a mail server pipes it. recipient is the address that it was sent to, as the server says it; "" when it does not.
// A mail that is no report is no error: the server must not send it back.
func (in *Inbound) Piped(ctx context.Context, mail io.Reader, recipient string) (Done, error) {
	r, err := report.Parse(mail, maxReport)
	if errors.Is(err, report.ErrOther) || errors.Is(err, report.ErrTooLong) {
		return in.nothing(NoReport), nil
	}
	if err != nil {
		return Done{}, err
	}
	if recipient != "" {
		r.ReturnPaths = append([]string{recipient}, r.ReturnPaths...)
	}
	return in.Report(ctx, r)
}

// Report acts on a delivery or abuse report.
func (in *Inbound) Report(ctx context.Context, r report.Report) (Done, error) {
	practice, id, err := in.authenticate(r.ReturnPaths)
	if err != nil {
		return Done{}, err
	}
	if id == "" {
		return in.nothing(Unauthenticated), nil
	}
	switch r.Kind {
	case report.Bounce:
		return in.Bounced(ctx, practice, id, r)
	case report.Complaint:
		return in.Complained(ctx, practice, id, r)
	case report.Delay:
		return in.learn(ctx, practice, id, message.Deferred, r, "")
	}
	return in.learn(ctx, practice, id, message.Delivered, r, "")
}

// authenticate finds the message that one of the addresses is the return path of; "" when none is.
func (in *Inbound) authenticate(paths []string) (store.PracticeID, message.ID, error) {
	for _, path := range paths {
		local, domain, found := cutLast(path, '@')
		name, ours := strings.CutPrefix(strings.ToLower(strings.TrimSuffix(domain, ".")), "bounce.")
		if !found || !ours {
			continue
		}
		d, err := in.Domains.Find(name)
		if errors.Is(err, sender.ErrDomainNone) || err == nil && d.Practice == "" {
			continue
		}
		if err != nil {
			return "", "", err
		}
		if id, ok := in.Tokens.Bounced(d.Practice, local); ok {
			return d.Practice, id, nil
		}
	}
	return "", "", nil
}

func cutLast(s string, sep byte) (before, after string, found bool) {
	if i := strings.LastIndexByte(s, sep); i >= 0 {
		return s[:i], s[i+1:], true
	}
	return s, "", false
}

// Bounced notes that a message was not delivered. Only a bounce that speaks of the address itself suppresses it. The message's token has
// been verified.
func (in *Inbound) Bounced(ctx context.Context, practice store.PracticeID, id message.ID, r report.Report) (Done, error) {
	suppress := ""
	if r.Hard() {
		suppress = "bounce"
	}
	return in.learn(ctx, practice, id, message.Bounced, r, suppress)
}

// Complained notes that the recipient called a message abuse: nothing is sent there any more. The message's token has been verified.
func (in *Inbound) Complained(ctx context.Context, practice store.PracticeID, id message.ID, r report.Report) (Done, error) {
	return in.learn(ctx, practice, id, message.Complained, r, "complaint")
}

// learn adds a step and, where suppress is a reason, suppresses the address for every purpose.
func (in *Inbound) learn(ctx context.Context, practice store.PracticeID, id message.ID, step string, r report.Report, suppress string) (Done, error) {
	done := Done{Did: step, Why: r.Why(), Status: r.Status, Practice: practice, Message: id}
	detail := strings.TrimSpace(r.Status + " " + strings.TrimPrefix(r.Diagnostic, r.Status))
	return in.change(ctx, done, "report", func(tx *store.Tx, m message.Message, done *Done) error {
		if err := message.Learn(ctx, tx, id, step, done.Why, detail); err != nil {
			return err
		}
		if suppress == "" || m.AddressIndex == "" {
			return nil
		}
		return done.suppress(ctx, tx, message.Suppression{Channel: m.Channel, AddressIndex: m.AddressIndex, Reason: suppress})
	})
}

// change runs fn on a message that left. One that is gone, or did not leave, is left alone: the answer says so.
func (in *Inbound) change(ctx context.Context, done Done, agent string, fn func(*store.Tx, message.Message, *Done) error) (Done, error) {
	var out Done
	err := in.DB.Change(ctx, store.Actor{Practice: done.Practice, Agent: agent}, func(tx *store.Tx) error {
		out = done // a change may run twice
		m, err := message.Find(ctx, tx, done.Message)
		if errors.Is(err, message.ErrNone) || err == nil && !left(m.State) {
			out = Done{}
			return nil
		}
		if err != nil {
			return err
		}
		return fn(tx, m, &out)
	})
	if err != nil {
		return Done{}, fmt.Errorf("note what came back: %w", err)
	}
	if out.Did == "" {
		return in.nothing(NoMessage), nil
	}
	if out.learnt != nil && in.Note != nil {
		if err := in.Note(in.DB.Now(), *out.learnt); err != nil { // whoever told it tells it again
			return Done{}, fmt.Errorf("keep what came back: %w", err)
		}
	}
	out.learnt = nil
	return in.acted(out), nil
}

func left(s message.State) bool {
	return s == message.Leaving || s == message.Sent || s == message.MaybeSent || s == message.Refused
}
