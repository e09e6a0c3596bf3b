package leaf_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"reflect"
	"strings"
	"testing"

	"letterhead/ledger/leaf"
)

func h(n byte) leaf.Hash { return leaf.Hash{n} }

var bodies = map[string]leaf.Body{
	"rule":       &leaf.Message{Class: leaf.ClassRule, Channel: leaf.Email, Version: h(1), Approval: h(2), Wording: h(3), Links: h(4), Recipient: h(5), Text: h(6), Words: h(7)},
	"letter":     &leaf.Message{Class: leaf.ClassLetter, Channel: leaf.SMS, Version: h(1), Approval: h(2), Links: h(4), Recipient: h(5), Text: h(6), Words: h(7)},
	"test":       &leaf.Message{Class: leaf.ClassTest, Channel: leaf.Email, Version: h(1), Links: h(4), Recipient: h(5), Text: h(6), Words: h(7)},
	"outcome":    &leaf.Outcome{Results: []leaf.Result{{Sequence: 7, Fate: leaf.Sent}, {Sequence: 1 << 40, Fate: leaf.Stopped}}},
	"statement":  &leaf.Statement{Position: 3, Index: 499, Seen: 1, Digest: h(1), Entry: h(2)},
	"withdrawal": &leaf.Statement{Position: 3, Seen: 1, Digest: h(1), Entry: h(2), Withdrawn: h(3)},
	"freeze":     &leaf.Event{Of: leaf.KindFreeze, ID: "f", Word: "practice", Epoch: 7},
	"lift":       &leaf.Event{Of: leaf.KindLift, ID: "f", Digest: h(1)},
	"incident":   &leaf.Event{Of: leaf.KindIncident, ID: strings.Repeat("x", 64), Word: leaf.Changed, Epoch: 7, Digest: leaf.Hash{1}},
}

func of(b leaf.Body) leaf.Leaf {
	return leaf.Leaf{Label: h(9), Sequence: 2, Previous: h(8), At: 1_793_000_000_000_000, Body: b}
}

func TestALeafIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	for name, b := range bodies {
		l := of(b)
		raw, err := l.Append(nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		read, err := leaf.Parse(raw)
		if err != nil || !reflect.DeepEqual(*read, l) {
			t.Errorf("%s: %+v %v", name, read, err)
		}
		// Every byte that is changed says something else or is refused; cut anywhere, or with something behind it, it is refused.
		for i := range raw {
			changed := bytes.Clone(raw)
			changed[i] ^= 1
			if again, err := leaf.Parse(changed); err == nil && reflect.DeepEqual(again, read) {
				t.Errorf("%s: byte %d says nothing", name, i)
			}
			if _, err := leaf.Parse(raw[:i]); err == nil {
				t.Errorf("%s: cut at %d", name, i)
			}
		}
		if _, err := leaf.Parse(append(bytes.Clone(raw), 0)); err == nil {
			t.Errorf("%s: something stands behind it", name)
		}
	}
	if raw, err := (&leaf.Leaf{Label: h(9), Sequence: 2, Previous: h(8), At: 1, Body: bodies["rule"]}).Append(nil); err != nil || len(raw) > 310 {
		t.Error("the leaf of a message is long: ", len(raw), err)
	}
}

