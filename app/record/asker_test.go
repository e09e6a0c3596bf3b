package record_test

import (
	"encoding/pem"
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"letterhead/app/record"
	"letterhead/courier/setting"
	"letterhead/ledger"
	"letterhead/ledger/leaf"
	"letterhead/ledger/proof"
	"letterhead/ledger/witness"
	"letterhead/store"
)

// watcher is a witness behind HTTP, with or without TLS.
func (p *place) watcher(name string, secure bool, forks *int) setting.Witness {
	p.t.Helper()
	secret, err := proof.GenerateCosigner(name)
	if err != nil {
		p.t.Fatal(err)
	}
	key, err := proof.OpenCosigner(secret, time.Now)
	if err != nil {
		p.t.Fatal(err)
	}
	w, err := witness.Open(p.t.TempDir(), key, func(witness.Fork) { *forks++ }, p.key.Verifier)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = w.Close() })
	server := httptest.NewUnstartedServer(record.Handler(w))
	out := setting.Witness{Key: key.String()}
	if secure {
		server.StartTLS()
		out.CAFile = filepath.Join(p.t.TempDir(), "ca.pem")
		raw := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
		if err := os.WriteFile(out.CAFile, raw, 0o600); err != nil {
			p.t.Fatal(err)
		}
	} else {
		server.Start()
	}
	p.t.Cleanup(server.Close)
	out.URL = server.URL
	return out
}

func (p *place) asker(db *store.DB, wanted int, list ...setting.Witness) *record.Asker {
	p.t.Helper()
	config := setting.Config{Witnesses: list, WitnessesWanted: wanted}
	if err := config.Validate(); err != nil {
		p.t.Fatal(err)
	}
	host := p.host
	host.DB = db
	a, err := record.NewAsker(host, config)
	if err != nil {
		p.t.Fatal(err)
	}
	return a
}

func (p *place) checkpoint(db *store.DB) {
	p.t.Helper()
	if _, err := ledger.Checkpoint(p.t.Context(), db, p.key); err != nil {
		p.t.Fatal(err)
	}
}

func (p *place) unwitnessed(a *record.Asker, wanted int) bool {
	p.t.Helper()
	since, err := a.Unwitnessed(p.t.Context(), wanted)
	if err != nil {
		p.t.Fatal(err)
	}
	return !since.IsZero()
}

// Two witnesses are asked over HTTP, one of them by TLS. Both have to have signed; another history, shown to both, is refused by the one who has seen the first.
func TestTwoWitnessesAreAsked(t *testing.T) {
	t.Parallel()
	p, forks := newPlace(t), 0
	one, two := p.watcher("one.example/w", true, &forks), p.watcher("two.example/w", false, &forks)
	db := p.host.DB
	both, alone := p.asker(db, 2, one, two), p.asker(db, 1, one)
	if err := both.Ask(t.Context()); err != nil {
		t.Error("nothing is signed yet: ", err)
	}
	p.checkpoint(db)
	if !p.unwitnessed(both, 2) {
		t.Error("witnessed by nobody")
	}
	if err := alone.Ask(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !p.unwitnessed(both, 2) || p.unwitnessed(alone, 1) {
		t.Error("one of two will do, or does not for one")
	}
	label := leaf.Hash{}
	err := db.WholeView(t.Context(), "test", func(w *store.Wide) error {
		known, err := ledger.KnownOf(t.Context(), w, []store.PracticeID{practice})
		label = known[practice].Label
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	before := filepath.Join(t.TempDir(), "before.db")
	if err := db.Backup(t.Context(), before); err != nil {
		t.Fatal(err)
	}
	p.grow(label, "told to the first", 3)
	p.checkpoint(db)
	if err := alone.Ask(t.Context()); err != nil || p.unwitnessed(alone, 1) {
		t.Fatal(err)
	}
	if told := both.Each(t.Context()); told[0].Err != nil || told[1].Err != nil || p.unwitnessed(both, 2) {
		t.Errorf("%+v", told)
	}
	// The copy of before goes another way, and shows that to both.
	other, err := store.Open(t.Context(), store.Config{URL: "sqlite:" + before})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	p.host.DB = other
	p.grow(label, "told to the second", 9)
	p.checkpoint(other)
	forked := p.asker(other, 2, one, two)
	if err := forked.Ask(t.Context()); !errors.Is(err, record.ErrFork) || forks == 0 || !p.unwitnessed(forked, 1) {
		t.Error("another history: ", err, forks)
	}
	// Whoever is not there, or shows another certificate, keeps nobody waiting for long and is no fork.
	gone, stranger := one, one
	gone.URL, stranger.CAFile = "https://127.0.0.1:1", ""
	for _, x := range []setting.Witness{gone, stranger} {
		began := time.Now()
		if err := p.asker(other, 1, x).Ask(t.Context()); err == nil || errors.Is(err, record.ErrFork) || time.Since(began) > 25*time.Second {
			t.Error(x.URL, err)
		}
	}
}

func TestWitnessesInTheConfiguration(t *testing.T) {
	t.Parallel()
	secret, err := proof.GenerateCosigner("w.example/1")
	if err != nil {
		t.Fatal(err)
	}
	c, err := proof.OpenCosigner(secret, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	good := setting.Witness{URL: "https://w.example/x", Key: c.String()}
	for name, x := range map[string]struct {
		config setting.Config
		good   bool
	}{
		"none":                   {setting.Config{}, true},
		"one":                    {setting.Config{Witnesses: []setting.Witness{good}}, true},
		"more wanted":            {setting.Config{Witnesses: []setting.Witness{good}, WitnessesWanted: 2}, false},
		"wanted of nobody":       {setting.Config{WitnessesWanted: 1}, false},
		"twice":                  {setting.Config{Witnesses: []setting.Witness{good, good}}, false},
		"no key":                 {setting.Config{Witnesses: []setting.Witness{{URL: good.URL, Key: "w"}}}, false},
		"without TLS":            {setting.Config{Witnesses: []setting.Witness{{URL: "http://w.example", Key: good.Key}}}, false},
		"this machine":           {setting.Config{Witnesses: []setting.Witness{{URL: "http://127.0.0.1:8791", Key: good.Key}}}, true},
		"no address":             {setting.Config{Witnesses: []setting.Witness{{URL: "w.example", Key: good.Key}}}, false},
		"orders wait for a year": {setting.Config{OrdersWait: 525_600}, false},
	} {
		if err := x.config.Validate(); (err == nil) != x.good {
			t.Errorf("%s: %v", name, err)
		}
	}
	if c := (setting.Config{Witnesses: []setting.Witness{good, {}}}); c.Wanted() != 2 || c.OrdersWaitAfter() != 24*time.Hour {
		t.Error("the usual")
	}
}
