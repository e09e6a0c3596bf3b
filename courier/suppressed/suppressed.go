// Package suppressed is the courier's own knowledge of addresses that are not written to any more: after a hard bounce, a complaint, STOP, or
// unsubscribing. It lies in the journal and is believed whatever the database says by now.
//
//	learnt (by a hook, a command) → in the journal, where the process that learnt it reaches the courier's folder, before it is acknowledged
//	                              → in a row; the courier takes rows over within a second (Taker), and believes the journal from then on
//	asked again (START by text, a client's own word at the desk) → the row carries a proof, made with the practice's keys by whoever took the
//	                                wish; the courier verifies it, notes it and deletes the row
//
// Promises: what was noted is on disk when Note returns, is asked by every courier of the folder, and outlasts deleted rows, a rolled back database and
// kill -9; a wish counts once, for seven days, for what was suppressed before it and never for what came after it. A file that is missing, cut,
// damaged or another's is an error: nothing is sent.
//
// Bounded: 8 bytes an address on disk and under a byte in memory; what is younger than eight days about 40 bytes in memory.
//
// Never: an address or its index: hashes under a key of this folder alone.
package suppressed

import (
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"slices"
	"sync"
	"time"

	"letterhead/courier/journal"
	"letterhead/fault"
	"letterhead/message"
)

const (
	noteRecord   = 'S' // hashes, each with when
	againRecord  = 'A' // a hash that may be written to again, and when that was asked for
	mergedRecord = 'L' // until when what is in the set of hashes was suppressed

	youngFor  = 8 * 24 * 3600 // seconds; longer than a wish counts (message.AskedFor)
	mostYoung = 200_000       // then what is older than an hour joins the set too
	mostAgain = 200_000
	together  = 250 // hashes of a record
)

// ErrManyAgain is returned for a wish too many: the address stays suppressed.
var ErrManyAgain = fault.New(fault.TooMany, "suppressed.again", "more addresses were allowed again than the courier's journal holds")

// Set is one process's way to it. It is safe for concurrent use.
type Set struct {
	shared *journal.Shared
	book   *book
}

// book is the state as package journal sees it; Shared holds its lock while it is used.
type book struct {
	young  map[uint64]int64 // suppressed since about when, seconds
	again  map[uint64]int64 // allowed again; those that are in the set, too
	merged int64
	now    int64
	room   []byte
}

func (b *book) Reset() {
	b.young, b.again, b.merged = map[uint64]int64{}, map[uint64]int64{}, 0
}

func (b *book) Take(record []byte) bool {
	rest := record[1:]
	at := func() (int64, bool) {
		n, used := binary.Varint(rest)
		if used <= 0 {
			return 0, false
		}
		rest = rest[used:]
		return n, true
	}
	if record[0] == mergedRecord {
		n, ok := at()
		b.merged = max(b.merged, n)
		return ok && len(rest) == 0
	}
	if record[0] != noteRecord && record[0] != againRecord {
		return false
	}
	for len(rest) > 0 {
		if len(rest) < 9 {
			return false
		}
		hash := binary.LittleEndian.Uint64(rest)
		rest = rest[8:]
		n, ok := at()
		if !ok {
			return false
		}
		if record[0] == noteRecord {
			b.note(hash, n)
		} else {
			b.allow(hash, n)
		}
	}
	return true
}

func (b *book) note(hash uint64, at int64) {
	delete(b.again, hash)
	b.young[hash] = max(b.young[hash], at)
}

func (b *book) allow(hash uint64, at int64) {
	delete(b.young, hash)
	b.again[hash] = at
}

// Snapshot has what is old join the set. What may be written to again and is in the set stays beside it: a set only grows.
func (b *book) Snapshot(put func([]byte)) []uint64 {
	least := b.now - youngFor
	if len(b.young) > mostYoung {
		least = b.now - 3600
	}
	var old []uint64
	merged, young := b.merged, map[uint64]int64{}
	for hash, at := range b.young {
		if at <= least {
			old, merged = append(old, hash), max(merged, at)
		} else {
			young[hash] = at
		}
	}
	put(binary.AppendVarint([]byte{mergedRecord}, merged))
	putAll(noteRecord, young, put)
	putAll(againRecord, b.again, put)
	slices.Sort(old)
	return old
}

func putAll(kind byte, all map[uint64]int64, put func([]byte)) {
	for part := range slices.Chunk(slices.Sorted(maps.Keys(all)), together) {
		record := []byte{kind}
		for _, hash := range part {
			record = binary.AppendVarint(binary.LittleEndian.AppendUint64(record, hash), all[hash])
		}
		put(record)
	}
}

