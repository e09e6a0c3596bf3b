package rehearse

import (
	"errors"
	"fmt"

	"letterhead/testkit/sink"
)

// Zone is the sample practice's.
const Zone = "Australia/Melbourne"

// Sinks stand for the world in the demonstration: a relay and a gateway on loopback that keep what they are given.
type Sinks struct {
	Mail *sink.SMTP
	Text *sink.SMS
}

// OpenSinks starts both on free ports of loopback.
func OpenSinks() (*Sinks, error) {
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
