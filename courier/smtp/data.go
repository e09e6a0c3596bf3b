package smtp

import "errors"

// byData sends under DATA: with pipelining the content of one message and the envelope of the next in one write
// (RFC 2920 §3.1: content may be the first of a group, DATA is the last), else a command at a time. Where the relay offers
// CHUNKING without PIPELINING, DATA is used as well: it costs nothing more.
func (r *run) byData(pipelining bool) {
	var ahead *flight // its envelope has been written
	for {
		f := ahead
		ahead = nil
		ready, err := false, error(nil)
		if pipelining {
			if f == nil {
				var any bool
				if f, any = r.take(); !any {
					return
				}
				r.putEnvelope(f)
			}
			ready, err = r.envelopeTogether(f)
		} else {
			var any bool
			if f, any = r.take(); !any {
				return
			}
			ready, err = r.envelopeStepwise(f)
		}
		if err != nil {
			r.lost(err, f)
			return
		}
		if !ready {
			r.done(f, Refused, f.stage, f.refusal)
			continue
		}
		if err := r.beginData(f); err != nil {
			// The relay waits for content; anything we wrote now would be that. So the connection ends here.
			r.stopped = err
			r.c.abandon()
			r.hooks.Done(f.place, Result{Class: NotBegun, Stage: StageData, Err: err})
			return
		}
		f.start = r.c.queued
		before := len(r.c.out)
		r.c.out = appendStuffed(r.c.out, r.messages[f.place].Data, f.content)
		r.c.queued += int64(len(r.c.out) - before)
		f.end = r.c.queued
		if pipelining {
			if next, any := r.take(); any {
				ahead = next
				r.putEnvelope(next)
			}
		}
		if err := r.finishData(f); err != nil {
			r.lost(err, f, ahead)
			return
		}
	}
}

// putEnvelope puts MAIL, RCPT and DATA together, after an RSET where a transaction may be open.
func (r *run) putEnvelope(f *flight) {
	if r.c.needsReset {
		f.reset, r.c.needsReset = true, false
		r.c.put("RSET\r\n")
	}
	r.putMail(f)
	r.putRcpt(f)
	r.c.put("DATA\r\n")
}

// envelopeTogether reads the replies to an envelope that was put at once. True means that the relay waits for content.
func (r *run) envelopeTogether(f *flight) (bool, error) {
	if err := r.c.flush(); err != nil {
		return false, &Error{Stage: StageMail, Temporary: true, Err: err}
	}
	if f.reset {
		if err := r.resetReply(); err != nil {
			return false, err
		}
	}
	mail, err := r.envelopeReply(f, StageMail)
	if err != nil {
		return false, err
	}
	if _, err = r.envelopeReply(f, StageRcpt); err != nil {
		return false, err
	}
	data, err := r.envelopeReply(f, StageData)
	if err != nil {
		return false, err
	}
	if f.refusal.Code == 0 && data.Code != 354 {
		return false, &Error{Stage: StageData, Reply: data, Temporary: true, Err: protocolError("DATA answered with %d", data.Code)}
	}
	if f.refusal.Code == 0 {
		return true, nil
	}
	if mail.positive() {
		r.c.needsReset = true
	}
	if data.Code == 354 { // RFC 2920 §3.1: although no recipient was taken; a dot alone ends it without content
		r.c.put(".\r\n")
		if err := r.c.flush(); err != nil {
			return false, &Error{Stage: StageData, Temporary: true, Err: err}
		}
		if _, err := r.c.reply(r.c.options.FinalTimeout, false); err != nil {
			return false, &Error{Stage: StageData, Temporary: true, Err: err}
		}
	}
	return false, nil
}

// envelopeStepwise sends and reads a command at a time.
func (r *run) envelopeStepwise(f *flight) (bool, error) {
	if r.c.needsReset {
		r.c.needsReset = false
		r.c.put("RSET\r\n")
		if err := r.c.flush(); err != nil {
			return false, &Error{Stage: StageReset, Temporary: true, Err: err}
		}
		if err := r.resetReply(); err != nil {
			return false, err
		}
	}
	for _, stage := range [...]Stage{StageMail, StageRcpt, StageData} {
		switch stage {
		case StageMail:
			r.putMail(f)
		case StageRcpt:
			r.putRcpt(f)
		case StageData:
			r.c.put("DATA\r\n")
		}
		if err := r.c.flush(); err != nil {
			return false, &Error{Stage: stage, Temporary: true, Err: err}
		}
		reply, err := r.envelopeReply(f, stage)
		if err != nil {
			return false, err
		}
		if f.refusal.Code != 0 {
			r.c.needsReset = stage != StageMail
			return false, nil
		}
		if stage == StageData && reply.Code != 354 {
			return false, &Error{Stage: StageData, Reply: reply, Temporary: true, Err: protocolError("DATA answered with %d", reply.Code)}
		}
	}
	return true, nil
}

func (r *run) resetReply() error {
	reply, err := r.c.reply(r.c.options.CommandTimeout, false)
	if err != nil {
		return &Error{Stage: StageReset, Temporary: true, Err: err}
	}
	if !reply.positive() {
		return &Error{Stage: StageReset, Reply: reply, Temporary: true, Err: errors.New("RSET was refused")}
	}
	return nil
}

// beginData tells Begin before the content of f is put.
func (r *run) beginData(f *flight) error {
	if r.ctx.Err() != nil {
		return r.ctx.Err()
	}
	if f.place < r.begun {
		if r.hooks.Still == nil {
			return nil
		}
		return r.hooks.Still(f.place)
	}
	r.places = r.places[:0]
	r.begun = min(f.place+r.c.options.BeginAhead, len(r.messages))
	for place := f.place; place < r.begun; place++ {
		r.places = append(r.places, place)
	}
	return r.hooks.Begin(r.places)
}

// finishData writes the content and reads what became of it.
func (r *run) finishData(f *flight) error {
	if err := r.c.flush(); err != nil {
		return &Error{Stage: StageContent, Temporary: true, Err: err}
	}
	reply, err := r.c.reply(r.c.options.FinalTimeout, true)
	if err != nil {
		return &Error{Stage: StageFinal, Temporary: true, Err: err}
	}
	switch {
	case reply.Code == 421:
		return &Error{Stage: StageFinal, Reply: reply, Temporary: true}
	case reply.positive():
		r.done(f, Accepted, StageFinal, reply)
	case reply.Code >= 400:
		r.done(f, Refused, StageFinal, reply)
	default:
		return &Error{Stage: StageFinal, Reply: reply, Temporary: true, Err: protocolError("content answered with %d", reply.Code)}
	}
	return nil
}
