// Package throttle says whether somebody may try once more. An allowance is a bucket that fills with time; each try takes one from it.
//
// It promises: memory is bounded whatever comes; a name that was never seen has its full allowance, unless so many names came at once that
// there is no room, and then all new names share one bucket. It never locks a name for ever and never keeps a name: keys are hashed by
// whoever has a reason to, and forgotten when their bucket is full again.
package throttle

import (
	"sync"
	"time"
)

// Allowance is how often something may be tried: so many at once, and one more after each Every.
type Allowance struct {
	Burst int
	Every time.Duration
}

// Limits keeps the buckets of one process. It is safe for concurrent use.
type Limits struct {
	mu      sync.Mutex
	buckets map[string]bucket
	most    int
	swept   time.Time
}

type bucket struct {
	left float64
	at   time.Time
	full time.Duration // how long it takes to fill from empty
}

// New keeps at most that many buckets.
func New(most int) *Limits { return &Limits{buckets: map[string]bucket{}, most: most} }

// overflow is the bucket of all names for which there is no room.
const overflow = "\x00overflow "

// Take takes one from a key's bucket, if there is one. Otherwise it says after how long there will be.
func (l *Limits) Take(now time.Time, class, key string, a Allowance) (ok bool, wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	name := class + "\x00" + key
	b, known := l.buckets[name]
	if !known && len(l.buckets) >= l.most {
		l.forget(now)
		if len(l.buckets) >= l.most {
			name = overflow + class
			b, known = l.buckets[name]
		}
	}
	b = b.filled(now, a, known)
	if b.left < 1 {
		l.buckets[name] = b
		return false, time.Duration((1 - b.left) * float64(a.Every))
	}
	b.left--
	l.buckets[name] = b
	return true, 0
}

func (b bucket) filled(now time.Time, a Allowance, known bool) bucket {
	burst := float64(a.Burst)
	if !known {
		b.left = burst
	} else if passed := now.Sub(b.at); passed > 0 {
		b.left = min(burst, b.left+float64(passed)/float64(a.Every))
	}
	b.at, b.full = now, time.Duration(a.Burst)*a.Every
	return b
}

// forget drops the buckets that are full again, at most once a second: a flood of names must not cost more than it takes.
func (l *Limits) forget(now time.Time) {
	if since := now.Sub(l.swept); since >= 0 && since < time.Second {
		return
	}
	l.swept = now
	for name, b := range l.buckets {
		if now.Sub(b.at) >= b.full {
			delete(l.buckets, name)
		}
	}
}

// Size is how many buckets there are.
func (l *Limits) Size() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.buckets)
}
