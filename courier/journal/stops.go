package journal

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"letterhead/fault"
	"letterhead/store"
)

// Stop is a freeze that was seen open, or that a courier was told of directly; "" as practice is the platform. Scope and subject are those of
// package message; a stop without a scope, from a journal of before there were any, holds everything.
type Stop struct {
	Practice store.PracticeID `json:"practice"`
	ID       string           `json:"id"`
	Scope    string           `json:"scope,omitempty"`
	Subject  string           `json:"subject,omitempty"`
	Reason   string           `json:"reason,omitempty"`
	Who      string           `json:"who,omitempty"`
	At       int64            `json:"at,omitempty"`    // microseconds
	Epoch    int64            `json:"epoch,omitempty"` // of the installation when it was noted
}

// Key names a stop: ids are unique within a practice only.
func (s Stop) Key() StopKey { return StopKey{s.Practice, s.ID} }

// StopKey names a stop.
type StopKey struct {
	Practice store.PracticeID `json:"practice"`
	ID       string           `json:"id"`
}

type stops struct {
	Epoch  int64     `json:"epoch"` // grows with every change
	Open   []Stop    `json:"open"`
	Lifted []StopKey `json:"lifted,omitempty"` // the latest: a row that says otherwise is behind
}

const (
	mostOpen   = 4000 // stops
	mostLifted = 4000
)

// ErrManyStops is returned for a stop too many. Nothing is sent while the file cannot take in what is stopped.
var ErrManyStops = fault.New(fault.TooMany, "journal.stops", "more is stopped than the courier's journal holds; stop everything instead, and lift the others")

// stopsCache keeps the file's content until the file is another one.
type stopsCache struct {
	mu   sync.Mutex
	size int64
	at   time.Time
	file os.FileInfo
	data stops
}

// Stops returns the stops that are noted as open, and the latest that were lifted. A missing or unreadable file is an error: nothing may be sent.
// Neither list may be changed.
func (j *Journal) Stops() (open []Stop, lifted []StopKey, err error) {
	c := &j.stops
	c.mu.Lock()
	defer c.mu.Unlock()
	info, err := os.Stat(filepath.Join(j.folder, stopsFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, ErrMissing.With(err)
	}
	if err != nil {
		return nil, nil, ErrBroken.With(err)
	}
	if c.file != nil && os.SameFile(c.file, info) && info.ModTime().Equal(c.at) && info.Size() == c.size {
		return c.data.Open, c.data.Lifted, nil
	}
	data, err := readStops(j.folder)
	if err != nil {
		return nil, nil, err
	}
	c.file, c.at, c.size, c.data = info, info.ModTime(), info.Size(), data
	return data.Open, data.Lifted, nil
}

func readStops(folder string) (stops, error) {
	var data stops
	raw, err := os.ReadFile(filepath.Join(folder, stopsFile))
	if errors.Is(err, fs.ErrNotExist) {
		return data, ErrMissing.With(err)
	}
	if err == nil {
		err = decode(raw, &data)
	}
	if err != nil {
		return data, ErrBroken.With(err)
	}
	return data, nil
}

// NoteStops writes down stops that were seen open, and takes away those of which the caller has made sure that they were lifted; neither comes
// back by being seen again. It returns when the disk has it.
func (j *Journal) NoteStops(open []Stop, lifted []StopKey) error {
	return changeStops(j.folder, j.want, open, lifted)
}

// NoteStop writes a stop down in a folder from outside a courier's process: by a command on its host, whatever the database says.
func NoteStop(folder, installation string, epoch int64, stop Stop) error {
	return changeStops(folder, identity{installation, epoch}, []Stop{stop}, nil)
}

// LiftPlatform takes away every stop that holds everywhere, and the ones named beside, from outside a courier's process. Whoever can write in this
// folder is the installation's operator: stops of practices stay, for they end with a signature of their own people.
func LiftPlatform(folder, installation string, epoch int64, ids ...string) (lifted []Stop, err error) {
	known, err := ReadStops(folder, installation, epoch)
	if err != nil {
		return nil, err
	}
	var keys []StopKey
	for _, id := range ids {
		keys = append(keys, StopKey{"", id})
	}
	for _, s := range known {
		if s.Practice == "" {
			lifted, keys = append(lifted, s), append(keys, s.Key())
		}
	}
	return lifted, changeStops(folder, identity{installation, epoch}, nil, keys)
}

// ReadStops returns what a folder notes as stopped, from outside a courier's process.
func ReadStops(folder, installation string, epoch int64) ([]Stop, error) {
	if err := Check(folder, installation, epoch); err != nil {
		return nil, err
	}
	data, err := readStops(folder)
	return data.Open, err
}

func changeStops(folder string, want identity, open []Stop, lifted []StopKey) error {
	unlock, err := lockFolder(folder)
	if err != nil {
		return err
	}
	defer unlock()
	known, err := readIdentity(folder)
	if err != nil {
		return err
	}
	if known != want {
		return ErrMismatch
	}
	data, err := readStops(folder)
	if err != nil {
		return err
	}
	changed := false
	for _, key := range lifted {
		before := len(data.Open)
		data.Open = slices.DeleteFunc(data.Open, func(s Stop) bool { return s.Key() == key })
		changed = changed || len(data.Open) != before
		if !slices.Contains(data.Lifted, key) {
			data.Lifted, changed = append(data.Lifted, key), true
		}
	}
	data.Lifted = data.Lifted[max(0, len(data.Lifted)-mostLifted):]
	for _, s := range open {
		if slices.Contains(data.Lifted, s.Key()) || slices.ContainsFunc(data.Open, func(o Stop) bool { return o.Key() == s.Key() }) {
			continue
		}
		if len(data.Open) >= mostOpen {
			return ErrManyStops
		}
		if s.Epoch == 0 {
			s.Epoch = want.Epoch
		}
		data.Open, changed = append(data.Open, s), true
	}
	if !changed {
		return nil
	}
	data.Epoch++
	if err := writeJSON(folder, stopsFile, data); err != nil {
		return ErrBroken.With(err)
	}
	return nil
}
