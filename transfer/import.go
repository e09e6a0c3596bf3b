package transfer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"letterhead/calendar"
	"letterhead/client"
	"letterhead/fault"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/transfer/sheet"
	"letterhead/transfer/words"
	"letterhead/vault"
	"letterhead/zone"
)

// run is one import on its way.
type run struct {
	db      *store.DB
	keeper  Keeper
	actor   store.Actor
	options Options
	batch   BatchID
	report  *Report
	out     recorder
	reader  *reader
	files   fs.FS
	latin   map[string]bool
	details *details
	open    practice.Practice
	kept    map[string]lines
}

// Import brings an export in. The report also comes with an error when rows had been read by then.
func Import(ctx context.Context, db *store.DB, keeper Keeper, id store.PracticeID, source Source, options Options) (*Report, error) {
	files, err := source.files()
	if err != nil {
		return nil, err
	}
	r := newRun(db, keeper, id, options)
	r.files = files
	if err := r.prepare(ctx); err != nil {
		return nil, err
	}
	if err := r.begin(ctx); err != nil {
		return nil, err
	}
	if err := r.stage(ctx); err != nil {
		return r.report, errors.Join(err, r.giveUp(ctx))
	}
	if err := r.flip(ctx); err != nil {
		return r.report, errors.Join(err, r.giveUp(ctx))
	}
	if err := r.tell(ctx); err != nil {
		return r.report, err
	}
	if err := r.replan(ctx); err != nil {
		return r.report, err
	}
	return r.report, r.clear(ctx, "")
}

func newRun(db *store.DB, keeper Keeper, id store.PracticeID, options Options) *run {
	r := &run{db: db, keeper: keeper, options: options, batch: options.Batch, latin: map[string]bool{}, kept: map[string]lines{}}
	if r.batch == "" {
		r.batch = store.NewID[BatchID]()
	}
	r.actor = options.Actor
	r.actor.Practice = id
	if r.actor.Member == "" && r.actor.Agent == "" {
		r.actor.Agent = "import"
	}
	r.report = &Report{Batch: r.batch, DryRun: options.DryRun, Remarks: []Remark{}, Practice: Practice{Filled: []string{}}}
	r.report.Clients.Reasons, r.report.Appointments.Reasons = map[string]int{}, map[string]int{}
	r.out = recorder{report: r.report, out: options.Remarks}
	return r
}

// prepare reads everything that rows depend on, and looks through both files once for their encoding and the order of their dates.
func (r *run) prepare(ctx context.Context) error {
	var err error
	if r.details, err = readDetails(r.files); err != nil {
		return err
	}
	if r.options.Mapping != nil {
		if err := r.options.Mapping.Check(); err != nil {
			return err
		}
	}
	var clients int64
	err = r.db.View(ctx, r.actor, func(tx *store.Tx) (err error) {
		if clients, err = client.CountActive(ctx, tx); err != nil {
			return err
		}
		return r.look(ctx, tx)
	})
	if err != nil {
		return err
	}
	if clients > 0 && !r.options.OtherPractice { // into an empty one nothing is mixed: that is remarked on
		if err := r.details.foreign(r.open); err != nil {
			return err
		}
	}
	r.details.compare(r.open, r.out.add)
	r.report.Encoding = "utf-8"
	for _, name := range []string{clientsFile, appointmentsFile} {
		if err := r.encoding(name); err != nil {
			return err
		}
	}
	return r.dates()
}

