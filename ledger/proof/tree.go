// Package proof is the mathematics of the ledger: trees, the list of counts, signed checkpoints and cosignatures. It holds no data and asks nobody.
//
// The tree is RFC 6962's over the leaves in order. The list has a line for each practice (label, how many leaves, hash of the last one), sorted by
// label, and is a tree of its own. A checkpoint (C2SP tlog-checkpoint, a signed note) names the roots of both. Who has a line of the list knows that
// a practice's leaves are complete; who has two neighbours knows that nothing stands between them.
//
// Promises: what Check… accepts follows from the checkpoint's roots; nothing is believed for its length or order.
package proof

import (
	"errors"
	"fmt"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"
	"letterhead/ledger/leaf"
)

// Hash is a SHA-256.
type Hash = leaf.Hash

// ErrWrong is returned where a proof does not hold.
var ErrWrong = errors.New("proof: it does not hold")

func wrong(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrWrong, fmt.Sprintf(format, args...))
}

// Head is a state of the log: how many leaves, and the root over them.
type Head struct {
	Size int64
	Root Hash
}

// Range is the right edge of a tree from its first leaf on: all that is needed to go on. The zero value is an empty tree.
type Range struct {
	size  int64
	edge  []Hash // of the whole subtrees, the largest first: one for each bit of size
	spare [64]Hash
}

// MaxSize bounds trees.
const MaxSize = 1 << 48

// NewRange takes up a tree of a size from its right edge.
func NewRange(size int64, edge []Hash) (*Range, error) {
	if size < 0 || size > MaxSize || len(edge) != bits.OnesCount64(uint64(size)) {
		return nil, wrong("an edge of %d hashes for %d leaves", len(edge), size)
	}
	r := &Range{size: size}
	r.edge = append(r.spare[:0], edge...)
	return r, nil
}

// Size is how many leaves there are.
func (r *Range) Size() int64 { return r.size }

// Edge is the right edge. It must not be kept beyond the next Leaf or Subtree.
func (r *Range) Edge() []Hash { return r.edge }

// Leaf puts a leaf's hash behind the last, and the hashes that come of it behind stored, in the order of tlog.StoredHashIndex.
func (r *Range) Leaf(h Hash, stored []Hash) []Hash {
	stored = append(stored, h)
	for n := r.size; n&1 == 1; n >>= 1 {
		last := len(r.edge) - 1
		h = Hash(tlog.NodeHash(tlog.Hash(r.edge[last]), tlog.Hash(h)))
		r.edge = r.edge[:last]
		stored = append(stored, h)
	}
	r.edge = append(r.edge, h)
	r.size++
	return stored
}

// Subtree puts the hash of 2^level leaves behind the last.
func (r *Range) Subtree(level int, h Hash) error {
	if r.edge == nil {
		r.edge = r.spare[:0]
	}
	if level < 0 || level >= 48 || r.size&(1<<level-1) != 0 || r.size+1<<level > MaxSize {
		return wrong("2^%d leaves cannot stand behind %d", level, r.size)
	}
	for n := r.size >> level; n&1 == 1; n >>= 1 {
		last := len(r.edge) - 1
		h = Hash(tlog.NodeHash(tlog.Hash(r.edge[last]), tlog.Hash(h)))
		r.edge = r.edge[:last]
	}
	r.edge = append(r.edge, h)
	r.size += 1 << level
	return nil
}

// Root is the root over all.
func (r *Range) Root() Hash {
	if len(r.edge) == 0 {
		root, _ := tlog.TreeHash(0, nil) // of nothing; cannot fail
		return Hash(root)
	}
	h := r.edge[len(r.edge)-1]
	for i := len(r.edge) - 2; i >= 0; i-- {
		h = Hash(tlog.NodeHash(tlog.Hash(r.edge[i]), tlog.Hash(h)))
	}
	return h
}

// Head is the state of the tree.
func (r *Range) Head() Head { return Head{r.size, r.Root()} }

// Subtrees cuts a stretch of leaves into whole subtrees, from the left.
func Subtrees(from, to int64, each func(level int, n int64) error) error {
	for from < to {
		level := bits.Len64(uint64(to-from)) - 1
		if from > 0 {
			level = min(level, bits.TrailingZeros64(uint64(from)))
		}
		if err := each(level, from>>level); err != nil {
			return err
		}
		from += 1 << level
	}
	return nil
}

// EdgeIndexes are the places of a tree's right edge among the stored hashes (tlog.StoredHashIndex).
func EdgeIndexes(size int64) []int64 {
	var out []int64
	_ = Subtrees(0, size, func(level int, n int64) error {
		out = append(out, tlog.StoredHashIndex(level, n))
		return nil
	})
	return out
}

// CheckLeaf tells whether a leaf stands at a place of a tree.
func CheckLeaf(proof []Hash, in Head, index int64, sum Hash) error {
	if err := tlog.CheckRecord(tlog.RecordProof(hashes(proof)), in.Size, tlog.Hash(in.Root), index, tlog.Hash(sum)); err != nil {
		return wrong("leaf %d of %d: %v", index, in.Size, err)
	}
	return nil
}

// CheckGrowth tells whether a tree is another one with leaves added behind. Everything has grown out of the empty tree.
func CheckGrowth(proof []Hash, newer, older Head) error {
	if older.Size == 0 || older.Size == newer.Size {
		if len(proof) > 0 || older.Size > 0 && older.Root != newer.Root {
			return wrong("from %d to %d leaves", older.Size, newer.Size)
		}
		return nil
	}
	if err := tlog.CheckTree(tlog.TreeProof(hashes(proof)), newer.Size, tlog.Hash(newer.Root), older.Size, tlog.Hash(older.Root)); err != nil {
		return wrong("from %d to %d leaves: %v", older.Size, newer.Size, err)
	}
	return nil
}

func hashes(proof []Hash) []tlog.Hash {
	out := make([]tlog.Hash, len(proof))
	for i, h := range proof {
		out[i] = tlog.Hash(h)
	}
	return out
}

func plainHashes(proof []tlog.Hash) []Hash {
	out := make([]Hash, len(proof))
	for i, h := range proof {
		out[i] = Hash(h)
	}
	return out
}

// ProveLeaf proves a leaf's place with the stored hashes of a tree.
func ProveLeaf(size, index int64, r tlog.HashReader) ([]Hash, error) {
	p, err := tlog.ProveRecord(size, index, r)
	return plainHashes(p), err
}

// ProveGrowth proves that a tree is an older one with leaves added.
func ProveGrowth(newer, older int64, r tlog.HashReader) ([]Hash, error) {
	if older == 0 || older == newer {
		return nil, nil
	}
	p, err := tlog.ProveTree(newer, older, r)
	return plainHashes(p), err
}
