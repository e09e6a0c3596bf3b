package vault

import (
	"fmt"
	"testing"
	"time"

	"letterhead/store"
	"letterhead/testkit"
)

// What a page pays for its row: a View that opens n clients, with a row of its own each time, beside one that opens nothing; alone, and while somebody
// else commits all the time.
func BenchmarkLook(b *testing.B) {
	for _, engine := range testkit.Engines() {
		for _, busy := range []bool{false, true} {
			clock := testkit.NewClock(b, "2026-11-22T09:00:00Z")
			db := testkit.Open(b, engine, clock)
			keeper, err := NewKeeper(make([]byte, 32))
			if err != nil {
				b.Fatal(err)
			}
			var keys *Keys
			if err := db.Change(b.Context(), petra("a"), func(tx *store.Tx) (err error) { keys, err = keeper.Keys(b.Context(), tx); return err }); err != nil {
				b.Fatal(err)
			}
			sealed := keys.Seal(at, []byte("jo@example.org"))
			stop, stopped := make(chan struct{}), make(chan struct{})
			go func() {
				defer close(stopped)
				for i := 0; busy; i++ {
					select {
					case <-stop:
						return
					default:
					}
					_ = db.Change(b.Context(), petra("b"), func(tx *store.Tx) error {
						rows := make([][]any, 100) // as large as a batch of the courier's
						for j := range rows {
							rows[j] = []any{"c", i, fmt.Sprint(i, j), "name"}
						}
						_, err := tx.Bulk(b.Context(), `INSERT INTO look_client (practice, client, at, look, fields) VALUES`, "", rows)
						return err
					})
				}
			}()
			for _, n := range []int{0, 1, 50} {
				b.Run(fmt.Sprintf("%s/busy=%t/clients=%d", engine, busy, n), func(b *testing.B) {
					for i := 0; b.Loop(); i++ {
						clock.Pass(time.Second)
						if err := db.View(b.Context(), petra("a"), func(tx *store.Tx) error {
							for j := range n {
								if _, err := keys.Open(tx, Of{Client: fmt.Sprint(i, " ", j), Fields: "email"}, at, sealed); err != nil {
									return err
								}
							}
							return nil
						}); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
			close(stop)
			<-stopped
		}
	}
}
