// Package house is an installation for tests: a database of either engine on a clock that the test sets, keys, and a courier's folder with its trust
// file, marked as a test, and its journal. The practices in it are the test's own.
package house

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"letterhead/courier"
	"letterhead/courier/journal"
	"letterhead/courier/sender"
	"letterhead/courier/trust"
	"letterhead/message"
	"letterhead/store"
	"letterhead/testkit"
	"letterhead/testkit/owner"
	"letterhead/testkit/sink"
	"letterhead/vault"
)

// House is embedded in a package's own world.
type House struct {
	testing.TB
	DB     *store.DB
	Clock  *testkit.Clock
	Keeper *vault.Keeper
	Folder string // the courier's
	Root   trust.File
	Member store.MemberID // who changes things
}

// New makes one whose clock stands at an instant (RFC 3339). What is done there is done by ana.
func New(t testing.TB, engine testkit.Engine, start string) *House {
	t.Helper()
	h := &House{TB: t, Clock: testkit.NewClock(t, start), Member: "ana"}
	h.DB = testkit.Open(t, engine, h.Clock)
	h.Folder, h.Root = Folder(t)
	var err error
	h.Keeper, err = vault.NewKeeper(make([]byte, 32))
	h.Must(err)
	return h
}

// Folder makes a courier's folder: a trust file marked as a test, and an empty journal.
func Folder(t testing.TB) (string, trust.File) {
	t.Helper()
	folder := t.TempDir()
	root, err := trust.Create(folder, trust.Test)
	if err == nil {
		err = journal.Create(courier.JournalFolder(folder), root.Installation, root.Epoch)
	}
	if err != nil {
		t.Fatal(err)
	}
	return folder, root
}

// Domain gives a practice a From domain in a courier's folder. Without selectors its mail is not signed.
func Domain(t testing.TB, folder, name string, practice store.PracticeID, selectors ...string) {
	t.Helper()
	dir := filepath.Join(folder, "domains", name)
	raw, err := json.Marshal(sender.Domain{Name: name, Practice: practice, Selectors: selectors})
	if err := errors.Join(err, os.MkdirAll(dir, 0o700), os.WriteFile(filepath.Join(dir, "domain.json"), raw, 0o600)); err != nil {
		t.Fatal(err)
	}
}

// Must ends the test on an error.
func (h *House) Must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

// Change does something in a practice.
func (h *House) Change(practice store.PracticeID, fn func(tx *store.Tx) error) {
	h.Helper()
	h.Must(h.DB.Change(h.Context(), store.Actor{Practice: practice, Member: h.Member}, fn))
}

// Exec changes rows behind the program's back; some there must be.
func (h *House) Exec(practice store.PracticeID, statement string, args ...any) {
	h.Helper()
	h.Change(practice, func(tx *store.Tx) error {
		n, err := tx.Exec(h.Context(), statement, args...)
		if err == nil && n == 0 {
			h.Errorf("nothing is changed by %s", statement)
		}
		return err
	})
}

// Owner is a practice's owner with a key in software; the first who is asked for it has the first key.
func (h *House) Owner(practice store.PracticeID, member store.MemberID) *owner.Owner {
	h.Helper()
	o, err := owner.Of(h.Folder, courier.JournalFolder(h.Folder), practice, member, h.Clock.Now())
	h.Must(err)
	return o
}

// Sink takes mails until the test ends.
func (h *House) Sink() *sink.SMTP {
	h.Helper()
	s, err := sink.ListenSMTP(sink.SMTPOptions{MaxMessages: 10_000})
	h.Must(err)
	h.Cleanup(func() { _ = s.Close() })
	return s
}

// Journal opens the courier's journal until the test ends: not beside a courier.
func (h *House) Journal() *journal.Journal {
	h.Helper()
	j, err := journal.Open(courier.JournalFolder(h.Folder), h.Root.Installation, h.Root.Epoch)
	h.Must(err)
	h.Cleanup(func() { _ = j.Close() })
	return j
}

// Options are a courier's, whose one relay is a sink. It logs where LETTERHEAD_TEST_LOG is set.
func (h *House) Options(from courier.Source, relay *sink.SMTP) courier.Options {
	log := io.Discard
	if os.Getenv("LETTERHEAD_TEST_LOG") != "" {
		log = os.Stderr
	}
	return courier.Options{DB: h.DB, Keeper: h.Keeper, Source: from, Folder: h.Folder, Installation: h.Root.Installation, Epoch: h.Root.Epoch, Log: slog.New(slog.NewTextHandler(log, nil)),
		Config: courier.Config{HostName: "localhost", PublicURL: "https://portal.example", Relays: []courier.Relay{{Name: "main", Address: relay.Address(), TLS: "none"}}}}
}

// Drain lets everything go that is due now, with a courier of its own.
func (h *House) Drain(options courier.Options) {
	h.Helper()
	c, err := courier.New(options)
	h.Must(err)
	h.Must(c.Drain(context.Background(), h.Clock.Now()))
	h.Must(c.Close())
}

// Fate is a message's state, its reason, and the detail of its last step.
func (h *House) Fate(practice store.PracticeID, id message.ID) (state message.State, reason, detail string) {
	h.Helper()
	h.Change(practice, func(tx *store.Tx) error {
		m, err := message.Find(h.Context(), tx, id)
		if err != nil {
			return err
		}
		steps, err := message.Steps(h.Context(), tx, id)
		state, reason = m.State, m.Reason
		if all := steps[id]; len(all) > 0 {
			detail = all[len(all)-1].Detail
		}
		return err
	})
	return state, reason, detail
}
