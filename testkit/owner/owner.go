// Package owner is a practice's owner with a signing key in software, for tests, the demonstration, and roots marked as a test: the first key is
// made in the same ceremony, and what is signed goes into the same chain, as at the desk. Its key lies in a file; a real root has none.
package owner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"letterhead/approval"
	"letterhead/courier/budget"
	"letterhead/courier/chain"
	"letterhead/courier/journal"
	"letterhead/courier/trust"
	"letterhead/fault"
	"letterhead/store"
	"letterhead/testkit/key"
)

// Owner signs for one practice.
type Owner struct {
	Key      *key.Key
	Practice store.PracticeID
	Member   store.MemberID
	Signed   func(context.Context, *store.Tx, []*approval.Statement) error // called with what was signed, in the same transaction

	Fresh bool // what is signed was never used: its first use is paced, as after a signature at the desk

	folder  string // the courier's
	journal string
}

// file is where the key of a practice lies in a courier's folder.
func file(folder string, practice store.PracticeID) string {
	return filepath.Join(folder, "rehearsal", string(practice)+".json")
}

// Has tells whether a practice's owner has such a key.
func Has(folder string, practice store.PracticeID) bool {
	_, err := os.Stat(file(folder, practice))
	return err == nil
}

type saved struct {
	Member store.MemberID `json:"member"`
	Key    []byte         `json:"key"`
}

// ErrReal is returned for a root that is not marked: nobody signs there but people.
var ErrReal = fault.New(fault.Denied, "owner.real", "a key in software signs in roots marked demo or test only")

// Of returns the owner of a practice, with the first key made when there is none. folder is the courier's, journal the journal's.
func Of(folder, journal string, practice store.PracticeID, member store.MemberID, now time.Time) (*Owner, error) {
	t, err := trust.Read(folder)
	if err != nil {
		return nil, err
	}
	if t.Mark == trust.Real {
		return nil, ErrReal
	}
	o := &Owner{Practice: practice, Member: member, folder: folder, journal: journal,
		Signed: func(context.Context, *store.Tx, []*approval.Statement) error { return nil }}
	if raw, err := os.ReadFile(file(folder, practice)); err == nil {
		var s saved
		if err := json.Unmarshal(raw, &s); err != nil {
			return nil, fmt.Errorf("read the key in software: %w", err)
		}
		o.Member = s.Member
		o.Key, err = key.Load(s.Key)
		return o, err
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	desk, err := trust.Desk(folder)
	if errors.Is(err, trust.ErrNoDesk) {
		desk = key.Desk
		err = trust.SetDesk(folder, desk)
	}
	if err != nil {
		return nil, err
	}
	o.Key = key.New(desk)
	if err := o.save(); err != nil {
		return nil, err
	}
	secret, err := trust.Expect(folder, practice, now.Add(time.Hour))
	if err != nil {
		return nil, err
	}
	proof, err := trust.Proof(secret, o.Key.COSE)
	if err != nil {
		return nil, err
	}
	_, err = trust.Pin(folder, practice, secret, o.Key.Subject(), o.Key.COSE, proof, now)
	return o, err
}

func (o *Owner) save() error {
	raw, err := json.Marshal(saved{o.Member, o.Key.Save()})
	if err != nil {
		return err
	}
	path := file(o.folder, o.Practice)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, raw, 0o600)
}

