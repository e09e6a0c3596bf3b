package budget_test

import (
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"letterhead/approval"
	"letterhead/courier/budget"
	"letterhead/courier/journal"
	"letterhead/store"
)

const installation = "test"

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// process is one courier process on a folder.
type process struct {
	t testing.TB
	j *journal.Journal
	*budget.Budget
}

func folder(t testing.TB) string {
	t.Helper()
	out := t.TempDir()
	if err := journal.Create(out, installation, 1); err != nil {
		t.Fatal(err)
	}
	return out
}

func start(t testing.TB, folder string) *process {
	t.Helper()
	j, err := journal.Open(folder, installation, 1)
	if err != nil {
		t.Fatal(err)
	}
	b, err := budget.Open(j)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	return &process{t, j, b}
}

// kill ends it as a kill does: nothing is settled, its segments stay.
func (p *process) kill() {
	p.j.Keep()
	_ = p.j.Close()
}

// recover settles what dead processes left.
func (p *process) recover(now time.Time) {
	p.t.Helper()
	dead, _, err := p.j.Dead()
	if err != nil {
		p.t.Fatal(err)
	}
	for _, r := range dead {
		if err := p.Dead(now, &r); err != nil {
			p.t.Fatal(err)
		}
		if err := p.j.Bury(r); err != nil {
			p.t.Fatal(err)
		}
	}
}

func (p *process) ask(now time.Time, uses ...budget.Use) []budget.Verdict {
	p.t.Helper()
	out, err := p.Ask(now, uses)
	if err != nil {
		p.t.Fatal(err)
	}
	return out
}

func (p *process) settle(now time.Time, ends ...budget.End) {
	p.t.Helper()
	if err := p.Settle(now, ends); err != nil {
		p.t.Fatal(err)
	}
}

func (p *process) begin(now time.Time, uses ...budget.Use) {
	p.t.Helper()
	if err := p.Begin(); err != nil {
		p.t.Fatal(err)
	}
	for _, u := range uses {
		if _, err := p.j.Begun(journal.Entry{Practice: u.Practice, ID: u.Message, Attempt: u.Attempt, At: now}); err != nil {
			p.t.Fatal(err)
		}
	}
}

func named(format string, values ...any) approval.Digest {
	return sha256.Sum256(fmt.Appendf(nil, format, values...))
}

// wide are limits that hold nothing.
var wide = &budget.Budgets{Digest: named("limits"), Limits: &approval.Limits{Day: 1e6, RecipientDay: 1e6, NewDay: 1e6, MemberDay: 1e6, CredentialDay: 1e6, Total: 1e7}}

// uses makes n uses of one practice, each to an address of its own.
func uses(n int, practice string, b *budget.Budgets, approvals ...budget.Approval) []budget.Use {
	out := make([]budget.Use, n)
	for i := range out {
		out[i] = budget.Use{Practice: store.PracticeID(practice), Message: store.NewID[string](), Attempt: 1, Address: fmt.Sprintf("address-%s-%d", practice, i), Budget: b, Approvals: approvals}
	}
	return out
}

func count(verdicts []budget.Verdict) (going int, held map[budget.Reason]int) {
	held = map[budget.Reason]int{}
	for _, v := range verdicts {
		if v.Go {
			going++
		} else {
			held[v.Reason]++
		}
	}
	return going, held
}

// all settles what went, as spent or given back.
func all(verdicts []budget.Verdict, back bool) []budget.End {
	var out []budget.End
	for _, v := range verdicts {
		if v.Go {
			out = append(out, budget.End{Ticket: v.Ticket, Back: back})
		}
	}
	return out
}
