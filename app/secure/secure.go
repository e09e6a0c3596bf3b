// Package secure is how the pages are reached by https: with certificates by ACME (RFC 8555), with certificate files, or behind a proxy that is
// trusted by its address.
//
// It promises: without one of the three the program listens on loopback alone; a certificate is asked for the one public host and no other name;
// files that were replaced are in use for the next connection; what a proxy says of a request is believed from the named addresses alone, and
// taken away from everybody else's.
package secure

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
	"letterhead/fault"
)

// Config is the part of the configuration about it.
type Config struct {
	ACME        bool     `toml:"acme"`        // get certificates for the public host by ACME (TLS-ALPN-01: port 443 must lead here)
	Directory   string   `toml:"directory"`   // of the ACME server; Let's Encrypt when empty
	Authorities string   `toml:"authorities"` // a file of PEM certificates that the ACME server's own certificate is checked with; the system's when empty
	Email       string   `toml:"email"`       // where the ACME server writes about certificates
	Certificate string   `toml:"certificate"` // a PEM file with the certificate and those it hangs on
	Key         string   `toml:"key"`         // a PEM file with its key
	Proxies     []string `toml:"proxies"`     // addresses or networks of proxies that end TLS and are trusted
}

// Validate refuses what cannot work. open says that the program listens beyond loopback, https that the public address is one.
func (c Config) Validate(open, https bool) error {
	files := c.Certificate != "" || c.Key != ""
	switch {
	case c.ACME && files:
		return fault.Field("tls.acme", "config.tls", "name certificate files or use acme, not both")
	case files && (c.Certificate == "" || c.Key == ""):
		return fault.Field("tls.certificate", "config.tls", "name both: tls.certificate and tls.key")
	case len(c.Proxies) > 0 && c.Direct():
		return fault.Field("tls.proxies", "config.tls", "a proxy ends TLS: name proxies, or certificates, not both")
	case (c.Direct() || len(c.Proxies) > 0) && !https:
		return fault.Field("public_url", "config.tls", "with TLS it is https://HOST")
	case open && !c.Direct() && len(c.Proxies) == 0:
		return fault.Field("listen", "config.loopback", "without TLS pages are open on loopback only: use localhost:PORT, or set tls.acme, tls.certificate and tls.key, or tls.proxies")
	}
	_, err := networks(c.Proxies)
	return err
}

// Direct reports whether this program itself ends TLS.
func (c Config) Direct() bool { return c.ACME || c.Certificate != "" }

// Listener puts TLS on a listener, for one host; folder keeps what ACME gave. Without certificates it is the listener itself.
func (c Config) Listener(l net.Listener, host, folder string) (net.Listener, error) {
	switch {
	case c.ACME:
		config, err := c.automatic(host, folder)
		if err != nil {
			return nil, err
		}
		return tls.NewListener(l, config), nil
	case c.Certificate != "":
		f := &files{certificate: c.Certificate, key: c.Key}
		if _, err := f.get(nil); err != nil {
			return nil, err
		}
		return tls.NewListener(l, &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}, GetCertificate: f.get}), nil
	}
	return l, nil
}

// automatic is ACME for one host. Its account and certificates are kept in a folder that its owner alone reads.
func (c Config) automatic(host, folder string) (*tls.Config, error) {
	client := &acme.Client{DirectoryURL: c.Directory, UserAgent: "letterhead"}
	if c.Authorities != "" {
		raw, err := os.ReadFile(c.Authorities)
		if err != nil {
			return nil, fault.Field("tls.authorities", "config.tls", "cannot be read").With(err)
		}
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(raw) {
			return nil, fault.Field("tls.authorities", "config.tls", "it holds no PEM certificate")
		}
		client.HTTPClient = &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}}
	}
	manager := &autocert.Manager{Prompt: autocert.AcceptTOS, HostPolicy: only(host), Cache: autocert.DirCache(filepath.Join(folder, "acme")), Email: c.Email, Client: client}
	config := manager.TLSConfig()
	config.MinVersion = tls.VersionTLS12 // ASVS 12.1.1
	return config, nil
}

func only(host string) autocert.HostPolicy {
	return func(_ context.Context, asked string) error {
		if !strings.EqualFold(asked, host) {
			return fault.New(fault.Denied, "tls.host", "a certificate is had for the public host alone")
		}
		return nil
	}
}

