package approval

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"letterhead/store"
	"letterhead/wording/strict"
)

// Kind says what a statement is about.
type Kind string

// The kinds. What a subject is, and which parts a kind has, stands in kinds.go.
const (
	KindKey       Kind = "key"       // enrol, recovery, revoke
	KindMember    Kind = "member"    // role, what they may sign alone, second channel
	KindWording   Kind = "wording"   // a version of a wording
	KindDirectory Kind = "directory" // the practice's own texts
	KindSender    Kind = "sender"    // a From address or SMS sender id
	KindHosts     Kind = "hosts"     // where links may lead: the whole list
	KindHost      Kind = "host"      // one host switched off, or on again
	KindLimits    Kind = "limits"    // the practice's budgets
	KindSurge     Kind = "surge"     // more than the budgets for a while
	KindRule      Kind = "rule"      // an automatic message
	KindOrder     Kind = "order"     // a bulk message
	KindLetter    Kind = "letter"    // free wording to one client
	KindGrant     Kind = "grant"     // what an API credential may send
	KindImport    Kind = "import"    // new addresses that an import may bring
	KindWithdraw  Kind = "withdraw"  // of a statement, by its digest
	KindLift      Kind = "lift"      // of a freeze
	KindResume    Kind = "resume"    // the chain goes on after entries were lost
)

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
		return Digest{}, bad("digest", "a digest is 64 hexadecimal digits in lower case")
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
		return bad("bytes", "write bytes as base64url without padding")
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
		return bad("nonce", "a nonce is 32 hexadecimal digits in lower case")
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

// Window is when something may happen: from the first instant until before the second.
type Window struct {
	From  Instant `json:"from"`
	Until Instant `json:"until"`
}

// Limits are caps. In a limits statement all count as they stand, 0 is none at all; elsewhere 0 says nothing and the practice's own hold.
type Limits struct {
	CredentialDay int64 `json:"credential_day"` // messages a day for one API credential
	Day           int64 `json:"day"`            // messages a day
	MemberDay     int64 `json:"member_day"`     // messages a day that one member's letters, replies and orders come to
	NewDay        int64 `json:"new_day"`        // addresses a day that were never written to before
	RecipientDay  int64 `json:"recipient_day"`  // messages a day to one address
	Total         int64 `json:"total"`          // messages in all
}

// Statement is one thing that somebody approves.
type Statement struct {
	Body         Body             `json:"body"`
	Digest       Digest           `json:"digest"`  // of what is approved; zero where the body says it all
	Expires      Instant          `json:"expires"` // 0: does not
	Format       int              `json:"format"`
	Installation string           `json:"installation"`
	Kind         Kind             `json:"kind"`
	Limits       *Limits          `json:"limits,omitempty"`
	Nonce        Nonce            `json:"nonce"`
	Practice     store.PracticeID `json:"practice"`
	Serial       int64            `json:"serial"` // 1, 2, 3 … of its kind and subject
	Subject      string           `json:"subject"`
	Supersedes   Digest           `json:"supersedes"` // of the statement with the serial before; zero for the first
	Who          store.MemberID   `json:"who"`        // who signs it first
	Window       *Window          `json:"window,omitempty"`
}

// Format is the version of statements, sheets and entries that this program writes and reads.
const Format = 1

// Canonical returns the statement as RFC 8785 JSON, checked: it is what goes onto a sheet.
func (s *Statement) Canonical() ([]byte, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	return canonical(s, MaxStatement)
}

// Sum is the digest that names the statement: SHA-256 over its canonical form.
func (s *Statement) Sum() (Digest, error) {
	text, err := s.Canonical()
	if err != nil {
		return Digest{}, err
	}
	return sha256.Sum256(text), nil
}

// ParseStatement reads what Canonical wrote and refuses everything else, and returns the statement's digest.
func ParseStatement(text []byte) (*Statement, Digest, error) {
	s := new(Statement)
	if err := parse(text, MaxStatement, s); err != nil {
		return nil, Digest{}, err
	}
	if err := s.Check(); err != nil {
		return nil, Digest{}, err
	}
	return s, sha256.Sum256(text), nil
}

// canonical writes one of this package's types as RFC 8785 has it. Their members stand in the canonical order already and their numbers are whole,
// so encoding/json writes the very same, twenty times as fast; where it escapes a character in its own way, the canonicaliser is asked.
func canonical(v any, most int) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, refuse(Malformed, "write JSON: %w", err)
	}
	text := bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	if bytes.Contains(text, []byte(`\u`)) {
		var err error
		if text, err = strict.Canonical(v); err != nil {
			return nil, refuse(Malformed, "write canonical JSON: %w", err)
		}
	}
	if len(text) > most {
		return nil, refuse(Malformed, "%d bytes, at most %d", len(text), most)
	}
	return text, nil
}

// parse reads canonical JSON into a type and refuses all that its own canonical form would not say again: members unknown, twice or in other
// letters, other spellings of a number or text, anything before or after.
func parse(text []byte, most int, into any) error {
	if len(text) > most {
		return refuse(Malformed, "%d bytes, at most %d", len(text), most)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return refuse(Malformed, "read JSON: %w", err)
	}
	again, err := canonical(into, most)
	if err != nil {
		return err
	}
	if !bytes.Equal(again, text) {
		return refuse(Malformed, "it is not in canonical form")
	}
	return nil
}

// String names a statement in a log: kind, subject and serial.
func (s *Statement) String() string {
	return fmt.Sprintf("%s %s #%d", s.Kind, short(s.Subject), s.Serial)
}
