// Package received reads mails as their receivers' programs do, and tells words that nobody can have approved.
package received

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"slices"
	"strings"

	"letterhead/testkit/sink"
)

// Mark is in every word of the attackers': one that no approved wording has.
const Mark = "NFTAWARD"

// Evil is where they want people to go.
const Evil = "claim-award.example"

// Mail is a mail, read.
type Mail struct {
	To   string
	Text string // subject, addresses and every part, decoded
}

// Unapproved tells words that nobody can have approved.
func (m Mail) Unapproved() bool {
	text := strings.ToLower(m.Text)
	return slices.ContainsFunc([]string{strings.ToLower(Mark), Evil, "prize draw", "0400 000 000", "+61 400 000 000"}, func(words string) bool { return strings.Contains(text, words) })
}

// Read reads a mail that came to a sink.
func Read(m sink.Mail) (Mail, error) {
	out := Mail{To: m.To}
	parsed, err := netmail.ReadMessage(bytes.NewReader(m.Raw))
	if err != nil {
		return out, err
	}
	words := new(mime.WordDecoder)
	for _, name := range []string{"Subject", "From", "To", "Reply-To"} {
		value, err := words.DecodeHeader(parsed.Header.Get(name))
		if err != nil {
			return out, err
		}
		out.Text += value + "\n"
	}
	body, err := decoded(parsed.Body, parsed.Header.Get("Content-Type"), parsed.Header.Get("Content-Transfer-Encoding"), 0)
	out.Text += body
	return out, err
}

// decoded is the text of a part and the parts within it.
func decoded(r io.Reader, kind, encoding string, depth int) (string, error) {
	media, params, err := mime.ParseMediaType(kind)
	if err != nil {
		media = "text/plain"
	}
	if strings.HasPrefix(media, "multipart/") && depth < 4 {
		text := ""
		for parts := multipart.NewReader(r, params["boundary"]); ; {
			part, err := parts.NextRawPart()
			if err == io.EOF { //nolint:errorlint // as documented
				return text, nil
			}
			if err != nil {
				return text, err
			}
			more, err := decoded(part, part.Header.Get("Content-Type"), part.Header.Get("Content-Transfer-Encoding"), depth+1)
			if text += more + "\n"; err != nil {
				return text, err
			}
		}
	}
	switch strings.ToLower(encoding) {
	case "quoted-printable":
		r = quotedprintable.NewReader(r)
	case "base64":
		r = base64.NewDecoder(base64.StdEncoding, r)
	}
	raw, err := io.ReadAll(io.LimitReader(r, 4<<20))
	return string(raw), err
}
