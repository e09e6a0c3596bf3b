package wording

import (
	"strconv"
	"strings"
)

// The plain part: the same blocks as lines. Paragraphs stay one line each, so that every screen wraps them itself.

func (w *writer) plainPart() {
	w.text(w.v.Branding.Name)
	w.raw("\n")
	w.plainReach()
	w.raw("\n")
	blocks := w.language.Blocks
	for i := range blocks[:len(blocks)-1] {
		mask, _ := maskOf("", blocks[i].When)
		w.only(mask, func() { w.plainBlock(&blocks[i]) })
	}
	w.raw("----------\n")
	w.ask()
	w.plainParagraphs(blocks[len(blocks)-1].Paragraphs)
}

func (w *writer) plainReach() {
	b := &w.v.Branding
	if len(b.Address) > 0 {
		w.text(strings.Join(b.Address, ", "))
		w.raw("\n")
	}
	if b.Phone != nil {
		w.phone(b.Phone.Display)
		w.raw("\n")
	}
}

func (w *writer) plainBlock(b *Block) {
	switch b.Kind {
	case HeadingBlock:
		w.inlines(b.Content)
		w.raw("\n\n")
	case TextBlock:
		w.plainParagraphs(b.Paragraphs)
	case ButtonBlock:
		w.text(b.Label)
		if b.Target.Kind != ToPhone || !strings.Contains(b.Label, w.v.Branding.Phone.Display) {
			w.raw(": ")
			w.end(b.Target, b.Label)
		}
		w.raw("\n\n")
	case CardBlock:
		lines := 0
		w.card(b, func() {
			if lines++; lines > 1 {
				w.raw("\n")
			}
		})
		w.raw("\n\n")
	case DividerBlock:
		w.raw("* * *\n\n")
	case ImageBlock:
		w.raw("[")
		w.text(b.Image.Alt)
		w.raw("]\n\n")
	case AddressBlock:
		w.text(w.v.Branding.Name)
		w.raw("\n")
		w.plainReach()
		for _, line := range []string{w.v.Branding.Email, w.v.Branding.Website} {
			if line != "" {
				w.text(line)
				w.raw("\n")
			}
		}
		w.raw("\n")
	case FooterBlock:
	}
}

func (w *writer) plainParagraphs(paragraphs []Paragraph) {
	number := 0
	for i, p := range paragraphs {
		switch p.Style {
		case Bullet:
			w.raw("- ")
		case Number:
			number++
			w.raw(strconv.Itoa(number), ". ")
		case Plain:
		}
		if p.Style != Number {
			number = 0
		}
		w.inlines(p.Content)
		w.raw("\n")
		if last := i == len(paragraphs)-1; last || p.Style == Plain || paragraphs[i+1].Style != p.Style {
			w.raw("\n")
		}
	}
}
