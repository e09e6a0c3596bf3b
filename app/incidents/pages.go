package incidents

import (
	"context"
	"errors"
	"slices"
	"strings"

	"letterhead/api/call"
	"letterhead/fault"
	"letterhead/guard"
	"letterhead/incident/book"
	"letterhead/incident/measure"
	"letterhead/incident/tell"
	"letterhead/message"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/web/page"
	"letterhead/zone"
)

// Pages is what members' pages know of incidents.
type Pages struct{ Host }

var _ page.Incidents = Pages{}

var errNone = fault.New(fault.NotFound, "incident.not_found", "no such incident")

// found makes of what does not concern a practice what is not there.
func found(err error) error {
	if errors.Is(err, store.ErrNone) {
		return errNone.With(err)
	}
	return err
}

// List implements page.Incidents.
func (p Pages) List(ctx context.Context, id store.PracticeID) (all []book.Case, err error) {
	err = p.DB.WholeView(ctx, "a practice's incidents", func(w *store.Wide) error {
		all, err = book.List(ctx, w, id, 200)
		return err
	})
	return all, err
}

// mostListed bounds the messages that the page lists.
const mostListed = 100

// Show implements page.Incidents. That somebody opened it is written down, once. An incident that does not concern the practice is not found.
func (p Pages) Show(ctx context.Context, by store.Actor, id string) (out page.Incident, err error) {
	err = p.DB.WholeView(ctx, "an incident's page", func(w *store.Wide) error {
		if out.Case, err = book.Find(ctx, w, by.Practice, id); err != nil {
			return err
		}
		of, err := book.Of(ctx, w, by.Practice, id)
		out.Published = of.Correction != ""
		var failed [4]error
		out.Stops, failed[0] = book.Stops(ctx, w, by.Practice, id)
		out.Figures, failed[1] = book.Figures(ctx, w, by.Practice, id)
		out.Entries, failed[2] = book.Entries(ctx, w, by.Practice, id)
		out.List, failed[3] = measure.Suspect(ctx, w, by.Practice, out.Case, mostListed)
		return errors.Join(err, errors.Join(failed[:]...))
	})
	if err != nil {
		return out, found(err)
	}
	out.Entries = own(out.Entries, out.Stops)
	if by.Member != "" {
		err = p.DB.Whole(ctx, "an incident was read of", func(w *store.Wide) error { return book.Read(ctx, w, by.Practice, id, string(by.Member)) })
	}
	return out, errors.Join(err, p.drafts(ctx, by, &out))
}

// own leaves out the steps that tell of other practices' stops.
func own(entries []book.Entry, stops []message.Stop) []book.Entry {
	mine := map[string]bool{}
	for _, s := range stops {
		mine["stop "+s.ID] = true
	}
	return slices.DeleteFunc(entries, func(e book.Entry) bool {
		return e.Kind == book.Step && strings.HasPrefix(e.Why, "stop ") && !mine[e.Why]
	})
}

// drafts are what there is to tell, and who is of the team.
func (p Pages) drafts(ctx context.Context, by store.Actor, out *page.Incident) (err error) {
	err = p.DB.View(ctx, by, func(tx *store.Tx) error {
		of, err := practice.Find(ctx, tx)
		if err != nil {
			return err
		}
		out.Correction = tell.Correction(of.Name)
		team, err := guard.Members(ctx, tx)
		out.Names = map[string]string{}
		for _, m := range team {
			out.Names[string(m.ID)] = m.Name
		}
		return err
	})
	if err == nil {
		out.Drafts, err = p.Host.Drafts(ctx, by.Practice, out.Case.ID)
	}
	return err
}

