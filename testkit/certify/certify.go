// Package certify is a certificate authority for tests: it makes certificates, and speaks as much of ACME (RFC 8555, with TLS-ALPN-01 of RFC
// 8737) as a client needs to get one. It does what an authority does before it certifies: it connects to the host and looks for the answer to its
// challenge. It does not check the signatures of requests.
package certify

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// Authority certifies hosts.
type Authority struct {
	t    testing.TB
	root *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte

	Server *httptest.Server // of ACME
	Reach  string           // HOST:PORT that every host's challenge is looked for at

	mu     sync.Mutex
	host   string // of the one order
	proven bool
	issued []byte
	Orders int
}

// New makes an authority with an ACME server on this machine.
func New(t testing.TB) *Authority {
	t.Helper()
	a := &Authority{t: t, key: newKey(t)}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test authority"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(240 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, a.key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	if a.root, err = x509.ParseCertificate(raw); err != nil {
		t.Fatal(err)
	}
	a.pem = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw})
	a.Server = httptest.NewTLSServer(a.routes())
	t.Cleanup(a.Server.Close)
	return a
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// Roots are what a visitor believes.
func (a *Authority) Roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.root)
	return pool
}

// ServerFile writes the certificate of the ACME server itself to a file.
func (a *Authority) ServerFile() string {
	a.t.Helper()
	path := filepath.Join(a.t.TempDir(), "acme.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.Server.Certificate().Raw}), 0o600); err != nil {
		a.t.Fatal(err)
	}
	return path
}

func (a *Authority) certify(host string, key any) []byte {
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		a.t.Error(err)
	}
	raw, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: serial, DNSNames: []string{host}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(90 * 24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}, a.root, key, a.key)
	if err != nil {
		a.t.Error(err)
	}
	return append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}), a.pem...)
}

// Files writes a certificate for a host and its key, over those that may be there.
func (a *Authority) Files(folder, host string) (certificate, key string) {
	a.t.Helper()
	private := newKey(a.t)
	raw, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		a.t.Fatal(err)
	}
	certificate, key = filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	for path, content := range map[string][]byte{certificate: a.certify(host, private.Public()), key: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw})} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			a.t.Fatal(err)
		}
	}
	return certificate, key
}

type object = map[string]any

func say(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// routes is RFC 8555 §7, for one order at a time.
func (a *Authority) routes() http.Handler {
	mux := http.NewServeMux()
	for path, answer := range map[string]func(w http.ResponseWriter, payload []byte){
		"/": func(w http.ResponseWriter, _ []byte) {
			say(w, 200, object{"newNonce": a.at("/nonce"), "newAccount": a.at("/account"), "newOrder": a.at("/order"), "revokeCert": a.at("/revoke"), "keyChange": a.at("/key")})
		},
		"/nonce": func(w http.ResponseWriter, _ []byte) { w.WriteHeader(200) },
		"/account": func(w http.ResponseWriter, _ []byte) {
			w.Header().Set("Location", a.at("/account/1"))
			say(w, 201, object{"status": "valid"})
		},
		"/order":   a.newOrder,
		"/order/1": func(w http.ResponseWriter, _ []byte) { a.order(w, 200) },
		"/authz": func(w http.ResponseWriter, _ []byte) {
			say(w, 200, object{"status": a.state(), "identifier": object{"type": "dns", "value": a.host}, "challenges": []object{a.challenge()}})
		},
		"/challenge": func(w http.ResponseWriter, _ []byte) {
			if err := a.look(); err != nil {
				say(w, 403, object{"type": "urn:ietf:params:acme:error:unauthorized", "detail": err.Error()})
				return
			}
			a.proven = true
			say(w, 200, a.challenge())
		},
		"/finalize": a.finalize,
		"/certificate": func(w http.ResponseWriter, _ []byte) {
			w.Header().Set("Content-Type", "application/pem-certificate-chain")
			_, _ = w.Write(a.issued)
		},
	} {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			a.mu.Lock()
			defer a.mu.Unlock()
			w.Header().Set("Replay-Nonce", rand.Text())
			var jws struct{ Payload string }
			_ = json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&jws)
			payload, _ := base64.RawURLEncoding.DecodeString(jws.Payload)
			answer(w, payload)
		})
	}
	return mux
}

func (a *Authority) at(path string) string { return a.Server.URL + path }

func (a *Authority) state() string {
	if a.proven {
		return "valid"
	}
	return "pending"
}

func (a *Authority) challenge() object {
	return object{"type": "tls-alpn-01", "url": a.at("/challenge"), "token": "letterhead-token", "status": a.state()}
}

func (a *Authority) order(w http.ResponseWriter, status int) {
	o := object{"status": "pending", "identifiers": []object{{"type": "dns", "value": a.host}}, "authorizations": []string{a.at("/authz")}, "finalize": a.at("/finalize")}
	if a.proven {
		o["status"] = "ready"
	}
	if a.issued != nil {
		o["status"], o["certificate"] = "valid", a.at("/certificate")
	}
	w.Header().Set("Location", a.at("/order/1"))
	say(w, status, o)
}

func (a *Authority) newOrder(w http.ResponseWriter, payload []byte) {
	var wanted struct{ Identifiers []struct{ Value string } }
	if err := json.Unmarshal(payload, &wanted); err != nil || len(wanted.Identifiers) != 1 {
		say(w, 400, object{"type": "urn:ietf:params:acme:error:malformed"})
		return
	}
	a.host, a.proven, a.issued = wanted.Identifiers[0].Value, false, nil
	a.Orders++
	a.order(w, 201)
}

func (a *Authority) finalize(w http.ResponseWriter, payload []byte) {
	var wanted struct{ CSR string }
	_ = json.Unmarshal(payload, &wanted)
	raw, _ := base64.RawURLEncoding.DecodeString(wanted.CSR)
	request, err := x509.ParseCertificateRequest(raw)
	if err != nil || !a.proven || len(request.DNSNames) != 1 || request.DNSNames[0] != a.host {
		say(w, 400, object{"type": "urn:ietf:params:acme:error:badCSR"})
		return
	}
	a.issued = a.certify(a.host, request.PublicKey)
	a.order(w, 200)
}

// look connects to the host as RFC 8737 §3 says, and wants a certificate that carries the challenge.
func (a *Authority) look() error {
	c, err := tls.Dial("tcp", a.Reach, &tls.Config{ServerName: a.host, NextProtos: []string{"acme-tls/1"}, InsecureSkipVerify: true}) //nolint:gosec // its certificate is the answer, and signed by itself
	if err != nil {
		return err
	}
	defer c.Close()
	for _, extension := range c.ConnectionState().PeerCertificates[0].Extensions {
		if extension.Id.Equal(asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 31}) && c.ConnectionState().NegotiatedProtocol == "acme-tls/1" {
			return nil
		}
	}
	return fmt.Errorf("%s does not answer the challenge", a.host)
}