func TestWhatIsNoLeaf(t *testing.T) {
	t.Parallel()
	whole := func(change func(*leaf.Leaf)) leaf.Leaf { l := of(bodies["rule"]); change(&l); return l }
	incident := func(change func(*leaf.Event)) leaf.Leaf {
		e := *bodies["incident"].(*leaf.Event)
		change(&e)
		return of(&e)
	}
	message := func(change func(*leaf.Message)) leaf.Leaf {
		m := *bodies["rule"].(*leaf.Message)
		change(&m)
		return of(&m)
	}
	for name, l := range map[string]leaf.Leaf{
		"no body":                 of(nil),
		"no sequence":             whole(func(l *leaf.Leaf) { l.Sequence = 0 }),
		"a first with one before": whole(func(l *leaf.Leaf) { l.Sequence = 1 }),
		"a second without":        whole(func(l *leaf.Leaf) { l.Previous = leaf.Hash{} }),
		"no instant":              whole(func(l *leaf.Leaf) { l.At = 0 }),
		"another incident's word": incident(func(e *leaf.Event) { e.Word = leaf.Practice }),
		"an incident of nothing":  incident(func(e *leaf.Event) { e.Digest = leaf.Hash{} }),
		"an incident at no time":  incident(func(e *leaf.Event) { e.Epoch = 0 }),
		"an incident to come":     incident(func(e *leaf.Event) { e.Epoch = 1_793_000_000_000_001 }),
		"a rule without wording":  message(func(m *leaf.Message) { m.Wording = leaf.Hash{} }),
		"a rule unapproved":       message(func(m *leaf.Message) { m.Approval = leaf.Hash{} }),
		"a letter with wording":   message(func(m *leaf.Message) { m.Class = leaf.ClassReply }),
		"a test with approval":    message(func(m *leaf.Message) { m.Class = leaf.ClassTest }),
		"no class":                message(func(m *leaf.Message) { m.Class = 0 }),
		"no channel":              message(func(m *leaf.Message) { m.Channel = 3 }),
		"no recipient":            message(func(m *leaf.Message) { m.Recipient = leaf.Hash{} }),
		"no version":              message(func(m *leaf.Message) { m.Version = leaf.Hash{} }),
		"no links":                message(func(m *leaf.Message) { m.Links = leaf.Hash{} }),
		"no words":                message(func(m *leaf.Message) { m.Words = leaf.Hash{} }),
		"no text":                 message(func(m *leaf.Message) { m.Text = leaf.Hash{} }),
		"no outcomes":             of(&leaf.Outcome{}),
		"too many outcomes":       of(&leaf.Outcome{Results: make([]leaf.Result, leaf.MaxOutcomes+1)}),
		"an outcome of nothing":   of(&leaf.Outcome{Results: []leaf.Result{{Fate: leaf.Sent}}}),
		"no fate":                 of(&leaf.Outcome{Results: []leaf.Result{{Sequence: 1}}}),
		"a statement nowhere":     of(&leaf.Statement{Seen: 1, Digest: h(1), Entry: h(2)}),
		"a statement never seen":  of(&leaf.Statement{Position: 1, Digest: h(1), Entry: h(2)}),
		"an event without id":     of(&leaf.Event{Of: leaf.KindFreeze, Word: "practice"}),
		"a freeze without scope":  of(&leaf.Event{Of: leaf.KindFreeze, ID: "f"}),
		"a lift with one":         of(&leaf.Event{Of: leaf.KindLift, ID: "f", Word: "practice"}),
		"a long id":               of(&leaf.Event{Of: leaf.KindFreeze, ID: strings.Repeat("x", 65), Word: "practice"}),
		"an id of other letters":  of(&leaf.Event{Of: leaf.KindFreeze, ID: "ü", Word: "practice"}),
		"an event of a message":   of(&leaf.Event{Of: leaf.KindMessage, ID: "f", Word: "practice"}),
	} {
		if _, err := l.Append(nil); err == nil {
			t.Errorf("%s: it is written", name)
		}
	}
}

func TestCommitments(t *testing.T) {
	t.Parallel()
	salt, other := leaf.NewSalt(), leaf.NewSalt()
	all := map[leaf.Hash]bool{}
	for _, c := range []leaf.Hash{
		salt.Recipient(leaf.Email, "a@example.com"), salt.Recipient(leaf.SMS, "a@example.com"), salt.Recipient(leaf.Email, "b@example.com"), other.Recipient(leaf.Email, "a@example.com"),
		salt.Text(h(1)), salt.Words(h(1)), other.Text(h(1)), salt.Text(h(2)), leaf.Links(nil), leaf.Links([]string{"a.example"}), leaf.Links([]string{"a.example", "b.example"}),
	} {
		all[c] = true
	}
	if len(all) != 11 {
		t.Errorf("%d different commitments", len(all))
	}
	for _, address := range []string{"", "a@example.com", strings.Repeat("x", 2000)} {
		mac := hmac.New(sha256.New, salt[:])
		mac.Write([]byte("letterhead recipient v1\n\x01" + address))
		if got := salt.Recipient(leaf.Email, address); !bytes.Equal(got[:], mac.Sum(nil)) {
			t.Errorf("no HMAC of %d bytes", len(address))
		}
	}
	if leaf.Links([]string{"b.example", "a.example", "b.example"}) != leaf.Links([]string{"a.example", "b.example"}) {
		t.Error("the order of links counts")
	}
}

func FuzzParse(f *testing.F) {
	for _, b := range bodies {
		l := of(b)
		raw, err := l.Append(nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		l, err := leaf.Parse(raw)
		if err != nil {
			return
		}
		again, err := l.Append(nil)
		if err != nil || !bytes.Equal(again, raw) {
			t.Errorf("%x is written %x: %v", raw, again, err)
		}
	})
}
