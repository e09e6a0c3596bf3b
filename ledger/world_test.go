package ledger_test

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"letterhead/approval"
	"letterhead/approval/assertion"
	"letterhead/courier/trust"
	"letterhead/ledger"
	"letterhead/ledger/evidence"
	"letterhead/ledger/leaf"
	"letterhead/ledger/proof"
	"letterhead/store"
	"letterhead/testkit"
	"letterhead/testkit/key"
)

const house = "0198f000-0000-7000-8000-0000000000ff"

// clinic is a practice whose people sign and in whose name messages go.
type clinic struct {
	id    store.PracticeID
	chain *key.Chain
	root  *key.Key
	known int // entries that have their leaves
	sent  int // leaves of messages
	last  uint64
}

// world is two clinics in one ledger.
type world struct {
	t     testing.TB
	db    *store.DB
	clock *testkit.Clock
	key   *ledger.Key
	a, b  *clinic
}

func newWorld(t testing.TB, engine testkit.Engine) *world {
	t.Helper()
	clock := &testkit.Clock{}
	clock.Set(time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC))
	k, err := ledger.MakeKey(t.TempDir(), house, 1)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, db: testkit.Open(t, engine, clock), clock: clock, key: k}
	w.a, w.b = w.clinic("a", key.New(key.Desk)), w.clinic("b", key.NewEdDSA(key.Desk))
	return w
}

func (w *world) clinic(id store.PracticeID, root *key.Key) *clinic {
	w.t.Helper()
	chain, err := key.Found(house, id, "anna", root, w.clock.Now())
	if err != nil {
		w.t.Fatal(err)
	}
	return &clinic{id: id, chain: chain, root: root}
}

func (w *world) sign(c *clinic, statements ...*approval.Statement) *approval.Entry {
	w.t.Helper()
	c.chain.Now = w.clock.Now()
	e, err := c.chain.Sign(c.root, statements...)
	if err != nil {
		w.t.Fatal(err)
	}
	return e
}

// right drafts a statement that lets messages go.
func (c *clinic) right(kind approval.Kind, subject string, digest approval.Digest) *approval.Statement {
	x := c.chain.State.Draft(kind, subject, "anna")
	x.Digest = digest
	switch kind { //nolint:exhaustive // those that are asked for
	case approval.KindRule:
		x.Body.Rule = &approval.RuleBody{Channel: "email", Purpose: "appointments", Wording: "w"}
	case approval.KindWording:
		x.Body.Wording = &approval.WordingBody{Purpose: "appointments"}
	case approval.KindLetter:
		x.Expires = approval.At(c.chain.Now.Add(time.Hour))
		x.Body.Letter = &approval.LetterBody{Channel: "email", Client: "c", Recipient: "index"}
	case approval.KindLift:
		x.Body.Lift = &approval.LiftBody{Epoch: 1, Scope: "practice"}
	}
	return x
}

func sum(w *world, x *approval.Statement) leaf.Hash {
	w.t.Helper()
	d, err := x.Sum()
	if err != nil {
		w.t.Fatal(err)
	}
	return leaf.Hash(d)
}

// record puts the new entries of a clinic and some bodies on record.
func (w *world) record(c *clinic, bodies ...leaf.Body) []ledger.Place {
	w.t.Helper()
	entries := c.chain.Entries[c.known:]
	for _, e := range entries {
		err := w.db.Change(w.t.Context(), store.Actor{Practice: c.id, Agent: "test"}, func(tx *store.Tx) error { return approval.Append(w.t.Context(), tx, e) })
		if err != nil {
			w.t.Fatal(err)
		}
	}
	c.known = len(c.chain.Entries)
	first, err := ledger.Statements(entries...)
	if err != nil {
		w.t.Fatal(err)
	}
	var out []ledger.Entry
	for _, b := range append(first, bodies...) {
		out = append(out, ledger.Entry{Practice: c.id, Label: ledger.LabelOf(c.chain.Entries[0]), Body: b})
	}
	_, places := appendAll(w.t, w.db, out...)
	for i, p := range places {
		if _, is := out[i].Body.(*leaf.Message); is {
			c.sent++
			c.last = p.Sequence
		}
	}
	return places
}

