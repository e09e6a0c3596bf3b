package wording

import (
	"strconv"
	"strings"

	"letterhead/wording/encode"
	"letterhead/wording/field"
	"letterhead/wording/locale"
)

// The fixed layout of the HTML part: one table of 600 px, system fonts, colours by day inline and by night in a style sheet, a frame for Outlook in conditional
// comments. Text of a practice enters it only through writer.text and writer.slot.

const (
	edge    = "#e3ded3" // thin rules
	dim     = "#566070" // quiet text
	ink     = "#1c2430"
	desk    = "#efece5" // around the sheet
	outlook = `<!--[if mso]><xml><o:OfficeDocumentSettings><o:PixelsPerInch>96</o:PixelsPerInch></o:OfficeDocumentSettings></xml><style>td,h1,h2,p,a,li{font-family:Arial,sans-serif!important}</style><![endif]-->`
)

func (w *writer) htmlPart() {
	t := &w.theme
	w.raw(`<!doctype html>
<html lang="`, w.c.tag, `" dir="`, t.dir, `" xmlns:o="urn:schemas-microsoft-com:office:office"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark">
<meta name="format-detection" content="telephone=no,date=no,address=no,email=no,url=no"><title>`)
	w.text(w.v.Branding.Name)
	w.raw("</title>\n", outlook, `
<style>:root{color-scheme:light dark}body{margin:0;padding:0;-webkit-text-size-adjust:100%}
@media(max-width:520px){.o{padding:0!important}.p{padding-left:20px!important;padding-right:20px!important}.h{display:block!important;text-align:`, t.start,
		`!important;padding:0 0 4px!important}.b{width:100%!important}.b a{display:block!important;text-align:center!important}}
@media(prefers-color-scheme:dark){.d{background:#12161b!important}.s{background:#1b2129!important}.i{color:#eceae4!important}.q{color:#a9b2bf!important}.l{border-color:#3a434f!important}.a{color:`,
		t.linkNight, `!important}.c{border-`, t.start, `-color:`, t.linkNight, `!important}.r{border-bottom-color:`, t.linkNight, `!important}.w{background:#fff!important;padding:6px!important;border-radius:4px!important}}</style></head>
<body class="d" style="margin:0;padding:0;background:`, desk, `">
`)
	w.preheader()
	w.raw(`<table role="presentation" class="d" dir="`, t.dir, `" width="100%" cellpadding="0" cellspacing="0" border="0" style="background:`, desk, `"><tr><td class="o" align="center" style="padding:24px 12px">
<!--[if mso]><table role="presentation" width="600" cellpadding="0" cellspacing="0" border="0"><tr><td><![endif]-->
<table role="presentation" class="s" dir="`, t.dir, `" width="100%" cellpadding="0" cellspacing="0" border="0" style="max-width:600px;background:#ffffff;border-radius:4px">
`)
	w.letterhead()
	w.raw(`<tr><td class="p i" align="`, t.start, `" style="padding:30px 36px 12px;font:17px/1.55 `, t.sans, `;color:`, ink, `">
`)
	blocks := w.language.Blocks
	for i := range blocks[:len(blocks)-1] {
		mask, _ := maskOf("", blocks[i].When)
		w.only(mask, func() { w.htmlBlock(&blocks[i]) })
	}
	w.raw(`</td></tr>
<tr><td class="p q l" align="`, t.start, `" style="padding:18px 36px 24px;font:14px/1.55 `, t.sans, `;color:`, dim, `;border-top:1px solid `, edge, `">
`)
	w.ask()
	w.htmlParagraphs(blocks[len(blocks)-1].Paragraphs, "0 0 10px")
	w.raw(`</td></tr></table>
<!--[if mso]></td></tr></table><![endif]-->
</td></tr></table>
</body></html>
`)
}

func (w *writer) preheader() {
	if len(w.language.Preheader) == 0 {
		return
	}
	w.raw(`<div style="display:none;font-size:1px;line-height:1px;max-height:0;max-width:0;opacity:0;overflow:hidden;mso-hide:all">`)
	w.inlines(w.language.Preheader)
	w.raw("</div>\n")
}

