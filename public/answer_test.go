package public_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"letterhead/calendar"
	"letterhead/client"
	"letterhead/courier/token"
	"letterhead/letter"
	"letterhead/message"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/testkit"
	"letterhead/zone"
)

// booked is an appointment at 10:00 on 8 December, on the wall of the practice, with a reminder of it that left.
type booked struct {
	calendar.Appointment
	of store.PracticeID
}

// reminded books Jo and leaves a reminder "reminder" of the first attendee.
func (w *world) reminded(p store.PracticeID, clients ...client.ID) booked {
	w.Helper()
	ctx := context.Background()
	var a calendar.Appointment
	w.change(p, func(tx *store.Tx) error {
		of, err := practice.Find(ctx, tx)
		if err != nil {
			return err
		}
		l, err := practice.AddLocation(ctx, tx, practice.Location{Name: "Main rooms", Zone: of.Zone})
		if err != nil {
			return err
		}
		s, err := practice.AddService(ctx, tx, practice.Service{Name: "Treatment", Minutes: 30, Mode: practice.InPerson})
		if err != nil {
			return err
		}
		who, err := practice.AddPractitioner(ctx, tx, practice.Practitioner{Name: "Petra Schäfer"})
		if err != nil {
			return err
		}
		wall := zone.Wall{Date: zone.Date{Year: 2026, Month: 12, Day: 8}, Minute: 10 * 60}
		if a, err = calendar.Book(ctx, tx, calendar.BookRequest{Clients: append([]client.ID{w.clients[p]}, clients...), Practitioner: who.ID, Service: s.ID, Location: l.ID, Wall: wall, AnyHours: true}); err != nil {
			return err
		}
		return w.tell(tx, "reminder", a, 0)
	})
	return booked{a, p}
}

// tell leaves a message about an attendee's place.
func (w *world) tell(tx *store.Tx, id message.ID, a calendar.Appointment, place int) error {
	t := a.Attendees[place]
	if _, err := message.Queue(context.Background(), tx, []message.Intent{{ID: id, Kind: message.Rule, Rule: "reminder-7-days", Channel: message.Email, Purpose: message.Appointments, Version: "v", Digest: strings.Repeat("0", 64),
		Appointment: string(a.ID), Attendee: string(t.ID), Generation: a.Generation, Client: string(t.Client), Recipient: string(t.Client), Turn: tx.Now.Add(-time.Minute), NotAfter: tx.Now.Add(time.Hour)}}); err != nil {
		return err
	}
	_, err := tx.Exec(context.Background(), `UPDATE message SET state = 'sent' WHERE practice = $1 AND id = $2`, id)
	return err
}

func (w *world) link(b booked, wish token.Wish) string {
	return "/answer/" + w.in.Tokens.Answer(token.Answer{Wish: wish, Practice: b.of, Message: "reminder", Attendee: string(b.Attendees[0].ID), Generation: b.Generation, Until: b.Starts})
}

// stands is how the appointment and what waits stand.
func (w *world) stands(b booked) string {
	w.Helper()
	var out []string
	w.change(b.of, func(tx *store.Tx) error {
		a, err := calendar.Find(context.Background(), tx, b.ID)
		if err != nil {
			return err
		}
		out = append(out, string(a.Booking))
		for _, t := range a.Attendees {
			out = append(out, strings.TrimSpace(string(t.Confirmation)+" "+t.AnsweredBy))
		}
		_, asking, err := letter.Unanswered(context.Background(), tx)
		out = append(out, fmt.Sprint(len(asking)))
		return err
	})
	return strings.Join(out, ", ")
}

func (w *world) press(path, wish string) int {
	w.Helper()
	return w.do("POST", path, form, strings.NewReader("answer="+wish)).Code
}

func (w *world) page(method, path, wish string, status int, says ...string) {
	w.Helper()
	a := w.do(method, path, form, strings.NewReader("answer="+wish))
	if a.Code != status {
		w.Errorf("%s: %d, want %d", method, a.Code, status)
	}
	for _, say := range says {
		if !strings.Contains(a.Body.String(), say) {
			w.Errorf("%s %s: no %q in %s", method, wish, say, a.Body.String())
		}
	}
	for _, never := range []string{"Jo", "Lindqvist", "Petra", "Treatment", "Main rooms", "10:00", email, mobile} {
		if strings.Contains(a.Body.String(), never) {
			w.Errorf("%s %s: the page says %q", method, wish, never)
		}
	}
	if strings.Contains(a.Body.String(), "<script") || a.Header().Get("Set-Cookie") != "" || a.Header().Get("Cache-Control") != "no-store" {
		w.Error("a script, a cookie, or it is kept")
	}
}

