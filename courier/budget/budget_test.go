package budget_test

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"letterhead/approval"
	"letterhead/courier/budget"
	"letterhead/courier/journal"
	"letterhead/store"
	"letterhead/zone"
)

// An approval's first use: its cohort, then nothing for a quarter of an hour, then twice as many every minute.
func TestTheFirstUseOfAnApproval(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		waiting      int64
		cohort       int
		after, later int // in all, when the hold ends and two minutes on
	}{{1, 1, 2, 8}, {0, 1, 2, 8}, {50, 1, 2, 8}, {51, 2, 4, 16}, {300, 6, 12, 48}, {1000, 20, 40, 160}, {50_000, 20, 40, 160}} {
		t.Run(fmt.Sprint(c.waiting), func(t *testing.T) {
			t.Parallel()
			p := start(t, folder(t))
			all500 := uses(500, "p", wide, budget.Approval{Digest: named("order"), Waiting: c.waiting}, budget.Approval{Digest: named("wording"), Waiting: c.waiting})
			sent := 0
			for _, step := range []struct {
				after time.Duration
				want  int
			}{{0, c.cohort}, {time.Second, c.cohort}, {15*time.Minute - time.Microsecond, c.cohort}, {15 * time.Minute, c.after}, {16*time.Minute - time.Second, c.after}, {17 * time.Minute, c.later}} {
				verdicts := p.ask(noon.Add(step.after), all500[sent:]...)
				going, held := count(verdicts)
				if sent += going; sent != step.want || held[budget.FirstUse] != len(all500)-sent {
					t.Fatalf("%v: %d went, want %d; held: %v", step.after, sent, step.want, held)
				}
				p.settle(noon.Add(step.after), all(verdicts, false)...)
				for _, v := range verdicts {
					if !v.Go && (!v.Until.After(noon.Add(step.after)) || v.Until.Sub(noon) > 28*time.Minute) {
						t.Fatalf("held until %v", v.Until)
					}
				}
			}
			verdicts := p.ask(noon.Add(27*time.Minute), all500[sent:]...)
			if going, held := count(verdicts); going != len(all500)-sent {
				t.Fatalf("not free after the ramp: %d, %v", going, held)
			}
		})
	}
}

// Where the clocks skip midnight a day is over an hour after eleven all the same: who asks in that hour is not told to come at once.
func TestADayIsOverWhereThereIsNoMidnight(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"America/Santiago", "America/Havana", "Africa/Cairo", "Asia/Beirut", "Europe/Berlin"} {
		there, err := zone.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		p, b := start(t, folder(t)), *wide
		b.Zone, b.Limits = there, &approval.Limits{Day: 1, NewDay: 9, RecipientDay: 9, MemberDay: 9, CredentialDay: 9, Total: 1000}
		for day := time.Date(2027, 1, 1, 12, 0, 0, 0, time.UTC); day.Year() == 2027; day = day.AddDate(0, 0, 1) {
			at := zone.At(zone.Wall{Date: zone.DateOf(day), Minute: 23*60 + 30}, there)
			two := p.ask(at, uses(2, "p", &b, budget.Approval{Digest: named("%v", day), Waiting: 1000})...)
			if v := two[1]; !two[0].Go || v.Reason != budget.PracticeDay || !v.Until.After(at) || v.Until.Sub(at) > 90*time.Minute {
				t.Fatalf("%s, %v: %+v", name, at.In(there), two)
			}
			p.settle(at, budget.End{Ticket: two[0].Ticket})
		}
	}
}

// Each that is held is told to come when it may go: a thousand, asked again only then, are through in 21 minutes with few questions.
func TestHeldOnesComeBackWhenTheyMayGo(t *testing.T) {
	t.Parallel()
	p := start(t, folder(t))
	const n = 1000
	all := uses(n, "p", wide, budget.Approval{Digest: named("order"), Waiting: n})
	turn := make([]time.Time, n)
	for i := range turn {
		turn[i] = noon
	}
	asked, left := 0, n
	now := noon
	for ; left > 0; now = now.Add(time.Second) {
		for i := range all {
			if turn[i].IsZero() || turn[i].After(now) {
				continue
			}
			asked++
			v := p.ask(now, all[i])[0]
			if turn[i] = v.Until; v.Go {
				left--
				p.settle(now, budget.End{Ticket: v.Ticket})
			}
		}
	}
	if took := now.Sub(noon); took > 21*time.Minute || asked > 3*n {
		t.Fatalf("%v, %d questions", took, asked)
	}
}

