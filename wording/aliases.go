package wording

import (
	"letterhead/wording/encode"
	"letterhead/wording/locale"
	"letterhead/wording/picture"
)

// Doors to the packages below, so that callers need this one alone.

// Describe reads a picture's type and size and returns how a version names it.
func Describe(data []byte, alt string) (Image, error) { return picture.Describe(data, alt) }

// RightToLeft tells whether a language is written from right to left.
func RightToLeft(tag string) bool { return locale.RightToLeft(tag) }

// SMSParts counts the parts an SMS is sent in, its encoding and its units.
func SMSParts(text string) (parts int, encoding encode.Encoding, units int) {
	return encode.SMSParts(text)
}

// AppendAddress writes a mailbox with its display name. See encode.
func AppendAddress(dst []byte, display, local, domain string, col int) ([]byte, error) {
	return encode.AppendAddress(dst, display, local, domain, col)
}
