package wording

import (
	"strings"

	"letterhead/wording/encode"
)

// card writes the appointment's lines, the same in HTML and plain text; next ends the line before. Lines whose value is missing are left out.
func (w *writer) card(b *Block, next func()) {
	words := &w.c.locale.Words
	line := func(when facts, write func()) { w.only(when, func() { next(); write() }) }
	next()
	w.optional(appointmentDay)
	w.c.required |= appointmentDay.present() | appointmentStart.present()
	w.text(words.Separator)
	w.optional(appointmentStart)
	zone := func() {
		w.raw(" ")
		if w.at == encode.HTML {
			w.raw(`<span style="font-weight:normal">`)
		}
		w.raw("(")
		w.optional(appointmentZone)
		w.raw(")")
		if w.at == encode.HTML {
			w.raw("</span>")
		}
	}
	w.only(factZoneDiffers|appointmentZone.present(), zone)
	w.only(factSameZone|factTelehealth|appointmentZone.present(), zone)
	next()
	w.phrase(words.ForWhom, attendeeFirst, factForOther, true)
	w.only(appointmentDuration.present(), func() {
		w.optional(appointmentDuration)
		w.raw(" ")
	})
	w.phrase(words.With, appointmentPractitioner, 0, false)
	if b.Service {
		line(appointmentService.present(), func() { w.isolated(appointmentService, func() { w.optional(appointmentService) }) })
	}
	line(factInPerson|locationName.present(), func() {
		w.isolated(locationName, func() { w.optional(locationName) })
		w.only(locationAddress.present(), func() {
			w.text(words.Separator)
			w.isolated(locationAddress, func() { w.optional(locationAddress) })
		})
	})
	for _, m := range []struct {
		when facts
		text string
	}{{factTelehealth, words.ByVideo}, {factByPhone, words.ByPhone}, {factHomeVisit, words.AtHome}} {
		if m.text != "" {
			line(m.when, func() { w.text(m.text) })
		}
	}
}

// phrase writes a value inside its fixed words, such as "with %s".
func (w *writer) phrase(pattern string, i fieldIndex, when facts, ends bool) {
	before, after, _ := strings.Cut(pattern, "%s")
	w.only(when|i.present(), func() {
		w.text(before)
		w.isolated(i, func() { w.optional(i) })
		w.text(after)
		if ends {
			w.lineBreak()
		}
	})
}

func (w *writer) lineBreak() {
	if w.at == encode.HTML {
		w.raw("<br>")
	}
	w.raw("\n")
}
