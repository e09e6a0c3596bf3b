package web

import (
	"context"
	"strings"
	"testing"
	"time"

	"letterhead/calendar"
	"letterhead/courier/token"
	"letterhead/guard"
	"letterhead/letter"
	"letterhead/message"
	"letterhead/store"
)

// What came in and nobody has dealt with stands on Today and in a list, of unknown numbers too, until somebody says that it was; another practice's does not.
func TestTextsThatNobodyHasDealtWith(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		w.says(w.get("/messages/answers"), 200, "Nothing waits")
		keep := func(h home, m message.Message, text string) {
			w.change(h, func(ctx context.Context, tx *store.Tx) error {
				return letter.Texts{Keeper: w.keeper}.Keep(ctx, tx, m, "texts "+text, "+61491570110", text)
			})
		}
		keep(w.one, message.Message{}, "Who is this?")
		keep(w.one, message.Message{Intent: message.Intent{ID: "m", Client: string(w.one.clients["Haddad"])}}, "I am late")
		keep(w.two, message.Message{}, "Theirs")
		w.says(w.get("/"), 200, "2 answers wait for somebody")
		list := w.get("/messages/answers")
		w.says(list, 200, "Unknown number +61491570110", "Who is this?", "Haddad", "I am late")
		w.silent(list, "Theirs")
		var id, theirs letter.AnswerID
		find := func(h home, into *letter.AnswerID) {
			w.view(h, func(ctx context.Context, tx *store.Tx) error {
				return tx.Row(ctx, `SELECT id FROM answer WHERE practice = $1 AND client = ''`).Scan(into)
			})
		}
		find(w.one, &id)
		find(w.two, &theirs)
		w.says(w.post("/messages/answers/"+string(theirs)+"/seen", "do", "seen"), 404, "There is nothing here")
		reader := w.as(w.one, "ro@example.org", guard.ReadOnly)
		if answer := w.askAs(reader, "POST", "/messages/answers/"+string(id)+"/seen", map[string][]string{"do": {"seen"}}); answer.Code != 403 {
			w.Errorf("who may only read deals with it: %d", answer.Code)
		}
		w.silent(w.goes(w.post("/messages/answers/"+string(id)+"/seen", "do", "seen"), "/messages/answers?did=seen"), "Who is this?")
		w.says(w.get("/"), 200, "One answer waits for somebody")
	})
}

// Who asks by the link of a mail to cancel stands on Today and in the list, one click from the appointment, until somebody has dealt with it; who answered is said
// there. Nothing is cancelled by itself, and the other practice sees nothing of it.
func TestALinkAsksForSomebody(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		id := w.one.appointments["Costa"]
		var of calendar.Appointment
		var mail message.ID
		w.change(w.one, func(ctx context.Context, tx *store.Tx) (err error) {
			if of, err = calendar.Find(ctx, tx, id); err != nil {
				return err
			}
			ids, err := message.Queue(ctx, tx, []message.Intent{{Kind: message.Rule, Rule: "reminder-2-days", Channel: message.Email, Purpose: message.Appointments, Version: "v", Digest: strings.Repeat("0", 64), Appointment: string(id),
				Attendee: string(of.Attendees[0].ID), Generation: of.Generation, Client: string(of.Attendees[0].Client), Recipient: string(of.Attendees[0].Client), Turn: tx.Now, NotAfter: tx.Now.Add(time.Hour)}})
			if err == nil {
				mail = ids[0]
				_, err = tx.Exec(ctx, `UPDATE message SET state = 'sent' WHERE practice = $1 AND id = $2`, mail)
			}
			return err
		})
		press := func(wish token.Wish) {
			w.Helper()
			err := w.db.Change(context.Background(), store.Actor{Practice: w.one.id, Agent: calendar.ByLink}, func(tx *store.Tx) error {
				p, err := letter.Press(context.Background(), tx, token.Answer{Wish: wish, Practice: w.one.id, Message: mail, Attendee: string(of.Attendees[0].ID), Generation: of.Generation, Until: of.Starts})
				if err == nil && p.Finding != letter.Open {
					w.Errorf("it is %s", p.Finding)
				}
				return err
			})
			if err != nil {
				w.Fatal(err)
			}
		}
		press(token.Decline)
		w.says(w.get("/"), 200, "Answers to you", "One answer waits for somebody", "Asks to cancel")
		if !strings.Contains(w.get("/").body, `<a href="/appointments/`+string(id)+`"`) || !strings.Contains(w.get("/messages/answers").body, `"/appointments/`+string(id)+`"`) {
			w.Error("it is not one click to the appointment")
		}
		w.says(w.get("/messages/answers"), 200, "João Costa", "Asks to cancel")
		w.says(w.get("/appointments/"+string(id)), 200, "May want to cancel, by the client, by the link in an e-mail", "They asked to cancel by the link in it")
		press(token.Confirm)
		w.silent(w.get("/"), "waits for somebody")
		w.says(w.get("/appointments/"+string(id)), 200, "Confirmed", "by the client, by the link in an e-mail", "They confirmed by the link in it")
	})
}
