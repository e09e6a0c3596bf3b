// Package witness watches a log from outside: it remembers the last state that it saw, signs a newer one only when that has grown out of it
// (C2SP tlog-witness), and says so when it has not. It knows no leaf and no practice, and needs nothing of the operator but checkpoints and proofs.
//
// Promises: what it cosigned is on disk before it answers, and it never cosigns two states of one log of which neither grew out of the other,
// whoever asks, in whatever order, however often it is killed. A state that the log signed and that does not fit is kept, with the one it
// contradicts, and reported: these two notes convict the log.
//
// Never: a clock believed for order; a checkpoint cosigned that the log's key did not sign. What stands in a checkpoint beside origin, size and
// root (the list of counts) is vouched for by auditors alone, who are given the entries (package evidence, Audit).
package witness

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/mod/sumdb/note"
	"letterhead/ledger/evidence"
	"letterhead/ledger/proof"
)

// Fork are two states that a log signed and of which neither can have grown out of the other, or not by the proof that it gave.
type Fork struct {
	Origin string `json:"origin"`
	Seen   string `json:"seen"`  // the note that was cosigned
	Other  string `json:"other"` // the one that was refused
	Why    string `json:"why"`
}

// Witness is one witness's memory of some logs. It is safe for concurrent use; one process at a time has a folder.
type Witness struct {
	folder string
	key    *proof.Cosigner
	logs   map[string]note.Verifier
	report func(Fork)
	lock   *os.File

	mu sync.Mutex
}

// Open takes up a witness's folder. report is told of every fork, after it is on disk.
func Open(folder string, key *proof.Cosigner, report func(Fork), logs ...note.Verifier) (*Witness, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("make the witness's folder: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(folder, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the witness's folder: %w", err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(errors.New("another process has the witness's folder"), lock.Close())
	}
	w := &Witness{folder: folder, key: key, logs: map[string]note.Verifier{}, report: report, lock: lock}
	for _, l := range logs {
		w.logs[l.Name()] = l
		if _, err := w.last(l.Name()); err != nil {
			return nil, errors.Join(err, lock.Close())
		}
	}
	return w, nil
}

// Close gives the folder free.
func (w *Witness) Close() error { return w.lock.Close() }

// Answer is what is answered, as HTTP has it.
type Answer struct {
	Status int
	Type   string
	Body   string
}

// The statuses of C2SP tlog-witness.
const (
	ok            = 200
	malformed     = 400
	forbidden     = 403
	unknown       = 404
	conflict      = 409
	unprocessable = 422
	failed        = 500

	sizeType = "text/x.tlog.size"
	textType = "text/plain; charset=utf-8"

	// MaxRequest bounds what is read of a request.
	MaxRequest = proof.MaxNote + 64*64
)

func say(status int, text string) Answer { return Answer{status, textType, text + "\n"} }

// Request is the body of add-checkpoint.
type Request struct {
	Old   int64 // size of the state that was cosigned last
	Proof []proof.Hash
	Note  string
}

// String writes a request.
func (r Request) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "old %d\n", r.Old)
	for _, h := range r.Proof {
		b.WriteString(proof.FormatHash(h) + "\n")
	}
	return b.String() + "\n" + r.Note
}

var errRequest = errors.New("the request is not of the form: old SIZE, proof, empty line, checkpoint")

// ParseRequest reads what String writes.
func ParseRequest(raw []byte) (Request, error) {
	head, rest, found := bytes.Cut(raw, []byte("\n\n"))
	if len(raw) > MaxRequest || !found {
		return Request{}, errRequest
	}
	var r Request
	r.Note = string(rest)
	lines := bufio.NewScanner(bytes.NewReader(head))
	for n := 0; lines.Scan(); n++ {
		text := lines.Text()
		if n == 0 {
			size, err := strconv.ParseInt(strings.TrimPrefix(text, "old "), 10, 64)
			if err != nil || size < 0 || size > proof.MaxSize || "old "+strconv.FormatInt(size, 10) != text {
				return Request{}, errRequest
			}
			r.Old = size
			continue
		}
		h, err := proof.ParseHash(text)
		if err != nil || n > 63 {
			return Request{}, errRequest
		}
		r.Proof = append(r.Proof, h)
	}
	if r.String() != string(raw) {
		return Request{}, errRequest
	}
	return r, nil
}

