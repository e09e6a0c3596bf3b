package diary

import (
	"context"

	"letterhead/calendar"
	"letterhead/calendar/room"
	"letterhead/client"
	"letterhead/fault"
	"letterhead/guard"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/vault"
	"letterhead/web/page"
	"letterhead/web/ui"
	"letterhead/zone"
)

// hits is how many clients a search shows.
const hits = 8

// booking is the form for a new appointment.
type booking struct {
	frame ui.Frame
	slot
	back                  string // the board that it leads back to; "" shows the appointment
	find, client          string // what was searched for; the chosen client
	first, last, born     string // or a new one
	email, mobile         string
	found                 []ui.Option
	searched, more, fresh bool
	every, unit, times    string // how it repeats
	conflicts             []conflict
}

func (b *booking) title() string { return b.visit.Say("book.title") }

// New is the empty form. ?date=, ?time=, ?who= come from the calendar.
func New(v *page.Visit) (page.Answer, error) {
	b := booking{}
	b.visit = v
	now := v.Now.In(v.Location)
	b.date, b.clock, b.practitioner = zone.DateOf(now).String(), "", v.Query("who")
	if date, err := zone.ParseDate(v.Query("date")); err == nil {
		b.date = date.String()
	}
	if minute, ok := clock(v.Query("time")); ok {
		b.clock = page.InputClock(zone.Wall{Minute: minute})
	}
	b.client, b.location = v.Query("client"), v.Query("place")
	b.back = from(v, b.date, b.practitioner)
	if err := b.reload(); err != nil {
		return page.Answer{}, err
	}
	if err := v.View(b.search); err != nil {
		return page.Answer{}, err
	}
	b.frame = v.Frame(b.title(), "/appointments/new")
	return page.Show(book(b))
}

// Book books, or searches for a client when that button was pressed, or shows the form again with what to mend.
func Book(v *page.Visit) (page.Answer, error) {
	b := readBooking(v)
	if v.Form("do") == "find" || b.find != "" && b.client == "" && v.Form("client") == "" && !b.newClient() {
		return b.again(nil) // the button, or Enter after a name
	}
	request := calendar.BookRequest{Practitioner: practice.PractitionerID(b.practitioner), Service: practice.ServiceID(b.service), Location: practice.LocationID(b.location),
		Wall: b.wall(), Turn: calendar.Turn(b.turn), Minutes: b.length(), Overbook: b.anyway, AnyHours: b.anyHours}
	if b.room != string(calendar.NoRoom) {
		request.Room = room.ID(b.room)
	}
	if b.client == "" && !b.newClient() {
		b.wrong("find", v.Say("book.no-client"))
	}
	if b.newClient() && !v.May(guard.ClientChange) {
		b.wrong("last_name", v.Say("book.no-new"))
	}
	if len(b.problems) > 0 {
		return b.again(errForm)
	}
	a, err := changeAll(v, "", func(ctx context.Context, tx *store.Tx) ([]calendar.Appointment, error) {
		who, err := b.person(ctx, tx)
		if err != nil {
			return nil, err
		}
		request.Clients = []client.ID{who}
		return b.write(ctx, tx, request)
	})
	if err != nil {
		if !b.refused(err, "") {
			return page.Answer{}, err
		}
		b.conflicts, _ = noted(v, err, left(v))
		return b.again(err)
	}
	return went(v, a.ID, "booked")
}

// Find answers a search with the part of the form that lists clients; a script asks for it while somebody types.
func Find(v *page.Visit) (page.Answer, error) {
	b := readBooking(v)
	if err := v.View(b.search); err != nil {
		return page.Answer{}, err
	}
	return page.Show(found(b))
}

func readBooking(v *page.Visit) *booking {
	b := &booking{find: v.Form("find"), client: v.Form("client"), first: v.Form("first_name"), last: v.Form("last_name"), born: v.Form("born"),
		email: v.Form("email"), mobile: v.Form("mobile"), back: back(v), every: v.Form("every"), unit: v.Form("unit"), times: v.Form("times")}
	b.visit = v
	b.typed(v)
	if b.client == "new" {
		b.client = ""
	}
	return b
}

func (b *booking) newClient() bool {
	return b.client == "" && (b.first != "" || b.last != "" || b.email != "" || b.mobile != "" || b.born != "")
}

// person is the chosen client, or the new one.
func (b *booking) person(ctx context.Context, tx *store.Tx) (client.ID, error) {
	if !b.newClient() {
		return client.ID(b.client), nil
	}
	keys, err := b.visit.Keys(ctx, tx)
	if err != nil {
		return "", err
	}
	c, err := client.Add(ctx, tx, keys, client.Client{FirstName: b.first, LastName: b.last, Born: b.born,
		Email: client.Address{Written: b.email}, Mobile: client.Address{Written: b.mobile}})
	return c.ID, err
}

// again shows the form once more with what was typed; err nil means that somebody searched.
func (b *booking) again(err error) (page.Answer, error) {
	b.fresh = b.newClient()
	viewErr := b.visit.View(func(ctx context.Context, tx *store.Tx) error {
		if err := b.lists(ctx, tx); err != nil {
			return err
		}
		return b.search(ctx, tx)
	})
	if viewErr != nil {
		return page.Answer{}, viewErr
	}
	b.frame = b.visit.Frame(b.title(), "/appointments/new")
	if err == nil {
		return page.Show(book(*b))
	}
	return page.Again(book(*b), refusal(err))
}

// search lists the clients that were asked for, and keeps the chosen one among them.
func (b *booking) search(ctx context.Context, tx *store.Tx) error {
	if b.find == "" && b.client == "" {
		return nil
	}
	keys, err := b.visit.Keys(ctx, tx)
	if err != nil {
		return err
	}
	listed := false
	if b.find != "" {
		answer, err := client.Search(ctx, tx, keys, client.Query{Text: b.find}, hits)
		if err != nil {
			return err
		}
		b.searched, b.more = true, answer.Next != ""
		for _, c := range answer.Clients {
			listed = listed || string(c.ID) == b.client
			b.found = append(b.found, b.option(c))
		}
	}
	if b.client == "" || listed {
		return nil
	}
	return b.keep(ctx, tx, keys)
}

func (b *booking) keep(ctx context.Context, tx *store.Tx, keys *vault.Keys) error {
	c, err := client.Find(ctx, tx, keys, client.ID(b.client))
	if fault.KindOf(err) == fault.NotFound {
		b.client = ""
		return nil
	}
	if err == nil {
		b.found = append([]ui.Option{b.option(c)}, b.found...)
	}
	return err
}

// option shows a client so that two of one name can be told apart: born when, reached how.
func (b *booking) option(c client.Client) ui.Option {
	help := ""
	add := func(say string) {
		if say != "" {
			if help != "" {
				help += " · "
			}
			help += say
		}
	}
	if c.Born != "" {
		add(b.visit.Say("book.born", c.Born))
	}
	add(c.Mobile.Written)
	add(c.Email.Written)
	add(c.Alert)
	return ui.Option{Value: string(c.ID), Say: c.Name(), Help: help}
}

// chosen is the value of the choice that is marked.
func (b *booking) chosen() string {
	if b.fresh {
		return "new"
	}
	return b.client
}

// leave is where it goes without booking.
func (b *booking) leave() string {
	if b.back != "" {
		return b.back
	}
	return "/?date=" + b.date
}

// line says whose times these are.
func (b *booking) line() string {
	return b.visit.Say("book.times-in", b.visit.Text.Place(b.visit.Practice.Zone))
}
