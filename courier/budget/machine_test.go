package budget_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"letterhead/approval"
	"letterhead/courier/budget"
	"letterhead/courier/journal"
	"letterhead/store"

	"pgregory.net/rapid"
)

// event is one reservation in the naive model: everything is counted by going through all of them.
type event struct {
	use    budget.Use
	at     time.Time
	day    int
	ticket uint64
	of     int // process
	begun  bool
	done   bool
	back   bool
	start  bool // nothing to this address had gone, or was under way
}

type model struct{ events []*event }

func (m *model) count(is func(*event) bool) (n int64) {
	for _, e := range m.events {
		if !e.back && is(e) {
			n++
		}
	}
	return n
}

func (m *model) known(practice store.PracticeID, address string) bool {
	return m.count(func(e *event) bool { return e.use.Practice == practice && e.use.Address == address }) > 0
}

func uses1(e *event, d approval.Digest) bool {
	return slices.ContainsFunc(e.use.Approvals, func(a budget.Approval) bool { return a.Digest == d })
}

// gone: the first message to its address came back, and so did all that were asked for while it was under way.
func (m *model) gone(first *event) bool {
	for i, e := range m.events[slices.Index(m.events, first):] {
		if e.use.Practice != first.use.Practice || e.use.Address != first.use.Address {
			continue
		}
		if i > 0 && e.start {
			break
		}
		if !e.back {
			return false
		}
	}
	return true
}

// newToday is how many addresses were written to for the first time on a day: not counting orders that two keys signed.
func (m *model) newToday(practice store.PracticeID, day int) int64 {
	n := int64(0)
	for _, e := range m.events {
		if e.use.Practice == practice && e.start && !e.use.Own && e.day == day && !m.gone(e) {
			n++
		}
	}
	return n
}

// why is what the limits say of a use, in the order in which they are asked.
func (m *model) why(u *budget.Use, day int) budget.Reason {
	for _, a := range u.Approvals {
		total := m.count(func(e *event) bool { return e.use.Practice == u.Practice && uses1(e, a.Digest) })
		if a.Once && total > 0 {
			return budget.ApprovalTotal
		}
		if a.Limits == nil {
			continue
		}
		if a.Limits.Total > 0 && total >= a.Limits.Total {
			return budget.ApprovalTotal
		}
		if a.Limits.Day > 0 && m.count(func(e *event) bool { return e.use.Practice == u.Practice && e.day == day && uses1(e, a.Digest) }) >= a.Limits.Day {
			return budget.ApprovalDay
		}
	}
	today := func(is func(*event) bool) int64 {
		return m.count(func(e *event) bool { return e.use.Practice == u.Practice && e.day == day && is(e) })
	}
	l := *u.Budget.Limits
	if u.Member != "" || u.Credential != "" {
		l.Day, l.NewDay = l.Day/2, l.NewDay/2
	}
	switch {
	case today(func(e *event) bool { return e.use.Address == u.Address }) >= l.RecipientDay:
		return budget.RecipientDay
	case u.Member != "" && !u.Own && today(func(e *event) bool { return e.use.Member == u.Member && !e.use.Own }) >= l.MemberDay:
		return budget.MemberDay
	case u.Credential != "" && today(func(e *event) bool { return e.use.Credential == u.Credential }) >= l.CredentialDay:
		return budget.CredentialDay
	case !u.Own && today(func(e *event) bool { return !e.use.Own }) >= l.Day:
		return budget.PracticeDay
	case !u.Own && !m.known(u.Practice, u.Address) && m.newToday(u.Practice, day) >= l.NewDay:
		return budget.NewDay
	}
	return ""
}

