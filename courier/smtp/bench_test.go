package smtp_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"letterhead/courier/smtp"
	"letterhead/testkit/bare"
	"letterhead/testkit/sink"
)

const sinkVariable = "LETTERHEAD_TEST_SINK"

// TestMain lets this test binary be the counting sink in a process of its own.
func TestMain(m *testing.M) {
	mode, isSink := os.LookupEnv(sinkVariable)
	if !isSink {
		os.Exit(m.Run())
	}
	err := sink.Serve(os.Stdin, os.Stdout, sink.SMTPOptions{Discard: true, NoChunking: mode != "chunking", NoPipelining: mode == "neither"})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func spawnSink(tb testing.TB, mode bare.Means) *sink.Process {
	tb.Helper()
	command := exec.Command(os.Args[0])
	command.Env, command.Stderr = append(os.Environ(), sinkVariable+"="+string(mode)), os.Stderr
	process, err := sink.Spawn(command)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := process.Close(); err != nil {
			tb.Error(err)
		}
	})
	return process
}

// sample is count distinct messages of about 5 kB.
func sample(count int) (ours []smtp.Message, theirs []bare.Message) {
	body := strings.Repeat(strings.Repeat("x", 74)+"=\r\n", 4600/77)
	for i := range count {
		from, to := fmt.Sprintf("b+%08d@bounce.clinic.example", i), fmt.Sprintf("client%d@mail.example", i)
		header := fmt.Sprintf("From: Clinic <hello@clinic.example>\r\nTo: <%s>\r\nSubject: Your appointment\r\nDate: Tue, 01 Dec 2026 10:00:00 +1100\r\n"+
			"Message-ID: <%d@clinic.example>\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n", to, i)
		ours = append(ours, smtp.Message{From: from, To: to, Data: net.Buffers{[]byte(header), []byte(body)}})
		theirs = append(theirs, bare.Message{From: from, To: to, Content: []byte(header + body)})
	}
	return ours, theirs
}

func cpu() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// ourRun sends count messages over 10 connections in batches of 200 and waits for all fates.
func ourRun(tb testing.TB, options smtp.Options, messages []smtp.Message, count int) time.Duration {
	tb.Helper()
	pool, err := smtp.NewPool(options, smtp.PoolOptions{})
	if err != nil {
		tb.Fatal(err)
	}
	defer pool.Close()
	const batch = 200
	var next, accepted, began atomic.Int64
	start := time.Now()
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			for {
				from := int(next.Add(batch)) - batch
				if from >= count {
					return
				}
				part := make([]smtp.Message, min(batch, count-from))
				for i := range part {
					part[i] = messages[(from+i)%len(messages)]
				}
				err := pool.Send(context.Background(), part, smtp.Hooks{
					Begin: func(places []int) error { began.Add(1); return nil },
					Done: func(_ int, result smtp.Result) {
						if result.Class == smtp.Accepted {
							accepted.Add(1)
						}
					},
				})
				if err != nil {
					tb.Error(err)
				}
			}
		})
	}
	all.Wait()
	took := time.Since(start)
	if accepted.Load() != int64(count) {
		tb.Fatalf("%d of %d accepted", accepted.Load(), count)
	}
	tb.Logf("%d calls of Begin", began.Load())
	return took
}

// BenchmarkHandOff compares the bare client with ours, in turn, over 10 connections to a counting sink in a process of
// its own. One iteration is one message; run it with -benchtime 20000x.
func BenchmarkHandOff(b *testing.B) {
	for _, trip := range []time.Duration{0, 20 * time.Millisecond} {
		for _, means := range []bare.Means{bare.Chunking, bare.Pipelining, bare.Neither} {
			process := spawnSink(b, means)
			address := process.Address()
			if trip > 0 {
				proxy, err := sink.ListenProxy(address, sink.ProxyOptions{RoundTrip: trip})
				if err != nil {
					b.Fatal(err)
				}
				b.Cleanup(func() { proxy.Close() })
				address = proxy.Address()
			}
			ours, theirs := sample(500)
			measure := func(b *testing.B, send func(count int) time.Duration) {
				before := cpu()
				took := send(b.N)
				b.ReportMetric(float64((cpu()-before).Microseconds())/float64(b.N), "cpu-us/message")
				b.ReportMetric(float64(b.N)/took.Seconds(), "messages/s")
			}
			name := fmt.Sprintf("%s/trip=%v", means, trip)
			b.Run(name+"/bare", func(b *testing.B) {
				sender, err := bare.New(address, means, 10, 8, theirs)
				if err != nil {
					b.Fatal(err)
				}
				measure(b, func(count int) time.Duration {
					took, err := sender.Run(context.Background(), count)
					if err != nil {
						b.Fatal(err)
					}
					return took
				})
			})
			for _, reset := range []bool{false, true} {
				if reset && means != bare.Chunking {
					continue
				}
				b.Run(fmt.Sprintf("%s/ours,reset=%v", name, reset), func(b *testing.B) {
					measure(b, func(count int) time.Duration {
						return ourRun(b, smtp.Options{Address: address, Security: smtp.Plain, ResetEach: reset}, ours, count)
					})
				})
			}
		}
	}
}
