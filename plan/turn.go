package plan

import (
	"context"
	"fmt"
	"time"

	"letterhead/message"
	"letterhead/store"
	"letterhead/template"
)

// TurnLimit is how much of one practice a turn takes, so that a large one delays nobody else.
const TurnLimit = 50

// Turned is what a turn did.
type Turned struct {
	Queued  int
	Dropped int
	Waiting int  // put off: until the morning, or to an instant that is later by now
	More    bool // there may be more due of this practice
}

const (
	// MaxPractices bounds one answer of NextPractices.
	MaxPractices = 1000
	maxLooked    = 1_000_000 // due rows that one look reads at most: the earliest
)

// NextPractices returns practices that have something due, at most MaxPractices, in the order of their ids from after on. The caller gives each a Turn
// and asks again, with the last id as after; with "" when an answer was shorter than MaxPractices.
//
// It reads the due part of an index: what is stored, sent or due later costs nothing.
func NextPractices(ctx context.Context, w *store.Wide, now time.Time, after store.PracticeID) ([]store.PracticeID, error) {
	rows, err := w.Query(ctx, nextPractices, store.Micro(now), string(after), MaxPractices, maxLooked)
	ids, err := store.Collect(rows, err, func(r *store.Rows) (id store.PracticeID, err error) { return id, r.Scan(&id) })
	return ids, wrapped("look for practices with something due", err)
}

// The inner limit also keeps both engines on the index by due_at: walking from practice to practice, which is as quick when the engine has statistics, took
// PostgreSQL a minute when it had none.
const nextPractices = `SELECT DISTINCT practice FROM (SELECT practice FROM due WHERE state = 'open' AND due_at <= $1 ORDER BY due_at LIMIT $4) AS soonest
	WHERE practice > $2 ORDER BY practice LIMIT $3`

const dueNow = `SELECT appointment, attendee, recipient, channel, rule, generation, mark, due_at FROM due
	WHERE practice = $1 AND state = 'open' AND due_at <= $2 ORDER BY due_at LIMIT $3`

type claimed struct {
	appointment string
	Past
}

// Turn takes what is due of the transaction's practice, at most limit rows (TurnLimit when 0), plans it again from today's facts and queues
// it or drops it with its reason, in this one transaction. Two processes may take turns at once: they never get the same rows, and a row that
// became a message never becomes another.
func Turn(ctx context.Context, tx *store.Tx, limit int) (Turned, error) {
	var out Turned
	if limit <= 0 {
		limit = TurnLimit
	}
	rows, err := tx.Query(ctx, dueNow+tx.SkipLocked(), store.Micro(tx.Now), limit)
	taken, err := store.Collect(rows, err, func(r *store.Rows) (c claimed, err error) {
		var due int64
		err = r.Scan(&c.appointment, &c.Attendee, &c.Recipient, &c.Channel, &c.Rule, &c.Generation, &c.Mark, &due)
		c.DueAt = store.Instant(due)
		return c, err
	})
	if err != nil {
		return out, fmt.Errorf("take what is due: %w", err)
	}
	if len(taken) == 0 {
		return out, nil
	}
	out.More = len(taken) == limit
	decided, err := decide(ctx, tx, taken)
	if err != nil {
		return out, err
	}
	return out, decided.write(ctx, tx, &out)
}

// decision is what becomes of the rows of one turn.
type decision struct {
	of      *loader
	rows    [][]any // dropped and put off
	intents []message.Intent
	queued  []claimed // of each intent, its row
	waiting int
	dropped int
}

func decide(ctx context.Context, tx *store.Tx, taken []claimed) (*decision, error) {
	l, err := newLoader(ctx, tx)
	if err != nil {
		return nil, err
	}
	versions, err := template.SentVersions(ctx, tx)
	if err != nil {
		return nil, err
	}
	facts, err := l.byID(ctx, tx, appointmentsOf(taken))
	if err != nil {
		return nil, err
	}
	type planned struct {
		facts *Facts
		lines []Line
	}
	plans := make(map[string]planned, len(facts))
	for i := range facts {
		plans[facts[i].Appointment.ID] = planned{&facts[i], Plan(facts[i], tx.Now)}
	}
	d := &decision{of: l}
	for i := range taken {
		c := &taken[i]
		p, known := plans[c.appointment]
		switch {
		case !known:
			d.drop(tx, c, Gone)
		case !l.of.ClosedAt.IsZero():
			d.drop(tx, c, PracticeClosed)
		default:
			if reason := p.facts.ended(&c.Past, p.lines); reason != "" {
				d.drop(tx, c, reason)
				continue
			}
			d.line(tx, c, p.facts, find(p.lines, &c.Past), versions)
		}
	}
	return d, nil
}

func (d *decision) line(tx *store.Tx, c *claimed, f *Facts, line *Line, versions map[template.ID]template.Version) {
	if line.Next.After(tx.Now) {
		d.waiting++
		d.rows = append(d.rows, dueRow(c.appointment, &c.Past, line.Next, "open", "", "", time.Time{}))
		return
	}
	version, ok := versions[template.ID(line.rule.Wording)]
	if !ok {
		d.drop(tx, c, NoWording)
		return
	}
	language := d.of.of.Language
	if line.Language != "" {
		language = line.Language
	}
	d.queued = append(d.queued, *c)
	d.intents = append(d.intents, message.Intent{
		Kind: message.Rule, Channel: message.Channel(line.Channel), Purpose: message.Appointments, Rule: line.Rule,
		Version: string(version.ID), Digest: version.Digest, Language: language,
		Appointment: line.Appointment, Attendee: line.Attendee, Generation: line.Generation, Client: line.Client, Recipient: line.Recipient,
		Turn: tx.Now, NotAfter: line.Until, Basis: d.of.basisOf(f, line.Attendee),
	})
}

func (d *decision) drop(tx *store.Tx, c *claimed, reason Reason) {
	d.dropped++
	d.rows = append(d.rows, dueRow(c.appointment, &c.Past, c.DueAt, "dropped", reason, "", tx.Now))
}

func (d *decision) write(ctx context.Context, tx *store.Tx, out *Turned) error {
	ids, err := message.Queue(ctx, tx, d.intents)
	if err != nil {
		return err
	}
	for i := range d.queued {
		c := &d.queued[i]
		d.rows = append(d.rows, dueRow(c.appointment, &c.Past, c.DueAt, "sent", "", string(ids[i]), tx.Now))
	}
	n, err := tx.Bulk(ctx, writeDue, overDue, d.rows)
	if err != nil {
		return fmt.Errorf("mark what was due: %w", err)
	}
	if int(n) != len(d.rows) {
		// A row that somebody else sent meanwhile: engines that serialise never let this happen, and if one does nothing may be queued twice.
		return fmt.Errorf("marked %d of %d due rows", n, len(d.rows))
	}
	out.Queued, out.Dropped, out.Waiting = len(d.queued), d.dropped, d.waiting
	return nil
}

func appointmentsOf(taken []claimed) []string {
	seen := make(map[string]bool, len(taken))
	var ids []string
	for i := range taken {
		if id := taken[i].appointment; !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	return ids
}
