// Package testkit is what tests share: databases of both engines, a clock that can be set, and two practices with the same ids.
//
// Databases are real: SQLite files in a temporary folder, and a private PostgreSQL cluster on a socket, made by the first test of a process
// that asks and ended with that process, however it ends. Its only non-test importer is rehearse.
package testkit

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"letterhead/store"
)

// Engine names a database engine.
type Engine string

// The two engines.
const (
	SQLite     Engine = "sqlite"
	PostgreSQL Engine = "postgres"
)

// Engines are both, SQLite first. LETTERHEAD_TEST_ENGINE narrows them to one.
func Engines() []Engine {
	if only := os.Getenv("LETTERHEAD_TEST_ENGINE"); only != "" {
		return []Engine{Engine(only)}
	}
	return []Engine{SQLite, PostgreSQL}
}

// Each runs a test on an empty database of each engine.
func Each(t *testing.T, test func(t *testing.T, db *store.DB)) {
	t.Helper()
	for _, engine := range Engines() {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			test(t, Open(t, engine, nil))
		})
	}
}

// Open opens an empty, migrated database that is gone when the test ends. clock may be nil.
func Open(t testing.TB, engine Engine, clock *Clock) *store.DB {
	t.Helper()
	config := store.Config{URL: URL(t, engine)}
	if clock != nil {
		config.Now = clock.Now
	}
	db, err := store.Open(context.Background(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error("close the database: ", err)
		}
	})
	return db
}

// URL makes an empty, migrated database and returns its address, for tests that open it from several processes.
func URL(t testing.TB, engine Engine) string {
	t.Helper()
	if engine == PostgreSQL {
		return postgresURL(t)
	}
	url := "sqlite:" + filepath.Join(t.TempDir(), "letterhead.db")
	db, err := store.Open(context.Background(), store.Config{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return url
}

// Clock is a clock that stands still until it is told to move. It is safe for concurrent use.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock returns a clock that shows an RFC 3339 instant.
func NewClock(t testing.TB, at string) *Clock {
	t.Helper()
	now, err := time.Parse(time.RFC3339, at)
	if err != nil {
		t.Fatal(err)
	}
	return &Clock{now: now}
}

// Now is what the clock shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Set moves the clock to an instant.
func (c *Clock) Set(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = at
}

// Pass moves the clock on.
func (c *Clock) Pass(d time.Duration) { c.Set(c.Now().Add(d)) }
