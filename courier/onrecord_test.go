package courier_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"letterhead/approval"
	"letterhead/courier"
	"letterhead/courier/journal"
	"letterhead/courier/trust"
	"letterhead/ledger"
	"letterhead/ledger/leaf"
	"letterhead/message"
	"letterhead/store"
	"letterhead/testkit"
	"letterhead/testkit/sink"
)

// story is a practice's leaves in one line: m a message, F and L a stop and its lift, I an incident.
func (w *world) story(p store.PracticeID) string {
	w.t.Helper()
	var out strings.Builder
	err := w.db.WholeView(context.Background(), "test", func(x *store.Wide) error {
		if _, err := ledger.Audit(context.Background(), x); err != nil {
			return err
		}
		return ledger.Since(context.Background(), x, p, 0, 1000, func(_ ledger.Stored, l *leaf.Leaf) error {
			switch b := l.Body.(type) {
			case *leaf.Message:
				out.WriteString("m")
			case *leaf.Event:
				out.WriteString(map[leaf.Kind]string{leaf.KindFreeze: "F", leaf.KindLift: "L", leaf.KindIncident: "I"}[b.Of])
			}
			return nil
		})
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return out.String()
}

// A stop is on record, and its lift before anything goes on: a practice's, one of a part, and the operator's of everything.
func TestStopsAndTheirLiftsAreOnRecord(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		s := listen(t, sink.SMTPOptions{})
		root, err := trust.Read(w.folder)
		if err != nil {
			t.Fatal(err)
		}
		again := func(prefix string) {
			t.Helper()
			for _, p := range []store.PracticeID{"a", "b"} {
				w.queue(p, prefix, 1, nil)
			}
			process := w.courier(w.options(relayTo(s.Address()))) // it knows nothing of before
			if err := process.Drain(t.Context(), w.db.Now()); err != nil && !strings.Contains(err.Error(), "stopped") {
				t.Fatal(err)
			}
			if err := process.Close(); err != nil {
				t.Fatal(err)
			}
		}
		freeze := func(scope message.Scope, subject string) {
			w.change("a", func(tx *store.Tx) error {
				_, err := message.FreezeOnly(context.Background(), tx, scope, subject, "a test")
				return err
			})
		}
		again("m")
		freeze(message.StopPractice, "")
		again("n")
		w.lift("a")
		again("o")
		freeze(message.StopHost, "prize.example")
		again("p")
		if err := journal.NoteStop(courier.JournalFolder(w.folder), root.Installation, 1, journal.Stop{ID: "everything", Scope: "platform"}); err != nil {
			t.Fatal(err)
		}
		again("q")
		if _, err := journal.LiftPlatform(courier.JournalFolder(w.folder), root.Installation, 1); err != nil {
			t.Fatal(err)
		}
		again("r")
		if got := w.story("a"); got != "mFLmmFmFLmm" {
			t.Errorf("a: %s", got)
		}
		if got := w.story("b"); got != "mmmmFLmm" {
			t.Errorf("b: %s", got)
		}
		if got := w.story(""); got != "FL" {
			t.Errorf("the platform: %s", got)
		}
		if r := w.verified("a", 6); r.Stops != 3 || len(r.Stopped) != 1 || r.Stopped[0] != "host" {
			t.Errorf("%+v", r)
		}
		if r := w.verified("b", 6); r.Stops != 1 || len(r.Stopped) != 0 {
			t.Errorf("%+v", r)
		}
	})
}

// A stop whose row says what no leaf can holds, and keeps no other off the record.
func TestAStrangeStopKeepsNoOtherOffTheRecord(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		s := listen(t, sink.SMTPOptions{})
		for _, p := range []store.PracticeID{"a", "b"} {
			w.queue(p, "m", 1, nil)
		}
		w.drain(w.options(relayTo(s.Address())))
		w.change("a", func(tx *store.Tx) error {
			_, err := tx.Exec(t.Context(), `INSERT INTO freeze_entry (practice, id, scope, part, subject, reason, who, at, lifted_at, lifted_by)
				VALUES ($1, $2, 'practice', '', '', 'x', 'x', 1, 0, '')`, strings.Repeat("x", 100))
			return err
		})
		w.change("b", func(tx *store.Tx) error {
			_, err := message.FreezeOnly(t.Context(), tx, message.StopPractice, "", "phishing")
			return err
		})
		for _, p := range []store.PracticeID{"a", "b"} {
			w.queue(p, "n", 1, nil)
		}
		w.drain(w.options(relayTo(s.Address())))
		if a, b := w.story("a"), w.story("b"); s.Count() != 2 || a != "m" || b != "mF" {
			t.Errorf("%d left; a %s, b %s", s.Count(), a, b)
		}
	})
}

