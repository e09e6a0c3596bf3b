package web

import (
	"context"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"letterhead/calendar"
	"letterhead/client"
	"letterhead/guard"
	"letterhead/order"
	"letterhead/store"
	"letterhead/testkit"
)

func each(t *testing.T, test func(w *world)) {
	t.Helper()
	for _, engine := range testkit.Engines() {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			test(newWorld(t, engine))
		})
	}
}

func TestTodaySaysWhoComesAndWhoWasNotReached(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		page := w.get("/")
		w.says(page, 200, "Tuesday 1 December", "4 people today · 1 confirmed · 2 could not be reached · times in Melbourne",
			"Aoife Brennan 9:00 confirmed · Standard", "Fatima Haddad", "Oscar Reid", "Now, 10:38",
			"Not delivered: the other side did not take it (552 mailbox full)", "There is no e-mail address", "Not delivered", "No way to reach", "Add it", "Look at the address")
		w.silent(page, "Rimu Road", "aoife@example.org")
		if !strings.Contains(page.body, `class="appointment off short"`) && !strings.Contains(page.body, `class="appointment off"`) {
			w.Error("a cancelled appointment is not struck through")
		}
		w.says(w.get("/?date=2026-12-02"), 200, "Wednesday 2 December", "0 people", "Everybody is reached")
		w.says(w.get("/?date=nonsense&who=x&at=y"), 200, "Tuesday 1 December")
		beside := w.get("/?at=" + string(w.one.appointments["Costa"]))
		w.says(beside, 200, "João Costa, 13:00", "Will not be sent")
	})
}

// What waits for a signature is said to those who can ask for one, once somebody can give it.
func TestTodaySaysWhatWaitsForASignature(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		l := w.newLog()
		w.silent(w.get("/"), "Waiting for a signature")
		l.sent(w.one, 1)
		w.goes(w.post("/clients/"+string(w.one.clients["Costa"])+"/letters/new", "recipient", string(w.one.clients["Costa"]), "channel", "email", "text", "Your insoles are here.", "do", "ask"), "/letters/")
		w.goes(w.post("/orders/"+string(w.one.order)+"/ask", "edition", "1"), "/orders/")
		w.silent(w.get("/"), "1 bulk message") // its recipients are not fixed yet
		if err := order.Fix(context.Background(), w.db, w.one.id, w.one.order); err != nil {
			w.Fatal(err)
		}
		w.says(w.get("/"), 200, "Waiting for a signature Your practice’s details, as they are now 6 templates 5 automatic messages 1 bulk message 1 letter")
		w.silent(w.get("/?date=2026-12-02"), "Waiting for a signature")
		w.silent(w.askAs(w.as(w.one, "rosa@example.org", guard.FrontDesk), "GET", "/", nil), "Waiting for a signature")
	})
}

func TestAppointmentSaysWhatIsSentAndWhyNot(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		w.says(w.get("/appointments/"+string(w.one.appointments["Haddad"])), 200, "Fatima Haddad", "Tuesday 1 December, 11:00–11:45", "Booking confirmation by e-mail", "Sent Tue 17 Nov, 14:00",
			"Reminder 2 days before by e-mail", "Not delivered: the other side did not take it (552 mailbox full). We stopped trying Tue 17 Nov, 14:00", "Standard, 45 min", "Location Wattle Street Physiotherapy")
		none := w.get("/appointments/" + string(w.one.appointments["Öztürk"]))
		w.says(none, 200, "Will not be sent: there is no e-mail address. Add it")
		if !strings.Contains(none.body, `href="/clients/`+string(w.one.clients["Öztürk"])+`/reach"`) {
			w.Error("the fix is no link")
		}
		w.says(w.get("/appointments/"+string(w.one.appointments["Reid"])), 200, "cancelled", "by the client: is sick", "Book it again", "Cancellation by e-mail")
	})
}

