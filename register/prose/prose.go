// Package prose renders a record's text, which is Markdown by somebody unknown, as HTML that can do nothing.
//
// What comes out holds headings, paragraphs, lists, tables, quotes, code and links, and no attribute but a link's address. Links lead to http
// and https; others stand as text. Pictures become links to them, so that a page loads nothing. HTML in the text is refused by Check; comments
// are left out and <br> is a line's end. Should HTML ever come as far as HTML, it is shown as text.
package prose

import (
	"bytes"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// Problem is a line of the text, counted from 1, and what is wrong with it.
type Problem struct {
	Line int
	Say  string
}

var markdown = goldmark.New(goldmark.WithExtensions(extension.NewTable(extension.WithTableCellAlignMethod(extension.TableCellAlignAttribute)), extension.Strikethrough, extension.NewLinkify(
	extension.WithLinkifyAllowedProtocols([]string{"http:", "https:"}),
	extension.WithLinkifyEmailRegexp(regexp.MustCompile(`[^\s\S]`)), // addresses of people are not made links
)), goldmark.WithRendererOptions(renderer.WithNodeRenderers(util.Prioritized(plain{}, 1))))

// Bounds of a text. The parser's time grows with the square of the marks in one paragraph, so that a hostile one of 64 kB takes minutes.
const (
	maxNested = 24    // quotes and lists within one another
	maxMarks  = 600   // marks such as * and [ in one paragraph
	maxAll    = 6000  // and in the whole text
	maxLength = 20000 // bytes of one paragraph
)

// Check returns the first thing in a text for which a record is refused: HTML, links that run something, structure no reader follows.
func Check(body string) []Problem {
	if p := tooMuch(body); p != nil {
		return []Problem{*p}
	}
	source := []byte(body)
	var found []Problem
	_ = ast.Walk(markdown.Parser().Parse(text.NewReader(source)), func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		say := ""
		switch n := n.(type) {
		case *ast.RawHTML:
			say = rawProblem(string(n.Segments.Value(source)))
		case *ast.HTMLBlock:
			say = rawProblem(blockText(n, source))
		case *ast.Link:
			say = linkProblem(string(n.Destination))
		case *ast.Image:
			say = linkProblem(string(n.Destination))
		case *ast.AutoLink:
			say = linkProblem(string(n.URL(source)))
		}
		if say != "" {
			found = append(found, Problem{Line: 1 + bytes.Count(source[:place(n)], []byte("\n")), Say: say})
			return ast.WalkStop, nil
		}
		return ast.WalkContinue, nil
	})
	return found
}

const marks = "*_~`[]()<>&|!\\:@"

// tooMuch counts marks, before the parser works on them.
func tooMuch(body string) *Problem {
	all, here, length := 0, 0, 0
	for i, line := range strings.Split(body, "\n") {
		if strings.TrimSpace(line) == "" {
			here, length = 0, 0
			continue
		}
		begins := len(line) - len(strings.TrimLeft(line, "> \t-*+0123456789.)"))
		nested := strings.Count(line[:begins], ">") + strings.Count(line[:begins], "- ") + strings.Count(line[:begins], "* ") + strings.Count(line[:begins], "+ ") + strings.Count(line[:begins], ". ") + strings.Count(line[:begins], ") ")
		if nested > maxNested && strings.Trim(line, "-* \t\r") != "" {
			return &Problem{Line: i + 1, Say: fmt.Sprintf("more than %d quotes or lists within one another", maxNested)}
		}
		n := len(line) - len(strings.Map(func(c rune) rune {
			if strings.ContainsRune(marks, c) {
				return -1
			}
			return c
		}, line))
		all, here, length = all+n, here+n, length+len(line)
		switch {
		case here > maxMarks:
			return &Problem{Line: i + 1, Say: fmt.Sprintf("more than %d marks such as * and [ in one paragraph", maxMarks)}
		case all > maxAll:
			return &Problem{Line: i + 1, Say: fmt.Sprintf("more than %d marks such as * and [ in one text", maxAll)}
		case length > maxLength:
			return &Problem{Line: i + 1, Say: fmt.Sprintf("a paragraph of more than %d bytes", maxLength)}
		}
	}
	return nil
}

var (
	comment = regexp.MustCompile(`(?s)<!--.*?-->`)
	newline = regexp.MustCompile(`(?i)<br\s*/?>`)
	tag     = regexp.MustCompile(`<[/!?]?[A-Za-z\[][^>]{0,40}`)
)

func rawProblem(raw string) string {
	rest := newline.ReplaceAllString(comment.ReplaceAllString(raw, ""), "")
	m := tag.FindString(rest)
	if m == "" {
		if strings.Contains(rest, "<!--") {
			return "an HTML comment that is opened and never closed"
		}
		return ""
	}
	return fmt.Sprintf("HTML (%s): a record's text is Markdown without HTML", strings.Join(strings.Fields(m+">"), " "))
}

// running are addresses that do something instead of leading somewhere.
var running = map[string]bool{"javascript": true, "vbscript": true, "data": true, "file": true, "blob": true, "filesystem": true}

func linkProblem(destination string) string {
	scheme, _, is := strings.Cut(strings.ToLower(strings.Map(func(c rune) rune {
		if c <= ' ' {
			return -1
		}
		return c
	}, unescape(destination))), ":")
	if is && running[scheme] {
		return fmt.Sprintf("a link to %s: leads nowhere: links begin with https:// or http://", scheme)
	}
	return ""
}

