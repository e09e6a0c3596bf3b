package certify

import (
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"
	"github.com/miekg/dns"
)

// Pebble is an authority that is asked by ACME.
type Pebble struct {
	t      testing.TB
	ca     *ca.CAImpl
	server *httptest.Server
	Orders atomic.Int64 // requests for one, also those whose nonce was refused
}

// NewPebble starts one that looks for each host's challenge at a port of this machine. The test cannot be parallel: Pebble reads its settings from the environment.
func NewPebble(t *testing.T, port int) *Pebble {
	t.Helper()
	t.Setenv("PEBBLE_VA_NOSLEEP", "1")
	t.Setenv("PEBBLE_WFE_NONCEREJECT", "20") // percent of good nonces that are refused: a client has to ask again
	quiet, store := log.New(io.Discard, "", 0), db.NewMemoryStore()
	p := &Pebble{t: t, ca: ca.New(quiet, store, "", "ecdsa", 0, 1, map[string]ca.Profile{"default": {ValidityPeriod: 90 * 24 * 3600}})}
	front := wfe.New(quiet, store, va.New(quiet, 0, port, true, loopback(t), store), p.ca, nil, true, false, 1, 1)
	pages := front.Handler()
	p.server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/order-plz") {
			p.Orders.Add(1)
		}
		pages.ServeHTTP(w, r)
	}))
	t.Cleanup(p.server.Close)
	return p
}

// loopback is a name server by which every name is this machine.
func loopback(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &dns.Server{Listener: l, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, asked *dns.Msg) {
		answer := new(dns.Msg).SetReply(asked)
		if q := asked.Question[0]; q.Qtype == dns.TypeA {
			answer.Answer = []dns.RR{&dns.A{Hdr: dns.RR_Header{Name: q.Name, Rrtype: dns.TypeA, Class: dns.ClassINET}, A: net.IPv4(127, 0, 0, 1)}}
		}
		_ = w.WriteMsg(answer)
	})}
	go func() { _ = server.ActivateAndServe() }()
	t.Cleanup(func() { _ = server.Shutdown() })
	return l.Addr().String()
}

// Directory is where it is asked.
func (p *Pebble) Directory() string { return p.server.URL + wfe.DirectoryPath }

// Roots are what a visitor believes.
func (p *Pebble) Roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(p.ca.GetRootCert(0).PEM())
	return pool
}

// ServerFile writes the certificate of the ACME server itself to a file.
func (p *Pebble) ServerFile() string {
	p.t.Helper()
	path := filepath.Join(p.t.TempDir(), "acme.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.server.Certificate().Raw}), 0o600); err != nil {
		p.t.Fatal(err)
	}
	return path
}
