package client_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"letterhead/client"
	"letterhead/fault"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/testkit"
	"letterhead/vault"
)

var ctx = context.Background()

// clinic is a practice with its keys. It runs what a member of it does.
type clinic struct {
	t      *testing.T
	db     *store.DB
	keeper *vault.Keeper
	actor  store.Actor
}

// two are practices on one database, the first in Australia, the second in Egypt.
func two(t *testing.T, db *store.DB) (a, b clinic) {
	t.Helper()
	keeper, err := vault.NewKeeper(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	a = clinic{t, db, keeper, store.Actor{Practice: "a", Member: "m1"}}
	b = clinic{t, db, keeper, store.Actor{Practice: "b", Member: "m1"}}
	a.must(func(tx *store.Tx, _ *vault.Keys) error {
		_, err := practice.Add(ctx, tx, practice.New("Wattle Street", "AU", "Australia/Melbourne"))
		return err
	})
	b.must(func(tx *store.Tx, _ *vault.Keys) error {
		_, err := practice.Add(ctx, tx, practice.New("Nile", "EG", "Africa/Cairo"))
		return err
	})
	return a, b
}

func (c clinic) do(fn func(tx *store.Tx, keys *vault.Keys) error) error {
	return c.db.Change(ctx, c.actor, func(tx *store.Tx) error {
		keys, err := c.keeper.Keys(ctx, tx)
		if err != nil {
			return err
		}
		return fn(tx, keys)
	})
}

func (c clinic) must(fn func(tx *store.Tx, keys *vault.Keys) error) {
	c.t.Helper()
	if err := c.do(fn); err != nil {
		c.t.Fatal(err)
	}
}

func (c clinic) add(who client.Client) client.Client {
	c.t.Helper()
	var out client.Client
	c.must(func(tx *store.Tx, keys *vault.Keys) (err error) {
		out, err = client.Add(ctx, tx, keys, who)
		return err
	})
	return out
}

func written(text string) client.Address { return client.Address{Written: text} }

func TestAddFindChangeArchive(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, db *store.DB) {
		a, _ := two(t, db)
		hana := a.add(client.Client{
			Title: "Ms", FirstName: " Hana ", LastName: "Be\u0301cker", PreferredName: "Han", Born: "1980-12-31", Language: "de", Zone: "Europe/Berlin", Reminders: client.ByBoth,
			Email: written(" Hana@Mail.Example"), Mobile: written("0429 327 534"), Alert: "Prefers \"Sam\"\nAllergic to latex",
		})
		if hana.FirstName != "Hana" || hana.LastName != "Bécker" || hana.Name() != "Han Bécker" || hana.Email.Normal != "Hana@mail.example" || hana.Mobile.Normal != "+61429327534" || hana.Version != 1 {
			t.Errorf("added %+v", hana)
		}
		a.must(func(tx *store.Tx, keys *vault.Keys) error {
			found, err := client.Find(ctx, tx, keys, hana.ID)
			if err != nil || found != hana {
				t.Errorf("found %+v, %v\nadded %+v", found, err, hana)
			}
			found.Reminders, found.Mobile, found.External = client.NoReminders, written(""), "ignored"
			changed, err := client.Change(ctx, tx, keys, found)
			if err != nil || changed.Version != 2 || changed.Mobile.State != client.None || changed.External != "" {
				t.Errorf("changed %+v, %v", changed, err)
			}
			_, err = client.Change(ctx, tx, keys, found)
			var since practice.Changed
			if !errors.Is(err, client.ErrChanged) || !errors.As(err, &since) || since.Who != "m1" || !since.At.Equal(tx.Now) {
				t.Errorf("changed on an old reading: %v", err)
			}
			gone, err := client.Archive(ctx, tx, keys, hana.ID, 2)
			if err != nil || gone.ArchivedAt.IsZero() || gone.Version != 3 {
				t.Errorf("archived %+v, %v", gone, err)
			}
			if _, err := client.Change(ctx, tx, keys, gone); !errors.Is(err, client.ErrArchived) {
				t.Errorf("changed an archived client: %v", err)
			}
			back, err := client.Restore(ctx, tx, keys, hana.ID, 3)
			if err != nil || !back.ArchivedAt.IsZero() || back.Email.Normal != "Hana@mail.example" || back.Alert != hana.Alert {
				t.Errorf("restored %+v, %v", back, err)
			}
			return nil
		})
	})
}

