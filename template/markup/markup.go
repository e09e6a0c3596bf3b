// Package markup writes the words of a wording as text that people type, and reads it back.
//
//	*bold*  _italic_  [our page](https://clinic.example/)  [ring us](phone)  {appointment.day}  {recipient.first_name|there}
//
// An empty line begins a paragraph, a line break is a line break, "- " begins a bullet and "1. " a numbered line; what goes on in the line below is set in by two
// spaces. A backslash makes a sign plain: \* \_ \[ \{ \\.
//
// It promises: what it writes reads back as what it was written from, piece by piece (in its Normal form); what cannot be read is refused with the sign that is
// missing. Whether a field exists or a link may be followed is not its business: wording.Validate says that. It reads no other mark-up and never HTML.
package markup

import (
	"regexp"
	"strconv"
	"strings"

	"letterhead/wording"
)

// special are the signs that a backslash makes plain.
const special = `\*_[](){}|-.•` + " "

var (
	marker = regexp.MustCompile(`^(?:([-•])|([0-9]{1,3})[.)]) +`)
	styled = regexp.MustCompile(`^(?:[-•]|[0-9]{1,3}[.)]) `)
)

// words name the ends of links that are no address.
var words = map[string]wording.TargetKind{
	"website": wording.ToWebsite, "phone": wording.ToPhone, "email": wording.ToEmail, "unsubscribe": wording.ToUnsubscribe, "confirm": wording.ToConfirm, "decline": wording.ToDecline, "own": wording.ToOwn,
}

// End writes where a link leads: an address, or one word.
func End(to wording.Target) string {
	if to.Kind == wording.ToURL {
		return to.URL
	}
	return string(to.Kind)
}

// ParseEnd reads it.
func ParseEnd(text string) wording.Target {
	text = strings.TrimSpace(text)
	if kind, known := words[strings.ToLower(text)]; known {
		return wording.Target{Kind: kind}
	}
	return wording.Target{Kind: wording.ToURL, URL: text}
}

// Line writes one plain line: text and fields.
func Line(run []wording.Inline) string {
	var out strings.Builder
	for _, in := range run {
		if in.Field != "" {
			writeField(&out, in)
			continue
		}
		out.WriteString(escape(in.Text, `\{`))
	}
	return edges(out.String())
}

// Paragraphs writes the paragraphs of a text.
func Paragraphs(all []wording.Paragraph) string {
	var out strings.Builder
	number := 0
	for i, p := range all {
		if i > 0 {
			out.WriteByte('\n')
			if p.Style == wording.Plain || all[i-1].Style != p.Style {
				out.WriteByte('\n')
			}
		}
		indent := ""
		if p.Style != wording.Number {
			number = 0
		}
		switch p.Style {
		case wording.Bullet:
			out.WriteString("- ")
			indent = "  "
		case wording.Number:
			number++
			out.WriteString(strconv.Itoa(number) + ". ")
			indent = "  "
		}
		for j, line := range lines(p.Content) {
			if j > 0 {
				out.WriteString("\n" + indent)
			}
			out.WriteString(line)
		}
	}
	return out.String()
}

// lines writes a run line by line, each complete in itself.
func lines(run []wording.Inline) []string {
	var out []string
	var line strings.Builder
	bold, italic := false, false
	look := func(b, i bool) {
		if italic && !i {
			line.WriteByte('_')
		}
		if bold != b {
			line.WriteByte('*')
		}
		if i && !italic {
			line.WriteByte('_')
		}
		bold, italic = b, i
	}
	end := func() {
		look(false, false)
		text := edges(line.String())
		if text == "" {
			text = `\`
		}
		if at := styled.FindString(text); at != "" {
			sign := 0 // of a bullet; a number's stands behind its digits
			if text[0] >= '0' && text[0] <= '9' {
				sign = len(at) - 2
			}
			text = text[:sign] + `\` + text[sign:]
		}
		out = append(out, text)
		line.Reset()
	}
	for _, in := range run {
		if in.Break {
			end()
			continue
		}
		look(in.Bold, in.Italic)
		switch {
		case in.Field != "":
			writeField(&line, in)
		case in.Link != nil:
			line.WriteString("[" + escape(in.Text, `\*_[]{`) + "](" + escape(End(*in.Link), `\()`) + ")")
		default:
			line.WriteString(escape(in.Text, `\*_[{`))
		}
	}
	end()
	return out
}

func writeField(out *strings.Builder, in wording.Inline) {
	out.WriteString("{" + string(in.Field))
	if in.Fallback != "" {
		out.WriteString("|" + escape(in.Fallback, `\}`))
	}
	out.WriteByte('}')
}

func escape(text, signs string) string {
	var out strings.Builder
	for _, r := range text {
		if strings.ContainsRune(signs, r) {
			out.WriteByte('\\')
		}
		out.WriteRune(r)
	}
	return out.String()
}

// edges keeps blanks at either end, which reading drops.
func edges(line string) string {
	if strings.HasPrefix(line, " ") {
		line = `\` + line
	}
	if strings.HasSuffix(line, " ") && line != `\ ` {
		line = line[:len(line)-1] + `\ `
	}
	return line
}
