// Package audience binds an order to its recipients: a Merkle tree (RFC 6962 §2.1) over client, channel and address index, whose root and size
// stand in the signed statement. A message carries the place of its recipient and a proof; the courier checks it and needs no list.
//
// Never: an address or a name, only ids and keyed indexes; a recipient added to a tree, for that is another root.
package audience

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"
)

// Recipient is one leaf.
type Recipient struct {
	Client  string // id
	Channel string // "email" or "sms"
	Index   string // address index
}

// Most bounds an audience; a proof has at most 20 hashes.
const Most = 1 << 20

// Errors of making a tree.
var (
	ErrSize  = errors.New("audience: it has no recipients, or too many")
	ErrTwice = errors.New("audience: a recipient is there twice")
)

// Hash is a node of a tree.
type Hash [sha256.Size]byte

// Tree is an audience in order, with all its hashes.
type Tree struct {
	recipients []Recipient
	levels     [][]Hash // the leaves first; an odd last node goes up as it is
}

// New makes the tree of a set of recipients, whatever their order; each is there once.
func New(recipients []Recipient) (*Tree, error) {
	if len(recipients) == 0 || len(recipients) > Most {
		return nil, ErrSize
	}
	sorted := slices.Clone(recipients)
	slices.SortFunc(sorted, compare)
	leaves := make([]Hash, len(sorted))
	for i, r := range sorted {
		if i > 0 && r == sorted[i-1] {
			return nil, ErrTwice
		}
		leaves[i] = leaf(r)
	}
	t := &Tree{recipients: sorted, levels: [][]Hash{leaves}}
	for level := leaves; len(level) > 1; {
		up := make([]Hash, 0, (len(level)+1)/2)
		for i := 0; i+1 < len(level); i += 2 {
			up = append(up, node(level[i], level[i+1]))
		}
		if len(level)%2 == 1 {
			up = append(up, level[len(level)-1])
		}
		t.levels = append(t.levels, up)
		level = up
	}
	return t, nil
}

// Root is what the statement names, with Len.
func (t *Tree) Root() Hash { return t.levels[len(t.levels)-1][0] }

// Len is the number of recipients.
func (t *Tree) Len() int { return len(t.recipients) }

// Recipient is the one at a place.
func (t *Tree) Recipient(place int) Recipient { return t.recipients[place] }

// Prove returns the place of a recipient and the proof that it is there; false when it is not.
func (t *Tree) Prove(r Recipient) (place int, proof []Hash, ok bool) {
	place, ok = slices.BinarySearchFunc(t.recipients, r, compare)
	if !ok {
		return 0, nil, false
	}
	at := place
	for _, level := range t.levels[:len(t.levels)-1] {
		if beside := at ^ 1; beside < len(level) {
			proof = append(proof, level[beside])
		}
		at /= 2
	}
	return place, proof, true
}

// Verify tells whether a recipient stands at a place of the audience of that root and size (RFC 9162 §2.1.3.2).
func Verify(root Hash, size int64, r Recipient, place int64, proof []Hash) bool {
	if place < 0 || place >= size || size > Most {
		return false
	}
	hash, at, last := leaf(r), place, size-1
	for _, p := range proof {
		if last == 0 {
			return false
		}
		if at%2 == 1 || at == last {
			hash = node(p, hash)
			for at%2 == 0 && at != 0 {
				at, last = at/2, last/2
			}
		} else {
			hash = node(hash, p)
		}
		at, last = at/2, last/2
	}
	return last == 0 && hash == root
}

func compare(a, b Recipient) int {
	return cmp.Or(cmp.Compare(a.Client, b.Client), cmp.Compare(a.Channel, b.Channel), cmp.Compare(a.Index, b.Index))
}

func leaf(r Recipient) Hash {
	raw := []byte{0}
	for _, text := range [...]string{r.Client, r.Channel, r.Index} {
		raw = append(binary.AppendUvarint(raw, uint64(len(text))), text...)
	}
	return sha256.Sum256(raw)
}

func node(left, right Hash) Hash {
	raw := make([]byte, 0, 1+2*sha256.Size)
	return sha256.Sum256(append(append(append(raw, 1), left[:]...), right[:]...))
}