// A client confirms by the link of a mail: looking changes nothing, pressing does once, and who did it is on record. The other practice's, of the same ids,
// stays as it is.
func TestALinkConfirms(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		b, other := w.reminded("a"), w.reminded("b")
		path := w.link(b, token.Confirm)
		for range 3 {
			w.page("GET", path, "", 200, "Confirm the appointment?", "Tuesday 8 December", "Wattle Street")
		}
		if w.do("HEAD", path, "", nil).Code != 200 || w.stands(b) != "booked, not asked, 0" || strings.Contains(w.state("a"), "reminder replied") {
			w.Error("looking changed something: " + w.stands(b))
		}
		for _, wish := range []string{"", "decline", "Confirm", "confirm%00"} {
			w.page("POST", path, wish, 422, "Confirm the appointment?")
		}
		if w.stands(b) != "booked, not asked, 0" {
			w.Error("a wrong form changed something: " + w.stands(b))
		}
		for range 2 {
			w.page("POST", path, "confirm", 200, "The appointment is confirmed", "Tuesday 8 December")
		}
		w.page("GET", path, "", 200, "The appointment is confirmed")
		if w.stands(b) != "booked, confirmed link, 0" || strings.Count(w.state("a"), "reminder replied confirmed by link") != 1 {
			w.Error(w.stands(b), w.state("a"))
		}
		if w.stands(other) != "booked, not asked, 0" {
			w.Error("the other practice's: " + w.stands(other))
		}
		if logs := w.logs.String(); strings.Contains(logs, strings.TrimPrefix(path, "/answer/")) || !strings.Contains(logs, "did=confirm") {
			w.Errorf("the log holds the token, or not what was done: %s", logs)
		}
	})
}

// Asking to cancel cancels nothing: it waits for somebody, once; who then confirms has nothing waiting any more.
func TestALinkAsksToCancel(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		b := w.reminded("a")
		confirm, decline := w.link(b, token.Confirm), w.link(b, token.Decline)
		w.page("GET", decline, "", 200, "Ask to cancel the appointment?", "stands until they have dealt with it")
		w.page("POST", decline, "decline", 200, "The practice knows", "Until then the appointment stands")
		w.page("POST", decline, "decline", 200, "The practice knows")
		if w.stands(b) != "booked, check reply link, 1" {
			w.Error(w.stands(b))
		}
		w.page("POST", confirm, "confirm", 200, "The appointment is confirmed")
		if w.stands(b) != "booked, confirmed link, 0" {
			w.Error("after confirming: " + w.stands(b))
		}
		w.page("POST", decline, "decline", 200, "The practice knows")
		if w.stands(b) != "booked, check reply link, 1" {
			w.Error("asking again is lost: " + w.stands(b))
		}
	})
}

// Once the time has come, the appointment was moved or it was cancelled, a link changes nothing and says so; moved back, it counts again.
func TestALinkIsOfOneTime(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		b := w.reminded("a")
		confirm, decline := w.link(b, token.Confirm), w.link(b, token.Decline)
		version := b.Version
		do := func(fn func(ctx context.Context, tx *store.Tx) (calendar.Appointment, error)) {
			w.Helper()
			w.change("a", func(tx *store.Tx) error {
				a, err := fn(context.Background(), tx)
				version = a.Version
				return err
			})
		}
		stay := func(says string) {
			w.Helper()
			before := w.stands(b)
			for path, wish := range map[string]string{confirm: "confirm", decline: "decline"} {
				w.page("GET", path, "", 200, says, "Tuesday 8 December")
				w.page("POST", path, wish, 200, says)
			}
			if w.stands(b) != before {
				w.Errorf("%s: %s, before %s", says, w.stands(b), before)
			}
		}
		do(func(ctx context.Context, tx *store.Tx) (calendar.Appointment, error) {
			wall := b.Wall
			wall.Minute += 60
			return calendar.Move(ctx, tx, calendar.MoveRequest{ID: b.ID, Version: version, Wall: wall, AnyHours: true})
		})
		stay("This appointment has changed")
		do(func(ctx context.Context, tx *store.Tx) (calendar.Appointment, error) {
			return calendar.Undo(ctx, tx, b.ID, version)
		})
		w.page("GET", confirm, "", 200, "Confirm the appointment?")
		do(func(ctx context.Context, tx *store.Tx) (calendar.Appointment, error) {
			return calendar.Cancel(ctx, tx, calendar.CancelRequest{ID: b.ID, Version: version, By: calendar.ByPractice})
		})
		stay("This appointment is cancelled")
		do(func(ctx context.Context, tx *store.Tx) (calendar.Appointment, error) {
			return calendar.Undo(ctx, tx, b.ID, version)
		})
		w.clock.Set(b.Starts)
		stay("This day has passed")
	})
}

