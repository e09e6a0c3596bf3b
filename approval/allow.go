package approval

import (
	"cmp"
	"slices"
	"time"

	"letterhead/store"
)

// Standing is a statement that counts.
type Standing struct {
	Statement *Statement
	Digest    Digest    // of the statement
	Position  int64     // of the entry that made it count
	From      time.Time // since when
	Until     time.Time // it ends then by itself; zero: it does not
	Signers   []Signer
}

// Pending is a statement that does not count yet.
type Pending struct {
	Statement *Statement
	Digest    Digest
	Position  int64     // of the entry that brought it
	Reason    Reason    // NeedsSecond, KeyYoung, Waiting or Unseen
	Until     time.Time // of KeyYoung and Waiting
	Signers   []Signer
}

// Allows tells whether a digest is approved for a subject now: the statement in force on that subject is about it. A queued message asks it of
// its wording version, and of its rule, order, letter or grant. The error is a *Refused.
func (s *State) Allows(kind Kind, subject string, digest Digest, now time.Time) (*Standing, error) {
	if s.behind != nil {
		return nil, s.behind
	}
	of := s.subjects[subjectKey{kind, subject}]
	for _, r := range slices.Backward(of) {
		if r.statement.Digest == digest {
			return r.answer(of, instant(store.Micro(now)))
		}
	}
	return nil, &Refused{Reason: Unsigned, Kind: kind, Subject: subject}
}

// Current returns the statement in force on a subject, whatever it approves: limits, hosts, a sender, a member's role.
func (s *State) Current(kind Kind, subject string, now time.Time) (*Standing, error) {
	if s.behind != nil {
		return nil, s.behind
	}
	of, at := s.subjects[subjectKey{kind, subject}], instant(store.Micro(now))
	r := inForce(of, at)
	if r == nil && len(of) > 0 {
		r = of[len(of)-1]
	}
	if r == nil {
		return nil, &Refused{Reason: Unsigned, Kind: kind, Subject: subject}
	}
	return r.answer(of, at)
}

// Statement tells whether one statement, named by its own digest, counts now.
func (s *State) Statement(digest Digest, now time.Time) (*Standing, error) {
	if s.behind != nil {
		return nil, s.behind
	}
	r := s.records[digest]
	if r == nil {
		return nil, &Refused{Reason: Unsigned}
	}
	return r.answer(s.subjects[subjectKey{r.statement.Kind, r.statement.Subject}], instant(store.Micro(now)))
}

// Signed is a statement by its digest and who signed it, whether it counts or not; nil where it is not in the chain.
func (s *State) Signed(digest Digest) (*Statement, []Signer) {
	if r := s.records[digest]; r != nil {
		return r.statement, r.signers
	}
	return nil, nil
}

// Host tells whether links may lead to a host now: it is in the list in force, and not switched off.
func (s *State) Host(host string, now time.Time) error {
	hosts, err := s.Current(KindHosts, "hosts", now)
	if err != nil {
		return err
	}
	if _, listed := slices.BinarySearch(hosts.Statement.Body.Hosts.Hosts, host); !listed {
		return &Refused{Reason: Unsigned, Kind: KindHosts, Subject: host}
	}
	switched, err := s.Current(KindHost, host, now)
	switch ReasonOf(err) {
	case "":
		if switched.Statement.Body.Host.Off {
			return &Refused{Reason: Off, Kind: KindHost, Subject: host, Position: switched.Position}
		}
	case Unsigned:
	default: // switched off, and not on again as it should be
		return &Refused{Reason: Off, Kind: KindHost, Subject: host, Err: err}
	}
	return nil
}

// All returns the statements of a kind that count now, in order of subject: senders, grants, surge permits.
func (s *State) All(kind Kind, now time.Time) []*Standing {
	var out []*Standing
	if s.behind != nil {
		return out
	}
	at := instant(store.Micro(now))
	for _, subject := range s.subjectsOf(kind) {
		of := s.subjects[subjectKey{kind, subject}]
		if r := inForce(of, at); r != nil {
			if standing, err := r.answer(of, at); err == nil {
				out = append(out, standing)
			}
		}
	}
	return out
}

