package secure_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"letterhead/app/secure"
	"letterhead/fault"
	"letterhead/testkit/certify"
)

const host = "clinic.example"

// serve answers with "hello" behind a configuration, and returns where.
func serve(t *testing.T, c secure.Config, folder string, l net.Listener) {
	t.Helper()
	wrapped, err := c.Listener(l, host, folder)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") }), ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(wrapped) }()
	t.Cleanup(func() { _ = server.Close() })
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// visit asks for a host at an address and returns the certificate's serial number and the answer.
func visit(roots *x509.CertPool, address, name string) (serial, body string, err error) {
	client := &http.Client{Timeout: time.Minute, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: name, MinVersion: tls.VersionTLS12}, DisableKeepAlives: true}}
	answer, err := client.Get("https://" + address)
	if err != nil {
		return "", "", err
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	return answer.TLS.PeerCertificates[0].SerialNumber.String(), string(raw), err
}

// A certificate is asked for at the first visit, proven by TLS-ALPN-01, kept for the next start, and asked for no other name.
func TestACertificateByACME(t *testing.T) { //nolint:paralleltest // Pebble reads the environment
	folder, l := t.TempDir(), listen(t)
	a := certify.NewPebble(t, l.Addr().(*net.TCPAddr).Port)
	c := secure.Config{ACME: true, Directory: a.Directory(), Authorities: a.ServerFile(), Email: "ops@clinic.example"}
	serve(t, c, folder, l)
	serial, body, err := visit(a.Roots(), l.Addr().String(), host)
	if err != nil || body != "hello" {
		t.Fatalf("%q %v", body, err)
	}
	asked := a.Orders.Load()
	if _, _, err := visit(a.Roots(), l.Addr().String(), "evil.example"); err == nil || a.Orders.Load() != asked {
		t.Errorf("another name: %v, %d orders", err, a.Orders.Load())
	}
	again := listen(t)
	serve(t, c, folder, again)
	if next, _, err := visit(a.Roots(), again.Addr().String(), host); err != nil || next != serial || a.Orders.Load() != asked {
		t.Errorf("after a restart: %v, %d orders", err, a.Orders.Load())
	}
	entries, err := os.ReadDir(folder + "/acme")
	if err != nil || len(entries) < 2 {
		t.Fatalf("%d kept, %v", len(entries), err)
	}
	for _, entry := range entries {
		if info, err := entry.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", entry.Name(), info.Mode(), err)
		}
	}
}

func TestFilesThatAreReplacedAreRead(t *testing.T) {
	t.Parallel()
	a, folder, l := certify.New(t), t.TempDir(), listen(t)
	certificate, key := a.Files(folder, host)
	serve(t, secure.Config{Certificate: certificate, Key: key}, folder, l)
	first, body, err := visit(a.Roots(), l.Addr().String(), host)
	if err != nil || body != "hello" {
		t.Fatalf("%q %v", body, err)
	}
	a.Files(folder, host)
	later := time.Now().Add(2 * time.Second)
	for _, path := range []string{certificate, key} {
		if err := os.Chtimes(path, later, later); err != nil {
			t.Fatal(err)
		}
	}
	second, _, err := visit(a.Roots(), l.Addr().String(), host)
	if err != nil || second == first {
		t.Errorf("after new files: %v, the same: %v", err, second == first)
	}
	// Half replaced: what was loaded goes on.
	if err := os.WriteFile(certificate, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if third, _, err := visit(a.Roots(), l.Addr().String(), host); err != nil || third != second {
		t.Errorf("half replaced: %v", err)
	}
	if _, err := (secure.Config{Certificate: certificate, Key: key}).Listener(l, host, folder); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a start with half a certificate: %v", err)
	}
}

func TestOldTLSIsRefused(t *testing.T) {
	t.Parallel()
	a, folder, l := certify.New(t), t.TempDir(), listen(t)
	certificate, key := a.Files(folder, host)
	serve(t, secure.Config{Certificate: certificate, Key: key}, folder, l)
	if c, err := tls.Dial("tcp", l.Addr().String(), &tls.Config{RootCAs: a.Roots(), ServerName: host, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}); err == nil { //nolint:gosec // that is the test
		c.Close()
		t.Error("TLS 1.1 is spoken")
	}
}

