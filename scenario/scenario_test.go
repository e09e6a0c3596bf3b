// Package scenario tells stories as text, each run against the real program: a practice's day, an operator's, and an attacker's among them.
//
// A story is a file below testdata: commands that a person types, files that they have, and what they must see. "letterhead" is the real
// program in a process of its own. Every security bug that is found becomes a story.
package scenario

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"letterhead/app"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"letterhead": func() {
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM) // as in main
			code := app.Run(ctx, os.Args[1:], os.Environ(), os.Stdin, os.Stdout, os.Stderr)
			stop()
			os.Exit(code)
		},
	})
}

func TestStories(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("LETTERHEAD_DATA", e.WorkDir+"/data")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"practice": practice, "mode": mode},
	})
}

// practice FILE sets $PRACTICE from what init --json printed.
func practice(s *testscript.TestScript, _ bool, args []string) {
	var made struct{ Practice string }
	s.Check(json.Unmarshal([]byte(s.ReadFile(args[0])), &made))
	s.Setenv("PRACTICE", made.Practice)
}

// mode OCTAL FILE checks a file's permissions.
func mode(s *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.ParseUint(args[0], 8, 32)
	s.Check(err)
	info, err := os.Stat(s.MkAbs(args[1]))
	s.Check(err)
	if got := info.Mode().Perm(); got != os.FileMode(want) {
		s.Fatalf("%s has mode %s", args[1], fmt.Sprint(got))
	}
}
