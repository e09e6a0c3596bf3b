package inbound

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"letterhead/message"
	"letterhead/store"
)

// Subscription is what an unsubscribe link belongs to: enough to say whose messages would end.
type Subscription struct {
	Practice store.PracticeID
	Message  message.ID
	Channel  message.Channel
}

// Subscription looks at an unsubscribe link and changes nothing. ok is false for a token that is not ours and for one whose message is gone.
func (in *Inbound) Subscription(ctx context.Context, token string) (s Subscription, ok bool, err error) {
	practice, id, verified := in.Tokens.Unsubscribed(token)
	if !verified {
		in.counts.unauthenticated.Add(1)
		return Subscription{}, false, nil
	}
	err = in.DB.View(ctx, store.Actor{Practice: practice, Agent: "unsubscribe"}, func(tx *store.Tx) error {
		m, err := message.Find(ctx, tx, id)
		if errors.Is(err, message.ErrNone) || err == nil && !left(m.State) {
			return nil
		}
		s, ok = Subscription{Practice: practice, Message: id, Channel: m.Channel}, err == nil
		return err
	})
	if err == nil && !ok {
		in.counts.unknown.Add(1)
	}
	return s, ok, err
}

// Unsubscribed ends marketing to the recipient of a message (RFC 8058): consent is withdrawn and the address suppressed for marketing. Again
// changes nothing.
func (in *Inbound) Unsubscribed(ctx context.Context, token string) (Done, error) {
	practice, id, ok := in.Tokens.Unsubscribed(token)
	if !ok {
		return in.nothing(Unauthenticated), nil
	}
	done := Done{Did: "unsubscribed", Why: "unsubscribe", Practice: practice, Message: id}
	return in.change(ctx, done, "unsubscribe", func(tx *store.Tx, m message.Message, done *Done) error {
		return in.withdraw(ctx, tx, m, done, []message.Purpose{message.Marketing}, message.Marketing)
	})
}

// withdraw ends purposes for a message's recipient. A contact's choice is not the client's: for a contact only the address is suppressed.
func (in *Inbound) withdraw(ctx context.Context, tx *store.Tx, m message.Message, done *Done, purposes []message.Purpose, suppressed message.Purpose) error {
	if m.Recipient == m.Client {
		for _, purpose := range purposes {
			if err := in.Choices.Withdraw(ctx, tx, m.Client, m.Channel, purpose, done.Why); err != nil {
				return err
			}
		}
	}
	if err := message.Learn(ctx, tx, m.ID, message.Replied, done.Why, ""); err != nil {
		return err
	}
	if m.AddressIndex == "" {
		return nil
	}
	return done.suppress(ctx, tx, message.Suppression{Channel: m.Channel, AddressIndex: m.AddressIndex, Purpose: suppressed, Reason: done.Why})
}

// Receipt is what a gateway says of a text message that it took.
type Receipt struct {
	OutsideID string // the gateway's id of the message
	Fate      ReceiptFate
	Detail    string // a code or a few words of the gateway
}

// ReceiptFate is how a text message ended.
type ReceiptFate string

// The fates of a text message.
const (
	TextDelivered    ReceiptFate = "delivered"
	TextNotDelivered ReceiptFate = "not delivered" // for good; carriers say it for too many reasons to give a number up
	TextDelayed      ReceiptFate = "delayed"
)

// Receipt acts on a receipt of a gateway whose signature was checked.
func (in *Inbound) Receipt(ctx context.Context, gateway string, r Receipt) (Done, error) {
	step := map[ReceiptFate]string{TextDelivered: message.Delivered, TextNotDelivered: message.Bounced, TextDelayed: message.Deferred}[r.Fate]
	if step == "" {
		return in.nothing(NoMessage), nil
	}
	practice, id, err := in.byOutsideID(ctx, gateway, r.OutsideID)
	if err != nil || id == "" {
		return in.none(err)
	}
	done := Done{Did: step, Why: string(r.Fate), Practice: practice, Message: id}
	return in.change(ctx, done, "receipt", func(tx *store.Tx, _ message.Message, done *Done) error {
		return message.Learn(ctx, tx, id, step, done.Why, withoutNumbers(r.Detail))
	})
}

