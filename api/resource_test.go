package api

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"letterhead/client"
	"letterhead/grant"
	"letterhead/guard"
	"letterhead/message"
	"letterhead/store"
	"letterhead/testkit"
	"letterhead/vault"
)

func TestClients(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		made := w.post("/api/v1/clients", `{"first_name":"Aoife","last_name":"Brennan","email":"aoife@example.org","reminders":"email"}`)
		w.is(made, 201, "")
		place := made.Header().Get("Location")
		if place != "/api/v1/clients/"+made.word("id") || made.Header().Get("ETag") != `"1"` {
			w.Errorf("%s %s", place, made.Header().Get("ETag"))
		}
		got := w.get(place)
		w.is(got, 200, "")
		if got.word("first_name") != "Aoife" || got.json["email"].(map[string]any)["used"] != "aoife@example.org" || got.Header().Get("ETag") != `"1"` {
			w.Error(got.text)
		}
		patch := func(body string, header ...string) said { return w.ask(w.one.key, "PATCH", place, body, header...) }
		w.is(patch(`{"mobile":"0491 570 157"}`), 428, "api.if_match")
		w.is(patch(`{"mobile":"0491 570 157"}`, "If-Match", "*"), 428, "api.if_match")
		w.is(patch(`{"mobile":"0491 570 157"}`, "If-Match", `"7"`), 412, "client.changed")
		w.is(patch(`{"mobile":"none of your business"}`, "If-Match", `"1"`), 422, "")
		done := patch(`{"mobile":"0491 570 157","preferred_name":"Fee"}`, "If-Match", `"1"`)
		w.is(done, 200, "")
		if again := w.get(place); again.word("preferred_name") != "Fee" || again.word("first_name") != "Aoife" || again.json["version"] != 2.0 {
			w.Error(again.text)
		}
		for _, text := range []string{"bren", "570157", "aoife@example.org"} {
			if s := w.ask(w.one.key, "POST", "/api/v1/clients/search", `{"text":"`+text+`"}`); !strings.Contains(s.text, made.word("id")) || strings.Contains(s.text, "Costa") {
				w.Errorf("%s: %s", text, s.text)
			}
		}
		first := w.get("/api/v1/clients?limit=1")
		second := w.get("/api/v1/clients?limit=1&after=" + first.word("next"))
		if !strings.Contains(first.text, "Brennan") || !strings.Contains(second.text, "Costa") || second.word("next") != "" {
			w.Errorf("%s\n%s", first.text, second.text)
		}
		w.is(w.get("/api/v1/clients?limit=101"), 422, "api.limit")
	})
}

// What makes something is done once for each key, whatever comes in between.
func TestAnIdempotencyKeyMakesOneThing(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		body := `{"first_name":"Aoife","last_name":"Brennan"}`
		w.is(w.ask(w.one.key, "POST", "/api/v1/clients", body), 400, "api.idempotency_key")
		w.is(w.ask(w.one.key, "POST", "/api/v1/clients", body, "Idempotency-Key", "short"), 400, "api.idempotency_key")
		key := []string{"Idempotency-Key", "order-4711"}
		// A refusal is not remembered.
		w.is(w.ask(w.one.key, "POST", "/api/v1/clients", `{"first_name":"","last_name":""}`, key...), 422, "")
		first := w.ask(w.one.key, "POST", "/api/v1/clients", body, key...)
		again := w.ask(w.one.key, "POST", "/api/v1/clients", body, key...)
		w.is(again, 201, "")
		if again.word("id") != first.word("id") || again.Header().Get("Idempotency-Replayed") != "true" || first.Header().Get("Idempotency-Replayed") != "" {
			w.Errorf("%s %s", first.text, again.text)
		}
		w.is(w.ask(w.one.key, "POST", "/api/v1/clients", `{"first_name":"Aoife","last_name":"Brennan","born":"1990-01-01"}`, key...), 422, "api.idempotency_reused")
		w.is(w.ask(w.one.key, "POST", "/api/v1/appointments", booking(w.one, "09:00"), key...), 422, "api.idempotency_reused")
		// Another program's and another practice's same key are others.
		other, _ := w.program(w.one, guard.Scopes()...)
		if s := w.ask(other, "POST", "/api/v1/clients", body, key...); s.Code != 201 || s.word("id") == first.word("id") {
			w.Error(s.text)
		}
		if s := w.ask(w.two.key, "POST", "/api/v1/clients", body, key...); s.Code != 201 || s.word("id") == first.word("id") {
			w.Error(s.text)
		}
		// A day later it is forgotten, and what was kept is gone.
		w.clock.Pass(25 * 60 * 60 * 1e9)
		if s := w.ask(w.one.key, "POST", "/api/v1/clients", body, key...); s.Code != 201 || s.word("id") == first.word("id") {
			w.Error(s.text)
		}
		w.change(w.one, func(ctx context.Context, tx *store.Tx) error {
			var n int
			var kept string
			err := tx.Row(ctx, `SELECT count(*), min(asked) FROM api_request WHERE practice = $1`).Scan(&n, &kept)
			if n != 1 || strings.Contains(kept, "Brennan") {
				w.Errorf("%d kept: %s", n, kept)
			}
			return err
		})
	})
}

