package practice_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"letterhead/fault"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/testkit"
	"letterhead/wording/directory"
)

var ctx = context.Background()

func change(t *testing.T, db *store.DB, id store.PracticeID, fn func(tx *store.Tx) error) {
	t.Helper()
	if err := db.Change(ctx, store.Actor{Practice: id, Agent: "test"}, fn); err != nil {
		t.Fatal(err)
	}
}

func add(t *testing.T, db *store.DB, id store.PracticeID, p practice.Practice) practice.Practice {
	t.Helper()
	var out practice.Practice
	change(t, db, id, func(tx *store.Tx) (err error) {
		out, err = practice.Add(ctx, tx, p)
		return err
	})
	return out
}

func TestAddFindChangeClose(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, db *store.DB) {
		p := practice.New("  Wattle Street Physiotherapy ", "au", "Australia/Melbourne")
		p.Phone, p.Website, p.Address, p.Email = "+61 3 5550 0142", "https://WattleStreet.example/", "12 Wattle Street\r\nBallarat VIC 3350\n", " Desk@wattlestreet.example"
		added := add(t, db, "a", p)
		if added.Name != "Wattle Street Physiotherapy" || added.Country != "AU" || added.Language != "en" || added.Label != "wattle-street-physiotherapy" ||
			added.Website != "wattlestreet.example" || added.Address != "12 Wattle Street\nBallarat VIC 3350" || added.Email != "Desk@wattlestreet.example" {
			t.Errorf("added %+v", added)
		}
		change(t, db, "a", func(tx *store.Tx) error {
			found, err := practice.Find(ctx, tx)
			if err != nil || found != added {
				t.Errorf("found %+v, %v\nadded %+v", found, err, added)
			}
			places, err := practice.Locations(ctx, tx)
			if err != nil || len(places) != 1 || places[0].Zone != "Australia/Melbourne" || places[0].Address != added.Address {
				t.Errorf("locations %+v, %v", places, err)
			}
			found.Language, found.QuietFrom, found.QuietTo, found.SMSServices, found.Label = "en-au", 0, 0, true, "ignored"
			changed, err := practice.Change(ctx, tx, found)
			if err != nil || changed.Language != "en-AU" || !changed.SMSServices || changed.QuietFrom != 0 || changed.Label != added.Label {
				t.Errorf("changed %+v, %v", changed, err)
			}
			if err := practice.Close(ctx, tx); err != nil {
				t.Error(err)
			}
			if err := practice.Close(ctx, tx); !errors.Is(err, practice.ErrClosed) {
				t.Errorf("closed twice: %v", err)
			}
			if _, err := practice.Change(ctx, tx, found); !errors.Is(err, practice.ErrClosed) {
				t.Errorf("changed after closing: %v", err)
			}
			return nil
		})
		err := db.Change(ctx, store.Actor{Practice: "nobody"}, func(tx *store.Tx) error { return practice.Close(ctx, tx) })
		if !errors.Is(err, practice.ErrNotFound) {
			t.Errorf("closed what is not there: %v", err)
		}
	})
}

func TestLabelsAreNobodyElses(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, db *store.DB) {
		seen := map[string]bool{}
		for i := range 9 {
			p := add(t, db, store.PracticeID(fmt.Sprintf("p%d", i)), practice.New("Lee Valley Psychology", "IE", "Europe/Dublin"))
			if seen[p.Label] || !strings.HasPrefix(p.Label, "lee-valley-psychology") {
				t.Errorf("label %q", p.Label)
			}
			seen[p.Label] = true
		}
		wanted := practice.New("Other", "IE", "Europe/Dublin")
		wanted.Label = "lee-valley-psychology"
		err := db.Change(ctx, store.Actor{Practice: "q"}, func(tx *store.Tx) error {
			_, err := practice.Add(ctx, tx, wanted)
			return err
		})
		if !errors.Is(err, practice.ErrLabel) {
			t.Errorf("a label that is taken: %v", err)
		}
	})
}

