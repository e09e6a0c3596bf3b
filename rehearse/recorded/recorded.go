// Package recorded takes the figures of the record of messages by itself: what a leaf costs, and a log of many messages with a practice's evidence file of it.
//
// It promises that what it writes is what the courier writes: statements that a key signed, leaves with their commitments, a checkpoint. Its keys are software's, and
// its databases are thrown away.
package recorded

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"syscall"
	"time"

	"letterhead/approval"
	"letterhead/approval/assertion"
	"letterhead/courier/trust"
	"letterhead/ledger"
	"letterhead/ledger/leaf"
	"letterhead/store"
	"letterhead/testkit/key"
)

// Log is a log with its practices, each with a rule and a wording that its owner signed.
type Log struct {
	db        *store.DB
	key       *ledger.Key
	house     string
	practices []*practice
	n         uint64
}

type practice struct {
	id       store.PracticeID
	label    leaf.Hash
	root     *key.Key
	template leaf.Message // but for what commits to one message
	salt     leaf.Salt
}

// New begins a log in an empty database; folder is for its key.
func New(ctx context.Context, db *store.DB, folder, house string, practices ...store.PracticeID) (*Log, error) {
	k, err := ledger.MakeKey(folder, house, 1)
	if err != nil {
		return nil, err
	}
	l := &Log{db: db, key: k, house: house}
	for _, id := range practices {
		if err := l.found(ctx, id); err != nil {
			return nil, err
		}
	}
	return l, nil
}

func (l *Log) found(ctx context.Context, id store.PracticeID) error {
	root := key.New(key.Desk)
	chain, err := key.Found(l.house, id, "anna", root, l.db.Now())
	if err != nil {
		return err
	}
	version := approval.Digest(sha256.Sum256([]byte("version")))
	rule, wording := chain.State.Draft(approval.KindRule, "r", "anna"), chain.State.Draft(approval.KindWording, "w", "anna")
	rule.Digest, rule.Body.Rule = version, &approval.RuleBody{Channel: "email", Purpose: "appointments", Wording: "w"}
	wording.Digest, wording.Body.Wording = version, &approval.WordingBody{Purpose: "appointments"}
	if _, err := chain.Sign(root, rule, wording); err != nil {
		return err
	}
	by, err := rule.Sum()
	if err != nil {
		return err
	}
	words, err := wording.Sum()
	if err != nil {
		return err
	}
	bodies, err := ledger.Statements(chain.Entries...)
	if err != nil {
		return err
	}
	err = l.db.Change(ctx, store.Actor{Practice: id, Agent: "bench"}, func(tx *store.Tx) error {
		for _, e := range chain.Entries {
			if err := approval.Append(ctx, tx, e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	p := &practice{id: id, label: ledger.LabelOf(chain.Entries[0]), root: root, salt: leaf.NewSalt(), template: leaf.Message{Class: leaf.ClassRule, Channel: leaf.Email,
		Version: leaf.Hash(version), Approval: leaf.Hash(by), Wording: leaf.Hash(words), Links: leaf.Links([]string{"www.example.com"})}}
	l.practices = append(l.practices, p)
	entries := make([]ledger.Entry, len(bodies))
	for i, b := range bodies {
		entries[i] = ledger.Entry{Practice: id, Label: p.label, Body: b}
	}
	return l.append(ctx, entries)
}

func (l *Log) append(ctx context.Context, entries []ledger.Entry) error {
	return l.db.Whole(ctx, "figures of the record", func(w *store.Wide) error {
		_, _, err := ledger.Append(ctx, w, entries)
		return err
	})
}

// Batch puts size messages on record in one transaction, of the log's practices in turn, with their commitments. A size of 0 is the transaction alone.
func (l *Log) Batch(ctx context.Context, size int) error {
	entries := make([]ledger.Entry, size)
	for i := range entries {
		p := l.practices[i%len(l.practices)]
		var sum [32]byte
		l.n++
		binary.BigEndian.PutUint64(sum[:], l.n)
		m := p.template
		m.Recipient, m.Text, m.Words = p.salt.Recipient(leaf.Email, "somebody@example.com"), p.salt.Text(sum), p.salt.Words(sum)
		entries[i] = ledger.Entry{Practice: p.id, Label: p.label, Body: &m}
	}
	return l.append(ctx, entries)
}

// CPU is what this process has used, user and system.
func CPU() (time.Duration, error) {
	var u syscall.Rusage
	err := syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), err
}

// Evidence makes a checkpoint and writes the first practice's file; root and logKey are what `letterhead verify` is told.
func (l *Log) Evidence(ctx context.Context, out io.Writer) (root, logKey string, err error) {
	if _, err := ledger.Checkpoint(ctx, l.db, l.key); err != nil {
		return "", "", err
	}
	p := l.practices[0]
	err = ledger.Export{DB: l.db, Practice: p.id, Log: l.key.Verifier, Desks: []assertion.Party{key.Desk}}.Write(ctx, out)
	return trust.Root{Practice: p.id, Key: p.root.Subject(), PublicKey: p.root.COSE}.Fingerprint(l.house), l.key.Text, err
}

// Proof is the length in bytes of the longest of some inclusion proofs in the log as it is now.
func (l *Log) Proof(ctx context.Context) (longest int, err error) {
	err = l.db.WholeView(ctx, "figures of the record", func(w *store.Wide) error {
		all, err := ledger.Head(ctx, w)
		if err != nil {
			return err
		}
		for i := range int64(64) {
			hashes, err := ledger.Prove(ctx, w, all.Size, i*(all.Size-1)/63)
			if err != nil {
				return err
			}
			longest = max(longest, len(hashes)*len(leaf.Hash{}))
		}
		return nil
	})
	return longest, err
}

// tables are what is kept of a message, its timeline and its place in the log.
const tables = `'message', 'message_step', 'message_code', 'ledger_head', 'ledger_practice', 'ledger_leaf', 'ledger_hash'`

// Stored is how many bytes of the database messages take, with their timeline, codes and leaves, all indexes and what pages leave free, without what is sealed.
// On PostgreSQL that is with dead rows that nobody has cleared away yet.
func Stored(ctx context.Context, w *store.Wide, postgres bool) (bytes int64, messages int, err error) {
	size := `SELECT sum(d.pgsize) FROM dbstat d JOIN sqlite_schema s ON s.name = d.name WHERE s.tbl_name IN (` + tables + `)`
	if postgres {
		size = `SELECT CAST(sum(pg_total_relation_size(CAST(t.relname AS regclass))) AS BIGINT) FROM pg_class t WHERE t.relkind = 'r' AND t.relname IN (` + tables + `)`
	}
	var sealed int64
	err = errors.Join(w.Row(ctx, size).Scan(&bytes), w.Row(ctx, `SELECT count(*), coalesce(sum(length(sealed)), 0) FROM message`).Scan(&messages, &sealed))
	return bytes - sealed, messages, err
}
