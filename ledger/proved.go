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
	Size   int64     // of the log that it was proved in
	Signed time.Time // when that was signed by the log's key; zero: it is too young, and stands behind the last checkpoint
}

// FindProved is Find, with the proof that what was found is in the log: as of the last checkpoint, whose signature is checked, or as of now where it is younger.
// ErrDamaged says that the leaf which stands there is not the one that was signed, or that there is no way to tell.
func FindProved(ctx context.Context, w *store.Wide, log note.Verifier, practice store.PracticeID, since int64, most int, fits func(*leaf.Leaf) bool) (out Proved, err error) {
	if out.Stored, err = Find(ctx, w, practice, since, most, fits); err != nil {
		return out, err
	}
	if out.Leaf, err = leaf.Parse(out.Raw); err != nil {
		return out, damaged("leaf %d: %w", out.Index, err)
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
