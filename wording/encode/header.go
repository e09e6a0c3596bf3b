// Package encode writes text as mail and SMS carry it: headers (RFC 5322, RFC 2047), quoted-printable bodies (RFC 2045), the GSM alphabet. Nothing that goes through
// it can begin a line, a header or a part of its own.
package encode

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"letterhead/fault"
)

// Headers are written here so that every one is folded and encoded by the same code: nothing put into one can begin a line.

const (
	headerLine  = 76  // columns, of RFC 2047 §2 and inside the 78 of RFC 5322 §2.1.1
	encodedWord = 75  // RFC 2047 §2
	maxHeader   = 998 // RFC 5322 §2.1.1: no line may be longer
)

// AppendHeader writes "Name: value" with CRLF. value is free text: it is folded, and encoded where it is not ASCII. It refuses names and values that could make
// another header.
func AppendHeader(dst []byte, name, value string) ([]byte, error) {
	if name == "" || len(name) > 60 {
		return dst, fault.Field("header", "wording.header_name", "a header name has 1 to 60 characters")
	}
	for i := range len(name) {
		if c := name[i]; c <= ' ' || c >= 0x7f || c == ':' {
			return dst, fault.Field("header", "wording.header_name", "a header name has visible ASCII characters and no colon")
		}
	}
	if !headerSafe(value) {
		return dst, fault.Field(name, "wording.header_value", "a header's value is one line of valid UTF-8 without control characters")
	}
	dst = append(append(dst, name...), ": "...)
	dst = AppendUnstructured(dst, value, len(name)+2)
	return append(dst, '\r', '\n'), nil
}

func headerSafe(value string) bool {
	if !utf8.ValidString(value) {
		return false
	}
	for _, r := range value {
		if r < 0x20 && r != '\t' || r >= 0x7f && r < 0xa0 || r == 0x2028 || r == 0x2029 {
			return false
		}
	}
	return true
}

// AppendUnstructured writes free text from column col on, folded; with encoded words when it is not plain ASCII. Control characters become spaces.
func AppendUnstructured(dst []byte, value string, col int) []byte {
	plain := true
	for i := range len(value) {
		if c := value[i]; c < 0x20 || c >= 0x7f {
			plain = false
			break
		}
	}
	fits := col+len(value) <= headerLine
	if !plain || strings.Contains(value, "=?") || longWord(value) || (!fits && strings.Contains(value, "  ")) { // readers drop all but one space at a fold
		return appendEncodedWords(dst, value, col)
	}
	if fits {
		return append(dst, value...)
	}
	for first := true; value != ""; first = false { // folds before a word; the space belongs to the next line (RFC 5322 §2.2.3)
		end := strings.IndexByte(value[1:], ' ') + 1
		if end == 0 {
			end = len(value)
		}
		if col+end > headerLine && !first && value[0] == ' ' && strings.Trim(value[:end], " ") != "" {
			dst, col = append(dst, '\r', '\n'), 0
		}
		dst, col, value = append(dst, value[:end]...), col+end, value[end:]
	}
	return dst
}

func longWord(value string) bool {
	run := 0
	for i := range len(value) {
		if run++; value[i] == ' ' {
			run = 0
		}
		if run > 60 {
			return true
		}
	}
	return false
}

// appendEncodedWords writes text as encoded words (RFC 2047 §4), B or Q, whichever is shorter, never splitting a letter.
func appendEncodedWords(dst []byte, value string, col int) []byte {
	quoted := 0
	for i := range len(value) {
		if quoteSafe(value[i]) || value[i] == ' ' {
			quoted++
		} else {
			quoted += 3
		}
	}
	base64 := quoted > (len(value)+2)/3*4
	for first := true; value != "" || first; first = false {
		room := min(headerLine-col, encodedWord) - len("=?utf-8?q??=")
		if !first || room < 12 {
			dst, col = append(dst, "\r\n "...), 1
			room = encodedWord - len("=?utf-8?q??=") - 1
		}
		n := fitting(value, room, base64)
		from := len(dst)
		dst = appendWord(dst, value[:n], base64)
		col, value = col+len(dst)-from, value[n:]
	}
	return dst
}

// fitting is how many bytes of value, in whole letters, fit into room encoded characters.
func fitting(value string, room int, base64 bool) int {
	n, used := 0, 0
	for n < len(value) {
		_, size := utf8.DecodeRuneInString(value[n:])
		width := 0
		if base64 {
			width = (n+size+2)/3*4 - used
		} else {
			for _, c := range []byte(value[n : n+size]) {
				width += 3
				if quoteSafe(c) || c == ' ' {
					width -= 2
				}
			}
		}
		if used+width > room && n > 0 {
			break
		}
		used, n = used+width, n+size
	}
	return n
}

const base64Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

