package clean

import (
	"slices"
	"strings"
)

// Directory is what a practice has signed as its own: the only addresses and numbers a message may show outside its links.
type Directory struct {
	Hosts  []string
	Phones []string // as written anywhere; their digits are compared
	Emails []string
}

// Knows tells whether a part of a text that would become a link leads to something of the directory.
func (d Directory) Knows(a AutoLink) bool {
	if a.Reason == ReasonPhone {
		return d.KnowsPhone(a.Digits)
	}
	if strings.Contains(a.Text, "@") {
		return slices.ContainsFunc(d.Emails, func(e string) bool { return strings.EqualFold(e, strings.TrimPrefix(a.Text, "mailto:")) })
	}
	host := HostOf(a.Text)
	return slices.Contains(d.Hosts, host) && !leadsOn(strings.TrimPrefix(a.Text, "https://")[len(host):], d.Hosts)
}

// KnowsPhone tells whether bare digits are one of the numbers, however that is written.
func (d Directory) KnowsPhone(digits string) bool {
	return slices.ContainsFunc(d.Phones, func(p string) bool { return sameDigits(p, digits) })
}

// sameDigits compares the digits of a written number with bare ones.
func sameDigits(written, digits string) bool {
	n := 0
	for i := range len(written) {
		if c := written[i]; c >= '0' && c <= '9' {
			if n >= len(digits) || digits[n] != c {
				return false
			}
			n++
		}
	}
	return n == len(digits) && n > 0
}
