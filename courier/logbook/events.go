package logbook

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"

	"letterhead/approval"
	"letterhead/courier/journal"
	"letterhead/ledger"
	"letterhead/ledger/leaf"
	"letterhead/ledger/proof"
	"letterhead/message"
	"letterhead/store"
)

// What is stopped is on record, and that it goes on, before it does. Which stops and lifts are, the journal knows. A process that is killed
// between the ledger and the journal tells it twice, which says no more than once.

const (
	stoppedRecord = 'F'
	liftedRecord  = 'L'

	mostAtOnce = 500 // leaves of a stop that holds everywhere, in one transaction
)

// Lift ends a stop that is on record. Digest is that of the statement that lifts it; zero of the operator's own, and of one in whose place another one stands.
type Lift struct {
	Key    journal.StopKey
	Digest approval.Digest
}

// StopOf is a stop as the journal has it, in the words of package message. One without a scope holds everything.
func StopOf(n journal.Stop) message.Stop {
	out := message.Stop{Practice: n.Practice, ID: n.ID, Scope: message.Scope(n.Scope), Subject: n.Subject, Reason: n.Reason, Who: n.Who, At: store.Instant(n.At)}
	switch {
	case out.Scope == "" && out.Practice == "":
		out.Scope = message.StopPlatform
	case out.Scope == "":
		out.Scope = message.StopPractice
	}
	return out
}

// takeEvent reads what eventRecord wrote.
func (b *book) takeEvent(record []byte) bool {
	practice, id, found := bytes.Cut(record[1:], []byte{0})
	if !found || len(id) == 0 {
		return false
	}
	key := journal.StopKey{Practice: store.PracticeID(practice), ID: string(id)}
	b.stopped[key] = record[0] == stoppedRecord
	return true
}

func eventRecord(kind byte, key journal.StopKey) []byte {
	return append(append(append([]byte{kind}, key.Practice...), 0), key.ID...)
}

// Stopped puts the stops on record that are not. One of a practice of which nothing is on record waits until there is; one that cannot be put on record,
// for its row says what no leaf can, keeps no other from it.
func (l *Logbook) Stopped(ctx context.Context, open []journal.Stop) error {
	var news []journal.Stop
	err := l.shared.Change(l.db.Now(), func(*journal.Ground) error {
		for _, s := range open {
			if _, known := l.stopped[s.Key()]; !known { // nor one that was lifted: whoever asks may know less than the journal
				news = append(news, s)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, s := range news {
		if ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
		told := StopOf(s)
		word := string(told.Scope)
		if s.Practice == "" && told.Scope != message.StopPlatform {
			word = leaf.Platform + " " + word
		}
		err = errors.Join(err, l.event(ctx, stoppedRecord, s.Key(), &leaf.Event{Of: leaf.KindFreeze, ID: s.ID, Word: word, Epoch: uint64(max(0, s.Epoch)), Digest: leaf.Stop(told.Words())}))
	}
	return err
}

// Lifted puts on record that stops are lifted. Whoever lifts one asks this first: a message behind the lift has its leaf behind the lift's.
func (l *Logbook) Lifted(ctx context.Context, lifts ...Lift) error {
	for _, x := range lifts {
		known := false
		err := l.shared.Change(l.db.Now(), func(*journal.Ground) error { known = l.stopped[x.Key]; return nil })
		if err == nil && known {
			err = l.event(ctx, liftedRecord, x.Key, &leaf.Event{Of: leaf.KindLift, ID: x.Key.ID, Digest: ledger.Hash(x.Digest)})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Ended puts on record that the stops are lifted that the operator made everywhere and that are not open any more.
func (l *Logbook) Ended(ctx context.Context, open []journal.Stop) error {
	var lifts []Lift
	err := l.shared.Change(l.db.Now(), func(*journal.Ground) error {
		for key, counts := range l.stopped {
			if counts && key.Practice == "" && !slices.ContainsFunc(open, func(s journal.Stop) bool { return s.Key() == key }) {
				lifts = append(lifts, Lift{Key: key})
			}
		}
		return nil
	})
	if err != nil || len(lifts) == 0 {
		return err
	}
	return l.Lifted(ctx, lifts...)
}

// event puts a leaf into the ledger, of the practice concerned, or of everybody and the platform.
func (l *Logbook) event(ctx context.Context, record byte, key journal.StopKey, body *leaf.Event) error {
	labels, err := l.concerned(ctx, key.Practice)
	if err != nil || len(labels) == 0 {
		return err
	}
	var head proof.Head
	for part := range slices.Chunk(slices.Sorted(maps.Keys(labels)), mostAtOnce) {
		entries := make([]ledger.Entry, len(part))
		for i, p := range part {
			entries[i] = ledger.Entry{Practice: p, Label: labels[p], Body: body}
		}
		err := l.db.Whole(ctx, "put a stop on the record", func(w *store.Wide) (err error) {
			head, _, err = l.Append(ctx, w, entries)
			return err
		})
		if err != nil {
			return err
		}
	}
	return l.shared.Change(l.db.Now(), func(g *journal.Ground) error {
		(*book)(l).takeEvent(eventRecord(record, key))
		g.Put(eventRecord(record, key))
		if head.Size > l.head.Size {
			l.head = head
			g.Put((*book)(l).record())
		}
		return nil
	})
}

// concerned are the practices on record that a stop is about: the one, or all, and the platform itself as "".
func (l *Logbook) concerned(ctx context.Context, practice store.PracticeID) (map[store.PracticeID]ledger.Hash, error) {
	var found map[store.PracticeID]*ledger.Known
	err := l.db.WholeView(ctx, "whom a stop is about", func(w *store.Wide) (err error) {
		if practice == "" {
			found, err = ledger.Everybody(ctx, w)
		} else {
			found, err = ledger.KnownOf(ctx, w, []store.PracticeID{practice})
		}
		return err
	})
	out := map[store.PracticeID]ledger.Hash{}
	if practice == "" {
		out[""] = ledger.Hash{}
	}
	for p, k := range found {
		out[p] = k.Label
	}
	return out, err
}

// Incidents puts the states of incidents on record that are to be.
func (l *Logbook) Incidents(ctx context.Context) error {
	for {
		waiting := false
		err := l.db.WholeView(ctx, "incidents to put on the record", func(w *store.Wide) (err error) { waiting, err = ledger.Waiting(ctx, w); return err })
		if err != nil || !waiting {
			return err
		}
		var head proof.Head
		n := 0
		err = l.db.Whole(ctx, "put incidents on the record", func(w *store.Wide) (err error) {
			if head, n, err = ledger.Record(ctx, w); err == nil && n > 0 {
				err = l.grown(head, int64(n))
			}
			return err
		})
		if err != nil || n == 0 {
			return err
		}
		if err := l.Note(head); err != nil {
			return err
		}
	}
}
