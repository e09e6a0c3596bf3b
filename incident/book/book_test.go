package book_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"letterhead/fault"
	"letterhead/incident/alarm"
	"letterhead/incident/book"
	"letterhead/message"
	"letterhead/practice"
	"letterhead/register"
	"letterhead/store"
	"letterhead/testkit"
)

// world is a database with practices of the same ids.
type world struct {
	*testing.T
	db *store.DB
}

func each(t *testing.T, test func(w *world)) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, db *store.DB) {
		w := &world{t, db}
		for _, id := range []store.PracticeID{"p", "q", "r"} {
			if err := db.Change(t.Context(), store.Actor{Practice: id, Agent: "test"}, func(tx *store.Tx) error {
				_, err := practice.Add(t.Context(), tx, practice.New("Practice "+string(id), "AU", "Australia/Melbourne"))
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		test(w)
	})
}

func (w *world) whole(fn func(x *store.Wide) error) {
	w.Helper()
	if err := w.db.Whole(w.Context(), "test", fn); err != nil {
		w.Fatal(err)
	}
}

func stop(practice store.PracticeID, id string, scope message.Scope, subject string, at time.Time) message.Stop {
	return message.Stop{Practice: practice, ID: id, Scope: scope, Subject: subject, Reason: "a reason", Who: alarm.BreakerWho, At: at}
}

func TestTheBreakersStopsAreOneIncident(t *testing.T) {
	each(t, func(w *world) {
		now := w.db.Now()
		w.whole(func(x *store.Wide) error {
			return message.PutStops(w.Context(), x, stop("p", "s1", message.StopText, "aa", now), stop("q", "s1", message.StopText, "aa", now), stop("", "s2", message.StopText, "aa", now),
				message.Stop{Practice: "r", ID: "s3", Scope: message.StopPractice, Reason: "a person's", Who: "ana", At: now})
		})
		var id string
		for range 3 { // looking again changes nothing
			w.whole(func(x *store.Wide) error {
				fresh, err := alarm.Breaker(w.Context(), x)
				for _, c := range fresh {
					if id != "" {
						w.Error("one alarm opened two incidents")
					}
					id = c.ID
				}
				return err
			})
		}
		w.whole(func(x *store.Wide) error {
			return message.PutStops(w.Context(), x, stop("r", "s4", message.StopText, "aa", now))
		})
		w.whole(func(x *store.Wide) error {
			if fresh, err := alarm.Breaker(w.Context(), x); err != nil || len(fresh) > 0 {
				w.Errorf("a stop within the hour opened %v, %v", fresh, err)
			}
			stops, err := book.Stops(w.Context(), x, "", id)
			concerned, err2 := book.Practices(w.Context(), x, id)
			own, err3 := book.Stops(w.Context(), x, "q", id)
			if len(stops) != 4 || len(concerned) != 3 || len(own) != 2 {
				w.Errorf("%d stops, %d practices, %d of q", len(stops), len(concerned), len(own))
			}
			return errors.Join(err, err2, err3)
		})
	})
}

func TestAnotherPracticesIncidentIsNotFound(t *testing.T) {
	each(t, func(w *world) {
		var c book.Case
		w.whole(func(x *store.Wide) (err error) {
			c, _, err = book.Raise(w.Context(), x, book.Opening{Kind: book.Person, By: "ana", Facts: book.Facts{Title: "Prize-draw mails"}, Practices: []store.PracticeID{"p", "q"}})
			return err
		})
		w.whole(func(x *store.Wide) error {
			figures := map[store.PracticeID][]book.Figure{"": {{Name: "clients", State: register.Exact, Number: 7}}, "p": {{Name: "clients", State: register.Exact, Number: 4}},
				"q": {{Name: "clients", State: register.Unknown, Note: "why"}}}
			return errors.Join(book.Measured(w.Context(), x, c.ID, figures), book.Note(w.Context(), x, c.ID, "p", book.Entry{Kind: book.Decision, What: "no notice", Who: "ana", Why: "no risk"}))
		})
		for _, of := range []struct {
			practice store.PracticeID
			found    bool
			entries  int
		}{{"", true, 1}, {"p", true, 2}, {"q", true, 1}, {"r", false, 0}} {
			w.whole(func(x *store.Wide) error {
				_, err := book.Find(w.Context(), x, of.practice, c.ID)
				if found := err == nil; found != of.found || !found && !errors.Is(err, store.ErrNone) {
					w.Errorf("%s: found %t, %v", of.practice, found, err)
				}
				list, err := book.List(w.Context(), x, of.practice, 10)
				if (len(list) == 1) != of.found {
					w.Errorf("%s: lists %d", of.practice, len(list))
				}
				if !of.found {
					if err := book.Note(w.Context(), x, c.ID, of.practice, book.Entry{Kind: book.Step, What: "x", Who: "x"}); !errors.Is(err, store.ErrNone) {
						w.Errorf("%s: notes: %v", of.practice, err)
					}
					if err := book.Correct(w.Context(), x, of.practice, c.ID, "x", "x"); !errors.Is(err, store.ErrNone) {
						w.Errorf("%s: corrects: %v", of.practice, err)
					}
					return err
				}
				entries, err2 := book.Entries(w.Context(), x, of.practice, c.ID)
				if len(entries) != of.entries {
					w.Errorf("%s: %d entries", of.practice, len(entries))
				}
				figures, err3 := book.Figures(w.Context(), x, of.practice, c.ID)
				if len(figures) != 1 {
					w.Errorf("%s: figures %v", of.practice, figures)
				}
				return errors.Join(err, err2, err3)
			})
		}
	})
}

func TestAnIncidentEndsMeasured(t *testing.T) {
	each(t, func(w *world) {
		var c book.Case
		w.whole(func(x *store.Wide) (err error) {
			c, _, err = book.Raise(w.Context(), x, book.Opening{Kind: book.Person, By: "ana", Facts: book.Facts{Title: "Prize-draw mails"}, Practices: []store.PracticeID{"p"}})
			return err
		})
		w.whole(func(x *store.Wide) error {
			if err := book.Close(w.Context(), x, c.ID, "ana"); fault.KindOf(err) != fault.Conflict {
				w.Errorf("closed without figures: %v", err)
			}
			for field, e := range map[string]book.Entry{"what": {Kind: book.Lesson, Who: "x"}, "owner": {Kind: book.Action, What: "x"}, "due": {Kind: book.Action, What: "x", Owner: "y", Due: "soon"},
				"kind": {What: "x"}, "why": {Kind: book.Decision, What: "x", Why: "two\nlines"}} {
				if err := book.Note(w.Context(), x, c.ID, "", e); err == nil || !strings.HasPrefix(err.Error(), field) {
					w.Errorf("%s: %v", field, err)
				}
			}
			if err := book.Describe(w.Context(), x, c.ID, c.Version+1, book.Facts{Title: "x"}); fault.KindOf(err) != fault.Conflict {
				w.Errorf("described over somebody's words: %v", err)
			}
			return errors.Join(book.Note(w.Context(), x, c.ID, "", book.Entry{Kind: book.Action, What: "second signer", Owner: "ana", Due: "2026-12-24", Who: "ana"}),
				book.Done(w.Context(), x, c.ID, "", 2), book.Measured(w.Context(), x, c.ID, nil))
		})
		w.whole(func(x *store.Wide) error { return book.Close(w.Context(), x, c.ID, "ana") })
		w.whole(func(x *store.Wide) error {
			if err := book.Close(w.Context(), x, c.ID, "ana"); fault.KindOf(err) != fault.Conflict {
				w.Errorf("closed twice: %v", err)
			}
			found, err := book.Find(w.Context(), x, "p", c.ID)
			if found.Open() || found.ClosedBy != "ana" {
				w.Errorf("%+v", found)
			}
			return err
		})
	})
}