// letterhead is the practice's name or logo at the start, its address and phone at the end, and a rule in its colour.
func (w *writer) letterhead() {
	t, b := &w.theme, &w.v.Branding
	w.raw(`<tr><td class="p r" style="padding:26px 36px 18px;border-bottom:3px solid `, t.accent, `"><table role="presentation" dir="`, t.dir,
		`" width="100%" cellpadding="0" cellspacing="0" border="0"><tr>
<td class="h i" align="`, t.start, `" valign="middle" style="font:bold 21px/1.25 `, t.serif, `;color:`, ink, `">`)
	if b.Logo != nil {
		w.picture(*b.Logo, 240, 56, `class="w"`)
	} else {
		w.bdi(b.Name)
	}
	w.raw("</td>\n")
	if lines := w.reach(); len(lines) > 0 {
		w.raw(`<td class="h q" align="`, t.end, `" valign="middle" style="padding-`, t.start, `:16px;font:13px/1.5 `, t.sans, `;color:`, dim, `">`)
		for i, line := range lines {
			if i > 0 {
				w.raw("<br>")
			}
			w.bdi(line)
		}
		if b.Phone != nil {
			w.raw("<br>")
			w.phone(b.Phone.Display)
		}
		w.raw("</td>\n")
	} else if b.Phone != nil {
		w.raw(`<td class="h q" align="`, t.end, `" style="font:13px/1.5 `, t.sans, `;color:`, dim, `">`)
		w.phone(b.Phone.Display)
		w.raw("</td>\n")
	}
	w.raw("</tr></table></td></tr>\n")
}

// reach is the address as the head of the letter shows it: at most two lines.
func (w *writer) reach() []string {
	lines := w.v.Branding.Address
	if len(lines) <= 2 {
		return lines
	}
	return []string{lines[0], strings.Join(lines[1:], ", ")}
}

// phone writes a number so that it reads from left to right whatever stands around it.
func (w *writer) phone(display string) {
	switch {
	case w.at == encode.HTML:
		w.raw(`<bdi dir="ltr" style="white-space:nowrap">`)
		w.text(display)
		w.raw(`</bdi>`)
	case w.c.rtl:
		w.raw("\u200e") // makes the digits after it part of a left-to-right run (UAX 9, W7)
		w.text(display)
	default:
		w.text(display)
	}
}

// bdi writes a text of the practice whose script may not be the mail's.
func (w *writer) bdi(text string) {
	w.raw("<bdi>")
	w.text(text)
	w.raw("</bdi>")
}

func (w *writer) picture(i Image, width, height int, attributes string) {
	x, y := i.Fit(width, height)
	w.raw(`<img src="cid:`, w.contentID(i), `" width="`, strconv.Itoa(x), `" height="`, strconv.Itoa(y), `" alt="`)
	w.text(i.Alt)
	w.raw(`" `, attributes, ` style="display:block;border:0;max-width:100%;height:auto">`)
}

func (w *writer) htmlBlock(b *Block) {
	t := &w.theme
	switch b.Kind {
	case HeadingBlock:
		w.raw(`<h1 class="i" style="margin:0 0 16px;font:bold 24px/1.3 `, t.serif, `;color:`, ink, `">`)
		w.inlines(b.Content)
		w.raw("</h1>\n")
	case TextBlock:
		w.htmlParagraphs(b.Paragraphs, "0 0 16px")
	case ButtonBlock:
		w.raw(`<table role="presentation" class="b" cellpadding="0" cellspacing="0" border="0" style="margin:6px 0 22px"><tr><td bgcolor="`, t.accent,
			`" style="background:`, t.accent, `;border-radius:6px;mso-padding-alt:13px 26px"><a `)
		w.href(b.Target, b.Label)
		w.raw(` style="display:inline-block;padding:13px 26px;border-radius:6px;font-weight:bold;color:`, t.onAccent, `;text-decoration:none">`)
		w.text(b.Label)
		w.raw("</a></td></tr></table>\n")
	case CardBlock:
		w.htmlCard(b)
	case DividerBlock:
		w.raw(`<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="margin:8px 0 24px"><tr><td class="l" height="1" style="border-top:1px solid `,
			edge, `;font-size:1px;line-height:1px">&nbsp;</td></tr></table>
`)
	case ImageBlock:
		w.raw(`<div style="margin:4px 0 20px">`)
		w.picture(*b.Image, 528, 400, `class="m"`)
		w.raw("</div>\n")
	case AddressBlock:
		w.htmlAddress()
	case FooterBlock:
	}
}

