package grant_test

import (
	"testing"

	"letterhead/grant"
	"letterhead/message"
	"letterhead/plan"
	"letterhead/store"
	"letterhead/zone"
)

// A program wakes nobody: its text messages wait for the end of the quiet hours, its e-mails do not.
func TestATextOfAGrantWaitsForTheMorning(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		source := grant.NewSource(plan.NewSource(w.Keeper))
		wait := func(channel message.Channel) (waits bool) {
			err := w.DB.View(ctx, store.Actor{Practice: w.one.id, Agent: "courier"}, func(tx *store.Tx) error {
				m := message.Message{Intent: message.Intent{Kind: message.Grant, Channel: channel, Purpose: message.Appointments, Subject: string(w.one.grant.ID), Client: string(w.one.client), Recipient: string(w.one.client)}}
				facts, err := source.Facts(ctx, tx, []message.Message{m})
				if err == nil {
					waits = facts[0].Wait.After(tx.Now)
				}
				return err
			})
			if err != nil {
				w.Fatal(err)
			}
			return waits
		}
		melbourne, err := zone.Load("Australia/Melbourne")
		if err != nil {
			w.Fatal(err)
		}
		now := w.DB.Now().In(melbourne)
		minute := now.Hour()*60 + now.Minute()
		w.Exec(w.one.id, `UPDATE practice SET quiet_from = $2, quiet_to = $3 WHERE practice = $1`, (minute+1439)%1440, (minute+60)%1440)
		if !wait(message.SMS) || wait(message.Email) {
			w.Errorf("in the night: a text waits %v, an e-mail %v", wait(message.SMS), wait(message.Email))
		}
		w.Exec(w.one.id, `UPDATE practice SET quiet_from = $2, quiet_to = $3 WHERE practice = $1`, (minute+120)%1440, (minute+180)%1440)
		if wait(message.SMS) {
			w.Error("a text waits by day")
		}
	})
}
