package letter_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"letterhead/app/source"
	"letterhead/approval"
	"letterhead/client"
	"letterhead/courier"
	"letterhead/courier/chain"
	"letterhead/courier/journal"
	"letterhead/courier/sender"
	"letterhead/courier/trust"
	"letterhead/guard"
	"letterhead/letter"
	"letterhead/message"
	"letterhead/plan"
	"letterhead/practice"
	"letterhead/sign/proposal"
	"letterhead/store"
	"letterhead/template"
	"letterhead/testkit"
	"letterhead/testkit/owner"
	"letterhead/testkit/sink"
	"letterhead/vault"
)

// world is an installation of two practices that have a client "jo" and a mother "ma" each, under the same ids, and an owner with a key in software.
type world struct {
	*testing.T
	db     *store.DB
	clock  *testkit.Clock
	folder string
	keeper *vault.Keeper
	mails  *sink.SMTP
	texts  *phone
	owners map[store.PracticeID]store.MemberID
}

// phone stands for a gateway.
type phone struct {
	mu   sync.Mutex
	sent []courier.Text
}

func (p *phone) Text(_ context.Context, _ string, m courier.Text) courier.TextResult {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent = append(p.sent, m)
	return courier.TextResult{Class: courier.TextAccepted, ID: "g-" + m.Key}
}

const (
	email  = "jo@home.example"
	mobile = "+61491570006"
)

func each(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	for _, engine := range testkit.Engines() {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			test(t, newWorld(t, engine))
		})
	}
}

func newWorld(t *testing.T, engine testkit.Engine) *world {
	w := &world{T: t, clock: testkit.NewClock(t, "2026-11-24T01:00:00Z"), folder: t.TempDir(), texts: &phone{}, owners: map[store.PracticeID]store.MemberID{}}
	w.db = testkit.Open(t, engine, w.clock)
	var err error
	w.keeper, err = vault.NewKeeper(bytes.Repeat([]byte{3}, 32))
	w.check(err)
	root, err := trust.Create(w.folder, trust.Test)
	w.check(err)
	w.check(journal.Create(courier.JournalFolder(w.folder), root.Installation, 1))
	w.mails, err = sink.ListenSMTP(sink.SMTPOptions{})
	w.check(err)
	t.Cleanup(func() { _ = w.mails.Close() })
	for _, p := range []store.PracticeID{"a", "b"} {
		w.practice(p)
		w.sign(p)
	}
	return w
}

func (w *world) check(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) practice(id store.PracticeID) {
	w.Helper()
	name := string(id) + ".mail.example"
	dir := filepath.Join(w.folder, "domains", name)
	w.check(os.MkdirAll(dir, 0o700))
	raw, err := json.Marshal(sender.Domain{Name: name, Practice: id})
	w.check(err)
	w.check(os.WriteFile(filepath.Join(dir, "domain.json"), raw, 0o600))
	w.change(id, func(ctx context.Context, tx *store.Tx) error {
		p := practice.New("Wattle Street Physiotherapy", "AU", "Australia/Melbourne")
		p.ID, p.Label, p.Phone, p.Website = id, string(id), "(03) 5550 0142", "www.wattle.example"
		if _, err := practice.Add(ctx, tx, p); err != nil {
			return err
		}
		m, err := guard.AddMember(ctx, tx, guard.Member{Email: "petra@" + string(id) + ".example", Name: "Petra", Role: guard.Owner})
		if err != nil {
			return err
		}
		w.owners[id] = m.ID
		if err := template.AddStarter(ctx, tx, "mail.example"); err != nil {
			return err
		}
		if err := plan.AddStarter(ctx, tx); err != nil {
			return err
		}
		return w.people(ctx, tx)
	})
}

// people are Jo and her mother, who have one phone.
func (w *world) people(ctx context.Context, tx *store.Tx) error {
	keys, err := w.keeper.Keys(ctx, tx)
	if err != nil {
		return err
	}
	c, err := client.Add(ctx, tx, keys, client.Client{FirstName: "Jo", LastName: "Ng", Email: client.Address{Written: email}, Mobile: client.Address{Written: mobile}})
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `UPDATE client SET id = 'jo', sealed = $3 WHERE practice = $1 AND id = $2`, c.ID,
		client.Seal(keys, "jo", 1, client.Details{Email: c.Email, Mobile: c.Mobile})); err != nil {
		return err
	}
	_, err = client.AddContact(ctx, tx, keys, client.Contact{Client: "jo", Name: "May Ng", Relation: "mother", Receives: client.ByBoth, Email: client.Address{Written: "may@home.example"}, Mobile: client.Address{Written: mobile}})
	return err
}

func (w *world) actor(p store.PracticeID) store.Actor { return store.Actor{Practice: p, Agent: "test"} }

func (w *world) change(p store.PracticeID, fn func(ctx context.Context, tx *store.Tx) error) {
	w.Helper()
	w.check(w.db.Change(w.Context(), w.actor(p), func(tx *store.Tx) error { return fn(w.Context(), tx) }))
}

