package code

import (
	"strings"
	"testing"
)

func TestCodesAreReadAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]Code{
		"K7QF-3M9P-XD": "K7QF3M9PXD", "k7qf 3m9p xd": "K7QF3M9PXD", "\u200eK7QF–3M9P–XD.": "K7QF3M9PXD", "K7QF3M9PXD": "K7QF3M9PXD",
		"Z7QF-SM9P-BD": "Z7QFSM9PBD", "27qf-5m9p-8d": "Z7QFSM9PBD",
		"": "", "K7QF-3M9P-X": "", "K7QF-3M9P-XDD": "", "K7QF-3M9P-X0": "", "K7QF-3M9P-XA": "", strings.Repeat("-", 65): "",
	} {
		if got, ok := Parse(typed); got != want || ok != (want != "") {
			t.Errorf("%q: %q %v", typed, got, ok)
		}
	}
}

// Every character comes in every place, about as often as any other, and what is written is read.
func TestCodesAreEven(t *testing.T) {
	t.Parallel()
	const many = 25_000
	var seen [Length][256]int
	for range many {
		c := New()
		if back, ok := Parse(c.String()); !ok || back != c || len(c.String()) != 12 {
			t.Fatalf("%q is not read as itself", c)
		}
		for i := range Length {
			seen[i][c[i]]++
		}
	}
	for i := range seen {
		for _, r := range alphabet {
			if n := seen[i][r]; n < 800 || n > 1200 { // 1,000 expected, six deviations of 31
				t.Errorf("place %d: %q came %d times", i, r, n)
			}
		}
	}
	if strings.ContainsAny(alphabet, "01258AEILOU") {
		t.Error("the alphabet has look-alikes")
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"K7QF-3M9P-XD", "", "２７qf", "\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		if c, ok := Parse(typed); ok {
			if again, ok := Parse(c.String()); !ok || again != c {
				t.Errorf("%q: %q is read as %q", typed, c, again)
			}
		}
	})
}
