package drill

import (
	"context"
	"slices"
	"strings"
)

// attack is one thing that somebody tries.
type attack struct {
	name  string
	class string // the threat model's, as in docs/threat.md
	tries string
	bound int // messages that the attacker may get out

	only   string   // the ending of addresses: what goes to others is not the attacker's
	keyed  bool     // the attacker holds a key: their words are approved, and the bound is on messages
	words  bool     // the victim's own approved reminders go on meanwhile: only what carries the attacker's words counts
	twice  bool     // the same, and counts more than one reminder to an address
	silent bool     // nothing is stopped: the words that go are the approved ones
	halts  bool     // all of the platform has to stop: the other practice's reminders too
	herd   bool     // in a world with many practices
	needs  []string // checks of the gate that the bound rests on
	lacks  string   // a control that this version does not have

	do func(ctx context.Context, w *world) error
}

// counts tells whether a message is one that the attacker got out.
func (a *attack) counts(m mail) bool {
	switch {
	case m.Unapproved():
		return true
	case a.words:
		return false
	case a.only != "":
		return strings.HasSuffix(m.To, a.only)
	case a.twice:
		return m.again
	}
	return !m.other
}

// rests names what the bound rests on and this version does not have.
func (a *attack) rests(gate []string) string {
	for _, name := range a.needs {
		if !slices.Contains(gate, name) {
			return "the gate has no check " + name + " yet"
		}
	}
	return a.lacks
}

func attacks() []attack {
	return slices.Concat(overHTTP(), onWords(), onChain(), onRows(), onPlaces(), onOrders(), onLetters(), onGrants(), withMore())
}
