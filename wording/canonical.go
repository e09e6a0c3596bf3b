package wording

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"unicode/utf8"

	"letterhead/wording/canon"
	"letterhead/wording/strict"
)

// Digest names a version: SHA-256 over its canonical JSON.
type Digest [sha256.Size]byte

// String is the digest in lower-case hexadecimal.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// ParseDigest reads what String wrote.
func ParseDigest(text string) (Digest, error) {
	var d Digest
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != len(d) {
		return d, refuse("digest", "wording.digest", "a digest is %d hexadecimal digits", 2*len(d))
	}
	copy(d[:], raw)
	if d.String() != text {
		return Digest{}, refuse("digest", "wording.digest", "a digest is written in lower case")
	}
	return d, nil
}

// Canonical returns the JSON of v as RFC 8785 has it. It is what people sign.
func (v *Version) Canonical() ([]byte, error) {
	w := make(canon.Writer, 0, 4096)
	v.write(&w)
	if len(w) > maxCanonical {
		return nil, refuse("version", "wording.large", "the wording has %d kB; a wording has at most %d kB", len(w)>>10, maxCanonical>>10)
	}
	return w, nil
}

// Digest returns SHA-256 over Canonical.
func (v *Version) Digest() (Digest, error) {
	canonical, err := v.Canonical()
	if err != nil {
		return Digest{}, err
	}
	return sha256.Sum256(canonical), nil
}

// Decode reads a version strictly: known members in their own spelling, none twice, bounded in size and depth, valid UTF-8, nothing after it. It does not Validate.
func Decode(data []byte) (*Version, error) {
	if len(data) > maxCanonical {
		return nil, refuse("version", "wording.large", "the wording has %d kB; a wording has at most %d kB", len(data)>>10, maxCanonical>>10)
	}
	if !utf8.Valid(data) {
		return nil, refuse("version", "wording.utf8", "the wording is not valid UTF-8; save it as UTF-8")
	}
	if err := strict.Members(data, maxDepth); err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	v := new(Version)
	if err := decoder.Decode(v); err != nil {
		return nil, strict.Fault(err)
	}
	if v.Format != Format {
		return nil, refuse("format", "wording.format", "the wording has format %d; this program reads format %d", v.Format, Format)
	}
	return v, nil
}

// DecodeCanonical reads what Canonical wrote and refuses anything else that would decode to the same: one digest, one text. It returns the digest of data.
func DecodeCanonical(data []byte) (*Version, Digest, error) {
	if len(data) > maxCanonical {
		return nil, Digest{}, refuse("version", "wording.large", "the wording has %d kB; a wording has at most %d kB", len(data)>>10, maxCanonical>>10)
	}
	v := new(Version)
	if err := json.Unmarshal(data, v); err != nil {
		return nil, Digest{}, strict.Fault(err)
	}
	if canonical, err := v.Canonical(); err != nil || !bytes.Equal(canonical, data) { // which is stricter than Decode: nothing in data is not in v
		if _, err := Decode(data); err != nil {
			return nil, Digest{}, err
		}
		return nil, Digest{}, refuse("version", "wording.not_canonical", "the wording is not in canonical form; take the bytes that were signed")
	}
	if v.Format != Format {
		return nil, Digest{}, refuse("format", "wording.format", "the wording has format %d; this program reads format %d", v.Format, Format)
	}
	return v, sha256.Sum256(data), nil
}

// write writes v with its members in the order of their names. What a type has and its writer has not is found by TestCanonicalIsWhatOthersWrite.
func (v *Version) write(w *canon.Writer) {
	w.Open('{')
	w.Name("branding")
	v.Branding.Canonical(w)
	w.Text("default_language", v.DefaultLanguage)
	w.Number("format", v.Format)
	w.True("health_in_sms", v.HealthInSMS)
	w.Texts("hosts", v.Hosts)
	canon.List(w, "languages", v.Languages, func(l *Language) { l.write(w) })
	w.Text("purpose", string(v.Purpose))
	w.Name("sender")
	v.Sender.Canonical(w)
	w.Close('}')
}

func (l *Language) write(w *canon.Writer) {
	inline := func(in *Inline) { in.write(w) }
	w.Open('{')
	canon.List(w, "blocks", l.Blocks, func(b *Block) { b.write(w) })
	canon.SomeList(w, "preheader", l.Preheader, inline)
	canon.SomeList(w, "sms", l.SMS, func(s *Sentence) {
		w.Open('{')
		canon.List(w, "content", s.Content, inline)
		writeConditions(w, s.When)
		w.Close('}')
	})
	canon.List(w, "subject", l.Subject, inline)
	w.Text("tag", l.Tag)
	w.Close('}')
}

func (b *Block) write(w *canon.Writer) {
	inline := func(in *Inline) { in.write(w) }
	w.Open('{')
	canon.SomeList(w, "content", b.Content, inline)
	if b.Image != nil {
		w.Name("image")
		b.Image.Canonical(w)
	}
	w.Text("kind", string(b.Kind))
	w.Some("label", b.Label)
	canon.SomeList(w, "paragraphs", b.Paragraphs, func(p *Paragraph) {
		w.Open('{')
		canon.List(w, "content", p.Content, inline)
		w.Some("style", string(p.Style))
		w.Close('}')
	})
	w.True("service", b.Service)
	if b.Target != nil {
		b.Target.write(w, "target")
	}
	writeConditions(w, b.When)
	w.Close('}')
}

func (in *Inline) write(w *canon.Writer) {
	w.Open('{')
	w.True("bold", in.Bold)
	w.True("break", in.Break)
	w.Some("fallback", in.Fallback)
	w.Some("field", string(in.Field))
	w.True("italic", in.Italic)
	if in.Link != nil {
		in.Link.write(w, "link")
	}
	w.Some("text", in.Text)
	w.Close('}')
}

func (t *Target) write(w *canon.Writer, name string) {
	w.Name(name)
	w.Open('{')
	w.Text("kind", string(t.Kind))
	w.Some("url", t.URL)
	w.Close('}')
}

func writeConditions(w *canon.Writer, when []Condition) {
	canon.SomeList(w, "when", when, func(c *Condition) { w.String(string(*c)) })
}
