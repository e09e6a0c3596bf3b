package public

import (
	"net"
	"net/netip"
	"sync"
	"time"
)

// maxKeys bounds what a window remembers. When it is full, new keys are not counted: forgetting costs work, refusing would lock people out.
// Where guessing is worse than that, a window is closed to them.
const maxKeys = 10_000

// window counts by key within a fixed time.
type window struct {
	limit int
	per   time.Duration
	close bool // when it is full, new keys are refused

	mu     sync.Mutex
	begins time.Time
	counts map[string]int
}

func newWindow(limit int, per time.Duration) *window {
	return &window{limit: limit, per: per, counts: map[string]int{}}
}

// allow counts one more for a key and tells whether it is within the limit.
func (w *window) allow(key string, now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if passed := now.Sub(w.begins); passed >= w.per || passed < 0 {
		w.begins = now
		clear(w.counts)
	}
	count, known := w.counts[key]
	if !known && len(w.counts) >= maxKeys {
		return !w.close
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
	if ip.Is6() {
		if prefix, err := ip.Prefix(64); err == nil {
			return prefix.String()
		}
	}
	return ip.String()
}
