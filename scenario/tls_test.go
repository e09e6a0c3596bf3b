package scenario

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"letterhead/testkit/certify"
)

// The program serves a public host by https with certificate files: cookies, HSTS and other hosts as they must be.
func TestServeByHTTPS(t *testing.T) {
	t.Parallel()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listen := free.Addr().String()
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(t.TempDir(), "data")
	p := person{t, []string{"LETTERHEAD_DATA=" + folder}}
	p.runs("init", "--name", "A", "--country", "AU", "--zone", "Australia/Melbourne", "--owner", "o@example.com")
	authority := certify.New(t)
	authority.Files(folder, "clinic.example")
	config := fmt.Sprintf("listen = %q\npublic_url = \"https://clinic.example\"\n[tls]\ncertificate = \"cert.pem\"\nkey = \"key.pem\"\n", listen)
	if err := os.WriteFile(filepath.Join(folder, "letterhead.toml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	pages := start(t, p.env, false, "serve", "--no-courier")
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: authority.Roots(), ServerName: "clinic.example", MinVersion: tls.VersionTLS12}}}
	ask := func(host string) (*http.Response, string) {
		t.Helper()
		var answer *http.Response
		for range 100 {
			request, err := http.NewRequest(http.MethodGet, "https://"+listen+"/sign-in", nil)
			if err != nil {
				t.Fatal(err)
			}
			request.Host = host
			if answer, err = client.Do(request); err == nil {
				break
			}
			time.Sleep(50 * time.Millisecond) // it starts
		}
		if answer == nil {
			t.Fatalf("it does not answer: %s", pages.log.String())
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer, string(body)
	}
	answer, body := ask("clinic.example")
	cookie := answer.Header.Get("Set-Cookie")
	if answer.StatusCode != 200 || !strings.Contains(body, `&#34;rpId&#34;:&#34;clinic.example&#34;`) || !strings.HasPrefix(answer.Header.Get("Strict-Transport-Security"), "max-age=63072000") {
		t.Errorf("%d %v %s", answer.StatusCode, answer.Header, body)
	}
	for _, part := range []string{"__Host-letterhead-device=", "; Secure", "; HttpOnly", "; Path=/", "; SameSite=Lax"} {
		if !strings.Contains(cookie, part) {
			t.Errorf("the cookie lacks %q: %s", part, cookie)
		}
	}
	if strings.Contains(cookie, "Domain") {
		t.Errorf("the cookie has a domain: %s", cookie)
	}
	if answer, _ := ask("evil.example"); answer.StatusCode != http.StatusMisdirectedRequest {
		t.Errorf("another host: %d", answer.StatusCode)
	}
	pages.stop(t)
}
