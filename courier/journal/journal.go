// Package journal is what the courier writes down outside the database, and believes over it.
//
// A folder holds: whose journal it is (installation and epoch), the stops that were seen (a stop deleted from the database still counts),
// what was seen of each practice's approvals (head of the chain, when each entry was first seen, what was revoked and withdrawn), what may be
// used once and was, what was spent of each limit, which addresses are not written to any more, what the breaker saw of late, and for each courier process its segments: append-only files of records, each with a CRC.
// Two kinds of record: `begun`, on disk before the first byte of a message leaves, and `answered`, what the relay said to it, until the
// database has it too. A file lock says which processes live; whoever finds the segments of a dead one reads from them what had begun.
//
// Promises: Begun returns after fsync, many callers sharing one; what was torn at the end of a segment by a crash had not begun and is
// counted; damage before the end is told apart from that, and then every message of that process counts as begun. A folder that is
// missing, of another installation or of another epoch is an error: nothing may be sent. Segments whose messages are all settled in the
// database are removed, so that the folder stays small.
//
// Never: an address or a name; a repair of what was written, beyond cutting off a torn end that nobody was answered for.
package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"letterhead/fault"
	"letterhead/store"
)

// Why nothing may be sent.
var (
	ErrMissing  = fault.New(fault.Unavailable, "journal.missing", "the courier's journal is missing; nothing is sent. Put the folder back, or begin a new epoch with letterhead restore")
	ErrMismatch = fault.New(fault.Unavailable, "journal.mismatch", "the courier's journal belongs to another installation or epoch; nothing is sent")
	ErrBroken   = fault.New(fault.Unavailable, "journal.broken", "the courier's journal cannot be written; nothing is sent")
)

const (
	identityFile = "journal.json"
	stopsFile    = "stops.json"
	folderLock   = "folder.lock"
	lockEnd      = ".lock"
	segmentEnd   = ".seg"
	segmentBytes = 4 << 20 // then the next segment begins
)

type identity struct {
	Installation string `json:"installation"`
	Epoch        int64  `json:"epoch"`
}

// Create makes the journal of a new installation. It refuses a folder that holds one.
func Create(folder, installation string, epoch int64) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("make the journal's folder: %w", err)
	}
	if _, err := os.Stat(filepath.Join(folder, identityFile)); !errors.Is(err, fs.ErrNotExist) {
		return fault.New(fault.Conflict, "journal.exists", "this folder holds a journal already")
	}
	if err := writeJSON(folder, stopsFile, stops{}); err != nil {
		return err
	}
	if err := createChains(folder, identity{installation, epoch}); err != nil {
		return err
	}
	if err := createShared(folder, identity{installation, epoch}); err != nil {
		return err
	}
	return writeJSON(folder, identityFile, identity{installation, epoch})
}

func readIdentity(folder string) (identity, error) {
	var id identity
	raw, err := os.ReadFile(filepath.Join(folder, identityFile))
	if errors.Is(err, fs.ErrNotExist) {
		return id, ErrMissing
	}
	if err == nil {
		err = decode(raw, &id)
	}
	if err != nil {
		return id, ErrBroken.With(err)
	}
	return id, nil
}

// Journal is one courier process's place in the folder. It is safe for concurrent use.
type Journal struct {
	folder  string
	process string
	want    identity
	lock    *os.File

	mu        sync.Mutex
	wake      *sync.Cond
	file      *os.File
	number    int // of the current segment
	size      int64
	open      map[int]int // segment → begun and not settled
	pending   []byte
	spare     []byte
	batch     int64 // number of the write that takes what is pending
	done      int64 // the last batch that is on disk
	writing   bool
	callers   []*caller // whose entries are pending
	answers   []byte    // not yet in the file
	unwritten int       // how many
	failed    error
	keep      bool // for the next courier

	stops  stopsCache
	chains chains
	shared []*Shared
}

// caller waits for its entries to be on disk.
type caller struct {
	entries int
	segment int // where they stand
}

