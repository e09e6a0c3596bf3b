package trust

import (
	"context"
	"slices"
	"time"

	"letterhead/courier/breaker"
	"letterhead/message"
	"letterhead/store"
	"letterhead/template"
	"letterhead/wording"
)

// counted is how far back messages are counted that had left.
const counted = 30 * 24 * time.Hour

// effect is what a stop does, in figures.
type effect struct {
	what        string // that is stopped, in words
	waits, left int
	letters     bool // there are letters, which the figures leave out
}

// textOf is what a version says in a language, as a stop names it.
func textOf(v *wording.Version, tag string) string {
	if l, is := v.Language(tag); is {
		return breaker.TextOfWording(l).Hex()
	}
	return ""
}

// weigh counts what a stop holds, and what had left with it. A stop of somebody's access is not counted by what is sent.
func weigh(ctx context.Context, tx *store.Tx, scope message.Scope, subject string) (*effect, error) {
	if scope == message.StopMember || scope == message.StopCredential {
		return nil, nil
	}
	all, err := template.Latest(ctx, tx)
	if err != nil {
		return nil, err
	}
	tallies, err := message.Tallies(ctx, tx, tx.Now.Add(-counted))
	if err != nil {
		return nil, err
	}
	byID := make(map[string]template.Stored, len(all))
	for _, v := range all {
		byID[string(v.ID)] = v
	}
	out := &effect{}
	for _, t := range tallies {
		v, known := byID[t.Version]
		holds := false
		switch scope { //nolint:exhaustive // the others are parts of one of these
		case message.StopPractice:
			holds = true
		case message.StopRule, message.StopOrder, message.StopLetter, message.StopGrant:
			holds = string(t.Kind) == string(scope) && t.Subject == subject
		default:
			holds = known && holdsVersion(v, scope, subject, t.Language)
			out.letters = out.letters || !known && (t.Kind == message.Letter || t.Kind == message.Reply)
		}
		if holds {
			out.waits, out.left = out.waits+t.Waits, out.left+t.Left
		}
	}
	return out, nil
}

// holdsVersion tells whether a stop of words, or of where they lead, holds messages of a version in the recipient's language.
func holdsVersion(v template.Stored, scope message.Scope, subject, language string) bool {
	switch scope { //nolint:exhaustive // the others do not ask what a version says
	case message.StopWording:
		return string(v.Wording) == subject
	case message.StopVersion:
		return string(v.ID) == subject || v.Digest == subject
	case message.StopText:
		return textOf(v.Says, v.Says.Match(language)) == subject
	case message.StopLink:
		return slices.Contains(v.Says.Links(), subject)
	case message.StopHost:
		for n := range v.Says.Links() {
			if _, host, is := v.Says.Link(n + 1); is && host == subject {
				return true
			}
		}
	}
	return false
}