// The program's own words are nobody's first use: a thousand practices are told at once, each as often as the day allows and no more.
func TestTheProgramsOwnWordsAreNotPaced(t *testing.T) {
	t.Parallel()
	p := start(t, folder(t))
	for practice := range 1000 {
		batch := uses(5, fmt.Sprint("practice-", practice), wide, budget.Approval{Digest: named("the program's words"), Limits: &approval.Limits{Day: 3}, Waiting: 1, Own: true})
		verdicts := p.ask(noon, batch...)
		if going, _ := count(verdicts); going != 3 || verdicts[4].Reason != budget.ApprovalDay {
			t.Fatalf("practice %d: %d go, the last one %q", practice, going, verdicts[4].Reason)
		}
		p.settle(noon, all(verdicts, false)...)
	}
}

// However many approvals somebody signs in however many practices: 20 a practice and 200 in all leave before a quarter of an hour is over.
func TestFirstUsesOfManyApprovals(t *testing.T) {
	t.Parallel()
	for practices, most := range map[int]int{1: budget.FirstPractice, 5: 5 * budget.FirstPractice, 200: budget.FirstPlatform} {
		t.Run(fmt.Sprint(practices), func(t *testing.T) {
			t.Parallel()
			p := start(t, folder(t))
			perPractice, total := map[store.PracticeID]int{}, 0
			for step := range 45 {
				now := noon.Add(time.Duration(step) * 20 * time.Second)
				for practice := range practices {
					batch := uses(3, fmt.Sprint("practice-", practice), wide, budget.Approval{Digest: named("order %d %d", step, practice), Waiting: 1000})
					if step%2 == 0 {
						for i := range batch {
							batch[i].Approvals = []budget.Approval{{Digest: named("letter %d %d %d", step, practice, i), Once: true}}
						}
					}
					verdicts := p.ask(now, batch...)
					going, _ := count(verdicts)
					perPractice[batch[0].Practice] += going
					total += going
					p.settle(now, all(verdicts, false)...)
				}
			}
			for practice, n := range perPractice {
				if n > budget.FirstPractice {
					t.Errorf("%s: %d", practice, n)
				}
			}
			if total != most {
				t.Errorf("%d in all, want %d", total, most)
			}
		})
	}
}

// What a killed process had begun is spent, unless the relay said later; what it had not is given back; of a damaged journal all is spent.
func TestWhatADeadProcessHadReserved(t *testing.T) {
	t.Parallel()
	old := budget.Approval{Digest: named("old"), Waiting: 1}
	for _, damaged := range []bool{false, true} {
		dir := folder(t)
		p := start(t, dir)
		p.ask(noon.Add(-48*time.Hour), uses(1, "p", wide, old)...)
		batch := uses(10, "p", wide, old)
		p.ask(noon, batch...)
		p.begin(noon, batch[:6]...)
		for i, state := range []string{"sent", "refused", "queued", "queued"} {
			e := journal.Entry{Practice: "p", ID: batch[i].Message, Attempt: 1, At: noon}
			p.j.Answered(e, journal.Answer{State: state})
		}
		p.kill()
		next := start(t, dir)
		dead, _, err := next.j.Dead()
		if err != nil || len(dead) != 1 {
			t.Fatal(dead, err)
		}
		want := int64(4)
		if dead[0].Damaged = damaged; damaged {
			want = 10
		}
		for range 2 { // again changes nothing
			if err := next.Dead(noon, &dead[0]); err != nil {
				t.Fatal(err)
			}
			if today, err := next.Today(noon, "p"); err != nil || today.Messages != want {
				t.Errorf("damaged %v: %d spent, want %d: %v", damaged, today.Messages, want, err)
			}
		}
	}
}

