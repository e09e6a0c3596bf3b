package details

import (
	"context"
	"strconv"

	"letterhead/fault"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/web/page"
	"letterhead/web/ui"
)

var serviceFields = []string{"name", "minutes", "mode", "price", "colour", "bookable", "sensitive"}

// Services lists them.
func Services(v *page.Visit) (page.Answer, error) {
	l := listOf(v, "services")
	err := v.View(func(ctx context.Context, tx *store.Tx) error {
		all, err := practice.EveryService(ctx, tx)
		for _, s := range all {
			line := v.Text.Minutes(s.Minutes) + " · " + v.Say("mode."+string(s.Mode))
			if price := practice.WritePrice(s.Price, v.Practice.Country); price != "" {
				code, _ := practice.Money(v.Practice.Country)
				line += " · " + price + " " + code
			}
			if s.Sensitive {
				line += " · " + v.Say("details.service-unnamed")
			}
			l.add(string(s.ID), s.Name, line, s.Colour, !s.ArchivedAt.IsZero())
		}
		return err
	})
	if err != nil {
		return page.Answer{}, err
	}
	return page.Show(showList(l))
}

// Service is the form of one, or of a new one.
func Service(v *page.Visit) (page.Answer, error) {
	f := start(v, "service", v.Request.URL.Path)
	s := practice.Service{Minutes: 30, Mode: practice.InPerson}
	err := f.readService(func(ctx context.Context, tx *store.Tx) (err error) {
		if f.id != "" {
			s, err = practice.FindService(ctx, tx, practice.ServiceID(f.id))
		}
		return err
	})
	if err != nil {
		return page.Answer{}, err
	}
	f.ver, f.archived = reading(s), !s.ArchivedAt.IsZero()
	f.values = map[string]string{"name": s.Name, "minutes": strconv.Itoa(s.Minutes), "mode": string(s.Mode), "price": practice.WritePrice(s.Price, v.Practice.Country), "colour": s.Colour,
		"bookable": yes(s.Bookable), "sensitive": yes(s.Sensitive)}
	f.title = s.Name
	if f.id == "" {
		f.title = v.Say("details.services-new")
	}
	f.flash(v.Query("did"))
	return page.Show(showService(f))
}

func (f *form) readService(more func(ctx context.Context, tx *store.Tx) error) error {
	v := f.visit
	f.id, f.back = v.Path("id"), ui.Link{To: home + "/services", Say: v.Say("details.services")}
	f.choices["mode"] = modes(v)
	for _, colour := range practice.Colours() {
		f.choices["colour"] = append(f.choices["colour"], ui.Option{Value: colour, Say: v.Say("details.colour-" + colour)})
	}
	return v.View(func(ctx context.Context, tx *store.Tx) error {
		if err := more(ctx, tx); err != nil {
			return err
		}
		return f.around(ctx, tx)
	})
}

// SaveService adds one or changes it.
func SaveService(v *page.Visit) (page.Answer, error) {
	f := start(v, "service", v.Request.URL.Path)
	f.take(serviceFields, nil)
	f.id = v.Path("id")
	did := "saved"
	err := v.Change(func(ctx context.Context, tx *store.Tx) (err error) {
		var s practice.Service
		if f.id != "" {
			if s, err = practice.FindService(ctx, tx, practice.ServiceID(f.id)); err != nil {
				return err
			}
			if err := f.stale(ctx, tx, s); err != nil {
				return err
			}
		}
		s.Name, s.Mode, s.Colour, s.Bookable, s.Sensitive = f.values["name"], practice.Mode(f.values["mode"]), f.values["colour"], f.values["bookable"] == "yes", f.values["sensitive"] == "yes"
		if s.Minutes, err = strconv.Atoi(f.values["minutes"]); err != nil {
			return fault.Field("minutes", "details.minutes", "give a whole number of minutes")
		}
		if s.Price, err = practice.ReadPrice("price", f.values["price"], v.Practice.Country); err != nil {
			return err
		}
		if f.id != "" {
			return practice.ChangeService(ctx, tx, s)
		}
		s, err = practice.AddService(ctx, tx, s)
		f.to, did = home+"/services/"+string(s.ID), "added"
		return err
	})
	if err == nil {
		return page.Go(f.to + "?did=" + did)
	}
	f.to = v.Request.URL.Path
	if !f.refused(err) {
		return page.Answer{}, err
	}
	if err := f.readService(func(context.Context, *store.Tx) error { return nil }); err != nil {
		return page.Answer{}, err
	}
	f.title = f.values["name"]
	f.flash("")
	return page.Again(showService(f), err)
}

// UseService takes one out of use, or into use again.
func UseService(v *page.Visit) (page.Answer, error) {
	id := practice.ServiceID(v.Path("id"))
	return use(v, home+"/services", func(ctx context.Context, tx *store.Tx) error { return practice.ArchiveService(ctx, tx, id) },
		func(ctx context.Context, tx *store.Tx) error { return practice.RestoreService(ctx, tx, id) })
}
