package smtp

import "errors"

// maxWindowBytes: once so much is put, a window is full whatever its number of messages.
const maxWindowBytes = 256 << 10

// errOtherPath: see settle.
var errOtherPath = errors.New("the relay refused this message's return path and took its content: it may travel under another return path")

// byChunks keeps several messages in flight, each as MAIL, RCPT and BDAT LAST with its content (RFC 3030 §2). Replies come in
// order. To write (and Begin) in few large steps, the window is filled again when it is half empty and no reply waits.
func (r *run) byChunks() {
	flights := make([]*flight, 0, r.c.options.Window)
	for {
		limit := r.c.options.Window
		if !r.c.proven {
			limit = 1
		}
		if len(flights) <= limit/2 && (len(flights) == 0 || r.c.reader.Buffered() == 0) {
			more, err := r.fill(flights, limit)
			flights = more
			if err != nil {
				r.lost(err, flights...)
				return
			}
		}
		if len(flights) == 0 {
			return
		}
		if err := r.settle(flights[0]); err != nil {
			r.lost(err, flights...)
			return
		}
		flights = append(flights[:0], flights[1:]...)
		if err := r.learnReset(); err != nil {
			r.lost(err, flights...)
			return
		}
	}
}

// fill puts as many messages as the window has room for, after Begin has agreed to all of them, and writes them.
func (r *run) fill(flights []*flight, limit int) ([]*flight, error) {
	first, size := len(flights), 0
	r.places = r.places[:0]
	for len(flights) < limit && size < maxWindowBytes {
		f, any := r.take()
		if !any {
			break
		}
		flights = append(flights, f)
		r.places = append(r.places, f.place)
		size += f.content.size
	}
	if len(flights) == first {
		return flights, nil
	}
	if err := r.hooks.Begin(r.places); err != nil {
		r.stopped = err
		for _, f := range flights[first:] {
			r.hooks.Done(f.place, Result{Class: NotBegun, Stage: StageLocal, Err: err})
		}
		return flights[:first], nil
	}
	for _, f := range flights[first:] {
		r.putChunk(f)
	}
	r.askReset(flights)
	if err := r.c.flush(); err != nil {
		return flights, &Error{Stage: StageContent, Temporary: true, Err: err}
	}
	return flights, nil
}

// askReset asks, behind the first message of a connection and in the same write, whether a new MAIL is taken after a
// message without recipients. Where it is not, the message after a refused recipient would travel under the return path of
// the one before it, so that every message needs an RSET in front. No recipient is named, so nothing can be sent by this.
func (r *run) askReset(flights []*flight) {
	c := r.c
	if c.proven || c.options.ResetEach || c.options.resetKnown || len(flights) != 1 || r.next >= len(r.messages) {
		return
	}
	r.asking = true
	from := flights[0].from
	c.put("MAIL FROM:<", from, ">\r\nBDAT 0 LAST\r\nMAIL FROM:<", from, ">\r\nRSET\r\n")
}

// learnReset reads the answers to what askReset asked.
func (r *run) learnReset() error {
	if !r.asking || r.c.broken {
		return nil
	}
	r.asking = false
	for step := range 4 {
		reply, err := r.c.reply(r.c.options.CommandTimeout, false)
		if err != nil || reply.Code == 421 {
			return &Error{Stage: StageReset, Reply: reply, Temporary: true, Err: err}
		}
		if step == 2 {
			r.c.options.ResetEach = !reply.positive()
		}
	}
	r.c.options.resetKnown = true
	return nil
}

func (r *run) putChunk(f *flight) {
	c := r.c
	if c.needsReset || c.options.ResetEach {
		f.reset, c.needsReset = true, false
		c.put("RSET\r\n")
	}
	r.putMail(f)
	r.putRcpt(f)
	c.put("BDAT ")
	c.putCount(f.content.size)
	c.put(" LAST\r\n")
	f.start = c.queued
	c.out = appendPlain(c.out, r.messages[f.place].Data, f.content)
	c.queued += int64(f.content.size)
	f.end = c.queued
}

// settle reads the replies to the oldest message and tells its fate. An error means that the connection is of no more use
// and that this message's fate has not been told.
func (r *run) settle(f *flight) error {
	c := r.c
	if f.reset {
		if err := r.resetReply(); err != nil {
			return err
		}
	}
	mail, err := r.envelopeReply(f, StageMail)
	if err != nil {
		return err
	}
	rcpt, err := r.envelopeReply(f, StageRcpt)
	if err != nil {
		return err
	}
	final, err := c.reply(c.options.FinalTimeout, true)
	switch {
	case err != nil:
		return &Error{Stage: StageFinal, Temporary: true, Err: err}
	case final.Code == 421:
		return &Error{Stage: StageFinal, Reply: final, Temporary: true}
	case final.Code/100 == 3:
		return &Error{Stage: StageFinal, Reply: final, Temporary: true, Err: protocolError("content answered with %d", final.Code)}
	}
	if !rcpt.positive() && mail.positive() {
		// The relay may hold the transaction open (RFC 3030 §2). What is in flight already may then get 503 to its MAIL.
		c.needsReset = true
	}
	switch {
	case final.positive() && rcpt.positive():
		c.proven = true
		result := Result{Class: Accepted, Stage: StageFinal, Reply: final}
		if !mail.positive() {
			result.Err = errOtherPath
			c.options.ResetEach = true
		}
		r.hooks.Done(f.place, result)
	case f.refusal.Code != 0:
		r.done(f, Refused, f.stage, f.refusal)
	case !c.proven && final.Code >= 500 && final.Code <= 504:
		// The envelope was in order: it is BDAT itself that the relay does not understand, and it may have taken the
		// content for commands. Nothing was delivered; the next connection does without.
		c.badChunking = true
		c.abandon()
		r.hooks.Done(f.place, Result{Class: Refused, Stage: StageFinal, Reply: final, Temporary: true})
	default:
		c.proven = true
		r.done(f, Refused, StageFinal, final)
	}
	return nil
}
