package smtp_test

import (
	"bytes"
	"context"
	"net"
	"strings"
	"testing"
	"time"

	reference "github.com/emersion/go-msgauth/dkim"

	"letterhead/courier/dkim"
	"letterhead/courier/smtp"
	"letterhead/testkit/sink"
)

// TestSignedMailSurvives: signed first, dot-stuffed after: by each means both signatures verify on what arrives.
func TestSignedMailSurvives(t *testing.T) {
	t.Parallel()
	first, err := dkim.GenerateRSA()
	if err != nil {
		t.Fatal(err)
	}
	second, err := dkim.GenerateEd25519()
	if err != nil {
		t.Fatal(err)
	}
	signer, err := dkim.New("clinic.example", dkim.Options{}, dkim.Key{Selector: "one", Private: first}, dkim.Key{Selector: "two", Private: second})
	if err != nil {
		t.Fatal(err)
	}
	header := []byte("From: hello@clinic.example\r\nTo: a@mail.example\r\nSubject: Your appointment\r\nMessage-ID: <1@clinic.example>\r\n")
	body := []byte(".wrap{}\r\n..\r\n.\r\nlast line\r\n.")
	fields, err := signer.Sign(nil, time.Now(), header, body)
	if err != nil {
		t.Fatal(err)
	}
	message := smtp.Message{From: "b@clinic.example", To: "a@mail.example", Data: net.Buffers{fields, header, []byte("\r\n"), body}}
	lookup := func(name string) ([]string, error) {
		key := first
		if strings.HasPrefix(name, "two.") {
			key = second
		}
		record, err := dkim.Record(key)
		return []string{record}, err
	}
	for _, options := range []sink.SMTPOptions{{}, {NoChunking: true}, {NoChunking: true, NoPipelining: true}} {
		relay, err := sink.ListenSMTP(options)
		if err != nil {
			t.Fatal(err)
		}
		c, err := smtp.Dial(context.Background(), smtp.Options{Address: relay.Address(), Security: smtp.Plain})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Send(context.Background(), []smtp.Message{message, message}, smtp.Hooks{}); err != nil {
			t.Fatal(err)
		}
		if relay.Count() != 2 {
			t.Errorf("%d came", relay.Count())
		}
		for _, mail := range relay.List() {
			found, err := reference.VerifyWithOptions(bytes.NewReader(mail.Raw), &reference.VerifyOptions{LookupTXT: lookup})
			if err != nil || len(found) != 2 || found[0].Err != nil || found[1].Err != nil {
				t.Errorf("%+v: %v, %+v", options, err, found)
			}
		}
		c.Close()
		relay.Close()
	}
}
