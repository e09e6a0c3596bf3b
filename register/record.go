package register

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"
)

// Remark is something in a record that its keeper may want to mend; the record is shown all the same.
type Remark struct {
	Line int
	Say  string
}

// Day is a day as a record writes it, 2024-08-25; empty where it says none.
type Day string

// Year is the day's, 0 where there is none.
func (d Day) Year() int {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return 0
	}
	return t.Year()
}

// Moment is a day, or an instant of RFC 3339 where the hour is known; empty where neither is.
type Moment string

// Day is the moment's day, as it is written.
func (m Moment) Day() Day { return Day(m[:min(len(m), len(time.DateOnly))]) }

// Instant is the moment's time, where the hour is known.
func (m Moment) Instant() (time.Time, bool) {
	t, err := time.Parse(time.RFC3339Nano, string(m))
	return t, err == nil
}

// Legal is a proceeding.
type Legal struct {
	Type        string `json:"type"`
	Status      string `json:"status"`
	Description string `json:"description"`
	URL         string `json:"url,omitempty"`
}

// What the form's two keys for sources are called.
const (
	SourceLabel  = "Source"
	ArchiveLabel = "Archived copy"
)

// Source is where a record has it from.
type Source struct {
	Label string
	Text  string // the address as written
	Link  string // empty where it cannot be linked to
}

// Impact are the figures of a record, in the order in which it is asked.
type Impact struct {
	Individuals, Records, Gigabytes, Cost, Demanded, Paid, Remediation, Hours Figure
}

// Step is one line of a record's timeline.
type Step struct {
	At     string `json:"at"`
	What   string `json:"what"`
	Source string `json:"source,omitempty"`
}

// Action is something to be done, with who does it and by when.
type Action struct {
	What  string `json:"what"`
	Owner string `json:"owner"`
	Due   string `json:"due,omitempty"`
	State string `json:"state,omitempty"`
}

// Other is a key that this package has no word for, as it is written.
type Other struct {
	Path  string `json:"path"`
	Value string `json:"value"`
}

// Record is what a record says.
type Record struct {
	Title, Entity, Description string
	Slug                       string
	Date, Updated              Day
	Draft                      bool
	Sectors, Countries, Actors []string
	Years                      []string
	Severity, Vector, Status   string
	Data, Parties              []string
	Impact                     Impact
	Occurred, Discovered       Moment
	Contained, Told            Moment // stopped; those concerned were told
	Sources                    []Source
	Legal                      []Legal
	Timeline                   []Step
	Actions                    []Action
	Own                        Own
	Others                     []Other
	Remarks                    []Remark
	Body                       string
}

// impactKeys are the keys of [extra.impact]: the number, and the note beside it.
var impactKeys = []struct {
	Number, Note string
	of           func(*Impact) *Figure
}{
	{"affected_individuals", "individuals_note", func(i *Impact) *Figure { return &i.Individuals }},
	{"data_volume_gb", "data_volume_note", func(i *Impact) *Figure { return &i.Gigabytes }},
	{"record_count", "record_note", func(i *Impact) *Figure { return &i.Records }},
	{"financial_cost_total", "financial_cost_note", func(i *Impact) *Figure { return &i.Cost }},
	{"ransom_demanded", "ransom_demanded_note", func(i *Impact) *Figure { return &i.Demanded }},
	{"ransom_paid", "ransom_paid_note", func(i *Impact) *Figure { return &i.Paid }},
	{"estimated_remediation", "remediation_note", func(i *Impact) *Figure { return &i.Remediation }},
	{"downtime_hours", "downtime_note", func(i *Impact) *Figure { return &i.Hours }},
}

// ImpactEntry is one figure of [extra.impact] in the form's words.
type ImpactEntry struct {
	Number, Note string // the keys
	Figure       Figure
}

// Entries are the figures with their keys, in the form's order.
func (i Impact) Entries() []ImpactEntry {
	out := make([]ImpactEntry, 0, len(impactKeys))
	for _, k := range impactKeys {
		out = append(out, ImpactEntry{k.Number, k.Note, *k.of(&i)})
	}
	return out
}

