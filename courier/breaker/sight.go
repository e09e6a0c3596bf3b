package breaker

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"letterhead/store"
	"letterhead/wording"
)

// Sight is what there is to see of one message.
type Sight struct {
	Practice    store.PracticeID
	Zone        *time.Location // of the practice
	Message     string         // its id: a second try is not another message
	Attempt     int64          // 1 for the first
	Version     string         // of the wording
	Rule        string         // which of these four let it go
	Order       string
	Letter      string
	Grant       string
	Text        Text      // of the version's words, before anything was merged
	Hosts       []string  // to which its links lead in the end, in lower case; not the practice's portal
	Starter     bool      // its words are those of the house's starter set, as compiled into the program
	Signers     int       // keys that signed what let it go
	HostSigners int       // keys that signed the list of hosts
	Permit      bool      // a surge permit is in force
	Since       time.Time // when what let it go was first used (budget.Verdict); zero: nobody knows
}

// Text is a digest over what people would call the same text.
type Text [16]byte

// TextOf makes it: letters only, without case, accents and what cannot be seen; any number is a number.
func TextOf(parts ...string) Text {
	var b strings.Builder
	space := true
	for _, part := range parts {
		for _, r := range norm.NFKD.String(part) {
			switch {
			case unicode.IsLetter(r):
				b.WriteRune(unicode.ToLower(r))
				space = false
			case unicode.IsDigit(r):
				if s := b.String(); len(s) == 0 || s[len(s)-1] != '0' {
					b.WriteByte('0')
				}
				space = false
			case unicode.Is(unicode.M, r) || unicode.Is(unicode.Cf, r):
			case !space:
				b.WriteByte(' ')
				space = true
			}
		}
		if !space {
			b.WriteByte(' ')
			space = true
		}
	}
	var out Text
	sum := sha256.Sum256([]byte(b.String()))
	copy(out[:], sum[:])
	return out
}

// TextOfWording is TextOf all that a wording says of itself in a language. What it merges, and what it carries of the practice's name and places,
// is not in it: the same words of two practices are the same text.
func TextOfWording(l *wording.Language) Text {
	var parts []string
	say := func(run []wording.Inline) {
		var b strings.Builder
		for i := range run {
			if run[i].Break {
				b.WriteByte(' ')
			}
			b.WriteString(run[i].Text)
		}
		parts = append(parts, b.String())
	}
	say(l.Subject)
	say(l.Preheader)
	for i := range l.Blocks {
		say(l.Blocks[i].Content)
		for _, p := range l.Blocks[i].Paragraphs {
			say(p.Content)
		}
		parts = append(parts, l.Blocks[i].Label)
	}
	for _, s := range l.SMS {
		say(s.Content)
	}
	return TextOf(parts...)
}

// Hex names a text, as a stop does.
func (t Text) Hex() string { return hex.EncodeToString(t[:]) }

// Scope is what is stopped.
type Scope string

// The scopes, the narrowest first.
const (
	Letter   Scope = "letter"
	Order    Scope = "order"
	Grant    Scope = "grant"
	Rule     Scope = "rule"
	Version  Scope = "version"
	Practice Scope = "practice"
	Words    Scope = "text" // everywhere
	Host     Scope = "host" // everywhere
	Platform Scope = "platform"
)

// Reason says what tripped it.
type Reason string

// The reasons. docs/reasons.md explains each; a test holds it to this list.
const (
	Unpaced   Reason = "unpaced"
	SameText  Reason = "same text"
	SameHost  Reason = "same host"
	OddHour   Reason = "odd hour"
	Rush      Reason = "rush"
	ManyStops Reason = "many stops"
)

// Freeze is a stop to be made.
type Freeze struct {
	Scope    Scope
	Practice store.PracticeID // "" for everywhere
	Subject  string           // the version, rule, order, letter, grant or host; of a text its digest, hex
	Reason   Reason
	Words    string // for the owner and the operator: what was seen
	Again    bool   // it was returned before: this message is contained by it

	ID string           // of the stop that was made of it
	By store.PracticeID // whose message tripped it
	At time.Time
}
