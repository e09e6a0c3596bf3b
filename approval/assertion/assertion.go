package assertion

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// Bounds of what is read.
const (
	MaxClientData        = 4 << 10
	MaxAuthenticatorData = 4 << 10
	MaxCredential        = 255      // bytes of a credential id
	maxAttestation       = 64 << 10 // some keys send a chain of certificates
)

// Party is where assertions must come from: an origin such as https://sign.example.com, and the relying party id that keys are bound to.
type Party struct {
	Origin string `json:"origin"`
	RPID   string `json:"rp"`
}

// Assertion is what a passkey answers.
type Assertion struct {
	AuthenticatorData []byte
	ClientData        []byte // clientDataJSON, byte for byte
	Signature         []byte
}

// Why an assertion does not hold.
var (
	ErrForm      = errors.New("assertion: it cannot be read")
	ErrType      = errors.New("assertion: it is of another type")
	ErrChallenge = errors.New("assertion: it answers another challenge")
	ErrOrigin    = errors.New("assertion: it was made at another origin, for another party, or in another site's frame")
	ErrPresence  = errors.New("assertion: the person was not present or not verified")
	ErrSignature = errors.New("assertion: the signature does not hold")
	ErrKey       = errors.New("assertion: the public key cannot be used")
)

const (
	typeGet    = "webauthn.get"
	typeCreate = "webauthn.create"
)

// Flags of authenticator data (WebAuthn Level 2 §6.1).
const (
	userPresent  = 0x01
	userVerified = 0x04
	backedUp     = 0x10
	attested     = 0x40
	extensions   = 0x80
)

// Verify tells whether a is this key's answer to this challenge, given to one of these parties (WebAuthn Level 2 §7.2).
func (a *Assertion) Verify(key *PublicKey, challenge [sha256.Size]byte, parties ...Party) error {
	party, err := checkClientData(a.ClientData, typeGet, challenge, parties)
	if err != nil {
		return err
	}
	data, err := parseAuthenticatorData(a.AuthenticatorData)
	if err != nil {
		return err
	}
	if err := data.check(party); err != nil {
		return err
	}
	if data.flags&attested != 0 {
		return fmt.Errorf("%w: an assertion carries no key", ErrForm)
	}
	hash := sha256.Sum256(a.ClientData)
	return key.verify(append(bytes.Clone(a.AuthenticatorData), hash[:]...), a.Signature)
}

// Device is what an authenticator tells of itself.
type Device struct {
	Count  uint32 // signatures so far, 0 where it does not count
	Backed bool   // the key is copied between its owner's devices
}

const fixedData = sha256.Size + 1 + 4 // hash, flags, counter

func deviceOf(data []byte) (d Device) {
	if len(data) >= fixedData {
		d.Count, d.Backed = binary.BigEndian.Uint32(data[sha256.Size+1:]), data[sha256.Size]&backedUp != 0
	}
	return d
}

// Device is what the authenticator told; nothing is proven by it before Verify.
func (a *Assertion) Device() Device { return deviceOf(a.AuthenticatorData) }

// clientData are the members of clientDataJSON that decide (WebAuthn Level 2 §5.8.1).
type clientData struct {
	kind, challenge, origin string
	elsewhere               bool // in another site's frame
}

func checkClientData(raw []byte, kind string, challenge [sha256.Size]byte, parties []Party) (Party, error) {
	c, err := parseClientData(raw)
	if err != nil {
		return Party{}, err
	}
	if c.kind != kind {
		return Party{}, ErrType
	}
	given, err := base64.RawURLEncoding.Strict().DecodeString(c.challenge)
	if err != nil || subtle.ConstantTimeCompare(given, challenge[:]) != 1 {
		return Party{}, ErrChallenge
	}
	for _, p := range parties {
		if p.Origin != "" && p.RPID != "" && c.origin == p.Origin && !c.elsewhere {
			return p, nil
		}
	}
	return Party{}, ErrOrigin
}

// parseClientData takes names as they are written: encoding/json would match them whatever their case, and take the last of two. Browsers may add
// members; they are passed over.
func parseClientData(raw []byte) (c clientData, err error) {
	if len(raw) > MaxClientData || !utf8.Valid(raw) {
		return c, fmt.Errorf("%w: client data of %d bytes", ErrForm, len(raw))
	}
	members, err := object(raw)
	if err != nil {
		return c, err
	}
	for name, into := range map[string]*string{"type": &c.kind, "challenge": &c.challenge, "origin": &c.origin} {
		if !isText(members[name]) || json.Unmarshal(members[name], into) != nil {
			return c, fmt.Errorf("%w: client data without %s", ErrForm, name)
		}
	}
	cross, there := members["crossOrigin"]
	_, top := members["topOrigin"]
	c.elsewhere = top || there && string(cross) != "false"
	return c, nil
}

