package approval

import (
	"crypto/sha256"
	"fmt"
	"time"

	"letterhead/approval/form"
	"letterhead/store"
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

// The values that statements are made of; see package form for how they are written.
type (
	Digest  = form.Digest
	Bytes   = form.Bytes
	Nonce   = form.Nonce
	Instant = form.Instant
)

// ParseDigest reads what Digest.String writes and nothing else.
func ParseDigest(text string) (Digest, error) { return form.ParseDigest(text) }

// NewNonce returns a random nonce.
func NewNonce() Nonce { return form.NewNonce() }

// At turns a time into an Instant.
func At(t time.Time) Instant { return form.At(t) }

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

func canonical(v any, most int) ([]byte, error) {
	text, err := form.Canonical(v, most)
	if err != nil {
		return nil, refuse(Malformed, "%w", err)
	}
	return text, nil
}

func parse(text []byte, most int, into any) error {
	if err := form.Parse(text, most, into); err != nil {
		return refuse(Malformed, "%w", err)
	}
	return nil
}

// String names a statement in a log: kind, subject and serial.
func (s *Statement) String() string {
	return fmt.Sprintf("%s %s #%d", s.Kind, short(s.Subject), s.Serial)
}
