// Package upload brings exports in that people hand in by their browser: it keeps the files in a folder of this machine until they are imported, and
// works on them in the background.
//
// It promises: what is handed in has a bound, whatever it says of itself; no name from a zip becomes a path; an import goes on after a restart where it
// must begin anew, or is known to have come in whole; only who handed an export in sees what stands in it; its files are deleted when it is in, or a
// day later.
//
// It never keeps a value of a file in the database, and shows nothing of one to anybody else.
//
// States: ready → checking → checked → importing → done → undoing → undone; failed from where work was under way, and back to ready.
package upload

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"letterhead/fault"
	"letterhead/store"
	"letterhead/transfer"
	"letterhead/transfer/words"
	"letterhead/vault"
)

// ID names what was handed in. UUIDv7.
type ID string

// State is how far it is.
type State string

// The states.
const (
	Ready     State = "ready"
	Checking  State = "checking"
	Checked   State = "checked"
	Importing State = "importing"
	Done      State = "done"
	Undoing   State = "undoing"
	Undone    State = "undone"
	Failed    State = "failed"
)

// Working tells whether something is under way.
func (s State) Working() bool { return s == Checking || s == Importing || s == Undoing }

// Problem is why it failed.
type Problem struct{ Field, Key, Say string }

// Upload is an export that somebody handed in.
type Upload struct {
	Practice      store.PracticeID
	ID            ID
	Who           store.MemberID
	At            time.Time
	Changed       time.Time
	State         State
	Lines         map[string]int // of each file that came
	Mapping       words.Mapping
	OtherPractice bool
	Batch         transfer.BatchID
	Step          string
	Rows          int // of what Step works on, until now
	Report        transfer.Report
	Problem       *Problem
}

// Total is how many rows there are to work on.
func (u Upload) Total() int {
	return max(0, u.Lines[clientsFile]-1) + max(0, u.Lines[appointmentsFile]-1)
}

// Reached is how many of them were worked on.
func (u Upload) Reached() int {
	switch u.Step {
	case "":
		return 0
	case "clients":
		return min(u.Rows, u.Total())
	case "appointments":
		return min(u.Total(), max(0, u.Lines[clientsFile]-1)+u.Rows)
	}
	return u.Total()
}

// The bounds.
const (
	MaxBody  = 128 << 20 // of what is handed in at once
	maxFile  = 256 << 20 // of one file, unpacked
	mostOpen = 20        // uploads on this machine that hold files
	mostOf   = 10        // of one practice, the finished ones of a day among them
	mostHeld = 3         // of one practice that hold files
	keptFor  = 24 * time.Hour
)

const (
	clientsFile      = "clients.csv"
	appointmentsFile = "appointments.csv"
	practiceFile     = "practice.json"
	stateFile        = "state.json"
	remarksFile      = "remarks.jsonl"
)

// The errors.
var (
	ErrNotFound = fault.New(fault.NotFound, "upload.not_found", "there is no such import, or it is over")
	ErrWorking  = fault.New(fault.Conflict, "upload.working", "an import of this practice is under way; wait until it has ended")
	ErrFull     = fault.New(fault.TooMany, "upload.full", "too many imports lie here already; try again in an hour")
	ErrState    = fault.New(fault.Conflict, "upload.state", "this import is at another step by now; look again")
)

// Desk takes exports and works on them. It is safe for concurrent use.
type Desk struct {
	db     *store.DB
	keeper *vault.Keeper
	folder string
	after  func(context.Context, store.Actor) error // when something came in or went
	wake   chan struct{}

	mu   sync.Mutex
	live map[ID]Upload // what this process works on
}

// New makes a desk over a folder.
func New(db *store.DB, keeper *vault.Keeper, folder string, after func(context.Context, store.Actor) error) *Desk {
	return &Desk{db: db, keeper: keeper, folder: folder, after: after, wake: make(chan struct{}, 1), live: map[ID]Upload{}}
}

func (d *Desk) path(u Upload, name string) string {
	return filepath.Join(d.folder, string(u.Practice), string(u.ID), name)
}

// every reads all that lie here.
func (d *Desk) every() ([]Upload, error) {
	states, err := filepath.Glob(filepath.Join(d.folder, "*", "*", stateFile))
	if err != nil {
		return nil, err
	}
	var all []Upload
	for _, path := range states {
		u, err := read(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // taken away meanwhile
		}
		if err != nil {
			return nil, err
		}
		d.mu.Lock()
		if known, is := d.live[u.ID]; is {
			u = known
		}
		d.mu.Unlock()
		all = append(all, u)
	}
	slices.SortFunc(all, func(a, b Upload) int { return strings.Compare(string(a.ID), string(b.ID)) })
	return all, nil
}

