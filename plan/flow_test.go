package plan

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"letterhead/calendar"
	"letterhead/client"
	"letterhead/courier"
	"letterhead/message"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/template"
	"letterhead/vault"
	"letterhead/wording"
	"letterhead/zone"
)

// desk is a practice as its front desk uses it: through the packages, each act planned in its own transaction as the edge does it.
type desk struct {
	*world
	id     store.PracticeID
	keeper *vault.Keeper
	client client.Client
	things calendar.BookRequest
}

func (w *world) desk() *desk {
	w.Helper()
	keeper, err := vault.NewKeeper(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		w.Fatal(err)
	}
	d := &desk{world: w, id: practiceID(1), keeper: keeper}
	w.change(d.id, func(ctx context.Context, tx *store.Tx) error {
		p := practice.New("Wattle Street Physiotherapy", "AU", "Australia/Melbourne")
		p.ID, p.Email = d.id, "hello@wattlestreet.example"
		if _, err := practice.Add(ctx, tx, p); err != nil {
			return err
		}
		if err := template.AddStarter(ctx, tx, "mail.letterhead.example"); err != nil {
			return err
		}
		if err := AddStarter(ctx, tx); err != nil {
			return err
		}
		locations, err := practice.Locations(ctx, tx)
		if err != nil {
			return err
		}
		if len(locations) == 0 {
			return fmt.Errorf("a new practice has no location")
		}
		l := locations[0]
		l.Address, l.Directions, l.ReplyTo = "12 Wattle Street\nBallarat", "Ring the bell at the side door.", "rooms@wattlestreet.example"
		if err := practice.ChangeLocation(ctx, tx, l); err != nil {
			return err
		}
		s, err := practice.AddService(ctx, tx, practice.Service{Name: "Initial consultation", Minutes: 30, Mode: practice.InPerson})
		if err != nil {
			return err
		}
		who, err := practice.AddPractitioner(ctx, tx, practice.Practitioner{Name: "João Costa"})
		if err != nil {
			return err
		}
		keys, err := keeper.Keys(ctx, tx)
		if err != nil {
			return err
		}
		d.client, err = client.Add(ctx, tx, keys, client.Client{FirstName: "Petra", LastName: "Schäfer", PreferredName: "Pet", Reminders: "both", Zone: "Europe/London",
			Email: client.NormaliseEmail("petra@inbox.example"), Mobile: client.NormaliseMobile("0429 730 770", "AU")})
		d.things = calendar.BookRequest{Clients: []client.ID{d.client.ID}, Practitioner: who.ID, Service: s.ID, Location: l.ID}
		return err
	})
	return d
}

func (d *desk) act(fn func(ctx context.Context, tx *store.Tx) (calendar.Appointment, error)) (a calendar.Appointment) {
	d.Helper()
	d.change(d.id, func(ctx context.Context, tx *store.Tx) (err error) {
		if a, err = fn(ctx, tx); err != nil {
			return err
		}
		return Refresh(ctx, tx, a.ID)
	})
	return a
}

func (d *desk) book(wall string) calendar.Appointment {
	d.Helper()
	w, err := zone.ParseWall(wall)
	if err != nil {
		d.Fatal(err)
	}
	r := d.things
	r.Wall = w
	return d.act(func(ctx context.Context, tx *store.Tx) (calendar.Appointment, error) {
		return calendar.Book(ctx, tx, r)
	})
}

func (d *desk) move(a calendar.Appointment, wall string) calendar.Appointment {
	d.Helper()
	w, err := zone.ParseWall(wall)
	if err != nil {
		d.Fatal(err)
	}
	return d.act(func(ctx context.Context, tx *store.Tx) (calendar.Appointment, error) {
		return calendar.Move(ctx, tx, calendar.MoveRequest{ID: a.ID, Version: a.Version, Wall: w})
	})
}

func (d *desk) at(when string) { d.clock.Set(instant(d, when)) }

// went lists what became a message since, as rule/channel.
func (d *desk) went(when string) string {
	d.Helper()
	before := len(d.sentSoFar())
	d.tick(instant(d, when))
	return strings.Join(d.sentSoFar()[before:], " ")
}

