package breaker

import (
	"encoding/binary"
	"hash/crc32"
	"maps"
	"slices"
	"time"

	"letterhead/fault"
	"letterhead/store"
)

// What is remembered of ordinary days, as bytes: a magic word, the practices, the hosts, a checksum. Stops are not in it: they are
// among the records (record.go) and in the courier's journal.
const (
	magic    = "LHbreak1"
	mostName = 300
	mostSize = 64 << 20
)

// ErrMemory is returned for a memory that cannot be read: begin with New, and say so in a log.
var ErrMemory = fault.New(fault.Unavailable, "breaker.memory", "what the breaker remembered cannot be read; it learns again")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func putText(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

func putHosts(dst []byte, hosts map[string]int32) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(hosts)))
	for _, host := range slices.Sorted(maps.Keys(hosts)) {
		dst = binary.AppendVarint(putText(dst, host), int64(hosts[host]))
	}
	return dst
}

// Memory returns what is remembered, to be kept in a file and given to Remember: every few minutes and at the end.
func (b *Breaker) Memory() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	dst := binary.AppendUvarint([]byte(magic), uint64(len(b.practices)))
	for _, id := range slices.Sorted(maps.Keys(b.practices)) {
		p := b.practices[id]
		dst = binary.AppendVarint(binary.AppendVarint(putText(dst, string(id)), int64(p.first)), int64(p.today))
		for _, n := range p.hours {
			dst = binary.AppendVarint(dst, int64(n))
		}
		for _, n := range p.peaks {
			dst = binary.AppendVarint(dst, int64(n))
		}
		dst = putHosts(dst, p.hosts)
	}
	dst = putHosts(dst, b.hosts)
	return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst, castagnoli))
}

type reader struct {
	rest []byte
	bad  bool
}

func (r *reader) spoil() { r.bad, r.rest = true, nil }

func (r *reader) few(most int) int {
	n, used := binary.Uvarint(r.rest)
	if used <= 0 || n > uint64(most) {
		r.spoil()
		return 0
	}
	r.rest = r.rest[used:]
	return int(n)
}

func (r *reader) number() int32 {
	n, used := binary.Varint(r.rest)
	if used <= 0 || n != int64(int32(n)) {
		r.spoil()
		return 0
	}
	r.rest = r.rest[used:]
	return int32(n)
}

func (r *reader) text() string { return r.longer(mostName) }

func (r *reader) longer(most int) string {
	n := r.few(most)
	if n > len(r.rest) {
		r.spoil()
		return ""
	}
	s := string(r.rest[:n])
	r.rest = r.rest[n:]
	return s
}

func (r *reader) hosts(most int) map[string]int32 {
	out := map[string]int32{}
	for range r.few(most) {
		if r.bad {
			break
		}
		host := r.text()
		out[host] = r.number()
	}
	return out
}

// Remember makes a breaker that knows what Memory wrote.
func Remember(raw []byte) (*Breaker, error) {
	if len(raw) < len(magic)+4 || len(raw) > mostSize || string(raw[:len(magic)]) != magic {
		return nil, ErrMemory
	}
	body := raw[:len(raw)-4]
	if crc32.Checksum(body, castagnoli) != binary.LittleEndian.Uint32(raw[len(raw)-4:]) {
		return nil, ErrMemory
	}
	b, r := New(time.Time{}), reader{rest: body[len(magic):]}
	for range r.few(mostPractices) {
		if r.bad {
			break
		}
		p := &practice{}
		id := store.PracticeID(r.text())
		p.first, p.today = r.number(), r.number()
		for i := range p.hours {
			p.hours[i] = r.number()
		}
		for i := range p.peaks {
			p.peaks[i] = r.number()
		}
		p.hosts = r.hosts(mostHosts)
		b.practices[id] = p
	}
	b.hosts = r.hosts(mostKnown)
	if r.bad || len(r.rest) > 0 {
		return nil, ErrMemory
	}
	return b, nil
}

// Join takes in what another courier of the same installation remembers: of each day and hour the more.
func (b *Breaker) Join(other *Breaker) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for id, o := range other.practices {
		p := b.practices[id]
		switch {
		case p == nil && len(b.practices) < mostPractices:
			b.practices[id] = o
			continue
		case p == nil:
			continue
		}
		p.first = min(p.first, o.first)
		p.reach(o.today)
		o.reach(p.today)
		for i := range p.hours {
			p.hours[i] = max(p.hours[i], o.hours[i])
		}
		for i := range p.peaks {
			p.peaks[i] = max(p.peaks[i], o.peaks[i])
		}
		earliest(p.hosts, o.hosts, mostHosts)
	}
	earliest(b.hosts, other.hosts, mostKnown)
}

func earliest(into, from map[string]int32, most int) {
	for host, day := range from {
		if known, is := into[host]; is {
			into[host] = min(known, day)
		} else if len(into) < most {
			into[host] = day
		}
	}
}

// reach goes on to a day: the peaks of those between are not known.
func (p *practice) reach(day int32) {
	if p.today >= day {
		return
	}
	for d := max(p.today+1, day-memory+1); d <= day; d++ {
		p.peaks[d%memory] = 0
	}
	p.today = day
}
