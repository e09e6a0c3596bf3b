package scenario

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"letterhead/ledger"
	"letterhead/ledger/leaf"
	"letterhead/store"
	"letterhead/testkit"
)

// The program and the commands that write an incident down are killed at any instant. What a command acknowledged is there, whole, and on record exactly once; what is stopped for it is stopped.
func TestIncidentsOutliveBeingKilled(t *testing.T) {
	t.Parallel()
	for _, engine := range testkit.Engines() {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			folder := filepath.Join(t.TempDir(), "data")
			env := []string{"LETTERHEAD_DATA=" + folder, "LETTERHEAD_LISTEN=localhost:0", "LETTERHEAD_SIGN_ADDRESS=localhost:0"}
			if engine == testkit.PostgreSQL {
				env = append(env, "LETTERHEAD_DATABASE="+testkit.URL(t, engine))
			}
			p := person{t, env}
			var made struct{ Practice string }
			if err := json.Unmarshal([]byte(p.runs("init", "--name", "A", "--country", "AU", "--zone", "Australia/Melbourne", "--owner", "o@example.com", "--json")), &made); err != nil {
				t.Fatal(err)
			}
			path, err := program()
			if err != nil {
				t.Fatal(err)
			}
			const rounds, each = 4, 4
			acknowledged := map[string]bool{}
			for range rounds {
				running := start(t, env, true, "serve")
				type ended struct {
					id     string
					killed bool
				}
				done := make(chan ended, each)
				for i := range each {
					go func() {
						command := exec.Command(path, "incident", "open", "--title", "Prize-draw mails", "--practice", made.Practice, "--reason", "nobody here wrote that")
						command.Env = append(os.Environ(), env...)
						var out bytes.Buffer
						command.Stdout = &out
						if command.Start() != nil {
							done <- ended{killed: true}
							return
						}
						if i%2 == 1 { // half of them are killed as well
							time.AfterFunc(time.Duration(rand.IntN(600))*time.Millisecond, func() { _ = command.Process.Kill() }) // the kill is what is tested
						}
						failed := command.Wait()
						done <- ended{strings.TrimSpace(out.String()), failed != nil}
					}()
				}
				for n := range each {
					e := <-done
					if e.id != "" { // it was told, whatever happened to the command then
						acknowledged[e.id] = true
					} else if !e.killed {
						t.Error("a command that was not killed says nothing")
					}
					if n == rand.IntN(each) {
						_ = running.command.Process.Kill()
					}
				}
				_ = running.command.Process.Kill()
				<-running.ended
			}
			if len(acknowledged) < rounds {
				t.Fatalf("%d were acknowledged: too few to show anything", len(acknowledged))
			}
			var listed []struct {
				ID string
			}
			if err := json.Unmarshal([]byte(p.runs("incident", "list", "--json")), &listed); err != nil {
				t.Fatal(err)
			}
			there := map[string]bool{}
			for _, i := range listed {
				there[i.ID] = true
			}
			for id := range acknowledged {
				if !there[id] {
					t.Errorf("%s was acknowledged, and is lost", id)
				}
			}
			running := start(t, env, true, "serve")
			url := "sqlite:" + filepath.Join(folder, "letterhead.db")
			if engine == testkit.PostgreSQL {
				url = strings.TrimPrefix(env[len(env)-1], "LETTERHEAD_DATABASE=")
			}
			var on map[string]int
			for end := time.Now().Add(30 * time.Second); time.Now().Before(end) && len(on) < len(listed); time.Sleep(200 * time.Millisecond) { // the courier puts them on record
				on = recorded(t, url)
			}
			running.stop(t)
			for _, i := range listed {
				if on[i.ID] != 1 {
					t.Errorf("%s was opened, and %d leaves say so", i.ID, on[i.ID])
				}
			}
			t.Logf("%d incidents, %d of them acknowledged", len(listed), len(acknowledged))
		})
	}
}

// recorded counts the installation's own leaves that say that an incident was opened; a practice has its own once it has a key.
func recorded(t *testing.T, url string) map[string]int {
	t.Helper()
	db, err := store.Open(t.Context(), store.Config{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	on := map[string]int{}
	err = db.WholeView(t.Context(), "test", func(x *store.Wide) error {
		return ledger.Since(t.Context(), x, "", 0, 10_000, func(_ ledger.Stored, l *leaf.Leaf) error {
			if e, is := l.Body.(*leaf.Event); is && e.Of == leaf.KindIncident && e.Word == leaf.Opened {
				on[e.ID]++
			}
			return nil
		})
	})
	if err != nil && !errors.Is(err, store.ErrNone) {
		t.Fatal(err)
	}
	return on
}
