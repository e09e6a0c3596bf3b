package smtp

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// PoolOptions are the limits of one relay; the zero value is good.
type PoolOptions struct {
	Connections int     // at once; 10
	PerSecond   float64 // messages; 0 is no limit
	// After a connection could not be made, none is tried for a random time between half and all of BackoffFirst, which
	// doubles with each failure up to BackoffMost. 1 s, 5 minutes.
	BackoffFirst, BackoffMost time.Duration
}

// Pool keeps connections to one relay. Any number of goroutines may call Send.
type Pool struct {
	options Options
	limits  PoolOptions
	slots   chan struct{}
	pace    pacer

	mu       sync.Mutex
	idle     []*Conn // most recently used last
	closed   bool
	failures int       // connections refused in a row
	until    time.Time // none is tried before
	trying   chan struct{}
	last     error
	stats    Stats
}

// Stats of a pool, counted since it was made.
type Stats struct {
	Open, Idle         int
	Dialled, DialFails int
	Failures           int       // in a row, now
	Until              time.Time // no connection is tried before
}

// BackoffError says that the relay could not be reached lately and when it will be tried again.
type BackoffError struct {
	Until time.Time
	Cause error
}

func (e *BackoffError) Error() string {
	return fmt.Sprintf("smtp: the relay is left alone until %s: %v", e.Until.UTC().Format(time.RFC3339), e.Cause)
}

func (e *BackoffError) Unwrap() error { return e.Cause }

// ErrPoolClosed says that Close was called.
var ErrPoolClosed = errors.New("smtp: the pool is closed")

// NewPool checks the options; it connects when there is something to send.
func NewPool(options Options, limits PoolOptions) (*Pool, error) {
	options, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	if limits.Connections == 0 {
		limits.Connections = 10
	}
	if limits.BackoffFirst == 0 {
		limits.BackoffFirst = time.Second
	}
	if limits.BackoffMost == 0 {
		limits.BackoffMost = 5 * time.Minute
	}
	switch {
	case limits.Connections < 1 || limits.Connections > 1000:
		return nil, fmt.Errorf("smtp: %d connections are not within 1 to 1000", limits.Connections)
	case limits.PerSecond < 0 || limits.PerSecond > 1e6:
		return nil, fmt.Errorf("smtp: %v messages a second are not within 0 to 1000000", limits.PerSecond)
	case limits.BackoffFirst < 0 || limits.BackoffMost < limits.BackoffFirst:
		return nil, fmt.Errorf("smtp: back-off from %v to %v is not ascending", limits.BackoffFirst, limits.BackoffMost)
	}
	return &Pool{options: options, limits: limits, slots: make(chan struct{}, limits.Connections), pace: pacer{perSecond: limits.PerSecond}}, nil
}

// Send is Conn.Send over a connection of the pool, waiting for a free one. Messages that end NotBegun because a connection
// was used up or had been closed by the relay are tried once more over a new one; Done is called once for each message.
// When the relay cannot be reached, or a connection goes down under a message, all that is left ends NotBegun, the error is
// a *BackoffError or an *Error, and the relay is left alone for a while.
func (p *Pool) Send(ctx context.Context, messages []Message, hooks Hooks) error {
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		return p.none(messages, nil, hooks, context.Cause(ctx))
	}
	left := make([]int, len(messages))
	for place := range left {
		left[place] = place
	}
	stale := 0 // connections in a row that had been used up or closed since
	for len(left) > 0 {
		count, err := p.pace.take(ctx, len(left))
		if err != nil {
			return p.none(messages, left, hooks, err)
		}
		c, err := p.get(ctx)
		if err != nil {
			return p.none(messages, left, hooks, err)
		}
		used := c.carried > 0
		again, err := sendOver(ctx, c, messages, left[:count], hooks)
		settled := len(again) < count
		p.put(c, settled)
		left = append(again, left[count:]...)
		if settled {
			stale = 0
		} else if stale++; stale > p.limits.Connections+1 {
			used = false
		}
		var fault *Error
		switch {
		case err == nil, errors.Is(err, ErrUsedUp) && settled, errors.As(err, &fault) && !settled && used && ctx.Err() == nil:
		default:
			if fault != nil && ctx.Err() == nil {
				p.failed(err)
			}
			return p.none(messages, left, hooks, err)
		}
	}
	return nil
}

// sendOver sends the messages at these places and gives back those that ended NotBegun.
func sendOver(ctx context.Context, c *Conn, messages []Message, places []int, hooks Hooks) ([]int, error) {
	batch := make([]Message, len(places))
	for i, place := range places {
		batch[i] = messages[place]
	}
	again := make([]int, 0, len(places))
	inner := Hooks{Done: func(i int, result Result) {
		if result.Class == NotBegun {
			again = append(again, places[i])
		} else if hooks.Done != nil {
			hooks.Done(places[i], result)
		}
	}}
	if hooks.Begin != nil {
		scratch := make([]int, 0, 64)
		inner.Begin = func(begun []int) error {
			scratch = scratch[:0]
			for _, i := range begun {
				scratch = append(scratch, places[i])
			}
			return hooks.Begin(scratch)
		}
	}
	if hooks.Still != nil {
		inner.Still = func(i int) error { return hooks.Still(places[i]) }
	}
	err := c.Send(ctx, batch, inner)
	return again, err
}

