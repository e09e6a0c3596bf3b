package store

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strconv"
	"strings"

	"letterhead/fault"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

type migration struct {
	number int
	name   string
	text   string
	sum    string
}

var (
	wordPattern = regexp.MustCompile(`\{\{([a-z]+)\}\}`)
	namePattern = regexp.MustCompile(`^(\d{4})_[a-z]+(_[a-z]+)+\.sql$`)
)

// ErrNewer is returned when the database was written by a newer Letterhead.
var ErrNewer = fault.New(fault.Unavailable, "store.newer", "the database was written by a newer Letterhead; run that version")

// ErrOlder is returned when a PostgreSQL database waits for its migrations.
var ErrOlder = fault.New(fault.Unavailable, "store.older", "the database is older than this program; run letterhead migrate with the owner's role first")

// Migrate brings the database's schema to this binary's and returns the names of what it applied. For PostgreSQL the address must be the
// owner's; the working roles letterhead_serve and letterhead_courier are granted what they need when they exist.
func Migrate(ctx context.Context, c Config) ([]string, error) {
	db, err := open(ctx, c)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	return db.migrate(ctx)
}

func (db *DB) checkSchema(ctx context.Context) error {
	todo, err := db.pending(ctx)
	if err != nil || len(todo) == 0 {
		return err
	}
	if !db.dialect.selfMigrating() {
		return ErrOlder
	}
	if _, err = db.migrate(ctx); err == nil {
		return nil
	}
	// serve and courier may start together on one file: whoever comes second finds it done.
	if todo, again := db.pending(ctx); again == nil && len(todo) == 0 {
		return nil
	}
	return err
}

// pending lists the migrations still to apply; a recorded one that this binary does not know, or knows with another text, is an error.
func (db *DB) pending(ctx context.Context) ([]migration, error) {
	known, err := migrations(db.dialect)
	if err != nil {
		return nil, err
	}
	applied := map[int]string{}
	rows, err := db.write.QueryContext(ctx, `SELECT number, sum FROM migration ORDER BY number`)
	if err != nil { // no such table: nothing is applied
		return known, nil
	}
	defer rows.Close()
	for rows.Next() {
		var number int
		var sum string
		if err := rows.Scan(&number, &sum); err != nil {
			return nil, err
		}
		applied[number] = sum
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	var todo []migration
	for _, m := range known {
		sum, done := applied[m.number]
		switch {
		case !done:
			todo = append(todo, m)
		case sum != m.sum:
			return nil, fmt.Errorf("migration %s was changed after it had been applied", m.name)
		}
		delete(applied, m.number)
	}
	if len(applied) > 0 {
		return nil, ErrNewer
	}
	return todo, nil
}

func (db *DB) migrate(ctx context.Context) ([]string, error) {
	todo, err := db.pending(ctx)
	if err != nil || len(todo) == 0 {
		return nil, err
	}
	if err := db.copyBefore(ctx, todo[0]); err != nil {
		return nil, err
	}
	tx, err := db.write.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Rollback() }()
	var names []string
	for _, m := range todo {
		if _, err := tx.ExecContext(ctx, m.text); err != nil {
			return nil, fmt.Errorf("migration %s: %w", m.name, err)
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO migration (number, name, sum, applied_at) VALUES ($1, $2, $3, $4)`,
			m.number, m.name, m.sum, Micro(db.Now())); err != nil {
			return nil, fmt.Errorf("record migration %s: %w", m.name, err)
		}
		names = append(names, m.name)
	}
	if err := db.dialect.afterMigrations(ctx, tx); err != nil {
		return nil, fmt.Errorf("row-level security: %w", err)
	}
	return names, tx.Commit()
}

// copyBefore keeps a copy of a SQLite file that already holds something, beside it.
func (db *DB) copyBefore(ctx context.Context, first migration) error {
	d, ok := db.dialect.(sqliteDialect)
	if !ok || first.number == 1 {
		return nil
	}
	file := fmt.Sprintf("%s.before-%04d", d.path, first.number)
	if _, err := os.Stat(file); err == nil {
		return nil // a copy from an earlier try of the same migration is the older truth: keep it
	}
	// Under another name until it is whole: a process that is killed meanwhile must not leave half a copy that passes for one.
	begun := file + ".part"
	err := os.Remove(begun)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if err == nil {
		err = db.dialect.backup(ctx, begun)
	}
	if err == nil {
		err = onDisk(begun)
	}
	if err == nil {
		err = os.Rename(begun, file)
	}
	if err != nil {
		return fmt.Errorf("copy the database before migrating: %w", err)
	}
	return nil
}

// onDisk has a file written out (VACUUM INTO does not), readable by its owner alone.
func onDisk(name string) error {
	file, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(file.Chmod(0o600), file.Sync(), file.Close())
}

func migrations(d dialect) ([]migration, error) {
	names, err := fs.Glob(migrationFiles, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	var out []migration
	for i, path := range names {
		name := strings.TrimPrefix(path, "migrations/")
		match := namePattern.FindStringSubmatch(name)
		if match == nil {
			return nil, fmt.Errorf("migration %s: its name is not NNNN_verb_noun.sql", name)
		}
		number, err := strconv.Atoi(match[1])
		if err != nil || number != i+1 {
			return nil, fmt.Errorf("migration %s: number %d was expected", name, i+1)
		}
		raw, err := migrationFiles.ReadFile(path)
		if err != nil {
			return nil, err
		}
		var missing string
		text := wordPattern.ReplaceAllStringFunc(string(raw), func(w string) string {
			word, ok := d.word(strings.Trim(w, "{}"))
			if !ok {
				missing = w
			}
			return word
		})
		if missing != "" {
			return nil, fmt.Errorf("migration %s: unknown word %s", name, missing)
		}
		sum := sha256.Sum256(raw)
		out = append(out, migration{number: number, name: name, text: text, sum: hex.EncodeToString(sum[:])})
	}
	return out, nil
}

// Backup writes a consistent copy of a SQLite database to a new file while others write; for PostgreSQL it is an error that names pg_dump.
func (db *DB) Backup(ctx context.Context, file string) error { return db.dialect.backup(ctx, file) }
