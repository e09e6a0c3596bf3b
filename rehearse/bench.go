package rehearse

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"letterhead/fault"
	"letterhead/store"
	"letterhead/testkit"
	"letterhead/vault"
)

// The figures of make bench. They are taken from the real program: data folders made by init and import, messages planned by the planner and
// sent by `letterhead tick` in a process of its own to a counting sink in another. What a figure is compared with runs in the same run, on the
// same machine, with the same bytes. A figure that misses its target says so and ends nothing.

// Program is what the bench needs of the program that it measures; package app supplies it.
type Program interface {
	// Make makes a data folder that is marked as a test. A configuration that is in the folder already stays.
	Make(ctx context.Context, folder string) error
	// Open opens a data folder; now may be nil.
	Open(ctx context.Context, folder string, now func() time.Time) (Opened, error)
}

// Opened is an opened data folder.
type Opened interface {
	Database() *store.DB
	Keeper() *vault.Keeper
	AddPractice(ctx context.Context, p SamplePractice) (store.PracticeID, error)
	Sign(ctx context.Context, practice store.PracticeID) error // what a practice's rows say
	Plan(ctx context.Context) (queued int, err error)          // turns everything that is due into messages
	Jobs(ctx context.Context) (ended int, err error)           // runs the jobs that are due
	Live(ctx context.Context) error                            // plans and delivers until ctx ends, as serve does
	Close() error
}

// SamplePractice is a practice to be made.
type SamplePractice struct{ Name, Country, Zone, Owner, Phone, Email, Website, Address string }

// BenchOptions say what is measured, and how much of it.
type BenchOptions struct {
	Names   []string // of Figures; all when empty
	Engine  string   // sqlite, postgres or both
	Quick   bool     // small numbers: whether it works, not how fast it is
	JSON    bool
	Command []string // runs the program: its path, and nothing else
	Out     io.Writer
	Log     io.Writer // what is going on
}

// Figure is one measured value.
type Figure struct {
	Name   string  `json:"name"`
	Engine string  `json:"engine,omitempty"`
	Value  float64 `json:"value"`
	Unit   string  `json:"unit"`
	Target string  `json:"target,omitempty"`
	Met    *bool   `json:"met,omitempty"` // nil without a target
	Note   string  `json:"note,omitempty"`
}

// sizes are how much is measured.
type sizes struct {
	one, practices, each, herd, order, other, memory, imported, drained int
	stored                                                              []int
	lead                                                                time.Duration // that a world lives before ten
}

var (
	fullSizes = sizes{one: 20_000, practices: 1000, each: 20, herd: 150, order: 50_000, other: 5, memory: 200_000, imported: 10_000, drained: 20_000,
		stored: []int{10_000, 100_000, 1_000_000}, lead: 3 * time.Second}
	quickSizes = sizes{one: 200, practices: 10, each: 20, herd: 40, order: 600, other: 5, memory: 400, imported: 200, drained: 4000,
		stored: []int{100, 200, 400}, lead: time.Second}
)

// benchTime bounds the whole.
const benchTime = 40 * time.Minute

type bench struct {
	BenchOptions
	program Program
	sizes
	folder  string
	engines []testkit.Engine
	cluster *testkit.Cluster
	made    int // databases and folders, for their names
	figures []Figure
	worlds  map[string]*world
	caught  *catch
	noon    moment
}

// parts are what can be measured by name, in this order.
var parts = []struct {
	name, about string
	run         func(*bench, context.Context, testkit.Engine) error
	once        bool // not for each engine
}{
	{"parts", "planning one appointment, rendering one message, signing one", (*bench).parts, true},
	{"import", "an export of 10,000 appointments", (*bench).imports, false},
	{"send", "20,000 queued messages of one practice and of 1,000, by each means, against a bare client", (*bench).send, false},
	{"sign", "the same with Ed25519, and with RSA-2048 and TLS", (*bench).sign, false},
	{"far", "the same over a round trip of 20 ms", (*bench).far, false},
	{"memory", "the courier's memory with 200,000 queued messages", (*bench).memoryOf, false},
	{"herd", "150,000 reminders of 1,000 practices due at once", (*bench).herdAtTen, false},
	{"order", "50,000 messages of one practice beside reminders of others", (*bench).orderBeside, false},
	{"lookup", "what is due among 10 k, 100 k and 1 M appointments", (*bench).lookup, false},
	{"record", "what the record of messages costs, verifying 100,000 offline, proofs, storage", (*bench).recordOf, false},
	{"two", "two couriers against one, of 1,000 practices", (*bench).two, false},
	{"stop", "how fast a stop stops", (*bench).stopping, false},
	{"drain", "how fast SIGTERM ends the courier in full flight", (*bench).draining, false},
}

// BenchNames lists what can be measured, with a line about each.
func BenchNames() []string {
	var out []string
	for _, p := range parts {
		out = append(out, p.name+": "+p.about)
	}
	return out
}

func enginesOf(name string) ([]testkit.Engine, error) {
	switch name {
	case string(testkit.SQLite), string(testkit.PostgreSQL):
		return []testkit.Engine{testkit.Engine(name)}, nil
	case "both", "":
		return []testkit.Engine{testkit.SQLite, testkit.PostgreSQL}, nil
	}
	return nil, fault.Field("--engine", "bench.engine", "say sqlite, postgres or both")
}