// files serves a certificate from files, and reads them again when they were changed.
type files struct {
	certificate, key string

	mu      sync.Mutex
	changed [2]time.Time
	loaded  *tls.Certificate
}

func (f *files) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var changed [2]time.Time
	for i, path := range []string{f.certificate, f.key} {
		info, err := os.Stat(path)
		if err != nil {
			return f.kept(err)
		}
		changed[i] = info.ModTime()
	}
	if f.loaded != nil && changed == f.changed {
		return f.loaded, nil
	}
	pair, err := tls.LoadX509KeyPair(f.certificate, f.key)
	if err != nil {
		return f.kept(err)
	}
	f.loaded, f.changed = &pair, changed
	return f.loaded, nil
}

// kept goes on with what was loaded while the files are being replaced.
func (f *files) kept(err error) (*tls.Certificate, error) {
	if f.loaded != nil {
		return f.loaded, nil
	}
	return nil, fault.Field("tls.certificate", "config.tls", "the certificate or its key cannot be read, or they do not belong together").With(err)
}

// Around puts both around what listens and what answers.
func (c Config) Around(l net.Listener, h http.Handler, public, folder string) (net.Listener, http.Handler, error) {
	u, err := url.Parse(public)
	if err != nil {
		return nil, nil, errors.Join(err, l.Close())
	}
	wrapped, err := c.Listener(l, u.Hostname(), folder)
	if err != nil {
		return nil, nil, errors.Join(err, l.Close())
	}
	h, err = c.Handler(h)
	return wrapped, h, err
}

// said are the headers in which proxies say where a request came from.
var said = []string{"X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Real-Ip", "Forwarded"}

// Handler believes the named proxies, and nobody else. Behind one, only it and this machine itself are answered, and of it only what came by https.
func (c Config) Handler(next http.Handler) (http.Handler, error) {
	trusted, err := networks(c.Proxies)
	if err != nil {
		return nil, err
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from, port, _ := strings.Cut(lastColon(r.RemoteAddr), " ")
		if within(trusted, from) {
			if proto := r.Header.Get("X-Forwarded-Proto"); proto != "https" {
				http.Error(w, "the proxy must say X-Forwarded-Proto: https", http.StatusMisdirectedRequest)
				return
			}
			r.RemoteAddr = net.JoinHostPort(origin(trusted, r.Header.Values("X-Forwarded-For"), from), port)
		} else if ip, err := netip.ParseAddr(from); len(trusted) > 0 && (err != nil || !ip.Unmap().IsLoopback()) {
			http.Error(w, "this port is the proxy's", http.StatusMisdirectedRequest)
			return
		}
		for _, name := range said {
			r.Header.Del(name)
		}
		next.ServeHTTP(w, r)
	}), nil
}

// lastColon splits HOST:PORT into two words.
func lastColon(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return address + " 0"
	}
	return host + " " + port
}

// origin is the last address of the chain that no trusted proxy has: what stands before it anybody could have written.
func origin(trusted []netip.Prefix, chain []string, from string) string {
	hops := strings.Split(strings.Join(chain, ","), ",")
	for i := len(hops) - 1; i >= 0 && i >= len(hops)-20; i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			return from
		}
		if from = hop.Unmap().String(); !within(trusted, from) {
			return from
		}
	}
	return from
}

func within(trusted []netip.Prefix, address string) bool {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return false
	}
	for _, p := range trusted {
		if p.Contains(ip.Unmap()) {
			return true
		}
	}
	return false
}

func networks(texts []string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, text := range texts {
		if ip, err := netip.ParseAddr(text); err == nil {
			out = append(out, netip.PrefixFrom(ip.Unmap(), ip.Unmap().BitLen()))
			continue
		}
		p, err := netip.ParsePrefix(text)
		if err != nil || p.Bits() == 0 {
			return nil, fault.Field("tls.proxies", "config.tls", "write each as an address such as 10.0.0.5 or a network such as 10.0.0.0/24")
		}
		out = append(out, p.Masked())
	}
	return out, nil
}

// Local answers this machine alone.
func Local(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.RemoteAddr)
		if err != nil {
			http.NotFound(w, r)
			return
		}
		if ip, err := netip.ParseAddr(host); err != nil || !ip.Unmap().IsLoopback() {
			http.NotFound(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}
