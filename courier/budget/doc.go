// Package budget decides how many messages may leave, and keeps count of those that may have left.
//
// A Use is one try of one message with everything it is charged to: its practice and that practice's signed limits, the address, the member or
// API credential behind it, and the approvals that let it go. Ask answers a batch of them at once with Verdicts: it may go, or it is held, with
// a reason and until when. What may go is reserved in the journal at once; Begin has that on disk before the first byte; Settle says
// what did not leave after all. A process that was killed leaves its reservations behind, and Dead settles them from its segments.
//
//	Ask (reserved) → Begin (on disk) → first byte → Settle (spent, or given back)
//	                       killed meanwhile → Dead (spent where it had begun, given back where not)
//
// Budgets are for a practice, member, API credential and approval, for each address and day, and for addresses never written to before. The
// first use of every approval goes to a first cohort, is held for HoldFor, then doubles every minute (first.go). A day is the practice's
// calendar day and only ever moves forward.
//
// Promises: no sequence of asks, kills, restarts and other processes on the same folder lets more leave than the limits say; what did not
// begin is given back exactly, what may have left never is. What is forgotten makes things stricter. An error means: nothing may leave.
//
// Never: an address, a name or a word of a message; a count that is read from a row; the system's clock.
package budget

import (
	"time"

	"letterhead/approval"
)

// First uses.
const (
	HoldFor = 15 * time.Minute // after the first cohort of an approval, and the time over which the two caps below count
	RampFor = 12 * time.Minute // then the approval is free

	CohortMost    = 20  // messages of one approval's first cohort
	CohortPart    = 50  // of what waits: one in fifty
	FirstPractice = 20  // first uses of one practice within HoldFor
	FirstPlatform = 200 // first uses of all practices within HoldFor
)

// Bounds of what is kept in memory. Where one is reached, what would need more is held.
const (
	mostOpen       = 50_000    // reservations that nobody settled
	mostRecipients = 1_000_000 // addresses of a day, over all practices
	mostApprovals  = 100_000
	mostPayers     = 1_000 // members and credentials of a practice in a day
	mostOfUse      = 8     // approvals, permits and allowances of one message
	unusedFor      = 93 * 24 * time.Hour
)

// Default are the limits of a practice that has signed none: enough for a clinic's own reminders in its first weeks, too little to be worth
// stealing. docs/limits.md says where the numbers come from.
func Default() approval.Limits {
	return approval.Limits{Day: 400, RecipientDay: 6, NewDay: 250, MemberDay: 50, CredentialDay: 50, Total: 1 << 40}
}

// Suggest are limits to propose for signing to a practice with so many active clients, whose busiest day of automatic messages had so many: three
// times that, and room for an order that one key may sign.
func Suggest(active, busiest int64) approval.Limits {
	one := max(approval.SmallOrder, active/5)
	day := max(Default().Day, 3*busiest, 2*(one+busiest)+100)
	return approval.Limits{Day: day, RecipientDay: 6, NewDay: max(Default().NewDay, day/2), MemberDay: one, CredentialDay: one, Total: mostTotal}
}

const mostTotal = 10_000_000 // the largest number that a statement holds
