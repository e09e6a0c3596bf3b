package directory

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gowebpki/jcs"

	"letterhead/fault"
	"letterhead/wording/clean"
)

var update = flag.Bool("update", false, "write the golden file anew")

func wattle() *Directory {
	return &Directory{Name: "Wattle Street Physiotherapy", ReplyTo: "Hello@wattlestreet.example", Phones: []string{"1300 555 014"},
		Places:        []Place{{ID: "l2", Name: "Telehealth"}, {ID: "l1", Name: " Main  rooms ", Address: "12 Wattle Street, Ballarat VIC 3350", Phone: "(03) 5550 0142", Directions: "Ring the bell, or 03 5550 0142.", ReplyTo: "main@wattlestreet.example"}},
		Practitioners: []Entry{{ID: "p2", Name: "João Costa"}, {ID: "p1", Name: "Dr Petra Schäfer (physiotherapist)"}}, Services: []Entry{{ID: "s1", Name: "Initial consultation"}}}
}

func canonical(t testing.TB, d *Directory) []byte {
	t.Helper()
	data, err := d.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestTheWayToABook(t *testing.T) {
	t.Parallel()
	d := wattle()
	if remarks := d.Tidy(); len(remarks) > 0 {
		t.Fatalf("remarks %v", remarks)
	}
	data := canonical(t, d)
	path := filepath.Join("testdata", "wattle.json")
	if *update {
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(path); err != nil || !bytes.Equal(data, want) {
		t.Errorf("differs from the golden file (%v):\n%s", err, data)
	}
	book, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	if book.Digest() != sha256.Sum256(data) || book.Name() != "Wattle Street Physiotherapy" {
		t.Error("another digest or name")
	}
	if p, ok := book.Place("l1"); !ok || p.Name != "Main rooms" || p.Phone != "(03) 5550 0142" {
		t.Errorf("place %+v %v", p, ok)
	}
	for place, want := range map[string]string{"l1": "main@wattlestreet.example", "l2": "hello@wattlestreet.example", "l3": "hello@wattlestreet.example"} {
		if got := book.ReplyTo(place); got != want {
			t.Errorf("answers about %s go to %s", place, got)
		}
	}
	if name, ok := book.Practitioner("p1"); !ok || name != "Dr Petra Schäfer (physiotherapist)" {
		t.Error(name)
	}
	for _, ask := range []func(string) bool{func(id string) bool { _, ok := book.Place(id); return ok }, func(id string) bool { _, ok := book.Service(id); return ok }, func(id string) bool { _, ok := book.Practitioner(id); return ok }} {
		if ask("") || ask("other") {
			t.Error("something that was not signed is known")
		}
	}
	if name, ok := book.Service("s1"); !ok || name != "Initial consultation" {
		t.Error(name)
	}
}

// What no message may show is left out with a remark, the rest stays, and the result can be signed.
func TestTidyLeavesOut(t *testing.T) {
	t.Parallel()
	d := wattle()
	d.Places[1].Directions, d.Places[1].Phone = "Ring 0900 123 456", "ring me"
	d.Practitioners[0].Name, d.Services[0].Name, d.ReplyTo = "evil.com", "<b>Physio</b>", "a b@x"
	want := []Remark{{"place", "l1", "phone", clean.ReasonCharacter, 24}, {"practice", "", "reply_to", clean.ReasonShape, 254}, {"place", "l1", "directions", clean.ReasonPhone, 300},
		{"service", "s1", "name", clean.ReasonCharacter, 80}, {"practitioner", "p2", "name", clean.ReasonLink, 60}}
	if got := d.Tidy(); !slices.Equal(got, want) {
		t.Errorf("remarks %v", got)
	}
	if err := d.Check(); err != nil {
		t.Error(err)
	}
	book, err := Parse(canonical(t, d))
	if err != nil {
		t.Fatal(err)
	}
	if name, known := book.Practitioner("p2"); !known || name != "" {
		t.Errorf("%q %v", name, known)
	}
	if remarks := d.Tidy(); len(remarks) > 0 {
		t.Errorf("remarks the second time: %v", remarks)
	}
}

func TestCheckRefuses(t *testing.T) {
	t.Parallel()
	many := make([]Entry, mostEntries+1)
	for i := range many {
		many[i].ID = "e" + strconv.Itoa(10000+i)
	}
	for name, c := range map[string]struct {
		change func(*Directory)
		key    string
	}{
		"format":                  {func(d *Directory) { d.Format = 2 }, "wording.format"},
		"out of order":            {func(d *Directory) { slices.Reverse(d.Places) }, "wording.directory_order"},
		"twice":                   {func(d *Directory) { d.Services = append(d.Services, d.Services[0]) }, "wording.directory_order"},
		"no id":                   {func(d *Directory) { d.Services[0].ID = "" }, "wording.directory_order"},
		"odd id":                  {func(d *Directory) { d.Services[0].ID = "S 1" }, "wording.directory_order"},
		"too many":                {func(d *Directory) { d.Services = many }, "wording.directory_large"},
		"too many numbers":        {func(d *Directory) { d.Phones = make([]string, 21) }, "wording.directory_large"},
		"a link":                  {func(d *Directory) { d.Practitioners[0].Name = "evil.com" }, "wording.value_link"},
		"another's number":        {func(d *Directory) { d.Places[0].Directions = "Ring 0900 123 456" }, "wording.value_phone"},
		"own number and a link":   {func(d *Directory) { d.Places[0].Directions = "Ring 03 5550 0142 or see evil.com" }, "wording.value_link"},
		"own number, two scripts": {func(d *Directory) { d.Places[0].Directions = "Ring 03 5550 0142 in pаris" }, "wording.value_phone"},
		"a number in a name":      {func(d *Directory) { d.Places[0].Name = "Ring 03 5550 0142" }, "wording.value_phone"},
		"spaces around":           {func(d *Directory) { d.Places[0].Name = " Main" }, "wording.value_shape"},
		"a line break":            {func(d *Directory) { d.Places[0].Address = "a\r\nBcc: x" }, "wording.value_control"},
		"long":                    {func(d *Directory) { d.Name = strings.Repeat("a", 81) }, "wording.value_too_long"},
		"an empty number":         {func(d *Directory) { d.Phones[0] = "" }, "wording.value_missing"},
		"a reply to elsewhere":    {func(d *Directory) { d.ReplyTo = "a@b@c.example" }, "wording.value_shape"},
	} {
		d := wattle()
		d.Tidy()
		c.change(d)
		err := d.Check()
		if f := fault.As(err); f == nil || f.Kind != fault.Invalid || f.Key != c.key || f.Say == "" {
			t.Errorf("%s: %v, want %s", name, err, c.key)
		}
		if data, err := d.Canonical(); err == nil {
			if _, err := Parse(data); err == nil {
				t.Errorf("%s: made a book", name)
			}
		}
	}
}

// Only the bytes that were signed are read: nothing else that would mean the same.
func TestDecodeIsStrict(t *testing.T) {
	t.Parallel()
	d := wattle()
	d.Tidy()
	good := string(canonical(t, d))
	for name, text := range map[string]string{
		"space": good + "\n", "order": `{"name":"x","format":1}`, "unknown": strings.Replace(good, `"format":1`, `"format":1,"html":"x"`, 1), "twice": strings.Replace(good, `"format":1`, `"format":1,"format":1`, 1),
		"case": strings.Replace(good, `"name"`, `"Name"`, 1), "escape": strings.Replace(good, "Wattle", `\u0057attle`, 1), "empty text": strings.Replace(good, `"id":"l2"`, `"directions":"","id":"l2"`, 1),
		"null": strings.Replace(good, `"format":1`, `"format":1,"services":null`, 1), "after": good + "{}", "broken": good[:len(good)-1], "type": strings.Replace(good, `"format":1`, `"format":"1"`, 1),
		"UTF-8": strings.Replace(good, "Wattle", "W\xff", 1), "empty": "", "large": strings.Repeat(" ", maxCanonical+1), "deep": strings.Repeat("[", 5000),
	} {
		if _, err := Parse([]byte(text)); fault.As(err) == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The canonical form is what encoding/json and another implementation of RFC 8785 make of it.
func TestCanonicalIsWhatOthersWrite(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	words := []string{"", "a", "Zoë & <b>", "\"\\\n\t\u2028", "x\x00\x1f", "لا"}
	word := func() string { return words[random.IntN(len(words))] }
	entries := func() (out []Entry) {
		for range random.IntN(3) {
			out = append(out, Entry{word(), word()})
		}
		return out
	}
	for range 300 {
		d := &Directory{Format: random.IntN(3), Name: word(), ReplyTo: word(), Services: entries(), Practitioners: entries()}
		for range random.IntN(3) {
			d.Phones = append(d.Phones, word())
			d.Places = append(d.Places, Place{word(), word(), word(), word(), word(), word()})
		}
		plain, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		want, err := jcs.Transform(plain)
		if err != nil {
			t.Fatal(err)
		}
		if got := canonical(t, d); !bytes.Equal(got, want) {
			t.Fatalf("%s\nwant %s", got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	d := wattle()
	d.Tidy()
	f.Add(canonical(f, d))
	f.Add([]byte(`{"format":1,"name":"x"}`))
	f.Add([]byte(`{"format":1,"name":"x","places":[{"id":"a","phone":"131 450","directions":"ring 131 450"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		book, err := Parse(data)
		if err != nil {
			if fault.As(err) == nil {
				t.Fatalf("no fault: %v", err)
			}
			return
		}
		again, err := Decode(data)
		if err != nil || book.Digest() != sha256.Sum256(data) {
			t.Fatal(err)
		}
		if remarks := again.Tidy(); len(remarks) > 0 || !bytes.Equal(canonical(t, again), data) {
			t.Fatalf("what passed is not tidy: %v", remarks)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	d := wattle()
	for i := range 100 {
		d.Services = append(d.Services, Entry{"x" + strconv.Itoa(1000+i), "Standard consultation"})
		d.Practitioners = append(d.Practitioners, Entry{"x" + strconv.Itoa(1000+i), "Petra Lane"})
	}
	d.Tidy()
	data := canonical(b, d)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := Parse(data); err != nil {
			b.Fatal(err)
		}
	}
}
