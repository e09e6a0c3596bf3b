// Package evidence is the file by which a practice checks, with nothing else, that it has everything that was sent in its name: the format is that of
// docs/evidence.md, Write makes it and Verify reads it.
//
// A file carries the practice's leaves in order, hashes in the place of all others' leaves, the signed checkpoint over both, the line of the list of
// counts that says how many leaves the practice has, and the entries of its approvals, each before the first leaf that names it.
//
// Promises: Verify needs no network, no clock and no database, reads the file once and keeps of it one byte a leaf and what was signed. It
// stops at the first thing that is wrong and says which line and what. What it calls complete is complete as of that checkpoint, if the log's key
// and the root's fingerprint are right.
//
// Never: a name or an address; a claim about what left without the courier.
package evidence

import (
	"fmt"
	"io"

	"letterhead/fault"
	"letterhead/ledger/leaf"
)

// Header is the first line of a file.
const Header = "letterhead-evidence/1"

// Grace is how long a message may be on its way, in microseconds, when its approval ends, is withdrawn, or sending is stopped.
const Grace = 60_000_000

// Bounds of a file.
const (
	maxLine      = 3 << 20
	maxDesks     = 16
	maxCosigners = 32
	maxLeaves    = 20_000_000
)

// Problem is what is wrong with a file: the first thing found.
type Problem struct {
	Line int    `json:"line"`
	Code string `json:"code"`
	Say  string `json:"say"`
}

func (p *Problem) Error() string { return fmt.Sprintf("line %d: %s (%s)", p.Line, p.Say, p.Code) }

// Unwrap makes it a fault of kind Denied, for whoever turns errors into exit codes.
func (p *Problem) Unwrap() error {
	return fault.New(fault.Denied, "evidence."+p.Code, p.Say)
}

// The codes of problems; docs/evidence.md says when each is found.
const (
	CodeFormat     = "format"     // not a file of this kind
	CodeLine       = "line"       // a line that cannot be read, or stands where it must not
	CodeTruncated  = "truncated"  // the file ends too early
	CodeCheckpoint = "checkpoint" // not signed by the log's key, or not of the form
	CodeList       = "list"       // the line of the list of counts does not hold
	CodeRoot       = "root"       // the root is not that of the fingerprint
	CodeEntry      = "entry"      // an entry of the approvals does not follow the one before, or is not of the form
	CodeSignature  = "signature"  // of an entry
	CodeKey        = "key"        // that signed an entry: not enrolled, or revoked
	CodeRules      = "rules"      // of signing: role, second signature, waiting time
	CodeLeaf       = "leaf"       // not of the form
	CodeLabel      = "label"      // another practice's
	CodeSequence   = "sequence"   // one is missing, or there twice
	CodePrevious   = "previous"   // it does not name the leaf before it
	CodeTime       = "time"       // before the leaf before it
	CodeStatement  = "statement"  // a leaf that is not the next statement's
	CodeLost       = "lost"       // leaves of statements that are not there, and nobody signed that they were lost
	CodeApproval   = "approval"   // a message whose approval was not on record, or is of something else
	CodeWording    = "wording"    // the same of its wording
	CodeExpired    = "expired"    // after the end of the approval
	CodeEarly      = "early"      // before its window
	CodeWithdrawn  = "withdrawn"  // after it was withdrawn
	CodeFrozen     = "frozen"     // while sending was stopped
	CodeLift       = "lift"       // of a stop, without a signature
	CodeOutcome    = "outcome"    // of what is no message
	CodeHash       = "hash"       // a subtree that cannot stand there
	CodeSize       = "size"       // fewer or more leaves than the checkpoint has
	CodeTree       = "tree"       // not the leaves that the checkpoint is over
	CodeCount      = "count"      // fewer or more of the practice's leaves than the list says
	CodeHead       = "head"       // not the last leaf that the list says
	CodeFork       = "fork"       // to an auditor: the log has not grown out of what was seen before
)

// Approved is a statement that let messages go.
type Approved struct {
	Kind     string   `json:"kind"`
	Subject  string   `json:"subject"`
	Digest   string   `json:"digest"`
	Signers  []string `json:"signers"` // members, in the order in which they signed
	Messages int      `json:"messages"`
}

// Cosigned is a cosignature that holds.
type Cosigned struct {
	Name string `json:"name"`
	At   int64  `json:"at"`   // seconds since 1970 UTC, by that party's clock
	Role string `json:"role"` // "witness" or "auditor" by a key that the reader gave; "unknown" by one that only the file has
}

// Report is what a file that holds says.
type Report struct {
	Origin       string         `json:"origin"`
	Checkpoint   int64          `json:"checkpoint"` // its size
	Installation string         `json:"installation"`
	Practice     string         `json:"practice"`
	Fingerprint  string         `json:"fingerprint"` // of the practice's root
	Leaves       uint64         `json:"leaves"`
	First        int64          `json:"first"` // instants of the first and last leaf, microseconds
	Last         int64          `json:"last"`
	Messages     int            `json:"messages"`
	Members      int            `json:"members"` // messages to members (tests and the program's own), which nobody need approve
	Fates        map[string]int `json:"fates"`
	Stops        int            `json:"stops"`
	Stopped      []string       `json:"stopped"` // the words of those that are not lifted, as of the checkpoint
	Incidents    int            `json:"incidents"`
	Unsettled    []string       `json:"unsettled"` // ids of incidents that are not closed, as of the checkpoint
	Lost         int            `json:"lost"`      // statements on record whose text was lost, as the practice's people signed
	Unproven     int            `json:"unproven"`  // messages that went by those
	Approvals    []Approved     `json:"approvals"`
	Cosigned     []Cosigned     `json:"cosigned"`
}

// fates are the words of what became of messages.
var fates = map[leaf.Fate]string{
	0: "without an outcome yet", leaf.Sent: "sent", leaf.Deferred: "deferred", leaf.Refused: "refused", leaf.Maybe: "maybe sent", leaf.Stopped: "did not leave",
}

// Expect is what the reader knows of a file, from elsewhere.
type Expect struct {
	Root      string   // fingerprint of the practice's first key
	LogKey    string   // verifier key of the log
	Witnesses []string // verifier keys
	Auditors  []string
}

// Verify reads a file. The error is a *Problem where the file is wrong, another one where it cannot be read or what is expected is not written as it should be.
func Verify(in io.Reader, expect Expect) (*Report, error) {
	v, err := newVerifier(expect)
	if err != nil {
		return nil, err
	}
	return v.read(in)
}
