package fault_test

import (
	"errors"
	"fmt"
	"testing"

	"letterhead/fault"
)

func TestIsComparesKindAndKey(t *testing.T) {
	t.Parallel()
	taken := fault.New(fault.Conflict, "calendar.taken", "")
	wrapped := fmt.Errorf("book: %w", taken.Saying("taken until 1:45").With(errors.New("row 7")))
	if !errors.Is(wrapped, taken) {
		t.Error("a wrapped copy with another sentence is not recognised")
	}
	if errors.Is(wrapped, fault.New(fault.Conflict, "calendar.other", "")) || errors.Is(wrapped, fault.New(fault.Invalid, "calendar.taken", "")) {
		t.Error("another key or kind is taken for it")
	}
}

func TestAnythingElseIsInternal(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err    error
		kind   fault.Kind
		status int
	}{
		{nil, "", 200},
		{errors.New("disk"), fault.Internal, 500},
		{fault.Field("email", "email.form", "write it as name@example.com"), fault.Invalid, 422},
		{fmt.Errorf("x: %w", fault.New(fault.NotFound, "gone", "")), fault.NotFound, 404},
	} {
		if k := fault.KindOf(c.err); k != c.kind || fault.Status(k) != c.status {
			t.Errorf("%v: kind %q status %d, want %q %d", c.err, k, fault.Status(k), c.kind, c.status)
		}
	}
}
