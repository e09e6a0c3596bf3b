package plan

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"letterhead/calendar"
	"letterhead/store"
	"letterhead/testkit"
)

// herd writes due rows without the appointments they would belong to: on PostgreSQL and SQLite alike the foreign key needs one for each practice.
func (w *world) herd(practices, rows int, due time.Time) {
	w.Helper()
	for n := range practices {
		id := practiceID(1000 + n)
		w.change(id, func(ctx context.Context, tx *store.Tx) error {
			for _, query := range []string{
				`INSERT INTO practice (practice, name, country, zone, language, phone, email, website, address, accent, sender_local, domain, label, default_channel, sms_services, quiet_from, quiet_to, client_word, created_at, closed_at)
					VALUES ($1, 'Clinic', 'AU', 'Australia/Melbourne', 'en', '', '', '', '', '#000000', 'appointments', '', $1, 'email', false, 1200, 480, 'client', 1, 0)`,
				`INSERT INTO location (practice, id, name, zone, address, phone, directions, reply_to, position, archived_at) VALUES ($1, 'l', 'Main', 'Australia/Melbourne', '', '', '', '', 1, 0)`,
				`INSERT INTO service (practice, id, name, minutes, mode, archived_at) VALUES ($1, 's', 'Service', 30, 'in person', 0)`,
				`INSERT INTO practitioner (practice, id, name, member, position, archived_at) VALUES ($1, 'p', 'P', '', 1, 0)`,
				`INSERT INTO appointment (practice, id, external, practitioner, service, location, mode, wall, zone, starts, ends, minutes, booking, overbooked, generation, booked_at, booked_by, moved_at,
					cancelled_at, cancelled_by, cancel_reason, cancel_late, import_sum, import_version, batch, version, created_at, changed_at)
					VALUES ($1, 'a', '', 'p', 's', 'l', 'in person', '2026-12-01T10:00', 'Australia/Melbourne', 1, 2, 30, 'booked', false, 1, 0, '', 0, 0, '', '', false, '', 0, '', 1, 1, 1)`,
			} {
				if _, err := tx.Exec(ctx, query); err != nil {
					return err
				}
			}
			var list [][]any
			for i := range rows {
				state := "open"
				if i%3 == 2 { // what was sent long ago lies among it
					state = "sent"
				}
				list = append(list, []any{"a", fmt.Sprint(i), "c", "email", "reminder-2-days", 1, 0, store.Micro(due.Add(time.Duration(i-rows/2) * time.Minute)), state, "", "", 0})
			}
			_, err := tx.Bulk(ctx, writeDue, "", list)
			return err
		})
	}
}

// The two look-ups go through the partial indexes of what is open, whatever else is stored.
func TestTheLookUpFollowsWhatIsDue(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		w.herd(40, 300, w.clock.Now())
		ctx := context.Background()
		now := store.Micro(w.clock.Now())
		if err := w.db.Whole(ctx, "read query plans", func(wide *store.Wide) error {
			for name, q := range map[string]struct {
				text  string
				args  []any
				index string
			}{
				"next": {nextPractices, []any{now, "", MaxPractices, maxLooked}, "due_next"},
				"turn": {dueNow + wide.SkipLocked(), []any{string(practiceID(1003)), now, TurnLimit}, "due_practice"},
			} {
				plan, err := wide.Plan(ctx, q.text, q.args...)
				if err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
				if !strings.Contains(plan, q.index) || strings.Contains(plan, "Seq Scan on due") || strings.Contains(plan, "SCAN due\n") {
					t.Errorf("%s does not use %s:\n%s", name, q.index, plan)
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	})
}

func TestNextPracticesFindsAllInTurns(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		next := func(at time.Time, after store.PracticeID) []store.PracticeID {
			var ids []store.PracticeID
			if err := w.db.WholeView(context.Background(), "test", func(wide *store.Wide) (err error) {
				ids, err = NextPractices(context.Background(), wide, at, after)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			return ids
		}
		due := w.clock.Now()
		if ids := next(due, ""); len(ids) != 0 {
			t.Fatalf("nothing is due, and still %v", ids)
		}
		w.herd(30, 150, due)
		for _, c := range []struct {
			at   time.Time
			want int
		}{
			{due.Add(-76 * time.Minute), 0}, // nothing yet
			{due.Add(-70 * time.Minute), 30},
			{due.Add(2 * time.Hour), 30},
		} {
			if ids := next(c.at, ""); len(ids) != c.want {
				t.Errorf("%s: %d practices, want %d", c.at, len(ids), c.want)
			}
			if ids := next(c.at, practiceID(1019)); c.want > 0 && (len(ids) != 10 || ids[0] != practiceID(1020)) {
				t.Errorf("%s after the 20th: %v", c.at, ids)
			}
		}
	})
}

// make bench: how long it takes to know who is next with 150,000 due over 1,000 practices, and with nothing due among as many.
func BenchmarkNextPractices(b *testing.B) {
	for _, engine := range testkit.Engines() {
		b.Run(string(engine), func(b *testing.B) {
			clock := testkit.NewClock(b, start)
			w := &world{b, testkit.Open(b, engine, clock), clock}
			w.herd(1000, 225, clock.Now())
			for name, at := range map[string]time.Time{"all due": clock.Now().Add(24 * time.Hour), "nothing due": clock.Now().Add(-24 * time.Hour), "one each": clock.Now().Add(-112 * time.Minute)} {
				b.Run(name, func(b *testing.B) {
					for b.Loop() {
						if err := w.db.WholeView(context.Background(), "bench", func(wide *store.Wide) error {
							_, err := NextPractices(context.Background(), wide, at, "")
							return err
						}); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
		})
	}
}

// make bench: due rows for 10,000 imported appointments in one transaction.
func BenchmarkRefreshTenThousand(b *testing.B) {
	for _, engine := range testkit.Engines() {
		b.Run(string(engine), func(b *testing.B) {
			clock := testkit.NewClock(b, start)
			w := &world{b, testkit.Open(b, engine, clock), clock}
			id := w.add(1, 1500, 10_000)
			var ids []calendar.ID
			w.view(id, func(ctx context.Context, tx *store.Tx) (err error) {
				ids, err = everyAppointment(ctx, tx)
				return err
			})
			for b.Loop() {
				b.StopTimer()
				w.change(id, func(ctx context.Context, tx *store.Tx) error {
					_, err := tx.Exec(ctx, `DELETE FROM due WHERE practice = $1`)
					return err
				})
				b.StartTimer()
				w.change(id, func(ctx context.Context, tx *store.Tx) error { return Refresh(ctx, tx, ids...) })
			}
			b.ReportMetric(float64(w.count(id, "open")), "rows")
		})
	}
}

// make bench: one turn of 50.
func BenchmarkTurn(b *testing.B) {
	for _, engine := range testkit.Engines() {
		b.Run(string(engine), func(b *testing.B) {
			clock := testkit.NewClock(b, start)
			w := &world{b, testkit.Open(b, engine, clock), clock}
			id := w.add(1, 1500, 20_000)
			w.refresh(id)
			clock.Set(clock.Now().Add(12 * 24 * time.Hour))
			taken := 0
			for b.Loop() {
				w.change(id, func(ctx context.Context, tx *store.Tx) error {
					done, err := Turn(ctx, tx, TurnLimit)
					taken += done.Queued + done.Dropped + done.Waiting
					return err
				})
			}
			b.ReportMetric(float64(taken)/float64(b.N), "rows/turn")
		})
	}
}
