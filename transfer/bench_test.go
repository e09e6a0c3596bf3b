package transfer_test

import (
	"context"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"letterhead/practice"
	"letterhead/store"
	"letterhead/testkit"
	"letterhead/transfer"
)

// rows is LETTERHEAD_TEST_ROWS as a number of appointments, or what takes a moment.
func rows(otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv("LETTERHEAD_TEST_ROWS")); err == nil {
		return n
	}
	return otherwise
}

// BenchmarkImport brings 10,000 appointments of 2,000 clients in: wall time, and what of it is our own CPU time.
func BenchmarkImport(b *testing.B) {
	for _, engine := range testkit.Engines() {
		b.Run(string(engine), func(b *testing.B) {
			folder := generated(b, 2000, 5)
			clock := &testkit.Clock{}
			at, err := time.Parse(time.RFC3339, today)
			if err != nil {
				b.Fatal(err)
			}
			clock.Set(at)
			db := testkit.Open(b, engine, clock)
			keeper := newKeeper(b)
			ctx := context.Background()
			var cpu time.Duration
			for b.Loop() {
				b.StopTimer()
				id := store.NewID[store.PracticeID]()
				err := db.Change(ctx, store.Actor{Practice: id, Agent: "test"}, func(tx *store.Tx) error {
					return addPractice(ctx, tx, practice.New("Lee Valley Psychology", "IE", "Europe/Dublin"))
				})
				if err != nil {
					b.Fatal(err)
				}
				before := used(b)
				b.StartTimer()
				report, err := transfer.Import(ctx, db, keeper, id, transfer.Source{Dir: folder}, transfer.Options{})
				if err != nil || report.Appointments.Created != 10_000 {
					b.Fatal(err, report)
				}
				cpu += used(b) - before
			}
			b.ReportMetric(cpu.Seconds()/float64(b.N), "cpu-s/op")
		})
	}
}

func used(t testing.TB) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// TestMemoryDoesNotGrowWithTheFile imports a file in a process of its own and measures that process. LETTERHEAD_TEST_ROWS=1000000 is the figure of
// docs/performance.md.
func TestMemoryDoesNotGrowWithTheFile(t *testing.T) {
	const most = 300 << 20
	n := rows(30_000)
	folder := generated(t, n/10, 10)
	url := testkit.URL(t, testkit.SQLite)
	clock := testkit.NewClock(t, today)
	db, err := store.Open(context.Background(), store.Config{URL: url, Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	b := &bench{T: t, db: db, keeper: newKeeper(t), clock: clock, id: store.NewID[store.PracticeID]()}
	b.change(func(ctx context.Context, tx *store.Tx) error {
		return addPractice(ctx, tx, practice.New("Lee Valley Psychology", "IE", "Europe/Dublin"))
	})
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	peak := b.runChild(self, "import", url, folder, 10*time.Hour)
	t.Logf("%d appointments of %d clients in %v: at most %d MB resident", n, n/10, time.Since(began).Round(time.Millisecond), peak>>20)
	if peak > most {
		t.Errorf("%d MB resident, at most %d", peak>>20, most>>20)
	}
	if got := b.count(`SELECT count(*) FROM appointment WHERE practice = $1`); got != n {
		t.Errorf("%d of %d came in", got, n)
	}
}
