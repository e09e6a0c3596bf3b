package dkim_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	reference "github.com/emersion/go-msgauth/dkim"

	"letterhead/courier/dkim"
)

// keys are made once: an RSA key costs some 100 ms.
var keys = sync.OnceValues(func() (crypto.Signer, crypto.Signer) {
	first, err := dkim.GenerateRSA()
	if err != nil {
		panic(err)
	}
	second, err := dkim.GenerateEd25519()
	if err != nil {
		panic(err)
	}
	return first, second
})

const header = "From: \"Harbour Clinic\" <hello@clinic.example>\r\n" +
	"To: Ana =?utf-8?q?G=C3=B3mez?=\r\n <ana@client.example>\r\n" +
	"Subject: Your   appointment\r\n\ton Tuesday \r\n" +
	"Date: Tue, 01 Dec 2026 10:00:00 +1100\r\n" +
	"Message-ID: <01@clinic.example>\r\n" +
	"MIME-Version: 1.0\r\n" +
	"Content-Type: text/html; charset=utf-8\r\n" +
	"Content-Transfer-Encoding: quoted-printable\r\n" +
	"Reply-To: front-desk@clinic.example\r\n" +
	"Auto-Submitted: auto-generated\r\n" +
	"X-Other: not signed\r\n" +
	"List-Unsubscribe: <https://clinic.example/u/1>\r\n" +
	"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"

const body = ".wrap{color:=20red}\r\n\r\ntwo  spaces and a tab \t\r\n \r\n\r\nlast line\r\n\r\n\r\n"

func signer(t testing.TB, domain string, options dkim.Options) *dkim.Signer {
	t.Helper()
	first, second := keys()
	s, err := dkim.New(domain, options, dkim.Key{Selector: "lh1", Private: first}, dkim.Key{Selector: "lh2", Private: second})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func sign(t testing.TB, s *dkim.Signer, header, body string) string {
	t.Helper()
	fields, err := s.Sign(nil, time.Now(), []byte(header), []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return string(fields) + header + "\r\n" + body
}

func lookup(t testing.TB) func(string) ([]string, error) {
	first, second := keys()
	return func(name string) ([]string, error) {
		key := map[string]crypto.Signer{"lh1._domainkey.clinic.example": first, "lh2._domainkey.clinic.example": second,
			"lh1._domainkey.xn--prxis-hra.example": first, "lh2._domainkey.xn--prxis-hra.example": second}[name]
		if key == nil {
			return nil, fmt.Errorf("no record for %s", name)
		}
		record, err := dkim.Record(key)
		return []string{record}, err
	}
}

// verify gives the number of good signatures, as go-msgauth sees them.
func verify(t testing.TB, message string) (good, all int) {
	t.Helper()
	found, err := reference.VerifyWithOptions(strings.NewReader(message), &reference.VerifyOptions{LookupTXT: lookup(t)})
	if err != nil {
		t.Fatal(err)
	}
	for _, verification := range found {
		if verification.Err == nil {
			good++
		} else {
			t.Logf("%v", verification.Err)
		}
	}
	return good, len(found)
}

var bodies = map[string]string{
	"usual": body, "empty": "", "only empty lines": "\r\n\r\n\r\n", "one line without end": "no line end", "blank lines of white space": " \t\r\n \r\n",
	"white space first": "  indented\r\n", "long": strings.Repeat(strings.Repeat("x", 74)+"=\r\n", 200) + "end\r\n",
	"many empty lines inside": "a" + strings.Repeat("\r\n", 3000) + "b",
}

var forms = map[string]dkim.BodyForm{"simple": dkim.SimpleBody, "relaxed": dkim.RelaxedBody}

func TestBothSignaturesVerify(t *testing.T) {
	t.Parallel()
	for formName, form := range forms {
		for name, body := range bodies {
			t.Run(formName+"/"+name, func(t *testing.T) {
				message := sign(t, signer(t, "clinic.example", dkim.Options{Body: form, Lifetime: time.Hour}), header, body)
				if good, all := verify(t, message); good != 2 || all != 2 {
					t.Fatalf("%d of %d signatures verify, want 2 of 2:\n%s", good, all, message)
				}
			})
		}
	}
}

func TestEveryChangeBreaksBothSignatures(t *testing.T) {
	t.Parallel()
	s := signer(t, "clinic.example", dkim.Options{})
	bare := strings.Replace(header, "Reply-To: front-desk@clinic.example\r\n", "", 1)
	changes := map[string]func(string) string{
		"body":          func(m string) string { return strings.Replace(m, "last line", "last lime", 1) },
		"body appended": func(m string) string { return m + "win a prize\r\n" },
		"subject":       func(m string) string { return strings.Replace(m, "appointment", "prize draw", 1) },
		"recipient":     func(m string) string { return strings.Replace(m, "<ana@", "<eve@", 1) },
		"unsubscribe":   func(m string) string { return strings.Replace(m, "/u/1>", "/u/2>", 1) },
		"second From":   func(m string) string { return "From: Eve <eve@evil.example>\r\n" + m },
		"second From at end": func(m string) string {
			return strings.Replace(m, "X-Other: ", "From: Eve <eve@evil.example>\r\nX-Other: ", 1)
		},
		"second Subject":      func(m string) string { return "Subject: Prize draw\r\n" + m },
		"second To":           func(m string) string { return "To: everybody@evil.example\r\n" + m },
		"second Content-Type": func(m string) string { return "Content-Type: multipart/mixed; boundary=x\r\n" + m },
		"a Cc":                func(m string) string { return "Cc: eve@evil.example\r\n" + m },
		"a Reply-To":          func(m string) string { return "Reply-To: eve@evil.example\r\n" + m },
	}
	message := sign(t, s, bare, body)
	if good, _ := verify(t, message); good != 2 {
		t.Fatalf("%d signatures verify before any change, want 2", good)
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			changed := change(message)
			if changed == message {
				t.Fatal("the change changes nothing")
			}
			if good, all := verify(t, changed); good != 0 || all != 2 {
				t.Fatalf("%d of %d signatures verify, want 0 of 2", good, all)
			}
		})
	}
	t.Run("unsigned field", func(t *testing.T) {
		if good, _ := verify(t, strings.Replace(message, "not signed", "changed on the way", 1)); good != 2 {
			t.Fatalf("%d signatures verify, want 2", good)
		}
	})
}

