package ledger_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"letterhead/approval"
	"letterhead/approval/assertion"
	"letterhead/ledger"
	"letterhead/ledger/evidence"
	"letterhead/ledger/leaf"
	"letterhead/store"
	"letterhead/testkit"
	"letterhead/testkit/key"
)

func BenchmarkAppend(b *testing.B) {
	for _, engine := range testkit.Engines() {
		for _, practices := range []int{0, 1, 100} { // 0: the transaction alone, with the head held and nothing appended
			b.Run(fmt.Sprintf("%s/%d practices", engine, practices), func(b *testing.B) {
				db := testkit.Open(b, engine, nil)
				ids := make([]store.PracticeID, practices)
				labels := make([]leaf.Hash, practices)
				for i := range ids {
					ids[i] = store.PracticeID(fmt.Sprintf("0198f000-0000-7000-8000-%012d", i))
					labels[i] = label(ids[i])
					appendAll(b, db, root(ids[i]))
				}
				if practices == 0 {
					b.ResetTimer()
					began := cpu(b)
					for range b.N {
						appendAll(b, db)
					}
					b.ReportMetric(float64((cpu(b)-began).Nanoseconds())/float64(100*b.N), "cpu-ns/message")
					return
				}
				salt, n, base := leaf.NewSalt(), 0, *message(ids[0], 0).Body.(*leaf.Message)
				b.ResetTimer()
				began := cpu(b)
				for range b.N {
					entries := make([]ledger.Entry, 100)
					for i := range entries {
						var sum leaf.Hash
						n++
						binary.BigEndian.PutUint64(sum[:], uint64(n))
						m := base
						m.Recipient, m.Text, m.Words = salt.Recipient(leaf.Email, "somebody@example.com"), salt.Text(sum), salt.Words(sum)
						entries[i] = ledger.Entry{Practice: ids[i%practices], Label: labels[i%practices], Body: &m}
					}
					appendAll(b, db, entries...)
				}
				b.ReportMetric(float64((cpu(b)-began).Nanoseconds())/float64(100*b.N), "cpu-ns/message")
			})
		}
	}
}

// cpu is what this process has used; of PostgreSQL, the server's is not in it.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

const verifyEnvironment = "LETTERHEAD_LEDGER_VERIFY"

// alone is a file that a process of its own verifies, so that its memory is that of verifying.
type alone struct {
	File   string
	Expect evidence.Expect
}

func verifyAlone(raw string) error {
	var a alone
	if err := json.Unmarshal([]byte(raw), &a); err != nil {
		return err
	}
	file, err := os.Open(a.File)
	if err != nil {
		return err
	}
	defer file.Close()
	began := time.Now()
	r, err := evidence.Verify(file, a.Expect)
	if err != nil {
		return err
	}
	took := time.Since(began)
	status, err := os.Open("/proc/self/status")
	if err != nil {
		return err
	}
	defer status.Close()
	for lines := bufio.NewScanner(status); lines.Scan(); {
		var kilobytes int
		if n, _ := fmt.Sscanf(lines.Text(), "VmHWM: %d kB", &kilobytes); n == 1 {
			return json.NewEncoder(os.Stdout).Encode(map[string]any{"messages": r.Messages, "seconds": took.Seconds(), "megabytes": float64(kilobytes) / 1024})
		}
	}
	return errors.New("no VmHWM")
}

// BenchmarkVerify is of 100,000 messages of one practice, half of a log, in a process of its own.
func BenchmarkVerify(b *testing.B) {
	w := newWorld(b, testkit.SQLite)
	var digests [2][3]leaf.Hash
	for i, c := range []*clinic{w.a, w.b} {
		version := approval.Digest(hash("version"))
		rule, wording := c.right(approval.KindRule, "r", approval.Digest(hash("rule"))), c.right(approval.KindWording, "w", version)
		w.sign(c, rule, wording)
		w.record(c)
		digests[i] = [3]leaf.Hash{leaf.Hash(version), sum(w, rule), sum(w, wording)}
	}
	for n := range 1000 {
		for i, c := range []*clinic{w.a, w.b} {
			bodies := make([]leaf.Body, 100)
			d := digests[i]
			for k := range bodies {
				bodies[k] = c.message(leaf.ClassRule, d[0], d[1], d[2], n*100+k)
			}
			w.record(c, bodies...)
			w.clock.Pass(time.Second)
		}
	}
	w.checkpoint()
	name := filepath.Join(b.TempDir(), "evidence")
	file, err := os.Create(name)
	if err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	err = ledger.Export{DB: w.db, Practice: "a", Log: w.key.Verifier, Desks: []assertion.Party{key.Desk}}.Write(b.Context(), file)
	if err = errors.Join(err, file.Close()); err != nil {
		b.Fatal(err)
	}
	wrote := time.Since(began)
	info, err := os.Stat(name)
	if err != nil {
		b.Fatal(err)
	}
	raw, err := json.Marshal(alone{name, w.expect(w.a)})
	if err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	for range b.N {
		command := exec.Command(os.Args[0], "-test.run=^$")
		command.Env = append(os.Environ(), verifyEnvironment+"="+string(raw))
		command.Stderr = os.Stderr
		out, err := command.Output()
		if err != nil {
			b.Fatal(err)
		}
		b.Logf("%s, a file of %d MB, written in %s", strings.TrimSpace(string(out)), info.Size()>>20, wrote)
	}
	var pages, size int64
	if err := whole(b, w.db, func(ctx context.Context, tx *store.Wide) error {
		return errors.Join(tx.Row(ctx, `PRAGMA page_count`).Scan(&pages), tx.Row(ctx, `PRAGMA page_size`).Scan(&size))
	}); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(pages*size)/200_000, "bytes/message")
}
