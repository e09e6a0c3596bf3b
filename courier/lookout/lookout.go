// Package lookout puts the breaker behind the gate: it keeps one view for all couriers of a folder, and makes the stops that the breaker asks for.
//
// What is kept, and where:
//
//	in the journal, shared, at once    the practices that each new text and host was seen in within an hour, the first messages of each new text, the
//	                                   stops and their ends: so that a crowd is a crowd over all couriers, and after a restart or a kill
//	in the journal, every few minutes  what the practices' ordinary days are like, and which hosts are known (breaker.mem): of two couriers the more
//	in the process alone               the messages of the last ten minutes (rush): each courier counts its own, so that two let by twice as many
//	                                   before rules run wild are noticed; the signed budgets, which are exact, stand before it
//
// A power failure may take the last seconds of the first, and minutes of the second: what is forgotten about ordinary days makes it silent about odd hours
// for two weeks, never about crowds or unpaced texts, which begin to be counted anew.
//
// Promises: a stop is in the journal, on disk, before the message that asked for it is answered; so it holds for every courier of the folder within a
// second, with or without a database. When what was seen cannot be read or written, Look is an error and nothing of the batch leaves.
//
// Never: a lift; that is for people. A stop that the journal does not have any more is forgotten here.
package lookout

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"
	"sync"
	"time"

	"letterhead/courier/breaker"
	"letterhead/courier/journal"
	"letterhead/fault"
	"letterhead/message"
	"letterhead/store"
)

// Who is who makes the breaker's stops, as the stop says.
const Who = "the breaker"

const keepEvery = 5 * time.Minute

// Lookout is one courier's. It is safe for concurrent use.
type Lookout struct {
	log  *slog.Logger
	stop func(message.Stop) error // in the journal, on disk when it returns

	mu      sync.Mutex // one look at a time: records and what they change belong together
	breaker *breaker.Breaker
	seen    *journal.Shared
	journal *journal.Journal
	ground  *journal.Ground // of the look under way
	kept    time.Time
}

// Open opens the view of a courier's folder. stop makes a stop.
func Open(j *journal.Journal, now time.Time, stop func(message.Stop) error, log *slog.Logger) (*Lookout, error) {
	l := &Lookout{log: log, stop: stop, journal: j, kept: now}
	raw, err := j.Memory()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		l.breaker = breaker.New(now)
	case err != nil:
		return nil, err
	default:
		if l.breaker, err = breaker.Remember(raw); err != nil {
			log.Error("the breaker begins to learn again", slog.Any("error", err))
			l.breaker = breaker.New(now)
		}
	}
	l.breaker.Share(func(record []byte) {
		if l.ground != nil {
			l.ground.Put(record)
		}
	})
	l.seen, err = j.Seen(l.breaker)
	return l, err
}

// Look answers each sight: nil, or the stop that holds it, which was made when Look returns.
func (l *Lookout) Look(now time.Time, sights []breaker.Sight) (out []*breaker.Freeze, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var failed error
	err = l.change(now, func() error {
		if failed = l.lifted(now); failed != nil {
			return nil //nolint:nilerr // it is no error of the file: Look says it
		}
		out = l.breaker.Look(now, sights)
		for _, f := range out {
			if f == nil || f.Again {
				continue
			}
			id, err := l.make(f)
			if err != nil { // the others of this look come again with the next
				failed = err
				l.breaker.Lift(now, *f)
				continue
			}
			l.breaker.Made(*f, id)
		}
		return nil
	})
	if err == nil && failed == nil && now.Sub(l.kept) >= keepEvery {
		failed = l.keep(now)
	}
	return out, errors.Join(err, failed)
}

// change does something while nobody else of the folder does.
func (l *Lookout) change(now time.Time, do func() error) error {
	return l.seen.Change(now, func(g *journal.Ground) error {
		l.ground = g
		defer func() { l.ground = nil }()
		return do()
	})
}

// lifted forgets the stops that the journal does not have any more.
func (l *Lookout) lifted(now time.Time) error {
	made := l.breaker.Stopped()
	if len(made) == 0 {
		return nil
	}
	open, _, err := l.journal.Stops()
	if err != nil {
		return err
	}
	for _, f := range made {
		if !slices.ContainsFunc(open, func(s journal.Stop) bool { return s.ID == f.ID && s.Practice == f.Practice }) {
			l.breaker.Lift(now, f)
		}
	}
	return nil
}

func (l *Lookout) make(f *breaker.Freeze) (id string, err error) {
	s := message.Stop{Practice: f.Practice, ID: store.NewID[string](), Scope: message.Scope(f.Scope), Subject: f.Subject, Reason: Reason(f), Who: Who, At: f.At}
	if err = l.stop(s); err != nil {
		return "", fmt.Errorf("stop what the breaker found: %w", err)
	}
	l.log.Error("the breaker stopped something", slog.String("practice", string(f.Practice)), slog.String("scope", string(f.Scope)), slog.String("subject", f.Subject), slog.String("reason", string(f.Reason)), slog.String("stop", s.ID))
	return s.ID, nil
}

const mostReason = 300 // of a stop, characters

// Reason is what a stop says of why it was made: the key that docs/reasons.md explains, then what was seen.
func Reason(f *breaker.Freeze) string {
	out := []rune(string(f.Reason) + ": " + f.Words)
	return string(out[:min(len(out), mostReason)])
}

// keep writes down what is remembered of ordinary days, with what other couriers wrote.
func (l *Lookout) keep(now time.Time) error {
	l.kept = now
	var failed error
	err := l.change(now, func() error {
		raw, err := l.journal.Memory()
		if err == nil {
			if other, bad := breaker.Remember(raw); bad == nil {
				l.breaker.Join(other)
			}
		}
		failed = l.journal.Remember(l.breaker.Memory())
		return nil
	})
	if failed != nil {
		failed = fault.New(fault.Unavailable, "lookout.memory", "what the breaker learnt cannot be kept").With(failed)
	}
	return errors.Join(err, failed)
}

// Close keeps what was learnt. The journal closes the rest.
func (l *Lookout) Close(now time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.keep(now)
}
