package approval

import (
	"errors"
	"fmt"
	"time"

	"letterhead/fault"
)

// Reason says why something is not allowed, or why an entry is refused. Reasons are stable: rows, pages and metrics carry them.
type Reason string

// Why a statement does not count, from State.Allows and its sisters.
const (
	Unsigned    Reason = "unsigned"      // nobody signed this
	Expired     Reason = "expired"       // its expiry or window is over
	Superseded  Reason = "superseded"    // a later serial of its subject is in force
	Withdrawn   Reason = "withdrawn"     // somebody withdrew it
	Waiting     Reason = "waiting"       // it counts from Until on
	NeedsSecond Reason = "needs second"  // another member's key has to sign it too
	KeyYoung    Reason = "key too young" // signed by two, one with a key that is not old enough; it counts from Until on
	Void        Reason = "void"          // a key that signed it was revoked as stolen before that
	Off         Reason = "off"           // a host that was switched off
	Unseen      Reason = "unseen"        // the journal has not seen the entry yet
)

// Why an entry is refused, from State.Add, State.Try and Fold, beside Expired, Superseded and Withdrawn.
const (
	Malformed     Reason = "malformed"      // not in canonical form, a member unknown, a bound exceeded
	Foreign       Reason = "foreign"        // of another installation
	OtherPractice Reason = "other practice" // of another practice
	WrongEpoch    Reason = "wrong epoch"    // of an epoch to come, or an older one than the entry before
	WrongPlace    Reason = "wrong place"    // position, previous hash, or the point of the chain it was signed upon
	Replayed      Reason = "replayed"       // its nonce was used
	LowSerial     Reason = "low serial"     // a serial that its subject has had already
	HighSerial    Reason = "high serial"    // a serial that leaves one out
	WrongReplaced Reason = "wrong replaced" // it does not name the statement that it replaces
	BadSignature  Reason = "bad signature"
	UnknownKey    Reason = "unknown key" // not enrolled
	RevokedKey    Reason = "revoked key"
	WrongMember   Reason = "wrong member" // the statement is another member's than the key
	MayNot        Reason = "may not"      // the member's role may not sign this
	SignedTwice   Reason = "signed twice" // this member signed it already
	WrongRoot     Reason = "wrong root"   // the first key is not the pinned one
	NoRoot        Reason = "no root"      // no first key is pinned
	Behind        Reason = "behind"       // the chain is shorter than, or other than, what the journal has seen
	Unknown       Reason = "unknown"      // it names a statement that is not there
	NotAllowed    Reason = "not allowed"  // its kind's own rule: an order that grows, a key enrolled again
	TooMany       Reason = "too many"
)

// Refused is the error of this package: why, and of what. It unwraps to a *fault.Error, so that edges need to know nothing of it.
type Refused struct {
	Reason   Reason
	Kind     Kind
	Subject  string
	Position int64     // of the entry concerned; 0 for none
	Until    time.Time // of Waiting and KeyYoung: from when on it counts
	Err      error     // the cause, for the log
}

func (r *Refused) Error() string {
	text := "approval: " + string(r.Reason)
	if r.Kind != "" {
		text += fmt.Sprintf(", %s %s", r.Kind, short(r.Subject))
	}
	if r.Position > 0 {
		text += fmt.Sprintf(", position %d", r.Position)
	}
	if !r.Until.IsZero() {
		text += ", until " + r.Until.UTC().Format(time.RFC3339)
	}
	if r.Err != nil {
		text += ": " + r.Err.Error()
	}
	return text
}

// Unwrap returns the fault that an edge understands, with the cause within.
func (r *Refused) Unwrap() error {
	kind := fault.Denied
	switch r.Reason {
	case Malformed, Unknown, NotAllowed, TooMany:
		kind = fault.Invalid
	case WrongPlace, LowSerial, HighSerial, WrongReplaced, SignedTwice, Replayed:
		kind = fault.Conflict
	case Behind, NoRoot, Unseen:
		kind = fault.Unavailable
	}
	return fault.New(kind, "approval."+string(r.Reason), sentences[r.Reason]).With(r.Err)
}

// Is makes errors.Is(err, &Refused{Reason: Expired}) true for every refusal with that reason.
func (r *Refused) Is(target error) bool {
	t, ok := target.(*Refused)
	return ok && t.Reason == r.Reason && (t.Kind == "" || t.Kind == r.Kind)
}

// ReasonOf returns the reason within an error, "" when there is none.
func ReasonOf(err error) Reason {
	var r *Refused
	if errors.As(err, &r) {
		return r.Reason
	}
	return ""
}

func refuse(reason Reason, format string, args ...any) *Refused {
	return &Refused{Reason: reason, Err: fmt.Errorf(format, args...)}
}

// bad is a field of a statement or sheet that breaks its type.
func bad(field, format string, args ...any) error {
	return &Refused{Reason: Malformed, Err: fault.Field(field, "approval.malformed", format, args...)}
}

// of says which statement a refusal is about.
func (r *Refused) of(s *Statement, position int64) *Refused {
	r.Kind, r.Subject, r.Position = s.Kind, s.Subject, position
	return r
}

// short keeps what a message quotes to a line.
func short(text string) string {
	if len(text) > 48 {
		return text[:45] + "…"
	}
	return text
}

var sentences = map[Reason]string{
	Unsigned: "nobody has signed this; have it approved with a signing key", Expired: "the approval has run out; sign it again",
	Superseded: "a newer approval has replaced this one", Withdrawn: "the approval was withdrawn", Waiting: "the approval does not count yet",
	NeedsSecond: "a second member has to sign this too", KeyYoung: "one of the two signing keys is too new; wait, or have another member sign",
	Void: "a key that signed this was revoked as stolen; sign it again", Off: "this host was switched off", Unseen: "the courier has not seen this approval yet",
	Malformed: "this is not a statement, sheet or entry in its exact form", Foreign: "this was signed for another installation", OtherPractice: "this was signed for another practice",
	WrongEpoch: "this was signed in another epoch of the installation; sign it again", WrongPlace: "the chain went on meanwhile, or was changed; read it again and sign again",
	Replayed: "this sheet was used already", LowSerial: "there is a newer statement on this; read it and sign again", HighSerial: "a statement before this one is missing",
	WrongReplaced: "this does not replace what is there; read it again and sign again", BadSignature: "the signature does not hold", UnknownKey: "this signing key is not enrolled",
	RevokedKey: "this signing key was revoked", WrongMember: "the statement names another member than the key's", MayNot: "your role may not sign this", SignedTwice: "you have signed this already",
	WrongRoot: "the first key is not the one that was pinned", NoRoot: "this practice has no first signing key yet", Behind: "the database knows less of this practice's approvals than the courier has seen; nothing is sent",
	Unknown: "the statement that this names is not there", NotAllowed: "a statement of this kind may not say that", TooMany: "there are more than allowed",
}
