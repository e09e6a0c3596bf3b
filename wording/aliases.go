package wording

import (
	"letterhead/wording/clean"
	"letterhead/wording/directory"
	"letterhead/wording/encode"
	"letterhead/wording/field"
	"letterhead/wording/link"
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

// What merges, of package field.
type (
	Field     = field.Name
	FieldInfo = field.Info
	Values    = field.Values
	Person    = field.Person
	Place     = field.Place
	Wall      = field.Wall
	Mode      = field.Mode
)

const (
	NoMode         = locale.NoMode
	ModeInPerson   = locale.ModeInPerson
	ModeTelehealth = locale.ModeTelehealth
	ModePhone      = locale.ModePhone
	ModeHomeVisit  = locale.ModeHomeVisit
)

// Fields lists every field, in the order an editor shows them.
func Fields() []FieldInfo { return field.Fields() }

// Lookup describes one field.
func Lookup(f Field) (FieldInfo, bool) { return field.Lookup(f) }

// Check refuses a value that may not merge into that field.
func Check(f Field, value string) error { return field.Check(f, value) }

// What a practice signs beside its wordings, and where its links pass, of packages directory and link.
type (
	Directory       = directory.Directory
	DirectoryRemark = directory.Remark
	Book            = directory.Book
	Portal          = link.Portal
)

// ParseDirectory reads the canonical JSON of a directory and returns its digest, to be compared with what was signed.
func ParseDirectory(data []byte) (*Book, Digest, error) {
	book, err := directory.Parse(data)
	if err != nil {
		return nil, Digest{}, err
	}
	return book, book.Digest(), nil
}

// ParsePortal reads the portal's public address.
func ParsePortal(public string) (Portal, error) { return link.ParsePortal(public) }

// LinkToken names a version in the links that pass through the portal.
func LinkToken(d Digest) string { return link.Token(d) }

// Unfit says why a value from outside will not merge into that field, so that an import can say so; "" when it will. Nobody is to be asked to mend it: a message has
// its fallback.
func Unfit(f Field, value string) clean.Reason {
	info, ok := field.Lookup(f)
	if !ok {
		return clean.ReasonShape
	}
	return clean.Check(info.Type, info.Max, clean.Tidy(value))
}
