package form

import (
	"fmt"
	"strings"

	"letterhead/incident"
	"letterhead/register"
)

// readRegister takes over all that the register's view understands, the keys that it does not, and the file.
func readRegister(name string, raw []byte) (incident.Incident, error) {
	var i incident.Incident
	d, err := register.Parse(raw)
	if err != nil {
		return i, unreadable("%v", err)
	}
	r := d.View()
	i = incident.Incident{
		ID: r.Own.ID, Title: r.Title, Entity: r.Entity, Description: r.Description, Text: strings.Trim(strings.ReplaceAll(r.Body, "\r\n", "\n"), "\n"),
		Date: r.Date, Updated: r.Updated, Occurred: r.Occurred, Discovered: r.Discovered, Contained: r.Contained, Told: r.Told,
		Severity: r.Severity, Vector: r.Vector, Status: r.Status, Sectors: r.Sectors, Countries: r.Countries, Actors: r.Actors, Data: r.Data, Parties: r.Parties,
		Impact: map[string]register.Figure{}, Figures: r.Own.Figures, Timeline: r.Timeline, Decisions: r.Own.Decisions, Evidence: r.Own.Evidence, Lessons: r.Own.Lessons,
		Actions: r.Actions, Legal: r.Legal, Carried: append(r.Own.Carried, r.Others...), Original: &incident.Original{Form: Register, Text: string(raw)},
	}
	for _, e := range r.Impact.Entries() {
		i.Impact[e.Number] = e.Figure
	}
	for _, s := range r.Sources {
		switch {
		case s.Label == register.SourceLabel && i.Source == "":
			i.Source = s.Text
		case s.Label == register.ArchiveLabel && i.Archive == "":
			i.Archive = s.Text
		default:
			i.Sources = append(i.Sources, s.Text)
		}
	}
	if i.ID == "" {
		i.ID = named(i, name)
	}
	return i, i.Check()
}

// writeRegister writes the form as other records of such registers have it, and behind it what they have no place for.
func writeRegister(i incident.Incident) ([]byte, error) {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	text := func(key, value string) {
		if value != "" {
			line("%s = %s", key, register.Quote(value))
		}
	}
	line("+++")
	line("title = %s", register.Quote(i.Title))
	line("date = %s", i.Date)
	if i.Updated != "" {
		line("updated = %s", i.Updated)
	}
	text("description", i.Description)
	line("draft = false\n\n[taxonomies]\nsector = %s\nyear = [\"%d\"]", list(i.Sectors), i.Date.Year())
	if len(i.Actors) > 0 {
		line("threat_actor = %s", list(i.Actors))
	}
	line("\n[extra]\nseverity = %s\ndata_types = %s\nattack_vector = %s\nofficial_status = %s\nsource_url = %s\narchive_link = %s", register.Quote(i.Severity), list(i.Data), register.Quote(i.Vector),
		register.Quote(i.Status), register.Quote(i.Source), register.Quote(i.Archive))
	text("id", i.ID)
	if i.Entity != i.Title {
		text("entity", i.Entity)
	}
	for _, l := range []struct {
		key  string
		list []string
	}{{"affected_parties", i.Parties}, {"countries", i.Countries}, {"sources", i.Sources}, {"lessons", i.Lessons}} {
		if len(l.list) > 0 {
			line("%s = %s", l.key, list(l.list))
		}
	}
	line("\n[extra.impact]")
	for _, e := range (register.Impact{}).Entries() {
		number, note := i.Impact[e.Number].Written()
		line("%s = %s\n%s = %s", e.Number, number, e.Note, register.Quote(note))
	}
	dates(line, i)
	tables(line, text, i)
	line("+++")
	if i.Text != "" {
		line("\n%s", i.Text)
	}
	if _, err := register.Parse([]byte(b.String())); err != nil {
		return nil, unreadable("the incident cannot stand in a register: %v", err)
	}
	return []byte(b.String()), nil
}

func dates(line func(string, ...any), i incident.Incident) {
	head := "\n[extra.dates]\n"
	for _, m := range []struct {
		key string
		at  register.Moment
	}{{"occurred", i.Occurred}, {"discovered", i.Discovered}, {"contained", i.Contained}, {"told", i.Told}} {
		if m.at != "" {
			line("%s%s = %s", head, m.key, m.at)
			head = ""
		}
	}
}

func tables(line func(string, ...any), text func(key, value string), i incident.Incident) {
	table := func(name string, pairs ...string) {
		line("\n[[extra.%s]]", name)
		for n := 0; n < len(pairs); n += 2 {
			text(pairs[n], pairs[n+1])
		}
	}
	for _, f := range i.Figures {
		table("figures", "name", f.Name, "state", string(f.Figure.State), "note", f.Figure.Note)
		for _, v := range []struct {
			key   string
			value float64
		}{{"value", f.Figure.Value}, {"low", f.Figure.Low}, {"high", f.Figure.High}} {
			if v.value != 0 {
				line("%s = %s", v.key, register.Number(v.value))
			}
		}
		if len(f.Evidence) > 0 {
			line("evidence = %s", list(f.Evidence))
		}
	}
	for _, s := range i.Timeline {
		table("timeline", "at", s.At, "what", s.What, "source", s.Source)
	}
	for _, d := range i.Decisions {
		table("decisions", "at", d.At, "what", d.What, "who", d.Who, "why", d.Why)
	}
	for _, e := range i.Evidence {
		table("evidence", "name", e.Name, "what", e.What, "digest", e.Digest)
	}
	for _, a := range i.Actions {
		table("actions", "what", a.What, "owner", a.Owner, "due", a.Due, "state", a.State)
	}
	for _, l := range i.Legal {
		table("legal", "type", l.Type, "status", l.Status, "description", l.Description, "url", l.URL)
	}
	for _, o := range i.Carried {
		table("carried", "path", o.Path, "value", o.Value)
	}
}

func list(texts []string) string {
	quoted := make([]string, len(texts))
	for n, t := range texts {
		quoted[n] = register.Quote(t)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}
