package proof_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
	"letterhead/ledger/leaf"
	"letterhead/ledger/proof"
	"pgregory.net/rapid"
)

func sum(n int) proof.Hash { return leaf.Sum(binary.BigEndian.AppendUint64(nil, uint64(n))) }

// stored are the hashes of a tree, read as tlog reads them.
type stored []proof.Hash

func (s stored) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, at := range indexes {
		out[i] = tlog.Hash(s[at])
	}
	return out, nil
}

// The tree is tlog's: same hashes in the same places, same roots, and every proof holds for its leaf and for no other.
func TestTrees(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, 300).Draw(t, "size")
		var tree proof.Range
		var ours, theirs stored
		heads := []proof.Head{tree.Head()}
		for n := range size {
			ours = tree.Leaf(sum(n), ours)
			more, err := tlog.StoredHashesForRecordHash(int64(n), tlog.Hash(sum(n)), theirs)
			if err != nil {
				t.Fatal(err)
			}
			for _, h := range more {
				theirs = append(theirs, proof.Hash(h))
			}
			root, err := tlog.TreeHash(int64(n+1), theirs)
			if err != nil || proof.Hash(root) != tree.Root() {
				t.Fatal(n, err)
			}
			heads = append(heads, tree.Head())
		}
		if len(ours) != len(theirs) || ours[len(ours)-1] != theirs[len(theirs)-1] {
			t.Fatal("other hashes")
		}
		head := tree.Head()
		at, wrong := rapid.Int64Range(0, head.Size-1).Draw(t, "leaf"), rapid.Int64Range(0, head.Size-1).Draw(t, "another")
		p, err := proof.ProveLeaf(head.Size, at, ours)
		if err != nil || len(p)*32 > 2048 {
			t.Fatal(len(p), err)
		}
		for _, i := range []int64{at, wrong} {
			if holds := proof.CheckLeaf(p, head, i, sum(int(at))) == nil; holds != (i == at) {
				t.Fatal(i, at, holds)
			}
		}
		older := rapid.IntRange(0, size).Draw(t, "older")
		g, err := proof.ProveGrowth(head.Size, int64(older), ours)
		if err != nil || proof.CheckGrowth(g, head, heads[older]) != nil {
			t.Fatal(older, err)
		}
		if forged := (proof.Head{Size: int64(older), Root: sha256.Sum256(nil)}); older > 0 && proof.CheckGrowth(g, head, forged) == nil {
			t.Fatal("it has grown out of anything")
		}
		// From its edge on, and from whole subtrees, it is the same tree.
		from, to := rapid.IntRange(0, size).Draw(t, "from"), 0
		again, err := proof.NewRange(int64(from), edge(t, ours, int64(from)))
		if err != nil {
			t.Fatal(err)
		}
		for to = from; to < size; to++ {
			again.Leaf(sum(to), nil)
		}
		var cut proof.Range
		err = proof.Subtrees(0, int64(from), func(level int, n int64) error { return cut.Subtree(level, ours[tlog.StoredHashIndex(level, n)]) })
		if err == nil {
			err = proof.Subtrees(int64(from), head.Size, func(level int, n int64) error { return cut.Subtree(level, ours[tlog.StoredHashIndex(level, n)]) })
		}
		if err != nil || again.Head() != head || cut.Head() != head {
			t.Fatal(err, from)
		}
	})
}

func edge(t *rapid.T, s stored, size int64) []proof.Hash {
	t.Helper()
	var out []proof.Hash
	for _, at := range proof.EdgeIndexes(size) {
		out = append(out, s[at])
	}
	return out
}

func TestASubtreeStandsInItsPlace(t *testing.T) {
	t.Parallel()
	var r proof.Range
	r.Leaf(sum(0), nil)
	for _, level := range []int{1, 2, 47, 48, -1} {
		if r.Subtree(level, sum(1)) == nil {
			t.Errorf("2^%d leaves stand behind one", level)
		}
	}
	if err := r.Subtree(0, sum(1)); err != nil || r.Size() != 2 {
		t.Error(err)
	}
	if _, err := proof.NewRange(3, make([]proof.Hash, 1)); err == nil {
		t.Error("an edge of one hash for three leaves")
	}
}

