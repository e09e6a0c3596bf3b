package ledger

import (
	"cmp"
	"context"
	"slices"
	"time"

	"letterhead/fault"
	"letterhead/ledger/leaf"
	"letterhead/ledger/proof"
	"letterhead/store"
)

// Incident is the state of an incident as of an instant, which is to be on record.
type Incident struct {
	Practice store.PracticeID // in whose name it is on record; "" for the installation's own
	ID       string           // names the incident, nobody else: at most 64 plain characters
	Word     string           // leaf.Opened, leaf.Changed or leaf.Closed
	At       time.Time        // of the state
	Digest   Hash             // of the state, as whoever asks writes it in its one form
}

func (i *Incident) body() *leaf.Event {
	return &leaf.Event{Of: leaf.KindIncident, ID: i.ID, Word: i.Word, Epoch: uint64(max(0, store.Micro(i.At))), Digest: i.Digest}
}

// check tells whether it can be said by a leaf.
func (i *Incident) check(now time.Time) error {
	l := leaf.Leaf{Sequence: 1, At: store.Micro(now), Body: i.body()}
	if _, err := l.Append(nil); err != nil {
		return fault.Field("incident", "ledger.incident", "an incident has an id of at most 64 plain characters, one of the words of leaves, an instant that has passed, and a digest").With(err)
	}
	return nil
}

// Want asks for states of incidents to be put on record, of practices and of the installation itself. They are when the transaction is kept, and the courier looks.
func Want(ctx context.Context, w *store.Wide, list ...Incident) error {
	for _, i := range list {
		if err := i.check(w.Now); err != nil {
			return err
		}
		_, err := w.Exec(ctx, `INSERT INTO ledger_wanted (practice, id, at, word, digest) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (practice, id, at, word) DO NOTHING`,
			string(i.Practice), i.ID, store.Micro(i.At), i.Word, i.Digest[:])
		if err != nil {
			return wrap("ask for a leaf of an incident", err)
		}
	}
	return nil
}

// wantedAtOnce bounds the incidents that one transaction puts on record.
const wantedAtOnce = 500

// recordable are the states that can be put on record: a practice's wait until its root statement has its leaf, and those of a clock that is ahead until then.
const recordable = `ledger_wanted w WHERE w.at <= $1 AND (w.practice = '' OR EXISTS (SELECT 1 FROM ledger_practice p WHERE p.practice = w.practice))`

// Waiting tells whether Record has something to do.
func Waiting(ctx context.Context, w *store.Wide) (bool, error) {
	var n int64
	err := w.Row(ctx, `SELECT count(*) FROM (SELECT 1 AS one FROM `+recordable+` LIMIT 1) x`, store.Micro(w.Now)).Scan(&n)
	return n > 0, wrap("look for incidents to put on record", err)
}

// Record appends the leaves that are wanted, at most 500, and takes what asked for them away: both or neither, whoever dies, and whoever else does the same.
// What no leaf can say, because somebody else wrote the row, is taken away with nothing appended. It is a transaction's last call, as Append is.
func Record(ctx context.Context, w *store.Wide) (proof.Head, int, error) {
	rows, err := w.Query(ctx, `DELETE FROM ledger_wanted WHERE (practice, id, at, word) IN (SELECT w.practice, w.id, w.at, w.word FROM `+recordable+` ORDER BY w.at LIMIT $2)
		RETURNING practice, id, at, word, digest`, store.Micro(w.Now), wantedAtOnce)
	list, err := store.Collect(rows, err, scanIncident)
	if err != nil {
		return proof.Head{}, 0, wrap("take incidents to put on record", err)
	}
	list = slices.DeleteFunc(list, func(i Incident) bool { return i.check(w.Now) != nil })
	if len(list) == 0 {
		return proof.Head{}, 0, nil
	}
	slices.SortFunc(list, func(a, b Incident) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID)) })
	practices := make([]store.PracticeID, len(list))
	for n := range list {
		practices[n] = list[n].Practice
	}
	known, err := KnownOf(ctx, w, practices)
	if err != nil {
		return proof.Head{}, 0, err
	}
	entries := make([]Entry, len(list))
	for n := range list {
		entries[n] = Entry{Practice: list[n].Practice, Body: list[n].body()}
		if k := known[list[n].Practice]; k != nil {
			entries[n].Label = k.Label
		}
	}
	head, _, err := Append(ctx, w, entries)
	return head, len(entries), err
}

func scanIncident(r *store.Rows) (i Incident, err error) {
	var at int64
	var digest []byte
	if err := r.Scan(&i.Practice, &i.ID, &at, &i.Word, &digest); err != nil {
		return i, err
	}
	if i.At = store.Instant(at); len(digest) == len(i.Digest) {
		i.Digest = Hash(digest)
	}
	return i, nil
}
