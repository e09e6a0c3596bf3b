package siege

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"letterhead/approval"
	"letterhead/courier"
	"letterhead/courier/chain"
	"letterhead/courier/journal"
	"letterhead/courier/trust"
	"letterhead/rehearse/drill/forged"
	"letterhead/store"
	"letterhead/testkit/key"
	"letterhead/testkit/owner"
	"letterhead/wording"
)

// What of the attackers' tools concerns the chain: entries slipped into it, and a key that was stolen.

// CourierFolder is the courier's own.
func (w *World) CourierFolder() string { return filepath.Join(w.Home(), "courier") }

// Signer is the owner of a practice with their key.
func (w *World) Signer(ctx context.Context, practice store.PracticeID) (*owner.Owner, error) {
	m, err := w.OwnerOf(ctx, practice)
	if err != nil {
		return nil, err
	}
	o, err := owner.Of(w.CourierFolder(), courier.JournalFolder(w.CourierFolder()), practice, m.ID, w.DB.Now())
	if err != nil {
		return nil, err
	}
	desk, err := trust.Desk(w.CourierFolder())
	o.Key.Party, o.Fresh = desk, true // nobody has used what is signed from here on
	return o, err
}

// Chain reads a practice's chain as the courier does.
func (w *World) Chain(ctx context.Context, practice store.PracticeID, do func(context.Context, *store.Tx, *approval.State) error) error {
	t, err := trust.Read(w.CourierFolder())
	if err != nil {
		return err
	}
	j, err := journal.Open(courier.JournalFolder(w.CourierFolder()), t.Installation, t.Epoch)
	if err != nil {
		return err
	}
	defer j.Close()
	return w.DB.View(ctx, store.Actor{Practice: practice, Agent: "drill"}, func(tx *store.Tx) error {
		return chain.Open(w.CourierFolder(), j).Read(ctx, tx, func(s *approval.State) error { return do(ctx, tx, s) })
	})
}

// Limits are what a practice signed about quantities.
func (w *World) Limits(ctx context.Context, practice store.PracticeID) (l approval.Limits, err error) {
	err = w.Chain(ctx, practice, func(_ context.Context, tx *store.Tx, s *approval.State) error {
		standing, err := s.Current(approval.KindLimits, "limits", tx.Now)
		if err == nil {
			l = *standing.Statement.Limits
		}
		return err
	})
	return l, err
}

// SlipIn signs one statement with a key, right or wrong, and writes the entry behind the chain by the row.
func (w *World) SlipIn(ctx context.Context, practice store.PracticeID, k *key.Key, draft func(*approval.State) *approval.Statement) error {
	var entry *approval.Entry
	err := w.Chain(ctx, practice, func(_ context.Context, tx *store.Tx, s *approval.State) error {
		signing, err := s.Prepare(tx.Now, draft(s))
		if err != nil {
			return err
		}
		entry, err = signing.Entry(s.Head(), k.Sign(signing.Challenge))
		return err
	})
	if err != nil {
		return err
	}
	return w.Exec(ctx, `INSERT INTO approval (practice, position, hash, entry, added_at) VALUES ($1, $2, $3, $4, $5)`,
		string(practice), entry.Head.Position, entry.Head.Hash.String(), string(entry.Text), store.Micro(w.DB.Now()))
}

// Sign has the owner sign, now, as at the desk.
func (w *World) Sign(ctx context.Context, practice store.PracticeID, draft func(*approval.State, *owner.Owner) *approval.Statement) error {
	o, err := w.Signer(ctx, practice)
	if err != nil {
		return err
	}
	_, err = o.Sign(ctx, w.DB, time.Now().Add(-time.Second), func(_ context.Context, _ *store.Tx, s *approval.State) ([]*approval.Statement, error) {
		return []*approval.Statement{draft(s, o)}, nil
	})
	return err
}

// Forge makes a version of a practice's reminder with the words of 2024 in it, from what another's is; change may change more.
func (w *World) Forge(ctx context.Context, of, from store.PracticeID, change func(*wording.Version)) (content []byte, digest approval.Digest, subject string, err error) {
	return forged.Reminder(ctx, w.DB, of, from, change)
}

// Plant makes a version the one that a wording sends, by rows.
func (w *World) Plant(ctx context.Context, practice store.PracticeID, subject string, content []byte, digest approval.Digest) error {
	_, err := forged.Plant(ctx, w.DB, practice, subject, content, digest)
	return err
}

// SignedReminder is the version that a practice's reminder sends.
func (w *World) SignedReminder(ctx context.Context, practice store.PracticeID) (version, digest, subject string, err error) {
	return forged.Signed(ctx, w.DB, practice)
}

// StopSeen waits until the courier has a stop in its journal.
func (w *World) StopSeen(ctx context.Context) error {
	var id string
	err := w.DB.WholeView(ctx, "drill: the stop", func(x *store.Wide) error {
		return x.Row(ctx, `SELECT id FROM freeze_entry WHERE lifted_at = 0 ORDER BY at DESC LIMIT 1`).Scan(&id)
	})
	if err != nil {
		return err
	}
	for end := time.Now().Add(SettlesIn); time.Now().Before(end); {
		files, err := filepath.Glob(filepath.Join(w.CourierFolder(), "journal", "*"))
		if err != nil {
			return err
		}
		for _, file := range files {
			if raw, err := os.ReadFile(file); err == nil && bytes.Contains(raw, []byte(id)) {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(20 * time.Millisecond):
		}
	}
	return errors.New("the journal does not note a stop")
}
