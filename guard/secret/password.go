package secret

import (
	"crypto/rand"
	"crypto/subtle"
	_ "embed"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"letterhead/fault"
)

// The cost of a password: 19 MiB, two passes. (OWASP Password Storage Cheat Sheet; ASVS 11.4.2.)
const (
	memory  = 19 * 1024 // KiB
	passes  = 2
	lanes   = 1
	saltLen = 16
	keyLen  = 32
)

// The bounds of a password. ASVS 6.2.1, 6.2.9.
const (
	Shortest = 12  // characters
	longest  = 256 // bytes: more is no password, and costs to hash
)

//go:embed common.txt
var commonest string

// CheckPassword refuses a new password that is short, among the commonest, or made of what anybody knows of its owner. ASVS 6.2.1, 6.2.4, 6.2.11.
// No mixture of characters is asked for (ASVS 6.2.5).
func CheckPassword(password string, known ...string) error {
	if utf8.RuneCountInString(password) < Shortest {
		return fault.Field("password", "guard.password_short", "a password has at least %d characters; four words that do not belong together are good", Shortest)
	}
	if len(password) > longest || !utf8.ValidString(password) {
		return fault.Field("password", "guard.password_long", "a password has at most %d bytes", longest)
	}
	low := strings.ToLower(password)
	if common(low) || monotone(low) {
		return fault.Field("password", "guard.password_common", "this password is one of the first that are tried; take another")
	}
	for _, word := range known {
		word = strings.ToLower(strings.TrimSpace(word))
		local, _, _ := strings.Cut(word, "@")
		for _, part := range []string{word, local} {
			// What is left without the known word must be as long as a short password by itself.
			if len(part) >= 4 && strings.Contains(low, part) && utf8.RuneCountInString(strings.ReplaceAll(low, part, "")) < 8 {
				return fault.Field("password", "guard.password_own", "this password is made of your name, address or practice; take another")
			}
		}
	}
	return nil
}

// plainer takes away what people do to a common word to make it look like another.
var plainer = strings.NewReplacer(" ", "", "-", "", "_", "", ".", "", "!", "", "@", "a", "0", "o", "$", "s", "3", "e")

func common(low string) bool {
	low = plainer.Replace(low)
	for line := range strings.Lines(commonest) {
		if plainer.Replace(strings.TrimSpace(line)) == low {
			return true
		}
	}
	return false
}

// monotone finds "aaaaaaaaaaaa", "123123123123", "abcdefghijkl".
func monotone(low string) bool {
	runes := []rune(low)
	for unit := 1; unit <= 4; unit++ {
		same := true
		for i := unit; i < len(runes) && same; i++ {
			same = runes[i] == runes[i-unit]
		}
		if same {
			return true
		}
	}
	up, down := true, true
	for i := 1; i < len(runes); i++ {
		up, down = up && runes[i] == runes[i-1]+1, down && runes[i] == runes[i-1]-1
	}
	return up || down
}

// Nobody's password: what an unknown address is compared with, so that the answer takes as long. Its key is nobody's either: made here without the work
// and the 19 MB that a real one takes, which a process that signs nobody in never spends.
var nobodys = phcText(make([]byte, saltLen), make([]byte, keyLen))

// HashPassword returns what is kept of a password.
func HashPassword(password string) string {
	salt := make([]byte, saltLen)
	_, _ = rand.Read(salt)
	return HashWith(password, salt)
}

// HashWith is HashPassword with a given salt, in the form of the PHC string format.
func HashWith(password string, salt []byte) string {
	return phcText(salt, argon2.IDKey([]byte(password), salt, passes, memory, lanes, keyLen))
}

func phcText(salt, key []byte) string {
	encode := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, memory, passes, lanes, encode(salt), encode(key))
}

// SamePassword compares a password with what was kept; "" is nobody's, costs the same, and is never the same. What was kept under other costs
// is read with those, within bounds.
func SamePassword(kept, password string) bool {
	exists := kept != ""
	if !exists || len(password) > longest {
		kept = nobodys
	}
	p, ok := parse(kept)
	if !ok {
		p, _ = parse(nobodys)
	}
	key := argon2.IDKey([]byte(password[:min(len(password), longest)]), p.salt, p.passes, p.memory, p.lanes, uint32(len(p.key))) //nolint:gosec // 16 to 64
	same := subtle.ConstantTimeCompare(key, p.key) == 1
	return same && exists && ok && len(password) <= longest
}

type phc struct {
	memory, passes uint32
	lanes          uint8
	salt, key      []byte
}

func parse(kept string) (phc, bool) {
	var p phc
	parts := strings.Split(kept, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return p, false
	}
	if n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &p.memory, &p.passes, &p.lanes); n != 3 || err != nil {
		return p, false
	}
	var err, err2 error
	p.salt, err = base64.RawStdEncoding.DecodeString(parts[4])
	p.key, err2 = base64.RawStdEncoding.DecodeString(parts[5])
	// A row that asks for a gigabyte is not ours.
	within := p.memory >= 8*1024 && p.memory <= 128*1024 && p.passes >= 1 && p.passes <= 8 && p.lanes >= 1 && p.lanes <= 4
	return p, err == nil && err2 == nil && within && len(p.salt) >= 8 && len(p.key) >= 16 && len(p.key) <= 64
}
