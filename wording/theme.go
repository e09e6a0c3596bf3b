package wording

import (
	"letterhead/wording/colour"
)

// theme is what the layout needs to know of colours and direction.
type theme struct {
	dir, start, end string
	accent          string // rules, edge of the card, button
	onAccent        string // text of the button
	link            string // accent, dark enough to be read on white
	linkNight       string // accent, light enough to be read at night
	serif, sans     string
}

func newTheme(v *Version, c *Compiled) theme {
	accent, _ := colour.Parse(v.Branding.Accent)
	t := theme{
		dir: "ltr", start: "left", end: "right",
		accent: accent.String(), onAccent: colour.InkOn(accent).String(),
		link: accent.ReadableOn(colour.PaperDay).String(), linkNight: accent.ReadableOn(colour.PaperNight).String(),
		serif: "Georgia,'Times New Roman',serif", sans: "Helvetica,Arial,sans-serif",
	}
	if c.rtl {
		t.dir, t.start, t.end = "rtl", "right", "left"
		t.serif, t.sans = "'Segoe UI',Tahoma,Arial,sans-serif", "'Segoe UI',Tahoma,Arial,sans-serif" // Georgia has no Arabic
	}
	return t
}
