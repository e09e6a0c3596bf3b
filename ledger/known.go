package ledger

import (
	"context"
	"fmt"
	"slices"

	"letterhead/approval"
	"letterhead/fault"
	"letterhead/ledger/leaf"
	"letterhead/store"
)

// Known is how far the ledger is with one practice.
type Known struct {
	Label Hash
	Count uint64 // leaves
	Head  Hash   // of the last
	Chain int64  // position of the last entry of its approvals that has its leaves
	Entry Hash   // and that entry's hash; zero where it is not known

	next uint16 // index of the statement that has to come next in an entry that was begun
}

// follows tells whether a body may come next, or is there already.
func (k *Known) follows(e *Entry) (skip bool, err error) {
	s, is := e.Body.(*leaf.Statement)
	if r := e.Resumed; r != nil && r.Lost.Position == k.Chain && (Hash(r.Lost.Hash) == k.Entry || k.Entry == Hash{}) {
		k.Chain, k.Entry, k.next = r.From.Position, Hash(r.From.Hash), 0
	}
	switch {
	case !is && k.Count == 0 && k.Label != Hash{}:
		return false, order("a practice's first leaf is its root statement")
	case !is:
		k.next = 0
		return false, nil
	case int64(s.Position) <= k.Chain && (int64(s.Position) < k.Chain || s.Index < k.next || k.next == 0):
		return true, nil
	case int64(s.Position) == k.Chain && s.Index == k.next:
	case int64(s.Position) == k.Chain+1 && s.Index == 0:
	default:
		return false, order("the statements of a chain come in order, an entry's all together")
	}
	if k.Count == 0 && (s.Digest != k.Label || s.Withdrawn != Hash{}) {
		return false, order("a practice's label is its root statement's digest")
	}
	k.Chain, k.Entry, k.next = int64(s.Position), s.Entry, s.Index+1
	return false, nil
}

func order(say string) error { return fault.New(fault.Internal, "ledger.order", say) }

// knownOf reads how far the ledger is with the practices of a batch.
func knownOf(ctx context.Context, w *store.Wide, entries []Entry) (map[store.PracticeID]*Known, error) {
	var practices []string
	seen := map[store.PracticeID]bool{}
	for i := range entries {
		if p := entries[i].Practice; !seen[p] {
			seen[p] = true
			practices = append(practices, string(p))
		}
	}
	return KnownOf(ctx, w, practices)
}

// KnownOf reads how far the ledger is with some practices; one that it has no leaf of is not in the map.
func KnownOf[P ~string](ctx context.Context, w *store.Wide, practices []P) (map[store.PracticeID]*Known, error) {
	out := map[store.PracticeID]*Known{}
	err := store.Chunks(practices, 1, func(list string, args []any) error {
		rows, err := w.Query(ctx, `SELECT practice, label, count, head, chain, entry FROM ledger_practice WHERE practice IN (`+list+`)`, args...)
		_, err = store.Collect(rows, err, func(r *store.Rows) (struct{}, error) { return struct{}{}, scanKnown(r, out) })
		return err
	})
	if err != nil {
		return nil, wrap("read how far the ledger is", err)
	}
	return out, nil
}

// Everybody is KnownOf every practice that the ledger has a leaf of.
func Everybody(ctx context.Context, w *store.Wide) (map[store.PracticeID]*Known, error) {
	out := map[store.PracticeID]*Known{}
	rows, err := w.Query(ctx, `SELECT practice, label, count, head, chain, entry FROM ledger_practice WHERE practice <> ''`)
	_, err = store.Collect(rows, err, func(r *store.Rows) (struct{}, error) { return struct{}{}, scanKnown(r, out) })
	if err != nil {
		return nil, wrap("read how far the ledger is", err)
	}
	return out, nil
}

func scanKnown(r *store.Rows, into map[store.PracticeID]*Known) error {
	var practice store.PracticeID
	var label, head, entry []byte
	var count int64
	k := &Known{}
	if err := r.Scan(&practice, &label, &count, &head, &k.Chain, &entry); err != nil {
		return err
	}
	if len(label) != len(k.Label) || len(head) != len(k.Head) || count < 1 || entry != nil && len(entry) != len(k.Entry) {
		return damaged("the line of a practice")
	}
	copy(k.Entry[:], entry)
	k.Label, k.Head, k.Count = Hash(label), Hash(head), uint64(count)
	into[practice] = k
	return nil
}

// LabelOf is a practice's label: the digest of the first statement of its chain.
func LabelOf(first *approval.Entry) Hash { return Hash(first.Sheet.Statements[0]) }

// Statements are the leaves of a chain's entries, which the journal has seen.
func Statements(entries ...*approval.Entry) ([]leaf.Body, error) {
	var out []leaf.Body
	for _, e := range entries {
		if e.Seen.IsZero() {
			return nil, fault.New(fault.Unavailable, "ledger.unseen", "the courier's journal has not seen this approval yet")
		}
		for i, s := range e.Statements() {
			b := &leaf.Statement{Position: uint64(e.Head.Position), Index: uint16(i), Seen: store.Micro(e.Seen), Digest: Hash(e.Sheet.Statements[i]), Entry: Hash(e.Head.Hash)}
			if s.Kind == approval.KindWithdraw {
				d, err := approval.ParseDigest(s.Subject)
				if err != nil {
					return nil, fmt.Errorf("read what is withdrawn: %w", err)
				}
				b.Withdrawn = Hash(d)
			}
			out = append(out, b)
		}
	}
	return slices.Clip(out), nil
}
