package details

import (
	"context"
	"slices"

	"letterhead/fault"
	"letterhead/guard"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/web/page"
	"letterhead/web/ui"
)

var errOfList = fault.Field("services", "details.list", "choose services and locations from the list")

// Practitioners lists them.
func Practitioners(v *page.Visit) (page.Answer, error) {
	l := listOf(v, "practitioners")
	err := v.View(func(ctx context.Context, tx *store.Tx) error {
		members, err := guard.Members(ctx, tx)
		if err != nil {
			return err
		}
		all, err := practice.EveryPractitioner(ctx, tx)
		for _, p := range all {
			line := v.Say("details.practitioner-alone")
			if at := slices.IndexFunc(members, func(m guard.Member) bool { return m.ID == p.Member }); at >= 0 {
				line = v.Say("details.practitioner-member", members[at].Name)
			}
			if len(p.Services) > 0 {
				line += " · " + v.Count("details.practitioner-does", len(p.Services))
			}
			if len(p.Locations) > 0 {
				line += " · " + v.Count("details.practitioner-at", len(p.Locations))
			}
			l.add(string(p.ID), p.Shown(), line, "", !p.ArchivedAt.IsZero())
		}
		return err
	})
	if err != nil {
		return page.Answer{}, err
	}
	return page.Show(showList(l))
}

// Practitioner is the form of one, or of a new one.
func Practitioner(v *page.Visit) (page.Answer, error) {
	f := start(v, "practitioner", v.Request.URL.Path)
	var p practice.Practitioner
	err := f.readPractitioner(func(ctx context.Context, tx *store.Tx) (err error) {
		if f.id != "" {
			p, err = practice.FindPractitioner(ctx, tx, practice.PractitionerID(f.id))
		}
		return err
	})
	if err != nil {
		return page.Answer{}, err
	}
	f.ver, f.archived = reading(p), !p.ArchivedAt.IsZero()
	f.values = map[string]string{"name": p.Name, "title": p.Title, "member": string(p.Member)}
	for _, id := range p.Services {
		f.lists["services"] = append(f.lists["services"], string(id))
	}
	for _, id := range p.Locations {
		f.lists["locations"] = append(f.lists["locations"], string(id))
	}
	f.title = p.Shown()
	if f.id == "" {
		f.title = v.Say("details.practitioners-new")
	}
	f.flash(v.Query("did"))
	return page.Show(showPractitioner(f))
}

func (f *form) readPractitioner(more func(ctx context.Context, tx *store.Tx) error) error {
	v := f.visit
	f.id, f.back = v.Path("id"), ui.Link{To: home + "/practitioners", Say: v.Say("details.practitioners")}
	return v.View(func(ctx context.Context, tx *store.Tx) error {
		if err := more(ctx, tx); err != nil {
			return err
		}
		if err := f.offer(ctx, tx); err != nil {
			return err
		}
		return f.around(ctx, tx)
	})
}

// offer lists members, services and locations.
func (f *form) offer(ctx context.Context, tx *store.Tx) error {
	members, err := guard.Members(ctx, tx)
	if err != nil {
		return err
	}
	services, err := practice.Services(ctx, tx)
	if err != nil {
		return err
	}
	locations, err := practice.Locations(ctx, tx)
	if err != nil {
		return err
	}
	f.choices["member"] = []ui.Option{{Value: "", Say: f.visit.Say("details.practitioner-alone")}}
	for _, m := range members {
		if m.EndedAt.IsZero() {
			f.choices["member"] = append(f.choices["member"], ui.Option{Value: string(m.ID), Say: m.Name})
		}
	}
	for _, s := range services {
		f.choices["services"] = append(f.choices["services"], ui.Option{Value: string(s.ID), Say: s.Name})
	}
	for _, l := range locations {
		f.choices["locations"] = append(f.choices["locations"], ui.Option{Value: string(l.ID), Say: l.Name})
	}
	return nil
}

// chosen are the ids that were ticked, each of which is on the list; all of them is the same as none, and stays so when the list grows.
func (f *form) chosen(name string) ([]string, error) {
	for _, id := range f.lists[name] {
		if !slices.ContainsFunc(f.choices[name], func(o ui.Option) bool { return o.Value == id }) {
			return nil, errOfList
		}
	}
	if len(f.lists[name]) == len(f.choices[name]) {
		return nil, nil
	}
	return f.lists[name], nil
}

// SavePractitioner adds one or changes it.
func SavePractitioner(v *page.Visit) (page.Answer, error) {
	f := start(v, "practitioner", v.Request.URL.Path)
	f.take([]string{"name", "title", "member"}, []string{"services", "locations"})
	f.id = v.Path("id")
	did := "saved"
	err := v.Change(func(ctx context.Context, tx *store.Tx) (err error) {
		var p practice.Practitioner
		if f.id != "" {
			if p, err = practice.FindPractitioner(ctx, tx, practice.PractitionerID(f.id)); err != nil {
				return err
			}
			if err := f.stale(ctx, tx, p); err != nil {
				return err
			}
		}
		if err := f.apply(ctx, tx, &p); err != nil {
			return err
		}
		if f.id != "" {
			return practice.ChangePractitioner(ctx, tx, p)
		}
		p, err = practice.AddPractitioner(ctx, tx, p)
		f.to, did = home+"/practitioners/"+string(p.ID), "added"
		return err
	})
	if err == nil {
		return page.Go(f.to + "?did=" + did)
	}
	f.to = v.Request.URL.Path
	if !f.refused(err) {
		return page.Answer{}, err
	}
	f.choices = map[string][]ui.Option{}
	if err := f.readPractitioner(func(context.Context, *store.Tx) error { return nil }); err != nil {
		return page.Answer{}, err
	}
	f.title = f.values["name"]
	f.flash("")
	return page.Again(showPractitioner(f), err)
}

// apply puts what was typed and ticked into a practitioner.
func (f *form) apply(ctx context.Context, tx *store.Tx, p *practice.Practitioner) error {
	f.choices = map[string][]ui.Option{}
	if err := f.offer(ctx, tx); err != nil {
		return err
	}
	p.Name, p.Title = f.values["name"], f.values["title"]
	member := store.MemberID(f.values["member"])
	if member != p.Member && !slices.ContainsFunc(f.choices["member"], func(o ui.Option) bool { return o.Value == string(member) }) {
		return fault.Field("member", "details.member", "choose a team member from the list")
	}
	p.Member = member
	services, err := f.chosen("services")
	if err != nil {
		return err
	}
	locations, err := f.chosen("locations")
	if err != nil {
		return err
	}
	p.Services, p.Locations = nil, nil
	for _, id := range services {
		p.Services = append(p.Services, practice.ServiceID(id))
	}
	for _, id := range locations {
		p.Locations = append(p.Locations, practice.LocationID(id))
	}
	return nil
}

// UsePractitioner takes one out of use, or into use again.
func UsePractitioner(v *page.Visit) (page.Answer, error) {
	id := practice.PractitionerID(v.Path("id"))
	return use(v, home+"/practitioners", func(ctx context.Context, tx *store.Tx) error { return practice.ArchivePractitioner(ctx, tx, id) },
		func(ctx context.Context, tx *store.Tx) error { return practice.RestorePractitioner(ctx, tx, id) })
}
