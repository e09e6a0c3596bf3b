package web

import (
	"context"
	"testing"

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
		w.says(w.get("/"), 200, "2 text messages wait for somebody")
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
		w.says(w.get("/"), 200, "One text message waits for somebody")
	})
}
