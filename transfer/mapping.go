package transfer

import (
	"fmt"
	"io"
	"sort"
	"strings"

	"github.com/BurntSushi/toml"
	"letterhead/client"
	"letterhead/fault"
	"letterhead/transfer/sheet"
)

// Mapping lets an export with other headings and words in. It is written as TOML; docs/import.md has an example.
type Mapping struct {
	DateOrder    string            `toml:"date_order"`   // "DMY", "MDY" or "YMD"; "" asks practice.json, then the file
	Clients      map[string]string `toml:"clients"`      // our field → the file's heading; "-" says that the export has none
	Appointments map[string]string `toml:"appointments"` //
	Statuses     map[string]string `toml:"statuses"`     // the file's word → one of ours
	Reminders    map[string]string `toml:"reminders"`    // the file's word → "email", "sms", "both", "none" or "default"
	Locations    map[string]string `toml:"locations"`    // the file's name → "video", "phone" or "home"
}

const maxMapping = 256 << 10

// ReadMapping reads a mapping file. Whatever in it has no meaning is an error.
func ReadMapping(in io.Reader) (*Mapping, error) {
	raw, err := io.ReadAll(io.LimitReader(in, maxMapping+1))
	if err != nil {
		return nil, fmt.Errorf("read the mapping: %w", err)
	}
	if len(raw) > maxMapping {
		return nil, fault.Field("mapping", "transfer.mapping", "the file is larger than 256 kB")
	}
	var m Mapping
	meta, err := toml.Decode(string(raw), &m)
	if err != nil {
		return nil, fault.Field("mapping", "transfer.mapping", "it is no TOML: %s", err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return nil, fault.Field("mapping", "transfer.mapping", "%s means nothing here; known are date_order, [clients], [appointments], [statuses], [reminders] and [locations]", unknown[0])
	}
	return &m, m.check()
}

func (m *Mapping) check() error {
	if m.DateOrder != "" {
		if _, ok := sheet.Orders[strings.ToUpper(m.DateOrder)]; !ok {
			return fault.Field("mapping", "transfer.mapping", "date_order: write DMY, MDY or YMD")
		}
	}
	for _, section := range []struct {
		name   string
		values map[string]string
		known  func(key, value string) bool
		fix    string
	}{
		{"clients", m.Clients, func(key, _ string) bool { return knownField(clientColumns, key) }, "known fields are " + fieldNames(clientColumns)},
		{"appointments", m.Appointments, func(key, _ string) bool { return knownField(appointmentColumns, key) }, "known fields are " + fieldNames(appointmentColumns)},
		{"statuses", m.Statuses, func(_, v string) bool { _, ok := statusWords[word(v)]; return ok }, "write one of booked, confirmed, arrived, attended, no show, cancelled, late cancellation, rescheduled"},
		{"reminders", m.Reminders, func(_, v string) bool { _, ok := reminderTargets[word(v)]; return ok }, "write email, sms, both, none or default"},
		{"locations", m.Locations, func(_, v string) bool { v = word(v); return v == "video" || v == "phone" || v == "home" }, "write video, phone or home; other locations need no entry"},
	} {
		keys := make([]string, 0, len(section.values))
		for key := range section.values {
			keys = append(keys, key)
		}
		sort.Strings(keys)
		for _, key := range keys {
			if !section.known(key, section.values[key]) {
				return fault.Field("mapping", "transfer.mapping", "[%s] %q = %q: %s", section.name, cut(key, 60), cut(section.values[key], 60), section.fix)
			}
		}
	}
	return nil
}

// column is one thing that we take from a file.
type column struct {
	field   string   // our name for it, as in a mapping
	heading string   // as in the documented export
	also    []string // other usual headings, folded
	needed  bool     // whether its absence must be chosen: without it the wrong messages would go out, or none
	most    int      // characters
	lines   bool     // may hold several lines
}

// The columns, in the order of clientField and appointmentField.
var clientColumns = []column{
	{field: "id", heading: "Client ID", also: []string{"client id", "patient id"}, needed: true, most: 100},
	{field: "title", heading: "Title", most: 100},
	{field: "first_name", heading: "First Name", also: []string{"given name"}, needed: true, most: client.MaxName},
	{field: "last_name", heading: "Last Name", also: []string{"surname", "family name"}, needed: true, most: client.MaxName},
	{field: "preferred_name", heading: "Preferred Name", most: client.MaxName},
	{field: "born", heading: "Date of Birth", also: []string{"dob", "birth date"}, most: 40},
	{field: "email", heading: "Email", also: []string{"e-mail", "email address"}, needed: true, most: 320},
	{field: "mobile", heading: "Mobile", also: []string{"mobile phone", "mobile number", "cell phone"}, needed: true, most: 60},
	{field: "reminders", heading: "Reminder Type", needed: true, most: 60},
	{field: "marketing", heading: "Email Marketing", most: 20},
	{field: "zone", heading: "Time Zone", also: []string{"timezone"}, most: 60},
	{field: "alert", heading: "Alert", most: client.MaxAlert, lines: true},
	{field: "archived", heading: "Archived", needed: true, most: 20},
	{field: "language", heading: "Language", most: 35},
}

const (
	clientID = iota
	clientTitle
	clientFirst
	clientLast
	clientPreferred
	clientBorn
	clientEmail
	clientMobile
	clientReminders
	clientMarketing
	clientZone
	clientAlert
	clientArchived
	clientLanguage
)

var appointmentColumns = []column{
	{field: "id", heading: "Appointment ID", needed: true, most: 100},
	{field: "client", heading: "Client ID", also: []string{"patient id"}, needed: true, most: 100},
	{field: "practitioner", heading: "Practitioner", also: []string{"provider"}, needed: true, most: 100},
	{field: "service", heading: "Service", also: []string{"appointment type"}, needed: true, most: 100},
	{field: "date", heading: "Date", needed: true, most: 40},
	{field: "time", heading: "Start Time", also: []string{"time"}, needed: true, most: 40},
	{field: "minutes", heading: "Minutes", also: []string{"duration"}, needed: true, most: 20},
	{field: "location", heading: "Location", needed: true, most: 100},
	{field: "status", heading: "Status", needed: true, most: 60},
}

const (
	appointmentID = iota
	appointmentClient
	appointmentPractitioner
	appointmentService
	appointmentDate
	appointmentTime
	appointmentMinutes
	appointmentLocation
	appointmentStatus
)

func knownField(columns []column, name string) bool {
	for _, c := range columns {
		if c.field == name {
			return true
		}
	}
	return false
}

func fieldNames(columns []column) string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.field
	}
	return strings.Join(names, ", ")
}

