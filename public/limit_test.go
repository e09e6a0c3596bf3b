package public

import (
	"fmt"
	"testing"
	"time"
)

func TestPlace(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"192.0.2.7:1234": "192.0.2.7", "[2001:db8:1:2:3::4]:99": "2001:db8:1:2::/64", "2001:db8:1:2::9": "2001:db8:1:2::/64", "[::ffff:192.0.2.7]:1": "192.0.2.7",
		"[fe80::1%eth0]:1": "fe80::/64", "": "unknown", "nonsense": "unknown",
	} {
		if got := place(address); got != want {
			t.Errorf("%q: %q, want %q", address, got, want)
		}
	}
}

func TestAFullWindowRefusesNobodyNew(t *testing.T) {
	t.Parallel()
	w := newWindow(2, time.Minute)
	now := time.Unix(1_800_000_000, 0)
	for i := range 3 * maxKeys {
		if !w.allow(fmt.Sprint(i), now) {
			t.Fatalf("key %d was refused", i)
		}
	}
	if len(w.counts) != maxKeys {
		t.Errorf("%d keys are kept", len(w.counts))
	}
	if !w.allow("0", now) || w.allow("0", now) {
		t.Error("what is kept is not limited")
	}
	if !w.allow("0", now.Add(time.Minute)) {
		t.Error("the window never ends")
	}
	w.allow("0", now.Add(time.Minute))
	if !w.allow("0", now) {
		t.Error("a clock that was set back locks out")
	}
}
