package approval_test

import (
	"fmt"
	"testing"
	"time"

	"letterhead/approval"
	"letterhead/store"
	"letterhead/testkit/key"

	"pgregory.net/rapid"
)

// The naive model: it keeps every signature and every event with its instant, and works each answer out from the beginning.
type model struct {
	keys  map[string]*modelKey
	roles map[store.MemberID]approval.Role
	asked map[approval.Digest]*modelStatement
	last  map[string]*modelStatement // subject → latest
	loss  time.Time
}

type modelKey struct {
	key     *key.Key
	member  store.MemberID
	seen    time.Time
	revoked bool
}

type modelStatement struct {
	x         *approval.Statement
	signed    []modelTouch
	withdrawn bool
	before    *modelStatement
	ended     time.Time
}

type modelTouch struct {
	by    *modelKey
	at    time.Time
	alone bool
	loss  time.Time
}

// from is when a statement counts from; ok is false when a signature is missing. Roles do not change in these histories.
func (m *model) from(s *modelStatement) (at time.Time, ok bool) {
	hosts := s.x.Kind == approval.KindHosts
	take := func(t time.Time) {
		if !ok || t.Before(at) {
			at, ok = t, true
		}
	}
	latest := func(times ...time.Time) (out time.Time) {
		for _, t := range times {
			if t.After(out) {
				out = t
			}
		}
		return out
	}
	for i, a := range s.signed {
		switch {
		case !hosts:
			take(a.at)
		case a.alone && m.roles[a.by.member] == approval.Owner:
			lost := time.Time{}
			if !a.loss.IsZero() {
				lost = a.loss.Add(approval.LossWait)
			}
			take(latest(a.at, lost).Add(approval.AloneWait))
		}
		for _, b := range s.signed[:i] {
			if a.by.member != b.by.member && (!hosts || m.roles[a.by.member] == approval.Owner || m.roles[b.by.member] == approval.Owner) {
				take(latest(a.at, b.at, a.by.seen.Add(approval.KeyAge), b.by.seen.Add(approval.KeyAge)))
			}
		}
	}
	return at, ok
}

func (m *model) allowed(s *modelStatement, now time.Time) bool {
	from, ok := m.from(s)
	if !ok || now.Before(from) || s.withdrawn {
		return false
	}
	if s.x.Expires != 0 && !now.Before(s.x.Expires.Time()) {
		return false
	}
	for later := m.last[string(s.x.Kind)+s.x.Subject]; later != s; later = later.before {
		if from, ok := m.from(later); ok && !now.Before(from) && (!later.withdrawn || !from.After(later.ended)) {
			return false
		}
	}
	return true
}

func (m *model) holders() map[store.MemberID]bool {
	out := map[store.MemberID]bool{}
	for _, k := range m.keys {
		if !k.revoked {
			out[k.member] = true
		}
	}
	return out
}

func TestHistoriesAgreeWithTheModel(t *testing.T) {
	t.Parallel()
	pool := make([]*key.Key, 12) // making keys is what takes time
	for i := range pool {
		pool[i] = key.NewEdDSA(key.Desk)
	}
	rapid.Check(t, func(t *rapid.T) {
		c, err := key.Found(house, clinic, anna, pool[0], noon)
		if err != nil {
			t.Fatal(err)
		}
		m := &model{keys: map[string]*modelKey{"k0": {key: pool[0], member: anna, seen: noon}}, roles: map[store.MemberID]approval.Role{anna: approval.Owner},
			asked: map[approval.Digest]*modelStatement{}, last: map[string]*modelStatement{}}
		h := &history{T: t, c: c, m: m, pool: pool[1:]}
		for range rapid.IntRange(1, 25).Draw(t, "steps") {
			h.step()
			h.compare()
		}
		again, err := c.Again()
		if err != nil {
			t.Fatal(err)
		}
		c.State = again
		h.compare()
		c.Pass(300 * time.Hour)
		h.compare()
	})
}

type history struct {
	*rapid.T
	c     *key.Chain
	m     *model
	pool  []*key.Key
	order []*modelStatement
}

func (h *history) pick() *modelKey {
	return h.m.keys[fmt.Sprintf("k%d", rapid.IntRange(0, len(h.m.keys)-1).Draw(h.T, "key"))]
}

func (h *history) step() {
	switch rapid.IntRange(0, 7).Draw(h.T, "step") {
	case 0, 1:
		h.ask()
	case 2, 3:
		h.cosign()
	case 4:
		h.withdraw()
	case 5:
		h.enrol()
	case 6:
		h.revoke()
	case 7:
		h.c.Pass(rapid.SampledFrom([]time.Duration{time.Second, approval.AloneWait, approval.AloneWait - time.Second, 10 * time.Hour, approval.KeyAge}).Draw(h.T, "pass"))
	}
	h.c.Pass(time.Second)
}

// touch signs and tells whether the state took it, which the model must have said.
func (h *history) touch(k *modelKey, should bool, x ...*approval.Statement) bool {
	_, err := h.c.Sign(k.key, x...)
	if (err == nil) != should {
		h.Fatalf("%s by %s: %v, the model says %v", x[0], k.member, err, should)
	}
	return err == nil
}

func (h *history) modelTouch(k *modelKey) modelTouch {
	return modelTouch{by: k, at: h.c.Now, alone: len(h.m.holders()) == 1, loss: h.m.loss}
}

