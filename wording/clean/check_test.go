package clean

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestCheckNames(t *testing.T) {
	t.Parallel()
	good := []string{"Fatima", "Željko", "Nguyễn", "O'Brien", "O’Brien", "Te-Rangi", "Tāne", "نور", "عبدالله", "أحمد علي", "J. P.", "J.P.", "Jr.", "de la Cruz", "张伟", "山田 太郎", "김민수",
		"Αλέξανδρος", "Иван", "रविन्द्र", "นภา", "Þór", "ʻAkahi", "Łukasz", "Mary-Jane O'Neil", "می‌خواهم", "نور Smith", "Nguye\u0302\u0303n"}
	for _, name := range good {
		if reason := Check(NameValue, 40, name); reason != "" {
			t.Errorf("%q refused: %s", name, reason)
		}
	}
	bad := map[string]Reason{
		"": ReasonMissing, " Ann": ReasonShape, "-": ReasonCharacter, "'": ReasonShape, strings.Repeat("a", 41): ReasonLong,
		"<b>Ann</b>": ReasonCharacter, "Ann & Co": ReasonCharacter, "Ann1": ReasonCharacter, "{{.Danger}}": ReasonCharacter, "${7*7}": ReasonCharacter, "Ann\"": ReasonCharacter,
		"Ann\r\nBcc: x": ReasonControl, "Ann\n": ReasonControl, "Ann\u2028": ReasonControl, "\u202eannA": ReasonControl, "An\u200bn": ReasonControl, "An\u200dn": ReasonControl,
		"Ann\u2066x\u2069": ReasonControl, "Ann\x00": ReasonControl, "\xff\xfe": ReasonControl, "Ann\u00ad": ReasonControl, "ᅟAnn": ReasonControl, "Ann\U000e0041": ReasonControl,
		"evil.com": ReasonLink, "www.evil": ReasonLink, "evil．com": ReasonCharacter, "evil。com": ReasonCharacter, "a@b.c": ReasonLink, "http://x": ReasonLink, "t.co/x": ReasonLink,
		"Аnn": ReasonMixed, "pаypal": ReasonMixed, "Ωmega": ReasonMixed, "Ｅｖｉｌ": ReasonCharacter, "𝐄𝐯𝐢𝐥": ReasonCharacter, "Z\u0301\u0302\u0303\u0304\u0305": ReasonCharacter,
		"0429 327 534": ReasonCharacter, "٠٤٢٩٣٢٧٥٣٤": ReasonCharacter, "Ann 😀": ReasonCharacter, "Ann--x": ReasonCharacter, "\u0301Ann": ReasonCharacter,
	}
	for name, want := range bad {
		if got := Check(NameValue, 40, name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
		if say := want.Say(40); say == "" || strings.Contains(say, "%") {
			t.Errorf("%s says %q", want, say)
		}
	}
}

// Texts that were put into other systems' fields to ride on their mails (reference A2) and their relatives.
func TestCheckLinesRefuseWhatOthersSent(t *testing.T) {
	t.Parallel()
	bad := map[string]Reason{
		"You won 5000 USD claim at prize-draw.example": ReasonLink, "Claim your NFT https://evil.example/x": ReasonLink, "<a href=https://evil.example>Device</a>": ReasonCharacter,
		"Call +1 (805) 330-1822 to cancel": ReasonPhone, "ring 03 5550 0142 now": ReasonPhone, "ring ٠٣٥٥٥٠٠١٤٢": ReasonPhone, "ring ０３５５５００１４２": ReasonPhone, "03·5550·0142": ReasonPhone, "0 3 5 5 5 0 0 1 4 2": ReasonPhone,
		"write to help@evil.example": ReasonLink, "help＠evil.example": ReasonCharacter, "evil。com": ReasonLink, "evil｡com": ReasonCharacter, "evil․com": ReasonCharacter, "bit.ly/abc": ReasonLink, "x.xn--p1ai": ReasonLink,
		"192.168.0.1": ReasonLink, "javascript:alert(1)": ReasonLink, "tel:000": ReasonLink, "mailto:a": ReasonLink, "Ｅvil": ReasonCharacter, "pаypal desk": ReasonMixed,
		"a\tb": ReasonControl, "a\r\nb": ReasonControl, "a\u202eb": ReasonControl, "{name}": ReasonCharacter, "a|b": ReasonCharacter, "`x`": ReasonCharacter, "x\ufffd": ReasonControl, "www.evil": ReasonLink, "(evil.example)": ReasonLink, "evil.example.": ReasonLink,
	}
	for text, want := range bad {
		if got := Check(LineValue, 80, text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	good := []string{"Initial consultation", "Standard consultation (45 min)", "Physio & exercise: group 2", "Level 2, 12-14 Wattle Street, Ballarat VIC 3350", "Unit 3/12 St. Kilda Road", "Open 9.00-17.00", "Since 1.12.2026",
		"From 2026-12-01", "2026-2027", "e.g. shoes", "عيادة النيل، شارع ٢٦ يوليو", "Children’s clinic", "Room 3.2", "Rehab “back on track”", "理学療法", "10 % off? No!", "No. 5"}
	for _, text := range good {
		if got := Check(LineValue, 80, text); got != "" {
			t.Errorf("%q refused: %s", text, got)
		}
	}
}

func TestCheckPhones(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"(03) 5550 0142", "+61 3 5550 0142", "03-5550-0142", "01.23.45.67.89", "131 450"} {
		if got := Check(PhoneValue, 24, good); got != "" {
			t.Errorf("%q refused: %s", good, got)
		}
	}
	for _, bad := range []string{"12", "+61 3 5550 0142 ext 5", "0000000000000000", "03  5550", "٠٣٥٥٥٠٠١٤٢", "1;ext=2", "03\n5550"} {
		if Check(PhoneValue, 24, bad) == "" {
			t.Errorf("%q accepted", bad)
		}
	}
}

func TestTidy(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{" Ann ": "Ann", "Ann  Lee": "Ann Lee", "Ann\u00a0Lee": "Ann Lee", "Zoe\u0308": "Zoë", "Ann": "Ann", "": "", "  ": "", "\xff ": "\xff "} {
		if got := Tidy(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func FuzzCheck(f *testing.F) {
	for _, seed := range []string{"Fatima", "نور", "evil.com", "Ann\r\nBcc: x", "<script>", "J.P.", "Z\u0301\u0302\u0303", "\u202eabc", "0355500142", "می‌خواهم", "Level 2, 12-14 Wattle Street", "a。b", "Ｅ", "x.X", "A.AA"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		for _, info := range []struct {
			Type Type
			Max  int
		}{{NameValue, 40}, {LineValue, 80}, {AddressValue, 160}, {PhoneValue, 24}, {DateValue, 40}} {
			if Check(info.Type, info.Max, value) != "" {
				continue
			}
			if !utf8.ValidString(value) || utf8.RuneCountInString(value) > info.Max || value == "" {
				t.Fatalf("%s: %q accepted", info.Type, value)
			}
			for _, r := range value {
				if unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Bidi_Control, r) || r == 0x2028 || r == 0x2029 {
					t.Fatalf("%s: %q accepted with %U", info.Type, value, r)
				}
			}
			if info.Type != NameValue && info.Type != LineValue && info.Type != AddressValue {
				continue
			}
			if strings.ContainsAny(value, "<>@{}[]\\|`=") || strings.Contains(value, "://") {
				t.Fatalf("%s: %q accepted with mark-up", info.Type, value)
			}
			for word := range strings.FieldsSeq(strings.ToLower(value)) {
				if strings.HasSuffix(word, ".com") && len(word) > 4 && (word[len(word)-5] >= 'a' && word[len(word)-5] <= 'z') {
					t.Fatalf("%s: %q accepted with a host", info.Type, value)
				}
			}
		}
	})
}

func TestHosts(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"clinic.example", "a.b.clinic.example", "xn--mnchen-3ya.example", "xn--mgbh0fb.example", "xn--80adxhks.example"} {
		if err := Host("hosts", good); err != nil {
			t.Errorf("%s refused: %v", good, err)
		}
	}
	for _, bad := range []string{"", "localhost", "1.2.3.4", "[::1]", "clinic.example.", ".example", "a..example", "clinic.example:443", "user@clinic.example", "clinic.example/x", "münchen.example",
		"xn--80ak6aa92e.com" /* аррӏе in Cyrillic */, "xn--pple-43d.com" /* аpple, mixed */, "xn--e1awd7f.com" /* еріс */, "tinyurl.com", "www.bit.ly", "clinic.123", "xn--a.example", "-a.example", "a_b.example", "CLINIC.example"} {
		if Host("hosts", bad) == nil {
			t.Errorf("%s accepted", bad)
		}
	}
}
