// Package chain keeps the practices' approval chains in a courier's hand: read from the database, verified from the trust file's roots, held
// against the journal, noted in it, and folded, so that asking what is approved costs one small query for each practice in a batch.
//
// A courier and a signing desk in one process share one Chains. Each opens it over its own place in the same journal folder, whatever process it
// is in.
//
// Promises: what a chain allows is answered only after the journal has its head on disk; a chain that is behind the journal, is another one
// than it has seen, or has one wrong entry allows nothing, an entry that was changed after it was read within the hour; an entry's waiting times run from the instant at which the journal first had it.
//
// Never: a row believed for what it says of keys, roles or times.
package chain

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"letterhead/approval"
	"letterhead/courier/journal"
	"letterhead/courier/trust"
	"letterhead/store"
)

// Chains is the chains of an installation. It is safe for concurrent use.
type Chains struct {
	folder  string // of the trust file
	journal *journal.Journal

	mu sync.Mutex
	of map[store.PracticeID]*held
}

// held is one practice's chain. Who reads holds mu for reading, who takes entries in for writing.
type held struct {
	mu     sync.RWMutex
	state  *approval.State
	pinned journal.ChainHead // what the journal is known to have
	read   time.Time         // when all of it was read

	appending *store.Tx // has put an entry into the table and may not have committed it

	fresh atomic.Pointer[[]*approval.Entry] // what was read last, until somebody has read the chain with it
}

// mostHeld bounds how many chains are kept folded; beyond it, arbitrary ones are dropped and folded again when wanted.
const mostHeld = 4096

// readAnew is how long a chain is believed as it was read while its last row stays: whoever changes older rows changes nothing of what is allowed, and
// allows nothing any more once they are read.
const readAnew = time.Hour

// Open keeps chains over a courier's folder and its place in the journal.
func Open(folder string, j *journal.Journal) *Chains {
	return &Chains{folder: folder, journal: j, of: map[store.PracticeID]*held{}}
}

// Read calls do with what the transaction's practice has approved, as of the last row of its chain. The State must not be kept beyond do. An
// error, from here or from asking the State, means: nothing of this practice is sent.
func (c *Chains) Read(ctx context.Context, tx *store.Tx, do func(*approval.State) error) error {
	h := c.held(tx.Practice)
	for range attempts {
		current, err := c.current(ctx, tx, h)
		if err != nil {
			return err
		}
		if current {
			err := do(h.state)
			h.fresh.Store(nil)
			empty := h.state.Head().Position == 0
			h.mu.RUnlock()
			if empty { // its first key may be pinned any time
				c.forget(tx.Practice, h)
			}
			return err
		}
		if err := c.catchUp(ctx, tx, h); err != nil && !errors.Is(err, journal.ErrChainMoved) {
			return err
		}
	}
	return journal.ErrChainMoved
}

// Entries returns the entries behind a position, within Read: those that Read itself has just read, or else by reading them. They must not be changed.
func (c *Chains) Entries(ctx context.Context, tx *store.Tx, behind int64) ([]*approval.Entry, error) {
	fresh := c.held(tx.Practice).fresh.Load()
	if fresh == nil || (*fresh)[0].Head.Position > behind+1 {
		return approval.ListAll(ctx, tx, behind)
	}
	return slices.DeleteFunc(slices.Clone(*fresh), func(e *approval.Entry) bool { return e.Head.Position <= behind }), nil
}

// attempts bounds how often others may note something while a chain is caught up with.
const attempts = 5

// Append takes a signed entry in, for the desk: it is tried, and put behind the head of the table. It is noted when it is read back in another
// transaction, and so must be the last thing that its own asks. approval.ErrMoved: make the entry again behind the new head
// (approval.Signing.Entry), without another touch.
func (c *Chains) Append(ctx context.Context, tx *store.Tx, e *approval.Entry) error {
	return c.Read(ctx, tx, func(s *approval.State) error {
		if e.Previous != s.Head().Hash {
			return approval.ErrMoved
		}
		if err := s.Try(e); err != nil {
			return err
		}
		h := c.held(tx.Practice)
		c.mu.Lock()
		h.appending = tx
		c.mu.Unlock()
		return approval.Append(ctx, tx, e)
	})
}

func (c *Chains) held(practice store.PracticeID) *held {
	c.mu.Lock()
	defer c.mu.Unlock()
	h := c.of[practice]
	if h == nil {
		if len(c.of) >= mostHeld {
			for other := range c.of {
				delete(c.of, other)
				break
			}
		}
		h = &held{}
		c.of[practice] = h
	}
	return h
}

func (c *Chains) forget(practice store.PracticeID, h *held) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.of[practice] == h {
		delete(c.of, practice)
	}
}

// errOwn is a programmer's mistake: what a transaction wrote itself may be rolled back, and must not be noted.
var errOwn = errors.New("chain: approvals are read in the transaction that appended one")

