package register

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"letterhead/fault"
	"letterhead/incident"
	"letterhead/incident/law"
	"letterhead/zone"
)

// clocks says what the laws of an incident's countries ask for, by when since one became aware, what the record lacks, and who decides.
func (c Call) clocks(name, aware, where string, ids []string) error {
	i, err := c.incident(name)
	if err != nil {
		return err
	}
	at, err := time.Parse(time.RFC3339, aware)
	if err != nil {
		return fault.Field("--aware", "incident.aware", "say when you became aware, such as 2024-08-25T09:30:00+10:00")
	}
	location, err := zone.Load(where)
	if err != nil {
		return fault.Field("--zone", "incident.zone", "it is a zone such as Australia/Melbourne")
	}
	all, err := law.All()
	if err != nil {
		return err
	}
	said := 0
	for _, l := range all {
		if slices.Contains(ids, l.ID) || len(ids) == 0 && l.Applies(i) {
			c.sayLaw(l, i, at, location)
			said++
		}
	}
	if said == 0 {
		var known []string
		for _, l := range all {
			known = append(known, l.ID)
		}
		return fault.Field("--law", "incident.law", "the record's countries are of none of the laws on file; name one: %s", strings.Join(known, ", "))
	}
	fmt.Fprintln(c.Out, law.NotAdvice)
	return nil
}

func (c Call) sayLaw(l law.Law, i incident.Incident, aware time.Time, where *time.Location) {
	fmt.Fprintf(c.Out, "%s\n%s, as written down on %s\n\n%s\n\nBy when, aware since %s:\n", l.Name, l.Source, l.Written, l.Threshold, aware.In(where).Format("Mon 2 Jan 2006, 15:04 MST"))
	for _, d := range l.Due(aware, where, i.Impact["affected_individuals"]) {
		by := d.Soon
		if !d.By.IsZero() {
			by = strings.TrimPrefix(strings.TrimSuffix(d.Soon, ",")+", at the latest ", ", ") + d.By.Format("Mon 2 Jan 2006, 15:04 MST")
		}
		if d.Maybe {
			by += " (it depends on how many people are concerned, which the record does not settle)"
		}
		fmt.Fprintf(c.Out, "  %s: %s\n      by %s, to %s (%s)\n", d.What, by, d.Who, d.Whom, d.Section)
	}
	fmt.Fprintln(c.Out, "\nWhat a notice needs and the record does not hold:")
	for _, n := range l.Lacks(i) {
		fmt.Fprintf(c.Out, "  %s (%s)\n", n.What, n.Section)
	}
	fmt.Fprintln(c.Out, "\nWho must decide:")
	for _, d := range l.Decisions {
		fmt.Fprintf(c.Out, "  %s %s (%s)\n", d.Question, d.Who, d.Section)
	}
	fmt.Fprintln(c.Out)
}
