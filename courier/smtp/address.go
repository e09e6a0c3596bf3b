package smtp

import (
	"errors"
	"strings"

	"golang.org/x/net/idna"
)

// Address gives the form of a mailbox that goes on the wire: ASCII, its domain in A-labels. It refuses what cannot be
// a mailbox (RFC 5321 §4.1.2, §4.5.3.1) and, with ErrUTF8, what needs SMTPUTF8. The error does not repeat the address.
func Address(address string) (string, error) {
	at := strings.LastIndexByte(address, '@')
	if at < 1 || at == len(address)-1 {
		return "", errors.New("the address has no part before or after @")
	}
	if len(address) > 1024 {
		return "", errors.New("the address is longer than 254 characters")
	}
	local, domain := address[:at], address[at+1:]
	if len(local) > 64 {
		return "", errors.New("the address has more than 64 characters before its @")
	}
	if err := checkLocal(local); err != nil {
		return "", err
	}
	if !plainDomain(domain) {
		ascii, err := idna.Lookup.ToASCII(domain)
		if err != nil || !plainDomain(ascii) {
			return "", errors.New("the address has no host name after its @")
		}
		address = local + "@" + ascii
	}
	if len(address) > 254 {
		return "", errors.New("the address is longer than 254 characters")
	}
	return address, nil
}

// checkLocal allows a dot-string (RFC 5321 §4.1.2). Quoted strings exist on paper; no clinic's client has one, and every
// parser reads them differently.
func checkLocal(local string) error {
	previous := byte('.')
	for i := range len(local) {
		c := local[i]
		switch {
		case c >= 0x80:
			return ErrUTF8
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case c == '.' && previous == '.':
			return errors.New("the address has two dots together, or one at the start of it")
		case c == '.', strings.IndexByte("!#$%&'*+-/=?^_`{|}~", c) >= 0:
		default:
			return errors.New("the address has a character that does not belong before an @")
		}
		previous = c
	}
	if previous == '.' {
		return errors.New("the address has a dot before its @")
	}
	return nil
}

// plainDomain says whether domain is a host name in ASCII, or an address literal.
func plainDomain(domain string) bool {
	if strings.HasPrefix(domain, "[") {
		inside, ok := strings.CutSuffix(domain[1:], "]")
		return ok && inside != "" && len(inside) < 64 && strings.Trim(inside, "0123456789abcdefABCDEFIPv.:") == ""
	}
	if len(domain) > 253 {
		return false
	}
	label := 0
	for i := range len(domain) {
		c := domain[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_':
			label++
		case c == '-' && label > 0:
			label++
		case c == '.' && label > 0 && domain[i-1] != '-':
			label = 0
		default:
			return false
		}
		if label > 63 {
			return false
		}
	}
	return label > 0 && domain[len(domain)-1] != '-'
}
