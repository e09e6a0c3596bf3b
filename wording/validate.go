package wording

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"letterhead/wording/brand"
	"letterhead/wording/clean"
	"letterhead/wording/encode"
	"letterhead/wording/field"
	"letterhead/wording/locale"
	"letterhead/wording/picture"
)

// validator carries what the parts of one version are held against.
type validator struct {
	v        *Version
	own      clean.Directory
	language *Language
	locale   *locale.Locale
	wayOut   bool // an unsubscribe link was seen in this language
}

// Validate says whether v may be signed and compiled: the first thing wrong, its encode.Place and the way out.
func (v *Version) Validate() error {
	c := &validator{v: v, own: v.own()}
	if err := c.whole(); err != nil {
		return err
	}
	for i := range v.Languages {
		if err := c.oneLanguage(i); err != nil {
			return err
		}
	}
	return nil
}

// whole holds what all languages share to its rules.
func (c *validator) whole() error {
	v := c.v
	if v.Format != Format {
		return refuse("format", "wording.format", "the wording has format %d; this program writes format %d", v.Format, Format)
	}
	if v.Purpose != Transactional && v.Purpose != Marketing {
		return refuse("purpose", "wording.purpose", "say what this wording is for: %s or %s", Transactional, Marketing)
	}
	if len(v.Hosts) > maxHosts {
		return refuse("hosts", "wording.hosts_many", "a wording has at most %d link hosts", maxHosts)
	}
	for i, h := range v.Hosts {
		if err := clean.Host("hosts", h); err != nil {
			return err
		}
		if i > 0 && v.Hosts[i-1] >= h {
			return refuse("hosts", "wording.hosts_order", "list the link hosts in alphabetical order, each once")
		}
	}
	if err := v.Sender.Check(); err != nil {
		return err
	}
	if err := v.Branding.Check(v.Hosts); err != nil {
		return err
	}
	if len(v.Languages) == 0 || len(v.Languages) > maxLanguages {
		return refuse("languages", "wording.languages", "a wording has one to %d languages", maxLanguages)
	}
	if _, ok := v.Language(v.DefaultLanguage); !ok {
		return refuse("default_language", "wording.default_language", "the default language must be one of the wording's languages")
	}
	images, total := v.Images(), 0
	if len(images) > picture.Most {
		return refuse("image", "wording.images_many", "a message carries at most %d pictures; take some away", picture.Most)
	}
	for _, i := range images {
		total += len(v.pictures[i.SHA256])
	}
	if total > picture.MaxAll {
		return refuse("image", "wording.images_large", "the pictures have %d kB together; a mail carries at most %d kB", total>>10, picture.MaxAll>>10)
	}
	return nil
}

func (c *validator) oneLanguage(n int) error {
	l := &c.v.Languages[n]
	at := "languages." + clean.Clip(l.Tag)
	if !locale.ValidTag(l.Tag) {
		return refuse(at, "wording.language_tag", "write the language as in en, en-AU or ar-EG (BCP 47)")
	}
	if slices.ContainsFunc(c.v.Languages[:n], func(o Language) bool { return o.Tag == l.Tag }) {
		return refuse(at, "wording.language_twice", "this language is there twice; remove one")
	}
	c.language, c.locale, c.wayOut = l, locale.Of(l.Tag), false
	if err := c.line(at+".subject", l.Subject, maxSubject); err != nil {
		return err
	}
	if len(l.Subject) == 0 {
		return refuse(at+".subject", "wording.subject_missing", "give the message a subject")
	}
	if err := c.line(at+".preheader", l.Preheader, maxPreheader); err != nil {
		return err
	}
	if len(l.Blocks) == 0 || len(l.Blocks) > maxBlocks {
		return refuse(at+".blocks", "wording.blocks", "a wording has one to %d blocks", maxBlocks)
	}
	for i := range l.Blocks {
		if err := c.block(at+".blocks."+strconv.Itoa(i), &l.Blocks[i], i == len(l.Blocks)-1); err != nil {
			return err
		}
	}
	if c.v.Purpose == Marketing && !c.wayOut {
		return refuse(at+".blocks", "wording.no_unsubscribe", "a marketing message needs a link to unsubscribe that is always shown; put one into the footer")
	}
	return c.sms(at+".sms", l.SMS)
}

func (c *validator) block(at string, b *Block, last bool) error {
	if _, err := maskOf(at+".when", b.When); err != nil {
		return err
	}
	if (b.Kind == FooterBlock) != last || (last && len(b.When) > 0) {
		return refuse(at, "wording.footer", "a wording ends with exactly one footer, always shown; put it last")
	}
	if err := onlyMembersOf(at, b); err != nil {
		return err
	}
	switch b.Kind {
	case HeadingBlock:
		if len(b.Content) == 0 {
			return refuse(at, "wording.heading_empty", "the heading is empty; write it or remove the block")
		}
		return c.line(at+".content", b.Content, 120)
	case TextBlock, FooterBlock:
		return c.paragraphs(at, b)
	case ButtonBlock:
		if err := clean.Text(at+".label", b.Label, 40, c.own); err != nil {
			return err
		}
		if b.Target == nil {
			return refuse(at+".target", "wording.target_missing", "say where the button leads")
		}
		return c.target(at+".target", b.Target, b.Label, len(b.When) == 0)
	case CardBlock:
		if c.v.Purpose == Marketing {
			return refuse(at, "wording.card_marketing", "a marketing message is about no appointment; remove the card")
		}
	case ImageBlock:
		if b.Image == nil {
			return refuse(at+".image", "wording.image_missing", "choose a picture or remove the block")
		}
		return brand.CheckImage(at+".image", b.Image)
	case DividerBlock, AddressBlock:
	default:
		return refuse(at+".kind", "wording.block_kind", "there is no block of the kind %q", clean.Clip(string(b.Kind)))
	}
	return nil
}

