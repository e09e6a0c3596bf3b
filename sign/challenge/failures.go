package challenge

import (
	"net"
	"net/netip"
	"sync"
	"time"
)

// maxKeys bounds what a window remembers. When it is full, new addresses are not counted: forgetting costs work, refusing would lock people out.
const maxKeys = 10_000

// Failures counts by address within a minute.
type Failures struct {
	limit int

	mu     sync.Mutex
	begins time.Time
	counts map[string]int
}

// NewFailures allows so many a minute.
func NewFailures(limit int) *Failures { return &Failures{limit: limit, counts: map[string]int{}} }

// Allow counts one more for an address and tells whether it is within the limit.
func (w *Failures) Allow(address string, now time.Time) bool {
	key := place(address)
	w.mu.Lock()
	defer w.mu.Unlock()
	if passed := now.Sub(w.begins); passed >= time.Minute || passed < 0 {
		w.begins = now
		clear(w.counts)
	}
	count, known := w.counts[key]
	if !known && len(w.counts) >= maxKeys {
		return true
	}
	if count >= w.limit {
		return false
	}
	w.counts[key] = count + 1
	return true
}

// place is an address as a place that one person has: of IPv6 the first 64 bits.
func place(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = address
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return "unknown"
	}
	ip = ip.Unmap().WithZone("")
	if prefix, err := ip.Prefix(64); err == nil && ip.Is6() {
		return prefix.String()
	}
	return ip.String()
}
