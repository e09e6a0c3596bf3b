package archive_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
	"letterhead/app/archive"
	"letterhead/fault"
)

func identity(t *testing.T) *age.X25519Identity {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestWhatIsWrittenComesBack(t *testing.T) {
	t.Parallel()
	id, folder := identity(t), t.TempDir()
	root := filepath.Join(folder, "in")
	for name, text := range map[string]string{"a.db": "rows of Melbourne", "courier/keys/k.pem": "key", "courier/journal/x": "not this"} {
		path := filepath.Join(root, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	files, err := archive.Tree(root, root, func(path string) bool { return filepath.Base(path) == "journal" })
	if err != nil || len(files) != 2 {
		t.Fatalf("%v %v", files, err)
	}
	saved := filepath.Join(folder, "saved.age")
	if _, err := archive.Write(saved, t.TempDir(), "note\n", id.Recipient(), files); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(saved)
	if err != nil || bytes.Contains(raw, []byte("Melbourne")) {
		t.Errorf("it can be read without the key: %v", err)
	}
	if _, err := archive.Write(saved, t.TempDir(), "note\n", id.Recipient(), files); fault.KindOf(err) != fault.Conflict {
		t.Errorf("a backup was overwritten: %v", err)
	}
	back := filepath.Join(folder, "back")
	if err := archive.Read(saved, back, id); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(filepath.Join(back, "courier/keys/k.pem")); err != nil || string(text) != "key" {
		t.Errorf("%q %v", text, err)
	}
	if err := archive.Read(saved, filepath.Join(folder, "other"), identity(t)); fault.KindOf(err) != fault.Denied {
		t.Errorf("another identity opened it: %v", err)
	}
	// Cut short at any place it is an error, never a smaller backup.
	for _, n := range []int{len(raw) - 1, len(raw) / 2, 200, 0} {
		cut := filepath.Join(folder, "cut.age")
		if err := os.WriteFile(cut, raw[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		if err := archive.Read(cut, filepath.Join(t.TempDir(), "x"), id); err == nil {
			t.Errorf("%d of %d bytes were read as a backup", n, len(raw))
		}
	}
}

// hostile makes an archive by hand, encrypted for the right person.
func hostile(t *testing.T, id *age.X25519Identity, entries ...tar.Header) string {
	t.Helper()
	var out bytes.Buffer
	sealed, err := age.Encrypt(&out, id.Recipient())
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(sealed)
	for _, h := range entries {
		text := "x"
		if h.Name == "BACKUP" {
			text = h.Linkname
			h.Linkname = ""
		}
		if h.Typeflag == 0 {
			h.Typeflag, h.Size = tar.TypeReg, int64(len(text))
		}
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if h.Size > 0 {
			if _, err := w.Write([]byte(text)); err != nil {
				t.Fatal(err)
			}
		}
	}
	path := filepath.Join(t.TempDir(), "hostile.age")
	if err := errors.Join(w.Close(), sealed.Close(), os.WriteFile(path, out.Bytes(), 0o600)); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAHostileBackupLeavesNothingOutsideTheFolder(t *testing.T) {
	t.Parallel()
	id := identity(t)
	note := tar.Header{Name: "BACKUP", Linkname: "letterhead backup 1\n"}
	for name, entries := range map[string][]tar.Header{
		"no note":          {{Name: "letterhead.db"}},
		"another version":  {{Name: "BACKUP", Linkname: "letterhead backup 9\n"}},
		"climbs":           {note, {Name: "../escaped"}},
		"climbs in depth":  {note, {Name: "courier/../../escaped"}},
		"absolute":         {note, {Name: "/tmp/letterhead-escaped"}},
		"symbolic link":    {note, {Name: "courier", Typeflag: tar.TypeSymlink, Linkname: "/etc"}},
		"hard link":        {note, {Name: "a", Typeflag: tar.TypeLink, Linkname: "/etc/passwd"}},
		"the same twice":   {note, {Name: "a"}, {Name: "a"}},
		"file over folder": {note, {Name: "a/b"}, {Name: "a"}},
	} {
		parent := t.TempDir()
		if err := archive.Read(hostile(t, id, entries...), filepath.Join(parent, "in"), id); err == nil {
			t.Errorf("%s: it was unpacked", name)
		}
		left, err := filepath.Glob(filepath.Join(parent, "escaped*"))
		if err != nil || len(left) > 0 {
			t.Errorf("%s: it left %v", name, left)
		}
	}
}

func TestWhomABackupIsFor(t *testing.T) {
	t.Parallel()
	short := filepath.Join(t.TempDir(), "short")
	if err := os.WriteFile(short, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range [][2]string{{"", ""}, {"age1wrong", ""}, {"", short}, {"", short + "-missing"}} {
		if _, err := archive.Recipient(c[0], c[1]); fault.KindOf(err) != fault.Invalid || !strings.HasPrefix(err.Error(), "--") {
			t.Errorf("%v: %v", c, err)
		}
		if c[0] == "" {
			if _, err := archive.Identity("", c[1]); fault.KindOf(err) != fault.Invalid {
				t.Errorf("identity %v: %v", c, err)
			}
		}
	}
}
