package result

import (
	"fmt"
	"strings"
)

// Tally counts by text, in the order in which texts came first.
type Tally struct {
	order []string
	n     map[string]int
}

// Add counts a text so many times more.
func (t *Tally) Add(text string, n int) {
	if t.n == nil {
		t.n = map[string]int{}
	}
	if t.n[text] == 0 {
		t.order = append(t.order, text)
	}
	t.n[text] += n
}

func (t Tally) String() string {
	var out []string
	for _, text := range t.order {
		if t.n[text] > 1 {
			text = fmt.Sprintf("%s ×%d", text, t.n[text])
		}
		out = append(out, text)
	}
	return strings.Join(out, ", ")
}

// Len is how many texts there are.
func (t Tally) Len() int { return len(t.n) }
