package wording

import (
	"slices"

	"letterhead/wording/clean"
	"letterhead/wording/encode"
	"letterhead/wording/field"
)

// inlines writes a run of inlines into whichever part is being written.
func (w *writer) inlines(run []Inline) {
	for i := range run {
		w.inline(&run[i])
	}
}

func (w *writer) inline(in *Inline) {
	html := w.at == encode.HTML
	if in.Break {
		if html {
			w.raw("<br>")
		}
		w.raw("\n")
		return
	}
	if html && in.Bold {
		w.raw("<b>")
	}
	if html && in.Italic {
		w.raw("<i>")
	}
	switch {
	case in.Link != nil:
		w.anchor(in.Link, in.Text, func() { w.text(in.Text) })
	case in.Field != "":
		w.field(in)
	default:
		w.text(in.Text)
	}
	if html && in.Italic {
		w.raw("</i>")
	}
	if html && in.Bold {
		w.raw("</b>")
	}
}

// field writes what is known now and a slot for what is not. Values whose direction may differ from the text's are isolated.
func (w *writer) field(in *Inline) {
	i, _ := field.Of(in.Field)
	if i > field.Merged {
		w.own(i)
		return
	}
	fallback := in.Fallback
	if fallback == "" {
		fallback = w.c.locale.Fallbacks[string(in.Field)]
	}
	w.isolated(i, func() { w.slot(i, fallback) })
}

// isolated keeps a value's direction to itself.
func (w *writer) isolated(i field.Index, write func()) {
	switch i.Info().Type {
	case clean.GivenValue, clean.NameValue, clean.LineValue, clean.AddressValue:
		if w.at == encode.HTML {
			w.raw("<bdi>")
			write()
			w.raw("</bdi>")
			return
		}
	case clean.PhoneValue:
		if w.at == encode.HTML {
			w.raw(`<bdi dir="ltr" style="white-space:nowrap">`)
			write()
			w.raw("</bdi>")
			return
		}
		if w.c.rtl {
			w.raw("\u200e")
		}
	case clean.EmailValue, clean.SiteValue, clean.DateValue, clean.TimeValue, clean.NumberValue, clean.ChoiceValue:
	}
	write()
}

// own writes a field that the version itself answers; addresses become links where there are links.
func (w *writer) own(i field.Index) {
	text := literal(&w.v.Branding, i)
	rich := w.at == encode.HTML
	switch {
	case i == field.PracticePhone && rich:
		w.anchor(&Target{Kind: ToPhone}, text, func() { w.phone(text) })
	case i == field.PracticePhone:
		w.phone(text)
	case i == field.PracticeEmail && rich:
		w.anchor(&Target{Kind: ToEmail}, text, func() { w.text(text) })
	case i == field.PracticeWebsite && rich:
		w.anchor(&Target{Kind: ToWebsite}, text, func() { w.text(shortURL(text)) })
	case rich:
		w.bdi(text)
	default:
		w.text(text)
	}
}

// anchor writes a link around a label; in plain text its address follows in brackets unless the label is the address.
func (w *writer) anchor(to *Target, label string, write func()) {
	if w.at == encode.HTML {
		w.raw(`<a class="a" `)
		w.href(to, label)
		w.raw(` style="color:`, w.theme.link, `">`)
		write()
		w.raw("</a>")
		return
	}
	before := len(w.literal)
	write()
	if address := w.v.address(to); string(w.literal[before:]) == shortURL(address) {
		w.literal = append(w.literal[:before], address...)
		return
	}
	w.raw(" (")
	w.end(to, label)
	w.raw(")")
}

// pages are what merges where a link leads to a page of the recipient's own.
var pages = map[TargetKind]field.Index{ToUnsubscribe: field.Unsubscribe, ToOwn: field.Unsubscribe, ToConfirm: field.Confirm, ToDecline: field.Decline}

// href writes the attribute that a link leads by, and remembers its host.
func (w *writer) href(to *Target, label string) {
	w.raw(`href="`)
	switch to.Kind {
	case ToUnsubscribe, ToOwn, ToConfirm, ToDecline:
		w.slot(pages[to.Kind], "")
	case ToPhone:
		w.raw("tel:", w.v.Branding.Phone.Number)
	case ToEmail:
		w.raw("mailto:")
		w.text(w.v.Branding.Email)
	case ToURL, ToWebsite:
		w.c.hosts = append(w.c.hosts, clean.HostOf(w.v.address(to)))
		w.text(w.web(to, label))
	}
	w.raw(`"`)
}

// end writes a link's end for people who read plain text.
func (w *writer) end(to *Target, label string) {
	switch to.Kind {
	case ToUnsubscribe, ToOwn, ToConfirm, ToDecline:
		w.slot(pages[to.Kind], "")
	case ToPhone:
		w.phone(w.v.Branding.Phone.Display)
	case ToEmail:
		w.text(w.v.Branding.Email)
	case ToURL, ToWebsite:
		w.text(w.web(to, label))
	}
}

// web is the address that a link to the web is written with: the portal's, unless its text says where it leads.
func (w *writer) web(to *Target, label string) string {
	address := w.v.address(to)
	n := slices.Index(w.links, address) + 1
	if w.c.portal.None() || n == 0 || clean.Suspicion(label) == clean.ReasonLink {
		return address
	}
	return w.c.portal.Address(w.token, n)
}
