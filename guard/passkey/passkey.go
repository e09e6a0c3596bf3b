// Package passkey checks what a browser says of a passkey: Web Authentication Level 2, for keys that verify their user and are kept by the
// authenticator.
//
// It promises: an answer counts only for the challenge, the ceremony, the origin and the relying party that the caller names, when the
// authenticator says that its user was present and verified, and, for a sign-in, when the key's signature is right. Attestation is not asked
// for and not looked at: any authenticator will do.
//
// It is pure: the caller keeps keys and challenges. Everything it reads is bounded.
package passkey

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

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
	Public []byte // PKIX
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
	maxID     = 1023 // WebAuthn §7.1 step 25
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

// Register checks the answer to navigator.credentials.create and returns the new key. (WebAuthn §7.1)
func Register(p Place, challenge, raw []byte) (Key, error) {
	a, err := read(raw)
	if err != nil {
		return Key{}, err
	}
	if err := p.client(a.Response.ClientData, "webauthn.create", challenge); err != nil {
		return Key{}, err
	}
	object, err := decode(a.Response.AttestationObject)
	if err != nil {
		return Key{}, err
	}
	data, _ := object["authData"].([]byte)
	d, err := p.authenticator(data)
	if err != nil {
		return Key{}, err
	}
	if d.public == nil || !bytes.Equal(d.id, a.ID) {
		return Key{}, refused("the answer holds no key, or another one")
	}
	return Key{ID: d.id, Public: d.public, Count: d.count, Backed: d.flags&flagBacked != 0}, nil
}

// Used is what a sign-in says besides that it is right.
type Used struct {
	Count  uint32
	Backed bool
}

// Credential reads which key an answer to navigator.credentials.get is by, and whose, so that the key can be looked up. Nothing is proven by it.
func Credential(raw []byte) (id, user []byte, err error) {
	a, err := read(raw)
	return a.ID, a.Response.UserHandle, err
}

// Verify checks the answer to navigator.credentials.get against a key. (WebAuthn §7.2)
func Verify(p Place, challenge []byte, k Key, raw []byte) (Used, error) {
	a, err := read(raw)
	if err != nil {
		return Used{}, err
	}
	if !bytes.Equal(a.ID, k.ID) {
		return Used{}, refused("another key answered")
	}
	if err := p.client(a.Response.ClientData, "webauthn.get", challenge); err != nil {
		return Used{}, err
	}
	d, err := p.authenticator(a.Response.AuthenticatorData)
	if err != nil {
		return Used{}, err
	}
	hash := sha256.Sum256(a.Response.ClientData)
	if err := signed(k.Public, append(slices.Clone([]byte(a.Response.AuthenticatorData)), hash[:]...), a.Response.Signature); err != nil {
		return Used{}, err
	}
	// A counter that stands still or goes back means that somebody has a copy of the key. (WebAuthn §7.2 step 22)
	if (d.count != 0 || k.Count != 0) && d.count <= k.Count {
		return Used{}, refused("the counter went from %d to %d", k.Count, d.count)
	}
	return Used{Count: d.count, Backed: d.flags&flagBacked != 0}, nil
}

// client checks the client data: WebAuthn §5.8.1, §7.1 steps 7 to 10, §7.2 steps 11 to 14.
func (p Place) client(raw []byte, ceremony string, challenge []byte) error {
	var data struct {
		Type        string  `json:"type"`
		Challenge   bytes64 `json:"challenge"`
		Origin      string  `json:"origin"`
		CrossOrigin bool    `json:"crossOrigin"`
		Top         string  `json:"topOrigin"`
	}
	if err := json.Unmarshal(raw, &data); err != nil {
		return refused("no client data: %w", err)
	}
	switch {
	case data.Type != ceremony:
		return refused("the ceremony is another one")
	case len(challenge) < 16 || subtle.ConstantTimeCompare(data.Challenge, challenge) != 1:
		return refused("the challenge is another one")
	case !slices.Contains(p.Origins, data.Origin):
		return refused("the origin is another one")
	case data.CrossOrigin || data.Top != "":
		return refused("asked from within another site's page")
	}
	return nil
}

// The flags of authenticator data. (WebAuthn §6.1)
const (
	flagPresent  = 1 << 0
	flagVerified = 1 << 2
	flagBacked   = 1 << 4
	flagKey      = 1 << 6
)

type authenticatorData struct {
	flags      byte
	count      uint32
	id, public []byte
}

// authenticator reads and checks authenticator data: §6.1, §6.5.1.
func (p Place) authenticator(raw []byte) (authenticatorData, error) {
	var d authenticatorData
	if len(raw) < 37 {
		return d, refused("authenticator data of %d bytes", len(raw))
	}
	party := sha256.Sum256([]byte(p.Party))
	if subtle.ConstantTimeCompare(raw[:32], party[:]) != 1 {
		return d, refused("the relying party is another one")
	}
	d.flags, d.count = raw[32], binary.BigEndian.Uint32(raw[33:37])
	if d.flags&flagPresent == 0 || d.flags&flagVerified == 0 {
		return d, refused("the user was not verified")
	}
	if d.flags&flagKey == 0 {
		return d, nil
	}
	rest := raw[37:]
	if len(rest) < 18 {
		return d, refused("the key's data end early")
	}
	length := int(binary.BigEndian.Uint16(rest[16:18]))
	rest = rest[18:]
	if length == 0 || length > maxID || len(rest) < length {
		return d, refused("the key's id has %d bytes", length)
	}
	d.id = slices.Clone(rest[:length])
	var err error
	d.public, err = publicKey(rest[length:])
	return d, err
}

var errSignature = errors.New("the signature is wrong")

// signed checks a signature by a key's kind: ECDSA P-256 with SHA-256, Ed25519, RSA PKCS #1 v1.5 with SHA-256.
func signed(public, message, signature []byte) error {
	parsed, err := x509.ParsePKIXPublicKey(public)
	if err != nil {
		return ErrRefused.With(err)
	}
	hash := sha256.Sum256(message)
	right := false
	switch key := parsed.(type) {
	case *ecdsa.PublicKey:
		right = ecdsa.VerifyASN1(key, hash[:], signature)
	case ed25519.PublicKey:
		right = ed25519.Verify(key, message, signature)
	case *rsa.PublicKey:
		right = rsa.VerifyPKCS1v15(key, crypto.SHA256, hash[:], signature) == nil
	}
	if !right {
		return ErrRefused.With(errSignature)
	}
	return nil
}
