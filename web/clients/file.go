package clients

import (
	"context"
	"slices"
	"strconv"
	"time"

	"letterhead/calendar"
	"letterhead/client"
	"letterhead/fault"
	"letterhead/guard"
	"letterhead/plan"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/vault"
	"letterhead/web/looked"
	"letterhead/web/page"
	"letterhead/web/story"
	"letterhead/web/ui"
	"letterhead/zone"
)

// visits is how many appointments a file lists at a time.
const visits = 20

// ahead is how far appointments are looked for.
const ahead = 10 * 366 * 24 * time.Hour

type file struct {
	frame    ui.Frame
	visit    *page.Visit
	client   client.Client
	contacts []client.Contact
	consents map[client.Topic]client.Consent
	chose    []choice // every answer, the latest first
	coming   []calendar.Entry
	past     []calendar.Entry
	earlier  ui.Link
	looked   looked.Part // who looked, for those who may know
	merged   []client.Merged
	called   map[client.ID]client.Client // those it was made one with
	twins    []client.ID                 // who seem to be the same person
	may      bool
	unsure   string // that nobody said yes
	problem  string // why the last thing could not be done
}

// Show is a client's file. ?did= says what was just done, ?before= begins the list of past appointments at an instant (microseconds).
func Show(v *page.Visit) (page.Answer, error) {
	f := file{visit: v}
	if err := v.View(f.read); err != nil {
		return page.Answer{}, err
	}
	if did := v.Query("did"); slices.Contains([]string{"client-added", "client-changed", "client-archived", "client-restored", "client-merged", "client-apart", "client-apart-changed", "client-erased", "contact-saved", "contact-ended"}, did) {
		f.frame.Flash = &ui.Flash{Kind: ui.Good, Say: v.Say("did." + did)}
	}
	return page.Show(showFile(&f))
}

func (f *file) read(ctx context.Context, tx *store.Tx) error {
	v := f.visit
	f.may = v.May(guard.ClientChange)
	keys, err := v.Keys(ctx, tx)
	if err != nil {
		return err
	}
	if f.client, err = client.Find(ctx, tx, keys, client.ID(v.Path("id"))); err != nil {
		return err
	}
	if f.contacts, err = client.Contacts(ctx, tx, keys, f.client.ID); err != nil {
		return err
	}
	if err := f.chosen(ctx, tx); err != nil {
		return err
	}
	if err := f.double(ctx, tx); err != nil {
		return err
	}
	if v.May(guard.AccessRead) {
		if f.looked, err = looked.Latest(ctx, tx, v, f.client.ID); err != nil {
			return err
		}
	}
	f.frame = v.Frame(f.client.Name(), "/clients")
	return f.appointments(ctx, tx)
}

// double reads what the file was made one with, and who seems to be the same person.
func (f *file) double(ctx context.Context, tx *store.Tx) (err error) {
	if f.merged, err = client.MergedWith(ctx, tx, f.client.ID); err != nil {
		return err
	}
	var others []client.ID
	for _, m := range f.merged {
		others = append(others, m.Kept, m.Gone)
	}
	others = slices.DeleteFunc(others, func(id client.ID) bool { return id == f.client.ID })
	if f.called, err = client.Called(ctx, tx, others); err != nil || f.client.MergedInto != "" {
		return err
	}
	f.twins, err = client.Twins(ctx, tx, f.client)
	return err
}

func (f *file) appointments(ctx context.Context, tx *store.Tx) (err error) {
	if f.coming, err = coming(ctx, tx, f.client.ID); err != nil {
		return err
	}
	before := tx.Now
	if micro, err := strconv.ParseInt(f.visit.Query("before"), 10, 64); err == nil {
		before = store.Instant(micro)
	}
	if f.past, err = calendar.OfClient(ctx, tx, f.client.ID, before, visits); err != nil {
		return err
	}
	if len(f.past) == visits {
		f.earlier = ui.Link{To: f.address() + "?before=" + strconv.FormatInt(store.Micro(f.past[visits-1].Starts), 10) + "#past", Say: f.visit.Say("clients.earlier")}
	}
	return nil
}

