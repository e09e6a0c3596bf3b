package upload_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"letterhead/client"
	"letterhead/fault"
	"letterhead/plan"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/template"
	"letterhead/testkit"
	"letterhead/transfer"
	"letterhead/transfer/upload"
	"letterhead/vault"
)

var ctx = context.Background()

type bench struct {
	*testing.T
	db     *store.DB
	keeper *vault.Keeper
	clock  *testkit.Clock
	folder string
	desk   *upload.Desk
	by     store.Actor
}

func newBench(t *testing.T, engine testkit.Engine) *bench {
	t.Helper()
	b := &bench{T: t, clock: testkit.NewClock(t, "2026-11-21T12:00:00Z"), folder: t.TempDir(), by: store.Actor{Practice: store.NewID[store.PracticeID](), Member: "m"}}
	b.db = testkit.Open(t, engine, b.clock)
	var err error
	if b.keeper, err = vault.NewKeeper(bytes.Repeat([]byte{7}, 32)); err != nil {
		t.Fatal(err)
	}
	err = b.db.Change(ctx, b.by, func(tx *store.Tx) error {
		p := practice.New("Lee Valley Psychology", "IE", "Europe/Dublin")
		p.ID = b.by.Practice
		_, err := practice.Add(ctx, tx, p)
		return errors.Join(err, template.AddStarter(ctx, tx, "letterhead.example"), plan.AddStarter(ctx, tx))
	})
	if err != nil {
		t.Fatal(err)
	}
	b.desk = upload.New(b.db, b.keeper, b.folder, func(context.Context, store.Actor) error { return nil })
	return b
}

// take hands in files: field, content, field, content …
func (b *bench) take(files ...string) (upload.ID, error) {
	i := 0
	return b.desk.Take(b.by, func() (upload.Part, error) {
		if i >= len(files) {
			return upload.Part{}, io.EOF
		}
		i += 2
		return upload.Part{Field: files[i-2], Content: strings.NewReader(files[i-1])}, nil
	})
}

func (b *bench) work() {
	b.Helper()
	if err := b.desk.Work(ctx); err != nil {
		b.Fatal(err)
	}
}

func (b *bench) begin(id upload.ID, to upload.State) {
	b.Helper()
	if err := b.desk.Begin(b.by, id, to, nil); err != nil {
		b.Fatal(err)
	}
}

func (b *bench) find(id upload.ID) upload.Upload {
	b.Helper()
	u, err := b.desk.Find(b.by, id)
	if err != nil {
		b.Fatal(err)
	}
	return u
}

func (b *bench) people() (n int64) {
	b.Helper()
	if err := b.db.View(ctx, b.by, func(tx *store.Tx) (err error) { n, err = client.CountActive(ctx, tx); return err }); err != nil {
		b.Fatal(err)
	}
	return n
}

// left are the files in the folder, without states and locks.
func (b *bench) left() (names []string) {
	b.Helper()
	if err := filepath.WalkDir(b.folder, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && entry.Name() != "state.json" && entry.Name() != "lock" {
			names = append(names, entry.Name())
		}
		return err
	}); err != nil {
		b.Fatal(err)
	}
	return names
}

const (
	clientHead      = "Client ID,Title,First Name,Last Name,Preferred Name,Date of Birth,Email,Mobile,Reminder Type,Email Marketing,Time Zone,Alert,Archived\n"
	appointmentHead = "Appointment ID,Client ID,Practitioner,Service,Date,Start Time,Minutes,Location,Status\n"
	clients         = clientHead + "1,,Ada,Byrne,,02/03/1980,ada@example.org,,Email,,,,No\n2,,Bo,Quinn,,,,,None,,,,No\n"
	appointments    = appointmentHead + "7,1,Zoe,Initial,21/12/2026,10:00,30,Main,Booked\n8,9,Zoe,Initial,21/12/2026,11:00,30,Main,Booked\n"
)

