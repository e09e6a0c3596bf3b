package approval

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"slices"
	"time"

	"letterhead/store"
)

// Draft begins a statement: the next serial of its subject, replacing the last, with a nonce. The caller adds digest, body, limits, window and expiry.
func (s *State) Draft(kind Kind, subject string, who store.MemberID) *Statement {
	x := &Statement{
		Format: Format, Installation: s.anchor.Installation, Practice: s.anchor.Practice, Kind: kind, Subject: subject, Serial: 1, Who: who, Nonce: NewNonce(),
	}
	if of := s.subjects[subjectKey{kind, subject}]; len(of) > 0 {
		x.Serial, x.Supersedes = int64(len(of))+1, of[len(of)-1].digest
	}
	return x
}

// Signing is a sheet that is ready to be signed.
type Signing struct {
	Sheet      []byte   // canonical
	Statements [][]byte // canonical, in the sheet's order
	Challenge  [sha256.Size]byte
	After      Head // the head when it was made; the entry may go behind a later one
}

// Prepare makes the sheet for a set of statements: new ones from Draft, and pending ones that a second member signs.
func (s *State) Prepare(now time.Time, statements ...*Statement) (*Signing, error) {
	sheet := &Sheet{
		Format: Format, Installation: s.anchor.Installation, Practice: s.anchor.Practice, Epoch: s.anchor.Epoch, Nonce: NewNonce(), At: At(now), After: s.head,
	}
	out := &Signing{After: s.head}
	for _, x := range statements {
		text, err := x.Canonical()
		if err != nil {
			return nil, err
		}
		out.Statements = append(out.Statements, text)
		sheet.Statements = append(sheet.Statements, sha256.Sum256(text))
	}
	text, err := sheet.Canonical()
	if err != nil {
		return nil, err
	}
	out.Sheet, out.Challenge = text, Challenge(text)
	return out, nil
}

// Entry puts the signed sheet behind a head. Where others signed meanwhile it is made again behind the new head, without another touch.
func (g *Signing) Entry(behind Head, signature Signature) (*Entry, error) {
	return NewEntry(behind, g.Sheet, g.Statements, signature)
}

// Need is what a statement will take to count, for a page to say before anybody signs.
type Need struct {
	May    bool          // this member may sign it at all
	Second bool          // another member has to sign too
	Owner  bool          // one of the two has to be an owner
	Wait   time.Duration // from its signature on, in a practice of one; more after a second signer was lost
}

// Needs says what a statement takes when a member signs it with a passkey.
func (s *State) Needs(x *Statement, member store.MemberID) Need {
	n := Need{May: s.may(&key{member: member}, x)}
	alone := s.PracticeOfOne()
	n.Second = !alone && (two(x) || s.large(x, member))
	n.Owner = two(x)
	if alone && waits(x) {
		n.Wait = AloneWait
	}
	if alone && (two(x) || s.large(x, member)) && s.loss > 0 {
		n.Wait += LossWait
	}
	return n
}

// Key is an enrolled key, for lists and for the desk's allowCredentials.
type Key struct {
	Subject   string
	Member    store.MemberID
	Recovery  bool
	PublicKey Bytes
	Position  int64     // from which entry on
	From      time.Time // from when on it may sign
	Aged      time.Time // from when on it can be one of two
	Revoked   int64     // the entry that revoked it; 0: none
}

// Keys returns the practice's keys, the revoked ones too, in order of position.
func (s *State) Keys() []Key {
	var out []Key
	for _, k := range s.keys {
		out = append(out, Key{Subject: k.subject, Member: k.member, Recovery: k.recovery, PublicKey: k.publicKey, Position: k.position,
			From: when(k.enrolment.from), Aged: when(k.seen.plus(KeyAge)), Revoked: k.revoked})
	}
	slices.SortFunc(out, func(a, b Key) int {
		return cmp.Or(cmp.Compare(a.Position, b.Position), cmp.Compare(a.Subject, b.Subject))
	})
	return out
}

func when(i instant) time.Time {
	if i >= never {
		return time.Time{}
	}
	return store.Instant(int64(i))
}

// Role is what a member may sign as of the last entry, "" for nothing.
func (s *State) Role(member store.MemberID) Role {
	role, _ := s.role(member)
	return role
}

// Commit binds a statement to an address that does not stand in it: HMAC-SHA256 with the statement's nonce.
func Commit(nonce Nonce, address string) Digest {
	mac := hmac.New(sha256.New, nonce[:])
	mac.Write([]byte("letterhead second channel v1\n" + address))
	return Digest(mac.Sum(nil))
}
