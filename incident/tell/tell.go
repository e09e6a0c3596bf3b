// Package tell writes what there is to say of an incident: its record, and drafts to each practice concerned, to that practice's clients, and to regulators.
//
// Drafts fill themselves from what was measured; what is not known they say is not known. They are drafts: a practice's people read them, change them and sign
// what goes to clients, and decide what goes to a regulator. What laws ask for is said by package law, and is not legal advice.
//
// Never: another practice's figures in a practice's draft; a client's name or address.
package tell

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"letterhead/incident"
	"letterhead/incident/book"
	"letterhead/incident/law"
	"letterhead/register"
	"letterhead/store"
)

// Draft is one text, for somebody.
type Draft struct {
	For     string `json:"for"` // whom it is for
	Subject string `json:"subject"`
	Text    string `json:"text"`
}

// Practice is what a practice is told: its own counts, and what it can do.
func Practice(c book.Case, name string, figures []book.Figure, stops int) Draft {
	k := Known(figures)
	var b strings.Builder
	say := func(label, figure, unit string) {
		f := k[figure]
		words := f.Words()
		if len(f.Items) > 0 {
			words = fmt.Sprint(f.Number)
		}
		fmt.Fprintf(&b, "- %s: %s%s", label, words, unit)
		if f.Note != "" && (f.State == register.Unknown || f.State == register.Estimate) {
			fmt.Fprintf(&b, " (%s)", f.Note)
		}
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "To %s\n\n%s. We noticed it on %s.\n\n", name, c.Facts.Title, c.OpenedAt.UTC().Format("2 January 2006, 15:04 MST"))
	b.WriteString("What we know of your practice:\n\n")
	say("Bad messages in your name that left", "messages_left", "")
	say("Bad messages held back", "messages_held", "")
	say("Clients they were for", "clients", "")
	say("First one left", "first_bad_at", "")
	say("Last one left", "last_bad_at", "")
	say("Clients whose personal data was shown to whoever did it, by our own access log", "personal_data_clients", "")
	say("Your honest messages that the stop caught", "honest_caught", "")
	say("Of these, released since", "honest_released", "")
	fmt.Fprintf(&b, "\nStops that concern you: %d. Nothing is lost; a stop of your practice ends with your own signature, at the signing desk.\n\n", stops)
	b.WriteString("The list of the messages is on the incident's page. You can check all of it without us: your evidence file holds every message in your name, and letterhead verify reads it.\n\n")
	b.WriteString("What you can do: read the list, tell your clients (a draft is ready; nothing goes to them before you sign it), publish a correction for those who check a message, revoke keys and end sessions that you do not know, and decide whether a regulator has to be told.\n")
	return Draft{For: name, Subject: "An incident concerns your practice: " + c.Facts.Title, Text: b.String()}
}

// Clients is a wording for a practice's clients, which its people change and sign.
func Clients(practice, phone string, k map[string]book.Figure) Draft {
	var b strings.Builder
	fmt.Fprintf(&b, "On %s you may have received a message that carried our name and that we did not write. ", day(k["first_bad_at"]))
	b.WriteString("Please do not follow its links and do not answer it. If you followed a link and typed something there, tell us, and change that password wherever you use it.\n\n")
	switch f := k["personal_data_clients"]; f.State { //nolint:exhaustive // whatever was counted is said as counted
	case register.None:
		b.WriteString("Our system's own log shows that nobody was shown your details by whoever did this.\n\n")
	case register.Unknown:
		b.WriteString("We do not know yet whether your details were seen. We will tell you when we do.\n\n")
	default:
		b.WriteString("Some of our clients' details were seen. We will tell each person concerned which.\n\n")
	}
	b.WriteString("You can check any message from us: it has a code at its end, and the address of the page to check it.")
	if phone != "" {
		fmt.Fprintf(&b, " Or ring us: %s.", phone)
	}
	b.WriteString("\n")
	return Draft{For: "clients of " + practice, Subject: "A message that was not from us", Text: b.String()}
}

// Correction is the sentence that the check page shows beside such a message, until somebody writes another.
func Correction(practice string) string {
	return practice + " did not write this message. Please do not follow its links, and do not answer it."
}

