package ledger_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"testing"
	"time"

	"letterhead/ledger"
	"letterhead/ledger/evidence"
	"letterhead/ledger/leaf"
	"letterhead/ledger/proof"
	"letterhead/ledger/witness"
	"letterhead/store"
	"letterhead/testkit"
)

// tables are what somebody who writes every row may change, with their keys and columns.
var tables = []struct {
	name, key string
	columns   []string
	bytes     []string
}{
	{"ledger_head", "one", []string{"size", "at"}, []string{"edge"}},
	{"ledger_practice", "practice", []string{"count", "chain"}, []string{"label", "head", "entry"}},
	{"ledger_leaf", "place", []string{"sequence", "count", "place"}, []string{"leaves"}},
	{"ledger_hash", "place", []string{"place"}, []string{"hashes"}},
	{"ledger_checkpoint", "size", []string{"size"}, []string{"note"}},
	{"ledger_cosignature", "cosigner", nil, []string{"line"}},
	{"approval", "hash", []string{"position"}, []string{"entry", "hash"}},
}

// kept is a database file that was copied aside, and what was claimed by it.
type kept struct {
	*world
	file     string
	known    proof.Head
	witness  *witness.Witness
	asked    int64
	reports  map[store.PracticeID]*evidence.Report
	previous string // the same file, some messages earlier
}

