// Package key is a passkey in software, and a practice's chain to use it on, for tests and for the drill: it signs sheets byte for byte as a
// browser and an authenticator would, and, where a test asks for it, as they never would.
package key

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"

	"letterhead/approval"
	"letterhead/approval/assertion"
)

// Flags of authenticator data.
const (
	Present  = 0x01
	Verified = 0x04
	attested = 0x40
)

// Desk is where keys sign when a test says nothing else.
var Desk = assertion.Party{Origin: "https://sign.letterhead.test:8443", RPID: "sign.letterhead.test"}

// Key is a passkey. Its fields say what it tells of itself; New sets them as a real one would, and tests of refusals change them.
type Key struct {
	Credential []byte
	COSE       []byte
	Party      assertion.Party
	Flags      byte
	Cross      any    // crossOrigin, left out when nil
	Type       string // "webauthn.get" when empty
	Count      uint32

	private crypto.Signer
}

// New makes a key of the kind that nearly all passkeys are (ES256), at a party.
func New(party assertion.Party) *Key {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err) // the machine has no random numbers
	}
	point, err := private.PublicKey.Bytes()
	if err != nil {
		panic(err) // a point that was just made
	}
	cose := append([]byte{0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32}, point[1:33]...)
	return made(party, private, append(append(cose, 0x22, 0x58, 32), point[33:]...))
}

// NewEdDSA makes a key of the other kind.
func NewEdDSA(party assertion.Party) *Key {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err) // the machine has no random numbers
	}
	return made(party, private, append([]byte{0xa4, 1, 1, 3, 0x27, 0x20, 6, 0x21, 0x58, 32}, public...))
}

func made(party assertion.Party, private crypto.Signer, cose []byte) *Key {
	k := &Key{Credential: make([]byte, 32), COSE: cose, Party: party, Flags: Present | Verified, Cross: false, private: private}
	_, _ = rand.Read(k.Credential) // never fails (crypto/rand)
	return k
}

// Subject is the subject of the key's statement.
func (k *Key) Subject() string { return approval.KeySubject(k.Credential) }

// Sign touches the key for a challenge.
func (k *Key) Sign(challenge [sha256.Size]byte) approval.Signature {
	a := k.Get(challenge[:])
	return approval.Signature{Type: approval.TypeKey, Key: k.Subject(), AuthenticatorData: a.AuthenticatorData, ClientData: a.ClientData, Signature: a.Signature}
}

// Get answers navigator.credentials.get.
func (k *Key) Get(challenge []byte) assertion.Assertion {
	data, client := k.authenticatorData(), k.clientData("webauthn.get", challenge)
	hash := sha256.Sum256(client)
	return assertion.Assertion{AuthenticatorData: data, ClientData: client, Signature: k.sign(append(append([]byte(nil), data...), hash[:]...))}
}

// Create answers navigator.credentials.create, with attestation "none".
func (k *Key) Create(challenge []byte) (attestationObject, clientData []byte) {
	data := k.authenticatorData()
	data[32] |= attested
	data = append(data, make([]byte, 16)...) // AAGUID
	data = binary.BigEndian.AppendUint16(data, uint16(len(k.Credential)))
	data = append(append(data, k.Credential...), k.COSE...)
	object := append([]byte{0xa3, 0x63}, "fmt"...)
	object = append(append(object, 0x64), "none"...)
	object = append(append(object, 0x67), "attStmt"...)
	object = append(append(object, 0xa0, 0x68), "authData"...)
	if len(data) < 256 {
		object = append(object, 0x58, byte(len(data)))
	} else {
		object = binary.BigEndian.AppendUint16(append(object, 0x59), uint16(len(data)))
	}
	return append(object, data...), k.clientData("webauthn.create", challenge)
}

func (k *Key) authenticatorData() []byte {
	party := sha256.Sum256([]byte(k.Party.RPID))
	return binary.BigEndian.AppendUint32(append(party[:], k.Flags), k.Count)
}

func (k *Key) clientData(kind string, challenge []byte) []byte {
	if k.Type != "" {
		kind = k.Type
	}
	members := map[string]any{"type": kind, "challenge": base64.RawURLEncoding.EncodeToString(challenge), "origin": k.Party.Origin}
	if k.Cross != nil {
		members["crossOrigin"] = k.Cross
	}
	raw, err := json.Marshal(members)
	if err != nil {
		panic(err) // texts and what a test put into Cross
	}
	return raw
}

func (k *Key) sign(message []byte) []byte {
	var signature []byte
	var err error
	if _, is := k.private.(ed25519.PrivateKey); is {
		signature, err = k.private.Sign(rand.Reader, message, crypto.Hash(0))
	} else {
		digest := sha256.Sum256(message)
		signature, err = k.private.Sign(rand.Reader, digest[:], crypto.SHA256)
	}
	if err != nil {
		panic(err) // a key that was just made
	}
	return signature
}

// Save writes a key down, and Load reads it: for keys that outlive a process. Only ES256 keys at a party.
func (k *Key) Save() []byte {
	private, ok := k.private.(*ecdsa.PrivateKey)
	if !ok {
		panic("key: only ES256 keys are saved")
	}
	raw, err := private.Bytes()
	if err != nil {
		panic(err) // a key that was just made
	}
	text, err := json.Marshal(saved{Credential: k.Credential, COSE: k.COSE, Party: k.Party, Private: raw})
	if err != nil {
		panic(err) // bytes and texts alone
	}
	return text
}

// Load reads what Save wrote.
func Load(text []byte) (*Key, error) {
	var s saved
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, err
	}
	private, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), s.Private)
	if err != nil {
		return nil, err
	}
	k := made(s.Party, private, s.COSE)
	k.Credential = s.Credential
	return k, nil
}

type saved struct {
	Credential, COSE, Private []byte
	Party                     assertion.Party
}
