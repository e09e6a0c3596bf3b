package breaker

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"letterhead/store"
)

// Breaker sees the messages of one courier process. It is safe for concurrent use.
type Breaker struct {
	mu        sync.Mutex
	practices map[store.PracticeID]*practice
	hosts     map[string]int32 // hosts that the platform's messages led to, and the day of the first
	born      time.Time        // without a memory: until an hour later every host is taken for known
	texts     map[place]*run
	crowds    map[crowd]*gathering
	stopped   map[subject]Freeze
	pardoned  map[subject]time.Time // texts and hosts whose stop was lifted: for a day they may be many practices'
	trips     []trip                // of each practice the latest
	swept     time.Time
	put       func([]byte) // where others read it; nil where there are none
}

// practice is what is remembered of a practice's ordinary days.
type practice struct {
	first int32         // day
	hours [168]int32    // of the week, when something was last sent in it: a day
	peaks [memory]int32 // of the days by their number: the busiest ten minutes
	today int32
	hosts map[string]int32 // → first day

	slots [2]slot // of five minutes
	stops []time.Time
}

type slot struct {
	number int64
	total  int32
	of     map[subject]int32
}

type subject struct {
	scope    Scope
	practice store.PracticeID
	name     string
}

// place is a new text of a practice; run is what was seen of it.
type place struct {
	practice store.PracticeID
	text     Text
}

type run struct {
	last     time.Time
	messages []passed // the latest few, each once
}

type passed struct {
	message string
	at      time.Time
}

func (r *run) note(m passed) {
	if r.last.Before(m.at) {
		r.last = m.at
	}
	if r.has(m.message) {
		return
	}
	if len(r.messages) > PacedMost {
		r.messages = r.messages[1:]
	}
	r.messages = append(r.messages, m)
}

func (r *run) has(message string) bool {
	return slices.ContainsFunc(r.messages, func(m passed) bool { return m.message == message })
}

// within counts those that passed since an instant.
func (r *run) within(since time.Time) (n int) {
	for _, m := range r.messages {
		if m.at.After(since) {
			n++
		}
	}
	return n
}

func (b *Breaker) running(at place) *run {
	r := b.texts[at]
	if r == nil {
		r = &run{}
		b.texts[at] = r
	}
	return r
}

// crowd is a new text or a host that practices have in common; gathering is which, when.
type crowd struct {
	host string
	text Text
}

type trip struct {
	practice store.PracticeID
	at       time.Time
}

type gathering struct {
	last time.Time
	of   map[store.PracticeID]time.Time
	both map[store.PracticeID]time.Time // where two keys signed
}

func (g *gathering) note(practice store.PracticeID, both bool, at time.Time) {
	if g.last.Before(at) {
		g.last = at
	}
	into := g.of
	if both {
		into = g.both
	}
	if into[practice].Before(at) {
		into[practice] = at
	}
}

func (b *Breaker) gathering(c crowd) *gathering {
	g := b.crowds[c]
	if g == nil {
		g = &gathering{of: map[store.PracticeID]time.Time{}, both: map[store.PracticeID]time.Time{}}
		b.crowds[c] = g
	}
	return g
}

// New makes a breaker without a memory.
func New(now time.Time) *Breaker {
	return &Breaker{practices: map[store.PracticeID]*practice{}, hosts: map[string]int32{}, born: now, texts: map[place]*run{}, crowds: map[crowd]*gathering{}, stopped: map[subject]Freeze{}, pardoned: map[subject]time.Time{}}
}

// Look answers each sight: nil, or the stop that contains it.
func (b *Breaker) Look(now time.Time, sights []Sight) []*Freeze {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sweep(now)
	out := make([]*Freeze, len(sights))
	for i := range sights {
		out[i] = b.look(now, &sights[i])
	}
	return out
}

// Lift forgets a stop, as a signature lifted it; the count begins again. A text or host that was stopped everywhere may be many practices' for a
// day: whoever lifted it has seen it.
func (b *Breaker) Lift(now time.Time, f Freeze) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := subject{f.Scope, f.Practice, f.Subject}
	b.lift(s, now)
	b.tell(func([]byte) []byte { return liftSaid(s, now) })
}

