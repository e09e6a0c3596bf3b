package approval_test

import (
	"fmt"
	"testing"
	"time"

	"letterhead/approval"
	"letterhead/store"
	"letterhead/testkit/key"

	"pgregory.net/rapid"
)

// Four keys of three members sign, revoke each other, now and then as stolen. Whatever happens: a state that grew says what one that is read anew
// says; nothing counts by the signature of a key that is held for stolen alone; a practice with an owner's key can go on.
func TestStolenKeysInAnyOrder(t *testing.T) {
	t.Parallel()
	root, second, bens, cleos := key.NewEdDSA(key.Desk), key.NewEdDSA(key.Desk), key.NewEdDSA(key.Desk), key.NewEdDSA(key.Desk)
	all := []*key.Key{root, second, bens, cleos}
	member := map[*key.Key]store.MemberID{root: anna, second: anna, bens: ben, cleos: cleo}
	rapid.Check(t, func(t *rapid.T) {
		c, err := key.Found(house, clinic, anna, root, noon, func(c *key.Chain) *approval.Statement { return c.Enrol(second, anna, anna) })
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Sign(root, c.Enrol(bens, ben, anna), c.Role(ben, approval.Owner, anna), c.Enrol(cleos, cleo, anna), c.Role(cleo, approval.Manager, anna)); err != nil {
			t.Fatal(err)
		}
		c.Pass(approval.KeyAge)
		digests := map[approval.Digest][]signature{}
		for i := range rapid.IntRange(1, 12).Draw(t, "steps") {
			k := rapid.SampledFrom(all).Draw(t, "key")
			var x *approval.Statement
			revokes := false
			switch rapid.IntRange(0, 3).Draw(t, "step") {
			case 0:
				x = wording(c, rapid.SampledFrom([]string{"v", "w"}).Draw(t, "subject"), byte(i), member[k])
			case 1:
				x = hosts(c, member[k], fmt.Sprintf("h%d.example", i))
			case 2:
				if pending := c.State.Waiting(c.Now); len(pending) > 0 {
					x = rapid.SampledFrom(pending).Draw(t, "pending").Statement
				}
			case 3:
				whose := rapid.SampledFrom(all).Draw(t, "whose")
				since := rapid.Int64Range(0, c.State.Head().Position+1).Draw(t, "since")
				revokes = true
				x = c.Revoke(whose, member[whose], member[k], since)
			}
			if x == nil {
				continue
			}
			before := c.State.Head()
			e, err := c.Sign(k, x)
			if err != nil {
				if approval.ReasonOf(err) == "" || c.State.Head() != before {
					t.Fatal(err)
				}
				continue
			}
			sum, _ := x.Sum()
			digests[sum] = append(digests[sum], signature{k.Subject(), e.Head.Position})
			c.Pass(rapid.SampledFrom([]time.Duration{time.Second, time.Hour, approval.LossWait}).Draw(t, "pass"))
			if revokes {
				compareAnew(t, c, digests)
			}
		}
		compareAnew(t, c, digests)
	})
}

type signature struct {
	key      string
	position int64
}

func compareAnew(t *rapid.T, c *key.Chain, digests map[approval.Digest][]signature) {
	again, err := c.Again()
	if err != nil {
		t.Fatal(err)
	}
	stolen := c.State.Revoked()
	for _, now := range []time.Time{c.Now, c.Now.Add(500 * time.Hour)} {
		for sum, signatures := range digests {
			_, grown := c.State.Statement(sum, now)
			_, anew := again.Statement(sum, now)
			if approval.ReasonOf(grown) != approval.ReasonOf(anew) {
				t.Fatalf("grown says %v, anew %v", grown, anew)
			}
			honest := false
			for _, s := range signatures {
				honest = honest || stolen[s.key].Since == 0 || s.position < stolen[s.key].Since
			}
			if grown == nil && !honest {
				t.Fatalf("%s counts by stolen keys alone", sum)
			}
		}
	}
	if len(again.Keys()) != len(c.State.Keys()) || len(again.Members()) != len(c.State.Members()) {
		t.Fatalf("keys %v, anew %v", c.State.Keys(), again.Keys())
	}
}
