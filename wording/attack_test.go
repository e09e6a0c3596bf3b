package wording

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"net/mail"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	nethtml "golang.org/x/net/html"
	"golang.org/x/text/unicode/norm"

	"letterhead/wording/field"
)

// payloads reads one file of testdata/payloads.
func payloads(t testing.TB, name string) []string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "payloads", name))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	lines := bufio.NewScanner(bytes.NewReader(raw))
	for lines.Scan() {
		line := lines.Text()
		if line == "" || strings.HasPrefix(line, "# ") {
			continue
		}
		if text, err := strconv.Unquote(line); err == nil && strings.HasPrefix(line, `"`) {
			line = text
		}
		out = append(out, line)
	}
	if len(out) < 10 {
		t.Fatalf("%s has only %d payloads", name, len(out))
	}
	return out
}

var payloadFiles = []string{"words.txt", "links.txt", "phones.txt", "markup.txt", "unicode.txt", "templates.txt", "headers.txt"}

// everywhereVersion merges every field into the subject, the preheader, a heading, texts, lists, the card and the SMS.
func everywhereVersion(purpose Purpose) *Version {
	v := wattleStreet()
	v.Purpose, v.HealthInSMS = purpose, true
	if purpose == Marketing {
		v.Languages = []Language{{Tag: "en-AU", Subject: Say("News for {recipient.first_name}"), Preheader: Say("Dear {recipient.greeting_name}, from {location.name|us}"), Blocks: []Block{
			Heading("Hello {recipient.greeting_name}"), Text("See {location.name|us}, {location.address|here}. {location.directions|Ask us.} Ring {location.phone|us}."),
			Footer(Link("No more of these", Target{Kind: ToUnsubscribe})),
		}}}
		return v
	}
	var every []string
	for _, info := range Fields() {
		fallback := ""
		if info.Source == field.FromDirectory || info.Source == field.TypedByPerson {
			fallback = "|somebody"
		}
		every = append(every, "It is {"+string(info.Field)+fallback+"} here.")
	}
	v.Languages = []Language{{Tag: "en-AU",
		Subject:   Say("For {recipient.first_name}: {appointment.practitioner|us}"),
		Preheader: Say("{attendee.first_name}, {appointment.service|a visit}"),
		Blocks: []Block{Heading("Hello {recipient.greeting_name}"), Text(every...), List(Bullet, every...), Card(true), Rich(Strong(Say("{location.directions|Ask us.}")...)),
			Button("How to find us", Target{Kind: ToURL, URL: "https://wattlestreet.example/find-us"}), Address(), Footer(Say("From {location.name|us}, {location.address|here}, {location.phone|none}."))},
		SMS: SMS("{recipient.first_name}: {appointment.service|visit} with {appointment.practitioner|us}.", "At {location.name|ours}, {location.phone|none}."),
	}}
	return v
}

// holes are the places of Values that anything may be in, by name.
func holes(v *Values) map[string]*string {
	return map[string]*string{"first": &v.Recipient.First, "preferred": &v.Recipient.Preferred, "attendee": &v.Attendee.First, "attendee preferred": &v.Attendee.Preferred, "zone": &v.Zone,
		"service": &v.Service, "practitioner": &v.Practitioner, "place": &v.Location.Name, "address": &v.Location.Address, "phone": &v.Location.Phone, "directions": &v.Location.Directions,
		"service id": &v.ServiceID, "practitioner id": &v.PractitionerID, "place id": &v.PlaceID, "unsubscribe": &v.Unsubscribe}
}

// ownText is what the practice signed that reads as an address or a number; independent checks look at the rest.
var ownText = strings.NewReplacer("(03) 5550 0142", "", "hello@wattlestreet.example", "", "https://wattlestreet.example/find-us", "", "https://wattlestreet.example/u/k", "", "https://wattlestreet.example/", "",
	"wattlestreet.example", "", "https://portal.example/l/", "", "\u200e", "")

// What mail programs make a link of, written apart from package clean: after NFKC, without what cannot be seen.
var (
	linkShape  = regexp.MustCompile(`(?i)://|www\.\S|\S@\S|[\p{L}\p{N}]\.(xn--|[\p{L}\p{M}]{2,})|\b(javascript|mailto|tel|sms|data|xmpp|sip|callto|facetime|whatsapp):[^\s,.;]|0x[0-9a-f]{8}|(^|[^\d.])\d{1,4}(\.\d{1,4}){3}($|[^\d.])`)
	phoneShape = regexp.MustCompile(`\p{Nd}([ ()+\-./\x{2010}-\x{2015}·•_*~']*\p{Nd}){6,}`)
)

