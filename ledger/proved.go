package ledger

import (
	"context"
	"errors"
	"time"

	"golang.org/x/mod/sumdb/note"
	"letterhead/ledger/leaf"
	"letterhead/ledger/proof"
	"letterhead/store"
)

// Proved is a leaf whose place in the log was proved.
type Proved struct {
	Stored
	Leaf   *leaf.Leaf
	Fate   leaf.Fate // of a message: what is on record of it; 0 for nothing yet
	Size   int64     // of the log that it was proved in
	Signed time.Time // when that was signed by the log's key; zero: it is too young, and stands behind the last checkpoint
}

// FindProved is Find, with what became of a message, and with the proof that what was found is in the log: as of the last checkpoint, whose signature is checked, or as of now where it is younger.
// ErrDamaged says that the leaf which stands there is not the one that was signed, or that there is no way to tell.
func FindProved(ctx context.Context, w *store.Wide, log note.Verifier, practice store.PracticeID, since int64, most int, fits func(*leaf.Leaf) bool) (out Proved, err error) {
	if err := out.find(ctx, w, practice, since, most, fits); err != nil {
		return out, err
	}
	head, err := Head(ctx, w)
	if err != nil {
		return out, err
	}
	raw, err := Latest(ctx, w, log.Name(), proof.MaxSize)
	if err != nil && !errors.Is(err, store.ErrNone) {
		return out, err
	}
	if err == nil {
		point, err := proof.OpenCheckpoint([]byte(raw), log)
		if err != nil {
			return out, damaged("the checkpoint: %w", err)
		}
		if out.Index < point.Size {
			head = point.Head
			if _, out.Signed, err = Point(ctx, w, log.Name()); err != nil {
				return out, err
			}
		}
	}
	out.Size = head.Size
	hashes, err := Prove(ctx, w, head.Size, out.Index)
	if err != nil {
		return out, errors.Join(ErrDamaged, err)
	}
	if err := proof.CheckLeaf(hashes, head, out.Index, leaf.Sum(out.Raw)); err != nil {
		return out, damaged("leaf %d is not the one that was signed: %w", out.Index, err)
	}
	return out, nil
}

// find is Find, and goes on to the leaf that says what became of a message.
func (p *Proved) find(ctx context.Context, w *store.Wide, practice store.PracticeID, since int64, most int, fits func(*leaf.Leaf) bool) error {
	last := int64(0)
	err := Since(ctx, w, practice, since, most+mostAhead, func(s Stored, l *leaf.Leaf) error {
		if p.Leaf == nil {
			if fits(l) {
				p.Stored, p.Leaf, last = s, l, int64(s.Sequence)+mostAhead
			}
			return nil
		}
		if o, is := l.Body.(*leaf.Outcome); is {
			for _, r := range o.Results {
				if r.Sequence == p.Sequence {
					p.Fate = r.Fate
					return ErrEnough
				}
			}
		}
		if _, is := p.Leaf.Body.(*leaf.Message); !is || int64(s.Sequence) >= last {
			return ErrEnough
		}
		return nil
	})
	if err != nil && !errors.Is(err, ErrEnough) {
		return err
	}
	if p.Leaf == nil {
		return store.ErrNone
	}
	return nil
}
