package courier

import (
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"

	"letterhead/approval"
	"letterhead/courier/budget"
	"letterhead/courier/journal"
	"letterhead/message"
	"letterhead/wording"
)

// BenchmarkGate is what the gate, the breaker, the inspection of a mail of about 7 kB and the journal cost a message in CPU (system and collection included), by
// check, in batches of 200, as the courier takes them, of one practice by an approval that has been used before.
func BenchmarkGate(b *testing.B) {
	c, like := gateWorld(b)
	limits := &budget.Budgets{Limits: &approval.Limits{Day: 1 << 40, NewDay: 1 << 40, RecipientDay: 1 << 20, MemberDay: 1 << 40, CredentialDay: 1 << 40, Total: 1 << 50}, Digest: approval.Digest{9}}
	like.approved.limits, like.approved.By = limits, []budget.Approval{{Digest: approval.Digest{1}, Waiting: 1}, {Digest: approval.Digest{2}, Waiting: 1}}
	long := c.DB.Now().Add(-72 * time.Hour)
	used, err := c.budget.Ask(long, []budget.Use{like.approved.Use(budget.Use{Practice: like.Practice, Message: "before", Attempt: 1, Address: "email y", Budget: limits})})
	if err == nil {
		err = c.budget.Settle(long, []budget.End{{Ticket: used[0].Ticket}})
	}
	if err != nil {
		b.Fatal(err)
	}
	const size = 200
	mail := inspected(b)
	parts, round := map[string]time.Duration{}, 0
	part := func(name string, do func() error) {
		before := spentCPU()
		if err := do(); err != nil {
			b.Fatal(name, err)
		}
		parts[name] += spentCPU() - before
	}
	for b.Loop() {
		round++
		all := &batch{now: c.DB.Now(), parcels: make([]*parcel, size)}
		entries := make([]journal.Entry, size)
		for i := range all.parcels {
			p := *like
			p.ID, p.facts.AddressIndex = message.ID(fmt.Sprintf("m%d-%d", round, i)), fmt.Sprintf("x%d-%d", round, i)
			all.parcels[i], entries[i] = &p, journal.Entry{Practice: p.Practice, ID: string(p.ID), Attempt: 1, At: all.now}
		}
		for _, each := range slices.Concat(gate, rendered) {
			part(each.name, func() error { return each.run(b.Context(), c, all) })
		}
		part("inspection", func() error {
			for range all.parcels {
				if found := wording.Inspect(mail); len(found) > 0 {
					return fmt.Errorf("%v", found)
				}
			}
			return nil
		})
		if n := len(all.rest()); n != size {
			b.Fatalf("%d of %d passed: %+v", n, size, all.parcels[0].out)
		}
		part("begun", func() error { // as many at a time as go to a relay together
			for some := range slices.Chunk(entries, 10) {
				segment, err := c.journal.Begun(some...)
				if err != nil {
					return err
				}
				for _, e := range some {
					c.journal.Answered(e, journal.Answer{State: "sent", Detail: "250 2.0.0 ok"})
				}
				c.journal.Settled(segment, len(some))
			}
			return nil
		})
		part("spent", func() error {
			for _, p := range all.parcels {
				p.begun = true
			}
			err := c.budget.Begin()
			c.settle(all)
			return err
		})
	}
	total := time.Duration(0)
	for name, took := range parts {
		total += took
		if each := float64(took.Nanoseconds()) / 1000 / size / float64(b.N); each >= 0.05 {
			b.ReportMetric(each, name+"-µs")
		}
	}
	b.ReportMetric(float64(total.Nanoseconds())/1000/size/float64(b.N), "µs/message")
	b.ReportMetric(0, "ns/op")
}

// spentCPU is what this process has used until now.
func spentCPU() time.Duration {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// inspected is a rendered mail as long as the starter set's reminder.
func inspected(b *testing.B) *wording.Rendered {
	b.Helper()
	blocks := []wording.Block{wording.Text("Hello {recipient.greeting_name},", "we see you on {appointment.day} at {appointment.start}."), wording.Card(true)}
	for range 8 {
		blocks = append(blocks, wording.Text("If you cannot come, ring us as early as you can: somebody else may need the time, and we find you another one."))
	}
	v := &wording.Version{Format: wording.Format, Purpose: wording.Transactional, Sender: wording.Sender{Name: "C", Local: "hello", Domain: "clinic.example"},
		Branding: wording.Branding{Name: "C", Accent: "#123456"}, Hosts: []string{"clinic.example"}, DefaultLanguage: "en",
		Languages: []wording.Language{{Tag: "en", Subject: wording.Say("Your appointment on {appointment.day}"), Blocks: append(blocks,
			wording.Button("How to find us", wording.Target{Kind: wording.ToURL, URL: "https://clinic.example/find-us"}), wording.Footer(wording.Say("Ring us.")))}}}
	compiled, err := wording.Compile(v, "en")
	if err != nil {
		b.Fatal(err)
	}
	rendered := compiled.Render(nil, &wording.Values{Recipient: wording.Person{First: "Jo"}, Start: wording.Wall{Year: 2026, Month: 12, Day: 1, Hour: 10}, End: wording.Wall{Year: 2026, Month: 12, Day: 1, Hour: 11},
		Minutes: 60, Zone: "Australia/Melbourne", Mode: wording.ModeInPerson})
	if n := len(rendered.Body); n < 6000 || n > 9000 {
		b.Fatalf("the mail has %d bytes", n)
	}
	return &rendered
}
