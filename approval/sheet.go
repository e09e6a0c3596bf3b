package approval

import (
	"crypto/sha256"

	"letterhead/approval/form"
	"letterhead/store"
)

// Sheet is what one touch signs: a set of statements, upon a state of the chain that the signer saw.
type Sheet struct {
	After        Head             `json:"after"` // an entry of this chain; the sheet is worth nothing on a chain that does not have it
	At           Instant          `json:"at"`    // stated, for people to read; nothing is decided by it
	Epoch        int64            `json:"epoch"` // of the installation
	Format       int              `json:"format"`
	Installation string           `json:"installation"`
	Nonce        Nonce            `json:"nonce"`
	Practice     store.PracticeID `json:"practice"`
	Statements   []Digest         `json:"statements"` // in the order in which they take effect
}

// challengePrefix keeps a sheet from being anything else that a key may be asked to sign.
const challengePrefix = "letterhead approval v1\n"

// Check holds a sheet to its bounds.
func (s *Sheet) Check() error {
	switch {
	case s.Format != Format:
		return bad("format", "this program reads format %d", Format)
	case !form.ID(s.Installation) || !form.ID(string(s.Practice)):
		return bad("installation", "name the installation and the practice")
	case s.Epoch < 1 || s.Epoch > 1<<40:
		return bad("epoch", "an epoch is 1, 2, 3 and so on")
	case s.Nonce == Nonce{}:
		return bad("nonce", "a sheet has a nonce")
	case s.At < 1 || s.At > latest:
		return bad("at", "a sheet says when it was made")
	case s.After.Position < 0 || s.After.Position > MaxEntries || (s.After.Position == 0) != (s.After.Hash == Digest{}):
		return bad("after", "a sheet names the entry it was signed upon, or none at the beginning")
	case len(s.Statements) < 1 || len(s.Statements) > MaxStatements:
		return bad("statements", "a sheet lists 1 to %d statements", MaxStatements)
	}
	seen := make(map[Digest]bool, len(s.Statements))
	for _, d := range s.Statements {
		if d == (Digest{}) || seen[d] {
			return bad("statements", "a sheet lists digests, each once")
		}
		seen[d] = true
	}
	return nil
}

// Canonical returns the sheet as RFC 8785 JSON, checked.
func (s *Sheet) Canonical() ([]byte, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	return canonical(s, MaxEntry)
}

// ParseSheet reads what Canonical wrote and refuses everything else.
func ParseSheet(text []byte) (*Sheet, error) {
	s := new(Sheet)
	if err := parse(text, MaxEntry, s); err != nil {
		return nil, err
	}
	return s, s.Check()
}

// Challenge is what a passkey signs: SHA-256 over a prefix and the sheet's canonical form.
func Challenge(sheet []byte) [sha256.Size]byte {
	return sha256.Sum256(append([]byte(challengePrefix), sheet...))
}
