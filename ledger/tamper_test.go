package ledger_test

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"letterhead/ledger"
	"letterhead/ledger/evidence"
	"letterhead/ledger/leaf"
	"letterhead/ledger/proof"
	"letterhead/testkit"
)

// second asks the other verifier, which shares no code with ours.
type second struct {
	t      *testing.T
	folder string
	ask    *json.Encoder
	answer *bufio.Scanner
}

func newSecond(t *testing.T) *second {
	t.Helper()
	command := exec.Command("/usr/bin/python3", "../testkit/verify/verify.py", "--batch")
	command.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
	in, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	command.Stderr = os.Stderr
	if err := command.Start(); err != nil {
		t.Fatalf("the second verifier needs Debian's python3 (make prepare): %v", err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		if err := command.Wait(); err != nil {
			t.Error("the second verifier: ", err)
		}
	})
	s := &second{t: t, folder: t.TempDir(), ask: json.NewEncoder(in), answer: bufio.NewScanner(out)}
	s.answer.Buffer(nil, 16<<20)
	return s
}

type verdict struct {
	Complete bool             `json:"complete"`
	Problem  evidence.Problem `json:"problem"`
	Report   *evidence.Report `json:"report"`
}

func (s *second) verify(raw []byte, expect evidence.Expect) verdict {
	s.t.Helper()
	file := filepath.Join(s.folder, "evidence")
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		s.t.Fatal(err)
	}
	if err := s.ask.Encode(map[string]any{"file": file, "root": expect.Root, "log_key": expect.LogKey, "witnesses": expect.Witnesses, "auditors": expect.Auditors}); err != nil {
		s.t.Fatal(err)
	}
	if !s.answer.Scan() {
		s.t.Fatal("the second verifier says nothing more: ", s.answer.Err())
	}
	var v verdict
	if err := json.Unmarshal(s.answer.Bytes(), &v); err != nil {
		s.t.Fatal(err, s.answer.Text())
	}
	return v
}

// agree has both verify a file, and returns our answer.
func (s *second) agree(name string, raw []byte, expect evidence.Expect) (*evidence.Report, error) {
	s.t.Helper()
	r, err := evidence.Verify(bytes.NewReader(raw), expect)
	v := s.verify(raw, expect)
	p, _ := evidence.ErrWrong(err)
	switch {
	case err == nil && !v.Complete, err != nil && v.Complete:
		s.t.Errorf("%s: we say %v, the second verifier %+v", name, err, v)
	case p != nil && (p.Code != v.Problem.Code || p.Line != v.Problem.Line):
		s.t.Errorf("%s: we say %v, the second verifier %+v", name, err, v.Problem)
	case err == nil && !reflect.DeepEqual(r, v.Report):
		s.t.Errorf("%s: we say\n%+v, the second verifier\n%+v", name, r, v.Report)
	}
	return r, err
}

func TestASecondVerifierAgrees(t *testing.T) {
	t.Parallel()
	w, s := newWorld(t, testkit.SQLite), newSecond(t)
	w.days(25)
	w.checkpoint()
	witness, auditor := cosigner(t, w, "witness.example/w1"), cosigner(t, w, "audit.example/a1")
	cosigner(t, w, "stranger.example/s")
	for _, c := range []*clinic{w.a, w.b} {
		raw, err := w.export(c)
		if err != nil {
			t.Fatal(err)
		}
		expect := w.expect(c)
		expect.Witnesses, expect.Auditors = []string{witness.String()}, []string{auditor.String()}
		good, err := s.agree("good", raw, expect)
		if err != nil {
			t.Fatal(err)
		}
		other := expect
		other.Root = w.expect(w.a).Root
		if c == w.a {
			other.Root = w.expect(w.b).Root
		}
		if _, err := s.agree("another root", raw, other); err == nil {
			t.Error("another root will do")
		}
		random := rand.New(rand.NewPCG(4, uint64(c.sent)))
		for n := range 350 {
			name, changed := tamper(random, raw)
			r, err := s.agree(fmt.Sprintf("%s, %d: %s", c.id, n, name), changed, expect)
			if err == nil && !reflect.DeepEqual(claims(r), claims(good)) {
				t.Errorf("%s: nobody finds it", name)
			}
		}
	}
}

