package secret

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // RFC 6238 with SHA-1 is what every authenticator app does; HMAC does not need collision resistance
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// Codes of RFC 6238: six digits, every 30 seconds. One step before and after the present one count as well (clocks differ).
const (
	codeEvery = 30
	codeDigit = 1_000_000
	skew      = 1
)

var plain32 = base32.StdEncoding.WithPadding(base32.NoPadding)

// NewCodeSecret returns a new secret of 160 bits (RFC 4226 §4).
func NewCodeSecret() []byte {
	bits := make([]byte, 20)
	_, _ = rand.Read(bits)
	return bits
}

// CodeText writes a secret as authenticator apps take it when it is typed: groups of four.
func CodeText(secret []byte) string {
	text := plain32.EncodeToString(secret)
	var groups []string
	for ; len(text) > 4; text = text[4:] {
		groups = append(groups, text[:4])
	}
	return strings.Join(append(groups, text), " ")
}

// CodeAddress is the otpauth address of a secret.
func CodeAddress(secret []byte, issuer, account string) string {
	label := url.PathEscape(issuer) + ":" + url.PathEscape(account)
	return "otpauth://totp/" + label + "?secret=" + plain32.EncodeToString(secret) + "&issuer=" + url.QueryEscape(issuer) + "&algorithm=SHA1&digits=6&period=30"
}

// Code is the code of an instant.
func Code(secret []byte, at time.Time) string { return codeOf(secret, at.Unix()/codeEvery) }

// codeOf is RFC 4226 §5.3.
func codeOf(secret []byte, step int64) string {
	mac := hmac.New(sha1.New, secret)
	_ = binary.Write(mac, binary.BigEndian, step)
	sum := mac.Sum(nil)
	at := sum[len(sum)-1] & 0xf
	return fmt.Sprintf("%06d", (binary.BigEndian.Uint32(sum[at:])&0x7fffffff)%codeDigit)
}

// CheckCode reports whether a code is right now, and its step. A step that is not after last was used before and is refused (RFC 6238 §5.2;
// ASVS 6.5.1).
func CheckCode(secret []byte, code string, now time.Time, last int64) (step int64, ok bool) {
	code = digits(code)
	current := now.Unix() / codeEvery
	for s := current - skew; s <= current+skew; s++ {
		if subtle.ConstantTimeCompare([]byte(codeOf(secret, s)), []byte(code)) == 1 && s > last {
			step, ok = s, true
		}
	}
	return step, ok
}

func digits(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		if r == ' ' || r == '-' {
			return -1
		}
		return 'x'
	}, text)
}

// Recoveries is how many recovery codes somebody gets.
const Recoveries = 10

// letters of recovery codes: none that look like another.
const recoveryLetters = "ABCDEFGHJKMNPQRSTVWXYZ23456789AB"

// NewRecoveries returns new recovery codes: 60 random bits each, written XXXX-XXXX-XXXX. ASVS 6.5.2, 6.5.3.
func NewRecoveries() []string {
	var out []string
	for range Recoveries {
		var bits [12]byte
		_, _ = rand.Read(bits[:])
		var b strings.Builder
		for i, bit := range bits {
			if i > 0 && i%4 == 0 {
				b.WriteByte('-')
			}
			b.WriteByte(recoveryLetters[bit&31])
		}
		out = append(out, b.String())
	}
	return out
}

// PlainRecovery writes a recovery code as it is hashed, however it was typed.
func PlainRecovery(code string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, strings.ToUpper(code))
}
