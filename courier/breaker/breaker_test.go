package breaker_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"letterhead/courier/breaker"
	"letterhead/store"

	"pgregory.net/rapid"
)

var monday = time.Date(2024, 7, 1, 0, 0, 0, 0, time.UTC)

func practice(i int) store.PracticeID { return store.PracticeID(fmt.Sprint("practice-", i)) }

// ordinary shows a breaker eight weeks of a platform's working days: reminders in the morning, confirmations until six.
func ordinary(b *breaker.Breaker, practices int) {
	for day := range 54 {
		date := monday.AddDate(0, 0, day)
		if date.Weekday() == time.Saturday || date.Weekday() == time.Sunday {
			continue
		}
		for hour := 8; hour < 18; hour++ {
			now := date.Add(time.Duration(hour) * time.Hour)
			for i := range practices {
				b.Look(now, []breaker.Sight{{Practice: practice(i), Message: fmt.Sprint(day, hour, i), Version: "reminder", Rule: "reminder", Text: breaker.TextOf("see you then"),
					Starter: true, Signers: 1, Since: monday.AddDate(0, 0, -30)}})
			}
		}
	}
}

// August 2024: somebody has the platform send one text with a link to the clients of many practices, on a weekend. Nothing but the breaker stands
// in the way. However it is tried, at most 20 leave in a practice's name and 200 in all.
func TestAugust2024(t *testing.T) {
	t.Parallel()
	const practices, clients = 200, 300
	saturday := time.Date(2024, 8, 24, 14, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name        string
		at          time.Time
		interleaved bool
		history     bool
		paced       bool // as if it had been approved and first used in due form
		text, host  string
	}{
		{name: "one practice after the other", at: saturday, history: true, text: "same", host: "prize.example"},
		{name: "all practices at once", at: saturday, history: true, interleaved: true, text: "same", host: "prize.example"},
		{name: "on a Monday morning", at: saturday.Add(43 * time.Hour), history: true, interleaved: true, text: "same", host: "prize.example"},
		{name: "with a breaker that remembers nothing", at: saturday, interleaved: true, text: "same", host: "prize.example"},
		{name: "another text for each practice", at: saturday, history: true, interleaved: true, host: "prize.example"},
		{name: "another host for each practice", at: saturday, history: true, interleaved: true, text: "same"},
		{name: "without a link", at: saturday, history: true, interleaved: true, text: "same", host: "-"},
		{name: "another text and host for each, one practice after the other", at: saturday, history: true},
		{name: "another text and host for each, on a Monday", at: saturday.Add(43 * time.Hour), history: true},
		{name: "signed with stolen keys", at: saturday, history: true, interleaved: true, paced: true, text: "same", host: "prize.example"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := breaker.New(monday)
			if c.history {
				ordinary(b, practices)
			}
			out, all := map[int]int{}, 0
			var last *breaker.Freeze
			for n := range practices * clients {
				i := n / clients
				if c.interleaved {
					i = n % practices
				}
				s := breaker.Sight{Practice: practice(i), Message: fmt.Sprint(n), Version: "payload", Order: "order", Text: breaker.TextOf(c.text), Hosts: []string{c.host}, Signers: 0}
				if c.text == "" {
					s.Text = breaker.TextOf(fmt.Sprint("text ", string(rune('a'+i%26)), string(rune('a'+i/26))))
				}
				if c.host == "" {
					s.Hosts = []string{fmt.Sprint("host", i, ".example")}
				}
				if c.host == "-" {
					s.Hosts = nil
				}
				if c.paced {
					s.Since, s.Signers = c.at, 1
				}
				if f := b.Look(c.at.Add(time.Duration(n)*10*time.Millisecond), []breaker.Sight{s})[0]; f == nil {
					out[i]++
					all++
				} else if !f.Again {
					last = f
					if f.Words == "" || f.Reason == "" {
						t.Error(f)
					}
				}
			}
			for i, n := range out {
				if n > 20 {
					t.Errorf("practice %d: %d", i, n)
				}
			}
			if all > 200 || all == 0 || last == nil {
				t.Errorf("%d in all", all)
			}
			t.Logf("%d left; the last stop: %s: %s", all, last, last.Words)
		})
	}
}

