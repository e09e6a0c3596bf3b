// Package letter is the pages of messages to one client: the thread of what was said both ways, the form for a letter or an answer with how it
// will look, and what became of it.
//
// It promises: a draft is kept as it was typed, also when something about it is refused; what is shown before asking is made by the code that
// sends; who wrote from a shared phone is never guessed. Nothing here signs: that is done at the desk.
package letter

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"letterhead/client"
	"letterhead/fault"
	"letterhead/guard"
	"letterhead/letter"
	"letterhead/message"
	"letterhead/store"
	"letterhead/vault"
	"letterhead/web/mail"
	"letterhead/web/page"
	"letterhead/web/story"
	"letterhead/web/ui"
	"letterhead/wording"
)

// form is the page of one letter: a form as long as it is a draft, then what it says and became.
type form struct {
	frame    ui.Frame
	visit    *page.Visit
	client   client.Client
	letter   letter.Letter
	to       []ui.Option // whom it may go to
	name     string      // of whom it goes to
	answers  letter.Answer
	writers  string // who may have written that
	preview  *preview
	problems []ui.Problem
	may      bool
	entries  []ui.Entry // what became of it
	state    ui.Kind
	moved    bool
	desk     ui.Link
}

// preview is a letter as it would be sent.
type preview struct {
	mail  mail.Mail
	text  string
	parts int
}

// New is the form of a letter that was not kept yet.
func New(v *page.Visit) (page.Answer, error) {
	f := form{visit: v}
	f.letter = letter.Letter{Client: client.ID(v.Path("id")), Recipient: v.Path("id"), Channel: message.Email, State: letter.Draft, Answers: letter.AnswerID(v.Query("answers"))}
	err := f.within(v.View, func(ctx context.Context, tx *store.Tx, keys *vault.Keys) error {
		if err := f.read(ctx, tx, keys); err != nil {
			return err
		}
		if f.letter.Answers != "" {
			f.letter.Channel = message.SMS
			f.letter.Recipient = f.likely(ctx, tx, keys)
			return nil
		}
		if v.Query("channel") == "sms" || f.client.Email.State != client.Good && f.client.Mobile.State == client.Good {
			f.letter.Channel = message.SMS
			return nil
		}
		f.letter.Text = v.Say("letter.begin", called(f.client), v.Member.Name)
		return nil
	})
	if err != nil {
		return page.Answer{}, err
	}
	f.frame = v.Frame(v.Say("letter.new"), "")
	return page.Show(show(f))
}

func called(c client.Client) string {
	if c.PreferredName != "" {
		return c.PreferredName
	}
	return c.FirstName
}

// likely is the one person of this client's whose number it is; the client where there are several: the writer chooses.
func (f *form) likely(ctx context.Context, tx *store.Tx, keys *vault.Keys) string {
	all, err := letter.Writers(ctx, tx, keys, f.answers.From, f.client.ID)
	mine := slices.DeleteFunc(all, func(w letter.Writer) bool { return w.Client != f.client.ID })
	if err != nil || len(mine) == 0 || slices.ContainsFunc(mine, func(w letter.Writer) bool { return w.Contact == "" }) {
		return string(f.client.ID)
	}
	return mine[0].Recipient()
}

// Show is one letter.
func Show(v *page.Visit) (page.Answer, error) {
	f := form{visit: v}
	err := f.within(v.View, func(ctx context.Context, tx *store.Tx, keys *vault.Keys) (err error) {
		if f.letter, err = letter.Find(ctx, tx, keys, letter.ID(v.Path("letter"))); err != nil {
			return err
		}
		if err := f.read(ctx, tx, keys); err != nil {
			return err
		}
		f.look(ctx, tx, keys)
		return f.fate(ctx, tx)
	})
	if err != nil {
		return page.Answer{}, err
	}
	f.frame = v.Frame(v.Say("letter.title", f.client.Name()), "")
	if did := v.Query("did"); did == "draft" || did == "asked" || did == "withdrawn" {
		f.frame.Flash = &ui.Flash{Kind: ui.Good, Say: v.Say("did." + did)}
	}
	return page.Show(show(f))
}

