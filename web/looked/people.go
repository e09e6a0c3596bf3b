package looked

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"letterhead/guard"
	"letterhead/store"
	"letterhead/vault"
	"letterhead/web/page"
	"letterhead/web/ui"
)

// people are the names of those who can have looked.
type people struct {
	members  []guard.Member
	named    map[store.MemberID]string
	programs map[string]string
}

func readPeople(ctx context.Context, tx *store.Tx) (p people, err error) {
	p = people{named: map[store.MemberID]string{}, programs: map[string]string{}}
	if p.members, err = guard.Members(ctx, tx); err != nil {
		return p, err
	}
	for _, m := range p.members {
		p.named[m.ID] = m.Name
	}
	programs, err := guard.Credentials(ctx, tx)
	for _, c := range programs {
		p.programs[c.ID] = c.Name
	}
	return p, err
}

// options are the team, for the filter.
func (p people) options(v *page.Visit) []ui.Option {
	out := []ui.Option{{Value: "", Say: v.Say("looked.anybody")}}
	for _, m := range p.members {
		out = append(out, ui.Option{Value: string(m.ID), Say: m.Name})
	}
	return out
}

// program is a program's name; of a signing key, that it is one.
func (p people) program(v *page.Visit, id string) string {
	switch name := p.programs[id]; {
	case id == "":
		return ""
	case name != "":
		return name
	}
	return v.Say("looked.key", short(id))
}

// who says who looked.
func (p people) who(v *page.Visit, l vault.Look) (string, ui.Link) {
	switch {
	case l.Member != "":
		name := p.named[l.Member]
		if name == "" {
			name = v.Say("looked.gone")
		}
		return name, ui.Link{To: home + "?member=" + url.QueryEscape(string(l.Member)), Say: name}
	case l.Credential != "":
		name := v.Say("looked.program", p.program(v, l.Credential))
		return name, ui.Link{To: home + "?credential=" + url.QueryEscape(l.Credential), Say: name}
	case v.Text.Known("looked.agent." + l.Agent):
		return v.Say("looked.agent." + l.Agent), ui.Link{}
	}
	return v.Say("looked.agent.other"), ui.Link{}
}

// line puts an entry into words.
func (p people) line(v *page.Visit, l vault.Look) line {
	out := line{id: l.ID, when: v.Text.Moment(l.At.In(v.Location), v.Now.In(v.Location)), what: Place(v, l), fields: fields(v, l.Fields)}
	if l.Times > 1 {
		out.again = v.Say("looked.again", v.Text.Number(int(l.Times)), v.Text.Clock(l.Last.In(v.Location)))
	}
	out.who, out.whoLink = p.who(v, l)
	if l.Session != "" {
		out.session = ui.Link{To: home + "?session=" + url.QueryEscape(l.Session), Say: v.Say("looked.session", short(l.Session))}
	}
	if l.Address != "" {
		out.network = ui.Link{To: home + "?address=" + url.QueryEscape(l.Address), Say: v.Say("looked.network", head(l.Address))}
	}
	out.whom = v.Count("looked.clients", int(l.Shown))
	if l.Purpose == vault.Export {
		out.whom = v.Count("looked.rows", int(l.Shown))
	}
	return out
}

// Place is where somebody looked, in words: the page, or what a program asked for.
func Place(v *page.Visit, l vault.Look) string {
	if key := "looked.at." + l.Route; v.Text.Known(key) {
		return v.Say(key)
	}
	switch {
	case strings.Contains(l.Route, " /api/"):
		return l.Route
	case strings.HasPrefix(l.Route, "desk "):
		return v.Say("looked.at-desk")
	case l.Route == "" || strings.HasPrefix(l.Route, "letterhead"):
		return v.Say("looked.for." + string(l.Purpose))
	}
	return l.Route
}

// seen is the order in which fields are named.
var seen = []string{"name", "born", "email", "mobile", "alert", "contact", "appointment", "message", "letter", "answer", "practice", "log"}

// fields are what was seen, in words.
func fields(v *page.Visit, words []string) string {
	var out []string
	for _, word := range seen {
		if slices.Contains(words, word) {
			out = append(out, v.Say("looked.field."+word))
		}
	}
	return strings.Join(out, ", ")
}