func TestBooking(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		w.says(w.get("/appointments/new?date=2026-12-03"), 200, "Book an appointment", "Petra Schäfer", "Standard · 45 min")
		slot := []string{"service", string(w.one.service), "practitioner", string(w.one.practitioners["Petra Schäfer"]), "location", string(w.one.location), "date", "2026-12-03", "time", "10:00"}
		found := w.post("/appointments/new", append(slot, "do", "find", "find", "costa")...)
		w.says(found, 200, "João Costa", "0491 570 156", "a new client")
		w.says(w.post("/appointments/find", "find", "oztürk"), 200, "Elif Öztürk", "born 1980-05-04")
		w.says(w.post("/appointments/new", append(slot, "find", "nobody at all")...), 200, "Nobody is found")

		booked := w.post("/appointments/new", append(slot, "client", string(w.one.clients["Costa"]))...)
		page := w.goes(booked, "/appointments/")
		w.says(page, 200, "João Costa", "Thursday 3 December, 10:00–10:45", "Booked. The first message leaves at 10:41 at the earliest", "Undo", "Booking confirmation by e-mail Will be sent Tue 1 Dec, 10:41")

		taken := w.post("/appointments/new", append(slot, "client", string(w.one.clients["Brennan"]), "minutes", "30")...)
		w.says(taken, 409, "That time is taken by João Costa until 10:45. Next free: 10:45.", "Take 10:45", "Book at the same time all the same", "Aoife Brennan")
		if !strings.Contains(taken.body, `name="minutes" type="number" value="30"`) || !strings.Contains(taken.body, `aria-invalid="true"`) {
			w.Error("what was typed is not kept, or the field is not marked")
		}
		next := w.goes(w.post("/appointments/new", append(slot, "client", string(w.one.clients["Brennan"]), "free", "2026-12-03T10:45")...), "/appointments/")
		w.says(next, 200, "Aoife Brennan", "10:45–11:30")
		anyway := w.goes(w.post("/appointments/new", append(slot, "client", string(w.one.clients["Reid"]), "anyway", "yes")...), "/appointments/")
		w.says(anyway, 200, "Oscar Reid", "at the same time as another")
	})
}

func TestBookingKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		slot := []string{"service", string(w.one.service), "practitioner", string(w.one.practitioners["Liam Nguyen"]), "location", string(w.one.location), "date", "2026-12-03"}
		for _, c := range []struct {
			name   string
			pairs  []string
			status int
			says   []string
			keeps  []string
		}{
			{"nobody", []string{"time", "10:00"}, 422, []string{"One thing to mend", "Find and choose a client"}, []string{`value="10:00"`}},
			{"no time", []string{"time", "25:99", "client", string(w.one.clients["Reid"])}, 422, []string{"Give a time, such as 9:30."}, []string{`value="25:99"`}},
			{"no day", []string{"date", "2026-02-30", "time", "10:00", "last_name", "Okafor"}, 422, []string{"Give a day of the calendar"}, []string{`value="Okafor"`}},
			{"minutes", []string{"time", "10:00", "minutes", "soon", "last_name", "Okafor"}, 422, []string{"Give 1 to 1,440 minutes"}, []string{`value="soon"`}},
			{"e-mail", []string{"time", "10:00", "first_name", "Ada", "email", "ada at example"}, 422, []string{"This is no e-mail address; write it as name@example.com"}, []string{`value="Ada"`, `value="ada at example"`}},
			{"gap", []string{"date", "2027-10-03", "time", "02:30", "last_name", "Okafor"}, 422, []string{"does not exist in Australia/Melbourne"}, []string{`value="02:30"`}},
			{"no such practitioner", []string{"time", "10:00", "last_name", "Okafor", "practitioner", "nobody"}, 422, []string{"This practitioner is not there any more. Choose one from the list."}, []string{`value="Okafor"`, `value="10:00"`}},
			{"another practice's service", []string{"time", "10:00", "last_name", "Okafor", "service", string(w.two.service)}, 422, []string{"This service is not there any more."}, []string{`value="Okafor"`}},
			{"another practice's location", []string{"time", "10:00", "last_name", "Okafor", "location", string(w.two.location)}, 422, []string{"This location is not there any more."}, []string{`value="Okafor"`, `id="f-location"`, `value="` + string(w.one.location) + `"`}},
			{"occurs twice", []string{"date", "2027-04-04", "time", "02:30", "last_name", "Okafor"}, 422, []string{"This time occurs twice on that day", "The first, 2:30 AEDT", "The second, 2:30 AEST"}, []string{`value="Okafor"`, `name="turn" value="second"`}},
			{"somebody else's client", []string{"time", "10:00", "client", string(w.two.clients["Reid"])}, 404, []string{"There is nothing here"}, nil},
		} {
			answer := w.post("/appointments/new", append(slot, c.pairs...)...)
			w.says(answer, c.status, c.says...)
			for _, kept := range c.keeps {
				if !strings.Contains(answer.body, kept) {
					w.Errorf("%s: %s is not kept", c.name, kept)
				}
			}
		}
		added := w.goes(w.post("/appointments/new", append(slot, "time", "10:00", "first_name", "Ada", "last_name", "Okafor")...), "/appointments/")
		w.says(added, 200, "Ada Okafor", "First visit", "there is no e-mail address", "Booked. No message will be sent")
	})
}

