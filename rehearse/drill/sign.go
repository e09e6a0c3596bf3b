package drill

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"letterhead/approval"
	"letterhead/courier"
	"letterhead/courier/chain"
	"letterhead/courier/journal"
	"letterhead/courier/trust"
	"letterhead/store"
	"letterhead/testkit/key"
	"letterhead/testkit/owner"
	"letterhead/wording"
)

// The attackers' tools: forged wordings, entries slipped into the chain, and a key that was stolen.

func journalOf(courierFolder string) string { return courier.JournalFolder(courierFolder) }

func (w *world) courierFolder() string { return filepath.Join(w.folder(), "courier") }

// signer is the owner of a practice with their key.
func (w *world) signer(ctx context.Context, practice store.PracticeID) (*owner.Owner, error) {
	m, err := w.owner(ctx, practice)
	if err != nil {
		return nil, err
	}
	o, err := owner.Of(w.courierFolder(), journalOf(w.courierFolder()), practice, m.ID, w.db.Now())
	if err != nil {
		return nil, err
	}
	desk, err := trust.Desk(w.courierFolder())
	o.Key.Party, o.Fresh = desk, true // nobody has used what is signed from here on
	return o, err
}

// chain reads a practice's chain as the courier does.
func (w *world) chain(ctx context.Context, practice store.PracticeID, do func(context.Context, *store.Tx, *approval.State) error) error {
	t, err := trust.Read(w.courierFolder())
	if err != nil {
		return err
	}
	j, err := journal.Open(journalOf(w.courierFolder()), t.Installation, t.Epoch)
	if err != nil {
		return err
	}
	defer j.Close()
	return w.db.View(ctx, store.Actor{Practice: practice, Agent: "drill"}, func(tx *store.Tx) error {
		return chain.Open(w.courierFolder(), j).Read(ctx, tx, func(s *approval.State) error { return do(ctx, tx, s) })
	})
}

// limits are what a practice signed about quantities.
func (w *world) limits(ctx context.Context, practice store.PracticeID) (l approval.Limits, err error) {
	err = w.chain(ctx, practice, func(_ context.Context, tx *store.Tx, s *approval.State) error {
		standing, err := s.Current(approval.KindLimits, "limits", tx.Now)
		if err == nil {
			l = *standing.Statement.Limits
		}
		return err
	})
	return l, err
}

// slipIn signs one statement with a key, right or wrong, and writes the entry behind the chain by the row.
func (w *world) slipIn(ctx context.Context, practice store.PracticeID, k *key.Key, draft func(*approval.State) *approval.Statement) error {
	var entry *approval.Entry
	err := w.chain(ctx, practice, func(_ context.Context, tx *store.Tx, s *approval.State) error {
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
	return w.exec(ctx, `INSERT INTO approval (practice, position, hash, entry, added_at) VALUES ($1, $2, $3, $4, $5)`,
		string(practice), entry.Head.Position, entry.Head.Hash.String(), string(entry.Text), store.Micro(w.db.Now()))
}

// sign has the owner sign, now, as at the desk.
func (w *world) sign(ctx context.Context, practice store.PracticeID, draft func(*approval.State, *owner.Owner) *approval.Statement) error {
	o, err := w.signer(ctx, practice)
	if err != nil {
		return err
	}
	_, err = o.Sign(ctx, w.db, time.Now().Add(-time.Second), func(_ context.Context, _ *store.Tx, s *approval.State) ([]*approval.Statement, error) {
		return []*approval.Statement{draft(s, o)}, nil
	})
	return err
}

// forge makes a version of a practice's reminder with the words of 2024 in it, from what another's is; change may change more.
func (w *world) forge(ctx context.Context, of, from store.PracticeID, change func(*wording.Version)) (content []byte, digest approval.Digest, subject string, err error) {
	err = w.db.WholeView(ctx, "drill: a version", func(x *store.Wide) error {
		if err := x.Row(ctx, `SELECT wording FROM rule WHERE practice = $1 AND key = 'reminder-2-days'`, string(of)).Scan(&subject); err != nil {
			return err
		}
		return x.Row(ctx, `SELECT v.content FROM rule r JOIN wording w ON w.practice = r.practice AND w.id = r.wording
			JOIN wording_version v ON v.practice = w.practice AND v.id = w.signed WHERE r.practice = $1 AND r.key = 'reminder-2-days'`, string(from)).Scan(&content)
	})
	if err != nil {
		return nil, digest, "", err
	}
	v, _, err := wording.DecodeCanonical(content)
	if err != nil {
		return nil, digest, "", err
	}
	for i := range v.Languages {
		l := &v.Languages[i]
		l.Subject = wording.Say("You have won")
		l.Blocks = append([]wording.Block{wording.Text("Your " + mark + " waits for you, {recipient.greeting_name}.")}, l.Blocks...)
	}
	if change != nil {
		change(v)
	}
	if content, err = v.Canonical(); err != nil {
		return nil, digest, "", err
	}
	sum, err := v.Digest()
	return content, approval.Digest(sum), subject, err
}

// plant makes a version the one that a wording sends, by rows.
func (w *world) plant(ctx context.Context, practice store.PracticeID, subject string, content []byte, digest approval.Digest) error {
	return w.rows(ctx, func(x *store.Wide) error { return plant(ctx, x, practice, subject, content, digest) })
}

func plant(ctx context.Context, x *store.Wide, practice store.PracticeID, subject string, content []byte, digest approval.Digest) error {
	id := store.NewID[string]()
	_, err := x.Exec(ctx, `INSERT INTO wording_version (practice, id, wording, number, digest, content, made_by, made_at)
		SELECT $1, $2, $3, 1 + coalesce(max(number), 0), $4, $5, 'drill', $6 FROM wording_version WHERE practice = $1 AND wording = $3`,
		string(practice), id, subject, digest.String(), content, store.Micro(x.Now))
	if err != nil {
		return fmt.Errorf("plant a version: %w", err)
	}
	return touch(ctx, x, `UPDATE wording SET current = $3, signed = $3 WHERE practice = $1 AND id = $2`, string(practice), subject, id)
}