func read(path string) (u Upload, err error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return u, err
	}
	if err := json.Unmarshal(raw, &u); err != nil {
		return u, fmt.Errorf("read the state of an import: %w", err)
	}
	return u, nil
}

// List returns what a member handed in and is still here, the newest first.
func (d *Desk) List(by store.Actor) ([]Upload, error) {
	all, err := d.every()
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(u Upload) bool { return u.Practice != by.Practice || u.Who != by.Member })
	slices.Reverse(all)
	return all, nil
}

// Find returns one that the member handed in.
func (d *Desk) Find(by store.Actor, id ID) (Upload, error) {
	all, err := d.List(by)
	if err != nil {
		return Upload{}, err
	}
	if i := slices.IndexFunc(all, func(u Upload) bool { return u.ID == id }); i >= 0 {
		return all[i], nil
	}
	return Upload{}, ErrNotFound
}

// save writes the state, whole or not at all.
func (d *Desk) save(u Upload) error {
	u.Changed = d.db.Now()
	raw, err := json.Marshal(u)
	if err != nil {
		return err
	}
	whole := d.path(u, stateFile)
	part := whole + ".part"
	if err := os.WriteFile(part, raw, 0o600); err != nil {
		return err
	}
	return os.Rename(part, whole)
}

// Begin has the desk work on an upload: check it, import it, or take it back. mapping is what the person said of headings and words.
func (d *Desk) Begin(by store.Actor, id ID, to State, change func(*Upload)) error {
	u, err := d.Find(by, id)
	if err != nil {
		return err
	}
	from := map[State][]State{Checking: {Ready, Checked, Failed}, Importing: {Checked}, Undoing: {Done}, Ready: {Checked, Failed}}[to]
	if !slices.Contains(from, u.State) || to != Undoing && u.Lines[clientsFile] == 0 {
		return ErrState
	}
	if change != nil {
		change(&u)
	}
	if err := u.Mapping.Check(); err != nil {
		return err
	}
	if to.Working() {
		if err := d.free(by.Practice); err != nil {
			return err
		}
	}
	u.State, u.Step, u.Rows, u.Problem = to, "", 0, nil
	if err := d.save(u); err != nil {
		return err
	}
	d.poke()
	return nil
}

// free refuses a second piece of work of the same practice.
func (d *Desk) free(practice store.PracticeID) error {
	all, err := d.every()
	if err != nil {
		return err
	}
	if slices.ContainsFunc(all, func(u Upload) bool { return u.Practice == practice && u.State.Working() }) {
		return ErrWorking
	}
	return nil
}

// Undo takes an earlier import back in the background.
func (d *Desk) Undo(by store.Actor, batch transfer.BatchID) (ID, error) {
	if err := d.free(by.Practice); err != nil {
		return "", err
	}
	u, err := d.open(by)
	if err != nil {
		return "", err
	}
	u.State, u.Batch = Undoing, batch
	if err := d.save(u); err != nil {
		return "", err
	}
	d.poke()
	return u.ID, nil
}

// open makes the folder of a new upload.
func (d *Desk) open(by store.Actor) (Upload, error) {
	all, err := d.every()
	if err != nil {
		return Upload{}, err
	}
	var open, own, held int
	for _, u := range all {
		holds, mine := u.Lines[clientsFile] > 0 && u.State != Done && u.State != Undone, u.Practice == by.Practice
		if holds {
			open++
		}
		if mine {
			own++
		}
		if mine && holds {
			held++
		}
	}
	if open >= mostOpen || own >= mostOf || held >= mostHeld {
		return Upload{}, ErrFull
	}
	u := Upload{Practice: by.Practice, ID: store.NewID[ID](), Who: by.Member, At: d.db.Now(), State: Ready, Lines: map[string]int{}}
	return u, os.MkdirAll(d.path(u, ""), 0o700)
}

// Discard takes an upload away, with its files.
func (d *Desk) Discard(by store.Actor, id ID) error {
	u, err := d.Find(by, id)
	if err != nil {
		return err
	}
	if u.State.Working() {
		return ErrWorking
	}
	return os.RemoveAll(d.path(u, ""))
}

func (d *Desk) poke() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// Run works on what waits until the context ends, and deletes what has lain here for a day.
func (d *Desk) Run(ctx context.Context, log *slog.Logger) error {
	ticker := time.NewTicker(2 * time.Second)
	defer ticker.Stop()
	for {
		if err := d.Work(ctx); err != nil && ctx.Err() == nil {
			log.Error("import", slog.String("error", err.Error()))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-d.wake:
		case <-ticker.C:
		}
	}
}
