// Package secret is how things that one person alone should know are made, kept and compared: passwords, one-time codes, recovery codes,
// tokens, and what a form carries that its reader must not change.
//
// It promises: a password is kept as argon2id and compared in constant time, with the same work when there is none to compare with; a token
// has 256 random bits and is kept as an HMAC under a key that is not in the database, so that whoever writes rows cannot write one that works;
// what is sealed opens under its own purpose alone, and not after its time.
//
// It is pure: no storage, no clock of its own, no log.
package secret

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"letterhead/fault"
)

// ErrState is returned for a sealed value that is none of ours, is for something else, or is too old.
var ErrState = fault.New(fault.Conflict, "guard.state", "this page was open for too long, or in another window; try once more")

// Box seals and hashes under keys derived from one root.
type Box struct {
	aead cipher.AEAD
	mac  []byte
}

// NewBox returns the box of a root of 32 bytes.
func NewBox(root []byte) (*Box, error) {
	sealing, err := hkdf.Key(sha256.New, root, nil, "letterhead guard sealing", 32)
	if err != nil {
		return nil, fmt.Errorf("derive the sealing key: %w", err)
	}
	mac, err := hkdf.Key(sha256.New, root, nil, "letterhead guard hashing", 32)
	if err != nil {
		return nil, fmt.Errorf("derive the hashing key: %w", err)
	}
	block, err := aes.NewCipher(sealing)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	return &Box{aead: aead, mac: mac}, nil
}

// Seal closes bytes for one place, such as "totp PERSON".
func (b *Box) Seal(place string, plain []byte) []byte {
	return b.aead.Seal(nil, nil, plain, []byte("place "+place))
}

// Open opens what Seal closed for the same place.
func (b *Box) Open(place string, sealed []byte) ([]byte, error) {
	plain, err := b.aead.Open(nil, nil, sealed, []byte("place "+place))
	if err != nil {
		return nil, fault.New(fault.Internal, "guard.sealed", "a sealed value cannot be opened at its place")
	}
	return plain, nil
}

// Hash is what is kept of a token: HMAC-SHA256 for one use, in hex. ASVS 11.4.1.
func (b *Box) Hash(use, token string) string {
	mac := hmac.New(sha256.New, b.mac)
	mac.Write([]byte(use))
	mac.Write([]byte{0})
	mac.Write([]byte(token))
	return hex.EncodeToString(mac.Sum(nil))
}

// maxState bounds what a form or cookie carries.
const maxState = 3000

// Pack seals a value for one purpose until an instant, as text for a form or a cookie.
func (b *Box) Pack(purpose string, until time.Time, v any) string {
	plain, err := json.Marshal(v)
	if err != nil {
		panic("secret: a value that is no JSON: " + err.Error()) // the program's own types
	}
	sealed := b.aead.Seal(nil, nil, append(binary.BigEndian.AppendUint64(nil, uint64(until.Unix())), plain...), []byte("state "+purpose)) //nolint:gosec // after 1970
	return base64.RawURLEncoding.EncodeToString(sealed)
}

// Unpack opens what Pack sealed for the same purpose, unless its time is over.
func (b *Box) Unpack(purpose, text string, now time.Time, v any) error {
	if len(text) > maxState {
		return ErrState
	}
	sealed, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return ErrState
	}
	plain, err := b.aead.Open(nil, nil, sealed, []byte("state "+purpose))
	if err != nil || len(plain) < 8 {
		return ErrState
	}
	if until := int64(binary.BigEndian.Uint64(plain)); now.Unix() >= until { //nolint:gosec // written by Pack
		return ErrState
	}
	if err := json.Unmarshal(plain[8:], v); err != nil {
		return ErrState
	}
	return nil
}

// NewToken returns 256 random bits as text. ASVS 7.2.3.
func NewToken() string {
	var bits [32]byte
	_, _ = rand.Read(bits[:]) // crypto/rand never fails: it ends the program instead
	return base64.RawURLEncoding.EncodeToString(bits[:])
}

// TokenLike reports whether text can be a token at all, so that nothing else is looked up.
func TokenLike(text string) bool {
	if len(text) != 43 {
		return false
	}
	_, err := base64.RawURLEncoding.DecodeString(text)
	return err == nil
}
