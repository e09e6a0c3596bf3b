// Package store is the ground: one database of either engine, reached through three doors.
//
// View and Change hand out a *Tx that is bound to one practice, one actor and one instant. $1 of every statement is that practice: the Tx
// supplies it and refuses a statement that does not use it, so a handler cannot forget the predicate, and it cannot name another practice.
// ChangeEach does so for several practices in turn. Whole and WholeView hand out a *Wide for the few statements across practices (sign-in, claims, operator pages); a test keeps the list of
// packages that may call them. The raw *sql.DB never leaves this package, and nobody outside it may ask which engine it is.
//
// Promises: a Change that returned nil is durable (SQLite: WAL with synchronous=FULL; PostgreSQL: synchronous_commit as configured by the
// server, on by default). Changes are serialisable on both engines; on PostgreSQL a serialisation failure runs the function again, so it
// must have no effect outside the transaction. A View sees one snapshot and cannot write.
//
// Never: SQL built from values; a statement text that differs by engine outside dialect_*.go; an instant finer than a microsecond.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"letterhead/fault"
)

// PracticeID names a practice (the tenant). UUIDv7.
type PracticeID string

// MemberID names a team member of a practice. UUIDv7.
type MemberID string

// Actor is on whose behalf a transaction runs. What the actor may do is package guard's business.
type Actor struct {
	Practice PracticeID
	Member   MemberID // empty when no person acts
	Agent    string   // what acts when no person does: "tick", "import", "courier", "command"
	Way      Way
}

// Way is by which door somebody came, as the access log keeps it: references, and nobody's address or token.
type Way struct {
	Route      string // the pattern of a route, or a command's name
	Purpose    string // what the route is for: "read", "change", "sign"; "" of work that nobody asked for
	Session    string // its id
	Credential string // a program's
	Address    string // keyed hash of the network address
}

// Who returns the actor's name for a row: the member's id, or the agent.
func (a Actor) Who() string {
	if a.Member != "" {
		return string(a.Member)
	}
	return a.Agent
}

// Config says which database to open.
type Config struct {
	URL string           // "sqlite:PATH" or "postgres://…"
	Now func() time.Time // the clock; time.Now when nil
	// Small keeps SQLite's caches small and its readers few: for a process that only delivers, and reads each page of a batch once or twice.
	Small bool
}

// DB is an open database. It is safe for concurrent use.
type DB struct {
	dialect dialect
	write   *sql.DB
	read    *sql.DB
	now     func() time.Time
	stmts   *statements
	sets    prepared // of Whole
	looks   prepared // of WholeView
	views   prepared // of View
	changes prepared // of Change
}

// ErrUnique and ErrForeign are what constraint violations become on either engine.
var (
	ErrUnique  = fault.New(fault.Conflict, "store.unique", "there is one like this already")
	ErrForeign = fault.New(fault.NotFound, "store.foreign", "what this refers to does not exist")
	ErrBusy    = fault.New(fault.Unavailable, "store.busy", "the database is busy; try again")
	ErrNone    = fault.New(fault.NotFound, "store.none", "not found")
)

