// Package details is the pages on which a practice says what it is: its name and how to reach it, its locations, services and practitioners, and
// what its mails come from.
//
// It promises: bad input keeps what was typed and marks the field; a change made on an old reading is refused and says whose change came between;
// every change is kept with who made it and can be undone while nothing came after it; what messages carry changes with its signature alone, and
// the page says so. It signs nothing.
package details

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"letterhead/guard"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/web/page"
	"letterhead/web/signed"
	"letterhead/web/story"
	"letterhead/web/ui"
)

const home = "/settings"

// undoFor is how long the way back is offered above the page; below it stays.
const undoFor = 10 * time.Minute

// mostEdits bounds the list of changes on a page.
const mostEdits = 10

// change is one line of what was changed.
type change struct {
	id    practice.EditID
	say   string // which fields
	who   string
	undo  bool
	fresh bool // just made by the visitor
}

// form is a form of the practice's details, or of one of its things.
type form struct {
	frame    ui.Frame
	visit    *page.Visit
	thing    string // practice, location, service, practitioner
	id       string // "" of the practice and of what is new
	back     ui.Link
	title    string
	line     string
	to       string
	values   map[string]string
	lists    map[string][]string
	choices  map[string][]ui.Option
	ver      string
	problems []ui.Problem
	may      bool
	edits    []change
	signed   signed.State
	archived bool
}

// reading names what the page showed of a thing.
func reading(thing any) string {
	raw, err := json.Marshal(thing)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:8])
}

// start makes a form with what stands around every one.
func start(v *page.Visit, thing, to string) form {
	return form{visit: v, thing: thing, to: to, back: ui.Link{To: home, Say: v.Say("settings.title")}, may: v.May(guard.SettingsChange),
		values: map[string]string{}, lists: map[string][]string{}, choices: map[string][]ui.Option{}}
}

// take takes what was posted.
func (f *form) take(single, many []string) {
	f.ver = f.visit.Form("version")
	for _, name := range single {
		f.values[name] = f.visit.Form(name)
	}
	for _, name := range many {
		for _, value := range f.visit.Request.PostForm[name] {
			if len(value) <= 64 && len(f.lists[name]) < practice.MaxThings {
				f.lists[name] = append(f.lists[name], value)
			}
		}
	}
}

// stale refuses a change that was made on an old reading, and says whose change came between.
func (f *form) stale(ctx context.Context, tx *store.Tx, is any) error {
	if reading(is) == f.ver {
		return nil
	}
	latest, err := practice.Edits(ctx, tx, f.thing, f.id, 1)
	if err != nil {
		return err
	}
	if len(latest) == 0 {
		return practice.ErrChanged
	}
	return practice.Since(tx, practice.ErrChanged, "this", f.visit.Practice.Zone, latest[0].Who, latest[0].At)
}

// around reads what was changed of the thing, by whom, and what waits for a signature.
func (f *form) around(ctx context.Context, tx *store.Tx) (err error) {
	if f.signed, err = signed.Read(ctx, tx, f.visit); err != nil || f.thing != "practice" && f.id == "" {
		return err
	}
	edits, err := practice.Edits(ctx, tx, f.thing, f.id, mostEdits)
	if err != nil {
		return err
	}
	members, err := guard.Members(ctx, tx)
	if err != nil {
		return err
	}
	for i, e := range edits {
		c := change{id: e.ID, undo: i == 0 && f.may, fresh: i == 0 && e.Who == f.visit.Actor.Who() && tx.Now.Sub(e.At) < undoFor}
		for _, name := range e.Fields {
			if c.say != "" {
				c.say += ", "
			}
			c.say += f.visit.Say("edit.field-" + name)
		}
		name := e.Who
		if at := slices.IndexFunc(members, func(m guard.Member) bool { return string(m.ID) == e.Who }); at >= 0 {
			name = members[at].Name
		} else if !f.visit.Text.Known("edit.by-" + name) {
			name = f.visit.Say("edit.by-somebody")
		} else {
			name = f.visit.Say("edit.by-" + name)
		}
		c.who = f.visit.Say("edit.by", name, f.visit.Text.Moment(e.At.In(f.visit.Location), f.visit.Now.In(f.visit.Location)))
		f.edits = append(f.edits, c)
	}
	return nil
}

