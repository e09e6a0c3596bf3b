package leaf

import (
	"encoding/binary"
	"unicode/utf8"
)

func (m *Message) append(dst []byte) []byte {
	dst = append(dst, byte(m.Class), byte(m.Channel))
	for _, h := range [...]*Hash{&m.Version, &m.Approval, &m.Wording, &m.Links, &m.Recipient, &m.Text, &m.Words} {
		dst = append(dst, h[:]...)
	}
	return dst
}

func (m *Message) check() error {
	none := Hash{}
	switch m.Class {
	case ClassRule, ClassOrder, ClassGrant:
		if m.Approval == none || m.Wording == none {
			return bad("a message of a rule, order or grant names its approval and its wording's")
		}
	case ClassLetter, ClassReply:
		if m.Approval == none || m.Wording != none {
			return bad("a letter names its approval, and no wording's")
		}
	case ClassTest, ClassSystem:
		if m.Approval != none || m.Wording != none {
			return bad("a message to a member names no approval")
		}
	default:
		return bad("the class of a message")
	}
	if m.Channel != Email && m.Channel != SMS {
		return bad("the channel of a message")
	}
	if m.Version == none || m.Links == none || m.Recipient == none || m.Text == none || m.Words == none {
		return bad("a message commits to its version, links, recipient, text and words")
	}
	return nil
}

func (o *Outcome) append(dst []byte) []byte {
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(o.Results)))
	for _, r := range o.Results {
		dst = append(binary.BigEndian.AppendUint64(dst, r.Sequence), byte(r.Fate))
	}
	return dst
}

func (o *Outcome) check() error {
	if len(o.Results) == 0 || len(o.Results) > MaxOutcomes {
		return bad("an outcome is of 1 to 1000 messages")
	}
	for _, r := range o.Results {
		if r.Sequence == 0 || r.Fate < Sent || r.Fate > Stopped {
			return bad("a message's fate")
		}
	}
	return nil
}

func (s *Statement) append(dst []byte) []byte {
	dst = binary.BigEndian.AppendUint64(dst, s.Position)
	dst = binary.BigEndian.AppendUint16(dst, s.Index)
	dst = binary.BigEndian.AppendUint64(dst, uint64(s.Seen))
	dst = append(append(dst, s.Digest[:]...), s.Entry[:]...)
	if s.Withdrawn != (Hash{}) {
		dst = append(dst, s.Withdrawn[:]...)
	}
	return dst
}

func (s *Statement) check() error {
	if s.Position == 0 || s.Position > 1<<53 || s.Seen <= 0 || s.Seen >= 1<<53 || s.Digest == (Hash{}) || s.Entry == (Hash{}) {
		return bad("a statement's place")
	}
	return nil
}

func (e *Event) append(dst []byte) []byte {
	dst = append(append(dst, byte(len(e.ID))), e.ID...)
	dst = append(append(dst, byte(len(e.Word))), e.Word...)
	return append(binary.BigEndian.AppendUint64(dst, e.Epoch), e.Digest[:]...)
}

func (e *Event) check() error {
	switch {
	case e.Of != KindFreeze && e.Of != KindLift && e.Of != KindIncident:
		return bad("the kind of an event")
	case !plain(e.ID) || e.ID == "" || !plain(e.Word):
		return bad("an event has an id, and a word, of at most 64 plain characters")
	case (e.Of == KindLift) != (e.Word == ""):
		return bad("a freeze says its scope, an incident what became of it")
	case e.Of == KindIncident && (e.Word != Opened && e.Word != Changed && e.Word != Closed || e.Epoch == 0 || e.Digest == Hash{}):
		return bad("an incident is opened, changed or closed, at an instant, with the digest of its state")
	case e.Epoch > 1<<53:
		return bad("an event's epoch")
	}
	return nil
}

// plain text is of ids and words: ASCII letters, digits and a few signs.
func plain(text string) bool {
	if len(text) > MaxText || !utf8.ValidString(text) {
		return false
	}
	for _, c := range []byte(text) {
		if c <= ' ' && c != ' ' || c > '~' {
			return false
		}
	}
	return true
}

// reader takes fields off a leaf; the first that is not there makes bad true, and all after it empty.
type reader struct {
	rest []byte
	bad  bool
}

func (r *reader) take(n int) []byte {
	if n > len(r.rest) {
		r.bad, r.rest = true, nil
		return make([]byte, n)
	}
	out := r.rest[:n]
	r.rest = r.rest[n:]
	return out
}

func (r *reader) hash() Hash     { return Hash(r.take(len(Hash{}))) }
func (r *reader) number() uint64 { return binary.BigEndian.Uint64(r.take(8)) }
func (r *reader) short() uint16  { return binary.BigEndian.Uint16(r.take(2)) }
func (r *reader) byte() byte     { return r.take(1)[0] }
func (r *reader) text() string   { return string(r.take(int(r.byte()))) }

func (r *reader) message() *Message {
	return &Message{
		Class: Class(r.byte()), Channel: Channel(r.byte()),
		Version: r.hash(), Approval: r.hash(), Wording: r.hash(), Links: r.hash(), Recipient: r.hash(), Text: r.hash(), Words: r.hash(),
	}
}

func (r *reader) outcome() *Outcome {
	n := int(r.short())
	if n > MaxOutcomes {
		r.bad = true
		return &Outcome{}
	}
	o := &Outcome{Results: make([]Result, n)}
	for i := range o.Results {
		o.Results[i] = Result{Sequence: r.number(), Fate: Fate(r.byte())}
	}
	return o
}

func (r *reader) statement(kind Kind) *Statement {
	s := &Statement{Position: r.number(), Index: r.short(), Seen: int64(r.number()), Digest: r.hash(), Entry: r.hash()}
	if kind == KindWithdrawal {
		s.Withdrawn = r.hash()
	}
	return s
}

func (r *reader) event(kind Kind) *Event {
	return &Event{Of: kind, ID: r.text(), Word: r.text(), Epoch: r.number(), Digest: r.hash()}
}
