package wording

import (
	"bytes"
	"slices"
	"unicode/utf8"

	"letterhead/wording/clean"
	"letterhead/wording/encode"
	"letterhead/wording/field"
	"letterhead/wording/link"
	"letterhead/wording/locale"
)

// segment is bytes that never change, and perhaps a value after them.
type segment struct {
	need facts // shown only when all of them hold
	encode.Piece
	marks    uint32 // of '<' and '@' in it; no value and no fallback has any
	slotted  bool
	field    field.Index
	at       encode.Place
	fallback string
}

// Compiled is one language of a version, ready to render. It is read-only.
type Compiled struct {
	digest      Digest
	tag         string
	rtl         bool
	purpose     Purpose
	locale      *locale.Locale
	own         clean.Directory
	portal      link.Portal
	hosts       []string // of the links in it
	uses        []field.Index
	required    facts // presence bits of fields without a fallback
	subject     []segment
	body        []segment
	sms         []segment
	size        int // of the static part
	most        int // of a body with every value at its longest
	contentType string
}

// Digest is the digest of the version.
func (c *Compiled) Digest() Digest { return c.digest }

// Language is the tag of the compiled language.
func (c *Compiled) Language() string { return c.tag }

// Purpose is the version's purpose.
func (c *Compiled) Purpose() Purpose { return c.purpose }

// ContentType is the value of the Content-Type header; the body belongs under MIME-Version: 1.0.
func (c *Compiled) ContentType() string { return c.contentType }

// Hosts are the hosts that the fixed links lead to, sorted.
func (c *Compiled) Hosts() []string { return slices.Clone(c.hosts) }

// Uses lists the merged fields, so that a caller fetches only those.
func (c *Compiled) Uses() []Field {
	out := make([]Field, 0, len(c.uses))
	for _, i := range c.uses {
		out = append(out, i.Name())
	}
	return out
}

// HasSMS tells whether this language has a text message.
func (c *Compiled) HasSMS() bool { return len(c.sms) > 0 }

// Asks tells whether it has a link by which its recipient answers.
func (c *Compiled) Asks() bool {
	return slices.Contains(c.uses, field.Confirm) || slices.Contains(c.uses, field.Decline)
}

// Compile validates one language of v, and what all share, and turns it into segments. Every image must be attached. Links lead straight to where they lead.
func Compile(v *Version, tag string) (*Compiled, error) { return CompileThrough(Portal{}, v, tag) }

// CompileThrough is Compile with every link through the portal, named by the version and its number there (Version.Links). A link whose text reads as an address
// leads straight there: a mail program that compares the two would warn, and rightly.
func CompileThrough(portal Portal, v *Version, tag string) (*Compiled, error) {
	check := &validator{v: v, own: v.own()}
	if err := check.whole(); err != nil {
		return nil, err
	}
	n := slices.IndexFunc(v.Languages, func(l Language) bool { return l.Tag == tag })
	if n < 0 {
		return nil, refuse("language", "wording.language_unknown", "the wording has no language %q", clean.Clip(tag))
	}
	if err := check.oneLanguage(n); err != nil {
		return nil, err
	}
	language := &v.Languages[n]
	digest, err := v.Digest()
	if err != nil {
		return nil, err
	}
	for _, i := range v.Images() {
		if v.pictures[i.SHA256] == nil {
			return nil, refuse("image", "wording.image_absent", "the picture %q is not attached", clean.Clip(i.Alt))
		}
	}
	c := &Compiled{digest: digest, tag: tag, rtl: locale.RightToLeft(tag), purpose: v.Purpose, locale: locale.Of(tag), own: v.own(), portal: portal}
	w := &writer{c: c, v: v, language: language}
	if !portal.None() {
		w.links, w.token = v.Links(), link.Token(digest)
	}
	c.subject = w.plain(language.Subject)
	c.sms = w.message(language.SMS)
	c.body = w.parts()
	slices.Sort(c.hosts)
	c.hosts = slices.Compact(c.hosts)
	slices.Sort(c.uses)
	c.uses = slices.Compact(c.uses)
	for _, s := range c.body {
		c.size += len(s.Bytes)
		c.most += len(s.Bytes) + len("=\r\n")
		if s.slotted {
			longest := 12 * max(s.field.Info().Max, len(s.fallback)) // four bytes a letter, three characters a byte
			if s.field >= field.Unsubscribe && s.field <= field.Decline {
				longest = 5 * clean.MaxURL // as entities
			}
			c.most += longest + longest/16 + len("=\r\n")
		}
	}
	if units := c.longestSMS(); units > encode.MaxSMSUnits {
		return nil, refuse("languages."+tag+".sms", "wording.sms_long",
			"with its fields at their longest this SMS has %d units; at most %d are sent: shorten it", units, encode.MaxSMSUnits)
	}
	return c, nil
}

