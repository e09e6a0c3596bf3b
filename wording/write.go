package wording

import (
	"strings"
)

// Constructors: what a starter set or an editor writes versions with. They check nothing; Validate does.

// Say turns plain text into inlines: {field} merges a field, {field|fallback} with a fallback of its own. A brace that closes nothing is text.
func Say(text string) []Inline {
	var out []Inline
	for text != "" {
		open := strings.IndexByte(text, '{')
		end := strings.IndexByte(text, '}')
		if open < 0 || end < open {
			return append(out, Inline{Text: text})
		}
		if open > 0 {
			out = append(out, Inline{Text: text[:open]})
		}
		name, fallback, _ := strings.Cut(text[open+1:end], "|")
		out = append(out, Inline{Field: Field(name), Fallback: fallback})
		text = text[end+1:]
	}
	return out
}

// Strong marks every inline bold.
func Strong(inlines ...Inline) []Inline {
	for i := range inlines {
		inlines[i].Bold = true
	}
	return inlines
}

// Emphasis marks every inline italic.
func Emphasis(inlines ...Inline) []Inline {
	for i := range inlines {
		inlines[i].Italic = true
	}
	return inlines
}

// Link is text that leads somewhere.
func Link(text string, to Target) []Inline { return []Inline{{Text: text, Link: &to}} }

// NewLine breaks a line inside a paragraph.
func NewLine() []Inline { return []Inline{{Break: true}} }

// Join puts runs of inlines after each other.
func Join(runs ...[]Inline) []Inline {
	var out []Inline
	for _, r := range runs {
		out = append(out, r...)
	}
	return out
}

// Heading is a title line.
func Heading(text string) Block { return Block{Kind: HeadingBlock, Content: Say(text)} }

// Text is a block of plain paragraphs, each as Say reads it.
func Text(paragraphs ...string) Block {
	b := Block{Kind: TextBlock}
	for _, p := range paragraphs {
		b.Paragraphs = append(b.Paragraphs, Paragraph{Content: Say(p)})
	}
	return b
}

// Rich is a block of paragraphs made of inlines.
func Rich(paragraphs ...[]Inline) Block {
	b := Block{Kind: TextBlock}
	for _, p := range paragraphs {
		b.Paragraphs = append(b.Paragraphs, Paragraph{Content: p})
	}
	return b
}

// List is a block with one list, bulleted or numbered.
func List(style ParagraphStyle, items ...string) Block {
	b := Block{Kind: TextBlock}
	for _, p := range items {
		b.Paragraphs = append(b.Paragraphs, Paragraph{Style: style, Content: Say(p)})
	}
	return b
}

// Button is the one thing to press.
func Button(label string, to Target) Block {
	return Block{Kind: ButtonBlock, Label: label, Target: &to}
}

// Card is the appointment, laid out by us; it names the service only when asked to.
func Card(service bool) Block { return Block{Kind: CardBlock, Service: service} }

// Divider is a thin rule.
func Divider() Block { return Block{Kind: DividerBlock} }

// Picture is an image of the practice.
func Picture(image Image) Block { return Block{Kind: ImageBlock, Image: &image} }

// Address is the practice's name, address, phone and website.
func Address() Block { return Block{Kind: AddressBlock} }

// Footer closes the mail: why you get this and how to choose.
func Footer(paragraphs ...[]Inline) Block {
	b := Rich(paragraphs...)
	b.Kind = FooterBlock
	return b
}

// Only returns b shown only when all the conditions hold.
func (b Block) Only(when ...Condition) Block {
	b.When = append(append([]Condition(nil), b.When...), when...)
	return b
}

// SMS is the text message, one sentence for each string.
func SMS(sentences ...string) []Sentence {
	var out []Sentence
	for _, s := range sentences {
		out = append(out, Sentence{Content: Say(s)})
	}
	return out
}

// Only returns s shown only when all the conditions hold.
func (s Sentence) Only(when ...Condition) Sentence {
	s.When = append(append([]Condition(nil), s.When...), when...)
	return s
}
