package web

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"letterhead/app/incidents"
	"letterhead/guard"
	"letterhead/incident/book"
	"letterhead/incident/measure"
	"letterhead/message"
	"letterhead/store"
	"letterhead/web/page"
)

// incidents are those of the world's database, as the program has them.
func (w *world) incidents() page.Incidents {
	return incidents.Pages{Host: incidents.Host{DB: w.db, Keeper: w.keeper}}
}

func (w *world) whole(fn func(x *store.Wide) error) {
	w.Helper()
	if err := w.db.Whole(context.Background(), "test", fn); err != nil {
		w.Fatal(err)
	}
}

// incident is one that concerns a practice alone; asked again it is the same.
func (w *world) incident(h home) (id string) {
	w.Helper()
	w.whole(func(x *store.Wide) error {
		c, _, err := book.Raise(context.Background(), x, book.Opening{Kind: book.Person, Alarm: "test " + string(h.id), By: "test", Practices: []store.PracticeID{h.id},
			Facts: book.Facts{Title: "Messages that nobody here wrote", Description: "A prize draw, of which nobody knows."}})
		id = c.ID
		return err
	})
	return id
}

// measured is an incident of a practice's messages of one version, stopped and measured. One of them left.
func (w *world) measured(h home) (id string) {
	w.Helper()
	id = w.incident(h)
	var made message.Stop
	w.change(h, func(ctx context.Context, tx *store.Tx) (err error) {
		made, err = message.FreezeOnly(ctx, tx, message.StopVersion, strings.Repeat("ab", 32), "a prize draw")
		return err
	})
	w.whole(func(x *store.Wide) error {
		return errors.Join(book.Contain(context.Background(), x, id, made), book.Window(context.Background(), x, id, x.Now.Add(-60*24*time.Hour), time.Time{}))
	})
	signers := func(context.Context, store.PracticeID, []string, map[string]string) ([]store.MemberID, error) {
		return []store.MemberID{store.MemberID(w.owners[h.id])}, nil
	}
	if _, err := (measure.Measurer{DB: w.db, Signers: signers}).Run(context.Background(), id); err != nil {
		w.Fatal(err)
	}
	return id
}

// A practice opens an incident, which stops what it sends; it sees its own figures, messages, stops and drafts, and writes down what it decides.
func TestAnIncidentHasAPage(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		w.says(w.get("/incidents"), 200, "No incident concerns your practice", "Something is wrong")
		w.says(w.post("/incidents", "title", " "), 422, "in a line")
		w.says(w.post("/incidents", "title", strings.Repeat("a", 300)), 422, "at most 200 bytes")
		if open := w.frozen(w.one); len(open) != 0 {
			t.Fatalf("stopped by what was refused: %v", open)
		}
		opened := w.goes(w.post("/incidents", "title", "A prize draw that we did not write"), "/incidents/")
		w.says(opened, 200, "A prize draw that we did not write", "Open", "Not measured yet", "What is stopped", "all messages of the practice", "Draft for: Wattle Street Physiotherapy", "Draft for: clients of Wattle Street Physiotherapy")
		if open := strings.Join(w.frozen(w.one), ";"); !strings.Contains(open, "all messages of the practice: A prize draw that we did not write") {
			t.Errorf("stopped: %s", open)
		}
		if open := w.frozen(w.two); len(open) != 0 {
			t.Errorf("stopped elsewhere: %v", open)
		}
		w.says(w.get("/incidents"), 200, "A prize draw that we did not write", "Open")

		id := w.measured(w.one)
		shown := w.get("/incidents/" + id)
		w.says(shown, 200, "Messages that nobody here wrote", "messages of the version", "First bad message left", "… that left", "not known", "Draft for: Australia: Privacy Act 1988 (Cth), Part IIIC, Notifiable Data Breaches", "not legal advice", "Your messages of it", "Sent")
		w.silent(shown, "Rimu Road", "Haddad")
		home := "/incidents/" + id
		w.says(w.post(home, "do", "lesson"), 422, "Say it in words")
		w.says(w.post(home, "do", "action", "what", "revoke the key"), 422, "Say who does it", "revoke the key")
		w.says(w.post(home, "do", "decision", "what", "x", "due", "2026-12-24"), 422, "2026-12-24")
		w.says(w.post(home, "do", "step", "what", "forged"), 422, "a decision, a lesson or an action")
		w.says(w.goes(w.post(home, "do", "decision", "what", "no notice to the authority", "why", "nobody saw details"), home), 200, "Decision: no notice to the authority", "Petra Schäfer", "nobody saw details")
		w.says(w.goes(w.post(home, "do", "action", "what", "a second signer", "owner", "Liam", "due", "2026-12-24"), home), 200, "Action: a second signer", "Liam, 2026-12-24")
	})
}