func booking(h home, at string) string {
	return fmt.Sprintf(`{"clients":[%q],"practitioner":%q,"service":%q,"date":"2026-12-04","time":%q}`, h.client, h.practitioner, h.service, at)
}

func TestAppointments(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		made := w.post("/api/v1/appointments", booking(w.one, "09:00"))
		w.is(made, 201, "")
		place := made.Header().Get("Location")
		w.is(w.post("/api/v1/appointments", booking(w.one, "09:30")), 409, "calendar.taken")
		got := w.get(place)
		if got.word("time") != "09:00" || got.word("starts") != "2026-12-03T22:00:00Z" || !strings.Contains(got.text, "João Costa") {
			w.Error(got.text)
		}
		// What follows from the booking is planned: the reminders stand there, or why not.
		if lines := w.get(place + "/plan"); !strings.Contains(lines.text, `"rule":"booked"`) || !strings.Contains(lines.text, `"verdict":"send"`) || !strings.Contains(lines.text, `"reason":"`) {
			w.Error(lines.text)
		}
		w.is(w.post(place+"/move", `{"date":"2026-12-04","time":"11:00"}`), 428, "api.if_match")
		w.is(w.post(place+"/move", `{"date":"2026-12-04","time":"11:00"}`, "If-Match", `"9"`), 412, "calendar.changed")
		moved := w.post(place+"/move", `{"date":"2026-12-04","time":"11:00"}`, "If-Match", `"1"`)
		w.is(moved, 200, "")
		confirmed := w.post(place+"/confirm", `{}`, "If-Match", moved.Header().Get("ETag"))
		w.is(confirmed, 200, "")
		if got := w.get(place); got.word("time") != "11:00" || !strings.Contains(got.text, `"confirmation":"confirmed"`) {
			w.Error(got.text)
		}
		w.is(w.post(place+"/cancel", `{"by":"system"}`, "If-Match", confirmed.Header().Get("ETag")), 422, "api.enum")
		repeat := []string{"If-Match", confirmed.Header().Get("ETag"), "Idempotency-Key", "cancel-0001"}
		w.is(w.post(place+"/cancel", `{"by":"client","reason":"sick"}`, repeat...), 200, "")
		w.is(w.post(place+"/cancel", `{"by":"client","reason":"sick"}`, repeat...), 200, "") // the answer was lost; the same again
		w.is(w.post(place+"/move", `{"date":"2026-12-05","time":"11:00"}`, "If-Match", `"4"`), 409, "calendar.not_booked")
		// A page at a time, each once.
		for _, at := range []string{"12:00", "13:00", "14:00"} {
			w.is(w.post("/api/v1/appointments", booking(w.one, at)), 201, "")
		}
		seen := map[string]int{}
		for after, n := "", 0; n < 10; n++ {
			page := w.get("/api/v1/appointments?from=2026-12-03&to=2026-12-04&limit=2&after=" + after)
			w.is(page, 200, "")
			for _, a := range page.json["appointments"].([]any) {
				seen[a.(map[string]any)["id"].(string)]++
			}
			if after = page.word("next"); after == "" {
				break
			}
		}
		if len(seen) != 5 || seen[made.word("id")] != 1 {
			w.Errorf("%v", seen)
		}
		for query, key := range map[string]string{"": "api.date", "from=2026-12-03": "api.date", "from=2026-12-04&to=2026-12-03": "api.days", "from=2026-12-01&to=2027-01-01": "api.days",
			"from=2026-12-01&to=2026-12-02&after=x": "api.cursor", "from=2026-12-01&to=2026-12-02&after=0_x": "api.cursor"} {
			w.is(w.get("/api/v1/appointments?"+query), 422, key)
		}
	})
}

