package wording

import (
	"slices"
	"strings"
	"testing"

	"letterhead/wording/clean"
	"letterhead/wording/directory"
	"letterhead/wording/field"
)

func testDirectory() *Directory {
	return &Directory{Format: directory.Format, Name: "Wattle Street Physiotherapy", ReplyTo: "hello@wattlestreet.example",
		Places: []directory.Place{{ID: "l1", Name: "Main rooms", Address: "12 Wattle Street, Ballarat", Phone: "(03) 5550 0142", Directions: "Ring the bell, or (03) 5550 0142."},
			{ID: "l2", Name: "Telehealth", ReplyTo: "video@wattlestreet.example"}},
		Practitioners: []directory.Entry{{ID: "p1", Name: "Dr Petra Schäfer (physiotherapist)"}}, Services: []directory.Entry{{ID: "s1", Name: "Initial consultation"}}}
}

func testBook(t testing.TB) *Book {
	t.Helper()
	data, err := testDirectory().Canonical()
	if err != nil {
		t.Fatal(err)
	}
	book, _, err := ParseDirectory(data)
	if err != nil {
		t.Fatal(err)
	}
	return book
}

// What a place is called comes from the signed directory, whatever the values say.
func TestTextsComeFromTheDirectory(t *testing.T) {
	t.Parallel()
	c := mustCompile(t, twoDaysVersion(), "en-AU")
	v := fatima()
	v.Service, v.Practitioner, v.Location = "Forged service", "Forged Person", Place{Name: "Forged rooms", Address: "1 Forged Street", Phone: "0900 123 456", Directions: "Forged"}
	v.ServiceID, v.PractitionerID, v.PlaceID = "s1", "p1", "l1"
	r := c.RenderWith(testBook(t), nil, v)
	if found := Inspect(&r); len(found) > 0 || len(r.Remarks) > 0 {
		t.Fatalf("found %v, remarks %v", found, r.Remarks)
	}
	p := parseBody(t, &r)
	for part, text := range map[string]string{"text": p.text, "HTML": p.html, "SMS": string(r.SMS), "subject": string(r.Subject)} {
		if strings.Contains(text, "Forged") || strings.Contains(text, "0900") {
			t.Errorf("the %s has a text that was not signed:\n%s", part, text)
		}
	}
	for _, want := range []string{"Dr Petra Schäfer (physiotherapist)", "Main rooms", "12 Wattle Street, Ballarat", "(03) 5550 0142"} {
		if !strings.Contains(p.text, want) {
			t.Errorf("%q is not there:\n%s", want, p.text)
		}
	}
	// An id that was not signed: the fallback, and a remark.
	v.PractitionerID, v.PlaceID = "p2", ""
	r = c.RenderWith(testBook(t), nil, v)
	if found := Inspect(&r); len(found) > 0 {
		t.Fatalf("found %v", found)
	}
	if !slices.Contains(r.Remarks, Remark{field.AppointmentPractitioner.Name(), clean.ReasonUnsigned}) || len(r.Remarks) != 1 {
		t.Errorf("remarks %v", r.Remarks)
	}
	if p := parseBody(t, &r); !strings.Contains(p.text, "Ring us as early") || strings.Contains(p.text, "Main rooms") {
		t.Errorf("the text is\n%s", p.text)
	}
}

// Code gone wrong that merges another text than the directory's is found, and so is another book than the one that was rendered with.
func TestInspectHoldsTextsToTheDirectory(t *testing.T) {
	t.Parallel()
	c := mustCompile(t, twoDaysVersion(), "en-AU")
	v := fatima()
	v.ServiceID, v.PractitionerID, v.PlaceID = "s1", "p1", "l1"
	for name, change := range map[string]func(*Rendered){
		"one letter": func(r *Rendered) { r.Buffer[r.values[field.LocationName].from] ^= 0x20 },
		"another id": func(r *Rendered) { other := *r.given; other.PlaceID = "l2"; r.given = &other },
		"an element": func(r *Rendered) { r.Body = []byte(strings.Replace(string(r.Body), "Kind", "<ind", 1)) },
		"an address": func(r *Rendered) { r.Body = []byte(strings.Replace(string(r.Body), "Kind", "K@nd", 1)) },
	} {
		r := c.RenderWith(testBook(t), nil, v)
		if found := Inspect(&r); len(found) > 0 {
			t.Fatalf("%s: found %v before", name, found)
		}
		change(&r)
		if found := Inspect(&r); len(found) == 0 || found[0].Name != FindingUnsigned && found[0].Name != FindingMarkup {
			t.Errorf("%s: found %v", name, found)
		}
	}
}

