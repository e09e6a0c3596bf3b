package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const root = "../.."

// Each row's words are in the source, once, and what is named to miss them exists. (That it does miss them is shown by make controls.)
func TestEveryControlIsStillThere(t *testing.T) {
	t.Parallel()
	said, count := map[string]bool{}, 0
	for _, g := range groups() {
		tests := testsOf(t, filepath.Join(root, g.tests))
		for _, c := range g.controls {
			count++
			if name := g.tests + ": " + c.says; said[name] || c.says == "" {
				t.Errorf("two controls are called %q", name)
			} else {
				said[name] = true
			}
			source, err := os.ReadFile(filepath.Join(root, c.file))
			if err != nil {
				t.Error(err)
				continue
			}
			if n := strings.Count(string(source), c.text); n != 1 || c.text == c.gone {
				t.Errorf("%s: %q occurs %d times in %s: the control was changed; change its row, and run make controls", g.tests, c.text, n, c.file)
				continue
			}
			if _, err := parser.ParseFile(token.NewFileSet(), "", strings.Replace(string(source), c.text, c.gone, 1), 0); err != nil {
				t.Errorf("%s: %s: without it the source is none: %v", g.tests, c.says, err)
			}
			for _, test := range strings.Split(c.miss, "|") {
				if !tests[test] {
					t.Errorf("%s: %s: there is no test %q", g.tests, c.says, test)
				}
			}
		}
	}
	if count < 80 {
		t.Errorf("%d controls", count)
	}
}

var isTest = regexp.MustCompile(`^(Test|Fuzz)`)

func testsOf(t *testing.T, folder string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]bool{}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			if f, is := d.(*ast.FuncDecl); is && isTest.MatchString(f.Name.Name) {
				out[f.Name.Name] = true
			}
		}
	}
	return out
}
