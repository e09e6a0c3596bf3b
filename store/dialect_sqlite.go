package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// dialect is all that differs between the engines.
type dialect interface {
	viewOptions() *sql.TxOptions
	changeOptions() *sql.TxOptions
	wholeOptions() *sql.TxOptions
	bind(ctx context.Context, tx *sql.Tx, practice PracticeID) error // tells row-level security which practice it is
	again(err error) bool                                            // whether the whole transaction may run again
	translate(err error) error                                       // driver errors to ErrUnique, ErrForeign, ErrBusy
	skipLocked() string
	explain() string
	catalogue() string               // the query of every table with a column practice: table, column, type, whether never null, place in the primary key
	anonymous() bool                 // whether Bulk writes ? instead of $n
	word(name string) (string, bool) // {{name}} in migrations
	afterMigrations(ctx context.Context, tx *sql.Tx) error
	selfMigrating() bool
	backup(ctx context.Context, file string) error
}

type sqliteDialect struct{ path string }

func openSQLite(ctx context.Context, path string, small bool) (dialect, *sql.DB, *sql.DB, error) {
	d := sqliteDialect{path: path}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, nil, nil, fmt.Errorf("make the folder of the database: %w", err)
	}
	// The file holds personal data in clear (names): nobody else on the machine may read it, whatever the umask.
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("open the database file: %w", err)
	}
	if err := file.Close(); err != nil {
		return nil, nil, nil, err
	}
	cacheKB, readers, temporary := 16000, 8, "FILE" // of each connection
	if small {
		// What a statement would have to undo lies in a temporary file, or here: little, where statements are of 25 rows.
		cacheKB, readers, temporary = 2000, 3, "MEMORY"
	}
	cache := fmt.Sprintf("_pragma=cache_size(-%d)&_pragma=temp_store(%s)", cacheKB, temporary) // negative: in KiB
	write, err := sql.Open("sqlite", sqliteName(path, cache, "_txlock=immediate", "_pragma=synchronous(FULL)", "_pragma=wal_autocheckpoint(4000)"))
	if err != nil {
		return nil, nil, nil, err
	}
	write.SetMaxOpenConns(1) // one writer per process: waits in Go, not in SQLite
	read, err := sql.Open("sqlite", sqliteName(path, cache, "_pragma=query_only(1)"))
	if err != nil {
		return nil, nil, nil, err
	}
	read.SetMaxOpenConns(readers)
	read.SetMaxIdleConns(readers)
	if err := write.PingContext(ctx); err != nil {
		return nil, nil, nil, fmt.Errorf("open the database: %w", err)
	}
	return d, write, read, nil
}

func sqliteName(path string, more ...string) string {
	name := "file:" + (&url.URL{Path: path}).EscapedPath() + "?_pragma=busy_timeout(15000)&_pragma=journal_mode(WAL)&_pragma=foreign_keys(1)"
	for _, m := range more {
		name += "&" + m
	}
	return name
}

func (sqliteDialect) viewOptions() *sql.TxOptions   { return &sql.TxOptions{ReadOnly: true} }
func (sqliteDialect) changeOptions() *sql.TxOptions { return nil }
func (sqliteDialect) wholeOptions() *sql.TxOptions  { return nil }

func (sqliteDialect) bind(context.Context, *sql.Tx, PracticeID) error { return nil }

func (sqliteDialect) again(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code()&0xff == sqlite3.SQLITE_BUSY
}

func (d sqliteDialect) translate(err error) error {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_ROWID:
		return ErrUnique.With(err)
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
		return ErrForeign.With(err)
	}
	if e.Code()&0xff == sqlite3.SQLITE_BUSY {
		return ErrBusy.With(err)
	}
	return err
}

func (sqliteDialect) skipLocked() string { return "" }

func (sqliteDialect) explain() string { return "EXPLAIN QUERY PLAN " }

func (sqliteDialect) catalogue() string {
	return `SELECT m.name, i.name, i.type, i."notnull", MAX(i.pk - 1, 0) FROM sqlite_master m JOIN pragma_table_info(m.name) i
		WHERE m.type = 'table' AND EXISTS (SELECT 1 FROM pragma_table_info(m.name) p WHERE p.name = 'practice') ORDER BY m.name, i.cid`
}

// To SQLite $7 is a name: parsing looks it up among all the others, and the driver compares it with every value. 2,000 rows of 29 columns took
// 33 s with $n in statements of 512 rows.
func (sqliteDialect) anonymous() bool { return true }

func (sqliteDialect) word(name string) (string, bool) {
	word, ok := map[string]string{
		"int": "INTEGER", "bool": "INTEGER", "bytes": "BLOB", "text": "TEXT", "strict": "STRICT",
	}[name]
	return word, ok
}

func (sqliteDialect) afterMigrations(context.Context, *sql.Tx) error { return nil }
func (sqliteDialect) selfMigrating() bool                            { return true }

// backup copies the whole database into a new file, consistently, while others write.
func (d sqliteDialect) backup(ctx context.Context, file string) error {
	if _, err := os.Stat(file); err == nil {
		return alreadyThere(file)
	}
	ctx, cancel := context.WithTimeout(ctx, time.Hour)
	defer cancel()
	// A connection of its own: the writer stays free, and the readers may not write at all.
	own, err := sql.Open("sqlite", sqliteName(d.path))
	if err != nil {
		return err
	}
	defer own.Close()
	_, err = own.ExecContext(ctx, `VACUUM INTO $1`, file)
	return err
}

func alreadyThere(file string) error { return fmt.Errorf("%s exists already", filepath.Base(file)) }
