package evidence_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"letterhead/ledger/evidence"
	"letterhead/ledger/leaf"
	"letterhead/ledger/proof"
)

func read(t testing.TB, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func expected(t testing.TB) (e evidence.Expect) {
	t.Helper()
	if err := json.Unmarshal(read(t, "expect.json"), &e); err != nil {
		t.Fatal(err)
	}
	return e
}

func TestWhatTheReaderHasToGive(t *testing.T) {
	t.Parallel()
	good := expected(t)
	for name, change := range map[string]func(*evidence.Expect){
		"no root": func(e *evidence.Expect) { e.Root = "" }, "half a root": func(e *evidence.Expect) { e.Root = e.Root[:10] }, "no key": func(e *evidence.Expect) { e.LogKey = "" },
		"a witness's key as the log's": func(e *evidence.Expect) { e.LogKey = e.Witnesses[0] }, "the log's as a witness's": func(e *evidence.Expect) { e.Witnesses = []string{e.LogKey} },
		"an auditor of nothing": func(e *evidence.Expect) { e.Auditors = []string{"x"} },
	} {
		e := good
		change(&e)
		_, err := evidence.Verify(bytes.NewReader(read(t, "good.evidence")), e)
		if _, wrong := evidence.ErrWrong(err); err == nil || wrong {
			t.Errorf("%s: %v", name, err)
		}
	}
	spoken := good
	spoken.Root = strings.ToLower(strings.ReplaceAll(good.Root, " ", "-"))
	if _, err := evidence.Verify(bytes.NewReader(read(t, "good.evidence")), spoken); err != nil {
		t.Error("a fingerprint with hyphens, in small letters: ", err)
	}
}

func TestALineWithoutEnd(t *testing.T) {
	t.Parallel()
	raw := append([]byte(evidence.Header+"\ndesk "), bytes.Repeat([]byte("x"), 4<<20)...)
	_, err := evidence.Verify(bytes.NewReader(raw), expected(t))
	if p, _ := evidence.ErrWrong(err); p == nil || p.Code != evidence.CodeLine || p.Line != 2 {
		t.Error(err)
	}
}

func TestAnAuditWorksTheCountsOutAgain(t *testing.T) {
	t.Parallel()
	log, err := proof.ParseLogKey(expected(t).LogKey)
	if err != nil {
		t.Fatal(err)
	}
	raw := read(t, "good.entries")
	point, err := evidence.Audit(bytes.NewReader(raw), log, proof.Head{})
	if err != nil || point.Counts != 2 {
		t.Fatal(point, err)
	}
	lines := strings.SplitAfter(string(raw), "\n")
	sum := func(line string) leaf.Hash {
		content, err := base64.StdEncoding.DecodeString(strings.TrimSpace(strings.TrimPrefix(line, "leaf ")))
		if err != nil {
			t.Fatal(err)
		}
		return leaf.Sum(content)
	}
	seen := proof.Head{Size: 1, Root: sum(lines[2])}
	if _, err := evidence.Audit(bytes.NewReader(raw), log, seen); err != nil {
		t.Error("it has grown out of its first leaf: ", err)
	}
	audit := func(lines []string, seen proof.Head) string {
		_, err := evidence.Audit(strings.NewReader(strings.Join(lines, "")), log, seen)
		p, _ := evidence.ErrWrong(err)
		if p == nil {
			t.Fatal(err)
		}
		return p.Code
	}
	changed := func(change func(l []string) []string) []string {
		l := change(append([]string(nil), lines[:len(lines)-2]...))
		return append(l, fmt.Sprintf("end %d\n", len(l)+1))
	}
	for want, got := range map[string]string{
		evidence.CodeFork:      audit(lines, proof.Head{Size: 1, Root: sum(lines[3])}),
		evidence.CodeSequence:  audit(changed(func(l []string) []string { return append(l[:3], l[4:]...) }), seen),
		evidence.CodeSize:      audit(changed(func(l []string) []string { return l[:len(l)-1] }), seen),
		evidence.CodeTruncated: audit(lines[:9], seen),
		evidence.CodeFormat:    audit(lines[1:], seen),
		evidence.CodeLine:      audit(append(append([]string(nil), lines...), "x\n"), seen),
		evidence.CodeLeaf:      audit(changed(func(l []string) []string { l[4] = "leaf AAAA\n"; return l }), seen),
	} {
		if got != want {
			t.Errorf("%s instead of %s", got, want)
		}
	}
	if code := audit(lines, proof.Head{Size: 1 << 20}); code != evidence.CodeFork {
		t.Error("a log that shrank: ", code)
	}
}

func FuzzVerify(f *testing.F) {
	e := expected(f)
	raw := read(f, "good.evidence")
	f.Add(raw)
	f.Add(raw[:len(raw)/2])
	f.Add([]byte(evidence.Header + "\nend 2\n"))
	good, err := evidence.Verify(bytes.NewReader(raw), e)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := evidence.Verify(bytes.NewReader(raw), e)
		if _, wrong := evidence.ErrWrong(err); err != nil && !wrong {
			t.Errorf("not said what is wrong: %v", err)
		}
		if err == nil && (r.Leaves != good.Leaves || r.Messages != good.Messages || r.Last != good.Last) {
			t.Errorf("another claim holds: %+v", r)
		}
	})
}

func FuzzAudit(f *testing.F) {
	log, err := proof.ParseLogKey(expected(f).LogKey)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(read(f, "good.entries"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		_, err := evidence.Audit(bytes.NewReader(raw), log, proof.Head{})
		if _, wrong := evidence.ErrWrong(err); err != nil && !wrong {
			t.Errorf("not said what is wrong: %v", err)
		}
	})
}
