package clean

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// leastPhoneDigits is from how many digits on mail programs make a number a thing to ring.
const leastPhoneDigits = 7

// AutoLink is a part of a text that a mail program would turn into a link by itself.
type AutoLink struct {
	Reason Reason // ReasonLink or ReasonPhone
	Text   string // as compared: folded to NFKC and lower case
	Digits string // of a phone
}

// Suspicion returns the first reason for which text would become a link, "" for none.
func Suspicion(text string) Reason {
	var first Reason
	Scan(text, func(a AutoLink) bool { first = a.Reason; return false })
	return first
}

// Scan reports every part of text that reads as a web address, an e-mail address or a phone number, until found returns false.
func Scan(text string, found func(AutoLink) bool) {
	digits, marks, plain := 0, false, true
	for i := range len(text) {
		switch c := text[i]; {
		case c >= '0' && c <= '9':
			digits++
		case c == '.' || c == '@' || c == ':':
			marks = true
		case c >= 0x80:
			plain = false
		}
	}
	if plain && !marks && digits < leastPhoneDigits {
		return
	}
	if !plain {
		text = foldDots(norm.NFKC.String(text))
	}
	for token := range strings.FieldsFuncSeq(text, breaksAddress) {
		if linkLike(token) && !found(AutoLink{Reason: ReasonLink, Text: strings.ToLower(strings.Trim(token, ".:/-"))}) {
			return
		}
	}
	scanPhones(text, found)
}

// foldDots makes every sign that a resolver or a reader takes for a dot into one. (UTS 46 §4; U+2024 by NFKC already)
func foldDots(text string) string {
	if !strings.ContainsAny(text, "。｡．․") {
		return text
	}
	return strings.NewReplacer("。", ".", "｡", ".", "．", ".", "․", ".").Replace(text)
}

func breaksAddress(r rune) bool {
	return unicode.IsSpace(r) || strings.ContainsRune("<>\"'()[]{},;!?|“”‘’«»„،؛؟、", r)
}

var schemes = []string{"http:", "https:", "ftp:", "mailto:", "tel:", "sms:", "javascript:", "data:", "file:", "callto:", "whatsapp:", "facetime:", "intent:", "vbscript:", "geo:", "blob:"}

func linkLike(token string) bool {
	if strings.Contains(token, "://") || strings.IndexByte(token, '@') > 0 && !strings.HasSuffix(token, "@") {
		return true
	}
	lower := strings.ToLower(token)
	if strings.HasPrefix(lower, "www.") && len(lower) > 4 {
		return true
	}
	for _, s := range schemes {
		if strings.HasPrefix(lower, s) && len(lower) > len(s) {
			return true
		}
	}
	for part := range strings.FieldsFuncSeq(token, func(r rune) bool { return strings.ContainsRune("/?#:=&\\", r) }) {
		if hostLike(part) {
			return true
		}
	}
	return false
}

// hostLike tells whether a word has the shape of a host: labels with dots between, the last one of two letters or more; or four numbers.
func hostLike(word string) bool {
	word = strings.TrimRight(word, ".")
	if !strings.Contains(word, ".") {
		return false
	}
	labels := strings.Split(word, ".")
	numbers := 0
	for _, l := range labels {
		if l != "" && between(l, '0', '9') {
			numbers++
		}
	}
	if len(labels) == 4 && numbers == 4 {
		return true
	}
	last := labels[len(labels)-1]
	previous := labels[len(labels)-2]
	if previous == "" || utf8.RuneCountInString(last) < 2 {
		return false
	}
	if strings.HasPrefix(strings.ToLower(last), "xn--") {
		return true
	}
	for _, r := range last {
		if !unicode.IsLetter(r) && !unicode.Is(unicode.M, r) {
			return false
		}
	}
	end, _ := utf8.DecodeLastRuneInString(previous)
	return unicode.IsLetter(end) || unicode.IsDigit(end) || unicode.Is(unicode.M, end)
}

// scanPhones finds runs of seven digits and more with nothing but separators between, dates, years and times of day left out.
func scanPhones(text string, found func(AutoLink) bool) {
	var digits []byte
	start, end := -1, 0
	flush := func() bool {
		defer func() { digits, start = digits[:0], -1 }()
		if len(digits) < leastPhoneDigits || datesOnly(strings.Trim(text[start:end], " ()+-./–—‐‑·•")) {
			return true
		}
		return found(AutoLink{Reason: ReasonPhone, Text: text[start:end], Digits: string(digits)})
	}
	for i, r := range text {
		switch {
		case unicode.IsDigit(r):
			if start < 0 {
				start = i
			}
			digits = append(digits, '0'+digitOf(r))
			end = i + utf8.RuneLen(r)
		case start >= 0 && !strings.ContainsRune(" ()+-./–—‐‑·•", r):
			if !flush() {
				return
			}
		}
	}
	if start >= 0 {
		flush()
	}
}

