package breaker

import (
	"encoding/binary"
	"slices"
	"time"

	"letterhead/store"
)

// What all couriers of a folder must see alike is put down as records, in a file that they share (package lookout): which practices a new text or
// host was seen in, the first messages of a new text, the stops and their ends. Each courier takes the others' records in before it looks.
const (
	crowdRecord   = 'c' // host, text, practice, both keys or not, when
	messageRecord = 'm' // practice, text, message, when
	stopRecord    = 's' // its id, scope, practice, subject, reason, words, whose message tripped it, when
	liftRecord    = 'l' // scope, practice, subject, when

	mostWords = 1000
	again     = together / 12 // a practice that goes on is written down anew so often
)

// Share has every change that others must know put down from now on.
func (b *Breaker) Share(put func(record []byte)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.put = put
}

// Reset forgets what records said, before they are taken from their beginning. What is remembered of ordinary days stays.
func (b *Breaker) Reset() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.texts, b.crowds, b.stopped, b.pardoned, b.trips = map[place]*run{}, map[crowd]*gathering{}, map[subject]Freeze{}, map[subject]time.Time{}, nil
	for _, p := range b.practices {
		p.stops = nil
	}
}

func putAt(dst []byte, at time.Time) []byte { return binary.AppendVarint(dst, at.Unix()) }

func (b *Breaker) tell(record func(dst []byte) []byte) {
	if b.put != nil {
		b.put(record(nil))
	}
}

func putName(dst []byte, s string) []byte { return putText(dst, s[:min(len(s), mostName)]) }

func crowdSaid(c crowd, practice store.PracticeID, both bool, at time.Time) []byte {
	dst := append(putName([]byte{crowdRecord}, c.host), c.text[:]...)
	dst = append(putName(dst, string(practice)), flag(both))
	return putAt(dst, at)
}

func flag(is bool) byte {
	if is {
		return 1
	}
	return 0
}

func messageSaid(p place, m passed) []byte {
	dst := append(putName([]byte{messageRecord}, string(p.practice)), p.text[:]...)
	return putAt(putName(dst, m.message), m.at)
}

func stopSaid(f *Freeze) []byte {
	dst := []byte{stopRecord}
	for _, s := range [...]string{f.ID, string(f.Scope), string(f.Practice), f.Subject, string(f.Reason), f.Words, string(f.By)} {
		dst = putText(dst, s[:min(len(s), mostWords)])
	}
	return putAt(dst, f.At)
}

func liftSaid(s subject, at time.Time) []byte {
	return putAt(putName(putName(putName([]byte{liftRecord}, string(s.scope)), string(s.practice)), s.name), at)
}

// Take takes a record in; false where it is none.
func (b *Breaker) Take(record []byte) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(record) == 0 {
		return false
	}
	r := reader{rest: record[1:]}
	switch record[0] {
	case crowdRecord:
		c := crowd{host: r.text(), text: r.digest()}
		practice, both := store.PracticeID(r.text()), r.few(1) == 1
		if at := r.at(); r.whole() {
			b.gathering(c).note(practice, both, at)
		}
	case messageRecord:
		p := place{store.PracticeID(r.text()), r.digest()}
		if m := (passed{r.text(), r.at()}); r.whole() {
			b.running(p).note(m)
		}
	case stopRecord:
		f := Freeze{ID: r.words(), Scope: Scope(r.words()), Practice: store.PracticeID(r.words()), Subject: r.words(), Reason: Reason(r.words()), Words: r.words(), By: store.PracticeID(r.words()), At: r.at()}
		if r.whole() {
			b.stop(f)
			if p := b.practices[f.By]; p != nil {
				p.stops = append(p.stops, f.At)
			}
		}
	case liftRecord:
		s := subject{Scope(r.text()), store.PracticeID(r.text()), r.text()}
		if at := r.at(); r.whole() {
			b.lift(s, at)
		}
	default:
		return false
	}
	return !r.bad
}

// Snapshot puts the records that say what is known now.
func (b *Breaker) Snapshot(put func([]byte)) []uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	for s, at := range b.pardoned {
		put(liftSaid(s, at))
	}
	for c, g := range b.crowds {
		for practice, at := range g.of {
			put(crowdSaid(c, practice, false, at))
		}
		for practice, at := range g.both {
			put(crowdSaid(c, practice, true, at))
		}
	}
	for p, r := range b.texts {
		for _, m := range r.messages {
			put(messageSaid(p, m))
		}
	}
	for _, f := range b.stopped {
		put(stopSaid(&f))
	}
	return nil
}

// Stopped are the stops that were made and not lifted.
func (b *Breaker) Stopped() []Freeze {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := make([]Freeze, 0, len(b.stopped))
	for _, f := range b.stopped {
		out = append(out, f)
	}
	return out
}

// Made says under which id a stop was made: from then on others know of it. Without it, Lift.
func (b *Breaker) Made(f Freeze, id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f.ID = id
	b.stop(f)
	b.tell(func([]byte) []byte { return stopSaid(&f) })
}

// stop keeps a stop.
func (b *Breaker) stop(f Freeze) {
	f.Again = true
	b.stopped[subject{f.Scope, f.Practice, f.Subject}] = f
	b.trips = slices.DeleteFunc(b.trips, func(t trip) bool { return f.At.Sub(t.at) >= together || t.practice == f.By })
	b.trips = append(b.trips, trip{f.By, f.At})
}

func (r *reader) digest() (out Text) {
	if len(r.rest) < len(out) {
		r.spoil()
		return out
	}
	copy(out[:], r.rest)
	r.rest = r.rest[len(out):]
	return out
}

func (r *reader) at() time.Time {
	n, used := binary.Varint(r.rest)
	if used <= 0 {
		r.spoil()
		return time.Time{}
	}
	r.rest = r.rest[used:]
	return time.Unix(n, 0).UTC()
}

func (r *reader) words() string { return r.longer(mostWords) }

// whole tells whether a record was read to its end and nothing more.
func (r *reader) whole() bool {
	if len(r.rest) > 0 {
		r.spoil()
	}
	return !r.bad
}
