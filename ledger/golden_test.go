package ledger_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"letterhead/ledger"
	"letterhead/ledger/evidence"
	"letterhead/testkit"
)

var update = flag.Bool("update", false, "write the golden files again: with other keys, so only for another version of the format")

// Files that were written once are read for ever, by both verifiers.
func TestFilesThatWereWrittenAreRead(t *testing.T) {
	t.Parallel()
	if *update {
		writeGolden(t)
	}
	raw, err := os.ReadFile("evidence/testdata/good.evidence")
	if err != nil {
		t.Fatal(err)
	}
	var expect evidence.Expect
	text, err := os.ReadFile("evidence/testdata/expect.json")
	if err == nil {
		err = json.Unmarshal(text, &expect)
	}
	if err != nil {
		t.Fatal(err)
	}
	r, err := newSecond(t).agree("golden", raw, expect)
	if err != nil {
		t.Fatal(err)
	}
	said, err := os.ReadFile("evidence/testdata/good.txt")
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if evidence.Say(&b, r); b.String() != string(said) {
		t.Errorf("it is said\n%s\ninstead of\n%s", &b, said)
	}
}

func writeGolden(t *testing.T) {
	t.Helper()
	w := newWorld(t, testkit.SQLite)
	w.days(12)
	w.checkpoint()
	witness := cosigner(t, w, "witness.example/w1")
	cosigner(t, w, "audit.example/a1")
	raw, err := w.export(w.a)
	if err != nil {
		t.Fatal(err)
	}
	expect := w.expect(w.a)
	expect.Witnesses = []string{witness.String()}
	r, err := evidence.Verify(bytes.NewReader(raw), expect)
	if err != nil {
		t.Fatal(err)
	}
	var said, entries bytes.Buffer
	evidence.Say(&said, r)
	if err := ledger.WriteEntries(t.Context(), w.db, w.key.Verifier, 0, &entries); err != nil {
		t.Fatal(err)
	}
	text, err := json.MarshalIndent(expect, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"good.evidence": raw, "expect.json": append(text, '\n'), "good.txt": said.Bytes(), "good.entries": entries.Bytes()} {
		if err := os.WriteFile("evidence/testdata/"+name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
