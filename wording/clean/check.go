// Package clean decides which text may stand in a clinic's message: values that merge, texts that a practice writes, hosts and addresses that a link leads to.
// It refuses whatever a mail program would make a link by itself, whatever hides or turns characters, and words that imitate others. It changes nothing but spaces
// (Tidy) and keeps nothing.
package clean

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Type decides which characters a value may have.
type Type string

const (
	GivenValue   Type = "given"   // what somebody is called: a name of few words
	NameValue    Type = "name"    // of a person: letters, spaces, hyphen, apostrophe, a dot after an abbreviation
	LineValue    Type = "line"    // a short text of the practice's own
	AddressValue Type = "address" // a postal address in one line
	PhoneValue   Type = "phone"   // digits and what separates them
	EmailValue   Type = "email"
	SiteValue    Type = "website"
	DateValue    Type = "date" // made here from a wall time
	TimeValue    Type = "time" // made here from a wall time
	NumberValue  Type = "number"
	ChoiceValue  Type = "choice" // one of our own words
)

// Reason says why a value was not merged. It never holds the value.
type Reason string

const (
	ReasonMissing   Reason = "missing"
	ReasonLong      Reason = "too_long"
	ReasonCharacter Reason = "character"     // one that does not belong in this type: mark-up, digits in a name, an odd sign
	ReasonControl   Reason = "control"       // line breaks, control, invisible and direction-changing characters, invalid UTF-8
	ReasonLink      Reason = "link"          // reads as a web or e-mail address
	ReasonPhone     Reason = "phone"         // reads as a phone number
	ReasonMixed     Reason = "mixed_scripts" // one word in two alphabets
	ReasonUnsigned  Reason = "unsigned"      // not in the practice's signed details
	ReasonShape     Reason = "shape"         // no letter in a name, too few digits in a number, a day that does not exist
)

var says = map[Reason]string{
	ReasonMissing:   "there is nothing here; give a value",
	ReasonLong:      "this is too long; shorten it to at most %d characters",
	ReasonCharacter: "this has a character that does not belong in such a text; keep to letters, spaces and plain punctuation",
	ReasonControl:   "this has a line break or an invisible character; type it again as one line",
	ReasonLink:      "this reads as a web or e-mail address; remove it, or put a space after the dot",
	ReasonPhone:     "this reads as a phone number; phone numbers belong in the practice's own details",
	ReasonMixed:     "one word mixes letters of two alphabets; type it again in one",
	ReasonUnsigned:  "this is not in the practice's signed details yet; have them signed",
	ReasonShape:     "this is not written as such a value is; type it again",
}

// Say is r in words: what is wrong and the way out. most is the longest that the value may be.
func (r Reason) Say(most int) string {
	if r == ReasonLong {
		return fmt.Sprintf(says[r], most)
	}
	return says[r]
}

// Tidy puts a value into the form that is checked and merged: composed (NFC), no space at the ends, none doubled, no-break space as space.
func Tidy(value string) string {
	plain := true
	for i := range len(value) {
		if c := value[i]; c >= 0x80 || (c == ' ' && (i == 0 || i == len(value)-1 || value[i-1] == ' ')) {
			plain = false
			break
		}
	}
	if plain || len(value) > 4096 || !utf8.ValidString(value) {
		return value
	}
	if !ascii(value) {
		if !composed(value) {
			value = norm.NFC.String(value)
		}
		if strings.ContainsAny(value, "\u00a0\u202f\u2009") {
			value = strings.NewReplacer("\u00a0", " ", "\u202f", " ", "\u2009", " ").Replace(value)
		}
	}
	value = strings.Trim(value, " ")
	for strings.Contains(value, "  ") {
		value = strings.ReplaceAll(value, "  ", " ")
	}
	return value
}

// Check says why a value of that type may not merge, "" when it may; most is in runes.
func Check(kind Type, most int, value string) Reason {
	switch {
	case value == "":
		return ReasonMissing
	case len(value) > most && utf8.RuneCountInString(value) > most:
		return ReasonLong
	case value[0] == ' ' || value[len(value)-1] == ' ':
		return ReasonShape
	}
	switch kind {
	case GivenValue:
		if reason := Check(NameValue, most, value); reason != "" {
			return reason
		}
		if strings.Count(value, " ") >= mostGivenWords || wideLetters(value) > mostWideLetters {
			return ReasonShape
		}
		return ""
	case NameValue:
		if plainName(value) {
			return ""
		}
		return checkAnyName(value)
	case PhoneValue:
		return checkPhone(value)
	case LineValue, AddressValue:
		return checkLine(value)
	case EmailValue, SiteValue, DateValue, TimeValue, NumberValue, ChoiceValue:
	}
	for _, r := range value {
		if hidden(r) {
			return ReasonControl
		}
	}
	return ""
}

