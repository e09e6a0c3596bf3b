package wording

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"unicode/utf8"

	"github.com/gowebpki/jcs"

	"letterhead/wording/strict"
)

// Digest names a version: SHA-256 over its canonical JSON.
type Digest [sha256.Size]byte

// String is the digest in lower-case hexadecimal.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// ParseDigest reads what String wrote.
func ParseDigest(text string) (Digest, error) {
	var d Digest
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != len(d) {
		return d, refuse("digest", "wording.digest", "a digest is %d hexadecimal digits", 2*len(d))
	}
	copy(d[:], raw)
	if d.String() != text {
		return Digest{}, refuse("digest", "wording.digest", "a digest is written in lower case")
	}
	return d, nil
}

// Canonical returns the JSON of v as RFC 8785 has it. It is what people sign.
func (v *Version) Canonical() ([]byte, error) {
	plain, err := json.Marshal(v)
	if err != nil {
		return nil, broken("writing a version", err)
	}
	canonical, err := jcs.Transform(plain)
	if err != nil {
		return nil, broken("writing a version canonically", err)
	}
	if len(canonical) > maxCanonical {
		return nil, refuse("version", "wording.large", "the wording has %d kB; a wording has at most %d kB", len(canonical)>>10, maxCanonical>>10)
	}
	return canonical, nil
}

// Digest returns SHA-256 over Canonical.
func (v *Version) Digest() (Digest, error) {
	canonical, err := v.Canonical()
	if err != nil {
		return Digest{}, err
	}
	return sha256.Sum256(canonical), nil
}

// Decode reads a version strictly: known members in their own spelling, none twice, bounded in size and depth, valid UTF-8, nothing after it. It does not Validate.
func Decode(data []byte) (*Version, error) {
	if len(data) > maxCanonical {
		return nil, refuse("version", "wording.large", "the wording has %d kB; a wording has at most %d kB", len(data)>>10, maxCanonical>>10)
	}
	if !utf8.Valid(data) {
		return nil, refuse("version", "wording.utf8", "the wording is not valid UTF-8; save it as UTF-8")
	}
	if err := strict.Members(data, maxDepth); err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	v := new(Version)
	if err := decoder.Decode(v); err != nil {
		return nil, strict.Fault(err)
	}
	if v.Format != Format {
		return nil, refuse("format", "wording.format", "the wording has format %d; this program reads format %d", v.Format, Format)
	}
	return v, nil
}

// DecodeCanonical reads what Canonical wrote and refuses anything else that would decode to the same: one digest, one text. It returns the digest of data.
func DecodeCanonical(data []byte) (*Version, Digest, error) {
	v, err := Decode(data)
	if err != nil {
		return nil, Digest{}, err
	}
	canonical, err := v.Canonical()
	if err != nil {
		return nil, Digest{}, err
	}
	if !bytes.Equal(canonical, data) {
		return nil, Digest{}, refuse("version", "wording.not_canonical", "the wording is not in canonical form; take the bytes that were signed")
	}
	return v, sha256.Sum256(data), nil
}
