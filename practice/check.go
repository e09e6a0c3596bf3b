package practice

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"
	"letterhead/fault"
	"letterhead/store"
	"letterhead/zone"
)

// Text trims, composes (NFC) and bounds a short text of one line. Control characters, line breaks and invisible direction marks are refused:
// they would let a name rewrite the sentence around it.
func Text(field, written string, most int) (string, error) {
	text := norm.NFC.String(strings.TrimSpace(written))
	if !utf8.ValidString(text) {
		return "", fault.Field(field, "practice.text", "this is not valid text; type it again")
	}
	if n := utf8.RuneCountInString(text); n > most {
		return "", fault.Field(field, "practice.too_long", "%d characters is too long; use at most %d", n, most)
	}
	for _, r := range text {
		if unsafe(r) {
			return "", fault.Field(field, "practice.text", "there is an invisible character (U+%04X) in it; type it again without line breaks or copied marks", r)
		}
	}
	return text, nil
}

// Lines is Text for several lines; empty ones at the end are dropped and each is trimmed.
func Lines(field, written string, most int) (string, error) {
	if n := utf8.RuneCountInString(written); n > most {
		return "", fault.Field(field, "practice.too_long", "%d characters is too long; use at most %d", n, most)
	}
	lines := strings.Split(strings.ReplaceAll(strings.TrimSpace(written), "\r\n", "\n"), "\n")
	for i, line := range lines {
		line, err := Text(field, line, most)
		if err != nil {
			return "", err
		}
		lines[i] = line
	}
	return strings.Join(lines, "\n"), nil
}

// unsafe are controls and the marks that override the direction of what follows. The joiners (U+200C, U+200D) and the plain direction marks
// (U+200E, U+200F) belong to names in Persian, Hindi, Arabic and Hebrew.
func unsafe(r rune) bool {
	switch {
	case unicode.IsControl(r), r == '\u2028', r == '\u2029', r == '\ufeff', r == utf8.RuneError:
		return true
	// Invisible or blank, and of no use in a name: two people who look the same would not be.
	case r == 0xad, r == 0x34f, r == 0x115f, r == 0x1160, r == 0x180e, r == 0x200b, r == 0x2800, r == 0x3164, r == 0xffa0, r >= 0x2060 && r <= 0x2064, r >= 0xfff0 && r <= 0xffff:
		return true
	case r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069':
		return true
	}
	return r >= 0xe0000 && r <= 0xe007f // tags
}

func required(field, written string, most int) (string, error) {
	text, err := Text(field, written, most)
	if err == nil && text == "" {
		err = fault.Field(field, "practice.required", "this is needed; fill it in")
	}
	return text, err
}

// Zone checks the name of a time zone. "" is returned as it is.
func Zone(field, name string) (string, error) {
	name = strings.TrimSpace(name)
	if name == "" {
		return "", nil
	}
	if _, err := zone.Load(name); err != nil {
		return "", fault.Field(field, "zone.unknown", "no such time zone; write it as Region/City, for example Australia/Melbourne")
	}
	return name, nil
}

// Country returns the ISO 3166-1 alpha-2 code of a country that exists.
func Country(field, code string) (string, error) {
	code = strings.ToUpper(strings.TrimSpace(code))
	region, err := language.ParseRegion(code)
	if err != nil || len(code) != 2 || !region.IsCountry() {
		return "", fault.Field(field, "practice.country", "no such country; write its two letters (ISO 3166), for example AU")
	}
	if now := region.Canonicalize(); now != region || now.String() != code {
		return "", fault.Field(field, "practice.country", "this code is not used any more; write %s", now)
	}
	return code, nil
}

// Language returns a language in its canonical form (BCP 47). "" is returned as it is.
func Language(field, written string) (string, error) {
	written = strings.TrimSpace(written)
	if written == "" {
		return "", nil
	}
	tag, err := language.Parse(written)
	if err != nil || len(written) > 35 || tag == language.Und {
		return "", fault.Field(field, "practice.language", "no such language; write it as en, en-AU or ar")
	}
	return tag.String(), nil
}

// LanguageOf is the language most used in a country; "en" when the country is not known.
func LanguageOf(country string) string {
	region, err := language.ParseRegion(country)
	if err != nil {
		return "en"
	}
	tag, err := language.Compose(region)
	if err != nil {
		return "en"
	}
	base, sure := tag.Base()
	if sure == language.No {
		return "en"
	}
	return base.String()
}

var (
	hexColour = regexp.MustCompile(`^#[0-9a-f]{6}$`)
	localPart = regexp.MustCompile("^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$") // RFC 5322 §3.2.3 dot-atom, lower case
)