// Against a model that counts by going through everything: two processes on one folder, asks, begins, ends, kills at any point, restarts, days.
func TestAnySequenceKeepsTheLimits(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "journal")
		if err != nil {
			t.Fatal(err)
		}
		if err := journal.Create(dir, installation, 1); err != nil {
			t.Fatal(err)
		}
		limits := &approval.Limits{Day: int64(rapid.IntRange(0, 40).Draw(r, "day")), RecipientDay: 4, NewDay: int64(rapid.IntRange(1, 8).Draw(r, "new")), MemberDay: 5, CredentialDay: 6, Total: 1e6}
		b := &budget.Budgets{Limits: limits, Digest: named("limits")}
		m, now := &model{}, noon
		of := []*process{start(t, dir), start(t, dir)}
		seen := map[int]map[uint64]*event{}
		generation := []int{0, 1}
		born := 2
		day := func() int { return int(now.Unix() / 86400) }
		r.Repeat(map[string]func(*rapid.T){
			"ask": func(r *rapid.T) {
				at := rapid.IntRange(0, 1).Draw(r, "process")
				var batch []budget.Use
				for range rapid.IntRange(1, 12).Draw(r, "n") {
					batch = append(batch, drawUse(r, b))
				}
				verdicts := of[at].ask(now, batch...)
				for i, v := range verdicts {
					why := m.why(&batch[i], day())
					pacing := v.Reason == budget.FirstUse || v.Reason == budget.FirstOfMany || v.Reason == budget.FirstOfAll
					if why != "" && v.Reason != why || why == "" && !v.Go && !pacing {
						r.Fatalf("%+v: %+v, the model says %q", batch[i], v, why)
					}
					if v.Go {
						e := &event{use: batch[i], at: now, day: day(), ticket: v.Ticket, of: generation[at], start: !m.known(batch[i].Practice, batch[i].Address)}
						m.events = append(m.events, e)
						if seen[e.of] == nil {
							seen[e.of] = map[uint64]*event{}
						}
						seen[e.of][v.Ticket] = e
					}
				}
			},
			"begin and settle": func(r *rapid.T) {
				at := rapid.IntRange(0, 1).Draw(r, "process")
				var ends []budget.End
				for _, e := range m.events {
					if e.of != generation[at] || e.done || !rapid.Bool().Draw(r, "take") {
						continue
					}
					if !e.begun && rapid.IntRange(0, 3).Draw(r, "begin") > 0 {
						of[at].begin(now, e.use)
						e.begun = true
					}
					if rapid.Bool().Draw(r, "settle") {
						e.done, e.back = true, !e.begun
						ends = append(ends, budget.End{Ticket: e.ticket, Back: e.back})
					}
				}
				of[at].settle(now, ends...)
			},
			"kill": func(r *rapid.T) {
				at := rapid.IntRange(0, 1).Draw(r, "process")
				of[at].kill()
				for _, e := range m.events {
					if e.of == generation[at] && !e.done {
						e.done, e.back = true, !e.begun
					}
				}
				of[at] = start(t, dir)
				generation[at], born = born, born+1
				of[at].recover(now)
			},
			"wait": func(r *rapid.T) {
				next := now.Add(rapid.SampledFrom([]time.Duration{time.Second, time.Minute, 16 * time.Minute, 7 * time.Hour}).Draw(r, "wait"))
				for _, e := range m.events { // what is under way over midnight counts as new on the day on which it began
					if !e.done && next.Day() != now.Day() {
						e.done, e.back = true, !e.begun
						of[slices.Index(generation, e.of)].settle(now, budget.End{Ticket: e.ticket, Back: e.back})
					}
				}
				now = next
			},
			"": func(r *rapid.T) {
				for _, p := range of { // both know the same
					if _, err := p.Today(now, "p0"); err != nil {
						r.Fatal(err)
					}
				}
				if a, b := of[0].Dump(store.Micro(now)), of[1].Dump(store.Micro(now)); !slices.Equal(a, b) {
					r.Fatalf("two processes know different things:\n%q\n%q", a, b)
				}
			},
		})
		for _, p := range of {
			p.kill()
		}
		last := start(t, dir)
		if a, b := of[0].Dump(store.Micro(now)), last.Dump(store.Micro(now)); !slices.Equal(a, b) {
			r.Fatal("a restart knows different things")
		}
		last.kill()
	})
}

