// Package site makes a public register of incidents from records: pages that anybody can read without a server, a script or an account.
//
// It gives files with names and bytes and writes nothing. The pages load nothing from elsewhere, run no script but one that filters the list, and
// say the same without it. Each figure says how much is known of it; nothing that is not known is counted or drawn as 0. The same records, options
// and day make the same bytes.
package site

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"letterhead/register"
	"letterhead/register/prose"
)

//go:embed register.css
var style []byte

//go:embed register.js
var script []byte

// Options are what the register says of itself.
type Options struct {
	Title   string
	Keeper  string    // who keeps it, for citing; may be empty
	Address string    // where it will be found, https://…/; may be empty
	Built   time.Time // the day of building
}

// Entry is one record and the file that it came from.
type Entry struct {
	Name   string // of the file, without folders
	Raw    []byte
	Record register.Record
}

// Refused is an entry that has no page, and why.
type Refused struct{ Name, Why string }

// File is one file of the register, with its place below the register's folder.
type File struct {
	Name  string
	Bytes []byte
}

// incident is an entry with its page.
type incident struct {
	register.Record
	Page  string // its name without folder and ending
	Raw   []byte
	Prose string
	Words string // what a search finds it by
}

// facet is a way to group incidents.
type facet struct {
	Name   string // of its page and folder
	Title  string
	Lead   string
	Groups []group
	Yearly bool
}

// group is one value of a facet.
type group struct {
	Value, Page string
	Incidents   []*incident
	People      total
}

// total is a sum that says of how many records it is.
type total struct {
	Sum           float64
	Stated, Quiet int
}

type collection struct {
	Options
	Incidents []*incident // the latest first
	Facets    []*facet
	People    total
}

// Build makes every file of the register.
func Build(o Options, entries []Entry) ([]File, []Refused, error) {
	if o.Address != "" {
		link, why := register.Address(o.Address)
		if why != "" {
			return nil, nil, fmt.Errorf("the register's address: %s", why)
		}
		o.Address = strings.TrimSuffix(link, "/") + "/"
	}
	r := &collection{Options: o}
	refused, err := r.take(entries)
	if err != nil {
		return nil, nil, err
	}
	r.group()
	b := builder{}
	b.page("index.html", r.front())
	b.page("records.html", r.all())
	b.page("about.html", r.about())
	for _, f := range r.Facets {
		b.page(f.Name+".html", r.facetPage(f))
		for _, g := range f.Groups {
			b.page(f.Name+"/"+g.Page+".html", r.groupPage(f, g))
		}
	}
	for _, i := range r.Incidents {
		b.page("incident/"+i.Page+".html", r.incidentPage(i))
		b.add("incident/"+i.Page+".md", i.Raw)
	}
	b.add("register.css", style)
	b.add("register.js", script)
	b.data("register.json", r.json)
	b.data("register.csv", r.csv)
	b.data("feed.xml", r.feed)
	return b.files, refused, b.err
}

type builder struct {
	files []File
	err   error
}

func (b *builder) add(name string, content []byte) {
	b.files = append(b.files, File{name, content})
}

func (b *builder) page(name string, c templ.Component) {
	b.data(name, func() ([]byte, error) {
		var out bytes.Buffer
		err := c.Render(context.Background(), &out)
		return append(out.Bytes(), '\n'), err
	})
}

func (b *builder) data(name string, make func() ([]byte, error)) {
	content, err := make()
	if err != nil && b.err == nil {
		b.err = fmt.Errorf("%s: %w", name, err)
	}
	b.add(name, content)
}

// take gives each entry its page.
func (r *collection) take(entries []Entry) ([]Refused, error) {
	var refused []Refused
	pages := map[string]string{}
	for _, e := range entries {
		name := e.Name
		if slug := e.Record.Slug; slug != "" {
			name = slug
		}
		page, err := register.Slug(name)
		switch {
		case e.Record.Draft:
			refused = append(refused, Refused{e.Name, "left out: it is a draft"})
			continue
		case e.Record.Title == "":
			refused = append(refused, Refused{e.Name, "left out: it has no title"})
			continue
		case err != nil:
			refused = append(refused, Refused{e.Name, "left out: " + err.Error()})
			continue
		case pages[page] != "":
			refused = append(refused, Refused{e.Name, fmt.Sprintf("left out: its page %s.html is that of %s already; name the file otherwise", page, pages[page])})
			continue
		}
		pages[page] = e.Name
		text, err := prose.HTML(e.Record.Body, 2)
		if err != nil {
			return nil, err
		}
		r.Incidents = append(r.Incidents, &incident{Record: e.Record, Page: page, Raw: e.Raw, Prose: text, Words: words(e.Record)})
		r.People.add(e.Record.Impact.Individuals)
	}
	slices.SortStableFunc(r.Incidents, func(a, b *incident) int {
		return cmp.Or(cmp.Compare(b.Date, a.Date), cmp.Compare(a.Page, b.Page))
	})
	return refused, nil
}

func (t *total) add(f register.Figure) {
	switch f.State {
	case register.Exact, register.Estimate:
		t.Sum += f.Value
		t.Stated++
	case register.None:
		t.Stated++
	default:
		t.Quiet++
	}
}

