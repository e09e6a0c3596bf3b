package budget

import (
	"encoding/binary"
	"encoding/hex"
	"slices"

	"letterhead/approval"
	"letterhead/store"
)

// The records of this package; package journal frames them and checks their sums. A letter says the kind.
const (
	useRecord      = 'U' // reservations of one group
	endRecord      = 'E' // what became of reservations
	openRecord     = 'O' // in a snapshot: reservations that are counted already
	practiceRecord = 'P' // in a snapshot, as all that follow: a practice's day
	payerRecord    = 'Y'
	receiverRecord = 'R'
	approvalRecord = 'A'
	firstRecord    = 'F' // first uses within HoldFor
	pendRecord     = 'N'

	recordRoom = 3200 // bytes; then another record begins (package journal takes 4096)
	mostText   = 200  // bytes of a name in a record
)

const (
	flagUnknown = 1 << iota
	flagOwn
	flagFirst
	flagMember
	flagCredential
	flagPlain // the message's id is a text
)

func putText(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// putName writes a name that is never empty, and is mostly a UUID.
func putName(dst []byte, s string) []byte {
	if raw, ok := packed(s); ok {
		return append(append(dst, 0), raw[:]...)
	}
	return putText(dst, s)
}

func putHash(dst []byte, h uint64) []byte { return binary.LittleEndian.AppendUint64(dst, h) }

func putCharge(dst []byte, c *charge) []byte {
	k := byte(c.kind)
	if c.keep {
		k |= 0x80
	}
	dst = append(dst, k)
	if c.kind == once {
		dst = append(putHash(dst, c.hash), c.digest[:]...)
	} else {
		dst = append(dst, c.digest[:]...)
	}
	return binary.AppendVarint(binary.AppendVarint(dst, c.until), c.cohort)
}

func putGroup(dst []byte, kind byte, g *group) []byte {
	dst = putName(putName(append(dst, kind), g.process), string(g.practice))
	dst = binary.AppendVarint(binary.AppendVarint(dst, g.at), int64(g.day))
	dst = binary.AppendUvarint(dst, uint64(len(g.charges)))
	for i := range g.charges {
		dst = putCharge(dst, &g.charges[i])
	}
	return dst
}

func putReservation(dst []byte, number uint64, r *reservation) []byte {
	raw, compact := packed(r.message)
	flags := byte(0)
	if r.unknown {
		flags |= flagUnknown
	}
	if r.own {
		flags |= flagOwn
	}
	if r.first {
		flags |= flagFirst
	}
	if r.member != "" {
		flags |= flagMember
	}
	if r.credential != "" {
		flags |= flagCredential
	}
	if !compact {
		flags |= flagPlain
	}
	dst = append(binary.AppendUvarint(dst, number), flags)
	if compact {
		dst = append(dst, raw[:]...)
	} else {
		dst = putText(dst, r.message)
	}
	dst = putHash(binary.AppendVarint(dst, r.attempt), r.address)
	if r.member != "" {
		dst = putText(dst, r.member)
	}
	if r.credential != "" {
		dst = putText(dst, r.credential)
	}
	dst = append(dst, r.imported, byte(len(r.refs)))
	return append(dst, r.refs...)
}

// packed is a UUID in its 16 bytes.
func packed(id string) (raw [16]byte, ok bool) {
	if len(id) != 36 || id[8] != '-' || id[13] != '-' || id[18] != '-' || id[23] != '-' {
		return raw, false
	}
	at := 0
	for i := 0; i < 36; i += 2 {
		if id[i] == '-' {
			i++
		}
		high, low := digit(id[i]), digit(id[i+1])
		if high|low > 15 {
			return raw, false
		}
		raw[at] = high<<4 | low
		at++
	}
	return raw, true
}

func digit(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	}
	return 0xff
}

func unpacked(raw []byte) string {
	var out [36]byte
	hex.Encode(out[:8], raw[:4])
	hex.Encode(out[9:13], raw[4:6])
	hex.Encode(out[14:18], raw[6:8])
	hex.Encode(out[19:23], raw[8:10])
	hex.Encode(out[24:], raw[10:16])
	out[8], out[13], out[18], out[23] = '-', '-', '-', '-'
	return string(out[:])
}

// reader takes fields off a record; the first that is not there makes bad true, and all after it empty.
type reader struct {
	rest []byte
	bad  bool
}

func (r *reader) spoil() { r.bad, r.rest = true, nil }

func (r *reader) take(n int) []byte {
	if n > len(r.rest) {
		r.spoil()
		return make([]byte, n)
	}
	out := r.rest[:n]
	r.rest = r.rest[n:]
	return out
}

func (r *reader) count() uint64 {
	n, used := binary.Uvarint(r.rest)
	if used <= 0 {
		r.spoil()
		return 0
	}
	r.rest = r.rest[used:]
	return n
}

func (r *reader) number() int64 {
	n, used := binary.Varint(r.rest)
	if used <= 0 {
		r.spoil()
		return 0
	}
	r.rest = r.rest[used:]
	return n
}

func (r *reader) day() int32 {
	n := r.number()
	if n != int64(int32(n)) {
		r.spoil()
	}
	return int32(n)
}

func (r *reader) text() string {
	n := r.count()
	if n > uint64(len(r.rest)) {
		r.spoil()
		return ""
	}
	return string(r.take(int(n)))
}

