// Package words is what other systems call things: the columns of their exports and the words in them, and what a person says of those that are not
// known.
//
// It is pure. It promises that nothing is guessed where a guess would send a reminder for what is not booked, or none for what is.
package words

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
	return &m, m.Check()
}

// Check refuses what has no meaning.
func (m *Mapping) Check() error {
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
		{"clients", m.Clients, func(key, _ string) bool { return knownField(ClientColumns, key) }, "known fields are " + fieldNames(ClientColumns)},
		{"appointments", m.Appointments, func(key, _ string) bool { return knownField(AppointmentColumns, key) }, "known fields are " + fieldNames(AppointmentColumns)},
		{"statuses", m.Statuses, func(_, v string) bool { _, ok := statusWords[Fold(v)]; return ok }, "write one of booked, confirmed, arrived, attended, no show, cancelled, late cancellation, rescheduled"},
		{"reminders", m.Reminders, func(_, v string) bool { _, ok := reminderTargets[Fold(v)]; return ok }, "write email, sms, both, none or default"},
		{"locations", m.Locations, func(_, v string) bool { v = Fold(v); return v == "video" || v == "phone" || v == "home" }, "write video, phone or home; other locations need no entry"},
	} {
		keys := make([]string, 0, len(section.values))
		for key := range section.values {
			keys = append(keys, key)
		}
		sort.Strings(keys)
		for _, key := range keys {
			if !section.known(key, section.values[key]) {
				return fault.Field("mapping", "transfer.mapping", "[%s] %q = %q: %s", section.name, Cut(key, 60), Cut(section.values[key], 60), section.fix)
			}
		}
	}
	return nil
}

// Column is one thing that we take from a file.
type Column struct {
	Field   string   // our name for it, as in a mapping
	Heading string   // as in the documented export
	Also    []string // other usual headings, folded
	Needed  bool     // whether its absence must be chosen: without it the wrong messages would go out, or none
	Most    int      // characters
	Lines   bool     // may hold several lines
}

// The columns, in the order of the constants.
var ClientColumns = []Column{
	{Field: "id", Heading: "Client ID", Also: []string{"client id", "patient id"}, Needed: true, Most: 100},
	{Field: "title", Heading: "Title", Most: 100},
	{Field: "first_name", Heading: "First Name", Also: []string{"given name"}, Needed: true, Most: client.MaxName},
	{Field: "last_name", Heading: "Last Name", Also: []string{"surname", "family name"}, Needed: true, Most: client.MaxName},
	{Field: "preferred_name", Heading: "Preferred Name", Most: client.MaxName},
	{Field: "born", Heading: "Date of Birth", Also: []string{"dob", "birth date"}, Most: 40},
	{Field: "email", Heading: "Email", Also: []string{"e-mail", "email address"}, Needed: true, Most: 320},
	{Field: "mobile", Heading: "Mobile", Also: []string{"mobile phone", "mobile number", "cell phone"}, Needed: true, Most: 60},
	{Field: "reminders", Heading: "Reminder Type", Needed: true, Most: 60},
	{Field: "marketing", Heading: "Email Marketing", Most: 20},
	{Field: "zone", Heading: "Time Zone", Also: []string{"timezone"}, Most: 60},
	{Field: "alert", Heading: "Alert", Most: client.MaxAlert, Lines: true},
	{Field: "archived", Heading: "Archived", Needed: true, Most: 20},
	{Field: "language", Heading: "Language", Most: 35},
}

// The places of ClientColumns.
const (
	ClientID = iota
	ClientTitle
	ClientFirst
	ClientLast
	ClientPreferred
	ClientBorn
	ClientEmail
	ClientMobile
	ClientReminders
	ClientMarketing
	ClientZone
	ClientAlert
	ClientArchived
	ClientLanguage
)

