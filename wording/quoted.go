package wording

// Quoted-printable (RFC 2045 §6.7). A line has at most 76 characters, a soft break's "=" included, so 75 and the "=".
const quotedLine = 75

const upperHex = "0123456789ABCDEF"

// appendQuoted encodes src, whose line breaks are "\n", from column col on. A letter's bytes stay on one line. A space before a line break
// or at the end is encoded, so that what follows may be a line break.
func appendQuoted(dst []byte, src []byte, col int) ([]byte, int) {
	for i := 0; i < len(src); {
		c := src[i]
		switch {
		case c == '\n':
			dst, col, i = append(dst, '\r', '\n'), 0, i+1
		case c >= 0x21 && c <= 0x7e && c != '=', c == ' ' && i+1 < len(src) && src[i+1] != '\n':
			if col == quotedLine {
				dst, col = append(dst, "=\r\n"...), 0
			}
			dst, col, i = append(dst, c), col+1, i+1
		default:
			n := 1
			for c >= 0xc0 && i+n < len(src) && src[i+n]&0xc0 == 0x80 {
				n++
			}
			if col+3*n > quotedLine {
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

// place is where a value stands, and so how it is escaped.
type place uint8

const (
	inText  place = iota // quoted-printable, plain text
	inHTML               // quoted-printable, HTML text or a double-quoted attribute
	inPlain              // header or SMS: as it is; the header is encoded as a whole
)

var entities = [256]string{'&': "&amp;", '<': "&lt;", '>': "&gt;", '"': "&quot;", '\'': "&#39;"}

// itself tells which bytes stand for themselves in a place.
var itself = [2][256]bool{inText: bytesForThemselves(false), inHTML: bytesForThemselves(true)}

func bytesForThemselves(html bool) (out [256]bool) {
	for c := 0x20; c <= 0x7e; c++ {
		out[c] = c != '=' && (!html || entities[c] == "")
	}
	return out
}

// appendValue encodes a checked value from column col on. at is inText or inHTML.
func appendValue[T string | []byte](dst []byte, value T, at place, col int) ([]byte, int) {
	plain := &itself[at]
	for i := 0; i < len(value); {
		end := i
		for most := min(len(value), i+quotedLine-col); end < most && plain[value[end]]; {
			end++
		}
		dst, col, i = append(dst, value[i:end]...), col+end-i, end
		if i == len(value) {
			break
		}
		c := value[i]
		n, width := 1, 3
		switch {
		case plain[c]: // the line is full
			dst, col = append(dst, "=\r\n"...), 0
			continue
		case at == inHTML && entities[c] != "":
			width = len(entities[c])
		default:
			for c >= 0xc0 && i+n < len(value) && value[i+n]&0xc0 == 0x80 {
				n++
			}
			width = 3 * n
		}
		if col+width > quotedLine {
			dst, col = append(dst, "=\r\n"...), 0
		}
		if at == inHTML && entities[c] != "" {
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

// appendHTML escapes text for HTML text and double-quoted attributes.
func appendHTML(dst []byte, text string) []byte {
	for i := range len(text) {
		if e := entities[text[i]]; e != "" {
			dst = append(dst, e...)
		} else {
			dst = append(dst, text[i])
		}
	}
	return dst
}
