package known_test

import (
	"errors"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"letterhead/courier/journal/known"
)

var mark = [8]byte{1, 2, 3}

func open(t testing.TB, name string) *known.Set {
	t.Helper()
	s, err := known.Open(name, mark)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// Whatever is merged in any number of steps is there, and nothing else.
func TestASetHoldsWhatWasMergedAndNothingElse(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "known")
	if err := known.Create(name, mark); err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	in := map[uint64]bool{}
	for _, n := range []int{0, 1, 511, 1, 512, 4000, 3} {
		step := map[uint64]bool{}
		for range n {
			step[random.Uint64()] = true
		}
		if n == 3 {
			step[0], step[^uint64(0)] = true, true
			for h := range in { // again
				step[h] = true
				break
			}
		}
		if _, err := open(t, name).Merge(name, slices.Sorted(maps.Keys(step))); err != nil {
			t.Fatal(err)
		}
		maps.Copy(in, step)
		s := open(t, name)
		if s.Count() != len(in) {
			t.Fatalf("%d hashes, want %d", s.Count(), len(in))
		}
		for h := range in {
			if is, err := s.Has(h); !is || err != nil {
				t.Fatalf("%x is missing: %v", h, err)
			}
			for _, other := range []uint64{h + 1, h - 1, random.Uint64()} {
				if is, err := s.Has(other); is != in[other] || err != nil {
					t.Fatalf("%x: %v, %v", other, is, err)
				}
			}
		}
	}
	if _, err := open(t, name).Merge(name, []uint64{2, 1}); err == nil {
		t.Error("hashes that are not in order were merged")
	}
}

// Every byte of the file counts: changed or cut anywhere, or another's, it is not opened.
func TestADamagedFileIsNotOpened(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "known")
	if err := known.Create(name, mark); err != nil {
		t.Fatal(err)
	}
	hashes := make([]uint64, 700)
	for i := range hashes {
		hashes[i] = uint64(i) * 1_000_003
	}
	if _, err := open(t, name).Merge(name, hashes); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	refused := func(what string, raw []byte) {
		t.Helper()
		if err := os.WriteFile(name, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := known.Open(name, mark); !errors.Is(err, known.ErrDamaged) {
			t.Fatalf("%s: %v", what, err)
		}
	}
	for at := 0; at < len(whole); at += 1 + at/64 {
		bad := slices.Clone(whole)
		bad[at] ^= 0x10
		refused("changed", bad)
		refused("cut", whole[:at])
	}
	refused("longer", append(slices.Clone(whole), 0))
	if err := os.WriteFile(name, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := known.Open(name, [8]byte{9}); !errors.Is(err, known.ErrDamaged) {
		t.Fatalf("another's: %v", err)
	}
}

func FuzzOpen(f *testing.F) {
	name := filepath.Join(f.TempDir(), "known")
	if err := known.Create(name, mark); err != nil {
		f.Fatal(err)
	}
	raw, err := os.ReadFile(name)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add(raw[:10])
	f.Add(append(raw, 1, 2, 3, 4, 5, 6, 7, 8))
	f.Fuzz(func(t *testing.T, raw []byte) {
		name := filepath.Join(t.TempDir(), "known")
		if err := os.WriteFile(name, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := known.Open(name, mark)
		if err != nil {
			return
		}
		defer s.Close()
		if _, err := s.Has(7); err != nil || s.Count() != (len(raw)-4096)/8 {
			t.Fatal(s.Count(), err)
		}
	})
}

// Memory of a question and its time, with ten million hashes: go test -bench Has -run '^$' ./courier/journal/known
func BenchmarkHas(b *testing.B) {
	const n = 10_000_000
	name := filepath.Join(b.TempDir(), "known")
	if err := known.Create(name, mark); err != nil {
		b.Fatal(err)
	}
	hashes := make([]uint64, n)
	for i := range hashes {
		hashes[i] = uint64(i) * (1 << 64 / n)
	}
	if _, err := open(b, name).Merge(name, hashes); err != nil {
		b.Fatal(err)
	}
	s := open(b, name)
	random := rand.New(rand.NewPCG(3, 4))
	for b.Loop() {
		if _, err := s.Has(random.Uint64()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMerge(b *testing.B) {
	const n = 10_000_000
	name := filepath.Join(b.TempDir(), "known")
	if err := known.Create(name, mark); err != nil {
		b.Fatal(err)
	}
	hashes := make([]uint64, n)
	for i := range hashes {
		hashes[i] = uint64(i) * (1 << 64 / n)
	}
	if _, err := open(b, name).Merge(name, hashes); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		s := open(b, name)
		if _, err := s.Merge(name, []uint64{1, 5}); err != nil {
			b.Fatal(err)
		}
	}
}
