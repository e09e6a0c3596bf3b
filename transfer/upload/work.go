package upload

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"letterhead/fault"
	"letterhead/store"
	"letterhead/transfer"
)

// Work does what waits, one after the other, and deletes what is over.
func (d *Desk) Work(ctx context.Context) error {
	all, err := d.every()
	if err != nil {
		return err
	}
	for _, u := range all {
		switch {
		case u.State.Working():
			err = errors.Join(err, d.alone(ctx, u))
		case d.db.Now().Sub(u.Changed) > keptFor:
			err = errors.Join(err, os.RemoveAll(d.path(u, "")))
		}
		if ctx.Err() != nil {
			return err
		}
	}
	return errors.Join(err, d.sweep())
}

// sweep deletes folders without a state that have lain here for a day: somebody broke off while handing in.
func (d *Desk) sweep() error {
	folders, err := filepath.Glob(filepath.Join(d.folder, "*", "*"))
	if err != nil {
		return err
	}
	for _, folder := range folders {
		if _, err := os.Stat(filepath.Join(folder, stateFile)); err == nil {
			continue
		}
		if info, err := os.Stat(folder); err == nil && d.db.Now().Sub(info.ModTime()) > keptFor {
			if err := os.RemoveAll(folder); err != nil {
				return err
			}
		}
	}
	return nil
}

// alone does one piece of work while no other process has it. The lock ends with the process.
func (d *Desk) alone(ctx context.Context, u Upload) error {
	lock, err := os.OpenFile(d.path(u, "lock"), os.O_CREATE|os.O_WRONLY, 0o600)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = lock.Close() }()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil { //nolint:gosec // a file descriptor is small
		return nil // another process works on it
	}
	if u, err = read(d.path(u, stateFile)); err != nil || !u.State.Working() {
		return err // another process was quicker
	}
	defer d.note(u, true)
	err = d.work(ctx, &u)
	if ctx.Err() != nil {
		return ctx.Err() // it goes on after the restart
	}
	if err != nil {
		u.State, u.Problem = Failed, &Problem{Key: "upload.internal"}
		if f := fault.As(err); f != nil && f.Kind != fault.Internal {
			u.Problem, err = &Problem{Field: f.Field, Key: f.Key, Say: f.Say}, nil
		}
	}
	return errors.Join(err, d.save(u))
}

// note keeps for the pages how far the work is.
func (d *Desk) note(u Upload, over bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if over {
		delete(d.live, u.ID)
		return
	}
	d.live[u.ID] = u
}

func (d *Desk) actor(u Upload) store.Actor {
	return store.Actor{Practice: u.Practice, Member: u.Who, Way: store.Way{Route: "import", Purpose: "change"}}
}

func (d *Desk) work(ctx context.Context, u *Upload) error {
	switch u.State {
	case Checking:
		if err := d.bring(ctx, u, true); err != nil {
			return err
		}
		u.State = Checked
	case Importing:
		if err := d.importing(ctx, u); err != nil {
			return err
		}
		u.State = Done
		for _, name := range []string{clientsFile, appointmentsFile, practiceFile} {
			if err := os.Remove(d.path(*u, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			}
		}
		return d.after(ctx, d.actor(*u))
	case Undoing:
		if err := d.undo(ctx, u); err != nil {
			return err
		}
		u.State = Undone
		return d.after(ctx, d.actor(*u))
	}
	return nil
}

// importing imports. A batch whose name was written down and that is in came in before a restart: only what it said is found out anew, and a second
// import of the same files changes nothing.
func (d *Desk) importing(ctx context.Context, u *Upload) error {
	if u.Batch != "" {
		before, err := d.batch(ctx, *u, u.Batch)
		if err == nil && before.State == "done" {
			if err := d.bring(ctx, u, true); err != nil {
				return err
			}
			u.Report.Clients, u.Report.Appointments, u.Report.DryRun = before.Clients, before.Appointments, false
			return nil
		}
		if err != nil && !errors.Is(err, transfer.ErrNoBatch) {
			return err
		}
	}
	u.Batch = store.NewID[transfer.BatchID]()
	if err := d.save(*u); err != nil {
		return err
	}
	return d.bring(ctx, u, false)
}

func (d *Desk) batch(ctx context.Context, u Upload, id transfer.BatchID) (found transfer.Batch, err error) {
	err = d.db.View(ctx, d.actor(u), func(tx *store.Tx) error {
		found, err = transfer.Find(ctx, tx, id)
		return err
	})
	return found, err
}

// bring runs the import, and keeps its remarks.
func (d *Desk) bring(ctx context.Context, u *Upload, dry bool) (err error) {
	options := transfer.Options{DryRun: dry, OtherPractice: u.OtherPractice, Mapping: &u.Mapping, Actor: d.actor(*u), Progress: d.progress(u)}
	if !dry {
		options.Batch = u.Batch
	}
	out, err := os.OpenFile(d.path(*u, remarksFile), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	remarks := bufio.NewWriter(out)
	options.Remarks = &bounded{to: remarks, left: maxRemarks}
	report, err := transfer.Import(ctx, d.db, d.keeper, u.Practice, transfer.Source{Dir: d.path(*u, "")}, options)
	if err != nil {
		return err
	}
	if err := remarks.Flush(); err != nil {
		return fmt.Errorf("keep the remarks: %w", err)
	}
	report.Remarks = nil // they lie in their file
	u.Report = *report
	return nil
}

func (d *Desk) progress(u *Upload) func(transfer.Progress) {
	return func(p transfer.Progress) {
		u.Step, u.Rows = p.Step, p.Rows
		d.note(*u, false)
	}
}

func (d *Desk) undo(ctx context.Context, u *Upload) error {
	report, err := transfer.Undo(ctx, d.db, d.keeper, u.Practice, u.Batch, transfer.Options{Actor: d.actor(*u), Progress: d.progress(u)})
	if errors.Is(err, transfer.ErrUndone) { // before a restart
		var done transfer.Batch
		err = d.db.View(ctx, d.actor(*u), func(tx *store.Tx) (err error) {
			done, err = transfer.UndoneBy(ctx, tx, u.Batch)
			return err
		})
		report = &transfer.Report{Undoes: u.Batch, Clients: done.Clients, Appointments: done.Appointments}
	}
	if err != nil {
		return err
	}
	report.Remarks = nil
	u.Report = *report
	return nil
}

// maxRemarks bounds the file of remarks, in bytes.
const maxRemarks = 64 << 20

// bounded writes whole lines until there is no room.
type bounded struct {
	to   *bufio.Writer
	left int
}

func (b *bounded) Write(line []byte) (int, error) {
	if b.left -= len(line); b.left < 0 {
		b.left = 0
		return len(line), nil
	}
	return b.to.Write(line)
}
