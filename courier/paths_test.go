package courier_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"letterhead/approval"
	"letterhead/approval/audience"
	"letterhead/courier"
	"letterhead/message"
	"letterhead/store"
	"letterhead/testkit/house"
	"letterhead/testkit/sink"
	"letterhead/wording"
)

// paths is a world in which practice a's people signed an order to m0, m1 and m2, a letter to m0, a grant and where a member is reached, and b's
// nothing of the kind.
const day = 24 * time.Hour

type paths struct {
	*world
	tree   *audience.Tree
	first  string // address index of m0
	system string // digest of what counts as compiled into the program
}

// index is the keyed index of an address; in a transaction of its own.
func (w *paths) index(id string) (index string) {
	w.change("a", func(tx *store.Tx) error {
		keys, err := w.keeper.Keys(context.Background(), tx)
		index = keys.Index("email", id+"@client.example")
		return err
	})
	return index
}

func (w *paths) recipient(id string) audience.Recipient {
	return audience.Recipient{Client: id, Channel: "email", Index: w.index(id)}
}

func newPaths(w *world) *paths {
	w.t.Helper()
	p := &paths{world: w}
	p.first = p.index("m0")
	p.letter("a")
	p.letter("b")
	var err error
	if p.tree, err = audience.New([]audience.Recipient{p.recipient("m0"), p.recipient("m1"), p.recipient("m2")}); err != nil {
		w.t.Fatal(err)
	}
	for _, practice := range []store.PracticeID{"a", "b"} {
		p.ours(practice)
	}
	house.Domain(w.t, w.folder, "letterhead.example", "")
	w.source.change = func(m message.Message, f *courier.Facts) {
		if m.Kind == message.Order {
			place, proof, _ := p.tree.Prove(p.recipient(m.Recipient))
			f.Place, f.Proof = int64(place), proof
		}
	}
	w.sign("a", p.statements)
	return p
}

// letter stores a wording under the id "letter" that is signed as no wording.
func (w *paths) letter(practice store.PracticeID) {
	v := plainVersion(domainOf(practice), wording.Transactional)
	v.Languages[0].Blocks[0] = wording.Text("Dear Jo,", "your insoles are here.")
	w.put(practice, "letter", v)
}

// ours stores what the program itself says.
func (w *paths) ours(practice store.PracticeID) {
	w.put(practice, "system", system("Something waits for you"))
	w.put(practice, "draw", system("You have won"))
	w.system = w.digests["system"][practice]
}

// system is a version as the program says it, from its own domain.
func system(subject string) *wording.Version {
	return &wording.Version{Format: wording.Format, Purpose: wording.Transactional, Sender: wording.Sender{Name: "Letterhead", Local: "notices", Domain: "letterhead.example"},
		Branding: wording.Branding{Name: "Letterhead", Accent: "#123456"}, Hosts: []string{"letterhead.example"}, DefaultLanguage: "en",
		Languages: []wording.Language{{Tag: "en", Subject: wording.Say(subject), Blocks: []wording.Block{wording.Text("Sign in."), wording.Footer(wording.Say("From Letterhead."))}}}}
}

func (w *paths) put(practice store.PracticeID, id wording.Purpose, v *wording.Version) {
	if w.digests[id] == nil {
		w.digests[id] = map[store.PracticeID]string{}
	}
	w.store(practice, id, v)
}

