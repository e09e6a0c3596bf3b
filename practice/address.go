package practice

import (
	"net/mail"
	"regexp"
	"strings"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/net/idna"
	"letterhead/fault"
)

var hostName = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])$`) // RFC 1123 §2.1, two labels at least

// NormalHost returns a host name in lower case ASCII (IDNA 2008), or false when it is none. An address in numbers is none.
func NormalHost(written string) (string, bool) {
	host, err := idna.Lookup.ToASCII(strings.ToLower(strings.TrimSuffix(strings.TrimSpace(written), ".")))
	if err != nil || len(host) > 253 || !hostName.MatchString(host) {
		return "", false
	}
	last := host[strings.LastIndexByte(host, '.')+1:]
	return host, strings.Trim(last, "0123456789") != ""
}

// NormalEmail returns an e-mail address as it is used: trimmed, the domain in lower case ASCII; or false when it is no address. The local
// part is kept as written; its case matters only for those who insist (RFC 5321 §2.4), so indexes are taken over the lower case.
func NormalEmail(written string) (string, bool) {
	text := strings.TrimSpace(written)
	at := strings.IndexByte(text, '@')
	if len(text) > 254 || at < 1 || at > 64 || strings.Count(text, "@") != 1 {
		return "", false
	}
	local := text[:at]
	// What stands before the @ may be beyond ASCII (RFC 6531), but neither quoted nor with spaces: nobody's real address is.
	if !localPart.MatchString(asciiShape(local)) {
		return "", false
	}
	host, ok := NormalHost(text[at+1:])
	if !ok {
		return "", false
	}
	normal := local + "@" + host
	if parsed, err := mail.ParseAddress(normal); err != nil || parsed.Address != normal || len(normal) > 254 {
		return "", false
	}
	return normal, true
}

// asciiShape replaces upper case by lower case and letters beyond ASCII by x, so that one pattern judges the rest.
func asciiShape(local string) string {
	return strings.Map(func(r rune) rune {
		if r > 0x7f && !unsafe(r) && r > 0xa0 {
			return 'x'
		}
		return r
	}, strings.ToLower(local))
}

// NormalPhone returns a phone number as E.164, read by the country's habits; or false when no such number is possible.
func NormalPhone(written, country string) (string, bool) {
	text := strings.TrimSpace(written)
	if text == "" || len(text) > 40 {
		return "", false
	}
	number, err := phonenumbers.Parse(text, country)
	if err != nil || !phonenumbers.IsPossibleNumber(number) {
		return "", false
	}
	return phonenumbers.Format(number, phonenumbers.E164), true
}

// NormalMobile is NormalPhone for a number that text messages go to. Premium-rate and shared-cost numbers are possible, and no person's: nobody
// reads a text there, and the sender may pay for it. Any other possible number counts, whatever its type: lists of mobile ranges are always late.
func NormalMobile(written, country string) (string, bool) {
	normal, ok := NormalPhone(written, country)
	if !ok {
		return "", false
	}
	number, err := phonenumbers.Parse(normal, country)
	if err != nil {
		return "", false
	}
	kind := phonenumbers.GetNumberType(number)
	return normal, kind != phonenumbers.PREMIUM_RATE && kind != phonenumbers.SHARED_COST
}

func phone(field, written, country string) (string, error) {
	text, err := Text(field, written, 40)
	if err != nil || text == "" {
		return text, err
	}
	if _, ok := NormalPhone(text, country); !ok {
		return "", fault.Field(field, "practice.phone", "this cannot be a phone number; write it with its area code, or as +61 3 5550 0142")
	}
	return text, nil
}

func email(field, written string) (string, error) {
	if strings.TrimSpace(written) == "" {
		return "", nil
	}
	normal, ok := NormalEmail(written)
	if !ok {
		return "", fault.Field(field, "practice.email", "this is no e-mail address; write it as name@clinic.example")
	}
	return normal, nil
}

func domain(field, written string) (string, error) {
	if strings.TrimSpace(written) == "" {
		return "", nil
	}
	host, ok := NormalHost(written)
	if !ok {
		return "", fault.Field(field, "practice.domain", "this is no domain; write it as clinic.example")
	}
	return host, nil
}

// website takes https://host/ as well, for that is what people copy; a path would not fit in where a host name is shown.
func website(field, written string) (string, error) {
	text := strings.TrimSpace(written)
	for _, scheme := range []string{"https://", "http://"} {
		if len(text) > len(scheme) && strings.EqualFold(text[:len(scheme)], scheme) {
			text = text[len(scheme):]
		}
	}
	return domain(field, strings.TrimSuffix(text, "/"))
}
