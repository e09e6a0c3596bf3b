package clean

import (
	"html"
	"net/netip"
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

// Scan reports every part of text that reads as a web address, an e-mail address or a phone number, until found returns false. Text is read as a mail program
// reads it, and as a reader does: folded to NFKC, without invisible characters, and once more with its percent signs and entities resolved.
func Scan(text string, found func(AutoLink) bool) {
	for range 3 { // as often as something may have been encoded
		if !scanOnce(text, found) {
			return
		}
		resolved := resolve(text)
		if resolved == text {
			return
		}
		text = resolved
	}
}

func scanOnce(text string, found func(AutoLink) bool) (goOn bool) {
	digits, marks, plain := 0, false, true
	for i := range len(text) {
		switch c := text[i]; {
		case c >= '0' && c <= '9':
			digits++
		case c == '@':
			marks = true
		case c == '.' || c == ':':
			marks = marks || i+1 < len(text) && text[i+1] != ' '
		case c >= 0x80:
			plain = false
		}
	}
	if !plain {
		text, digits, marks = fold(text), leastPhoneDigits, true
	}
	if marks && !scanLinks(text, found) {
		return false
	}
	return digits < leastPhoneDigits && !hexNumber(text) || scanPhones(text, found)
}

// resolve reads percent signs and entities as a browser would.
func resolve(text string) string {
	if strings.IndexByte(text, '&') >= 0 && strings.IndexByte(text, ';') >= 0 {
		text = html.UnescapeString(text)
	}
	if strings.IndexByte(text, '%') < 0 {
		return text
	}
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '%' && i+2 < len(text) {
			if high, low := hexDigit(text[i+1]), hexDigit(text[i+2]); high >= 0 && low >= 0 {
				out.WriteByte(byte(high<<4 | low))
				i += 2
				continue
			}
		}
		out.WriteByte(text[i])
	}
	return strings.ToValidUTF8(out.String(), " ")
}

func hexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}

// fold makes what looks alike the same: NFKC, every sign that a resolver or a reader takes for a dot (UTS 46 §4), nothing that cannot be seen. Marks over digits go
// too: a digit in a box is a digit.
func fold(text string) string {
	digit := false
	return strings.Map(func(r rune) rune {
		before := digit
		digit = unicode.IsDigit(r) || before && unicode.Is(unicode.M, r)
		switch {
		case r == '。' || r == '｡' || r == '．' || r == '․' || r == '﹒':
			return '.'
		case r < 0x80:
			return r
		case before && unicode.Is(unicode.M, r), hidden(r):
			return -1
		}
		return r
	}, norm.NFKC.String(text))
}

// asciiBreaks are the ASCII signs that end an address.
var asciiBreaks = breaksOf("\x1f \t\r\n\v\f<>\"'()[]{},;!?|")

func breaksOf(signs string) (out [128]bool) {
	for _, c := range []byte(signs) {
		out[c] = true
	}
	return out
}

func breaksAddress(r rune) bool {
	if r < 0x80 {
		return asciiBreaks[r&127]
	}
	return unicode.IsSpace(r) || strings.ContainsRune("“”‘’«»„،؛؟、", r)
}

// scanLinks takes text apart into what an address may be made of.
func scanLinks(text string, found func(AutoLink) bool) (goOn bool) {
	start, marks := -1, false
	end := func(at int) bool {
		if start < 0 || !marks || !linkLike(text[start:at]) {
			return true
		}
		return found(AutoLink{Reason: ReasonLink, Text: strings.ToLower(strings.Trim(text[start:at], ".:/-*_~"))})
	}
	for i, r := range text {
		if breaksAddress(r) {
			if r == '?' && marks && start >= 0 && i+1 < len(text) && text[i+1] > ' ' { // a query
				continue
			}
			if !end(i) {
				return false
			}
			start, marks = -1, false
			continue
		}
		if start < 0 {
			start = i
		}
		marks = marks || r == '.' || r == '@' || r == ':'
	}
	return end(len(text))
}

// schemes that programs open something by.
var schemes = wordsOf("http https hxxp ftp ftps sftp mailto tel sms mms smsto javascript data file callto whatsapp facetime intent vbscript geo blob xmpp sip sips skype tg signal viber " +
	"bitcoin ethereum magnet webcal itms market irc ircs ldap ldaps smb nntp cid mid about view-source ws wss ssh git zoommtg msteams weixin alipay upi paypal android-app")

func wordsOf(list string) map[string]bool {
	out := map[string]bool{}
	for _, word := range strings.Fields(list) {
		out[word] = true
	}
	return out
}