// writer collects literal text and slots and turns them into segments.
type writer struct {
	c        *Compiled
	v        *Version
	language *Language
	out      []segment
	literal  []byte
	need     facts
	at       encode.Place
	theme    theme
	links    []string // of the version, when there is a portal
	token    string
}

// raw adds bytes of our own layout.
func (w *writer) raw(parts ...string) {
	for _, p := range parts {
		w.literal = append(w.literal, p...)
	}
}

// text adds text of the practice, escaped by where it stands.
func (w *writer) text(s string) {
	if w.at == encode.HTML {
		w.literal = encode.AppendHTML(w.literal, s)
		return
	}
	w.literal = append(w.literal, s...)
}

// slot adds a merged value.
func (w *writer) slot(i field.Index, fallback string) {
	w.c.uses = append(w.c.uses, i)
	if fallback == "" {
		w.c.required |= present(i)
	}
	w.cut(segment{slotted: true, field: i, fallback: fallback})
}

// optional adds a value of the card, in a part that is shown only when it is there.
func (w *writer) optional(i field.Index) {
	w.c.uses = append(w.c.uses, i)
	w.cut(segment{slotted: true, field: i})
}

// only writes a part that is shown when the conditions hold as well.
func (w *writer) only(when facts, write func()) {
	if when == 0 {
		write()
		return
	}
	before := w.need
	w.flush()
	w.need |= when
	write()
	w.flush()
	w.need = before
}

func (w *writer) flush() {
	if len(w.literal) > 0 {
		w.cut(segment{})
	}
}

// cut closes the literal so far into a segment.
func (w *writer) cut(s segment) {
	s.need, s.at = w.need, w.at
	if w.at == encode.Plain {
		s.Piece = encode.Verbatim(bytes.Clone(w.literal))
	} else {
		s.Piece = encode.NewPiece(w.literal)
	}
	s.marks = marks(s.Bytes)
	w.literal = w.literal[:0]
	w.out = append(w.out, s)
}

// verbatim adds bytes that are encoded already and end with a line break.
func (w *writer) verbatim(b []byte) {
	w.flush()
	w.out = append(w.out, segment{Piece: encode.Verbatim(b), marks: marks(b)})
}

// marks counts what no value may add: the sign that an element begins with, and that of an e-mail address.
func marks(b []byte) uint32 {
	return uint32(bytes.Count(b, []byte{'<'}) + bytes.Count(b, []byte{'@'})) //nolint:gosec // of a mail, not of gigabytes
}

func (w *writer) take() []segment {
	w.flush()
	out := w.out
	w.out = nil
	return out
}

// plain compiles one line without mark-up.
func (w *writer) plain(inlines []Inline) []segment {
	w.at = encode.Plain
	w.inlines(inlines)
	return w.take()
}

// message compiles an SMS: sentences joined by spaces, each taking its space along.
func (w *writer) message(sentences []Sentence) []segment {
	w.at = encode.Plain
	for _, s := range sentences {
		mask, _ := maskOf("", s.When)
		w.only(mask, func() {
			w.raw(" ")
			w.inlines(s.Content)
		})
	}
	return w.take()
}

// parts lays out the whole body: multipart/alternative, its HTML within multipart/related when pictures go along. (RFC 2046 §5.1.4, RFC 2387)
func (w *writer) parts() []segment {
	name := w.c.digest.String()[:24] + "." + w.c.tag
	outer, inner := "=_a"+name, "=_r"+name // "=_" cannot occur in quoted-printable or base64 (RFC 2045 §6.7)
	w.c.contentType = "multipart/alternative;\r\n boundary=\"" + outer + "\""
	w.theme = newTheme(w.v, w.c)
	w.at = encode.Text
	w.verbatim([]byte("--" + outer + "\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"))
	w.plainPart()
	w.flush()
	images := w.v.Images()
	html := "Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
	head := "\r\n--" + outer + "\r\n"
	if len(images) > 0 {
		head += "Content-Type: multipart/related; type=\"text/html\";\r\n boundary=\"" + inner + "\"\r\n\r\n--" + inner + "\r\n"
	}
	w.verbatim([]byte(head + html))
	w.at = encode.HTML
	w.htmlPart()
	w.flush()
	for _, i := range images {
		w.verbatim(i.Part(inner, w.contentID(i), w.v.pictures[i.SHA256]))
	}
	end := "\r\n--" + outer + "--\r\n"
	if len(images) > 0 {
		end = "\r\n--" + inner + "--\r\n" + end
	}
	w.verbatim([]byte(end))
	return w.take()
}

// contentID names a picture inside the mail. (RFC 2392)
func (w *writer) contentID(i Image) string { return i.SHA256[:16] + "@" + w.v.Sender.Domain }

// longestSMS counts units with every value at its longest and every sentence shown.
func (c *Compiled) longestSMS() int {
	total := 0
	for _, s := range c.sms {
		_, units := encode.Measure(string(s.Bytes))
		total += units
		if s.slotted {
			total += max(s.field.Info().Max, utf8.RuneCountInString(s.fallback))
		}
	}
	return total
}
