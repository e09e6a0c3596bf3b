package resource

import (
	"context"
	"time"

	"letterhead/api/call"
	"letterhead/calendar"
	"letterhead/client"
	"letterhead/grant"
	"letterhead/message"
	"letterhead/store"
	"letterhead/template"
)

// GrantOut is what a program may send.
type GrantOut struct {
	ID        string    `json:"id"`
	Wording   string    `json:"wording" doc:"Id of the template."`
	Name      string    `json:"name" doc:"Of the template."`
	Version   string    `json:"version" doc:"SHA-256 of the version that was approved."`
	Purpose   string    `json:"purpose" enum:"appointments,marketing"`
	Day       int64     `json:"day" doc:"How many a day."`
	Signed    bool      `json:"signed" doc:"False: it waits for a signature, and nothing is taken."`
	ExpiresAt time.Time `json:"expires_at"`
}

// GrantList is all that a credential has.
type GrantList struct {
	Grants []GrantOut `json:"grants"`
}

// Grants are the credential's own that have not ended.
func Grants(c *call.Call, _ call.Nothing) (GrantList, error) {
	out := GrantList{Grants: []GrantOut{}}
	err := c.View(func(ctx context.Context, tx *store.Tx) error {
		open, err := grant.Open(ctx, tx)
		if err != nil {
			return err
		}
		wordings, err := template.List(ctx, tx)
		names := map[template.ID]string{}
		for _, w := range wordings {
			names[w.ID] = w.Name
		}
		for _, g := range open {
			if g.Credential == c.Credential.ID {
				out.Grants = append(out.Grants, GrantOut{ID: string(g.ID), Wording: string(g.Wording), Name: names[g.Wording], Version: g.Digest, Purpose: string(g.Purpose), Day: g.Day,
					Signed: !g.SignedAt.IsZero(), ExpiresAt: g.ExpiresAt})
			}
		}
		return err
	})
	return out, err
}

// Sending is one message to one client. There is no member for words, a name or an address: the grant says what, the client's file to whom.
type Sending struct {
	Grant       string `json:"grant"`
	Client      string `json:"client"`
	Channel     string `json:"channel" enum:"email,sms"`
	Appointment string `json:"appointment,omitempty" doc:"The client's appointment that the template speaks of."`
	Version     string `json:"version,omitempty" doc:"The version that is meant; refused where the grant is for another."`
	Minutes     int    `json:"minutes,omitempty" doc:"How long it is of use: 1 to 10080; a day when it is not there."`
}

// Send queues it.
func Send(c *call.Call, in Sending) (Made, error) {
	r := grant.Request{Grant: grant.ID(in.Grant), Credential: c.Credential.ID, Version: in.Version, Client: client.ID(in.Client), Channel: message.Channel(in.Channel),
		Appointment: calendar.ID(in.Appointment), Within: time.Duration(min(max(in.Minutes, -1), 1<<20)) * time.Minute}
	id, err := c.Once(in, func(ctx context.Context, tx *store.Tx) (string, error) {
		id, err := grant.Send(ctx, tx, r)
		return string(id), err
	})
	return made(c, "messages", id, 0, err)
}