// coming is what is booked from now on, the next first.
func coming(ctx context.Context, tx *store.Tx, who client.ID) ([]calendar.Entry, error) {
	all, err := calendar.OfClient(ctx, tx, who, tx.Now.Add(ahead), 200)
	all = slices.DeleteFunc(all, func(e calendar.Entry) bool { return e.Starts.Before(tx.Now) || e.Booking != calendar.Booked })
	slices.Reverse(all)
	return all, err
}

func (f *file) address() string { return "/clients/" + string(f.client.ID) }

// line is who this is, so that two of one name are told apart.
func (f *file) line() string {
	c := f.client
	if c.Born == "" {
		return f.visit.Say("clients.no-birthday")
	}
	born, err := zone.ParseDate(c.Born)
	if err != nil {
		return c.Born
	}
	return f.visit.Say("clients.born-age", f.visit.Text.Date(born), f.visit.Text.Number(age(born, zone.DateOf(f.visit.Now.In(f.visit.Location)))))
}

// age is full years. Who was born on 29 February is a year older on 1 March of other years.
func age(born, today zone.Date) int {
	years := today.Year - born.Year
	if today.Month < born.Month || today.Month == born.Month && today.Day < born.Day {
		years--
	}
	return years
}

func (f *file) facts() []ui.Fact {
	c, v := f.client, f.visit
	var out []ui.Fact
	add := func(key, value string) {
		if value != "" {
			out = append(out, ui.Fact{Name: v.Say(key), Value: value})
		}
	}
	add("clients.title", c.Title)
	if c.PreferredName != "" {
		add("clients.full-name", client.FullName(c.FirstName, c.LastName, ""))
	}
	add("form.email", c.Email.Written)
	add("form.mobile", c.Mobile.Written)
	add("clients.language", c.Language)
	if c.Zone != "" {
		add("clients.zone", v.Text.Place(c.Zone))
	}
	add("clients.external", c.External)
	return out
}

// choice is one answer about messages.
type choice struct{ topic, say, how string }

// chosen reads what the client chose, and when, by what and by whom it was noted.
func (f *file) chosen(ctx context.Context, tx *store.Tx) error {
	history, err := client.ConsentHistory(ctx, tx, f.client.ID)
	if err != nil || len(history) == 0 {
		return err
	}
	team, err := guard.Members(ctx, tx)
	if err != nil {
		return err
	}
	names := map[string]string{}
	for _, m := range team {
		names[string(m.ID)] = m.Name
	}
	v := f.visit
	f.consents = map[client.Topic]client.Consent{}
	for _, c := range history {
		if _, later := f.consents[c.Topic]; !later {
			f.consents[c.Topic] = c
		}
		say := "consent.refused"
		if c.Given {
			say = "consent.agreed"
		}
		how := v.Say("consent.by-" + c.Source)
		if name := names[c.Who]; name != "" {
			how = v.Say("consent.noted", name)
		}
		f.chose = append(f.chose, choice{v.Say("consent." + string(c.Category) + "-" + string(c.Channel)), v.Say(say), v.Text.Moment(c.At.In(v.Location), v.Now.In(v.Location)) + " · " + how})
	}
	return nil
}

// wishes says in a line each how the client is reached and what they refused.
func (f *file) wishes() []ui.Fact {
	v := f.visit
	say := v.Say("wants." + wanted(f.client.Reminders))
	if f.client.Reminders == client.Unset {
		say = v.Say("wants.default-" + string(v.Practice.DefaultChannel))
	}
	out := []ui.Fact{{Name: v.Say("reach.wants"), Value: say}}
	for _, topic := range []client.Topic{{Category: client.Appointments, Channel: practice.Email}, {Category: client.Appointments, Channel: practice.SMS}, {Category: client.Marketing, Channel: practice.Email},
		{Category: client.Marketing, Channel: practice.SMS}} {
		answer, asked := f.consents[topic]
		if !asked {
			continue
		}
		key := "consent.no"
		if answer.Given {
			key = "consent.yes"
		}
		out = append(out, ui.Fact{Name: v.Say("consent." + string(topic.Category) + "-" + string(topic.Channel)), Value: v.Say(key, v.Text.ShortDay(answer.At.In(v.Location), v.Now.In(v.Location)))})
	}
	return out
}

