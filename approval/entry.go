package approval

import (
	"crypto/sha256"
	"encoding/json"
	"time"

	"letterhead/approval/assertion"
	"letterhead/approval/form"
)

// Signature is a signing key's over a sheet: a passkey's assertion, or a recovery key's Ed25519 signature.
type Signature struct {
	AuthenticatorData Bytes  `json:"authenticator_data"` // empty of a recovery key
	ClientData        Bytes  `json:"client_data"`        // clientDataJSON; empty of a recovery key
	Key               string `json:"key"`                // subject of the key's statement
	Signature         Bytes  `json:"signature"`
	Type              string `json:"type"` // TypeKey or TypeRecovery
}

// The forms of a signature.
const (
	TypeKey      = "webauthn.get"
	TypeRecovery = "recovery"
)

func (s *Signature) assertion() *assertion.Assertion {
	return &assertion.Assertion{AuthenticatorData: s.AuthenticatorData, ClientData: s.ClientData, Signature: s.Signature}
}

// Entry is one signed sheet at its position of a practice's chain.
type Entry struct {
	Head      Head
	Previous  Digest // hash of the entry before; zero for the first
	Sheet     *Sheet
	Signature Signature
	Text      []byte // canonical JSON of all of it: what is stored, exported and hashed

	// Seen is when the courier's journal first saw the entry; zero: it has not. It is no part of the entry.
	Seen time.Time

	sheet      []byte // canonical
	statements []*Statement
}

// Statements are what the sheet lists, in its order.
func (e *Entry) Statements() []*Statement { return e.statements }

// entryText is an entry as JSON. The sheet and the statements stand in it as themselves.
type entryText struct {
	Format     int               `json:"format"`
	Position   int64             `json:"position"`
	Previous   Digest            `json:"previous"`
	Sheet      json.RawMessage   `json:"sheet"`
	Signature  Signature         `json:"signature"`
	Statements []json.RawMessage `json:"statements"`
}

const entryPrefix = "letterhead approval entry v1\n"

// NewEntry puts a signed sheet behind the head of a chain. sheet and statements are canonical, the statements in the sheet's order.
func NewEntry(after Head, sheet []byte, statements [][]byte, signature Signature) (*Entry, error) {
	text := entryText{Format: Format, Position: after.Position + 1, Previous: after.Hash, Sheet: sheet, Signature: signature, Statements: []json.RawMessage{}}
	for _, s := range statements {
		text.Statements = append(text.Statements, s)
	}
	raw, err := canonical(&text, MaxEntry)
	if err != nil {
		return nil, err
	}
	return ParseEntry(raw)
}

// ParseEntry reads an entry's text strictly. It checks form, bounds and that the statements are those of the sheet; no signature.
func ParseEntry(raw []byte) (*Entry, error) {
	var text entryText
	if err := parse(raw, MaxEntry, &text); err != nil {
		return nil, err
	}
	switch {
	case text.Format != Format:
		return nil, bad("format", "this program reads format %d", Format)
	case text.Position < 1 || text.Position > MaxEntries:
		return nil, bad("position", "positions are 1 to %d", MaxEntries)
	case (text.Position == 1) != (text.Previous == Digest{}):
		return nil, bad("previous", "the first entry has none before it, every other one has")
	}
	if err := text.Signature.check(); err != nil {
		return nil, err
	}
	sheet, err := ParseSheet(text.Sheet)
	if err != nil {
		return nil, err
	}
	if len(text.Statements) != len(sheet.Statements) {
		return nil, bad("statements", "an entry carries the statements that its sheet lists")
	}
	e := &Entry{Previous: text.Previous, Sheet: sheet, Signature: text.Signature, Text: raw, sheet: text.Sheet}
	e.Head = Head{Position: text.Position, Hash: sha256.Sum256(append([]byte(entryPrefix), raw...))}
	for i, r := range text.Statements {
		s, digest, err := ParseStatement(r)
		if err != nil {
			return nil, err
		}
		if digest != sheet.Statements[i] {
			return nil, refuse(BadSignature, "statement %d is not the one that the sheet lists", i+1)
		}
		e.statements = append(e.statements, s)
	}
	return e, nil
}

func (s *Signature) check() error {
	if s.Key == "" || len(s.Key) > MaxSubject || !form.Printable(s.Key) {
		return bad("key", "a signature names its key")
	}
	if len(s.Signature) < 1 || len(s.Signature) > 1024 {
		return bad("signature", "a signature has 1 to 1024 bytes")
	}
	switch s.Type {
	case TypeKey:
		if len(s.AuthenticatorData) == 0 || len(s.AuthenticatorData) > assertion.MaxAuthenticatorData || len(s.ClientData) == 0 || len(s.ClientData) > assertion.MaxClientData {
			return bad("authenticator_data", "a passkey's signature carries what it was made over")
		}
	case TypeRecovery:
		if len(s.AuthenticatorData) != 0 || len(s.ClientData) != 0 {
			return bad("authenticator_data", "a recovery key signs the sheet and nothing else")
		}
	default:
		return bad("type", "a signature is of type %s or %s", TypeKey, TypeRecovery)
	}
	return nil
}