// BenchExamples are the command's arguments for each, with what it measures.
func BenchExamples() []string {
	var out []string
	for _, p := range parts {
		out = append(out, fmt.Sprintf("bench %s   (%s)", p.name, p.about))
	}
	return out
}

// Bench measures and prints. It returns an error when something could not be measured, not when a target was missed.
func Bench(ctx context.Context, program Program, o BenchOptions) (err error) {
	for _, name := range o.Names {
		if !slices.ContainsFunc(BenchNames(), func(n string) bool { return strings.HasPrefix(n, name+":") }) {
			return fmt.Errorf("there is no figure %q; there are: %s", name, strings.Join(BenchNames(), "; "))
		}
	}
	ctx, cancel := context.WithTimeoutCause(ctx, benchTime, errors.New("the figures took too long"))
	defer cancel()
	b := &bench{BenchOptions: o, program: program, sizes: fullSizes, worlds: map[string]*world{}, figures: []Figure{}}
	if o.Quick {
		b.sizes = quickSizes
	}
	if b.engines, err = enginesOf(o.Engine); err != nil {
		return err
	}
	if b.noon, err = nextNoon(time.Now()); err != nil {
		return err
	}
	if b.folder, err = os.MkdirTemp("", "letterhead-bench-"); err != nil {
		return fmt.Errorf("make a folder for the figures: %w", err)
	}
	defer func() { err = errors.Join(err, b.clear()) }()
	if err := b.all(ctx); err != nil {
		return errors.Join(err, b.print())
	}
	return b.print()
}

func (b *bench) all(ctx context.Context) error {
	if slices.Contains(b.engines, testkit.PostgreSQL) {
		cluster, err := testkit.StartCluster(true)
		if err != nil {
			return fmt.Errorf("start PostgreSQL: %w", err)
		}
		b.cluster = cluster
	}
	began := time.Now()
	for _, engine := range b.engines {
		for _, p := range parts {
			if len(b.Names) > 0 && !slices.Contains(b.Names, p.name) || p.once && engine != b.engines[0] {
				continue
			}
			b.log("%s, %s", p.name, engine)
			start := time.Now()
			if err := p.run(b, ctx, engine); err != nil {
				return fmt.Errorf("%s on %s: %w", p.name, engine, err)
			}
			b.log("%s, %s: %.1f s", p.name, engine, time.Since(start).Seconds())
		}
		if err := b.forget(engine); err != nil {
			return err
		}
	}
	b.log("all: %.0f s", time.Since(began).Seconds())
	return nil
}

func (b *bench) log(format string, args ...any) { fmt.Fprintf(b.Log, "bench: "+format+"\n", args...) }

func (b *bench) clear() error {
	err := os.RemoveAll(b.folder)
	if b.cluster != nil {
		err = errors.Join(err, b.cluster.Stop())
	}
	return err
}

// say notes a figure without a target.
func (b *bench) say(name string, engine testkit.Engine, value float64, unit, note string) {
	b.figures = append(b.figures, Figure{Name: name, Engine: string(engine), Value: value, Unit: unit, Note: note})
	b.log("%s, %s: %.4g %s %s", name, engine, value, unit, note)
}

func (b *bench) judged(name string, engine testkit.Engine, value float64, unit, target string, met bool, note string) {
	b.say(name, engine, value, unit, note)
	f := &b.figures[len(b.figures)-1]
	f.Target, f.Met = target, &met
}

// atLeast notes a figure that should not be less.
func (b *bench) atLeast(name string, engine testkit.Engine, value float64, unit string, target float64, note string) {
	b.judged(name, engine, value, unit, fmt.Sprintf("≥ %g", target), value >= target, note)
}

// atMost notes a figure that should not be more.
func (b *bench) atMost(name string, engine testkit.Engine, value float64, unit string, target float64, note string) {
	b.judged(name, engine, value, unit, fmt.Sprintf("≤ %g", target), value <= target, note)
}

func (b *bench) print() error {
	if b.JSON {
		encoder := json.NewEncoder(b.Out)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		return encoder.Encode(b.figures)
	}
	table := tabwriter.NewWriter(b.Out, 2, 0, 2, ' ', 0)
	fmt.Fprintln(table, "figure\tengine\tvalue\tunit\ttarget\t\tremark")
	missed := 0
	for _, f := range b.figures {
		met := ""
		if f.Met != nil {
			if met = "met"; !*f.Met {
				met = "MISSED"
				missed++
			}
		}
		fmt.Fprintf(table, "%s\t%s\t%.4g\t%s\t%s\t%s\t%s\n", f.Name, f.Engine, f.Value, f.Unit, f.Target, met, f.Note)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	switch {
	case b.Quick:
		fmt.Fprintln(b.Out, "\nThis was --quick: it shows that the figures can be taken, not what they are.")
	case missed > 0:
		fmt.Fprintf(b.Out, "\n%d targets are missed.\n", missed)
	}
	return nil
}
