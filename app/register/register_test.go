package register_test

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"letterhead/app/register"
	"letterhead/fault"
)

const records = "../../register/testdata/records"

// run runs a command of the room as app does.
func run(t testing.TB, in string, words ...string) (out, errs string, err error) {
	t.Helper()
	var file register.Incident
	ofFiles := register.Command{Name: "incident", Flags: file.Flags, Run: func(_ context.Context, c register.Call) error { return file.Run(c) }}
	for _, cmd := range append(register.Commands(), ofFiles) {
		if cmd.Name != words[0] {
			continue
		}
		set := flag.NewFlagSet(cmd.Name, flag.ContinueOnError)
		if cmd.Flags != nil {
			cmd.Flags(set)
		}
		var args []string
		for rest := words[1:]; ; {
			if err := set.Parse(rest); err != nil {
				t.Fatal(err)
			}
			if set.NArg() == 0 {
				break
			}
			args = append(args, set.Arg(0))
			rest = set.Args()[1:]
		}
		var o, e bytes.Buffer
		err = cmd.Run(context.Background(), register.Call{Args: args, In: strings.NewReader(in), Out: &o, Errs: &e})
		return o.String(), e.String(), err
	}
	t.Fatalf("there is no command %s", words[0])
	return "", "", nil
}

func TestFormatPrintsBackWhatParses(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob(records + "/*.md")
	if err != nil || len(names) < 8 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if out, errs, err := run(t, "", "register", "fmt", name); out != string(raw) || errs != "" || err != nil {
			t.Errorf("%s: %v %s\n%q\n%q", name, err, errs, out, raw)
		}
		if out, _, err := run(t, string(raw), "register", "fmt", "-"); out != string(raw) || err != nil {
			t.Errorf("%s, from outside: %v\n%q", name, err, out)
		}
	}
}

func TestWhatDoesNotParseIsNamedAndNotPrinted(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	file := func(name, text string) string {
		t.Helper()
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := file("good.md", "+++\ntitle = \"A\"\n+++\n")
	cut := file("cut.md", "+++\ntitle = \"A\"\nx = [1,\n+++\n")
	huge := file("huge.md", "+++\ntitle = \"A\"\n+++\n"+strings.Repeat("a\n", 5<<20))
	file("_index.md", "+++\n+++\n")
	if err := os.Symlink("/etc/passwd", filepath.Join(folder, "link.md")); err != nil {
		t.Fatal(err)
	}
	out, errs, err := run(t, "", "register", "fmt", cut, good, huge)
	if out != "+++\ntitle = \"A\"\n+++\n" || fault.KindOf(err) != fault.Invalid {
		t.Errorf("%v, %q", err, out)
	}
	for _, want := range []string{cut + ":3: this is not TOML", huge + ": the file is larger"} {
		if !strings.Contains(errs, want) {
			t.Errorf("%q does not say %q", errs, want)
		}
	}
	_, errs, err = run(t, "", "register", "check", folder)
	if fault.KindOf(err) != fault.Invalid || !strings.Contains(errs, "link.md: skipped") || !strings.Contains(errs, "_index.md: skipped") || strings.Contains(errs, "root:") {
		t.Errorf("%v, %s", err, errs)
	}
	for _, words := range [][]string{{"register"}, {"register", "fmt"}, {"register", "print", good}, {"register", "fmt", filepath.Join(folder, "none.md")}} {
		if _, _, err := run(t, "", words...); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%v: %v", words, err)
		}
	}
}

func TestCheckSaysWhatMayBeMended(t *testing.T) {
	t.Parallel()
	out, errs, err := run(t, "", "register", "check", records)
	if err != nil || errs != "" {
		t.Fatal(err, errs)
	}
	for _, want := range []string{"circuit-courts.md:26: front matter stands behind the text", "tail.md:41: a line of +++", "9 records can be read; 6 remarks."} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing from\n%s", want, out)
		}
	}
}

// A record goes into every form and comes back; what cannot be read prints nothing.
func TestIncidentsGoIntoEveryForm(t *testing.T) {
	t.Parallel()
	seed := records + "/2024-08-25-power-diary.md"
	raw, err := os.ReadFile(seed)
	if err != nil {
		t.Fatal(err)
	}
	kept, _, err := run(t, "", "incident", "import", seed)
	if err != nil || !strings.Contains(kept, `"id": "2024-08-25-power-diary"`) || !strings.Contains(kept, `"state": "unknown"`) || strings.Contains(kept, `"value"`) {
		t.Fatalf("%v\n%s", err, kept)
	}
	if back, _, err := run(t, kept, "incident", "export", "-", "--format", "register"); err != nil || back != string(raw) {
		t.Errorf("%v\n%s", err, back)
	}
	there, _, err := run(t, kept, "incident", "export", "-", "--format", "veris")
	if err != nil || !strings.Contains(there, `"schema_version": "1.3.7"`) {
		t.Errorf("%v\n%s", err, there)
	}
	again, _, err := run(t, there, "incident", "import", "-")
	if err != nil || !strings.Contains(again, `"title": "Power Diary"`) {
		t.Errorf("%v\n%s", err, again)
	}
	if table, _, err := run(t, kept, "incident", "export", "-", "--format", "csv"); err != nil || !strings.Contains(table, "impact,affected_individuals,,unknown,") {
		t.Errorf("%v\n%s", err, table)
	}
	for _, words := range [][]string{{"incident"}, {"incident", "import"}, {"incident", "show", seed}, {"incident", "import", "none.json"}, {"incident", "export", seed, "--format", "xml"}, {"incident", "import", records + "/2018-minimal.md"}} {
		if out, _, err := run(t, "", words...); fault.KindOf(err) != fault.Invalid || out != "" {
			t.Errorf("%v: %v %q", words, err, out)
		}
	}
}

// The clocks of a law, with what the record lacks and who decides; never without saying what it is not.
func TestClocksAreSaid(t *testing.T) {
	t.Parallel()
	leap, seed := records+"/2020-02-29-told-in-time.md", records+"/2024-08-25-power-diary.md"
	out, _, err := run(t, "", "incident", "clocks", leap, "--aware", "2020-02-25T09:30:00+11:00", "--zone", "Australia/Melbourne")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"at the latest Thu 26 Mar 2020, 09:30 AEDT", "(s 26WK(2))", "Recommended steps for those concerned", "Is serious harm to any of those concerned likely?", "This is not legal advice"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing from\n%s", want, out)
		}
	}
	if strings.Contains(out, "Kinds of information") || strings.Contains(out, "HIPAA") {
		t.Errorf("what the record holds is asked for, or another country's law:\n%s", out)
	}
	if out, _, err := run(t, "", "incident", "clocks", seed, "--aware", "2024-08-25T09:30:00Z", "--law", "us-hipaa"); err != nil || !strings.Contains(out, "which the record does not settle") || !strings.Contains(out, "Factor 4") {
		t.Errorf("%v\n%s", err, out)
	}
	for _, words := range [][]string{{seed, "--aware", "2024-08-25T09:30:00Z"}, {leap, "--aware", "yesterday"}, {leap}, {leap, "--aware", "2024-08-25T09:30:00Z", "--zone", "Here"}, {leap, "--aware", "2024-08-25T09:30:00Z", "--law", "none"}} {
		if out, _, err := run(t, "", append([]string{"incident", "clocks"}, words...)...); fault.KindOf(err) != fault.Invalid || out != "" {
			t.Errorf("%v: %v %q", words, err, out)
		}
	}
}
