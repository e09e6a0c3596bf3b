package letter

import (
	"context"

	"letterhead/calendar"
	"letterhead/client"
	"letterhead/guard"
	"letterhead/letter"
	"letterhead/store"
	"letterhead/vault"
	"letterhead/web/page"
	"letterhead/web/ui"
)

// waiting are text messages that nobody has dealt with.
type waiting struct {
	frame ui.Frame
	visit *page.Visit
	texts []text
	may   bool
}

// text is one of them: who it may be from, what it says, and where it is answered.
type text struct {
	id                   letter.AnswerID
	name, to, when, says string
	asks                 ui.Link // the appointment that a link asks to cancel; then it says nothing
}

// Waiting lists the text messages that nobody has dealt with, those of unknown numbers among them.
func Waiting(v *page.Visit) (page.Answer, error) {
	w := waiting{visit: v, may: v.May(guard.MessageWrite), frame: v.Frame(v.Say("letter.waiting"), "/messages")}
	if v.Query("did") == "seen" {
		w.frame.Flash = &ui.Flash{Kind: ui.Good, Say: v.Say("did.seen")}
	}
	f := form{visit: v}
	err := f.within(v.View, func(ctx context.Context, tx *store.Tx, keys *vault.Keys) error {
		all, err := letter.Unseen(ctx, tx, keys)
		if err != nil {
			return err
		}
		var about []client.ID
		for _, a := range all {
			if a.About != "" {
				about = append(about, a.About)
			}
		}
		asked, err := calendar.Entries(ctx, tx, asking(all))
		if err != nil {
			return err
		}
		called, err := client.Called(ctx, tx, about)
		if err != nil {
			return err
		}
		for _, a := range all {
			t := text{id: a.ID, says: a.Text, when: v.Text.Moment(a.At.In(v.Location), v.Now.In(v.Location)), name: v.Say("letter.unknown", a.From)}
			if c, is := called[a.About]; is {
				t.name, t.to = client.FullName(c.FirstName, c.LastName, c.PreferredName), "/clients/"+string(a.About)
			}
			if e, is := asked[a.Asks]; is {
				t.asks = ui.Link{To: "/appointments/" + string(e.ID), Say: v.Say("letter.asks", v.Text.Moment(e.Starts.In(v.Location), v.Now.In(v.Location)))}
			}
			w.texts = append(w.texts, t)
		}
		return nil
	})
	if err != nil {
		return page.Answer{}, err
	}
	return page.Show(showWaiting(w))
}

// asking are the appointments that links ask to cancel.
func asking(all []letter.Answer) (ids []calendar.ID) {
	for _, a := range all {
		if a.Asks != "" {
			ids = append(ids, a.Asks)
		}
	}
	return ids
}

// Done notes on that list that a text message was dealt with.
func Done(v *page.Visit) (page.Answer, error) {
	err := v.Change(func(ctx context.Context, tx *store.Tx) error {
		return letter.See(ctx, tx, letter.AnswerID(v.Path("answer")))
	})
	if err != nil {
		return page.Answer{}, err
	}
	return page.Go("/messages/answers?did=seen")
}
