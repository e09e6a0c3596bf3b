package record_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"letterhead/app/record"
	"letterhead/approval"
	"letterhead/courier/trust"
	"letterhead/fault"
	"letterhead/ledger"
	"letterhead/ledger/evidence"
	"letterhead/ledger/leaf"
	"letterhead/ledger/proof"
	"letterhead/ledger/witness"
	"letterhead/store"
	"letterhead/testkit"
	"letterhead/testkit/key"
)

const practice store.PracticeID = "0198f000-0000-7000-8000-00000000000a"

// place is an installation with one practice, in whose name some messages are on record.
type place struct {
	t    *testing.T
	host record.Host
	url  string
	root string // fingerprint
	key  *ledger.Key
	file string
}

func newPlace(t *testing.T) *place {
	t.Helper()
	folder := t.TempDir()
	f, err := trust.Create(folder, trust.Test)
	if err == nil {
		err = trust.SetDesk(folder, key.Desk)
	}
	if err != nil {
		t.Fatal(err)
	}
	p := &place{t: t, url: testkit.URL(t, testkit.SQLite), file: filepath.Join(t.TempDir(), "evidence.txt")}
	db, err := store.Open(t.Context(), store.Config{URL: p.url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	p.host = record.Host{DB: db, Folder: folder, Trust: f}
	if p.key, err = ledger.MakeKey(folder, f.Installation, f.Epoch); err != nil {
		t.Fatal(err)
	}
	root := key.New(key.Desk)
	p.root = trust.Root{Practice: practice, Key: root.Subject(), PublicKey: root.COSE}.Fingerprint(f.Installation)
	chain, err := key.Found(f.Installation, practice, "anna", root, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	e := chain.Entries[0]
	err = db.Change(t.Context(), store.Actor{Practice: practice, Agent: "test"}, func(tx *store.Tx) error { return approval.Append(t.Context(), tx, e) })
	if err != nil {
		t.Fatal(err)
	}
	bodies, err := ledger.Statements(e)
	if err != nil {
		t.Fatal(err)
	}
	p.record(ledger.LabelOf(e), bodies...)
	p.grow(ledger.LabelOf(e), "first", 3)
	return p
}

func (p *place) record(label leaf.Hash, bodies ...leaf.Body) {
	p.t.Helper()
	var entries []ledger.Entry
	for _, b := range bodies {
		entries = append(entries, ledger.Entry{Practice: practice, Label: label, Body: b})
	}
	err := p.host.DB.Whole(p.t.Context(), "test", func(w *store.Wide) error {
		_, _, err := ledger.Append(p.t.Context(), w, entries)
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *place) grow(label leaf.Hash, word string, n int) {
	p.t.Helper()
	h := sha256.Sum256([]byte(word))
	for range n {
		p.record(label, &leaf.Message{Class: leaf.ClassTest, Channel: leaf.Email, Version: h, Links: h, Recipient: h, Text: h, Words: h})
	}
}

// run runs one of the room's commands.
func (p *place) run(ctx context.Context, name string, args ...string) (out, errs string, err error) {
	p.t.Helper()
	for _, c := range record.Commands() {
		if c.Name != name {
			continue
		}
		flags := flag.NewFlagSet(name, flag.ContinueOnError)
		c.Flags(flags)
		var rest []string
		for len(args) > 0 && !strings.HasPrefix(args[0], "--") {
			rest, args = append(rest, args[0]), args[1:]
		}
		if err := flags.Parse(args); err != nil {
			p.t.Fatal(err)
		}
		var o, e bytes.Buffer
		err := c.Run(ctx, record.Call{Args: rest, Out: &o, Errs: &e, Open: func(_ context.Context, do func(record.Host) error) error { return do(p.host) }})
		return o.String(), e.String(), err
	}
	p.t.Fatal("there is no command ", name)
	return "", "", nil
}

func TestExportAndVerify(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	out, _, err := p.run(t.Context(), "export", "evidence", p.file, "--practice", string(practice))
	if err != nil || !strings.Contains(out, p.key.Text) {
		t.Fatal(out, err)
	}
	out, _, err = p.run(t.Context(), "verify", p.file, "--root", p.root, "--log-key", p.key.Text)
	if err != nil || !strings.HasPrefix(out, "HOLDS. Practice "+string(practice)) || !strings.Contains(out, "3 messages") || !strings.Contains(out, "What this does not prove") {
		t.Error(out, err)
	}
	out, _, err = p.run(t.Context(), "verify", p.file, "--root", p.root, "--log-key", p.key.Text, "--json")
	if err != nil || !strings.Contains(out, `"complete": true`) {
		t.Error(out, err)
	}
	raw, err := os.ReadFile(p.file)
	if err != nil {
		t.Fatal(err)
	}
	if printed, told, err := p.run(t.Context(), "export", "evidence", "--practice", string(practice)); err != nil || !strings.HasPrefix(printed, "letterhead-evidence/") || strings.Contains(printed, p.key.Text) || !strings.Contains(told, p.key.Text) {
		t.Error(told, err)
	}
	if _, _, err := p.run(t.Context(), "export", "evidence", p.file, "--practice", "0198f000-0000-7000-8000-00000000000b"); fault.KindOf(err) != fault.NotFound || !strings.Contains(err.Error(), "practice list") {
		t.Errorf("a practice that is not there: %v", err)
	}
	lines := strings.SplitAfter(string(raw), "\n")
	if err := os.WriteFile(p.file, []byte(strings.Join(append(lines[:4:4], lines[5:]...), "")), 0o600); err != nil {
		t.Fatal(err)
	}
	out, _, err = p.run(t.Context(), "verify", p.file, "--root", p.root, "--log-key", p.key.Text)
	if _, wrong := evidence.ErrWrong(err); !wrong || !strings.HasPrefix(out, "DOES NOT HOLD, line ") {
		t.Error(out, err)
	}
	for _, args := range [][]string{{"verify"}, {"verify", p.file}, {"verify", p.file + ".not", "--root", p.root, "--log-key", p.key.Text}, {"export", "evidence", p.file}, {"export", p.file},
		{"export", "evidence", p.file, "--practice", "0198f000-0000-7000-8000-00000000000b"}, {"export", "evidence", filepath.Join(p.file, "x"), "--practice", string(practice)}, {"witness"}, {"witness", "--log-key", "x"}} {
		if _, _, err := p.run(t.Context(), args[0], args[1:]...); err == nil {
			t.Errorf("%v is done", args)
		}
	}
	if left, err := filepath.Glob(p.file + ".*"); err != nil || len(left) > 0 {
		t.Error("half a file stays: ", left, err)
	}
}

// A witness over HTTP signs what grows, and the log learns when it has seen another history.
func TestTheLogAsksAWitness(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	secret, err := proof.GenerateCosigner("witness.example/w1")
	if err != nil {
		t.Fatal(err)
	}
	cosigner, err := proof.OpenCosigner(secret, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	forks := 0
	w, err := witness.Open(t.TempDir(), cosigner, func(witness.Fork) { forks++ }, p.key.Verifier)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	server := httptest.NewServer(record.Handler(w))
	defer server.Close()
	by := record.Witness{URL: server.URL, Key: cosigner}
	ask := func(db *store.DB) error {
		if _, err := ledger.Checkpoint(t.Context(), db, p.key); err != nil {
			return err
		}
		return record.Ask(t.Context(), server.Client(), db, p.key.Verifier, by)
	}
	label := leaf.Hash{}
	err = p.host.DB.WholeView(t.Context(), "test", func(w *store.Wide) error {
		known, err := ledger.KnownOf(t.Context(), w, []store.PracticeID{practice})
		label = known[practice].Label
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	before := filepath.Join(t.TempDir(), "before.db")
	if err := p.host.DB.Backup(t.Context(), before); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := ask(p.host.DB); err != nil {
			t.Fatal(err)
		}
		p.grow(label, "more", 2)
	}
	// A signature that was lost on the way is asked for again, from the size that the witness says.
	if err := p.host.DB.Whole(t.Context(), "test", func(w *store.Wide) error {
		_, err := w.Exec(t.Context(), `DELETE FROM ledger_cosignature`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := ask(p.host.DB); err != nil {
		t.Fatal(err)
	}
	_, _, err = p.run(t.Context(), "export", "evidence", p.file, "--practice", string(practice), "--checkpoint", "100")
	if err != nil {
		t.Fatal(err)
	}
	out, _, err := p.run(t.Context(), "verify", p.file, "--root", p.root, "--log-key", p.key.Text, "--witness", cosigner.String())
	if err != nil || !strings.Contains(out, "Witnessed by: witness.example/w1") {
		t.Error(out, err)
	}
	old, err := store.Open(t.Context(), store.Config{URL: "sqlite:" + before})
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	if err := ask(old); !errors.Is(err, record.ErrFork) {
		t.Error("an old copy: ", err)
	}
	now := p.host.DB
	p.host.DB = old
	p.grow(label, "forged", 20)
	p.host.DB = now
	if err := ask(old); !errors.Is(err, record.ErrFork) || forks == 0 {
		t.Error("another history: ", err, forks)
	}
	response, err := http.Get(server.URL + "/add-checkpoint")
	if err != nil || response.StatusCode != http.StatusMethodNotAllowed {
		t.Error(response, err)
	}
	if err == nil {
		response.Body.Close()
	}
	response, err = http.Post(server.URL+"/add-checkpoint", "text/plain", strings.NewReader(strings.Repeat("x", 1<<20)))
	if err != nil || response.StatusCode != http.StatusRequestEntityTooLarge {
		t.Error(response, err)
	}
	if err == nil {
		response.Body.Close()
	}
}

func TestAnAuditorSignsTheCounts(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	entries, folder := filepath.Join(t.TempDir(), "entries.txt"), filepath.Join(t.TempDir(), "audit")
	if _, _, err := p.run(t.Context(), "export", "entries", entries); err != nil {
		t.Fatal(err)
	}
	if _, _, err := p.run(t.Context(), "witness", "--folder", folder, "--log-key", p.key.Text, "--audit", entries); err == nil {
		t.Error("a key is made without a name")
	}
	line, errs, err := p.run(t.Context(), "witness", "--folder", folder, "--name", "audit.example/a1", "--log-key", p.key.Text, "--audit", entries)
	if err != nil || !strings.HasPrefix(line, "— audit.example/a1 ") || !strings.Contains(errs, "audit.example/a1+") {
		t.Fatal(line, errs, err)
	}
	vkey := strings.Fields(errs[strings.Index(errs, "verifies:")+9:])[0]
	auditor, err := proof.ParseCosigner(vkey)
	if err != nil {
		t.Fatal(err)
	}
	err = p.host.DB.Whole(t.Context(), "test", func(w *store.Wide) error {
		raw, err := ledger.Latest(t.Context(), w, p.key.Name(), proof.MaxSize)
		if err != nil {
			return err
		}
		if err := ledger.KeepCosignature(t.Context(), w, p.key.Verifier, raw, strings.Replace(line, "a1 ", "a1 A", 1), auditor); err == nil {
			t.Error("a signature that does not hold is kept")
		}
		if err := ledger.KeepCosignature(t.Context(), w, p.key.Verifier, raw, line, auditor); err != nil {
			return err
		}
		seen, err := ledger.Witness(t.Context(), w, p.key.Verifier, []*proof.Cosigner{auditor}, 1)
		if err != nil || seen.Size != 4 || !seen.Since.IsZero() || len(seen.Names) != 1 {
			t.Errorf("witnessed: %+v %v", seen, err)
		}
		if _, err := w.Exec(t.Context(), `UPDATE ledger_cosignature SET line = replace(line, '=', 'A')`); err != nil {
			return err
		}
		seen, err = ledger.Witness(t.Context(), w, p.key.Verifier, []*proof.Cosigner{auditor}, 1)
		if err != nil || seen.Size != 0 || seen.Since.IsZero() {
			t.Errorf("by a line that does not hold: %+v %v", seen, err)
		}
		return ledger.KeepCosignature(t.Context(), w, p.key.Verifier, raw, line, auditor)
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := p.run(t.Context(), "export", "evidence", p.file, "--practice", string(practice)); err != nil {
		t.Fatal(err)
	}
	out, _, err := p.run(t.Context(), "verify", p.file, "--root", p.root, "--log-key", p.key.Text, "--auditor", vkey)
	if err != nil || !strings.Contains(out, "Counts audited by: audit.example/a1") {
		t.Error(out, err)
	}
}

func TestAWitnessRunsUntilItIsStopped(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	_, errs, err := p.run(ctx, "witness", "--folder", filepath.Join(t.TempDir(), "w"), "--name", "w.example/1", "--log-key", p.key.Text, "--listen", "127.0.0.1:0")
	if err != nil && !errors.Is(err, context.Canceled) {
		t.Error(errs, err)
	}
}
