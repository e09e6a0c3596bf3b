// Package letter is what a member writes to one client in words of their own: letters by e-mail or text message, and answers to the text messages
// that clients send. It keeps what clients wrote, too.
//
// A letter is plain paragraphs. It becomes a wording version like any other (sender, branding and hosts of the practice's signed wordings; no
// HTML, no fields but the practice's own name and ways to reach it) when its writer asks for approval, and from then on it does not change. What
// is signed is that version's digest with the channel, the client and the index of the address; the courier compares all four itself.
//
//	draft → asked → signed (it became one message, whose id is the letter's) → the message's fate
//	draft, asked, signed → withdrawn; asked → expired, when nobody signed in time
//
// It promises: a letter becomes a message once, in the transaction that appends the signature; words lie sealed, and stand in no list, log or
// error; a client whom a member does not see has no letters for them; what a client wrote is kept once, however often a gateway says it.
//
// It never sends, merges or signs anything, and never guesses which person of a shared phone wrote.
package letter

import (
	"time"
	"unicode/utf8"

	"letterhead/client"
	"letterhead/fault"
	"letterhead/message"
	"letterhead/store"
)

// ID names a letter, and the message that it becomes. UUIDv7.
type ID string

// State is where a letter is.
type State string

// The states. Expired is not stored: it is asked, and too late.
const (
	Draft     State = "draft"
	Asked     State = "asked"
	Signed    State = "signed"
	Withdrawn State = "withdrawn"
	Expired   State = "expired"
)

// Letter is one, with its words.
type Letter struct {
	ID           ID
	Client       client.ID
	Recipient    string // the client's id, or a contact's
	Channel      message.Channel
	Answers      AnswerID // the text message that it answers; "" for none
	Text         string   // as it was typed; its lines are the letter's lines
	State        State
	Digest       string // of the version, hex; "" of a draft
	AddressIndex string // of where it is to go; "" of a draft
	Language     string
	Version      int64 // of the row: an edit on an old reading is refused
	WrittenBy    string
	AskedBy      string
	CreatedAt    time.Time
	ChangedAt    time.Time
	Expires      time.Time // the signature counts until then; zero of a draft

	content []byte // the version's canonical JSON
}

// Content is the version's canonical JSON, which is what is signed; nil of a draft.
func (l Letter) Content() []byte { return l.content }

// Kind is what the message is: a letter, or the answer to a text message.
func (l Letter) Kind() message.Kind {
	if l.Answers != "" {
		return message.Reply
	}
	return message.Letter
}

// The bounds of a letter.
const (
	MaxText  = 6000 // characters
	mostOf   = 200  // letters of one client that are listed
	mostOpen = 50   // drafts and letters that wait, of one client
	life     = 14 * 24 * time.Hour
)

// The errors of this package.
var (
	ErrNotFound = fault.New(fault.NotFound, "letter.not_found", "there is no such message")
	ErrChanged  = fault.New(fault.Conflict, "letter.changed", "somebody has changed this message since; look at it again")
	ErrFinal    = fault.New(fault.Conflict, "letter.final", "this message was asked for already and does not change any more; withdraw it and write another")
	ErrNotAsked = fault.New(fault.Conflict, "letter.not_asked", "this message was withdrawn, or changed, since it was shown; look at the list again")
	ErrMoved    = fault.New(fault.Conflict, "letter.moved", "the address has changed since this message was asked for; withdraw it and ask again")
	ErrGone     = fault.New(fault.Conflict, "letter.gone", "it has left already, or was withdrawn before")
	ErrFull     = fault.New(fault.TooMany, "letter.full", "50 messages to this client wait already; finish or withdraw some of them")
)

// check holds what was typed to its bounds. What a wording may say is asked when it becomes one.
func (l Letter) check() error {
	switch {
	case l.Channel != message.Email && l.Channel != message.SMS:
		return fault.Field("channel", "letter.channel", "choose e-mail or text message")
	case l.Answers != "" && l.Channel != message.SMS:
		return fault.Field("channel", "letter.answer_channel", "a text message is answered by a text message")
	case utf8.RuneCountInString(l.Text) > MaxText:
		return fault.Field("text", "letter.long", "this has more than %d characters; shorten it", MaxText)
	case !utf8.ValidString(l.Text):
		return fault.Field("text", "letter.utf8", "this has broken characters; type them again")
	}
	return nil
}

// at is the state as of an instant.
func (l *Letter) at(now time.Time) {
	if l.State == Asked && !now.Before(l.Expires) {
		l.State = Expired
	}
}

func who(tx *store.Tx) string { return tx.Actor.Who() }