func (s *State) subjectsOf(kind Kind) []string {
	var out []string
	for of := range s.subjects {
		if of.kind == kind {
			out = append(out, of.subject)
		}
	}
	slices.Sort(out)
	return out
}

// Waiting returns what was signed and does not count yet, in order of position: for the desk, which asks the second member, and for notices.
func (s *State) Waiting(now time.Time) []Pending {
	at := instant(store.Micro(now))
	var out []Pending
	for _, of := range s.subjects {
		r := of[len(of)-1]
		why, until := r.stands(at)
		if why == NeedsSecond || why == KeyYoung || why == Waiting || why == Unseen {
			out = append(out, Pending{Statement: r.statement, Digest: r.digest, Position: r.position, Reason: why, Until: until, Signers: r.signers})
		}
	}
	slices.SortFunc(out, func(a, b Pending) int {
		return cmp.Or(cmp.Compare(a.Position, b.Position), slices.Compare(a.Digest[:], b.Digest[:]))
	})
	return out
}

// inForce is the latest statement on a subject that came into force and was not replaced: also one that has ended since, which leaves nothing.
func inForce(of []*record, now instant) *record {
	for _, r := range slices.Backward(of) {
		if r.cameIntoForce(now) {
			return r
		}
	}
	return nil
}

// cameIntoForce: it counted at some instant until now. What was withdrawn or became void while it still waited never did; that is only believed
// where the instants say so one after the other, for after a loss of the journal all are the same. Nor does a void statement on a key or a
// member stand in the way of what it replaced, or a thief could shut people out for good.
func (r *record) cameIntoForce(now instant) bool {
	switch {
	case r.void:
		person := r.statement.Kind == KindKey || r.statement.Kind == KindMember
		return !person && r.everFrom <= now && !between(r.everSeen, r.voidAt, r.everFrom)
	case r.complete == 0:
		return false
	case r.withdrawn > 0:
		return r.from <= now && !between(r.seen, r.ended, r.from)
	}
	return r.from <= now
}

func between(seen, ended, from instant) bool { return seen < ended && ended < from }

// end is when the statement ends by itself: where its kind must end, no later than its longest time after it was complete; 0 for never.
func (r *record) end() instant {
	end := instant(r.statement.end())
	if longest := shapes[r.statement.Kind].longest; longest > 0 && r.complete > 0 {
		end = min(end, r.seen.plus(longest))
	}
	return end
}

// stands says why a statement does not count by itself, whatever else there is on its subject.
func (r *record) stands(now instant) (Reason, time.Time) {
	end := r.end()
	window := r.statement.Window
	switch {
	case r.void:
		return Void, time.Time{}
	case r.withdrawn > 0 || r.outside:
		return Withdrawn, time.Time{}
	case end > 0 && now >= end:
		return Expired, time.Time{}
	case len(r.signers) == 0: // all by stolen keys
		return Void, time.Time{}
	case r.complete == 0:
		return NeedsSecond, time.Time{}
	case r.from >= never:
		return Unseen, time.Time{}
	case now < r.ripe:
		return Waiting, store.Instant(int64(r.from))
	case now < r.from:
		return KeyYoung, store.Instant(int64(r.from))
	case window != nil && now < instant(window.From):
		return Waiting, window.From.Time()
	}
	return "", time.Time{}
}

func (r *record) answer(of []*record, now instant) (*Standing, error) {
	x := r.statement
	why, until := r.stands(now)
	if why == "" || why == Expired || why == NeedsSecond || why == KeyYoung || why == Waiting {
		if current := inForce(of, now); current != nil && current.statement.Serial > x.Serial {
			why, until = Superseded, time.Time{}
		}
	}
	if why != "" {
		return nil, &Refused{Reason: why, Kind: x.Kind, Subject: x.Subject, Position: r.position, Until: until}
	}
	return &Standing{Statement: x, Digest: r.digest, Position: r.complete, From: store.Instant(int64(r.from)), Until: when(r.end()), Signers: r.signers}, nil
}
