package form

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"letterhead/incident"
	"letterhead/register"
)

// veris is an incident in the names of VERIS 1.3 (verisc.json of vz-risk/veris). What VERIS has no field for stands in plus, which is meant for that.
type veris struct {
	Schema    string         `json:"schema_version"`
	ID        string         `json:"incident_id"`
	Confirmed string         `json:"security_incident"`
	Source    string         `json:"source_id,omitempty"`
	Reference string         `json:"reference,omitempty"`
	Summary   string         `json:"summary"`
	Timeline  verisTimeline  `json:"timeline"`
	Victim    verisVictim    `json:"victim"`
	Actor     map[string]any `json:"actor"`
	Action    map[string]any `json:"action"`
	Asset     map[string]any `json:"asset"`
	Attribute verisAttribute `json:"attribute"`
	Discovery map[string]any `json:"discovery_method"`
	Impact    verisImpact    `json:"impact"`
	Notes     string         `json:"notes,omitempty"`
	Plus      verisPlus      `json:"plus"`
}

type verisTimeline struct {
	Incident    verisDate  `json:"incident"`
	Discovery   *verisSpan `json:"discovery,omitempty"`
	Containment *verisSpan `json:"containment,omitempty"`
}

type verisDate struct {
	Year  int `json:"year"`
	Month int `json:"month,omitempty"`
	Day   int `json:"day,omitempty"`
}

type verisSpan struct {
	Unit  string  `json:"unit"`
	Value float64 `json:"value,omitempty"`
}

type verisVictim struct {
	ID        string          `json:"victim_id"`
	Industry  string          `json:"industry"`
	Employees string          `json:"employee_count"`
	Country   []string        `json:"country"`
	Region    []string        `json:"region,omitempty"`
	Official  []string        `json:"government"`
	Secondary *verisSecondary `json:"secondary,omitempty"`
}

type verisSecondary struct {
	Amount float64  `json:"amount,omitempty"`
	ID     []string `json:"victim_id,omitempty"`
}

type verisAttribute struct {
	Confidentiality verisConfidentiality `json:"confidentiality"`
}

type verisConfidentiality struct {
	Disclosure string      `json:"data_disclosure"`
	Total      *float64    `json:"data_total,omitempty"`
	Data       []verisData `json:"data,omitempty"`
	Notes      string      `json:"notes,omitempty"`
}

type verisData struct {
	Variety string `json:"variety"`
}

type verisImpact struct {
	Rating string   `json:"overall_rating"`
	Amount *float64 `json:"overall_amount,omitempty"`
	Low    *float64 `json:"overall_min_amount,omitempty"`
	High   *float64 `json:"overall_max_amount,omitempty"`
	Notes  string   `json:"notes,omitempty"`
}

type verisPlus struct {
	Letterhead *incident.Incident `json:"letterhead,omitempty"`
}

const verisSchema = "1.3.7"

// writeVERIS writes the fields that VERIS names, and the incident itself in plus.
func writeVERIS(i incident.Incident) ([]byte, error) { return writeJSON(toVERIS(i)) }

func toVERIS(i incident.Incident) veris {
	i.Original = nil
	v := veris{
		Schema: verisSchema, ID: i.ID, Confirmed: "Confirmed", Source: "letterhead", Reference: i.Source, Summary: cmp.Or(i.Description, i.Title),
		Victim:    verisVictim{ID: i.Entity, Industry: industry(i.Sectors), Employees: "Unknown", Country: known(i.Countries), Official: []string{"Unknown"}},
		Discovery: map[string]any{"unknown": true}, Asset: map[string]any{"assets": []map[string]string{{"variety": "S - Unknown"}}, "cloud": []string{"Unknown"}},
		Impact: verisImpact{Rating: "Unknown"}, Plus: verisPlus{Letterhead: &i},
	}
	began := cmp.Or(i.Occurred.Day(), i.Date)
	if t, err := time.Parse(time.DateOnly, string(began)); err == nil {
		v.Timeline.Incident = verisDate{t.Year(), int(t.Month()), t.Day()}
	}
	v.Timeline.Discovery, v.Timeline.Containment = span(i.Occurred, i.Discovered), span(i.Occurred, i.Contained)
	if len(i.Parties) > 0 {
		v.Victim.Secondary = &verisSecondary{Amount: float64(len(i.Parties)), ID: i.Parties}
	}
	v.Actor, v.Action = actor(i), action(i.Vector)
	v.Attribute.Confidentiality = confidentiality(i)
	switch cost := i.Impact["financial_cost_total"]; cost.State {
	case register.Exact, register.None:
		v.Impact.Amount, v.Impact.Notes = &cost.Value, cost.Note
	case register.Estimate:
		v.Impact.Low, v.Impact.High, v.Impact.Notes = &cost.Low, &cost.High, cost.Note
	}
	return v
}

