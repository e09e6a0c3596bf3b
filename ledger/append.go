// Package ledger keeps the log: one Merkle tree for the installation, into which every message goes before its first byte leaves.
//
// Append is called in the transaction that marks messages `leaving`, as its last statement: it takes the row of the head, so that whoever else
// appends waits for the commit, gives the leaves their places, and writes leaves, hashes and heads. It returns the new head, for the courier's
// journal. What leaves say is package leaf's, trees, checkpoints and cosignatures are package proof's, the file that a practice checks offline is
// package evidence's, whoever watches from outside is package witness's.
//
// Leaves of one practice stand together in a batch, in the order given; their instants never go back. A practice's first leaf is its root statement,
// whose digest is its label. The statements of its chain have their leaves in order, each once, however often they are offered.
//
// Promises: leaves commit with the transaction or not at all; rows of leaves and hashes are never changed; a head that was returned is part of
// every later one. Check finds a ledger that was changed or rolled back before anything is appended to it.
//
// Incidents come from the other side of the wall. Whoever opens, changes or closes one calls Want in the transaction that does so, with the
// digest of its state; the courier puts it on record within a minute, by Record.
//
// Never: an address, a name, a text. The log's key is a file in the courier's folder, not a row.
package ledger

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"letterhead/approval"
	"letterhead/fault"
	"letterhead/ledger/leaf"
	"letterhead/ledger/proof"
	"letterhead/store"
)

// Hash is a SHA-256.
type Hash = leaf.Hash

// Entry is a leaf to be.
type Entry struct {
	Practice store.PracticeID // "" for the platform
	Label    Hash             // LabelOf its chain; zero for the platform
	Body     leaf.Body

	Resumed *Resumed // of the first statement of a chain that goes on from an earlier entry, after a loss; nil of all others
}

// Resumed says that a chain goes on from another entry than the last one that is on record. What it says is passed over where the ledger is not there
// any more: another courier was first.
type Resumed struct {
	Lost approval.Head // the last entry that is on record
	From approval.Head // of those that are on record, the last one that is still there
}

// Place is where a leaf stands.
type Place struct {
	Index    int64  // in the log, from 0
	Sequence uint64 // among the practice's, from 1; 0: it was there already (statements)
	At       int64  // its instant, microseconds
	Sum      Hash
}

// MaxBatch bounds one Append.
const MaxBatch = 5000

// ErrDamaged is the cause within every error that says: this is not the ledger that was written.
var ErrDamaged = fault.New(fault.Unavailable, "ledger.damaged", "the record of messages was changed or rolled back; nothing is sent")

func damaged(format string, args ...any) error {
	return ErrDamaged.With(fmt.Errorf(format, args...))
}

// Append puts leaves behind the last and returns the new head and where they stand, in the order given. It must be the last statement of a
// transaction that is short: others wait for its end. The transaction may run again.
func Append(ctx context.Context, w *store.Wide, entries []Entry) (proof.Head, []Place, error) {
	if len(entries) > MaxBatch {
		return proof.Head{}, nil, fault.Field("entries", "ledger.batch", "append at most %d leaves at once", MaxBatch)
	}
	order := make([]int, len(entries)) // practice by practice, each in its order
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return compare(entries[a].Practice, entries[b].Practice)
	})
	head, err := lock(ctx, w)
	if err != nil {
		return proof.Head{}, nil, err
	}
	a := &appending{head: head, at: max(store.Micro(w.Now), head.at), places: make([]Place, len(entries))}
	if a.known, err = knownOf(ctx, w, entries); err != nil {
		return proof.Head{}, nil, err
	}
	a.first = head.tree.Size()
	for len(order) > 0 {
		n := 1
		for n < len(order) && entries[order[n]].Practice == entries[order[0]].Practice {
			n++
		}
		if err := a.run(entries, order[:n]); err != nil {
			return proof.Head{}, nil, err
		}
		order = order[n:]
	}
	if err := a.write(ctx, w); err != nil {
		return proof.Head{}, nil, fmt.Errorf("append to the ledger: %w", err)
	}
	return head.tree.Head(), a.places, nil
}

func compare(a, b store.PracticeID) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// held is the row of the head, which the transaction holds.
type held struct {
	tree *proof.Range
	at   int64
}

func lock(ctx context.Context, w *store.Wide) (*held, error) {
	rows, err := w.Query(ctx, `UPDATE ledger_head SET turns = turns + 1 WHERE one = 1 RETURNING size, edge, at`)
	return oneHead(rows, err)
}

func oneHead(rows *store.Rows, err error) (*held, error) {
	heads, err := store.Collect(rows, err, scanHead)
	if err != nil {
		return nil, wrap("read the ledger's head", err)
	}
	if len(heads) != 1 {
		return nil, damaged("the ledger has %d heads", len(heads))
	}
	return heads[0], nil
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, ErrDamaged) {
		return err
	}
	return fmt.Errorf("%s: %w", what, err)
}

func scanHead(r *store.Rows) (*held, error) {
	var size, at int64
	var edge []byte
	if err := r.Scan(&size, &edge, &at); err != nil {
		return nil, err
	}
	hashes, err := split(edge)
	if err != nil {
		return nil, err
	}
	tree, err := proof.NewRange(size, hashes)
	if err != nil {
		return nil, damaged("the head: %w", err)
	}
	return &held{tree, at}, nil
}

