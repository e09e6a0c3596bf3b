package courier_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"letterhead/approval"
	"letterhead/courier/breaker"
	"letterhead/courier/socket"
	"letterhead/message"
	"letterhead/store"
	"letterhead/testkit"
	"letterhead/testkit/sink"
	"letterhead/wording"
)

// Each scope holds what it says and nothing beside it, says so in the step, and lets go, when it is lifted, exactly what it held.
func TestEachScopeHoldsItsOwn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		s := listen(t, sink.SMTPOptions{})
		o := w.options(relayTo(s.Address()))
		linked := plainVersion(domainOf("a"), wording.Transactional)
		page := wording.Button("How to find us", wording.Target{Kind: wording.ToURL, URL: "https://" + domainOf("a") + "/find-us"})
		linked.Languages[0].Blocks = slices.Insert(linked.Languages[0].Blocks, 1, page)
		w.version("a", wording.Transactional, linked)
		newsletter := func(i *message.Intent) {
			i.Purpose, i.Version, i.Digest = message.Marketing, string(wording.Marketing), w.digests[wording.Marketing]["a"]
		}
		for _, c := range []struct {
			scope   message.Scope
			subject string
			both    bool // the newsletter too
		}{
			{message.StopPractice, "", true},
			{message.StopRule, ruleOf[wording.Transactional], false},
			{message.StopWording, string(wording.Transactional), false},
			{message.StopVersion, w.digests[wording.Transactional]["a"], false},
			{message.StopHost, "portal.example", false},
			{message.StopText, textOf(w), false},
			{message.StopLink, linkOf(w), false},
			{message.StopLink, linkOf(w) + "-other", false},
			{message.StopMember, "ana", false}, // who signed the rules: they are the practice's
		} {
			before := s.Count()
			name := string(c.scope) + c.subject[max(0, len(c.subject)-5):]
			w.change("a", func(tx *store.Tx) error {
				_, err := message.FreezeOnly(t.Context(), tx, c.scope, c.subject, "test")
				return err
			})
			w.queue("a", name+"r", 2, nil)
			w.queue("a", name+"n", 1, newsletter)
			w.queue("b", name+"r", 1, nil)
			w.drain(o)
			held, want := "queued · held/frozen/"+strings.TrimSpace(string(c.scope)+" "+c.subject), 2
			if c.both {
				want = 1
			}
			if c.scope == message.StopMember || c.scope == message.StopHost && !leads(w, c.subject) || strings.HasSuffix(c.subject, "-other") {
				want = 4
				held = "queued · leaving · sent//250 2.0.0"
			}
			if got := w.timeline("a", message.ID(name+"r0")); got != held || s.Count()-before != want {
				t.Errorf("%s: %s; %d arrived, want %d", name, got, s.Count()-before, want)
			}
			w.drain(o)
			if got := w.timeline("a", message.ID(name+"r0")); got != held {
				t.Errorf("%s, looked at again: %s", name, got)
			}
			w.lift("a")
			w.drain(o)
			if s.Count()-before != 4 {
				t.Errorf("%s: %d of 4 arrived after it was lifted", name, s.Count()-before)
			}
		}
	})
}

// reminder is the version of the reminders of practice a.
func reminder(w *world) *wording.Version {
	v, _, err := wording.DecodeCanonical(w.source.versions["a/"+string(wording.Transactional)])
	if err != nil {
		w.t.Fatal(err)
	}
	return v
}

func textOf(w *world) string { return breaker.TextOfWording(&reminder(w).Languages[0]).Hex() }

func linkOf(w *world) string { return reminder(w).Links()[0] }

// leads tells whether the reminder's links lead to a host.
func leads(w *world, host string) bool {
	compiled, err := wording.Compile(reminder(w), "en-AU")
	if err != nil {
		w.t.Fatal(err)
	}
	return strings.Contains(fmt.Sprint(compiled.Hosts()), host)
}

// A lift counts for the very stop, epoch and words that were signed, in its own practice, and one stop's end leaves the other.
func TestALiftIsOfOneStop(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		s := listen(t, sink.SMTPOptions{})
		o := w.options(relayTo(s.Address()))
		var whole, rule message.Stop
		w.change("a", func(tx *store.Tx) (err error) {
			if whole, err = message.FreezeOnly(t.Context(), tx, message.StopPractice, "", "phishing"); err != nil {
				return err
			}
			rule, err = message.FreezeOnly(t.Context(), tx, message.StopRule, ruleOf[wording.Transactional], "wrong time")
			return err
		})
		w.queue("a", "m", 2, nil)
		w.drain(o)
		signed := func(p store.PracticeID, id, words string, epoch int64) {
			t.Helper()
			w.sign(p, func(s *approval.State) []*approval.Statement {
				x := s.Draft(approval.KindLift, id, "ana")
				x.Body.Lift = &approval.LiftBody{Epoch: epoch, Scope: words}
				return []*approval.Statement{x}
			})
			w.whole(func(tx *store.Wide) error {
				_, err := tx.Exec(t.Context(), `UPDATE freeze_entry SET lifted_at = 5, lifted_by = 'ana'`)
				return err
			})
			w.drain(o)
		}
		signed("b", whole.ID, whole.Words(), 1) // by another practice
		signed("a", rule.ID, "messages of the rule newsletter", 1)
		if s.Count() != 0 {
			t.Fatalf("%d left on a lift of something else", s.Count())
		}
		signed("a", whole.ID, whole.Words(), 1)
		if s.Count() != 0 || w.states("a")[message.Held] != 2 {
			t.Fatalf("%d left though the rule is stopped; %v", s.Count(), w.states("a"))
		}
		if got := w.timeline("a", "m0"); !strings.HasSuffix(got, "held/frozen/rule "+ruleOf[wording.Transactional]) {
			t.Errorf("m0: %s", got)
		}
		w.change("a", func(tx *store.Tx) error {
			open, err := message.Frozen(t.Context(), tx)
			if len(open) != 1 || open[0].Scope != message.StopRule || open[0].Subject != rule.Subject {
				t.Errorf("open: %+v", open)
			}
			return err
		})
		// A row that says something else than what was stopped would have its people sign the wrong words.
		w.whole(func(tx *store.Wide) error {
			_, err := tx.Exec(t.Context(), `UPDATE freeze_entry SET part = 'letter', subject = 'none' WHERE lifted_at = 0`)
			return err
		})
		w.drain(o)
		w.lift("a")
		w.drain(o)
		if s.Count() != 2 {
			t.Errorf("%d arrived after the right lift", s.Count())
		}
	})
}

