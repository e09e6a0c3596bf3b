package journal

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"letterhead/courier/journal/known"
	"letterhead/store"
)

// What all processes of the folder count together lies in shared files of records, like the chains' (chains.go). What the records of one mean is a
// Book's business: what was spent of the practices' limits (package budget), which addresses are not written to any more (package suppressed), what
// the breaker saw of late (package lookout), how long the ledger is (package logbook). When a file has grown to three times what it says, a new one takes its place. Beside it lies a set of
// hashes (package known).
type sharedFile struct {
	name    string // of the log, without its end
	set     string
	bytes   int64 // smaller files are left as they are
	archive bool  // the old one is kept for a while: what went under an approval is read from it
}

var (
	spentFile      = sharedFile{"spent", "known.set", 12 << 20, true}
	suppressedFile = sharedFile{"suppressed", "suppressed.set", 1 << 20, false}
	seenFile       = sharedFile{"seen", "seen.set", 4 << 20, false}
	ledgerFile     = sharedFile{"ledger", "ledger.set", 1 << 20, false}
	sharedFiles    = []sharedFile{spentFile, suppressedFile, seenFile, ledgerFile}
)

func (f sharedFile) log() string  { return f.name + ".log" }
func (f sharedFile) lock() string { return f.name + ".lck" } // not .lock: those are processes

const (
	archiveEnd = ".spent"

	keyRecord   = 'K' // the key of this folder's hashes
	knownRecord = 'M' // how many hashes the set had when the file was written anew
	baseRecord  = 'Z' // what was written anew ends here

	archiveFor = 14 * 24 * time.Hour // then an archive is removed
)

// Book is what understands the records. Its methods are called one at a time.
type Book interface {
	Reset()                             // forget everything: the file is read from its beginning
	Take(record []byte) bool            // one record, of any process; false: it does not fit
	Snapshot(put func([]byte)) []uint64 // records that say the same in fewer bytes; and what is to join the known set, in order
}

// Ground is what a decision may use besides the book.
type Ground struct {
	key   *[32]byte
	known *known.Set
	out   []byte
	bad   error
}

// Key is a secret of this folder, for hashes that nobody can make from outside.
func (g *Ground) Key() *[32]byte { return g.key }

// Known tells whether a hash joined the set of known ones.
func (g *Ground) Known(hash uint64) (bool, error) { return g.known.Has(hash) }

// Put appends a record. The book has taken it already.
func (g *Ground) Put(record []byte) {
	if len(record) == 0 || len(record) > mostRecord {
		g.bad = fmt.Errorf("a record of %d bytes", len(record))
		return
	}
	out, start := begin(g.out, record[0])
	g.out = end(append(out, record[1:]...), start)
}

// Shared is one process's view of a shared file. It is safe for concurrent use.
type Shared struct {
	of     sharedFile
	folder string
	want   identity
	book   Book

	mu       sync.Mutex
	wake     *sync.Cond
	lock     *os.File
	file     *os.File
	info     os.FileInfo
	offset   int64
	base     int64 // bytes when it was written anew
	ground   Ground
	written  int64 // bytes that this process ever appended
	onDisk   int64 // of those
	syncing  bool
	failed   error
	hasKey   bool
	hasKnown bool
}

// Spent opens what was spent, for this process.
func (j *Journal) Spent(book Book) (*Shared, error) { return j.share(spentFile, book) }

// Suppressed opens which addresses are not written to, for this process.
func (j *Journal) Suppressed(book Book) (*Shared, error) { return j.share(suppressedFile, book) }

// Seen opens what the breaker saw, for this process.
func (j *Journal) Seen(book Book) (*Shared, error) { return j.share(seenFile, book) }

// Ledger opens how long the ledger is, for this process.
func (j *Journal) Ledger(book Book) (*Shared, error) { return j.share(ledgerFile, book) }

