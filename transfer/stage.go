package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"

	"letterhead/calendar"
	"letterhead/client"
	"letterhead/store"
	"letterhead/transfer/words"
)

// chunk is how many rows are staged in one transaction: enough to make the commit cheap, few enough that nobody waits for it.
const chunk = 1000

func (r *run) stage(ctx context.Context) error {
	if err := stageFile(ctx, r, clientsFile, words.ClientColumns, r.reader.client, r.stageClients); err != nil {
		return err
	}
	return stageFile(ctx, r, appointmentsFile, words.AppointmentColumns, r.reader.appointment, r.stageAppointments)
}

// parsed is a row with what was read from it.
type parsed[T any] struct {
	*row
	staged T
}

// late is a verdict on a row that only the database could give.
type late struct {
	at     int // in the chunk
	column int
	reason string
	say    string
	value  string
}

// stageFile reads a file chunk by chunk. Rows are read once; the transaction of a chunk may run again and so only returns what it found.
func stageFile[T any](ctx context.Context, r *run, name string, columns []words.Column, read func(*row) T, write func(context.Context, *store.Tx, []parsed[T]) ([]late, error)) error {
	file, err := r.openFile(name)
	if err != nil {
		return err
	}
	defer file.Close()
	in, layout, err := r.layout(file, name, columns, r.out.add)
	if err != nil {
		return err
	}
	r.missing(layout)
	marked := lines{}
	chunks := 0
	rows := make([]parsed[T], 0, chunk)
	for ended := false; !ended; {
		record, err := in.Read()
		switch {
		case errors.Is(err, io.EOF):
			ended = true
		case err != nil:
			return fmt.Errorf("read %s near line %d: %w", name, in.Line(), err)
		default:
			w := newRow(layout, record)
			p := parsed[T]{row: w}
			if !w.refused {
				p.staged = read(w)
			}
			rows = append(rows, p)
		}
		if len(rows) < chunk && (!ended || len(rows) == 0) {
			continue
		}
		if err := stageChunk(ctx, r, name, rows, &marked, write); err != nil {
			return err
		}
		rows = rows[:0]
		if chunks++; chunks&(chunks-1) == 0 { // 1, 2, 4, 8 …
			if err := r.db.Analyze(ctx, "staged_client", "staged_appointment"); err != nil {
				return err
			}
		}
		r.progress(layout.Section, r.out.counts(name).Rows)
	}
	r.kept[name] = marked
	return r.out.err
}

