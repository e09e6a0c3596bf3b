package chain_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"letterhead/approval"
	"letterhead/courier/chain"
	"letterhead/courier/journal"
	"letterhead/courier/trust"
	"letterhead/store"
	"letterhead/testkit"
	"letterhead/testkit/key"
)

const (
	clinic = store.PracticeID("0198f000-0000-7000-8000-00000000000a")
	anna   = store.MemberID("anna")
	ben    = store.MemberID("ben")
)

// world is one installation: a database, a courier's folder, a clock, and a desk at which an owner signs.
type world struct {
	t      testing.TB
	db     *store.DB
	clock  *testkit.Clock
	folder string
	trust  trust.File
	chains *chain.Chains
	root   *key.Key
	ben    *key.Key
}

func newWorld(t testing.TB, engine testkit.Engine) *world {
	t.Helper()
	w := &world{t: t, clock: testkit.NewClock(t, "2026-11-02T12:00:00Z"), folder: filepath.Join(t.TempDir(), "courier"), root: key.New(key.Desk), ben: key.New(key.Desk)}
	w.db = testkit.Open(t, engine, w.clock)
	var err error
	if w.trust, err = trust.Create(w.folder, trust.Test); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(trust.SetDesk(w.folder, key.Desk), journal.Create(w.journal(), w.trust.Installation, 1)); err != nil {
		t.Fatal(err)
	}
	w.chains = w.open()
	return w
}

func (w *world) journal() string { return filepath.Join(w.folder, "journal") }

// open is another process.
func (w *world) open() *chain.Chains {
	w.t.Helper()
	j, err := journal.Open(w.journal(), w.trust.Installation, w.trust.Epoch)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = j.Close() })
	return chain.Open(w.folder, j)
}

// found pins the root and appends the first entry.
func (w *world) found() {
	w.t.Helper()
	secret, err := trust.Expect(w.folder, clinic, w.clock.Now().Add(time.Hour))
	if err != nil {
		w.t.Fatal(err)
	}
	proof, err := trust.Proof(secret, w.root.COSE)
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := trust.Pin(w.folder, clinic, secret, w.root.Subject(), w.root.COSE, proof, w.clock.Now()); err != nil {
		w.t.Fatal(err)
	}
	w.sign(w.root, func(s *approval.State) []*approval.Statement {
		x := s.Draft(approval.KindKey, w.root.Subject(), anna)
		x.Body.Key = &approval.KeyBody{Action: approval.Enrol, Member: anna, PublicKey: w.root.COSE, Proof: proof}
		y := s.Draft(approval.KindKey, w.ben.Subject(), anna)
		y.Body.Key = &approval.KeyBody{Action: approval.Enrol, Member: ben, PublicKey: w.ben.COSE, Proof: approval.Bytes{}}
		z := s.Draft(approval.KindMember, string(ben), anna)
		z.Body.Member = &approval.MemberBody{Role: approval.Manager}
		return []*approval.Statement{x, y, z}
	})
}