func (in *Inbound) none(err error) (Done, error) {
	if err != nil {
		return Done{}, err
	}
	return in.nothing(NoMessage), nil
}

func (in *Inbound) byOutsideID(ctx context.Context, gateway, outside string) (practice store.PracticeID, id message.ID, err error) {
	if outside == "" {
		return "", "", nil
	}
	err = in.DB.WholeView(ctx, "find the message of a receipt", func(w *store.Wide) error {
		practice, id, err = message.ByOutsideID(ctx, w, gateway, outside)
		return err
	})
	if errors.Is(err, store.ErrNone) {
		return "", "", nil
	}
	return practice, id, err
}

// withoutNumbers keeps of a gateway's words what cannot be a phone number.
func withoutNumbers(text string) string {
	words := strings.Fields(text)
	for i, w := range words {
		digits := 0
		for _, r := range w {
			if unicode.IsDigit(r) {
				digits++
			}
		}
		if digits > 5 {
			words[i] = "…"
		}
	}
	return strings.Join(words, " ")
}

// Reply is a text message that came in.
type Reply struct {
	Event     string // the gateway's name of it; "" when it does not say
	From      string // E.164
	To        string // the sender id that it answers
	Text      string
	InReplyTo string // the gateway's id of the message that it answers; "" when it does not say
}

// Replied acts on a text message that came in by a gateway whose signature was checked. STOP is obeyed; what it says is kept by Texts alone.
func (in *Inbound) Replied(ctx context.Context, gateway string, r Reply) (Done, error) {
	practice, id, err := in.answered(ctx, gateway, r)
	if err == nil && id == "" && practice != "" && in.Texts != nil {
		return in.unknown(ctx, practice, gateway, r)
	}
	if err != nil || id == "" {
		return in.none(err)
	}
	done := Done{Did: message.Replied, Why: "answer", Practice: practice, Message: id}
	switch {
	case says(stops, r.Text):
		done.Why = "stop"
	case says(starts, r.Text):
		done.Why = "start"
	}
	return in.change(ctx, done, "reply", func(tx *store.Tx, m message.Message, done *Done) error {
		if in.Texts != nil {
			if err := in.Texts.Keep(ctx, tx, m, eventOf(gateway, r), r.From, r.Text); err != nil {
				return err
			}
		}
		switch done.Why {
		case "stop":
			return in.withdraw(ctx, tx, m, done, []message.Purpose{message.Marketing, message.Appointments}, "")
		case "start":
			return in.resume(ctx, tx, m)
		}
		return message.Learn(ctx, tx, id, message.Replied, done.Why, "")
	})
}

// unknown keeps a text message to a practice's own sender id, from a number that it did not write to lately. STOP holds for the number all the same.
func (in *Inbound) unknown(ctx context.Context, practice store.PracticeID, gateway string, r Reply) (Done, error) {
	done := Done{Did: "kept", Why: "number unknown", Practice: practice}
	err := in.DB.Change(ctx, store.Actor{Practice: practice, Agent: "reply"}, func(tx *store.Tx) error {
		if err := in.Texts.Keep(ctx, tx, message.Message{}, eventOf(gateway, r), r.From, r.Text); err != nil || !says(stops, r.Text) {
			return err
		}
		keys, err := in.Keeper.Keys(ctx, tx)
		if err != nil {
			return err
		}
		return message.Suppress(ctx, tx, message.Suppression{Channel: message.SMS, AddressIndex: keys.Index("mobile", r.From), Reason: "stop"})
	})
	if err != nil {
		return Done{}, fmt.Errorf("keep a text message of an unknown number: %w", err)
	}
	return done, nil
}

// eventOf is a gateway's own name of a text message; "" where it has none.
func eventOf(gateway string, r Reply) string {
	if r.Event == "" {
		return ""
	}
	return gateway + " " + r.Event
}