func (b *Breaker) lift(s subject, at time.Time) {
	delete(b.stopped, s)
	b.trips = slices.DeleteFunc(b.trips, func(t trip) bool { return s.practice == "" || t.practice == s.practice })
	for at := range b.texts {
		if s.practice == "" || at.practice == s.practice {
			delete(b.texts, at)
		}
	}
	if s.scope == Host || s.scope == Words {
		b.pardoned[s] = at
		for c := range b.crowds {
			if c.subject() == s {
				delete(b.crowds, c)
			}
		}
	}
	if p := b.practices[s.practice]; p != nil {
		p.stops, p.slots = nil, [2]slot{}
	}
}

// subject is what is stopped where a crowd is too large.
func (c crowd) subject() subject {
	if c.host != "" {
		return subject{Host, "", c.host}
	}
	return subject{Words, "", c.text.Hex()}
}

func (b *Breaker) look(now time.Time, s *Sight) *Freeze {
	if f := b.contained(s); f != nil {
		return f
	}
	v := b.view(now, s)
	f := v.judge()
	if f == nil {
		v.learn()
		return nil
	}
	stops := v.practice.stops
	stops = slices.DeleteFunc(stops, func(at time.Time) bool { return now.Sub(at) >= together })
	v.practice.stops = append(stops, now)
	if f.Practice != "" && f.Scope != Practice && len(v.practice.stops) >= stopsMost {
		f = v.stop(Practice, "", ManyStops, "the breaker stopped %d things of this practice within an hour, the last: %s", len(v.practice.stops), f.Words)
	}
	f.By, f.At = s.Practice, now
	b.stop(*f)
	if f.Practice != "" && len(b.trips) >= stopsEverywhere {
		delete(b.stopped, subject{f.Scope, f.Practice, f.Subject})
		f = v.stop(Platform, "", ManyStops, "the breaker stopped something of %d practices within an hour, the last: %s", len(b.trips), f.Words)
		f.By, f.At = s.Practice, now
		b.stop(*f)
	}
	return f
}

// contained returns the stop that a message falls under already.
func (b *Breaker) contained(s *Sight) *Freeze {
	if len(b.stopped) == 0 {
		return nil
	}
	names := [...]subject{{Platform, "", ""}, {Practice, s.Practice, ""}, {Version, s.Practice, s.Version}, {Rule, s.Practice, s.Rule}, {Order, s.Practice, s.Order},
		{Letter, s.Practice, s.Letter}, {Grant, s.Practice, s.Grant}, {Words, "", s.Text.Hex()}}
	for _, name := range names {
		if f, is := b.stopped[name]; is {
			return &f
		}
	}
	for _, host := range s.Hosts {
		if f, is := b.stopped[subject{Host, "", host}]; is {
			return &f
		}
	}
	return nil
}

// view is one sight with what is remembered around it.
type view struct {
	*Breaker
	*Sight
	practice *practice
	now      time.Time
	day      int32
	hour     int // of the week
	isNew    bool
	unknown  bool // nobody knows since when
}

func (b *Breaker) view(now time.Time, s *Sight) *view {
	zone := s.Zone
	if zone == nil {
		zone = time.UTC
	}
	local := now.In(zone)
	_, offset := local.Zone()
	v := &view{Breaker: b, Sight: s, now: now, day: int32((now.Unix() + int64(offset)) / 86400), hour: int(local.Weekday())*24 + local.Hour(),
		unknown: s.Since.IsZero(), isNew: s.Since.IsZero() || now.Sub(s.Since) < newFor}
	v.practice = b.practices[s.Practice]
	if v.practice == nil {
		v.practice = &practice{first: v.day, hosts: map[string]int32{}}
		if len(b.practices) < mostPractices { // of others nothing is learnt
			b.practices[s.Practice] = v.practice
		}
	}
	return v
}

func (v *view) stop(scope Scope, name string, why Reason, format string, values ...any) *Freeze {
	f := &Freeze{Scope: scope, Practice: v.Practice, Subject: name, Reason: why, Words: fmt.Sprintf(format, values...)}
	if scope == Host || scope == Words || scope == Platform {
		f.Practice = ""
	}
	return f
}

