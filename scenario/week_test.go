package scenario

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"letterhead/app"
	"letterhead/courier/trust"
	"letterhead/store"
	"letterhead/testkit"
)

// A practice's export goes in, two weeks pass day by day, and the right reminders, and only those, lie in a maildir that Debian's Postfix wrote,
// each with signatures that dkimpy, which shares no code with us, accepts.
func TestTwoWeeksOfRemindersThroughPostfix(t *testing.T) {
	t.Parallel()
	for _, engine := range testkit.Engines() {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			twoWeeks(t, engine)
		})
	}
}

type line struct {
	Appointment, Client, Channel, Rule, Due, Verdict string
}

func (l line) key() string { return l.Appointment + " " + l.Rule }

// person runs the program as somebody at a shell with one data folder.
type person struct {
	t   *testing.T
	env []string
}

func (p person) runs(args ...string) string {
	p.t.Helper()
	var out, errs bytes.Buffer
	if code := app.Run(context.Background(), args, p.env, strings.NewReader(""), &out, &errs); code != 0 {
		p.t.Fatalf("letterhead %s: exit %d\n%s", strings.Join(args, " "), code, errs.String())
	}
	return out.String()
}

func twoWeeks(t *testing.T, engine testkit.Engine) {
	export := filepath.Join("testdata", "week")
	postfix := testkit.StartPostfix(t)
	folder := filepath.Join(t.TempDir(), "data")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	config := fmt.Sprintf("[courier]\nplatform_domain = \"mail.letterhead.example\"\n[[courier.relay]]\nname = \"postfix\"\naddress = %q\ntls = \"none\"\n", postfix.Address)
	if err := os.WriteFile(filepath.Join(folder, "letterhead.toml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	p := person{t, []string{"LETTERHEAD_DATA=" + folder}}
	if engine == testkit.PostgreSQL {
		p.env = append(p.env, "LETTERHEAD_DATABASE="+testkit.URL(t, engine))
	}
	var made struct{ Practice string }
	if err := json.Unmarshal([]byte(p.runs("init", "--name", "Lee Valley Psychology", "--country", "IE", "--zone", "Europe/Dublin", "--owner", "a@leevalley.example", "--test", "--json")), &made); err != nil {
		t.Fatal(err)
	}
	p.runs("import", "--practice", made.Practice, "--from", export, "--json")
	wanted := map[string]line{}
	for _, l := range plan(t, p.runs("plan", "--practice", made.Practice, "--from", "2027-03-01", "--to", "2027-03-31T08:05:00Z", "--at", "2027-03-15T00:00:00Z", "--json")) {
		if l.Verdict == "send" && l.Channel == "email" {
			wanted[l.key()] = l
		}
	}
	if len(wanted) < 10 {
		t.Fatalf("the plan has only %d mails", len(wanted))
	}
	for day := 15; day <= 30; day++ { // the clock goes forward on the 28th
		for _, hour := range []string{"08:05", "20:30"} {
			p.runs("tick", "--at", fmt.Sprintf("2027-03-%02dT%s:00Z", day, hour), "--json")
		}
	}
	for range 2 { // the second time: nothing twice
		p.runs("tick", "--at", "2027-03-31T08:05:00Z", "--json")
	}
	postfix.Wait(t, len(wanted), time.Minute)
	time.Sleep(time.Second) // what should not come has had its chance
	files := postfix.Wait(t, len(wanted), time.Second)
	if len(files) != len(wanted) {
		t.Errorf("%d mails arrived, the plan has %d", len(files), len(wanted))
	}
	for _, file := range files {
		look(t, file)
	}
	verify(t, p.runs("domain", "show", "mail.letterhead.example", "--json"), files)
	p.proves(filepath.Join(folder, "courier"), made.Practice, len(wanted))
}

// proves has the practice check, with nothing but a file, that the record is complete and each message was approved.
func (p person) proves(courier, practice string, messages int) {
	p.t.Helper()
	file := filepath.Join(p.t.TempDir(), "evidence")
	exported := p.runs("export", "evidence", "--practice", practice, file)
	key := strings.TrimSpace(exported[strings.LastIndex(strings.TrimSpace(exported), "\n"):])
	at, err := trust.Read(courier)
	if err != nil {
		p.t.Fatal(err)
	}
	root, err := trust.ReadRoot(courier, store.PracticeID(practice))
	if err != nil {
		p.t.Fatal(err)
	}
	said := p.runs("verify", file, "--root", root.Fingerprint(at.Installation), "--log-key", key)
	if !strings.HasPrefix(said, "HOLDS.") || !strings.Contains(said, fmt.Sprintf("%d messages: %d sent.", messages, messages)) {
		p.t.Errorf("of %d messages it says:\n%s", messages, said)
	}
}

func plan(t *testing.T, out string) (lines []line) {
	t.Helper()
	scanner := bufio.NewScanner(strings.NewReader(out))
	for scanner.Scan() {
		var l line
		if err := json.Unmarshal(scanner.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, l)
	}
	return lines
}

// look reads one mail as its receiver's program would.
func look(t *testing.T, file string) {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	from, err := mail.ParseAddress(m.Header.Get("From"))
	if err != nil || from.Name != "Lee Valley Psychology" || from.Address != "appointments@lee-valley-psychology.mail.letterhead.example" {
		t.Errorf("From %v %v", from, err)
	}
	for name, want := range map[string]string{"Auto-Submitted": "auto-generated", "Mime-Version": "1.0", "Return-Path": "<b-"} {
		if got := m.Header.Get(name); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %q", name, got)
		}
	}
	if len(m.Header["From"]) != 1 || len(m.Header["To"]) != 1 || len(m.Header["Subject"]) != 1 || len(m.Header["Message-Id"]) != 1 {
		t.Errorf("headers: %v", m.Header)
	}
}

// verify has dkimpy check every signature of every mail against the records that domain show prints.
func verify(t *testing.T, records string, files []string) {
	t.Helper()
	const program = `
import sys, json, dkim
records = {r["name"].rstrip(".") + ".": r["value"].encode() for r in json.loads(sys.argv[1]) if r["type"] == "TXT"}
good = 0
for name in sys.argv[2:]:
    raw = open(name, "rb").read()
    n = sum(1 for h, _ in dkim.rfc822_parse(raw)[0] if h.lower() == b"dkim-signature")
    assert n == 2, (name, n)
    for i in range(n):
        d = dkim.DKIM(raw)
        assert d.verify(i, dnsfunc=lambda q, timeout=5: records.get((q.decode() if isinstance(q, bytes) else q).lower())), (name, i)
        good += 1
print(good)
`
	out, err := exec.Command("/usr/bin/python3", append([]string{"-c", program, records}, files...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("dkimpy: %v\n%s", err, out)
	}
	if want := fmt.Sprintln(2 * len(files)); string(out) != want {
		t.Errorf("dkimpy verified %s signatures, want %s", out, want)
	}
}