var drawn int

func drawUse(r *rapid.T, b *budget.Budgets) budget.Use {
	drawn++
	u := budget.Use{Practice: store.PracticeID(fmt.Sprint("p", rapid.IntRange(0, 1).Draw(r, "practice"))), Message: fmt.Sprint("m", drawn), Attempt: 1,
		Address: fmt.Sprint("a", rapid.IntRange(0, 9).Draw(r, "address")), Budget: b}
	u.Approvals = append(u.Approvals, budget.Approval{Digest: named("wording %d", rapid.IntRange(0, 1).Draw(r, "wording")), Waiting: 1000})
	switch rapid.IntRange(0, 4).Draw(r, "path") {
	case 0:
		u.Approvals[0] = budget.Approval{Digest: named("letter %d", rapid.IntRange(0, 20).Draw(r, "letter")), Once: true}
		u.Member = "m1"
	case 1:
		u.Approvals = append(u.Approvals, budget.Approval{Digest: named("order"), Waiting: 500, Limits: &approval.Limits{Total: 9}, Until: noon.Add(240 * time.Hour)})
		u.Member, u.Own = "m2", rapid.Bool().Draw(r, "own")
	case 2:
		u.Approvals = append(u.Approvals, budget.Approval{Digest: named("grant"), Waiting: 500, Limits: &approval.Limits{Day: 4}})
		u.Credential = "c"
	}
	return u
}

