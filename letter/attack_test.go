package letter_test

import (
	"context"
	"errors"
	"testing"

	"letterhead/client"
	"letterhead/letter"
	"letterhead/message"
	"letterhead/store"
	"letterhead/testkit"
	"letterhead/vault"
)

// Whoever writes every row, and even seals with the practice's keys, does not make a signed letter another one.
func TestASignedLetterIsNoOther(t *testing.T) {
	t.Parallel()
	// forge makes of practice a's sealed words whatever it likes, as nobody without the keys could.
	forge := func(w *world, from, to letter.Letter) {
		w.Must(w.as("a", func(ctx context.Context, tx *store.Tx, keys *vault.Keys) error {
			var sealed []byte
			if err := tx.Row(ctx, `SELECT sealed FROM letter WHERE practice = $1 AND id = $2`, string(from.ID)).Scan(&sealed); err != nil {
				return err
			}
			place := func(l letter.Letter) vault.Place {
				return vault.Place{Table: "letter", Row: string(l.ID), Column: "sealed", Version: l.Version}
			}
			plain, err := keys.Open(tx, vault.Of{Client: string(from.Client), Fields: "letter"}, place(from), sealed)
			if err != nil {
				return err
			}
			_, err = tx.Exec(ctx, `UPDATE letter SET sealed = $3 WHERE practice = $1 AND id = $2`, string(to.ID), keys.Seal(place(to), plain))
			return err
		}))
	}
	stranger := func(w *world) client.ID {
		var id client.ID
		w.Must(w.as("a", func(ctx context.Context, tx *store.Tx, keys *vault.Keys) error {
			c, err := client.Add(ctx, tx, keys, client.Client{FirstName: "Jo", LastName: "Ng", Email: client.Address{Written: "thief@evil.example"}, Mobile: client.Address{Written: "+61491570737"}})
			id = c.ID
			return err
		}))
		return id
	}
	for name, c := range map[string]struct {
		attack func(w *world, l letter.Letter)
		want   string // fate of the message
	}{
		"its words swapped": {func(w *world, l letter.Letter) {
			forge(w, w.asked("a", draft(message.Email, "You have won.")), l)
		}, "held/wording"},
		"its words and digests swapped": {func(w *world, l letter.Letter) {
			other := w.asked("a", draft(message.Email, "You have won."))
			forge(w, other, l)
			w.Exec("a", `UPDATE letter SET digest = $3 WHERE practice = $1 AND id = $2`, string(l.ID), other.Digest)
			w.Exec("a", `UPDATE message SET digest = $3 WHERE practice = $1 AND id = $2`, string(l.ID), other.Digest)
		}, "held/unsigned/letter unsigned"},
		"older words put back": {func(w *world, l letter.Letter) {
			w.Exec("a", `UPDATE letter SET version = version - 1 WHERE practice = $1 AND id = $2`, string(l.ID))
		}, "held/wording"},
		"the letter deleted": {func(w *world, l letter.Letter) {
			w.Exec("a", `DELETE FROM letter WHERE practice = $1 AND id = $2`, string(l.ID))
		}, "held/wording"},
		"to another client": {func(w *world, l letter.Letter) {
			id := string(stranger(w))
			w.Exec("a", `UPDATE message SET client = $3, recipient = $3 WHERE practice = $1 AND id = $2`, string(l.ID), id)
			w.Exec("a", `UPDATE letter SET client = $3, recipient = $3 WHERE practice = $1 AND id = $2`, string(l.ID), id)
		}, "held/unsigned/letter recipient unsigned"},
		"to another recipient": {func(w *world, l letter.Letter) {
			w.Exec("a", `UPDATE message SET recipient = $3 WHERE practice = $1 AND id = $2`, string(l.ID), string(stranger(w)))
		}, "held/unsigned/letter recipient unsigned"},
		"to another address": {func(w *world, _ letter.Letter) {
			w.Must(w.as("a", func(ctx context.Context, tx *store.Tx, keys *vault.Keys) error {
				c, err := client.Find(ctx, tx, keys, "jo")
				if err != nil {
					return err
				}
				c.Email.Written = "thief@evil.example"
				_, err = client.Change(ctx, tx, keys, c)
				return err
			}))
		}, "held/unsigned/letter recipient unsigned"},
		"by another channel": {func(w *world, l letter.Letter) {
			w.Exec("a", `UPDATE message SET channel = 'sms' WHERE practice = $1 AND id = $2`, string(l.ID))
		}, "held/unsigned/letter unsigned"},
		"as marketing": {func(w *world, l letter.Letter) {
			w.Exec("a", `UPDATE message SET purpose = 'marketing' WHERE practice = $1 AND id = $2`, string(l.ID))
		}, "held/wording/its purpose is not the message's"},
		"as a sample": {func(w *world, l letter.Letter) {
			w.Exec("a", `UPDATE message SET kind = 'test', subject = '' WHERE practice = $1 AND id = $2`, string(l.ID))
		}, "dropped/recipient-gone"},
		"under another subject": {func(w *world, l letter.Letter) {
			w.Exec("a", `UPDATE message SET subject = 'other' WHERE practice = $1 AND id = $2`, string(l.ID))
		}, "held/unsigned/letter unsigned"},
		"withdrawn in its row": {func(w *world, l letter.Letter) {
			w.Exec("a", `UPDATE letter SET state = 'withdrawn' WHERE practice = $1 AND id = $2`, string(l.ID))
		}, "dropped/withdrawn"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, testkit.SQLite)
			l := w.asked("a", draft(message.Email, said))
			w.sign("a")
			c.attack(w, l)
			w.drain()
			mails, texts := w.left()
			if fate := w.fate("a", string(l.ID)); len(mails)+len(texts) != 0 || fate != c.want {
				t.Errorf("%d left; %s, not %s", len(mails)+len(texts), fate, c.want)
			}
		})
	}
}

