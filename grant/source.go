package grant

import (
	"cmp"
	"context"
	"time"

	"letterhead/client"
	"letterhead/courier"
	"letterhead/guard"
	"letterhead/message"
	"letterhead/plan"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/zone"
)

// Why a message of a grant is dropped, beside what is said of its recipient. docs/reasons.md explains them.
const (
	Ended        = "grant-ended"
	ProgramEnded = "program-ended"
	NotAgreed    = "no-consent"
)

// Source subtracts from what the courier is told of a grant's message: what ended since it was asked for, and what its recipient chose.
type Source struct{ courier.Source }

// NewSource returns a source over another.
func NewSource(inner courier.Source) *Source { return &Source{inner} }

// Facts passes on what the source within says, and subtracts.
func (s *Source) Facts(ctx context.Context, tx *store.Tx, messages []message.Message) ([]courier.Facts, error) {
	out, err := s.Source.Facts(ctx, tx, messages)
	if err != nil {
		return nil, err
	}
	var clients []client.ID
	for i := range messages {
		if messages[i].Kind == message.Grant && out[i].Stop == "" {
			clients = append(clients, client.ID(messages[i].Client))
		}
	}
	if len(clients) == 0 {
		return out, nil
	}
	now, err := today(ctx, tx, clients)
	if err != nil {
		return nil, err
	}
	for i := range messages {
		if m := &messages[i]; m.Kind == message.Grant && out[i].Stop == "" {
			if out[i].Stop = now.against(m); out[i].Stop == "" && m.Channel == message.SMS { // nobody is woken by a program
				out[i].Wait = now.morning(m, tx.Now)
			}
		}
	}
	return out, nil
}

// standing is how things are today.
type standing struct {
	grants   map[ID]Grant
	programs map[string]bool
	reached  map[client.ID]client.Reach
	practice practice.Practice
}

// morning is when the quiet hours end that the recipient is in: by their own clock, else by the practice's; zero outside of them.
func (s standing) morning(m *message.Message, now time.Time) time.Time {
	home, err := zone.Load(cmp.Or(s.reached[client.ID(m.Client)].Zone, s.practice.Zone))
	if err != nil {
		home = time.UTC
	}
	return plan.Quiet{From: s.practice.QuietFrom, To: s.practice.QuietTo}.Morning(now, home)
}

func today(ctx context.Context, tx *store.Tx, clients []client.ID) (standing, error) {
	s := standing{grants: map[ID]Grant{}, programs: map[string]bool{}}
	var err error
	if s.practice, err = practice.Find(ctx, tx); err != nil {
		return s, err
	}
	open, err := Open(ctx, tx)
	if err != nil {
		return s, err
	}
	for _, g := range open {
		s.grants[g.ID] = g
	}
	programs, err := guard.Credentials(ctx, tx)
	if err != nil {
		return s, err
	}
	for _, c := range programs {
		s.programs[c.ID] = c.ExpiresAt.After(tx.Now)
	}
	s.reached, err = client.Reached(ctx, tx, clients)
	return s, err
}

func (s standing) against(m *message.Message) string {
	g, open := s.grants[ID(m.Subject)]
	switch {
	case !open:
		return Ended
	case !s.programs[g.Credential]:
		return ProgramEnded
	}
	who := s.reached[client.ID(m.Client)]
	given, asked := who.Consent[client.Topic{Category: client.Category(m.Purpose), Channel: practice.Channel(m.Channel)}]
	switch {
	case asked && !given:
		return string(plan.Withdrawn)
	case m.Purpose == message.Marketing && !asked:
		return NotAgreed
	case m.Purpose == message.Marketing:
		return ""
	case who.Reminders == client.NoReminders:
		return string(plan.WantsNone)
	case who.Reminders == client.ByEmail && m.Channel != message.Email:
		return string(plan.WantsEmail)
	case who.Reminders == client.BySMS && m.Channel != message.SMS:
		return string(plan.WantsSMS)
	}
	return ""
}
