package message

import (
	"strings"

	"letterhead/store"
)

// Statements over sets come in few constant shapes, so that the engines keep them prepared: a set is filled up to the next shape.
var shapes = [...]int{1, 4, 16, 50, 100, widest}

const widest = 200

func shape(n int) int {
	for _, s := range shapes {
		if n <= s {
			return s
		}
	}
	return widest
}

// shaped holds one statement in each shape.
type shaped [len(shapes)]string

func (s *shaped) get(n int) string {
	for i := range shapes {
		if shapes[i] == n {
			return s[i]
		}
	}
	panic("message: not a shape")
}

// texts makes head + "(…), (…)" + tail for each shape, rows of width values whose placeholders begin at number first.
func texts(width int, head, tail string, first int) *shaped {
	var out shaped
	for i, n := range shapes {
		var b strings.Builder
		b.WriteString(head)
		for row := range n {
			if row > 0 {
				b.WriteString(", ")
			}
			b.WriteString("(" + store.List(first+row*width, width) + ")")
		}
		b.WriteString(tail)
		out[i] = b.String()
	}
	return &out
}