func (d *desk) sentSoFar() (out []string) {
	d.view(d.id, func(ctx context.Context, tx *store.Tx) error {
		rows, err := tx.Query(ctx, `SELECT subject, channel FROM message WHERE practice = $1 ORDER BY created_at, subject, channel`)
		out, err = store.Collect(rows, err, func(r *store.Rows) (string, error) {
			var rule, channel string
			err := r.Scan(&rule, &channel)
			return rule + "/" + channel, err
		})
		return err
	})
	return out
}

func (d *desk) expect(when, want string) {
	d.Helper()
	if got := d.went(when); got != want {
		d.Errorf("at %s went %q, want %q", when, got, want)
	}
}

func TestWhatTheDeskDoes(t *testing.T) {
	t.Parallel()
	stories := map[string]func(d *desk){
		"booked, then reminded": func(d *desk) {
			d.book("2026-12-17T10:30")
			d.expect("2026-12-01T20:02:59+11:00", "")
			d.expect("2026-12-01T20:03:00+11:00", "booked/email booked/sms") // 9:03 in London
			d.expect("2026-12-10T06:58:00+11:00", "")
			d.expect("2026-12-10T06:59:00+11:00", "reminder-7-days/email") // 19:59 in London
			d.expect("2026-12-15T06:59:00+11:00", "reminder-2-days/email reminder-2-days/sms")
			d.expect("2026-12-20T10:00:00+11:00", "")
		},
		"a drag undone sends nothing": func(d *desk) {
			a := d.book("2026-12-17T10:30")
			d.expect("2026-12-01T20:10:00+11:00", "booked/email booked/sms")
			d.at("2026-12-02T20:00:00+11:00")
			a = d.move(a, "2026-12-18T10:30")
			d.at("2026-12-02T20:02:00+11:00")
			d.act(func(ctx context.Context, tx *store.Tx) (calendar.Appointment, error) {
				return calendar.Undo(ctx, tx, a.ID, a.Version)
			})
			d.expect("2026-12-03T20:00:00+11:00", "")
			d.expect("2026-12-10T06:59:00+11:00", "reminder-7-days/email") // of the first time
		},
		"dragged away and back by hand sends nothing": func(d *desk) {
			a := d.book("2026-12-17T10:30")
			d.expect("2026-12-01T20:10:00+11:00", "booked/email booked/sms")
			d.at("2026-12-02T20:00:00+11:00")
			a = d.move(a, "2026-12-18T10:30")
			d.at("2026-12-02T20:01:00+11:00")
			a = d.move(a, "2026-12-19T10:30")
			d.at("2026-12-02T20:02:00+11:00")
			d.move(a, "2026-12-17T10:30")
			d.expect("2026-12-03T20:00:00+11:00", "")
			d.expect("2026-12-10T06:59:00+11:00", "reminder-7-days/email")
		},
		"dragged twice tells the last time once": func(d *desk) {
			a := d.book("2026-12-17T10:30")
			d.expect("2026-12-01T20:10:00+11:00", "booked/email booked/sms")
			d.at("2026-12-02T20:00:00+11:00")
			a = d.move(a, "2026-12-18T10:30")
			d.at("2026-12-02T20:02:00+11:00")
			d.move(a, "2026-12-19T10:30")
			d.expect("2026-12-02T20:04:00+11:00", "")
			d.expect("2026-12-02T20:05:00+11:00", "changed/email changed/sms")
			d.expect("2026-12-11T06:59:00+11:00", "") // a week before the time in between
			d.expect("2026-12-12T06:59:00+11:00", "reminder-7-days/email")
		},
		"moved within the three minutes tells the new time in the confirmation": func(d *desk) {
			a := d.book("2026-12-17T10:30")
			d.at("2026-12-01T20:02:00+11:00")
			d.move(a, "2026-12-18T10:30")
			d.expect("2026-12-01T20:04:59+11:00", "")
			d.expect("2026-12-01T20:05:00+11:00", "booked/email booked/sms")
			d.expect("2026-12-02T20:00:00+11:00", "")
		},
		"cancelled": func(d *desk) {
			a := d.book("2026-12-17T10:30")
			d.expect("2026-12-01T20:10:00+11:00", "booked/email booked/sms")
			d.at("2026-12-12T20:00:00+11:00")
			a = d.act(func(ctx context.Context, tx *store.Tx) (calendar.Appointment, error) {
				return calendar.Cancel(ctx, tx, calendar.CancelRequest{ID: a.ID, Version: a.Version, By: calendar.ByClient})
			})
			d.expect("2026-12-12T20:03:00+11:00", "cancelled/email cancelled/sms")
			d.expect("2026-12-16T10:00:00+11:00", "")
			d.at("2026-12-16T20:00:00+11:00")
			d.act(func(ctx context.Context, tx *store.Tx) (calendar.Appointment, error) {
				return calendar.Uncancel(ctx, tx, a.ID, a.Version, false)
			})
			d.expect("2026-12-16T20:03:00+11:00", "changed/email changed/sms")
		},
		"cancelled before anybody was told": func(d *desk) {
			a := d.book("2026-12-17T10:30")
			d.at("2026-12-01T20:02:00+11:00")
			d.act(func(ctx context.Context, tx *store.Tx) (calendar.Appointment, error) {
				return calendar.Cancel(ctx, tx, calendar.CancelRequest{ID: a.ID, Version: a.Version, By: calendar.ByPractice})
			})
			d.expect("2026-12-20T20:00:00+11:00", "")
		},
		"a sent reminder is not sent again when facts go and come": func(d *desk) {
			a := d.book("2026-12-17T10:30")
			d.expect("2026-12-01T20:10:00+11:00", "booked/email booked/sms")
			d.expect("2026-12-10T06:59:00+11:00", "reminder-7-days/email")
			for _, booking := range []string{"cancelled", "booked"} {
				d.act(func(ctx context.Context, tx *store.Tx) (calendar.Appointment, error) {
					_, err := tx.Exec(ctx, `UPDATE appointment SET booking = $2 WHERE practice = $1`, booking)
					return a, err
				})
			}
			if n := d.count(d.id, "open"); n != 2 {
				d.Errorf("%d rows are open, want the two of reminder-2-days", n)
			}
			d.expect("2026-12-15T06:59:00+11:00", "reminder-2-days/email reminder-2-days/sms")
		},
	}
	for name, story := range stories {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachWorld(t, func(t *testing.T, w *world) {
				w.clock.Set(instant(t, "2026-12-01T20:00:00+11:00"))
				story(w.desk())
			})
		})
	}
}

