package approval

import (
	"slices"
	"time"

	"letterhead/store"
)

// Signer is one signature on a statement, and what it is worth.
type Signer struct {
	Key      string
	Member   store.MemberID
	Position int64

	role   Role
	from   instant // when it counts from: seen, and the key and role may sign
	aged   instant // when the key is old enough to be one of two
	enough bool    // it needs no second
	single instant // then it makes the statement count from here
}

// apply lets an entry's statements take effect, in their order. It skips what a stolen key signed, and what follows from that alone. It tells
// whether a key was revoked as stolen.
func (s *State) apply(t *touch) (stolen bool) {
	alone := len(s.holders) == 1 || t.position == 1
	for i, r := range t.records {
		k := s.keys[t.key]
		if t.position == 1 && i == 0 {
			k, _ = newKey(r.statement) // was read when the entry was checked
		}
		if k == nil || k.revoked > 0 && k.revoked < t.position || s.isStolen(k.subject, t.position) || t.position > 1 && !s.may(k, r.statement) {
			continue
		}
		was := r.complete
		s.sign(t, r, k, alone)
		if was == 0 && r.complete > 0 {
			stolen = s.effect(t, r) || stolen
		}
	}
	return stolen
}

func (s *State) isStolen(key string, position int64) bool {
	since, is := s.stolen[key]
	return is && position >= since
}

// sign puts a signature on a statement and works out whether, and from when on, the statement counts.
func (s *State) sign(t *touch, r *record, k *key, alone bool) {
	g := Signer{Key: k.subject, Member: k.member, Position: t.position, from: t.seen, aged: k.seen.plus(KeyAge)}
	if k.enrolment == nil { // the first key: seen now
		g.role, g.aged = Owner, t.seen.plus(KeyAge)
	} else {
		role, since := s.role(k.member)
		g.role, g.from = role, max(g.from, k.enrolment.from, since)
	}
	x := r.statement
	g.single = g.from
	switch {
	case k.recovery:
		g.enough, g.single = true, g.from.plus(RecoveryWait)
	case alone && t.position == 1 && x.Kind == KindKey:
		g.enough = true
	case alone:
		g.enough = !two(x) || g.role == Owner
		if two(x) || s.large(x, k.member) {
			g.single = max(g.single, s.loss.plus(lossWait(s.loss)))
		}
		if waits(x) {
			g.single = g.single.plus(AloneWait)
		}
	default:
		g.enough = !two(x) && !s.large(x, k.member)
	}
	r.signers = append(r.signers, g)
	r.settle(t.position, t.seen)
}

// lossWait is how long a practice that lost its second signer waits; one that never had any does not.
func lossWait(loss instant) time.Duration {
	if loss == 0 {
		return 0
	}
	return LossWait
}

// settle takes the earliest way in which the signatures suffice: one that needs no second, or two of different members, one of them an
// owner where the kind asks for it, with keys that are old enough both. (Both: a thief who enrols a key of his own gains nothing by signing first.)
func (r *record) settle(position int64, seen instant) {
	from, ripe, ok := never, never, false
	for i, a := range r.signers {
		if a.enough {
			from, ripe, ok = min(from, a.single), min(ripe, a.single), true
		}
		for _, b := range r.signers[:i] {
			if a.Member == b.Member || two(r.statement) && a.role != Owner && b.role != Owner {
				continue
			}
			both := max(a.from, b.from)
			from, ripe, ok = min(from, max(both, a.aged, b.aged)), min(ripe, both), true
		}
	}
	if !ok {
		return
	}
	if r.complete == 0 {
		r.complete, r.seen = position, seen
	}
	r.from, r.ripe = from, ripe
	if !r.ever || from < r.everFrom {
		r.ever, r.everSeen, r.everFrom = true, r.seen, from
	}
}

// effect is what a complete statement does to the chain itself.
func (s *State) effect(t *touch, r *record) (stolen bool) {
	x := r.statement
	switch x.Kind {
	case KindKey:
		return s.effectKey(t, r)
	case KindWithdraw:
		if w := s.withdrawnBy(x); w != nil && w.withdrawn == 0 {
			w.withdrawn, w.ended = t.position, t.seen
		}
	case KindResume:
		s.lost, s.floor = append(s.lost, *x.Body.Resume), t.position
	}
	return false
}

func (s *State) effectKey(t *touch, r *record) (stolen bool) {
	x := r.statement
	b := x.Body.Key
	if b.Action == Revoke {
		if k := s.keys[x.Subject]; k != nil && k.revoked == 0 {
			k.revoked = t.position
			if !k.recovery {
				s.release(k.member, t.seen)
			}
		}
		return b.Since > 0
	}
	k, _ := newKey(x) // was read when the entry was checked
	k.enrolment, k.seen, k.position = r, t.seen, t.position
	s.keys[x.Subject] = k
	if !k.recovery {
		s.holders[k.member]++
	}
	return false
}

