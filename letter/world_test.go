package letter_test

import (
	"context"
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
	"letterhead/guard"
	"letterhead/letter"
	"letterhead/message"
	"letterhead/plan"
	"letterhead/practice"
	"letterhead/sign/proposal"
	"letterhead/store"
	"letterhead/template"
	"letterhead/testkit"
	"letterhead/testkit/house"
	"letterhead/testkit/owner"
	"letterhead/testkit/sink"
	"letterhead/vault"
)

// world is an installation of two practices that have a client "jo" and a mother "ma" each, under the same ids, and an owner with a key in software.
type world struct {
	*house.House
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
	w := &world{House: house.New(t, engine, "2026-11-24T01:00:00Z"), texts: &phone{}, owners: map[store.PracticeID]store.MemberID{}}
	w.mails = w.Sink()
	for _, p := range []store.PracticeID{"a", "b"} {
		w.practice(p)
		w.sign(p)
	}
	return w
}

func (w *world) practice(id store.PracticeID) {
	w.Helper()
	name := string(id) + ".mail.example"
	house.Domain(w, w.Folder, name, id)
	w.Change(id, func(tx *store.Tx) error {
		p := practice.New("Wattle Street Physiotherapy", "AU", "Australia/Melbourne")
		p.ID, p.Label, p.Phone, p.Website = id, string(id), "(03) 5550 0142", "www.wattle.example"
		if _, err := practice.Add(w.Context(), tx, p); err != nil {
			return err
		}
		m, err := guard.AddMember(w.Context(), tx, guard.Member{Email: "petra@" + string(id) + ".example", Name: "Petra", Role: guard.Owner})
		if err != nil {
			return err
		}
		w.owners[id] = m.ID
		if err := template.AddStarter(w.Context(), tx, "mail.example"); err != nil {
			return err
		}
		if err := plan.AddStarter(w.Context(), tx); err != nil {
			return err
		}
		return w.people(w.Context(), tx)
	})
}

// people are Jo and her mother, who have one phone.
func (w *world) people(ctx context.Context, tx *store.Tx) error {
	keys, err := w.Keeper.Keys(w.Context(), tx)
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

// as runs as the practice's owner.
func (w *world) as(p store.PracticeID, fn func(ctx context.Context, tx *store.Tx, keys *vault.Keys) error) error {
	return w.DB.Change(w.Context(), store.Actor{Practice: p, Member: w.owners[p]}, func(tx *store.Tx) error {
		keys, err := w.Keeper.Keys(w.Context(), tx)
		if err != nil {
			return err
		}
		return fn(w.Context(), tx, keys)
	})
}

// sign has the owner sign what is proposed, as an hour ago.
func (w *world) sign(p store.PracticeID) {
	w.Helper()
	w.Must(w.trySign(p, nil))
}

// trySign signs what is proposed; meanwhile happens between looking and signing.
func (w *world) trySign(p store.PracticeID, meanwhile func()) error {
	o, err := owner.Of(w.Folder, courier.JournalFolder(w.Folder), p, w.owners[p], w.Clock.Now())
	if err != nil {
		return err
	}
	o.Signed = proposal.Signed
	var all []proposal.Proposal
	sign := func(now bool) error {
		_, err := o.Sign(w.Context(), w.DB, w.Clock.Now().Add(-time.Hour), func(ctx context.Context, tx *store.Tx, s *approval.State) (out []*approval.Statement, err error) {
			if all == nil {
				all, err = proposal.List(ctx, tx, s, proposal.Setting{Keeper: w.Keeper, SMSSender: func(store.PracticeID) string { return "Wattle" }})
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
	options := w.Options(nil, w.mails)
	options.Config.PlatformDomain, options.Texts = "mail.example", w.texts
	options.Config.Gateways = []courier.Gateway{{Name: "texts", URL: "http://127.0.0.1:9/", Sender: "Wattle"}}
	var err error
	options.Source, options.System, err = source.New(w.Keeper, options.Config)
	w.Must(err)
	return options
}

// drain lets everything go that may.
func (w *world) drain() {
	w.Helper()
	w.Drain(w.options())
}

// draft is a letter of practice a to Jo.
func draft(channel message.Channel, text string) letter.Letter {
	return letter.Letter{Client: "jo", Recipient: "jo", Channel: channel, Text: text}
}

// asked saves a letter and asks for it.
func (w *world) asked(p store.PracticeID, l letter.Letter) letter.Letter {
	w.Helper()
	w.Must(w.as(p, func(ctx context.Context, tx *store.Tx, keys *vault.Keys) error {
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
	w.Must(w.as(p, func(ctx context.Context, tx *store.Tx, keys *vault.Keys) (err error) {
		l, err = letter.Find(ctx, tx, keys, id)
		return err
	}))
	return l
}

// fate is a message's state with its reason and the last step's detail.
func (w *world) fate(p store.PracticeID, id string) string {
	w.Helper()
	state, reason, detail := w.Fate(p, message.ID(id))
	return strings.TrimSuffix(string(state)+"/"+reason+"/"+detail, "/")
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

// chains reads what is signed.
func (w *world) chains(j *journal.Journal) *chain.Chains { return chain.Open(w.Folder, j) }
