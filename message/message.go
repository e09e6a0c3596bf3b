// Package message keeps the messages of a practice: what was to be said, to whom, what became of it and why; and what stops them:
// suppressed addresses and freezes.
//
// A message is an intent: the digest of a version and references. It holds no name and no address until it leaves; then what was merged is
// sealed with it.
//
// States: queued → leaving → sent | refused | maybe sent. queued → held when something must be looked at or lifted first, and back.
// queued, held → dropped when it is of no use any more. A deferred message is queued again with its turn in the future. sent, refused,
// maybe sent and dropped are final: what is learnt later (delivered, bounced, complained, replied) is a step on the timeline, not a state.
//
// Promises: a state changes only through a function of this package, as a set, with the step and its reason in the same transaction; a practice's
// queue is one courier process's at a time, and whoever else has a message in hand nevertheless cannot let it leave; what was "maybe sent" never goes by itself again.
//
// Never: an address, a name or a free text of a person in clear; a step's detail is a server's reply without addresses.
package message

import (
	"time"

	"letterhead/store"
)

// ID names a message. UUIDv7.
type ID string

// Kind is what a message came from.
type Kind string

// The kinds of message.
const (
	Rule   Kind = "rule"
	Order  Kind = "order"
	Letter Kind = "letter"
	Reply  Kind = "reply"
	Test   Kind = "test"   // a sample, to a member
	Grant  Kind = "grant"  // a program asked for it
	System Kind = "system" // Letterhead's own, to a member
)

// Channel is how a message travels.
type Channel string

// The channels.
const (
	Email Channel = "email"
	SMS   Channel = "sms"
)

// Purpose is what consent a message needs.
type Purpose string

// The purposes.
const (
	Appointments Purpose = "appointments"
	Marketing    Purpose = "marketing"
)

// State is where a message is.
type State string

// The states.
const (
	Queued    State = "queued"
	Held      State = "held"
	Leaving   State = "leaving"
	Sent      State = "sent"
	Refused   State = "refused"
	MaybeSent State = "maybe sent"
	Dropped   State = "dropped"
)

// Final tells whether a message in this state never changes it again.
func (s State) Final() bool { return s == Sent || s == Refused || s == MaybeSent || s == Dropped }

// Steps that are no states.
const (
	Deferred   = "deferred"   // the relay said: later
	Delivered  = "delivered"  // a receipt
	Bounced    = "bounced"    // an authenticated report of failure
	Complained = "complained" // an authenticated abuse report
	Replied    = "replied"
)

// Reasons that this package and the courier give. docs/reasons.md explains each.
const (
	ReasonFrozen      = "frozen"          // held: sending is stopped for the practice
	ReasonRoute       = "route"           // held: no relay or gateway that may be used
	ReasonWording     = "wording"         // held: the version is missing, damaged or cannot be compiled
	ReasonPicture     = "picture"         // held: a picture of the version is missing, or is not the signed one
	ReasonInspection  = "inspection"      // held: the rendered message holds what was not in its version
	ReasonSender      = "sender"          // held: the sender's domain is not the practice's
	ReasonUnsigned    = "unsigned"        // held: what it carries is not signed, or does not count
	ReasonKeys        = "keys"            // held: the practice's keyset is missing
	ReasonUnwitnessed = "unwitnessed"     // queued again: of an order, while too few witnesses have signed the ledger
	ReasonMoved       = "moved"           // dropped: the practice moved to another installation before it left
	ReasonLate        = "too late"        // dropped: of no use to anybody any more
	ReasonSuppressed  = "suppressed"      // dropped: the address bounced, complained or opted out
	ReasonNoAddress   = "no address"      // dropped
	ReasonWithdrawn   = "withdrawn"       // dropped: somebody of the practice took it back
	ReasonInterrupted = "interrupted"     // maybe sent: the courier died between first byte and answer; or queued again: before the first byte
	ReasonNoAnswer    = "no answer"       // maybe sent: the connection ended after the first byte, before the answer
	ReasonRelay       = "relay"           // refused or deferred by the relay or gateway; the detail is its reply
	ReasonUnreachable = "unreachable"     // deferred: the relay or gateway could not be reached
	ReasonGivenUp     = "given up"        // refused: deferred until it was too late
	ReasonNotRecorded = "journal unknown" // maybe sent: it was leaving, and no journal here knows of it
)

// Intent is a message to be queued.
type Intent struct {
	ID          ID // made by Queue when empty
	Kind        Kind
	Channel     Channel
	Purpose     Purpose
	Rule        string // the rule's key, of a rule's message
	Subject     string // the id of the order, letter or grant, of the others'; "" of tests and of Letterhead's own
	Version     string // of the wording, its id
	Digest      string // of that version, hex
	Language    string
	Appointment string
	Attendee    string
	Generation  int64
	Client      string    // "" of what goes to a member
	Recipient   string    // the client's id, a contact's or a member's
	Turn        time.Time // when it may leave; order in which the courier takes messages. Counted in whole seconds
	NotAfter    time.Time // of no use to anybody after this
	Basis       string    // of which versions of its facts it was planned, in the planner's words; "" for none. While it is the same, planning again changes nothing
}

// Message is a message with its fate.
type Message struct {
	Practice store.PracticeID
	Intent
	State        State
	Reason       string
	Attempts     int64
	MessageID    string // RFC 5322, without brackets; made before the first try and kept
	AddressIndex string
	Relay        string
	OutsideID    string
	CreatedAt    time.Time
	LeftAt       time.Time // when its first byte left
	ChangedAt    time.Time
}

// Step is one line of a message's timeline.
type Step struct {
	Number int64
	At     time.Time
	Step   string // a state, or Deferred, Delivered, Bounced, Complained, Replied
	Reason string
	Detail string
}

// Filter narrows a list; what is empty does not narrow.
type Filter struct {
	States      []State
	Channel     Channel
	Purpose     Purpose
	Kind        Kind
	Rule        string
	Client      string
	Appointment string
	From, To    time.Time // created at or after From and before To
}

// Page is a window of a list: After is the cursor that the page before it returned.
type Page struct {
	After string
	Limit int // 50 when 0; 500 at most
}
