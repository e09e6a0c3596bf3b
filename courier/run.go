package courier

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"letterhead/courier/breaker"
	"letterhead/courier/budget"
	"letterhead/courier/buffer"
	"letterhead/courier/chain"
	"letterhead/courier/journal"
	"letterhead/courier/kept"
	"letterhead/courier/logbook"
	"letterhead/courier/lookout"
	"letterhead/courier/sender"
	"letterhead/courier/setting"
	"letterhead/courier/smtp"
	"letterhead/courier/stops"
	"letterhead/courier/suppressed"
	"letterhead/courier/token"
	"letterhead/courier/trust"
	"letterhead/fault"
	"letterhead/message"
	"letterhead/store"
	"letterhead/vault"
	"letterhead/wording"
)

// Options are what a courier is made of.
type Options struct {
	DB           *store.DB
	Keeper       *vault.Keeper
	Source       Source
	Config       Config
	Folder       string // the courier's own folder, outside the database
	Installation string // as the trust file says
	Epoch        int64
	Log          *slog.Logger            // slog.Default() when nil
	Starter      func(breaker.Text) bool // is this the text of a wording of the house; nil: none is
	Texts        TextSender              // of the gateways, by name; nil when there are none

	Witness func(ctx context.Context) error // shows the witnesses the last checkpoint, within half a minute; a fork is a fault with the key ledger.fork. nil: there are none

	System func(digest string) bool // tells the versions that are compiled into the program, for what it says itself; nil: there are none
}

// Courier is one courier process. Run or Drain it, then Close it.
type Courier struct {
	Options
	Domains *sender.Domains
	Tokens  token.Tokens
	codes   message.Codes

	journal  *journal.Journal
	stops    *stops.Stops
	versions *versions
	books    books
	portal   wording.Portal
	marked   bool // demo or test: to this machine alone
	chains   *chain.Chains
	budget   *budget.Budget
	logbook  *logbook.Logbook
	lookout  *lookout.Lookout
	line     *message.Line
	buffers  buffer.Shelf
	watched  *logbook.Watch

	suppressed *suppressed.Set
	relays     []*route
	gateways   []*route
	batches    chan struct{} // one for each batch that may be in hand
	signing    chan struct{} // one for each core
	texting    chan struct{} // one for each request to a gateway
	outcomes   *outcomes
	count      counts
	wake       chan struct{}
	torn       atomic.Int64
	swept      bool                          // once at least
	signed     map[store.PracticeID]standing // as of which its unsigned messages were queued again
}

// route is a relay or gateway.
type route struct {
	name     string
	loopback bool
	pool     *smtp.Pool
	gateway  *Gateway
}

// JournalFolder is where the journal lies within the courier's folder.
func JournalFolder(folder string) string { return filepath.Join(folder, "journal") }