// look reads the practice and its things.
func (r *run) look(ctx context.Context, tx *store.Tx) error {
	p, err := practice.Find(ctx, tx)
	if err != nil {
		return err
	}
	if !p.ClosedAt.IsZero() {
		return practice.ErrClosed
	}
	here, err := zone.Load(p.Zone)
	if err != nil {
		return err
	}
	r.open = p
	r.reader = &reader{words: words.New(r.options.Mapping), country: p.Country, zone: p.Zone, first: p.Zone, today: zone.DateOf(tx.Now.In(here)),
		places: map[string]placeName{}, names: map[string]string{}, met: map[string]int{}, minutes: map[string]int{}}
	locations, err := practice.Locations(ctx, tx)
	if err != nil {
		return err
	}
	for i, l := range locations {
		if i == 0 {
			r.reader.first = l.Zone
		}
		r.reader.places[words.Fold(l.Name)] = placeName{l.Name, l.Zone}
	}
	services, err := practice.Services(ctx, tx)
	if err != nil {
		return err
	}
	for _, s := range services {
		r.reader.names["service\x00"+words.Fold(s.Name)] = s.Name
	}
	practitioners, err := practice.Practitioners(ctx, tx)
	if err != nil {
		return err
	}
	for _, p := range practitioners {
		r.reader.names["practitioner\x00"+words.Fold(p.Name)] = p.Name
	}
	return nil
}

func (r *run) openFile(name string) (fs.File, error) {
	file, err := r.files.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.Field(name, "transfer.file_missing", "the export has no such file; put %s and %s into one folder", clientsFile, appointmentsFile)
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", name, err)
	}
	return file, nil
}

func (r *run) encoding(name string) error {
	file, err := r.openFile(name)
	if err != nil {
		return err
	}
	defer file.Close()
	latin, line, err := sheet.EncodingOf(file, name)
	if err != nil {
		return err
	}
	if latin {
		r.latin[name] = true
		r.report.Encoding = "windows-1252"
		r.out.add(Remark{File: name, Line: line, Reason: "windows_1252", Say: "the file is not UTF-8, as this line shows; it was read as Windows-1252: check a name with an accent"})
	}
	return nil
}

// dates settles the order of day, month and year: as the mapping says, or practice.json, or as the dates themselves show.
func (r *run) dates() error {
	name := ""
	if r.options.Mapping != nil {
		name = r.options.Mapping.DateOrder
	}
	if name == "" {
		name = r.details.DateOrder
	}
	name = strings.ToUpper(strings.TrimSpace(name))
	if name == "" {
		var guess sheet.Guess
		for _, f := range []struct {
			file    string
			columns []words.Column
			at      []int
		}{{clientsFile, words.ClientColumns, []int{words.ClientBorn}}, {appointmentsFile, words.AppointmentColumns, []int{words.AppointmentDate}}} {
			if err := r.guess(f.file, f.columns, f.at, &guess); err != nil {
				return err
			}
		}
		if name = guess.Order(); name == "" {
			return fault.Field("date_order", "transfer.date_order",
				"whether the dates are day/month or month/day cannot be told from them; write date_order = \"DMY\", \"MDY\" or \"YMD\" into the mapping file")
		}
		r.out.add(Remark{File: appointmentsFile, Column: "date_order", Reason: "date_order_found", Say: "no file says in which order dates are; they show that it is " + name})
	}
	order, ok := sheet.Orders[name]
	if !ok {
		return fault.Field("date_order", "transfer.date_order", "%s says another date order than DMY, MDY or YMD; write the right one into the mapping file", practiceFile)
	}
	r.reader.order, r.report.DateOrder = order, name
	return nil
}

func (r *run) guess(name string, columns []words.Column, at []int, guess *sheet.Guess) error {
	file, err := r.openFile(name)
	if err != nil {
		return err
	}
	defer file.Close()
	in, l, err := r.layout(file, name, columns, func(Remark) {})
	if err != nil {
		return err
	}
	for {
		record, err := in.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		for _, c := range at {
			if place := l.At[c]; place >= 0 && place < len(record.Fields) {
				guess.See(record.Fields[place])
			}
		}
	}
}

