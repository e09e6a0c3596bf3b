package messages

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"letterhead/courier/kept"
	"letterhead/fault"
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

// words are what a message said: made again, by the code that sent it, from the version that was sent and the values that were merged.
type words struct {
	address string
	mail    mail.Mail // of an e-mail
	text    string    // of a text message
	parts   int
	remarks []wording.Remark
	other   bool // the attendee is not the recipient
	record  *kept.Record
	made    *kept.Made
}

// errSilent says that nothing was merged, or that it was erased; errChanged that what is stored now is not what the message was made of.
var (
	errSilent  = errors.New("nothing was merged, or it cannot be opened any more")
	errChanged = errors.New("what is stored with the message was changed")
)

// silent tells whether an error means that there is nothing to show.
func silent(err error) bool {
	return errors.Is(err, errSilent) || errors.Is(err, kept.ErrLayout) || errors.Is(err, errChanged) || errors.Is(err, vault.ErrNoKeys)
}

// said makes a message again. The digests of its version and of the practice's own texts are compared with those that it names.
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
		return words{}, errChanged
	}
	if err != nil {
		return words{}, err
	}
	was, err := kept.Parse(plain)
	if err != nil {
		return words{}, fmt.Errorf("read what was merged into %s: %w", m.ID, err)
	}
	from, err := sources(ctx, tx, keys, m, was)
	if err != nil {
		return words{}, err
	}
	made, err := was.Make(kept.Sent{SMS: m.Channel == message.SMS, MessageID: m.MessageID, Way: m.Purpose == message.Marketing}, from)
	switch {
	case errors.Is(err, kept.ErrOther):
		return words{}, errChanged
	case errors.Is(err, kept.ErrLayout):
		return words{record: was}, err
	}
	if err != nil {
		return words{}, err
	}
	out := words{address: was.Address, remarks: made.Remarks, other: was.Values.ForOther, record: was, made: made}
	if m.Channel == message.SMS {
		out.text = string(made.SMS)
		out.parts, _, _ = wording.SMSParts(out.text)
		return out, nil
	}
	out.mail = mail.Open(made.Whole)
	return out, nil
}

// sources are what a message was made of beside its values.
func sources(ctx context.Context, tx *store.Tx, keys *vault.Keys, m message.Message, was *kept.Record) (from kept.Sources, err error) {
	from = kept.Sources{Digest: m.Digest}
	if m.Kind == message.Letter || m.Kind == message.Reply {
		l, err := letter.Find(ctx, tx, keys, letter.ID(m.Subject))
		if err != nil {
			return from, errSilent // gone, or of a client whom this member does not see
		}
		from.Version = l.Content()
	} else {
		id := template.VersionID(m.Version)
		found, err := template.Content(ctx, tx, []template.VersionID{id})
		if err != nil {
			return from, err
		}
		from.Version = found[id]
	}
	if len(from.Version) == 0 {
		return from, errSilent
	}
	if was.Directory != "" {
		if from.Directory, err = practice.DirectoryOf(ctx, tx, was.Directory); errors.Is(err, practice.ErrNotFound) {
			return from, errSilent
		} else if err != nil {
			return from, err
		}
	}
	version, _, err := wording.DecodeCanonical(from.Version)
	if err != nil {
		return from, errChanged
	}
	var names []string
	for _, i := range version.Images() {
		names = append(names, i.SHA256)
	}
	if len(names) == 0 {
		return from, nil
	}
	if from.Pictures, err = practice.Pictures(ctx, tx, names); err == nil && len(from.Pictures) < len(names) {
		return from, errSilent // a picture that was sent is not there any more
	}
	return from, err
}

// open opens and makes again the message that a request names.
func open(v *page.Visit) (m message.Message, w words, err error) {
	err = v.View(func(ctx context.Context, tx *store.Tx) error {
		if m, err = message.Find(ctx, tx, message.ID(v.Path("id"))); err != nil {
			return err
		}
		keys, err := v.Keys(ctx, tx)
		if err == nil {
			w, err = said(ctx, tx, keys, m)
		}
		return err
	})
	return m, w, err
}

// Frame is the HTML of an e-mail that left, for the sandboxed frame on its page.
func Frame(v *page.Visit) (page.Answer, error) {
	_, w, err := open(v)
	answer := page.Answer{Status: http.StatusOK, Raw: w.mail.Framed(), Header: map[string]string{"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": mail.FramePolicy}}
	switch {
	case silent(err) || err == nil && w.mail.HTML == "":
		answer.Raw, answer.Header["Content-Type"] = []byte(v.Say("words.gone")), "text/plain; charset=utf-8"
	case err != nil:
		return page.Answer{}, err
	}
	return answer, nil
}

// Source is a message byte for byte as it was handed to the relay or gateway, as far as it can be made again: to keep, or to show to somebody.
func Source(v *page.Visit) (page.Answer, error) {
	m, w, err := open(v)
	if silent(err) {
		return page.Answer{}, fault.New(fault.NotFound, "words.gone", v.Say("words.gone"))
	}
	if err != nil {
		return page.Answer{}, err
	}
	kind, ending := "message/rfc822", ".eml"
	if m.Channel == message.SMS {
		kind, ending = "text/plain; charset=utf-8", ".txt"
	}
	return page.Answer{Status: http.StatusOK, Raw: w.made.Whole, Header: map[string]string{"Content-Type": kind, "Content-Disposition": `attachment; filename="message-` + string(m.ID) + ending + `"`}}, nil
}

// show puts a message's words on its page: as it looks and as text, with what could not be merged as it was given.
func (o *one) show(m message.Message, w words, err error) {
	v := o.visit
	if err != nil {
		if o.silent = v.Say("words.gone"); errors.Is(err, errChanged) {
			o.silent = v.Say("words.changed")
		}
		if errors.Is(err, kept.ErrLayout) {
			o.silent = v.Say("words.layout")
		}
		if m.LeftAt.IsZero() && m.Attempts == 0 {
			o.silent = v.Say("words.not-yet")
		}
		return
	}
	o.words = &w
	o.source = "/messages/" + o.id + "/source"
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