// A day's limits, each with what is held, until when, and what comes free when the practice's day ends.
func TestLimitsOfADay(t *testing.T) {
	t.Parallel()
	melbourne, err := zone.Load("Australia/Melbourne")
	if err != nil {
		t.Fatal(err)
	}
	old := budget.Approval{Digest: named("old"), Waiting: 1}
	few := func(change func(*approval.Limits)) *budget.Budgets {
		l := *wide.Limits
		change(&l)
		return &budget.Budgets{Zone: melbourne, Limits: &l, Digest: named("limits")}
	}
	now := time.Date(2026, 3, 2, 23, 0, 0, 0, melbourne)
	midnight := time.Date(2026, 3, 3, 0, 0, 0, 0, melbourne)
	same := func(change func(*budget.Use)) func([]budget.Use) {
		return func(all []budget.Use) {
			for i := range all {
				change(&all[i])
			}
		}
	}
	for _, c := range []struct {
		reason budget.Reason
		budget *budget.Budgets
		change func([]budget.Use)
		own    *approval.Limits
		never  bool
	}{
		{reason: budget.PracticeDay, budget: few(func(l *approval.Limits) { l.Day = 3 })},
		{reason: budget.NewDay, budget: few(func(l *approval.Limits) { l.NewDay = 3 })},
		{reason: budget.RecipientDay, budget: few(func(l *approval.Limits) { l.RecipientDay = 3 }), change: same(func(u *budget.Use) { u.Address = "one" })},
		{reason: budget.MemberDay, budget: few(func(l *approval.Limits) { l.MemberDay = 3 }), change: same(func(u *budget.Use) { u.Member = "m" })},
		{reason: budget.PracticeDay, budget: few(func(l *approval.Limits) { l.Day = 6 }), change: same(func(u *budget.Use) { u.Member = "m" })}, // the other half is for automatic messages
		{reason: budget.NewDay, budget: few(func(l *approval.Limits) { l.NewDay = 6 }), change: same(func(u *budget.Use) { u.Member = "m" })},
		{reason: budget.CredentialDay, budget: few(func(l *approval.Limits) { l.CredentialDay = 3 }), change: same(func(u *budget.Use) { u.Credential = "c" })},
		{reason: budget.ApprovalDay, budget: few(func(*approval.Limits) {}), own: &approval.Limits{Day: 3}},
		{reason: budget.ApprovalTotal, budget: few(func(*approval.Limits) {}), own: &approval.Limits{Total: 3}, never: true},
		{reason: budget.RecipientDay, budget: few(func(*approval.Limits) {}), own: &approval.Limits{RecipientDay: 3}, change: same(func(u *budget.Use) { u.Address = "one" })},
		{reason: budget.LimitsTotal, budget: few(func(l *approval.Limits) { l.Total = 4 }), never: true}, // one went to grow the approval old
		{reason: budget.ApprovalTotal, budget: few(func(*approval.Limits) {}), never: true, change: func(all []budget.Use) {
			for i := range all {
				all[i].Approvals = []budget.Approval{{Digest: named("letter %d", min(i, 2)), Once: true}}
			}
		}},
	} {
		t.Run(string(c.reason), func(t *testing.T) {
			t.Parallel()
			p := start(t, folder(t))
			grown := p.ask(now.Add(-48*time.Hour), uses(1, "p", c.budget, old)...)
			p.settle(now, all(grown, false)...)
			approval := old
			approval.Limits = c.own
			if c.reason == budget.ApprovalTotal && c.own != nil {
				c.own.Total++
			}
			batch := uses(5, "p", c.budget, approval)
			for i := range batch {
				batch[i].Address += "x"
			}
			if c.change != nil {
				c.change(batch)
			}
			verdicts := p.ask(now, batch...)
			going, held := count(verdicts)
			if going != 3 || held[c.reason] != 2 {
				t.Fatalf("%d went, held %v", going, held)
			}
			if until := verdicts[4].Until; c.never != until.IsZero() || !c.never && !until.Equal(midnight) {
				t.Errorf("until %v", until)
			}
			// What did not leave is given back; another takes its place, and then no more.
			p.settle(now, budget.End{Ticket: verdicts[0].Ticket, Back: true}, budget.End{Ticket: verdicts[1].Ticket})
			p.settle(now, budget.End{Ticket: verdicts[0].Ticket, Back: true}) // twice changes nothing
			batch[0].Attempt = 2
			if going, held = count(p.ask(now, batch[0], batch[3], batch[4])); going != 1 || held[c.reason] != 2 {
				t.Errorf("given back: %d went, held %v", going, held)
			}
			if going, _ = count(p.ask(midnight, batch[3:]...)); !c.never && going != 2 {
				t.Errorf("the next day: %d went", going)
			}
		})
	}
}

