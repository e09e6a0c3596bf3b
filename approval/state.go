package approval

import (
	"bytes"
	"crypto/ed25519"
	"maps"
	"slices"
	"time"

	"letterhead/approval/assertion"
	"letterhead/store"
)

// State is what a practice's chain comes to, as of its last entry. It is not safe for concurrent change; reading it concurrently is safe.
//
// Who may sign what: an owner and a manager every kind; a practitioner and the front desk letters, withdrawals of what they signed, and
// switching a host off; everybody the revocation of their own keys; a recovery key the enrolment of an owner's key and nothing else. Two
// members, one of them an owner, must sign: keys, members, hosts, a host switched on, sender, limits, surge, resume. Two members must sign an
// order to more than SmallOrder or a fifth of the active clients, or than a signer's own threshold. In a practice of one (keys are held by
// one member) one signature does, after the waits of doc.go. Whether an entry is taken in never depends on a clock; only from when on it counts.
type State struct {
	anchor   Anchor
	head     Head
	epoch    int64
	floor    int64    // a sheet must have been signed upon this position or a later one: the last resume's
	hashes   []Digest // of the entries, by position less one
	nonces   map[Nonce]bool
	records  map[Digest]*record
	subjects map[subjectKey][]*record // by serial less one
	log      []touch
	lost     []ResumeBody // completed resume statements
	behind   error

	view
}

// view is what follows from the log and from which keys count as stolen; it is made anew when one is revoked as stolen.
type view struct {
	keys    map[string]*key
	stolen  map[string]int64 // key → first position that does not count
	holders map[store.MemberID]int
	loss    instant // when a second signer was lost last
}

type subjectKey struct {
	kind    Kind
	subject string
}

// touch is one entry as it is remembered.
type touch struct {
	position int64
	seen     instant
	key      string
	records  []*record
}

// record is one statement and what became of it.
type record struct {
	statement *Statement
	digest    Digest
	position  int64 // of the entry that brought it

	signers   []Signer
	complete  int64   // position of the entry that made it count; 0: it lacks a signature
	seen      instant // when that was seen
	from      instant // from when on it counts, waiting times included
	ripe      instant // the same without the age of keys
	withdrawn int64   // position; 0: it is not
	outside   bool    // the journal saw it withdrawn by an entry that this chain does not have
	ended     instant // when it was withdrawn

	ever     bool    // it was complete once
	everSeen instant // when that was seen
	everFrom instant // and it counted from then on
	void     bool    // it was, and is no more, for a key was stolen
	voidAt   instant // when that was seen
}

// instant is microseconds; never is for what the journal has not seen.
type instant int64

const never instant = 1 << 62

func (i instant) plus(d time.Duration) instant {
	if i >= never {
		return never
	}
	return i + instant(d.Microseconds())
}

func seenAt(t time.Time) instant {
	if t.IsZero() {
		return never
	}
	return instant(store.Micro(t))
}

// Fold reads a chain from its first entry on. The entries up to Anchor.Pinned are not verified again when the hash at that position is the
// pinned one: the hash covers all of them. It returns a Refused with the position of the first entry that is wrong; nothing is allowed then.
// Of a chain that is behind the journal it returns the State as well, for the desk to resume it: that State allows nothing.
func Fold(anchor Anchor, entries []*Entry) (*State, error) {
	s := NewState(anchor)
	pinned := anchor.Pinned.Position
	known := pinned > 0 && pinned <= int64(len(entries)) && entries[pinned-1].Head == anchor.Pinned
	for _, e := range entries {
		if err := s.add(e, known && e.Head.Position <= pinned); err != nil {
			return nil, err
		}
	}
	s.checkPinned()
	if len(s.outside()) > 0 {
		s.judge(never - 1)
	}
	return s, s.behind
}

// NewState is the state of an empty chain.
func NewState(anchor Anchor) *State {
	s := &State{anchor: anchor, nonces: map[Nonce]bool{}, records: map[Digest]*record{}, subjects: map[subjectKey][]*record{}}
	s.view = newView()
	s.checkPinned()
	return s
}

