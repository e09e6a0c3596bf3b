package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"time"

	"letterhead/store"
)

// A record is its payload's length (4 bytes), the payload's CRC-32C (4 bytes), the payload: a letter for the kind, then its fields.
const (
	headRecord     = 'H'
	begunRecord    = 'B'
	answeredRecord = 'A'

	frame      = 8
	mostRecord = 4096
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func begin(dst []byte, kind byte) ([]byte, int) {
	start := len(dst)
	return append(dst, 0, 0, 0, 0, 0, 0, 0, 0, kind), start
}

func end(dst []byte, start int) []byte {
	payload := dst[start+frame:]
	binary.LittleEndian.PutUint32(dst[start:], uint32(len(payload)))
	binary.LittleEndian.PutUint32(dst[start+4:], crc32.Checksum(payload, castagnoli))
	return dst
}

func appendText(dst []byte, s string) []byte {
	if len(s) > 512 {
		s = s[:512]
	}
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

func appendHead(dst []byte, id identity, process string) []byte {
	dst, start := begin(dst, headRecord)
	dst = appendText(dst, id.Installation)
	dst = binary.AppendVarint(dst, id.Epoch)
	return end(appendText(dst, process), start)
}

func appendEntry(dst []byte, e *Entry) []byte {
	dst = appendText(appendText(dst, string(e.Practice)), e.ID)
	return binary.AppendVarint(binary.AppendVarint(dst, e.Attempt), store.Micro(e.At))
}

func appendBegun(dst []byte, e *Entry) []byte {
	dst, start := begin(dst, begunRecord)
	return end(appendEntry(dst, e), start)
}

func appendAnswered(dst []byte, e *Entry, a *Answer) []byte {
	dst, start := begin(dst, answeredRecord)
	dst = appendEntry(dst, e)
	for _, s := range [...]string{a.State, a.Reason, a.Detail, a.OutsideID} {
		dst = appendText(dst, s)
	}
	return end(binary.AppendVarint(dst, store.Micro(a.Turn)), start)
}

// reader takes fields off a payload; the first that is not there makes bad true, and all after it empty.
type reader struct {
	rest []byte
	bad  bool
}

func (r *reader) text() string {
	n, used := binary.Uvarint(r.rest)
	if used <= 0 || n > uint64(len(r.rest)-used) {
		r.bad, r.rest = true, nil
		return ""
	}
	s := string(r.rest[used : used+int(n)])
	r.rest = r.rest[used+int(n):]
	return s
}

func (r *reader) number() int64 {
	n, used := binary.Varint(r.rest)
	if used <= 0 {
		r.bad, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[used:]
	return n
}

func (r *reader) entry() Entry {
	return Entry{Practice: store.PracticeID(r.text()), ID: r.text(), Attempt: r.number(), At: store.Instant(r.number())}
}

// record is the payload at the beginning of raw, and its length with its frame; ok is false where no whole, undamaged record stands.
func record(raw []byte) (payload []byte, length int, ok bool) {
	if len(raw) < frame {
		return nil, 0, false
	}
	n := int(binary.LittleEndian.Uint32(raw))
	if n < 1 || n > mostRecord || n > len(raw)-frame {
		return nil, 0, false
	}
	payload = raw[frame : frame+n]
	return payload, frame + n, crc32.Checksum(payload, castagnoli) == binary.LittleEndian.Uint32(raw[4:])
}

// Try is what a dead process's segments say of the latest try of one message.
type Try struct {
	Entry
	Answer *Answer // nil: nobody knows
}

// Key names a message.
type Key struct {
	Practice store.PracticeID
	ID       string
}

// Remains are what a courier process that no longer lives left behind.
type Remains struct {
	Process string
	Tries   map[Key]Try
	Torn    int  // bytes at the ends of segments that a crash tore off: what they would have said had not begun
	Damaged bool // a segment is damaged before its end: anything of this process may have begun
	files   []string
	lock    string
}

// read takes one segment in.
func (r *Remains) read(raw []byte) {
	for at := 0; at < len(raw); {
		payload, length, ok := record(raw[at:])
		if !ok || !r.take(payload) {
			if goesOn(raw[at+1:]) {
				r.Damaged = true
			}
			r.Torn += len(raw) - at
			return
		}
		at += length
	}
}

// goesOn tells damage from a torn end: after damage another whole record follows somewhere.
func goesOn(raw []byte) bool {
	for at := range raw {
		if payload, _, ok := record(raw[at:]); ok && (payload[0] == begunRecord || payload[0] == answeredRecord) {
			return true
		}
	}
	return false
}

func (r *Remains) take(payload []byte) bool {
	fields := reader{rest: payload[1:]}
	switch payload[0] {
	case headRecord:
		return true
	case begunRecord:
		e := fields.entry()
		if !fields.bad {
			r.Tries[Key{e.Practice, e.ID}] = Try{Entry: e}
		}
	case answeredRecord:
		e := fields.entry()
		a := Answer{State: fields.text(), Reason: fields.text(), Detail: fields.text(), OutsideID: fields.text()}
		if turn := fields.number(); turn != 0 {
			a.Turn = time.UnixMicro(turn).UTC()
		}
		key := Key{e.Practice, e.ID}
		if try, known := r.Tries[key]; known && try.Attempt == e.Attempt && !fields.bad {
			try.Answer = &a
			r.Tries[key] = try
		}
	default:
		return false
	}
	return !fields.bad
}

// Dead returns what dead processes left, and which processes live, this one included.
func (j *Journal) Dead() ([]Remains, map[string]bool, error) {
	unlock, err := lockFolder(j.folder)
	if err != nil {
		return nil, nil, err
	}
	defer unlock()
	alive, err := living(j.folder)
	if err != nil {
		return nil, nil, err
	}
	alive[j.process] = true
	all, err := segments(j.folder)
	if err != nil {
		return nil, nil, ErrBroken.With(err)
	}
	var out []Remains
	for process, files := range all {
		if alive[process] {
			continue
		}
		r := Remains{Process: process, Tries: map[Key]Try{}, files: files, lock: process + lockEnd}
		for _, name := range files {
			raw, err := os.ReadFile(name)
			if err != nil {
				return nil, nil, ErrBroken.With(fmt.Errorf("read a segment: %w", err))
			}
			r.read(raw)
		}
		out = append(out, r)
	}
	return out, alive, nil
}

// Bury removes what a dead process left, once the database knows all of it. A damaged segment is kept beside, for people to look at.
func (j *Journal) Bury(r Remains) error {
	unlock, err := lockFolder(j.folder)
	if err != nil {
		return err
	}
	defer unlock()
	for _, name := range r.files {
		if r.Damaged {
			err = errors.Join(err, os.Rename(name, name+".damaged"))
		} else if removed := os.Remove(name); !errors.Is(removed, os.ErrNotExist) {
			err = errors.Join(err, removed)
		}
	}
	if removed := os.Remove(j.folder + "/" + r.lock); !errors.Is(removed, os.ErrNotExist) {
		err = errors.Join(err, removed)
	}
	return err
}
