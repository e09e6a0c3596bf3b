// Package told is the page of what Letterhead itself told the team: to whom, when, on which channel, about what, and what became of it.
//
// It promises: it shows what notices there were (package notice), not where they went: no address stands on it. It opens nothing and changes nothing.
package told

import (
	"cmp"
	"context"
	"strings"

	"letterhead/guard"
	"letterhead/message"
	"letterhead/notice"
	"letterhead/store"
	"letterhead/web/page"
	"letterhead/web/story"
	"letterhead/web/ui"
)

const home = "/team/told"

// line is one notice, in words.
type line struct {
	when, who, what, channel, why string
	fate                          story.Fate
}

type list struct {
	visit *page.Visit
	frame ui.Frame
	lines []line
	older ui.Link
	first bool
}

// Show lists the practice's notices, the latest first; ?after= goes on.
func Show(v *page.Visit) (page.Answer, error) {
	l := list{visit: v, first: v.Query("after") == ""}
	err := v.View(func(ctx context.Context, tx *store.Tx) error {
		found, next, err := message.List(ctx, tx, message.Filter{Kind: message.System}, message.Page{After: v.Query("after")})
		if err != nil {
			return err
		}
		if next != "" {
			l.older = ui.Link{To: home + "?after=" + next, Say: v.Say("told.older")}
		}
		return l.read(ctx, tx, found)
	})
	if err != nil {
		return page.Answer{}, err
	}
	l.frame = v.Frame(v.Say("told.title"), "/team")
	return page.Show(show(l))
}

func (l *list) read(ctx context.Context, tx *store.Tx, found []message.Message) error {
	v, ids, names := l.visit, make([]message.ID, len(found)), map[string]string{}
	for i, m := range found {
		ids[i] = m.ID
	}
	steps, err := message.Steps(ctx, tx, ids...)
	if err != nil {
		return err
	}
	team, err := guard.Members(ctx, tx)
	if err != nil {
		return err
	}
	for _, m := range team {
		names[string(m.ID)] = cmp.Or(m.Name, m.Email)
	}
	reasons := story.Teller{Text: v.Text, Now: v.Now, Location: v.Location}
	for _, m := range found {
		row := line{when: v.Text.Moment(m.CreatedAt.In(v.Location), v.Now.In(v.Location)), who: names[m.Recipient], what: v.Say(about(m.Version)),
			channel: v.Say("channel." + string(m.Channel)), fate: story.FateOf(m, steps[m.ID])}
		if row.who == "" {
			row.who = v.Say("told.gone")
		}
		if m.Reason != "" && m.State != message.Sent {
			row.why = reasons.Reason(m.Reason)
		}
		l.lines = append(l.lines, row)
	}
	return nil
}

// kinds are in an order in which none is the beginning of a later one.
var kinds = []notice.Kind{notice.Invitation, notice.Asked, notice.Begins, notice.KeyAdded, notice.KeyRevoked, notice.Stopped, notice.Unsigned, notice.Device, notice.Changed}

// about is what a notice was about, by the version that it was of.
func about(version string) string {
	for _, kind := range kinds {
		if strings.HasPrefix(version, notice.Prefix+string(kind)) {
			return "told.about." + string(kind)
		}
	}
	return "told.about.other"
}

func (l list) heads() []ui.Head {
	say := l.visit.Say
	return []ui.Head{{Say: say("told.when")}, {Say: say("told.whom")}, {Say: say("told.what")}, {Say: say("messages.channel")}, {Say: say("messages.fate")}}
}

// newest leads back to the beginning.
func (l list) newest() ui.Link {
	if l.first {
		return ui.Link{}
	}
	return ui.Link{To: home, Say: l.visit.Say("told.newest")}
}
