package approval_test

import (
	"fmt"
	"testing"

	"letterhead/approval"
	"letterhead/testkit/key"
)

// thousand is a chain of 1,000 entries: wordings, orders and letters of a year.
func thousand(b *testing.B) *key.Chain {
	b.Helper()
	w := two(b)
	for i := len(w.Entries); i < 1000; i++ {
		sign(b, w.Chain, w.anna, wording(w.Chain, fmt.Sprintf("w%d", i%40), byte(i), anna))
	}
	return w.Chain
}

func BenchmarkFold1000(b *testing.B) {
	c := thousand(b)
	for name, pinned := range map[string]approval.Head{"verified": {}, "pinned": c.State.Head()} {
		b.Run(name, func(b *testing.B) {
			anchor := c.Anchor
			anchor.Pinned = pinned
			for b.Loop() {
				if _, err := approval.Fold(anchor, c.Entries); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("parsed and pinned", func(b *testing.B) {
		for b.Loop() {
			for _, e := range c.Entries {
				if _, err := approval.ParseEntry(e.Text); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}

func BenchmarkAllows(b *testing.B) {
	c := thousand(b)
	standing := c.State.All(approval.KindWording, c.Now)[7]
	x := standing.Statement
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.State.Allows(x.Kind, x.Subject, x.Digest, c.Now); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkHost(b *testing.B) {
	c, root := found(b)
	sign(b, c, root, hosts(c, anna, "a.example", "b.example"))
	c.Pass(approval.AloneWait)
	for b.Loop() {
		if err := c.State.Host("b.example", c.Now); err != nil {
			b.Fatal(err)
		}
	}
}
