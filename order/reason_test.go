package order_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"letterhead/web/ui/text"
)

// docs/reasons.md explains every reason of this package, pages have a sentence for each, and none is explained that is not given.
func TestReasonsAreExplained(t *testing.T) {
	t.Parallel()
	read := func(path string) string {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	doc := read("../docs/reasons.md")
	_, mine, found := strings.Cut(doc, "\n## A bulk message's")
	if !found {
		t.Fatal("docs/reasons.md has no part of a bulk message's")
	}
	mine, _, _ = strings.Cut(mine, "\n## ")
	given := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^\s+[A-Z]\w+\s+= "([^"]+)"`).FindAllStringSubmatch(read("filter.go"), -1) {
		given[m[1]] = true
		if !strings.Contains(doc, "| `"+m[1]+"` |") {
			t.Errorf("%s is not explained", m[1])
		}
		if !text.For("en").Known("reason." + m[1]) {
			t.Errorf("no page has a sentence for %s", m[1])
		}
	}
	if len(given) < 12 {
		t.Errorf("%d reasons found", len(given))
	}
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(mine, -1) {
		if !given[m[1]] {
			t.Errorf("%s is explained and never given", m[1])
		}
	}
}
