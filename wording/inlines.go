package wording

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// A field in the joined text of a line: a sign that ends every address and number.
const fieldMark = '\u2028'

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
			if err := checkRun(at, in.Text, maxRun); err != nil {
				return err
			}
			joined.WriteString(in.Text)
		default:
			if err := c.field(at, in); err != nil {
				return err
			}
			joined.WriteRune(fieldMark)
		}
	}
	text := joined.String()
	if err := glued(at, text); err != nil {
		return err
	}
	return c.autoLinks(at, text)
}

// text holds one plain text of the practice to its rules: present, one visible line, and no address that is not the practice's own.
func (c *validator) text(at, text string, most int, own bool) error {
	if text == "" || strings.TrimSpace(text) != text {
		return refuse(at, "wording.text_missing", "write something here, without spaces around it")
	}
	if err := checkRun(at, text, most); err != nil {
		return err
	}
	if !own && suspicion(text) != "" {
		return refuse(at, "wording.text_link", "this reads as an address or a phone number; remove it")
	}
	return c.autoLinks(at, text)
}

func (c *validator) autoLinks(at, text string) error {
	var err error
	scan(text, func(a autoLink) bool {
		if !c.directory.knows(a) {
			what := "a web or e-mail address"
			if a.reason == ReasonPhone {
				what = "a phone number"
			}
			err = refuse(at, "wording.text_"+string(a.reason),
				"%q reads as %s that is not in the practice's details: mail programs would make it a link; add it there, remove it, or put a space after the dot", clip(a.text), what)
		}
		return err == nil
	})
	return err
}

func (c *validator) field(at string, in Inline) error {
	i, ok := fieldIndexes[in.Field]
	if !ok {
		return refuse(at, "wording.field_unknown", "there is no field %q; choose one of the list", clip(string(in.Field)))
	}
	info := fieldTable[i]
	if i > mergedCount {
		if in.Fallback != "" {
			return refuse(at, "wording.fallback_unused", "%s is part of the wording and needs no fallback; remove it", in.Field)
		}
		if c.v.Branding.literal(i) == "" {
			return refuse(at, "wording.field_unset", "the practice's details have nothing for %s; add it there or remove the field", in.Field)
		}
		return nil
	}
	if c.v.Purpose == Marketing && i.ofAppointment() {
		return refuse(at, "wording.field_marketing", "a marketing message is about no appointment, so %s has no value; remove it", in.Field)
	}
	if c.locale.months[0] == "" && (in.Field == AppointmentWeekday || in.Field == AppointmentMode) {
		return refuse(at, "wording.field_language", "we have no words for %s in this language; write the sentence without it", in.Field)
	}
	if in.Fallback != "" {
		if info.Source == FromCalendar {
			return refuse(at, "wording.fallback_calendar", "%s comes from the appointment and needs no fallback; remove it", in.Field)
		}
		if strings.TrimSpace(in.Fallback) != in.Fallback {
			return refuse(at, "wording.fallback_space", "the fallback of %s begins or ends with a space; remove it", in.Field)
		}
		if suspicion(in.Fallback) != "" || mixedWords(in.Fallback) {
			return refuse(at, "wording.fallback_link", "the fallback of %s reads as an address or a number; write plain words", in.Field)
		}
		return checkRun(at, in.Fallback, 60)
	}
	if info.Source != FromCalendar && c.locale.fallbacks[in.Field] == "" {
		return refuse(at, "wording.fallback_missing", "say what stands in place of %s when it is not known, as in {%s|…}", in.Field, in.Field)
	}
	return nil
}

// checkRun holds text to one line of visible characters. Joiners and the emoji selector have a meaning and may stay.
func checkRun(at, text string, most int) error {
	if !utf8.ValidString(text) || strings.ContainsRune(text, utf8.RuneError) {
		return refuse(at, "wording.utf8", "this has broken characters; type them again")
	}
	if utf8.RuneCountInString(text) > most {
		return refuse(at, "wording.text_long", "this has more than %d characters; shorten it", most)
	}
	marks := 0
	for _, r := range text {
		if unicode.Is(unicode.Mn, r) && r != '\ufe0f' {
			if marks++; marks > 4 {
				return refuse(at, "wording.text_marks", "this has letters with more than four marks; type it again")
			}
			continue
		}
		marks = 0
		if hidden(r) && r != zeroWidthJoiner && r != zeroWidthNonJoiner && r != '\ufe0f' {
			return refuse(at, "wording.text_hidden", "this has a line break, an invisible or a direction-changing character (U+%04X); type it again", r)
		}
	}
	return nil
}

// glued refuses a field that touches what could make an address or a number with it, whatever its value is.
func glued(at, text string) error {
	runes := []rune(text)
	say := func() error {
		return refuse(at, "wording.field_glued", "a field touches a letter, a digit or a sign such as . @ : /; put a space between")
	}
	for i, r := range runes {
		if r != fieldMark {
			continue
		}
		if i > 0 {
			if b := runes[i-1]; unicode.IsDigit(b) || strings.ContainsRune(".@:/\\_%=+~#&-", b) || b == fieldMark {
				return say()
			}
		}
		if i+1 >= len(runes) {
			continue
		}
		a := runes[i+1]
		if unicode.IsLetter(a) || unicode.IsDigit(a) || strings.ContainsRune("@/\\_%=+~#&", a) {
			return say()
		}
		if (a == '.' || a == ':' || a == '-') && i+2 < len(runes) && !unicode.IsSpace(runes[i+2]) && !unicode.IsPunct(runes[i+2]) {
			return say()
		}
	}
	return nil
}

// literal is a branding field's text, known when compiling.
func (b *Branding) literal(i fieldIndex) string {
	switch i {
	case practiceName:
		return b.Name
	case practicePhone:
		if b.Phone != nil {
			return b.Phone.Display
		}
	case practiceEmail:
		return b.Email
	case practiceWebsite:
		return b.Website
	case practiceAddress:
		return strings.Join(b.Address, ", ")
	}
	return ""
}
