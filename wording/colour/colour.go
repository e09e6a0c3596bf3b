// Package colour keeps a practice's colour readable on the paper of a mail, by day and by night.
package colour

import "math"

// Colour is sRGB, one byte each.
type Colour [3]uint8

// Colours of the mail's paper, by day and by night.
var (
	PaperDay   = Colour{0xff, 0xff, 0xff}
	PaperNight = Colour{0x1b, 0x21, 0x29}
	inkDay     = Colour{0x1c, 0x24, 0x30}
)

const leastContrast = 4.5 // WCAG 2.2 §1.4.3

// Parse reads #rrggbb in lower case.
func Parse(text string) (Colour, bool) {
	var c Colour
	if len(text) != 7 || text[0] != '#' {
		return c, false
	}
	for i := range c {
		high, low := hexDigit(text[1+2*i]), hexDigit(text[2+2*i])
		if high < 0 || low < 0 {
			return c, false
		}
		c[i] = uint8(high<<4 | low)
	}
	return c, true
}

func hexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	}
	return -1
}

func (c Colour) String() string {
	const digits = "0123456789abcdef"
	out := [7]byte{'#'}
	for i, b := range c {
		out[1+2*i], out[2+2*i] = digits[b>>4], digits[b&15]
	}
	return string(out[:])
}

// luminance is relative, of WCAG 2.2.
func (c Colour) luminance() float64 {
	part := func(b uint8) float64 {
		v := float64(b) / 255
		if v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*part(c[0]) + 0.7152*part(c[1]) + 0.0722*part(c[2])
}

// Contrast is the ratio of WCAG 2.2, 1 to 21.
func Contrast(a, b Colour) float64 {
	x, y := a.luminance(), b.luminance()
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// ReadableOn moves c towards black or white until it can be read on paper.
func (c Colour) ReadableOn(paper Colour) Colour {
	goal := Colour{0xff, 0xff, 0xff}
	if paper.luminance() > 0.4 {
		goal = Colour{}
	}
	for step := range 21 {
		var m Colour
		for i := range m {
			m[i] = uint8((int(c[i])*(20-step) + int(goal[i])*step) / 20)
		}
		if Contrast(m, paper) >= leastContrast {
			return m
		}
	}
	return goal
}

// InkOn is the text colour, white or ink, that reads better on c.
func InkOn(c Colour) Colour {
	if Contrast(PaperDay, c) >= Contrast(inkDay, c) || Contrast(PaperDay, c) >= leastContrast {
		return PaperDay
	}
	return inkDay
}