func (w *world) prepare(draft func(*approval.State) []*approval.Statement) (signing *approval.Signing) {
	w.t.Helper()
	err := w.read(w.chains, func(s *approval.State) (err error) {
		signing, err = s.Prepare(w.clock.Now(), draft(s)...)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return signing
}

func (w *world) append(signing *approval.Signing, signature approval.Signature) error {
	return w.db.Change(context.Background(), store.Actor{Practice: clinic, Agent: "desk"}, func(tx *store.Tx) error {
		head, err := approval.LastHead(context.Background(), tx)
		if err != nil {
			return err
		}
		e, err := signing.Entry(head, signature)
		if err != nil {
			return err
		}
		return w.chains.Append(context.Background(), tx, e)
	})
}

func (w *world) sign(k *key.Key, draft func(*approval.State) []*approval.Statement) {
	w.t.Helper()
	signing := w.prepare(draft)
	if err := w.append(signing, k.Sign(signing.Challenge)); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) read(c *chain.Chains, do func(*approval.State) error) error {
	return w.db.View(context.Background(), store.Actor{Practice: clinic, Agent: "courier"}, func(tx *store.Tx) error {
		return c.Read(context.Background(), tx, do)
	})
}

func wording(subject string, n byte, who store.MemberID) func(*approval.State) []*approval.Statement {
	return func(s *approval.State) []*approval.Statement {
		x := s.Draft(approval.KindWording, subject, who)
		x.Digest, x.Body.Wording = approval.Digest{n}, &approval.WordingBody{Purpose: "appointments"}
		return []*approval.Statement{x}
	}
}

// allows is why a wording may not be sent, "" when it may, by what a process reads.
func (w *world) allows(c *chain.Chains, subject string, n byte) approval.Reason {
	w.t.Helper()
	err := w.read(c, func(s *approval.State) error {
		_, err := s.Allows(approval.KindWording, subject, approval.Digest{n}, w.clock.Now())
		return err
	})
	if why := approval.ReasonOf(err); err == nil || why != "" {
		return why
	}
	return approval.Reason(err.Error())
}

func (w *world) delete(behind int64) {
	w.t.Helper()
	err := w.db.Change(context.Background(), store.Actor{Practice: clinic, Agent: "attacker"}, func(tx *store.Tx) error {
		_, err := tx.Exec(context.Background(), `DELETE FROM approval WHERE practice = $1 AND position > $2`, behind)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func each(t *testing.T, test func(t *testing.T, w *world)) {
	for _, engine := range testkit.Engines() {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			test(t, newWorld(t, engine))
		})
	}
}

func TestWhatIsSignedIsAllowedInEveryProcess(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		courier := w.open()
		if why := w.allows(courier, "w", 1); why != approval.Unsigned {
			t.Errorf("before the first key: %q", why)
		}
		w.found()
		w.sign(w.root, wording("w", 1, anna))
		for name, c := range map[string]*chain.Chains{"desk": w.chains, "courier": courier, "new": w.open()} {
			if why := w.allows(c, "w", 1); why != "" {
				t.Errorf("%s: %q", name, why)
			}
			if why := w.allows(c, "w", 2); why != approval.Unsigned {
				t.Errorf("%s: %q", name, why)
			}
		}
		// Two sign at the same time: the second entry is made again behind the first, without another touch.
		first, second := w.prepare(wording("v", 1, anna)), w.prepare(wording("u", 1, ben))
		for _, e := range []struct {
			signing *approval.Signing
			by      *key.Key
		}{{first, w.root}, {second, w.ben}} {
			if err := w.append(e.signing, e.by.Sign(e.signing.Challenge)); err != nil {
				t.Fatal(err)
			}
		}
		if w.allows(courier, "v", 1) != "" || w.allows(courier, "u", 1) != "" {
			t.Error("one of two that signed at the same time is lost")
		}
		if err := w.append(first, w.root.Sign(first.Challenge)); approval.ReasonOf(err) != approval.Replayed {
			t.Errorf("the same sheet again: %v", err)
		}
	})
}

func TestWaitingRunsFromWhenTheJournalSawIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	w.found()
	hosts := func(who store.MemberID) func(*approval.State) []*approval.Statement {
		return func(s *approval.State) []*approval.Statement {
			if x := s.Waiting(w.clock.Now()); len(x) > 0 {
				return []*approval.Statement{x[0].Statement}
			}
			x := s.Draft(approval.KindHosts, "hosts", who)
			x.Body.Hosts = &approval.HostsBody{Hosts: []string{"a.example"}}
			return []*approval.Statement{x}
		}
	}
	host := func(c *chain.Chains) approval.Reason {
		return approval.ReasonOf(w.read(c, func(s *approval.State) error { return s.Host("a.example", w.clock.Now()) }))
	}
	w.sign(w.root, hosts(anna))
	if why := host(w.chains); why != approval.NeedsSecond {
		t.Errorf("%q", why)
	}
	w.sign(w.ben, hosts(ben))
	w.clock.Pass(approval.KeyAge - time.Second)
	for _, c := range []*chain.Chains{w.chains, w.open()} {
		if why := host(c); why != approval.KeyYoung {
			t.Errorf("%q", why)
		}
	}
	w.clock.Pass(time.Second)
	for _, c := range []*chain.Chains{w.chains, w.open()} {
		if why := host(c); why != "" {
			t.Errorf("%q", why)
		}
	}
}