// Open opens the folder for a new courier process.
func Open(folder, installation string, epoch int64) (*Journal, error) {
	want := identity{installation, epoch}
	if known, err := readIdentity(folder); err != nil {
		return nil, err
	} else if known != want {
		return nil, ErrMismatch
	}
	unlock, err := lockFolder(folder)
	if err != nil {
		return nil, err
	}
	defer unlock()
	j := &Journal{folder: folder, process: store.NewID[string](), want: want, open: map[int]int{}, batch: 1}
	j.wake = sync.NewCond(&j.mu)
	if _, _, err := j.Stops(); err != nil {
		return nil, err
	}
	if _, err := j.ChainHead(""); err != nil {
		return nil, err
	}
	j.lock, err = os.OpenFile(filepath.Join(folder, j.process+lockEnd), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return nil, ErrBroken.With(err)
	}
	if err := syscall.Flock(int(j.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, ErrBroken.With(err)
	}
	// The first segment is there before anything is marked as leaving: no segment at all means that the journal was taken away.
	if err := j.next(); err != nil {
		return nil, err
	}
	return j, nil
}

// Process names this courier process, as in the messages that it claims.
func (j *Journal) Process() string { return j.process }

// Healthy tells whether messages may be sent: the folder is still there, is still ours, and could be written so far.
func (j *Journal) Healthy() error {
	j.mu.Lock()
	failed := j.failed
	j.mu.Unlock()
	if failed != nil {
		return failed
	}
	known, err := readIdentity(j.folder)
	if err != nil {
		return err
	}
	if known != j.want {
		return ErrMismatch
	}
	here, err := os.Stat(filepath.Join(j.folder, j.process+lockEnd))
	if err != nil {
		return ErrMissing.With(err)
	}
	mine, err := j.lock.Stat()
	if err != nil || !os.SameFile(here, mine) {
		return ErrMissing.With(err)
	}
	return nil
}

// Entry names one try of one message.
type Entry struct {
	Practice store.PracticeID
	ID       string
	Attempt  int64
	At       time.Time
}

// Answer is what a try came to.
type Answer struct {
	State     string
	Reason    string
	Detail    string
	OutsideID string
	Turn      time.Time // when it may be tried again
}

// Begun writes that the first bytes of messages are about to leave, and returns when the disk has it, with the segment to give to Settled.
// After an error nothing of them may leave.
func (j *Journal) Begun(entries ...Entry) (segment int, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.failed != nil {
		return 0, j.failed
	}
	for i := range entries {
		j.pending = appendBegun(j.pending, &entries[i])
	}
	me := &caller{entries: len(entries)}
	j.callers = append(j.callers, me)
	mine := j.batch
	for j.done < mine && j.failed == nil {
		if j.writing {
			j.wake.Wait()
			continue
		}
		j.write()
	}
	return me.segment, j.failed
}

// Answered notes what became of a message that had begun. A few together are handed to the system, or with the next Begun or Flush; a crash
// before that makes the message "maybe sent".
func (j *Journal) Answered(e Entry, a Answer) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.answers = appendAnswered(j.answers, &e, &a)
	if j.unwritten++; j.unwritten >= answersTogether {
		j.writeAnswers()
	}
}

// writeAnswers does not wait for a write that the disk is busy with: the file takes whole records from both (O_APPEND).
func (j *Journal) writeAnswers() {
	if len(j.answers) == 0 || j.failed != nil {
		return
	}
	_, err := j.file.Write(j.answers)
	j.size += int64(len(j.answers))
	j.answers, j.unwritten = j.answers[:0], 0
	if err != nil {
		j.failed = ErrBroken.With(err)
		j.wake.Broadcast()
	}
}

const answersTogether = 8

// Flush hands what was answered to the system, without waiting for the disk: a killed process loses nothing of it.
func (j *Journal) Flush() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.writeAnswers()
}

// write puts what had begun into the file, on disk. The lock is held, and given up while the disk works.
func (j *Journal) write() {
	j.writing = true
	if j.size >= segmentBytes {
		if err := j.next(); err != nil {
			j.finish(err)
			return
		}
	}
	buffer, number, file := j.pending, j.batch, j.file
	for _, c := range j.callers {
		c.segment = j.number
		j.open[j.number] += c.entries
	}
	j.pending, j.callers = j.spare[:0], j.callers[:0]
	j.batch++
	j.size += int64(len(buffer))
	j.mu.Unlock()
	_, err := file.Write(buffer)
	if err == nil {
		err = syscall.Fdatasync(int(file.Fd()))
	}
	j.mu.Lock()
	j.spare = buffer[:0]
	if err == nil {
		j.done = number
	}
	j.finish(err)
}

func (j *Journal) finish(err error) {
	j.writing = false
	if err != nil && j.failed == nil {
		j.failed = ErrBroken.With(err)
	}
	j.wake.Broadcast()
}

// next begins another segment.
func (j *Journal) next() error {
	name := filepath.Join(j.folder, fmt.Sprintf("%s-%06d%s", j.process, j.number+1, segmentEnd))
	file, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return ErrBroken.With(err)
	}
	head := appendHead(nil, j.want, j.process)
	if _, err = file.Write(head); err == nil {
		err = errors.Join(file.Sync(), syncFolder(j.folder))
	}
	if err != nil {
		return ErrBroken.With(errors.Join(err, file.Close()))
	}
	if j.file != nil {
		if err := j.file.Close(); err != nil {
			return ErrBroken.With(err)
		}
	}
	old := j.number
	j.file, j.size, j.number = file, int64(len(head)), j.number+1
	j.removeSettled(old)
	return nil
}

