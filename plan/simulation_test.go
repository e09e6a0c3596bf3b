package plan

import (
	"context"
	"sync"
	"testing"
	"time"

	"letterhead/store"
)

// Two practices with the same ids, imported; then half an hour at a time for sixteen days: exactly the lines that were planned to be sent become
// messages, each once, at its instant.
func TestDayByDayExactlyThePlannedLinesBecomeMessages(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		ids := []store.PracticeID{w.add(1, 40, 400), w.add(2, 40, 400)}
		from := instant(t, "2026-11-21T08:29:00+11:00")
		to := from.Add(16 * 24 * time.Hour)
		want := make([]map[sent]time.Time, len(ids))
		for i, id := range ids {
			w.refresh(id)
			want[i] = map[sent]time.Time{}
			for _, l := range w.planned(id, Filter{From: from, To: to}) {
				if l.Verdict == Send {
					want[i][sent{l.Appointment, l.Attendee, l.Recipient, string(l.Channel), l.Rule}] = l.Due
				}
			}
			if len(want[i]) < 60 {
				t.Fatalf("only %d lines: the world is too small to prove anything", len(want[i]))
			}
		}
		for at := from; at.Before(to); at = at.Add(30 * time.Minute) {
			w.tick(at)
			if at.Sub(from)%(48*time.Hour) == 0 { // an import again and a new plan change nothing
				w.refresh(ids[0])
			}
		}
		for i, id := range ids {
			got := w.messages(id)
			for s, at := range got {
				if due, ok := want[i][s]; !ok {
					t.Errorf("practice %d: not planned: %+v", i, s)
				} else if late := at.Sub(due); late < 0 || late >= 30*time.Minute {
					t.Errorf("practice %d: %+v was due %s and went %s", i, s, due, at)
				}
			}
			for s, due := range want[i] {
				if _, ok := got[s]; !ok {
					t.Errorf("practice %d: never sent: %+v, due %s", i, s, due)
				}
			}
		}
	})
}

// The server is down for three days and comes back in the night.
func TestABacklogIsSentWhileItIsOfUseAndNeverAtNight(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		id := w.add(1, 60, 1200)
		w.refresh(id)
		open := w.count(id, "open")
		night := w.tick(instant(t, "2026-11-26T03:00:00+11:00"))
		if night.Waiting == 0 || night.Dropped == 0 {
			t.Errorf("at night: %+v", night)
		}
		zones, starts := w.facts(id)
		for at := instant(t, "2026-11-26T03:30:00+11:00"); at.Before(instant(t, "2026-11-27T03:00:00+11:00")); at = at.Add(30 * time.Minute) {
			w.tick(at)
		}
		got := w.messages(id)
		if len(got) < 40 {
			t.Fatalf("only %d messages", len(got))
		}
		for s, at := range got {
			if !at.Before(starts[s.appointment]) {
				t.Errorf("%+v went %s after the appointment began", s, at)
			}
			if hour := at.In(zones[s.recipient]).Hour(); hour < 8 || hour >= 20 {
				t.Errorf("%+v went at %s", s, at.In(zones[s.recipient]))
			}
		}
		if left, sent, dropped := w.count(id, "open"), w.count(id, "sent"), w.count(id, "dropped"); sent != len(got) || left+sent+dropped != open {
			t.Errorf("%d rows were open; now %d open, %d sent (%d messages), %d dropped", open, left, sent, len(got), dropped)
		}
		w.view(id, func(ctx context.Context, tx *store.Tx) error {
			var silent int
			err := tx.Row(ctx, `SELECT COUNT(*) FROM due WHERE practice = $1 AND state = 'dropped' AND reason = ''`).Scan(&silent)
			if silent > 0 {
				t.Errorf("%d rows were dropped without a reason", silent)
			}
			return err
		})
	})
}

func (w *world) count(id store.PracticeID, state string) (n int) {
	w.Helper()
	w.view(id, func(ctx context.Context, tx *store.Tx) error {
		return tx.Row(ctx, `SELECT COUNT(*) FROM due WHERE practice = $1 AND state = $2`, state).Scan(&n)
	})
	return n
}

// facts returns each recipient's zone and each appointment's start.
func (w *world) facts(id store.PracticeID) (zones map[string]*time.Location, starts map[string]time.Time) {
	w.Helper()
	zones, starts = map[string]*time.Location{}, map[string]time.Time{}
	w.view(id, func(ctx context.Context, tx *store.Tx) error {
		ids, err := everyAppointment(ctx, tx)
		if err != nil {
			return err
		}
		all, err := Load(ctx, tx, ids...)
		for _, f := range all {
			starts[f.Appointment.ID] = f.Appointment.Starts
			for _, a := range f.Attendees {
				for _, r := range append([]Recipient{a.Client.Recipient}, a.Contacts...) {
					zones[r.ID] = r.Zone
					if r.Zone == nil {
						zones[r.ID] = f.Appointment.Zone
					}
				}
			}
		}
		return err
	})
	return zones, starts
}