// current tells whether what is held is what database and journal have; then the caller holds it for reading.
func (c *Chains) current(ctx context.Context, tx *store.Tx, h *held) (bool, error) {
	c.mu.Lock()
	own := h.appending == tx
	c.mu.Unlock()
	if own {
		return false, errOwn
	}
	row, err := approval.LastHead(ctx, tx)
	if err != nil {
		return false, err
	}
	noted, err := c.journal.ChainHead(tx.Practice)
	if err != nil {
		return false, err
	}
	h.mu.RLock()
	if h.is(row, noted) && !h.old(tx.Now) {
		return true, nil
	}
	h.mu.RUnlock()
	return false, nil
}

func (h *held) is(row approval.Head, noted journal.ChainHead) bool {
	return h.state != nil && h.state.Head() == row && h.pinned == noted && (noted == journalHead(row) || h.behind())
}

// old tells whether all of it has to be read again.
func (h *held) old(now time.Time) bool { return now.Sub(h.read).Abs() >= readAnew }

// behind tells whether the chain is not what the journal has seen: it allows nothing and is not noted.
func (h *held) behind() bool { return h.state.Behind() != nil }

func journalHead(h approval.Head) journal.ChainHead {
	return journal.ChainHead{Position: h.Position, Hash: h.Hash}
}

// catchUp takes in what is new, or all where the journal has moved or the chain is another, and has the journal note it.
func (c *Chains) catchUp(ctx context.Context, tx *store.Tx, h *held) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	known, err := c.journal.Chain(tx.Practice)
	if err != nil {
		return err
	}
	row, err := approval.LastHead(ctx, tx)
	if err != nil {
		return err
	}
	if h.state != nil && h.pinned == known.Head && !h.behind() && !h.old(tx.Now) && row.Position > h.state.Head().Position {
		err = c.grow(ctx, tx, h, known)
	} else {
		err = c.fold(ctx, tx, h, known)
	}
	if err != nil {
		return err
	}
	return c.note(tx, h, known)
}

// fold reads the whole chain. One that is behind is kept, for the desk to resume it: it allows nothing.
func (c *Chains) fold(ctx context.Context, tx *store.Tx, h *held, known *journal.Chain) error {
	h.state = nil
	anchor, err := trust.Anchor(c.folder, tx.Practice)
	if err != nil {
		return err
	}
	anchor.Pinned = approval.Head{Position: known.Head.Position, Hash: known.Head.Hash}
	anchor.Revoked, anchor.Withdrawn = map[string]approval.Revocation{}, map[approval.Digest]bool{}
	for key, r := range known.Revoked {
		anchor.Revoked[key] = approval.Revocation(r)
	}
	for d := range known.Withdrawn {
		anchor.Withdrawn[d] = true
	}
	entries, err := approval.ListAll(ctx, tx, 0)
	if err != nil {
		return err
	}
	markSeen(entries, known, tx)
	state, err := approval.Fold(anchor, entries)
	if state == nil {
		return err
	}
	h.state, h.pinned, h.read = state, known.Head, tx.Now
	h.keep(entries)
	return nil
}

func markSeen(entries []*approval.Entry, known *journal.Chain, tx *store.Tx) {
	for _, e := range entries {
		e.Seen = tx.Now
		if known.Has(journalHead(e.Head)) {
			e.Seen = known.Seen(e.Head.Position)
		}
	}
}

// grow takes in the entries behind the head that is held.
func (c *Chains) grow(ctx context.Context, tx *store.Tx, h *held, known *journal.Chain) error {
	entries, err := approval.ListAll(ctx, tx, h.state.Head().Position)
	if err != nil {
		return err
	}
	markSeen(entries, known, tx)
	for _, e := range entries {
		if err := h.state.Add(e); err != nil {
			return err
		}
	}
	h.keep(entries)
	return nil
}

func (h *held) keep(entries []*approval.Entry) {
	if len(entries) > 0 {
		h.fresh.Store(&entries)
	}
}

// note has the journal write down what it does not know yet.
func (c *Chains) note(tx *store.Tx, h *held, known *journal.Chain) error {
	if h.behind() {
		return nil
	}
	news := journal.ChainNews{After: known.Head, At: tx.Now, Revoked: map[string]journal.Revocation{}}
	from := known.Head.Position
	resumed, is := h.state.Resumed()
	if is {
		news.Resumed, from = journalHead(resumed), resumed.Position
	}
	for _, hash := range h.state.Hashes(from) {
		news.Entries = append(news.Entries, hash)
	}
	if len(news.Entries) == 0 {
		return nil
	}
	for key, r := range h.state.Revoked() {
		news.Revoked[key] = journal.Revocation(r)
	}
	for _, d := range h.state.Withdrawn() {
		news.Withdrawn = append(news.Withdrawn, d)
	}
	if err := c.journal.NoteChain(tx.Practice, news); err != nil {
		h.state = nil
		return err
	}
	h.pinned = journalHead(h.state.Head())
	if is { // what the journal keeps of the lost entries says something else now
		h.state = nil
	}
	return nil
}
