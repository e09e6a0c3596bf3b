package budget

import (
	"time"

	"letterhead/approval"
	"letterhead/store"
)

// Use is one try of one message.
type Use struct {
	Practice   store.PracticeID
	Message    string
	Attempt    int64  // as its begun record will say
	Address    string // blind index, computed from the address that was opened, with its channel
	Member     string // whose letter, reply or order it is; "" of a rule
	Credential string // of the API; "" for none
	// Own: an order that two keys signed. Its signed cap and audience are its budget; it does not use up what the practice's other messages have
	// for the day, nor its new addresses.
	Own       bool
	Budget    *Budgets // of the practice
	Approvals []Approval
}

// Budgets are what a practice's people signed about quantities. One is shared by all uses of the practice in a batch.
type Budgets struct {
	Zone   *time.Location   // whose days count; UTC when nil
	Limits *approval.Limits // of the limits statement in force; Default when nil
	Digest approval.Digest  // of that statement
	Surges []Permit         // surge permits in force
	Import []Permit         // import allowances in force: Limits.NewDay, and Limits.Total for the statement's number of addresses
}

// Permit is a statement that adds to a budget while it lasts.
type Permit struct {
	Digest      approval.Digest
	Limits      approval.Limits
	From, Until time.Time
}

// Approval is a statement that lets a message go: a wording version's, and a rule's, order's, letter's or grant's.
type Approval struct {
	Digest  approval.Digest // of the statement
	Limits  *approval.Limits
	Once    bool      // for one message in all: a letter
	Own     bool      // the program's own words: nobody signed them, and there is no first use of them; Limits alone bound them
	Until   time.Time // when the statement ends by itself; zero: it does not
	Waiting int64     // how many messages wait under it now, this one included; at least 1
}

// Reason says why a message is held.
type Reason string

// The reasons. docs/reasons.md explains each; a test holds it to this list.
const (
	FirstUse      Reason = "first use"
	FirstOfMany   Reason = "first uses of the practice"
	FirstOfAll    Reason = "first uses of all practices"
	PracticeDay   Reason = "practice limit"
	MemberDay     Reason = "member limit"
	CredentialDay Reason = "credential limit"
	RecipientDay  Reason = "recipient limit"
	NewDay        Reason = "new address limit"
	ApprovalDay   Reason = "approval limit"
	ApprovalTotal Reason = "approval used up"
	LimitsTotal   Reason = "limits used up"
	Full          Reason = "too much to count"
	Unclear       Reason = "not countable"
)

// Verdict answers one Use.
type Verdict struct {
	Go     bool
	Ticket uint64    // of a use that may go: give it to Settle, whatever becomes of it
	Reason Reason    // of one that is held
	Until  time.Time // when to ask again; zero: not before somebody signs something
	Since  time.Time // of a use that may go: when the youngest of its approvals was first used, now for a first use
}

// End is what became of a use that might go.
type End struct {
	Ticket uint64
	Back   bool // nothing left, or the relay refused it for now and it will be tried again: it is given back
}
