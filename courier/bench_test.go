package courier_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"letterhead/courier/dkim"
	"letterhead/courier/smtp"
	"letterhead/store"
	"letterhead/testkit"
	"letterhead/testkit/bare"
	"letterhead/testkit/house"
	"letterhead/testkit/sink"
	"letterhead/wording"
)

// benchMessages is how many messages a benchmark sends: 20,000, or what LETTERHEAD_BENCH_MESSAGES says.
func benchMessages() int {
	if n, err := strconv.Atoi(os.Getenv("LETTERHEAD_BENCH_MESSAGES")); err == nil {
		return n
	}
	return 20_000
}

func spawnSink(b *testing.B) *sink.Process {
	b.Helper()
	command := exec.Command(os.Args[0], "-test.run=^$")
	command.Env = append(os.Environ(), sinkEnvironment+"=1")
	command.Stderr = os.Stderr
	p, err := sink.Spawn(command)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = p.Close() })
	return p
}

// BenchmarkCourier sends queued messages to a counting sink in a process of its own, with durable state of each message, and beside it the
// same number of the same bytes through the bare client: ratio is courier over bare. cpu-us is all CPU of the courier's process a message,
// own-us that without what smtp needs to hand the same bytes off.
func BenchmarkCourier(b *testing.B) {
	for _, engine := range testkit.Engines() {
		for _, practices := range []int{1, 1000} {
			for _, keys := range []string{"none", "ed25519", "rsa"} {
				if practices > 1 && keys != "none" {
					continue
				}
				b.Run(fmt.Sprintf("%s/%d/%s", engine, practices, keys), func(b *testing.B) { benchCourier(b, engine, practices, keys) })
			}
		}
	}
}

func benchCourier(b *testing.B, engine testkit.Engine, practices int, keys string) {
	n := benchMessages()
	names := make([]store.PracticeID, practices)
	for i := range names {
		names[i] = store.PracticeID(store.NewID[string]())
		if len(names) == 1 {
			names[i] = store.PracticeID(store.NewID[string]())
		}
	}
	process := spawnSink(b)
	for b.Loop() {
		b.StopTimer()
		w := newWorld(b, testkit.Open(b, engine, nil), names...)
		if keys != "none" {
			signWith(b, w.folder, domainOf(names[0]), names[0], keys)
		}
		for _, p := range names {
			w.queue(p, "m", n/practices, nil)
		}
		before, err := process.Report()
		if err != nil {
			b.Fatal(err)
		}
		c := w.courier(w.options(relayTo(process.Address())))
		cpu := processCPU()
		b.StartTimer()
		began := time.Now()
		if err := c.Drain(context.Background(), w.db.Now()); err != nil {
			b.Fatal(err)
		}
		took := time.Since(began)
		b.StopTimer()
		cpu = processCPU() - cpu
		after, err := process.Report()
		if err != nil {
			b.Fatal(err)
		}
		if sent := after.Count - before.Count; sent != n || c.Status().Sent != int64(n) {
			b.Fatalf("%d of %d arrived, status %+v", sent, n, c.Status())
		}
		rate := float64(n) / took.Seconds()
		bareRate := benchBare(b, w, process.Address(), names[0], n)
		b.ReportMetric(rate, "msg/s")
		b.ReportMetric(rate/bareRate, "ratio")
		b.ReportMetric(float64(cpu.Microseconds())/float64(n), "cpu-us")
		b.ReportMetric(float64(cpu.Microseconds())/float64(n)-benchHandOff(b, w, process.Address(), names[0], n), "own-us")
		_ = c.Close()
		b.StartTimer()
	}
	b.ReportMetric(0, "ns/op")
}

// sample is one mail as the courier sends it.
func sample(b *testing.B, w *world, p store.PracticeID) []byte {
	version, _, err := wording.DecodeCanonical(w.source.versions[string(p)+"/transactional"])
	if err != nil {
		b.Fatal(err)
	}
	compiled, err := wording.Compile(version, "en-AU")
	if err != nil {
		b.Fatal(err)
	}
	r := compiled.Render(nil, &wording.Values{Recipient: wording.Person{First: "Jo"}})
	head := "From: hello@" + domainOf(p) + "\r\nTo: jo@client.example\r\nSubject: " + string(r.Subject) + "\r\nMIME-Version: 1.0\r\nContent-Type: " + compiled.ContentType() + "\r\n" +
		"Date: Mon, 02 Jan 2006 15:04:05 -0700\r\nMessage-ID: <m0@" + domainOf(p) + ">\r\nAuto-Submitted: auto-generated\r\nReply-To: desk@wattle.example\r\n\r\n"
	return append([]byte(head), r.Body...)
}

