package budget

import (
	"bytes"
	"slices"
	"time"

	"letterhead/approval"
	"letterhead/store"
)

// Went is a message that went, or may have, under an approval.
type Went struct {
	Message string
	Attempt int64
	At      time.Time // when it was let go
	Open    bool      // nobody has said yet whether it left: it is in a courier's hand
}

// Went lists what went under an approval, in order, for the report of a stop: from the journal, whatever the rows say. It reads what the journal
// kept: 14 days and more.
func (b *Budget) Went(practice store.PracticeID, approval approval.Digest) ([]Went, error) {
	found := map[ticket]*Went{}
	var order []ticket
	err := b.spent.Each(func(record []byte) {
		switch record[0] {
		case useRecord, openRecord:
			if !bytes.Contains(record, approval[:]) {
				return
			}
			eachReservation(record, func(t ticket, r *reservation) {
				names := slices.ContainsFunc(r.refs, func(ref byte) bool { return r.charges[ref].digest == approval && r.charges[ref].kind != counted })
				if r.practice != practice || !names || found[t] != nil {
					return
				}
				found[t] = &Went{Message: r.message, Attempt: r.attempt, At: store.Instant(r.at), Open: true}
				order = append(order, t)
			})
		case endRecord:
			eachEnd(record, func(t ticket, back bool) {
				if w := found[t]; w != nil && back {
					w.Message = ""
				} else if w != nil {
					w.Open = false
				}
			})
		}
	})
	if err != nil {
		return nil, err
	}
	var out []Went
	for _, t := range order {
		if w := found[t]; w.Message != "" {
			out = append(out, *w)
		}
	}
	slices.SortStableFunc(out, func(a, b Went) int { return a.At.Compare(b.At) })
	return out, nil
}
