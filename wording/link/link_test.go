package link

import (
	"strings"
	"testing"

	"letterhead/fault"
)

func TestParsePortal(t *testing.T) {
	t.Parallel()
	for public, base := range map[string]string{"https://portal.example": "https://portal.example", "https://portal.example/": "https://portal.example", "https://portal.example:8443": "https://portal.example:8443",
		"http://localhost:8080": "http://localhost:8080", "http://127.0.0.1:8080": "http://127.0.0.1:8080", "http://[::1]:80": "http://[::1]:80"} {
		p, err := ParsePortal(public)
		if err != nil || p.None() || p.Address("abc", 3) != base+"/l/abc/3" {
			t.Errorf("%s: %v, %s", public, err, p.Address("abc", 3))
		}
	}
	for _, public := range []string{"", "portal.example", "http://portal.example", "https://", "https://user@portal.example", "https://portal.example/x", "https://portal.example?x", "https://portal.example#x",
		"https://192.0.2.1", "https://bit.ly", "ftp://localhost", "https://PORTAL.example", "https://portal", "javascript:x", "https://pоrtal.example"} {
		if _, err := ParsePortal(public); fault.As(err) == nil {
			t.Errorf("%q: %v", public, err)
		}
	}
}

func TestOwns(t *testing.T) {
	t.Parallel()
	p, err := ParsePortal("https://portal.example")
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]bool{
		"https://portal.example/unsubscribe/aB-_9.x": true, "https://portal.example/": true, "https://portal.example": false, "https://portal.example.evil.example/": false, "https://portal.example@evil.example/": false,
		"https://portal.example//evil.example": false, "https://portal.example/a//b": false, "https://portal.example/a/../b": false, "https://portal.example/a?b": false, "https://portal.example/a#b": false,
		"https://portal.example/%2f": false, "https://portal.example/\\evil": false, "https://portal.example/a b": false, "https://portal.example/a\r\n": false, "https://portal.example/é": false,
		"http://portal.example/a": false, "https://portal.example/" + strings.Repeat("a", 500): false, "": false,
	} {
		if got := p.Owns(address); got != want {
			t.Errorf("%q: %v", address, got)
		}
	}
	if (Portal{}).Owns("/x") || (Portal{}).Owns("") {
		t.Error("no portal owns something")
	}
}

func TestTokenAndNumber(t *testing.T) {
	t.Parallel()
	token := Token([32]byte{0xab, 0xcd, 11: 0x01, 12: 0xff})
	if token != "abcd00000000000000000001" {
		t.Fatal(token)
	}
	for number, want := range map[string]int{"1": 1, "999": 999} {
		if n, ok := Number(token, number); !ok || n != want {
			t.Errorf("%q: %d %v", number, n, ok)
		}
	}
	for _, number := range []string{"", "0", "-1", "+1", "01", "1000", "1x", "٣", " 1", "1.0", "99999999999999999999999"} {
		if _, ok := Number(token, number); ok {
			t.Errorf("number %q", number)
		}
	}
	for _, bad := range []string{"", token[1:], token + "0", strings.ToUpper(token), token[:23] + "g", token[:23] + "%", token[:23] + "_"} {
		if _, ok := Number(bad, "1"); ok {
			t.Errorf("token %q", bad)
		}
	}
}