func suspicious(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.Cf, unicode.Me) || r == '\ufe0f' {
			return -1
		}
		return r
	}, norm.NFKC.String(ownText.Replace(text)))
	if m := linkShape.FindString(text); m != "" {
		return m
	}
	return phoneShape.FindString(text)
}

// seen is a mail as independent parsers see it.
type seen struct {
	headers      []string
	shape, links []string // of the HTML
	words        []string // texts of every channel
}

func look(t testing.TB, r *Rendered) seen {
	t.Helper()
	var s seen
	raw := append([]byte("Subject: "+string(r.Subject)+"\r\nContent-Type: "+r.ContentType()+"\r\nMIME-Version: 1.0\r\n\r\n"), r.Body...)
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatalf("net/mail: %v", err)
	}
	for name := range m.Header {
		s.headers = append(s.headers, name)
	}
	slices.Sort(s.headers)
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil || strings.ContainsAny(subject, "\r\n") {
		t.Fatalf("subject %q: %v", r.Subject, err)
	}
	if body, _ := io.ReadAll(m.Body); !bytes.Equal(body, r.Body) {
		t.Fatal("the body does not begin where it should")
	}
	p := parseBody(t, r)
	s.words = []string{subject, p.text, string(r.SMS)}
	z := nethtml.NewTokenizer(strings.NewReader(p.html))
	var inStyle bool
	for {
		kind := z.Next()
		if kind == nethtml.ErrorToken {
			break
		}
		token := z.Token()
		switch kind {
		case nethtml.TextToken:
			if !inStyle {
				s.words = append(s.words, token.Data)
			}
		case nethtml.StartTagToken, nethtml.EndTagToken, nethtml.SelfClosingTagToken, nethtml.CommentToken, nethtml.DoctypeToken:
			inStyle = token.Data == "style" && kind == nethtml.StartTagToken
			s.shape = append(s.shape, token.String())
			for _, a := range token.Attr {
				if a.Key == "href" || a.Key == "src" || a.Key == "action" || a.Key == "background" {
					s.links = append(s.links, a.Val)
				}
			}
		}
	}
	return s
}

// attack renders a payload and says what is wrong with the mail beside one without it. Messages that are in passed already are not looked at again: most payloads
// leave nothing but the fallback.
func attack(t testing.TB, c *Compiled, book *Book, values *Values, hole string, passed map[string]bool) {
	t.Helper()
	r := c.RenderWith(book, nil, values)
	if r.missing != 0 && len(Inspect(&r)) == 0 {
		t.Fatal("a message with something missing passes")
	}
	if found := Inspect(&r); len(found) > 0 {
		for _, f := range found { // which stops it: only what a caller gets wrong may
			if f.Name != FindingNoWayOut && f.Name != FindingMissing && f.Name != FindingPhone {
				t.Fatalf("%s: found %v", hole, f)
			}
		}
		return
	}
	key := string(r.Subject) + string(r.SMS) + string(r.Body)
	if passed[key] {
		return
	}
	got := look(t, &r)
	for _, words := range got.words {
		if bad := suspicious(words); bad != "" {
			t.Fatalf("%s: %q stands in %q", hole, bad, words)
		}
	}
	for _, link := range got.links {
		if !strings.HasPrefix(link, "https://wattlestreet.example/") && !strings.HasPrefix(link, "https://portal.example/l/") && link != "tel:+61355500142" && link != "mailto:hello@wattlestreet.example" {
			t.Fatalf("%s: a link to %s", hole, link)
		}
	}
	if !reflect.DeepEqual(got.headers, []string{"Content-Type", "Mime-Version", "Subject"}) {
		t.Fatalf("%s: headers %v", hole, got.headers)
	}
	// The same facts with plain values: as many elements, in the same order, with the same attributes.
	plain := *values
	for name, hole := range holes(&plain) {
		if i, ok := map[string]field.Index{"zone": field.AppointmentZone, "service": field.AppointmentService, "practitioner": field.AppointmentPractitioner, "place": field.LocationName,
			"address": field.LocationAddress, "phone": field.LocationPhone, "attendee": field.AttendeeFirst}[name]; ok && slices.Contains(c.uses, i) && r.present&present(i) == 0 {
			*hole = ""
		} else if with := *holes(fatima())[name]; book == nil && *hole != "" && name != "unsubscribe" && with != "" {
			*hole = with
		}
	}
	if r.present&present(field.AttendeeFirst) != 0 && plain.ForOther {
		plain.Attendee.First = "Omar"
	}
	base := c.RenderWith(book, nil, &plain)
	if want := look(t, &base); !reflect.DeepEqual(got.shape, want.shape) {
		t.Fatalf("%s: another shape\n%q\n%q", hole, got.shape, want.shape)
	}
	if passed != nil {
		passed[key] = true
	}
}