func TestFieldIsWellFormed(t *testing.T) {
	t.Parallel()
	s := signer(t, "PRÄXIS.example", dkim.Options{Lifetime: 7 * 24 * time.Hour})
	if s.Domain() != "xn--prxis-hra.example" {
		t.Errorf("domain is %q", s.Domain())
	}
	now := time.Unix(1796000000, 0)
	fields, err := s.Sign([]byte("kept:"), now, []byte(header), []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	text, ok := strings.CutPrefix(string(fields), "kept:DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/simple;\r\n")
	if !ok {
		t.Fatalf("field starts otherwise:\n%s", fields)
	}
	for line := range strings.SplitSeq(text, "\r\n") {
		if len(line) > 78 {
			t.Errorf("line of %d characters: %s", len(line), line)
		}
	}
	flat := strings.NewReplacer("\r\n", "", "\t", "", " ", "").Replace(text)
	for _, want := range []string{"h=From:From:To:To:Cc:Subject:Subject:Date:Date:Message-ID:Message-ID:Reply-To:Reply-To:MIME-Version:MIME-Version:" +
		"Content-Type:Content-Type:Content-Transfer-Encoding:Auto-Submitted:List-Unsubscribe:List-Unsubscribe-Post;",
		"d=xn--prxis-hra.example;s=lh1;t=1796000000;x=1796604800;"} {
		if strings.Count(flat, strings.Replace(want, "s=lh1", "s=lh2", 1)) == 0 || strings.Count(flat, want) == 0 {
			t.Errorf("%q is not in both fields:\n%s", want, text)
		}
	}
	if strings.Contains(flat, ";l=") {
		t.Error("the field has l=")
	}
}

func TestSignRefusesWhatCanBeReadInTwoWays(t *testing.T) {
	t.Parallel()
	s := signer(t, "clinic.example", dkim.Options{})
	for name, test := range map[string]struct{ header, body, says string }{
		"no From":             {"Subject: x\r\n", "", "no From"},
		"two From":            {"From: a@b.example\r\nfrom: c@d.example\r\n", "", "From occurs twice"},
		"two Subjects":        {"From: a@b.example\r\nSubject: 1\r\nSUBJECT: 2\r\n", "", "Subject occurs twice"},
		"bare LF in header":   {"From: a@b.example\nSubject: 1\r\n", "", "bare CR or LF"},
		"bare CR in header":   {"From: a@b.example\rX: 1\r\n", "", "bare CR or LF"},
		"header without end":  {"From: a@b.example", "", "does not end in CRLF"},
		"line that is none":   {"From: a@b.example\r\nhello\r\n", "", "has no name"},
		"header of two parts": {"From: a@b.example\r\n\r\nSubject: x\r\n", "", "has no name"},
		"space in the name":   {"From : a@b.example\r\n", "", "has no name"},
		"folded first line":   {" From: a@b.example\r\n", "", "has no name"},
		"too long":            {"From: " + strings.Repeat("a", 70000) + "\r\n", "", "more than"},
		"bare LF in body":     {"From: a@b.example\r\n", "a\nb\r\n", "bare CR or LF"},
		"bare CR in body":     {"From: a@b.example\r\n", "a\rb\r\n", "bare CR or LF"},
		"swapped in body":     {"From: a@b.example\r\n", "a\n\rb", "bare CR or LF"},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := s.Sign([]byte("x"), time.Now(), []byte(test.header), []byte(test.body))
			if err == nil || !strings.Contains(err.Error(), test.says) || string(out) != "x" {
				t.Fatalf("error %v with %q, want one with %q", err, out, test.says)
			}
		})
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	good, second := keys()
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		domain  string
		options dkim.Options
		keys    []dkim.Key
		says    string
	}{
		"no key":            {"a.example", dkim.Options{}, nil, "one or two"},
		"nil key":           {"a.example", dkim.Options{}, []dkim.Key{{Selector: "a"}}, "no key given"},
		"weak key":          {"a.example", dkim.Options{}, []dkim.Key{{Selector: "a", Private: weak}}, "1024 bits"},
		"same selector":     {"a.example", dkim.Options{}, []dkim.Key{{Selector: "a", Private: good}, {Selector: "A", Private: second}}, "twice"},
		"bad selector":      {"a.example", dkim.Options{}, []dkim.Key{{Selector: "a;b", Private: good}}, "selector"},
		"domain with break": {"a.example\r\nX: y", dkim.Options{}, []dkim.Key{{Selector: "a", Private: good}}, "domain"},
		"empty domain":      {"", dkim.Options{}, []dkim.Key{{Selector: "a", Private: good}}, "domain"},
		"lifetime":          {"a.example", dkim.Options{Lifetime: -time.Hour}, []dkim.Key{{Selector: "a", Private: good}}, "lifetime"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := dkim.New(test.domain, test.options, test.keys...); err == nil || !strings.Contains(err.Error(), test.says) {
				t.Fatalf("error %v, want one with %q", err, test.says)
			}
		})
	}
}

