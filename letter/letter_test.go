package letter_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"letterhead/approval"
	"letterhead/client"
	"letterhead/courier"
	"letterhead/courier/journal"
	"letterhead/courier/trust"
	"letterhead/fault"
	"letterhead/guard"
	"letterhead/letter"
	"letterhead/message"
	"letterhead/store"
	"letterhead/template"
	"letterhead/testkit"
	"letterhead/vault"
)

const sent = "sent//250 2.0.0"

const said = "Hello Jo,\n\nyour insoles {name} have arrived. Come by any day before five.\n\nKind regards,\nPetra"

func TestALetterIsSignedAndSentOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		l := w.asked("a", draft(message.Email, said))
		w.drain()
		if mails, _ := w.left(); len(mails) != 0 {
			t.Fatalf("left unsigned: %q", mails)
		}
		w.sign("a")
		if got := w.find("a", l.ID); got.State != letter.Signed || got.Text != said {
			t.Fatalf("after the signature: %+v", got)
		}
		w.drain()
		w.sign("a") // nothing is left to sign
		w.drain()
		mails, _ := w.left()
		if len(mails) != 1 || w.fate("a", string(l.ID)) != sent {
			t.Fatalf("left %d, %s", len(mails), w.fate("a", string(l.ID)))
		}
		for _, want := range []string{email + "\n", "Subject: A message from Wattle Street Physiotherapy\r\n", "{name} have arrived", "never ask for a password"} {
			if !strings.Contains(strings.ReplaceAll(mails[0], "=\r\n", ""), want) {
				t.Errorf("the mail lacks %q:\n%s", want, mails[0])
			}
		}
		if strings.Contains(mails[0], "portal.example") {
			t.Error("a letter has no links of ours")
		}
	})
}

func TestATextIsAnswered(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		l := w.asked("a", draft(message.SMS, "Your insoles\nare here."))
		w.sign("a")
		w.drain()
		_, texts := w.left()
		if len(texts) != 1 || texts[0].Body != "Wattle Street Physiotherapy: Your insoles are here." || texts[0].To != mobile || texts[0].From != "Wattle" {
			t.Fatalf("texts %+v, %s", texts, w.fate("a", string(l.ID)))
		}
		keep := func(event, text string) {
			w.Change("a", func(tx *store.Tx) error {
				m, err := message.Find(w.Context(), tx, message.ID(l.ID))
				if err != nil {
					return err
				}
				return letter.Texts{Keeper: w.Keeper}.Keep(w.Context(), tx, m, event, mobile, text)
			})
		}
		keep("texts 1", "Thanks\u202e, is \x00Friday fine?")
		keep("texts 1", "Thanks again") // the same hook again
		var reply letter.Letter
		w.Must(w.as("a", func(ctx context.Context, tx *store.Tx, keys *vault.Keys) error {
			all, err := letter.Unseen(ctx, tx, keys)
			if err != nil || len(all) != 1 || all[0].Text != "Thanks, is Friday fine?" || all[0].From != mobile {
				t.Fatalf("answers %+v, %v", all, err)
			}
			c, err := client.Find(ctx, tx, keys, "jo")
			if err != nil {
				return err
			}
			if thread, err := letter.Answers(ctx, tx, keys, c); err != nil || len(thread) != 1 {
				t.Errorf("thread %+v, %v", thread, err)
			}
			writers, err := letter.Writers(ctx, tx, keys, mobile, "jo")
			if err != nil || len(writers) != 2 || writers[0].Name != "Jo Ng" || writers[1].Name != "May Ng" || writers[1].Of != "Jo Ng" || writers[1].Relation != "mother" {
				t.Errorf("who it may be: %+v, %v", writers, err)
			}
			reply = draft(message.SMS, "Friday is fine.")
			reply.Answers, reply.Recipient = all[0].ID, writers[1].Recipient()
			return letter.See(ctx, tx, all[0].ID)
		}))
		reply = w.asked("a", reply)
		w.sign("a")
		w.drain()
		if _, texts = w.left(); len(texts) != 2 || texts[1].Body != "Friday is fine." || texts[1].To != mobile {
			t.Errorf("texts %+v, %s", texts, w.fate("a", string(reply.ID)))
		}
		w.Must(w.as("a", func(ctx context.Context, tx *store.Tx, keys *vault.Keys) error {
			if n, _, err := letter.Unanswered(ctx, tx); err != nil || n != 0 {
				t.Errorf("%d unseen, %v", n, err)
			}
			return nil
		}))
		w.Must(w.as("b", func(ctx context.Context, tx *store.Tx, keys *vault.Keys) error {
			if _, err := letter.Said(ctx, tx, keys, reply.Answers); !errors.Is(err, letter.ErrNotFound) {
				t.Errorf("another practice's text: %v", err)
			}
			if _, err := letter.Find(ctx, tx, keys, reply.ID); !errors.Is(err, letter.ErrNotFound) {
				t.Errorf("another practice's letter: %v", err)
			}
			return nil
		}))
	})
}

