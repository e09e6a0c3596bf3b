package register

import (
	"fmt"
	"slices"
	"strings"
)

// Own is what records of our own incidents carry beyond what other records do.
type Own struct {
	ID        string
	Figures   []Named
	Decisions []Decision
	Evidence  []Evidence
	Lessons   []string
	Carried   []Other // what the file that the incident was read from carried beyond
}

// Named is a figure that the form's [extra.impact] has no key for.
type Named struct {
	Name     string   `json:"name"`
	Figure   Figure   `json:"figure"`
	Evidence []string `json:"evidence,omitempty"` // what shows it, by name
}

// Decision is what somebody decided, and why.
type Decision struct {
	At   string `json:"at"`
	What string `json:"what"`
	Who  string `json:"who"`
	Why  string `json:"why,omitempty"`
}

// Evidence is a file, a range of leaves or a page that shows something.
type Evidence struct {
	Name   string `json:"name"`
	What   string `json:"what"`
	Digest string `json:"digest,omitempty"`
}

func (v *viewer) own(o *Own, extra map[string]any) {
	o.ID = v.text("extra", "id")
	o.Lessons = v.list("extra", "lessons")
	each := func(name string, take func(at []string)) {
		if extra[name] == nil {
			return
		}
		for i := range v.tables(extra, "extra", name) {
			take([]string{"extra", name, fmt.Sprint(i)})
		}
	}
	each("figures", func(at []string) {
		f := Figure{State: State(v.textAt(at, "state")), Note: v.textAt(at, "note")}
		f.Value, _ = v.number(append(slices.Clone(at), "value")...)
		f.Low, _ = v.number(append(slices.Clone(at), "low")...)
		f.High, _ = v.number(append(slices.Clone(at), "high")...)
		if err := f.Check(); err != nil {
			v.say(v.lineOf(at), "%v: the figure is read as unknown", err)
			f = Figure{State: Unknown}
		}
		o.Figures = append(o.Figures, Named{v.textAt(at, "name"), f, v.list(append(slices.Clone(at), "evidence")...)})
	})
	each("decisions", func(at []string) {
		o.Decisions = append(o.Decisions, Decision{v.moment(append(slices.Clone(at), "at")), v.textAt(at, "what"), v.textAt(at, "who"), v.textAt(at, "why")})
	})
	each("evidence", func(at []string) {
		o.Evidence = append(o.Evidence, Evidence{v.textAt(at, "name"), v.textAt(at, "what"), v.textAt(at, "digest")})
	})
	each("carried", func(at []string) {
		o.Carried = append(o.Carried, Other{v.textAt(at, "path"), v.textAt(at, "value")})
	})
}

// Quote writes a text as TOML.
func Quote(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range text {
		switch {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteRune(c)
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\t':
			b.WriteString(`\t`)
		case c == '\r':
			b.WriteString(`\r`)
		case c < 0x20 || c == 0x7f:
			fmt.Fprintf(&b, `\u%04X`, c)
		default:
			b.WriteRune(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}
