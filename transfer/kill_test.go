package transfer_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"letterhead/plan"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/testkit"
	"letterhead/transfer"
)

// The test binary started again with this set is an import, or its undo, that the test kills.
const childVariable = "LETTERHEAD_TEST_IMPORT"

func TestMain(m *testing.M) {
	if task := os.Getenv(childVariable); task != "" {
		if err := child(strings.Split(task, "\n")); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func child(task []string) error {
	verb, url, id, folder := task[0], task[1], store.PracticeID(task[2]), task[3]
	ctx := context.Background()
	clock := testkit.NewClock(&testing.T{}, today)
	db, err := store.Open(ctx, store.Config{URL: url, Now: clock.Now})
	if err != nil {
		return err
	}
	defer db.Close()
	keeper := newKeeper(&testing.T{})
	fmt.Println("ready")
	if verb == "undo" {
		_, err = transfer.Undo(ctx, db, keeper, id, "", transfer.Options{})
	} else {
		_, err = transfer.Import(ctx, db, keeper, id, transfer.Source{Dir: folder}, transfer.Options{})
	}
	fmt.Println("done")
	return err
}

// generated writes an export of n clients with m appointments each, and returns its folder.
func generated(t testing.TB, n, m int) string {
	t.Helper()
	folder := t.TempDir()
	write := func(name, head string, rows func(*bufio.Writer)) {
		file, err := os.Create(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		out := bufio.NewWriterSize(file, 1<<20)
		_, _ = out.WriteString(head)
		rows(out)
		if err := out.Flush(); err != nil {
			t.Fatal(err)
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
	}
	write("practice.json", dayFirst, func(*bufio.Writer) {})
	write("clients.csv", clientHead, func(out *bufio.Writer) {
		for i := range n {
			fmt.Fprintf(out, "%d,Ms,Anna%d,Byrne,,%02d/%02d/%d,anna%d@post.example,085 %03d %04d,Email,Yes,,\"needs an\ninterpreter\",No\r\n", i+1, i, i%28+1, i/28%12+1, 1940+i/336%70, i, i/10000, i%10000)
		}
	})
	write("appointments.csv", appointmentHead, func(out *bufio.Writer) {
		for i := range n * m {
			day := time.Date(2026, 12, 1+i/40%200, 0, 0, 0, 0, time.UTC)
			fmt.Fprintf(out, "%d,%d,Practitioner %d,Review,%s,%02d:%02d,30,Main rooms,Booked\n", i+1, i%n+1, i%40/16, day.Format("02/01/2006"), 8+i%16/2, i%2*30)
		}
	})
	return folder
}

const kills = 20

func TestKilledImportLeavesAllOrNothing(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	const clients, each = 150, 8
	for _, engine := range testkit.Engines() {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			folder := generated(t, clients, each)
			url := testkit.URL(t, engine)
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
			verb := func() string {
				if b.count(`SELECT count(*) FROM client WHERE practice = $1`) > 0 {
					return "undo"
				}
				return "import"
			}
			whole := map[string]time.Duration{}
			for range 2 { // how long each takes when nobody kills it
				v := verb()
				began := time.Now()
				b.runChild(self, v, url, folder, time.Hour)
				whole[v] = time.Since(began)
			}
			seen := map[string]int{}
			for range kills {
				v := verb()
				b.runChild(self, v, url, folder, rand.N(whole[v]*5/4))
				state := b.wholeOrEmpty(clients, clients*each)
				seen[v+" then "+state]++
			}
			t.Logf("an import takes %v, an undo %v; of %d kills: %v", whole["import"], whole["undo"], kills, seen)
			for verb() == "undo" {
				b.runChild(self, "undo", url, folder, time.Hour)
			}
			b.runChild(self, "import", url, folder, time.Hour)
			if b.wholeOrEmpty(clients, clients*each) != "whole" {
				t.Error("nothing came in after the kills")
			}
			if n := b.count(`SELECT count(*) FROM staged_client WHERE practice = $1`) + b.count(`SELECT count(*) FROM staged_appointment WHERE practice = $1`); n != 0 {
				t.Errorf("%d staged rows are left from dead imports", n)
			}
		})
	}
}

// runChild starts an import or undo in a process of its own and kills it after a while. It returns the most memory that was resident, in bytes.
func (b *bench) runChild(self, verb, url, folder string, after time.Duration) int64 {
	b.Helper()
	cmd := exec.Command(self, "-test.run=^$")
	cmd.Env = append(os.Environ(), childVariable+"="+strings.Join([]string{verb, url, string(b.id), folder}, "\n"))
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	if !lines.Scan() || lines.Text() != "ready" {
		b.Fatalf("the child said %q", lines.Text())
	}
	killed := time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
	for lines.Scan() {
		if text := lines.Text(); text != "done" {
			b.Errorf("%s: %s", verb, text)
		}
	}
	if err := cmd.Wait(); err != nil && killed.Stop() {
		b.Errorf("%s: %v", verb, err)
	}
	killed.Stop()
	return cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss << 10
}

// wholeOrEmpty fails unless all of an import is there or nothing.
func (b *bench) wholeOrEmpty(clients, appointments int) string {
	b.Helper()
	for { // the planner's sweep writes what a kill after the flip left out
		var gaps int
		b.change(func(ctx context.Context, tx *store.Tx) error {
			gaps = 0
			for cursor := ""; ; {
				swept, err := plan.Sweep(ctx, tx, cursor)
				if gaps += swept.Gaps; err != nil || swept.Next == "" {
					return err
				}
				cursor = swept.Next
			}
		})
		if gaps == 0 {
			break
		}
	}
	var got [5]int // read in one snapshot: on PostgreSQL a commit may still be on its way when its client is dead
	b.view(func(ctx context.Context, tx *store.Tx) error {
		return tx.Row(ctx, `SELECT (SELECT count(*) FROM client WHERE practice = $1), (SELECT count(*) FROM appointment WHERE practice = $1), (SELECT count(*) FROM attendee WHERE practice = $1),
			(SELECT count(*) FROM consent WHERE practice = $1), (SELECT count(*) FROM import_change WHERE practice = $1 AND kind IN ('client', 'appointment'))`).
			Scan(&got[0], &got[1], &got[2], &got[3], &got[4])
	})
	switch got {
	case [5]int{}:
		return "empty"
	case [5]int{clients, appointments, appointments, clients, clients + appointments}:
		if n := b.count(`SELECT count(*) FROM due WHERE practice = $1 AND state = 'open'`); n < appointments {
			b.Errorf("%d due rows for %d appointments", n, appointments)
		}
		return "whole"
	}
	b.Errorf("after a kill there are clients, appointments, attendees, consents and changes: %v", got)
	return "torn"
}