func split(raw []byte) ([]Hash, error) {
	if len(raw)%len(Hash{}) != 0 {
		return nil, damaged("%d bytes are not whole hashes", len(raw))
	}
	out := make([]Hash, len(raw)/len(Hash{}))
	for i := range out {
		out[i] = Hash(raw[i*len(Hash{}):])
	}
	return out, nil
}

func join(hashes []Hash) []byte {
	out := make([]byte, 0, len(hashes)*len(Hash{}))
	for i := range hashes {
		out = append(out, hashes[i][:]...)
	}
	return out
}

// appending is one Append.
type appending struct {
	head   *held
	first  int64 // size before
	at     int64
	known  map[store.PracticeID]*Known
	places []Place
	stored []Hash // new hashes of the tree
	runs   []any  // rows of ledger_leaf
	heads  []any  // rows of ledger_practice
}

// usual is how many bytes a leaf has.
const usual = 360

// run gives the leaves of one practice their places.
func (a *appending) run(entries []Entry, order []int) error {
	first := &entries[order[0]]
	known := a.known[first.Practice]
	if known == nil {
		known = &Known{Label: first.Label}
	}
	begin, place := known.Count, a.head.tree.Size()
	raw := make([]byte, 0, len(order)*usual)
	for _, i := range order {
		e := &entries[i]
		if e.Label != known.Label || (e.Practice == "") != (e.Label == Hash{}) {
			return fault.New(fault.Internal, "ledger.label", "a practice has one label").With(fmt.Errorf("ledger: another label of practice %s", e.Practice))
		}
		skip, err := known.follows(e)
		if err != nil {
			return err
		}
		if skip {
			continue
		}
		l := leaf.Leaf{Label: known.Label, Sequence: known.Count + 1, Previous: known.Head, At: a.at, Body: e.Body}
		start := len(raw)
		if raw, err = l.Append(append(raw, 0, 0)); err != nil {
			return fmt.Errorf("append to the ledger: %w", err)
		}
		text := raw[start+2:]
		binary.BigEndian.PutUint16(raw[start:], uint16(len(text)))
		sum := leaf.Sum(text)
		a.places[i] = Place{Index: a.head.tree.Size(), Sequence: l.Sequence, At: a.at, Sum: sum}
		a.stored = a.head.tree.Leaf(sum, a.stored)
		known.Count, known.Head = l.Sequence, sum
	}
	if known.Count > begin {
		a.runs = append(a.runs, string(first.Practice), int64(begin+1), int64(known.Count-begin), place, raw)
		a.heads = append(a.heads, string(first.Practice), known.Label[:], int64(known.Count), known.Head[:], known.Chain, known.Entry[:])
	}
	return nil
}

func (a *appending) write(ctx context.Context, w *store.Wide) error {
	if len(a.stored) == 0 {
		return nil
	}
	if _, err := w.Set(ctx, leafSet, a.runs); err != nil {
		return err
	}
	if _, err := w.Set(ctx, practiceSet, a.heads); err != nil {
		return err
	}
	if _, err := w.Exec(ctx, `INSERT INTO ledger_hash (place, hashes) VALUES ($1, $2)`, storedCount(a.first), join(a.stored)); err != nil {
		return err
	}
	_, err := w.Exec(ctx, `UPDATE ledger_head SET size = $1, edge = $2, at = $3 WHERE one = 1`, a.head.tree.Size(), join(a.head.tree.Edge()), a.at)
	return err
}

// The first row of VALUES only gives the columns their types, on either engine.
var leafSet = store.NewSet(`WITH v (practice, sequence, count, place, leaves) AS (VALUES
	('', (SELECT sequence FROM ledger_leaf WHERE practice = '' AND sequence = 0), 0, (SELECT sequence FROM ledger_leaf WHERE practice = '' AND sequence = 0),
	(SELECT leaves FROM ledger_leaf WHERE practice = '' AND sequence = 0)), `, `)
	INSERT INTO ledger_leaf (practice, sequence, count, place, leaves) SELECT practice, sequence, count, place, leaves FROM v WHERE v.count > 0`,
	"", int64(0), int64(0), int64(0), []byte(nil))

var practiceSet = store.NewSet(`WITH v (practice, label, count, head, chain, entry) AS (VALUES
	('', (SELECT label FROM ledger_practice WHERE practice = '-'), (SELECT count FROM ledger_practice WHERE practice = '-'),
	(SELECT head FROM ledger_practice WHERE practice = '-'), (SELECT chain FROM ledger_practice WHERE practice = '-'),
	(SELECT entry FROM ledger_practice WHERE practice = '-')), `, `)
	INSERT INTO ledger_practice (practice, label, count, head, chain, entry) SELECT practice, label, count, head, chain, entry FROM v WHERE v.count > 0
	ON CONFLICT (practice) DO UPDATE SET count = excluded.count, head = excluded.head, chain = excluded.chain, entry = excluded.entry`,
	"", []byte(nil), int64(0), []byte(nil), int64(0), []byte(nil))