// Names are read with the scope for them alone; a client who is kept to some is seen by no program.
func TestWhatAProgramSees(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	calendarOnly, _ := w.program(w.one, scope(guard.CalendarRead), scope(guard.MessageRead))
	place := "/api/v1/appointments/" + string(w.one.appointment)
	for _, path := range []string{place, "/api/v1/appointments?from=2026-12-01&to=2026-12-05"} {
		if s := w.ask(calendarOnly, "GET", path, ""); s.Code != 200 || !strings.Contains(s.text, string(w.one.client)) || strings.Contains(s.text, "Costa") {
			t.Error(s.text)
		}
	}
	id := w.queue(w.one)
	w.change(w.one, func(ctx context.Context, tx *store.Tx) error {
		return client.KeepTo(ctx, tx, w.one.client, []store.MemberID{w.one.owner.ID})
	})
	w.is(w.get(place), 404, "calendar.not_found")
	w.is(w.get(place+"/plan"), 404, "calendar.not_found")
	w.is(w.get("/api/v1/clients/"+string(w.one.client)), 404, "client.not_found")
	w.is(w.get("/api/v1/messages/"+string(id)), 404, "message.none")
	w.is(w.post(place+"/cancel", `{"by":"client"}`, "If-Match", `"1"`), 404, "calendar.not_found")
	for _, path := range []string{"/api/v1/appointments?from=2026-12-01&to=2026-12-05", "/api/v1/clients", "/api/v1/messages"} {
		if s := w.get(path); s.Code != 200 || strings.Contains(s.text, string(w.one.client)) || strings.Contains(s.text, "Costa") {
			t.Errorf("%s: %s", path, s.text)
		}
	}
}

// queue leaves a message of a rule.
func (w *world) queue(h home) (id message.ID) {
	w.change(h, func(ctx context.Context, tx *store.Tx) error {
		ids, err := message.Queue(ctx, tx, []message.Intent{{Kind: message.Rule, Rule: "booked", Channel: message.Email, Purpose: message.Appointments, Version: "v", Digest: strings.Repeat("ab", 32),
			Client: string(h.client), Recipient: string(h.client), Appointment: string(h.appointment), Turn: tx.Now, NotAfter: tx.Now.AddDate(0, 0, 1)}})
		id = ids[0]
		return err
	})
	return id
}

func TestMessages(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		id := w.queue(w.one)
		list := w.get("/api/v1/messages?client=" + string(w.one.client))
		if !strings.Contains(list.text, string(id)) || !strings.Contains(list.text, `"fate":"queued"`) {
			w.Error(list.text)
		}
		ctx := context.Background()
		if err := w.db.Whole(ctx, "test", func(wide *store.Wide) error {
			if _, err := message.Lease(ctx, wide, "courier", []store.PracticeID{w.one.id}, wide.Now.Add(1e9)); err != nil {
				return err
			}
			return message.Mark(ctx, wide, "courier", []message.Outcome{{Practice: w.one.id, ID: id, State: message.Refused, Reason: message.ReasonRelay, Detail: "552 mailbox full"}})
		}); err != nil {
			w.Fatal(err)
		}
		one := w.get("/api/v1/messages/" + string(id))
		if one.word("fate") != "refused" || one.word("reason") != "relay" || !strings.Contains(one.text, "552 mailbox full") {
			w.Error(one.text)
		}
		if s := w.get("/api/v1/messages?state=sent"); strings.Contains(s.text, string(id)) {
			w.Error(s.text)
		}
		w.is(w.get("/api/v1/messages?state=gone"), 422, "api.enum")
		w.is(w.get("/api/v1/messages?after=nonsense"), 422, "message.cursor")
	})
}

