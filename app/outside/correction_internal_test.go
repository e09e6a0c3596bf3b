package outside

import (
	"strings"
	"testing"
	"time"

	"letterhead/incident/book"
	"letterhead/incident/measure"
	"letterhead/message"
	"letterhead/public"
	"letterhead/store"
	"letterhead/testkit"
	"letterhead/web/mail"
)

// What a practice publishes is said of its messages of that incident at once, of whatever is shown; it is said of no other's, and no more once it is taken back.
func TestACorrectionIsSaidWithinASecond(t *testing.T) {
	t.Parallel()
	for _, engine := range testkit.Engines() {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			w := newAsker(t, engine)
			whole := func(fn func(x *store.Wide) error) {
				t.Helper()
				w.Must(w.House.DB.Whole(t.Context(), "test", fn))
			}
			var id string
			m := w.find("a")
			whole(func(x *store.Wide) error {
				stop := message.Stop{Practice: "a", ID: "s1", Scope: message.StopGrant, Subject: m.Subject, Reason: "a stolen key", Who: "ana", At: x.Now}
				c, _, err := book.Raise(t.Context(), x, book.Opening{Kind: book.Person, By: "ana", Facts: book.Facts{Title: "Not ours"}, Stops: []message.Stop{stop}, Practices: []store.PracticeID{"b"}})
				id = c.ID
				return err
			})
			if _, err := (measure.Measurer{DB: w.House.DB}).Run(t.Context(), id); err != nil {
				t.Fatal(err)
			}
			says := func(of store.PracticeID, shown public.Shown, want public.Verdict, disowned bool) {
				t.Helper()
				if said := w.ask(w.codes[of], shown); said.Verdict != want || said.Disowned != disowned {
					t.Errorf("of %s: %+v, want %d, disowned %v", of, said, want, disowned)
				}
			}
			publish := func(of store.PracticeID, text string) {
				whole(func(x *store.Wide) error { return book.Correct(t.Context(), x, of, id, "ana", text) })
			}
			source := public.Shown{Mail: w.mails["a"]}
			says("a", source, public.Genuine, false)
			publish("b", "Practice b did not write this message.") // of its own messages, of which none is of this incident
			says("a", source, public.Genuine, false)
			says("b", public.Shown{Mail: w.mails["b"]}, public.Genuine, false)

			began := time.Now()
			publish("a", "Practice a did not write this message.")
			says("a", source, public.Withdrawn, true)
			if took := time.Since(began); took > time.Second {
				t.Errorf("it was said after %s", took)
			}
			says("a", public.Shown{}, public.Withdrawn, true)
			says("a", public.Shown{Words: mail.Open(w.mails["a"]).Text}, public.Withdrawn, true)
			says("b", public.Shown{Mail: w.mails["b"]}, public.Genuine, false)
			if said := w.ask(w.codes["a"], source); strings.Contains(said.Name, "did not") || said.Name != "Practice a" {
				t.Errorf("the answer carries what a row says: %+v", said)
			}
			publish("a", "")
			says("a", source, public.Genuine, false)
		})
	}
}
