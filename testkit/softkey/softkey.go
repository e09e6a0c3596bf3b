// Package softkey is a passkey made of software, for tests that stand where a browser would: it answers the options of
// navigator.credentials.create and get as a well-behaved authenticator does, and can be made to misbehave.
package softkey

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"testing"
)

// Key is one passkey. The fields that are exported may be changed between two answers.
type Key struct {
	Origin     string
	Party      string // "" is what the options say
	Unverified bool   // the user only touched it
	Absent     bool   // not even that
	Framed     bool   // asked from within another site's page
	Type       string // of the ceremony; "" is the right one
	Challenge  string // "" is the options'
	Counter    uint32 // signatures so far; counts only when it does not begin at 0
	private    *ecdsa.PrivateKey
	id, user   []byte
}

// New makes a key that will be used at an origin.
func New(t testing.TB, origin string) *Key {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	k := &Key{Origin: origin, private: private, id: make([]byte, 16)}
	_, _ = rand.Read(k.id)
	return k
}

var encode = base64.RawURLEncoding.EncodeToString

type options struct {
	Challenge string `json:"challenge"`
	Party     string `json:"rpId"`
	RP        struct {
		ID string `json:"id"`
	} `json:"rp"`
	User struct {
		ID string `json:"id"`
	} `json:"user"`
}

// Create answers navigator.credentials.create.
func (k *Key) Create(t testing.TB, text string) []byte {
	t.Helper()
	o := read(t, text)
	var err error
	if k.user, err = base64.RawURLEncoding.DecodeString(o.User.ID); err != nil {
		t.Fatal(err)
	}
	data := append(k.data(o.RP.ID, 1<<6), make([]byte, 16)...)
	data = binary.BigEndian.AppendUint16(data, uint16(len(k.id)))
	data = append(append(data, k.id...), k.cose(t)...)
	// {"fmt": "none", "attStmt": {}, "authData": bytes}
	object := append([]byte{0xa3, 0x63}, "fmt"...)
	object = append(append(object, 0x64), "none"...)
	object = append(append(append(object, 0x67), "attStmt"...), 0xa0)
	object = append(append(object, 0x68), "authData"...)
	object = append(binary.BigEndian.AppendUint16(append(object, 0x59), uint16(len(data))), data...)
	return k.answer(t, map[string]string{"clientDataJSON": encode(k.client(t, "webauthn.create", o.Challenge)), "attestationObject": encode(object)})
}

// Get answers navigator.credentials.get.
func (k *Key) Get(t testing.TB, text string) []byte {
	t.Helper()
	o := read(t, text)
	if k.Counter > 0 {
		k.Counter++
	}
	data, client := k.data(o.Party, 0), k.client(t, "webauthn.get", o.Challenge)
	hash := sha256.Sum256(client)
	sum := sha256.Sum256(append(append([]byte{}, data...), hash[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, k.private, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return k.answer(t, map[string]string{"clientDataJSON": encode(client), "authenticatorData": encode(data), "signature": encode(signature), "userHandle": encode(k.user)})
}

func read(t testing.TB, text string) options {
	t.Helper()
	var o options
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		t.Fatalf("options %q: %v", text, err)
	}
	return o
}

func (k *Key) data(party string, flags byte) []byte {
	if k.Party != "" {
		party = k.Party
	}
	if !k.Absent {
		flags |= 1
	}
	if !k.Unverified {
		flags |= 1 << 2
	}
	hash := sha256.Sum256([]byte(party))
	return binary.BigEndian.AppendUint32(append(hash[:], flags), k.Counter)
}

func (k *Key) client(t testing.TB, ceremony, challenge string) []byte {
	t.Helper()
	if k.Type != "" {
		ceremony = k.Type
	}
	if k.Challenge != "" {
		challenge = k.Challenge
	}
	raw, err := json.Marshal(map[string]any{"type": ceremony, "challenge": challenge, "origin": k.Origin, "crossOrigin": k.Framed})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// cose writes the public key as COSE: {1: 2, 3: -7, -1: 1, -2: x, -3: y}.
func (k *Key) cose(t testing.TB) []byte {
	t.Helper()
	point, err := k.private.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	out := append([]byte{0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20}, point[1:33]...)
	return append(append(out, 0x22, 0x58, 0x20), point[33:65]...)
}

func (k *Key) answer(t testing.TB, response map[string]string) []byte {
	t.Helper()
	raw, err := json.Marshal(map[string]any{"id": encode(k.id), "rawId": encode(k.id), "type": "public-key", "response": response})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
