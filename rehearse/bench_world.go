package rehearse

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing/fstest"
	"time"

	"letterhead/store"
	"letterhead/testkit"
	"letterhead/transfer"
	"letterhead/zone"
)

// platform is the domain that the bench's practices send under.
const platform = "mail.bench.example"

// moment is when the reminders fall due: ten o'clock today in a zone where it is about noon now, so that the same messages can be sent by the real
// clock too, and no quiet hours are near. The appointments are two days later.
type moment struct {
	zone string
	ten  time.Time
	day  zone.Date // of the appointments
}

func nextNoon(now time.Time) (moment, error) {
	// None of them changes its clocks.
	for _, name := range []string{"Pacific/Kiritimati", "Pacific/Fiji", "Pacific/Noumea", "Australia/Brisbane", "Asia/Tokyo", "Asia/Shanghai", "Asia/Bangkok", "Asia/Dhaka", "Asia/Karachi",
		"Asia/Dubai", "Africa/Nairobi", "Africa/Johannesburg", "Africa/Lagos", "Africa/Accra", "Atlantic/Cape_Verde", "America/Noronha", "America/Sao_Paulo", "America/Puerto_Rico",
		"America/Panama", "America/Regina", "America/Phoenix", "Pacific/Pitcairn", "Pacific/Gambier", "Pacific/Honolulu", "Pacific/Pago_Pago"} {
		l, err := zone.Load(name)
		if err != nil {
			return moment{}, err
		}
		local := now.In(l)
		if hour := local.Hour(); hour < 11 || hour > 13 {
			continue
		}
		today := zone.DateOf(local)
		return moment{name, zone.At(zone.Wall{Date: today, Minute: 10 * 60}, l), today.Add(2)}, nil
	}
	return moment{}, errors.New("nowhere is it noon")
}

// world is a data folder with its database, closed.
type world struct {
	b         *bench
	engine    testkit.Engine
	folder    string
	database  string // of the cluster; "" on SQLite
	practices []store.PracticeID
}

func (b *bench) newWorld(engine testkit.Engine) *world {
	b.made++
	w := &world{b: b, engine: engine, folder: filepath.Join(b.folder, fmt.Sprintf("w%d", b.made))}
	if engine == testkit.PostgreSQL {
		w.database = fmt.Sprintf("bench%d", b.made)
	}
	return w
}

// relayConfig is the courier's part of the configuration.
type relayConfig struct{ address, tls, caFile string }

func (w *world) configure(r relayConfig) error {
	var text strings.Builder
	if w.database != "" {
		fmt.Fprintf(&text, "database = %q\n", w.b.cluster.URL("serve", w.database))
	}
	fmt.Fprintf(&text, "[courier]\nplatform_domain = %q\n", platform)
	if r.address != "" {
		fmt.Fprintf(&text, "[[courier.relay]]\nname = \"sink\"\naddress = %q\ntls = %q\nca_file = %q\n", r.address, r.tls, r.caFile)
	}
	return os.WriteFile(filepath.Join(w.folder, "letterhead.toml"), []byte(text.String()), 0o600)
}

// make makes an empty data folder.
func (w *world) make(ctx context.Context) error {
	if err := os.MkdirAll(w.folder, 0o700); err != nil {
		return err
	}
	if w.database != "" {
		if _, err := w.b.cluster.Database(w.database); err != nil {
			return err
		}
	}
	if err := w.configure(relayConfig{}); err != nil {
		return err
	}
	return w.b.program.Make(ctx, w.folder)
}

// copy makes another world with all that this one holds.
func (w *world) copy() (*world, error) {
	c := w.b.newWorld(w.engine)
	c.practices = w.practices
	if err := copyFolder(c.folder, w.folder); err != nil {
		return nil, errors.Join(fmt.Errorf("copy a data folder: %w", err), c.remove())
	}
	if w.database != "" {
		if _, err := w.b.cluster.Copy(c.database, w.database); err != nil {
			return nil, errors.Join(err, c.remove())
		}
	}
	return c, c.configure(relayConfig{})
}

func (w *world) remove() error {
	err := os.RemoveAll(w.folder)
	if w.database != "" {
		err = errors.Join(err, w.b.cluster.Drop(w.database))
	}
	return err
}

func copyFolder(to, from string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return os.MkdirAll(filepath.Join(to, relative), 0o700)
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, relative), raw, 0o600)
	})
}

// open opens it as of an instant; the clock goes on from there.
func (w *world) open(ctx context.Context, at time.Time, do func(Opened) error) (err error) {
	started := time.Now()
	opened, err := w.b.program.Open(ctx, w.folder, func() time.Time { return at.Add(time.Since(started)) })
	if err != nil {
		return err
	}
	defer closing(&err, opened.Close)
	return do(opened)
}

// whole runs statements across practices, for setting up. On PostgreSQL they run without foreign keys: their rows are copies of rows that have them.
func (w *world) whole(ctx context.Context, do func(*store.Wide) error) (err error) {
	url := "sqlite:" + filepath.Join(w.folder, "letterhead.db")
	if w.database != "" {
		url = w.b.cluster.Owner(w.database)
	}
	db, err := store.Open(ctx, store.Config{URL: url})
	if err != nil {
		return err
	}
	defer closing(&err, db.Close)
	return db.Whole(ctx, "set up figures", func(wide *store.Wide) error {
		if w.database != "" {
			if _, err := wide.Exec(ctx, `SET LOCAL session_replication_role = replica`); err != nil {
				return err
			}
		}
		return do(wide)
	})
}

