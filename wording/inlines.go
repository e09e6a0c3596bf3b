package wording

import (
	"strings"

	"letterhead/wording/clean"
	"letterhead/wording/field"
)

// inlines holds a run of inlines to its rules; rich ones may be bold, italic, linked and broken.
func (c *validator) inlines(at string, inlines []Inline, rich bool) error {
	if len(inlines) > maxInlines {
		return refuse(at, "wording.inlines", "this has more than %d pieces; make it shorter", maxInlines)
	}
	if rich && len(inlines) == 0 {
		return refuse(at, "wording.paragraph_empty", "this paragraph is empty; write it or remove it")
	}
	var joined strings.Builder
	for i, in := range inlines {
		kinds := 0
		for _, there := range []bool{in.Text != "", in.Field != "", in.Break} {
			if there {
				kinds++
			}
		}
		if kinds != 1 || (in.Link != nil && in.Text == "") || (in.Fallback != "" && in.Field == "") {
			return refuse(at, "wording.inline", "piece %d must be exactly one of text, field and line break; only text has a link, only a field a fallback", i+1)
		}
		switch {
		case in.Break:
			joined.WriteByte('\n')
		case in.Text != "":
			if err := clean.Run(at, in.Text, maxRun); err != nil {
				return err
			}
			joined.WriteString(in.Text)
		default:
			if err := c.field(at, in); err != nil {
				return err
			}
			joined.WriteRune(clean.FieldMark)
		}
	}
	text := joined.String()
	if err := clean.Glued(at, text); err != nil {
		return err
	}
	return c.own.AutoLinks(at, text)
}

func (c *validator) field(at string, in Inline) error {
	i, ok := field.Of(in.Field)
	if !ok {
		return refuse(at, "wording.field_unknown", "there is no field %q; choose one of the list", clean.Clip(string(in.Field)))
	}
	info := i.Info()
	if i > field.Merged {
		if in.Fallback != "" {
			return refuse(at, "wording.fallback_unused", "%s is part of the wording and needs no fallback; remove it", in.Field)
		}
		if literal(&c.v.Branding, i) == "" {
			return refuse(at, "wording.field_unset", "the practice's details have nothing for %s; add it there or remove the field", in.Field)
		}
		return nil
	}
	if c.v.Purpose == Marketing && i.OfAppointment() {
		return refuse(at, "wording.field_marketing", "a marketing message is about no appointment, so %s has no value; remove it", in.Field)
	}
	if !c.locale.HasWords() && (i == field.AppointmentWeekday || i == field.AppointmentMode) {
		return refuse(at, "wording.field_language", "we have no words for %s in this language; write the sentence without it", in.Field)
	}
	if in.Fallback != "" {
		if info.Source == field.FromCalendar {
			return refuse(at, "wording.fallback_calendar", "%s comes from the appointment and needs no fallback; remove it", in.Field)
		}
		if strings.TrimSpace(in.Fallback) != in.Fallback {
			return refuse(at, "wording.fallback_space", "the fallback of %s begins or ends with a space; remove it", in.Field)
		}
		if clean.Suspicion(in.Fallback) != "" || clean.MixedWords(in.Fallback) || strings.ContainsAny(in.Fallback, "<>@") {
			return refuse(at, "wording.fallback_link", "the fallback of %s reads as an address or a number; write plain words", in.Field)
		}
		return clean.Run(at, in.Fallback, 60)
	}
	if info.Source != field.FromCalendar && c.locale.Fallbacks[string(in.Field)] == "" {
		return refuse(at, "wording.fallback_missing", "say what stands in place of %s when it is not known, as in {%s|…}", in.Field, in.Field)
	}
	return nil
}

// literal is a branding field's text, known when compiling.
func literal(b *Branding, i field.Index) string {
	switch i {
	case field.PracticeName:
		return b.Name
	case field.PracticePhone:
		if b.Phone != nil {
			return b.Phone.Display
		}
	case field.PracticeEmail:
		return b.Email
	case field.PracticeWebsite:
		return b.Website
	case field.PracticeAddress:
		return strings.Join(b.Address, ", ")
	}
	return ""
}
