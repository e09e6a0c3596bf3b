package show

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"slices"
	"strings"

	"letterhead/wording"
	"letterhead/wording/code"
	"letterhead/wording/directory"
	"letterhead/wording/link"
)

// Wording is a version as people look at it before they sign.
type Wording struct {
	Digest    wording.Digest
	Purpose   string
	Sender    string
	Hosts     []string
	Links     []string
	Images    []string
	HealthSMS bool
	Languages []Language
}

// Letter leaves of a letter what is sent: it goes by one channel, and depends on no conditions.
func (w *Wording) Letter(channel string) {
	for i := range w.Languages {
		for j := range w.Languages[i].Examples {
			e := &w.Languages[i].Examples[j]
			if e.When = ""; channel == "sms" {
				e.Subject, e.HTML, e.Text = "", "", ""
			} else {
				e.SMS, e.SMSParts = "", 0
			}
		}
	}
}

// Language is one language of it.
type Language struct {
	Tag      string
	RTL      bool
	Examples []Example
}

// Example is a message that would be sent.
type Example struct {
	When     string // which conditions it is an example of
	Subject  string
	HTML     string // a document, pictures within it
	Text     string
	SMS      string // "" when there is none
	SMSParts int
}

// Read reads a version's canonical JSON and renders it. book may be nil: then examples stand for the practice's own texts. pictures are by the
// images' names in the version; one that is missing is an error.
func Read(content []byte, book *Directory, pictures map[string][]byte) (*Wording, error) {
	v, digest, err := wording.DecodeCanonical(content)
	if err != nil {
		return nil, fmt.Errorf("read the template: %w", err)
	}
	if err := v.Validate(); err != nil {
		return nil, fmt.Errorf("read the template: %w", err)
	}
	out := &Wording{Digest: digest, Purpose: string(v.Purpose), Sender: v.Sender.Name + " <" + v.Sender.Local + "@" + v.Sender.Domain + ">",
		Hosts: v.Hosts, Links: v.Links(), HealthSMS: v.HealthInSMS}
	for _, image := range v.Images() {
		data, there := pictures[image.SHA256]
		if !there {
			return nil, errors.New("a picture of this template is not there, so that it cannot be shown")
		}
		if err := v.Attach(data); err != nil {
			return nil, fmt.Errorf("attach a picture: %w", err)
		}
		out.Images = append(out.Images, image.Alt)
	}
	for i := range v.Languages {
		l, err := language(v, &v.Languages[i], book)
		if err != nil {
			return nil, err
		}
		out.Languages = append(out.Languages, l)
	}
	return out, nil
}

func language(v *wording.Version, l *wording.Language, book *Directory) (Language, error) {
	out := Language{Tag: l.Tag, RTL: wording.RightToLeft(l.Tag)}
	compiled, err := wording.Compile(v, l.Tag)
	if err != nil {
		return out, fmt.Errorf("compile %s: %w", l.Tag, err)
	}
	for _, s := range situations(l) {
		e, err := example(v, compiled, s, book)
		if err != nil {
			return out, fmt.Errorf("render %s, %s: %w", l.Tag, s.name(), err)
		}
		out.Examples = append(out.Examples, e)
	}
	return out, nil
}

