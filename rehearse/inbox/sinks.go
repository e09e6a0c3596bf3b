// Package inbox is the world of the demonstration: a relay and a gateway on loopback that keep what they are given, and the pages that show it.
//
// It promises that nothing of what it shows runs, and that it is there in the demonstration alone.
package inbox

import (
	"errors"
	"fmt"

	"letterhead/testkit/sink"
)

// Sinks stand for the world in the demonstration: a relay and a gateway on loopback that keep what they are given.
type Sinks struct {
	Mail *sink.SMTP
	Text *sink.SMS
}

// Open starts both on free ports of loopback.
func Open() (*Sinks, error) {
	mail, err := sink.ListenSMTP(sink.SMTPOptions{MaxMessages: 2000})
	if err != nil {
		return nil, fmt.Errorf("start the mail sink: %w", err)
	}
	text, err := sink.ListenSMS(sink.SMSOptions{MaxMessages: 2000})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start the SMS sink: %w", err), mail.Close())
	}
	return &Sinks{Mail: mail, Text: text}, nil
}

// Close stops both.
func (s *Sinks) Close() error { return errors.Join(s.Mail.Close(), s.Text.Close()) }

// Config is the configuration of an installation that delivers to the sinks.
func (s *Sinks) Config() string {
	return fmt.Sprintf("[courier]\nplatform_domain = \"mail.letterhead.example\"\n\n[[courier.relay]]\nname = \"sink\"\naddress = %q\ntls = \"none\"\n\n[[courier.gateway]]\nname = \"texts\"\nurl = %q\nsender = \"WattleSt\"\n",
		s.Mail.Address(), s.Text.URL())
}