// Where a message went is told to who may read clients, and to nobody else.
func TestWhereAMessageWent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	id := w.queue(w.one)
	var sealed []byte
	w.change(w.one, func(ctx context.Context, tx *store.Tx) error {
		keys, err := w.keeper.Keys(ctx, tx)
		if err != nil {
			return err
		}
		m := message.Message{Intent: message.Intent{ID: id}, Attempts: 1}
		var place vault.Place
		place.Table, place.Row, place.Column, place.Version = m.Place()
		sealed = keys.Seal(place, []byte(`{"address":"joao@example.org"}`))
		return nil
	})
	ctx := context.Background()
	if err := w.db.Whole(ctx, "test", func(wide *store.Wide) error {
		if _, err := message.Lease(ctx, wide, "courier", []store.PracticeID{w.one.id}, wide.Now.Add(1e9)); err != nil {
			return err
		}
		if _, err := message.Leave(ctx, wide, "courier", []message.Departure{{Practice: w.one.id, ID: id, MessageID: "x@y", Sealed: sealed}}); err != nil {
			return err
		}
		return message.Mark(ctx, wide, "courier", []message.Outcome{{Practice: w.one.id, ID: id, State: message.Sent, LeftAt: wide.Now}})
	}); err != nil {
		t.Fatal(err)
	}
	messagesOnly, _ := w.program(w.one, scope(guard.MessageRead))
	if s := w.get("/api/v1/messages/" + string(id)); s.word("address") != "joao@example.org" || s.word("fate") != "sent" {
		t.Error(s.text)
	}
	for _, path := range []string{"/api/v1/messages/" + string(id), "/api/v1/messages"} {
		if s := w.ask(messagesOnly, "GET", path, ""); s.Code != 200 || strings.Contains(s.text, "joao") {
			t.Error(s.text)
		}
	}
}

// Programs stop; none lifts. One that stops its own credential is out.
func TestStops(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		made := w.post("/api/v1/stops", `{"scope":"rule","subject":"booked","reason":"complaints  come in"}`)
		w.is(made, 200, "")
		again := w.post("/api/v1/stops", `{"scope":"rule","subject":"booked","reason":"once more"}`)
		if again.word("id") != made.word("id") || again.word("reason") != "complaints come in" {
			w.Error(again.text)
		}
		w.is(w.post("/api/v1/stops", `{"scope":"platform","reason":"x"}`), 422, "api.enum")
		w.is(w.post("/api/v1/stops", `{"scope":"member","subject":"`+string(w.one.owner.ID)+`","reason":"x"}`), 422, "api.enum")
		w.is(w.post("/api/v1/stops", `{"scope":"credential","subject":"another","reason":"x"}`), 422, "api.stop_credential")
		w.is(w.post("/api/v1/stops", `{"scope":"practice","reason":""}`), 422, "message.stop_reason")
		if s := w.get("/api/v1/stops"); !strings.Contains(s.text, made.word("id")) {
			w.Error(s.text)
		}
		for _, method := range []string{"DELETE", "PATCH", "PUT"} {
			w.is(w.ask(w.one.key, method, "/api/v1/stops/"+made.word("id"), `{}`), 404, "api.nothing")
			w.is(w.ask(w.one.key, method, "/api/v1/stops", `{}`), 405, "api.method")
		}
		w.is(w.post("/api/v1/stops", `{"scope":"credential","reason":"the key was published"}`), 200, "")
		w.is(w.get("/api/v1/stops"), 401, "guard.credential")
	})
}

