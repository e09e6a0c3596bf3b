package journal_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"letterhead/courier/journal"
	"letterhead/store"
)

var morning = time.Date(2026, 11, 2, 8, 0, 0, 0, time.UTC)

func hash(n int) (h [32]byte) {
	copy(h[:], fmt.Sprintf("%08d and so on", n))
	return h
}

func head(n int) journal.ChainHead { return journal.ChainHead{Position: int64(n), Hash: hash(n)} }

// note writes down entries from..to, as seen an hour after each other.
func note(t testing.TB, j *journal.Journal, p store.PracticeID, from, to int) {
	t.Helper()
	for i := from; i <= to; i++ {
		after := head(i - 1)
		if i == 1 {
			after = journal.ChainHead{}
		}
		if err := j.NoteChain(p, journal.ChainNews{After: after, Entries: [][32]byte{hash(i)}, At: morning.Add(time.Duration(i) * time.Hour)}); err != nil {
			t.Fatal(err)
		}
	}
}

func known(t testing.TB, j *journal.Journal, p store.PracticeID) *journal.Chain {
	t.Helper()
	c, err := j.Chain(p)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestWhatIsKnownOfAChain(t *testing.T) {
	t.Parallel()
	folder := create(t)
	j, other := open(t, folder), open(t, folder)
	if c := known(t, j, "p"); c.Head != (journal.ChainHead{}) || !c.Seen(1).IsZero() || c.Has(head(0)) {
		t.Errorf("%+v", c)
	}
	note(t, j, "p", 1, 5)
	note(t, other, "q", 1, 2)
	err := other.NoteChain("p", journal.ChainNews{After: head(5), Entries: [][32]byte{hash(6), hash(7)}, At: morning, Withdrawn: [][32]byte{hash(99)},
		Revoked: map[string]journal.Revocation{"k": {First: 8}, "stolen": {First: 8, Since: 3}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := j.NoteChain("p", journal.ChainNews{After: head(5), Entries: [][32]byte{hash(6)}, At: morning}); !errors.Is(err, journal.ErrChainMoved) {
		t.Errorf("noted upon an old head: %v", err)
	}
	for _, one := range []*journal.Journal{j, other, open(t, folder)} {
		c := known(t, one, "p")
		if c.Head != head(7) || !c.Seen(3).Equal(morning.Add(3*time.Hour)) || !c.Seen(7).Equal(morning) || !c.Seen(8).IsZero() || !c.Has(head(2)) || !c.Has(head(7)) ||
			c.Has(journal.ChainHead{Position: 2, Hash: hash(3)}) || c.Has(journal.ChainHead{Position: 7, Hash: hash(3)}) || c.Has(head(8)) {
			t.Errorf("%+v", c)
		}
		if c.Revoked["k"] != (journal.Revocation{First: 8}) || c.Revoked["stolen"] != (journal.Revocation{First: 8, Since: 3}) || !c.Withdrawn[hash(99)] {
			t.Errorf("%+v", c)
		}
		if c := known(t, one, "q"); c.Head != head(2) || len(c.Revoked)+len(c.Withdrawn) > 0 {
			t.Errorf("%+v", c)
		}
	}
}

func TestAChainThatGoesOnFromAnEarlierEntry(t *testing.T) {
	t.Parallel()
	folder := create(t)
	j := open(t, folder)
	note(t, j, "p", 1, 4)
	if err := j.NoteChain("p", journal.ChainNews{After: head(4), Entries: [][32]byte{hash(5)}, At: morning, Revoked: map[string]journal.Revocation{"early": {First: 3}, "late": {First: 6, Since: 2}}}); err != nil {
		t.Fatal(err)
	}
	resume := journal.ChainNews{After: head(5), Resumed: journal.ChainHead{Position: 3, Hash: hash(8)}, Entries: [][32]byte{hash(10), hash(11)}, At: morning.Add(99 * time.Hour)}
	if err := j.NoteChain("p", resume); !errors.Is(err, journal.ErrForked) {
		t.Errorf("goes on from an entry that was never seen: %v", err)
	}
	resume.Resumed = head(3)
	if err := j.NoteChain("p", resume); err != nil {
		t.Fatal(err)
	}
	for _, one := range []*journal.Journal{j, open(t, folder)} {
		c := known(t, one, "p")
		if c.Head != (journal.ChainHead{Position: 5, Hash: hash(11)}) || !c.Has(head(3)) || c.Has(head(4)) || !c.Seen(4).Equal(resume.At) || !c.Seen(3).Equal(morning.Add(3*time.Hour)) {
			t.Errorf("%+v", c)
		}
		if c.Revoked["early"] != (journal.Revocation{First: 3}) || c.Revoked["late"] != (journal.Revocation{First: 4, Since: 2, Lost: true}) {
			t.Errorf("%+v", c.Revoked)
		}
	}
}

func TestWhatMayBeUsedOnce(t *testing.T) {
	t.Parallel()
	folder := create(t)
	j, other := open(t, folder), open(t, folder)
	if err := j.Use("p", "n", morning, morning.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	for name, one := range map[string]*journal.Journal{"the same": j, "another": other, "a later": open(t, folder)} {
		if err := one.Use("p", "n", morning.Add(time.Minute), morning.Add(time.Hour)); !errors.Is(err, journal.ErrUsed) {
			t.Errorf("%s process: %v", name, err)
		}
	}
	if err := other.Use("q", "n", morning, morning.Add(time.Hour)); err != nil {
		t.Errorf("another practice's: %v", err)
	}
	if err := j.Use("p", "", morning, morning); err == nil {
		t.Error("nothing was used")
	}
	var wait sync.WaitGroup
	var mu sync.Mutex
	won := 0
	for i := range 8 {
		wait.Go(func() {
			one := []*journal.Journal{j, other}[i%2]
			if one.Use("p", "race", morning, morning.Add(time.Hour)) == nil {
				mu.Lock()
				won++
				mu.Unlock()
			}
		})
	}
	if wait.Wait(); won != 1 {
		t.Errorf("%d used it", won)
	}
}

func TestTheChainsFileStaysSmall(t *testing.T) {
	t.Parallel()
	folder := create(t)
	j, other := open(t, folder), open(t, folder)
	name := filepath.Join(folder, "chains.log")
	var entries [][32]byte
	for i := 1; i <= 30_000; i++ { // 80 bytes each where they are appended
		entries = append(entries, hash(i))
	}
	if err := j.NoteChain("p", journal.ChainNews{Entries: entries, At: morning, Revoked: map[string]journal.Revocation{"k": {First: 9, Since: 4}}, Withdrawn: [][32]byte{hash(3)}}); err != nil {
		t.Fatal(err)
	}
	if err := other.Use("p", "n", time.Now(), time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(name)
	if err != nil || info.Size() > 600_000 {
		t.Errorf("%d bytes, %v", info.Size(), err)
	}
	for _, one := range []*journal.Journal{j, other, open(t, folder)} {
		c := known(t, one, "p")
		if c.Head != head(30_000) || !c.Seen(401).Equal(morning) || !c.Has(head(400)) || c.Has(journal.ChainHead{Position: 400, Hash: hash(401)}) || c.Revoked["k"].Since != 4 || !c.Withdrawn[hash(3)] {
			t.Errorf("%+v", c.Head)
		}
		if err := one.Use("p", "n", time.Now(), time.Now().Add(time.Hour)); !errors.Is(err, journal.ErrUsed) {
			t.Error(err)
		}
	}
	if err := other.NoteChain("p", journal.ChainNews{After: head(30_000), Entries: [][32]byte{hash(30_001)}, At: morning}); err != nil {
		t.Fatal(err)
	}
	if c := known(t, j, "p"); c.Head != head(30_001) {
		t.Errorf("%+v", c.Head)
	}
}

// Hashes are no digits and entries are days apart: then each takes all the bytes that it may in a file that is written anew.
func TestAChainsFileWrittenAnewIsReadAgain(t *testing.T) {
	t.Parallel()
	folder := create(t)
	j := open(t, folder)
	at, full := morning, journal.ChainHead{}
	for round := range 40 {
		news := journal.ChainNews{After: full, At: at}
		for i := range 500 {
			full = journal.ChainHead{Position: full.Position + 1, Hash: sha256.Sum256(fmt.Appendf(nil, "%d %d", round, i))}
			news.Entries = append(news.Entries, full.Hash)
			if len(news.Entries) == 50 {
				if err := j.NoteChain("p", news); err != nil {
					t.Fatalf("%d %d: %v", round, i, err)
				}
				at = at.Add(100 * 24 * time.Hour)
				news = journal.ChainNews{After: full, At: at}
			}
		}
	}
	for _, one := range []*journal.Journal{j, open(t, folder)} {
		if c := known(t, one, "p"); c.Head != full || c.Seen(1).IsZero() || c.Seen(full.Position).IsZero() {
			t.Errorf("%d of %d entries are known", c.Head.Position, full.Position)
		}
	}
	if info, err := os.Stat(filepath.Join(folder, "chains.log")); err != nil || info.Size() > 1<<20 {
		t.Errorf("it was not written anew: %v %v", info, err)
	}
}

// A torn end was never answered for; everything else that is wrong with the file means: send nothing.
func TestTheChainsFileTornAndDamaged(t *testing.T) {
	t.Parallel()
	folder := create(t)
	j := open(t, folder)
	note(t, j, "p", 1, 6)
	name := filepath.Join(folder, "chains.log")
	whole, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	lengths := map[int64]int{}
	for cut := range whole {
		if err := os.WriteFile(name, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		fresh, err := journal.Open(folder, "house", 1)
		if err != nil {
			if !errors.Is(err, journal.ErrBroken) || cut > 60 {
				t.Fatalf("cut to %d: %v", cut, err)
			}
			continue
		}
		c := known(t, fresh, "p")
		lengths[c.Head.Position]++
		if c.Head.Position > 0 && c.Head != head(int(c.Head.Position)) {
			t.Fatalf("cut to %d: %+v", cut, c.Head)
		}
		// What is noted next follows the last whole record.
		if cut%7 == 0 {
			note(t, fresh, "p", int(c.Head.Position)+1, int(c.Head.Position)+1)
			again := open(t, folder)
			if c := known(t, again, "p"); c.Head.Position != known(t, fresh, "p").Head.Position {
				t.Fatalf("cut to %d, then %+v", cut, c.Head)
			}
			_ = again.Close()
		}
		_ = fresh.Close()
	}
	if len(lengths) != 6 {
		t.Errorf("%v", lengths)
	}
	// A bit of the last record makes it a torn end; before it every bit counts.
	for at := range len(whole) - 60 {
		broken := bytes.Clone(whole)
		broken[at] ^= 4
		if err := os.WriteFile(name, broken, 0o600); err != nil {
			t.Fatal(err)
		}
		if fresh, err := journal.Open(folder, "house", 1); err == nil {
			t.Fatalf("a flipped bit at %d of %d passes: %+v", at, len(whole), known(t, fresh, "p").Head)
		} else if !errors.Is(err, journal.ErrBroken) && !errors.Is(err, journal.ErrMismatch) {
			t.Fatal(err)
		}
	}
}

func TestTheChainsFileTakenAwayOrAnothers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		harm func(folder string) error
		want error
	}{
		"removed":         {func(f string) error { return os.Remove(filepath.Join(f, "chains.log")) }, journal.ErrMissing},
		"emptied":         {func(f string) error { return os.Truncate(filepath.Join(f, "chains.log"), 0) }, journal.ErrBroken},
		"cut to a record": {func(f string) error { return os.Truncate(filepath.Join(f, "chains.log"), 80) }, journal.ErrBroken},
		"another installation's": {func(f string) error {
			other := filepath.Join(f, "other")
			return errors.Join(journal.Create(other, "elsewhere", 1), os.Rename(filepath.Join(other, "chains.log"), filepath.Join(f, "chains.log")))
		}, journal.ErrMismatch},
		"a new one": {func(f string) error {
			other := filepath.Join(f, "other")
			return errors.Join(journal.Create(other, "house", 1), os.Rename(filepath.Join(other, "chains.log"), filepath.Join(f, "chains.log")))
		}, journal.ErrBroken},
	} {
		folder := create(t)
		j := open(t, folder)
		note(t, j, "p", 1, 3)
		if err := c.harm(folder); err != nil {
			t.Fatal(err)
		}
		if _, err := j.Chain("p"); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := j.ChainHead("p"); !errors.Is(err, c.want) {
			t.Errorf("%s, head: %v", name, err)
		}
		if err := j.NoteChain("p", journal.ChainNews{After: head(3), Entries: [][32]byte{hash(4)}, At: morning}); !errors.Is(err, c.want) {
			t.Errorf("%s, note: %v", name, err)
		}
	}
}

func TestManyProcessesNoteChains(t *testing.T) {
	t.Parallel()
	folder := create(t)
	var wait sync.WaitGroup
	for i := range 4 {
		j := open(t, folder)
		wait.Go(func() {
			own := store.PracticeID(fmt.Sprintf("p%d", i))
			for n := 1; n <= 30; n++ {
				after := head(n - 1)
				if n == 1 {
					after = journal.ChainHead{}
				}
				if err := j.NoteChain(own, journal.ChainNews{After: after, Entries: [][32]byte{hash(n)}, At: morning}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wait.Wait()
	j := open(t, folder)
	for i := range 4 {
		if c := known(t, j, store.PracticeID(fmt.Sprintf("p%d", i))); c.Head != head(30) {
			t.Errorf("%d: %+v", i, c.Head)
		}
	}
}

func TestWhatIsKnownOfChainsSurvivesARestore(t *testing.T) {
	t.Parallel()
	folder := create(t)
	j := open(t, folder)
	note(t, j, "p", 1, 3)
	raw, err := journal.ExportChains(folder, "house")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := journal.ExportChains(folder, "elsewhere"); !errors.Is(err, journal.ErrMismatch) {
		t.Error(err)
	}
	restored := filepath.Join(t.TempDir(), "journal")
	if err := journal.Create(restored, "house", 2); err != nil {
		t.Fatal(err)
	}
	damaged := bytes.Clone(raw)
	damaged[60] ^= 1
	for name, c := range map[string]struct {
		raw  []byte
		want error
	}{"damaged": {damaged, journal.ErrBroken}, "nothing": {nil, journal.ErrBroken}} {
		if err := journal.ImportChains(restored, "house", c.raw); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := journal.ImportChains(restored, "house", append(raw, 1, 2, 3)); err != nil {
		t.Fatal(err)
	}
	if err := journal.ImportChains(restored, "house", raw); err == nil {
		t.Error("a second time")
	}
	again, err := journal.Open(restored, "house", 2)
	if err != nil {
		t.Fatal(err)
	}
	if c := known(t, again, "p"); c.Head != head(3) || !c.Seen(2).Equal(morning.Add(2*time.Hour)) {
		t.Errorf("%+v", c.Head)
	}
}

func BenchmarkChainHead(b *testing.B) {
	j := open(b, create(b))
	note(b, j, "p", 1, 20)
	for b.Loop() {
		if _, err := j.ChainHead("p"); err != nil {
			b.Fatal(err)
		}
	}
}
