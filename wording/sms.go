package wording

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
	maxSMSUnits         = 6 * gsmJoined
)

// The alphabet and its extension; a letter of the extension takes two units.
const (
	gsmAlphabet  = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	gsmExtension = "\f^{}\\[~]|€"
)

// gsmUnits is how many units r takes, 0 when the alphabet has it not.
func gsmUnits(r rune) int {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '%' && r <= '?', r >= ' ' && r <= '#':
		return 1
	case strings.ContainsRune(gsmAlphabet, r):
		return 1
	case strings.ContainsRune(gsmExtension, r):
		return 2
	}
	return 0
}

// EncodingOf is GSM-7 when every letter is of its alphabet, else UCS-2.
func EncodingOf(text string) Encoding {
	for _, r := range text {
		if gsmUnits(r) == 0 {
			return UCS2
		}
	}
	return GSM7
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
	encoding = EncodingOf(text)
	splitSMS(text, encoding, func(string) { parts++ })
	for _, r := range text {
		units += unitsOf(r, encoding)
	}
	return parts, encoding, units
}

// SplitSMS returns the parts of an SMS.
func SplitSMS(text string) []string {
	var out []string
	splitSMS(text, EncodingOf(text), func(part string) { out = append(out, part) })
	return out
}

func splitSMS(text string, e Encoding, part func(string)) {
	alone, joined := gsmAlone, gsmJoined
	if e == UCS2 {
		alone, joined = ucsAlone, ucsJoined
	}
	total := 0
	for _, r := range text {
		total += unitsOf(r, e)
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

// longestSMS counts units with every value at its longest and every sentence shown.
func (c *Compiled) longestSMS() int {
	total := 0
	for _, s := range c.sms {
		for _, r := range string(s.bytes) {
			total += max(1, gsmUnits(r))
		}
		if s.slotted {
			total += max(fieldTable[s.field].Max, utf8.RuneCountInString(s.fallback))
		}
	}
	return total
}