// Nothing of what others put into fields leaves as a link, a number, mark-up, a header or a part: each payload in each value, with and without a directory, in each
// channel. Names refuse every one of them.
func TestPayloadsInValues(t *testing.T) {
	t.Parallel()
	book := testBook(t)
	portal, err := ParsePortal("https://portal.example")
	if err != nil {
		t.Fatal(err)
	}
	var targets []*Compiled
	for _, purpose := range []Purpose{Transactional, Marketing} {
		through, err := CompileThrough(portal, everywhereVersion(purpose), "en-AU")
		if err != nil {
			t.Fatal(err)
		}
		targets = append(targets, through)
	}
	passed := map[string]bool{}
	for _, file := range payloadFiles {
		for _, payload := range payloads(t, file) {
			if err := Check(field.RecipientFirst.Name(), payload); err == nil && file != "words.txt" {
				t.Errorf("%s: %q is taken for a name", file, payload)
			}
			for name := range holes(new(Values)) {
				for _, c := range targets {
					for _, b := range []*Book{nil, book} {
						byID := strings.HasSuffix(name, " id")
						if byID != (b != nil) || c.purpose == Marketing && !slices.Contains([]string{"first", "preferred", "place", "directions", "unsubscribe", "place id"}, name) {
							continue // texts come from the one or the other
						}
						v := fatima()
						v.ForOther, v.Attendee, v.Unsubscribe = name == "attendee" || name == "attendee preferred", Person{First: "Omar"}, "https://wattlestreet.example/u/k"
						v.ServiceID, v.PractitionerID, v.PlaceID = "s1", "p1", "l1"
						*holes(v)[name] = payload
						attack(t, c, b, v, file+" "+name+" "+strconv.Quote(payload), passed)
					}
				}
			}
		}
	}
}

// Sentences are no names, whatever they are written in.
func TestSentencesAreNoNames(t *testing.T) {
	t.Parallel()
	for _, payload := range payloads(t, "words.txt") {
		if Check(field.RecipientFirst.Name(), payload) == nil {
			t.Errorf("%q is taken for a name", payload)
		}
	}
	for _, name := range []string{"Fatima", "María del Carmen Teresa", "欧阳娜娜", "山田 太郎", "김 민수", "ณัฐธิดา", "Kɔfi", "Ɓala", "عبد الله", "J. P.", "Anne-Marie", "O'Neil", "ʻAkahi", "Zdeňka", "Željko", "Nguyễn Thị Minh Khai"} {
		if err := Check(field.RecipientFirst.Name(), name); err != nil {
			t.Errorf("%q is no name: %v", name, err)
		}
	}
}

// What reads as a link or a number is refused in every text of a version, before anybody can sign it.
func TestPayloadsInAVersion(t *testing.T) {
	t.Parallel()
	places := map[string]func(*Version, string){
		"subject":   func(v *Version, s string) { v.Languages[0].Subject = []Inline{{Text: s}} },
		"preheader": func(v *Version, s string) { v.Languages[0].Preheader = []Inline{{Text: s}} },
		"heading":   func(v *Version, s string) { v.Languages[0].Blocks[0].Content = []Inline{{Text: s}} },
		"text":      func(v *Version, s string) { v.Languages[0].Blocks[1].Paragraphs[0].Content = []Inline{{Text: s}} },
		"beside": func(v *Version, s string) {
			v.Languages[0].Blocks[1].Paragraphs[0].Content = []Inline{{Text: "Well, "}, {Text: s, Bold: true}, {Text: " indeed"}}
		},
		"button": func(v *Version, s string) { v.Languages[0].Blocks[5].Label = s },
		"link": func(v *Version, s string) {
			v.Languages[0].Blocks[1].Paragraphs[0].Content = Link(s, Target{Kind: ToWebsite})
		},
		"fallback": func(v *Version, s string) {
			v.Languages[0].Blocks[1].Paragraphs[0].Content = []Inline{{Field: field.RecipientFirst.Name(), Fallback: s}}
		},
		"footer":        func(v *Version, s string) { v.Languages[0].Blocks[7].Paragraphs[0].Content = []Inline{{Text: s}} },
		"SMS":           func(v *Version, s string) { v.Languages[0].SMS = []Sentence{{Content: []Inline{{Text: s}}}} },
		"practice name": func(v *Version, s string) { v.Branding.Name = s },
		"address":       func(v *Version, s string) { v.Branding.Address = []string{s} },
		"sender":        func(v *Version, s string) { v.Sender.Name = s },
		"alt":           func(v *Version, s string) { logo := testLogo().Image; logo.Alt = s; v.Branding.Logo = &logo },
	}
	for name, put := range places {
		v := everywhereVersion(Transactional)
		if put(v, "Plain words"); v.Validate() != nil && name != "link" {
			t.Fatalf("%s: plain words are refused: %v", name, v.Validate())
		}
		for _, file := range []string{"links.txt", "phones.txt"} {
			for _, payload := range payloads(t, file) {
				v := everywhereVersion(Transactional)
				put(v, payload)
				if v.Validate() == nil {
					t.Errorf("%s: %q may be signed", name, payload)
				}
			}
		}
	}
}