// A program opens an incident with the stop that it needs; asked again it is the same one, and it is not the other practice's.
func TestIncidents(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		w.is(w.post("/api/v1/incidents", `{"title":"","scope":"practice"}`), 422, "incident.title")
		w.is(w.post("/api/v1/incidents", `{"title":"x","scope":"platform"}`), 422, "api.enum")
		w.is(w.post("/api/v1/incidents", `{"title":"x","scope":"member","subject":"x"}`), 422, "api.enum")
		w.is(w.post("/api/v1/incidents", `{"title":"x","scope":"host","subject":"https://x"}`), 422, "message.stop_subject")
		if s := w.get("/api/v1/stops"); !strings.Contains(s.text, `"stops":[]`) {
			w.Errorf("stopped by what was refused: %s", s.text)
		}
		made := w.post("/api/v1/incidents", `{"title":"Prize-draw  mails","scope":"host","subject":"Prize.example"}`)
		w.is(made, 200, "")
		again := w.post("/api/v1/incidents", `{"title":"once more","scope":"host","subject":"prize.example"}`)
		if made.word("id") == "" || again.word("id") != made.word("id") || again.word("title") != "Prize-draw mails" || made.word("kind") != "program" {
			w.Error(made.text, again.text)
		}
		if s := w.get("/api/v1/stops"); !strings.Contains(s.text, "prize.example") {
			w.Error(s.text)
		}
		if s := w.get("/api/v1/incidents"); !strings.Contains(s.text, made.word("id")) {
			w.Error(s.text)
		}
		if s := w.ask(w.two.key, "GET", "/api/v1/incidents", ""); s.Code != 200 || strings.Contains(s.text, made.word("id")) {
			w.Error(s.text)
		}
	})
}

func TestSuppressions(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		w.is(w.post("/api/v1/suppressions", `{"channel":"email","address":"Joao@Example.org","reason":"stop"}`), 200, "")
		w.is(w.post("/api/v1/suppressions", `{"channel":"sms","address":"0491 570 156","purpose":"marketing","reason":"unsubscribe"}`), 200, "")
		w.is(w.post("/api/v1/suppressions", `{"channel":"email","address":"nobody","reason":"stop"}`), 422, "api.address")
		w.is(w.post("/api/v1/suppressions", `{"channel":"email","address":"joao@example.org","reason":"because"}`), 422, "api.enum")
		w.is(w.post("/api/v1/suppressions", `{"channel":"email","address":"joao@example.org","purpose":"appointments","reason":"stop"}`), 422, "api.enum")
		w.change(w.one, func(ctx context.Context, tx *store.Tx) error {
			keys, err := w.keeper.Keys(ctx, tx)
			if err != nil {
				return err
			}
			var n int
			err = tx.Row(ctx, `SELECT count(*) FROM suppression WHERE practice = $1 AND address_index IN ($2, $3)`,
				client.AddressIndex(keys, "email", client.NormaliseEmail("joao@example.org")), client.AddressIndex(keys, "sms", client.NormaliseMobile("0491570156", "AU"))).Scan(&n)
			if n != 2 {
				w.Errorf("%d noted", n)
			}
			return err
		})
	})
}

func sending(h home) string {
	return fmt.Sprintf(`{"grant":%q,"client":%q,"channel":"email","appointment":%q}`, h.grant.ID, h.client, h.appointment)
}

