package smtp

import (
	"bufio"
	"bytes"
	"errors"
	"net"
	"strings"
	"testing"
)

func TestReadReply(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text string
		want Reply
		ok   bool
	}{
		{"250 2.1.0 sender ok\r\n", Reply{250, [3]int{2, 1, 0}, ""}, true},
		{"250\r\n", Reply{250, [3]int{}, ""}, true},
		{"250 2.1\r\n", Reply{Code: 250}, true},
		{"550 5.7.26 \x1b[31mno\r\n", Reply{550, [3]int{5, 7, 26}, "?[31mno"}, true},
		{"450-4.2.0 please\r\n450-4.2.0\r\n450 4.2.0 later\n", Reply{450, [3]int{4, 2, 0}, "please later"}, true},
		{"550 4.1.1 class differs\r\n", Reply{550, [3]int{}, "4.1.1 class differs"}, true},
		{"550 5.1.1234 x\r\n", Reply{550, [3]int{}, "5.1.1234 x"}, true},
		{"550-a\r\n551 b\r\n", Reply{}, false},
		{"25\r\n", Reply{}, false},
		{"250x\r\n", Reply{}, false},
		{"150 x\r\n", Reply{}, false},
		{"999 x\r\n", Reply{}, false},
		{"\r\n", Reply{}, false},
		{"250 no end", Reply{}, false},
		{"250 " + strings.Repeat("x", maxReplyLine) + "\r\n", Reply{}, false},
		{strings.Repeat("250-x\r\n", maxReplyLines) + "250 x\r\n", Reply{}, false},
	} {
		got, err := readReply(bufio.NewReaderSize(strings.NewReader(test.text), maxReplyLine), false, nil)
		if (err == nil) != test.ok || got != test.want {
			t.Errorf("%.60q: %+v, %v", test.text, got, err)
		}
	}
}

func FuzzReadReply(f *testing.F) {
	for _, seed := range []string{"250 2.1.0 ok\r\n", "550-5.7.1 a\r\n550 5.7.1 b\r\n", "250-\r\n250\n", "421 bye\r\nrest"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		reader := bufio.NewReaderSize(strings.NewReader(text), maxReplyLine)
		reply, err := readReply(reader, true, nil)
		if err != nil {
			return
		}
		if reply.Code < 200 || reply.Code > 599 || len(reply.Text) > maxReplyText || strings.ContainsFunc(reply.Text, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Fatalf("%q gave %+v", text, reply)
		}
		if !(&Conn{reader: bufio.NewReader(strings.NewReader(text))}).peeks() {
			t.Fatalf("%q is a whole reply, but not seen as one", text)
		}
	})
}

func (c *Conn) peeks() bool {
	_, _ = c.reader.Peek(1 << 11)
	return c.replyIsHere()
}

func TestAddress(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"ana@mail.example": "ana@mail.example", "o'brien+x@mail.example": "o'brien+x@mail.example", "a@BÜCHER.example": "a@xn--bcher-kva.example",
		"a@[127.0.0.1]": "a@[127.0.0.1]", "a@localhost": "a@localhost", "_.-@my_host.example": "_.-@my_host.example",
		"": "", "@": "", "a@": "", "@b": "", "None": "", "a at b": "", "a@b@c.example": "", "\"a b\"@c.example": "", ".a@c.example": "", "a.@c.example": "",
		"a..b@c.example": "", "a@c..example": "", "a@-c.example": "", "a@c-.example": "", "a@c.example.": "", "a<b@c.example": "", "a@c.example>": "", "a@c example": "",
		"a\r\n@c.example": "", "a@c.example\r\n": "", "jürgen@c.example": "", "a@[::1": "", "a@[x]": "", strings.Repeat("a", 65) + "@c.example": "",
		"a@" + strings.Repeat("b", 64) + ".example": "", "a@" + strings.Repeat("bcdefgh.", 32) + "example": "",
	} {
		got, err := Address(given)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v, want %q", given, got, err, want)
		}
	}
	if _, err := Address("jürgen@c.example"); !errors.Is(err, ErrUTF8) {
		t.Errorf("error %v, want ErrUTF8", err)
	}
}

