package site

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"letterhead/register"
	"letterhead/register/prose"
)

type jsonIncident struct {
	ID          string                     `json:"id"`
	Page        string                     `json:"page"`
	Title       string                     `json:"title"`
	Entity      string                     `json:"entity"`
	Description string                     `json:"description,omitempty"`
	Date        string                     `json:"date,omitempty"`
	Updated     string                     `json:"updated,omitempty"`
	Occurred    string                     `json:"occurred,omitempty"`
	Discovered  string                     `json:"discovered,omitempty"`
	Contained   string                     `json:"contained,omitempty"`
	Told        string                     `json:"told,omitempty"`
	Sectors     []string                   `json:"sectors"`
	Years       []string                   `json:"years"`
	Countries   []string                   `json:"countries,omitempty"`
	Severity    string                     `json:"severity,omitempty"`
	Vector      string                     `json:"attack_vector,omitempty"`
	Status      string                     `json:"official_status,omitempty"`
	Data        []string                   `json:"data_types"`
	Actors      []string                   `json:"threat_actors,omitempty"`
	Parties     []string                   `json:"affected_parties,omitempty"`
	Impact      map[string]register.Figure `json:"impact"`
	Sources     []string                   `json:"sources"`
}

func (r *collection) json() ([]byte, error) {
	out := struct {
		Title     string         `json:"title"`
		Keeper    string         `json:"keeper,omitempty"`
		Built     string         `json:"built"`
		Incidents []jsonIncident `json:"incidents"`
	}{r.Title, r.Keeper, r.Built.Format(time.DateOnly), []jsonIncident{}}
	for _, i := range r.Incidents {
		j := jsonIncident{ID: i.Page, Page: "incident/" + i.Page + ".html", Title: i.Record.Title, Entity: i.Entity, Description: i.Description, Date: string(i.Date), Updated: string(i.Updated),
			Occurred: string(i.Occurred), Discovered: string(i.Discovered), Contained: string(i.Contained), Told: string(i.Told), Sectors: i.Sectors, Years: i.Years, Countries: i.Countries,
			Severity: i.Severity, Vector: i.Vector, Status: i.Status, Data: i.Data, Actors: i.Actors, Parties: i.Parties, Impact: map[string]register.Figure{}}
		for _, e := range i.Impact.Entries() {
			j.Impact[e.Number] = e.Figure
		}
		for _, s := range i.Sources {
			j.Sources = append(j.Sources, s.Text)
		}
		out.Incidents = append(out.Incidents, j)
	}
	return json.MarshalIndent(out, "", "  ")
}

// csv is one row an incident. A cell that a spreadsheet would run as a formula gets an apostrophe before it.
func (r *collection) csv() ([]byte, error) {
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	head := []string{"id", "title", "entity", "date", "occurred", "discovered", "contained", "told", "sectors", "severity", "attack_vector", "official_status", "data_types"}
	for _, e := range (register.Impact{}).Entries() {
		head = append(head, e.Number, e.Number+"_state", e.Note)
	}
	rows := [][]string{append(head, "source")}
	for _, i := range r.Incidents {
		row := []string{i.Page, i.Record.Title, i.Entity, string(i.Date), string(i.Occurred), string(i.Discovered), string(i.Contained), string(i.Told), strings.Join(i.Sectors, "; "), i.Severity, i.Vector, i.Status, strings.Join(i.Data, "; ")}
		for _, e := range i.Impact.Entries() {
			number := ""
			if e.Figure.State == register.Exact || e.Figure.State == register.Estimate {
				number = register.Number(e.Figure.Value)
			}
			row = append(row, number, string(e.Figure.State), e.Figure.Note)
		}
		source := ""
		if len(i.Sources) > 0 {
			source = i.Sources[0].Text
		}
		row = append(row, source)
		for n, cell := range row {
			if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
				row[n] = "'" + cell
			}
		}
		rows = append(rows, row)
	}
	err := w.WriteAll(rows)
	return out.Bytes(), err
}

// RFC 4287.
type atomFeed struct {
	XMLName xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
	Title   string      `xml:"title"`
	ID      string      `xml:"id"`
	Updated string      `xml:"updated"`
	Author  string      `xml:"author>name"`
	Links   []atomLink  `xml:"link"`
	Entries []atomEntry `xml:"entry"`
}

type atomLink struct {
	Rel  string `xml:"rel,attr,omitempty"`
	Href string `xml:"href,attr"`
}

type atomEntry struct {
	Title   string   `xml:"title"`
	ID      string   `xml:"id"`
	Updated string   `xml:"updated"`
	Link    atomLink `xml:"link"`
	Summary string   `xml:"summary"`
}

const feedLength = 50

// feed is the incidents that changed last.
func (r *collection) feed() ([]byte, error) {
	id := func(name string) string {
		return "urn:uuid:" + uuid.NewSHA1(uuid.NameSpaceURL, []byte(r.Title+"\n"+name)).String() // stays the same when the register moves
	}
	f := atomFeed{Title: r.Title, ID: id(""), Updated: r.Built.UTC().Format(time.RFC3339), Author: cmp.Or(r.Keeper, r.Title), Links: []atomLink{{Href: r.Address + "index.html"}}}
	if r.Address != "" {
		f.Links = append(f.Links, atomLink{Rel: "self", Href: r.Address + "feed.xml"})
	}
	latest := slices.Clone(r.Incidents)
	changed := func(i *incident) register.Day { return cmp.Or(i.Updated, i.Date) }
	slices.SortStableFunc(latest, func(a, b *incident) int { return cmp.Compare(changed(b), changed(a)) })
	for _, i := range latest[:min(len(latest), feedLength)] {
		at := r.Built.UTC().Format(time.RFC3339)
		if d := changed(i); d != "" {
			at = string(d) + "T00:00:00Z"
		}
		f.Entries = append(f.Entries, atomEntry{Title: i.Record.Title, ID: id(i.Page), Updated: at, Link: atomLink{Href: r.Address + "incident/" + i.Page + ".html"}, Summary: summary(i.Record)})
	}
	out, err := xml.MarshalIndent(f, "", "  ")
	return append([]byte(xml.Header), append(out, '\n')...), err
}

// summary is what a record says of itself in a few lines.
func summary(r register.Record) string {
	text := r.Description
	for _, line := range strings.Split(prose.Text(r.Body), "\n") {
		if text == "" && len(line) > 40 {
			text = line
		}
	}
	if runes := []rune(text); len(runes) > 400 {
		text = strings.TrimSpace(string(runes[:399])) + "…"
	}
	return text
}