func newView() view {
	return view{keys: map[string]*key{}, stolen: map[string]int64{}, holders: map[store.MemberID]int{}}
}

// checkPinned holds the chain against what the journal has seen.
func (s *State) checkPinned() {
	s.behind = nil
	p := s.anchor.Pinned
	if p.Position == 0 || p.Position <= s.head.Position && s.hashes[p.Position-1] == p.Hash || s.resumed() {
		return
	}
	r := refuse(Behind, "the journal has seen entry %d", p.Position)
	r.Position = s.head.Position
	s.behind = r
}

// Head is the last entry that was taken in.
func (s *State) Head() Head { return s.head }

// Behind is why nothing is allowed of a chain that is not what the journal has seen; nil when it is.
func (s *State) Behind() error { return s.behind }

// Pinned is the head that the journal has seen, for a resume to name.
func (s *State) Pinned() (Head, bool) { return s.anchor.Pinned, s.anchor.Pinned.Position > 0 }

// Hashes returns the hashes of the entries behind a position, for the journal.
func (s *State) Hashes(behind int64) []Digest {
	if behind < 0 || behind > s.head.Position {
		return nil
	}
	return slices.Clone(s.hashes[behind:])
}

// Resumed returns the entry from which the chain goes on instead of what the journal has seen, and whether it does.
func (s *State) Resumed() (Head, bool) {
	if p := s.anchor.Pinned; p.Position > 0 && (p.Position > s.head.Position || s.hashes[p.Position-1] != p.Hash) {
		for _, r := range s.lost {
			if r.Lost == p {
				return r.From, true
			}
		}
	}
	return Head{}, false
}

// Add takes one more entry in, or refuses it and stays as it was.
func (s *State) Add(e *Entry) error {
	if err := s.add(e, false); err != nil {
		return err
	}
	if s.behind != nil {
		if s.checkPinned(); len(s.outside()) > 0 {
			s.judge(never - 1)
		}
	}
	return nil
}

// Try tells whether an entry that was just signed could be appended: as Add, with the epoch of today, and without taking it in.
func (s *State) Try(e *Entry) error {
	if e.Sheet.Epoch != s.anchor.Epoch {
		return at(refuse(WrongEpoch, "signed in epoch %d, this is %d", e.Sheet.Epoch, s.anchor.Epoch), e)
	}
	if s.behind != nil && slices.ContainsFunc(e.statements, func(x *Statement) bool { return x.Kind != KindResume }) {
		return s.behind
	}
	return s.check(e, false)
}

func (s *State) add(e *Entry, verified bool) error {
	if err := s.check(e, verified); err != nil {
		return err
	}
	t := touch{position: e.Head.Position, seen: seenAt(e.Seen), key: e.Signature.Key}
	for i, x := range e.statements {
		digest := e.Sheet.Statements[i]
		r, known := s.records[digest]
		if !known {
			r = &record{statement: x, digest: digest, position: e.Head.Position, outside: s.anchor.Withdrawn[digest]}
			s.records[digest] = r
			of := subjectKey{x.Kind, x.Subject}
			s.subjects[of] = append(s.subjects[of], r)
			if w := s.withdrawnBy(x); w != nil { // the chain has it itself
				w.outside = false
			}
		}
		t.records = append(t.records, r)
	}
	s.nonces[e.Sheet.Nonce] = true
	s.head, s.epoch = e.Head, e.Sheet.Epoch
	s.hashes = append(s.hashes, e.Head.Hash)
	s.log = append(s.log, t)
	if stolen := s.apply(&t); stolen {
		s.judge(t.seen)
	}
	return nil
}

// withdrawnBy is what a statement withdraws, nil where it is none that does or what it names is not there.
func (s *State) withdrawnBy(x *Statement) *record {
	if x.Kind != KindWithdraw {
		return nil
	}
	d, err := ParseDigest(x.Subject)
	if err != nil {
		return nil
	}
	return s.records[d]
}

func at(r *Refused, e *Entry) error {
	if r.Position == 0 {
		r.Position = e.Head.Position
	}
	return r
}

