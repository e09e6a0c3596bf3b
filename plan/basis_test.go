package plan

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"letterhead/calendar"
	"letterhead/client"
	"letterhead/message"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/vault"
	"letterhead/zone"
)

// acts change everything that a plan looks at, each through its package. What they write must raise a version that the basis of a message names.
var acts = []struct {
	name string
	do   func(ctx context.Context, tx *store.Tx, keys *vault.Keys, d *desk, a *calendar.Appointment, mother *client.Contact) error
}{
	{"nothing", func(context.Context, *store.Tx, *vault.Keys, *desk, *calendar.Appointment, *client.Contact) error {
		return nil
	}},
	{"confirm", func(ctx context.Context, tx *store.Tx, _ *vault.Keys, _ *desk, a *calendar.Appointment, _ *client.Contact) (err error) {
		*a, err = calendar.Confirm(ctx, tx, calendar.Mark{ID: a.ID, Version: a.Version, Attendee: a.Attendees[0].ID})
		return err
	}},
	{"arrive", func(ctx context.Context, tx *store.Tx, _ *vault.Keys, _ *desk, a *calendar.Appointment, _ *client.Contact) (err error) {
		*a, err = calendar.Arrive(ctx, tx, calendar.Mark{ID: a.ID, Version: a.Version, Attendee: a.Attendees[0].ID})
		return err
	}},
	{"move", func(ctx context.Context, tx *store.Tx, _ *vault.Keys, _ *desk, a *calendar.Appointment, _ *client.Contact) (err error) {
		on, _ := zone.ParseWall("2026-12-17T12:30")
		*a, err = calendar.Move(ctx, tx, calendar.MoveRequest{ID: a.ID, Version: a.Version, Wall: on})
		return err
	}},
	{"undo", func(ctx context.Context, tx *store.Tx, _ *vault.Keys, _ *desk, a *calendar.Appointment, _ *client.Contact) (err error) {
		*a, err = calendar.Undo(ctx, tx, a.ID, a.Version)
		return err
	}},
	{"cancel", func(ctx context.Context, tx *store.Tx, _ *vault.Keys, _ *desk, a *calendar.Appointment, _ *client.Contact) (err error) {
		*a, err = calendar.Cancel(ctx, tx, calendar.CancelRequest{ID: a.ID, Version: a.Version, By: calendar.ByClient})
		return err
	}},
	{"uncancel", func(ctx context.Context, tx *store.Tx, _ *vault.Keys, _ *desk, a *calendar.Appointment, _ *client.Contact) (err error) {
		*a, err = calendar.Uncancel(ctx, tx, a.ID, a.Version, true)
		return err
	}},
	{"strike", func(ctx context.Context, tx *store.Tx, _ *vault.Keys, _ *desk, a *calendar.Appointment, _ *client.Contact) (err error) {
		*a, err = calendar.Strike(ctx, tx, a.ID, a.Version)
		return err
	}},
	{"withdraw consent", func(ctx context.Context, tx *store.Tx, _ *vault.Keys, d *desk, _ *calendar.Appointment, _ *client.Contact) error {
		return client.SetConsent(ctx, tx, client.Consent{Client: d.client.ID, Topic: client.Topic{Category: client.Appointments, Channel: practice.Email}, Source: "desk"})
	}},
	{"give consent", func(ctx context.Context, tx *store.Tx, _ *vault.Keys, d *desk, _ *calendar.Appointment, _ *client.Contact) error {
		return client.SetConsent(ctx, tx, client.Consent{Client: d.client.ID, Topic: client.Topic{Category: client.Appointments, Channel: practice.Email}, Source: "desk", Given: true})
	}},
	{"mother wants none", func(ctx context.Context, tx *store.Tx, keys *vault.Keys, _ *desk, _ *calendar.Appointment, mother *client.Contact) (err error) {
		c := *mother
		if c.Receives = "none"; mother.Receives == "none" {
			c.Receives = "email"
		}
		*mother, err = client.ChangeContact(ctx, tx, keys, c)
		return err
	}},
	{"mother ends", func(ctx context.Context, tx *store.Tx, _ *vault.Keys, _ *desk, _ *calendar.Appointment, mother *client.Contact) error {
		return client.EndContact(ctx, tx, mother.ID)
	}},
	{"preference", func(ctx context.Context, tx *store.Tx, keys *vault.Keys, d *desk, _ *calendar.Appointment, _ *client.Contact) error {
		return d.changeClient(ctx, tx, keys, func(c *client.Client) { c.Reminders = "sms" })
	}},
	{"address", func(ctx context.Context, tx *store.Tx, keys *vault.Keys, d *desk, _ *calendar.Appointment, _ *client.Contact) error {
		return d.changeClient(ctx, tx, keys, func(c *client.Client) { c.Email = client.NormaliseEmail("") })
	}},
	{"zone", func(ctx context.Context, tx *store.Tx, keys *vault.Keys, d *desk, _ *calendar.Appointment, _ *client.Contact) error {
		return d.changeClient(ctx, tx, keys, func(c *client.Client) { c.Zone = "Pacific/Honolulu" })
	}},
	{"archive", func(ctx context.Context, tx *store.Tx, keys *vault.Keys, d *desk, _ *calendar.Appointment, _ *client.Contact) error {
		c, err := client.Find(ctx, tx, keys, d.client.ID)
		if err != nil {
			return err
		}
		_, err = client.Archive(ctx, tx, keys, c.ID, c.Version)
		return err
	}},
	{"rule off", func(ctx context.Context, tx *store.Tx, _ *vault.Keys, _ *desk, _ *calendar.Appointment, _ *client.Contact) error {
		return changeRule(ctx, tx, func(r *Rule) { r.Enabled = !r.Enabled })
	}},
	{"rule only if unconfirmed", func(ctx context.Context, tx *store.Tx, _ *vault.Keys, _ *desk, _ *calendar.Appointment, _ *client.Contact) error {
		return changeRule(ctx, tx, func(r *Rule) { r.OnlyUnconfirmed = !r.OnlyUnconfirmed })
	}},
	{"quiet hours", func(ctx context.Context, tx *store.Tx, _ *vault.Keys, _ *desk, _ *calendar.Appointment, _ *client.Contact) error {
		return changePractice(ctx, tx, func(p *practice.Practice) { p.QuietFrom = 9 * 60 })
	}},
	{"default channel", func(ctx context.Context, tx *store.Tx, _ *vault.Keys, _ *desk, _ *calendar.Appointment, _ *client.Contact) error {
		return changePractice(ctx, tx, func(p *practice.Practice) { p.DefaultChannel = practice.NoChannel })
	}},
	{"close", func(ctx context.Context, tx *store.Tx, _ *vault.Keys, _ *desk, _ *calendar.Appointment, _ *client.Contact) error {
		return practice.Close(ctx, tx)
	}},
}

