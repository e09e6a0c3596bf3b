package tell

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"letterhead/incident"
	"letterhead/incident/book"
	"letterhead/register"
	"letterhead/store"
)

// mostShown bounds the items of a figure's list in a record.
const mostShown = 20

// Record makes the record of an incident: what the book has of it, in the words of package incident. entity is whose installation it is.
func Record(ctx context.Context, w *store.Wide, id, entity string) (incident.Incident, error) {
	c, err := book.Find(ctx, w, "", id)
	if err != nil {
		return incident.Incident{}, err
	}
	figures, failed := book.Figures(ctx, w, "", id)
	entries, failed2 := book.Entries(ctx, w, "", id)
	countries, failed3 := countries(ctx, w, id)
	if err := errors.Join(failed, failed2, failed3); err != nil {
		return incident.Incident{}, err
	}
	known := Known(figures)
	f := c.Facts
	i := incident.Incident{ID: c.ID, Title: f.Title, Entity: entity, Description: f.Description, Text: f.Text, Date: register.Day(c.OpenedAt.Format(time.DateOnly)), Severity: f.Severity, Vector: f.Vector,
		Status: f.Status, Sectors: f.Sectors, Countries: countries, Data: f.Data, Source: f.Source,
		Occurred: moment(known["first_made_at"].At), Discovered: moment(known["detected_at"].At), Contained: moment(known["contained_at"].At), Told: moment(c.ToldAt)}
	if i.Occurred == "" && i.Discovered == "" {
		i.Discovered = moment(c.OpenedAt)
	}
	i.Impact = impact(known)
	for _, x := range book.Ordered(figures) {
		i.Figures = append(i.Figures, named(x))
	}
	write(&i, entries)
	if i.Text == "" {
		i.Text = text(c, known)
	}
	return i, i.Check()
}

// Of is a record as one practice has it: of its country, with its own figures.
func Of(i incident.Incident, country string, figures []book.Figure) incident.Incident {
	i.Countries, i.Impact, i.Figures = []string{country}, impact(Known(figures)), nil
	return i
}

// internal are the figures whose items are ids of people's sessions, keys and rows here: the public record has their number alone.
var internal = []string{"members", "sessions", "credentials", "addresses", "orders"}

var anID = regexp.MustCompile(`\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b`)

// Public is a record as everybody may read it: without what names a practice's row, a team member or a session.
func Public(i incident.Incident) incident.Incident {
	i.Figures = slices.Clone(i.Figures)
	for n, f := range i.Figures {
		i.Figures[n].Evidence = nil
		if slices.Contains(internal, f.Name) && f.Figure.State == register.Exact {
			i.Figures[n].Figure.Note = ""
		}
	}
	i.Timeline = slices.Clone(i.Timeline)
	for n := range i.Timeline {
		i.Timeline[n].Source = ""
		i.Timeline[n].What = anID.ReplaceAllString(i.Timeline[n].What, "one")
	}
	return i
}

// Known are figures by name; one that was not measured is unknown.
func Known(figures []book.Figure) map[string]book.Figure {
	out := map[string]book.Figure{}
	for _, name := range book.Names() {
		out[name] = book.Figure{Name: name, State: register.Unknown, Note: "not measured"}
	}
	for _, f := range figures {
		out[f.Name] = f
	}
	return out
}

func moment(at time.Time) register.Moment {
	if at.IsZero() {
		return ""
	}
	return register.Moment(at.UTC().Format(time.RFC3339Nano))
}

func countries(ctx context.Context, w *store.Wide, id string) ([]string, error) {
	rows, err := w.Query(ctx, `SELECT DISTINCT p.country FROM incident_practice i JOIN practice p ON p.practice = i.practice WHERE i.incident = $1 ORDER BY p.country`, id)
	return store.Collect(rows, err, func(r *store.Rows) (c string, err error) { return c, r.Scan(&c) })
}

// impact are the form's own figures: people and records are counted, what we have no way to count is unknown.
func impact(known map[string]book.Figure) map[string]register.Figure {
	out := map[string]register.Figure{}
	var keys register.Impact
	for _, e := range keys.Entries() {
		out[e.Number] = register.Figure{State: register.Unknown}
	}
	people := number(known["clients"])
	people.Note = strings.Trim(people.Note+"; clients for whom a bad message was made, left or not", "; ")
	out["affected_individuals"] = people
	out["record_count"] = number(known["personal_data_clients"])
	if known["personal_data_clients"].State == register.None {
		out["data_volume_gb"] = register.Figure{State: register.None, Note: "no personal data was returned, by our own access log"}
	}
	return out
}