// OpenSuppressed is Suppressed for a process that is no courier: it learns that an address is not to be written to any more. Its Close is its own.
func OpenSuppressed(folder, installation string, epoch int64, book Book) (*Shared, error) {
	if err := Check(folder, installation, epoch); err != nil {
		return nil, err
	}
	return openShared(folder, identity{installation, epoch}, suppressedFile, book)
}

func (j *Journal) share(of sharedFile, book Book) (*Shared, error) {
	s, err := openShared(j.folder, j.want, of, book)
	if err != nil {
		return nil, err
	}
	j.mu.Lock()
	j.shared = append(j.shared, s)
	j.mu.Unlock()
	return s, nil
}

func openShared(folder string, want identity, of sharedFile, book Book) (*Shared, error) {
	s := &Shared{of: of, folder: folder, want: want, book: book}
	s.wake = sync.NewCond(&s.mu)
	var err error
	if s.lock, err = os.OpenFile(filepath.Join(folder, of.lock()), os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return nil, ErrBroken.With(err)
	}
	if err := s.Change(time.Time{}, func(*Ground) error { return nil }); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// Change calls decide with everything that any process wrote taken into the book, and appends what it puts. Nobody else changes anything
// meanwhile. What was put is on disk after Sync, not before. After an error, of the file or of decide, the book may have taken what the file has
// not: every later call fails, and nothing may be sent until the process begins again.
func (s *Shared) Change(now time.Time, decide func(*Ground) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed != nil {
		return s.failed
	}
	if err := syscall.Flock(int(s.lock.Fd()), syscall.LOCK_EX); err != nil {
		return ErrBroken.With(err)
	}
	defer func() { _ = syscall.Flock(int(s.lock.Fd()), syscall.LOCK_UN) }()
	if err := s.refresh(); err != nil {
		return err
	}
	s.ground.out, s.ground.bad = s.ground.out[:0], nil
	if err := decide(&s.ground); err != nil {
		return s.fail(err)
	}
	if s.ground.bad != nil {
		return s.fail(s.ground.bad)
	}
	if len(s.ground.out) == 0 {
		return nil
	}
	if _, err := s.file.WriteAt(s.ground.out, s.offset); err != nil {
		return s.fail(err)
	}
	s.offset += int64(len(s.ground.out))
	s.written += int64(len(s.ground.out))
	if s.offset > s.of.bytes && s.offset > 3*s.base {
		if err := s.rewrite(now); err != nil {
			return s.fail(err)
		}
	}
	return nil
}

func (s *Shared) fail(err error) error {
	s.failed = ErrBroken.With(fmt.Errorf("%s cannot be believed: %w", s.of.log(), err))
	s.wake.Broadcast()
	return s.failed
}

// Sync returns when the disk has everything that this process put so far; many callers share one wait.
func (s *Shared) Sync() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for want := s.written; s.onDisk < want; {
		if s.failed != nil {
			return s.failed
		}
		if s.syncing {
			s.wake.Wait()
			continue
		}
		s.syncing = true
		file, until := s.file, s.written
		s.mu.Unlock()
		err := datasync(file)
		s.mu.Lock()
		s.syncing = false
		if err != nil && file == s.file { // one that was replaced meanwhile is on disk in the new one
			return s.fail(err)
		}
		s.onDisk = max(s.onDisk, until)
		s.wake.Broadcast()
	}
	return s.failed
}

func datasync(file *os.File) error {
	raw, err := file.SyscallConn()
	if err != nil {
		return err
	}
	var synced error
	err = raw.Control(func(fd uintptr) { synced = syscall.Fdatasync(int(fd)) })
	return errors.Join(err, synced)
}

