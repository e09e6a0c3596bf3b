package grant

import (
	"context"
	"slices"
	"strings"
	"time"

	"letterhead/calendar"
	"letterhead/client"
	"letterhead/fault"
	"letterhead/message"
	"letterhead/store"
	"letterhead/template"
	"letterhead/wording"
)

// Request asks for one message to one client.
type Request struct {
	Grant       ID
	Credential  string // who asks
	Version     string // digest of the version that they mean, hex; "" for the grant's
	Client      client.ID
	Channel     message.Channel
	Appointment calendar.ID   // that the words speak of; "" for none
	Within      time.Duration // of no use later than this; zero: a day
}

const (
	usually = 24 * time.Hour
	longest = 7 * 24 * time.Hour
)

// Send queues one message under a grant. It may be held or dropped yet: its fate says so.
func Send(ctx context.Context, tx *store.Tx, r Request) (message.ID, error) {
	g, err := Find(ctx, tx, r.Grant)
	switch {
	case err != nil:
		return "", err
	case g.Credential != r.Credential:
		return "", ErrNone // another program's
	case g.SignedAt.IsZero():
		return "", ErrUnsigned
	case r.Version != "" && r.Version != g.Digest:
		return "", ErrVersion
	}
	if r.Within == 0 {
		r.Within = usually
	}
	if r.Within < time.Minute || r.Within > longest {
		return "", fault.Field("minutes", "grant.within", "a message is of use for 1 minute to 7 days")
	}
	asked, err := message.CountSubject(ctx, tx, string(g.ID), tx.Now.Add(-24*time.Hour))
	if err != nil {
		return "", err
	}
	if asked >= g.Day {
		return "", ErrSpent
	}
	in := message.Intent{Kind: message.Grant, Subject: string(g.ID), Channel: r.Channel, Purpose: g.Purpose, Version: string(g.Version), Digest: g.Digest,
		Client: string(r.Client), Recipient: string(r.Client), Turn: tx.Now, NotAfter: tx.Now.Add(r.Within)}
	if err := there(ctx, tx, r.Client); err != nil {
		return "", err
	}
	if r.Appointment != "" {
		if err := about(ctx, tx, &in, r); err != nil {
			return "", err
		}
	}
	if err := fit(ctx, tx, g, r); err != nil {
		return "", err
	}
	ids, err := message.Queue(ctx, tx, []message.Intent{in})
	if err != nil {
		return "", err
	}
	return ids[0], nil
}

// there refuses a client whom the practice does not have, or the program does not see. What else speaks against a message is said by its fate.
func there(ctx context.Context, tx *store.Tx, id client.ID) error {
	reached, err := client.Reached(ctx, tx, []client.ID{id})
	if err != nil {
		return err
	}
	hidden, err := client.Hidden(ctx, tx, []client.ID{id})
	if _, known := reached[id]; err == nil && (!known || hidden[id]) {
		err = client.ErrNotFound
	}
	return err
}

// about names the client's place in the appointment, so that its time and place can be merged.
func about(ctx context.Context, tx *store.Tx, in *message.Intent, r Request) error {
	a, err := calendar.Find(ctx, tx, r.Appointment)
	if err != nil {
		return err
	}
	for _, each := range a.Attendees {
		if each.Client == r.Client {
			in.Appointment, in.Attendee, in.Generation = string(a.ID), string(each.ID), a.Generation
			return nil
		}
	}
	return fault.Field("appointment", "grant.appointment", "this client has no place in that appointment")
}

// fit refuses a way that the version has no words for, and words about an appointment where none is named: the courier would hold the message for ever.
func fit(ctx context.Context, tx *store.Tx, g Grant, r Request) error {
	v, err := template.Read(ctx, tx, g.Version)
	if err != nil {
		return err
	}
	for i := range v.Languages {
		l := &v.Languages[i]
		if r.Channel == message.SMS && len(l.SMS) == 0 {
			return fault.Field("channel", "grant.no_sms", "this template has no text message in each of its languages; send it by email")
		}
		if r.Appointment != "" {
			continue
		}
		compiled, err := wording.Compile(v, l.Tag)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(compiled.Uses(), ofAppointment) {
			return fault.Field("appointment", "grant.appointment_missing", "this template speaks of an appointment; name one of the client")
		}
	}
	return nil
}

func ofAppointment(f wording.Field) bool {
	part, _, _ := strings.Cut(string(f), ".")
	return part == "appointment" || part == "attendee" || part == "location"
}
