package order_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"letterhead/client"
	"letterhead/fault"
	"letterhead/guard"
	"letterhead/message"
	"letterhead/order"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/zone"
)

// visits gives clients appointments: each with a practitioner and a start, and how it went.
func (w *world) visits(p store.PracticeID, list ...[4]string) {
	w.Helper()
	home, err := zone.Load("Australia/Melbourne")
	if err != nil {
		w.Fatal(err)
	}
	w.Change(p, func(tx *store.Tx) error {
		for _, who := range []string{"petra", "liam"} {
			if _, err := tx.Exec(ctx, `INSERT INTO practitioner (practice, id, name, member, position, archived_at) VALUES ($1, $2, $2, '', 1, 0) ON CONFLICT (practice, id) DO NOTHING`, who); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, `INSERT INTO service (practice, id, name, minutes, mode, archived_at) VALUES ($1, 's', 'Standard', 30, 'in person', 0) ON CONFLICT (practice, id) DO NOTHING`); err != nil {
			return err
		}
		places, err := practice.Locations(ctx, tx)
		if err != nil {
			return err
		}
		for i, v := range list {
			at, err := time.ParseInLocation("2006-01-02T15:04", v[2], home)
			if err != nil {
				return err
			}
			id := fmt.Sprintf("a%d", i)
			booking, attendance := "booked", v[3]
			if v[3] == "cancelled" {
				booking, attendance = v[3], "expected"
			}
			if _, err := tx.Exec(ctx, `INSERT INTO appointment (practice, id, external, practitioner, service, location, mode, wall, zone, starts, ends, minutes, booking, overbooked, generation, booked_at, booked_by,
				moved_at, cancelled_at, cancelled_by, cancel_reason, cancel_late, import_sum, import_version, batch, version, created_at, changed_at)
				VALUES ($1, $2, '', $3, 's', $4, 'in person', $5, 'Australia/Melbourne', $6, $7, 30, $8, $9, 1, 0, '', 0, 0, '', '', $10, '', 0, '', 1, 0, 0)`,
				id, v[1], string(places[0].ID), v[2], store.Micro(at), store.Micro(at.Add(30*time.Minute)), booking, false, false); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, `INSERT INTO attendee (practice, id, appointment, client, confirmation, attendance, confirmed_at) VALUES ($1, $2, $2, $3, 'not asked', $4, 0)`, id, v[0], attendance); err != nil {
				return err
			}
		}
		return nil
	})
}

// fixed are the clients to whom an order of a request goes, as it is fixed.
func (w *world) fixed(p store.PracticeID, r order.Request) (out []string, reach order.Audience) {
	w.Helper()
	w.Change(p, func(tx *store.Tx) error { // there may be none yet
		_, err := tx.Exec(ctx, `DELETE FROM order_recipient WHERE practice = $1`)
		if err == nil {
			_, err = tx.Exec(ctx, `DELETE FROM bulk_order WHERE practice = $1`)
		}
		return err
	})
	id := w.draft(p, r)
	o := w.find(p, id)
	w.Change(p, func(tx *store.Tx) (err error) {
		reach, err = order.Count(ctx, tx, &o)
		return err
	})
	if reach.Reached == 0 {
		return nil, reach
	}
	w.asked(p, id)
	w.Change(p, func(tx *store.Tx) error {
		rows, err := tx.Query(ctx, `SELECT client FROM order_recipient WHERE practice = $1 ORDER BY place`)
		out, err = store.Collect(rows, err, func(r *store.Rows) (c string, err error) { return c, r.Scan(&c) })
		return err
	})
	slices.Sort(out)
	return out, reach
}

func short(ids []string) string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = strings.TrimLeft(strings.TrimPrefix(id, "client-"), "0")
		if out[i] == "" {
			out[i] = "0"
		}
	}
	return strings.Join(out, " ")
}