// What trips it in one practice, and what is stopped.
func TestTheNarrowestStop(t *testing.T) {
	t.Parallel()
	sunday := time.Date(2024, 8, 25, 3, 0, 0, 0, time.UTC)
	tuesday := time.Date(2024, 8, 27, 10, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name   string
		sight  breaker.Sight
		at     time.Time
		step   time.Duration
		before int // how many pass
		scope  breaker.Scope
		reason breaker.Reason
	}{
		{"an order that was not paced", breaker.Sight{Order: "o", Version: "v", Since: tuesday, Signers: 2}, tuesday, time.Second, 20, breaker.Order, breaker.Unpaced},
		{"a rule's version that was not paced", breaker.Sight{Rule: "r", Version: "v", Since: tuesday, Signers: 1}, tuesday, time.Second, 20, breaker.Version, breaker.Unpaced},
		{"nobody knows since when", breaker.Sight{Rule: "r", Version: "v", Signers: 1}, tuesday, time.Minute, 20, breaker.Version, breaker.Unpaced},
		{"paced as it should", breaker.Sight{Order: "o", Version: "v", Since: tuesday.Add(-15 * time.Minute), Signers: 1, Hosts: []string{"new.example"}}, tuesday, time.Second, 500, "", ""},
		{"at night, to a new host", breaker.Sight{Letter: "l", Version: "v", Since: sunday.Add(-15 * time.Minute), Signers: 1, Hosts: []string{"new.example"}}, sunday, time.Second, 5, breaker.Letter, breaker.OddHour},
		{"at night, signed by two", breaker.Sight{Order: "o", Version: "v", Since: sunday.Add(-15 * time.Minute), Signers: 2, Hosts: []string{"new.example"}}, sunday, time.Second, 500, "", ""},
		{"at night, without a link", breaker.Sight{Order: "o", Version: "v", Since: sunday.Add(-15 * time.Minute), Signers: 1}, sunday, time.Second, 500, "", ""},
		{"a rule runs wild", breaker.Sight{Rule: "r", Version: "v", Since: monday, Signers: 1}, tuesday, time.Second, 200, breaker.Rule, breaker.Rush},
		{"a rule runs wild, under a permit", breaker.Sight{Rule: "r", Version: "v", Since: monday, Signers: 1, Permit: true}, tuesday, time.Second, 500, "", ""},
		{"a rule, slowly", breaker.Sight{Rule: "r", Version: "v", Since: monday, Signers: 1}, tuesday, 10 * time.Second, 500, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := breaker.New(monday)
			ordinary(b, 1)
			c.sight.Practice, c.sight.Text = practice(0), breaker.TextOf("something new")
			for i := range c.before + 1 {
				c.sight.Message = fmt.Sprint(i)
				f := b.Look(c.at.Add(time.Duration(i)*c.step), []breaker.Sight{c.sight})[0]
				if stopped := f != nil; stopped != (c.scope != "" && i == c.before) {
					t.Fatalf("message %d: %v", i+1, f)
				}
				if f != nil && (f.Scope != c.scope || f.Reason != c.reason || f.Practice != practice(0)) {
					t.Fatalf("%+v", f)
				}
				// The same again, as a relay that says later has it: no other message.
				if f == nil && c.reason != breaker.Rush {
					c.sight.Attempt = 2
					if f := b.Look(c.at.Add(time.Duration(i)*c.step), []breaker.Sight{c.sight})[0]; f != nil && c.scope == "" {
						t.Fatalf("a second try: %v", f)
					}
					c.sight.Attempt = 1
				}
			}
			if c.scope == "" {
				return
			}
			f := b.Look(c.at, []breaker.Sight{c.sight})[0]
			if f == nil || !f.Again {
				t.Fatalf("after the stop: %v", f)
			}
			b.Lift(c.at, *f)
			c.sight.Since = monday
			if f := b.Look(c.at.Add(time.Hour), []breaker.Sight{c.sight})[0]; f != nil {
				t.Fatalf("after it was lifted: %v", f)
			}
		})
	}
}

