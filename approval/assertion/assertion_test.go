package assertion_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"letterhead/approval/assertion"
	"letterhead/testkit/key"
)

var challenge = sha256.Sum256([]byte("a sheet"))

func given(k *key.Key) *assertion.Assertion {
	s := k.Sign(challenge)
	return &assertion.Assertion{AuthenticatorData: s.AuthenticatorData, ClientData: s.ClientData, Signature: s.Signature}
}

func parsed(t testing.TB, cose []byte) *assertion.PublicKey {
	t.Helper()
	p, err := assertion.ParseKey(cose)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAnAssertionHolds(t *testing.T) {
	t.Parallel()
	for name, k := range map[string]*key.Key{"ES256": key.New(key.Desk), "EdDSA": key.NewEdDSA(key.Desk)} {
		if err := given(k).Verify(parsed(t, k.COSE), challenge, key.Desk); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		k.Cross, k.Count = nil, 7
		if err := given(k).Verify(parsed(t, k.COSE), challenge, assertion.Party{}, assertion.Party{Origin: "https://old.example", RPID: "old.example"}, key.Desk); err != nil {
			t.Errorf("%s, without crossOrigin: %v", name, err)
		}
	}
}

func TestAnRSAKeyHolds(t *testing.T) {
	t.Parallel()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	cose := append([]byte{0xa4, 1, 3, 3, 0x39, 1, 0, 0x20, 0x59, 1, 0}, private.N.Bytes()...)
	cose = append(cose, 0x21, 0x43, 1, 0, 1)
	k := parsed(t, cose)
	a := given(key.New(key.Desk))
	hash := sha256.Sum256(a.ClientData)
	digest := sha256.Sum256(append(bytes.Clone(a.AuthenticatorData), hash[:]...))
	if a.Signature, err = rsa.SignPKCS1v15(rand.Reader, private, crypto.SHA256, digest[:]); err != nil {
		t.Fatal(err)
	}
	if err := a.Verify(k, challenge, key.Desk); err != nil || k.Algorithm != assertion.RS256 {
		t.Error(err)
	}
	a.Signature[9] ^= 1
	if err := a.Verify(k, challenge, key.Desk); !errors.Is(err, assertion.ErrSignature) {
		t.Error(err)
	}
}

func TestWhatDoesNotHold(t *testing.T) {
	t.Parallel()
	client := func(members map[string]any) []byte {
		raw, err := json.Marshal(members)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	right := base64.RawURLEncoding.EncodeToString(challenge[:])
	good := func() map[string]any {
		return map[string]any{"type": "webauthn.get", "challenge": right, "origin": key.Desk.Origin, "crossOrigin": false}
	}
	with := func(name string, value any) []byte { m := good(); m[name] = value; return client(m) }
	without := func(name string) []byte { m := good(); delete(m, name); return client(m) }
	text := string(client(good()))
	for name, c := range map[string]struct {
		client []byte
		want   error
	}{
		"type":                    {with("type", "webauthn.create"), assertion.ErrType},
		"type in capitals":        {with("type", "WEBAUTHN.GET"), assertion.ErrType},
		"challenge":               {with("challenge", "AAAA"), assertion.ErrChallenge},
		"challenge padded":        {with("challenge", right+"="), assertion.ErrChallenge},
		"origin":                  {with("origin", "https://app.letterhead.test"), assertion.ErrOrigin},
		"origin with a slash":     {with("origin", key.Desk.Origin+"/"), assertion.ErrOrigin},
		"origin in capitals":      {with("origin", strings.ToUpper(key.Desk.Origin)), assertion.ErrOrigin},
		"origin is no text":       {with("origin", []string{key.Desk.Origin}), assertion.ErrForm},
		"empty origin":            {with("origin", ""), assertion.ErrOrigin},
		"in a frame":              {with("crossOrigin", true), assertion.ErrOrigin},
		"a frame as text":         {with("crossOrigin", "false"), assertion.ErrOrigin},
		"a frame as null":         {with("crossOrigin", nil), assertion.ErrOrigin},
		"a top origin":            {with("topOrigin", key.Desk.Origin), assertion.ErrOrigin},
		"no type":                 {without("type"), assertion.ErrForm},
		"no challenge":            {without("challenge"), assertion.ErrForm},
		"no origin":               {without("origin"), assertion.ErrForm},
		"Type for type":           {client(map[string]any{"Type": "webauthn.get", "challenge": right, "origin": key.Desk.Origin}), assertion.ErrForm},
		"a member twice":          {[]byte(text[:len(text)-1] + `,"origin":"https://evil.example"}`), assertion.ErrForm},
		"a member twice, escaped": {[]byte(text[:len(text)-1] + `,"\u006frigin":"https://evil.example"}`), assertion.ErrForm},
		"something follows":       {[]byte(text + "{}"), assertion.ErrForm},
		"no object":               {[]byte("[" + text + "]"), assertion.ErrForm},
		"nothing":                 {nil, assertion.ErrForm},
		"too long":                {with("x", strings.Repeat("x", assertion.MaxClientData)), assertion.ErrForm},
		"no UTF-8":                {[]byte("{\"x\":\"\xff\"," + text[1:]), assertion.ErrForm},
		"only the signature":      {client(good()), assertion.ErrSignature},
	} {
		k := key.New(key.Desk)
		a := given(k)
		a.ClientData = c.client
		if name == "only the signature" {
			a.Signature[len(a.Signature)-1] ^= 1
		} else if c.want == nil {
			t.Fatal(name)
		}
		if err := a.Verify(parsed(t, k.COSE), challenge, key.Desk); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	for name, c := range map[string]struct {
		change func(*key.Key)
		want   error
	}{
		"party":        {func(k *key.Key) { k.Party.RPID = "evil.example" }, assertion.ErrOrigin},
		"not verified": {func(k *key.Key) { k.Flags = key.Present }, assertion.ErrPresence},
		"not present":  {func(k *key.Key) { k.Flags = key.Verified }, assertion.ErrPresence},
		"a key in it":  {func(k *key.Key) { k.Flags |= 0x40 }, assertion.ErrForm},
		"extensions":   {func(k *key.Key) { k.Flags |= 0x80 }, assertion.ErrForm},
	} {
		k := key.New(key.Desk)
		c.change(k)
		if err := given(k).Verify(parsed(t, k.COSE), challenge, key.Desk); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	k := key.New(key.Desk)
	if err := given(k).Verify(parsed(t, key.New(key.Desk).COSE), challenge, key.Desk); !errors.Is(err, assertion.ErrSignature) {
		t.Errorf("another key: %v", err)
	}
	if err := given(k).Verify(parsed(t, k.COSE), challenge); !errors.Is(err, assertion.ErrOrigin) {
		t.Errorf("no party: %v", err)
	}
}

func TestRegister(t *testing.T) {
	t.Parallel()
	for _, k := range []*key.Key{key.New(key.Desk), key.NewEdDSA(key.Desk)} {
		object, client := k.Create(challenge[:])
		r, err := assertion.Register(object, client, challenge, key.Desk)
		if err != nil || !bytes.Equal(r.Credential, k.Credential) || !bytes.Equal(r.PublicKey, k.COSE) {
			t.Errorf("%+v %v", r, err)
		}
		for at := range object {
			if _, err := assertion.Register(object[:at], client, challenge, key.Desk); err == nil {
				t.Errorf("cut at %d", at)
			}
		}
		if _, err := assertion.Register(append(object, 0), client, challenge, key.Desk); !errors.Is(err, assertion.ErrForm) {
			t.Errorf("something follows: %v", err)
		}
		if _, err := assertion.Register(object, client, sha256.Sum256(nil), key.Desk); !errors.Is(err, assertion.ErrChallenge) {
			t.Errorf("another challenge: %v", err)
		}
		if _, err := assertion.Register(object, k.Sign(challenge).ClientData, challenge, key.Desk); !errors.Is(err, assertion.ErrType) {
			t.Errorf("an assertion: %v", err)
		}
		k.Flags = key.Present
		object, client = k.Create(challenge[:])
		if _, err := assertion.Register(object, client, challenge, key.Desk); !errors.Is(err, assertion.ErrPresence) {
			t.Errorf("not verified: %v", err)
		}
	}
}

func TestKeysThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	good, edwards := key.New(key.Desk).COSE, key.NewEdDSA(key.Desk).COSE
	changed := func(raw []byte, at int, to byte) []byte { out := bytes.Clone(raw); out[at] = to; return out }
	off := bytes.Clone(good)
	off[len(off)-1] ^= 1 // not on the curve
	for name, raw := range map[string][]byte{
		"nothing": nil, "off the curve": off, "another curve": changed(good, 6, 2), "another type": changed(good, 2, 1), "another algorithm": changed(good, 4, 0x27),
		"EdDSA with another curve": changed(edwards, 6, 7), "a member less": changed(good, 0, 0xa4), "a member more": changed(edwards, 0, 0xa5), "something follows": append(bytes.Clone(good), 0),
		"a member twice": {0xa2, 1, 2, 1, 2}, "no map": {0x81, 1}, "a long number": {0xa1, 0x18, 1, 2}, "indefinite": {0xbf, 1, 2, 0xff}, "many members": {0xb8, 200},
		"a weak RSA key": {0xa4, 1, 3, 3, 0x39, 1, 0, 0x20, 0x41, 15, 0x21, 0x41, 3},
	} {
		if _, err := assertion.ParseKey(raw); err == nil {
			t.Errorf("%s was read", name)
		}
	}
}

func FuzzKey(f *testing.F) {
	f.Add(key.New(key.Desk).COSE)
	f.Add(key.NewEdDSA(key.Desk).COSE)
	f.Add([]byte{0xa4, 1, 3, 3, 0x39, 1, 0, 0x20, 0x41, 15, 0x21, 0x43, 1, 0, 1})
	f.Add([]byte{0xbf, 0xff})
	f.Fuzz(func(t *testing.T, raw []byte) {
		k, err := assertion.ParseKey(raw)
		if err != nil {
			if !errors.Is(err, assertion.ErrKey) && !errors.Is(err, assertion.ErrForm) {
				t.Fatal(err)
			}
			return
		}
		if k.Algorithm != assertion.ES256 && k.Algorithm != assertion.EdDSA && k.Algorithm != assertion.RS256 {
			t.Fatal(k.Algorithm)
		}
		if given(key.New(key.Desk)).Verify(k, challenge, key.Desk) == nil {
			t.Fatal("a key that was not asked signed")
		}
	})
}

// No client data but what says our type, challenge and origin passes as far as the signature.
func FuzzClientData(f *testing.F) {
	k := key.New(key.Desk)
	a := given(k)
	f.Add(a.ClientData)
	f.Add([]byte(`{"type":"webauthn.get","challenge":"","origin":"","crossOrigin":false,"other_keys_can_be_added_here":1}`))
	f.Add([]byte(`{"a":{"type":"x"},"type":"webauthn.get"}`))
	public := parsed(f, k.COSE)
	f.Fuzz(func(t *testing.T, raw []byte) {
		b := *a
		b.ClientData = raw
		err := b.Verify(public, challenge, key.Desk)
		if err == nil && !bytes.Equal(raw, a.ClientData) {
			t.Fatalf("%q holds", raw)
		}
		if !errors.Is(err, assertion.ErrSignature) {
			return
		}
		var said struct {
			Type, Challenge, Origin string
		}
		if json.Unmarshal(raw, &said) != nil || !json.Valid(raw) {
			t.Fatalf("%q came as far as the signature", raw)
		}
	})
}

func FuzzAuthenticatorData(f *testing.F) {
	k := key.New(key.Desk)
	a := given(k)
	object, client := k.Create(challenge[:])
	f.Add(a.AuthenticatorData, object)
	f.Add(binary.BigEndian.AppendUint32(append(make([]byte, 32), 0xff), 1), []byte{0xa3})
	public := parsed(f, k.COSE)
	f.Fuzz(func(t *testing.T, raw, attestation []byte) {
		b := *a
		b.AuthenticatorData = raw
		if b.Verify(public, challenge, key.Desk) == nil && !bytes.Equal(raw, a.AuthenticatorData) {
			t.Fatalf("%x holds", raw)
		}
		r, err := assertion.Register(attestation, client, challenge, key.Desk)
		if err == nil && (len(r.Credential) == 0 || len(r.Credential) > assertion.MaxCredential) {
			t.Fatalf("a credential of %d bytes", len(r.Credential))
		}
	})
}
