package wording

import (
	"strings"

	"letterhead/wording/encode"
	"letterhead/wording/field"
)

// card writes the appointment's lines, the same in HTML and plain text; next ends the line before. Lines whose value is missing are left out.
func (w *writer) card(b *Block, next func()) {
	words := &w.c.locale.Words
	line := func(when facts, write func()) { w.only(when, func() { next(); write() }) }
	next()
	w.optional(field.AppointmentDay)
	w.c.required |= present(field.AppointmentDay) | present(field.AppointmentStart)
	w.text(words.Separator)
	w.optional(field.AppointmentStart)
	zone := func() {
		w.raw(" ")
		if w.at == encode.HTML {
			w.raw(`<span style="font-weight:normal">`)
		}
		w.raw("(")
		w.optional(field.AppointmentZone)
		w.raw(")")
		if w.at == encode.HTML {
			w.raw("</span>")
		}
	}
	w.only(factZoneDiffers|present(field.AppointmentZone), zone)
	w.only(factSameZone|factTelehealth|present(field.AppointmentZone), zone)
	next()
	w.phrase(words.ForWhom, field.AttendeeFirst, factForOther, true)
	w.only(present(field.AppointmentDuration), func() {
		w.optional(field.AppointmentDuration)
		w.raw(" ")
	})
	w.phrase(words.With, field.AppointmentPractitioner, 0, false)
	if b.Service {
		line(present(field.AppointmentService), func() { w.isolated(field.AppointmentService, func() { w.optional(field.AppointmentService) }) })
	}
	line(factInPerson|present(field.LocationName), func() {
		w.isolated(field.LocationName, func() { w.optional(field.LocationName) })
		w.only(present(field.LocationAddress), func() {
			w.text(words.Separator)
			w.isolated(field.LocationAddress, func() { w.optional(field.LocationAddress) })
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
func (w *writer) phrase(pattern string, i field.Index, when facts, ends bool) {
	before, after, _ := strings.Cut(pattern, "%s")
	w.only(when|present(i), func() {
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
