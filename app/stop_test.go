package app

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Stops by command, of all scopes, with and without the database; who may end which.
func TestStoppingAndLifting(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "data")
	env := []string{"LETTERHEAD_DATA=" + folder}
	code, out, errs := run(env, "init", "--name", "A", "--country", "AU", "--zone", "Australia/Melbourne", "--owner", "o@example.com", "--json")
	var made struct{ Practice string }
	if code != 0 || json.Unmarshal([]byte(out), &made) != nil || made.Practice == "" {
		t.Fatalf("init: exit %d %s%s", code, out, errs)
	}
	var members []struct{ Member string }
	_, out, _ = run(env, "member", "list", "--practice", made.Practice, "--json")
	if err := json.Unmarshal([]byte(out), &members); err != nil || len(members) != 1 {
		t.Fatalf("members: %s %v", out, err)
	}
	for _, c := range []struct {
		code int
		says string
		args []string
	}{
		{2, "name what is stopped", []string{"stop", "--practice", made.Practice, "--scope", "rule", "--reason", "x"}},
		{2, "name the practice", []string{"stop", "--scope", "rule", "--subject", "x", "--reason", "x"}},
		{2, "a host is a name", []string{"stop", "--scope", "host", "--subject", "https://x.example/", "--reason", "x"}},
		{2, "a link is the whole address", []string{"stop", "--link", "prize.example", "--reason", "x"}},
		{2, "no template has this link", []string{"stop", "--practice", made.Practice, "--link", "https://prize.example/win", "--reason", "x"}},
		{0, "messages with the link https://prize.example/win", []string{"stop", "--link", "https://prize.example/win", "--reason", "a link"}},
		{2, "goes with --socket", []string{"stop", "--status"}},
		{3, "no such practice", []string{"stop", "--practice", "01a1ffa0-0000-7000-8000-000000000000", "--reason", "x"}},
		{0, "messages of the rule reminder-2-days", []string{"stop", "--practice", made.Practice, "--scope", "rule", "--subject", "reminder-2-days", "--reason", "wrong time"}},
		{0, "revoked at the signing desk", []string{"stop", "--practice", made.Practice, "--scope", "member", "--subject", members[0].Member, "--reason", "a stolen laptop"}},
		{0, `"handed": 0`, []string{"stop", "--practice", made.Practice, "--reason", "phishing", "--json"}},
		{0, "messages with links to prize.example", []string{"stop", "--scope", "host", "--subject", "prize.example", "--reason", "a link"}},
		{5, "no courier runs", []string{"stop", "--socket", "--status"}},
		{5, "all messages of the practice", []string{"doctor"}},
		{4, "a signature of its own people", []string{"lift", "--practice", made.Practice, "--reason", "all is well"}},
		{0, "The stop is lifted", []string{"lift", "--reason", "all is well"}}, // the host's
		{3, "no such stop", []string{"lift", "--reason", "again"}},
	} {
		if code, out, errs := run(env, c.args...); code != c.code || !strings.Contains(out+errs, c.says) {
			t.Errorf("%v: exit %d, want %d and %q\n%s%s", c.args, code, c.code, c.says, out, errs)
		}
	}
	// The database is away: the journal takes the stop, and everything is stopped when it is back.
	database := filepath.Join(folder, "letterhead.db")
	if err := os.Rename(database, database+".away"); err != nil {
		t.Fatal(err)
	}
	if code, out, errs := run(env, "stop", "--socket", "--reason", "the database is in doubt"); code != 0 || !strings.Contains(out, "holds for each that starts") {
		t.Errorf("without a database: exit %d %s%s", code, out, errs)
	}
	if err := os.Rename(database+".away", database); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := run(env, "tick"); code != 4 || !strings.Contains(errs, "stopped") {
		t.Errorf("tick: exit %d %s", code, errs)
	}
	if code, out, _ := run(env, "doctor"); code != 5 || !strings.Contains(out, "the database is in doubt") {
		t.Errorf("the row was not written: exit %d %s", code, out)
	}
}
