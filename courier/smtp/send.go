package smtp

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// run is one call of Send.
type run struct {
	c        *Conn
	ctx      context.Context
	messages []Message
	hooks    Hooks
	next     int   // the first message not yet taken
	begun    int   // messages before this place have been told to Begin (without CHUNKING)
	places   []int // scratch for Begin
	asking   bool  // askReset has asked
	stopped  error // why no further message is taken
}

// flight is a message between its envelope and its fate.
type flight struct {
	place    int
	from, to string
	content  content
	reset    bool // an RSET goes before its envelope
	// start and end are the places of the content in the stream of bytes written; both 0 while it is not put.
	start, end int64
	// refusal is the first negative reply to its envelope.
	refusal Reply
	stage   Stage
}

// Send hands over messages, one recipient each, and tells the fate of every one through hooks.Done before it returns.
// The error says why it ended early, nil when every message got the relay's answer (which may be a refusal). After an
// error the connection may be broken: ask Usable.
func (c *Conn) Send(ctx context.Context, messages []Message, hooks Hooks) error {
	if hooks.Begin == nil {
		hooks.Begin = func([]int) error { return nil }
	}
	if hooks.Done == nil {
		hooks.Done = func(int, Result) {}
	}
	r := &run{c: c, ctx: ctx, messages: messages, hooks: hooks, places: make([]int, 0, c.options.Window)}
	defer c.use(ctx, c.options.Drain)()
	if err := r.ready(); err != nil {
		r.stopped = err
	} else {
		switch pipelining := c.offers.Pipelining && !c.options.NoPipelining; {
		case pipelining && c.chunking():
			r.byChunks()
		default:
			r.byData(pipelining)
		}
	}
	for ; r.next < len(messages); r.next++ {
		hooks.Done(r.next, Result{Class: NotBegun, Stage: StageLocal, Err: r.stopReason()})
	}
	c.lastUsed = time.Now()
	return r.stopped
}

func (c *Conn) chunking() bool {
	return c.offers.Chunking && !c.options.NoChunking && !c.badChunking
}

// ready checks that the connection can carry content. One that was idle is asked first: the relay may have closed it,
// and content written into a closed connection would count as maybe sent.
func (r *run) ready() error {
	c := r.c
	if !c.Usable() {
		c.Close()
		return &Error{Stage: StageLocal, Temporary: true, Err: ErrUsedUp}
	}
	if time.Since(c.lastUsed) < probeAfter && !c.needsReset {
		return nil
	}
	reply, err := c.command(StageReset, "RSET")
	if err != nil {
		return err
	}
	if !reply.positive() {
		c.abandon()
		return &Error{Stage: StageReset, Reply: reply, Temporary: true}
	}
	c.needsReset = false
	return nil
}

// take gives the next message that keeps our own rules; others are refused on the way. False means no more.
func (r *run) take() (*flight, bool) {
	for r.next < len(r.messages) {
		if r.stopReason() != nil {
			return nil, false
		}
		f := &flight{place: r.next}
		err := r.prepare(f)
		r.next++
		if err == nil {
			r.c.carried++
			return f, true
		}
		r.hooks.Done(f.place, Result{Class: Refused, Stage: StageLocal, Err: err})
	}
	return nil, false
}

// stopReason says why no further message may be taken, nil if it may.
func (r *run) stopReason() error {
	if r.stopped == nil {
		switch {
		case r.ctx.Err() != nil:
			r.stopped = context.Cause(r.ctx)
		case r.c.broken, r.c.carried >= r.c.options.MessagesPerConn:
			r.stopped = &Error{Stage: StageLocal, Temporary: true, Err: ErrUsedUp}
		}
	}
	return r.stopped
}

