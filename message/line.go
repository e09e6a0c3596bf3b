package message

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"letterhead/store"
)

// Which messages a courier process takes next. It has whole practices: a lease row for each, renewed while it takes their messages, so that claiming a
// message writes nothing. What it has in hand it knows itself; that stays queued until it leaves.

// lanes are in which order what is queued is looked for: what belongs to an appointment or a conversation first, then orders, which may be
// many. A literal each, which both engines hold against their partial indexes.
var lanes = [...]string{nextOf(`kind <> 'order'`), nextOf(`kind = 'order'`)}

const orders = 1 // the lane

func nextOf(lane string) string {
	return `SELECT ` + claimColumns + ` FROM message WHERE state = 'queued' AND ` + lane + ` AND turn <= $1 AND (turn, practice, id) > ($2, $3, $4)
		AND practice NOT IN (SELECT practice FROM message_lease WHERE process <> $5 AND until > $6) ORDER BY turn, practice, id LIMIT $7`
}

const claimColumns = `practice, id, kind, channel, purpose, subject, wording_version, digest, language, appointment, attendee, generation, client, recipient,
	turn, not_after, basis, attempts, message_id, created_at`

func scanClaim(rows *store.Rows) (m *Message, err error) {
	m = new(Message)
	var turn, notAfter, created int64
	err = rows.Scan(&m.Practice, &m.ID, &m.Kind, &m.Channel, &m.Purpose, &m.Subject, &m.Version, &m.Digest, &m.Language, &m.Appointment, &m.Attendee,
		&m.Generation, &m.Client, &m.Recipient, &turn, &notAfter, &m.Basis, &m.Attempts, &m.MessageID, &created)
	m.State = Queued
	m.of()
	m.Turn, m.NotAfter, m.CreatedAt = store.Instant(turn), store.Instant(notAfter), store.Instant(created)
	return m, err
}

// Line is one courier process's place before the queue. It is safe for concurrent use.
type Line struct {
	db      *store.DB
	process string
	until   time.Duration // that a lease lasts

	taking sync.Mutex // held by who takes
	mu     sync.Mutex
	hand   map[key]inHand
	orders int // of them
	leased map[store.PracticeID]time.Time
	behind [len(lanes)]place
	others time.Time // when anything but an order was taken last
}

// inHand is a message in hand. One that is over is forgotten with the next Take, which may have read before it was marked.
type inHand struct{ order, over bool }

// place is where a lane was read up to, and when it was begun with.
type place struct {
	at    Message
	began time.Time
}

type key struct {
	practice store.PracticeID
	id       ID
}

// again is how long a lane is read on from where it was; then from its head, where something may have come in.
const again = time.Second

// For so long after anything else was taken, orders leave room: a batch of them at a time, and none beside others.
const (
	yields = time.Second
	soon   = 20 * time.Millisecond // then it is asked again whether they may go
)

// NewLine makes a courier process's line; what it takes no other takes for so long, or until it is given back.
func NewLine(db *store.DB, process string, until time.Duration) *Line {
	return &Line{db: db, process: process, until: until, hand: map[key]inHand{}, leased: map[store.PracticeID]time.Time{}}
}

