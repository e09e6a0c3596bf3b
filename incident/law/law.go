// Package law is what laws about breaches of personal data ask for, and by when: data files in one form, and the clocks that begin when one becomes aware.
//
// It is not legal advice, and says so wherever it speaks. Each rule names its section, the source and the day on which the file was written: from regulators' pages and
// notes on them, so that the source itself is to be read before anybody relies on it. It decides nothing: it
// says what is asked, what a record of ours does not hold yet, and who has to decide. It has no clock of its own.
package law

import (
	"embed"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/BurntSushi/toml"

	"letterhead/incident"
	"letterhead/register"
)

// NotAdvice stands beside whatever this package says.
const NotAdvice = "This is not legal advice: it says what to ask, and by when. Read the source, and ask somebody who knows the law."

//go:embed data/*.toml
var files embed.FS

// Law is one law's file.
type Law struct {
	ID        string     `toml:"id"`
	Name      string     `toml:"law"`
	Countries []string   `toml:"countries"`
	Source    string     `toml:"source"`
	Written   string     `toml:"written"` // the day on which the file was written, from notes on the source
	Threshold string     `toml:"threshold"`
	Clocks    []Clock    `toml:"clock"`
	Needs     []Need     `toml:"need"`
	Decisions []Decision `toml:"decision"`
}

// Clock is something to be done in time. Without hours and days it has no end that can be computed, and Soon says how the law puts it.
type Clock struct {
	What    string `toml:"what"`
	Section string `toml:"section"`
	Who     string `toml:"who"`
	Whom    string `toml:"whom"`
	Hours   int    `toml:"hours"`
	Days    int    `toml:"days"`          // calendar days
	YearEnd int    `toml:"year_end_days"` // calendar days after the end of the year
	Soon    string `toml:"soon"`
	From    int    `toml:"from_people"` // where at least so many are concerned
	To      int    `toml:"to_people"`   // where at most so many are
}

// Need is something that a notice says; Field names where our record has it, and is empty where only a person can write it.
type Need struct {
	What    string `toml:"what"`
	Section string `toml:"section"`
	Field   string `toml:"field"`
}

// Decision is a question that a person answers.
type Decision struct {
	Question string `toml:"question"`
	Section  string `toml:"section"`
	Who      string `toml:"who"`
}

// Due is a clock that has begun.
type Due struct {
	Clock
	By    time.Time // zero where it cannot be computed
	Maybe bool      // it depends on how many are concerned, which is not known
}

// All are the laws that have a file, by their id.
func All() ([]Law, error) {
	entries, err := files.ReadDir("data")
	if err != nil {
		return nil, fmt.Errorf("read laws: %w", err)
	}
	var all []Law
	for _, e := range entries {
		raw, err := files.ReadFile("data/" + e.Name())
		if err != nil {
			return nil, fmt.Errorf("read laws: %w", err)
		}
		l, err := Parse(string(raw))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", e.Name(), err)
		}
		all = append(all, l)
	}
	return all, nil
}

// Parse reads a law's file; a key that is not of the form is an error.
func Parse(text string) (Law, error) {
	var l Law
	meta, err := toml.Decode(text, &l)
	if err != nil {
		return l, err
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return l, fmt.Errorf("the key %s is not of the form", unknown[0])
	}
	if _, err := time.Parse(time.DateOnly, l.Written); err != nil || l.ID == "" || l.Name == "" || len(l.Countries) == 0 || l.Threshold == "" || len(l.Clocks) == 0 || len(l.Decisions) == 0 {
		return l, fmt.Errorf("a law has id, law, countries, threshold, written (a day), clocks and decisions")
	}
	if _, why := register.Address(l.Source); why != "" {
		return l, fmt.Errorf("source: %s", why)
	}
	for _, c := range l.Clocks {
		ends := 0
		for _, n := range []int{c.Hours, c.Days, c.YearEnd} {
			if n < 0 {
				return l, fmt.Errorf("%s: a time is not negative", c.Section)
			}
			if n > 0 {
				ends++
			}
		}
		if ends > 1 || ends == 0 && c.Soon == "" || c.What == "" || c.Section == "" || c.Who == "" || c.Whom == "" {
			return l, fmt.Errorf("%q: a clock says what, section, who, whom, and one of hours, days, year_end_days or soon", c.What)
		}
	}
	for _, n := range l.Needs {
		if n.Field != "" && !slices.Contains(fields, n.Field) && !strings.HasPrefix(n.Field, "impact.") || n.What == "" || n.Section == "" {
			return l, fmt.Errorf("%q: a need says what and section, and its field is one of a record's", n.What)
		}
	}
	return l, nil
}

// Applies says whether an incident names a country of the law.
func (l Law) Applies(i incident.Incident) bool {
	return slices.ContainsFunc(i.Countries, func(c string) bool { return slices.Contains(l.Countries, c) })
}

// Due are the clocks that begin when one becomes aware, in the zone of whoever has to act. Where the number of people decides and is not known, a clock is
// there and says maybe; of an estimate the end counts that asks for more.
func (l Law) Due(aware time.Time, zone *time.Location, people register.Figure) []Due {
	aware = aware.In(zone)
	var due []Due
	for _, c := range l.Clocks {
		low, high := bounds(people)
		unknown := people.State == register.Unknown || people.State == ""
		if !unknown && (c.From > 0 && high < float64(c.From) || c.To > 0 && low > float64(c.To)) {
			continue
		}
		d := Due{Clock: c, Maybe: (c.From > 0 && low < float64(c.From) || c.To > 0 && high > float64(c.To)) || unknown && (c.From > 0 || c.To > 0)}
		switch {
		case c.Hours > 0:
			d.By = aware.Add(time.Duration(c.Hours) * time.Hour) // hours pass whatever the clocks on the wall do
		case c.Days > 0:
			d.By = aware.AddDate(0, 0, c.Days)
		case c.YearEnd > 0:
			d.By = time.Date(aware.Year()+1, time.January, c.YearEnd, 23, 59, 59, 0, zone)
		}
		due = append(due, d)
	}
	return due
}

func bounds(f register.Figure) (low, high float64) {
	if f.State == register.Estimate {
		return f.Low, f.High
	}
	return f.Value, f.Value
}

// fields are the parts of a record that a need may name, beside its figures.
var fields = []string{"entity", "description", "data_types", "occurred", "discovered", "contained", "told", "actions", "timeline"}

// Lacks are the needs that a record does not meet yet: what it has no value for, and what only a person can write.
func (l Law) Lacks(i incident.Incident) []Need {
	has := map[string]bool{"entity": i.Entity != "", "description": i.Description != "", "data_types": len(i.Data) > 0, "occurred": i.Occurred != "", "discovered": i.Discovered != "",
		"contained": i.Contained != "", "told": i.Told != "", "actions": len(i.Actions) > 0, "timeline": len(i.Timeline) > 0}
	for name, f := range i.Impact {
		has["impact."+name] = f.State != register.Unknown
	}
	return slices.DeleteFunc(slices.Clone(l.Needs), func(n Need) bool { return has[n.Field] })
}
