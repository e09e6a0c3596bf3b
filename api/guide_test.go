package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"letterhead/testkit"
)

// Every command of docs/api.md is run, and answers with what stands below it: the members that are shown are there, and their values where the guide
// gives one that does not change.
func TestTheGuideIsTrue(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	message := w.queue(w.one)
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		r.Host = host
		w.api.ServeHTTP(out, r)
	}))
	defer server.Close()
	guide, err := os.ReadFile("../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```sh\n(.*?)```\n\n```json\n(.*?)```").FindAllStringSubmatch(string(guide), -1)
	if len(blocks) < 10 || len(blocks) != strings.Count(string(guide), "```sh") {
		t.Fatalf("%d commands with an answer", len(blocks))
	}
	env := []string{"PATH=" + os.Getenv("PATH"), "API=" + server.URL, "KEY=" + w.one.key, "CLIENT=" + string(w.one.client), "PRACTITIONER=" + string(w.one.practitioner), "SERVICE=" + string(w.one.service),
		"APPOINTMENT=" + string(w.one.appointment), "GRANT=" + string(w.one.grant.ID), "MESSAGE=" + string(message)}
	for _, block := range blocks {
		command := exec.CommandContext(t.Context(), "sh", "-eu", "-c", block[1])
		command.Env = env
		raw, err := command.Output()
		if err != nil {
			t.Errorf("%s: %v", block[1], err)
			continue
		}
		var got, want any
		if err := json.Unmarshal(raw, &got); err != nil {
			t.Errorf("%s: %s", block[1], raw)
		}
		if err := json.Unmarshal([]byte(block[2]), &want); err != nil {
			t.Errorf("%s: %v", block[2], err)
		}
		if missing := lacks(got, want); missing != "" {
			t.Errorf("%s: %s in %s", block[1], missing, raw)
		}
	}
	for _, r := range programs() {
		if !strings.Contains(string(guide), "`"+string(r.Scope())+"`") {
			t.Errorf("the guide does not explain %s", r.Scope())
		}
	}
}

// lacks names what the guide shows and an answer has not; "" and lists' other elements are not compared.
func lacks(got, want any) string {
	switch want := want.(type) {
	case map[string]any:
		object, _ := got.(map[string]any)
		for name, value := range want {
			given, there := object[name]
			if !there {
				return name + " is missing"
			}
			if missing := lacks(given, value); missing != "" {
				return name + ": " + missing
			}
		}
	case []any:
		list, _ := got.([]any)
		for _, each := range want {
			found := "nothing like it"
			for _, given := range list {
				if found = lacks(given, each); found == "" {
					break
				}
			}
			if found != "" {
				return found
			}
		}
	default:
		if want != "" && want != got {
			return fmt.Sprintf("%v, not %v", got, want)
		}
	}
	return ""
}
