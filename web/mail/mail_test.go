package mail

import (
	"strings"
	"testing"
)

const sampleMail = "From: =?utf-8?q?Wattle_Street?= <hello@wattlestreet.example>\r\nTo: fatima@example.org\r\nSubject: =?utf-8?q?Your_appointment_with_Petra_Sch=C3=A4fer?=\r\n" +
	"MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=r\r\n\r\n--r\r\nContent-Type: multipart/alternative; boundary=a\r\n\r\n" +
	"--a\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nHello F=C3=A1tima\r\n" +
	"--a\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<html><head><title>x</title></head><body style=3D\"color:red\"><img src=3D\"cid:logo\">Hello</body></html>\r\n--a--\r\n" +
	"--r\r\nContent-Type: image/png\r\nContent-ID: <logo>\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw==\r\n--r--\r\n"

func TestOpen(t *testing.T) {
	t.Parallel()
	o := Open([]byte(sampleMail))
	for what, pair := range map[string][2]string{
		"subject": {o.Subject, "Your appointment with Petra Schäfer"}, "to": {o.To, "fatima@example.org"}, "text": {strings.TrimSpace(o.Text), "Hello Fátima"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: %q, want %q", what, pair[0], pair[1])
		}
	}
	if !strings.Contains(o.HTML, `src="data:image/png;base64,iVBORw=="`) || !strings.Contains(o.HTML, `style="color:red"`) {
		t.Errorf("html: %s", o.HTML)
	}
	if framed := string(o.Framed()); !strings.Contains(framed, `<head><base target="_blank">`) {
		t.Errorf("framed: %s", framed)
	}
	if !strings.HasPrefix(o.Header, "From: ") || strings.Contains(o.Header, "--r") {
		t.Errorf("header: %s", o.Header)
	}
}

// What is not well formed is shown as far as it goes, within its bounds.
func TestOpenIsBounded(t *testing.T) {
	t.Parallel()
	if o := Open([]byte("no mail at all")); o.HTML != "" || o.Header != "no mail at all" {
		t.Errorf("%+v", o)
	}
	nested := strings.Repeat("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n", 200)
	Open([]byte("Subject: x\r\n" + nested))
	many := "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Repeat("--b\r\nContent-Type: text/plain\r\n\r\nx\r\n", 10_000) + "--b--\r\n"
	if o := Open([]byte(many)); strings.TrimSpace(o.Text) != "x" {
		t.Errorf("text %q", o.Text)
	}
}

func FuzzOpen(f *testing.F) {
	f.Add([]byte(sampleMail))
	f.Add([]byte("Subject: =?x?q?=?=\r\nContent-Type: text/html; charset=nothing\r\n\r\n<b>"))
	f.Add([]byte("Content-Type: multipart/mixed; boundary=\r\n\r\n--\r\n\r\n----"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		o := Open(raw)
		_ = o.Framed()
		if len(o.Text) > 3*maxPart {
			t.Errorf("%d bytes of text", len(o.Text))
		}
	})
}