func (c *clinic) message(class leaf.Class, version, approved, wording leaf.Hash, n int) *leaf.Message {
	salt := leaf.Salt(hash("salt", n))
	return &leaf.Message{
		Class: class, Channel: leaf.Email, Version: version, Approval: approved, Wording: wording, Links: leaf.Links([]string{"www.example.com"}),
		Recipient: salt.Recipient(leaf.Email, "somebody@example.com"), Text: salt.Text(hash("text", n)), Words: salt.Words(hash("words", n)),
	}
}

// days lets some days pass in both clinics: rules, letters, outcomes, a stop and its lift, a withdrawal.
func (w *world) days(messages int) {
	w.t.Helper()
	for _, c := range []*clinic{w.a, w.b} {
		c.chain.Now = w.clock.Now()
		version := approval.Digest(hash("version"))
		rule, wording := c.right(approval.KindRule, "r", approval.Digest(hash("rule"))), c.right(approval.KindWording, "w", version)
		letter := c.right(approval.KindLetter, "letter", approval.Digest(hash("letter")))
		w.sign(c, rule, wording)
		w.sign(c, letter)
		w.record(c)
		w.clock.Pass(time.Minute)
		for n := 0; n < messages; n += 10 {
			var bodies []leaf.Body
			for i := range min(10, messages-n) {
				bodies = append(bodies, c.message(leaf.ClassRule, leaf.Hash(version), sum(w, rule), sum(w, wording), n+i))
			}
			w.record(c, bodies...)
			w.clock.Pass(time.Second)
			w.record(c, &leaf.Outcome{Results: []leaf.Result{{Sequence: c.last, Fate: leaf.Sent}}})
		}
		w.record(c, c.message(leaf.ClassLetter, hash("letter"), sum(w, letter), leaf.Hash{}, messages), c.message(leaf.ClassTest, hash("draft"), leaf.Hash{}, leaf.Hash{}, messages+1))
		w.record(c, &leaf.Event{Of: leaf.KindFreeze, ID: "stop", Word: "practice", Epoch: 1})
		w.clock.Pass(time.Hour)
		lift := c.right(approval.KindLift, "stop", approval.Digest{})
		w.sign(c, lift)
		w.record(c, &leaf.Event{Of: leaf.KindLift, ID: "stop", Digest: sum(w, lift)})
		w.record(c, c.message(leaf.ClassRule, leaf.Hash(version), sum(w, rule), sum(w, wording), messages+2))
		withdraw := c.chain.State.Draft(approval.KindWithdraw, approval.Digest(sum(w, rule)).String(), "anna")
		w.sign(c, withdraw)
		w.record(c, w.incident("i1", leaf.Opened), w.incident("i2", leaf.Opened), w.incident("i1", leaf.Closed))
		w.clock.Pass(time.Hour)
	}
}

func (w *world) incident(id, word string) *leaf.Event {
	return &leaf.Event{Of: leaf.KindIncident, ID: id, Word: word, Epoch: uint64(store.Micro(w.clock.Now())), Digest: hash(id + word)}
}

func (w *world) expect(c *clinic) evidence.Expect {
	r := trust.Root{Practice: c.id, Key: c.root.Subject(), PublicKey: c.root.COSE}
	return evidence.Expect{Root: r.Fingerprint(house), LogKey: w.key.Text}
}

func (w *world) checkpoint() string {
	w.t.Helper()
	raw, err := ledger.Checkpoint(w.t.Context(), w.db, w.key)
	if err != nil {
		w.t.Fatal(err)
	}
	return raw
}

func (w *world) export(c *clinic) ([]byte, error) {
	var b bytes.Buffer
	err := ledger.Export{DB: w.db, Practice: c.id, Log: w.key.Verifier, Desks: []assertion.Party{key.Desk}}.Write(context.Background(), &b)
	return b.Bytes(), err
}

