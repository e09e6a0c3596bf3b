package wording

import (
	"letterhead/wording/clean"
	"letterhead/wording/encode"
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
		w.anchor(in.Link, func() { w.text(in.Text) })
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
	i := fieldIndexes[in.Field]
	if i > mergedCount {
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
func (w *writer) isolated(i fieldIndex, write func()) {
	switch fieldTable[i].Type {
	case clean.NameValue, clean.LineValue, clean.AddressValue:
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
func (w *writer) own(i fieldIndex) {
	text := literal(&w.v.Branding, i)
	rich := w.at == encode.HTML
	switch {
	case i == practicePhone && rich:
		w.anchor(&Target{Kind: ToPhone}, func() { w.phone(text) })
	case i == practicePhone:
		w.phone(text)
	case i == practiceEmail && rich:
		w.anchor(&Target{Kind: ToEmail}, func() { w.text(text) })
	case i == practiceWebsite && rich:
		w.anchor(&Target{Kind: ToWebsite}, func() { w.text(shortURL(text)) })
	case rich:
		w.bdi(text)
	default:
		w.text(text)
	}
}

// anchor writes a link around a label; in plain text its address follows in brackets unless the label is the address.
func (w *writer) anchor(to *Target, label func()) {
	if w.at == encode.HTML {
		w.raw(`<a class="a" `)
		w.href(to)
		w.raw(` style="color:`, w.theme.link, `">`)
		label()
		w.raw("</a>")
		return
	}
	before := len(w.literal)
	label()
	if string(w.literal[before:]) == shortURL(w.address(to)) {
		w.literal = append(w.literal[:before], w.address(to)...)
		return
	}
	w.raw(" (")
	w.end(to)
	w.raw(")")
}

// href writes the attribute that a link leads by, and remembers its host.
func (w *writer) href(to *Target) {
	w.raw(`href="`)
	switch to.Kind {
	case ToUnsubscribe:
		w.slot(unsubscribeURL, "")
	case ToPhone:
		w.raw("tel:", w.v.Branding.Phone.Number)
	case ToEmail:
		w.raw("mailto:")
		w.text(w.v.Branding.Email)
	case ToURL, ToWebsite:
		address := w.address(to)
		w.c.hosts = append(w.c.hosts, clean.HostOf(address))
		w.text(address)
	}
	w.raw(`"`)
}

// end writes a link's end for people who read plain text.
func (w *writer) end(to *Target) {
	switch to.Kind {
	case ToUnsubscribe:
		w.slot(unsubscribeURL, "")
	case ToPhone:
		w.phone(w.v.Branding.Phone.Display)
	case ToEmail:
		w.text(w.v.Branding.Email)
	case ToURL, ToWebsite:
		w.text(w.address(to))
	}
}

func (w *writer) address(to *Target) string {
	switch to.Kind {
	case ToURL:
		return to.URL
	case ToWebsite:
		return w.v.Branding.Website
	case ToPhone, ToEmail, ToUnsubscribe:
	}
	return ""
}
