package received_test

import (
	"encoding/base64"
	"testing"

	"letterhead/rehearse/drill/received"
	"letterhead/testkit/sink"
)

// Words are found wherever a mail can hide them.
func TestWordsAreFound(t *testing.T) {
	t.Parallel()
	coded := base64.StdEncoding.EncodeToString([]byte("Claim at claim-award.example"))
	for name, c := range map[string]struct {
		raw  string
		want bool
	}{
		"an approved mail":      {"Subject: Your appointment\r\n\r\nSee you on Tuesday, ring (03) 5550 0142.\r\n", false},
		"subject, encoded":      {"Subject: =?utf-8?B?" + base64.StdEncoding.EncodeToString([]byte("Your NFTAWARD")) + "?=\r\n\r\nHello\r\n", true},
		"sender's name":         {"Subject: Hello\r\nFrom: \"nftaward\" <desk@wattle.example>\r\n\r\nHello\r\n", true},
		"body, broken by lines": {"Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nYour NFTA=\r\nWARD\r\n", true},
		"a part in base64":      {"Content-Type: multipart/alternative; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nHello\r\n--x\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n" + coded + "\r\n--x--\r\n", true},
		"a part within a part":  {"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: multipart/related; boundary=y\r\n\r\n--y\r\nContent-Type: text/html\r\n\r\n<a href=\"https://claim-award.example/\">\r\n--y--\r\n--x--\r\n", true},
		"a number":              {"Subject: Hello\r\n\r\nRing 0400 000 000\r\n", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, err := received.Read(sink.Mail{To: "c0@wattle.example", Raw: []byte(c.raw)})
			if err != nil {
				t.Fatal(err)
			}
			if m.Unapproved() != c.want {
				t.Errorf("%q", m.Text)
			}
		})
	}
}

func TestWhatIsNoMailIsAnError(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{"", "no header", "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nno end"} {
		if m, err := received.Read(sink.Mail{Raw: []byte(raw)}); err == nil {
			t.Errorf("%q was read as %q", raw, m.Text)
		}
	}
}
