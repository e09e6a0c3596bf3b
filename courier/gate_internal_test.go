package courier

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"letterhead/approval"
	"letterhead/courier/breaker"
	"letterhead/courier/budget"
	"letterhead/courier/journal"
	"letterhead/courier/logbook"
	"letterhead/courier/signed"
	"letterhead/courier/trust"
	"letterhead/message"
	"letterhead/store"
	"letterhead/testkit"
	"letterhead/vault"
	"letterhead/wording"
)

// Each check of the gate alone: a parcel that fails this one and no other. Without the check it would pass; a check without a case here fails.
func TestEachCheckHoldsAlone(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		spoil  func(t *testing.T, c *Courier, p *parcel)
		state  message.State // "" means: the whole batch stays
		reason string
	}{
		"journal": {func(t *testing.T, c *Courier, _ *parcel) {
			if err := os.Remove(filepath.Join(JournalFolder(c.Folder), "journal.json")); err != nil {
				t.Fatal(err)
			}
		}, "", ""},
		"stop": {func(t *testing.T, c *Courier, p *parcel) {
			err := c.DB.Change(t.Context(), store.Actor{Practice: p.Practice, Agent: "test"}, func(tx *store.Tx) error {
				_, err := message.FreezeOnly(t.Context(), tx, message.StopPractice, "", "test")
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}, message.Held, message.ReasonFrozen},
		"time":    {func(_ *testing.T, c *Courier, p *parcel) { p.NotAfter = c.DB.Now().Add(-time.Second) }, message.Dropped, message.ReasonLate},
		"wanted":  {func(_ *testing.T, _ *Courier, p *parcel) { p.facts.Stop = "cancelled" }, message.Dropped, "cancelled"},
		"address": {func(_ *testing.T, _ *Courier, p *parcel) { p.facts.AddressIndex = "" }, message.Dropped, message.ReasonNoAddress},
		"suppression": {func(t *testing.T, c *Courier, p *parcel) {
			err := c.DB.Change(t.Context(), store.Actor{Practice: p.Practice, Agent: "test"}, func(tx *store.Tx) error {
				return message.Suppress(t.Context(), tx, message.Suppression{Channel: message.Email, AddressIndex: "x", Reason: "complaint"})
			})
			if err != nil {
				t.Fatal(err)
			}
		}, message.Dropped, message.ReasonSuppressed},
		"purpose": {func(_ *testing.T, _ *Courier, p *parcel) { p.Purpose = message.Marketing }, message.Held, message.ReasonWording},
		"sender":  {func(_ *testing.T, _ *Courier, p *parcel) { p.version.sender.Domain = "other.example" }, message.Held, message.ReasonSender},
		"route":   {func(_ *testing.T, c *Courier, _ *parcel) { c.relays[0].loopback = false }, message.Held, message.ReasonRoute},
		"witness": {func(_ *testing.T, c *Courier, p *parcel) {
			p.Kind, c.watched = message.Order, &logbook.Watch{Wanted: 1}
		}, message.Queued, message.ReasonUnwitnessed},
		"approval": {func(_ *testing.T, _ *Courier, p *parcel) { p.approved = approved{} }, message.Held, message.ReasonUnsigned},
		// Once it passed, the first cohort of its approval is full.
		"budget": {func(*testing.T, *Courier, *parcel) {}, message.Queued, string(budget.FirstUse)},
		// Twenty others of its text have gone, and nothing says that they were paced.
		"breaker": {func(t *testing.T, c *Courier, p *parcel) {
			p.approved.By, p.ID = []budget.Approval{{Digest: approval.Digest{2}, Waiting: 1}}, "n"
			for i := range breaker.PacedMost - 1 { // and the one before the spoiling
				s := c.sight(p, c.DB.Now())
				s.Message = string(rune('A' + i))
				if found, err := c.lookout.Look(c.DB.Now(), []breaker.Sight{s}); err != nil || found[0] != nil {
					t.Fatal(found, err)
				}
			}
		}, message.Held, message.ReasonFrozen},
	}
	all := slices.Concat(gate, rendered)
	for _, check := range all {
		c, known := cases[check.name]
		if !known {
			t.Errorf("the check %s has no case", check.name)
			continue
		}
		delete(cases, check.name)
		t.Run(check.name, func(t *testing.T) {
			t.Parallel()
			carrier, p := gateWorld(t)
			b := &batch{now: carrier.DB.Now(), parcels: []*parcel{p}}
			if err := carrier.pass(t.Context(), b, all); err != nil || p.settled {
				t.Fatalf("it does not pass unspoilt: %v %+v", err, p.out)
			}
			carrier.stops.Forget()
			c.spoil(t, carrier, p)
			err := carrier.pass(t.Context(), b, all)
			if c.state == "" {
				if err == nil {
					t.Error("it passed")
				}
				return
			}
			if err != nil || p.out.State != c.state || p.out.Reason != c.reason {
				t.Errorf("%v: %s %s, want %s %s", err, p.out.State, p.out.Reason, c.state, c.reason)
			}
		})
	}
	for name := range cases {
		t.Errorf("the gate has no check %s any more", name)
	}
}

// gateWorld is a courier and a parcel that passes its gate.
func gateWorld(t testing.TB) (*Courier, *parcel) {
	t.Helper()
	folder := t.TempDir()
	root, err := trust.Create(folder, trust.Test)
	if err != nil {
		t.Fatal(err)
	}
	if err := journal.Create(JournalFolder(folder), root.Installation, 1); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(folder, "domains", "clinic.example")
	if err := errors.Join(os.MkdirAll(dir, 0o700), os.WriteFile(filepath.Join(dir, "domain.json"), []byte(`{"name":"clinic.example","practice":"a"}`), 0o600)); err != nil {
		t.Fatal(err)
	}
	keeper, err := vault.NewKeeper(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	c, err := New(Options{DB: testkit.Open(t, testkit.SQLite, nil), Keeper: keeper, Folder: folder, Installation: root.Installation, Epoch: 1,
		Config: Config{Relays: []Relay{{Name: "main", Address: "127.0.0.1:25", TLS: "none"}}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	v := &wording.Version{Format: wording.Format, Purpose: wording.Transactional, Sender: wording.Sender{Name: "C", Local: "hello", Domain: "clinic.example"},
		Branding: wording.Branding{Name: "C", Accent: "#123456"}, Hosts: []string{"clinic.example"}, DefaultLanguage: "en",
		Languages: []wording.Language{{Tag: "en", Subject: wording.Say("Hello"), Blocks: []wording.Block{wording.Text("Hello"), wording.Footer(wording.Say("Ring us."))}}}}
	compiled, err := wording.Compile(v, "en")
	if err != nil {
		t.Fatal(err)
	}
	p := &parcel{facts: Facts{Address: "jo@client.example", AddressIndex: "x"}, version: &version{compiled: compiled, sender: v.Sender}, approved: approved{Answer: &signed.Answer{OK: true, By: []budget.Approval{{Digest: approval.Digest{1}, Waiting: 1}}}, limits: &budget.Budgets{}}}
	p.version.text, p.version.hosts = breaker.TextOfWording(&v.Languages[0]), compiled.Hosts()
	p.Practice, p.ID, p.Version, p.Channel, p.Purpose, p.Turn, p.NotAfter = "a", "m", "v", message.Email, message.Appointments, c.DB.Now(), c.DB.Now().Add(time.Hour)
	return c, p
}