// What the courier is given for a message, and what stops it.
func TestTheCouriersSource(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		w.clock.Set(instant(t, "2026-12-01T20:00:00+11:00"))
		d := w.desk()
		a := d.book("2026-12-17T10:30")
		d.went("2026-12-01T20:03:00+11:00")
		var mother client.Contact
		d.change(d.id, func(ctx context.Context, tx *store.Tx) error {
			keys, err := d.keeper.Keys(ctx, tx)
			if err != nil {
				return err
			}
			mother, err = client.AddContact(ctx, tx, keys, client.Contact{Client: d.client.ID, Name: "Ada Schäfer", Relation: "mother", Receives: "email", Email: client.NormaliseEmail("ada@inbox.example")})
			if err != nil {
				return err
			}
			return Refresh(ctx, tx, a.ID)
		})
		d.went("2026-12-15T06:59:00+11:00")
		d.went("2026-12-15T10:00:00+11:00")
		source := NewSource(d.keeper)
		facts := func() (out []courier.Facts, of []message.Message) {
			d.view(d.id, func(ctx context.Context, tx *store.Tx) (err error) {
				if of, _, err = message.List(ctx, tx, message.Filter{}, message.Page{}); err != nil {
					return err
				}
				out, err = source.Facts(ctx, tx, of)
				return err
			})
			return out, of
		}
		d.at("2026-12-15T06:59:30+11:00")
		all, of := facts()
		seen := map[string]courier.Facts{}
		for i, m := range of {
			seen[m.Rule+"/"+string(m.Channel)+"/"+m.Recipient] = all[i]
		}
		own := seen["reminder-2-days/email/"+string(d.client.ID)]
		want := wording.Values{
			Recipient: wording.Person{First: "Petra", Preferred: "Pet"}, Start: wording.Wall{Year: 2026, Month: 12, Day: 17, Hour: 10, Minute: 30},
			End: wording.Wall{Year: 2026, Month: 12, Day: 17, Hour: 11}, Minutes: 30, Zone: "Australia/Melbourne", ZoneDiffers: true, Mode: wording.ModeInPerson,
			ServiceID: string(d.things.Service), PractitionerID: string(d.things.Practitioner), PlaceID: string(d.things.Location), FirstVisit: true,
		}
		d.change(d.id, func(ctx context.Context, tx *store.Tx) error {
			digest, _, err := practice.KeepDirectory(ctx, tx)
			if err != nil {
				return err
			}
			kept, err := source.Directory(ctx, tx, digest)
			if err != nil {
				return err
			}
			book, _, err := wording.ParseDirectory(kept)
			if err != nil {
				return err
			}
			place, _ := book.Place(own.Values.PlaceID)
			service, _ := book.Service(own.Values.ServiceID)
			if place.Address != "12 Wattle Street, Ballarat" || service != "Initial consultation" || book.ReplyTo(own.Values.PlaceID) != "rooms@wattlestreet.example" {
				t.Errorf("the directory says %+v, %s", place, service)
			}
			rules, err := Rules(ctx, tx)
			for _, r := range rules {
				if digest, _ := r.Digest(); r.Key == "reminder-2-days" && digest != own.Rule {
					t.Error("the facts name another rule than the one that stands there")
				}
			}
			return err
		})
		if own.Stop != "" || own.Address != "petra@inbox.example" || own.AddressIndex == "" || own.Values != want {
			t.Errorf("got  %+v\nwant %+v", own, want)
		}
		if sms := seen["reminder-2-days/sms/"+string(d.client.ID)]; sms.Address != "+61429730770" || sms.AddressIndex == own.AddressIndex {
			t.Errorf("text message: %+v", sms)
		}
		other := seen["reminder-2-days/email/"+string(mother.ID)]
		if other.Address != "ada@inbox.example" || !other.Values.ForOther || other.Values.Attendee != want.Recipient || other.Values.Recipient.First != "Ada" || other.Values.ZoneDiffers {
			t.Errorf("the mother's: %+v", other)
		}
		// Deferred by the relay into the night of London: it waits for the morning there.
		d.at("2026-12-15T12:00:00+11:00")
		all, of = facts()
		for i, m := range of {
			wait := m.Rule == "reminder-2-days" && m.Recipient == string(d.client.ID)
			if wait != !all[i].Wait.IsZero() || wait && !all[i].Wait.Equal(instant(t, "2026-12-15T08:00:00Z")) {
				t.Errorf("%s %s to %s waits until %s (%s)", m.Rule, m.Channel, m.Recipient, all[i].Wait, all[i].Stop)
			}
		}
		d.at("2026-12-15T19:00:00+11:00")
		for _, c := range []struct {
			change string
			stop   Reason
		}{
			{`UPDATE client SET mobile_state = 'none' WHERE practice = $1`, NoMobile},
			{`UPDATE attendee SET attendance = 'arrived' WHERE practice = $1`, Arrived},
			{`UPDATE appointment SET booking = 'cancelled' WHERE practice = $1`, Cancelled},
			{`UPDATE appointment SET generation = 2 WHERE practice = $1`, Moved},
			{`UPDATE client SET archived_at = 1 WHERE practice = $1`, Archived},
			{`UPDATE practice SET closed_at = 1 WHERE practice = $1`, PracticeClosed},
		} {
			d.change(d.id, func(ctx context.Context, tx *store.Tx) error { _, err := tx.Exec(ctx, c.change); return err })
			all, of = facts()
			for i, m := range of {
				if m.Rule == "reminder-2-days" && m.Channel == message.SMS && all[i].Stop != string(c.stop) {
					t.Errorf("%s: stops by %q, want %q", c.change, all[i].Stop, c.stop)
				}
				if all[i].Stop != "" && (all[i].Address != "" || all[i].Values.Recipient.First != "") {
					t.Errorf("%s: what is stopped carries an address or a name", c.change)
				}
			}
		}
		d.view(d.id, func(ctx context.Context, tx *store.Tx) error {
			versions, err := source.Versions(ctx, tx, []string{of[0].Version, "nobody's"})
			if err != nil || len(versions) != 1 {
				return fmt.Errorf("%d versions, %w", len(versions), err)
			}
			_, digest, err := wording.DecodeCanonical(versions[of[0].Version])
			if err == nil && digest.String() != of[0].Digest {
				err = fmt.Errorf("digest %s, the message says %s", digest, of[0].Digest)
			}
			return err
		})
	})
}

