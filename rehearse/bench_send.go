package rehearse

import (
	"context"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"letterhead/courier/dkim"
	"letterhead/message"
	"letterhead/store"
	"letterhead/testkit"
	"letterhead/testkit/bare"
	"letterhead/testkit/sink"
)

// The targets of issue 2.
const (
	ofBare        = 0.5  // of the bare client's rate
	ofBareFar     = 0.8  // over a round trip of farTrip
	ofUnsigned    = 0.75 // with Ed25519
	ofSigning     = 0.8  // with RSA-2048 and TLS, of what signing alone allows
	ownWork       = 45   // µs of CPU a message beside the hand-off
	courierMemory = 60   // MB
	farTrip       = 20 * time.Millisecond
	late          = 30 * time.Minute // after ten, when what was planned for ten is sent: planning took its time
)

// signing is which of the platform's keys are used.
type signing int

const (
	unsigned signing = iota
	ed25519Only
	bothKeys
)

// variant is one way of sending everything that is queued.
type variant struct {
	world  *world
	count  int
	means  bare.Means
	keys   signing
	tls    bool
	trip   time.Duration
	copies bool // queue each message again until there are count
}

// sent is what a courier took for it.
type sent struct {
	used
	count    int
	database time.Duration // CPU of PostgreSQL
}

func (s sent) rate() float64 { return float64(s.count) / s.elapsed.Seconds() }
func (s sent) each() float64 { return micro(s.cpu, s.count) }
func micro(d time.Duration, n int) float64 {
	return float64(d.Nanoseconds()) / 1000 / float64(max(1, n))
}
func rateOf(r BareRun) float64 { return float64(r.Count) / r.Took.Seconds() }

// courierSends has `letterhead tick` send a copy of the world's queue to a counting sink.
func (b *bench) courierSends(ctx context.Context, v variant) (out sent, err error) {
	w, err := v.world.copy()
	if err != nil {
		return out, err
	}
	defer closing(&err, w.remove)
	if v.copies {
		if err := w.multiply(ctx, v.count); err != nil {
			return out, err
		}
	}
	if err := w.sign(v.keys); err != nil {
		return out, err
	}
	s, address, done, err := b.relay(ctx, v)
	if err != nil {
		return out, err
	}
	defer closing(&err, done)
	relay := relayConfig{address: address, tls: "none"}
	if v.tls {
		relay.tls, relay.caFile = "starttls", filepath.Join(w.folder, "relay.pem")
		if err := os.WriteFile(relay.caFile, []byte(s.Certificate()), 0o600); err != nil {
			return out, err
		}
	}
	if err := w.configure(relay); err != nil {
		return out, err
	}
	before := b.databaseCPU(w)
	out.count = v.count
	if out.used, err = b.runChild(ctx, w.folder, "tick", "--json", "--at", b.noon.ten.Add(late).Format(time.RFC3339)); err != nil {
		return out, err
	}
	if w.database != "" {
		time.Sleep(300 * time.Millisecond) // the server counts its backends once they have ended
	}
	out.database = b.databaseCPU(w) - before
	var did struct{ Sent int }
	if err := json.Unmarshal(out.out, &did); err != nil {
		return out, err
	}
	if did.Sent != v.count {
		return out, fmt.Errorf("%d sent instead of %d: %s", did.Sent, v.count, out.out)
	}
	_, err = expected(s, v.count)
	return out, err
}

func (b *bench) databaseCPU(w *world) time.Duration {
	if w.database == "" {
		return 0
	}
	return b.cluster.CPU()
}

// relay is a sink of its own process, behind a proxy where there is a round trip.
func (b *bench) relay(ctx context.Context, v variant) (s *sink.Process, address string, done func() error, err error) {
	s, err = b.sink(ctx, sinkOptions{noChunking: v.means != bare.Chunking, noPipelining: v.means == bare.Neither, tls: v.tls})
	if err != nil {
		return nil, "", nil, err
	}
	if v.trip == 0 {
		return s, s.Address(), s.Close, nil
	}
	proxy, err := sink.ListenProxy(s.Address(), sink.ProxyOptions{RoundTrip: v.trip})
	if err != nil {
		return nil, "", nil, errors.Join(err, s.Close())
	}
	return s, proxy.Address(), func() error { return errors.Join(proxy.Close(), s.Close()) }, nil
}

