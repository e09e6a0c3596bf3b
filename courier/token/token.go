// Package token names a message to the outside: in the return path of a mail (VERP), in its unsubscribe link, and in the links by which its recipient
// says that they come, or asks to cancel. Each name carries an HMAC, so that nobody can report a bounce, end a subscription or answer for a message that they
// never had.
package token

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/base64"
	"strings"

	"github.com/google/uuid"
	"letterhead/message"
	"letterhead/store"
)

// Tokens makes and checks them.
type Tokens struct{ bounce, leave, answer []byte }

// Use names the tokens' key: vault.Keeper.Derive(Use).
const Use = "courier tokens"

// New takes 32 bytes that stay the same for the life of the installation: what vault derives for Use.
func New(key []byte) Tokens {
	derive := func(use string) []byte {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(use))
		return mac.Sum(nil)
	}
	return Tokens{bounce: derive("return path"), leave: derive("unsubscribe"), answer: derive("answer")}
}

var lower32 = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

const (
	bouncePrefix = "b-"
	macBytes     = 16 // of HMAC-SHA256: 128 bits
)

// packed is an id in 17 bytes where it is a UUID, else as it is; the first byte says which.
func packed(dst []byte, id string) []byte {
	if parsed, err := uuid.Parse(id); err == nil && parsed.String() == id {
		return append(append(dst, 'u'), parsed[:]...)
	}
	return append(append(dst, 's', byte(len(id))), id...)
}

func unpacked(raw []byte) (id string, rest []byte, ok bool) {
	switch {
	case len(raw) >= 17 && raw[0] == 'u':
		return uuid.UUID(raw[1:17]).String(), raw[17:], true
	case len(raw) >= 2 && raw[0] == 's' && len(raw) >= 2+int(raw[1]):
		return string(raw[2 : 2+int(raw[1])]), raw[2+int(raw[1]):], true
	}
	return "", nil, false
}

func seal(key []byte, length int, parts ...string) []byte {
	mac := hmac.New(sha256.New, key)
	for _, p := range parts {
		mac.Write([]byte{byte(len(p))})
		mac.Write([]byte(p))
	}
	return mac.Sum(nil)[:length]
}

// ReturnPath is the envelope sender of a message: b-TOKEN@DOMAIN. The domain tells the practice (RFC 5321 §4.5.3.1.1: 64 characters at most).
func (t Tokens) ReturnPath(practice store.PracticeID, id message.ID, domain string) string {
	raw := packed(make([]byte, 0, 40), string(id))
	raw = append(raw, seal(t.bounce, macBytes, string(practice), string(id))...)
	return bouncePrefix + lower32.EncodeToString(raw) + "@" + domain
}

// Bounced returns the message that the local part of a return path names, if it is one of the practice's.
func (t Tokens) Bounced(practice store.PracticeID, local string) (message.ID, bool) {
	token, ok := strings.CutPrefix(strings.ToLower(local), bouncePrefix) // some relays change the case
	if !ok || len(token) > 128 {
		return "", false
	}
	raw, err := lower32.DecodeString(token)
	if err != nil {
		return "", false
	}
	id, mac, ok := unpacked(raw)
	if !ok || subtle.ConstantTimeCompare(mac, seal(t.bounce, macBytes, string(practice), id)) != 1 {
		return "", false
	}
	return message.ID(id), true
}

// Unsubscribe is the token of a message's unsubscribe link.
func (t Tokens) Unsubscribe(practice store.PracticeID, id message.ID) string {
	raw := packed(packed(make([]byte, 0, 64), string(practice)), string(id))
	raw = append(raw, seal(t.leave, macBytes, string(practice), string(id))...)
	return base64.RawURLEncoding.EncodeToString(raw)
}

// Unsubscribed returns the message that an unsubscribe link belongs to.
func (t Tokens) Unsubscribed(token string) (store.PracticeID, message.ID, bool) {
	if len(token) > 256 {
		return "", "", false
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil {
		return "", "", false
	}
	practice, rest, ok := unpacked(raw)
	if !ok {
		return "", "", false
	}
	id, mac, ok := unpacked(rest)
	if !ok || subtle.ConstantTimeCompare(mac, seal(t.leave, macBytes, practice, id)) != 1 {
		return "", "", false
	}
	return store.PracticeID(practice), message.ID(id), true
}
