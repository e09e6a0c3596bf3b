package budget

import (
	"encoding/binary"
	"maps"
	"slices"
	"time"

	"letterhead/courier/journal"
	"letterhead/store"
)

// Budget is one courier process's way to what was spent. It is safe for concurrent use.
type Budget struct {
	process string
	spent   *journal.Shared
	book    *book
}

// book is the state as package journal sees it; Spent holds its lock while it is used.
type book struct {
	*state
	number uint64 // of this process's latest reservation
	now    int64  // of the latest change
	asking asking // its buffers are used again
}

func (b *book) Reset() { b.state = newState() }

func (b *book) Take(record []byte) bool { return b.state.take(record) }

func (b *book) Snapshot(put func([]byte)) []uint64 {
	b.state.tidy(b.now)
	b.state.snapshot(b.now, put)
	return slices.Sorted(maps.Keys(b.state.fresh))
}

// Open opens the budgets of a journal's folder for its process.
func Open(j *journal.Journal) (*Budget, error) {
	b := &Budget{process: j.Process(), book: &book{state: newState()}}
	var err error
	b.spent, err = j.Spent(b.book)
	return b, err
}

func (b *Budget) change(now time.Time, do func(*journal.Ground) error) error {
	return b.spent.Change(now, func(g *journal.Ground) error {
		b.book.now = max(b.book.now, store.Micro(now))
		return do(g)
	})
}

// Ask answers uses, each with those before it counted. What may go is counted from now on, until Settle gives it back. Uses of one practice that
// stand together are cheapest. An error means that none of them may go.
func (b *Budget) Ask(now time.Time, uses []Use) ([]Verdict, error) {
	out := make([]Verdict, len(uses))
	err := b.change(now, func(g *journal.Ground) error {
		a := &b.book.asking
		*a = asking{state: b.book.state, now: store.Micro(now), ground: g, number: b.book.number, name: b.process, room: a.room, record: a.record[:0], head: a.head, try: try{charges: a.try.charges}}
		for i := range uses {
			var err error
			if out[i], err = a.ask(&uses[i]); err != nil {
				return err
			}
		}
		a.flush()
		b.book.number = a.number
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Begin returns when the disk has everything that Ask counted so far: it stands before the journal's Begun, and so before the first byte. After
// an error nothing may leave.
func (b *Budget) Begin() error { return b.spent.Sync() }

// Settle says what became of uses that might go: each of them, once. A ticket that is not known any more is passed over: it counts as spent.
func (b *Budget) Settle(now time.Time, ends []End) error {
	if len(ends) == 0 {
		return nil
	}
	return b.change(now, func(g *journal.Ground) error {
		w := newEnds(b.process, g)
		for _, e := range ends {
			if b.book.settle(ticket{b.process, e.Ticket}, e.Back) {
				w.put(e.Ticket, e.Back)
			}
		}
		w.flush()
		return nil
	})
}

// Dead settles what a dead process left, by its segments: what had begun is spent unless the relay sent it back for later, what had not is given
// back; of a damaged journal everything is spent. It stands before journal.Bury, and returns when the disk has it.
func (b *Budget) Dead(now time.Time, r *journal.Remains) error {
	err := b.change(now, func(g *journal.Ground) error {
		var numbers []uint64
		for t := range b.book.open {
			if t.process == r.Process {
				numbers = append(numbers, t.number)
			}
		}
		slices.Sort(numbers)
		w := newEnds(r.Process, g)
		for _, n := range numbers {
			t := ticket{r.Process, n}
			left := b.book.open[t]
			try, begun := r.Tries[journal.Key{Practice: left.practice, ID: left.message}]
			begun = begun && try.Attempt == left.attempt
			back := !r.Damaged && (!begun || try.Answer != nil && try.Answer.State == "queued")
			b.book.settle(t, back)
			w.put(n, back)
		}
		w.flush()
		return nil
	})
	if err != nil {
		return err
	}
	return b.spent.Sync()
}

// endsWriter writes end records.
type endsWriter struct {
	ground *journal.Ground
	head   []byte
	record []byte
	last   uint64
}

func newEnds(process string, g *journal.Ground) *endsWriter {
	head := putText([]byte{endRecord}, process)
	return &endsWriter{ground: g, head: head, record: slices.Clone(head)}
}

func (w *endsWriter) put(number uint64, back bool) {
	w.record = binary.AppendVarint(w.record, int64(number-w.last)<<1|int64(one(back)))
	w.last = number
	if len(w.record) > recordRoom {
		w.flush()
	}
}

func (w *endsWriter) flush() {
	if len(w.record) > len(w.head) {
		w.ground.Put(w.record)
	}
	w.record, w.last = append(w.record[:0], w.head...), 0
}

// Today is what a practice spent on the latest day on which it spent anything.
type Today struct {
	Day        int32 // since 1970-01-01, the practice's calendar
	Messages   int64
	New        int64 // addresses never written to before
	FirstUses  int   // within HoldFor
	Recipients int
}

// Today tells what a practice spent.
func (b *Budget) Today(now time.Time, practice store.PracticeID) (out Today, err error) {
	err = b.change(now, func(*journal.Ground) error {
		if p := b.book.practices[practice]; p != nil {
			out = Today{Day: p.day, Messages: p.sent, New: p.fresh, FirstUses: p.first.count(store.Micro(now)), Recipients: len(p.recipients)}
		}
		return nil
	})
	return out, err
}
