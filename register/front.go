package register

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// front is parsed front matter: every byte in nodes, every value in values.
type front struct {
	nodes  []Node
	values map[string]any
	lines  map[string]int
}

// parseTOML reads front matter whose first byte stands on a line of the file. The library says what is TOML and what it means; the ranges of
// its syntax tree say where, and what lies between them is kept as space.
func parseTOML(text string, line int) (front, error) {
	f := front{values: map[string]any{}, lines: map[string]int{}}
	raw := []byte(text)
	raw = raw[:len(raw):len(raw)]
	if err := toml.Unmarshal(raw, &f.values); err != nil {
		var wrong *toml.DecodeError
		if errors.As(err, &wrong) {
			at, _ := wrong.Position()
			return f, problem(line-1+at, "this is not TOML: %s", strings.TrimPrefix(wrong.Error(), "toml: "))
		}
		return f, problem(line, "this is not TOML: %s", strings.TrimPrefix(err.Error(), "toml: "))
	}
	w := walker{front: &f, text: text, line: line, base: line}
	var p unstable.Parser
	p.KeepComments = true
	p.Reset(raw)
	for p.NextExpression() {
		if err := w.expression(p.Expression()); err != nil {
			return f, err
		}
	}
	if err := p.Error(); err != nil {
		return f, problem(w.line, "this is not TOML: %v", err)
	}
	w.space(len(text))
	return f, checkTexts(f.values, nil, f.lines, line)
}

type walker struct {
	*front
	text   string
	at     int // what is covered by nodes
	line   int // of the byte at at
	base   int
	table  []string
	counts map[string]int // of [[tables]], by their path
}

func (w *walker) take(n Node, to int) {
	n.Text, n.Line = w.text[w.at:to], w.line
	w.nodes = append(w.nodes, n)
	w.line += strings.Count(n.Text, "\n")
	w.at = to
}

// space covers what stands before an expression: empty lines and indents.
func (w *walker) space(to int) {
	if to > w.at {
		w.take(Node{Kind: Space}, to)
	}
}

// expression covers a comment, a table's head or an entry up to its line's end.
func (w *walker) expression(n *unstable.Node) error {
	if len(w.nodes) > maxKeys {
		return problem(w.line, "the front matter has more than %d lines of keys", maxKeys)
	}
	start, end := int(n.Raw.Offset), int(n.Raw.Offset+n.Raw.Length)
	if n.Kind == unstable.Table || n.Kind == unstable.ArrayTable {
		it := n.Key()
		it.Next()
		start = strings.LastIndexByte(w.text[:it.Node().Raw.Offset], '[')
		if n.Kind == unstable.ArrayTable {
			start--
		}
		end = start // the rest of its line follows; a head cannot span lines
	}
	w.space(start)
	if next := strings.IndexByte(w.text[end:], '\n'); next >= 0 {
		end += next + 1
	} else {
		end = len(w.text)
	}
	switch n.Kind {
	case unstable.Comment:
		w.take(Node{Kind: Comment}, end)
		return nil
	case unstable.Table, unstable.ArrayTable:
		return w.head(n, end)
	}
	return w.entry(n, end)
}

func (w *walker) head(n *unstable.Node, end int) error {
	keys, _ := keysOf(n)
	if len(keys) > maxDepth {
		return problem(w.line, "a table %d levels deep; at most %d", len(keys), maxDepth)
	}
	path := w.within(keys)
	if n.Kind == unstable.ArrayTable {
		if w.counts == nil {
			w.counts = map[string]int{}
		}
		name := key(path)
		path = append(path, fmt.Sprint(w.counts[name]))
		w.counts[name]++
	}
	w.table = path
	w.lines[key(path)] = w.line
	w.take(Node{Kind: Table, Path: path}, end)
	return nil
}

// within puts the place of the last of its [[tables]] into a path: extra.legal.note belongs to the legal table above it.
func (w *walker) within(keys []string) []string {
	var path []string
	for i, k := range keys {
		path = append(path, k)
		if n := w.counts[key(path)]; n > 0 && i < len(keys)-1 {
			path = append(path, fmt.Sprint(n-1))
		}
	}
	return path
}

func (w *walker) entry(n *unstable.Node, end int) error {
	keys, behind := keysOf(n)
	if d := len(w.table) + len(keys) + depth(n.Value()); d > maxDepth {
		return problem(w.line, "a value %d levels deep; at most %d", d, maxDepth)
	}
	path := append(append([]string{}, w.table...), keys...)
	w.lines[key(path)] = w.line
	written := w.text[behind : n.Raw.Offset+n.Raw.Length]
	written = strings.TrimSpace(strings.TrimPrefix(strings.TrimLeft(written, " \t"), "="))
	w.take(Node{Kind: Entry, Path: path, Value: written}, end)
	return nil
}

// keysOf returns a dotted key's parts, and where the last of them ends.
func keysOf(n *unstable.Node) (keys []string, behind int) {
	for it := n.Key(); it.Next(); {
		keys = append(keys, string(it.Node().Data))
		behind = int(it.Node().Raw.Offset + it.Node().Raw.Length)
	}
	return keys, behind
}

// depth is how many arrays and inline tables stand within one another, at most a few more than are allowed.
func depth(n *unstable.Node) int {
	deepest := 0
	type place struct {
		node  *unstable.Node
		level int
	}
	todo := []place{{n, 0}}
	for len(todo) > 0 {
		p := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		deepest = max(deepest, p.level)
		if deepest > maxDepth {
			return deepest
		}
		switch p.node.Kind {
		case unstable.Array, unstable.InlineTable, unstable.KeyValue:
			for it := p.node.Children(); it.Next(); {
				level := p.level
				if p.node.Kind != unstable.KeyValue {
					level++
				}
				todo = append(todo, place{it.Node(), level})
			}
		}
	}
	return deepest
}

// key is a path as one text; keys may hold dots, so it joins by what no key holds unescaped.
func key(path []string) string { return strings.Join(path, "\x00") }
