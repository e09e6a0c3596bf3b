package lookout_test

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"letterhead/courier/breaker"
	"letterhead/courier/journal"
	"letterhead/courier/lookout"
	"letterhead/courier/stops"
	"letterhead/message"
	"letterhead/store"
)

var monday = time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC)

// folder is a courier's journal.
func folder(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	if err := journal.Create(dir, "here", 1); err != nil {
		t.Fatal(err)
	}
	return dir
}

type one struct {
	*lookout.Lookout
	journal *journal.Journal
}

func open(t testing.TB, dir string, now time.Time) one {
	t.Helper()
	j, err := journal.Open(dir, "here", 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	l, err := lookout.Open(j, now, func(s message.Stop) error { return j.NoteStops([]journal.Stop{stops.Noted(s)}, nil) }, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return one{l, j}
}

func (o one) look(t testing.TB, now time.Time, s breaker.Sight) *breaker.Freeze {
	t.Helper()
	found, err := o.Look(now, []breaker.Sight{s})
	if err != nil {
		t.Fatal(err)
	}
	return found[0]
}

func id(i int) store.PracticeID { return store.PracticeID(fmt.Sprint("practice-", i)) }

func payload(i int, now time.Time) breaker.Sight {
	return breaker.Sight{Practice: id(i), Message: fmt.Sprint("m", i), Version: "v", Rule: "r", Text: breaker.TextOf("you won"), Hosts: []string{"prize.example"}, Signers: 1, HostSigners: 1, Since: now}
}

// Two couriers, each seeing every other message, with one killed and begun again in between, notice a crowd as one would.
func TestACrowdIsOneOverAllCouriers(t *testing.T) {
	t.Parallel()
	dir, now := folder(t), monday
	a, b := open(t, dir, now), open(t, dir, now)
	for i, l := range []one{a, b, a} {
		if f := l.look(t, now, payload(i, now)); f != nil {
			t.Fatalf("practice %d: %v", i, f)
		}
	}
	c := open(t, dir, now) // nothing was closed: as after a kill
	f := c.look(t, now.Add(time.Minute), payload(3, now))
	if f == nil || f.Scope != breaker.Words || f.Reason != breaker.SameText {
		t.Fatalf("the fourth practice: %v", f)
	}
	made, _, err := a.journal.Stops()
	if err != nil || len(made) != 1 || made[0].Who != lookout.Who || !strings.HasPrefix(made[0].Reason, "same text: ") || made[0].Subject != breaker.TextOf("you won").Hex() {
		t.Fatalf("in the journal: %+v, %v", made, err)
	}
	for i, l := range []one{a, b, open(t, dir, now)} {
		if f := l.look(t, now.Add(2*time.Minute), payload(0, now)); f == nil || !f.Again {
			t.Errorf("courier %d lets it go: %v", i, f)
		}
	}
	// Somebody who may lifts it; they have looked, and it is everybody's for a day.
	if _, err := journal.LiftPlatform(dir, "here", 1); err != nil {
		t.Fatal(err)
	}
	for i, l := range []one{b, a, b, a, b} {
		if f := l.look(t, now.Add(3*time.Minute), payload(i, now)); f != nil {
			t.Errorf("after it was lifted, practice %d: %v", i, f)
		}
	}
}

// The first messages of a text are counted over couriers and restarts.
func TestUnpacedOverCouriers(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	for i := range breaker.PacedMost + 1 {
		l := open(t, dir, monday) // each message by a courier of its own
		s := payload(0, monday)
		s.Message = fmt.Sprint(i)
		f := l.look(t, monday, s)
		if last := i == breaker.PacedMost; last != (f != nil) {
			t.Fatalf("message %d: %v", i+1, f)
		}
		if err := l.journal.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// What cannot be read or written lets nothing go.
func TestNothingGoesUnseen(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(dir string) error{
		"gone": func(dir string) error { return os.Remove(filepath.Join(dir, "seen.log")) },
		"cut":  func(dir string) error { return os.Truncate(filepath.Join(dir, "seen.log"), 10) },
		"changed": func(dir string) error {
			name := filepath.Join(dir, "seen.log")
			raw, err := os.ReadFile(name)
			if err == nil {
				raw[len(raw)/2] ^= 1
				err = errors.Join(os.Remove(name), os.WriteFile(name, raw, 0o600))
			}
			return err
		},
		"another's": func(dir string) error {
			other := dir + "-other"
			if err := journal.Create(other, "there", 1); err != nil {
				return err
			}
			return os.Rename(filepath.Join(other, "seen.log"), filepath.Join(dir, "seen.log"))
		},
		"no stop can be made": func(dir string) error { return os.Remove(filepath.Join(dir, "stops.json")) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := folder(t)
			l := open(t, dir, monday)
			for i := range 3 {
				l.look(t, monday, payload(i, monday))
			}
			if err := spoil(dir); err != nil {
				t.Fatal(err)
			}
			if found, err := l.Look(monday, []breaker.Sight{payload(3, monday)}); err == nil {
				t.Errorf("it went: %v", found[0])
			}
		})
	}
}

// What is learnt of ordinary days is kept over a restart, and two couriers' joined; a damaged file is learnt again.
func TestOrdinaryDaysAreKept(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	a, b := open(t, dir, monday), open(t, dir, monday)
	for day := range 40 {
		for i, l := range []one{a, b} {
			at := monday.AddDate(0, 0, day).Add(time.Duration(9+i) * time.Hour)
			s := breaker.Sight{Practice: id(0), Message: fmt.Sprint(day, i), Version: "v", Rule: "r", Text: breaker.TextOf("see you then"), Signers: 1, Since: monday.AddDate(0, 0, -9), Hosts: []string{"own.example"}}
			l.look(t, at, s)
		}
	}
	end := monday.AddDate(0, 0, 40)
	if err := errors.Join(a.Close(end), b.Close(end)); err != nil {
		t.Fatal(err)
	}
	night := end.Add(26*time.Hour + 30*time.Minute)
	odd := func() int {
		l := open(t, dir, night)
		for i := range 10 {
			s := payload(0, night.Add(-time.Hour))
			s.Message, s.Text = fmt.Sprint("night", i), breaker.TextOf("come at night")
			if f := l.look(t, night, s); f != nil {
				if f.Reason != breaker.OddHour {
					t.Fatal(f)
				}
				if _, err := journal.LiftPlatform(dir, "here", 1); err != nil {
					t.Fatal(err)
				}
				return i
			}
		}
		return -1
	}
	if got := odd(); got != 5 {
		t.Errorf("at night, after a restart: stopped after %d", got)
	}
	if err := os.WriteFile(filepath.Join(dir, "breaker.mem"), []byte("LHbreak1 and nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	open(t, dir, night)
}

// An ordinary day of a thousand practices, two couriers: reminders and confirmations by starter and by own texts, the first use of an edited one here
// and there, a newsletter with a new link in fifty, one video host that many use, a new clinic every half hour. Nothing is stopped.
func TestAnOrdinaryDayOfAThousandPractices(t *testing.T) {
	t.Parallel()
	const practices = 1000
	dir := folder(t)
	both := [2]one{open(t, dir, monday), open(t, dir, monday)}
	known := monday.AddDate(0, 0, -30)
	total, stopped := 0, 0
	for day := range 3 {
		for slot := range 10 * 6 { // of ten minutes, from eight
			now := monday.AddDate(0, 0, day).Add(8*time.Hour + time.Duration(slot)*10*time.Minute)
			for chunk := range 10 {
				var sights []breaker.Sight
				for i := chunk * practices / 10; i < (chunk+1)*practices/10; i++ {
					if (i+slot)%4 == 0 || slot == 12 {
						sights = append(sights, ordinary(i, day, slot, now, known)...)
					}
				}
				found, err := both[(slot+chunk)%2].Look(now, sights)
				if err != nil {
					t.Fatal(err)
				}
				for i, f := range found {
					if total++; f != nil {
						if stopped++; stopped < 4 {
							t.Errorf("%+v is stopped: %v: %s", sights[i], f, f.Words)
						}
					}
				}
			}
		}
	}
	t.Logf("%d messages, %d stopped", total, stopped)
}

// ordinary is what a practice sends in ten minutes of a day.
func ordinary(i, day, slot int, now, known time.Time) []breaker.Sight {
	own := func(n int, words string, since time.Time, hosts ...string) breaker.Sight {
		return breaker.Sight{Practice: id(i), Message: fmt.Sprint(i, day, slot, n), Attempt: 1, Version: words, Rule: "reminder", Text: breaker.TextOf(words, word(i)), Hosts: hosts, Signers: 1, HostSigners: 2, Since: since}
	}
	out := []breaker.Sight{{Practice: id(i), Message: fmt.Sprint(i, day, slot, "s"), Attempt: 1, Version: "starter", Rule: "booked", Text: breaker.TextOf("booked"), Starter: true, Signers: 1, Since: known}}
	out = append(out, own(0, "reminder", known, "video.example"))
	if day > 0 && i%60 == slot { // edited today; a minute later its first use
		out = append(out, own(1, fmt.Sprint("edited on day ", word(day)), now, "video.example"))
	}
	if day == 2 && i%20 == 0 && slot == 12 {
		news := own(2, "news", now.Add(-15*time.Minute), fmt.Sprint("topic-", i, ".example"))
		news.Rule, news.Order = "", "news"
		out = append(out, news)
	}
	if i >= 900 && i-900 == slot { // a new clinic, everything is new
		for n, s := range []string{"booked", "reminder", "changed"} {
			out = append(out, breaker.Sight{Practice: id(i), Message: fmt.Sprint(i, day, slot, "new", n), Attempt: 1, Version: s, Rule: s, Text: breaker.TextOf(s), Starter: true, Signers: 1, Since: now})
		}
	}
	return out
}

// word spells a number in letters: digits are all the same to a text.
func word(n int) string {
	return string([]byte{'a' + byte(n/676%26), 'a' + byte(n/26%26), 'a' + byte(n%26)})
}

// Compaction and many couriers at once keep what was said.
func TestManyLooksAtOnce(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	var wait sync.WaitGroup
	for c := range 3 {
		l := open(t, dir, monday)
		wait.Go(func() {
			for i := range 3000 {
				s := payload(c*100_000+i, monday)
				s.Text, s.Hosts = breaker.TextOf(word(c), word(i)), nil
				s.Message = strings.Repeat("m", 200) + s.Message
				s.Version = strings.Repeat("v", 100)
				if _, err := l.Look(monday, []breaker.Sight{s}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wait.Wait()
	if info, err := os.Stat(filepath.Join(dir, "seen.log")); err != nil || info.Size() > 13<<20 {
		t.Errorf("%v %v", info, err)
	}
}

// What a look costs a message: old texts (nearly all), and new ones.
func BenchmarkLook(b *testing.B) {
	for name, since := range map[string]time.Time{"known": monday.AddDate(0, 0, -9), "new": monday.Add(-time.Hour)} {
		b.Run(name, func(b *testing.B) {
			l := open(b, folder(b), monday)
			sights := make([]breaker.Sight, 100)
			n := 0
			for b.Loop() {
				for i := range sights {
					n++
					sights[i] = breaker.Sight{Practice: id(n % 1000), Message: fmt.Sprint(n), Attempt: 1, Version: "v", Rule: "r", Text: breaker.TextOf(word(n % 1000)), Hosts: []string{"own.example"}, Signers: 1, HostSigners: 1, Permit: true, Since: since}
					sights[i].Hosts[0] = sights[i].Hosts[0][:3] + string(id(n%1000))
				}
				if _, err := l.Look(monday, sights); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/message")
		})
	}
}