// The inclusion proof of a leaf in a log of a thousand million is below 2 kB.
func TestAProofIsSmall(t *testing.T) {
	t.Parallel()
	const size = 1 << 30
	p, err := proof.ProveLeaf(size-1, 12345, tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) { return make([]tlog.Hash, len(indexes)), nil }))
	if err != nil || len(p)*32 > 2048 {
		t.Errorf("%d bytes, %v", len(p)*32, err)
	}
}

func TestTheListProvesWhatIsThereAndWhatIsNot(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		labels := rapid.SliceOfNDistinct(rapid.Byte(), 0, 20, func(b byte) byte { return b }).Draw(t, "labels")
		var counts []proof.Count
		for _, b := range labels {
			counts = append(counts, proof.Count{Label: proof.Hash{b}, Count: uint64(b) + 1, Head: sum(int(b))})
		}
		list, err := proof.NewList(counts)
		if err != nil {
			t.Fatal(err)
		}
		c := proof.Checkpoint{Counts: list.Size(), List: list.Root()}
		b, other := rapid.Byte().Draw(t, "label"), rapid.Byte().Draw(t, "another")
		lines, err := list.Prove(proof.Hash{b})
		if err != nil {
			t.Fatal(err)
		}
		count, there, err := proof.CheckLines(lines, c, proof.Hash{b})
		if err != nil || there != bytes.Contains(labels, []byte{b}) || there && count.Count != uint64(b)+1 {
			t.Fatal(count, there, err)
		}
		// What is proved of one label says of another what is true, or nothing.
		if _, there, err := proof.CheckLines(lines, c, proof.Hash{other}); err == nil && there != bytes.Contains(labels, []byte{other}) {
			t.Fatal("a label is proved away")
		}
		if len(lines) > 0 {
			lines[0].Count.Count++
			if _, _, err := proof.CheckLines(lines, c, proof.Hash{b}); err == nil {
				t.Fatal("another count holds")
			}
		}
		if _, _, err := proof.CheckLines(nil, c, proof.Hash{b}); (err == nil) != (len(labels) == 0) {
			t.Fatal("nothing proves absence from a list")
		}
	})
	// Two lines that are not neighbours prove nothing of what stands between them, nor does one in the middle.
	list, err := proof.NewList([]proof.Count{{Label: proof.Hash{1}, Count: 1}, {Label: proof.Hash{2}, Count: 1}, {Label: proof.Hash{3}, Count: 1}})
	if err != nil {
		t.Fatal(err)
	}
	var lines []proof.Line
	for n := range 3 {
		one, err := list.Prove(proof.Hash{byte(n + 1)})
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, one...)
	}
	c := proof.Checkpoint{Counts: list.Size(), List: list.Root()}
	for name, lines := range map[string][]proof.Line{"around": {lines[0], lines[2]}, "the wrong way round": {lines[2], lines[0]}, "before alone": lines[:1], "behind alone": lines[2:], "all": lines} {
		if _, there, err := proof.CheckLines(lines, c, proof.Hash{2}); err == nil {
			t.Errorf("%s: %t", name, there)
		}
	}
	for name, counts := range map[string][]proof.Count{"twice": {{Count: 1}, {Count: 2}}, "no count": {{}}} {
		if _, err := proof.NewList(counts); err == nil {
			t.Error(name)
		}
	}
}

func logKey(t testing.TB, name string) (note.Signer, proof.LogKey) {
	t.Helper()
	secret, public, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	key, err := proof.ParseLogKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return signer, key
}

func TestACheckpointIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	signer, key := logKey(t, "log.example")
	c := proof.Checkpoint{Origin: "log.example", Head: proof.Head{Size: 12, Root: sum(1)}, Counts: 3, List: sum(2)}
	raw, err := c.Sign(signer)
	if err != nil {
		t.Fatal(err)
	}
	if s, err := proof.OpenCheckpoint(raw, key); err != nil || s.Checkpoint != c {
		t.Error(s, err)
	}
	text := c.Text()
	for name, changed := range map[string]string{
		"another size": strings.Replace(text, "\n12\n", "\n012\n", 1), "a line more": text + "x\n", "no list": text[:strings.Index(text, "letterhead-")],
		"more counts than leaves": strings.Replace(text, "counts 3", "counts 13", 1), "spaces": strings.Replace(text, "counts 3", "counts  3", 1),
		"negative": strings.Replace(text, "\n12\n", "\n-1\n", 1), "empty": "",
	} {
		if _, err := proof.ParseCheckpoint(changed); err == nil {
			t.Errorf("%s: it is read", name)
		}
	}
	other := c
	other.Origin = "other.example"
	if raw, err = other.Sign(signer); err != nil {
		t.Fatal(err)
	}
	if _, err := proof.OpenCheckpoint(raw, key); err == nil {
		t.Error("another log's checkpoint under this key")
	}
}

func TestCosignatures(t *testing.T) {
	t.Parallel()
	signer, key := logKey(t, "log.example")
	raw, err := proof.Checkpoint{Origin: "log.example", Head: proof.Head{Size: 1, Root: sum(1)}, Counts: 1, List: sum(2)}.Sign(signer)
	if err != nil {
		t.Fatal(err)
	}
	point, err := proof.OpenCheckpoint(raw, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := proof.GenerateCosigner("w.example/1")
	if err != nil {
		t.Fatal(err)
	}
	c, err := proof.OpenCosigner(secret, func() time.Time { return time.Unix(1_700_000_000, 0) })
	if err != nil {
		t.Fatal(err)
	}
	line, err := point.Cosign(c)
	if err != nil {
		t.Fatal(err)
	}
	public, err := proof.ParseCosigner(c.String())
	if err != nil {
		t.Fatal(err)
	}
	signed, err := proof.OpenCheckpoint(append(bytes.Clone(raw), line...), key, public)
	if err != nil || len(signed.Cosigned) != 1 || signed.Cosigned[0].At != 1_700_000_000 {
		t.Fatal(signed, err)
	}
	// The text that C2SP tlog-cosignature has signed, written out again.
	sig, err := c.Sign([]byte(point.Text))
	if err != nil {
		t.Fatal(err)
	}
	want := "cosignature/v1\ntime 1700000000\n" + point.Text
	public32 := publicKey(t, c.String())
	if !ed25519.Verify(public32, []byte(want), sig[8:]) {
		t.Error("another text is signed")
	}
	for name, text := range map[string]string{"no key": "x", "another hash": strings.Replace(c.String(), "+", "+f", 1), "a log's key": "w+00000000+AQ==", "a secret": secret} {
		if _, err := proof.ParseCosigner(text); err == nil {
			t.Errorf("%s: it is read", name)
		}
	}
	for _, name := range []string{"", "a b", "a+b", "a\n"} {
		if _, err := proof.GenerateCosigner(name); err == nil {
			t.Errorf("a cosigner is named %q", name)
		}
	}
	if _, err := public.Sign([]byte("x")); err == nil {
		t.Error("a public key signs")
	}
	if _, err := proof.OpenCosigner(c.String(), time.Now); err == nil {
		t.Error("a public key is taken for a secret")
	}
}

func publicKey(t *testing.T, text string) ed25519.PublicKey {
	t.Helper()
	_, key, found := strings.Cut(text[strings.Index(text, "+")+1:], "+")
	raw, err := base64.StdEncoding.DecodeString(key)
	if err != nil || !found {
		t.Fatal(err)
	}
	return raw[1:]
}

func FuzzCheckpoint(f *testing.F) {
	signer, key := logKey(f, "log.example")
	raw, err := proof.Checkpoint{Origin: "log.example", Head: proof.Head{Size: 1, Root: sum(1)}, Counts: 1, List: sum(2)}.Sign(signer)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(raw))
	f.Add("log.example\n1\n")
	f.Fuzz(func(t *testing.T, text string) {
		if s, err := proof.OpenCheckpoint([]byte(text), key); err == nil && s.Checkpoint.Text() != s.Text {
			t.Error("it is read as something else")
		}
		if c, err := proof.ParseCheckpoint(text); err == nil && c.Text() != text {
			t.Error("it is written in another way")
		}
		if c, err := proof.ParseCosigner(text); err == nil && c.String() != text {
			t.Error("a key is written in another way")
		}
	})
}
