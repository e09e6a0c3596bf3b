// Package stage makes the installations that attacks are played on: two practices that have sent reminders for three days, so that nothing is new, or
// many of them; and lets their program live at another time.
package stage

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"letterhead/courier"
	"letterhead/rehearse"
	"letterhead/rehearse/drill/people"
	"letterhead/store"
	"letterhead/testkit/sink"
	"letterhead/transfer"
)

// How many clients they have.
const (
	Clients   = 40 // of the practice that is attacked: more than a first cohort, so that a bound of 20 can be missed
	Neighbour = 5  // of the other one
	History   = 4  // who had a reminder in the days before
	herdSize  = 20 // practices in a world of many; herdFull with Full
	herdFull  = 200
	herdEach  = 25 // clients of each
)

// Options say what is made.
type Options struct {
	Program  rehearse.Program
	Database string // of PostgreSQL; SQLite files when empty
	Full     bool   // many practices are really many
}

// Stage is where worlds come from.
type Stage struct {
	Options
	Noon   rehearse.Noon
	folder string
	base   Site // SQLite: made once, and copied for each attack

	mu   sync.Mutex
	herd *Site
	made int
}

// Site is a data folder that nobody has open.
type Site struct {
	Folder string
	Victim store.PracticeID
	Other  store.PracticeID
	Herd   []store.PracticeID
}

// Prepare makes what all worlds are copies of, below a folder.
func (s *Stage) Prepare(ctx context.Context, folder string) (err error) {
	s.folder = folder
	if s.Noon, err = rehearse.NextNoon(time.Now()); err != nil {
		return err
	}
	if s.Database != "" {
		return nil
	}
	s.base, err = s.make(ctx, s.path("base"), "")
	return err
}

// Place is the folder for a world, with a database of its own.
func (s *Stage) Place(ctx context.Context, many bool) (Site, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.made++
	folder := s.path(fmt.Sprintf("w%d", s.made))
	if s.Database != "" {
		p, err := s.make(ctx, folder, s.Database)
		if err == nil && many {
			err = s.crowd(ctx, &p)
		}
		return p, err
	}
	from := &s.base
	if many {
		if s.herd == nil {
			made := s.base
			made.Folder = s.path("herd")
			if err := rehearse.CopyFolder(made.Folder, s.base.Folder); err != nil {
				return Site{}, err
			}
			if err := s.crowd(ctx, &made); err != nil {
				return Site{}, err
			}
			s.herd = &made
		}
		from = s.herd
	}
	p := *from
	p.Folder = folder
	return p, rehearse.CopyFolder(folder, from.Folder)
}

// Configure writes a folder's configuration: every port is any port of loopback.
func Configure(folder, database, relay string) error {
	text := "listen = \"localhost:0\"\n"
	if database != "" {
		text += fmt.Sprintf("database = %q\n", database)
	}
	text += "[courier]\nplatform_domain = \"mail.drill.example\"\n"
	if relay != "" {
		text += fmt.Sprintf("[[courier.relay]]\nname = \"sink\"\naddress = %q\ntls = \"none\"\n", relay)
	}
	return os.WriteFile(filepath.Join(folder, "letterhead.toml"), []byte(text), 0o600)
}

// make makes an installation with two practices and three days of reminders behind it.
func (s *Stage) make(ctx context.Context, folder, database string) (p Site, err error) {
	p.Folder = folder
	relay, err := sink.ListenSMTP(sink.SMTPOptions{})
	if err != nil {
		return p, err
	}
	defer func() { err = errors.Join(err, relay.Close()) }()
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return p, err
	}
	if err := Configure(folder, database, relay.Address()); err != nil {
		return p, err
	}
	if err := s.Program.Make(ctx, folder); err != nil {
		return p, err
	}
	ten := s.Noon.Ten
	err = s.At(ctx, folder, ten.AddDate(0, 0, -4), func(o rehearse.Opened) (err error) {
		if p.Victim, err = s.AddPractice(ctx, folder, o, "Wattle Street Physiotherapy", "wattle", Clients); err != nil {
			return err
		}
		p.Other, err = s.AddPractice(ctx, folder, o, "Lee Valley Psychology", "lee", Neighbour)
		return err
	})
	if err != nil {
		return p, err
	}
	// Three days ago the first reminders went, as slowly as first ones do.
	for _, minutes := range []int{1, 18, 22, 26, 40} {
		if err := s.Live(ctx, folder, ten.AddDate(0, 0, -3).Add(time.Duration(minutes)*time.Minute)); err != nil {
			return p, err
		}
	}
	if n := relay.Count(); n != 2*History {
		return p, fmt.Errorf("%d reminders went in the days before, not %d", n, 2*History)
	}
	return p, s.Park(ctx, folder)
}

