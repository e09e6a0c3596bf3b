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

// BenchmarkTake takes 20,000 queued messages, 200 at a time; cpu-us is a message's.
func BenchmarkTake(b *testing.B) {
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
				line := message.NewLine(db, "one", time.Minute)
				for range n / 200 {
					got, _, err := line.Take(b.Context(), now, 200)
					if err != nil || len(got) != 200 {
						b.Fatalf("%d taken %v", len(got), err)
					}
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
