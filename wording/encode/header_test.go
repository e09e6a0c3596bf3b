package encode

import (
	"bytes"
	"mime"
	"net/mail"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestAddresses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ display, local, domain, want string }{
		{"", "hello", "clinic.example", "hello@clinic.example"},
		{"Wattle Street Physiotherapy", "hello", "wattlestreet.example", "Wattle Street Physiotherapy <hello@wattlestreet.example>"},
		{"Smith, Jones & Co.", "hello", "clinic.example", `"Smith, Jones & Co." <hello@clinic.example>`},
		{`Dr. "Ann" \o/`, "a", "clinic.example", `"Dr. \"Ann\" \\o/" <a@clinic.example>`},
		{"Zoë", "zoe", "bücher.example", "=?utf-8?q?Zo=C3=AB?= <zoe@xn--bcher-kva.example>"},
		{"=?utf-8?q?x?=", "a", "clinic.example", "=?utf-8?b?PT91dGYtOD9xP3g/PQ==?= <a@clinic.example>"},
	} {
		got, err := AppendAddress(nil, c.display, c.local, c.domain, len("From: "))
		if err != nil || string(got) != c.want {
			t.Errorf("%q: %q %v, want %q", c.display, got, err, c.want)
		}
	}
	for _, c := range [][3]string{{"a\r\nBcc: x", "a", "b.example"}, {"a", "a b", "b.example"}, {"a", "a\r\n", "b.example"}, {"a", "a", "b.example\r\nX: y"}, {"a", "", "b.example"},
		{"a", "ä", "b.example"}, {"a", "a", "localhost"}, {"a", ".a", "b.example"}, {"a", "a>", "b.example"}, {"a", "a", "b..example"}, {"a", "a@b", "c.example"}} {
		if got, err := AppendAddress(nil, c[0], c[1], c[2], 0); err == nil {
			t.Errorf("%q accepted as %q", c, got)
		}
	}
}

func TestHeaderNames(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "X Y", "X:", "X\r\n", "Ü", strings.Repeat("x", 61)} {
		if _, err := AppendHeader(nil, name, "v"); err == nil {
			t.Errorf("%q accepted", name)
		}
	}
	if _, err := AppendHeader(nil, "X", "a\r\nBcc: b"); err == nil {
		t.Error("a line break accepted")
	}
}

// checkHeaderBlock holds one written header to the rules and returns its value as a reader sees it.
func checkHeaderBlock(t *testing.T, header []byte) string {
	t.Helper()
	if !bytes.HasSuffix(header, []byte("\r\n")) {
		t.Fatalf("%q does not end its line", header)
	}
	for i, line := range strings.Split(strings.TrimSuffix(string(header), "\r\n"), "\r\n") {
		if len(line) > 78 || strings.ContainsAny(line, "\r\n") || (i > 0 && (line == "" || line[0] != ' ')) || strings.Trim(line, " ") == "" {
			t.Fatalf("line %d of %q", i, header)
		}
	}
	m, err := mail.ReadMessage(bytes.NewReader(append(bytes.Clone(header), "\r\n"...)))
	if err != nil {
		t.Fatalf("%q: %v", header, err)
	}
	if len(m.Header) != 1 {
		t.Fatalf("%q became %d headers", header, len(m.Header))
	}
	value, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil {
		t.Fatalf("%q: %v", header, err)
	}
	return value
}

func FuzzHeader(f *testing.F) {
	for _, s := range []string{"Hello", "Ihr Termin am Dienstag, 1. Dezember, 10:00 im Haus an der großen Straße mit Frau Schäfer", "تذكير: الثلاثاء، ١ ديسمبر الساعة ١٠:٠٠ ص", "a\r\nBcc: x", "=?utf-8?q?x?=",
		strings.Repeat("word ", 40) + "end", strings.Repeat("x", 300), "😀" + strings.Repeat("é", 100), "a  b", "?=", "_ _ _", strings.Repeat("0", 56) + " 00000  0000", strings.Repeat("a ", 39) + strings.Repeat("b", 59)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		if len(value) > 2000 {
			return
		}
		header, err := AppendHeader(nil, "Subject", value)
		if err != nil {
			if headerSafe(value) {
				t.Fatalf("%q refused: %v", value, err)
			}
			return
		}
		trimmed := strings.Trim(value, " \t")
		if trimmed == "" || trimmed != value {
			return // a reader drops spaces at the ends
		}
		if got := checkHeaderBlock(t, header); got != value {
			t.Fatalf("%q reads back as %q", value, got)
		}
	})
}

func FuzzAddress(f *testing.F) {
	f.Add("Wattle Street", "hello", "wattlestreet.example")
	f.Add("Zoë \"x\" <a@b>", "zoe", "bücher.example")
	f.Add("عيادة النيل للعلاج الطبيعي والتأهيل في القاهرة الجديدة", "a.b+c", "nileclinic.example")
	f.Add(strings.Repeat("Long name ", 11), "a", "x.example")
	f.Fuzz(func(t *testing.T, display, local, domain string) {
		got, err := AppendAddress(nil, display, local, domain, len("Subject: "))
		if err != nil {
			return
		}
		for _, line := range strings.Split(string(got), "\r\n") {
			if strings.ContainsAny(line, "\r\n") {
				t.Fatalf("%q", got)
			}
		}
		if !utf8.Valid(got) || strings.Trim(display, " \t") != display || strings.ContainsAny(display, "\t") || strings.Contains(display, "  ") {
			return
		}
		parsed, err := mail.ParseAddress(strings.ReplaceAll(string(got), "\r\n", ""))
		if err != nil {
			t.Fatalf("%q: %v", got, err)
		}
		if want, _ := Mailbox(local, domain); parsed.Address != want || parsed.Name != display {
			t.Fatalf("%q reads as %q %q, want %q %q", got, parsed.Name, parsed.Address, display, want)
		}
	})
}