func linkLike(token string) bool {
	if at := strings.IndexByte(token, '@'); at > 0 && at < len(token)-1 || strings.Contains(token, "://") {
		return true
	}
	colons := 0
	for i := range len(token) {
		switch token[i] {
		case '.':
			if hostDot(token, i) {
				return true
			}
		case ':':
			colons++
			if i+1 < len(token) && opens(token[:i]) {
				return true
			}
		}
	}
	if colons > 1 {
		if _, err := netip.ParseAddr(token); err == nil {
			return true
		}
	}
	return fourNumbers(token)
}

// opens tells whether the word before a colon is a scheme that programs open something by. A hyphen may be part of it, or stand before it.
func opens(text string) bool {
	from := len(text)
	for from > 0 && len(text)-from < 12 && (text[from-1]|0x20 >= 'a' && text[from-1]|0x20 <= 'z' || text[from-1] == '-') {
		from--
	}
	word := strings.ToLower(strings.TrimLeft(text[from:], "-"))
	return schemes[word] || schemes[word[strings.LastIndexByte(word, '-')+1:]]
}

// hostDot tells whether the dot at i has the end of a label before it and after it what may be the last label of a host: two letters and more, or one in punycode. Nobody
// can know which of them exist tomorrow.
func hostDot(token string, i int) bool {
	before, _ := utf8.DecodeLastRuneInString(token[:i])
	if i == 0 || !unicode.IsLetter(before) && !unicode.IsDigit(before) && !unicode.Is(unicode.M, before) && !unicode.Is(unicode.So, before) {
		return len(token) > i+4 && i >= 3 && strings.EqualFold(token[i-3:i], "www")
	}
	rest := token[i+1:]
	if len(rest) > 4 && strings.EqualFold(rest[:4], "xn--") {
		return true
	}
	letters, www := 0, i >= 3 && strings.EqualFold(token[i-3:i], "www")
	for _, r := range rest {
		if unicode.IsLetter(r) {
			letters++
		} else if !unicode.Is(unicode.M, r) {
			break
		}
	}
	return letters > 1 || www && letters > 0
}

// fourNumbers tells whether there is an IP address in a word, in any base: four numbers, or fewer when one is hexadecimal.
func fourNumbers(token string) bool {
	for run := range strings.FieldsFuncSeq(token, func(r rune) bool { return r != '.' && (r < '0' || r > '9') }) {
		if run = strings.Trim(run, "."); strings.Count(run, ".") == 3 && !strings.Contains(run, "..") {
			return true
		}
	}
	for run := range strings.FieldsFuncSeq(token, func(r rune) bool { return r != '.' && r != 'x' && r != 'X' && (r >= 0x80 || hexDigit(byte(r)) < 0) }) {
		run = strings.Trim(run, ".")
		groups, numbers, hex := 0, 0, false
		for group := range strings.SplitSeq(run, ".") {
			groups++
			switch {
			case group != "" && between(group, '0', '9'):
				numbers++
			case len(group) > 2 && group[0] == '0' && group[1]|0x20 == 'x':
				numbers++
				hex = true
			}
		}
		if numbers == groups && (groups == 4 || hex && groups > 1 && groups < 4) {
			return true
		}
	}
	return false
}

// hexNumber tells whether text has an IP address as one hexadecimal number.
func hexNumber(text string) bool {
	i := strings.Index(text, "0x")
	return i >= 0 && len(text) >= i+10 && !strings.ContainsFunc(text[i+2:i+10], func(r rune) bool { return r >= 0x80 || hexDigit(byte(r)) < 0 })
}

// joinsDigits are the signs that may stand between the digits of a number to ring.
const joinsDigits = " ()+-./–—‐‑‒−·•∙⋅‧・_*~'’"

// scanPhones finds runs of seven digits and more with nothing but separators between, dates, years and times of day left out.
func scanPhones(text string, found func(AutoLink) bool) (goOn bool) {
	if hexNumber(text) && !found(AutoLink{Reason: ReasonLink, Text: text}) {
		return false
	}
	var digits []byte
	start, end := -1, 0
	flush := func() bool {
		defer func() { digits, start = digits[:0], -1 }()
		if len(digits) < leastPhoneDigits || datesOnly(strings.Trim(text[start:end], joinsDigits)) {
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
		case start >= 0 && !strings.ContainsRune(joinsDigits, r):
			if !flush() {
				return false
			}
		}
	}
	return start < 0 || flush()
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
