package transfer_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"letterhead/calendar"
	"letterhead/client"
	"letterhead/fault"
	"letterhead/job"
	"letterhead/plan"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/transfer"
	"letterhead/zone"
)

const (
	people = clientHead + anna + "2,,Bea,Kelly,,04/02/1991,bea@post.example,085 123 4568,SMS,No,,,No\n" + "3,,Cian,Moore,,,,,,,,,No\n"
	visits = appointmentHead + "10,1,Bo Tan,Review,02/02/2027,10:00,30,Main rooms,Booked\n" + "11,2,Bo Tan,Review,02/02/2027,11:00,30,Main rooms,Booked\n" + "12,3,Bo Tan,Review,02/02/2027,12:00,30,Main rooms,Booked\n"
)

func (b *bench) clientID(external string) client.ID {
	b.Helper()
	return client.ID(b.text(`SELECT id FROM client WHERE practice = $1 AND external = $2`, external))
}

func (b *bench) find(external string) (c client.Client) {
	b.Helper()
	id := b.clientID(external)
	b.view(func(ctx context.Context, tx *store.Tx) (err error) {
		keys, err := b.keeper.Keys(ctx, tx)
		if err == nil {
			c, err = client.Find(ctx, tx, keys, id)
		}
		return err
	})
	return c
}

func (b *bench) appointment(external string) (a calendar.Appointment) {
	b.Helper()
	id := calendar.ID(b.text(`SELECT id FROM appointment WHERE practice = $1 AND external = $2`, external))
	b.view(func(ctx context.Context, tx *store.Tx) (err error) {
		a, err = calendar.Find(ctx, tx, id)
		return err
	})
	return a
}

// dump is everything that an undo must bring back, without versions and instants of change.
func (b *bench) dump() string {
	b.Helper()
	var out []string
	for _, query := range []string{
		`SELECT external || '|' || title || first_name || last_name || preferred_name || folded || born || zone || reminders || email_state || mobile_state || email_index || mobile_index || import_sum || CASE WHEN archived_at > 0 THEN 'archived' ELSE '' END FROM client WHERE practice = $1 ORDER BY external`,
		`SELECT a.external || '|' || a.wall || a.mode || a.booking || a.import_sum || t.confirmation || t.attendance || t.client || a.practitioner || a.location || a.service FROM appointment a JOIN attendee t ON t.practice = $1 AND t.appointment = a.id WHERE a.practice = $1 ORDER BY a.external`,
		`SELECT c.external || o.category || CASE WHEN o.given THEN 'yes' ELSE 'no' END FROM consent o JOIN client c ON c.practice = $1 AND c.id = o.client WHERE o.practice = $1 ORDER BY c.external, o.at, o.id`,
		`SELECT a.external || d.channel || d.rule || d.due_at FROM due d JOIN appointment a ON a.practice = $1 AND a.id = d.appointment WHERE d.practice = $1 AND d.state = 'open' ORDER BY a.external, d.channel, d.rule, d.due_at`,
	} {
		b.view(func(ctx context.Context, tx *store.Tx) error {
			rows, err := tx.Query(ctx, query)
			lines, err := store.Collect(rows, err, func(r *store.Rows) (s string, err error) { err = r.Scan(&s); return s, err })
			out = append(out, lines...)
			return err
		})
	}
	return strings.Join(out, "\n")
}