func TestNothingOfHowSomebodyIsReachedIsInClear(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, db *store.DB) {
		a, b := two(t, db)
		who := client.Client{FirstName: "Hana", Email: written("hana@mail.example"), Mobile: written("+61429327534"), Alert: "latex"}
		inA, inB := a.add(who), b.add(who)
		var rows []string
		for _, of := range []struct {
			c  clinic
			id client.ID
		}{{a, inA.ID}, {b, inB.ID}} {
			of.c.must(func(tx *store.Tx, _ *vault.Keys) error {
				var sealed []byte
				var email, local, mobile, tail string
				err := tx.Row(ctx, `SELECT sealed, email_index, local_index, mobile_index, tail4_index FROM client WHERE practice = $1 AND id = $2`, of.id).Scan(&sealed, &email, &local, &mobile, &tail)
				rows = append(rows, string(sealed)+email+local+mobile+tail)
				if email == "" || local == "" || mobile == "" || tail == "" {
					t.Error("an index is missing")
				}
				return err
			})
		}
		for _, row := range rows {
			for _, secret := range []string{"hana", "mail.example", "429327534", "7534", "latex"} {
				if strings.Contains(strings.ToLower(row), secret) {
					t.Errorf("the row holds %q", secret)
				}
			}
		}
		if rows[0] == rows[1] {
			t.Error("two practices index alike")
		}
		// The row of one version does not open as another, nor for another client.
		other := a.add(client.Client{FirstName: "Sam", Email: written("sam@mail.example")})
		a.must(func(tx *store.Tx, keys *vault.Keys) error {
			if _, err := tx.Exec(ctx, `UPDATE client SET sealed = (SELECT sealed FROM client WHERE practice = $1 AND id = $3) WHERE practice = $1 AND id = $2`, inA.ID, other.ID); err != nil {
				return err
			}
			if _, err := client.Find(ctx, tx, keys, inA.ID); !errors.Is(err, vault.ErrSealed) {
				t.Errorf("another client's details opened: %v", err)
			}
			return nil
		})
	})
}

func TestBadInputIsNamedByItsField(t *testing.T) {
	t.Parallel()
	a, _ := two(t, testkit.Open(t, testkit.SQLite, testkit.NewClock(t, "2026-11-21T10:00:00Z")))
	for _, c := range []struct {
		field string
		who   client.Client
	}{
		{"last_name", client.Client{FirstName: "  "}},
		{"first_name", client.Client{FirstName: strings.Repeat("é", 101)}},
		{"first_name", client.Client{FirstName: "Hana\r\nBcc: x@y.example"}},
		{"first_name", client.Client{FirstName: "evil.com"}},
		{"first_name", client.Client{FirstName: "<b>Hana</b>"}},
		{"first_name", client.Client{FirstName: "Ring 0900 123 456"}},
		{"first_name", client.Client{FirstName: "{{.Danger}}"}},
		{"last_name", client.Client{FirstName: "x", LastName: "https://evil.example"}},
		{"last_name", client.Client{FirstName: "x", LastName: "pаypal"}},
		{"preferred_name", client.Client{FirstName: "x", PreferredName: "claim@evil.example"}},
		{"title", client.Client{FirstName: "x", Title: "M\u202es"}},
		{"preferred_name", client.Client{FirstName: "x", PreferredName: "a\x00"}},
		{"born", client.Client{FirstName: "x", Born: "31/12/1980"}},
		{"born", client.Client{FirstName: "x", Born: "2026-02-30"}},
		{"born", client.Client{FirstName: "x", Born: "2026-11-23"}},
		{"born", client.Client{FirstName: "x", Born: "1700-01-01"}},
		{"language", client.Client{FirstName: "x", Language: "klingonish"}},
		{"zone", client.Client{FirstName: "x", Zone: "Atlantis/Centre"}},
		{"reminders", client.Client{FirstName: "x", Reminders: "fax"}},
		{"email", client.Client{FirstName: "x", Email: written("None")}},
		{"mobile", client.Client{FirstName: "x", Mobile: written("None")}},
		{"alert", client.Client{FirstName: "x", Alert: strings.Repeat("a", 501)}},
	} {
		err := a.do(func(tx *store.Tx, keys *vault.Keys) error {
			_, err := client.Add(ctx, tx, keys, c.who)
			return err
		})
		if f := fault.As(err); f == nil || f.Kind != fault.Invalid || f.Field != c.field || f.Say == "" {
			t.Errorf("%s: %v", c.field, err)
		}
	}
}