// hash names a suppression within this folder.
func (b *book) hash(g *journal.Ground, s *message.Suppression) uint64 {
	b.room = append(append(b.room[:0], g.Key()[:]...), byte(len(s.Purpose)))
	for _, part := range [...]string{string(s.Purpose), string(s.Practice), string(s.Channel), s.AddressIndex} {
		b.room = append(binary.AppendUvarint(b.room, uint64(len(part))), part...)
	}
	sum := sha256.Sum256(b.room)
	return binary.LittleEndian.Uint64(sum[:])
}

func (b *book) has(g *journal.Ground, hash uint64) (bool, error) {
	if _, is := b.young[hash]; is {
		return true, nil
	}
	if _, is := b.again[hash]; is {
		return false, nil
	}
	return g.Known(hash)
}

// Open opens it for a courier.
func Open(j *journal.Journal) (*Set, error) {
	b := &book{}
	b.Reset()
	shared, err := j.Suppressed(b)
	return &Set{shared, b}, err
}

// Beside opens it for a process that is no courier, where the courier's folder is.
func Beside(folder, installation string, epoch int64) (*Set, error) {
	b := &book{}
	b.Reset()
	shared, err := journal.OpenSuppressed(folder, installation, epoch, b)
	return &Set{shared, b}, err
}

// Close is for who opened it Beside.
func (s *Set) Close() error { return s.shared.Close() }

func (s *Set) change(now time.Time, do func(*journal.Ground) error) error {
	return s.shared.Change(now, func(g *journal.Ground) error {
		s.book.now = max(s.book.now, now.Unix())
		return do(g)
	})
}

// Note keeps suppressions, each as of its At (now where it has none), and returns when the disk has them. What is kept already stays as it is.
func (s *Set) Note(now time.Time, list ...message.Suppression) error {
	for part := range slices.Chunk(list, 50*together) {
		err := s.change(now, func(g *journal.Ground) error {
			news := map[uint64]int64{}
			for i := range part {
				hash := s.book.hash(g, &part[i])
				is, err := s.book.has(g, hash)
				if err != nil {
					return err
				}
				at := now.Unix()
				if when := part[i].At; !when.IsZero() && when.Before(now) {
					at = when.Unix()
				}
				if young, here := s.book.young[hash]; !is || here && young < at {
					news[hash] = at
				}
			}
			for hash, at := range news {
				s.book.note(hash, at)
			}
			putAll(noteRecord, news, g.Put)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return s.shared.Sync()
}

// Again has an address written to again, as was asked for at an instant; false where it was suppressed since. The wish was verified.
func (s *Set) Again(now, asked time.Time, of message.Suppression) (done bool, err error) {
	var full error
	err = s.change(now, func(g *journal.Ground) error {
		hash, at := s.book.hash(g, &of), asked.Unix()
		is, err := s.book.has(g, hash)
		switch {
		case err != nil:
			return err
		case !is:
			done = true
		case at <= s.book.young[hash] || at <= s.book.merged:
		case len(s.book.again) >= mostAgain:
			full = ErrManyAgain
		default:
			done = true
			s.book.allow(hash, at)
			putAll(againRecord, map[uint64]int64{hash: at}, g.Put)
		}
		return nil
	})
	if err == nil {
		err = full
	}
	if err == nil && done {
		err = s.shared.Sync()
	}
	return done && err == nil, err
}

// Ask tells which of these stand.
func (s *Set) Ask(now time.Time, list []message.Suppression) ([]bool, error) {
	out := make([]bool, len(list))
	err := s.change(now, func(g *journal.Ground) (err error) {
		for i := range list {
			if out[i], err = s.book.has(g, s.book.hash(g, &list[i])); err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

// Lazy opens the set Beside when it is first needed, and keeps it open: for a process that serves.
type Lazy struct {
	Folder       string // the journal's
	Installation string
	Epoch        int64

	mu  sync.Mutex
	set *Set
}

// Note is Set.Note.
func (l *Lazy) Note(now time.Time, list ...message.Suppression) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.set == nil {
		set, err := Beside(l.Folder, l.Installation, l.Epoch)
		if err != nil {
			return err
		}
		l.set = set
	}
	return l.set.Note(now, list...)
}

// Close lets go of what was opened.
func (l *Lazy) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.set == nil {
		return nil
	}
	set := l.set
	l.set = nil
	return set.Close()
}
