package journal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"letterhead/fault"
	"letterhead/store"
)

// What the journal knows of the practices' approval chains lies in one file that all processes of the folder share: records are appended under
// the folder's lock and fsynced, and when the file has grown to twice what it says it is written anew and put in the old one's place.
const (
	chainsFile = "chains.log"

	entryRecord     = 'C' // an entry was first seen
	seenRecord      = 'S' // the same of many entries, from a file that was written anew
	revokedRecord   = 'R' // a key was revoked
	withdrawnRecord = 'W' // a statement was withdrawn
	resumedRecord   = 'X' // the chain goes on from an earlier entry
	nonceRecord     = 'N' // something that may be used once was

	compactBytes = 1 << 20 // smaller files are left as they are
	mostNonces   = 100_000
	mostTogether = 170 // entries in one seen record: each takes up to 20 bytes, and no record has more than mostRecord
)

// Why a chain's news are not written down.
var (
	ErrChainMoved = fault.New(fault.Conflict, "journal.chain_moved", "another process has written down more of this chain; read it again")
	ErrForked     = fault.New(fault.Unavailable, "journal.forked", "this practice's approvals are not those that the courier has seen; nothing of it is sent")
	ErrUsed       = fault.New(fault.Conflict, "journal.used", "this was used already; begin again")
)

// ChainHead is an entry of a chain: its position and hash. Zero: none.
type ChainHead struct {
	Position int64
	Hash     [32]byte
}

// Chain is what the journal knows of one practice's chain.
type Chain struct {
	Head      ChainHead
	Revoked   map[string]Revocation // keys
	Withdrawn map[[32]byte]bool     // digests of statements

	seen  []int64  // when each entry was first seen, by position less one
	marks []uint64 // the first 8 bytes of each entry's hash
}

// Seen is when an entry was first seen; zero: it was not.
func (c *Chain) Seen(position int64) time.Time {
	if position < 1 || position > int64(len(c.seen)) {
		return time.Time{}
	}
	return store.Instant(c.seen[position-1])
}

// Has tells whether an entry is the one that was seen at its position. (By 8 bytes of its hash before the head, which nobody finds a second entry to.)
func (c *Chain) Has(h ChainHead) bool {
	if h.Position == c.Head.Position {
		return h == c.Head
	}
	return h.Position > 0 && h.Position < c.Head.Position && c.marks[h.Position-1] == mark(h.Hash)
}

func mark(hash [32]byte) uint64 { return binary.LittleEndian.Uint64(hash[:]) }

func (c *Chain) clone() *Chain {
	return &Chain{Head: c.Head, Revoked: maps.Clone(c.Revoked), Withdrawn: maps.Clone(c.Withdrawn), seen: slices.Clone(c.seen), marks: slices.Clone(c.marks)}
}

func newChain() *Chain {
	return &Chain{Revoked: map[string]Revocation{}, Withdrawn: map[[32]byte]bool{}}
}

// Revocation is what is kept of a revoked key; see approval.Revocation.
type Revocation struct {
	First, Since int64
	Lost         bool
}

// ChainNews are what a verified chain says beyond what the journal knows.
type ChainNews struct {
	After     ChainHead  // what the caller knows the journal to have; of a resumed chain, what was lost
	Resumed   ChainHead  // the entry from which a resumed chain goes on; zero: it was not
	Entries   [][32]byte // hashes of the entries behind After, or behind Resumed
	At        time.Time  // when they were seen
	Revoked   map[string]Revocation
	Withdrawn [][32]byte
}

// chains is the file's content in memory.
type chains struct {
	mu     sync.Mutex
	file   os.FileInfo
	offset int64
	ground int64 // bytes when it was written anew
	of     map[store.PracticeID]*Chain
	nonces map[nonce]int64 // → until
}

type nonce struct {
	practice store.PracticeID
	text     string
}

// Chain returns what is known of a practice's chain. A missing or damaged file is an error: nothing may be sent.
func (j *Journal) Chain(practice store.PracticeID) (*Chain, error) {
	c := &j.chains
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.refresh(j.folder, j.want); err != nil {
		return nil, err
	}
	if known := c.of[practice]; known != nil {
		return known.clone(), nil
	}
	return newChain(), nil
}

// ChainHead is the head of what is known of a practice's chain: Chain without the copy, for every batch.
func (j *Journal) ChainHead(practice store.PracticeID) (ChainHead, error) {
	c := &j.chains
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.refresh(j.folder, j.want); err != nil {
		return ChainHead{}, err
	}
	if known := c.of[practice]; known != nil {
		return known.Head, nil
	}
	return ChainHead{}, nil
}