// What an import kept as no address must not keep anybody from correcting the name; a new one that is no address is refused.
func TestAKeptBadAddressDoesNotBlockOtherChanges(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, db *store.DB) {
		a, _ := two(t, db)
		who := a.add(client.Client{FirstName: "Hana"})
		a.must(func(tx *store.Tx, keys *vault.Keys) error {
			sealed := client.Seal(keys, who.ID, 1, client.Details{Email: client.NormaliseEmail("None"), Mobile: client.NormaliseMobile("ask mum", "AU")})
			_, err := tx.Exec(ctx, `UPDATE client SET sealed = $3, email_state = 'bad', mobile_state = 'bad' WHERE practice = $1 AND id = $2`, who.ID, sealed)
			return err
		})
		a.must(func(tx *store.Tx, keys *vault.Keys) error {
			found, err := client.Find(ctx, tx, keys, who.ID)
			if err != nil {
				return err
			}
			found.LastName = "Becker"
			found, err = client.Change(ctx, tx, keys, found)
			if err != nil || found.Email.State != client.Bad || found.Email.Written != "None" {
				t.Errorf("%+v, %v", found, err)
			}
			found.Email = written("nothing")
			if _, err := client.Change(ctx, tx, keys, found); fault.As(err) == nil || fault.As(err).Field != "email" {
				t.Errorf("a new bad address: %v", err)
			}
			reach, err := client.Reached(ctx, tx, []client.ID{who.ID})
			if reach[who.ID].Email != client.Bad || reach[who.ID].Mobile != client.Bad {
				t.Errorf("%+v", reach)
			}
			return err
		})
	})
}