// A letter that left does not leave again under another id, nor in another practice.
func TestASignedLetterIsNotReplayed(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		l := w.asked("a", draft(message.Email, said))
		w.sign("a")
		w.drain()
		queue := func(p store.PracticeID, id message.ID) {
			w.Change(p, func(tx *store.Tx) error {
				_, err := message.Queue(w.Context(), tx, []message.Intent{{ID: id, Kind: message.Letter, Channel: message.Email, Purpose: message.Appointments, Subject: string(l.ID), Version: string(l.ID),
					Digest: l.Digest, Client: "jo", Recipient: "jo", Turn: tx.Now, NotAfter: tx.Now.AddDate(0, 0, 1)}})
				return err
			})
		}
		queue("a", "again")
		w.Must(w.DB.Whole(w.Context(), "test", func(x *store.Wide) error { // everything of it, carried over
			_, err := x.Exec(w.Context(), `INSERT INTO letter (practice, id, client, recipient, channel, answers, state, digest, address_index, language, version, sealed, written_by, asked_by, created_at, changed_at, expires)
				SELECT 'b', id, client, recipient, channel, answers, state, digest, address_index, language, version, sealed, written_by, asked_by, created_at, changed_at, expires FROM letter WHERE practice = 'a'`)
			return err
		}))
		queue("b", message.ID(l.ID))
		w.drain()
		mails, _ := w.left()
		if fate := w.fate("a", "again"); len(mails) != 1 || fate != "held/unsigned/approval used up" {
			t.Errorf("under another id: %d left, %s", len(mails), fate)
		}
		if fate := w.fate("b", string(l.ID)); fate != "held/sender" { // the words are known by their digest; who sends them is the other practice
			t.Errorf("in another practice: %s", fate)
		}
	})
}

// A sample goes to the signed address alone, whatever the rows say.
func TestASampleGoesToNoStranger(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		id, err := w.sample("a")
		w.Must(err)
		w.Exec("a", `UPDATE member SET email = 'stranger@evil.example' WHERE practice = $1 AND id = $2`, string(w.owners["a"]))
		w.drain()
		mails, _ := w.left()
		if fate := w.fate("a", string(id)); len(mails) != 0 || fate != "held/unsigned/member address unsigned" {
			t.Errorf("%d left, %s", len(mails), fate)
		}
		if _, err := w.sample("a"); !errors.Is(err, letter.ErrNoSample) {
			t.Errorf("asked again: %v", err)
		}
	})
}

// Another member's row, or a client, as the recipient of a sample.
func TestASampleIsForMembers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	for name, recipient := range map[string]string{"a client": "jo", "another practice's member": string(w.owners["b"])} {
		id, err := w.sample("a")
		w.Must(err)
		w.Exec("a", `UPDATE message SET recipient = $3 WHERE practice = $1 AND id = $2`, string(id), recipient)
		w.drain()
		mails, _ := w.left()
		if fate := w.fate("a", string(id)); len(mails) != 0 || fate != "dropped/recipient-gone" {
			t.Errorf("%s: %d left, %s", name, len(mails), fate)
		}
	}
}
