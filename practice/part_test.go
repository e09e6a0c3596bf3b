package practice_test

import (
	"testing"

	"letterhead/fault"
	"letterhead/practice"
)

// What a part of a text message costs has four digits behind the point; what is not a price is refused by its field, and nothing known says nothing.
func TestThePriceOfAPart(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]int{"": 0, " 0.08 ": 800, "0,079": 790, "0.0795": 795, "1": 10_000, "10": 100_000, "0": 0} {
		if got, err := practice.ReadPartPrice("sms_price", typed); err != nil || got != want {
			t.Errorf("%q: %d %v", typed, got, err)
		}
	}
	for _, typed := range []string{"x", "-1", ".5", "0.07955", "10.0001", "1e3", "999999999", "0.0.8", "8 cents"} {
		if _, err := practice.ReadPartPrice("sms_price", typed); fault.As(err) == nil || fault.As(err).Field != "sms_price" {
			t.Errorf("%q: %v", typed, err)
		}
	}
	for _, c := range []struct {
		price, parts int
		want         string
	}{{0, 3, ""}, {800, 1, "0.08"}, {790, 1, "0.079"}, {790, 2, "0.158"}, {795, 2, "0.159"}, {10_000, 3, "3.00"}, {500, 2, "0.10"}} {
		if got := practice.WritePartPrice(c.price, c.parts); got != c.want {
			t.Errorf("%d × %d: %q, want %q", c.price, c.parts, got, c.want)
		}
	}
}