// No address that is not https on a signed host, or leads on from there, may be a link's target, a website or a way out.
func TestPayloadsAsTargets(t *testing.T) {
	t.Parallel()
	news := mustCompile(t, newsVersion(), "en-AU")
	for _, payload := range payloads(t, "urls.txt") {
		v := everywhereVersion(Transactional)
		v.Languages[0].Blocks[5].Target.URL = payload
		if v.Validate() == nil {
			t.Errorf("%q may be a target", payload)
		}
		v = everywhereVersion(Transactional)
		v.Branding.Website = payload
		if v.Validate() == nil {
			t.Errorf("%q may be a website", payload)
		}
		r := news.Render(nil, &Values{Recipient: Person{First: "Ann"}, Unsubscribe: payload})
		if len(Inspect(&r)) == 0 || strings.Contains(string(r.Body), "evil") {
			t.Errorf("%q may be a way out", payload)
		}
	}
	for _, good := range []string{"https://wattlestreet.example/", "https://wattlestreet.example", "https://wattlestreet.example/find-us?from=mail&v=2", "https://wattlestreet.example/a/b.html#top",
		"https://wattlestreet.example/prices.pdf", "https://wattlestreet.example/@12.5,7", "https://wattlestreet.example/book?start=10:30&day=1.12.2026", "https://wattlestreet.example/x?back=wattlestreet.example",
		"https://wattlestreet.example/a%20b?q=knee%20pain"} {
		v := everywhereVersion(Transactional)
		v.Languages[0].Blocks[5].Target.URL = good
		if err := v.Validate(); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
}

// Whatever is in any field of any values, parsers that are not ours find nothing in the mail that was not signed.
func FuzzNothingUnsignedLeaves(f *testing.F) {
	for _, file := range payloadFiles {
		for i, payload := range payloads(f, file) {
			if i%7 == 0 {
				raw, _ := json.Marshal(map[string]string{"first": payload, "service": payload, "place": payload})
				f.Add(raw, payload, uint8(i))
			}
		}
	}
	book := testBook(f)
	portal, err := ParsePortal("https://portal.example")
	if err != nil {
		f.Fatal(err)
	}
	var targets []*Compiled
	for _, purpose := range []Purpose{Transactional, Marketing} {
		c, err := CompileThrough(portal, everywhereVersion(purpose), "en-AU")
		if err != nil {
			f.Fatal(err)
		}
		targets = append(targets, c)
	}
	f.Fuzz(func(t *testing.T, raw []byte, text string, bits uint8) {
		v := fatima()
		v.Unsubscribe, v.Attendee = "https://wattlestreet.example/u/k", Person{First: "Omar"}
		v.ServiceID, v.PractitionerID, v.PlaceID = "s1", "p1", "l1"
		var given map[string]string
		_ = json.Unmarshal(raw, &given)
		all := holes(v)
		names := make([]string, 0, len(all))
		for name, hole := range all {
			names = append(names, name)
			if value, ok := given[name]; ok {
				*hole = value
			}
		}
		slices.Sort(names)
		*all[names[int(bits)%len(names)]] = text
		v.ForOther, v.ZoneDiffers, v.FirstVisit = bits&1 != 0, bits&2 != 0, bits&4 != 0
		v.Mode = []Mode{ModeInPerson, ModeTelehealth, ModePhone, NoMode}[bits>>6]
		for _, c := range targets {
			attack(t, c, nil, v, "fuzz", nil)
			attack(t, c, book, v, "fuzz with a directory", nil)
		}
	})
}
