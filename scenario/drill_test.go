package scenario

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"letterhead/rehearse/drill"
	"letterhead/rehearse/drill/result"
	"letterhead/testkit"
)

// drilled runs `letterhead drill` and reads what it saw.
func drilled(t *testing.T, args ...string) []drill.Result {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), path, append([]string{"drill", "--json"}, args...)...)
	command.Env = append(os.Environ(), "LETTERHEAD_DATA="+t.TempDir())
	var out, errs bytes.Buffer
	command.Stdout, command.Stderr = &out, &errs
	failed := command.Run()
	var results []drill.Result
	if err := json.Unmarshal(out.Bytes(), &results); err != nil {
		t.Fatalf("letterhead drill %s: %v, %v\n%s", strings.Join(args, " "), failed, err, errs.String())
	}
	broken := 0
	for _, r := range results {
		if r.Verdict == result.Broken {
			broken++
		}
	}
	if (broken > 0) != (failed != nil) {
		t.Errorf("%d bounds are broken, and it ended with %v", broken, failed)
	}
	return results
}

// held says what has to be so of every attack that is played.
func held(t *testing.T, r drill.Result) {
	t.Helper()
	if r.Verdict == result.Broken {
		t.Errorf("%s (%s)\n  tried: %s\n  stopped by: %s", r.Why, r.Class, r.Tries, r.Stopped)
	}
	if r.Verdict == result.Unbounded {
		t.Logf("not yet bounded: %s", r.Why)
	}
}

// Every attack of the drill, by its name, against the real program.
func TestTheDrill(t *testing.T) {
	t.Parallel()
	results := map[string]drill.Result{}
	for _, r := range drilled(t) {
		results[r.Name] = r
	}
	for _, name := range drill.Names() {
		t.Run(name, func(t *testing.T) {
			r, played := results[name]
			if !played {
				t.Fatal("it was not played")
			}
			held(t, r)
		})
	}
}

// What an attack does to rows is the same on the other engine, where the program has a role of its own. LETTERHEAD_ATTACKS=all, which make soak asks for, is
// every attack.
func TestTheDrillOnPostgreSQL(t *testing.T) {
	t.Parallel()
	some := []string{"send-from-other-practice", "wording-forged", "approvals-deleted", "database-restored", "freeze-deleted", "order-count-raised", "letter-text-changed", "grant-moved", "picture-swapped"}
	if os.Getenv("LETTERHEAD_ATTACKS") == "all" {
		some = slices.DeleteFunc(drill.Names(), func(name string) bool { return name == "database-rolled-back" }) // copies a file; database-restored does the like here
	}
	for _, name := range some {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			results := drilled(t, "--only", name, "--database", testkit.URL(t, testkit.PostgreSQL))
			if len(results) != 1 {
				t.Fatalf("%d attacks were played", len(results))
			}
			held(t, results[0])
		})
	}
}
