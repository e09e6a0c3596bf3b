// Package logbook puts what a courier lets go on the record: what the practices' people signed, each message and what became of it into the ledger, and
// the ledger's head into the courier's journal, on disk before the first byte.
//
// Promises: a message's leaf stands behind those of everything that was signed for it; a ledger that is shorter than the journal knows, or another one,
// is an error, and nothing leaves.
//
// Never: an address or a word of a message: commitments alone.
package logbook

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"letterhead/approval"
	"letterhead/courier/chain"
	"letterhead/courier/journal"
	"letterhead/ledger"
	"letterhead/ledger/proof"
	"letterhead/store"
)

// Logbook is one courier process's. It is safe for concurrent use.
type Logbook struct {
	db      *store.DB
	journal *journal.Journal
	shared  *journal.Shared
	head    proof.Head               // the longest that any process noted; package journal holds its lock
	stopped map[journal.StopKey]bool // the stops that are on record, false of those whose lift is too; the same

	checked atomic.Bool // it is the ledger that the journal knows

	key   *ledger.Key
	point point // who calls Checkpoint does so one at a time

	writing sync.Mutex // held by who writes what was gathered; others wait until theirs is there too

	mu      sync.Mutex
	known   map[store.PracticeID]known
	pending map[store.PracticeID][]signed
}

// signed are the leaves of one entry of a chain, which stand together.
type signed struct {
	head   approval.Head
	leaves []ledger.Entry
}

// known is how far the ledger is with a practice's chain.
type known struct {
	label ledger.Hash
	head  approval.Head // of the last entry that has its leaves
}

const (
	mostKnown  = 10_000
	statements = 1000 // of one practice in a transaction, or one entry's

	headRecord = 'H'
)

// Disbelieved is how a courier says that the ledger is not the one that its journal knows.
const Disbelieved = "the record of messages cannot be believed: "

// Where is whose logbook it is.
type Where struct {
	DB           *store.DB
	Journal      *journal.Journal
	Folder       string // the courier's, where the log's key is
	Installation string
	Epoch        int64
}

// Open opens the logbook for a process. The log's key is there, unless nothing was ever put into this log.
func Open(w Where) (*Logbook, error) {
	l := &Logbook{db: w.DB, journal: w.Journal, known: map[store.PracticeID]known{}, pending: map[store.PracticeID][]signed{}}
	var err error
	if l.shared, err = w.Journal.Ledger((*book)(l)); err != nil {
		return nil, err
	}
	open := ledger.OpenKey
	if l.head.Size == 0 {
		open = ledger.MakeKey
	}
	l.key, err = open(w.Folder, w.Installation, w.Epoch)
	return l, err
}

// book is the logbook as package journal sees it.
type book Logbook

func (b *book) Reset() { b.head, b.stopped = proof.Head{}, map[journal.StopKey]bool{} }

func (b *book) Take(record []byte) bool {
	if record[0] == stoppedRecord || record[0] == liftedRecord {
		return b.takeEvent(record)
	}
	if len(record) != 1+8+len(ledger.Hash{}) || record[0] != headRecord {
		return false
	}
	h := proof.Head{Size: int64(binary.BigEndian.Uint64(record[1:])), Root: ledger.Hash(record[9:])}
	if h.Size > b.head.Size {
		b.head = h
	}
	return true
}

func (b *book) Snapshot(put func([]byte)) []uint64 {
	if b.head.Size > 0 {
		put(b.record())
	}
	for key, open := range b.stopped {
		put(eventRecord(map[bool]byte{true: stoppedRecord, false: liftedRecord}[open], key))
	}
	return nil
}

func (b *book) record() []byte {
	return append(binary.BigEndian.AppendUint64([]byte{headRecord}, uint64(b.head.Size)), b.head.Root[:]...)
}

// Head is the longest ledger that the journal knows.
func (l *Logbook) Head() (h proof.Head, err error) {
	err = l.shared.Change(l.db.Now(), func(*journal.Ground) error {
		h = l.head
		return nil
	})
	return h, err
}

// Check is asked before anything is put on record: the ledger is the one that the journal knows. Found to be that, it is not asked again.
func (l *Logbook) Check(ctx context.Context) error {
	if l.checked.Load() {
		return nil
	}
	head, err := l.Head()
	if err == nil {
		err = ledger.Check(ctx, l.db, head)
	}
	l.checked.Store(err == nil)
	return err
}

