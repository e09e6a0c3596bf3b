package templates

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"letterhead/fault"
	"letterhead/template/draft"
	"letterhead/template/markup"
	"letterhead/web/page"
	"letterhead/web/ui"
	"letterhead/wording"
	"letterhead/wording/locale"
)

// The kinds of a form that are no block.
const (
	kindHead = "head" // subject and preview line
	kindSMS  = "sms"  // a sentence of the text message
)

// kinds are the blocks that can be added, in the order in which they are offered. A footer is always there; pictures are chosen elsewhere.
var kinds = []wording.BlockKind{wording.TextBlock, wording.HeadingBlock, wording.ButtonBlock, wording.CardBlock, wording.DividerBlock, wording.AddressBlock}

// groups are the conditions of which at most one holds, by the name of their choice in a form.
var groups = []struct {
	name string
	all  []wording.Condition
}{
	{"how", []wording.Condition{wording.InPerson, wording.Telehealth, wording.ByPhone, wording.HomeVisit}},
	{"visit", []wording.Condition{wording.FirstVisit, wording.Returning}},
	{"whom", []wording.Condition{wording.ForSelf, wording.ForOther}},
	{"answer", []wording.Condition{wording.Unconfirmed, wording.Confirmed}},
	{"clock", []wording.Condition{wording.ZoneDiffers, wording.SameZone}},
}

// form is an open form: of the subject, a block, or a sentence.
type form struct {
	visit    *page.Visit
	language string
	kind     string
	id       int   // of the part; 0: a new one
	after    int   // below which a new one goes
	read     int64 // the edition that was read
	values   map[string]string
	problems []ui.Problem
	theirs   string // what the part says now, where somebody changed it meanwhile
}

// texts are the values that may be long or keep their blanks; the rest are short.
var fields = []string{"subject", "preheader", "line", "label", "target", "url", "service", "how", "visit", "whom", "answer", "clock"}

// posted is what was typed.
func posted(v *page.Visit) *form {
	f := &form{visit: v, language: v.Form("language"), kind: v.Form("kind"), id: number(v.Form("part")), after: number(v.Form("after")), read: int64(number(v.Form("read"))), values: map[string]string{}}
	for _, name := range fields {
		f.values[name] = v.Form(name)
	}
	f.values["text"] = v.Long("text")
	return f
}

func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// at is the part that the form is of.
func (f *form) at() draft.At { return draft.At{Language: f.language, ID: f.id, Read: f.read} }

// apply puts what was typed into a draft.
func (f *form) apply(d *draft.Draft) error {
	switch f.kind {
	case kindHead:
		subject, err := markup.ParseLine("subject", f.values["subject"])
		if err != nil {
			return err
		}
		preheader, err := markup.ParseLine("preheader", f.values["preheader"])
		if err != nil {
			return err
		}
		return d.SetHead(f.at(), subject, preheader)
	case kindSMS:
		line, err := markup.ParseLine("line", f.values["line"])
		if err != nil {
			return err
		}
		if len(line) == 0 {
			return fault.Field("line", "templates.sentence", "write the sentence, or leave this form and remove it")
		}
		s := wording.Sentence{When: f.when(), Content: line}
		if f.id == 0 {
			f.id, err = d.AddSentence(draft.At{Language: f.language, ID: f.after}, s)
			return err
		}
		return d.SetSentence(f.at(), s)
	}
	return f.applyBlock(d)
}

func (f *form) applyBlock(d *draft.Draft) error {
	b, err := f.block()
	if err != nil {
		return err
	}
	if f.id == 0 {
		if !slices.Contains(kinds, b.Kind) {
			return fault.Field("kind", "templates.kind", "choose one of the blocks of the list")
		}
		f.id, err = d.AddBlock(draft.At{Language: f.language, ID: f.after}, b)
		return err
	}
	l, parts, err := d.In(f.language)
	if err != nil {
		return err
	}
	if i := draft.Index(parts.Blocks, f.id); i >= 0 {
		if l.Blocks[i].Kind != b.Kind {
			return fault.Field("kind", "templates.kind", "a block keeps its kind; add another one and remove this")
		}
		b.Image = l.Blocks[i].Image
	}
	return d.SetBlock(f.at(), b)
}