// A starter text, or a host that everybody has, is no crowd.
func TestWhatManyPracticesShareByNature(t *testing.T) {
	t.Parallel()
	b := breaker.New(monday)
	at := monday.AddDate(0, 0, 60)
	for i := range 500 { // long known
		b.Look(at.AddDate(0, 0, -5), []breaker.Sight{{Practice: practice(i), Message: "m", Version: "v", Rule: "r", Text: breaker.TextOf("old"), Hosts: []string{"video.example"}, Since: monday, Signers: 1}})
	}
	for i := range 500 {
		now := at.Add(time.Duration(i) * time.Second)
		for _, s := range []breaker.Sight{
			{Practice: practice(i), Message: "a", Version: "w", Rule: "r", Text: breaker.TextOf("starter"), Starter: true, Since: now, Signers: 1},
			{Practice: practice(i), Message: "b", Version: "x", Rule: "r", Text: breaker.TextOf("own ", string(rune(0x4e00+i))), Hosts: []string{"video.example"}, Since: now, Signers: 1},
		} {
			if f := b.Look(now, []breaker.Sight{s})[0]; f != nil {
				t.Fatal(f)
			}
		}
	}
}

func TestTextOf(t *testing.T) {
	t.Parallel()
	want := breaker.TextOf("You won 500 tokens!", "Claim them: https://prize.example/a1")
	for _, same := range [][]string{{"YOU  won 7 tokens", "claim them https prize example a99"}, {"You\u00a0w\u200bon 99 tókens …", "Claim-them: https://prize.example/a2"}} {
		if breaker.TextOf(same...) != want {
			t.Errorf("%q is another text", same)
		}
	}
	for _, other := range []string{"", "You won", "You lost 500 tokens! Claim them: https://prize.example/a1"} {
		if breaker.TextOf(other) == want {
			t.Errorf("%q is the same text", other)
		}
	}
}

// What is remembered is kept exactly, and what is damaged is refused.
func TestMemory(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		b := breaker.New(monday)
		now := monday
		for range rapid.IntRange(0, 60).Draw(r, "sights") {
			now = now.Add(time.Duration(rapid.IntRange(0, 100_000).Draw(r, "seconds")) * time.Second)
			b.Look(now, []breaker.Sight{{Practice: practice(rapid.IntRange(0, 3).Draw(r, "practice")), Message: "m", Version: "v", Rule: "r", Since: monday,
				Hosts: []string{fmt.Sprint("h", rapid.IntRange(0, 9).Draw(r, "host"))}}})
		}
		raw := b.Memory()
		again, err := breaker.Remember(raw)
		if err != nil || !bytes.Equal(again.Memory(), raw) {
			r.Fatal(err)
		}
		at := rapid.IntRange(0, len(raw)-1).Draw(r, "byte")
		raw[at] ^= 1 << rapid.IntRange(0, 7).Draw(r, "bit")
		if _, err := breaker.Remember(raw); err == nil {
			r.Fatal("damaged, and believed")
		}
		if _, err := breaker.Remember(raw[:at]); err == nil {
			r.Fatal("cut, and believed")
		}
	})
}

func FuzzRemember(f *testing.F) {
	b := breaker.New(monday)
	ordinary(b, 2)
	f.Add(b.Memory())
	f.Add([]byte("LHbreak1"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if b, err := breaker.Remember(raw); err == nil && !bytes.Equal(b.Memory(), raw) {
			// Another spelling of the same: it must at least be stable.
			if again, err := breaker.Remember(b.Memory()); err != nil || !bytes.Equal(again.Memory(), b.Memory()) {
				t.Fatal(err)
			}
		}
	})
}

// go test -bench Look -run '^$' ./courier/breaker
func BenchmarkLook(b *testing.B) {
	breaks := breaker.New(monday)
	batch := make([]breaker.Sight, 100)
	now := monday
	for b.Loop() {
		now = now.Add(3 * time.Second)
		for i := range batch {
			batch[i] = breaker.Sight{Practice: practice(i * 10), Message: "m", Version: "v", Rule: "r", Since: monday.AddDate(0, 0, -3), Hosts: []string{"video.example"}, Starter: true, Signers: 1}
		}
		breaks.Look(now, batch)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*100), "ns/message")
}
