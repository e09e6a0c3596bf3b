// Package trust keeps the trust file: what the courier believes without asking the database.
//
// It lies in the courier's own folder and says which installation this is, which epoch of it (a restored backup begins a new one, so that
// nothing written before it counts as current), and whether the root is marked demo or test. A marked root hands off to loopback only and
// may be given another "now"; the mark is made at init and never changes.
//
// The file is replaced as a whole, fsynced, and never written in place. A missing or unreadable file means: send nothing.
package trust

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

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

func write(folder string, f File) error {
	raw, err := json.MarshalIndent(f, "", "\t")
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