// flash says what was done, with the way back.
func (f *form) flash(did string) {
	v := f.visit
	f.frame = v.Frame(f.title, home)
	switch {
	case !slices.Contains([]string{"saved", "added", "undone", "archived", "restored"}, did):
		return
	case did == "saved" && len(f.edits) > 0 && f.edits[0].fresh && f.edits[0].undo:
		f.frame.Flash = &ui.Flash{Kind: ui.Good, Say: v.Say("edit.did-saved"), Undo: home + "/edits/" + string(f.edits[0].id) + "/undo", Action: v.Say("edit.undo")}
	default:
		f.frame.Flash = &ui.Flash{Kind: ui.Good, Say: v.Say("edit.did-" + did)}
	}
}

// refused takes what an error says to mend into the form; false when the form can say nothing about it.
func (f *form) refused(err error) bool {
	if errors.Is(err, practice.ErrChanged) {
		err = story.Named(f.visit, "details", err)
	}
	problem := page.Problem(f.visit.Text, err)
	if problem == nil {
		return false
	}
	f.problems = []ui.Problem{*problem}
	return true
}

func (f form) errorOf(field string) string {
	for _, problem := range f.problems {
		if problem.Field == field {
			return problem.Say
		}
	}
	return ""
}

// field is a field with its value and what is wrong with it.
func (f form) field(name, key string, more ui.Field) ui.Field {
	more.Name, more.Value, more.Error = name, f.values[name], f.errorOf(name)
	more.Label = f.visit.Say(key)
	if help := key + "-help"; f.visit.Text.Known(help) {
		more.Help = f.visit.Say(help)
	}
	return more
}

// desk is where what waits is signed; "" where nothing does, or nobody knows.
func (f form) desk() string {
	if !f.signed.Known || f.signed.Details && f.signed.Templates == 0 || f.visit.Desk == "" {
		return ""
	}
	return f.visit.Desk + "/p/" + string(f.visit.Practice.ID)
}

// Undo takes a change back.
func Undo(v *page.Visit) (page.Answer, error) {
	var undone practice.Edit
	err := v.Change(func(ctx context.Context, tx *store.Tx) (err error) {
		undone, err = practice.UndoEdit(ctx, tx, practice.EditID(v.Path("edit")))
		if err == nil && undone.Thing == "practice" {
			err = after(ctx, tx, v)
		}
		return err
	})
	if err != nil {
		return page.Answer{}, err
	}
	if undone.Thing == "practice" {
		return page.Go(home + "/practice?did=undone")
	}
	return page.Go(home + "/" + undone.Thing + "s/" + undone.Subject + "?did=undone")
}

// use takes a thing out of use or into use again.
func use(v *page.Visit, to string, archive, restore func(context.Context, *store.Tx) error) (page.Answer, error) {
	did := "archived"
	err := v.Change(func(ctx context.Context, tx *store.Tx) error {
		if v.Form("do") == "restore" {
			did = "restored"
			return restore(ctx, tx)
		}
		return archive(ctx, tx)
	})
	if err != nil {
		return page.Answer{}, err
	}
	return page.Go(to + "?did=" + did)
}

// modes are the ways in which an appointment is held.
func modes(v *page.Visit) []ui.Option {
	out := make([]ui.Option, 0, 5)
	for _, m := range []practice.Mode{practice.InPerson, practice.Video, practice.Phone, practice.Home} {
		out = append(out, ui.Option{Value: string(m), Say: v.Say("mode." + string(m))})
	}
	return out
}

func yes(is bool) string {
	if is {
		return "yes"
	}
	return ""
}
