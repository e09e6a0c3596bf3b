package people_test

import (
	"io/fs"
	"strings"
	"testing"
	"time"

	"letterhead/rehearse"
	"letterhead/rehearse/drill/people"
)

func TestAnExportHasEverybody(t *testing.T) {
	t.Parallel()
	noon, err := rehearse.NextNoon(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	export, err := people.Export(noon, 7, []people.Person{{First: "Jo", Last: `O"Neil`, Email: "jo@x.example", Before: true}, {First: "Al", Email: "al@x.example"}})
	if err != nil {
		t.Fatal(err)
	}
	for file, lines := range map[string]int{"clients.csv": 3, "appointments.csv": 4, "practice.json": 0} {
		raw, err := fs.ReadFile(export, file)
		if err != nil || strings.Count(string(raw), "\n") != lines {
			t.Errorf("%s: %v\n%s", file, err, raw)
		}
	}
}

func TestLetters(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for i := range 2000 {
		name := people.Letters(i)
		if seen[name] || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz") != "" {
			t.Fatalf("%d is %q", i, name)
		}
		seen[name] = true
	}
}
