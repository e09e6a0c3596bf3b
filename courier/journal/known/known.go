// Package known keeps a set of 64-bit hashes, by the million, in one sorted file: which addresses were written to before.
//
// The file is a head (whose it is, how many, checksums) of one block and then the hashes in order, 8 bytes each, 512 to a block. Only the first
// hash of each block is kept in memory; a question costs one read of a block. What is new is merged in by writing another file and putting it in
// this one's place.
//
// Promises: Has never misses a hash that was merged in; it is wrong the other way only where two things have the same 64-bit hash (with 10
// million in the set: once in 1.8 × 10^12 questions). A file that is damaged, cut or another's is not opened. A merge is whole or not at all.
//
// Never: a guess in place of an error.
package known

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"sort"
)

const (
	magic = "LHknown1"
	block = 4096 // bytes
	per   = block / 8
	most  = 1 << 30 // hashes
)

// ErrDamaged is the error of a file that cannot be believed.
var ErrDamaged = errors.New("the file of known hashes is damaged or another's")

// Set is an open file. It is not safe for concurrent use.
type Set struct {
	file   *os.File
	mark   [8]byte
	count  int
	fences []uint64 // the first hash of each block
	recent []uint64 // hashes that were found, each at the place that its first bits name: the same people are written to again and again
	buffer [block]byte
}

const recentBits = 16

// Create makes an empty file with a mark that says whose it is.
func Create(name string, mark [8]byte) error {
	_, err := write(name, mark, nil, nil)
	return err
}

// Open reads a file through once, checks it, and keeps its fences.
func Open(name string, mark [8]byte) (*Set, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	s := &Set{file: file, mark: mark, recent: make([]uint64, 1<<recentBits)}
	if err := s.load(); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return s, nil
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// head: magic, mark, count, CRC of the body, CRC of what is before; the rest of the block is zero.
func head(mark [8]byte, count int, body uint32) []byte {
	out := make([]byte, 0, block)
	out = append(append(out, magic...), mark[:]...)
	out = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint64(out, uint64(count)), body)
	out = binary.BigEndian.AppendUint32(out, crc32.Checksum(out, castagnoli))
	return out[:block]
}

func (s *Set) load() error {
	info, err := s.file.Stat()
	if err != nil {
		return err
	}
	if _, err := io.ReadFull(s.file, s.buffer[:]); err != nil {
		return fmt.Errorf("%w: no head", ErrDamaged)
	}
	count, body := binary.BigEndian.Uint64(s.buffer[16:]), binary.BigEndian.Uint32(s.buffer[24:])
	if count > most || string(head(s.mark, int(count), body)) != string(s.buffer[:]) || info.Size() != block+8*int64(count) {
		return fmt.Errorf("%w: its head", ErrDamaged)
	}
	s.count, s.fences = int(count), make([]uint64, 0, (count+per-1)/per)
	in, sum, last := bufio.NewReaderSize(s.file, 64<<10), uint32(0), uint64(0)
	for left := int(count) * 8; left > 0; {
		part := s.buffer[:min(left, block)]
		if _, err := io.ReadFull(in, part); err != nil {
			return fmt.Errorf("%w: it ends early", ErrDamaged)
		}
		sum, left = crc32.Update(sum, castagnoli, part), left-len(part)
		first := binary.BigEndian.Uint64(part)
		if len(s.fences) > 0 && first <= last {
			return fmt.Errorf("%w: its order", ErrDamaged)
		}
		s.fences, last = append(s.fences, first), binary.BigEndian.Uint64(part[len(part)-8:])
	}
	if sum != body {
		return fmt.Errorf("%w: its checksum", ErrDamaged)
	}
	return nil
}

// Count is how many hashes the set has.
func (s *Set) Count() int { return s.count }

// Has tells whether a hash is in the set.
func (s *Set) Has(hash uint64) (bool, error) {
	place := &s.recent[hash>>(64-recentBits)]
	if *place == hash && hash != 0 {
		return true, nil
	}
	at := sort.Search(len(s.fences), func(i int) bool { return s.fences[i] > hash }) - 1
	if at < 0 {
		return false, nil
	}
	n := min(per, s.count-at*per)
	part := s.buffer[:8*n]
	if _, err := s.file.ReadAt(part, int64(at+1)*block); err != nil {
		return false, fmt.Errorf("read known hashes: %w", err)
	}
	low, high := 0, n
	for low < high {
		middle := (low + high) / 2
		switch h := binary.BigEndian.Uint64(part[8*middle:]); {
		case h == hash:
			*place = hash
			return true, nil
		case h < hash:
			low = middle + 1
		default:
			high = middle
		}
	}
	return false, nil
}

// Merge writes a file with the set's hashes and more, which are sorted, in the place of name, on disk when it returns. The set itself stays as it
// is: open the new file. It returns how many hashes that one has.
func (s *Set) Merge(name string, more []uint64) (int, error) { return write(name, s.mark, s, more) }

// Close lets go of the file.
func (s *Set) Close() error { return s.file.Close() }

func write(name string, mark [8]byte, old *Set, more []uint64) (count int, err error) {
	temporary, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*")
	if err != nil {
		return 0, fmt.Errorf("write known hashes: %w", err)
	}
	defer os.Remove(temporary.Name())
	defer temporary.Close()
	out := bufio.NewWriterSize(temporary, 64<<10)
	if _, err = out.Write(make([]byte, block)); err != nil {
		return 0, fmt.Errorf("write known hashes: %w", err)
	}
	sum, last := uint32(0), uint64(0)
	put := func(hash uint64) error {
		if count > 0 && hash <= last {
			if hash == last {
				return nil
			}
			return errors.New("hashes to merge are not in order")
		}
		var raw [8]byte
		binary.BigEndian.PutUint64(raw[:], hash)
		count, sum, last = count+1, crc32.Update(sum, castagnoli, raw[:]), hash
		_, err := out.Write(raw[:])
		return err
	}
	if err = merge(old, more, put); err == nil && count > most {
		err = errors.New("too many")
	}
	if err == nil {
		err = out.Flush()
	}
	if err == nil {
		_, err = temporary.WriteAt(head(mark, count, sum), 0)
	}
	if err == nil {
		err = errors.Join(temporary.Chmod(0o600), temporary.Sync())
	}
	if err == nil {
		err = os.Rename(temporary.Name(), name)
	}
	if err != nil {
		return 0, fmt.Errorf("write known hashes: %w", err)
	}
	folder, err := os.Open(filepath.Dir(name))
	if err != nil {
		return 0, err
	}
	return count, errors.Join(folder.Sync(), folder.Close())
}

func merge(old *Set, more []uint64, put func(uint64) error) error {
	if old != nil {
		in := bufio.NewReaderSize(io.NewSectionReader(old.file, block, 8*int64(old.count)), 64<<10)
		var raw [8]byte
		for range old.count {
			if _, err := io.ReadFull(in, raw[:]); err != nil {
				return err
			}
			hash := binary.BigEndian.Uint64(raw[:])
			for ; len(more) > 0 && more[0] < hash; more = more[1:] {
				if err := put(more[0]); err != nil {
					return err
				}
			}
			if err := put(hash); err != nil {
				return err
			}
		}
	}
	for _, hash := range more {
		if err := put(hash); err != nil {
			return err
		}
	}
	return nil
}
