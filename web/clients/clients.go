// Package clients is the pages of the people cared for: the list and its search, one client's file, who is linked to them, how they are reached
// and what they chose.
//
// A change plans the client's appointments to come again, in the same transaction, so that what was impossible a moment ago is sent. What is
// searched for is posted: no name stands in an address.
package clients

import (
	"context"

	"github.com/a-h/templ"

	"letterhead/client"
	"letterhead/guard"
	"letterhead/store"
	"letterhead/web/page"
	"letterhead/web/ui"
	"letterhead/zone"
)

// shown is how many clients a page of the list has.
const shown = 50

type list struct {
	frame    ui.Frame
	visit    *page.Visit
	find     string
	archived bool
	asked    bool // somebody searched
	after    client.ID
	page     client.Page
	problem  string
}

// List is everybody in the order of last names. ?archived=yes has those out of use as well, ?after= is where a page begins.
func List(v *page.Visit) (page.Answer, error) {
	l := list{visit: v, archived: v.Query("archived") == "yes", after: client.ID(v.Query("after"))}
	return l.answer(whole)
}

// Search is the list of those who were searched for; Find is its part that a script puts in place.
func Search(v *page.Visit) (page.Answer, error) { return searched(v).answer(whole) }

// Find is that part.
func Find(v *page.Visit) (page.Answer, error) { return searched(v).answer(people) }

func searched(v *page.Visit) *list {
	l := &list{visit: v, find: v.Form("find"), archived: v.Form("archived") == "yes"}
	l.asked = l.find != ""
	return l
}

func (l *list) read(ctx context.Context, tx *store.Tx) error {
	keys, err := l.visit.Keys(ctx, tx)
	if err != nil {
		return err
	}
	l.page, err = client.Search(ctx, tx, keys, client.Query{Text: l.find, Archived: l.archived, After: l.after}, shown)
	return err
}

// bornOn is a date of birth as people write it.
func bornOn(v *page.Visit, born string) string {
	day, err := zone.ParseDate(born)
	if err != nil {
		return ""
	}
	return v.Text.Date(day)
}

// reached are the addresses that a line of the list shows.
func reached(c client.Client) string {
	switch {
	case c.Mobile.State == client.Good && c.Email.State == client.Good:
		return c.Mobile.Written + " · " + c.Email.Written
	case c.Mobile.State == client.Good:
		return c.Mobile.Written
	case c.Email.State == client.Good:
		return c.Email.Written
	}
	return ""
}

// nextPage leads on.
func (l *list) nextPage() ui.Link {
	if l.page.Next == "" || l.asked {
		return ui.Link{}
	}
	to := "/clients?after=" + string(l.page.Next)
	if l.archived {
		to += "&archived=yes"
	}
	return ui.Link{To: to, Say: l.visit.Say("clients.next")}
}

func (l *list) may() bool { return l.visit.May(guard.ClientChange) }

func (l *list) answer(shape func(*list) templ.Component) (page.Answer, error) {
	if err := l.visit.View(l.read); err != nil {
		problem := page.Problem(l.visit.Text, err)
		if problem == nil {
			return page.Answer{}, err
		}
		l.problem = problem.Say
	}
	l.frame = l.visit.Frame(l.visit.Say("place.clients"), "/clients")
	return page.Show(shape(l))
}