func day(f book.Figure) string {
	if f.At.IsZero() {
		return "a day that we will name"
	}
	return f.At.UTC().Format("2 January 2006")
}

// Regulators are drafts for the laws of a record's countries: what each asks, by when, what we lack for it, and who decides.
func Regulators(i incident.Incident, aware time.Time, zone *time.Location) ([]Draft, error) {
	laws, err := law.All()
	if err != nil {
		return nil, err
	}
	var out []Draft
	for _, l := range laws {
		if l.Applies(i) {
			out = append(out, regulator(l, i, aware, zone))
		}
	}
	return out, nil
}

func regulator(l law.Law, i incident.Incident, aware time.Time, zone *time.Location) Draft {
	const clock = "Mon 2 Jan 2006, 15:04 MST"
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\nSource: %s, as written down on %s.\nThreshold: %s\nAware since %s.\n\nBy when:\n\n", law.NotAdvice, l.Source, l.Written, l.Threshold, aware.In(zone).Format(clock))
	for _, d := range l.Due(aware, zone, i.Impact["affected_individuals"]) {
		by := d.Soon
		if !d.By.IsZero() {
			by = strings.TrimPrefix(strings.TrimSuffix(d.Soon, ",")+", at the latest ", ", ") + d.By.Format(clock)
		}
		if d.Maybe {
			by += " (it depends on how many people are concerned, which is not settled)"
		}
		fmt.Fprintf(&b, "- %s: %s; by %s, to %s (%s)\n", d.What, by, d.Who, d.Whom, d.Section)
	}
	b.WriteString("\nWhat a notice says:\n\n")
	lacks := map[string]bool{}
	for _, n := range l.Lacks(i) {
		lacks[n.What] = true
	}
	for _, n := range l.Needs {
		state := "we have it: " + value(i, n.Field)
		if lacks[n.What] {
			state = "missing: somebody has to write it"
		}
		fmt.Fprintf(&b, "- %s (%s): %s\n", n.What, n.Section, state)
	}
	b.WriteString("\nWho decides:\n\n")
	for _, d := range l.Decisions {
		fmt.Fprintf(&b, "- %s (%s) — %s\n", d.Question, d.Section, d.Who)
	}
	return Draft{For: l.Name, Subject: i.Title, Text: b.String()}
}

// value is what a record has under a need's field, in short.
func value(i incident.Incident, field string) string {
	switch field {
	case "entity":
		return i.Entity
	case "description":
		return i.Description
	case "data_types":
		return strings.Join(i.Data, ", ")
	case "occurred", "discovered", "contained", "told":
		return string(map[string]register.Moment{"occurred": i.Occurred, "discovered": i.Discovered, "contained": i.Contained, "told": i.Told}[field])
	case "actions":
		return fmt.Sprintf("%d actions", len(i.Actions))
	case "timeline":
		return fmt.Sprintf("%d steps", len(i.Timeline))
	}
	f := i.Impact[strings.TrimPrefix(field, "impact.")]
	switch f.State { //nolint:exhaustive // unknown is missing, and not asked here
	case register.None:
		return "none"
	case register.Estimate:
		return fmt.Sprintf("%s to %s (%s)", register.Number(f.Low), register.Number(f.High), f.Note)
	}
	return register.Number(f.Value)
}

// Everybody has each practice concerned told; drafts are on its page. It returns how many that are.
func Everybody(ctx context.Context, w *store.Wide, id, who string) (int, error) {
	concerned, err := book.Practices(ctx, w, id)
	if err != nil {
		return 0, err
	}
	var ids []store.PracticeID
	for _, c := range concerned {
		if c.TellAt.IsZero() {
			ids = append(ids, c.Practice)
		}
	}
	if err := book.Tell(ctx, w, id, ids...); err != nil || len(ids) == 0 {
		return 0, err
	}
	return len(ids), errors.Join(book.Note(ctx, w, id, "", book.Entry{Kind: book.Step, What: fmt.Sprintf("Owners of %d practices are told", len(ids)), Who: who}))
}
