package kept_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"letterhead/courier/kept"
	"letterhead/wording"
)

var update = flag.Bool("update", false, "write what the layout's number looks like; for a new number alone")

// A number of a layout is one look of messages, to the last byte: whoever changes the look raises the number, and messages that left before are not said to be others.
func TestALayoutIsItsNumber(t *testing.T) {
	t.Parallel()
	v := &wording.Version{Format: wording.Format, Purpose: wording.Transactional, Sender: wording.Sender{Name: "Wattle Physio", Local: "hello", Domain: "wattle.example"},
		Branding: wording.Branding{Name: "Wattle Physio", Accent: "#1f4e79", Address: []string{"12 Wattle Street"}, Website: "https://wattle.example/", Phone: &wording.Phone{Display: "(03) 5550 0142", Number: "+61355500142"}},
		Hosts:    []string{"wattle.example"}, DefaultLanguage: "en",
		Languages: []wording.Language{{Tag: "en", Subject: wording.Say("Your appointment on {appointment.day}"), Preheader: wording.Say("Before all"), SMS: wording.SMS("{practice.name}: {appointment.day} at {appointment.start}."), Blocks: []wording.Block{
			wording.Text("Hello {recipient.greeting_name},", "we see you on {appointment.day} at {appointment.start}."), wording.Card(true),
			wording.Button("How to find us", wording.Target{Kind: wording.ToURL, URL: "https://wattle.example/find-us"}), wording.Footer(wording.Say("Ring us."))}}}}
	if err := v.Validate(); err != nil {
		t.Fatal(err)
	}
	content, err := v.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	digest, err := v.Digest()
	if err != nil {
		t.Fatal(err)
	}
	r := &kept.Record{Layout: kept.Layout, Address: "zoe@example.com", Language: "en", Date: time.Date(2026, 11, 2, 10, 0, 0, 0, time.UTC).Unix(), Portal: "https://portal.example", Signature: []byte("DKIM-Signature: v=1\r\n"),
		Values: wording.Values{Recipient: wording.Person{First: "Zoë"}, Code: "K7QF3M9PXD", Start: wording.Wall{Year: 2026, Month: 12, Day: 1, Hour: 10}, End: wording.Wall{Year: 2026, Month: 12, Day: 1, Hour: 11}, Minutes: 60,
			Zone: "Australia/Melbourne", Mode: wording.ModeInPerson}}
	for name, sent := range map[string]kept.Sent{"eml": {MessageID: "m@wattle.example"}, "sms": {SMS: true}} {
		made, err := r.Make(sent, kept.Sources{Version: content, Digest: digest.String()})
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join("testdata", fmt.Sprintf("layout-%d.%s", kept.Layout, name))
		if *update {
			if err := os.WriteFile(file, made.Whole, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if want, err := os.ReadFile(file); err != nil || !bytes.Equal(want, made.Whole) {
			t.Errorf("%s: messages look otherwise than layout %d does (%v): raise kept.Layout, and then run with -update", file, kept.Layout, err)
		}
	}
	r.Layout++
	if _, err := r.Make(kept.Sent{SMS: true}, kept.Sources{Version: content, Digest: digest.String()}); !errors.Is(err, kept.ErrLayout) {
		t.Errorf("of another layout: %v", err)
	}
}
