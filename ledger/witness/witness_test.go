package witness_test

import (
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
	"letterhead/ledger/leaf"
	"letterhead/ledger/proof"
	"letterhead/ledger/witness"
)

// log is a log in memory.
type log struct {
	t      testing.TB
	signer note.Signer
	key    note.Verifier
	stored []proof.Hash
	tree   proof.Range
	list   proof.Hash
}

func newLog(t testing.TB, name string) *log {
	t.Helper()
	secret, public, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	key, err := note.NewVerifier(public)
	if err != nil {
		t.Fatal(err)
	}
	return &log{t: t, signer: signer, key: key}
}

// fork is a log of the same key with other leaves from a size on.
func (l *log) fork(size int64, word string, to int64) *log {
	l.t.Helper()
	f := &log{t: l.t, signer: l.signer, key: l.key}
	for i := range to {
		if i < size {
			f.grow("leaf")
		} else {
			f.grow(word)
		}
	}
	return f
}

func (l *log) grow(word string) {
	l.stored = l.tree.Leaf(leaf.Sum([]byte(fmt.Sprint(word, l.tree.Size()))), l.stored)
}

func (l *log) growTo(size int64) *log {
	for l.tree.Size() < size {
		l.grow("leaf")
	}
	return l
}

func (l *log) request(old int64) []byte {
	l.t.Helper()
	c := proof.Checkpoint{Origin: l.key.Name(), Head: l.tree.Head(), List: l.list}
	raw, err := c.Sign(l.signer)
	if err != nil {
		l.t.Fatal(err)
	}
	r := witness.Request{Old: old, Note: string(raw)}
	if old <= l.tree.Size() {
		r.Proof, err = proof.ProveGrowth(l.tree.Size(), old, tlog.HashReaderFunc(func(at []int64) ([]tlog.Hash, error) {
			out := make([]tlog.Hash, len(at))
			for i := range at {
				out[i] = tlog.Hash(l.stored[at[i]])
			}
			return out, nil
		}))
		if err != nil {
			l.t.Fatal(err)
		}
	}
	return []byte(r.String())
}

func TestAWitnessSignsWhatGrows(t *testing.T) {
	t.Parallel()
	l, folder := newLog(t, "log.example"), t.TempDir()
	secret, err := proof.GenerateCosigner("witness.example/w1")
	if err != nil {
		t.Fatal(err)
	}
	key, err := proof.OpenCosigner(secret, func() time.Time { return time.Unix(1_793_000_000, 0) })
	if err != nil {
		t.Fatal(err)
	}
	var forks []witness.Fork
	open := func() *witness.Witness {
		w, err := witness.Open(folder, key, func(f witness.Fork) { forks = append(forks, f) }, l.key)
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	w := open()
	if _, err := witness.Open(folder, key, nil, l.key); err == nil {
		t.Error("two processes have one folder")
	}
	signed := func(raw []byte) {
		t.Helper()
		a := w.AddCheckpoint(raw)
		r, err := witness.ParseRequest(raw)
		if err != nil || a.Status != 200 {
			t.Fatal(a, err)
		}
		s, err := proof.OpenCheckpoint([]byte(r.Note+a.Body), l.key, key)
		if err != nil || len(s.Cosigned) != 1 || s.Cosigned[0].At != 1_793_000_000 || s.Cosigned[0].Name != "witness.example/w1" {
			t.Error(s, err)
		}
	}
	refused := func(status int, body string, raw []byte) {
		t.Helper()
		if a := w.AddCheckpoint(raw); a.Status != status || body != "" && a.Body != body {
			t.Errorf("%+v, want %d %q", a, status, body)
		}
	}
	signed(l.growTo(5).request(0))
	signed(l.request(5)) // again
	old := l.request(0)
	signed(l.growTo(12).request(5))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	w = open() // what it has seen, it still has
	refused(409, "12\n", old)
	refused(409, "12\n", l.request(5))
	refused(400, "", l.request(13))
	refused(404, "", newLog(t, "other.example").growTo(3).request(0))
	refused(403, "", newLog(t, "log.example").growTo(3).request(0))
	refused(400, "", []byte("old 12\n\nx"[:5]))
	if len(forks) != 0 {
		t.Error("no fork yet: ", forks)
	}
	refused(409, "12\n", l.fork(7, "forged", 12).request(12)) // the same size, other leaves
	refused(422, "", l.fork(7, "forged", 20).request(12))     // larger, and not grown out of it
	list := l.fork(12, "", 12)
	list.list = sha256.Sum256([]byte("another list of counts"))
	refused(409, "12\n", list.request(12))
	if len(forks) != 3 || !strings.Contains(forks[0].Seen, "\n12\n") || !strings.Contains(forks[1].Other, "\n20\n") {
		t.Errorf("%+v", forks)
	}
	kept, err := filepath.Glob(filepath.Join(folder, "*.fork"))
	if err != nil || len(kept) != 3 {
		t.Error(kept, err)
	}
	signed(l.growTo(40).request(12))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func FuzzRequest(f *testing.F) {
	l := newLog(f, "log.example")
	f.Add(l.growTo(9).request(4))
	f.Add([]byte("old 0\n\n"))
	f.Add([]byte("old 01\nAAAA\n\nx\n1\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := witness.ParseRequest(raw)
		if err == nil && r.String() != string(raw) {
			t.Errorf("%q is written %q", raw, r)
		}
	})
}