// prepare checks a message against our rules and the relay's limits.
func (r *run) prepare(f *flight) (err error) {
	message, offers := &r.messages[f.place], &r.c.offers
	if message.From != "" {
		if f.from, err = Address(message.From); err != nil {
			return fmt.Errorf("smtp: return path: %w", err)
		}
	}
	if f.to, err = Address(message.To); err != nil {
		return fmt.Errorf("smtp: recipient: %w", err)
	}
	if f.content, err = look(message.Data); err != nil {
		return fmt.Errorf("smtp: %w", err)
	}
	limit := int64(r.c.options.MaxMessageBytes)
	if offers.MaxSize > 0 {
		limit = min(limit, offers.MaxSize)
	}
	if size := int64(f.content.size); size > limit {
		return fmt.Errorf("smtp: the message has %d bytes, the relay takes %d", size, limit)
	}
	if f.content.eightBit && !offers.EightBitMIME {
		return errors.New("smtp: the content has bytes above 127 and the relay does not offer 8BITMIME: encode it as quoted-printable")
	}
	return nil
}

func (r *run) putMail(f *flight) {
	c := r.c
	c.put("MAIL FROM:<", f.from, ">")
	if c.offers.Size { // RFC 1870 §4
		c.put(" SIZE=")
		c.putCount(f.content.size)
	}
	if f.content.eightBit {
		c.put(" BODY=8BITMIME")
	}
	c.put("\r\n")
}

func (r *run) putRcpt(f *flight) { r.c.put("RCPT TO:<", f.to, ">\r\n") }

// envelopeReply reads the reply to one command of a message's envelope and notes a refusal.
func (r *run) envelopeReply(f *flight, stage Stage) (Reply, error) {
	reply, err := r.c.reply(r.c.options.CommandTimeout, false)
	if err != nil {
		return reply, &Error{Stage: stage, Temporary: true, Err: err}
	}
	if reply.Code >= 300 && f.refusal.Code == 0 && (stage != StageData || reply.Code != 354) {
		f.refusal, f.stage = reply, stage
	}
	if reply.Code == 421 {
		return reply, &Error{Stage: stage, Reply: reply, Temporary: true}
	}
	return reply, nil
}

// done tells the fate of a message that the relay answered.
func (r *run) done(f *flight, class Class, stage Stage, reply Reply) {
	result := Result{Class: class, Stage: stage, Reply: reply}
	if class == Refused {
		// 503 to our correct sequence comes from a message before this one (RFC 5321 §4.1.4).
		result.Temporary = reply.Code < 500 || reply.Code == 503
	}
	r.hooks.Done(f.place, result)
}

// lost tells the fate of messages in flight when the connection went down: what left decides.
func (r *run) lost(cause error, flights ...*flight) {
	r.c.abandon()
	if r.stopped == nil {
		r.stopped = cause
	}
	reason := errors.Unwrap(cause)
	if reason == nil {
		reason = cause
	}
	if r.ctx.Err() != nil {
		reason = errors.Join(context.Cause(r.ctx), reason)
	}
	var closing Reply
	stage := StageContent
	var fault *Error
	if errors.As(cause, &fault) {
		stage = fault.Stage
		if fault.Reply.Code == 421 {
			closing = fault.Reply
		}
	}
	for i, f := range flights {
		if f == nil {
			continue
		}
		if i > 0 {
			stage = StageContent
		}
		result := Result{Stage: stage, Err: reason, Reply: closing}
		switch {
		case f.refusal.Code != 0 && f.refusal.Code != 503:
			result = Result{Class: Refused, Stage: f.stage, Reply: f.refusal, Temporary: f.refusal.Code < 500}
		case closing.Code != 0 && (i == 0 || f.end > 0):
			// Commands are answered in order, and 421 is the last answer: nothing after it was acted upon (RFC 5321 §3.8, RFC 2920 §3.2).
			result.Class, result.Temporary = Refused, true
		case f.end == 0 || r.c.written <= f.start:
			result.Class = NotBegun
		case r.c.written < f.end:
			result.Class = Incomplete
		default:
			result.Class = MaybeSent
		}
		r.hooks.Done(f.place, result)
	}
}
