package templates

import (
	"context"
	"strconv"

	"github.com/a-h/templ"

	"letterhead/practice"
	"letterhead/template/compare"
	"letterhead/web/page"
	"letterhead/web/ui"
	"letterhead/wording"
)

// What pages say of what was read.

func (f fresh) options() []ui.Option {
	var out []ui.Option
	for _, w := range f.all {
		out = append(out, ui.Option{Value: string(w.ID), Say: w.Name})
	}
	return out
}

func (o one) path(rest string) string { return home + "/" + string(o.entry.ID) + "/" + rest }

func (o one) edits() string {
	if o.entry.draft {
		return o.visit.Say("templates.edit-on")
	}
	return o.visit.Say("templates.edit")
}

// line says who sends the template.
func (o one) line() string {
	v := o.visit
	switch {
	case !o.entry.Archived.IsZero():
		return v.Say("templates.archived-at", moment(v, o.entry.Archived))
	case len(o.entry.rules) == 0:
		return v.Say("templates.by-hand-line")
	case len(o.entry.rules) == 1:
		return v.Say("templates.sent-by", o.entry.rules[0])
	}
	return v.Say("templates.sent-by-more", o.entry.rules[0], len(o.entry.rules)-1)
}

// means says what its standing means for what is sent.
func (o one) means() string {
	v, s := o.visit, o.entry.standing
	switch {
	case s.kind == ui.Good && o.entry.on:
		return v.Say("templates.means-used", s.goes)
	case s.kind == ui.Good:
		return v.Say("templates.means-signed", s.goes)
	case s.goes > 0:
		return v.Say("templates.means-waits", o.entry.version.Number, s.goes)
	case s.kind == ui.Bad:
		return v.Say("templates.means-ended")
	}
	return v.Say("templates.means-never")
}

// compareAll leads to what the latest change was.
func (o one) compareAll() templ.Component {
	if len(o.versions) < 2 {
		return nil
	}
	return ui.LinkButton("quiet", o.path("compare"), o.visit.Say("templates.compare"), nil)
}

// compares leads to what a version says otherwise than the one before it.
func (o one) compares(i int) string {
	return o.path("compare") + "?from=" + strconv.Itoa(o.versions[i+1].Number) + "&to=" + strconv.Itoa(o.versions[i].Number)
}

func opKind(op compare.Op) ui.Kind {
	switch op {
	case compare.Added:
		return ui.Good
	case compare.Removed:
		return ui.Bad
	case compare.Changed, compare.Moved, compare.Same:
	}
	return ui.Wait
}

func whenOrAlways(v *page.Visit, all []wording.Condition) string {
	if len(all) == 0 {
		return v.Say("templates.always")
	}
	return when(v, all)
}

// options are whom a preview may be for: examples, and people with an appointment soon.
func (l look) options(v *page.Visit) []ui.Option {
	var out []ui.Option
	for _, each := range situations {
		out = append(out, ui.Option{Value: each, Say: v.Say("words.for-" + each)})
	}
	return append(out, l.people...)
}

func (l look) languages() []ui.Option {
	var out []ui.Option
	for _, tag := range l.tags {
		out = append(out, ui.Option{Value: tag, Say: tag})
	}
	return out
}

// swaps makes a form change the preview alone.
func swaps(ctx context.Context, here string) templ.Attributes {
	return ui.Hx(ctx, "get", here, "select", "#preview", "target", "#preview", "swap", "outerHTML")
}

// swapsLink makes a link change the preview alone.
func swapsLink(ctx context.Context, address string) templ.Attributes {
	return ui.Hx(ctx, "get", address, "select", "#preview", "target", "#preview", "swap", "outerHTML")
}

// opens makes a link change the parts alone.
func opens(ctx context.Context, address string) templ.Attributes {
	return ui.Hx(ctx, "get", address, "select", "#parts", "target", "#parts", "swap", "outerHTML")
}

// adding is the address of the editor with a new part's form.
func (e editor) adding(kind string, below int) string {
	anchor := ""
	if below > 0 {
		anchor = "#part-" + strconv.Itoa(below)
	}
	return e.to("add", kind, "below", strconv.Itoa(below)) + anchor
}

// tabs are the template's languages.
func (e editor) tabs() []ui.Tab {
	var out []ui.Tab
	for i := range e.draft.Version.Languages {
		tag := e.draft.Version.Languages[i].Tag
		out = append(out, ui.Tab{To: e.to("language", tag), Say: e.visit.Text.Tongue(tag), Current: tag == e.look.language})
	}
	return out
}

// cost says in how many parts the example's text message goes.
func (e editor) cost() templ.Component {
	if e.shown.sms == "" {
		return nil
	}
	return ui.Badge(ui.Plain, e.visit.Count("sink.parts", e.shown.parts)+" · "+e.visit.Count("templates.signs", e.shown.units)+" · "+price(e.visit, e.shown.parts))
}

// price says what so many parts of a text message cost, as far as the practice has said.
func price(v *page.Visit, parts int) string {
	amount := practice.WritePartPrice(v.Practice.SMSPrice, parts)
	if amount == "" {
		return v.Say("templates.price-unknown")
	}
	code, _ := practice.Money(v.Practice.Country)
	return amount + " " + code
}

// hidden is what an open form carries along.
func (e editor) hidden(f *form) [][2]string {
	return [][2]string{{"language", f.language}, {"kind", f.kind}, {"part", strconv.Itoa(f.id)}, {"after", strconv.Itoa(f.after)}, {"read", strconv.FormatInt(f.read, 10)},
		{"view", e.look.view}, {"wide", e.look.wide}, {"shade", e.look.shade}, {"as", e.look.as}}
}

func (f *form) title() string {
	name := f.kind
	if f.kind == kindHead {
		name = "subject"
	}
	if f.id == 0 && f.kind != kindHead {
		return f.visit.Say("templates.new-part", part(f.visit, name))
	}
	return part(f.visit, name)
}

// editable tells a block that has something to choose.
func editable(b *wording.Block) bool { return b.Kind != wording.ImageBlock || b.Image != nil }

// count is a numbered line's number.
func count(all []wording.Paragraph, at int) int {
	n := 1
	for i := at - 1; i >= 0 && all[i].Style == wording.Number; i-- {
		n++
	}
	return n
}

// leads says where a button leads.
func leads(v *page.Visit, to *wording.Target) string {
	if to == nil {
		return ""
	}
	if to.Kind == wording.ToURL {
		return v.Say("templates.leads", to.URL)
	}
	return v.Say("templates.leads", v.Say("words.to-"+string(to.Kind)))
}