func stageChunk[T any](ctx context.Context, r *run, name string, rows []parsed[T], marked *lines, write func(context.Context, *store.Tx, []parsed[T]) ([]late, error)) error {
	good := make([]parsed[T], 0, len(rows))
	for _, p := range rows {
		if !p.refused {
			good = append(good, p)
		}
	}
	var found []late
	if len(good) > 0 {
		err := r.db.Change(ctx, r.actor, func(tx *store.Tx) error {
			err := r.alive(ctx, tx)
			if err == nil {
				found, err = write(ctx, tx, good)
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("stage %s from line %d: %w", name, rows[0].line, err)
		}
	}
	for _, l := range found {
		good[l.at].refuse(l.column, l.reason, l.say, l.value)
	}
	counts := r.out.counts(name)
	for _, p := range rows {
		counts.Rows++
		if p.refused {
			counts.Refused++
		}
		if len(p.remarks) > 0 {
			marked.add(p.line)
		}
		r.out.row(name, p.remarks)
	}
	return nil
}

// missing remarks on columns that the file does not have and that are not needed.
func (r *run) missing(l *words.Layout) {
	for i, c := range l.Columns {
		if l.At[i] < 0 && c.Field != "language" {
			r.out.add(Remark{File: l.File, Column: l.Headings[i], Reason: "no_column", Say: "the file has no such column; it is taken as empty in every row"})
		}
	}
}

const (
	sayTwice    = "the id stands in an earlier row of this file already; that row was taken"
	sayNoClient = "no client of this id is in clients.csv or here"
)

func (r *run) stageClients(ctx context.Context, tx *store.Tx, rows []parsed[client.Staged]) ([]late, error) {
	keys, err := r.keys(ctx, tx)
	if err != nil {
		return nil, err
	}
	externals := make([]string, len(rows))
	for i, p := range rows {
		externals[i] = p.id
	}
	known, err := client.ImportedAs(ctx, tx, externals)
	if err != nil {
		return nil, err
	}
	taken, err := r.stagedIDs(ctx, tx, externals, func(list string) string {
		return `SELECT external, id FROM staged_client WHERE practice = $1 AND batch = $2 AND external IN (` + list + `)`
	})
	if err != nil {
		return nil, err
	}
	hidden, err := unseen(ctx, tx, known)
	if err != nil {
		return nil, err
	}
	var found []late
	var changing []client.ID
	staged := make([]client.Staged, 0, len(rows))
	for i, p := range rows {
		if _, twice := taken[p.id]; twice {
			found = append(found, late{i, words.ClientID, "id_twice", sayTwice, p.id})
			continue
		}
		taken[p.id] = ""
		s := p.staged
		s.Sum = client.ImportSum(keys, s)
		there, is := known[p.id]
		if !s.ArchivedAt.IsZero() {
			s.ArchivedAt = tx.Now
			if there.ArchivedAt != 0 {
				s.ArchivedAt = store.Instant(there.ArchivedAt)
			}
		}
		s.Person = person(keys.Index, s.Client)
		s.Action, s.Base = verdict(is, there.Version, there.ImportVersion, there.Sum == s.Sum)
		if s.ID = there.ID; !is {
			s.ID = store.NewID[client.ID]()
		} else if hidden[s.ID] { // of whom who imports does not see nothing is changed
			s.Action, s.Base = "kept", there.Version
		}
		if s.Action == "change" {
			changing = append(changing, s.ID)
		}
		staged = append(staged, s)
	}
	before, err := client.Before(ctx, tx, keys, changing)
	if err != nil {
		return nil, err
	}
	for i := range staged {
		staged[i].Before = before[staged[i].ID]
	}
	return found, client.Stage(ctx, tx, keys, string(r.batch), staged)
}

// unseen are those here whom the member who imports does not see. A command sees all.
func unseen(ctx context.Context, tx *store.Tx, here map[string]client.Imported) (map[client.ID]bool, error) {
	ids := make([]client.ID, 0, len(here))
	for _, there := range here {
		ids = append(ids, there.ID)
	}
	return client.Hidden(ctx, tx, ids)
}

// verdict says what becomes of a row: its counterpart here may be missing, as it was imported, or changed here since.
func verdict(is bool, version, imported int64, same bool) (action string, base int64) {
	switch {
	case !is:
		return "create", 0
	case version > imported:
		return "kept", version
	case same:
		return "same", version
	}
	return "change", version
}

// person is the same for rows that may be one person: names and date of birth, or where that is not known, names and number or address.
func person(index func(kind, normalised string) string, c client.Client) string {
	name := client.Fold(c.FirstName) + " " + client.Fold(c.LastName)
	switch {
	case name == " ":
		return ""
	case c.Born != "":
		return "born " + c.Born + " " + name
	case c.Mobile.State == client.Good:
		return "mobile " + index("mobile", c.Mobile.Normal) + " " + name
	case c.Email.State == client.Good:
		return "email " + index("email", c.Email.Normal) + " " + name
	}
	return ""
}

func (r *run) stageAppointments(ctx context.Context, tx *store.Tx, rows []parsed[calendar.Staged]) ([]late, error) {
	keys, err := r.keys(ctx, tx)
	if err != nil {
		return nil, err
	}
	externals, people := make([]string, len(rows)), make([]string, len(rows))
	for i, p := range rows {
		externals[i], people[i] = p.id, p.cells[words.AppointmentClient]
	}
	known, err := calendar.ImportedAs(ctx, tx, externals)
	if err != nil {
		return nil, err
	}
	taken, err := r.stagedIDs(ctx, tx, externals, func(list string) string {
		return `SELECT external, id FROM staged_appointment WHERE practice = $1 AND batch = $2 AND external IN (` + list + `)`
	})
	if err != nil {
		return nil, err
	}
	clients, err := r.stagedIDs(ctx, tx, people, func(list string) string {
		return `SELECT external, id FROM staged_client WHERE practice = $1 AND batch = $2 AND external IN (` + list + `)
			UNION ALL SELECT external, id FROM client WHERE practice = $1 AND external IN (` + list + `) AND external <> ''`
	})
	if err != nil {
		return nil, err
	}
	here, err := client.ImportedAs(ctx, tx, people)
	if err != nil {
		return nil, err
	}
	hidden, err := unseen(ctx, tx, here)
	if err != nil {
		return nil, err
	}
	var found []late
	var changing []calendar.ID
	staged := make([]calendar.Staged, 0, len(rows))
	for i, p := range rows {
		if _, twice := taken[p.id]; twice {
			found = append(found, late{i, words.AppointmentID, "id_twice", sayTwice, p.id})
			continue
		}
		owner, is := clients[p.cells[words.AppointmentClient]]
		if !is || p.cells[words.AppointmentClient] == "" || hidden[client.ID(owner)] {
			found = append(found, late{i, words.AppointmentClient, "client_unknown", sayNoClient, p.cells[words.AppointmentClient]})
			continue
		}
		taken[p.id] = ""
		s := p.staged
		s.Client = client.ID(owner)
		s.Sum = calendar.ImportSum(keys, s)
		there, is := known[p.id]
		s.Action, s.Base = verdict(is, there.Version, there.ImportVersion, there.Sum == s.Sum)
		if s.ID = there.ID; !is {
			s.ID = store.NewID[calendar.ID]()
		}
		if s.Action != "create" && s.Action != "change" {
			s.Overbooked = there.Overbooked
		}
		if s.Action == "change" {
			changing = append(changing, s.ID)
		}
		staged = append(staged, s)
	}
	before, err := calendar.Before(ctx, tx, keys, changing)
	if err != nil {
		return nil, err
	}
	for i := range staged {
		staged[i].Before = before[staged[i].ID]
	}
	return found, calendar.Stage(ctx, tx, string(r.batch), staged)
}

// stagedIDs runs a query of pairs for the batch and the given values.
func (r *run) stagedIDs(ctx context.Context, tx *store.Tx, values []string, query func(list string) string) (map[string]string, error) {
	out := make(map[string]string, len(values))
	err := store.Chunks(values, 3, func(list string, args []any) error {
		rows, err := tx.Query(ctx, query(list), append([]any{r.batch}, args...)...)
		_, err = store.Collect(rows, err, func(rows *store.Rows) (struct{}, error) {
			var external, id string
			err := rows.Scan(&external, &id)
			if _, had := out[external]; !had {
				out[external] = id
			}
			return struct{}{}, err
		})
		return err
	})
	return out, err
}