// A program names a grant and a client; nothing it can write becomes words, a name or an address.
func TestSendingUnderAGrant(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		list := w.get("/api/v1/grants")
		if !strings.Contains(list.text, string(w.one.grant.ID)) || !strings.Contains(list.text, `"signed":true`) || strings.Contains(list.text, string(w.two.grant.ID)) {
			w.Error(list.text)
		}
		none, _ := w.program(w.one, scope(guard.MessageSend))
		if s := w.ask(none, "GET", "/api/v1/grants", ""); s.Code != 200 || len(s.json["grants"].([]any)) != 0 {
			w.Errorf("another program's: %s", s.text)
		}
		key := []string{"Idempotency-Key", "message-4711"}
		first, again := w.ask(w.one.key, "POST", "/api/v1/messages", sending(w.one), key...), w.ask(w.one.key, "POST", "/api/v1/messages", sending(w.one), key...)
		w.is(first, 202, "")
		w.is(again, 202, "")
		if first.word("id") != again.word("id") || again.Header().Get("Idempotency-Replayed") != "true" {
			w.Errorf("%s %s", first.text, again.text)
		}
		got := w.get(first.Header().Get("Location"))
		if got.word("fate") != "queued" || got.word("kind") != "grant" || got.word("grant") != string(w.one.grant.ID) || got.word("purpose") != "appointments" {
			w.Error(got.text)
		}
		swap := func(old, new string) string { return strings.Replace(sending(w.one), old, new, 1) }
		other, id := w.program(w.one, guard.Scopes()...)
		for _, c := range []struct {
			name   string
			said   said
			status int
			key    string
		}{
			{"another program", w.ask(other, "POST", "/api/v1/messages", sending(w.one), "Idempotency-Key", "another-one"), 404, "grant.none"},
			{"another practice's grant", w.post("/api/v1/messages", swap(string(w.one.grant.ID), string(w.two.grant.ID))), 404, "grant.none"},
			{"another practice's client", w.post("/api/v1/messages", swap(string(w.one.client), string(w.two.client))), 404, "client.not_found"},
			{"another practice's appointment", w.post("/api/v1/messages", swap(string(w.one.appointment), string(w.two.appointment))), 404, "calendar.not_found"},
			{"another version", w.post("/api/v1/messages", swap(`{`, `{"version":"`+strings.Repeat("ab", 32)+`",`)), 409, "grant.version"},
			{"another channel", w.post("/api/v1/messages", swap("email", "fax")), 422, "api.enum"},
			{"for too long", w.post("/api/v1/messages", swap(`{`, `{"minutes":99999999999,`)), 422, "grant.within"},
			{"words", w.post("/api/v1/messages", swap(`{`, `{"subject":"You have won","text":"Click",`)), 422, "api.unknown_field"},
			{"an address", w.post("/api/v1/messages", swap(`{`, `{"to":"everybody@example.org",`)), 422, "api.unknown_field"},
			{"a purpose", w.post("/api/v1/messages", swap(`{`, `{"purpose":"marketing",`)), 422, "api.unknown_field"},
		} {
			if c.said.Code != c.status || c.said.word("key") != c.key {
				w.Errorf("%s: %d %s", c.name, c.said.Code, c.said.text)
			}
		}
		for range 4 {
			w.is(w.post("/api/v1/messages", sending(w.one)), 202, "")
		}
		spent := w.post("/api/v1/messages", sending(w.one))
		w.is(spent, 429, "grant.spent")
		// A grant that nobody signed, and one that was taken back.
		g := w.granted(w.one, id)
		w.change(w.one, func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE program_grant SET signed_at = 0 WHERE practice = $1 AND id = $2`, string(g.ID))
			return err
		})
		unsigned := strings.Replace(sending(w.one), string(w.one.grant.ID), string(g.ID), 1)
		w.is(w.ask(other, "POST", "/api/v1/messages", unsigned, "Idempotency-Key", "another-two"), 409, "grant.unsigned")
		w.change(w.one, func(ctx context.Context, tx *store.Tx) error { return grant.End(ctx, tx, w.one.grant.ID) })
		w.is(w.post("/api/v1/messages", sending(w.one)), 404, "grant.none")
		var kinds int
		w.change(w.one, func(ctx context.Context, tx *store.Tx) error {
			return tx.Row(ctx, `SELECT count(*) FROM message WHERE practice = $1 AND kind = 'grant'`).Scan(&kinds)
		})
		if kinds != 5 {
			w.Errorf("%d queued", kinds)
		}
	})
}

// Nothing that a credential with every scope can do approves: the chain has no entry, and what waits for a signature waits.
func TestNothingThatAProgramDoesApproves(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		stop := w.post("/api/v1/stops", `{"scope":"practice","reason":"try"}`)
		for _, r := range programs() {
			w.walk(w.one.key, w.one, r)
		}
		w.change(w.one, func(ctx context.Context, tx *store.Tx) error {
			var entries, signed, versions, members, credentials int
			err := tx.Row(ctx, `SELECT (SELECT count(*) FROM approval WHERE practice = $1), (SELECT count(*) FROM wording WHERE practice = $1 AND signed <> ''),
				(SELECT count(*) FROM wording_version WHERE practice = $1 AND number > 1), (SELECT count(*) FROM member WHERE practice = $1), (SELECT count(*) FROM credential WHERE practice = $1)`).
				Scan(&entries, &signed, &versions, &members, &credentials)
			if entries+signed+versions != 0 || members != 1 || credentials != 1 {
				w.Errorf("%d entries, %d signed, %d versions, %d members, %d credentials", entries, signed, versions, members, credentials)
			}
			if err != nil {
				return err
			}
			open, err := message.Frozen(ctx, tx)
			if len(open) == 0 || open[0].ID != stop.word("id") {
				w.Error("the stop is gone")
			}
			return err
		})
	})
}
