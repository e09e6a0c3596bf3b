// Package brand is what a letter carries of the practice itself: who it comes from, and the letterhead. A signed version holds both.
package brand

import (
	"slices"
	"strings"

	"letterhead/fault"
	"letterhead/wording/canon"
	"letterhead/wording/clean"
	"letterhead/wording/colour"
	"letterhead/wording/picture"
)

// Sender is who a message comes from: the display name and the address of the From header.
type Sender struct {
	Name   string `json:"name"`
	Local  string `json:"local"`
	Domain string `json:"domain"` // as DNS spells it: lower case, punycode where needed
}

// Branding is the letterhead: the practice's own name, colour, logo and ways to reach it.
type Branding struct {
	Name    string         `json:"name"`
	Accent  string         `json:"accent"` // #rrggbb
	Logo    *picture.Image `json:"logo,omitempty"`
	Address []string       `json:"address,omitempty"`
	Phone   *Phone         `json:"phone,omitempty"`
	Email   string         `json:"email,omitempty"`
	Website string         `json:"website,omitempty"` // https address whose host is among Hosts
}

// Phone is a number as people read it and as a phone dials it.
type Phone struct {
	Display string `json:"display"`
	Number  string `json:"number"` // E.164
}

// Directory is what the letterhead itself shows as the practice's own, beside its link hosts.
func (b *Branding) Directory(hosts []string) clean.Directory {
	d := clean.Directory{Hosts: slices.Clone(hosts)}
	if b.Phone != nil {
		d.Phones = append(d.Phones, b.Phone.Display, b.Phone.Number)
	}
	if b.Email != "" {
		d.Emails = append(d.Emails, b.Email)
	}
	return d
}

// Canonical writes s as RFC 8785 has it.
func (s Sender) Canonical(w *canon.Writer) {
	w.Open('{')
	w.Text("domain", s.Domain)
	w.Text("local", s.Local)
	w.Text("name", s.Name)
	w.Close('}')
}

// Canonical writes b as RFC 8785 has it.
func (b *Branding) Canonical(w *canon.Writer) {
	w.Open('{')
	w.Text("accent", b.Accent)
	if len(b.Address) > 0 {
		w.Texts("address", b.Address)
	}
	w.Some("email", b.Email)
	if b.Logo != nil {
		w.Name("logo")
		b.Logo.Canonical(w)
	}
	w.Text("name", b.Name)
	if b.Phone != nil {
		w.Name("phone")
		w.Open('{')
		w.Text("display", b.Phone.Display)
		w.Text("number", b.Phone.Number)
		w.Close('}')
	}
	w.Some("website", b.Website)
	w.Close('}')
}

// Check says whether a message may come from s.
func (s Sender) Check() error {
	if err := clean.Text("sender.name", s.Name, 60, clean.Directory{}); err != nil {
		return err
	}
	if clean.MixedWords(s.Name) || strings.ContainsAny(s.Name, "@<>") {
		return fault.Field("sender.name", "wording.sender_name", "the sender's name may not mix alphabets in a word or hold @, < or >")
	}
	if !clean.Local(s.Local) {
		return fault.Field("sender.local", "wording.sender_local", "the part before the @ has 1 to 64 lower-case letters, digits, dots, hyphens, plus or underscores")
	}
	return clean.Host("sender.domain", s.Domain)
}

// Check says whether b may stand on a letter whose links lead to hosts.
func (b *Branding) Check(hosts []string) error {
	own := b.Directory(hosts)
	if err := clean.Text("branding.name", b.Name, 80, own); err != nil {
		return err
	}
	if clean.MixedWords(b.Name) {
		return fault.Field("branding.name", "wording.branding_name", "one word of the practice's name mixes letters of two alphabets; type it again in one")
	}
	if _, ok := colour.Parse(b.Accent); !ok {
		return fault.Field("branding.accent", "wording.accent", "write the colour as # and six hexadecimal digits in lower case, such as #1f4e79")
	}
	if len(b.Address) > 5 {
		return fault.Field("branding.address", "wording.address_lines", "an address has at most 5 lines")
	}
	for _, line := range b.Address {
		if err := clean.Text("branding.address", line, 80, own); err != nil {
			return err
		}
	}
	if p := b.Phone; p != nil {
		if err := clean.PhonePair("branding.phone", p.Display, p.Number); err != nil {
			return err
		}
	}
	if b.Email != "" {
		local, domain, _ := strings.Cut(b.Email, "@")
		if !clean.Local(local) {
			return fault.Field("branding.email", "wording.email", "write the e-mail address in lower case, as in hello@clinic.example")
		}
		if err := clean.Host("branding.email", domain); err != nil {
			return err
		}
	}
	if b.Website != "" {
		if err := clean.URL("branding.website", b.Website, hosts); err != nil {
			return err
		}
	}
	return CheckImage("branding.logo", b.Logo)
}

// CheckImage holds a picture, where there is one, to its rules.
func CheckImage(path string, i *picture.Image) error {
	if i == nil {
		return nil
	}
	if err := i.Check(path); err != nil {
		return err
	}
	if i.Alt == "" {
		return fault.Field(path, "wording.image_alt", "say in words what the picture shows, for those who do not see it")
	}
	return clean.Text(path, i.Alt, 120, clean.Directory{})
}
