package courier_test

import (
	"letterhead/approval"
	"strings"
	"testing"

	"letterhead/courier/sender"
	"letterhead/store"
	"letterhead/testkit"
	"letterhead/testkit/sink"
)

// A platform subdomain works on the first day: signed with the platform's two keys.
func TestThePlatformsSubdomainIsSigned(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.Open(t, testkit.SQLite, nil), "a")
	s := listen(t, sink.SMTPOptions{})
	o := w.options(relayTo(s.Address()))
	o.Config.PlatformDomain = "mail.example"
	d := sender.New(w.folder, "mail.example")
	for name, practice := range map[string]store.PracticeID{"mail.example": "", "wattle.mail.example": "a"} {
		if _, err := d.Add(name, practice, w.db.Now()); err != nil {
			t.Fatal(err)
		}
	}
	w.version("a", "transactional", plainVersion("wattle.mail.example", "transactional"))
	w.sign("a", func(s *approval.State) []*approval.Statement {
		sender, hosts := s.Draft(approval.KindSender, "email", "ana"), s.Draft(approval.KindHosts, "hosts", "ana")
		sender.Body.Sender = &approval.SenderBody{Address: "hello@wattle.mail.example", Channel: "email", Name: "Wattle Street Physiotherapy"}
		hosts.Body.Hosts = &approval.HostsBody{Hosts: []string{"portal.example", "wattle.mail.example"}}
		return []*approval.Statement{sender, hosts}
	})
	w.queue("a", "m", 3, nil)
	w.drain(o)
	for _, m := range s.List() {
		fields := m.Header.Values("Dkim-Signature")
		if len(fields) != 2 || !strings.Contains(fields[0], "d=mail.example") || !strings.Contains(fields[0], "a=rsa-sha256") || !strings.Contains(fields[1], "a=ed25519-sha256") {
			t.Errorf("signatures: %v", fields)
		}
		if !strings.HasPrefix(string(m.Raw), "DKIM-Signature:") {
			t.Error("the signatures do not stand first")
		}
	}
	if s.Count() != 3 {
		t.Errorf("%d arrived", s.Count())
	}
}
