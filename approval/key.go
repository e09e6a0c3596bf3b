package approval

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"

	"letterhead/approval/assertion"
	"letterhead/approval/form"
)

const recoveryKeySize = ed25519.PublicKeySize

// KeySubject is the subject of a passkey's statement: its credential id in base64url.
func KeySubject(credential []byte) string {
	return base64.RawURLEncoding.EncodeToString(credential)
}

// CredentialOf is KeySubject's inverse.
func CredentialOf(subject string) ([]byte, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(subject)
	if err != nil || len(raw) < 16 || len(raw) > assertion.MaxCredential {
		return nil, bad("subject", "the subject of a key is its credential id, 16 to %d bytes in base64url", assertion.MaxCredential)
	}
	return raw, nil
}

const recoverySubject = "recovery:"

// RecoverySubject is the subject of a recovery key's statement: its fingerprint.
func RecoverySubject(publicKey []byte) string {
	sum := sha256.Sum256(publicKey)
	return recoverySubject + base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:20])
}

// RecoverySheet is what an owner keeps on paper: the seed of a key that may only enrol a new key for an owner.
type RecoverySheet struct{ key ed25519.PrivateKey }

// NewRecoverySheet makes one.
func NewRecoverySheet() RecoverySheet {
	seed := make([]byte, ed25519.SeedSize)
	_, _ = rand.Read(seed) // never fails (crypto/rand)
	return RecoverySheet{ed25519.NewKeyFromSeed(seed)}
}

// Text is the seed and a checksum in base32, in groups of four, for paper.
func (r RecoverySheet) Text() string { return form.Paper(r.key.Seed()) }

// ParseRecoverySheet reads what somebody typed from paper: case, spaces and hyphens do not matter, 0, 1 and 8 are read as O, I and B.
func ParseRecoverySheet(text string) (RecoverySheet, error) {
	seed, err := form.ParsePaper(text)
	if err != nil || len(seed) != ed25519.SeedSize {
		return RecoverySheet{}, bad("recovery", "this is not the text of a recovery sheet; compare it with the paper, group by group")
	}
	return RecoverySheet{ed25519.NewKeyFromSeed(seed)}, nil
}

// PublicKey is what a statement of action Recovery enrols.
func (r RecoverySheet) PublicKey() []byte { return r.key.Public().(ed25519.PublicKey) }

// Sign signs a sheet's canonical form.
func (r RecoverySheet) Sign(sheet []byte) Signature {
	message := append([]byte(challengePrefix), sheet...)
	return Signature{Type: TypeRecovery, Key: RecoverySubject(r.PublicKey()), Signature: ed25519.Sign(r.key, message)}
}

// Groups writes bytes in base32 in groups of four, as people compare and copy them.
func Groups(raw []byte) string { return form.Groups(raw) }
