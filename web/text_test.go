package web

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"letterhead/calendar"
	"letterhead/courier/budget"
	"letterhead/message"
	exported "letterhead/transfer/words"
	"letterhead/web/ui/text"
	"letterhead/wording"
)

// Every key that a page says is in the catalogue, and every sentence of the catalogue is said somewhere.
func TestPagesSayWhatTheCatalogueHas(t *testing.T) {
	t.Parallel()
	var sources strings.Builder
	for _, pattern := range []string{"*.go", "*/*.go", "*.templ", "*/*.templ", "../rehearse/inbox.go", "../app/operate/*.go", "../app/operate/*.templ", "../rehearse/*.templ", "ui/text/text.go"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			if strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, "_templ.go") {
				continue
			}
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			sources.Write(content)
		}
	}
	all := sources.String()
	for _, found := range regexp.MustCompile(`(?:Say|Count|say)\("([a-z][^"]*)"`).FindAllStringSubmatch(all, -1) {
		if key := found[1]; !strings.HasSuffix(key, ".") && !strings.HasSuffix(key, "-") && !text.For("en").Known(key) {
			t.Errorf("no sentence for %q", key)
		}
	}
	// Keys that are put together from a word of another package.
	composed := regexp.MustCompile(`^(reason|plan|step|fault|error|why|by|mode|state|fate|become|proof|channel|timeline|seal|kind|did|wants|sink|permission|role|role-help|programs\.life|security\.way|messages\.group|undo|form\.gone|field|replaced|words|changed|automatic|reach\.(?:ended|again)|orders\.(?:state|is|field|purpose|prefer)|letter\.(?:state|say|ours)|looked\.(?:at|for|field|agent)|import\.(?:is|open|counts|sheet|step|status|reminder|field)|outside|region|told\.about|consent|answer|contacts\.receives|edit|details|sender|start|day\.(?:name|short)|incident\.(?:kind|figure|group)|board\.(?:sheet|before|after|key)|today\.unsigned)[.-]`)
	for _, key := range text.For("en").Keys() {
		if !composed.MatchString(key) && !strings.Contains(all, `"`+key+`"`) {
			t.Errorf("nobody says %q", key)
		}
	}
}

// Words of other packages have sentences.
func TestOtherPackagesWordsHaveSentences(t *testing.T) {
	t.Parallel()
	known := func(prefix string, words ...string) {
		for _, word := range words {
			if !text.For("en").Known(prefix + word) {
				t.Errorf("no sentence for %s%s", prefix, word)
			}
		}
	}
	for _, reason := range calendar.Reasons[1:] {
		known("why.", reason)
	}
	for _, reason := range []budget.Reason{budget.FirstUse, budget.FirstOfMany, budget.FirstOfAll, budget.PracticeDay, budget.MemberDay, budget.CredentialDay, budget.RecipientDay, budget.NewDay,
		budget.ApprovalDay, budget.ApprovalTotal, budget.LimitsTotal, budget.Full, budget.Unclear} {
		known("reason.", string(reason))
	}
	for _, c := range exported.ClientColumns {
		known("import.field-clients-", c.Field)
	}
	for _, c := range exported.AppointmentColumns {
		known("import.field-appointments-", c.Field)
	}
	known("by.", "client", "practice", "system")
	known("step.", "queued", "claimed", "leaving", "sent", "refused", "maybe sent", "held", "dropped", message.Deferred, message.Delivered, message.Bounced, message.Complained, message.Replied)
	for _, field := range wording.Fields() {
		known("field.", string(field.Field))
	}
	reasons, err := os.ReadFile("../wording/clean/check.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, reason := range regexp.MustCompile(`Reason = "([a-z_]+)"`).FindAllStringSubmatch(string(reasons), -1) {
		known("replaced.", reason[1])
	}
	for _, file := range []string{"../plan/reason.go", "../message/message.go"} {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found := regexp.MustCompile(`(?m)^\s+(?:[A-Z]\w+\s+Reason|Reason[A-Z]\w+)\s+= "([^"]+)"`).FindAllStringSubmatch(string(content), -1)
		if len(found) < 10 {
			t.Errorf("%s: %d reasons found", file, len(found))
		}
		for _, reason := range found {
			known("reason.", reason[1])
		}
	}
}
