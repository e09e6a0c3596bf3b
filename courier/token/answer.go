package token

import (
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"time"

	"letterhead/message"
	"letterhead/store"
)

// Wish is what pressing a link says.
type Wish byte

// The wishes.
const (
	Confirm Wish = 'c' // they come
	Decline Wish = 'd' // they ask to cancel
)

// Answer is what a link of a mail answers: one wish, for one attendee, at the time of one generation of the appointment, until it begins.
type Answer struct {
	Wish       Wish
	Practice   store.PracticeID
	Message    message.ID
	Attendee   string
	Generation int64
	Until      time.Time // counted in whole seconds
}

// Sample stands where a token would, in a sample: it answers for nobody.
const Sample = "sample"

const longestAnswer = 512 // characters

// Answer is the token of a link. Nothing of it is secret but the HMAC, which covers all of it.
func (t Tokens) Answer(a Answer) string {
	raw := append(make([]byte, 0, 96), byte(a.Wish))
	raw = packed(packed(packed(raw, string(a.Practice)), string(a.Message)), a.Attendee)
	raw = binary.AppendVarint(raw, a.Generation)
	raw = binary.AppendVarint(raw, a.Until.Unix())
	raw = append(raw, seal(t.answer, macBytes, string(raw))...)
	return base64.RawURLEncoding.EncodeToString(raw)
}

// Pages are where the recipient of a message says that they come to the appointment that it is about, or asks to cancel it. "" both of a message about
// none; a sample's lead to a page that says so.
func (t Tokens) Pages(base string, m *message.Message, starts time.Time) (confirm, decline string) {
	switch {
	case m.Kind == message.Test:
		return base + Sample, base + Sample
	case m.Attendee == "" || starts.IsZero():
		return "", ""
	}
	a := Answer{Wish: Confirm, Practice: m.Practice, Message: m.ID, Attendee: m.Attendee, Generation: m.Generation, Until: starts}
	confirm = base + t.Answer(a)
	a.Wish = Decline
	return confirm, base + t.Answer(a)
}

// Answered returns what a link answers; false for one that is not ours. Whether its time has passed is for the caller to say.
func (t Tokens) Answered(token string) (a Answer, ok bool) {
	if len(token) > longestAnswer {
		return Answer{}, false
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) <= macBytes {
		return Answer{}, false
	}
	said := raw[:len(raw)-macBytes]
	if len(said) > 255 || subtle.ConstantTimeCompare(raw[len(said):], seal(t.answer, macBytes, string(said))) != 1 {
		return Answer{}, false
	}
	practice, rest, ok := unpacked(said[1:])
	if !ok {
		return Answer{}, false
	}
	id, rest, ok := unpacked(rest)
	if !ok {
		return Answer{}, false
	}
	attendee, rest, ok := unpacked(rest)
	if !ok {
		return Answer{}, false
	}
	generation, n := binary.Varint(rest)
	if n <= 0 {
		return Answer{}, false
	}
	until, m := binary.Varint(rest[n:])
	if m <= 0 || n+m != len(rest) || said[0] != byte(Confirm) && said[0] != byte(Decline) {
		return Answer{}, false
	}
	return Answer{Wish: Wish(said[0]), Practice: store.PracticeID(practice), Message: message.ID(id), Attendee: attendee, Generation: generation, Until: time.Unix(until, 0).UTC()}, true
}