// barely has the bare client send as many of the same bytes by the same means.
func (b *bench) barely(ctx context.Context, v variant, c *catch) (out BareRun, err error) {
	s, address, done, err := b.relay(ctx, v)
	if err != nil {
		return out, err
	}
	defer closing(&err, done)
	out, err = b.bareSends(ctx, BareRun{Address: address, Means: v.means, Count: v.count, Messages: c.file})
	if err != nil {
		return out, err
	}
	_, err = expected(s, v.count)
	return out, err
}

// sign lets the platform's domain use some of its keys.
func (w *world) sign(keys signing) error {
	path := filepath.Join(w.folder, "courier", "domains", platform, "domain.json")
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var domain map[string]any
	if err := json.Unmarshal(raw, &domain); err != nil {
		return err
	}
	selectors, ok := domain["selectors"].([]any)
	if !ok || len(selectors) != 2 {
		return errors.New("the platform's domain has not two keys")
	}
	switch keys {
	case unsigned:
		domain["selectors"] = []any{}
	case ed25519Only:
		domain["selectors"] = selectors[1:]
	case bothKeys:
	}
	if raw, err = json.Marshal(domain); err != nil {
		return err
	}
	return os.WriteFile(path, raw, 0o600)
}

// intents are the messages of a practice as they would be queued again.
func intents(ctx context.Context, tx *store.Tx) ([]message.Intent, error) {
	rows, err := tx.Query(ctx, `SELECT kind, channel, purpose, subject, wording_version, digest, language, appointment, attendee, generation, client, recipient, turn, not_after, basis
		FROM message WHERE practice = $1 AND state = 'queued' ORDER BY id`)
	return store.Collect(rows, err, func(r *store.Rows) (m message.Intent, err error) {
		var turn, notAfter int64
		err = r.Scan(&m.Kind, &m.Channel, &m.Purpose, &m.Rule, &m.Version, &m.Digest, &m.Language, &m.Appointment, &m.Attendee, &m.Generation, &m.Client, &m.Recipient, &turn, &notAfter, &m.Basis)
		m.Turn, m.NotAfter = store.Instant(turn), store.Instant(notAfter)
		return m, err
	})
}

// multiply queues each message of the first practice again until there are count.
func (w *world) multiply(ctx context.Context, count int) error {
	return w.open(ctx, w.b.noon.ten, func(o Opened) error { return repeat(ctx, o, w.practices[0], count) })
}

// repeat queues the messages of a practice again until there are count.
func repeat(ctx context.Context, o Opened, practice store.PracticeID, count int) error {
	actor := store.Actor{Practice: practice, Agent: "bench"}
	var all []message.Intent
	err := o.Database().View(ctx, actor, func(tx *store.Tx) (err error) {
		all, err = intents(ctx, tx)
		return err
	})
	if err != nil || len(all) == 0 {
		return errors.Join(err, errorIf(len(all) == 0, "there are no messages to repeat"))
	}
	for n := len(all); n < count; {
		part := make([]message.Intent, min(5000, count-n))
		for i := range part {
			part[i] = all[(n+i)%len(all)]
		}
		if err := o.Database().Change(ctx, actor, func(tx *store.Tx) error { _, err := message.Queue(ctx, tx, part); return err }); err != nil {
			return err
		}
		n += len(part)
	}
	return nil
}

func errorIf(wrong bool, say string) error {
	if wrong {
		return errors.New(say)
	}
	return nil
}

// catch is what a courier sent, kept.
type catch struct {
	file     string
	messages []bare.Message
	bytes    int
}

const catchMost = 2000

