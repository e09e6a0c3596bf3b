package team

import (
	"strings"

	"letterhead/guard"
	"letterhead/web/ui"
)

func nameOf(m guard.Member) string {
	if m.Name == "" {
		return m.Email
	}
	return m.Name
}

func own(m guard.Member) string {
	if m.Sees == guard.SeesOwn {
		return "yes"
	}
	return ""
}

func (p programs) lineOf(c guard.Credential) string {
	v := p.visit
	var may []string
	for _, s := range c.Scopes {
		may = append(may, v.Say("permission."+s.String()))
	}
	day := v.Text.Moment(c.ExpiresAt.In(v.Location), v.Now.In(v.Location))
	line := strings.Join(may, ", ") + " · " + v.Say("programs.until", day)
	if c.UsedAt.IsZero() {
		return line + " · " + v.Say("programs.unused")
	}
	return line + " · " + v.Say("programs.used", v.Text.Moment(c.UsedAt.In(v.Location), v.Now.In(v.Location)))
}

func (p programs) lives() []ui.Option {
	var out []ui.Option
	for _, months := range []string{"1", "3", "12"} {
		out = append(out, ui.Option{Value: months, Say: p.visit.Say("programs.life-" + months)})
	}
	return out
}