// Take returns up to limit queued messages whose turn has come, the earliest turn first, of practices that no other process has. Messages of one practice
// with the same turn stand side by side. Orders come alone, when nothing else waits, and while other messages come only when no orders are in hand. When
// there are none it says when the next turn comes, or when to ask again; zero: none waits.
func (l *Line) Take(ctx context.Context, now time.Time, limit int) (taken []*Message, next time.Time, err error) {
	l.taking.Lock()
	defer l.taking.Unlock()
	hand, wait := l.tidy()
	err = l.db.WholeView(ctx, "look what is queued", func(w *store.Wide) (err error) {
		for lane := range lanes {
			if lane == orders && wait {
				next = now.Add(soon)
				return nil
			}
			if taken, err = l.read(ctx, w, lane, now, limit, hand); err != nil || len(taken) > 0 {
				return err
			}
		}
		next, err = Due(ctx, w, now)
		return err
	})
	if err == nil {
		taken, err = l.lease(ctx, taken)
	}
	if err != nil {
		l.behind = [len(lanes)]place{}
		return nil, time.Time{}, fmt.Errorf("look what is queued: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range taken {
		is := inHand{order: taken[i].Kind == Order}
		if l.hand[key{taken[i].Practice, taken[i].ID}] = is; is.order {
			l.orders++
		} else {
			l.others = l.db.Now()
		}
	}
	return taken, next, nil
}

// tidy forgets what is in hand no more, and returns how much is and whether orders wait.
func (l *Line) tidy() (hand int, wait bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for k, is := range l.hand {
		if is.over {
			delete(l.hand, k)
		}
	}
	clock := l.db.Now()
	for i := range l.behind {
		if began := l.behind[i].began; clock.Sub(began) >= again || clock.Before(began) {
			l.behind[i] = place{began: clock}
		}
	}
	return len(l.hand), l.orders > 0 && clock.Sub(l.others) < yields
}

// read goes on in one lane, past what is in hand.
func (l *Line) read(ctx context.Context, w *store.Wide, lane int, now time.Time, limit, hand int) (out []*Message, err error) {
	for len(out) < limit {
		after, most := &l.behind[lane].at, limit-len(out)
		if after.ID == "" {
			most += hand
		}
		part, err := Next(ctx, w, lane, l.process, now, after, most)
		if err != nil {
			return nil, err
		}
		l.mu.Lock()
		for i := 0; i < len(part) && len(out) < limit; i++ {
			if *after = *part[i]; !l.has(after) {
				out = append(out, part[i])
			}
		}
		l.mu.Unlock()
		if len(part) < most { // to its end
			l.behind[lane] = place{}
			return out, nil
		}
	}
	return out, nil
}

func (l *Line) has(m *Message) bool {
	_, is := l.hand[key{m.Practice, m.ID}]
	return is
}

// Next returns up to limit queued messages of one lane whose turn has come, behind a message, of practices that no other process has.
func Next(ctx context.Context, w *store.Wide, lane int, by string, now time.Time, after *Message, limit int) ([]*Message, error) {
	rows, err := w.Query(ctx, lanes[lane], store.Micro(now), store.Micro(after.Turn), string(after.Practice), string(after.ID), by, store.Micro(w.Now), limit)
	return store.Collect(rows, err, scanClaim)
}

// lease sees to it that the process has the practices of messages, and leaves out those of practices that another one took meanwhile.
func (l *Line) lease(ctx context.Context, found []*Message) ([]*Message, error) {
	now := l.db.Now()
	var wanted []store.PracticeID
	for i := range found {
		if p := found[i].Practice; l.leased[p].Sub(now) < l.until*4/5 && !slices.Contains(wanted, p) {
			wanted = append(wanted, p)
		}
	}
	if len(wanted) == 0 {
		return found, nil
	}
	var got []store.PracticeID
	until := now.Add(l.until)
	err := l.db.Whole(ctx, "have practices", func(w *store.Wide) (err error) {
		got, err = Lease(ctx, w, l.process, wanted, until)
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, p := range wanted {
		delete(l.leased, p)
	}
	for _, p := range got {
		l.leased[p] = until
	}
	return slices.DeleteFunc(found, func(m *Message) bool { return l.leased[m.Practice].IsZero() }), nil
}

// Done says that messages are in hand no more: they were marked, or were another's after all.
func (l *Line) Done(practice store.PracticeID, id ID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	is, had := l.hand[key{practice, id}]
	if !had || is.over {
		return
	}
	if is.order {
		l.orders--
	}
	is.over = true
	l.hand[key{practice, id}] = is
}

// Release lets go of the process's practices, for others; of none while it has something in hand.
func (l *Line) Release(ctx context.Context) error {
	l.taking.Lock()
	defer l.taking.Unlock()
	if hand, _ := l.tidy(); hand > 0 || len(l.leased) == 0 {
		return nil
	}
	clear(l.leased)
	return l.db.Whole(ctx, "let go of practices", func(w *store.Wide) error {
		_, err := Release(ctx, w, l.process)
		return err
	})
}

// Lease gives practices that no other process has to one until an instant, and returns those that it has now.
func Lease(ctx context.Context, w *store.Wide, by string, practices []store.PracticeID, until time.Time) ([]store.PracticeID, error) {
	practices = slices.Compact(slices.Sorted(slices.Values(practices))) // in one order, so that two processes do not wait for one another
	rows := make([]any, len(practices))
	for i, p := range practices {
		rows[i] = string(p)
	}
	if _, err := w.Set(ctx, leaseSet, rows, by, store.Micro(until), store.Micro(w.Now)); err != nil {
		return nil, fmt.Errorf("have practices: %w", err)
	}
	had, err := leasesOf(ctx, w, by, practices)
	return slices.DeleteFunc(practices, func(p store.PracticeID) bool { return had[p] == 0 }), err
}

var leaseSet = store.NewSet(`WITH v (practice) AS (VALUES `, `)
	INSERT INTO message_lease (practice, process, until) SELECT practice, ?, ? FROM v WHERE v.practice <> ''
	ON CONFLICT (practice) DO UPDATE SET process = excluded.process, until = excluded.until
	WHERE message_lease.process = excluded.process OR message_lease.until <= ?`, "")

// leasesOf returns which of these practices a process has, and until when, in microseconds.
func leasesOf(ctx context.Context, w *store.Wide, by string, practices []store.PracticeID) (map[store.PracticeID]int64, error) {
	out := map[store.PracticeID]int64{}
	practices = slices.Compact(slices.Sorted(slices.Values(practices)))
	err := store.Chunks(practices, 2, func(list string, args []any) error {
		rows, err := w.Query(ctx, `SELECT practice, until FROM message_lease WHERE process = $1 AND practice IN (`+list+`)`, append([]any{by}, args...)...)
		_, err = store.Collect(rows, err, func(r *store.Rows) (none struct{}, err error) {
			var p store.PracticeID
			var until int64
			err = r.Scan(&p, &until)
			out[p] = until
			return none, err
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("look whose practices are: %w", err)
	}
	return out, nil
}

// Due returns when the next turn comes after an instant; zero: none waits.
func Due(ctx context.Context, w *store.Wide, now time.Time) (next time.Time, err error) {
	for _, lane := range dues {
		var turn *int64
		if err := w.Row(ctx, lane, store.Micro(now)).Scan(&turn); err != nil {
			return time.Time{}, fmt.Errorf("look what is queued: %w", err)
		}
		if turn != nil && (next.IsZero() || *turn < store.Micro(next)) {
			next = store.Instant(*turn)
		}
	}
	return next, nil
}

var dues = [...]string{
	`SELECT min(turn) FROM message WHERE state = 'queued' AND kind <> 'order' AND turn > $1`,
	`SELECT min(turn) FROM message WHERE state = 'queued' AND kind = 'order' AND turn > $1`,
}

// Expire forgets leases of couriers that did not come back.
func Expire(ctx context.Context, w *store.Wide, now time.Time) (int64, error) {
	return w.Exec(ctx, `DELETE FROM message_lease WHERE until < $1`, store.Micro(now))
}

// Release lets go of every practice that one courier process has.
func Release(ctx context.Context, w *store.Wide, by string) (int64, error) {
	return w.Exec(ctx, `DELETE FROM message_lease WHERE process = $1`, by)
}
