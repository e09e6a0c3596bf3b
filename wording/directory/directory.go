// Package directory is the signed document of what a practice calls its own: its places with address, phone, directions and reply address, the names of its services
// and practitioners, its numbers. Messages name an entry by its id and take the words from here, and from nowhere else.
//
// It promises: a directory has one canonical JSON (RFC 8785) and one digest, which people sign apart from any version; a Book comes only out of canonical JSON that
// passed every check, is read-only, and may be used by any number of goroutines. A changed directory recompiles nothing.
//
// The way: rows → Directory → Tidy (what cannot be shown is left out, with a remark) → Canonical → (signed, stored) → Parse → Book → rendering.
package directory

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"slices"
	"strings"

	"letterhead/fault"
	"letterhead/wording/canon"
	"letterhead/wording/clean"
	"letterhead/wording/encode"
	"letterhead/wording/strict"
)

// Format is the number of this shape of directory.
const Format = 1

// The longest that texts may be, in runes.
const (
	MostName         = 60
	MostAddress      = 160
	MostPhone        = 24
	MostDirections   = 300
	MostService      = 80
	MostPractitioner = 60

	mostPractice  = 80
	mostEntries   = 2000 // of a kind
	mostPhones    = 20
	maxCanonical  = 1 << 20
	maxDepth      = 4
	mostAddresses = 254 // characters of an e-mail address (RFC 5321 §4.5.3.1.3)
)

// Directory is the document. Entries are listed in the order of their ids, each once.
type Directory struct {
	Format        int      `json:"format"`
	Name          string   `json:"name,omitempty"` // of the practice
	Phones        []string `json:"phones,omitempty"`
	Places        []Place  `json:"places,omitempty"`
	Practitioners []Entry  `json:"practitioners,omitempty"`
	ReplyTo       string   `json:"reply_to,omitempty"` // where answers go when the place has no address of its own
	Services      []Entry  `json:"services,omitempty"`
}

// Place is a location as messages speak of it. What is empty is not shown.
type Place struct {
	Address    string `json:"address,omitempty"` // in one line
	Directions string `json:"directions,omitempty"`
	ID         string `json:"id"`
	Name       string `json:"name,omitempty"`
	Phone      string `json:"phone,omitempty"`
	ReplyTo    string `json:"reply_to,omitempty"`
}

// Entry is a service or a practitioner.
type Entry struct {
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
}

// Remark says which text was left out, and why. It holds no text.
type Remark struct {
	Kind   string // place, service, practitioner, practice
	ID     string
	Member string
	Reason clean.Reason
	Most   int // characters that such a text may have
}

// Say is the remark in words: what is wrong and the way out.
func (r Remark) Say() string { return r.Reason.Say(r.Most) }

// text is one text of a directory and the rules it is held to.
type text struct {
	kind, id, member string
	value            *string
	most             int
	hold             func(value string, most int, own *clean.Directory) clean.Reason
}

func line(value string, most int, _ *clean.Directory) clean.Reason {
	return clean.Check(clean.LineValue, most, value)
}

// directions may name the practice's own numbers.
func directions(value string, most int, own *clean.Directory) clean.Reason {
	reason := clean.Check(clean.LineValue, most, value)
	if reason == clean.ReasonPhone && own.AutoLinks("directions", value) == nil && !clean.MixedWords(value) {
		return ""
	}
	return reason
}

func phone(value string, most int, _ *clean.Directory) clean.Reason {
	return clean.Check(clean.PhoneValue, most, value)
}

func address(value string, most int, _ *clean.Directory) clean.Reason {
	local, domain, _ := strings.Cut(value, "@")
	if _, err := encode.Mailbox(local, domain); err != nil || len(value) > most || clean.Host("reply_to", domain) != nil {
		return clean.ReasonShape
	}
	return ""
}

