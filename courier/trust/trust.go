// Package trust keeps the trust file: what the courier believes without asking the database.
//
// It lies in the courier's own folder and says which installation this is, which epoch of it (a restored backup begins a new one, so that
// nothing written before it counts as current), and whether the root is marked demo or test. A marked root hands off to loopback only and
// may be given another "now"; the mark is made at init and never changes.
//
// Beside it lie where the signing desk is and was (desks.json), and for each practice in a file of its own (roots/) the hash of the one-time
// secret that its first key is expected with, then that key for good. A first key is pinned by whoever holds the secret, never on first sight,
// and never replaced.
//
// Files are replaced as a whole, fsynced, and never written in place. A missing or unreadable one means: send nothing.
package trust

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"letterhead/fault"
	"letterhead/store"
)

// Mark says what a root is for.
type Mark string

// A root is real, or it is for a demonstration or a test.
const (
	Real Mark = ""
	Demo Mark = "demo"
	Test Mark = "test"
)

// File is the content of the trust file.
type File struct {
	Installation string `json:"installation"` // UUIDv7, made at init
	Epoch        int64  `json:"epoch"`        // 1 at init; a restore begins the next
	Mark         Mark   `json:"mark"`
}

// ErrMissing is returned where there is no trust file: the folder was never made by init, or somebody took it away.
var ErrMissing = fault.New(fault.Unavailable, "trust.missing", "the courier's trust file is missing; nothing is sent. Run letterhead init for a new installation, or restore the file")

const name = "trust.json"

// Create makes the first trust file of an installation; it refuses where one is.
func Create(folder string, mark Mark) (File, error) {
	if mark != Real && mark != Demo && mark != Test {
		return File{}, fault.Field("mark", "trust.mark", "a root is marked demo or test, or not at all")
	}
	if _, err := os.Stat(filepath.Join(folder, name)); !errors.Is(err, fs.ErrNotExist) {
		return File{}, fault.New(fault.Conflict, "trust.exists", "this folder holds an installation already")
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return File{}, fmt.Errorf("make the courier's folder: %w", err)
	}
	f := File{Installation: store.NewID[string](), Epoch: 1, Mark: mark}
	return f, write(folder, f)
}

// Read reads the trust file.
func Read(folder string) (File, error) {
	raw, err := os.ReadFile(filepath.Join(folder, name))
	if errors.Is(err, fs.ErrNotExist) {
		return File{}, ErrMissing
	}
	if err != nil {
		return File{}, fmt.Errorf("read the trust file: %w", err)
	}
	var f File
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&f); err != nil {
		return File{}, fmt.Errorf("read the trust file: %w", err)
	}
	if f.Installation == "" || f.Epoch < 1 {
		return File{}, errors.New("the trust file names no installation or epoch")
	}
	return f, nil
}

// NextEpoch begins a new epoch, as a restore does.
func NextEpoch(folder string) (File, error) {
	f, err := Read(folder)
	if err != nil {
		return File{}, err
	}
	f.Epoch++
	return f, write(folder, f)
}

func write(folder string, f File) error { return writeFile(folder, name, f) }

// writeFile puts a value's JSON in the place of a file as a whole, on disk when it returns.
func writeFile(folder, name string, value any) error {
	raw, err := json.MarshalIndent(value, "", "\t")
	if err != nil {
		return err
	}
	temporary, err := os.CreateTemp(folder, name+".*")
	if err != nil {
		return fmt.Errorf("write the trust file: %w", err)
	}
	defer os.Remove(temporary.Name())
	_, err = temporary.Write(append(raw, '\n'))
	err = errors.Join(err, temporary.Sync(), temporary.Close())
	if err != nil {
		return fmt.Errorf("write the trust file: %w", err)
	}
	if err := os.Rename(temporary.Name(), filepath.Join(folder, name)); err != nil {
		return fmt.Errorf("write the trust file: %w", err)
	}
	opened, err := os.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(opened.Sync(), opened.Close())
}

// lockRoots makes the folder of the roots and has one ceremony happen at a time.
func lockRoots(folder string) (unlock func(), err error) {
	roots := filepath.Join(folder, rootsFolder)
	if err := os.MkdirAll(roots, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of first keys: %w", err)
	}
	file, err := os.OpenFile(filepath.Join(roots, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the folder of first keys: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(fmt.Errorf("lock the folder of first keys: %w", err), file.Close())
	}
	return func() { _ = file.Close() }, nil
}