// refresh takes in what others appended since, or all of a file that is another one. What a crash tore off at its end is cut off.
func (s *Shared) refresh() error {
	info, err := os.Stat(filepath.Join(s.folder, s.of.log()))
	if errors.Is(err, fs.ErrNotExist) {
		return ErrMissing.With(err)
	}
	if err != nil {
		return ErrBroken.With(err)
	}
	if s.file != nil && os.SameFile(s.info, info) {
		if info.Size() == s.offset {
			return nil
		}
		if info.Size() < s.offset {
			return s.fail(errors.New("it was cut"))
		}
	} else if err := s.reopen(); err != nil {
		return err
	}
	if info, err = s.file.Stat(); err != nil {
		return s.fail(err)
	}
	raw, err := io.ReadAll(io.NewSectionReader(s.file, s.offset, info.Size()-s.offset))
	if err != nil {
		return s.fail(err)
	}
	if err := s.take(raw); err != nil {
		return s.fail(err)
	}
	if s.offset < info.Size() {
		if err := s.file.Truncate(s.offset); err != nil {
			return s.fail(err)
		}
	}
	if !s.hasKnown {
		return s.fail(errors.New("it does not say its key"))
	}
	return nil
}

func (s *Shared) reopen() error {
	file, err := os.OpenFile(filepath.Join(s.folder, s.of.log()), os.O_RDWR, 0o600)
	if err != nil {
		return ErrBroken.With(err)
	}
	if s.file != nil {
		_ = s.file.Close()
	}
	if s.info, err = file.Stat(); err != nil {
		return s.fail(errors.Join(err, file.Close()))
	}
	s.file, s.offset, s.base, s.hasKey, s.hasKnown = file, 0, 0, false, false
	s.book.Reset()
	return nil
}

func (s *Shared) take(raw []byte) error {
	for at := 0; at < len(raw); {
		payload, length, ok := record(raw[at:])
		if !ok {
			if wholeRecordIn(raw[at+1:]) {
				return fmt.Errorf("damaged at byte %d", s.offset)
			}
			return nil
		}
		if err := s.takeRecord(payload); err != nil {
			return fmt.Errorf("at byte %d: %w", s.offset, err)
		}
		at += length
		s.offset += int64(length)
	}
	return nil
}

func (s *Shared) takeRecord(payload []byte) error {
	fields := reader{rest: payload[1:]}
	switch {
	case s.offset == 0:
		if payload[0] != headRecord || fields.text() != s.want.Installation {
			return errors.New("of another installation")
		}
		return nil
	case payload[0] == keyRecord && !s.hasKey:
		key := fields.hash()
		if fields.bad || s.ground.key != nil && *s.ground.key != key {
			return errors.New("another key")
		}
		s.ground.key, s.hasKey = &key, true
		return nil
	case payload[0] == knownRecord && s.hasKey && !s.hasKnown:
		return s.openKnown(fields.number())
	case payload[0] == baseRecord:
		s.base = s.offset
		return nil
	case s.hasKnown && s.book.Take(payload):
		return nil
	}
	return errors.New("a record that does not fit")
}

// openKnown opens the set of known hashes, which must have at least as many as it had.
func (s *Shared) openKnown(count int64) error {
	if count < 0 {
		return errors.New("a number that cannot be")
	}
	set, err := known.Open(filepath.Join(s.folder, s.of.set), mark8(s.ground.key))
	if err != nil {
		return err
	}
	if int64(set.Count()) < count {
		return errors.Join(fmt.Errorf("%s has %d hashes, and had %d", s.of.set, set.Count(), count), set.Close())
	}
	if s.ground.known != nil {
		_ = s.ground.known.Close()
	}
	s.ground.known, s.hasKnown = set, true
	return nil
}

// mark8 names a key without telling it.
func mark8(key *[32]byte) (out [8]byte) {
	sum := sha256.Sum256(append([]byte("mark"), key[:]...))
	copy(out[:], sum[:])
	return out
}

