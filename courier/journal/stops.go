package journal

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"letterhead/store"
)

// Stop is a freeze that was seen open; "" as practice is the platform.
type Stop struct {
	Practice store.PracticeID `json:"practice"`
	ID       string           `json:"id"`
}

type stops struct {
	Epoch int64  `json:"epoch"` // grows with every change
	Open  []Stop `json:"open"`
}

// stopsCache keeps the file's content until the file is another one.
type stopsCache struct {
	mu   sync.Mutex
	size int64
	at   time.Time
	file os.FileInfo
	data stops
}

// Stops returns the stops that are noted as open. A missing or unreadable file is an error: nothing may be sent.
func (j *Journal) Stops() ([]Stop, error) {
	c := &j.stops
	c.mu.Lock()
	defer c.mu.Unlock()
	info, err := os.Stat(filepath.Join(j.folder, stopsFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrMissing.With(err)
	}
	if err != nil {
		return nil, ErrBroken.With(err)
	}
	if c.file != nil && os.SameFile(c.file, info) && info.ModTime().Equal(c.at) && info.Size() == c.size {
		return c.data.Open, nil
	}
	data, err := readStops(j.folder)
	if err != nil {
		return nil, err
	}
	c.file, c.at, c.size, c.data = info, info.ModTime(), info.Size(), data
	return data.Open, nil
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

// NoteStops writes down stops that were seen open and takes away those that were seen lifted. It returns when the disk has it.
func (j *Journal) NoteStops(open []Stop, lifted []string) error {
	unlock, err := lockFolder(j.folder)
	if err != nil {
		return err
	}
	defer unlock()
	data, err := readStops(j.folder)
	if err != nil {
		return err
	}
	before := len(data.Open)
	data.Open = slices.DeleteFunc(data.Open, func(s Stop) bool { return slices.Contains(lifted, s.ID) })
	changed := len(data.Open) != before
	for _, s := range open {
		if !slices.Contains(data.Open, s) {
			data.Open = append(data.Open, s)
			changed = true
		}
	}
	if !changed {
		return nil
	}
	data.Epoch++
	if err := writeJSON(j.folder, stopsFile, data); err != nil {
		return ErrBroken.With(err)
	}
	return nil
}