// capture has the courier send unsigned messages to a sink that keeps them: what the bare client sends.
func (b *bench) capture(ctx context.Context, engine testkit.Engine) (c *catch, err error) {
	if b.caught != nil {
		return b.caught, nil
	}
	queued, err := b.queued(ctx, engine, false)
	if err != nil {
		return nil, err
	}
	w, err := queued.copy()
	if err != nil {
		return nil, err
	}
	defer closing(&err, w.remove)
	s, err := sink.ListenSMTP(sink.SMTPOptions{MaxMessages: catchMost})
	if err != nil {
		return nil, err
	}
	defer closing(&err, s.Close)
	if err := errors.Join(w.sign(unsigned), w.configure(relayConfig{address: s.Address(), tls: "none"})); err != nil {
		return nil, err
	}
	if _, err := b.runChild(ctx, w.folder, "tick", "--json", "--at", b.noon.ten.Add(late).Format(time.RFC3339)); err != nil {
		return nil, err
	}
	c = &catch{file: filepath.Join(b.folder, "messages.gob")}
	for _, m := range s.List() {
		c.messages = append(c.messages, bare.Message{From: m.From, To: m.To, Content: m.Raw})
		c.bytes += len(m.Raw)
	}
	if len(c.messages) == 0 {
		return nil, errors.New("nothing was captured")
	}
	file, err := os.Create(c.file)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(gob.NewEncoder(file).Encode(c.messages), file.Close()); err != nil {
		return nil, err
	}
	b.say("size of the starter set's reminder, unsigned", "", float64(c.bytes)/float64(len(c.messages)), "bytes", "HTML and text")
	b.caught = c
	return c, nil
}

// compared is a courier and the bare client in one run: bare, courier, bare, so that neither has the quieter machine.
func (b *bench) compared(ctx context.Context, v variant, c *catch) (sent, BareRun, error) {
	first, err := b.barely(ctx, v, c)
	if err != nil {
		return sent{}, first, err
	}
	s, err := b.courierSends(ctx, v)
	if err != nil {
		return s, first, err
	}
	second, err := b.barely(ctx, v, c)
	first.Took, first.CPU = (first.Took+second.Took)/2, (first.CPU+second.CPU)/2
	return s, first, err
}

func (b *bench) send(ctx context.Context, engine testkit.Engine) error {
	c, err := b.capture(ctx, engine)
	if err != nil {
		return err
	}
	for _, many := range []bool{false, true} {
		w, err := b.queued(ctx, engine, many)
		if err != nil {
			return err
		}
		count, shape := b.one, "1 practice"
		if many {
			count, shape = b.practices*b.each, fmt.Sprintf("%d practices", b.practices)
		}
		for _, means := range []bare.Means{bare.Chunking, bare.Pipelining, bare.Neither} {
			s, plain, err := b.compared(ctx, variant{world: w, count: count, means: means}, c)
			if err != nil {
				return err
			}
			name := fmt.Sprintf("send %d, %s, %s", count, shape, means)
			b.atLeast(name, engine, s.rate()/rateOf(plain), "of bare", ofBare, fmt.Sprintf("%.0f/s against %.0f/s", s.rate(), rateOf(plain)))
			note := fmt.Sprintf("%.1f − %.1f µs", s.each(), micro(plain.CPU, plain.Count))
			if s.database > 0 {
				note += fmt.Sprintf("; PostgreSQL %.0f µs beside", micro(s.database, s.count))
			}
			b.atMost(name+": beside the hand-off", engine, s.each()-micro(plain.CPU, plain.Count), "µs CPU/message", ownWork, note)
			if means == bare.Chunking {
				b.atMost(name+": memory", engine, float64(s.memory)/1e6, "MB", courierMemory, "VmHWM")
			}
		}
	}
	return nil
}

// sign compares signed sending with unsigned, and with signing alone.
func (b *bench) sign(ctx context.Context, engine testkit.Engine) error {
	c, err := b.capture(ctx, engine)
	if err != nil {
		return err
	}
	w, err := b.queued(ctx, engine, false)
	if err != nil {
		return err
	}
	v := variant{world: w, count: b.one, means: bare.Chunking}
	plain, err := b.courierSends(ctx, v)
	if err != nil {
		return err
	}
	v.keys = ed25519Only
	edwards, err := b.courierSends(ctx, v)
	if err != nil {
		return err
	}
	b.atLeast("Ed25519", engine, edwards.rate()/plain.rate(), "of unsigned", ofUnsigned, fmt.Sprintf("%.0f/s against %.0f/s; %.1f and %.1f µs CPU", edwards.rate(), plain.rate(), edwards.each(), plain.each()))
	v.keys, v.tls = bothKeys, true
	before, err := b.signAlone(ctx, w, c)
	if err != nil {
		return err
	}
	clinic, err := b.courierSends(ctx, v)
	if err != nil {
		return err
	}
	after, err := b.signAlone(ctx, w, c)
	if err != nil {
		return err
	}
	alone := (before + after) / 2
	b.atLeast("RSA-2048 with Ed25519, STARTTLS", engine, clinic.rate()/alone, "of signing alone", ofSigning,
		fmt.Sprintf("%.0f/s against %.0f/s; %.0f µs CPU", clinic.rate(), alone, clinic.each()))
	return nil
}