// narrowest is the smallest thing that one message shares with those like it.
func (v *view) narrowest() (Scope, string) {
	switch {
	case v.Letter != "":
		return Letter, v.Letter
	case v.Order != "":
		return Order, v.Order
	}
	return Version, v.Version
}

func (v *view) judge() *Freeze {
	if f := v.rush(); f != nil || !v.isNew {
		return f
	}
	for _, judge := range []func() *Freeze{v.sameHost, v.sameText, v.inOnePractice} {
		if f := judge(); f != nil {
			return f
		}
	}
	return nil
}

// inOnePractice: unpaced, and odd hour.
func (v *view) inOnePractice() *Freeze {
	at := place{v.Sight.Practice, v.Text}
	r := v.running(at)
	r.last = v.now
	if r.has(v.Message) {
		return nil
	}
	seen := len(r.messages)
	scope, name := v.narrowest()
	if v.unknown && seen >= PacedMost || v.now.Sub(v.Since) < pacedFor && r.within(v.now.Add(-pacedFor)) >= PacedMost {
		return v.stop(scope, name, Unpaced, "more than %d messages of a new text, which should have waited after the first few", PacedMost)
	}
	if seen >= PacedMost && v.now.Sub(v.Since) >= pacedFor { // paced: nothing more is to be learnt of it
		return nil
	}
	if seen >= oddMost && v.Signers < 2 && v.odd() {
		if host := v.strange(); host != "" {
			return v.stop(scope, name, OddHour, "more than %d messages of a new text that lead to %s, where this practice has not led anybody before, at an hour at which it does not write", oddMost, host)
		}
	}
	m := passed{v.Message, v.now}
	r.note(m)
	v.tell(func([]byte) []byte { return messageSaid(at, m) })
	return nil
}

// odd: the practice has a history, and nothing of it in this hour of the week or the two beside it.
func (v *view) odd() bool {
	if v.day-v.practice.first < oddAfter {
		return false
	}
	for beside := -1; beside <= 1; beside++ {
		if last := v.practice.hours[(v.hour+beside+168)%168]; last > 0 && v.day-last <= memory {
			return false
		}
	}
	return true
}

// strange is a host that is new to the practice.
func (v *view) strange() string {
	for _, host := range v.Hosts {
		if v.stranger(host) {
			return host
		}
	}
	return ""
}

func (v *view) stranger(host string) bool {
	first, is := v.practice.hosts[host]
	return !is || v.day-first < 1
}

// gather counts the practices that have something in common, and returns how many within an hour.
func (v *view) gather(c crowd, signers int) (few, all int) {
	g := v.gathering(c)
	both, known := signers >= 2 && !v.unknown, g.of
	if both {
		known = g.both
	}
	if v.now.Sub(known[v.Sight.Practice]) >= again {
		v.tell(func([]byte) []byte { return crowdSaid(c, v.Sight.Practice, both, v.now) })
	}
	g.note(v.Sight.Practice, both, v.now)
	for _, m := range []map[store.PracticeID]time.Time{g.of, g.both} {
		if len(m) >= hostUnknown {
			for practice, at := range m {
				if v.now.Sub(at) >= together {
					delete(m, practice)
				}
			}
		}
	}
	all = len(g.of)
	for practice := range g.both {
		if _, is := g.of[practice]; !is {
			all++
		}
	}
	return len(g.of), all
}

func (v *view) sameHost() *Freeze {
	for _, host := range v.Hosts {
		if !v.stranger(host) || v.pardon(subject{Host, "", host}) {
			continue
		}
		few, all := v.gather(crowd{host: host}, v.HostSigners)
		least := hostUnknown
		if first, is := v.hosts[host]; is && v.day-first >= 3 || v.now.Sub(v.born) < together {
			least = signedTwice
		}
		if few >= least || all >= signedTwice {
			return v.stop(Host, host, SameHost, "new messages of %d practices within an hour lead to %s", all, host)
		}
	}
	return nil
}

// pardon tells whether somebody lifted the stop of it a while ago.
func (v *view) pardon(s subject) bool {
	at, is := v.pardoned[s]
	return is && v.now.Sub(at) < newFor
}