// A practice without signed limits has the default, and one whose limits say 0 has none.
func TestPracticesWithoutLimits(t *testing.T) {
	t.Parallel()
	p := start(t, folder(t))
	old := budget.Approval{Digest: named("old"), Waiting: 1}
	plain := &budget.Budgets{}
	p.ask(noon.Add(-48*time.Hour), uses(1, "p", plain, old)...)
	if going, held := count(p.ask(noon, uses(1000, "p", plain, old)...)); int64(going) != budget.Default().NewDay+1 || // one of them is known
		held[budget.NewDay] != 1000-going {
		t.Errorf("%d went, held %v", going, held)
	}
	for i := range 2 {
		none := &budget.Budgets{Digest: named("none"), Limits: &approval.Limits{Total: int64(i)}}
		if going, held := count(p.ask(noon, uses(3, "q", none, old)...)); going != 0 {
			t.Errorf("%d went, held %v", going, held)
		}
	}
	for _, u := range []budget.Use{{}, {Practice: "p", Message: "m", Address: "a", Approvals: []budget.Approval{old}}, {Practice: "p", Message: "m", Address: "a", Budget: plain}} {
		if v := p.ask(noon, u)[0]; v.Go || v.Reason != budget.Unclear {
			t.Errorf("%+v: %+v", u, v)
		}
	}
}

// A surge permit raises the day's limits within its window and up to its total; an import allowance lets new addresses by.
func TestPermits(t *testing.T) {
	t.Parallel()
	p := start(t, folder(t))
	old := budget.Approval{Digest: named("old"), Waiting: 1}
	p.ask(noon.Add(-48*time.Hour), uses(1, "p", wide, old)...)
	b := &budget.Budgets{Digest: named("small"), Limits: &approval.Limits{Day: 10, NewDay: 10, RecipientDay: 1, Total: 1000},
		Surges: []budget.Permit{{Digest: named("surge"), Limits: approval.Limits{Day: 40, NewDay: 40, Total: 20}, From: noon, Until: noon.Add(time.Hour)}}}
	ask := func(at time.Time, from, to, want int, reason budget.Reason) {
		t.Helper()
		if going, held := count(p.ask(at, uses(to, "p", b, old)[from:]...)); going != want || held[reason] != to-from-want {
			t.Errorf("%d went, want %d; held %v", going, want, held)
		}
	}
	ask(noon.Add(-time.Second), 0, 12, 10, budget.PracticeDay)
	ask(noon, 12, 30, 18, "")
	ask(noon.Add(time.Hour), 30, 31, 0, budget.PracticeDay)
	ask(noon.Add(time.Minute), 31, 40, 2, budget.PracticeDay)
	b = &budget.Budgets{Digest: named("small"), Limits: &approval.Limits{Day: 100, NewDay: 10, RecipientDay: 1, Total: 1000},
		Import: []budget.Permit{{Digest: named("import"), Limits: approval.Limits{NewDay: 5, Total: 8}, From: noon, Until: noon.Add(72 * time.Hour)}}}
	day := noon.Add(24 * time.Hour)
	ask(day, 100, 120, 15, budget.NewDay)
	ask(day.Add(24*time.Hour), 120, 140, 13, budget.NewDay)
	ask(day.Add(24*time.Hour), 100, 105, 5, "") // known by now? they are reserved: not counted again
}

