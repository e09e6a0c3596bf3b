// Package softkey is a passkey of testkit/key where a browser would stand at the sign-in: it answers the options of navigator.credentials.create
// and get in the browser's JSON, and can be made to misbehave.
package softkey

import (
	"encoding/base64"
	"encoding/json"
	"testing"

	"letterhead/approval/assertion"
	"letterhead/testkit/key"
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

	key  *key.Key
	user []byte
}

// New makes a key that will be used at an origin.
func New(t testing.TB, origin string) *Key {
	t.Helper()
	return &Key{Origin: origin, key: key.New(assertion.Party{Origin: origin})}
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
	k.user = decode(t, o.User.ID)
	object, client := k.as(o.RP.ID).Create(k.challenge(t, o))
	return k.answer(t, map[string]string{"clientDataJSON": encode(client), "attestationObject": encode(object)})
}

// Get answers navigator.credentials.get.
func (k *Key) Get(t testing.TB, text string) []byte {
	t.Helper()
	o := read(t, text)
	if k.Counter > 0 {
		k.Counter++
	}
	a := k.as(o.Party).Get(k.challenge(t, o))
	return k.answer(t, map[string]string{"clientDataJSON": encode(a.ClientData), "authenticatorData": encode(a.AuthenticatorData), "signature": encode(a.Signature), "userHandle": encode(k.user)})
}

func read(t testing.TB, text string) options {
	t.Helper()
	var o options
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		t.Fatalf("options %q: %v", text, err)
	}
	return o
}

func decode(t testing.TB, text string) []byte {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func (k *Key) challenge(t testing.TB, o options) []byte {
	t.Helper()
	if k.Challenge != "" {
		return decode(t, k.Challenge)
	}
	return decode(t, o.Challenge)
}

// as is the key in the state in which it answers now.
func (k *Key) as(party string) *key.Key {
	if k.Party != "" {
		party = k.Party
	}
	k.key.Party, k.key.Type, k.key.Count, k.key.Cross, k.key.Flags = assertion.Party{Origin: k.Origin, RPID: party}, k.Type, k.Counter, k.Framed, 0
	if !k.Absent {
		k.key.Flags |= key.Present
	}
	if !k.Unverified {
		k.key.Flags |= key.Verified
	}
	return k.key
}

func (k *Key) answer(t testing.TB, response map[string]string) []byte {
	t.Helper()
	id := encode(k.key.Credential)
	raw, err := json.Marshal(map[string]any{"id": id, "rawId": id, "type": "public-key", "response": response})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
