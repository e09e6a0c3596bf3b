package site

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"letterhead/register"
)

// span says from when to when the incidents are.
func (r *collection) span() string {
	var years []int
	for _, i := range r.Incidents {
		if y := i.Date.Year(); y > 0 {
			years = append(years, y)
		}
	}
	switch {
	case len(years) == 0:
		return ""
	case slices.Min(years) == slices.Max(years):
		return fmt.Sprintf(" of %d", years[0])
	}
	return fmt.Sprintf(", %d to %d", slices.Min(years), slices.Max(years))
}

func (r *collection) number() string { return many(len(r.Incidents), "incident", "incidents") }

func (r *collection) foot() string {
	return r.number() + ". Built " + r.Built.Format("2 January 2006") + "."
}

func (r *collection) said() string { return r.number() + r.span() + ". " + r.People.sentence() }

func (g group) said() string {
	return many(len(g.Incidents), "incident", "incidents") + ". " + g.People.sentence()
}

// say is a sum in a table's cell.
func (t total) say() string {
	if t.Stated == 0 {
		return "not stated"
	}
	return count(t.Sum)
}

// sentence is a sum with what it is of.
func (t total) sentence() string {
	switch {
	case t.Stated == 0 && t.Quiet == 0:
		return ""
	case t.Stated == 0:
		return "No record states how many people were affected."
	case t.Quiet == 0:
		return fmt.Sprintf("%s people affected.", count(t.Sum))
	}
	return fmt.Sprintf("%s people affected, by the %s that state a number; %s.", count(t.Sum), many(t.Stated, "record", "records"), plural(t.Quiet))
}

func plural(quiet int) string {
	if quiet == 1 {
		return "1 does not"
	}
	return count(float64(quiet)) + " do not"
}

// line is what stands below an incident's name in a list.
func (i *incident) line() []string {
	people := ""
	if f := i.Impact.Individuals; f.State != register.Unknown {
		people = count(f.Value) + " people"
		if f.State == register.Estimate {
			people = "about " + people
		}
		if f.State == register.None {
			people = "no people affected"
		}
	}
	return some(i.Vector, strings.Join(i.Sectors, ", "), people)
}

// data are what the script filters a row by.
func (r *collection) data(i *incident) templ.Attributes {
	out := templ.Attributes{}
	for _, f := range r.Facets {
		var pages []string
		for _, g := range f.groupsOf(i) {
			pages = append(pages, g.Page)
		}
		out["data-"+f.Name] = strings.Join(pages, " ")
	}
	return out
}

// fact is one line of what is known at a glance.
type fact struct {
	name, say, note string
	facet           string
	groups          []group
}

// facts are who, when, what and how many; what the record does not say stands there as not stated where a reader would look for it.
func (r *collection) facts(i *incident) []fact {
	grouped := func(name string, f *facet) fact {
		return fact{name: name, say: "not stated", facet: f.Name, groups: f.groupsOf(i)}
	}
	facts := []fact{{name: "Who", say: i.Entity}}
	if len(i.Countries) > 0 {
		facts = append(facts, fact{name: "Where", say: strings.Join(i.Countries, ", ")})
	}
	facts = append(facts, grouped("Sector", r.Facets[1]), grouped("How", r.Facets[2]), grouped("What was taken", r.Facets[4]))
	facts = append(facts, fact{name: "People affected", say: figure(i.Impact.Individuals), note: i.Impact.Individuals.Note})
	facts = append(facts, toldFacts(i.Record)...)
	for _, of := range []struct {
		name, unit string
		figure     register.Figure
	}{{"Records", "", i.Impact.Records}, {"Volume", " GB", i.Impact.Gigabytes}, {"Out of service", " hours", i.Impact.Hours}, {"Cost", "", i.Impact.Cost},
		{"Cost of mending", "", i.Impact.Remediation}, {"Ransom demanded", "", i.Impact.Demanded}, {"Ransom paid", "", i.Impact.Paid}} {
		if of.figure.State == register.Unknown && of.figure.Note == "" {
			continue
		}
		say := figure(of.figure)
		if of.figure.State == register.Exact {
			say += of.unit
		}
		facts = append(facts, fact{name: of.name, say: say, note: of.figure.Note})
	}
	for _, f := range i.Own.Figures {
		name := []rune(strings.ReplaceAll(f.Name, "_", " "))
		first := min(1, len(name))
		facts = append(facts, fact{name: strings.ToUpper(string(name[:first])) + string(name[first:]), say: figure(f.Figure), note: f.Figure.Note})
	}
	if len(i.Actors) > 0 {
		facts = append(facts, fact{name: "Said to have done it", say: strings.Join(i.Actors, ", ")})
	}
	if len(i.Parties) > 0 {
		facts = append(facts, fact{name: "Also affected", say: strings.Join(i.Parties, ", ")})
	}
	if i.Status != "" {
		facts = append(facts, fact{name: "Status", say: i.Status})
	}
	return facts
}

