package templates

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"letterhead/fault"
	"letterhead/guard"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/template"
	"letterhead/template/compare"
	"letterhead/template/draft"
	"letterhead/web/page"
	"letterhead/web/ui"
	"letterhead/wording"
	"letterhead/wording/clean"
)

// editor is the page on which a template is changed.
type editor struct {
	frame    ui.Frame
	visit    *page.Visit
	wording  template.Wording
	draft    *draft.Draft
	language *wording.Language
	parts    *draft.Parts
	look     look
	form     *form  // the one that is open
	choose   int    // below which part a kind is chosen; -1: nowhere
	hosts    string // what was typed
	tag      string
	people   map[string]string
	problems []ui.Problem
	shown    shown
}

// Edit is the page. ?open= names the part whose form is open, ?add= the kind of a new one, ?below= where.
func Edit(v *page.Visit) (page.Answer, error) {
	e := editor{visit: v, choose: -1}
	if err := e.read(); err != nil {
		return page.Answer{}, err
	}
	if err := e.opened(); err != nil {
		return page.Answer{}, err
	}
	flash(v, &e.frame)
	return page.Show(showEditor(e))
}

func (e *editor) read() error {
	v := e.visit
	err := v.View(func(ctx context.Context, tx *store.Tx) (err error) {
		id := template.ID(v.Path("id"))
		if e.wording, err = template.Find(ctx, tx, id); err != nil {
			return err
		}
		if e.draft, err = draft.Open(ctx, tx, id); err != nil {
			return err
		}
		e.look = looked(v, e.draft.Version)
		if tag := v.Form("language"); tag != "" {
			e.look.language = tag
			e.look = e.look.over(e.draft.Version)
		}
		if err := e.look.offer(ctx, tx, v); err != nil {
			return err
		}
		if e.language, e.parts, err = e.draft.In(e.look.language); err != nil {
			return err
		}
		if e.shown, err = e.look.render(ctx, tx, v, e.draft.Version); err != nil {
			return err
		}
		members, err := guard.Members(ctx, tx)
		e.people = names(members)
		return err
	})
	e.frame = v.Frame(v.Say("templates.editing", e.wording.Name), home)
	e.hosts = strings.Join(e.otherHosts(), "\n")
	return err
}

// opened opens the form that the address names.
func (e *editor) opened() error {
	v := e.visit
	switch open, add := v.Query("open"), v.Query("add"); {
	case open != "":
		f := &form{visit: v, language: e.look.language, id: number(open)}
		if open == kindHead {
			f.kind = kindHead
		}
		if err := f.fill(e.draft); errors.Is(err, draft.ErrGone) {
			e.problems = []ui.Problem{{Say: v.Say("templates.gone")}}
		} else if err != nil {
			return err
		} else {
			e.form = f
		}
	case add == "choose":
		e.choose = number(v.Query("below"))
	case add == kindSMS || slices.Contains(kinds, wording.BlockKind(add)):
		e.form = &form{visit: v, language: e.look.language, kind: add, after: number(v.Query("below")), read: e.draft.Edition, values: map[string]string{}}
	}
	return nil
}

// otherHosts are where links may lead besides the practice's website.
func (e *editor) otherHosts() []string {
	if e.draft == nil {
		return nil
	}
	website := hostOf(e.draft.Version.Branding.Website)
	return slices.DeleteFunc(slices.Clone(e.draft.Version.Hosts), func(h string) bool { return h == website })
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}

// to is the editor's address, in this language and look.
func (e editor) to(pairs ...string) string {
	return home + "/" + string(e.wording.ID) + "/edit?" + e.look.query(pairs...)
}

// path is an address under the template's.
func (e editor) path(rest string) string { return home + "/" + string(e.wording.ID) + "/" + rest }

// frameAddress is the preview's address.
func (e editor) frameAddress() string {
	return e.path("preview") + "?" + e.look.query("version", asDraft)
}

// named is what a card is called: the block's kind.
func (e editor) named(b *wording.Block) string { return part(e.visit, string(b.Kind)) }

