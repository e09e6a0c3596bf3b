package token_test

import (
	"strings"
	"testing"
	"time"

	"letterhead/courier/token"
	"letterhead/message"
	"letterhead/store"
)

var until = time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC)

// A link is of one wish, practice, message, attendee, generation and time; every character of it counts.
func TestAnswers(t *testing.T) {
	t.Parallel()
	tokens, others := token.New(make([]byte, 32)), token.New([]byte(strings.Repeat("k", 32)))
	a := token.Answer{Wish: token.Confirm, Practice: store.NewID[store.PracticeID](), Message: store.NewID[message.ID](), Attendee: store.NewID[string](), Generation: 3, Until: until}
	text := tokens.Answer(a)
	if got, ok := tokens.Answered(text); !ok || got != a {
		t.Fatalf("%+v %v", got, ok)
	}
	if len(text) > 110 {
		t.Errorf("%d characters", len(text))
	}
	if _, ok := others.Answered(text); ok {
		t.Error("another installation's counts")
	}
	for i := range text {
		if _, ok := tokens.Answered(text[:i] + string(rotated(text[i])) + text[i+1:]); ok {
			t.Errorf("character %d does not count", i)
		}
	}
	for name, change := range map[string]func(*token.Answer){
		"wish":       func(a *token.Answer) { a.Wish = token.Decline },
		"practice":   func(a *token.Answer) { a.Practice = "b" },
		"message":    func(a *token.Answer) { a.Message = "m" },
		"attendee":   func(a *token.Answer) { a.Attendee = "t" },
		"generation": func(a *token.Answer) { a.Generation++ },
		"time":       func(a *token.Answer) { a.Until = a.Until.Add(time.Second) },
	} {
		other := a
		change(&other)
		if tokens.Answer(other) == text {
			t.Errorf("%s is not in it", name)
		}
		if got, ok := tokens.Answered(tokens.Answer(other)); !ok || got != other {
			t.Errorf("%s: %+v %v", name, got, ok)
		}
	}
	for _, strange := range []string{tokens.Unsubscribe(a.Practice, a.Message), tokens.Answer(token.Answer{Wish: 'x', Practice: "a", Message: "m", Attendee: "t"}), "", "A", strings.Repeat("A", 513), text + "=", text + "AA"} {
		if got, ok := tokens.Answered(strange); ok {
			t.Errorf("%q is %+v", strange, got)
		}
	}
	if _, _, ok := tokens.Unsubscribed(text); ok {
		t.Error("an answer ends messages")
	}
}

// Only a message about an appointment leads to a page that answers for somebody.
func TestPages(t *testing.T) {
	t.Parallel()
	tokens := token.New(make([]byte, 32))
	m := &message.Message{Practice: "a", Intent: message.Intent{ID: "m", Kind: message.Rule, Attendee: "t", Generation: 2}}
	confirm, decline := tokens.Pages("https://p.example/answer/", m, until)
	want := token.Answer{Wish: token.Confirm, Practice: "a", Message: "m", Attendee: "t", Generation: 2, Until: until}
	if got, ok := tokens.Answered(strings.TrimPrefix(confirm, "https://p.example/answer/")); !ok || got != want {
		t.Errorf("%+v %v", got, ok)
	}
	want.Wish = token.Decline
	if got, ok := tokens.Answered(strings.TrimPrefix(decline, "https://p.example/answer/")); !ok || got != want {
		t.Errorf("%+v %v", got, ok)
	}
	if confirm, decline = tokens.Pages("x/", m, time.Time{}); confirm != "" || decline != "" {
		t.Error("about no time")
	}
	m.Attendee = ""
	if confirm, decline = tokens.Pages("x/", m, until); confirm != "" || decline != "" {
		t.Error("about nobody")
	}
	m.Kind = message.Test
	if confirm, decline = tokens.Pages("x/", m, until); confirm != "x/sample" || decline != "x/sample" {
		t.Error("a sample leads to a real page")
	}
}

func FuzzAnswered(f *testing.F) {
	tokens := token.New(make([]byte, 32))
	good := tokens.Answer(token.Answer{Wish: token.Decline, Practice: "a", Message: "m", Attendee: "t", Generation: 1, Until: until})
	for _, seed := range []string{"", good, good[:20], "Y3MBYXMBbXMBdA", tokens.Unsubscribe("a", "m"), strings.Repeat("A", 600)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if a, ok := tokens.Answered(text); ok && tokens.Answer(a) != text {
			t.Errorf("%q is taken for %+v", text, a)
		}
	})
}
