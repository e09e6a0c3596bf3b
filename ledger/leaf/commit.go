package leaf

import (
	"crypto/rand"
	"crypto/sha256"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Salt makes a message's commitments say nothing to whoever does not have it. It is sealed with the message.
type Salt [32]byte

// NewSalt returns a random salt.
func NewSalt() (s Salt) {
	_, _ = rand.Read(s[:]) // never fails (crypto/rand)
	return s
}

// Recipient commits to where a message goes: channel and address, as it is handed to the relay or gateway.
func (s Salt) Recipient(channel Channel, address string) Hash {
	return s.commit("recipient", string([]byte{byte(channel)}), address)
}

// Text commits to a message as it is handed off, by its SHA-256.
func (s Salt) Text(sum Hash) Hash { return s.commit("text", "", string(sum[:])) }

// Words commits to a message's visible words.
func (s Salt) Words(sum Hash) Hash { return s.commit("words", "", string(sum[:])) }

// commit is HMAC-SHA-256 (RFC 2104) written out: with crypto/hmac its allocations take thrice the time of its hashes, for every message.
func (s Salt) commit(what, more, text string) Hash {
	var inner [512]byte
	var outer [sha256.BlockSize + sha256.Size]byte
	for i := range sha256.BlockSize {
		inner[i], outer[i] = 0x36, 0x5c
		if i < len(s) {
			inner[i], outer[i] = s[i]^0x36, s[i]^0x5c
		}
	}
	said := append(inner[:sha256.BlockSize], "letterhead "...)
	said = append(append(said, what...), " v1\n"...)
	sum := sha256.Sum256(append(append(said, more...), text...))
	copy(outer[sha256.BlockSize:], sum[:])
	return sha256.Sum256(outer[:])
}

// Links is the hash of the hosts that a message's links lead to, whatever their order.
func Links(hosts []string) Hash {
	sorted := slices.Compact(slices.Sorted(slices.Values(hosts)))
	return sha256.Sum256([]byte("letterhead links v1\n" + strings.Join(sorted, "\n")))
}

// Stop is the hash of the words that say what a stop holds, and over which its lift is signed.
func Stop(words string) Hash { return sha256.Sum256([]byte("letterhead stop v1\n" + words)) }

// WordsOf is the hash of a text's letters and digits, in lower case, without anything between them: what stays the same when somebody copies a message
// out of a mail program.
func WordsOf(text []byte) Hash {
	var room [4 << 10]byte
	words := room[:0]
	for at := 0; at < len(text); {
		if c := text[at]; c < utf8.RuneSelf {
			at++
			if low := c | 0x20; 'a' <= low && low <= 'z' {
				words = append(words, low)
			} else if '0' <= c && c <= '9' {
				words = append(words, c)
			}
			continue
		}
		r, size := utf8.DecodeRune(text[at:])
		at += size
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			words = utf8.AppendRune(words, unicode.ToLower(r))
		}
	}
	return sha256.Sum256(words)
}