// NoteChain writes down entries that were verified, as first seen now, with what they revoke and withdraw, and returns when the disk has it.
// What they revoke comes first in the file: a crash between leaves more refused, never less.
func (j *Journal) NoteChain(practice store.PracticeID, news ChainNews) error {
	return j.change(func(c *chains) ([]byte, error) {
		known := c.of[practice]
		if known == nil {
			known = newChain()
		}
		if known.Head != news.After {
			return nil, ErrChainMoved
		}
		at := news.After.Position
		var out []byte
		for _, key := range slices.Sorted(maps.Keys(news.Revoked)) {
			r, is := known.Revoked[key]
			if next := news.Revoked[key]; !is || next.First < r.First || next.Since > 0 && (r.Since == 0 || next.Since < r.Since) {
				next.Lost = r.Lost
				out = appendRevoked(out, practice, key, next)
			}
		}
		for _, d := range news.Withdrawn {
			if !known.Withdrawn[d] {
				out = appendWithdrawn(out, practice, d)
			}
		}
		if news.Resumed != (ChainHead{}) {
			if !known.Has(news.Resumed) {
				return nil, ErrForked
			}
			at = news.Resumed.Position
			out = appendResumed(out, practice, news.Resumed)
		}
		for _, hash := range news.Entries {
			at++
			out = appendChainEntry(out, practice, at, hash, store.Micro(news.At))
		}
		return out, nil
	})
}

// Use writes down that something that may be used once was, until an instant after which it is refused for its age. A second use is ErrUsed.
func (j *Journal) Use(practice store.PracticeID, text string, now, until time.Time) error {
	if text == "" || len(text) > 128 {
		return fault.Field("nonce", "journal.nonce", "what may be used once has 1 to 128 characters")
	}
	return j.change(func(c *chains) ([]byte, error) {
		if c.nonces[nonce{practice, text}] > store.Micro(now) {
			return nil, ErrUsed
		}
		if len(c.nonces) >= mostNonces {
			maps.DeleteFunc(c.nonces, func(_ nonce, until int64) bool { return until <= store.Micro(now) })
		}
		if len(c.nonces) >= mostNonces {
			return nil, fault.New(fault.TooMany, "journal.nonces", "too many sheets are under way; try again in some minutes")
		}
		return appendNonce(nil, practice, text, store.Micro(until)), nil
	})
}

