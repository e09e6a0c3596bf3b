// Package passkey checks what a browser says of a passkey: Web Authentication Level 2, for keys that verify their user and are kept by the
// authenticator.
//
// It promises: an answer counts only for the challenge, the ceremony, the origin and the relying party that the caller names, when the
// authenticator says that its user was present and verified, and, for a sign-in, when the key's signature is right. Attestation is not asked
// for and not looked at: any authenticator will do.
//
// It is pure: the caller keeps keys and challenges. Everything it reads is bounded. What is within an answer is read and verified by package
// assertion, as it is for approvals; what is a sign-in's own stands here: the browser's JSON, whose key it is, its counter.
package passkey

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"letterhead/approval/assertion"
	"letterhead/fault"
)

// ErrRefused is the one answer for everything that is not right; what it was is in the cause, for the log.
var ErrRefused = fault.New(fault.Denied, "guard.passkey", "this passkey was not accepted here; try once more, or sign in another way")

// Place is where a passkey may be used.
type Place struct {
	Origins []string // https://HOST or http://localhost:PORT
	Party   string   // the relying party id: the host name
}

// Key is what is kept of a passkey.
type Key struct {
	ID     []byte // chosen by the authenticator
	Public []byte // COSE_Key (RFC 9053)
	Count  uint32 // signatures so far, 0 where the authenticator does not count
	Backed bool   // it is copied between its owner's devices
}

// Challenge returns 256 random bits. (WebAuthn §13.4.3)
func Challenge() []byte {
	bits := make([]byte, 32)
	_, _ = rand.Read(bits)
	return bits
}

// The bounds of an answer.
const (
	MaxAnswer = 16 << 10
	maxID     = assertion.MaxCredential
)

type bytes64 []byte

func (b *bytes64) UnmarshalJSON(raw []byte) error {
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return err
	}
	plain, err := base64.RawURLEncoding.DecodeString(text)
	*b = plain
	return err
}

// answer is RegistrationResponseJSON or AuthenticationResponseJSON (WebAuthn Level 3 §5.1), as far as we look at it.
type answer struct {
	ID       bytes64 `json:"id"`
	Type     string  `json:"type"`
	Response struct {
		ClientData        bytes64 `json:"clientDataJSON"`
		AttestationObject bytes64 `json:"attestationObject"`
		AuthenticatorData bytes64 `json:"authenticatorData"`
		Signature         bytes64 `json:"signature"`
		UserHandle        bytes64 `json:"userHandle"`
	} `json:"response"`
}

func refused(why string, values ...any) error {
	return ErrRefused.With(fmt.Errorf("passkey: "+why, values...))
}

func read(raw []byte) (answer, error) {
	var a answer
	if len(raw) > MaxAnswer {
		return a, refused("an answer of %d bytes", len(raw))
	}
	if err := json.Unmarshal(raw, &a); err != nil {
		return a, refused("no answer: %w", err)
	}
	if a.Type != "public-key" || len(a.ID) == 0 || len(a.ID) > maxID {
		return a, refused("not a public key's answer")
	}
	return a, nil
}

// parties are where an answer may come from.
func (p Place) parties() []assertion.Party {
	out := make([]assertion.Party, len(p.Origins))
	for i, origin := range p.Origins {
		out[i] = assertion.Party{Origin: origin, RPID: p.Party}
	}
	return out
}

func challengeOf(raw []byte) (c [sha256.Size]byte, err error) {
	if len(raw) != len(c) {
		return c, refused("a challenge of %d bytes", len(raw))
	}
	return [sha256.Size]byte(raw), nil
}

// Register checks the answer to navigator.credentials.create and returns the new key. (WebAuthn §7.1)
func Register(p Place, challenge, raw []byte) (Key, error) {
	a, err := read(raw)
	if err != nil {
		return Key{}, err
	}
	asked, err := challengeOf(challenge)
	if err != nil {
		return Key{}, err
	}
	made, err := assertion.Register(a.Response.AttestationObject, a.Response.ClientData, asked, p.parties()...)
	if err != nil {
		return Key{}, ErrRefused.With(err)
	}
	if !bytes.Equal(made.Credential, a.ID) {
		return Key{}, refused("the answer holds another key")
	}
	return Key{ID: made.Credential, Public: made.PublicKey, Count: made.Count, Backed: made.Backed}, nil
}

// Credential reads which key an answer to navigator.credentials.get is by, and whose, so that the key can be looked up. Nothing is proven by it.
func Credential(raw []byte) (id, user []byte, err error) {
	a, err := read(raw)
	return a.ID, a.Response.UserHandle, err
}

// Verify checks the answer to navigator.credentials.get against a key. (WebAuthn §7.2)
func Verify(p Place, challenge []byte, k Key, raw []byte) (assertion.Device, error) {
	a, err := read(raw)
	if err != nil {
		return assertion.Device{}, err
	}
	if !bytes.Equal(a.ID, k.ID) {
		return assertion.Device{}, refused("another key answered")
	}
	asked, err := challengeOf(challenge)
	if err != nil {
		return assertion.Device{}, err
	}
	key, err := assertion.ParseKey(k.Public)
	if err != nil {
		return assertion.Device{}, ErrRefused.With(err)
	}
	given := assertion.Assertion{AuthenticatorData: a.Response.AuthenticatorData, ClientData: a.Response.ClientData, Signature: a.Response.Signature}
	if err := given.Verify(key, asked, p.parties()...); err != nil {
		return assertion.Device{}, ErrRefused.With(err)
	}
	// A counter that stands still or goes back means that somebody has a copy of the key. (WebAuthn §7.2 step 22)
	now := given.Device()
	if (now.Count != 0 || k.Count != 0) && now.Count <= k.Count {
		return assertion.Device{}, refused("the counter went from %d to %d", k.Count, now.Count)
	}
	return now, nil
}
