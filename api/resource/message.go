package resource

import (
	"context"
	"errors"
	"slices"
	"time"

	"letterhead/api/call"
	"letterhead/calendar"
	"letterhead/client"
	"letterhead/courier/kept"
	"letterhead/guard"
	"letterhead/message"
	"letterhead/plan"
	"letterhead/store"
	"letterhead/vault"
)

// MessageOut is one thing to one recipient, with its fate.
type MessageOut struct {
	ID          string    `json:"id"`
	Kind        string    `json:"kind" doc:"What it came from: rule, order, letter, reply, grant …"`
	Rule        string    `json:"rule,omitempty"`
	Grant       string    `json:"grant,omitempty"`
	Channel     string    `json:"channel" enum:"email,sms"`
	Purpose     string    `json:"purpose" enum:"appointments,marketing"`
	Client      string    `json:"client,omitempty"`
	ToContact   bool      `json:"to_contact,omitempty" doc:"It goes to somebody who is linked to the client."`
	Appointment string    `json:"appointment,omitempty"`
	Fate        string    `json:"fate" enum:"queued,held,leaving,sent,delivered,bounced,complained,refused,maybe sent,dropped"`
	Reason      string    `json:"reason,omitempty" doc:"Why it is held, was dropped or was refused: a key of docs/reasons.md."`
	CreatedAt   time.Time `json:"created_at"`
	ChangedAt   time.Time `json:"changed_at"`
	NotAfter    time.Time `json:"not_after" doc:"Of no use from then on."`
	Address     string    `json:"address,omitempty" doc:"Where it went; of one message, with the scope client.read."`
	Steps       []StepOut `json:"steps,omitempty" doc:"Its timeline; of one message."`
}

// StepOut is a line of a timeline.
type StepOut struct {
	At     time.Time `json:"at"`
	Step   string    `json:"step"`
	Reason string    `json:"reason,omitempty"`
	Detail string    `json:"detail,omitempty" doc:"The other server's reply, without addresses."`
}

// fate is the state, and what was learnt after it left.
func fate(m message.Message, steps []message.Step) string {
	for _, learnt := range []string{message.Bounced, message.Complained, message.Delivered} {
		if slices.ContainsFunc(steps, func(s message.Step) bool { return s.Step == learnt }) {
			return learnt
		}
	}
	return string(m.State)
}

func messageOut(m message.Message, steps []message.Step) MessageOut {
	out := MessageOut{ID: string(m.ID), Kind: string(m.Kind), Rule: m.Rule, Channel: string(m.Channel), Purpose: string(m.Purpose), Client: m.Client, ToContact: m.Recipient != m.Client && m.Client != "",
		Appointment: m.Appointment, Fate: fate(m, steps), CreatedAt: m.CreatedAt, ChangedAt: m.ChangedAt, NotAfter: m.NotAfter}
	if m.State != message.Sent {
		out.Reason = m.Reason
	}
	if m.Kind == message.Grant {
		out.Grant = m.Subject
	}
	return out
}

// MessageQuery narrows a list.
type MessageQuery struct {
	State       string `query:"state" enum:"queued,held,leaving,sent,refused,maybe sent,dropped"`
	Client      string `query:"client"`
	Appointment string `query:"appointment"`
	After       string `query:"after" doc:"The next of the page before; empty for the first."`
	Limit       int    `query:"limit" doc:"How many at most: 1 to 100; 50 when it is not there."`
}

// MessageList is a page of messages.
type MessageList struct {
	Messages []MessageOut `json:"messages" doc:"Fewer than were asked for where some are to clients who are kept to some team members."`
	Next     string       `json:"next,omitempty" doc:"Give it as after to get the next page; not there at the end."`
}

// ListMessages lists messages, the newest first.
func ListMessages(c *call.Call, in MessageQuery) (MessageList, error) {
	out := MessageList{Messages: []MessageOut{}}
	limit, err := Page{in.After, in.Limit}.limit()
	if err != nil {
		return out, err
	}
	filter := message.Filter{Client: in.Client, Appointment: in.Appointment}
	if in.State != "" {
		filter.States = []message.State{message.State(in.State)}
	}
	err = c.View(func(ctx context.Context, tx *store.Tx) error {
		found, next, err := message.List(ctx, tx, filter, message.Page{After: in.After, Limit: limit})
		if err != nil {
			return err
		}
		out.Next = next
		if found, err = seen(ctx, tx, found); err != nil {
			return err
		}
		var ids []message.ID
		for _, m := range found {
			ids = append(ids, m.ID)
		}
		steps, err := message.Steps(ctx, tx, ids...)
		for _, m := range found {
			out.Messages = append(out.Messages, messageOut(m, steps[m.ID]))
		}
		return err
	})
	return out, err
}