// Look finds out how far the ledger is with practices that were not met before.
func (l *Logbook) Look(ctx context.Context, practices []store.PracticeID) error {
	l.mu.Lock()
	var missing []store.PracticeID
	for _, p := range practices {
		if _, is := l.known[p]; !is {
			missing = append(missing, p)
		}
	}
	l.mu.Unlock()
	if len(missing) == 0 {
		return nil
	}
	var found map[store.PracticeID]*ledger.Known
	err := l.db.WholeView(ctx, "how far the ledger is", func(w *store.Wide) (err error) {
		found, err = ledger.KnownOf(ctx, w, missing)
		return err
	})
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.known) > mostKnown {
		clear(l.known)
	}
	for _, p := range missing {
		if k := found[p]; k != nil {
			l.known[p] = known{k.Label, approval.Head{Position: k.Chain, Hash: approval.Digest(k.Entry)}}
		} else {
			l.known[p] = known{}
		}
	}
	return nil
}

// Gather reads, in a View of the practice, what was signed and has no leaf yet, as of a state of its chain. Write puts it into the ledger.
func (l *Logbook) Gather(ctx context.Context, tx *store.Tx, chains *chain.Chains, s *approval.State) error {
	l.mu.Lock()
	k := l.known[tx.Practice]
	l.mu.Unlock()
	head := s.Head()
	if s.Behind() != nil || head == k.head {
		return nil
	}
	entries, err := chains.Entries(ctx, tx, k.head.Position)
	if err != nil {
		return err
	}
	var resumed *ledger.Resumed
	if len(entries) == 0 || entries[0].Previous != k.head.Hash { // the chain was cut, and grew on from an earlier entry; or k is old
		if entries, resumed, err = l.parted(ctx, tx, k); err != nil {
			return err
		}
	}
	seen, err := l.journal.Chain(tx.Practice)
	if err != nil {
		return err
	}
	label := k.label
	var out []signed
	for _, e := range entries {
		if e.Head.Position > head.Position {
			break // the journal has not seen it yet
		}
		if e.Head.Position == 1 {
			label = ledger.LabelOf(e)
		}
		own := *e // the chain's stays as it is
		own.Seen = seen.Seen(e.Head.Position)
		if now := l.db.Now(); own.Seen.After(now) { // by the clock of another host, or of ours before it was set: no leaf is older than what it says
			own.Seen = now
		}
		bodies, err := ledger.Statements(&own)
		if err != nil {
			return err
		}
		leaves := make([]ledger.Entry, len(bodies))
		for i, b := range bodies {
			leaves[i] = ledger.Entry{Practice: tx.Practice, Label: label, Body: b, Resumed: resumed}
			resumed = nil
		}
		out = append(out, signed{e.Head, leaves})
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pending[tx.Practice] = out
	return nil
}

// parted finds where a chain and what is on record of it part, and returns what the chain has behind that.
func (l *Logbook) parted(ctx context.Context, tx *store.Tx, k known) ([]*approval.Entry, *ledger.Resumed, error) {
	branch, err := ledger.Branch(ctx, tx)
	if err != nil {
		return nil, nil, err
	}
	entries, err := approval.ListAll(ctx, tx, 0)
	if err != nil {
		return nil, nil, err
	}
	same := 0
	for same < min(len(branch), len(entries)) && branch[same] == entries[same].Head {
		same++
	}
	if same == 0 { // not even the root: the ledger is told by whoever appends
		return entries, nil, nil
	}
	if same == len(branch) { // it is on record up to there
		l.mu.Lock()
		defer l.mu.Unlock()
		l.known[tx.Practice] = known{k.label, branch[same-1]}
		return entries[same:], nil, nil
	}
	if same == len(entries) { // the transaction is older than what another courier put on record
		return nil, nil, nil
	}
	return entries[same:], &ledger.Resumed{Lost: branch[len(branch)-1], From: branch[same-1]}, nil
}

// Write puts what Gather found into the ledger, here or in a call that took it up before.
func (l *Logbook) Write(ctx context.Context) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	l.mu.Lock()
	pending := l.pending
	l.pending = map[store.PracticeID][]signed{}
	l.mu.Unlock()
	for p, entries := range pending {
		for len(entries) > 0 {
			var part []ledger.Entry
			var last approval.Head
			for len(entries) > 0 && (len(part) == 0 || len(part)+len(entries[0].leaves) <= statements) {
				part, last, entries = append(part, entries[0].leaves...), entries[0].head, entries[1:]
			}
			if err := l.change(ctx, "put what was signed on the record", part); err != nil {
				return err
			}
			l.mu.Lock()
			l.known[p] = known{part[0].Label, last}
			l.mu.Unlock()
		}
	}
	return nil
}

func (l *Logbook) change(ctx context.Context, what string, entries []ledger.Entry) error {
	var head proof.Head
	err := l.db.Whole(ctx, what, func(w *store.Wide) error {
		var err error
		head, _, err = l.Append(ctx, w, entries)
		return err
	})
	if err != nil {
		return err
	}
	return l.Note(head)
}

