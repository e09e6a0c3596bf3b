package compare

import (
	"strings"
	"unicode"
)

// mostCells bounds the table in which two texts are compared; longer ones are shown as wholly other.
const mostCells = 4_000_000

// Words compares two texts word by word.
func Words(was, now string) []Run {
	if was == now {
		return merge([]Run{{Same, was}})
	}
	a, b := split(was), split(now)
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	var out []Run
	add := func(op Op, words ...string) {
		for _, word := range words {
			out = append(out, Run{op, word})
		}
	}
	add(Same, a[:head]...)
	middle(a[head:len(a)-tail], b[head:len(b)-tail], add)
	add(Same, a[len(a)-tail:]...)
	return merge(out)
}

// middle is the longest common subsequence by table, what is gone before what is new.
func middle(a, b []string, add func(Op, ...string)) {
	if len(a) == 0 || len(b) == 0 || len(a)*len(b) > mostCells {
		add(Removed, a...)
		add(Added, b...)
		return
	}
	width := len(b) + 1
	longest := make([]int32, (len(a)+1)*width)
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				longest[i*width+j] = longest[(i+1)*width+j+1] + 1
			} else {
				longest[i*width+j] = max(longest[(i+1)*width+j], longest[i*width+j+1])
			}
		}
	}
	i, j := 0, 0
	for i < len(a) && j < len(b) {
		switch {
		case a[i] == b[j]:
			add(Same, a[i])
			i, j = i+1, j+1
		case longest[(i+1)*width+j] >= longest[i*width+j+1]:
			add(Removed, a[i])
			i++
		default:
			add(Added, b[j])
			j++
		}
	}
	add(Removed, a[i:]...)
	add(Added, b[j:]...)
}

// split cuts a text into words, blanks and signs that stand alone.
func split(text string) []string {
	var out []string
	from := 0
	kind := func(r rune) int {
		switch {
		case unicode.IsSpace(r):
			return 1
		case unicode.IsLetter(r), unicode.IsNumber(r), unicode.IsMark(r), r == '\'', r == '’':
			return 2
		}
		return 3
	}
	last := 0
	for at, r := range text {
		k := kind(r)
		if at > from && (k != last || k == 3) {
			out = append(out, text[from:at])
			from = at
		}
		last = k
	}
	if from < len(text) {
		out = append(out, text[from:])
	}
	return out
}

// merge joins neighbours of one kind. A blank between two changes belongs to them: "two new words" are one change, not two.
func merge(all []Run) []Run {
	var removed, added strings.Builder
	var out []Run
	flush := func() {
		if removed.Len() > 0 {
			out = append(out, Run{Removed, removed.String()})
		}
		if added.Len() > 0 {
			out = append(out, Run{Added, added.String()})
		}
		removed.Reset()
		added.Reset()
	}
	for i, r := range all {
		blank := strings.TrimSpace(r.Text) == ""
		switch {
		case r.Op == Removed:
			removed.WriteString(r.Text)
		case r.Op == Added:
			added.WriteString(r.Text)
		case blank && removed.Len()+added.Len() > 0 && i+1 < len(all) && all[i+1].Op != Same:
			removed.WriteString(r.Text)
			added.WriteString(r.Text)
		default:
			flush()
			if n := len(out) - 1; n >= 0 && out[n].Op == Same {
				out[n].Text += r.Text
			} else if r.Text != "" {
				out = append(out, r)
			}
		}
	}
	flush()
	return out
}