// New opens the journal and makes the courier ready. It fails when the configuration is wrong or the journal is missing or another's.
func New(o Options) (*Courier, error) {
	if err := o.Config.Validate(); err != nil {
		return nil, err
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	c := &Courier{Options: o, Domains: sender.New(o.Folder, o.Config.PlatformDomain), Tokens: token.New(o.Keeper.Derive(token.Use)), codes: message.NewCodes(o.Keeper.Derive(message.CodeUse)), versions: newVersions(),
		signing: make(chan struct{}, runtime.GOMAXPROCS(0)), texting: make(chan struct{}, textsAtOnce), wake: make(chan struct{}, 1), signed: map[store.PracticeID]standing{}}
	c.watched = logbook.NewWatch(o.Config)
	mark, err := c.believes()
	if err != nil {
		return nil, err
	}
	c.marked = mark != trust.Real
	workers := o.Config.Workers
	if workers == 0 {
		workers = 4
	}
	c.batches = make(chan struct{}, workers)
	for i := range o.Config.Relays {
		r, err := openRelay(&o.Config.Relays[i], o.Config, c.marked)
		if err != nil {
			return nil, err
		}
		c.relays = append(c.relays, r)
	}
	for i := range o.Config.Gateways {
		_, host := o.Config.Gateways[i].Host()
		c.gateways = append(c.gateways, &route{name: o.Config.Gateways[i].Name, loopback: setting.Loopback(host), gateway: &o.Config.Gateways[i]})
	}
	if c.journal, err = journal.Open(JournalFolder(o.Folder), o.Installation, o.Epoch); err != nil {
		return nil, err
	}
	if o.Config.PublicURL != "" {
		if c.portal, err = wording.ParsePortal(o.Config.PublicURL); err != nil {
			return nil, err
		}
	}
	c.chains = chain.Open(o.Folder, c.journal)
	if c.suppressed, err = suppressed.Open(c.journal); err == nil {
		c.budget, err = budget.Open(c.journal)
	}
	if err == nil {
		c.logbook, err = logbook.Open(logbook.Where{DB: o.DB, Journal: c.journal, Folder: o.Folder, Installation: o.Installation, Epoch: o.Epoch})
	}
	c.stops = stops.Open(o.DB, c.journal, c.chains, c.logbook, o.Epoch)
	if err == nil {
		c.lookout, err = lookout.Open(c.journal, o.DB.Now(), c.stops.Make, o.Log)
	}
	if err != nil {
		return nil, errors.Join(err, c.journal.Close())
	}
	c.buffers, c.line = buffer.New(), message.NewLine(o.DB, c.journal.Process(), claimFor)
	c.outcomes = newOutcomes(c)
	return c, nil
}

// believes holds the options against the trust file.
func (c *Courier) believes() (trust.Mark, error) {
	t, err := trust.Read(c.Folder)
	if err != nil {
		return "", err
	}
	if t.Installation != c.Installation || t.Epoch != c.Epoch {
		return "", journal.ErrMismatch
	}
	return t.Mark, nil
}

func openRelay(r *Relay, config Config, marked bool) (*route, error) {
	name := config.HostName
	if name == "" {
		name = config.PlatformDomain
	}
	options := smtp.Options{Address: r.Address, Security: r.Security(), LoopbackOnly: marked, LocalName: name, ServerName: r.ServerName, Username: r.User,
		Window: 16, BeginAhead: 1, NoChunking: r.NoChunking, NoPipelining: r.NoPipelining}
	if r.PasswordFile != "" {
		raw, err := os.ReadFile(r.PasswordFile)
		if err != nil {
			return nil, fault.Field("courier.relay.password_file", "courier.relay", "relay %s: the password file cannot be read", r.Name).With(err)
		}
		options.Password = strings.TrimSuffix(strings.TrimSuffix(string(raw), "\n"), "\r")
	}
	if r.CAFile != "" {
		raw, err := os.ReadFile(r.CAFile)
		if err != nil {
			return nil, fault.Field("courier.relay.ca_file", "courier.relay", "relay %s: the file of certificates cannot be read", r.Name).With(err)
		}
		options.RootCAs = x509.NewCertPool()
		if !options.RootCAs.AppendCertsFromPEM(raw) {
			return nil, fault.Field("courier.relay.ca_file", "courier.relay", "relay %s: the file holds no certificate in PEM", r.Name)
		}
	}
	pool, err := smtp.NewPool(options, smtp.PoolOptions{Connections: r.Connections, PerSecond: r.PerSecond})
	if err != nil {
		return nil, fmt.Errorf("relay %s: %w", r.Name, err)
	}
	host := r.Address[:strings.LastIndexByte(r.Address, ':')]
	return &route{name: r.Name, loopback: setting.Loopback(host), pool: pool}, nil
}

// relay is where mail goes now: the first relay that is not left alone, or the first; nil when there is none.
func (c *Courier) relay() *route {
	for _, r := range c.relays {
		if r.pool.Until().IsZero() {
			return r
		}
	}
	if len(c.relays) == 0 {
		return nil
	}
	return c.relays[0]
}

// gateway is where a practice's text messages go: the first gateway, with the sender that it has there; nil when there is none.
func (c *Courier) gateway(practice store.PracticeID) *route {
	if len(c.gateways) == 0 || c.Texts == nil || c.gateways[0].gateway.SenderOf(practice) == "" {
		return nil
	}
	return c.gateways[0]
}

// Approvals are the practices' chains as the courier has them, for others in its process.
func (c *Courier) Approvals() *chain.Chains { return c.chains }

// Wake makes Run look at once, after something was queued in the same process.
func (c *Courier) Wake() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// Run lets messages go until ctx ends. Then it begins no further one, gives those in flight a few seconds, gives back what it has, and returns.
func (c *Courier) Run(ctx context.Context) error {
	c.count.running.Store(true)
	defer c.count.running.Store(false)
	var wait sync.WaitGroup
	wait.Go(func() { c.watch(ctx) })
	wait.Go(func() { c.listen(ctx) })
	wait.Go(func() { c.watched.Show(ctx, c.Witness, c.trouble) })
	for ctx.Err() == nil {
		c.sweep(ctx, c.DB.Now())
		end := time.Now().Add(sweepEvery)
		for ctx.Err() == nil && time.Now().Before(end) {
			pause := c.round(ctx, c.DB.Now, &wait)
			if pause == 0 {
				continue
			}
			timer := time.NewTimer(pause)
			select {
			case <-ctx.Done():
			case <-c.wake:
			case <-timer.C:
			}
			timer.Stop()
		}
	}
	wait.Wait()
	return c.giveBack()
}

// listen serves the courier's socket. Without it everything else works.
func (c *Courier) listen(ctx context.Context) {
	if err := c.stops.Listen(ctx, c.Folder, JournalFolder(c.Folder), func() string { return c.Status().Why }, c.Log); err != nil {
		c.trouble("socket", err)
	}
}

// round claims one batch and sends it on its way; it returns how long to pause before the next, 0 for not at all.
func (c *Courier) round(ctx context.Context, now func() time.Time, wait *sync.WaitGroup) time.Duration {
	select {
	case c.batches <- struct{}{}:
	case <-ctx.Done():
		return 0
	}
	claimed, pause, err := c.claim(ctx, now())
	if err != nil && ctx.Err() == nil {
		c.trouble("claim", err)
	}
	if len(claimed) == 0 {
		<-c.batches
		return max(pause, 50*time.Millisecond)
	}
	wait.Go(func() {
		defer func() { <-c.batches }()
		c.carry(ctx, claimed, now())
	})
	return 0
}

// Drain lets everything go that is due at an instant, once, and returns when all of it is written down: for tick.
func (c *Courier) Drain(ctx context.Context, now time.Time) error {
	served, done := context.WithCancel(ctx)
	var listening sync.WaitGroup
	listening.Go(func() { c.listen(served) })
	defer listening.Wait()
	defer done()
	c.sweep(ctx, now)
	at := func() time.Time { return now }
	for {
		var wait sync.WaitGroup
		began := c.count.claimed.Load()
		for c.round(ctx, at, &wait) == 0 && ctx.Err() == nil {
		}
		wait.Wait()
		if err := c.outcomes.flush(); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return errors.Join(err, c.giveBack())
		}
		if c.count.claimed.Load() == began {
			break
		}
	}
	if err := c.line.Release(ctx); err != nil {
		return err
	}
	c.watched.Shown(ctx, c.Witness, c.trouble)
	if why := c.Status().Why; why != "" {
		return fault.New(fault.Unavailable, "courier.stopped", "").Saying("nothing is sent: %s", why)
	}
	return nil
}