// number is a figure as a record has it.
func number(f book.Figure) register.Figure {
	out := register.Figure{State: f.State, Note: strings.TrimSpace(f.Note)}
	switch {
	case f.State == register.Exact && f.Number == 0:
		out.State = register.None
	case f.State == register.Exact:
		out.Value = float64(f.Number)
	case f.State == register.Estimate:
		out.Value, out.Low, out.High = float64(f.Number), float64(f.Low), float64(f.High)
	}
	return out
}

func named(f book.Figure) register.Named {
	n := register.Named{Name: f.Name, Figure: number(f)}
	if !f.At.IsZero() {
		n.Figure = register.Figure{State: register.Exact, Value: float64(f.At.UnixMilli()), Note: "milliseconds since 1970: " + f.At.UTC().Format(time.RFC3339Nano)}
	}
	items := f.Items[:min(len(f.Items), mostShown)]
	if len(items) > 0 {
		n.Figure.Note = strings.Trim(n.Figure.Note+"; "+strings.Join(items, ", "), "; ")
		if more := len(f.Items) - len(items); more > 0 {
			n.Figure.Note += fmt.Sprintf(" and %d more", more)
		}
	}
	for _, e := range f.Evidence {
		if e != "" && !slices.Contains(n.Evidence, e) {
			n.Evidence = append(n.Evidence, e)
		}
	}
	return n
}

// write puts entries where the record has them.
func write(i *incident.Incident, entries []book.Entry) {
	for _, e := range entries {
		at := string(moment(e.At))
		switch e.Kind {
		case book.Step:
			i.Timeline = append(i.Timeline, register.Step{At: at, What: e.What, Source: e.Why})
		case book.Decision:
			i.Decisions = append(i.Decisions, register.Decision{At: at, What: e.What, Who: e.Who, Why: e.Why})
		case book.Lesson:
			if !slices.Contains(i.Lessons, e.What) {
				i.Lessons = append(i.Lessons, e.What)
			}
		case book.Action:
			state := "open"
			if !e.DoneAt.IsZero() {
				state = "done " + e.DoneAt.Format(time.DateOnly)
			}
			i.Actions = append(i.Actions, register.Action{What: e.What, Owner: e.Owner, Due: e.Due, State: state})
		}
	}
	i.Timeline = i.Timeline[:min(len(i.Timeline), 500)]
	i.Evidence = append(i.Evidence, register.Evidence{Name: "ledger", What: "each practice's evidence file holds the messages, stops and this incident's states; letterhead verify checks it"})
}

// text is a record's text where nobody has written one: what the figures say, in sentences, under the headings that such records have.
func text(c book.Case, known map[string]book.Figure) string {
	say := func(name, one, none, unknown string) string {
		switch f := known[name]; f.State { //nolint:exhaustive // an estimate is said as one
		case register.None:
			return none
		case register.Unknown, "":
			return unknown
		default:
			if slices.Contains(internal, name) {
				return fmt.Sprintf(one, register.Number(float64(f.Number)))
			}
			return fmt.Sprintf(one, f.Words())
		}
	}
	join := func(lines ...string) string {
		return strings.Join(slices.DeleteFunc(lines, func(s string) bool { return s == "" }), " ")
	}
	parts := []string{
		"## Summary\n\n" + join(c.Facts.Title+".", c.Facts.Description, say("practices", "Practices with a bad message: %s.", "No practice has a bad message.", "How many practices it concerns is not known."),
			say("messages_left", "Bad messages that left: %s.", "No bad message left.", "How many bad messages left is not known.")),
		"## Attack Vector\n\n" + join(say("endpoints", "By these routes: %s.", "No route of ours was used.", "By which route it came is not known."), say("members", "Team members by whose hand or key: %s.", "", "Who prepared it is not known.")),
		"## Consumer Impact\n\n" + join(say("clients", "Clients for whom a bad message was made: %s.", "No client.", "How many clients it concerns is not known."),
			say("personal_data_clients", "Clients of whom personal data was shown to those sessions and programs, by our own access log: %s.", "No personal data was returned to the caller, by our own access log.", "Whether personal data was returned to the caller is not known."),
			say("link_hosts", "Links led to: %s.", "There were no links in it.", "Where links led is not known.")),
		"## Response\n\n" + join(say("detected_after_ms", "Detected %s milliseconds after the first bad message left.", "Stopped before anything left.", ""), say("messages_held", "Held: %s.", "", ""),
			say("honest_caught", "Legitimate messages that the stop caught: %s;", "The stop caught no legitimate message.", "How many legitimate messages the stop caught is not known."),
			say("honest_released", "released since: %s.", "", "")),
	}
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return strings.HasSuffix(s, "\n\n") }), "\n\n")
}