func (w *paths) statements(s *approval.State) []*approval.Statement {
	digest := func(id wording.Purpose) approval.Digest {
		d, err := approval.ParseDigest(w.digests[id]["a"])
		if err != nil {
			w.t.Fatal(err)
		}
		return d
	}
	now := s.Draft(approval.KindOrder, "news", "ana")
	window := &approval.Window{From: approval.At(w.db.Now().Add(-day)), Until: approval.At(w.db.Now().Add(7 * day))}
	now.Digest, now.Window, now.Limits = digest(wording.Marketing), window, &approval.Limits{Total: 3}
	now.Body.Order = &approval.OrderBody{Active: 3, Channel: "email", Count: 3, Purpose: "marketing", Root: approval.Digest(w.tree.Root()), Wording: "marketing"}
	letter := s.Draft(approval.KindLetter, "insoles", "ana")
	letter.Digest, letter.Expires = digest("letter"), approval.At(w.db.Now().Add(7*day))
	letter.Body.Letter = &approval.LetterBody{Channel: "email", Client: "m0", Recipient: w.first}
	grant := s.Draft(approval.KindGrant, "recalls", "ana")
	grant.Digest, grant.Limits = digest(wording.Transactional), &approval.Limits{Day: 2, Total: 2}
	grant.Body.Grant = &approval.GrantBody{Credential: "key", Purpose: "appointments", Values: []approval.GrantValue{}, Wording: "transactional"}
	out := []*approval.Statement{now, letter, grant}
	// The founder's own statement about themselves changes where they are reached.
	self := s.Draft(approval.KindMember, "ana", "ana")
	self.Body.Member = &approval.MemberBody{Role: approval.Owner, Channel: "email", Address: approval.Commit(self.Nonce, "ana@client.example")}
	return append(out, self)
}

func on(kind message.Kind, subject string, id wording.Purpose, w *paths) func(*message.Intent) {
	return func(i *message.Intent) {
		i.Kind, i.Rule, i.Subject, i.Version = kind, "", subject, string(id)
		i.Digest, i.Client, i.Recipient = w.digests[id]["a"], string(i.ID), string(i.ID)
		switch kind {
		case message.Order:
			i.Purpose = message.Marketing
		case message.Test, message.System:
			i.Client, i.Recipient = "", "ana"
		}
	}
}