func example(v *wording.Version, compiled *wording.Compiled, s situation, book *Directory) (Example, error) {
	values := s.values(v, book)
	var rendered wording.Rendered
	if book != nil {
		rendered = compiled.RenderWith(book.Book, nil, values)
	} else {
		rendered = compiled.Render(nil, values)
	}
	out := Example{When: s.name(), SMS: string(rendered.SMS)}
	if out.SMS != "" {
		out.SMSParts, _, _ = wording.SMSParts(out.SMS)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(strings.ReplaceAll(string(rendered.Subject), "\r\n", ""))
	if err != nil {
		return out, err
	}
	out.Subject = subject
	pictures := map[string]string{}
	if err := walk(rendered.ContentType(), bytes.NewReader(rendered.Body), &out, pictures); err != nil {
		return out, err
	}
	for id, data := range pictures {
		out.HTML = strings.ReplaceAll(out.HTML, "cid:"+id, data)
	}
	return out, nil
}

// walk takes a body apart as a mail program does.
func walk(contentType string, body io.Reader, out *Example, pictures map[string]string) error {
	_, parameters, err := mime.ParseMediaType(strings.ReplaceAll(contentType, "\r\n", ""))
	if err != nil {
		return err
	}
	parts := multipart.NewReader(body, parameters["boundary"])
	for {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		inner := part.Header.Get("Content-Type")
		kind, _, err := mime.ParseMediaType(inner)
		if err != nil {
			return err
		}
		switch {
		case strings.HasPrefix(kind, "multipart/"):
			err = walk(inner, part, out, pictures)
		case strings.HasPrefix(kind, "image/"):
			var raw []byte
			raw, err = io.ReadAll(base64.NewDecoder(base64.StdEncoding, part))
			pictures[strings.Trim(part.Header.Get("Content-Id"), "<>")] = "data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(raw)
		default:
			var raw []byte
			raw, err = io.ReadAll(quotedprintable.NewReader(part))
			if text := strings.ReplaceAll(string(raw), "\r\n", "\n"); kind == "text/html" {
				out.HTML = text
			} else {
				out.Text = text
			}
		}
		if err != nil {
			return err
		}
	}
}

// situation is what a message's conditions depend on.
type situation struct {
	mode                                   wording.Mode
	first, forOther, confirmed, otherClock bool
}

// holds tells whether a condition does.
func (s situation) holds(c wording.Condition) bool {
	switch c {
	case wording.InPerson:
		return s.mode == wording.ModeInPerson
	case wording.Telehealth:
		return s.mode == wording.ModeTelehealth
	case wording.ByPhone:
		return s.mode == wording.ModePhone
	case wording.HomeVisit:
		return s.mode == wording.ModeHomeVisit
	case wording.FirstVisit:
		return s.first
	case wording.Returning:
		return !s.first
	case wording.ForSelf:
		return !s.forOther
	case wording.ForOther:
		return s.forOther
	case wording.Unconfirmed:
		return !s.confirmed
	case wording.Confirmed:
		return s.confirmed
	case wording.ZoneDiffers:
		return s.otherClock
	case wording.SameZone:
		return !s.otherClock
	}
	return false
}

// with is the situation in which a condition holds, all else as it is.
func (s situation) with(c wording.Condition) situation {
	switch c {
	case wording.InPerson:
		s.mode = wording.ModeInPerson
	case wording.Telehealth:
		s.mode = wording.ModeTelehealth
	case wording.ByPhone:
		s.mode = wording.ModePhone
	case wording.HomeVisit:
		s.mode = wording.ModeHomeVisit
	case wording.FirstVisit, wording.Returning:
		s.first = c == wording.FirstVisit
	case wording.ForSelf, wording.ForOther:
		s.forOther = c == wording.ForOther
	case wording.Unconfirmed, wording.Confirmed:
		s.confirmed = c == wording.Confirmed
	case wording.ZoneDiffers, wording.SameZone:
		s.otherClock = c == wording.ZoneDiffers
	}
	return s
}

func (s situation) name() string {
	words := []string{map[wording.Mode]string{wording.ModeInPerson: "in person", wording.ModeTelehealth: "by video", wording.ModePhone: "by phone", wording.ModeHomeVisit: "at home"}[s.mode]}
	pick := func(is bool, yes, no string) {
		if is {
			words = append(words, yes)
		} else if no != "" {
			words = append(words, no)
		}
	}
	pick(s.first, "first visit", "been here before")
	pick(s.forOther, "for a child or somebody cared for", "")
	pick(s.confirmed, "confirmed", "not confirmed yet")
	pick(s.otherClock, "lives in another time zone", "")
	return strings.Join(words, ", ")
}

// situations are enough that each condition which a language speaks of holds in one and does not hold in another, and that each of its parts is
// shown in at least one.
func situations(l *wording.Language) []situation {
	var sets [][]wording.Condition
	for _, b := range l.Blocks {
		sets = append(sets, b.When)
	}
	for _, s := range l.SMS {
		sets = append(sets, s.When)
	}
	base := situation{mode: wording.ModeInPerson}
	out := []situation{base}
	add := func(s situation) {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	for _, set := range sets {
		for _, c := range set {
			add(base.with(c))
			if base.holds(c) { // and once without
				add(opposite(base, c))
			}
		}
	}
	for _, set := range sets {
		if !slices.ContainsFunc(out, func(s situation) bool { return all(s, set) }) {
			s := base
			for _, c := range set {
				s = s.with(c)
			}
			add(s)
		}
	}
	return out
}

func all(s situation, set []wording.Condition) bool {
	return !slices.ContainsFunc(set, func(c wording.Condition) bool { return !s.holds(c) })
}

func opposite(s situation, c wording.Condition) situation {
	other := map[wording.Condition]wording.Condition{
		wording.InPerson: wording.Telehealth, wording.Returning: wording.FirstVisit, wording.ForSelf: wording.ForOther,
		wording.Unconfirmed: wording.Confirmed, wording.SameZone: wording.ZoneDiffers,
	}[c]
	return s.with(other)
}

// values are an example's.
func (s situation) values(v *wording.Version, book *Directory) *wording.Values {
	out := &wording.Values{
		Recipient: wording.Person{First: "Fatima"}, Start: wording.Wall{Year: 2026, Month: 12, Day: 1, Hour: 10},
		End: wording.Wall{Year: 2026, Month: 12, Day: 1, Hour: 10, Minute: 45}, Minutes: 45, Zone: "Australia/Melbourne", Mode: s.mode,
		FirstVisit: s.first, ForOther: s.forOther, Confirmed: s.confirmed, ZoneDiffers: s.otherClock, Code: code.Example, Confirm: link.Example, Decline: link.Example,
	}
	if s.forOther {
		out.Attendee = wording.Person{First: "Zoë"}
	}
	if len(v.Hosts) > 0 {
		out.Unsubscribe = "https://" + v.Hosts[0] + "/unsubscribe/example"
	}
	if book != nil {
		out.PlaceID, out.ServiceID, out.PractitionerID = book.place, book.service, book.practitioner
		return out
	}
	example := func(name wording.Field) string {
		info, _ := wording.Lookup(name)
		return info.Example
	}
	out.Service, out.Practitioner = example("appointment.service"), example("appointment.practitioner")
	out.Location = wording.Place{Name: example("location.name"), Address: example("location.address"), Phone: example("location.phone"), Directions: example("location.directions")}
	return out
}

// Directory is a practice's own texts, and the entries that examples name.
type Directory struct {
	Book                         *wording.Book
	place, service, practitioner string
	entries                      *directory.Directory
}

// ReadDirectory reads a directory's canonical JSON.
func ReadDirectory(content []byte) (*Directory, error) {
	book, err := directory.Parse(content)
	if err != nil {
		return nil, fmt.Errorf("read the practice's details: %w", err)
	}
	d, err := directory.Decode(content)
	if err != nil {
		return nil, fmt.Errorf("read the practice's details: %w", err)
	}
	out := &Directory{Book: book, entries: d}
	if len(d.Places) > 0 {
		out.place = d.Places[0].ID
	}
	if len(d.Services) > 0 {
		out.service = d.Services[0].ID
	}
	if len(d.Practitioners) > 0 {
		out.practitioner = d.Practitioners[0].ID
	}
	return out, nil
}

// Facts lists every entry.
func (d *Directory) Facts() []Fact {
	e := d.entries
	out := []Fact{fact("Name", e.Name)}
	if e.ReplyTo != "" {
		out = append(out, fact("Replies go to", e.ReplyTo))
	}
	if len(e.Phones) > 0 {
		out = append(out, fact("Phones", e.Phones...))
	}
	for _, p := range e.Places {
		lines := []string{}
		for _, line := range []string{p.Name, p.Address, p.Phone, p.Directions, p.ReplyTo} {
			if line != "" {
				lines = append(lines, line)
			}
		}
		out = append(out, fact("Location", lines...))
	}
	names := func(name string, entries []directory.Entry) {
		if len(entries) == 0 {
			return
		}
		f := Fact{Name: name}
		for _, e := range entries {
			f.Value = append(f.Value, e.Name)
		}
		out = append(out, f)
	}
	names("Services", e.Services)
	names("Practitioners", e.Practitioners)
	return out
}
