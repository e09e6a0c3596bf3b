// Package form writes incidents as files and reads them: for a public register (Markdown with TOML front matter), for VERIS 1.3 (JSON), as our own
// JSON, and as a table (CSV, written only).
//
// What is written comes back as it was: unknown as unknown and none as none, although the register's form has a 0 for both. What is read carries its
// file along, so that writing it again in the same form gives the same bytes, with whatever this program has no word for.
package form

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"letterhead/fault"
	"letterhead/incident"
	"letterhead/register"
)

// The forms.
const (
	Register = "register"
	VERIS    = "veris"
	JSON     = "json"
	CSV      = "csv"
)

// MaxFile is the largest file that is read.
const MaxFile = 4 << 20

func unreadable(format string, args ...any) error {
	return fault.Field("FILE", "incident.file", format, args...)
}

// Read reads a file of any form; name is the file's, for an incident that has no name of its own.
func Read(name string, raw []byte) (incident.Incident, error) {
	if len(raw) > MaxFile {
		return incident.Incident{}, unreadable("it has %d bytes; at most %d", len(raw), MaxFile)
	}
	if !bytes.HasPrefix(bytes.TrimSpace(raw), []byte("{")) {
		return readRegister(name, raw)
	}
	var kind struct {
		Schema string `json:"schema_version"`
	}
	if err := json.Unmarshal(raw, &kind); err != nil {
		return incident.Incident{}, located(raw, err)
	}
	if kind.Schema != "" {
		return readVERIS(name, raw)
	}
	var i incident.Incident
	if err := strict(raw, &i); err != nil {
		return i, err
	}
	return i, i.Check()
}

// strict refuses keys that nobody knows: what is dropped in silence is lost.
func strict(raw []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil { // nothing stands behind it: Read has read it whole
		return located(raw, err)
	}
	return nil
}

// located puts a line before what JSON's reader says.
func located(raw []byte, err error) error {
	at := int64(-1)
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		at = syntax.Offset
	case errors.As(err, &kind):
		at = kind.Offset
	case errors.Is(err, io.ErrUnexpectedEOF):
		at = int64(len(raw))
	}
	if at < 0 || at > int64(len(raw)) {
		return unreadable("%s", strings.TrimPrefix(err.Error(), "json: "))
	}
	return unreadable("line %d: %s", 1+bytes.Count(raw[:at], []byte("\n")), strings.TrimPrefix(err.Error(), "json: "))
}

// Write writes an incident in a form. One that was read from a file of this form, and is unchanged, is written as that file.
func Write(i incident.Incident, form string) ([]byte, error) {
	if err := i.Check(); err != nil {
		return nil, err
	}
	if o := i.Original; o != nil && o.Form == form {
		if again, err := Read(i.ID, []byte(o.Text)); err == nil && Same(again, i) {
			return []byte(o.Text), nil
		}
	}
	switch form {
	case Register:
		return writeRegister(i)
	case VERIS:
		return writeVERIS(i)
	case JSON:
		return writeJSON(i)
	case CSV:
		return writeCSV(i)
	}
	return nil, fault.Field("--format", "incident.format", "it is register, veris, csv or json, not %q", form)
}

// Same says whether two incidents say the same, whatever files they were read from.
func Same(a, b incident.Incident) bool {
	a.Original, b.Original = nil, nil
	return reflect.DeepEqual(a, b)
}

func writeJSON(v any) ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(v)
	return out.Bytes(), err
}

// writeCSV is a table of what is known: one row a value, figures with their state. A cell that a spreadsheet would run gets an apostrophe.
func writeCSV(i incident.Incident) ([]byte, error) {
	rows := [][]string{{"part", "name", "value", "state", "low", "high", "note"}}
	add := func(part, name, value string, more ...string) {
		rows = append(rows, append([]string{part, name, value}, append(more, "", "", "", "")[:4]...))
	}
	for _, f := range []struct{ name, value string }{{"id", i.ID}, {"title", i.Title}, {"entity", i.Entity}, {"description", i.Description}, {"date", string(i.Date)}, {"updated", string(i.Updated)},
		{"occurred", string(i.Occurred)}, {"discovered", string(i.Discovered)}, {"contained", string(i.Contained)}, {"told", string(i.Told)}, {"severity", i.Severity}, {"attack_vector", i.Vector},
		{"official_status", i.Status}, {"sectors", strings.Join(i.Sectors, "; ")}, {"countries", strings.Join(i.Countries, "; ")}, {"threat_actors", strings.Join(i.Actors, "; ")},
		{"data_types", strings.Join(i.Data, "; ")}, {"affected_parties", strings.Join(i.Parties, "; ")}, {"source_url", i.Source}, {"archive_link", i.Archive}, {"text", i.Text}} {
		add("incident", f.name, f.value)
	}
	figure := func(part, name string, f register.Figure) {
		cells := make([]string, 3)
		for n, v := range []float64{f.Value, f.Low, f.High} {
			if f.State == register.Estimate || f.State == register.Exact && n == 0 {
				cells[n] = register.Number(v)
			}
		}
		add(part, name, cells[0], string(f.State), cells[1], cells[2], f.Note)
	}
	for _, e := range (register.Impact{}).Entries() {
		figure("impact", e.Number, i.Impact[e.Number])
	}
	for _, f := range i.Figures {
		figure("figure", f.Name, f.Figure)
	}
	for _, s := range i.Timeline {
		add("timeline", s.At, s.What, "", "", "", s.Source)
	}
	for _, d := range i.Decisions {
		add("decision", d.At, d.What, "", "", "", strings.Join([]string{d.Who, d.Why}, ": "))
	}
	for _, e := range i.Evidence {
		add("evidence", e.Name, e.What, "", "", "", e.Digest)
	}
	for n, l := range i.Lessons {
		add("lesson", fmt.Sprint(n+1), l)
	}
	for _, a := range i.Actions {
		add("action", a.Owner, a.What, a.State, "", "", a.Due)
	}
	for _, l := range i.Legal {
		add("legal", l.Type, l.Description, l.Status, "", "", l.URL)
	}
	for _, row := range rows {
		for n, cell := range row {
			if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
				row[n] = "'" + cell
			}
		}
	}
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	err := w.WriteAll(rows)
	return out.Bytes(), err
}

// named finds an id for an incident that carries none.
func named(i incident.Incident, name string) string {
	id, err := register.Slug(cmp.Or(name, string(i.Date)+"-"+i.Entity))
	if err != nil {
		id = "incident"
	}
	return id
}

func compact(list []string) []string {
	return slices.DeleteFunc(list, func(s string) bool { return s == "" })
}
