// Package compare says what one version of a template says otherwise than another, as people read it: block by block, word by word.
//
// It promises: whatever two versions differ in is part of the answer, so that equal answers mean equal versions; text is compared as it is typed (package markup).
// It is pure.
package compare

import (
	"fmt"
	"slices"
	"strings"

	"letterhead/template/markup"
	"letterhead/wording"
)

// Op is what became of something.
type Op string

// The ops.
const (
	Same    Op = "same"
	Added   Op = "added"
	Removed Op = "removed"
	Changed Op = "changed"
	Moved   Op = "moved" // says the same, at another place
)

// Run is a piece of text: the same, added or removed.
type Run struct {
	Op   Op
	Text string
}

// Row is one part of a language: its subject, its preview line, a block, or a sentence of the text message.
type Row struct {
	Op       Op
	Part     string // subject, preheader, sms, or the block's kind
	Words    []Run
	Was, Now []wording.Condition
}

// Language is what became of one language.
type Language struct {
	Tag  string
	Op   Op
	Rows []Row
}

// Fact is something that all languages share: what it was and is.
type Fact struct{ Name, Was, Now string }

// Comparison is the whole.
type Comparison struct {
	Facts     []Fact // those that differ
	Languages []Language
}

// Equal tells that nothing differs.
func (c Comparison) Equal() bool {
	return len(c.Facts) == 0 && !slices.ContainsFunc(c.Languages, func(l Language) bool { return l.Op != Same })
}

// Versions compares two versions.
func Versions(was, now *wording.Version) Comparison {
	var c Comparison
	before, after := facts(was), facts(now)
	for i := range before {
		if before[i][1] != after[i][1] {
			c.Facts = append(c.Facts, Fact{before[i][0], before[i][1], after[i][1]})
		}
	}
	for i := range was.Languages {
		old := &was.Languages[i]
		if l, kept := now.Language(old.Tag); kept {
			c.Languages = append(c.Languages, language(old, l))
		} else {
			c.Languages = append(c.Languages, Language{Tag: old.Tag, Op: Removed, Rows: rows(parts(old), nil)})
		}
	}
	for i := range now.Languages {
		l := &now.Languages[i]
		if _, kept := was.Language(l.Tag); !kept {
			c.Languages = append(c.Languages, Language{Tag: l.Tag, Op: Added, Rows: rows(nil, parts(l))})
		}
	}
	return c
}

// facts are what all languages share, by name.
func facts(v *wording.Version) [][2]string {
	b := v.Branding
	phone, logo := "", ""
	if b.Phone != nil {
		phone = b.Phone.Display
		if !strings.Contains(strings.Map(digits, b.Phone.Display), strings.Map(digits, b.Phone.Number)) {
			phone += " (" + b.Phone.Number + ")"
		}
	}
	if b.Logo != nil {
		logo = b.Logo.Alt + " " + b.Logo.SHA256[:12]
	}
	tags := make([]string, len(v.Languages))
	for i := range v.Languages {
		tags[i] = v.Languages[i].Tag
	}
	return [][2]string{
		{"purpose", string(v.Purpose)}, {"sender", v.Sender.Name + " <" + v.Sender.Local + "@" + v.Sender.Domain + ">"}, {"hosts", strings.Join(v.Hosts, ", ")},
		{"default", v.DefaultLanguage}, {"languages", strings.Join(tags, ", ")}, {"name", b.Name}, {"colour", b.Accent}, {"logo", logo}, {"address", strings.Join(b.Address, ", ")},
		{"phone", phone}, {"email", b.Email}, {"website", b.Website}, {"health", fmt.Sprint(v.HealthInSMS)}, {"format", fmt.Sprint(v.Format)},
	}
}

// solid are a text's words and signs, without the blanks.
func solid(text string) []string {
	return slices.DeleteFunc(split(text), func(word string) bool { return strings.TrimSpace(word) == "" })
}

func digits(r rune) rune {
	if r >= '0' && r <= '9' {
		return r
	}
	return -1
}

// part is a part of a language as text.
type part struct {
	name, text string
	when       []wording.Condition
}

// parts are a language's, in the order in which they are read.
func parts(l *wording.Language) []part {
	out := []part{{name: "subject", text: markup.Line(l.Subject)}}
	if len(l.Preheader) > 0 {
		out = append(out, part{name: "preheader", text: markup.Line(l.Preheader)})
	}
	for i := range l.Blocks {
		out = append(out, part{string(l.Blocks[i].Kind), Block(&l.Blocks[i]), l.Blocks[i].When})
	}
	for _, s := range l.SMS {
		out = append(out, part{"sms", markup.Line(s.Content), s.When})
	}
	return out
}

