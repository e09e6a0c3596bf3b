package details

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"letterhead/fault"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/web/page"
	"letterhead/web/ui"
)

var locationFields = []string{"name", "zone", "address", "phone", "directions", "reply_to", "mode", "from_0", "to_0", "from_1", "to_1", "from_2", "to_2", "from_3", "to_3", "from_4", "to_4",
	"from_5", "to_5", "from_6", "to_6"}

// Locations lists them.
func Locations(v *page.Visit) (page.Answer, error) {
	l := listOf(v, "locations")
	err := v.View(func(ctx context.Context, tx *store.Tx) error {
		all, err := practice.EveryLocation(ctx, tx)
		for _, p := range all {
			line := p.Zone
			if p.Hours.Said() {
				line = l.week(p.Hours)
			}
			l.add(string(p.ID), p.Name, line, "", !p.ArchivedAt.IsZero())
		}
		return err
	})
	if err != nil {
		return page.Answer{}, err
	}
	return page.Show(showList(l))
}

// week says when a location is open, days of the same hours together: Mon to Fri 9:00–17:00.
func (l list) week(w practice.Week) string {
	say := ""
	for i := 0; i < len(w); {
		n := i
		for n+1 < len(w) && w[n+1] == w[i] {
			n++
		}
		if w[i].Open() {
			days := l.visit.Say("day.short-" + strconv.Itoa(i))
			if n > i {
				days = l.visit.Say("day.span", days, l.visit.Say("day.short-"+strconv.Itoa(n)))
			}
			if say != "" {
				say += ", "
			}
			say += days + " " + short(w[i].From) + "–" + short(w[i].To)
		}
		i = n + 1
	}
	return say
}

func short(minute int) string { return fmt.Sprintf("%d:%02d", minute/60, minute%60) }

func clock(minute int) string { return fmt.Sprintf("%02d:%02d", minute/60, minute%60) }

// Location is the form of one, or of a new one.
func Location(v *page.Visit) (page.Answer, error) {
	f := start(v, "location", v.Request.URL.Path)
	l := practice.Location{Zone: v.Practice.Zone, Hours: practice.Week{{From: 540, To: 1020}, {From: 540, To: 1020}, {From: 540, To: 1020}, {From: 540, To: 1020}, {From: 540, To: 1020}}}
	err := f.readLocation(func(ctx context.Context, tx *store.Tx) (err error) {
		if f.id != "" {
			l, err = practice.FindLocation(ctx, tx, practice.LocationID(f.id))
		}
		return err
	})
	if err != nil {
		return page.Answer{}, err
	}
	f.ver, f.archived = reading(l), !l.ArchivedAt.IsZero()
	f.values = map[string]string{"name": l.Name, "zone": l.Zone, "address": l.Address, "phone": l.Phone, "directions": l.Directions, "reply_to": l.ReplyTo, "mode": string(l.Mode)}
	for i, h := range l.Hours {
		if h.Open() {
			f.values["from_"+strconv.Itoa(i)], f.values["to_"+strconv.Itoa(i)] = clock(h.From), clock(h.To)
		}
	}
	f.title = l.Name
	if f.id == "" {
		f.title = v.Say("details.locations-new")
	}
	f.flash(v.Query("did"))
	return page.Show(showLocation(f))
}

// readLocation reads what stands around the form.
func (f *form) readLocation(more func(ctx context.Context, tx *store.Tx) error) error {
	v := f.visit
	f.id, f.back = v.Path("id"), ui.Link{To: home + "/locations", Say: v.Say("details.locations")}
	f.choices["mode"] = slices.Insert(modes(v), 0, ui.Option{Value: "", Say: v.Say("details.location-any")})
	return v.View(func(ctx context.Context, tx *store.Tx) error {
		if err := more(ctx, tx); err != nil {
			return err
		}
		return f.around(ctx, tx)
	})
}

// SaveLocation adds one or changes it.
func SaveLocation(v *page.Visit) (page.Answer, error) {
	f := start(v, "location", v.Request.URL.Path)
	f.take(locationFields, nil)
	f.id = v.Path("id")
	did := "saved"
	err := v.Change(func(ctx context.Context, tx *store.Tx) (err error) {
		var l practice.Location
		if f.id != "" {
			if l, err = practice.FindLocation(ctx, tx, practice.LocationID(f.id)); err != nil {
				return err
			}
			if err := f.stale(ctx, tx, l); err != nil {
				return err
			}
		}
		l.Name, l.Zone, l.Address, l.Phone, l.Directions, l.ReplyTo, l.Mode = f.values["name"], f.values["zone"], f.values["address"], f.values["phone"], f.values["directions"],
			f.values["reply_to"], practice.Mode(f.values["mode"])
		if l.Hours, err = f.hours(); err != nil {
			return err
		}
		if f.id != "" {
			return practice.ChangeLocation(ctx, tx, l)
		}
		l, err = practice.AddLocation(ctx, tx, l)
		f.to, did = home+"/locations/"+string(l.ID), "added"
		return err
	})
	if err == nil {
		return page.Go(f.to + "?did=" + did)
	}
	f.to = v.Request.URL.Path
	if !f.refused(err) {
		return page.Answer{}, err
	}
	if err := f.readLocation(func(context.Context, *store.Tx) error { return nil }); err != nil {
		return page.Answer{}, err
	}
	f.title = f.values["name"]
	f.flash("")
	return page.Again(showLocation(f), err)
}

// hours reads seven pairs of times; both empty is a day on which it is closed.
func (f *form) hours() (w practice.Week, err error) {
	for i := range w {
		for _, end := range []struct {
			name string
			into *int
		}{{"from_" + strconv.Itoa(i), &w[i].From}, {"to_" + strconv.Itoa(i), &w[i].To}} {
			typed := f.values[end.name]
			other := f.values["to_"+strconv.Itoa(i)] + f.values["from_"+strconv.Itoa(i)]
			if other == "" {
				continue
			}
			at, err := time.Parse("15:04", typed)
			if err != nil {
				return w, fault.Field(end.name, "details.clock", "give a time, such as 09:00, or leave both empty for a day on which it is closed")
			}
			*end.into = at.Hour()*60 + at.Minute()
		}
	}
	return w, nil
}

// UseLocation takes one out of use, or into use again.
func UseLocation(v *page.Visit) (page.Answer, error) {
	id := practice.LocationID(v.Path("id"))
	return use(v, home+"/locations", func(ctx context.Context, tx *store.Tx) error { return practice.ArchiveLocation(ctx, tx, id) },
		func(ctx context.Context, tx *store.Tx) error { return practice.RestoreLocation(ctx, tx, id) })
}