// claims are what a report says, but for cosigners whom nobody vouches for.
func claims(r *evidence.Report) evidence.Report {
	out := *r
	out.Cosigned = slices.DeleteFunc(slices.Clone(r.Cosigned), func(c evidence.Cosigned) bool { return c.Role == "unknown" })
	return out
}

// tamper changes a file somehow, as somebody would who knows the format.
func tamper(random *rand.Rand, raw []byte) (name string, changed []byte) {
	lines := strings.SplitAfter(strings.TrimSuffix(string(raw), "\n"), "\n")
	lines[len(lines)-1] += "\n"
	i, j := random.IntN(len(lines)), random.IntN(len(lines))
	switch random.IntN(9) {
	case 0:
		name = fmt.Sprintf("delete line %d", i+1)
		lines = append(lines[:i:i], lines[i+1:]...)
	case 1:
		name = fmt.Sprintf("swap lines %d and %d", i+1, j+1)
		lines[i], lines[j] = lines[j], lines[i]
	case 2:
		name = fmt.Sprintf("double line %d", i+1)
		lines = append(lines[:i+1:i+1], lines[i:]...)
	case 3:
		name = fmt.Sprintf("cut before line %d", i+1)
		lines = lines[:i]
	case 4:
		at := random.IntN(len(raw))
		name = fmt.Sprintf("flip a bit of byte %d", at)
		changed = bytes.Clone(raw)
		changed[at] ^= 1 << random.IntN(8)
		return name, changed
	case 5:
		name = fmt.Sprintf("cut at %d", j)
		return name, raw[:random.IntN(len(raw))]
	default:
		name, lines[i] = inside(random, lines[i], i)
	}
	if last := len(lines) - 1; last >= 0 && strings.HasPrefix(lines[last], "end ") {
		lines[last] = fmt.Sprintf("end %d\n", len(lines))
	}
	return name, []byte(strings.Join(lines, ""))
}

// inside changes what a line says and writes it again in its form.
func inside(random *rand.Rand, line string, i int) (string, string) {
	fields := strings.Split(strings.TrimSuffix(line, "\n"), " ")
	last := len(fields) - 1
	content, err := base64.StdEncoding.DecodeString(fields[last])
	if err != nil || len(content) == 0 {
		return "nothing", line
	}
	name := ""
	if fields[0] == "leaf" && random.IntN(3) == 0 && len(content) > 82 {
		at := binary.BigEndian.Uint64(content[74:])
		binary.BigEndian.PutUint64(content[74:], at-uint64(random.IntN(7_200_000_000)))
		name = fmt.Sprintf("back-date the leaf of line %d", i+1)
	} else {
		at := random.IntN(len(content))
		content[at] ^= 1 << random.IntN(8)
		name = fmt.Sprintf("flip a bit of byte %d of what line %d (%s) says", at, i+1, fields[0])
	}
	fields[last] = base64.StdEncoding.EncodeToString(content)
	return name, strings.Join(fields, " ") + "\n"
}

// replaced is a file with some lines changed, by their number from 0.
func replaced(raw []byte, change func(i int, fields []string) string) []byte {
	lines := strings.SplitAfter(strings.TrimSuffix(string(raw), "\n"), "\n")
	for i := range lines {
		if line := change(i, strings.Fields(lines[i])); line != "" {
			lines[i] = line + "\n"
		}
	}
	return []byte(strings.TrimSuffix(strings.Join(lines, ""), "\n") + "\n")
}

