package budget_test

import (
	"maps"
	"os"
	"regexp"
	"strings"
	"testing"
)

// docs/reasons.md explains every reason of this package and of the breaker, each under its own heading, and no other there.
func TestEveryReasonIsExplained(t *testing.T) {
	t.Parallel()
	read := func(name string) string {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	keys := func(pattern, text string) map[string]bool {
		out := map[string]bool{}
		for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
			out[m[1]] = true
		}
		return out
	}
	doc := read("../../docs/reasons.md")
	for heading, code := range map[string]string{"### Limits and first uses": read("use.go"), "### The breaker's": read("../breaker/sight.go")} {
		_, part, found := strings.Cut(doc, "\n"+heading+"\n")
		part, _, _ = strings.Cut(part, "\n##")
		in, explained := keys(`(?m)^\t\w+ +Reason = "([a-z ]+)"`, code), keys("(?m)^\\| `([a-z ]+)` \\|", part)
		if !found || len(in) < 5 || !maps.Equal(in, explained) {
			t.Errorf("%s: given %v, explained %v", heading, in, explained)
		}
	}
}
