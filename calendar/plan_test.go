package calendar

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"letterhead/practice"
	"letterhead/store"
	"letterhead/testkit"
)

// The lists and the look for a free time go through indexes on both engines: their cost follows what they return, not what is stored.
func TestQueriesUseIndexes(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		for _, id := range []store.PracticeID{"a", "b"} {
			crowd(t, db, id, 3000)
		}
		day := []any{"a", int64(1_000_000_000), int64(2_000_000_000), 100}
		for _, c := range []struct {
			name, query, index string
			args               []any
		}{
			{"day", dayQuery, "appointment_starts", day},
			{"day's attendees", dayQuery, "attendee_once", day},
			{"days by their walls", wallQuery, "appointment_starts", append(day[:4:4], "2026-12-01", "2026-12-08", "p1")},
			{"room's overlap", roomQuery, "appointment_room", []any{"a", "r1", int64(0), int64(2_000_000_000), int64(1_000_000_000), ""}},
			{"series", seriesQuery, "appointment_series", []any{"a", "s1"}},
			{"pulse", bookedPulse, "appointment_starts", []any{"a", int64(1_000_000_000), int64(2_000_000_000)}},
			{"practitioner's overlap", busyQuery, "appointment_practitioner", []any{"a", "p1", int64(0), int64(2_000_000_000), int64(1_000_000_000), ""}},
			{"client's list", clientQuery, "attendee_client", []any{"a", "c7", int64(2_000_000_000), 20}},
			{"first visits", firstQuery(store.List(2, 2)), "attendee_client", []any{"a", "c7", "c8"}},
			{"entries", entriesQuery(store.List(2, 4)), "attendee_once", []any{"a", "x0000007", "x0000008", "x0000009", "x0000010"}},
			{"attendees", attendeesQuery(store.List(2, 4)), "attendee_once", []any{"a", "x0000007", "x0000008", "x0000009", "x0000010"}},
		} {
			err := db.Whole(ctx, "test", func(w *store.Wide) error {
				plan, err := w.Plan(ctx, c.query, c.args...)
				for _, whole := range []string{"Seq Scan on appointment", "Seq Scan on attendee", "SCAN appointment\n", "SCAN attendee\n", "SCAN t\n", "(practice=?)\n"} {
					if strings.Contains(plan+"\n", whole) {
						t.Errorf("%s reads a whole table:\n%s", c.name, plan)
					}
				}
				if !strings.Contains(plan, c.index) {
					t.Errorf("%s does not use %s:\n%s", c.name, c.index, plan)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	})
}

// crowd writes a practice with n appointments, of 20 practitioners and at least 500 clients, one each second.
func crowd(t testing.TB, db *store.DB, id store.PracticeID, n int) {
	t.Helper()
	ctx := context.Background()
	err := db.Change(ctx, store.Actor{Practice: id, Agent: "test"}, func(tx *store.Tx) error {
		if _, err := practice.Add(ctx, tx, practice.New("Clinic "+string(id), "AU", "Australia/Melbourne")); err != nil {
			return err
		}
		places, err := practice.Locations(ctx, tx)
		if err != nil {
			return err
		}
		service, err := practice.AddService(ctx, tx, practice.Service{Name: "Visit", Minutes: 30, Mode: practice.InPerson})
		if err != nil {
			return err
		}
		var people, clients, appointments, attendees [][]any
		for i := range 20 {
			people = append(people, []any{fmt.Sprintf("p%d", i), fmt.Sprintf("Practitioner %d", i), "", i, 0})
		}
		many := max(500, n/20)
		for i := range many {
			clients = append(clients, []any{fmt.Sprintf("c%d", i), "", "", "Ann", "White", "", " white ann ", "", "", "", "", "none", "none", []byte{0}, "", "", "", "", "", "", "", 0, "", 1, 1, 1, 0})
		}
		for i := range n {
			key, starts := fmt.Sprintf("x%07d", i), time.Duration(i)*time.Second
			appointments = append(appointments, []any{key, "", fmt.Sprintf("p%d", i%20), service.ID, places[0].ID, "in person", "2026-12-01T10:00", "Australia/Melbourne",
				starts.Microseconds(), (starts + time.Minute).Microseconds(), 1, "booked", true, 1, 0, "", 0, 0, "", "", false, "", 0, "", 1, 1, 1})
			attendees = append(attendees, []any{key, key, fmt.Sprintf("c%d", i%many), "not asked", "expected", 0})
		}
		for _, part := range []struct {
			head string
			rows [][]any
		}{
			{`INSERT INTO practitioner (practice, id, name, member, position, archived_at) VALUES`, people},
			{`INSERT INTO client (practice, id, external, title, first_name, last_name, preferred_name, folded, born, language, zone, reminders, email_state, mobile_state, sealed,
				email_index, local_index, mobile_index, tail4_index, tail5_index, tail6_index, import_sum, import_version, batch, version, created_at, changed_at, archived_at) VALUES`, clients},
			{`INSERT INTO appointment (practice, id, external, practitioner, service, location, mode, wall, zone, starts, ends, minutes, booking, overbooked, generation,
				booked_at, booked_by, moved_at, cancelled_at, cancelled_by, cancel_reason, cancel_late, import_sum, import_version, batch, version, created_at, changed_at) VALUES`, appointments},
			{`INSERT INTO attendee (practice, id, appointment, client, confirmation, attendance, confirmed_at) VALUES`, attendees},
		} {
			if _, err := tx.Bulk(ctx, part.head, "", part.rows); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