// Every function, given the id of the other practice's client or contact, finds nothing; also when an own client has that same id.
func TestAnotherPracticesClientIsNotFound(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, db *store.DB) {
		a, b := two(t, db)
		own := a.add(client.Client{FirstName: "Hana", Born: "1980-12-31", Email: written("hana@mail.example")})
		var contact client.Contact
		a.must(func(tx *store.Tx, keys *vault.Keys) (err error) {
			contact, err = client.AddContact(ctx, tx, keys, client.Contact{Client: own.ID, Name: "Mum", Receives: client.ByEmail, Email: written("mum@mail.example")})
			return err
		})
		for name, fn := range map[string]func(tx *store.Tx, keys *vault.Keys) error{
			"find":   func(tx *store.Tx, keys *vault.Keys) error { _, err := client.Find(ctx, tx, keys, own.ID); return err },
			"change": func(tx *store.Tx, keys *vault.Keys) error { _, err := client.Change(ctx, tx, keys, own); return err },
			"archive": func(tx *store.Tx, keys *vault.Keys) error {
				_, err := client.Archive(ctx, tx, keys, own.ID, 1)
				return err
			},
			"restore": func(tx *store.Tx, keys *vault.Keys) error {
				_, err := client.Restore(ctx, tx, keys, own.ID, 1)
				return err
			},
			"add contact": func(tx *store.Tx, keys *vault.Keys) error {
				_, err := client.AddContact(ctx, tx, keys, client.Contact{Client: own.ID, Name: "x"})
				return err
			},
			"change contact": func(tx *store.Tx, keys *vault.Keys) error {
				_, err := client.ChangeContact(ctx, tx, keys, contact)
				return err
			},
			"end contact": func(tx *store.Tx, keys *vault.Keys) error { return client.EndContact(ctx, tx, contact.ID) },
			"consent": func(tx *store.Tx, keys *vault.Keys) error {
				return client.SetConsent(ctx, tx, client.Consent{Client: own.ID, Topic: client.Topic{Category: client.Marketing, Channel: practice.Email}, Source: "desk"})
			},
		} {
			if err := b.do(fn); fault.KindOf(err) != fault.NotFound {
				t.Errorf("%s from the other practice: %v", name, err)
			}
		}
		b.must(func(tx *store.Tx, keys *vault.Keys) error {
			reach, err := client.Reached(ctx, tx, []client.ID{own.ID})
			if err != nil || len(reach) != 0 {
				t.Errorf("reached %v, %v", reach, err)
			}
			to, err := client.Addresses(ctx, tx, keys, []string{string(own.ID), string(contact.ID)})
			if err != nil || len(to) != 0 {
				t.Errorf("addresses %v, %v", to, err)
			}
			contacts, err := client.Contacts(ctx, tx, keys, own.ID)
			if err != nil || len(contacts) != 0 {
				t.Errorf("contacts %v, %v", contacts, err)
			}
			page, err := client.Search(ctx, tx, keys, client.Query{Text: "hana@mail.example"}, 10)
			if err != nil || len(page.Clients) != 0 {
				t.Errorf("search %v, %v", page, err)
			}
			return nil
		})
		// The other practice now has a client with the same id: each sees its own.
		b.must(func(tx *store.Tx, keys *vault.Keys) error {
			sealed := client.Seal(keys, own.ID, 1, client.Details{Email: client.NormaliseEmail("nour@mail.example")})
			_, err := tx.Exec(ctx, `INSERT INTO client (practice, id, external, title, first_name, last_name, preferred_name, folded, born, language, zone, reminders, email_state, mobile_state, sealed,
				email_index, local_index, mobile_index, tail4_index, tail5_index, tail6_index, import_sum, import_version, batch, version, created_at, changed_at, archived_at)
				VALUES ($1, $2, '', '', 'نور', '', '', ' نور ', '1980-12-31', '', '', '', 'good', 'none', $3, '', '', '', '', '', '', '', 0, '', 1, 1, 1, 0)`, own.ID, sealed)
			return err
		})
		for _, c := range []struct {
			clinic
			name, email string
		}{{a, "Hana", "hana@mail.example"}, {b, "نور", "nour@mail.example"}} {
			c.must(func(tx *store.Tx, keys *vault.Keys) error {
				to, err := client.Addresses(ctx, tx, keys, []string{string(own.ID)})
				if got := to[string(own.ID)]; err != nil || got.FirstName != c.name || got.Email.Normal != c.email {
					t.Errorf("%s: %+v, %v", c.name, got, err)
				}
				twins, err := client.Twins(ctx, tx, client.Client{ID: "new", FirstName: c.name, Born: "1980-12-31"})
				if err != nil || len(twins) != 1 {
					t.Errorf("%s: twins %v, %v", c.name, twins, err)
				}
				return nil
			})
		}
	})
}