func TestALaterExportChangesAndTheUndoRestores(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(b *bench) {
		b.bring(files(people, visits, "practice.json", dayFirst), transfer.Options{})
		before := b.dump()
		b.clock.Pass(time.Hour)
		later := strings.NewReplacer("anna@post.example", "anna@new.example", "Email,Yes", "SMS,No", "Kelly", "Kelly-Moore").Replace(people) + "4,,Dara,Walsh,,,,,,,,,No\n"
		moved := strings.NewReplacer("10,1,Bo Tan,Review,02/02/2027,10:00", "10,1,Bo Tan,Review,03/02/2027,10:00", "11,2,Bo Tan,Review,02/02/2027,11:00,30,Main rooms,Booked", "11,4,Bo Tan,Review,02/02/2027,11:00,30,Main rooms,Booked",
			"12,3,Bo Tan,Review,02/02/2027,12:00,30,Main rooms,Booked", "12,3,Eve Ryan,Massage,02/02/2027,12:00,30,Annex,Cancelled").Replace(visits)
		second := b.bring(files(later, moved, "practice.json", dayFirst), transfer.Options{})
		if c := second.Clients; c.Created != 1 || c.Changed != 2 || c.Unchanged != 1 {
			b.Errorf("clients: %+v", c)
		}
		if c := second.Appointments; c.Changed != 3 {
			b.Errorf("appointments: %+v", c)
		}
		if c := b.find("1"); c.Email.Normal != "anna@new.example" || c.Reminders != client.BySMS || c.Version != 2 {
			b.Errorf("client 1: %+v", c)
		}
		a := b.appointment("10")
		if a.Generation != 2 || a.LastGeneration != 2 || a.Wall.String() != "2027-02-03T10:00" || !a.MovedAt.IsZero() {
			b.Errorf("appointment 10: %+v", a)
		}
		if a := b.appointment("11"); a.Generation != 2 || len(a.Attendees) != 1 || a.Attendees[0].Client != b.clientID("4") {
			b.Errorf("appointment 11: %+v", a)
		}
		if n := b.count(`SELECT count(*) FROM due d JOIN appointment a ON a.practice = $1 AND a.id = d.appointment WHERE d.practice = $1 AND d.state = 'open' AND (a.external = '12' OR d.generation <> a.generation)`); n != 0 {
			b.Errorf("%d due rows are open for what is cancelled or moved", n)
		}
		b.clock.Pass(time.Hour)
		undone := b.undo("")
		if undone.Clients.Restored != 2 || undone.Clients.Removed != 1 || undone.Appointments.Restored != 3 || undone.Undoes != second.Batch {
			b.Errorf("undone: %+v %+v", undone.Clients, undone.Appointments)
		}
		if after := b.dump(); after != before {
			b.Errorf("before\n%s\nafter\n%s", before, after)
		}
		if c := b.find("1"); c.Email.Normal != "anna@post.example" || c.Version != 3 {
			b.Errorf("client 1 restored: %+v", c)
		}
		if _, err := transfer.Undo(context.Background(), b.db, b.keeper, b.id, second.Batch, transfer.Options{}); !errors.Is(err, transfer.ErrUndone) {
			b.Errorf("a second undo: %v", err)
		}
		if third := b.bring(files(people, visits, "practice.json", dayFirst), transfer.Options{}); third.Clients.Unchanged != 3 || third.Appointments.Unchanged != 3 {
			b.Errorf("the first export again: %+v %+v", third.Clients, third.Appointments)
		}
	})
}

func TestWhatWasChangedHereIsKept(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(b *bench) {
		first := b.bring(files(people, visits, "practice.json", dayFirst), transfer.Options{})
		anna := b.find("1")
		b.change(func(ctx context.Context, tx *store.Tx) error {
			keys, err := b.keeper.Keys(ctx, tx)
			if err != nil {
				return err
			}
			anna.Title = "Dr"
			_, err = client.Change(ctx, tx, keys, anna)
			return err
		})
		visit := b.appointment("11")
		b.change(func(ctx context.Context, tx *store.Tx) error {
			_, err := calendar.Confirm(ctx, tx, calendar.Mark{ID: visit.ID, Version: visit.Version})
			return err
		})
		bea := b.clientID("2")
		b.change(func(ctx context.Context, tx *store.Tx) error {
			return client.SetConsent(ctx, tx, client.Consent{Client: bea, Topic: client.Topic{Category: client.Marketing, Channel: practice.Email}, Source: "unsubscribe", Who: "client"})
		})
		later := strings.NewReplacer("anna@post.example", "anna@new.example", "SMS,No", "SMS,Yes").Replace(people)
		second := b.bring(files(later, strings.Replace(visits, "11:00", "11:30", 1), "practice.json", dayFirst), transfer.Options{})
		if c := second.Clients; c.Kept != 1 || c.Changed != 1 || c.Unchanged != 1 || c.Reasons["changed_here"] != 1 {
			b.Errorf("clients: %+v", c)
		}
		if c := second.Appointments; c.Kept != 1 || c.Unchanged != 2 || c.Reasons["changed_here"] != 1 {
			b.Errorf("appointments: %+v", c)
		}
		if c := b.find("1"); c.Title != "Dr" || c.Email.Normal != "anna@post.example" {
			b.Errorf("overwritten: %+v", c)
		}
		if n := b.count(`SELECT count(*) FROM consent WHERE practice = $1 AND client = $2 AND given = true`, b.clientID("2")); n != 0 {
			b.Error("an export brought back a consent that the client had withdrawn here")
		}
		undone := b.undo(first.Batch)
		// 1 was changed here, 2 was changed by the later import, has an answer of their own and an appointment that was answered.
		if undone.Clients.Removed != 1 || undone.Clients.Kept != 2 || undone.Appointments.Kept != 1 || undone.Appointments.Removed != 2 || undone.RemarkCount != 3 {
			b.Errorf("undone: %+v %+v %+v", undone.Clients, undone.Appointments, undone.Remarks)
		}
	})
}