// group makes the facets.
func (r *collection) group() {
	one := func(value string) []string {
		if value == "" {
			return nil
		}
		return []string{value}
	}
	r.Facets = []*facet{
		r.facet("year", "Years", "By the year of the incident.", func(i *incident) []string { return i.Years }),
		r.facet("sector", "Sectors", "By the sector of those it happened to; an incident may stand in several.", func(i *incident) []string { return i.Sectors }),
		r.facet("vector", "Attack vectors", "By how it was done, in the words of the records.", func(i *incident) []string { return one(i.Vector) }),
		r.facet("severity", "Severity", "By how severe the keepers of the records judged it.", func(i *incident) []string { return one(i.Severity) }),
		r.facet("data", "What was taken", "By kind of data; an incident may stand in several.", func(i *incident) []string { return i.Data }),
	}
	r.Facets[0].Yearly = true
	slices.SortFunc(r.Facets[0].Groups, func(a, b group) int { return cmp.Compare(b.Value, a.Value) })
}

func (r *collection) facet(name, title, lead string, of func(*incident) []string) *facet {
	f := &facet{Name: name, Title: title, Lead: lead}
	at := map[string]int{}
	for _, i := range r.Incidents {
		for _, value := range of(i) {
			n, is := at[value]
			if !is {
				n = len(f.Groups)
				at[value] = n
				f.Groups = append(f.Groups, group{Value: value})
			}
			f.Groups[n].Incidents = append(f.Groups[n].Incidents, i)
			f.Groups[n].People.add(i.Impact.Individuals)
		}
	}
	slices.SortStableFunc(f.Groups, func(a, b group) int {
		return cmp.Or(cmp.Compare(len(b.Incidents), len(a.Incidents)), cmp.Compare(a.Value, b.Value))
	})
	taken := map[string]bool{}
	for n := range f.Groups {
		page, err := register.Slug(f.Groups[n].Value)
		if err != nil || taken[page] { // another script, or two values that differ in signs alone
			sum := sha256.Sum256([]byte(f.Groups[n].Value))
			page = strings.Trim(page+"-"+hex.EncodeToString(sum[:4]), "-")
		}
		taken[page] = true
		f.Groups[n].Page = page
	}
	return f
}

// groupsOf are the groups of a facet in which an incident stands.
func (f *facet) groupsOf(i *incident) []group {
	var out []group
	for _, g := range f.Groups {
		if slices.Contains(g.Incidents, i) {
			out = append(out, g)
		}
	}
	return out
}

// words are the different words of a record, folded as the script folds what is typed.
func words(r register.Record) string {
	var all strings.Builder
	for _, text := range [][]string{{r.Title, r.Entity, r.Description, r.Severity, r.Vector, r.Status}, r.Sectors, r.Years, r.Countries, r.Actors, r.Data, r.Parties, {prose.Text(r.Body)}} {
		all.WriteString(strings.Join(text, " ") + " ")
	}
	list := strings.FieldsFunc(fold(all.String()), func(c rune) bool { return !wordRune(c) })
	slices.Sort(list)
	return strings.Join(slices.Compact(list), " ")
}

// Numbers and days, as they are read.

func count(v float64) string {
	text := register.Number(v)
	whole, part, is := strings.Cut(text, ".")
	for n := len(whole) - 3; n > 0; n -= 3 {
		whole = whole[:n] + "," + whole[n:]
	}
	if is {
		return whole + "." + part
	}
	return whole
}

func many(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return count(float64(n)) + " " + more
}

// figure says a figure in words; none of them is 0.
func figure(f register.Figure) string {
	switch f.State {
	case register.Exact:
		return count(f.Value)
	case register.Estimate:
		return "about " + count(f.Value) + " (estimate: " + count(f.Low) + " to " + count(f.High) + ")"
	case register.None:
		return "none"
	}
	return "not stated"
}

func day(d register.Day) string {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return "no date"
	}
	return t.Format("2 January 2006")
}

// between says how long lies between two moments: in days, or more finely where both hours are known.
func between(from, to register.Moment) (string, bool) {
	a, exact := from.Instant()
	b, also := to.Instant()
	if !exact || !also {
		var wrong, too error
		a, wrong = time.Parse(time.DateOnly, string(from.Day()))
		b, too = time.Parse(time.DateOnly, string(to.Day()))
		if wrong != nil || too != nil {
			return "", false
		}
	}
	passed := b.Sub(a)
	switch {
	case passed < 0:
		return "", false
	case passed >= 48*time.Hour || (!exact || !also) && passed > 0:
		return many(int(passed.Hours()/24), "day", "days"), true
	case !exact || !also:
		return "the same day", true
	case passed >= 2*time.Hour:
		return many(int(passed.Hours()), "hour", "hours"), true
	case passed >= 2*time.Minute:
		return many(int(passed.Minutes()), "minute", "minutes"), true
	}
	return count(float64(passed.Round(100*time.Millisecond).Milliseconds())/1000) + " seconds", true
}

func itoa(n int) string { return strconv.Itoa(n) }