// when is an appointment's beginning by the walls of its place.
func (f *file) when(e calendar.Entry) string {
	d := e.Wall.Date
	say := f.visit.Text.ShortDay(time.Date(d.Year, d.Month, d.Day, 12, 0, 0, 0, time.UTC), f.visit.Now.In(f.visit.Location)) + ", " + page.Clock(e.Wall)
	if e.Zone != f.visit.Practice.Zone {
		say += " " + f.visit.Say("diary.in-zone", f.visit.Text.Place(e.Zone))
	}
	return say
}

// ShowArchive asks what becomes of the appointments to come.
func ShowArchive(v *page.Visit) (page.Answer, error) { return archiving(v, nil) }

func archiving(v *page.Visit, refused error) (page.Answer, error) {
	f := file{visit: v}
	if err := v.View(f.read); err != nil {
		return page.Answer{}, err
	}
	if refused == nil {
		return page.Show(showArchive(&f))
	}
	problem := page.Problem(v.Text, story.Named(v, "client", refused))
	if problem == nil {
		return page.Answer{}, refused
	}
	f.problem = problem.Say
	return page.Again(showArchive(&f), refused)
}

// Archive takes a client out of use, and cancels what is to come where that was asked for. Appointments that others attend too stay.
func Archive(v *page.Visit) (page.Answer, error) {
	id := client.ID(v.Path("id"))
	version, choice := v.Form("version"), v.Form("coming")
	err := v.Change(func(ctx context.Context, tx *store.Tx) error {
		list, err := coming(ctx, tx, id)
		if err != nil {
			return err
		}
		if len(list) > 0 && choice != "keep" && choice != "cancel" {
			return fault.Field("coming", "clients.coming", "say what becomes of the appointments to come")
		}
		for _, e := range list {
			if choice == "keep" || len(e.People) > 1 {
				continue
			}
			if _, err := calendar.Cancel(ctx, tx, calendar.CancelRequest{ID: e.ID, Version: e.Version, By: calendar.ByPractice, Reason: "other"}); err != nil {
				return err
			}
			if err := plan.Refresh(ctx, tx, e.ID); err != nil {
				return err
			}
		}
		return turn(ctx, tx, v, id, version, client.Archive)
	})
	if err != nil {
		return archiving(v, err)
	}
	return page.Go("/clients/" + string(id) + "?did=client-archived")
}

// Restore brings a client back.
func Restore(v *page.Visit) (page.Answer, error) {
	id := client.ID(v.Path("id"))
	version := v.Form("version")
	err := v.Change(func(ctx context.Context, tx *store.Tx) error { return turn(ctx, tx, v, id, version, client.Restore) })
	if err != nil {
		return page.Answer{}, err
	}
	return page.Go("/clients/" + string(id) + "?did=client-restored")
}

type turned func(context.Context, *store.Tx, *vault.Keys, client.ID, int64) (client.Client, error)

func turn(ctx context.Context, tx *store.Tx, v *page.Visit, id client.ID, version string, do turned) error {
	keys, err := v.Keys(ctx, tx)
	if err != nil {
		return err
	}
	read, err := strconv.ParseInt(version, 10, 64)
	if err != nil {
		read = -1 // no reading has this number
	}
	if _, err := do(ctx, tx, keys, id, read); err != nil {
		return err
	}
	return plan.RefreshClient(ctx, tx, id)
}