// AddCheckpoint answers a request.
func (w *Witness) AddCheckpoint(raw []byte) Answer {
	r, err := ParseRequest(raw)
	if err != nil {
		return say(malformed, err.Error())
	}
	origin, _, _ := strings.Cut(r.Note, "\n")
	log := w.logs[origin]
	if log == nil {
		return say(unknown, "this log is not known here")
	}
	next, err := proof.OpenCheckpoint([]byte(r.Note), log)
	if err != nil {
		return say(forbidden, "the log's key did not sign this checkpoint, or it is not of the form")
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	seen, err := w.last(origin)
	if err != nil {
		return say(failed, "this witness cannot read what it has seen")
	}
	if answer, stop := w.hold(r, next, seen, log); stop {
		return answer
	}
	if seen == nil || seen.Text != next.Text {
		if err := w.write(w.name(origin), []byte(next.Note)); err != nil {
			return say(failed, "this witness cannot write what it has seen")
		}
	}
	line, err := next.Cosign(w.key)
	if err != nil {
		return say(failed, "this witness cannot sign")
	}
	return Answer{ok, textType, line}
}

// Audit reads all entries of a log, works tree and counts out again, and returns the checkpoint with this key's line for it. A witness that audits has a
// key for that alone: its signature says that the list of counts is right.
func (w *Witness) Audit(in io.Reader, log note.Verifier) (*proof.Signed, string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	seen, err := w.last(log.Name())
	if err != nil {
		return nil, "", err
	}
	var before proof.Head
	if seen != nil {
		before = seen.Head
	}
	next, err := evidence.Audit(in, log, before)
	if err != nil {
		return nil, "", err
	}
	if seen != nil && seen.Size == next.Size && seen.Text != next.Text {
		w.fork(log.Name(), seen, next, "two states of one size")
		return nil, "", errors.New("the log signed another state of this size before")
	}
	if err := w.write(w.name(log.Name()), []byte(next.Note)); err != nil {
		return nil, "", fmt.Errorf("keep what was audited: %w", err)
	}
	line, err := next.Cosign(w.key)
	return next, line, err
}

// hold compares a state with the last one. What is reported is what convicts: the log signed both.
func (w *Witness) hold(r Request, next, seen *proof.Signed, log note.Verifier) (Answer, bool) {
	size := int64(0)
	var old proof.Head
	if seen != nil {
		size, old = seen.Size, seen.Head
	}
	behind := Answer{conflict, sizeType, strconv.FormatInt(size, 10) + "\n"}
	switch {
	case r.Old > next.Size:
		return say(malformed, "the old size is larger than the checkpoint's"), true
	case seen != nil && next.Size == size && next.Text != seen.Text:
		w.fork(log.Name(), seen, next, "two states of one size")
		return behind, true
	case r.Old != size:
		return behind, true
	case proof.CheckGrowth(r.Proof, next.Head, old) != nil:
		w.fork(log.Name(), seen, next, "the proof that one grew out of the other does not hold")
		return say(unprocessable, "the consistency proof does not hold"), true
	}
	return Answer{}, false
}

// name is where the last state of a log is kept.
func (w *Witness) name(origin string) string {
	return proof.Name(origin) + ".checkpoint"
}

// last is the state that was cosigned last; nil: none.
func (w *Witness) last(origin string) (*proof.Signed, error) {
	raw, err := os.ReadFile(filepath.Join(w.folder, w.name(origin)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // none was cosigned yet
	}
	if err != nil {
		return nil, fmt.Errorf("read what the witness has seen: %w", err)
	}
	seen, err := proof.OpenCheckpoint(raw, w.logs[origin])
	if err != nil {
		return nil, fmt.Errorf("read what the witness has seen of %s: %w", origin, err)
	}
	return seen, nil
}

// fork keeps both notes; one file for each pair, so that asking again fills no disk.
func (w *Witness) fork(origin string, seen, other *proof.Signed, why string) {
	f := Fork{Origin: origin, Other: other.Note, Why: why}
	if seen != nil {
		f.Seen = seen.Note
	}
	raw, err := json.MarshalIndent(f, "", "\t")
	if err != nil {
		return
	}
	name := proof.Name(f.Seen+"\n"+other.Text) + ".fork"
	known, err := filepath.Glob(filepath.Join(w.folder, "*.fork"))
	if err != nil || len(known) >= mostForks {
		w.report(f)
		return
	}
	if err := w.write(name, append(raw, '\n')); err != nil {
		f.Why += "; it could not be kept: " + err.Error()
	}
	w.report(f)
}

const mostForks = 1000

// write puts a file in its place whole, on disk when it returns.
func (w *Witness) write(name string, raw []byte) error {
	temporary, err := os.CreateTemp(w.folder, name+".*")
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name())
	_, err = temporary.Write(raw)
	if err = errors.Join(err, temporary.Sync(), temporary.Close()); err != nil {
		return err
	}
	if err := os.Rename(temporary.Name(), filepath.Join(w.folder, name)); err != nil {
		return err
	}
	opened, err := os.Open(w.folder)
	if err != nil {
		return err
	}
	return errors.Join(opened.Sync(), opened.Close())
}
