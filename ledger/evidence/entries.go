package evidence

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"letterhead/ledger/leaf"
	"letterhead/ledger/proof"
)

// EntriesHeader is the first line of what auditors are given: every leaf of the log below a checkpoint.
const EntriesHeader = "letterhead-entries/1"

// EntriesWriter writes it: the checkpoint, then the leaves in order, then how many lines there are.
type EntriesWriter struct{ w Writer }

// NewEntriesWriter begins it.
func NewEntriesWriter(out io.Writer, checkpoint string) *EntriesWriter {
	e := &EntriesWriter{Writer{out: bufio.NewWriterSize(out, 64<<10)}}
	e.w.put(EntriesHeader)
	e.w.put("checkpoint", text([]byte(checkpoint)))
	return e
}

// Leaf writes the next leaf.
func (e *EntriesWriter) Leaf(raw []byte) error {
	e.w.put("leaf", text(raw))
	return e.w.err
}

// End writes the last line.
func (e *EntriesWriter) End() error {
	e.w.put("end", strconv.Itoa(e.w.lines+1))
	return errors.Join(e.w.err, e.w.out.Flush())
}

// Audit reads every leaf below a checkpoint and works the list of counts out again: each practice's leaves are dense, each names the one before, none is
// earlier than the one before it in the log, tree and list are those that the checkpoint names, and the tree has grown out of what was seen before (the
// zero Head: nothing). The error is a *Problem where they are not.
func Audit(in io.Reader, log note.Verifier, seen proof.Head) (*proof.Signed, error) {
	a := &auditor{seen: seen, of: map[leaf.Hash]*proof.Count{}, v: verifier{log: log, report: &Report{}}}
	lines := bufio.NewReaderSize(in, 64<<10)
	var buffer []byte
	for !a.done {
		a.v.line++
		raw, err := readLine(lines, buffer[:0])
		buffer = raw
		switch {
		case errors.Is(err, io.EOF):
			return nil, a.v.wrong(CodeTruncated, "the file ends before it should")
		case errors.Is(err, errLong):
			return nil, a.v.wrong(CodeLine, "the line is too long")
		case err != nil:
			return nil, fmt.Errorf("read the entries: %w", err)
		}
		if err := a.take(string(bytes.TrimSuffix(raw, []byte("\n")))); err != nil {
			return nil, err
		}
	}
	if _, err := lines.ReadByte(); !errors.Is(err, io.EOF) {
		return nil, a.v.wrong(CodeLine, "something follows the end")
	}
	return a.v.point, nil
}

type auditor struct {
	v    verifier
	seen proof.Head
	of   map[leaf.Hash]*proof.Count
	at   int64
	done bool
}

func (a *auditor) take(text string) error {
	word, rest, _ := strings.Cut(text, " ")
	switch {
	case a.v.line == 1:
		if text != EntriesHeader {
			return a.v.wrong(CodeFormat, "these are no entries of a log, or of another version")
		}
	case a.v.line == 2 && word == "checkpoint":
		return a.v.checkpoint(strings.Split(rest, " "))
	case a.v.line > 2 && word == "leaf":
		return a.leaf(rest)
	case a.v.line > 2 && word == "end" && rest == strconv.Itoa(a.v.line):
		a.done = true
		return a.end()
	default:
		return a.v.wrong(CodeLine, "this line cannot stand here")
	}
	return nil
}

func (a *auditor) leaf(text string) error {
	raw, err := a.v.raw(text)
	if err != nil {
		return err
	}
	l, err := leaf.Parse(raw)
	if err != nil {
		return a.v.wrong(CodeLeaf, "%v", err)
	}
	known := a.of[l.Label]
	if known == nil {
		known = &proof.Count{Label: l.Label}
		a.of[l.Label] = known
	}
	switch {
	case a.v.tree.Size() >= a.v.point.Size:
		return a.v.wrong(CodeSize, "there are more leaves than the checkpoint is over")
	case l.Sequence != known.Count+1:
		return a.v.wrong(CodeSequence, "leaf %d of a practice follows leaf %d", l.Sequence, known.Count)
	case l.Previous != known.Head:
		return a.v.wrong(CodePrevious, "leaf %d of a practice does not name the one before it", l.Sequence)
	case l.At < a.at:
		return a.v.wrong(CodeTime, "a leaf is of an earlier instant than the one before it")
	}
	known.Count, known.Head, a.at = l.Sequence, leaf.Sum(raw), l.At
	a.v.tree.Leaf(known.Head, nil)
	if a.v.tree.Size() == a.seen.Size && a.v.tree.Root() != a.seen.Root {
		return a.v.wrong(CodeFork, "the first %d leaves are not those that were seen before", a.seen.Size)
	}
	return nil
}

func (a *auditor) end() error {
	point := a.v.point
	if point.Size < a.seen.Size {
		return a.v.wrong(CodeFork, "%d leaves, and %d were seen before", point.Size, a.seen.Size)
	}
	counts := make([]proof.Count, 0, len(a.of))
	for _, c := range a.of {
		counts = append(counts, *c)
	}
	list, err := proof.NewList(counts)
	switch {
	case err != nil:
		return a.v.wrong(CodeCount, "%v", err)
	case a.v.tree.Size() != point.Size:
		return a.v.wrong(CodeSize, "%d leaves, and the checkpoint is over %d", a.v.tree.Size(), point.Size)
	case a.v.tree.Root() != point.Root:
		return a.v.wrong(CodeTree, "these are not the leaves that the checkpoint is over")
	case list.Size() != point.Counts || list.Root() != point.List:
		return a.v.wrong(CodeCount, "the list of counts is not that of these leaves")
	}
	return nil
}
