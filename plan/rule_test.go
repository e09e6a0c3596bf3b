package plan

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"letterhead/fault"
	"letterhead/job"
	"letterhead/store"
)

func TestARuleIsReadStrictlyAndFaultsNameTheField(t *testing.T) {
	t.Parallel()
	for content, field := range map[string]string{
		`{"trigger":{"kind":"days before","days":2,"at":"10:00"},"channel":"preference"}`:                                        "",
		`{"trigger":{"kind":"booked"},"channel":"email","statuses":["booked"]}`:                                                  "",
		`{"trigger":{"kind":"cancelled","minutes":5},"channel":"sms","statuses":["cancelled"]}`:                                  "",
		`{"trigger":{"kind":"hours before","hours":3},"channel":"sms","fall_back":true,"quiet_from":"21:00","quiet_to":"07:30"}`: "",
		`{"trigger":{"kind":"days after","days":1,"at":"10:00"},"channel":"email"}`:                                              "",
		`{"trigger":{"kind":"days before","days":0,"at":"08:00"},"channel":"email"}`:                                             "",
		`{"trigger":{"kind":"days after","days":0,"at":"10:00"},"channel":"email"}`:                                              "trigger.days",
		`{"trigger":{"kind":"days before","days":-1,"at":"10:00"},"channel":"email"}`:                                            "trigger.days",
		`{"trigger":{"kind":"days before","days":2,"at":"25:00"},"channel":"email"}`:                                             "trigger.at",
		`{"trigger":{"kind":"days before","days":2,"at":"9:00"},"channel":"email"}`:                                              "trigger.at",
		`{"trigger":{"kind":"days before","days":2},"channel":"email"}`:                                                          "trigger.at",
		`{"trigger":{"kind":"days before","days":2,"at":"10:00","hours":2},"channel":"email"}`:                                   "trigger.hours",
		`{"trigger":{"kind":"hours before","hours":0},"channel":"email"}`:                                                        "trigger.hours",
		`{"trigger":{"kind":"hours before","hours":9999},"channel":"email"}`:                                                     "trigger.hours",
		`{"trigger":{"kind":"booked","days":2},"channel":"email"}`:                                                               "trigger.days",
		`{"trigger":{"kind":"booked","minutes":-3},"channel":"email"}`:                                                           "trigger.minutes",
		`{"trigger":{"kind":"sometimes"},"channel":"email"}`:                                                                     "trigger.kind",
		`{"trigger":{"kind":"booked"},"channel":"fax"}`:                                                                          "channel",
		`{"trigger":{"kind":"booked"},"channel":"email","statuses":["late"]}`:                                                    "statuses",
		`{"trigger":{"kind":"booked"},"channel":"email","statuses":["cancelled"]}`:                                               "statuses",
		`{"trigger":{"kind":"booked"},"channel":"email","quiet_from":"20:00"}`:                                                   "quiet_to",
		`{"trigger":{"kind":"booked"},"channel":"email","extra":1}`:                                                              "rule",
		`{"trigger":{"kind":"booked"},"channel":"email"} {}`:                                                                     "rule",
		`{"trigger":"booked"}`: "rule",
		``:                     "rule",
		`{"trigger":{"kind":"booked"},"channel":"email","services":["` + strings.Repeat(`x","`, 101) + `x"]}`: "services",
		`{"trigger":{"kind":"booked"},"channel":"` + strings.Repeat("x", maxContent) + `"}`:                   "rule",
	} {
		c, err := ParseContent([]byte(content))
		if field == "" {
			if err != nil {
				t.Errorf("%s: %v", content, err)
			} else if again, err := ParseContent([]byte(c.JSON())); err != nil || again.JSON() != c.JSON() {
				t.Errorf("%s comes back as %s, %v", content, again.JSON(), err)
			}
			continue
		}
		f := fault.As(err)
		if f == nil || f.Kind != fault.Invalid || f.Field != field || f.Say == "" {
			t.Errorf("%.80s: %v, want a fault of %s", content, err, field)
		}
	}
}