// Four at once, as four processes would: no row becomes two messages.
func TestTurnsAtOnceDoNotDouble(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		id := w.add(1, 60, 1200)
		w.refresh(id)
		w.clock.Set(instant(t, "2026-11-25T12:00:00+11:00"))
		open := w.count(id, "open")
		var group sync.WaitGroup
		totals := make([]Turned, 4)
		for i := range totals {
			group.Go(func() {
				ctx := context.Background()
				for range 200 {
					var done Turned
					if err := w.db.Change(ctx, actor(id), func(tx *store.Tx) (err error) {
						done, err = Turn(ctx, tx, 10)
						return err
					}); err != nil {
						t.Error(err)
						return
					}
					totals[i].Queued, totals[i].Dropped = totals[i].Queued+done.Queued, totals[i].Dropped+done.Dropped
					if done.Queued+done.Dropped+done.Waiting == 0 {
						return
					}
				}
			})
		}
		group.Wait()
		w.tick(w.clock.Now()) // whoever saw only rows that another held has stopped
		var queued int
		for _, n := range totals {
			queued += n.Queued
		}
		got := w.messages(id) // complains about what is there twice
		if len(got) < queued || len(got) < 50 || w.count(id, "sent") != len(got) {
			t.Errorf("%d queued, %d messages, %d rows sent, of %d", queued, len(got), w.count(id, "sent"), open)
		}
	})
}

// What happens to an appointment between planning and its instant.
func TestAMessageNeedsTodaysFacts(t *testing.T) {
	t.Parallel()
	const due = "2026-12-15T10:00:00+11:00"
	changes := map[string]struct {
		change string
		args   []any
		reason Reason // "" when it is sent
	}{
		"nothing":            {`UPDATE appointment SET version = 2 WHERE practice = $1`, nil, ""},
		"moved":              {`UPDATE appointment SET generation = 2 WHERE practice = $1`, nil, Moved},
		"cancelled":          {`UPDATE appointment SET booking = 'cancelled' WHERE practice = $1`, nil, Cancelled},
		"archived":           {`UPDATE client SET archived_at = 1 WHERE practice = $1`, nil, Archived},
		"prefers SMS":        {`UPDATE client SET reminders = 'sms' WHERE practice = $1`, nil, NotPlanned},
		"prefers nothing":    {`UPDATE client SET reminders = 'none' WHERE practice = $1`, nil, WantsNone},
		"address gone":       {`UPDATE client SET email_state = 'none' WHERE practice = $1`, nil, NoEmail},
		"consent withdrawn":  {`INSERT INTO consent (practice, id, client, category, channel, given, source, who, at) SELECT $1, c.id, c.id, 'appointments', 'email', false, 'desk', 'x', 1 FROM client c WHERE c.practice = $1`, nil, Withdrawn},
		"arrived":            {`UPDATE attendee SET attendance = 'arrived' WHERE practice = $1`, nil, Arrived},
		"rule off":           {`UPDATE rule SET enabled = false WHERE practice = $1`, nil, RuleOff},
		"practice closed":    {`UPDATE practice SET closed_at = 1 WHERE practice = $1`, nil, PracticeClosed},
		"wording archived":   {`UPDATE wording SET archived_at = 1 WHERE practice = $1`, nil, NoWording},
		"attendee gone":      {`UPDATE attendee SET id = 'another' WHERE practice = $1`, nil, NotPlanned},
		"zone moved to home": {`UPDATE client SET zone = 'Pacific/Auckland' WHERE practice = $1`, nil, ""},
	}
	eachWorld(t, func(t *testing.T, w *world) {
		n := 0
		for name, c := range changes {
			n++
			id := w.one(n, "2026-12-17T10:30")
			w.change(id, func(ctx context.Context, tx *store.Tx) error {
				_, err := tx.Exec(ctx, c.change, c.args...)
				return err
			})
			w.clock.Set(instant(t, due))
			w.change(id, func(ctx context.Context, tx *store.Tx) error {
				if _, err := Turn(ctx, tx, 0); err != nil {
					return err
				}
				var state, reason string
				err := tx.Row(ctx, `SELECT state, reason FROM due WHERE practice = $1 AND rule = 'reminder-2-days'`).Scan(&state, &reason)
				if c.reason == "" && state != "sent" || c.reason != "" && (state != "dropped" || Reason(reason) != c.reason) {
					t.Errorf("%s: %s %q, want %q", name, state, reason, c.reason)
				}
				return err
			})
			w.clock.Set(instant(t, start))
		}
	})
}

// one makes a practice with one client who prefers e-mail and one appointment, planned.
func (w *world) one(n int, wall string) store.PracticeID {
	w.Helper()
	id := w.add(n, 2, 1)
	begins := at(w, wall)
	f := facts(w, begins)
	w.change(id, func(ctx context.Context, tx *store.Tx) error {
		for _, query := range []string{
			`DELETE FROM contact WHERE practice = $1`,
			`UPDATE client SET reminders = 'email', email_state = 'good', mobile_state = 'good', zone = '', archived_at = 0 WHERE practice = $1`,
			`UPDATE attendee SET attendance = 'expected', confirmation = 'not asked' WHERE practice = $1`,
		} {
			if _, err := tx.Exec(ctx, query); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, `UPDATE appointment SET booking = 'booked', wall = $2, starts = $3, ends = $4 WHERE practice = $1`,
			wall, store.Micro(f.Appointment.Starts), store.Micro(f.Appointment.Starts.Add(time.Hour)))
		return err
	})
	w.refresh(id)
	return id
}
