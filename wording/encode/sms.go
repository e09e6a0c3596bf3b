package encode

import (
	"strings"
	"unicode/utf8"
)

// Encoding is how an SMS travels.
type Encoding string

const (
	GSM7 Encoding = "gsm-7" // 3GPP TS 23.038 §6.2.1
	UCS2 Encoding = "ucs-2"
)

// Units of one part, alone and with the header that joins parts. (3GPP TS 23.040 §9.2.3.24.1)
const (
	gsmAlone, gsmJoined = 160, 153
	ucsAlone, ucsJoined = 70, 67
	MaxSMSUnits         = 6 * gsmJoined
)

// The alphabet and its extension; a letter of the extension takes two units.
const (
	gsmAlphabet  = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	gsmExtension = "\f^{}\\[~]|€"
)

// asciiUnits are the units of ASCII letters, 0 for those that the alphabet lacks.
var asciiUnits = countASCII()

func countASCII() (out [128]uint8) {
	for _, r := range gsmAlphabet {
		if r < 128 {
			out[r] = 1
		}
	}
	for _, r := range gsmExtension {
		if r < 128 {
			out[r] = 2
		}
	}
	return out
}

// gsmUnits is how many units r takes, 0 when the alphabet has it not.
func gsmUnits(r rune) int {
	switch {
	case r < 128:
		return int(asciiUnits[r&127])
	case strings.ContainsRune(gsmAlphabet, r):
		return 1
	case r == '€':
		return 2
	}
	return 0
}

// EncodingOf is GSM-7 when every letter is of its alphabet, else UCS-2.
func EncodingOf(text string) Encoding {
	e, _ := Measure(text)
	return e
}

// Measure finds a text's encoding and its units.
func Measure(text string) (Encoding, int) {
	units := 0
	for _, r := range text {
		n := gsmUnits(r)
		if n == 0 {
			wide := 0
			for _, r := range text {
				wide += unitsOf(r, UCS2)
			}
			return UCS2, wide
		}
		units += n
	}
	return GSM7, units
}

// Units is how many units Measure counts, without a copy.
func Units(text []byte) int {
	gsm, ucs, plain := 0, 0, true
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		n := gsmUnits(r)
		plain = plain && n > 0
		gsm, ucs, text = gsm+n, ucs+unitsOf(r, UCS2), text[size:]
	}
	if plain {
		return gsm
	}
	return ucs
}

func unitsOf(r rune, e Encoding) int {
	if e == GSM7 {
		return gsmUnits(r)
	}
	if r > 0xffff {
		return 2 // a surrogate pair
	}
	return 1
}

// SMSParts counts the parts an SMS is sent in, its encoding and its units. No pair of units that belong together is split.
func SMSParts(text string) (parts int, encoding Encoding, units int) {
	encoding, units = Measure(text)
	splitSMS(text, encoding, units, func(string) { parts++ })
	return parts, encoding, units
}

// SplitSMS returns the parts of an SMS.
func SplitSMS(text string) []string {
	var out []string
	encoding, units := Measure(text)
	splitSMS(text, encoding, units, func(part string) { out = append(out, part) })
	return out
}

func splitSMS(text string, e Encoding, total int, part func(string)) {
	alone, joined := gsmAlone, gsmJoined
	if e == UCS2 {
		alone, joined = ucsAlone, ucsJoined
	}
	if total <= alone {
		if text != "" {
			part(text)
		}
		return
	}
	start, used := 0, 0
	for i, r := range text {
		n := unitsOf(r, e)
		if used+n > joined {
			part(text[start:i])
			start, used = i, 0
		}
		used += n
	}
	part(text[start:])
}
