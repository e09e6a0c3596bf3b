package web

import (
	"context"
	"testing"

	"letterhead/client"
	"letterhead/practice"
	"letterhead/store"
)

// What a client chose stands on their page with its history: each answer, its channel and category, when, how, and by whom it was noted.
func TestWhatAClientChoseHasItsHistory(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		id := w.one.clients["Costa"]
		path := "/clients/" + string(id)
		topic := client.Topic{Category: client.Marketing, Channel: practice.SMS}
		w.change(w.one, func(ctx context.Context, tx *store.Tx) error {
			return client.SetConsent(ctx, tx, client.Consent{Client: id, Topic: topic, Given: true, Source: "import"})
		})
		w.says(w.get(path), 200, "News by text: agreed", "came with the import")
		w.change(w.one, func(ctx context.Context, tx *store.Tx) error {
			return client.SetConsent(ctx, tx, client.Consent{Client: id, Topic: topic, Given: false, Source: "stop"})
		})
		w.goes(w.post(path+"/reach", "version", "1", "email", "joao@example.org", "mobile", "", "reminders", "email", "no_sms", "yes"), path+"/reach?did=reach")
		w.says(w.get(path), 200, "answers so far", "News by text: refused", "answered STOP by text message", "News by text: agreed", "Appointment texts: refused", "noted by Petra Schäfer", "Refused, Tue 1 Dec")
		w.silent(w.askAs(w.as(w.two, "their@example.org", "owner"), "GET", "/clients/"+string(w.two.clients["Costa"]), nil), "answered STOP by text message")
	})
}
