package plan

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"letterhead/calendar"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/template"
	"letterhead/testkit"
	"letterhead/zone"
)

// The world of these tests: practices whose rows have the same ids, filled as an import would fill them.

const start = "2026-11-21T08:00:00+11:00"

type world struct {
	testing.TB
	db    *store.DB
	clock *testkit.Clock
}

func eachWorld(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	for _, engine := range testkit.Engines() {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			clock := testkit.NewClock(t, start)
			test(t, &world{t, testkit.Open(t, engine, clock), clock})
		})
	}
}

func actor(id store.PracticeID) store.Actor { return store.Actor{Practice: id, Agent: "test"} }

func practiceID(n int) store.PracticeID {
	return store.PracticeID(fmt.Sprintf("01939a00-0000-7000-8000-%012d", n))
}

func (w *world) change(id store.PracticeID, fn func(ctx context.Context, tx *store.Tx) error) {
	w.Helper()
	ctx := context.Background()
	if err := w.db.Change(ctx, actor(id), func(tx *store.Tx) error { return fn(ctx, tx) }); err != nil {
		w.Fatal(err)
	}
}

func (w *world) view(id store.PracticeID, fn func(ctx context.Context, tx *store.Tx) error) {
	w.Helper()
	ctx := context.Background()
	if err := w.db.View(ctx, actor(id), func(tx *store.Tx) error { return fn(ctx, tx) }); err != nil {
		w.Fatal(err)
	}
}

// add makes a practice with the starter set and clients and appointments from a seed: the same ids in each.
func (w *world) add(n, clients, appointments int) store.PracticeID {
	w.Helper()
	id := practiceID(n)
	w.change(id, func(ctx context.Context, tx *store.Tx) error {
		p := practice.New("Wattle Street Physiotherapy", "AU", "Australia/Melbourne")
		p.ID = id
		if _, err := practice.Add(ctx, tx, p); err != nil {
			return err
		}
		if err := template.AddStarter(ctx, tx, "mail.letterhead.example"); err != nil {
			return err
		}
		if err := AddStarter(ctx, tx); err != nil {
			return err
		}
		for table, columns := range map[string]string{
			"location":     `name, zone, address, phone, directions, reply_to, position, archived_at) VALUES ($1, 'l', 'Main rooms', 'Australia/Melbourne', '', '', '', '', 1, 0`,
			"service":      `name, minutes, mode, archived_at) VALUES ($1, 's', 'Initial consultation', 30, 'in person', 0`,
			"practitioner": `name, member, position, archived_at) VALUES ($1, 'p', 'João Costa', '', 1, 0`,
		} {
			if _, err := tx.Exec(ctx, `DELETE FROM `+table+` WHERE practice = $1`); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, `INSERT INTO `+table+` (practice, id, `+columns+`)`); err != nil {
				return err
			}
		}
		return fill(ctx, tx, rand.New(rand.NewPCG(uint64(n), 7)), clients, appointments)
	})
	return id
}

func clientID(i int) string { return fmt.Sprintf("client-%06d", i) }

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

