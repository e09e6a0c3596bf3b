package throttle_test

import (
	"fmt"
	"testing"
	"time"

	"letterhead/guard/throttle"
)

var three = throttle.Allowance{Burst: 3, Every: time.Minute}

func TestAnAllowanceFillsWithTime(t *testing.T) {
	t.Parallel()
	l, now := throttle.New(100), time.Unix(1_800_000_000, 0)
	take := func(key string) bool { ok, _ := l.Take(now, "x", key, three); return ok }
	for i, want := range []bool{true, true, true, false, false} {
		if take("a") != want {
			t.Errorf("try %d: %v", i, !want)
		}
	}
	if !take("b") {
		t.Error("another key has its own")
	}
	if ok, wait := l.Take(now, "x", "a", three); ok || wait <= 0 || wait > time.Minute {
		t.Errorf("%v, wait %s", ok, wait)
	}
	now = now.Add(time.Minute)
	if !take("a") || take("a") {
		t.Error("after a minute there is one, and one alone")
	}
	now = now.Add(-time.Hour) // a clock that is set back gives nothing
	if take("a") {
		t.Error("time that went back filled it")
	}
	now = now.Add(24 * time.Hour)
	for i, want := range []bool{true, true, true, false} {
		if take("a") != want {
			t.Errorf("next day, try %d: %v", i, !want)
		}
	}
}

// A flood of names takes no more memory than there is, and not the allowance of those who were there.
func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	l, now := throttle.New(1000), time.Unix(1_800_000_000, 0)
	l.Take(now, "x", "victim", three)
	passed := 0
	for i := range 20_000 {
		if ok, _ := l.Take(now, "x", fmt.Sprint("flood ", i), three); ok {
			passed++
		}
	}
	if l.Size() > 1010 || passed > 1010 {
		t.Errorf("%d buckets, %d passed", l.Size(), passed)
	}
	if ok, _ := l.Take(now, "x", "victim", three); !ok {
		t.Error("who was there lost their allowance")
	}
	now = now.Add(time.Hour)
	if ok, _ := l.Take(now, "x", "somebody new", three); !ok || l.Size() > 5 {
		t.Errorf("after an hour: %v, %d buckets", ok, l.Size())
	}
}
