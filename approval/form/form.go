// Package form is how approvals are written: digests, bytes, nonces and instants as they stand in JSON, canonical JSON written and read strictly, and
// which text may stand in what people sign. It knows nothing of what is approved.
package form

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"letterhead/fault"
	"letterhead/store"
	"letterhead/wording/strict"
)

func malformed(field, say string) error { return fault.Field(field, "approval.malformed", "%s", say) }

// Digest is a SHA-256: of a statement, or of what one approves. In JSON it is 64 hexadecimal digits in lower case; zero is "".
type Digest [sha256.Size]byte

// String is the digest in lower-case hexadecimal, "" for zero.
func (d Digest) String() string {
	if d == (Digest{}) {
		return ""
	}
	return hex.EncodeToString(d[:])
}

// MarshalText implements encoding.TextMarshaler.
func (d Digest) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what String writes and nothing else.
func (d *Digest) UnmarshalText(text []byte) error {
	parsed, err := ParseDigest(string(text))
	*d = parsed
	return err
}

// ParseDigest reads what String writes and nothing else.
func ParseDigest(text string) (Digest, error) {
	var d Digest
	if text == "" {
		return d, nil
	}
	raw, err := hex.DecodeString(text)
	if err == nil && len(raw) == len(d) {
		copy(d[:], raw)
	}
	if d.String() != text {
		return Digest{}, malformed("digest", "a digest is 64 hexadecimal digits in lower case")
	}
	return d, nil
}

// Bytes travel in JSON as base64url without padding (RFC 4648 §5).
type Bytes []byte

// MarshalText implements encoding.TextMarshaler.
func (b Bytes) MarshalText() ([]byte, error) {
	return []byte(base64.RawURLEncoding.EncodeToString(b)), nil
}

// UnmarshalText reads what MarshalText writes and nothing else.
func (b *Bytes) UnmarshalText(text []byte) error {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(string(text))
	if err != nil {
		return malformed("bytes", "write bytes as base64url without padding")
	}
	*b = raw
	return nil
}

// Nonce makes every statement and sheet the only one of its kind.
type Nonce [16]byte

// NewNonce returns a random nonce.
func NewNonce() (n Nonce) {
	_, _ = rand.Read(n[:]) // never fails (crypto/rand)
	return n
}

// MarshalText implements encoding.TextMarshaler.
func (n Nonce) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(n[:])), nil }

// UnmarshalText reads what MarshalText writes and nothing else.
func (n *Nonce) UnmarshalText(text []byte) error {
	raw, err := hex.DecodeString(string(text))
	if err != nil || len(raw) != len(n) || hex.EncodeToString(raw) != string(text) {
		return malformed("nonce", "a nonce is 32 hexadecimal digits in lower case")
	}
	copy(n[:], raw)
	return nil
}

// Instant is microseconds since 1970 UTC; 0 is none.
type Instant int64

// At turns a time into an Instant.
func At(t time.Time) Instant { return Instant(store.Micro(t)) }

// Time is At's inverse.
func (i Instant) Time() time.Time { return store.Instant(int64(i)) }

// Canonical writes a value of package approval as RFC 8785 has it. Their members stand in the canonical order already and their numbers are whole,
// so encoding/json writes the very same, twenty times as fast; where it escapes a character in its own way, the canonicaliser is asked.
func Canonical(v any, most int) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, fmt.Errorf("write JSON: %w", err)
	}
	text := bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	if bytes.Contains(text, []byte(`\u`)) {
		var err error
		if text, err = strict.Canonical(v); err != nil {
			return nil, fmt.Errorf("write canonical JSON: %w", err)
		}
	}
	if len(text) > most {
		return nil, fmt.Errorf("%d bytes, at most %d", len(text), most)
	}
	return text, nil
}

// Parse reads canonical JSON into a type and refuses all that its own canonical form would not say again: members unknown, twice or in other
// letters, other spellings of a number or text, anything before or after.
func Parse(text []byte, most int, into any) error {
	if len(text) > most {
		return fmt.Errorf("%d bytes, at most %d", len(text), most)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("read JSON: %w", err)
	}
	again, err := Canonical(into, most)
	if err != nil {
		return err
	}
	if !bytes.Equal(again, text) {
		return fmt.Errorf("it is not in canonical form")
	}
	return nil
}

// ID accepts what ids of this program look like, and the short names of tests.
func ID(text string) bool {
	return text != "" && len(text) <= 64 && strings.IndexFunc(text, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_' && r != '.'
	}) < 0
}

// Printable text is one line without control, format (RFC 5892: bidi, joiners) or private characters: what is signed is what is seen.
func Printable(text string) bool {
	return utf8.ValidString(text) && strings.IndexFunc(text, func(r rune) bool {
		return !unicode.IsGraphic(r) || r != ' ' && unicode.IsSpace(r) || r == utf8.RuneError
	}) < 0
}

// Host accepts a DNS name (RFC 1123 §2.1) with a dot in it whose last label is no number: no address, port, user or path.
func Host(text string) bool {
	labels := strings.Split(text, ".")
	if len(text) > 253 || len(labels) < 2 {
		return false
	}
	for _, l := range labels {
		if l == "" || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' {
			return false
		}
		if strings.IndexFunc(l, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' }) >= 0 {
			return false
		}
	}
	return strings.Trim(labels[len(labels)-1], "0123456789") != ""
}
