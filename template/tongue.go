package template

import (
	"slices"
	"strings"

	"letterhead/wording"
)

// tongue is what the starter set says in one language. Short sentences to a person, no exclamation marks; every mail stands alone as text.
type tongue struct {
	tag                             string
	hello, regards                  string
	ring                            string // on the one button
	confirm, decline                string // on the button of a reminder, and the link below it
	change, early, again, doubt     reached
	because, never                  string // the foot: why the reader gets this, and what we never ask for
	directions, video, phone        string
	smsOther, smsVideo              string
	booked, changed, cancelled      said
	week, days                      said
	news, text, agreed, unsubscribe string
}

// reached is one sentence for a practice that has a phone, only an e-mail address, or neither.
type reached struct{ phone, email, neither string }

// said is one message about an appointment: to whom it is for, and to somebody who looks after them. What stands between ** is strong.
type said struct {
	subject, preheader, self, other string
	sms                             string
	ring, ask                       string // how its text message ends with a phone, and without
}

// words are the starter set in one language, in the voice of a practice.
func (t tongue) words(v wording.Version, region string) words {
	w := writer{tongue: t, v: v}
	doubt := w.reach(t.doubt)
	w.foot = wording.Footer(wording.Say(t.because), wording.Say(doubt+" "+t.never))
	card := func(otherwise reached) []wording.Block {
		return []wording.Block{wording.Card(true), wording.Text(t.directions).Only(wording.FirstVisit, wording.InPerson), wording.Text(t.video).Only(wording.Telehealth),
			wording.Text(t.phone).Only(wording.ByPhone), wording.Text(w.reach(otherwise))}
	}
	return words{tag: t.tag + region,
		booked: w.about(t.booked, card(t.change)...), changed: w.about(t.changed, card(t.change)...), cancelled: w.about(t.cancelled, wording.Text(w.reach(t.again))),
		week: w.about(t.week, w.answered(card(t.early))...), days: w.about(t.days, w.answered(card(t.early))...),
		news: wording.Language{Subject: wording.Say(t.news), Blocks: []wording.Block{wording.Text(t.hello), wording.Text(t.text), w.bye(),
			wording.Footer(wording.Join(wording.Say(t.agreed+" "), wording.Link(t.unsubscribe, wording.Target{Kind: wording.ToUnsubscribe})), wording.Say(doubt))}},
	}
}

type writer struct {
	tongue
	v    wording.Version
	foot wording.Block
}

// about is a message about an appointment.
func (w *writer) about(s said, rest ...wording.Block) wording.Language {
	blocks := append([]wording.Block{wording.Text(w.hello), strong(s.self).Only(wording.ForSelf), strong(s.other).Only(wording.ForOther)}, rest...)
	if w.v.Branding.Phone != nil && !slices.ContainsFunc(rest, func(b wording.Block) bool { return b.Kind == wording.ButtonBlock }) {
		blocks = append(blocks, wording.Button(w.ring, wording.Target{Kind: wording.ToPhone}))
	}
	blocks = append(blocks, w.bye(), w.foot)
	text := append(wording.SMS(s.sms), wording.SMS(w.smsOther)[0].Only(wording.ForOther), wording.SMS(w.smsVideo)[0].Only(wording.Telehealth))
	return wording.Language{Subject: wording.Say(s.subject), Preheader: wording.Say(s.preheader), Blocks: blocks,
		SMS: append(text, wording.SMS(w.reach(reached{s.ring, s.ask, s.ask}))...)}
}

// answered puts the button that confirms, while nobody has, and the link that asks to cancel, behind the card.
func (w *writer) answered(blocks []wording.Block) []wording.Block {
	return slices.Insert(blocks, 1, wording.Button(w.confirm, wording.Target{Kind: wording.ToConfirm}).Only(wording.Unconfirmed),
		wording.Rich(wording.Link(w.decline, wording.Target{Kind: wording.ToDecline})))
}

func (w *writer) bye() wording.Block {
	return wording.Rich(wording.Join(wording.Say(w.regards), wording.NewLine(), wording.Say("{practice.name}")))
}

func (w *writer) reach(r reached) string {
	switch {
	case w.v.Branding.Phone != nil:
		return r.phone
	case w.v.Branding.Email != "":
		return r.email
	}
	return r.neither
}

// strong is a paragraph in which what stands between ** is strong.
func strong(text string) wording.Block {
	before, rest, found := strings.Cut(text, "**")
	if !found {
		return wording.Text(text)
	}
	inside, after, _ := strings.Cut(rest, "**")
	return wording.Rich(wording.Join(wording.Say(before), wording.Strong(wording.Say(inside)...), wording.Say(after)))
}