// A leaf of the practice that is hidden behind its hash leaves the tree as it was: what is missing is found by the leaf behind it, or by the count.
func TestAHiddenLeafIsMissed(t *testing.T) {
	t.Parallel()
	w, s := newWorld(t, testkit.SQLite), newSecond(t)
	w.days(3)
	w.checkpoint()
	raw, err := w.export(w.a)
	if err != nil {
		t.Fatal(err)
	}
	last, n := 0, 0
	replaced(raw, func(i int, fields []string) string {
		if fields[0] == "leaf" {
			last, n = i, n+1
		}
		return ""
	})
	if n < 10 {
		t.Fatal("hardly any leaves: ", n)
	}
	for hide := range last + 1 {
		was := ""
		hidden := replaced(raw, func(i int, fields []string) string {
			if i != hide || fields[0] != "leaf" {
				return ""
			}
			was = fields[1]
			content, err := base64.StdEncoding.DecodeString(fields[1])
			if err != nil {
				t.Fatal(err)
			}
			sum := leaf.Sum(content)
			return "hash 0 " + base64.StdEncoding.EncodeToString(sum[:])
		})
		if was == "" {
			continue
		}
		_, err := s.agree(fmt.Sprintf("line %d hidden", hide+1), hidden, w.expect(w.a))
		if err == nil || hide == last && codeOf(err) != evidence.CodeCount {
			t.Errorf("line %d hidden: %v", hide+1, err)
		}
	}
}

// A log that signs another list of counts than its leaves have is found by the practice that it is about.
func TestAForgedListIsFound(t *testing.T) {
	t.Parallel()
	w, s := newWorld(t, testkit.SQLite), newSecond(t)
	w.days(1)
	w.checkpoint()
	raw, err := w.export(w.a)
	if err != nil {
		t.Fatal(err)
	}
	var own proof.Count
	replaced(raw, func(_ int, fields []string) string {
		if fields[0] == "list" {
			content, err := base64.StdEncoding.DecodeString(fields[2])
			if err != nil {
				t.Fatal(err)
			}
			if own, err = proof.ParseCount(content); err != nil {
				t.Fatal(err)
			}
		}
		return ""
	})
	for want, change := range map[string]func(*proof.Count){
		"": func(*proof.Count) {}, evidence.CodeCount: func(c *proof.Count) { c.Count++ }, evidence.CodeHead: func(c *proof.Count) { c.Head = hash("another leaf") },
		evidence.CodeList: func(c *proof.Count) { c.Label = hash("another practice") },
	} {
		count := own
		change(&count)
		list, err := proof.NewList([]proof.Count{count})
		if err != nil {
			t.Fatal(err)
		}
		forged := replaced(raw, func(_ int, fields []string) string {
			switch fields[0] {
			case "checkpoint":
				content, err := base64.StdEncoding.DecodeString(fields[1])
				if err != nil {
					t.Fatal(err)
				}
				point, err := proof.OpenCheckpoint(content, w.key.Verifier)
				if err != nil {
					t.Fatal(err)
				}
				point.Counts, point.List = list.Size(), list.Root()
				signed, err := point.Sign(w.key)
				if err != nil {
					t.Fatal(err)
				}
				return "checkpoint " + base64.StdEncoding.EncodeToString(signed)
			case "list":
				return "list 0 " + base64.StdEncoding.EncodeToString(count.Append(nil)) + " "
			}
			return ""
		})
		if _, err := s.agree("forged: "+want, forged, w.expect(w.a)); codeOf(err) != want || want == "" && err != nil {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// An auditor who has every leaf signs no list that is not theirs.
func TestAnAuditorFindsAForgedList(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	w.days(1)
	w.checkpoint()
	var entries bytes.Buffer
	if err := ledger.WriteEntries(t.Context(), w.db, w.key.Verifier, 0, &entries); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*proof.Signed){
		"": func(*proof.Signed) {}, "another root of the list": func(p *proof.Signed) { p.List = hash("forged") }, "a practice more": func(p *proof.Signed) { p.Counts++ },
	} {
		forged := replaced(entries.Bytes(), func(_ int, fields []string) string {
			if fields[0] != "checkpoint" {
				return ""
			}
			content, err := base64.StdEncoding.DecodeString(fields[1])
			if err != nil {
				t.Fatal(err)
			}
			point, err := proof.OpenCheckpoint(content, w.key.Verifier)
			if err != nil {
				t.Fatal(err)
			}
			change(point)
			signed, err := point.Sign(w.key)
			if err != nil {
				t.Fatal(err)
			}
			return "checkpoint " + base64.StdEncoding.EncodeToString(signed)
		})
		_, err := evidence.Audit(bytes.NewReader(forged), w.key.Verifier, proof.Head{})
		if want == "" && err != nil || want != "" && codeOf(err) != evidence.CodeCount {
			t.Errorf("%s: %v", want, err)
		}
	}
}
