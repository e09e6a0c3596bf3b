// Package templates is the pages of templates: the list, what a template says now and said before, the editor, and its preview.
//
// It promises: what is shown is made by the code that sends, in a frame where nothing runs and nothing is loaded; a change that would not be fit to be sent is
// refused, with the block and the way out, and nothing that was typed is lost; whoever changes what somebody else changed meanwhile is told. Nothing is sent or
// signed from here: asking for approval makes a version, and the signing desk lists it.
//
// Real names are shown in a preview to those alone who may read clients, of appointments that they see.
package templates

import (
	"cmp"
	"context"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"letterhead/approval"
	"letterhead/fault"
	"letterhead/guard"
	"letterhead/plan"
	"letterhead/store"
	"letterhead/template"
	"letterhead/template/draft"
	"letterhead/web/page"
	"letterhead/web/ui"
)

const home = "/templates"

// standing is what became of a template, in a word.
type standing struct {
	kind ui.Kind
	say  string       // of the catalogue
	seal ui.SealState // "" has none
	goes int          // the version that is sent; 0: none is
}

// entry is a line of the list.
type entry struct {
	template.Wording
	version  template.Version
	standing standing
	draft    bool
	rules    []string // the automatic messages that send it, by name; those that are off too
	on       bool     // one of them is on
}

// read reads templates with what became of them.
func read(ctx context.Context, tx *store.Tx, v *page.Visit, all []template.Wording) ([]entry, error) {
	current, err := template.CurrentVersions(ctx, tx)
	if err != nil {
		return nil, err
	}
	drafts, err := draft.Drafts(ctx, tx)
	if err != nil {
		return nil, err
	}
	rules, err := plan.Rules(ctx, tx)
	if err != nil {
		return nil, err
	}
	out := make([]entry, len(all))
	for i, w := range all {
		e := entry{Wording: w, version: current[w.ID], draft: drafts[w.ID] > 0}
		for _, r := range rules {
			if r.Wording == string(w.ID) {
				e.rules, e.on = append(e.rules, r.Name), e.on || r.Enabled
			}
		}
		out[i] = e
	}
	if v.Signed == nil {
		for i := range out {
			out[i].standing = judge(ctx, tx, nil, &out[i])
		}
		return out, nil
	}
	err = v.Signed(ctx, tx, func(s *approval.State) error {
		for i := range out {
			out[i].standing = judge(ctx, tx, s, &out[i])
		}
		return nil
	})
	return out, err
}

// judge says what became of a template, by what the practice's people signed.
func judge(ctx context.Context, tx *store.Tx, s *approval.State, e *entry) standing {
	if s == nil {
		return standing{ui.Plain, "words.state-never", "", 0}
	}
	known, err := s.Current(approval.KindWording, string(e.ID), tx.Now)
	if err == nil && hex.EncodeToString(known.Statement.Digest[:]) == e.version.Digest {
		if e.on {
			return standing{ui.Good, "words.state-used", ui.Signed, e.version.Number}
		}
		return standing{ui.Good, "words.state-signed", ui.Signed, e.version.Number}
	}
	for _, p := range s.Waiting(tx.Now) {
		if p.Statement.Kind == approval.KindWording && p.Statement.Subject == string(e.ID) {
			return standing{ui.Wait, "words.state-second", ui.Waiting, goes(ctx, tx, known, err, e)}
		}
	}
	switch {
	case err == nil:
		return standing{ui.Wait, "words.state-waits", ui.Waiting, goes(ctx, tx, known, err, e)}
	case approval.ReasonOf(err) == approval.Unsigned:
		return standing{ui.Plain, "words.state-never", ui.Waiting, 0}
	}
	return standing{ui.Bad, "words.state-ended", ui.Withdrawn, 0} // withdrawn, or its key is revoked
}