func TestContactsReceiveAndEnd(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, db *store.DB) {
		a, _ := two(t, db)
		child := a.add(client.Client{FirstName: "Sam", LastName: "White"})
		a.must(func(tx *store.Tx, keys *vault.Keys) error {
			mum, err := client.AddContact(ctx, tx, keys, client.Contact{Client: child.ID, Name: "Ann White", Relation: "mother", Receives: client.ByBoth, Email: written("ann@mail.example"), Mobile: written("0429 327 534")})
			if err != nil {
				return err
			}
			payer, err := client.AddContact(ctx, tx, keys, client.Contact{Client: child.ID, Name: "Fund"})
			if err != nil || payer.Receives != client.NoReminders {
				t.Errorf("%+v, %v", payer, err)
			}
			reach, err := client.Reached(ctx, tx, []client.ID{child.ID, child.ID})
			if err != nil {
				return err
			}
			if got := reach[child.ID].Contacts; len(got) != 1 || got[0].ID != mum.ID || got[0].Receives != client.ByBoth || got[0].Email != client.Good {
				t.Errorf("contacts %+v", got)
			}
			mum.Receives, mum.Zone = client.BySMS, "Australia/Perth"
			changed, err := client.ChangeContact(ctx, tx, keys, mum)
			if err != nil || changed.Version != 2 {
				t.Errorf("%+v, %v", changed, err)
			}
			if _, err := client.ChangeContact(ctx, tx, keys, mum); !errors.Is(err, client.ErrChanged) {
				t.Errorf("on an old reading: %v", err)
			}
			to, err := client.Addresses(ctx, tx, keys, []string{string(child.ID), string(mum.ID), "nobody"})
			if err != nil || len(to) != 2 || to[string(mum.ID)].Name != "Ann White" || to[string(mum.ID)].Mobile.Normal != "+61429327534" || to[string(mum.ID)].Client != child.ID ||
				to[string(mum.ID)].Zone != "Australia/Perth" || to[string(child.ID)].Name != "Sam White" {
				t.Errorf("addresses %+v, %v", to, err)
			}
			if err := client.EndContact(ctx, tx, mum.ID); err != nil {
				return err
			}
			if err := client.EndContact(ctx, tx, mum.ID); !errors.Is(err, client.ErrNoContact) {
				t.Errorf("ended twice: %v", err)
			}
			left, err := client.Contacts(ctx, tx, keys, child.ID)
			to, _ = client.Addresses(ctx, tx, keys, []string{string(mum.ID)})
			if len(left) != 1 || !to[string(mum.ID)].Ended {
				t.Errorf("left %v, ended %+v", left, to)
			}
			for range client.MaxContacts - 1 {
				if _, err := client.AddContact(ctx, tx, keys, client.Contact{Client: child.ID, Name: "x"}); err != nil {
					return err
				}
			}
			if _, err := client.AddContact(ctx, tx, keys, client.Contact{Client: child.ID, Name: "x"}); !errors.Is(err, client.ErrManyPeople) {
				t.Errorf("one contact too many: %v", err)
			}
			return err
		})
	})
}

func TestTheLatestConsentCounts(t *testing.T) {
	t.Parallel()
	clock := testkit.NewClock(t, "2026-11-21T10:00:00Z")
	for _, engine := range testkit.Engines() {
		a, _ := two(t, testkit.Open(t, engine, clock))
		who := a.add(client.Client{FirstName: "Hana"})
		news := client.Topic{Category: client.Marketing, Channel: practice.Email}
		say := func(given bool, source string) {
			clock.Pass(1)
			a.must(func(tx *store.Tx, _ *vault.Keys) error {
				return client.SetConsent(ctx, tx, client.Consent{Client: who.ID, Topic: news, Given: given, Source: source})
			})
		}
		say(true, "import")
		say(false, "unsubscribe")
		say(false, "unsubscribe")
		a.must(func(tx *store.Tx, _ *vault.Keys) error {
			latest, err := client.Consents(ctx, tx, who.ID)
			if err != nil || len(latest) != 1 || latest[news].Given || latest[news].Source != "unsubscribe" || latest[news].Who != "m1" {
				t.Errorf("latest %+v, %v", latest, err)
			}
			history, err := client.ConsentHistory(ctx, tx, who.ID)
			if err != nil || len(history) != 2 || history[0].Given || !history[1].Given {
				t.Errorf("history %+v, %v", history, err)
			}
			reach, err := client.Reached(ctx, tx, []client.ID{who.ID})
			if given, asked := reach[who.ID].Consent[news]; given || !asked || len(reach[who.ID].Consent) != 1 {
				t.Errorf("reach %+v", reach)
			}
			for _, bad := range []client.Consent{
				{Client: who.ID, Topic: client.Topic{Category: "spam", Channel: practice.Email}, Source: "desk"},
				{Client: who.ID, Topic: client.Topic{Category: client.Marketing, Channel: practice.NoChannel}, Source: "desk"},
				{Client: who.ID, Topic: news, Source: "rumour"},
			} {
				if err := client.SetConsent(ctx, tx, bad); fault.KindOf(err) != fault.Invalid {
					t.Errorf("%+v: %v", bad, err)
				}
			}
			return err
		})
	}
}
