package proof

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/mod/sumdb/note"
)

// Cosigner is a witness's or auditor's key (C2SP tlog-cosignature, Ed25519): to verify with, and with the seed to sign with.
type Cosigner struct {
	name string
	hash uint32
	key  ed25519.PublicKey
	seed ed25519.PrivateKey // nil: it only verifies
	now  func() time.Time
}

const (
	cosignatureKind = 4 // the byte before the key in its id
	cosignatureSize = 8 + ed25519.SignatureSize
)

var (
	_ note.Verifier = (*Cosigner)(nil)
	_ note.Signer   = (*Cosigner)(nil)
)

func newCosigner(name string, key ed25519.PublicKey) *Cosigner {
	sum := sha256.Sum256(append([]byte(name+"\n"), append([]byte{cosignatureKind}, key...)...))
	return &Cosigner{name: name, hash: binary.BigEndian.Uint32(sum[:]), key: key}
}

// GenerateCosigner makes a key and returns the text of its secret.
func GenerateCosigner(name string) (secret string, err error) {
	if name == "" || len(name) > 200 || strings.Contains(name, "+") || strings.IndexFunc(name, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }) >= 0 {
		return "", fmt.Errorf("proof: a name such as witness.example/w1, without spaces and plus signs")
	}
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return "", err
	}
	c := newCosigner(name, public)
	return "PRIVATE+KEY+" + c.text(private.Seed()), nil
}

// OpenCosigner reads a secret, to sign with.
func OpenCosigner(secret string, now func() time.Time) (*Cosigner, error) {
	name, seed, err := cosignerKey(strings.TrimPrefix(secret, "PRIVATE+KEY+"))
	if err != nil || !strings.HasPrefix(secret, "PRIVATE+KEY+") {
		return nil, wrong("this is not a cosigner's secret")
	}
	private := ed25519.NewKeyFromSeed(seed)
	c := newCosigner(name, private.Public().(ed25519.PublicKey))
	c.seed, c.now = private, now
	if "PRIVATE+KEY+"+c.text(seed) != secret {
		return nil, wrong("this is not a cosigner's secret")
	}
	return c, nil
}

// ParseCosigner reads a verifier key: name+hash+base64.
func ParseCosigner(text string) (*Cosigner, error) {
	name, key, err := cosignerKey(text)
	if err != nil {
		return nil, err
	}
	c := newCosigner(name, key)
	if c.String() != text {
		return nil, wrong("this is not a cosigner's key")
	}
	return c, nil
}

func cosignerKey(text string) (string, []byte, error) {
	parts := strings.SplitN(text, "+", 3)
	if len(text) > 400 || len(parts) != 3 || parts[0] == "" || strings.IndexFunc(parts[0], unicode.IsSpace) >= 0 {
		return "", nil, wrong("a cosigner's key is written name+hash+key")
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(parts[2])
	if err != nil || len(raw) != 33 || raw[0] != cosignatureKind {
		return "", nil, wrong("a cosigner's key is an Ed25519 key of type 4")
	}
	return parts[0], raw[1:], nil
}

func (c *Cosigner) text(key []byte) string {
	return fmt.Sprintf("%s+%08x+%s", c.name, c.hash, base64.StdEncoding.EncodeToString(append([]byte{cosignatureKind}, key...)))
}

// String is the verifier key.
func (c *Cosigner) String() string { return c.text(c.key) }

// Name implements note.Verifier.
func (c *Cosigner) Name() string { return c.name }

// KeyHash implements note.Verifier.
func (c *Cosigner) KeyHash() uint32 { return c.hash }

func cosigned(at uint64, text []byte) []byte {
	return append([]byte("cosignature/v1\ntime "+strconv.FormatUint(at, 10)+"\n"), text...)
}

// Sign implements note.Signer: over a checkpoint's text, now.
func (c *Cosigner) Sign(text []byte) ([]byte, error) {
	if c.seed == nil {
		return nil, fmt.Errorf("proof: a key that only verifies")
	}
	at := uint64(c.now().Unix())
	return append(binary.BigEndian.AppendUint64(nil, at), ed25519.Sign(c.seed, cosigned(at, text))...), nil
}

// Verify implements note.Verifier.
func (c *Cosigner) Verify(text, signature []byte) bool {
	if len(signature) != cosignatureSize || cosignedAt(signature) < 0 {
		return false
	}
	return ed25519.Verify(c.key, cosigned(binary.BigEndian.Uint64(signature), text), signature[8:])
}

func cosignedAt(signature []byte) int64 { return int64(binary.BigEndian.Uint64(signature)) }

// Cosign returns the signature line of a cosigner for a signed checkpoint.
func (s *Signed) Cosign(c *Cosigner) (string, error) {
	raw, err := note.Sign(&note.Note{Text: s.Text}, c)
	if err != nil {
		return "", fmt.Errorf("cosign a checkpoint: %w", err)
	}
	return strings.TrimPrefix(string(raw), s.Text+"\n"), nil
}