// texts lists every text, numbers first: directions are held against them.
func (d *Directory) texts() []text {
	out := make([]text, 0, 2+len(d.Phones)+5*len(d.Places)+len(d.Services)+len(d.Practitioners))
	for i := range d.Phones {
		out = append(out, text{"practice", "", "phones", &d.Phones[i], MostPhone, phone})
	}
	for i := range d.Places {
		out = append(out, text{"place", d.Places[i].ID, "phone", &d.Places[i].Phone, MostPhone, phone})
	}
	out = append(out, text{"practice", "", "name", &d.Name, mostPractice, line}, text{"practice", "", "reply_to", &d.ReplyTo, mostAddresses, address})
	for i := range d.Places {
		p := &d.Places[i]
		out = append(out, text{"place", p.ID, "name", &p.Name, MostName, line}, text{"place", p.ID, "address", &p.Address, MostAddress, line},
			text{"place", p.ID, "directions", &p.Directions, MostDirections, directions}, text{"place", p.ID, "reply_to", &p.ReplyTo, mostAddresses, address})
	}
	for i := range d.Services {
		out = append(out, text{"service", d.Services[i].ID, "name", &d.Services[i].Name, MostService, line})
	}
	for i := range d.Practitioners {
		out = append(out, text{"practitioner", d.Practitioners[i].ID, "name", &d.Practitioners[i].Name, MostPractitioner, line})
	}
	return out
}

// own are the numbers of the directory.
func (d *Directory) own() *clean.Directory {
	own := &clean.Directory{Phones: slices.Clone(d.Phones)}
	for i := range d.Places {
		if d.Places[i].Phone != "" {
			own.Phones = append(own.Phones, d.Places[i].Phone)
		}
	}
	return own
}

// KnowsPhone tells whether bare digits are one of the numbers.
func (d *Directory) KnowsPhone(digits string) bool { return d.own().KnowsPhone(digits) }

// Tidy puts a directory that was made of rows into the form that can be signed: composed texts, entries in order, and what no message may show left out, with a
// remark for each. Where such a text would stand, a message has its fallback.
func (d *Directory) Tidy() []Remark {
	d.Format = Format
	byID := func(a, b Entry) int { return strings.Compare(a.ID, b.ID) }
	slices.SortFunc(d.Places, func(a, b Place) int { return strings.Compare(a.ID, b.ID) })
	slices.SortFunc(d.Services, byID)
	slices.SortFunc(d.Practitioners, byID)
	var remarks []Remark
	var own *clean.Directory
	for _, t := range d.texts() {
		if t.member != "phone" && t.member != "phones" && own == nil {
			own = d.own() // after the numbers were held to their rules
		}
		if *t.value = clean.Tidy(*t.value); *t.value == "" {
			continue
		}
		if t.member == "reply_to" {
			*t.value = strings.ToLower(*t.value) // no mailbox in use tells letters' cases apart (RFC 5321 §2.4)
		}
		if reason := t.hold(*t.value, t.most, own); reason != "" {
			*t.value = ""
			remarks = append(remarks, Remark{t.kind, t.id, t.member, reason, t.most})
		}
	}
	d.Phones = slices.DeleteFunc(d.Phones, func(p string) bool { return p == "" })
	return remarks
}

// Check says whether d may be signed: the first thing wrong and the way out.
func (d *Directory) Check() error {
	if d.Format != Format {
		return fault.Field("format", "wording.format", "the practice's details have format %d; this program reads format %d", d.Format, Format)
	}
	if len(d.Places) > mostEntries || len(d.Services) > mostEntries || len(d.Practitioners) > mostEntries || len(d.Phones) > mostPhones {
		return fault.Field("directory", "wording.directory_large", "there are at most %d entries of a kind and %d numbers; archive what is not used", mostEntries, mostPhones)
	}
	var before string
	for _, kind := range []struct {
		name string
		n    int
		id   func(int) string
	}{
		{"places", len(d.Places), func(i int) string { return d.Places[i].ID }},
		{"services", len(d.Services), func(i int) string { return d.Services[i].ID }},
		{"practitioners", len(d.Practitioners), func(i int) string { return d.Practitioners[i].ID }},
	} {
		for i := range kind.n {
			id := kind.id(i)
			if !goodID(id) || i > 0 && id <= before {
				return fault.Field(kind.name, "wording.directory_order", "entry %d: ids have 1 to 64 letters a to z, digits and hyphens, and stand in their order, each once", i+1)
			}
			before = id
		}
	}
	own := d.own()
	for _, t := range d.texts() {
		if *t.value == "" && t.member != "phones" {
			continue
		}
		if reason := t.hold(*t.value, t.most, own); reason != "" {
			return fault.Field(t.kind+" "+t.id+" "+t.member, "wording.value_"+string(reason), "%s", reason.Say(t.most))
		}
	}
	return nil
}