// block reads what was typed as a block of the form's kind.
func (f *form) block() (wording.Block, error) {
	b := wording.Block{Kind: wording.BlockKind(f.kind), When: f.when()}
	var err error
	switch b.Kind {
	case wording.HeadingBlock:
		b.Content, err = markup.ParseLine("line", f.values["line"])
	case wording.TextBlock, wording.FooterBlock:
		b.Paragraphs, err = markup.ParseParagraphs("text", f.values["text"])
	case wording.ButtonBlock:
		to := markup.ParseEnd(f.values["target"])
		if f.values["target"] == string(wording.ToURL) {
			to = wording.Target{Kind: wording.ToURL, URL: f.values["url"]}
		}
		b.Label, b.Target = f.values["label"], &to
	case wording.CardBlock:
		b.Service = f.values["service"] == "yes"
	case wording.DividerBlock, wording.AddressBlock, wording.ImageBlock:
	}
	return b, err
}

func (f *form) when() []wording.Condition {
	var out []wording.Condition
	for _, g := range groups {
		if chosen := f.values[g.name]; chosen != "" {
			out = append(out, wording.Condition(chosen))
		}
	}
	return out
}

// fill takes what a part says into the form.
func (f *form) fill(d *draft.Draft) error {
	l, parts, err := d.In(f.language)
	if err != nil {
		return err
	}
	f.read, f.values = d.Edition, map[string]string{}
	if f.kind == kindHead {
		f.values["subject"], f.values["preheader"] = markup.Line(l.Subject), markup.Line(l.Preheader)
		return nil
	}
	if i := draft.Index(parts.Sentences, f.id); i >= 0 {
		f.kind, f.values["line"] = kindSMS, markup.Line(l.SMS[i].Content)
		f.holds(l.SMS[i].When)
		return nil
	}
	i := draft.Index(parts.Blocks, f.id)
	if i < 0 {
		return draft.ErrGone
	}
	b := &l.Blocks[i]
	f.kind = string(b.Kind)
	f.holds(b.When)
	f.values["line"], f.values["text"], f.values["label"] = markup.Line(b.Content), markup.Paragraphs(b.Paragraphs), b.Label
	if b.Service {
		f.values["service"] = "yes"
	}
	if b.Target != nil {
		f.values["target"], f.values["url"] = string(b.Target.Kind), b.Target.URL
	}
	return nil
}

func (f *form) holds(all []wording.Condition) {
	for _, c := range all {
		for _, g := range groups {
			if slices.Contains(g.all, c) {
				f.values[g.name] = string(c)
			}
		}
	}
}

// conditional tells that the form's part is shown only sometimes.
func (f *form) conditional() bool { return len(f.when()) > 0 }

// wrong takes an error to the field that it is about. One of another part is said with that part's name.
func (f *form) wrong(d *draft.Draft, err error) *ui.Problem {
	problem := page.Problem(f.visit.Text, err)
	if problem == nil || problem.Field == "" {
		return problem
	}
	rest, found := strings.CutPrefix(problem.Field, "languages."+f.language+".")
	if !found {
		if !slices.Contains(append(fields, "text"), problem.Field) {
			problem.Field = ""
		}
		return problem
	}
	where, tail, _ := strings.Cut(rest, ".")
	index, tail, _ := strings.Cut(tail, ".")
	switch where {
	case "subject", "preheader":
		problem.Field = where
		return problem
	case "blocks", "sms":
		if index == "" { // of all of them
			problem.Field = ""
			return problem
		}
		if i, own := f.index(d, where); !own || strconv.Itoa(i) != index {
			problem.Field, problem.Say = "", f.visit.Say("templates.in-part", number(index)+1, problem.Say)
			return problem
		}
	}
	problem.Field = f.field(tail)
	return problem
}