// layout says where in a file each column stands.
type layout struct {
	file     string
	section  string // of the mapping
	columns  []column
	at       []int    // for each column its place in the file, or -1
	headings []string // for each column what the file calls it
	width    int
}

// newLayout finds the columns in a file's headings. What the file has beyond them is remarked on, and what of ours it lacks.
func newLayout(file, section string, columns []column, headings []string, mapped map[string]string, remark func(Remark)) (*layout, error) {
	l := &layout{file: file, section: section, columns: columns, at: make([]int, len(columns)), headings: make([]string, len(columns)), width: len(headings)}
	used := map[int]string{}
	for i, c := range columns {
		place, heading, err := l.find(c, headings, mapped[c.field])
		if err != nil {
			return nil, err
		}
		if place >= 0 && used[place] != "" {
			return nil, fault.Field(file, "transfer.column_twice", "the column %q would be both %s and %s; write into the mapping file which column each is: [%s] %s = \"…\"",
				cut(heading, 60), used[place], c.field, section, c.field)
		}
		if place >= 0 {
			used[place] = c.field
		}
		l.at[i], l.headings[i] = place, heading
	}
	for i, heading := range headings {
		if used[i] == "" {
			remark(Remark{File: file, Column: cut(strings.TrimSpace(heading), 60), Reason: "unknown_column", Say: "this column is not known and was passed over"})
		}
	}
	return l, nil
}

func (l *layout) find(c column, headings []string, mapped string) (int, string, error) {
	wanted := append([]string{word(c.heading)}, c.also...)
	switch {
	case mapped == "-":
		return -1, c.heading, nil
	case mapped != "":
		wanted = []string{word(mapped)}
	}
	found := -1
	for _, w := range wanted {
		for i, h := range headings {
			if word(h) != w {
				continue
			}
			if found >= 0 {
				return 0, "", fault.Field(l.file, "transfer.column_twice", "there are two columns %q; rename one, for which is meant cannot be known", cut(h, 60))
			}
			found = i
		}
		if found >= 0 {
			return found, strings.TrimSpace(headings[found]), nil
		}
	}
	name := c.heading
	if mapped != "" {
		name = mapped
	}
	if c.needed || mapped != "" {
		return 0, "", fault.Field(l.file, "transfer.column_missing",
			"the column %q is missing; if the export calls it otherwise, write into the mapping file: [%s] %s = \"its heading\" (or \"-\" when it has no such column)", cut(name, 60), l.section, c.field)
	}
	return -1, c.heading, nil
}

// word folds a heading or a word of a file for comparing: lower case, single blanks.
func word(text string) string {
	return strings.Join(strings.Fields(strings.ToLower(strings.TrimPrefix(text, "\ufeff"))), " ")
}