func (v *view) sameText() *Freeze {
	if v.Starter || v.pardon(crowd{text: v.Text}.subject()) {
		return nil
	}
	least := textPlain
	if len(v.Hosts) > 0 {
		least = textLinked
	}
	if few, all := v.gather(crowd{text: v.Text}, v.Signers); few >= least || all >= signedTwice {
		return v.stop(Words, v.Text.Hex(), SameText, "the same new text goes out in the name of %d practices within an hour", all)
	}
	return nil
}

// rush: far more than in the practice's busiest ten minutes. Orders have a signed cap of their own.
func (v *view) rush() *Freeze {
	if v.Order != "" || v.Permit || v.Attempt > 1 {
		return nil
	}
	p, number := v.practice, v.now.Unix()/300
	if p.slots[0].number < number {
		if p.slots[1] = (slot{}); p.slots[0].number == number-1 {
			p.slots[1] = p.slots[0]
		}
		p.slots[0] = slot{number: number, of: map[subject]int32{}}
	}
	source := subject{Rule, v.Sight.Practice, v.Rule}
	switch {
	case v.Letter != "":
		source = subject{Letter, v.Sight.Practice, v.Letter}
	case v.Grant != "":
		source = subject{Grant, v.Sight.Practice, v.Grant}
	}
	now := &p.slots[0]
	now.total++
	if _, is := now.of[source]; is || len(now.of) < mostHosts {
		now.of[source]++
	}
	total := now.total + p.slots[1].total
	if v.day-p.first < oddAfter || total <= rushLeast {
		return nil
	}
	if peak := p.peak(v.day); total <= rushTimes*peak {
		return nil
	}
	for s, n := range now.of {
		if 2*(n+p.slots[1].of[s]) > total && s.name != "" {
			return v.stop(s.scope, s.name, Rush, "%d messages in ten minutes, four times the practice's busiest; most are of one %s", total, s.scope)
		}
	}
	return v.stop(Practice, "", Rush, "%d messages in ten minutes, four times the practice's busiest", total)
}

// peak is the busiest ten minutes of the days before.
func (p *practice) peak(day int32) int32 {
	out := int32(0)
	for i, n := range p.peaks {
		if int32(i) != day%memory {
			out = max(out, n)
		}
	}
	return out
}

// learn remembers a message that passed.
func (v *view) learn() {
	p := v.practice
	if !v.isNew { // or an attack would make its own hour an ordinary one
		p.hours[v.hour] = v.day
	}
	p.reach(v.day)
	if v.Order == "" && !v.Permit && v.Attempt <= 1 && p.today == v.day {
		place := &p.peaks[v.day%memory]
		*place = max(*place, p.slots[0].total+p.slots[1].total)
	}
	for _, host := range v.Hosts {
		if _, is := p.hosts[host]; !is && len(p.hosts) < mostHosts {
			p.hosts[host] = v.day
		}
		if _, is := v.hosts[host]; !is && len(v.hosts) < mostKnown {
			v.hosts[host] = v.day
		}
	}
}

// sweep forgets, now and then, what is older than an hour; when there is too much, the oldest.
func (b *Breaker) sweep(now time.Time) {
	if full := len(b.texts) > mostTexts || len(b.crowds) > mostTexts; !full && now.Sub(b.swept) < time.Minute {
		return
	}
	b.swept = now
	forget(b.texts, now, func(r *run) time.Time { return r.last })
	forget(b.crowds, now, func(g *gathering) time.Time { return g.last })
	for s, at := range b.pardoned {
		if now.Sub(at) >= newFor {
			delete(b.pardoned, s)
		}
	}
}

func forget[K comparable, V any](m map[K]V, now time.Time, last func(V) time.Time) {
	for k, v := range m {
		if now.Sub(last(v)) >= together {
			delete(m, k)
		}
	}
	if len(m) <= mostTexts {
		return
	}
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b K) int { return cmp.Compare(last(m[a]).UnixMicro(), last(m[b]).UnixMicro()) })
	for _, k := range keys[:len(keys)-mostTexts/2] {
		delete(m, k)
	}
}

// String is for logs.
func (f Freeze) String() string {
	return strings.TrimSpace(fmt.Sprintf("%s %s %s: %s", f.Scope, f.Practice, f.Subject, f.Reason))
}