func FuzzAddress(f *testing.F) {
	for _, seed := range []string{"a@b.example", "ü@b.example", "a@ü.example", "a@b.example>\r\nDATA"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, given string) {
		got, err := Address(given)
		if err != nil {
			return
		}
		if len(got) > 254 || strings.ContainsFunc(got, func(r rune) bool { return r <= ' ' || r > '~' || r == '<' || r == '>' }) || strings.Count(got, "@") != 1 {
			t.Fatalf("%q gave %q", given, got)
		}
		if again, err := Address(got); err != nil || again != got {
			t.Fatalf("%q again gave %q, %v", got, again, err)
		}
	})
}

// naive is what content must be, said slowly.
func naive(text []byte) bool {
	if len(text) == 0 || bytes.IndexByte(text, 0) >= 0 {
		return false
	}
	for line := range bytes.SplitSeq(text, []byte("\r\n")) {
		if bytes.ContainsAny(line, "\r\n") || len(line) > maxLine {
			return false
		}
	}
	return true
}

func FuzzContent(f *testing.F) {
	f.Add([]byte("a\r\n.b\r\n..\r\n"), uint16(3), uint16(4))
	f.Add([]byte("a\r\n"), uint16(2), uint16(2))
	f.Add([]byte("a\r"), uint16(1), uint16(1))
	f.Add([]byte("\n"), uint16(0), uint16(0))
	f.Add([]byte(strings.Repeat("x", 998)+"\r\n."), uint16(999), uint16(1001))
	f.Add([]byte(strings.Repeat("x", 999)), uint16(500), uint16(600))
	f.Add([]byte("\xff.\r\n.\r\n"), uint16(4), uint16(5))
	f.Fuzz(func(t *testing.T, text []byte, first, second uint16) {
		one := min(int(first), len(text))
		two := min(max(int(second), one), len(text))
		data := net.Buffers{text[:one], text[one:two], nil, text[two:]}
		found, err := look(data)
		if (err == nil) != naive(text) {
			t.Fatalf("%q cut at %d and %d: %v", text, one, two, err)
		}
		if err != nil {
			return
		}
		plain := text
		if !bytes.HasSuffix(text, []byte("\r\n")) {
			plain = append(bytes.Clone(text), "\r\n"...)
		}
		if got := appendPlain(nil, data, found); !bytes.Equal(got, plain) || found.size != len(got) {
			t.Fatalf("plain %q of %q, size %d", got, text, found.size)
		}
		if found.eightBit != bytes.ContainsFunc(text, func(r rune) bool { return r > 127 }) {
			t.Fatalf("eight bit is %v for %q", found.eightBit, text)
		}
		stuffed := appendStuffed(nil, data, found)
		if bytes.Index(append([]byte("\r\n"), stuffed...), []byte("\r\n.\r\n"))+3 != len(stuffed) {
			t.Fatalf("%q does not end at its end", stuffed)
		}
		back := bytes.ReplaceAll(append([]byte("\r\n"), bytes.TrimSuffix(stuffed, []byte(".\r\n"))...), []byte("\r\n."), []byte("\r\n"))[2:]
		if !bytes.Equal(back, plain) {
			t.Fatalf("%q came back as %q", plain, back)
		}
	})
}

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	for says, options := range map[string]Options{
		"host:port": {Address: "relay"}, "local name": {Address: "a:25", LocalName: "a b"}, "security": {Address: "a:25", Security: 7}, "user name": {Address: "a:25", Password: "x"},
		"NUL": {Address: "a:25", Username: "a\x00b"}, "command timeout": {Address: "a:25", CommandTimeout: -1}, "window": {Address: "a:25", Window: 65},
	} {
		if _, err := options.withDefaults(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", says, err)
		}
	}
}