func (s *State) release(member store.MemberID, seen instant) {
	before := len(s.holders)
	if s.holders[member]--; s.holders[member] <= 0 {
		delete(s.holders, member)
	}
	if before > 1 && len(s.holders) == 1 {
		s.loss = seen
	}
}

// judge works out the state anew when a key was revoked as stolen. A later such revocation decides over an earlier one: a thief who revokes
// the owner's key first is overruled by the owner's other key, and the thief's own key signs nothing after that.
func (s *State) judge(seen instant) {
	var claims []*record
	for _, t := range s.log {
		for _, r := range t.records {
			if b := r.statement.Body.Key; b != nil && b.Since > 0 && !slices.Contains(claims, r) {
				claims = append(claims, r)
			}
		}
	}
	stolen := s.outside()
	for _, c := range slices.Backward(claims) {
		s.replay(stolen)
		if c.complete == 0 {
			continue
		}
		since := c.statement.Body.Key.Since
		if before, is := stolen[c.statement.Subject]; is {
			since = min(since, before)
		}
		stolen[c.statement.Subject] = since
	}
	s.replay(stolen)
	for _, r := range s.records {
		void := r.ever && r.complete == 0
		if void && !r.void {
			r.voidAt = seen
		}
		r.void = void
	}
}

// replay applies the whole log with a given view of which keys are stolen.
func (s *State) replay(stolen map[string]int64) {
	for _, r := range s.records {
		r.signers, r.complete, r.seen, r.from, r.ripe, r.withdrawn, r.ended = nil, 0, 0, 0, 0, 0, 0
	}
	s.view, s.lost, s.floor = newView(), nil, 0
	for key, since := range stolen {
		s.stolen[key] = since
	}
	for i := range s.log {
		s.apply(&s.log[i])
	}
}

// role is what a member may sign by the last complete statement on them, and since when. The first key's member is an owner from the start.
func (s *State) role(member store.MemberID) (Role, instant) {
	for _, r := range slices.Backward(s.subjects[subjectKey{KindMember, string(member)}]) {
		if r.complete > 0 {
			return r.statement.Body.Member.Role, r.from
		}
	}
	if member == s.founder() {
		return Owner, 0
	}
	return "", 0
}

func (s *State) founder() store.MemberID {
	if len(s.log) == 0 {
		return ""
	}
	return s.log[0].records[0].statement.Body.Key.Member
}

// may tells whether a key may sign a statement at all: alone, or as one of two.
func (s *State) may(k *key, x *Statement) bool {
	b := x.Body.Key
	if k.recovery {
		if b == nil || b.Action != Enrol {
			return false
		}
		role, _ := s.role(b.Member)
		return role == Owner
	}
	if b != nil && b.Action == Revoke && b.Member == k.member {
		return true
	}
	switch role, _ := s.role(k.member); role {
	case Owner:
		return true
	case Manager:
		return b == nil || b.Action != Revoke
	case Practitioner, FrontDesk:
		return x.Kind == KindLetter || x.Kind == KindHost && x.Body.Host.Off || x.Kind == KindWithdraw && s.withdrawnBy(x).signedBy(k.member)
	}
	return false
}

func (r *record) signedBy(member store.MemberID) bool {
	return r != nil && slices.ContainsFunc(r.signers, func(g Signer) bool { return g.Member == member })
}

// two tells whether a statement needs two members, one of them an owner, whatever its size.
func two(x *Statement) bool {
	switch x.Kind {
	case KindMember, KindHosts, KindSender, KindLimits, KindSurge, KindResume:
		return true
	case KindKey:
		return x.Body.Key.Action != Revoke
	case KindHost:
		return !x.Body.Host.Off
	}
	return false
}

// large tells whether an order is more than a member may sign for alone.
func (s *State) large(x *Statement, member store.MemberID) bool {
	if x.Kind != KindOrder {
		return false
	}
	b := x.Body.Order
	most := max(SmallOrder, b.Active/5)
	for _, r := range slices.Backward(s.subjects[subjectKey{KindMember, string(member)}]) {
		if r.complete > 0 {
			if own := r.statement.Body.Member.Alone; own > 0 {
				most = min(most, own)
			}
			break
		}
	}
	return b.Count > most
}

// waits tells whether a practice of one waits for it.
func waits(x *Statement) bool {
	switch x.Kind {
	case KindOrder, KindSender, KindHosts, KindLimits, KindSurge:
		return true
	case KindHost:
		return !x.Body.Host.Off
	case KindMember:
		return x.Serial > 1
	}
	return false
}
