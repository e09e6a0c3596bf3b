package budget

import (
	"cmp"
	"encoding/binary"
	"maps"
	"slices"
	"time"

	"letterhead/store"
)

// snapshot puts records that say what the state says. What is of no use any more is left out: days that are over everywhere, approvals that
// ended a day ago or were not used for unusedFor (they would be first uses again).
func (s *state) snapshot(now int64, put func([]byte)) {
	for _, id := range slices.Sorted(maps.Keys(s.practices)) {
		if p := s.practices[id]; p.day > 0 { // of others nothing was ever counted
			p.snapshot(id, now, put)
		}
	}
	s.first.snapshot("", now, put)
	s.snapshotOpen(put)
	type entry struct {
		hash uint64
		*pend
	}
	var all []entry
	for hash, e := range s.pending {
		all = append(all, entry{hash, e})
	}
	slices.SortFunc(all, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.practice, b.practice), cmp.Compare(a.hash, b.hash))
	})
	for practice, some := range runs(all, func(e entry) store.PracticeID { return e.practice }) {
		chunks(putText([]byte{pendRecord}, string(practice)), some, put, func(dst []byte, e entry) []byte {
			dst = binary.AppendVarint(binary.AppendVarint(putHash(dst, e.hash), int64(e.refs)), int64(e.day))
			return append(binary.AppendUvarint(dst, one(e.counted)), e.imported[:]...)
		})
	}
}

func one(is bool) uint64 {
	if is {
		return 1
	}
	return 0
}

// runs yields neighbours with the same name together.
func runs[T any, N comparable](all []T, name func(T) N) func(func(N, []T) bool) {
	return func(yield func(N, []T) bool) {
		for start := 0; start < len(all); {
			end := start + 1
			for end < len(all) && name(all[end]) == name(all[start]) {
				end++
			}
			if !yield(name(all[start]), all[start:end]) {
				return
			}
			start = end
		}
	}
}

// chunks puts records that begin alike and hold as many of all as there is room for.
func chunks[T any](head []byte, all []T, put func([]byte), add func([]byte, T) []byte) {
	record := slices.Clone(head)
	for i, each := range all {
		if record = add(record, each); len(record) > recordRoom || i == len(all)-1 {
			put(record)
			record = append(record[:0], head...)
		}
	}
}

const dayLong = int64(24 * time.Hour / time.Microsecond)

func (p *practice) snapshot(id store.PracticeID, now int64, put func([]byte)) {
	head := func(kind byte) []byte { return putText([]byte{kind}, string(id)) }
	over := int64(p.day+1)*dayLong+12*int64(time.Hour/time.Microsecond) <= now // nowhere on earth is it that day
	sent, fresh := p.sent, p.fresh
	if over {
		sent, fresh = 0, 0
	}
	put(binary.AppendVarint(binary.AppendVarint(binary.AppendVarint(head(practiceRecord), int64(p.day)), sent), fresh))
	if !over {
		payers := slices.SortedFunc(maps.Keys(p.by), func(a, b payer) int {
			return cmp.Or(cmp.Compare(one(a.credential), one(b.credential)), cmp.Compare(a.id, b.id))
		})
		chunks(head(payerRecord), payers, put, func(dst []byte, by payer) []byte {
			return binary.AppendVarint(putText(binary.AppendUvarint(dst, one(by.credential)), by.id), p.by[by])
		})
		chunks(head(receiverRecord), slices.Sorted(maps.Keys(p.recipients)), put, func(dst []byte, hash uint64) []byte {
			return binary.AppendUvarint(putHash(dst, hash), uint64(p.recipients[hash]))
		})
	}
	digests := slices.SortedFunc(maps.Keys(p.approvals), func(a, b digest) int { return slices.Compare(a[:], b[:]) })
	digests = slices.DeleteFunc(digests, func(d digest) bool {
		u := p.approvals[d]
		return u.Until > 0 && u.Until+dayLong <= now || !u.Keep && u.Last+int64(unusedFor/time.Microsecond) <= now
	})
	chunks(head(approvalRecord), digests, put, func(dst []byte, d digest) []byte {
		u := p.approvals[d]
		dst = append(dst, d[:]...)
		for _, n := range [...]int64{u.Total, int64(u.Day), u.Today, u.Cohort, u.First, u.Full, u.Last, u.Until} {
			dst = binary.AppendVarint(dst, n)
		}
		return binary.AppendUvarint(dst, one(u.Keep))
	})
	p.first.snapshot(id, now, put)
}

func (p pool) snapshot(id store.PracticeID, now int64, put func([]byte)) {
	at, _ := slices.BinarySearch(p, now-2*hold)
	last := int64(0)
	chunks(putText([]byte{firstRecord}, string(id)), p[at:], func(record []byte) { put(record); last = 0 }, func(dst []byte, n int64) []byte {
		dst = binary.AppendVarint(dst, n-last)
		last = n
		return dst
	})
}

// tidy takes reservations that nobody settled for days as spent.
func (s *state) tidy(now int64) {
	for t, r := range s.open {
		if r.at+3*dayLong <= now {
			s.settle(t, false)
		}
	}
}

func (s *state) snapshotOpen(put func([]byte)) {
	type entry struct {
		ticket
		*reservation
	}
	var all []entry
	for t, r := range s.open {
		all = append(all, entry{t, r})
	}
	slices.SortFunc(all, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.ticket.process, b.ticket.process), cmp.Compare(a.practice, b.practice), cmp.Compare(a.at, b.at), cmp.Compare(a.number, b.number))
	})
	for g, some := range runs(all, func(e entry) *group { return e.group }) {
		chunks(putGroup(nil, openRecord, g), some, put, func(dst []byte, e entry) []byte {
			return putReservation(dst, e.number, e.reservation)
		})
	}
}