// Park puts off what falls due today, until an attack lets it go.
func (s *Stage) Park(ctx context.Context, folder string) error {
	return s.At(ctx, folder, s.Noon.Ten, func(o rehearse.Opened) error {
		// The sweep for gaps would find what is put off: the one that was open since the first days ends, and today's has just been.
		for range 2 {
			if _, err := o.Jobs(ctx); err != nil {
				return err
			}
		}
		return o.Database().Whole(ctx, "drill: park", func(w *store.Wide) error {
			_, err := w.Exec(ctx, `UPDATE due SET due_at = $1 WHERE state = 'open'`, store.Micro(s.Noon.Ten.AddDate(0, 0, 30)))
			return err
		})
	})
}

// At opens a folder as of an instant.
func (s *Stage) At(ctx context.Context, folder string, at time.Time, do func(rehearse.Opened) error) (err error) {
	began := time.Now()
	o, err := s.Program.Open(ctx, folder, func() time.Time { return at.Add(time.Since(began)) })
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, o.Close()) }()
	return do(o)
}

// Live plans and delivers at an instant until nothing moves.
func (s *Stage) Live(ctx context.Context, folder string, at time.Time) error {
	return s.At(ctx, folder, at, func(o rehearse.Opened) error {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		ended := make(chan error, 1)
		go func() { ended <- o.Live(ctx) }()
		var before, same, open int
		for same < 6 || open > 0 && same < 60 { // what is open and does not move for six seconds waits for something
			select {
			case err := <-ended:
				return errors.Join(errors.New("the courier ended by itself"), err)
			case <-time.After(100 * time.Millisecond):
			}
			var now int
			err := o.Database().WholeView(ctx, "drill: watch", func(w *store.Wide) error {
				if err := w.Row(ctx, `SELECT count(*) FROM message WHERE state = 'leaving' OR state = 'queued' AND turn <= $1`, store.Micro(w.Now)).Scan(&open); err != nil {
					return err
				}
				return w.Row(ctx, `SELECT count(*) FROM message_step`).Scan(&now)
			})
			if err != nil {
				return err
			}
			if same++; now != before {
				before, same = now, 0
			}
		}
		cancel()
		return <-ended
	})
}

// AddPractice makes a practice whose clients have an appointment the day after tomorrow, and the first of them one that was reminded of three days ago;
// its owner's key in software signs all of it.
func (s *Stage) AddPractice(ctx context.Context, folder string, o rehearse.Opened, name, label string, count int) (store.PracticeID, error) {
	id, err := o.AddPractice(ctx, rehearse.SamplePractice{Name: name, Country: "AU", Zone: s.Noon.Zone, Owner: "owner@" + label + ".example",
		Phone: "(03) 5550 0142", Email: "desk@" + label + ".example", Website: label + ".example", Address: "12 Wattle Street\nBallarat VIC 3350"})
	if err != nil {
		return "", err
	}
	all := make([]people.Person, count)
	for i := range all {
		all[i] = people.Person{First: "Jo", Last: "Client " + people.Letters(i), Email: fmt.Sprintf("c%d@%s.example", i, label), Before: i < History}
	}
	report, err := s.Bring(ctx, o, id, 1000, all)
	if err != nil {
		return "", err
	}
	if wanted := count + History; report.Appointments.Created != wanted {
		return "", fmt.Errorf("%d appointments imported instead of %d: %s", report.Appointments.Created, wanted, report.Summary())
	}
	in := filepath.Join(folder, "courier")
	return id, rehearse.SignAll(ctx, rehearse.Signing{DB: o.Database(), Folder: in, Journal: courier.JournalFolder(in), Practice: id})
}

// Bring imports clients as another system exports them, each with an appointment the day after tomorrow.
func (s *Stage) Bring(ctx context.Context, o rehearse.Opened, id store.PracticeID, first int, all []people.Person) (*transfer.Report, error) {
	export, err := people.Export(s.Noon, first, all)
	if err != nil {
		return nil, err
	}
	return transfer.Import(ctx, o.Database(), o.Keeper(), id, transfer.Source{FS: export}, transfer.Options{Actor: store.Actor{Practice: id, Agent: "import"}})
}

// crowd adds many practices to a world.
func (s *Stage) crowd(ctx context.Context, p *Site) error {
	count := herdSize
	if s.Full {
		count = herdFull
	}
	err := s.At(ctx, p.Folder, s.Noon.Ten.AddDate(0, 0, -1), func(o rehearse.Opened) error {
		for i := range count {
			id, err := s.AddPractice(ctx, p.Folder, o, "Practice "+people.Letters(i), "herd"+people.Letters(i), herdEach)
			if err != nil {
				return err
			}
			p.Herd = append(p.Herd, id)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.Park(ctx, p.Folder)
}

func (s *Stage) path(parts ...string) string {
	return filepath.Join(append([]string{s.folder}, parts...)...)
}