func TestUndoKeepsWhatMessagesAreAbout(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(b *bench) {
		first := b.bring(files(people, visits, "practice.json", dayFirst), transfer.Options{})
		a := b.appointment("10")
		b.change(func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Exec(ctx, `INSERT INTO message (practice, id, kind, channel, purpose, subject, wording_version, digest, language, appointment, attendee, generation, client, recipient, basis,
				state, reason, turn, not_after, attempts, claimed_by, claimed_until, message_id, address_index, relay, outside_id, created_at, left_at, changed_at)
				VALUES ($1, 'm', 'rule', 'email', 'appointments', 'reminder-7-days', 'v', 'd', 'en', $2, $3, 1, $4, $4, '', 'sent', '', 0, 0, 1, '', 0, 'x', '', 'r', '', 1, 1, 1)`,
				a.ID, a.Attendees[0].ID, a.Attendees[0].Client)
			return err
		})
		undone := b.undo(first.Batch)
		if undone.Clients.Removed != 2 || undone.Clients.Kept != 1 || undone.Appointments.Removed != 2 || undone.Appointments.Kept != 1 {
			b.Errorf("undone: %+v %+v", undone.Clients, undone.Appointments)
		}
		b.find("1")
		b.appointment("10")
	})
}

// Each opens a sweep of its own with its flip, whatever sweep is under way: a process that ends before it has planned leaves no gap.
func TestImportAndUndoOpenASweepOfTheirOwn(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(b *bench) {
		b.change(func(ctx context.Context, tx *store.Tx) error { return job.Add(ctx, tx, plan.SweepJob, "", tx.Now) })
		first := b.bring(files(people, visits, "practice.json", dayFirst), transfer.Options{})
		undone := b.undo(first.Batch)
		for _, batch := range []transfer.BatchID{first.Batch, undone.Batch} {
			if n := b.count(`SELECT count(*) FROM job WHERE practice = $1 AND kind = $2 AND subject = $3 AND state = 'open'`, plan.SweepJob, batch); n != 1 {
				b.Errorf("%d sweeps for the batch %s", n, batch)
			}
		}
	})
}

func TestABookingMadeDuringAnImport(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(b *bench) {
		b.bring(files(people, appointmentHead+"10,1,Bo Tan,Review,01/02/2027,10:00,30,Main rooms,Booked\n", "practice.json", dayFirst), transfer.Options{})
		var once sync.Once
		report := b.bring(files(people, visits, "practice.json", dayFirst), transfer.Options{Progress: func(p transfer.Progress) {
			if p.Step != "appointments" {
				return
			}
			once.Do(func() { // staged, not yet visible: the desk books over one of them, and changes another
				old, cian := b.appointment("10"), b.clientID("3")
				b.change(func(ctx context.Context, tx *store.Tx) error {
					_, err := calendar.Book(ctx, tx, calendar.BookRequest{Clients: []client.ID{cian}, Practitioner: old.Practitioner, Service: old.Service, Location: old.Location,
						Wall: zone.Wall{Date: zone.Date{Year: 2027, Month: 2, Day: 2}, Minute: 11 * 60}})
					if err == nil {
						_, err = calendar.Confirm(ctx, tx, calendar.Mark{ID: old.ID, Version: old.Version})
					}
					return err
				})
			})
		}})
		if c := report.Appointments; c.Created != 2 || c.Kept != 1 || report.Overlapping != 1 || c.Reasons["overlap"] != 1 {
			b.Errorf("%+v, %d overlapping", c, report.Overlapping)
		}
		if !b.appointment("11").Overbooked || b.appointment("12").Overbooked {
			b.Error("the one that was booked over is not the one that is recorded")
		}
		if a := b.appointment("10"); a.Wall.String() != "2027-02-01T10:00" || a.Attendees[0].Confirmation != calendar.Confirmed {
			b.Errorf("what was changed between staging and flip was overwritten: %+v", a)
		}
	})
}

