// Package courier lets messages go: it claims what is queued, holds each message against the gate, merges, inspects, signs, records, hands
// off, and writes down what became of it. Nothing else in Letterhead speaks to a relay or a gateway.
//
// The way of a batch (at most 200 messages, several batches at once, any number of processes over one database):
//
//	claim     the earliest turns, across practices that no other courier has
//	facts     one read for each practice of the batch: may it still go, to whom, with which values (Source)
//	gate      a list of named checks, each with its reason; what fails one is held, dropped or given back, never sent
//	merge     into the version compiled from the canonical JSON whose digest was verified; inspected; header composed
//	sign      DKIM, in parallel; the stops are read again after it
//	record    `leaving`, the sealed values and a leaf of the ledger in one transaction; after COMMIT and before the first byte the ledger's head
//	          and `begun` in the journal, fsynced
//	hand off  SMTP or SMS
//	outcome   marked as a set: sent, refused, maybe sent, or queued again with a later turn
//
// Promises: none lost, none silently doubled, whatever instant the process is killed at: only what the journal says had begun, and no
// answer was noted for, becomes "maybe sent", and that is final. Everything else goes on with the Message-ID it had. No first byte leaves
// later than a second after a stop was answered; a stop state that cannot be read, a missing journal, or one of another installation or
// epoch mean that nothing leaves, and Status says why. A root marked demo or test delivers to this machine (loopback) alone.
//
// Never: a relay, credential or key from a row; a send without record; personal data in an error, a log or a count.
package courier

import (
	"context"
	"time"

	"letterhead/approval/audience"
	"letterhead/message"
	"letterhead/store"
	"letterhead/wording"
)

// Source is what the courier needs of the product. All are called in a View of one practice, for all its messages of a batch at once.
type Source interface {
	// Facts returns today's facts in the order of the batch.
	Facts(ctx context.Context, tx *store.Tx, batch []message.Message) ([]Facts, error)
	// Versions returns the canonical JSON of versions by id; one that the practice does not have is left out.
	Versions(ctx context.Context, tx *store.Tx, ids []string) (map[string][]byte, error)
	// Directory returns the canonical JSON of the practice's own texts that was kept under a digest (hex).
	Directory(ctx context.Context, tx *store.Tx, digest string) ([]byte, error)
	// Pictures returns the bytes of pictures by SHA-256 (hex); one that the practice does not have is left out.
	Pictures(ctx context.Context, tx *store.Tx, digests []string) (map[string][]byte, error)
}

// Facts are what a message is merged from, as of now.
type Facts struct {
	Stop         string    // why it must not go any more: a key of docs/reasons.md; "" when it may
	Hold         string    // why it is held: what it needs cannot be read; "" when it can
	Wait         time.Time // not before this instant: quiet hours of the recipient began while it was queued or deferred; zero when it may go now
	Address      string    // e-mail address, or E.164 number
	AddressIndex string    // its keyed blind index in this practice
	Language     string    // the recipient's; the message's when empty
	Rule         [32]byte  // SHA-256 of the rule's content as it stands, of a rule's message; zero: there is no such rule
	Values       wording.Values
	Starts       time.Time       // when the appointment begins that it is about; zero: about none
	Place        int64           // of an order's message: where the recipient stands in the signed audience
	Proof        []audience.Hash // and the proof of it
}

// Status is what can be said of a courier without personal data.
type Status struct {
	Process   string
	Running   bool
	Why       string // why nothing is sent; "" when it works
	Claimed   int64  // since the start
	Sent      int64
	Deferred  int64
	Refused   int64
	MaybeSent int64
	Held      int64
	Dropped   int64
	Begun     int64         // hand-offs begun
	InHand    int64         // claimed and not yet settled
	Frozen    int           // practices that are stopped
	Platform  bool          // the platform is stopped
	Signing   time.Duration // spent on signing, over all cores
	LastError string
	LastSent  time.Time
	Relays    map[string]RelayStatus
	Torn      int // torn journal tails found at the start

	Unwitnessed time.Time // since when too few witnesses have signed the ledger; zero: enough have, or none is wanted
	Fork        bool      // a witness has seen another history of the ledger
}

// RelayStatus is how one relay does.
type RelayStatus struct {
	Connections int
	Failures    int       // in a row
	Until       time.Time // it is left alone until then
}