func TestReplanAndSweep(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		id := w.add(1, 60, 1300)
		walk := func(step func(ctx context.Context, tx *store.Tx, cursor string) (Replanned, error)) (total Replanned) {
			cursor := ""
			for range 100 {
				var r Replanned
				w.change(id, func(ctx context.Context, tx *store.Tx) (err error) {
					r, err = step(ctx, tx, cursor)
					return err
				})
				total.Done, total.Gaps, total.Total = total.Done+r.Done, total.Gaps+r.Gaps, max(total.Total, r.Total)
				if cursor = r.Next; cursor == "" {
					return total
				}
			}
			t.Fatal("it does not end")
			return total
		}
		// Nobody called Refresh: the sweep finds every gap, once.
		first := walk(Sweep)
		if first.Gaps == 0 || first.Gaps != w.count(id, "open") || first.Done != first.Total {
			t.Errorf("%+v with %d rows open", first, w.count(id, "open"))
		}
		if again := walk(Sweep); again.Gaps != 0 || again.Done != first.Done {
			t.Errorf("a second sweep: %+v", again)
		}
		// The 7-day reminder is turned off, and on again.
		replan := func(ctx context.Context, tx *store.Tx, cursor string) (Replanned, error) {
			return Replan(ctx, tx, cursor, 150)
		}
		set := func(on bool) {
			w.change(id, func(ctx context.Context, tx *store.Tx) error {
				_, err := tx.Exec(ctx, `UPDATE rule SET enabled = $2 WHERE practice = $1 AND key = 'reminder-7-days'`, on)
				return err
			})
		}
		set(false)
		if r := walk(replan); r.Done != r.Total || r.Total != first.Total {
			t.Errorf("%+v", r)
		}
		off := w.count(id, "dropped")
		if off == 0 || off+w.count(id, "open") != first.Gaps {
			t.Errorf("%d dropped, %d open of %d", off, w.count(id, "open"), first.Gaps)
		}
		set(true)
		walk(replan)
		if n := w.count(id, "open"); n != first.Gaps {
			t.Errorf("%d open after it was turned on again, want %d", n, first.Gaps)
		}
		w.change(id, func(ctx context.Context, tx *store.Tx) error {
			for _, cursor := range []string{"x", "1", ":", strings.Repeat("9", 30) + ":a"} {
				if _, err := Replan(ctx, tx, cursor, 10); err == nil {
					t.Errorf("the cursor %q was taken", cursor)
				}
			}
			return nil
		})
	})
}

