package client

import (
	"fmt"
	"testing"

	"letterhead/store"
	"letterhead/testkit"
	"letterhead/vault"
)

// LETTERHEAD_TEST_ENGINE=sqlite go test ./client -run xxx -bench . -benchtime 20x. On PostgreSQL the figures mean something only after ANALYZE.
func BenchmarkClients(b *testing.B) {
	for _, engine := range testkit.Engines() {
		b.Run(string(engine), func(b *testing.B) {
			db := testkit.Open(b, engine, nil)
			do := filled(b, db, "a")
			bulk(b, db, "a", 10_000)
			var ids []ID
			var recipients []string
			do(func(tx *store.Tx, keys *vault.Keys) error {
				for i := range 1000 {
					id := ID(fmt.Sprintf("c%07d", i*7))
					ids, recipients = append(ids, id), append(recipients, string(id))
					if _, err := tx.Exec(ctx, `UPDATE client SET sealed = $3 WHERE practice = $1 AND id = $2`, id,
						Seal(keys, id, 1, Details{Email: NormaliseEmail("hana@mail.example"), Mobile: NormaliseMobile("0429 327 534", "AU")})); err != nil {
						return err
					}
				}
				return nil
			})
			for _, of := range []struct {
				name string
				fn   func(tx *store.Tx, keys *vault.Keys) error
			}{
				{"reach 1000", func(tx *store.Tx, _ *vault.Keys) error { _, err := Reached(ctx, tx, ids); return err }},
				{"addresses 1000", func(tx *store.Tx, keys *vault.Keys) error { _, err := Addresses(ctx, tx, keys, recipients); return err }},
				{"search nobody of 10000", func(tx *store.Tx, keys *vault.Keys) error {
					_, err := Search(ctx, tx, keys, Query{Text: "nobody at all"}, 20)
					return err
				}},
			} {
				b.Run(of.name, func(b *testing.B) {
					do(func(tx *store.Tx, keys *vault.Keys) error {
						for b.Loop() {
							if err := of.fn(tx, keys); err != nil {
								return err
							}
						}
						return nil
					})
				})
			}
		})
	}
}
