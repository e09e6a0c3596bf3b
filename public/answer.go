package public

import (
	"context"
	"errors"
	"net/http"

	"letterhead/calendar"
	"letterhead/courier/inbound"
	"letterhead/courier/token"
	"letterhead/letter"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/wording/locale"
	"letterhead/zone"
)

// answerPage is what the page of a mail's link shows: the practice and a day, and nothing of who it is about.
type answerPage struct {
	letterhead
	letter.Finding
	Wish string // "confirm", "decline"
	Day  string
	Now  bool // it was pressed just now
}

// question shows what a mail's link would say, and a button. Mail scanners follow every link: it changes nothing.
func (s *server) question(r *http.Request) answer {
	if r.PathValue("token") == token.Sample {
		return answer{status: http.StatusOK, page: sample()}
	}
	a, ok := s.Inbound.Tokens.Answered(r.PathValue("token"))
	if !ok {
		return s.stranger(r, inbound.Done{})
	}
	return s.pressed(r, a, false, s.DB.View, letter.Look)
}

// answers does what the link says. Whoever presses again, or too late, is told how it stands.
func (s *server) answers(r *http.Request) answer {
	a, ok := s.Inbound.Tokens.Answered(r.PathValue("token"))
	if !ok {
		return s.stranger(r, inbound.Done{})
	}
	if err := r.ParseForm(); err != nil || r.PostForm.Get("answer") != wishes[a.Wish] {
		said := s.pressed(r, a, false, s.DB.View, letter.Look)
		if said.status == http.StatusOK {
			said.status = http.StatusUnprocessableEntity
		}
		return said
	}
	if !s.presses.allow("answer "+string(a.Practice)+" "+string(a.Message), s.DB.Now()) {
		return tooMany()
	}
	return s.pressed(r, a, true, s.DB.Change, letter.Press)
}

var wishes = map[token.Wish]string{token.Confirm: "confirm", token.Decline: "decline"}

// transaction runs something within one.
type transaction func(context.Context, store.Actor, func(*store.Tx) error) error

func (s *server) pressed(r *http.Request, a token.Answer, now bool, in transaction, do func(context.Context, *store.Tx, token.Answer) (letter.Pressed, error)) answer {
	var p practice.Practice
	var found letter.Pressed
	err := in(r.Context(), store.Actor{Practice: a.Practice, Agent: calendar.ByLink}, func(tx *store.Tx) (err error) {
		if p, err = practice.Find(r.Context(), tx); err != nil {
			return err
		}
		found, err = do(r.Context(), tx, a)
		return err
	})
	done := inbound.Done{Did: "looked", Why: string(found.Finding), Practice: a.Practice, Message: a.Message}
	if errors.Is(err, practice.ErrNotFound) || err == nil && found.Finding == letter.Gone {
		return s.stranger(r, done)
	}
	if err != nil {
		return trouble(err)
	}
	if now && found.Finding == letter.Open {
		done.Did = wishes[a.Wish]
	}
	return answer{status: http.StatusOK, done: done, page: answering(answerPage{letterhead: headOf(p), Finding: found.Finding, Wish: wishes[a.Wish], Day: dayOf(p, found.Day), Now: now})}
}

// dayOf is a day in the practice's English.
func dayOf(p practice.Practice, d zone.Date) string {
	return string(locale.Of("en-"+p.Country).AppendDay(nil, locale.Wall{Year: d.Year, Month: int(d.Month), Day: d.Day}))
}

func (a answerPage) title() string {
	confirm := a.Wish == "confirm"
	switch {
	case a.Finding == letter.Past:
		return "This day has passed"
	case a.Finding == letter.Moved:
		return "This appointment has changed"
	case a.Finding == letter.Ended:
		return "This appointment is cancelled"
	case a.Finding == letter.Comes, confirm && a.Now:
		return "The appointment is confirmed"
	case a.Finding == letter.AskedOnce, a.Now:
		return "The practice knows"
	case confirm:
		return "Confirm the appointment?"
	}
	return "Ask to cancel the appointment?"
}

func (a answerPage) button() string {
	if a.Wish == "confirm" {
		return "Confirm"
	}
	return "Ask to cancel"
}

// stands is how it stands, where there is nothing to press, or no more.
func (a answerPage) stands() string {
	switch {
	case a.Finding == letter.Past:
		return "The appointment that the message was about has begun or is over, so the link no longer works. Nothing was changed."
	case a.Finding == letter.Moved:
		return "The practice has changed it since the message was sent, so the link no longer works. Look for a newer message, or ask the practice. Nothing was changed."
	case a.Finding == letter.Ended:
		return "The practice has cancelled it. You need to do nothing more."
	case a.Finding == letter.Comes, a.Wish == "confirm":
		return "Thank you. You need to do nothing more."
	}
	return "They were told that you cannot come, and will deal with it. Until then the appointment stands."
}