// toldFacts say how long it took until somebody knew.
func toldFacts(r register.Record) []fact {
	var facts []fact
	for _, d := range []struct {
		name string
		at   register.Moment
		from register.Moment
	}{{"Began", r.Occurred, ""}, {"Noticed", r.Discovered, r.Occurred}, {"Stopped", r.Contained, r.Occurred}, {"People told", r.Told, r.Occurred}} {
		if d.at == "" {
			continue
		}
		note := ""
		if after, is := between(d.from, d.at); is {
			note = after + " after it began"
			if after == "the same day" {
				note = "the day it began"
			}
		}
		say := day(d.at.Day())
		if t, is := d.at.Instant(); is {
			say = t.Format("2 January 2006, 15:04:05 -07:00")
		}
		facts = append(facts, fact{name: d.name, say: say, note: note})
	}
	if r.Told == "" {
		facts = append(facts, fact{name: "Until people were told", say: "not stated"})
	}
	return facts
}

func (i *incident) updated(built time.Time) string {
	if i.Updated != "" {
		return "Last updated " + day(i.Updated) + "."
	}
	return "The record does not say when it was last updated; this page shows it as of " + built.Format("2 January 2006") + "."
}

// cite is how a page is named elsewhere.
func (r *collection) cite(i *incident) string {
	said := "“" + i.Record.Title + "”, " + day(i.Date) + ". " + r.Title
	if r.Keeper != "" {
		said += ", " + r.Keeper
	}
	said += ". As of " + r.Built.Format("2 January 2006") + "."
	if r.Address != "" {
		said += " " + r.Address + "incident/" + i.Page + ".html"
	}
	return said
}

// some are the texts that are not empty.
func some(texts ...string) []string {
	return slices.DeleteFunc(texts, func(t string) bool { return t == "" })
}

// shown is an address as it is read: without its scheme, and not endless.
func shown(link string) string {
	u, err := url.Parse(link)
	if err != nil {
		return link
	}
	text := strings.TrimSuffix(u.Host+u.EscapedPath(), "/")
	if runes := []rune(text); len(runes) > 80 {
		text = string(runes[:79]) + "…"
	}
	return text
}

type bar struct {
	name string
	n    int
}

func (f *facet) most() int {
	most := 1
	for _, g := range f.Groups {
		most = max(most, len(g.Incidents))
	}
	return most
}

const maxBars = 20 // of a plot on a page of its own

// bars are the largest groups.
func (f *facet) bars(limit int) []bar {
	var out []bar
	for _, g := range f.Groups[:min(len(f.Groups), limit)] {
		name := g.Value
		if runes := []rune(name); len(runes) > 44 {
			name = string(runes[:43]) + "…"
		}
		out = append(out, bar{name, len(g.Incidents)})
	}
	return out
}

// more says how many groups a plot leaves out.
func (f *facet) more(limit int) string {
	if f.Yearly || len(f.Groups) <= limit {
		return ""
	}
	return "and " + count(float64(len(f.Groups)-limit)) + " more"
}

// years are all years from the first to the last, also those without incidents.
func (f *facet) years() []bar {
	at := map[int]int{}
	low, high := 0, 0
	for _, g := range f.Groups {
		y, err := strconv.Atoi(g.Value)
		if err != nil || y < 1900 || y > 2200 {
			continue
		}
		at[y] = len(g.Incidents)
		if low == 0 || y < low {
			low = y
		}
		high = max(high, y)
	}
	var out []bar
	for y := low; y <= high && low > 0; y++ {
		out = append(out, bar{strconv.Itoa(y), at[y]})
	}
	return out
}

// labelled says which years are named below their columns: the last one, and before it as many as there is room for.
func (f *facet) labelled(n, of int) bool {
	every := (of + 7) / 8
	return (of-1-n)%every == 0
}
