package budget

import (
	"slices"
	"time"
)

// A first use goes through stages, by the number of messages under its approval and the clock:
//
//	cohort   the first min(20, 2 % of what waits), at least 1
//	hold     HoldFor from when the cohort was full; what the relay sent back of the cohort may be tried again
//	ramp     minute 0: twice the cohort in all, minute 1: four times, then eight times …
//	free     after RampFor
//
// When all of a cohort came back, nobody has seen anything: it begins again.

const (
	hold   = int64(HoldFor / time.Microsecond)
	minute = int64(time.Minute / time.Microsecond)
	ramp   = int64(RampFor / time.Microsecond)
)

func cohort(waiting int64) int64 {
	return min(CohortMost, max(1, (waiting+CohortPart-1)/CohortPart))
}

// stage says how many messages in all may have left under an approval at an instant, and whether more of them now are first uses.
func (u *used) stage(now, waiting int64) (allowed int64, first bool) {
	switch {
	case u == nil || u.Total == 0:
		return cohort(waiting), true
	case u.Full == 0 || now < u.Full+hold:
		return u.Cohort, true
	case now >= u.Full+hold+ramp:
		return 1 << 62, false
	}
	return u.Cohort << (1 + (now-u.Full-hold)/minute), false
}

// slot is when the n-th message under an approval may leave, if all before it did.
func (u *used) slot(n int64) int64 {
	if u.Full == 0 {
		return 0
	}
	at, allowed := u.Full+hold, u.Cohort<<1
	for ; allowed < n && at < u.Full+hold+ramp; allowed <<= 1 {
		at += minute
	}
	return at
}

// pool is the instants of first uses, in order.
type pool []int64

// count is how many there were within HoldFor of now. Instants after now, by a clock that was put back, count.
func (p pool) count(now int64) int {
	at, _ := slices.BinarySearch(p, now-hold+1)
	return len(p) - at
}

// next is when one more place will be free.
func (p pool) next(now int64, most int) int64 {
	if n := len(p) - most; n >= 0 {
		return p[n] + hold
	}
	return now
}

func (p *pool) add(at int64) {
	place, _ := slices.BinarySearch(*p, at+1)
	*p = slices.Insert(*p, place, at)
	if last := (*p)[len(*p)-1]; (*p)[0] <= last-2*hold {
		old, _ := slices.BinarySearch(*p, last-2*hold+1)
		*p = slices.Delete(*p, 0, old)
	}
}

func (p *pool) remove(at int64) {
	if place, is := slices.BinarySearch(*p, at); is {
		*p = slices.Delete(*p, place, place+1)
	}
}
