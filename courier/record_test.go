package courier_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"strings"
	"testing"
	"time"

	"letterhead/approval"
	"letterhead/courier"
	"letterhead/courier/kept"
	"letterhead/courier/trust"
	"letterhead/ledger"
	"letterhead/ledger/evidence"
	"letterhead/ledger/leaf"
	"letterhead/message"
	"letterhead/store"
	"letterhead/testkit"
	"letterhead/testkit/sink"
	"letterhead/vault"
	"letterhead/wording"
)

// leaves are the message leaves of a practice, by what they commit to of the recipient.
func (w *world) leaves(p store.PracticeID) map[leaf.Hash]*leaf.Message {
	w.t.Helper()
	out := map[leaf.Hash]*leaf.Message{}
	err := w.db.WholeView(context.Background(), "test", func(x *store.Wide) error {
		head, err := ledger.Audit(context.Background(), x)
		if err != nil {
			return err
		}
		return ledger.AllLeaves(context.Background(), x, 0, head.Size, func(of store.PracticeID, s ledger.Stored) error {
			l, err := leaf.Parse(s.Raw)
			if err != nil {
				return err
			}
			if m, is := l.Body.(*leaf.Message); is && of == p {
				out[m.Recipient] = m
			}
			return nil
		})
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

// record opens what is sealed with a message.
func (w *world) record(p store.PracticeID, m *message.Message) (r courier.Record, salt leaf.Salt) {
	w.t.Helper()
	w.change(p, func(tx *store.Tx) error {
		sealed, err := message.Sealed(context.Background(), tx, m.ID)
		if err != nil {
			return err
		}
		keys, err := w.keeper.Keys(context.Background(), tx)
		if err != nil {
			return err
		}
		table, row, column, version := m.Place()
		raw, err := keys.Open(tx, vault.Of{Client: m.Client, Fields: "message"}, vault.Place{Table: table, Row: row, Column: column, Version: version}, sealed)
		if err == nil {
			var read *courier.Record
			if read, err = kept.Parse(raw); err == nil {
				r = *read
			}
		}
		return err
	})
	return r, leaf.Salt(r.Salt)
}

// onRecord fails for a message whose first byte may have left and which the ledger does not know.
func (w *world) onRecord(p store.PracticeID, leaves map[leaf.Hash]*leaf.Message, id message.ID) *leaf.Message {
	w.t.Helper()
	m := w.find(p, id)
	r, salt := w.record(p, &m)
	known := leaves[salt.Recipient(leaf.Email, r.Address)]
	if known == nil {
		w.t.Errorf("%s/%s is %s, and has no leaf", p, id, m.State)
	}
	return known
}

// A leaf commits to the bytes that arrived and to their words, and says under which statement they went.
func TestALeafIsOfWhatArrived(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		s := listen(t, sink.SMTPOptions{})
		w.queue("a", "m", 3, nil)
		w.queue("b", "m", 2, nil)
		w.drain(w.options(relayTo(s.Address())))
		leaves := w.leaves("a")
		if len(leaves) != 3 || len(w.leaves("b")) != 2 {
			t.Fatalf("%d leaves", len(leaves))
		}
		for _, got := range s.List() {
			if !strings.Contains(string(got.Raw), "@pa.example") {
				continue
			}
			id := message.ID(strings.TrimSuffix(strings.Trim(got.Header.Get("Message-Id"), "<>"), "@pa.example"))
			known := w.onRecord("a", leaves, id)
			m := w.find("a", id)
			_, salt := w.record("a", &m)
			if known == nil || known.Text != salt.Text(sha256.Sum256(got.Raw)) {
				t.Errorf("%s: the leaf is of other bytes", id)
			}
			text := "Hello Joey, this is a reminder of your appointment"
			if known != nil && (known.Words == salt.Words(leaf.WordsOf([]byte(text))) || known.Approval == leaf.Hash{} || known.Wording == leaf.Hash{}) {
				t.Errorf("%s: %+v", id, known)
			}
		}
	})
}

// snapshot is what the ledger was at some time.
type snapshot struct {
	size, hashes int64
	edge         []byte
	practices    map[string]struct {
		count, chain int64
		head         []byte
	}
}

func (w *world) keep() (k snapshot) {
	w.whole(func(x *store.Wide) error {
		k.practices = map[string]struct {
			count, chain int64
			head         []byte
		}{}
		err := x.Row(context.Background(), `SELECT size, edge, (SELECT max(place) FROM ledger_hash) FROM ledger_head`).Scan(&k.size, &k.edge, &k.hashes)
		if err != nil {
			return err
		}
		rows, err := x.Query(context.Background(), `SELECT practice, count, chain, head FROM ledger_practice`)
		_, err = store.Collect(rows, err, func(r *store.Rows) (none struct{}, err error) {
			var practice string
			p := k.practices[practice]
			err = r.Scan(&practice, &p.count, &p.chain, &p.head)
			k.practices[practice] = p
			return none, err
		})
		return err
	})
	return k
}

// rollBack makes the ledger again what it was: whole, and shorter than what was told.
func (w *world) rollBack(k snapshot) {
	w.whole(func(x *store.Wide) error {
		do := func(statement string, args ...any) error {
			_, err := x.Exec(context.Background(), statement, args...)
			return err
		}
		err := errors.Join(do(`DELETE FROM ledger_cosignature`), do(`DELETE FROM ledger_checkpoint`), do(`DELETE FROM ledger_leaf WHERE place >= $1`, k.size),
			do(`DELETE FROM ledger_hash WHERE place > $1`, k.hashes), do(`UPDATE ledger_head SET size = $1, edge = $2`, k.size, k.edge))
		for practice, p := range k.practices {
			err = errors.Join(err, do(`UPDATE ledger_practice SET count = $2, chain = $3, head = $4 WHERE practice = $1`, practice, p.count, p.chain, p.head))
		}
		return err
	})
}

// A ledger that is shorter than the journal knows lets nothing leave, neither of a courier that begins nor of one that runs.
func TestALedgerThatWasRolledBack(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		s := listen(t, sink.SMTPOptions{})
		running := w.courier(w.options(relayTo(s.Address())))
		var before snapshot
		for i, prefix := range []string{"m", "n"} {
			w.queue("a", prefix, 3, nil)
			if err := running.Drain(t.Context(), w.db.Now()); err != nil {
				t.Fatal(err)
			}
			if i == 0 {
				before = w.keep()
			}
		}
		w.rollBack(before)
		w.queue("a", "o", 2, nil)
		_ = running.Drain(t.Context(), w.db.Now())
		fresh := w.courier(w.options(relayTo(s.Address())))
		err := fresh.Drain(t.Context(), w.db.Now())
		if s.Count() != 6 || err == nil || !strings.Contains(fresh.Status().Why, "record of messages") {
			t.Errorf("%d left; %v; %s", s.Count(), err, fresh.Status().Why)
		}
	})
}