// Open opens the database and checks that its schema is this binary's. A SQLite file is created and migrated here, after a copy of itself;
// PostgreSQL is migrated by Migrate, with the owner's role.
func Open(ctx context.Context, c Config) (*DB, error) {
	db, err := open(ctx, c)
	if err != nil {
		return nil, err
	}
	if err := db.checkSchema(ctx); err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

func open(ctx context.Context, c Config) (*DB, error) {
	now := c.Now
	if now == nil {
		now = time.Now
	}
	db := &DB{now: now, stmts: newStatements()}
	var err error
	switch {
	case strings.HasPrefix(c.URL, "sqlite:"):
		db.dialect, db.write, db.read, err = openSQLite(ctx, strings.TrimPrefix(c.URL, "sqlite:"), c.Small)
	case strings.HasPrefix(c.URL, "postgres://"), strings.HasPrefix(c.URL, "postgresql://"):
		db.dialect, db.write, db.read, err = openPostgres(ctx, c.URL)
	default:
		err = fault.Field("database", "store.url", "write it as sqlite:PATH or postgres://USER@HOST/DATABASE")
	}
	if err != nil {
		return nil, err
	}
	return db, nil
}

// Close closes the database.
func (db *DB) Close() error {
	if db.read != db.write {
		if err := db.read.Close(); err != nil {
			return errors.Join(err, db.write.Close())
		}
	}
	return db.write.Close()
}

// Ping reports whether the database answers.
func (db *DB) Ping(ctx context.Context) error { return db.read.PingContext(ctx) }

// Now is the database's clock: UTC, whole microseconds.
func (db *DB) Now() time.Time { return db.now().UTC().Truncate(time.Microsecond) }

// View runs fn in a read-only transaction bound to the actor's practice.
func (db *DB) View(ctx context.Context, actor Actor, fn func(*Tx) error) error {
	if actor.Practice == "" {
		return errors.New("store: a view without a practice")
	}
	keep := db.kept(&db.views)
	if keep != nil {
		keep.catchUp(ctx, db.read)
	}
	var left left
	err := db.run(ctx, db.read, db.dialect.viewOptions(), actor.Practice, func(tx *sql.Tx, now time.Time) error {
		defer left.begin()()
		return fn(&Tx{Actor: actor, Practice: actor.Practice, Now: now, left: &left, conn: conn{tx: tx, db: db, keep: keep}})
	})
	return db.leave(ctx, actor, &left, err)
}

// Change runs fn in a serialisable transaction bound to the actor's practice. fn may run more than once.
func (db *DB) Change(ctx context.Context, actor Actor, fn func(*Tx) error) error {
	if actor.Practice == "" {
		return errors.New("store: a change without a practice")
	}
	keep := db.kept(&db.changes)
	if keep != nil {
		keep.catchUp(ctx, db.write)
	}
	var left left
	err := db.run(ctx, db.write, db.dialect.changeOptions(), actor.Practice, func(tx *sql.Tx, now time.Time) error {
		defer left.begin()()
		t := &Tx{Actor: actor, Practice: actor.Practice, Now: now, left: &left, conn: conn{tx: tx, db: db, keep: keep}}
		if err := fn(t); err != nil || left.trail == nil {
			return err
		}
		return left.trail.Write(ctx, t)
	})
	if err == nil {
		return nil
	}
	return db.leave(ctx, actor, &left, err)
}

// ChangeEach is Change for several practices in one transaction, one after another: what is done for many costs one commit. Each call of fn has a Tx
// that is bound to its practice alone, and must not keep it. An error of one undoes all.
func (db *DB) ChangeEach(ctx context.Context, agent string, practices []PracticeID, fn func(*Tx) error) error {
	if len(practices) == 0 || slices.Contains(practices, "") {
		return errors.New("store: a change without a practice")
	}
	keep := db.kept(&db.changes)
	if keep != nil {
		keep.catchUp(ctx, db.write)
	}
	return db.run(ctx, db.write, db.dialect.changeOptions(), practices[0], func(tx *sql.Tx, now time.Time) error {
		for i, practice := range practices {
			if i > 0 {
				if err := db.dialect.bind(ctx, tx, practice); err != nil {
					return err
				}
			}
			if err := fn(&Tx{Actor: Actor{Practice: practice, Agent: agent}, Practice: practice, Now: now, conn: conn{tx: tx, db: db, keep: keep}}); err != nil {
				return err
			}
		}
		return nil
	})
}

// Whole runs fn in a READ COMMITTED transaction that sees every practice. why is a constant that says what for.
func (db *DB) Whole(ctx context.Context, why string, fn func(*Wide) error) error {
	db.sets.catchUp(ctx, db.write)
	return db.run(ctx, db.write, db.dialect.wholeOptions(), everyPractice, func(tx *sql.Tx, now time.Time) error {
		return fn(&Wide{Now: now, why: why, prepared: &db.sets, conn: conn{tx: tx, db: db, keep: db.kept(&db.sets)}})
	})
}

// WholeView is Whole for reading alone.
func (db *DB) WholeView(ctx context.Context, why string, fn func(*Wide) error) error {
	db.looks.catchUp(ctx, db.read)
	return db.run(ctx, db.read, db.dialect.viewOptions(), everyPractice, func(tx *sql.Tx, now time.Time) error {
		return fn(&Wide{Now: now, why: why, prepared: &db.looks, conn: conn{tx: tx, db: db, keep: db.kept(&db.looks)}})
	})
}

// kept is p where statements are kept prepared by us: on SQLite.
func (db *DB) kept(p *prepared) *prepared {
	if db.dialect.anonymous() {
		return p
	}
	return nil
}

// everyPractice is what row-level security is told where a statement may see all practices; no id can be equal to it.
const everyPractice PracticeID = "*"

// tries bounds how often a change runs again after a serialisation failure.
const tries = 12

func (db *DB) run(ctx context.Context, pool *sql.DB, options *sql.TxOptions, practice PracticeID, fn func(*sql.Tx, time.Time) error) error {
	for try := 1; ; try++ {
		err := db.once(ctx, pool, options, practice, fn)
		if err == nil || try == tries || !db.dialect.again(err) {
			if fault.As(err) != nil {
				return err // fn has said already what it means, and for which field
			}
			return db.dialect.translate(err)
		}
		wait := time.Duration(rand.Int64N(int64(time.Millisecond) << min(try, 6)))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
}

func (db *DB) once(ctx context.Context, pool *sql.DB, options *sql.TxOptions, practice PracticeID, fn func(*sql.Tx, time.Time) error) error {
	tx, err := pool.BeginTx(ctx, options)
	if err != nil {
		return err
	}
	// After a commit this does nothing; it also runs when fn panics.
	defer func() { _ = tx.Rollback() }()
	if err := db.dialect.bind(ctx, tx, practice); err != nil {
		return err
	}
	if err := fn(tx, db.Now()); err != nil {
		return err
	}
	return tx.Commit()
}

// NewID returns a new UUIDv7 as any of the typed ids.
func NewID[T ~string]() T { return T(uuid.Must(uuid.NewV7()).String()) }

// Micro turns an instant into what the database keeps: microseconds since 1970 UTC; 0 for the zero time.
func Micro(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// Instant is Micro's inverse.
func Instant(micro int64) time.Time {
	if micro == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micro).UTC()
}

// MaxParameters is how many values one statement may carry on both engines.
const MaxParameters = 32000

// List returns n placeholders from number first on: List(2, 3) is "$2, $3, $4".
func List(first, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "$%d", first+i)
	}
	return b.String()
}

// Any turns typed values into arguments.
func Any[T any](values []T) []any {
	out := make([]any, len(values))
	for i, v := range values {
		out[i] = v
	}
	return out
}