func fill(ctx context.Context, tx *store.Tx, r *rand.Rand, clients, appointments int) error {
	now := store.Micro(tx.Now)
	var rows [][]any
	for i := range clients {
		archived := int64(0)
		if r.IntN(30) == 0 {
			archived = now
		}
		rows = append(rows, []any{clientID(i), fmt.Sprint(1000 + i), "", "Petra", "Costa", "", " costa petra ", "", "", pick(r, "", "", "", "", "Europe/London", "Asia/Kolkata", "Pacific/Auckland"),
			pick(r, "", "email", "email", "sms", "both", "none"), pick(r, "good", "good", "good", "good", "bad", "none"), pick(r, "good", "good", "good", "bad"), []byte{},
			"", "", "", "", "", "", "", 0, "", 1, now, now, archived})
	}
	if _, err := tx.Bulk(ctx, `INSERT INTO client (practice, id, external, title, first_name, last_name, preferred_name, folded, born, language, zone, reminders, email_state, mobile_state, sealed,
		email_index, local_index, mobile_index, tail4_index, tail5_index, tail6_index, import_sum, import_version, batch, version, created_at, changed_at, archived_at) VALUES`, "", rows); err != nil {
		return err
	}
	if _, err := tx.Bulk(ctx, `INSERT INTO contact (practice, id, client, name, relation, receives, language, zone, email_state, mobile_state, sealed, version, created_at, ended_at) VALUES`, "", [][]any{
		{"contact-1", clientID(0), "Ada Costa", "mother", "both", "", "", "good", "good", []byte{}, 1, now, 0},
		{"contact-2", clientID(1), "Ben Costa", "father", "email", "", "Europe/London", "good", "none", []byte{}, 1, now, 0},
	}); err != nil {
		return err
	}
	home, err := zone.Load("Australia/Melbourne")
	if err != nil {
		return err
	}
	day := zone.DateOf(tx.Now.In(home))
	var books, people [][]any
	for i := range appointments {
		wall := zone.Wall{Date: day.Add(r.IntN(40) - 5), Minute: 7*60 + 15*r.IntN(48)}
		begins := zone.At(wall, home)
		id := fmt.Sprintf("appointment-%06d", i)
		books = append(books, []any{id, fmt.Sprint(50000 + i), "p", "s", "l", "in person", wall.String(), "Australia/Melbourne", store.Micro(begins), store.Micro(begins.Add(30 * time.Minute)), 30,
			pick(r, "booked", "booked", "booked", "booked", "cancelled", "rescheduled"), true, 1, 0, "import", 0, 0, "", "", false, "", 1, "", 1, now, now})
		people = append(people, []any{"attendee-" + id, id, clientID(r.IntN(clients)), pick(r, "not asked", "confirmed"), pick(r, "expected", "expected", "expected", "expected", "expected", "no show", "arrived"), 0})
	}
	if _, err := tx.Bulk(ctx, `INSERT INTO appointment (practice, id, external, practitioner, service, location, mode, wall, zone, starts, ends, minutes, booking, overbooked, generation, booked_at, booked_by,
		moved_at, cancelled_at, cancelled_by, cancel_reason, cancel_late, import_sum, import_version, batch, version, created_at, changed_at) VALUES`, "", books); err != nil {
		return err
	}
	_, err = tx.Bulk(ctx, `INSERT INTO attendee (practice, id, appointment, client, confirmation, attendance, confirmed_at) VALUES`, "", people)
	return err
}

func everyAppointment(ctx context.Context, tx *store.Tx) ([]calendar.ID, error) {
	rows, err := tx.Query(ctx, `SELECT id FROM appointment WHERE practice = $1 ORDER BY id`)
	return store.Collect(rows, err, func(r *store.Rows) (id calendar.ID, err error) { return id, r.Scan(&id) })
}

func (w *world) refresh(id store.PracticeID) {
	w.Helper()
	w.change(id, func(ctx context.Context, tx *store.Tx) error {
		ids, err := everyAppointment(ctx, tx)
		if err != nil {
			return err
		}
		return Refresh(ctx, tx, ids...)
	})
}

// tick gives every practice with something due its turns until nothing is left, as app does.
func (w *world) tick(at time.Time) (total Turned) {
	w.Helper()
	w.clock.Set(at)
	ctx := context.Background()
	for range 10_000 {
		var due []store.PracticeID
		if err := w.db.WholeView(ctx, "find what is due", func(wide *store.Wide) (err error) {
			due, err = NextPractices(ctx, wide, wide.Now, "")
			return err
		}); err != nil {
			w.Fatal(err)
		}
		if len(due) == 0 {
			return total
		}
		for _, id := range due {
			w.change(id, func(ctx context.Context, tx *store.Tx) error {
				done, err := Turn(ctx, tx, TurnLimit)
				total.Queued, total.Dropped, total.Waiting = total.Queued+done.Queued, total.Dropped+done.Dropped, total.Waiting+done.Waiting
				return err
			})
		}
	}
	w.Fatal("the turns do not end")
	return total
}

type sent struct {
	appointment, attendee, recipient, channel, rule string
}

// messages returns when each message was made; more than one of a kind is an error.
func (w *world) messages(id store.PracticeID) map[sent]time.Time {
	w.Helper()
	out := map[sent]time.Time{}
	w.view(id, func(ctx context.Context, tx *store.Tx) error {
		rows, err := tx.Query(ctx, `SELECT appointment, attendee, recipient, channel, subject, created_at FROM message WHERE practice = $1`)
		_, err = store.Collect(rows, err, func(r *store.Rows) (int, error) {
			var s sent
			var at int64
			err := r.Scan(&s.appointment, &s.attendee, &s.recipient, &s.channel, &s.rule, &at)
			if _, twice := out[s]; twice {
				w.Errorf("twice: %+v", s)
			}
			out[s] = store.Instant(at)
			return 0, err
		})
		return err
	})
	return out
}

// planned returns the lines that a filter gives.
func (w *world) planned(id store.PracticeID, f Filter) []Line {
	w.Helper()
	var out []Line
	w.view(id, func(ctx context.Context, tx *store.Tx) error {
		return Lines(ctx, tx, f, func(l Line) error {
			out = append(out, l)
			return nil
		})
	})
	return out
}