func TestMoveCancelAndUndo(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		id := w.one.appointments["Costa"]
		path := "/appointments/" + string(id)
		w.says(w.get(path+"/move"), 200, "Move João Costa", "Tuesday 1 December, 13:00")
		move := []string{"service", string(w.one.service), "practitioner", string(w.one.practitioners["Petra Schäfer"]), "location", string(w.one.location), "minutes", "45", "version", "1"}
		taken := w.post(path+"/move", append(move, "date", "2026-12-01", "time", "11:15")...)
		w.says(taken, 409, "That time is taken by Fatima Haddad until 11:45. Next free: 11:45.")
		w.says(w.post(path+"/move", append(move, "date", "2027-04-04", "time", "02:30")...), 422, "This time occurs twice on that day", "The second, 2:30 AEST")
		w.says(w.post(path+"/move", append(move, "date", "2026-12-04", "time", "09:00", "practitioner", "nobody")...), 422, "This practitioner is not there any more", "Move João Costa")
		moved := w.goes(w.post(path+"/move", append(move, "date", "2026-12-04", "time", "09:00")...), path)
		w.says(moved, 200, "Friday 4 December, 9:00", "Moved. The message about it leaves at 10:41", "Undo")
		w.says(w.post(path+"/move", append(move, "date", "2026-12-05", "time", "09:00")...), 409, "This appointment was changed by you, in another window")

		w.clock.Pass(time.Minute)
		undone := w.goes(w.post(path+"/undo", "version", "2"), path)
		w.says(undone, 200, "Tuesday 1 December, 13:00", "Undone. Nothing was sent.")

		w.says(w.get(path+"/cancel"), 200, "Cancel João Costa", "Who cancels", "it counts as late")
		version := strconv.FormatInt(w.appointment(w.one, id).Version, 10)
		w.says(w.post(path+"/cancel", "version", version, "reason", "sick"), 422, "Say who cancels: the client or the practice.")
		w.says(w.post(path+"/cancel", "version", version, "by", "system"), 422, "Say who cancels")
		cancelled := w.goes(w.post(path+"/cancel", "version", version, "by", "client", "reason", "sick"), path)
		w.says(cancelled, 200, "by the client: is sick (late)", "Cancelled. The message about it leaves at 10:42", "Book it again")
		w.clock.Pass(calendar.UndoDelay + time.Second)
		version = strconv.FormatInt(w.appointment(w.one, id).Version, 10)
		w.says(w.post(path+"/undo", "version", version), 409, "This cannot be undone any more")
		restored := w.goes(w.post(path+"/restore", "version", version), path)
		w.says(restored, 200, "Booked again.", "not confirmed")
	})
}

// Of a time that occurs twice the one that was chosen is booked, and moving within the appointment keeps it.
func TestTheSecondOfTwoTimes(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		slot := []string{"service", string(w.one.service), "practitioner", string(w.one.practitioners["Liam Nguyen"]), "location", string(w.one.location), "date", "2027-04-04", "time", "02:30"}
		answer := w.post("/appointments/new", append(slot, "client", string(w.one.clients["Brennan"]), "turn", "second")...)
		w.says(w.goes(answer, "/appointments/"), 200, "2:30 AEST")
		path := strings.TrimSuffix(answer.Header().Get("Location"), "?did=booked")
		form := w.get(path + "/move")
		if !strings.Contains(form.body, `value="second" checked`) {
			w.Errorf("the form does not say which of the two it is: %s", form.body)
		}
		w.says(w.goes(w.post(path+"/move", append(slot, "turn", "second", "version", "1", "minutes", "60")...), path), 200, "2:30 AEST", "3:30 AEST")
	})
}

func TestUndoingABookingLeavesNothing(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		booked := w.post("/appointments/new", "service", string(w.one.service), "practitioner", string(w.one.practitioners["Liam Nguyen"]), "date", "2026-12-03", "time", "14:00",
			"client", string(w.one.clients["Brennan"]))
		w.goes(booked, "/appointments/")
		path := strings.TrimSuffix(booked.Header().Get("Location"), "?did=booked")
		undone := w.goes(w.post(path+"/undo", "version", "1"), path)
		w.says(undone, 200, "entered in error", "Will not be sent: the appointment was entered in error")
		w.silent(w.get("/?date=2026-12-03"), "Aoife Brennan")
	})
}