func (h *history) ask() {
	k := h.pick()
	var x *approval.Statement
	if rapid.Bool().Draw(h.T, "hosts") {
		x = hosts(h.c, k.member, fmt.Sprintf("h%d.example", len(h.order)))
	} else {
		x = wording(h.c, rapid.SampledFrom([]string{"v", "w"}).Draw(h.T, "subject"), byte(len(h.order)+1), k.member)
	}
	if rapid.IntRange(0, 4).Draw(h.T, "expires") == 0 {
		x.Expires = approval.At(h.c.Now.Add(20 * time.Hour))
	}
	if !h.touch(k, !k.revoked, x) {
		return
	}
	of := string(x.Kind) + x.Subject
	s := &modelStatement{x: x, signed: []modelTouch{h.modelTouch(k)}, before: h.m.last[of]}
	h.m.last[of] = s
	sum, _ := x.Sum()
	h.m.asked[sum] = s
	h.order = append(h.order, s)
}

func (h *history) cosign() {
	if len(h.order) == 0 {
		return
	}
	s, k := rapid.SampledFrom(h.order).Draw(h.T, "which"), h.pick()
	should := !k.revoked && !s.withdrawn && h.m.last[string(s.x.Kind)+s.x.Subject] == s
	for _, t := range s.signed {
		should = should && t.by.member != k.member
	}
	if h.touch(k, should, s.x) {
		s.signed = append(s.signed, h.modelTouch(k))
	}
}

func (h *history) withdraw() {
	if len(h.order) == 0 {
		return
	}
	s, k := rapid.SampledFrom(h.order).Draw(h.T, "which"), h.pick()
	if s.withdrawn {
		return // there is one statement on each withdrawal
	}
	if h.touch(k, !k.revoked, withdraw(h.c, s.x, k.member)) {
		s.withdrawn, s.ended = true, h.c.Now
	}
}

// enrol adds a key of a manager: alone in a practice of one, else with an owner's and another member's key at once.
func (h *history) enrol() {
	if len(h.pool) == 0 {
		return
	}
	var owner, other *modelKey
	for i := range len(h.m.keys) {
		switch k := h.m.keys[fmt.Sprintf("k%d", i)]; {
		case k.revoked:
		case k.member == anna:
			owner = k
		default:
			other = k
		}
	}
	if owner == nil {
		return
	}
	member := rapid.SampledFrom([]store.MemberID{ben, "dora"}).Draw(h.T, "member")
	fresh := h.pool[0]
	statements := []*approval.Statement{h.c.Enrol(fresh, member, anna)}
	if h.m.roles[member] == "" {
		statements = append(statements, h.c.Role(member, approval.Manager, anna))
	}
	h.touch(owner, true, statements...)
	if len(h.m.holders()) > 1 {
		h.touch(other, true, statements...)
	}
	h.pool = h.pool[1:]
	h.m.roles[member] = approval.Manager
	h.m.keys[fmt.Sprintf("k%d", len(h.m.keys))] = &modelKey{key: fresh, member: member, seen: h.c.Now}
	h.c.Pass(300 * time.Hour) // the enrolment itself counts, whatever waited
	h.m.keys[fmt.Sprintf("k%d", len(h.m.keys)-1)].seen = h.c.Now.Add(-300 * time.Hour)
}

func (h *history) revoke() {
	k, by := h.pick(), h.pick()
	if k == by && k.member == anna {
		return // keep an owner
	}
	x := h.c.Revoke(k.key, k.member, by.member, 0)
	should := !by.revoked && !k.revoked && (by.member == anna || by.member == k.member)
	if k.revoked { // serial 3
		should = false
	}
	if h.touch(by, should, x) {
		before := len(h.m.holders())
		k.revoked = true
		if before > 1 && len(h.m.holders()) == 1 {
			h.m.loss = h.c.Now
		}
	}
}

func (h *history) compare() {
	for sum, s := range h.m.asked {
		_, err := h.c.State.Statement(sum, h.c.Now)
		if want := h.m.allowed(s, h.c.Now); (err == nil) != want {
			h.Fatalf("%s at %s: %v, the model says %v", s.x, h.c.Now, err, want)
		}
	}
}

// Whatever byte of whatever entry somebody changes, and whatever they chain anew behind it: nothing is allowed that was not.
func TestNoChangedByteAllowsMore(t *testing.T) {
	t.Parallel()
	c, root := found(t)
	sign(t, c, root, wording(c, "w", 1, anna), hosts(c, anna, "a.example"))
	sign(t, c, root, wording(c, "w", 2, anna))
	tried, taken := 0, 0
	for i, e := range c.Entries {
		for at := range e.Text {
			for _, flip := range []byte{1} {
				text := append([]byte{}, e.Text...)
				text[at] ^= flip
				tried++
				changed, err := approval.ParseEntry(text)
				if err != nil {
					continue
				}
				taken++
				entries := append([]*approval.Entry{}, c.Entries[:i]...)
				entries = append(entries, changed)
				for _, later := range c.Entries[i+1:] { // the attacker chains anew
					entries = append(entries, moved(t, later, entries[len(entries)-1].Head))
				}
				for _, x := range entries {
					x.Seen = noon
				}
				if s, err := approval.Fold(c.Anchor, entries); err == nil {
					for _, subject := range []string{"w", "v"} {
						if n := len(s.All(approval.KindWording, noon.Add(time.Hour))); n > 1 {
							t.Fatalf("byte %d of entry %d: %d wordings on %s", at, i+1, n, subject)
						}
					}
					if _, err := s.Allows(approval.KindWording, "w", digest(2), noon.Add(time.Hour)); err != nil {
						t.Fatalf("byte %d of entry %d was taken in and changed something: %v", at, i+1, err)
					}
					t.Fatalf("byte %d of entry %d, flipped by %x, was taken in", at, i+1, flip)
				}
			}
		}
	}
	if tried < 3000 || taken < 100 {
		t.Errorf("%d changes tried, %d of them could be read", tried, taken)
	}
}
