package calendar

import (
	"context"
	"fmt"
	"testing"
	"time"

	"letterhead/client"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/testkit"
	"letterhead/zone"
)

// LETTERHEAD_TEST_ENGINE=sqlite go test ./calendar -run xxx -bench . -benchtime 20x. On PostgreSQL the figures mean something only after ANALYZE.
func BenchmarkCalendar(b *testing.B) {
	ctx := context.Background()
	for _, engine := range testkit.Engines() {
		b.Run(string(engine), func(b *testing.B) {
			db := testkit.Open(b, engine, nil)
			crowd(b, db, "a", 50_000)
			actor := store.Actor{Practice: "a", Agent: "test"}
			var service practice.ServiceID
			var ids []ID
			for i := range 1000 {
				ids = append(ids, ID(fmt.Sprintf("x%07d", i*13)))
			}
			if err := db.View(ctx, actor, func(tx *store.Tx) error {
				all, err := practice.Services(ctx, tx)
				service = all[0].ID
				return err
			}); err != nil {
				b.Fatal(err)
			}
			b.Run("book, committed", func(b *testing.B) {
				day := zone.Date{Year: 2027, Month: 1, Day: 1}
				n := 0
				for b.Loop() {
					n++
					if err := db.Change(ctx, actor, func(tx *store.Tx) error {
						_, err := Book(ctx, tx, BookRequest{Clients: []client.ID{"c1"}, Practitioner: "p1", Service: service, Wall: zone.Wall{Date: day.Add(n / 24), Minute: n % 24 * 60}})
						return err
					}); err != nil {
						b.Fatal(err)
					}
				}
			})
			for _, of := range []struct {
				name string
				fn   func(tx *store.Tx) error
			}{
				{"day of 300 among 50000", func(tx *store.Tx) error {
					_, err := Day(ctx, tx, time.Unix(1000, 0), time.Unix(1300, 0), nil)
					return err
				}},
				{"entries 1000", func(tx *store.Tx) error { _, err := Entries(ctx, tx, ids); return err }},
				{"find 1000", func(tx *store.Tx) error { _, err := FindAll(ctx, tx, ids); return err }},
			} {
				b.Run(of.name, func(b *testing.B) {
					if err := db.View(ctx, actor, func(tx *store.Tx) error {
						for b.Loop() {
							if err := of.fn(tx); err != nil {
								return err
							}
						}
						return nil
					}); err != nil {
						b.Fatal(err)
					}
				})
			}
		})
	}
}