func (e editor) last() string {
	d := e.draft
	return e.visit.Say("templates.last-change", who(e.visit, e.people, d.By), moment(e.visit, d.At))
}

// opens tells whether the open form is the one of a part.
func (e editor) opens(id int) bool { return e.form != nil && e.form.id == id && id > 0 }

// adds tells whether a new part's form stands below a part; 0 is the end of the list.
func (e editor) adds(kindIsSMS bool, id int) bool {
	return e.form != nil && e.form.id == 0 && e.form.kind != kindHead && (e.form.kind == kindSMS) == kindIsSMS && e.form.after == id
}

// Save keeps what an open form says.
func Save(v *page.Visit) (page.Answer, error) {
	f := posted(v)
	was := f.id
	var tried *draft.Draft
	err := v.Change(func(ctx context.Context, tx *store.Tx) error {
		f.id = was
		_, err := draft.Change(ctx, tx, template.ID(v.Path("id")), func(d *draft.Draft) error {
			tried = d
			return f.apply(d)
		})
		return err
	})
	if err == nil {
		anchor := "#part-" + strconv.Itoa(f.id)
		if f.kind == kindHead {
			anchor = "#part-" + kindHead
		}
		return page.Go(home + "/" + v.Path("id") + "/edit?" + look{language: f.language, view: v.Form("view"), wide: v.Form("wide"), shade: v.Form("shade"), as: v.Form("as")}.query("did", "template-part") + anchor)
	}
	if tried == nil {
		return page.Answer{}, err
	}
	problem := f.wrong(tried, err)
	if problem == nil {
		return page.Answer{}, err
	}
	f.id = was
	f.problems = []ui.Problem{*problem}
	e := editor{visit: v, form: f, choose: -1}
	if err := e.read(); err != nil {
		return page.Answer{}, err
	}
	e.meanwhile(err)
	return page.Again(showEditor(e), err)
}

// meanwhile makes a form that somebody else came before fit to be sent again: it has read their edition now, and shows what they wrote.
func (e *editor) meanwhile(err error) {
	f := e.form
	switch {
	case errors.Is(err, draft.ErrGone):
		f.id, f.after, f.read = 0, 0, e.draft.Edition
	case errors.Is(err, draft.ErrMeanwhile):
		f.read = e.draft.Edition
		f.theirs = e.saysNow()
	}
}

// saysNow is what the open form's part says by now.
func (e *editor) saysNow() string {
	now := &form{visit: e.visit, language: e.form.language, id: e.form.id, kind: e.form.kind}
	if now.fill(e.draft) != nil {
		return ""
	}
	if now.kind == kindHead {
		return now.values["subject"] + "\n" + now.values["preheader"]
	}
	if now.kind == kindSMS {
		return now.values["line"]
	}
	b, err := now.block()
	if err != nil {
		return ""
	}
	return compare.Block(&b)
}

// Act moves or removes a part.
func Act(v *page.Visit) (page.Answer, error) {
	at := draft.At{Language: v.Form("language"), ID: number(v.Form("part")), Read: int64(number(v.Form("read")))}
	did := ""
	err := change(v, func(d *draft.Draft) error {
		_, parts, err := d.In(at.Language)
		if err != nil {
			return err
		}
		sentence := draft.Index(parts.Sentences, at.ID) >= 0
		switch do := v.Form("do"); {
		case do == "remove" && sentence:
			did = "template-removed"
			return d.RemoveSentence(at)
		case do == "remove":
			did = "template-removed"
			return d.RemoveBlock(at)
		case (do == "up" || do == "down") && sentence:
			return d.MoveSentence(at, map[string]int{"up": -1, "down": 1}[do])
		case do == "up" || do == "down":
			return d.MoveBlock(at, map[string]int{"up": -1, "down": 1}[do])
		}
		return fault.Field("do", "templates.do", "choose one of the buttons")
	})
	return after(v, err, at.Language, did, "#part-"+strconv.Itoa(at.ID))
}

