package outside

import (
	"crypto/sha256"
	"strings"
	"testing"

	"letterhead/courier/kept"
	"letterhead/ledger/leaf"
	"letterhead/public"
	"letterhead/web/mail"
	"letterhead/wording"
)

// What its recipient shows of a mail is ours as it left, with what servers put before it, in quotation marks of mail programs, or copied from either part; with one
// thing changed it never is.
func TestOnlyWhatLeftIsGenuine(t *testing.T) {
	t.Parallel()
	v := &wording.Version{Format: wording.Format, Purpose: wording.Transactional, Sender: wording.Sender{Name: "Wattle", Local: "hello", Domain: "wattle.example"},
		Branding: wording.Branding{Name: "Wattle", Accent: "#1f4e79", Website: "https://wattle.example/"}, Hosts: []string{"wattle.example"}, DefaultLanguage: "en",
		Languages: []wording.Language{{Tag: "en", Subject: wording.Say("News"), Preheader: wording.Say("Before all"), Blocks: []wording.Block{
			wording.Text("Hello {recipient.first_name}, we’re closed from 24 December at 12:00."),
			wording.Button("How to find us", wording.Target{Kind: wording.ToURL, URL: "https://wattle.example/find-us"}), wording.Footer(wording.Say("Ring us."))}}}}
	content, err := v.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	digest, err := v.Digest()
	if err != nil {
		t.Fatal(err)
	}
	record := &kept.Record{Layout: kept.Layout, Address: "zoe@example.com", Language: "en", Values: wording.Values{Recipient: wording.Person{First: "Zoë"}, Code: "K7QF3M9PXD"}}
	made, err := record.Make(kept.Sent{MessageID: "m@wattle.example"}, kept.Sources{Version: content, Digest: digest.String()})
	if err != nil {
		t.Fatal(err)
	}
	head := "From: hello@wattle.example\r\nSubject: News\r\nMIME-Version: 1.0\r\nContent-Type: " + made.ContentType() + "\r\n\r\n"
	sent := "DKIM-Signature: v=1; b=abc\r\n" + head + string(made.Body)
	a := asked{version: v, record: record, again: mail.Open([]byte(head + string(made.Body)))}
	salt := leaf.NewSalt()
	said := &leaf.Message{Text: salt.Text(sha256.Sum256([]byte(sent))), Words: salt.Words(leaf.WordsOf([]byte(a.again.Text)))}
	text, seen := a.again.Text, visible(a.again.HTML)
	if !strings.Contains(text, "K7QF-3M9P-XD") || strings.Contains(seen, "Before all") {
		t.Fatalf("%s\n%s", text, seen)
	}
	received := "Received: from a\r\n\tby b\r\nDKIM-Signature: v=1; d=other\r\n" + sent
	rewrapped := "X-Gm: 1\r\n" + head + strings.ReplaceAll(strings.ReplaceAll(string(made.Body), "=\r\n", ""), "closed from", "closed=20fr=\r\nom")
	for name, c := range map[string]struct {
		shown        public.Shown
		whole, words bool
	}{
		"as it left":           {public.Shown{Mail: []byte(sent)}, true, false},
		"with headers before":  {public.Shown{Mail: []byte(received)}, true, false},
		"line ends of a file":  {public.Shown{Mail: []byte(strings.ReplaceAll(received, "\r\n", "\n"))}, true, false},
		"wrapped anew":         {public.Shown{Mail: []byte(rewrapped)}, true, false},
		"text part":            {public.Shown{Words: text}, false, true},
		"quoted":               {public.Shown{Words: "> " + strings.ReplaceAll(strings.ReplaceAll(text, "’", "'"), "\n", "\n> ")}, false, true},
		"copied from the page": {public.Shown{Words: "\u200e" + strings.ReplaceAll(seen, " ", "\u00a0\n")}, false, true},
		"nothing":              {public.Shown{}, false, false},
		"a digit":              {public.Shown{Words: strings.Replace(text, "12:00", "13:00", 1)}, false, false},
		"a word":               {public.Shown{Words: strings.Replace(seen, "closed", "open", 1)}, false, false},
		"a host in the text":   {public.Shown{Words: strings.Replace(text, "wattle.example/find-us", "evil.example/find-us", 1)}, false, false},
		"a host in the source": {public.Shown{Mail: []byte(strings.Replace(sent, `wattle.example/find-us"`, `evil.example/find-us"`, 1))}, false, false},
		"a word in the source": {public.Shown{Mail: []byte(strings.Replace(rewrapped, "Hello", "Pay", 1))}, false, false},
		"the code on phishing": {public.Shown{Words: "Claim your prize. Code K7QF-3M9P-XD"}, false, false},
		"phishing beside it":   {public.Shown{Words: text + "\nClaim your prize."}, false, false},
		"endless headers":      {public.Shown{Mail: []byte(strings.Repeat("DKIM-Signature: x\r\n", 50_000))}, false, false},
	} {
		if whole, words := a.matches(said, salt, c.shown); whole != c.whole || words != c.words {
			t.Errorf("%s: whole %v, words %v", name, whole, words)
		}
	}
	other := &leaf.Message{Text: said.Text, Words: salt.Words(leaf.WordsOf([]byte("of another")))}
	if whole, words := a.matches(other, salt, public.Shown{Mail: []byte(rewrapped)}); whole || words {
		t.Error("what was made again is not what the leaf says, and is believed")
	}
}