func known(countries []string) []string {
	if len(countries) == 0 {
		return []string{"Unknown"}
	}
	return countries
}

// span is how long after the beginning something was, in the largest unit that says it whole.
func span(from, to register.Moment) *verisSpan {
	a, exact := from.Instant()
	b, also := to.Instant()
	if exact && also && !b.Before(a) {
		passed := b.Sub(a)
		for _, u := range []struct {
			unit string
			of   time.Duration
		}{{"Days", 24 * time.Hour}, {"Hours", time.Hour}, {"Minutes", time.Minute}} {
			if passed >= u.of && passed%u.of == 0 {
				return &verisSpan{u.unit, float64(passed / u.of)}
			}
		}
		return &verisSpan{"Seconds", passed.Seconds()}
	}
	a, wrong := time.Parse(time.DateOnly, string(from.Day()))
	b, too := time.Parse(time.DateOnly, string(to.Day()))
	if wrong != nil || too != nil || b.Before(a) {
		return &verisSpan{Unit: "Unknown"}
	}
	return &verisSpan{"Days", b.Sub(a).Hours() / 24}
}

// industries are the first digits of NAICS for the sectors that registers name.
var industries = map[string]string{"Health": "62", "Finance": "52", "Government": "92", "Education": "61", "Retail": "44", "Technology": "51", "Telecommunications": "51", "Media": "51",
	"Manufacturing": "31", "Construction": "23", "Transport & Logistics": "48", "Professional Services": "54", "Accommodation & Hospitality": "72", "Non-Profit": "81"}

func industry(sectors []string) string {
	for _, s := range sectors {
		if code := industries[s]; code != "" {
			return code
		}
	}
	return "00"
}

func actor(i incident.Incident) map[string]any {
	unknown := []string{"Unknown"}
	switch {
	case i.Vector == "Insider Threat" || i.Vector == "Human Error":
		return map[string]any{"internal": map[string]any{"variety": unknown, "motive": unknown}}
	case len(i.Actors) > 0:
		return map[string]any{"external": map[string]any{"variety": unknown, "motive": unknown, "name": i.Actors}}
	}
	return map[string]any{"unknown": map[string]any{}}
}

// vectors are the words that action knows.
var vectors = []string{"Ransomware", "Phishing", "Social Engineering", "Misconfiguration", "Human Error", "Insider Threat", "Physical Theft", "DDoS Attack", "Third-Party Breach",
	"Credential Stuffing", "Credential Compromise", "Credential Theft", "Hacking", "Unauthorized Access"}

// action puts a register's attack vector into VERIS' words; one that VERIS has no word for stands in notes.
func action(vector string) map[string]any {
	one := func(kind, variety, how string, more ...string) map[string]any {
		a := map[string]any{"variety": []string{variety}, "vector": []string{how}, "notes": vector}
		if len(more) > 0 {
			a["target"] = more
		}
		return map[string]any{kind: a}
	}
	switch vector {
	case "Ransomware":
		return one("malware", "Ransomware", "Unknown")
	case "Phishing":
		return one("social", "Phishing", "Email", "Unknown")
	case "Social Engineering":
		return one("social", "Unknown", "Unknown", "Unknown")
	case "Misconfiguration":
		return one("error", "Misconfiguration", "Unknown")
	case "Human Error":
		return one("error", "Unknown", "Unknown")
	case "Insider Threat":
		return one("misuse", "Unknown", "Unknown")
	case "Physical Theft":
		return one("physical", "Theft", "Unknown")
	case "DDoS Attack":
		return one("hacking", "DoS", "Unknown")
	case "Third-Party Breach":
		return one("hacking", "Unknown", "Partner")
	case "Credential Stuffing", "Credential Compromise", "Credential Theft":
		return one("hacking", "Use of stolen creds", "Unknown")
	case "Hacking", "Unauthorized Access":
		return one("hacking", "Unknown", "Unknown")
	}
	return map[string]any{"unknown": map[string]any{"notes": vector}}
}

var varieties = map[string]string{"Health Records": "Medical", "Medicare Number": "Medical", "Bank Account Number": "Bank", "Credit Card": "Payment", "Passwords": "Credentials"}