func unescape(destination string) string {
	return string(util.UnescapePunctuations(util.ResolveEntityNames(util.ResolveNumericReferences([]byte(destination)))))
}

func blockText(n *ast.HTMLBlock, source []byte) string {
	var b strings.Builder
	for i := range n.Lines().Len() {
		line := n.Lines().At(i)
		b.Write(line.Value(source))
	}
	if n.HasClosure() {
		b.Write(n.ClosureLine.Value(source))
	}
	return b.String()
}

// place is where a node stands in the source: its own first byte, or that of what is within or around it.
func place(n ast.Node) int {
	switch n := n.(type) {
	case *ast.RawHTML:
		if n.Segments.Len() > 0 {
			return n.Segments.At(0).Start
		}
	case *ast.Text:
		return n.Segment.Start
	}
	if n.Type() == ast.TypeBlock && n.Lines().Len() > 0 {
		return n.Lines().At(0).Start
	}
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if at := place(c); at > 0 {
			return at
		}
	}
	for p := n.Parent(); p != nil; p = p.Parent() {
		if p.Type() == ast.TypeBlock && p.Lines().Len() > 0 {
			return p.Lines().At(0).Start
		}
	}
	return 0
}

// HTML renders a text; its highest heading becomes level.
func HTML(body string, level int) (string, error) {
	source := []byte(body)
	document := markdown.Parser().Parse(text.NewReader(source))
	settle(document, level)
	var out bytes.Buffer
	if err := markdown.Renderer().Render(&out, source, document); err != nil {
		return "", fmt.Errorf("render: %w", err)
	}
	return out.String(), nil
}

// settle gives the headings levels that begin at level and leave none out.
func settle(document ast.Node, level int) {
	var headings []*ast.Heading
	highest := 6
	_ = ast.Walk(document, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if h, is := n.(*ast.Heading); is && entering {
			headings = append(headings, h)
			highest = min(highest, h.Level)
		}
		return ast.WalkContinue, nil
	})
	last := level - 1
	for _, h := range headings {
		h.Level = min(level+h.Level-highest, last+1, 6)
		last = h.Level
	}
}

// Text is a text without its marks, for a search and a summary.
func Text(body string) string {
	source := []byte(body)
	var b strings.Builder
	_ = ast.Walk(markdown.Parser().Parse(text.NewReader(source)), func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		switch n := n.(type) {
		case *ast.Text:
			if entering {
				b.Write(n.Segment.Value(source))
				if n.SoftLineBreak() || n.HardLineBreak() {
					b.WriteByte(' ')
				}
			}
		case *ast.String:
			if entering {
				b.Write(n.Value)
			}
		default:
			if !entering && n.Type() == ast.TypeBlock {
				b.WriteByte('\n')
			}
		}
		return ast.WalkContinue, nil
	})
	return strings.TrimSpace(string(util.UnescapePunctuations(util.ResolveEntityNames(util.ResolveNumericReferences([]byte(b.String()))))))
}

// plain renders what goldmark would render as links, pictures and HTML.
type plain struct{}

// RegisterFuncs implements renderer.NodeRenderer.
func (plain) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(ast.KindLink, func(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
		return link(w, string(n.(*ast.Link).Destination), entering)
	})
	r.Register(ast.KindAutoLink, func(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		a := n.(*ast.AutoLink)
		if _, err := link(w, string(a.URL(source)), true); err != nil {
			return ast.WalkStop, err
		}
		escape(w, a.Label(source))
		return link(w, string(a.URL(source)), false)
	})
	r.Register(ast.KindImage, func(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering {
			_, _ = w.WriteString("Picture: ")
		}
		return link(w, string(n.(*ast.Image).Destination), entering)
	})
	r.Register(ast.KindRawHTML, func(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering {
			raw(w, string(n.(*ast.RawHTML).Segments.Value(source)))
		}
		return ast.WalkSkipChildren, nil
	})
	r.Register(ast.KindHTMLBlock, func(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering {
			raw(w, blockText(n.(*ast.HTMLBlock), source))
		}
		return ast.WalkContinue, nil
	})
	r.Register(ast.KindHeading, func(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
		form := "<h%d>"
		if !entering {
			form = "</h%d>\n"
		}
		_, err := fmt.Fprintf(w, form, n.(*ast.Heading).Level)
		return ast.WalkContinue, err
	})
}

func raw(w util.BufWriter, text string) {
	if newline.MatchString(text) && newline.ReplaceAllString(text, "") == "" {
		_, _ = w.WriteString("<br>")
		return
	}
	escape(w, []byte(comment.ReplaceAllString(text, "")))
}

func escape(w util.BufWriter, text []byte) {
	html.DefaultWriter.RawWrite(w, text)
}

func link(w util.BufWriter, destination string, entering bool) (ast.WalkStatus, error) {
	form := ""
	u, wrong := url.Parse(unescape(destination))
	switch {
	case wrong != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil:
	case entering:
		form = fmt.Sprintf(`<a rel="noopener noreferrer nofollow" href="%s">`, util.EscapeHTML([]byte(u.String())))
	default:
		form = "</a>"
	}
	_, err := w.WriteString(form)
	return ast.WalkContinue, err
}
