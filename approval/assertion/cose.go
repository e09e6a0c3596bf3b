package assertion

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"math/big"
)

// Members of a COSE_Key and what they may be (RFC 9052 §7, RFC 9053 §7).
const (
	memberType      = 1
	memberAlgorithm = 3
	memberCurve     = -1 // of RSA: n
	memberX         = -2 // of RSA: e
	memberY         = -3

	typeOKP = 1
	typeEC2 = 2
	typeRSA = 3

	// The algorithms, by their COSE numbers, for a page's pubKeyCredParams.
	ES256 = -7
	EdDSA = -8
	RS256 = -257

	curveP256    = 1
	curveEd25519 = 6

	rsaLeast, rsaMost = 2048, 4096 // bits
)

// PublicKey is a passkey's public key.
type PublicKey struct {
	Algorithm int64
	key       crypto.PublicKey
}

func brokenKey(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrKey, fmt.Sprintf(format, args...))
}

type coseKey struct {
	numbers map[int64]int64
	bytes   map[int64][]byte
}

// ParseKey reads a COSE_Key of one of the three algorithms: exactly its members, each once, nothing after them.
func ParseKey(raw []byte) (*PublicKey, error) {
	c, err := readKey(raw)
	if err != nil {
		return nil, err
	}
	switch algorithm := c.numbers[memberAlgorithm]; {
	case algorithm == ES256 && c.numbers[memberType] == typeEC2 && c.numbers[memberCurve] == curveP256 && len(c.numbers) == 3 && len(c.bytes) == 2:
		x, y := c.bytes[memberX], c.bytes[memberY]
		if len(x) != 32 || len(y) != 32 {
			return nil, brokenKey("a coordinate has 32 bytes")
		}
		key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, x...), y...))
		if err != nil {
			return nil, brokenKey("a point that is not on the curve")
		}
		return &PublicKey{algorithm, key}, nil
	case algorithm == EdDSA && c.numbers[memberType] == typeOKP && c.numbers[memberCurve] == curveEd25519 && len(c.numbers) == 3 && len(c.bytes) == 1:
		x := c.bytes[memberX]
		if len(x) != ed25519.PublicKeySize {
			return nil, brokenKey("an Ed25519 key has 32 bytes")
		}
		return &PublicKey{algorithm, ed25519.PublicKey(x)}, nil
	case algorithm == RS256 && c.numbers[memberType] == typeRSA && len(c.numbers) == 2 && len(c.bytes) == 2:
		n, e := new(big.Int).SetBytes(c.bytes[memberCurve]), new(big.Int).SetBytes(c.bytes[memberX])
		if n.BitLen() < rsaLeast || n.BitLen() > rsaMost || e.BitLen() > 31 || e.Int64() < 3 || e.Bit(0) == 0 || n.Bit(0) == 0 {
			return nil, brokenKey("an RSA key has %d to %d bits", rsaLeast, rsaMost)
		}
		return &PublicKey{algorithm, &rsa.PublicKey{N: n, E: int(e.Int64())}}, nil
	}
	return nil, brokenKey("neither ES256, EdDSA nor RS256, or not exactly its members")
}

func readKey(raw []byte) (*coseKey, error) {
	n, rest, err := members(raw)
	if err != nil {
		return nil, err
	}
	if n > 5 {
		return nil, brokenKey("a key has at most five members")
	}
	c := &coseKey{numbers: map[int64]int64{}, bytes: map[int64][]byte{}}
	for range n {
		var name int64
		if name, rest, err = integer(rest); err != nil {
			return nil, err
		}
		_, number := c.numbers[name]
		if _, twice := c.bytes[name]; twice || number || len(rest) == 0 {
			return nil, brokenKey("a member is there twice, or has no value")
		}
		if rest[0]>>5 == bytesType {
			c.bytes[name], rest, err = stringOf(rest, bytesType)
		} else {
			c.numbers[name], rest, err = integer(rest)
		}
		if err != nil {
			return nil, err
		}
	}
	if len(rest) > 0 {
		return nil, brokenKey("something follows the key")
	}
	return c, nil
}

func (k *PublicKey) verify(message, signature []byte) error {
	digest := sha256.Sum256(message)
	holds := false
	switch key := k.key.(type) {
	case *ecdsa.PublicKey:
		holds = ecdsa.VerifyASN1(key, digest[:], signature)
	case ed25519.PublicKey:
		holds = ed25519.Verify(key, message, signature)
	case *rsa.PublicKey:
		holds = rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature) == nil
	}
	if !holds {
		return ErrSignature
	}
	return nil
}
