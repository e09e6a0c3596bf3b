package challenge_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"letterhead/sign/challenge"
)

var noon = time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)

func TestAChallengeIsForOnePurposeOnePracticeOneTimeAndOnce(t *testing.T) {
	t.Parallel()
	m := challenge.NewMaker()
	c := m.New("unlock", "a", noon)
	for name, fresh := range map[string]bool{
		"another purpose":  m.Fresh(c, "join", "a", noon),
		"another practice": m.Fresh(c, "unlock", "b", noon),
		"a moved border":   m.Fresh(c, "unlock\na", "", noon),
		"too late":         m.Fresh(c, "unlock", "a", noon.Add(challenge.Life)),
		"too early":        m.Fresh(c, "unlock", "a", noon.Add(-time.Minute)),
		"another process":  challenge.NewMaker().Fresh(c, "unlock", "a", noon),
	} {
		if fresh {
			t.Error(name + " is taken")
		}
	}
	for at := range c {
		other := c
		other[at] ^= 1
		if m.Fresh(other, "unlock", "a", noon) {
			t.Errorf("byte %d does not count", at)
		}
	}
	if !m.Fresh(c, "unlock", "a", noon.Add(challenge.Life-time.Second)) || !m.Spend(c, noon) {
		t.Error("a good one is not taken")
	}
	if m.Fresh(c, "unlock", "a", noon) || m.Spend(c, noon) {
		t.Error("it is taken a second time")
	}
}

func TestOfManyAnswersOneCounts(t *testing.T) {
	t.Parallel()
	m := challenge.NewMaker()
	c := m.New("unlock", "a", noon)
	var counted atomic.Int64
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if m.Spend(c, noon) {
				counted.Add(1)
			}
		})
	}
	all.Wait()
	if counted.Load() != 1 {
		t.Errorf("%d counted", counted.Load())
	}
}

func TestFailuresAreCountedByNetwork(t *testing.T) {
	t.Parallel()
	f := challenge.NewFailures(2)
	for _, address := range []string{"192.0.2.1:1", "192.0.2.1:2"} {
		if !f.Allow(address, noon) {
			t.Error("too early")
		}
	}
	if f.Allow("192.0.2.1:3", noon) || !f.Allow("192.0.2.2:1", noon) || !f.Allow("192.0.2.1:3", noon.Add(time.Minute)) {
		t.Error("it does not count a network's failures within a minute")
	}
	f = challenge.NewFailures(1)
	if !f.Allow("[2001:db8::1]:1", noon) || f.Allow("[2001:db8::2]:1", noon) || !f.Allow("nonsense", noon) || f.Allow("other nonsense", noon) {
		t.Error("a network of IPv6 is its first 64 bits; what is no address is one place")
	}
	f = challenge.NewFailures(1)
	for i := range 70_000 { // forgets rather than refuses when it is full
		if !f.Allow(fmt.Sprintf("10.%d.%d.%d:1", i>>16, i>>8&255, i&255), noon) {
			t.Fatal("a new address is refused")
		}
	}
}