// The last defence: whatever plans wrongly, the row of a sent message is never opened again.
func TestASentRowStaysSent(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		id := w.one(1, "2026-12-17T10:30")
		w.tick(instant(t, "2026-12-15T10:00:00+11:00"))
		if n := w.count(id, "sent"); n != 1 {
			t.Fatalf("%d rows are sent", n)
		}
		w.change(id, func(ctx context.Context, tx *store.Tx) error {
			var a, attendee, recipient string
			if err := tx.Row(ctx, `SELECT appointment, attendee, recipient FROM due WHERE practice = $1 AND state = 'sent'`).Scan(&a, &attendee, &recipient); err != nil {
				return err
			}
			for _, state := range []string{"open", "dropped"} {
				row := dueRow(a, &Past{Attendee: attendee, Recipient: recipient, Channel: Email, Rule: "reminder-2-days", Generation: 1}, tx.Now, state, "", "", tx.Now)
				if n, err := tx.Bulk(ctx, writeDue, overDue, [][]any{row}); err != nil || n != 0 {
					t.Errorf("%s: %d rows, %v", state, n, err)
				}
			}
			return nil
		})
		w.tick(instant(t, "2026-12-15T10:01:00+11:00"))
		if n := len(w.messages(id)); n != 1 {
			t.Errorf("%d messages", n)
		}
	})
}