// signAlone is how many of the captured messages all cores sign in a second with both of the platform's keys.
func (b *bench) signAlone(ctx context.Context, w *world, c *catch) (float64, error) {
	signer, err := w.signer(bothKeys)
	if err != nil {
		return 0, err
	}
	limit := 3 * time.Second
	if b.Quick {
		limit = 300 * time.Millisecond
	}
	var next atomic.Int64
	var failed atomic.Pointer[error]
	var wait sync.WaitGroup
	start := time.Now()
	for range runtime.GOMAXPROCS(0) {
		wait.Go(func() {
			var out []byte
			for time.Since(start) < limit && ctx.Err() == nil {
				header, body := split(c.messages[int(next.Add(1))%len(c.messages)].Content)
				if out, err := signer.Sign(out[:0], start, header, body); err != nil || len(out) == 0 {
					failed.Store(&err)
					return
				}
			}
		})
	}
	wait.Wait()
	if failed.Load() != nil {
		return 0, *failed.Load()
	}
	return float64(next.Load()) / time.Since(start).Seconds(), ctx.Err()
}

// signer is the platform's, as the courier makes it.
func (w *world) signer(keys signing) (*dkim.Signer, error) {
	folder := filepath.Join(w.folder, "courier", "domains", platform)
	raw, err := os.ReadFile(filepath.Join(folder, "domain.json"))
	if err != nil {
		return nil, err
	}
	var domain struct{ Selectors []string }
	if err := json.Unmarshal(raw, &domain); err != nil {
		return nil, err
	}
	if keys == ed25519Only {
		domain.Selectors = domain.Selectors[1:]
	}
	var all []dkim.Key
	for _, selector := range domain.Selectors {
		key, err := dkim.Load(filepath.Join(folder, selector+".pem"))
		if err != nil {
			return nil, err
		}
		all = append(all, dkim.Key{Selector: selector, Private: key})
	}
	return dkim.New(platform, dkim.Options{}, all...)
}

// far is the same over a round trip.
func (b *bench) far(ctx context.Context, engine testkit.Engine) error {
	c, err := b.capture(ctx, engine)
	if err != nil {
		return err
	}
	w, err := b.queued(ctx, engine, false)
	if err != nil {
		return err
	}
	s, plain, err := b.compared(ctx, variant{world: w, count: b.one, means: bare.Chunking, trip: farTrip}, c)
	if err != nil {
		return err
	}
	b.atLeast("round trip of 20 ms, 10 connections, chunking", engine, s.rate()/rateOf(plain), "of bare", ofBareFar, fmt.Sprintf("%.0f/s against %.0f/s", s.rate(), rateOf(plain)))
	return nil
}

func (b *bench) memoryOf(ctx context.Context, engine testkit.Engine) error {
	w, err := b.queued(ctx, engine, false)
	if err != nil {
		return err
	}
	s, err := b.courierSends(ctx, variant{world: w, count: b.memory, means: bare.Chunking, copies: true})
	if err != nil {
		return err
	}
	b.atMost(fmt.Sprintf("send %d: memory", b.memory), engine, float64(s.memory)/1e6, "MB", courierMemory, fmt.Sprintf("VmHWM; %.0f/s, %.1f µs CPU", s.rate(), s.each()))
	return nil
}

// split parts a message's header, without the empty line, from its body.
func split(raw []byte) (header, body []byte) {
	for i := 0; i+3 < len(raw); i++ {
		if raw[i] == '\r' && raw[i+1] == '\n' && raw[i+2] == '\r' && raw[i+3] == '\n' {
			return raw[:i+2], raw[i+4:]
		}
	}
	return raw, nil
}