// Save keeps what was typed, of a new letter or a draft, and asks for approval where that was pressed.
func Save(v *page.Visit) (page.Answer, error) {
	f := form{visit: v}
	typed := letter.Letter{ID: letter.ID(v.Path("letter")), Client: client.ID(v.Path("id")), Recipient: v.Form("recipient"), Channel: message.Channel(v.Form("channel")),
		Answers: letter.AnswerID(v.Form("answers")), Text: strings.TrimSpace(v.Long("text")), State: letter.Draft}
	typed.Version, _ = strconv.ParseInt(v.Form("version"), 10, 64)
	if typed.Answers != "" {
		typed.Channel = message.SMS
	}
	var kept letter.Letter
	err := f.within(v.Change, func(ctx context.Context, tx *store.Tx, keys *vault.Keys) (err error) {
		if typed.ID != "" {
			old, err := letter.Find(ctx, tx, keys, typed.ID)
			if err != nil {
				return err
			}
			typed.Client, typed.Answers = old.Client, old.Answers
		}
		kept, err = letter.Save(ctx, tx, keys, typed)
		return err
	})
	did := "draft"
	if err == nil && v.Form("do") == "ask" {
		did = "asked"
		typed = kept
		err = f.within(v.Change, func(ctx context.Context, tx *store.Tx, keys *vault.Keys) error {
			_, err := letter.Ask(ctx, tx, keys, kept.ID, kept.Version)
			return err
		})
	}
	if err == nil {
		return page.Go("/letters/" + string(kept.ID) + "?did=" + did)
	}
	return f.again(typed, err)
}

// again shows what was typed with what to mend.
func (f *form) again(typed letter.Letter, err error) (page.Answer, error) {
	v := f.visit
	problem := page.Problem(v.Text, err)
	if problem == nil {
		return page.Answer{}, err
	}
	f.problems, f.letter = []ui.Problem{*problem}, typed
	if problem := f.within(v.View, f.read); problem != nil {
		return page.Answer{}, problem
	}
	f.frame = v.Frame(v.Say("letter.new"), "")
	return page.Again(show(*f), err)
}

// Withdraw takes a letter back, or throws a draft away.
func Withdraw(v *page.Visit) (page.Answer, error) {
	f := form{visit: v}
	err := f.within(v.Change, func(ctx context.Context, tx *store.Tx, keys *vault.Keys) error {
		return letter.Withdraw(ctx, tx, keys, letter.ID(v.Path("letter")))
	})
	if err != nil {
		return page.Answer{}, err
	}
	return page.Go("/letters/" + v.Path("letter") + "?did=withdrawn")
}

// Frame is a letter's HTML for the sandboxed frame on its page.
func Frame(v *page.Visit) (page.Answer, error) {
	f := form{visit: v}
	err := f.within(v.View, func(ctx context.Context, tx *store.Tx, keys *vault.Keys) (err error) {
		if f.letter, err = letter.Find(ctx, tx, keys, letter.ID(v.Path("letter"))); err == nil {
			f.look(ctx, tx, keys)
		}
		return err
	})
	if err != nil {
		return page.Answer{}, err
	}
	if f.preview == nil || f.preview.mail.HTML == "" {
		return page.Answer{}, letter.ErrNotFound
	}
	return page.Answer{Status: http.StatusOK, Raw: f.preview.mail.Framed(), Header: map[string]string{"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": mail.FramePolicy}}, nil
}

func (f *form) within(door func(func(context.Context, *store.Tx) error) error, do func(context.Context, *store.Tx, *vault.Keys) error) error {
	return door(func(ctx context.Context, tx *store.Tx) error {
		keys, err := f.visit.Keys(ctx, tx)
		if err != nil {
			return err
		}
		return do(ctx, tx, keys)
	})
}

