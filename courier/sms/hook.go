package sms

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// SignatureHeader carries "t=<unix seconds>,v1=<hex>", the HMAC-SHA256 of "<t>.<body>".
const SignatureHeader = "Letterhead-Signature"

const (
	// HookTolerance is how far a hook's time may be from ours, either way; a repeat within it is for the receiver to notice.
	HookTolerance = 5 * time.Minute
	// MaxHook bounds a hook's body, in bytes.
	MaxHook = 64 << 10
	// minSecret bytes are needed for a secret to be one.
	minSecret = 16
)

// ErrHook says that a hook is not from the gateway, or too old. Nothing of it may be believed.
var ErrHook = errors.New("sms: the hook's signature is missing, wrong or too old")

// SignHook is the value of SignatureHeader for a body at a time.
func SignHook(secret, body []byte, now time.Time) string {
	stamp := strconv.FormatInt(now.Unix(), 10)
	return "t=" + stamp + ",v1=" + hex.EncodeToString(mac(secret, stamp, body))
}

func mac(secret []byte, stamp string, body []byte) []byte {
	sum := hmac.New(sha256.New, secret)
	sum.Write([]byte(stamp))
	sum.Write([]byte{'.'})
	sum.Write(body)
	return sum.Sum(nil)
}

// VerifyHook checks that body was signed with secret at about now. header is the value of SignatureHeader; it may name up to
// four v1, as a gateway does while a secret is being changed. The comparison takes constant time.
func VerifyHook(secret []byte, header string, body []byte, now time.Time) error {
	if len(secret) < minSecret {
		return fmt.Errorf("sms: the hook secret has fewer than %d bytes", minSecret)
	}
	if len(body) > MaxHook || len(header) > 1024 {
		return ErrHook
	}
	stamp, given := "", make([][]byte, 0, 4)
	for part := range strings.SplitSeq(header, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "t":
			if stamp != "" {
				return ErrHook
			}
			stamp = value
		case "v1":
			sum, err := hex.DecodeString(value)
			if err != nil || len(given) == cap(given) {
				return ErrHook
			}
			given = append(given, sum)
		}
	}
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || seconds < 0 || seconds > 1<<40 {
		return ErrHook
	}
	if age := now.Sub(time.Unix(seconds, 0)); age > HookTolerance || age < -HookTolerance {
		return ErrHook
	}
	want := mac(secret, stamp, body)
	good := false
	for _, sum := range given {
		good = hmac.Equal(want, sum) || good
	}
	if !good {
		return ErrHook
	}
	return nil
}

// Status is what became of a message at the carrier.
type Status string

// The states a receipt may report.
const (
	Delivered   Status = "delivered"
	Undelivered Status = "undelivered" // for good
	Delayed     Status = "delayed"
)

// Receipt reports on a message that the gateway took.
type Receipt struct {
	Event    string // the hook's own id: the same again is a repeat
	Provider string // the gateway's id of the message
	Message  string // our id, if the gateway gives it back
	Status   Status
	Code     string // the gateway's or carrier's reason, "" if none
	At       time.Time
}

// Reply is a text that somebody sent to us.
type Reply struct {
	Event    string
	Provider string // the gateway's id of the message it answers, "" if unknown
	From, To string // E.164 or sender id
	Text     string
	At       time.Time
}

// Hook is either a receipt or a reply.
type Hook struct {
	Receipt *Receipt
	Reply   *Reply
}

// ParseHook reads a body that VerifyHook has let pass:
//
//	{"event": "…", "type": "receipt", "id": "<gateway's id>", "message": "<our id>", "status": "delivered", "code": "…", "at": "<RFC 3339>"}
//	{"event": "…", "type": "reply", "id": "<gateway's id>", "from": "+61…", "to": "…", "text": "…", "at": "<RFC 3339>"}
//
// Fields it does not know are ignored. Errors name the field, never its value.
func ParseHook(body []byte) (Hook, error) {
	if len(body) > MaxHook {
		return Hook{}, fmt.Errorf("sms: the hook has more than %d bytes", MaxHook)
	}
	var given struct {
		Event, Type, ID, Message, Status, Code, From, To, Text, At string
	}
	if json.Unmarshal(body, &given) != nil {
		return Hook{}, errors.New("sms: the hook is not a JSON object of texts")
	}
	at, err := time.Parse(time.RFC3339, given.At)
	switch {
	case err != nil:
		return Hook{}, errors.New("sms: the hook's at is not a time in RFC 3339 form")
	case !plainID(given.Event):
		return Hook{}, errors.New("sms: the hook's event is not 1 to 128 plain characters")
	case given.ID != "" && !plainID(given.ID), given.Message != "" && !plainID(given.Message):
		return Hook{}, errors.New("sms: the hook's id or message is not 1 to 128 plain characters")
	}
	switch given.Type {
	case "receipt":
		status := Status(given.Status)
		switch {
		case given.ID == "":
			return Hook{}, errors.New("sms: the receipt has no id")
		case status != Delivered && status != Undelivered && status != Delayed:
			return Hook{}, errors.New("sms: the receipt's status is not delivered, undelivered or delayed")
		case given.Code != "" && !plainID(given.Code):
			return Hook{}, errors.New("sms: the receipt's code is not 1 to 128 plain characters")
		}
		return Hook{Receipt: &Receipt{given.Event, given.ID, given.Message, status, given.Code, at.UTC()}}, nil
	case "reply":
		switch {
		case !isNumber(given.From):
			return Hook{}, errors.New("sms: the reply's from is not a number in E.164 form")
		case !isNumber(given.To) && !isSenderID(given.To):
			return Hook{}, errors.New("sms: the reply's to is neither a number nor a sender id")
		case utf8.RuneCountInString(given.Text) > maxText:
			return Hook{}, fmt.Errorf("sms: the reply's text has more than %d characters", maxText)
		}
		return Hook{Reply: &Reply{given.Event, given.ID, given.From, given.To, given.Text, at.UTC()}}, nil
	}
	return Hook{}, errors.New("sms: the hook's type is neither receipt nor reply")
}