// rewrite puts a file that says the same in fewer bytes in the present one's place, and keeps that one as an archive.
func (s *Shared) rewrite(now time.Time) error {
	records, err := s.snapshot()
	if err != nil {
		return err
	}
	if s.of.archive {
		archive := filepath.Join(s.folder, fmt.Sprintf("%020d%s", store.Micro(now), archiveEnd))
		if err := os.Link(filepath.Join(s.folder, s.of.log()), archive); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	if err := writeFile(s.folder, s.of.log(), records); err != nil {
		return err
	}
	s.onDisk = s.written // all of it is in the new file
	archives, err := s.archives()
	if err != nil {
		return err
	}
	for _, a := range archives {
		if store.Instant(a.at).Before(now.Add(-archiveFor)) {
			_ = os.Remove(a.name) // the next time, if not now
		}
	}
	return s.refresh()
}

func (s *Shared) snapshot() ([]byte, error) {
	g := Ground{}
	fresh := s.book.Snapshot(g.Put)
	if g.bad != nil {
		return nil, g.bad
	}
	name, count := filepath.Join(s.folder, s.of.set), int64(s.ground.known.Count())
	if len(fresh) > 0 {
		n, err := s.ground.known.Merge(name, fresh)
		if err != nil {
			return nil, err
		}
		count = int64(n)
	}
	out, start := begin(append(sharedHead(s.want, *s.ground.key, count), g.out...), baseRecord)
	return end(out, start), nil
}

func sharedHead(id identity, key [32]byte, count int64) []byte {
	out := appendHead(nil, id, "")
	out, start := begin(out, keyRecord)
	out = end(append(out, key[:]...), start)
	out, start = begin(out, knownRecord)
	return end(binary.AppendVarint(out, count), start)
}

func createShared(folder string, id identity) error {
	for _, f := range sharedFiles {
		var key [32]byte
		_, _ = rand.Read(key[:]) // never fails (crypto/rand)
		if err := known.Create(filepath.Join(folder, f.set), mark8(&key)); err != nil {
			return err
		}
		if err := writeFile(folder, f.log(), sharedHead(id, key, 0)); err != nil {
			return err
		}
	}
	return nil
}

type archive struct {
	name string
	at   int64
}

func (s *Shared) archives() ([]archive, error) {
	if !s.of.archive {
		return nil, nil
	}
	names, err := filepath.Glob(filepath.Join(s.folder, "*"+archiveEnd))
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	var out []archive
	for _, name := range names {
		if at, err := strconv.ParseInt(strings.TrimSuffix(filepath.Base(name), archiveEnd), 10, 64); err == nil {
			out = append(out, archive{name, at})
		}
	}
	return out, nil
}

// Each calls do with every record that is still there, the archives' first, in the order in which they were written. A record may come twice.
func (s *Shared) Each(do func(record []byte)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	archives, err := s.archives()
	if err != nil {
		return ErrBroken.With(err)
	}
	for _, a := range append(archives, archive{name: filepath.Join(s.folder, s.of.log())}) {
		raw, err := os.ReadFile(a.name)
		if err != nil {
			return ErrBroken.With(err)
		}
		for at := 0; at < len(raw); {
			payload, length, ok := record(raw[at:])
			if !ok {
				if wholeRecordIn(raw[at+1:]) {
					return ErrBroken.With(fmt.Errorf("%s is damaged at byte %d", filepath.Base(a.name), at))
				}
				break
			}
			if at > 0 && !bytes.ContainsRune([]byte{headRecord, keyRecord, knownRecord, baseRecord}, rune(payload[0])) {
				do(payload)
			}
			at += length
		}
	}
	return nil
}

func (s *Shared) close() {
	_ = s.lock.Close()
	if s.file != nil {
		_ = s.file.Close()
	}
	if s.ground.known != nil {
		_ = s.ground.known.Close()
	}
}

// Close lets go of the files; nothing can be asked any more.
func (s *Shared) Close() error {
	err := s.Sync()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed == nil {
		s.failed = ErrBroken.Saying("the journal is closed")
		s.close()
	}
	return err
}