// Block is a block's own text: as it is typed, or what tells it from another of its kind.
func Block(b *wording.Block) string {
	switch b.Kind {
	case wording.HeadingBlock:
		return markup.Line(b.Content)
	case wording.TextBlock, wording.FooterBlock:
		return markup.Paragraphs(b.Paragraphs)
	case wording.ButtonBlock:
		if b.Target != nil {
			return b.Label + " → " + markup.End(*b.Target)
		}
		return b.Label
	case wording.CardBlock:
		if b.Service {
			return "service"
		}
	case wording.ImageBlock:
		if b.Image != nil {
			return b.Image.Alt + " " + b.Image.SHA256[:min(12, len(b.Image.SHA256))]
		}
	case wording.DividerBlock, wording.AddressBlock:
	}
	return ""
}

func language(was, now *wording.Language) Language {
	out := Language{Tag: now.Tag, Op: Same, Rows: rows(parts(was), parts(now))}
	if slices.ContainsFunc(out.Rows, func(r Row) bool { return r.Op != Same }) {
		out.Op = Changed
	}
	return out
}

// rows pairs the parts of two lists, each in its order.
func rows(was, now []part) []Row {
	var out []Row
	i, j := 0, 0
	add := func(op Op, p *part) {
		r := Row{Op: op, Part: p.name, Words: []Run{{op, p.text}}}
		if op == Removed {
			r.Was = p.when
		} else {
			r.Now = p.when
		}
		out = append(out, r)
	}
	for _, pair := range pairs(was, now) {
		for ; i < pair[0]; i++ {
			add(Removed, &was[i])
		}
		for ; j < pair[1]; j++ {
			add(Added, &now[j])
		}
		r := Row{Op: Same, Part: now[j].name, Words: Words(was[i].text, now[j].text), Was: was[i].when, Now: now[j].when}
		if was[i].text != now[j].text || !slices.Equal(was[i].when, now[j].when) {
			r.Op = Changed
		}
		out = append(out, r)
		i, j = i+1, j+1
	}
	for ; i < len(was); i++ {
		add(Removed, &was[i])
	}
	for ; j < len(now); j++ {
		add(Added, &now[j])
	}
	return moved(out)
}

// moved marks what is gone at one place and there at another, and says it once.
func moved(all []Row) []Row {
	gone := map[int]bool{}
	for j := range all {
		if all[j].Op != Added {
			continue
		}
		for i := range all {
			if all[i].Op == Removed && !gone[i] && all[i].Part == all[j].Part && all[i].Words[0].Text == all[j].Words[0].Text && slices.Equal(all[i].Was, all[j].Now) {
				gone[i], all[j].Op, all[j].Words[0].Op, all[j].Was = true, Moved, Same, all[i].Was
				break
			}
		}
	}
	out := all[:0]
	for i := range all {
		if !gone[i] {
			out = append(out, all[i])
		}
	}
	return out
}

// pairs finds which parts of two lists are the same thing: of one kind and alike, in an order that both have, as much alike in all as can be.
func pairs(was, now []part) [][2]int {
	best := make([][]float64, len(was)+1)
	for i := range best {
		best[i] = make([]float64, len(now)+1)
	}
	for i := len(was) - 1; i >= 0; i-- {
		for j := len(now) - 1; j >= 0; j-- {
			best[i][j] = max(best[i+1][j], best[i][j+1])
			if a := alike(&was[i], &now[j]); a > 0 {
				best[i][j] = max(best[i][j], a+best[i+1][j+1])
			}
		}
	}
	var out [][2]int
	for i, j := 0, 0; i < len(was) && j < len(now); {
		switch a := alike(&was[i], &now[j]); {
		case a > 0 && best[i][j] == a+best[i+1][j+1]:
			out = append(out, [2]int{i, j})
			i, j = i+1, j+1
		case best[i][j] == best[i+1][j]:
			i++
		default:
			j++
		}
	}
	return out
}

// alike is how much of two parts is the same, from 0 to just above 1. What a language has once is always the same thing.
func alike(a, b *part) float64 {
	if a.name != b.name {
		return 0
	}
	if a.text == b.text {
		if slices.Equal(a.when, b.when) {
			return 1.1
		}
		return 1
	}
	if a.name == "subject" || a.name == "preheader" || a.name == string(wording.FooterBlock) {
		return 0.5
	}
	count := map[string]int{}
	first, second := solid(a.text), solid(b.text)
	for _, word := range first {
		count[word]++
	}
	common := 0
	for _, word := range second {
		if count[word] > 0 {
			count[word]--
			common++
		}
	}
	if share := 2 * float64(common) / float64(max(1, len(first)+len(second))); share >= 0.3 {
		return share
	}
	return 0
}