var AppointmentColumns = []Column{
	{Field: "id", Heading: "Appointment ID", Needed: true, Most: 100},
	{Field: "client", Heading: "Client ID", Also: []string{"patient id"}, Needed: true, Most: 100},
	{Field: "practitioner", Heading: "Practitioner", Also: []string{"provider"}, Needed: true, Most: 100},
	{Field: "service", Heading: "Service", Also: []string{"appointment type"}, Needed: true, Most: 100},
	{Field: "date", Heading: "Date", Needed: true, Most: 40},
	{Field: "time", Heading: "Start Time", Also: []string{"time"}, Needed: true, Most: 40},
	{Field: "minutes", Heading: "Minutes", Also: []string{"duration"}, Needed: true, Most: 20},
	{Field: "location", Heading: "Location", Needed: true, Most: 100},
	{Field: "status", Heading: "Status", Needed: true, Most: 60},
}

// The places of AppointmentColumns.
const (
	AppointmentID = iota
	AppointmentClient
	AppointmentPractitioner
	AppointmentService
	AppointmentDate
	AppointmentTime
	AppointmentMinutes
	AppointmentLocation
	AppointmentStatus
)

func knownField(columns []Column, name string) bool {
	for _, c := range columns {
		if c.Field == name {
			return true
		}
	}
	return false
}

func fieldNames(columns []Column) string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.Field
	}
	return strings.Join(names, ", ")
}

// Layout says where in a file each column stands.
type Layout struct {
	File     string
	Section  string // of the mapping
	Columns  []Column
	At       []int    // for each column its place in the file, or -1
	Headings []string // for each column what the file calls it
	Width    int
}

// NewLayout finds the columns in a file's headings. What the file has beyond them is remarked on, and what of ours it lacks.
func NewLayout(file, section string, columns []Column, headings []string, mapped map[string]string, passed func(heading string)) (*Layout, error) {
	l := &Layout{File: file, Section: section, Columns: columns, At: make([]int, len(columns)), Headings: make([]string, len(columns)), Width: len(headings)}
	used := map[int]string{}
	for i, c := range columns {
		place, heading, err := l.find(c, headings, mapped[c.Field])
		if err != nil {
			return nil, err
		}
		if place >= 0 && used[place] != "" {
			return nil, fault.Field(file, "transfer.column_twice", "the column %q would be both %s and %s; write into the mapping file which column each is: [%s] %s = \"…\"",
				Cut(heading, 60), used[place], c.Field, section, c.Field)
		}
		if place >= 0 {
			used[place] = c.Field
		}
		l.At[i], l.Headings[i] = place, heading
	}
	for i, heading := range headings {
		if used[i] == "" {
			passed(Cut(strings.TrimSpace(heading), 60))
		}
	}
	return l, nil
}

func (l *Layout) find(c Column, headings []string, mapped string) (int, string, error) {
	wanted := append([]string{Fold(c.Heading)}, c.Also...)
	switch {
	case mapped == "-":
		return -1, c.Heading, nil
	case mapped != "":
		wanted = []string{Fold(mapped)}
	}
	found := -1
	for _, w := range wanted {
		for i, h := range headings {
			if Fold(h) != w {
				continue
			}
			if found >= 0 {
				return 0, "", fault.Field(l.File, "transfer.column_twice", "there are two columns %q; rename one, for which is meant cannot be known", Cut(h, 60))
			}
			found = i
		}
		if found >= 0 {
			return found, strings.TrimSpace(headings[found]), nil
		}
	}
	name := c.Heading
	if mapped != "" {
		name = mapped
	}
	if c.Needed || mapped != "" {
		return 0, "", fault.Field(l.File, "transfer.column_missing",
			"the column %q is missing; if the export calls it otherwise, write into the mapping file: [%s] %s = \"its heading\" (or \"-\" when it has no such column)", Cut(name, 60), l.Section, c.Field)
	}
	return -1, c.Heading, nil
}

// Fold folds a heading or a word of a file for comparing: lower case, single blanks.
func Fold(text string) string {
	return strings.Join(strings.Fields(strings.ToLower(strings.TrimPrefix(text, "\ufeff"))), " ")
}

// Cut shortens a text to so many characters.
func Cut(text string, most int) string {
	n := 0
	for i := range text {
		if n == most {
			return text[:i] + "…"
		}
		n++
	}
	return text
}