// Label is a practice's, once its root statement has its leaf; zero before.
func (l *Logbook) Label(p store.PracticeID) ledger.Hash {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.known[p].label
}

// Append puts leaves behind the ledger's last, as the last statement of the caller's transaction. Once it is committed, Note the head.
func (l *Logbook) Append(ctx context.Context, w *store.Wide, entries []ledger.Entry) (proof.Head, []ledger.Place, error) {
	if len(entries) == 0 {
		return proof.Head{}, nil, nil
	}
	if err := labelled(ctx, w, entries); err != nil {
		return proof.Head{}, nil, err
	}
	head, places, err := ledger.Append(ctx, w, entries)
	if err != nil {
		l.checked.Store(!errors.Is(err, ledger.ErrDamaged) && l.checked.Load())
		return head, nil, err
	}
	fresh := int64(0)
	for _, p := range places {
		if p.Sequence > 0 {
			fresh++
		}
	}
	return head, places, l.grown(head, fresh)
}

// labelled gives leaves their practices' labels that were forgotten meanwhile, as one forgets now and then (mostKnown).
func labelled(ctx context.Context, w *store.Wide, entries []ledger.Entry) error {
	var missing []store.PracticeID
	for i := range entries {
		if e := &entries[i]; e.Practice != "" && e.Label == (ledger.Hash{}) {
			missing = append(missing, e.Practice)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	found, err := ledger.KnownOf(ctx, w, slices.Compact(slices.Sorted(slices.Values(missing))))
	for i := range entries {
		if k := found[entries[i].Practice]; k != nil {
			entries[i].Label = k.Label
		}
	}
	return err
}

// grown tells whether a ledger to which some leaves were just added is as long as the journal knows.
func (l *Logbook) grown(head proof.Head, fresh int64) error {
	had, err := l.Head()
	if err == nil && head.Size-fresh < had.Size {
		l.checked.Store(false)
		err = ledger.ErrDamaged.With(fmt.Errorf("the journal has seen %d leaves, the ledger had %d", had.Size, head.Size-fresh))
	}
	return err
}

// Note writes a head into the journal. Sync returns when the disk has it.
func (l *Logbook) Note(head proof.Head) error {
	return l.shared.Change(l.db.Now(), func(g *journal.Ground) error {
		if head.Size > l.head.Size {
			l.head = head
			g.Put((*book)(l).record())
		}
		return nil
	})
}

// Sync returns when the disk has what was noted.
func (l *Logbook) Sync() error { return l.shared.Sync() }

// Checkpoint puts on record what was signed and is not yet, where no message did so, and incidents, and signs the ledger's state with the log's key in the courier's
// folder, where it has grown: not more than once in a while.
func (l *Logbook) Checkpoint(ctx context.Context, chains *chain.Chains, now time.Time) error {
	late := l.Incidents(ctx)
	if now.Sub(l.point.at) < checkpointEvery {
		return late
	}
	late = errors.Join(late, l.catchUp(ctx, chains))
	head, err := l.Head()
	if err != nil || head.Size == l.point.size {
		return errors.Join(late, err)
	}
	if _, err := ledger.Checkpoint(ctx, l.db, l.key); err != nil {
		return err
	}
	l.point.size, l.point.at = head.Size, now
	return late
}

// catchUp puts on record what was signed of practices of which nothing leaves: a withdrawal is one.
func (l *Logbook) catchUp(ctx context.Context, chains *chain.Chains) error {
	var signed map[store.PracticeID]int64
	var known map[store.PracticeID]*ledger.Known
	err := l.db.WholeView(ctx, "what is signed and not on record", func(w *store.Wide) (err error) {
		if signed, err = approval.Lengths(ctx, w); err == nil {
			known, err = ledger.Everybody(ctx, w)
		}
		return err
	})
	if err != nil {
		return err
	}
	var late []store.PracticeID
	for p, length := range signed {
		if k := known[p]; (k == nil || k.Chain < length) && len(late) < mostLate {
			late = append(late, p)
		}
	}
	l.forget(late)
	if err := l.Look(ctx, late); err != nil {
		return err
	}
	for _, p := range late {
		err = errors.Join(err, l.db.View(ctx, store.Actor{Practice: p, Agent: "courier"}, func(tx *store.Tx) error {
			return chains.Read(ctx, tx, func(s *approval.State) error { return l.Gather(ctx, tx, chains, s) })
		}))
	}
	return errors.Join(err, l.Write(ctx))
}

// forget has practices read again of which nothing was on record.
func (l *Logbook) forget(practices []store.PracticeID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range practices {
		if l.known[p] == (known{}) {
			delete(l.known, p)
		}
	}
}

const (
	checkpointEvery = time.Minute
	mostLate        = 100 // practices in one round
)

// point is the checkpoint that this process made last.
type point struct {
	size int64
	at   time.Time
}
