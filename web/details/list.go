package details

import (
	"letterhead/guard"
	"letterhead/web/page"
	"letterhead/web/ui"
)

// list is one kind of things: those in use, and below them the others.
type list struct {
	frame   ui.Frame
	visit   *page.Visit
	kind    string // locations, services, practitioners
	current []line
	past    []line
	may     bool
}

type line struct{ id, name, say, colour string }

func listOf(v *page.Visit, kind string) list {
	l := list{visit: v, kind: kind, may: v.May(guard.SettingsChange)}
	l.frame = v.Frame(v.Say("details."+kind), home)
	if did := v.Query("did"); did == "archived" || did == "restored" {
		l.frame.Flash = &ui.Flash{Kind: ui.Good, Say: v.Say("edit.did-" + did)}
	}
	return l
}

func (l *list) add(id, name, say, colour string, archived bool) {
	if archived {
		l.past = append(l.past, line{id, name, say, colour})
		return
	}
	l.current = append(l.current, line{id, name, say, colour})
}

func (l list) to(id string) string { return home + "/" + l.kind + "/" + id }
