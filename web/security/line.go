package security

import (
	"cmp"
	"slices"
	"time"

	"github.com/a-h/templ"

	"letterhead/guard"
	"letterhead/store"
	"letterhead/web/ui"
)

func (m mine) moment(at time.Time) string {
	return m.visit.Text.Moment(at.In(m.visit.Location), m.visit.Now.In(m.visit.Location))
}

func (m mine) keyLine(key guard.Passkey) string {
	line := m.visit.Say("security.key-made", m.moment(key.CreatedAt))
	if !key.UsedAt.IsZero() {
		line = m.visit.Say("security.key-used", m.moment(key.UsedAt))
	}
	if key.BackedUp {
		return line + " · " + m.visit.Say("security.key-copied")
	}
	return line
}

func (m mine) label(s guard.Session) string {
	if s.Label == "" {
		return m.visit.Say("security.some-browser")
	}
	return s.Label
}

func (m mine) sessionLine(s guard.Session) string {
	line := m.visit.Say("security.way-"+string(s.Way)) + " · " + m.visit.Say("security.seen", m.moment(s.SeenAt))
	if name := m.practices[s.Practice]; name != "" && len(m.practices) > 1 {
		line = name + " · " + line
	}
	return line
}

func (m mine) passwordAction() templ.Component {
	key := "security.add-password"
	if m.ways.Password {
		key = "security.change-password"
	}
	return ui.LinkButton("", "/security/password", m.visit.Say(key), nil)
}

func (m mine) others() templ.Component {
	if len(m.sessions) < 2 {
		return nil
	}
	return endOthers(m.visit)
}

func (m mine) order() []store.PracticeID {
	var out []store.PracticeID
	for id := range m.practices {
		out = append(out, id)
	}
	slices.SortFunc(out, func(a, b store.PracticeID) int {
		return cmp.Or(cmp.Compare(m.practices[a], m.practices[b]), cmp.Compare(a, b))
	})
	return out
}
