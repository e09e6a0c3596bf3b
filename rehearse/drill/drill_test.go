package drill

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"letterhead/rehearse/drill/result"
	"letterhead/rehearse/drill/siege"
	"letterhead/testkit/sink"
)

func approvedMail(to string) sink.Mail {
	return sink.Mail{To: to, Raw: []byte("Subject: Your appointment\r\nContent-Type: text/plain\r\n\r\nSee you soon.\r\n")}
}

func payloadMail(to string) sink.Mail {
	return sink.Mail{To: to, Raw: []byte("Subject: You have won\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nYour NFTAW=\r\nARD waits.\r\n")}
}

// The drill's own judgement can fail: each of these worlds is one in which something went wrong, or nothing did.
func TestJudging(t *testing.T) {
	t.Parallel()
	others := []sink.Mail{approvedMail("c0@lee.example"), approvedMail("c1@lee.example")}
	with := func(mails ...sink.Mail) []sink.Mail { return append(mails, others...) }
	for name, c := range map[string]struct {
		attack   attack
		mails    []sink.Mail
		stopped  string
		problem  string
		gate     []string
		bound    int
		verdict  result.Verdict
		left     int
		whyHolds string
	}{
		"nothing left":                          {mails: with(), stopped: "held", verdict: result.Kept},
		"nothing left, and nothing says why":    {mails: with(), verdict: result.Broken, whyHolds: "nothing says what stopped it"},
		"nothing moved at all":                  {stopped: "held", verdict: result.Broken, whyHolds: "0 of the other practice's 2"},
		"the victim's words left":               {mails: with(approvedMail("c0@wattle.example")), stopped: "held", verdict: result.Broken, left: 1, whyHolds: "1 messages left, 0 may"},
		"they may":                              {attack: attack{words: true}, mails: with(approvedMail("c0@wattle.example")), stopped: "404", verdict: result.Kept},
		"other words left":                      {attack: attack{words: true}, mails: with(payloadMail("c0@wattle.example")), stopped: "404", verdict: result.Broken, left: 1, whyHolds: "words that nobody approved"},
		"other words left to the other's":       {attack: attack{words: true}, mails: with(payloadMail("c3@lee.example")), stopped: "404", verdict: result.Broken, left: 1, whyHolds: "words that nobody approved"},
		"other words within a bound":            {attack: attack{bound: 5}, mails: with(payloadMail("c0@wattle.example")), stopped: "held", verdict: result.Broken, left: 1, whyHolds: "words that nobody approved"},
		"words that a key signed, within it":    {attack: attack{keyed: true, bound: 5}, mails: with(payloadMail("c0@wattle.example")), verdict: result.Kept, left: 1},
		"words that a key signed, more than it": {attack: attack{keyed: true, bound: 1}, mails: with(payloadMail("c0@wattle.example"), payloadMail("c1@wattle.example")), verdict: result.Broken, left: 2, whyHolds: "2 messages left, 1 may"},
		"without the control that bounds it": {attack: attack{keyed: true, needs: []string{"budget"}}, mails: with(payloadMail("c0@wattle.example")), verdict: result.Unbounded, left: 1,
			whyHolds: "the gate has no check budget yet"},
		"with that control": {attack: attack{keyed: true, needs: []string{"budget"}}, gate: []string{"budget"}, mails: with(payloadMail("c0@wattle.example")), verdict: result.Broken, left: 1},
		"the control is not the reason": {attack: attack{keyed: true, needs: []string{"budget"}}, mails: []sink.Mail{payloadMail("c0@wattle.example")}, verdict: result.Broken, left: 1,
			whyHolds: "0 of the other practice's 2"},
		"an answer that must not be":    {attack: attack{words: true}, mails: with(), stopped: "404", problem: "POST /send was answered 200", verdict: result.Broken, whyHolds: "POST /send was answered 200"},
		"again to the same address":     {attack: attack{twice: true}, mails: with(approvedMail("c0@wattle.example"), approvedMail("c0@wattle.example")), bound: 1, verdict: result.Kept, left: 1},
		"again and again":               {attack: attack{twice: true}, mails: with(approvedMail("c0@wattle.example"), approvedMail("c0@wattle.example"), approvedMail("c0@wattle.example")), bound: 1, verdict: result.Broken, left: 2},
		"to strangers alone is counted": {attack: attack{only: "@stranger.example"}, mails: with(approvedMail("s0@stranger.example"), approvedMail("c0@wattle.example")), bound: 1, verdict: result.Kept, left: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &world{&siege.World{Bound: c.bound, Expected: 2}, c.gate}
			if c.stopped != "" {
				w.Answers.Add(c.stopped, 1)
			}
			if c.problem != "" {
				w.Wrong("%s", c.problem)
			}
			r, err := w.judged(context.Background(), &c.attack, c.mails)
			if err != nil {
				t.Fatal(err)
			}
			if r.Verdict != c.verdict || r.Left != c.left || !strings.Contains(r.Why, c.whyHolds) {
				t.Errorf("%s: %d left, %q", r.Verdict, r.Left, r.Why)
			}
		})
	}
}

func TestEveryAttackIsWhole(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, a := range attacks() {
		if seen[a.name] || a.name == "" || a.tries == "" || a.do == nil || !strings.HasPrefix(a.class, "A") {
			t.Errorf("attack %q is not whole, or there are two", a.name)
		}
		seen[a.name] = true
	}
	if len(seen) < 71 {
		t.Errorf("%d attacks", len(seen))
	}
}

func TestChoosing(t *testing.T) {
	t.Parallel()
	if all, err := choose(""); err != nil || len(all) != len(Names()) {
		t.Errorf("%d, %v", len(all), err)
	}
	if two, err := choose("many-keys, wording-forged"); err != nil || len(two) != 2 || two[0].name != "many-keys" {
		t.Errorf("%v, %v", two, err)
	}
	if _, err := choose("wording-forgd"); err == nil || !strings.Contains(err.Error(), "wording-forged") {
		t.Errorf("%v", err)
	}
	if _, err := Play(t.Context(), Options{Database: "postgres://x/y"}); err == nil || !strings.Contains(err.Error(), "--only") {
		t.Errorf("%v", err)
	}
}

func TestTheTableSaysWhatIsNot(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	err := result.Print(&out, []Result{
		{Name: "one", Class: "A1", Stopped: strings.Repeat("held ", 40), Verdict: result.Kept, Others: 5, Seconds: 1.25},
		{Name: "two", Class: "A6", Keyed: true, Words: 3, Left: 3, Bound: 1, Verdict: result.Broken, Why: "3 messages left, 1 may", Tries: "a key", Others: 5},
		{Name: "three", Class: "A6", Left: 9, Verdict: result.Unbounded, Why: "the gate has no check breaker yet"},
	}, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"two: 3 messages left, 1 may\n  tried: a key", "3 attacks: 1 kept, 1 broken, 1 not yet bounded.", "sent: 0.", "meanwhile: 10.", "1.2 s"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	for line := range strings.Lines(out.String()) {
		if len([]rune(line)) > 200 {
			t.Errorf("a line of %d", len(line))
		}
	}
}

func TestTallies(t *testing.T) {
	t.Parallel()
	var all result.Tally
	if all.String() != "" {
		t.Error("something of nothing")
	}
	all.Add("answered 404", 1)
	all.Add("answered 403", 1)
	all.Add("answered 404", 2)
	if got := all.String(); got != "answered 404 ×3, answered 403" {
		t.Error(got)
	}
}