func TestADatabaseThatIsBehindOrAnotherAllowsNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.found()
		w.sign(w.root, wording("w", 1, anna))
		w.sign(w.root, wording("v", 1, anna))
		w.sign(w.root, func(s *approval.State) []*approval.Statement {
			x, err := s.Current(approval.KindWording, "v", w.clock.Now())
			if err != nil {
				t.Fatal(err)
			}
			return []*approval.Statement{s.Draft(approval.KindWithdraw, x.Digest.String(), anna)}
		})
		if why := w.allows(w.chains, "v", 1); why != approval.Withdrawn {
			t.Errorf("%q", why)
		}
		w.delete(3) // the withdrawal
		for name, c := range map[string]*chain.Chains{"running": w.chains, "new": w.open()} {
			for _, subject := range []string{"v", "w"} {
				if why := w.allows(c, subject, 1); why != approval.Behind {
					t.Errorf("%s: %q", name, why)
				}
			}
		}
		// Nothing but a resume can be signed; it takes two, old enough.
		signing := w.prepare(wording("u", 1, anna))
		if err := w.append(signing, w.root.Sign(signing.Challenge)); approval.ReasonOf(err) != approval.Behind {
			t.Errorf("%v", err)
		}
		w.clock.Pass(approval.KeyAge)
		resume := func(who store.MemberID) func(s *approval.State) []*approval.Statement {
			return func(s *approval.State) []*approval.Statement {
				if x := s.Waiting(w.clock.Now()); len(x) > 0 {
					return []*approval.Statement{x[0].Statement}
				}
				lost, _ := s.Pinned()
				x := s.Draft(approval.KindResume, "chain", who)
				x.Body.Resume = &approval.ResumeBody{From: s.Head(), Lost: lost}
				return []*approval.Statement{x}
			}
		}
		w.sign(w.root, resume(anna))
		if why := w.allows(w.chains, "w", 1); why != approval.Behind {
			t.Errorf("resumed by one: %q", why)
		}
		w.sign(w.ben, resume(ben))
		for name, c := range map[string]*chain.Chains{"running": w.chains, "new": w.open()} {
			if why := w.allows(c, "w", 1); why != "" {
				t.Errorf("%s, resumed: %q", name, why)
			}
			if why := w.allows(c, "v", 1); why != approval.Withdrawn {
				t.Errorf("%s: what was withdrawn by a lost entry: %q", name, why)
			}
		}
		w.delete(0)
		if why := w.allows(w.chains, "w", 1); why != approval.Behind {
			t.Errorf("all rows gone: %q", why)
		}
	})
}

func TestAWrongRowAllowsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	w.found()
	w.sign(w.root, wording("w", 1, anna))
	if why := w.allows(w.chains, "w", 1); why != "" {
		t.Fatal(why)
	}
	for name, query := range map[string]string{
		"another entry": `UPDATE approval SET entry = replace(entry, 'appointments', 'marketing') WHERE practice = $1 AND position = 2`,
		"no entry":      `UPDATE approval SET entry = '' WHERE practice = $1 AND position = 2`,
		"another hash":  `UPDATE approval SET hash = (SELECT b.hash FROM approval b WHERE b.practice = $1 AND b.position = 1) WHERE practice = $1 AND position = 2`,
		"a row put in":  `INSERT INTO approval (practice, position, hash, entry, added_at) SELECT $1, 3, hash, entry, 0 FROM approval WHERE practice = $1 AND position = 2`,
		"a row between": `UPDATE approval SET position = 9 WHERE practice = $1 AND position = 2`,
	} {
		err := w.db.Change(context.Background(), store.Actor{Practice: clinic, Agent: "attacker"}, func(tx *store.Tx) error {
			if _, err := tx.Exec(context.Background(), query); err != nil {
				return err
			}
			err := w.open().Read(context.Background(), tx, func(s *approval.State) error {
				_, err := s.Allows(approval.KindWording, "w", approval.Digest{1}, w.clock.Now())
				return err
			})
			if err == nil {
				t.Errorf("%s: allowed", name)
			}
			return errors.Join(errors.New("roll back"), err)
		})
		if err == nil {
			t.Fatal(name)
		}
	}
	if why := w.allows(w.chains, "w", 1); why != "" {
		t.Errorf("rolled back: %q", why)
	}
}

