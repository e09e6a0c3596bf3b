package public

import (
	"context"
	"errors"
	"net/http"
	"regexp"

	"letterhead/client"
	"letterhead/courier/inbound"
	"letterhead/message"
	"letterhead/practice"
	"letterhead/store"
)

// ask shows whose messages would end, and a button. Mail scanners follow every link: it changes nothing.
func (s *server) ask(r *http.Request) answer {
	sub, ok, err := s.Inbound.Subscription(r.Context(), r.PathValue("token"))
	if err != nil {
		return trouble(err)
	}
	if !ok {
		return s.stranger(r, inbound.Done{})
	}
	return s.about(r, sub, false)
}

// unsubscribe ends marketing to who holds the token. The page's form and a mail program's one click (RFC 8058 §3.2) send the same body.
func (s *server) unsubscribe(r *http.Request) answer {
	if err := r.ParseMultipartForm(maxBody); err != nil && !errors.Is(err, http.ErrNotMultipart) {
		return answer{status: http.StatusBadRequest, page: failed()}
	}
	token := r.PathValue("token")
	sub, ok, err := s.Inbound.Subscription(r.Context(), token)
	if err != nil {
		return trouble(err)
	}
	if !ok {
		return s.stranger(r, inbound.Done{})
	}
	if r.PostForm.Get("List-Unsubscribe") != "One-Click" {
		a := s.about(r, sub, false)
		a.status = http.StatusUnprocessableEntity
		return a
	}
	if !s.presses.allow(string(sub.Practice)+" "+string(sub.Message), s.DB.Now()) {
		return tooMany()
	}
	done, err := s.Inbound.Unsubscribed(r.Context(), token)
	if err != nil {
		return trouble(err)
	}
	a := s.about(r, sub, true)
	a.done = done
	return a
}

// letterhead is what the page shows of the practice.
type letterhead struct {
	Name, Phone, Accent string
	Channel             string // how its messages came, in words
}

var colour = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)

func (s *server) about(r *http.Request, sub inbound.Subscription, ended bool) answer {
	var p practice.Practice
	err := s.DB.View(r.Context(), store.Actor{Practice: sub.Practice, Agent: "unsubscribe"}, func(tx *store.Tx) (err error) {
		p, err = practice.Find(r.Context(), tx)
		return err
	})
	if err != nil {
		return trouble(err)
	}
	l := headOf(p)
	l.Channel = "e‑mail" // with a hyphen that does not break
	if sub.Channel == message.SMS {
		l.Channel = "text message"
	}
	if ended {
		return answer{status: http.StatusOK, page: ending(l)}
	}
	return answer{status: http.StatusOK, page: asking(l)}
}

func headOf(p practice.Practice) letterhead {
	l := letterhead{Name: p.Name, Phone: p.Phone, Accent: p.Accent}
	if !colour.MatchString(l.Accent) {
		l.Accent = "#1f4e79"
	}
	return l
}

// Choices writes what people chose into the clients' consents, for package inbound.
type Choices struct{}

// Withdraw notes that a client wants no more messages of a purpose by a channel. A client who is gone has nothing to withdraw.
func (Choices) Withdraw(ctx context.Context, tx *store.Tx, id string, channel message.Channel, purpose message.Purpose, source string) error {
	return answered(ctx, tx, id, channel, purpose, false, source)
}

// Give notes that they want them again.
func (Choices) Give(ctx context.Context, tx *store.Tx, id string, channel message.Channel, purpose message.Purpose, source string) error {
	return answered(ctx, tx, id, channel, purpose, true, source)
}

func answered(ctx context.Context, tx *store.Tx, id string, channel message.Channel, purpose message.Purpose, given bool, source string) error {
	err := client.SetConsent(ctx, tx, client.Consent{
		Client: client.ID(id), Topic: client.Topic{Category: client.Category(purpose), Channel: practice.Channel(channel)}, Given: given, Source: source,
	})
	if errors.Is(err, client.ErrNotFound) {
		return nil
	}
	return err
}
