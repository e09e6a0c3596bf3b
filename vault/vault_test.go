package vault_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"letterhead/store"
	"letterhead/vault"
	"pgregory.net/rapid"
)

func open(t *testing.T) *store.DB {
	t.Helper()
	db, err := store.Open(context.Background(), store.Config{URL: "sqlite:" + filepath.Join(t.TempDir(), "a.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func keeper(t *testing.T, fill byte) *vault.Keeper {
	t.Helper()
	kek := make([]byte, 32)
	kek[0] = fill
	k, err := vault.NewKeeper(kek)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func keys(t *testing.T, db *store.DB, k *vault.Keeper, practice store.PracticeID) *vault.Keys {
	t.Helper()
	var out *vault.Keys
	err := db.Change(t.Context(), store.Actor{Practice: practice}, func(tx *store.Tx) (err error) {
		out, err = k.Keys(t.Context(), tx)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// opened opens as a job of the keys' own practice.
func opened(t testing.TB, db *store.DB, k *vault.Keys, at vault.Place, sealed []byte) (plain []byte, err error) {
	t.Helper()
	_ = db.View(t.Context(), store.Actor{Practice: k.Practice(), Agent: "test"}, func(tx *store.Tx) error {
		plain, err = k.Open(tx, vault.Of{Fields: "email"}, at, sealed)
		return nil
	})
	return plain, err
}

func TestSealedValueOpensOnlyAtItsPlace(t *testing.T) {
	t.Parallel()
	db, k := open(t), keeper(t, 1)
	a, b := keys(t, db, k, "a"), keys(t, db, k, "b")
	at := vault.Place{Table: "client", Row: "1", Column: "sealed", Version: 3}
	sealed := a.Seal(at, []byte("jo@example.org"))
	if plain, err := opened(t, db, a, at, sealed); err != nil || string(plain) != "jo@example.org" {
		t.Fatalf("open: %q %v", plain, err)
	}
	if string(sealed) == string(a.Seal(at, []byte("jo@example.org"))) {
		t.Error("sealing twice gives the same bytes")
	}
	if _, err := opened(t, db, b, at, sealed); !errors.Is(err, vault.ErrSealed) {
		t.Errorf("another practice opens it: %v", err)
	}
	for _, other := range []vault.Place{
		{Table: "contact", Row: "1", Column: "sealed", Version: 3},
		{Table: "client", Row: "2", Column: "sealed", Version: 3},
		{Table: "client", Row: "1", Column: "alert", Version: 3},
		{Table: "client", Row: "1", Column: "sealed", Version: 2},
		{Table: "client1", Row: "", Column: "sealed", Version: 3},
		{Table: "clien", Row: "t1", Column: "sealed", Version: 3},
	} {
		if _, err := opened(t, db, a, other, sealed); !errors.Is(err, vault.ErrSealed) {
			t.Errorf("opens at %+v: %v", other, err)
		}
	}
}

func TestKeysetSurvivesAndBelongsToItsKEK(t *testing.T) {
	t.Parallel()
	db := open(t)
	at := vault.Place{Table: "t", Row: "r", Column: "c"}
	sealed := keys(t, db, keeper(t, 1), "a").Seal(at, []byte("x"))
	index := keys(t, db, keeper(t, 1), "a").Index("email", "jo@example.org")
	again := keys(t, db, keeper(t, 1), "a")
	if _, err := opened(t, db, again, at, sealed); err != nil {
		t.Errorf("a new process with the same KEK: %v", err)
	}
	if again.Index("email", "jo@example.org") != index {
		t.Error("the index changed with the process")
	}
	err := db.View(t.Context(), store.Actor{Practice: "a"}, func(tx *store.Tx) error {
		_, err := keeper(t, 2).Keys(t.Context(), tx)
		return err
	})
	if !errors.Is(err, vault.ErrWrongKEK) {
		t.Errorf("another KEK: %v", err)
	}
}

func TestWrappedRowDoesNotMoveToAnotherPractice(t *testing.T) {
	t.Parallel()
	db, k := open(t), keeper(t, 1)
	keys(t, db, k, "a")
	err := db.Whole(t.Context(), "test", func(w *store.Wide) error {
		_, err := w.Exec(t.Context(), `INSERT INTO keyset (practice, wrapped, created_at) SELECT 'b', wrapped, 0 FROM keyset WHERE practice = 'a'`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	err = db.View(t.Context(), store.Actor{Practice: "b"}, func(tx *store.Tx) error {
		_, err := k.Keys(t.Context(), tx)
		return err
	})
	if !errors.Is(err, vault.ErrWrongKEK) {
		t.Errorf("b works with a's keyset: %v", err)
	}
}

func TestRolledBackKeysetIsNotUsed(t *testing.T) {
	t.Parallel()
	db, k := open(t), keeper(t, 1)
	var lost *vault.Keys
	stop := errors.New("stop")
	err := db.Change(t.Context(), store.Actor{Practice: "a"}, func(tx *store.Tx) (err error) {
		if lost, err = k.Keys(t.Context(), tx); err != nil {
			return err
		}
		return stop
	})
	if !errors.Is(err, stop) {
		t.Fatal(err)
	}
	if keys(t, db, k, "a").Index("email", "x") == lost.Index("email", "x") {
		t.Error("the keyset of a rolled back transaction is in use")
	}
}

func TestEraseAndView(t *testing.T) {
	t.Parallel()
	db, k := open(t), keeper(t, 1)
	at := vault.Place{Table: "t", Row: "r", Column: "c"}
	sealed := keys(t, db, k, "a").Seal(at, []byte("x"))
	if err := db.Change(t.Context(), store.Actor{Practice: "a"}, func(tx *store.Tx) error { return k.Erase(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
	err := db.View(t.Context(), store.Actor{Practice: "a"}, func(tx *store.Tx) error {
		_, err := k.Keys(t.Context(), tx)
		return err
	})
	if !errors.Is(err, vault.ErrNoKeys) {
		t.Errorf("a view without keyset: %v", err)
	}
	if _, err := opened(t, db, keys(t, db, k, "a"), at, sealed); !errors.Is(err, vault.ErrSealed) {
		t.Errorf("opened after erasing: %v", err)
	}
}

func TestIndex(t *testing.T) {
	t.Parallel()
	db, k := open(t), keeper(t, 1)
	a, b := keys(t, db, k, "a"), keys(t, db, k, "b")
	if a.Index("email", "") != "" {
		t.Error("the index of nothing is something")
	}
	if len(a.Index("email", "x")) != 26 {
		t.Error("not 128 bits")
	}
	if a.Index("email", "x") == b.Index("email", "x") {
		t.Error("two practices share an index")
	}
	if a.Index("email", "x") == a.Index("local", "x") || a.Index("email", "x") == a.Index("emai", "lx") {
		t.Error("two columns share an index")
	}
	rapid.Check(t, func(r *rapid.T) {
		kind, other := rapid.StringMatching(`[a-z0-9]{1,8}`).Draw(r, "kind"), rapid.StringMatching(`[a-z0-9]{1,8}`).Draw(r, "other")
		x, y := rapid.String().Draw(r, "x"), rapid.String().Draw(r, "y")
		if x == "" || y == "" {
			return
		}
		same := kind == other && x == y
		if (a.Index(kind, x) == a.Index(other, y)) != same {
			r.Errorf("%q %q against %q %q", kind, x, other, y)
		}
	})
}

func TestDerive(t *testing.T) {
	t.Parallel()
	k := keeper(t, 1)
	if string(k.Derive("a")) != string(keeper(t, 1).Derive("a")) || string(k.Derive("a")) == string(k.Derive("b")) ||
		string(k.Derive("a")) == string(keeper(t, 2).Derive("a")) || len(k.Derive("a")) != 32 {
		t.Error("derived keys depend on something else than KEK and use")
	}
}

func TestKEKFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "kek")
	if _, err := vault.ReadKEK(path); err == nil || !strings.Contains(err.Error(), "no key file") {
		t.Errorf("missing: %v", err)
	}
	if err := vault.CreateKEK(path); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v %v", info.Mode(), err)
	}
	first, err := vault.ReadKEK(path)
	if err != nil || len(first) != 32 {
		t.Fatalf("%d bytes, %v", len(first), err)
	}
	if err := vault.CreateKEK(path); err == nil {
		t.Error("overwritten")
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := vault.ReadKEK(path); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("wide permissions: %v", err)
	}
	for _, text := range []string{"", "AAAA\n", "letterhead key-encryption key 1\n", "letterhead key-encryption key 1\nAAAA\n", "letterhead key-encryption key 1\n!\n"} {
		if err := os.Chmod(path, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := vault.ReadKEK(path); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
	if _, err := vault.NewKeeper(make([]byte, 16)); err == nil {
		t.Error("a key of 16 bytes was taken")
	}
}

func BenchmarkSealOpenIndex(b *testing.B) {
	db, err := store.Open(b.Context(), store.Config{URL: "sqlite:" + filepath.Join(b.TempDir(), "a.db")})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	k, _ := vault.NewKeeper(make([]byte, 32))
	var ks *vault.Keys
	if err := db.Change(b.Context(), store.Actor{Practice: "a"}, func(tx *store.Tx) (err error) { ks, err = k.Keys(b.Context(), tx); return }); err != nil {
		b.Fatal(err)
	}
	at := vault.Place{Table: "message", Row: "0190aaaa-bbbb", Column: "sealed", Version: 1}
	plain := make([]byte, 300)
	sealed := ks.Seal(at, plain)
	b.Run("seal", func(b *testing.B) {
		for b.Loop() {
			ks.Seal(at, plain)
		}
	})
	b.Run("open", func(b *testing.B) {
		_ = db.View(b.Context(), store.Actor{Practice: "a", Agent: "test"}, func(tx *store.Tx) error {
			for b.Loop() {
				_, _ = ks.Open(tx, vault.Of{Fields: "message"}, at, sealed)
			}
			return nil
		})
	})
	b.Run("index", func(b *testing.B) {
		for b.Loop() {
			ks.Index("email", "somebody@example.org")
		}
	})
}