// Sign signs what draft returns, in one sheet; nothing when it returns none. The first time, the key itself is enrolled on the same sheet. What is
// signed counts as seen at an instant: before now, where nobody can wait until it is in force.
func (o *Owner) Sign(ctx context.Context, db *store.DB, seen time.Time, draft func(ctx context.Context, tx *store.Tx, s *approval.State) ([]*approval.Statement, error)) (signed int, err error) {
	t, err := trust.Read(o.folder)
	if err != nil {
		return 0, err
	}
	j, err := journal.Open(o.journal, t.Installation, t.Epoch)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, j.Close()) }()
	chains, actor := chain.Open(o.folder, j), store.Actor{Practice: o.Practice, Member: o.Member}
	var made *approval.Entry
	err = db.Change(ctx, actor, func(tx *store.Tx) error {
		var entry *approval.Entry
		err := chains.Read(ctx, tx, func(s *approval.State) (err error) {
			entry, err = o.entry(ctx, tx, s, draft)
			return err
		})
		if err != nil || entry == nil {
			return err
		}
		signed, made = len(entry.Statements()), entry
		if err := chains.Append(ctx, tx, entry); err != nil {
			return err
		}
		return o.Signed(ctx, tx, entry.Statements())
	})
	if err != nil || signed == 0 {
		return signed, err
	}
	if slices.ContainsFunc(made.Statements(), func(x *approval.Statement) bool { return x.Kind == approval.KindResume }) { // whoever reads the chain notes that
		return signed, db.View(ctx, actor, func(tx *store.Tx) error { return chains.Read(ctx, tx, func(*approval.State) error { return nil }) })
	}
	after, err := j.ChainHead(o.Practice)
	if err != nil {
		return signed, err
	}
	if err := j.NoteChain(o.Practice, journal.ChainNews{After: after, Entries: [][32]byte{made.Head.Hash}, At: seen}); err != nil {
		return signed, err
	}
	if o.Fresh {
		return signed, nil
	}
	return signed, o.used(j, made.Statements(), seen)
}

// used notes first uses of what was signed, some days ago: a practice that has sent with it before. Practices have theirs at different times, for
// together they would be more than the platform allows at once.
func (o *Owner) used(j *journal.Journal, statements []*approval.Statement, seen time.Time) error {
	spread := crc32.ChecksumIEEE([]byte(o.Practice)) % 600
	at := seen.Add(-time.Hour - time.Duration(spread)*budget.HoldFor)
	b, err := budget.Open(j)
	if err != nil {
		return err
	}
	var uses []budget.Use
	for part := range slices.Chunk(slices.DeleteFunc(slices.Clone(statements), func(x *approval.Statement) bool {
		return x.Kind != approval.KindWording && x.Kind != approval.KindRule
	}), 2) {
		use := budget.Use{Practice: o.Practice, Message: store.NewID[string](), Attempt: 1, Address: "rehearsal", Budget: &budget.Budgets{}}
		for _, x := range part {
			digest, err := x.Sum()
			if err != nil {
				return err
			}
			use.Approvals = append(use.Approvals, budget.Approval{Digest: digest, Waiting: 1})
		}
		uses = append(uses, use)
	}
	if len(uses) == 0 {
		return nil
	}
	verdicts, err := b.Ask(at, uses)
	if err != nil {
		return err
	}
	var ends []budget.End
	for _, v := range verdicts {
		if v.Go {
			ends = append(ends, budget.End{Ticket: v.Ticket})
		}
	}
	if err := b.Settle(at, ends); err != nil {
		return err
	}
	return b.Begin()
}

func (o *Owner) entry(ctx context.Context, tx *store.Tx, s *approval.State, draft func(context.Context, *store.Tx, *approval.State) ([]*approval.Statement, error)) (*approval.Entry, error) {
	var statements []*approval.Statement
	if s.Head().Position == 0 {
		root, err := trust.ReadRoot(o.folder, o.Practice)
		if err != nil {
			return nil, err
		}
		x := s.Draft(approval.KindKey, o.Key.Subject(), o.Member)
		x.Body.Key = &approval.KeyBody{Action: approval.Enrol, Member: o.Member, PublicKey: o.Key.COSE, Proof: root.Proof}
		statements = append(statements, x)
	}
	more, err := draft(ctx, tx, s)
	if err != nil {
		return nil, err
	}
	if statements = append(statements, more...); len(statements) == 0 {
		return nil, nil
	}
	signing, err := s.Prepare(tx.Now, statements...)
	if err != nil {
		return nil, err
	}
	return signing.Entry(s.Head(), o.Key.Sign(signing.Challenge))
}
