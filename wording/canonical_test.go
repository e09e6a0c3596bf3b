package wording

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/gowebpki/jcs"

	"letterhead/fault"
	"letterhead/wording/canon"
	"letterhead/wording/encode"
)

func canonical(t testing.TB, v *Version) []byte {
	t.Helper()
	data, err := v.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestCanonicalComesBack(t *testing.T) {
	t.Parallel()
	for _, c := range goldenCases() {
		data := canonical(t, c.version)
		v, digest, err := DecodeCanonical(data)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if want, _ := c.version.Digest(); digest != want {
			t.Errorf("%s: another digest", c.name)
		}
		if again := canonical(t, v); !bytes.Equal(again, data) {
			t.Errorf("%s: other bytes", c.name)
		}
		if back, err := ParseDigest(digest.String()); err != nil || back != digest {
			t.Errorf("%s: the digest does not read back: %v", c.name, err)
		}
	}
	for _, bad := range []string{"", "zz", strings.Repeat("AB", 32), strings.Repeat("ab", 31)} {
		if _, err := ParseDigest(bad); err == nil {
			t.Errorf("digest %q accepted", bad)
		}
	}
}

// Each member of each type, filled by chance, is written as encoding/json and another implementation of RFC 8785 write it.
func TestCanonicalIsWhatOthersWrite(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	seen := map[string]bool{}
	for range 400 {
		v := new(Version)
		fill(random, reflect.ValueOf(v).Elem(), seen)
		plain, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		want, err := jcs.Transform(plain)
		if err != nil {
			t.Fatal(err)
		}
		var w canon.Writer
		if v.write(&w); string(w) != string(want) {
			t.Fatalf("%s\nwant %s", w, want)
		}
	}
	for name := range memberNames(reflect.TypeFor[Version](), map[reflect.Type]bool{}) {
		if !seen[name] {
			t.Errorf("%s was never filled", name)
		}
	}
}

// fill gives every exported member a value by chance, and notes which were not left at zero.
func fill(random *rand.Rand, v reflect.Value, seen map[string]bool) {
	words := []string{"", "a", "Zoë & <b>", "\"\\\n\t\u2028", "x\x00\x1f", "لا"}
	switch v.Kind() {
	case reflect.String:
		v.SetString(words[random.IntN(len(words))])
	case reflect.Bool:
		v.SetBool(random.IntN(2) == 0)
	case reflect.Int:
		v.SetInt(int64(random.IntN(1000)))
	case reflect.Pointer:
		if random.IntN(2) == 0 {
			v.Set(reflect.New(v.Type().Elem()))
			fill(random, v.Elem(), seen)
		}
	case reflect.Slice:
		if random.IntN(4) > 0 {
			v.Set(reflect.MakeSlice(v.Type(), random.IntN(3), 3))
			for i := range v.Len() {
				fill(random, v.Index(i), seen)
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() {
				fill(random, v.Field(i), seen)
				name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
				if !v.Field(i).IsZero() {
					seen[v.Type().Name()+"."+name] = true
				}
			}
		}
	}
}

// The digest is the one that any implementation of RFC 8785 and SHA-256 has for this text.
func TestCanonicalFormIsPlain(t *testing.T) {
	t.Parallel()
	v := &Version{Format: 1, Purpose: Transactional, Branding: Branding{Name: "Zoë & <b>\"\u20ac"}, DefaultLanguage: "en"}
	want := `{"branding":{"accent":"","name":"Zoë & <b>\"€"},"default_language":"en","format":1,"hosts":null,"languages":null,"purpose":"transactional","sender":{"domain":"","local":"","name":""}}`
	if got := string(canonical(t, v)); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

func TestDecodeIsStrict(t *testing.T) {
	t.Parallel()
	good := string(canonical(t, bookedVersion()))
	replace := func(old, with string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("%q is not there", old)
		}
		return strings.Replace(good, old, with, 1)
	}
	for _, c := range []struct{ name, text, key string }{
		{"unknown member", replace(`"format":1`, `"format":1,"html":"x"`), "wording.json"},
		{"unknown member inside", replace(`"kind":"heading"`[:7], `"onclick":1,"kind":`), "wording.json"},
		{"other case", replace(`"purpose"`, `"Purpose"`), "wording.unknown_member"},
		{"member twice", replace(`"format":1`, `"format":1,"format":1`), "wording.member_twice"},
		{"member twice inside", replace(`"local":"hello"`, `"local":"hello","local":"evil"`), "wording.member_twice"},
		{"escaped name twice", replace(`"local":"hello"`, `"local":"hello","loca\u006c":"evil"`), "wording.member_twice"},
		{"something after", good + "{}", "wording.trailing"},
		{"something before", "1" + good, "wording.trailing"},
		{"not a number", replace(`"format":1`, `"format":"1"`), "wording.type"},
		{"other format", replace(`"format":1`, `"format":2`), "wording.format"},
		{"broken", good[:len(good)-1], "wording.json"},
		{"empty", "", "wording.json"},
		{"not UTF-8", replace("Wattle", "W\xff"), "wording.utf8"},
		{"deep", `{"languages":` + strings.Repeat("[", 50) + strings.Repeat("]", 50) + "}", "wording.deep"},
		{"very deep", strings.Repeat("[", 30000), "wording.deep"},
		{"large", `{"format":1,"purpose":"` + strings.Repeat("a", 70000) + `"}`, "wording.large"},
		{"array", "[]", "wording.type"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Decode([]byte(c.text))
			if f := fault.As(err); f == nil || f.Kind != fault.Invalid || f.Key != c.key {
				t.Errorf("got %v, want %s", err, c.key)
			}
		})
	}
	for name, text := range map[string]string{"white space": good + "\n", "other order": `{"purpose":"transactional",` + replace(`"purpose":"transactional",`, "")[1:], "escapes": replace("Wattle", `\u0057attle`),
		"null": replace(`"hosts":["wattlestreet.example"]`, `"hosts":["wattlestreet.example"],"health_in_sms":false`)} {
		if _, err := Decode([]byte(text)); err != nil {
			t.Errorf("%s: Decode: %v", name, err)
		}
		if _, _, err := DecodeCanonical([]byte(text)); fault.As(err) == nil || fault.As(err).Key != "wording.not_canonical" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Every single thing in a version is under its digest: change any leaf of the JSON and it is another one.
func TestDigestCoversEverything(t *testing.T) {
	t.Parallel()
	v := twoDaysVersion()
	logo := testLogo()
	v.Branding.Logo, v.HealthInSMS = &logo.Image, true
	original, _ := v.Digest()
	var tree any
	if err := json.Unmarshal(canonical(t, v), &tree); err != nil {
		t.Fatal(err)
	}
	leaves := 0
	var walk func(node any, set func(any))
	walk = func(node any, set func(any)) {
		switch n := node.(type) {
		case map[string]any:
			for key := range n {
				walk(n[key], func(x any) { n[key] = x })
			}
		case []any:
			for i := range n {
				walk(n[i], func(x any) { n[i] = x })
			}
		default:
			leaves++
			var other any = "x"
			switch l := n.(type) {
			case string:
				other = l + "x"
			case float64:
				other = l + 1
			case bool:
				other = !l
			}
			set(other)
			changed, _ := json.Marshal(tree)
			set(node)
			w := new(Version)
			if err := json.Unmarshal(changed, w); err != nil {
				t.Fatal(err)
			}
			if d, _ := w.Digest(); d == original {
				t.Errorf("a changed %v has the same digest", n)
			}
		}
	}
	walk(tree, func(any) {})
	if leaves < 120 {
		t.Errorf("only %d leaves", leaves)
	}
	if names := memberNames(reflect.TypeFor[Version](), map[reflect.Type]bool{}); len(names) < 30 {
		t.Errorf("only %d members", len(names))
	}
}

// memberNames collects the JSON names of a type and holds them to lower case, which Decode relies on.
func memberNames(typ reflect.Type, seen map[reflect.Type]bool) map[string]bool {
	names := map[string]bool{}
	switch typ.Kind() {
	case reflect.Pointer, reflect.Slice:
		return memberNames(typ.Elem(), seen)
	case reflect.Struct:
		if seen[typ] {
			return names
		}
		seen[typ] = true
		for i := range typ.NumField() {
			f := typ.Field(i)
			if !f.IsExported() {
				continue
			}
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			names[typ.Name()+"."+name] = name != "" && strings.ToLower(name) == name
			for n := range memberNames(f.Type, seen) {
				names[n] = true
			}
		}
	}
	return names
}

func FuzzDecode(f *testing.F) {
	for _, c := range goldenCases() {
		f.Add(canonical(f, c.version))
	}
	f.Add([]byte(`{"format":1,"format":1}`))
	f.Add([]byte(`{"format":1}{}`))
	f.Add([]byte(`[[[[[[[[[[[[[[[[`))
	f.Add([]byte(`{"format":1,"languages":[{"tag":"en","blocks":[{"kind":"text","paragraphs":[{"content":[{"text":"\ud800"}]}]}]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := Decode(data)
		if err != nil {
			if fault.As(err) == nil {
				t.Fatalf("no fault: %v", err)
			}
			return
		}
		first := canonical(t, v)
		again, digest, err := DecodeCanonical(first)
		if err != nil {
			t.Fatalf("%s: %v", first, err)
		}
		if want, _ := v.Digest(); digest != want {
			t.Fatal("another digest")
		}
		if v.Validate() != nil {
			return
		}
		for _, l := range again.Languages {
			if len(again.Images()) > 0 {
				return
			}
			c, err := Compile(again, l.Tag)
			if err != nil {
				if fault.As(err) == nil {
					t.Fatalf("no fault: %v", err)
				}
				continue
			}
			r := c.Render(nil, fatima())
			if !encode.LinesFit(r.Body) || !encode.HeaderFit(r.Subject) {
				t.Fatalf("lines: %q", r.Body)
			}
			parseBody(t, &r)
		}
	})
}