// errUndone ends a change that shall leave nothing.
var errUndone = errors.New("undone")

func (d *desk) changeClient(ctx context.Context, tx *store.Tx, keys *vault.Keys, edit func(*client.Client)) error {
	c, err := client.Find(ctx, tx, keys, d.client.ID)
	if err != nil {
		return err
	}
	edit(&c)
	_, err = client.Change(ctx, tx, keys, c)
	return err
}

func changeRule(ctx context.Context, tx *store.Tx, edit func(*Rule)) error {
	all, err := Rules(ctx, tx)
	if err != nil {
		return err
	}
	for _, r := range all {
		if r.Key == "reminder-2-days" {
			edit(&r)
			_, err = ChangeRule(ctx, tx, r)
		}
	}
	return err
}

func changePractice(ctx context.Context, tx *store.Tx, edit func(*practice.Practice)) error {
	p, err := practice.Find(ctx, tx)
	if err != nil {
		return err
	}
	edit(&p)
	_, err = practice.Change(ctx, tx, p)
	return err
}

// Whatever was done between queueing and sending, in any two steps: the courier gets the facts that planning everything again would give.
func TestWhatIsSparedChangesNothing(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		w.clock.Set(instant(t, "2026-12-01T12:00:00+11:00"))
		d := w.desk()
		a := d.book("2026-12-17T10:30")
		d.went("2026-12-01T12:03:00+11:00")
		var mother client.Contact
		d.change(d.id, func(ctx context.Context, tx *store.Tx) error {
			keys, err := d.keeper.Keys(ctx, tx)
			if err != nil {
				return err
			}
			if err := d.changeClient(ctx, tx, keys, func(c *client.Client) { c.Zone = "Australia/Brisbane" }); err != nil {
				return err
			}
			mother, err = client.AddContact(ctx, tx, keys, client.Contact{Client: d.client.ID, Name: "Ada Schäfer", Relation: "mother", Receives: "email", Email: client.NormaliseEmail("ada@inbox.example")})
			if err != nil {
				return err
			}
			return Refresh(ctx, tx, a.ID)
		})
		d.went("2026-12-15T10:00:00+11:00")
		var queued []message.Message
		ctx := context.Background()
		err := d.db.Whole(ctx, "claim", func(wide *store.Wide) error {
			found, err := message.Next(ctx, wide, 0, "test", d.clock.Now(), &message.Message{}, 100)
			for _, m := range found {
				queued = append(queued, *m)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		source, spared := NewSource(d.keeper), 0
		for _, first := range acts {
			for _, second := range acts {
				err := d.db.Change(ctx, actor(d.id), func(tx *store.Tx) error {
					keys, err := d.keeper.Keys(ctx, tx)
					if err != nil {
						return err
					}
					a, mother := a, mother
					for _, act := range []func(context.Context, *store.Tx, *vault.Keys, *desk, *calendar.Appointment, *client.Contact) error{first.do, second.do} {
						if err := act(ctx, tx, keys, d, &a, &mother); err != nil {
							return errUndone // this cannot be done after that
						}
					}
					got, err := source.Facts(ctx, tx, queued)
					if err != nil {
						return err
					}
					without := make([]message.Message, len(queued))
					for i, m := range queued {
						m.Basis = ""
						without[i] = m
					}
					want, err := source.Facts(ctx, tx, without)
					if err != nil {
						return err
					}
					for i := range got {
						if !reflect.DeepEqual(got[i], want[i]) {
							t.Errorf("%s, then %s: %s %s to %s\nspared  %+v\nplanned %+v", first.name, second.name, queued[i].Rule, queued[i].Channel, queued[i].Recipient, got[i], want[i])
						}
					}
					b, err := source.read(ctx, tx, queued)
					for i := range queued {
						if b.same(&queued[i]) {
							spared++
						}
					}
					if err != nil {
						return err
					}
					return errUndone
				})
				if err != nil && !errors.Is(err, errUndone) {
					t.Fatalf("%s, then %s: %v", first.name, second.name, err)
				}
			}
		}
		if spared == 0 {
			t.Error("nothing was spared: the courier plans everything again")
		}
	})
}