// View says what the document means. What it cannot understand it leaves out and remarks on.
func (d *Document) View() Record {
	v := viewer{Document: d, seen: map[string]bool{}, remarks: slices.Clone(d.remark)}
	extra := v.table(d.values, "extra")
	taxonomies := v.table(d.values, "taxonomies")
	r := Record{
		Title: v.text("title"), Description: v.text("description"), Slug: v.text("slug"), Date: v.day("date"), Updated: v.day("updated"),
		Draft: v.flag("draft"), Body: d.body,
		Sectors: v.list("taxonomies", "sector"), Years: v.list("taxonomies", "year"), Actors: v.list("taxonomies", "threat_actor"),
		Entity: v.text("extra", "entity"), Countries: v.list("extra", "countries"), Severity: v.text("extra", "severity"), Vector: v.text("extra", "attack_vector"),
		Status: v.text("extra", "official_status"), Data: v.list("extra", "data_types"), Parties: v.list("extra", "affected_parties"),
		Occurred: v.when("occurred"), Discovered: v.when("discovered"), Contained: v.when("contained"), Told: v.when("told"),
	}
	for _, name := range []string{v.text("extra", "threat_actor", "name"), v.text("extra", "attributed_to")} {
		if name != "" && !slices.Contains(r.Actors, name) {
			r.Actors = append(r.Actors, name)
		}
	}
	if r.Entity == "" {
		r.Entity = r.Title
	}
	v.impact(&r.Impact)
	v.sources(&r)
	for i := range v.tables(extra, "extra", "legal") {
		at := []string{"extra", "legal", fmt.Sprint(i)}
		r.Legal = append(r.Legal, Legal{v.textAt(at, "type"), v.textAt(at, "status"), v.textAt(at, "description"), v.textAt(at, "url")})
	}
	for i := range v.tables(extra, "extra", "timeline") {
		at := []string{"extra", "timeline", fmt.Sprint(i)}
		r.Timeline = append(r.Timeline, Step{v.moment(append(at, "at")), v.textAt(at, "what"), v.textAt(at, "source")})
	}
	for i := range v.tables(extra, "extra", "actions") {
		at := []string{"extra", "actions", fmt.Sprint(i)}
		r.Actions = append(r.Actions, Action{v.textAt(at, "what"), v.textAt(at, "owner"), v.moment(append(at, "due")), v.textAt(at, "state")})
	}
	v.own(&r.Own, extra)
	v.years(&r, taxonomies)
	r.Others = v.others()
	if r.Title == "" {
		v.say(1, "the record has no title")
	}
	slices.SortStableFunc(v.remarks, func(a, b Remark) int { return a.Line - b.Line })
	r.Remarks = v.remarks
	return r
}

// viewer reads values and notes which keys it understood.
type viewer struct {
	*Document
	seen    map[string]bool
	remarks []Remark
}

func (v *viewer) say(line int, format string, args ...any) {
	v.remarks = append(v.remarks, Remark{Line: line, Say: fmt.Sprintf(format, args...)})
}

// lineOf is the line of a key, or of the table that holds it.
func (v *viewer) lineOf(path []string) int {
	for n := len(path); n > 0; n-- {
		if line := v.lines[key(path[:n])]; line > 0 {
			return line
		}
	}
	return 1
}

// at returns the value at a path, nil where there is none.
func (v *viewer) at(path []string) any {
	var value any = v.values
	for _, part := range path {
		switch here := value.(type) {
		case map[string]any:
			value = here[part]
		case []any:
			var i int
			if _, err := fmt.Sscan(part, &i); err != nil || i < 0 || i >= len(here) {
				return nil
			}
			value = here[i]
		default:
			return nil
		}
	}
	return value
}

// known marks a key as understood.
func (v *viewer) known(path []string) { v.seen[key(path)] = true }

func (v *viewer) table(values map[string]any, name string) map[string]any {
	t, is := values[name].(map[string]any)
	if !is && values[name] != nil {
		v.say(v.lineOf([]string{name}), "%s is no table", name)
	}
	return t
}

// tables are the [[tables]] of a name.
func (v *viewer) tables(values map[string]any, path ...string) []any {
	list, is := values[path[len(path)-1]].([]any)
	if !is && values[path[len(path)-1]] != nil {
		v.say(v.lineOf(path), "%s is written [[%s]], once for each", lastName(path), strings.Join(path, "."))
	}
	return list
}

func (v *viewer) text(path ...string) string {
	switch value := v.at(path).(type) {
	case nil:
		return ""
	case string:
		v.known(path)
		return strings.TrimSpace(strings.ReplaceAll(value, "\r\n", "\n"))
	case map[string]any, []any:
		if lastName(path) != "threat_actor" {
			v.say(v.lineOf(path), "%s is not a text", lastName(path))
		}
		return ""
	default:
		v.known(path)
		return fmt.Sprint(value)
	}
}

func (v *viewer) textAt(path []string, name string) string {
	return v.text(append(slices.Clone(path), name)...)
}

func (v *viewer) flag(path ...string) bool {
	value := v.at(path)
	b, is := value.(bool)
	if is {
		v.known(path)
	} else if value != nil {
		v.say(v.lineOf(path), "%s is true or false", lastName(path))
	}
	return b
}

// list reads an array of texts, and a single text as an array of one.
func (v *viewer) list(path ...string) []string {
	switch value := v.at(path).(type) {
	case nil:
		return nil
	case []any:
		v.known(path)
		var out []string
		for _, item := range value {
			switch item := item.(type) {
			case string:
				if s := strings.TrimSpace(item); s != "" && !slices.Contains(out, s) {
					out = append(out, s)
				}
			case int64:
				out = append(out, fmt.Sprint(item))
			default:
				v.say(v.lineOf(path), "%s holds something that is not a text", lastName(path))
			}
		}
		return out
	case string:
		v.known(path)
		if value = strings.TrimSpace(value); value != "" {
			return []string{value}
		}
		return nil
	default:
		v.say(v.lineOf(path), "%s is a list of texts, such as [\"Health\"]", lastName(path))
		return nil
	}
}

