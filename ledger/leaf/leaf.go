// Package leaf is what the ledger's leaves say, and how they are written: one leaf, one thing that happened in the name of one practice.
//
// A leaf is bytes, fixed for each kind but for the lists of an outcome and the texts of an event: version, kind, label of the practice, its
// dense sequence (1, 2, 3 …), hash of its leaf before, instant, body. docs/evidence.md describes them for strangers; all numbers are big-endian.
//
// Promises: what Append writes Parse reads, and Parse reads nothing else: there is one way to write a leaf. Nothing in a leaf says who a message
// went to or what it said: recipient, text and words are HMACs under a salt that is sealed with the message and gone when that is erased, which
// leaves the leaf as valid as it was.
//
// Never: a name, an address, a clinic's reason for a stop.
package leaf

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// Hash is a SHA-256.
type Hash = [sha256.Size]byte

// Kind says what a leaf records.
type Kind byte

// The kinds.
const (
	KindMessage    Kind = 1 // a message is about to be handed off
	KindOutcome    Kind = 2 // what became of messages, a batch of them
	KindStatement  Kind = 3 // something was signed
	KindWithdrawal Kind = 4 // a statement was withdrawn
	KindFreeze     Kind = 5 // sending was stopped
	KindLift       Kind = 6 // and goes on
	KindIncident   Kind = 7 // something went wrong
)

const (
	version    = 1
	headerSize = 2 + 32 + 8 + 32 + 8

	// MaxOutcomes bounds the messages of one outcome leaf.
	MaxOutcomes = 1000
	// MaxText bounds the texts of an event.
	MaxText = 64
	// MaxSize is the length of the longest leaf.
	MaxSize = headerSize + 2 + 9*MaxOutcomes
)

// Leaf is one leaf.
type Leaf struct {
	Label    Hash   // of the practice: the digest of its root statement; zero for the platform
	Sequence uint64 // of the practice: 1, 2, 3 …
	Previous Hash   // Sum of the practice's leaf before; zero for the first
	At       int64  // microseconds since 1970 UTC; never before the leaf before
	Body     Body
}

// Body is what a leaf of one kind says: *Message, *Outcome, *Statement, *Event.
type Body interface {
	Kind() Kind
	append([]byte) []byte
	check() error
}

// Class says by what right a message goes.
type Class byte

// The classes.
const (
	ClassRule   Class = 1
	ClassOrder  Class = 2
	ClassLetter Class = 3
	ClassReply  Class = 4
	ClassGrant  Class = 5
	ClassTest   Class = 6 // to a member, of a version that need not be signed
	ClassSystem Class = 7 // to a member, in words of the program
)

// Channel is the way of a message.
type Channel byte

// The channels.
const (
	Email Channel = 1
	SMS   Channel = 2
)

// Message says that a message is about to be handed off.
type Message struct {
	Class     Class
	Channel   Channel
	Version   Hash // digest of the wording's version, or of the letter
	Approval  Hash // digest of the statement that lets it go: of its rule, order, letter or grant; zero of Test and System
	Wording   Hash // digest of the statement on its wording; zero of Letter, Reply, Test and System
	Links     Hash // Links of the hosts that its links lead to
	Recipient Hash // Commit to the address
	Text      Hash // Commit to the hash of the message as it is handed off
	Words     Hash // Commit to the hash of its visible words, normalised
}

// Kind implements Body.
func (*Message) Kind() Kind { return KindMessage }

// Fate is what became of a message.
type Fate byte

// The fates.
const (
	Sent     Fate = 1 // the relay or gateway took it
	Deferred Fate = 2 // it will be tried again, under a leaf of its own
	Refused  Fate = 3
	Maybe    Fate = 4 // its first byte had left, and nobody answered
	Stopped  Fate = 5 // it did not leave after all
)

// Result is what became of one message.
type Result struct {
	Sequence uint64 // of the message's leaf, of the same practice
	Fate     Fate
}

// Outcome is what became of some messages.
type Outcome struct{ Results []Result }

