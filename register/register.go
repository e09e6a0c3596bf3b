// Package register is the format of a public register of incidents: one file a record, Markdown with TOML front matter between lines of +++.
//
// Parse reads a record into a Document that covers every byte of its file: Bytes gives them back as they were, whatever the record carries that
// this package has no word for: unknown keys, comments, order, spacing, quoting, line endings, a byte order mark. View says what the record
// means, with a remark and a line for whatever could not be understood. Nothing is ever guessed: the form writes 0 both for "none" and for "not
// known", so a bare 0 is read as unknown.
//
// What does not parse is refused with a Problem: a line and a reason. Refused are files that are no record (truncated, no front matter, invalid
// UTF-8, control characters), that are larger than any record needs to be, and that attack whoever shows them: HTML, addresses that are not
// http or https, paths that leave their folder.
//
// The package is pure: it has no clock, no files, no network. Package prose below it renders a record's text, package site the whole register.
package register

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"letterhead/register/prose"
)

// Limits of one record. The largest of a register of 400 has 12 kB.
const (
	MaxFile  = 1 << 20
	MaxFront = 256 << 10
	MaxBody  = 256 << 10
	maxValue = 64 << 10 // one text of the front matter
	maxDepth = 16       // tables and arrays within one another
	maxKeys  = 2000
)

// Problem says where and why a file is no record.
type Problem struct {
	Line int // 0 where it is the file as a whole
	Say  string
}

func (p *Problem) Error() string {
	if p.Line == 0 {
		return p.Say
	}
	return fmt.Sprintf("line %d: %s", p.Line, p.Say)
}

func problem(line int, format string, args ...any) *Problem {
	return &Problem{Line: line, Say: fmt.Sprintf(format, args...)}
}

// Document is a record as it stands in its file.
type Document struct {
	nodes  []Node
	values map[string]any
	lines  map[string]int // the line of each key, by its path
	body   string         // the record's text
	remark []Remark
}

// Kind is what a part of a file is.
type Kind string

// The parts of a file, in the order in which they stand.
const (
	Lead    Kind = "lead"    // a byte order mark, empty lines before the front matter
	Open    Kind = "open"    // +++
	Space   Kind = "space"   // empty lines between keys
	Comment Kind = "comment" // of its own line
	Table   Kind = "table"   // [extra.impact] or [[extra.legal]], with its line's end
	Entry   Kind = "entry"   // key = value, with its line's end
	Close   Kind = "close"   // +++
	Body    Kind = "body"    // the record's text
	Stray   Kind = "stray"   // front matter that stands behind the text
)

// Node is one part of a file; all of them, one behind the other, are the file.
type Node struct {
	Kind  Kind
	Text  string   // exactly as it stands
	Line  int      // of its first byte
	Path  []string // of a table or an entry: where its value is found
	Value string   // of an entry: its value as written, without comment
}

// Bytes is the file, byte for byte.
func (d *Document) Bytes() []byte {
	var out bytes.Buffer
	for _, n := range d.nodes {
		out.WriteString(n.Text)
	}
	return out.Bytes()
}

// Parse reads one file.
func Parse(raw []byte) (*Document, error) {
	text, err := readable(raw)
	if err != nil {
		return nil, err
	}
	front, err := split(text)
	if err != nil {
		return nil, err
	}
	d := &Document{values: map[string]any{}, lines: map[string]int{}}
	d.add(Node{Kind: Lead, Text: front.lead, Line: 1})
	d.add(Node{Kind: Open, Text: front.open, Line: front.line})
	inner, err := parseTOML(front.inner, front.line+1)
	if err != nil {
		return nil, err
	}
	d.nodes = append(d.nodes, inner.nodes...)
	d.values, d.lines = inner.values, inner.lines
	closing := front.line + 1 + strings.Count(front.inner, "\n")
	d.add(Node{Kind: Close, Text: front.close, Line: closing})
	if err := d.addBody(front.body, closing+1); err != nil {
		return nil, err
	}
	return d, nil
}

func (d *Document) add(n Node) {
	if n.Text != "" {
		d.nodes = append(d.nodes, n)
	}
}

const mark = "\uFEFF" // the byte order mark

// readable refuses what no text editor would show.
func readable(raw []byte) (string, error) {
	if len(raw) > MaxFile {
		return "", problem(0, "the file has %d bytes; a record has at most %d", len(raw), MaxFile)
	}
	line := 1
	for at := 0; at < len(raw); {
		c, size := utf8.DecodeRune(raw[at:])
		switch {
		case c == utf8.RuneError && size == 1:
			return "", problem(line, "the byte %#x is not UTF-8: save the file as UTF-8", raw[at])
		case c == '\n':
			line++
		case c < 0x20 && c != '\t' && c != '\r', c == 0x7f:
			return "", problem(line, "the control character %#x has no place in a record: take it out", c)
		}
		at += size
	}
	return string(raw), nil
}