// moment reads a day or an instant as it is written.
func (v *viewer) moment(path []string) string {
	switch value := v.at(path).(type) {
	case toml.LocalDate:
		v.known(path)
		return value.String()
	case toml.LocalDateTime:
		v.known(path)
		return value.String()
	case time.Time:
		v.known(path)
		return value.Format(time.RFC3339Nano)
	}
	return v.text(path...)
}

func (v *viewer) day(path ...string) Day {
	text := v.moment(path)
	if text == "" {
		return ""
	}
	day := text[:min(len(text), len(time.DateOnly))]
	if _, err := time.Parse(time.DateOnly, day); err != nil {
		v.say(v.lineOf(path), "%s is not a day such as 2024-08-25", lastName(path))
		return ""
	}
	return Day(day)
}

// when is a moment of [extra.dates].
func (v *viewer) when(name string) Moment {
	path := []string{"extra", "dates", name}
	m := Moment(v.moment(path))
	if _, instant := m.Instant(); instant {
		return m
	}
	return Moment(v.day(path...))
}

func (v *viewer) number(path ...string) (float64, bool) {
	number := math.NaN()
	switch value := v.at(path).(type) {
	case nil:
		return 0, false
	case int64:
		number = float64(value)
	case float64:
		number = value
	}
	if math.IsNaN(number) || number < 0 || number > maxFigure {
		v.say(v.lineOf(path), "%s is not a number between 0 and %d: it is not counted", lastName(path), maxFigure)
		return 0, false
	}
	v.known(path)
	return number, true
}

func (v *viewer) impact(i *Impact) {
	for _, k := range impactKeys {
		number, _ := v.number("extra", "impact", k.Number)
		*k.of(i) = Read(number, v.text("extra", "impact", k.Note))
	}
}

func (v *viewer) sources(r *Record) {
	for _, s := range []struct{ key, label string }{{"source_url", SourceLabel}, {"archive_link", ArchiveLabel}} {
		if text := v.text("extra", s.key); text != "" {
			r.Sources = append(r.Sources, v.source(s.label, text, s.key))
		}
	}
	for _, name := range []string{"source_urls", "sources"} {
		for _, text := range v.list("extra", name) {
			r.Sources = append(r.Sources, v.source("Further source", text, name))
		}
	}
}

func (v *viewer) source(label, text, name string) Source {
	link, why := Address(text)
	if why != "" {
		v.say(v.lineOf([]string{"extra", name}), "%s: %s", name, why)
	}
	return Source{Label: label, Text: text, Link: link}
}

// years takes the year from the date where no year is given, and remarks where the two differ.
func (v *viewer) years(r *Record, taxonomies map[string]any) {
	year := r.Date.Year()
	switch {
	case year == 0 && len(r.Years) == 0:
		v.say(1, "the record has neither a date nor a year")
	case len(r.Years) == 0:
		r.Years = []string{fmt.Sprint(year)}
	case year != 0 && taxonomies != nil && !slices.Contains(r.Years, fmt.Sprint(year)):
		v.say(v.lineOf([]string{"taxonomies", "year"}), "the year %s is not that of the date %s", r.Years[0], r.Date)
	}
}

// others are the entries that were not understood, as they are written; of one that was understood in part, the rest.
func (v *viewer) others() []Other {
	var out []Other
	for _, n := range v.nodes {
		if n.Kind != Entry {
			continue
		}
		rest, known := v.unseen(n.Path, v.at(n.Path))
		if known == 0 && len(rest) > 0 {
			rest = []Other{{strings.Join(n.Path, "."), n.Value}}
		}
		out = append(out, rest...)
	}
	return out
}

// unseen are the values below a path that nobody asked for, and how many were asked for.
func (v *viewer) unseen(path []string, value any) (rest []Other, known int) {
	if v.seen[key(path)] {
		return nil, 1
	}
	below := func(name string, value any) {
		more, n := v.unseen(append(slices.Clone(path), name), value)
		rest, known = append(rest, more...), known+n
	}
	switch value := value.(type) {
	case map[string]any:
		for _, name := range sortedKeys(value) {
			below(name, value[name])
		}
		return rest, known
	case []any:
		for i, item := range value {
			if _, table := item.(map[string]any); !table {
				return []Other{{strings.Join(path, "."), fmt.Sprint(value)}}, 0
			}
			below(fmt.Sprint(i), item)
		}
		return rest, known
	}
	return []Other{{strings.Join(path, "."), fmt.Sprint(value)}}, 0
}