// seen leaves out messages to clients whom the program does not see.
func seen(ctx context.Context, tx *store.Tx, list []message.Message) ([]message.Message, error) {
	var ids []client.ID
	for _, m := range list {
		if m.Client != "" {
			ids = append(ids, client.ID(m.Client))
		}
	}
	hidden, err := client.Hidden(ctx, tx, ids)
	return slices.DeleteFunc(list, func(m message.Message) bool { return hidden[client.ID(m.Client)] }), err
}

// FindMessage is one message with its timeline, and with where it went for who may read clients.
func FindMessage(c *call.Call, _ call.Nothing) (MessageOut, error) {
	var out MessageOut
	err := c.View(func(ctx context.Context, tx *store.Tx) error {
		m, err := message.Find(ctx, tx, message.ID(c.Path("id")))
		if err != nil {
			return err
		}
		list, err := seen(ctx, tx, []message.Message{m})
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return message.ErrNone
		}
		steps, err := message.Steps(ctx, tx, m.ID)
		if err != nil {
			return err
		}
		out = messageOut(m, steps[m.ID])
		for _, s := range steps[m.ID] {
			out.Steps = append(out.Steps, StepOut{At: s.At, Step: s.Step, Reason: s.Reason, Detail: s.Detail})
		}
		if c.May(guard.ClientRead) {
			out.Address, err = address(c, ctx, tx, m)
		}
		return err
	})
	return out, err
}

// address is where a message went, from what was sealed with it; "" when it has not left, or cannot be opened any more.
func address(c *call.Call, ctx context.Context, tx *store.Tx, m message.Message) (string, error) {
	keys, err := c.Keys(ctx, tx)
	if errors.Is(err, vault.ErrNoKeys) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	sealed, err := message.Sealed(ctx, tx, m.ID)
	if err != nil || len(sealed) == 0 {
		return "", err
	}
	var place vault.Place
	place.Table, place.Row, place.Column, place.Version = m.Place()
	raw, err := keys.Open(tx, vault.Of{Client: m.Client, Fields: "email,mobile"}, place, sealed)
	if errors.Is(err, vault.ErrSealed) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	was, err := kept.Parse(raw)
	if err != nil {
		return "", err
	}
	return was.Address, nil
}

// LineOut is one thing that will or will not be sent.
type LineOut struct {
	Rule      string     `json:"rule"`
	Attendee  string     `json:"attendee"`
	Client    string     `json:"client"`
	ToContact bool       `json:"to_contact,omitempty"`
	Channel   string     `json:"channel" enum:"email,sms"`
	Verdict   string     `json:"verdict" enum:"send,skip"`
	Reason    string     `json:"reason" doc:"A key of docs/reasons.md."`
	Due       *time.Time `json:"due,omitempty" doc:"The instant that the rule names; not there where nothing set it off."`
	Next      *time.Time `json:"next,omitempty" doc:"When it goes."`
}

// PlanOut is what there is to say about an appointment.
type PlanOut struct {
	Lines []LineOut `json:"lines"`
}

// Plan is what will be sent about an appointment and what not, each with its reason: the function that sends decides it.
func Plan(c *call.Call, _ call.Nothing) (PlanOut, error) {
	out := PlanOut{Lines: []LineOut{}}
	err := c.View(func(ctx context.Context, tx *store.Tx) error {
		e, err := found(c, ctx, tx)
		if err != nil {
			return err
		}
		facts, err := plan.Load(ctx, tx, e.ID)
		if err != nil {
			return err
		}
		for i := range facts {
			for _, l := range plan.Plan(facts[i], tx.Now) {
				if visible(e, l.Attendee) {
					out.Lines = append(out.Lines, lineOut(l))
				}
			}
		}
		return nil
	})
	return out, err
}

func visible(e calendar.Entry, attendee string) bool {
	return slices.ContainsFunc(e.People, func(p calendar.Person) bool { return string(p.ID) == attendee && !p.Hidden })
}

func lineOut(l plan.Line) LineOut {
	out := LineOut{Rule: l.Rule, Attendee: l.Attendee, Client: l.Client, ToContact: l.Recipient != l.Client, Channel: string(l.Channel), Verdict: string(l.Verdict), Reason: string(l.Reason)}
	instant := func(t time.Time) *time.Time {
		if t = t.UTC(); t.IsZero() {
			return nil
		}
		return &t
	}
	if out.Due = instant(l.Due); l.Verdict == plan.Send {
		out.Next = instant(l.Next)
	}
	return out
}