// Check returns a practice as it would be stored, or which field is wrong.
func (p Practice) Check() (Practice, error) {
	var c checker
	p.Name = c.take(required("name", p.Name, MaxName))
	p.Country = c.take(Country("country", p.Country))
	p.Zone = c.need("zone", c.take(Zone("zone", p.Zone)), "Region/City, for example Australia/Melbourne")
	if p.Language == "" {
		p.Language = LanguageOf(p.Country)
	}
	p.Language = c.take(Language("language", p.Language))
	p.Phone = c.take(phone("phone", p.Phone, p.Country))
	p.Email = c.take(email("email", p.Email))
	p.Website = c.take(website("website", p.Website))
	p.Address = c.take(Lines("address", p.Address, MaxAddress))
	p.Accent = strings.ToLower(strings.TrimSpace(p.Accent))
	c.must(hexColour.MatchString(p.Accent), "accent", "practice.colour", "write the colour as #1f5f8b")
	p.SenderLocal = strings.ToLower(strings.TrimSpace(p.SenderLocal))
	c.must(len(p.SenderLocal) <= 64 && localPart.MatchString(p.SenderLocal), "sender_local", "practice.sender", "write what stands before the @, for example appointments")
	p.Domain = c.take(domain("domain", p.Domain))
	c.must(p.DefaultChannel == Email || p.DefaultChannel == SMS || p.DefaultChannel == NoChannel, "default_channel", "practice.channel", "choose email, sms or none")
	c.must(p.SMSPrice >= 0 && p.SMSPrice <= MaxPartPrice, "sms_price", "practice.part_price", partPrice)
	c.must(p.QuietFrom >= 0 && p.QuietFrom < 1440, "quiet_from", "practice.quiet", "choose a time between 00:00 and 23:59")
	c.must(p.QuietTo >= 0 && p.QuietTo < 1440, "quiet_to", "practice.quiet", "choose a time between 00:00 and 23:59")
	c.must(p.ClientWord == "client" || p.ClientWord == "patient", "client_word", "practice.client_word", "choose client or patient")
	return p, c.err
}

func checkedLocation(l Location) (Location, error) {
	var c checker
	l.Name = c.take(required("name", l.Name, MaxName))
	l.Zone = c.need("zone", c.take(Zone("zone", l.Zone)), "Region/City, for example Australia/Melbourne")
	l.Address = c.take(Lines("address", l.Address, MaxAddress))
	l.Phone = c.take(Text("phone", l.Phone, 40))
	l.Directions = c.take(Lines("directions", l.Directions, MaxDirections))
	l.ReplyTo = c.take(email("reply_to", l.ReplyTo))
	c.must(l.Mode == "" || l.Mode.Valid(), "mode", "practice.mode", "choose in person, video, phone or home")
	if err := l.Hours.check(); err != nil && c.err == nil {
		c.err = err
	}
	return l, c.err
}

func checkedService(s Service) (Service, error) {
	var c checker
	s.Name = c.take(required("name", s.Name, MaxName))
	c.must(s.Minutes >= 1 && s.Minutes <= MaxMinutes, "minutes", "practice.minutes", "a service takes 1 to %d minutes", MaxMinutes)
	c.must(s.Mode.Valid(), "mode", "practice.mode", "choose in person, video, phone or home")
	c.must(s.Price >= 0 && s.Price <= MaxPrice, "price", "practice.price", "write a price such as 85.00, or leave it empty")
	c.must(slices.Contains(Colours(), s.Colour), "colour", "practice.colour_of_list", "choose a colour from the list")
	return s, c.err
}

func checkedPractitioner(p Practitioner) (Practitioner, error) {
	var c checker
	p.Name = c.take(required("name", p.Name, MaxName))
	p.Title = c.take(Text("title", p.Title, MaxTitle))
	p.Member = store.MemberID(c.take(Text("member", string(p.Member), MaxName)))
	c.must(len(p.Services) <= MaxThings && len(p.Locations) <= MaxThings, "services", "practice.list", "choose from the list")
	return p, c.err
}

// checker keeps the first thing that was wrong.
type checker struct{ err error }

func (c *checker) take(text string, err error) string {
	if c.err == nil {
		c.err = err
	}
	return text
}

func (c *checker) must(ok bool, field, key, format string, args ...any) {
	if c.err == nil && !ok {
		c.err = fault.Field(field, key, format, args...)
	}
}

func (c *checker) need(field, text, example string) string {
	c.must(text != "", field, "practice.required", "this is needed: %s", example)
	return text
}
