package order_test

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"letterhead/order"
	"letterhead/store"
	"letterhead/testkit"
)

func cpu() time.Duration {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// peak is the most that the heap held while something ran, above what it held before.
func peak(run func()) float64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	before := m.HeapAlloc
	var most atomic.Uint64
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				most.Store(max(most.Load(), m.HeapAlloc))
			}
		}
	}()
	run()
	close(done)
	<-ended
	return float64(max(most.Load(), before)-before) / (1 << 20)
}

// BenchmarkOrder counts, fixes and queues an order of 50,000; figures are a recipient's CPU, and the most that the heap grew by.
func BenchmarkOrder(b *testing.B) {
	const n = 50_000
	for _, engine := range testkit.Engines() {
		b.Run(string(engine), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				w := newWorld(b, engine, n)
				id := w.draft(one, w.request(one, "closed"))
				o := w.find(one, id)
				figure := func(name string, run func()) {
					before := cpu()
					grew := peak(run)
					b.ReportMetric(float64((cpu()-before).Microseconds())/n, name+"-us")
					b.ReportMetric(grew, name+"-MB")
				}
				b.StartTimer()
				figure("count", func() {
					w.Change(one, func(tx *store.Tx) error {
						reach, err := order.Count(ctx, tx, &o)
						if reach.Reached != n {
							err = fmt.Errorf("%+v", reach)
						}
						return err
					})
				})
				figure("fix", func() { w.asked(one, id) })
				w.approve(one, id)
				figure("queue", func() { w.turns(one, id) })
				before := time.Now()
				figure("stop", func() {
					if err := order.Stop(ctx, w.DB, store.Actor{Practice: one, Member: "ana"}, id); err != nil {
						b.Fatal(err)
					}
				})
				b.ReportMetric(time.Since(before).Seconds(), "stop-s")
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}