// evidence is a practice's evidence file as of a checkpoint that is made for it, verified as by somebody else.
func (w *world) evidence(p store.PracticeID) (*evidence.Report, error) {
	w.t.Helper()
	root, anchor, key := w.anchored(p)
	if _, err := ledger.Checkpoint(context.Background(), w.db, key); err != nil {
		w.t.Fatal(err)
	}
	paper := trust.Root{Practice: p, Key: anchor.Root.Key, PublicKey: anchor.Root.PublicKey}
	return evidence.Verify(bytes.NewReader(w.evidenceFile(p)), evidence.Expect{Root: paper.Fingerprint(root.Installation), LogKey: key.Text})
}

func (w *world) anchored(p store.PracticeID) (trust.File, approval.Anchor, *ledger.Key) {
	w.t.Helper()
	root, err := trust.Read(w.folder)
	if err != nil {
		w.t.Fatal(err)
	}
	anchor, err := trust.Anchor(w.folder, p)
	if err != nil {
		w.t.Fatal(err)
	}
	key, err := ledger.OpenKey(w.folder, root.Installation, root.Epoch)
	if err != nil {
		w.t.Fatal(err)
	}
	return root, anchor, key
}

// evidenceFile is the file as of the last checkpoint.
func (w *world) evidenceFile(p store.PracticeID) []byte {
	w.t.Helper()
	_, anchor, key := w.anchored(p)
	var file bytes.Buffer
	if err := (ledger.Export{DB: w.db, Practice: p, Log: key.Verifier, Desks: anchor.Parties}).Write(context.Background(), &file); err != nil {
		w.t.Fatal(err)
	}
	return file.Bytes()
}

