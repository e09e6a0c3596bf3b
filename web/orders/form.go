package orders

import (
	"context"
	"strconv"
	"time"

	"github.com/a-h/templ"

	"letterhead/client"
	"letterhead/fault"
	"letterhead/order"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/template"
	"letterhead/web/page"
	"letterhead/web/ui"
)

// things are what an audience is chosen by, by name.
type things struct {
	names                              map[string]string
	practitioners, locations, services []ui.Option
}

func readThings(ctx context.Context, tx *store.Tx) (t things, err error) {
	t.names = map[string]string{}
	add := func(to *[]ui.Option, id, name string, archived time.Time) {
		if t.names[id] = name; archived.IsZero() {
			*to = append(*to, ui.Option{Value: id, Say: name})
		}
	}
	practitioners, err := practice.EveryPractitioner(ctx, tx)
	for _, p := range practitioners {
		add(&t.practitioners, string(p.ID), p.Name, p.ArchivedAt)
	}
	if err != nil {
		return t, err
	}
	locations, err := practice.EveryLocation(ctx, tx)
	for _, l := range locations {
		add(&t.locations, string(l.ID), l.Name, l.ArchivedAt)
	}
	if err != nil {
		return t, err
	}
	services, err := practice.EveryService(ctx, tx)
	for _, s := range services {
		add(&t.services, string(s.ID), s.Name, s.ArchivedAt)
	}
	return t, err
}

// chosen says a filter in words, one sentence for each choice.
func (t things) chosen(v *page.Visit, f order.Filter) []string {
	var out []string
	add := func(key, value string) {
		if value != "" {
			out = append(out, v.Say(key, value))
		}
	}
	day := func(text string) string {
		at, err := time.ParseInLocation(time.DateOnly, text, v.Location)
		if err != nil {
			return text
		}
		return v.Text.ShortDay(at, v.Now.In(v.Location))
	}
	of := func(id string) string {
		if id != "" && t.names[id] == "" {
			return v.Say("orders.unknown")
		}
		return t.names[id]
	}
	add("orders.with", of(string(f.Practitioner)))
	add("orders.at", of(string(f.Location)))
	add("orders.for", of(string(f.Service)))
	if f.SeenSince != "" {
		add("orders.seen", day(f.SeenSince))
	}
	if f.NotSeenSince != "" {
		add("orders.not-seen", day(f.NotSeenSince))
	}
	switch {
	case f.BookedFrom != "" && f.BookedTo != "":
		out = append(out, v.Say("orders.booked-between", day(f.BookedFrom), day(f.BookedTo)))
	case f.BookedFrom != "":
		add("orders.booked-on", day(f.BookedFrom))
	}
	add("orders.reads", f.Language)
	return out
}

// form is the form of a new order or a draft.
type form struct {
	frame     ui.Frame
	visit     *page.Visit
	id        order.ID // "" of a new one
	edition   string
	values    map[string]string
	wordings  []template.Wording
	languages []string
	things    things
	reach     *order.Audience
	of        order.Order // that was counted
	counted   bool        // somebody asked for the count
	problems  []ui.Problem
}

var fields = []string{"name", "wording", "channel", "practitioner", "location", "service", "seen_since", "not_seen_since", "booked_from", "booked_to", "language", "most", "from", "until"}

const inputTime = "2006-01-02T15:04"

// usual is the window of a new order: from now until the evening a week later.
func usual(v *page.Visit) (from, until time.Time) {
	now := v.Now.In(v.Location)
	return now.Truncate(time.Minute), time.Date(now.Year(), now.Month(), now.Day()+7, 20, 0, 0, 0, v.Location)
}

// New is the form of a new order.
func New(v *page.Visit) (page.Answer, error) {
	from, until := usual(v)
	f := form{visit: v, values: map[string]string{"channel": "email", "from": from.Format(inputTime), "until": until.Format(inputTime)}}
	return f.show(nil)
}