// What people are called by has at most so many words, or letters of scripts without spaces between words: more is a sentence.
const (
	mostGivenWords  = 4
	mostWideLetters = 12
)

// wideLetters counts letters of scripts that write no spaces between words.
func wideLetters(value string) int {
	n := 0
	for _, r := range value {
		if r >= 0x0e00 && r < 0x0f00 {
			n++ // Thai and Lao: a letter for each sound, so that a name takes twice as many
		} else if r >= 0x3000 && scriptOf(r) == scriptEastAsian {
			n += 2
		}
	}
	return (n + 1) / 2
}

// CheckBytes is Check for bytes; what is plainly fit is not copied.
func CheckBytes(kind Type, most int, value []byte) Reason {
	if len(value) > 0 && len(value) <= most {
		switch kind {
		case GivenValue, NameValue:
			if plainName(value) && bytes.Count(value, []byte{' '}) < mostGivenWords {
				return ""
			}
		case DateValue, TimeValue, NumberValue, ChoiceValue:
			if visibleASCII(value) {
				return ""
			}
		case LineValue, AddressValue, PhoneValue, EmailValue, SiteValue:
		}
	}
	return Check(kind, most, string(value))
}

func visibleASCII(value []byte) bool {
	for _, c := range value {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return value[0] != ' ' && value[len(value)-1] != ' '
}

// plainName tells of nearly every name that it is fit: letters of one simple alphabet, and a single space, hyphen or apostrophe between.
func plainName[T string | []byte](value T) bool {
	var script byte // of the letters so far: 'l' Latin, 'a' Arabic
	for i := 0; i < len(value); i++ {
		var letter byte
		switch c := value[i]; {
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			letter = 'l'
		case c >= 0xc3 && i+1 < len(value):
			if letter = simpleLetter(c, value[i+1]); letter == 0 {
				return false
			}
			i++
		case (c == ' ' || c == '-' || c == '\'') && i > 0 && value[i-1] != c:
			continue
		default:
			return false
		}
		if script == 0 {
			script = letter
		}
		if script != letter {
			return false
		}
	}
	return script != 0 && value[len(value)-1] != ' '
}

// simpleLetter classes a letter of two bytes: 'l' Latin, 'a' Arabic, 0 when it needs a closer look.
func simpleLetter(first, second byte) byte {
	if first < 0xc3 || first >= 0xe0 || second&0xc0 != 0x80 {
		return 0
	}
	switch r := rune(first&0x1f)<<6 | rune(second&0x3f); {
	case r == '×', r == '÷', r >= 0x1c0 && r <= 0x1c3:
	case r >= 0xc0 && r < 0x250:
		return 'l'
	case r >= 0x620 && r <= 0x64a && r != 0x640: // a tatweel can be drawn out at will
		return 'a'
	}
	return 0
}

// composed tells quickly of many texts that they are in NFC: nothing in them combines.
func composed(value string) bool {
	for _, r := range value {
		if r >= 0x250 && (r < 0x620 || r > 0x64a) {
			return false
		}
	}
	return true
}

func checkAnyName(value string) Reason {
	var before rune // 0 at the start
	letter, marks := false, 0
	for i, r := range value {
		mark := unicode.Is(unicode.M, r)
		if mark {
			marks++
		} else {
			marks = 0
		}
		switch {
		case r == utf8.RuneError:
			return ReasonControl
		case (r == zeroWidthNonJoiner || r == zeroWidthJoiner) && joins(before):
		case hidden(r):
			return ReasonControl
		case unicode.IsLetter(r):
			if compatible(r) {
				return ReasonCharacter
			}
			letter = true
		case mark:
			if before == 0 || before == ' ' || marks > 3 {
				return ReasonCharacter
			}
		case r == '.':
			if !abbreviates(value, i) {
				return ReasonLink
			}
		case r == ' ', r == '-', r == '\'', r == '’', r == '‘', r == 'ʼ', r == 'ʻ', r == '‐', r == '‑', r == '–', r == '·':
			if before == r || before == 0 && r != '\'' && r != '’' && r != '‘' {
				return ReasonCharacter
			}
		case r == '@' || r == '/' || r == ':':
			return ReasonLink
		default:
			return ReasonCharacter
		}
		before = r
	}
	if !letter {
		return ReasonShape
	}
	if MixedWords(value) {
		return ReasonMixed
	}
	if Suspicion(value) != "" { // dots that fold into others
		return ReasonLink
	}
	return ""
}

// abbreviates tells whether the dot at i ends an abbreviation ("Jr.", "J. P.", "J.P.") rather than joining two parts of a host.
func abbreviates(value string, i int) bool {
	before, _ := utf8.DecodeLastRuneInString(value[:i])
	if !unicode.IsLetter(before) && !unicode.Is(unicode.M, before) {
		return false
	}
	rest := value[i+1:]
	if rest == "" || rest[0] == ' ' || rest[0] == '-' {
		return true
	}
	next, size := utf8.DecodeRuneInString(rest)
	after := rest[size:]
	return unicode.IsLetter(next) && (after == "" || after[0] == '.')
}

// signs are the punctuation a practice's own short text may have.
const signs = " .,'-()/&+:;!?#%\"’‘“”–—‐‑·°№،؛؟、。・„«»ʼʻ"

func checkLine(value string) Reason {
	plain, digits := true, 0
	var script byte
	for i := 0; i < len(value) && plain; i++ { // most service names and addresses end here
		c := value[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z':
			plain, script = script != 'a', 'l'
		case c == ',', c == '-', c == '\'', c == ' ' && value[i-1] != ' ':
		case c >= '0' && c <= '9':
			digits++
		default:
			var letter byte
			if i++; i < len(value) {
				letter = simpleLetter(c, value[i])
			}
			plain, script = letter != 0 && (script == 0 || script == letter), letter
		}
	}
	if plain && digits < leastPhoneDigits {
		return ""
	}
	marks := 0
	for _, r := range value {
		if unicode.Is(unicode.M, r) {
			if marks++; marks > 3 {
				return ReasonCharacter
			}
			continue
		}
		marks = 0
		switch {
		case r == utf8.RuneError, hidden(r) && r != zeroWidthNonJoiner && r != zeroWidthJoiner:
			return ReasonControl
		case r == '@':
			return ReasonLink
		case unicode.IsLetter(r) && !compatible(r), unicode.IsDigit(r), strings.ContainsRune(signs, r), r == zeroWidthNonJoiner, r == zeroWidthJoiner:
		default:
			return ReasonCharacter
		}
	}
	if reason := Suspicion(value); reason != "" {
		return reason
	}
	if MixedWords(value) {
		return ReasonMixed
	}
	return ""
}

func checkPhone(value string) Reason {
	digits := 0
	for i := range len(value) {
		switch c := value[i]; {
		case c >= '0' && c <= '9':
			digits++
		case c == '+' && i == 0, c == '(' && i < 5, c == ')' && i > 0, (c == ' ' || c == '-' || c == '.' || c == '/') && i > 0 && value[i-1] != c:
		case c < ' ' || c == 0x7f || c >= 0x80:
			return ReasonControl
		default:
			return ReasonCharacter
		}
	}
	if digits < 3 || digits > 15 { // E.164 §6.2.1; short national numbers have three
		return ReasonShape
	}
	return ""
}

const (
	zeroWidthNonJoiner = '\u200c'
	zeroWidthJoiner    = '\u200d'
)

// joins tells whether a joiner has a meaning after r: in Arabic and Indic scripts, not in ours.
func joins(r rune) bool {
	return r >= 0x600 && r < 0x1e00 && (unicode.IsLetter(r) || unicode.Is(unicode.M, r))
}

// hidden runes have no business in one line of text: control, format, line and paragraph separators, fillers, private use, unassigned.
func hidden(r rune) bool {
	switch {
	case r < 0x20 || r >= 0x7f && r < 0xa0:
		return true
	case r < 0xad:
		return false
	case r == utf8.RuneError, r == 0x115f, r == 0x1160, r == 0x3164, r == 0xffa0, r == 0x2800, r == 0x034f, r >= 0xfe00 && r <= 0xfe0f, r >= 0xe0000:
		return true
	case r == 0xad || r == 0x2028 || r == 0x2029:
		return true
	}
	return unicode.In(r, unicode.Cf, unicode.Co, unicode.Cs, unicode.Zl, unicode.Zp) || !unicode.IsGraphic(r)
}

// africanLetters are those of the IPA block that people's names are written with: Akan, Ewe, Hausa, Fula, Azerbaijani and others.
const africanLetters = "ɓɔɖɗəɛɣɩɲʃʊʋʒ"

// compatible letters are pictures of others: fullwidth, mathematical, circled, small capitals, ligatures for whole phrases.
func compatible(r rune) bool {
	switch {
	case r < 0x250:
		return false
	case r < 0x2b0:
		return !strings.ContainsRune(africanLetters, r)
	case r < 0x2100:
		return r < 0x300 && r != 'ʻ' && r != 'ʼ' || r >= 0x1d00 && r <= 0x1dbf || r >= 0x2070 && r <= 0x209f
	case r <= 0x218f, r >= 0x2460 && r <= 0x24ff, r >= 0xfb00 && r <= 0xfb06, r >= 0xfdf0 && r <= 0xfdff, r >= 0xff00 && r <= 0xffef,
		r >= 0x1d400 && r <= 0x1d7ff, r >= 0x1f100 && r <= 0x1f1ff, r >= 0xa700 && r <= 0xa7ff:
		return true
	}
	return false
}
