package socket_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"letterhead/courier/socket"
)

// serve starts a courier's socket that says what it was asked, and waits until it is there.
func serve(t *testing.T, folder, process string) (path string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- socket.Serve(ctx, folder, process, func(_ context.Context, r socket.Request) socket.Answer {
			return socket.Answer{Process: process, Why: r.Do + " " + r.Practice + " " + r.Scope + " " + r.Subject + " " + r.Reason}
		})
	}()
	path = filepath.Join(folder, "stop-"+process+".sock")
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(path); !os.IsNotExist(err) {
			t.Errorf("the socket stays behind: %v", err)
		}
	})
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); {
		if _, err := os.Stat(path); err == nil {
			return path
		}
		time.Sleep(time.Millisecond) // another goroutine makes a file
	}
	t.Fatal("no socket")
	return ""
}

func TestEveryCourierIsTold(t *testing.T) {
	t.Parallel()
	// A folder whose path is longer than a socket's address can be.
	folder := filepath.Join(t.TempDir(), strings.Repeat("long", 40))
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := socket.Ask(t.Context(), folder, socket.Request{Do: socket.Status}); err == nil {
		t.Error("nobody answered, and that was no error")
	}
	dead := filepath.Join(folder, "stop-killed.sock")
	if err := os.WriteFile(dead, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	one := serve(t, folder, "one")
	serve(t, folder, "two")
	if err := os.WriteFile(filepath.Join(folder, "stop-dead.sock"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	answers, err := socket.Ask(t.Context(), folder, socket.Request{Do: socket.Stop, Practice: "p", Scope: "rule", Subject: "reminder", Reason: "wrong"})
	if err != nil || len(answers) != 2 || answers[0].Process != "one" || answers[1].Why != "stop p rule reminder wrong" {
		t.Errorf("answers %+v, %v", answers, err)
	}
	if _, err := os.Stat(dead); !os.IsNotExist(err) {
		t.Errorf("a dead process's socket stays: %v", err)
	}
	info, err := os.Stat(one)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v %v", info.Mode(), err)
	}
}

func TestWhatIsNotUnderstoodIsAnswered(t *testing.T) {
	t.Parallel()
	folder, err := os.MkdirTemp("", "lh")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	path := serve(t, folder, "one")
	for line, want := range map[string]string{
		"{}\n":                                  "do is status or stop",
		"hello\n":                               "write {",
		`{"do":"lift"}` + "\n":                  "do is status or stop",
		`{"do":"status","to":"x"}` + "\n":       "write {",
		`{"do":"status"} {"do":"stop"}` + "\n":  "write {",
		`{"do":"stop","id":"../x"}` + "\n":      "an id has",
		strings.Repeat("x", 5000) + "\n":        "one line of JSON",
		`{"do":"status","practice":"p"}` + "\n": "status p",
	} {
		connection, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(connection, line) // the long one may be cut off
		got, err := bufio.NewReader(connection).ReadString('\n')
		if !strings.Contains(strings.ReplaceAll(got, `\"`, `"`), want) || strings.Count(got, "\n") != 1 {
			t.Errorf("%.40q: %q %v", line, got, err)
		}
		if err := connection.Close(); err != nil {
			t.Error(err)
		}
	}
}

func FuzzRequest(f *testing.F) {
	for _, seed := range []string{`{"do":"status"}`, `{"do":"stop","practice":"p","scope":"host","subject":"x.example","reason":"y"}`, `{"do":"stop","id":"-"}`, `[`, `{"do":null}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		r, err := socket.Parse([]byte(line))
		if err == nil && (r.Do != socket.Status && r.Do != socket.Stop || len(r.ID) > 64) {
			t.Errorf("%q became %s", line, fmt.Sprint(r))
		}
	})
}