// check refuses what does not belong behind the last entry. It changes nothing, and looks at no clock.
func (s *State) check(e *Entry, verified bool) error {
	for _, step := range []func(*Entry) *Refused{s.checkPlace, s.checkWhere} {
		if r := step(e); r != nil {
			return at(r, e)
		}
	}
	k, r := s.signer(e)
	if r == nil && !verified {
		r = s.verify(e, k)
	}
	if r != nil {
		return at(r, e)
	}
	inSheet := map[subjectKey]bool{}
	for i, x := range e.statements {
		of := subjectKey{x.Kind, x.Subject}
		if inSheet[of] {
			return refuse(NotAllowed, "a sheet holds one statement on a subject").of(x, e.Head.Position)
		}
		inSheet[of] = true
		if r := s.checkStatement(e, k, x, e.Sheet.Statements[i]); r != nil {
			return r.of(x, e.Head.Position)
		}
	}
	return nil
}

// checkPlace: position, hashes, epoch, nonce.
func (s *State) checkPlace(e *Entry) *Refused {
	a := e.Sheet.After
	switch {
	case e.Head.Position != s.head.Position+1 || e.Previous != s.head.Hash:
		return refuse(WrongPlace, "it does not follow entry %d", s.head.Position)
	case a.Position > s.head.Position || a.Position > 0 && s.hashes[a.Position-1] != a.Hash || a.Position < s.floor:
		return refuse(WrongPlace, "it was signed upon another chain")
	case s.nonces[e.Sheet.Nonce]:
		return refuse(Replayed, "a sheet with this nonce is in the chain")
	case e.Sheet.Epoch > s.anchor.Epoch || e.Sheet.Epoch < s.epoch:
		return refuse(WrongEpoch, "signed in epoch %d", e.Sheet.Epoch)
	}
	return nil
}

// checkWhere: installation and practice, of the sheet and of every statement.
func (s *State) checkWhere(e *Entry) *Refused {
	if e.Sheet.Installation != s.anchor.Installation {
		return refuse(Foreign, "the sheet is of another installation")
	}
	if e.Sheet.Practice != s.anchor.Practice {
		return refuse(OtherPractice, "the sheet is of another practice")
	}
	for _, x := range e.statements {
		if x.Installation != s.anchor.Installation {
			return refuse(Foreign, "a statement is of another installation")
		}
		if x.Practice != s.anchor.Practice {
			return refuse(OtherPractice, "a statement is of another practice")
		}
	}
	return nil
}

// signer finds the key that signed: the pinned root for the first entry, an enrolled one after it.
func (s *State) signer(e *Entry) (*key, *Refused) {
	if s.anchor.Root.Key == "" {
		return nil, refuse(NoRoot, "no first key is pinned")
	}
	if e.Head.Position == 1 {
		return s.root(e)
	}
	k := s.keys[e.Signature.Key]
	if k == nil {
		return nil, refuse(UnknownKey, "it is not enrolled")
	}
	gone, is := s.anchor.Revoked[k.subject]
	onLost := slices.ContainsFunc(e.statements, func(x *Statement) bool { return x.Kind == KindResume && x.Body.Resume.Lost == s.anchor.Pinned })
	if k.revoked > 0 || is && (gone.Lost && e.Head.Position >= gone.First || onLost || s.resumed()) {
		return nil, refuse(RevokedKey, "it was revoked")
	}
	if k.recovery != (e.Signature.Type == TypeRecovery) {
		return nil, refuse(BadSignature, "a key of another type")
	}
	return k, nil
}

// resumed tells whether the chain went on after what the journal has seen was lost: then what the journal saw revoked is.
func (s *State) resumed() bool {
	_, is := s.Resumed()
	return is
}

// outside are the keys that were revoked as stolen by entries which this chain does not have any more.
func (s *State) outside() map[string]int64 {
	out := map[string]int64{}
	for key, r := range s.anchor.Revoked {
		if r.Since > 0 && (r.Lost || s.behind != nil || s.resumed()) {
			out[key] = r.Since
		}
	}
	return out
}

