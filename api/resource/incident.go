package resource

import (
	"strings"
	"time"

	"letterhead/api/call"
	"letterhead/fault"
	"letterhead/incident/book"
	"letterhead/message"
)

// IncidentOut is an incident that concerns the practice. What is known of it stands on the page for people.
type IncidentOut struct {
	ID     string     `json:"id"`
	Kind   string     `json:"kind" enum:"breaker,verification,journal,complaints,person,program"`
	Title  string     `json:"title"`
	Opened time.Time  `json:"opened"`
	Closed *time.Time `json:"closed,omitempty" doc:"Not there while it is open."`
}

func incidentOut(c book.Case) IncidentOut {
	out := IncidentOut{ID: c.ID, Kind: string(c.Kind), Title: c.Facts.Title, Opened: c.OpenedAt}
	if !c.Open() {
		out.Closed = &c.ClosedAt
	}
	return out
}

// IncidentList is those that concern the practice.
type IncidentList struct {
	Incidents []IncidentOut `json:"incidents"`
}

var errNoIncidents = fault.New(fault.Unavailable, "api.incidents", "incidents are kept where messages leave; ask whoever runs Letterhead")

// Incidents lists them: at most 200.
func Incidents(c *call.Call, _ call.Nothing) (IncidentList, error) {
	out := IncidentList{Incidents: []IncidentOut{}}
	if c.Incidents == nil {
		return out, errNoIncidents
	}
	all, err := c.Incidents.List(c.Context(), c.Practice.ID)
	for _, i := range all {
		out.Incidents = append(out.Incidents, incidentOut(i))
	}
	return out, err
}

// Incident is what went wrong, and what is to be stopped for it.
type Incident struct {
	Title   string `json:"title" doc:"What happened, in a line, without names of clients."`
	Scope   string `json:"scope" enum:"practice,wording,version,rule,order,letter,grant,host,link,text" doc:"What is stopped. practice holds everything; a part says which messages are bad, so that they can be counted."`
	Subject string `json:"subject,omitempty" doc:"As of a stop."`
}

// OpenIncident stops, and opens an incident.
func OpenIncident(c *call.Call, in Incident) (IncidentOut, error) {
	if c.Incidents == nil {
		return IncidentOut{}, errNoIncidents
	}
	title := strings.Join(strings.Fields(in.Title), " ")
	stop := message.Stop{Practice: c.Practice.ID, Scope: message.Scope(in.Scope), Subject: in.Subject, Reason: title}
	if stop.Scope == message.StopHost {
		stop.Subject = strings.ToLower(stop.Subject)
	}
	made, err := c.Incidents.Report(c.Context(), c.Actor(), title, stop)
	return incidentOut(made), err
}
