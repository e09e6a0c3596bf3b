package markup

import (
	"strings"
	"unicode/utf8"

	"letterhead/fault"
	"letterhead/wording"
)

// most bounds a text, in bytes: more than the longest that a version holds.
const most = 64 << 10

// ParseLine reads one plain line. field names it in an error.
func ParseLine(field, text string) ([]wording.Inline, error) {
	text, err := tidy(field, text)
	if err != nil {
		return nil, err
	}
	p := parser{field: field, text: trim(strings.ReplaceAll(text, "\n", " ")), plain: true}
	return p.run()
}

// ParseParagraphs reads paragraphs. field names them in an error.
func ParseParagraphs(field, text string) ([]wording.Paragraph, error) {
	text, err := tidy(field, text)
	if err != nil {
		return nil, err
	}
	type part struct {
		style wording.ParagraphStyle
		lines []string
	}
	var parts []part
	open := false
	for line := range strings.SplitSeq(text, "\n") {
		bare := trim(line)
		indented := strings.HasPrefix(line, "  ")
		found := marker.FindStringSubmatch(bare)
		switch {
		case bare == "":
			open = false
			continue
		case open && parts[len(parts)-1].style != wording.Plain && indented:
		case found != nil:
			style := wording.Bullet
			if found[2] != "" {
				style = wording.Number
			}
			parts, open, bare = append(parts, part{style: style}), true, trim(bare[len(found[0]):])
		case !open || parts[len(parts)-1].style != wording.Plain:
			parts, open = append(parts, part{}), true
		}
		if bare == `\` {
			bare = ""
		}
		last := &parts[len(parts)-1]
		last.lines = append(last.lines, bare)
	}
	var out []wording.Paragraph
	for _, each := range parts {
		p := parser{field: field, text: strings.Join(each.lines, "\n")}
		content, err := p.run()
		if err != nil {
			return nil, err
		}
		out = append(out, wording.Paragraph{Style: each.style, Content: content})
	}
	return out, nil
}

func tidy(field, text string) (string, error) {
	if len(text) > most || !utf8.ValidString(text) {
		return "", fault.Field(field, "markup.long", "this is longer than a message can be; make it shorter")
	}
	return strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n"), nil
}

// trim drops blanks at either end, other than one that a backslash keeps.
func trim(line string) string {
	line = strings.TrimLeft(line, " \t")
	short := strings.TrimRight(line, " \t")
	slashes := len(short) - len(strings.TrimRight(short, `\`))
	if slashes%2 == 1 && len(short) < len(line) {
		return short + " "
	}
	return short
}

type parser struct {
	field        string
	text         string
	plain        bool // no bold, italic, links: their signs are signs
	at           int
	bold, italic bool
	run_         strings.Builder
	out          []wording.Inline
}

func (p *parser) run() ([]wording.Inline, error) {
	for p.at < len(p.text) {
		if err := p.step(); err != nil {
			return nil, err
		}
	}
	p.flush()
	switch {
	case p.bold:
		return nil, fault.Field(p.field, "markup.bold", `a * begins bold and nothing ends it; put another * after the bold words, or write \* for the sign`)
	case p.italic:
		return nil, fault.Field(p.field, "markup.italic", `a _ begins italic and nothing ends it; put another _ after the words, or write \_ for the sign`)
	}
	return p.out, nil
}

func (p *parser) flush() {
	if p.run_.Len() > 0 {
		p.out = append(p.out, wording.Inline{Text: p.run_.String(), Bold: p.bold, Italic: p.italic})
		p.run_.Reset()
	}
}

func (p *parser) step() error {
	r, size := utf8.DecodeRuneInString(p.text[p.at:])
	switch {
	case r == '\\':
		p.at++
		if next, width := utf8.DecodeRuneInString(p.text[p.at:]); width > 0 && strings.ContainsRune(special, next) {
			p.run_.WriteRune(next)
			p.at += width
			return nil
		}
		p.run_.WriteByte('\\')
		return nil
	case r == '{':
		return p.merge()
	case !p.plain && (r == '*' || r == '_'):
		p.flush()
		for p.at++; p.at < len(p.text) && p.text[p.at] == byte(r); p.at++ { // ** is as good as *
			continue
		}
		if r == '*' {
			p.bold = !p.bold
		} else {
			p.italic = !p.italic
		}
		return nil
	case !p.plain && r == '\n':
		p.flush()
		p.out = append(p.out, wording.Inline{Break: true})
		p.at++
		return nil
	case !p.plain && r == '[':
		if done, err := p.link(); done || err != nil {
			return err
		}
	}
	p.run_.WriteRune(r)
	p.at += size
	return nil
}

// until reads to an unescaped sign, on this line, and goes on after it.
func (p *parser) until(from int, sign byte) (text string, next int, ok bool) {
	var out strings.Builder
	for i := from; i < len(p.text) && p.text[i] != '\n'; i++ {
		switch c := p.text[i]; {
		case c == '\\' && i+1 < len(p.text) && strings.IndexByte(special, p.text[i+1]) >= 0:
			i++
			out.WriteByte(p.text[i])
		case c == sign:
			return out.String(), i + 1, true
		default:
			out.WriteByte(c)
		}
	}
	return "", 0, false
}

// merge reads {field} or {field|fallback}.
func (p *parser) merge() error {
	name, next, ok := p.until(p.at+1, '}')
	if !ok {
		return fault.Field(p.field, "markup.field", `a { begins a field and nothing ends it; write it as {appointment.day}, or \{ for the sign`)
	}
	p.flush()
	name, fallback, _ := strings.Cut(name, "|")
	p.out = append(p.out, wording.Inline{Field: wording.Field(strings.TrimSpace(name)), Fallback: fallback, Bold: p.bold && !p.plain, Italic: p.italic && !p.plain})
	p.at = next
	return nil
}

// link reads [label](end). A bracket that begins no link is a bracket.
func (p *parser) link() (done bool, err error) {
	label, next, ok := p.until(p.at+1, ']')
	if !ok || next >= len(p.text) || p.text[next] != '(' {
		return false, nil
	}
	end, next, ok := p.until(next+1, ')')
	if !ok {
		return false, fault.Field(p.field, "markup.link", "the link %q has no end; write it as [our page](https://clinic.example/)", clip(label))
	}
	if strings.TrimSpace(label) == "" || strings.TrimSpace(end) == "" {
		return false, fault.Field(p.field, "markup.link", "a link needs words and where it leads; write it as [our page](https://clinic.example/)")
	}
	p.flush()
	to := ParseEnd(end)
	p.out = append(p.out, wording.Inline{Text: label, Link: &to, Bold: p.bold, Italic: p.italic})
	p.at = next
	return true, nil
}

func clip(text string) string {
	if runes := []rune(text); len(runes) > 30 {
		return string(runes[:30]) + "…"
	}
	return text
}