func TestAFileThatHolds(t *testing.T) {
	t.Parallel()
	for _, engine := range testkit.Engines() {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, engine)
			w.days(25)
			w.checkpoint()
			witness := cosigner(t, w, "witness.example/w1")
			auditor := cosigner(t, w, "audit.example/a1")
			cosigner(t, w, "stranger.example/s")
			for _, c := range []*clinic{w.a, w.b} {
				raw, err := w.export(c)
				if err != nil {
					t.Fatal(err)
				}
				expect := w.expect(c)
				expect.Witnesses, expect.Auditors = []string{witness.String()}, []string{auditor.String()}
				r, err := evidence.Verify(bytes.NewReader(raw), expect)
				if err != nil {
					t.Fatal(err)
				}
				if r.Messages != c.sent || r.Messages != 28 || r.Members != 1 || r.Stops != 1 || r.Incidents != 2 || !slices.Equal(r.Unsettled, []string{"i2"}) || r.Fates["sent"] != 3 || r.Practice != string(c.id) {
					t.Errorf("%+v", r)
				}
				if len(r.Approvals) != 2 || r.Approvals[0].Kind != "rule" || r.Approvals[0].Messages != 26 || r.Approvals[0].Signers[0] != "anna" {
					t.Errorf("%+v", r.Approvals)
				}
				roles := map[string]string{}
				for _, s := range r.Cosigned {
					roles[s.Name] = s.Role
				}
				if len(roles) != 3 || roles["witness.example/w1"] != "witness" || roles["audit.example/a1"] != "auditor" || roles["stranger.example/s"] != "unknown" {
					t.Errorf("%+v", r.Cosigned)
				}
			}
			other := w.expect(w.b)
			raw, err := w.export(w.a)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := evidence.Verify(bytes.NewReader(raw), other); codeOf(err) != evidence.CodeRoot {
				t.Errorf("by another root: %v", err)
			}
			right := w.expect(w.a)
			k, err := ledger.MakeKey(t.TempDir(), house, 1)
			if err != nil {
				t.Fatal(err)
			}
			right.LogKey = k.Text
			if _, err := evidence.Verify(bytes.NewReader(raw), right); codeOf(err) != evidence.CodeCheckpoint {
				t.Errorf("by another log's key: %v", err)
			}
			// A practice with nothing on record: its neighbours in the list prove it.
			for _, id := range []store.PracticeID{"c", "d", "e"} {
				c := w.clinic(id, key.New(key.Desk))
				e := c.chain.Entries[0]
				if err := w.db.Change(t.Context(), store.Actor{Practice: id, Agent: "test"}, func(tx *store.Tx) error { return approval.Append(t.Context(), tx, e) }); err != nil {
					t.Fatal(err)
				}
				raw, err := w.export(c)
				if err != nil {
					t.Fatal(err)
				}
				if r, err := evidence.Verify(bytes.NewReader(raw), w.expect(c)); err != nil || r.Leaves != 0 {
					t.Errorf("%+v %v", r, err)
				}
			}
		})
	}
}

// cosigner makes a cosigner that has signed the last checkpoint.
func cosigner(t testing.TB, w *world, name string) *proof.Cosigner {
	t.Helper()
	secret, err := proof.GenerateCosigner(name)
	if err != nil {
		t.Fatal(err)
	}
	c, err := proof.OpenCosigner(secret, w.clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	err = whole(t, w.db, func(ctx context.Context, tx *store.Wide) error {
		raw, err := ledger.Latest(ctx, tx, w.key.Name(), proof.MaxSize)
		if err != nil {
			return err
		}
		signed, err := proof.OpenCheckpoint([]byte(raw), w.key.Verifier)
		if err != nil {
			return err
		}
		line, err := signed.Cosign(c)
		if err != nil {
			return err
		}
		return ledger.KeepCosignature(ctx, tx, w.key.Verifier, raw, line, c)
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func codeOf(err error) string {
	if p, is := evidence.ErrWrong(err); is {
		return p.Code
	}
	return ""
}

// firstWord is who found something.
func firstWord(err error) string {
	if err == nil {
		return ""
	}
	word, _, _ := strings.Cut(err.Error(), ":")
	return word
}
