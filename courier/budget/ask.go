package budget

import (
	"crypto/sha256"
	"encoding/binary"
	"time"

	"letterhead/approval"
	"letterhead/courier/journal"
	"letterhead/store"
	"letterhead/zone"
)

type digest = approval.Digest

// asking is one Ask.
type asking struct {
	*state
	now    int64
	ground *journal.Ground
	number uint64 // of the latest reservation
	name   string // of this process
	room   []byte // for hashing
	try    try    // the one being decided on

	group  *group // being made
	record []byte // its reservations
	head   []byte // for writing it

	// of the practice asked about last
	id       store.PracticeID
	practice *practice
	zone     *time.Location
	day      int32
}

// hash names an address or letter of a practice within this folder.
func (a *asking) hash(what byte, practice store.PracticeID, text string) uint64 {
	a.room = append(append(a.room[:0], a.ground.Key()[:]...), what)
	a.room = append(binary.AppendUvarint(a.room, uint64(len(practice))), practice...)
	a.room = append(a.room, text...)
	sum := sha256.Sum256(a.room)
	return binary.LittleEndian.Uint64(sum[:])
}

func (a *asking) isKnown(hash uint64) (bool, error) {
	if _, is := a.state.fresh[hash]; is {
		return true, nil
	}
	return a.ground.Known(hash)
}

// localDay is the number of a practice's calendar day, and when it ends.
func localDay(now int64, zone *time.Location) int32 {
	if zone == nil {
		zone = time.UTC
	}
	at := store.Instant(now)
	_, offset := at.In(zone).Zone()
	return int32(floor(at.Unix()+int64(offset), 86400))
}

func floor(n, by int64) int64 {
	if n < 0 {
		return -((-n + by - 1) / by)
	}
	return n / by
}

// ends is when a day is over in a zone: where the clocks skip midnight, the instant after it.
func ends(day int32, in *time.Location) int64 {
	if in == nil {
		in = time.UTC
	}
	return store.Micro(zone.At(zone.Wall{Date: zone.DateOf(time.Unix(int64(day+1)*86400, 0).UTC())}, in))
}

// turn looks at another practice.
func (a *asking) turn(u *Use) {
	zone := u.Budget.Zone
	if a.id == u.Practice && a.zone == zone && a.practice != nil {
		return
	}
	a.id, a.zone, a.practice = u.Practice, zone, a.state.practice(u.Practice)
	a.day = max(localDay(a.now, zone), a.practice.day)
}

// whole tells whether a use says everything that has to be counted.
func (u *Use) whole() bool {
	fits := func(s string, least int) bool { return len(s) >= least && len(s) <= mostText }
	return fits(string(u.Practice), 1) && fits(u.Message, 1) && fits(u.Address, 1) && fits(u.Member, 0) && fits(u.Credential, 0) && u.Budget != nil &&
		len(u.Approvals) > 0 && len(u.Approvals) <= 3 && u.Attempt >= 0
}

// ask decides on one use, and reserves it when it may go.
func (a *asking) ask(u *Use) (Verdict, error) {
	if !u.whole() {
		return Verdict{Reason: Unclear}, nil
	}
	a.turn(u)
	t := &a.try
	*t = try{asking: a, use: u, hash: a.hash('a', u.Practice, u.Address), charges: t.charges[:0], today: a.day == a.practice.day}
	if v := t.bounds(); v.Reason != "" {
		return v, nil
	}
	if v, err := t.approvals(); v.Reason != "" || err != nil {
		return v, err
	}
	if err := t.newness(); err != nil {
		return Verdict{}, err
	}
	if v := t.limits(); v.Reason != "" {
		return v, nil
	}
	if v := t.firstUse(); v.Reason != "" {
		return v, nil
	}
	since := t.since // before anything is counted
	return Verdict{Go: true, Ticket: t.reserve(), Since: store.Instant(since)}, nil
}

// try is one use being decided on.
type try struct {
	*asking
	use       *Use
	hash      uint64
	today     bool // the practice's counts are of this day
	unknown   bool
	isNew     bool // it would be a new address
	first     bool
	since     int64
	charges   []charge
	imported  int // the charge of an import allowance, by number from 1
	recipient int64
}

func (t *try) until(at int64) time.Time { return store.Instant(at) }

func (t *try) midnight() time.Time { return t.until(ends(t.day, t.zone)) }

func (t *try) counted(digest digest) *used { return t.practice.approvals[digest] }

// ofToday is a count that belongs to a day.
func (t *try) ofToday(n int64) int64 {
	if !t.today {
		return 0
	}
	return n
}

