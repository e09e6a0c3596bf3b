package client

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// MaxFolded bounds what one Fold looks at, in characters.
const MaxFolded = 400

// Fold writes a name so that people who type it find it: compatibility-decomposed, without marks, in lower case, the letters that do not
// decompose written plainly (ł as l, ß as ss), the spellings of Arabic that are used for each other made one, apostrophes dropped, and
// everything that is neither letter nor digit a single blank. Its result holds no %, _ or quote.
func Fold(name string) string {
	var b strings.Builder
	blank, n := true, 0
	for _, r := range norm.NFKD.String(name) {
		if n++; n > MaxFolded {
			break
		}
		r = unicode.ToLower(r)
		plain, special := plainly[r]
		switch {
		case special:
			b.WriteString(plain)
			blank = blank && plain == ""
		case unicode.Is(unicode.Mn, r), unicode.Is(unicode.Cf, r):
		case unicode.IsLetter(r), unicode.IsDigit(r), unicode.Is(unicode.Mc, r):
			b.WriteRune(r)
			blank = false
		case !blank:
			b.WriteByte(' ')
			blank = true
		}
	}
	return strings.TrimSpace(b.String())
}

// FoldNames is what the column folded holds: the parts of a name, each after a blank, so that the beginning of any part is found by ' part'.
// The last name comes first: the index then gives lists in their usual order.
func FoldNames(first, last, preferred string) string {
	folded := strings.Join(strings.Fields(Fold(last)+" "+Fold(first)+" "+Fold(preferred)), " ")
	if folded == "" {
		return ""
	}
	return " " + folded + " "
}

var plainly = map[rune]string{
	'đ': "d", 'ð': "d", 'ł': "l", 'ø': "o", 'ħ': "h", 'ı': "i", 'ŧ': "t", 'ŋ': "n", 'ß': "ss", 'æ': "ae", 'œ': "oe", 'þ': "th",
	'\'': "", '’': "", '‘': "", 'ʼ': "", 'ʻ': "", '`': "", '´': "", '′': "",
	'ـ': "",                                         // tatweel only stretches
	'أ': "ا", 'إ': "ا", 'آ': "ا", 'ٱ': "ا", 'ء': "", // forms of alef; a hamza alone
	'ى': "ي", 'ی': "ي", 'ئ': "ي", 'ؤ': "و", 'ة': "ه", // forms of ya, waw and final ha
	'ک': "ك", 'ە': "ه", 'ہ': "ه", 'ھ': "ه", 'ς': "σ",
}
