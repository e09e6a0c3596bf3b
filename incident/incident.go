// Package incident is what went wrong, as a record: when, what, how many, who decided what, what shows it, what was learnt, who does what next.
//
// Every figure says how much is known of it; one that nobody knows is never 0. A record is whole or refused: Check names the field. Package form
// below it writes records for public registers, for VERIS and as tables, and reads them back as they were.
package incident

import (
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"letterhead/fault"
	"letterhead/register"
)

// Incident is one incident's record.
type Incident struct {
	ID          string `json:"id"` // as its page is called, such as 2024-08-25-power-diary
	Title       string `json:"title"`
	Entity      string `json:"entity"` // to whom it happened
	Description string `json:"description,omitempty"`
	Text        string `json:"text,omitempty"` // Markdown, as register/prose takes it

	Date       register.Day    `json:"date"` // by which it is filed
	Updated    register.Day    `json:"updated,omitempty"`
	Occurred   register.Moment `json:"occurred,omitempty"`
	Discovered register.Moment `json:"discovered,omitempty"`
	Contained  register.Moment `json:"contained,omitempty"`
	Told       register.Moment `json:"told,omitempty"`

	Severity  string   `json:"severity,omitempty"`
	Vector    string   `json:"attack_vector,omitempty"`
	Status    string   `json:"official_status,omitempty"`
	Sectors   []string `json:"sectors,omitempty"`
	Countries []string `json:"countries,omitempty"`
	Actors    []string `json:"threat_actors,omitempty"`
	Data      []string `json:"data_types,omitempty"`
	Parties   []string `json:"affected_parties,omitempty"`

	Impact    map[string]register.Figure `json:"impact"` // by the keys of register.Impact
	Figures   []register.Named           `json:"figures,omitempty"`
	Timeline  []register.Step            `json:"timeline,omitempty"`
	Decisions []register.Decision        `json:"decisions,omitempty"`
	Evidence  []register.Evidence        `json:"evidence,omitempty"`
	Lessons   []string                   `json:"lessons,omitempty"`
	Actions   []register.Action          `json:"actions,omitempty"`
	Legal     []register.Legal           `json:"legal,omitempty"`
	Source    string                     `json:"source_url,omitempty"`
	Archive   string                     `json:"archive_link,omitempty"`
	Sources   []string                   `json:"sources,omitempty"` // further ones

	// What the file that it was read from carried beyond, and that file: writing an unchanged incident in its form gives the file back.
	Carried  []register.Other `json:"carried,omitempty"`
	Original *Original        `json:"original,omitempty"`
}

// Original is the file that an incident was read from.
type Original struct {
	Form string `json:"form"`
	Text string `json:"text"`
}

// Bounds of a record.
const (
	maxText = 60 << 10
	maxList = 500
)

var (
	identifier = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,99}$`)
	figureName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,59}$`)
)

// Check says what is wrong with an incident: the field, and the rule.
func (i Incident) Check() error {
	switch {
	case !identifier.MatchString(i.ID):
		return wrong("id", "it has small letters, digits and hyphens, at most 100, such as 2024-08-25-power-diary")
	case i.Title == "":
		return wrong("title", "an incident has a title")
	case i.Entity == "":
		return wrong("entity", "say to whom it happened")
	case i.Date.Year() == 0:
		return wrong("date", "it is a day such as 2024-08-25")
	case i.Updated != "" && i.Updated.Year() == 0:
		return wrong("updated", "it is a day such as 2024-08-25")
	}
	for name, m := range map[string]register.Moment{"occurred": i.Occurred, "discovered": i.Discovered, "contained": i.Contained, "told": i.Told} {
		if err := checkMoment(name, m); err != nil {
			return err
		}
	}
	if err := i.checkFigures(); err != nil {
		return err
	}
	if err := i.checkOrder(); err != nil {
		return err
	}
	if err := i.checkTexts(); err != nil {
		return err
	}
	if strings.Trim(i.Text, "\n") != i.Text || slices.Contains(strings.Split(i.Text, "\n"), "+++") || len(i.Text) > register.MaxBody/2 || strings.Contains(i.Text, "\r") {
		return wrong("text", "it neither begins nor ends with an empty line, has no line of +++ and at most %d bytes", register.MaxBody/2)
	}
	return nil
}

func wrong(field, format string, args ...any) error {
	return fault.Field(field, "incident."+strings.SplitN(field, ".", 2)[0], format, args...)
}

