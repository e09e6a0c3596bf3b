package report

import (
	"maps"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// hard lists the status codes (RFC 3463, IANA's registry) after which writing to the address again is of no use and harms the sender's name.
// Only what is said of the recipient's address itself stands here:
// 5.1.7 and 5.1.8 are about the sender, 5.1.0 and 5.5.0 are said for many reasons, 5.4.4 is also what a wrongly set up relay says of everybody,
// 5.2.2 (full) passes, 5.7.x is policy.
var hard = map[string]string{
	"5.1.1":  "no such mailbox",
	"5.1.2":  "no such domain",
	"5.1.3":  "not an address",
	"5.1.6":  "mailbox moved",
	"5.1.10": "takes no mail", // RFC 7505 §4.2; Exchange says it of an unknown mailbox
	"5.2.1":  "mailbox closed",
}

// soft names the reasons of others that a practice can understand.
var soft = map[string]string{
	"4.2.2": "mailbox full", "5.2.2": "mailbox full", "5.2.3": "message too long", "5.3.4": "message too long",
	"4.4.7": "given up", "5.4.7": "given up",
}

// Hard tells whether a bounce says that the address is of no use any more.
func (r Report) Hard() bool { return r.Kind == Bounce && hard[r.Status] != "" }

// Reasons are all that Why may say, for those who write the sentences.
func Reasons() []string {
	found := map[string]bool{"policy": true, "not delivered": true, "delayed": true, string(Delivered): true, string(Complaint): true}
	for _, list := range []map[string]string{hard, soft} {
		for _, reason := range list {
			found[reason] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// Why is the reason in a few words: of a list where the status is known, else "policy", "not delivered", "delayed", "complaint" or "delivered".
func (r Report) Why() string {
	switch {
	case r.Kind == Bounce && hard[r.Status] != "":
		return hard[r.Status]
	case (r.Kind == Bounce || r.Kind == Delay) && soft[r.Status] != "":
		return soft[r.Status]
	case r.Kind == Bounce && strings.HasPrefix(r.Status, "5.7."):
		return "policy"
	case r.Kind == Bounce:
		return "not delivered"
	case r.Kind == Delay:
		return "delayed"
	}
	return string(r.Kind)
}

// enhanced finds a status code that is not a piece of an IP address or a longer number.
var enhanced = regexp.MustCompile(`(?:^|[^0-9.])([245]\.[0-9]{1,3}\.[0-9]{1,3})(?:$|[^0-9.]|\.(?:$|[^0-9]))`)

func statusOf(text string) string {
	if found := enhanced.FindStringSubmatch(clean(text, 200)); found != nil {
		return found[1]
	}
	return ""
}

// better takes the code from the server's words where the field says nothing or only "other" (RFC 3463 §3.1) of the same class.
func better(status, diagnostic string) string {
	if status != "" && !strings.HasSuffix(status, ".0.0") {
		return status
	}
	if found := statusOf(diagnostic); found != "" && (status == "" || found[0] == status[0]) {
		return found
	}
	return status
}

// typed is the value after "rfc822;", "dns;", "smtp;" (RFC 3464 §2.1.2).
func typed(text string) string {
	if _, after, found := strings.Cut(text, ";"); found {
		return strings.TrimSpace(after)
	}
	return strings.TrimSpace(text)
}

func word(text string) string {
	fields := strings.Fields(clean(text, 80))
	if len(fields) == 0 {
		return ""
	}
	first, _, _ := strings.Cut(fields[0], "(") // a comment (RFC 3464 §2.1.1)
	return strings.Map(func(r rune) rune {
		if r > 0x7e {
			return -1
		}
		return r
	}, first)
}

var hostName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]{0,250}[A-Za-z0-9])?$`)

func hostOf(text string) string {
	fields := strings.Fields(clean(typed(text), maxAddress))
	if len(fields) == 0 || !hostName.MatchString(fields[0]) {
		return ""
	}
	return strings.ToLower(fields[0])
}

var messageID = regexp.MustCompile(`^<([!-;=?-~]{1,250})>$`)

func messageIDOf(text string) string {
	if found := messageID.FindStringSubmatch(strings.TrimSpace(text)); found != nil {
		return found[1]
	}
	return ""
}

// appendAddresses takes the addresses of a field; what cannot be read as a list is taken as one address.
func appendAddresses(list []string, text string) []string {
	if len(list) >= maxPaths || len(text) > 8*maxAddress {
		return list
	}
	parsed, err := mail.ParseAddressList(text)
	if err != nil {
		parsed = []*mail.Address{{Address: strings.Trim(strings.TrimSpace(text), "<>")}}
	}
	for _, a := range parsed {
		address := a.Address
		if len(list) < maxPaths && len(address) <= maxAddress && strings.Contains(address, "@") && strings.IndexFunc(address, odd) < 0 {
			list = append(list, address)
		}
	}
	return list
}

func odd(r rune) bool {
	return r == unicode.ReplacementChar || r == ' ' || r == '<' || r == '>' || !unicode.IsPrint(r)
}

func merged(lists ...[]string) []string {
	var out []string
	seen := map[string]bool{}
	for _, list := range lists {
		for _, a := range list {
			if key := strings.ToLower(a); !seen[key] && len(out) < maxPaths {
				seen[key] = true
				out = append(out, a)
			}
		}
	}
	return out
}

// clean makes one line of printable text of it, bounded.
func clean(text string, limit int) string {
	if len(text) > 4*limit {
		text = text[:4*limit]
	}
	text = strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, " "))), " ")
	if len(text) > limit {
		text = strings.ToValidUTF8(text[:limit], "")
	}
	return text
}

const cut = "…"

// quoted text is where servers put names.
var quoted = regexp.MustCompile(`"[^"]*("|$)`)

// withoutAddresses cuts addresses and quotations from a server's words, and every word that stands in the address of the recipient: servers
// repeat the local part alone or in brackets, too.
func withoutAddresses(text string, addresses []string) string {
	known := map[string]bool{}
	for _, a := range addresses {
		local, domain, _ := strings.Cut(strings.ToLower(a), "@")
		known[local], known[domain] = true, true
		for _, piece := range strings.FieldsFunc(local, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
			if len(piece) > 2 {
				known[piece] = true
			}
		}
	}
	// Ten times the bound is read, so that what is cut out does not cost the words after it.
	words := strings.Fields(quoted.ReplaceAllString(clean(text, 10*maxDiagnostic), cut))
	for i, w := range words {
		if strings.ContainsAny(w, "@=") || strings.Contains(strings.ToLower(w), "%40") {
			words[i] = cut
			continue
		}
		bare := strings.ToLower(w)
		for name := range known {
			if name != "" && containsWord(bare, name) {
				words[i] = cut
				break
			}
		}
	}
	return clean(strings.Join(words, " "), maxDiagnostic)
}

// containsWord tells whether name stands in text with no letter or digit beside it.
func containsWord(text, name string) bool {
	for from := 0; ; {
		at := strings.Index(text[from:], name)
		if at < 0 {
			return false
		}
		at += from
		before, after := text[:at], text[at+len(name):]
		if !endsInWord(before) && !startsInWord(after) {
			return true
		}
		from = at + 1
	}
}

func endsInWord(s string) bool {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i]&0xc0 != 0x80 { // the first byte of a rune
			return alphanumeric([]rune(s[i:])[0])
		}
	}
	return false
}

func startsInWord(s string) bool {
	for _, r := range s {
		return alphanumeric(r)
	}
	return false
}

func alphanumeric(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
