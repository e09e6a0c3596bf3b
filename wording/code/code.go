// Package code is the short code of a mail's footer, by which somebody who got the mail can ask whether it is real.
//
// Ten characters of an alphabet of 25 in which none looks like another: 25^10 are 9.5 × 10^13, or 46 bits. It is random, and says nothing of the message. It is written in
// groups, K7QF-3M9P-XD, and read as people write it: in either case, with anything between the groups, and with 2, 5 and 8 for Z, S and B.
package code

import (
	"crypto/rand"
	"strings"
)

// Code is a code as it is kept: ten characters, none between them.
type Code string

const (
	alphabet = "34679BCDFGHJKMNPQRSTVWXYZ" // no vowels, so no words
	// Length is how many characters a code has.
	Length = 10
	// Example is shown where no mail was sent.
	Example = "K7QF3M9PXD"
	// MaxTyped bounds what is read as a code.
	MaxTyped = 64
)

// New is a random code.
func New() Code {
	var out [Length]byte
	var random [16]byte
	for at := 0; at < Length; {
		_, _ = rand.Read(random[:]) // never fails (crypto/rand)
		for _, b := range random {
			if b %= 32; int(b) < len(alphabet) && at < Length { // 32 divides 256: what is taken is even
				out[at] = alphabet[b]
				at++
			}
		}
	}
	return Code(out[:])
}

var read = strings.NewReplacer("2", "Z", "5", "S", "8", "B")

// Parse reads what somebody typed.
func Parse(typed string) (Code, bool) {
	if len(typed) > MaxTyped {
		return "", false
	}
	text := strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z':
			return r - 'a' + 'A'
		case 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
			return r
		}
		return -1
	}, typed)
	text = read.Replace(text)
	if len(text) != Length || strings.Trim(text, alphabet) != "" {
		return "", false
	}
	return Code(text), true
}

// Append writes a code in its groups.
func (c Code) Append(dst []byte) []byte {
	if len(c) != Length {
		return dst
	}
	dst = append(append(dst, c[:4]...), '-')
	dst = append(append(dst, c[4:8]...), '-')
	return append(dst, c[8:]...)
}

// String is the code in its groups.
func (c Code) String() string { return string(c.Append(nil)) }
