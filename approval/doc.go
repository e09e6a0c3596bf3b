// Package approval says what a practice's people have signed, and whether it counts.
//
// A Statement is one thing that somebody approves: a wording version, a sender, an order, a key. It is RFC 8785 JSON, read strictly, and is
// named by its digest. A Sheet lists the digests of one touch; its Challenge is what a signing key signs. An Entry is a sheet, its statements
// and the signature, at a position of the practice's chain, with the hash of the entry before it: nothing is reordered, put in or taken out
// unseen, and order is by position, never by a stated time. Fold reads a chain into a State; State.Allows answers for one kind, subject and
// digest, now, with a precise Reason when the answer is no.
//
//	Statement → Check → Digest → Sheet → Challenge → (touch) → Entry → State.Try → Append → (read back by the courier) → Fold → Allows
//
// What is believed without the chain is an Anchor: installation, epoch, the origins of the signing desk, the practice's root key, and what the
// courier's journal has seen (its head, and what it saw revoked and withdrawn). The instants at which entries were first seen come from there
// too: waiting times are never measured by what a row or a sheet says.
//
// A statement is: pending (it waits for a second key, for a key to be old enough, or for its 30 minutes), in force, then superseded by the
// next serial of its subject, or withdrawn, or expired, or void because a key that signed it was stolen. What a pending one replaces stays in
// force meanwhile; what was withdrawn or became void while in force leaves nothing behind.
//
// Promises: an entry is taken in whole or refused whole. A chain with one wrong entry allows nothing. Waiting is only ever longer, never
// shorter, when first-seen instants are lost. Verification needs no network and no clock but the one given, today or in ten years.
//
// Never: trust on first sight; a sign-in assertion taken for an approval; a signature that counts for another installation, practice, chain
// or position; a role, threshold or key that comes from a row. It knows no wording, no order, no client: digests and bounded bodies only.
package approval

import "time"

// The rules, in one place.
const (
	KeyAge       = 72 * time.Hour   // so long must a key have been known before it can be one of two
	RecoveryWait = 72 * time.Hour   // before a key that a recovery sheet enrolled may sign
	LossWait     = 72 * time.Hour   // before a practice that lost its second signer counts as a practice of one
	AloneWait    = 30 * time.Minute // in a practice of one, before an order, sender, hosts, host or limits count

	SmallOrder = 50 // recipients that one key may sign for, or a fifth of the active clients if that is more
)

// Bounds of everything that is read.
const (
	MaxStatement  = 16 << 10 // bytes of one statement
	MaxStatements = 500      // on one sheet
	MaxEntry      = 2 << 20  // bytes of one entry
	MaxEntries    = 200_000  // of one chain
	MaxSubject    = 360      // bytes: a credential id of 255 in base64url is the longest
	MaxSigners    = 16       // signatures on one statement
)
