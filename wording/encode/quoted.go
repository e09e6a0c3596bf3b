package encode

import "bytes"

// Quoted-printable (RFC 2045 §6.7). A line has at most 76 characters, a soft break's "=" included, so 75 and the "=".
const QuotedLine = 75

const upperHex = "0123456789ABCDEF"

// AppendQuoted encodes src, whose line breaks are "\n", from column col on. A letter's bytes stay on one line. A space before a line break
// or at the end is encoded, so that what follows may be a line break.
func AppendQuoted(dst []byte, src []byte, col int) ([]byte, int) {
	for i := 0; i < len(src); {
		run := i // of bytes that stand for themselves; a space only before one of them
		for most := min(len(src)-1, i+QuotedLine-col); run < most && itself[Text][src[run]] && (src[run] != ' ' || src[run+1] != '\n'); {
			run++
		}
		if run > i {
			dst, col, i = append(dst, src[i:run]...), col+run-i, run
		}
		c := src[i]
		switch {
		case c == '\n':
			dst, col, i = append(dst, '\r', '\n'), 0, i+1
		case c >= 0x21 && c <= 0x7e && c != '=', c == ' ' && i+1 < len(src) && src[i+1] != '\n':
			if col == QuotedLine {
				dst, col = append(dst, "=\r\n"...), 0
			}
			dst, col, i = append(dst, c), col+1, i+1
		default:
			n := 1
			for n < 4 && c >= 0xc0 && i+n < len(src) && src[i+n]&0xc0 == 0x80 {
				n++
			}
			if col+3*n > QuotedLine {
				dst, col = append(dst, "=\r\n"...), 0
			}
			for _, b := range src[i : i+n] {
				dst = append(dst, '=', upperHex[b>>4], upperHex[b&15])
			}
			col, i = col+3*n, i+n
		}
	}
	return dst, col
}

// Place is where a value stands, and so how it is escaped.
type Place uint8

const (
	Text  Place = iota // quoted-printable, plain text
	HTML               // quoted-printable, HTML text or a double-quoted attribute
	Plain              // header or SMS: as it is; the header is encoded as a whole
)

var entities = [256]string{'&': "&amp;", '<': "&lt;", '>': "&gt;", '"': "&quot;", '\'': "&#39;"}

// itself tells which bytes stand for themselves in a Place.
var itself = [2][256]bool{Text: bytesForThemselves(false), HTML: bytesForThemselves(true)}

func bytesForThemselves(html bool) (out [256]bool) {
	for c := 0x20; c <= 0x7e; c++ {
		out[c] = c != '=' && (!html || entities[c] == "")
	}
	return out
}

// AppendValue encodes a checked value from column col on. at is Text or HTML.
func AppendValue[T string | []byte](dst []byte, value T, at Place, col int) ([]byte, int) {
	plain := &itself[at]
	for i := 0; i < len(value); {
		end := i
		for most := min(len(value), i+QuotedLine-col); end < most && plain[value[end]]; {
			end++
		}
		dst, col, i = append(dst, value[i:end]...), col+end-i, end
		if i == len(value) {
			break
		}
		c := value[i]
		n := 1
		var width int
		switch {
		case plain[c]: // the line is full
			dst, col = append(dst, "=\r\n"...), 0
			continue
		case at == HTML && entities[c] != "":
			width = len(entities[c])
		default:
			for n < 4 && c >= 0xc0 && i+n < len(value) && value[i+n]&0xc0 == 0x80 {
				n++
			}
			width = 3 * n
		}
		if col+width > QuotedLine {
			dst, col = append(dst, "=\r\n"...), 0
		}
		if at == HTML && entities[c] != "" {
			dst = append(dst, entities[c]...)
		} else {
			for j := range n {
				b := value[i+j]
				dst = append(dst, '=', upperHex[b>>4], upperHex[b&15])
			}
		}
		col, i = col+width, i+n
	}
	return dst, col
}

// AppendHTML escapes text for HTML text and double-quoted attributes.
func AppendHTML(dst []byte, text string) []byte {
	for i := range len(text) {
		if e := entities[text[i]]; e != "" {
			dst = append(dst, e...)
		} else {
			dst = append(dst, text[i])
		}
	}
	return dst
}

// LinesFit tells whether every line ends in CRLF and has at most 76 characters. (RFC 2045 §6.7 (5), §6.8)
func LinesFit(body []byte) bool {
	if bytes.Count(body, []byte{'\r'}) != bytes.Count(body, []byte{'\n'}) {
		return false // with each LF after a CR below, as many of both means that no CR stands alone
	}
	for len(body) > 0 {
		end := bytes.IndexByte(body[:min(len(body), 76+2)], '\n')
		if end < 1 || body[end-1] != '\r' {
			return false
		}
		body = body[end+1:]
	}
	return true
}
