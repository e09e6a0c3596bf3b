package message_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"letterhead/message"
	"letterhead/store"
	"letterhead/testkit"
)

func TestAStopIsChecked(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		stop  message.Stop
		field string // "" for none
	}{
		{message.Stop{Practice: "p", Scope: message.StopPractice, Reason: "phishing"}, ""},
		{message.Stop{Scope: message.StopPlatform, Reason: "phishing"}, ""},
		{message.Stop{Practice: "p", Scope: message.StopRule, Subject: "reminder-7-days", Reason: "wrong"}, ""},
		{message.Stop{Scope: message.StopHost, Subject: "prize.example", Reason: "wrong"}, ""},
		{message.Stop{Practice: "p", Scope: message.StopPractice}, "reason"},
		{message.Stop{Practice: "p", Scope: message.StopPractice, Reason: strings.Repeat("x", 301)}, "reason"},
		{message.Stop{Practice: "p", Scope: message.StopPractice, Reason: "two\nlines"}, "reason"},
		{message.Stop{Practice: "p", Scope: message.StopPlatform, Reason: "x"}, "scope"},
		{message.Stop{Scope: message.StopPractice, Reason: "x"}, "scope"},
		{message.Stop{Practice: "p", Scope: "sender", Subject: "x", Reason: "x"}, "scope"},
		{message.Stop{Scope: message.StopRule, Subject: "x", Reason: "x"}, "practice"},
		{message.Stop{Practice: "p", Scope: message.StopRule, Reason: "x"}, "subject"},
		{message.Stop{Practice: "p", Scope: message.StopPractice, Subject: "x", Reason: "x"}, "subject"},
		{message.Stop{Practice: "p", Scope: message.StopHost, Subject: "https://prize.example", Reason: "x"}, "subject"},
		{message.Stop{Practice: "p", Scope: message.StopHost, Subject: "Prize.example", Reason: "x"}, "subject"},
	} {
		err := c.stop.Check()
		if got := fmt.Sprint(err); (err == nil) != (c.field == "") || err != nil && !strings.HasPrefix(got, c.field) {
			t.Errorf("%+v: %v", c.stop, err)
		}
	}
}

// Stops of parts: each of its own practice, once each, written down again when their row was deleted or lifted by nobody.
func TestStopsOfParts(t *testing.T) {
	testkit.Each(t, func(t *testing.T, db *store.DB) {
		practices(t, db, "p", "q")
		var stop, again message.Stop
		change(t, db, "p", func(tx *store.Tx) (err error) {
			if stop, err = message.FreezeOnly(t.Context(), tx, message.StopRule, "reminder", "wrong time"); err != nil {
				return err
			}
			if again, err = message.FreezeOnly(t.Context(), tx, message.StopRule, "reminder", "still wrong"); err != nil {
				return err
			}
			_, err = message.FreezeOnly(t.Context(), tx, message.StopHost, "prize.example", "a link")
			return err
		})
		if stop.ID != again.ID || again.Reason != "wrong time" {
			t.Errorf("stopped twice: %+v, %+v", stop, again)
		}
		gone := message.Stop{Practice: "q", ID: stop.ID, Scope: message.StopPractice, Reason: "told by the socket", Who: "socket", At: db.Now()}
		whole(t, db, func(w *store.Wide) error { return message.PutStops(t.Context(), w, stop, gone) })
		change(t, db, "p", func(tx *store.Tx) error {
			if n, err := message.Lift(t.Context(), tx, stop.ID); err != nil || n != 1 {
				t.Errorf("lifted %d %v", n, err)
			}
			open, err := message.Frozen(t.Context(), tx)
			ended, err2 := message.Lifted(t.Context(), tx, 10)
			if len(open) != 1 || open[0].Words() != "messages with links to prize.example" || len(ended) != 1 || ended[0].ID != stop.ID {
				t.Errorf("open %+v, ended %+v, %v", open, ended, err2)
			}
			return err
		})
		whole(t, db, func(w *store.Wide) error {
			all, err := message.Stops(t.Context(), w, stop.ID)
			if len(all) != 3 || !slices.ContainsFunc(all, func(s message.Stop) bool {
				return s.Practice == "q" && s.Scope == message.StopPractice && s.LiftedAt.IsZero()
			}) {
				t.Errorf("all %+v", all)
			}
			return err
		})
		whole(t, db, func(w *store.Wide) error { return message.PutStops(t.Context(), w, stop) })
		change(t, db, "p", func(tx *store.Tx) error {
			open, err := message.Frozen(t.Context(), tx)
			if len(open) != 2 {
				t.Errorf("put back: %+v", open)
			}
			return err
		})
	})
}

