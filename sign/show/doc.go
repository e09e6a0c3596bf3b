// Package show puts what a signing key is asked to sign before a person's eyes, in words and as it would be sent.
//
// A wording is rendered by the very code that sends: every language, and each condition both ways, with example values; subject, both bodies,
// text message, sender, links, hosts and images. Every other statement becomes a list of facts.
//
// It promises: each block and sentence of a wording stands in at least one of its examples, or Read fails; what cannot be shown is an error, for
// it must not be signed. It is pure: no storage, no clock, no network.
package show

// Fact is one thing that a statement says.
type Fact struct {
	Name   string
	Value  []string // each on a line of its own
	Before []string // what the statement in force says there; nil where it says the same, or there is none
}

func fact(name string, value ...string) Fact { return Fact{Name: name, Value: value} }
