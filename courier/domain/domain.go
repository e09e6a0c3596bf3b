// Package domain knows what the DNS must say so that mail from a domain is believed: which records to paste, and how those that are there
// compare. It also says which names may be sending domains at all.
//
// How it fits together: a mail from a practice's own domain carries two DKIM signatures of that domain, and a return path below it,
// bounce.DOMAIN, whose SPF record names our relay. Both align with the From address for DMARC (RFC 9989 §4.4), so either is enough. The SPF
// record of the domain itself is not asked (RFC 7208 §2.4: the return path's is), and need not be touched.
//
// Promises: nothing here changes anything; a check ends within its bounds, also when a server never answers; what it quotes is bounded.
//
// Never: files or keys; package courier keeps them.
package domain

import (
	"regexp"
	"strings"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"

	"letterhead/courier/dkim"
	"letterhead/fault"
)

// Kind is whose a sending domain is.
type Kind int

// The kinds of sending domain.
const (
	Own      Kind = iota // a practice's own
	Platform             // the platform's
	Below                // a practice's label below the platform's: signed and reported with the platform's keys
)

// Setup is a sending domain with what stands around it.
type Setup struct {
	Name     string
	Kind     Kind
	Platform string     // the platform's domain; "" or below localhost: there is none in the DNS
	Relay    string     // host name of the relay that mail leaves from
	Keys     []dkim.Key // only their public halves are looked at
}

// Record is one DNS record to paste.
type Record struct {
	Name  string `json:"name"`
	Type  string `json:"type"`
	Value string `json:"value"`
	Zone  string `json:"zone"` // the value as a zone file wants it: quoted, in strings of at most 255 bytes
	Why   string `json:"why"`
}

// ReturnPath is the domain of a From domain's return paths.
func ReturnPath(name string) string { return "bounce." + name }

// Records returns what the DNS must say for a domain.
func Records(s Setup) ([]Record, error) {
	out := s.returnPath()
	for _, key := range s.Keys {
		value, err := dkim.Record(key.Private)
		if err != nil {
			return nil, err
		}
		why := "DKIM (RFC 6376): the key that proves a mail is the domain's"
		if strings.Contains(value, "k=ed25519") {
			why = "DKIM with Ed25519 (RFC 8463): the same for receivers that know it"
		}
		out = append(out, text(key.Selector+"._domainkey."+s.Name, value, why))
	}
	if s.Kind == Below {
		return out, nil // DKIM and DMARC of the platform's domain cover it
	}
	return append(out, text("_dmarc."+s.Name, "v=DMARC1; p=none", "DMARC (RFC 9989): says that mail in this name should prove itself. p=none only watches, so that nothing is lost that others send "+
		"for this domain, such as the practice's own mailbox. Keep a record that is there already. Add rua=mailto:ADDRESS to get reports; once they show that all real mail passes, go on to p=quarantine, then p=reject")), nil
}

// returnPath is how reports come back, and SPF.
func (s Setup) returnPath() []Record {
	path := ReturnPath(s.Name)
	const (
		back = "reports of mail that could not be delivered come back here"
		spf  = "SPF (RFC 7208): only our relay may send with this return path"
	)
	if s.Kind == Own && s.published() {
		return []Record{{Name: path, Type: "CNAME", Value: ReturnPath(s.Platform), Zone: ReturnPath(s.Platform) + ".",
			Why: back + ", and SPF (RFC 7208) says that only our relay sends with it. Where no CNAME can be made: MX 10 " + s.Relay + " and TXT " + s.sender()}}
	}
	out := []Record{mx(path, s.Relay, back), text(path, s.sender(), spf)}
	if s.Kind == Platform {
		out = append(out, mx("*."+s.Name, s.Relay, "every practice's label below this domain works from its first day: "+back), text("*."+s.Name, s.sender(), "the same for labels. "+spf))
	}
	return out
}

func (s Setup) sender() string { return "v=spf1 a:" + s.Relay + " -all" }

// published tells whether others can find the platform's domain (RFC 6761 §6.3: localhost is this machine alone).
func (s Setup) published() bool {
	return s.Platform != "" && s.Platform != "localhost" && !strings.HasSuffix(s.Platform, ".localhost")
}

func mx(name, host, why string) Record {
	return Record{Name: name, Type: "MX", Value: "10 " + host, Zone: "10 " + host + ".", Why: why}
}

func text(name, value, why string) Record {
	return Record{Name: name, Type: "TXT", Value: value, Zone: dkim.ZoneText(value), Why: why}
}

// CheckName says why a name cannot be a practice's own sending domain; nil when it can.
func CheckName(name, platform string) error {
	bad := func(format string, args ...any) error {
		return fault.Field("domain", "courier.domain", format, args...)
	}
	if ascii, err := idna.Lookup.ToASCII(name); err == nil && ascii != name {
		return bad("write it as the DNS has it: %s", ascii)
	}
	last := name[strings.LastIndexByte(name, '.')+1:]
	switch {
	case !plain(name):
		return bad("write the domain in lower case, such as clinic.example, without https:// and without a dot at its end")
	case !strings.Contains(name, "."):
		return bad("a sending domain has two parts at least, such as clinic.example")
	case strings.Trim(last, "0123456789") == "":
		return bad("a sending domain is a name, not an address of a machine")
	case last == "localhost", last == "invalid", last == "onion":
		return bad("nobody can ask the DNS about names below .%s", last)
	case platform != "" && Within(name, platform):
		return bad("this is the platform's domain; practices have labels below it already")
	}
	if suffix, _ := publicsuffix.PublicSuffix(name); suffix == name {
		return bad("many owners have names below %s; write the practice's own", name)
	}
	return nil
}

// plain tells whether name is a host name in ASCII (RFC 1123 §2.1) whose international labels, if any, are valid (RFC 5891).
func plain(name string) bool {
	if name == "" || len(name) > 240 { // room for selectors and bounce. within 253
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return false
		}
		if len(label) > 3 && label[2:4] == "--" {
			if _, err := idna.Lookup.ToUnicode(label); err != nil || !strings.HasPrefix(label, "xn--") {
				return false
			}
		}
	}
	return true
}

// Within tells whether a name is another or lies below it.
func Within(name, other string) bool { return name == other || strings.HasSuffix(name, "."+other) }

// Related tells whether mail of one name could pass for the other's: DMARC's usual alignment is relaxed (RFC 9989 §4.4), a signature of
// mail.clinic.example speaks for clinic.example too.
func Related(a, b string) bool { return Within(a, b) || Within(b, a) }

var valid = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// Valid tells whether a name is a domain as the configuration writes it: lower case, ASCII, with a dot (RFC 1035 §2.3.4).
func Valid(name string) bool { return len(name) <= 253 && valid.MatchString(name) }
