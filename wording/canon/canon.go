// Package canon writes JSON as RFC 8785 has it, for types that name their own members. Who writes gives the members in the order of their names (§3.2.3); names are
// lower-case ASCII, numbers whole. What it writes is compared with an independent implementation in the tests of the packages that use it.
package canon

import (
	"strconv"
	"unicode/utf8"
)

// Writer is the JSON so far.
type Writer []byte

// Open begins an object '{' or an array '['.
func (w *Writer) Open(c byte) { *w = append(*w, c) }

// Close ends what Open began.
func (w *Writer) Close(c byte) { *w = append(*w, c) }

// Item begins the next member or element.
func (w *Writer) Item() {
	if n := len(*w); n > 0 && (*w)[n-1] != '{' && (*w)[n-1] != '[' {
		*w = append(*w, ',')
	}
}

// Name begins a member.
func (w *Writer) Name(name string) {
	w.Item()
	*w = append(append(append(*w, '"'), name...), '"', ':')
}

// Text writes a member that is a string.
func (w *Writer) Text(name, value string) {
	w.Name(name)
	w.String(value)
}

// Some writes a member that is a string, unless it is empty.
func (w *Writer) Some(name, value string) {
	if value != "" {
		w.Text(name, value)
	}
}

// Number writes a member that is a whole number. (§3.2.2.3: so small that it has no exponent)
func (w *Writer) Number(name string, value int) {
	w.Name(name)
	*w = strconv.AppendInt(*w, int64(value), 10)
}

// True writes a member that is true, and nothing when it is not.
func (w *Writer) True(name string, value bool) {
	if value {
		w.Name(name)
		*w = append(*w, "true"...)
	}
}

// Texts writes a member that is a list of strings, null when there is none.
func (w *Writer) Texts(name string, values []string) {
	List(w, name, values, func(value *string) { w.String(*value) })
}

// List writes a member that is a list, null when there is none.
func List[T any](w *Writer, name string, values []T, write func(*T)) {
	w.Name(name)
	if values == nil {
		*w = append(*w, "null"...)
		return
	}
	w.Open('[')
	for i := range values {
		w.Item()
		write(&values[i])
	}
	w.Close(']')
}

// SomeList writes a member that is a list, unless it is empty.
func SomeList[T any](w *Writer, name string, values []T, write func(*T)) {
	if len(values) > 0 {
		List(w, name, values, write)
	}
}

const lowerHex = "0123456789abcdef"

// String writes a string with the escapes of RFC 8785 §3.2.2.2 and no others. A broken byte becomes U+FFFD.
func (w *Writer) String(value string) {
	out := append(*w, '"')
	from := 0
	for i := 0; i < len(value); {
		c := value[i]
		if c >= 0x20 && c < utf8.RuneSelf && c != '"' && c != '\\' {
			i++
			continue
		}
		size := 1
		if c >= utf8.RuneSelf {
			var r rune
			if r, size = utf8.DecodeRuneInString(value[i:]); r != utf8.RuneError || size > 1 {
				i += size
				continue
			}
		}
		out = append(out, value[from:i]...)
		switch {
		case c >= utf8.RuneSelf:
			out = append(out, "\ufffd"...)
		case c == '"' || c == '\\':
			out = append(out, '\\', c)
		case c == '\b':
			out = append(out, '\\', 'b')
		case c == '\t':
			out = append(out, '\\', 't')
		case c == '\n':
			out = append(out, '\\', 'n')
		case c == '\f':
			out = append(out, '\\', 'f')
		case c == '\r':
			out = append(out, '\\', 'r')
		default:
			out = append(out, '\\', 'u', '0', '0', lowerHex[c>>4], lowerHex[c&15])
		}
		i += size
		from = i
	}
	*w = append(append(out, value[from:]...), '"')
}