// read reads the client, whom a letter may go to, and what it answers.
func (f *form) read(ctx context.Context, tx *store.Tx, keys *vault.Keys) (err error) {
	v := f.visit
	f.may = v.May(guard.MessageWrite)
	if v.Desk != "" {
		f.desk = ui.Link{To: v.Desk + "/p/" + string(v.Practice.ID), Say: v.Say("messages.desk")}
	}
	if f.client, err = client.Find(ctx, tx, keys, f.letter.Client); err != nil {
		return err
	}
	contacts, err := client.Contacts(ctx, tx, keys, f.client.ID)
	if err != nil {
		return err
	}
	f.to = []ui.Option{{Value: string(f.client.ID), Say: f.client.Name(), Help: reached(f.client.Email, f.client.Mobile)}}
	for _, k := range contacts {
		if k.EndedAt.IsZero() {
			f.to = append(f.to, ui.Option{Value: string(k.ID), Say: v.Say("letter.contact", k.Name, k.Relation), Help: reached(k.Email, k.Mobile)})
		}
	}
	for _, o := range f.to {
		if o.Value == f.letter.Recipient {
			f.name = o.Say
		}
	}
	if f.letter.Answers == "" {
		return nil
	}
	if f.answers, err = letter.Said(ctx, tx, keys, f.letter.Answers); err != nil {
		return err
	}
	f.writers, err = whoMayBe(ctx, v, tx, keys, f.answers.From, f.client.ID)
	return err
}

// reached says by which addresses somebody is reached.
func reached(email, mobile client.Address) string {
	var out []string
	for _, a := range []client.Address{email, mobile} {
		if a.State == client.Good {
			out = append(out, a.Normal)
		}
	}
	return strings.Join(out, " · ")
}

// look renders a letter as it would be sent, or says what is wrong with it. What was asked for does not change any more.
func (f *form) look(ctx context.Context, tx *store.Tx, keys *vault.Keys) {
	raw, err := letter.Preview(ctx, tx, keys, f.letter)
	if err == nil {
		f.preview, err = render(raw, f.letter.Channel)
	}
	if err != nil && f.letter.Text != "" {
		if problem := page.Problem(f.visit.Text, err); problem != nil {
			f.problems = append(f.problems, *problem)
		}
	}
	if f.letter.State == letter.Asked {
		_, err := letter.AddresseeOf(ctx, tx, keys, f.letter)
		f.moved = fault.As(err) != nil
	}
}

func render(raw []byte, channel message.Channel) (*preview, error) {
	v, _, err := wording.DecodeCanonical(raw)
	if err != nil {
		return nil, err
	}
	compiled, err := wording.Compile(v, v.DefaultLanguage)
	if err != nil {
		return nil, err
	}
	rendered := compiled.Render(nil, &wording.Values{})
	p := &preview{}
	if channel == message.SMS {
		p.text = string(rendered.SMS)
		p.parts, _, _ = wording.SMSParts(p.text)
		return p, nil
	}
	p.mail = mail.Of(compiled, &rendered)
	return p, nil
}

// fate is what became of the message.
func (f *form) fate(ctx context.Context, tx *store.Tx) error {
	f.state = map[letter.State]ui.Kind{letter.Draft: ui.Plain, letter.Asked: ui.Wait, letter.Signed: ui.Good, letter.Withdrawn: ui.Plain, letter.Expired: ui.Plain}[f.letter.State]
	if f.letter.State != letter.Signed {
		return nil
	}
	m, err := message.Find(ctx, tx, message.ID(f.letter.ID))
	if err != nil {
		return err
	}
	steps, err := message.Steps(ctx, tx, m.ID)
	teller := story.Teller{Text: f.visit.Text, Now: f.visit.Now, Location: f.visit.Location}
	f.entries = teller.Steps(m, steps[m.ID])
	return err
}

func (f form) errorOf(field string) string {
	for _, problem := range f.problems {
		if problem.Field == field {
			return problem.Say
		}
	}
	return ""
}

// action is where the form posts to.
func (f form) action() string {
	if f.letter.ID == "" {
		return "/clients/" + string(f.client.ID) + "/letters/new"
	}
	return "/letters/" + string(f.letter.ID)
}

func (f form) version() string { return strconv.FormatInt(f.letter.Version, 10) }

func thread(c client.Client) string { return "/clients/" + string(c.ID) + "/messages" }

// lines are a text's; one that is empty holds its place.
func lines(text string) []string {
	out := strings.Split(text, "\n")
	for i, each := range out {
		if strings.TrimSpace(each) == "" {
			out[i] = "\u00a0"
		}
	}
	return out
}