// confidentiality says what was disclosed: "No" only where it is known that nobody was affected, and no total that nobody counted.
func confidentiality(i incident.Incident) verisConfidentiality {
	c := verisConfidentiality{Disclosure: "Unknown", Notes: strings.Join(i.Data, "; ")}
	people, records := i.Impact["affected_individuals"], i.Impact["record_count"]
	switch {
	case len(i.Data) > 0:
		c.Disclosure = "Potentially"
	case people.State == register.None && records.State == register.None:
		c.Disclosure = "No"
	}
	for _, d := range i.Data {
		entry := verisData{cmp.Or(varieties[d], "Personal")}
		if !slices.Contains(c.Data, entry) {
			c.Data = append(c.Data, entry)
		}
	}
	if records.State != register.Unknown && records.Value == float64(int64(records.Value)) {
		c.Total = &records.Value
	}
	return c
}

// readVERIS takes the incident from plus, where the rest of the file says the same; from a file of somebody else, what its fields say.
func readVERIS(name string, raw []byte) (incident.Incident, error) {
	var v veris
	if err := json.Unmarshal(raw, &v); err != nil {
		return incident.Incident{}, located(raw, err)
	}
	original := &incident.Original{Form: VERIS, Text: string(raw)}
	if v.Plus.Letterhead == nil {
		i, err := fromVERIS(name, v)
		i.Original = original
		return i, err
	}
	i := *v.Plus.Letterhead
	if err := i.Check(); err != nil {
		return i, err
	}
	ours, err := writeVERIS(i)
	if err != nil {
		return i, err
	}
	if !sameJSON(ours, raw) {
		return i, unreadable("its fields and plus.letterhead say different things: take plus.letterhead out to read the fields, or leave the fields as they were written")
	}
	i.Original = original
	return i, nil
}

func sameJSON(a, b []byte) bool {
	var x, y any
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil {
		return false
	}
	p, wrong := json.Marshal(x)
	q, too := json.Marshal(y)
	return wrong == nil && too == nil && string(p) == string(q)
}

func fromVERIS(name string, v veris) (incident.Incident, error) {
	if !strings.HasPrefix(v.Schema, "1.3") && !strings.HasPrefix(v.Schema, "1.4") {
		return incident.Incident{}, unreadable("its schema_version is %s; 1.3 and 1.4 are read", strconv.Quote(v.Schema))
	}
	began := v.Timeline.Incident
	i := incident.Incident{
		ID: v.ID, Title: cmp.Or(v.Victim.ID, v.Summary), Entity: cmp.Or(v.Victim.ID, "unknown"), Description: strings.TrimSpace(v.Summary), Source: v.Reference,
		Date: register.Day(time.Date(began.Year, time.Month(max(1, began.Month)), max(1, began.Day), 0, 0, 0, 0, time.UTC).Format(time.DateOnly)), Impact: map[string]register.Figure{},
	}
	if slug, err := register.Slug(i.ID); err != nil || slug != i.ID {
		i.Carried = append(i.Carried, register.Other{Path: "incident_id", Value: v.ID})
		i.ID = named(i, cmp.Or(slug, name))
	}
	for _, e := range (register.Impact{}).Entries() {
		i.Impact[e.Number] = register.Figure{State: register.Unknown}
	}
	if !slices.Contains(v.Victim.Country, "Unknown") {
		i.Countries = compact(v.Victim.Country)
	}
	for sector, code := range industries {
		if v.Victim.Industry != "" && strings.HasPrefix(v.Victim.Industry, code) && code != "51" {
			i.Sectors = []string{sector}
		}
	}
	if s := v.Victim.Secondary; s != nil {
		i.Parties = compact(s.ID)
	}
	i.Vector = vector(v.Action)
	c := v.Attribute.Confidentiality
	for _, d := range c.Data {
		if d.Variety != "" && !slices.Contains(i.Data, d.Variety) {
			i.Data = append(i.Data, d.Variety)
		}
	}
	if c.Total != nil {
		i.Impact["record_count"] = counted(*c.Total)
	}
	if v.Impact.Amount != nil {
		i.Impact["financial_cost_total"] = counted(*v.Impact.Amount)
	}
	return i, i.Check()
}

// vector is the register's word for an action that we would write so, and VERIS' own words for any other.
func vector(of map[string]any) string {
	for _, known := range vectors {
		a, wrong := json.Marshal(action(known))
		b, too := json.Marshal(of)
		if wrong == nil && too == nil && string(a) == string(b) {
			return known
		}
	}
	var said []string
	for _, kind := range slices.Sorted(maps.Keys(of)) {
		words := kind
		if fields, is := of[kind].(map[string]any); is {
			if list, is := fields["variety"].([]any); is && len(list) > 0 {
				if first, is := list[0].(string); is {
					words += ": " + first
				}
			}
		}
		said = append(said, words)
	}
	return strings.Join(said, ", ")
}

func counted(v float64) register.Figure {
	if v == 0 {
		return register.Figure{State: register.None}
	}
	return register.Figure{State: register.Exact, Value: v}
}