// verified fails when a practice's evidence does not hold, or knows of another fate than the rows of its n messages.
func (w *world) verified(p store.PracticeID, n int) *evidence.Report {
	w.t.Helper()
	r, err := w.evidence(p)
	if err != nil {
		w.t.Errorf("%s: %v", p, err)
		return &evidence.Report{}
	}
	states := w.states(p)
	if states[message.Sent] != r.Fates["sent"] || states[message.MaybeSent] != r.Fates["maybe sent"] || r.Fates["without an outcome yet"] != 0 || states[message.Sent]+states[message.MaybeSent] != n {
		w.t.Errorf("%s: the ledger says %v, the rows %v of %d", p, r.Fates, states, n)
	}
	return r
}

// A chain that goes on from an earlier entry, after a loss, is on record as that: what was lost stays there, and what is signed after it comes behind.
func TestAChainThatGoesOnAfterALossIsOnRecord(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		s := listen(t, sink.SMTPOptions{})
		o := w.options(relayTo(s.Address()))
		running := w.courier(o)
		again := func(prefix string) {
			w.queue("a", prefix, 2, nil)
			if err := running.Drain(t.Context(), w.db.Now()); err != nil {
				t.Fatal(err)
			}
		}
		again("m")
		w.version("a", wording.Transactional, plainVersion("pa.example", wording.Transactional))
		again("n") // under a statement that will be lost
		w.exec("a", `DELETE FROM approval WHERE practice = $1 AND position = (SELECT max(x.position) FROM approval x WHERE x.practice = $1)`)
		again("o")
		if s.Count() != 4 {
			t.Fatalf("%d left, two of them after the loss", s.Count())
		}
		w.sign("a", func(s *approval.State) []*approval.Statement {
			lost, _ := s.Pinned()
			x := s.Draft(approval.KindResume, "chain", "ana")
			x.Body.Resume = &approval.ResumeBody{From: s.Head(), Lost: lost}
			return []*approval.Statement{x}
		})
		w.version("a", wording.Transactional, plainVersion("pa.example", wording.Transactional))
		again("p")
		fresh := w.courier(o)
		w.queue("a", "q", 2, nil)
		if err := fresh.Drain(t.Context(), w.db.Now()); err != nil {
			t.Fatal(err)
		}
		if r := w.verified("a", 10); r.Lost != 1 || len(r.Approvals) == 0 {
			t.Errorf("%+v", r)
		}
		w.verified("b", 0)
	})
}

// What was signed where the clock is ahead, or had been, is on record by the courier's clock: the evidence holds.
func TestAClockThatIsAheadSpoilsNoEvidence(t *testing.T) {
	t.Parallel()
	clock := testkit.NewClock(t, "2026-11-02T10:00:00Z")
	w := newWorld(t, testkit.Open(t, testkit.SQLite, clock), "a", "b")
	s := listen(t, sink.SMTPOptions{})
	w.signSeen("a", false, clock.Now().Add(12*time.Hour), func(s *approval.State) []*approval.Statement {
		x := s.Draft(approval.KindHosts, "hosts", "ana")
		x.Body.Hosts = &approval.HostsBody{Hosts: []string{"pa.example", "portal.example"}}
		return []*approval.Statement{x}
	})
	w.queue("a", "m", 2, nil)
	w.drain(w.options(relayTo(s.Address())))
	clock.Pass(24 * time.Hour)
	w.queue("a", "n", 1, nil)
	w.drain(w.options(relayTo(s.Address())))
	if r, err := w.evidence("a"); err != nil || r.Messages != s.Count() || r.Messages == 0 {
		t.Errorf("%+v %v", r, err)
	}
}
