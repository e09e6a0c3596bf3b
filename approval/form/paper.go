package form

import (
	"bytes"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"strings"
)

var letters = base32.StdEncoding.WithPadding(base32.NoPadding)

// Groups writes bytes in base32 in groups of four, as people compare and copy them.
func Groups(raw []byte) string {
	text := letters.EncodeToString(raw)
	var b strings.Builder
	for i := 0; i < len(text); i += 4 {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(text[i:min(i+4, len(text))])
	}
	return b.String()
}

const checksumSize = 3

func checksum(seed []byte) []byte {
	sum := sha256.Sum256(append([]byte("letterhead recovery sheet v1\n"), seed...))
	return sum[:checksumSize]
}

// Paper writes a seed with a checksum in groups, for paper.
func Paper(seed []byte) string {
	return Groups(append(bytes.Clone(seed), checksum(seed)...))
}

// ParsePaper reads what somebody typed from paper: case, spaces and hyphens do not matter, 0, 1 and 8 are read as O, I and B.
func ParsePaper(text string) ([]byte, error) {
	wrong := errors.New("form: this is not what Paper writes")
	if len(text) > 200 {
		return nil, wrong
	}
	text = strings.NewReplacer(" ", "", "-", "", "\n", "", "\r", "", "\t", "", "0", "O", "1", "I", "8", "B").Replace(strings.ToUpper(text))
	raw, err := letters.DecodeString(text)
	if err != nil || len(raw) <= checksumSize || letters.EncodeToString(raw) != text {
		return nil, wrong
	}
	seed := raw[:len(raw)-checksumSize]
	if !bytes.Equal(checksum(seed), raw[len(seed):]) {
		return nil, wrong
	}
	return seed, nil
}
