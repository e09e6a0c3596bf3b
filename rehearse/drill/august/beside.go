package august

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"letterhead/incident"
	"letterhead/register"
)

// beside prints two records field by field.
func beside(out io.Writer, theirs, ours incident.Incident) {
	table := tabwriter.NewWriter(out, 2, 0, 2, ' ', 0)
	fmt.Fprintf(table, "\nfield\tthe register's record of August 2024\tthe record of this rehearsal\n")
	row := func(field, a, b string) {
		fmt.Fprintf(table, "%s\t%s\t%s\n", field, cmp.Or(a, "not said"), cmp.Or(b, "not said"))
	}
	list := func(texts []string) string { return strings.Join(texts, ", ") }
	row("title", theirs.Title, ours.Title)
	row("entity", theirs.Entity, ours.Entity)
	row("date", string(theirs.Date), string(ours.Date))
	row("first bad message", string(theirs.Occurred), string(ours.Occurred))
	row("discovered", string(theirs.Discovered), string(ours.Discovered))
	row("contained", string(theirs.Contained), string(ours.Contained))
	row("all told", string(theirs.Told), string(ours.Told))
	row("severity", theirs.Severity, ours.Severity)
	row("attack vector", theirs.Vector, ours.Vector)
	row("official status", theirs.Status, ours.Status)
	row("sectors", list(theirs.Sectors), list(ours.Sectors))
	row("countries", list(theirs.Countries), list(ours.Countries))
	row("data types", list(theirs.Data), list(ours.Data))
	for _, e := range (register.Impact{}).Entries() {
		row(e.Number, words(theirs.Impact[e.Number]), words(ours.Impact[e.Number]))
	}
	for _, f := range ours.Figures {
		at := slices.IndexFunc(theirs.Figures, func(n register.Named) bool { return n.Name == f.Name })
		said := ""
		if at >= 0 {
			said = words(theirs.Figures[at].Figure)
		}
		row(f.Name, said, words(f.Figure))
	}
	count := func(n int) string {
		if n == 0 {
			return ""
		}
		return fmt.Sprint(n)
	}
	row("steps of the timeline", count(len(theirs.Timeline)), count(len(ours.Timeline)))
	row("decisions", count(len(theirs.Decisions)), count(len(ours.Decisions)))
	row("lessons", count(len(theirs.Lessons)), count(len(ours.Lessons)))
	row("actions", count(len(theirs.Actions)), count(len(ours.Actions)))
	row("evidence", count(len(theirs.Evidence)), count(len(ours.Evidence)))
	_ = table.Flush()
}

const mostWords = 60

func words(f register.Figure) string {
	out := string(f.State)
	switch f.State { //nolint:exhaustive // the others have no number
	case register.Exact:
		out = register.Number(f.Value)
	case register.Estimate:
		out = register.Number(f.Low) + " to " + register.Number(f.High)
	}
	if f.Note != "" {
		note := []rune(f.Note)
		out += " (" + string(note[:min(len(note), mostWords)]) + ")"
	}
	return out
}
