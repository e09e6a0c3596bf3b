package app

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"letterhead/app/setting"
	"os"
	"path/filepath"
	"strings"
	"time"

	"filippo.io/age"
	"letterhead/app/archive"
	"letterhead/app/record"
	"letterhead/courier/journal"
	"letterhead/courier/trust"
	"letterhead/fault"
	"letterhead/ledger"
	"letterhead/message"
	"letterhead/store"
)

// A backup holds the database (a consistent copy, or pg_dump's custom format), the configuration, and the courier's folder, of its journal only
// what it knows of approvals.
// The key-encryption key is never in it: whoever has the backup and its passphrase has names and the calendar, and no contact details.

const (
	databaseEntry = "letterhead.db"
	dumpEntry     = "letterhead.dump"
	chainsEntry   = "approvals.journal"
)

func journalFolder(folder string) string { return filepath.Join(courierFolder(folder), "journal") }

func backupCommand() command {
	cmd := command{
		name: "backup", argument: "FILE", summary: "write a consistent, encrypted copy of everything but the key",
		examples: []string{"backup /var/backups/letterhead-2026-12-01.age --recipient age1…", "backup FILE --passphrase-file PATH"},
	}
	cmd.run = func(ctx context.Context, c *call) error {
		var recipient, file string
		err := c.parse(cmd, func(f *flag.FlagSet) {
			f.StringVar(&recipient, "recipient", "", "an age `recipient` (age1…), whose identity restores it")
			f.StringVar(&file, "passphrase-file", "", "a `file` that holds the passphrase, instead of a recipient")
		})
		if err != nil {
			return err
		}
		if len(c.args) != 1 {
			return fault.Field("FILE", "backup.file", "name the file to write")
		}
		to, err := archive.Recipient(recipient, file)
		if err != nil {
			return err
		}
		return c.inFolder(ctx, func(i *installation) error {
			size, err := i.backup(ctx, c.args[0], to)
			if err != nil {
				return err
			}
			fmt.Fprintf(c.out, "Wrote %s (%d bytes). The key-encryption key %s is not in it: keep a copy of that elsewhere.\n", c.args[0], size, i.config.KeyFile)
			return nil
		})
	}
	return cmd
}

func (i *installation) backup(ctx context.Context, path string, to age.Recipient) (size int64, err error) {
	work, err := os.MkdirTemp(filepath.Dir(path), ".letterhead-backup-")
	if err != nil {
		return 0, fmt.Errorf("make a folder beside the backup: %w", err)
	}
	defer os.RemoveAll(work)
	// What the journal knows of approvals, before the database: a copy of that which has less would be behind.
	chains, err := journal.ExportChains(journalFolder(i.folder), i.trust.Installation)
	if err != nil {
		return 0, err
	}
	known := filepath.Join(work, chainsEntry)
	if err := os.WriteFile(known, chains, 0o600); err != nil {
		return 0, err
	}
	copied, err := i.copyDatabase(ctx, work)
	if err != nil {
		return 0, err
	}
	files := []archive.File{{Path: copied, Name: filepath.Base(copied)}, {Path: known, Name: chainsEntry}}
	config := filepath.Join(i.folder, setting.File)
	if _, err := os.Stat(config); err == nil {
		files = append(files, archive.File{Path: config, Name: setting.File})
	}
	// The rest of the journal belongs to this life of the installation; a restore begins another.
	rest, err := archive.Tree(i.folder, courierFolder(i.folder), func(path string) bool { return path == journalFolder(i.folder) })
	if err != nil {
		return 0, fmt.Errorf("list the courier's folder: %w", err)
	}
	note := fmt.Sprintf("installation %s\nepoch %d\nat %s\n", i.trust.Installation, i.trust.Epoch, i.db.Now().Format(time.RFC3339))
	return archive.Write(path, work, note, to, append(files, rest...))
}

func (i *installation) copyDatabase(ctx context.Context, work string) (string, error) {
	if strings.HasPrefix(i.config.Database, "sqlite:") {
		path := filepath.Join(work, databaseEntry)
		return path, i.db.Backup(ctx, path)
	}
	path := filepath.Join(work, dumpEntry)
	if err := archive.Dump(ctx, i.config.Database, path); err != nil {
		return "", err
	}
	return path, nil
}