func TestWhatALetterMayNotSay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	for name, c := range map[string]struct {
		text string
		sms  bool
		key  string
	}{
		"a foreign link":       {text: "Look at https://evil.example/win now", key: "wording.text_link"},
		"a bare host":          {text: "Look at evil.com now", key: "wording.text_link"},
		"a look-alike":         {text: "Look at www.wаttle.example", key: "wording.text_link"}, // Cyrillic a
		"an address in itself": {text: "https://www.wattle.example@evil.example/", key: "wording.text_link"},
		"a foreign number":     {text: "Ring 0491 570 999 at once", key: "wording.text_phone"},
		"in a text message":    {text: "Look at https://evil.example/win now", sms: true, key: "wording.text_link"},
		"across a line":        {text: "ok\nevil.example/win", key: "wording.text_link"},
		"turned around":        {text: "abc\u202edef", key: "wording.text_hidden"},
		"nothing":              {text: " \n\t\n ", key: "letter.empty"},
		"too long for a text":  {text: strings.Repeat("many words ", 120), sms: true, key: "wording.line_long"},
		"too many paragraphs":  {text: strings.Repeat("p\n\n", 40), key: "wording.paragraphs"},
		"too long":             {text: strings.Repeat("a ", 4000), key: "letter.long"},
	} {
		l := draft(message.Email, c.text)
		if c.sms {
			l.Channel = message.SMS
		}
		err := w.as("a", func(ctx context.Context, tx *store.Tx, keys *vault.Keys) error {
			saved, err := letter.Save(ctx, tx, keys, l)
			if err != nil {
				return err
			}
			_, err = letter.Ask(ctx, tx, keys, saved.ID, saved.Version)
			return err
		})
		if f := fault.As(err); f == nil || f.Kind != fault.Invalid || f.Field != "text" || f.Key != c.key {
			t.Errorf("%s: %v (%+v)", name, err, f)
		}
	}
	for name, text := range map[string]string{
		"its own website": "See https://www.wattle.example/hours", "its own number": "Ring (03) 5550 0142", "braces": "{{.}} {% x %} {practice} ${7*7}", "markup": "<b>bold</b> & \"more\"",
	} {
		l := w.asked("a", draft(message.Email, text))
		if !bytes.Contains(l.Content(), []byte(`"text":`)) || bytes.Contains(l.Content(), []byte(`"field":"recipient`)) {
			t.Errorf("%s: %s", name, l.Content())
		}
	}
}

func TestADraftIsKeptAndNotOverwritten(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		var first letter.Letter
		w.Must(w.as("a", func(ctx context.Context, tx *store.Tx, keys *vault.Keys) (err error) {
			first, err = letter.Save(ctx, tx, keys, draft(message.Email, "half a"))
			return err
		}))
		save := func(l letter.Letter) error {
			return w.as("a", func(ctx context.Context, tx *store.Tx, keys *vault.Keys) error {
				_, err := letter.Save(ctx, tx, keys, l)
				return err
			})
		}
		next := first
		next.Text = "half a sentence"
		w.Must(save(next))
		if err := save(first); !errors.Is(err, letter.ErrChanged) {
			t.Errorf("on an old reading: %v", err)
		}
		kept := w.find("a", first.ID)
		if kept.Text != "half a sentence" || kept.Version != 2 {
			t.Errorf("kept %+v", kept)
		}
		other := kept
		other.Client = "nobody"
		if err := save(other); fault.KindOf(err) != fault.NotFound {
			t.Errorf("to another client: %v", err)
		}
		ask := func() error {
			return w.as("a", func(ctx context.Context, tx *store.Tx, keys *vault.Keys) error {
				_, err := letter.Ask(ctx, tx, keys, first.ID, 2)
				return err
			})
		}
		w.Must(ask())
		if err := save(kept); !errors.Is(err, letter.ErrFinal) {
			t.Errorf("changed after asking: %v", err)
		}
		if err := ask(); !errors.Is(err, letter.ErrFinal) {
			t.Errorf("asked twice: %v", err)
		}
	})
}

func TestALetterIsWithdrawn(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		withdraw := func(id letter.ID) error {
			return w.as("a", func(ctx context.Context, tx *store.Tx, keys *vault.Keys) error {
				return letter.Withdraw(ctx, tx, keys, id)
			})
		}
		asked, signed, gone := w.asked("a", draft(message.Email, said)), w.asked("a", draft(message.Email, said)), w.asked("a", draft(message.Email, said))
		err := w.trySign("a", func() { w.Must(withdraw(asked.ID)) }) // between looking and touching
		if got := w.find("a", asked.ID).State; got != letter.Withdrawn || !errors.Is(err, letter.ErrNotAsked) {
			t.Errorf("%s, %v", got, err)
		}
		w.sign("a")
		w.Must(withdraw(signed.ID))
		w.drain()
		if fate := w.fate("a", string(signed.ID)); fate != "dropped/withdrawn" {
			t.Errorf("withdrawn in time: %s", fate)
		}
		if err := withdraw(gone.ID); !errors.Is(err, letter.ErrGone) || w.find("a", gone.ID).State != letter.Signed {
			t.Errorf("after it left: %v", err)
		}
		if mails, _ := w.left(); len(mails) != 1 {
			t.Errorf("%d left", len(mails))
		}
		late := w.asked("a", draft(message.Email, said))
		w.Clock.Pass(15 * 24 * time.Hour)
		w.sign("a")
		if got := w.find("a", late.ID); got.State != letter.Expired {
			t.Errorf("too late: %+v", got.State)
		}
	})
}