// claim takes the next batch, if anything may leave at all; otherwise it says how long to wait.
func (c *Courier) claim(ctx context.Context, now time.Time) ([]*message.Message, time.Duration, error) {
	if err := c.journal.Healthy(); err != nil {
		c.count.blocked(err.Error())
		return nil, time.Second, nil
	}
	if err := c.logbook.Check(ctx); err != nil {
		c.count.blocked(logbook.Disbelieved + err.Error())
		return nil, time.Second, err
	}
	stopped, err := c.stops.Fresh(ctx, freezeStale)
	if err != nil {
		c.count.blocked("what is stopped cannot be read")
		return nil, time.Second, err
	}
	c.count.frozen.Store(int64(stopped.Practices()))
	c.count.platform.Store(stopped.Platform)
	if stopped.Platform {
		c.count.blocked("sending is stopped for the whole platform")
		return nil, freezeEvery, nil
	}
	if until := c.unreachable(); !until.IsZero() {
		c.count.blocked("")
		return nil, min(max(time.Until(until), 20*time.Millisecond), time.Second), c.line.Release(ctx)
	}
	c.count.blocked("")
	claimed, next, err := c.line.Take(ctx, now, batchSize)
	if err != nil {
		return nil, time.Second, err
	}
	c.count.claimed.Add(int64(len(claimed)))
	c.count.inHand.Add(int64(len(claimed)))
	pause := 500 * time.Millisecond
	if !next.IsZero() {
		pause = min(pause, next.Sub(now))
	}
	return claimed, pause, nil
}

// unreachable is until when every relay is left alone; zero while one may be used, or while there is none.
func (c *Courier) unreachable() (until time.Time) {
	if len(c.gateways) > 0 {
		return time.Time{}
	}
	for _, r := range c.relays {
		u := r.pool.Until()
		if u.IsZero() {
			return time.Time{}
		}
		if until.IsZero() || u.Before(until) {
			until = u
		}
	}
	return until
}

