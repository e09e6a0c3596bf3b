package bare_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"letterhead/testkit/bare"
	"letterhead/testkit/sink"
)

// TestSameBytes: by each means every message arrives once, with its own bytes.
func TestSameBytes(t *testing.T) {
	t.Parallel()
	var messages []bare.Message
	for i := range 50 {
		messages = append(messages, bare.Message{From: "a@b.example", To: fmt.Sprintf("c%d@d.example", i), Content: fmt.Appendf(nil, "Subject: %d\r\n\r\n.dot\r\n..\r\n.\r\nend\r\n", i)})
	}
	for _, means := range []bare.Means{bare.Chunking, bare.Pipelining, bare.Neither} {
		s, err := sink.ListenSMTP(sink.SMTPOptions{})
		if err != nil {
			t.Fatal(err)
		}
		sender, err := bare.New(s.Address(), means, 4, 8, messages)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := sender.Run(context.Background(), len(messages)); err != nil {
			t.Fatal(means, err)
		}
		came := map[string][]byte{}
		for _, mail := range s.List() {
			came[mail.To] = mail.Raw
		}
		if s.Count() != len(messages) || s.Connections() != 4 {
			t.Errorf("%s: %d came over %d connections", means, s.Count(), s.Connections())
		}
		for _, message := range messages {
			if !bytes.Equal(came[message.To], message.Content) {
				t.Errorf("%s: %s came as %q", means, message.To, came[message.To])
			}
		}
		s.Close()
	}
}

func TestEndsAtRefusal(t *testing.T) {
	t.Parallel()
	for _, means := range []bare.Means{bare.Chunking, bare.Pipelining, bare.Neither} {
		s, err := sink.ListenScript(sink.Script{Answers: map[string][]string{"RCPT": {"", "550 no"}}})
		if err != nil {
			t.Fatal(err)
		}
		sender, err := bare.New(s.Address(), means, 1, 8, []bare.Message{{To: "a@b.example", Content: []byte("x\r\n")}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := sender.Run(context.Background(), 5); err == nil {
			t.Errorf("%s: a refusal is no fault", means)
		}
		s.Close()
	}
	if _, err := bare.New("x", "pigeon", 1, 1, []bare.Message{{}}); err == nil {
		t.Error("pigeons pass")
	}
	if _, err := bare.New("x", bare.Chunking, 0, 1, nil); err == nil {
		t.Error("nothing over no connection passes")
	}
}