func zipped(t testing.TB, files ...string) string {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for i := 0; i+1 < len(files); i += 2 {
		f, err := w.Create(files[i])
		if err == nil {
			_, err = io.WriteString(f, files[i+1])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestAnUploadComesInAndGoes(t *testing.T) {
	t.Parallel()
	for _, engine := range testkit.Engines() {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			b := newBench(t, engine)
			id, err := b.take("zip", zipped(t, "export/Clients.CSV", clients, `sub\appointments.csv`, appointments, "practice.json", `{"date_order":"DMY"}`, "readme.txt", "x"))
			if err != nil {
				t.Fatal(err)
			}
			if err := b.desk.Begin(b.by, id, upload.Importing, nil); !errors.Is(err, upload.ErrState) {
				t.Errorf("imported without a check: %v", err)
			}
			b.begin(id, upload.Checking)
			if _, err := b.desk.Undo(b.by, "x"); !errors.Is(err, upload.ErrWorking) {
				t.Errorf("two at once: %v", err)
			}
			b.work()
			u := b.find(id)
			if u.State != upload.Checked || u.Report.Clients.Created != 2 || u.Report.Appointments.Refused != 1 || b.people() != 0 {
				t.Fatalf("%+v", u)
			}
			page, n, err := b.desk.Remarks(u, true, 0, 10)
			if err != nil || n != 1 || page[0].Line != 3 || page[0].Reason != "client_unknown" || page[0].Column != "Client ID" {
				t.Errorf("%d %+v %v", n, page, err)
			}
			b.begin(id, upload.Importing)
			b.work()
			if u = b.find(id); u.State != upload.Done || b.people() != 2 || u.Reached() != u.Total() {
				t.Fatalf("%+v", u)
			}
			if left := b.left(); len(left) != 1 || left[0] != "remarks.jsonl" {
				t.Errorf("%v are left", left)
			}
			b.begin(id, upload.Undoing)
			b.work()
			if u = b.find(id); u.State != upload.Undone || b.people() != 0 {
				t.Fatalf("%+v", u)
			}
			b.clock.Pass(25 * time.Hour)
			b.work()
			if left := b.left(); len(left) != 0 {
				t.Errorf("after a day %v are left", left)
			}
			if _, err := b.desk.Find(b.by, id); !errors.Is(err, upload.ErrNotFound) {
				t.Errorf("after a day it is there: %v", err)
			}
		})
	}
}

// A process that was killed while it imported: the next one begins anew, and one that was killed after all had come in says what came in.
func TestAnImportGoesOnAfterARestart(t *testing.T) {
	t.Parallel()
	b := newBench(t, testkit.SQLite)
	id, err := b.take("clients", clients, "appointments", appointments, "practice", `{"date_order":"DMY"}`)
	if err != nil {
		t.Fatal(err)
	}
	b.begin(id, upload.Checking)
	b.work()
	b.begin(id, upload.Importing)
	state := filepath.Join(b.folder, string(b.by.Practice), string(id), "state.json")
	before, err := os.ReadFile(state)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, name := range []string{"clients.csv", "appointments.csv", "practice.json"} {
		raw, err := os.ReadFile(filepath.Join(filepath.Dir(state), name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = string(raw)
	}
	stopped, stop := context.WithCancel(ctx)
	stop()
	if err := b.desk.Work(stopped); err != nil && !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if u := b.find(id); u.State != upload.Importing || b.people() != 0 {
		t.Fatalf("after a stop: %+v", u)
	}
	b.desk = upload.New(b.db, b.keeper, b.folder, func(context.Context, store.Actor) error { return nil })
	b.work()
	done := b.find(id)
	if done.State != upload.Done || done.Report.Clients.Created != 2 {
		t.Fatalf("%+v", done)
	}
	// As it was just before the last line of the work: all is in, and nothing was written of it but the batch's name.
	was := strings.Replace(string(before), `"Batch":""`, `"Batch":"`+string(done.Batch)+`"`, 1)
	if was == string(before) {
		t.Fatal("the state has no batch")
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(filepath.Dir(state), name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(state, []byte(was), 0o600); err != nil {
		t.Fatal(err)
	}
	b.work()
	again := b.find(id)
	if again.State != upload.Done || again.Batch != done.Batch || again.Report.Clients.Created != 2 || b.people() != 2 {
		t.Fatalf("after the restart: %+v", again)
	}
	b.begin(id, upload.Undoing)
	b.work()
	if b.people() != 0 {
		t.Error("it cannot be taken back any more")
	}
}

// What is hostile is refused with the field and the reason, leaves nothing, and writes nowhere else.
func TestHostileUploads(t *testing.T) {
	t.Parallel()
	b := newBench(t, testkit.SQLite)
	many := make([]string, 0, 2400)
	for i := range 1200 {
		many = append(many, fmt.Sprintf("f%d", i), "")
	}
	damaged := zipped(t, "clients.csv", strings.Repeat(clients, 50), "appointments.csv", appointments)
	damaged = damaged[:60] + "\x00\x01\x02" + damaged[63:]
	for name, c := range map[string]struct {
		files []string
		key   string
	}{
		"nothing":          {nil, "upload.missing_clients"},
		"one":              {[]string{"clients", clients}, "upload.missing_appointments"},
		"empty":            {[]string{"clients", "", "appointments", appointments}, "upload.missing_clients"},
		"no zip":           {[]string{"zip", "PK\x03\x04 and then nothing"}, "upload.no_zip"},
		"damaged":          {[]string{"zip", damaged}, "upload.no_zip"},
		"many":             {[]string{"zip", zipped(t, many...)}, "upload.zip_many"},
		"twice":            {[]string{"zip", zipped(t, "a/clients.csv", clients, "b/clients.csv", clients, "appointments.csv", appointments)}, "upload.zip_twice"},
		"beside":           {[]string{"clients", clients, "zip", zipped(t, "clients.csv", clients, "appointments.csv", appointments)}, "upload.zip_twice"},
		"a path":           {[]string{"zip", zipped(t, "../../../evil.csv", clients, "/etc/passwd", "x")}, "upload.missing_clients"},
		"another field":    {[]string{"../../evil", clients}, "upload.missing_clients"},
		"nested directory": {[]string{"zip", zipped(t, "clients.csv/", "", "appointments.csv", appointments)}, "upload.missing_clients"},
	} {
		_, err := b.take(c.files...)
		f := fault.As(err)
		if f == nil || f.Key != c.key || f.Field == "" {
			t.Errorf("%s: %v, want %s", name, err, c.key)
		}
		if left := b.left(); len(left) != 0 {
			t.Fatalf("%s leaves %v", name, left)
		}
	}
	// A path that leads out of the folder is a name like another: the file is kept where ours are.
	id, err := b.take("zip", zipped(t, "../../../../clients.csv", clients, "..\\..\\appointments.csv", appointments))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(b.folder, string(b.by.Practice), string(id), "clients.csv")); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(b.folder), "clients.csv")); err == nil {
		t.Error("a zip wrote beside the folder")
	}
}

// A zip that says it is small and is not is stopped at the bound, and so is a file.
func TestABombIsStopped(t *testing.T) {
	t.Parallel()
	b := newBench(t, testkit.SQLite)
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	f, err := w.Create("clients.csv")
	if err != nil {
		t.Fatal(err)
	}
	block := bytes.Repeat([]byte{'x'}, 1<<20)
	for range 300 {
		if _, err := f.Write(block); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if out.Len() > 1<<20 {
		t.Fatalf("the bomb has %d bytes", out.Len())
	}
	if _, err := b.take("zip", out.String()); fault.As(err) == nil || fault.As(err).Key != "upload.too_large" {
		t.Errorf("the bomb: %v", err)
	}
	if left := b.left(); len(left) != 0 {
		t.Errorf("%v are left", left)
	}
}

// Files that cannot be read as they are end in a sentence for the person, and the next try is free.
func TestWhatCannotBeReadIsSaid(t *testing.T) {
	t.Parallel()
	b := newBench(t, testkit.SQLite)
	for name, c := range map[string]struct{ clients, key string }{
		"UTF-16":   {"\xff\xfec\x00l\x00", "transfer.encoding"},
		"headings": {"a,b,c\n1,2,3\n", "transfer.column_missing"},
		"dates":    {clientHead + "1,,Ada,Byrne,,02/03/1980,,,None,,,,No\n", "transfer.date_order"},
	} {
		id, err := b.take("clients", c.clients, "appointments", appointmentHead+"7,1,Zoe,Initial,02/03/2027,10:00,30,Main,Booked\n")
		if err != nil {
			t.Fatal(err)
		}
		b.begin(id, upload.Checking)
		b.work()
		u := b.find(id)
		if u.State != upload.Failed || u.Problem == nil || u.Problem.Key != c.key {
			t.Errorf("%s: %s %+v", name, u.State, u.Problem)
		}
	}
}

func TestOnlyWhoHandedInSeesIt(t *testing.T) {
	t.Parallel()
	b := newBench(t, testkit.SQLite)
	id, err := b.take("clients", clients, "appointments", appointments)
	if err != nil {
		t.Fatal(err)
	}
	for _, other := range []store.Actor{{Practice: b.by.Practice, Member: "n"}, {Practice: "another", Member: b.by.Member}} {
		if _, err := b.desk.Find(other, id); !errors.Is(err, upload.ErrNotFound) {
			t.Errorf("%v finds it: %v", other, err)
		}
		if err := b.desk.Discard(other, id); !errors.Is(err, upload.ErrNotFound) {
			t.Errorf("%v discards it: %v", other, err)
		}
		if err := b.desk.Begin(other, id, upload.Checking, nil); !errors.Is(err, upload.ErrNotFound) {
			t.Errorf("%v has it checked: %v", other, err)
		}
	}
	if _, err := b.desk.Undo(store.Actor{Practice: "another", Member: "m"}, transfer.BatchID("x")); err != nil {
		t.Fatal(err)
	}
	b.work() // another practice's batch is not found: nothing of ours is touched
}
