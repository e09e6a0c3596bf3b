package passkey_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"testing"

	"letterhead/fault"
	"letterhead/guard/passkey"
	"letterhead/testkit/softkey"
)

const origin = "https://letterhead.example"

var place = passkey.Place{Origins: []string{origin}, Party: "letterhead.example"}

func options(challenge []byte) string {
	encode := base64.RawURLEncoding.EncodeToString
	raw, _ := json.Marshal(map[string]any{"challenge": encode(challenge), "rpId": place.Party, "rp": map[string]string{"id": place.Party}, "user": map[string]string{"id": encode([]byte("person"))}})
	return string(raw)
}

func registered(t *testing.T) (*softkey.Key, passkey.Key) {
	t.Helper()
	soft, challenge := softkey.New(t, origin), passkey.Challenge()
	key, err := passkey.Register(place, challenge, soft.Create(t, options(challenge)))
	if err != nil {
		t.Fatal(err)
	}
	return soft, key
}

func TestAKeyIsRegisteredAndSignsIn(t *testing.T) {
	t.Parallel()
	soft, key := registered(t)
	challenge := passkey.Challenge()
	answer := soft.Get(t, options(challenge))
	if _, err := passkey.Verify(place, challenge, key, answer); err != nil {
		t.Fatal(err)
	}
	id, user, err := passkey.Credential(answer)
	if err != nil || !bytes.Equal(id, key.ID) || string(user) != "person" {
		t.Errorf("%x %q %v", id, user, err)
	}
}

// What an attacker or a wrong authenticator could bring: each one thing that is not right, in both ceremonies.
func TestWhatIsNotRightIsRefused(t *testing.T) {
	t.Parallel()
	other := base64.RawURLEncoding.EncodeToString(passkey.Challenge())
	for name, spoil := range map[string]func(*softkey.Key){
		"another origin":         func(k *softkey.Key) { k.Origin = "https://letterhead.example.evil.example" },
		"http":                   func(k *softkey.Key) { k.Origin = "http://letterhead.example" },
		"another relying party":  func(k *softkey.Key) { k.Party = "evil.example" },
		"another challenge":      func(k *softkey.Key) { k.Challenge = other },
		"an empty challenge":     func(k *softkey.Key) { k.Challenge = "AA" },
		"not verified":           func(k *softkey.Key) { k.Unverified = true },
		"not present":            func(k *softkey.Key) { k.Absent = true },
		"in a frame":             func(k *softkey.Key) { k.Framed = true },
		"a payment's ceremony":   func(k *softkey.Key) { k.Type = "payment.get" },
		"the ceremonies swapped": func(k *softkey.Key) { k.Type = "webauthn.other" },
	} {
		soft, key := registered(t)
		spoil(soft)
		challenge := passkey.Challenge()
		if _, err := passkey.Verify(place, challenge, key, soft.Get(t, options(challenge))); !errors.Is(err, passkey.ErrRefused) {
			t.Errorf("signing in with %s: %v", name, err)
		}
		if _, err := passkey.Register(place, challenge, soft.Create(t, options(challenge))); !errors.Is(err, passkey.ErrRefused) {
			t.Errorf("registering with %s: %v", name, err)
		}
	}
	soft, key := registered(t)
	stranger, _ := registered(t)
	challenge := passkey.Challenge()
	if _, err := passkey.Verify(place, challenge, key, stranger.Get(t, options(challenge))); fault.KindOf(err) != fault.Denied {
		t.Errorf("another key: %v", err)
	}
	if _, err := passkey.Verify(place, challenge, key, soft.Create(t, options(challenge))); fault.KindOf(err) != fault.Denied {
		t.Errorf("a registration as a sign-in: %v", err)
	}
	if _, err := passkey.Verify(place, nil, key, soft.Get(t, options(nil))); fault.KindOf(err) != fault.Denied {
		t.Errorf("without a challenge: %v", err)
	}
	// Every bit of what is signed matters.
	var parts map[string]any
	good := soft.Get(t, options(challenge))
	if err := json.Unmarshal(good, &parts); err != nil {
		t.Fatal(err)
	}
	response := parts["response"].(map[string]any)
	raw, err := base64.RawURLEncoding.DecodeString(response["authenticatorData"].(string))
	if err != nil {
		t.Fatal(err)
	}
	for i := range raw {
		raw[i] ^= 0x40
		response["authenticatorData"] = base64.RawURLEncoding.EncodeToString(raw)
		changed, _ := json.Marshal(parts)
		if _, err := passkey.Verify(place, challenge, key, changed); err == nil {
			t.Errorf("byte %d of the authenticator's data can be changed", i)
		}
		raw[i] ^= 0x40
	}
}

func TestACounterThatGoesBackIsACopy(t *testing.T) {
	t.Parallel()
	soft, key := registered(t)
	soft.Counter, key.Count = 7, 7
	challenge := passkey.Challenge()
	used, err := passkey.Verify(place, challenge, key, soft.Get(t, options(challenge)))
	if err != nil || used.Count != 8 {
		t.Fatalf("%+v %v", used, err)
	}
	for _, kept := range []uint32{9, 100} { // the copy is at 9 next
		key.Count = kept
		soft.Counter = 8
		if _, err := passkey.Verify(place, challenge, key, soft.Get(t, options(challenge))); !errors.Is(err, passkey.ErrRefused) {
			t.Errorf("kept %d: %v", kept, err)
		}
	}
}

// Whatever a browser sends, reading it ends, and nothing that was not signed is accepted.
func FuzzAnswers(f *testing.F) {
	soft := softkey.New(f, origin)
	challenge := make([]byte, 32)
	f.Add(soft.Create(f, options(challenge)))
	f.Add(soft.Get(f, options(challenge)))
	f.Add([]byte(`{"id":"AA","type":"public-key","response":{"clientDataJSON":"e30","attestationObject":"oA"}}`))
	f.Add([]byte(`{"id":"AA","type":"public-key","response":{"attestationObject":"_____w"}}`))
	stranger := softkey.New(f, origin)
	other := bytes.Repeat([]byte{9}, 32)
	key, err := passkey.Register(place, other, stranger.Create(f, options(other)))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if _, err := passkey.Verify(place, challenge, key, raw); err == nil {
			t.Error("accepted without a signature")
		}
		if made, err := passkey.Register(place, challenge, raw); err == nil && (len(made.ID) == 0 || len(made.Public) == 0) {
			t.Errorf("%+v", made)
		}
	})
}

// CBOR alone, where its bytes come from outside unsigned.
func FuzzAttestation(f *testing.F) {
	for _, seed := range []string{"\xa0", "\xa1\x61a\x01", "\xbf\xff", "\x9f", "\xa1\x61a\x5b\xff\xff\xff\xff\xff\xff\xff\xff", "\x81\x81\x81\x81\x81\x81\x81\x81\x81", "\xa2\x01\x02\x01\x03", "\xfb\x00\x00"} {
		f.Add([]byte(seed))
	}
	challenge := make([]byte, 32)
	f.Fuzz(func(t *testing.T, object []byte) {
		encode := base64.RawURLEncoding.EncodeToString
		client, _ := json.Marshal(map[string]any{"type": "webauthn.create", "challenge": encode(challenge), "origin": origin})
		raw, _ := json.Marshal(map[string]any{"id": "AAAA", "type": "public-key", "response": map[string]string{"clientDataJSON": encode(client), "attestationObject": encode(object)}})
		if made, err := passkey.Register(place, challenge, raw); err == nil && len(made.Public) == 0 {
			t.Errorf("%+v", made)
		}
	})
}
