package proof

import (
	"bytes"
	"encoding/binary"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// Count is one line of the list: how many leaves a practice has, and the hash of the last.
type Count struct {
	Label Hash
	Count uint64
	Head  Hash
}

// CountSize is the length of a line as bytes.
const CountSize = 72

// Append writes a line: label, count, head.
func (c Count) Append(dst []byte) []byte {
	return append(binary.BigEndian.AppendUint64(append(dst, c.Label[:]...), c.Count), c.Head[:]...)
}

// ParseCount reads what Append writes.
func ParseCount(raw []byte) (Count, error) {
	if len(raw) != CountSize {
		return Count{}, wrong("a line of the list has %d bytes", CountSize)
	}
	return Count{Label: Hash(raw), Count: binary.BigEndian.Uint64(raw[32:]), Head: Hash(raw[40:])}, nil
}

func (c Count) sum() Hash { return Hash(tlog.RecordHash(c.Append(nil))) }

// List is the list of counts.
type List struct {
	counts []Count
	stored []Hash
	root   Hash
}

// NewList makes the list of counts, which it sorts.
func NewList(counts []Count) (*List, error) {
	slices.SortFunc(counts, func(a, b Count) int { return bytes.Compare(a.Label[:], b.Label[:]) })
	l := &List{counts: counts}
	var r Range
	for i, c := range counts {
		if i > 0 && counts[i-1].Label == c.Label || c.Count == 0 {
			return nil, wrong("a label stands in the list once, with a count")
		}
		l.stored = r.Leaf(c.sum(), l.stored)
	}
	l.root = r.Root()
	return l, nil
}

// Size is how many practices are in the list.
func (l *List) Size() int64 { return int64(len(l.counts)) }

// Root is the root over the list.
func (l *List) Root() Hash { return l.root }

// Line is a line of the list and its proof.
type Line struct {
	Index int64
	Count Count
	Proof []Hash
}

func (l *List) line(i int) (Line, error) {
	p, err := ProveLeaf(l.Size(), int64(i), tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for k, at := range indexes {
			out[k] = tlog.Hash(l.stored[at])
		}
		return out, nil
	}))
	return Line{int64(i), l.counts[i], p}, err
}

// Prove returns the line of a label, or, where there is none, the lines that would be its neighbours: two, one at either end, none in an empty list.
func (l *List) Prove(label Hash) ([]Line, error) {
	at, there := slices.BinarySearchFunc(l.counts, label, func(c Count, label Hash) int { return bytes.Compare(c.Label[:], label[:]) })
	from, to := at-1, at+1
	if there {
		from = at
	}
	var out []Line
	for i := max(from, 0); i < min(to, len(l.counts)); i++ {
		line, err := l.line(i)
		if err != nil {
			return nil, err
		}
		out = append(out, line)
	}
	return out, nil
}

// CheckLines tells what lines prove of a label in a checkpoint's list: its count, or that there is none.
func CheckLines(lines []Line, c Checkpoint, label Hash) (count Count, there bool, err error) {
	for _, line := range lines {
		if err := CheckLeaf(line.Proof, Head{c.Counts, c.List}, line.Index, line.Count.sum()); err != nil {
			return Count{}, false, err
		}
	}
	before := func(a, b Hash) bool { return bytes.Compare(a[:], b[:]) < 0 }
	switch {
	case len(lines) == 1 && lines[0].Count.Label == label:
		return lines[0].Count, true, nil
	case len(lines) == 0 && c.Counts == 0:
	case len(lines) == 1 && lines[0].Index == 0 && before(label, lines[0].Count.Label):
	case len(lines) == 1 && lines[0].Index == c.Counts-1 && before(lines[0].Count.Label, label):
	case len(lines) == 2 && lines[0].Index+1 == lines[1].Index && before(lines[0].Count.Label, label) && before(label, lines[1].Count.Label):
	default:
		return Count{}, false, wrong("these lines of the list say nothing of this practice")
	}
	return Count{}, false, nil
}
