package show

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
)

// rule is what people sign of an automatic message. A member that is not known here is an error: it would be signed without being shown.
type rule struct {
	Content struct {
		Trigger struct {
			Kind    string `json:"kind"`
			Days    int    `json:"days"`
			At      string `json:"at"`
			Hours   int    `json:"hours"`
			Minutes int    `json:"minutes"`
		} `json:"trigger"`
		Channel         string   `json:"channel"`
		FallBack        bool     `json:"fall_back"`
		Services        []string `json:"services"`
		Locations       []string `json:"locations"`
		Practitioners   []string `json:"practitioners"`
		Statuses        []string `json:"statuses"`
		OnlyUnconfirmed bool     `json:"only_unconfirmed"`
		QuietFrom       string   `json:"quiet_from"`
		QuietTo         string   `json:"quiet_to"`
	} `json:"content"`
	Key     string `json:"key"`
	Wording string `json:"wording"`
}

// Rule says in words what an automatic message does.
func Rule(content []byte, w Words) ([]Fact, error) {
	var r rule
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&r); err != nil {
		return nil, fmt.Errorf("read the automatic message: %w", err)
	}
	c := r.Content
	when, err := r.when()
	if err != nil {
		return nil, err
	}
	out := []Fact{fact("When", when), fact("Sends", w.Wording(r.Wording)), fact("By", channel(c.Channel))}
	if c.FallBack {
		out = append(out, fact("Without that address", "by the other channel"))
	}
	for _, each := range []struct {
		name string
		ids  []string
	}{{"Services", c.Services}, {"Locations", c.Locations}, {"Practitioners", c.Practitioners}} {
		if len(each.ids) == 0 {
			out = append(out, fact(each.name, "all"))
			continue
		}
		f := Fact{Name: each.name}
		for _, id := range each.ids {
			f.Value = append(f.Value, w.Thing(id))
		}
		out = append(out, f)
	}
	if len(c.Statuses) > 0 {
		out = append(out, fact("Appointments that are", c.Statuses...))
	}
	if c.OnlyUnconfirmed {
		out = append(out, fact("Only", "while the appointment is not confirmed"))
	}
	if c.QuietFrom != "" || c.QuietTo != "" {
		out = append(out, fact("Not between", c.QuietFrom+" and "+c.QuietTo))
	}
	return append(out, fact("Kept as", r.Key)), nil
}

func (r *rule) when() (string, error) {
	t := r.Content.Trigger
	count := func(n int, unit string) string {
		if n == 1 {
			return "1 " + unit
		}
		return strconv.Itoa(n) + " " + unit + "s"
	}
	switch t.Kind {
	case "booked", "changed", "cancelled":
		n := t.Minutes
		if n == 0 {
			n = 3
		}
		return count(n, "minute") + " after an appointment was " + t.Kind, nil
	case "days before":
		return count(t.Days, "day") + " before the appointment, at " + t.At, nil
	case "days after":
		return count(t.Days, "day") + " after the appointment, at " + t.At, nil
	case "hours before":
		return count(t.Hours, "hour") + " before the appointment", nil
	}
	return "", fmt.Errorf("it is sent at an instant %q that this desk cannot put into words", t.Kind)
}