// Nobody acts by a token that was not made for that very wish, practice, message, attendee and time; all get the page of an unknown address.
func TestNobodyAnswersForSomebodyElse(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		var zoe client.ID
		w.change("a", func(tx *store.Tx) error {
			keys, err := w.keeper.Keys(context.Background(), tx)
			if err != nil {
				return err
			}
			c, err := client.Add(context.Background(), tx, keys, client.Client{FirstName: "Zoë", LastName: "Other"})
			zoe = c.ID
			return err
		})
		b, other := w.reminded("a", zoe), w.reminded("b")
		before, theirs := w.stands(b), w.stands(other)
		good := token.Answer{Wish: token.Confirm, Practice: "a", Message: "reminder", Attendee: string(b.Attendees[0].ID), Generation: b.Generation, Until: b.Starts}
		another := token.New([]byte(strings.Repeat("k", 32)))
		wrong := map[string]string{
			"another key": another.Answer(good), "an unsubscribe link": w.in.Tokens.Unsubscribe("a", "reminder"), "half": w.in.Tokens.Answer(good)[:40], "nothing": "x",
			"a sample": token.Sample,
		}
		for name, change := range map[string]func(a *token.Answer){ // signed by us, of what does not fit together
			"another attendee": func(a *token.Answer) { a.Attendee = string(b.Attendees[1].ID) },
			"another message":  func(a *token.Answer) { a.Message = "mail" },
			"no message":       func(a *token.Answer) { a.Message = "none" },
			"another practice": func(a *token.Answer) { a.Practice = "b" },
			"no practice":      func(a *token.Answer) { a.Practice = "c" },
			"another time":     func(a *token.Answer) { a.Generation++ },
		} {
			a := good
			change(&a)
			wrong[name] = w.in.Tokens.Answer(a)
		}
		for name, text := range wrong {
			if code := w.press("/answer/"+text, "confirm"); code != http.StatusNotFound {
				w.Errorf("%s: %d", name, code)
			}
		}
		raw := w.in.Tokens.Answer(good)
		for i := range raw { // the purpose, or anything else, swapped
			if i%7 == 0 && raw[i] != 'A' && w.press("/answer/"+raw[:i]+"A"+raw[i+1:], "confirm") == http.StatusOK {
				w.Errorf("character %d does not count", i)
			}
			w.clock.Pass(time.Minute)
		}
		if w.stands(b) != before || w.stands(other) != theirs {
			w.Errorf("%s, before %s; theirs %s, before %s", w.stands(b), before, w.stands(other), theirs)
		}
		if code := w.press("/answer/"+raw, "confirm"); code != http.StatusOK || w.stands(b) != "booked, confirmed link, not asked, 0" && w.stands(b) != "booked, not asked, confirmed link, 0" {
			w.Errorf("%d %s", code, w.stands(b))
		}
	})
}

// Who presses without end is slowed; somebody else is not.
func TestPressingIsLimited(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	b, other := w.reminded("a"), w.reminded("b")
	path := w.link(b, token.Decline)
	codes := map[int]int{}
	for range 40 {
		codes[w.press(path, "decline")]++
	}
	if codes[200] != 30 || codes[429] != 10 {
		t.Errorf("%v", codes)
	}
	if code := w.press(w.link(other, token.Confirm), "confirm"); code != 200 {
		t.Errorf("somebody else: %d", code)
	}
}
