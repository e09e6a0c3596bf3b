package token_test

import (
	"strings"
	"testing"

	"letterhead/courier/token"
	"letterhead/message"
	"letterhead/store"
)

func TestTokens(t *testing.T) {
	t.Parallel()
	tokens, others := token.New(make([]byte, 32)), token.New([]byte(strings.Repeat("k", 32)))
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
	tokens := token.New(make([]byte, 32))
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
