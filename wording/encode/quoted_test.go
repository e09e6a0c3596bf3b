package encode

import (
	"bytes"
	"html"
	"io"
	"mime/quotedprintable"
	"strings"
	"testing"
)

// What a slot of the HTML part, the plain part, the subject and the SMS shows is the value itself, whatever is in it: the escaping alone, without the checks before it.
func FuzzAppendValue(f *testing.F) {
	for _, s := range []string{"Fatima", "<script>alert(1)</script>", "a=b", "\"'&", "نور", strings.Repeat("&", 40), "a\x00b", "--=_a", "=\r\n", strings.Repeat("é", 60)} {
		f.Add(s, 10)
	}
	f.Add("\u04de\x84\x84\x84\x84\x84\x84\x84\x84\x84\x84\x84\x84\x84\x84\x84\x84\x84\x84\x84\x84\x84\x84\x84\x84\x84\x84", 62)
	f.Fuzz(func(t *testing.T, value string, col int) {
		if col < 0 || col > QuotedLine {
			return
		}
		for _, at := range []Place{Text, HTML} {
			got, end := AppendValue(bytes.Repeat([]byte("x"), col), value, at, col)
			if last := got[bytes.LastIndexByte(got, '\n')+1:]; len(last) != end {
				t.Fatalf("column %d, want %d", end, len(last))
			}
			if !LinesFit(append(bytes.Clone(got), '\r', '\n')) {
				t.Fatalf("%q", got)
			}
			if at == HTML && bytes.ContainsAny(got, "<>\"'") {
				t.Fatalf("%q", got)
			}
			if bytes.Contains(got, []byte("=_")) {
				t.Fatalf("%q could be a boundary", got)
			}
			decoded, err := io.ReadAll(quotedprintable.NewReader(bytes.NewReader(append(got, "\r\n"...))))
			if err != nil {
				t.Fatalf("%q: %v", got, err)
			}
			text := strings.TrimSuffix(string(decoded[col:]), "\r\n")
			if at == HTML {
				text = html.UnescapeString(text)
			}
			if want := html.UnescapeString(html.EscapeString(value)); strings.TrimRight(text, " ") != strings.TrimRight(want, " ") {
				t.Fatalf("%q reads back as %q", value, text)
			}
		}
	})
}
