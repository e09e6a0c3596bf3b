package courier_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"letterhead/courier"
	"letterhead/fault"
	"letterhead/message"
	"letterhead/store"
)

func TestDomainsAreFilesWithKeysOfTheirOwn(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	domains := courier.NewDomains(folder, "mail.host.example")
	now := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	for name, practice := range map[string]store.PracticeID{"mail.host.example": "", "wattle.mail.host.example": "a", "clinic.example": "a"} {
		added, err := domains.Add(name, practice, now)
		if err != nil || added.Practice != practice {
			t.Fatalf("%s: %+v %v", name, added, err)
		}
		again, err := courier.NewDomains(folder, "mail.host.example").Add(name, practice, now.Add(time.Hour))
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
	if _, err := domains.Records("other.example", "relay.host.example"); !errors.Is(err, courier.ErrDomainNone) {
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
	addDomain(t, folder, "clinic.example", "a")
	addDomain(t, folder, "mail.host.example", "")
	addDomain(t, folder, "wattle.mail.host.example", "a")
	domains := courier.NewDomains(folder, "mail.host.example")
	for _, test := range []struct {
		name     string
		practice store.PracticeID
		want     error
	}{
		{"clinic.example", "b", courier.ErrDomainTaken},
		{"mail.clinic.example", "b", courier.ErrDomainTaken}, // its signatures would speak for clinic.example
		{"wattle.mail.host.example", "b", courier.ErrDomainTaken},
		{"host.example", "b", courier.ErrDomainTaken}, // above the platform's
		{"mail.host.example", "b", nil},
		{"clinic2.example", "", nil},
		{"Clinic3.example", "b", nil},
		{"co.uk", "b", nil},
		{"../clinic4.example", "b", nil},
		{"localhost", "b", nil},
		{"", "b", nil},
	} {
		_, err := domains.Add(test.name, test.practice, time.Unix(1, 0))
		if test.want != nil && !errors.Is(err, test.want) || test.want == nil && fault.KindOf(err) != fault.Invalid && !errors.Is(err, courier.ErrDomainTaken) {
			t.Errorf("%s for %q: %v", test.name, test.practice, err)
		}
	}
	entries, err := os.ReadDir(filepath.Join(folder, "domains"))
	if err != nil || len(entries) != 3 {
		t.Errorf("a refused one left something: %v %v", entries, err)
	}
	if _, err := domains.Add("hill.mail.host.example", "b", time.Unix(1, 0)); err != nil {
		t.Errorf("a free label: %v", err)
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	tokens, others := courier.NewTokens(make([]byte, 32)), courier.NewTokens([]byte(strings.Repeat("k", 32)))
	for _, id := range []message.ID{store.NewID[message.ID](), "short"} {
		for _, practice := range []store.PracticeID{store.NewID[store.PracticeID](), "a"} {
			local, domain, _ := strings.Cut(tokens.ReturnPath(practice, id, "bounce.clinic.example"), "@")
			if domain != "bounce.clinic.example" || len(local) > 64 || local != strings.ToLower(local) {
				t.Errorf("return path %s of %d characters", local, len(local))
			}
			for _, written := range []string{local, strings.ToUpper(local)} {
				if got, ok := tokens.Bounced(practice, written); !ok || got != id {
					t.Errorf("%s: %s %v", written, got, ok)
				}
			}
			token := tokens.Unsubscribe(practice, id)
			if p, got, ok := tokens.Unsubscribed(token); !ok || p != practice || got != id {
				t.Errorf("%s: %s %s %v", token, p, got, ok)
			}
			if _, ok := tokens.Bounced("other", local); ok {
				t.Error("another practice's return path counts")
			}
			if _, ok := others.Bounced(practice, local); ok {
				t.Error("another installation's return path counts")
			}
			if _, _, ok := others.Unsubscribed(token); ok {
				t.Error("another installation's token counts")
			}
			for i := range token { // each character counts
				changed := token[:i] + string(rotated(token[i])) + token[i+1:]
				if _, _, ok := tokens.Unsubscribed(changed); ok {
					t.Errorf("character %d of a token does not count", i)
				}
			}
			for i := range len(local) - 1 { // the last one holds bits that are not used
				changed := local[:i] + string(rotated(local[i])) + local[i+1:]
				if _, ok := tokens.Bounced(practice, changed); ok {
					t.Errorf("character %d of a return path does not count", i)
				}
			}
		}
	}
}

func rotated(c byte) byte {
	switch {
	case c == 'z':
		return 'a'
	case c == 'Z':
		return 'A'
	case c == '9':
		return '0'
	case c == '-', c == '_':
		return 'x'
	case c == '7':
		return '2'
	}
	return c + 1
}

func FuzzTokens(f *testing.F) {
	tokens := courier.NewTokens(make([]byte, 32))
	local, _, _ := strings.Cut(tokens.ReturnPath("a", "m", "x"), "@")
	for _, seed := range []string{"", "b-", "b-aaaa", local, tokens.Unsubscribe("a", "m"), "AA", "cwFhcwFt", strings.Repeat("A", 300)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if id, ok := tokens.Bounced("a", text); ok && tokens.ReturnPath("a", id, "x") != strings.ToLower(text)+"@x" && id != "m" {
			t.Errorf("%q is taken for %q", text, id)
		}
		if p, id, ok := tokens.Unsubscribed(text); ok && tokens.Unsubscribe(p, id) != text {
			t.Errorf("%q is taken for %q of %q", text, id, p)
		}
	})
}