// The world of one practice with many clients, and that of many practices, each with its appointments booked and no message yet.
func (b *bench) booked(ctx context.Context, engine testkit.Engine, many bool) (*world, error) {
	name := fmt.Sprint(engine, many)
	if w := b.worlds[name]; w != nil {
		return w, nil
	}
	practices, each := 1, b.one
	if many {
		practices, each = b.practices, b.each
	}
	w := b.newWorld(engine)
	if err := w.make(ctx); err != nil {
		return nil, err
	}
	start := time.Now()
	err := w.open(ctx, b.noon.ten.Add(-24*time.Hour), func(o Opened) error {
		for i := range practices {
			id, err := o.AddPractice(ctx, SamplePractice{
				Name: fmt.Sprintf("Wattle Street Physiotherapy %d", i+1), Country: "AU", Zone: b.noon.zone, Owner: "owner@wattlestreet.example",
				Phone: "(03) 5550 0142", Email: "hello@wattlestreet.example", Website: "wattlestreet.example", Address: "12 Wattle Street\nBallarat VIC 3350",
			})
			if err != nil {
				return err
			}
			w.practices = append(w.practices, id)
			export := benchExport(b.noon.zone, each, each, func(int) zone.Date { return b.noon.day })
			report, err := transfer.Import(ctx, o.Database(), o.Keeper(), id, transfer.Source{FS: export}, transfer.Options{})
			if err != nil {
				return err
			}
			if report.Appointments.Created != each {
				return fmt.Errorf("%d appointments imported instead of %d: %s", report.Appointments.Created, each, report.Summary())
			}
			if err := o.Sign(ctx, id); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("make %d practices with %d clients each: %w", practices, each, err)
	}
	b.log("made %d practices × %d appointments on %s in %.1f s", practices, each, engine, time.Since(start).Seconds())
	b.worlds[name] = w
	return w, nil
}

// queued is the world with its reminders planned into messages.
func (b *bench) queued(ctx context.Context, engine testkit.Engine, many bool) (*world, error) {
	name := fmt.Sprint(engine, many, "queued")
	if w := b.worlds[name]; w != nil {
		return w, nil
	}
	booked, err := b.booked(ctx, engine, many)
	if err != nil {
		return nil, err
	}
	w, err := booked.copy()
	if err != nil {
		return nil, err
	}
	want, shape := b.one, fmt.Sprintf("one practice × %d", b.one)
	if many {
		want, shape = b.practices*b.each, fmt.Sprintf("%d practices × %d", b.practices, b.each)
	}
	err = w.open(ctx, b.noon.ten, func(o Opened) error {
		// The sweep has its own time of day; a tick that is measured has one behind it.
		if _, err := o.Jobs(ctx); err != nil {
			return err
		}
		start := time.Now()
		n, err := o.Plan(ctx)
		if err == nil && n != want {
			err = fmt.Errorf("%d messages were planned instead of %d", n, want)
		}
		b.say("planning what is due, "+shape, engine, float64(time.Since(start).Microseconds())/float64(max(1, n)), "µs/message", "due rows to queued messages, in turns of 50")
		return err
	})
	b.worlds[name] = w
	return w, err
}

// forget removes the worlds of an engine.
func (b *bench) forget(engine testkit.Engine) error {
	var err error
	for name, w := range b.worlds {
		if w.engine == engine {
			err = errors.Join(err, w.remove())
			delete(b.worlds, name)
		}
	}
	return err
}

// benchExport is another system's export: clients who prefer e-mail, and appointments that do not overlap.
func benchExport(zoneName string, clients, appointments int, day func(int) zone.Date) fs.FS {
	const slots = 44 // of a quarter of an hour, from nine on: a practice may have 500 practitioners
	people := [][]string{{"Client ID", "Title", "First Name", "Last Name", "Preferred Name", "Date of Birth", "Email", "Mobile", "Reminder Type", "Email Marketing", "Time Zone", "Alert", "Archived"}}
	for i := range clients {
		people = append(people, []string{strconv.Itoa(1000 + i), "", given[i%len(given)], family[(i*7+i/len(given))%len(family)], "", fmt.Sprintf("%02d/%02d/%d", 1+i%28, 1+i%12, 1940+i%75),
			fmt.Sprintf("client%d@mail.example", 1000+i), fmt.Sprintf("0491 57%d %03d", i/1000%10, i%1000), "Email", "", "", "", "No"})
	}
	diary := [][]string{{"Appointment ID", "Client ID", "Practitioner", "Service", "Date", "Start Time", "Minutes", "Location", "Status"}}
	for i := range appointments {
		date, minute := day(i), 9*60+15*(i%slots)
		diary = append(diary, []string{fmt.Sprintf("%06d", i), strconv.Itoa(1000 + i%clients), fmt.Sprintf("%s %s %d", given[i/slots%16], family[i/slots%16], i/slots), "Standard consultation",
			fmt.Sprintf("%02d/%02d/%04d", date.Day, int(date.Month), date.Year), fmt.Sprintf("%02d:%02d", minute/60, minute%60), "15", "Main rooms", "Booked"})
	}
	about, _ := json.Marshal(map[string]any{"name": "Wattle Street Physiotherapy", "zone": zoneName, "country": "AU", "date_order": "DMY"}) // of strings alone
	return fstest.MapFS{"practice.json": {Data: about}, "clients.csv": {Data: []byte(table(people))}, "appointments.csv": {Data: []byte(table(diary))}}
}
