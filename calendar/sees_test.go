package calendar_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"

	"letterhead/calendar"
	"letterhead/client"
	"letterhead/guard"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/vault"
	"letterhead/zone"
)

// member puts a row with a chosen id into a practice's team: the same ids are in both.
func (c *clinic) member(id string, sees guard.Sees) store.Actor {
	c.t.Helper()
	c.must(func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO member (practice, id, email, name, role, created_at, ended_at, person, sees) VALUES ($1, $2, $3, '', 'practitioner', 0, 0, '', $4)`,
			id, id+"@example.org", string(sees))
		return err
	})
	return store.Actor{Practice: c.actor.Practice, Member: store.MemberID(id)}
}

// looks is what somebody gets of the clinic's two clients by every way there is.
type looks struct{ search, find, day, entries, ofClient, contacts, twins, consents int }

func (c *clinic) looks(who store.Actor, keeper *vault.Keeper, ids []client.ID, booked []calendar.ID) (l looks) {
	c.t.Helper()
	err := c.db.View(ctx, who, func(tx *store.Tx) error {
		keys, err := keeper.Keys(ctx, tx)
		if err != nil {
			return err
		}
		for _, text := range []string{"", "white", "White An", "1980-12-31"} {
			page, err := client.Search(ctx, tx, keys, client.Query{Text: text}, 1) // the page is full of whom one sees
			if err != nil {
				return err
			}
			l.search += len(page.Clients)
		}
		for _, id := range ids {
			if _, err := client.Find(ctx, tx, keys, id); err == nil {
				l.find++
			} else if !errors.Is(err, client.ErrNotFound) {
				return err
			}
			of, err := calendar.OfClient(ctx, tx, id, tx.Now.AddDate(1, 0, 0), 10)
			if err != nil {
				return err
			}
			l.ofClient += len(of)
			if _, err := client.Contacts(ctx, tx, keys, id); err == nil {
				l.contacts++
			}
			if _, err := client.Consents(ctx, tx, id); err == nil {
				l.consents++
			}
		}
		day, err := calendar.Day(ctx, tx, tx.Now, tx.Now.Add(40*24*time.Hour), nil)
		if err != nil {
			return err
		}
		if len(day) != len(booked) {
			return fmt.Errorf("%d appointments on the day: a time that is taken must be seen to be", len(day))
		}
		for _, e := range day {
			for _, p := range e.People {
				if p.Hidden != (p.FirstName == "") || p.Hidden != (p.Client == "") || p.Hidden && (p.Born != "" || p.LastName != "" || p.FirstVisit) {
					return fmt.Errorf("half hidden: %+v", p)
				}
				if !p.Hidden {
					l.day++
				}
			}
		}
		entries, err := calendar.Entries(ctx, tx, booked)
		l.entries = len(entries)
		return err
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return l
}

func TestWhoSeesWhom(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *clinic) {
		keeper, err := vault.NewKeeper(bytes.Repeat([]byte{7}, 32))
		if err != nil {
			t.Fatal(err)
		}
		b := open(t, a.db, a.clock, "b")
		var booked = map[*clinic][]calendar.ID{}
		for _, c := range []*clinic{a, b} {
			for i, who := range []client.ID{c.ann, c.ben} {
				made, err := c.one(func(tx *store.Tx) (calendar.Appointment, error) {
					return calendar.Book(ctx, tx, calendar.BookRequest{Clients: []client.ID{who}, Practitioner: c.hana, Service: c.visit, Location: c.rooms, Wall: wallAt(t, fmt.Sprintf("2026-12-01T%02d:00", 10+i))})
				})
				if err != nil {
					t.Fatal(err)
				}
				booked[c] = append(booked[c], made.ID)
			}
		}
		all, none := looks{4, 2, 2, 2, 2, 2, 0, 2}, looks{}
		petra, liam := a.member("petra", guard.SeesAll), a.member("liam", guard.SeesAll)
		b.member("petra", guard.SeesAll)
		other := b.member("liam", guard.SeesAll)
		mere := a.member("mere", guard.SeesOwn)
		theirMere := b.member("mere", guard.SeesAll)
		check := func(what string, c *clinic, who store.Actor, want looks) {
			t.Helper()
			if got := c.looks(who, keeper, []client.ID{c.ann, c.ben}, booked[c]); got != want {
				t.Errorf("%s: %+v, want %+v", what, got, want)
			}
		}
		check("nobody is kept to anybody", a, liam, all)
		// Own clients alone: none, until one of them has an appointment with her.
		check("a practitioner without clients", a, mere, none)
		check("the other practice's of the same id", b, theirMere, all)
		a.must(func(tx *store.Tx) error {
			_, err := practice.AddPractitioner(ctx, tx, practice.Practitioner{Name: "Mere", Member: "mere"})
			if err != nil {
				return err
			}
			hers, err := practice.Practitioners(ctx, tx)
			if err != nil {
				return err
			}
			for _, p := range hers {
				if p.Name == "Mere" {
					_, err = calendar.Book(ctx, tx, calendar.BookRequest{Clients: []client.ID{a.ann}, Practitioner: p.ID, Service: a.visit, Location: a.rooms, Wall: wallAt(t, "2026-12-02T09:00")})
				}
			}
			return err
		})
		var day []calendar.Entry
		if err := a.db.View(ctx, mere, func(tx *store.Tx) (err error) {
			day, err = calendar.Day(ctx, tx, tx.Now, tx.Now.Add(40*24*time.Hour), nil)
			return err
		}); err != nil || len(day) != 3 || day[0].Hidden || !day[1].Hidden || day[2].Hidden {
			t.Errorf("a practitioner's day: %+v %v", day, err)
		}
		if _, err := calendarOne(a, mere, booked[a][1]); !errors.Is(err, calendar.ErrNotFound) {
			t.Errorf("she cancels another's client's appointment: %v", err)
		}
		// Ann is kept to Petra: for everybody else in a, and nobody in b, she is not there.
		a.must(func(tx *store.Tx) error { return client.KeepTo(ctx, tx, a.ann, []store.MemberID{"petra", "petra"}) })
		if err := a.db.Change(ctx, liam, func(tx *store.Tx) error { return client.KeepTo(ctx, tx, a.ann, nil) }); !errors.Is(err, client.ErrNotFound) {
			t.Errorf("who does not see her frees her: %v", err)
		}
		for what, err := range map[string]error{
			"consent": a.db.Change(ctx, liam, func(tx *store.Tx) error {
				return client.SetConsent(ctx, tx, client.Consent{Client: a.ann, Topic: client.Topic{Category: client.Appointments, Channel: practice.Email}, Source: "desk"})
			}),
			"booking": a.db.Change(ctx, liam, func(tx *store.Tx) error {
				_, err := calendar.Book(ctx, tx, calendar.BookRequest{Clients: []client.ID{a.ann}, Practitioner: a.hana, Service: a.visit, Location: a.rooms, Wall: wallAt(t, "2026-12-03T10:00")})
				return err
			}),
		} {
			if !errors.Is(err, client.ErrNotFound) && !errors.Is(err, calendar.ErrNoClient) {
				t.Errorf("%s for somebody whom he does not see: %v", what, err)
			}
		}
		if _, err := calendarOne(a, liam, booked[a][0]); !errors.Is(err, calendar.ErrNotFound) {
			t.Errorf("he cancels her appointment: %v", err)
		}
		booked[a] = booked[a][:2]
		see := func(who store.Actor) (n int) {
			err := a.db.View(ctx, who, func(tx *store.Tx) error {
				found, err := calendar.Entries(ctx, tx, booked[a])
				n = len(found)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		for who, want := range map[store.Actor]int{petra: 2, liam: 1, mere: 0, {Practice: "a", Agent: "tick"}: 2, {Practice: "a", Agent: "program 1"}: 1} {
			if got := see(who); got != want {
				t.Errorf("%+v sees %d, want %d", who, got, want)
			}
		}
		check("the other practice's liam", b, other, all)
	})
}

func calendarOne(c *clinic, who store.Actor, id calendar.ID) (calendar.Appointment, error) {
	var a calendar.Appointment
	err := c.db.Change(ctx, who, func(tx *store.Tx) (err error) {
		a, err = calendar.Cancel(ctx, tx, calendar.CancelRequest{ID: id, Version: 1, By: calendar.ByPractice})
		return err
	})
	return a, err
}

func wallAt(t testing.TB, text string) zone.Wall {
	t.Helper()
	w, err := zone.ParseWall(text)
	if err != nil {
		t.Fatal(err)
	}
	return w
}