func isText(raw []byte) bool { return len(raw) > 0 && raw[0] == '"' }

func object(raw []byte) (map[string]json.RawMessage, error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	broken := func(err error) error { return fmt.Errorf("%w: client data: %w", ErrForm, err) }
	if first, err := decoder.Token(); err != nil || first != json.Delim('{') {
		return nil, broken(errors.Join(err, errors.New("no object")))
	}
	members := map[string]json.RawMessage{}
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return nil, broken(err)
		}
		name, _ := token.(string)
		if _, twice := members[name]; twice {
			return nil, broken(errors.New("a member is there twice"))
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, broken(err)
		}
		members[name] = value
	}
	if _, err := decoder.Token(); err != nil {
		return nil, broken(err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, broken(errors.New("something follows"))
	}
	return members, nil
}

// authenticatorData is the fixed part of it (WebAuthn Level 2 §6.1), with the credential where there is one.
type authenticatorData struct {
	party      [sha256.Size]byte
	flags      byte
	credential []byte
	key        []byte // COSE
}

func (d *authenticatorData) check(p Party) error {
	if d.party != sha256.Sum256([]byte(p.RPID)) {
		return ErrOrigin
	}
	if d.flags&userPresent == 0 || d.flags&userVerified == 0 {
		return ErrPresence
	}
	return nil
}

func parseAuthenticatorData(raw []byte) (*authenticatorData, error) {
	broken := func(what string) error { return fmt.Errorf("%w: authenticator data: %s", ErrForm, what) }
	if len(raw) < fixedData || len(raw) > MaxAuthenticatorData {
		return nil, broken("its length")
	}
	d := &authenticatorData{party: [sha256.Size]byte(raw), flags: raw[sha256.Size]}
	rest := raw[fixedData:]
	if d.flags&attested != 0 {
		if len(rest) < 18 {
			return nil, broken("the credential")
		}
		n := int(binary.BigEndian.Uint16(rest[16:])) // behind the AAGUID
		rest = rest[18:]
		if n < 1 || n > MaxCredential || n > len(rest) {
			return nil, broken("the credential id")
		}
		d.credential, rest = rest[:n], rest[n:]
		after, err := skip(rest, 0)
		if err != nil {
			return nil, err
		}
		d.key, rest = rest[:len(rest)-len(after)], after
	}
	if d.flags&extensions != 0 {
		if len(rest) == 0 || rest[0]>>5 != mapType {
			return nil, broken("the extensions")
		}
		after, err := skip(rest, 0)
		if err != nil {
			return nil, err
		}
		rest = after
	}
	if len(rest) > 0 {
		return nil, broken("something follows")
	}
	return d, nil
}

// Registration is what a passkey says when it is made.
type Registration struct {
	Credential []byte
	PublicKey  []byte // COSE_Key, as ParseKey reads it
	Device
}

// Register reads the answer to navigator.credentials.create (WebAuthn Level 2 §7.1) with attestation "none" or any other, which is not looked at.
func Register(attestationObject, clientDataJSON []byte, challenge [sha256.Size]byte, parties ...Party) (*Registration, error) {
	party, err := checkClientData(clientDataJSON, typeCreate, challenge, parties)
	if err != nil {
		return nil, err
	}
	if len(attestationObject) > maxAttestation {
		return nil, fmt.Errorf("%w: an attestation of %d bytes", ErrForm, len(attestationObject))
	}
	raw, err := authDataOf(attestationObject)
	if err != nil {
		return nil, err
	}
	data, err := parseAuthenticatorData(raw)
	if err != nil {
		return nil, err
	}
	if err := data.check(party); err != nil {
		return nil, err
	}
	if data.credential == nil {
		return nil, fmt.Errorf("%w: no key was made", ErrForm)
	}
	if _, err := ParseKey(data.key); err != nil {
		return nil, err
	}
	return &Registration{Credential: bytes.Clone(data.credential), PublicKey: bytes.Clone(data.key), Device: deviceOf(raw)}, nil
}
