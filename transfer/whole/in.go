package whole

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"letterhead/fault"
	"letterhead/job"
	"letterhead/message"
	"letterhead/plan"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/vault"
)

const (
	longestRow = 32 << 20
	together   = 256 // rows in one statement
)

// In brings a whole practice into an installation that does not have it: all of it, or nothing. What was on its way when it was exported is not sent from
// here as well: its messages are dropped, and plans are made anew.
func In(ctx context.Context, db *store.DB, keeper *vault.Keeper, file io.ReaderAt, size int64) (by store.Actor, counts Counts, err error) {
	archive, err := zip.NewReader(file, size)
	if err != nil {
		return by, nil, ErrForm.With(err)
	}
	r := reader{files: map[string]*zip.File{}, counts: Counts{}}
	for _, f := range archive.File {
		r.files[f.Name] = f
	}
	if err := r.open(); err != nil {
		return by, nil, err
	}
	tables, schema, err := db.Tables(ctx)
	if err != nil {
		return by, nil, err
	}
	if r.known, err = ruled(tables); err != nil {
		return by, nil, err
	}
	if schema != r.list.Schema {
		return by, nil, ErrSchema
	}
	by = store.Actor{Practice: r.list.Practice, Agent: "command"}
	err = db.Change(ctx, by, func(tx *store.Tx) error {
		if _, err := practice.Find(ctx, tx); fault.KindOf(err) != fault.NotFound {
			return errors.Join(ErrThere, err)
		}
		clear(r.counts)
		return r.bring(ctx, tx, keeper)
	})
	return by, r.counts, err
}

type reader struct {
	files  map[string]*zip.File
	list   manifest
	known  map[string]store.Table
	counts Counts
}

// open reads the list and compares every file with it, before anything of them is believed.
func (r *reader) open() error {
	raw, err := r.read("manifest.json", 1<<20)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, &r.list); err != nil || r.list.Form != Version || r.list.Practice == "" || len(r.list.Practice) > 64 {
		return ErrForm
	}
	for _, e := range r.list.Files {
		file, err := r.stream(e.Name)
		if err != nil {
			return err
		}
		sum := sha256.New()
		_, err = io.Copy(sum, file)
		if closed := file.Close(); err != nil || closed != nil || said(sum) != e.SHA256 {
			return ErrBroken
		}
	}
	return nil
}

func (r *reader) stream(name string) (io.ReadCloser, error) {
	file := r.files[name]
	if file == nil {
		return nil, ErrForm
	}
	in, err := file.Open()
	if err != nil {
		return nil, ErrBroken.With(err)
	}
	return in, nil
}

func (r *reader) read(name string, most int64) ([]byte, error) {
	in, err := r.stream(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = in.Close() }()
	raw, err := io.ReadAll(io.LimitReader(in, most+1))
	if err != nil || int64(len(raw)) > most {
		return nil, ErrBroken
	}
	return raw, nil
}

func (r *reader) bring(ctx context.Context, tx *store.Tx, keeper *vault.Keeper) error {
	listed := map[string]entry{}
	for _, e := range r.list.Files {
		listed[e.Name] = e
	}
	for _, rule := range rules {
		if rule.fate != moves {
			continue
		}
		e, is := listed["tables/"+rule.table+".jsonl"]
		if !is {
			return ErrForm
		}
		if err := r.table(ctx, tx, e, r.known[rule.table]); err != nil {
			return fmt.Errorf("bring in %s: %w", rule.table, err)
		}
	}
	if _, is := listed["keys.json"]; !is {
		return ErrForm
	}
	raw, err := r.read("keys.json", 1<<20)
	if err != nil {
		return err
	}
	var keys struct{ Sealing, Indexing json.RawMessage }
	if err := json.Unmarshal(raw, &keys); err != nil {
		return ErrBroken.With(err)
	}
	if err := keeper.Arrive(ctx, tx, vault.Travelling{Sealing: keys.Sealing, Indexing: keys.Indexing}); err != nil {
		return err
	}
	return job.Add(ctx, tx, plan.SweepJob, "", tx.Now)
}

func (r *reader) table(ctx context.Context, tx *store.Tx, e entry, t store.Table) error {
	in, err := r.stream(e.Name)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, longestRow)
	rows := make([][]any, 0, together)
	put := func() error {
		err := tx.Put(ctx, t, rows)
		rows = rows[:0]
		return err
	}
	for lines.Scan() {
		row, err := values(t, lines.Bytes())
		if err != nil {
			return err
		}
		rows = append(rows, row)
		r.counts[t.Name]++
		if len(rows) == together {
			if err := put(); err != nil {
				return err
			}
		}
	}
	if err := lines.Err(); err != nil || r.counts[t.Name] != e.Rows {
		return ErrBroken.With(err)
	}
	if len(rows) == 0 {
		return nil
	}
	return put()
}

// values are a row's, in the order of the table's columns, each of its kind. What a message's state becomes stands in In.
func values(t store.Table, line []byte) ([]any, error) {
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.UseNumber()
	var row map[string]any
	if err := decoder.Decode(&row); err != nil {
		return nil, ErrBroken.With(err)
	}
	if state := message.State(text(row["state"])); t.Name == "message" && (state == message.Queued || state == message.Held || state == message.Leaving) {
		row["state"], row["reason"], row["claimed_by"], row["claimed_until"] = string(message.Dropped), message.ReasonMoved, "", json.Number("0")
	}
	out := make([]any, len(t.Columns))
	for i, c := range t.Columns {
		v, is := row[c.Name]
		if !is {
			return nil, ErrSchema
		}
		delete(row, c.Name)
		var ok bool
		var err error
		switch number, isNumber := v.(json.Number); {
		case v == nil:
			ok = true
		case c.Kind == "text":
			out[i], ok = v.(string)
		case c.Kind == "bytes":
			out[i], err = base64.StdEncoding.DecodeString(text(v))
			ok = err == nil
		case isNumber:
			out[i], err = number.Int64()
			ok = err == nil
		}
		if !ok {
			return nil, ErrBroken
		}
	}
	for name := range row {
		if !strings.HasPrefix(name, opened) {
			return nil, ErrSchema
		}
	}
	return out, nil
}