func appendWord(dst []byte, text string, base64 bool) []byte {
	if !base64 {
		dst = append(dst, "=?utf-8?q?"...)
		for i := range len(text) {
			switch c := text[i]; {
			case c == ' ':
				dst = append(dst, '_')
			case quoteSafe(c):
				dst = append(dst, c)
			default:
				dst = append(dst, '=', upperHex[c>>4], upperHex[c&15])
			}
		}
		return append(dst, "?="...)
	}
	dst = append(dst, "=?utf-8?b?"...)
	for i := 0; i < len(text); i += 3 {
		var b [3]byte
		n := copy(b[:], text[i:])
		dst = append(dst, base64Alphabet[b[0]>>2], base64Alphabet[b[0]&3<<4|b[1]>>4], '=', '=')
		if n > 1 {
			dst[len(dst)-2] = base64Alphabet[b[1]&15<<2|b[2]>>6]
		}
		if n > 2 {
			dst[len(dst)-1] = base64Alphabet[b[2]&63]
		}
	}
	return append(dst, "?="...)
}

// quoteSafe are the bytes that stand for themselves in an encoded word wherever it is. (RFC 2047 §5 (3))
func quoteSafe(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '!' || c == '*' || c == '+' || c == '-' || c == '/'
}

// AppendAddress writes a mailbox for From, To or Reply-To: display may be empty; domain may be Unicode. col is where on its line it begins.
func AppendAddress(dst []byte, display, local, domain string, col int) ([]byte, error) {
	address, err := Mailbox(local, domain)
	if err != nil {
		return dst, err
	}
	if display == "" {
		return append(dst, address...), nil
	}
	if !headerSafe(display) || utf8.RuneCountInString(display) > 120 {
		return dst, fault.Field("display name", "wording.header_value", "a display name is one line of at most 120 characters without control characters")
	}
	from := len(dst)
	switch {
	case atoms(display):
		dst = append(dst, display...)
	case plainASCII(display) && len(display) < 60 && !strings.Contains(display, "=?"):
		dst = append(dst, '"')
		for i := range len(display) {
			if display[i] == '"' || display[i] == '\\' {
				dst = append(dst, '\\')
			}
			dst = append(dst, display[i])
		}
		dst = append(dst, '"')
	default:
		dst = appendEncodedWords(dst, display, col)
	}
	last := len(dst) - from + col
	if i := strings.LastIndexByte(string(dst[from:]), '\n'); i >= 0 {
		last = len(dst) - from - i - 1
	}
	if last+len(address)+3 > headerLine {
		dst = append(dst, '\r', '\n')
	}
	dst = append(append(dst, " <"...), address...)
	return append(dst, '>'), nil
}

// Mailbox is local@domain as SMTP wants it: the domain in ASCII, the local part a dot-atom. (RFC 5321 §4.1.2)
func Mailbox(local, domain string) (string, error) {
	if local == "" || len(local) > 64 || local[0] == '.' || local[len(local)-1] == '.' || strings.Contains(local, "..") {
		return "", fault.Field("address", "wording.address", "the part before the @ has 1 to 64 characters and no dot at an end or doubled")
	}
	for i := range len(local) {
		if c := local[i]; !atomByte(c) && c != '.' {
			return "", fault.Field("address", "wording.address", "the part before the @ has ASCII letters, digits and plain signs only")
		}
	}
	name, err := idna.Lookup.ToASCII(domain)
	if err != nil || name == "" || len(name) > 253 || !strings.Contains(name, ".") || strings.HasPrefix(name, ".") || strings.HasSuffix(name, ".") || strings.Contains(name, "..") {
		return "", fault.Field("address", "wording.address", "the part after the @ is no domain name")
	}
	return local + "@" + name, nil
}

// atomByte is atext of RFC 5322 §3.2.3.
func atomByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("!#$%&'*+-/=?^_`{|}~", c) >= 0
}

// atoms tells whether a display name needs no quotes: words of letters and digits, one space between.
func atoms(display string) bool {
	if len(display) > 50 || display[0] == ' ' || display[len(display)-1] == ' ' || strings.Contains(display, "  ") || strings.Contains(display, "=?") {
		return false
	}
	for i := range len(display) {
		if c := display[i]; !atomByte(c) && c != ' ' {
			return false
		}
	}
	return true
}

// HeaderFit tells whether an encoded header value can begin no other header: each line break is followed by a space, no line is too long.
func HeaderFit(value []byte) bool {
	for len(value) > 0 {
		end := bytes.IndexByte(value, '\n')
		line := value
		if end < 0 {
			value = nil
		} else {
			if end == 0 || value[end-1] != '\r' || end+1 >= len(value) || value[end+1] != ' ' {
				return false
			}
			line, value = value[:end-1], value[end+1:]
		}
		if len(line) > maxHeader-20 || bytes.ContainsAny(line, "\r\x00") {
			return false
		}
	}
	return true
}

func plainASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