func (r *reader) name() string {
	if len(r.rest) > 0 && r.rest[0] == 0 {
		r.take(1)
		return unpacked(r.take(16))
	}
	return r.text()
}

func (r *reader) hash() uint64 { return binary.LittleEndian.Uint64(r.take(8)) }

func (r *reader) digest() (d approval.Digest) {
	copy(d[:], r.take(len(d)))
	return d
}

// few reads how many follow, which cannot be more than there are bytes.
func (r *reader) few() int {
	n := r.count()
	if n > uint64(len(r.rest)) {
		r.spoil()
		return 0
	}
	return int(n)
}

func (r *reader) charge() (c charge) {
	k := r.take(1)[0]
	c.kind, c.keep = kind(k&0x7f), k&0x80 != 0
	if c.kind == once {
		c.hash = r.hash()
	}
	c.digest, c.until, c.cohort = r.digest(), r.number(), r.number()
	if c.kind > once || c.cohort < 0 || c.cohort > CohortMost {
		r.spoil()
	}
	return c
}

func (r *reader) group() *group {
	g := &group{process: r.name(), practice: store.PracticeID(r.name()), at: r.number(), day: r.day()}
	for range r.few() {
		g.charges = append(g.charges, r.charge())
	}
	return g
}

func (r *reader) reservation(g *group) (number uint64, out *reservation) {
	number = r.count()
	flags := r.take(1)[0]
	out = &reservation{group: g, unknown: flags&flagUnknown != 0, own: flags&flagOwn != 0, first: flags&flagFirst != 0}
	if flags&flagPlain != 0 {
		out.message = r.text()
	} else {
		out.message = unpacked(r.take(16))
	}
	out.attempt, out.address = r.number(), r.hash()
	if flags&flagMember != 0 {
		out.member = r.text()
	}
	if flags&flagCredential != 0 {
		out.credential = r.text()
	}
	out.imported = r.take(1)[0]
	refs := int(r.take(1)[0])
	if refs > mostOfUse {
		r.spoil()
		return number, out
	}
	out.refs = slices.Clone(r.take(refs))
	for _, ref := range out.refs {
		if int(ref) >= len(g.charges) {
			r.spoil()
		}
	}
	if int(out.imported) > len(g.charges) {
		r.spoil()
	}
	return number, out
}

// eachReservation reads a use or open record.
func eachReservation(record []byte, do func(ticket, *reservation)) bool {
	r := reader{rest: record[1:]}
	g := r.group()
	for !r.bad && len(r.rest) > 0 {
		number, one := r.reservation(g)
		if r.bad {
			return false
		}
		do(ticket{g.process, number}, one)
	}
	return !r.bad
}

func eachEnd(record []byte, do func(ticket, bool)) bool {
	r := reader{rest: record[1:]}
	process, number := r.text(), uint64(0)
	for !r.bad && len(r.rest) > 0 {
		n := r.number()
		number += uint64(n >> 1)
		if r.bad {
			return false
		}
		do(ticket{process, number}, n&1 != 0)
	}
	return !r.bad
}

// take takes a record in.
func (s *state) take(record []byte) bool {
	switch record[0] {
	case useRecord:
		fits := true
		return eachReservation(record, func(t ticket, r *reservation) {
			if s.open[t] != nil {
				fits = false
				return
			}
			s.reserve(t, r)
		}) && fits
	case openRecord:
		return eachReservation(record, func(t ticket, r *reservation) { s.open[t] = r })
	case endRecord:
		return eachEnd(record, func(t ticket, back bool) { s.settle(t, back) })
	}
	r := reader{rest: record[1:]}
	id := store.PracticeID(r.text())
	if record[0] == firstRecord && id == "" {
		s.takeFirst(&r, &s.first)
		return !r.bad
	}
	if record[0] == pendRecord {
		for !r.bad && len(r.rest) > 0 {
			hash := r.hash()
			s.pending[hash] = &pend{practice: id, refs: r.day(), day: r.day(), counted: r.count() == 1, imported: r.digest()}
		}
		return !r.bad
	}
	p := s.practice(id)
	switch record[0] {
	case practiceRecord:
		p.day, p.sent, p.fresh = r.day(), r.number(), r.number()
	case payerRecord:
		for !r.bad && len(r.rest) > 0 {
			by := payer{r.count() == 1, r.text()}
			p.by[by] = r.number()
		}
	case receiverRecord:
		for !r.bad && len(r.rest) > 0 {
			hash, n := r.hash(), r.count()
			if p.recipients[hash] == 0 {
				s.recipients++
			}
			p.recipients[hash] = uint32(n)
		}
	case approvalRecord:
		for !r.bad && len(r.rest) > 0 {
			u := s.used(p, r.digest())
			*u = used{Total: r.number(), Day: r.day(), Today: r.number(), Cohort: r.number(), First: r.number(), Full: r.number(), Last: r.number(), Until: r.number(), Keep: r.count() == 1}
		}
	case firstRecord:
		s.takeFirst(&r, &p.first)
	default:
		return false
	}
	return !r.bad
}

func (s *state) takeFirst(r *reader, p *pool) {
	for at := int64(0); !r.bad && len(r.rest) > 0; {
		at += r.number()
		p.add(at)
	}
}