// index is where the form's part stands in a language's list.
func (f *form) index(d *draft.Draft, list string) (int, bool) {
	_, parts, err := d.In(f.language)
	if err != nil || f.kind == kindHead || (list == "sms") != (f.kind == kindSMS) {
		return 0, false
	}
	all := parts.Blocks
	if list == "sms" {
		all = parts.Sentences
	}
	i := draft.Index(all, f.id)
	return i, i >= 0
}

// field is the input that an error's path within a part is about.
func (f *form) field(tail string) string {
	first, _, _ := strings.Cut(tail, ".")
	switch first {
	case "label", "when":
		return map[string]string{"label": "label", "when": groups[0].name}[first]
	case "target":
		if f.values["target"] == string(wording.ToURL) {
			return "url"
		}
		return "target"
	}
	switch wording.BlockKind(f.kind) {
	case wording.TextBlock, wording.FooterBlock:
		return "text"
	case wording.HeadingBlock, kindSMS:
		return "line"
	}
	return ""
}

// field is a field of a template as the picker lists it.
type field struct {
	code, say, example, instead string
}

// picker lists the fields that may stand in the form's part, with what stands there when a value is not known.
func (f *form) picker(d *draft.Draft) []field {
	var out []field
	words := locale.Of(f.language)
	for _, info := range wording.Fields() {
		switch {
		case d.Version.Purpose == wording.Marketing && (strings.HasPrefix(string(info.Field), "appointment.") || strings.HasPrefix(string(info.Field), "attendee.")):
			continue
		case f.kind == kindSMS && info.Health && !d.Version.HealthInSMS:
			continue
		case strings.HasPrefix(string(info.Field), "practice.") && !own(d.Version, info.Field):
			continue
		}
		each := field{code: "{" + string(info.Field) + "}", say: f.visit.Say("field." + string(info.Field)), example: info.Example}
		if instead := words.Fallbacks[string(info.Field)]; instead != "" {
			each.instead = f.visit.Say("templates.instead", instead)
		} else if info.Source == "directory" || info.Source == "person" {
			each.code = "{" + string(info.Field) + "|…}"
			each.instead = f.visit.Say("templates.instead-needed")
		}
		out = append(out, each)
	}
	return out
}

// own tells whether the practice's details have a value for a field.
func own(v *wording.Version, name wording.Field) bool {
	b := v.Branding
	switch name {
	case "practice.phone":
		return b.Phone != nil
	case "practice.email":
		return b.Email != ""
	case "practice.website":
		return b.Website != ""
	case "practice.address":
		return len(b.Address) > 0
	}
	return true
}

// targets are where a button may lead.
func (f *form) targets(of *wording.Version) []ui.Option {
	out := []ui.Option{}
	add := func(kind wording.TargetKind, there bool) {
		if there || f.values["target"] == string(kind) {
			out = append(out, ui.Option{Value: string(kind), Say: f.visit.Say("words.to-" + string(kind))})
		}
	}
	b := of.Branding
	add(wording.ToPhone, b.Phone != nil)
	add(wording.ToEmail, b.Email != "")
	add(wording.ToWebsite, b.Website != "")
	add(wording.ToURL, true)
	add(wording.ToUnsubscribe, of.Purpose == wording.Marketing)
	add(wording.ToConfirm, of.Purpose == wording.Transactional)
	add(wording.ToDecline, of.Purpose == wording.Transactional)
	add(wording.ToOwn, false)
	return out
}

func (f *form) choices(name string, all []wording.Condition) []ui.Option {
	out := []ui.Option{{Value: "", Say: f.visit.Say("words.always-" + name)}}
	for _, c := range all {
		out = append(out, ui.Option{Value: string(c), Say: f.visit.Say("words.when-" + string(c))})
	}
	return out
}

func (f *form) input(name string, more ui.Field) ui.Field {
	more.Name, more.Value, more.Error = name, f.values[name], errorOf(f.problems, name)
	more.Label = cmp.Or(more.Label, f.visit.Say("words.input-"+name))
	return more
}
