package notice_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"letterhead/courier/signed"
	"letterhead/fault"
	"letterhead/notice"
	"letterhead/wording"
)

var update = flag.Bool("update", false, "write the golden files anew")

func words(t *testing.T) *notice.Words {
	t.Helper()
	w, err := notice.New("notices@mail.letterhead.example", "https://app.letterhead.example")
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// Each notice, as it leaves: text, HTML and SMS.
func TestGolden(t *testing.T) {
	t.Parallel()
	portal, err := wording.ParsePortal("https://app.letterhead.example")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range words(t).All() {
		decoded, digest, err := wording.DecodeCanonical(v.Canonical)
		if err != nil || digest.String() != v.Digest || !strings.HasPrefix(v.ID, notice.Prefix) {
			t.Fatal(v.ID, err)
		}
		compiled, err := wording.CompileThrough(portal, decoded, "en")
		if err != nil {
			t.Fatal(v.ID, err)
		}
		for _, f := range compiled.Uses() { // nothing that a person typed
			if f != "appointment.day" && f != "appointment.start" && f != "appointment.zone" && f != "link.unsubscribe" && f != "mail.code" {
				t.Errorf("%s merges %s", v.ID, f)
			}
		}
		r := compiled.Render(nil, &wording.Values{Start: wording.Wall{Year: 2026, Month: 11, Day: 22, Hour: 14, Minute: 5}, Zone: "Australia/Melbourne", Unsubscribe: "https://app.letterhead.example/stop"})
		if found := wording.Inspect(&r); len(found) > 0 {
			t.Errorf("%s: %v", v.ID, found)
		}
		text := "Subject: " + string(r.Subject) + "\n\n" + strings.ReplaceAll(string(r.Body), "\r\n", "\n") + "\n\nSMS: " + string(r.SMS) + "\n"
		path := filepath.Join("testdata", "golden", strings.TrimPrefix(v.ID, notice.Prefix)+".eml")
		if *update {
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(path)
		if err != nil || string(want) != text {
			t.Errorf("%s is not as its golden file says (-update writes it): %v", v.ID, err)
		}
	}
}

// A link to anywhere but the portal is not rendered: the message would be held.
func TestOnlyOurOwnLinks(t *testing.T) {
	t.Parallel()
	portal, err := wording.ParsePortal("https://app.letterhead.example")
	if err != nil {
		t.Fatal(err)
	}
	v := words(t).All()[0]
	decoded, _, err := wording.DecodeCanonical(v.Canonical)
	if err != nil {
		t.Fatal(err)
	}
	compiled, err := wording.CompileThrough(portal, decoded, "en")
	if err != nil {
		t.Fatal(err)
	}
	for _, link := range []string{"", "https://evil.example/stop", "https://app.letterhead.example@evil.example/", "https://app.letterhead.example.evil.example/x", "javascript:alert(1)", "https://app.letterhead.example/a\"><b>"} {
		r := compiled.Render(nil, &wording.Values{Start: wording.Wall{Year: 2026, Month: 11, Day: 22, Hour: 14}, Zone: "UTC", Unsubscribe: link})
		if len(wording.Inspect(&r)) == 0 {
			t.Errorf("%q passed", link)
		}
	}
}

// All shares of a day together stay within what the courier lets out.
func TestTheSharesFitTheCouriersBound(t *testing.T) {
	t.Parallel()
	if total := notice.DayInAll(); total > signed.SystemDay {
		t.Errorf("%d notices a day, and the courier lets %d out", total, signed.SystemDay)
	}
}

func TestTheAddressIsNamedWhenItIsNone(t *testing.T) {
	t.Parallel()
	for _, from := range []string{"", "notices", "a b@mail.example", "notices@bad_domain", "x@\r\nBcc: y"} {
		_, err := notice.New(from, "https://app.example")
		if f := new(fault.Error); !errors.As(err, &f) || f.Field != "courier.notices_from" {
			t.Errorf("%q: %v", from, err)
		}
	}
}
