// Package link is how links pass through the practice's portal: by the version they stand in and their number there, never by person. It knows the shape of such an
// address and nothing of what it leads to.
package link

import (
	"encoding/hex"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"letterhead/fault"
	"letterhead/wording/clean"
)

// Path is where the portal's links begin.
const Path = "/l/"

// AnswerPath is where the pages begin on which a recipient answers: whether they come.
const AnswerPath = "/answer/"

// Example stands for such a page where there is no portal: in what is only shown.
const Example = "https://portal.example" + AnswerPath + "example"

// tokenLength is how many hexadecimal digits of a version's digest a link has: 96 bits, so that nobody makes a second version with the same.
const tokenLength = 24

// Most is the highest number of a link.
const Most = 999

// Portal is where clinics' links pass: scheme, host and perhaps a port. The zero Portal is none: links lead straight.
type Portal struct{ base string }

// ParsePortal reads the portal's public address: https, or http on this machine for demonstrations.
func ParsePortal(public string) (Portal, error) {
	u, err := url.Parse(strings.TrimSuffix(public, "/"))
	if err != nil || u.Host == "" || u.User != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.Opaque != "" {
		return Portal{}, fault.Field("public_url", "wording.portal", "write the portal's address as https://portal.example, without anything after the host")
	}
	address, _ := netip.ParseAddr(u.Hostname())
	here := u.Hostname() == "localhost" || address.IsLoopback()
	if u.Scheme != "https" && (u.Scheme != "http" || !here) {
		return Portal{}, fault.Field("public_url", "wording.portal", "the portal must be reached by https; http is for this machine alone")
	}
	if !here {
		if err := clean.Host("public_url", u.Hostname()); err != nil {
			return Portal{}, err
		}
	}
	return Portal{u.Scheme + "://" + u.Host}, nil
}

// String is its address, as ParsePortal reads it; "" of none.
func (p Portal) String() string { return p.base }

// None tells that there is no portal.
func (p Portal) None() bool { return p.base == "" }

// Address is the n-th link of the version that has this token.
func (p Portal) Address(token string, n int) string {
	return p.base + Path + token + "/" + strconv.Itoa(n)
}

// Host is where its pages are; "" of none.
func (p Portal) Host() string {
	host, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(p.base, "https://"), "http://"), "/")
	return host
}

// Owns tells whether an address leads to a page of the portal: its own scheme and host, and a path of plain letters.
func (p Portal) Owns(address string) bool {
	path, ok := strings.CutPrefix(address, p.base+"/")
	if p.base == "" || !ok || len(address) > clean.MaxURL {
		return false
	}
	for i := range len(path) {
		if c := path[i]; (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' && c != '.' && (c != '/' || i == 0 || path[i-1] == '/') {
			return false
		}
	}
	return !strings.Contains(path, "..")
}

// Answers tells whether an address leads to a page of the portal on which a recipient answers. Where there is no portal there is the example alone.
func (p Portal) Answers(address string) bool {
	if p.None() {
		return address == Example
	}
	return p.Owns(address) && strings.HasPrefix(address, p.base+AnswerPath)
}

// Token names a version in a link.
func Token(digest [32]byte) string { return hex.EncodeToString(digest[:tokenLength/2]) }

// Number reads the two parts of a link's path; false when no link is written so.
func Number(token, number string) (int, bool) {
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 || n > Most || strconv.Itoa(n) != number || len(token) != tokenLength {
		return 0, false
	}
	for i := range len(token) {
		if c := token[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return 0, false
		}
	}
	return n, true
}
