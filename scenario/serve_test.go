package scenario

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"letterhead/testkit"
	"letterhead/testkit/visitor"
)

// program builds the real program once.
var program = sync.OnceValues(func() (string, error) {
	folder, err := os.MkdirTemp("", "letterhead-program-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(folder, "letterhead")
	build := exec.Command("go", "build", "-o", path, "letterhead")
	build.Stderr = os.Stderr
	return path, build.Run()
})

// process is the program running as itself.
type process struct {
	command *exec.Cmd
	log     bytes.Buffer
	address string
	ended   chan error
}

var opened = regexp.MustCompile(`http://localhost:\d+/`)

// start runs a command that stays, and waits until it says where it answers, if it is one that does.
func start(t *testing.T, env []string, pages bool, args ...string) *process {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{command: exec.Command(path, args...), ended: make(chan error, 1)}
	p.command.Env = append(os.Environ(), env...)
	p.command.Stderr = &p.log
	out, err := p.command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.command.Process.Kill() })
	lines := bufio.NewScanner(out)
	for pages && p.address == "" && lines.Scan() {
		p.address = opened.FindString(lines.Text())
	}
	go func() {
		_, _ = io.Copy(io.Discard, out)
		p.ended <- p.command.Wait()
	}()
	if pages && p.address == "" {
		t.Fatalf("it did not say where it answers: %s", p.log.String())
	}
	return p
}

// stop asks it to end and measures how long it takes.
func (p *process) stop(t *testing.T) {
	t.Helper()
	asked := time.Now()
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-p.ended:
		if err != nil {
			t.Errorf("it ended with %v: %s", err, p.log.String())
		}
	case <-time.After(10 * time.Second):
		t.Fatal("it did not end")
	}
	if took := time.Since(asked); took > 5*time.Second {
		t.Errorf("it took %s to end", took)
	}
}

func get(t *testing.T, address, host string) (int, string, http.Header) {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	if host != "" {
		request.Host = host
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(body), answer.Header
}

// One installation served by two processes, on either engine: pages and planning in one, delivery in the other.
func TestServeAndCourierAsTwoProcesses(t *testing.T) {
	t.Parallel()
	for _, engine := range testkit.Engines() {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			env := []string{"LETTERHEAD_DATA=" + filepath.Join(t.TempDir(), "data"), "LETTERHEAD_LISTEN=localhost:0"}
			if engine == testkit.PostgreSQL {
				env = append(env, "LETTERHEAD_DATABASE="+testkit.URL(t, engine))
			}
			p := person{t, env}
			var made struct{ Practice, Invitation string }
			if err := json.Unmarshal([]byte(p.runs("init", "--name", "A", "--country", "AU", "--zone", "Australia/Melbourne", "--owner", "o@example.com", "--json")), &made); err != nil {
				t.Fatal(err)
			}
			delivery := start(t, env, false, "courier")
			pages := start(t, env, true, "serve", "--no-courier")
			if status, body, _ := get(t, pages.address+"healthz", ""); status != http.StatusOK || body != "able to send\n" {
				t.Errorf("healthz: %d %s", status, body)
			}
			// Nobody sees a page without having signed in.
			if status, body, header := get(t, pages.address, ""); status != http.StatusOK || !strings.Contains(body, "Use a passkey") || strings.Contains(body, "Today") || !strings.Contains(header.Get("Content-Security-Policy"), "default-src 'none'") {
				t.Errorf("without a session: %d %v", status, header)
			}
			owner := visitor.New(t, pages.address)
			owner.Accept(made.Invitation)
			if status, body := owner.Ask("/"); status != http.StatusOK || !strings.Contains(body, "Today") {
				t.Errorf("today: %d", status)
			}
			if status, body := owner.SignIn(); status != http.StatusOK || !strings.Contains(body, "Today") {
				t.Errorf("signing in: %d", status)
			}
			if out := p.runs("member", "list", "--practice", made.Practice); !strings.Contains(out, "active") {
				t.Errorf("team: %s", out)
			}
			p.runs("member", "end", "--practice", made.Practice, "--email", "o@example.com")
			if _, body := owner.Ask("/"); strings.Contains(body, "Today") {
				t.Error("a member whose access ended sees a page")
			}
			// Another name for this address is what DNS rebinding would use.
			if status, _, _ := get(t, pages.address, "evil.example"); status < 400 {
				t.Errorf("another host was answered: %d", status)
			}
			if _, body, _ := get(t, pages.address+"metrics", ""); !strings.Contains(body, "letterhead_able_to_send 1") || strings.Contains(body, made.Practice) {
				t.Errorf("metrics: %s", body)
			}
			p.runs("stop", "--reason", "test")
			p.runs("lift", "--reason", "test")
			p.runs("doctor")
			pages.stop(t)
			delivery.stop(t)
		})
	}
}

// A PostgreSQL backup goes through pg_dump and comes back, stopped, in another database.
func TestABackupOfPostgreSQL(t *testing.T) {
	t.Parallel()
	cluster, err := testkit.StartCluster(false)
	if err != nil {
		t.Fatal(err)
	}
	url, err := cluster.Database("one")
	if err != nil {
		t.Fatal(err)
	}
	if err := cluster.Empty("two"); err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	secret, file := filepath.Join(folder, "secret"), filepath.Join(folder, "saved.age")
	if err := os.WriteFile(secret, []byte("correct horse battery\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(folder, "data")
	one := person{t, []string{"LETTERHEAD_DATA=" + data, "LETTERHEAD_DATABASE=" + url}}
	one.runs("init", "--name", "Lee Valley Psychology", "--country", "IE", "--zone", "Europe/Dublin", "--owner", "o@example.com")
	// pg_dump needs a role that row-level security does not bind.
	admin := person{t, []string{"LETTERHEAD_DATA=" + data, "LETTERHEAD_DATABASE=" + cluster.URL("postgres", "one")}}
	admin.runs("backup", file, "--passphrase-file", secret)
	two := person{t, []string{"LETTERHEAD_DATA=" + filepath.Join(folder, "new")}}
	two.runs("restore", file, "--passphrase-file", secret, "--key-file", filepath.Join(data, "kek.key"), "--database", cluster.URL("postgres", "two"))
	if out := two.runs("practice", "list"); !strings.Contains(out, "Lee Valley Psychology") {
		t.Errorf("restored: %s", out)
	}
	two.runs("lift", "--reason", "it was stopped")
}