// Drafts are what there is to tell of an incident on a practice's side: the practice what it needs, its clients, and the regulators of its country.
func (h Host) Drafts(ctx context.Context, of store.PracticeID, id string) (out []tell.Draft, err error) {
	var p practice.Practice
	err = h.DB.View(ctx, store.Actor{Practice: of, Agent: "incident"}, func(tx *store.Tx) (err error) {
		p, err = practice.Find(ctx, tx)
		return err
	})
	if err != nil {
		return nil, err
	}
	where, err := zone.Load(p.Zone)
	if err != nil {
		return nil, err
	}
	err = h.DB.WholeView(ctx, "an incident's drafts", func(w *store.Wide) error {
		c, err := book.Find(ctx, w, of, id)
		if err != nil {
			return err
		}
		figures, err := book.Figures(ctx, w, of, id)
		stops, err2 := book.Stops(ctx, w, of, id)
		record, err3 := tell.Record(ctx, w, id, h.Entity())
		if err := errors.Join(err, err2, err3); err != nil {
			return err
		}
		out = []tell.Draft{tell.Practice(c, p.Name, figures, len(stops)), tell.Clients(p.Name, p.Phone, tell.Known(figures))}
		laws, err := tell.Regulators(tell.Of(record, p.Country, figures), c.OpenedAt, where)
		out = append(out, laws...)
		return err
	})
	return out, err
}

// Open implements page.Incidents.
func (p Pages) Open(ctx context.Context, by store.Actor, title string, stop message.Stop) (string, error) {
	c, err := p.report(ctx, by, book.Person, title, stop)
	return c.ID, err
}

// Programs is what the API knows of incidents.
type Programs struct{ Host }

var _ call.Incidents = Programs{}

// List implements call.Incidents.
func (p Programs) List(ctx context.Context, id store.PracticeID) ([]book.Case, error) {
	return Pages(p).List(ctx, id)
}

// Report implements call.Incidents.
func (p Programs) Report(ctx context.Context, by store.Actor, title string, stop message.Stop) (book.Case, error) {
	return p.report(ctx, by, book.Program, title, stop)
}

// report stops something of a practice, and opens the incident of that stop. What is stopped already, and asked for again, is the same incident.
func (h Host) report(ctx context.Context, by store.Actor, kind book.Kind, title string, stop message.Stop) (book.Case, error) {
	o := book.Opening{Kind: kind, By: by.Who(), Facts: book.Facts{Title: title}, Practices: []store.PracticeID{by.Practice}}
	if err := o.Facts.Check(); err != nil { // before anything is stopped
		return book.Case{}, err
	}
	var made message.Stop
	err := h.DB.Change(ctx, by, func(tx *store.Tx) (err error) {
		made, err = message.FreezeOnly(ctx, tx, stop.Scope, stop.Subject, stop.Reason)
		return err
	})
	if err != nil {
		return book.Case{}, err
	}
	o.Alarm, o.Stops = "stop "+string(by.Practice)+" "+made.ID, []message.Stop{made}
	c, err := h.Open(ctx, o)
	if err != nil {
		return c, err
	}
	return c, h.DB.Whole(ctx, "a practice is told", func(w *store.Wide) error { return book.Tell(ctx, w, c.ID, by.Practice) })
}

// Note implements page.Incidents: the practice's own entry.
func (p Pages) Note(ctx context.Context, by store.Actor, id string, e book.Entry) error {
	e.Who = by.Who()
	return found(p.DB.Whole(ctx, "note of an incident", func(w *store.Wide) error { return book.Note(ctx, w, id, by.Practice, e) }))
}

// Correct implements page.Incidents. The sentence is Letterhead's own: the check page says nothing that only a row says.
func (p Pages) Correct(ctx context.Context, by store.Actor, id string, publish bool) error {
	text := ""
	if publish {
		if err := p.DB.View(ctx, by, func(tx *store.Tx) error {
			of, err := practice.Find(ctx, tx)
			text = tell.Correction(of.Name)
			return err
		}); err != nil {
			return err
		}
	}
	return found(p.DB.Whole(ctx, "a practice's correction", func(w *store.Wide) error { return book.Correct(ctx, w, by.Practice, id, by.Who(), text) }))
}