// goes is the number of the version that is sent while another waits.
func goes(ctx context.Context, tx *store.Tx, known *approval.Standing, err error, e *entry) int {
	if err != nil {
		return 0
	}
	versions, err := template.Versions(ctx, tx, e.ID)
	if err != nil {
		return 0
	}
	for _, v := range versions {
		if v.Digest == hex.EncodeToString(known.Statement.Digest[:]) {
			return v.Number
		}
	}
	return 0
}

// list is the page of all.
type list struct {
	frame    ui.Frame
	visit    *page.Visit
	entries  []entry
	archived []template.Wording
	may      bool
}

// List is the page.
func List(v *page.Visit) (page.Answer, error) {
	l := list{visit: v, may: v.May(guard.TemplateChange), frame: v.Frame(v.Say("templates.title"), home)}
	err := v.View(func(ctx context.Context, tx *store.Tx) error {
		all, err := template.List(ctx, tx)
		if err != nil {
			return err
		}
		if l.entries, err = read(ctx, tx, v, all); err != nil {
			return err
		}
		l.archived, err = template.Archived(ctx, tx)
		return err
	})
	if err != nil {
		return page.Answer{}, err
	}
	flash(v, &l.frame)
	return page.Show(showList(l))
}

// dids are what a redirect may say was done.
var dids = []string{"template", "template-copy", "template-archived", "template-back", "template-asked", "template-dropped", "template-part", "template-removed", "template-undone", "template-language"}

func flash(v *page.Visit, f *ui.Frame) {
	if did := v.Query("did"); slices.Contains(dids, did) {
		f.Flash = &ui.Flash{Kind: ui.Good, Say: v.Say("did." + did)}
	}
}

// one is the page of one template.
type one struct {
	frame    ui.Frame
	visit    *page.Visit
	entry    entry
	versions []template.Version
	people   map[string]string
	look     look
	name     string
	problems []ui.Problem
	may      bool
}

// Show is what a template says now, its versions, and what can be done with it.
func Show(v *page.Visit) (page.Answer, error) {
	o := one{visit: v}
	if err := o.read(); err != nil {
		return page.Answer{}, err
	}
	o.name = o.entry.Name
	flash(v, &o.frame)
	return page.Show(showOne(o))
}

func (o *one) read() error {
	v := o.visit
	o.may = v.May(guard.TemplateChange)
	err := v.View(func(ctx context.Context, tx *store.Tx) error {
		w, err := template.Find(ctx, tx, template.ID(v.Path("id")))
		if err != nil {
			return err
		}
		found, err := read(ctx, tx, v, []template.Wording{w})
		if err != nil {
			return err
		}
		o.entry = found[0]
		if o.versions, err = template.Versions(ctx, tx, w.ID); err != nil {
			return err
		}
		if o.entry.version.ID == "" && len(o.versions) > 0 { // an archived one
			o.entry.version = o.versions[0]
		}
		now, err := template.Read(ctx, tx, w.Current)
		if err != nil {
			return err
		}
		o.look = looked(v, now)
		if err := o.look.offer(ctx, tx, v); err != nil {
			return err
		}
		members, err := guard.Members(ctx, tx)
		o.people = names(members)
		return err
	})
	o.frame = v.Frame(o.entry.Name, home)
	return err
}

func names(members []guard.Member) map[string]string {
	out := make(map[string]string, len(members))
	for _, m := range members {
		out[string(m.ID)] = m.Name
	}
	return out
}

// who names who made something: a member, or Letterhead itself.
func who(v *page.Visit, people map[string]string, id string) string {
	return cmp.Or(people[id], people[id[strings.LastIndexByte(id, ' ')+1:]], v.Say("templates.by-program")) // "logo by" somebody
}

func moment(v *page.Visit, at time.Time) string {
	return v.Text.Moment(at.In(v.Location), v.Now.In(v.Location))
}

// desk is where templates are signed, "" where nobody said.
func desk(v *page.Visit) string {
	if v.Desk == "" {
		return ""
	}
	return v.Desk + "/p/" + string(v.Practice.ID)
}