// watch reads the stops again and again, so that what is known is never old.
func (c *Courier) watch(ctx context.Context) {
	tick := time.NewTicker(freezeEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if _, err := c.stops.Fresh(ctx, freezeEvery/2); err != nil && ctx.Err() == nil {
				c.trouble("stops", err)
			} else if err := c.stops.Settle(ctx); err != nil && ctx.Err() == nil {
				c.trouble("stops", err)
			}
			if err := c.suppressions(ctx, c.DB.Now()); err != nil && ctx.Err() == nil {
				c.trouble("suppressions", err)
			}
		}
	}
}

// giveBack writes down what became of everything and lets go of the practices that it has.
func (c *Courier) giveBack() error {
	err := c.outcomes.flush()
	ctx, cancel := context.WithTimeout(context.Background(), drainWithin)
	defer cancel()
	c.count.inHand.Store(0)
	return errors.Join(err, c.line.Release(ctx))
}

// Close ends the courier: connections and journal.
func (c *Courier) Close() error {
	for _, r := range c.relays {
		r.pool.Close()
	}
	c.outcomes.stop()
	if len(c.outcomes.list) > 0 { // nobody writes any more, and these could not be marked
		c.journal.Keep()
	}
	if err := c.lookout.Close(c.DB.Now()); err != nil {
		c.trouble("breaker", err) // what was learnt of the last minutes is learnt again
	}
	return c.journal.Close()
}

func (c *Courier) trouble(what string, err error) {
	c.count.fail(what)
	c.Log.Error("the courier has trouble", slog.String("what", what), slog.Any("error", err))
}

// batch is what is carried together.
type batch struct {
	now     time.Time
	date    string
	parcels []*parcel
}

// open are the parcels whose end is not decided.
func (b *batch) open() iter.Seq[*parcel] {
	return func(yield func(*parcel) bool) {
		for _, p := range b.parcels {
			if !p.settled && !yield(p) {
				return
			}
		}
	}
}

func (b *batch) rest() []*parcel {
	out := make([]*parcel, 0, len(b.parcels))
	for p := range b.open() {
		out = append(out, p)
	}
	return out
}

// carry takes a batch through all stages. Whatever happens, each of its messages ends with a state, a reason and a step, or back in the queue.
func (c *Courier) carry(ctx context.Context, claimed []*message.Message, now time.Time) {
	b := &batch{now: now, date: kept.Date(now), parcels: make([]*parcel, len(claimed))}
	// One read of facts for each practice, whatever the turns.
	slices.SortStableFunc(claimed, func(a, b *message.Message) int { return strings.Compare(string(a.Practice), string(b.Practice)) })
	all := make([]parcel, len(claimed))
	good := c.DB.Now().Add(factsGood)
	for i := range claimed {
		all[i].Message, all[i].good = *claimed[i], good
		if claimed[i].NotAfter.Before(good) {
			all[i].good = claimed[i].NotAfter
		}
		b.parcels[i] = &all[i]
	}
	if err := c.stages(ctx, b); err != nil && ctx.Err() == nil {
		c.trouble("batch", err)
	}
	later := now.Add(10 * time.Second)
	if ctx.Err() != nil {
		later = time.Time{} // for another courier, at once
	}
	for p := range b.open() { // a stage could not be done
		p.back(later)
	}
	c.settle(b)
	for _, p := range b.parcels {
		if p.out.ID != "" {
			c.outcomes.add(p)
		}
	}
	c.outcomes.push()
	c.recycle(b)
}

func (c *Courier) stages(ctx context.Context, b *batch) error {
	if err := c.facts(ctx, b); err != nil {
		return err
	}
	if err := c.pass(ctx, b, gate); err != nil {
		return err
	}
	for p := range b.open() {
		lent := c.buffers.Borrow()
		p.buffer, p.header, p.signature = lent.Body, lent.Header, lent.Signature
		c.merge(p, b.date, b.now)
	}
	if err := c.pass(ctx, b, rendered); err != nil {
		return err
	}
	if err := c.sign(ctx, b); err != nil {
		return err
	}
	stopped, err := c.stops.Fresh(ctx, freezeEvery)
	if err != nil {
		return err
	}
	for p := range b.open() {
		p.stopped(stopped)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := c.record(ctx, b); err != nil {
		return err
	}
	if err := c.budget.Begin(); err != nil { // what may have left is always counted
		return err
	}
	c.handOff(ctx, b)
	return nil
}
