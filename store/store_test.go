package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"letterhead/fault"
	"letterhead/store"
	"letterhead/testkit"
)

var ctx = context.Background()

const insertPractice = `INSERT INTO practice (practice, name, country, zone, language, phone, email, website, address, accent, sender_local, domain, label,
	default_channel, sms_services, quiet_from, quiet_to, client_word, created_at, closed_at)
	VALUES ($1, $2, 'AU', 'Australia/Melbourne', 'en', '', '', '', '', '', '', '', $3, 'email', FALSE, 1200, 480, 'client', $4, 0)`

const insertLocation = `INSERT INTO location (practice, id, name, zone, address, phone, directions, reply_to, position, archived_at) VALUES`

// two makes two practices that have a location with the same id.
func two(t *testing.T, db *store.DB) (a, b store.Actor) {
	t.Helper()
	a, b = store.Actor{Practice: "a", Agent: "test"}, store.Actor{Practice: "b", Agent: "test"}
	for _, actor := range []store.Actor{a, b} {
		err := db.Change(ctx, actor, func(tx *store.Tx) error {
			if _, err := tx.Exec(ctx, insertPractice, "Practice "+string(tx.Practice), "label-"+string(tx.Practice), store.Micro(tx.Now)); err != nil {
				return err
			}
			_, err := tx.Bulk(ctx, insertLocation, "", [][]any{{"l1", "Rooms of " + string(tx.Practice), "UTC", "", "", "", "", 0, 0}})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return a, b
}

func TestAPracticeSeesItsOwnRowsOnly(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, db *store.DB) {
		a, _ := two(t, db)
		err := db.View(ctx, a, func(tx *store.Tx) error {
			var name string
			if err := tx.Row(ctx, `SELECT name FROM location WHERE practice = $1 AND id = $2`, "l1").Scan(&name); err != nil {
				return err
			}
			if name != "Rooms of a" {
				t.Errorf("read %q", name)
			}
			if err := tx.Row(ctx, `SELECT name FROM location WHERE practice = $1 AND id = $2`, "l2").Scan(&name); !errors.Is(err, store.ErrNone) {
				t.Errorf("a row that is not there: %v", err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := db.View(ctx, a, func(tx *store.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE location SET name = $2 WHERE practice = $1`, "x")
			return err
		}); err == nil {
			t.Error("a view wrote")
		}
	})
}

// Several practices in one transaction: each by its own Tx alone, and all or none.
func TestPracticesShareATransactionAndNothingElse(t *testing.T) {
	for _, engine := range testkit.Engines() {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			shareATransaction(t, engine)
		})
	}
}

func shareATransaction(t *testing.T, engine testkit.Engine) {
	db := testkit.Open(t, engine, nil)
	a, b := two(t, db)
	both := []store.PracticeID{a.Practice, b.Practice}
	rename := func(tx *store.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE location SET name = $2 WHERE practice = $1`, "of "+string(tx.Practice))
		if tx.Actor.Practice != tx.Practice || tx.Actor.Who() != "tick" || n != 1 {
			t.Errorf("%d rows as %+v", n, tx.Actor)
		}
		// The second wall, where there is one: the text reaches for everybody.
		if err == nil && engine == testkit.PostgreSQL {
			n, err = tx.Exec(ctx, `UPDATE location SET name = name WHERE practice = $1 OR practice <> $1`)
			if n != 1 {
				t.Errorf("%s reached %d rows", tx.Practice, n)
			}
		}
		return err
	}
	names := func() (out string) {
		for _, actor := range []store.Actor{a, b} {
			err := db.View(ctx, actor, func(tx *store.Tx) error {
				var name string
				err := tx.Row(ctx, `SELECT name FROM location WHERE practice = $1 AND id = $2`, "l1").Scan(&name)
				out += name + ";"
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		return out
	}
	before := names()
	err := db.ChangeEach(ctx, "tick", both, func(tx *store.Tx) error {
		if err := rename(tx); err != nil || tx.Practice == a.Practice {
			return err
		}
		return errors.New("the second fails")
	})
	if err == nil || names() != before {
		t.Errorf("%v: half was done: %s", err, names())
	}
	if err := db.ChangeEach(ctx, "tick", both, rename); err != nil || names() != "of a;of b;" {
		t.Errorf("%v: %s", err, names())
	}
	for _, wrong := range [][]store.PracticeID{nil, {a.Practice, ""}} {
		if db.ChangeEach(ctx, "tick", wrong, rename) == nil {
			t.Errorf("a change of %q", wrong)
		}
	}
}

func TestAStatementWithoutThePracticeIsRefused(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, db *store.DB) {
		a, _ := two(t, db)
		for _, text := range []string{
			`DELETE FROM location`, `UPDATE location SET name = $2 WHERE id = $1`, `SELECT name FROM location WHERE practice = $2`,
			`SELECT name FROM location WHERE practice = 'b'`,
		} {
			err := db.Change(ctx, a, func(tx *store.Tx) error {
				_, err := tx.Exec(ctx, text, "b")
				return err
			})
			if err == nil || !strings.Contains(err.Error(), "without practice = $1") {
				t.Errorf("%s: %v", text, err)
			}
		}
	})
}

// The second wall: where a statement satisfies the text rule and still reaches for everybody, PostgreSQL shows the practice's rows alone.
func TestRowLevelSecurityHoldsWhereTheTextDoesNot(t *testing.T) {
	t.Parallel()
	db := testkit.Open(t, testkit.PostgreSQL, nil)
	a, _ := two(t, db)
	err := db.Change(ctx, a, func(tx *store.Tx) error {
		var n int
		if err := tx.Row(ctx, `SELECT count(*) FROM location WHERE practice = $1 OR TRUE`).Scan(&n); err != nil {
			return err
		}
		if n != 1 {
			t.Errorf("%d rows are seen", n)
		}
		_, err := tx.Exec(ctx, `INSERT INTO location (practice, id, name, zone, address, phone, directions, reply_to, position, archived_at)
			SELECT 'b', 'l9', name, '', '', '', '', '', 0, 0 FROM practice WHERE practice = $1`)
		return err
	})
	if err == nil || !strings.Contains(err.Error(), "row-level security") {
		t.Errorf("a row of the other practice was written: %v", err)
	}
}

// nobodys are the tables that hold nothing of any one practice: of the ledger, hashes and signatures over all.
const nobodys = `'migration', 'ledger_head', 'ledger_hash', 'ledger_checkpoint', 'ledger_cosignature'`

func TestEveryPracticeTableIsUnderRowLevelSecurity(t *testing.T) {
	t.Parallel()
	db := testkit.Open(t, testkit.PostgreSQL, nil)
	err := db.WholeView(ctx, "test", func(w *store.Wide) error {
		open, err := names(w, `
			SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
			WHERE n.nspname = 'public' AND c.relkind = 'r' AND c.relname NOT IN (`+nobodys+`)
			AND NOT (c.relrowsecurity AND c.relforcerowsecurity AND EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid))`)
		if len(open) > 0 {
			t.Errorf("tables without forced row-level security: %v", open)
		}
		if err != nil {
			return err
		}
		loose, err := names(w, `
			SELECT i.indexrelid::regclass::text FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
			JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
			WHERE n.nspname = 'public' AND i.indisprimary AND a.attname <> 'practice' AND c.relname NOT IN (`+nobodys+`)`)
		if len(loose) > 0 {
			t.Errorf("primary keys that do not begin with practice: %v", loose)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func names(w *store.Wide, query string) ([]string, error) {
	rows, err := w.Query(ctx, query)
	return store.Collect(rows, err, func(r *store.Rows) (string, error) {
		var name string
		return name, r.Scan(&name)
	})
}

func TestConstraintErrorsAreKinds(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, db *store.DB) {
		a, _ := two(t, db)
		add := func(id, name string) error {
			return db.Change(ctx, a, func(tx *store.Tx) error {
				_, err := tx.Bulk(ctx, insertLocation, "", [][]any{{id, name, "UTC", "", "", "", "", 0, 0}})
				return err
			})
		}
		if err := add("l1", "other"); !errors.Is(err, store.ErrUnique) {
			t.Errorf("same id: %v", err)
		}
		if err := add("l2", "Rooms of a"); !errors.Is(err, store.ErrUnique) {
			t.Errorf("same name: %v", err)
		}
		err := db.Change(ctx, a, func(tx *store.Tx) error {
			_, err := tx.Exec(ctx, `INSERT INTO consent (practice, id, client, category, channel, given, source, who, at) VALUES ($1, 'x', 'nobody', 'marketing', 'email', TRUE, '', '', 0)`)
			return err
		})
		if !errors.Is(err, store.ErrForeign) || fault.KindOf(err) != fault.NotFound {
			t.Errorf("foreign key: %v", err)
		}
	})
}

// A foreign key cannot lead into another practice, on either engine.
func TestAReferenceCannotLeaveThePractice(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, db *store.DB) {
		a, b := two(t, db)
		if err := db.Change(ctx, b, func(tx *store.Tx) error {
			_, err := tx.Exec(ctx, `INSERT INTO wording (practice, id, key, name, current, archived_at) VALUES ($1, 'w-of-b', '', '', '', 0)`)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		err := db.Change(ctx, a, func(tx *store.Tx) error {
			_, err := tx.Exec(ctx, `INSERT INTO wording_version (practice, id, wording, number, digest, content, made_by, made_at) VALUES ($1, 'v', 'w-of-b', 1, '', $2, '', 0)`, []byte("{}"))
			return err
		})
		if !errors.Is(err, store.ErrForeign) {
			t.Error(err)
		}
	})
}

func TestBulkIsWholeAndInOrder(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, db *store.DB) {
		a, _ := two(t, db)
		rows := make([][]any, 1500)
		for i := range rows {
			rows[i] = []any{fmt.Sprintf("x%04d", i), fmt.Sprintf("name %d", i), "UTC", "", "", "", "", i, 0}
		}
		err := db.Change(ctx, a, func(tx *store.Tx) error {
			if n, err := tx.Bulk(ctx, insertLocation, "", rows); err != nil || n != 1500 {
				t.Errorf("%d rows: %v", n, err)
			}
			found, err := tx.Query(ctx, `SELECT position FROM location WHERE practice = $1 AND id LIKE 'x%' ORDER BY id`)
			positions, err := store.Collect(found, err, func(r *store.Rows) (int, error) {
				var n int
				return n, r.Scan(&n)
			})
			for i, p := range positions {
				if p != i {
					t.Fatalf("row %d has position %d", i, p)
				}
			}
			if len(positions) != 1500 {
				t.Errorf("%d rows came back", len(positions))
			}
			_, ragged := tx.Bulk(ctx, insertLocation, "", [][]any{{"a"}, {"b", "c"}})
			if ragged == nil {
				t.Error("ragged rows were taken")
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// Many changes that read and then write the same row: none may be lost.
func TestChangesAreSerialisable(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, db *store.DB) {
		a, _ := two(t, db)
		const workers, rounds = 6, 10
		var wait sync.WaitGroup
		for range workers {
			wait.Go(func() {
				for range rounds {
					err := db.Change(ctx, a, func(tx *store.Tx) error {
						var n int
						if err := tx.Row(ctx, `SELECT position FROM location WHERE practice = $1 AND id = 'l1'`).Scan(&n); err != nil {
							return err
						}
						_, err := tx.Exec(ctx, `UPDATE location SET position = $2 WHERE practice = $1 AND id = 'l1'`, n+1)
						return err
					})
					for errors.Is(err, store.ErrBusy) { // said, not lost: the caller tries again
						err = db.Change(ctx, a, func(tx *store.Tx) error {
							_, err := tx.Exec(ctx, `UPDATE location SET position = position + 1 WHERE practice = $1 AND id = 'l1'`)
							return err
						})
					}
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		wait.Wait()
		var n int
		if err := db.View(ctx, a, func(tx *store.Tx) error {
			return tx.Row(ctx, `SELECT position FROM location WHERE practice = $1 AND id = 'l1'`).Scan(&n)
		}); err != nil {
			t.Fatal(err)
		}
		if n != workers*rounds {
			t.Errorf("%d of %d changes counted", n, workers*rounds)
		}
	})
}

func TestAFailedChangeLeavesNothing(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, db *store.DB) {
		a, _ := two(t, db)
		stop := errors.New("stop")
		err := db.Change(ctx, a, func(tx *store.Tx) error {
			if _, err := tx.Exec(ctx, `UPDATE location SET name = 'changed' WHERE practice = $1`); err != nil {
				return err
			}
			return stop
		})
		if !errors.Is(err, stop) {
			t.Fatal(err)
		}
		var name string
		if err := db.View(ctx, a, func(tx *store.Tx) error {
			return tx.Row(ctx, `SELECT name FROM location WHERE practice = $1 AND id = 'l1'`).Scan(&name)
		}); err != nil || name != "Rooms of a" {
			t.Errorf("%q %v", name, err)
		}
	})
}

func TestParametersAreBoundByNumber(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, db *store.DB) {
		err := db.WholeView(ctx, "test", func(w *store.Wide) error {
			var x, y, z string
			err := w.Row(ctx, `SELECT CAST($2 AS TEXT), CAST($1 AS TEXT), CAST($2 AS TEXT)`, "one", "two").Scan(&x, &y, &z)
			if x+y+z != "twoonetwo" {
				t.Errorf("%s %s %s", x, y, z)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestANewerOrChangedDatabaseIsRefused(t *testing.T) {
	t.Parallel()
	url := "sqlite:" + filepath.Join(t.TempDir(), "letterhead.db")
	db, err := store.Open(ctx, store.Config{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Whole(ctx, "test", func(w *store.Wide) error {
		_, err := w.Exec(ctx, `INSERT INTO migration (number, name, sum, applied_at) VALUES (9999, 'x', 'x', 0)`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(ctx, store.Config{URL: url}); !errors.Is(err, store.ErrNewer) {
		t.Error(err)
	}
}

// A copy that was begun when the process was killed never passes for a whole one.
func TestTheCopyBeforeAMigrationIsWhole(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "letterhead.db")
	db, err := store.Open(ctx, store.Config{URL: "sqlite:" + path})
	if err != nil {
		t.Fatal(err)
	}
	var last int
	err = db.Whole(ctx, "test", func(w *store.Wide) error {
		if err := w.Row(ctx, `SELECT max(number) FROM migration`).Scan(&last); err != nil {
			return err
		}
		_, err := w.Exec(ctx, `DELETE FROM migration WHERE number = $1`, last)
		return err
	})
	if err = errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	whole := fmt.Sprintf("%s.before-%04d", path, last)
	if err := os.WriteFile(whole+".part", []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(ctx, store.Config{URL: "sqlite:" + path}); err == nil {
		t.Fatal("what the migration makes was there already")
	}
	raw, err := os.ReadFile(whole)
	if err != nil || len(raw) < 100_000 || !strings.HasPrefix(string(raw), "SQLite format 3") {
		t.Errorf("%d bytes: %v", len(raw), err)
	}
	if _, err := os.Stat(whole + ".part"); err == nil {
		t.Error("half a copy is left")
	}
}

func TestOpenSaysHowAnAddressIsWritten(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", "mysql://x", "letterhead.db"} {
		if _, err := store.Open(ctx, store.Config{URL: url}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q: %v", url, err)
		}
	}
	if _, err := store.Open(ctx, store.Config{URL: "postgres://u:secret@[::1"}); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("the password is repeated or nothing is said: %v", err)
	}
}

func TestABackupIsWholeAndNeverOverwrites(t *testing.T) {
	t.Parallel()
	db := testkit.Open(t, testkit.SQLite, nil)
	a, _ := two(t, db)
	file := filepath.Join(t.TempDir(), "copy.db")
	if err := db.Backup(ctx, file); err != nil {
		t.Fatal(err)
	}
	if err := db.Backup(ctx, file); err == nil {
		t.Error("a backup was overwritten")
	}
	again, err := store.Open(ctx, store.Config{URL: "sqlite:" + file})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if err := again.View(ctx, a, func(tx *store.Tx) error {
		var name string
		return tx.Row(ctx, `SELECT name FROM location WHERE practice = $1 AND id = 'l1'`).Scan(&name)
	}); err != nil {
		t.Error(err)
	}
}