func TestMarking(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		path := "/appointments/" + string(w.one.appointments["Haddad"])
		w.says(w.get(path), 200, "Confirmed", "Arrived")
		w.says(w.goes(w.post(path+"/mark", "version", "1", "what", "confirm"), path), 200, "confirmed", "Noted.")
		w.says(w.goes(w.post(path+"/mark", "version", "2", "what", "arrive"), path), 200, "arrived", "Take back")
		w.says(w.goes(w.post(path+"/mark", "version", "3", "what", "expect"), path), 200, "confirmed", "Not confirmed")
		w.says(w.post(path+"/mark", "version", "4", "what", "expect"), 409, "There is nothing to take back")
		w.says(w.post(path+"/mark", "version", "4", "what", "dance"), 422, "Choose what to record")
		w.says(w.post(path+"/mark", "version", "nonsense", "what", "confirm"), 409, "was changed by")
		w.says(w.post(path+"/mark", "version", "4", "what", "miss"), 409, "This appointment has not begun")
		w.says(w.goes(w.post(path+"/mark", "version", "4", "what", "unconfirm"), path), 200, "not confirmed", "Noted.")
		if p := w.appointment(w.one, w.one.appointments["Haddad"]).People[0]; p.Confirmation != calendar.NotAsked || !p.ConfirmedAt.IsZero() {
			w.Errorf("the confirmation stands: %s, %s", p.Confirmation, p.ConfirmedAt)
		}
		w.says(w.post(path+"/mark", "version", "5", "what", "unconfirm"), 409, "There is nothing to take back")
	})
}

// Whoever changed a thing meanwhile is named, with when; never by an id.
func TestAChangeBySomebodyElseNamesThem(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		var liam store.MemberID
		w.change(w.one, func(ctx context.Context, tx *store.Tx) error {
			m, err := guard.AddMember(ctx, tx, guard.Member{Email: "liam@example.org", Name: "Liam Nguyen", Role: guard.Practitioner})
			liam = m.ID
			return err
		})
		as := store.Actor{Practice: w.one.id, Member: liam}
		id, who := w.one.appointments["Costa"], w.one.clients["Costa"]
		err := w.db.Change(context.Background(), as, func(tx *store.Tx) error {
			if _, err := calendar.Confirm(context.Background(), tx, calendar.Mark{ID: id, Version: 1}); err != nil {
				return err
			}
			keys, err := w.keeper.Keys(context.Background(), tx)
			if err != nil {
				return err
			}
			c, err := client.Find(context.Background(), tx, keys, who)
			if err != nil {
				return err
			}
			c.Reminders = client.BySMS
			_, err = client.Change(context.Background(), tx, keys, c)
			return err
		})
		if err != nil {
			w.Fatal(err)
		}
		stale := w.post("/appointments/"+string(id)+"/mark", "version", "1", "what", "confirm")
		w.says(stale, 409, "This appointment was changed by Liam Nguyen on Tue 1 Dec, 10:38. Look at it again")
		w.silent(stale, string(liam), "a team member")
		w.says(w.post("/appointments/"+string(id)+"/cancel", "version", "1", "by", "client"), 409, "was changed by Liam Nguyen on Tue 1 Dec, 10:38", "Cancel João Costa")
		w.says(w.post("/clients/"+string(who)+"/reach", "version", "1", "reminders", "email"), 409, "This client was changed by Liam Nguyen on Tue 1 Dec, 10:38")
	})
}

func TestTheRecipientsTimeIsSaidWhereItDiffers(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		w.change(w.one, func(ctx context.Context, tx *store.Tx) error {
			keys, err := w.keeper.Keys(ctx, tx)
			if err != nil {
				return err
			}
			c, err := client.Find(ctx, tx, keys, w.one.clients["Brennan"])
			if err != nil {
				return err
			}
			c.Zone = "Australia/Perth"
			_, err = client.Change(ctx, tx, keys, c)
			return err
		})
		w.book(&w.one, "Brennan", "Liam Nguyen", "2026-12-09T11:00")
		w.says(w.get("/appointments/"+string(w.one.appointments["Brennan"])), 200, "Will be sent Sun 6 Dec, 22:59 (Sun 6 Dec, 19:59 in Perth, where the recipient is). That is the last minute before quiet hours.")
	})
}