// none ends what is left as NotBegun; left nil means all.
func (p *Pool) none(messages []Message, left []int, hooks Hooks, err error) error {
	if hooks.Done == nil {
		return err
	}
	result := Result{Class: NotBegun, Stage: StageConnect, Err: err}
	if left == nil {
		for place := range messages {
			hooks.Done(place, result)
		}
	}
	for _, place := range left {
		hooks.Done(place, result)
	}
	return err
}

// get gives an idle connection or makes one. While the relay fails, one goroutine tries and the others wait for it.
func (p *Pool) get(ctx context.Context) (*Conn, error) {
	for {
		p.mu.Lock()
		if p.closed {
			p.mu.Unlock()
			return nil, ErrPoolClosed
		}
		for len(p.idle) > 0 {
			c := p.idle[len(p.idle)-1]
			p.idle = p.idle[:len(p.idle)-1]
			if c.Usable() {
				p.mu.Unlock()
				return c, nil
			}
			p.stats.Open--
			go c.Close()
		}
		if time.Now().Before(p.until) {
			err := &BackoffError{Until: p.until, Cause: p.last}
			p.mu.Unlock()
			return nil, err
		}
		if waiting := p.trying; waiting != nil {
			p.mu.Unlock()
			select {
			case <-waiting:
				continue
			case <-ctx.Done():
				return nil, context.Cause(ctx)
			}
		}
		if p.failures > 0 {
			p.trying = make(chan struct{})
		}
		options := p.options
		p.mu.Unlock()
		c, err := dial(ctx, options)
		return c, p.dialled(ctx, c, err)
	}
}

// dialled notes how an attempt to connect ended.
func (p *Pool) dialled(ctx context.Context, c *Conn, err error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.trying != nil {
		close(p.trying)
		p.trying = nil
	}
	if err == nil {
		p.stats.Dialled++
		p.stats.Open++
		return nil
	}
	if ctx.Err() == nil {
		p.stats.DialFails++
		p.backOff(err)
	}
	return err
}

// failed notes that a connection went down under a message, or took none.
func (p *Pool) failed(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.backOff(err)
}

// backOff starts a wait, unless one is running: connections that fail together count as one failure.
func (p *Pool) backOff(err error) {
	p.last = err
	if now := time.Now(); !now.Before(p.until) {
		p.failures++
		p.until = now.Add(p.backoff())
	}
}

// backoff is how long to wait after so many failures in a row: doubled, capped, with jitter so that several couriers do
// not come back together.
func (p *Pool) backoff() time.Duration {
	wait := p.limits.BackoffMost
	if shift := p.failures - 1; shift < 30 && p.limits.BackoffFirst<<shift < wait && p.limits.BackoffFirst<<shift > 0 {
		wait = p.limits.BackoffFirst << shift
	}
	return wait/2 + rand.N(wait/2+1)
}

// put takes a connection back; settled says that the relay answered at least one message.
func (p *Pool) put(c *Conn, settled bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if settled {
		p.failures = 0
	}
	if c.badChunking {
		p.options.NoChunking = true
	}
	if c.options.resetKnown {
		p.options.resetKnown = true
	}
	if c.options.ResetEach {
		p.options.ResetEach = true
	}
	if !p.closed && c.Usable() {
		p.idle = append(p.idle, c)
		return
	}
	p.stats.Open--
	go c.Close()
}

// Tidy closes connections that were not used for longer than the idle limit; call it now and then.
func (p *Pool) Tidy() {
	p.mu.Lock()
	defer p.mu.Unlock()
	kept := p.idle[:0]
	for _, c := range p.idle {
		if c.Usable() {
			kept = append(kept, c)
			continue
		}
		p.stats.Open--
		go c.Close()
	}
	clear(p.idle[len(kept):])
	p.idle = kept
}

// Until is when a connection may be tried next; the zero time if one may be now.
func (p *Pool) Until() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	if time.Now().Before(p.until) {
		return p.until
	}
	return time.Time{}
}

// Stats gives the counts of now.
func (p *Pool) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	stats := p.stats
	stats.Idle, stats.Failures, stats.Until = len(p.idle), p.failures, p.until
	return stats
}

// Close closes idle connections; those in use are closed when they come back.
func (p *Pool) Close() {
	p.mu.Lock()
	idle := p.idle
	p.idle, p.closed = nil, true
	p.stats.Open -= len(idle)
	p.mu.Unlock()
	for _, c := range idle {
		_ = c.Close()
	}
}

// pacer hands out the right to send so many messages a second, evenly, with at most a second's worth saved up.
type pacer struct {
	perSecond float64
	mu        sync.Mutex
	tokens    float64
	at        time.Time
}

// take waits until at least one message may be sent and says how many of want may.
func (p *pacer) take(ctx context.Context, want int) (int, error) {
	if p.perSecond == 0 {
		return want, ctx.Err()
	}
	for {
		granted, wait := p.try(want)
		if granted > 0 {
			return granted, nil
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return 0, context.Cause(ctx)
		}
	}
}

func (p *pacer) try(want int) (granted int, wait time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if p.at.IsZero() {
		p.tokens = 1
	} else {
		p.tokens = min(max(p.perSecond, 1), p.tokens+now.Sub(p.at).Seconds()*p.perSecond)
	}
	p.at = now
	if p.tokens < 1 {
		return 0, time.Duration((1 - p.tokens) / p.perSecond * float64(time.Second))
	}
	granted = min(want, int(p.tokens))
	p.tokens -= float64(granted)
	return granted, 0
}