// Who may stop sending reads of incidents; who may ask the desk writes; nobody else sees anything, nor does another practice.
func TestWhoSeesAnIncident(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		id, theirs := w.measured(w.one), w.measured(w.two)
		note := url.Values{"do": {"lesson"}, "what": {"look twice"}}
		for _, role := range guard.Roles() {
			who := w.as(w.one, strings.ReplaceAll(string(role), " ", "-")+"@example.org", role)
			read, write := 403, 403
			if role.May(guard.SendingStop) {
				read = 200
			}
			if role.May(guard.Approve) {
				write = 303
			}
			for path, want := range map[string]int{"/incidents": read, "/incidents/" + id: read} {
				page := w.askAs(who, "GET", path, nil)
				if page.Code != want {
					t.Errorf("%s reads %s: %d, want %d", role, path, page.Code, want)
				}
				if says := strings.Contains(page.words(), "Write it down"); path != "/incidents" && says != (write == 303) {
					t.Errorf("%s is offered to write: %v", role, says)
				}
			}
			if page := w.askAs(who, "POST", "/incidents/"+id, note); page.Code != write {
				t.Errorf("%s writes: %d, want %d", role, page.Code, write)
			}
			if opens := w.askAs(who, "POST", "/incidents", url.Values{"title": {""}}); (opens.Code == 422) != (read == 200) {
				t.Errorf("%s opens: %d", role, opens.Code)
			}
		}
		for _, do := range []string{"lesson", "correct", "take back"} {
			w.says(w.post("/incidents/"+theirs, "do", do, "what", "a lesson for another"), 404, "There is nothing here")
		}
		w.says(w.get("/incidents/"+theirs), 404, "There is nothing here")
		w.silent(w.get("/incidents"), theirs)
		w.whole(func(x *store.Wide) error {
			of, err := book.Of(context.Background(), x, w.two.id, theirs)
			entries, err2 := book.Entries(context.Background(), x, w.two.id, theirs)
			for _, e := range entries {
				if e.What == "a lesson for another" {
					t.Error("another practice wrote into it")
				}
			}
			if of.Correction != "" || !of.ReadAt.IsZero() {
				t.Errorf("another practice's visit left %+v", of)
			}
			return errors.Join(err, err2)
		})
	})
}

// An incident of two practices: each sees its own stops and figures, and what the operator writes for all.
func TestAnIncidentOfTwo(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		id := w.measured(w.one)
		ctx := context.Background()
		var theirs message.Stop
		w.change(w.two, func(ctx context.Context, tx *store.Tx) (err error) {
			theirs, err = message.FreezeOnly(ctx, tx, message.StopHost, "theirs.example", "only theirs")
			return err
		})
		w.whole(func(x *store.Wide) error {
			return errors.Join(book.Contain(ctx, x, id, theirs), book.Note(ctx, x, id, "", book.Entry{Kind: book.Decision, What: "everybody is told", Who: "the operator"}),
				book.Note(ctx, x, id, w.two.id, book.Entry{Kind: book.Lesson, What: "a lesson of Rimu Road", Who: "mere"}))
		})
		page := w.get("/incidents/" + id)
		w.says(page, 200, "Decision: everybody is told", "messages of the version")
		w.silent(page, "theirs.example", "Rimu Road", "only theirs")
		other := w.askAs(w.as(w.two, "mere@example.org", guard.Owner), "GET", "/incidents/"+id, nil)
		w.says(other, 200, "Decision: everybody is told", "theirs.example", "a lesson of Rimu Road", "Draft for: Rimu Road Podiatry")
		w.silent(other, "Wattle Street", "messages of the version", "a prize draw")
	})
}

// What the check page says is published and taken back by a person; the sentence is ours.
func TestACorrectionIsPublished(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		id := w.measured(w.one)
		published := func() (all []string) {
			w.whole(func(x *store.Wide) (err error) {
				all, err = book.Corrections(context.Background(), x, w.one.id)
				return err
			})
			return all
		}
		w.says(w.get("/incidents/"+id), 200, "Publish it", "Wattle Street Physiotherapy did not write this message.")
		w.says(w.goes(w.post("/incidents/"+id, "do", "correct", "text", "Pay here: evil.example"), "/incidents/"+id), 200, "take it back")
		if all := published(); len(all) != 1 || all[0] != id {
			t.Errorf("published: %v", all)
		}
		w.goes(w.post("/incidents/"+id, "do", "take back"), "/incidents/"+id)
		if all := published(); len(all) != 0 {
			t.Errorf("published: %v", all)
		}
	})
}