func TestKeyFiles(t *testing.T) {
	t.Parallel()
	first, second := keys()
	folder := t.TempDir()
	for i, key := range []crypto.Signer{first, second} {
		path := filepath.Join(folder, fmt.Sprintf("key%d.pem", i))
		if err := dkim.Save(path, key); err != nil {
			t.Fatal(err)
		}
		if err := dkim.Save(path, key); !errors.Is(err, os.ErrExist) {
			t.Errorf("saving over a key: %v", err)
		}
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("mode %v, %v", info.Mode(), err)
		}
		loaded, err := dkim.Load(path)
		if err != nil {
			t.Fatal(err)
		}
		if !loaded.Public().(interface{ Equal(crypto.PublicKey) bool }).Equal(key.Public()) {
			t.Error("another key came back")
		}
		if err := os.Chmod(path, 0o640); err != nil {
			t.Fatal(err)
		}
		if _, err := dkim.Load(path); err == nil || !strings.Contains(err.Error(), "chmod 600") {
			t.Errorf("loading a key that others can read: %v", err)
		}
	}
}

func TestRecord(t *testing.T) {
	t.Parallel()
	first, second := keys()
	record, err := dkim.Record(first)
	if err != nil {
		t.Fatal(err)
	}
	parts := dkim.RecordStrings(record)
	if len(parts) != 2 || len(parts[0]) != 255 || strings.Join(parts, "") != record {
		t.Errorf("parts %q of %q", parts, record)
	}
	if zone := dkim.ZoneText(record); zone != `"`+parts[0]+`" "`+parts[1]+`"` {
		t.Errorf("zone text %s", zone)
	}
	key := record[strings.Index(record, "p=")+2:]
	for name, test := range map[string]struct{ record, says string }{
		"ours":           {record, ""},
		"spaced":         {" v = DKIM1 ; k=rsa ;\tp = " + key[:50] + " " + key[50:], ""},
		"default type":   {"p=" + key + "; n=a note", ""},
		"services":       {"v=DKIM1; s=email:other; h=sha1:sha256; p=" + key, ""},
		"revoked":        {"v=DKIM1; k=rsa; p=", "holds no key"},
		"other":          {"v=DKIM1; k=rsa; p=AAAA", "another public key"},
		"other type":     {"v=DKIM1; k=ed25519; p=" + key, "is for a"},
		"only sha1":      {"v=DKIM1; h=sha1; p=" + key, "sha256"},
		"other service":  {"v=DKIM1; s=web; p=" + key, "email"},
		"testing":        {"v=DKIM1; t=s:y; p=" + key, "testing"},
		"other version":  {"v=DKIM2; p=" + key, "DKIM1"},
		"tag twice":      {"v=DKIM1; p=" + key + "; p=x", "twice"},
		"no tags at all": {"google-site-verification", "tag=value"},
		"too long":       {strings.Repeat("x", 5000), "4096"},
	} {
		t.Run(name, func(t *testing.T) {
			err := dkim.CheckRecord(test.record, first)
			if (err == nil) != (test.says == "") || (err != nil && !strings.Contains(err.Error(), test.says)) {
				t.Fatalf("error %v, want %q", err, test.says)
			}
		})
	}
	if short, err := dkim.Record(second); err != nil || len(dkim.RecordStrings(short)) != 1 || dkim.CheckRecord(short, second) != nil {
		t.Errorf("Ed25519 record %q: %v", short, err)
	}
}

