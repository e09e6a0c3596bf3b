package kept_test

import (
	"testing"

	"letterhead/courier/kept"
	"letterhead/ledger/leaf"
)

func TestThePlainPartIsRead(t *testing.T) {
	t.Parallel()
	part := "--=_a1\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
	for name, c := range map[string]struct{ body, want string }{
		"lines":            {part + "Hello Jo,\r\n\r\nsee you.\r\n--=_a1\r\nContent-Type: text/html\r\n\r\n<p>no</p>\r\n--=_a1--\r\n", "Hello Jo,\r\n\r\nsee you."},
		"bytes and breaks": {part + "Zo=C3=AB=20wa=\r\nits=3D\r\n--=_a1--\r\n", "Zoë waits="},
		"cut short":        {part + "a=", "a="},
		"nothing":          {"", ""},
	} {
		if got := string(kept.PlainPart(nil, []byte(c.body))); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// What somebody copies out of a mail program has the same words, whatever stands between them.
func TestWordsStayTheSame(t *testing.T) {
	t.Parallel()
	want := leaf.WordsOf([]byte("Hello Zoë, your appointment is at 10:00."))
	for _, same := range []string{"hello zoë\n\n> your appointment\tis at 10 00", "HELLO ZOË — YOUR APPOINTMENT IS AT 10:00!"} {
		if leaf.WordsOf([]byte(same)) != want {
			t.Errorf("%q has other words", same)
		}
	}
	for _, other := range []string{"Hello Zoe, your appointment is at 10:00.", "Hello Zoë, your appointment is at 11:00.", "", "\xff"} {
		if leaf.WordsOf([]byte(other)) == want {
			t.Errorf("%q has the same words", other)
		}
	}
}
