package store_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"letterhead/store"
)

func TestQuick(t *testing.T) {
	ctx := context.Background()
	db, err := store.Open(ctx, store.Config{URL: "sqlite:" + filepath.Join(t.TempDir(), "a.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.Change(ctx, store.Actor{Practice: "p"}, func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, `SELECT 1`)
		if err == nil {
			t.Error("no law")
		}
		_, err = tx.Exec(ctx, `INSERT INTO location (practice, id, name, zone, address, phone, directions, reply_to, position, archived_at) VALUES ($1, 'a', $2, '', '', '', '', '', 0, 0)`, "x")
		return err
	})
	if !errors.Is(err, store.ErrForeign) {
		t.Error(err)
	}
}