// as runs as the practice's owner.
func (w *world) as(p store.PracticeID, fn func(ctx context.Context, tx *store.Tx, keys *vault.Keys) error) error {
	return w.db.Change(w.Context(), store.Actor{Practice: p, Member: w.owners[p]}, func(tx *store.Tx) error {
		keys, err := w.keeper.Keys(w.Context(), tx)
		if err != nil {
			return err
		}
		return fn(w.Context(), tx, keys)
	})
}

// sign has the owner sign what is proposed, as an hour ago.
func (w *world) sign(p store.PracticeID) {
	w.Helper()
	w.check(w.trySign(p, nil))
}

// trySign signs what is proposed; meanwhile happens between looking and signing.
func (w *world) trySign(p store.PracticeID, meanwhile func()) error {
	o, err := owner.Of(w.folder, courier.JournalFolder(w.folder), p, w.owners[p], w.clock.Now())
	if err != nil {
		return err
	}
	o.Signed = proposal.Signed
	var all []proposal.Proposal
	sign := func(now bool) error {
		_, err := o.Sign(w.Context(), w.db, w.clock.Now().Add(-time.Hour), func(ctx context.Context, tx *store.Tx, s *approval.State) (out []*approval.Statement, err error) {
			if all == nil {
				all, err = proposal.List(ctx, tx, s, proposal.Setting{Keeper: w.keeper, SMSSender: func(store.PracticeID) string { return "Wattle" }})
			}
			for i := range all {
				if now {
					out = append(out, all[i].Statement(s, w.owners[p]))
				}
			}
			return out, err
		})
		return err
	}
	if meanwhile != nil {
		if err := sign(false); err != nil {
			return err
		}
		meanwhile()
	}
	return sign(true)
}

func (w *world) options() courier.Options {
	root, err := trust.Read(w.folder)
	w.check(err)
	log := io.Discard
	if os.Getenv("LETTERHEAD_TEST_LOG") != "" {
		log = os.Stderr
	}
	config := courier.Config{HostName: "localhost", PlatformDomain: "mail.example", PublicURL: "https://portal.example", Relays: []courier.Relay{{Name: "main", Address: w.mails.Address(), TLS: "none"}},
		Gateways: []courier.Gateway{{Name: "texts", URL: "http://127.0.0.1:9/", Sender: "Wattle"}}}
	from, own, err := source.New(w.keeper, config)
	w.check(err)
	return courier.Options{DB: w.db, Keeper: w.keeper, Source: from, System: own, Folder: w.folder, Installation: root.Installation, Epoch: 1, Texts: w.texts,
		Config: config, Log: slog.New(slog.NewTextHandler(log, nil))}
}

// drain lets everything go that may.
func (w *world) drain() {
	w.Helper()
	c, err := courier.New(w.options())
	w.check(err)
	defer c.Close()
	w.check(c.Drain(w.Context(), w.clock.Now()))
}

// draft is a letter of practice a to Jo.
func draft(channel message.Channel, text string) letter.Letter {
	return letter.Letter{Client: "jo", Recipient: "jo", Channel: channel, Text: text}
}

// asked saves a letter and asks for it.
func (w *world) asked(p store.PracticeID, l letter.Letter) letter.Letter {
	w.Helper()
	w.check(w.as(p, func(ctx context.Context, tx *store.Tx, keys *vault.Keys) error {
		saved, err := letter.Save(ctx, tx, keys, l)
		if err != nil {
			return err
		}
		l, err = letter.Ask(ctx, tx, keys, saved.ID, saved.Version)
		return err
	}))
	return l
}

func (w *world) find(p store.PracticeID, id letter.ID) (l letter.Letter) {
	w.Helper()
	w.check(w.as(p, func(ctx context.Context, tx *store.Tx, keys *vault.Keys) (err error) {
		l, err = letter.Find(ctx, tx, keys, id)
		return err
	}))
	return l
}

// fate is a message's state with its reason and the last step's detail.
func (w *world) fate(p store.PracticeID, id string) string {
	w.Helper()
	var out string
	w.check(w.db.View(w.Context(), w.actor(p), func(tx *store.Tx) error {
		m, err := message.Find(w.Context(), tx, message.ID(id))
		if err != nil {
			return err
		}
		steps, err := message.Steps(w.Context(), tx, m.ID)
		all := steps[m.ID]
		out = strings.TrimSuffix(string(m.State)+"/"+m.Reason+"/"+all[len(all)-1].Detail, "/")
		return err
	}))
	return out
}

// left is how many mails and texts left since it was asked last.
func (w *world) left() (mails []string, texts []courier.Text) {
	for _, m := range w.mails.List() {
		mails = append(mails, m.To+"\n"+string(m.Raw))
	}
	w.texts.mu.Lock()
	defer w.texts.mu.Unlock()
	return mails, slices.Clone(w.texts.sent)
}

func (w *world) exec(p store.PracticeID, statement string, args ...any) {
	w.Helper()
	w.change(p, func(ctx context.Context, tx *store.Tx) error {
		n, err := tx.Exec(ctx, statement, args...)
		if err == nil && n == 0 {
			w.Errorf("nothing was changed by %s", statement)
		}
		return err
	})
}

// chains reads what is signed.
func (w *world) chains(j *journal.Journal) *chain.Chains { return chain.Open(w.folder, j) }
