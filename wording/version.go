package wording

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"letterhead/wording/brand"
	"letterhead/wording/clean"
	"letterhead/wording/locale"
	"letterhead/wording/picture"
)

// Format is the number of this shape of version; another shape gets another number and its own reader.
const Format = 1

// Bounds of a version. They keep a mail near 5 kB and every loop short.
const (
	maxCanonical  = 64 << 10
	maxDepth      = 12
	maxLanguages  = 8
	maxBlocks     = 40
	maxParagraphs = 30
	maxInlines    = 60
	maxSentences  = 12
	maxHosts      = 12
	maxRun        = 2000 // runes of one inline
	maxSubject    = 160  // runes, values at their longest included
	maxPreheader  = 200
)

// Purpose decides whether a message needs a way out: marketing carries an unsubscribe link in every language.
type Purpose string

const (
	Transactional Purpose = "transactional"
	Marketing     Purpose = "marketing"
)

// Version is one immutable state of a wording. Everything in it is covered by its digest.
type Version struct {
	Format          int        `json:"format"`
	Purpose         Purpose    `json:"purpose"`
	Sender          Sender     `json:"sender"`
	Branding        Branding   `json:"branding"`
	Hosts           []string   `json:"hosts"` // the only hosts a link may lead to: exact, lower case, punycode where needed
	DefaultLanguage string     `json:"default_language"`
	Languages       []Language `json:"languages"`
	HealthInSMS     bool       `json:"health_in_sms,omitempty"` // the practice allows service names in SMS

	pictures map[string][]byte // by digest; attached, not part of the JSON: the digest stands for them
}

// What a letter carries of the practice itself; package brand holds their rules.
type (
	Sender   = brand.Sender
	Branding = brand.Branding
	Phone    = brand.Phone
	Image    = picture.Image
)

// Language is the whole wording in one language.
type Language struct {
	Tag       string     `json:"tag"` // BCP 47
	Subject   []Inline   `json:"subject"`
	Preheader []Inline   `json:"preheader,omitempty"`
	Blocks    []Block    `json:"blocks"`
	SMS       []Sentence `json:"sms,omitempty"`
}

// Sentence is a part of an SMS; parts that are shown are joined by a space.
type Sentence struct {
	When    []Condition `json:"when,omitempty"`
	Content []Inline    `json:"content"`
}

// BlockKind is what a block is.
type BlockKind string

const (
	HeadingBlock BlockKind = "heading"
	TextBlock    BlockKind = "text"
	ButtonBlock  BlockKind = "button"
	CardBlock    BlockKind = "appointment"
	DividerBlock BlockKind = "divider"
	ImageBlock   BlockKind = "image"
	AddressBlock BlockKind = "address"
	FooterBlock  BlockKind = "footer"
)

// Block is one part of a mail; which members it has depends on its kind.
type Block struct {
	Kind       BlockKind   `json:"kind"`
	When       []Condition `json:"when,omitempty"`       // all of them must hold
	Content    []Inline    `json:"content,omitempty"`    // heading
	Paragraphs []Paragraph `json:"paragraphs,omitempty"` // text, footer
	Label      string      `json:"label,omitempty"`      // button
	Target     *Target     `json:"target,omitempty"`     // button
	Image      *Image      `json:"image,omitempty"`      // image
	Service    bool        `json:"service,omitempty"`    // appointment: name the service on the card
}

// ParagraphStyle is how a paragraph stands.
type ParagraphStyle string

const (
	Plain  ParagraphStyle = ""
	Bullet ParagraphStyle = "bullet"
	Number ParagraphStyle = "number"
)

// Paragraph is a run of inlines; neighbours of the same list style make one list.
type Paragraph struct {
	Style   ParagraphStyle `json:"style,omitempty"`
	Content []Inline       `json:"content"`
}

// Inline is a piece of a line: exactly one of Text, Field and Break.
type Inline struct {
	Text     string  `json:"text,omitempty"`
	Field    Field   `json:"field,omitempty"`
	Fallback string  `json:"fallback,omitempty"` // instead of the language's own, when the field has no good value
	Break    bool    `json:"break,omitempty"`
	Bold     bool    `json:"bold,omitempty"`
	Italic   bool    `json:"italic,omitempty"`
	Link     *Target `json:"link,omitempty"` // only on Text
}

// TargetKind is where a link leads.
type TargetKind string