func (t *try) usedToday(u *used) int64 {
	if u == nil || u.Day != t.day {
		return 0
	}
	return u.Today
}

func (t *try) bounds() Verdict {
	if t.today {
		t.recipient = int64(t.practice.recipients[t.hash])
	}
	if len(t.open) >= mostOpen || t.recipient == 0 && t.recipients >= mostRecipients || len(t.practice.by) >= mostPayers || t.state.approvals >= mostApprovals {
		return Verdict{Reason: Full, Until: t.until(t.now + hold)}
	}
	return Verdict{}
}

// approvals: each has something left.
func (t *try) approvals() (Verdict, error) {
	for i := range t.use.Approvals {
		a := &t.use.Approvals[i]
		c := charge{kind: paced, digest: a.Digest, cohort: cohort(a.Waiting)}
		if a.Own {
			c.kind = counted
		}
		if !a.Until.IsZero() {
			c.until = store.Micro(a.Until)
		}
		if a.Once {
			c.kind, c.hash = once, t.asking.hash('l', t.use.Practice, string(a.Digest[:]))
			taken := t.pending[c.hash] != nil
			if !taken {
				var err error
				if taken, err = t.isKnown(c.hash); err != nil {
					return Verdict{}, err
				}
			}
			if taken {
				return Verdict{Reason: ApprovalTotal}, nil
			}
			t.charges = append(t.charges, c)
			continue
		}
		if l := a.Limits; l != nil {
			u := t.counted(a.Digest)
			c.keep = l.Total > 0
			if l.Total > 0 && u != nil && u.Total >= l.Total {
				return Verdict{Reason: ApprovalTotal}, nil
			}
			if l.Day > 0 && t.usedToday(u) >= l.Day {
				return Verdict{Reason: ApprovalDay, Until: t.midnight()}, nil
			}
		}
		t.charges = append(t.charges, c)
	}
	return Verdict{}, nil
}

// newness finds out whether the address was written to before.
func (t *try) newness() error {
	if t.recipient > 0 && t.pending[t.hash] == nil {
		return nil // today already, and not given back
	}
	if t.pending[t.hash] != nil {
		t.unknown = true
		return nil
	}
	is, err := t.isKnown(t.hash)
	t.unknown, t.isNew = !is, !is
	return err
}

// limits: the practice's hold, or a permit lets it by.
func (t *try) limits() Verdict {
	b := t.use.Budget
	own := Default()
	if b.Limits != nil {
		own = *b.Limits
		u := t.counted(b.Digest)
		if u != nil && u.Total >= own.Total || own.Total == 0 {
			return Verdict{Reason: LimitsTotal}
		}
		t.charges = append(t.charges, charge{kind: counted, digest: b.Digest, keep: true})
	}
	why := t.fits(own)
	if why == NewDay && t.allowed(b.Import) {
		own.NewDay = 1 << 62
		why = t.fits(own)
	}
	if why == "" {
		return Verdict{}
	}
	for i := range b.Surges {
		s := &b.Surges[i]
		u := t.counted(s.Digest)
		if !t.lasts(s) || s.Limits.Total > 0 && u != nil && u.Total >= s.Limits.Total || t.fits(most(own, s.Limits)) != "" {
			continue
		}
		t.charges = append(t.charges, charge{kind: counted, digest: s.Digest, until: store.Micro(s.Until), keep: true})
		return Verdict{}
	}
	return Verdict{Reason: why, Until: t.midnight()}
}

func (t *try) lasts(p *Permit) bool {
	return t.now >= store.Micro(p.From) && t.now < store.Micro(p.Until)
}

// allowed finds an import allowance that has something left for a new address.
func (t *try) allowed(imports []Permit) bool {
	for i := range imports {
		p := &imports[i]
		u := t.counted(p.Digest)
		if t.lasts(p) && t.usedToday(u) < p.Limits.NewDay && (u == nil || u.Total < p.Limits.Total) {
			t.charges = append(t.charges, charge{kind: counted, digest: p.Digest, until: store.Micro(p.Until), keep: true})
			t.imported = len(t.charges)
			return true
		}
	}
	return false
}

func most(a, b approval.Limits) approval.Limits {
	return approval.Limits{Day: max(a.Day, b.Day), RecipientDay: max(a.RecipientDay, b.RecipientDay), NewDay: max(a.NewDay, b.NewDay),
		MemberDay: max(a.MemberDay, b.MemberDay), CredentialDay: max(a.CredentialDay, b.CredentialDay)}
}

