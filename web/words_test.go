package web

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"letterhead/courier"
	"letterhead/message"
	"letterhead/store"
	"letterhead/template"
	"letterhead/vault"
	"letterhead/web/mail"
	"letterhead/wording"
)

// left is a message of a real version that left with these values.
func (w *world) left(h home, who string, channel message.Channel, first string) message.ID {
	w.Helper()
	var id message.ID
	var keys *vault.Keys
	w.change(h, func(ctx context.Context, tx *store.Tx) error {
		var err error
		if keys, err = w.keeper.Keys(ctx, tx); err != nil {
			return err
		}
		byKey, err := template.ByKey(ctx, tx)
		if err != nil {
			return err
		}
		current, err := template.CurrentVersions(ctx, tx)
		if err != nil {
			return err
		}
		version := current[byKey["reminder-2-days"]]
		ids, err := message.Queue(ctx, tx, []message.Intent{{Kind: message.Rule, Channel: channel, Purpose: message.Appointments, Rule: "reminder-2-days", Version: string(version.ID), Digest: version.Digest,
			Language: "en", Appointment: string(h.appointments[who]), Client: string(h.clients[who]), Recipient: string(h.clients[who]), Turn: tx.Now, NotAfter: tx.Now.Add(24 * time.Hour)}})
		if err == nil {
			id = ids[0]
		}
		return err
	})
	wall := wording.Wall{Year: 2026, Month: 12, Day: 1, Hour: 11}
	raw, err := json.Marshal(courier.Record{Address: "fatima@example.org", Language: "en", Values: wording.Values{Recipient: wording.Person{First: first}, Start: wall, End: wall, Minutes: 45,
		Zone: "Australia/Melbourne", Mode: wording.ModeInPerson, Practitioner: "Petra Schäfer", Location: wording.Place{Name: "Wattle Street"}}})
	if err != nil {
		w.Fatal(err)
	}
	sealed := keys.Seal(vault.Place{Table: "message", Row: string(id), Column: "sealed", Version: 1}, raw)
	err = w.db.Whole(context.Background(), "test", func(wide *store.Wide) error {
		if _, err := message.Lease(context.Background(), wide, "courier", []store.PracticeID{h.id}, wide.Now.Add(time.Hour)); err != nil {
			return err
		}
		if _, err := message.Leave(context.Background(), wide, "courier", []message.Departure{{Practice: h.id, ID: id, MessageID: "x@y", Sealed: sealed}}); err != nil {
			return err
		}
		return message.Mark(context.Background(), wide, "courier", []message.Outcome{{Practice: h.id, ID: id, State: message.Sent, LeftAt: wide.Now}})
	})
	if err != nil {
		w.Fatal(err)
	}
	return id
}

// A message's page shows what it said, as it looks and as text, and what could not be merged; another practice's is not found.
func TestAMessageShowsItsWords(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		path := "/messages/" + string(w.left(w.one, "Haddad", message.Email, "Fatima"))
		shown := w.get(path)
		w.says(shown, 200, "What it said", "Subject", "Tuesday 1 December", "fatima@example.org", "Its way", "As text")
		w.silent(shown, "was not used")
		if !strings.Contains(shown.body, `src="`+path+`/html" sandbox="`+mail.Sandbox+`"`) {
			w.Errorf("no frame: %s", shown.body)
		}
		w.says(w.get(path+"?view=text"), 200, "Fatima", "11:00 am", "Petra Schäfer")
		framed := w.get(path + "/html")
		w.says(framed, 200, "Fatima", "Petra Schäfer")
		if policy := framed.Header().Get("Content-Security-Policy"); policy != mail.FramePolicy || strings.Contains(policy, "script-src") {
			w.Errorf("the frame's policy: %s", policy)
		}
		replaced := w.get("/messages/" + string(w.left(w.one, "Haddad", message.Email, "www.evil.example")))
		w.says(replaced, 200, "The recipient’s name was not used: it reads as a web or e-mail address. The template’s own word stands in its place.")
		w.silent(replaced, "evil.example", "The attendee’s")
		text := w.get("/messages/" + string(w.left(w.one, "Haddad", message.SMS, "Fatima")))
		w.says(text, 200, "1 Dec", "1 part")
		w.silent(text, "<iframe")
		other := w.left(w.two, "Haddad", message.Email, "Fatima")
		for _, path := range []string{"/messages/" + string(other), "/messages/" + string(other) + "/html"} {
			w.says(w.get(path), 404, "There is nothing here")
		}
		w.says(w.get("/messages/"+messageOf(w, w.one)), 200, "What it said cannot be shown")
	})
}

// What waits for a signature is said above the log, with the way to where it is given.
func TestTheLogSaysWhatWaitsForASignature(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		w.silent(w.get("/messages"), "signature")
		id := messageOf(w, w.one)
		w.change(w.one, func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE message SET state = 'held', reason = 'unsigned' WHERE practice = $1 AND id = $2`, id)
			return err
		})
		w.says(w.get("/messages"), 200, "One message waits for a signature")
	})
}