// keep fills a ledger, has it witnessed, and copies the file of the database aside: as it is, and as it was before the last day.
func keep(t *testing.T) *kept {
	t.Helper()
	k := &kept{world: newWorld(t, testkit.SQLite), reports: map[store.PracticeID]*evidence.Report{}}
	folder := t.TempDir()
	k.previous, k.file = filepath.Join(folder, "previous.db"), filepath.Join(folder, "now.db")
	k.days(15)
	k.checkpoint()
	if err := k.db.Backup(t.Context(), k.previous); err != nil {
		t.Fatal(err)
	}
	k.record(k.a, k.a.message(leaf.ClassTest, hash("draft"), leaf.Hash{}, leaf.Hash{}, 900))
	k.checkpoint()
	cosigner(t, k.world, "witness.example/w1")
	secret, err := proof.GenerateCosigner("witness.example/w2")
	if err != nil {
		t.Fatal(err)
	}
	key, err := proof.OpenCosigner(secret, k.clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	if k.witness, err = witness.Open(t.TempDir(), key, func(witness.Fork) {}, k.key.Verifier); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = k.witness.Close() })
	if err := k.found(k.db); err != nil {
		t.Fatal("before anybody touched it: ", err)
	}
	for _, c := range []*clinic{k.a, k.b} {
		raw, err := k.export(c)
		if err != nil {
			t.Fatal(err)
		}
		if k.reports[c.id], err = evidence.Verify(bytes.NewReader(raw), k.expect(c)); err != nil {
			t.Fatal(err)
		}
	}
	err = whole(t, k.db, func(ctx context.Context, w *store.Wide) (err error) {
		k.known, err = ledger.Head(ctx, w)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := k.db.Backup(t.Context(), k.file); err != nil {
		t.Fatal(err)
	}
	return k
}

// found asks start-up check, witness and verify, in this order, and returns the first refusal; errClaim where none refuses what claims something else.
func (k *kept) found(db *store.DB) error {
	ctx := k.t.Context()
	if err := ledger.Check(ctx, db, k.known); err != nil {
		return fmt.Errorf("start-up check: %w", err)
	}
	if _, err := ledger.Checkpoint(ctx, db, k.key); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	if err := k.witnessed(db); err != nil {
		return fmt.Errorf("witness: %w", err)
	}
	for _, c := range []*clinic{k.a, k.b} {
		again := *k.world
		again.db = db
		raw, err := again.export(c)
		if err != nil {
			return fmt.Errorf("export: %w", err)
		}
		r, err := evidence.Verify(bytes.NewReader(raw), k.expect(c))
		if err != nil {
			return fmt.Errorf("verify: %w", err)
		}
		if want := k.reports[c.id]; want != nil && !reflect.DeepEqual(claims(r), claims(want)) {
			return fmt.Errorf("%w: %+v instead of %+v", errClaim, r, want)
		}
	}
	return nil
}

var errClaim = errors.New("something else is claimed")

func (k *kept) witnessed(db *store.DB) error {
	ctx := k.t.Context()
	return db.Whole(ctx, "test", func(w *store.Wide) error {
		raw, err := ledger.Latest(ctx, w, k.key.Name(), proof.MaxSize)
		if err != nil {
			return err
		}
		point, err := proof.OpenCheckpoint([]byte(raw), k.key.Verifier)
		if err != nil {
			return err
		}
		if point.Size < k.asked {
			return errors.New("it has seen more")
		}
		r := witness.Request{Old: k.asked, Note: raw}
		if r.Proof, err = ledger.ProveGrowth(ctx, w, point.Size, k.asked); err != nil {
			return err
		}
		if a := k.witness.AddCheckpoint([]byte(r.String())); a.Status != 200 {
			return fmt.Errorf("%+v", a)
		}
		k.asked = point.Size
		return nil
	})
}

// change does something to a row, as whoever writes every row may.
func (k *kept) change(db *store.DB, random *rand.Rand) (name string, err error) {
	ctx, table := k.t.Context(), tables[random.IntN(len(tables))]
	err = db.Whole(ctx, "test", func(w *store.Wide) error {
		if _, err := w.Exec(ctx, `PRAGMA defer_foreign_keys = ON`); err != nil {
			return err
		}
		var id any
		pick := fmt.Sprintf(`SELECT %s FROM %s ORDER BY %[1]s LIMIT 1 OFFSET abs($1) %% (SELECT count(*) FROM %[2]s)`, table.key, table.name)
		if err := w.Row(ctx, pick, random.Int64N(1<<40)).Scan(&id); err != nil {
			return err
		}
		where := fmt.Sprintf("WHERE %s = $1", table.key)
		switch n := random.IntN(5); {
		case n == 4 && table.name == "ledger_leaf":
			name = fmt.Sprintf("the leaves at %v twice", id)
			_, err := w.Exec(ctx, `INSERT INTO ledger_leaf (practice, sequence, count, place, leaves) SELECT practice, (SELECT max(sequence + count) FROM ledger_leaf m WHERE m.practice = l.practice), count,
				(SELECT max(place + count) FROM ledger_leaf), leaves FROM ledger_leaf l WHERE place = $1`, id)
			return err
		case n == 4 && table.name == "approval":
			name = fmt.Sprintf("entry %v in the place of the next", id)
			_, err := w.Exec(ctx, `UPDATE approval SET entry = coalesce((SELECT entry FROM approval n WHERE n.practice = approval.practice AND n.position = approval.position + 1), entry) WHERE hash = $1`, id)
			return err
		case n == 0:
			name = fmt.Sprintf("delete %v from %s", id, table.name)
			_, err := w.Exec(ctx, "DELETE FROM "+table.name+" "+where, id)
			return err
		case n == 1 && len(table.columns) > 0:
			column, by := table.columns[random.IntN(len(table.columns))], random.Int64N(5)-2
			name = fmt.Sprintf("%s of %v in %s by %d", column, id, table.name, by)
			_, err := w.Exec(ctx, fmt.Sprintf("UPDATE %s SET %s = %[2]s + %d %s", table.name, column, by, where), id)
			return err
		case n == 2 && len(table.columns) > 1:
			name = fmt.Sprintf("another row's columns at %v in %s", id, table.name)
			column := table.bytes[0]
			_, err := w.Exec(ctx, fmt.Sprintf("UPDATE %s SET %s = (SELECT %[2]s FROM %[1]s ORDER BY %[3]s DESC LIMIT 1) %[4]s", table.name, column, table.key, where), id)
			return err
		}
		column := table.bytes[random.IntN(len(table.bytes))]
		var raw []byte
		if err := w.Row(ctx, fmt.Sprintf("SELECT CAST(%s AS BLOB) FROM %s %s", column, table.name, where), id).Scan(&raw); err != nil || len(raw) == 0 {
			return err
		}
		raw = bytes.Clone(raw)
		at := random.IntN(len(raw))
		raw[at] ^= 1 << random.IntN(8)
		name = fmt.Sprintf("a bit of byte %d in %s of %v in %s", at, column, id, table.name)
		cast := "$2"
		if column == "note" || column == "line" || column == "entry" || column == "hash" {
			cast = "CAST($2 AS TEXT)"
		}
		_, err := w.Exec(ctx, fmt.Sprintf("UPDATE %s SET %s = %s %s", table.name, column, cast, where), id, raw)
		return err
	})
	return name, err
}

// Rows and bytes of the ledger's tables and of the approvals are changed at random; whatever changes what is claimed is found by the start-up check, a witness or verify.
func TestTamperedRowsAreFound(t *testing.T) {
	t.Parallel()
	k := keep(t)
	random := rand.New(rand.NewPCG(4, 4))
	by, harmless := map[string]int{}, 0
	times := 100
	if many, err := strconv.Atoi(os.Getenv("LETTERHEAD_TAMPERINGS")); err == nil {
		times = many
	}
	for n := range times {
		file := filepath.Join(t.TempDir(), "changed.db")
		copyFile(t, k.file, file)
		db, err := store.Open(t.Context(), store.Config{URL: "sqlite:" + file, Now: k.clock.Now})
		if err != nil {
			t.Fatal(err)
		}
		name, err := k.change(db, random)
		if err == nil { // otherwise the database itself refused it
			err = k.found(db)
			switch {
			case err == nil:
				harmless++
			case errors.Is(err, errClaim):
				t.Errorf("%d: %s: %v", n, name, err)
			default:
				by[firstWord(err)]++
			}
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d tamperings, found by %v; %d changed nothing that is claimed", times, by, harmless)
	if by["start-up check"] < times/6 || by["witness"]+by["export"]+by["verify"] < times/10 {
		t.Errorf("found by %v, %d harmless", by, harmless)
	}
}

// An old copy of the database, or of the ledger's tables, is found by whoever has seen more.
func TestAnOldCopyIsFound(t *testing.T) {
	t.Parallel()
	k := keep(t)
	db, err := store.Open(t.Context(), store.Config{URL: "sqlite:" + k.previous, Now: k.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := k.found(db); firstWord(err) != "start-up check" {
		t.Error(err)
	}
	known := k.known
	k.known = proof.Head{}
	if err := k.found(db); firstWord(err) != "witness" {
		t.Error(err)
	}
	// Also after others were appended, as many: no journal, but a witness.
	again := *k.world
	again.db = db
	again.clock.Pass(time.Second)
	for again.a.last < 100 {
		again.record(k.a, k.a.message(leaf.ClassTest, hash("forged"), leaf.Hash{}, leaf.Hash{}, int(again.a.last)))
	}
	if err := k.found(db); firstWord(err) != "witness" {
		t.Error(err)
	}
	k.known = known
	if err := k.found(db); firstWord(err) != "start-up check" {
		t.Error(err)
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	raw, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, raw, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}
