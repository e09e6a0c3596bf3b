package courier

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"letterhead/courier/logbook"
	"letterhead/ledger/proof"
	"letterhead/message"
	"letterhead/store"
)

// outcomes gathers what became of messages, from all batches, and marks it as sets. What cannot be marked is tried again; the journal has
// it meanwhile.
type outcomes struct {
	c    *Courier
	mu   sync.Mutex
	list []message.Outcome
	left []logbook.Left // what the ledger says of them
	open map[int]int    // journal segment → how many of list
	busy sync.Mutex     // held by who writes
	more chan struct{}
	end  chan struct{}
	once sync.Once
	wait sync.WaitGroup
}

func newOutcomes(c *Courier) *outcomes {
	o := &outcomes{c: c, open: map[int]int{}, more: make(chan struct{}, 1), end: make(chan struct{})}
	o.wait.Go(o.run)
	return o
}

func (o *outcomes) add(p *parcel) {
	o.c.count.note(&p.out)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.list = append(o.list, p.out)
	if p.leaf > 0 {
		o.left = append(o.left, logbook.Fated(&p.Message, p.leaf, p.out.State, p.begun))
	}
	if p.begun {
		o.open[p.segment]++
	}
}

// push has what was added written soon.
func (o *outcomes) push() {
	select {
	case o.more <- struct{}{}:
	default:
	}
}

func (o *outcomes) stop() {
	o.once.Do(func() { close(o.end) })
	o.wait.Wait()
}

func (o *outcomes) run() {
	for {
		select {
		case <-o.end:
			return
		case <-o.more:
			if err := o.flush(); err != nil {
				o.c.trouble("mark", err)
				select {
				case <-o.end:
					return
				case <-time.After(time.Second):
					o.push()
				}
			}
		}
	}
}

// flush marks everything that was added before.
func (o *outcomes) flush() error {
	o.busy.Lock()
	defer o.busy.Unlock()
	o.mu.Lock()
	list, left, open := o.list, o.left, o.open
	o.list, o.left, o.open = nil, nil, map[int]int{}
	o.mu.Unlock()
	if len(list) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), drainWithin)
	defer cancel()
	var head proof.Head
	err := o.c.DB.Whole(ctx, "mark what became of messages", func(w *store.Wide) (err error) {
		if err = message.Mark(ctx, w, o.c.journal.Process(), list); err == nil {
			head, _, err = o.c.logbook.Append(ctx, w, o.c.logbook.Outcomes(left))
		}
		return err
	})
	if err == nil {
		err = o.c.logbook.Note(head)
	}
	if err != nil {
		o.mu.Lock()
		o.list, o.left = append(list, o.list...), append(left, o.left...)
		for segment, n := range open {
			o.open[segment] += n
		}
		o.mu.Unlock()
		return err
	}
	for segment, n := range open {
		o.c.journal.Settled(segment, n)
	}
	for i := range list {
		o.c.line.Done(list[i].Practice, list[i].ID)
	}
	o.c.count.inHand.Add(-int64(len(list)))
	return nil
}

// counts are what Status tells.
type counts struct {
	claimed, inHand, sent, deferred, refused, maybe, held, dropped, begun, signing, frozen atomic.Int64
	running, platform                                                                      atomic.Bool

	mu       sync.Mutex
	why      string
	lastErr  string
	lastSent time.Time
}

func (n *counts) blocked(why string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.why = why
}

func (n *counts) fail(what string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lastErr = what
}

func (n *counts) note(out *message.Outcome) {
	switch out.State {
	case message.Sent:
		n.sent.Add(1)
		n.mu.Lock()
		n.lastSent = out.LeftAt
		n.mu.Unlock()
	case message.Queued:
		if !out.Silent {
			n.deferred.Add(1)
		}
	case message.Refused:
		n.refused.Add(1)
	case message.MaybeSent:
		n.maybe.Add(1)
	case message.Held:
		n.held.Add(1)
	case message.Dropped:
		n.dropped.Add(1)
	case message.Leaving: // never an outcome
	}
}

// Status says how the courier does.
func (c *Courier) Status() Status {
	n := &c.count
	s := Status{Process: c.journal.Process(), Running: n.running.Load(), Claimed: n.claimed.Load(), Sent: n.sent.Load(), Deferred: n.deferred.Load(),
		Refused: n.refused.Load(), MaybeSent: n.maybe.Load(), Held: n.held.Load(), Dropped: n.dropped.Load(), Begun: n.begun.Load(), InHand: n.inHand.Load(),
		Frozen: int(n.frozen.Load()), Platform: n.platform.Load(), Signing: time.Duration(n.signing.Load()), Torn: int(c.torn.Load()), Relays: map[string]RelayStatus{}}
	seen, _ := c.watched.Witnessed()
	s.Unwitnessed, s.Fork = seen.Since, c.watched.Fork()
	n.mu.Lock()
	s.Why, s.LastError, s.LastSent = n.why, n.lastErr, n.lastSent
	n.mu.Unlock()
	for _, r := range c.relays {
		stats := r.pool.Stats()
		s.Relays[r.name] = RelayStatus{Connections: stats.Open, Failures: stats.Failures, Until: stats.Until}
	}
	return s
}

// GateNames lists the gate's checks in their order, and those of the finished message.
func GateNames() []string {
	var names []string
	for _, check := range append(slices.Clone(gate), rendered...) {
		names = append(names, check.name)
	}
	return names
}