func FuzzParseContent(f *testing.F) {
	for _, r := range Starter() {
		f.Add([]byte(r.JSON()))
	}
	f.Add([]byte(`{"trigger":{"kind":"hours before","hours":3},"channel":"sms","quiet_from":"21:00","quiet_to":"07:30","services":["x"]}`))
	f.Add([]byte(`{"trigger":{"kind":"days before","days":1e9,"at":"\u0000"}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := ParseContent(raw)
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Fatalf("%v", err)
			}
			return
		}
		again, err := ParseContent([]byte(c.JSON()))
		if err != nil || again.JSON() != c.JSON() {
			t.Fatalf("%s comes back as %s, %v", c.JSON(), again.JSON(), err)
		}
		// Whatever was taken can be planned.
		Plan(facts(t, func(f *Facts) {
			p := *f.Practice
			p.Rules = []Rule{{Key: "r0", Content: c}}
			f.Practice = &p
		}), instant(t, beforeAll))
	})
}

// docs/reasons.md lists every reason of this package and of package message, and nothing that is not given.
func TestEveryReasonIsDocumented(t *testing.T) {
	t.Parallel()
	read := func(file string) string {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	plans, couriers, found := strings.Cut(read("../docs/reasons.md"), "\n## The courier's")
	if !found {
		t.Fatal("docs/reasons.md has no part of the courier's")
	}
	keys := func(pattern, text string) map[string]bool {
		out := map[string]bool{}
		for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
			out[m[1]] = true
		}
		if len(out) < 10 {
			t.Fatalf("found only %d reasons by %s", len(out), pattern)
		}
		return out
	}
	const row = "(?m)^\\| `([a-z -]+)` \\|"
	couriers, _, _ = strings.Cut(couriers, "\n## A bulk message's") // package order holds its own
	inCode, inText := keys(`(?m)^\t\w+ +Reason = "([a-z-]+)"`, read("reason.go")), keys(row, plans)
	for key := range inCode {
		if !inText[key] {
			t.Errorf("%s is not in docs/reasons.md", key)
		}
	}
	for key := range inText {
		if !inCode[key] {
			t.Errorf("docs/reasons.md explains %s, which is never given", key)
		}
	}
	// The courier's are constants of package message, and what its packages write literally.
	inText = keys(row, couriers)
	for key := range keys(`(?m)^\tReason\w+ += "([a-z -]+)"`, read("../message/message.go")) {
		if !inText[key] {
			t.Errorf("%s is not in docs/reasons.md", key)
		}
	}
	var literal strings.Builder
	for _, folder := range []string{"../message", "../courier", "../grant"} {
		err := filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
			if err == nil && strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") {
				literal.WriteString(read(path))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for key := range inText {
		if !strings.Contains(literal.String(), `"`+key+`"`) {
			t.Errorf("docs/reasons.md explains %s, which is never given", key)
		}
	}
	code := read("plan.go") + read("timing.go") + read("due.go") + read("turn.go") + read("source.go")
	for _, m := range regexp.MustCompile(`(?m)^\t(\w+) +Reason = "`).FindAllStringSubmatch(read("reason.go"), -1) {
		if !regexp.MustCompile(`\b` + m[1] + `\b`).MatchString(code) {
			t.Errorf("the reason %s is never given", m[1])
		}
	}
}

func TestRulesOfAPractice(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		id, other := w.add(1, 3, 1), w.add(2, 3, 1)
		var mine Rule
		w.change(id, func(ctx context.Context, tx *store.Tx) error {
			rules, err := Rules(ctx, tx)
			if err != nil || len(rules) != 5 || rules[3].Key != "reminder-7-days" || rules[3].Trigger.Days != 7 || !rules[0].Enabled {
				t.Fatalf("%+v, %v", rules, err)
			}
			if err := AddStarter(ctx, tx); err != nil { // again: nothing
				return err
			}
			c, err := ParseContent([]byte(`{"trigger":{"kind":"hours before","hours":3},"channel":"sms"}`))
			if err != nil {
				return err
			}
			mine, err = AddRule(ctx, tx, Rule{Key: "soon", Name: " Soon ", Wording: rules[4].Wording, Enabled: true, Content: c})
			return err
		})
		attempt := func(who store.PracticeID, fn func(ctx context.Context, tx *store.Tx) error) error {
			return w.db.Change(context.Background(), actor(who), func(tx *store.Tx) error { return fn(context.Background(), tx) })
		}
		again := mine
		again.Key = "soon"
		if err := attempt(id, func(ctx context.Context, tx *store.Tx) error { _, err := AddRule(ctx, tx, again); return err }); !errors.Is(err, ErrKey) {
			t.Errorf("the same key: %v", err)
		}
		again.Key, again.Wording = "soon-2", "nobody's"
		if err := attempt(id, func(ctx context.Context, tx *store.Tx) error { _, err := AddRule(ctx, tx, again); return err }); fault.As(err) == nil || fault.As(err).Field != "wording" {
			t.Errorf("no such wording: %v", err)
		}
		again.Key = "Soon!"
		if err := attempt(id, func(ctx context.Context, tx *store.Tx) error { _, err := AddRule(ctx, tx, again); return err }); fault.As(err) == nil || fault.As(err).Field != "key" {
			t.Errorf("a bad key: %v", err)
		}
		w.clock.Set(instant(t, "2026-11-22T08:00:00+11:00"))
		changed := mine
		changed.Enabled = false
		if err := attempt(other, func(ctx context.Context, tx *store.Tx) error { _, err := ChangeRule(ctx, tx, changed); return err }); !errors.Is(err, ErrNoRule) {
			t.Errorf("another practice's rule: %v", err)
		}
		if err := attempt(id, func(ctx context.Context, tx *store.Tx) error { _, err := ChangeRule(ctx, tx, changed); return err }); err != nil {
			t.Fatal(err)
		}
		if err := attempt(id, func(ctx context.Context, tx *store.Tx) error { _, err := ChangeRule(ctx, tx, changed); return err }); !errors.Is(err, ErrChanged) {
			t.Errorf("an old reading: %v", err)
		}
		w.change(id, func(ctx context.Context, tx *store.Tx) error { // each version of a rule has its own job that plans again
			jobs, err := job.List(ctx, tx)
			if len(jobs) != 2 || jobs[0].Kind != ReplanJob || jobs[0].Subject == jobs[1].Subject {
				t.Errorf("jobs %+v", jobs)
			}
			return err
		})
		w.view(id, func(ctx context.Context, tx *store.Tx) error {
			rules, err := Rules(ctx, tx)
			if err != nil || len(rules) != 6 || rules[5].Enabled || rules[5].Name != "Soon" || rules[5].Version != 2 || !rules[5].Changed.Equal(w.clock.Now()) {
				t.Errorf("%+v, %v", rules, err)
			}
			return nil
		})
	})
}

func TestALineAsJSON(t *testing.T) {
	t.Parallel()
	lines := only(Plan(facts(t), instant(t, beforeAll)), "reminder-2-days")
	raw, err := json.Marshal(lines[0])
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"appointment":"50000","client":"1000","attendee":"t","recipient":"1000","channel":"email","rule":"reminder-2-days","due":"2026-12-15T10:00:00+11:00","zone":"Australia/Melbourne","verdict":"send","reason":"planned"}`
	if string(raw) != want {
		t.Errorf("got  %s\nwant %s", raw, want)
	}
	lines = only(Plan(facts(t, func(f *Facts) {
		f.Appointment.External, f.Attendees[0].Client.External = "", ""
		f.Appointment.BookedAt = f.Appointment.MovedAt
	}), instant(t, beforeAll)), "booked")
	raw, err = json.Marshal(lines[0])
	if err != nil {
		t.Fatal(err)
	}
	const here = `{"appointment":"a","client":"c","attendee":"t","recipient":"c","channel":"email","rule":"booked","zone":"Australia/Melbourne","verdict":"skip","reason":"imported"}`
	if string(raw) != here {
		t.Errorf("got  %s\nwant %s", raw, here)
	}
}
