package letter

import (
	"context"
	"slices"
	"strings"
	"time"

	"letterhead/client"
	"letterhead/guard"
	"letterhead/letter"
	"letterhead/message"
	"letterhead/plan"
	"letterhead/store"
	"letterhead/vault"
	"letterhead/web/page"
	"letterhead/web/story"
	"letterhead/web/ui"
)

// said is one thing of a thread: ours, or a text message that came from one of the client's numbers.
type said struct {
	at      time.Time
	when    string
	who     string
	text    string // of ours only where it was written to this client
	link    ui.Link
	kind    ui.Kind
	state   string
	theirs  bool
	answers letter.AnswerID
	seen    string // who dealt with it
}

type conversation struct {
	frame  ui.Frame
	visit  *page.Visit
	client client.Client
	said   []said
	may    bool
}

const mostMessages = 100

// Thread is what was said both ways with a client, the latest first.
func Thread(v *page.Visit) (page.Answer, error) {
	c := conversation{visit: v, may: v.May(guard.MessageWrite)}
	f := form{visit: v}
	err := f.within(v.View, func(ctx context.Context, tx *store.Tx, keys *vault.Keys) (err error) {
		if c.client, err = client.Find(ctx, tx, keys, client.ID(v.Path("id"))); err != nil {
			return err
		}
		written := map[message.ID]bool{}
		if err := c.letters(ctx, tx, keys, written); err != nil {
			return err
		}
		if err := c.messages(ctx, tx, written); err != nil {
			return err
		}
		return c.answers(ctx, tx, keys)
	})
	if err != nil {
		return page.Answer{}, err
	}
	slices.SortStableFunc(c.said, func(a, b said) int { return b.at.Compare(a.at) })
	c.frame = v.Frame(v.Say("letter.thread"), "")
	if v.Query("did") == "seen" {
		c.frame.Flash = &ui.Flash{Kind: ui.Good, Say: v.Say("did.seen")}
	}
	return page.Show(showThread(c))
}

func (c *conversation) moment(at time.Time) string {
	return c.visit.Text.Moment(at.In(c.visit.Location), c.visit.Now.In(c.visit.Location))
}

// letters adds what was written to this client; a draft too.
func (c *conversation) letters(ctx context.Context, tx *store.Tx, keys *vault.Keys, written map[message.ID]bool) error {
	all, err := letter.OfClient(ctx, tx, keys, c.client.ID)
	if err != nil {
		return err
	}
	var ids []message.ID
	for _, l := range all {
		if l.State == letter.Signed {
			ids = append(ids, message.ID(l.ID))
		}
	}
	steps, err := message.Steps(ctx, tx, ids...)
	if err != nil {
		return err
	}
	sent, _, err := message.List(ctx, tx, message.Filter{Client: string(c.client.ID)}, message.Page{Limit: mostMessages})
	if err != nil {
		return err
	}
	for _, l := range all {
		s := said{at: l.ChangedAt, when: c.moment(l.ChangedAt), who: c.visit.Say("letter.ours-" + string(l.Channel)), text: l.Text, state: c.visit.Say("letter.state-" + string(l.State)), kind: ui.Plain,
			link: ui.Link{To: "/letters/" + string(l.ID), Say: c.visit.Say("letter.open")}}
		if l.State == letter.Asked {
			s.kind = ui.Wait
		}
		written[message.ID(l.ID)] = true
		for _, m := range sent {
			if m.ID == message.ID(l.ID) {
				fate := story.FateOf(m, steps[m.ID])
				s.kind, s.state = fate.Kind, c.visit.Say(fate.Key)
			}
		}
		c.said = append(c.said, s)
	}
	return nil
}

// messages adds what went by itself.
func (c *conversation) messages(ctx context.Context, tx *store.Tx, written map[message.ID]bool) error {
	sent, _, err := message.List(ctx, tx, message.Filter{Client: string(c.client.ID)}, message.Page{Limit: mostMessages})
	if err != nil {
		return err
	}
	sent = slices.DeleteFunc(sent, func(m message.Message) bool { return written[m.ID] })
	var ids []message.ID
	for _, m := range sent {
		ids = append(ids, m.ID)
	}
	steps, err := message.Steps(ctx, tx, ids...)
	if err != nil {
		return err
	}
	rules, err := plan.Rules(ctx, tx)
	if err != nil {
		return err
	}
	names := map[string]string{}
	for _, r := range rules {
		names[r.Key] = r.Name
	}
	for _, m := range sent {
		fate := story.FateOf(m, steps[m.ID])
		what := names[m.Rule]
		if what == "" {
			what = c.visit.Say("kind." + string(m.Kind))
		}
		c.said = append(c.said, said{at: m.CreatedAt, when: c.moment(m.CreatedAt), who: c.visit.Say("letter.ours-" + string(m.Channel)), text: what, kind: fate.Kind, state: c.visit.Say(fate.Key),
			link: ui.Link{To: "/messages/" + string(m.ID), Say: c.visit.Say("letter.open")}})
	}
	return nil
}

// answers adds what came from the numbers of the client and the client's contacts.
func (c *conversation) answers(ctx context.Context, tx *store.Tx, keys *vault.Keys) error {
	all, err := letter.Answers(ctx, tx, keys, c.client)
	if err != nil {
		return err
	}
	who := map[string]string{}
	for _, a := range all {
		if _, known := who[a.From]; !known {
			if who[a.From], err = whoMayBe(ctx, c.visit, tx, keys, a.From, c.client.ID); err != nil {
				return err
			}
		}
		s := said{at: a.At, when: c.moment(a.At), who: who[a.From], text: a.Text, theirs: true, answers: a.ID, kind: ui.Wait, state: c.visit.Say("letter.unseen")}
		if !a.SeenAt.IsZero() {
			s.kind, s.state, s.seen = ui.Plain, c.visit.Say("letter.seen"), a.SeenBy
		}
		if a.SeenBy == letter.Confirmed {
			s.kind, s.state = ui.Good, c.visit.Say("letter.said-yes")
		}
		c.said = append(c.said, s)
	}
	return nil
}

// whoMayBe says whose number it is; of several it guesses nobody.
func whoMayBe(ctx context.Context, v *page.Visit, tx *store.Tx, keys *vault.Keys, number string, of client.ID) (string, error) {
	all, err := letter.Writers(ctx, tx, keys, number, of)
	if err != nil {
		return "", err
	}
	var names []string
	for _, w := range all {
		name := w.Name
		if w.Of != "" {
			name = v.Say("letter.contact-of", w.Name, w.Of)
		}
		names = append(names, name)
	}
	switch len(names) {
	case 0:
		return v.Say("letter.from-unknown"), nil
	case 1:
		return v.Say("letter.from-one", names[0]), nil
	}
	return v.Say("letter.from-several", strings.Join(names, ", ")), nil
}

// Seen notes that a text message was dealt with.
func Seen(v *page.Visit) (page.Answer, error) {
	err := v.Change(func(ctx context.Context, tx *store.Tx) error {
		return letter.See(ctx, tx, letter.AnswerID(v.Path("answer")))
	})
	if err != nil {
		return page.Answer{}, err
	}
	return page.Go("/clients/" + v.Path("id") + "/messages?did=seen")
}
