package plan

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"

	"letterhead/store"
)

// Filter says which lines are wanted; what is empty does not narrow.
type Filter struct {
	Appointment string    // our id, or the one it was imported under
	Client      string    // the same
	From, To    time.Time // due at or after From and before To; lines without an instant are then left out
	At          time.Time // as of this instant; the transaction's when zero
}

// Lines plans a practice's appointments in the order of their start and gives each line to yield. An error of yield ends it and is returned.
func Lines(ctx context.Context, tx *store.Tx, f Filter, yield func(Line) error) error {
	if f.At.IsZero() {
		f.At = tx.Now
	}
	return Walk(ctx, tx, f, func(facts *Facts) error {
		asOf(facts, f.At)
		for _, line := range Plan(*facts, f.At) {
			if !f.covers(line.Due) {
				continue
			}
			if err := yield(line); err != nil {
				return err
			}
		}
		return nil
	})
}

// Walk gives the facts of a practice's appointments to yield, in the order of their start, a page in memory at a time.
func Walk(ctx context.Context, tx *store.Tx, f Filter, yield func(*Facts) error) error {
	l, err := newLoader(ctx, tx)
	if err != nil {
		return err
	}
	read := func(after place) ([]Facts, error) { return l.page(ctx, tx, after, PageSize) }
	if f.Appointment != "" || f.Client != "" {
		read = func(after place) ([]Facts, error) { return l.named(ctx, tx, f, after, PageSize) }
	}
	var after place
	if !f.From.IsZero() { // nothing is due later than the longest after-care; what was booked a month after it took place is not listed
		after.starts = store.Micro(f.From.AddDate(0, 0, -32-longestAfter(l.practice.Rules)))
	}
	for {
		page, err := read(after)
		if err != nil || len(page) == 0 {
			return err
		}
		for i := range page {
			if err := yield(&page[i]); err != nil {
				return err
			}
		}
		after = placeOf(&page[len(page)-1])
	}
}

// held is how many lines Ordered has in memory at a time, of some 300 bytes each; twice as many while it reads.
const held = 50_000

// Ordered gives the same lines in the order in which they fall due; those without an instant come last. Of more lines than it may hold it gives
// the first, and reads again for the rest: memory stays the same whatever the practice has, and time grows with the number of such parts.
func Ordered(ctx context.Context, tx *store.Tx, f Filter, yield func(Line) error) error {
	return ordered(ctx, tx, f, held, yield)
}

func ordered(ctx context.Context, tx *store.Tx, f Filter, most int, yield func(Line) error) error {
	var part []Line
	for last, more := (*Line)(nil), true; more; {
		more = false
		part = part[:0]
		err := Lines(ctx, tx, f, func(l Line) error {
			if last != nil && l.compare(last) <= 0 || more && l.compare(&part[most-1]) >= 0 {
				return nil // given already, or of a later part
			}
			if part = append(part, l); len(part) == 2*most {
				part, more = first(part, most), true
			}
			return nil
		})
		if err != nil {
			return err
		}
		more = more || len(part) > most
		part = first(part, most)
		for _, l := range part {
			if err := yield(l); err != nil {
				return err
			}
		}
		if more {
			last = &Line{}
			*last = part[len(part)-1]
		}
	}
	return nil
}

// first returns the first lines of a part, in order, and at most so many.
func first(part []Line, most int) []Line {
	slices.SortFunc(part, func(a, b Line) int { return a.compare(&b) })
	return part[:min(len(part), most)]
}

// compare orders lines by when they fall due, and then by what makes a line one of a kind.
func (l *Line) compare(o *Line) int {
	if l.Due.IsZero() != o.Due.IsZero() {
		if l.Due.IsZero() {
			return 1
		}
		return -1
	}
	return cmp.Or(l.Due.Compare(o.Due), cmp.Compare(l.Appointment, o.Appointment), cmp.Compare(l.Attendee, o.Attendee), cmp.Compare(l.Recipient, o.Recipient),
		cmp.Compare(l.Rule, o.Rule), cmp.Compare(l.Channel, o.Channel))
}

func (f *Filter) covers(due time.Time) bool {
	if f.From.IsZero() && f.To.IsZero() {
		return true
	}
	return !due.IsZero() && !due.Before(f.From) && (f.To.IsZero() || due.Before(f.To))
}

// asOf takes back what became of due rows after an instant, for a plan that is asked about the past.
func asOf(f *Facts, now time.Time) {
	for i := range f.Past {
		if p := &f.Past[i]; p.State != "open" && p.DecidedAt.After(now) {
			p.State, p.Reason = "open", ""
		}
	}
}

func longestAfter(rules []Rule) int {
	longest := 0
	for i := range rules {
		if t := &rules[i].Trigger; t.Kind == DaysAfter {
			longest = max(longest, t.Days)
		}
	}
	return longest
}

// MarshalJSON writes a line as letterhead plan --json shows it: appointment and client by the ids they were imported under, else by ours.
func (l Line) MarshalJSON() ([]byte, error) {
	shown := struct {
		Appointment string  `json:"appointment"`
		Client      string  `json:"client"`
		Attendee    string  `json:"attendee"`
		Recipient   string  `json:"recipient"` // as client, where it is the client
		Channel     Channel `json:"channel"`
		Rule        string  `json:"rule"`
		Due         string  `json:"due,omitempty"` // RFC 3339, with the offset of the location's zone
		Zone        string  `json:"zone"`          // the location's
		Verdict     Verdict `json:"verdict"`
		Reason      Reason  `json:"reason"`
	}{l.Appointment, l.Client, l.Attendee, l.Recipient, l.Channel, l.Rule, "", l.Zone, l.Verdict, l.Reason}
	if l.External != "" {
		shown.Appointment = l.External
	}
	if l.ClientExternal != "" {
		shown.Client = l.ClientExternal
		if l.Recipient == l.Client {
			shown.Recipient = l.ClientExternal
		}
	}
	if !l.Due.IsZero() {
		shown.Due = l.Due.Format(time.RFC3339)
	}
	return json.Marshal(shown)
}