// Whoever changes older rows under a running courier changes nothing of what it allows, and within an hour it allows nothing. Put right, they are read.
func TestOldRowsAreReadAnew(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.found()
		w.sign(w.root, wording("w", 1, anna))
		w.sign(w.root, wording("v", 1, anna))
		w.sign(w.root, func(s *approval.State) []*approval.Statement {
			x, err := s.Current(approval.KindWording, "v", w.clock.Now())
			if err != nil {
				t.Fatal(err)
			}
			return []*approval.Statement{s.Draft(approval.KindWithdraw, x.Digest.String(), anna)}
		})
		w.sign(w.root, wording("u", 1, anna))
		change := func(query string, args ...any) {
			t.Helper()
			err := w.db.Change(context.Background(), store.Actor{Practice: clinic, Agent: "attacker"}, func(tx *store.Tx) error {
				n, err := tx.Exec(context.Background(), query, args...)
				if err == nil && n == 0 {
					err = errors.New("nothing was changed")
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		asks := func(when string, wanted map[string]approval.Reason) {
			t.Helper()
			for subject, reason := range wanted {
				if why := w.allows(w.chains, subject, 1); why != reason {
					t.Errorf("%s: %s is %q, not %q", when, subject, why, reason)
				}
			}
		}
		asks("as it was signed", map[string]approval.Reason{"u": "", "v": approval.Withdrawn, "w": ""})
		for name, harm := range map[string][2]string{
			"a withdrawal that is gone": {`UPDATE approval SET position = -4 WHERE practice = $1 AND position = 4`, `UPDATE approval SET position = 4 WHERE practice = $1 AND position = -4`},
			"other words":               {`UPDATE approval SET entry = replace(entry, 'appointments', 'appointmentz') WHERE practice = $1 AND position = 2`, `UPDATE approval SET entry = replace(entry, 'appointmentz', 'appointments') WHERE practice = $1 AND position = 2`},
			"another key":               {`UPDATE approval SET entry = replace(entry, 'enrol', 'enrot') WHERE practice = $1 AND position = 1`, `UPDATE approval SET entry = replace(entry, 'enrot', 'enrol') WHERE practice = $1 AND position = 1`},
		} {
			change(harm[0])
			asks(name, map[string]approval.Reason{"u": "", "v": approval.Withdrawn, "w": ""})
			w.clock.Pass(time.Hour)
			for _, subject := range []string{"u", "v", "w"} {
				if why := w.allows(w.chains, subject, 1); why == "" {
					t.Errorf("%s: %s is allowed after an hour", name, subject)
				}
			}
			change(harm[1])
			asks(name+", put right", map[string]approval.Reason{"u": "", "v": approval.Withdrawn, "w": ""})
		}
	})
}

func TestWithoutTheJournalOrTheRoots(t *testing.T) {
	t.Parallel()
	for name, harm := range map[string]func(w *world) error{
		"chains":  func(w *world) error { return os.Remove(filepath.Join(w.journal(), "chains.log")) },
		"journal": func(w *world) error { return os.RemoveAll(w.journal()) },
	} {
		w := newWorld(t, testkit.SQLite)
		w.found()
		w.sign(w.root, wording("w", 1, anna))
		if why := w.allows(w.chains, "w", 1); why != "" {
			t.Fatal(why)
		}
		if err := harm(w); err != nil {
			t.Fatal(err)
		}
		err := w.read(w.chains, func(*approval.State) error { return nil })
		if !errors.Is(err, journal.ErrMissing) {
			t.Errorf("%s: %v", name, err)
		}
	}
	w := newWorld(t, testkit.SQLite)
	w.found()
	if err := os.RemoveAll(filepath.Join(w.folder, "roots")); err != nil {
		t.Fatal(err)
	}
	if why := w.allows(w.open(), "w", 1); why != approval.NoRoot {
		t.Errorf("without the root: %q", why)
	}
}

func TestWhatItsOwnTransactionWroteIsNotNoted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	w.found()
	signing := w.prepare(wording("w", 1, anna))
	err := w.db.Change(context.Background(), store.Actor{Practice: clinic, Agent: "desk"}, func(tx *store.Tx) error {
		e, err := signing.Entry(signing.After, w.root.Sign(signing.Challenge))
		if err != nil {
			return err
		}
		if err := w.chains.Append(context.Background(), tx, e); err != nil {
			return err
		}
		if err := w.chains.Read(context.Background(), tx, func(*approval.State) error { return nil }); err == nil {
			t.Error("read in the transaction that appended")
		}
		return errors.New("roll back")
	})
	if err == nil {
		t.Fatal("it was to roll back")
	}
	if why := w.allows(w.chains, "w", 1); why != approval.Unsigned {
		t.Errorf("%q", why)
	}
	w.sign(w.root, wording("w", 1, anna))
	if why := w.allows(w.chains, "w", 1); why != "" {
		t.Errorf("%q", why)
	}
}

// What a batch pays for each practice when nothing was signed since.
func BenchmarkRead(b *testing.B) {
	w := newWorld(b, testkit.SQLite)
	w.found()
	w.sign(w.root, wording("w", 1, anna))
	err := w.db.View(context.Background(), store.Actor{Practice: clinic, Agent: "courier"}, func(tx *store.Tx) error {
		for b.Loop() {
			err := w.chains.Read(context.Background(), tx, func(s *approval.State) error {
				_, err := s.Allows(approval.KindWording, "w", approval.Digest{1}, w.clock.Now())
				return err
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}
