package courier_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"letterhead/courier"
	"letterhead/message"
	"letterhead/store"
	"letterhead/testkit"
	"letterhead/testkit/sink"
)

// A child is a courier process of its own, made of this test's binary, so that it can be killed.
type child struct {
	URL      string
	Folder   string
	Relay    string
	Versions map[string][]byte
}

const childEnvironment = "LETTERHEAD_COURIER_CHILD"

func TestMain(m *testing.M) {
	if raw := os.Getenv(childEnvironment); raw != "" {
		if err := runChild(raw); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if os.Getenv(sinkEnvironment) != "" {
		if err := sink.Serve(os.Stdin, os.Stdout, sink.SMTPOptions{Discard: true}); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func runChild(raw string) error {
	var c child
	if err := json.Unmarshal([]byte(raw), &c); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	db, err := store.Open(ctx, store.Config{URL: c.URL, Small: true})
	if err != nil {
		return err
	}
	defer db.Close()
	w := &world{t: &testing.B{}, db: db, folder: c.Folder, source: &source{versions: c.Versions}}
	w.keeper = testKeeper(w.t)
	w.source.keeper = w.keeper
	process, err := courier.New(w.options(relayTo(c.Relay)))
	if err != nil {
		return err
	}
	if err := process.Run(ctx); err != nil {
		return err
	}
	return process.Close()
}

func (w *world) spawn(url, relay string) *exec.Cmd {
	w.t.Helper()
	raw, err := json.Marshal(child{URL: url, Folder: w.folder, Relay: relay, Versions: w.source.versions})
	if err != nil {
		w.t.Fatal(err)
	}
	command := exec.Command(os.Args[0], "-test.run=^$")
	command.Env = append(os.Environ(), childEnvironment+"="+string(raw))
	command.Stderr = os.Stderr
	if err := command.Start(); err != nil {
		w.t.Fatal(err)
	}
	return command
}

// kills is how often a crash test kills: 20, or what LETTERHEAD_KILLS says.
func kills(t *testing.T) int {
	n, err := strconv.Atoi(os.Getenv("LETTERHEAD_KILLS"))
	if err != nil {
		return 20
	}
	t.Logf("%d kills", n)
	return n
}

// Couriers are killed at random instants. At the end every message arrived once, but those shown as maybe sent, and of these none twice.
func TestKilledCouriersLoseAndDoubleNothing(t *testing.T) {
	for _, engine := range testkit.Engines() {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			url := testkit.URL(t, engine)
			db, err := store.Open(t.Context(), store.Config{URL: url})
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			w := newWorld(t, db, "a", "b")
			s := listen(t, sink.SMTPOptions{MaxMessages: 1 << 20, MaxBytes: 1 << 30})
			n, maybe := kills(t), 0
			for i := range n {
				for _, p := range []store.PracticeID{"a", "b"} {
					w.queue(p, fmt.Sprintf("k%d-", i), 150, nil)
				}
				before := s.Count()
				command := w.spawn(url, s.Address())
				// Half of the kills fall into the first batches, half anywhere from the start of the process on.
				if i%2 == 0 {
					ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
					_ = s.Wait(ctx, before+1+rand.IntN(120))
					cancel()
					time.Sleep(rand.N(3 * time.Millisecond))
				} else {
					time.Sleep(rand.N(400 * time.Millisecond))
				}
				if err := command.Process.Kill(); err != nil {
					t.Fatal(err)
				}
				_ = command.Wait()
			}
			w.drain(w.options(relayTo(s.Address())))
			arrived := map[string]int{}
			for _, m := range s.List() {
				arrived[strings.Trim(m.Header.Get("Message-Id"), "<>")]++
			}
			for _, p := range []store.PracticeID{"a", "b"} {
				leaves := w.leaves(p)
				w.verified(p, 150*n)
				for i := range n {
					for k := range 150 {
						id := fmt.Sprintf("k%d-%d", i, k)
						maybe += w.account(p, message.ID(id), arrived[id+"@"+domainOf(p)])
						if k%10 == 0 {
							w.onRecord(p, leaves, message.ID(id))
						}
					}
				}
			}
			t.Logf("%d messages, %d kills, %d maybe sent", 300*n, n, maybe)
		})
	}
}

// account holds one message's state against how often it arrived, and returns 1 for maybe sent.
func (w *world) account(p store.PracticeID, id message.ID, times int) int {
	m := w.find(p, id)
	switch {
	case m.State == message.MaybeSent && times <= 1:
		if m.Reason != message.ReasonInterrupted {
			w.t.Errorf("%s/%s is maybe sent for %q", p, id, m.Reason)
		}
		return 1
	case m.State == message.Sent && times == 1:
		return 0
	}
	w.t.Errorf("%s/%s arrived %d times and is %s: %s", p, id, times, m.State, w.timeline(p, id))
	return 0
}

// A courier that is told to end does so within 5 s, with nothing in doubt.
func TestTerminatedProcessLeavesNothingInDoubt(t *testing.T) {
	for _, engine := range testkit.Engines() {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			url := testkit.URL(t, engine)
			db, err := store.Open(t.Context(), store.Config{URL: url})
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			w := newWorld(t, db, "a")
			s := listen(t, sink.SMTPOptions{})
			w.queue("a", "m", 3000, nil)
			command := w.spawn(url, s.Address())
			if err := s.Wait(t.Context(), 200); err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			if err := command.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			if err := command.Wait(); err != nil || time.Since(began) > 5*time.Second {
				t.Errorf("ended after %v: %v", time.Since(began), err)
			}
			if states := w.states("a"); states[message.Sent] != s.Count() || states[message.Sent]+states[message.Queued] != 3000 {
				t.Errorf("%v, %d arrived", states, s.Count())
			}
		})
	}
}

const sinkEnvironment = "LETTERHEAD_COURIER_SINK"
