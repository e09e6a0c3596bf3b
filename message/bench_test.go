package message_test

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"letterhead/message"
	"letterhead/store"
	"letterhead/testkit"
)

// BenchmarkClaim claims 20,000 queued messages, 200 at a time; cpu-us is a message's.
func BenchmarkClaim(b *testing.B) {
	const n = 20_000
	for _, engine := range testkit.Engines() {
		b.Run(string(engine), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				db := testkit.Open(b, engine, nil)
				practices(b, db, "p")
				now := db.Now()
				intents := make([]message.Intent, n)
				for i := range intents {
					intents[i] = intent(message.ID(fmt.Sprintf("m%d", i)), now.Add(-time.Minute))
				}
				for start := 0; start < n; start += 5000 {
					change(b, db, "p", func(tx *store.Tx) error {
						_, err := message.Queue(b.Context(), tx, intents[start:start+5000])
						return err
					})
				}
				before := cpu()
				b.StartTimer()
				for range n / 200 {
					whole(b, db, func(w *store.Wide) error {
						got, err := message.Claim(b.Context(), w, "one", now, now.Add(time.Minute), 200)
						if len(got) != 200 {
							b.Fatalf("%d claimed", len(got))
						}
						return err
					})
				}
				b.ReportMetric(float64((cpu()-before).Microseconds())/n, "cpu-us")
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

func cpu() time.Duration {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