// Revoked returns what the journal is to keep of the keys that are revoked as of the last entry.
func (s *State) Revoked() map[string]Revocation {
	out := map[string]Revocation{}
	for subject, k := range s.keys {
		if k.revoked > 0 {
			out[subject] = Revocation{First: k.revoked + 1, Since: s.stolen[subject]}
		}
	}
	for subject, since := range s.stolen { // also of keys whose own enrolment fell with another key
		if _, is := out[subject]; !is {
			out[subject] = Revocation{First: s.head.Position + 1, Since: since}
		}
	}
	return out
}

// Withdrawn returns the digests of the statements that are withdrawn as of the last entry.
func (s *State) Withdrawn() []Digest {
	var out []Digest
	for digest, r := range s.records {
		if r.withdrawn > 0 {
			out = append(out, digest)
		}
	}
	return out
}

func (s *State) root(e *Entry) (*key, *Refused) {
	x, root := e.statements[0], s.anchor.Root
	b := x.Body.Key
	if x.Kind != KindKey || x.Subject != root.Key || b.Action != Enrol || !bytes.Equal(b.PublicKey, root.PublicKey) || !bytes.Equal(b.Proof, root.Proof) ||
		x.Who != b.Member || e.Signature.Key != root.Key || e.Signature.Type != TypeKey {
		return nil, refuse(WrongRoot, "the first entry enrols the pinned key, signed by itself")
	}
	return newKey(x)
}

func newKey(x *Statement) (*key, *Refused) {
	b := x.Body.Key
	k := &key{subject: x.Subject, member: b.Member, recovery: b.Action == Recovery, publicKey: b.PublicKey}
	if k.recovery {
		return k, nil
	}
	parsed, err := assertion.ParseKey(b.PublicKey)
	if err != nil {
		return nil, refuse(Malformed, "read the public key: %w", err)
	}
	k.parsed = parsed
	return k, nil
}

func (s *State) verify(e *Entry, k *key) *Refused {
	if k.recovery {
		if !ed25519.Verify(ed25519.PublicKey(k.publicKey), append([]byte(challengePrefix), e.sheet...), e.Signature.Signature) {
			return refuse(BadSignature, "the recovery key's signature does not hold")
		}
		return nil
	}
	if err := e.Signature.assertion().Verify(k.parsed, Challenge(e.sheet), s.anchor.Parties...); err != nil {
		return refuse(BadSignature, "%w", err)
	}
	return nil
}

// checkStatement: serial, what it replaces, its kind's own rules, and whether this key may sign it.
func (s *State) checkStatement(e *Entry, k *key, x *Statement, digest Digest) *Refused {
	of := s.subjects[subjectKey{x.Kind, x.Subject}]
	r, known := s.records[digest]
	if known {
		if r := r.checkAgain(k, of); r != nil {
			return r
		}
	} else {
		if r := checkSerial(x, of); r != nil {
			return r
		}
		if x.Who != k.member {
			return refuse(WrongMember, "the key is another member's")
		}
		if first := e.Head.Position == 1 && x == e.statements[0]; !first && x.Kind == KindKey && len(x.Body.Key.Proof) > 0 {
			return refuse(WrongRoot, "only the first key has a proof")
		}
		if r := s.checkKind(x, of); r != nil {
			return r
		}
	}
	if e.Head.Position > 1 && !s.may(k, x) {
		return refuse(MayNot, "the role of this member, or this kind of key, may not sign it")
	}
	return nil
}

// checkAgain: a second signature, on the latest statement of its subject that still stands, by another member.
func (r *record) checkAgain(k *key, of []*record) *Refused {
	switch {
	case of[len(of)-1] != r:
		return refuse(Superseded, "a later statement is there")
	case r.withdrawn > 0:
		return refuse(Withdrawn, "it was withdrawn")
	case slices.ContainsFunc(r.signers, func(g Signer) bool { return g.Member == k.member }):
		return refuse(SignedTwice, "this member signed it")
	case len(r.signers) >= MaxSigners:
		return refuse(TooMany, "it has %d signatures", MaxSigners)
	}
	return nil
}