// A practice whose approvals cannot be read keeps its stops; another one's end as they should.
func TestOnePracticesDamagedChainHoldsUpNoLift(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		s := listen(t, sink.SMTPOptions{})
		o := w.options(relayTo(s.Address()))
		for _, p := range []store.PracticeID{"a", "b"} {
			w.change(p, func(tx *store.Tx) error {
				_, err := message.FreezeOnly(t.Context(), tx, message.StopPractice, "", "phishing")
				return err
			})
			w.queue(p, "m", 2, nil)
		}
		w.drain(o)
		w.lift("a")
		w.lift("b")
		w.whole(func(tx *store.Wide) error {
			n, err := tx.Exec(t.Context(), `UPDATE approval SET entry = substr(entry, 2) WHERE practice = 'b' AND position = 2`)
			if n != 1 {
				t.Errorf("%d entries were damaged", n)
			}
			return err
		})
		w.drain(o)
		if a, b := w.states("a"), w.states("b"); a[message.Sent] != 2 || b[message.Held] != 2 || s.Count() != 2 {
			t.Errorf("a %v, b %v", a, b)
		}
	})
}

// The socket stops when the database cannot: it is noted in the journal, said in the answer, and written into the database when there is one again.
func TestTheSocketStopsWithoutTheDatabase(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		s := listen(t, sink.SMTPOptions{})
		o := w.options(relayTo(s.Address()))
		w.queue("a", "before", 3, nil)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 2)
		for range 2 {
			c := w.courier(o)
			go func() { ended <- c.Run(ctx) }()
		}
		if err := s.Wait(t.Context(), 3); err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(time.Minute); w.states("a")[message.Sent] != 3; time.Sleep(10 * time.Millisecond) { // the couriers' own pace
			if time.Now().After(deadline) {
				t.Fatalf("%v", w.states("a"))
			}
		}
		rename := func(from, to string) {
			if strings.HasSuffix(t.Name(), string(testkit.SQLite)) { // a courier's role of PostgreSQL may not
				w.whole(func(tx *store.Wide) error {
					_, err := tx.Exec(t.Context(), `ALTER TABLE `+from+` RENAME TO `+to)
					return err
				})
			}
		}
		rename("freeze_entry", "freeze_gone")
		request := socket.Request{Do: socket.Stop, ID: "told", Practice: "a", Scope: "rule", Subject: ruleOf[wording.Transactional], Reason: "phishing"}
		answers, err := socket.Ask(t.Context(), w.folder, request)
		if err != nil || len(answers) != 2 {
			t.Fatalf("answers %+v %v", answers, err)
		}
		for _, a := range answers {
			if a.Error != "" || a.Stops != 1 || len(a.Stopped) != 1 || a.Stopped[0].ID != "told" || a.Handed != 3 || len(a.Begun) != 3 || a.Begun[0].State != "sent" {
				t.Errorf("answer %+v", a)
			}
		}
		if bad, err := socket.Ask(t.Context(), w.folder, socket.Request{Do: socket.Stop, Scope: "rule", Subject: "x", Reason: "y"}); err != nil || bad[0].Error == "" {
			t.Errorf("a stop of no practice: %+v %v", bad, err)
		}
		rename("freeze_gone", "freeze_entry")
		w.queue("a", "after", 2, nil)
		w.queue("b", "after", 1, nil)
		if err := s.Wait(t.Context(), 4); err != nil { // b's
			t.Fatal(err)
		}
		cancel()
		for range 2 {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
		w.drain(o)
		if s.Count() != 4 {
			t.Errorf("%d arrived", s.Count())
		}
		w.change("a", func(tx *store.Tx) error {
			open, err := message.Frozen(t.Context(), tx)
			if len(open) != 1 || open[0].ID != "told" || open[0].Reason != "phishing" || open[0].Words() != "messages of the rule "+ruleOf[wording.Transactional] {
				t.Errorf("the pages see %+v", open)
			}
			return err
		})
		w.lift("a")
		w.drain(o)
		if s.Count() != 6 {
			t.Errorf("%d arrived after the lift", s.Count())
		}
	})
}
