package passkey

import (
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/binary"
	"fmt"
	"math/big"
)

// As much of CBOR (RFC 8949) as authenticators write (CTAP2 canonical form): whole numbers, byte and text strings, arrays, maps and simple
// values, each with its length in front. What is deeper, longer or of another kind is refused.

const (
	maxDepth = 6
	maxItems = 64
)

type cbor struct{ rest []byte }

// decode reads one map of text keys and nothing after it.
func decode(raw []byte) (map[string]any, error) {
	c := &cbor{raw}
	v, err := c.value(0)
	if err != nil {
		return nil, err
	}
	m, ok := v.(map[any]any)
	if !ok || len(c.rest) > 0 {
		return nil, refused("the attestation object is no map")
	}
	out := make(map[string]any, len(m))
	for key, value := range m {
		if name, ok := key.(string); ok {
			out[name] = value
		}
	}
	return out, nil
}

func (c *cbor) head() (major byte, n uint64, err error) {
	if len(c.rest) == 0 {
		return 0, 0, refused("CBOR ends early")
	}
	major, low := c.rest[0]>>5, c.rest[0]&31
	c.rest = c.rest[1:]
	if low < 24 {
		return major, uint64(low), nil
	}
	size := 1 << (low - 24)
	if low > 27 || len(c.rest) < size {
		return 0, 0, refused("CBOR of a form that authenticators do not write")
	}
	var wide [8]byte
	copy(wide[8-size:], c.rest)
	c.rest = c.rest[size:]
	return major, binary.BigEndian.Uint64(wide[:]), nil
}

func (c *cbor) value(depth int) (any, error) {
	major, n, err := c.head()
	if err != nil {
		return nil, err
	}
	if depth > maxDepth || (major < 2 && n > 1<<62) {
		return nil, refused("CBOR that is too deep or too large")
	}
	switch major {
	case 0:
		return int64(n), nil //nolint:gosec // bounded above
	case 1:
		return -1 - int64(n), nil //nolint:gosec // bounded above
	case 2, 3:
		if n > uint64(len(c.rest)) {
			return nil, refused("CBOR ends early")
		}
		text := c.rest[:n]
		c.rest = c.rest[n:]
		if major == 3 {
			return string(text), nil
		}
		return text, nil
	case 4:
		return c.list(n, depth)
	case 5:
		return c.table(n, depth)
	case 7:
		return n, nil
	}
	return nil, refused("CBOR of kind %d", major)
}

func (c *cbor) list(n uint64, depth int) (any, error) {
	if n > maxItems {
		return nil, refused("CBOR of %d items", n)
	}
	out := make([]any, 0, n)
	for range n {
		v, err := c.value(depth + 1)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func (c *cbor) table(n uint64, depth int) (any, error) {
	if n > maxItems {
		return nil, refused("CBOR of %d items", n)
	}
	out := make(map[any]any, n)
	for range n {
		key, err := c.value(depth + 1)
		if err != nil {
			return nil, err
		}
		switch key.(type) {
		case int64, string:
		default:
			return nil, refused("a CBOR map with a key that is neither number nor text")
		}
		if _, twice := out[key]; twice {
			return nil, refused("a CBOR map with the same key twice")
		}
		if out[key], err = c.value(depth + 1); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// publicKey reads a COSE key (RFC 9053) and writes it as PKIX. What follows it are extensions, which we did not ask for.
func publicKey(raw []byte) ([]byte, error) {
	c := &cbor{raw}
	v, err := c.value(0)
	if err != nil {
		return nil, err
	}
	m, _ := v.(map[any]any)
	kind, _ := m[int64(1)].(int64)
	algorithm, _ := m[int64(3)].(int64)
	part := func(label int64) []byte { b, _ := m[label].([]byte); return b }
	curve, _ := m[int64(-1)].(int64)
	var key any
	switch {
	case kind == 2 && algorithm == -7 && curve == 1: // ES256
		if key, err = p256(part(-2), part(-3)); err != nil {
			return nil, ErrRefused.With(err)
		}
	case kind == 1 && algorithm == -8 && curve == 6 && len(part(-2)) == ed25519.PublicKeySize: // EdDSA
		key = ed25519.PublicKey(part(-2))
	case kind == 3 && algorithm == -257: // RS256
		modulus, exponent := new(big.Int).SetBytes(part(-1)), new(big.Int).SetBytes(part(-2))
		if modulus.BitLen() < 2048 || modulus.BitLen() > 4096 || !exponent.IsInt64() || exponent.Int64() != 65537 {
			return nil, refused("an RSA key of %d bits", modulus.BitLen())
		}
		key = &rsa.PublicKey{N: modulus, E: 65537}
	default:
		return nil, refused("a key of kind %d, algorithm %d", kind, algorithm)
	}
	out, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil, ErrRefused.With(err)
	}
	return out, nil
}

func p256(x, y []byte) (*ecdsa.PublicKey, error) {
	if len(x) != 32 || len(y) != 32 {
		return nil, fmt.Errorf("a P-256 point of %d and %d bytes", len(x), len(y))
	}
	point := append(append([]byte{4}, x...), y...)
	if _, err := ecdh.P256().NewPublicKey(point); err != nil { // it must lie on the curve
		return nil, err
	}
	return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
}