func (r *run) layout(file io.Reader, name string, columns []words.Column, remark func(Remark)) (*sheet.Reader, *words.Layout, error) {
	in := sheet.New(file, r.latin[name])
	headings, err := in.Header(name)
	if err != nil {
		return nil, nil, err
	}
	section, mapped := strings.TrimSuffix(name, ".csv"), map[string]string(nil)
	if m := r.options.Mapping; m != nil {
		mapped = map[string]map[string]string{clientsFile: m.Clients, appointmentsFile: m.Appointments}[name]
	}
	l, err := words.NewLayout(name, section, columns, headings, mapped, func(heading string) {
		remark(Remark{File: name, Column: heading, Reason: "unknown_column", Say: "this column is not known and was passed over"})
	})
	return in, l, err
}

// begin makes the batch. Whatever else of this practice was staging is abandoned: it is dead, or finds out at its next transaction.
func (r *run) begin(ctx context.Context) error {
	kind := "import"
	switch {
	case r.options.DryRun:
		kind = "trial"
	case r.report.Undoes != "":
		kind = "undo"
	}
	err := r.db.Change(ctx, r.actor, func(tx *store.Tx) error {
		if _, err := r.keeper.Keys(ctx, tx); err != nil { // makes them when there are none yet
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE import_batch SET state = 'abandoned', finished_at = $2 WHERE practice = $1 AND state = 'staging'`, store.Micro(tx.Now)); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO import_batch (practice, id, kind, state, undoes, report, who, created_at, finished_at) VALUES ($1, $2, $3, 'staging', $4, '', $5, $6, 0)`,
			r.batch, kind, r.report.Undoes, r.actor.Who(), store.Micro(tx.Now))
		return err
	})
	if err != nil {
		return fmt.Errorf("begin the import: %w", err)
	}
	return r.clear(ctx, string(r.batch))
}

// clearing is how many staged rows go in one transaction.
const clearing = 20_000

// clear deletes what is staged under any batch but keep.
func (r *run) clear(ctx context.Context, keep string) error {
	for more := true; more; {
		err := r.db.Change(ctx, r.actor, func(tx *store.Tx) error {
			clients, err := client.ClearStaged(ctx, tx, keep, clearing)
			if err != nil {
				return err
			}
			appointments, err := calendar.ClearStaged(ctx, tx, keep, clearing)
			more = clients || appointments
			return err
		})
		if err != nil {
			return fmt.Errorf("clear the staging tables: %w", err)
		}
	}
	return nil
}

// giveUp ends a batch that failed, so far as the database lets it; the next import clears up otherwise.
func (r *run) giveUp(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	err := r.db.Change(ctx, r.actor, func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE import_batch SET state = 'abandoned', finished_at = $3 WHERE practice = $1 AND id = $2 AND state = 'staging'`, r.batch, store.Micro(tx.Now))
		return err
	})
	if err != nil {
		return fmt.Errorf("end the import: %w", err)
	}
	return nil
}

// alive is the first statement of every transaction of a batch: it fails once another import has begun.
func (r *run) alive(ctx context.Context, tx *store.Tx) error {
	n, err := tx.Exec(ctx, `UPDATE import_batch SET state = 'staging' WHERE practice = $1 AND id = $2 AND state = 'staging'`, r.batch)
	if err == nil && n == 0 {
		err = ErrAbandoned
	}
	return err
}

func (r *run) keys(ctx context.Context, tx *store.Tx) (*vault.Keys, error) {
	return r.keeper.Keys(ctx, tx)
}

func (r *run) progress(step string, rows int) {
	if r.options.Progress != nil {
		r.options.Progress(Progress{step, rows})
	}
}

// lines is a set of line numbers.
type lines []uint64

// add returns whether the line is new.
func (l *lines) add(line int) bool {
	for len(*l) <= line/64 {
		*l = append(*l, 0)
	}
	bit := uint64(1) << (line % 64)
	had := (*l)[line/64]&bit != 0
	(*l)[line/64] |= bit
	return !had
}

func encode(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		panic("transfer: counts that are no JSON: " + err.Error()) // numbers and our own words: it cannot be
	}
	return string(raw)
}
