// Package whole takes everything of a practice out into one file, and brings such a file into another installation. docs/export.md documents the file.
//
// It promises: every table that holds something of a practice is in the list below, with what becomes of it, or nothing is exported; the file is one moment's
// state; a file is brought in whole or not at all, into an installation that has no such practice, under the same id; what is exported there again is the same
// rows, but for what the list says. Memory does not grow with the practice.
//
// It never takes out what lets somebody sign in, and never brings in a signature: what was signed for one installation is signed anew in another, and until
// then nothing leaves there.
package whole

import (
	"letterhead/fault"
	"letterhead/store"
	"letterhead/vault"
)

// Version is of the file's form.
const Version = 1

// fate is what becomes of a table.
type fate int

const (
	moves fate = iota // out, and in
	shows             // out, to be read: it means something only where it was made
	stays             // neither
)

type rule struct {
	table string
	fate  fate
	why   string // of what does not move
}

// rules are every table that holds rows of a practice, in the order in which rows can be brought in.
var rules = []rule{
	{"practice", moves, ""}, {"location", moves, ""}, {"service", moves, ""}, {"practitioner", moves, ""}, {"directory", moves, ""}, {"picture", moves, ""}, {"practice_edit", moves, ""},
	{"member", moves, ""}, {"client", moves, ""}, {"client_member", moves, ""}, {"client_merge", moves, ""}, {"contact", moves, ""}, {"consent", moves, ""},
	{"room", moves, ""}, {"opening", moves, ""}, {"exception", moves, ""}, {"holiday", moves, ""}, {"appointment", moves, ""}, {"attendee", moves, ""},
	{"wording", moves, ""}, {"wording_version", moves, ""}, {"wording_draft", moves, ""}, {"rule", moves, ""}, {"bulk_order", moves, ""}, {"order_recipient", moves, ""},
	{"letter", moves, ""}, {"answer", moves, ""}, {"due", moves, ""}, {"message", moves, ""}, {"message_step", moves, ""}, {"suppression", moves, ""}, {"freeze_entry", moves, ""}, {"notice", moves, ""},
	{"look", moves, ""}, {"look_client", moves, ""}, {"import_batch", moves, ""}, {"import_change", moves, ""},

	{"approval", shows, "signed for one installation"}, {"program_grant", shows, "signed for one installation and a program's key there"},
	{"incident_practice", shows, "an incident is of an installation"}, {"incident_entry", shows, "an incident is of an installation"}, {"incident_figure", shows, "an incident is of an installation"},
	{"incident_suspect", shows, "an incident is of an installation"}, {"incident_stop", shows, "an incident is of an installation"},

	{"keyset", stays, "wrapped for one installation: the keys travel in keys.json"},
	{"person", stays, "signs in"}, {"passkey", stays, "signs in"}, {"recovery", stays, "signs in"}, {"spent", stays, "signs in"}, {"session", stays, "signs in"}, {"invitation", stays, "signs in"}, {"credential", stays, "signs in"},
	{"ledger_practice", stays, "the record of messages is one log of an installation: the evidence file holds the practice's part"}, {"ledger_leaf", stays, "as ledger_practice"}, {"ledger_wanted", stays, "as ledger_practice"},
	{"message_code", stays, "made with a key of the installation"}, {"message_lease", stays, "work under way"}, {"job", stays, "work under way"}, {"api_request", stays, "of a program's key there"},
	{"staged_client", stays, "work under way"}, {"staged_appointment", stays, "work under way"}, {"route_use", stays, "the installation's log of requests"}, {"incident", stays, "of the installation"},
}

// sealed are the columns whose content the file also shows opened, beside what was sealed.
var sealed = []struct {
	table, column, id, client, version, fields string
}{
	{"client", "sealed", "id", "id", "version", "name,born,email,mobile,alert"},
	{"contact", "sealed", "id", "client", "version", "contact"},
	{"letter", "sealed", "id", "client", "version", "letter"},
	{"answer", "sealed", "id", "client", "", "answer"},
}

// opened is what stands before the name of a column in the file where its content is shown opened.
const opened = "opened:"

// manifest is the file's first entry's content.
type manifest struct {
	Form     int              `json:"form"`
	Schema   int              `json:"schema"`
	Practice store.PracticeID `json:"practice"`
	Name     string           `json:"name"`
	At       int64            `json:"at"` // microseconds UTC
	Files    []entry          `json:"files"`
}

type entry struct {
	Name   string `json:"name"`
	Table  string `json:"table,omitempty"`
	Rows   int64  `json:"rows"`
	SHA256 string `json:"sha256"`
}

// The errors.
var (
	ErrThere  = fault.New(fault.Conflict, "whole.there", "this installation has that practice already; a whole practice comes only into an installation that does not have it")
	ErrForm   = fault.Field("file", "whole.form", "this is no whole export of a practice that this version reads")
	ErrSchema = fault.Field("file", "whole.schema", "the export was made by another version of Letterhead: bring both installations to the same version and export again")
	ErrBroken = fault.Field("file", "whole.broken", "the file is damaged: a part of it is not what its list says; export again")
)

// Counts are what an export holds, by table.
type Counts map[string]int64

// ruled compares the list with the catalogue: a table that is in one of them alone is an error.
func ruled(tables []store.Table) (map[string]store.Table, error) {
	known := map[string]store.Table{}
	for _, t := range tables {
		known[t.Name] = t
	}
	for _, r := range rules {
		if _, is := known[r.table]; !is {
			return nil, fault.New(fault.Internal, "whole.rules", "there is no table "+r.table)
		}
	}
	if len(known) != len(rules) {
		for name := range known {
			found := false
			for _, r := range rules {
				found = found || r.table == name
			}
			if !found {
				return nil, fault.New(fault.Internal, "whole.rules", "nobody said what becomes of the table "+name)
			}
		}
	}
	return known, nil
}

func places(t store.Table) map[string]int {
	at := make(map[string]int, len(t.Columns))
	for i, c := range t.Columns {
		at[c.Name] = i
	}
	return at
}

func text(v any) string { s, _ := v.(string); return s }

// placeOf is where a sealed column of a row stands.
func placeOf(i int, at map[string]int, row []any) (vault.Place, vault.Of) {
	s := sealed[i]
	version := int64(1)
	if s.version != "" {
		version, _ = row[at[s.version]].(int64)
	}
	return vault.Place{Table: s.table, Row: text(row[at[s.id]]), Column: s.column, Version: version}, vault.Of{Client: text(row[at[s.client]]), Fields: s.fields, Purpose: vault.Export}
}