// Whom each filter finds; what is counted is what is fixed.
func TestAudiences(t *testing.T) {
	t.Parallel()
	eachWorld(t, 8, func(t *testing.T, w *world) {
		w.visits(one, [4]string{clientID(0), "petra", "2026-10-01T09:00", "attended"}, [4]string{clientID(1), "petra", "2026-03-01T09:00", "attended"}, [4]string{clientID(2), "liam", "2026-10-05T09:00", "no show"},
			[4]string{clientID(3), "petra", "2026-12-05T09:00", "expected"}, [4]string{clientID(4), "liam", "2026-12-06T23:30", "expected"}, [4]string{clientID(5), "liam", "2026-12-07T00:15", "expected"},
			[4]string{clientID(6), "petra", "2026-12-05T10:00", "cancelled"}, [4]string{clientID(1), "liam", "2026-12-05T11:00", "expected"})
		w.Exec(one, `UPDATE client SET language = 'ar-EG' WHERE practice = $1 AND id = $2`, clientID(7))
		for _, c := range []struct {
			filter order.Filter
			want   string
		}{
			{order.Filter{}, "0 1 2 3 4 5 6 7"},
			{order.Filter{Practitioner: "petra"}, "0 1 3"},
			{order.Filter{Service: "s"}, "0 1 2 3 4 5"},
			{order.Filter{Practitioner: "nobody"}, ""},
			{order.Filter{SeenSince: "2026-10-01"}, "0"},
			{order.Filter{SeenSince: "2026-01-01"}, "0 1"},
			{order.Filter{NotSeenSince: "2026-06-01"}, "1"},
			{order.Filter{SeenSince: "2026-02-01", NotSeenSince: "2026-06-01"}, "1"},
			{order.Filter{BookedFrom: "2026-12-05", BookedTo: "2026-12-06"}, "1 3 4"},
			{order.Filter{BookedFrom: "2026-12-05", BookedTo: "2026-12-06", Practitioner: "petra"}, "3"},
			{order.Filter{BookedFrom: "2026-12-06"}, "4 5"},
			{order.Filter{BookedFrom: "2026-01-01"}, "1 3 4 5"}, // to come: not what has been
			{order.Filter{Language: "ar"}, "7"},
			{order.Filter{Language: "ar-EG"}, "7"},
			{order.Filter{Language: "en"}, "0 1 2 3 4 5 6"},
		} {
			r := w.request(one, "closed")
			r.Filter = c.filter
			got, reach := w.fixed(one, r)
			if short(got) != c.want || reach.Reached != int64(len(got)) || reach.Found != int64(len(got)) {
				t.Errorf("%+v: %s, want %s (%+v)", c.filter, short(got), c.want, reach)
			}
		}
	})
}