func checkMoment(name string, m register.Moment) error {
	if m == "" {
		return nil
	}
	if t, is := m.Instant(); is {
		if t.Format(time.RFC3339Nano) != string(m) {
			return wrong(name, "write it %s", t.Format(time.RFC3339Nano))
		}
		return nil
	}
	if m.Day().Year() == 0 || string(m.Day()) != string(m) {
		return wrong(name, "it is a day such as 2024-08-25 or an instant such as 2024-08-25T01:30:00Z")
	}
	return nil
}

// checkOrder refuses what cannot have been: told before it began.
func (i Incident) checkOrder() error {
	for _, m := range []struct {
		name string
		at   register.Moment
	}{{"discovered", i.Discovered}, {"contained", i.Contained}, {"told", i.Told}} {
		began, exact := i.Occurred.Instant()
		then, also := m.at.Instant()
		if exact && also && then.Before(began) || i.Occurred != "" && m.at != "" && !(exact && also) && m.at.Day() < i.Occurred.Day() {
			return wrong(m.name, "it lies before it occurred")
		}
	}
	return nil
}

func (i Incident) checkFigures() error {
	var impact register.Impact
	for _, e := range impact.Entries() {
		f, is := i.Impact[e.Number]
		if !is {
			return wrong("impact."+e.Number, "it is missing: say exact, estimate, none or unknown")
		}
		if err := f.Check(); err != nil {
			return wrong("impact."+e.Number, "%v", err)
		}
	}
	if len(i.Impact) != len(impact.Entries()) {
		return wrong("impact", "it has a key that is none of the form; further figures stand in figures")
	}
	seen := map[string]bool{}
	for _, f := range i.Figures {
		if !figureName.MatchString(f.Name) || seen[f.Name] {
			return wrong("figures", "%q: a figure's name has small letters, digits and _, once", f.Name)
		}
		seen[f.Name] = true
		if err := f.Figure.Check(); err != nil {
			return wrong("figures."+f.Name, "%v", err)
		}
	}
	return nil
}

// checkTexts holds every text and list to what each form can carry and give back.
func (i Incident) checkTexts() error {
	texts := map[string][]string{
		"title": {i.Title}, "entity": {i.Entity}, "description": {i.Description}, "severity": {i.Severity}, "attack_vector": {i.Vector}, "official_status": {i.Status},
		"source_url": {i.Source}, "archive_link": {i.Archive},
	}
	for name, list := range map[string][]string{"sectors": i.Sectors, "countries": i.Countries, "threat_actors": i.Actors, "data_types": i.Data, "affected_parties": i.Parties, "lessons": i.Lessons, "sources": i.Sources} {
		for n, item := range list {
			if item == "" || slices.Contains(list[:n], item) {
				return wrong(name, "an entry is empty or stands twice")
			}
		}
		texts[name] = list
	}
	for name, f := range i.Impact {
		texts["impact."+name] = []string{f.Note}
	}
	for _, f := range i.Figures {
		texts["figures"] = append(append(texts["figures"], f.Figure.Note), f.Evidence...)
		for n, item := range f.Evidence {
			if item == "" || slices.Contains(f.Evidence[:n], item) {
				return wrong("figures."+f.Name, "an evidence is empty or stands twice")
			}
		}
	}
	for _, s := range i.Timeline {
		texts["timeline"] = append(texts["timeline"], s.At, s.What, s.Source)
	}
	for _, d := range i.Decisions {
		texts["decisions"] = append(texts["decisions"], d.At, d.What, d.Who, d.Why)
	}
	for _, e := range i.Evidence {
		texts["evidence"] = append(texts["evidence"], e.Name, e.What, e.Digest)
	}
	for _, a := range i.Actions {
		texts["actions"] = append(texts["actions"], a.What, a.Owner, a.Due, a.State)
	}
	for _, l := range i.Legal {
		texts["legal"] = append(texts["legal"], l.Type, l.Status, l.Description, l.URL)
	}
	for name, list := range texts {
		if len(list) > 4*maxList {
			return wrong(name, "at most %d entries", maxList)
		}
		for _, text := range list {
			if err := checkText(name, text); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkText(name, text string) error {
	switch {
	case len(text) > maxText:
		return wrong(name, "at most %d bytes", maxText)
	case !utf8.ValidString(text) || strings.ContainsFunc(text, func(c rune) bool { return unicode.IsControl(c) && c != '\n' && c != '\t' }):
		return wrong(name, "it holds a control character or is not UTF-8")
	case strings.TrimSpace(text) != text:
		return wrong(name, "it begins or ends with space")
	}
	return nil
}
