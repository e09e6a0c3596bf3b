package budget

import (
	"letterhead/approval"
	"letterhead/store"
)

// state is everything that is counted. It changes by reserve and settle only, and by nothing but what records say: whoever reads the same
// records has the same state.
type state struct {
	practices map[store.PracticeID]*practice
	open      map[ticket]*reservation
	pending   map[uint64]*pend    // addresses and letters that somebody reserved and nobody has spent yet
	fresh     map[uint64]struct{} // those that were spent since the known set was written
	first     pool                // of all practices

	recipients, approvals int // entries in the practices' maps
}

func newState() *state {
	return &state{practices: map[store.PracticeID]*practice{}, open: map[ticket]*reservation{}, pending: map[uint64]*pend{}, fresh: map[uint64]struct{}{}}
}

type practice struct {
	day        int32 // the latest of which anything was counted, since 1970; what follows is of that day
	sent       int64
	fresh      int64 // addresses never written to before
	by         map[payer]int64
	recipients map[uint64]uint32

	approvals map[approval.Digest]*used
	first     pool
}

type payer struct {
	credential bool
	id         string
}

// used is what was charged to one statement: an approval, the limits, a permit.
type used struct {
	Total, Today      int64
	Day               int32
	Cohort            int64
	First, Full, Last int64 // when it was first used, when its cohort was full, when it was last used
	Until             int64 // when it ends by itself; 0: it does not
	Keep              bool  // it has a total: it is not forgotten before it ends
	booked, bookedFor int64 // how many were told to come for a stage; a hint for the hold's end, in no record
}

// ticket names a reservation: the process that made it, and its number there.
type ticket struct {
	process string
	number  uint64
}

type kind byte

const (
	paced   kind = iota // an approval: its first use is paced
	counted             // limits and permits
	once                // a letter
)

type charge struct {
	kind   kind
	digest approval.Digest
	hash   uint64 // of a letter's digest
	until  int64
	cohort int64
	keep   bool
}

// group is what reservations of one practice, made together, share.
type group struct {
	process  string
	practice store.PracticeID
	at       int64
	day      int32
	charges  []charge
}

type reservation struct {
	*group
	message    string
	attempt    int64
	address    uint64
	unknown    bool // the address was not known
	own        bool
	first      bool
	member     string
	credential string
	refs       []byte // which of the group's charges
	room       [mostOfUse]byte
	imported   byte // the allowance that a new address is charged to, by number from 1
}

type pend struct {
	refs     int32
	day      int32
	practice store.PracticeID
	counted  bool            // as the practice's new address
	imported approval.Digest // or as this allowance's
}

func (s *state) practice(id store.PracticeID) *practice {
	p := s.practices[id]
	if p == nil {
		p = &practice{by: map[payer]int64{}, recipients: map[uint64]uint32{}, approvals: map[approval.Digest]*used{}}
		s.practices[id] = p
	}
	return p
}

// roll begins a practice's next day. Days do not go back.
func (s *state) roll(p *practice, day int32) {
	if day <= p.day {
		return
	}
	s.recipients -= len(p.recipients)
	p.day, p.sent, p.fresh = day, 0, 0
	clear(p.by)
	if len(p.recipients) > 0 {
		p.recipients = map[uint64]uint32{}
	}
}

func (s *state) used(p *practice, digest approval.Digest) *used {
	u := p.approvals[digest]
	if u == nil {
		u = &used{}
		p.approvals[digest] = u
		s.approvals++
	}
	return u
}

// reserve counts a use.
func (s *state) reserve(t ticket, r *reservation) {
	s.open[t] = r
	p := s.practice(r.practice)
	s.roll(p, r.day)
	if p.recipients[r.address]++; p.recipients[r.address] == 1 {
		s.recipients++
	}
	if !r.own {
		p.sent++
	}
	for _, by := range r.payers() {
		p.by[by]++
	}
	for _, ref := range r.refs {
		if c := &r.charges[ref]; c.kind == once {
			s.pend(c.hash, r)
		} else {
			s.used(p, c.digest).charge(r.at, r.day, c)
		}
	}
	if r.unknown {
		if e := s.pend(r.address, r); e.refs == 1 {
			if e.counted = r.imported == 0 && !r.own; e.counted {
				p.fresh++
			} else if r.imported > 0 {
				c := &r.charges[r.imported-1]
				e.imported = c.digest
				s.used(p, c.digest).charge(r.at, r.day, c)
			}
		}
	}
	if r.first {
		p.first.add(r.at)
		s.first.add(r.at)
	}
}

func (r *reservation) payers() []payer {
	var out []payer
	if r.member != "" && !r.own {
		out = append(out, payer{false, r.member})
	}
	if r.credential != "" {
		out = append(out, payer{true, r.credential})
	}
	return out
}

func (s *state) pend(hash uint64, r *reservation) *pend {
	e := s.pending[hash]
	if e == nil {
		e = &pend{day: r.day, practice: r.practice}
		s.pending[hash] = e
	}
	e.refs++
	return e
}

func (u *used) charge(at int64, day int32, c *charge) {
	if u.Total == 0 {
		u.First, u.Full, u.Cohort = at, 0, c.cohort
	}
	u.Total++
	if day > u.Day {
		u.Day, u.Today = day, 0
	}
	u.Today++
	if u.Full == 0 && u.Total >= u.Cohort {
		u.Full = at
	}
	u.Last, u.Until, u.Keep = max(u.Last, at), c.until, c.keep
}

func (u *used) back(day int32) {
	u.Total = max(0, u.Total-1)
	if u.Day == day {
		u.Today = max(0, u.Today-1)
	}
}

// settle ends a reservation: it is spent, or given back.
func (s *state) settle(t ticket, back bool) bool {
	r := s.open[t]
	if r == nil {
		return false
	}
	delete(s.open, t)
	if back {
		s.giveBack(r)
		return true
	}
	for _, ref := range r.refs {
		if c := &r.charges[ref]; c.kind == once {
			s.know(c.hash)
		}
	}
	if r.unknown {
		s.know(r.address)
	}
	return true
}

func (s *state) know(hash uint64) {
	s.fresh[hash] = struct{}{}
	delete(s.pending, hash)
}

func (s *state) giveBack(r *reservation) {
	p := s.practice(r.practice)
	if p.day == r.day {
		if n := p.recipients[r.address]; n > 1 {
			p.recipients[r.address] = n - 1
		} else if n == 1 {
			delete(p.recipients, r.address)
			s.recipients--
		}
		if !r.own {
			p.sent--
		}
		for _, by := range r.payers() {
			if p.by[by]--; p.by[by] <= 0 {
				delete(p.by, by)
			}
		}
	}
	for _, ref := range r.refs {
		c := &r.charges[ref]
		if c.kind == once {
			s.unpend(c.hash)
		} else if u := p.approvals[c.digest]; u != nil {
			u.back(r.day)
		}
	}
	if r.unknown {
		s.unpend(r.address)
	}
	if r.first {
		p.first.remove(r.at)
		s.first.remove(r.at)
	}
}

// unpend takes one reservation off an address or letter; with the last one it is as new as before.
func (s *state) unpend(hash uint64) {
	e := s.pending[hash]
	if e == nil { // another message to it is spent
		return
	}
	if e.refs--; e.refs > 0 {
		return
	}
	delete(s.pending, hash)
	p := s.practice(e.practice)
	if e.counted && p.day == e.day {
		p.fresh--
	}
	if u := p.approvals[e.imported]; u != nil && e.imported != (approval.Digest{}) {
		u.back(e.day)
	}
}