func TestLinksThroughThePortal(t *testing.T) {
	t.Parallel()
	portal, err := ParsePortal("https://portal.example/")
	if err != nil {
		t.Fatal(err)
	}
	v := cancelledVersion()
	v.Languages[0].Blocks = slices.Insert(v.Languages[0].Blocks, 1, Button("Prices", Target{Kind: ToURL, URL: "https://wattlestreet.example/prices"}), Rich(Link("wattlestreet.example", Target{Kind: ToWebsite})))
	digest, err := v.Digest()
	if err != nil {
		t.Fatal(err)
	}
	links := v.Links()
	if !slices.Equal(links, []string{"https://wattlestreet.example/prices", "https://wattlestreet.example/"}) {
		t.Fatalf("links %q", links)
	}
	c, err := CompileThrough(portal, v, "en-AU")
	if err != nil {
		t.Fatal(err)
	}
	r := c.Render(nil, fatima())
	if found := Inspect(&r); len(found) > 0 {
		t.Fatalf("found %v", found)
	}
	p := parseBody(t, &r)
	first, second := "https://portal.example/l/"+LinkToken(digest)+"/1", "https://portal.example/l/"+LinkToken(digest)+"/2"
	for _, want := range []string{`href="` + first + `"`, `href="` + second + `"`} {
		if !strings.Contains(p.html, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if !strings.Contains(p.text, "Prices: "+first) || !strings.Contains(p.text, "our website ("+second+")") {
		t.Errorf("the text is\n%s", p.text)
	}
	// What reads as an address leads where it says.
	if strings.Count(p.html, `href="https://wattlestreet.example/"`) != 2 || strings.Contains(p.html, `href="https://wattlestreet.example/prices"`) {
		t.Errorf("the page is\n%s", p.html)
	}
	if !slices.Equal(c.Hosts(), []string{"wattlestreet.example"}) {
		t.Errorf("hosts %v", c.Hosts())
	}
	if again, _ := CompileThrough(portal, v, "en-AU"); string(again.Render(nil, fatima()).Body) != string(r.Body) {
		t.Error("other bytes the second time")
	}
	for n, want := range map[int]string{0: "", 1: links[0], 2: links[1], 3: "", -1: ""} {
		if address, host, ok := v.Link(n); address != want || ok != (want != "") || ok && host != "wattlestreet.example" {
			t.Errorf("link %d: %q %q %v", n, address, host, ok)
		}
	}
	v.Hosts = []string{"other.example"}
	if _, _, ok := v.Link(1); ok {
		t.Error("a link to a host that was not signed")
	}
}

// A marketing mail's way out may be a page of the portal, which no version names.
func TestTheWayOutMayBeThePortals(t *testing.T) {
	t.Parallel()
	portal, err := ParsePortal("https://portal.example")
	if err != nil {
		t.Fatal(err)
	}
	c, err := CompileThrough(portal, newsVersion(), "en-AU")
	if err != nil {
		t.Fatal(err)
	}
	for address, good := range map[string]bool{"https://portal.example/unsubscribe/aB_-9": true, "https://portal.example.evil.example/x": false, "https://portal.example@evil.example/": false,
		"https://portal.example/x?to=https://evil.example": false, "https://portal.example//evil.example": false, "https://portal.example/../x": false, "http://portal.example/x": false,
		"https://portal.example:8443/x": false, "https://wattlestreet.example/u": true} {
		r := c.Render(nil, &Values{Recipient: Person{First: "Ann"}, Unsubscribe: address})
		if found := Inspect(&r); (len(found) == 0) != good {
			t.Errorf("%s: found %v", address, found)
		}
	}
}

func BenchmarkRenderWithDirectory(b *testing.B) {
	c, v := benchVersion(b)
	v.ServiceID, v.PractitionerID, v.PlaceID = "s1", "p1", "l1"
	book := testBook(b)
	r := c.RenderWith(book, nil, v)
	b.SetBytes(int64(len(r.Body)))
	b.ReportAllocs()
	buffer := r.Buffer
	for b.Loop() {
		r = c.RenderWith(book, buffer, v)
		buffer = r.Buffer
		if len(Inspect(&r)) > 0 {
			b.Fatal("found something")
		}
	}
}
