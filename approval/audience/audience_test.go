package audience_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"letterhead/approval/audience"
)

func recipients(n int) []audience.Recipient {
	out := make([]audience.Recipient, n)
	for i := range out {
		out[i] = audience.Recipient{Client: fmt.Sprintf("client-%d", i), Channel: "email", Index: fmt.Sprintf("index-%d", i)}
	}
	return out
}

func tree(t testing.TB, r []audience.Recipient) *audience.Tree {
	t.Helper()
	out, err := audience.New(r)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestEveryRecipientIsProvedAndNobodyElse(t *testing.T) {
	t.Parallel()
	for n := 1; n <= 70; n++ {
		all := recipients(n)
		a := tree(t, all)
		size := int64(a.Len())
		for _, r := range all {
			place, proof, ok := a.Prove(r)
			if !ok || a.Recipient(place) != r || !audience.Verify(a.Root(), size, r, int64(place), proof) {
				t.Fatalf("%d of %d is not proved", place, n)
			}
			wrong := r
			wrong.Index += "x"
			_, _, there := a.Prove(wrong)
			for name, holds := range map[string]bool{
				"found": there, "another address": audience.Verify(a.Root(), size, wrong, int64(place), proof), "the next place": audience.Verify(a.Root(), size, r, int64(place)+1, proof),
				"a place before": audience.Verify(a.Root(), size, r, int64(place)-1, proof), "a hash more": audience.Verify(a.Root(), size, r, int64(place), append(proof[:len(proof):len(proof)], a.Root())),
				"a hash less": len(proof) > 0 && audience.Verify(a.Root(), size, r, int64(place), proof[:max(0, len(proof)-1)]), "another root": audience.Verify(audience.Hash{1}, size, r, int64(place), proof),
			} {
				if holds {
					t.Fatalf("%s holds at %d of %d", name, place, n)
				}
			}
		}
	}
}

func TestOrderDoesNotMatterAndEveryMemberDoes(t *testing.T) {
	t.Parallel()
	all := recipients(33)
	root := tree(t, all).Root()
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	if tree(t, all).Root() != root {
		t.Error("another order, another root")
	}
	for name, change := range map[string]func(*audience.Recipient){
		"client": func(r *audience.Recipient) { r.Client += "x" }, "channel": func(r *audience.Recipient) { r.Channel = "sms" }, "index": func(r *audience.Recipient) { r.Index += "x" },
		"a border": func(r *audience.Recipient) { r.Client, r.Channel = r.Client+"e", "mail" },
	} {
		other := append([]audience.Recipient{}, all...)
		change(&other[5])
		if tree(t, other).Root() == root {
			t.Errorf("%s does not matter", name)
		}
	}
	if tree(t, all[:32]).Root() == root {
		t.Error("one less does not matter")
	}
	if _, err := audience.New(append(all, all[3])); !errors.Is(err, audience.ErrTwice) {
		t.Error(err)
	}
	if _, err := audience.New(nil); !errors.Is(err, audience.ErrSize) {
		t.Error(err)
	}
}

// Whatever somebody makes up as a proof, a recipient stands at its own place alone.
func FuzzVerify(f *testing.F) {
	a := tree(f, recipients(5))
	r := a.Recipient(2)
	_, proof, _ := a.Prove(r)
	flat := []byte{}
	for _, p := range proof {
		flat = append(flat, p[:]...)
	}
	f.Add(int64(2), flat)
	f.Add(int64(-1), []byte{})
	f.Add(int64(4), flat[:32])
	f.Fuzz(func(t *testing.T, place int64, raw []byte) {
		var hashes []audience.Hash
		for len(raw) >= 32 && len(hashes) < 64 {
			hashes, raw = append(hashes, audience.Hash(raw)), raw[32:]
		}
		if audience.Verify(a.Root(), 5, r, place, hashes) && place != 2 {
			t.Fatalf("stands at %d too", place)
		}
	})
}

func BenchmarkNew50000(b *testing.B) {
	all := recipients(50_000)
	for b.Loop() {
		tree(b, all)
	}
}

func BenchmarkVerify(b *testing.B) {
	a := tree(b, recipients(50_000))
	r := a.Recipient(31_337)
	place, proof, _ := a.Prove(r)
	for b.Loop() {
		if !audience.Verify(a.Root(), 50_000, r, int64(place), proof) {
			b.Fatal("it is there")
		}
	}
}