// repliesWithin is how long after a text message an answer without a reference is taken for one to it.
const repliesWithin = 60 * 24 * time.Hour

// answered finds the message that a reply answers: by the gateway's reference, else the latest to that number of the one practice that has
// the sender id.
func (in *Inbound) answered(ctx context.Context, gateway string, r Reply) (store.PracticeID, message.ID, error) {
	if practice, id, err := in.byOutsideID(ctx, gateway, r.InReplyTo); err != nil || id != "" {
		return practice, id, err
	}
	practice := in.practiceOf(gateway, r.To)
	if practice == "" || r.From == "" {
		return "", "", nil
	}
	var id message.ID
	err := in.DB.View(ctx, store.Actor{Practice: practice, Agent: "reply"}, func(tx *store.Tx) error {
		keys, err := in.Keeper.Keys(ctx, tx)
		if err != nil {
			return err
		}
		return tx.Row(ctx, `SELECT id FROM message WHERE practice = $1 AND channel = 'sms' AND address_index = $2 AND created_at >= $3
			AND state IN ('leaving', 'sent', 'maybe sent', 'refused') ORDER BY created_at DESC, id DESC LIMIT 1`,
			keys.Index("mobile", r.From), store.Micro(tx.Now.Add(-repliesWithin))).Scan(&id)
	})
	if errors.Is(err, store.ErrNone) {
		return practice, "", nil
	}
	if err != nil {
		return "", "", fmt.Errorf("find what a reply answers: %w", err)
	}
	return practice, id, nil
}

// practiceOf is the one practice that sends with a sender id; "" when there is none or several share it.
func (in *Inbound) practiceOf(gateway, sender string) store.PracticeID {
	same := func(a, b string) bool { return strings.TrimPrefix(a, "+") == strings.TrimPrefix(b, "+") }
	found := ""
	for _, g := range in.Gateways {
		if g.Name != gateway || sender == "" || same(g.Sender, sender) { // the common sender id tells nobody apart
			continue
		}
		for practice, id := range g.Senders {
			if same(id, sender) {
				if found != "" {
					return ""
				}
				found = practice
			}
		}
	}
	return store.PracticeID(found)
}

// stops are the answers that end text messages, as a whole: "stop by at five?" is none. CANCEL, which carriers obey too, is not among them:
// to a clinic it speaks of the appointment.
var stops = map[string]bool{
	"stop": true, "stop all": true, "stopall": true, "stop please": true, "please stop": true, "stop texting me": true, "stop messages": true,
	"unsubscribe": true, "unsub": true, "quit": true, "end": true, "optout": true, "opt out": true, "no more": true,
	"stopp": true, "arret": true, "arrêt": true, "baja": true, "parar": true, "abmelden": true,
}

// starts are the answers that take a STOP back, as a whole. YES and OK are not among them: to a clinic they speak of the appointment.
var starts = map[string]bool{"start": true, "unstop": true, "start again": true, "resume": true, "optin": true, "opt in": true}

// resume lets a number that said STOP have messages about appointments again. News take a consent of their own.
func (in *Inbound) resume(ctx context.Context, tx *store.Tx, m message.Message) error {
	if err := message.Learn(ctx, tx, m.ID, message.Replied, "start", ""); err != nil || m.AddressIndex == "" {
		return err
	}
	standing, err := message.Standing(ctx, tx, m.Channel, m.AddressIndex)
	if err != nil {
		return err
	}
	for _, s := range standing {
		if s.Purpose != "" || s.Reason != "stop" { // a bounce or complaint is not theirs to take back by text
			continue
		}
		keys, err := in.Keeper.Keys(ctx, tx)
		if err != nil {
			return err
		}
		if m.Recipient == m.Client {
			if err := in.Choices.Give(ctx, tx, m.Client, m.Channel, message.Appointments, "start"); err != nil {
				return err
			}
		}
		return message.Allow(ctx, tx, keys, s)
	}
	return nil
}

func says(words map[string]bool, text string) bool {
	if len(text) > 100 {
		return false
	}
	return words[strings.Join(strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }), " ")]
}
