package register_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"letterhead/fault"
)

func listing(t *testing.T, folder string) string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			names = append(names, strings.TrimPrefix(path, folder+"/"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(names, "\n")
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// What parses is built, what does not is named with line and reason, and the old register gives way to the new one as a whole.
func TestBuildShowsWhatParsesAndNamesTheRest(t *testing.T) {
	t.Parallel()
	outer := t.TempDir()
	from, to := filepath.Join(outer, "from"), filepath.Join(outer, "public")
	put(t, from+"/2024/a.md", "+++\ntitle = \"A\"\ndate = 2024-01-01\nslug = \"first\"\n+++\n## Summary\n\nGone.\n")
	put(t, from+"/2024/b.md", "+++\ntitle = \"B\"\n[extra]\nsource_url = \"javascript:alert(1)\"\n+++\n")
	put(t, from+"/c.md", "+++\ntitle = \"C\"\ndate = 2024-01-01\n+++\n")
	put(t, from+"/d.md", "<html>")
	out, errs, err := run(t, "", "register", "build", to, "--from", from, "--day", "2026-11-22", "--title", "T")
	if fault.KindOf(err) != fault.Invalid || !strings.Contains(out, "2 incidents") {
		t.Errorf("%v\n%s", err, out)
	}
	for _, want := range []string{"b.md:4: source_url: an address begins with https://", "d.md:1: this is HTML"} {
		if !strings.Contains(errs, want) {
			t.Errorf("%q is missing from\n%s", want, errs)
		}
	}
	first := listing(t, to)
	if !strings.Contains(first, "incident/first.html") || !strings.Contains(first, "incident/c.html") || strings.Contains(first, "incident/b") {
		t.Errorf("there is\n%s", first)
	}
	if err := os.Remove(from + "/c.md"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := run(t, "", "register", "build", to, "--from", from+"/2024/a.md"); err != nil {
		t.Fatal(err)
	}
	if second := listing(t, to); strings.Contains(second, "incident/c.html") || !strings.Contains(second, "incident/first.html") {
		t.Errorf("there is\n%s", second)
	}
	if left := listing(t, outer); strings.Contains(left, ".new") || strings.Contains(left, ".old") {
		t.Errorf("something is left over:\n%s", left)
	}
	// Names behind --from's value are files too, as a shell makes them of records/*.md.
	if out, _, err := run(t, "", "register", "build", to, "--from", from+"/2024/a.md", "../../register/testdata/records/2018-minimal.md"); err != nil || !strings.Contains(out, "2 incidents") {
		t.Errorf("%v %s", err, out)
	}
}

// The command replaces what it wrote itself, and nothing else.
func TestBuildWritesNowhereElse(t *testing.T) {
	t.Parallel()
	outer := t.TempDir()
	from := outer + "/from/a.md"
	put(t, from, "+++\ntitle = \"A\"\nslug = \"....//x\"\n+++\n")
	put(t, outer+"/home/letter.txt", "mine")
	put(t, outer+"/file", "mine")
	if err := os.Symlink(outer+"/home", outer+"/link"); err != nil {
		t.Fatal(err)
	}
	before := listing(t, outer)
	for name, words := range map[string][]string{
		"a folder with something else": {"build", outer + "/home", "--from", from},
		"a file":                       {"build", outer + "/file", "--from", from},
		"a link to a folder":           {"build", outer + "/link", "--from", from},
		"no records":                   {"build", outer + "/new"},
		"no folder":                    {"build"},
		"an address that runs":         {"build", outer + "/new", "--from", from, "--url", "javascript:alert(1)"},
		"a day that is none":           {"build", outer + "/new", "--from", from, "--day", "soon"},
		"records that are not there":   {"build", outer + "/new", "--from", outer + "/none"},
	} {
		if _, _, err := run(t, "", append([]string{"register"}, words...)...); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
		if after := listing(t, outer); after != before {
			t.Errorf("%s: there is now\n%s", name, after)
		}
	}
	if _, _, err := run(t, "", "register", "build", outer+"/new", "--from", from); err != nil {
		t.Fatal(err)
	}
	for _, name := range strings.Split(listing(t, outer), "\n") {
		if !strings.Contains(before, name) && !strings.HasPrefix(name, "new/") {
			t.Errorf("%s was written", name)
		}
	}
	if !strings.Contains(listing(t, outer), "new/incident/x.html") {
		t.Error("a slug with dots and slashes did not become a page's name")
	}
}
