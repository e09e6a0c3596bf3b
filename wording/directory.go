package wording

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

// Directory returns what the version itself has signed.
func (v *Version) Directory() Directory {
	d := Directory{Hosts: slices.Clone(v.Hosts)}
	if p := v.Branding.Phone; p != nil {
		d.Phones = append(d.Phones, p.Display, p.Number)
	}
	if v.Branding.Email != "" {
		d.Emails = append(d.Emails, v.Branding.Email)
	}
	return d
}

// knows tells whether a part of a text that would become a link leads to something of the directory.
func (d Directory) knows(a autoLink) bool {
	if a.reason == ReasonPhone {
		return d.knowsPhone(a.digits)
	}
	if strings.Contains(a.text, "@") {
		return slices.ContainsFunc(d.Emails, func(e string) bool { return strings.EqualFold(e, strings.TrimPrefix(a.text, "mailto:")) })
	}
	host := strings.TrimPrefix(a.text, "https://")
	if i := strings.IndexAny(host, "/?#"); i >= 0 {
		host = host[:i]
	}
	return slices.Contains(d.Hosts, host)
}

func (d Directory) knowsPhone(digits string) bool {
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
