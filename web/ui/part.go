package ui

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/a-h/templ"

	"letterhead/web/ui/text"
)

// Text is the catalogue a component speaks from.
type Text = *text.Catalogue

// htmxConfig: hx-csp is the one extension; pages come whole on back and forward; the indicator's style is ours.
const htmxConfig = `{"extensions":"hx-csp","history":false,"includeIndicatorCSS":false,"prefix":"","defaultTimeout":15000}`

// Link is an address of ours and its words.
type Link struct{ To, Say string }

// Tab is one of several views of the same thing.
type Tab struct {
	To, Say string
	Current bool
	Count   int
}

// Head is the head of a table's column.
type Head struct {
	Say    string
	Number bool // its cells are numbers, aligned at their end
}

// Fact is a name and a value.
type Fact struct {
	Name, Value string
	Link        Link
}

// State is what a timeline's dot says.
type State string

// The dots: filled; ring; red ring; pale ring; broken ring.
const (
	Done   State = "done"
	Come   State = "come"
	Failed State = "failed"
	Never  State = "never"
	Doubt  State = "doubt" // "maybe sent"
)

// Entry is one thing on a timeline.
type Entry struct {
	State State
	What  string // "2 days before"
	How   string // "by e-mail"
	Lines []Line
}

// Line is a sentence and the links that mend or show what it says.
type Line struct {
	Say   string
	Links []Link
}

// SealState is what became of a signature.
type SealState string

// The seals.
const (
	Signed    SealState = "signed"
	Waiting   SealState = "waiting"
	Withdrawn SealState = "withdrawn"
	Stopped   SealState = "stopped"
)

var sealPaths = map[SealState]string{
	Signed:    "M3 8.5l3.2 3L13 4.5",
	Waiting:   "M8 2v8M5 7l3 3 3-3M3 14h10",
	Withdrawn: "M4 4l8 8M12 4l-8 8",
	Stopped:   "M5 3.5v9M11 3.5v9",
}

// Problem is what a form was refused for: its sentence and the field it belongs to, or none.
type Problem struct{ Field, Say string }

// Field is something to fill in.
type Field struct {
	Name, Label, Value string
	Help               string
	Error              string // what is wrong with Value and what to do; marks the field
	Type               string // of the input; "" is text
	Optional           bool
	Auto               string // autocomplete (WCAG 1.3.5); "" is off
	Limit              int    // characters; 0 is 200
	More               templ.Attributes
}

// Option is one of a list.
type Option struct{ Value, Say, Help string }

func (f Field) id() string { return "f-" + f.Name }

func (f Field) kind() string {
	if f.Type == "" {
		return "text"
	}
	return f.Type
}

// describe ties the field to its help and its error for those who do not see them beside it.
func (f Field) describe() templ.Attributes {
	attributes := templ.Attributes{}
	var by []string
	if f.Error != "" {
		attributes["aria-invalid"] = "true"
		by = append(by, f.id()+"-error")
	}
	if f.Help != "" {
		by = append(by, f.id()+"-help")
	}
	if len(by) > 0 {
		attributes["aria-describedby"] = strings.Join(by, " ")
	}
	return attributes
}

func (f Field) attributes() templ.Attributes {
	attributes := f.describe()
	attributes["autocomplete"] = "off"
	if f.Auto != "" {
		attributes["autocomplete"] = f.Auto
	}
	if !f.Optional {
		attributes["aria-required"] = "true"
	}
	switch f.Type {
	case "", "text", "search", "email", "tel", "url":
		attributes["maxlength"] = strconv.Itoa(limitOr(f.Limit))
	}
	maps.Copy(attributes, f.More)
	return attributes
}

func limitOr(limit int) int {
	if limit == 0 {
		return 200
	}
	return limit
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

func noKey(place Place) bool { return place.Key == "" }

func sortedKeys(values map[string]string) []string { return slices.Sorted(maps.Keys(values)) }

// capital begins a word with a capital letter.
func capital(say string) string {
	first, size := utf8.DecodeRuneInString(say)
	return string(unicode.ToUpper(first)) + say[size:]
}