// change changes the draft of the template that the address names.
func change(v *page.Visit, do func(*draft.Draft) error) error {
	return v.Change(func(ctx context.Context, tx *store.Tx) error {
		_, err := draft.Change(ctx, tx, template.ID(v.Path("id")), do)
		return err
	})
}

// after goes back to the editor; what was refused is said there.
func after(v *page.Visit, err error, language, did, anchor string) (page.Answer, error) {
	if err == nil {
		values := url.Values{"language": {language}}
		if did != "" {
			values.Set("did", did)
		}
		return page.Go(home + "/" + v.Path("id") + "/edit?" + values.Encode() + anchor)
	}
	problem := page.Problem(v.Text, err)
	if problem == nil {
		return page.Answer{}, err
	}
	e := editor{visit: v, choose: -1}
	if err := e.read(); err != nil {
		return page.Answer{}, err
	}
	switch tag := v.Form("tag"); {
	case v.Form("do") == "add" && strings.HasPrefix(problem.Field, "languages."+clean.Clip(tag)):
		problem.Field = "tag"
	case problem.Field != "tag" && problem.Field != "hosts":
		problem.Field = ""
	}
	e.problems, e.tag = []ui.Problem{*problem}, v.Form("tag")
	if typed := v.Form("hosts"); typed != "" {
		e.hosts = typed
	}
	return page.Again(showEditor(e), err)
}

// Languages adds a language, takes one out, or makes it the default; and says where links may lead.
func Languages(v *page.Visit) (page.Answer, error) {
	tag, from := v.Form("tag"), v.Form("language")
	did, show := "template-language", from
	err := change(v, func(d *draft.Draft) error {
		switch v.Form("do") {
		case "add":
			show = tag
			return d.AddLanguage(tag, from)
		case "remove":
			show = d.Version.DefaultLanguage
			return d.RemoveLanguage(from, int64(number(v.Form("read"))))
		case "default":
			return d.SetDefault(from)
		}
		return setHosts(d, v.Form("hosts"))
	})
	return after(v, err, show, did, "")
}

// setHosts reads hosts as people type or copy them, one in a line.
func setHosts(d *draft.Draft, typed string) error {
	var hosts []string
	if website := hostOf(d.Version.Branding.Website); website != "" {
		hosts = append(hosts, website)
	}
	for _, line := range lines(typed) {
		line = strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(line), "https://"), "/")
		if line == "" {
			continue
		}
		host, ok := practice.NormalHost(line)
		if !ok {
			return fault.Field("hosts", "templates.host", "one line is no website; write each as clinic.example, without anything after it")
		}
		hosts = append(hosts, host)
	}
	d.SetHosts(hosts)
	return nil
}

// Undo takes the last change back.
func Undo(v *page.Visit) (page.Answer, error) {
	err := v.Change(func(ctx context.Context, tx *store.Tx) error {
		if _, err := template.Find(ctx, tx, template.ID(v.Path("id"))); err != nil {
			return err
		}
		return draft.Undo(ctx, tx, template.ID(v.Path("id")), int64(number(v.Form("read"))))
	})
	return after(v, err, v.Form("language"), "template-undone", "")
}

// Drop throws the draft away.
func Drop(v *page.Visit) (page.Answer, error) {
	err := v.Change(func(ctx context.Context, tx *store.Tx) error {
		return draft.Drop(ctx, tx, template.ID(v.Path("id")), int64(number(v.Form("read"))))
	})
	if err == nil {
		return page.Go(home + "/" + v.Path("id") + "?did=template-dropped")
	}
	return after(v, err, v.Form("language"), "", "")
}

// Ask makes the draft a version and asks for approval: the signing desk lists what is not signed as it is.
func Ask(v *page.Visit) (page.Answer, error) {
	err := v.Change(func(ctx context.Context, tx *store.Tx) error {
		_, err := draft.Finish(ctx, tx, template.ID(v.Path("id")), int64(number(v.Form("read"))), v.Form("mine") == "yes")
		return err
	})
	if err == nil {
		return page.Go(home + "/" + v.Path("id") + "?did=template-asked")
	}
	return after(v, err, v.Form("language"), "", "")
}