// What became of an incident is on record with the courier's next look, once, whether anything leaves or not, and a courier that begins knows it.
func TestAnIncidentIsOnRecord(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		s := listen(t, sink.SMTPOptions{})
		w.queue("a", "m", 1, nil)
		w.drain(w.options(relayTo(s.Address())))
		for _, word := range []string{leaf.Opened, leaf.Closed} {
			w.whole(func(x *store.Wide) error {
				return ledger.Want(context.Background(), x, ledger.Incident{Practice: "a", ID: "i", Word: word, At: x.Now, Digest: leaf.Hash{1}})
			})
			w.drain(w.options(relayTo(s.Address())))
			w.drain(w.options(relayTo(s.Address())))
		}
		w.queue("b", "m", 1, nil)
		w.drain(w.options(relayTo(s.Address())))
		if a, b := w.story("a"), w.story("b"); a != "mII" || b != "m" {
			t.Errorf("a: %s, b: %s", a, b)
		}
		if r := w.verified("a", 1); r.Incidents != 1 || len(r.Unsettled) != 0 {
			t.Errorf("%+v", r)
		}
	})
}

// What a stop of one letter held cannot go any more once it was withdrawn, or a day after it ran out: then the stop ends, on record with what had ended.
func TestAStopThatHoldsNothingAnyMoreIsLiftedOnRecord(t *testing.T) {
	t.Parallel()
	for _, engine := range testkit.Engines() {
		t.Run(string(engine), func(t *testing.T) {
			clock := testkit.NewClock(t, "2026-11-02T10:00:00Z")
			w := newWorld(t, testkit.Open(t, engine, clock), "a", "b")
			s := listen(t, sink.SMTPOptions{})
			o := w.options(relayTo(s.Address()))
			var sum approval.Digest
			w.sign("a", func(s *approval.State) (out []*approval.Statement) {
				for subject, lasts := range map[string]time.Duration{"old": time.Hour, "new": 48 * time.Hour, "taken-back": 48 * time.Hour} {
					x := s.Draft(approval.KindLetter, subject, "ana")
					x.Digest, x.Expires = approval.Digest{1}, approval.At(clock.Now().Add(lasts))
					x.Body.Letter = &approval.LetterBody{Channel: "email", Client: "c", Recipient: "index"}
					if subject == "taken-back" {
						digest, err := x.Sum()
						if err != nil {
							t.Fatal(err)
						}
						sum = digest
					}
					out = append(out, x)
				}
				return out
			})
			for _, subject := range []string{"old", "new", "taken-back"} {
				w.change("a", func(tx *store.Tx) error {
					_, err := message.FreezeOnly(context.Background(), tx, message.StopLetter, subject, "a test")
					return err
				})
			}
			w.queue("a", "m", 1, nil)
			w.drain(o)
			w.sign("a", func(s *approval.State) []*approval.Statement {
				return []*approval.Statement{s.Draft(approval.KindWithdraw, sum.String(), "ana")}
			})
			clock.Pass(22 * time.Hour)
			w.queue("a", "n", 1, nil)
			w.drain(o)
			if got := w.story("a"); got != "mFFFLm" { // what a signature took back needs no stop
				t.Errorf("before their day is over: %s", got)
			}
			clock.Pass(4 * time.Hour)
			w.queue("a", "o", 1, nil)
			w.drain(o)
			if r := w.verified("a", 3); r.Stops != 3 || len(r.Stopped) != 1 {
				t.Errorf("%d stops, not lifted: %v, %s", r.Stops, r.Stopped, w.story("a"))
			}
			root, err := trust.Read(w.folder)
			if err != nil {
				t.Fatal(err)
			}
			open, err := journal.ReadStops(courier.JournalFolder(w.folder), root.Installation, root.Epoch)
			if err != nil || len(open) != 1 || open[0].Subject != "new" {
				t.Errorf("the journal has %+v, %v", open, err)
			}
		})
	}
}
