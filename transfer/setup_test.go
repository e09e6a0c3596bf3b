package transfer_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"letterhead/plan"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/template"
	"letterhead/testkit"
	"letterhead/transfer"
	"letterhead/vault"
)

// bench is one practice on one database, with the starter rules, at noon UTC of 21 November 2026.
type bench struct {
	*testing.T
	db     *store.DB
	keeper *vault.Keeper
	id     store.PracticeID
	clock  *testkit.Clock
}

const today = "2026-11-21T12:00:00Z"

func eachEngine(t *testing.T, test func(b *bench)) {
	t.Helper()
	for _, engine := range testkit.Engines() {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			test(newBench(t, engine, practice.New("Lee Valley Psychology", "IE", "Europe/Dublin")))
		})
	}
}

func newBench(t *testing.T, engine testkit.Engine, p practice.Practice) *bench {
	t.Helper()
	clock := testkit.NewClock(t, today)
	b := &bench{T: t, db: testkit.Open(t, engine, clock), clock: clock, keeper: newKeeper(t), id: store.NewID[store.PracticeID]()}
	b.change(func(ctx context.Context, tx *store.Tx) error { return addPractice(ctx, tx, p) })
	return b
}

func newKeeper(t testing.TB) *vault.Keeper {
	t.Helper()
	keeper, err := vault.NewKeeper(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return keeper
}

func addPractice(ctx context.Context, tx *store.Tx, p practice.Practice) error {
	_, err := practice.Add(ctx, tx, p)
	if err == nil {
		err = template.AddStarter(ctx, tx, "letterhead.example")
	}
	if err == nil {
		err = plan.AddStarter(ctx, tx)
	}
	return err
}

func (b *bench) actor() store.Actor { return store.Actor{Practice: b.id, Agent: "test"} }

func (b *bench) change(fn func(context.Context, *store.Tx) error) {
	b.Helper()
	ctx := context.Background()
	if err := b.db.Change(ctx, b.actor(), func(tx *store.Tx) error { return fn(ctx, tx) }); err != nil {
		b.Fatal(err)
	}
}

func (b *bench) view(fn func(context.Context, *store.Tx) error) {
	b.Helper()
	ctx := context.Background()
	if err := b.db.View(ctx, b.actor(), func(tx *store.Tx) error { return fn(ctx, tx) }); err != nil {
		b.Fatal(err)
	}
}

func (b *bench) count(query string, args ...any) (n int) {
	b.Helper()
	b.view(func(ctx context.Context, tx *store.Tx) error { return tx.Row(ctx, query, args...).Scan(&n) })
	return n
}

func (b *bench) text(query string, args ...any) (text string) {
	b.Helper()
	b.view(func(ctx context.Context, tx *store.Tx) error { return tx.Row(ctx, query, args...).Scan(&text) })
	return text
}

func (b *bench) bring(source transfer.Source, options transfer.Options) *transfer.Report {
	b.Helper()
	report, err := transfer.Import(context.Background(), b.db, b.keeper, b.id, source, options)
	if err != nil {
		b.Fatal(err)
	}
	return report
}

// files makes an export of texts.
func files(clients, appointments string, more ...string) transfer.Source {
	out := fstest.MapFS{"clients.csv": {Data: []byte(clients)}, "appointments.csv": {Data: []byte(appointments)}}
	for i := 0; i+1 < len(more); i += 2 {
		out[more[i]] = &fstest.MapFile{Data: []byte(more[i+1])}
	}
	return transfer.Source{FS: out}
}

const (
	clientHead      = "Client ID,Title,First Name,Last Name,Preferred Name,Date of Birth,Email,Mobile,Reminder Type,Email Marketing,Time Zone,Alert,Archived\n"
	appointmentHead = "Appointment ID,Client ID,Practitioner,Service,Date,Start Time,Minutes,Location,Status\n"
	dayFirst        = `{"date_order":"DMY"}`
)

// shared lists the sample exports that lie beside the repository, and our own.
func exports(t testing.TB) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, folder := range []string{"../../shared/data/exports", "testdata/exports"} {
		entries, err := os.ReadDir(folder)
		if err != nil {
			continue
		}
		for _, e := range entries {
			if _, err := os.Stat(filepath.Join(folder, e.Name(), "practice.json")); err == nil && out[e.Name()] == "" {
				out[e.Name()] = filepath.Join(folder, e.Name())
			}
		}
	}
	if len(out) == 0 {
		t.Fatal("no exports at all: testdata/exports is missing")
	}
	return out
}

// practiceOf is the practice that an export comes from.
func practiceOf(t testing.TB, folder string) practice.Practice {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(folder, "practice.json"))
	if err != nil {
		t.Fatal(err)
	}
	var d struct{ Name, Country, Zone string }
	if err := json.Unmarshal(raw, &d); err != nil {
		t.Fatal(err)
	}
	return practice.New(d.Name, d.Country, d.Zone)
}
