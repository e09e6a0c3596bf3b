package logbook

import (
	"crypto/sha256"

	"letterhead/approval"
	"letterhead/courier/kept"
	"letterhead/ledger"
	"letterhead/ledger/leaf"
	"letterhead/message"
	"letterhead/store"
)

// Departure is a message that is about to be handed off, with what its leaf commits to.
type Departure struct {
	Practice store.PracticeID
	Kind     message.Kind
	Channel  message.Channel
	Version  string          // digest of the wording's version, hex
	Approval approval.Digest // statement that lets it go: of its rule, order, letter or grant; zero of the others
	Wording  approval.Digest // and the one on its wording; zero where there is none
	Hosts    []string        // that its links lead to
	Salt     leaf.Salt
	Address  string
	Parts    [3][]byte // as it is handed off, one behind the other
	Text     bool      // it is a text message: the parts are its words
}

var classes = map[message.Kind]leaf.Class{
	message.Rule: leaf.ClassRule, message.Order: leaf.ClassOrder, message.Letter: leaf.ClassLetter, message.Reply: leaf.ClassReply,
	message.Grant: leaf.ClassGrant, message.Test: leaf.ClassTest, message.System: leaf.ClassSystem,
}

// Entry is the message's leaf. What Letterhead says itself stands in its own name, not in the practice's.
func (l *Logbook) Entry(d *Departure) (ledger.Entry, error) {
	version, err := approval.ParseDigest(d.Version)
	if err != nil {
		return ledger.Entry{}, err
	}
	channel := channelOf(d.Channel)
	whole := sha256.New()
	for _, part := range d.Parts {
		whole.Write(part)
	}
	words := d.Parts[0]
	if !d.Text {
		var room [4 << 10]byte
		words = kept.PlainPart(room[:0], d.Parts[2])
	}
	out := ledger.Entry{Practice: d.Practice, Label: l.Label(d.Practice), Body: &leaf.Message{
		Class: classes[d.Kind], Channel: channel, Version: ledger.Hash(version), Approval: ledger.Hash(d.Approval), Wording: ledger.Hash(d.Wording), Links: leaf.Links(d.Hosts),
		Recipient: d.Salt.Recipient(channel, d.Address), Text: d.Salt.Text(ledger.Hash(whole.Sum(nil))), Words: d.Salt.Words(leaf.WordsOf(words)),
	}}
	if d.Kind == message.System {
		out.Practice, out.Label = "", ledger.Hash{}
	}
	return out, nil
}

func channelOf(c message.Channel) leaf.Channel {
	if c == message.SMS {
		return leaf.SMS
	}
	return leaf.Email
}

// Left is what became of a message with a leaf.
type Left struct {
	Practice store.PracticeID // "" of what Letterhead says itself
	Sequence uint64
	Fate     leaf.Fate
}

// Fated is what the ledger says of a message with a leaf; begun tells whether a first byte may have left.
func Fated(m *message.Message, sequence uint64, state message.State, begun bool) Left {
	out := Left{Practice: m.Practice, Sequence: sequence, Fate: leaf.Stopped}
	if m.Kind == message.System {
		out.Practice = ""
	}
	switch state {
	case message.Sent:
		out.Fate = leaf.Sent
	case message.Refused:
		out.Fate = leaf.Refused
	case message.MaybeSent:
		out.Fate = leaf.Maybe
	case message.Queued:
		if begun {
			out.Fate = leaf.Deferred
		}
	case message.Held, message.Dropped, message.Leaving:
	}
	return out
}

// Outcomes are the leaves of what became of messages, practice by practice.
func (l *Logbook) Outcomes(list []Left) (out []ledger.Entry) {
	of := map[store.PracticeID]*leaf.Outcome{}
	for _, m := range list {
		o := of[m.Practice]
		if o == nil || len(o.Results) == leaf.MaxOutcomes {
			o = &leaf.Outcome{}
			of[m.Practice] = o
			e := ledger.Entry{Practice: m.Practice, Body: o}
			if m.Practice != "" {
				e.Label = l.Label(m.Practice)
			}
			out = append(out, e)
		}
		o.Results = append(o.Results, leaf.Result{Sequence: m.Sequence, Fate: m.Fate})
	}
	return out
}