// What was withdrawn stays so, whatever its rows say from then on: the courier's journal has it.
func TestAWithdrawnLetterStaysSo(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		l := w.asked("a", draft(message.Email, said))
		w.sign("a")
		w.Must(w.as("a", func(ctx context.Context, tx *store.Tx, keys *vault.Keys) error {
			return letter.Withdraw(ctx, tx, keys, l.ID)
		}))
		w.drain() // a courier has seen it
		w.Exec("a", `UPDATE letter SET state = 'signed' WHERE practice = $1`)
		w.Exec("a", `UPDATE message SET state = 'queued', reason = '' WHERE practice = $1`)
		w.Exec("a", `DELETE FROM freeze_entry WHERE practice = $1`)
		w.drain()
		mails, _ := w.left()
		if fate := w.fate("a", string(l.ID)); len(mails) != 0 || !strings.HasPrefix(fate, "held/frozen") {
			t.Errorf("%d left, %s", len(mails), fate)
		}
	})
}

func TestWhoDoesNotWantItGetsNone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	l := w.asked("a", draft(message.Email, said))
	w.sign("a")
	w.Change("a", func(tx *store.Tx) error {
		return client.SetConsent(w.Context(), tx, client.Consent{Client: "jo", Topic: client.Topic{Category: client.Appointments, Channel: "email"}, Source: "desk"})
	})
	w.drain()
	if fate := w.fate("a", string(l.ID)); fate != "dropped/consent-withdrawn" {
		t.Errorf("%s", fate)
	}
	for name, l := range map[string]letter.Letter{"refused": draft(message.Email, said), "nobody's contact": {Client: "jo", Recipient: "x", Channel: message.Email, Text: said}} {
		err := w.as("a", func(ctx context.Context, tx *store.Tx, keys *vault.Keys) error {
			saved, err := letter.Save(ctx, tx, keys, l)
			if err == nil {
				_, err = letter.Ask(ctx, tx, keys, saved.ID, saved.Version)
			}
			return err
		})
		if fault.As(err) == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A client who is kept to others has no letters for a member who does not see them.
func TestAHiddenClientHasNoLetters(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	l := w.asked("a", draft(message.Email, said))
	w.Change("a", func(tx *store.Tx) error {
		m, err := guard.AddMember(w.Context(), tx, guard.Member{Email: "liam@a.example", Role: guard.Practitioner})
		if err != nil {
			return err
		}
		return client.KeepTo(w.Context(), tx, "jo", []store.MemberID{m.ID})
	})
	w.Must(w.as("a", func(ctx context.Context, tx *store.Tx, keys *vault.Keys) error {
		if _, err := letter.Find(ctx, tx, keys, l.ID); !errors.Is(err, letter.ErrNotFound) {
			t.Errorf("found: %v", err)
		}
		all, err := letter.Waiting(ctx, tx, keys)
		if err != nil || len(all) != 0 {
			t.Errorf("proposed: %d, %v", len(all), err)
		}
		if err := letter.Withdraw(ctx, tx, keys, l.ID); !errors.Is(err, letter.ErrNotFound) {
			t.Errorf("withdrawn: %v", err)
		}
		return nil
	}))
}

// sample asks for one of the practice's booking confirmation as its owner.
func (w *world) sample(p store.PracticeID) (id message.ID, err error) {
	root, err := trust.Read(w.Folder)
	w.Must(err)
	j, err := journal.Open(courier.JournalFolder(w.Folder), root.Installation, 1)
	w.Must(err)
	defer j.Close()
	err = w.as(p, func(ctx context.Context, tx *store.Tx, _ *vault.Keys) error {
		wordings, err := template.ByKey(ctx, tx)
		if err != nil {
			return err
		}
		current, err := template.CurrentVersions(ctx, tx)
		if err != nil {
			return err
		}
		return w.chains(j).Read(ctx, tx, func(s *approval.State) error {
			id, err = letter.Sample(ctx, tx, s, current[wordings["booked"]].ID)
			return err
		})
	})
	return id, err
}

func TestASampleGoesToWhoAsks(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.Exec("a", `UPDATE wording SET name = 'Booked' WHERE practice = $1 AND key = 'booked'`)
		id, err := w.sample("a")
		w.Must(err)
		w.drain()
		mails, _ := w.left()
		if len(mails) != 1 || w.fate("a", string(id)) != sent || !strings.HasPrefix(mails[0], "petra@a.example\n") || !strings.Contains(mails[0], "Fatima") {
			t.Errorf("%s, %d left", w.fate("a", string(id)), len(mails))
		}
	})
}
