// Package transfer brings another system's export into a practice, and takes it back.
//
// An import reads clients.csv, appointments.csv and practice.json, stages what they say in batches, already normalised and sealed, and makes
// it visible by one transaction, the flip. Every row ends created, changed, unchanged, kept or refused, and what was noticed is said with
// line, column and reason.
//
// Promises: kill -9 at any instant leaves all of an import or nothing of it. The same files again change nothing. A row that was changed here
// since its import is kept, never overwritten. Two rows that may be one person are named, never merged. Undo takes back what a batch made and
// restores what it changed, except what was changed here since or has messages. Memory does not grow with the files.
//
// Never: values from the files in errors (the report, made for the person who imports, shows them); a confirmation for an imported
// appointment (its booking instant is not known); a row of another practice.
//
// States of a batch: staging → done → undone, or staging → abandoned when a later import of the practice begins first. At most one batch of a
// practice is staging; one that is abandoned finds out at its next transaction and stops.
package transfer

import (
	"context"
	"io"
	"io/fs"
	"os"

	"letterhead/fault"
	"letterhead/store"
	"letterhead/transfer/words"
	"letterhead/vault"
)

// BatchID names one import. UUIDv7.
type BatchID string

// Source is where an export lies: a folder, or any file system.
type Source struct {
	Dir string
	FS  fs.FS
}

func (s Source) files() (fs.FS, error) {
	if s.FS != nil {
		return s.FS, nil
	}
	info, err := os.Stat(s.Dir)
	if err != nil || !info.IsDir() {
		return nil, fault.Field("from", "transfer.folder", "there is no such folder; name the one that holds clients.csv and appointments.csv")
	}
	return os.DirFS(s.Dir), nil
}

// Options say how an import runs. The zero value is a real import of an export in our own headings.
type Options struct {
	DryRun   bool           // says what would happen and changes nothing
	Mapping  *words.Mapping // other headings and words; nil for our own
	Remarks  io.Writer      // gets every remark as a line of JSON; nil for none
	Progress func(Progress) // told after each batch; nil for nobody
	// OtherPractice takes an export whose practice.json names a practice of another country and another name or zone into one that has clients
	// already; without it that is refused.
	OtherPractice bool
	Batch         BatchID     // the name that the batch gets; "" for a new one
	Actor         store.Actor // on whose behalf; its practice is set by Import. The zero value is the agent "import"
}

// Progress is how far an import is.
type Progress struct {
	Step string // "clients", "appointments", "flip", "plan"
	Rows int    // of this step, until now
}

// The errors that concern the whole import.
var (
	ErrAbandoned = fault.New(fault.Conflict, "transfer.abandoned", "another import of this practice was started while this one ran: this one stopped and changed nothing; run it again when the other has ended")
	ErrNoBatch   = fault.New(fault.NotFound, "transfer.no_batch", "there is no such import in this practice")
	ErrNothing   = fault.New(fault.NotFound, "transfer.nothing", "there is no import of this practice that could be taken back")
	ErrUndone    = fault.New(fault.Conflict, "transfer.undone", "this import was taken back already")
)

// Keeper opens a practice's keys.
type Keeper interface {
	Keys(ctx context.Context, tx *store.Tx) (*vault.Keys, error)
}
