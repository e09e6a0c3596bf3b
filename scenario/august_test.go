package scenario

import (
	"bytes"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// August 2024 to its end, with the real program: stopped and an incident within five seconds of the first that could leave, every owner told within a minute, what was honest goes on,
// and the record stands beside the public register's, field by field.
func TestAugustToItsEnd(t *testing.T) {
	t.Parallel()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	command := exec.CommandContext(t.Context(), path, "drill", "--incident")
	command.Stdout, command.Stderr, command.Dir = &out, &errs, t.TempDir()
	if err := command.Run(); err != nil {
		t.Fatalf("letterhead drill --incident: %v\n%s\n%s", err, out.String(), errs.String())
	}
	said := out.String()
	at := func(step string) float64 {
		t.Helper()
		m := regexp.MustCompile(`(?m)^\S+\s+(\S+)\s+` + step).FindStringSubmatch(said)
		if m == nil {
			t.Fatalf("no step %q in\n%s", step, said)
		}
		seconds, err := strconv.ParseFloat(m[1], 64)
		if err != nil {
			t.Fatal(err)
		}
		return seconds
	}
	for step, most := range map[string]float64{"the breaker stopped the text": 5, "the incident was opened by the alarm": 5, "owners of 21 practices had their notice": 60} {
		if took := at(step); took > most {
			t.Errorf("%s: %.1f s, at most %.0f", step, took, most)
		}
	}
	for _, step := range []string{"measured$", "each practice published its correction", "its honest reminders went on", "measured again, decided, written and closed"} {
		at(step)
	}
	for field, want := range map[string][2]string{ // theirs, ours
		"title": {"Power Diary", "Prize-draw mails in twenty practices' names"}, "attack vector": {"Misconfiguration", "Stolen Credentials"}, "sectors": {"Health", "Health"},
		"severity": {"Minor", "Minor"}, "date": {"2024-08-25", "20"}, "affected_individuals": {"unknown", ""}, "record_count": {"unknown", ""}, "messages_left": {"not said", ""},
		"link_hosts": {"not said", ""}, "honest_released": {"not said", ""}, "decisions": {"not said", "1"}, "lessons": {"not said", "1"}, "actions": {"not said", "1"},
	} {
		m := regexp.MustCompile(`(?m)^` + field + `  +(.*?)  +(.*)$`).FindStringSubmatch(said)
		switch {
		case m == nil:
			t.Errorf("no field %s", field)
		case !strings.HasPrefix(m[1], want[0]) || !strings.HasPrefix(m[2], want[1]) || m[2] == "not said":
			t.Errorf("%s: theirs %q, ours %q", field, m[1], m[2])
		}
	}
}