// fits tells which of a day's limits is reached. What an approval itself says of a recipient, member, credential or new addresses holds as well.
func (t *try) fits(l approval.Limits) Reason {
	for i := range t.use.Approvals {
		if own := t.use.Approvals[i].Limits; own != nil {
			l.RecipientDay, l.MemberDay = least(l.RecipientDay, own.RecipientDay), least(l.MemberDay, own.MemberDay)
			l.CredentialDay, l.NewDay = least(l.CredentialDay, own.CredentialDay), least(l.NewDay, own.NewDay)
		}
	}
	u, p := t.use, t.practice
	switch {
	case t.recipient >= l.RecipientDay:
		return RecipientDay
	case u.Member != "" && !u.Own && t.ofToday(p.by[payer{false, u.Member}]) >= l.MemberDay:
		return MemberDay
	case u.Credential != "" && t.ofToday(p.by[payer{true, u.Credential}]) >= l.CredentialDay:
		return CredentialDay
	case !u.Own && t.ofToday(p.sent) >= u.share(l.Day):
		return PracticeDay
	case t.isNew && !u.Own && t.ofToday(p.fresh) >= u.share(l.NewDay):
		return NewDay
	}
	return ""
}

// share is how much of a day's limit may be used up for a use to go: letters, orders and grants leave half of it to automatic messages.
func (u *Use) share(limit int64) int64 {
	if u.Member != "" || u.Credential != "" {
		return limit / 2
	}
	return limit
}

// least is the smaller limit, where 0 of the second says nothing.
func least(a, b int64) int64 {
	if b > 0 && b < a {
		return b
	}
	return a
}

// firstUse: every approval's stage lets it go, and first uses elsewhere leave room.
func (t *try) firstUse() Verdict {
	for i := range t.charges {
		c := &t.charges[i]
		if c.kind == counted {
			continue
		}
		if c.kind == once {
			t.first, t.since = true, t.now
			continue
		}
		u := t.counted(c.digest)
		allowed, first := u.stage(t.now, t.use.Approvals[i].Waiting)
		if u != nil && u.Total >= allowed {
			return Verdict{Reason: FirstUse, Until: t.until(t.book(u, allowed))}
		}
		t.first = t.first || first
		if u == nil || u.Total == 0 {
			t.since = t.now
		} else {
			t.since = max(t.since, u.First)
		}
	}
	if !t.first {
		return Verdict{}
	}
	if t.practice.first.count(t.now) >= FirstPractice {
		return Verdict{Reason: FirstOfMany, Until: t.until(t.practice.first.next(t.now, FirstPractice))}
	}
	if t.state.first.count(t.now) >= FirstPlatform {
		return Verdict{Reason: FirstOfAll, Until: t.until(t.state.first.next(t.now, FirstPlatform))}
	}
	return Verdict{}
}

// book gives the next one that is held a place on the ramp, so that each comes back about when it may go and not every minute.
func (t *try) book(u *used, allowed int64) int64 {
	if u.bookedFor != allowed {
		u.bookedFor, u.booked = allowed, 0
	}
	u.booked++
	return max(u.slot(allowed+u.booked), t.now+int64(time.Second/time.Microsecond))
}

// reserve counts the use and writes it into the group's record.
func (t *try) reserve() uint64 {
	a := t.asking
	if g := a.group; g != nil && (g.practice != t.use.Practice || g.day != t.day || len(a.record) > recordRoom/2 || len(g.charges) > 16) {
		a.flush()
	}
	if a.group == nil {
		a.group = &group{process: a.name, practice: t.use.Practice, at: t.now, day: t.day, charges: make([]charge, 0, len(t.charges))}
	}
	r := &reservation{group: a.group, message: t.use.Message, attempt: t.use.Attempt, address: t.hash, unknown: t.unknown, own: t.use.Own, first: t.first,
		member: t.use.Member, credential: t.use.Credential}
	r.refs = r.room[:0]
	for i := range t.charges {
		ref := a.refer(&t.charges[i])
		if i+1 == t.imported {
			r.imported = ref + 1
		} else {
			r.refs = append(r.refs, ref)
		}
	}
	a.number++
	a.record = putReservation(a.record, a.number, r)
	a.state.reserve(ticket{a.group.process, a.number}, r)
	return a.number
}

// refer finds or adds a charge of the group.
func (a *asking) refer(c *charge) byte {
	for i := range a.group.charges {
		if a.group.charges[i] == *c {
			return byte(i)
		}
	}
	a.group.charges = append(a.group.charges, *c)
	return byte(len(a.group.charges) - 1)
}

// flush puts the group's record.
func (a *asking) flush() {
	if a.group == nil {
		return
	}
	a.head = append(putGroup(a.head[:0], useRecord, a.group), a.record...)
	a.ground.Put(a.head)
	a.group, a.record = nil, a.record[:0]
}