// refused shows the template's page again with what is wrong.
func refused(v *page.Visit, err error) (page.Answer, error) {
	problem := page.Problem(v.Text, err)
	if problem == nil {
		return page.Answer{}, err
	}
	o := one{visit: v, problems: []ui.Problem{*problem}}
	if err := o.read(); err != nil {
		return page.Answer{}, err
	}
	if o.name = v.Form("name"); problem.Field != "name" {
		o.name = o.entry.Name
	}
	return page.Again(showOne(o), err)
}

// Rename gives a template another name.
func Rename(v *page.Visit) (page.Answer, error) {
	id := template.ID(v.Path("id"))
	err := v.Change(func(ctx context.Context, tx *store.Tx) error { return template.Rename(ctx, tx, id, v.Form("name")) })
	if err != nil {
		return refused(v, err)
	}
	return page.Go(home + "/" + string(id) + "?did=template")
}

// errUsed refuses to archive what an automatic message sends.
var errUsed = fault.New(fault.Conflict, "templates.used", "an automatic message sends this template; choose another one there, or switch it off, then archive")

// Archive takes a template out of use, or brings it back.
func Archive(v *page.Visit) (page.Answer, error) {
	id, away := template.ID(v.Path("id")), v.Form("do") != "back"
	err := v.Change(func(ctx context.Context, tx *store.Tx) error {
		rules, err := plan.Rules(ctx, tx)
		if err != nil {
			return err
		}
		if away && slices.ContainsFunc(rules, func(r plan.Rule) bool { return r.Wording == string(id) && r.Enabled }) {
			return errUsed
		}
		return template.Archive(ctx, tx, id, away)
	})
	if err != nil {
		return refused(v, err)
	}
	if away {
		return page.Go(home + "?did=template-archived")
	}
	return page.Go(home + "/" + string(id) + "?did=template-back")
}

// fresh is the form of a new template: a name, and which one it begins as.
type fresh struct {
	frame    ui.Frame
	visit    *page.Visit
	name     string
	from     string
	all      []template.Wording
	problems []ui.Problem
}

func (f *fresh) read() error {
	f.frame = f.visit.Frame(f.visit.Say("templates.new"), home)
	return f.visit.View(func(ctx context.Context, tx *store.Tx) (err error) { f.all, err = template.List(ctx, tx); return err })
}

// New is the form; ?from= chooses the one to copy.
func New(v *page.Visit) (page.Answer, error) {
	f := fresh{visit: v, from: v.Query("from")}
	if err := f.read(); err != nil {
		return page.Answer{}, err
	}
	for _, w := range f.all {
		if string(w.ID) == f.from {
			f.name = v.Say("templates.copy-of", w.Name)
		}
	}
	if f.from == "" && len(f.all) > 0 {
		f.from = string(f.all[0].ID)
	}
	return page.Show(showNew(f))
}

// Add makes it.
func Add(v *page.Visit) (page.Answer, error) {
	f := fresh{visit: v, name: v.Form("name"), from: v.Form("from")}
	var made template.Wording
	err := v.Change(func(ctx context.Context, tx *store.Tx) error {
		source, err := template.Find(ctx, tx, template.ID(f.from))
		if fault.KindOf(err) == fault.NotFound {
			return fault.Field("from", "templates.from", "choose one of your templates to begin with")
		}
		if err != nil {
			return err
		}
		says, err := template.Read(ctx, tx, source.Current)
		if err != nil {
			return err
		}
		made, _, err = template.New(ctx, tx, f.name, says)
		return err
	})
	if err == nil {
		return page.Go(home + "/" + string(made.ID) + "/edit?did=template-copy")
	}
	problem := page.Problem(v.Text, err)
	if problem == nil {
		return page.Answer{}, err
	}
	f.problems = []ui.Problem{*problem}
	if err := f.read(); err != nil {
		return page.Answer{}, err
	}
	return page.Again(showNew(f), err)
}

func errorOf(problems []ui.Problem, field string) string {
	for _, p := range problems {
		if p.Field == field {
			return p.Say
		}
	}
	return ""
}
