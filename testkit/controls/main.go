// Controls removes every control of the program, one at a time, and tells which test notices.
//
// A control is a few words of the source. For each the program writes a changed copy of that file beside the tree, runs the tests that are named for
// it with go test -overlay, and prints what failed. A control that nobody misses, one whose words are not in the source any more, and a change that
// does not compile are errors: exit 1. Before anything is removed the same tests must pass.
//
// Never: a change to the tree; a switch in the product.
//
//	go run ./testkit/controls [-only WORDS] [-limit 30m]
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// each bounds one run of the tests of a control.
const each = 3 * time.Minute

// control is one thing that holds somebody back.
type control struct {
	says string // what it does
	file string // where it stands
	text string // its words, which occur once in the file
	gone string // what stands there without it
	miss string // the tests that must fail: a pattern as of go test -run
}

// group is the controls that one package's tests look after.
type group struct {
	tests    string // the folder of the package
	controls []control
}

func main() {
	only := flag.String("only", "", "only controls whose description, file or tests hold these words")
	limit := flag.Duration("limit", 40*time.Minute, "the longest that all may take")
	flag.Parse()
	ctx, cancel := context.WithTimeout(context.Background(), *limit)
	defer cancel()
	if err := run(ctx, os.Stdout, groups(), *only); err != nil {
		fmt.Fprintln(os.Stderr, "controls:", err)
		os.Exit(1)
	}
}

// run removes the controls one after the other and prints a line for each.
func run(ctx context.Context, out io.Writer, all []group, only string) error {
	folder, err := os.MkdirTemp("", "controls")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	began := time.Now()
	count, wrong := 0, 0
	for _, g := range all {
		g.controls = slices.DeleteFunc(slices.Clone(g.controls), func(c control) bool {
			return !strings.Contains(strings.Join([]string{c.says, c.file, c.miss, g.tests}, "\n"), only)
		})
		if len(g.controls) == 0 {
			continue
		}
		if failed, err := g.try(ctx, "", g.pattern()); err != nil || len(failed) > 0 {
			return fmt.Errorf("%s: its tests do not pass as the source is: %s: %w", g.tests, strings.Join(failed, ", "), err)
		}
		for _, c := range g.controls {
			start := time.Now()
			noticed, err := g.without(ctx, folder, c)
			count++
			switch {
			case ctx.Err() != nil:
				return ctx.Err()
			case err != nil:
				wrong++
				noticed = "ERROR: " + err.Error()
			case noticed == "":
				wrong++
				noticed = "NOBODY NOTICED"
			}
			fmt.Fprintf(out, "%-78s %-60s %5.1f s\n", g.tests+": "+c.says, noticed, time.Since(start).Seconds())
		}
	}
	fmt.Fprintf(out, "\n%d controls removed, %d missed by nobody or not removed, in %s.\n", count, wrong, time.Since(began).Round(time.Second))
	if wrong > 0 || count == 0 {
		return fmt.Errorf("%d of %d", wrong, count)
	}
	return nil
}

func (g group) pattern() string {
	var all []string
	for _, c := range g.controls {
		all = append(all, strings.Split(c.miss, "|")...)
	}
	slices.Sort(all)
	return strings.Join(slices.Compact(all), "|")
}

// without runs a control's tests on a copy that lacks it, and returns what failed.
func (g group) without(ctx context.Context, folder string, c control) (string, error) {
	overlay, err := c.remove(folder)
	if err != nil {
		return "", err
	}
	failed, err := g.try(ctx, overlay, c.miss)
	return strings.Join(failed, ", "), err
}

// remove writes the changed copy and the file that puts it into the place of the source.
func (c control) remove(folder string) (overlay string, err error) {
	source, err := os.ReadFile(c.file)
	if err != nil {
		return "", err
	}
	if n := strings.Count(string(source), c.text); n != 1 {
		return "", fmt.Errorf("its words occur %d times in %s", n, c.file)
	}
	whole, err := filepath.Abs(c.file)
	if err != nil {
		return "", err
	}
	copied := filepath.Join(folder, "changed.go")
	if err := os.WriteFile(copied, []byte(strings.Replace(string(source), c.text, c.gone, 1)), 0o600); err != nil {
		return "", err
	}
	raw, err := json.Marshal(map[string]map[string]string{"Replace": {whole: copied}})
	if err != nil {
		return "", err
	}
	overlay = filepath.Join(folder, "overlay.json")
	return overlay, os.WriteFile(overlay, raw, 0o600)
}

func usesRapid(folder string) (bool, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	if err != nil {
		return false, err
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil || strings.Contains(string(raw), `"pgregory.net/rapid"`) {
			return err == nil, err
		}
	}
	return false, nil
}

var failure = regexp.MustCompile(`(?m)^--- FAIL: (\S+)`)

// try runs tests and returns the names of those that failed. An error means that it was not the tests that failed.
func (g group) try(ctx context.Context, overlay, pattern string) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, each)
	defer cancel()
	args := []string{"test", "-count=1", "-vet=off", "-timeout", "150s", "-run", "^(" + pattern + ")$"}
	if overlay != "" {
		args = append(args, "-failfast", "-overlay", overlay)
	}
	args = append(args, "./"+g.tests)
	if uses, err := usesRapid(g.tests); err != nil {
		return nil, err
	} else if uses {
		args = append(args, "-rapid.nofailfile") // what fails without a control is no finding to keep
	}
	command := exec.CommandContext(ctx, "go", args...)
	command.Env = append(os.Environ(), "LETTERHEAD_TEST_ENGINE=sqlite")
	out, err := command.CombinedOutput()
	text := string(out)
	var failed []string
	for _, m := range failure.FindAllStringSubmatch(text, -1) {
		failed = append(failed, m[1])
	}
	var exit *exec.ExitError
	switch {
	case err == nil && strings.Contains(text, "no tests to run"):
		return nil, fmt.Errorf("no test is called %s", pattern)
	case err == nil || len(failed) > 0:
		return failed, nil
	case ctx.Err() != nil:
		return nil, fmt.Errorf("no end within %s", each)
	case errors.As(err, &exit) && strings.Contains(text, "panic: test timed out"):
		return []string{"no end: " + pattern}, nil
	case errors.As(err, &exit) && strings.Contains(text, "\npanic: "):
		return []string{"panic in " + pattern}, nil
	}
	return nil, fmt.Errorf("%w: %.300s", err, strings.Join(strings.Fields(text), " "))
}

func groups() []group {
	return slices.Concat(gateControls(), chainControls(), journalControls(), edgeControls(), deskControls(), valueControls(), pathControls(), publicControls(), checkingControls())
}
