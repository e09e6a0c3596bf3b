package record

import (
	"context"
	"errors"
	"io"
	"time"

	"letterhead/courier/setting"
	"letterhead/courier/trust"
	"letterhead/fault"
	"letterhead/ledger"
	"letterhead/ledger/leaf"
	"letterhead/ledger/proof"
	"letterhead/store"
	"letterhead/web/page"
)

var errNoCheckpoint = fault.New(fault.Unavailable, "evidence.no_checkpoint", "the record of messages has no signed state yet; the courier makes one within a minute")

// Pages is what members' pages can say of the record of messages, in a process that reaches the courier's folder.
type Pages struct {
	Host
	Config setting.Config
}

// About implements page.Record.
func (p Pages) About(ctx context.Context, practice store.PracticeID) (out page.About, err error) {
	key, err := ledger.OpenKey(p.Folder, p.Trust.Installation, p.Trust.Epoch)
	if err != nil {
		return out, err
	}
	out.LogKey, out.Wanted = key.Text, p.Config.Wanted()
	anchor, err := trust.Anchor(p.Folder, practice)
	if err != nil {
		return out, err
	}
	if anchor.Root.Key != "" {
		out.Fingerprint = trust.Root{Practice: practice, Key: anchor.Root.Key, PublicKey: anchor.Root.PublicKey}.Fingerprint(p.Trust.Installation)
	}
	return out, p.DB.WholeView(ctx, "how far the record of messages is signed", func(w *store.Wide) (err error) {
		if out.Size, out.At, err = ledger.Point(ctx, w, key.Name()); err != nil || out.Wanted == 0 {
			return err
		}
		var keys []*proof.Cosigner
		for _, x := range p.Config.Witnesses {
			c, err := proof.ParseCosigner(x.Key)
			if err != nil {
				return err
			}
			keys = append(keys, c)
		}
		seen, err := ledger.Witness(ctx, w, key.Verifier, keys, out.Wanted)
		out.Names, out.Witnessed, out.Since = seen.Names, seen.At, seen.Since
		return err
	})
}

// mostLeaves bounds the looking for a leaf: a message leaves within days of being made.
const mostLeaves = 200_000

// Leaf implements page.Record.
func (p Pages) Leaf(ctx context.Context, practice store.PracticeID, since time.Time, fits func(*leaf.Leaf) bool) (out ledger.Proved, err error) {
	key, err := ledger.OpenKey(p.Folder, p.Trust.Installation, p.Trust.Epoch)
	if err != nil {
		return out, err
	}
	err = p.DB.WholeView(ctx, "find and prove a leaf", func(w *store.Wide) (err error) {
		out, err = ledger.FindProved(ctx, w, key.Verifier, practice, store.Micro(since), mostLeaves, fits)
		return err
	})
	return out, err
}

// Evidence implements page.Record: the bytes of `export evidence` as of the last checkpoint.
func (p Pages) Evidence(ctx context.Context, practice store.PracticeID, out io.Writer) error {
	key, err := ledger.OpenKey(p.Folder, p.Trust.Installation, p.Trust.Epoch)
	if err != nil {
		return err
	}
	err = p.evidence(ctx, key, practice, 0, out)
	if errors.Is(err, store.ErrNone) {
		return errNoCheckpoint
	}
	return err
}