func restoreCommand() command {
	cmd := command{
		name: "restore", argument: "FILE", summary: "make a data folder from a backup; it comes up stopped, under a new epoch",
		examples: []string{"restore letterhead-2026-12-01.age --identity-file key.txt --key-file kek.key", "restore FILE --passphrase-file PATH --key-file kek.key"},
	}
	cmd.run = func(ctx context.Context, c *call) error {
		var identityFile, secretFile, key, database string
		err := c.parse(cmd, func(f *flag.FlagSet) {
			f.StringVar(&identityFile, "identity-file", "", "a `file` that holds the age identity (AGE-SECRET-KEY-…)")
			f.StringVar(&secretFile, "passphrase-file", "", "a `file` that holds the passphrase, instead of an identity")
			f.StringVar(&key, "key-file", "", "the `file` with the key-encryption key, kept apart from the backup")
			f.StringVar(&database, "database", "", "the `address` of an empty PostgreSQL database, for its owner, where the backup is one of PostgreSQL")
		})
		if err != nil {
			return err
		}
		if len(c.args) != 1 {
			return fault.Field("FILE", "restore.file", "name the backup")
		}
		if err := required("key-file", key); err != nil {
			return err
		}
		identity, err := archive.Identity(identityFile, secretFile)
		if err != nil {
			return err
		}
		return c.restore(ctx, c.args[0], identity, key, database)
	}
	return cmd
}

// restore unpacks beside the data folder and renames: a folder that exists is whole.
func (c *call) restore(ctx context.Context, path string, identity age.Identity, key, database string) error {
	if entries, err := os.ReadDir(c.folder); err == nil && len(entries) > 0 {
		return fault.New(fault.Conflict, "restore.folder", "the data folder is not empty; name a new one with --data")
	}
	work := strings.TrimRight(c.folder, "/") + ".restoring"
	if err := os.MkdirAll(filepath.Dir(work), 0o700); err != nil {
		return err
	}
	if err := os.Mkdir(work, 0o700); err != nil {
		return fault.New(fault.Conflict, "restore.half", work+" is there from a restore that did not finish; remove it first").With(err)
	}
	t, err := c.unpackInto(ctx, work, path, identity, key, database)
	if err != nil {
		return errors.Join(err, os.RemoveAll(work))
	}
	if err := os.Rename(work, c.folder); err != nil {
		return err
	}
	log, err := ledger.MakeKey(courierFolder(c.folder), t.Installation, t.Epoch)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.out, record.KeySays+"Restored to %s, epoch %d. Sending is stopped: compare what was sent since the backup, then letterhead lift --reason TEXT.\n",
		ledger.KeyFile(courierFolder(c.folder), t.Epoch), log.Text, c.folder, t.Epoch)
	return nil
}

func (c *call) unpackInto(ctx context.Context, work, path string, identity age.Identity, key, database string) (t trust.File, err error) {
	if err := archive.Read(path, work, identity); err != nil {
		return t, err
	}
	if err := copyKey(key, filepath.Join(work, "kek.key")); err != nil {
		return t, err
	}
	if t, err = trust.NextEpoch(courierFolder(work)); err != nil {
		return t, err
	}
	if err := journal.Create(journalFolder(work), t.Installation, t.Epoch); err != nil {
		return t, err
	}
	if err := restoreChains(work, t.Installation); err != nil {
		return t, err
	}
	if err := archive.Restore(ctx, work, dumpEntry, database); err != nil {
		return t, err
	}
	// The environment speaks of the installation that was; the restored one has its own settings.
	restored := &call{folder: work, env: map[string]string{}, out: c.out, errs: c.errs}
	return t, restored.freezeRestored(ctx, t)
}

// restoreChains gives the new journal what the old one knew of approvals. A backup from before there were any has nothing of it.
func restoreChains(folder, installation string) error {
	known := filepath.Join(folder, chainsEntry)
	raw, err := os.ReadFile(known)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = journal.ImportChains(journalFolder(folder), installation, raw)
	}
	if err != nil {
		return fmt.Errorf("restore what the journal knew of approvals: %w", err)
	}
	return os.Remove(known)
}

// freezeRestored stops all sending in the restored database before anybody can open it.
func (c *call) freezeRestored(ctx context.Context, t trust.File) error {
	i, err := c.open(ctx, nil)
	if err != nil {
		return err
	}
	defer i.Close()
	if err := i.db.Whole(ctx, "suppressions of a restored backup", func(w *store.Wide) error { return message.Anew(ctx, w) }); err != nil {
		return err // the journal may know less than these rows: the courier takes all of them over again
	}
	_, err = i.halt().Stop(ctx, message.Stop{Scope: message.StopPlatform, Who: "restore", Reason: fmt.Sprintf("restored from a backup; epoch %d", t.Epoch)})
	return err
}

func copyKey(from, to string) error {
	raw, err := os.ReadFile(from)
	if err != nil {
		return fault.Field("--key-file", "restore.key", "cannot be read")
	}
	return os.WriteFile(to, raw, 0o600)
}
