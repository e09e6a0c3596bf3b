package measure_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"letterhead/incident/alarm"
	"letterhead/incident/book"
	"letterhead/incident/measure"
	"letterhead/message"
	"letterhead/practice"
	"letterhead/register"
	"letterhead/store"
	"letterhead/testkit"
)

// world is a database with messages of a suspect version and of others, as an attack leaves them.
type world struct {
	testing.TB
	db  *store.DB
	now time.Time
}

func (w *world) whole(fn func(x *store.Wide) error) {
	w.Helper()
	if err := w.db.Whole(w.Context(), "test", fn); err != nil {
		w.Fatal(err)
	}
}

func (w *world) exec(query string, args ...any) {
	w.Helper()
	w.whole(func(x *store.Wide) error { _, err := x.Exec(w.Context(), query, args...); return err })
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func (w *world) practice(id store.PracticeID) {
	w.Helper()
	err := w.db.Change(w.Context(), store.Actor{Practice: id, Agent: "test"}, func(tx *store.Tx) error {
		_, err := practice.Add(w.Context(), tx, practice.New("Practice "+string(id), "AU", "Australia/Melbourne"))
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
}

// messages adds rows of one kind and state, made a second apart from an instant.
func (w *world) messages(p store.PracticeID, from, count int, version string, state message.State, at time.Time, left bool) {
	w.Helper()
	err := w.db.Change(w.Context(), store.Actor{Practice: p, Agent: "test"}, func(tx *store.Tx) error {
		rows := make([][]any, count)
		for i := range rows {
			made := at.Add(time.Duration(i) * time.Second)
			gone := int64(0)
			if left {
				gone = store.Micro(made.Add(time.Second))
			}
			rows[i] = []any{fmt.Sprintf("m%06d", from+i), "rule", "email", "appointments", "reminder", "v-" + version, digest(version), "en", "", "", 1, fmt.Sprintf("c%d", (from+i)/2), "r", "",
				string(state), store.Micro(made), store.Micro(made.Add(time.Hour)), store.Micro(made), gone, store.Micro(made)}
		}
		_, err := tx.Bulk(w.Context(), `INSERT INTO message (practice, id, kind, channel, purpose, subject, wording_version, digest, language, appointment, attendee, generation, client, recipient, basis,
			state, turn, not_after, created_at, left_at, changed_at) VALUES`, "", rows)
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) held(p store.PracticeID, id, detail string, number int, step string) {
	w.exec(`INSERT INTO message_step (practice, message, number, at, step, reason, detail) VALUES ($1, $2, $3, $4, $5, 'frozen', $6)`, string(p), id, number, store.Micro(w.now.Add(time.Duration(number)*time.Minute)), step, detail)
}

func figure(t testing.TB, of map[store.PracticeID][]book.Figure, p store.PracticeID, name string) book.Figure {
	t.Helper()
	for _, f := range of[p] {
		if f.Name == name {
			return f
		}
	}
	t.Fatalf("%q has no figure %s", p, name)
	return book.Figure{}
}

// Every figure, and each again by another query.
func TestFiguresAreCountedTwice(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, db *store.DB) {
		w := &world{t, db, db.Now().Add(-2 * time.Hour)}
		for _, p := range []store.PracticeID{"p", "q", "r"} { // the same ids in each
			w.practice(p)
			w.messages(p, 100, 9, "good", message.Sent, w.now, true)
			w.messages(p, 200, 4, "good", message.Held, w.now, false)
		}
		for _, p := range []store.PracticeID{"p", "q"} {
			w.messages(p, 300, 6, "bad", message.Sent, w.now, true)
			w.messages(p, 400, 5, "bad", message.Held, w.now, false)
			w.messages(p, 500, 3, "bad", message.Dropped, w.now, false)
		}
		w.messages("p", 600, 2, "bad", message.MaybeSent, w.now, true)
		w.messages("p", 700, 4, "bad", message.Sent, w.now.Add(-48*time.Hour), true) // before the window
		stops := []message.Stop{
			{Practice: "p", ID: "s1", Scope: message.StopVersion, Subject: digest("bad"), Reason: "x", Who: alarm.BreakerWho, At: w.now.Add(3 * time.Second)},
			{Practice: "q", ID: "s1", Scope: message.StopVersion, Subject: digest("bad"), Reason: "x", Who: alarm.BreakerWho, At: w.now.Add(4 * time.Second)},
			{Practice: "q", ID: "s2", Scope: message.StopPractice, Reason: "x", Who: "ana", At: w.now.Add(time.Minute)}}
		for _, p := range []store.PracticeID{"p", "q"} {
			w.exec(`INSERT INTO wording (practice, id, key, name, current, archived_at, signed) VALUES ($1, 'w', '', 'Reminder', 'v-bad', 0, 'v-bad')`, string(p))
			w.exec(`INSERT INTO wording_version (practice, id, wording, number, digest, content, made_by, made_at) VALUES ($1, 'v-bad', 'w', 1, $2, $3, '01a2-eve', 1)`, string(p), digest("bad"), []byte("{}"))
			for i := range 5 {
				w.held(p, fmt.Sprintf("m%06d", 400+i), stops[0].Part(), 1, "held")
			}
		}
		for i := range 4 { // honest ones of q, held by the practice's stop; half of them went on
			w.held("q", fmt.Sprintf("m%06d", 200+i), "practice", 1, "held")
			w.held("r", fmt.Sprintf("m%06d", 200+i), "practice", 1, "held") // another stop's
			if i < 2 {
				w.held("q", fmt.Sprintf("m%06d", 200+i), "", 2, "queued")
				w.exec(`UPDATE message SET state = 'sent' WHERE practice = 'q' AND id = $1`, fmt.Sprintf("m%06d", 200+i))
			}
		}
		for i, route := range []string{"POST /orders/new", "POST /clients", "GET /clients"} {
			w.exec(`INSERT INTO route_use (practice, id, at, route, status, member, session, credential, address, lost) VALUES ('p', $1, $2, $3, 200, '01a2-eve', 's-eve', '', 'net', 0)`,
				fmt.Sprint(i), store.Micro(w.now), route)
		}
		w.exec(`INSERT INTO look (practice, id, at, last, times, member, agent, credential, session, address, route, purpose, fields, shown, sum) VALUES ('p', 'l1', $1, $1, 1, '01a2-eve', '', '', 's-eve', 'net', 'POST /clients', 'search', 'email,name', 2, 'x')`, store.Micro(w.now))
		for _, c := range []string{"c1", "c2"} {
			w.exec(`INSERT INTO look_client (practice, client, at, look, fields) VALUES ('p', $1, $2, 'l1', 'email,name')`, c, store.Micro(w.now))
		}
		var c book.Case
		w.whole(func(x *store.Wide) (err error) {
			if err := message.PutStops(t.Context(), x, stops...); err != nil {
				return err
			}
			c, _, err = book.Raise(t.Context(), x, book.Opening{Kind: book.Person, By: "ana", From: w.now.Add(-time.Hour), Facts: book.Facts{Title: "Prize-draw mails"}, Stops: stops})
			return err
		})
		of, err := measure.Measurer{DB: db}.Run(t.Context(), c.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range []struct {
			practice store.PracticeID
			name     string
			words    string
		}{
			{"", "practices", "2"}, {"", "messages", "30"}, {"", "messages_left", "12 (estimate, 12 to 14)"}, {"p", "messages_left", "6 (estimate, 6 to 8)"}, {"q", "messages_left", "6"}, {"", "messages_held", "10"},
			{"", "messages_recalled", "6"}, {"", "messages_waiting", "none"}, {"", "messages_refused", "none"}, {"q", "clients", "8"}, {"p", "clients", "9"}, {"", "honest_caught", "4"}, {"", "honest_released", "2"}, {"p", "honest_caught", "none"},
			{"", "first_bad_at", w.now.Add(time.Second).Format(time.RFC3339Nano)}, {"q", "last_bad_at", w.now.Add(6 * time.Second).Format(time.RFC3339Nano)},
			{"", "detected_at", w.now.Add(3 * time.Second).Format(time.RFC3339Nano)}, {"", "detected_after_ms", "2000"}, {"q", "detected_after_ms", "3000"}, {"q", "contained_after_ms", "5000"},
			{"", "rules", "1: reminder"}, {"", "orders", "none"}, {"p", "sessions", "1: s-eve"}, {"p", "members", "1: 01a2-eve"}, {"p", "endpoints", "2: POST /clients, POST /orders/new"}, {"p", "addresses", "1: net"},
			{"p", "personal_data_clients", "2"}, {"p", "personal_data_fields", "2: email, name"}, {"q", "personal_data_clients", "unknown"}, {"q", "endpoints", "unknown"}, {"", "fields_merged", "unknown"}, {"", "credentials", "none"},
		} {
			if f := figure(t, of, x.practice, x.name); f.Words() != x.words {
				t.Errorf("%q %s is %s, not %s (%s)", x.practice, x.name, f.Words(), x.words, f.Note)
			}
		}
		w.again(c, of)
		if of["r"] != nil {
			t.Errorf("a practice that it does not concern has figures: %v", of["r"])
		}
		for p, list := range of {
			for _, f := range list {
				if f.State == register.Unknown && f.Note == "" {
					t.Errorf("%q %s is unknown without a reason", p, f.Name)
				}
				if f.State == register.Exact && f.Number == 0 && f.At.IsZero() && !strings.HasSuffix(f.Name, "_ms") {
					t.Errorf("%q %s is an exact 0", p, f.Name)
				}
			}
		}
	})
}

// again counts in Go, over all rows, what Run counted by sets.
func (w *world) again(c book.Case, of map[store.PracticeID][]book.Figure) {
	w.Helper()
	counts, clients := map[string]int64{}, map[string]bool{}
	w.whole(func(x *store.Wide) error {
		rows, err := x.Query(w.Context(), `SELECT practice, client, digest, state, created_at FROM message`)
		_, err = store.Collect(rows, err, func(r *store.Rows) (none struct{}, err error) {
			var p, client, version, state string
			var made int64
			if err = r.Scan(&p, &client, &version, &state, &made); err != nil || version != digest("bad") || store.Instant(made).Before(c.From) {
				return none, err
			}
			counts["messages"]++
			counts[map[string]string{"held": "messages_held", "dropped": "messages_recalled", "sent": "messages_left"}[state]]++
			clients[p+" "+client] = true
			return none, nil
		})
		return err
	})
	counts["clients"] = int64(len(clients))
	for _, name := range []string{"messages", "messages_held", "messages_recalled", "messages_left", "clients"} {
		if f := figure(w, of, "", name); f.Number != counts[name] {
			w.Errorf("%s is %d, and counted again %d", name, f.Number, counts[name])
		}
	}
}

// A stop of a whole practice says nothing of which messages are bad: nothing is 0 then.
func TestWhatNobodySaidIsUnknown(t *testing.T) {
	t.Parallel()
	db := testkit.Open(t, testkit.Engines()[0], nil)
	w := &world{t, db, db.Now().Add(-time.Hour)}
	w.practice("p")
	w.messages("p", 0, 5, "good", message.Sent, w.now, true)
	var c book.Case
	w.whole(func(x *store.Wide) (err error) {
		stop := message.Stop{Practice: "p", ID: "s1", Scope: message.StopPractice, Reason: "x", Who: "ana", At: w.now}
		c, _, err = book.Raise(t.Context(), x, book.Opening{Kind: book.Person, By: "ana", Facts: book.Facts{Title: "Something"}, Stops: []message.Stop{stop}})
		return err
	})
	of, err := measure.Measurer{DB: db}.Run(t.Context(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"messages", "messages_left", "clients", "practices", "first_bad_at", "personal_data_clients", "link_hosts", "detected_after_ms"} {
		if f := figure(t, of, "", name); f.State != register.Unknown || f.Note == "" {
			t.Errorf("%s: %s (%s)", name, f.Words(), f.Note)
		}
	}
}

// Messages of the window are found along an index that begins with the practice.
func TestThePlanUsesIndexes(t *testing.T) {
	t.Parallel()
	db := testkit.Open(t, testkit.Engines()[0], nil)
	err := db.WholeView(t.Context(), "plan", func(x *store.Wide) error {
		plan, err := x.Plan(t.Context(), measure.Fates, "i", int64(1), int64(2))
		if err == nil && (strings.Contains(plan, "SCAN m") || !strings.Contains(plan, "SEARCH m USING INDEX message_recent (practice=? AND created_at>? AND created_at<?)")) {
			t.Error(plan)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// BenchmarkRun measures over LETTERHEAD_MESSAGES messages of 1,000 practices (20,000 where nothing is said), 5 in 100 of them bad, all of them in the window.
func BenchmarkRun(b *testing.B) {
	count := 20_000
	if text := os.Getenv("LETTERHEAD_MESSAGES"); text != "" {
		if _, err := fmt.Sscan(text, &count); err != nil {
			b.Fatal(err)
		}
	}
	db := testkit.Open(b, testkit.Engines()[0], nil)
	w := &world{b, db, db.Now().Add(-20 * time.Hour)}
	const practices = 1000
	var stops []message.Stop
	for i := range practices {
		p := store.PracticeID(fmt.Sprintf("p%04d", i))
		w.practice(p)
		each := count / practices
		w.messages(p, 0, each*95/100, "good", message.Sent, w.now, true)
		w.messages(p, each, each-each*95/100, "bad", message.Sent, w.now, true)
		stops = append(stops, message.Stop{Practice: p, ID: "s1", Scope: message.StopVersion, Subject: digest("bad"), Reason: "x", Who: alarm.BreakerWho, At: w.now})
		w.exec(`INSERT INTO wording (practice, id, key, name, current, archived_at, signed) VALUES ($1, 'w', '', 'Reminder', 'v-bad', 0, 'v-bad')`, string(p))
		w.exec(`INSERT INTO wording_version (practice, id, wording, number, digest, content, made_by, made_at) VALUES ($1, 'v-bad', 'w', 1, $2, $3, 'import', 1)`, string(p), digest("bad"), []byte("{}"))
	}
	var c book.Case
	w.whole(func(x *store.Wide) (err error) {
		c, _, err = book.Raise(context.Background(), x, book.Opening{Kind: book.Person, By: "ana", Facts: book.Facts{Title: "Prize-draw mails"}, Stops: stops})
		return err
	})
	for b.Loop() {
		of, err := measure.Measurer{DB: db}.Run(b.Context(), c.ID)
		if err != nil {
			b.Fatal(err)
		}
		if f := figure(b, of, "", "messages"); f.Number != int64(count/20) {
			b.Fatalf("%s bad messages", f.Words())
		}
	}
}