func benchBare(b *testing.B, w *world, address string, p store.PracticeID, n int) float64 {
	content := sample(b, w, p)
	messages := make([]bare.Message, 64)
	for i := range messages {
		messages[i] = bare.Message{From: "hello@" + domainOf(p), To: fmt.Sprintf("jo%d@client.example", i), Content: content}
	}
	s, err := bare.New(address, bare.Chunking, 10, 8, messages)
	if err != nil {
		b.Fatal(err)
	}
	took, err := s.Run(context.Background(), n)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(len(content)), "B/msg")
	return float64(n) / took.Seconds()
}

// benchHandOff is the CPU, in µs a message, that courier/smtp alone takes for the same bytes.
func benchHandOff(b *testing.B, w *world, address string, p store.PracticeID, n int) float64 {
	content := sample(b, w, p)
	pool, err := smtp.NewPool(smtp.Options{Address: address, Security: smtp.Plain, Window: 16}, smtp.PoolOptions{})
	if err != nil {
		b.Fatal(err)
	}
	defer pool.Close()
	cpu := processCPU()
	done := make(chan error, 10)
	for range 10 {
		go func() {
			for range n / 10 / 50 {
				batch := make([]smtp.Message, 50)
				for i := range batch {
					batch[i] = smtp.Message{From: "hello@" + domainOf(p), To: "jo@client.example", Data: [][]byte{content}}
				}
				if err := pool.Send(context.Background(), batch, smtp.Hooks{}); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range 10 {
		if err := <-done; err != nil {
			b.Fatal(err)
		}
	}
	return float64((processCPU() - cpu).Microseconds()) / float64(n)
}

// signWith gives a domain one key.
func signWith(b *testing.B, folder, name string, practice store.PracticeID, kind string) {
	b.Helper()
	key, err := dkim.GenerateEd25519()
	if kind == "rsa" {
		key, err = dkim.GenerateRSA()
	}
	if err != nil {
		b.Fatal(err)
	}
	if err := dkim.Save(filepath.Join(folder, "domains", name, "one.pem"), key); err != nil {
		b.Fatal(err)
	}
	house.Domain(b, folder, name, practice, "one")
}

func processCPU() time.Duration {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// memoryOf is a process's largest resident set so far, in MB.
func memoryOf(pid int) int {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range bytes.Lines(raw) {
		if rest, ok := strings.CutPrefix(string(line), "VmHWM:"); ok {
			kb, _ := strconv.Atoi(strings.Fields(rest)[0])
			return kb / 1024
		}
	}
	return 0
}

// BenchmarkMemory sends queued messages with a courier in a process of its own and reports that process's largest resident set and its CPU.
func BenchmarkMemory(b *testing.B) {
	for _, engine := range testkit.Engines() {
		b.Run(string(engine), func(b *testing.B) {
			n := benchMessages()
			process := spawnSink(b)
			url := testkit.URL(b, engine)
			db, err := store.Open(b.Context(), store.Config{URL: url})
			if err != nil {
				b.Fatal(err)
			}
			defer db.Close()
			w := newWorld(b, db, "a")
			for round := 0; b.Loop(); round++ {
				before, err := process.Report()
				if err != nil {
					b.Fatal(err)
				}
				w.queue("a", fmt.Sprintf("m%d-", round), n, nil)
				began := time.Now()
				command := w.spawn(url, process.Address())
				for {
					time.Sleep(20 * time.Millisecond)
					now, err := process.Report()
					if err != nil {
						b.Fatal(err)
					}
					if now.Count-before.Count >= n {
						break
					}
					if time.Since(began) > 10*time.Minute {
						b.Fatalf("%d of %d after 10 minutes", now.Count-before.Count, n)
					}
				}
				took := time.Since(began)
				peak := memoryOf(command.Process.Pid)
				if err := command.Process.Signal(syscall.SIGTERM); err != nil {
					b.Fatal(err)
				}
				if err := command.Wait(); err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(peak), "MB-peak")
				b.ReportMetric(float64(n)/took.Seconds(), "msg/s")
				b.ReportMetric(float64((command.ProcessState.UserTime()+command.ProcessState.SystemTime()).Microseconds())/float64(n), "cpu-us")
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}