// Edit is the form of a draft.
func Edit(v *page.Visit) (page.Answer, error) {
	f := form{visit: v, id: order.ID(v.Path("id"))}
	err := v.View(func(ctx context.Context, tx *store.Tx) error {
		o, err := order.Find(ctx, tx, f.id)
		if err == nil && o.State != order.Draft {
			err = order.ErrFixed
		}
		f.fill(v, &o)
		return err
	})
	if fault.KindOf(err) == fault.Conflict {
		return page.Go(home + "/" + string(f.id))
	}
	if err != nil {
		return page.Answer{}, err
	}
	return f.show(nil)
}

func (f *form) fill(v *page.Visit, o *order.Order) {
	x := o.Filter
	f.edition = strconv.FormatInt(o.Edition, 10)
	f.values = map[string]string{"name": o.Name, "wording": string(o.Wording), "channel": string(o.Channel), "practitioner": string(x.Practitioner), "location": string(x.Location), "service": string(x.Service),
		"seen_since": x.SeenSince, "not_seen_since": x.NotSeenSince, "booked_from": x.BookedFrom, "booked_to": x.BookedTo, "language": x.Language,
		"from": o.From.In(v.Location).Format(inputTime), "until": o.Until.In(v.Location).Format(inputTime)}
	if x.Prefer {
		f.values["channel"] = order.ByPreference
	}
	if o.Most > 0 {
		f.values["most"] = strconv.FormatInt(o.Most, 10)
	}
}

// typed takes what was posted, or asked for.
func typed(v *page.Visit, value func(string) string) form {
	f := form{visit: v, id: order.ID(v.Path("id")), values: map[string]string{}}
	for _, name := range fields {
		f.values[name] = value(name)
	}
	return f
}

// request reads what was typed; the error names the first field that is no time or number.
func (f *form) request() (r order.Request, err error) {
	v := f.values
	r = order.Request{Name: v["name"], Wording: template.ID(v["wording"]), Channel: v["channel"], Filter: order.Filter{Practitioner: practice.PractitionerID(v["practitioner"]),
		Location: practice.LocationID(v["location"]), Service: practice.ServiceID(v["service"]), SeenSince: v["seen_since"], NotSeenSince: v["not_seen_since"],
		BookedFrom: v["booked_from"], BookedTo: v["booked_to"], Language: v["language"]}}
	if v["most"] != "" {
		if r.Most, err = strconv.ParseInt(v["most"], 10, 64); err != nil || r.Most < 1 {
			return r, fault.Field("most", "order.most", "give a number, or leave it empty for all")
		}
	}
	at := func(field string) (time.Time, error) {
		t, err := time.ParseInLocation(inputTime, v[field], f.visit.Location)
		if err != nil {
			return t, fault.Field(field, "order.time", "give a day and a time, such as 5 December 2026, 10:00")
		}
		return t, nil
	}
	if r.From, err = at("from"); err == nil {
		r.Until, err = at("until")
	}
	return r, err
}

// Add makes drafts, or counts and shows the form again.
func Add(v *page.Visit) (page.Answer, error) {
	f := typed(v, v.Form)
	if v.Form("do") == "count" {
		f.counted = true
		return f.show(nil)
	}
	var made []order.Order
	err := v.Change(func(ctx context.Context, tx *store.Tx) error {
		r, err := f.request()
		if err == nil {
			made, err = order.New(ctx, tx, r)
		}
		return err
	})
	switch {
	case err != nil:
		return f.show(err)
	case len(made) > 1:
		return page.Go(home + "/" + string(made[0].ID) + "?did=order-pair")
	}
	return page.Go(home + "/" + string(made[0].ID) + "?did=order")
}

// Save changes a draft, or counts.
func Save(v *page.Visit) (page.Answer, error) {
	f := typed(v, v.Form)
	f.edition = v.Form("edition")
	if v.Form("do") == "count" {
		f.counted = true
		return f.show(nil)
	}
	err := v.Change(func(ctx context.Context, tx *store.Tx) error {
		if _, err := order.Find(ctx, tx, f.id); err != nil {
			return err
		}
		edition, err := strconv.ParseInt(f.edition, 10, 64)
		if err != nil {
			return order.ErrChanged
		}
		r, err := f.request()
		if err == nil {
			_, err = order.Change(ctx, tx, f.id, edition, r)
		}
		return err
	})
	if err != nil {
		return f.show(err)
	}
	return page.Go(home + "/" + string(f.id) + "?did=order")
}