// ExportChains returns what is known of all chains, for a backup. It must be taken before the copy of the database: what the database has beyond it
// is seen anew after a restore, while a database with less would be behind.
func ExportChains(folder, installation string) ([]byte, error) {
	unlock, err := lockFolder(folder)
	if err != nil {
		return nil, err
	}
	defer unlock()
	raw, err := os.ReadFile(filepath.Join(folder, chainsFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrMissing.With(err)
	}
	if err != nil {
		return nil, ErrBroken.With(err)
	}
	whole, err := wholeChains(raw, installation)
	return raw[:whole], err
}

// ImportChains gives a journal that was just created what ExportChains returned, as a restore does: keys that were old enough stay so, and what was
// revoked and withdrawn stays so. Without it every key is young again, for 72 hours.
func ImportChains(folder, installation string, raw []byte) error {
	unlock, err := lockFolder(folder)
	if err != nil {
		return err
	}
	defer unlock()
	present, err := os.ReadFile(filepath.Join(folder, chainsFile))
	if err != nil {
		return ErrMissing.With(err)
	}
	if _, length, ok := record(present); !ok || length != len(present) {
		return fault.New(fault.Conflict, "journal.exists", "this journal knows of approvals already")
	}
	whole, err := wholeChains(raw, installation)
	if err != nil {
		return err
	}
	return writeFile(folder, chainsFile, raw[:whole])
}

// wholeChains reads a file and tells how many bytes of it are whole records.
func wholeChains(raw []byte, installation string) (int64, error) {
	c := &chains{of: map[store.PracticeID]*Chain{}, nonces: map[nonce]int64{}}
	err := c.take(raw, identity{Installation: installation})
	return c.offset, err
}

// change appends what do makes of the present content, under the folder's lock.
func (j *Journal) change(do func(*chains) ([]byte, error)) error {
	if err := j.Healthy(); err != nil {
		return err
	}
	unlock, err := lockFolder(j.folder)
	if err != nil {
		return err
	}
	defer unlock()
	c := &j.chains
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.refresh(j.folder, j.want); err != nil {
		return err
	}
	out, err := do(c)
	if err != nil || len(out) == 0 {
		return err
	}
	if err := c.append(j.folder, out); err != nil {
		c.file = nil // read it anew before it is believed again
		return ErrBroken.With(err)
	}
	if err := c.refresh(j.folder, j.want); err != nil {
		return err
	}
	if c.offset > compactBytes && c.offset > 2*c.ground {
		if err := c.rewrite(j.folder, j.want); err != nil {
			return ErrBroken.With(err)
		}
	}
	return nil
}

// append writes behind the last whole record; what a crash tore off behind it was never answered for, and is cut off.
func (c *chains) append(folder string, out []byte) error {
	file, err := os.OpenFile(filepath.Join(folder, chainsFile), os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := file.Truncate(c.offset); err != nil {
		return err
	}
	if _, err := file.WriteAt(out, c.offset); err != nil {
		return err
	}
	return syscall.Fdatasync(int(file.Fd()))
}

// refresh reads what was appended since, or all of a file that is another one.
func (c *chains) refresh(folder string, want identity) error {
	name := filepath.Join(folder, chainsFile)
	info, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return ErrMissing.With(err)
	}
	if err != nil {
		return ErrBroken.With(err)
	}
	same := c.file != nil && os.SameFile(c.file, info)
	if same && info.Size() == c.offset {
		return nil
	}
	if same && info.Size() < c.offset {
		return ErrBroken.With(fmt.Errorf("%s was cut", chainsFile))
	}
	file, err := os.Open(name)
	if err != nil {
		return ErrBroken.With(err)
	}
	defer file.Close()
	if info, err = file.Stat(); err != nil { // of the very file that is read
		return ErrBroken.With(err)
	}
	next := c
	if !same || !os.SameFile(c.file, info) {
		next = &chains{of: map[store.PracticeID]*Chain{}, nonces: map[nonce]int64{}}
	}
	raw, err := io.ReadAll(io.NewSectionReader(file, next.offset, info.Size()-next.offset))
	if err != nil {
		return ErrBroken.With(err)
	}
	if err := next.take(raw, want); err != nil {
		c.file = nil
		return err
	}
	for practice := range c.of {
		if next.of[practice] == nil {
			return ErrBroken.With(fmt.Errorf("%s was replaced by one that knows less", chainsFile))
		}
	}
	c.file, c.offset, c.of, c.nonces = info, next.offset, next.of, next.nonces
	if next != c {
		c.ground = next.offset
	}
	return nil
}

// take reads records. A torn end is left for the next reading; damage before the end is an error.
func (c *chains) take(raw []byte, want identity) error {
	for at := 0; at < len(raw); {
		payload, length, ok := record(raw[at:])
		if !ok {
			if wholeRecordIn(raw[at+1:]) {
				return ErrBroken.With(fmt.Errorf("%s is damaged at byte %d", chainsFile, c.offset))
			}
			break
		}
		if c.offset == 0 {
			fields := reader{rest: payload[1:]}
			if payload[0] != headRecord || fields.text() != want.Installation {
				return ErrMismatch
			}
		} else if !c.takeRecord(payload) {
			return ErrBroken.With(fmt.Errorf("%s has a record that does not fit at byte %d", chainsFile, c.offset))
		}
		at += length
		c.offset += int64(length)
	}
	if c.offset == 0 {
		return ErrBroken.With(fmt.Errorf("%s does not say whose it is", chainsFile))
	}
	return nil
}

func wholeRecordIn(raw []byte) bool {
	for at := range raw {
		if _, _, ok := record(raw[at:]); ok {
			return true
		}
	}
	return false
}

func (c *chains) takeRecord(payload []byte) bool {
	fields := reader{rest: payload[1:]}
	practice := store.PracticeID(fields.text())
	if fields.bad {
		return false
	}
	if payload[0] == nonceRecord {
		text, until := fields.text(), fields.number()
		c.nonces[nonce{practice, text}] = until
		return !fields.bad
	}
	k := c.of[practice]
	if k == nil {
		k = newChain()
		c.of[practice] = k
	}
	switch payload[0] {
	case entryRecord:
		position, hash, seen := fields.number(), fields.hash(), fields.number()
		return !fields.bad && k.grow(ChainHead{position, hash}, seen)
	case seenRecord:
		return k.takeSeen(&fields)
	case revokedRecord:
		key := fields.text()
		k.Revoked[key] = Revocation{First: fields.number(), Since: fields.number(), Lost: fields.number() == 1}
	case withdrawnRecord:
		k.Withdrawn[fields.hash()] = true
	case resumedRecord:
		from := ChainHead{fields.number(), fields.hash()}
		if fields.bad || !k.Has(from) {
			return false
		}
		k.resume(from)
	default:
		return false
	}
	return !fields.bad
}

func (c *Chain) grow(h ChainHead, seen int64) bool {
	if h.Position != c.Head.Position+1 || seen == 0 {
		return false
	}
	c.Head = h
	c.seen, c.marks = append(c.seen, seen), append(c.marks, mark(h.Hash))
	return true
}

// resume goes back to an entry. What was revoked by entries that are lost stays revoked from there on.
func (c *Chain) resume(from ChainHead) {
	c.Head = from
	c.seen, c.marks = c.seen[:from.Position], c.marks[:from.Position]
	for key, r := range c.Revoked {
		if r.First > from.Position+1 {
			c.Revoked[key] = Revocation{First: from.Position + 1, Since: r.Since, Lost: true}
		}
	}
}

// takeSeen reads what rewrite wrote: a run of entries, the last one's hash whole.
func (c *Chain) takeSeen(fields *reader) bool {
	n, seen := fields.number(), int64(0)
	if n < 1 || n > mostTogether {
		return false
	}
	for range n {
		seen += fields.number()
		c.seen, c.marks = append(c.seen, seen), append(c.marks, uint64(fields.number()))
	}
	c.Head = ChainHead{int64(len(c.seen)), fields.hash()}
	return !fields.bad && mark(c.Head.Hash) == c.marks[len(c.marks)-1]
}

// rewrite puts a file that says the same in fewer bytes in the place of the present one.
func (c *chains) rewrite(folder string, id identity) error {
	var b bytes.Buffer
	b.Write(appendHead(nil, id, ""))
	for _, practice := range slices.Sorted(maps.Keys(c.of)) {
		b.Write(appendChain(nil, practice, c.of[practice]))
	}
	for n, until := range c.nonces {
		if until > store.Micro(c.file.ModTime()) {
			b.Write(appendNonce(nil, n.practice, n.text, until))
		}
	}
	if whole, err := wholeChains(b.Bytes(), id.Installation); err != nil || whole != int64(b.Len()) { // before it replaces the only one that says so
		return errors.Join(fmt.Errorf("%s would not be whole", chainsFile), err)
	}
	if err := writeFile(folder, chainsFile, b.Bytes()); err != nil {
		return err
	}
	c.file = nil // another file now
	return c.refresh(folder, id)
}

func createChains(folder string, id identity) error {
	return writeFile(folder, chainsFile, appendHead(nil, id, ""))
}

func appendChainEntry(dst []byte, practice store.PracticeID, position int64, hash [32]byte, seen int64) []byte {
	dst, start := begin(dst, entryRecord)
	dst = append(binary.AppendVarint(appendText(dst, string(practice)), position), hash[:]...)
	return end(binary.AppendVarint(dst, seen), start)
}

func appendRevoked(dst []byte, practice store.PracticeID, key string, r Revocation) []byte {
	dst, start := begin(dst, revokedRecord)
	dst = binary.AppendVarint(appendText(appendText(dst, string(practice)), key), r.First)
	lost := int64(0)
	if r.Lost {
		lost = 1
	}
	return end(binary.AppendVarint(binary.AppendVarint(dst, r.Since), lost), start)
}

func appendWithdrawn(dst []byte, practice store.PracticeID, digest [32]byte) []byte {
	dst, start := begin(dst, withdrawnRecord)
	return end(append(appendText(dst, string(practice)), digest[:]...), start)
}

func appendResumed(dst []byte, practice store.PracticeID, from ChainHead) []byte {
	dst, start := begin(dst, resumedRecord)
	return end(append(binary.AppendVarint(appendText(dst, string(practice)), from.Position), from.Hash[:]...), start)
}

func appendNonce(dst []byte, practice store.PracticeID, text string, until int64) []byte {
	dst, start := begin(dst, nonceRecord)
	return end(binary.AppendVarint(appendText(appendText(dst, string(practice)), text), until), start)
}

func appendChain(dst []byte, practice store.PracticeID, c *Chain) []byte {
	for _, key := range slices.Sorted(maps.Keys(c.Revoked)) {
		dst = appendRevoked(dst, practice, key, c.Revoked[key])
	}
	for d := range c.Withdrawn {
		dst = appendWithdrawn(dst, practice, d)
	}
	for at := 0; at < len(c.seen); {
		n := min(mostTogether, len(c.seen)-at)
		var start int
		dst, start = begin(dst, seenRecord)
		dst = binary.AppendVarint(appendText(dst, string(practice)), int64(n))
		before := int64(0)
		for i := range n {
			dst = binary.AppendVarint(dst, c.seen[at+i]-before)
			dst = binary.AppendVarint(dst, int64(c.marks[at+i]))
			before = c.seen[at+i]
		}
		at += n
		hash := c.Head.Hash
		if at < len(c.seen) { // only the head's hash is kept whole
			hash = [32]byte{}
			binary.LittleEndian.PutUint64(hash[:], c.marks[at-1])
		}
		dst = end(append(dst, hash[:]...), start)
	}
	return dst
}

func (r *reader) hash() (h [32]byte) {
	if len(r.rest) < len(h) {
		r.bad, r.rest = true, nil
		return h
	}
	copy(h[:], r.rest)
	r.rest = r.rest[len(h):]
	return h
}