// Cut at every byte, the file is refused or says what its whole records say; what was on disk before a first byte is in every longer one.
func TestTheFileCutAtEveryByte(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	p := start(t, dir)
	name := filepath.Join(dir, "spent.log")
	size := func() int64 {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	type point struct {
		size int64
		dump []string
	}
	least := size()
	points := []point{{least, p.Dump(store.Micro(noon))}}
	a := budget.Approval{Digest: named("order"), Waiting: 1000}
	for i := range 6 {
		verdicts := p.ask(noon, uses(3+i, "p", wide, a)...)
		points = append(points, point{size(), p.Dump(store.Micro(noon))})
		p.settle(noon, all(verdicts, i%2 == 0)...)
		points = append(points, point{size(), p.Dump(store.Micro(noon))})
	}
	p.kill()
	whole, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for cut := range len(whole) + 1 {
		if err := os.WriteFile(name, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		j, err := journal.Open(dir, installation, 1)
		if err != nil {
			t.Fatal(err)
		}
		b, err := budget.Open(j)
		if (err != nil) != (int64(cut) < least) {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		if err == nil {
			want := points[0]
			for _, p := range points {
				if p.size <= int64(cut) {
					want = p
				}
			}
			if got := b.Dump(store.Micro(noon)); !slices.Equal(got, want.dump) {
				t.Fatalf("cut at %d: %q, want %q", cut, got, want.dump)
			}
			if size() != want.size {
				t.Fatalf("cut at %d: the torn end is still there", cut)
			}
		}
		_ = j.Close()
	}
	// A byte changed before the end is damage, and nothing may be sent.
	for at := 0; at < len(whole)-400; at += 7 {
		bad := slices.Clone(whole)
		bad[at] ^= 1
		if err := os.WriteFile(name, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		j, err := journal.Open(dir, installation, 1)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := budget.Open(j); err == nil {
			t.Fatalf("changed at %d, and believed", at)
		}
		_ = j.Close()
	}
}

// Without its files nothing may be sent, also while running.
func TestFilesThatAreTakenAway(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"spent.log", "known.set"} {
		dir := folder(t)
		p := start(t, dir)
		a := budget.Approval{Digest: named("order"), Waiting: 1000}
		p.ask(noon, uses(3, "p", wide, a)...)
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		if name == "spent.log" {
			if _, err := p.Ask(noon, uses(3, "p", wide, a)); err == nil {
				t.Error("asked without the file")
			}
		}
		j, err := journal.Open(dir, installation, 1)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := budget.Open(j); err == nil {
			t.Errorf("opened without %s", name)
		}
		_ = j.Close()
	}
}

// The file is written anew many times; what it says stays, for this process, another, and a later one; addresses move to the known set.
func TestTheFileIsWrittenAnew(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	p, other := start(t, dir), start(t, dir)
	empty, err := os.ReadFile(filepath.Join(dir, "known.set"))
	if err != nil {
		t.Fatal(err)
	}
	old := budget.Approval{Digest: named("old"), Waiting: 1}
	p.ask(noon.Add(-48*time.Hour), uses(1, "p", wide, old)...)
	b := &budget.Budgets{Digest: named("l"), Limits: &approval.Limits{Day: 1e7, NewDay: 75_000, RecipientDay: 1e6, Total: 1e7}}
	open := p.ask(noon, uses(1, "p", b, old)...)[0]
	sent := 0
	for round := 0; ; round++ {
		if round%10 == 9 { // a restart does not make the file grow further
			other.kill()
			other = start(t, dir)
			other.recover(noon)
		}
		batch := uses(1000, "p", b, old)
		for i := range batch {
			batch[i].Address = fmt.Sprint("x", round*1000+i)
			batch[i].Message = fmt.Sprintf("%0195d", round*1000+i) // to fill the file sooner
		}
		verdicts := []*process{p, other}[round%2].ask(noon, batch...)
		going, held := count(verdicts)
		sent += going
		[]*process{p, other}[round%2].settle(noon, all(verdicts, false)...)
		if held[budget.NewDay] > 0 {
			break
		}
	}
	if sent != 75_000 {
		t.Errorf("%d new addresses, want 75,000", sent)
	}
	archives, err := filepath.Glob(filepath.Join(dir, "*.spent"))
	if err != nil || len(archives) == 0 {
		t.Errorf("no archive: %v", err)
	}
	if log, err := os.Stat(filepath.Join(dir, "spent.log")); err != nil || log.Size() > 13<<20 {
		t.Errorf("the file has %d bytes: %v", log.Size(), err)
	}
	set, err := os.Stat(filepath.Join(dir, "known.set"))
	if err != nil || set.Size() < 8*40_000 {
		t.Errorf("the known set has %d bytes: %v", set.Size(), err)
	}
	p.settle(noon, budget.End{Ticket: open.Ticket})
	list, err := start(t, dir).Went("p", old.Digest)
	if err != nil || len(list) != sent+2 {
		t.Errorf("%d went, want %d: %v", len(list), sent+2, err)
	}
	next := noon.Add(24 * time.Hour)
	batch := uses(200, "p", b, old)
	for i := range batch {
		batch[i].Address = fmt.Sprint("x", i*200)
	}
	third := start(t, dir)
	going, _ := count(third.ask(next, batch...))
	if today, err := other.Today(next, "p"); err != nil || going != 200 || today.New != 0 || today.Messages != 200 {
		t.Errorf("%d went; %+v; %v", going, today, err)
	}
	// A set of known addresses from before is not believed.
	if err := os.WriteFile(filepath.Join(dir, "known.set"), empty, 0o600); err != nil {
		t.Fatal(err)
	}
	j, err := journal.Open(dir, installation, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := budget.Open(j); err == nil {
		t.Error("an older set of known addresses was believed")
	}
	_ = j.Close()
}

func FuzzTake(f *testing.F) {
	dir := folder(f)
	p := start(f, dir)
	a := budget.Approval{Digest: named("order"), Waiting: 1000}
	verdicts := p.ask(noon, append(uses(3, "p", wide, a), uses(2, "q", wide, budget.Approval{Digest: named("letter"), Once: true})...)...)
	p.settle(noon, all(verdicts[:2], true)...)
	for _, record := range p.Dump(store.Micro(noon)) {
		f.Add([]byte(record))
	}
	raw, err := os.ReadFile(filepath.Join(dir, "spent.log"))
	if err != nil {
		f.Fatal(err)
	}
	for len(raw) > 8 {
		n := binary.LittleEndian.Uint32(raw)
		f.Add(raw[8 : 8+n])
		raw = raw[8+n:]
	}
	f.Fuzz(func(t *testing.T, record []byte) {
		out, fits := budget.Take(0, record)
		if !fits {
			return
		}
		again, fits := budget.Take(0, out...)
		if !fits || !slices.EqualFunc(out, again, bytes.Equal) {
			t.Fatalf("%q, then %q", out, again)
		}
	})
}

// worked is the CPU time of this process.
func worked(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// What a message costs: go test -bench Ask -run '^$' ./courier/budget. Batches of 100 over 1,000 practices; asked, begun and settled.
func BenchmarkAsk(b *testing.B) {
	for _, practices := range []int{1, 10, 100} {
		b.Run(fmt.Sprint(practices, " practices in a batch"), func(b *testing.B) {
			p := start(b, folder(b))
			wording, rule := budget.Approval{Digest: named("wording"), Waiting: 1}, budget.Approval{Digest: named("rule"), Waiting: 1}
			now := noon.Add(-48 * time.Hour)
			for practice := range 1000 {
				p.ask(now.Add(time.Duration(practice)*30*time.Second), uses(1, fmt.Sprint("practice-with-a-uuid-as-its-name-", practice), wide, wording, rule)...)
			}
			var batch []budget.Use
			for practice := range practices {
				batch = append(batch, uses(100/practices, fmt.Sprint("practice-with-a-uuid-as-its-name-", practice), wide, wording, rule)...)
			}
			round := 0
			b.ReportAllocs()
			before := worked(b)
			for b.Loop() {
				round++
				for i := range batch {
					batch[i].Address = fmt.Sprintf("e:%024d", (round*100+i)%100_000)
				}
				verdicts := p.ask(noon.Add(time.Duration(round)*time.Millisecond), batch...)
				p.settle(noon, all(verdicts, false)...)
				if !verdicts[99].Go {
					b.Fatal(verdicts[99])
				}
			}
			b.ReportMetric(float64(worked(b)-before)/float64(b.N*100), "cpu-ns/message")
		})
	}
}

// Many askers in two processes at once share one limit exactly, with kills in between.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	processes := []*process{start(t, dir), start(t, dir)}
	old := budget.Approval{Digest: named("old"), Waiting: 1}
	processes[0].ask(noon.Add(-48*time.Hour), uses(1, "p", wide, old)...)
	b := &budget.Budgets{Digest: named("l"), Limits: &approval.Limits{Day: 500, NewDay: 1e6, RecipientDay: 1e6, Total: 1e7}}
	var kept atomic.Int64
	var wait sync.WaitGroup
	for i := range 8 {
		p := processes[i%2]
		wait.Go(func() {
			for round := range 30 {
				batch := uses(10, "p", b, old)
				verdicts, err := p.Ask(noon, batch)
				if err != nil {
					t.Error(err)
					return
				}
				if err := p.Begin(); err != nil {
					t.Error(err)
				}
				ends := all(verdicts, (round+i)%3 == 0)
				if (round+i)%3 != 0 {
					kept.Add(int64(len(ends)))
				}
				if err := p.Settle(noon, ends); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	last := start(t, dir)
	today, err := last.Today(noon, "p")
	if err != nil || today.Messages != kept.Load() || today.Messages > 500 {
		t.Errorf("%+v, kept %d: %v", today, kept.Load(), err)
	}
	going, _ := count(last.ask(noon, uses(600, "p", b, old)...))
	if int64(going)+kept.Load() != 500 {
		t.Errorf("%d and %d went, not 500", kept.Load(), going)
	}
}
