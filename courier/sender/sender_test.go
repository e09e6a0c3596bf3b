package sender_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"letterhead/courier/sender"
	"letterhead/fault"
	"letterhead/store"
	"letterhead/testkit/house"
)

func TestDomainsAreFilesWithKeysOfTheirOwn(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	domains := sender.New(folder, "mail.host.example")
	now := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	for name, practice := range map[string]store.PracticeID{"mail.host.example": "", "wattle.mail.host.example": "a", "clinic.example": "a"} {
		added, err := domains.Add(name, practice, now)
		if err != nil || added.Practice != practice {
			t.Fatalf("%s: %+v %v", name, added, err)
		}
		again, err := sender.New(folder, "mail.host.example").Add(name, practice, now.Add(time.Hour))
		if err != nil || !again.AddedAt.Equal(now) || strings.Join(again.Selectors, " ") != strings.Join(added.Selectors, " ") {
			t.Errorf("again: %+v %v", again, err)
		}
		keys, err := filepath.Glob(filepath.Join(folder, "domains", name, "*.pem"))
		want := 2
		if strings.HasPrefix(name, "wattle.") {
			want = 0 // the platform's keys sign for it
		}
		if err != nil || len(keys) != want || len(added.Selectors) != want {
			t.Errorf("%s: keys %q, selectors %q", name, keys, added.Selectors)
		}
		for _, key := range keys {
			if info, err := os.Stat(key); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%s: %v %v", key, info.Mode(), err)
			}
		}
	}
	all, err := domains.List()
	if err != nil || len(all) != 3 {
		t.Errorf("%+v %v", all, err)
	}
	records, err := domains.Records("clinic.example", "relay.host.example")
	if err != nil || len(records) != 4 || records[0].Type != "CNAME" || !strings.HasPrefix(records[1].Value, "v=DKIM1; k=rsa; p=") || !strings.HasPrefix(records[2].Value, "v=DKIM1; k=ed25519; p=") {
		t.Errorf("%+v %v", records, err)
	}
	if _, err := domains.Records("other.example", "relay.host.example"); !errors.Is(err, sender.ErrDomainNone) {
		t.Errorf("records of nothing: %v", err)
	}
	found, err := domains.Check(t.Context(), nothing{}, "clinic.example", "relay.host.example")
	if err != nil || len(found) != 4 || found[0].State != "missing" {
		t.Errorf("%+v %v", found, err)
	}
}

// nothing is a DNS without names.
type nothing struct{}

func (nothing) LookupTXT(context.Context, string) ([]string, error) {
	return nil, &net.DNSError{IsNotFound: true}
}

func (nothing) LookupCNAME(context.Context, string) (string, error) {
	return "", &net.DNSError{IsNotFound: true}
}

func (nothing) LookupMX(context.Context, string) ([]*net.MX, error) {
	return nil, &net.DNSError{IsNotFound: true}
}

func TestADomainBelongsToOnePractice(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	house.Domain(t, folder, "clinic.example", "a")
	house.Domain(t, folder, "mail.host.example", "")
	house.Domain(t, folder, "wattle.mail.host.example", "a")
	domains := sender.New(folder, "mail.host.example")
	for _, test := range []struct {
		name     string
		practice store.PracticeID
		want     error
	}{
		{"clinic.example", "b", sender.ErrDomainTaken},
		{"mail.clinic.example", "b", sender.ErrDomainTaken}, // its signatures would speak for clinic.example
		{"wattle.mail.host.example", "b", sender.ErrDomainTaken},
		{"host.example", "b", sender.ErrDomainTaken}, // above the platform's
		{"mail.host.example", "b", nil},
		{"clinic2.example", "", nil},
		{"Clinic3.example", "b", nil},
		{"co.uk", "b", nil},
		{"../clinic4.example", "b", nil},
		{"localhost", "b", nil},
		{"", "b", nil},
	} {
		_, err := domains.Add(test.name, test.practice, time.Unix(1, 0))
		if test.want != nil && !errors.Is(err, test.want) || test.want == nil && fault.KindOf(err) != fault.Invalid && !errors.Is(err, sender.ErrDomainTaken) {
			t.Errorf("%s for %q: %v", test.name, test.practice, err)
		}
	}
	entries, err := os.ReadDir(filepath.Join(folder, "domains"))
	if err != nil || len(entries) != 3 {
		t.Errorf("a refused one left something: %v %v", entries, err)
	}
	for name, owner := range map[string]store.PracticeID{"clinic.example": "a", "wattle.mail.host.example": "a", "mail.host.example": ""} {
		for _, who := range []store.PracticeID{"a", "b", ""} {
			if _, is, err := domains.Belongs(who, name); err != nil || is != (who == owner) {
				t.Errorf("%s belongs to %q: %v %v", name, who, is, err)
			}
		}
	}
	if _, err := domains.Add("hill.mail.host.example", "b", time.Unix(1, 0)); err != nil {
		t.Errorf("a free label: %v", err)
	}
}
