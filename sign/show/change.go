package show

import (
	"slices"
	"strings"
)

// Change is what a template says otherwise than the version in force, in one language.
type Change struct {
	Language  string
	Gone, New []string // lines, each once, in their order
}

// mostLines bounds what is compared.
const mostLines = 5000

// Changes compares two versions by every line that any of their examples has: subjects, plain texts, text messages, and what stands around them.
func Changes(before, now *Wording) []Change {
	var out []Change
	tags := []string{}
	for _, w := range []*Wording{before, now} {
		for _, l := range w.Languages {
			if !slices.Contains(tags, l.Tag) {
				tags = append(tags, l.Tag)
			}
		}
	}
	around := Change{Gone: missing(before.around(), now.around()), New: missing(now.around(), before.around())}
	if len(around.Gone)+len(around.New) > 0 {
		out = append(out, around)
	}
	for _, tag := range tags {
		old, new := before.lines(tag), now.lines(tag)
		c := Change{Language: tag, Gone: missing(old, new), New: missing(new, old)}
		if len(c.Gone)+len(c.New) > 0 {
			out = append(out, c)
		}
	}
	return out
}

func (w *Wording) around() []string {
	out := []string{"From " + w.Sender, "Purpose: " + w.Purpose}
	for _, link := range w.Links {
		out = append(out, "A link to "+link)
	}
	for _, host := range w.Hosts {
		out = append(out, "Website allowed: "+host)
	}
	for _, image := range w.Images {
		out = append(out, "Picture: "+image)
	}
	return out
}

func (w *Wording) lines(tag string) []string {
	var out []string
	for _, l := range w.Languages {
		if l.Tag != tag {
			continue
		}
		for _, e := range l.Examples {
			for _, line := range append([]string{e.Subject, e.SMS}, strings.Split(e.Text, "\n")...) {
				if line = strings.TrimSpace(line); line != "" && !slices.Contains(out, line) && len(out) < mostLines {
					out = append(out, line)
				}
			}
		}
	}
	return out
}

// missing are the lines of one that the other lacks.
func missing(of, in []string) []string {
	var out []string
	for _, line := range of {
		if !slices.Contains(in, line) {
			out = append(out, line)
		}
	}
	return out
}
