package sink

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"time"
)

// quietListener makes go-smtp's EHLO reply say less. go-smtp writes each line of it by itself, and neither keyword is ever
// its last line.
type quietListener struct {
	net.Listener
	noChunking, noPipelining bool
}

func (l *quietListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &quietConn{Conn: conn, listener: l}, nil
}

type quietConn struct {
	net.Conn
	listener *quietListener
}

func (c *quietConn) Write(text []byte) (int, error) {
	if hides(text, c.listener.noChunking, c.listener.noPipelining) {
		return len(text), nil
	}
	return c.Conn.Write(text)
}

// hides says whether a line of an EHLO reply offers what is not to be offered.
func hides(line []byte, noChunking, noPipelining bool) bool {
	if len(line) < 5 || !bytes.HasPrefix(line, []byte("250")) {
		return false
	}
	keyword := bytes.ToUpper(bytes.TrimSpace(line[4:]))
	return noChunking && bytes.Equal(keyword, []byte("CHUNKING")) || noPipelining && bytes.Equal(keyword, []byte("PIPELINING"))
}

func newBuffered(text []byte) *bufio.Reader { return bufio.NewReader(bytes.NewReader(text)) }

// selfSigned makes a certificate for this machine's own names and the pool that trusts it.
func selfSigned() (tls.Certificate, *x509.CertPool, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, fmt.Errorf("sink: making a key: %w", err)
	}
	now := time.Now()
	plan := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: "localhost"}, NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(1, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true, IsCA: true, DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	der, err := x509.CreateCertificate(rand.Reader, plan, plan, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, nil, fmt.Errorf("sink: making a certificate: %w", err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return tls.Certificate{}, nil, fmt.Errorf("sink: making a certificate: %w", err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, roots, nil
}