// What stands in X-Forwarded-For counts from a trusted proxy alone, and from behind.
func TestWhomAProxyIsBelieved(t *testing.T) {
	t.Parallel()
	var seen string
	var kept http.Header
	next := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen, kept = r.RemoteAddr, r.Header })
	proxied, err := secure.Config{Proxies: []string{"10.0.0.5", "fd00::/64"}}.Handler(next)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := secure.Config{}.Handler(next)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, from, chain, proto string
		handler                  http.Handler
		status                   int
		want                     string
	}{
		{"a proxy", "10.0.0.5:1", "203.0.113.9", "https", proxied, 200, "203.0.113.9:1"},
		{"a forged beginning", "10.0.0.5:1", "1.2.3.4, 203.0.113.9", "https", proxied, 200, "203.0.113.9:1"},
		{"two proxies", "10.0.0.5:1", "203.0.113.9, fd00::7", "https", proxied, 200, "203.0.113.9:1"},
		{"rubbish", "10.0.0.5:1", "not an address", "https", proxied, 200, "10.0.0.5:1"},
		{"nothing said", "10.0.0.5:1", "", "https", proxied, 200, "10.0.0.5:1"},
		{"by http", "10.0.0.5:1", "203.0.113.9", "http", proxied, 421, ""},
		{"past the proxy", "203.0.113.7:1", "10.0.0.5", "https", proxied, 421, ""},
		{"this machine, past the proxy", "127.0.0.1:1", "10.0.0.5", "http", proxied, 200, "127.0.0.1:1"},
		{"without a proxy", "203.0.113.7:1", "10.0.0.5", "https", plain, 200, "203.0.113.7:1"},
		{"a long chain", "10.0.0.5:1", strings.Repeat("10.0.0.5, ", 5000) + "10.0.0.5", "https", proxied, 200, "10.0.0.5:1"},
	} {
		seen, kept = "", nil
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.from
		r.Header.Set("X-Forwarded-For", c.chain)
		r.Header.Set("X-Forwarded-Proto", c.proto)
		r.Header.Set("X-Forwarded-Host", "evil.example")
		w := httptest.NewRecorder()
		c.handler.ServeHTTP(w, r)
		if w.Code != c.status || seen != c.want || kept.Get("X-Forwarded-For") != "" || kept.Get("X-Forwarded-Host") != "" {
			t.Errorf("%s: %d, from %q, %v", c.name, w.Code, seen, kept)
		}
	}
}

func TestWhatCannotWorkIsRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		config      secure.Config
		open, https bool
		ok          bool
	}{
		{secure.Config{}, false, false, true},
		{secure.Config{}, false, true, true}, // a proxy on the same machine that nothing is believed of
		{secure.Config{}, true, true, false},
		{secure.Config{ACME: true}, true, true, true},
		{secure.Config{ACME: true}, true, false, false},
		{secure.Config{ACME: true, Certificate: "a", Key: "b"}, true, true, false},
		{secure.Config{Certificate: "a"}, true, true, false},
		{secure.Config{Key: "a"}, true, true, false},
		{secure.Config{Certificate: "a", Key: "b"}, true, true, true},
		{secure.Config{Proxies: []string{"10.0.0.5"}}, true, true, true},
		{secure.Config{Proxies: []string{"10.0.0.5"}, ACME: true}, true, true, false},
		{secure.Config{Proxies: []string{"proxy.example"}}, true, true, false},
		{secure.Config{Proxies: []string{"0.0.0.0/0"}}, true, true, false},
	} {
		if err := c.config.Validate(c.open, c.https); (err == nil) != c.ok {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestWhatIsForThisMachineAlone(t *testing.T) {
	t.Parallel()
	h := secure.Local(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "figures") }))
	for from, want := range map[string]int{"127.0.0.1:1": 200, "[::1]:1": 200, "[::ffff:127.0.0.1]:1": 200, "192.0.2.1:1": 404, "[2001:db8::1]:1": 404, "": 404, "localhost:1": 404} {
		r := httptest.NewRequest("GET", "/metrics", nil)
		r.RemoteAddr = from
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("%s: %d, want %d", from, w.Code, want)
		}
	}
}
