package upload

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"letterhead/transfer"
	"letterhead/transfer/sheet"
	"letterhead/transfer/words"
)

// Sheet is what the beginning of a file shows.
type Sheet struct {
	File     string
	Section  string // of a mapping: clients, appointments
	Columns  []words.Column
	Headings []string
	Rows     [][]string
	Guess    map[string]int // our field → the place of its heading; a field that is not there was not found
}

const (
	previewed = 5
	mostCell  = 60 // characters of a cell that a preview shows
)

// Sheets reads the beginnings of an upload's files.
func (d *Desk) Sheets(u Upload) ([]Sheet, error) {
	all := []Sheet{{File: clientsFile, Section: "clients", Columns: words.ClientColumns}, {File: appointmentsFile, Section: "appointments", Columns: words.AppointmentColumns}}
	for i := range all {
		if err := d.peek(u, &all[i]); err != nil {
			return nil, err
		}
		mapped := u.Mapping.Clients
		if all[i].Section == "appointments" {
			mapped = u.Mapping.Appointments
		}
		all[i].Guess = words.Guess(all[i].Columns, all[i].Headings, mapped)
	}
	return all, nil
}

func (d *Desk) peek(u Upload, s *Sheet) error {
	file, err := os.Open(d.path(u, s.File))
	if errors.Is(err, fs.ErrNotExist) {
		return ErrNotFound
	}
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	latin, _, err := sheet.EncodingOf(file, s.File)
	if err != nil {
		return err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	in := sheet.New(file, latin)
	if s.Headings, err = in.Header(s.File); err != nil {
		return err
	}
	for tries := 0; len(s.Rows) < previewed && tries < 10*previewed; tries++ {
		record, err := in.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if record.Fault != "" {
			continue
		}
		row := make([]string, len(s.Headings))
		for i := range row {
			if i < len(record.Fields) {
				row[i] = words.Cut(strings.ToValidUTF8(record.Fields[i], "�"), mostCell)
			}
		}
		s.Rows = append(s.Rows, row)
	}
	return nil
}

// Remarks returns a page of what was remarked on, and how many that fit there are: refused rows alone when only is said.
func (d *Desk) Remarks(u Upload, only bool, from, most int) (page []transfer.Remark, count int, err error) {
	err = d.remarks(u, func(m transfer.Remark) error {
		if only && !m.Refused {
			return nil
		}
		if count >= from && len(page) < most {
			page = append(page, m)
		}
		count++
		return nil
	})
	return page, count, err
}

func (d *Desk) remarks(u Upload, see func(transfer.Remark) error) error {
	file, err := os.Open(d.path(u, remarksFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	in := bufio.NewScanner(file)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		var m transfer.Remark
		if err := json.Unmarshal(in.Bytes(), &m); err != nil {
			return err
		}
		if err := see(m); err != nil {
			return err
		}
	}
	return in.Err()
}

// Unknown are words of the file that nobody knows, by the reason of their remark, at most 20 of each.
func (d *Desk) Unknown(u Upload) (map[string][]string, error) {
	found, seen := map[string][]string{}, map[string]bool{}
	err := d.remarks(u, func(m transfer.Remark) error {
		key := m.Reason + "\x00" + words.Fold(m.Value)
		if (m.Reason == "status_word" || m.Reason == "reminder_word") && m.Value != "" && !seen[key] && len(found[m.Reason]) < 20 {
			seen[key] = true
			found[m.Reason] = append(found[m.Reason], m.Value)
		}
		return nil
	})
	return found, err
}

// WriteRemarks writes all of them as CSV. A cell that a spreadsheet would take for a formula gets an apostrophe before it.
func (d *Desk) WriteRemarks(u Upload, out io.Writer) error {
	w := csv.NewWriter(out)
	if err := w.Write([]string{"File", "Line", "Column", "Row", "Outcome", "Reason", "What", "Other", "Value"}); err != nil {
		return err
	}
	err := d.remarks(u, func(m transfer.Remark) error {
		outcome := "taken"
		if m.Refused {
			outcome = "refused"
		}
		cells := []string{m.File, strconv.Itoa(m.Line), m.Column, m.Row, outcome, m.Reason, m.Say, m.Other, m.Value}
		for i, cell := range cells {
			if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
				cells[i] = "'" + cell
			}
		}
		return w.Write(cells)
	})
	w.Flush()
	return errors.Join(err, w.Error())
}
