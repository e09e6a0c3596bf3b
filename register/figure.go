package register

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// State is how much is known of a figure.
type State string

// The states of a figure. A figure that nobody knows is never 0.
const (
	Exact    State = "exact"    // counted
	Estimate State = "estimate" // between Low and High, by a method that Note names
	None     State = "none"     // known to be nothing
	Unknown  State = "unknown"  // not known, or not said
)

// Figure is a number and how much is known of it.
type Figure struct {
	State State   `json:"state"`
	Value float64 `json:"value,omitempty"` // of an exact one; of an estimate the best single number
	Low   float64 `json:"low,omitempty"`
	High  float64 `json:"high,omitempty"`
	Note  string  `json:"note,omitempty"` // of an estimate its method; of any other what the record adds
}

// maxFigure is the largest whole number that every reader of JSON keeps.
const maxFigure = 1 << 53

// Check says what is wrong with a figure.
func (f Figure) Check() error {
	for _, v := range []float64{f.Value, f.Low, f.High} {
		if math.IsNaN(v) || v < 0 || v > maxFigure {
			return fmt.Errorf("a figure is between 0 and %d", maxFigure)
		}
	}
	if strings.TrimSpace(f.Note) != f.Note {
		return fmt.Errorf("a figure's note neither begins nor ends with space")
	}
	switch f.State {
	case Exact:
		if f.Value == 0 {
			return fmt.Errorf("an exact 0 is the state none")
		}
		if f.Low != 0 || f.High != 0 {
			return fmt.Errorf("an exact figure has no range")
		}
	case Estimate:
		if f.Note == "" {
			return fmt.Errorf("an estimate names its method")
		}
		if f.Low > f.High || f.Value < f.Low || f.Value > f.High || f.High == 0 {
			return fmt.Errorf("an estimate lies between its low and its high end")
		}
	case None, Unknown:
		if f.Value != 0 || f.Low != 0 || f.High != 0 {
			return fmt.Errorf("the state %s has no number", f.State)
		}
	default:
		return fmt.Errorf("a figure is exact, estimate, none or unknown, not %q", f.State)
	}
	return nil
}

// Written is a figure in the register's form: a number, and the note beside it. Unknown and none are both 0 there; the note tells them apart.
func (f Figure) Written() (number, note string) {
	switch f.State {
	case None:
		return "0", formal("None", f.Note)
	case Estimate:
		return Number(f.Value), formal("Estimate, "+Number(f.Low)+" to "+Number(f.High), f.Note)
	case Exact:
		note = f.Note
		if formalNote.MatchString(note) {
			note = formal("Exact", note)
		}
		return Number(f.Value), note
	}
	return "0", formal("Unknown", f.Note)
}

func formal(word, note string) string {
	if note == "" {
		return word + "."
	}
	return word + ": " + note
}

var formalNote = regexp.MustCompile(`(?s)^(Unknown|None|Exact|Estimate, ([0-9.]+) to ([0-9.]+))(?:\.|: (.+))$`)

// Read understands what Written wrote. A number beside any other note is exact; a bare 0 is unknown, because the form has no other way to say it.
func Read(number float64, note string) Figure {
	plain := Figure{State: Exact, Value: number, Note: strings.TrimSpace(note)}
	if number == 0 {
		plain.State = Unknown
	}
	m := formalNote.FindStringSubmatch(note)
	if m == nil {
		return plain
	}
	f := Figure{Note: m[4]}
	switch word, _, _ := strings.Cut(m[1], ","); {
	case word == "Unknown" && number == 0:
		f.State = Unknown
	case word == "None" && number == 0:
		f.State = None
	case word == "Exact":
		f.State, f.Value = Exact, number
	case word == "Estimate":
		f.State, f.Value = Estimate, number
		f.Low, _ = strconv.ParseFloat(m[2], 64)
		f.High, _ = strconv.ParseFloat(m[3], 64)
	}
	if f.Check() != nil { // somebody changed the number or the note: what stands there counts
		return plain
	}
	return f
}

// Number writes a number without an exponent and without zeros that say nothing.
func Number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
