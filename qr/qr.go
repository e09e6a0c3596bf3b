// Package qr draws an address as a picture that a phone's camera reads (ISO/IEC 18004), as the path of an SVG: no image is made and no script runs.
//
// It is pure. Whoever shows a Code draws Path in black on white, whatever the page's colours, with the four modules of quiet around it that Box has.
package qr

import (
	"fmt"
	"strconv"
	"strings"

	"letterhead/fault"
	"rsc.io/qr"
)

// Most is the longest text: what a phone still reads from a screen.
const Most = 300

// Quiet is the empty border, in modules (ISO/IEC 18004 §5.3.8).
const Quiet = 4

// Code is one of them.
type Code struct {
	Size int    // of one side without the border, in modules
	Path string // of the dark modules, in modules, from the corner of the code itself
}

// Of makes one. It withstands the loss of 15 % of its modules.
func Of(text string) (Code, error) {
	if text == "" || len(text) > Most {
		return Code{}, fault.Field("text", "qr.text", "a code holds 1 to %d bytes", Most)
	}
	made, err := qr.Encode(text, qr.M)
	if err != nil {
		return Code{}, fmt.Errorf("make a code: %w", err)
	}
	var path strings.Builder
	for y := range made.Size {
		for x := 0; x < made.Size; x++ {
			if !made.Black(x, y) {
				continue
			}
			from := x
			for made.Black(x+1, y) {
				x++
			}
			fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", from, y, x-from+1, x-from+1)
		}
	}
	return Code{Size: made.Size, Path: path.String()}, nil
}

// Box is the viewBox of the code with its border.
func (c Code) Box() string {
	side := strconv.Itoa(c.Size + 2*Quiet)
	return "-4 -4 " + side + " " + side
}