// Kind implements Body.
func (*Outcome) Kind() Kind { return KindOutcome }

// Statement says that something signed was taken in: a statement in its entry of the practice's chain.
type Statement struct {
	Position  uint64 // of the entry: 1, 2, 3 …
	Index     uint16 // of the statement on its sheet, from 0
	Seen      int64  // when the courier's journal had the entry first, microseconds
	Digest    Hash   // of the statement
	Entry     Hash   // of the entry
	Withdrawn Hash   // of a withdrawal: the digest of what it withdraws; else zero
}

// Kind implements Body.
func (s *Statement) Kind() Kind {
	if s.Withdrawn != (Hash{}) {
		return KindWithdrawal
	}
	return KindStatement
}

// Event is a freeze, a lift or an incident.
type Event struct {
	Of     Kind // KindFreeze, KindLift or KindIncident
	ID     string
	Word   string // of a freeze its scope (Practice, Platform, …), of an incident Opened, Changed or Closed; of a lift ""
	Epoch  uint64 // of the freeze; of an incident the instant of the state, microseconds
	Digest Hash   // of a freeze Stop of its words, of a lift the statement's that lifts (zero of a stop that the operator made everywhere), or zero; of an incident its state's
}

// Words of freezes. One that holds everywhere begins with Platform, and ends without a signature of the practice's people, who did not make it.
const (
	Practice = "practice" // everything of the practice
	Platform = "platform" // everything of everybody
)

// Words of incidents.
const (
	Opened  = "opened"
	Changed = "changed"
	Closed  = "closed"
)

// Kind implements Body.
func (e *Event) Kind() Kind { return e.Of }

// Append writes a leaf behind dst.
func (l *Leaf) Append(dst []byte) ([]byte, error) {
	if err := l.check(); err != nil {
		return nil, err
	}
	dst = append(dst, version, byte(l.Body.Kind()))
	dst = append(dst, l.Label[:]...)
	dst = binary.BigEndian.AppendUint64(dst, l.Sequence)
	dst = append(dst, l.Previous[:]...)
	dst = binary.BigEndian.AppendUint64(dst, uint64(l.At))
	return l.Body.append(dst), nil
}

// Sum is the hash of a leaf as the tree has it (RFC 6962 §2.1).
func Sum(raw []byte) Hash { return Hash(tlog.RecordHash(raw)) }

var errForm = errors.New("leaf: it is not in the form of a leaf")

func bad(what string) error { return fmt.Errorf("%w: %s", errForm, what) }

func (l *Leaf) check() error {
	switch {
	case l.Body == nil:
		return bad("it says nothing")
	case l.Sequence == 0 || l.Sequence > 1<<62:
		return bad("its sequence")
	case (l.Sequence == 1) != (l.Previous == Hash{}):
		return bad("the first has none before it, every other one has")
	case l.At <= 0 || l.At >= 1<<53:
		return bad("its instant")
	}
	if e, is := l.Body.(*Event); is && e.Of == KindIncident && e.Epoch > uint64(l.At) {
		return bad("an incident's state is of a later instant")
	}
	return l.Body.check()
}

// Parse reads what Append wrote and refuses everything else.
func Parse(raw []byte) (*Leaf, error) {
	if len(raw) < headerSize || len(raw) > MaxSize || raw[0] != version {
		return nil, errForm
	}
	kind, r := Kind(raw[1]), reader{rest: raw[2:]}
	l := &Leaf{Label: r.hash(), Sequence: r.number(), Previous: r.hash(), At: int64(r.number())}
	switch kind {
	case KindMessage:
		l.Body = r.message()
	case KindOutcome:
		l.Body = r.outcome()
	case KindStatement, KindWithdrawal:
		l.Body = r.statement(kind)
	case KindFreeze, KindLift, KindIncident:
		l.Body = r.event(kind)
	default:
		return nil, bad("its kind")
	}
	if r.bad || len(r.rest) > 0 {
		return nil, bad("its length")
	}
	if l.Body.Kind() != kind {
		return nil, bad("its kind")
	}
	return l, l.check()
}