// checkSerial: the next of its subject, replacing the last.
func checkSerial(x *Statement, of []*record) *Refused {
	last := int64(len(of))
	switch {
	case x.Serial <= last:
		return refuse(LowSerial, "serial %d, the last one is %d", x.Serial, last)
	case x.Serial > last+1:
		return refuse(HighSerial, "serial %d, the last one is %d", x.Serial, last)
	case last > 0 && x.Supersedes != of[last-1].digest:
		return refuse(WrongReplaced, "it replaces another statement than the last one")
	}
	return nil
}

// maxStolen bounds how often keys of one practice are revoked as stolen.
const maxStolen = 64

func (s *State) checkKind(x *Statement, of []*record) *Refused {
	switch x.Kind {
	case KindKey:
		return s.checkKeyChange(x, of)
	case KindOrder:
		if x.Serial > 1 && !subtracts(of[x.Serial-2].statement, x) {
			return refuse(NotAllowed, "an order can only become smaller, later to begin and earlier to end")
		}
	case KindWithdraw:
		r := s.withdrawnBy(x)
		switch {
		case r == nil:
			return refuse(Unknown, "there is no such statement")
		case !withdrawable[r.statement.Kind]:
			return refuse(NotAllowed, "a statement of kind %s is replaced, not withdrawn", r.statement.Kind)
		case r.withdrawn > 0:
			return refuse(Withdrawn, "it was withdrawn already")
		}
	case KindResume:
		if x.Body.Resume.From != s.head {
			return refuse(WrongPlace, "it goes on from another entry")
		}
	}
	return nil
}

func (s *State) checkKeyChange(x *Statement, of []*record) *Refused {
	if x.Body.Key.Action != Revoke {
		for subject, of := range s.subjects { // one key is not two members, nor twice pending
			if subject.kind == KindKey && bytes.Equal(of[0].statement.Body.Key.PublicKey, x.Body.Key.PublicKey) {
				return refuse(NotAllowed, "this key is enrolled, or was, under another name")
			}
		}
		return nil
	}
	first, k := of[0].statement.Body.Key, s.keys[x.Subject]
	stolen := 0
	for _, t := range s.log {
		for _, r := range t.records {
			if b := r.statement.Body.Key; b != nil && b.Since > 0 {
				stolen++
			}
		}
	}
	switch {
	case x.Body.Key.Member != first.Member:
		return refuse(NotAllowed, "the key is another member's")
	case x.Body.Key.Since > s.head.Position+1 || k != nil && x.Body.Key.Since > 0 && x.Body.Key.Since <= k.position:
		return refuse(NotAllowed, "a key is stolen after it was enrolled and before now")
	case x.Serial > 2 && (k == nil || k.revoked > 0):
		return refuse(RevokedKey, "it is revoked already")
	case stolen >= maxStolen:
		return refuse(TooMany, "keys were revoked as stolen %d times", maxStolen)
	}
	return nil
}

// subtracts tells whether an order is within the one it replaces.
func subtracts(old, x *Statement) bool {
	a, b := *old.Body.Order, *x.Body.Order
	if a != b || old.Digest != x.Digest || x.Limits.Total > old.Limits.Total || x.Window.From < old.Window.From || x.Window.Until > old.Window.Until {
		return false
	}
	return old.Expires == 0 || x.Expires != 0 && x.Expires <= old.Expires
}

// withdrawable are the kinds that say "this may be sent": to withdraw one takes away, never adds.
var withdrawable = map[Kind]bool{
	KindWording: true, KindDirectory: true, KindSender: true, KindHosts: true, KindLimits: true, KindSurge: true, KindRule: true, KindOrder: true, KindLetter: true,
	KindGrant: true, KindImport: true,
}

// Members returns who holds keys that are not revoked, in order: more than one, and two can sign.
func (s *State) Members() []store.MemberID { return slices.Sorted(maps.Keys(s.holders)) }

// PracticeOfOne tells whether exactly one member holds keys.
func (s *State) PracticeOfOne() bool { return len(s.holders) == 1 }