// An address is new until something was spent on it, whatever comes and goes meanwhile.
func TestNewAddresses(t *testing.T) {
	t.Parallel()
	p := start(t, folder(t))
	old := budget.Approval{Digest: named("old"), Waiting: 1}
	p.ask(noon.Add(-48*time.Hour), uses(1, "q", wide, old)...)
	b := &budget.Budgets{Limits: &approval.Limits{Day: 100, NewDay: 1, RecipientDay: 100, Total: 1e6}, Digest: named("l")}
	p.ask(noon.Add(-48*time.Hour), uses(1, "p", wide, old)...)
	one := func(address string) budget.Use {
		u := uses(1, "p", b, old)[0]
		u.Address = address
		return u
	}
	first := p.ask(noon, one("a"), one("a"), one("b"))
	if going, held := count(first); going != 2 || held[budget.NewDay] != 1 {
		t.Fatal(first)
	}
	p.settle(noon, budget.End{Ticket: first[0].Ticket, Back: true}) // the other is still under way
	if v := p.ask(noon, one("b"))[0]; v.Reason != budget.NewDay {
		t.Fatal(v)
	}
	p.settle(noon, budget.End{Ticket: first[1].Ticket, Back: true})
	second := p.ask(noon, one("b"), one("a"))
	if !second[0].Go || second[1].Reason != budget.NewDay {
		t.Fatal(second)
	}
	p.settle(noon, budget.End{Ticket: second[0].Ticket})
	next := noon.Add(24 * time.Hour)
	if going, _ := count(p.ask(next, one("b"), one("a"), one("b"))); going != 3 {
		t.Fatal("b is known, a is the day's one new address")
	}
}

// A day never goes back, whatever zone a row names: it is worth one day's budget, once.
func TestZonesThatMove(t *testing.T) {
	t.Parallel()
	p := start(t, folder(t))
	old := budget.Approval{Digest: named("old"), Waiting: 1}
	p.ask(noon.Add(-48*time.Hour), uses(1, "p", wide, old)...)
	going := 0
	for i := range 40 {
		name := []string{"Pacific/Kiritimati", "Pacific/Pago_Pago", "UTC", "Asia/Tokyo"}[i%4]
		l, err := zone.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		b := &budget.Budgets{Zone: l, Limits: &approval.Limits{Day: 10, NewDay: 1e6, RecipientDay: 1e6, Total: 1e6}, Digest: named("l")}
		n, _ := count(p.ask(noon.Add(time.Duration(i)*time.Minute), uses(10, "p", b, old)...))
		going += n
	}
	if going > 20 {
		t.Errorf("%d went with a limit of 10", going)
	}
}

// What went under an approval is listed from the journal, exactly.
func TestWhatWentIsListed(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	p := start(t, dir)
	a := budget.Approval{Digest: named("order"), Waiting: 1000}
	batch := uses(30, "p", wide, a)
	batch[4].Message = "not a uuid"
	verdicts := p.ask(noon, append(batch, uses(5, "q", wide, a)...)...)
	want := map[string]bool{} // → open
	for i, v := range verdicts[:20] {
		switch i % 3 {
		case 0:
			p.settle(noon, budget.End{Ticket: v.Ticket})
			want[batch[i].Message] = false
		case 1:
			p.settle(noon, budget.End{Ticket: v.Ticket, Back: true})
		default:
			want[batch[i].Message] = true
		}
	}
	for range 2 { // the same from another process
		list, err := p.Went("p", a.Digest)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]bool{}
		for _, w := range list {
			got[w.Message] = w.Open
			if !w.At.Equal(noon) || w.Attempt != 1 {
				t.Error(w)
			}
		}
		if !maps.Equal(got, want) || len(list) != len(want) {
			t.Errorf("%v, want %v", got, want)
		}
		p = start(t, dir)
	}
}
