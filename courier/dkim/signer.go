package dkim

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/idna"
)

// BodyForm is how the body is canonicalised before it is hashed (RFC 6376 §3.4.3, §3.4.4).
type BodyForm int

const (
	// SimpleBody ignores empty lines at the end only. It is the cheaper, and right for quoted-printable or base64 bodies.
	SimpleBody BodyForm = iota
	// RelaxedBody also survives relays that touch white space at the end of lines.
	RelaxedBody
)

// Key is a private key under its selector.
type Key struct {
	Selector string
	Private  crypto.Signer // *rsa.PrivateKey of 2048 to 4096 bits, or ed25519.PrivateKey
}

// Options of a Signer; the zero value is good.
type Options struct {
	Body BodyForm
	// Lifetime sets x= to this long after the time of signing; 0 leaves x= out. Against replay: days, longer than
	// the relay's queue keeps a message.
	Lifetime time.Duration
}

// Signer signs for one domain.
type Signer struct {
	domain   string
	body     BodyForm
	lifetime time.Duration
	keys     []preparedKey
}

type preparedKey struct {
	selector string
	private  crypto.Signer
	opening  string // the field up to and including "s=…;", folded
}

// fieldRule says how one header field is treated.
type fieldRule struct {
	name     string // as it is written into h=
	overSign bool   // named once more than present
}

// signedFields in the order of h=. All of them may occur once at most (RFC 5322 §3.6, RFC 2045 §3, RFC 3834 §5, RFC 8058 §3.1).
var signedFields = [...]fieldRule{
	{"From", true}, {"To", true}, {"Cc", true}, {"Subject", true}, {"Date", true}, {"Message-ID", true}, {"Reply-To", true},
	{"MIME-Version", true}, {"Content-Type", true}, {"Content-Transfer-Encoding", false}, {"Auto-Submitted", false},
	{"List-Unsubscribe", false}, {"List-Unsubscribe-Post", false},
}

// New makes a Signer for domain, which may be written in Unicode. Keys sign in the order given.
func New(domain string, options Options, keys ...Key) (*Signer, error) {
	ascii, err := hostname("domain", domain)
	if err != nil {
		return nil, err
	}
	if len(keys) == 0 || len(keys) > 2 {
		return nil, fmt.Errorf("dkim: %d keys for %s: give one or two", len(keys), ascii)
	}
	if options.Lifetime < 0 || (options.Lifetime > 0 && options.Lifetime < time.Second) {
		return nil, fmt.Errorf("dkim: lifetime %v: give at least a second, or 0 for none", options.Lifetime)
	}
	signer := &Signer{domain: ascii, body: options.Body, lifetime: options.Lifetime}
	for i, key := range keys {
		selector, err := hostname("selector", key.Selector)
		if err != nil {
			return nil, err
		}
		if i == 1 && selector == signer.keys[0].selector {
			return nil, fmt.Errorf("dkim: selector %s is given twice: each key needs its own", selector)
		}
		algorithm, err := algorithmOf(key.Private)
		if err != nil {
			return nil, fmt.Errorf("dkim: key of selector %s: %w", selector, err)
		}
		form := "relaxed/simple"
		if options.Body == RelaxedBody {
			form = "relaxed/relaxed"
		}
		signer.keys = append(signer.keys, preparedKey{
			selector: selector,
			private:  key.Private,
			opening:  "DKIM-Signature: v=1; a=" + algorithm + "; c=" + form + ";\r\n\td=" + ascii + "; s=" + selector + ";\r\n\tt=",
		})
	}
	return signer, nil
}

// Domain is the d= of every signature, in ASCII.
func (s *Signer) Domain() string { return s.domain }

// Sign appends to dst one DKIM-Signature field for each key, each ending in CRLF, and returns the longer slice.
// header is the message's header without the empty line that ends it, each line ending in CRLF; body is what follows
// that empty line. Put the result in front of header, unchanged.
func (s *Signer) Sign(dst []byte, now time.Time, header, body []byte) ([]byte, error) {
	found, err := findFields(header)
	if err != nil {
		return dst, err
	}
	bodyHash, err := hashBody(s.body, body)
	if err != nil {
		return dst, err
	}
	// On the stack: the canonical header of a message of ours is below 2 kB.
	canonical := make([]byte, 0, 3072)
	for _, field := range found {
		if field != nil {
			canonical = appendRelaxed(canonical, field)
			canonical = append(canonical, '\r', '\n')
		}
	}
	common := len(canonical)
	for i := range s.keys {
		start := len(dst)
		dst = s.appendUnsigned(dst, &s.keys[i], now, &found, bodyHash)
		canonical = appendRelaxed(canonical[:common], dst[start:]) // RFC 6376 §3.7: without a CRLF at its end
		signature, err := signDigest(s.keys[i].private, sha256.Sum256(canonical))
		if err != nil {
			return dst[:start], fmt.Errorf("dkim: signing with selector %s: %w", s.keys[i].selector, err)
		}
		dst = appendFolded(dst, signature)
		dst = append(dst, '\r', '\n')
	}
	return dst, nil
}