// Each path with what its people signed goes; and each way around it, by whoever writes rows, is held with its reason.
func TestEveryPathAsksWhatWasSigned(t *testing.T) {
	type way struct {
		path  string
		spoil func(w *paths, i *message.Intent)
		held  string // "" means that it goes
	}
	then := func(f func(*message.Intent)) func(*paths, *message.Intent) {
		return func(_ *paths, i *message.Intent) { f(i) }
	}
	ways := map[string]way{
		"order":  {"order", nil, ""},
		"letter": {"letter", nil, ""},
		"reply":  {"letter", then(func(i *message.Intent) { i.Kind = message.Reply }), ""},
		"grant":  {"grant", nil, ""},
		"test":   {"test", nil, ""},
		"system": {"system", nil, ""},

		"an order's other version": {"order", func(w *paths, i *message.Intent) {
			i.Version, i.Digest = "letter", w.digests["letter"]["a"]
			i.Purpose = message.Appointments
		}, "order unsigned"},
		"an order nobody signed": {"order", then(func(i *message.Intent) { i.Subject = "draw" }), "order unsigned"},
		"an order's stranger":    {"order", then(func(i *message.Intent) { i.Client, i.Recipient = "stranger", "stranger" }), "order recipient unsigned"},
		"an order by text":       {"order", then(func(i *message.Intent) { i.Channel = message.SMS }), "route"},
		"a letter as a reminder": {"letter", func(w *paths, i *message.Intent) { i.Kind, i.Rule, i.Subject = message.Rule, "reminder-7-days", "" }, "wording unsigned"},
		"a letter to another":    {"letter", then(func(i *message.Intent) { i.Client, i.Recipient = "m1", "m1" }), "letter recipient unsigned"},
		"a letter with other words": {"letter", func(w *paths, i *message.Intent) {
			i.Version, i.Digest = "transactional", w.digests[wording.Transactional]["a"]
		}, "letter unsigned"},
		"a letter under another id": {"letter", then(func(i *message.Intent) { i.Subject = "other" }), "letter unsigned"},
		"a letter as an order":      {"letter", then(func(i *message.Intent) { i.Kind = message.Order; i.Subject = "insoles" }), "order unsigned"},
		"a grant's other wording":   {"grant", func(w *paths, i *message.Intent) { i.Version, i.Digest = "letter", w.digests["letter"]["a"] }, "grant unsigned"},
		"another's grant":           {"grant", then(func(i *message.Intent) { i.Subject = "news" }), "grant unsigned"},
		"a letter as a grant": {"grant", func(w *paths, i *message.Intent) {
			i.Subject, i.Version, i.Digest = "insoles", "letter", w.digests["letter"]["a"]
		}, "grant unsigned"},
		"a sample to a stranger":          {"test", then(func(i *message.Intent) { i.Recipient = "stranger" }), "test unsigned"},
		"a sample to a moved address":     {"test", func(w *paths, i *message.Intent) { w.move("elsewhere@client.example") }, "member address unsigned"},
		"words as the program's own":      {"system", func(w *paths, i *message.Intent) { i.Version, i.Digest = "letter", w.digests["letter"]["a"] }, ""},
		"the program's sender, own words": {"system", func(w *paths, i *message.Intent) { i.Version, i.Digest = "draw", w.digests["draw"]["a"] }, "not the program's own words"},
		"a program's own as a rule's":     {"system", func(w *paths, i *message.Intent) { i.Kind, i.Rule, i.Client = message.Rule, "reminder-7-days", "m0" }, ""},
	}
	kinds := map[string]func(*paths) func(*message.Intent){
		"order":  func(w *paths) func(*message.Intent) { return on(message.Order, "news", wording.Marketing, w) },
		"letter": func(w *paths) func(*message.Intent) { return on(message.Letter, "insoles", "letter", w) },
		"grant":  func(w *paths) func(*message.Intent) { return on(message.Grant, "recalls", wording.Transactional, w) },
		"test":   func(w *paths) func(*message.Intent) { return on(message.Test, "", "letter", w) },
		"system": func(w *paths) func(*message.Intent) { return on(message.System, "", "system", w) },
	}
	for name, c := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, base *world) {
				w, s := newPaths(base), listen(t, sink.SMTPOptions{})
				make := func(p store.PracticeID) {
					w.queue(p, "m", 1, func(i *message.Intent) {
						kinds[c.path](w)(i)
						if c.spoil != nil {
							c.spoil(w, i)
						}
					})
				}
				make("a")
				if c.path != "system" {
					make("b") // the same row in a practice whose people signed nothing of it
				}
				o := w.options(relayTo(s.Address()))
				o.System = func(digest string) bool { return digest == w.system }
				w.drain(o)
				m, steps := w.find("a", "m0"), w.timeline("a", "m0")
				goes := c.spoil == nil || name == "reply"
				switch {
				case goes && (m.State != message.Sent || s.Count() != 1):
					t.Errorf("%d left: %s", s.Count(), steps)
				case !goes && (s.Count() != 0 || m.State != message.Held || !strings.Contains(steps, c.held)):
					t.Errorf("%d left: %s", s.Count(), steps)
				}
			})
		})
	}
}

// move makes the product say that a member is reached elsewhere.
func (w *paths) move(address string) {
	usual := w.source.change
	w.source.change = func(m message.Message, f *courier.Facts) {
		usual(m, f)
		f.Address = address
	}
}

// A grant's cap holds whatever the program asks for.
func TestAGrantsCapHolds(t *testing.T) {
	each(t, func(t *testing.T, base *world) {
		w, s := newPaths(base), listen(t, sink.SMTPOptions{})
		w.queue("a", "m", 6, on(message.Grant, "recalls", wording.Transactional, w))
		c := w.courier(w.options(relayTo(s.Address())))
		for _, later := range []time.Duration{0, 16 * time.Minute, 32 * time.Minute, 48 * time.Minute} { // the first cohort, and what comes after it
			if err := c.Drain(t.Context(), w.db.Now().Add(later)); err != nil {
				t.Fatal(err)
			}
		}
		if s.Count() != 2 {
			t.Errorf("%d left: %v", s.Count(), w.states("a"))
		}
	})
}
