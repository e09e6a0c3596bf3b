package details

import (
	"context"
	"strconv"

	"letterhead/guard"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/web/page"
	"letterhead/web/ui"
)

// hub is the page that leads to all others of the settings.
type hub struct {
	frame  ui.Frame
	visit  *page.Visit
	groups []group
}

type group struct {
	name  string
	lines []way
}

type way struct{ to, name, say string }

// Hub is the page.
func Hub(v *page.Visit) (page.Answer, error) {
	h := hub{visit: v, frame: v.Frame(v.Say("settings.title"), home)}
	var locations, services, people, team int
	err := v.View(func(ctx context.Context, tx *store.Tx) error {
		l, err := practice.Locations(ctx, tx)
		if err != nil {
			return err
		}
		s, err := practice.Services(ctx, tx)
		if err != nil {
			return err
		}
		p, err := practice.Practitioners(ctx, tx)
		if err != nil {
			return err
		}
		members, err := guard.Members(ctx, tx)
		for _, m := range members {
			if m.EndedAt.IsZero() {
				team++
			}
		}
		locations, services, people = len(l), len(s), len(p)
		return err
	})
	if err != nil {
		return page.Answer{}, err
	}
	p := v.Practice
	add := func(key string, ways ...way) {
		h.groups = append(h.groups, group{v.Say(key), ways})
	}
	add("settings.about", way{home + "/practice", v.Say("details.practice"), p.Name}, way{home + "/locations", v.Say("details.locations"), strconv.Itoa(locations)},
		way{home + "/services", v.Say("details.services"), strconv.Itoa(services)}, way{home + "/practitioners", v.Say("details.practitioners"), strconv.Itoa(people)})
	add("settings.sent", way{home + "/messages", v.Say("automatic.title"), v.Say("settings.messages-say", clock(p.QuietFrom), clock(p.QuietTo))},
		way{"/templates", v.Say("place.templates"), v.Say("settings.templates-say")}, way{home + "/sender", v.Say("sender.title"), v.Say("sender.line")},
		way{home + "/pictures", v.Say("settings.pictures"), v.Say("pictures.line")})
	others := []way{{"/team", v.Say("place.team"), v.Count("settings.team-say", team)}}
	if v.May(guard.CredentialChange) {
		others = append(others, way{"/programs", v.Say("programs.title"), v.Say("settings.programs-say")})
	}
	if v.May(guard.AccessRead) {
		kept := v.Say("settings.kept-ever")
		if v.LooksKept > 0 {
			kept = v.Say("settings.kept", v.Text.Number(v.LooksKept))
		}
		others = append(others, way{"/looked", v.Say("looked.title"), kept})
	}
	add("settings.people", others...)
	begin := []way{{"/start", v.Say("start.title"), v.Say("start.line")}}
	if v.May(guard.SettingsChange) {
		begin = append(begin, way{home + "/import", v.Say("import.title"), v.Say("import.settings-say")})
	}
	if v.May(guard.PracticeOwn) {
		begin = append(begin, way{home + "/export", v.Say("export.title"), v.Say("export.settings-say")})
	}
	add("settings.begin", begin...)
	return page.Show(showHub(h))
}
