package ledger_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"letterhead/ledger"
	"letterhead/ledger/proof"
	"letterhead/store"
	"letterhead/testkit"
)

const childEnvironment = "LETTERHEAD_LEDGER_CHILD"

func TestMain(m *testing.M) {
	if url := os.Getenv(childEnvironment); url != "" {
		if err := appendForEver(url); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// appendForEver appends batches and says each head, as a courier notes it in its journal before anything leaves.
func appendForEver(url string) error {
	ctx := context.Background()
	db, err := store.Open(ctx, store.Config{URL: url})
	if err != nil {
		return err
	}
	defer db.Close()
	say := json.NewEncoder(os.Stdout)
	for n := 0; ; n++ {
		var entries []ledger.Entry
		for i := range 20 {
			entries = append(entries, message(store.PracticeID([]string{"a", "b"}[(n+i)%2]), n))
		}
		var head proof.Head
		err := db.Whole(ctx, "test", func(w *store.Wide) (err error) {
			head, _, err = ledger.Append(ctx, w, entries)
			return err
		})
		if err != nil {
			return err
		}
		if err := say.Encode(head); err != nil {
			return err
		}
	}
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

// Two couriers append; one after the other is killed at a random instant. Every head that was said is part of what is there, which is whole.
func TestKilledInTheMiddleOfAnAppend(t *testing.T) {
	t.Parallel()
	for _, engine := range testkit.Engines() {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			url := testkit.URL(t, engine)
			db, err := store.Open(t.Context(), store.Config{URL: url})
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			appendAll(t, db, root("a"), root("b"))
			for range kills(t) {
				first, second := spawn(t, url), spawn(t, url)
				for _, c := range []*courier{first, second} {
					c.wait(1)
				}
				wait := time.NewTimer(rand.N(60 * time.Millisecond))
				<-wait.C
				heads := append(first.kill(), second.kill()...)
				for _, h := range heads {
					if err := ledger.Check(t.Context(), db, h); err != nil {
						t.Fatalf("%d leaves, root %x: %v", h.Size, h.Root[:4], err)
					}
				}
				audit(t, db)
			}
			if head, _ := appendAll(t, db, message("a", 1)); head.Size < int64(40*kills(t)) {
				t.Error("hardly anything was appended: ", head.Size)
			}
		})
	}
}

// audit reads a ledger again, whole.
func audit(t *testing.T, db *store.DB) (out ledger.Audited) {
	t.Helper()
	err := db.WholeView(t.Context(), "test", func(w *store.Wide) (err error) {
		out, err = ledger.Audit(t.Context(), w)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// courier is a process that appends.
type courier struct {
	t       *testing.T
	command *exec.Cmd
	out     *bufio.Scanner
	heads   []proof.Head
}

func spawn(t *testing.T, url string) *courier {
	t.Helper()
	command := exec.Command(os.Args[0], "-test.run=^$")
	command.Env = append(os.Environ(), childEnvironment+"="+url)
	command.Stderr = os.Stderr
	reader, writer, err := os.Pipe() // not the command's own: what it has said is read after it was killed
	if err != nil {
		t.Fatal(err)
	}
	command.Stdout = writer
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = reader.Close() })
	return &courier{t: t, command: command, out: bufio.NewScanner(io.Reader(reader))}
}

// wait reads until so many heads were said.
func (c *courier) wait(n int) {
	c.t.Helper()
	for len(c.heads) < n && c.out.Scan() {
		var h proof.Head
		if err := json.Unmarshal(c.out.Bytes(), &h); err != nil {
			return // cut off in the middle
		}
		c.heads = append(c.heads, h)
	}
}

// kill ends the process with SIGKILL and returns the last heads that it said.
func (c *courier) kill() []proof.Head {
	c.t.Helper()
	if err := c.command.Process.Kill(); err != nil {
		c.t.Fatal(err)
	}
	_ = c.command.Wait() // it was killed
	c.wait(1 << 20)
	return c.heads[max(0, len(c.heads)-3):]
}

// A courier that begins while another one appends sees a ledger that is whole.
func TestACheckWhileOthersAppend(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, db *store.DB) {
		appendAll(t, db, root("a"))
		done := make(chan error)
		go func() {
			var err error
			for n := 0; n < 60 && err == nil; n++ {
				err = db.Whole(context.Background(), "test", func(w *store.Wide) error {
					_, _, err := ledger.Append(context.Background(), w, []ledger.Entry{message("a", n), message("a", n)})
					return err
				})
			}
			done <- err
		}()
		for {
			select {
			case err := <-done:
				if err != nil {
					t.Error(err)
				}
				return
			default:
				if err := ledger.Check(t.Context(), db, proof.Head{}); err != nil {
					t.Error(err)
				}
			}
		}
	})
}