func FuzzSign(f *testing.F) {
	f.Add([]byte(header), []byte(body))
	f.Add([]byte("From: a\r\n"), []byte(""))
	f.Add([]byte("From:\r\n \r\nTo:x\r\n"), []byte("\r\n"))
	_, second := keys()
	simple, err := dkim.New("clinic.example", dkim.Options{}, dkim.Key{Selector: "lh2", Private: second})
	if err != nil {
		f.Fatal(err)
	}
	relaxed, err := dkim.New("clinic.example", dkim.Options{Body: dkim.RelaxedBody}, dkim.Key{Selector: "lh2", Private: second})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, header, body []byte) {
		for _, s := range []*dkim.Signer{simple, relaxed} {
			fields, err := s.Sign(nil, time.Now(), header, body)
			if err != nil || bytes.Contains(bytes.ToLower(header), []byte("dkim-signature")) {
				continue
			}
			message := string(fields) + string(header) + "\r\n" + string(body)
			if good, all := verify(t, message); good != 1 || all != 1 {
				t.Fatalf("%d of %d verify: %q", good, all, message)
			}
		}
	})
}

func FuzzCheckRecord(f *testing.F) {
	first, _ := keys()
	record, err := dkim.Record(first)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(record)
	f.Add("v=DKIM1;;p=;=")
	f.Fuzz(func(t *testing.T, text string) {
		if dkim.CheckRecord(text, first) == nil && !strings.Contains(strings.Join(strings.Fields(text), ""), record[len("v=DKIM1; k=rsa; "):]) {
			t.Fatalf("%q counts as ours", text)
		}
	})
}

// BenchmarkSign: 5 kB message of 78-character lines, quoted-printable.
func BenchmarkSign(b *testing.B) {
	first, second := keys()
	text := []byte(strings.Repeat(strings.Repeat("x", 75)+"=\r\n", 5000/78))
	for name, list := range map[string][]dkim.Key{"rsa": {{Selector: "a", Private: first}}, "ed25519": {{Selector: "b", Private: second}},
		"both": {{Selector: "a", Private: first}, {Selector: "b", Private: second}}} {
		for formName, form := range forms {
			s, err := dkim.New("clinic.example", dkim.Options{Body: form}, list...)
			if err != nil {
				b.Fatal(err)
			}
			b.Run(name+"/"+formName, func(b *testing.B) {
				b.ReportAllocs()
				dst := make([]byte, 0, 4096)
				for b.Loop() {
					if _, err := s.Sign(dst, time.Now(), []byte(header), text); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
