// Package merge makes one file of two that a practice keeps of one person, and takes them apart again.
//
// The kept file gets the other's places in appointments, contacts and refusals, and of its details what was chosen; the other goes out of use and
// names the one that goes on. Letters and messages stay where they were written.
//
// Promises: nothing is merged by itself; nobody gets a message twice, or misses one, because two files became one or two again; taking apart gives
// back what went over, all that was not changed since. Never: a merge of files that different people see, or of another practice's.
package merge

import (
	"context"
	"errors"

	"letterhead/calendar"
	"letterhead/client"
	"letterhead/message"
	"letterhead/plan"
	"letterhead/plan/settled"
	"letterhead/store"
	"letterhead/vault"
)

// mostWaiting bounds the messages to one client that wait: there are a few, one a reminder.
const mostWaiting = 500

// View is what somebody sees before two files become one. Counts are of the file that goes.
type View struct {
	Kept, Gone   client.Client
	Coming, Past int // appointments; at most 200 together are counted
	Contacts     int
	Waiting      int      // messages that wait to go to it: they are taken back, and planned anew for the kept file
	Differing    []string // of client.MergeFields, where both say something and not the same
	Filled       []string // where the kept one says nothing
}

// Look reads the two.
func Look(ctx context.Context, tx *store.Tx, keys *vault.Keys, kept, gone client.ID) (v View, err error) {
	if kept == gone {
		return v, client.ErrSame
	}
	if v.Kept, err = client.Find(ctx, tx, keys, kept); err != nil {
		return v, err
	}
	if v.Gone, err = client.Find(ctx, tx, keys, gone); err != nil {
		return v, err
	}
	if v.Kept.MergedInto != "" || v.Gone.MergedInto != "" {
		return v, client.ErrMerged
	}
	entries, err := calendar.OfClient(ctx, tx, gone, tx.Now.AddDate(calendar.MaxYears+1, 0, 0), 200)
	if err != nil {
		return v, err
	}
	for _, e := range entries {
		if e.Starts.Before(tx.Now) {
			v.Past++
		} else if e.Booking == calendar.Booked {
			v.Coming++
		}
	}
	contacts, err := client.Contacts(ctx, tx, keys, gone)
	if err != nil {
		return v, err
	}
	v.Contacts = len(contacts)
	waiting, err := waitingOf(ctx, tx, gone)
	v.Waiting = len(waiting)
	v.compare()
	return v, err
}

// Value is what a file says in a field, as it was written.
func Value(c client.Client, field string) string {
	switch field {
	case "name":
		return client.FullName(c.FirstName, c.LastName, "") + "\n" + c.PreferredName + "\n" + c.Title
	case "born":
		return c.Born
	case "email":
		return c.Email.Written
	case "mobile":
		return c.Mobile.Written
	case "reminders":
		return string(c.Reminders)
	case "language":
		return c.Language
	case "zone":
		return c.Zone
	case "alert":
		return c.Alert
	}
	return ""
}

func (v *View) compare() {
	for _, field := range client.MergeFields() {
		kept, gone := Value(v.Kept, field), Value(v.Gone, field)
		switch {
		case gone == "" || kept == gone:
		case kept == "":
			v.Filled = append(v.Filled, field)
		default:
			v.Differing = append(v.Differing, field)
		}
	}
}

func waitingOf(ctx context.Context, tx *store.Tx, id client.ID) ([]message.ID, error) {
	list, _, err := message.List(ctx, tx, message.Filter{Client: string(id), States: []message.State{message.Queued, message.Held}}, message.Page{Limit: mostWaiting})
	ids := make([]message.ID, 0, len(list))
	for _, m := range list {
		ids = append(ids, m.ID)
	}
	return ids, err
}

// Do makes one file of two.
func Do(ctx context.Context, tx *store.Tx, keys *vault.Keys, r client.MergeRequest) (client.Merged, error) {
	if r.Kept == r.Gone {
		return client.Merged{}, client.ErrSame
	}
	attendees, err := calendar.Reattend(ctx, tx, r.Gone, r.Kept)
	if err != nil {
		return client.Merged{}, err
	}
	m, err := client.Merge(ctx, tx, keys, r, attendees)
	if err != nil {
		return m, err
	}
	return m, replan(ctx, tx, attendees, r.Gone, r.Kept, plan.Archived)
}

// Apart makes two files of one again; whole is false where the kept one was changed since and stays as it is.
func Apart(ctx context.Context, tx *store.Tx, keys *vault.Keys, id string) (m client.Merged, whole bool, err error) {
	if m, err = client.FindMerged(ctx, tx, id); err != nil {
		return m, false, err
	}
	if err := calendar.GiveBack(ctx, tx, m.Attendees(), m.Kept, m.Gone); err != nil {
		return m, false, err
	}
	if whole, err = client.Apart(ctx, tx, keys, m); err != nil {
		return m, false, err
	}
	return m, whole, replan(ctx, tx, m.Attendees(), m.Kept, m.Gone, plan.NotPlanned)
}

// replan takes back what waits for one file about these places, moves what went, and plans both files anew.
func replan(ctx context.Context, tx *store.Tx, attendees []string, from, to client.ID, why plan.Reason) error {
	waiting, err := waitingOf(ctx, tx, from)
	if err != nil {
		return err
	}
	over := make(map[string]bool, len(attendees))
	for _, a := range attendees {
		over[a] = true
	}
	var never []string
	for _, id := range waiting {
		m, err := message.Find(ctx, tx, id)
		if err != nil {
			return err
		}
		if !over[m.Attendee] {
			continue
		}
		n, err := message.Withdraw(ctx, tx, string(why), id)
		if err != nil {
			return err
		}
		if n == 1 { // the courier was not faster
			never = append(never, string(id))
		}
	}
	if err := settled.Move(ctx, tx, attendees, from, to, never); err != nil {
		return err
	}
	return errors.Join(plan.RefreshClient(ctx, tx, from), plan.RefreshClient(ctx, tx, to))
}
