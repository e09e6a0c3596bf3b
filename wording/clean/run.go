package clean

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"letterhead/fault"
)

// refuse is an Invalid fault: the input's path, the sentence's key, and what to do.
func refuse(field, key, format string, args ...any) error {
	return fault.Field(field, key, format, args...)
}

// Clip shortens text that a message quotes back to its author.
func Clip(s string) string {
	const most = 60
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most]) + "…"
}

// FieldMark is a field in the joined text of a line: a control character, which no text has, that ends every address and number.
const FieldMark = '\x1f'

// Run holds text to one line of visible characters. Joiners and the emoji selector have a meaning and may stay.
func Run(at, text string, most int) error {
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

// Glued refuses a field that touches what could make an address or a number with it, whatever its value is.
func Glued(at, text string) error {
	runes := []rune(text)
	say := func() error {
		return refuse(at, "wording.field_glued", "a field touches a letter, a digit or a sign such as . @ : /; put a space between")
	}
	for i, r := range runes {
		if r != FieldMark {
			continue
		}
		if i > 0 {
			if b := runes[i-1]; unicode.IsDigit(b) || strings.ContainsRune(".@:/\\_%=+~#&-", b) || b == FieldMark {
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

// Local tells whether a text is the part of an address before the @, as a practice writes its own.
func Local(local string) bool {
	if local == "" || len(local) > 64 || local[0] == '.' || local[len(local)-1] == '.' || strings.Contains(local, "..") {
		return false
	}
	for i := range len(local) {
		switch c := local[i]; {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '.', c == '-', c == '+', c == '_':
		default:
			return false
		}
	}
	return true
}

// E164 tells whether a number is written as + and 7 to 15 digits.
func E164(number string) bool {
	return len(number) >= 8 && len(number) <= 16 && number[0] == '+' && number[1] != '0' && between(number[1:], '0', '9')
}

// SameLine compares the last six digits: what stands before them differs between national and international writing.
func SameLine(display, number string) bool {
	tail := number[len(number)-6:]
	digits := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, display)
	return strings.HasSuffix(digits, tail) || (len(digits) < 6 && strings.HasSuffix(number, digits))
}

// Text holds one plain text of the practice to its rules: present, one visible line, and no address or number but those that own knows.
func Text(at, text string, most int, own Directory) error {
	if text == "" || strings.TrimSpace(text) != text {
		return refuse(at, "wording.text_missing", "write something here, without spaces around it")
	}
	if err := Run(at, text, most); err != nil {
		return err
	}
	return own.AutoLinks(at, text)
}

// AutoLinks refuses text that a mail program would make a link of, unless it is the practice's own.
func (d Directory) AutoLinks(at, text string) error {
	var err error
	Scan(text, func(a AutoLink) bool {
		if !d.Knows(a) {
			what := "a web or e-mail address"
			if a.Reason == ReasonPhone {
				what = "a phone number"
			}
			err = refuse(at, "wording.text_"+string(a.Reason),
				"%q reads as %s that is not in the practice's details: mail programs would make it a link; add it there, remove it, or put a space after the dot", Clip(a.Text), what)
		}
		return err == nil
	})
	return err
}

// PhonePair holds a number as people read it and as a phone dials it to each other.
func PhonePair(at, display, number string) error {
	if Check(PhoneValue, 24, display) != "" {
		return refuse(at, "wording.phone", "write the phone number with digits, spaces, hyphens and brackets, at most 24 characters")
	}
	if !E164(number) || !SameLine(display, number) {
		return refuse(at, "wording.phone_number", "the number that is dialled must be the one that is shown, written as + and 7 to 15 digits")
	}
	return nil
}