func TestListAndNamedSeeAllPractices(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, db *store.DB) {
		for i := range 5 {
			add(t, db, store.PracticeID(fmt.Sprintf("p%d", i)), practice.New(fmt.Sprintf("Clinic %d", i), "US", "America/New_York"))
		}
		err := db.WholeView(ctx, "test", func(w *store.Wide) error {
			var ids []string
			after := store.PracticeID("")
			for {
				page, err := practice.List(ctx, w, after, 2)
				if err != nil {
					return err
				}
				for _, p := range page {
					ids = append(ids, string(p.ID))
					after = p.ID
				}
				if len(page) < 2 {
					break
				}
			}
			if got := strings.Join(ids, " "); got != "p0 p1 p2 p3 p4" {
				t.Errorf("listed %s", got)
			}
			for _, name := range []string{"p3", "clinic-3"} {
				if p, err := practice.Named(ctx, w, name); err != nil || p.ID != "p3" {
					t.Errorf("%s: %+v, %v", name, p, err)
				}
			}
			if _, err := practice.Named(ctx, w, "p9"); !errors.Is(err, practice.ErrNotFound) {
				t.Error(err)
			}
			if _, err := practice.List(ctx, w, "", 0); fault.KindOf(err) != fault.Invalid {
				t.Error(err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestBadInputIsNamedByItsField(t *testing.T) {
	t.Parallel()
	db := testkit.Open(t, testkit.SQLite, nil)
	for _, c := range []struct {
		field string
		spoil func(p *practice.Practice)
	}{
		{"name", func(p *practice.Practice) { p.Name = " " }},
		{"name", func(p *practice.Practice) { p.Name = strings.Repeat("ż", 101) }},
		{"name", func(p *practice.Practice) { p.Name = "Clinic\u202egnp.exe" }},
		{"name", func(p *practice.Practice) { p.Name = "two\nlines" }},
		{"name", func(p *practice.Practice) { p.Name = "\xff\xfe" }},
		{"country", func(p *practice.Practice) { p.Country = "Australia" }},
		{"country", func(p *practice.Practice) { p.Country = "UK" }},
		{"country", func(p *practice.Practice) { p.Country = "EU" }},
		{"country", func(p *practice.Practice) { p.Country = "" }},
		{"zone", func(p *practice.Practice) { p.Zone = "Melbourne" }},
		{"zone", func(p *practice.Practice) { p.Zone = "" }},
		{"zone", func(p *practice.Practice) { p.Zone = "../../etc/passwd" }},
		{"language", func(p *practice.Practice) { p.Language = "english please" }},
		{"phone", func(p *practice.Practice) { p.Phone = "12" }},
		{"email", func(p *practice.Practice) { p.Email = "a at b" }},
		{"website", func(p *practice.Practice) { p.Website = "clinic.example/path" }},
		{"website", func(p *practice.Practice) { p.Website = "192.0.2.1" }},
		{"address", func(p *practice.Practice) { p.Address = strings.Repeat("x", 501) }},
		{"accent", func(p *practice.Practice) { p.Accent = "red" }},
		{"sender_local", func(p *practice.Practice) { p.SenderLocal = "a b" }},
		{"sender_local", func(p *practice.Practice) { p.SenderLocal = "a..b" }},
		{"domain", func(p *practice.Practice) { p.Domain = "localhost" }},
		{"default_channel", func(p *practice.Practice) { p.DefaultChannel = "fax" }},
		{"quiet_from", func(p *practice.Practice) { p.QuietFrom = 1440 }},
		{"quiet_to", func(p *practice.Practice) { p.QuietTo = -1 }},
		{"client_word", func(p *practice.Practice) { p.ClientWord = "customer" }},
		{"label", func(p *practice.Practice) { p.Label = "www" }},
		{"label", func(p *practice.Practice) { p.Label = "xn--80ak6aa92e" }},
		{"label", func(p *practice.Practice) { p.Label = "-a" }},
	} {
		p := practice.New("Clinic", "AU", "Australia/Melbourne")
		c.spoil(&p)
		err := db.Change(ctx, store.Actor{Practice: "x"}, func(tx *store.Tx) error {
			_, err := practice.Add(ctx, tx, p)
			return err
		})
		if f := fault.As(err); f == nil || f.Kind != fault.Invalid || f.Field != c.field || f.Say == "" {
			t.Errorf("%s of %+v: %v", c.field, p, err)
		}
	}
}

func TestLocationsServicesPractitioners(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, db *store.DB) {
		for _, id := range []store.PracticeID{"a", "b"} {
			add(t, db, id, practice.New("Clinic "+string(id), "AU", "Australia/Melbourne"))
		}
		var room practice.Location
		var visit practice.Service
		var hana practice.Practitioner
		change(t, db, "a", func(tx *store.Tx) (err error) {
			if room, err = practice.AddLocation(ctx, tx, practice.Location{Name: "Perth rooms", Zone: "Australia/Perth", ReplyTo: "perth@clinic.example"}); err != nil {
				return err
			}
			if visit, err = practice.AddService(ctx, tx, practice.Service{Name: "Visit", Minutes: 45, Mode: practice.Home}); err != nil {
				return err
			}
			hana, err = practice.AddPractitioner(ctx, tx, practice.Practitioner{Name: "Hana Becker"})
			return err
		})
		// What belongs to a is not there for b, neither to read nor to change.
		for name, fn := range map[string]func(tx *store.Tx) error{
			"find location":        func(tx *store.Tx) error { _, err := practice.FindLocation(ctx, tx, room.ID); return err },
			"find service":         func(tx *store.Tx) error { _, err := practice.FindService(ctx, tx, visit.ID); return err },
			"find practitioner":    func(tx *store.Tx) error { _, err := practice.FindPractitioner(ctx, tx, hana.ID); return err },
			"change location":      func(tx *store.Tx) error { return practice.ChangeLocation(ctx, tx, room) },
			"change service":       func(tx *store.Tx) error { return practice.ChangeService(ctx, tx, visit) },
			"change practitioner":  func(tx *store.Tx) error { return practice.ChangePractitioner(ctx, tx, hana) },
			"archive location":     func(tx *store.Tx) error { return practice.ArchiveLocation(ctx, tx, room.ID) },
			"archive service":      func(tx *store.Tx) error { return practice.ArchiveService(ctx, tx, visit.ID) },
			"archive practitioner": func(tx *store.Tx) error { return practice.ArchivePractitioner(ctx, tx, hana.ID) },
		} {
			if err := db.Change(ctx, store.Actor{Practice: "b"}, fn); fault.KindOf(err) != fault.NotFound {
				t.Errorf("%s from the other practice: %v", name, err)
			}
		}
		change(t, db, "a", func(tx *store.Tx) error {
			room.Directions, visit.Minutes, hana.Position = "Second floor", 30, 7
			for _, err := range []error{practice.ChangeLocation(ctx, tx, room), practice.ChangeService(ctx, tx, visit), practice.ChangePractitioner(ctx, tx, hana)} {
				if err != nil {
					return err
				}
			}
			if first, err := practice.FindLocation(ctx, tx, ""); err != nil || first.Name != "Clinic a" {
				t.Errorf("the first location is %+v, %v", first, err)
			}
			if got, err := practice.FindLocation(ctx, tx, room.ID); err != nil || got != room {
				t.Errorf("read %+v, %v", got, err)
			}
			if got, err := practice.FindService(ctx, tx, visit.ID); err != nil || got != visit {
				t.Errorf("read %+v, %v", got, err)
			}
			if got, err := practice.FindPractitioner(ctx, tx, hana.ID); err != nil || !reflect.DeepEqual(got, hana) {
				t.Errorf("read %+v, %v", got, err)
			}
			return nil
		})
		if err := db.Change(ctx, store.Actor{Practice: "a"}, func(tx *store.Tx) error {
			_, err := practice.AddService(ctx, tx, practice.Service{Name: "Visit", Minutes: 45, Mode: practice.Home})
			return err
		}); !errors.Is(err, practice.ErrNameTaken) || fault.As(err).Field != "name" {
			t.Errorf("same name: %v", err)
		}
		change(t, db, "a", func(tx *store.Tx) error {
			places, err := practice.Locations(ctx, tx)
			if err != nil {
				return err
			}
			if err := practice.ArchiveLocation(ctx, tx, places[0].ID); err != nil {
				return err
			}
			if err := practice.ArchiveLocation(ctx, tx, room.ID); !errors.Is(err, practice.ErrLast) {
				t.Errorf("archived the last location: %v", err)
			}
			if err := practice.ArchiveService(ctx, tx, visit.ID); err != nil {
				return err
			}
			// An archived name is free again.
			_, err = practice.AddService(ctx, tx, practice.Service{Name: "Visit", Minutes: 45, Mode: practice.Home})
			every, _ := practice.EveryService(ctx, tx)
			open, _ := practice.Services(ctx, tx)
			if len(every) != 2 || len(open) != 1 {
				t.Errorf("%d services, %d open", len(every), len(open))
			}
			return err
		})
	})
}

func TestEnsureFindsOrMakes(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, db *store.DB) {
		add(t, db, "a", practice.New("Clinic", "AU", "Australia/Melbourne"))
		var first, second map[string]practice.PractitionerID
		change(t, db, "a", func(tx *store.Tx) (err error) {
			first, err = practice.EnsurePractitioner(ctx, tx, "Željko Schäfer", "Nguyễn Öztürk", "Željko Schäfer ")
			return err
		})
		change(t, db, "a", func(tx *store.Tx) (err error) {
			// The same name in decomposed form is the same person.
			second, err = practice.EnsurePractitioner(ctx, tx, "Z\u030celjko Scha\u0308fer", "Hana Becker")
			return err
		})
		if first["Željko Schäfer"] == "" || first["Željko Schäfer"] != first["Željko Schäfer "] || second["Z\u030celjko Scha\u0308fer"] != first["Željko Schäfer"] || second["Hana Becker"] == "" {
			t.Errorf("first %v\nsecond %v", first, second)
		}
		change(t, db, "a", func(tx *store.Tx) error {
			people, err := practice.Practitioners(ctx, tx)
			if err != nil || len(people) != 3 || people[2].Name != "Hana Becker" || people[2].Position != 2 {
				t.Errorf("%+v, %v", people, err)
			}
			services, err := practice.EnsureService(ctx, tx, practice.Service{Name: "Group", Minutes: 50}, practice.Service{Name: "Call", Mode: practice.Phone})
			if err != nil {
				return err
			}
			group, err := practice.FindService(ctx, tx, services["Group"])
			if err != nil || group.Minutes != 50 || group.Mode != practice.InPerson {
				t.Errorf("%+v, %v", group, err)
			}
			places, err := practice.EnsureLocation(ctx, tx, "Clinic", "Northside")
			all, _ := practice.Locations(ctx, tx)
			if len(all) != 2 || places["Clinic"] != all[0].ID || all[1].Zone != "Australia/Melbourne" {
				t.Errorf("%+v %v", all, places)
			}
			if _, err := practice.EnsureService(ctx, tx, practice.Service{Name: ""}); fault.KindOf(err) != fault.Invalid {
				t.Errorf("a service without a name: %v", err)
			}
			return err
		})
	})
}

// What messages would show is held to what they may show, where it is typed; a name that an import brought may stay.
func TestWhatMessagesShowIsHeldToIt(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, db *store.DB) {
		err := db.Change(context.Background(), store.Actor{Practice: "a", Agent: "test"}, func(tx *store.Tx) error {
			p := practice.New("Clinic", "AU", "Australia/Melbourne")
			p.Phone = "(03) 5550 0142"
			if _, err := practice.Add(ctx, tx, p); err != nil {
				return err
			}
			refused := func(field string, err error) {
				t.Helper()
				if f := fault.As(err); f == nil || f.Kind != fault.Invalid || f.Field != field {
					t.Errorf("%s: %v", field, err)
				}
			}
			good := practice.Location{Name: "Main rooms", Address: "12 Wattle Street\nBallarat", Phone: "(03) 5550 0199", Directions: "Ring (03) 5550 0199\nor (03) 5550 0142.", ReplyTo: "o'neil@clinic.example"}
			for field, change := range map[string]func(*practice.Location){"name": func(l *practice.Location) { l.Name = "claim at evil.com" }, "address": func(l *practice.Location) { l.Address = "<b>12 Wattle Street</b>" },
				"phone": func(l *practice.Location) { l.Phone = "ring me" }, "directions": func(l *practice.Location) { l.Directions = "Ring 0900 123 456" }} {
				bad := good
				change(&bad)
				_, err := practice.AddLocation(ctx, tx, bad)
				refused(field, err)
			}
			added, err := practice.AddLocation(ctx, tx, good)
			if err != nil {
				return err
			}
			_, err = practice.AddService(ctx, tx, practice.Service{Name: "https://evil.example", Minutes: 30, Mode: practice.InPerson})
			refused("name", err)
			_, err = practice.AddPractitioner(ctx, tx, practice.Practitioner{Name: "{{.Danger}}"})
			refused("name", err)
			ids, err := practice.EnsureService(ctx, tx, practice.Service{Name: "Physio <45>"})
			if err != nil {
				return fmt.Errorf("an import: %w", err)
			}
			odd := practice.Service{ID: ids["Physio <45>"], Name: "Physio <45>", Minutes: 45, Mode: practice.Video}
			if err := practice.ChangeService(ctx, tx, odd); err != nil {
				t.Errorf("an imported name may not stay: %v", err)
			}
			odd.Name = "Physio <60>"
			refused("name", practice.ChangeService(ctx, tx, odd))

			d, remarks, err := practice.Directory(ctx, tx)
			if err != nil {
				return err
			}
			if len(remarks) != 1 || remarks[0].Kind != "service" || remarks[0].ID != string(odd.ID) {
				t.Errorf("remarks %v", remarks)
			}
			data, err := d.Canonical()
			if err != nil {
				return err
			}
			book, err := directory.Parse(data)
			if err != nil {
				return err
			}
			place, known := book.Place(string(added.ID))
			if !known || place.Address != "12 Wattle Street, Ballarat" || place.Directions != "Ring (03) 5550 0199 or (03) 5550 0142." || book.ReplyTo(place.ID) != "o'neil@clinic.example" {
				t.Errorf("the place is %+v", place)
			}
			if name, known := book.Service(string(odd.ID)); name != "" || !known {
				t.Errorf("the odd service is %q", name)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
