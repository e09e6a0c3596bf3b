// Package ui is the design system of members' pages: the frame, its components, the built assets and the policy under which they run.
//
// It promises: no inline style and no inline script; every page works without a script; each element that htmx may act on carries the
// page's nonce, and one that does not is inert; text and ground keep WCAG AA contrast in light, dark and with every accent; layout by
// logical properties, so that it turns round for right-to-left languages.
//
// It never reads a database, knows no product package and holds no sentence (package text does). Pages are templ components; what a
// page shows is a typed struct of its own.
package ui

//go:generate go run ./build
//go:generate go tool templ generate -path ../..

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"letterhead/web/ui/text"
)

// Frame is what stands around every page.
type Frame struct {
	Title    string // of this page, for the tab and the history
	Practice string // the practice's name
	Home     string // where the practice's name leads
	Accent   Accent
	Text     *text.Catalogue
	Nonce    string  // of this answer; also in its Content-Security-Policy
	Places   []Place // the first four are shown on phones
	Current  string  // the Path of the place we are in
	Person   string  // who is signed in
	Account  string  // where their own sign-in is looked after
	Switch   string  // where somebody else signs in, and comes back here
	Leave    string  // where a POST signs out
	Zone     string  // said under Person where it differs from the reader's; "" is not said
	Flash    *Flash  // what just happened
	Warning  *Flash  // what is so, such as "sending is stopped"
	NoKeys   bool    // keyboard shortcuts are switched off (WCAG 2.1.4)
	Keys     []Key   // of this page alone
}

// Key is a key of the keyboard and what it does.
type Key struct{ Key, Say string }

// Place is an entry of the main menu.
type Place struct {
	Name, Path string
	Key        string // the letter that goes there after g
	Count      int    // things that wait; 0 shows nothing
}

// Flash is one sentence about what happened, and perhaps the way back.
type Flash struct {
	Kind   Kind
	Say    string
	Link   string // an address to follow, with Action as its words
	Action string
	Undo   string            // an address to POST to, with Action as its words
	Values map[string]string // posted with Undo
	Toast  bool              // stands at the lower edge, over what was changed
}

// Kind says what a thing means; each has a colour and, where it matters, a shape and a word.
type Kind string

// The kinds. The zero value is Plain.
const (
	Plain Kind = "plain"
	Good  Kind = "good"
	Wait  Kind = "wait"
	Bad   Kind = "bad"
	Info  Kind = "info"
)

// Accent is a practice's colour: one of a list whose contrast is tested.
type Accent string

// The accents.
const (
	Blue  Accent = ""
	Green Accent = "green"
	Teal  Accent = "teal"
	Plum  Accent = "plum"
	Rust  Accent = "rust"
	Slate Accent = "slate"
)

// Accents is the whole list.
func Accents() []Accent { return []Accent{Blue, Green, Teal, Plum, Rust, Slate} }

func (a Accent) class() string {
	for _, known := range Accents() {
		if a == known && a != Blue {
			return "accent-" + string(a)
		}
	}
	return ""
}

// NewNonce returns 128 random bits, new for every answer.
func NewNonce() string {
	var bits [16]byte
	_, _ = rand.Read(bits[:]) // crypto/rand never fails: it ends the program instead
	return base64.RawURLEncoding.EncodeToString(bits[:])
}

// WithNonce keeps the answer's nonce in the context in which its page is rendered.
func WithNonce(ctx context.Context, nonce string) context.Context {
	return templ.WithNonce(ctx, nonce)
}

// ContentPolicy is the Content-Security-Policy under which pages run. There is one script and it carries the nonce; the Trusted Types
// policy "htmx" is the one hx-csp makes. 'unsafe-eval' is absent, so that hx-on and js: values are dead.
func ContentPolicy(nonce string) string {
	return "default-src 'none'; script-src 'nonce-" + nonce + "'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
		"connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; " +
		"require-trusted-types-for 'script'; trusted-types htmx"
}

// Hx returns htmx's attributes, each key without its hx-, stamped with the nonce of the context. Elements without the stamp are inert.
func Hx(ctx context.Context, pairs ...string) templ.Attributes {
	attributes := templ.Attributes{"hx-nonce": templ.GetNonce(ctx)}
	for i := 0; i+1 < len(pairs); i += 2 {
		attributes["hx-"+pairs[i]] = pairs[i+1]
	}
	return attributes
}

// InDialog makes a link open its page's main part in the dialog; without a script it is an ordinary link.
func InDialog(ctx context.Context, address string) templ.Attributes {
	return Hx(ctx, "get", address, "target", "#dialog-body", "select", "#main-part", "swap", "innerHTML")
}

// initial is the practice's first letter, for its mark in the rail.
func initial(name string) string {
	for _, letter := range name {
		return string(letter)
	}
	return ""
}

// Nearest is the accent that comes closest to a practice's colour (#rrggbb), which may itself be too pale to read on.
func Nearest(colour string) Accent {
	tones := map[Accent][3]int{Blue: {0x1f, 0x4e, 0x79}, Green: {0x1f, 0x5d, 0x3f}, Teal: {0x13, 0x5a, 0x63}, Plum: {0x65, 0x3a, 0x74}, Rust: {0x8a, 0x3d, 0x14}, Slate: {0x37, 0x47, 0x5a}}
	value, err := strconv.ParseUint(strings.TrimPrefix(colour, "#"), 16, 24)
	if err != nil || len(colour) != 7 {
		return Blue
	}
	best, least := Blue, 1<<30
	for _, accent := range Accents() {
		distance := 0
		for i, part := range tones[accent] {
			step := int(value>>(16-8*i)&0xff) - part
			distance += step * step
		}
		if distance < least {
			best, least = accent, distance
		}
	}
	return best
}