func goodID(id string) bool {
	if id == "" || len(id) > 64 {
		return false
	}
	for i := range len(id) {
		if c := id[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// Canonical returns the JSON of d as RFC 8785 has it. It is what people sign.
func (d *Directory) Canonical() ([]byte, error) {
	w := make(canon.Writer, 0, 1024)
	entry := func(e *Entry) {
		w.Open('{')
		w.Text("id", e.ID)
		w.Some("name", e.Name)
		w.Close('}')
	}
	w.Open('{')
	w.Number("format", d.Format)
	w.Some("name", d.Name)
	if len(d.Phones) > 0 {
		w.Texts("phones", d.Phones)
	}
	canon.SomeList(&w, "places", d.Places, func(p *Place) {
		w.Open('{')
		w.Some("address", p.Address)
		w.Some("directions", p.Directions)
		w.Text("id", p.ID)
		w.Some("name", p.Name)
		w.Some("phone", p.Phone)
		w.Some("reply_to", p.ReplyTo)
		w.Close('}')
	})
	canon.SomeList(&w, "practitioners", d.Practitioners, entry)
	w.Some("reply_to", d.ReplyTo)
	canon.SomeList(&w, "services", d.Services, entry)
	w.Close('}')
	if len(w) > maxCanonical {
		return nil, tooLarge(len(w))
	}
	return w, nil
}

func tooLarge(size int) error {
	return fault.Field("directory", "wording.directory_large", "the practice's details have %d kB; they have at most %d kB", size>>10, maxCanonical>>10)
}

// Decode reads canonical JSON and nothing else: known members, in order, each once. It does not Check.
func Decode(data []byte) (*Directory, error) {
	if len(data) > maxCanonical {
		return nil, tooLarge(len(data))
	}
	d := new(Directory)
	if err := json.Unmarshal(data, d); err != nil {
		return nil, strict.Fault(err)
	}
	if canonical, err := d.Canonical(); err != nil || !bytes.Equal(canonical, data) {
		if err := strict.Members(data, maxDepth); err != nil {
			return nil, err
		}
		return nil, fault.Field("directory", "wording.not_canonical", "the practice's details are not in canonical form; take the bytes that were signed")
	}
	return d, nil
}

// Book is a directory that passed every check, ready to be looked up in.
type Book struct {
	digest        [sha256.Size]byte
	name, replyTo string
	places        map[string]*Place
	services      map[string]string
	practitioners map[string]string
}

// Parse reads canonical JSON into a Book. Whoever uses it compares Digest with what was signed.
func Parse(data []byte) (*Book, error) {
	d, err := Decode(data)
	if err != nil {
		return nil, err
	}
	if err := d.Check(); err != nil {
		return nil, err
	}
	b := &Book{
		digest: sha256.Sum256(data), name: d.Name, replyTo: d.ReplyTo,
		places: make(map[string]*Place, len(d.Places)), services: make(map[string]string, len(d.Services)), practitioners: make(map[string]string, len(d.Practitioners)),
	}
	for i := range d.Places {
		b.places[d.Places[i].ID] = &d.Places[i]
	}
	for _, e := range d.Services {
		b.services[e.ID] = e.Name
	}
	for _, e := range d.Practitioners {
		b.practitioners[e.ID] = e.Name
	}
	return b, nil
}

// Digest is SHA-256 over the canonical JSON that b was read from.
func (b *Book) Digest() [sha256.Size]byte { return b.digest }

// Name is the practice's name.
func (b *Book) Name() string { return b.name }

// Place returns a place; false when none of that id was signed.
func (b *Book) Place(id string) (Place, bool) {
	if p := b.places[id]; p != nil {
		return *p, true
	}
	return Place{}, false
}

// Service returns the name of a service; false when none of that id was signed.
func (b *Book) Service(id string) (string, bool) {
	name, ok := b.services[id]
	return name, ok
}

// Practitioner returns the name of a practitioner; false when none of that id was signed.
func (b *Book) Practitioner(id string) (string, bool) {
	name, ok := b.practitioners[id]
	return name, ok
}

// ReplyTo is where answers to a message about a place go: its own address, else the practice's, "" for none.
func (b *Book) ReplyTo(place string) string {
	if p := b.places[place]; p != nil && p.ReplyTo != "" {
		return p.ReplyTo
	}
	return b.replyTo
}
