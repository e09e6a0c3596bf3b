package encode

import (
	"strings"
	"testing"
	"unicode/utf16"
)

func TestSMSParts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text string
		parts      int
		encoding   Encoding
		units      int
	}{
		{"nothing", "", 0, GSM7, 0},
		{"one", "a", 1, GSM7, 1},
		{"160", strings.Repeat("a", 160), 1, GSM7, 160},
		{"161", strings.Repeat("a", 161), 2, GSM7, 161},
		{"306", strings.Repeat("a", 306), 2, GSM7, 306},
		{"307", strings.Repeat("a", 307), 3, GSM7, 307},
		{"918", strings.Repeat("a", 918), 6, GSM7, 918},
		{"euro counts two", "€", 1, GSM7, 2},
		{"80 euros", strings.Repeat("€", 80), 1, GSM7, 160},
		{"an escape is not split", strings.Repeat("a", 152) + "€" + strings.Repeat("b", 152), 3, GSM7, 306}, // 152 | €+151 | 1
		{"accents of the alphabet", "Schäfer à Ñ ¿ Δ", 1, GSM7, 15},
		{"an accent that is none of it", "Zoë", 1, UCS2, 3},
		{"backtick", "`", 1, UCS2, 1},
		{"70", strings.Repeat("ë", 70), 1, UCS2, 70},
		{"71", strings.Repeat("ë", 71), 2, UCS2, 71},
		{"134", strings.Repeat("ë", 134), 2, UCS2, 134},
		{"135", strings.Repeat("ë", 135), 3, UCS2, 135},
		{"a pair is not split", strings.Repeat("ë", 66) + "😀" + strings.Repeat("ë", 66), 3, UCS2, 134}, // 66 | 😀+65 | 1
		{"arabic", "مرحبا", 1, UCS2, 5},
	} {
		t.Run(c.name, func(t *testing.T) {
			parts, encoding, units := SMSParts(c.text)
			if parts != c.parts || encoding != c.encoding || units != c.units {
				t.Errorf("%d, %s, %d; want %d, %s, %d", parts, encoding, units, c.parts, c.encoding, c.units)
			}
		})
	}
}

func TestGSMAlphabetIsWhole(t *testing.T) {
	t.Parallel()
	seen := map[rune]bool{}
	for _, r := range gsmAlphabet {
		if seen[r] {
			t.Errorf("%q is there twice", r)
		}
		seen[r] = true
		if gsmUnits(r) != 1 {
			t.Errorf("%q takes %d units", r, gsmUnits(r))
		}
	}
	if len(seen) != 127 { // 128 places, one of them the escape
		t.Errorf("the alphabet has %d letters", len(seen))
	}
	for _, r := range gsmExtension {
		if gsmUnits(r) != 2 {
			t.Errorf("%q takes %d units", r, gsmUnits(r))
		}
	}
}

func FuzzSplitSMS(f *testing.F) {
	f.Add(strings.Repeat("a", 152) + "€" + strings.Repeat("b", 152))
	f.Add(strings.Repeat("ë", 66) + "😀" + strings.Repeat("ë", 66))
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		text = strings.ToValidUTF8(text, "?")
		parts := SplitSMS(text)
		n, encoding, _ := SMSParts(text)
		if strings.Join(parts, "") != text || len(parts) != n {
			t.Fatalf("%d parts of %d do not make the text again", len(parts), n)
		}
		for _, p := range parts {
			most := 160
			if len(parts) > 1 {
				most = 153
			}
			units := 0
			if encoding == UCS2 {
				units = len(utf16.Encode([]rune(p)))
				most = 70
				if len(parts) > 1 {
					most = 67
				}
			} else {
				for _, r := range p {
					units += gsmUnits(r)
				}
			}
			if units > most || units == 0 {
				t.Fatalf("a part of %d units", units)
			}
		}
	})
}

func FuzzUnits(f *testing.F) {
	for _, text := range []string{"", "plain", "Schäfer €", "{}[]", "موعدك", "😀 x", "\xff\xfe", "\x00\f"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if _, want := Measure(text); Units([]byte(text)) != want {
			t.Fatalf("%q: %d units, want %d", text, Units([]byte(text)), want)
		}
	})
}