// digitOf is the value of a decimal digit of any script: they stand in rows of ten.
func digitOf(r rune) byte {
	zero := r
	for unicode.IsDigit(zero-1) && r-zero < 9 {
		zero--
	}
	return byte(r - zero)
}

// datesOnly tells whether a run of digits is made of dates, years and times: 1.12.2026, 2026-12-01, 2026-2027, 9.00-17.00.
func datesOnly(run string) bool {
	if len(run) > 40 {
		return false
	}
	for _, shape := range []string{"dd.dd.dddd", "d.dd.dddd", "dd.d.dddd", "d.d.dddd", "dddd.dd.dd", "dddd.dddd", "dd.dd.dd.dd", "d.dd.dd.dd"} {
		if shaped(run, shape) {
			return true
		}
	}
	return false
}

// shaped compares digits with d and separators with dots; a year begins with 19 or 20, a time has dots inside and a dash between.
func shaped(run, shape string) bool {
	compact := strings.NewReplacer(" ", "", "–", "-", "—", "-").Replace(run)
	if len(compact) != len(shape) {
		return false
	}
	var seps []byte
	for i := range len(shape) {
		digit := compact[i] >= '0' && compact[i] <= '9'
		if digit != (shape[i] == 'd') {
			return false
		}
		if !digit {
			seps = append(seps, compact[i])
		}
	}
	if strings.HasSuffix(shape, "dd.dd.dd.dd") || shape == "d.dd.dd.dd" {
		return string(seps) == ".-."
	}
	if i := strings.Index(shape, "dddd"); !strings.HasPrefix(compact[i:], "19") && !strings.HasPrefix(compact[i:], "20") {
		return false
	}
	if shape == "dddd.dddd" {
		second := compact[5:]
		return string(seps) == "-" && (strings.HasPrefix(second, "19") || strings.HasPrefix(second, "20"))
	}
	return len(seps) == 2 && seps[0] == seps[1]
}

// MixedWords tells whether a word of text mixes letters of two alphabets.
func MixedWords(text string) bool {
	if ascii(text) {
		return false
	}
	for word := range strings.FieldsSeq(text) {
		if mixedScripts(word) {
			return true
		}
	}
	return false
}

func mixedScripts(word string) bool {
	var first int32
	for _, r := range word {
		s := scriptOf(r)
		if s == 0 {
			continue
		}
		if first == 0 {
			first = s
		} else if s != first {
			return true
		}
	}
	return false
}

// Classes of scriptOf; other scripts are told apart by their blocks of 128.
const (
	scriptLatin int32 = -1 - iota
	scriptGreek
	scriptCyrillic
	scriptHebrew
	scriptArabic
	scriptEastAsian // Han, kana, hangul and bopomofo stand together in one word
	scriptEthiopic
)

// scriptOf classes letters; 0 for whatever belongs to every script.
func scriptOf(r rune) int32 {
	switch {
	case r < 0x80:
		if r|0x20 >= 'a' && r|0x20 <= 'z' {
			return scriptLatin
		}
		return 0
	case !unicode.IsLetter(r), r == 'ʼ', r == 'ʻ', r == 'ª', r == 'º', r == 'ー':
		return 0
	case r < 0x2b0, r >= 0x1e00 && r < 0x1f00, r >= 0x2c60 && r < 0x2c80:
		return scriptLatin
	case r >= 0x370 && r < 0x400, r >= 0x1f00 && r < 0x2000:
		return scriptGreek
	case r >= 0x400 && r < 0x530, r >= 0x1c80 && r < 0x1c90, r >= 0x2de0 && r < 0x2e00, r >= 0xa640 && r < 0xa6a0:
		return scriptCyrillic
	case r >= 0x590 && r < 0x600, r >= 0xfb1d && r < 0xfb50:
		return scriptHebrew
	case r >= 0x600 && r < 0x780 && (r < 0x700 || r >= 0x750), r >= 0x8a0 && r < 0x900, r >= 0xfb50 && r < 0xff00:
		return scriptArabic
	case r >= 0x1100 && r < 0x1200, r >= 0x2e80 && r < 0xa4d0, r >= 0xac00 && r < 0xd800, r >= 0xf900 && r < 0xfb00, r >= 0xff00 && r < 0xfff0, r >= 0x20000:
		return scriptEastAsian
	case r >= 0x1200 && r < 0x13a0:
		return scriptEthiopic
	}
	return r>>7 + 1
}

// between tells whether every byte of s lies from one to the other.
func between(s string, from, to byte) bool {
	for i := range len(s) {
		if s[i] < from || s[i] > to {
			return false
		}
	}
	return true
}