// ask says how to find out whether the mail is real: by its code, at a place that the reader knows. There is no link to follow, for a forger would copy it. A message
// without a code says nothing of it.
func (w *writer) ask() {
	before, after := locale.AskFor(w.c.tag, w.v.Branding.Website != "")
	w.only(present(field.Code), func() {
		if w.at == encode.HTML {
			w.raw(`<p style="margin:0 0 10px">`)
			w.text(before)
			w.raw(`<b class="i" style="color:`, ink, `"><bdi dir="ltr" style="font-family:Menlo,Consolas,monospace;white-space:nowrap">`)
			w.optional(field.Code)
			w.raw("</bdi></b>")
			w.text(after)
			w.raw("</p>\n")
			return
		}
		w.text(before)
		if w.c.rtl {
			w.raw("\u200e")
		}
		w.optional(field.Code)
		if w.c.rtl {
			w.raw("\u200e")
		}
		w.text(after)
		w.raw("\n\n")
	})
}

func (w *writer) htmlCard(b *Block) {
	t := &w.theme
	w.raw(`<table role="presentation" class="l c" dir="`, t.dir, `" width="100%" cellpadding="0" cellspacing="0" border="0" style="margin:4px 0 22px;border:1px solid `, edge,
		`;border-`, t.start, `:4px solid `, t.accent, `;border-radius:6px;border-collapse:separate"><tr><td class="i" align="`, t.start,
		`" style="padding:16px 20px;font:17px/1.5 `, t.sans, `;color:`, ink, `"><b style="font-size:20px;line-height:1.35">`)
	lines := 0
	w.card(b, func() {
		if lines++; lines == 2 {
			w.raw("</b>")
		}
		if lines > 1 {
			w.raw("<br>\n")
		}
	})
	w.raw("</td></tr></table>\n")
}

func (w *writer) htmlAddress() {
	b := &w.v.Branding
	w.raw(`<p style="margin:0 0 16px"><b>`)
	w.text(b.Name)
	w.raw("</b>")
	for _, line := range b.Address {
		w.raw("<br>")
		w.bdi(line)
	}
	if b.Phone != nil {
		w.raw("<br>")
		w.anchor(&Target{Kind: ToPhone}, b.Phone.Display, func() { w.phone(b.Phone.Display) })
	}
	if b.Email != "" {
		w.raw("<br>")
		w.anchor(&Target{Kind: ToEmail}, b.Email, func() { w.text(b.Email) })
	}
	if b.Website != "" {
		w.raw("<br>")
		w.anchor(&Target{Kind: ToWebsite}, b.Website, func() { w.text(shortURL(b.Website)) })
	}
	w.raw("</p>\n")
}

// shortURL is a website as people write it.
func shortURL(address string) string {
	return strings.TrimSuffix(strings.TrimPrefix(address, "https://"), "/")
}

func (w *writer) htmlParagraphs(paragraphs []Paragraph, margin string) {
	open := Plain
	tags := map[ParagraphStyle]string{Bullet: "ul", Number: "ol"}
	for _, p := range paragraphs {
		if p.Style != open {
			if open != Plain {
				w.raw("</", tags[open], ">\n")
			}
			if p.Style != Plain {
				w.raw("<", tags[p.Style], ` style="margin:`, margin, `;padding-`, w.theme.start, `:24px">`, "\n")
			}
			open = p.Style
		}
		if p.Style == Plain {
			w.raw(`<p style="margin:`, margin, `">`)
			w.inlines(p.Content)
			w.raw("</p>\n")
			continue
		}
		w.raw(`<li style="margin:0 0 6px">`)
		w.inlines(p.Content)
		w.raw("</li>\n")
	}
	if open != Plain {
		w.raw("</", tags[open], ">\n")
	}
}