// show shows the form, with what was refused.
func (f *form) show(refused error) (page.Answer, error) {
	v := f.visit
	if refused != nil {
		problem := page.Problem(v.Text, refused)
		if problem == nil {
			return page.Answer{}, refused
		}
		f.problems = []ui.Problem{*problem}
	}
	title := v.Say("orders.new")
	if f.id != "" {
		title = v.Say("orders.change")
	}
	f.frame = v.Frame(title, "/messages")
	err := v.View(func(ctx context.Context, tx *store.Tx) (err error) {
		if f.id != "" {
			if _, err = order.Find(ctx, tx, f.id); err != nil {
				return err
			}
		}
		if f.wordings, err = order.Fitting(ctx, tx); err != nil {
			return err
		}
		if f.languages, err = client.Languages(ctx, tx); err != nil {
			return err
		}
		if f.things, err = readThings(ctx, tx); err != nil {
			return err
		}
		return f.count(ctx, tx)
	})
	if err != nil {
		return page.Answer{}, err
	}
	if refused != nil {
		return page.Again(showForm(*f), refused)
	}
	return page.Show(showForm(*f))
}

// count counts as far as the choice is complete.
func (f *form) count(ctx context.Context, tx *store.Tx) error {
	r, err := f.request()
	if err != nil && fault.KindOf(err) != fault.Invalid {
		return err
	}
	reach, of, err := order.Would(ctx, tx, r)
	switch {
	case err == nil:
		f.reach, f.of = &reach, of
	case fault.KindOf(err) == fault.Invalid:
		if f.counted {
			f.problems = append(f.problems, *page.Problem(f.visit.Text, err))
		}
		return nil
	}
	return err
}

// Count is the count alone; a script asks for it when the choice changes.
func Count(v *page.Visit) (page.Answer, error) {
	f := typed(v, v.Query)
	if err := v.View(f.count); err != nil {
		return page.Answer{}, err
	}
	return page.Show(counted(v, f.reach))
}

func (f form) errorOf(field string) string {
	for _, problem := range f.problems {
		if problem.Field == field {
			return problem.Say
		}
	}
	return ""
}

// to is where the form is posted.
func (f form) to() string {
	if f.id == "" {
		return home + "/new"
	}
	return home + "/" + string(f.id) + "/edit"
}

func (f form) field(name, kind string) ui.Field {
	return ui.Field{Name: name, Label: f.visit.Say("orders.field-" + name), Type: kind, Value: f.values[name], Error: f.errorOf(name)}
}

// any is a list with a first line for no choice.
func (f form) any(options []ui.Option) []ui.Option {
	return append([]ui.Option{{Say: f.visit.Say("orders.any")}}, options...)
}

func (f form) templates() []ui.Option {
	out := []ui.Option{{Say: f.visit.Say("orders.choose")}}
	for _, w := range f.wordings {
		out = append(out, ui.Option{Value: string(w.ID), Say: w.Name})
	}
	return out
}

func (f form) read() []ui.Option {
	var out []ui.Option
	for _, l := range f.languages {
		out = append(out, ui.Option{Value: l, Say: l})
	}
	return f.any(out)
}

// again makes the count ask for itself when the choice changes.
func again(ctx context.Context) templ.Attributes {
	return ui.Hx(ctx, "get", home+"/count", "include", "#whom", "trigger", "change from:#whom delay:300ms", "swap", "outerHTML")
}

// optional is a day that need not be given.
func (f form) optional(name string) ui.Field {
	field := f.field(name, "date")
	field.Optional = true
	return field
}

func (f form) most() ui.Field {
	field := f.field("most", "number")
	field.Optional, field.Help, field.More = true, f.visit.Say("orders.help-most"), templ.Attributes{"min": "1", "inputmode": "numeric"}
	return field
}

// back is where the form is left to.
func (f form) back() string {
	if f.id == "" {
		return home
	}
	return home + "/" + string(f.id)
}