type parts struct {
	lead, open, inner, close, body string
	line                           int // of the opening +++
}

// split finds the lines of +++. Each part keeps its line ends, so that the parts add up to the text.
func split(text string) (parts, error) {
	var p parts
	rest := text
	if strings.HasPrefix(rest, mark) {
		p.lead, rest = mark, rest[len(mark):]
	}
	p.line = 1
	for {
		line, after := cutLine(rest)
		said := strings.TrimSpace(line)
		if said == "+++" {
			p.open, rest = line, after
			break
		}
		switch {
		case line == "":
			return p, problem(0, "the file is empty: a record begins with a line of +++")
		case said == "---":
			return p, problem(p.line, "the front matter is YAML (---); a record has TOML between lines of +++")
		case strings.HasPrefix(said, "<"):
			return p, problem(p.line, "this is HTML and no record: a record begins with a line of +++")
		case said != "":
			return p, problem(p.line, "a record begins with a line of +++ and its front matter")
		}
		p.lead += line
		rest = after
		p.line++
	}
	at := 0
	for at < len(rest) {
		line, _ := cutLine(rest[at:])
		if strings.HasPrefix(line, "+++") && strings.TrimSpace(line) == "+++" {
			p.inner, p.close, p.body = rest[:at], line, rest[at+len(line):]
			break
		}
		at += len(line)
	}
	switch {
	case p.close == "":
		return p, problem(p.line, "the front matter is opened here and never closed: a line of +++ is missing, or the file is cut off")
	case len(p.inner) > MaxFront:
		return p, problem(p.line, "the front matter has %d bytes; at most %d", len(p.inner), MaxFront)
	case len(p.body) > MaxBody:
		return p, problem(p.line+1+strings.Count(p.inner, "\n"), "the text has %d bytes; at most %d", len(p.body), MaxBody)
	}
	return p, nil
}

// cutLine returns the first line with its end, and what follows.
func cutLine(text string) (line, rest string) {
	if i := strings.IndexByte(text, '\n'); i >= 0 {
		return text[:i+1], text[i+1:]
	}
	return text, ""
}

// addBody takes the text, and front matter that somebody's tool has put behind it: a block of tables that ends with +++ at the file's end.
func (d *Document) addBody(body string, line int) error {
	text, stray := cutStray(body)
	d.body = text
	d.add(Node{Kind: Body, Text: text, Line: line})
	for _, p := range prose.Check(text) {
		return problem(line-1+p.Line, "%s", p.Say)
	}
	if stray == "" {
		return nil
	}
	line += strings.Count(text, "\n")
	d.add(Node{Kind: Stray, Text: stray, Line: line})
	if strings.HasPrefix(stray, "+++") {
		d.say(line, "a line of +++ stands behind the text and closes nothing: take it out")
		return nil
	}
	inner, err := parseTOML(stray[:strings.LastIndex(stray, "+++")], line)
	if err != nil {
		return err
	}
	if kept := merge(d.values, inner.values); !kept {
		d.say(line, "front matter stands behind the text and says otherwise than the one before it, which counts")
	} else {
		d.say(line, "front matter stands behind the text: move it before the second +++ (it was read)")
	}
	for path, at := range inner.lines {
		if d.lines[path] == 0 {
			d.lines[path] = at
		}
	}
	return nil
}

func (d *Document) say(line int, format string, args ...any) {
	d.remark = append(d.remark, Remark{Line: line, Say: fmt.Sprintf(format, args...)})
}

// cutStray returns the text and the block behind it, which is empty as a rule, or a lone line of +++.
func cutStray(body string) (text, stray string) {
	trimmed := strings.TrimRight(body, " \t\r\n")
	if !strings.HasSuffix(trimmed, "\n+++") {
		return body, ""
	}
	for at, tries := 0, 0; at < len(trimmed) && tries < 64; {
		line, _ := cutLine(body[at:])
		if strings.HasPrefix(line, "[") && strings.HasSuffix(strings.TrimSpace(line), "]") {
			tries++
			if _, err := parseTOML(strings.TrimSuffix(trimmed[at:], "+++"), 1); err == nil {
				return body[:at], body[at:]
			}
		}
		at += len(line)
	}
	last := len(trimmed) - len("+++")
	return body[:last], body[last:]
}

// merge puts what is new into old, and says whether nothing in new was contradicted.
func merge(old, more map[string]any) bool {
	whole := true
	for key, value := range more {
		there, is := old[key]
		inner, table := value.(map[string]any)
		outer, both := there.(map[string]any)
		switch {
		case !is:
			old[key] = value
		case table && both:
			whole = merge(outer, inner) && whole
		default:
			whole = whole && fmt.Sprint(there) == fmt.Sprint(value)
		}
	}
	return whole
}
