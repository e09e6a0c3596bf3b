// Package start is the page of an owner's first hour: what there is to do before the first reminder leaves, each with whether it is done.
//
// It promises: a step is done when the practice's own rows and signatures say so, never because somebody ticked it. What must be done before a
// message can leave comes apart from what may be. It changes nothing.
package start

import (
	"context"

	"letterhead/approval"
	"letterhead/client"
	"letterhead/guard"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/web/page"
	"letterhead/web/signed"
	"letterhead/web/ui"
)

// Path is where the page is.
const Path = "/start"

// Steps are what there is to do.
type Steps struct {
	Needed, Useful []Step
}

// Step is one thing to do, and whether it is done.
type Step struct {
	Key  string // of its words
	To   string
	Away bool // it leads to the signing desk
	Done bool
}

// Left counts what must be done and is not.
func (s Steps) Left() (n int) {
	for _, step := range s.Needed {
		if !step.Done {
			n++
		}
	}
	return n
}

// colour is the one that a practice begins with.
var colour = practice.New("", "", "").Accent

// Read reads them, with what is signed.
func Read(ctx context.Context, tx *store.Tx, v *page.Visit, state signed.State) (s Steps, err error) {
	locations, err := practice.Locations(ctx, tx)
	if err != nil {
		return s, err
	}
	services, err := practice.Services(ctx, tx)
	if err != nil {
		return s, err
	}
	people, err := practice.Practitioners(ctx, tx)
	if err != nil {
		return s, err
	}
	clients, err := client.CountActive(ctx, tx)
	if err != nil {
		return s, err
	}
	members, err := guard.Members(ctx, tx)
	if err != nil {
		return s, err
	}
	logo, err := practice.Logo(ctx, tx)
	if err != nil {
		return s, err
	}
	sender, err := sends(ctx, tx, v)
	if err != nil {
		return s, err
	}
	hours, place := false, "/settings/locations"
	for i, l := range locations {
		if hours = hours || l.Hours.Said(); i == 0 {
			place += "/" + string(l.ID)
		}
	}
	p := v.Practice
	s.Needed = []Step{{"details", "/settings/practice", false, p.Address != "" && p.Phone != "" && p.Email != ""}, {"hours", place, false, hours},
		{"services", "/settings/services", false, len(services) > 0}, {"practitioners", "/settings/practitioners", false, len(people) > 0}}
	if v.Desk != "" {
		s.Needed = append(s.Needed, Step{"key", v.Desk + "/p/" + string(p.ID), true, state.Keys > 0}, Step{"sign", v.Desk + "/p/" + string(p.ID), true, state.All()})
	}
	s.Useful = []Step{{"team", "/team", false, len(members) > 1}, {"clients", "/clients/new", false, clients > 0}, {"sender", "/settings/sender", false, sender},
		{"look", "/settings/pictures", false, logo != nil || p.Accent != colour}, {"sample", "/settings/messages", false, false}}
	return s, nil
}

// sends tells whether an address to send from is signed.
func sends(ctx context.Context, tx *store.Tx, v *page.Visit) (found bool, err error) {
	if v.Signed == nil {
		return false, nil
	}
	err = v.Signed(ctx, tx, func(a *approval.State) error {
		found = len(a.All(approval.KindSender, tx.Now)) > 0
		return nil
	})
	return found, err
}

// view is what the page shows.
type view struct {
	frame ui.Frame
	visit *page.Visit
	Steps
}

// Show is the page.
func Show(v *page.Visit) (page.Answer, error) {
	s := view{visit: v, frame: v.Frame(v.Say("start.title"), "/settings")}
	err := v.View(func(ctx context.Context, tx *store.Tx) error {
		state, err := signed.Read(ctx, tx, v)
		if err == nil {
			s.Steps, err = Read(ctx, tx, v, state)
		}
		return err
	})
	if err != nil {
		return page.Answer{}, err
	}
	return page.Show(show(s))
}

// line says how much there is to do.
func (s view) line() string {
	if n := s.Left(); n > 0 {
		return s.visit.Count("start.left", n)
	}
	return s.visit.Say("start.ready")
}