// onlyMembersOf refuses members that the kind of block would not show: what is signed is what is seen.
func onlyMembersOf(at string, b *Block) error {
	text := b.Kind == TextBlock || b.Kind == FooterBlock
	for _, m := range []struct {
		name         string
		there, right bool
	}{
		{"content", len(b.Content) > 0, b.Kind == HeadingBlock},
		{"paragraphs", len(b.Paragraphs) > 0, text},
		{"label", b.Label != "", b.Kind == ButtonBlock},
		{"target", b.Target != nil, b.Kind == ButtonBlock},
		{"image", b.Image != nil, b.Kind == ImageBlock},
		{"service", b.Service, b.Kind == CardBlock},
	} {
		if m.there && !m.right {
			return refuse(at+"."+m.name, "wording.member_unused", "a block of the kind %q shows no %s; remove it", clean.Clip(string(b.Kind)), m.name)
		}
	}
	return nil
}

func (c *validator) paragraphs(at string, b *Block) error {
	if len(b.Paragraphs) == 0 || len(b.Paragraphs) > maxParagraphs {
		return refuse(at, "wording.paragraphs", "a text has one to %d paragraphs", maxParagraphs)
	}
	for i, p := range b.Paragraphs {
		at := at + ".paragraphs." + strconv.Itoa(i)
		if p.Style != Plain && p.Style != Bullet && p.Style != Number {
			return refuse(at, "wording.paragraph_style", "a paragraph is plain, a bullet or numbered")
		}
		if err := c.inlines(at, p.Content, true); err != nil {
			return err
		}
		for j, in := range p.Content {
			if in.Link != nil {
				if err := c.target(at+".content."+strconv.Itoa(j), in.Link, in.Text, len(b.When) == 0); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (c *validator) sms(at string, sentences []Sentence) error {
	if len(sentences) > maxSentences {
		return refuse(at, "wording.sms_sentences", "an SMS has at most %d sentences", maxSentences)
	}
	for i, s := range sentences {
		at := at + "." + strconv.Itoa(i)
		if _, err := maskOf(at, s.When); err != nil {
			return err
		}
		if err := c.line(at, s.Content, encode.MaxSMSUnits); err != nil {
			return err
		}
		for _, in := range s.Content {
			if info, ok := Lookup(in.Field); ok && info.Health && !c.v.HealthInSMS {
				return refuse(at, "wording.sms_health", "%s says something about a person's health and an SMS is read on locked screens; remove it, or allow it for this wording", in.Field)
			}
		}
	}
	return nil
}

// target holds a link against the version; always tells that the link is shown whatever the facts are.
func (c *validator) target(at string, t *Target, label string, always bool) error {
	b := c.v.Branding
	if t.Kind != ToURL && t.URL != "" {
		return refuse(at, "wording.target_url", "only a link to a fixed page carries an address; remove it")
	}
	missing := false
	host := ""
	switch t.Kind {
	case ToURL:
		if err := clean.URL(at, t.URL, c.v.Hosts); err != nil {
			return err
		}
		host = clean.HostOf(t.URL)
	case ToWebsite:
		missing = b.Website == ""
		host = clean.HostOf(b.Website)
	case ToPhone:
		missing = b.Phone == nil
	case ToEmail:
		missing = b.Email == ""
	case ToUnsubscribe:
		if c.v.Purpose != Marketing {
			return refuse(at, "wording.unsubscribe", "only marketing messages can be unsubscribed from here; remove the link")
		}
		c.wayOut = c.wayOut || always
	case ToOwn, ToConfirm, ToDecline:
		if c.v.Purpose != Transactional {
			return refuse(at, "wording.own", "a marketing message leads to no page of its recipient's own; remove the link")
		}
	default:
		return refuse(at, "wording.target", "a link leads to a page, the website, the phone, the e-mail address, the unsubscribe page, or where an appointment is confirmed or asked to be cancelled")
	}
	if missing {
		return refuse(at, "wording.target_unset", "the practice's details have no %s for this link; add it there or remove the link", t.Kind)
	}
	var err error
	clean.Scan(label, func(a clean.AutoLink) bool {
		if a.Reason == clean.ReasonLink && !strings.Contains(a.Text, "@") && (host == "" || !clean.Directory{Hosts: []string{host}}.Knows(a)) {
			err = refuse(at, "wording.link_label", "the text of the link reads as another address than the one it leads to; make them the same")
		}
		return err == nil
	})
	return err
}

// line holds inlines to one plain line of at most so many runes, values at their longest.
func (c *validator) line(at string, inlines []Inline, most int) error {
	total := 0
	for _, in := range inlines {
		if in.Break || in.Bold || in.Italic || in.Link != nil {
			return refuse(at, "wording.plain_line", "this is one plain line: no bold, italic, links or line breaks")
		}
		total += c.longest(in)
	}
	if total > most {
		return refuse(at, "wording.line_long", "with its fields at their longest this has %d characters; at most %d fit", total, most)
	}
	return c.inlines(at, inlines, false)
}

// longest is how many runes an inline may become.
func (c *validator) longest(in Inline) int {
	if in.Field == "" {
		return utf8.RuneCountInString(in.Text)
	}
	i, ok := field.Of(in.Field)
	if !ok {
		return 0
	}
	if i > field.Merged {
		return utf8.RuneCountInString(literal(&c.v.Branding, i))
	}
	return max(i.Info().Max, utf8.RuneCountInString(in.Fallback))
}