func TestReach(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		path := "/clients/" + string(w.one.clients["Öztürk"]) + "/reach"
		w.says(w.get(path), 200, "Elif Öztürk", "How to reach this client", "As the practice does")
		w.says(w.post(path, "version", "1", "email", "None", "reminders", "default"), 422, "This is no e-mail address")
		w.says(w.post(path, "version", "1", "email", "elif@example.org"), 422, "Choose")
		w.says(w.post(path, "version", "1", "mobile", "1900 654 321", "reminders", "sms"), 422, "premium-rate or shared-cost number, which takes no text messages", "Elif Öztürk")
		saved := w.goes(w.post(path, "version", "1", "email", "elif@example.org", "reminders", "email"), path)
		w.says(saved, 200, "Saved. Messages to come are planned anew.")
		if !strings.Contains(saved.body, `value="elif@example.org"`) {
			w.Error("the address is not there")
		}
		w.silent(w.get("/appointments/"+string(w.one.appointments["Öztürk"])), "there is no e-mail address")
		w.says(w.post(path, "version", "1", "email", "", "reminders", "email"), 409, "This client was changed by you")
		w.goes(w.post(path, "version", "2", "email", "elif@example.org", "reminders", "email", "no_email", "yes"), path)
		w.says(w.get("/appointments/"+string(w.one.appointments["Öztürk"])), 200, "they asked not to get these messages")
	})
}

func TestMessages(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		all := w.get("/messages")
		w.says(all, 200, "Fatima Haddad", "Booking confirmation", "Sent", "Not delivered", "the other side did not take it")
		w.says(w.get("/messages?state=sent"), 200, "Booking confirmation")
		w.silent(w.get("/messages?state=sent"), "Reminder 2 days before")
		w.says(w.get("/messages?state=failed"), 200, "Reminder 2 days before")
		w.says(w.get("/messages?channel=sms"), 200, "None of this kind")
		w.says(w.get("/messages?state=nonsense&channel=pigeon"), 200, "Booking confirmation")
		w.says(w.get("/messages?after=nonsense"), 422, "That could not be read")
		one := regexp.MustCompile(`/messages/[0-9a-f-]{36}`).FindString(all.body)
		w.says(w.get(one), 200, "Its way", "Asked for", "Fatima Haddad", "Of use until")
	})
}

// Every page keeps the policy: no inline style or script, one script with this answer's nonce, htmx only where it is stamped.
func TestEveryPageKeepsThePolicy(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	path := "/appointments/" + string(w.one.appointments["Costa"])
	message := regexp.MustCompile(`/messages/[0-9a-f-]{36}`).FindString(w.get("/messages").body)
	nonces := map[string]bool{}
	for _, page := range []string{"/", "/?date=2026-12-02", path, path + "/move", path + "/cancel", "/appointments/new", "/messages", message, "/clients/" + string(w.one.clients["Costa"]) + "/reach", "/design", "/nothing"} {
		answer := w.get(page)
		policy := answer.Header().Get("Content-Security-Policy")
		nonce := regexp.MustCompile(`script-src 'nonce-([A-Za-z0-9_-]{22})'`).FindStringSubmatch(policy)
		if nonce == nil || strings.Contains(policy, "unsafe") || nonces[nonce[1]] {
			t.Errorf("%s: policy %q", page, policy)
			continue
		}
		nonces[nonce[1]] = true
		if found := regexp.MustCompile(`\sstyle=|<style|\son[a-z]+="|javascript:|about:invalid`).FindString(answer.body); found != "" {
			t.Errorf("%s: %q", page, found)
		}
		if strings.Count(answer.body, "<script") != 1 || !strings.Contains(answer.body, `nonce="`+nonce[1]+`" src="/asset/`) {
			t.Errorf("%s: not one script with the nonce", page)
		}
		for _, tag := range regexp.MustCompile(`<[a-z]+[^>]*\shx-(get|post)=[^>]*>`).FindAllString(answer.body, -1) {
			if !strings.Contains(tag, `hx-nonce="`+nonce[1]+`"`) {
				t.Errorf("%s: without nonce: %s", page, tag)
			}
		}
		if regexp.MustCompile(`>[a-z]+\.[a-z-]+[a-z.]*<`).MatchString(answer.body) {
			t.Errorf("%s shows a key in place of a sentence: %s", page, regexp.MustCompile(`>[a-z]+\.[a-z-]+[a-z.]*<`).FindString(answer.body))
		}
		if answer.Body.Len() > 30_000 {
			t.Errorf("%s: %d bytes packed", page, answer.Body.Len())
		}
	}
}