// appendUnsigned appends the field with an empty b=, the form over which the signature is made.
func (s *Signer) appendUnsigned(dst []byte, key *preparedKey, now time.Time, found *foundFields, bodyHash [sha256.Size]byte) []byte {
	dst = append(dst, key.opening...)
	dst = strconv.AppendInt(dst, now.Unix(), 10)
	if s.lifetime > 0 {
		dst = append(dst, "; x="...)
		dst = strconv.AppendInt(dst, now.Add(s.lifetime).Unix(), 10)
	}
	dst = append(dst, ";\r\n\th="...)
	line, first := len("\th="), true
	list := func(name string) {
		if !first {
			dst = append(dst, ':')
			line++
		}
		if line+len(name) > 76 {
			dst = append(dst, "\r\n\t "...)
			line = 2
		}
		dst = append(dst, name...)
		line += len(name)
		first = false
	}
	for i := range signedFields {
		if found[i] != nil {
			list(signedFields[i].name)
		}
		if signedFields[i].overSign {
			list(signedFields[i].name)
		}
	}
	dst = append(dst, ";\r\n\tbh="...)
	dst = base64.StdEncoding.AppendEncode(dst, bodyHash[:])
	return append(dst, ";\r\n\tb="...)
}

// appendFolded appends the signature as base64, folded to lines of 74 characters at most.
func appendFolded(dst, signature []byte) []byte {
	const perLine = 54 // bytes, 72 characters
	for len(signature) > perLine {
		dst = base64.StdEncoding.AppendEncode(dst, signature[:perLine])
		dst = append(dst, "\r\n\t "...)
		signature = signature[perLine:]
	}
	return base64.StdEncoding.AppendEncode(dst, signature)
}

func signDigest(private crypto.Signer, digest [sha256.Size]byte) ([]byte, error) {
	switch key := private.(type) {
	case ed25519.PrivateKey:
		return ed25519.Sign(key, digest[:]), nil // RFC 8463 §3: PureEdDSA over the SHA-256 digest
	case *rsa.PrivateKey:
		return rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	}
	return nil, fmt.Errorf("key type %T is not supported", private)
}

// algorithmOf returns the a= of a key that is fit for signing (RFC 8301 §3.2, RFC 8463 §3).
func algorithmOf(private crypto.Signer) (string, error) {
	switch key := private.(type) {
	case ed25519.PrivateKey:
		if len(key) != ed25519.PrivateKeySize {
			return "", fmt.Errorf("Ed25519 key has %d bytes instead of %d", len(key), ed25519.PrivateKeySize)
		}
		return "ed25519-sha256", nil
	case *rsa.PrivateKey:
		if key == nil {
			return "", fmt.Errorf("no key given")
		}
		if bits := key.N.BitLen(); bits < 2048 || bits > 4096 {
			return "", fmt.Errorf("RSA key has %d bits: use 2048 (to 4096)", bits)
		}
		return "rsa-sha256", nil
	case nil:
		return "", fmt.Errorf("no key given")
	}
	return "", fmt.Errorf("key type %T is not supported: use RSA or Ed25519", private)
}

// hostname checks a domain or selector, turning Unicode labels into ASCII ones.
func hostname(what, name string) (string, error) {
	ascii, err := idna.Lookup.ToASCII(name)
	if err != nil || ascii == "" || len(ascii) > 253 || strings.HasSuffix(ascii, ".") {
		return "", fmt.Errorf("dkim: %s %q is not a host name", what, name)
	}
	for label := range strings.SplitSeq(ascii, ".") {
		if label == "" || len(label) > 63 {
			return "", fmt.Errorf("dkim: %s %q is not a host name", what, name)
		}
	}
	return strings.ToLower(ascii), nil
}