func TestTheLaterOfTwoImportsWins(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(b *bench) {
		var once sync.Once
		_, err := transfer.Import(context.Background(), b.db, b.keeper, b.id, files(people, visits, "practice.json", dayFirst), transfer.Options{Progress: func(p transfer.Progress) {
			once.Do(func() {
				b.bring(files(clientHead+anna, appointmentHead, "practice.json", dayFirst), transfer.Options{})
			})
		}})
		if !errors.Is(err, transfer.ErrAbandoned) {
			b.Errorf("the earlier import: %v", err)
		}
		if n := b.count(`SELECT count(*) FROM client WHERE practice = $1`); n != 1 {
			b.Errorf("%d clients", n)
		}
	})
}

func TestPracticesDoNotMeet(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(b *bench) {
		b.bring(files(people, visits, "practice.json", dayFirst), transfer.Options{})
		other := *b
		other.id = store.NewID[store.PracticeID]()
		other.change(func(ctx context.Context, tx *store.Tx) error {
			return addPractice(ctx, tx, practice.New("Lee Valley Two", "IE", "Europe/Dublin"))
		})
		report := other.bring(files(people, visits, "practice.json", dayFirst), transfer.Options{})
		if report.Clients.Created != 3 || report.Appointments.Created != 3 || report.Overlapping != 0 {
			b.Errorf("the same ids in another practice: %+v %+v", report.Clients, report.Appointments)
		}
		if _, err := transfer.Undo(context.Background(), b.db, b.keeper, b.id, report.Batch, transfer.Options{}); !errors.Is(err, transfer.ErrNoBatch) {
			b.Errorf("another practice's import: %v", err)
		}
		other.undo(report.Batch)
		if n := b.count(`SELECT count(*) FROM appointment WHERE practice = $1`); n != 3 {
			b.Errorf("%d appointments are left in the other practice", n)
		}
	})
}

// An export of another practice is refused where there are clients, before anything is read of it, unless somebody says that it is meant.
func TestAnotherPracticesExportIsRefused(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(b *bench) {
		b.bring(files(people, visits, "practice.json", dayFirst), transfer.Options{})
		had := b.count(`SELECT count(*) FROM client WHERE practice = $1`)
		for _, c := range []struct {
			details string
			refused bool
		}{
			{`{"name":"Hudson Hand Therapy","zone":"America/New_York","country":"US","date_order":"DMY"}`, true},
			{`{"name":"Lee Valley Psychology","zone":"America/New_York","country":"US","date_order":"DMY"}`, true},
			{`{"name":"Hudson Hand Therapy","country":"us","date_order":"DMY"}`, true},
			{`{"name":"Lee Valley Psychology","zone":"Europe/Dublin","country":"GB","date_order":"DMY"}`, false},
			{`{"name":"Hudson Hand Therapy","zone":"America/New_York","date_order":"DMY"}`, false},
			{`{"name":"Lee Valley Psychology, Cork","zone":"Europe/Dublin","country":"ie","date_order":"DMY"}`, false},
		} {
			for _, dry := range []bool{true, false} {
				_, err := transfer.Import(context.Background(), b.db, b.keeper, b.id, files(people, visits, "practice.json", c.details), transfer.Options{DryRun: dry})
				f := fault.As(err)
				if refused := f != nil && f.Key == "transfer.foreign" && strings.Contains(f.Say, "--other-practice"); refused != c.refused || !refused && err != nil {
					b.Errorf("%s: %v", c.details, err)
				}
			}
			if n := b.count(`SELECT count(*) FROM client WHERE practice = $1`); c.refused && n != had {
				b.Fatalf("%d clients where there were %d", n, had)
			}
		}
	})
}

func TestPracticeIsFilledAndEmptiedAgain(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(b *bench) {
		report := b.bring(files(people, visits, "practice.json", `{"name":"Other","zone":"Europe/Paris","country":"FR","phone":"+353 21 555 0142","host":"leevalley.example","date_order":"DMY"}`), transfer.Options{OtherPractice: true})
		if got := b.text(`SELECT name || '|' || phone || '|' || website || '|' || zone FROM practice WHERE practice = $1`); got != "Lee Valley Psychology|+353 21 555 0142|leevalley.example|Europe/Dublin" {
			b.Error(got)
		}
		var reasons []string
		for _, m := range report.Remarks {
			reasons = append(reasons, m.Reason)
		}
		if got := strings.Join(reasons, " "); got != "zone_differs country_differs name_differs" || len(report.Practice.Filled) != 2 {
			b.Errorf("remarks %s, filled %v", got, report.Practice.Filled)
		}
		b.undo("")
		if got := b.text(`SELECT name || '|' || phone || '|' || website FROM practice WHERE practice = $1`); got != "Lee Valley Psychology||" {
			b.Error(got)
		}
	})
}