const (
	ToURL         TargetKind = "url"         // a fixed https address on one of the version's hosts
	ToWebsite     TargetKind = "website"     // the practice's website
	ToPhone       TargetKind = "phone"       // rings the practice
	ToEmail       TargetKind = "email"       // writes to the practice
	ToUnsubscribe TargetKind = "unsubscribe" // this recipient's own way out; marketing only
	ToConfirm     TargetKind = "confirm"     // where this recipient says that they come to the appointment
	ToDecline     TargetKind = "decline"     // where they ask to cancel it
	ToOwn         TargetKind = "own"         // a page of the portal for this recipient: of what the program says itself; nothing fills it in for a practice
)

// Target is a link's end.
type Target struct {
	Kind TargetKind `json:"kind"`
	URL  string     `json:"url,omitempty"`
}

// Language returns the language with that tag.
func (v *Version) Language(tag string) (*Language, bool) {
	for i := range v.Languages {
		if v.Languages[i].Tag == tag {
			return &v.Languages[i], true
		}
	}
	return nil, false
}

// Match returns the tag of v that serves a recipient who prefers another one: the same, else one with the same base language, else the default.
func (v *Version) Match(preferred string) string {
	if _, ok := v.Language(preferred); ok {
		return preferred
	}
	for _, l := range v.Languages {
		if preferred != "" && locale.Base(l.Tag) == locale.Base(preferred) {
			return l.Tag
		}
	}
	return v.DefaultLanguage
}

// Attach gives v the bytes of one of its images. It refuses bytes that are not the named ones.
func (v *Version) Attach(data []byte) error {
	sum := sha256.Sum256(data)
	name := hex.EncodeToString(sum[:])
	image, ok := v.image(name)
	if !ok {
		return refuse("image", "wording.image_unknown", "this picture is not one that the version names by its digest; attach the signed picture")
	}
	seen, err := picture.Describe(data, image.Alt)
	if err != nil {
		return err
	}
	if seen != image {
		return refuse("image", "wording.image_differs", "the picture is %s of %d × %d but the version says %s of %d × %d",
			seen.Type, seen.Width, seen.Height, image.Type, image.Width, image.Height)
	}
	if v.pictures == nil {
		v.pictures = make(map[string][]byte)
	}
	v.pictures[name] = slices.Clone(data)
	return nil
}

// Images returns every distinct image v names, the logo first.
func (v *Version) Images() []Image {
	var all []Image
	add := func(i *Image) {
		if i != nil && !slices.ContainsFunc(all, func(o Image) bool { return o.SHA256 == i.SHA256 }) {
			all = append(all, *i)
		}
	}
	add(v.Branding.Logo)
	for _, l := range v.Languages {
		for _, b := range l.Blocks {
			add(b.Image)
		}
	}
	return all
}

func (v *Version) image(digest string) (Image, bool) {
	for _, i := range v.Images() {
		if i.SHA256 == digest {
			return i, true
		}
	}
	return Image{}, false
}

// own is what the version itself has signed as the practice's.
func (v *Version) own() clean.Directory { return v.Branding.Directory(v.Hosts) }

// Links lists the outside addresses that v leads to, each once, in the order in which they first stand in its canonical JSON's languages, blocks and inlines. A
// link's number is its place in the list, from 1: the same for everybody who reads the version.
func (v *Version) Links() []string {
	var all []string
	add := func(to *Target) {
		address := ""
		if to != nil {
			address = v.address(to)
		}
		if address != "" && !slices.Contains(all, address) {
			all = append(all, address)
		}
	}
	for i := range v.Languages {
		for j := range v.Languages[i].Blocks {
			b := &v.Languages[i].Blocks[j]
			add(b.Target)
			for _, p := range b.Paragraphs {
				for k := range p.Content {
					add(p.Content[k].Link)
				}
			}
		}
	}
	return all
}

// Link is where the n-th of Links leads, and its host. False when there is none of that number, or it leads where no link of this version may.
func (v *Version) Link(n int) (address, host string, ok bool) {
	all := v.Links()
	if n < 1 || n > len(all) || clean.URL("link", all[n-1], v.Hosts) != nil {
		return "", "", false
	}
	return all[n-1], clean.HostOf(all[n-1]), true
}

// address is where a link to the web leads, "" for any other.
func (v *Version) address(to *Target) string {
	switch to.Kind {
	case ToURL:
		return to.URL
	case ToWebsite:
		return v.Branding.Website
	case ToPhone, ToEmail, ToUnsubscribe, ToConfirm, ToDecline, ToOwn:
	}
	return ""
}
