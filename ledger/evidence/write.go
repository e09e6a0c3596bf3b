package evidence

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"io"
	"strconv"

	"letterhead/approval/assertion"
	"letterhead/ledger/proof"
)

// Start is what a file begins with.
type Start struct {
	Desks      []assertion.Party // where approvals were signed
	Cosigners  []string          // verifier keys of those who signed the checkpoint
	Checkpoint string            // with its signatures
	Lines      []proof.Line      // of the list of counts, that say how many leaves the practice has
}

// Writer writes a file line by line; it keeps nothing. Its methods stop at the first error, which End returns.
type Writer struct {
	out   *bufio.Writer
	lines int
	next  int64 // the place in the log that comes next
	err   error
}

// NewWriter begins a file.
func NewWriter(out io.Writer, start Start) *Writer {
	w := &Writer{out: bufio.NewWriterSize(out, 64<<10)}
	w.put(Header)
	for _, d := range start.Desks {
		w.put("desk", d.Origin, d.RPID)
	}
	for _, c := range start.Cosigners {
		w.put("cosigner", c)
	}
	w.put("checkpoint", text([]byte(start.Checkpoint)))
	for _, line := range start.Lines {
		var hashes []byte
		for i := range line.Proof {
			hashes = append(hashes, line.Proof[i][:]...)
		}
		w.put("list", strconv.FormatInt(line.Index, 10), text(line.Count.Append(nil)), text(hashes))
	}
	return w
}

func text(raw []byte) string { return base64.StdEncoding.EncodeToString(raw) }

func (w *Writer) put(fields ...string) {
	w.lines++
	for i, f := range fields {
		if i > 0 {
			f = " " + f
		}
		if _, err := w.out.WriteString(f); err != nil && w.err == nil {
			w.err = err
		}
	}
	if err := w.out.WriteByte('\n'); err != nil && w.err == nil {
		w.err = err
	}
}

// Entry writes an entry of the approvals, before the leaf of its first statement.
func (w *Writer) Entry(raw []byte) { w.put("entry", text(raw)) }

// Leaf writes a leaf that stands at a place of the log, and before it the hashes of what stands between.
func (w *Writer) Leaf(index int64, raw []byte, hash func(level int, n int64) (proof.Hash, error)) error {
	if index < w.next {
		return fmt.Errorf("evidence: leaf %d stands before leaf %d", index, w.next)
	}
	if err := w.skip(index, hash); err != nil {
		return err
	}
	w.put("leaf", text(raw))
	w.next = index + 1
	return w.err
}

func (w *Writer) skip(to int64, hash func(level int, n int64) (proof.Hash, error)) error {
	err := proof.Subtrees(w.next, to, func(level int, n int64) error {
		h, err := hash(level, n)
		if err != nil {
			return err
		}
		w.put("hash", strconv.Itoa(level), text(h[:]))
		return nil
	})
	w.next = to
	return err
}

// End writes the hashes of what stands behind the last leaf, up to the checkpoint's size (of a practice without leaves, 0), and the last line.
func (w *Writer) End(size int64, hash func(level int, n int64) (proof.Hash, error)) error {
	if err := w.skip(size, hash); err != nil {
		return err
	}
	w.put("end", strconv.Itoa(w.lines+1))
	if err := w.out.Flush(); err != nil && w.err == nil {
		w.err = err
	}
	return w.err
}
