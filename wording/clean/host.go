package clean

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
)

// shorteners hide where a link leads; no version may name one.
var shorteners = map[string]bool{
	"bit.ly": true, "tinyurl.com": true, "t.co": true, "goo.gl": true, "is.gd": true, "ow.ly": true, "buff.ly": true, "rebrand.ly": true, "cutt.ly": true,
	"t.ly": true, "tiny.cc": true, "rb.gy": true, "shorturl.at": true, "bl.ink": true, "lnkd.in": true, "s.id": true, "v.gd": true, "qr.ae": true,
	"short.io": true, "adf.ly": true, "soo.gd": true, "clck.ru": true, "u.to": true, "x.co": true, "db.tt": true, "git.io": true, "youtu.be": true,
}

// Host holds a host to what a link of a clinic may lead to. field names the input.
func Host(field, host string) error {
	bad := func(key, why string) error { return refuse(field, key, "the host %q %s", Clip(host), why) }
	switch {
	case host == "" || len(host) > 253:
		return bad("wording.host", "is empty or too long; write it as in clinic.example")
	case strings.ToLower(host) != host || !ascii(host):
		return bad("wording.host", "must be in lower case, and in its xn-- form when it has other letters")
	case strings.ContainsAny(host, ":/@[]"):
		return bad("wording.host", "is more than a host; leave out scheme, port and path")
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return bad("wording.host_number", "is an IP address; use the practice's own domain")
	}
	labels := strings.Split(host, ".")
	if last := labels[len(labels)-1]; len(labels) < 2 || slices.Contains(labels, "") || (last[0] >= '0' && last[0] <= '9') {
		return bad("wording.host", "is no full domain name; write it as in clinic.example")
	}
	if shorteners[host] || shorteners[strings.TrimPrefix(host, "www.")] {
		return bad("wording.host_shortener", "is a link shortener, which hides where a link leads; use the practice's own domain")
	}
	unicodeForm, err := idna.Lookup.ToUnicode(host)
	if err != nil {
		return bad("wording.host", "is no valid domain name")
	}
	if again, err := idna.Lookup.ToASCII(unicodeForm); err != nil || again != host {
		return bad("wording.host", "is no valid domain name")
	}
	for label := range strings.SplitSeq(unicodeForm, ".") {
		if mixedScripts(label) || (!ascii(label) && looksLatin(label)) {
			return bad("wording.host_confusable", "looks like another one: it mixes alphabets or imitates Latin letters")
		}
	}
	return nil
}

const MaxURL = 500

// URL holds an address to https on one of the hosts: no user, no port, no odd characters.
func URL(field, address string, hosts []string) error {
	const way = "; write it as https://clinic.example/page"
	if len(address) > MaxURL {
		return refuse(field, "wording.url_long", "the address has more than %d characters; use a shorter page", MaxURL)
	}
	for i := range len(address) {
		if c := address[i]; c <= ' ' || c > '~' || strings.IndexByte("\"'<>\\^`{|}", c) >= 0 {
			return refuse(field, "wording.url", "the address has a character that does not belong there"+way)
		}
	}
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Opaque != "" || u.Host == "":
		return refuse(field, "wording.url", "this is no web address"+way)
	case u.Scheme != "https" || !strings.HasPrefix(address, "https://"):
		return refuse(field, "wording.url_scheme", "links must be https"+way)
	case u.User != nil:
		return refuse(field, "wording.url_user", "the address has a user name before the host, which misleads; remove it")
	case u.Port() != "" || strings.HasSuffix(u.Host, ":"):
		return refuse(field, "wording.url_port", "the address names a port; remove it")
	}
	if err := Host(field, u.Host); err != nil {
		return err
	}
	if slices.Contains(hosts, u.Host) {
		if leadsOn(address[len("https://")+len(u.Host):], hosts) {
			return refuse(field, "wording.url_redirect", "the address names another address behind the host, as links do that lead on to somewhere else; link to the page itself")
		}
		return nil
	}
	return refuse(field, "wording.url_host", "the host %q is not among the wording's link hosts; add it there or link elsewhere", Clip(u.Host))
}

// files are the endings of pages and documents, which look like those of hosts.
var files = wordsOf("html htm xhtml php asp aspx jsp jspx cfm cgi pdf jpg jpeg png gif svg webp txt xml json ics vcf doc docx odt zip")

// leadsOn tells whether what stands behind a host names another address, however often it is encoded: an open redirect sends people there.
func leadsOn(rest string, hosts []string) bool {
	for range 4 {
		if strings.Contains(rest, "//") || strings.ContainsFunc(rest, func(r rune) bool { return r == '\\' || hidden(r) }) {
			return true
		}
		for i := range len(rest) {
			if rest[i] == ':' && opens(rest[:i]) {
				return true
			}
		}
		for part := range strings.FieldsFuncSeq(fold(rest), func(r rune) bool { return strings.ContainsRune("/?&=#;,| ()<>\"'", r) }) {
			if part = strings.ToLower(part); slices.Contains(hosts, part) || files[part[strings.LastIndexByte(part, '.')+1:]] && strings.Count(part, ".") == 1 {
				continue
			}
			for i := range len(part) {
				if part[i] == '.' && hostDot(part, i) {
					return true
				}
			}
			if fourNumbers(part) {
				return true
			}
		}
		resolved := resolve(rest)
		if resolved == rest {
			return false
		}
		rest = resolved
	}
	return true // nobody encodes four times
}

// HostOf is the host of an address that URL accepted.
func HostOf(address string) string {
	rest := strings.TrimPrefix(address, "https://")
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		rest = rest[:i]
	}
	return rest
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// imitations are letters of other alphabets that people read as Latin ones. (Unicode TS 39, the whole-script cases that domains were abused with)
const imitations = "асеорхуіѕјԁһӏԛԝѵονρυκιαօոսհց"

// looksLatin tells whether every letter of a word that has none of ASCII imitates one.
func looksLatin(word string) bool {
	found := false
	for _, r := range word {
		switch {
		case r < 0x80:
			if unicode.IsLetter(r) {
				return false
			}
		case strings.ContainsRune(imitations, unicode.ToLower(r)):
			found = true
		default:
			return false
		}
	}
	return found
}
