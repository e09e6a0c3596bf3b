package kept

import (
	"bytes"
	"crypto/sha256"

	"letterhead/ledger/leaf"
)

// The parts of a message that its leaf commits to, and those of its row.
const (
	PartVersion = "version"
	PartLinks   = "links"
	PartText    = "text"
	PartWords   = "words"
	PartRow     = "row"  // for whom it was, and why
	PartFate    = "fate" // what became of it
	PartTime    = "time" // when it left
)

// Recipient is what the leaf of the message commits to of who got it: no other leaf has the same.
func (r *Record) Recipient(channel leaf.Channel) leaf.Hash {
	return r.salt().Recipient(channel, r.Address)
}

func (r *Record) salt() (s leaf.Salt) {
	copy(s[:], r.Salt)
	return s
}

// Fits returns what differs between a message that was made again and its leaf: nothing when these are the very bytes that left.
func (m *Made) Fits(r *Record, l *leaf.Message) (differs []string) {
	salt := r.salt()
	words := m.Whole
	if m.channel == leaf.Email {
		words = PlainPart(nil, m.Body)
	}
	for _, part := range []struct {
		name string
		same bool
	}{
		{PartVersion, l.Version == leaf.Hash(m.digest)}, {PartLinks, l.Links == leaf.Links(m.Compiled.Hosts())},
		{PartWords, l.Words == salt.Words(leaf.WordsOf(words))}, {PartText, l.Text == salt.Text(sha256.Sum256(m.Whole))},
	} {
		if !part.same {
			differs = append(differs, part.name)
		}
	}
	return differs
}

// PlainPart appends the text of a body's first part, as package wording lays it out: quoted-printable (RFC 2045 §6.7) after the first empty line, up to the
// boundary that the body begins with.
func PlainPart(out, body []byte) []byte {
	boundary, _, _ := bytes.Cut(body, []byte("\r\n"))
	_, text, _ := bytes.Cut(body, []byte("\r\n\r\n"))
	if end := bytes.Index(text, append([]byte("\r\n"), boundary...)); end >= 0 {
		text = text[:end]
	}
	for {
		plain := bytes.IndexByte(text, '=')
		if plain < 0 || plain+2 >= len(text) {
			return append(out, text...)
		}
		out = append(out, text[:plain]...)
		if high, low := digit(text[plain+1]), digit(text[plain+2]); high < 16 && low < 16 { // a soft line break is nothing
			out = append(out, high<<4|low)
		}
		text = text[plain+3:]
	}
}

func digit(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 255
}