// What a stop held goes on when it is lifted; what another one holds stays, without a step more.
func TestRequeueButWhatIsStillStopped(t *testing.T) {
	testkit.Each(t, func(t *testing.T, db *store.DB) {
		practices(t, db, "p", "q")
		for _, p := range []store.PracticeID{"p", "q"} {
			change(t, db, p, func(tx *store.Tx) error {
				_, err := message.Queue(t.Context(), tx, []message.Intent{intent("a", tx.Now), intent("b", tx.Now), intent("c", tx.Now)})
				return err
			})
			whole(t, db, func(w *store.Wide) error {
				_, err := message.Lease(t.Context(), w, "courier", []store.PracticeID{"p", "q"}, w.Now.Add(time.Minute))
				if err != nil {
					return err
				}
				held := func(id message.ID, detail string) message.Outcome {
					return message.Outcome{Practice: p, ID: id, State: message.Held, Reason: message.ReasonFrozen, Detail: detail}
				}
				return message.Mark(t.Context(), w, "courier", []message.Outcome{held("a", "rule one"), held("b", "rule two"), held("c", "rule one")})
			})
		}
		for _, c := range []struct {
			open []string
			want int64
		}{{[]string{"rule one", "rule two"}, 0}, {[]string{"rule two"}, 2}, {nil, 1}, {nil, 0}} {
			whole(t, db, func(w *store.Wide) error {
				n, err := message.RequeueBut(t.Context(), w, "p", c.open, 10)
				if n != c.want {
					t.Errorf("with %v open, %d went on", c.open, n)
				}
				return err
			})
		}
		change(t, db, "q", func(tx *store.Tx) error {
			m, err := message.Find(t.Context(), tx, "a")
			if m.State != message.Held {
				t.Errorf("the other practice's: %s", m.State)
			}
			return err
		})
	})
}

// Whoever stops more things than a practice can have stops that practice: not the installation, whose stops all couriers read.
func TestTooManyStopsStopThePractice(t *testing.T) {
	testkit.Each(t, func(t *testing.T, db *store.DB) {
		practices(t, db, "p", "q")
		change(t, db, "p", func(tx *store.Tx) error {
			for i := range 500 {
				if _, err := tx.Exec(t.Context(), `INSERT INTO freeze_entry (practice, id, scope, part, subject, reason, who, at, lifted_at, lifted_by) VALUES ($1, $2, 'practice', 'order', $2, 'x', 'ana', 1, 0, '')`, fmt.Sprint(i)); err != nil {
					return err
				}
			}
			return nil
		})
		for _, p := range []store.PracticeID{"p", "q"} {
			change(t, db, p, func(tx *store.Tx) error { return message.End(t.Context(), tx, message.StopOrder, "one-more") })
		}
		scopes := map[store.PracticeID]message.Scope{}
		whole(t, db, func(w *store.Wide) error {
			all, err := message.Stops(t.Context(), w)
			for _, s := range all {
				if s.Subject == "one-more" || s.Whole() {
					scopes[s.Practice] = s.Scope
				}
			}
			return err
		})
		if scopes["p"] != message.StopPractice || scopes["q"] != message.StopOrder {
			t.Errorf("%v", scopes)
		}
	})
}
