package messages

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"letterhead/courier"
	"letterhead/letter"
	"letterhead/message"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/template"
	"letterhead/vault"
	"letterhead/web/mail"
	"letterhead/web/page"
	"letterhead/web/ui"
	"letterhead/wording"
)

// words are what a message said: made again from the version that was sent and the values that were merged.
type words struct {
	address string
	mail    mail.Mail // of an e-mail
	text    string    // of a text message
	parts   int
	remarks []wording.Remark
	other   bool // the attendee is not the recipient
}

// errSilent says that nothing was merged: the message never left, or its practice's keys are gone.
var errSilent = errors.New("nothing was merged, or it cannot be opened any more")

// silent tells whether an error means that there is nothing to show.
func silent(err error) bool { return errors.Is(err, errSilent) || errors.Is(err, vault.ErrNoKeys) }

// said makes a message's words again. The version's digest is compared with the one that the message names.
func said(ctx context.Context, tx *store.Tx, keys *vault.Keys, m message.Message) (words, error) {
	sealed, err := message.Sealed(ctx, tx, m.ID)
	if err != nil {
		return words{}, fmt.Errorf("read what was merged: %w", err)
	}
	if len(sealed) == 0 {
		return words{}, errSilent
	}
	var place vault.Place
	place.Table, place.Row, place.Column, place.Version = m.Place()
	plain, err := keys.Open(tx, vault.Of{Client: m.Client, Fields: "message"}, place, sealed)
	if errors.Is(err, vault.ErrSealed) {
		return words{}, errSilent
	}
	if err != nil {
		return words{}, err
	}
	var was courier.Record
	if err := json.Unmarshal(plain, &was); err != nil {
		return words{}, fmt.Errorf("read what was merged into %s: %w", m.ID, err)
	}
	compiled, err := compile(ctx, tx, keys, m, was.Language)
	if err != nil {
		return words{}, err
	}
	book, err := book(ctx, tx, was.Directory)
	if err != nil {
		return words{}, err
	}
	rendered := compiled.RenderWith(book, nil, &was.Values)
	out := words{address: was.Address, remarks: rendered.Remarks, other: was.Values.ForOther}
	if m.Channel == message.SMS {
		out.text = string(rendered.SMS)
		out.parts, _, _ = wording.SMSParts(out.text)
		return out, nil
	}
	out.mail = mail.Of(compiled, &rendered)
	return out, nil
}

// book is the practice's own texts as they were signed when a message left.
func book(ctx context.Context, tx *store.Tx, digest string) (*wording.Book, error) {
	if digest == "" {
		return nil, nil
	}
	raw, err := practice.DirectoryOf(ctx, tx, digest)
	if err != nil {
		return nil, err
	}
	book, sum, err := wording.ParseDirectory(raw)
	if err != nil || sum.String() != digest {
		return nil, errSilent // not what was sent
	}
	return book, nil
}

func compile(ctx context.Context, tx *store.Tx, keys *vault.Keys, m message.Message, language string) (*wording.Compiled, error) {
	id := template.VersionID(m.Version)
	found, err := template.Content(ctx, tx, []template.VersionID{id})
	if err != nil {
		return nil, err
	}
	content := found[id]
	if m.Kind == message.Letter || m.Kind == message.Reply {
		l, err := letter.Find(ctx, tx, keys, letter.ID(m.Subject))
		if err != nil {
			return nil, errSilent // gone, or of a client whom this member does not see
		}
		content = l.Content()
	}
	version, digest, err := wording.DecodeCanonical(content)
	if err != nil || digest.String() != m.Digest {
		return nil, errSilent // not what was sent
	}
	if err := practice.Attach(ctx, tx, version); err != nil {
		return nil, err
	}
	compiled, err := wording.Compile(version, version.Match(language))
	if err != nil {
		return nil, errSilent // a picture that was sent is not there any more
	}
	return compiled, nil
}

// Frame is the HTML of an e-mail that left, for the sandboxed frame on its page.
func Frame(v *page.Visit) (page.Answer, error) {
	var w words
	err := v.View(func(ctx context.Context, tx *store.Tx) error {
		m, err := message.Find(ctx, tx, message.ID(v.Path("id")))
		if err != nil {
			return err
		}
		keys, err := v.Keys(ctx, tx)
		if err != nil {
			return err
		}
		w, err = said(ctx, tx, keys, m)
		return err
	})
	answer := page.Answer{Status: http.StatusOK, Raw: w.mail.Framed(), Header: map[string]string{"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": mail.FramePolicy}}
	switch {
	case silent(err) || err == nil && w.mail.HTML == "":
		answer.Raw, answer.Header["Content-Type"] = []byte(v.Say("words.gone")), "text/plain; charset=utf-8"
	case err != nil:
		return page.Answer{}, err
	}
	return answer, nil
}

// show puts a message's words on its page: as it looks and as text, with what could not be merged as it was given.
func (o *one) show(m message.Message, w words, err error) {
	v := o.visit
	if err != nil {
		o.silent = v.Say("words.gone")
		if m.LeftAt.IsZero() && m.Attempts == 0 {
			o.silent = v.Say("words.not-yet")
		}
		return
	}
	o.words = &w
	o.view = "html"
	if m.Channel == message.SMS || v.Query("view") == "text" {
		o.view = "text"
	}
	if m.Channel == message.Email {
		if o.other = (ui.Link{To: "/messages/" + o.id, Say: v.Say("words.html")}); o.view == "html" {
			o.other = ui.Link{To: "/messages/" + o.id + "?view=text", Say: v.Say("words.text")}
		}
		o.facts = append(o.facts, ui.Fact{Name: v.Say("words.subject"), Value: w.mail.Subject})
	}
	o.facts = append(o.facts, ui.Fact{Name: v.Say("words.address"), Value: w.address})
	for _, r := range w.remarks {
		if !w.other && strings.HasPrefix(string(r.Field), "attendee.") {
			continue // the recipient themself, and said already
		}
		field := v.Say("field." + string(r.Field))
		o.replaced = append(o.replaced, v.Say("words.replaced", field, v.Say("replaced."+string(r.Reason))))
	}
}
