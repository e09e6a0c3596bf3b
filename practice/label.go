package practice

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
	"letterhead/fault"
	"letterhead/store"
)

var labelShape = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$`)

// reserved are labels that the platform, or a reader, would take for something else than a clinic.
var reserved = []string{
	"www", "mail", "smtp", "imap", "mx", "ns", "ns1", "ns2", "dns", "api", "admin", "app", "sign", "check", "status", "help", "support", "security", "abuse",
	"postmaster", "webmaster", "hostmaster", "root", "login", "account", "billing", "pay", "cdn", "static", "test", "demo", "letterhead", "bounce", "return",
}

func checkLabel(label string) error {
	switch {
	case !labelShape.MatchString(label), strings.Contains(label, "--"):
		return fault.Field("label", "practice.label", "use 1 to 40 letters a to z, digits and single hyphens, for example wattle-street")
	case slices.Contains(reserved, label):
		return fault.Field("label", "practice.label_reserved", "this label is kept for the platform; choose another")
	}
	return nil
}

// candidates are the labels to try for a practice that named none, the last of which nobody else can have.
func candidates(name string, id store.PracticeID) []string {
	base := slug(name)
	if checkLabel(base) != nil {
		sum := sha256.Sum256([]byte(norm.NFC.String(name)))
		base = "clinic-" + hex.EncodeToString(sum[:3])
	}
	out := []string{base}
	for n := 2; n <= 5; n++ {
		out = append(out, fmt.Sprintf("%s-%d", base, n))
	}
	sum := sha256.Sum256([]byte(id))
	return append(out, base+"-"+hex.EncodeToString(sum[:4]))
}

// slug writes a name with a to z, digits and hyphens, in at most 31 characters: room for what candidates appends.
func slug(name string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(strings.ToLower(name)) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			b.WriteRune(r)
		case letters[r] != "":
			b.WriteString(letters[r])
		case unicode.Is(unicode.Mn, r), r == '\'', r == '’', r == 'ʼ', unicode.IsLetter(r):
		default:
			b.WriteByte('-')
		}
	}
	text := strings.Join(strings.FieldsFunc(b.String(), func(r rune) bool { return r == '-' }), "-")
	if len(text) > 31 {
		text = text[:31]
		if cut := strings.LastIndexByte(text, '-'); cut > 8 {
			text = text[:cut] // at a word's end
		}
	}
	return strings.Trim(text, "-")
}

// letters is a plain romanisation of the alphabets that decompose to nothing Latin: for a label that people can read out, not for scholars.
var letters = table(
	"ß ss æ ae œ oe ø o ł l đ d ð d þ th ı i ħ h ŋ ng",
	"а a б b в v г g д d е e ж zh з z и i й i к k л l м m н n о o п p р r с s т t у u ф f х kh ц ts ч ch ш sh щ shch ы y э e ю yu я ya і i є ye ґ g ђ dj ј j љ lj њ nj ћ c џ dz",
	"α a β v γ g δ d ε e ζ z η i θ th ι i κ k λ l μ m ν n ξ x ο o π p ρ r σ s ς s τ t υ y φ f χ ch ψ ps ω o",
	"ا a ب b ت t ث th ج j ح h خ kh د d ذ dh ر r ز z س s ش sh ص s ض d ط t ظ z ع a غ gh ف f ق q ك k ل l م m ن n ه h و w ي y ى a ة a پ p چ ch ژ zh گ g ک k ی y",
	"א a ב b ג g ד d ה h ו v ז z ח h ט t י y כ k ך k ל l מ m ם m נ n ן n ס s ע a פ p ף p צ ts ץ ts ק k ר r ש sh ת t",
)

func table(alphabets ...string) map[rune]string {
	out := map[rune]string{}
	for _, alphabet := range alphabets {
		fields := strings.Fields(alphabet)
		for i := 0; i+1 < len(fields); i += 2 {
			out[[]rune(fields[i])[0]] = fields[i+1]
		}
	}
	return out
}