// Who is found and gets nothing, for each reason, by both channels; each address once; who is not seen is not found.
func TestWhoIsLeftOut(t *testing.T) {
	t.Parallel()
	eachWorld(t, 12, func(t *testing.T, w *world) {
		w.Exec(one, `UPDATE client SET email_state = 'none' WHERE practice = $1 AND id = $2`, clientID(0))
		w.Exec(one, `UPDATE client SET email_state = 'bad' WHERE practice = $1 AND id = $2`, clientID(1))
		w.Exec(one, `UPDATE client SET reminders = 'none' WHERE practice = $1 AND id = $2`, clientID(2))
		w.Exec(one, `UPDATE client SET archived_at = 5 WHERE practice = $1 AND id = $2`, clientID(3))
		w.Exec(one, `UPDATE client SET email_index = (SELECT o.email_index FROM client o WHERE o.practice = $1 AND o.id = $2) WHERE practice = $1 AND id = $3`, clientID(8), clientID(9))
		w.Exec(one, `UPDATE client SET reminders = 'sms' WHERE practice = $1 AND id = $2`, clientID(10))
		w.Exec(one, `UPDATE client SET reminders = 'both' WHERE practice = $1 AND id = $2`, clientID(11))
		say := func(i int, category client.Category, given bool) {
			w.Change(one, func(tx *store.Tx) error {
				return client.SetConsent(ctx, tx, client.Consent{Client: client.ID(clientID(i)), Topic: client.Topic{Category: category, Channel: practice.Email}, Given: given, Source: "desk"})
			})
		}
		say(4, client.Appointments, false)
		for i := 5; i < 12; i++ {
			say(i, client.Marketing, true)
			w.Clock.Pass(time.Second)
		}
		say(5, client.Marketing, false)
		for i, purpose := range map[int]message.Purpose{6: "", 7: message.Marketing} {
			w.Change(one, func(tx *store.Tx) error {
				var index string
				if err := tx.Row(ctx, `SELECT email_index FROM client WHERE practice = $1 AND id = $2`, clientID(i)).Scan(&index); err != nil {
					return err
				}
				return message.Suppress(ctx, tx, message.Suppression{Channel: message.Email, AddressIndex: index, Purpose: purpose, Reason: "stop"})
			})
		}
		got, reach := w.fixed(one, w.request(one, "closed"))
		if want := map[string]int64{order.NoEmail: 1, order.BadEmail: 1, order.WantsNone: 1, order.Withdrawn: 1, order.Suppressed: 1, order.Shared: 1}; short(got) != "5 7 8 10 11" || fmt.Sprint(reach.Why) != fmt.Sprint(want) || reach.Found != 11 {
			t.Errorf("care: %s, %+v", short(got), reach)
		}
		got, reach = w.fixed(one, w.request(one, "news"))
		if want := map[string]int64{order.NoEmail: 1, order.BadEmail: 1, order.WantsNone: 1, order.Withdrawn: 1, order.NotAgreed: 1, order.Suppressed: 2, order.Shared: 1}; short(got) != "8 10 11" || fmt.Sprint(reach.Why) != fmt.Sprint(want) {
			t.Errorf("marketing: %s, %+v", short(got), reach)
		}
		r := w.request(one, "closed")
		r.Channel = order.ByPreference
		if got, _ = w.fixed(one, r); short(got) != "5 7 8 11" { // the first of the two: by e-mail
			t.Errorf("by e-mail, to those who prefer it: %s", short(got))
		}
		w.Change(one, func(tx *store.Tx) error {
			ben, err := guard.AddMember(ctx, tx, guard.Member{Email: "ben@example.org", Name: "Ben", Role: guard.Practitioner})
			if err == nil {
				err = client.KeepTo(ctx, tx, client.ID(clientID(8)), []store.MemberID{ben.ID})
			}
			return err
		})
		if got, _ = w.fixed(one, w.request(one, "closed")); short(got) != "5 7 9 10 11" { // ana does not see client 8: the other with that address gets it
			t.Errorf("as ana sees it: %s", short(got))
		}
		if got, _ = w.fixed(two, w.request(two, "closed")); len(got) != 12 {
			t.Errorf("the other practice: %s", short(got))
		}
	})
}

// A day begins on that day, also where the clocks skip midnight.
func TestADayBeginsOnThatDay(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"America/Santiago", "Africa/Cairo", "Australia/Melbourne"} {
		home, err := zone.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		first := zone.Date{Year: 2027, Month: time.January, Day: 1}
		for n := range 365 {
			at, day := order.Day(home, first.String(), n).In(home), first.Add(n)
			if zone.DateOf(at) != day || zone.DateOf(at.Add(-time.Microsecond)) != day.Add(-1) {
				t.Errorf("%s: %s begins at %v", name, day, at)
			}
		}
	}
}

// Bad input names its field.
func TestRequestsAreChecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite", 1)
	good := w.request(one, "closed")
	for field, change := range map[string]func(r *order.Request){
		"name": func(r *order.Request) { r.Name = " \n" }, "wording": func(r *order.Request) { r.Wording = "other" }, "channel": func(r *order.Request) { r.Channel = "pigeon" },
		"most": func(r *order.Request) { r.Most = -1 }, "until": func(r *order.Request) { r.Until = r.From }, "from": func(r *order.Request) { r.From = time.Time{} },
		"seen_since": func(r *order.Request) { r.Filter.SeenSince = "soon" }, "booked_to": func(r *order.Request) { r.Filter.BookedFrom, r.Filter.BookedTo = "2026-12-06", "2026-12-05" },
		"booked_from": func(r *order.Request) { r.Filter.BookedTo = "2026-12-05" }, "language": func(r *order.Request) { r.Filter.Language = "e%" },
		"not_seen_since": func(r *order.Request) { r.Filter.SeenSince, r.Filter.NotSeenSince = "2026-12-05", "2026-12-05" },
	} {
		r := good
		change(&r)
		err := w.DB.Change(ctx, store.Actor{Practice: one, Member: "ana"}, func(tx *store.Tx) error {
			_, err := order.New(ctx, tx, r)
			return err
		})
		if f := fault.As(err); f == nil || f.Field != field || f.Kind != fault.Invalid {
			t.Errorf("%s: %v", field, err)
		}
	}
}