// Settled says that the database knows what became of n messages that had begun in a segment.
func (j *Journal) Settled(segment, n int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.open[segment] -= n
	j.removeSettled(segment)
}

// removeSettled removes a segment that is full and wholly settled. A file that cannot be removed does no harm: it is read and found settled.
func (j *Journal) removeSettled(segment int) {
	if segment > 0 && segment != j.number && j.open[segment] <= 0 && j.syncShared() == nil {
		delete(j.open, segment)
		_ = os.Remove(filepath.Join(j.folder, fmt.Sprintf("%s-%06d%s", j.process, segment, segmentEnd)))
	}
}

// syncShared has what was counted on disk before the segments go that could tell.
func (j *Journal) syncShared() error {
	var err error
	for _, s := range j.shared {
		err = errors.Join(err, s.Sync())
	}
	return err
}

// Keep has Close leave the process's part behind, also when all it began is settled: messages that never began are still marked as leaving, and
// only from what is left can the next courier tell that they had not.
func (j *Journal) Keep() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.keep = true
}

// Close ends the process's part. When all it began is settled, nothing of it stays in the folder; otherwise its segments stay for the next
// courier to recover.
func (j *Journal) Close() error {
	j.Flush()
	j.mu.Lock()
	defer j.mu.Unlock()
	for j.writing {
		j.wake.Wait()
	}
	settled := j.failed == nil && !j.keep && j.syncShared() == nil
	for _, n := range j.open {
		settled = settled && n <= 0
	}
	if j.failed == nil {
		j.failed = ErrBroken.Saying("the journal is closed")
	}
	err := j.file.Close()
	if settled {
		for segment := range j.number {
			_ = os.Remove(filepath.Join(j.folder, fmt.Sprintf("%s-%06d%s", j.process, segment+1, segmentEnd)))
		}
		err = errors.Join(err, os.Remove(filepath.Join(j.folder, j.process+lockEnd)))
	}
	for _, s := range j.shared {
		err = errors.Join(err, s.Close())
	}
	return errors.Join(err, j.lock.Close())
}

// lockFolder makes starting, recovering and noting stops happen one at a time.
func lockFolder(folder string) (unlock func(), err error) {
	if _, err := os.Stat(filepath.Join(folder, identityFile)); err != nil {
		return nil, ErrMissing.With(err)
	}
	file, err := os.OpenFile(filepath.Join(folder, folderLock), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, ErrBroken.With(err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		return nil, ErrBroken.With(errors.Join(err, file.Close()))
	}
	return func() { _ = file.Close() }, nil
}

// living returns the processes whose lock is held; the folder's lock is held by the caller.
func living(folder string) (map[string]bool, error) {
	names, err := filepath.Glob(filepath.Join(folder, "*"+lockEnd))
	if err != nil {
		return nil, err
	}
	out := map[string]bool{}
	for _, name := range names {
		base := filepath.Base(name)
		if base == folderLock {
			continue
		}
		file, err := os.OpenFile(name, os.O_RDWR, 0o600)
		if errors.Is(err, fs.ErrNotExist) {
			continue // ended between
		}
		if err != nil {
			return nil, ErrBroken.With(err)
		}
		if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
			out[strings.TrimSuffix(base, lockEnd)] = true
		}
		if err := file.Close(); err != nil {
			return nil, ErrBroken.With(err)
		}
	}
	return out, nil
}

// segments returns each process's segment files in order.
func segments(folder string) (map[string][]string, error) {
	names, err := filepath.Glob(filepath.Join(folder, "*"+segmentEnd))
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	out := map[string][]string{}
	for _, name := range names {
		base := strings.TrimSuffix(filepath.Base(name), segmentEnd)
		if cut := strings.LastIndexByte(base, '-'); cut > 0 {
			out[base[:cut]] = append(out[base[:cut]], name)
		}
	}
	return out, nil
}

func writeJSON(folder, name string, value any) error {
	raw, err := json.MarshalIndent(value, "", "\t")
	if err != nil {
		return err
	}
	return writeFile(folder, name, append(raw, '\n'))
}

// writeFile puts a whole file in the place of one of that name, on disk when it returns.
func writeFile(folder, name string, raw []byte) error {
	temporary, err := os.CreateTemp(folder, name+".*")
	if err != nil {
		return fmt.Errorf("write %s of the journal: %w", name, err)
	}
	defer os.Remove(temporary.Name())
	_, err = temporary.Write(raw)
	if err = errors.Join(err, temporary.Sync(), temporary.Close()); err != nil {
		return fmt.Errorf("write %s of the journal: %w", name, err)
	}
	if err := os.Rename(temporary.Name(), filepath.Join(folder, name)); err != nil {
		return fmt.Errorf("write %s of the journal: %w", name, err)
	}
	return syncFolder(folder)
}

func decode(raw []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}

func syncFolder(folder string) error {
	opened, err := os.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(opened.Sync(), opened.Close())
}
