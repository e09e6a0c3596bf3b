package transfer

import (
	"encoding/json"
	"fmt"
	"io"

	"letterhead/transfer/words"
)

// Outcome is how a row ended.
type Outcome string

// The outcomes. Kept is a row whose counterpart was changed here since it was imported: ours stays.
const (
	Created   Outcome = "created"
	Changed   Outcome = "changed"
	Unchanged Outcome = "unchanged"
	Kept      Outcome = "kept"
	Refused   Outcome = "refused"
	Removed   Outcome = "removed"  // by an undo
	Restored  Outcome = "restored" // by an undo
)

// Remark is something about one row, or about a whole file when Line is 0.
type Remark struct {
	File    string `json:"file"`
	Line    int    `json:"line,omitempty"`   // physical, from 1, the heading's included; where the record begins
	Column  string `json:"column,omitempty"` // the file's heading
	Row     string `json:"row,omitempty"`    // the row's id in the file
	Refused bool   `json:"refused,omitempty"`
	Reason  string `json:"reason"` // a key from docs/import.md
	Say     string `json:"say"`
	Other   string `json:"other,omitempty"` // the other of two that may be one person: an id in the file, or ours
	Value   string `json:"value,omitempty"` // what the file says there, cut at 80 characters
}

// Counts are of one file's rows. Remarked counts rows that have a remark, whatever their outcome; refused rows always have one.
type Counts struct {
	Rows      int            `json:"rows"`
	Created   int            `json:"created"`
	Changed   int            `json:"changed"`
	Unchanged int            `json:"unchanged"`
	Kept      int            `json:"kept"`
	Refused   int            `json:"refused"`
	Removed   int            `json:"removed,omitempty"`
	Restored  int            `json:"restored,omitempty"`
	Remarked  int            `json:"remarked"`
	Reasons   map[string]int `json:"reasons"` // remarks by reason
}

func (c *Counts) count(o Outcome, n int) {
	switch o {
	case Created:
		c.Created += n
	case Changed:
		c.Changed += n
	case Unchanged:
		c.Unchanged += n
	case Kept:
		c.Kept += n
	case Refused:
		c.Refused += n
	case Removed:
		c.Removed += n
	case Restored:
		c.Restored += n
	}
}

// Report is what an import or its undoing did, or a dry run would do.
type Report struct {
	Batch        BatchID  `json:"batch"`
	DryRun       bool     `json:"dry_run,omitempty"`
	Undoes       BatchID  `json:"undoes,omitempty"`
	DateOrder    string   `json:"date_order,omitempty"`
	Encoding     string   `json:"encoding,omitempty"` // "utf-8" or "windows-1252": the furthest from UTF-8 of the files
	Practice     Practice `json:"practice"`
	Clients      Counts   `json:"clients"`
	Appointments Counts   `json:"appointments"`
	Overlapping  int      `json:"overlapping"` // appointments taken over that overlap another of the same practitioner
	Remarks      []Remark `json:"remarks"`     // the first MaxRemarks
	RemarkCount  int      `json:"remark_count"`
}

// Practice is what happened to the practice itself.
type Practice struct {
	Filled        []string `json:"filled"` // fields that were empty and came from practice.json
	Practitioners int      `json:"practitioners_created"`
	Services      int      `json:"services_created"`
	Locations     int      `json:"locations_created"`
}

// MaxRemarks bounds what a report holds in memory; Options.Remarks gets all.
const MaxRemarks = 1000

// Summary is the report in a few lines for a person.
func (r *Report) Summary() string {
	line := func(name string, c Counts) string {
		return fmt.Sprintf("%s: %d rows: %d created, %d changed, %d unchanged, %d kept as changed here, %d refused; %d with a remark\n",
			name, c.Rows, c.Created, c.Changed, c.Unchanged, c.Kept, c.Refused, c.Remarked)
	}
	if r.Undoes != "" {
		return fmt.Sprintf("clients: %d removed, %d restored, %d kept\nappointments: %d removed, %d restored, %d kept\n",
			r.Clients.Removed, r.Clients.Restored, r.Clients.Kept, r.Appointments.Removed, r.Appointments.Restored, r.Appointments.Kept)
	}
	text := line("clients", r.Clients) + line("appointments", r.Appointments)
	if r.Overlapping > 0 {
		text += fmt.Sprintf("%d appointments overlap another of the same practitioner and were kept as recorded overbookings\n", r.Overlapping)
	}
	text += "what is here and not in the files was left alone\n"
	if r.DryRun {
		text = "dry run: nothing was changed\n" + text
	}
	return text
}

// recorder gathers remarks: the first in memory, all in a writer.
type recorder struct {
	report *Report
	out    io.Writer
	err    error
}

func (r *recorder) counts(file string) *Counts {
	if file == clientsFile {
		return &r.report.Clients
	}
	return &r.report.Appointments
}

// row takes the remarks of one row.
func (r *recorder) row(file string, remarks []Remark) {
	if len(remarks) == 0 {
		return
	}
	r.counts(file).Remarked++
	for _, m := range remarks {
		r.add(m)
	}
}

func (r *recorder) add(m Remark) {
	m.Value = words.Cut(m.Value, 80)
	if m.File == clientsFile || m.File == appointmentsFile {
		c := r.counts(m.File)
		if c.Reasons == nil {
			c.Reasons = map[string]int{}
		}
		c.Reasons[m.Reason]++
	}
	r.report.RemarkCount++
	if len(r.report.Remarks) < MaxRemarks {
		r.report.Remarks = append(r.report.Remarks, m)
	}
	if r.out == nil || r.err != nil {
		return
	}
	line, err := json.Marshal(m)
	if err == nil {
		_, err = r.out.Write(append(line, '\n'))
	}
	r.err = err
}
