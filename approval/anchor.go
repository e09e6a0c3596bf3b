package approval

import (
	"letterhead/approval/assertion"
	"letterhead/store"
)

// Anchor is what is believed of a practice without its chain: from the trust file, the practice's root file and the courier's journal.
type Anchor struct {
	Installation string
	Epoch        int64
	Practice     store.PracticeID
	Parties      []assertion.Party // the signing desk's origins: the one of today and those it had
	Root         Root

	Pinned    Head                  // the last entry that the journal has seen; zero: none yet
	Revoked   map[string]Revocation // by the journal: keys
	Withdrawn map[Digest]bool       // by the journal
}

// Revocation is what the journal keeps of a revoked key.
type Revocation struct {
	First int64 // position from which on it may not sign
	Since int64 // stolen: what it signed from this position on does not count; 0: all stays
	Lost  bool  // the entry that said so is not in the chain any more, but holds
}

// Root is a practice's first key, as it was pinned in the ceremony. Zero: there is none, and no chain counts.
type Root struct {
	Key       string // KeySubject
	PublicKey Bytes  // COSE
	Proof     Bytes  // HMAC-SHA256(one-time secret, public key)
}

// key is an enrolled key, as of the entry that was taken in last.
type key struct {
	subject   string
	member    store.MemberID
	recovery  bool
	publicKey Bytes
	parsed    *assertion.PublicKey
	enrolment *record // nil while the first entry is looked at
	seen      instant // when its enrolment was complete and seen: its age
	position  int64   // of the entry that made it complete
	revoked   int64   // position; 0: it is not
}
